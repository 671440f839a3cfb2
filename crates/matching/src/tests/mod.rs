//! Hand-made shards, and one test per rule.

mod answers;
mod keys;
mod rules;
mod streams;

use seaworthy_model::{
    CoverageKind, Distribution, Evidence, ImageFacts, Layer, Origin, Package, PackageType, Severity,
};
use seaworthy_vulndb::{Advisory, End, Interval, Shard, ShardBuilder, SourceInfo};

use super::*;

/// `PACKAGE ID[=ALIAS…] SOURCE STATE RANGE…`, where a range is `INTRODUCED..FIXED`,
/// `INTRODUCED..=LAST`, `INTRODUCED..` or a listed version; `@ADVISORY`, `!SEVERITY`, `%MODULE`.
fn row(text: &str) -> Advisory {
    let mut words = text.split_whitespace();
    let mut advisory = Advisory {
        package: words.next().unwrap().to_owned(),
        ..Advisory::default()
    };
    let mut ids = words.next().unwrap().split('=').map(str::to_owned);
    advisory.id = ids.next().unwrap();
    advisory.aliases = ids.collect();
    advisory.source = words.next().unwrap().to_owned();
    advisory.state = words.next().unwrap().parse().unwrap();
    for word in words {
        if let Some(id) = word.strip_prefix('@') {
            advisory.advisory = Some(id.to_owned());
        } else if let Some(severity) = word.strip_prefix('!') {
            advisory.severity = Some(severity.parse().unwrap());
        } else if let Some(module) = word.strip_prefix('%') {
            advisory.module = Some(module.to_owned());
        } else if word.starts_with("CVSS:") {
            advisory.vector = Some(word.to_owned());
        } else if let Some((introduced, end)) = word.split_once("..") {
            advisory.intervals.push(Interval {
                introduced: introduced.to_owned(),
                end: match end.strip_prefix('=') {
                    Some(last) => End::LastAffected(last.to_owned()),
                    None if end.is_empty() => End::Open,
                    None => End::Fixed(end.to_owned()),
                },
            });
        } else {
            advisory.versions.push(word.to_owned());
        }
    }
    advisory
}

fn shard_of(key: &str, scheme: &str, date: &str, rows: &[&str]) -> Shard {
    let mut builder = ShardBuilder::new(key, scheme).source(SourceInfo {
        name: "test".to_owned(),
        date: date.to_owned(),
        records: rows.len() as u64,
    });
    for text in rows {
        builder.push(row(text));
    }
    Shard::from_bytes(builder.build()).unwrap()
}

fn shard(key: &str, scheme: &str, rows: &[&str]) -> Shard {
    shard_of(key, scheme, "2026-01-01", rows)
}

fn debian(rows: &[&str]) -> Database {
    Database::from_shards(vec![shard("debian:12", "deb", rows)])
}

fn distribution(id: &str, version: &str) -> Option<Distribution> {
    Some(Distribution {
        id: id.to_owned(),
        version: version.to_owned(),
        name: format!("{id} {version}"),
    })
}

fn inventory(os: (&str, &str), packages: Vec<Package>) -> Inventory {
    Inventory {
        distribution: distribution(os.0, os.1),
        packages,
        ..Inventory::default()
    }
}

/// `NAME VERSION [SOURCE [SOURCE_VERSION]]`.
fn package(kind: PackageType, text: &str) -> Package {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut package = Package::new(kind, words[0], words[1], "some/path");
    package.source_name = words.get(2).map(|s| (*s).to_owned());
    package.source_version = words.get(3).map(|s| (*s).to_owned());
    package
}

fn deb(text: &str) -> Inventory {
    inventory(("debian", "12.5"), vec![package(PackageType::Deb, text)])
}

fn matched(inventory: &Inventory, database: &Database) -> Matched {
    match_inventory(inventory, database, &MatchOptions::default())
}

/// `ID[=ALIAS…] STATE FIXED RANGE`.
fn lines(matched: &Matched) -> Vec<String> {
    matched
        .findings
        .iter()
        .map(|f| {
            let ids: Vec<&str> = std::iter::once(&f.id)
                .chain(&f.aliases)
                .map(String::as_str)
                .collect();
            format!(
                "{} {} {} [{}]",
                ids.join("="),
                f.state,
                f.fixed_version.as_deref().unwrap_or("-"),
                f.reason.range
            )
        })
        .collect()
}

fn check(what: &str, inventory: &Inventory, database: &Database, expected: &[&str]) {
    assert_eq!(lines(&matched(inventory, database)), expected, "{what}");
}

fn npm(text: &str) -> Inventory {
    Inventory {
        packages: vec![package(PackageType::Npm, text)],
        ..Inventory::default()
    }
}

fn rpm(os: (&str, &str), text: &str, module: Option<&str>) -> Inventory {
    let mut package = package(PackageType::Rpm, text);
    package.module = module.map(str::to_owned);
    inventory(os, vec![package])
}

fn kinds(matched: &Matched) -> Vec<(CoverageKind, &str)> {
    matched
        .coverage
        .iter()
        .map(|entry| (entry.kind, entry.subject.as_str()))
        .collect()
}
