//! What is shown, what fails, and what is written where.

use std::str::FromStr;

use clap::Args;
use seaworthy_model::{Severity, State};

/// The severity that fails.
#[derive(Debug, Args)]
pub(crate) struct FailOnArgs {
    /// Exit 1 when a finding has this severity or worse
    #[arg(
        id = "fail_on",
        long = "fail-on",
        value_name = "LEVEL",
        env = "SEAWORTHY_FAIL_ON"
    )]
    pub(crate) on: Option<Severity>,
}

/// What is shown and what fails.
#[derive(Debug, Args)]
#[command(next_help_heading = "Gate")]
pub(crate) struct GateArgs {
    #[command(flatten)]
    pub(crate) fail: FailOnArgs,
    /// Show this severity and worse only; the gate still sees all
    #[arg(long, value_name = "LEVEL", env = "SEAWORTHY_SEVERITY")]
    pub(crate) severity: Option<Severity>,
    /// Leave out what has no fix yet, for display and gate
    #[arg(long, env = "SEAWORTHY_IGNORE_UNFIXED")]
    pub(crate) ignore_unfixed: bool,
    /// Leave out these states, for display and gate: will_not_fix, end_of_life …
    #[arg(
        long,
        value_name = "STATUS",
        value_delimiter = ',',
        env = "SEAWORTHY_IGNORE_STATUS"
    )]
    pub(crate) ignore_status: Vec<State>,
    /// Accept an unknown distribution or an unreadable package database (else exit 3)
    #[arg(long, env = "SEAWORTHY_ALLOW_UNKNOWN")]
    pub(crate) allow_unknown: bool,
}

/// What is written, and where. What a command can write, and what it writes unasked, stands at the
/// command.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs<S>
where
    S: FromStr<Err = String> + Clone + std::fmt::Debug + Send + Sync + 'static,
{
    /// Write a format to standard output or a file; repeatable
    #[arg(
        id = "output",
        long = "output",
        short = 'o',
        value_name = "FORMAT[=FILE]",
        value_delimiter = ',',
        default_value = "table",
        value_parser = S::from_str
    )]
    pub(crate) specs: Vec<S>,
}

/// How much of a table is shown.
#[derive(Debug, Args)]
pub(crate) struct RowsArgs {
    /// Every row in the table, however long
    #[arg(long, env = "SEAWORTHY_ALL")]
    pub(crate) all: bool,
}

/// Whose the image is.
#[derive(Debug, Args)]
pub(crate) struct ProjectArgs {
    /// Name of the project [default: CI_PROJECT_PATH]
    #[arg(long, value_name = "NAME", env = "SEAWORTHY_PROJECT")]
    project: Option<String>,
}

impl ProjectArgs {
    /// The project's name, else that of GitLab's job, else nothing.
    pub(crate) fn name(&self) -> String {
        or_of_job(self.project.as_ref(), "CI_PROJECT_PATH")
    }
}

/// What an option says, else a variable that GitLab sets, else nothing.
pub(super) fn or_of_job(option: Option<&String>, variable: &str) -> String {
    option
        .cloned()
        .or_else(|| std::env::var(variable).ok())
        .unwrap_or_default()
}
