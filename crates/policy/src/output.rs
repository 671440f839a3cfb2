//! The field's reports: `container-policy-report.json` and `security-summary.json`, same names and
//! keys, with more beside them.

use rustc_hash::FxHashSet;
use seaworthy_model::{Report, Severity};
use serde::Serialize;

use crate::verdict::{Note, Status, Verdict, VexNote, Violation, Waived, WaiverNote};

/// What reports name beside the verdict.
#[derive(Debug, Clone, Copy)]
pub struct ReportContext<'a> {
    /// The project: `CI_PROJECT_NAME`.
    pub project: &'a str,
    /// The image's reference.
    pub image: &'a str,
    /// When it was scanned, RFC 3339.
    pub scan_date: &'a str,
}

#[derive(Serialize)]
struct PolicyReport<'a> {
    policy_version: &'a str,
    scan_date: &'a str,
    project: &'a str,
    image: &'a str,
    violations: Vec<&'a str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a str>,
    warnings: Vec<&'a str>,
    details: Vec<&'a Violation>,
    #[serde(skip_serializing_if = "<[Violation]>::is_empty")]
    not_assessed: &'a [Violation],
    #[serde(skip_serializing_if = "<[Note]>::is_empty")]
    notes: &'a [Note],
    #[serde(skip_serializing_if = "<[Waived]>::is_empty")]
    waived: &'a [Waived],
    #[serde(skip_serializing_if = "<[VexNote]>::is_empty")]
    vex: &'a [VexNote],
    #[serde(skip_serializing_if = "is_zero")]
    known: usize,
    #[serde(skip_serializing_if = "<[WaiverNote]>::is_empty")]
    waiver_notes: &'a [WaiverNote],
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(n: &usize) -> bool {
    *n == 0
}

fn messages(list: &[Violation]) -> Vec<&str> {
    list.iter().map(|v| v.message.as_str()).collect()
}

/// Writes `container-policy-report.json`: `violations` are sentences and `status` is `PASS` or
/// `FAIL`, as the field has them; `details` names for each its rule, the policy's line, what is
/// behind it and the way out.
///
/// # Errors
/// None in practice: the value has only texts as keys.
pub fn policy_report(verdict: &Verdict, context: &ReportContext<'_>) -> serde_json::Result<String> {
    let report = PolicyReport {
        policy_version: &verdict.policy_version,
        scan_date: context.scan_date,
        project: context.project,
        image: context.image,
        violations: messages(&verdict.violations),
        status: if verdict.status == Status::Fail {
            "FAIL"
        } else {
            "PASS"
        },
        environment: verdict.environment.as_deref(),
        warnings: messages(&verdict.warnings),
        details: verdict.violations.iter().chain(&verdict.warnings).collect(),
        not_assessed: &verdict.not_assessed,
        notes: &verdict.notes,
        waived: &verdict.waived,
        vex: &verdict.vex,
        known: verdict.known.len(),
        waiver_notes: &verdict.waiver_notes,
    };
    pretty(&report)
}

#[derive(Serialize)]
struct SecuritySummary<'a> {
    image: &'a str,
    scan_date: &'a str,
    vulnerabilities: Numbers,
    policy_violations: Vec<&'a str>,
}

#[derive(Serialize, Default)]
struct Numbers {
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
    negligible: usize,
    unknown: usize,
    total: usize,
    fixable: usize,
    waived: usize,
}

/// Writes `security-summary.json`. `total` is the number of all vulnerabilities, whatever their
/// severity; what VEX clears is not counted, what is waived is counted and told apart.
///
/// # Errors
/// None in practice: the value has only texts as keys.
pub fn security_summary(
    report: &Report,
    verdict: &Verdict,
    context: &ReportContext<'_>,
) -> serde_json::Result<String> {
    let cleared: FxHashSet<usize> = verdict
        .vex
        .iter()
        .filter(|n| n.cleared)
        .map(|n| n.finding)
        .collect();
    let mut numbers = Numbers {
        waived: verdict
            .waived
            .iter()
            .filter(|w| w.finding.is_some())
            .count(),
        ..Numbers::default()
    };
    for (index, finding) in report.findings.iter().enumerate() {
        if cleared.contains(&index) {
            continue;
        }
        let number = match finding.severity {
            Severity::Critical => &mut numbers.critical,
            Severity::High => &mut numbers.high,
            Severity::Medium => &mut numbers.medium,
            Severity::Low => &mut numbers.low,
            Severity::Negligible => &mut numbers.negligible,
            Severity::Unknown => &mut numbers.unknown,
        };
        *number += 1;
        numbers.total += 1;
        numbers.fixable += usize::from(finding.is_fixable());
    }
    pretty(&SecuritySummary {
        image: context.image,
        scan_date: context.scan_date,
        vulnerabilities: numbers,
        policy_violations: messages(&verdict.violations),
    })
}

fn pretty(value: &impl Serialize) -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}
