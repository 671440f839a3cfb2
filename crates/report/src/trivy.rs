//! The JSON shape of Trivy, `SchemaVersion` 2, so that scripts written for it run unchanged.

use std::collections::BTreeMap;

use seaworthy_model::{
    Finding, Location, Package, PackageType, Rating, Report, Severity, TargetKind,
};
use seaworthy_sbom::{split_reference, trivy_family, trivy_package_type};
use serde_json::{Map, Value, json};

use crate::{issues, words};

/// The report; `Results` and every `Vulnerabilities` are there even when empty.
pub(crate) fn document(report: &Report) -> Value {
    json!({
        "SchemaVersion": 2,
        "ArtifactName": report.target.name,
        "ArtifactType": match report.target.kind {
            TargetKind::Image => "container_image",
            TargetKind::RootFs | TargetKind::Directory => "filesystem",
            TargetKind::Sbom => "cyclonedx",
        },
        "Metadata": metadata(report),
        "Results": results(report),
    })
}

fn metadata(report: &Report) -> Value {
    let mut metadata = Map::new();
    if let Some(d) = &report.inventory.distribution {
        metadata.insert(
            "OS".to_owned(),
            json!({"Family": trivy_family(&d.id), "Name": d.version}),
        );
    }
    let Some(image) = &report.inventory.image else {
        return Value::Object(metadata);
    };
    let diff_ids: Vec<&str> = image.layers.iter().map(|l| l.diff_id.as_str()).collect();
    if let Some(id) = &image.config_digest {
        metadata.insert("ImageID".to_owned(), json!(id));
    }
    metadata.insert("DiffIDs".to_owned(), json!(diff_ids));
    let (name, tag) = split_reference(&report.target.name);
    if report.target.source == "registry" || report.target.name.contains(':') {
        metadata.insert("RepoTags".to_owned(), json!([format!("{name}:{tag}")]));
    }
    if let Some(digest) = &image.manifest_digest {
        metadata.insert(
            "RepoDigests".to_owned(),
            json!([format!("{name}@{digest}")]),
        );
    }
    let (system, architecture) = image
        .platform
        .split_once('/')
        .unwrap_or(("linux", image.platform.as_str()));
    metadata.insert(
        "ImageConfig".to_owned(),
        json!({
            "architecture": architecture,
            "os": system,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "config": {"User": image.user, "Labels": image.labels},
        }),
    );
    Value::Object(metadata)
}

/// OS packages first, then one result per language, or per file for those that live in one file.
fn results(report: &Report) -> Vec<Value> {
    let distribution = report.inventory.distribution.as_ref();
    let mut groups: BTreeMap<(bool, PackageType, String), Vec<Value>> = BTreeMap::new();
    let target_of = |package: &Package| match package.kind {
        PackageType::Apk | PackageType::Deb | PackageType::Rpm | PackageType::Alpm => {
            let system = distribution.map_or_else(
                || package.kind.purl_type().to_owned(),
                |d| {
                    format!("{} {}", trivy_family(&d.id), d.version)
                        .trim()
                        .to_owned()
                },
            );
            format!("{} ({system})", report.target.name)
        }
        PackageType::Npm | PackageType::PyPi | PackageType::Maven | PackageType::Gem => {
            language(package.kind).to_owned()
        }
        _ => package.evidence.path.clone(),
    };
    for package in &report.inventory.packages {
        groups
            .entry((!package.kind.is_os(), package.kind, target_of(package)))
            .or_default();
    }
    for (finding, package) in words::findings(report) {
        groups
            .entry((!package.kind.is_os(), package.kind, target_of(package)))
            .or_default()
            .push(vulnerability(report, finding, package));
    }
    let mut results: Vec<Value> = groups
        .into_iter()
        .map(|((is_language, kind, target), vulnerabilities)| {
            json!({
                "Target": target,
                "Class": if is_language { "lang-pkgs" } else { "os-pkgs" },
                "Type": trivy_package_type(kind, distribution),
                "Vulnerabilities": vulnerabilities,
            })
        })
        .collect();
    results.extend(misconfigurations(report));
    results.extend(secrets(report));
    results.extend(licenses(report));
    for result in &mut results {
        // Trivy leaves it out here, on which `jq '.Results[].Vulnerabilities[]'` stumbles.
        if result.get("Vulnerabilities").is_none() {
            result["Vulnerabilities"] = json!([]);
        }
    }
    results
}

