//! osv-scanner's JSON: OSV records grouped by package and source.

use std::collections::BTreeSet;

use seaworthy_model::{PackageType, Rating, State, TargetKind};
use serde_json::Value;

use super::fields::{self, get, list, path, string, strings, text};
use super::packages::{self, package};
use super::{
    License, ReadError, ReportFormat, ScanKind, ScannerName, ScannerReport, Vulnerability,
};

/// Whether a document is osv-scanner's. Many tools have a list of `results` (Semgrep, Bandit,
/// tfsec), so what stands in it decides; and beside an empty one there must be nothing else.
pub(super) fn is_report(value: &Value) -> bool {
    let Some(results) = get(value, "results").as_array() else {
        return false;
    };
    if results.is_empty() {
        return value.as_object().is_some_and(|members| {
            members.keys().all(|key| {
                matches!(
                    key.as_str(),
                    "results" | "image_metadata" | "license_summary"
                ) || key.starts_with("experimental_")
            })
        });
    }
    results.iter().all(|r| get(r, "packages").is_array())
}

pub(super) fn read(document: &Value) -> Result<ScannerReport, ReadError> {
    let mut report = ScannerReport::new(ScannerName::OsvScanner, ReportFormat::Osv);
    report.target.source = "osv-scanner".to_owned();
    report.kinds.insert(ScanKind::Vulnerability);
    let image = get(document, "image_metadata");
    report.target.kind = if image.is_object() {
        TargetKind::Image
    } else {
        TargetKind::Directory
    };
    let os = text(image, "os");
    if let Some((name, version)) = split_os(os) {
        report.distribution = packages::distribution(name, version);
    }
    let mut skipped = 0;
    for result in list(document, "results") {
        let source = get(result, "source");
        let file = text(source, "path");
        if report.target.name.is_empty() {
            file.clone_into(&mut report.target.name);
        }
        for entry in list(result, "packages") {
            self::entry(&mut report, entry, file, &mut skipped)?;
        }
    }
    report.note_skipped(skipped, "an id");
    Ok(report)
}

/// `Debian GNU/Linux 12 (bookworm)`, `Alpine Linux v3.18`.
fn split_os(os: &str) -> Option<(&str, &str)> {
    let name = os.split_whitespace().next()?;
    let version = os
        .split_whitespace()
        .map(|w| w.trim_start_matches('v'))
        .find(|w| w.starts_with(|c: char| c.is_ascii_digit()))?;
    Some((name, version))
}

fn entry(
    report: &mut ScannerReport,
    entry: &Value,
    file: &str,
    skipped: &mut usize,
) -> Result<(), ReadError> {
    let told = get(entry, "package");
    let ecosystem = text(told, "ecosystem");
    let kind = packages::kind(ecosystem);
    let installed = text(told, "version");
    let mut package = package("", kind, text(told, "name"), installed, file);
    let os_name = text(told, "os_package_name");
    if package.kind.is_os() && !os_name.is_empty() {
        // The record names the source package, this is the installed one.
        package.source_name = Some(std::mem::replace(&mut package.name, os_name.to_owned()));
    }
    report.packages.push(package.clone());
    for name in strings(entry, "licenses") {
        report.kinds.insert(ScanKind::License);
        report.licenses.push(License {
            license: name,
            class: seaworthy_model::LicenseClass::Unknown,
            severity: seaworthy_model::Severity::Unknown,
            package: package.name.clone(),
            location: seaworthy_model::Location {
                path: file.trim_start_matches('/').to_owned(),
                ..Default::default()
            },
            confidence: 100,
        });
    }
    let records = fields::answer(entry, "vulnerabilities", ReportFormat::Osv)?;
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    // Records that are the same vulnerability stand in one group.
    for group in list(entry, "groups") {
        let ids = strings(group, "ids");
        let members: Vec<&Value> = records
            .iter()
            .filter(|r| ids.iter().any(|id| id == text(r, "id")))
            .collect();
        seen.extend(members.iter().map(|r| text(r, "id")));
        let mut others = ids.clone();
        others.extend(strings(group, "aliases"));
        let severity = fields::score(get(group, "max_severity"));
        match vulnerability(&members, others, severity, &package) {
            Some(found) => report.vulnerabilities.push(found),
            None => *skipped += 1,
        }
    }
    for record in records {
        if !seen.contains(text(record, "id")) {
            match vulnerability(&[record], Vec::new(), None, &package) {
                Some(found) => report.vulnerabilities.push(found),
                None => *skipped += 1,
            }
        }
    }
    Ok(())
}

