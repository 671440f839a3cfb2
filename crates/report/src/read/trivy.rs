//! Trivy's JSON, `SchemaVersion` 2.

use std::collections::BTreeMap;

use seaworthy_model::{
    ImageFacts, LicenseClass, Location, Misconfiguration, PackageType, Rating, Secret, Severity,
    State, Support, TargetKind,
};
use serde_json::Value;

use super::fields::{self, first, get, line, list, path, string, strings, text};
use super::image;
use super::packages::{self, package};
use super::{
    Ignored, License, ReadError, ReportFormat, ScanKind, ScannerName, ScannerReport, Vulnerability,
};

/// The shape that is known.
const KNOWN: u64 = 2;

pub(super) fn read(document: &Value) -> Result<ScannerReport, ReadError> {
    let version = get(document, "SchemaVersion").as_u64().unwrap_or_default();
    if version < KNOWN {
        return Err(ReadError::UnsupportedVersion {
            format: "trivy",
            version: version.to_string(),
        });
    }
    let mut report = ScannerReport::new(ScannerName::Trivy, ReportFormat::Trivy);
    report.tool.version = string(path(document, &["Trivy"]), "Version");
    if version > KNOWN {
        report.gap(format!(
            "schema version {version} is newer than {KNOWN}, fields may be missed"
        ));
    }
    target(&mut report, document);
    let mut skipped = 0;
    let results = answer(document, "Results")?;
    for result in results {
        self::result(&mut report, result, &mut skipped)?;
    }
    report.note_skipped(skipped, "an id");
    if results.is_empty() {
        // One that looked for vulnerabilities lists the packages' class, clean or not; a search for
        // secrets that found none writes the same as one for nothing.
        report.gap("it has no results, so what it looked for is not known");
    }
    Ok(report)
}

fn target(report: &mut ScannerReport, document: &Value) {
    let metadata = get(document, "Metadata");
    report.target.name = string(document, "ArtifactName");
    report.target.source = "trivy".to_owned();
    report.target.kind = match text(document, "ArtifactType") {
        "filesystem" | "repository" => TargetKind::Directory,
        "cyclonedx" | "spdx" => TargetKind::Sbom,
        _ => TargetKind::Image,
    };
    let os = get(metadata, "OS");
    report.distribution = packages::distribution(text(os, "Family"), text(os, "Name"));
    // It says that support has ended and not since when; that it has not is left out.
    report.support = (get(os, "EOSL").as_bool() == Some(true)).then(|| Support {
        end: String::new(),
        ended: true,
    });
    let id = Some(string(metadata, "ImageID")).filter(|id| !id.is_empty());
    let digests: Vec<String> = (strings(metadata, "RepoDigests").iter())
        .filter_map(|digest| Some(digest.split_once('@')?.1.to_owned()))
        .collect();
    report.image =
        image::facts(get(metadata, "ImageConfig"), list(metadata, "Layers")).map(|i| ImageFacts {
            config_digest: id.clone(),
            manifest_digest: digests.first().cloned(),
            ..i
        });
    report.digests.extend(id);
    report.digests.extend(digests);
}

/// The elements of a list on which the answer hangs.
fn answer<'a>(value: &'a Value, key: &str) -> Result<&'a [Value], ReadError> {
    fields::answer(value, key, ReportFormat::Trivy)
}

