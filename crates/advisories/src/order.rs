use std::cmp::Ordering;

use seaworthy_versions::{Scheme, compare};
use seaworthy_vulndb::{End, Interval};

/// The version order of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    scheme: Scheme,
}

impl Order {
    /// The order of the shard with that key.
    pub(crate) fn of_shard(key: &str) -> Self {
        let scheme = match key.split(':').next().unwrap_or(key) {
            "alpine" | "wolfi" | "chainguard" | "cleanstart" | "minimos" => Scheme::Apk,
            "debian" | "ubuntu" => Scheme::Deb,
            "pypi" => Scheme::Pep440,
            "go" | "kubernetes" => Scheme::Go,
            // Versions of anything: Maven's order knows letters, release candidates and any number
            // of parts, and refuses nothing.
            "maven" | "generic" | "hackage" | "cran" | "homebrew" => Scheme::Maven,
            "rubygems" => Scheme::Gem,
            "nuget" => Scheme::NuGet,
            "packagist" => Scheme::Composer,
            "arch" => Scheme::Alpm,
            "npm" | "crates" | "pub" | "hex" | "swift" | "julia" | "github-actions" | "conan" => {
                Scheme::Semver
            }
            _ => Scheme::Rpm,
        };
        Self { scheme }
    }

    pub(crate) const fn scheme(self) -> Scheme {
        self.scheme
    }

    /// Its name in the shard.
    pub(crate) const fn name(self) -> &'static str {
        self.scheme.name()
    }

    /// Compares two versions; the empty text is before every version. What is no version is
    /// ordered as text: advisories hold such, and an order must not fail.
    pub(crate) fn compare(self, a: &str, b: &str) -> Ordering {
        match (a.is_empty(), b.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => compare(self.scheme, a, b).unwrap_or_else(|_| a.cmp(b)),
        }
    }

    /// Sorts intervals by where they begin, and leaves out repetitions.
    pub(crate) fn sort(self, intervals: &mut Vec<Interval>) {
        intervals.sort_by(|a, b| {
            self.compare(&a.introduced, &b.introduced)
                .then_with(|| a.cmp(b))
        });
        intervals.dedup();
    }

    /// Whether the interval holds the version.
    pub(crate) fn contains(self, interval: &Interval, version: &str) -> bool {
        if self.compare(version, &interval.introduced) == Ordering::Less {
            return false;
        }
        match &interval.end {
            End::Open => true,
            End::Fixed(fixed) => self.compare(version, fixed) == Ordering::Less,
            End::LastAffected(last) => self.compare(version, last) != Ordering::Greater,
        }
    }
}
