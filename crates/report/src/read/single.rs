//! One report of another scanner as a report of ours, for commands that judge a stored report.

use std::collections::HashMap;

use seaworthy_model::{
    DatabaseInfo, Finding, GateResult, Inventory, LicenseFinding, MatchReason, Package,
    PackageType, Report, State,
};

use super::{ReadError, ReportFormat, ScanKind, ScannerName, ScannerReport, Vulnerability, error};
use crate::words;

/// Reads a stored report of any scanner. `name` is what the target is called where the report does
/// not tell.
///
/// None when the bytes are no report: no JSON, JSON of an image or of anything else, or a bill of
/// materials without vulnerabilities. These are targets.
///
/// What the scanner did not look for is not in [`Report::scanners`], what it left out by its own
/// rules is counted in [`Report::hidden`] unless VEX clears it, and each entry of it is one finding, so that its numbers
/// are the scanner's own.
///
/// # Errors
/// [`ReadError`] when it is a scanner's report and no answer: cut off, empty, of a version or kind
/// that is not read, or one in which the scanner says that it failed.
pub fn single(name: &str, bytes: &[u8]) -> Result<Option<Report>, ReadError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ReadError::Empty);
    }
    if !error::looks_like_json(bytes) {
        return Ok(None);
    }
    let report = match super::read(bytes, None) {
        Err(ReadError::UnknownFormat) => return Ok(None),
        // Ours says in its own coverage that it could not be assessed.
        Err(ReadError::ScannerFailed {
            scanner: ScannerName::Seaworthy,
            ..
        }) => return own(bytes).map(Some),
        other => other?,
    };
    if report.format == ReportFormat::Seaworthy {
        return own(bytes).map(Some);
    }
    // Bills of materials are targets; a scanner that tells nothing is not taken for a clean answer.
    match (report.kinds.is_empty(), report.format) {
        (false, _) => Ok(Some(converted(name, report))),
        (true, format @ ReportFormat::Trivy) => Err(ReadError::NothingTold { format }),
        (true, _) => Ok(None),
    }
}

/// Our own report, as it is.
fn own(bytes: &[u8]) -> Result<Report, ReadError> {
    serde_json::from_slice(error::text(bytes)?).map_err(|e| ReadError::json(&e))
}

/// A package as reports name it.
type Key = (PackageType, String, String);

fn key(package: &Package) -> Key {
    (package.kind, package.name.clone(), package.version.clone())
}

/// The packages that are listed and those that findings name, each once, and where they stand.
struct Packages {
    list: Vec<Package>,
    places: HashMap<Key, Vec<usize>>,
}

impl Packages {
    fn of(report: &mut ScannerReport) -> Self {
        let mut list = std::mem::take(&mut report.packages);
        let mut known: HashMap<Key, Vec<String>> = HashMap::new();
        for package in &list {
            let paths = known.entry(key(package)).or_default();
            paths.push(package.evidence.path.clone());
        }
        for found in &report.vulnerabilities {
            let package = &found.package;
            let path = &package.evidence.path;
            let paths = known.entry(key(package)).or_default();
            // One that is listed may be named without its place, and the other way round.
            let fits = |known: &String| known == path || known.is_empty() || path.is_empty();
            if !paths.iter().take(64).any(fits) {
                paths.push(path.clone());
                list.push(package.clone());
            }
        }
        list.sort();
        list.dedup();
        let mut places: HashMap<Key, Vec<usize>> = HashMap::new();
        for (at, package) in list.iter().enumerate() {
            places.entry(key(package)).or_default().push(at);
        }
        Self { list, places }
    }

    fn place(&self, package: &Package) -> Option<usize> {
        let places = self.places.get(&key(package))?;
        let path = &package.evidence.path;
        let same = |at: &&usize| {
            self.list
                .get(**at)
                .is_some_and(|p| p.evidence.path == *path)
        };
        places
            .iter()
            .take(64)
            .find(same)
            .or(places.first())
            .copied()
    }
}

