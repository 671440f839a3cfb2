//! Findings of two reports side by side.

use rustc_hash::{FxHashMap, FxHashSet};
use seaworthy_model::{Finding, Package, PackageType, Report, State};

use super::causes::Causes;
use super::packages::Versions;
use super::{Cause, Change, Diff};
use crate::Waivers;
use crate::identity::is_bundle;

/// A vulnerability of a package, however many copies of the package there are.
pub(super) struct Group<'a> {
    /// The worst of its findings.
    pub(super) finding: &'a Finding,
    pub(super) package: &'a Package,
    /// The versions that it was found in, sorted.
    pub(super) versions: Vec<&'a str>,
    /// Every one of its findings with the copy of the package.
    copies: Vec<(&'a Finding, &'a Package)>,
}

impl Group<'_> {
    /// The waiver of it; none when a copy is not waived.
    fn waived<'w>(&self, waivers: &'w Waivers) -> Option<&'w crate::Waiver> {
        let mut all = self
            .copies
            .iter()
            .map(|(finding, package)| waivers.covers(finding, package));
        let first = all.next()??;
        all.all(|waiver| waiver.is_some()).then_some(first)
    }
}

type Key<'a> = (PackageType, &'a str, &'a str);

fn key<'a>(group: &Group<'a>, id: &'a str) -> Key<'a> {
    (group.package.kind, &group.package.name, id)
}

fn groups(report: &Report) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut index: FxHashMap<Key<'_>, usize> = FxHashMap::default();
    for finding in super::active(report) {
        let Some(package) = report.inventory.packages.get(finding.package) else {
            continue;
        };
        let at = *index
            .entry((package.kind, &package.name, &finding.id))
            .or_insert(groups.len());
        match groups.get_mut(at) {
            None => groups.push(Group {
                finding,
                package,
                versions: vec![&package.version],
                copies: vec![(finding, package)],
            }),
            Some(group) => {
                group.copies.push((finding, package));
                group.versions.push(&package.version);
                if finding.severity > group.finding.severity {
                    (group.finding, group.package) = (finding, package);
                }
            }
        }
    }
    for group in &mut groups {
        group.versions.sort_unstable();
        group.versions.dedup();
    }
    groups
}

/// Which group of the old report is which of the new one.
fn pairs(old: &[Group<'_>], new: &[Group<'_>], causes: &Causes<'_>) -> Vec<Option<usize>> {
    let mut primary: FxHashMap<Key<'_>, usize> = FxHashMap::default();
    let mut aliases: FxHashMap<Key<'_>, usize> = FxHashMap::default();
    let mut sources: FxHashMap<Key<'_>, usize> = FxHashMap::default();
    for (at, group) in old.iter().enumerate() {
        primary.insert(key(group, &group.finding.id), at);
        for alias in plain_aliases(group.finding) {
            aliases.entry(key(group, alias)).or_insert(at);
        }
        let package = group.package;
        if package.kind.is_os() && !causes.is_in_new(package) {
            sources
                .entry((package.kind, package.source_name(), &group.finding.id))
                .or_insert(at);
        }
    }
    let mut taken: FxHashSet<usize> = FxHashSet::default();
    let mut paired: Vec<Option<usize>> = new
        .iter()
        .map(|group| {
            let at = primary.get(&key(group, &group.finding.id)).copied();
            at.filter(|&at| taken.insert(at))
        })
        .collect();
    for (group, slot) in new.iter().zip(&mut paired) {
        if slot.is_none() {
            *slot = by_alias(group, old, &primary, &aliases).filter(|&at| taken.insert(at));
        }
    }
    for (group, slot) in new.iter().zip(&mut paired) {
        let package = group.package;
        if slot.is_none() && package.kind.is_os() && !causes.is_in_old(package) {
            *slot = sources
                .get(&(package.kind, package.source_name(), &group.finding.id))
                .copied()
                .filter(|&at| taken.insert(at));
        }
    }
    paired
}

