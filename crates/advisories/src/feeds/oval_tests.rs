use super::*;
use crate::testing::Recorder;

/// A document of definitions, and of tests on `NAME OPERATION VERSION` (numbered from 1).
fn document(definitions: &str, tests: &[(&str, &str, &str)]) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\"?><oval_definitions xmlns:l=\"x\"><generator><timestamp>2024-05-06T07:08:09</timestamp></generator><definitions>{definitions}</definitions><tests>"
    );
    for (n, (_, operation, _)) in tests.iter().enumerate() {
        let state = if operation.is_empty() {
            String::new()
        } else {
            format!("<l:state state_ref=\"s{n}\"/>")
        };
        text.push_str(&format!(
            "<l:rpminfo_test id=\"t{n}\" comment=\"x\"><l:object object_ref=\"o{n}\"/>{state}</l:rpminfo_test>"
        ));
    }
    text.push_str("</tests><objects>");
    for (n, (name, ..)) in tests.iter().enumerate() {
        text.push_str(&format!(
            "<l:rpminfo_object id=\"o{n}\"><l:name>{name}</l:name></l:rpminfo_object>"
        ));
    }
    text.push_str("</objects><states>");
    for (n, (_, operation, version)) in tests.iter().enumerate() {
        let inner = if *operation == "equals" {
            format!("<l:version operation=\"equals\">{version}</l:version>")
        } else {
            format!("<l:evr datatype=\"evr_string\" operation=\"{operation}\">{version}</l:evr>")
        };
        text.push_str(&format!(
            "<l:rpminfo_state id=\"s{n}\">{inner}</l:rpminfo_state>"
        ));
    }
    text.push_str("</states></oval_definitions>");
    text
}

fn read_as(vendor: Vendor, name: &str, text: &str) -> Vec<String> {
    Recorder::of(|recorder| read(vendor, name, text.as_bytes(), recorder))
}

#[test]
fn red_hats_patches_unfixed_ones_modules_and_extended_streams() {
    let definition = |class: &str, reference: &str, cpe: &str, advisory: &str, criteria: &str| {
        format!(
            "<definition class=\"{class}\"><metadata><title>x</title>{reference}<reference source=\"CVE\" ref_id=\"CVE-2023-0001\"/><advisory><severity>Important</severity><updated date=\"2023-09-01\"/><cve cvss3=\"7.5/CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H\">CVE-2023-0001</cve><affected_cpe_list><cpe>{cpe}</cpe></affected_cpe_list>{advisory}</advisory></metadata><criteria operator=\"AND\"><criterion comment=\"Red Hat Enterprise Linux 8 is installed\" test_ref=\"none\"/>{criteria}</criteria></definition>"
        )
    };
    let rhsa = "<reference source=\"RHSA\" ref_id=\"RHSA-2023:1\"/>";
    let rhea = "<reference source=\"RHEA\" ref_id=\"RHEA-2020:0330\"/>";
    let plain = "cpe:/a:redhat:enterprise_linux:8::appstream";
    let text = document(
        &[
            definition("patch", rhsa, plain, "", "<criterion comment=\"Module nodejs:18 is enabled\" test_ref=\"m\"/><criteria operator=\"OR\"><criteria operator=\"AND\"><criterion comment=\"nodejs is earlier than x\" test_ref=\"t0\"/><criterion comment=\"nodejs is signed with Red Hat key\" test_ref=\"t0\"/></criteria></criteria>"),
            definition("vulnerability", "", plain, "<affected><resolution state=\"Will not fix\"/></affected>", "<criterion comment=\"zlib is installed\" test_ref=\"t1\"/>"),
            definition("vulnerability", "", plain, "<affected><resolution state=\"Fix deferred\"/></affected>", "<criterion comment=\"curl is installed\" test_ref=\"gone\"/>"),
            definition("patch", rhsa, "cpe:/o:redhat:rhel_eus:8.6::baseos", "", "<criterion comment=\"glibc is earlier than 0:2.28-189.el8_6\" test_ref=\"gone\"/>"),
            definition("patch", rhea, plain, "", "<criterion comment=\"npm is earlier than 1:6\" test_ref=\"gone\"/>"),
            definition("patch", rhsa, "cpe:/a:redhat:openshift:4.12::el8", "", "<criterion comment=\"cri-o is earlier than 0:1\" test_ref=\"gone\"/>"),
            "<definition class=\"patch\"><metadata><title>nothing</title></metadata></definition>".to_owned(),
        ]
        .concat(),
        &[("nodejs", "less than", "1:18.1-1.module+el8"), ("zlib", "", "")],
    );
    assert_eq!(
        read_as(Vendor::RedHat, "rhel-8.oval.xml", &text),
        [
            "rhel:8 curl CVE-2023-0001 fix_deferred !high",
            "rhel:8 glibc CVE-2023-0001 @RHSA-2023:1 will_not_fix !high [,2.28-189.el8_6)",
            "rhel:8 nodejs CVE-2023-0001 @RHSA-2023:1 %nodejs:18 fixed !high [,1:18.1-1.module+el8)",
            "rhel:8 npm CVE-2023-0001 @RHEA-2020:0330 fixed !high [,1:6)",
            "rhel:8 zlib CVE-2023-0001 will_not_fix !high",
            "broken: `nothing` names neither a CVE nor an advisory",
        ]
    );
}

