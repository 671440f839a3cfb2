//! Fixes that not everybody gets, names that differ between sources, binaries without a package.

use super::*;

#[test]
fn a_fix_for_subscribers_is_none_until_it_is_installed() {
    let rows = [
        "x CVE-2024-1 ubuntu-osv affected ..",
        "x CVE-2024-1 ubuntu-osv will_not_fix ..1.0+esm1",
    ];
    let database = Database::from_shards(vec![shard("ubuntu:18.04", "deb", &rows)]);
    for (what, version, expected) in [
        (
            "without it",
            "1.0",
            &["CVE-2024-1 will_not_fix - [< 1.0+esm1]"][..],
        ),
        ("with it", "1.0+esm1", &[]),
    ] {
        let installed = package(PackageType::Deb, &format!("x {version}"));
        check(
            what,
            &inventory(("ubuntu", "18.04"), vec![installed]),
            &database,
            expected,
        );
    }
}

#[test]
fn an_extended_stream_counts_for_its_own_packages() {
    let rows = [
        "kernel CVE-2024-1 redhat-csaf fixed ..4.18.0-477.el8_8 @RHSA-2",
        "kernel CVE-2024-1 redhat-eus will_not_fix ..4.18.0-372.80.el8_6 @RHSA-1",
        "kernel CVE-2024-2 redhat-csaf affected",
        "kernel CVE-2024-2 redhat-eus will_not_fix ..4.18.0-372.90.el8_6 @RHSA-3",
    ];
    let database = Database::from_shards(vec![shard("rhel:8", "rpm", &rows)]);
    for (what, version, expected) in [
        ("fixed here", "4.18.0-372.95.el8_6", &[][..]),
        (
            "fixed here for one, reachable only with a subscription for the other",
            "4.18.0-372.85.el8_6",
            &["CVE-2024-2 will_not_fix - [< 4.18.0-372.90.el8_6]"],
        ),
        (
            "the plain stream's fix is reachable for all",
            "4.18.0-372.70.el8_6",
            &[
                "CVE-2024-1 fixed 4.18.0-477.el8_8 [< 4.18.0-477.el8_8]",
                "CVE-2024-2 will_not_fix - [< 4.18.0-372.90.el8_6]",
            ],
        ),
        (
            "another stream's rows say nothing",
            "4.18.0-425.el8_7",
            &[
                "CVE-2024-1 fixed 4.18.0-477.el8_8 [< 4.18.0-477.el8_8]",
                "CVE-2024-2 affected - [all versions]",
            ],
        ),
        (
            "the plain stream",
            "4.18.0-477.el8_8",
            &["CVE-2024-2 affected - [all versions]"],
        ),
    ] {
        let installed = rpm(("rhel", "8.6"), &format!("kernel {version}"), None);
        check(what, &installed, &database, expected);
    }
}

#[test]
fn sources_that_name_source_packages_are_asked_by_them() {
    for (key, os, source, expected) in [
        (
            "azurelinux:3.0",
            ("azurelinux", "3.0"),
            "azurelinux-oval",
            1,
        ),
        ("fedora:40", ("fedora", "40"), "fedora-bodhi", 1),
        ("rhel:9", ("rhel", "9.4"), "redhat-csaf", 1),
        ("almalinux:9", ("almalinux", "9.4"), "almalinux-osv", 0),
    ] {
        let row = format!("expat CVE-2024-1 {source} fixed ..2.6-1");
        let database = Database::from_shards(vec![shard(key, "rpm", &[&row])]);
        let found = matched(&rpm(os, "expat-libs 2.5-1 expat", None), &database);
        assert_eq!(found.findings.len(), expected, "{source}");
    }
}

#[test]
fn epochs_decide_before_versions() {
    let database = Database::from_shards(vec![shard(
        "rhel:8",
        "rpm",
        &["perl CVE-2024-1 redhat-csaf fixed ..4:5.26-422"],
    )]);
    for (version, findings) in [
        ("5.30-1", 1),
        ("4:5.26-421", 1),
        ("4:5.26-422", 0),
        ("5:1-1", 0),
    ] {
        let installed = rpm(("rhel", "8"), &format!("perl {version}"), None);
        assert_eq!(
            matched(&installed, &database).findings.len(),
            findings,
            "{version}"
        );
    }
}

