//! Documents as a whole: our own without loss, other tools' as they write them, hostile ones.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, helpers included"
)]

use std::path::Path;

use seaworthy_model::{
    CoverageEntry, CoverageKind, DependencyScope, Distribution, Evidence, Finding, ImageFacts,
    Inventory, Layer, MatchReason, Origin, Package, PackageType, Rating, Relationship, Severity,
    State, Tool,
};
use seaworthy_sbom::{Document, Error, SbomFormat, read, write_cyclonedx};

fn package(kind: PackageType, name: &str, version: &str, layer: u32, path: &str) -> Package {
    let mut package = Package::new(kind, name, version, path);
    package.evidence.layer = Some(layer);
    package
}

fn inventory() -> Inventory {
    let layers = (0..3)
        .map(|index| Layer {
            index,
            digest: (index != 1).then(|| format!("sha256:{index:064x}")),
            diff_id: format!("sha256:{:064x}", index + 16),
            size: 10,
            created_by: Some("RUN a \"b\" \u{1b}[31m".to_owned()),
            base: index == 0,
        })
        .collect();
    let mut zlib = package(
        PackageType::Deb,
        "zlib1g",
        "1:1.2.13.dfsg-1",
        0,
        "var/lib/dpkg/status",
    );
    zlib.arch = Some("amd64".to_owned());
    zlib.source_name = Some("zlib".to_owned());
    zlib.source_version = Some("1:1.2.13-2".to_owned());
    zlib.supplier = Some("Jane <jane@example.com>".to_owned());
    zlib.licenses = vec!["Zlib".to_owned(), "MIT OR Apache-2.0".to_owned()];
    let mut empty = package(
        PackageType::Deb,
        "adduser",
        "3.134",
        0,
        "var/lib/dpkg/status",
    );
    empty.source_name = Some(String::new());
    let mut module = package(
        PackageType::Rpm,
        "nginx",
        "1:1.14-2.el8",
        1,
        "var/lib/rpm/rpmdb.sqlite",
    );
    module.module = Some("nginx:1.14:8010:abc".to_owned());
    let mut lodash = package(
        PackageType::Npm,
        "lodash",
        "4.17.15",
        2,
        "b/node_modules/lodash/package.json",
    );
    lodash.licenses = vec!["MIT".to_owned()];
    let packages = vec![
        empty,
        zlib,
        module,
        package(PackageType::Npm, "@scope/x y", "1.0.0", 2, "a/package.json"),
        package(
            PackageType::Npm,
            "lodash",
            "4.17.15",
            1,
            "a/node_modules/lodash/package.json",
        ),
        lodash,
        package(
            PackageType::Maven,
            "org.x:y",
            "2.0",
            2,
            "app.jar!/BOOT-INF/lib/y.jar",
        ),
        package(PackageType::Generic, "thing", "", 2, "bin/thing"),
    ];
    let mut inventory = Inventory {
        distribution: Some(Distribution {
            id: "debian".to_owned(),
            version: "12.5".to_owned(),
            name: "Debian 12.5".to_owned(),
        }),
        packages,
        image: Some(ImageFacts {
            manifest_digest: Some(format!("sha256:{:064x}", 9)),
            config_digest: Some(format!("sha256:{:064x}", 8)),
            platform: "linux/amd64".to_owned(),
            user: "app".to_owned(),
            user_id: Some(1000),
            created: Some("2026-01-02T03:04:05Z".to_owned()),
            layers,
            labels: [("a".to_owned(), "b".to_owned())].into(),
        }),
        ..Inventory::default()
    };
    inventory.content_sets = vec!["rhel-9-for-x86_64-baseos-eus-rpms".to_owned()];
    inventory.package_managers = Some(vec!["usr/bin/apt".to_owned(), "usr/bin/x=\"y".to_owned()]);
    inventory.coverage.add(CoverageEntry::new(
        CoverageKind::SkippedFile,
        "a/big",
        "too large",
    ));
    inventory
}

