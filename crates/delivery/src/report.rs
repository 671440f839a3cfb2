use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{Manifest, ShardEntry};

/// What an update did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct UpdateReport {
    /// The sources that were asked; empty when a published database was.
    pub sources: Vec<SourceReport>,
    /// The shards that are other ones than before, by key.
    pub shards: Vec<ShardChange>,
    /// Bytes that came over the network.
    pub received: u64,
    /// Whether another generation is in use now.
    pub changed: bool,
    /// The digest of the database; none when there is none.
    pub digest: Option<String>,
    /// The number of the generation in use.
    pub generation: u64,
    /// Shards that were asked for by name and of which no source has anything.
    pub empty: Vec<String>,
}

impl UpdateReport {
    /// Whether everything that was asked for is as upstream has it.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.sources.iter().all(|source| {
            matches!(
                source.status,
                SourceStatus::Updated | SourceStatus::Unchanged
            )
        })
    }
}

/// What became of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceReport {
    /// Its name.
    pub name: String,
    /// What became of it.
    #[serde(flatten)]
    pub status: SourceStatus,
    /// Bytes that came over the network for it.
    pub received: u64,
    /// Records of it.
    pub records: u64,
    /// Its newest date; may be empty.
    pub date: String,
}

/// What became of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "why", rename_all = "lowercase")]
pub enum SourceStatus {
    /// It had changed, and its shards were built.
    Updated,
    /// It had not changed.
    Unchanged,
    /// It was not reached, or has not what it should: its shards stay as they were.
    Failed(String),
    /// What came of it was refused: its shards stay as they were.
    Refused(String),
    /// It had changed, but its shards wait for this other source, which failed.
    Kept(String),
}

/// A shard that is another one than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShardChange {
    /// Its key.
    pub key: String,
    /// Rows before; none when it is new.
    pub before: Option<u64>,
    /// Rows now; none when it is gone.
    pub after: Option<u64>,
    /// Size in bytes now.
    pub size: u64,
    /// Its date.
    pub date: String,
}

/// The shards that differ between two lists. Those in `absent` were not there, whatever the list
/// says.
pub(crate) fn changes(
    before: Option<&Manifest>,
    after: Option<&Manifest>,
    absent: &BTreeSet<String>,
) -> Vec<ShardChange> {
    fn by_key(manifest: Option<&Manifest>) -> BTreeMap<&str, &ShardEntry> {
        let shards = manifest.map(|m| m.shards.as_slice()).unwrap_or_default();
        shards.iter().map(|e| (e.key.as_str(), e)).collect()
    }
    let (old, new) = (by_key(before), by_key(after));
    let keys: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    keys.into_iter()
        .filter_map(|key| {
            let old = old.get(key).filter(|_| !absent.contains(key));
            let new = new.get(key);
            let same = old.map(|e| &e.digest) == new.map(|e| &e.digest);
            (!same).then(|| ShardChange {
                key: key.to_owned(),
                before: old.map(|entry| entry.rows),
                after: new.map(|entry| entry.rows),
                size: new.map_or(0, |entry| entry.size),
                date: new.map_or_else(String::new, |entry| entry.date.clone()),
            })
        })
        .collect()
}
