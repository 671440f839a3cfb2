//! What a policy asks about beside the report: the Dockerfile and the manifests.

use seaworthy_dockerfile::{Base, Body, parse_bytes};
use seaworthy_policy::{ContainerFacts, DockerfileFacts, StageBase, StageFacts};
use serde_json::Value;

/// Largest manifest that is read, in bytes.
const MAX_MANIFEST: usize = 16 << 20;
/// Containers of one file that are looked at.
const MAX_CONTAINERS: usize = 10_000;

/// A file that cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {message}")]
pub struct FactsError {
    path: String,
    message: String,
}

impl FactsError {
    fn new(path: &str, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            message: message.into(),
        }
    }
}

/// The stages of a Dockerfile, what each is built on and whom it runs as.
#[must_use]
pub fn dockerfile_facts(path: &str, bytes: &[u8]) -> DockerfileFacts {
    let (file, _) = parse_bytes(bytes);
    let stages = file
        .stages()
        .iter()
        .map(|stage| {
            let user = file.instructions()[stage.instructions.clone()]
                .iter()
                .rev()
                .find_map(|instruction| match &instruction.body {
                    Body::User(word) => Some((word.text.clone(), line(&file, instruction))),
                    _ => None,
                });
            StageFacts {
                line: line(&file, stage.instruction),
                base: match &stage.base {
                    Base::Scratch => StageBase::Scratch,
                    Base::Stage(index) => StageBase::Stage(*index),
                    Base::Image(name) => StageBase::Image(name.clone()),
                    Base::Unknown(name) => StageBase::Unresolved(name.clone()),
                },
                user_line: user.as_ref().map_or(0, |(_, line)| *line),
                user: user.map(|(user, _)| user),
            }
        })
        .collect();
    DockerfileFacts {
        path: path.to_owned(),
        stages,
        target: None,
    }
}

fn line(
    file: &seaworthy_dockerfile::Dockerfile,
    instruction: &seaworthy_dockerfile::Instruction,
) -> u32 {
    file.position(instruction.span.start).line
}

/// The containers of a Kubernetes or Compose file, with the settings of their pods applied.
///
/// # Errors
/// When it is no YAML, or too large.
pub fn container_facts(path: &str, bytes: &[u8]) -> Result<Vec<ContainerFacts>, FactsError> {
    if bytes.len() > MAX_MANIFEST {
        return Err(FactsError::new(path, "larger than 16 MiB"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| FactsError::new(path, "is no UTF-8 text"))?;
    let documents: Vec<Value> = serde_saphyr::from_multiple(text)
        .map_err(|e| FactsError::new(path, e.to_string().lines().next().unwrap_or_default()))?;
    let mut containers = Vec::new();
    for document in &documents {
        of_document(path, document, &mut containers);
    }
    containers.truncate(MAX_CONTAINERS);
    Ok(containers)
}

fn of_document(path: &str, document: &Value, into: &mut Vec<ContainerFacts>) {
    if document["kind"] == "List" {
        for item in document["items"].as_array().into_iter().flatten() {
            of_document(path, item, into);
        }
        return;
    }
    if let (Some(kind), true) = (
        document["kind"].as_str(),
        document["apiVersion"].is_string(),
    ) {
        let name = document["metadata"]["name"].as_str().unwrap_or_default();
        if let Some(pod) = pod_spec(kind, document) {
            of_pod(path, &format!("{kind}/{name}"), pod, into);
        }
    } else if let Some(services) = document["services"].as_object() {
        for (name, service) in services {
            into.push(of_service(path, name, service));
        }
    }
}

/// Where the kinds of workloads keep their pod (Kubernetes API, PodTemplateSpec).
fn pod_spec<'a>(kind: &str, document: &'a Value) -> Option<&'a Value> {
    let spec = &document["spec"];
    let pod = match kind {
        "Pod" => spec,
        "PodTemplate" => &document["template"]["spec"],
        "CronJob" => &spec["jobTemplate"]["spec"]["template"]["spec"],
        _ => &spec["template"]["spec"],
    };
    pod.is_object().then_some(pod)
}