#[test]
fn binaries_are_asked_by_product_and_unknown_ones_are_named() {
    let rows = [
        "node CVE-2024-1 nvd fixed 18.0.0..18.18.2 20.0.0..20.8.1",
        "node CVE-2024-1 bitnami fixed ..18.18.2",
        "openssl CVE-2024-2 nvd fixed 1.1.1..1.1.1k",
    ];
    let database = Database::from_shards(vec![shard("generic", "maven", &rows)]);
    for (what, text, expected) in [
        (
            "in a range",
            "Node.js 20.8.0",
            &["CVE-2024-1 fixed 20.8.1 [>= 20.0.0, < 20.8.1]"][..],
        ),
        ("fixed", "node 20.8.1", &[]),
        (
            "letters count",
            "openssl 1.1.1j",
            &["CVE-2024-2 fixed 1.1.1k [>= 1.1.1, < 1.1.1k]"],
        ),
        ("and come after none", "openssl 1.1.1k", &[]),
    ] {
        let installed = Inventory {
            packages: vec![package(PackageType::Generic, text)],
            ..Inventory::default()
        };
        check(what, &installed, &database, expected);
    }
    let unknown = Inventory {
        packages: vec![package(PackageType::Generic, "homemade 1.0")],
        ..Inventory::default()
    };
    assert_eq!(
        kinds(&matched(&unknown, &database)),
        [(CoverageKind::NoShard, "generic")]
    );
}

#[test]
fn a_row_without_its_fix_released_is_affected() {
    // Fixed upstream, pending in the archive: the tracker names no version yet.
    let rows = [
        "x CVE-2024-1 ubuntu-cve-tracker affected",
        "x CVE-2024-2 debian-tracker fix_deferred",
    ];
    check(
        "no version is invented",
        &deb("x 1-1"),
        &debian(&rows),
        &[
            "CVE-2024-1 affected - [all versions]",
            "CVE-2024-2 fix_deferred - [all versions]",
        ],
    );
}

#[test]
fn an_image_with_esm_packages_gets_the_others_too() {
    let rows = [
        "x CVE-2024-1 ubuntu-osv affected ..",
        "x CVE-2024-1 ubuntu-osv will_not_fix ..1.0+esm1",
    ];
    let database = Database::from_shards(vec![shard("ubuntu:18.04", "deb", &rows)]);
    let with = |other: &str| {
        let packages = ["x 1.0", other];
        let packages = packages.map(|text| package(PackageType::Deb, text));
        inventory(("ubuntu", "18.04"), packages.to_vec())
    };
    for (other, expected) in [
        ("y 2.0", "CVE-2024-1 will_not_fix - [< 1.0+esm1]"),
        ("y 2.0+esm3", "CVE-2024-1 fixed 1.0+esm1 [< 1.0+esm1]"),
    ] {
        check(other, &with(other), &database, &[expected]);
    }
}

/// A database with a table of content sets beside its shard.
fn with_repositories(rows: &[&str]) -> Database {
    let folder = tempfile::tempdir().unwrap();
    let entries: Vec<(String, String)> = [
        ("eus-rpms", "cpe:/o:redhat:rhel_eus:8.6::baseos"),
        (
            "plain-rpms",
            "cpe:/o:redhat:enterprise_linux:8 cpe:/o:redhat:enterprise_linux:8::baseos",
        ),
        ("ocp-rpms", "cpe:/a:redhat:openshift:4.12::el8"),
    ]
    .map(|(set, cpes)| (set.to_owned(), cpes.to_owned()))
    .to_vec();
    let table =
        seaworthy_vulndb::build_table("redhat-repositories", SourceInfo::default(), &entries);
    std::fs::write(folder.path().join("redhat-repositories.swdb"), table).unwrap();
    let tables = Database::open_dir(folder.path()).unwrap();
    Database::from_shards(vec![shard("rhel:8", "rpm", rows)]).with_fallback(tables)
}

fn built_from(version: &str, sets: &[&str]) -> Inventory {
    let mut inventory = rpm(("rhel", "8.6"), &format!("kernel {version}"), None);
    inventory.content_sets = sets.iter().map(|set| (*set).to_owned()).collect();
    inventory
}

#[test]
fn content_sets_bring_extended_fixes_within_reach() {
    let rows = [
        "kernel CVE-2024-1 redhat-csaf fixed ..4.18.0-477.el8_8 @RHSA-2",
        "kernel CVE-2024-1 redhat-eus will_not_fix ..4.18.0-372.80.el8_6 @RHSA-1",
        "kernel CVE-2024-2 redhat-csaf affected",
        "kernel CVE-2024-2 redhat-eus will_not_fix ..4.18.0-305.90.el8_4 @RHSA-3",
    ];
    let database = with_repositories(&rows);
    let unfixed = "CVE-2024-2 affected - [all versions]";
    for (what, version, sets, expected) in [
        (
            "no extended set: the plain release's fix",
            "4.18.0-372.70.el8_6",
            &["plain-rpms"][..],
            &[
                "CVE-2024-1 fixed 4.18.0-477.el8_8 [< 4.18.0-477.el8_8]",
                unfixed,
            ][..],
        ),
        (
            "the extended set's",
            "4.18.0-372.70.el8_6",
            &["eus-rpms"],
            &[
                "CVE-2024-1 fixed 4.18.0-372.80.el8_6 [< 4.18.0-372.80.el8_6]",
                unfixed,
            ],
        ),
        (
            "for a package of an earlier release too",
            "4.18.0-348.el8",
            &["eus-rpms"],
            &[
                "CVE-2024-1 fixed 4.18.0-372.80.el8_6 [< 4.18.0-372.80.el8_6]",
                unfixed,
            ],
        ),
        (
            "a package of a later release is none of the set's",
            "4.18.0-425.el8_7",
            &["eus-rpms"],
            &[
                "CVE-2024-1 fixed 4.18.0-477.el8_8 [< 4.18.0-477.el8_8]",
                unfixed,
            ],
        ),
        (
            "installed",
            "4.18.0-372.80.el8_6",
            &["eus-rpms"],
            &[unfixed],
        ),
        (
            "nobody knows the set",
            "4.18.0-348.el8",
            &["homemade"],
            &[
                "CVE-2024-1 fixed 4.18.0-477.el8_8 [< 4.18.0-477.el8_8]",
                unfixed,
            ],
        ),
    ] {
        let found = matched(&built_from(version, sets), &database);
        assert_eq!(lines(&found), expected, "{what}");
    }
}