fn vulnerability(
    records: &[&Value],
    mut others: Vec<String>,
    score: Option<f64>,
    package: &seaworthy_model::Package,
) -> Option<Vulnerability> {
    for record in records {
        others.push(string(record, "id"));
        others.extend(strings(record, "aliases"));
        // Distributions' records name the CVE that they are about as upstream.
        let upstream = strings(record, "upstream");
        if upstream.len() == 1 {
            others.extend(upstream);
        }
    }
    others.retain(|o| !o.is_empty());
    others.sort();
    others.dedup();
    let mut cves = others.iter().filter(|o| o.starts_with("CVE-"));
    let id = match (cves.next(), cves.next()) {
        (Some(only), None) => only.clone(),
        _ => others.first()?.clone(),
    };
    let mut found = Vulnerability::new(id.clone(), package.clone());
    (found.aliases, found.advisories) = fields::sort_ids(&id, others);
    let fixes = records.iter().flat_map(|r| fixes(r, package));
    found.fixed_version = packages::lowest_fix(package.kind, &package.version, fixes);
    found.state = if found.fixed_version.is_some() {
        State::Fixed
    } else {
        State::Affected
    };
    found.ratings = records.iter().flat_map(|r| ratings(r)).collect();
    let word = records
        .iter()
        .map(|r| text(get(r, "database_specific"), "severity"))
        .find(|w| !w.is_empty());
    let scored = score.map(seaworthy_model::Severity::from_score);
    found.severity = word.map(fields::severity).or(scored).unwrap_or_default();
    found.published = records
        .iter()
        .filter_map(|r| fields::date(r, "published"))
        .min();
    found.source = "osv".to_owned();
    found.severity_source = match word {
        Some(_)
            if found
                .aliases
                .iter()
                .chain([&id])
                .any(|i| i.starts_with("GHSA-")) =>
        {
            "ghsa"
        }
        _ => "osv",
    }
    .to_owned();
    found.title = records
        .iter()
        .map(|r| text(r, "summary"))
        .find(|s| !s.is_empty())
        .unwrap_or_default()
        .to_owned();
    Some(found)
}

/// Fixed versions of the ranges that are about this package.
fn fixes(record: &Value, package: &seaworthy_model::Package) -> Vec<String> {
    let is_it = |affected: &Value| {
        let name = text(get(affected, "package"), "name");
        let kind = packages::kind(text(get(affected, "package"), "ecosystem"));
        kind == Some(package.kind)
            && (name == package.source_name()
                || name == package.name
                || (package.kind == PackageType::PyPi
                    && seaworthy_model::normal_python_name(name) == package.name))
    };
    list(record, "affected")
        .iter()
        .filter(|a| is_it(a))
        .flat_map(|a| list(a, "ranges"))
        .filter(|r| text(r, "type") != "GIT")
        .flat_map(|r| list(r, "events"))
        .map(|e| string(e, "fixed"))
        .filter(|f| !f.is_empty())
        .collect()
}

fn ratings(record: &Value) -> Vec<Rating> {
    let source = match text(record, "id").split('-').next() {
        Some("GHSA") => "ghsa",
        _ => "osv",
    };
    let word = text(path(record, &["database_specific"]), "severity");
    let severity = (!word.is_empty()).then(|| fields::severity(word));
    list(record, "severity")
        .iter()
        .filter_map(|s| fields::rating(source, severity, text(s, "score"), None))
        .filter(|r| r.vector.as_deref().is_some_and(|v| v.contains('/')))
        .collect()
}
