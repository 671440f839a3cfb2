//! NIST SP 800-190, section 4 (countermeasures): numbers of the guide, words of our own.

use seaworthy_model::Severity;

use super::{Check, Control, nothing, part, rules, whole};

const AS_WRITTEN: &str = "the containers that run, beyond the files that were checked";

#[rustfmt::skip]
pub(super) const CONTROLS: &[Control] = &[
    whole("4.1.1", "Image vulnerabilities",
        &[Check::Vulnerabilities(Severity::Critical), Check::Fixable(Severity::High),
            Check::Exploited, Check::DatabaseAge(7)]),
    part("4.1.2", "Image configuration defects",
        &[Check::NonRoot, Check::Supported, rules::NO_SSH, rules::NO_SETUID, rules::FIXED_BASE],
        "that images which do not keep to it cannot run"),
    nothing("4.1.3", "Embedded malware",
        "no malware scanner; malicious packages are found by their advisories only"),
    whole("4.1.4", "Embedded clear text secrets", &[Check::Secrets, rules::NO_SECRET_IN_BUILD]),
    part("4.1.5", "Use of untrusted images", &[Check::Signature, Check::Inventory],
        "that only trusted registries are used, which policy and admission enforce"),
    nothing("4.2.1", "Insecure connections to registries", "about clients and registries"),
    part("4.2.2", "Stale images in registries", &[Check::ScanAge(30), Check::Supported],
        "that old images are removed"),
    nothing("4.2.3", "Insufficient authentication at registries", "about the registry"),
    part("4.3.1", "Unbounded administrative access",
        &[rules::NO_WILDCARD, rules::NO_CLUSTER_ADMIN],
        "who may do what at the orchestrator"),
    nothing("4.3.2", "Unauthorised access", "about the accounts of the orchestrator"),
    part("4.3.3", "Poorly separated traffic between containers", &[rules::NETWORK_POLICY],
        "the networks of the orchestrator"),
    nothing("4.3.4 to 4.3.5", "Mixed sensitivity, trust of nodes", "about the orchestrator"),
    nothing("4.4.1", "Vulnerabilities of the container runtime", "about the host"),
    part("4.4.2", "Unbounded network access", &[rules::NETWORK_POLICY, rules::NO_HOST_NETWORK],
        "traffic of running containers"),
    part("4.4.3", "Insecure runtime configuration",
        &[rules::NOT_PRIVILEGED, rules::NO_ESCALATION, rules::NO_HOST_PROCESSES,
            rules::NO_HOST_IPC, rules::NO_HOST_PATH, rules::NO_RUNTIME_SOCKET, rules::SECCOMP,
            rules::APPARMOR, rules::SELINUX],
        AS_WRITTEN),
    part("4.4.4", "Vulnerabilities of the application", &[rules::READ_ONLY],
        "what the application does at run time"),
    nothing("4.4.5", "Rogue containers",
        "about what runs; admission control refuses what is not known"),
    nothing("4.5.1 to 4.5.4", "Host operating system: attack surface, kernel, components, users",
        "about the host"),
    part("4.5.5", "Tampering with the host's file system", &[rules::NO_HOST_PATH],
        "the containers that run, beyond the files that were checked"),
    nothing("4.6", "Hardware", "about the hardware"),
];