fn plain_aliases(finding: &Finding) -> impl Iterator<Item = &str> {
    finding
        .aliases
        .iter()
        .map(String::as_str)
        .filter(|alias| !is_bundle(alias))
}

fn by_alias(
    group: &Group<'_>,
    old: &[Group<'_>],
    primary: &FxHashMap<Key<'_>, usize>,
    aliases: &FxHashMap<Key<'_>, usize>,
) -> Option<usize> {
    if let Some(&at) = aliases.get(&key(group, &group.finding.id)) {
        return Some(at);
    }
    if let Some(&at) = plain_aliases(group.finding).find_map(|a| primary.get(&key(group, a))) {
        return Some(at);
    }
    // Two CVEs that only share an alias are two vulnerabilities that one advisory treats.
    let is_cve = |id: &str| id.starts_with("CVE-");
    plain_aliases(group.finding)
        .filter_map(|a| aliases.get(&key(group, a)).copied())
        .find(|&at| {
            let other = old.get(at).map_or("", |o| o.finding.id.as_str());
            !(is_cve(&group.finding.id) && is_cve(other))
        })
}

fn change(group: &Group<'_>, cause: Cause) -> Change {
    let finding = group.finding;
    Change {
        id: finding.id.clone(),
        aliases: finding.aliases.clone(),
        kind: group.package.kind,
        package: group.package.name.clone(),
        severity: finding.severity,
        old_severity: None,
        origin: finding.origin,
        exploited: finding.kev.is_some(),
        fixed_version: finding
            .fixed_version
            .clone()
            .filter(|_| finding.state == State::Fixed),
        fix_command: finding.fix_command.clone(),
        cause,
    }
}

/// Fills the lists of vulnerabilities of a difference.
pub(super) fn compare(
    (old, old_versions): (&Report, &Versions<'_>),
    (new, new_versions): (&Report, &Versions<'_>),
    waivers: &Waivers,
    diff: &mut Diff,
) {
    let base = diff.base_image.clone();
    let causes = Causes::new((old, old_versions), (new, new_versions), base);
    let (before, after) = (groups(old), groups(new));
    let paired = pairs(&before, &after, &causes);
    let mut seen = vec![false; before.len()];
    for (group, pair) in after.iter().zip(&paired) {
        let previous = pair.and_then(|at| before.get(at));
        if let Some(slot) = pair.and_then(|at| seen.get_mut(at)) {
            *slot = true;
        }
        let cause = match previous {
            Some(previous) => causes.remaining(previous, group),
            None => causes.introduced(group),
        };
        let mut entry = change(group, cause);
        entry.old_severity = previous
            .map(|p| p.finding.severity)
            .filter(|&severity| severity != entry.severity);
        if let Some(waiver) = group.waived(waivers) {
            entry.cause = Cause::Waived {
                reason: waiver.reason.clone(),
            };
            diff.waived.push(entry);
        } else if previous.is_some() {
            diff.remaining.push(entry);
        } else {
            diff.introduced.push(entry);
        }
    }
    for (group, seen) in before.iter().zip(seen) {
        if seen {
            continue;
        }
        let still_there = causes.is_in_new(group.package);
        let waiver = group.waived(waivers);
        if let Some(waiver) = waiver.filter(|_| still_there) {
            let cause = Cause::Waived {
                reason: waiver.reason.clone(),
            };
            diff.waived.push(change(group, cause));
            continue;
        }
        match causes.fixed(group) {
            cause @ Cause::NotAssessed { .. } => diff.not_assessed.push(change(group, cause)),
            cause => diff.fixed.push(change(group, cause)),
        }
    }
    for list in [
        &mut diff.fixed,
        &mut diff.introduced,
        &mut diff.remaining,
        &mut diff.waived,
        &mut diff.not_assessed,
    ] {
        list.sort_by(|a, b| {
            (b.exploited, b.severity, &a.id, &a.package, a.kind).cmp(&(
                a.exploited,
                a.severity,
                &b.id,
                &b.package,
                b.kind,
            ))
        });
    }
}
