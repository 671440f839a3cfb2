use std::collections::BTreeSet;

use seaworthy_model::{Inventory, PackageType};

/// The tables that every finding is looked up in.
const RATINGS: [&str; 4] = ["cvss", "epss", "kev", "published"];
/// The table of ends of support.
const LIVES: &str = "eol";
/// The table of Red Hat's repositories.
const REPOSITORIES: &str = "redhat-repositories";

/// The shard that answers for packages of one kind in this inventory; none when no advisories can
/// be named for them. The one place that decides it.
pub(crate) fn key_of(kind: PackageType, inventory: &Inventory) -> Option<String> {
    match kind.ecosystem() {
        Some(ecosystem) => Some(ecosystem.shard_key().to_owned()),
        None if kind == PackageType::Generic => Some("generic".to_owned()),
        None => inventory.distribution.as_ref()?.shard_key(),
    }
}

/// The keys of the shards, and of the tables beside them (`cvss`, `epss`, `kev`, `published`, `eol`,
/// `redhat-repositories`), that a match of this inventory asks: what has to be there, and all that
/// has to be fetched, for a whole answer. `os` and `language` as in [`crate::MatchOptions`].
#[must_use]
pub fn shard_keys(inventory: &Inventory, os: bool, language: bool) -> BTreeSet<String> {
    let kinds: BTreeSet<PackageType> = inventory
        .packages
        .iter()
        .map(|package| package.kind)
        .filter(|kind| if kind.is_os() { os } else { language })
        .collect();
    let mut keys: BTreeSet<String> = kinds
        .into_iter()
        .filter_map(|kind| key_of(kind, inventory))
        .collect();
    if !keys.is_empty() {
        keys.extend(RATINGS.map(str::to_owned));
    }
    if let Some(release) = inventory.distribution.as_ref().and_then(|d| d.shard_key()) {
        keys.insert(LIVES.to_owned());
        if os && release.starts_with("rhel:") {
            keys.insert(REPOSITORIES.to_owned());
        }
    }
    keys
}
