//! The rules of matching from end to end: a feed in the upstream's own format, read by its reader,
//! written into a shard, mapped, and asked by an inventory.

use std::fs;

use seaworthy_advisories::{BuildOptions, build};
use seaworthy_matching::{MatchOptions, Matched, match_inventory, shard_keys};
use seaworthy_model::{CoverageKind, Distribution, Inventory, Package, PackageType};
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

use PackageType::{Apk, Composer, Deb, Generic, Go, Npm, PyPi, Rpm};

#[test]
fn alpine_never_affected_fixed_and_other_names() {
    let secdb = r#"{"distroversion":"v3.18","reponame":"main","packages":[{"pkg":{"name":"xen","secfixes":{
        "0":["CVE-2020-4444"],"4.17-r1":["CVE-2023-1111 XSA-1","CVE-2023-2222"]}}}]}"#;
    check(
        &[("alpine/v3.18/main.json", secdb)],
        &[
            // By the source, whatever the binary is called.
            (
                "alpine 3.18.4",
                Apk,
                "xen-libs 4.17-r0 xen",
                &[
                    "CVE-2023-1111=XSA-1 fixed 4.17-r1",
                    "CVE-2023-2222 fixed 4.17-r1",
                ],
            ),
            ("alpine 3.18.4", Apk, "xen 4.17-r1", &[]),
            (
                "alpine 3.18.4",
                Apk,
                "xen 4.17_rc3-r9",
                &[
                    "CVE-2023-1111=XSA-1 fixed 4.17-r1",
                    "CVE-2023-2222 fixed 4.17-r1",
                ],
            ),
        ],
    );
}

const TRACKER: &str = r#"{"zlib":{
    "CVE-2022-37434":{"releases":{
        "bullseye":{"status":"resolved","fixed_version":"1:1.2.11.dfsg-2+deb11u2","urgency":"not yet assigned"},
        "bookworm":{"status":"resolved","fixed_version":"0","urgency":"unimportant"}}},
    "CVE-2023-45853":{"releases":{
        "buster":{"status":"open","urgency":"end-of-life"},
        "bullseye":{"status":"open","urgency":"low","nodsa":"x","nodsa_reason":"ignored"},
        "bookworm":{"status":"open","urgency":"medium","nodsa":"Minor issue","nodsa_reason":"postponed"},
        "trixie":{"status":"open","urgency":"unimportant","nodsa":"Minor issue","nodsa_reason":""},
        "sid":{"status":"undetermined","urgency":"not yet assigned"}}}}}"#;

#[test]
fn debian_states_and_epochs() {
    check(
        &[("debian/tracker.json", TRACKER)],
        &[
            (
                "debian 10.13",
                Deb,
                "zlib1g 1:1.2.11.dfsg-1 zlib",
                &["CVE-2023-45853 end_of_life -"],
            ),
            (
                "debian 11.8",
                Deb,
                "zlib1g 1:1.2.11.dfsg-2 zlib",
                &[
                    "CVE-2022-37434 fixed 1:1.2.11.dfsg-2+deb11u2",
                    "CVE-2023-45853 will_not_fix -",
                ],
            ),
            (
                "debian 11.8",
                Deb,
                "zlib1g 1:1.2.11.dfsg-2+deb11u2+b1 zlib 1:1.2.11.dfsg-2+deb11u2",
                &["CVE-2023-45853 will_not_fix -"],
            ),
            // The epoch decides before all that follows it.
            (
                "debian 11.8",
                Deb,
                "zlib1g 9.9-1 zlib",
                &[
                    "CVE-2022-37434 fixed 1:1.2.11.dfsg-2+deb11u2",
                    "CVE-2023-45853 will_not_fix -",
                ],
            ),
            (
                "debian 12.5",
                Deb,
                "zlib1g 1:1.2.13.dfsg-1 zlib",
                &["CVE-2023-45853 fix_deferred -"],
            ),
            (
                "debian 13",
                Deb,
                "zlib1g 1:1.3-1 zlib",
                &["CVE-2023-45853 affected -"],
            ),
            (
                "debian sid",
                Deb,
                "zlib1g 1:1.3-1 zlib",
                &["CVE-2023-45853 under_investigation -"],
            ),
        ],
    );
}

