//! Which ids name the same vulnerability.

use std::collections::HashMap;

use crate::read::Vulnerability;

/// A union-find over ids. Two CVEs are never one vulnerability, whatever the reports say: an alias
/// that would join them is ignored.
#[derive(Debug, Default)]
pub(super) struct Ids {
    index: HashMap<String, usize>,
    names: Vec<String>,
    parent: Vec<usize>,
    /// The CVE of a root's class.
    cve: Vec<Option<usize>>,
}

impl Ids {
    pub(super) fn add(&mut self, vulnerability: &Vulnerability) {
        let first = self.insert(&vulnerability.id);
        for alias in &vulnerability.aliases {
            let alias = self.insert(alias);
            self.union(first, alias);
        }
    }

    fn insert(&mut self, id: &str) -> usize {
        let id = canonical(id);
        if let Some(at) = self.index.get(&id) {
            return *at;
        }
        let at = self.names.len();
        self.parent.push(at);
        self.cve.push(id.starts_with("CVE-").then_some(at));
        self.index.insert(id.clone(), at);
        self.names.push(id);
        at
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.parent[at] != at {
            // Halving the path keeps it near linear.
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    fn union(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return;
        }
        match (self.cve[a], self.cve[b]) {
            (Some(x), Some(y)) if x != y => {}
            (x, y) => {
                self.parent[b] = a;
                self.cve[a] = x.or(y);
            }
        }
    }

    /// The class of an id.
    pub(super) fn class(&mut self, id: &str) -> usize {
        let at = self.insert(id);
        self.root(at)
    }

    /// All ids of each class, sorted; the first is the one that names the class.
    pub(super) fn members(&mut self) -> HashMap<usize, Vec<String>> {
        let mut out: HashMap<usize, Vec<String>> = HashMap::new();
        for at in 0..self.names.len() {
            let root = self.root(at);
            out.entry(root).or_default().push(self.names[at].clone());
        }
        for ids in out.values_mut() {
            ids.sort_by(|a, b| (rank(a), a).cmp(&(rank(b), b)));
        }
        out
    }
}

/// CVE first, then GHSA, then what databases of ecosystems give, then scanners' own ids.
fn rank(id: &str) -> u8 {
    match id.split(['-', ':']).next() {
        Some("CVE") => 0,
        Some("GHSA") => 1,
        Some("SNYK" | "npm" | "TEMP") => 3,
        _ => 2,
    }
}

/// Ids are compared without case: `cve-2024-1`, `GHSA-ABCD-…`.
pub(super) fn canonical(id: &str) -> String {
    let id = id.trim();
    let upper = id.to_ascii_uppercase();
    if upper.starts_with("CVE-") {
        return upper;
    }
    match upper.strip_prefix("GHSA-") {
        Some(rest) => format!("GHSA-{}", rest.to_ascii_lowercase()),
        None => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use seaworthy_model::{Package, PackageType};

    use super::*;

    fn vulnerability(id: &str, aliases: &[&str]) -> Vulnerability {
        let package = Package::new(PackageType::Npm, "x", "1", "");
        Vulnerability {
            aliases: aliases.iter().map(|a| (*a).to_owned()).collect(),
            ..Vulnerability::new(id, package)
        }
    }

    #[test]
    fn aliases_join_and_two_cves_never_do() {
        let mut ids = Ids::default();
        for v in [
            vulnerability("GHSA-aaaa-bbbb-cccc", &["CVE-2024-1111"]),
            vulnerability("PYSEC-2024-1", &["ghsa-AAAA-bbbb-cccc"]),
            vulnerability("SNYK-X-1", &["CVE-2024-1111", "CVE-2024-2222"]),
            vulnerability("cve-2024-2222", &[]),
        ] {
            ids.add(&v);
        }
        let class = ids.class("CVE-2024-1111");
        for same in ["PYSEC-2024-1", "GHSA-aaaa-bbbb-cccc", "SNYK-X-1"] {
            assert_eq!(ids.class(same), class, "{same}");
        }
        assert_ne!(ids.class("CVE-2024-2222"), class);
        assert_eq!(
            ids.members()[&class],
            [
                "CVE-2024-1111",
                "GHSA-aaaa-bbbb-cccc",
                "PYSEC-2024-1",
                "SNYK-X-1"
            ]
        );
    }
}