#[test]
fn oracles_flavours_are_left_out() {
    let text = "<oval_definitions><definitions><definition class=\"patch\"><metadata><title>\nELSA-2021-1: x\n</title><affected><platform>Oracle Linux 8</platform></affected><reference source=\"elsa\" ref_id=\"ELSA-2021-1\"/><reference source=\"CVE\" ref_id=\"CVE-2021-0001\"/><reference source=\"CVE\" ref_id=\"CVE-2021-0002\"/><advisory><severity>MODERATE</severity></advisory></metadata><criteria operator=\"AND\"><criterion comment=\"Oracle Linux 8 is installed\" test_ref=\"a\"/><criteria operator=\"OR\"><criterion comment=\"openssl is earlier than 1:1.1.1k-4.el8\" test_ref=\"b\"/><criterion comment=\"glibc is earlier than 2:2.28-151.0.1.ksplice2.el8\" test_ref=\"c\"/><criterion comment=\"gnutls is earlier than 10:3.6.16-4.0.1.el8_fips\" test_ref=\"d\"/></criteria></criteria></definition></definitions></oval_definitions>";
    assert_eq!(
        read_as(Vendor::Oracle, "com.oracle.elsa-all.xml", text),
        [
            "oracle:8 openssl CVE-2021-0001 @ELSA-2021-1 fixed !medium [,1:1.1.1k-4.el8)",
            "oracle:8 openssl CVE-2021-0002 @ELSA-2021-1 fixed !medium [,1:1.1.1k-4.el8)",
        ]
    );
}

#[test]
fn suses_packages_belong_to_the_products_beside_them() {
    let products = |names: &[&str]| {
        let tests: String = names
            .iter()
            .map(|name| format!("<criterion comment=\"{name} is installed\" test_ref=\"p\"/>"))
            .collect();
        format!("<criteria operator=\"OR\">{tests}</criteria>")
    };
    let package = |n: u32| {
        format!("<criteria operator=\"OR\"><criterion comment=\"x\" test_ref=\"t{n}\"/></criteria>")
    };
    let definition = format!(
        "<definition class=\"vulnerability\"><metadata><title>CVE-2023-0001</title><affected><platform>SUSE Linux Enterprise Server 15 SP4</platform></affected><reference source=\"CVE\" ref_id=\"Mitre CVE-2023-0001\"/><reference source=\"SUSE CVE\" ref_id=\"SUSE CVE-2023-0001\"/><advisory><severity>Moderate</severity></advisory></metadata><criteria operator=\"OR\"><criteria operator=\"AND\">{}{}</criteria><criteria operator=\"AND\">{}{}</criteria><criteria operator=\"AND\">{}{}</criteria><criteria operator=\"AND\">{}{}</criteria></criteria></definition>",
        products(&[
            "SUSE Linux Enterprise Server 15 SP4",
            "SUSE Linux Enterprise Module for Basesystem 15 SP4"
        ]),
        package(0),
        products(&["openSUSE Leap 15.4"]),
        package(1),
        products(&["SUSE Linux Enterprise Server 15 SP2-LTSS"]),
        package(2),
        products(&["SUSE Linux Enterprise Server 15 SP4"]),
        package(3),
    );
    let text = document(
        &definition,
        &[
            ("libcurl4", "less than", "0:7.79-1.2"),
            ("kernel-default", "equals", "0"),
            ("curl", "less than", "0:7.60-9"),
            ("wget", "greater than", "0:0-0"),
        ],
    );
    assert_eq!(
        read_as(Vendor::Suse, "suse.xml", &text),
        [
            "opensuse-leap:15.4 kernel-default CVE-2023-0001 not_affected !medium",
            "sles:15.2 curl CVE-2023-0001 will_not_fix !medium [,7.60-9)",
            "sles:15.4 libcurl4 CVE-2023-0001 fixed !medium [,7.79-1.2)",
            "sles:15.4 wget CVE-2023-0001 affected !medium",
        ]
    );
}

