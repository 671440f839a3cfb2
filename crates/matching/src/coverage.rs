use seaworthy_model::{CoverageEntry, CoverageKind, Inventory, Package, PackageType};

use crate::judge::Installed;
use crate::matcher::{Gap, Matcher, distribution_name};

/// How many third-party packages are named one by one; the rest is counted.
const NAMED: usize = 200;

/// A count per package type.
type Counts = [u32; PackageType::ALL.len()];

/// What could not be assessed, gathered while the packages are looked up.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    entries: Vec<CoverageEntry>,
    answered: Counts,
    unanswered: Counts,
    without_key: Counts,
    third_party: usize,
}

impl Gaps {
    pub(crate) fn answered(&mut self, kind: PackageType) {
        count(&mut self.answered, kind);
    }

    pub(crate) fn has_answer(&self, kind: PackageType) -> bool {
        self.answered.get(kind as usize).is_some_and(|n| *n > 0)
    }

    pub(crate) fn unanswered(&mut self, kind: PackageType) {
        count(&mut self.unanswered, kind);
    }

    pub(crate) fn without_key(&mut self, kind: PackageType) {
        count(&mut self.without_key, kind);
    }

    pub(crate) fn third_party(&mut self, package: &Package, vendor: &str, inventory: &Inventory) {
        self.foreign_package(package, || {
            format!(
                "built by {vendor}, whom the advisories of {} do not cover; ask that vendor's own advisories",
                distribution_name(inventory.distribution.as_ref())
            )
        });
    }

    pub(crate) fn foreign(&mut self, package: &Package, inventory: &Inventory) {
        self.foreign_package(package, || {
            format!(
                "a {} package on {}, whose advisories are about packages of another format",
                package.kind,
                distribution_name(inventory.distribution.as_ref())
            )
        });
    }

    fn foreign_package(&mut self, package: &Package, detail: impl Fn() -> String) {
        // rpm keeps the keys of its repositories as packages; they hold no code.
        if package.name == "gpg-pubkey" {
            return;
        }
        self.third_party += 1;
        if self.third_party <= NAMED {
            self.add(
                CoverageKind::ThirdPartyPackage,
                format!("{} {}", package.name, package.version),
                detail(),
            );
        }
    }

    pub(crate) fn uncomparable(&mut self, package: &Package, installed: &Installed<'_>, gap: Gap) {
        let subject = format!("{} {}", package.name, package.version);
        let detail = match gap {
            Gap::Installed => format!(
                "`{}` is not a {} version, so the advisories of this package were not compared; look it up by hand",
                installed.version, installed.scheme
            ),
            Gap::Advisory(id) => format!(
                "{id} names a version that is not a {} version, so it was not compared",
                installed.scheme
            ),
        };
        self.add(CoverageKind::UncomparableVersion, subject, detail);
    }

    pub(crate) fn push(&mut self, entry: CoverageEntry) {
        self.entries.push(entry);
    }

    fn add(&mut self, kind: CoverageKind, subject: impl Into<String>, detail: impl Into<String>) {
        self.entries.push(CoverageEntry::new(kind, subject, detail));
    }

    /// All gaps, sorted.
    pub(crate) fn entries(mut self, matcher: &Matcher<'_>) -> Vec<CoverageEntry> {
        if self.third_party > NAMED {
            let more = self.third_party - NAMED;
            self.add(
                CoverageKind::ThirdPartyPackage,
                format!("{more} more packages"),
                "built by others, whom the distribution's advisories do not cover",
            );
        }
        for target in matcher.targets.iter().flatten() {
            let kinds = || {
                matcher
                    .targets
                    .iter()
                    .enumerate()
                    .filter(|(_, t)| t.as_ref().is_some_and(|t| t.key == target.key))
                    .map(|(at, _)| at)
            };
            let sum = |counts: &Counts| -> u32 { kinds().filter_map(|at| counts.get(at)).sum() };
            let (answered, unanswered) = (sum(&self.answered), sum(&self.unanswered));
            if unanswered > 0 {
                self.add(
                    CoverageKind::NoShard,
                    target.key.as_str(),
                    format!(
                        "the database has no advisories for {}, so {} were not assessed; `seaworthy db update` fetches them",
                        target.key,
                        packages(unanswered)
                    ),
                );
            }
            if answered == 0 {
                continue;
            }
            if target.starter {
                self.add(
                    CoverageKind::StarterOnly,
                    target.key.as_str(),
                    format!(
                        "only the compiled-in starter table answered for {}; `seaworthy db update` gets all advisories",
                        packages(answered)
                    ),
                );
            } else if let Some(detail) = matcher.staleness(target) {
                self.add(CoverageKind::StaleShard, target.key.as_str(), detail);
            }
        }
        self.unnamed(matcher.inventory);
        self.entries.sort();
        self.entries.dedup();
        self.entries
    }

    /// Packages for which not even a shard can be named.
    fn unnamed(&mut self, inventory: &Inventory) {
        let os: u32 = PackageType::ALL
            .into_iter()
            .filter(|kind| kind.is_os())
            .filter_map(|kind| self.without_key.get(kind as usize))
            .sum();
        let total: u32 = self.without_key.iter().sum();
        let generic = total - os;
        if generic > 0 {
            self.add(
                CoverageKind::NoShard,
                "generic",
                format!(
                    "{} without a package manager were identified, and no advisories are kept for such",
                    match generic {
                        1 => "1 binary".to_owned(),
                        n => format!("{n} binaries"),
                    }
                ),
            );
        }
        // Whoever read the inventory has mostly said so already, in better words.
        if os == 0 || inventory.coverage.has_fatal() {
            return;
        }
        match &inventory.distribution {
            None => self.add(
                CoverageKind::UnknownDistribution,
                "no distribution",
                format!(
                    "nothing names the distribution of {}, so they were not assessed; --allow-unknown accepts that",
                    packages(os)
                ),
            ),
            Some(distribution) => self.add(
                CoverageKind::UnknownRelease,
                distribution.distro_qualifier(),
                format!(
                    "no advisories fit this release, so {} were not assessed; --allow-unknown accepts that",
                    packages(os)
                ),
            ),
        }
    }
}

fn count(counts: &mut Counts, kind: PackageType) {
    if let Some(n) = counts.get_mut(kind as usize) {
        *n = n.saturating_add(1);
    }
}

fn packages(n: u32) -> String {
    if n == 1 {
        "1 package".to_owned()
    } else {
        format!("{n} packages")
    }
}
