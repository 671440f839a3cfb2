//! Every producer's shape, written by hand as small as it can be; damaged and foreign ones.

use proptest::prelude::*;
use seaworthy_model::{Origin, PackageType, Severity, State};

use super::*;
use crate::{Format, WriteOptions, sample, write};

const TRIVY: &str = include_str!("fixtures/trivy.json");
const GRYPE: &str = include_str!("fixtures/grype.json");
const CLAIR: &str = include_str!("fixtures/clair.json");
const SNYK: &str = include_str!("fixtures/snyk.json");
const OSV: &str = include_str!("fixtures/osv.json");
const SCOUT: &str = include_str!("fixtures/scout.sarif.json");
const GITLAB: &str = include_str!("fixtures/gitlab.json");

fn report(text: &str) -> ScannerReport {
    read(text.as_bytes(), None).unwrap()
}

/// The parts of a vulnerability that every reader has to get right.
fn short(found: &Vulnerability) -> String {
    format!(
        "{} {}:{} {} {} {} {}",
        found.id,
        found.package.kind,
        found.package.name,
        found.package.version,
        found.severity,
        found.state,
        found.fixed_version.as_deref().unwrap_or("-"),
    )
}

fn check(text: &str, scanner: &ScannerName, expected: &[&str]) -> ScannerReport {
    let report = report(text);
    assert_eq!(report.scanner, *scanner);
    let found: Vec<String> = report.vulnerabilities.iter().map(short).collect();
    assert_eq!(found, expected, "{scanner}");
    report
}

const OPENSSL: &str = "CVE-2024-0727 deb:libssl3 3.0.11-1~deb12u1 medium fixed 3.0.13-1~deb12u1";

#[test]
fn trivy_is_read() {
    let report = check(
        TRIVY,
        &ScannerName::Trivy,
        &[
            "CVE-2023-45853 deb:zlib1g 1:1.2.13.dfsg-1 critical will_not_fix -",
            OPENSSL,
            "CVE-2020-8203 npm:lodash 4.17.15 high fixed 4.17.20",
        ],
    );
    assert_eq!(report.kinds, ScanKind::ALL.into());
    assert_eq!(report.digests.len(), 2);
    assert_eq!(
        report.distribution.as_ref().map(|d| d.id.as_str()),
        Some("debian")
    );
    let zlib = &report.vulnerabilities[0];
    assert_eq!(zlib.ratings.len(), 2);
    assert_eq!(zlib.ratings[0].score, Some(9.8));
    assert_eq!(zlib.source, "debian");
    assert_eq!(report.vulnerabilities[1].advisories, ["DSA-5999-1"]);
    assert!(report.lists_packages);
    assert_eq!(report.packages[0].version, "1:1.2.13.dfsg-1");
    assert_eq!(report.packages[1].source_name.as_deref(), Some("openssl"));
    assert_eq!(report.ignored[0].vulnerability.id, "CVE-2019-10744");
    assert_eq!(
        report.ignored[0].reason,
        "not affected: the function is not called"
    );
    assert_eq!(report.secrets[0].location.start_line, 3);
    assert_eq!(report.misconfigurations.len(), 1);
    assert_eq!(report.misconfigurations[0].references, ["AVD-DS-0002"]);
    assert_eq!(report.licenses[0].class, LicenseClass::Restricted);
    assert_eq!(report.licenses[0].confidence, 87);
    // The entry without an id is not silently lost.
    assert!(
        report.coverage.entries[0]
            .detail
            .contains("1 entry without an id")
    );
    assert_eq!(report.count(ScanKind::Vulnerability), (3, 1));
}

#[test]
fn grype_is_read() {
    let report = check(
        GRYPE,
        &ScannerName::Grype,
        &[
            OPENSSL,
            "GHSA-p6mc-m468-83gw npm:lodash 4.17.15 high fixed 4.17.19",
            "CVE-2024-1000 rpm:curl 8.0-1 low affected -",
            "CVE-2024-1001 rpm:curl 8.0-1 low affected -",
        ],
    );
    assert_eq!(report.tool.version, "0.87.0");
    assert_eq!(
        report.vulnerabilities[0].package.source_name.as_deref(),
        Some("openssl")
    );
    assert_eq!(report.vulnerabilities[0].ratings[1].score, Some(5.5));
    assert!(report.vulnerabilities[0].epss.is_some());
    assert_eq!(report.vulnerabilities[1].aliases, ["CVE-2020-8203"]);
    assert_eq!(report.vulnerabilities[1].source, "ghsa");
    assert_eq!(report.vulnerabilities[2].advisories, ["ALAS-2024-1"]);
    assert_eq!(report.ignored[0].vulnerability.state, State::WillNotFix);
    assert_eq!(report.ignored[0].reason, "fix state wont-fix");
}

