use std::fmt;
use std::process::ExitCode;

use seaworthy_model::ExitClass;

/// The documented exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// Done, and the gate passes.
    Pass = 0,
    /// The gate failed.
    GateFailed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// The target could not be read or assessed.
    NotAssessed = 3,
    /// An operation failed: network, disk.
    Failed = 4,
}

impl From<ExitClass> for Status {
    fn from(class: ExitClass) -> Self {
        match class {
            ExitClass::Pass => Self::Pass,
            ExitClass::GateFailed => Self::GateFailed,
            ExitClass::NotAssessed => Self::NotAssessed,
        }
    }
}

/// An error with its exit status and, where there is one, the next step.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

pub(crate) type Outcome = Result<Status, Failure>;

impl Failure {
    pub(crate) fn new(status: Status, message: impl fmt::Display) -> Self {
        Self {
            status,
            message: message.to_string(),
            hint: None,
        }
    }

    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(Status::Usage, message)
    }

    pub(crate) fn failed(message: impl fmt::Display) -> Self {
        Self::new(Status::Failed, message)
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<seaworthy_source::Error> for Failure {
    fn from(error: seaworthy_source::Error) -> Self {
        let status = match error.kind() {
            seaworthy_source::ErrorKind::Usage => Status::Usage,
            seaworthy_source::ErrorKind::Target => Status::NotAssessed,
            seaworthy_source::ErrorKind::Operation => Status::Failed,
        };
        Self {
            status,
            message: error.to_string(),
            hint: error.hint(),
        }
    }
}

impl From<seaworthy_scan::Error> for Failure {
    fn from(error: seaworthy_scan::Error) -> Self {
        use seaworthy_scan::Error;
        match error {
            Error::Source(error) => error.into(),
            Error::Database { .. } => Self::new(Status::Usage, error).hint(
                "`seaworthy db update` fetches one; without --db and a database of the user's, the starter table answers",
            ),
            Error::Sbom { .. } => Self::new(Status::NotAssessed, error).hint(
                "reports are no targets: `policy check`, `metrics`, `diff` and `merge` read them, as plain JSON",
            ),
            Error::Analysis { .. } | Error::Io { .. } => {
                Self::new(Status::NotAssessed, error)
            }
        }
    }
}

/// Says on standard error what the user should know and what stops nothing.
pub(crate) fn warn(message: &str) {
    use std::io::Write as _;
    let mut err = anstream::stderr().lock();
    // Nothing is left to do when even that cannot be said.
    let _ = writeln!(
        err,
        "\u{1b}[1;33mwarning\u{1b}[0m: {}",
        crate::terminal::one_line(message)
    );
}

/// What clap has to say: help and version are no errors.
pub(crate) fn usage(error: &clap::Error) -> Outcome {
    use clap::error::ErrorKind;
    let quiet = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    // Nothing is left to do when even the message cannot be printed.
    let _ = error.print();
    if quiet {
        Ok(Status::Pass)
    } else {
        Ok(Status::Usage)
    }
}

/// Prints the error, if any, and gives the exit code.
pub(crate) fn finish(outcome: Outcome) -> ExitCode {
    let status = match outcome {
        Ok(status) => status,
        Err(failure) => {
            use std::io::Write as _;
            let mut err = anstream::stderr().lock();
            // A policy says all that is wrong with it, a line each.
            for line in failure.message.lines() {
                let text = crate::terminal::one_line(line);
                let _ = writeln!(err, "\u{1b}[1;31merror\u{1b}[0m: {text}");
            }
            if let Some(hint) = &failure.hint {
                let _ = writeln!(
                    err,
                    "\u{1b}[1;36mhint\u{1b}[0m: {}",
                    crate::terminal::one_line(hint)
                );
            }
            failure.status
        }
    };
    ExitCode::from(status as u8)
}
