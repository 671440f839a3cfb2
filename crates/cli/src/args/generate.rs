//! Options of the commands that write files for other systems, and of the merge.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};
use seaworthy_manifests::Selector;
use seaworthy_report::merge::MergeFormat;

use super::{FailOnArgs, OutputArgs, RowsArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum GenerateCommand {
    /// Alert rules for Prometheus
    Alerts(AlertsArgs),
    /// A dashboard for Grafana
    Dashboard(DashboardArgs),
}

/// Which series a file is about, and where it goes.
#[derive(Debug, Args)]
pub(crate) struct SeriesArgs {
    /// File [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Only series with these labels: `label=value`, also !=, =~, !~; repeatable
    #[arg(long, value_name = "SELECTOR", env = "SEAWORTHY_SELECTOR")]
    pub(crate) selector: Vec<Selector>,
    /// Alert when the security score is below this
    #[arg(
        long,
        value_name = "SCORE",
        default_value_t = 70,
        env = "SEAWORTHY_SCORE_BELOW"
    )]
    pub(crate) score_below: u64,
}

#[derive(Debug, Args)]
#[command(
    before_help = "Examples:\n  seaworthy generate alerts --out seaworthy.rules.yaml\n  seaworthy generate alerts --selector environment=production --label team=platform\n  seaworthy generate alerts --out seaworthy.rules.yaml --tests seaworthy.rules.test.yaml"
)]
pub(crate) struct AlertsArgs {
    #[command(flatten)]
    pub(crate) series: SeriesArgs,
    /// Unit tests of the rules for `promtool test rules`
    #[arg(long, value_name = "FILE")]
    pub(crate) tests: Option<PathBuf>,
    /// Alert when an image has more critical vulnerabilities than this
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        env = "SEAWORTHY_CRITICAL_ABOVE"
    )]
    pub(crate) critical_above: u64,
    /// Alert when a critical vulnerability is public for longer
    #[arg(
        long,
        value_name = "DAYS",
        default_value_t = 30,
        value_parser = clap::value_parser!(u32).range(1..=3650),
        env = "SEAWORTHY_CRITICAL_OLDER_THAN"
    )]
    pub(crate) critical_older_than: u32,
    /// Alert when a high vulnerability is public for longer
    #[arg(
        long,
        value_name = "DAYS",
        default_value_t = 90,
        value_parser = clap::value_parser!(u32).range(1..=3650),
        env = "SEAWORTHY_HIGH_OLDER_THAN"
    )]
    pub(crate) high_older_than: u32,
    /// Alert when an image was not scanned for longer
    #[arg(
        long,
        value_name = "DAYS",
        default_value_t = 7,
        value_parser = clap::value_parser!(u32).range(1..=3650),
        env = "SEAWORTHY_SCAN_OLDER_THAN"
    )]
    pub(crate) scan_older_than: u32,
    /// Alert when the advisories of a scan are older
    #[arg(
        long,
        value_name = "DAYS",
        default_value_t = 3,
        value_parser = clap::value_parser!(u32).range(1..=3650),
        env = "SEAWORTHY_DATABASE_OLDER_THAN"
    )]
    pub(crate) database_older_than: u32,
    /// Alert when there are no figures at all for longer
    #[arg(
        long,
        value_name = "MINUTES",
        default_value_t = 15,
        value_parser = clap::value_parser!(u32).range(1..=525_600),
        env = "SEAWORTHY_ABSENT_FOR"
    )]
    pub(crate) absent_for: u32,
    /// A label that the alerts get: `name=value`; repeatable
    #[arg(long, value_name = "LABEL", env = "SEAWORTHY_LABEL")]
    pub(crate) label: Vec<String>,
    /// Page that the alerts point to
    #[arg(long, value_name = "URL", env = "SEAWORTHY_RUNBOOK")]
    pub(crate) runbook: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    before_help = "Examples:\n  seaworthy generate dashboard --out dashboard.json\n  seaworthy generate dashboard --selector environment=production --title Production",
    mut_arg("score_below", |arg| arg.help("The score that is drawn as too low"))
)]
pub(crate) struct DashboardArgs {
    #[command(flatten)]
    pub(crate) series: SeriesArgs,
    /// Title
    #[arg(long, value_name = "TITLE", env = "SEAWORTHY_DASHBOARD_TITLE")]
    pub(crate) title: Option<String>,
}

/// What a merge is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MergeOutput {
    /// One text.
    Format(MergeFormat),
    /// A summary per scanner and kind, in a directory.
    Summaries,
}

/// `FORMAT` or `FORMAT=FILE` of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MergeSpec {
    pub(crate) format: MergeOutput,
    pub(crate) file: Option<PathBuf>,
}

impl FromStr for MergeSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, file) = crate::output::format_and_file(text)?;
        if word.trim().eq_ignore_ascii_case("scanner-summaries") {
            if file.is_none() {
                return Err(format!("`{word}` is several files: {word}=DIR"));
            }
            return Ok(Self {
                format: MergeOutput::Summaries,
                file,
            });
        }
        let format = word
            .parse()
            .map_err(|e: seaworthy_report::merge::UnknownMergeFormat| e.to_string())?;
        Ok(Self {
            format: MergeOutput::Format(format),
            file,
        })
    }
}

#[derive(Debug, Args)]
#[command(
    before_help = "Examples:\n  seaworthy merge trivy.json grype.json seaworthy.json\n  seaworthy merge *.json -o matrix\n  seaworthy merge trivy.json snyk.json -o gitlab=gl-container-scanning-report.json --fail-on high",
    after_help = "Reads Trivy, Grype, Clair, Snyk, osv-scanner, Docker Scout, GitLab and SARIF reports, CycloneDX and\nSPDX, and our own; told apart by their content (docs/merge.md).",
    mut_arg("output", |arg| arg.env("SEAWORTHY_MERGE_OUTPUT").help(
        "Format: table, matrix, json, or a format of `scan`; with a file or for standard output; scanner-summaries=DIR for a summary per scanner and kind; repeatable"
    )),
    mut_arg("fail_on", |arg| arg.help("Exit 1 when something has this severity or worse"))
)]
pub(crate) struct MergeArgs {
    /// Reports of any scanner
    #[arg(required = true, value_name = "REPORT")]
    pub(crate) reports: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs<MergeSpec>,
    #[command(flatten)]
    pub(crate) fail: FailOnArgs,
    #[command(flatten)]
    pub(crate) rows: RowsArgs,
}
