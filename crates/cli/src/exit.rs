use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;

/// The documented exit codes that the commands of this build can end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Done.
    Pass = 0,
    /// A check failed.
    CheckFailed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// An operation failed: disk.
    Failed = 4,
}

/// An error with its exit status.
#[derive(Debug)]
pub(crate) struct Failure {
    status: Status,
    message: String,
}

pub(crate) type Outcome = Result<Status, Failure>;

impl Failure {
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self {
            status: Status::Usage,
            message: message.to_string(),
        }
    }

    pub(crate) fn failed(message: impl fmt::Display) -> Self {
        Self {
            status: Status::Failed,
            message: message.to_string(),
        }
    }
}

/// What clap has to say: help and version are no errors.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    // Nothing is left to do when even the message cannot be printed.
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(Status::Usage as u8)
    } else {
        ExitCode::SUCCESS
    }
}

/// Prints the error, if any, and gives the exit code.
pub(crate) fn finish(outcome: Outcome) -> ExitCode {
    let status = outcome.unwrap_or_else(|failure| {
        let text: String = failure
            .message
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let _ = writeln!(anstream::stderr(), "\u{1b}[1;31merror\u{1b}[0m: {text}");
        failure.status
    });
    ExitCode::from(status as u8)
}
