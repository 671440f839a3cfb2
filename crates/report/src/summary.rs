//! The summary file that a pipeline's matrix job writes per scanner and kind.

use seaworthy_model::{ExitClass, LicenseFinding, Misconfiguration, Report, Secret, Severity};
use serde::Serialize;

use crate::merge::ScanKind;

/// What one scanner found of one kind: `trivy-vulnerability-summary.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScannerSummary {
    /// The scanner: `seaworthy`, `trivy`.
    pub scanner: String,
    /// `vulnerability`, `secret`, `config`, `license`.
    pub scan_type: &'static str,
    /// How many; none, not zero, when the scanner did not answer.
    pub total_vulnerabilities: Option<usize>,
    /// How many of them are critical.
    pub critical_vulnerabilities: Option<usize>,
    /// `PASS`, `FAIL` (something critical), `ERROR` (no answer), `NOT_APPLICABLE` (it does not look
    /// for this, or not in targets of this kind).
    pub scan_status: &'static str,
}

impl ScannerSummary {
    /// The status of a scanner that does not look for the kind.
    pub const NOT_APPLICABLE: &'static str = "NOT_APPLICABLE";

    /// From what was counted; none when the scanner did not answer.
    #[must_use]
    pub fn new(scanner: &str, kind: ScanKind, counted: Option<(usize, usize)>) -> Self {
        Self {
            scanner: scanner.to_owned(),
            scan_type: kind.name(),
            total_vulnerabilities: counted.map(|(total, _)| total),
            critical_vulnerabilities: counted.map(|(_, critical)| critical),
            scan_status: match counted {
                None => "ERROR",
                Some((_, 0)) => "PASS",
                Some(_) => "FAIL",
            },
        }
    }

    /// `trivy-vulnerability-summary.json`; characters that a file name should not have become `-`.
    #[must_use]
    pub fn file_name(&self) -> String {
        let scanner: String = self
            .scanner
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
                    c
                } else {
                    '-'
                }
            })
            .collect();
        format!("{scanner}-{}-summary.json", self.scan_type)
    }
}

/// The summary of our own report for one kind. What could not be assessed is an error, never a
/// pass; a broken gate fails.
#[must_use]
pub fn scanner_summary(report: &Report, kind: ScanKind) -> ScannerSummary {
    let name = if report.tool.name.is_empty() {
        "seaworthy"
    } else {
        &report.tool.name
    };
    let exit = report.exit_class();
    let counted = (exit != ExitClass::NotAssessed).then(|| count(report, kind));
    let mut summary = ScannerSummary::new(name, kind, counted);
    if exit == ExitClass::GateFailed && kind == ScanKind::Vulnerability {
        summary.scan_status = "FAIL";
    }
    summary
}

/// The summaries of our own report for each kind that was looked for.
#[must_use]
pub fn scanner_summaries(report: &Report) -> Vec<ScannerSummary> {
    ScanKind::ALL
        .into_iter()
        .filter(|kind| report.scanners.iter().any(|w| w == kind.scanner_word()))
        .map(|kind| scanner_summary(report, kind))
        .collect()
}

/// How many of a kind, and how many of them are critical.
fn count(report: &Report, kind: ScanKind) -> (usize, usize) {
    fn critical(severities: impl Iterator<Item = Severity>) -> (usize, usize) {
        severities.fold((0, 0), |(all, critical), severity| {
            (
                all + 1,
                critical + usize::from(severity == Severity::Critical),
            )
        })
    }
    match kind {
        ScanKind::Vulnerability => critical(report.findings.iter().map(|f| f.severity)),
        ScanKind::Secret => critical(report.secrets.iter().map(|s: &Secret| s.severity)),
        ScanKind::Config => critical(
            report
                .misconfigurations
                .iter()
                .map(|m: &Misconfiguration| m.severity),
        ),
        ScanKind::License => critical(report.licenses.iter().map(|l: &LicenseFinding| l.severity)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn the_fields_are_those_of_the_field() {
        let summary = scanner_summary(&sample::report(), ScanKind::Vulnerability);
        assert_eq!(
            serde_json::to_value(&summary).unwrap(),
            serde_json::json!({
                "scanner": "seaworthy",
                "scan_type": "vulnerability",
                "total_vulnerabilities": 7,
                "critical_vulnerabilities": 2,
                "scan_status": "FAIL",
            })
        );
        assert_eq!(summary.file_name(), "seaworthy-vulnerability-summary.json");
    }

    #[test]
    fn no_answer_is_no_zero() {
        let summary = scanner_summary(&sample::not_assessed(), ScanKind::Vulnerability);
        assert_eq!(summary.scan_status, "ERROR");
        assert_eq!(summary.total_vulnerabilities, None);
        let clean = scanner_summary(&sample::clean(), ScanKind::Secret);
        assert_eq!(
            (clean.scan_status, clean.total_vulnerabilities),
            ("PASS", Some(0))
        );
        let other = ScannerSummary::new("../x y", ScanKind::Config, None);
        assert_eq!(other.file_name(), "---x-y-config-summary.json");
    }
}
