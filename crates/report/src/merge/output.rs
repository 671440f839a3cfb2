//! The merge as JSON, as tables, as summary files, and as a report for every other format.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::Write;
use std::str::FromStr;

use seaworthy_model::{
    Coverage, CoverageEntry, CoverageKind, DatabaseInfo, Finding, GateResult, Inventory,
    LicenseFinding, MatchReason, Misconfiguration, Package, Report, Secret,
};

use super::{Merged, RunStatus, ScanKind, ScannerName, table};
use crate::{Error, Format, ScannerSummary, WriteOptions, html, words};

/// How a merge is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeFormat {
    /// For people: matrix, disagreements, rows with who found them.
    Table,
    /// The matrix of scanners and kinds alone.
    Matrix,
    /// Everything; `schemas/seaworthy-merge-1.0.schema.json`.
    Json,
    /// As a scan's report, in one of its formats; who found what is told where the format has room.
    Report(Format),
}

/// A word that is no format of a merge.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a format of a merge (table, matrix, json, or a format of `scan`)")]
pub struct UnknownMergeFormat(pub String);

impl FromStr for MergeFormat {
    type Err = UnknownMergeFormat;

    fn from_str(word: &str) -> Result<Self, UnknownMergeFormat> {
        Ok(match word.trim().to_ascii_lowercase().as_str() {
            "table" => Self::Table,
            "matrix" => Self::Matrix,
            "json" => Self::Json,
            other => Self::Report(
                other
                    .parse()
                    .map_err(|_| UnknownMergeFormat(word.to_owned()))?,
            ),
        })
    }
}

impl fmt::Display for MergeFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table => f.pad("table"),
            Self::Matrix => f.pad("matrix"),
            Self::Json => f.pad("json"),
            Self::Report(format) => format.fmt(f),
        }
    }
}

/// Writes a merge, with a final newline.
///
/// # Errors
/// As [`crate::write`].
pub fn write_merged(
    format: MergeFormat,
    merged: &Merged,
    options: &WriteOptions,
    out: &mut dyn Write,
) -> Result<(), Error> {
    match format {
        MergeFormat::Table => table::write(merged, options, out),
        MergeFormat::Matrix => table::write_matrix(merged, options, out),
        MergeFormat::Json => crate::json(merged, out),
        MergeFormat::Report(Format::Html) => {
            html::write(&merged.report(), Some(merged), options, out)
        }
        MergeFormat::Report(format) => crate::write(format, &merged.report(), options, out),
    }
}

impl Merged {
    /// One summary per scanner and kind, in the order of the matrix; a run that was not asked for
    /// one kind and has no answer counts as one for vulnerabilities.
    #[must_use]
    pub fn summaries(&self) -> Vec<ScannerSummary> {
        self.scanners
            .iter()
            // A bill of materials has no findings to summarise.
            .filter(|row| row.kind.is_some() || row.status != RunStatus::Ok)
            .map(|row| {
                let counted = match (row.status, row.total, row.critical) {
                    (RunStatus::Ok, Some(total), Some(critical)) => Some((total, critical)),
                    _ => None,
                };
                let kind = row.kind.unwrap_or(ScanKind::Vulnerability);
                let mut summary = ScannerSummary::new(row.scanner.as_str(), kind, counted);
                if row.status == RunStatus::NotApplicable {
                    summary.scan_status = ScannerSummary::NOT_APPLICABLE;
                }
                summary
            })
            .collect()
    }

    /// The merge as a scan's report, for every format that is written from one. Where a scanner was
    /// asked and gave no answer, the report says that it could not be assessed.
    #[must_use]
    pub fn report(&self) -> Report {
        let (packages, index) = self.packages();
        let mut findings: Vec<Finding> = self
            .findings
            .iter()
            .filter_map(|f| Some(finding(f, *index.get(&f.package)?)))
            .collect();
        findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
        let by_name = words::places_by_name(&packages);
        let licenses = (self.licenses.iter())
            .map(|l| license(l, &by_name))
            .collect();
        let counts = Report::count(&findings);
        Report {
            schema_version: Report::SCHEMA_VERSION.to_owned(),
            tool: self.tool.clone(),
            target: self.target.clone(),
            scanners: (ScanKind::ALL.into_iter())
                .filter(|kind| self.has_answer(*kind))
                .map(|kind| kind.scanner_word().to_owned())
                .collect(),
            inventory: Inventory {
                distribution: self.distribution.clone(),
                packages,
                coverage: self.report_coverage(),
                ..Inventory::default()
            },
            findings,
            secrets: self.secrets.iter().map(secret).collect(),
            misconfigurations: self
                .misconfigurations
                .iter()
                .map(misconfiguration)
                .collect(),
            licenses,
            counts,
            gate: GateResult {
                passed: true,
                ..GateResult::default()
            },
            database: DatabaseInfo {
                location: format!("merge of {}", names(&self.answered())),
                ..DatabaseInfo::default()
            },
            ..Report::default()
        }
    }

