//! One image as seven scanners see it, and pairs that differ in one way each.

use seaworthy_model::{
    Distribution, ExitClass, Finding, LicenseClass, Location, MatchReason, Origin, Package,
    PackageType, Report, Severity, State,
};

use super::*;
use crate::read::{ReportFormat, Vulnerability, read};
use crate::{Format, WriteOptions, write};

fn fixture(name: &str) -> ScannerRun {
    let text = match name {
        "trivy" => include_str!("../read/fixtures/trivy.json"),
        "grype" => include_str!("../read/fixtures/grype.json"),
        "clair" => include_str!("../read/fixtures/clair.json"),
        "snyk" => include_str!("../read/fixtures/snyk.json"),
        "osv" => include_str!("../read/fixtures/osv.json"),
        "scout" => include_str!("../read/fixtures/scout.sarif.json"),
        other => panic!("{other}"),
    };
    ScannerRun::answered(read(text.as_bytes(), None).unwrap())
}

/// Our own report of the same image, through its JSON.
fn ours() -> ScannerRun {
    let os = |name: &str, version: &str, source: &str| {
        let mut package = Package::new(PackageType::Deb, name, version, "var/lib/dpkg/status");
        package.source_name = Some(source.to_owned());
        package
    };
    let mut report = Report {
        schema_version: Report::SCHEMA_VERSION.to_owned(),
        ..Report::default()
    };
    report.target.name = "registry.example.com/shop/web:1.8".to_owned();
    report.inventory.distribution = Some(Distribution {
        id: "debian".to_owned(),
        version: "12.5".to_owned(),
        name: "Debian 12.5".to_owned(),
    });
    report.inventory.packages = vec![
        os("libssl3", "3.0.11-1~deb12u1", "openssl"),
        os("zlib1g", "1:1.2.13.dfsg-1", "zlib"),
        Package::new(
            PackageType::Npm,
            "lodash",
            "4.17.15",
            "app/node_modules/lodash/package.json",
        ),
        Package::new(PackageType::PyPi, "jinja2", "2.11.2", "x/METADATA"),
    ];
    report.inventory.coverage.add(CoverageEntry::new(
        CoverageKind::StarterOnly,
        "npm",
        "only the compiled-in starter table answered",
    ));
    let finding = |id: &str, package, severity, source: &str, fixed: Option<&str>| Finding {
        id: id.to_owned(),
        aliases: Vec::new(),
        package,
        state: if fixed.is_some() {
            State::Fixed
        } else {
            State::WillNotFix
        },
        severity,
        severity_source: source.to_owned(),
        ratings: Vec::new(),
        epss: None,
        published: None,
        kev: None,
        fixed_version: fixed.map(str::to_owned),
        fix_command: None,
        origin: Origin::Base,
        reason: MatchReason {
            source: "debian-tracker".to_owned(),
            ..MatchReason::default()
        },
    };
    report.findings = vec![
        finding(
            "CVE-2024-0727",
            0,
            Severity::Low,
            "debian",
            Some("3.0.13-1~deb12u1"),
        ),
        finding("CVE-2023-45853", 1, Severity::Critical, "nvd", None),
        finding("CVE-2019-10906", 3, Severity::High, "ghsa", Some("2.11.3")),
    ];
    report.counts = Report::count(&report.findings);
    let mut out = Vec::new();
    write(Format::Json, &report, &WriteOptions::default(), &mut out).unwrap();
    ScannerRun::answered(read(&out, None).unwrap())
}

fn all() -> Vec<ScannerRun> {
    let mut runs = vec![ours()];
    runs.extend(["trivy", "grype", "clair", "snyk", "osv", "scout"].map(fixture));
    runs
}

fn found<'a>(merged: &'a Merged, id: &str, package: &str) -> &'a MergedFinding {
    merged
        .findings
        .iter()
        .find(|f| f.id == id && f.package.name == package)
        .unwrap_or_else(|| panic!("{id} {package}: {:#?}", merged.findings))
}

fn names(finding: &MergedFinding) -> Vec<&str> {
    finding.found_by.iter().map(ScannerName::as_str).collect()
}

