//! GitLab Code Quality: the subset of Code Climate that merge requests show, on every tier.

use std::collections::BTreeSet;

use seaworthy_model::{Finding, Location, Package, Report, Severity};
use serde_json::{Value, json};

use crate::{issues, text, words};

/// The list of issues.
pub(crate) fn document(report: &Report) -> Vec<Value> {
    let mut list = List::default();
    for (finding, package) in words::findings(report) {
        vulnerability(&mut list, report, finding, package);
    }
    for secret in &report.secrets {
        let fingerprint = issues::secret_id(report, secret);
        let description = format!("{} ({})", issues::secret(report, secret), secret.severity);
        list.add(
            &fingerprint,
            &description,
            &secret.rule,
            secret.severity,
            &secret.location,
        );
    }
    for issue in &report.misconfigurations {
        let fingerprint = issues::misconfiguration_id(report, issue);
        let mut description = format!("{} ({})", issue.message, issue.severity);
        if !issue.fix.is_empty() {
            description.push_str(&format!(": {}", issue.fix));
        }
        list.add(
            &fingerprint,
            &description,
            &issue.rule,
            issue.severity,
            &issue.location,
        );
    }
    for license in issues::notable_licenses(report) {
        let subject = issues::license_of(report, license);
        let fingerprint = words::stable_id(&[
            &report.target.name,
            "license",
            &license.license,
            &subject,
            &license.location.path,
        ]);
        list.add(
            &fingerprint.to_string(),
            &issues::license(report, license),
            &license.license,
            license.severity,
            &license.location,
        );
    }
    list.issues
}

#[derive(Default)]
struct List {
    issues: Vec<Value>,
    seen: BTreeSet<String>,
}

impl List {
    /// GitLab drops the whole file when a fingerprint comes twice, so the second one stays out.
    fn add(
        &mut self,
        fingerprint: &str,
        description: &str,
        check: &str,
        severity: Severity,
        location: &Location,
    ) {
        let fingerprint = fingerprint.replace('-', "");
        if !self.seen.insert(fingerprint.clone()) {
            return;
        }
        let mut path = text::plain(location.path.trim_start_matches('/'));
        if path.is_empty() {
            "Dockerfile".clone_into(&mut path);
        }
        self.issues.push(json!({
            "description": text::plain(description),
            "check_name": text::plain(check),
            "fingerprint": fingerprint,
            "severity": word(severity),
            "location": {"path": path, "lines": {"begin": location.start_line.max(1)}},
        }));
    }
}

fn vulnerability(list: &mut List, report: &Report, finding: &Finding, package: &Package) {
    let fingerprint = words::stable_id(&[
        &report.target.name,
        &finding.id,
        package.kind.purl_type(),
        &package.name,
        &package.version,
        &package.evidence.path,
    ]);
    let mut description = format!(
        "{} ({}) in {} {}",
        finding.id, finding.severity, package.name, package.version
    );
    match &finding.fixed_version {
        Some(fixed) => description.push_str(&format!(", fixed in {fixed}")),
        None => {
            description.push_str(", ");
            description.push_str(words::fix_word(finding, package.kind));
        }
    }
    let location = Location {
        path: package.evidence.path.clone(),
        start_line: package.line.unwrap_or_default(),
        ..Location::default()
    };
    list.add(
        &fingerprint.to_string(),
        &description,
        &finding.id,
        finding.severity,
        &location,
    );
}

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "blocker",
        Severity::High => "critical",
        Severity::Medium => "major",
        Severity::Low => "minor",
        Severity::Negligible | Severity::Unknown => "info",
    }
}
