//! Reports of several scanners as one: what is the same is one finding, with who found it, what
//! each of them says about it, and why they disagree.
//!
//! ```text
//! ScannerRun… → ids (which names are one vulnerability) → packages (which names are one package)
//!             → findings with sightings → explanations → Merged
//! ```
//!
//! A scanner that is missing or that failed is part of the result, never a scanner without
//! findings.

mod combine;
mod explain;
mod explain_issues;
mod ids;
mod issues;
mod joined;
mod names;
mod output;
mod table;
#[cfg(test)]
mod tests;
mod types;

use std::collections::BTreeMap;

use seaworthy_model::{CoverageEntry, CoverageKind, Target, Tool};

use crate::read::{ReportFormat, ScannerReport};
pub use crate::read::{ScanKind, ScannerName};
pub use joined::write_joined;
pub use output::{MergeFormat, UnknownMergeFormat, write_merged};
pub use types::{
    Cause, Disagreement, MatrixRow, Merged, MergedFinding, MergedLicense, MergedMisconfiguration,
    MergedSecret, RunOutcome, RunStatus, ScannerRun, Sighting,
};

/// Merges runs. `version` is the program's version, for the result.
#[must_use]
pub fn merge(runs: &[ScannerRun], version: &str) -> Merged {
    let reports: Vec<&ScannerReport> = runs
        .iter()
        .filter_map(|run| match &run.outcome {
            RunOutcome::Answered(report) => Some(report.as_ref()),
            _ => None,
        })
        .collect();
    let findings = combine::findings(&reports);
    let mut secrets = issues::secrets(&reports);
    let mut misconfigurations = issues::misconfigurations(&reports);
    let mut licenses = issues::licenses(&reports);
    let looked = looked(runs);
    let explainer = explain_issues::Explainer::new(&reports, &looked);
    for secret in &mut secrets {
        secret.disagreements = explainer.secret(secret);
    }
    for issue in &mut misconfigurations {
        issue.disagreements = explainer.misconfiguration(issue);
    }
    for license in &mut licenses {
        license.disagreements = explainer.license(license);
    }
    let all = findings
        .iter()
        .flat_map(|f| &f.disagreements)
        .chain(secrets.iter().flat_map(|s| &s.disagreements))
        .chain(misconfigurations.iter().flat_map(|m| &m.disagreements))
        .chain(licenses.iter().flat_map(|l| &l.disagreements));
    let mut disagreements = BTreeMap::new();
    for disagreement in all {
        *disagreements.entry(disagreement.cause).or_default() += 1;
    }
    let mut merged = Merged {
        schema_version: Merged::SCHEMA_VERSION,
        tool: Tool {
            name: "seaworthy".to_owned(),
            version: version.to_owned(),
        },
        target: target(&reports),
        distribution: ordered(&reports)
            .into_iter()
            .find_map(|r| r.distribution.clone()),
        scanners: Vec::new(),
        findings,
        secrets,
        misconfigurations,
        licenses,
        disagreements,
        coverage: coverage(runs, &reports),
    };
    merged.scanners = matrix(runs, &merged);
    merged
}

/// What each scanner that answered was asked for, or shows that it looked for.
fn looked(runs: &[ScannerRun]) -> explain_issues::Looked {
    let mut looked = explain_issues::Looked::new();
    for run in runs {
        if let RunOutcome::Answered(report) = &run.outcome {
            let kinds = looked.entry(run.scanner.clone()).or_default();
            kinds.extend(run.kind);
            kinds.extend(&report.kinds);
        }
    }
    looked
}

/// Ours first: it describes best. The others by their names, so that the order of the files on the
/// command line changes nothing.
fn rank(report: &ScannerReport) -> (bool, &ScannerName, ReportFormat, &str) {
    (
        report.scanner != ScannerName::Seaworthy,
        &report.scanner,
        report.format,
        &report.target.name,
    )
}

fn ordered<'a>(reports: &[&'a ScannerReport]) -> Vec<&'a ScannerReport> {
    let mut ordered = reports.to_vec();
    ordered.sort_by_key(|r| rank(r));
    ordered
}

fn target(reports: &[&ScannerReport]) -> Target {
    ordered(reports)
        .into_iter()
        .map(|r| &r.target)
        .find(|t| !t.name.is_empty())
        .cloned()
        .unwrap_or_default()
}

