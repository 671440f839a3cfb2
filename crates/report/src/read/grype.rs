//! Grype's JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use seaworthy_model::{Epss, ImageFacts, KnownExploited, Rating, State, TargetKind};
use serde_json::Value;

use super::fields::{self, first, get, list, path, string, strings, text};
use super::image;
use super::packages::{self, package};
use super::{Ignored, ReportFormat, ScanKind, ScannerName, ScannerReport, Vulnerability};

pub(super) fn read(document: &Value) -> ScannerReport {
    let mut report = ScannerReport::new(ScannerName::Grype, ReportFormat::Grype);
    let descriptor = get(document, "descriptor");
    report.tool.version = string(descriptor, "version");
    target(&mut report, document);
    report.kinds.insert(ScanKind::Vulnerability);
    let mut skipped = 0;
    for entry in list(document, "matches") {
        let found = vulnerabilities(entry);
        skipped += usize::from(found.is_empty());
        report.vulnerabilities.extend(found);
    }
    for entry in list(document, "ignoredMatches") {
        let reason = ignore_reason(entry);
        let cleared = list(entry, "appliedIgnoreRules")
            .iter()
            .any(|rule| !text(rule, "vex-status").is_empty());
        report.ignored.extend(
            vulnerabilities(entry)
                .into_iter()
                .map(|vulnerability| Ignored {
                    vulnerability,
                    reason: reason.clone(),
                    cleared,
                }),
        );
    }
    report.note_skipped(skipped, "an id");
    report
}

fn target(report: &mut ScannerReport, document: &Value) {
    let source = get(document, "source");
    let target = get(source, "target");
    report.target.source = "grype".to_owned();
    match target.as_str() {
        Some(name) => {
            name.clone_into(&mut report.target.name);
            report.target.kind = TargetKind::Directory;
        }
        None => {
            report.target.name = first(target, &["userInput", "imageID"]).to_owned();
        }
    }
    for key in ["imageID", "manifestDigest"] {
        let digest = text(target, key);
        report
            .digests
            .extend((!digest.is_empty()).then(|| digest.to_owned()));
    }
    // The configuration as it lies in the registry, in base64.
    let config = STANDARD.decode(text(target, "config")).unwrap_or_default();
    let config: Value = serde_json::from_slice(&config).unwrap_or_default();
    let digest = |key: &str| Some(string(target, key)).filter(|digest| !digest.is_empty());
    report.image = image::facts(&config, &[]).map(|facts| ImageFacts {
        config_digest: digest("imageID"),
        manifest_digest: digest("manifestDigest"),
        ..facts
    });
    let distro = get(document, "distro");
    report.distribution =
        packages::distribution(first(distro, &["id", "name"]), text(distro, "version"));
}

/// One per vulnerability: an advisory of a distribution that covers several is several.
fn vulnerabilities(entry: &Value) -> Vec<Vulnerability> {
    let vulnerability = get(entry, "vulnerability");
    let id = text(vulnerability, "id");
    if id.is_empty() {
        return Vec::new();
    }
    let mut related: Vec<String> = list(entry, "relatedVulnerabilities")
        .iter()
        .map(|r| string(r, "id"))
        .collect();
    related.sort();
    related.dedup();
    let single = self::vulnerability(entry, vulnerability);
    if !fields::is_bundle(id) || related.is_empty() {
        let mut found = single;
        (found.aliases, found.advisories) = fields::sort_ids(id, related);
        return vec![found];
    }
    related
        .into_iter()
        .filter(|r| !r.is_empty())
        .map(|r| Vulnerability {
            id: r,
            advisories: vec![id.to_owned()],
            ..single.clone()
        })
        .collect()
}

fn vulnerability(entry: &Value, vulnerability: &Value) -> Vulnerability {
    let artifact = get(entry, "artifact");
    let location = list(artifact, "locations").first();
    let file = location.map_or("", |l| first(l, &["accessPath", "path"]));
    let kind = packages::kind(text(artifact, "type"));
    let installed = text(artifact, "version");
    let mut package = package(
        text(artifact, "purl"),
        kind,
        text(artifact, "name"),
        installed,
        file,
    );
    if let Some(upstream) = list(artifact, "upstreams").first()
        && package.source_name.is_none()
        && package.kind.is_os()
        && !text(upstream, "name").is_empty()
    {
        package.source_name = Some(string(upstream, "name"));
        package.source_version =
            Some(string(upstream, "version")).filter(|v| !v.is_empty() && *v != package.version);
    }
    let kind = package.kind;
    let mut found = Vulnerability::new(text(vulnerability, "id"), package);
    let fix = get(vulnerability, "fix");
    found.fixed_version = packages::lowest_fix(kind, installed, strings(fix, "versions"));
    found.state = match text(fix, "state") {
        "" | "unknown" if found.fixed_version.is_none() => State::Unknown,
        "" | "unknown" => State::Fixed,
        word => fields::state(word),
    };
    found.severity = fields::severity(text(vulnerability, "severity"));
    let namespace = text(vulnerability, "namespace");
    found.source = source_of(namespace);
    found.severity_source.clone_from(&found.source);
    found.ratings = ratings(vulnerability, &found.source);
    for related in list(entry, "relatedVulnerabilities") {
        let source = source_of(text(related, "namespace"));
        found.ratings.extend(ratings(related, &source));
    }
    found.title = text(vulnerability, "description")
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect();
    found.epss = list(vulnerability, "epss").first().and_then(|e| {
        Some(Epss {
            score: fields::number(get(e, "epss"))?,
            percentile: fields::number(get(e, "percentile"))?,
        })
    });
    found.kev = list(vulnerability, "knownExploited")
        .first()
        .map(|k| KnownExploited {
            date_added: string(k, "dateAdded"),
            due_date: string(k, "dueDate"),
            ransomware: text(k, "knownRansomwareCampaignUse").eq_ignore_ascii_case("known"),
        });
    found
}

/// `debian:distro:debian:12`, `github:language:javascript`, `nvd:cpe`.
fn source_of(namespace: &str) -> String {
    match namespace.split(':').next().unwrap_or_default() {
        "github" => "ghsa",
        other => other,
    }
    .to_owned()
}

fn ratings(vulnerability: &Value, source: &str) -> Vec<Rating> {
    let severity = text(vulnerability, "severity");
    let severity = (!severity.is_empty()).then(|| fields::severity(severity));
    let scored: Vec<Rating> = list(vulnerability, "cvss")
        .iter()
        .filter_map(|cvss| {
            let score = fields::score(path(cvss, &["metrics", "baseScore"]));
            let source = match text(cvss, "source") {
                "" => source,
                "nvd@nist.gov" => "nvd",
                other => other,
            };
            fields::rating(source, None, text(cvss, "vector"), score)
        })
        .collect();
    if scored.iter().any(|r| r.source == source) {
        return scored;
    }
    fields::rating(source, severity, "", None)
        .into_iter()
        .chain(scored)
        .collect()
}

fn ignore_reason(entry: &Value) -> String {
    let rules: Vec<String> = list(entry, "appliedIgnoreRules")
        .iter()
        .map(|rule| {
            let mut parts = Vec::new();
            for (key, word) in [
                ("reason", ""),
                ("fix-state", "fix state "),
                ("vex-status", "VEX "),
                ("vulnerability", "rule for "),
            ] {
                let value = text(rule, key);
                if !value.is_empty() {
                    parts.push(format!("{word}{value}"));
                }
            }
            parts.join(", ")
        })
        .filter(|r| !r.is_empty())
        .collect();
    if rules.is_empty() {
        "an ignore rule".to_owned()
    } else {
        rules.join("; ")
    }
}
