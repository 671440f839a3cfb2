//! Why scanners do not say the same.

use super::*;

#[test]
fn every_difference_has_a_reason() {
    let merged = merge(&all(), "0.1.0");
    let openssl = found(&merged, "CVE-2024-0727", "libssl3");
    let severity = cause(openssl, Cause::Severity, "snyk");
    assert!(
        severity.contains("seaworthy, clair say low (debian)"),
        "{severity}"
    );
    assert!(severity.contains("trivy says medium (nvd)"), "{severity}");
    let lodash = found(&merged, "CVE-2020-8203", "lodash");
    let fix = cause(lodash, Cause::Fix, "grype");
    assert!(
        fix.contains("grype, osv-scanner say fixed in 4.17.19"),
        "{fix}"
    );
    assert!(cause(lodash, Cause::Coverage, "seaworthy").contains("starter table"));
    assert!(cause(lodash, Cause::Ecosystem, "clair").contains("npm"));
    let zlib = found(&merged, "CVE-2023-45853", "zlib1g");
    assert!(cause(zlib, Cause::Filtered, "grype").contains("wont-fix"));
    let jinja = found(&merged, "CVE-2019-10906", "jinja2");
    assert_eq!(names(jinja), ["seaworthy"]);
    assert!(cause(jinja, Cause::Ecosystem, "trivy").contains("pypi"));
    let curl = found(&merged, "CVE-2024-1000", "curl");
    assert_eq!(curl.advisories, ["ALAS-2024-1"]);
    for finding in &merged.findings {
        let absent = merged.scanners.iter().filter(|row| {
            row.kind == Some(ScanKind::Vulnerability) && !finding.found_by.contains(&row.scanner)
        });
        for row in absent {
            assert!(
                finding
                    .disagreements
                    .iter()
                    .any(|d| d.scanners.contains(&row.scanner)),
                "{} {}",
                finding.id,
                row.scanner
            );
        }
    }
}

#[test]
fn reasons_beyond_the_obvious() {
    use PackageType::{Deb, Npm};
    // The same source package, another binary.
    let mut a = vulnerability("CVE-2024-1", Deb, "libssl3", "3.0");
    a.package.source_name = Some("openssl".to_owned());
    let mut b = vulnerability("CVE-2024-1", Deb, "libcrypto3", "3.0");
    b.package.source_name = Some("openssl".to_owned());
    let merged = check(a.clone(), b, 2);
    assert!(
        cause(
            found(&merged, "CVE-2024-1", "libssl3"),
            Cause::PackageName,
            "grype"
        )
        .contains("libcrypto3")
    );
    // An advisory that names no CVE.
    let b = vulnerability("DSA-1-1", Deb, "libssl3", "3.0");
    let merged = check(a.clone(), b.clone(), 2);
    assert!(
        cause(
            found(&merged, "CVE-2024-1", "libssl3"),
            Cause::Alias,
            "grype"
        )
        .contains("DSA-1-1")
    );
    // The same, when the other report links them.
    a.advisories = vec!["DSA-1-1".to_owned()];
    let merged = check(a, b, 1);
    assert_eq!(names(&merged.findings[0]), ["trivy", "grype"]);
    // Another order of versions.
    let mut a = vulnerability("CVE-2024-1", Npm, "x", "10.0.0");
    a.fixed_version = Some("9.0.0".to_owned());
    let merged = check(a, vulnerability("CVE-2024-2", Npm, "y", "1.0.0"), 2);
    assert!(
        cause(
            found(&merged, "CVE-2024-1", "x"),
            Cause::VersionScheme,
            "grype"
        )
        .contains("semver")
    );
    // Another source.
    let mut a = vulnerability("CVE-2024-1", Npm, "x", "1.0.0");
    a.source = "nvd".to_owned();
    let mut b = vulnerability("CVE-2024-2", Npm, "y", "1.0.0");
    b.source = "ghsa".to_owned();
    let merged = check(a, b, 2);
    assert!(
        cause(
            found(&merged, "CVE-2024-1", "x"),
            Cause::AdvisorySource,
            "grype"
        )
        .contains("nvd")
    );
    let merged = check(
        vulnerability("CVE-2024-1", Npm, "x", "1.0.0"),
        vulnerability("CVE-2024-2", Npm, "y", "1.0.0"),
        2,
    );
    assert!(!cause(found(&merged, "CVE-2024-1", "x"), Cause::Unknown, "grype").is_empty());
}

