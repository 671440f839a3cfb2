use seaworthy_model::{Severity, State};

/// Where an affected interval ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum End {
    /// Nowhere: every later version is affected.
    #[default]
    Open,
    /// Before this version, which is fixed.
    Fixed(String),
    /// With this version, the last one known to be affected.
    LastAffected(String),
}

/// Versions from `introduced` (inclusive) to an end, in the order of the shard's scheme.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Interval {
    /// First affected version; empty for "from the beginning" (OSV `0`).
    pub introduced: String,
    /// The end.
    pub end: End,
}

/// What one source says about one vulnerability in one package: the row that a feed reader emits,
/// a shard stores and the matcher reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Advisory {
    /// Package name as the shard's ecosystem looks it up: the source package for deb and apk, the
    /// binary package for rpm, normalised (PEP 503) for Python, `group:artifact` for Maven.
    pub package: String,
    /// Primary id: the CVE where the record names exactly one, else the record's own.
    pub id: String,
    /// Other ids, sorted, without the primary.
    pub aliases: Vec<String>,
    /// The record's own id, when it is not the primary: `DSA-5678-1`, `RHSA-2024:1`, `GHSA-…`.
    pub advisory: Option<String>,
    /// The feed: `alpine-secdb`, `debian-tracker`, `debian-dsa`, `ubuntu-cve-tracker`,
    /// `redhat-api`, `almalinux-osv`, `osv`, `pypa`, `go-vulndb`, `rustsec`, `starter`.
    pub source: String,
    /// What the source says. `NotAffected` rows are kept: they explain, and they outvote.
    pub state: State,
    /// The source's own severity; none when it gives none.
    pub severity: Option<Severity>,
    /// CVSS vector of the record, when it carries one.
    pub vector: Option<String>,
    /// Affected intervals; a version in any of them is affected. Empty together with empty
    /// `versions`: every version is concerned.
    pub intervals: Vec<Interval>,
    /// Versions that are affected although no interval holds them (OSV `versions`), exact text.
    pub versions: Vec<String>,
    /// Modularity label `name:stream` that the row is limited to.
    pub module: Option<String>,
}
