//! Packages of languages, and bare binaries.

use super::*;
use PackageType::{Composer, Generic, Go, Npm, PyPi};

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