fn finding(package: usize, id: &str) -> Finding {
    Finding {
        id: id.to_owned(),
        aliases: vec!["GHSA-xxxx-yyyy-zzzz".to_owned()],
        package,
        state: State::Fixed,
        severity: Severity::Negligible,
        severity_source: "debian".to_owned(),
        ratings: vec![Rating {
            source: "nvd".to_owned(),
            severity: Severity::Critical,
            vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned()),
            score: Some(9.8),
        }],
        epss: None,
        published: "2023-10-14".parse().ok(),
        kev: None,
        fixed_version: Some("1:1.2.13.dfsg-2".to_owned()),
        fix_command: None,
        origin: Origin::Base,
        reason: MatchReason {
            source: "debian-tracker".to_owned(),
            ..MatchReason::default()
        },
    }
}

fn tool() -> Tool {
    Tool {
        name: "seaworthy".to_owned(),
        version: "0.1.0".to_owned(),
    }
}

fn written(inventory: &Inventory, findings: &[Finding]) -> Vec<u8> {
    let mut out = Vec::new();
    write_cyclonedx(
        &Document {
            inventory,
            target_name: "registry.example.com:5000/shop/web:1.8",
            tool: &tool(),
            findings,
            licenses: true,
        },
        &mut out,
    )
    .unwrap();
    out
}

#[test]
fn our_own_document_is_read_without_loss() {
    let inventory = inventory();
    let bytes = written(&inventory, &[]);
    let read = read(&bytes).unwrap();
    assert_eq!(read.inventory, inventory);
    assert_eq!(read.target_name, "registry.example.com:5000/shop/web:1.8");
    assert_eq!(read.tool, tool());
    assert_eq!(read.format, SbomFormat::CycloneDx);
    assert_eq!(written(&read.inventory, &[]), bytes);
}

#[test]
fn a_directory_without_distribution_is_read_without_loss() {
    let inventory = Inventory {
        packages: vec![Package::new(PackageType::Cargo, "a", "1.0.0", "Cargo.lock")],
        ..Inventory::default()
    };
    assert_eq!(
        read(&written(&inventory, &[])).unwrap().inventory,
        inventory
    );
}