fn matrix(runs: &[ScannerRun], merged: &Merged) -> Vec<MatrixRow> {
    let mut rows = Vec::new();
    for run in runs {
        let row = |kind, status, reason: &str| MatrixRow {
            scanner: run.scanner.clone(),
            version: String::new(),
            kind,
            status,
            total: None,
            critical: None,
            alone: None,
            seconds: run.elapsed.map(|e| e.as_secs_f64()),
            reason: reason.to_owned(),
        };
        match &run.outcome {
            RunOutcome::Answered(report) => {
                let kinds: Vec<ScanKind> = match run.kind {
                    Some(kind) => vec![kind],
                    None => report.kinds.iter().copied().collect(),
                };
                if kinds.is_empty() {
                    rows.push(MatrixRow {
                        version: report.tool.version.clone(),
                        ..row(None, RunStatus::Ok, "a bill of materials: packages only")
                    });
                }
                for kind in kinds {
                    let (total, critical) = report.count(kind);
                    rows.push(MatrixRow {
                        version: report.tool.version.clone(),
                        total: Some(total),
                        critical: Some(critical),
                        alone: Some(alone(merged, &run.scanner, kind)),
                        ..row(Some(kind), RunStatus::Ok, "")
                    });
                }
            }
            RunOutcome::Failed(why) => rows.push(row(run.kind, RunStatus::Failed, why)),
            RunOutcome::Missing(why) => rows.push(row(run.kind, RunStatus::Missing, why)),
            RunOutcome::NotApplicable(why) => {
                rows.push(row(run.kind, RunStatus::NotApplicable, why));
            }
            RunOutcome::TimedOut => {
                rows.push(row(
                    run.kind,
                    RunStatus::TimedOut,
                    "stopped after its time limit",
                ));
            }
        }
    }
    rows.sort_by(|a, b| (&a.scanner, a.kind).cmp(&(&b.scanner, b.kind)));
    rows
}

/// How many merged findings of a kind only this scanner has.
fn alone(merged: &Merged, scanner: &ScannerName, kind: ScanKind) -> usize {
    let only = |found_by: &[ScannerName]| matches!(found_by, [one] if one == scanner);
    match kind {
        ScanKind::Vulnerability => merged.findings.iter().filter(|f| only(&f.found_by)).count(),
        ScanKind::Secret => merged.secrets.iter().filter(|s| only(&s.found_by)).count(),
        ScanKind::Config => merged
            .misconfigurations
            .iter()
            .filter(|m| only(&m.found_by))
            .count(),
        ScanKind::License => merged.licenses.iter().filter(|l| only(&l.found_by)).count(),
    }
}

/// The gaps of all reports, those of runs without an answer, and reports of different things.
fn coverage(runs: &[ScannerRun], reports: &[&ScannerReport]) -> Vec<CoverageEntry> {
    let mut out: Vec<CoverageEntry> = reports
        .iter()
        .flat_map(|report| {
            report.coverage.entries.iter().map(|entry| CoverageEntry {
                subject: format!("{}: {}", report.scanner, entry.subject),
                ..entry.clone()
            })
        })
        .collect();
    for run in runs {
        let why = match &run.outcome {
            RunOutcome::Answered(_) => continue,
            RunOutcome::Failed(why) => format!("failed: {why}"),
            RunOutcome::Missing(why) => format!("missing: {why}"),
            RunOutcome::NotApplicable(why) => format!("not applicable: {why}"),
            RunOutcome::TimedOut => "was stopped after its time limit".to_owned(),
        };
        let subject = match run.kind {
            Some(kind) => format!("{}: {kind}", run.scanner),
            None => run.scanner.to_string(),
        };
        // One that does not look for it is no failure: the others may have an answer.
        let kind = match &run.outcome {
            RunOutcome::NotApplicable(_) => CoverageKind::ScannerMissing,
            _ => CoverageKind::ScannerFailed,
        };
        out.push(CoverageEntry::new(kind, subject, why));
    }
    let reports = ordered(reports);
    let with_digests: Vec<_> = reports.iter().filter(|r| !r.digests.is_empty()).collect();
    if let Some((first, others)) = with_digests.split_first() {
        for other in others {
            if first.digests.is_disjoint(&other.digests) && first.target.name != other.target.name {
                out.push(CoverageEntry::new(
                    CoverageKind::SkippedFile,
                    format!("{}: {}", other.scanner, other.target.name),
                    format!(
                        "is another image than the one that {} scanned ({}); the reports may not fit together",
                        first.scanner, first.target.name
                    ),
                ));
            }
        }
    }
    out.sort();
    out.dedup();
    out
}
