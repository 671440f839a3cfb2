//! NIST SP 800-190, section 4 (countermeasures): numbers of the guide, words of our own.

use seaworthy_model::Severity;

use super::{Check, Control, nothing, part, whole};

const RUNTIME: &[&str] = &["compose", "kubernetes"];

pub(super) const CONTROLS: &[Control] = &[
    whole(
        "4.1.1",
        "Image vulnerabilities",
        &[
            Check::Vulnerabilities(Severity::Critical),
            Check::Fixable(Severity::High),
            Check::Exploited,
            Check::DatabaseAge(7),
        ],
    ),
    part(
        "4.1.2",
        "Image configuration defects",
        &[
            Check::NonRoot,
            Check::Supported,
            Check::Rules {
                what: "no SSH port, no setuid files, a pinned base",
                kinds: &["image", "dockerfile"],
                references: &[
                    "AVD-DS-0004",
                    "CIS-DI-0008",
                    "DL3006",
                    "DL3007",
                    "DKL-DI-0006",
                ],
            },
        ],
        "that images which do not keep to it cannot run",
    ),
    nothing(
        "4.1.3",
        "Embedded malware",
        "no malware scanner; malicious packages are found by their advisories only",
    ),
    whole(
        "4.1.4",
        "Embedded clear text secrets",
        &[
            Check::Secrets,
            Check::Rules {
                what: "no secrets in ARG and ENV",
                kinds: &["image", "dockerfile"],
                references: &["CIS-DI-0010", "AVD-DS-0031"],
            },
        ],
    ),
    part(
        "4.1.5",
        "Use of untrusted images",
        &[Check::Signature, Check::Inventory],
        "that only trusted registries are used, which policy and admission enforce",
    ),
    nothing(
        "4.2.1",
        "Insecure connections to registries",
        "about clients and registries",
    ),
    part(
        "4.2.2",
        "Stale images in registries",
        &[Check::ScanAge(30), Check::Supported],
        "that old images are removed (`seaworthy registry cleanup`)",
    ),
    nothing(
        "4.2.3",
        "Insufficient authentication at registries",
        "about the registry",
    ),
    part(
        "4.3.1",
        "Unbounded administrative access",
        &[Check::Rules {
            what: "no wildcard and no cluster-admin in roles",
            kinds: &["kubernetes"],
            references: &[
                "AVD-KSV-0044",
                "AVD-KSV-0045",
                "AVD-KSV-0046",
                "AVD-KSV-0111",
            ],
        }],
        "who may do what at the orchestrator",
    ),
    nothing(
        "4.3.2 to 4.3.5",
        "Access, traffic, sensitivity and trust of nodes",
        "about the orchestrator",
    ),
    nothing(
        "4.4.1",
        "Vulnerabilities of the container runtime",
        "about the host",
    ),
    nothing(
        "4.4.2",
        "Unbounded network access",
        "about traffic of running containers",
    ),
    part(
        "4.4.3",
        "Insecure runtime configuration",
        &[Check::Rules {
            what: "not privileged, no host namespaces, no host paths, seccomp, no escalation",
            kinds: RUNTIME,
            references: &[
                "AVD-KSV-0001",
                "AVD-KSV-0008",
                "AVD-KSV-0009",
                "AVD-KSV-0010",
                "AVD-KSV-0017",
                "AVD-KSV-0023",
                "AVD-KSV-0030",
                "AVD-KSV-0104",
            ],
        }],
        "the containers that run, beyond the files checked",
    ),
    part(
        "4.4.4",
        "Vulnerabilities of the application",
        &[Check::Rules {
            what: "a read-only root file system",
            kinds: RUNTIME,
            references: &["AVD-KSV-0014"],
        }],
        "what the application does at run time",
    ),
    nothing(
        "4.4.5",
        "Rogue containers",
        "about what runs; admission control refuses what is not known",
    ),
    nothing("4.5", "Host operating system", "about the host"),
    nothing("4.6", "Hardware", "about the hardware"),
];
