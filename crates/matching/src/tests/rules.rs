//! Which rows hold a package, and what they add up to.

use super::*;

#[test]
fn deb_packages_match_by_source_and_its_version() {
    let rows = ["openssl CVE-2024-1 debian-tracker fixed ..3.0.11-1~deb12u3"];
    for (what, text, expected) in [
        (
            "older",
            "libssl3 3.0.11-1~deb12u2 openssl",
            &["CVE-2024-1 fixed 3.0.11-1~deb12u3 [< 3.0.11-1~deb12u3]"][..],
        ),
        ("fixed", "libssl3 3.0.11-1~deb12u3 openssl", &[]),
        (
            "rebuilt binary",
            "libssl3 3.0.11-1~deb12u3+b1 openssl 3.0.11-1~deb12u3",
            &[],
        ),
        (
            "the binary's version does not count",
            "libssl3 9:9 openssl 3.0.11-1~deb12u2",
            &["CVE-2024-1 fixed 3.0.11-1~deb12u3 [< 3.0.11-1~deb12u3]"],
        ),
        ("another source", "libssl3 1.0 notopenssl", &[]),
    ] {
        check(what, &deb(text), &debian(&rows), expected);
    }
}

#[test]
fn the_finding_says_why() {
    let rows = ["openssl CVE-2024-1 debian-dsa fixed ..3.0.11-2 @DSA-1-1 !high"];
    let found = matched(&deb("libssl3 3.0.11-1 openssl"), &debian(&rows));
    let finding = &found.findings[0];
    assert_eq!(finding.reason.source, "debian-dsa");
    assert_eq!(finding.reason.shard, "debian:12");
    assert_eq!(finding.reason.advisory.as_deref(), Some("DSA-1-1"));
    assert_eq!(finding.reason.package, "openssl");
    assert_eq!(finding.reason.version, "3.0.11-1");
    assert_eq!(finding.reason.scheme, "deb");
    assert_eq!(finding.severity, Severity::High);
    assert_eq!(finding.severity_source, "debian");
    assert_eq!(
        finding.fix_command.as_deref(),
        Some("apt-get install --only-upgrade libssl3")
    );
    assert_eq!(found.shards.len(), 1);
    assert_eq!(found.shards[0].key, "debian:12");
    assert_eq!(found.shards[0].date, "2026-01-01");
    assert!(found.shards[0].digest.starts_with("sha256:"));
    assert_eq!(found.coverage, []);
}

#[test]
fn several_rows_for_one_vulnerability_are_one_finding() {
    for (what, rows, expected) in [
        (
            "tracker and advisory agree",
            &[
                "x CVE-2024-1 debian-tracker fixed ..1-3",
                "x CVE-2024-1 debian-dsa fixed ..1-3 @DSA-1-1",
            ][..],
            &["CVE-2024-1 fixed 1-3 [< 1-3]"][..],
        ),
        (
            "several advisories: the highest version",
            &[
                "x CVE-2024-1 debian-dsa fixed ..1-3 @DSA-1-1",
                "x CVE-2024-1 debian-dsa fixed ..1-5 @DSA-2-1",
            ],
            &["CVE-2024-1 fixed 1-5 [< 1-5]"],
        ),
        (
            "a fixed version forces the state",
            &[
                "x CVE-2024-1 debian-tracker will_not_fix",
                "x CVE-2024-1 debian-dsa fixed ..1-3 @DSA-1-1",
            ],
            &["CVE-2024-1 fixed 1-3 [< 1-3]"],
        ),
        (
            "who names an installed fix outvotes who only says affected",
            &[
                "x CVE-2024-1 debian-tracker affected",
                "x CVE-2024-1 debian-dsa fixed ..1-1 @DSA-1-1",
            ],
            &[],
        ),
        (
            "an advisory that did not suffice does not outvote a later one",
            &[
                "x CVE-2024-1 debian-dsa fixed ..1-1 @DSA-1-1",
                "x CVE-2024-1 debian-dsa fixed ..1-5 @DSA-2-1",
            ],
            &["CVE-2024-1 fixed 1-5 [< 1-5]"],
        ),
        (
            "not affected outvotes",
            &[
                "x CVE-2024-1 debian-tracker not_affected",
                "x CVE-2024-1 debian-dsa fixed ..1-3 @DSA-1-1",
            ],
            &[],
        ),
        (
            "not affected in other versions does not",
            &[
                "x CVE-2024-1 debian-tracker not_affected 1-9..",
                "x CVE-2024-1 debian-dsa fixed ..1-3",
            ],
            &["CVE-2024-1 fixed 1-3 [< 1-3]"],
        ),
    ] {
        check(what, &deb("x 1-2"), &debian(rows), expected);
    }
}

