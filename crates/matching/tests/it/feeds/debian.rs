//! Debian and Ubuntu.

use seaworthy_model::CoverageKind;

use super::*;
use PackageType::Deb;

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
