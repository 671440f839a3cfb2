//! Checks of configuration that several frameworks share. Each is about one thing; the references
//! are the names that rules about it have elsewhere, any of which is enough to recognise ours.

use super::Check;

const BUILD: &[&str] = &["image", "dockerfile"];
const RUN: &[&str] = &["compose", "kubernetes"];
const KUBERNETES: &[&str] = &["kubernetes"];
const COMPOSE: &[&str] = &["compose"];

const fn built(what: &'static str, references: &'static [&'static str]) -> Check {
    Check::Rules {
        what,
        kinds: BUILD,
        references,
    }
}

const fn run(what: &'static str, references: &'static [&'static str]) -> Check {
    Check::Rules {
        what,
        kinds: RUN,
        references,
    }
}

const fn cluster(what: &'static str, references: &'static [&'static str]) -> Check {
    Check::Rules {
        what,
        kinds: KUBERNETES,
        references,
    }
}

// How the image is built.
pub(super) const NO_ROOT_IN_BUILD: Check = built(
    "no build that ends as root",
    &["CIS-DI-0001", "DL3002", "AVD-DS-0002"],
);
pub(super) const FEW_PACKAGES: Check = built(
    "no packages that are only recommended",
    &["DL3015", "AVD-DS-0029"],
);
pub(super) const HEALTH_CHECK: Check =
    built("a health check", &["CIS-DI-0006", "DL3057", "AVD-DS-0026"]);
pub(super) const UPDATE_WITH_INSTALL: Check = built(
    "package lists are updated where packages are installed",
    &["CIS-DI-0007", "AVD-DS-0017"],
);
pub(super) const NO_SETUID: Check = built("no setuid or setgid programs", &["CIS-DI-0008"]);
pub(super) const COPY_NOT_ADD: Check = built(
    "no ADD where COPY does",
    &["CIS-DI-0009", "DL3020", "AVD-DS-0005"],
);
pub(super) const NO_SECRET_IN_BUILD: Check = built(
    "no secret in variables, arguments and history",
    &["CIS-DI-0010", "AVD-DS-0031"],
);
pub(super) const NO_SSH: Check = Check::Rules {
    what: "no SSH port exposed or published",
    kinds: &["image", "dockerfile", "compose"],
    references: &["AVD-DS-0004", "CIS-DOCKER-5.7"],
};
pub(super) const VERIFIED_PACKAGES: Check = built(
    "signatures of packages are checked where they are installed",
    &["CIS-DOCKER-4.11"],
);
pub(super) const FIXED_BASE: Check = built(
    "no base image without a version",
    &["DKL-DI-0006", "DL3006", "DL3007", "AVD-DS-0001"],
);

// How it is run.
pub(super) const APPARMOR: Check = run(
    "AppArmor is not switched off",
    &["AVD-KSV-0002", "CIS-DOCKER-5.2"],
);
pub(super) const SELINUX: Check = run(
    "no SELinux option that weakens",
    &["AVD-KSV-0025", "CIS-DOCKER-5.3"],
);
pub(super) const DROP_CAPABILITIES: Check = run(
    "capabilities are dropped",
    &[
        "AVD-KSV-0003",
        "AVD-KSV-0106",
        "CIS-K8S-5.2.10",
        "SW-CMP-0018",
    ],
);
pub(super) const NO_CAPABILITIES: Check = run(
    "no capability is added",
    &[
        "AVD-KSV-0022",
        "AVD-KSV-0005",
        "CIS-K8S-5.2.9",
        "SW-CMP-0007",
    ],
);
pub(super) const NOT_PRIVILEGED: Check = run(
    "no privileged container",
    &["AVD-KSV-0017", "CIS-DOCKER-5.5", "CIS-K8S-5.2.2"],
);
pub(super) const NO_HOST_PATH: Check = run(
    "no path of the host",
    &[
        "AVD-KSV-0023",
        "AVD-KSV-0121",
        "CIS-DOCKER-5.6",
        "CIS-K8S-5.2.12",
    ],
);
pub(super) const NO_HOST_PORT: Check =
    run("no port of the host", &["AVD-KSV-0024", "CIS-K8S-5.2.13"]);
pub(super) const NO_HOST_NETWORK: Check = run(
    "no host network",
    &["AVD-KSV-0009", "CIS-DOCKER-5.10", "CIS-K8S-5.2.5"],
);
pub(super) const NO_HOST_PROCESSES: Check = run(
    "no host process namespace",
    &["AVD-KSV-0010", "CIS-DOCKER-5.16", "CIS-K8S-5.2.3"],
);
pub(super) const NO_HOST_IPC: Check = run(
    "no host IPC namespace",
    &["AVD-KSV-0008", "CIS-DOCKER-5.17", "CIS-K8S-5.2.4"],
);
pub(super) const MEMORY_LIMIT: Check =
    run("a limit of memory", &["AVD-KSV-0018", "CIS-DOCKER-5.11"]);
pub(super) const CPU_LIMIT: Check = run("a limit of CPU", &["AVD-KSV-0011", "CIS-DOCKER-5.12"]);
pub(super) const READ_ONLY: Check = run(
    "a read-only root file system",
    &["AVD-KSV-0014", "CIS-DOCKER-5.13"],
);
pub(super) const SECCOMP: Check = run(
    "seccomp is not switched off",
    &["AVD-KSV-0104", "CIS-DOCKER-5.22"],
);
pub(super) const NO_ESCALATION: Check = run(
    "no privilege escalation",
    &["AVD-KSV-0001", "CIS-DOCKER-5.26", "CIS-K8S-5.2.6"],
);
pub(super) const NO_RUNTIME_SOCKET: Check = run(
    "no socket of the container runtime",
    &["AVD-KSV-0006", "CIS-DOCKER-5.32"],
);
pub(super) const NO_RUN_AS_ROOT: Check = run(
    "containers do not run as root",
    &[
        "AVD-KSV-0012",
        "AVD-KSV-0105",
        "CIS-K8S-5.2.7",
        "CIS-DOCKER-4.1",
    ],
);

/// Only Compose files say these.
const fn composed(what: &'static str, references: &'static [&'static str]) -> Check {
    Check::Rules {
        what,
        kinds: COMPOSE,
        references,
    }
}

pub(super) const NO_OPEN_PORT: Check = composed(
    "no database on every interface of the host",
    &["CIS-DOCKER-5.14"],
);
pub(super) const NO_SHARED_MOUNT: Check = composed("no shared mount", &["CIS-DOCKER-5.20"]);
pub(super) const NO_HOST_UTS: Check = composed("no host UTS namespace", &["CIS-DOCKER-5.21"]);
pub(super) const RUN_HEALTH_CHECK: Check = composed("a health check", &["CIS-DOCKER-5.27"]);
pub(super) const FIXED_IMAGE: Check = composed("no image without a version", &["CIS-DOCKER-5.28"]);
pub(super) const PROCESS_LIMIT: Check = composed("a limit of processes", &["CIS-DOCKER-5.29"]);
pub(super) const NO_LOW_PORT: Check = composed(
    "no port of the host below 1024, 80 and 443 apart",
    &["CIS-DOCKER-5.8"],
);
pub(super) const FEW_RESTARTS: Check = composed("at most five restarts", &["CIS-DOCKER-5.15"]);
pub(super) const NO_DEVICE: Check = composed("no device of the host", &["CIS-DOCKER-5.18"]);
pub(super) const NO_CGROUP: Check = composed("no cgroup of its own choice", &["CIS-DOCKER-5.25"]);
pub(super) const NO_DEFAULT_BRIDGE: Check =
    composed("not on the default bridge", &["CIS-DOCKER-5.30"]);
pub(super) const NO_HOST_USERS: Check = composed("no host user namespace", &["CIS-DOCKER-5.31"]);

/// The checks that Compose files are evidence for too, of Kubernetes manifests alone: a benchmark
/// of Kubernetes is neither met nor violated by what Compose runs.
pub(super) mod pods {
    use super::{Check, KUBERNETES};

    const fn alone(check: Check) -> Check {
        match check {
            Check::Rules {
                what, references, ..
            } => Check::Rules {
                what,
                kinds: KUBERNETES,
                references,
            },
            other => other,
        }
    }

    macro_rules! alone {
        ($($name:ident)*) => {
            $(pub(crate) const $name: Check = alone(super::$name);)*
        };
    }

    alone! {
        NOT_PRIVILEGED NO_HOST_PROCESSES NO_HOST_IPC NO_HOST_NETWORK NO_ESCALATION NO_RUN_AS_ROOT
        DROP_CAPABILITIES NO_CAPABILITIES NO_HOST_PATH NO_HOST_PORT SECCOMP READ_ONLY
    }
}

// What Kubernetes objects may do.
pub(super) const NO_CLUSTER_ADMIN: Check = cluster(
    "no binding to cluster-admin",
    &["AVD-KSV-0111", "CIS-K8S-5.1.1"],
);
pub(super) const FEW_SECRET_READERS: Check = cluster(
    "no role that reads secrets",
    &["AVD-KSV-0041", "AVD-KSV-0113", "CIS-K8S-5.1.2"],
);
pub(super) const NO_WILDCARD: Check = cluster(
    "no wildcard in a role",
    &[
        "AVD-KSV-0044",
        "AVD-KSV-0045",
        "AVD-KSV-0046",
        "CIS-K8S-5.1.3",
    ],
);
pub(super) const FEW_POD_CREATORS: Check = cluster(
    "no role that creates workloads",
    &["AVD-KSV-0048", "CIS-K8S-5.1.4"],
);
pub(super) const NO_DEFAULT_ACCOUNT: Check = cluster(
    "no rights of a default service account, and no token of it mounted",
    &["CIS-K8S-5.1.5", "CKV_K8S_42"],
);
pub(super) const NO_TOKEN: Check = cluster(
    "no token of the default service account mounted",
    &["AVD-KSV-0036", "CIS-K8S-5.1.6"],
);
pub(super) const NO_ROLE_ESCALATION: Check = cluster(
    "no role that may bind, impersonate or escalate",
    &["AVD-KSV-0043", "AVD-KSV-0051", "CIS-K8S-5.1.8"],
);
pub(super) const NO_NODE_PROXY: Check = cluster(
    "no role that reaches the proxy of nodes",
    &["AVD-KSV-0047", "CIS-K8S-5.1.10"],
);
pub(super) const NO_CERTIFICATES: Check = cluster(
    "no role that approves certificates",
    &["CIS-K8S-5.1.11", "CKV_K8S_156"],
);
pub(super) const NO_VOLUME_CREATORS: Check = cluster(
    "no role that creates persistent volumes",
    &["CIS-K8S-5.1.9"],
);
pub(super) const NO_WEBHOOKS: Check = cluster(
    "no role that changes admission webhooks",
    &["AVD-KSV-0114", "CIS-K8S-5.1.12"],
);
pub(super) const NO_TOKEN_CREATORS: Check = cluster(
    "no role that creates tokens of service accounts",
    &["CIS-K8S-5.1.13"],
);
pub(super) const POD_SECURITY: Check = cluster(
    "namespaces enforce a Pod Security Standard",
    &["CIS-K8S-5.2.1"],
);
pub(super) const NO_NET_RAW: Check =
    cluster("NET_RAW is not added", &["AVD-KSV-0119", "CIS-K8S-5.2.8"]);
pub(super) const NO_HOST_PROCESS: Check = cluster(
    "no Windows host process",
    &["AVD-KSV-0103", "CIS-K8S-5.2.11"],
);
pub(super) const NETWORK_POLICY: Check =
    cluster("workloads have network policies", &["CIS-K8S-5.3.2"]);
pub(super) const NO_SECRET_VARIABLE: Check = cluster(
    "no secret in an environment variable",
    &["CIS-K8S-5.4.1", "CKV_K8S_35"],
);
pub(super) const SECCOMP_PROFILE: Check =
    cluster("a seccomp profile", &["AVD-KSV-0030", "CIS-K8S-5.7.2"]);
pub(super) const NAMESPACE: Check = cluster(
    "nothing in the default namespace",
    &["AVD-KSV-0110", "CIS-K8S-5.7.4"],
);