#[test]
fn states_without_a_fix_are_told() {
    for (state, expected) in [
        ("affected", "CVE-2024-1 affected - [all versions]"),
        ("will_not_fix", "CVE-2024-1 will_not_fix - [all versions]"),
        ("fix_deferred", "CVE-2024-1 fix_deferred - [all versions]"),
        ("end_of_life", "CVE-2024-1 end_of_life - [all versions]"),
        (
            "under_investigation",
            "CVE-2024-1 under_investigation - [all versions]",
        ),
    ] {
        let rows = [format!("x CVE-2024-1 debian-tracker {state}")];
        check(state, &deb("x 1-2"), &debian(&[&rows[0]]), &[expected]);
    }
    let rows = ["x CVE-2024-1 ubuntu-cve-tracker will_not_fix ..1-2+esm1"];
    let database = Database::from_shards(vec![shard("ubuntu:20.04", "deb", &rows)]);
    let ubuntu = |version: &str| {
        let text = format!("x {version}");
        inventory(("ubuntu", "20.04"), vec![package(PackageType::Deb, &text)])
    };
    check(
        "a fix for subscribers is none",
        &ubuntu("1-2"),
        &database,
        &["CVE-2024-1 will_not_fix - [< 1-2+esm1]"],
    );
    check("the subscriber has it", &ubuntu("1-2+esm1"), &database, &[]);
}

#[test]
fn intervals_last_affected_and_lists() {
    let intervals = "x CVE-2024-1 osv fixed 0..1.5.3 2.0.0..2.1.4";
    for (what, row, version, expected) in [
        (
            "lowest fix",
            intervals,
            "1.2.0",
            &["CVE-2024-1 fixed 1.5.3 [< 1.5.3]"][..],
        ),
        (
            "second branch",
            intervals,
            "2.0.0",
            &["CVE-2024-1 fixed 2.1.4 [>= 2.0.0, < 2.1.4]"],
        ),
        ("between the branches", intervals, "1.6.0", &[]),
        (
            "pre-release of the fix",
            intervals,
            "2.1.4-rc.1",
            &["CVE-2024-1 fixed 2.1.4 [>= 2.0.0, < 2.1.4]"],
        ),
        (
            "last affected holds its end",
            "x CVE-2024-1 osv affected 0..=1.5.3",
            "1.5.3",
            &["CVE-2024-1 affected - [<= 1.5.3]"],
        ),
        (
            "after it",
            "x CVE-2024-1 osv affected 0..=1.5.3",
            "1.5.4",
            &[],
        ),
        (
            "open",
            "x CVE-2024-1 osv affected 1.0.0..",
            "7.0.0",
            &["CVE-2024-1 affected - [>= 1.0.0]"],
        ),
        (
            "listed",
            "x MAL-2024-1 osv affected 6.6.6 6.6.7",
            "6.6.7",
            &["MAL-2024-1 affected - [= 6.6.7]"],
        ),
        (
            "not listed",
            "x MAL-2024-1 osv affected 6.6.6",
            "6.6.8",
            &[],
        ),
        (
            "listed without being a version",
            "x MAL-2024-1 osv affected latest",
            "latest",
            &["MAL-2024-1 affected - [= latest]"],
        ),
        (
            "all",
            "x MAL-2024-1 osv affected",
            "6.6.8",
            &["MAL-2024-1 affected - [all versions]"],
        ),
    ] {
        let database = Database::from_shards(vec![shard("npm", "semver", &[row])]);
        check(what, &npm(&format!("x {version}")), &database, expected);
    }
}

#[test]
fn the_fix_clears_all_rows_of_the_vulnerability() {
    for (what, rows, expected) in [
        (
            "reintroduced",
            &["x CVE-2024-1 osv fixed 0..1.5.0 1.5.0..1.6.0"][..],
            "CVE-2024-1 fixed 1.6.0 [< 1.5.0]",
        ),
        (
            "sources differ",
            &[
                "x CVE-2024-1=GHSA-a osv fixed 0..1.5.0 @GHSA-a",
                "x CVE-2024-1=PYSEC-1 pypa fixed 0..1.7.0 @PYSEC-1",
            ],
            "CVE-2024-1=GHSA-a=PYSEC-1 fixed 1.7.0 [< 1.7.0]",
        ),
        (
            "one source knows no end",
            &[
                "x CVE-2024-1=GHSA-a osv fixed 0..1.5.0 @GHSA-a",
                "x CVE-2024-1=PYSEC-1 pypa affected 0..",
            ],
            "CVE-2024-1=GHSA-a=PYSEC-1 fixed 1.5.0 [< 1.5.0]",
        ),
    ] {
        let database = Database::from_shards(vec![shard("npm", "semver", rows)]);
        check(what, &npm("x 1.0.0"), &database, &[expected]);
    }
}

