//! Clair: claircore's `VulnerabilityReport` (Clair 4), and what tools for Clair 2 wrote: the
//! `Layer` of its API, klar and clair-scanner.

use std::collections::BTreeMap;

use seaworthy_model::{Package, PackageType, Rating, State};
use serde_json::Value;

use super::fields::{self, first, get, list, path, string, text};
use super::packages;
use super::{ReadError, ReportFormat, ScanKind, ScannerName, ScannerReport, Vulnerability};

/// Whether a document is of a tool for Clair 2.
pub(super) fn is_version_2(value: &Value) -> bool {
    let features = |layer: &Value| get(layer, "Features").is_array();
    features(get(value, "Layer"))
        || features(path(value, &["data", "Layer"]))
        || list(value, "Layers")
            .iter()
            .any(|l| features(l) || features(get(l, "Layer")))
        || (value.get("LayerCount").is_some() && get(value, "Vulnerabilities").is_object())
        || (get(value, "unapproved").is_array() && get(value, "vulnerabilities").is_array())
}

/// Several documents are several images in one file; only one makes sense here.
pub(super) fn read(documents: &[Value]) -> Result<ScannerReport, ReadError> {
    let [document] = documents else {
        return Err(ReadError::ScannerFailed {
            scanner: ScannerName::Clair,
            message: format!(
                "the file holds the reports of {} images; merge them one by one",
                documents.len()
            ),
        });
    };
    let mut report = ScannerReport::new(ScannerName::Clair, ReportFormat::Clair);
    report.target.source = "clair".to_owned();
    report.kinds.insert(ScanKind::Vulnerability);
    if is_version_2(document) {
        version_2(&mut report, document);
    } else {
        version_4(&mut report, document)?;
    }
    Ok(report)
}

fn version_4(report: &mut ScannerReport, document: &Value) -> Result<(), ReadError> {
    let state = text(document, "state");
    let error = first(document, &["err", "error", "message"]);
    if !error.is_empty() || state == "IndexError" {
        return Err(ReadError::ScannerFailed {
            scanner: ScannerName::Clair,
            message: if error.is_empty() { state } else { error }.to_owned(),
        });
    }
    // An index report lists what is in the image and was not compared with any advisory.
    for key in ["vulnerabilities", "package_vulnerabilities"] {
        if !matches!(document.get(key), Some(Value::Object(_) | Value::Null)) {
            return Err(ReadError::Shape {
                format: ReportFormat::Clair,
                what: format!(
                    "it has no `{key}`, so it is no vulnerability report (an index report is none)"
                ),
            });
        }
    }
    let hash = string(document, "manifest_hash");
    report.target.name.clone_from(&hash);
    report.digests.extend((!hash.is_empty()).then_some(hash));
    report.lists_packages = true;
    let distributions = get(document, "distributions");
    report.distribution = distributions
        .as_object()
        .and_then(|d| d.values().next())
        .and_then(|d| packages::distribution(text(d, "did"), text(d, "version_id")));
    let environments = get(document, "environments");
    let mut known: BTreeMap<&str, Package> = BTreeMap::new();
    for (key, entry) in get(document, "packages").as_object().into_iter().flatten() {
        let environment = list(environments, key).first();
        let package = self::package(entry, environment, report.distribution.is_some());
        if text(entry, "kind") != "source" {
            report.packages.push(package.clone());
        }
        known.insert(key, package);
    }
    let vulnerabilities = get(document, "vulnerabilities");
    let scores = scores(document);
    let mut skipped = 0;
    for (key, ids) in get(document, "package_vulnerabilities")
        .as_object()
        .into_iter()
        .flatten()
    {
        for id in ids
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            let entry = get(vulnerabilities, id);
            match known.get(key.as_str()) {
                Some(package) if !text(entry, "name").is_empty() => {
                    let ratings = scores.get(id).cloned().unwrap_or_default();
                    report
                        .vulnerabilities
                        .push(vulnerability(entry, package, ratings));
                }
                _ => skipped += 1,
            }
        }
    }
    report.note_skipped(skipped, "a name or a package");
    Ok(())
}

