//! Whether a database is whole, which one it is, and how two differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use seaworthy_oci::Digest;
use seaworthy_vulndb::{Advisory, Database, KevTable, Shard};
use serde::Serialize;

use crate::directory::{entries, is_shard, read_manifest};
use crate::{Directory, Error, Manifest, entry_of, is_table};

/// What a look at every byte of a database found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Verified {
    /// The digest of the list of shards; none for a directory without one.
    pub digest: Option<String>,
    /// Shards that are what they should be.
    pub whole: Vec<String>,
    /// Shards of the list that are not here: they were not fetched.
    pub absent: Vec<String>,
    /// What is damaged or does not belong here, and why, by key or file.
    pub damaged: BTreeMap<String, String>,
}

/// Reads every byte of a database and compares all checksums: that in each file, and those of the
/// list.
///
/// # Errors
/// When the directory cannot be read, or its list is damaged.
pub fn verify(directory: &Directory) -> Result<Verified, Error> {
    let folder = directory.folder()?;
    let list = read_manifest(&folder)?;
    let mut verified = Verified {
        digest: list
            .as_ref()
            .map(|(_, bytes)| Digest::of(bytes).to_string()),
        ..Verified::default()
    };
    let mut listed: BTreeMap<String, &crate::ShardEntry> = list
        .iter()
        .flat_map(|(manifest, _)| &manifest.shards)
        .map(|entry| (entry.file(), entry))
        .collect();
    for name in entries(&folder)?.iter().filter(|name| is_shard(name)) {
        let expected = listed.remove(name);
        match check(&folder.join(name), expected) {
            Ok(key) if expected.is_none() && list.is_some() => {
                verified
                    .damaged
                    .insert(key, "it is not in the list of shards".to_owned());
            }
            Ok(key) => verified.whole.push(key),
            Err(why) => {
                let key = expected.map_or_else(|| name.clone(), |entry| entry.key.clone());
                verified.damaged.insert(key, why);
            }
        }
    }
    verified
        .absent
        .extend(listed.into_values().map(|entry| entry.key.clone()));
    verified.absent.sort();
    verified.whole.sort();
    Ok(verified)
}

fn check(path: &Path, expected: Option<&crate::ShardEntry>) -> Result<String, String> {
    let found = entry_of(path).map_err(|e| e.to_string())?;
    let whole = if is_table(&found.key) {
        KevTable::open(path).is_ok_and(|table| table.verify())
    } else {
        Shard::open(path).is_ok_and(|shard| shard.verify())
    };
    if !whole {
        return Err("its content does not have the checksum of its head".to_owned());
    }
    if let Some(entry) = expected {
        if entry.digest != found.digest {
            return Err(format!(
                "it has digest {}, and the list of shards says {}",
                found.digest, entry.digest
            ));
        }
        if entry.key != found.key {
            return Err(format!("it says that it is {}", found.key));
        }
    }
    Ok(found.key)
}

/// Makes sure that a directory holds the database of a digest, and every shard that is here is
/// the one of its list.
///
/// # Errors
/// [`Error::Pin`] when it is another database, [`Error::Wrong`] when a shard is damaged.
pub fn pin(directory: &Directory, digest: &str) -> Result<(), Error> {
    let expected: Digest = digest
        .parse()
        .map_err(|e| Error::Usage(format!("--db-digest: {e}")))?;
    let verified = if directory.path().exists() {
        verify(directory)?
    } else {
        Verified::default()
    };
    if verified.digest.as_deref() != Some(expected.as_str()) {
        return Err(Error::Pin {
            path: directory.path().to_owned(),
            expected: expected.to_string(),
            found: verified
                .digest
                .unwrap_or_else(|| "none (there is no list of shards)".to_owned()),
        });
    }
    match verified.damaged.first_key_value() {
        Some((key, why)) => Err(Error::wrong(
            format!("{} in {}", key, directory.path().display()),
            why.clone(),
        )),
        None => Ok(()),
    }
}

/// How two databases differ.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Difference {
    /// Digests and sizes are equal for these.
    pub same: Vec<String>,
    /// The shards that differ, by key.
    pub shards: Vec<ShardDifference>,
}

/// How a shard or table differs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ShardDifference {
    /// Its key.
    pub key: String,
    /// Whether it is in the old database.
    pub in_old: bool,
    /// Whether it is in the new one.
    pub in_new: bool,
    /// Vulnerabilities of packages that the new one says more: `PACKAGE ID`.
    pub added: Vec<String>,
    /// Those that it does not say any more.
    pub removed: Vec<String>,
    /// Those about which it says something else.
    pub changed: Vec<String>,
}

/// Compares the databases of two directories.
///
/// # Errors
/// When one of them cannot be read.
pub fn compare(old: &Path, new: &Path) -> Result<Difference, Error> {
    let open = |path: &Path| -> Result<(Manifest, Database), Error> {
        let manifest = Directory::at(path)
            .manifest()?
            .ok_or_else(|| Error::Usage(format!("there is no database in {}", path.display())))?;
        let database = Database::open_dir(path)
            .map_err(|e| Error::wrong(path.display().to_string(), e.to_string()))?;
        Ok((manifest, database))
    };
    let (old_list, old) = open(old)?;
    let (new_list, new) = open(new)?;
    let (before, after) = (old_list.digests(), new_list.digests());
    let keys: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let mut difference = Difference::default();
    for key in keys {
        if before.get(key) == after.get(key) {
            difference.same.push(key.to_owned());
            continue;
        }
        let (a, b) = (rows(&old, key), rows(&new, key));
        let mut shard = ShardDifference {
            key: key.to_owned(),
            in_old: before.contains_key(key),
            in_new: after.contains_key(key),
            ..ShardDifference::default()
        };
        for (subject, said) in &a {
            match b.get(subject) {
                None => shard.removed.push(subject.clone()),
                Some(now) if now != said => shard.changed.push(subject.clone()),
                Some(_) => {}
            }
        }
        shard
            .added
            .extend(b.keys().filter(|s| !a.contains_key(*s)).cloned());
        difference.shards.push(shard);
    }
    Ok(difference)
}

/// All that a shard says, by package and vulnerability. Tables say nothing of packages.
fn rows(database: &Database, key: &str) -> BTreeMap<String, Vec<Advisory>> {
    let mut rows: BTreeMap<String, Vec<Advisory>> = BTreeMap::new();
    let Some(shard) = database.shard(key).filter(|_| !is_table(key)) else {
        return rows;
    };
    for package in shard.packages() {
        for row in shard.lookup(package) {
            rows.entry(format!("{package} {}", row.id()))
                .or_default()
                .push(row.to_advisory());
        }
    }
    rows
}
