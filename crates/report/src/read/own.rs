//! Our own JSON, any 1.x: fields that a later version adds are left out, words that it adds are
//! read as unknown.

use std::collections::HashSet;

use seaworthy_model::{
    CoverageEntry, Distribution, Epss, LicenseClass, LicenseFinding, Location, Misconfiguration,
    Origin, Package, Rating, Secret, Target,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fields::{self, get, list, path, string, strings, text};
use super::{
    License, ReadError, ReportFormat, ScanKind, ScannerName, ScannerReport, Vulnerability,
};

pub(super) fn read(document: &Value) -> Result<ScannerReport, ReadError> {
    let report = read_any(document)?;
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
    Ok(report)
}

/// What a report says, however much of its target could be assessed.
pub(super) fn read_any(document: &Value) -> Result<ScannerReport, ReadError> {
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
    report.image = one(get(inventory, "image"));
    report.support = one(get(document, "support"));
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
    let others = Others::of(document);
    for entry in list(inventory, "coverage") {
        match one::<CoverageEntry>(entry) {
            Some(entry) if others.told(&entry.subject) => {}
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
    let mut skipped = 0;
    if !get(document, "findings").is_array() {
        return Err(ReadError::Shape {
            format: ReportFormat::Seaworthy,
            what: "it has no list of findings".to_owned(),
        });
    }
    for entry in list(document, "findings") {
        match vulnerability(entry, &packages) {
            Some(found) if others.found(&found) => {}
            Some(found) => report.vulnerabilities.push(found),
            None => skipped += 1,
        }
    }
    report.note_skipped(skipped, "a package");
    asked_for(&mut report, document);
    for (key, kind) in [
        ("secrets", ScanKind::Secret),
        ("misconfigurations", ScanKind::Config),
        ("licenses", ScanKind::License),
    ] {
        if !fields::answer(document, key, ReportFormat::Seaworthy)?.is_empty() {
            report.kinds.insert(kind);
        }
    }
    report.secrets = list(document, "secrets")
        .iter()
        .filter_map(one::<Secret>)
        .filter(|secret| !others.has("secrets", &secret.location, &secret.title))
        .collect();
    report.misconfigurations = list(document, "misconfigurations")
        .iter()
        .filter_map(one::<Misconfiguration>)
        .filter(|issue| !others.has("misconfigurations", &issue.location, &issue.title))
        .collect();
    report.licenses = list(document, "licenses")
        .iter()
        .filter_map(|entry| license(entry, &packages))
        .filter(|license| !others.has("licenses", &license.location, &license.license))
        .collect();
    Ok(report)
}

/// What the report says that it looked for; older ones do not say.
fn asked_for(report: &mut ScannerReport, document: &Value) {
    let asked = list(document, "scanners");
    if asked.is_empty() {
        return;
    }
    report.kinds = asked
        .iter()
        .filter_map(|word| ScanKind::of_scanner_word(word.as_str()?))
        .collect();
    for entry in report.coverage.entries.clone() {
        if entry.kind == seaworthy_model::CoverageKind::ScannerMissing {
            missing(report, &entry.subject);
        }
    }
}

/// What only other scanners found: a report of `scan --with` says so under `merge`, and that is
/// not ours.
struct Others {
    /// The names before their gaps: `trivy: vulnerability`.
    scanners: Vec<String>,
    vulnerabilities: HashSet<(String, String, String)>,
    issues: HashSet<(&'static str, String, u64, String)>,
}

impl Others {
    fn of(document: &Value) -> Self {
        let merge = get(document, "merge");
        let theirs = |entry: &&Value| {
            !strings(entry, "found_by")
                .iter()
                .any(|name| name == ScannerName::Seaworthy.as_str())
        };
        let vulnerabilities = list(merge, "findings")
            .iter()
            .filter(theirs)
            .map(|entry| {
                let package = get(entry, "package");
                (
                    string(entry, "id"),
                    string(package, "name"),
                    string(package, "version"),
                )
            })
            .collect();
        let issues = [
            ("secrets", "title"),
            ("misconfigurations", "title"),
            ("licenses", "license"),
        ]
        .into_iter()
        .flat_map(|(kind, title)| {
            list(merge, kind).iter().filter(theirs).map(move |entry| {
                let location = get(entry, "location");
                (
                    kind,
                    string(location, "path"),
                    get(location, "start_line").as_u64().unwrap_or_default(),
                    string(entry, title),
                )
            })
        })
        .collect();
        let scanners = list(merge, "scanners")
            .iter()
            .map(|row| text(row, "scanner"))
            .filter(|name| !name.is_empty() && *name != ScannerName::Seaworthy.as_str())
            .map(str::to_owned)
            .collect();
        Self {
            scanners,
            vulnerabilities,
            issues,
        }
    }

    /// Whether a gap is one of theirs.
    fn told(&self, subject: &str) -> bool {
        let scanner = subject.split(": ").next().unwrap_or_default();
        self.scanners.iter().any(|name| name == scanner)
    }

    fn found(&self, found: &Vulnerability) -> bool {
        !self.vulnerabilities.is_empty()
            && self.vulnerabilities.contains(&(
                found.id.clone(),
                found.package.name.clone(),
                found.package.version.clone(),
            ))
    }

    fn has(&self, kind: &'static str, location: &Location, title: &str) -> bool {
        !self.issues.is_empty()
            && self.issues.contains(&(
                kind,
                location.path.clone(),
                u64::from(location.start_line),
                title.to_owned(),
            ))
    }
}

/// A report that could not be assessed is no answer, unless somebody accepted that.
fn fatal(document: &Value, report: &ScannerReport) -> bool {
    report.coverage.has_fatal() && get(document, "unknown_allowed").as_bool() != Some(true)
}

fn missing(report: &mut ScannerReport, subject: &str) {
    let kind = match subject {
        "vuln" | "vulnerability" => ScanKind::Vulnerability,
        "secret" => ScanKind::Secret,
        "config" => ScanKind::Config,
        "license" => ScanKind::License,
        _ => return,
    };
    report.kinds.remove(&kind);
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
    found.published = fields::date(entry, "published");
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
