use seaworthy_analysis::owned_path_hash;

use super::*;
use crate::testing::{names, run, wants};

/// One database of three packages (one of them a key) in each kind that rpm writes, with a header
/// that spans overflow pages; SQLite and Berkeley DB themselves wrote theirs, see
/// `testdata/README.md`.
const SQLITE: &[u8] = include_bytes!("../../../testdata/rpmdb.sqlite");
const BERKELEY: &[u8] = include_bytes!("../../../testdata/Packages");
const NDB: &[u8] = include_bytes!("../../../testdata/Packages.db");

const KINDS: [(&str, &[u8]); 3] = [
    ("var/lib/rpm/rpmdb.sqlite", SQLITE),
    ("var/lib/rpm/Packages", BERKELEY),
    ("usr/lib/sysimage/rpm/Packages.db", NDB),
];

#[test]
fn packages_of_each_kind_of_database_are_read() {
    for (path, bytes) in KINDS {
        let facts = run(&Rpm, path, bytes).expect(path);
        // Berkeley DB has them in the order of their buckets.
        let mut packages = facts.packages.clone();
        packages.sort();
        let [bash, perl] = &packages[..] else {
            panic!("{path}: {:?}", names(&facts));
        };
        assert_eq!(bash.version, "5.1.8-6.el9_1", "{path}");
        assert_eq!(bash.arch.as_deref(), Some("x86_64"));
        assert_eq!(bash.supplier.as_deref(), Some("Red Hat, Inc."));
        assert_eq!(bash.licenses, ["GPLv3+"]);
        assert_eq!(bash.source_name(), "bash");
        assert!(facts.owned.contains(&owned_path_hash("usr/bin/bash")));
        assert_eq!(perl.version, "4:5.32.1-480.el9");
        assert_eq!(perl.source_name(), "perl");
        assert_eq!(perl.source_version(), "5.32.1-480.el9");
        assert_eq!(perl.module.as_deref(), Some("perl:5.32:8040:abc"));
        assert!(
            facts
                .owned
                .contains(&owned_path_hash("usr/share/perl5/module1999.pm"))
        );
    }
}

#[test]
fn every_truncation_is_an_error_and_never_a_panic() {
    for (path, bytes) in KINDS {
        for len in (0..bytes.len()).step_by(97) {
            assert!(read(path, &bytes[..len]).is_err(), "{path} cut at {len}");
        }
    }
}

#[test]
fn flipped_bytes_never_panic() {
    for (path, bytes) in KINDS {
        let mut copy = bytes.to_vec();
        for at in (0..200).chain((200..copy.len()).step_by(61)) {
            copy[at] ^= 0xff;
            let _ = read(path, &copy);
            copy[at] ^= 0xff;
        }
    }
}

fn read(path: &str, bytes: &[u8]) -> Result<Facts, AnalyzeError> {
    let file = FileMeta {
        path,
        size: bytes.len() as u64,
        mode: 0o644,
    };
    let mut facts = Facts::default();
    Rpm.analyze(&file, &mut Content::from_bytes(bytes), &mut facts)?;
    Ok(facts)
}

/// The Berkeley DB file as a machine with the other byte order writes it: all numbers turned, what
/// is in values left.
fn turned(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let turn = |out: &mut Vec<u8>, at: usize, len: usize| out[at..at + len].reverse();
    for at in [12, 16, 20, 28, 32] {
        turn(&mut out, at, 4);
    }
    for page in 1..bytes.len() / 1024 {
        let start = page * 1024;
        let half = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        let entries = half(start + 20);
        let hash = matches!(bytes[start + 25], 2 | 13);
        for entry in (0..entries).filter(|_| hash) {
            let at = start + 26 + 2 * entry;
            let value = start + half(at);
            if bytes[value] == 3 {
                turn(&mut out, value + 4, 4);
                turn(&mut out, value + 8, 4);
            }
            turn(&mut out, at, 2);
        }
        for (at, len) in [(8, 4), (12, 4), (16, 4), (20, 2), (22, 2)] {
            turn(&mut out, start + at, len);
        }
    }
    out
}

#[test]
fn a_berkeley_file_of_the_other_byte_order_is_read() {
    let path = "var/lib/rpm/Packages";
    let (plain, other) = (read(path, BERKELEY), read(path, &turned(BERKELEY)));
    assert_eq!(plain.expect("plain"), other.expect("turned"));
}