    /// The packages of all findings, each once, and where they stand.
    fn packages(&self) -> (Vec<Package>, BTreeMap<Package, usize>) {
        let mut index: BTreeMap<Package, usize> = self
            .findings
            .iter()
            .map(|f| (f.package.clone(), 0))
            .collect();
        for (at, place) in (0..).zip(index.values_mut()) {
            *place = at;
        }
        (index.keys().cloned().collect(), index)
    }

    fn answered(&self) -> Vec<ScannerName> {
        let mut names: Vec<ScannerName> = self
            .scanners
            .iter()
            .filter(|row| row.status == RunStatus::Ok && row.kind.is_some())
            .map(|row| row.scanner.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    fn report_coverage(&self) -> Coverage {
        let mut coverage = Coverage {
            entries: self.coverage.clone(),
        };
        if !ScanKind::ALL.into_iter().any(|kind| self.has_answer(kind)) {
            coverage.add(CoverageEntry::new(
                CoverageKind::ScannerFailed,
                "merge",
                "no scanner answered for anything",
            ));
        }
        coverage.normalise();
        coverage
    }
}

pub(super) fn names(scanners: &[ScannerName]) -> String {
    let names: Vec<&str> = scanners.iter().map(ScannerName::as_str).collect();
    names.join(", ")
}

pub(super) fn finding(merged: &super::MergedFinding, package: usize) -> Finding {
    Finding {
        id: merged.id.clone(),
        aliases: merged.aliases.clone(),
        package,
        state: merged.state,
        severity: merged.severity,
        severity_source: merged.severity_source.clone(),
        ratings: merged.ratings.clone(),
        epss: merged.epss,
        kev: merged.kev.clone(),
        published: merged.published,
        fixed_version: merged.fixed_version.clone(),
        fix_command: None,
        origin: merged.origin,
        reason: MatchReason {
            source: names(&merged.found_by),
            advisory: merged.advisories.first().cloned(),
            package: merged.package.source_name().to_owned(),
            version: merged.package.source_version().to_owned(),
            ..MatchReason::default()
        },
    }
}

/// A licence, of a package that stands among those.
pub(super) fn license(
    merged: &super::MergedLicense,
    by_name: &HashMap<String, usize>,
) -> LicenseFinding {
    LicenseFinding {
        license: merged.license.clone(),
        class: merged.class,
        severity: merged.severity,
        package: by_name.get(&merged.package).copied(),
        expression: String::new(),
        location: merged.location.clone(),
        confidence: 100,
    }
}

pub(super) fn secret(merged: &super::MergedSecret) -> Secret {
    let rule = merged.rules.values().next().cloned().unwrap_or_default();
    Secret {
        rule: merged
            .rules
            .get(&ScannerName::Seaworthy)
            .cloned()
            .unwrap_or(rule),
        title: merged.title.clone(),
        severity: merged.severity,
        location: merged.location.clone(),
        masked: merged.masked.clone(),
        fingerprint: merged.fingerprint.clone(),
        deleted_later: merged.deleted_later,
    }
}

pub(super) fn misconfiguration(merged: &super::MergedMisconfiguration) -> Misconfiguration {
    let rule = merged.rules.values().next().cloned().unwrap_or_default();
    Misconfiguration {
        rule: merged
            .rules
            .get(&ScannerName::Seaworthy)
            .cloned()
            .unwrap_or(rule),
        references: merged.references.clone(),
        kind: merged.kind.clone(),
        title: merged.title.clone(),
        severity: merged.severity,
        location: merged.location.clone(),
        object: merged.object.clone(),
        message: merged.message.clone(),
        fix: merged.fix.clone(),
        url: merged.url.clone(),
    }
}
