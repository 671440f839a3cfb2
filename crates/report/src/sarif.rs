//! SARIF 2.1.0.

use std::collections::BTreeMap;

use seaworthy_model::{ExitClass, Finding, Package, Report, Severity};
use serde_json::{Value, json};

use crate::{text, words};

/// The log with one run.
pub(crate) fn document(report: &Report) -> Value {
    let mut worst: BTreeMap<&str, (&Finding, &Package)> = BTreeMap::new();
    for (finding, package) in words::findings(report) {
        let entry = worst.entry(&finding.id).or_insert((finding, package));
        if finding.severity > entry.0.severity {
            *entry = (finding, package);
        }
    }
    let indices: BTreeMap<&str, usize> = worst.keys().copied().zip(0..).collect();
    let rules: Vec<Value> = worst.values().map(|(f, p)| rule(f, p)).collect();
    let results: Vec<Value> = words::findings(report)
        .map(|(f, p)| result(report, f, p, indices.get(f.id.as_str()).copied()))
        .collect();
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
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    })
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

fn result(report: &Report, finding: &Finding, package: &Package, rule: Option<usize>) -> Value {
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
    if let Some(layer) = words::layer(report, package) {
        properties["layerDiffId"] = json!(layer.diff_id);
    }
    let fingerprint = words::stable_id(&[
        &finding.id,
        package.kind.purl_type(),
        &package.name,
        &package.evidence.path,
    ]);
    let mut result = json!({
        "ruleId": text::plain(&finding.id),
        "level": level(finding.severity),
        "message": {"text": message},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": text::uri_path(path)},
                "region": {"startLine": 1},
            },
            "logicalLocations": [{
                "name": text::plain(&package.name),
                "fullyQualifiedName": purl,
                "kind": "module",
            }],
        }],
        "partialFingerprints": {"seaworthyFinding/v1": fingerprint.to_string()},
        "properties": properties,
    });
    if let Some(index) = rule {
        result["ruleIndex"] = json!(index);
    }
    result
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Negligible | Severity::Unknown => "note",
    }
}
