//! Red Hat, and those who rebuild it.

use super::*;
use PackageType::Rpm;

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
