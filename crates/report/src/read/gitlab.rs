//! GitLab's security reports: container scanning, dependency scanning, SAST, secret detection;
//! 14.x, 15.x and what older analysers wrote.

use seaworthy_model::{
    CoverageEntry, CoverageKind, Location, Misconfiguration, Rating, Secret, State, TargetKind,
};
use serde_json::Value;

use super::fields::{self, first, get, line, list, path, string, text};
use super::packages::{self, package};
use super::{ReadError, ReportFormat, ScanKind, ScannerName, ScannerReport, Vulnerability};

pub(super) fn read(document: &Value) -> Result<ScannerReport, ReadError> {
    let scan = get(document, "scan");
    let entries = list(document, "vulnerabilities");
    let scanner = get(scan, "scanner");
    // Before 14, each vulnerability named the scanner.
    let scanner = match entries.first() {
        Some(entry) if text(scanner, "id").is_empty() => get(entry, "scanner"),
        _ => scanner,
    };
    let id = first(scanner, &["id", "name"]);
    let name = ScannerName::from(if id.is_empty() { "gitlab" } else { id }.to_owned());
    let mut report = ScannerReport::new(name, ReportFormat::GitLab);
    report.tool.version = string(scanner, "version");
    report.target.source = "gitlab".to_owned();
    let version = text(document, "version");
    let major: u32 = version
        .split('.')
        .next()
        .and_then(|m| m.parse().ok())
        .unwrap_or_default();
    if !(2..=15).contains(&major) {
        report.gap(format!(
            "schema version `{version}` is not known (2 to 15 are), fields may be missed"
        ));
    }
    let kind = match text(scan, "type") {
        "" => entries.first().map_or("", |e| text(e, "category")),
        kind => kind,
    };
    failure(&report, scan)?;
    for message in list(scan, "messages") {
        if matches!(text(message, "level"), "warn" | "fatal") {
            report.coverage.add(CoverageEntry::new(
                CoverageKind::SkippedFile,
                format!("scan of {}", report.scanner),
                text(message, "value"),
            ));
        }
    }
    let mut skipped = 0;
    match kind {
        "secret_detection" => {
            report.kinds.insert(ScanKind::Secret);
            report.target.kind = TargetKind::Directory;
            report.secrets = entries.iter().map(secret).collect();
        }
        "sast" => {
            report.kinds.insert(ScanKind::Config);
            report.target.kind = TargetKind::Directory;
            report.misconfigurations = entries.iter().map(misconfiguration).collect();
        }
        "container_scanning"
        | "container_scanning_for_registry"
        | "cluster_image_scanning"
        | "dependency_scanning" => {
            report.kinds.insert(ScanKind::Vulnerability);
            for entry in entries {
                match vulnerability(&mut report, entry) {
                    Some(found) => report.vulnerabilities.push(found),
                    None => skipped += 1,
                }
            }
        }
        "" => {
            return Err(ReadError::Shape {
                format: ReportFormat::GitLab,
                what: "nothing in it says what kind of scan it is (`scan.type`)".to_owned(),
            });
        }
        other => {
            return Err(ReadError::OtherKind {
                format: ReportFormat::GitLab,
                what: other.to_owned(),
                instead: "container_scanning, dependency_scanning, sast or secret_detection",
            });
        }
    }
    report.note_skipped(skipped, "an id");
    Ok(report)
}

/// A scan that says it failed has no answer, whatever the list of vulnerabilities holds.
fn failure(report: &ScannerReport, scan: &Value) -> Result<(), ReadError> {
    if text(scan, "status") != "failure" {
        return Ok(());
    }
    let message = list(scan, "messages")
        .iter()
        .find(|m| matches!(text(m, "level"), "fatal"))
        .or_else(|| list(scan, "messages").first())
        .map_or("", |m| text(m, "value"));
    Err(ReadError::ScannerFailed {
        scanner: report.scanner.clone(),
        message: if message.is_empty() {
            "the scan's status is failure"
        } else {
            message
        }
        .to_owned(),
    })
}

fn vulnerability(report: &mut ScannerReport, entry: &Value) -> Option<Vulnerability> {
    let mut ids: Vec<String> = list(entry, "identifiers")
        .iter()
        .map(|i| first(i, &["value", "name"]).to_owned())
        .filter(|id| fields::is_vulnerability_id(id))
        .collect();
    if ids.is_empty() {
        // An end of life, or an id of the scanner's own.
        ids.extend(
            list(entry, "identifiers")
                .iter()
                .map(|i| string(i, "value")),
        );
        ids.retain(|id| !id.is_empty());
    }
    let id = ids.first()?.clone();
    let location = get(entry, "location");
    let dependency = get(location, "dependency");
    let system = text(location, "operating_system");
    let mut words = system.splitn(2, [' ', ':']);
    let family = words.next().unwrap_or_default();
    let release = words.next().unwrap_or_default();
    let is_system = !system.is_empty() && !system.eq_ignore_ascii_case("unknown");
    if is_system && report.distribution.is_none() {
        report.distribution = packages::distribution(family, release);
    }
    let image = text(location, "image");
    if report.target.name.is_empty() {
        image.clone_into(&mut report.target.name);
        report.target.kind = if image.is_empty() {
            TargetKind::Directory
        } else {
            TargetKind::Image
        };
    }
    let details = get(entry, "details");
    let detail = |key: &str| text(get(details, key), "value");
    let file = match text(location, "file") {
        "" => detail("path"),
        file => file,
    };
    let kind = if is_system {
        packages::kind(family)
    } else {
        file_kind(file)
    };
    let package = package(
        "",
        kind,
        text(get(dependency, "package"), "name"),
        text(dependency, "version"),
        file,
    );
    let mut found = Vulnerability::new(id.clone(), package);
    (found.aliases, found.advisories) = fields::sort_ids(&id, ids);
    found.fixed_version = fixed(entry, detail("fixed_version"));
    found.state = match detail("vendor_status") {
        "" if found.fixed_version.is_some() => State::Fixed,
        "" => State::Unknown,
        word => fields::state(word),
    };
    found.severity = fields::severity(text(entry, "severity"));
    found.severity_source = detail("severity_source").to_owned();
    found.published = fields::date(get(details, "published"), "value");
    found.ratings = list(entry, "cvss_vectors")
        .iter()
        .filter_map(|v| {
            fields::rating(
                &text(v, "vendor").to_lowercase(),
                Some(found.severity),
                text(v, "vector"),
                None,
            )
        })
        .collect::<Vec<Rating>>();
    found.title = first(entry, &["name", "message"]).to_owned();
    Some(found)
}

