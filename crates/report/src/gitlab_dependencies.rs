//! GitLab's report of dependency scanning, schema 15.x: vulnerabilities of packages of languages,
//! each in the file that names the package.

use std::collections::BTreeSet;

use seaworthy_model::Report;
use serde_json::{Value, json};

use crate::{Error, WriteOptions, gitlab, text, words};

/// The report. Packages of the operating system are in no lockfile, so they are left to the report
/// of container scanning.
pub(crate) fn document(report: &Report, options: &WriteOptions) -> Result<Value, Error> {
    gitlab::check(options)?;
    let mut seen = BTreeSet::new();
    let mut list = Vec::new();
    for (finding, package) in words::findings(report) {
        if package.kind.is_os() || words::is_approved(finding, &options.gitlab.approved) {
            continue;
        }
        let path = text::plain(package.evidence.path.trim_start_matches('/'));
        let file = if path.is_empty() {
            gitlab::non_empty(&text::plain(&report.target.name), "unknown")
        } else {
            path
        };
        let id = words::stable_id(&[
            &report.target.name,
            &finding.id,
            package.kind.purl_type(),
            &package.name,
            &package.version,
            &file,
        ])
        .to_string();
        if !seen.insert(id.clone()) {
            continue;
        }
        let entry = gitlab::vulnerability(report, options, finding, package, &id);
        let mut entry = serde_json::to_value(entry)?;
        let dependency = entry["location"]["dependency"].take();
        entry["location"] = json!({"file": file, "dependency": dependency});
        list.push(entry);
    }
    Ok(json!({
        "version": options.gitlab.schema_version,
        "scan": gitlab::scan(report, options, "dependency_scanning"),
        "vulnerabilities": list,
    }))
}
