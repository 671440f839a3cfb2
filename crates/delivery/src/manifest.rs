use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use seaworthy_oci::Digest;
use seaworthy_vulndb::{KevTable, Shard, ShardMeta, file_name};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Error;

/// The file in a folder of shards that lists them.
pub const MANIFEST_FILE: &str = "database.json";
/// Most bytes of a manifest; one of a thousand shards has less than 1 MB.
pub(crate) const MAX_MANIFEST: u64 = 4 << 20;
/// Most shards of a database.
pub(crate) const MAX_SHARDS: usize = 1000;
/// Most bytes of a shard; the largest real one has about 2 MB.
pub const MAX_SHARD: u64 = 1 << 30;

const SCHEMA: u32 = 1;

/// What a database is made of: the content of `database.json`, and the configuration of the
/// artifact that it is published as. Its digest pins every byte of the database.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Manifest {
    /// 1.
    pub schema: u32,
    /// Counts up with every change of a shard; the newer of two has the greater number.
    pub generation: u64,
    /// When this generation was made, `YYYY-MM-DDTHH:MM:SSZ`.
    pub created: String,
    /// The version of the shard format ([`seaworthy_vulndb::VERSION`]).
    pub format: u32,
    /// The shards and tables, by key.
    pub shards: Vec<ShardEntry>,
}

/// One shard or table of a [`Manifest`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ShardEntry {
    /// `debian:12`, `npm`, `epss`.
    pub key: String,
    /// `sha256:…` of the file.
    pub digest: String,
    /// Size in bytes.
    pub size: u64,
    /// Rows; 0 for tables.
    #[serde(default)]
    pub rows: u64,
    /// The newest date of its sources, `YYYY-MM-DD`; empty when none tells one.
    #[serde(default)]
    pub date: String,
    /// When it was last found to be what upstream says, `YYYY-MM-DD`; empty when nobody noted it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub checked: String,
    /// The feeds in it.
    #[serde(default)]
    pub sources: Vec<SourceEntry>,
}

/// One feed of a [`ShardEntry`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SourceEntry {
    /// `debian-tracker`.
    pub name: String,
    /// `YYYY-MM-DD`; may be empty.
    #[serde(default)]
    pub date: String,
    /// Rows of it.
    #[serde(default)]
    pub records: u64,
}

impl ShardEntry {
    /// The name of its file.
    #[must_use]
    pub fn file(&self) -> String {
        file_name(&self.key)
    }
}

impl Manifest {
    /// Reads one; nothing in it is trusted to be a path.
    ///
    /// # Errors
    /// When it is no manifest, of another schema, or beyond the limits; `place` names it.
    pub fn parse(bytes: &[u8], place: &str) -> Result<Self, Error> {
        let wrong = |why: String| Error::wrong(place, why);
        if bytes.len() as u64 > MAX_MANIFEST {
            return Err(wrong(format!(
                "the list of shards is larger than {MAX_MANIFEST} bytes"
            )));
        }
        let manifest: Self = serde_json::from_slice(bytes)
            .map_err(|e| wrong(format!("this is no list of shards: {e}")))?;
        if manifest.schema != SCHEMA {
            return Err(wrong(format!(
                "the list of shards has schema {}, this program reads {SCHEMA}",
                manifest.schema
            )));
        }
        if manifest.format != seaworthy_vulndb::VERSION {
            return Err(wrong(format!(
                "the shards have format {}, this program reads {}",
                manifest.format,
                seaworthy_vulndb::VERSION
            )));
        }
        if manifest.shards.len() > MAX_SHARDS {
            return Err(wrong(format!(
                "it lists {} shards, more than {MAX_SHARDS}",
                manifest.shards.len()
            )));
        }
        let mut files = std::collections::BTreeSet::new();
        for entry in &manifest.shards {
            if entry.key.is_empty() || entry.key.len() > 100 || !files.insert(entry.file()) {
                return Err(wrong(format!(
                    "it lists `{}` twice, or not at all",
                    entry.key
                )));
            }
            if entry.size > MAX_SHARD {
                return Err(wrong(format!("{} has {} bytes", entry.key, entry.size)));
            }
            entry
                .digest
                .parse::<Digest>()
                .map_err(|e| wrong(format!("{}: {e}", entry.key)))?;
        }
        Ok(manifest)
    }

