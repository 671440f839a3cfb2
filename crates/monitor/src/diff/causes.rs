//! Why a finding came, went or stayed.

use rustc_hash::FxHashMap;
use seaworthy_model::{
    CoverageEntry, CoverageKind, Finding, Origin, Package, PackageType, Report, State,
};

use super::findings::Group;
use super::packages::{Versions, direction};
use super::{Cause, Direction};
use crate::standing::{lists_packages, shard_key};

pub(super) struct Causes<'a> {
    old: &'a Report,
    new: &'a Report,
    before: &'a Versions<'a>,
    after: &'a Versions<'a>,
    /// Gaps that only one of the reports has.
    new_gaps: Vec<&'a CoverageEntry>,
    old_gaps: Vec<&'a CoverageEntry>,
    /// What the new report says is not affected, by package and id.
    cleared: FxHashMap<(PackageType, &'a str, &'a str), &'a Finding>,
    base: Option<(String, String)>,
    /// Whether each of the reports lists every package.
    old_is_whole: bool,
    new_is_whole: bool,
}

fn gaps_only_in<'a>(report: &'a Report, other: &Report) -> Vec<&'a CoverageEntry> {
    let elsewhere: std::collections::BTreeSet<_> = other
        .inventory
        .coverage
        .entries
        .iter()
        .map(|entry| (entry.kind, entry.subject.as_str()))
        .collect();
    report
        .inventory
        .coverage
        .entries
        .iter()
        .filter(|e| e.kind.is_fatal() || !elsewhere.contains(&(e.kind, e.subject.as_str())))
        .collect()
}