#[test]
fn clair_is_read() {
    let report = check(
        CLAIR,
        &ScannerName::Clair,
        &["CVE-2024-0727 deb:libssl3 3.0.11-1~deb12u1 low fixed 3.0.13-1~deb12u1"],
    );
    let found = &report.vulnerabilities[0];
    assert_eq!(found.source, "debian");
    assert_eq!(found.ratings[0].score, Some(5.5));
    assert_eq!(found.package.source_name.as_deref(), Some("openssl"));
    assert_eq!(report.packages.len(), 2);
    // `901` is referred to and is not there.
    assert!(!report.coverage.is_complete());
}

#[test]
fn reports_of_clair_2_are_read() {
    for text in [
        r#"{"Layer": {"Features": [{"Name": "zlib", "NamespaceName": "debian:9", "Version": "1.2", "Vulnerabilities": [{"Name": "CVE-2018-1", "NamespaceName": "debian:9", "Severity": "High", "FixedBy": "1.3"}]}]}}"#,
        r#"{"ImageName": "x", "Layers": [{"Layer": {"Name": "a", "Features": [{"Name": "zlib", "NamespaceName": "debian:9", "Version": "1.2", "Vulnerabilities": [{"Name": "CVE-2018-1", "Severity": "High", "FixedBy": "1.3"}]}]}}]}"#,
        r#"{"LayerCount": 3, "Vulnerabilities": {"High": [{"Name": "CVE-2018-1", "NamespaceName": "debian:9", "Severity": "High", "FixedBy": "1.3", "FeatureName": "zlib", "FeatureVersion": "1.2"}]}}"#,
        r#"{"image": "x", "unapproved": ["CVE-2018-1"], "vulnerabilities": [{"featurename": "zlib", "featureversion": "1.2", "vulnerability": "CVE-2018-1", "namespace": "debian:9", "severity": "High", "fixedby": "1.3"}]}"#,
    ] {
        check(
            text,
            &ScannerName::Clair,
            &["CVE-2018-1 deb:zlib 1.2 high fixed 1.3"],
        );
    }
}

#[test]
fn snyk_is_read() {
    let report = check(
        SNYK,
        &ScannerName::Snyk,
        &[
            "CVE-2024-0727 deb:libssl3 3.0.11-1~deb12u1 low fixed 3.0.13-1~deb12u1",
            "CVE-2020-8203 npm:lodash 4.17.15 high fixed 4.17.20",
        ],
    );
    let openssl = &report.vulnerabilities[0];
    assert_eq!(openssl.package.source_name.as_deref(), Some("openssl"));
    assert_eq!(openssl.aliases, ["SNYK-DEBIAN12-OPENSSL-6190223"]);
    assert_eq!(openssl.origin, Origin::Base);
    assert_eq!(openssl.ratings.len(), 2);
    assert_eq!(
        report.distribution.as_ref().map(|d| d.version.as_str()),
        Some("12")
    );
    let list = format!("[{SNYK}]");
    assert_eq!(
        super::tests::report(&list).vulnerabilities,
        report.vulnerabilities
    );
}

#[test]
fn osv_scanner_is_read() {
    let report = check(
        OSV,
        &ScannerName::OsvScanner,
        &[
            "CVE-2020-8203 npm:lodash 4.17.15 high fixed 4.17.19",
            OPENSSL,
        ],
    );
    assert_eq!(report.vulnerabilities[0].severity_source, "ghsa");
    assert_eq!(
        report.vulnerabilities[1].package.source_name.as_deref(),
        Some("openssl")
    );
    assert_eq!(report.target.kind, seaworthy_model::TargetKind::Image);
}

#[test]
fn docker_scout_is_read() {
    let report = check(
        SCOUT,
        &ScannerName::DockerScout,
        &[
            "CVE-2024-0727 deb:openssl 3.0.11-1~deb12u1 medium fixed 3.0.13-1~deb12u1",
            "CVE-2023-45853 deb:zlib 1:1.2.13.dfsg-1 critical unknown -",
        ],
    );
    assert_eq!(report.tool.version, "1.15.0");
}

