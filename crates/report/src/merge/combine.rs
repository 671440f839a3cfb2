//! Vulnerabilities of several reports as one list.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use seaworthy_model::{Origin, PackageType, Rating, Severity, State};
use seaworthy_versions::compare;

use super::explain::Explainer;
use super::ids::Ids;
use super::names::{self, Names};
use super::{MergedFinding, ScannerName, Sighting};
use crate::read::{ScanKind, ScannerReport, Vulnerability, scheme_of};

/// How many packages of one vulnerability are compared one by one, so that a hostile report cannot
/// make the merge quadratic.
pub(super) const COMPARED: usize = 256;
/// How many other ids, advisories and sightings one finding lists.
const LISTED: usize = 64;

/// One vulnerability of one report.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) report: usize,
    pub(super) class: usize,
    pub(super) found: Vulnerability,
}

/// What turned out to be one finding.
#[derive(Debug)]
struct Group {
    class: usize,
    members: Vec<usize>,
}

pub(super) fn findings(reports: &[&ScannerReport]) -> Vec<MergedFinding> {
    let mut ids = Ids::default();
    let mut seen: Vec<Seen> = Vec::new();
    let mut order: Vec<usize> = (0..reports.len()).collect();
    // Ours first: it describes packages best. The others in the order of their names, so that the
    // order of the files on the command line changes nothing.
    order.sort_by_key(|at| super::rank(reports[*at]));
    for report in order {
        for found in &reports[report].vulnerabilities {
            // What a scanner lists as not affected it has looked at and dismissed.
            if found.state == State::NotAffected {
                continue;
            }
            for found in expand(found) {
                ids.add(&found);
                seen.push(Seen {
                    report,
                    class: 0,
                    found,
                });
            }
        }
    }
    for ignored in reports.iter().flat_map(|r| &r.ignored) {
        ids.add(&ignored.vulnerability);
    }
    for one in &mut seen {
        one.class = ids.class(&one.found.id);
    }
    let names = Names::of(reports);
    let groups = group(&seen, &names);
    let members = ids.members();
    let explainer = Explainer::new(reports, &seen, &names, &mut ids);
    let mut findings: Vec<MergedFinding> = groups
        .iter()
        .filter_map(|group| {
            let all = members.get(&group.class)?;
            finding(reports, &seen, group, all, &explainer)
        })
        .collect();
    findings.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| b.kev.is_some().cmp(&a.kev.is_some()))
            .then_with(|| a.id.cmp(&b.id))
            .then_with(|| a.package.name.cmp(&b.package.name))
            .then_with(|| a.package.cmp(&b.package))
    });
    findings
}

/// An entry that stands for several CVEs is several vulnerabilities with one advisory.
fn expand(found: &Vulnerability) -> Vec<Vulnerability> {
    let cves: BTreeSet<&String> = found
        .aliases
        .iter()
        .filter(|a| a.starts_with("CVE-"))
        .collect();
    if found.id.starts_with("CVE-") || cves.len() < 2 {
        return vec![found.clone()];
    }
    cves.into_iter()
        .take(COMPARED)
        .map(|cve| {
            let mut one = found.clone();
            one.aliases.retain(|a| !a.starts_with("CVE-"));
            one.aliases.truncate(LISTED);
            one.advisories.truncate(LISTED);
            one.advisories
                .push(std::mem::replace(&mut one.id, cve.clone()));
            // The other names are those of the whole advisory too.
            one.advisories.append(&mut one.aliases);
            one
        })
        .collect()
}

fn group(seen: &[Seen], names: &Names) -> Vec<Group> {
    let mut grouping = Grouping {
        seen,
        names,
        groups: Vec::new(),
        exact: HashMap::new(),
        by_name: HashMap::new(),
        meanings: HashMap::new(),
    };
    let is_vague = |one: &Seen| {
        let package = &one.found.package;
        package.kind == PackageType::Generic
            || package.name.is_empty()
            || names.may_be_source(package)
    };
    let is_bundle = |one: &Seen| crate::read::is_bundle(&one.found.id);
    for (at, one) in seen.iter().enumerate() {
        if !is_vague(one) && !is_bundle(one) {
            grouping.concrete(at);
        }
    }
    for (at, one) in seen.iter().enumerate() {
        if is_vague(one) && !is_bundle(one) {
            grouping.vague(at);
        }
    }
    grouping.bundles(is_bundle);
    grouping.groups
}

struct Grouping<'a> {
    seen: &'a [Seen],
    names: &'a Names,
    groups: Vec<Group>,
    exact: HashMap<(usize, PackageType, String, String), usize>,
    by_name: HashMap<(usize, PackageType, String), Vec<usize>>,
    /// By class and name in any of its meanings: the package, its source, its artifact; and by class
    /// alone under the empty name.
    meanings: HashMap<(usize, String), Vec<usize>>,
}

