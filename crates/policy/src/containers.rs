//! The containers of Kubernetes and Compose files, as far as rules ask about them.

use std::sync::Arc;

use crate::error::Error;
use crate::subject::ContainerFacts;
use crate::yaml::{self, Node, Value};

/// Most containers of one file.
const MAX_CONTAINERS: usize = 10_000;
/// Lists of objects that are followed into each other.
const MAX_LISTS: usize = 8;

/// The containers of a Kubernetes or Compose file (YAML or JSON), each with the line that it begins
/// on, and with the settings of its pod applied.
///
/// # Errors
/// When it is no YAML, with line and column; when it is too large, or runs more than 10,000
/// containers: what was not looked at must not pass.
pub fn container_facts(path: &str, bytes: &[u8]) -> Result<Vec<ContainerFacts>, Error> {
    let file: Arc<str> = path.into();
    let mut containers = Vec::new();
    for document in yaml::parse_all(&file, bytes)? {
        of_document(path, &document, 0, &mut containers);
    }
    if containers.len() > MAX_CONTAINERS {
        return Err(Error::TooLarge {
            file: path.to_owned(),
            size: containers.len(),
            limit: MAX_CONTAINERS,
        });
    }
    Ok(containers)
}

/// A node inside of others; none where any of the keys is missing.
fn at<'n>(node: &'n Node, keys: &[&str]) -> Option<&'n Node> {
    keys.iter().try_fold(node, |node, key| node.get(key))
}

fn text(node: Option<&Node>) -> Option<&str> {
    match &node?.value {
        Value::Text(text, _) => Some(text),
        _ => None,
    }
}

fn flag(node: Option<&Node>) -> Option<bool> {
    match node?.value {
        Value::Bool(flag) => Some(flag),
        _ => None,
    }
}

