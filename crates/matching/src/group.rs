use rustc_hash::FxHashMap;
use seaworthy_vulndb::Row;

use crate::judge::Hit;

/// The rows that hold one installed version for one vulnerability.
#[derive(Debug)]
pub(crate) struct Group<'d> {
    /// All ids of the vulnerability, sorted, without repetition.
    pub(crate) ids: Vec<&'d str>,
    /// Index of the primary id in `ids`.
    primary: &'d str,
    pub(crate) hits: Vec<Hit<'d>>,
    /// The source of a row that says "not affected".
    pub(crate) not_affected: Option<Row<'d>>,
    /// A row that names a fixed version which is already installed.
    pub(crate) fixed_by: Option<Row<'d>>,
}

impl<'d> Group<'d> {
    fn new(primary: &'d str) -> Self {
        Self {
            ids: vec![primary],
            primary,
            hits: Vec::new(),
            not_affected: None,
            fixed_by: None,
        }
    }

    pub(crate) fn primary(&self) -> &'d str {
        self.primary
    }

    /// All ids but the primary one.
    pub(crate) fn aliases(&self) -> Vec<String> {
        self.ids
            .iter()
            .filter(|id| **id != self.primary)
            .map(|id| (*id).to_owned())
            .collect()
    }

    fn settle(&mut self) {
        self.ids.sort_unstable();
        self.ids.dedup();
        if !is_cve(self.primary)
            && let Some(best) = self.ids.iter().min_by_key(|id| (id_rank(id), **id))
        {
            self.primary = best;
        }
    }
}

pub(crate) fn is_cve(id: &str) -> bool {
    id.starts_with("CVE-")
}

/// Which id people know a vulnerability by, first.
fn id_rank(id: &str) -> u8 {
    match id.split('-').next() {
        Some("CVE") => 0,
        Some("GHSA") => 1,
        Some("GO" | "PYSEC" | "RUSTSEC") => 2,
        _ => 3,
    }
}

pub(crate) fn ids_of(row: Row<'_>) -> impl Iterator<Item = &str> {
    std::iter::once(row.id()).chain(row.aliases())
}

/// Puts together what is said about the same vulnerability under different ids.
///
/// Rows of one CVE are one group, whatever other ids they share: one GHSA may fix two CVEs. Rows
/// without a CVE of their own join every group that shares an id with them, else one another.
pub(crate) fn group<'d>(hits: Vec<Hit<'d>>) -> Vec<Group<'d>> {
    let mut groups: Vec<Group<'d>> = Vec::new();
    let mut by_primary: FxHashMap<&'d str, usize> = FxHashMap::default();
    let (cves, others): (Vec<Hit<'_>>, Vec<Hit<'_>>) =
        hits.into_iter().partition(|hit| is_cve(hit.row.id()));
    for hit in cves {
        let at = *by_primary.entry(hit.row.id()).or_insert_with(|| {
            groups.push(Group::new(hit.row.id()));
            groups.len() - 1
        });
        add(&mut groups, at, hit);
    }
    if !others.is_empty() {
        join_others(&mut groups, others);
    }
    for group in &mut groups {
        group.settle();
    }
    groups
}

fn add<'d>(groups: &mut [Group<'d>], at: usize, hit: Hit<'d>) {
    if let Some(group) = groups.get_mut(at) {
        group.ids.extend(ids_of(hit.row));
        group.hits.push(hit);
    }
}

fn join_others<'d>(groups: &mut Vec<Group<'d>>, others: Vec<Hit<'d>>) {
    let by_id = Index::new(groups).by_id;
    let mut left = Vec::new();
    for hit in others {
        let mut joined: Vec<usize> = ids_of(hit.row)
            .filter_map(|id| by_id.get(id))
            .flatten()
            .copied()
            .collect();
        joined.sort_unstable();
        joined.dedup();
        // A record that names a CVE joins the CVE's own group only, not one that shares a GHSA.
        let named: Vec<usize> = joined
            .iter()
            .copied()
            .filter(|at| {
                groups
                    .get(*at)
                    .is_some_and(|group| ids_of(hit.row).any(|id| id == group.primary))
            })
            .collect();
        let joined = if named.is_empty() { joined } else { named };
        if joined.is_empty() {
            left.push(hit);
        }
        let several = joined.len() > 1;
        for at in joined {
            if several {
                // The other CVEs of the record are other vulnerabilities.
                if let Some(group) = groups.get_mut(at) {
                    group.ids.extend(ids_of(hit.row).filter(|id| !is_cve(id)));
                    group.hits.push(hit);
                }
            } else {
                add(groups, at, hit);
            }
        }
    }
    connect(groups, left);
}

/// Groups rows that are connected through shared ids.
fn connect<'d>(groups: &mut Vec<Group<'d>>, hits: Vec<Hit<'d>>) {
    let first = groups.len();
    for hit in hits {
        let shares = |group: &Group<'_>| ids_of(hit.row).any(|id| group.ids.contains(&id));
        let mut matching: Vec<usize> = (first..groups.len())
            .filter(|at| groups.get(*at).is_some_and(shares))
            .collect();
        let target = if matching.is_empty() {
            groups.push(Group::new(hit.row.id()));
            groups.len() - 1
        } else {
            matching.remove(0)
        };
        add(groups, target, hit);
        for at in matching.into_iter().rev() {
            let merged = groups.remove(at);
            if let Some(group) = groups.get_mut(target) {
                group.ids.extend(merged.ids);
                group.hits.extend(merged.hits);
            }
        }
    }
}

/// Lets the rows that are no hits speak about the groups: a "not affected", a fixed version that
/// is already installed, the CVE of a vulnerability that so far goes by another id.
pub(crate) struct Index<'d> {
    by_id: FxHashMap<&'d str, Vec<usize>>,
}

impl<'d> Index<'d> {
    pub(crate) fn new(groups: &[Group<'d>]) -> Self {
        let mut by_id: FxHashMap<&'d str, Vec<usize>> = FxHashMap::default();
        for (at, group) in groups.iter().enumerate() {
            for id in &group.ids {
                by_id.entry(id).or_default().push(at);
            }
        }
        Self { by_id }
    }

    /// The groups that a row is about.
    pub(crate) fn groups_of(
        &self,
        row: Row<'d>,
        groups: &[Group<'d>],
    ) -> impl Iterator<Item = usize> + use<'d> {
        let mut found: Vec<usize> = Vec::new();
        if is_cve(row.id()) {
            let own = |at: &usize| {
                groups
                    .get(*at)
                    .is_some_and(|g| g.primary == row.id() || !is_cve(g.primary))
            };
            for id in ids_of(row) {
                found.extend(
                    self.by_id
                        .get(id)
                        .into_iter()
                        .flatten()
                        .filter(|at| own(at)),
                );
            }
        } else {
            for id in ids_of(row) {
                found.extend(self.by_id.get(id).into_iter().flatten());
            }
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter()
    }
}

/// Adds the ids of a row that is about the same vulnerability.
pub(crate) fn adopt_ids<'d>(group: &mut Group<'d>, row: Row<'d>) {
    if is_cve(group.primary) {
        return;
    }
    group.ids.extend(ids_of(row));
    group.settle();
}
