//! The rules of matching from end to end: a feed in the upstream's own format, read by its reader,
//! written into a shard, mapped, and asked by an inventory.

mod debian;
mod language;
mod red_hat;
mod rolling;
mod rpm;

use std::fs;

use seaworthy_advisories::{BuildOptions, build};
use seaworthy_matching::{MatchOptions, Matched, match_inventory, shard_keys};
use seaworthy_model::{Distribution, Inventory, Package, PackageType};
use seaworthy_vulndb::Database;

/// A database of these feeds: paths below the folder of feeds, and contents.
fn database(feeds: &[(&str, &str)]) -> Database {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("feeds"), folder.path().join("db"));
    for (name, text) in feeds {
        let path = from.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let summary = build(&from, &to, &BuildOptions::default(), &|_| {}).unwrap();
    assert!(summary.unread.is_empty(), "{:?}", summary.unread);
    let broken: u64 = summary.sources.iter().map(|source| source.broken).sum();
    assert_eq!(broken, 0, "{:?}", summary.sources);
    Database::open_dir(&to).unwrap()
}

/// `NAME VERSION [SOURCE [SOURCE_VERSION]] [%MODULE]`.
fn package(kind: PackageType, text: &str) -> Package {
    let (text, module) = match text.split_once(" %") {
        Some((text, module)) => (text, Some(module.to_owned())),
        None => (text, None),
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut package = Package::new(kind, words[0], words[1], "some/path");
    package.source_name = words.get(2).map(|s| (*s).to_owned());
    package.source_version = words.get(3).map(|s| (*s).to_owned());
    package.module = module;
    package
}

fn inventory(os: &str, kind: PackageType, text: &str) -> Inventory {
    Inventory {
        distribution: os.split_once(' ').map(|(id, version)| Distribution {
            id: id.to_owned(),
            version: version.to_owned(),
            name: os.to_owned(),
        }),
        packages: vec![package(kind, text)],
        ..Inventory::default()
    }
}

fn ask(inventory: &Inventory, database: &Database) -> Matched {
    let options = MatchOptions {
        now_date: Some("2026-06-01".to_owned()),
        ..MatchOptions::default()
    };
    let found = match_inventory(inventory, database, &options);
    // Whatever answered was announced.
    let keys = shard_keys(inventory, true, true);
    assert!(found.shards.iter().all(|shard| keys.contains(&shard.key)));
    found
}

/// `ID[=ALIAS…] STATE FIXED`.
fn lines(found: &Matched) -> Vec<String> {
    let mut lines: Vec<String> = found
        .findings
        .iter()
        .map(|f| {
            let ids: Vec<&str> = std::iter::once(&f.id)
                .chain(&f.aliases)
                .map(String::as_str)
                .collect();
            let fixed = f.fixed_version.as_deref().unwrap_or("-");
            format!("{} {} {fixed}", ids.join("="), f.state)
        })
        .collect();
    lines.sort();
    lines
}

/// What is asked of one feed, and what must come of it.
type Questions<'a> = &'a [(&'a str, PackageType, &'a str, &'a [&'a str])];

fn check(feeds: &[(&str, &str)], questions: Questions<'_>) {
    let database = database(feeds);
    for (os, kind, text, expected) in questions {
        let found = ask(&inventory(os, *kind, text), &database);
        assert_eq!(lines(&found), *expected, "{text} on {os}");
    }
}