fn issue_layer(report: &Report, location: &Location) -> Value {
    let Some(layer) = issues::layer(report, location) else {
        return json!({});
    };
    match &layer.digest {
        Some(digest) => json!({"Digest": digest, "DiffID": layer.diff_id}),
        None => json!({"DiffID": layer.diff_id}),
    }
}

/// One result per file.
fn secrets(report: &Report) -> Vec<Value> {
    let mut files: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for secret in &report.secrets {
        let location = &secret.location;
        let end = location.end_line.max(location.start_line);
        files.entry(&location.path).or_default().push(json!({
            "RuleID": secret.rule,
            "Category": secret.title,
            "Severity": severity(secret.severity),
            "Title": secret.title,
            "StartLine": location.start_line,
            "EndLine": end,
            "Code": {"Lines": [{
                "Number": location.start_line, "Content": secret.masked, "IsCause": true,
                "Annotation": "", "Truncated": false, "Highlighted": secret.masked,
                "FirstCause": true, "LastCause": true,
            }]},
            "Match": secret.masked,
            "Layer": issue_layer(report, location),
        }));
    }
    files
        .into_iter()
        .map(|(path, secrets)| json!({"Target": path, "Class": "secret", "Secrets": secrets}))
        .collect()
}

/// One result per file and kind of file.
fn misconfigurations(report: &Report) -> Vec<Value> {
    let mut files: BTreeMap<(&str, &str), Vec<Value>> = BTreeMap::new();
    for issue in &report.misconfigurations {
        let location = &issue.location;
        let avd = issue.references.iter().find(|r| r.starts_with("AVD-"));
        let url = issues::rule_url(issue);
        let mut cause =
            json!({"Provider": issue.kind, "Service": "general", "Resource": issue.object});
        if location.start_line > 0 {
            cause["StartLine"] = json!(location.start_line);
            cause["EndLine"] = json!(location.end_line.max(location.start_line));
        }
        files
            .entry((&location.path, &issue.kind))
            .or_default()
            .push(json!({
                "Type": format!("{} check", issue.kind),
                "ID": issue.rule,
                "AVDID": avd.unwrap_or(&issue.rule),
                "Title": issue.title,
                "Description": issue.message,
                "Message": issue.message,
                "Resolution": issue.fix,
                "Severity": severity(issue.severity),
                "PrimaryURL": url.clone().unwrap_or_default(),
                "References": url.into_iter().collect::<Vec<_>>(),
                "Status": "FAIL",
                "Layer": issue_layer(report, location),
                "CauseMetadata": cause,
            }));
    }
    files
        .into_iter()
        .map(|((path, kind), list)| {
            json!({
                "Target": path,
                "Class": "config",
                "Type": kind,
                "MisconfSummary": {"Successes": 0, "Failures": list.len()},
                "Misconfigurations": list,
            })
        })
        .collect()
}

/// One result for OS packages, one per language, one for texts.
fn licenses(report: &Report) -> Vec<Value> {
    let mut groups: BTreeMap<(u8, &str, &str), Vec<Value>> = BTreeMap::new();
    for license in &report.licenses {
        let package = license
            .package
            .and_then(|p| report.inventory.packages.get(p));
        let group = match package.map(|p| p.kind) {
            Some(kind) if kind.is_os() => (0, "OS Packages", "license"),
            Some(kind) => (1, language(kind), "license"),
            None => (2, "Loose File License(s)", "license-file"),
        };
        groups.entry(group).or_default().push(json!({
            "Severity": severity(license.severity),
            "Category": license.class,
            "PkgName": package.map_or("", |p| p.name.as_str()),
            "FilePath": license.location.path,
            "Name": license.license,
            "Text": "",
            "Confidence": f64::from(license.confidence.min(100)) / 100.0,
            "Link": "",
        }));
    }
    groups
        .into_iter()
        .map(|((_, target, class), list)| {
            json!({"Target": target, "Class": class, "Licenses": list})
        })
        .collect()
}

