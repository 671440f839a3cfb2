//! What goes into a merge, and what comes out.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use seaworthy_model::{
    CoverageEntry, Date, Distribution, Epss, KnownExploited, LicenseClass, Location, Origin,
    Package, Rating, Report, Severity, State, Target, Tool,
};
use serde::Serialize;

use crate::read::{ReadError, ScanKind, ScannerName, ScannerReport};

/// How one run of a scanner ended.
#[derive(Debug, Clone, PartialEq)]
pub enum RunOutcome {
    /// With a report.
    Answered(Box<ScannerReport>),
    /// With an error, or with a report that cannot be read; why.
    Failed(String),
    /// It is not installed, or its report is not there; where it was looked for.
    Missing(String),
    /// It was stopped after its time limit.
    TimedOut,
    /// It does not look for this, or not in targets of this kind; why.
    NotApplicable(String),
}

/// One run of one scanner, or one report file.
#[derive(Debug, Clone, PartialEq)]
pub struct ScannerRun {
    /// The scanner.
    pub scanner: ScannerName,
    /// What it was asked to look for; none when that is whatever its report holds.
    pub kind: Option<ScanKind>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// How long it took.
    pub elapsed: Option<Duration>,
}

impl ScannerRun {
    /// A report that was read from a file.
    #[must_use]
    pub fn answered(report: ScannerReport) -> Self {
        Self {
            scanner: report.scanner.clone(),
            kind: None,
            outcome: RunOutcome::Answered(Box::new(report)),
            elapsed: None,
        }
    }

    /// Our own scan.
    ///
    /// # Errors
    /// As [`crate::read::own`].
    pub fn own(report: &Report) -> Result<Self, ReadError> {
        crate::read::own(report).map(Self::answered)
    }

    /// A run without an answer.
    #[must_use]
    pub fn failed(scanner: ScannerName, kind: Option<ScanKind>, why: impl Into<String>) -> Self {
        Self {
            scanner,
            kind,
            outcome: RunOutcome::Failed(why.into()),
            elapsed: None,
        }
    }

    /// A scanner that is not there.
    #[must_use]
    pub fn missing(scanner: ScannerName, kind: Option<ScanKind>, why: impl Into<String>) -> Self {
        Self {
            scanner,
            kind,
            outcome: RunOutcome::Missing(why.into()),
            elapsed: None,
        }
    }
}

/// How a run ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// With a report.
    Ok,
    /// With an error.
    Failed,
    /// Not installed, or no report.
    Missing,
    /// Stopped after its time limit.
    TimedOut,
    /// It does not look for this, or not in targets of this kind.
    NotApplicable,
}

impl RunStatus {
    /// The word in tables and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Missing => "missing",
            Self::TimedOut => "timed-out",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// One cell of the matrix of scanners and kinds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatrixRow {
    /// The scanner.
    pub scanner: ScannerName,
    /// Its version, as far as its report tells.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// What it looked for; none when a run without an answer was not asked for one kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ScanKind>,
    /// How it ended.
    pub status: RunStatus,
    /// How many it found; none without an answer.
    pub total: Option<usize>,
    /// How many of them are critical.
    pub critical: Option<usize>,
    /// How many merged findings only it has; vulnerabilities, secrets and misconfigurations.
    pub alone: Option<usize>,
    /// Seconds it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What one scanner says about a finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sighting {
    /// The scanner.
    pub scanner: ScannerName,
    /// The id that it reports.
    pub id: String,
    /// The package as it names it.
    pub package: String,
    /// The installed version as it writes it.
    pub version: String,
    /// What its source says.
    pub state: State,
    /// The severity that it shows.
    pub severity: Severity,
    /// Who gave it that.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub severity_source: String,
    /// The fix that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_version: Option<String>,
    /// Where it has the vulnerability from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
}

/// Why scanners do not say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// They rate it differently.
    Severity,
    /// They name different fixes, or one of them knows none.
    Fix,
    /// Their sources give different states.
    State,
    /// They write the installed version differently.
    VersionNotation,
    /// One found it and left it out: an ignore rule, a state, VEX.
    Filtered,
    /// One reports it for another package of the same source.
    PackageName,
    /// One does not cover this type of package.
    Ecosystem,
    /// One does not see this package.
    PackageNotSeen,
    /// One sees another version of the package.
    OtherVersion,
    /// One reports an advisory for the package that may cover it, without saying so.
    Alias,
    /// One reports only what has a fix.
    StateFilter,
    /// One reports only from a severity on.
    SeverityFilter,
    /// One says itself that its advisories are incomplete here.
    Coverage,
    /// Compared as the package manager does, the installed version is not affected.
    VersionScheme,
    /// One does not have the source through which it was found.
    AdvisorySource,
    /// One does not look there: archives, deleted files, the image's configuration, another line.
    Place,
    /// One has no rule for it, as far as is known.
    Rule,
    /// One names another licence for the same package.
    LicenseName,
    /// Nothing in the reports tells.
    Unknown,
}

