use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use seaworthy_model::Severity;

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// For people, in a terminal.
    Table,
    /// The report value itself; `schemas/seaworthy-report-1.0.schema.json`.
    Json,
    /// GitLab container scanning report, schema 15.x.
    GitLab,
    /// CycloneDX 1.6 JSON with vulnerabilities.
    CycloneDx,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML.
    Junit,
    /// GitLab Code Quality (Code Climate subset).
    CodeQuality,
    /// One self-contained page.
    Html,
    /// The JSON shape of Trivy, `SchemaVersion` 2.
    Trivy,
    /// Comma-separated values.
    Csv,
    /// Markdown.
    Markdown,
    /// GitLab secret detection report, schema 15.x.
    GitLabSecrets,
    /// GitLab SAST report, schema 15.x: misconfigurations.
    GitLabSast,
    /// GitLab dependency scanning report, schema 15.x: packages of languages.
    GitLabDependencies,
    /// SPDX 2.3 JSON.
    Spdx,
    /// What a pipeline's matrix job writes per scanner and kind.
    ScannerSummary,
}

/// A word that is no format.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is not a format (table, json, gitlab, cyclonedx, sarif, junit, codequality, html, trivy, csv, markdown, gitlab-secrets, gitlab-sast, gitlab-dependencies, spdx, scanner-summary)"
)]
pub struct UnknownFormat(pub String);

impl Format {
    /// All formats.
    pub const ALL: [Self; 16] = [
        Self::Table,
        Self::Json,
        Self::GitLab,
        Self::CycloneDx,
        Self::Sarif,
        Self::Junit,
        Self::CodeQuality,
        Self::Html,
        Self::Trivy,
        Self::Csv,
        Self::Markdown,
        Self::GitLabSecrets,
        Self::GitLabSast,
        Self::GitLabDependencies,
        Self::Spdx,
        Self::ScannerSummary,
    ];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::GitLab => "gitlab",
            Self::CycloneDx => "cyclonedx",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::CodeQuality => "codequality",
            Self::Html => "html",
            Self::Trivy => "trivy",
            Self::Csv => "csv",
            Self::Markdown => "markdown",
            Self::GitLabSecrets => "gitlab-secrets",
            Self::GitLabSast => "gitlab-sast",
            Self::GitLabDependencies => "gitlab-dependencies",
            Self::Spdx => "spdx",
            Self::ScannerSummary => "scanner-summary",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, UnknownFormat> {
        let lower = word.trim().to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|f| f.name() == lower)
            .ok_or_else(|| UnknownFormat(word.to_owned()))
    }
}

/// How a report is written.
#[derive(Debug, Clone, PartialEq)]
pub struct WriteOptions {
    /// Table: ANSI colours.
    pub color: bool,
    /// Table: columns of the terminal; fewer than 60 are taken as 60.
    pub width: usize,
    /// Table: whether the terminal can draw more than ASCII.
    pub unicode: bool,
    /// Table: every row, however many lines that takes.
    pub all: bool,
    /// GitLab: when the scan began, `YYYY-MM-DDTHH:MM:SS` in UTC.
    pub start_time: String,
    /// GitLab: when the scan ended, in the same form.
    pub end_time: String,
    /// CycloneDX: whether components carry their licences.
    pub licenses: bool,
    /// GitLab: the rest.
    pub gitlab: GitLabOptions,
    /// Table: how long the scan took.
    pub elapsed: Option<Duration>,
    /// Table and HTML: age of the newest advisory, in days.
    pub db_age_days: Option<u32>,
    /// HTML: a chart of the image's earlier scans, an SVG element that is put into the page as it
    /// is; whoever makes it escapes what is in it.
    pub trend_svg: Option<String>,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            color: false,
            width: 80,
            unicode: true,
            all: false,
            start_time: "1970-01-01T00:00:00".to_owned(),
            end_time: "1970-01-01T00:00:00".to_owned(),
            licenses: true,
            gitlab: GitLabOptions::default(),
            elapsed: None,
            db_age_days: None,
            trend_svg: None,
        }
    }
}

/// What only GitLab's container scanning report needs.
#[derive(Debug, Clone, PartialEq)]
pub struct GitLabOptions {
    /// Id of the scanner; GitLab tracks "no longer detected" per id, so a migration may say
    /// `trivy`.
    pub scanner_id: String,
    /// Version of the report schema, `x.y.z`.
    pub schema_version: String,
    /// Path in the repository and pristine text of the Dockerfile that remediations change.
    pub dockerfile: Option<(String, String)>,
    /// Image of the default branch, for the location.
    pub default_branch_image: Option<String>,
    /// Ids that the allowlist approves: they leave this report and are marked in the table.
    pub approved: BTreeSet<String>,
    /// Reports the operating system itself, when it is past its end of life.
    pub end_of_life: Option<EndOfLife>,
    /// The commit that was scanned, for the report of secrets, whose schema requires one; without
    /// it, the revision that the image names stands in.
    pub commit: Option<Commit>,
}

/// A commit, as a pipeline tells it (`CI_COMMIT_SHA` and its relatives).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Commit {
    /// Its hash.
    pub sha: String,
    /// Who wrote it; empty when not known.
    pub author: String,
    /// When, as the pipeline writes it; empty when not known.
    pub date: String,
    /// Its message; empty when not known.
    pub message: String,
}

impl Default for GitLabOptions {
    fn default() -> Self {
        Self {
            scanner_id: "seaworthy".to_owned(),
            schema_version: "15.0.7".to_owned(),
            dockerfile: None,
            default_branch_image: None,
            approved: BTreeSet::new(),
            end_of_life: None,
            commit: None,
        }
    }
}

/// The end of life of the operating system that was found (`CS_REPORT_OS_EOL`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndOfLife {
    /// Severity to report it with.
    pub severity: Severity,
    /// The day, `YYYY-MM-DD`; empty when not known.
    pub date: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for format in Format::ALL {
            assert_eq!(format.to_string().to_uppercase().parse(), Ok(format));
        }
        assert!("pdf".parse::<Format>().is_err());
    }
}