#[test]
fn filters_are_recognised_by_what_is_never_there() {
    let many = |fixed: bool, severity: Severity| -> Vec<Vulnerability> {
        (0..6)
            .map(|n| {
                let mut v = vulnerability(&format!("CVE-2023-{n}"), PackageType::Npm, "y", "1.0.0");
                v.fixed_version = fixed.then(|| "2.0.0".to_owned());
                v.severity = severity;
                v
            })
            .collect()
    };
    let one = vulnerability("CVE-2024-1", PackageType::Npm, "x", "1.0.0");
    for (others, expected) in [
        (many(true, Severity::Low), Cause::StateFilter),
        (many(false, Severity::High), Cause::SeverityFilter),
    ] {
        let merged = merge(
            &[
                report(ScannerName::Trivy, vec![one.clone()]),
                report(ScannerName::Grype, others),
            ],
            "0",
        );
        cause(found(&merged, "CVE-2024-1", "x"), expected, "grype");
    }
}

#[test]
fn what_only_one_reports_besides_vulnerabilities_has_a_reason_too() {
    let RunOutcome::Answered(mut ours) = ours().outcome else {
        panic!("it has an answer");
    };
    let sample = crate::sample::report();
    let mut deep = sample.secrets[1].clone();
    deep.location = seaworthy_model::Location::line("app/x.jar!/key.pem", 1);
    let mut configured = sample.secrets[1].clone();
    configured.location = seaworthy_model::Location::line("image configuration", 0);
    ours.secrets = vec![sample.secrets[0].clone(), deep, configured];
    ours.secrets[0].severity = Severity::High;
    ours.misconfigurations = sample.misconfigurations.clone();
    ours.licenses = vec![crate::read::License {
        license: "Zlib".to_owned(),
        class: LicenseClass::Notice,
        severity: Severity::Low,
        package: "zlib1g".to_owned(),
        location: Location::default(),
        confidence: 100,
    }];
    let ours = ScannerRun {
        kind: None,
        ..ScannerRun::answered(ScannerReport {
            kinds: ScanKind::ALL.into(),
            ..*ours
        })
    };
    let merged = merge(&[ours, fixture("trivy")], "0");
    let reason = |list: &[Disagreement], cause: Cause, needle: &str| {
        assert!(
            list.iter()
                .any(|d| d.cause == cause && d.text.contains(needle)),
            "{list:?}"
        );
    };
    for secret in &merged.secrets {
        match secret.location.path.as_str() {
            "app/.env" => reason(
                &secret.disagreements,
                Cause::Severity,
                "seaworthy says high",
            ),
            "image configuration" => reason(&secret.disagreements, Cause::Place, "configuration"),
            _ => reason(&secret.disagreements, Cause::Place, "archives"),
        }
    }
    let root = merged
        .misconfigurations
        .iter()
        .find(|m| m.rules.contains_key(&ScannerName::Seaworthy) && m.title.contains("root"));
    reason(
        &root.unwrap().disagreements,
        Cause::Place,
        "AVD-DS-0002 at Dockerfile:1",
    );
    let limit = merged
        .misconfigurations
        .iter()
        .find(|m| m.title.contains("memory"));
    reason(
        &limit.unwrap().disagreements,
        Cause::Place,
        "nothing at all about this file",
    );
    for license in &merged.licenses {
        reason(
            &license.disagreements,
            Cause::LicenseName,
            "for this package",
        );
    }
}
