use serde::{Deserialize, Serialize};

/// Why a part of the target could not be assessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoverageKind {
    /// The target has packages of an operating system that could not be recognised.
    UnknownDistribution,
    /// The distribution is known, this release is not.
    UnknownRelease,
    /// A package database is there and could not be read.
    UnreadableDatabase,
    /// A file that should have been read was not: too large, damaged, over a limit.
    SkippedFile,
    /// A whole layer was not read (for example a non-distributable one).
    SkippedLayer,
    /// There is no advisory shard for packages that were found.
    NoShard,
    /// Only the compiled-in starter table answered for packages that were found.
    StarterOnly,
    /// The shard is older than the allowed age.
    StaleShard,
    /// Packages whose version could not be compared.
    UncomparableVersion,
    /// Packages that come from a third party, whom the distribution's advisories do not cover.
    ThirdPartyPackage,
    /// A scanner that was asked for is not part of this build.
    ScannerMissing,
    /// Another scanner that was asked for gave no report that can be read.
    ScannerFailed,
    /// The release or the package has no security support any more: what is found since is not told.
    SupportEnded,
}

impl CoverageKind {
    /// Whether the gap makes the whole answer worthless: the scan must not end as clean.
    #[must_use]
    pub const fn is_fatal(self) -> bool {
        matches!(
            self,
            Self::UnknownDistribution
                | Self::UnknownRelease
                | Self::UnreadableDatabase
                | Self::ScannerFailed
        )
    }

    /// The kebab-case name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownDistribution => "unknown-distribution",
            Self::UnknownRelease => "unknown-release",
            Self::UnreadableDatabase => "unreadable-database",
            Self::SkippedFile => "skipped-file",
            Self::SkippedLayer => "skipped-layer",
            Self::NoShard => "no-shard",
            Self::StarterOnly => "starter-only",
            Self::StaleShard => "stale-shard",
            Self::UncomparableVersion => "uncomparable-version",
            Self::ThirdPartyPackage => "third-party-package",
            Self::ScannerMissing => "scanner-missing",
            Self::ScannerFailed => "scanner-failed",
            Self::SupportEnded => "support-ended",
        }
    }
}

/// One gap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CoverageEntry {
    /// What kind of gap.
    pub kind: CoverageKind,
    /// What it concerns: a path, a shard key, a distribution.
    pub subject: String,
    /// Why, in one sentence that names the remedy where there is one; lower case, no full stop.
    pub detail: String,
}

impl CoverageEntry {
    /// A gap.
    #[must_use]
    pub fn new(kind: CoverageKind, subject: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            kind,
            subject: subject.into(),
            detail: detail.into(),
        }
    }
}

/// All that could not be assessed; empty means that everything was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Coverage {
    /// The gaps, sorted and without repetition after [`Coverage::normalise`].
    pub entries: Vec<CoverageEntry>,
}

impl Coverage {
    /// Adds a gap.
    pub fn add(&mut self, entry: CoverageEntry) {
        self.entries.push(entry);
    }

    /// Sorts and removes repetitions, so that equal runs give equal bytes.
    pub fn normalise(&mut self) {
        self.entries.sort();
        self.entries.dedup();
    }

    /// Whether everything could be assessed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether a gap makes the whole answer worthless.
    #[must_use]
    pub fn has_fatal(&self) -> bool {
        self.entries.iter().any(|e| e.kind.is_fatal())
    }
}
