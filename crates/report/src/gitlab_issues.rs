//! GitLab's reports of secrets and of misconfigurations (SAST), schema 15.x.

use std::collections::BTreeSet;

use seaworthy_model::{Layer, Location, Misconfiguration, Report, Secret};
use serde_json::{Map, Value, json};

use crate::gitlab::{self, Details, NAME_LIMIT, SOLUTION_LIMIT};
use crate::{Commit, Error, WriteOptions, issues, text};

/// What GitLab's own analyser writes when there is no commit.
const NO_COMMIT: &str = "0000000";
/// Longest message of a commit that is repeated.
const MESSAGE_LIMIT: usize = 1000;

/// The secret detection report. GitLab requires a commit; without one, the revision that the image
/// names stands in.
pub(crate) fn secrets(report: &Report, options: &WriteOptions) -> Result<Value, Error> {
    gitlab::check(options)?;
    let commit = options
        .gitlab
        .commit
        .clone()
        .filter(|commit| !commit.sha.is_empty())
        .unwrap_or_else(|| Commit {
            sha: revision(report).unwrap_or_else(|| NO_COMMIT.to_owned()),
            ..Commit::default()
        });
    let mut seen = BTreeSet::new();
    let list: Vec<Value> = report
        .secrets
        .iter()
        .map(|s| (issues::secret_id(report, s), s))
        .filter(|(id, _)| seen.insert(id.clone()))
        .map(|(id, s)| secret(report, s, &id, &commit))
        .collect();
    Ok(json!({
        "version": options.gitlab.schema_version,
        "scan": gitlab::scan(report, options, "secret_detection"),
        "vulnerabilities": list,
    }))
}

/// The commit that an image was built from (OCI annotation `org.opencontainers.image.revision`).
fn revision(report: &Report) -> Option<String> {
    let labels = &report.inventory.image.as_ref()?.labels;
    let revision = labels.get("org.opencontainers.image.revision")?;
    let is_hash =
        (7..=64).contains(&revision.len()) && revision.bytes().all(|b| b.is_ascii_hexdigit());
    is_hash.then(|| revision.clone())
}

fn secret(report: &Report, secret: &Secret, id: &str, commit: &Commit) -> Value {
    let rule = text::plain(&secret.rule);
    let mut location = lines(&secret.location);
    location.insert("commit".to_owned(), self::commit(commit));
    json!({
        "id": id,
        "name": text::limit(&text::plain(&secret.title), NAME_LIMIT),
        "description": text::plain(&issues::secret(report, secret)),
        "severity": gitlab::severity(secret.severity),
        "solution": text::limit(issues::SECRET_FIX, SOLUTION_LIMIT),
        "raw_source_code_extract": text::plain(&secret.masked),
        "identifiers": [{
            "type": "gitleaks_rule_id",
            "name": format!("Gitleaks rule ID {rule}"),
            "value": rule,
        }],
        "details": details(issues::layer(report, &secret.location), &secret.location, &[]),
        "location": location,
    })
}

/// The commit, with what is known of it.
fn commit(commit: &Commit) -> Value {
    let mut out = Map::new();
    for (key, value) in [
        ("sha", &commit.sha),
        ("author", &commit.author),
        ("date", &commit.date),
        ("message", &commit.message),
    ] {
        if !value.is_empty() {
            let value = text::limit(&text::plain(value), MESSAGE_LIMIT);
            out.insert(key.to_owned(), json!(value));
        }
    }
    Value::Object(out)
}

/// Misconfigurations, as GitLab reads those of infrastructure as code.
pub(crate) fn sast(report: &Report, options: &WriteOptions) -> Result<Value, Error> {
    gitlab::check(options)?;
    let mut seen = BTreeSet::new();
    let list: Vec<Value> = report
        .misconfigurations
        .iter()
        .map(|m| (issues::misconfiguration_id(report, m), m))
        .filter(|(id, _)| seen.insert(id.clone()))
        .map(|(id, m)| misconfiguration(report, m, &id))
        .collect();
    Ok(json!({
        "version": options.gitlab.schema_version,
        "scan": gitlab::scan(report, options, "sast"),
        "vulnerabilities": list,
    }))
}

fn misconfiguration(report: &Report, issue: &Misconfiguration, id: &str) -> Value {
    let rule = text::plain(&issue.rule);
    let url = issues::rule_url(issue);
    let mut first = json!({"type": "seaworthy_rule_id", "name": rule, "value": rule});
    if let Some(url) = &url {
        first["url"] = json!(url);
    }
    let mut identifiers = vec![first];
    identifiers.extend(issue.references.iter().map(|r| {
        let value = text::plain(r);
        json!({"type": "rule_id", "name": value, "value": value})
    }));
    let mut description = issues::misconfiguration(report, issue);
    if let Some(more) = issues::more_about(&issue.rule) {
        description.push(' ');
        description.push_str(&more);
    }
    let mut out = json!({
        "id": id,
        "name": text::limit(&text::plain(&issue.title), NAME_LIMIT),
        "description": text::plain(&description),
        "severity": gitlab::severity(issue.severity),
        "identifiers": identifiers,
        "links": url.iter().map(|url| json!({"url": url})).collect::<Vec<_>>(),
        "details": details(
            issues::layer(report, &issue.location),
            &issue.location,
            &[("object", "Object", &issue.object), ("kind", "Kind of file", &issue.kind)],
        ),
        "location": lines(&issue.location),
    });
    if !issue.fix.is_empty() {
        out["solution"] = json!(text::limit(&text::plain(&issue.fix), SOLUTION_LIMIT));
    }
    out
}

/// GitLab's lines begin at 1.
fn lines(location: &Location) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert(
        "file".to_owned(),
        json!(text::plain(location.path.trim_start_matches('/'))),
    );
    let start = location.start_line.max(1);
    out.insert("start_line".to_owned(), json!(start));
    out.insert("end_line".to_owned(), json!(location.end_line.max(start)));
    out
}

fn details(layer: Option<&Layer>, location: &Location, more: &[(&str, &str, &str)]) -> Value {
    let mut details = Details::default();
    details.add_layer(layer);
    if location.start_column > 0 {
        details.add("column", "Column", &location.start_column.to_string());
    }
    for (key, name, value) in more {
        details.add(key, name, value);
    }
    Value::Object(details.into_map())
}
