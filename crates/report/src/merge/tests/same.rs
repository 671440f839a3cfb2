//! What is one finding, and what is not.

use super::*;

#[test]
fn what_is_the_same_is_one_finding() {
    let merged = merge(&all(), "0.1.0");
    let openssl = found(&merged, "CVE-2024-0727", "libssl3");
    // By binary, by source, by purl, by a Debian id: all of them.
    assert_eq!(
        names(openssl),
        [
            "seaworthy",
            "trivy",
            "grype",
            "clair",
            "snyk",
            "osv-scanner",
            "docker-scout"
        ]
    );
    assert_eq!(openssl.severity, Severity::Low);
    assert_eq!(openssl.severity_source, "debian");
    assert_eq!(openssl.advisories, ["DSA-5999-1"]);
    assert!(
        openssl
            .aliases
            .contains(&"SNYK-DEBIAN12-OPENSSL-6190223".to_owned())
    );
    let lodash = found(&merged, "CVE-2020-8203", "lodash");
    assert_eq!(names(lodash), ["trivy", "grype", "snyk", "osv-scanner"]);
    assert_eq!(lodash.aliases[0], "GHSA-p6mc-m468-83gw");
    // Nobody of us: the highest fix satisfies all.
    assert_eq!(lodash.fixed_version.as_deref(), Some("4.17.20"));
    let zlib = found(&merged, "CVE-2023-45853", "zlib1g");
    assert_eq!(names(zlib), ["seaworthy", "trivy", "docker-scout"]);
    assert_eq!(merged.findings.len(), 6);
    assert_eq!(merged.target.name, "registry.example.com/shop/web:1.8");
}

#[test]
fn names_and_versions_are_compared_as_their_ecosystem_does() {
    use PackageType::{Apk, Deb, Generic, Go, Maven, Npm, PyPi, Rpm};
    for (a, b, expected) in [
        (
            (PyPi, "Zope.Interface", "1.0"),
            (PyPi, "zope-interface", "1.0.0"),
            1,
        ),
        ((Maven, "org.x:y", "1"), (Maven, "org.x/y", "1"), 1),
        ((Maven, "org.x:y", "1"), (Generic, "y", "1"), 1),
        (
            (Go, "github.com/X/y", "v1.2.0"),
            (Go, "github.com/x/y", "1.2.0"),
            1,
        ),
        ((Deb, "zlib1g", "1:1.2-1"), (Deb, "zlib1g", "1.2-1"), 1),
        ((Rpm, "openssl", "1:3.0-2.el9"), (Rpm, "openssl", "3.0"), 1),
        ((Apk, "busybox", "1.36.1-r2"), (Generic, "busybox", ""), 1),
        ((Npm, "lodash", "4.17.15"), (Npm, "lodash", "4.17.20"), 2),
        ((Npm, "a", "1.0.0"), (PyPi, "a", "1.0.0"), 2),
        ((Npm, "a", "1.0.0"), (Npm, "b", "1.0.0"), 2),
    ] {
        let one = |(kind, name, version)| vulnerability("CVE-2024-1", kind, name, version);
        check(one(a), one(b), expected);
    }
}

/// JSON and SARIF of one scan, and a check of the whole file with and without a line.
#[test]
fn two_reports_of_one_scanner_are_one() {
    let sarif = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Trivy", "rules": [
        {"id": "aws-access-key-id", "properties": {"tags": ["secret", "CRITICAL"]}},
        {"id": "DS002", "shortDescription": {"text": "&#39;root&#39; &amp; co"}, "properties": {"tags": ["misconfiguration", "HIGH"]}}]}},
        "results": [
        {"ruleId": "aws-access-key-id", "locations": [{"physicalLocation": {"artifactLocation": {"uri": "app/.env"}, "region": {"startLine": 3}}}]},
        {"ruleId": "DS002", "locations": [{"physicalLocation": {"artifactLocation": {"uri": "Dockerfile"}, "region": {"startLine": 7}}}]}]}]}"#;
    let sarif = ScannerRun::answered(read(sarif.as_bytes(), None).unwrap());
    let merged = merge(&[fixture("trivy"), sarif.clone()], "0");
    assert_eq!(merged.secrets.len(), 1);
    assert_eq!(merged.misconfigurations.len(), 1);
    let merged = merge(&[sarif], "0");
    assert_eq!(merged.misconfigurations[0].title, "'root' & co");
}

#[test]
fn secrets_and_misconfigurations_are_one_by_place_and_rule() {
    let trivy = fixture("trivy");
    let RunOutcome::Answered(mut ours) = ours().outcome else {
        panic!("it has an answer");
    };
    let mut secret = crate::sample::report().secrets[0].clone();
    secret.rule = "our-own-rule".to_owned();
    ours.secrets = vec![secret];
    let mut issue = crate::sample::report().misconfigurations[0].clone();
    issue.location = seaworthy_model::Location::line("Dockerfile", 1);
    ours.misconfigurations = vec![issue];
    let merged = merge(&[trivy, ScannerRun::answered(*ours)], "0");
    assert_eq!(merged.secrets.len(), 1);
    assert_eq!(merged.secrets[0].rules.len(), 2);
    assert_eq!(merged.misconfigurations.len(), 1);
    assert_eq!(
        merged.misconfigurations[0].rules[&ScannerName::Trivy],
        "DS002"
    );
    assert_eq!(merged.licenses.len(), 1);
    // Both found it, and rate it the same.
    assert!(merged.secrets[0].disagreements.is_empty());
}

#[test]
fn the_earliest_day_of_publication_counts() {
    let day = |text: &str| text.parse().ok();
    for (a, b, expected) in [
        (day("2024-01-26"), day("2024-01-25"), day("2024-01-25")),
        (day("2024-01-25"), None, day("2024-01-25")),
        (None, None, None),
    ] {
        let with = |day| {
            let mut one = vulnerability("CVE-2024-1", PackageType::Npm, "x", "1.0.0");
            one.published = day;
            one
        };
        let merged = check(with(a), with(b), 1);
        assert_eq!(merged.findings[0].published, expected);
        assert_eq!(merged.report().findings[0].published, expected);
    }
    // Clair names the earliest day of all fixtures.
    let merged = merge(&all(), "0");
    let openssl = found(&merged, "CVE-2024-0727", "libssl3");
    assert_eq!(openssl.published, day("2024-01-25"));
}
