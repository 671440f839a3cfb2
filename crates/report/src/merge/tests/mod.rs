//! One image as seven scanners see it, and pairs that differ in one way each.

mod answers;
mod output;
mod reasons;
mod same;
mod size;

use seaworthy_model::{
    Distribution, ExitClass, Finding, LicenseClass, Location, MatchReason, Package, PackageType,
    Report, Severity, State,
};

use super::*;
use crate::read::{ReportFormat, Vulnerability, read};
use crate::{Format, WriteOptions, write};

fn fixture(name: &str) -> ScannerRun {
    let text = match name {
        "trivy" => include_str!("../../read/fixtures/trivy.json"),
        "grype" => include_str!("../../read/fixtures/grype.json"),
        "clair" => include_str!("../../read/fixtures/clair.json"),
        "snyk" => include_str!("../../read/fixtures/snyk.json"),
        "osv" => include_str!("../../read/fixtures/osv.json"),
        "scout" => include_str!("../../read/fixtures/scout.sarif.json"),
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
        state: if fixed.is_some() {
            State::Fixed
        } else {
            State::WillNotFix
        },
        severity_source: source.to_owned(),
        ratings: Vec::new(),
        reason: MatchReason {
            source: "debian-tracker".to_owned(),
            ..MatchReason::default()
        },
        ..crate::sample::finding(id, package, severity, fixed)
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