#[test]
fn aliases_are_one_finding_and_the_cve_is_its_name() {
    for (what, rows, expected) in [
        (
            "through the CVE",
            &[
                "x CVE-2024-1=GHSA-a osv fixed 0..2 @GHSA-a",
                "x CVE-2024-1=GO-2024-1 go-vulndb fixed 0..2 @GO-2024-1",
            ][..],
            &["CVE-2024-1=GHSA-a=GO-2024-1 fixed 2 [< 2]"][..],
        ),
        (
            "through another id",
            &[
                "x CVE-2024-1=GHSA-a osv fixed 0..2 @GHSA-a",
                "x GO-2024-1=GHSA-a go-vulndb fixed 0..2",
            ],
            &["CVE-2024-1=GHSA-a=GO-2024-1 fixed 2 [< 2]"],
        ),
        (
            "no CVE anywhere",
            &[
                "x GO-2024-1=GHSA-a go-vulndb fixed 0..2",
                "x GHSA-a osv fixed 0..2",
            ],
            &["GHSA-a=GO-2024-1 fixed 2 [< 2]"],
        ),
        (
            "the CVE is known from a row that does not match",
            &[
                "x GO-2024-1=GHSA-a go-vulndb fixed 0..2",
                "x CVE-2024-1=GHSA-a osv fixed 0..0.5",
            ],
            &["CVE-2024-1=GHSA-a=GO-2024-1 fixed 2 [< 2]"],
        ),
        (
            "one record about two CVEs joins both",
            &[
                "x CVE-2024-1 osv fixed 0..2",
                "x CVE-2024-2 osv fixed 0..3",
                "x GHSA-a=CVE-2024-1=CVE-2024-2 osv fixed 0..3",
            ],
            &[
                "CVE-2024-1=GHSA-a fixed 3 [< 3]",
                "CVE-2024-2=GHSA-a fixed 3 [< 3]",
            ],
        ),
        (
            "a record about two CVEs alone",
            &["x GHSA-a=CVE-2024-1=CVE-2024-2 osv fixed 0..3"],
            &["CVE-2024-1=CVE-2024-2=GHSA-a fixed 3 [< 3]"],
        ),
        (
            "two vulnerabilities",
            &["x CVE-2024-1 osv fixed 0..2", "x CVE-2024-2 osv fixed 0..2"],
            &["CVE-2024-1 fixed 2 [< 2]", "CVE-2024-2 fixed 2 [< 2]"],
        ),
    ] {
        let database = Database::from_shards(vec![shard("npm", "semver", rows)]);
        check(what, &npm("x 1.0.0"), &database, expected);
    }
}

#[test]
fn names_and_versions_of_languages() {
    let shards = || {
        vec![
            shard(
                "pypi",
                "pep440",
                &[
                    "flask-login CVE-2024-1 osv fixed 0..1.0",
                    "odd MAL-1 osv affected 1.0",
                ],
            ),
            shard(
                "go",
                "go",
                &[
                    "stdlib GO-1 go-vulndb fixed 0..1.20.12 1.21.0-0..1.21.5",
                    "golang.org/x/net GO-2 go-vulndb fixed 0..0.17.0",
                ],
            ),
            shard(
                "maven",
                "maven",
                &["g:a CVE-2024-2 osv fixed 2.0-beta9..2.15.0"],
            ),
            shard("nuget", "nuget", &["a.b CVE-2024-3 osv fixed 0..13.0.1"]),
            shard(
                "crates",
                "semver",
                &["time CVE-2024-4 osv fixed 0.1.0..0.2.23"],
            ),
        ]
    };
    for (kind, text, expected) in [
        (
            PackageType::PyPi,
            "Flask_Login 0.9",
            &["CVE-2024-1 fixed 1.0 [< 1.0]"][..],
        ),
        (
            PackageType::PyPi,
            "odd 1.0.0",
            &["MAL-1 affected - [= 1.0.0]"],
        ),
        (
            PackageType::Go,
            "stdlib go1.21.4",
            &["GO-1 fixed 1.21.5 [>= 1.21.0-0, < 1.21.5]"],
        ),
        (PackageType::Go, "stdlib 1.21.5", &[]),
        (
            PackageType::Go,
            "golang.org/x/net v0.0.0-20220906165146-f3363e06e74c",
            &["GO-2 fixed 0.17.0 [< 0.17.0]"],
        ),
        (PackageType::Go, "golang.org/x/net v0.17.0", &[]),
        (
            PackageType::Maven,
            "g:a 2.14.1",
            &["CVE-2024-2 fixed 2.15.0 [>= 2.0-beta9, < 2.15.0]"],
        ),
        (
            PackageType::NuGet,
            "A.B 12.0.3",
            &["CVE-2024-3 fixed 13.0.1 [< 13.0.1]"],
        ),
        (
            PackageType::Cargo,
            "time 0.1.45",
            &["CVE-2024-4 fixed 0.2.23 [>= 0.1.0, < 0.2.23]"],
        ),
    ] {
        let inventory = Inventory {
            packages: vec![package(kind, text)],
            ..Inventory::default()
        };
        check(text, &inventory, &Database::from_shards(shards()), expected);
    }
}

