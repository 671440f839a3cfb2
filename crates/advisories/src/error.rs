use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::BuildSummary;

/// Why a source's shards were not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The source: `alpine-secdb`, `ubuntu-cve-tracker` …
    pub source: String,
    /// Records that could not be read.
    pub broken: u64,
    /// Records in all.
    pub records: u64,
    /// The first broken record and what is wrong with it, or why else it is refused.
    pub first: String,
    /// What of it was there before, when it is refused because it shrank.
    pub before: Option<u64>,
}

/// What can go wrong while the shards are built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A feed folder or file cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A shard cannot be written.
    #[error("cannot write `{}`: {message}", path.display())]
    Write {
        /// The shard file or the output folder.
        path: PathBuf,
        /// The cause.
        message: String,
    },
    /// An archive holds more, or larger, entries than an advisory feed has.
    #[error("`{file}` goes beyond the limit of {limit} {unit}")]
    Limit {
        /// The archive, from the feed folder.
        file: String,
        /// The limit that was hit.
        limit: u64,
        /// What is counted: `entries` or `bytes`.
        unit: &'static str,
    },
    /// The feed folder holds nothing that is known.
    #[error("`{}` holds no advisory feed that is known", path.display())]
    NoFeeds {
        /// The folder.
        path: PathBuf,
    },
    /// Too many of a source's records are broken, it shrank by more than half, or its file is cut
    /// off; the shards that it feeds were left as they were, the others were written.
    #[error("{}", refused_text(refusals))]
    Refused {
        /// The sources.
        refusals: Vec<Refusal>,
        /// What was done all the same.
        summary: Box<BuildSummary>,
    },
    /// The options contradict each other.
    #[error("{0}")]
    Options(String),
    /// A worker ended unexpectedly.
    #[error("a worker that read `{0}` ended unexpectedly")]
    Worker(String),
}

fn refused_text(refusals: &[Refusal]) -> String {
    let all: Vec<String> = refusals.iter().map(Refusal::to_string).collect();
    format!(
        "shards not written, their old ones stay: {}",
        all.join("; ")
    )
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            source,
            broken,
            records,
            first,
            before,
        } = self;
        match (before, broken) {
            (Some(before), _) => write!(
                f,
                "{source} shrank from {before} to {records}, more than by half; --force takes it all the same"
            ),
            (None, 0) => write!(f, "{source}: {first}"),
            (None, _) => write!(
                f,
                "{source}: {broken} of {records} records are broken, more than 1%; first: {first}"
            ),
        }
    }
}

impl Error {
    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }
}
