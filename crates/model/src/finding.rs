use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Date, Severity};

/// What the advisory source says about a package and a vulnerability.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A fixed version exists.
    Fixed,
    /// Affected, no fix yet.
    #[default]
    Affected,
    /// The vendor will not fix it.
    WillNotFix,
    /// The vendor will fix it later.
    FixDeferred,
    /// The release or the package is out of support.
    EndOfLife,
    /// The vendor is still looking.
    UnderInvestigation,
    /// The vendor says that it is not affected.
    NotAffected,
    /// The source does not say.
    Unknown,
}

/// A word that is no state.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is not a status (unknown, not_affected, affected, fixed, under_investigation, will_not_fix, fix_deferred, end_of_life)"
)]
pub struct UnknownState(pub String);

impl State {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Fixed,
        Self::Affected,
        Self::WillNotFix,
        Self::FixDeferred,
        Self::EndOfLife,
        Self::UnderInvestigation,
        Self::NotAffected,
        Self::Unknown,
    ];

    /// The `snake_case` name that GitLab and Trivy use too.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Affected => "affected",
            Self::WillNotFix => "will_not_fix",
            Self::FixDeferred => "fix_deferred",
            Self::EndOfLife => "end_of_life",
            Self::UnderInvestigation => "under_investigation",
            Self::NotAffected => "not_affected",
            Self::Unknown => "unknown",
        }
    }

    /// A small number for tables on disk; the inverse of [`State::from_code`].
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The state with that code; an unknown code is `Unknown`.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Fixed,
            1 => Self::Affected,
            2 => Self::WillNotFix,
            3 => Self::FixDeferred,
            4 => Self::EndOfLife,
            5 => Self::UnderInvestigation,
            6 => Self::NotAffected,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(word: &str) -> Result<Self, UnknownState> {
        let lower = word.trim().to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|s| s.name() == lower)
            .ok_or_else(|| UnknownState(word.to_owned()))
    }
}

/// Whether the base image or the team's own layers brought a package.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The base image.
    Base,
    /// The team's own layers.
    Application,
    /// Not an image, or the history does not tell.
    #[default]
    Unknown,
}

/// One source's opinion of a vulnerability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rating {
    /// Who says so: `debian`, `redhat`, `ghsa`, `nvd`, `cisa-adp` …
    pub source: String,
    /// Its severity.
    pub severity: Severity,
    /// CVSS vector, with the `CVSS:3.1/` prefix for v3 and v4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<String>,
    /// Base score of the vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
}

/// Exploit prediction ([EPSS](https://www.first.org/epss/)).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epss {
    /// Probability of exploitation in the next 30 days, 0 to 1.
    pub score: f64,
    /// Share of vulnerabilities that score the same or less, 0 to 1.
    pub percentile: f64,
}

/// An entry of CISA's catalogue of known exploited vulnerabilities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownExploited {
    /// Date added, `YYYY-MM-DD`; empty when the table does not carry it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub date_added: String,
    /// Due date for US agencies.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub due_date: String,
    /// Known use in ransomware campaigns.
    pub ransomware: bool,
}

/// Why a finding is reported: all that `explain` needs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MatchReason {
    /// The feed: `alpine-secdb`, `debian-tracker`, `osv`, `pypa`, `starter` …
    pub source: String,
    /// The shard that answered: `debian:12`.
    pub shard: String,
    /// The advisory's own id, when it differs from the finding's: `DSA-5678-1`, `GHSA-…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advisory: Option<String>,
    /// The name that was looked up (the source package for deb and apk).
    pub package: String,
    /// The version that was compared.
    pub version: String,
    /// The affected range that contains it, in words of the scheme: `< 1.2.13-r1`,
    /// `>= 2.0.0, < 2.8.9`.
    pub range: String,
    /// The version scheme: `deb`, `apk`, `rpm`, `semver` …
    pub scheme: String,
}

/// One vulnerability in one package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Primary id: the CVE where there is one.
    pub id: String,
    /// Other ids of the same vulnerability, sorted, without the primary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Index into the inventory's packages.
    pub package: usize,
    /// What the source says.
    pub state: State,
    /// The severity that counts: the distribution's own first.
    pub severity: Severity,
    /// Who gave that severity.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub severity_source: String,
    /// Every rating, with its source, sorted by source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ratings: Vec<Rating>,
    /// EPSS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<Epss>,
    /// KEV.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kev: Option<KnownExploited>,
    /// The earliest day on which any source made it public, by any of its ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Date>,
    /// The lowest version that fixes it and is not below the installed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_version: Option<String>,
    /// What to type to get the fix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix_command: Option<String>,
    /// Base image or application.
    pub origin: Origin,
    /// Why it matched.
    pub reason: MatchReason,
}

impl Finding {
    /// Whether there is a version that fixes it.
    #[must_use]
    pub const fn is_fixable(&self) -> bool {
        matches!(self.state, State::Fixed) && self.fixed_version.is_some()
    }

    /// A page about the vulnerability, derived from the id.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        url_of(&self.id)
    }

    /// Pages of the primary id and of the aliases that have one.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        std::iter::once(&self.id)
            .chain(&self.aliases)
            .filter_map(|id| url_of(id))
            .collect()
    }
}

/// A page about the vulnerability or advisory with that id; none for an id of no known kind, or one
/// with other characters than ids have: ids come from documents of others too, and must not bring
/// markup or another host along.
#[must_use]
pub fn url_of(id: &str) -> Option<String> {
    if !id
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
    {
        return None;
    }
    let prefix = id.split('-').next()?;
    Some(match prefix {
        "CVE" => format!("https://nvd.nist.gov/vuln/detail/{id}"),
        "GHSA" => format!("https://github.com/advisories/{id}"),
        "GO" => format!("https://pkg.go.dev/vuln/{id}"),
        "RUSTSEC" => format!("https://rustsec.org/advisories/{id}.html"),
        "PYSEC" | "MAL" | "OSV" => format!("https://osv.dev/vulnerability/{id}"),
        "DSA" | "DLA" => format!("https://security-tracker.debian.org/tracker/{id}"),
        "USN" => format!("https://ubuntu.com/security/notices/{id}"),
        "RHSA" | "RHBA" | "RHEA" => format!("https://access.redhat.com/errata/{id}"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_ids_have_pages() {
        assert_eq!(
            url_of("CVE-2021-44228").as_deref(),
            Some("https://nvd.nist.gov/vuln/detail/CVE-2021-44228")
        );
        assert_eq!(
            url_of("RHSA-2024:1").as_deref(),
            Some("https://access.redhat.com/errata/RHSA-2024:1")
        );
        for id in ["CVE-\u{1b}[2J", "CVE-<script>", "CVE-1/../x", "XYZ-1"] {
            assert_eq!(url_of(id), None, "{id:?}");
        }
    }

    #[test]
    fn states_round_trip() {
        for state in State::ALL {
            assert_eq!(State::from_code(state.code()), state);
            assert_eq!(state.name().to_uppercase().parse(), Ok(state));
        }
        assert!("maybe".parse::<State>().is_err());
    }
}
