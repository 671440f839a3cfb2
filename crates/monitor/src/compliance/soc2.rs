//! SOC 2, common criteria of the AICPA's Trust Services Criteria (2017): numbers of the criteria,
//! words of our own.

use seaworthy_model::Severity;

use super::{Check, Control, nothing, part, rules};

const PROCESS: &str = "about the organisation, not its images";

#[rustfmt::skip]
pub(super) const CONTROLS: &[Control] = &[
    nothing("CC1", "Control environment", PROCESS),
    nothing("CC2", "Communication and information", PROCESS),
    nothing("CC3.1", "Objectives", PROCESS),
    part("CC3.2", "Risks are identified and analysed",
        &[Check::Inventory, Check::ScanAge(30), Check::DatabaseAge(30)],
        "risks other than known vulnerabilities of components"),
    nothing("CC3.3 to CC3.4", "Fraud, and significant changes", PROCESS),
    nothing("CC4 to CC5", "Monitoring and control activities", PROCESS),
    part("CC6.1", "Access to assets is protected",
        &[Check::Secrets, Check::NonRoot, rules::NO_SECRET_IN_BUILD],
        "identities, keys and networks outside of the image"),
    nothing("CC6.2", "Users are registered and removed", PROCESS),
    part("CC6.3", "Least privilege",
        &[rules::NOT_PRIVILEGED, rules::NO_ESCALATION, rules::NO_WILDCARD],
        "rights of people, and systems beyond the files checked"),
    nothing("CC6.4 to CC6.5", "Physical access, disposal", PROCESS),
    part("CC6.6", "Protection from outside the boundary",
        &[Check::Exploited, rules::NO_HOST_NETWORK, rules::NO_HOST_PORT],
        "networks and other systems"),
    nothing("CC6.7", "Transmission of information", PROCESS),
    part("CC6.8", "Unauthorised and malicious software is kept out",
        &[Check::Signature, Check::Inventory],
        "malware that no advisory names, and other systems"),
    part("CC7.1", "New vulnerabilities and configuration changes are detected",
        &[Check::ScanAge(30), Check::DatabaseAge(7), Check::Vulnerabilities(Severity::Critical),
            Check::Fixable(Severity::High)],
        "systems other than the image"),
    nothing("CC7.2", "Anomalies are monitored", "about what happens at run time"),
    nothing("CC7.3 to CC7.5", "Incidents", PROCESS),
    part("CC8.1", "Changes are authorised, tested and approved",
        &[Check::Signature, Check::Provenance],
        "the approval itself"),
    nothing("CC9.1", "Business disruptions", PROCESS),
    part("CC9.2", "Risks of vendors", &[Check::Inventory, Check::Supported],
        "vendors of other things than the components of the image"),
];
