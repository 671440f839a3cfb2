//! The days of publication that every reader gives.

use super::oval::Vendor;
use super::*;
use crate::sink::Sink;
use crate::testing::Recorder;

type Read = fn(&str, &[u8], &mut dyn Sink) -> Result<(), String>;

fn check(what: &str, read: Read, name: &str, text: &str, expected: &[&str]) {
    let days = Recorder::days_of(|recorder| read(name, text.as_bytes(), recorder));
    assert_eq!(days, expected, "{what}");
}

const JSON: Read = |_, bytes, sink| osv::json("osv", bytes, sink);

fn osv_record(head: &str) -> String {
    format!(
        r#"{{{head},"modified":"2026-01-01T00:00:00Z","affected":[{{"package":{{"ecosystem":"npm","name":"x"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}}]}}]}}]}}"#
    )
}

#[test]
fn osv_records() {
    for (what, head, expected) in [
        (
            "the day is the CVE's",
            r#""id":"GHSA-1","aliases":["CVE-2021-44228"],"published":"2021-12-10T00:40:56Z""#,
            &["CVE-2021-44228 2021-12-10"][..],
        ),
        (
            "or of all that it is about",
            r#""id":"X-1","upstream":["CVE-2021-0001","CVE-2021-0002"],"published":"2021-12-10T00:40:56Z""#,
            &["CVE-2021-0001 2021-12-10", "CVE-2021-0002 2021-12-10"],
        ),
        (
            "or its own",
            r#""id":"MAL-2024-1","aliases":["GHSA-1"],"published":"2024-06-25T12:00:00Z""#,
            &["MAL-2024-1 2024-06-25"],
        ),
        (
            "Go's placeholder",
            r#""id":"GO-2021-0001","published":"0001-01-01T00:00:00Z""#,
            &[],
        ),
        ("none", r#""id":"GHSA-1""#, &[]),
        (
            "what is related to a library's is another",
            r#""id":"GHSA-1","related":["CVE-2021-0001"],"published":"2021-12-10T00:40:56Z""#,
            &["GHSA-1 2021-12-10"],
        ),
        (
            "withdrawn",
            r#""id":"GHSA-1","withdrawn":"2024-01-01T00:00:00Z","published":"2021-12-10T00:40:56Z""#,
            &[],
        ),
    ] {
        check(what, JSON, "", &osv_record(head), expected);
    }
    check(
        "an advisory of a distribution, and what it fixes",
        JSON,
        "",
        &osv_record(
            r#""id":"ALSA-2021:1","related":["CVE-2021-0001"],"published":"2021-12-10T00:40:56Z""#,
        )
        .replace("npm", "AlmaLinux:8"),
        &["CVE-2021-0001 2021-12-10"],
    );
    check(
        "a record of commits alone",
        JSON,
        "",
        r#"{"id":"OSV-2024-1","published":"2024-06-25T12:00:00Z","affected":[]}"#,
        &[],
    );
    check(
        "YAML",
        |_, bytes, sink| osv::yaml("pypa", bytes, sink),
        "",
        "id: PYSEC-2021-1\naliases: [CVE-2021-0001]\npublished: '2021-02-01T00:00:00Z'\n",
        &["CVE-2021-0001 2021-02-01"],
    );
}

#[test]
fn lists_of_cves() {
    check(
        "NVD",
        |_, bytes, sink| nvd::read(bytes, sink),
        "",
        r#"{"vulnerabilities":[{"cve":{"id":"CVE-2021-44228","published":"2021-12-10T10:15:09.143"}},{"cve":{"id":"CVE-2021-0001","vulnStatus":"Rejected","published":"2021-01-01T00:00:00"}},{"cve":{"id":"CVE-2021-0002"}}]}"#,
        &["CVE-2021-44228 2021-12-10"],
    );
    for (state, expected) in [
        ("PUBLISHED", &["CVE-2024-0001 2024-02-03"][..]),
        ("REJECTED", &[]),
    ] {
        check(
            "CVE JSON 5",
            |_, bytes, sink| vulnrichment::read(bytes, sink),
            "",
            &format!(
                r#"{{"cveMetadata":{{"cveId":"CVE-2024-0001","state":"{state}","datePublished":"2024-02-03T04:05:06.789Z","dateReserved":"2023-12-01T00:00:00Z"}},"containers":{{}}}}"#
            ),
            expected,
        );
    }
    check(
        "Ubuntu's tracker",
        |_, bytes, sink| ubuntu_tracker::read(bytes, sink),
        "",
        "Candidate: CVE-2022-3602\nPublicDate: 2022-11-01 18:15:00 UTC\n",
        &["CVE-2022-3602 2022-11-01"],
    );
    check(
        "Ubuntu's tracker, not yet",
        |_, bytes, sink| ubuntu_tracker::read(bytes, sink),
        "",
        "PublicDate: unknown\nCandidate: CVE-2022-3602\n",
        &[],
    );
    check(
        "Red Hat's API",
        |_, bytes, sink| redhat_api::read(bytes, sink),
        "",
        r#"{"name":"CVE-2022-3602","public_date":"2022-11-01T16:00:00Z"}"#,
        &["CVE-2022-3602 2022-11-01"],
    );
}

#[test]
fn advisories_of_distributions() {
    for (what, release, expected) in [
        (
            "its own day",
            r#","release_date":"2023-10-10T00:00:00+00:00""#,
            "2023-10-10",
        ),
        ("the document's", "", "2023-10-11"),
    ] {
        check(
            what,
            |_, bytes, sink| csaf::read(bytes, sink),
            "",
            &format!(
                r#"{{"document":{{"tracking":{{"id":"x","initial_release_date":"2023-10-11T00:00:00Z","current_release_date":"2024-01-01T00:00:00Z"}}}},"vulnerabilities":[{{"cve":"CVE-2023-44487"{release}}}]}}"#
            ),
            &[&format!("CVE-2023-44487 {expected}")],
        );
    }
    check(
        "CVRF",
        |_, bytes, sink| cvrf::read(bytes, sink),
        "",
        "<cvrfdoc><DocumentTracking><Identification><ID>SUSE-SU-2023:1</ID></Identification><InitialReleaseDate>2023-02-03T04:05:06Z</InitialReleaseDate><CurrentReleaseDate>2024-01-01T00:00:00Z</CurrentReleaseDate></DocumentTracking><Vulnerability><CVE>CVE-2023-0001</CVE></Vulnerability></cvrfdoc>",
        &["CVE-2023-0001 2023-02-03"],
    );
    let oval: Read = |name, bytes, sink| oval::read(Vendor::RedHat, name, bytes, sink);
    check(
        "OVAL: the earlier of when it was issued and when each CVE was public",
        oval,
        "",
        r#"<oval_definitions><definition class="patch"><metadata><title>x</title><reference source="RHSA" ref_id="RHSA-2022:1"/><advisory><issued date="2022-11-03"/><updated date="2022-12-01"/><cve public="20221101">CVE-2022-3602</cve><cve public="20221104:1530">CVE-2022-3786</cve></advisory></metadata></definition></oval_definitions>"#,
        &["CVE-2022-3602 2022-11-01", "CVE-2022-3786 2022-11-03"],
    );
    check(
        "OVAL of Azure Linux",
        |name, bytes, sink| oval::read(Vendor::Azure, name, bytes, sink),
        "azurelinux-3.0-oval.xml",
        r#"<oval_definitions><definition><metadata><title>CVE-2024-0001 affecting x</title><reference source="CVE" ref_id="CVE-2024-0001"/><advisory_date>2024-03-04T00:00:00Z</advisory_date></metadata></definition></oval_definitions>"#,
        &["CVE-2024-0001 2024-03-04"],
    );
    check(
        "OVAL in JSON",
        |_, bytes, sink| oval_json::read(bytes, sink),
        "",
        r#"{"Class":"patch","Metadata":{"Title":"x","References":[{"Source":"RHSA","RefID":"RHSA-2022:1"}],"Advisory":{"Issued":{"Date":"2022-11-03"},"Updated":{"Date":"2022-12-01"},"Cves":[{"CveID":"CVE-2022-3602","Public":"20221101"}]}},"Criteria":{}}"#,
        &["CVE-2022-3602 2022-11-01"],
    );
    check(
        "updateinfo",
        |name, bytes, sink| updateinfo::read("amazon", name, bytes, sink),
        "amazon/2/updateinfo.xml",
        r#"<updates><update type="security"><id>ALAS2-2023-1</id><issued date="2023-02-03 04:05"/><updated date="2024-01-01 00:00"/><references><reference type="cve" id="CVE-2023-0001"/></references><pkglist><collection short="amazon-linux-2"><package name="x" version="1" release="1"/></collection></pkglist></update></updates>"#,
        &["CVE-2023-0001 2023-02-03"],
    );
    let errata: Read = |_, bytes, sink| errata_json::read(bytes, sink);
    check(
        "AlmaLinux, in seconds",
        errata,
        "",
        r#"[{"id":"ALSA-2022:1","type":"security","issued_date":1667347200,"updated_date":1700000000,"references":[{"id":"CVE-2022-3602"}],"packages":[{"name":"x","version":"1","release":"1.el9","arch":"noarch"}]}]"#,
        &["CVE-2022-3602 2022-11-02"],
    );
    check(
        "Rocky",
        errata,
        "",
        r#"[{"name":"RLSA-2022:1","kind":"Security","published_at":"2022-11-02T00:00:00Z","cves":[{"cve":"CVE-2022-3602"}],"affected_products":[{"major_version":9}],"packages":[{"nevra":"x-0:1-1.el9.noarch.rpm"}]}]"#,
        &["CVE-2022-3602 2022-11-02"],
    );
    check(
        "Bodhi",
        errata,
        "",
        r#"{"updates":[{"alias":"FEDORA-2022-1","status":"stable","type":"security","date_submitted":"2022-11-02 10:00:00","title":"x fixes CVE-2022-3602","release":{"id_prefix":"FEDORA","version":"37"},"builds":[{"nvr":"x-1-1.fc37"}]}]}"#,
        &["CVE-2022-3602 2022-11-02"],
    );
    check(
        "Debian's lists",
        |_, bytes, sink| debian_dsa::read(bytes, sink),
        "",
        "[29 Mar 2023] DSA-5380-1 xorg-server - security update\n\t{CVE-2023-1393}\n\t[bullseye] - xorg-server 2:1.20.11-1+deb11u6\n[3 Apr 2023] DSA-5381-1 x - security update\n\t[bullseye] - x 1\n",
        &["CVE-2023-1393 2023-03-29", "DSA-5381-1 2023-04-03"],
    );
}

#[test]
fn advisories_of_languages() {
    check(
        "RustSec",
        |_, bytes, sink| rustsec::read(bytes, sink),
        "",
        "```toml\n[advisory]\nid = \"RUSTSEC-2021-0001\"\npackage = \"x\"\ndate = \"2021-01-08\"\naliases = [\"CVE-2021-25900\"]\n```\n",
        &["CVE-2021-25900 2021-01-08"],
    );
    check(
        "Julia, and the records that it was made of",
        |_, bytes, sink| toml_markdown::read("julia", bytes, sink),
        "",
        "```toml\nid = \"JLSEC-2025-1\"\npublished = 2025-10-08T17:41:37.190Z\naliases = [\"CVE-2025-52479\"]\n[[affected]]\npkg = \"HTTP\"\nranges = [\"< 1.10.17\"]\n[[jlsec_sources]]\nid = \"CVE-2025-52479\"\npublished = 2025-06-25T16:15:27.017Z\n```\n",
        &["CVE-2025-52479 2025-06-25"],
    );
    check(
        "Ruby",
        rubysec::read,
        "ruby/gems/rack/CVE-2024-26141.yml",
        "gem: rack\ncve: 2024-26141\nghsa: xj5v-6v4g-jfw6\ndate: 2024-02-21\npatched_versions:\n- '>= 2.2.8.1'\n",
        &["CVE-2024-26141 2024-02-21"],
    );
    check(
        "PHP: the first branch that was fixed",
        friendsofphp::read,
        "php/symfony/x/CVE-2022-24894.yaml",
        "cve: CVE-2022-24894\nreference: composer://symfony/x\nbranches:\n  5.x:\n    time: '2023-02-01 08:00:00'\n    versions: ['>=5', '<5.4']\n  4.x:\n    time: '2023-01-31 08:00:00'\n    versions: ['>=4', '<4.4']\n",
        &["CVE-2022-24894 2023-01-31"],
    );
    check(
        "Node.js",
        node_wg::read,
        "npm/vuln/npm/65.json",
        r#"{"id":65,"module_name":"hapi","publish_date":"2015-12-23","created_at":"2016-01-01","cves":[],"vulnerable_versions":"<11.1.3"}"#,
        &["NSWG-ECO-65 2015-12-23"],
    );
    check(
        "Elixir",
        |_, bytes, sink| elixir::read(bytes, sink),
        "",
        "id: GHSA-p8f7-22gq-m7j9\npackage: phoenix\ndisclosure_date: 2022-09-15\ncve: 2022-42975\nvulnerable_version_ranges: ['< 1.6.14']\n",
        &["CVE-2022-42975 2022-09-15"],
    );
}
