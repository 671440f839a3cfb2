//! Which shards a match asks.

use super::*;

fn mixed(os: (&str, &str), kinds: &[PackageType]) -> Inventory {
    let packages = kinds.iter().map(|kind| package(*kind, "x 1-1")).collect();
    inventory(os, packages)
}

#[test]
fn only_what_the_packages_need_is_asked_for() {
    use PackageType::{Apk, Deb, Generic, Go, Npm, Rpm};
    for (os, kinds, options, expected) in [
        (
            ("alpine", "3.18.4"),
            &[Apk, Npm][..],
            (true, true),
            "alpine:3.18 cvss eol epss kev npm published",
        ),
        (
            ("alpine", "3.18.4"),
            &[Apk, Npm],
            (true, false),
            "alpine:3.18 cvss eol epss kev published",
        ),
        (
            ("alpine", "3.18.4"),
            &[Apk, Npm],
            (false, true),
            "cvss eol epss kev npm published",
        ),
        (
            ("rhel", "8.6"),
            &[Rpm, Go, Generic],
            (true, true),
            "cvss eol epss generic go kev published redhat-repositories rhel:8",
        ),
        (("plan9", "4"), &[Deb], (true, true), ""),
        (("debian", "12"), &[], (true, true), "eol"),
    ] {
        let keys = shard_keys(&mixed(os, kinds), options.0, options.1);
        let keys: Vec<String> = keys.into_iter().collect();
        assert_eq!(keys.join(" "), expected, "{os:?} {options:?}");
    }
}

#[test]
fn a_match_asks_the_shards_that_it_names() {
    let all = mixed(("debian", "12"), &PackageType::ALL);
    let keys = shard_keys(&all, true, true);
    let shards = keys.iter().map(|key| {
        let scheme = if key == "debian:12" { "deb" } else { "" };
        shard(key, scheme, &["x CVE-2024-1 test affected"])
    });
    let answers = matched(&all, &Database::from_shards(shards.collect()));
    for shard in &answers.shards {
        assert!(keys.contains(&shard.key), "{}", shard.key);
    }
    // All but the formats of other distributions, and the tables, which are no shards.
    assert_eq!(
        answers.shards.len(),
        keys.len() - "cvss eol epss kev published".split(' ').count()
    );
}