/// The package's type is not in the report; what its database is called tells it.
fn package(entry: &Value, environment: Option<&Value>, has_distribution: bool) -> Package {
    let database = environment.map_or("", |e| text(e, "package_db"));
    let (scheme, file) = database.split_once(':').unwrap_or(("", database));
    let kind = match scheme {
        "go" => Some(PackageType::Go),
        "python" => Some(PackageType::PyPi),
        "maven" | "jar" | "file" if file.contains(".jar") => Some(PackageType::Maven),
        "gem" | "ruby" => Some(PackageType::Gem),
        "nodejs" | "npm" => Some(PackageType::Npm),
        "sqlite" | "bdb" | "ndb" => Some(PackageType::Rpm),
        _ if database.contains("lib/dpkg") => Some(PackageType::Deb),
        _ if database.contains("lib/apk") => Some(PackageType::Apk),
        _ if database.contains("lib/pacman") => Some(PackageType::Alpm),
        _ if database.contains("lib/rpm") || database.contains("rpmdb") => Some(PackageType::Rpm),
        _ if database.contains("node_modules") => Some(PackageType::Npm),
        _ if database.contains("site-packages") || database.contains("dist-packages") => {
            Some(PackageType::PyPi)
        }
        _ => None,
    };
    let mut package =
        packages::package("", kind, text(entry, "name"), text(entry, "version"), file);
    let source = get(entry, "source");
    if has_distribution && package.kind.is_os() && !text(source, "name").is_empty() {
        package.source_name = Some(string(source, "name")).filter(|n| *n != package.name);
        package.source_version = Some(string(source, "version")).filter(|v| *v != package.version);
    }
    package.arch = Some(string(entry, "arch")).filter(|a| !a.is_empty());
    package.module = Some(string(entry, "module")).filter(|m| !m.is_empty());
    package
}

fn vulnerability(entry: &Value, package: &Package, ratings: Vec<Rating>) -> Vulnerability {
    // `CVE-2023-1 on Ubuntu 22.04 LTS (jammy) - medium.` and the like begin with the id.
    let name = text(entry, "name");
    let (id, others) = ids(name, text(entry, "links"));
    let mut found = Vulnerability::new(id.clone(), package.clone());
    (found.aliases, found.advisories) = fields::sort_ids(&id, others);
    let fixed = text(entry, "fixed_in_version");
    // Some updaters write a query string: `fixed=1.2.3&introduced=0`.
    let fixed = match fixed.split('&').find_map(|p| p.strip_prefix("fixed=")) {
        Some(version) => version,
        None if fixed.contains('=') => "",
        None => fixed,
    };
    found.fixed_version = packages::lowest_fix(package.kind, &package.version, [fixed.to_owned()]);
    found.state = if found.fixed_version.is_some() {
        State::Fixed
    } else {
        State::Affected
    };
    found.published = fields::date(entry, "issued");
    found.severity = fields::severity(first(entry, &["normalized_severity", "severity"]));
    found.source = updater(text(entry, "updater"));
    found.severity_source.clone_from(&found.source);
    found.ratings = ratings;
    found.title = text(entry, "description").chars().take(200).collect();
    found
}

/// The id in a name, and the ones that links name when the id is an advisory's.
fn ids(name: &str, links: &str) -> (String, Vec<String>) {
    let first = name.split_whitespace().next().unwrap_or_default();
    let id = first.trim_end_matches([':', ',']);
    let mut others = Vec::new();
    if name.contains("CVE-") && !id.starts_with("CVE-") {
        others.extend(cves(name));
    }
    if !id.starts_with("CVE-") {
        others.extend(cves(links));
    }
    others.sort();
    others.dedup();
    match others.as_slice() {
        // An advisory that covers one CVE is about that CVE.
        [only] if fields::is_bundle(id) => (only.clone(), vec![id.to_owned()]),
        _ if fields::is_bundle(id) => (id.to_owned(), Vec::new()),
        _ => (id.to_owned(), others),
    }
}

fn cves(text: &str) -> impl Iterator<Item = String> + '_ {
    text.match_indices("CVE-").filter_map(|(at, _)| {
        let rest = &text[at + 4..];
        let length = rest
            .bytes()
            .take_while(|b| b.is_ascii_digit() || *b == b'-')
            .count();
        (length >= 8).then(|| format!("CVE-{}", rest[..length].trim_end_matches('-')))
    })
}