#[test]
fn repositories_of_other_products_are_a_gap() {
    let database = with_repositories(&["bash CVE-2024-1 redhat-csaf affected"]);
    let found = matched(
        &built_from("1-1.el8", &["plain-rpms", "ocp-rpms"]),
        &database,
    );
    assert_eq!(
        kinds(&found),
        [(CoverageKind::ThirdPartyPackage, "ocp-rpms")]
    );
}

#[test]
fn a_package_whose_support_ended_is_told() {
    let entries = [
        ("debian:12", "2028-06-30"),
        ("debian:12/old", "2024-01-10"),
        ("debian:12/fine", "2030-01-10"),
        ("debian:12/php-horde.*", "2024-01-10"),
    ]
    .map(|(key, day)| (key.to_owned(), day.to_owned()));
    let table = seaworthy_vulndb::build_table("eol", SourceInfo::default(), &entries);
    let rows = [
        "old CVE-2024-1 debian-tracker affected",
        "old CVE-2024-2 debian-tracker fixed ..2-1",
        "fine CVE-2024-1 debian-tracker affected",
        "php-horde-imp CVE-2024-1 debian-tracker affected",
        "php-hordeish CVE-2024-1 debian-tracker affected",
    ];
    let database = debian(&rows).with_eol(seaworthy_vulndb::EolTable::from_bytes(table).unwrap());
    let on = |today: &str, text: &str| {
        let options = MatchOptions {
            now_date: Some(today.to_owned()),
            ..MatchOptions::default()
        };
        match_inventory(&deb(text), &database, &options)
    };
    for (today, text, expected, gap) in [
        (
            "2026-01-01",
            "libold1 1-1 old",
            &[
                "CVE-2024-1 end_of_life - [all versions]",
                "CVE-2024-2 fixed 2-1 [< 2-1]",
            ][..],
            Some("debian:12/old"),
        ),
        (
            "2023-01-01",
            "libold1 1-1 old",
            &[
                "CVE-2024-1 affected - [all versions]",
                "CVE-2024-2 fixed 2-1 [< 2-1]",
            ],
            None,
        ),
        (
            "2026-01-01",
            "fine 1-1",
            &["CVE-2024-1 affected - [all versions]"],
            None,
        ),
        (
            "2026-01-01",
            "php-horde-imp 1-1",
            &["CVE-2024-1 end_of_life - [all versions]"],
            Some("debian:12/php-horde-imp"),
        ),
        (
            "2026-01-01",
            "php-hordeish 1-1",
            &["CVE-2024-1 affected - [all versions]"],
            None,
        ),
        // Without an advisory too: that nothing is found says nothing.
        (
            "2026-01-01",
            "old 2-2",
            &["CVE-2024-1 end_of_life - [all versions]"],
            Some("debian:12/old"),
        ),
    ] {
        let found = on(today, text);
        assert_eq!(lines(&found), expected, "{today} {text}");
        let gaps: Vec<&str> = found.coverage.iter().map(|e| e.subject.as_str()).collect();
        assert_eq!(gaps, gap.into_iter().collect::<Vec<_>>(), "{today} {text}");
    }
}

#[test]
fn a_go_program_is_not_reported_as_a_binary_too() {
    let go = shard(
        "go",
        "go",
        &["github.com/hashicorp/vault CVE-2024-1=GO-2024-1 go-vulndb fixed 0..1.15.1"],
    );
    let rows = [
        "vault CVE-2024-1 nvd fixed ..1.15.1",
        "vault CVE-2024-2 nvd fixed ..1.15.2",
    ];
    let database = Database::from_shards(vec![go, shard("generic", "maven", &rows)]);
    let both = Inventory {
        packages: vec![
            package(PackageType::Go, "github.com/hashicorp/vault v1.15.0"),
            package(PackageType::Generic, "vault 1.15.0"),
        ],
        ..Inventory::default()
    };
    check(
        "one each",
        &both,
        &database,
        &[
            "CVE-2024-1=GO-2024-1 fixed 1.15.1 [< 1.15.1]",
            "CVE-2024-2 fixed 1.15.2 [< 1.15.2]",
        ],
    );
}
