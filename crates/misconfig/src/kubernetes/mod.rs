//! Kubernetes manifests, rendered Helm charts and `List` objects included.

mod baseline;
mod hardening;
mod network;
mod objects;
mod rbac;
mod resources;
mod restricted;

use crate::document::Node;
use crate::report::Report;
use crate::{Rule, ignore};

/// The rules of this kind.
pub(crate) fn rules() -> Vec<&'static Rule> {
    [
        baseline::RULES,
        restricted::RULES,
        hardening::RULES,
        resources::RULES,
        rbac::RULES,
        network::RULES,
        objects::RULES,
    ]
    .concat()
}

/// Deepest `List` within a `List`.
const MAX_LISTS: usize = 4;

/// Whether a document is a Kubernetes object (API conventions, "Types (Kinds)").
pub(crate) fn is_object(document: &Node) -> bool {
    ["apiVersion", "kind"]
        .iter()
        .all(|key| document.text_at(key).is_some_and(|text| !text.is_empty()))
        // Kustomize, Helm and Skaffold borrow the two fields for files that no cluster gets.
        && !["kustomize.config.k8s.io/", "skaffold/"]
            .iter()
            .any(|api| document.text_at("apiVersion").is_some_and(|v| v.starts_with(api)))
}

/// One object.
pub(crate) struct Object<'n> {
    pub(crate) node: &'n Node,
    pub(crate) api: &'n str,
    pub(crate) kind: &'n str,
    pub(crate) name: &'n str,
    pub(crate) namespace: Option<&'n str>,
}

impl<'n> Object<'n> {
    fn new(node: &'n Node) -> Option<Self> {
        Some(Self {
            node,
            api: node.text_at("apiVersion")?,
            kind: node.text_at("kind")?,
            name: node
                .text_at("metadata.name")
                .or_else(|| node.text_at("metadata.generateName"))
                .unwrap_or_default(),
            namespace: node.text_at("metadata.namespace"),
        })
    }

    /// `Deployment/web`.
    pub(crate) fn label(&self) -> String {
        if self.name.is_empty() {
            self.kind.to_owned()
        } else {
            format!("{}/{}", self.kind, self.name)
        }
    }

    /// The group of its API; empty for the core group.
    pub(crate) fn group(&self) -> &'n str {
        self.api.split_once('/').map_or("", |(group, _)| group)
    }

    /// The metadata's node, or else that of the object: where a finding about its name points.
    pub(crate) fn anchor(&self) -> &'n Node {
        ["metadata.namespace", "metadata.name", "metadata", "kind"]
            .iter()
            .find_map(|path| self.node.at(path))
            .unwrap_or(self.node)
    }

    fn pod(&self) -> Option<Pod<'_, 'n>> {
        let (spec, metadata) = match self.kind {
            "Pod" => ("spec", "metadata"),
            "PodTemplate" => ("template.spec", "template.metadata"),
            "Deployment"
            | "StatefulSet"
            | "DaemonSet"
            | "ReplicaSet"
            | "ReplicationController"
            | "Job"
            | "DeploymentConfig"
            | "Rollout" => ("spec.template.spec", "spec.template.metadata"),
            "CronJob" => (
                "spec.jobTemplate.spec.template.spec",
                "spec.jobTemplate.spec.template.metadata",
            ),
            _ => return None,
        };
        let spec = self.node.at(spec).filter(|spec| spec.is_map())?;
        let containers = [
            (ContainerKind::Regular, "containers"),
            (ContainerKind::Init, "initContainers"),
            (ContainerKind::Ephemeral, "ephemeralContainers"),
        ]
        .into_iter()
        .flat_map(|(kind, list)| {
            spec.items_at(list)
                .iter()
                .filter(|node| node.is_map())
                .map(move |node| Container {
                    node,
                    kind,
                    name: node.text_at("name").unwrap_or_default(),
                })
        })
        .collect();
        Some(Pod {
            object: self,
            spec,
            metadata: self.node.at(metadata),
            containers,
        })
    }
}

