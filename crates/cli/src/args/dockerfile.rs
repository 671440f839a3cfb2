//! Options of the commands on Dockerfiles.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use seaworthy_model::Severity;

use super::{FailOnArgs, OutputArgs};
use crate::output::OutputSpec;

#[derive(Debug, Subcommand)]
pub(crate) enum DockerfileCommand {
    /// Say what is unsafe, unreproducible or odd in Dockerfiles
    Lint(LintArgs),
}

#[derive(Debug, Args)]
#[command(
    before_help = "Examples:\n  seaworthy dockerfile lint Dockerfile\n  seaworthy dockerfile lint services/*/Dockerfile --fail-on high\n  seaworthy dockerfile lint Dockerfile -o codequality=gl-code-quality-report.json",
    after_help = "Rules: docs/rules/dockerfile.md. `# seaworthy:ignore=ID` and hadolint's comments are honoured;\n.hadolint.yaml in the working directory is read.",
    mut_arg("output", |arg| arg.env("SEAWORTHY_OUTPUT"))
)]
pub(crate) struct LintArgs {
    /// Dockerfiles
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs<OutputSpec>,
    #[command(flatten)]
    pub(crate) fail: FailOnArgs,
    /// Show this severity and worse only; the gate still sees all
    #[arg(long, value_name = "LEVEL", env = "SEAWORTHY_SEVERITY")]
    pub(crate) severity: Option<Severity>,
    /// Configuration of hadolint [default: .hadolint.yaml, where there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) hadolint_config: Option<PathBuf>,
}
