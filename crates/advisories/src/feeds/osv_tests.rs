use super::*;
use crate::testing::Recorder;

fn lines(record: &str) -> Vec<String> {
    let mut recorder = Recorder::default();
    json("osv", record.as_bytes(), &mut recorder).expect(record);
    recorder.lines()
}

fn language(ranges: &str, versions: &str) -> Vec<String> {
    lines(&format!(
        r#"{{"id":"GHSA-aaaa-1111","modified":"2024-01-01T00:00:00Z","aliases":["CVE-2024-0001"],
            "severity":[{{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}],
            "database_specific":{{"severity":"HIGH"}},
            "affected":[{{"package":{{"ecosystem":"npm","name":"x"}},"ranges":{ranges},"versions":{versions}}}]}}"#
    ))
}

#[test]
fn ranges_become_intervals() {
    let head = "npm x CVE-2024-0001 =GHSA-aaaa-1111 @GHSA-aaaa-1111";
    for (ranges, versions, expected) in [
        (
            r#"[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.0"}]}]"#,
            "[]",
            "fixed !high [,1.2.0)",
        ),
        (
            r#"[{"type":"SEMVER","events":[{"introduced":"2.0.0"},{"fixed":"2.1.0"},{"introduced":"1.0.0"},{"last_affected":"1.5.0"}]}]"#,
            "[]",
            "fixed !high [1.0.0,1.5.0] [2.0.0,2.1.0)",
        ),
        (
            r#"[{"type":"SEMVER","events":[{"introduced":"1.0.0"}]}]"#,
            r#"["0.9.0","1.1.0"]"#,
            "affected !high [1.0.0,) ==0.9.0",
        ),
        ("null", r#"["0.9.0"]"#, "affected !high ==0.9.0"),
    ] {
        assert_eq!(
            language(ranges, versions),
            [format!("{head} {expected}")],
            "{ranges}"
        );
    }
    let git = r#"[{"type":"GIT","events":[{"introduced":"0"}]}]"#;
    assert!(language(git, "[]").is_empty());
}

#[test]
fn withdrawn_records_and_other_ecosystems_give_nothing() {
    for record in [
        r#"{"id":"X-1","withdrawn":"2024-01-01","affected":[{"package":{"ecosystem":"npm","name":"x"},"versions":["1"]}]}"#,
        r#"{"id":"X-1","affected":[{"package":{"ecosystem":"OSS-Fuzz","name":"x"},"versions":["1"]}]}"#,
        r#"{"id":"X-1","affected":[{"package":{"ecosystem":"Debian","name":"x"},"versions":["1"]}]}"#,
        r#"{"id":"X-1"}"#,
        r#"{"id":"ALBA-2024:1","affected":[{"package":{"ecosystem":"AlmaLinux:9","name":"x"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1-1.el9"}]}]}]}"#,
        r#"{"id":"RUSTSEC-1","affected":[{"package":{"ecosystem":"crates.io","name":"x"},"database_specific":{"informational":"unmaintained"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#,
    ] {
        assert!(lines(record).is_empty(), "{record}");
    }
}

#[test]
fn an_advisory_of_a_distribution_gives_a_row_for_each_cve() {
    let record = r#"{"id":"ALSA-2022:1","related":["CVE-2022-0001","CVE-2022-0002"],"summary":"Important: x security update",
        "affected":[{"package":{"ecosystem":"AlmaLinux:8","name":"x-libs"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.0-2.el8"}]}]}]}"#;
    assert_eq!(
        lines(record),
        [
            "almalinux:8 x-libs CVE-2022-0001 @ALSA-2022:1 fixed !high [,1.0-2.el8)",
            "almalinux:8 x-libs CVE-2022-0002 @ALSA-2022:1 fixed !high [,1.0-2.el8)",
        ]
    );
}

#[test]
fn a_fix_for_subscribers_is_none_for_the_others() {
    let record = r#"{"id":"UBUNTU-CVE-2022-0001","upstream":["CVE-2022-0001"],
        "affected":[{"package":{"ecosystem":"Ubuntu:Pro:18.04:LTS","name":"x"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.0+esm1"}]}]},
                    {"package":{"ecosystem":"Ubuntu:Pro:FIPS:18.04:LTS","name":"x"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}]}"#;
    assert_eq!(
        lines(record),
        ["ubuntu:18.04 x CVE-2022-0001 will_not_fix [,1.0+esm1)"]
    );
}

#[test]
fn names_are_those_of_the_shard() {
    for (ecosystem, name, expected) in [
        (Ecosystem::PyPi, "Zope.Interface__x", "zope-interface-x"),
        (Ecosystem::NuGet, "Newtonsoft.Json", "newtonsoft.json"),
        (Ecosystem::Packagist, "Symfony/Yaml", "symfony/yaml"),
        (Ecosystem::Npm, "JSONStream", "JSONStream"),
    ] {
        assert_eq!(package_name_in(ecosystem, name), expected);
    }
}

#[test]
fn yaml_is_read_too_and_damage_is_an_error() {
    let text = "id: PYSEC-2024-1\nmodified: '2024-01-01T00:00:00Z'\naliases:\n- CVE-2024-0002\naffected:\n- package:\n    ecosystem: PyPI\n    name: Some.Name\n  ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: '0'\n    - fixed: 1.2\n  versions:\n  - '1.0'\n";
    let mut recorder = Recorder::default();
    yaml("pypa", text.as_bytes(), &mut recorder).unwrap();
    assert_eq!(
        recorder.lines(),
        ["pypi some-name CVE-2024-0002 =PYSEC-2024-1 @PYSEC-2024-1 fixed [,1.2)"]
    );
    assert!(json("osv", b"{\"id\":7}", &mut recorder).is_err());
    for bad in ["", "{", "[]", "{\"id\":\"\"}", "\u{0}"] {
        assert!(json("osv", bad.as_bytes(), &mut recorder).is_err(), "{bad}");
        assert!(yaml("osv", bad.as_bytes(), &mut recorder).is_err(), "{bad}");
    }
}

fn affected(ecosystem: &str, fixed: &str) -> Vec<String> {
    lines(&format!(
        r#"{{"id":"X-2024:1","upstream":["CVE-2024-0001"],"severity":[{{"type":"Ubuntu","score":"low"}}],
        "affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"x"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}]}}"#
    ))
}

#[test]
fn every_distribution_and_ecosystem_has_its_shard() {
    for (ecosystem, fixed, expected) in [
        (
            "Alpine:v3.19",
            "1-r1",
            "alpine:3.19 x CVE-2024-0001 @X-2024:1 fixed !low [,1-r1)",
        ),
        (
            "Ubuntu:24.04:LTS",
            "1",
            "ubuntu:24.04 x CVE-2024-0001 @X-2024:1 fixed !low [,1)",
        ),
        (
            "Rocky Linux:9",
            "1",
            "rocky:9 x CVE-2024-0001 @X-2024:1 fixed !low [,1)",
        ),
        (
            "Photon OS:5.0",
            "1",
            "photon:5.0 x CVE-2024-0001 @X-2024:1 fixed !low [,1)",
        ),
        (
            "SUSE:Linux Enterprise Module for Basesystem 15 SP5",
            "1",
            "sles:15.5 x CVE-2024-0001 @X-2024:1 fixed !low [,1)",
        ),
        (
            "SUSE:Linux Enterprise Server 15 SP2-LTSS",
            "1",
            "sles:15.2 x CVE-2024-0001 @X-2024:1 will_not_fix !low [,1)",
        ),
        (
            "openSUSE:Leap 15.6",
            "1",
            "opensuse-leap:15.6 x CVE-2024-0001 @X-2024:1 fixed !low [,1)",
        ),
        (
            "openSUSE:Tumbleweed",
            "1",
            "opensuse-tumbleweed x CVE-2024-0001 @X-2024:1 fixed !low [,1)",
        ),
        (
            "Red Hat:enterprise_linux:9::baseos",
            "1",
            "rhel:9 x CVE-2024-0001 @X-2024:1 fixed !low [,1)",
        ),
        (
            "Red Hat:rhel_eus:9.2::appstream",
            "1.el9_2",
            "rhel:9 x CVE-2024-0001 @X-2024:1 will_not_fix !low [,1.el9_2)",
        ),
        (
            "Wolfi",
            "1-r1",
            "wolfi x CVE-2024-0001 @X-2024:1 fixed !low [,1-r1)",
        ),
        (
            "Bitnami",
            "1",
            "generic x CVE-2024-0001 =X-2024:1 @X-2024:1 fixed !low [,1)",
        ),
        (
            "Julia",
            "1",
            "julia x CVE-2024-0001 =X-2024:1 @X-2024:1 fixed !low [,1)",
        ),
        (
            "CRAN",
            "1",
            "cran x CVE-2024-0001 =X-2024:1 @X-2024:1 fixed !low [,1)",
        ),
        ("Hex", "1", "hex x X-2024:1 fixed !low [,1)"),
        (
            "GitHub Actions",
            "1",
            "github-actions x CVE-2024-0001 =X-2024:1 @X-2024:1 fixed !low [,1)",
        ),
    ] {
        assert_eq!(affected(ecosystem, fixed), [expected], "{ecosystem}");
    }
    for ecosystem in [
        "Linux",
        "Alpine",
        "Ubuntu:Pro:FIPS:22.04:LTS",
        "SUSE:Manager Server 4.3",
    ] {
        assert!(affected(ecosystem, "1").is_empty(), "{ecosystem}");
    }
}

#[test]
fn a_malicious_package_is_critical() {
    let record = r#"{"id":"MAL-2024-1","affected":[{"package":{"ecosystem":"npm","name":"evil"},"versions":["1.0.0"],"ranges":[]}]}"#;
    assert_eq!(
        lines(record),
        ["npm evil MAL-2024-1 affected !critical ==1.0.0"]
    );
}

#[test]
fn last_affected_is_the_last_one() {
    assert_eq!(
        language(
            r#"[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"last_affected":"1.4.2"}]}]"#,
            "[]"
        ),
        ["npm x CVE-2024-0001 =GHSA-aaaa-1111 @GHSA-aaaa-1111 affected !high [1.0.0,1.4.2]"]
    );
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let mut recorder = Recorder::default();
        let _ = json("osv", &bytes, &mut recorder);
        let _ = yaml("osv", &bytes, &mut recorder);
    }
}

#[test]
fn packages_that_claim_to_be_of_another_distribution_go_to_their_own() {
    let record = r#"{"id":"CLEANSTART-2026-XL70757","upstream":["CVE-2026-0001","CVE-2026-0002"],"affected":[{"package":{"ecosystem":"Alpine","name":"step"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"0.29.0-r1"}]}],"versions":["0.29.0-r1"]}]}"#;
    assert_eq!(
        Recorder::of(|recorder| json_of("cleanstart", "CleanStart", record.as_bytes(), recorder)),
        [
            "cleanstart step CVE-2026-0001 @CLEANSTART-2026-XL70757 fixed [,0.29.0-r1)",
            "cleanstart step CVE-2026-0002 @CLEANSTART-2026-XL70757 fixed [,0.29.0-r1)",
        ]
    );
}

#[test]
fn an_erratum_of_bugs_counts_when_it_fixes_a_vulnerability() {
    let record = r#"{"id":"ALBA-2024:1","related":["CVE-2024-0001"],"affected":[{"package":{"ecosystem":"AlmaLinux:9","name":"x"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1-1.el9"}]}]}]}"#;
    assert_eq!(
        lines(record),
        ["almalinux:9 x CVE-2024-0001 @ALBA-2024:1 fixed [,1-1.el9)"]
    );
}
