//! CIS Kubernetes Benchmark 1.10, section 5: numbers of the benchmark, words of our own.

use super::{Check, Control, nothing, part};

const CLUSTER: &str = "about the cluster, which manifests do not show";
/// The benchmark asks for a policy that refuses; we look at what asks to be admitted.
const AS_WRITTEN: &str = "a policy of the cluster that refuses others; the manifests checked ask for nothing of the kind";
const RBAC: &str = "roles and bindings of the cluster beyond the manifests checked";

const fn rules(what: &'static str, references: &'static [&'static str]) -> Check {
    Check::Rules {
        what,
        kinds: &["kubernetes"],
        references,
    }
}

pub(super) const CONTROLS: &[Control] = &[
    nothing("1 to 4", "Control plane, etcd and worker nodes", CLUSTER),
    part(
        "5.1.1",
        "cluster-admin only where needed",
        &[rules("no binding to cluster-admin", &["AVD-KSV-0111"])],
        RBAC,
    ),
    part(
        "5.1.2",
        "Few who can read secrets",
        &[rules(
            "no role that reads secrets",
            &["AVD-KSV-0041", "AVD-KSV-0113"],
        )],
        RBAC,
    ),
    part(
        "5.1.3",
        "No wildcards in roles",
        &[rules(
            "no wildcard in a role",
            &["AVD-KSV-0044", "AVD-KSV-0045", "AVD-KSV-0046"],
        )],
        RBAC,
    ),
    part(
        "5.1.4",
        "Few who can create pods",
        &[rules("no role that creates pods", &["AVD-KSV-0048"])],
        RBAC,
    ),
    part(
        "5.1.5",
        "Default service accounts are not used",
        &[rules(
            "no use of a default service account",
            &["AVD-KSV-0036"],
        )],
        RBAC,
    ),
    part(
        "5.1.6",
        "Service account tokens only where needed",
        &[rules(
            "tokens are not mounted by default",
            &["AVD-KSV-0036"],
        )],
        RBAC,
    ),
    nothing("5.1.7", "Nobody is in system:masters", CLUSTER),
    part(
        "5.1.8",
        "Few who can bind, impersonate or escalate",
        &[rules(
            "no role with these verbs",
            &["AVD-KSV-0043", "AVD-KSV-0051", "AVD-KSV-0050"],
        )],
        RBAC,
    ),
    nothing(
        "5.1.9 to 5.1.13",
        "Volumes, node proxy, certificates, webhooks, tokens",
        "not checked in roles yet",
    ),
    nothing("5.2.1", "A policy mechanism is active", CLUSTER),
    part(
        "5.2.2",
        "No privileged containers",
        &[rules("no privileged container", &["AVD-KSV-0017"])],
        AS_WRITTEN,
    ),
    part(
        "5.2.3",
        "Not the host's processes",
        &[rules("no host process namespace", &["AVD-KSV-0010"])],
        AS_WRITTEN,
    ),
    part(
        "5.2.4",
        "Not the host's IPC",
        &[rules("no host IPC namespace", &["AVD-KSV-0008"])],
        AS_WRITTEN,
    ),
    part(
        "5.2.5",
        "Not the host's network",
        &[rules("no host network", &["AVD-KSV-0009"])],
        AS_WRITTEN,
    ),
    part(
        "5.2.6",
        "No privilege escalation",
        &[rules("no privilege escalation", &["AVD-KSV-0001"])],
        AS_WRITTEN,
    ),
    part(
        "5.2.7",
        "No root containers",
        &[rules(
            "containers do not run as root",
            &["AVD-KSV-0012", "AVD-KSV-0105"],
        )],
        AS_WRITTEN,
    ),
    part(
        "5.2.8",
        "No NET_RAW",
        &[rules(
            "NET_RAW is dropped",
            &["AVD-KSV-0119", "AVD-KSV-0003", "AVD-KSV-0106"],
        )],
        AS_WRITTEN,
    ),
    part(
        "5.2.9",
        "No added capabilities",
        &[rules(
            "no capability is added",
            &["AVD-KSV-0022", "AVD-KSV-0005", "AVD-KSV-0106"],
        )],
        AS_WRITTEN,
    ),
    part(
        "5.2.10",
        "All capabilities are dropped",
        &[rules(
            "all capabilities are dropped",
            &["AVD-KSV-0003", "AVD-KSV-0106"],
        )],
        AS_WRITTEN,
    ),
    part(
        "5.2.11",
        "No Windows host process",
        &[rules("no Windows host process", &["AVD-KSV-0103"])],
        AS_WRITTEN,
    ),
    part(
        "5.2.12",
        "No host path volumes",
        &[rules(
            "no path of the host",
            &["AVD-KSV-0023", "AVD-KSV-0121"],
        )],
        AS_WRITTEN,
    ),
    part(
        "5.2.13",
        "No host ports",
        &[rules("no port of the host", &["AVD-KSV-0024"])],
        AS_WRITTEN,
    ),
    nothing("5.3.1", "The network supports policies", CLUSTER),
    nothing("5.3.2", "Every namespace has network policies", CLUSTER),
    part(
        "5.4.1",
        "Secrets as files, not as variables",
        &[rules(
            "no secret in an environment variable",
            &["AVD-KSV-01010", "AVD-KSV-0109", "CKV_K8S_35"],
        )],
        AS_WRITTEN,
    ),
    nothing("5.4.2", "Secrets outside of the cluster", CLUSTER),
    part(
        "5.5.1",
        "Where images come from is checked at admission",
        &[Check::Signature],
        "that the cluster checks it (`seaworthy serve` does)",
    ),
    nothing("5.7.1", "Namespaces as boundaries", CLUSTER),
    part(
        "5.7.2",
        "A seccomp profile",
        &[rules(
            "a seccomp profile",
            &["AVD-KSV-0030", "AVD-KSV-0104"],
        )],
        AS_WRITTEN,
    ),
    part(
        "5.7.3",
        "Pods and containers have a security context",
        &[rules(
            "no pod with default settings",
            &[
                "AVD-KSV-0118",
                "AVD-KSV-0001",
                "AVD-KSV-0012",
                "AVD-KSV-0014",
            ],
        )],
        AS_WRITTEN,
    ),
    part(
        "5.7.4",
        "Not the default namespace",
        &[rules("nothing in the default namespace", &["AVD-KSV-0110"])],
        AS_WRITTEN,
    ),
];
