//! Options of the commands that look at reports: compare, assess, measure.

use std::path::PathBuf;

use clap::Args;
use seaworthy_monitor::Framework;

use super::{ExcuseArgs, InputArgs, OutputArgs, ProjectArgs, RowsArgs};
use crate::view::ViewSpec;

const INPUTS: &str = "Each side is a report, or a target to scan. Reports are those of an earlier scan (-o json=FILE) and the\nJSON of Trivy, Grype, GitLab, Clair, Snyk, osv-scanner and others; - is one on standard input.";

/// Where a view goes. What a command can write, and what it writes unasked, stands at the command.
#[derive(Debug, Args)]
#[command(mut_arg("output", |arg| arg.help(
    "Format: table, markdown, json; with a file or for standard output; repeatable"
)))]
pub(crate) struct ViewArgs {
    #[command(flatten)]
    pub(crate) output: OutputArgs<ViewSpec>,
    #[command(flatten)]
    pub(crate) rows: RowsArgs,
}

/// Whose waivers and VEX documents count.
#[derive(Debug, Args)]
#[command(next_help_heading = "Policy")]
pub(crate) struct StandingArgs {
    /// The policy whose waivers count, for its default environment
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_POLICY")]
    pub(crate) policy: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) excuses: ExcuseArgs,
}

/// How reports are looked at: shown as what, with what excused, and how one is made of a target.
#[derive(Debug, Args)]
pub(crate) struct SeenArgs {
    #[command(flatten)]
    pub(crate) view: ViewArgs,
    #[command(flatten)]
    pub(crate) standing: StandingArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

#[derive(Debug, Args)]
#[command(
    after_help = INPUTS,
    before_help = "Examples:\n  seaworthy diff registry.example.com/shop/web:1.7 registry.example.com/shop/web:1.8\n  seaworthy diff main.json branch.json --waivers .trivyignore -o markdown\n  seaworthy diff docker-archive:old.tar docker-archive:new.tar -o json=diff.json",
    mut_arg("output", |arg| arg.env("SEAWORTHY_DIFF_OUTPUT"))
)]
pub(crate) struct DiffArgs {
    /// What there was
    pub(crate) old: String,
    /// What there is
    pub(crate) new: String,
    #[command(flatten)]
    pub(crate) seen: SeenArgs,
}

#[derive(Debug, Args)]
#[command(
    after_help = INPUTS,
    before_help = "Examples:\n  seaworthy assess node:18 registry.example.com/shop/web:hardened --project shop/web\n  seaworthy assess before.json after.json -o markdown\n  seaworthy assess before.json after.json -o json=container-security-final-assessment.json",
    mut_arg("output", |arg| arg.env("SEAWORTHY_ASSESS_OUTPUT").default_value(
        "table,json=container-security-final-assessment.json"
    ))
)]
pub(crate) struct AssessArgs {
    /// The image before the hardening
    pub(crate) before: String,
    /// The image after it
    pub(crate) after: String,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) seen: SeenArgs,
}

#[derive(Debug, Args)]
#[command(
    before_help = "Examples:\n  seaworthy metrics web.json\n  seaworthy metrics reports/*.json -o prometheus=/var/lib/node_exporter/seaworthy.prom\n  seaworthy metrics web.json --push http://pushgateway:9091 --project shop/web",
    after_help = "Each argument is a report, or a target to scan. Reports are those of an earlier scan (-o json=FILE) and the\nJSON of Trivy, Grype, GitLab, Clair, Snyk, osv-scanner and others; - is one on standard input.",
    mut_arg("output", |arg| arg.env("SEAWORTHY_METRICS_OUTPUT").default_value("table,json=security-metrics.json").help(
        "Format: table, markdown, json, openmetrics, prometheus (for node_exporter's textfile collector); with a file or for standard output; repeatable"
    )),
    mut_arg("project", |arg| arg.help("Name of the project; becomes a label [default: CI_PROJECT_PATH]"))
)]
pub(crate) struct MetricsArgs {
    /// Reports or targets
    #[arg(required = true, value_name = "REPORT")]
    pub(crate) reports: Vec<String>,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// Environment, such as production; becomes a label [default: CI_ENVIRONMENT_NAME]
    #[arg(long, value_name = "NAME", env = "SEAWORTHY_ENVIRONMENT")]
    environment: Option<String>,
    /// Push the metrics to a Pushgateway too
    #[arg(long, value_name = "URL", env = "SEAWORTHY_PUSHGATEWAY")]
    pub(crate) push: Option<String>,
    /// Job label for the Pushgateway
    #[arg(
        long,
        value_name = "NAME",
        default_value = "seaworthy",
        env = "SEAWORTHY_PUSH_JOB"
    )]
    pub(crate) job: String,
    #[command(flatten)]
    pub(crate) seen: SeenArgs,
}

impl MetricsArgs {
    /// The environment's name, else that of GitLab's job, else nothing.
    pub(crate) fn environment(&self) -> String {
        super::gate::or_of_job(self.environment.as_ref(), "CI_ENVIRONMENT_NAME")
    }
}

#[derive(Debug, Args)]
#[command(
    before_help = "Examples:\n  seaworthy compliance web.json --framework pci-dss-4\n  seaworthy compliance registry.example.com/shop/web:1.8 -o markdown=compliance.md\n  seaworthy compliance web.json --framework cis-docker -o json",
    after_help = "The argument is a report, or a target to scan. Reports are those of an earlier scan (-o json=FILE) and the\nJSON of Trivy, Grype, GitLab, Clair, Snyk, osv-scanner and others; - is one on standard input.\nFrameworks: soc2, pci-dss-4, nist-800-190, cis-docker, cis-kubernetes.",
    mut_arg("output", |arg| arg.env("SEAWORTHY_COMPLIANCE_OUTPUT"))
)]
pub(crate) struct ComplianceArgs {
    /// Report or target
    #[arg(value_name = "REPORT")]
    pub(crate) report: String,
    /// Framework; all of them when none is named
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        env = "SEAWORTHY_FRAMEWORK"
    )]
    pub(crate) framework: Vec<Framework>,
    #[command(flatten)]
    pub(crate) seen: SeenArgs,
}

#[derive(Debug, Args)]
#[command(
    before_help = "Examples:\n  seaworthy trend\n  seaworthy trend registry.example.com/shop/web --history seaworthy.db\n  seaworthy trend registry.example.com/shop/web --since 2026-01-01 -o svg=trend.svg\n  seaworthy trend registry.example.com/shop/web -o json",
    mut_arg("output", |arg| arg.env("SEAWORTHY_TREND_OUTPUT").help(
        "Format: table, json, svg; with a file or for standard output; repeatable"
    ))
)]
pub(crate) struct TrendArgs {
    /// The image; without a tag, all of its repository [default: a line for each in the history]
    pub(crate) image: Option<String>,
    /// The file that `scan --history` keeps
    #[arg(
        long,
        value_name = "FILE",
        default_value = "seaworthy-history.db",
        env = "SEAWORTHY_HISTORY"
    )]
    pub(crate) history: PathBuf,
    /// From this day on
    #[arg(long, value_name = "YYYY-MM-DD", env = "SEAWORTHY_SINCE")]
    pub(crate) since: Option<String>,
    #[command(flatten)]
    pub(crate) view: ViewArgs,
}