impl Cause {
    /// The word in tables and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Severity => "severity",
            Self::Fix => "fix",
            Self::State => "state",
            Self::VersionNotation => "version-notation",
            Self::Filtered => "filtered",
            Self::PackageName => "package-name",
            Self::Ecosystem => "ecosystem",
            Self::PackageNotSeen => "package-not-seen",
            Self::OtherVersion => "other-version",
            Self::Alias => "alias",
            Self::StateFilter => "state-filter",
            Self::SeverityFilter => "severity-filter",
            Self::Coverage => "coverage",
            Self::VersionScheme => "version-scheme",
            Self::AdvisorySource => "advisory-source",
            Self::Place => "place",
            Self::Rule => "rule",
            Self::LicenseName => "license-name",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One way in which scanners do not say the same about a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Disagreement {
    /// Why.
    pub cause: Cause,
    /// Who differs from the others.
    pub scanners: Vec<ScannerName>,
    /// The explanation, one sentence, lower case, no full stop.
    pub text: String,
}

/// One vulnerability in one package, as all scanners together see it.
///
/// What counts is ours where we found it. Otherwise: the worst severity, the highest fix (it
/// satisfies all), and a state that says most.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MergedFinding {
    /// The CVE where there is one.
    pub id: String,
    /// Other ids of the same vulnerability, sorted.
    pub aliases: Vec<String>,
    /// Advisories that cover it and others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub advisories: Vec<String>,
    /// The package, as the most exact report describes it.
    pub package: Package,
    /// State.
    pub state: State,
    /// Severity.
    pub severity: Severity,
    /// Who gave that severity.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub severity_source: String,
    /// All ratings of all reports, one per source.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ratings: Vec<Rating>,
    /// EPSS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epss: Option<Epss>,
    /// KEV.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kev: Option<KnownExploited>,
    /// The earliest day on which any report says that it was made public.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<Date>,
    /// The version that fixes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_version: Option<String>,
    /// A short description.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Base image or application.
    pub origin: Origin,
    /// Who found it, sorted.
    pub found_by: Vec<ScannerName>,
    /// What each of them says.
    pub sightings: Vec<Sighting>,
    /// What they do not agree on, and why.
    pub disagreements: Vec<Disagreement>,
}

/// A secret, with who found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MergedSecret {
    /// What it is.
    pub title: String,
    /// The worst severity that a scanner gives it.
    pub severity: Severity,
    /// Where.
    pub location: Location,
    /// Masked.
    pub masked: String,
    /// Recognises equal secrets, where a report tells.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fingerprint: String,
    /// A later layer deletes the file.
    pub deleted_later: bool,
    /// The rule of each scanner.
    pub rules: BTreeMap<ScannerName, String>,
    /// The severity that each scanner gives it.
    pub severities: BTreeMap<ScannerName, Severity>,
    /// Who found it.
    pub found_by: Vec<ScannerName>,
    /// Why others do not report it, or rate it differently.
    pub disagreements: Vec<Disagreement>,
}

/// A misconfiguration, with who found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MergedMisconfiguration {
    /// Short name.
    pub title: String,
    /// The worst severity that a scanner gives it.
    pub severity: Severity,
    /// Kind of file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Where.
    pub location: Location,
    /// The object in the file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub object: String,
    /// What is wrong.
    pub message: String,
    /// How to fix it.
    pub fix: String,
    /// A page about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// The same rule elsewhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// The rule of each scanner.
    pub rules: BTreeMap<ScannerName, String>,
    /// The severity that each scanner gives it.
    pub severities: BTreeMap<ScannerName, Severity>,
    /// Who found it.
    pub found_by: Vec<ScannerName>,
    /// Why others do not report it, or rate it differently.
    pub disagreements: Vec<Disagreement>,
}

/// A licence, with who found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MergedLicense {
    /// SPDX id, or words.
    pub license: String,
    /// Its class.
    pub class: LicenseClass,
    /// Severity.
    pub severity: Severity,
    /// The package; empty for a text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// The file.
    pub location: Location,
    /// Who found it.
    pub found_by: Vec<ScannerName>,
    /// Why others do not report it.
    pub disagreements: Vec<Disagreement>,
}

/// What all scanners together say; the JSON format of the merge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Merged {
    /// Version of this shape, `major.minor`; see `schemas/`.
    pub schema_version: &'static str,
    /// The program that merged.
    pub tool: Tool,
    /// What was scanned.
    pub target: Target,
    /// The distribution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<Distribution>,
    /// Who looked for what, and how that ended.
    pub scanners: Vec<MatrixRow>,
    /// Vulnerabilities, worst first.
    pub findings: Vec<MergedFinding>,
    /// Secrets, worst first.
    pub secrets: Vec<MergedSecret>,
    /// Misconfigurations, worst first.
    pub misconfigurations: Vec<MergedMisconfiguration>,
    /// Licences, worst first.
    pub licenses: Vec<MergedLicense>,
    /// How many disagreements there are of each cause.
    pub disagreements: BTreeMap<Cause, usize>,
    /// What could not be assessed; the subject begins with the scanner.
    pub coverage: Vec<CoverageEntry>,
}

impl Merged {
    /// The version of the JSON shape that this build writes.
    pub const SCHEMA_VERSION: &'static str = "1.0";

    /// The scanners that gave no answer although they could have been expected to: missing, failed,
    /// stopped, or of no use for what was asked. One that does not look for one kind and answered
    /// for another is not among them.
    #[must_use]
    pub fn unanswered(&self) -> Vec<ScannerName> {
        let broken = |row: &&MatrixRow| {
            matches!(
                row.status,
                RunStatus::Failed | RunStatus::Missing | RunStatus::TimedOut
            )
        };
        let mut names: Vec<ScannerName> = self
            .scanners
            .iter()
            .filter(broken)
            .map(|row| row.scanner.clone())
            .collect();
        let idle = self.scanners.iter().filter(|row| {
            let mut own = self.scanners.iter().filter(|r| r.scanner == row.scanner);
            own.all(|r| r.status == RunStatus::NotApplicable)
        });
        names.extend(idle.map(|row| row.scanner.clone()));
        names.sort();
        names.dedup();
        names
    }

    /// Whether a scanner answered for a kind.
    #[must_use]
    pub fn has_answer(&self, kind: ScanKind) -> bool {
        self.scanners
            .iter()
            .any(|row| row.status == RunStatus::Ok && row.kind == Some(kind))
    }
}
