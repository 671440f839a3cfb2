//! Other distributions of rpm packages.

use super::*;
use PackageType::Rpm;

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

#[test]
fn oracle_platforms_ksplice_and_fips() {
    let test = |n: usize, comment: &str| {
        format!(r#"<criterion comment="{comment}" test_ref="oval:com.oracle.elsa:tst:{n}"/>"#)
    };
    let definition = |id: &str, cve: &str, tests: &str| {
        format!(
            r#"<definition class="patch" id="oval:com.oracle.elsa:def:{id}" version="1"><metadata><title>ELSA-{id}: openssl security update (IMPORTANT)</title><affected family="unix"><platform>Oracle Linux 9</platform></affected><reference ref_id="elsa" source="ELSA-{id}"/><reference ref_id="{cve}" source="CVE"/><advisory><severity>IMPORTANT</severity><issued date="2022-11-01"/><cve>{cve}</cve></advisory></metadata><criteria operator="OR">{tests}</criteria></definition>"#
        )
    };
    let oval = format!(
        r#"<?xml version="1.0"?><oval_definitions><definitions>{}{}</definitions></oval_definitions>"#,
        definition(
            "2022-1",
            "CVE-2022-3602",
            &[
                test(1, "openssl-libs is earlier than 1:3.0.1-43.0.1.el9_0"),
                test(2, "openssl-libs is signed with the Oracle Linux 9 key"),
            ]
            .concat(),
        ),
        // Rebuilds for live patching and as validated cryptography are other packages.
        definition(
            "2022-2",
            "CVE-2022-0001",
            &[
                test(3, "openssl-libs is earlier than 2:3.0.1-43.ksplice1.el9_0"),
                test(4, "openssl-libs is earlier than 10:3.0.1-43.el9_fips"),
            ]
            .concat(),
        ),
    );
    check(
        &[("oracle/com.oracle.elsa-all.xml", &oval)],
        &[
            (
                "ol 9.1",
                Rpm,
                "openssl-libs 1:3.0.1-41.0.1.el9 openssl",
                &["CVE-2022-3602 fixed 1:3.0.1-43.0.1.el9_0"],
            ),
            (
                "ol 9.1",
                Rpm,
                "openssl-libs 1:3.0.1-43.0.1.el9_0 openssl",
                &[],
            ),
            ("ol 8.7", Rpm, "openssl-libs 1:3.0.1-41.el9", &[]),
        ],
    );
}

#[test]
fn photon_lists_by_release_with_what_has_no_fix() {
    let list = r#"[
        {"cve_id":"CVE-2025-0001","pkg":"curl","cve_score":7.5,"aff_ver":"all versions before 8.16.0-1.ph5 are vulnerable","res_ver":"8.16.0-1.ph5","status":"Fixed"},
        {"cve_id":"CVE-2025-0002","pkg":"curl","cve_score":5.0,"aff_ver":"8.1-1.ph5","res_ver":"NA","status":"Not Fixed"},
        {"cve_id":"CVE-2025-0003","pkg":"curl","cve_score":5.0,"aff_ver":"NA","res_ver":"NA","status":"Not Affected"}]"#;
    check(
        &[("photon/cve_data_photon5.0.json", list)],
        &[
            (
                "photon 5.0",
                Rpm,
                "curl-libs 8.12.0-3.ph5 curl",
                &[
                    "CVE-2025-0001 fixed 8.16.0-1.ph5",
                    "CVE-2025-0002 affected -",
                ],
            ),
            (
                "photon 5.0",
                Rpm,
                "curl 8.16.0-1.ph5",
                &["CVE-2025-0002 affected -"],
            ),
            ("photon 4.0", Rpm, "curl 8.12.0-3.ph4", &[]),
        ],
    );
}

#[test]
fn fedora_releases_cves_in_titles_and_updates_in_testing() {
    let update = |id: &str, release: u32, bug: &str, version: &str, kind: &str| {
        format!(
            r#"<update status="final" type="{kind}" version="2.0"><id>FEDORA-2024-{id}</id><title>curl-{version}</title><issued date="2024-02-03 01:00:00"/><release>Fedora {release}</release><severity>Moderate</severity><references><reference href="https://bugzilla.example.com/1" id="1" title="{bug}" type="bugzilla"/></references><pkglist><collection short="F{release}"><name>Fedora {release}</name><package name="libcurl" version="{version}" release="1.fc{release}" epoch="0" arch="x86_64"/><package name="curl-debuginfo" version="{version}" release="1.fc{release}" epoch="0" arch="x86_64"/></collection></pkglist></update>"#
        )
    };
    let updates = format!(
        r#"<?xml version="1.0"?><updates>{}{}{}</updates>"#,
        update(
            "1",
            40,
            "CVE-2024-0001 curl: a flaw [fedora-all]",
            "8.6.1",
            "security"
        ),
        update(
            "2",
            39,
            "CVE-2024-0001 curl: a flaw [fedora-all]",
            "8.2.2",
            "security"
        ),
        update("3", 40, "curl: new upstream release", "8.7.0", "bugfix"),
    );
    let build = |id: &str, status: &str, version: &str| {
        format!(
            r#"{{"alias":"FEDORA-2024-{id}","status":"{status}","type":"security","severity":"high","date_submitted":"2024-03-01 10:00:00","title":"curl","bugs":[{{"title":"CVE-2024-{id} curl"}}],"release":{{"id_prefix":"FEDORA","version":"40"}},"builds":[{{"nvr":"curl-{version}-1.fc40","type":"rpm","epoch":0}}]}}"#
        )
    };
    let bodhi = format!(
        r#"{{"updates":[{},{}]}}"#,
        build("0002", "stable", "8.6.2"),
        build("0003", "testing", "8.6.3")
    );
    check(
        &[
            ("fedora/40/updateinfo.xml", &updates),
            ("fedora/bodhi.json", &bodhi),
        ],
        &[
            (
                "fedora 40",
                Rpm,
                "libcurl 8.6.0-7.fc40 curl",
                &[
                    "CVE-2024-0001 fixed 8.6.1-1.fc40",
                    "CVE-2024-0002 fixed 8.6.2-1.fc40",
                ],
            ),
            (
                "fedora 40",
                Rpm,
                "libcurl 8.6.1-1.fc40 curl",
                &["CVE-2024-0002 fixed 8.6.2-1.fc40"],
            ),
            (
                "fedora 39",
                Rpm,
                "libcurl 8.2.1-1.fc39 curl",
                &["CVE-2024-0001 fixed 8.2.2-1.fc39"],
            ),
            ("fedora 41", Rpm, "libcurl 8.6.0-7.fc41 curl", &[]),
        ],
    );
}
