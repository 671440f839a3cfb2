//! Other scanners that are installed here, run beside our own scan on the same target.
//!
//! ```text
//! target, kinds → plan (a command line, or why there is none) → process → reader of reports → run
//! ```
//!
//! Scanners run at the same time, each with its own time limit. Nothing goes through a shell, and
//! arguments come from what the user typed, never from the target's content. A scanner that is not
//! there, fails, floods or hangs is a run without an answer.

mod plan;
mod process;
mod start;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use seaworthy_report::merge::{ScanKind, ScannerName, ScannerRun};
use seaworthy_source::Credentials;

pub use process::Canceller;
pub use start::Running;

/// A scanner that can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExternalScanner {
    /// `trivy`.
    Trivy,
    /// `grype`.
    Grype,
    /// `clairctl`, which asks the Clair that `CLAIR_API` names.
    Clairctl,
    /// `snyk container`.
    Snyk,
}

/// A word that is no scanner that can be run.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a scanner that can be run (trivy, grype, clairctl, snyk)")]
pub struct UnknownScanner(pub String);

impl ExternalScanner {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Trivy, Self::Grype, Self::Clairctl, Self::Snyk];

    /// The name of the program.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::Trivy => "trivy",
            Self::Grype => "grype",
            Self::Clairctl => "clairctl",
            Self::Snyk => "snyk",
        }
    }

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> ScannerName {
        match self {
            Self::Trivy => ScannerName::Trivy,
            Self::Grype => ScannerName::Grype,
            Self::Clairctl => ScannerName::Clair,
            Self::Snyk => ScannerName::Snyk,
        }
    }
}

impl fmt::Display for ExternalScanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.program())
    }
}

impl FromStr for ExternalScanner {
    type Err = UnknownScanner;

    fn from_str(word: &str) -> Result<Self, UnknownScanner> {
        Ok(match word.trim().to_ascii_lowercase().as_str() {
            "trivy" => Self::Trivy,
            "grype" => Self::Grype,
            "clairctl" | "clair" => Self::Clairctl,
            "snyk" => Self::Snyk,
            _ => return Err(UnknownScanner(word.to_owned())),
        })
    }
}

/// How other scanners are run.
#[derive(Debug, Clone)]
pub struct ExternalOptions {
    /// Which; each once.
    pub scanners: Vec<ExternalScanner>,
    /// What they look for; each scanner what it can.
    pub kinds: Vec<ScanKind>,
    /// How long each may take.
    pub time_limit: Duration,
    /// Most bytes that a report may have.
    pub max_output: usize,
    /// Where programs are looked for, as in `PATH`; entries that are no absolute paths are left
    /// out, so that a checkout cannot bring its own `trivy`.
    pub search_path: OsString,
    /// The platform of images in registries, `linux/amd64`.
    pub platform: String,
    /// Credentials for the target's registry; they go into the environment, never on a command
    /// line.
    pub credentials: Option<Credentials>,
    /// The certificate authority to trust besides the system's, a PEM file.
    pub ca_file: Option<OsString>,
    /// Do not verify TLS certificates.
    pub insecure: bool,
    /// Speak HTTP without TLS.
    pub plain_http: bool,
    /// Variables that the scanners do not get.
    pub withheld: Vec<&'static str>,
}

/// How one scanner's run ended, and the bytes of its report where there is one.
#[derive(Debug, Clone)]
pub struct ExternalRun {
    /// For the merge.
    pub run: ScannerRun,
    /// What it was asked for.
    pub kinds: Vec<ScanKind>,
    /// Its report as it wrote it; empty without an answer.
    pub raw: Vec<u8>,
}