/// The pod that an object is or makes.
pub(crate) struct Pod<'o, 'n> {
    pub(crate) object: &'o Object<'n>,
    pub(crate) spec: &'n Node,
    pub(crate) metadata: Option<&'n Node>,
    /// Regular, init and ephemeral ones.
    pub(crate) containers: Vec<Container<'n>>,
}

/// One container of a pod.
pub(crate) struct Container<'n> {
    pub(crate) node: &'n Node,
    pub(crate) kind: ContainerKind,
    pub(crate) name: &'n str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContainerKind {
    Regular,
    Init,
    Ephemeral,
}

impl<'n> Pod<'_, 'n> {
    /// Linux-only fields must not be set on Windows pods, so the controls for them do not apply
    /// (Pod Security Standards, "OS-specific policy controls").
    pub(crate) fn is_windows(&self) -> bool {
        self.spec.text_at("os.name") == Some("windows")
    }

    /// `Deployment/web, container app`.
    pub(crate) fn container_label(&self, container: &Container<'_>) -> String {
        let word = match container.kind {
            ContainerKind::Regular => "container",
            ContainerKind::Init => "init container",
            ContainerKind::Ephemeral => "ephemeral container",
        };
        format!("{}, {word} {}", self.object.label(), container.name)
    }

    /// A field of the container's security context, or else of the pod's.
    pub(crate) fn effective(&self, container: &Container<'n>, field: &str) -> Option<&'n Node> {
        let path = format!("securityContext.{field}");
        container
            .node
            .at(&path)
            .filter(|node| !node.is_null())
            .or_else(|| self.spec.at(&path).filter(|node| !node.is_null()))
    }

    /// The pod's own context and those of its containers, each with the label and the node that a
    /// finding points to when the field is not there.
    pub(crate) fn contexts(&self) -> Vec<(String, &'n Node)> {
        let mut contexts = vec![(self.object.label(), self.spec)];
        contexts.extend(
            self.containers
                .iter()
                .map(|container| (self.container_label(container), container.node)),
        );
        contexts
    }

    /// Whether it runs to an end: nobody probes it.
    pub(crate) fn is_job(&self) -> bool {
        matches!(self.object.kind, "Job" | "CronJob")
    }
}

/// Checks the Kubernetes objects of one file together.
pub(crate) fn check(documents: &[&Node], report: &mut Report<'_>) {
    let mut objects = Vec::new();
    for document in documents {
        collect(document, 0, &mut objects);
    }
    for object in &objects {
        if let Some(pod) = object.pod() {
            baseline::check(&pod, report);
            restricted::check(&pod, report);
            hardening::check(&pod, report);
            resources::check(&pod, report);
        }
        rbac::check(object, report);
        network::check(object, report);
        objects::check(object, report);
        if let Some(ids) = annotated_ignores(object) {
            let label = object.label();
            report.drop_ignored(|finding| {
                ids.split(',')
                    .any(|id| id.trim().eq_ignore_ascii_case(&finding.rule))
                    && finding
                        .object
                        .strip_prefix(label.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with(", "))
            });
        }
    }
    network::check_isolation(&objects, report);
}

fn collect<'n>(document: &'n Node, depth: usize, objects: &mut Vec<Object<'n>>) {
    let Some(object) = Object::new(document) else {
        return;
    };
    if object.kind.ends_with("List") && document.get("items").is_some() {
        if depth < MAX_LISTS {
            for item in document.items_at("items") {
                collect(item, depth + 1, objects);
            }
        }
    } else {
        objects.push(object);
    }
}

/// `seaworthy.dev/ignore: ID,ID` on the object, which survives rendering and `kubectl get -o yaml`
/// where comments do not.
fn annotated_ignores<'n>(object: &Object<'n>) -> Option<&'n str> {
    object
        .node
        .at("metadata.annotations")?
        .get(ignore::ANNOTATION)?
        .text()
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests;