#[test]
fn sarif_of_other_tools_is_read() {
    let sarif = |tool: &str, rule: &str, properties: &str, message: &str| {
        format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "{tool}", "rules": [{{"id": "{rule}", "properties": {properties}}}]}}}},
            "results": [{{"ruleId": "{rule}", "level": "error", "message": {{"text": "{message}"}}, "locations": [{{"physicalLocation": {{"artifactLocation": {{"uri": "app/a%20b.txt"}}, "region": {{"startLine": 7}}}}}}]}}]}}]}}"#
        )
    };
    let trivy = sarif(
        "Trivy",
        "CVE-2024-1",
        r#"{"tags": ["vulnerability", "security", "HIGH"]}"#,
        r"Package: zlib1g\nInstalled Version: 1.2\nSeverity: HIGH\nFixed Version: 1.3",
    );
    check(
        &trivy,
        &ScannerName::Trivy,
        &["CVE-2024-1 generic:zlib1g 1.2 high fixed 1.3"],
    );
    let grype = sarif(
        "Grype",
        "CVE-2024-1-zlib1g",
        r#"{"security-severity": "7.5"}"#,
        "The path /x reports zlib1g at version 1.2 which is a vulnerable (deb) package",
    );
    check(
        &grype,
        &ScannerName::Grype,
        &["CVE-2024-1 deb:zlib1g 1.2 high unknown -"],
    );
    let gitleaks = report(&sarif(
        "gitleaks",
        "generic",
        r#"{"tags": ["secret"]}"#,
        "a secret",
    ));
    assert_eq!(gitleaks.secrets[0].location.path, "app/a b.txt");
    assert_eq!(gitleaks.secrets[0].severity, Severity::High);
    let hadolint = report(&sarif("Hadolint", "DL3007", "{}", "latest is bad"));
    assert_eq!(hadolint.scanner, ScannerName::Other("hadolint".to_owned()));
    assert_eq!(hadolint.misconfigurations[0].location.start_line, 7);
}

#[test]
fn gitlab_reports_are_read() {
    let report = check(
        GITLAB,
        &ScannerName::Trivy,
        &[OPENSSL, "CVE-2020-8203 npm:lodash 4.17.15 high unknown -"],
    );
    assert_eq!(report.target.name, "registry.example.com/shop/web:1.8");
    assert_eq!(report.vulnerabilities[1].aliases, ["GHSA-p6mc-m468-83gw"]);
    let secret = concat!("AKIA", "IOSFODNN7EXAMPLE");
    let text = format!(
        r#"{{"version": "15.0.4", "scan": {{"type": "secret_detection", "status": "success", "scanner": {{"id": "gitleaks"}}}},
        "vulnerabilities": [{{"name": "AWS", "severity": "Critical", "raw_source_code_extract": "{secret}",
        "identifiers": [{{"type": "gitleaks_rule_id", "value": "AWS"}}], "location": {{"file": "a", "start_line": 2, "commit": {{"sha": "1"}}}}}}]}}"#
    );
    let report = super::tests::report(&text);
    assert_eq!(report.secrets[0].masked, "AKIA********");
    assert_eq!(report.kinds, [ScanKind::Secret].into());
}

#[test]
fn bills_of_materials_have_packages_only() {
    let report = report(
        r#"{"artifacts": [{"name": "zlib1g", "version": "1:1.2", "type": "deb", "purl": "pkg:deb/debian/zlib1g@1%3A1.2?upstream=zlib", "locations": [{"path": "/var/lib/dpkg/status"}]}],
        "source": {"type": "image", "metadata": {"userInput": "web:1"}}, "distro": {"id": "debian", "versionID": "12"}, "descriptor": {"name": "syft", "version": "1.18.1"}}"#,
    );
    assert_eq!(report.scanner.as_str(), "syft");
    assert!(report.kinds.is_empty() && report.lists_packages);
    assert_eq!(report.packages[0].source_name.as_deref(), Some("zlib"));
    assert_eq!(report.packages[0].evidence.path, "var/lib/dpkg/status");
}