/// The target that Trivy gives packages which do not lie in one file.
const fn language(kind: PackageType) -> &'static str {
    match kind {
        PackageType::Npm => "Node.js",
        PackageType::PyPi => "Python",
        PackageType::Maven => "Java",
        PackageType::Gem => "Ruby",
        other => other.label(),
    }
}

fn vulnerability(report: &Report, finding: &Finding, package: &Package) -> Value {
    let purl = package
        .purl(report.inventory.distribution.as_ref())
        .to_string();
    let mut out = json!({
        "VulnerabilityID": finding.id,
        "PkgID": format!("{}@{}", package.name, package.version),
        "PkgName": package.name,
        "PkgIdentifier": {"PURL": purl},
        "InstalledVersion": package.version,
        "Status": finding.state,
        "Layer": layer(report, package),
        "SeveritySource": finding.severity_source,
        "Severity": severity(finding.severity),
        "References": finding.urls(),
    });
    if !finding.aliases.is_empty() {
        out["VendorIDs"] = json!(finding.aliases);
    }
    if !package.kind.is_os() && !package.evidence.path.is_empty() {
        out["PkgPath"] = json!(package.evidence.path);
    }
    if let Some(fixed) = &finding.fixed_version {
        out["FixedVersion"] = json!(fixed);
    }
    if let Some(url) = finding.url() {
        out["PrimaryURL"] = json!(url);
    }
    if let Some(day) = finding.published {
        out["PublishedDate"] = json!(words::midnight(day));
    }
    if !finding.reason.source.is_empty() {
        out["DataSource"] = json!({"ID": finding.reason.source, "Name": finding.reason.source});
    }
    let vendor: BTreeMap<&str, u8> = finding
        .ratings
        .iter()
        .map(|r| (r.source.as_str(), severity_number(r.severity)))
        .collect();
    if !vendor.is_empty() {
        out["VendorSeverity"] = json!(vendor);
    }
    let mut cvss = Map::new();
    for rating in &finding.ratings {
        if let Some(vector) = &rating.vector {
            score(&mut cvss, rating, vector);
        }
    }
    if !cvss.is_empty() {
        out["CVSS"] = Value::Object(cvss);
    }
    out
}

fn layer(report: &Report, package: &Package) -> Value {
    let Some(layer) = words::layer(report, package) else {
        return json!({});
    };
    match &layer.digest {
        Some(digest) => json!({"Digest": digest, "DiffID": layer.diff_id}),
        None => json!({"DiffID": layer.diff_id}),
    }
}

fn score(cvss: &mut Map<String, Value>, rating: &Rating, vector: &str) {
    let version = match vector.split('/').next() {
        Some("CVSS:4.0") => "V40",
        Some("CVSS:3.0" | "CVSS:3.1") => "V3",
        _ => "V2",
    };
    let entry = cvss
        .entry(rating.source.clone())
        .or_insert_with(|| json!({}));
    entry[format!("{version}Vector")] = json!(vector);
    if let Some(score) = rating.score {
        entry[format!("{version}Score")] = json!(score);
    }
}

/// Trivy has no negligible: it counts Debian's `unimportant` as low.
const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "UNKNOWN",
        Severity::Negligible | Severity::Low => "LOW",
        Severity::Medium => "MEDIUM",
        Severity::High => "HIGH",
        Severity::Critical => "CRITICAL",
    }
}

const fn severity_number(severity: Severity) -> u8 {
    match severity {
        Severity::Unknown => 0,
        Severity::Negligible | Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
        Severity::Critical => 4,
    }
}