fn converted(name: &str, mut read: ScannerReport) -> Report {
    let lists_packages = read.lists_packages;
    let packages = Packages::of(&mut read);
    let scanner = read.scanner.as_str().to_owned();
    let dismissed = |found: &Vulnerability| found.state == State::NotAffected;
    let hidden = read.ignored.iter().filter(|i| !i.cleared).count();
    let mut findings: Vec<Finding> = (read.vulnerabilities.iter())
        .filter(|found| !dismissed(found))
        .filter_map(|found| Some(finding(&scanner, found, packages.place(&found.package)?)))
        .collect();
    findings.sort_by(|a, b| {
        (b.severity, b.kev.is_some(), &a.id, a.package).cmp(&(
            a.severity,
            a.kev.is_some(),
            &b.id,
            b.package,
        ))
    });
    let by_name = words::places_by_name(&packages.list);
    let licenses = (read.licenses.iter())
        .map(|license| LicenseFinding {
            license: license.license.clone(),
            class: license.class,
            severity: license.severity,
            package: by_name.get(&license.package).copied(),
            expression: String::new(),
            location: license.location.clone(),
            confidence: license.confidence,
        })
        .collect();
    if read.kinds.contains(&ScanKind::Vulnerability) && !lists_packages {
        read.gap(
            "it lists packages with findings only, so it does not tell what else is installed",
        );
    }
    read.coverage.normalise();
    let mut target = read.target;
    if target.name.is_empty() {
        name.clone_into(&mut target.name);
    }
    let version = &read.tool.version;
    let mut report = Report {
        schema_version: Report::SCHEMA_VERSION.to_owned(),
        database: DatabaseInfo {
            location: format!("{scanner} {version}").trim_end().to_owned(),
            tables: tables(&findings),
            ..DatabaseInfo::default()
        },
        tool: read.tool,
        target,
        scanners: (read.kinds.iter())
            .map(|kind| kind.scanner_word().to_owned())
            .collect(),
        counts: Report::count(&findings),
        findings,
        secrets: read.secrets,
        misconfigurations: read.misconfigurations,
        licenses,
        hidden,
        gate: GateResult {
            passed: true,
            ..GateResult::default()
        },
        support: read.support,
        inventory: Inventory {
            distribution: read.distribution,
            packages: packages.list,
            image: read.image,
            content_sets: Vec::new(),
            // Nobody looked for programs.
            package_managers: None,
            coverage: read.coverage,
        },
        ..Report::default()
    };
    let worst = |a: seaworthy_model::Severity| std::cmp::Reverse(a);
    report.secrets.sort_by_key(|s| worst(s.severity));
    report.misconfigurations.sort_by_key(|m| worst(m.severity));
    report.licenses.sort_by_key(|l| worst(l.severity));
    report
}

/// What the scanner's database has beside advisories, as far as its findings show.
fn tables(findings: &[Finding]) -> Vec<String> {
    let has = |told: fn(&Finding) -> bool| findings.iter().any(told);
    // Grype's database has both or none, and few findings are known to be exploited.
    let (kev, epss) = (has(|f| f.kev.is_some()), has(|f| f.epss.is_some()));
    [
        ("cvss", has(|f| f.ratings.iter().any(|r| r.score.is_some()))),
        ("epss", epss),
        ("kev", kev || epss),
        ("published", has(|f| f.published.is_some())),
    ]
    .into_iter()
    .filter(|(_, is_there)| *is_there)
    .map(|(name, _)| name.to_owned())
    .collect()
}

fn finding(scanner: &str, found: &Vulnerability, package: usize) -> Finding {
    let (id, aliases) = ids(found);
    Finding {
        id,
        aliases,
        package,
        state: found.state,
        severity: found.severity,
        severity_source: found.severity_source.clone(),
        ratings: found.ratings.clone(),
        epss: found.epss,
        kev: found.kev.clone(),
        published: found.published,
        fixed_version: found.fixed_version.clone(),
        fix_command: None,
        origin: found.origin,
        reason: MatchReason {
            source: match found.source.as_str() {
                "" => scanner.to_owned(),
                source => format!("{scanner} ({source})"),
            },
            advisory: found.advisories.first().cloned(),
            package: found.package.source_name().to_owned(),
            version: found.package.source_version().to_owned(),
            ..MatchReason::default()
        },
    }
}

/// The CVE first where there is exactly one, whatever the scanner calls the entry.
fn ids(found: &Vulnerability) -> (String, Vec<String>) {
    let mut aliases = found.aliases.clone();
    let mut cves = found.aliases.iter().filter(|a| a.starts_with("CVE-"));
    if let (false, Some(only), None) = (found.id.starts_with("CVE-"), cves.next(), cves.next()) {
        aliases.retain(|alias| alias != only);
        aliases.push(found.id.clone());
        aliases.sort();
        return (only.clone(), aliases);
    }
    (found.id.clone(), aliases)
}

#[cfg(test)]
mod tests {
    use seaworthy_model::{Severity, TargetKind};
    use serde_json::{Value, json};

    use super::*;
    use crate::{Format, WriteOptions, sample, write};

    fn of(text: &str) -> Report {
        single("file.json", text.as_bytes()).unwrap().unwrap()
    }