#[test]
fn rpm_packages_match_by_binary_name_and_stream() {
    let alma = [
        "openssl-libs CVE-2024-1 almalinux-osv fixed ..1:3.0.7-25.el9_3",
        "nodejs CVE-2024-2 almalinux-osv fixed ..1:18.19.0-1.module_el9.3.0+1",
        "nodejs CVE-2024-2 almalinux-osv fixed ..1:20.9.0-1.module_el9.3.0+2",
        "plain CVE-2024-3 almalinux-osv fixed ..2-1.el9",
    ];
    let database = Database::from_shards(vec![shard("almalinux:9", "rpm", &alma)]);
    let on = |text, module| rpm(("almalinux", "9.3"), text, module);
    let old = "nodejs 1:18.17.1-1.module_el9.2.0+1";
    for (what, inventory, expected) in [
        (
            "binary",
            on("openssl-libs 1:3.0.7-24.el9 openssl", None),
            &["CVE-2024-1 fixed 1:3.0.7-25.el9_3 [< 1:3.0.7-25.el9_3]"][..],
        ),
        (
            "the epoch counts",
            on("openssl-libs 2:1.0-1.el9 openssl", None),
            &[],
        ),
        (
            "its own stream only",
            on(old, Some("nodejs:18:9030:abc")),
            &["CVE-2024-2 fixed 1:18.19.0-1.module_el9.3.0+1 [< 1:18.19.0-1.module_el9.3.0+1]"],
        ),
        (
            "a stream that nobody recorded",
            on(old, None),
            &["CVE-2024-2 fixed 1:18.19.0-1.module_el9.3.0+1 [< 1:18.19.0-1.module_el9.3.0+1]"],
        ),
        ("no module", on("nodejs 1:16.20.2-1.el9", None), &[]),
        (
            "a modular build is no ordinary one",
            on("plain 1-1.module_el9.3.0+1", Some("m:1")),
            &[],
        ),
    ] {
        check(what, &inventory, &database, expected);
    }
    let rhel = [
        "nodejs CVE-2024-2 redhat-api fixed ..1:18.19.0-1.module+el9 %nodejs:18",
        "openssl CVE-2024-1 redhat-api fixed ..1:3.0.7-25.el9_3",
        "glibc CVE-2024-4 redhat-api will_not_fix",
    ];
    let database = Database::from_shards(vec![shard("rhel:9", "rpm", &rhel)]);
    let on = |text, module| rpm(("rhel", "9.3"), text, module);
    for (what, inventory, expected) in [
        (
            "same label",
            on("nodejs 1:18.17.1-1.module+el9", Some("nodejs:18:9:x")),
            1,
        ),
        (
            "other label",
            on("nodejs 1:16.20.1-1.module+el9", Some("nodejs:16:9:x")),
            0,
        ),
        ("no label", on("nodejs 1:16.20.1-1.el9", None), 0),
        (
            "by the source",
            on("openssl-libs 1:3.0.7-24.el9 openssl", None),
            1,
        ),
        ("all versions", on("glibc-common 2.34-1.el9 glibc", None), 1),
    ] {
        assert_eq!(
            matched(&inventory, &database).findings.len(),
            expected,
            "{what}"
        );
    }
}
