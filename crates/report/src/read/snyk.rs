//! `snyk container test --json`: an image, its applications, or a list of them.

use std::collections::BTreeSet;

use seaworthy_model::{Origin, PackageType, State};
use serde_json::Value;

use super::fields::{self, first, get, list, path, string, strings, text};
use super::packages::{self, package};
use super::{
    Ignored, ReadError, ReportFormat, ScanKind, ScannerName, ScannerReport, Vulnerability,
};

pub(super) fn read(document: &Value) -> Result<ScannerReport, ReadError> {
    let mut report = ScannerReport::new(ScannerName::Snyk, ReportFormat::Snyk);
    report.target.source = "snyk".to_owned();
    report.kinds.insert(ScanKind::Vulnerability);
    let projects: Vec<&Value> = match document.as_array() {
        Some(list) => list.iter().collect(),
        None => vec![document],
    };
    let mut skipped = 0;
    for (number, image) in projects.into_iter().enumerate() {
        let error = get(image, "error");
        let message = error
            .as_str()
            .or_else(|| error.get("message").and_then(Value::as_str));
        if let Some(message) = message {
            return Err(ReadError::ScannerFailed {
                scanner: ScannerName::Snyk,
                message: message.to_owned(),
            });
        }
        if !get(image, "vulnerabilities").is_array() {
            return Err(ReadError::ScannerFailed {
                scanner: ScannerName::Snyk,
                message: "the report has no list of vulnerabilities".to_owned(),
            });
        }
        if number == 0 {
            report.target.name = first(image, &["path", "projectName"])
                .trim_start_matches("docker-image|")
                .to_owned();
            let digest = string(path(image, &["docker"]), "imageId");
            report
                .digests
                .extend((!digest.is_empty()).then_some(digest));
        }
        project(&mut report, image, &mut skipped)?;
        for application in fields::answer(image, "applications", ReportFormat::Snyk)? {
            project(&mut report, application, &mut skipped)?;
        }
    }
    report.note_skipped(skipped, "an id");
    Ok(report)
}

fn project(
    report: &mut ScannerReport,
    project: &Value,
    skipped: &mut usize,
) -> Result<(), ReadError> {
    let manager = text(project, "packageManager");
    report.covers.extend(packages::kind(manager));
    let file = text(project, "targetFile");
    let mut seen = BTreeSet::new();
    for entry in fields::answer(project, "vulnerabilities", ReportFormat::Snyk)? {
        if text(entry, "type") == "license" || !get(entry, "license").is_null() {
            continue;
        }
        let Some(found) = vulnerability(report, entry, manager, file) else {
            *skipped += 1;
            continue;
        };
        // The same vulnerability comes once per way to the package.
        let key = (
            found.id.clone(),
            found.package.name.clone(),
            found.package.version.clone(),
        );
        if seen.insert(key) {
            report.vulnerabilities.push(found);
        }
    }
    for entry in list(path(project, &["filtered"]), "ignore") {
        if let Some(vulnerability) = vulnerability(report, entry, manager, file) {
            let reason = path(entry, &["filtered", "ignored"])
                .as_array()
                .and_then(|l| l.first())
                .map_or("", |i| text(i, "reason"));
            report.ignored.push(Ignored {
                vulnerability,
                cleared: false,
                reason: if reason.is_empty() {
                    "ignored by the .snyk policy".to_owned()
                } else {
                    format!("ignored by the .snyk policy: {reason}")
                },
            });
        }
    }
    Ok(())
}

fn vulnerability(
    report: &mut ScannerReport,
    entry: &Value,
    manager: &str,
    file: &str,
) -> Option<Vulnerability> {
    let own = text(entry, "id");
    if own.is_empty() {
        return None;
    }
    let identifiers = get(entry, "identifiers");
    let mut others = strings(identifiers, "CVE");
    others.extend(strings(identifiers, "GHSA"));
    others.extend(
        strings(identifiers, "ALTERNATIVE")
            .into_iter()
            .filter(|a| fields::is_vulnerability_id(a)),
    );
    // Snyk's entries may cover several CVEs; then their own id is what names them.
    let cves: Vec<&String> = others.iter().filter(|o| o.starts_with("CVE-")).collect();
    let id = match cves.as_slice() {
        [only] => (*only).clone(),
        _ => own.to_owned(),
    };
    others.push(own.to_owned());
    // `debian:12` names the release too.
    let manager = match text(entry, "packageManager") {
        "" => manager,
        own => own,
    };
    let kind = packages::kind(manager);
    let is_os = kind.is_some_and(PackageType::is_os);
    if is_os
        && report.distribution.is_none()
        && let Some((name, version)) = manager.split_once(':')
    {
        report.distribution = packages::distribution(name, version);
    }
    let installed = text(entry, "version");
    // `name` is `source/binary` for packages of distributions, `packageName` the source.
    let name = first(entry, &["name", "packageName", "moduleName"]);
    let (source, name) = match name.split_once('/') {
        Some((source, binary)) if is_os => (Some(source), binary),
        _ => (None, name),
    };
    let mut package = package("", kind, name, installed, file);
    package.source_name = source
        .or(Some(text(entry, "packageName")).filter(|p| is_os && !p.is_empty()))
        .filter(|s| *s != name)
        .map(str::to_owned);
    let mut found = Vulnerability::new(id.clone(), package);
    (found.aliases, found.advisories) = fields::sort_ids(&id, others);
    let mut fixes = vec![string(entry, "nearestFixedInVersion")];
    fixes.extend(strings(entry, "fixedIn"));
    fixes.retain(|f| !f.is_empty());
    found.fixed_version =
        packages::lowest_fix(kind.unwrap_or(PackageType::Generic), installed, fixes);
    found.state = if found.fixed_version.is_some() {
        State::Fixed
    } else {
        State::Affected
    };
    found.severity = fields::severity(first(entry, &["severityWithCritical", "severity"]));
    found.severity_source = "snyk".to_owned();
    found.source = "snyk".to_owned();
    let score = fields::score(get(entry, "cvssScore"));
    let vector = first(entry, &["CVSSv4", "CVSSv3"]);
    found.ratings = fields::rating("snyk", Some(found.severity), vector, score)
        .into_iter()
        .collect();
    for (source, key) in [
        ("nvd", "nvdSeverity"),
        ("distribution", "relativeImportance"),
    ] {
        let word = text(entry, key);
        if !word.is_empty() {
            found.ratings.extend(fields::rating(
                source,
                Some(fields::severity(word)),
                "",
                None,
            ));
        }
    }
    found.published = fields::earliest(entry, &["publicationTime", "disclosureTime"]);
    found.title = string(entry, "title");
    found.origin = if !text(entry, "dockerBaseImage").is_empty()
        && text(entry, "dockerfileInstruction").is_empty()
    {
        Origin::Base
    } else if text(entry, "dockerfileInstruction").is_empty() {
        Origin::Unknown
    } else {
        Origin::Application
    };
    Some(found)
}