/// `debian/updater`, `debian-bookworm-updater`, `RHEL8-rhel-8`, `osv/go`.
fn updater(updater: &str) -> String {
    let lower = updater.to_lowercase();
    let head = lower.split(['/', '-']).next().unwrap_or_default();
    if head.starts_with("rhel") {
        "redhat".to_owned()
    } else {
        head.to_owned()
    }
}

/// CVSS of the enrichments: per message type a list of maps from vulnerability to scores.
fn scores(document: &Value) -> BTreeMap<String, Vec<Rating>> {
    let mut out: BTreeMap<String, Vec<Rating>> = BTreeMap::new();
    for (kind, maps) in get(document, "enrichments")
        .as_object()
        .into_iter()
        .flatten()
    {
        if !kind.contains("cvss") {
            continue;
        }
        for map in maps.as_array().into_iter().flatten() {
            for (id, scores) in map.as_object().into_iter().flatten() {
                for cvss in scores.as_array().into_iter().flatten() {
                    let score = fields::score(get(cvss, "baseScore"));
                    let rating = fields::rating("nvd", None, text(cvss, "vectorString"), score);
                    out.entry(id.clone()).or_default().extend(rating);
                }
            }
        }
    }
    out
}

fn version_2(report: &mut ScannerReport, document: &Value) {
    let image = first(document, &["ImageName", "image", "Image"]);
    image.clone_into(&mut report.target.name);
    let mut layers: Vec<&Value> = Vec::new();
    layers.extend(document.get("Layer"));
    layers.extend(path(document, &["data"]).get("Layer"));
    for layer in list(document, "Layers") {
        layers.push(layer.get("Layer").unwrap_or(layer));
    }
    let mut seen = std::collections::BTreeSet::new();
    for feature in layers.iter().flat_map(|l| list(l, "Features")) {
        let package = version_2_package(feature, text(feature, "NamespaceName"), "Name", "Version");
        if !seen.insert((package.name.clone(), package.version.clone())) {
            continue;
        }
        report.lists_packages = true;
        report.packages.push(package.clone());
        for entry in list(feature, "Vulnerabilities") {
            report.vulnerabilities.push(version_2_vulnerability(
                entry,
                package.clone(),
                "Name",
                "FixedBy",
            ));
        }
    }
    // klar: vulnerabilities by severity.
    for entries in get(document, "Vulnerabilities")
        .as_object()
        .into_iter()
        .flat_map(|o| o.values())
    {
        for entry in entries.as_array().into_iter().flatten() {
            let namespace = text(entry, "NamespaceName");
            let package = version_2_package(entry, namespace, "FeatureName", "FeatureVersion");
            report
                .vulnerabilities
                .push(version_2_vulnerability(entry, package, "Name", "FixedBy"));
        }
    }
    // clair-scanner: one flat list.
    for entry in list(document, "vulnerabilities") {
        let namespace = text(entry, "namespace");
        let package = version_2_package(entry, namespace, "featurename", "featureversion");
        report.vulnerabilities.push(version_2_vulnerability(
            entry,
            package,
            "vulnerability",
            "fixedby",
        ));
    }
    let before = report.vulnerabilities.len();
    report.vulnerabilities.retain(|v| !v.id.is_empty());
    report.note_skipped(before - report.vulnerabilities.len(), "an id");
}

fn version_2_package(entry: &Value, namespace: &str, name: &str, version: &str) -> Package {
    packages::package(
        "",
        packages::kind(namespace),
        text(entry, name),
        text(entry, version),
        "",
    )
}

fn version_2_vulnerability(
    entry: &Value,
    package: Package,
    id: &str,
    fixed: &str,
) -> Vulnerability {
    let mut found = Vulnerability::new(text(entry, id), package);
    found.severity = fields::severity(first(entry, &["Severity", "severity"]));
    found.fixed_version = Some(string(entry, fixed)).filter(|v| !v.is_empty());
    found.state = if found.fixed_version.is_some() {
        State::Fixed
    } else {
        State::Affected
    };
    let namespace = first(entry, &["NamespaceName", "namespace"]);
    namespace
        .split(':')
        .next()
        .unwrap_or_default()
        .clone_into(&mut found.source);
    found.severity_source.clone_from(&found.source);
    found.title = first(entry, &["Description", "description"])
        .chars()
        .take(200)
        .collect();
    found
}