/// A text or a number, as a user may be written.
fn scalar(node: Option<&Node>) -> Option<String> {
    match &node?.value {
        Value::Text(text, _) => Some(text.clone()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

fn list(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

fn words(node: Option<&Node>) -> Vec<String> {
    list(node)
        .iter()
        .filter_map(|item| text(Some(item)).map(str::to_owned))
        .collect()
}

fn of_document(path: &str, document: &Node, depth: usize, into: &mut Vec<ContainerFacts>) {
    let kind = text(document.get("kind"));
    if kind.is_some_and(|kind| kind.ends_with("List")) && depth < MAX_LISTS {
        for item in list(document.get("items")) {
            of_document(path, item, depth + 1, into);
        }
        return;
    }
    if let (Some(kind), Some(_)) = (kind, text(document.get("apiVersion"))) {
        let name = text(at(document, &["metadata", "name"])).unwrap_or_default();
        if let Some(pod) = pod_spec(kind, document) {
            of_pod(path, &format!("{kind}/{name}"), pod, into);
        }
    } else if let Some(services) = document.get("services") {
        for service in services.entries() {
            into.push(of_service(
                path,
                &service.key,
                service.place.line,
                &service.value,
            ));
        }
    }
}

/// Where the kinds of workloads keep their pod (Kubernetes API, PodTemplateSpec).
fn pod_spec<'n>(kind: &str, document: &'n Node) -> Option<&'n Node> {
    let keys: &[&str] = match kind {
        "Pod" => &["spec"],
        "PodTemplate" => &["template", "spec"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec"],
        _ => &["spec", "template", "spec"],
    };
    at(document, keys)
}

fn of_pod(path: &str, object: &str, pod: &Node, into: &mut Vec<ContainerFacts>) {
    let shared = pod.get("securityContext");
    for kind in ["initContainers", "containers", "ephemeralContainers"] {
        for container in list(pod.get(kind)) {
            let own = container.get("securityContext");
            let of = |key: &str| own.and_then(|context| context.get(key));
            // A container's own setting beats its pod's (PodSecurityContext).
            let either = |key: &str| {
                of(key)
                    .filter(|node| node.value != Value::Null)
                    .or_else(|| shared.and_then(|context| context.get(key)))
            };
            let capabilities = |key: &str| of("capabilities").and_then(|node| node.get(key));
            let name = text(container.get("name")).unwrap_or_default();
            into.push(ContainerFacts {
                path: path.to_owned(),
                line: container.place.line,
                object: format!("{object}, container {name}"),
                image: text(container.get("image")).map(str::to_owned),
                privileged: flag(of("privileged")),
                read_only: flag(of("readOnlyRootFilesystem")),
                privilege_escalation: flag(of("allowPrivilegeEscalation")),
                user: scalar(either("runAsUser")),
                non_root: flag(either("runAsNonRoot")),
                drop: words(capabilities("drop")),
                add: words(capabilities("add")),
            });
        }
    }
}

fn of_service(path: &str, name: &str, line: u32, service: &Node) -> ContainerFacts {
    let no_new_privileges = words(service.get("security_opt")).iter().any(|option| {
        matches!(
            option.replace('=', ":").as_str(),
            "no-new-privileges" | "no-new-privileges:true"
        )
    });
    ContainerFacts {
        path: path.to_owned(),
        line,
        object: format!("service {name}"),
        image: text(service.get("image")).map(str::to_owned),
        privileged: flag(service.get("privileged")),
        read_only: flag(service.get("read_only")),
        privilege_escalation: no_new_privileges.then_some(false),
        user: scalar(service.get("user")),
        non_root: None,
        drop: words(service.get("cap_drop")),
        add: words(service.get("cap_add")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FILE: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      securityContext: {runAsUser: 1000, runAsNonRoot: true}
      initContainers:
        - name: migrate
          image: web:1
          securityContext: {runAsUser: 0}
      containers:
        # the program
        - name: app
          image: web:1
          securityContext:
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}
---
services:
  db:
    image: postgres:16
    privileged: true
    user: 999
    security_opt: [\"no-new-privileges=true\"]
    cap_drop: [ALL]
";

    #[test]
    fn containers_have_their_line_and_the_settings_of_their_pods() {
        let facts = container_facts("k8s.yaml", FILE.as_bytes()).unwrap();
        let places: Vec<(u32, &str)> = facts.iter().map(|c| (c.line, c.object.as_str())).collect();
        assert_eq!(
            places,
            [
                (9, "Deployment/web, container migrate"),
                (14, "Deployment/web, container app"),
                (21, "service db"),
            ]
        );
        assert_eq!(facts[0].user.as_deref(), Some("0"));
        assert_eq!(facts[1].user.as_deref(), Some("1000"));
        assert_eq!(facts[1].non_root, Some(true));
        assert_eq!(facts[1].read_only, Some(true));
        assert_eq!(facts[1].drop, ["ALL"]);
        assert_eq!(facts[1].add, ["NET_BIND_SERVICE"]);
        assert_eq!(facts[2].privileged, Some(true));
        assert_eq!(facts[2].privilege_escalation, Some(false));
        assert_eq!(facts[2].user.as_deref(), Some("999"));
        assert_eq!(facts[2].drop, ["ALL"]);
    }

    #[test]
    fn every_kind_of_workload_is_found_and_mistakes_have_their_place() {
        let pod = "{containers: [{name: a}]}";
        for (text, found) in [
            (format!("{{apiVersion: v1, kind: Pod, spec: {pod}}}"), 1),
            (
                format!(
                    "{{apiVersion: batch/v1, kind: CronJob, spec: {{jobTemplate: {{spec: {{template: {{spec: {pod}}}}}}}}}}}"
                ),
                1,
            ),
            (
                format!(
                    "{{apiVersion: v1, kind: List, items: [{{apiVersion: v1, kind: Pod, spec: {pod}}}, {{apiVersion: v1, kind: Pod, spec: {pod}}}]}}"
                ),
                2,
            ),
            (
                format!("{{apiVersion: v1, kind: PodTemplate, template: {{spec: {pod}}}}}"),
                1,
            ),
            ("{apiVersion: v1, kind: Service, spec: {}}".to_owned(), 0),
            ("[1, 2]".to_owned(), 0),
            (String::new(), 0),
        ] {
            let facts = container_facts("x", text.as_bytes()).unwrap();
            assert_eq!(facts.len(), found, "{text}");
        }
        let error = container_facts("x.yaml", b"a: 1\nb: [").unwrap_err();
        assert!(error.to_string().starts_with("x.yaml:2:"), "{error}");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = container_facts("x", &bytes);
        }
    }
}
