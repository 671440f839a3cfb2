//! CIS Kubernetes Benchmark 1.10, section 5: numbers of the benchmark, words of our own.

use super::rules::pods as alone;
use super::{Check, Control, nothing, part, rules};

const CLUSTER: &str = "about the cluster, which manifests do not show";
/// The benchmark asks for a policy that refuses; we look at what asks to be admitted.
const AS_WRITTEN: &str =
    "a policy of the cluster that refuses it; the manifests checked do not ask for it";
const RBAC: &str = "roles and bindings of the cluster beyond the manifests checked";

const fn roles(id: &'static str, title: &'static str, checks: &'static [Check]) -> Control {
    part(id, title, checks, RBAC)
}

const fn pods(id: &'static str, title: &'static str, checks: &'static [Check]) -> Control {
    part(id, title, checks, AS_WRITTEN)
}

#[rustfmt::skip]
pub(super) const CONTROLS: &[Control] = &[
    nothing("1 to 4", "Control plane, etcd and worker nodes", CLUSTER),
    roles("5.1.1", "cluster-admin only where needed", &[rules::NO_CLUSTER_ADMIN]),
    roles("5.1.2", "Few who can read secrets", &[rules::FEW_SECRET_READERS]),
    roles("5.1.3", "No wildcards in roles", &[rules::NO_WILDCARD]),
    roles("5.1.4", "Few who can create pods", &[rules::FEW_POD_CREATORS]),
    roles("5.1.5", "Default service accounts are not used", &[rules::NO_DEFAULT_ACCOUNT]),
    roles("5.1.6", "Service account tokens only where needed", &[rules::NO_TOKEN]),
    nothing("5.1.7", "Nobody is in system:masters", CLUSTER),
    roles("5.1.8", "Few who can bind, impersonate or escalate", &[rules::NO_ROLE_ESCALATION]),
    roles("5.1.9", "Few who can create persistent volumes", &[rules::NO_VOLUME_CREATORS]),
    roles("5.1.10", "Few who reach the proxy of nodes", &[rules::NO_NODE_PROXY]),
    roles("5.1.11", "Few who approve certificates", &[rules::NO_CERTIFICATES]),
    roles("5.1.12", "Few who change admission webhooks", &[rules::NO_WEBHOOKS]),
    roles("5.1.13", "Few who create tokens", &[rules::NO_TOKEN_CREATORS]),
    part("5.2.1", "A policy mechanism is active", &[rules::POD_SECURITY],
        "namespaces beyond the manifests checked"),
    pods("5.2.2", "No privileged containers", &[alone::NOT_PRIVILEGED]),
    pods("5.2.3", "Not the host's processes", &[alone::NO_HOST_PROCESSES]),
    pods("5.2.4", "Not the host's IPC", &[alone::NO_HOST_IPC]),
    pods("5.2.5", "Not the host's network", &[alone::NO_HOST_NETWORK]),
    pods("5.2.6", "No privilege escalation", &[alone::NO_ESCALATION]),
    pods("5.2.7", "No root containers", &[alone::NO_RUN_AS_ROOT]),
    pods("5.2.8", "No NET_RAW", &[rules::NO_NET_RAW, alone::DROP_CAPABILITIES]),
    pods("5.2.9", "No added capabilities", &[alone::NO_CAPABILITIES]),
    pods("5.2.10", "All capabilities are dropped", &[alone::DROP_CAPABILITIES]),
    pods("5.2.11", "No Windows host process", &[rules::NO_HOST_PROCESS]),
    pods("5.2.12", "No host path volumes", &[alone::NO_HOST_PATH]),
    pods("5.2.13", "No host ports", &[alone::NO_HOST_PORT]),
    nothing("5.3.1", "The network supports policies", CLUSTER),
    part("5.3.2", "Every namespace has network policies", &[rules::NETWORK_POLICY],
        "namespaces beyond the manifests checked"),
    pods("5.4.1", "Secrets as files, not as variables", &[rules::NO_SECRET_VARIABLE]),
    nothing("5.4.2", "Secrets outside of the cluster", CLUSTER),
    part("5.5.1", "Where images come from is checked at admission", &[Check::Signature],
        "that the cluster checks it"),
    nothing("5.7.1", "Namespaces as boundaries", CLUSTER),
    pods("5.7.2", "A seccomp profile", &[alone::SECCOMP, rules::SECCOMP_PROFILE]),
    pods("5.7.3", "Pods and containers have a security context",
        &[alone::NO_ESCALATION, alone::NO_RUN_AS_ROOT, alone::READ_ONLY]),
    pods("5.7.4", "Not the default namespace", &[rules::NAMESPACE]),
];
