//! The containers of Kubernetes and Compose files, as far as rules ask about them.

use std::sync::Arc;

use crate::error::{Error, Place, Problems};
use crate::subject::ContainerFacts;
use crate::yaml::{self, Node, Style, Value};

/// Most containers of one file.
const MAX_CONTAINERS: usize = 10_000;
/// Lists of objects, and services that extend each other, that are followed.
const MAX_CHAIN: usize = 8;

/// The containers of a Kubernetes or Compose file (YAML or JSON), each with the line that it begins
/// on, and with the settings of its pod, or of the service that it extends, applied.
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
    let mut problems = Problems::default();
    if containers.len() > MAX_CONTAINERS {
        problems.add(
            &Place::file(path),
            format!("the file runs more than {MAX_CONTAINERS} containers"),
        );
    }
    problems.finish(containers)
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

fn list(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

/// A variable of Compose, or a template of Helm and its like.
fn is_variable(text: &str) -> bool {
    text.contains(['$', '{'])
}

/// Kubernetes and Compose read YAML 1.1, where more words than two are true or false; Compose takes
/// them in quotes, too.
fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "t" | "1" => Some(true),
        "false" | "no" | "off" | "n" | "f" | "0" => Some(false),
        _ => None,
    }
}

/// A whole number as YAML 1.1 writes it: `0x1F`, `0o17`, `0b1`, `1_000`.
fn number(text: &str) -> Option<i64> {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    let digits = plain.trim_start_matches(['-', '+']);
    let parsed = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => i64::from_str_radix(&digits[2..], 16),
        Some("0o") => i64::from_str_radix(&digits[2..], 8),
        Some("0b") => i64::from_str_radix(&digits[2..], 2),
        _ => digits.parse(),
    };
    parsed.ok()
}

/// What a container is set to. Each setting may be written in several places, of which the first
/// that says anything counts.
#[derive(Default)]
struct Settings {
    /// Whether there are places that cannot be looked into.
    partial: bool,
    open: Vec<String>,
}

impl Settings {
    fn open(&mut self, name: &str) {
        if !self.open.iter().any(|known| known == name) {
            self.open.push(name.to_owned());
        }
    }

    fn first<'n>(&mut self, name: &str, places: &[Option<&'n Node>]) -> Option<&'n Node> {
        let found = places
            .iter()
            .flatten()
            .find(|node| node.value != Value::Null);
        if found.is_none() && self.partial {
            self.open(name);
        }
        found.copied()
    }

    fn flag(&mut self, name: &str, places: &[Option<&Node>]) -> Option<bool> {
        let node = self.first(name, places)?;
        let flag = match &node.value {
            Value::Bool(flag) => Some(*flag),
            Value::Int(number) => truth(&number.to_string()),
            Value::Text(text, _) => truth(text),
            _ => None,
        };
        if flag.is_none() {
            self.open(name);
        }
        flag
    }

    /// A user: a name or a number; an empty text is as good as none.
    fn user(&mut self, places: &[Option<&Node>]) -> Option<String> {
        let node = self.first("user", places)?;
        match &node.value {
            Value::Int(number) => Some(number.to_string()),
            Value::Float(number) => Some(number.to_string()),
            Value::Text(text, _) if is_variable(text) => {
                self.open("user");
                None
            }
            Value::Text(text, Style::Plain) => match number(text) {
                Some(number) => Some(number.to_string()),
                None => Some(text.clone()),
            },
            Value::Text(text, _) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
            _ => {
                self.open("user");
                None
            }
        }
    }

    /// The words of all places.
    fn words(&mut self, name: &str, places: &[Option<&Node>]) -> Vec<String> {
        if self.partial {
            self.open(name);
        }
        let mut words = Vec::new();
        for node in places.iter().flatten() {
            match &node.value {
                Value::Null => {}
                Value::List(items) => {
                    for item in items {
                        match text(Some(item)) {
                            Some(word) if !is_variable(word) => words.push(word.to_owned()),
                            _ => self.open(name),
                        }
                    }
                }
                _ => self.open(name),
            }
        }
        words
    }
}

fn of_document(path: &str, document: &Node, depth: usize, into: &mut Vec<ContainerFacts>) {
    let kind = text(document.get("kind"));
    if kind.is_some_and(|kind| kind.ends_with("List")) && depth < MAX_CHAIN {
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
                services,
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
            let is_template =
                |node: Option<&Node>| matches!(node.map(|n| &n.value), Some(Value::Text(..)));
            let mut settings = Settings {
                partial: is_template(own) || is_template(shared),
                open: Vec::new(),
            };
            let of = |key: &str| own.and_then(|context| context.get(key));
            // A container's own setting beats its pod's (PodSecurityContext).
            let either = |key: &str| [of(key), shared.and_then(|context| context.get(key))];
            let capabilities = |key: &str| of("capabilities").and_then(|node| node.get(key));
            let name = text(container.get("name")).unwrap_or_default();
            into.push(ContainerFacts {
                path: path.to_owned(),
                line: container.place.line,
                object: format!("{object}, container {name}"),
                image: text(container.get("image")).map(str::to_owned),
                privileged: settings.flag("privileged", &[of("privileged")]),
                read_only: settings.flag("read_only", &[of("readOnlyRootFilesystem")]),
                privilege_escalation: settings
                    .flag("privilege_escalation", &[of("allowPrivilegeEscalation")]),
                user: settings.user(&either("runAsUser")),
                non_root: settings.flag("non_root", &either("runAsNonRoot")),
                drop: settings.words("drop", &[capabilities("drop")]),
                add: settings.words("add", &[capabilities("add")]),
                open: settings.open,
            });
        }
    }
}

