//! Runs without an answer, and answers about something else.

use super::*;

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
    // One answer does not make up for the others, unless somebody accepts that; they are named.
    let mut runs = runs.to_vec();
    runs.push(ours());
    let mut report = merge(&runs, "0").report();
    assert_eq!(report.exit_class(), ExitClass::NotAssessed);
    report.unknown_allowed = true;
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

/// A scanner that was asked for one kind only answers for no other.
#[test]
fn a_merge_says_what_was_looked_for() {
    let sarif = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "gitleaks"}}, "results": []}]}"#;
    let gitleaks = ScannerRun::answered(read(sarif.as_bytes(), None).unwrap());
    let report = merge(&[gitleaks], "0").report();
    assert_eq!(report.scanners, ["secret"]);
    assert_eq!(report.exit_class(), ExitClass::Pass);
    let report = merge(&[fixture("trivy")], "0").report();
    assert_eq!(report.scanners, ["vuln", "secret", "config", "license"]);
    assert!(merge(&[], "0").report().scanners.is_empty());
    assert_eq!(
        merge(&[], "0").report().exit_class(),
        ExitClass::NotAssessed
    );
}