impl<'a> Causes<'a> {
    pub(super) fn new(
        (old, before): (&'a Report, &'a Versions<'a>),
        (new, after): (&'a Report, &'a Versions<'a>),
        base: Option<(String, String)>,
    ) -> Self {
        let cleared = new
            .findings
            .iter()
            .filter(|finding| finding.state == State::NotAffected)
            .filter_map(|finding| {
                let package = new.inventory.packages.get(finding.package)?;
                let key = (package.kind, package.name.as_str(), finding.id.as_str());
                Some((key, finding))
            })
            .collect();
        Self {
            old,
            new,
            before,
            after,
            new_gaps: gaps_only_in(new, old),
            old_gaps: gaps_only_in(old, new),
            cleared,
            base,
            old_is_whole: lists_packages(old),
            new_is_whole: lists_packages(new),
        }
    }

    pub(super) fn is_in_new(&self, package: &Package) -> bool {
        self.after
            .contains_key(&(package.kind, package.name.as_str()))
    }

    pub(super) fn is_in_old(&self, package: &Package) -> bool {
        self.before
            .contains_key(&(package.kind, package.name.as_str()))
    }

    /// The base image explains it, when it is another one and the package belongs to it.
    fn rebased(&self, finding: &Finding, package: String) -> Option<Cause> {
        let (from, to) = self.base.as_ref()?;
        (finding.origin == Origin::Base).then(|| Cause::BaseImageChanged {
            from: from.clone(),
            to: to.clone(),
            package,
        })
    }

    pub(super) fn fixed(&self, group: &Group<'_>) -> Cause {
        let package = group.package;
        let after = self
            .after
            .get(&(package.kind, package.name.as_str()))
            .map_or(&[][..], Vec::as_slice);
        if let Some(gap) = gap(&self.new_gaps, package, self.new, after.is_empty()) {
            return Cause::NotAssessed { gap };
        }
        let before = group.versions.join(", ");
        if after.is_empty() && !self.new_is_whole {
            return Cause::NotListed { version: before };
        }
        if after.is_empty() {
            return self
                .rebased(group.finding, "removed".to_owned())
                .unwrap_or(Cause::PackageRemoved { version: before });
        }
        if group.versions.iter().any(|v| after.contains(v)) {
            return self.cleared(group);
        }
        let to = after.join(", ");
        self.rebased(group.finding, format!("{before} to {to}"))
            .unwrap_or_else(|| changed(package.kind, &group.versions, after))
    }

    /// The same version is there and the finding is not.
    fn cleared(&self, group: &Group<'_>) -> Cause {
        let package = group.package;
        let mut ids = std::iter::once(&group.finding.id).chain(&group.finding.aliases);
        if ids.any(|id| {
            self.cleared
                .contains_key(&(package.kind, package.name.as_str(), id.as_str()))
        }) {
            return Cause::AdvisoryChanged {
                what: format!("{} to not_affected", group.finding.state.name()),
            };
        }
        if self.new.hidden > 0 {
            return Cause::NoLongerReported {
                hidden: self.new.hidden,
            };
        }
        if self.same_database() {
            return Cause::NoLongerReported { hidden: 0 };
        }
        Cause::AdvisoryChanged {
            what: format!(
                "{} is no longer affected or withdrawn",
                group.versions.join(", ")
            ),
        }
    }

    pub(super) fn introduced(&self, group: &Group<'_>) -> Cause {
        let package = group.package;
        let before = self
            .before
            .get(&(package.kind, package.name.as_str()))
            .map_or(&[][..], Vec::as_slice);
        if let Some(gap) = gap(&self.old_gaps, package, self.old, before.is_empty()) {
            return Cause::NewlyAssessed { gap };
        }
        let now = group.versions.join(", ");
        if before.is_empty() && !self.old_is_whole {
            return Cause::NotListedBefore { version: now };
        }
        if before.is_empty() {
            return self
                .rebased(group.finding, "added".to_owned())
                .unwrap_or(Cause::PackageAdded { version: now });
        }
        if group.versions.iter().any(|v| before.contains(v)) {
            return if self.same_database() {
                Cause::NewlyReported {
                    hidden: self.old.hidden,
                }
            } else {
                Cause::NewAdvisory {
                    from: self.old.database.date.clone(),
                    to: self.new.database.date.clone(),
                }
            };
        }
        self.rebased(group.finding, format!("{} to {now}", before.join(", ")))
            .unwrap_or_else(|| changed(package.kind, before, &group.versions))
    }

    pub(super) fn remaining(&self, old: &Group<'_>, new: &Group<'_>) -> Cause {
        if old.package.name != new.package.name {
            return Cause::PackageRenamed {
                from: old.package.name.clone(),
                to: new.package.name.clone(),
            };
        }
        if old.versions != new.versions {
            return Cause::StillAffected {
                from: old.versions.join(", "),
                to: new.versions.join(", "),
            };
        }
        let mut what = Vec::new();
        if old.finding.id != new.finding.id {
            what.push(format!("{} is now {}", old.finding.id, new.finding.id));
        }
        let (before, after) = (old.finding.severity, new.finding.severity);
        if before != after {
            what.push(format!("severity {before} to {after}"));
        }
        if old.finding.state != new.finding.state {
            what.push(format!(
                "{} to {}",
                old.finding.state.name(),
                new.finding.state.name()
            ));
        }
        if old.finding.kev.is_none() && new.finding.kev.is_some() {
            what.push("known to be exploited".to_owned());
        }
        match (&old.finding.fixed_version, &new.finding.fixed_version) {
            (None, Some(version)) => what.push(format!("fixed in {version}")),
            (Some(a), Some(b)) if a != b => what.push(format!("fixed in {b} instead of {a}")),
            _ => {}
        }
        if what.is_empty() {
            Cause::Unchanged
        } else {
            Cause::AdvisoryChanged {
                what: what.join(", "),
            }
        }
    }

    /// Whether the same shards answered both times.
    fn same_database(&self) -> bool {
        let (old, new) = (&self.old.database, &self.new.database);
        !old.date.is_empty() && old.date == new.date && old.shards == new.shards
    }
}

fn changed(kind: PackageType, from: &[&str], to: &[&str]) -> Cause {
    let direction = match (from, to) {
        ([from], [to]) => direction(kind, from, to),
        _ => Direction::Changed,
    };
    Cause::PackageChanged {
        direction,
        from: from.join(", "),
        to: to.join(", "),
    }
}

/// A gap of `report` that may hide a package of the other one.
fn gap(
    gaps: &[&CoverageEntry],
    package: &Package,
    report: &Report,
    package_is_gone: bool,
) -> Option<String> {
    let is_of_shard = |key: &str| shard_key(package, report).as_deref() == Some(key);
    let hides = |entry: &CoverageEntry| match entry.kind {
        CoverageKind::UnknownDistribution
        | CoverageKind::UnknownRelease
        | CoverageKind::UnreadableDatabase
        | CoverageKind::ScannerFailed => true,
        CoverageKind::NoShard | CoverageKind::StarterOnly => {
            !package_is_gone && is_of_shard(&entry.subject)
        }
        // `debian:11/php-horde`, or a release as a whole.
        CoverageKind::SupportEnded => {
            !package_is_gone
                && match entry.subject.split_once('/') {
                    Some((_, source)) => source == package.source_name(),
                    None => is_of_shard(&entry.subject),
                }
        }
        CoverageKind::SkippedLayer => package_is_gone,
        CoverageKind::SkippedFile => package_is_gone && holds(&entry.subject, package),
        CoverageKind::UncomparableVersion | CoverageKind::ThirdPartyPackage => {
            let name = entry.subject.split(' ').next().unwrap_or_default();
            name == package.name
        }
        CoverageKind::ScannerMissing => entry.subject == "vuln",
        CoverageKind::StaleShard => false,
    };
    let entry = gaps.iter().find(|entry| hides(entry))?;
    Some(format!("{}: {}", entry.kind.name(), entry.subject))
}

/// Whether the package was read from that file, or from inside it.
fn holds(file: &str, package: &Package) -> bool {
    let path = package.evidence.path.as_str();
    path.strip_prefix(file)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("!/"))
}
