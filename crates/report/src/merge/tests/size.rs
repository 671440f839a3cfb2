//! Reports that are large, and reports that want to be slow.

use super::*;

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
                cleared: false,
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