#[test]
fn one_dsa_over_several_packages_and_two_for_one_cve() {
    let list = "[02 Feb 2023] DSA-5001-1 a - security update\n\t{CVE-2023-0001}\n\t[bullseye] - a 1.2-1+deb11u2\n[01 Jan 2023] DSA-5000-1 a b - security update\n\t{CVE-2023-0001 CVE-2023-0002}\n\t[bullseye] - a 1.2-1+deb11u1\n\t[bullseye] - b 3.4-1+deb11u1\n";
    check(
        &[("debian/data/DSA/list", list)],
        &[
            (
                "debian 11",
                Deb,
                "a 1.2-1",
                &[
                    "CVE-2023-0001 fixed 1.2-1+deb11u2",
                    "CVE-2023-0002 fixed 1.2-1+deb11u1",
                ],
            ),
            (
                "debian 11",
                Deb,
                "a 1.2-1+deb11u1",
                &["CVE-2023-0001 fixed 1.2-1+deb11u2"],
            ),
            (
                "debian 11",
                Deb,
                "b 3.4-1",
                &[
                    "CVE-2023-0001 fixed 3.4-1+deb11u1",
                    "CVE-2023-0002 fixed 3.4-1+deb11u1",
                ],
            ),
            ("debian 11", Deb, "b 3.4-1+deb11u1", &[]),
        ],
    );
}

#[test]
fn packages_of_third_parties_are_not_compared() {
    let database = database(&[("debian/tracker.json", TRACKER)]);
    let text = "zlib1g 1:1.2.11-1+deb.sury.org+1 zlib";
    let found = ask(&inventory("debian 11", Deb, text), &database);
    assert!(found.findings.is_empty());
    assert_eq!(found.coverage[0].kind, CoverageKind::ThirdPartyPackage);
}

#[test]
fn debian_packages_whose_support_ended() {
    let feeds = [
        ("debian/tracker.json", TRACKER),
        (
            "debian/security-support-ended.deb12",
            "zlib 1:1.2-1 2025-01-01 https://example.com\n",
        ),
    ];
    let database = database(&feeds);
    let found = ask(
        &inventory("debian 12", Deb, "zlib1g 1:1.2.13-1 zlib"),
        &database,
    );
    assert_eq!(lines(&found), ["CVE-2023-45853 end_of_life -"]);
    let gaps: Vec<&str> = found.coverage.iter().map(|e| e.subject.as_str()).collect();
    assert_eq!(gaps, ["debian:12/zlib"]);
}

#[test]
fn ubuntu_released_pending_and_esm() {
    let cve = "Candidate: CVE-2022-37434\nPublicDate: 2022-08-05 07:15:00 UTC\nDescription:\n x\nPriority: medium\n\nPatches_zlib:\nupstream_zlib: released (1.2.13)\nbionic_zlib: released (1:1.2.11-0ubuntu2.2)\nfocal_zlib: pending (1:1.2.11-1)\njammy_zlib: needs-triage\nnoble_zlib: not-affected (1:1.3)\nxenial_zlib: ignored (end of standard support)\nesm-infra/xenial_zlib: released (1:1.2.8-2ubuntu4.3+esm2)\n";
    check(
        &[("ubuntu/tracker/active/CVE-2022-37434", cve)],
        &[
            (
                "ubuntu 18.04",
                Deb,
                "zlib1g 1:1.2.11-0ubuntu2 zlib",
                &["CVE-2022-37434 fixed 1:1.2.11-0ubuntu2.2"],
            ),
            // Fixed, but not released: the version is in no archive yet.
            (
                "ubuntu 20.04",
                Deb,
                "zlib1g 1:1.2.11-0 zlib",
                &["CVE-2022-37434 affected -"],
            ),
            (
                "ubuntu 22.04",
                Deb,
                "zlib1g 1:1.2.11-9 zlib",
                &["CVE-2022-37434 under_investigation -"],
            ),
            ("ubuntu 24.04", Deb, "zlib1g 1:1.2.0-1 zlib", &[]),
            // Reachable for subscribers only; whoever has it is fine, and gets the others too.
            (
                "ubuntu 16.04",
                Deb,
                "zlib1g 1:1.2.8-2ubuntu4 zlib",
                &["CVE-2022-37434 will_not_fix -"],
            ),
            (
                "ubuntu 16.04",
                Deb,
                "zlib1g 1:1.2.8-2ubuntu4.3+esm2 zlib",
                &[],
            ),
            (
                "ubuntu 16.04",
                Deb,
                "zlib1g 1:1.2.8-2ubuntu4.3+esm1 zlib",
                &["CVE-2022-37434 fixed 1:1.2.8-2ubuntu4.3+esm2"],
            ),
        ],
    );
}