#[test]
fn references_and_purls_are_unique_and_gitlab_properties_are_there() {
    let inventory = inventory();
    let findings = [
        finding(1, "CVE-2023-45853"),
        finding(4, "CVE-2019-10744"),
        finding(5, "CVE-2019-10744"),
    ];
    let bom: serde_json::Value = serde_json::from_slice(&written(&inventory, &findings)).unwrap();
    let components = bom["components"].as_array().unwrap();
    let mut references: Vec<_> = components
        .iter()
        .map(|c| c["bom-ref"].as_str().unwrap())
        .collect();
    references.extend(
        bom["vulnerabilities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v["bom-ref"].as_str().unwrap()),
    );
    references.push(bom["metadata"]["component"]["bom-ref"].as_str().unwrap());
    let count = references.len();
    references.sort_unstable();
    references.dedup();
    assert_eq!(references.len(), count);
    let lodash: Vec<_> = components
        .iter()
        .filter(|c| c["name"] == "lodash")
        .collect();
    assert_eq!(lodash.len(), 1);
    assert_eq!(
        lodash[0]["evidence"]["occurrences"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(bom["vulnerabilities"].as_array().unwrap().len(), 2);
    assert_eq!(bom["vulnerabilities"][0]["ratings"][0]["severity"], "info");
    assert_eq!(
        bom["vulnerabilities"][0]["published"],
        "2023-10-14T00:00:00Z"
    );
    let text = bom.to_string();
    for (name, value) in [
        ("gitlab:meta:schema_version", "1"),
        (
            "gitlab:container_scanning:image:name",
            "registry.example.com:5000/shop/web",
        ),
        ("gitlab:container_scanning:image:tag", "1.8"),
        ("gitlab:container_scanning:operating_system:name", "debian"),
        ("gitlab:container_scanning:operating_system:version", "12.5"),
        ("aquasecurity:trivy:SrcName", "zlib"),
        ("aquasecurity:trivy:SrcVersion", "1.2.13"),
        ("aquasecurity:trivy:SrcEpoch", "1"),
        ("aquasecurity:trivy:SrcRelease", "2"),
        ("aquasecurity:trivy:PkgType", "debian"),
        ("aquasecurity:trivy:FilePath", "var/lib/dpkg/status"),
    ] {
        assert!(
            text.contains(&format!("{{\"name\":\"{name}\",\"value\":\"{value}\"}}")),
            "{name}"
        );
    }
    assert!(
        text.contains("aquasecurity:trivy:LayerDiffID")
            && text.contains("aquasecurity:trivy:LayerDigest")
    );
}

#[test]
fn the_document_is_valid_cyclonedx() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/schemas/cyclonedx");
    if !folder.is_dir() {
        println!(
            "{} is absent: the official CycloneDX schema was not checked",
            folder.display()
        );
        return;
    }
    let load = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
    };
    let registry = jsonschema::Registry::new()
        .extend([
            (
                "http://cyclonedx.org/schema/spdx.schema.json",
                load("spdx.schema.json"),
            ),
            (
                "http://cyclonedx.org/schema/jsf-0.82.schema.json",
                load("jsf-0.82.schema.json"),
            ),
        ])
        .unwrap()
        .prepare()
        .unwrap();
    let schema = load("bom-1.6.schema.json");
    let validator = jsonschema::options()
        .with_registry(&registry)
        .build(&schema)
        .unwrap();
    let findings = [finding(1, "CVE-2023-45853"), finding(4, "CVE-2019-10744")];
    for document in [
        written(&inventory(), &findings),
        written(&Inventory::default(), &[]),
    ] {
        let value: serde_json::Value = serde_json::from_slice(&document).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn a_document_in_trivys_shape_is_read() {
    let text = r#"{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{
      "tools":{"components":[{"type":"application","group":"aquasecurity","name":"trivy","version":"0.59.1"}]},
      "component":{"type":"container","name":"web:1","properties":[
        {"name":"aquasecurity:trivy:DiffID","value":"sha256:aa"},{"name":"aquasecurity:trivy:DiffID","value":"sha256:bb"}]}},
      "components":[
       {"type":"operating-system","name":"redhat","version":"9.3"},
       {"type":"library","name":"bsdutils","version":"1:2.38","supplier":{"name":"someone"},
        "purl":"pkg:rpm/redhat/bsdutils@2.38-5?arch=amd64&distro=redhat-9.3&epoch=1",
        "properties":[{"name":"aquasecurity:trivy:SrcName","value":"util-linux"},{"name":"aquasecurity:trivy:SrcVersion","value":"2.38"},
          {"name":"aquasecurity:trivy:SrcRelease","value":"5"},{"name":"aquasecurity:trivy:LayerDiffID","value":"sha256:bb"}]},
       {"type":"application","name":"node-pkg","components":[
         {"type":"library","name":"core","purl":"pkg:npm/%40angular/core@12.3.1","licenses":[{"license":{"name":"MIT"}}],
          "properties":[{"name":"aquasecurity:trivy:FilePath","value":"app/package.json"}]}]},
       {"type":"library","name":"nothing"},
       {"type":"library","name":"bad","purl":"npm/x"},
       {"type":"library","name":"conan","purl":"pkg:conan/x@1"},
       {"type":"library","name":"noversion","purl":"pkg:npm/x"}]}"#;
    let sbom = read(text.as_bytes()).unwrap();
    assert_eq!(sbom.tool.name, "trivy");
    let distribution = sbom.inventory.distribution.unwrap();
    assert_eq!(distribution.shard_key().as_deref(), Some("rhel:9"));
    let [rpm, npm] = &sbom.inventory.packages[..] else {
        panic!("{:?}", sbom.inventory.packages)
    };
    assert_eq!(
        (
            rpm.version.as_str(),
            rpm.source_name(),
            rpm.source_version()
        ),
        ("1:2.38-5", "util-linux", "2.38-5")
    );
    assert_eq!(rpm.evidence.layer, Some(1));
    assert_eq!(
        (npm.name.as_str(), npm.version.as_str()),
        ("@angular/core", "12.3.1")
    );
    assert_eq!(
        npm.evidence,
        Evidence {
            layer: None,
            path: "app/package.json".to_owned()
        }
    );
    assert_eq!(npm.licenses, ["MIT"]);
    assert_eq!(
        sbom.inventory.coverage.entries.len(),
        4,
        "{:?}",
        sbom.inventory.coverage
    );
}

#[test]
fn a_document_in_syfts_shape_is_read() {
    let text = r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[
       {"type":"library","name":"openssl-libs","purl":"pkg:rpm/almalinux/openssl-libs@3.0.7-2.el9?arch=x86_64&distro=almalinux-9.3&epoch=1&upstream=openssl-3.0.7-2.el9.src.rpm&rpmmod=a%3A1",
        "properties":[{"name":"syft:location:0:path","value":"/var/lib/rpm/rpmdb.sqlite"}]},
       {"type":"library","name":"zlib1g","publisher":"x","purl":"pkg:deb/debian/zlib1g@1%3A1.2-1?upstream=zlib%401%3A1.1"},
       {"type":"library","name":"Foo_Bar","purl":"pkg:pypi/Foo_Bar@1.0"},
       {"type":"library","name":"stdlib","purl":"pkg:golang/stdlib@go1.20.1"}]}"#;
    let packages = read(text.as_bytes()).unwrap().inventory.packages;
    let find = |name: &str| packages.iter().find(|p| p.name == name).unwrap();
    let openssl = find("openssl-libs");
    assert_eq!(
        (
            openssl.version.as_str(),
            openssl.source_name(),
            openssl.source_version.as_deref()
        ),
        ("1:3.0.7-2.el9", "openssl", None)
    );
    assert_eq!(openssl.module.as_deref(), Some("a:1"));
    assert_eq!(openssl.evidence.path, "var/lib/rpm/rpmdb.sqlite");
    let zlib = find("zlib1g");
    assert_eq!(
        (zlib.source_name(), zlib.source_version()),
        ("zlib", "1:1.1")
    );
    assert_eq!(find("foo-bar").version, "1.0");
    assert_eq!(find("stdlib").version, "1.20.1");
}