/// Bytes set in a file.
fn with(bytes: &[u8], changes: &[(usize, &[u8])]) -> Vec<u8> {
    let mut copy = bytes.to_vec();
    for (at, new) in changes {
        copy[*at..*at + new.len()].copy_from_slice(new);
    }
    copy
}

#[test]
fn damage_is_named() {
    let (bdb, ndb) = (KINDS[1].0, KINDS[2].0);
    // Where the first package lies in the ndb file, in bytes.
    let blob = 4096;
    let first = (0..BERKELEY.len() / 1024)
        .map(|page| page * 1024)
        .find(|start| BERKELEY[start + 25] == 7)
        .expect("a page of a chain");
    for (path, bytes, word) in [
        (KINDS[0].0, b"x".repeat(200), "no SQLite file"),
        (
            "usr/share/rpm/rpmdb.sqlite-wal",
            b"x".to_vec(),
            "write-ahead log",
        ),
        (bdb, b"x".repeat(200), "no file of Berkeley DB"),
        (
            bdb,
            with(BERKELEY, &[(12, &[0x62, 0x31, 0x05, 0])]),
            "no hash file",
        ),
        (bdb, with(BERKELEY, &[(24, &[1])]), "encrypted"),
        (bdb, with(BERKELEY, &[(25, &[9])]), "does not describe"),
        (bdb, with(BERKELEY, &[(20, &[0, 3])]), "page size"),
        (bdb, with(BERKELEY, &[(32, &[0xff; 4])]), "cut off"),
        // A chain's page that follows itself without end.
        (
            bdb,
            with(
                BERKELEY,
                &[
                    (
                        first + 16,
                        &u32::try_from(first / 1024).unwrap_or(0).to_le_bytes(),
                    ),
                    (first + 22, &[1, 0]),
                ],
            ),
            "circular",
        ),
        (bdb, with(BERKELEY, &[(first + 25, &[0])]), "another kind"),
        (
            bdb,
            with(BERKELEY, &[(first + 22, &[0, 0])]),
            "does not fill",
        ),
        (ndb, b"x".repeat(200), "mark of an ndb file"),
        (ndb, with(NDB, &[(4, &[1])]), "version 1"),
        (ndb, with(NDB, &[(12, &[0xff; 4])]), "cut off"),
        (ndb, with(NDB, &[(32, b"slot")]), "slot has not its mark"),
        (ndb, with(NDB, &[(40, &[1, 0, 0, 0])]), "overlap"),
        (ndb, with(NDB, &[(44, &[0xff; 4])]), "overlap"),
        (ndb, with(NDB, &[(44, &[1, 0])]), "no room"),
        (ndb, with(NDB, &[(blob, b"x")]), "does not begin"),
        (ndb, with(NDB, &[(blob + 4, &[7])]), "does not begin"),
        (ndb, with(NDB, &[(NDB.len() - 1, b"x")]), "does not end"),
    ] {
        let error = read(path, &bytes).expect_err(word);
        assert!(matches!(error, AnalyzeError::Database(_)));
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
    assert!(!wants(&Rpm, "opt/var/lib/rpm/Packages"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
    #[test]
    fn no_bytes_make_a_reader_panic(
        changes in proptest::collection::vec((0.0..1.0_f64, proptest::num::u8::ANY), 1..40),
    ) {
        for (path, bytes) in KINDS {
            let mut copy = bytes.to_vec();
            for (at, value) in &changes {
                // Half of the changes in the part that describes the rest.
                let span = if *at < 0.5 { 2.0 * at * 4200.0 } else { at * copy.len() as f64 };
                if let Some(slot) = copy.get_mut(span as usize) {
                    *slot = *value;
                }
            }
            let _ = read(path, &copy);
        }
    }
}

#[test]
fn a_manifest_of_a_distroless_image_is_read() {
    let facts = run(
        &RpmManifest,
        "var/lib/rpmmanifest/container-manifest-2",
        b"openssl-libs\t1.1.1k-28.cm2\t1\t2\tMicrosoft Corporation\t(none)\t9\tx86_64\t0\topenssl-1.1.1k-28.cm2.src.rpm\n",
    )
    .expect("readable");
    assert_eq!(names(&facts), ["openssl-libs 1.1.1k-28.cm2"]);
    assert_eq!(facts.packages[0].source_name(), "openssl");
    assert!(
        run(
            &RpmManifest,
            "var/lib/rpmmanifest/container-manifest-2",
            b"a b\n"
        )
        .is_err()
    );
}