/// What CycloneDX allows: no list of components, the document's own component, and an analysis.
#[test]
fn vulnerabilities_of_cyclonedx_are_not_lost() {
    let text = r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"component": {"bom-ref": "app", "type": "application", "name": "web", "version": "1.8"}},
        "components": [{"bom-ref": "a", "type": "library", "name": "x", "version": "1.0.0", "purl": "pkg:npm/x@1.0.0"}],
        "vulnerabilities": [
            {"id": "CVE-2024-1"},
            {"id": "CVE-2024-2", "affects": [{"ref": "app"}]},
            {"id": "CVE-2024-3", "affects": [{"ref": "a"}, {"ref": "pkg:npm/y@2.0.0"}]},
            {"id": "CVE-2024-4", "affects": [{"ref": "a"}], "analysis": {"state": "not_affected"}},
            {"id": "CVE-2024-5", "affects": [{"ref": "a"}], "analysis": {"state": "resolved"}},
            {"id": "CVE-2024-6", "affects": [{"ref": "a"}], "analysis": {"state": "exploitable"}},
            {"affects": [{"ref": "a"}]}
        ]}"#;
    let report = report(text);
    let found: Vec<String> = (report.vulnerabilities.iter())
        .map(|v| format!("{} {} {}", v.id, v.package.name, v.package.version))
        .collect();
    assert_eq!(
        found,
        [
            "CVE-2024-1  ",
            "CVE-2024-2 web 1.8",
            "CVE-2024-3 x 1.0.0",
            "CVE-2024-3 y 2.0.0",
            "CVE-2024-6 x 1.0.0",
        ]
    );
    let ignored: Vec<&str> = report.ignored.iter().map(|i| i.reason.as_str()).collect();
    assert_eq!(
        ignored,
        ["analysis state not_affected", "analysis state resolved"]
    );
    assert!(
        report.coverage.entries[0]
            .detail
            .contains("1 entry without an id")
    );
}

#[test]
fn trivys_checks_of_the_image_are_about_its_configuration() {
    let report = report(
        r#"{"SchemaVersion": 2, "ArtifactName": "web:1", "Results": [{"Target": "web:1", "Class": "config", "Type": "dockerfile",
        "Misconfigurations": [{"ID": "DS002", "AVDID": "AVD-DS-0002", "Severity": "HIGH", "Status": "FAIL"}]}]}"#,
    );
    assert_eq!(
        report.misconfigurations[0].location.path,
        "image configuration"
    );
    assert_eq!(report.misconfigurations[0].kind, "image");
}

/// Our own formats, read back.
#[test]
fn what_we_write_is_read() {
    let ours = sample::report();
    for format in [
        Format::Json,
        Format::Trivy,
        Format::Sarif,
        Format::GitLab,
        Format::CycloneDx,
    ] {
        let mut out = Vec::new();
        write(format, &ours, &WriteOptions::default(), &mut out).unwrap();
        let report = read(&out, None).unwrap();
        let ids = |list: &mut dyn Iterator<Item = String>| {
            let mut ids: Vec<String> = list.collect();
            ids.sort();
            ids.dedup();
            ids
        };
        assert_eq!(
            ids(&mut report.vulnerabilities.iter().map(|v| v.id.clone())),
            ids(&mut ours.findings.iter().map(|f| f.id.clone())),
            "{format}"
        );
        if matches!(format, Format::Json | Format::Trivy | Format::Sarif) {
            assert_eq!(report.secrets.len(), ours.secrets.len(), "{format}");
            assert_eq!(
                report.misconfigurations.len(),
                ours.misconfigurations.len(),
                "{format}"
            );
        }
        for found in &report.vulnerabilities {
            if found.id == "CVE-2021-44228" {
                let day = found.published.map(|day| day.to_string());
                assert_eq!(day.as_deref(), Some("2021-12-10"), "{format}");
            }
            if found.id == "CVE-2023-44487" {
                assert_eq!(found.package.name, "libnghttp2-14", "{format}");
                assert_eq!(
                    found.fixed_version.as_deref(),
                    Some("1.52.0-1+deb12u1"),
                    "{format}"
                );
                assert_eq!(found.severity, Severity::High, "{format}");
            }
        }
    }
    let mut out = Vec::new();
    write(Format::Spdx, &ours, &WriteOptions::default(), &mut out).unwrap();
    let report = read(&out, None).unwrap();
    assert!(report.lists_packages && report.kinds.is_empty());
    assert!(report.covers.contains(&PackageType::Maven));
}

/// The day that each shape names, and what is no day.
#[test]
fn the_earliest_day_of_publication_is_read() {
    let days = |text: &str| -> Vec<String> {
        let report = report(text);
        let days = report.vulnerabilities.iter().map(|v| v.published);
        days.map(|day| day.map_or_else(|| "-".to_owned(), |day| day.to_string()))
            .collect()
    };
    for (text, expected) in [
        (TRIVY, ["2023-10-14", "2024-01-26", "-"].as_slice()),
        (CLAIR, &["2024-01-25"]),
        // Disclosed before it was published.
        (SNYK, &["2024-01-26", "2020-04-27"]),
        (OSV, &["2020-07-15", "-"]),
        // Grype and Docker Scout name none.
        (GRYPE, &["-", "-", "-", "-"]),
        (SCOUT, &["-", "-"]),
    ] {
        assert_eq!(days(text), expected, "{text}");
    }
    for (time, expected) in [
        ("2021-12-10T10:15:09.143Z", "2021-12-10"),
        ("2021-12-10", "2021-12-10"),
        ("0001-01-01T00:00:00Z", "-"),
        ("1970-01-01T00:00:00Z", "-"),
        ("December 2021", "-"),
        ("", "-"),
    ] {
        let text = CLAIR.replace("2024-01-25T00:00:00Z", time);
        assert_eq!(days(&text), [expected], "{time}");
        let document = format!(
            r#"{{"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [{{"bom-ref": "a", "type": "library", "name": "x", "version": "1", "purl": "pkg:npm/x@1"}}],
            "vulnerabilities": [{{"id": "CVE-2021-1", "created": "2020-01-01T00:00:00Z", "published": "{time}", "affects": [{{"ref": "a"}}]}}]}}"#
        );
        assert_eq!(days(&document), [expected], "{time}");
    }
}