/// `Upgrade zlib from 1.2 to 1.3`, as Trivy's and our own reports for GitLab say it.
fn fixed(entry: &Value, detail: &str) -> Option<String> {
    if !detail.is_empty() {
        return Some(detail.to_owned());
    }
    let solution = text(entry, "solution");
    let (_, version) = solution
        .strip_prefix("Upgrade ")
        .and_then(|rest| rest.rsplit_once(" to "))?;
    let version = version.split_whitespace().next().unwrap_or_default();
    let version = version.trim_end_matches([':', ',', ';']);
    version
        .starts_with(|c: char| c.is_ascii_digit() || c == 'v')
        .then(|| version.to_owned())
}

/// The type of a language package, by the file that names it.
fn file_kind(file: &str) -> Option<seaworthy_model::PackageType> {
    use seaworthy_model::PackageType as Kind;
    let name = file.rsplit('/').next().unwrap_or_default();
    Some(match name {
        "package.json"
        | "package-lock.json"
        | "npm-shrinkwrap.json"
        | "yarn.lock"
        | "pnpm-lock.yaml" => Kind::Npm,
        "METADATA" | "PKG-INFO" | "requirements.txt" | "Pipfile.lock" | "poetry.lock"
        | "uv.lock" => Kind::PyPi,
        "go.mod" | "go.sum" => Kind::Go,
        "Cargo.lock" => Kind::Cargo,
        "Gemfile.lock" => Kind::Gem,
        "composer.lock" | "installed.json" => Kind::Composer,
        "pom.xml" | "gradle.lockfile" => Kind::Maven,
        "packages.lock.json" => Kind::NuGet,
        _ if name.ends_with(".jar") || name.ends_with(".war") => Kind::Maven,
        _ if name.ends_with(".gemspec") => Kind::Gem,
        _ if name.ends_with(".deps.json") => Kind::NuGet,
        _ => return None,
    })
}

fn location(entry: &Value) -> Location {
    let location = get(entry, "location");
    let start = line(location, "start_line");
    Location {
        path: text(location, "file").trim_start_matches('/').to_owned(),
        start_line: start,
        end_line: line(location, "end_line").max(start),
        ..Location::default()
    }
}

fn rule(entry: &Value) -> String {
    let identifiers = list(entry, "identifiers");
    identifiers
        .first()
        .map_or_else(|| string(entry, "cve"), |i| string(i, "value"))
}

fn secret(entry: &Value) -> Secret {
    Secret {
        rule: rule(entry),
        title: first(entry, &["name", "message"]).to_owned(),
        severity: fields::severity(text(entry, "severity")),
        location: location(entry),
        // GitLab's analyser writes the secret as it is; only its kind is kept.
        masked: mask(text(entry, "raw_source_code_extract")),
        fingerprint: String::new(),
        deleted_later: false,
    }
}

/// At most four characters of a secret, and none of a short one.
fn mask(text: &str) -> String {
    if text.contains("***") {
        return text.chars().take(200).collect();
    }
    let shown = if text.chars().count() >= 16 { 4 } else { 0 };
    let head: String = text.chars().take(shown).collect();
    format!("{head}{}", "*".repeat(8))
}

fn misconfiguration(entry: &Value) -> Misconfiguration {
    let mut references: Vec<String> = list(entry, "identifiers")
        .iter()
        .skip(1)
        .map(|i| string(i, "value"))
        .filter(|v| !v.is_empty())
        .collect();
    references.sort();
    references.dedup();
    Misconfiguration {
        rule: rule(entry),
        references,
        kind: text(path(entry, &["details", "kind"]), "value").to_owned(),
        title: first(entry, &["name", "message"]).to_owned(),
        severity: fields::severity(text(entry, "severity")),
        location: location(entry),
        object: text(path(entry, &["details", "object"]), "value").to_owned(),
        message: first(entry, &["description", "message", "name"])
            .chars()
            .take(2000)
            .collect(),
        fix: string(entry, "solution"),
        url: list(entry, "links")
            .first()
            .map_or_else(String::new, |l| string(l, "url")),
    }
}