    /// Trivy's whole report of a small image.
    fn trivy() -> Report {
        let mut document: Value =
            serde_json::from_str(include_str!("fixtures/trivy.json")).unwrap();
        let diff_id = |n: u8| format!("sha256:{n:064x}");
        document["Metadata"]["OS"]["EOSL"] = json!(true);
        document["Metadata"]["Layers"] = json!([
            {"Size": 100, "Digest": "sha256:aa", "DiffID": diff_id(1)}, {"DiffID": diff_id(2)}
        ]);
        document["Metadata"]["ImageConfig"] = json!({
            "architecture": "arm64", "os": "linux", "variant": "v8",
            "created": "2026-11-01T00:00:00Z",
            "history": [
                {"created_by": "ADD rootfs.tar /"}, {"created_by": "CMD sh", "empty_layer": true},
                {"created_by": "COPY app /app"}
            ],
            "rootfs": {"type": "layers", "diff_ids": [diff_id(1), diff_id(2)]},
            "config": {"User": "1000", "Labels": {"org.opencontainers.image.title": "web", "odd": 1}},
        });
        document["Results"][1]["Vulnerabilities"][0]["Layer"] = json!({"DiffID": diff_id(2)});
        of(&document.to_string())
    }

    #[test]
    fn a_report_of_trivy_is_a_report_with_all_that_it_tells() {
        let report = trivy();
        assert_eq!(report.target.name, "registry.example.com/shop/web:1.8");
        assert_eq!(report.target.kind, TargetKind::Image);
        assert_eq!(report.scanners, ["vuln", "secret", "config", "license"]);
        assert_eq!(report.database.location, "trivy");
        assert_eq!(report.database.tables, ["cvss", "published"]);
        let found: Vec<_> = (report.findings.iter())
            .map(|f| {
                let package = &report.inventory.packages[f.package];
                (f.id.as_str(), package.name.as_str(), f.severity, f.state)
            })
            .collect();
        assert_eq!(
            found,
            [
                (
                    "CVE-2023-45853",
                    "zlib1g",
                    Severity::Critical,
                    State::WillNotFix
                ),
                ("CVE-2020-8203", "lodash", Severity::High, State::Fixed),
                ("CVE-2024-0727", "libssl3", Severity::Medium, State::Fixed),
            ]
        );
        let zlib = &report.findings[0];
        assert_eq!(
            zlib.published.map(|d| d.to_string()).as_deref(),
            Some("2023-10-14")
        );
        assert_eq!(zlib.reason.source, "trivy (debian)");
        // Listed once, with what the list knows of it.
        let libssl = &report.inventory.packages[report.findings[2].package];
        assert_eq!(libssl.source_name.as_deref(), Some("openssl"));
        assert_eq!(report.inventory.packages.len(), 4);
        // What VEX took out is no problem; what a filter took out would be hidden.
        assert_eq!(report.hidden, 0);
        assert_eq!(report.counts.by_severity[&Severity::Critical], 1);
        assert_eq!(report.secrets.len(), 1);
        assert_eq!(report.misconfigurations.len(), 1);
        let license = &report.licenses[0];
        assert_eq!(
            report.inventory.packages[license.package.unwrap()].name,
            "zlib1g"
        );
        let image = report.inventory.image.as_ref().unwrap();
        assert_eq!(image.user, "1000");
        assert_eq!(image.platform, "linux/arm64/v8");
        assert_eq!(image.created.as_deref(), Some("2026-11-01T00:00:00Z"));
        assert_eq!(image.labels["org.opencontainers.image.title"], "web");
        assert!(
            image
                .config_digest
                .as_ref()
                .is_some_and(|d| d.ends_with("1111"))
        );
        assert!(
            image
                .manifest_digest
                .as_ref()
                .is_some_and(|d| d.ends_with("2222"))
        );
        assert_eq!(image.layers[0].digest.as_deref(), Some("sha256:aa"));
        assert_eq!(image.layers[1].created_by.as_deref(), Some("COPY app /app"));
        let lodash = &report.inventory.packages[report.findings[1].package];
        assert_eq!(lodash.evidence.layer, Some(1));
        assert!(report.support.as_ref().is_some_and(|s| s.ended));
        assert_eq!(report.inventory.package_managers, None);
        // It is written like any other.
        for format in Format::ALL {
            write(format, &report, &WriteOptions::default(), &mut Vec::new()).unwrap();
        }
        let mut out = Vec::new();
        write(Format::Table, &report, &WriteOptions::default(), &mut out).unwrap();
        let table = String::from_utf8(out).unwrap();
        assert!(!table.contains("since \n"), "{table}");
    }