#[test]
fn spdx_is_read() {
    let text = r#"{"spdxVersion":"SPDX-2.3","name":"web","creationInfo":{"creators":["Organization: x","Tool: trivy-0.59.1"]},"packages":[
      {"name":"alpine","versionInfo":"3.18.4","primaryPackagePurpose":"OPERATING-SYSTEM"},
      {"name":"ssl_client","versionInfo":"1.36.1-r2","sourceInfo":"built package from: busybox 1.36.1-r2","licenseDeclared":"GPL-2.0-only","supplier":"Organization: Someone",
       "externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:apk/alpine/ssl_client@1.36.1-r2?arch=x86_64&distro=3.18.4"}]},
      {"name":"x","primaryPackagePurpose":"LIBRARY"}]}"#;
    let sbom = read(text.as_bytes()).unwrap();
    assert_eq!(
        (
            sbom.target_name.as_str(),
            sbom.tool.name.as_str(),
            sbom.format
        ),
        ("web", "trivy", SbomFormat::Spdx)
    );
    let [package] = &sbom.inventory.packages[..] else {
        panic!()
    };
    assert_eq!(
        (package.source_name(), package.source_version()),
        ("busybox", "1.36.1-r2")
    );
    assert_eq!(package.supplier.as_deref(), Some("Someone"));
    assert_eq!(
        sbom.inventory.distribution.unwrap().shard_key().as_deref(),
        Some("alpine:3.18")
    );
    assert_eq!(sbom.inventory.coverage.entries.len(), 1);
}

#[test]
fn os_packages_without_a_distribution_are_a_fatal_gap() {
    let text = r#"{"bomFormat":"CycloneDX","specVersion":"1.4","components":[{"type":"library","name":"a","purl":"pkg:deb/a@1"}]}"#;
    assert!(
        read(text.as_bytes())
            .unwrap()
            .inventory
            .coverage
            .has_fatal()
    );
}

#[test]
fn what_is_no_bill_of_materials_is_refused_with_a_reason() {
    let deep = format!(
        "{{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":{}",
        "[{\"components\":".repeat(500)
    );
    for text in [
        "",
        "{",
        "[]",
        "{}",
        "null",
        r#"{"bomFormat":"CycloneDX","specVersion":"2.0"}"#,
        r#"{"spdxVersion":"SPDX-3.0"}"#,
        r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":7}"#,
        &deep,
    ] {
        assert!(read(text.as_bytes()).is_err(), "{text}");
    }
    assert!(matches!(read(b"{}"), Err(Error::UnknownFormat)));
}