fn of_pod(path: &str, object: &str, pod: &Value, into: &mut Vec<ContainerFacts>) {
    let shared = &pod["securityContext"];
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in pod[list].as_array().into_iter().flatten() {
            let own = &container["securityContext"];
            // A container's own setting beats its pod's (PodSecurityContext).
            let either = |key: &str| {
                if own[key].is_null() {
                    &shared[key]
                } else {
                    &own[key]
                }
            };
            into.push(ContainerFacts {
                path: path.to_owned(),
                line: 0,
                object: format!(
                    "{object}, container {}",
                    container["name"].as_str().unwrap_or_default()
                ),
                image: container["image"].as_str().map(str::to_owned),
                privileged: own["privileged"].as_bool(),
                read_only: own["readOnlyRootFilesystem"].as_bool(),
                privilege_escalation: own["allowPrivilegeEscalation"].as_bool(),
                user: scalar(either("runAsUser")),
                non_root: either("runAsNonRoot").as_bool(),
                drop: words(&own["capabilities"]["drop"]),
                add: words(&own["capabilities"]["add"]),
            });
        }
    }
}

fn of_service(path: &str, name: &str, service: &Value) -> ContainerFacts {
    let no_new_privileges = words(&service["security_opt"]).iter().any(|option| {
        matches!(
            option.as_str(),
            "no-new-privileges" | "no-new-privileges:true"
        )
    });
    ContainerFacts {
        path: path.to_owned(),
        line: 0,
        object: format!("service {name}"),
        image: service["image"].as_str().map(str::to_owned),
        privileged: service["privileged"].as_bool(),
        read_only: service["read_only"].as_bool(),
        privilege_escalation: no_new_privileges.then_some(false),
        user: scalar(&service["user"]),
        non_root: None,
        drop: words(&service["cap_drop"]),
        add: words(&service["cap_add"]),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn words(value: &Value) -> Vec<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|word| word.as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_tell_their_base_and_user() {
        let facts = dockerfile_facts(
            "Dockerfile",
            b"ARG V=20\nFROM node:$V AS build\nUSER root\nFROM build AS test\nFROM scratch\nCOPY --from=build /a /a\nUSER 1000\nUSER 1001:1001\n",
        );
        let bases: Vec<_> = facts
            .stages
            .iter()
            .map(|stage| stage.base.clone())
            .collect();
        assert_eq!(
            bases,
            [
                StageBase::Image("node:20".to_owned()),
                StageBase::Stage(0),
                StageBase::Scratch
            ]
        );
        assert_eq!(facts.stages[2].user.as_deref(), Some("1001:1001"));
        assert_eq!((facts.stages[2].line, facts.stages[2].user_line), (5, 8));
    }

    #[test]
    fn containers_have_the_settings_of_their_pods() {
        let facts = container_facts(
            "k8s.yaml",
            b"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      securityContext: {runAsUser: 1000, runAsNonRoot: true}\n      containers:\n        - name: app\n          image: web:1\n          securityContext:\n            readOnlyRootFilesystem: true\n            capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}\n---\nservices:\n  db:\n    image: postgres:16\n    privileged: true\n    security_opt: [\"no-new-privileges:true\"]\n",
        )
        .unwrap();
        assert_eq!(facts.len(), 2);
        assert_eq!(facts[0].object, "Deployment/web, container app");
        assert_eq!(facts[0].user.as_deref(), Some("1000"));
        assert_eq!(facts[0].non_root, Some(true));
        assert_eq!(facts[0].read_only, Some(true));
        assert_eq!(facts[0].drop, ["ALL"]);
        assert_eq!(facts[1].privileged, Some(true));
        assert_eq!(facts[1].privilege_escalation, Some(false));
        assert!(container_facts("x", b"a: [").is_err());
    }
}