#[test]
fn photon_azure_and_mariner() {
    let photon = document(
        "<definition class=\"patch\"><metadata><title>PHSA-2024:00001 ansible Security Update. (Important)</title><affected><platform>Photon 5</platform></affected><reference source=\"PHSA\" ref_id=\"PHSA:00001:5.0:184\"/><reference source=\"CVE\" ref_id=\"CVE:00001:CVE-2023-5115\"/><advisory><severity>Important</severity></advisory></metadata><criteria operator=\"AND\"><criterion comment=\"Photon OS 5 is installed\" test_ref=\"t1\"/><criterion comment=\"ansible is earlier than 0:2.14.12-1.ph5\" test_ref=\"t0\"/></criteria></definition>",
        &[
            ("ansible", "less than", "0:2.14.12-1.ph5"),
            ("photon-release", "equals", "5"),
        ],
    );
    assert_eq!(
        read_as(Vendor::Photon, "com.vmware.phsa-photon5.xml", &photon),
        ["photon:5.0 ansible CVE-2023-5115 @PHSA-2024:00001 fixed !high [,2.14.12-1.ph5)"]
    );
    let azure = |platform: &str, patchable: &str| {
        format!(
            "<definition class=\"vulnerability\"><metadata><title>x</title><affected><platform>{platform}</platform></affected><reference source=\"CVE\" ref_id=\"CVE-2024-0001\"/><patchable>{patchable}</patchable><advisory_date>2024-07-23T22:05:39Z</advisory_date><severity>High</severity></metadata><criteria operator=\"AND\"><criterion comment=\"Package x is earlier than 1-3\" test_ref=\"t0\"/></criteria></definition>"
        )
    };
    for (platform, patchable, operation, name, expected) in [
        (
            "Azure Linux",
            "true",
            "less than",
            "azurelinux-3.0-oval.xml",
            Some("azurelinux:3.0 x CVE-2024-0001 fixed !high [,1-3.azl3)"),
        ),
        (
            "CBL-Mariner",
            "false",
            "less than or equal",
            "cbl-mariner-2.0-oval.xml",
            Some("mariner:2.0 x CVE-2024-0001 affected !high [,1-3.azl3]"),
        ),
        (
            "Azure Linux",
            "Not Applicable",
            "less than",
            "azurelinux-3.0-oval.xml",
            None,
        ),
        ("Azure Linux", "true", "less than", "oval.xml", None),
    ] {
        let text = document(
            &azure(platform, patchable),
            &[("x", operation, "0:1-3.azl3")],
        );
        assert_eq!(
            read_as(Vendor::Azure, name, &text),
            expected.into_iter().collect::<Vec<_>>(),
            "{name}"
        );
    }
}

#[test]
fn damage_is_an_error() {
    for bad in ["", "<oval_definitions>", "nonsense"] {
        assert!(
            read(
                Vendor::Oracle,
                "x",
                bad.as_bytes(),
                &mut Recorder::default()
            )
            .is_err(),
            "{bad}"
        );
    }
}

#[test]
fn almalinux_names_its_releases_by_cpe() {
    let text = "<oval_definitions><definitions><definition class=\"patch\"><metadata><title>ALSA-2022:1: x security update</title><reference ref_id=\"ALSA-2022:1\" source=\"ALSA\"/><reference ref_id=\"CVE-2022-0001\" source=\"CVE\"/><advisory><severity>Important</severity><affected_cpe_list><cpe>cpe:/a:almalinux:almalinux:9</cpe><cpe>cpe:/a:almalinux:almalinux:9::appstream</cpe></affected_cpe_list></advisory></metadata><criteria operator=\"OR\"><criterion comment=\"AlmaLinux must be installed\" test_ref=\"a\"/><criteria operator=\"AND\"><criterion comment=\"x is earlier than 0:1.0-1.el9_0.alma\" test_ref=\"b\"/></criteria></criteria></definition></definitions></oval_definitions>";
    let rows = read_as(Vendor::AlmaLinux, "org.almalinux.alsa-9.xml", text);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(
        rows[0].starts_with("almalinux:9 x CVE-2022-0001") && rows[0].contains("1.0-1.el9_0.alma"),
        "{rows:?}"
    );
}
