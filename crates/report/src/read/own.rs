//! Our own JSON, any 1.x: fields that a later version adds are left out, words that it adds are
//! read as unknown.

use seaworthy_model::{
    CoverageEntry, Distribution, Epss, LicenseClass, LicenseFinding, Misconfiguration, Origin,
    Package, Rating, Secret, Target,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fields::{self, get, list, path, string, strings, text};
use super::{
    License, ReadError, ReportFormat, ScanKind, ScannerName, ScannerReport, Vulnerability,
};

pub(super) fn read(document: &Value) -> Result<ScannerReport, ReadError> {
    let version = text(document, "schema_version");
    if version.split('.').next() != Some("1") {
        return Err(ReadError::UnsupportedVersion {
            format: "seaworthy",
            version: version.to_owned(),
        });
    }
    let mut report = ScannerReport::new(ScannerName::Seaworthy, ReportFormat::Seaworthy);
    report.tool.version = string(get(document, "tool"), "version");
    report.target = one::<Target>(get(document, "target")).unwrap_or_else(|| Target {
        name: string(get(document, "target"), "name"),
        ..Target::default()
    });
    let inventory = get(document, "inventory");
    report.distribution = one::<Distribution>(get(inventory, "distribution"));
    let image = get(inventory, "image");
    for key in ["manifest_digest", "config_digest"] {
        let digest = string(image, key);
        report
            .digests
            .extend((!digest.is_empty()).then_some(digest));
    }
    report.lists_packages = true;
    report.kinds.insert(ScanKind::Vulnerability);
    // By their place, since findings name packages by their place.
    let packages: Vec<Option<Package>> = list(inventory, "packages").iter().map(one).collect();
    let unread = packages.iter().filter(|p| p.is_none()).count();
    if unread > 0 {
        report.gap(format!("{unread} packages of a kind that is not known"));
    }
    report.packages = packages.iter().flatten().cloned().collect();
    let mut other_gaps = 0;
    for entry in list(inventory, "coverage") {
        match one::<CoverageEntry>(entry) {
            Some(entry) => {
                if entry.kind == seaworthy_model::CoverageKind::ScannerMissing {
                    missing(&mut report, &entry.subject);
                }
                report.coverage.add(entry);
            }
            None => other_gaps += 1,
        }
    }
    if other_gaps > 0 {
        report.gap(format!("{other_gaps} gaps of a kind that is not known"));
    }
    if fatal(document, &report) {
        let why = report
            .coverage
            .entries
            .iter()
            .find(|e| e.kind.is_fatal())
            .map_or_else(String::new, |e| format!("{}: {}", e.subject, e.detail));
        return Err(ReadError::ScannerFailed {
            scanner: ScannerName::Seaworthy,
            message: why,
        });
    }
    let mut skipped = 0;
    for entry in list(document, "findings") {
        match vulnerability(entry, &packages) {
            Some(found) => report.vulnerabilities.push(found),
            None => skipped += 1,
        }
    }
    report.note_skipped(skipped, "a package");
    for (key, kind) in [
        ("secrets", ScanKind::Secret),
        ("misconfigurations", ScanKind::Config),
        ("licenses", ScanKind::License),
    ] {
        if !list(document, key).is_empty() {
            report.kinds.insert(kind);
        }
    }
    report.secrets = list(document, "secrets")
        .iter()
        .filter_map(one::<Secret>)
        .collect();
    report.misconfigurations = list(document, "misconfigurations")
        .iter()
        .filter_map(one::<Misconfiguration>)
        .collect();
    report.licenses = list(document, "licenses")
        .iter()
        .filter_map(|entry| license(entry, &packages))
        .collect();
    Ok(report)
}

/// A report that could not be assessed is no answer, unless somebody accepted that.
fn fatal(document: &Value, report: &ScannerReport) -> bool {
    report.coverage.has_fatal() && get(document, "unknown_allowed").as_bool() != Some(true)
}

fn missing(report: &mut ScannerReport, subject: &str) {
    if matches!(subject, "vuln" | "vulnerability") {
        report.kinds.remove(&ScanKind::Vulnerability);
    }
}

fn one<T: DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}

fn place(value: &Value) -> Option<usize> {
    usize::try_from(get(value, "package").as_u64()?).ok()
}

fn vulnerability(entry: &Value, packages: &[Option<Package>]) -> Option<Vulnerability> {
    let package = packages.get(place(entry)?)?.clone()?;
    let id = text(entry, "id");
    let mut found = Vulnerability::new(id, package);
    let reason = get(entry, "reason");
    let advisory = string(reason, "advisory");
    let others = strings(entry, "aliases").into_iter().chain([advisory]);
    (found.aliases, found.advisories) = fields::sort_ids(id, others);
    found.state = fields::state(text(entry, "state"));
    found.severity = fields::severity(text(entry, "severity"));
    found.severity_source = string(entry, "severity_source");
    found.ratings = list(entry, "ratings")
        .iter()
        .filter_map(one::<Rating>)
        .collect();
    found.epss = one::<Epss>(get(entry, "epss"));
    found.kev = one(get(entry, "kev"));
    found.fixed_version = Some(string(entry, "fixed_version")).filter(|f| !f.is_empty());
    found.source = string(path(entry, &["reason"]), "source");
    found.origin = one::<Origin>(get(entry, "origin")).unwrap_or_default();
    Some(found)
}

fn license(entry: &Value, packages: &[Option<Package>]) -> Option<License> {
    let finding = one::<LicenseFinding>(entry)?;
    let package = finding
        .package
        .and_then(|at| packages.get(at)?.as_ref())
        .map_or_else(String::new, |p| p.name.clone());
    let class: LicenseClass = finding.class;
    Some(License {
        license: finding.license,
        class,
        severity: finding.severity,
        package,
        location: finding.location,
        confidence: finding.confidence,
    })
}
