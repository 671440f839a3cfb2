//! GitLab Code Quality: the subset of Code Climate that merge requests show, on every tier.

use std::collections::BTreeSet;

use seaworthy_model::{Report, Severity};
use serde_json::{Value, json};

use crate::{text, words};

/// The list of issues.
pub(crate) fn document(report: &Report) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    words::findings(report)
        .filter_map(|(finding, package)| {
            let fingerprint = words::stable_id(&[
                &report.target.name,
                &finding.id,
                package.kind.purl_type(),
                &package.name,
                &package.version,
                &package.evidence.path,
            ])
            .simple()
            .to_string();
            // GitLab drops the whole file when a fingerprint comes twice.
            if !seen.insert(fingerprint.clone()) {
                return None;
            }
            let path = text::plain(package.evidence.path.trim_start_matches('/'));
            let path = if path.is_empty() {
                "Dockerfile".to_owned()
            } else {
                path
            };
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
            Some(json!({
                "description": text::plain(&description),
                "check_name": text::plain(&finding.id),
                "fingerprint": fingerprint,
                "severity": severity(finding.severity),
                "location": {"path": path, "lines": {"begin": 1}},
            }))
        })
        .collect()
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "blocker",
        Severity::High => "critical",
        Severity::Medium => "major",
        Severity::Low => "minor",
        Severity::Negligible | Severity::Unknown => "info",
    }
}