/// A service and those of the same file that it extends, nearest first, and whether that is all
/// (Compose specification, "extends").
fn extended<'n>(service: &'n Node, services: &'n Node) -> (Vec<&'n Node>, bool) {
    let mut chain = vec![service];
    let mut last = service;
    while let Some(extends) = last.get("extends") {
        let elsewhere = extends.get("file").is_some();
        let name = text(Some(extends)).or_else(|| text(extends.get("service")));
        let next = name.and_then(|name| services.get(name));
        match next {
            Some(next) if !elsewhere && chain.len() < MAX_CHAIN => chain.push(next),
            _ => return (chain, false),
        }
        last = chain.last().copied().unwrap_or(service);
    }
    (chain, true)
}

fn of_service(path: &str, name: &str, line: u32, service: &Node, all: &Node) -> ContainerFacts {
    let (chain, is_whole) = extended(service, all);
    let mut settings = Settings {
        partial: !is_whole,
        open: Vec::new(),
    };
    let of = |key: &str| chain.iter().map(|s| s.get(key)).collect::<Vec<_>>();
    let options = settings.words("privilege_escalation", &of("security_opt"));
    let no_new_privileges = options.iter().any(|option| {
        matches!(
            option.replace('=', ":").as_str(),
            "no-new-privileges" | "no-new-privileges:true"
        )
    });
    let image = of("image").into_iter().flatten().next();
    ContainerFacts {
        path: path.to_owned(),
        line,
        object: format!("service {name}"),
        image: text(image).map(str::to_owned),
        privileged: settings.flag("privileged", &of("privileged")),
        read_only: settings.flag("read_only", &of("read_only")),
        privilege_escalation: no_new_privileges.then_some(false),
        user: settings.user(&of("user")),
        non_root: None,
        drop: settings.words("drop", &of("cap_drop")),
        add: settings.words("add", &of("cap_add")),
        open: settings.open,
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

    /// What one container is set to, of a service `s` or of the container of a pod.
    fn one(text: &str) -> ContainerFacts {
        let facts = container_facts("x", text.as_bytes()).unwrap();
        facts.into_iter().next().unwrap()
    }

    #[test]
    fn words_of_yaml_1_1_are_understood() {
        for (value, expected) in [
            ("true", Some(true)),
            ("yes", Some(true)),
            ("On", Some(true)),
            ("\"true\"", Some(true)),
            ("no", Some(false)),
            ("~", None),
            ("${PRIVILEGED:-true}", None),
            ("perhaps", None),
        ] {
            let service = one(&format!("services:\n  s:\n    privileged: {value}\n"));
            assert_eq!(service.privileged, expected, "{value}");
            let is_open = value.starts_with(['$', 'p']);
            assert_eq!(service.is_open("privileged"), is_open, "{value}");
        }
        for (value, expected) in [
            ("0x0", Some("0")),
            ("0o0", Some("0")),
            ("1_000", Some("1000")),
            ("\"0:0\"", Some("0:0")),
            ("app", Some("app")),
            ("\"\"", None),
            ("\"${UID}:1\"", None),
            ("[1]", None),
        ] {
            let service = one(&format!("services:\n  s:\n    user: {value}\n"));
            assert_eq!(service.user.as_deref(), expected, "{value}");
            assert_eq!(
                service.is_open("user"),
                value.contains(['$', '[']),
                "{value}"
            );
        }
    }

    #[test]
    fn templates_leave_settings_open() {
        let pod = |context: &str| {
            one(&format!(
                "{{apiVersion: v1, kind: Pod, spec: {{containers: [{{name: a, securityContext: {context}}}]}}}}"
            ))
        };
        let open = |context: &str| pod(context).open;
        assert_eq!(open("{runAsUser: '{{ .uid }}'}"), ["user"]);
        assert_eq!(open("{capabilities: {drop: ['{{ .x }}']}}"), ["drop"]);
        assert_eq!(open("{capabilities: {drop: [ALL], add: ~}}"), [""; 0]);
        assert_eq!(open("'{{ toYaml . }}'").len(), 7);
    }

    #[test]
    fn services_have_what_they_extend() {
        let text = "services:\n  base: {privileged: yes, read_only: true, cap_drop: [ALL], user: app}\n  \
                    web: {extends: base, user: '0', cap_drop: [NET_RAW]}\n  \
                    far: {extends: {file: other.yaml, service: x}, read_only: true}\n  \
                    loop: {extends: {service: loop}}\n";
        let facts = container_facts("x", text.as_bytes()).unwrap();
        let web = &facts[1];
        assert_eq!((web.privileged, web.read_only), (Some(true), Some(true)));
        assert_eq!(web.user.as_deref(), Some("0"));
        assert_eq!(web.drop, ["NET_RAW", "ALL"]);
        assert!(web.open.is_empty());
        let far = &facts[2];
        assert_eq!((far.privileged, far.read_only), (None, Some(true)));
        assert!(far.is_open("privileged") && !far.is_open("read_only"));
        assert!(facts[3].is_open("user"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = container_facts("x", &bytes);
        }
    }
}