#[test]
fn cut_off_and_flipped_documents_never_panic() {
    let bytes = written(&inventory(), &[finding(0, "CVE-2020-1")]);
    for end in (0..bytes.len()).step_by(97) {
        assert!(read(&bytes[..end]).is_err());
    }
    for at in (0..bytes.len()).step_by(53) {
        let mut damaged = bytes.clone();
        damaged[at] = b'"';
        let _ = read(&damaged);
    }
}

#[test]
fn a_layer_that_is_not_there_is_not_believed() {
    let mut inventory = inventory();
    inventory.packages[1].evidence.layer = Some(77);
    let read = read(&written(&inventory, &[])).unwrap();
    assert!(
        read.inventory
            .packages
            .iter()
            .all(|p| p.evidence.layer != Some(77))
    );
}

fn spdx(inventory: &Inventory) -> Vec<u8> {
    let mut out = Vec::new();
    let tool = tool();
    let document = Document {
        inventory,
        target_name: "registry.example.com/shop/web:1.8",
        tool: &tool,
        findings: &[],
        licenses: true,
    };
    seaworthy_sbom::write_spdx(&document, "2026-11-25T08:00:00", &mut out).unwrap();
    out
}

#[test]
fn our_spdx_is_valid() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/schemas/spdx/spdx-schema-2.3.json");
    let value: serde_json::Value = serde_json::from_slice(&spdx(&inventory())).unwrap();
    assert_eq!(value["spdxVersion"], "SPDX-2.3");
    assert_eq!(value["creationInfo"]["created"], "2026-11-25T08:00:00Z");
    let mut ids: Vec<&str> = value["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["SPDXID"].as_str().unwrap())
        .collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    for relationship in value["relationships"].as_array().unwrap().iter().skip(1) {
        assert!(ids.contains(&relationship["relatedSpdxElement"].as_str().unwrap()));
    }
    let Ok(schema) = std::fs::read(&path) else {
        println!(
            "{} is absent: the official schema was not checked",
            path.display()
        );
        return;
    };
    let schema = serde_json::from_slice(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for inventory in [inventory(), Inventory::default()] {
        let value = serde_json::from_slice(&spdx(&inventory)).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn our_spdx_is_read_back_with_what_matching_needs() {
    let written = inventory();
    let read = read(&spdx(&written)).unwrap();
    assert_eq!(read.format, SbomFormat::Spdx);
    assert_eq!(
        read.inventory
            .distribution
            .as_ref()
            .map(|d| (&d.id, &d.version)),
        written.distribution.as_ref().map(|d| (&d.id, &d.version))
    );
    let key = |p: &Package| (p.kind, p.name.clone(), p.version.clone());
    // A package without a version cannot be assessed; it becomes coverage.
    let with_version = written.packages.iter().filter(|p| !p.version.is_empty());
    let mut expected: Vec<_> = with_version.map(key).collect();
    let mut found: Vec<_> = read.inventory.packages.iter().map(key).collect();
    expected.sort();
    expected.dedup();
    found.sort();
    found.dedup();
    assert_eq!(found, expected);
    let zlib = read
        .inventory
        .packages
        .iter()
        .find(|p| p.name == "zlib1g")
        .unwrap();
    assert_eq!(zlib.source_name.as_deref(), Some("zlib"));
    assert_eq!(zlib.source_version.as_deref(), Some("1:1.2.13-2"));
    assert_eq!(zlib.arch.as_deref(), Some("amd64"));
    assert_eq!(zlib.evidence.path, "var/lib/dpkg/status");
    assert_eq!(read.inventory.content_sets, written.content_sets);
    assert_eq!(read.inventory.package_managers, written.package_managers);
}

#[test]
fn an_image_without_package_managers_is_told_from_one_where_nobody_looked() {
    for managers in [None, Some(Vec::new()), Some(vec!["sbin/apk".to_owned()])] {
        let inventory = Inventory {
            package_managers: managers,
            ..Inventory::default()
        };
        for bytes in [written(&inventory, &[]), spdx(&inventory)] {
            let read = read(&bytes).unwrap().inventory;
            assert_eq!(read.package_managers, inventory.package_managers);
            assert!(read.content_sets.is_empty());
        }
    }
}

fn project() -> Inventory {
    let package = |name: &str, version: &str, file: &str, line| {
        let mut package = Package::new(PackageType::Npm, name, version, file);
        package.line = Some(line);
        package
    };
    let mut express = package("express", "4.0.0", "web/package-lock.json", 10);
    express.relationship = Relationship::Direct;
    express.scope = DependencyScope::Production;
    let mut qs = package("qs", "6.0.0", "web/package-lock.json", 20);
    qs.relationship = Relationship::Transitive;
    qs.scope = DependencyScope::Production;
    qs.dependency_path = vec!["express@4.0.0".to_owned()];
    let other = package("left-pad", "1.0.0", "tools/yarn.lock", 3);
    Inventory {
        packages: vec![other, express, qs],
        ..Inventory::default()
    }
}

#[test]
fn each_lockfile_has_a_document_with_its_graph() {
    let inventory = project();
    assert_eq!(
        seaworthy_sbom::input_files(&inventory),
        ["tools/yarn.lock", "web/package-lock.json"]
    );
    let tool = tool();
    let findings = [finding(1, "CVE-2024-1"), finding(0, "CVE-2024-2")];
    let document = Document {
        inventory: &inventory,
        target_name: "shop",
        tool: &tool,
        findings: &findings,
        licenses: false,
    };
    let mut out = Vec::new();
    seaworthy_sbom::write_dependency_cyclonedx(&document, "web/package-lock.json", &mut out)
        .unwrap();
    let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let properties = value["metadata"]["properties"].as_array().unwrap();
    for (name, expected) in [
        (
            "gitlab:dependency_scanning:input_file:path",
            "web/package-lock.json",
        ),
        (
            "gitlab:dependency_scanning:source_file:path",
            "web/package.json",
        ),
        ("gitlab:dependency_scanning:package_manager:name", "npm"),
        ("gitlab:dependency_scanning:language:name", "JavaScript"),
    ] {
        assert!(
            properties
                .iter()
                .any(|p| p["name"] == name && p["value"] == expected),
            "{name}"
        );
    }
    assert_eq!(value["components"].as_array().unwrap().len(), 2);
    for component in value["components"].as_array().unwrap() {
        assert!(
            component["properties"]
                .as_array()
                .unwrap()
                .contains(&serde_json::json!({
                    "name": "gitlab:dependency_scanning:category", "value": "production"
                }))
        );
    }
    assert_eq!(value["vulnerabilities"].as_array().unwrap().len(), 1);
    assert_eq!(value["vulnerabilities"][0]["id"], "CVE-2024-1");
    assert_eq!(
        value["dependencies"],
        serde_json::json!([
            {"ref": "seaworthy:target", "dependsOn": ["pkg:npm/express@4.0.0"]},
            {"ref": "pkg:npm/express@4.0.0", "dependsOn": ["pkg:npm/qs@6.0.0"]},
        ])
    );
    let read = read(&out).unwrap();
    assert_eq!(read.inventory.packages, inventory.packages[1..]);
}

#[test]
fn files_of_lockfiles_are_named_as_gitlab_names_them() {
    let package = |kind, file| Package::new(kind, "x", "1", file);
    let inventory = Inventory {
        packages: vec![
            package(PackageType::Npm, "package-lock.json"),
            package(PackageType::PyPi, "api/requirements.txt"),
            package(PackageType::PyPi, "api/requirements-dev.txt"),
            package(PackageType::PyPi, "api/requirements-dev.in"),
            package(PackageType::Gem, "Gemfile.lock"),
            package(PackageType::Deb, "var/lib/dpkg/status"),
            package(PackageType::Hex, "mix.lock"),
        ],
        ..Inventory::default()
    };
    let files = seaworthy_sbom::dependency_files(&inventory);
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(
        files,
        [
            ("Gemfile.lock", "gl-sbom-gem-bundler.cdx.json"),
            (
                "api/requirements-dev.in",
                "api/gl-sbom-pypi-pip-requirements-dev.cdx.json"
            ),
            (
                "api/requirements-dev.txt",
                "api/gl-sbom-pypi-pip-requirements-dev.txt.cdx.json"
            ),
            ("api/requirements.txt", "api/gl-sbom-pypi-pip.cdx.json"),
            ("mix.lock", "gl-sbom-hex-mix.cdx.json"),
            ("package-lock.json", "gl-sbom-npm-npm.cdx.json"),
        ]
    );
}
