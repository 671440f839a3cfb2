use seaworthy_model::{Package, PackageType};
use seaworthy_source::NoProgress;

use super::*;
use crate::testing::FakeNetwork;

const BASE: &str = "https://osv.example.com";

fn inventory(packages: &[(PackageType, &str, &str)]) -> Inventory {
    Inventory {
        packages: packages
            .iter()
            .map(|(kind, name, version)| Package::new(*kind, *name, *version, "x"))
            .collect(),
        ..Inventory::default()
    }
}

fn record(id: &str, ecosystem: &str, name: &str) -> String {
    format!(
        r#"{{"id":"{id}","published":"2025-02-03T00:00:00Z","modified":"2026-11-01T00:00:00Z","affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"{name}"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}},{{"fixed":"2.0.0"}}]}}]}}]}}"#
    )
}

fn ask(network: &FakeNetwork, inventory: &Inventory) -> Online {
    ask_osv(inventory, network, BASE, "2026-11-25", 2, &NoProgress)
}

fn answers(network: &FakeNetwork, answers: &[&str]) {
    *network.answers.lock().unwrap() = answers.iter().map(|a| a.as_bytes().to_vec()).collect();
}

#[test]
fn packages_are_asked_about_in_one_go_and_pages_are_turned() {
    let network = FakeNetwork::default();
    answers(
        &network,
        &[
            r#"{"results":[{"vulns":[{"id":"GHSA-1","modified":"x"}]},{},{"vulns":[{"id":"GHSA-2"}],"next_page_token":"more"}]}"#,
            r#"{"results":[{"vulns":[{"id":"GHSA-3"}]}]}"#,
        ],
    );
    for (id, ecosystem, name) in [
        ("GHSA-1", "npm", "lodash"),
        ("GHSA-2", "Go", "example.com/x"),
        ("GHSA-3", "Go", "example.com/x"),
    ] {
        network.put(
            &format!("{BASE}/v1/vulns/{id}"),
            record(id, ecosystem, name),
        );
    }
    let inventory = inventory(&[
        (PackageType::Npm, "lodash", "1.0.0"),
        (PackageType::Npm, "lodash", "1.0.0"),
        (PackageType::PyPi, "Flask_Thing", "1.0"),
        (PackageType::Go, "example.com/x", "v1.2.3"),
        (PackageType::Deb, "zlib", "1"),
    ]);
    let online = ask(&network, &inventory);
    assert!(online.gaps.is_empty(), "{online:?}");
    assert_eq!(
        (online.packages, online.records, online.requests),
        (3, 3, 5)
    );
    let day = { online.published.as_ref() }.and_then(|days| days.get("GHSA-1"));
    assert_eq!(
        day.map(|day| day.to_string()).as_deref(),
        Some("2025-02-03")
    );
    let posted = network.posted.lock().unwrap();
    assert_eq!(posted.len(), 2);
    assert!(
        posted[0]
            .contains(r#"{"package":{"ecosystem":"Go","name":"example.com/x"},"version":"1.2.3"}"#)
            || posted[0].contains("1.2.3"),
        "{}",
        posted[0]
    );
    assert!(posted[0].contains("flask-thing") && !posted[0].contains("zlib"));
    assert!(
        posted[1].contains("\"page_token\":\"more\""),
        "{}",
        posted[1]
    );
    let rows: Vec<(&str, usize)> = online
        .shards
        .iter()
        .map(|shard| (shard.meta().key.as_str(), shard.rows()))
        .collect();
    let total: usize = rows.iter().map(|(_, rows)| rows).sum();
    assert_eq!(total, 3, "{rows:?}");
    assert!(
        rows.contains(&("pypi", 0)),
        "asked, and nothing known: {rows:?}"
    );
}

#[test]
fn what_fails_is_a_gap_of_its_ecosystem() {
    let network = FakeNetwork::default();
    let inventory = inventory(&[
        (PackageType::Npm, "lodash", "1.0.0"),
        (PackageType::PyPi, "flask", "1.0"),
    ]);
    network.fail(BASE);
    let online = ask(&network, &inventory);
    assert_eq!(online.gaps.len(), 2, "{online:?}");
    assert!(online.shards.is_empty() && online.gaps["npm"].contains("connection refused"));
    network.heal();
    // One record is missing, one is broken, an id is a path.
    answers(
        &network,
        &[
            r#"{"results":[{"vulns":[{"id":"GHSA-1"},{"id":"../../etc"}]},{"vulns":[{"id":"PYSEC-1"}]}]}"#,
        ],
    );
    network.put(&format!("{BASE}/v1/vulns/PYSEC-1"), "{");
    let online = ask(&network, &inventory);
    assert_eq!(online.gaps.len(), 2, "{online:?}");
    assert!(!network.take_asked().iter().any(|url| url.contains("..")));
    for wrong in ["{", "{}", r#"{"results":[{}]}"#] {
        answers(&network, &[wrong]);
        assert_eq!(ask(&network, &inventory).gaps.len(), 2, "{wrong}");
    }
    let nothing = self::inventory(&[(PackageType::Deb, "zlib", "1")]);
    assert_eq!(ask(&network, &nothing).requests, 0);
}

#[test]
fn pages_have_an_end() {
    let network = FakeNetwork::default();
    let page = r#"{"results":[{"next_page_token":"again"}]}"#;
    answers(&network, &[page; 200]);
    let online = ask(&network, &inventory(&[(PackageType::Npm, "x", "1.0.0")]));
    assert!(online.gaps["npm"].contains("pages"), "{online:?}");
    assert!(online.requests <= 102);
}