#[test]
fn unknown_versions_are_read_and_say_so() {
    let trivy = TRIVY.replace("\"SchemaVersion\": 2", "\"SchemaVersion\": 3");
    let report = super::tests::report(&trivy);
    assert_eq!(report.vulnerabilities.len(), 3);
    assert!(
        report
            .coverage
            .entries
            .iter()
            .any(|e| e.detail.contains("schema version 3 is newer"))
    );
    let mut out = Vec::new();
    write(
        Format::Json,
        &sample::report(),
        &WriteOptions::default(),
        &mut out,
    )
    .unwrap();
    let ours = String::from_utf8(out)
        .unwrap()
        .replace(
            "\"schema_version\": \"1.0\"",
            "\"schema_version\": \"1.9\", \"later\": {}",
        )
        .replace("\"type\": \"gem\"", "\"type\": \"brew\"");
    let report = super::tests::report(&ours);
    assert!(
        report
            .coverage
            .entries
            .iter()
            .any(|e| e.detail.contains("1 packages of a kind"))
    );
    assert_eq!(report.vulnerabilities.len(), 6);
}

#[test]
fn a_hint_names_who_made_a_report_that_does_not_tell() {
    let text = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {}}, "results": []}]}"#;
    let hint = Some(ScannerName::DockerScout);
    assert_eq!(
        read(text.as_bytes(), hint).unwrap().scanner,
        ScannerName::DockerScout
    );
    // What a report says of itself is believed more.
    let hint = Some(ScannerName::Snyk);
    assert_eq!(
        read(TRIVY.as_bytes(), hint).unwrap().scanner,
        ScannerName::Trivy
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_reports_never_panic(
        which in 0_usize..7,
        cut in 0.0_f64..1.0,
        flips in proptest::collection::vec((0.0_f64..1.0, any::<u8>()), 0..8),
    ) {
        let text = [TRIVY, GRYPE, CLAIR, SNYK, OSV, SCOUT, GITLAB][which];
        let mut bytes = text.trim_end().as_bytes().to_vec();
        let place = |share: f64, len: usize| ((len as f64) * share) as usize;
        for (share, value) in flips {
            let at = place(share, bytes.len());
            bytes[at] = value;
        }
        let cut_at = place(cut, bytes.len());
        let _ = read(&bytes, None);
        let _ = single("x", &bytes);
        // Half of a report is never a report.
        prop_assert!(read(&bytes[..cut_at], None).is_err());
    }

    /// The right keys with values of the wrong type.
    #[test]
    fn wrong_types_never_panic(which in 0_usize..7, victim in 0_usize..200, kind in 0_u8..5) {
        let text = [TRIVY, GRYPE, CLAIR, SNYK, OSV, SCOUT, GITLAB][which];
        let mut value: Value = serde_json::from_str(text).unwrap();
        let mut left = victim;
        spoil(&mut value, &mut left, kind);
        let text = value.to_string();
        let _ = read(text.as_bytes(), None);
        if let Ok(Some(report)) = single("x", text.as_bytes()) {
            let packages = report.inventory.packages.len();
            prop_assert!(report.findings.iter().all(|f| f.package < packages));
        }
    }

    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, None);
        let _ = single("x", &bytes);
    }
}

/// Replaces the `left`-th value by one of another type.
fn spoil(value: &mut Value, left: &mut usize, kind: u8) -> bool {
    if *left == 0 {
        *value = match kind {
            0 => Value::Null,
            1 => Value::from(-1),
            2 => Value::from("é\u{0}x"),
            3 => Value::from(vec![1, 2]),
            _ => serde_json::json!({"a": 1}),
        };
        return true;
    }
    *left -= 1;
    match value {
        Value::Array(list) => list.iter_mut().any(|v| spoil(v, left, kind)),
        Value::Object(map) => map.values_mut().any(|v| spoil(v, left, kind)),
        _ => false,
    }
}