impl Grouping<'_> {
    /// A sighting that names type, name and mostly version.
    fn concrete(&mut self, at: usize) {
        let one = &self.seen[at];
        let package = &one.found.package;
        let name = names::key(package.kind, &package.name);
        let version = names::version_key(package.kind, &package.version).into_owned();
        let exact = (one.class, package.kind, name, version);
        if let Some(group) = self.exact.get(&exact) {
            self.groups[*group].members.push(at);
            return;
        }
        let named = (exact.0, exact.1, exact.2.clone());
        let same = self
            .by_name
            .get(&named)
            .into_iter()
            .flatten()
            .take(COMPARED)
            .copied()
            .find(|group| {
                self.groups[*group].members.first().is_some_and(|first| {
                    let other = &self.seen[*first].found.package;
                    names::same_version(package.kind, &package.version, &other.version)
                })
            });
        let group = match same {
            Some(group) => {
                self.groups[group].members.push(at);
                group
            }
            None => self.add(at),
        };
        self.exact.insert(exact, group);
        if same.is_none() {
            self.by_name.entry(named).or_default().push(group);
        }
    }

    fn add(&mut self, at: usize) -> usize {
        let class = self.seen[at].class;
        let group = self.groups.len();
        self.groups.push(Group {
            class,
            members: vec![at],
        });
        for name in names::meanings(self.names, &self.seen[at].found.package) {
            self.meanings.entry((class, name)).or_default().push(group);
        }
        group
    }

    /// A sighting that names a source package, or no type: it is about every package that it may
    /// mean.
    fn vague(&mut self, at: usize) {
        let one = &self.seen[at];
        let package = &one.found.package;
        let mut exact = Vec::new();
        let mut fits = Vec::new();
        let mut tried: BTreeSet<usize> = BTreeSet::new();
        for name in names::asked(&package.name) {
            let known = self.meanings.get(&(one.class, name));
            tried.extend(known.into_iter().flatten().take(COMPARED));
        }
        for group in tried {
            let Some(first) = self.groups[group].members.first() else {
                continue;
            };
            let other = &self.seen[*first].found.package;
            if package.kind != PackageType::Generic && package.kind != other.kind {
                continue;
            }
            let same_version = names::same_version(other.kind, &package.version, &other.version);
            let same_name =
                names::key(other.kind, &package.name) == names::key(other.kind, &other.name);
            if same_name && same_version {
                exact.push(group);
            } else if same_version || package.kind.is_os() {
                // A source package's version may be another one than its binaries'.
                fits.push(group);
            }
        }
        // What names an installed package is about that one, not about its siblings.
        if !exact.is_empty() {
            fits = exact;
        }
        if fits.is_empty() {
            self.add(at);
        }
        for group in fits {
            self.groups[group].members.push(at);
        }
    }

    /// An advisory of a distribution is the findings of the package that name it.
    fn bundles(&mut self, is_bundle: impl Fn(&Seen) -> bool) {
        let mut covered: HashMap<(String, PackageType, String), Vec<usize>> = HashMap::new();
        for (number, group) in self.groups.iter().enumerate() {
            for member in &group.members {
                let found = &self.seen[*member].found;
                let kind = found.package.kind;
                for advisory in &found.advisories {
                    let source = self.names.source_of(kind, &found.package.name);
                    let groups = covered.entry((advisory.clone(), kind, source)).or_default();
                    if groups.last() != Some(&number) {
                        groups.push(number);
                    }
                }
            }
        }
        for (at, one) in self.seen.iter().enumerate() {
            if !is_bundle(one) {
                continue;
            }
            let kind = one.found.package.kind;
            let source = self.names.source_of(kind, &one.found.package.name);
            match covered.get(&(one.found.id.clone(), kind, source)) {
                Some(groups) => {
                    for group in groups.iter().take(COMPARED) {
                        self.groups[*group].members.push(at);
                    }
                }
                None => self.concrete(at),
            }
        }
    }
}