fn result(
    report: &mut ScannerReport,
    result: &Value,
    skipped: &mut usize,
) -> Result<(), ReadError> {
    let place = text(result, "Target");
    let kind = packages::kind(text(result, "Type"));
    match text(result, "Class") {
        "os-pkgs" | "lang-pkgs" => {
            report.kinds.insert(ScanKind::Vulnerability);
            report.covers.extend(kind);
        }
        "secret" => {
            report.kinds.insert(ScanKind::Secret);
        }
        "config" => {
            report.kinds.insert(ScanKind::Config);
        }
        "license" | "license-file" => {
            report.kinds.insert(ScanKind::License);
        }
        _ => {}
    }
    for entry in list(result, "Packages") {
        report.lists_packages = true;
        let purl = text(get(entry, "Identifier"), "PURL");
        let mut found = package(purl, kind, text(entry, "Name"), "", text(entry, "FilePath"));
        if found.version.is_empty() {
            found.version = full_version(entry, "");
        }
        found.evidence.layer = image::layer_of(report.image.as_ref(), entry);
        let source = text(entry, "SrcName");
        if !source.is_empty() && source != found.name {
            found.source_name = Some(source.to_owned());
        }
        report.packages.push(found);
    }
    for entry in answer(result, "Vulnerabilities")? {
        match vulnerability(entry, kind, place) {
            Some(mut found) => {
                found.package.evidence.layer = image::layer_of(report.image.as_ref(), entry);
                report.vulnerabilities.push(found);
            }
            None => *skipped += 1,
        }
    }
    for entry in list(result, "ExperimentalModifiedFindings") {
        if text(entry, "Type") == "vulnerability"
            && let Some(vulnerability) = vulnerability(get(entry, "Finding"), kind, place)
        {
            let cleared = matches!(text(entry, "Status"), "not_affected" | "fixed");
            let status = text(entry, "Status").replace('_', " ");
            let statement = text(entry, "Statement");
            let reason = if statement.is_empty() {
                status
            } else {
                format!("{status}: {statement}")
            };
            report.ignored.push(Ignored {
                vulnerability,
                reason,
                cleared,
            });
        }
    }
    for entry in answer(result, "Secrets")? {
        report.secrets.push(secret(entry, place));
    }
    for entry in answer(result, "Misconfigurations")? {
        if !matches!(text(entry, "Status"), "PASS" | "EXCEPTION") {
            let kind = text(result, "Type");
            let mut issue = misconfiguration(entry, place, kind);
            // Checks of the image's configuration name the image as their file.
            if place == report.target.name {
                "image configuration".clone_into(&mut issue.location.path);
                "image".clone_into(&mut issue.kind);
            }
            report.misconfigurations.push(issue);
        }
    }
    for entry in answer(result, "Licenses")? {
        report.licenses.push(license(entry));
    }
    Ok(())
}

/// `Epoch`, `Version` and `Release` of a listed package, or of its source.
fn full_version(entry: &Value, prefix: &str) -> String {
    let field = |name: &str| text(entry, &format!("{prefix}{name}"));
    let mut version = String::new();
    let epoch = get(entry, &format!("{prefix}Epoch")).as_u64().unwrap_or(0);
    if epoch > 0 {
        version.push_str(&format!("{epoch}:"));
    }
    version.push_str(field("Version"));
    if !field("Release").is_empty() {
        version.push('-');
        version.push_str(field("Release"));
    }
    version
}

fn vulnerability(entry: &Value, kind: Option<PackageType>, place: &str) -> Option<Vulnerability> {
    let id = text(entry, "VulnerabilityID");
    if id.is_empty() {
        return None;
    }
    let purl = text(get(entry, "PkgIdentifier"), "PURL");
    // Language packages that lie in a file of their own say which; the others lie in the target.
    let own_path = first(entry, &["PkgPath", "PkgRef"]);
    let file = match kind {
        Some(kind) if !kind.is_os() && own_path.is_empty() => place,
        _ => own_path,
    };
    let installed = text(entry, "InstalledVersion");
    let package = package(purl, kind, text(entry, "PkgName"), installed, file);
    let kind = package.kind;
    let mut found = Vulnerability::new(id, package);
    let vendor_ids = strings(entry, "VendorIDs");
    (found.aliases, found.advisories) = fields::sort_ids(id, vendor_ids);
    let fixes = text(entry, "FixedVersion").split(',').map(str::to_owned);
    found.fixed_version = packages::lowest_fix(kind, installed, fixes);
    found.state = match text(entry, "Status") {
        "" if found.fixed_version.is_some() => State::Fixed,
        "" => State::Affected,
        word => fields::state(word),
    };
    found.severity = fields::severity(text(entry, "Severity"));
    found.severity_source = string(entry, "SeveritySource");
    found.ratings = ratings(entry);
    found.published = fields::date(entry, "PublishedDate");
    found.title = string(entry, "Title");
    found.source = string(get(entry, "DataSource"), "ID");
    Some(found)
}