const HYDRA: &str = r#"{"name":"CVE-2022-37434","threat_severity":"Moderate","affected_release":[
    {"advisory":"RHSA-2022:7106","package":"zlib-0:1.2.11-20.el8_8","cpe":"cpe:/o:redhat:enterprise_linux:8"},
    {"advisory":"RHSA-2022:1","package":"perl-4:5.26.3-422.el8","cpe":"cpe:/a:redhat:enterprise_linux:8::appstream"},
    {"advisory":"RHSA-2022:2","package":"zlib-0:1.2.11-18.el8_6","cpe":"cpe:/o:redhat:rhel_eus:8.6"}],
    "package_state":[
    {"fix_state":"Out of support scope","package_name":"zlib","cpe":"cpe:/o:redhat:enterprise_linux:6"},
    {"fix_state":"Will not fix","package_name":"nodejs:18/nodejs","cpe":"cpe:/o:redhat:enterprise_linux:8"},
    {"fix_state":"Fix deferred","package_name":"curl","cpe":"cpe:/o:redhat:enterprise_linux:8"},
    {"fix_state":"Not affected","package_name":"zlib","cpe":"cpe:/o:redhat:enterprise_linux:9"}]}"#;
const REPOSITORIES: &str = r#"{"data":{"eus-rpms":{"cpes":["cpe:/o:redhat:rhel_eus:8.6::baseos"]},
    "ocp-rpms":{"cpes":["cpe:/a:redhat:openshift:4.12::el8"]}}}"#;

#[test]
fn red_hat_states_streams_modules_and_epochs() {
    check(
        &[("redhat/api/2022/CVE-2022-37434.json", HYDRA)],
        &[
            (
                "rhel 8.8",
                Rpm,
                "zlib 1.2.11-19.el8",
                &["CVE-2022-37434 fixed 1.2.11-20.el8_8"],
            ),
            // The extended stream's own packages: its fix is there.
            ("rhel 8.6", Rpm, "zlib 1.2.11-18.el8_6", &[]),
            (
                "rhel 8.6",
                Rpm,
                "zlib 1.2.11-17.el8_6",
                &["CVE-2022-37434 fixed 1.2.11-20.el8_8"],
            ),
            (
                "rhel 8.8",
                Rpm,
                "perl 5.30.0-1.el8",
                &["CVE-2022-37434 fixed 4:5.26.3-422.el8"],
            ),
            ("rhel 8.8", Rpm, "perl-libs 4:5.26.3-422.el8 perl", &[]),
            (
                "rhel 8.8",
                Rpm,
                "nodejs 1:18.1-1.module+el8.8.0+1 nodejs %nodejs:18:1:x",
                &["CVE-2022-37434 will_not_fix -"],
            ),
            (
                "rhel 8.8",
                Rpm,
                "nodejs 1:16.1-1.module+el8.8.0+1 nodejs %nodejs:16:1:x",
                &[],
            ),
            (
                "rhel 8.8",
                Rpm,
                "libcurl 7.61.1-22.el8 curl",
                &["CVE-2022-37434 fix_deferred -"],
            ),
            (
                "rhel 6.10",
                Rpm,
                "zlib 1.2.3-29.el6",
                &["CVE-2022-37434 end_of_life -"],
            ),
            ("rhel 9.2", Rpm, "zlib 1.2.11-31.el9", &[]),
        ],
    );
}

#[test]
fn red_hat_content_sets_bring_extended_fixes() {
    let database = database(&[
        ("redhat/api/2022/CVE-2022-37434.json", HYDRA),
        ("redhat/repository-to-cpe.json", REPOSITORIES),
    ]);
    let mut image = inventory("rhel 8.6", Rpm, "zlib 1.2.11-17.el8");
    assert_eq!(
        lines(&ask(&image, &database)),
        ["CVE-2022-37434 fixed 1.2.11-20.el8_8"]
    );
    image.content_sets = ["eus-rpms", "ocp-rpms"].map(str::to_owned).to_vec();
    let found = ask(&image, &database);
    assert_eq!(lines(&found), ["CVE-2022-37434 fixed 1.2.11-18.el8_6"]);
    let gaps: Vec<&str> = found.coverage.iter().map(|e| e.subject.as_str()).collect();
    assert_eq!(gaps, ["ocp-rpms"]);
}

