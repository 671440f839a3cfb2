//! Every upstream source: where it is, what it feeds, how much it may be.
//!
//! The addresses are the ones that the publishers name. What is behind a pointer (a mirror list, a
//! repository's `repomd.xml`, the name of the latest archive) is found out in `resolve`.

mod sources;

pub use sources::SOURCES;

/// An upstream source of advisories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Its name, for `--mirror-of` and in what is printed: the one that its rows carry, or for
    /// records of OSV `osv-` and the shard.
    pub name: &'static str,
    /// The families of shards, or the tables, that it feeds: `debian`, `npm`, `epss`.
    pub feeds: &'static [&'static str],
    /// Where its files are.
    pub at: At,
    /// Whether the shards are worth nothing without it; others only add to them.
    pub primary: bool,
    /// Most megabytes of one of its files: a larger one is refused.
    pub most_mb: u64,
    /// The licence of the data.
    pub licence: &'static str,
    /// Whether the licence forbids to pass on what is made of it: fetched only when asked for.
    pub restricted: bool,
}

/// Where the files of a source are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// At fixed addresses.
    Files(&'static [FileAt]),
    /// Alpine's folders of releases, `vX.Y/{main,community}.json`.
    Alpine(&'static str),
    /// A file of each year since the first: `{year}` in address and path.
    Yearly {
        /// The address.
        url: &'static str,
        /// The path below the feeds folder.
        path: &'static str,
        /// The first year.
        first: u32,
    },
    /// Red Hat's archive of CSAF VEX documents, with the changes since.
    RedHatVex(&'static str),
    /// Amazon's repositories: mirror lists, by release.
    Amazon,
    /// Fedora's repositories of updates: a folder a release.
    Fedora(&'static str),
}

/// A file at a fixed address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileAt {
    /// The address.
    pub url: &'static str,
    /// The path below the feeds folder; its first folder decides which reader reads it.
    pub path: &'static str,
    /// The one shard that it is about; empty for all of the source.
    pub key: &'static str,
    /// Whether the source is whole without it.
    pub optional: bool,
}

impl Source {
    /// The name of its records in what a build counts.
    #[must_use]
    pub fn reader(&self) -> &'static str {
        if self.name.starts_with("osv-") {
            "osv"
        } else {
            self.name
        }
    }
}

/// The source of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Source> {
    SOURCES.iter().find(|source| source.name == name)
}

/// Families that come of the same files, and are built together.
const GROUPS: [(&str, &[&str]); 3] = [
    (
        "suse",
        &["sles", "sle-micro", "opensuse-leap", "opensuse-tumbleweed"],
    ),
    ("azurelinux", &["azurelinux", "mariner"]),
    ("nvd", &["generic", "cvss"]),
];

/// What is built together with a family.
#[must_use]
pub fn group_of(family: &str) -> &str {
    GROUPS
        .iter()
        .find(|(_, families)| families.contains(&family))
        .map_or(family, |(group, _)| group)
}

/// The families of a group.
#[must_use]
pub fn families_of(group: &str) -> Vec<&str> {
    GROUPS
        .iter()
        .find(|(name, _)| *name == group)
        .map_or_else(|| vec![group], |(_, families)| families.to_vec())
}

/// Every family and table that has a source, sorted.
#[must_use]
pub fn families() -> Vec<&'static str> {
    let mut all: Vec<&str> = SOURCES
        .iter()
        .flat_map(|source| source.feeds.iter().copied())
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The part of a key before the colon.
#[must_use]
pub fn family(key: &str) -> &str {
    key.split(':').next().unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_catalogue_is_consistent() {
        let names: BTreeSet<&str> = SOURCES.iter().map(|source| source.name).collect();
        assert_eq!(names.len(), SOURCES.len(), "a name twice");
        let mut paths = BTreeSet::new();
        for source in SOURCES {
            assert!(!source.feeds.is_empty(), "{}", source.name);
            if let At::Files(files) = source.at {
                for file in files {
                    assert!(file.url.starts_with("https://"), "{}", file.url);
                    assert!(!file.url.contains(' '), "{}", file.url);
                    assert!(paths.insert(file.path), "{} twice", file.path);
                    assert!(file.path.contains('/') && !file.path.contains(".."));
                }
            }
        }
        // Whatever is restricted feeds nothing that others feed.
        for source in SOURCES.iter().filter(|source| source.restricted) {
            for family in source.feeds {
                assert!(
                    SOURCES
                        .iter()
                        .all(|other| other.restricted || !other.feeds.contains(family))
                );
            }
        }
    }

    #[test]
    fn every_family_has_a_primary_source_and_a_group() {
        for family in families() {
            assert!(
                SOURCES
                    .iter()
                    .any(|source| source.primary && source.feeds.contains(&family)),
                "{family}"
            );
            assert!(families_of(group_of(family)).contains(&family));
        }
        assert_eq!(group_of("opensuse-leap"), "suse");
        assert_eq!(families_of("debian"), ["debian"]);
        assert_eq!((family("debian:12"), family("npm")), ("debian", "npm"));
        assert!(find("debian-tracker").is_some() && find("x").is_none());
    }
}
