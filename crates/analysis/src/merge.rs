use std::collections::{BTreeMap, HashMap};

use rustc_hash::{FxBuildHasher, FxHashSet};
use seaworthy_model::{
    CoverageEntry, LicenseFinding, Misconfiguration, OsRelease, Package, PackageType, Secret,
};

use crate::layer::LayerFacts;
use crate::programs::{Level, Levels};
use crate::{Account, Facts, Programs, ReleaseHint, owned_path_hash, path};

/// Facts of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// Path from the root.
    pub path: String,
    /// What was found in it.
    pub facts: Facts,
}

/// What the whole target holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Merged {
    /// Packages, sorted, each with the layer that brought it.
    pub packages: Vec<Package>,
    /// The operating system's own word.
    pub os_release: Option<OsRelease>,
    /// Release numbers from other files, in the order of their paths.
    pub release_hints: Vec<ReleaseHint>,
    /// Red Hat's content sets that the layers were built from, sorted, each once.
    pub content_sets: Vec<String>,
    /// Users of the system, in the order of their file: of one name twice, the first counts.
    pub accounts: Vec<Account>,
    /// Paths of the programs that an analyser looks for, sorted; none where none does, or no layer
    /// was there to be looked at.
    pub programs: Option<Vec<String>>,
    /// Credentials, those of files that a later layer deletes among them.
    pub secrets: Vec<Secret>,
    /// Unsafe configuration.
    pub misconfigurations: Vec<Misconfiguration>,
    /// Licence texts.
    pub licenses: Vec<LicenseFinding>,
    /// Gaps.
    pub coverage: Vec<CoverageEntry>,
    /// Language packages left out because an OS package owns their files.
    pub os_owned: usize,
}

/// The file system's facts while layers are put on one another.
#[derive(Default)]
pub(crate) struct Merge {
    files: BTreeMap<String, Facts>,
    links: Vec<(String, String)>,
    levels: Vec<Level>,
    /// Secrets of files that are gone: whoever has the image has the layer that holds them.
    buried: Vec<Secret>,
    coverage: Vec<CoverageEntry>,
}

impl Merge {
    /// Puts a layer on top (OCI image specification, layer.md, "Whiteouts").
    pub(crate) fn add(&mut self, index: u32, layer: LayerFacts) {
        for dir in &layer.opaque {
            self.remove_beneath(dir);
        }
        for path in &layer.deleted {
            self.remove(path);
            self.remove_beneath(path);
        }
        let before = self.remove_replaced(&layer);
        for (path, facts) in &before {
            // The same secret in the new file is reported there.
            let still = |secret: &&Secret| {
                layer.files.get(path).is_some_and(|new| {
                    new.secrets
                        .iter()
                        .any(|s| s.fingerprint == secret.fingerprint)
                })
            };
            self.buried
                .extend(facts.secrets.iter().filter(|s| !still(s)).cloned());
        }
        for (path, mut facts) in layer.files {
            attribute(&mut facts.packages, before.get(&path), index);
            place(&mut facts, index);
            self.files.insert(path, facts);
        }
        self.links.extend(layer.links);
        self.levels.push(Level::new(
            layer.programs,
            layer.replaced,
            &layer.deleted,
            &layer.opaque,
        ));
        self.coverage.extend(layer.coverage);
    }

    /// Removes a file; another hard link to it keeps its facts alive.
    fn take(&mut self, path: &str) -> Option<Facts> {
        self.links.retain(|(name, _)| name != path);
        let facts = self.files.remove(path)?;
        if let Some(at) = self.links.iter().position(|(_, target)| target == path) {
            let (name, _) = self.links.swap_remove(at);
            for link in &mut self.links {
                if link.1 == path {
                    link.1.clone_from(&name);
                }
            }
            let mut kept = facts.clone();
            for package in &mut kept.packages {
                if let Some(rest) = package.evidence.path.strip_prefix(path) {
                    package.evidence.path = format!("{name}{rest}");
                }
            }
            self.files.insert(name, kept);
        }
        Some(facts)
    }

    fn remove_beneath(&mut self, dir: &str) {
        let paths: Vec<String> = if dir.is_empty() {
            self.files.keys().cloned().collect()
        } else {
            let from = format!("{dir}/");
            self.files
                .range(from.clone()..)
                .take_while(|(path, _)| path.starts_with(&from))
                .map(|(path, _)| path.clone())
                .collect()
        };
        for path in paths {
            self.remove(&path);
        }
    }