#[test]
fn rebuilds_name_binaries_and_modules() {
    let alma = r#"{"id":"ALSA-2024:1","modified":"2024-01-01T00:00:00Z","related":["CVE-2024-0001"],"affected":[
        {"package":{"ecosystem":"AlmaLinux:8","name":"nodejs"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1:18.19.0-1.module_el8.9.0+1"}]}]},
        {"package":{"ecosystem":"AlmaLinux:8","name":"openssl-libs"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1:1.1.1k-12.el8_9"}]}]}]}"#;
    let rocky = r#"<?xml version="1.0"?><updates><update type="security"><id>RLSA-2024:1</id><updated date="2024-02-03 01:00"/><severity>Important</severity><release>Rocky Linux 8</release><references><reference id="CVE-2024-0001" type="cve"/></references><pkglist><collection short="x"><name/><module name="nodejs" stream="18" version="1" context="x" arch="x86_64"/><package name="nodejs" epoch="1" version="18.19.0" release="1.module+el8" arch="x86_64"/></collection></pkglist></update></updates>"#;
    check(
        &[
            ("almalinux/8/ALSA-2024:1.json", alma),
            ("rocky/8/updateinfo.xml", rocky),
        ],
        &[
            (
                "almalinux 8.9",
                Rpm,
                "openssl-libs 1:1.1.1k-9.el8 openssl",
                &["CVE-2024-0001 fixed 1:1.1.1k-12.el8_9"],
            ),
            (
                "almalinux 8.9",
                Rpm,
                "openssl-other 1:1.1.1k-9.el8 openssl",
                &[],
            ),
            (
                "almalinux 8.9",
                Rpm,
                "nodejs 1:18.17.1-1.module_el8.8.0+1 nodejs %nodejs:18:1:x",
                &["CVE-2024-0001 fixed 1:18.19.0-1.module_el8.9.0+1"],
            ),
            (
                "almalinux 8.9",
                Rpm,
                "nodejs 1:16.17.1-1.module_el8.8.0+1 nodejs %nodejs:16:1:x",
                &[],
            ),
            (
                "rocky 8.9",
                Rpm,
                "nodejs 1:18.17.1-1.module+el8 nodejs %nodejs:18:1:x",
                &["CVE-2024-0001 fixed 1:18.19.0-1.module+el8"],
            ),
            (
                "rocky 8.9",
                Rpm,
                "nodejs 1:16.17.1-1.module+el8 nodejs %nodejs:16:1:x",
                &[],
            ),
        ],
    );
}

#[test]
fn suse_service_packs_and_long_term_support() {
    let record = |id: &str, product: &str, fixed: &str| {
        format!(
            r#"{{"id":"{id}","modified":"2024-01-01T00:00:00Z","related":["CVE-2024-0001"],"affected":[{{"package":{{"ecosystem":"SUSE:{product}","name":"zlib"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}]}}"#
        )
    };
    let plain = record(
        "SUSE-SU-2024:1",
        "Linux Enterprise Module for Basesystem 15 SP5",
        "1.2.13-150500.4.3.1",
    );
    let paid = record(
        "SUSE-SU-2024:2",
        "Linux Enterprise Server 15 SP3-LTSS",
        "1.2.11-150000.3.48.1",
    );
    check(
        &[
            ("suse/osv/SUSE-SU-2024_1.json", &plain),
            ("suse/osv/SUSE-SU-2024_2.json", &paid),
        ],
        &[
            (
                "sles 15.5",
                Rpm,
                "zlib 1.2.13-150500.2.3",
                &["CVE-2024-0001 fixed 1.2.13-150500.4.3.1"],
            ),
            ("sles_sap 15.5", Rpm, "zlib 1.2.13-150500.4.3.1", &[]),
            (
                "sles 15.3",
                Rpm,
                "zlib 1.2.11-150000.3.45.1",
                &["CVE-2024-0001 will_not_fix -"],
            ),
            ("sles 15.3", Rpm, "zlib 1.2.11-150000.3.48.1", &[]),
        ],
    );
}

/// An OSV record about one package.
fn osv(id: &str, ecosystem: &str, name: &str, more: &str, affected: &str) -> String {
    format!(
        r#"{{"id":"{id}","modified":"2024-01-01T00:00:00Z",{more}"affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"{name}"}},{affected}}}]}}"#
    )
}

#[test]
fn osv_ranges_lists_and_withdrawn_records() {
    let semver = |events: &str| format!(r#""ranges":[{{"type":"SEMVER","events":[{events}]}}]"#);
    let records = [
        osv(
            "GHSA-aaaa-aaaa-aaaa",
            "npm",
            "x",
            r#""aliases":["CVE-2024-0001"],"#,
            &semver(
                r#"{"introduced":"1.0.0"},{"fixed":"1.5.0"},{"introduced":"2.0.0"},{"fixed":"2.1.0"}"#,
            ),
        ),
        osv(
            "GHSA-bbbb-bbbb-bbbb",
            "npm",
            "x",
            r#""aliases":["CVE-2024-0002"],"#,
            &semver(r#"{"introduced":"0"},{"last_affected":"1.4.0"}"#),
        ),
        osv(
            "GHSA-cccc-cccc-cccc",
            "npm",
            "x",
            r#""withdrawn":"2024-02-01T00:00:00Z","#,
            &semver(r#"{"introduced":"0"}"#),
        ),
        osv("MAL-2024-1", "npm", "x", "", r#""versions":["6.6.6"]"#),
    ];
    check(
        &[
            ("ghsa-osv/npm/a.json", &records[0]),
            ("ghsa-osv/npm/b.json", &records[1]),
            ("ghsa-osv/npm/c.json", &records[2]),
            ("ghsa-osv/npm/d.json", &records[3]),
        ],
        &[
            (
                "",
                Npm,
                "x 1.4.0",
                &[
                    "CVE-2024-0001=GHSA-aaaa-aaaa-aaaa fixed 1.5.0",
                    "CVE-2024-0002=GHSA-bbbb-bbbb-bbbb affected -",
                ],
            ),
            (
                "",
                Npm,
                "x 1.4.1",
                &["CVE-2024-0001=GHSA-aaaa-aaaa-aaaa fixed 1.5.0"],
            ),
            ("", Npm, "x 1.6.0", &[]),
            (
                "",
                Npm,
                "x 2.0.0",
                &["CVE-2024-0001=GHSA-aaaa-aaaa-aaaa fixed 2.1.0"],
            ),
            ("", Npm, "x 6.6.6", &["MAL-2024-1 affected -"]),
        ],
    );
}

#[test]
fn one_vulnerability_of_several_sources_is_one_finding() {
    let ranges = |fixed: &str| {
        format!(
            r#""ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]"#
        )
    };
    let ghsa = osv(
        "GHSA-aaaa-aaaa-aaaa",
        "PyPI",
        "Flask_Login",
        r#""aliases":["CVE-2024-0001"],"#,
        &ranges("1.0"),
    );
    let pysec = "id: PYSEC-2024-1\nmodified: 2024-01-01T00:00:00Z\naliases:\n- CVE-2024-0001\n- GHSA-aaaa-aaaa-aaaa\naffected:\n- package:\n    ecosystem: PyPI\n    name: flask-login\n  ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: '0'\n    - fixed: '1.1'\n";
    let go = osv(
        "GO-2024-1",
        "Go",
        "stdlib",
        r#""aliases":["CVE-2024-0002"],"#,
        r#""ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.20.12"},{"introduced":"1.21.0-0"},{"fixed":"1.21.5"}]}]"#,
    );
    let php = "title: x\nlink: https://example.com\ncve: CVE-2024-0003\nbranches:\n    1.x:\n        time: 2024-01-01 00:00:00\n        versions: ['>=1.0', '<1.2.3']\nreference: composer://a/b\n";
    check(
        &[
            ("ghsa-osv/PyPI/GHSA-aaaa-aaaa-aaaa.json", &ghsa),
            ("pypi/vulns/flask-login/PYSEC-2024-1.yaml", pysec),
            ("go/data/osv/GO-2024-1.json", &go),
            ("php/x/a/b/CVE-2024-0003.yaml", php),
        ],
        &[
            (
                "",
                PyPi,
                "flask.login 0.9",
                &["CVE-2024-0001=GHSA-aaaa-aaaa-aaaa=PYSEC-2024-1 fixed 1.1"],
            ),
            (
                "",
                Go,
                "stdlib go1.21.4",
                &["CVE-2024-0002=GO-2024-1 fixed 1.21.5"],
            ),
            ("", Composer, "A/B 1.2.2", &["CVE-2024-0003 fixed 1.2.3"]),
            ("", Composer, "a/b v1.2.3", &[]),
        ],
    );
}

#[test]
fn products_of_binaries_are_asked_by_their_cpe() {
    let nvd = r#"{"format":"NVD_CVE","timestamp":"2024-01-01T00:00:00.000","vulnerabilities":[
        {"cve":{"id":"CVE-2021-23017","vulnStatus":"Analyzed","configurations":[{"nodes":[{"cpeMatch":[
            {"vulnerable":true,"criteria":"cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*","versionStartIncluding":"0.6.18","versionEndExcluding":"1.20.1"}]}]}]}},
        {"cve":{"id":"CVE-2021-0001","vulnStatus":"Rejected","configurations":[{"nodes":[{"cpeMatch":[
            {"vulnerable":true,"criteria":"cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*"}]}]}]}}]}"#;
    check(
        &[("nvd/nvdcve-2.0-2021.json", nvd)],
        &[
            (
                "",
                Generic,
                "nginx 1.19.10",
                &["CVE-2021-23017 fixed 1.20.1"],
            ),
            ("", Generic, "nginx 1.20.1", &[]),
            ("", Generic, "nginx 0.6.17", &[]),
            // CPEs are for bare binaries only.
            ("", Npm, "nginx 1.19.10", &[]),
        ],
    );
}

#[test]
fn amazon_releases_and_extras_are_kept_apart() {
    let update = |id: &str, collection: &str, version: &str, release: &str| {
        format!(
            r#"<update type="security"><id>{id}</id><updated date="2024-02-03 01:00"/><severity>important</severity><references><reference id="CVE-2024-0001" type="cve"/></references><pkglist><collection short="{collection}"><name/><package name="kernel" epoch="0" version="{version}" release="{release}" arch="x86_64"/></collection></pkglist></update>"#
        )
    };
    let updates = format!(
        r#"<?xml version="1.0"?><updates>{}{}</updates>"#,
        update(
            "ALAS2-2024-1",
            "amazon-linux-2---core",
            "4.14.11",
            "1.amzn2"
        ),
        update(
            "ALASKERNEL-5.15-2024-1",
            "amazon-linux-2---kernel-5.15",
            "5.15.43",
            "20.amzn2"
        ),
    );
    let fixed_in_core = "CVE-2024-0001 fixed 4.14.11-1.amzn2";
    let fixed_in_extra = "CVE-2024-0001 fixed 5.15.43-20.amzn2";
    check(
        &[("amazon/2/core/updateinfo.xml", &updates)],
        &[
            ("amzn 2", Rpm, "kernel 4.14.10-1.amzn2", &[fixed_in_core]),
            ("amzn 2", Rpm, "kernel 4.14.11-1.amzn2", &[]),
            ("amzn 2", Rpm, "kernel 5.15.40-1.amzn2", &[fixed_in_extra]),
            ("amzn 2", Rpm, "kernel 5.15.43-20.amzn2", &[]),
            ("amzn 2023", Rpm, "kernel 4.14.10-1.amzn2023", &[]),
        ],
    );
}

#[test]
fn sources_that_name_source_packages() {
    let oval = |name: &str, version: &str| {
        format!(
            r#"<?xml version="1.0"?><oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5"><definitions><definition class="vulnerability" id="oval:com.microsoft.azurelinux:def:1" version="1"><metadata><title>x</title><affected family="unix"><platform>Azure Linux</platform></affected><reference ref_id="CVE-2024-0001" source="CVE"/><patchable>true</patchable><severity>High</severity></metadata><criteria operator="AND"><criterion comment="Package {name} is earlier than {version}, affected by CVE-2024-0001" test_ref="oval:com.microsoft.azurelinux:tst:1"/></criteria></definition></definitions><tests><rpminfo_test check="at least one" id="oval:com.microsoft.azurelinux:tst:1" version="1"><object object_ref="oval:com.microsoft.azurelinux:obj:1"/><state state_ref="oval:com.microsoft.azurelinux:ste:1"/></rpminfo_test></tests><objects><rpminfo_object id="oval:com.microsoft.azurelinux:obj:1" version="1"><name>{name}</name></rpminfo_object></objects><states><rpminfo_state id="oval:com.microsoft.azurelinux:ste:1" version="1"><evr datatype="evr_string" operation="less than">{version}</evr></rpminfo_state></states></oval_definitions>"#
        )
    };
    check(
        &[(
            "azurelinux/azurelinux-3.0-oval.xml",
            &oval("expat", "0:2.6.3-1.azl3"),
        )],
        &[
            (
                "azurelinux 3.0",
                Rpm,
                "expat-libs 2.6.2-1.azl3 expat",
                &["CVE-2024-0001 fixed 2.6.3-1.azl3"],
            ),
            ("azurelinux 3.0", Rpm, "expat-libs 2.6.3-1.azl3 expat", &[]),
        ],
    );
}
