//! PCI DSS 4.0.1: numbers of the standard, words of our own.

use seaworthy_model::Severity;

use super::{Check, Control, nothing, part, rules, whole};

const PROCESS: &str = "about people, processes and other systems";

#[rustfmt::skip]
pub(super) const CONTROLS: &[Control] = &[
    nothing("1", "Network security", PROCESS),
    part("2.2.1", "Configuration standards exist and are kept",
        &[Check::NonRoot, rules::NO_ROOT_IN_BUILD, rules::NO_SETUID],
        "the written standard, and systems other than the image"),
    part("2.2.4", "Only services that are needed", &[rules::NO_SSH, rules::FEW_PACKAGES],
        "which services the application needs"),
    part("2.2.6", "Settings that prevent misuse",
        &[rules::NOT_PRIVILEGED, rules::NO_ESCALATION, rules::READ_ONLY],
        "the containers that run, beyond the files checked"),
    nothing("3 to 4", "Stored and transmitted account data", PROCESS),
    nothing("5", "Malicious software",
        "no malware scanner; malicious packages are found by their advisories only"),
    nothing("6.2", "Bespoke software is developed securely", PROCESS),
    part("6.3.1", "Vulnerabilities are identified and ranked",
        &[Check::DatabaseAge(30), Check::ScanAge(30), Check::Inventory],
        "systems other than the image; the ranking is the severity in the report"),
    whole("6.3.2", "An inventory of software and its components", &[Check::Inventory]),
    part("6.3.3", "Security fixes are installed, critical ones within a month",
        &[Check::Fixable(Severity::High), Check::Exploited],
        "since when a fix exists; here every one that exists counts as due"),
    nothing("6.4", "Public web applications", PROCESS),
    nothing("6.5", "Changes are managed", PROCESS),
    nothing("7 to 8.5", "Access, identities, authentication", PROCESS),
    part("8.6.2", "No passwords of applications in files or scripts",
        &[Check::Secrets, rules::NO_SECRET_IN_BUILD],
        "source code outside of the image"),
    nothing("9 to 10", "Physical access, logging", PROCESS),
    part("11.3.1", "Internal scans every three months, and rescans",
        &[Check::ScanAge(90), Check::Vulnerabilities(Severity::Critical),
            Check::Fixable(Severity::High)],
        "systems other than the image"),
    part("11.3.1.1", "The other vulnerabilities are addressed by risk",
        &[Check::Fixable(Severity::Medium)],
        "the risk analysis that says by when"),
    part("11.5.2", "Changes of files are detected", &[Check::Signature],
        "files that change at run time"),
    part("12.3.4", "Technologies in use are reviewed and supported", &[Check::Supported],
        "components other than the distribution"),
    nothing("12", "The rest: policies, training, third parties", PROCESS),
];
