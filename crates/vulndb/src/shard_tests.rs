use super::*;
use crate::{Interval, ShardBuilder};

fn advisory(package: &str, id: &str) -> Advisory {
    Advisory {
        package: package.to_owned(),
        id: id.to_owned(),
        aliases: vec!["GHSA-1".to_owned()],
        advisory: Some("DSA-1-1".to_owned()),
        source: "debian-tracker".to_owned(),
        state: State::Fixed,
        severity: Some(Severity::High),
        vector: None,
        intervals: vec![
            Interval {
                introduced: String::new(),
                end: End::Fixed("1.2-3".to_owned()),
            },
            Interval {
                introduced: "2".to_owned(),
                end: End::LastAffected("2.5".to_owned()),
            },
            Interval::default(),
        ],
        versions: vec!["0.9".to_owned()],
        module: Some("nodejs:18".to_owned()),
    }
}

fn build(rows: Vec<Advisory>) -> Vec<u8> {
    let mut builder = ShardBuilder::new("debian:12", "deb").source(SourceInfo {
        name: "debian-tracker".to_owned(),
        date: "2026-11-20".to_owned(),
        records: 3,
    });
    for row in rows {
        builder.push(row);
    }
    builder.build()
}

#[test]
fn rows_come_back_by_package_and_by_every_id() {
    let rows = [
        advisory("zlib", "CVE-1"),
        advisory("curl", "CVE-2"),
        advisory("zlib", "CVE-3"),
    ];
    let shard = Shard::from_bytes(build(rows.to_vec())).unwrap();
    assert!(shard.verify());
    assert_eq!(shard.meta().date(), "2026-11-20");
    assert_eq!((shard.meta().key.as_str(), shard.rows()), ("debian:12", 3));
    assert_eq!(shard.packages().collect::<Vec<_>>(), ["curl", "zlib"]);
    let zlib: Vec<_> = shard.lookup("zlib").map(|r| r.to_advisory()).collect();
    assert_eq!(zlib, [rows[0].clone(), rows[2].clone()]);
    assert_eq!(shard.lookup("CVE-1").count(), 0, "an id is no package");
    assert_eq!(shard.lookup("nginx").count(), 0);
    for (id, count) in [("CVE-2", 1), ("GHSA-1", 3), ("DSA-1-1", 3), ("CVE-9", 0)] {
        assert_eq!(shard.find_id(id).count(), count, "{id}");
    }
}

#[test]
fn order_and_repetition_on_the_way_in_do_not_matter() {
    let (a, b) = (advisory("a", "CVE-1"), advisory("b", "CVE-2"));
    assert_eq!(
        build(vec![a.clone(), b.clone()]),
        build(vec![b, a.clone(), a])
    );
}

#[test]
fn damage_is_refused_or_harmless() {
    let good = build(vec![advisory("zlib", "CVE-1")]);
    for length in 0..good.len() {
        assert!(
            Shard::from_bytes(good[..length].to_vec()).is_err(),
            "{length}"
        );
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0xff;
        if let Ok(shard) = Shard::from_bytes(bad) {
            assert!(!shard.verify(), "a flipped byte {at} is noticed");
            for package in ["zlib", ""] {
                shard.lookup(package).for_each(|r| drop(r.to_advisory()));
            }
            shard.find_id("CVE-1").for_each(|r| drop(r.to_advisory()));
            assert!(shard.packages().count() < 1000);
        }
    }
    let mut newer = good;
    newer[4] = 9;
    let error = Shard::from_bytes(newer).unwrap_err().to_string();
    assert!(error.contains("shard format 9"), "{error}");
}

proptest::proptest! {
    #[test]
    fn any_rows_round_trip(names in proptest::collection::vec(("[a-c]{1,2}", "CVE-[0-9]{1,2}", ".{0,5}"), 0..20)) {
        let rows: Vec<Advisory> = names
            .into_iter()
            .map(|(package, id, version)| Advisory {
                package,
                id,
                versions: vec![version],
                ..Advisory::default()
            })
            .collect();
        let shard = Shard::from_bytes(build(rows.clone())).unwrap();
        for row in rows {
            proptest::prop_assert!(shard.lookup(&row.package).any(|r| r.to_advisory() == row));
        }
    }

    #[test]
    fn no_bytes_panic(mut bytes in proptest::collection::vec(proptest::num::u8::ANY, 72..300)) {
        bytes[..8].copy_from_slice(b"SWDB\x02\0\0\0");
        let _ = Shard::from_bytes(bytes);
    }
}
