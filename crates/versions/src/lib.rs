//! Version schemes: how each package manager orders versions, and the ranges that advisories use.

mod alpm;
mod apk;
mod composer;
mod deb;
mod gem;
mod go;
mod maven;
mod nuget;
mod pep440;
mod range;
mod rpm;
mod segment;
mod semver;

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

pub use range::{Bound, InvalidRange, VersionRange, parse_ranges};

/// Longest version that is compared; longer ones are refused.
pub const MAX_LENGTH: usize = 1024;

/// How versions are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Debian policy, section 5.6.12.
    Deb,
    /// Alpine's `apk version`.
    Apk,
    /// rpm's `rpmvercmp`, with epoch and release.
    Rpm,
    /// pacman's `vercmp`, with epoch and release.
    Alpm,
    /// Semantic Versioning 2.0.0, read as leniently as npm's loose mode; crates.io too.
    Semver,
    /// PEP 440.
    Pep440,
    /// Maven's `ComparableVersion`.
    Maven,
    /// `Gem::Version`.
    Gem,
    /// Go modules: semantic versions with an optional `v`, pseudo-versions, and `go1.21.3`.
    Go,
    /// NuGet: up to four numbers, pre-releases compared without case.
    NuGet,
    /// Composer's normalised versions.
    Composer,
}

/// A name that is no scheme.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is not a version scheme (deb, apk, rpm, alpm, semver, pep440, maven, gem, go, nuget, composer)"
)]
pub struct UnknownScheme(pub String);

/// A text that is no version of its scheme.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("`{version}` is not a {scheme} version")]
pub struct InvalidVersion {
    /// The scheme.
    pub scheme: Scheme,
    /// The text.
    pub version: String,
}

impl Scheme {
    /// All schemes.
    pub const ALL: [Self; 11] = [
        Self::Deb,
        Self::Apk,
        Self::Rpm,
        Self::Alpm,
        Self::Semver,
        Self::Pep440,
        Self::Maven,
        Self::Gem,
        Self::Go,
        Self::NuGet,
        Self::Composer,
    ];

    /// The lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Apk => "apk",
            Self::Rpm => "rpm",
            Self::Alpm => "alpm",
            Self::Semver => "semver",
            Self::Pep440 => "pep440",
            Self::Maven => "maven",
            Self::Gem => "gem",
            Self::Go => "go",
            Self::NuGet => "nuget",
            Self::Composer => "composer",
        }
    }

    /// How versions of packages are ordered, by the type of their package URL; none for types
    /// without an order of their own, such as `generic`.
    #[must_use]
    pub fn of_purl_type(word: &str) -> Option<Self> {
        Some(match word {
            "apk" => Self::Apk,
            "deb" => Self::Deb,
            "rpm" => Self::Rpm,
            "alpm" => Self::Alpm,
            "npm" | "cargo" | "pub" | "hex" | "swift" => Self::Semver,
            "pypi" => Self::Pep440,
            "golang" => Self::Go,
            "maven" => Self::Maven,
            "gem" => Self::Gem,
            "nuget" => Self::NuGet,
            "composer" => Self::Composer,
            _ => return None,
        })
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Scheme {
    type Err = UnknownScheme;

    fn from_str(word: &str) -> Result<Self, UnknownScheme> {
        Self::ALL
            .into_iter()
            .find(|s| s.name() == word)
            .ok_or_else(|| UnknownScheme(word.to_owned()))
    }
}

/// Orders two versions.
///
/// # Errors
/// [`InvalidVersion`] names the one that is no version of the scheme.
pub fn compare(scheme: Scheme, a: &str, b: &str) -> Result<Ordering, InvalidVersion> {
    let invalid = |version: &str| InvalidVersion {
        scheme,
        version: version.chars().take(200).collect(),
    };
    for version in [a, b] {
        if !is_valid(scheme, version) {
            return Err(invalid(version));
        }
    }
    let (a, b) = (a.trim(), b.trim());
    Ok(match scheme {
        Scheme::Deb => deb::compare(a, b),
        Scheme::Apk => apk::compare(a, b),
        Scheme::Rpm => rpm::compare(a, b),
        Scheme::Alpm => alpm::compare(a, b),
        Scheme::Semver => semver::compare(a, b),
        Scheme::Go => go::compare(a, b),
        Scheme::NuGet => nuget::compare(a, b),
        Scheme::Pep440 => pep440::compare(a, b),
        Scheme::Maven => maven::compare(a, b),
        Scheme::Gem => gem::compare(a, b),
        Scheme::Composer => composer::compare(a, b),
    })
}

/// Whether a text is a version of the scheme.
#[must_use]
pub fn is_valid(scheme: Scheme, version: &str) -> bool {
    let version = version.trim();
    if version.is_empty() || version.len() > MAX_LENGTH {
        return false;
    }
    match scheme {
        Scheme::Deb => deb::is_valid(version),
        Scheme::Apk => apk::is_valid(version),
        Scheme::Rpm => rpm::is_valid(version),
        Scheme::Alpm => alpm::is_valid(version),
        Scheme::Semver => semver::is_valid(version),
        Scheme::Go => go::is_valid(version),
        Scheme::NuGet => nuget::is_valid(version),
        Scheme::Pep440 => pep440::is_valid(version),
        Scheme::Maven => maven::is_valid(version),
        Scheme::Gem => gem::is_valid(version),
        Scheme::Composer => composer::is_valid(version),
    }
}

/// Orders two runs of ASCII digits as numbers of any size.
pub(crate) fn numbers(a: &str, b: &str) -> Ordering {
    let a = a.trim_start_matches('0');
    let b = b.trim_start_matches('0');
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Splits off the leading bytes that satisfy a test; the test must accept ASCII only.
pub(crate) fn take_while(text: &str, test: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|b| !test(b)).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests;
