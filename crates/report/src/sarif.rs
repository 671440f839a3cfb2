//! SARIF 2.1.0.

use std::collections::BTreeMap;

use seaworthy_model::{
    ExitClass, Finding, LicenseFinding, Location, Misconfiguration, Package, Report, Secret,
    Severity,
};
use serde_json::{Value, json};

use crate::{issues, text, words};

/// The log with one run. Its rules are ids of vulnerabilities, and rules for everything else.
pub(crate) fn document(report: &Report) -> Value {
    let mut rules: BTreeMap<String, Rule> = BTreeMap::new();
    let mut results: Vec<(String, Value)> = Vec::new();
    for (finding, package) in words::findings(report) {
        let id = text::plain(&finding.id);
        keep_worst(&mut rules, &id, finding.severity, || rule(finding, package));
        results.push((id, result(report, finding, package)));
    }
    for secret in &report.secrets {
        let id = text::plain(&secret.rule);
        keep_worst(&mut rules, &id, secret.severity, || {
            issue_rule(
                &id,
                &secret.title,
                issues::SECRET_FIX,
                secret.severity,
                "secret",
                None,
            )
        });
        results.push((id, secret_result(report, secret)));
    }
    for issue in &report.misconfigurations {
        let id = text::plain(&issue.rule);
        keep_worst(&mut rules, &id, issue.severity, || {
            let url = issues::rule_url(issue);
            let kind = "misconfiguration";
            let help = match issues::more_about(&issue.rule) {
                Some(more) => format!("{} {more}", issue.fix),
                None => issue.fix.clone(),
            };
            issue_rule(&id, &issue.title, &help, issue.severity, kind, url)
        });
        results.push((id, misconfiguration_result(report, issue)));
    }
    for license in issues::notable_licenses(report) {
        let id = format!("licence {}", text::plain(&license.license));
        keep_worst(&mut rules, &id, license.severity, || {
            let title = format!("Licence {} ({})", license.license, license.class.name());
            let help = "Check whether its terms fit how the image is passed on";
            issue_rule(&id, &title, help, license.severity, "license", None)
        });
        results.push((id, license_result(report, license)));
    }
    let indices: BTreeMap<&str, usize> = rules.keys().map(String::as_str).zip(0..).collect();
    let results: Vec<Value> = results
        .into_iter()
        .map(|(id, mut result)| {
            result["ruleId"] = json!(id);
            if let Some(index) = indices.get(id.as_str()) {
                result["ruleIndex"] = json!(index);
            }
            result
        })
        .collect();
    let rules: Vec<&Value> = rules.values().map(|r| &r.value).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": report.tool.name,
                "version": report.tool.version,
                "rules": rules,
            }},
            "automationDetails": {"id": format!("seaworthy/{}", text::plain(&report.target.name))},
            "invocations": [{
                "executionSuccessful": report.exit_class() != ExitClass::NotAssessed,
                "toolExecutionNotifications": notifications(report),
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {"scanners": report.scanners},
        }],
    })
}

struct Rule {
    severity: Severity,
    value: Value,
}

/// One rule per id; where results of it differ in severity, the worst one describes it.
fn keep_worst(
    rules: &mut BTreeMap<String, Rule>,
    id: &str,
    severity: Severity,
    make: impl Fn() -> Value,
) {
    if rules.get(id).is_none_or(|r| severity > r.severity) {
        let value = make();
        rules.insert(id.to_owned(), Rule { severity, value });
    }
}

fn issue_rule(
    id: &str,
    title: &str,
    help: &str,
    severity: Severity,
    kind: &str,
    url: Option<String>,
) -> Value {
    let title = text::plain(title);
    let help = text::plain(help);
    let mut rule = json!({
        "id": id,
        "shortDescription": {"text": non_empty(&title, id)},
        "defaultConfiguration": {"level": level(severity)},
        "help": {"text": non_empty(&help, &title)},
        "properties": {
            "security-severity": format!("{:.1}", words::score_of(severity)),
            "precision": "high",
            "tags": ["security", kind, severity.name()],
        },
    });
    if let Some(url) = url {
        rule["helpUri"] = json!(url);
    }
    rule
}

fn non_empty<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

/// Where, with the region that is known; a whole file when no line is.
fn physical(report: &Report, location: &Location) -> Value {
    let path = if location.path.is_empty() {
        &report.target.name
    } else {
        &location.path
    };
    let mut region = json!({"startLine": location.start_line.max(1)});
    if location.start_column > 0 {
        region["startColumn"] = json!(location.start_column);
    }
    if location.end_line > location.start_line {
        region["endLine"] = json!(location.end_line);
    }
    let same_line = location.end_line <= location.start_line;
    if location.end_column > 0 && (!same_line || location.end_column > location.start_column) {
        region["endColumn"] = json!(location.end_column);
    }
    json!({"artifactLocation": {"uri": text::uri_path(path)}, "region": region})
}