fn finding(
    reports: &[&ScannerReport],
    seen: &[Seen],
    group: &Group,
    ids: &[String],
    explainer: &Explainer<'_>,
) -> Option<MergedFinding> {
    let members: Vec<&Seen> = group
        .members
        .iter()
        .filter_map(|at| seen.get(*at))
        .collect();
    let first = &members.first()?.found;
    let ours = members
        .iter()
        .find(|m| reports[m.report].scanner == ScannerName::Seaworthy)
        .map(|m| &m.found);
    let worst = members
        .iter()
        .map(|m| &m.found)
        .max_by_key(|f| f.severity)?;
    let rated = ours
        .filter(|o| o.severity != Severity::Unknown)
        .unwrap_or(worst);
    let mut sightings: Vec<Sighting> = members
        .iter()
        .map(|m| sighting(&reports[m.report].scanner, &m.found))
        .collect();
    sightings.sort_by(|a, b| {
        (&a.scanner, &a.id, &a.package, &a.version)
            .cmp(&(&b.scanner, &b.id, &b.package, &b.version))
    });
    sightings.dedup();
    let scanners = sightings.iter().map(|s| s.scanner.clone());
    let found_by: BTreeSet<ScannerName> = scanners.collect();
    sightings.truncate(LISTED);
    let mut advisories: BTreeSet<String> = BTreeSet::new();
    for member in &members {
        advisories.extend(member.found.advisories.iter().cloned());
        if crate::read::is_bundle(&member.found.id) {
            advisories.insert(member.found.id.clone());
        }
    }
    // Where only advisories speak, the advisory is the id.
    let (id, aliases) = ids.split_first()?;
    advisories.remove(id);
    let mut merged = MergedFinding {
        id: id.clone(),
        aliases: aliases.iter().take(LISTED).cloned().collect(),
        advisories: advisories.into_iter().take(LISTED).collect(),
        package: first.package.clone(),
        state: state(ours, &members),
        severity: rated.severity,
        severity_source: rated.severity_source.clone(),
        ratings: ratings(&members),
        epss: members.iter().find_map(|m| m.found.epss),
        kev: members.iter().find_map(|m| m.found.kev.clone()),
        published: members.iter().filter_map(|m| m.found.published).min(),
        fixed_version: fixed(ours, &members),
        title: members
            .iter()
            .map(|m| m.found.title.clone())
            .find(|t| !t.is_empty())
            .unwrap_or_default(),
        origin: members
            .iter()
            .map(|m| m.found.origin)
            .find(|o| *o != Origin::Unknown)
            .unwrap_or_default(),
        found_by: found_by.into_iter().collect(),
        sightings,
        disagreements: Vec::new(),
    };
    merged.disagreements = explainer.explain(&merged, group.class);
    Some(merged)
}

fn sighting(scanner: &ScannerName, found: &Vulnerability) -> Sighting {
    Sighting {
        scanner: scanner.clone(),
        id: found.id.clone(),
        package: found.package.name.clone(),
        version: found.package.version.clone(),
        state: found.state,
        severity: found.severity,
        severity_source: found.severity_source.clone(),
        fixed_version: found.fixed_version.clone(),
        source: found.source.clone(),
    }
}

/// Ours; else fixed when anybody knows a fix; else what says most.
fn state(ours: Option<&Vulnerability>, members: &[&Seen]) -> State {
    if let Some(ours) = ours.filter(|o| o.state != State::Unknown) {
        return ours.state;
    }
    let rank = |state: State| match state {
        State::Fixed => 0,
        State::WillNotFix => 1,
        State::EndOfLife => 2,
        State::FixDeferred => 3,
        State::Affected => 4,
        State::UnderInvestigation => 5,
        State::NotAffected => 6,
        State::Unknown => 7,
    };
    members
        .iter()
        .map(|m| m.found.state)
        .min_by_key(|s| rank(*s))
        .unwrap_or_default()
}

/// Ours; else the highest one, which satisfies all.
fn fixed(ours: Option<&Vulnerability>, members: &[&Seen]) -> Option<String> {
    if let Some(fixed) = ours.and_then(|o| o.fixed_version.clone()) {
        return Some(fixed);
    }
    let kind = members.first()?.found.package.kind;
    let candidates = members
        .iter()
        .filter_map(|m| m.found.fixed_version.as_ref());
    candidates
        .max_by(|a, b| {
            scheme_of(kind)
                .and_then(|scheme| compare(scheme, a, b).ok())
                .unwrap_or(Ordering::Equal)
        })
        .cloned()
}

/// One rating per source, the one with a vector first.
fn ratings(members: &[&Seen]) -> Vec<Rating> {
    let mut out: BTreeMap<String, Rating> = BTreeMap::new();
    for rating in members.iter().flat_map(|m| &m.found.ratings) {
        match out.get(&rating.source) {
            Some(known) if known.vector.is_some() || rating.vector.is_none() => {}
            _ => {
                out.insert(rating.source.clone(), rating.clone());
            }
        }
    }
    out.into_values().collect()
}

/// Whether a report answers for vulnerabilities.
pub(super) fn is_vulnerability_report(report: &ScannerReport) -> bool {
    report.kinds.contains(&ScanKind::Vulnerability)
}
