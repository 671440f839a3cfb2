use seaworthy_source::NoProgress;

use super::*;
use crate::testing::{FakeNetwork, NOW, PATIENCE, database};
use crate::{PublishOptions, publish};

fn keys(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

fn options<'a>(
    network: &'a FakeNetwork,
    origin: Option<Origin>,
    now: &'a str,
) -> EnsureOptions<'a> {
    EnsureOptions {
        network,
        origin,
        keys: &[],
        feeds: None,
        offline: false,
        refresh_hours: 24,
        now,
        threads: 2,
        patience: PATIENCE,
        who: "test",
        program: "test",
    }
}

fn published(network: &FakeNetwork, folder: &std::path::Path) {
    let shards = [("npm", 5, "one"), ("go", 5, "one"), ("debian:12", 5, "one")];
    let source = database(folder, &shards, NOW);
    let options = PublishOptions {
        key: None,
        legacy_signature: false,
        now: NOW,
        threads: 1,
    };
    publish(
        &source,
        &network.store,
        "latest",
        "x",
        &options,
        &NoProgress,
    )
    .unwrap();
}

#[test]
fn nobody_is_asked_unless_somebody_said_whom() {
    let network = FakeNetwork::default();
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::at(&folder.path().join("db"));
    let wanted = keys(&["npm"]);
    let ensured = ensure(
        &wanted,
        &directory,
        &options(&network, None, NOW),
        &NoProgress,
    )
    .unwrap();
    assert!(ensured.fetched.is_empty() && ensured.origin.is_none());
    assert!(ensured.gaps["npm"].contains("db update"), "{ensured:?}");
    assert!(!directory.path().exists());
    let offline = EnsureOptions {
        offline: true,
        ..options(&network, Some(Origin::parse("upstream").unwrap()), NOW)
    };
    let ensured = ensure(&wanted, &directory, &offline, &NoProgress).unwrap();
    assert!(ensured.gaps["npm"].contains("--offline"), "{ensured:?}");
    assert!(network.take_asked().is_empty());
}

#[test]
fn what_is_missing_is_fetched_once_and_again_when_it_is_old() {
    let network = FakeNetwork::default();
    let folder = tempfile::tempdir().unwrap();
    published(&network, &folder.path().join("source"));
    let directory = Directory::at(&folder.path().join("db"));
    let origin = || Some(Origin::parse("oci://registry.example.com/db").unwrap());
    let wanted = keys(&["npm", "alpine:3.18"]);
    let first = ensure(
        &wanted,
        &directory,
        &options(&network, origin(), NOW),
        &NoProgress,
    )
    .unwrap();
    assert_eq!(first.fetched, ["npm"]);
    assert!(
        first.gaps["alpine:3.18"].contains("nothing about it"),
        "{first:?}"
    );
    // The origin is known now.
    // A table that it does not have is no reason to ask again and again.
    let npm = keys(&["npm", PUBLISHED]);
    let reads = || std::mem::take(&mut *network.store.state.reads.lock().unwrap()).len();
    reads();
    let second = ensure(&npm, &directory, &options(&network, None, NOW), &NoProgress).unwrap();
    assert_eq!((second, reads()), (Ensured::default(), 0));
    let more = keys(&["npm", "go"]);
    let third = ensure(
        &more,
        &directory,
        &options(&network, None, NOW),
        &NoProgress,
    )
    .unwrap();
    assert_eq!(third.fetched, ["go"]);
    reads();
    let later = "2026-11-27T16:00:01Z";
    let fourth = ensure(
        &npm,
        &directory,
        &options(&network, None, later),
        &NoProgress,
    )
    .unwrap();
    assert!(
        fourth.fetched.is_empty() && fourth.gaps.is_empty() && reads() == 0,
        "{fourth:?}"
    );
}

#[test]
fn a_network_that_is_down_is_a_gap_and_a_forgery_is_an_error() {
    let network = FakeNetwork::default();
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::at(&folder.path().join("db"));
    let wanted = keys(&["npm"]);
    let origin = || Some(Origin::parse("https://example.com/db").unwrap());
    network.fail("https://");
    let ensured = ensure(
        &wanted,
        &directory,
        &options(&network, origin(), NOW),
        &NoProgress,
    )
    .unwrap();
    assert!(
        ensured.gaps["npm"].contains("connection refused"),
        "{ensured:?}"
    );
    network.heal();
    network.put("https://example.com/db/database.json", "{\"schema\":9}");
    assert!(
        ensure(
            &wanted,
            &directory,
            &options(&network, origin(), NOW),
            &NoProgress
        )
        .is_err()
    );
}

#[test]
fn times_are_compared() {
    for (then, now, stale) in [
        ("2026-11-25T16:00:00Z", "2026-11-26T15:59:59Z", false),
        ("2026-11-25T16:00:00Z", "2026-11-26T16:00:01Z", true),
        ("2024-02-28T23:00:00Z", "2024-02-29T22:00:00Z", false),
        ("", NOW, true),
        ("2026-13-25T16:00:00Z", NOW, true),
    ] {
        assert_eq!(is_stale(then, now, 24), stale, "{then} {now}");
    }
}