fn issue_result(
    report: &Report,
    severity: Severity,
    message: &str,
    location: &Location,
    fingerprint: &str,
) -> Value {
    let mut properties = json!({"severity": severity});
    if let Some(layer) = issues::layer(report, location) {
        properties["layerDiffId"] = json!(layer.diff_id);
    }
    json!({
        "level": level(severity),
        "message": {"text": text::plain(message)},
        "locations": [{"physicalLocation": physical(report, location)}],
        "partialFingerprints": {"seaworthyFinding/v1": fingerprint},
        "properties": properties,
    })
}

fn secret_result(report: &Report, secret: &Secret) -> Value {
    let id = issues::secret_id(report, secret);
    let message = issues::secret(report, secret);
    let mut result = issue_result(report, secret.severity, &message, &secret.location, &id);
    result["properties"]["masked"] = json!(text::plain(&secret.masked));
    result["properties"]["deletedLater"] = json!(secret.deleted_later);
    result
}

fn misconfiguration_result(report: &Report, issue: &Misconfiguration) -> Value {
    let id = issues::misconfiguration_id(report, issue);
    let mut message = issues::misconfiguration(report, issue);
    if !issue.fix.is_empty() {
        message.push(' ');
        message.push_str(issue.fix.trim_end_matches('.'));
        message.push('.');
    }
    let mut result = issue_result(report, issue.severity, &message, &issue.location, &id);
    result["properties"]["kind"] = json!(text::plain(&issue.kind));
    if !issue.references.is_empty() {
        result["properties"]["references"] = json!(issue.references);
    }
    if !issue.object.is_empty() {
        result["locations"][0]["logicalLocations"] =
            json!([{"fullyQualifiedName": text::plain(&issue.object), "kind": "object"}]);
    }
    result
}

fn license_result(report: &Report, license: &LicenseFinding) -> Value {
    let id = words::stable_id(&[
        &license.license,
        &issues::license_of(report, license),
        &license.location.path,
    ]);
    let mut result = issue_result(
        report,
        license.severity,
        &issues::license(report, license),
        &license.location,
        &id.to_string(),
    );
    result["properties"]["class"] = json!(license.class);
    result
}

fn notifications(report: &Report) -> Vec<Value> {
    report
        .inventory
        .coverage
        .entries
        .iter()
        .map(|entry| {
            json!({
                "level": if entry.kind.is_fatal() { "error" } else { "warning" },
                "descriptor": {"id": entry.kind.name()},
                "message": {"text": format!(
                    "{}: {}", text::plain(&entry.subject), text::plain(&entry.detail)
                )},
            })
        })
        .collect()
}

fn rule(finding: &Finding, package: &Package) -> Value {
    let id = text::plain(&finding.id);
    let mut rule = json!({
        "id": id,
        "shortDescription": {"text": format!("{id} in {}", text::plain(&package.name))},
        "defaultConfiguration": {"level": level(finding.severity)},
        "properties": {
            "security-severity": format!("{:.1}", words::consistent_score(finding)),
            "precision": "very-high",
            "tags": ["security", "vulnerability", finding.severity.name()],
        },
    });
    if let Some(url) = finding.url() {
        rule["helpUri"] = json!(url);
    }
    rule["help"] = json!({"text": help(finding)});
    rule
}

fn help(finding: &Finding) -> String {
    let mut lines = vec![text::plain(&finding.id)];
    if !finding.aliases.is_empty() {
        lines.push(format!(
            "also known as {}",
            text::plain(&finding.aliases.join(", "))
        ));
    }
    lines.extend(finding.urls());
    lines.join("\n")
}

fn result(report: &Report, finding: &Finding, package: &Package) -> Value {
    let purl = package
        .purl(report.inventory.distribution.as_ref())
        .to_string();
    let path = if package.evidence.path.is_empty() {
        &report.target.name
    } else {
        &package.evidence.path
    };
    let mut message = text::plain(&words::description(report, finding, package));
    if let Some(solution) = words::solution(finding, package) {
        message.push(' ');
        message.push_str(&text::plain(&solution));
        message.push('.');
    }
    let mut properties = json!({
        "purl": purl,
        "severity": finding.severity,
        "state": finding.state,
        "origin": finding.origin,
        "installedVersion": package.version,
        "knownExploited": finding.kev.is_some(),
    });
    if let Some(fixed) = &finding.fixed_version {
        properties["fixedVersion"] = json!(fixed);
    }
    if let Some(day) = finding.published {
        properties["published"] = json!(day);
    }
    if let Some(layer) = words::layer(report, package) {
        properties["layerDiffId"] = json!(layer.diff_id);
    }
    let fingerprint = words::stable_id(&[
        &finding.id,
        package.kind.purl_type(),
        &package.name,
        &package.evidence.path,
    ]);
    json!({
        "level": level(finding.severity),
        "message": {"text": message},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": text::uri_path(path)},
                "region": {"startLine": package.line.unwrap_or(1).max(1)},
            },
            "logicalLocations": [{
                "name": text::plain(&package.name),
                "fullyQualifiedName": purl,
                "kind": "module",
            }],
        }],
        "partialFingerprints": {"seaworthyFinding/v1": fingerprint.to_string()},
        "properties": properties,
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Negligible | Severity::Unknown => "note",
    }
}