    /// Removes a file, but not the memory of its secrets.
    fn remove(&mut self, path: &str) {
        if let Some(facts) = self.take(path) {
            self.buried.extend(facts.secrets);
        }
    }

    /// Removes lower files that the layer's files, or files in place of their directories, replace.
    fn remove_replaced(&mut self, layer: &LayerFacts) -> HashMap<String, Facts, FxBuildHasher> {
        let replaced = |path: &str| layer.replaced.binary_search(&path::hash(path)).is_ok();
        let gone: Vec<String> = self
            .files
            .keys()
            .filter(|path| {
                replaced(path) || path.match_indices('/').any(|(at, _)| replaced(&path[..at]))
            })
            .cloned()
            .collect();
        gone.into_iter()
            .filter_map(|path| self.take(&path).map(|facts| (path, facts)))
            .collect()
    }

    pub(crate) fn finish(self, keep_os_owned: bool) -> Merged {
        let (programs, gaps) = Levels::programs(&self.levels);
        let mut merged = Merged {
            coverage: self.coverage,
            programs,
            ..Merged::default()
        };
        merged.coverage.extend(gaps);
        let mut owned: FxHashSet<u64> = FxHashSet::default();
        owned.reserve(self.files.values().map(|f| f.owned.len()).sum());
        for facts in self.files.values() {
            owned.extend(&facts.owned);
        }
        for (_, facts) in self.files {
            if merged.os_release.is_none() {
                merged.os_release = facts.os_release;
            }
            merged.release_hints.extend(facts.release_hints);
            merged.content_sets.extend(facts.content_sets);
            merged.accounts.extend(facts.accounts);
            merged.coverage.extend(facts.coverage);
            merged.secrets.extend(facts.secrets);
            merged.misconfigurations.extend(facts.misconfigurations);
            merged.licenses.extend(facts.licenses);
            for package in facts.packages {
                if !keep_os_owned && !package.kind.is_os() && is_owned(&package, &owned) {
                    merged.os_owned += 1;
                } else {
                    merged.packages.push(package);
                }
            }
        }
        merged.content_sets.sort();
        merged.content_sets.dedup();
        merged.packages.sort();
        merged.packages.dedup();
        merged
            .secrets
            .extend(self.buried.into_iter().map(|secret| Secret {
                deleted_later: true,
                ..secret
            }));
        merged.secrets.sort();
        merged.secrets.dedup();
        merged.misconfigurations.sort();
        merged.licenses.sort();
        merged
    }
}

/// Names the layer of everything that has a location.
fn place(facts: &mut Facts, index: u32) {
    let locations = (facts.secrets.iter_mut().map(|s| &mut s.location))
        .chain(facts.misconfigurations.iter_mut().map(|m| &mut m.location))
        .chain(facts.licenses.iter_mut().map(|l| &mut l.location));
    for location in locations {
        location.layer = Some(index);
    }
}

fn is_owned(package: &Package, owned: &FxHashSet<u64>) -> bool {
    let path = package.evidence.path.as_str();
    let file = path.split_once("!/").map_or(path, |(file, _)| file);
    owned.contains(&owned_path_hash(file))
}

/// Names the layer that brought each package: the lowest of the run of layers whose file at this
/// path holds the same package. A package database is rewritten whole by each layer that installs
/// something.
fn attribute(packages: &mut [Package], before: Option<&Facts>, index: u32) {
    type Key<'a> = (PackageType, &'a str, &'a str, Option<&'a str>, &'a str);
    fn key(package: &Package) -> Key<'_> {
        (
            package.kind,
            &package.name,
            &package.version,
            package.arch.as_deref(),
            &package.evidence.path,
        )
    }
    let known: HashMap<Key<'_>, Option<u32>, FxBuildHasher> = before
        .into_iter()
        .flat_map(|facts| &facts.packages)
        .map(|package| (key(package), package.evidence.layer))
        .collect();
    for package in packages {
        let layer = known.get(&key(package)).copied().flatten();
        package.evidence.layer = Some(layer.unwrap_or(index));
    }
}

/// Merges the files of a directory, which has no layers.
#[must_use]
pub fn merge_tree(
    files: Vec<FileFacts>,
    mut programs: Programs,
    coverage: Vec<CoverageEntry>,
    keep_os_owned: bool,
) -> Merged {
    programs.seal();
    let mut merge = Merge {
        coverage,
        levels: vec![Level::new(programs, Vec::new(), &[], &[])],
        ..Merge::default()
    };
    for file in files {
        merge.files.insert(file.path, file.facts);
    }
    merge.finish(keep_os_owned)
}