/// `VendorSeverity` (0 to 4 per source) and `CVSS` (vectors and scores per source).
fn ratings(entry: &Value) -> Vec<Rating> {
    let mut ratings: BTreeMap<&str, Rating> = BTreeMap::new();
    for (source, number) in get(entry, "VendorSeverity")
        .as_object()
        .into_iter()
        .flatten()
    {
        let severity = match number.as_u64() {
            Some(1) => Severity::Low,
            Some(2) => Severity::Medium,
            Some(3) => Severity::High,
            Some(4) => Severity::Critical,
            _ => Severity::Unknown,
        };
        ratings
            .extend(fields::rating(source, Some(severity), "", None).map(|r| (source.as_str(), r)));
    }
    for (source, cvss) in get(entry, "CVSS").as_object().into_iter().flatten() {
        for version in ["V40", "V3", "V2"] {
            let vector = text(cvss, &format!("{version}Vector"));
            let score = fields::score(get(cvss, &format!("{version}Score")));
            if vector.is_empty() && score.is_none() {
                continue;
            }
            let severity = ratings.get(source.as_str()).map(|r| r.severity);
            if let Some(rating) = fields::rating(source, severity, vector, score) {
                ratings.insert(source, rating);
            }
            break;
        }
    }
    ratings.into_values().collect()
}

fn location(entry: &Value, place: &str) -> Location {
    let start = line(entry, "StartLine");
    Location {
        path: place.trim_start_matches('/').to_owned(),
        start_line: start,
        end_line: line(entry, "EndLine").max(start),
        ..Location::default()
    }
}

fn secret(entry: &Value, place: &str) -> Secret {
    Secret {
        rule: string(entry, "RuleID"),
        title: string(entry, "Title"),
        severity: fields::severity(text(entry, "Severity")),
        location: location(entry, place),
        // Trivy masks with asterisks; what is kept is limited anyway.
        masked: text(entry, "Match").chars().take(200).collect(),
        fingerprint: String::new(),
        deleted_later: get(entry, "Deleted").as_bool().unwrap_or_default(),
    }
}

fn misconfiguration(entry: &Value, place: &str, kind: &str) -> Misconfiguration {
    let cause = get(entry, "CauseMetadata");
    let mut references: Vec<String> = [text(entry, "AVDID")]
        .into_iter()
        .filter(|id| !id.is_empty() && *id != text(entry, "ID"))
        .map(str::to_owned)
        .collect();
    references.sort();
    Misconfiguration {
        rule: string(entry, "ID"),
        references,
        kind: kind.to_owned(),
        title: string(entry, "Title"),
        severity: fields::severity(text(entry, "Severity")),
        location: location(cause, place),
        object: string(cause, "Resource"),
        message: first(entry, &["Message", "Description"]).to_owned(),
        fix: string(entry, "Resolution"),
        url: string(entry, "PrimaryURL"),
    }
}

fn license(entry: &Value) -> License {
    let class = text(entry, "Category");
    let confidence = fields::number(get(entry, "Confidence")).unwrap_or(1.0);
    License {
        license: string(entry, "Name"),
        class: LicenseClass::ALL
            .into_iter()
            .find(|c| c.name() == class)
            .unwrap_or_default(),
        severity: fields::severity(text(entry, "Severity")),
        package: string(entry, "PkgName"),
        location: Location {
            path: text(entry, "FilePath").trim_start_matches('/').to_owned(),
            ..Location::default()
        },
        confidence: percent(confidence),
    }
}

/// A share of 0 to 1 as a percentage.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is clamped to 0 to 100 right before"
)]
fn percent(share: f64) -> u8 {
    (share * 100.0).clamp(0.0, 100.0).round() as u8
}