    /// Its bytes: equal for equal content.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Values of this type are always JSON.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The digest that pins the database.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    /// The entry of a key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&ShardEntry> {
        self.shards.iter().find(|entry| entry.key == key)
    }

    /// Digests by key.
    #[must_use]
    pub fn digests(&self) -> BTreeMap<&str, &str> {
        self.shards
            .iter()
            .map(|entry| (entry.key.as_str(), entry.digest.as_str()))
            .collect()
    }

    /// `generation 3 of 2026-11-20T00:00:00Z`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("generation {} of {}", self.generation, self.created)
    }

    /// Whether two have the same shards, whenever they were made and checked.
    #[must_use]
    pub fn same_shards(&self, other: &Self) -> bool {
        self.format == other.format && self.digests() == other.digests()
    }
}

/// What a shard's or table's file is.
///
/// # Errors
/// When it cannot be read or is no whole shard.
pub fn entry_of(path: &Path) -> Result<ShardEntry, Error> {
    let wrong =
        |e: seaworthy_vulndb::Error| Error::wrong(path.display().to_string(), e.to_string());
    // Every table begins as a shard does.
    let meta: ShardMeta = KevTable::open(path).map_err(wrong)?.meta().clone();
    let rows = if meta.scheme.is_empty() || is_table(&meta.key) {
        0
    } else {
        Shard::open(path).map_err(wrong)?.rows() as u64
    };
    let (digest, size) = hash(File::open(path).map_err(Error::disk("read", path))?)
        .map_err(Error::disk("read", path))?;
    Ok(ShardEntry {
        digest,
        size,
        rows,
        date: meta.date().to_owned(),
        checked: String::new(),
        sources: meta
            .sources
            .into_iter()
            .map(|source| SourceEntry {
                name: source.name,
                date: source.date,
                records: source.records,
            })
            .collect(),
        key: meta.key,
    })
}

/// The side tables, which have no packages.
pub const TABLES: [&str; 6] = [
    "cvss",
    "eol",
    "epss",
    "kev",
    PUBLISHED,
    "redhat-repositories",
];

/// The table of days of publication, to which every source adds.
pub const PUBLISHED: &str = "published";

/// Whether a key is one of the side tables'.
#[must_use]
pub fn is_table(key: &str) -> bool {
    TABLES.contains(&key)
}

/// Digest and length of a stream.
pub(crate) fn hash(mut stream: impl Read) -> io::Result<(String, u64)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 17];
    let mut size = 0;
    loop {
        let n = stream.read(&mut buffer)?;
        if n == 0 {
            return Ok((format!("sha256:{}", hex::encode(hasher.finalize())), size));
        }
        hasher.update(buffer.get(..n).unwrap_or_default());
        size += n as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            schema: 1,
            generation: 3,
            created: "2026-11-25T16:00:00Z".to_owned(),
            format: seaworthy_vulndb::VERSION,
            shards: vec![ShardEntry {
                key: "debian:12".to_owned(),
                digest: Digest::of(b"x").to_string(),
                size: 1,
                rows: 5,
                ..ShardEntry::default()
            }],
        }
    }

    #[test]
    fn a_manifest_comes_back_and_its_digest_follows_every_change() {
        let manifest = manifest();
        let bytes = manifest.to_bytes();
        assert_eq!(Manifest::parse(&bytes, "x").unwrap(), manifest);
        assert_eq!(manifest.digest(), Digest::of(&bytes));
        let mut other = manifest.clone();
        other.shards[0].checked = "2026-11-25".to_owned();
        assert_ne!(other.digest(), manifest.digest());
        assert!(other.same_shards(&manifest));
        other.shards[0].digest = Digest::of(b"y").to_string();
        assert!(!other.same_shards(&manifest));
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        let change = |act: &dyn Fn(&mut Manifest)| {
            let mut manifest = manifest();
            act(&mut manifest);
            manifest.to_bytes()
        };
        let same_file = |m: &mut Manifest| {
            let mut twin = m.shards[0].clone();
            twin.key = "debian/12".to_owned();
            m.shards.push(twin);
        };
        for (bytes, words) in [
            (b"{".to_vec(), "no list"),
            (change(&|m| m.schema = 2), "schema 2"),
            (change(&|m| m.format = 99), "format 99"),
            (change(&same_file), "twice"),
            (change(&|m| m.shards[0].key.clear()), "not at all"),
            (change(&|m| m.shards[0].size = MAX_SHARD + 1), "bytes"),
            (
                change(&|m| m.shards[0].digest = "sha256:../..".to_owned()),
                "digest",
            ),
            (
                change(&|m| m.shards = vec![ShardEntry::default(); MAX_SHARDS + 1]),
                "more than",
            ),
            (vec![b' '; 5 << 20], "larger than"),
        ] {
            let error = Manifest::parse(&bytes, "here").unwrap_err().to_string();
            assert!(
                error.starts_with("here: ") && error.contains(words),
                "{error}"
            );
        }
    }
}