    #[test]
    fn the_numbers_are_the_scanners_own() {
        for (text, expected) in [
            (include_str!("fixtures/trivy.json"), 3),
            (include_str!("fixtures/grype.json"), 4),
            (include_str!("fixtures/clair.json"), 1),
            (include_str!("fixtures/snyk.json"), 2),
            (include_str!("fixtures/osv.json"), 2),
            (include_str!("fixtures/gitlab.json"), 2),
            (include_str!("fixtures/scout.sarif.json"), 2),
        ] {
            let report = of(text);
            assert_eq!(report.findings.len(), expected, "{text}");
            assert!(report.scanners.contains(&"vuln".to_owned()));
            assert!(report.findings.iter().all(|f| f.id.starts_with("CVE-")));
            for finding in &report.findings {
                assert!(report.inventory.packages.get(finding.package).is_some());
            }
        }
        let grype = of(include_str!("fixtures/grype.json"));
        assert_eq!(grype.hidden, 1, "by its fix state");
        assert_eq!(grype.database.tables, ["cvss", "epss", "kev"]);
        // Two places are two entries of Trivy, and a list without them says so.
        let twice = r#"{"SchemaVersion": 2, "Results": [
            {"Class": "lang-pkgs", "Type": "npm", "Target": "a/package-lock.json", "Vulnerabilities": [{"VulnerabilityID": "CVE-2024-1", "PkgName": "x", "InstalledVersion": "1.0.0", "Severity": "HIGH"}]},
            {"Class": "lang-pkgs", "Type": "npm", "Target": "b/package-lock.json", "Vulnerabilities": [{"VulnerabilityID": "CVE-2024-1", "PkgName": "x", "InstalledVersion": "1.0.0", "Severity": "HIGH"}]}]}"#;
        let report = of(twice);
        assert_eq!(report.target.name, "file.json");
        let paths: Vec<&str> = (report.findings.iter())
            .map(|f| report.inventory.packages[f.package].evidence.path.as_str())
            .collect();
        assert_eq!(paths, ["a/package-lock.json", "b/package-lock.json"]);
        assert_eq!(report.scanners, ["vuln"]);
        assert!(!report.inventory.coverage.is_complete());
    }

    #[test]
    fn grypes_configuration_is_read() {
        use base64::Engine as _;
        let config = r#"{"os": "linux", "architecture": "amd64", "config": {"User": "app"}, "rootfs": {"diff_ids": ["sha256:1"]}}"#;
        let config = base64::engine::general_purpose::STANDARD.encode(config);
        let report = of(&format!(
            r#"{{"matches": [], "descriptor": {{"name": "grype", "version": "0.87.0"}},
            "source": {{"type": "image", "target": {{"userInput": "web:1", "imageID": "sha256:2", "config": "{config}"}}}}}}"#
        ));
        let image = report.inventory.image.unwrap();
        assert_eq!((image.user.as_str(), image.layers.len()), ("app", 1));
        assert_eq!(report.database.location, "grype 0.87.0");
    }

    #[test]
    fn our_own_report_loses_nothing_and_targets_are_none() {
        let ours = sample::report();
        let mut out = Vec::new();
        let options = WriteOptions::default();
        write(Format::Json, &ours, &options, &mut out).unwrap();
        assert_eq!(single("x", &out).unwrap(), Some(ours.clone()));
        let mut out = Vec::new();
        write(Format::Json, &sample::not_assessed(), &options, &mut out).unwrap();
        assert_eq!(single("x", &out).unwrap(), Some(sample::not_assessed()));
        let mut bill = Vec::new();
        write(Format::Spdx, &ours, &options, &mut bill).unwrap();
        let plain = r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []}"#;
        for bytes in [
            bill.as_slice(),
            plain.as_bytes(),
            b"FROM debian:12\n",
            b"\x1f\x8b\x08\0\0\0\0\0",
            b"manifest.json\0\0\0\0",
            b"a\0\0\0\0\0",
            br#"{"schemaVersion": 2, "manifests": []}"#,
            b"[]",
        ] {
            assert_eq!(single("x", bytes).unwrap(), None, "{bytes:?}");
        }
        let mut bill = Vec::new();
        write(Format::CycloneDx, &ours, &options, &mut bill).unwrap();
        let report = single("x", &bill).unwrap().unwrap();
        assert_eq!(
            report.inventory.packages.len(),
            ours.inventory.packages.len()
        );
        assert_eq!(report.scanners, ["vuln"]);
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        let whole = include_str!("fixtures/trivy.json");
        let utf_16: Vec<u8> = whole.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [
            b"".as_slice(),
            b"\n \n",
            b" {\"SchemaVersion\": 2, \"Results\": [",
            &whole.as_bytes()[..400],
            &utf_16,
            br#"{"ok": false, "error": "no token"}"#,
            br#"{"manifest_hash": "sha256:1", "packages": {}}"#,
        ] {
            assert!(single("x", bytes).is_err(), "{bytes:?}");
        }
    }
}