fn cause<'a>(finding: &'a MergedFinding, cause: Cause, scanner: &str) -> &'a str {
    finding
        .disagreements
        .iter()
        .find(|d| d.cause == cause && d.scanners.iter().any(|s| s.as_str() == scanner))
        .unwrap_or_else(|| panic!("{cause} of {scanner}: {:#?}", finding.disagreements))
        .text
        .as_str()
}

fn text(format: MergeFormat, merged: &Merged, options: &WriteOptions) -> String {
    let mut out = Vec::new();
    write_merged(format, merged, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

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

/// A report with these vulnerabilities and nothing else.
fn report(scanner: ScannerName, vulnerabilities: Vec<Vulnerability>) -> ScannerRun {
    let text = r#"{"matches": [], "descriptor": {"name": "grype"}}"#;
    let mut report = read(text.as_bytes(), None).unwrap();
    report.scanner = scanner;
    report.format = ReportFormat::Grype;
    report.covers = vulnerabilities.iter().map(|v| v.package.kind).collect();
    report.vulnerabilities = vulnerabilities;
    ScannerRun::answered(report)
}

fn vulnerability(id: &str, kind: PackageType, name: &str, version: &str) -> Vulnerability {
    let mut found = Vulnerability::new(id, Package::new(kind, name, version, ""));
    found.state = State::Affected;
    found.severity = Severity::Medium;
    found
}

/// Two scanners, one vulnerability each: how many findings they are together.
fn check(a: Vulnerability, b: Vulnerability, expected: usize) -> Merged {
    let label = format!("{a:?} {b:?}");
    let merged = merge(
        &[
            report(ScannerName::Trivy, vec![a]),
            report(ScannerName::Grype, vec![b]),
        ],
        "0",
    );
    assert_eq!(merged.findings.len(), expected, "{label}");
    merged
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

#[test]
fn no_answer_is_never_clean() {
    let runs = [
        ScannerRun::failed(
            ScannerName::Trivy,
            Some(ScanKind::Vulnerability),
            "no database",
        ),
        ScannerRun::missing(ScannerName::Snyk, None, "not in PATH"),
        ScannerRun {
            outcome: RunOutcome::TimedOut,
            ..ScannerRun::failed(ScannerName::Grype, Some(ScanKind::Vulnerability), "")
        },
    ];
    let merged = merge(&runs, "0");
    assert_eq!(merged.scanners.len(), 3);
    for row in &merged.scanners {
        assert_ne!(row.status, RunStatus::Ok);
        assert_eq!((row.total, row.critical), (None, None));
    }
    for summary in merged.summaries() {
        assert_eq!(summary.scan_status, "ERROR");
        assert_eq!(summary.total_vulnerabilities, None);
    }
    assert_eq!(merged.report().exit_class(), ExitClass::NotAssessed);
    let table = text(MergeFormat::Matrix, &merged, &WriteOptions::default());
    assert!(
        table.contains("no database") && table.contains("not in PATH"),
        "{table}"
    );
    let table = text(MergeFormat::Table, &merged, &WriteOptions::default());
    assert!(
        table.contains("no scanner answered for vulnerabilities"),
        "{table}"
    );
    // One answer is enough to say something, and the others are named.
    let mut runs = runs.to_vec();
    runs.push(ours());
    let report = merge(&runs, "0").report();
    assert_eq!(report.exit_class(), ExitClass::Pass);
    assert!(
        report
            .inventory
            .coverage
            .entries
            .iter()
            .any(|e| e.subject.starts_with("trivy"))
    );
}

#[test]
fn reports_of_other_images_are_named() {
    let RunOutcome::Answered(mut other) = fixture("grype").outcome else {
        panic!("it has an answer");
    };
    other.digests = [format!("sha256:{:064}", 7)].into();
    other.target.name = "another:1".to_owned();
    let merged = merge(&[fixture("trivy"), ScannerRun::answered(*other)], "0");
    assert!(
        merged
            .coverage
            .iter()
            .any(|e| e.detail.contains("another image"))
    );
}

#[test]
fn the_order_of_the_files_changes_nothing() {
    let runs = all();
    let mut reversed = runs.clone();
    reversed.reverse();
    let options = WriteOptions::default();
    assert_eq!(
        text(MergeFormat::Json, &merge(&runs, "0"), &options),
        text(MergeFormat::Json, &merge(&reversed, "0"), &options)
    );
}

#[test]
fn json_fits_its_published_schema() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../schemas/seaworthy-merge-1.0.schema.json");
    let schema = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut runs = all();
    runs.push(ScannerRun::missing(
        ScannerName::Other("x".to_owned()),
        None,
        "not there",
    ));
    for merged in [merge(&runs, "0.1.0"), merge(&[], "0.1.0")] {
        let value = serde_json::to_value(&merged).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn every_format_of_a_scan_takes_a_merge() {
    let merged = merge(&all(), "0.1.0");
    for format in Format::ALL {
        let page = text(
            MergeFormat::Report(format),
            &merged,
            &WriteOptions::default(),
        );
        assert!(page.ends_with('\n'), "{format}");
    }
    let page = text(
        MergeFormat::Report(Format::GitLab),
        &merged,
        &WriteOptions::default(),
    );
    assert!(page.contains("seaworthy, trivy, grype, clair, snyk, osv-scanner, docker-scout"));
}

#[test]
fn the_table_shows_who_found_what() {
    let mut runs = all();
    runs.push(ScannerRun::failed(
        ScannerName::Other("anchore-cli".to_owned()),
        Some(ScanKind::Vulnerability),
        "exit status 2: \u{1b}[31mcannot connect",
    ));
    let merged = merge(&runs, "0.1.0");
    let options = |width, all| WriteOptions {
        width,
        all,
        ..WriteOptions::default()
    };
    for width in [60, 80, 120] {
        for line in text(MergeFormat::Table, &merged, &options(width, true)).lines() {
            assert!(crate::text::width(line) <= width, "{line}");
            assert!(!line.contains('\u{1b}'));
        }
    }
    insta::assert_snapshot!(
        "merge_at_100_columns",
        text(MergeFormat::Table, &merged, &options(100, false))
    );
    insta::assert_snapshot!(
        "merge_with_reasons",
        text(MergeFormat::Table, &merged, &options(100, true))
    );
}

/// With many entries the merge stays near linear: this would take minutes if it were quadratic.
#[test]
fn large_reports_are_merged_in_one_pass() {
    let many = |prefix: &str| -> Vec<Vulnerability> {
        (0..20_000)
            .map(|n| {
                vulnerability(
                    &format!("CVE-2024-{}", n % 50),
                    PackageType::Npm,
                    &format!("{prefix}{n}"),
                    "1.0.0",
                )
            })
            .collect()
    };
    let merged = merge(
        &[
            report(ScannerName::Trivy, many("p")),
            report(ScannerName::Grype, many("p")),
        ],
        "0",
    );
    assert_eq!(merged.findings.len(), 20_000);
    assert!(merged.findings.iter().all(|f| f.found_by.len() == 2));
}

/// One id for everything, an alias for each package, names without a type, one ignore rule for all.
#[test]
fn a_report_that_wants_to_be_slow_is_not() {
    let many = |kind: PackageType| -> Vec<Vulnerability> {
        (0..20_000)
            .map(|n| {
                let mut v = vulnerability("CVE-2024-1", kind, &format!("p{n}"), "1.0.0");
                v.aliases = vec![format!("GHSA-{n}")];
                v.advisories = vec!["DSA-1-1".to_owned()];
                v
            })
            .collect()
    };
    let advisories = (0..20_000)
        .map(|n| vulnerability("DSA-1-1", PackageType::Deb, "p1", &format!("{n}")))
        .collect();
    let mut ignoring = report(ScannerName::Snyk, many(PackageType::Generic));
    if let RunOutcome::Answered(report) = &mut ignoring.outcome {
        report.ignored = report
            .vulnerabilities
            .iter()
            .map(|v| crate::read::Ignored {
                vulnerability: v.clone(),
                reason: "x".to_owned(),
            })
            .collect();
    }
    let merged = merge(
        &[
            report(ScannerName::Trivy, many(PackageType::Deb)),
            report(ScannerName::Grype, advisories),
            ignoring,
        ],
        "0",
    );
    assert!(merged.findings.len() >= 20_000);
    assert!(merged.findings.iter().all(|f| f.aliases.len() <= 64));
}
