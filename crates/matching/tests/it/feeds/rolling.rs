//! Alpine and Arch, whose packages have formats of their own.

use seaworthy_model::CoverageKind;

use super::*;
use PackageType::{Alpm, Apk};

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

#[test]
fn arch_groups_states_and_the_order_of_pacman() {
    let group = |name: &str, status: &str, fixed: &str, issues: &str| {
        format!(
            r#"{{"name":"{name}","packages":["openssl","lib32-openssl"],"status":"{status}","severity":"High","affected":"3.0-1","fixed":{fixed},"issues":[{issues}],"advisories":["ASA-202401-1"]}}"#
        )
    };
    let groups = format!(
        "[{},{},{},{}]",
        group(
            "AVG-1",
            "Fixed",
            r#""3.2.1-1""#,
            r#""CVE-2024-0001","CVE-2024-0002""#
        ),
        group("AVG-2", "Vulnerable", "null", r#""CVE-2024-0003""#),
        group("AVG-3", "Not affected", "null", r#""CVE-2024-0004""#),
        group("AVG-4", "Fixed", r#""1:1.0-1""#, r#""CVE-2024-0005""#),
    );
    let unfixed = "CVE-2024-0003 affected -";
    check(
        &[("arch/all.json", &groups)],
        &[
            (
                "arch rolling",
                Alpm,
                "openssl 3.2.0-5 openssl",
                &[
                    "CVE-2024-0001 fixed 3.2.1-1",
                    "CVE-2024-0002 fixed 3.2.1-1",
                    unfixed,
                    "CVE-2024-0005 fixed 1:1.0-1",
                ],
            ),
            // A release candidate is older than its release, unlike in rpm's order.
            (
                "arch rolling",
                Alpm,
                "lib32-openssl 1:1.0rc1-1 lib32-openssl",
                &[unfixed, "CVE-2024-0005 fixed 1:1.0-1"],
            ),
            ("arch rolling", Alpm, "openssl 1:1.0-1", &[unfixed]),
            ("arch rolling", Alpm, "openssl-tool 3.0-1 x", &[]),
            // Derivatives have repositories of their own.
            ("manjaro 24", Alpm, "openssl 3.0-1", &[]),
        ],
    );
    let database = database(&[("arch/all.json", &groups)]);
    let found = ask(
        &inventory("arch rolling", Alpm, "openssl 3.2.0-5"),
        &database,
    );
    let commands: Vec<&str> = { &found.findings }
        .iter()
        .filter_map(|finding| finding.fix_command.as_deref())
        .collect();
    assert_eq!(commands, ["pacman -Syu openssl"; 3]);
    let mut own = inventory("arch rolling", Alpm, "openssl 3.2.0-5");
    own.packages[0].supplier = Some("Unknown Packager".to_owned());
    let found = ask(&own, &database);
    assert!(found.findings.is_empty());
    assert_eq!(found.coverage[0].kind, CoverageKind::ThirdPartyPackage);
}
