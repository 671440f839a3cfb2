use seaworthy_model::{Distribution, ImageFacts, Package, PackageType, Report, Severity};
use serde_json::json;

use super::*;
use crate::check::{Exceptions, evaluate};
use crate::subject::{Facts, Subject};
use crate::testing::{finding, report};
use crate::waiver::Waiver;

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn sample() -> Report {
    let mut packages = vec![
        Package::new(
            PackageType::Deb,
            "libssl3",
            "3.0.11-1",
            "var/lib/dpkg/status",
        ),
        Package::new(
            PackageType::Go,
            "github.com/acme/app",
            "1.0.0",
            "usr/bin/app",
        ),
        Package::new(PackageType::Go, "golang.org/x/net", "0.10.0", "usr/bin/app"),
        Package::new(
            PackageType::Go,
            "golang.org/x/net",
            "0.10.0",
            "usr/bin/other",
        ),
    ];
    packages[0].source_name = Some("openssl".to_owned());
    packages[0].arch = Some("amd64".to_owned());
    let mut report = report(
        packages,
        vec![
            finding("CVE-2024-1", 0, Severity::High),
            finding("CVE-2024-2", 2, Severity::High),
            finding("CVE-2024-2", 3, Severity::High),
        ],
    );
    report.findings[1].aliases = vec!["GO-2024-1234".to_owned()];
    report.inventory.distribution = Some(Distribution {
        id: "debian".to_owned(),
        version: "12.5".to_owned(),
        name: "Debian 12.5".to_owned(),
    });
    report.inventory.image = Some(ImageFacts {
        manifest_digest: Some(DIGEST.to_owned()),
        platform: "linux/amd64".to_owned(),
        ..ImageFacts::default()
    });
    report
}

fn policy() -> crate::Policy {
    crate::tests::load("version: '1.0'\nvulnerabilities: {max_total: 0}\n")
}

/// Indices of the findings that documents clear.
fn cleared(documents: &[VexDocument]) -> Vec<usize> {
    let (report, facts) = (sample(), Facts::default());
    let subject = Subject {
        report: &report,
        facts: &facts,
        now: "2026-11-25".parse().unwrap(),
    };
    let verdict = evaluate(
        &policy(),
        subject,
        &Exceptions {
            vex: documents,
            ..Exceptions::default()
        },
    );
    let cleared: Vec<usize> = verdict
        .vex
        .iter()
        .filter(|n| n.cleared)
        .map(|n| n.finding)
        .collect();
    assert_eq!(
        verdict.counts.by_severity[&Severity::High],
        3 - cleared.len()
    );
    cleared
}

fn openvex_of(statements: serde_json::Value) -> VexDocument {
    let document = json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "me",
        "timestamp": "2026-01-01T00:00:00Z", "version": 1, "statements": statements,
    });
    VexDocument::read("v.json", &serde_json::to_vec(&document).unwrap()).unwrap()
}

#[test]
fn products_match_images_and_packages() {
    let image = "pkg:oci/web";
    let pinned = &format!("pkg:oci/web@{}", DIGEST.replace(':', "%3A"));
    let at = "repository_url=registry.example.com/shop/web";
    for (vulnerability, product, parts, expected) in [
        // The whole image.
        ("CVE-2024-1", image.to_owned(), vec![], vec![0]),
        ("CVE-2024-2", image.to_owned(), vec![], vec![1, 2]),
        ("GO-2024-1234", image.to_owned(), vec![], vec![1]),
        ("CVE-2024-9", image.to_owned(), vec![], vec![]),
        ("CVE-2024-1", pinned.clone(), vec![], vec![0]),
        (
            "CVE-2024-1",
            format!("{pinned}?{at}&tag=1.8"),
            vec![],
            vec![0],
        ),
        (
            "CVE-2024-1",
            format!("{pinned}?arch=amd64"),
            vec![],
            vec![0],
        ),
        ("CVE-2024-1", format!("{pinned}?arch=arm64"), vec![], vec![]),
        ("CVE-2024-1", format!("{image}?tag=1.9"), vec![], vec![]),
        (
            "CVE-2024-1",
            format!("{image}?repository_url=ghcr.io/shop/web"),
            vec![],
            vec![],
        ),
        (
            "CVE-2024-1",
            format!("{image}?repository_url=registry.example.com/shop"),
            vec![],
            vec![0],
        ),
        (
            "CVE-2024-1",
            format!("pkg:oci/web@sha256%3A{}", "b".repeat(64)),
            vec![],
            vec![],
        ),
        ("CVE-2024-1", "pkg:oci/api".to_owned(), vec![], vec![]),
        ("CVE-2024-1", DIGEST.to_owned(), vec![], vec![0]),
        (
            "CVE-2024-1",
            "registry.example.com/shop/web:1.8".to_owned(),
            vec![],
            vec![0],
        ),
        (
            "CVE-2024-1",
            "registry.example.com/shop/web:1.9".to_owned(),
            vec![],
            vec![],
        ),
        (
            "CVE-2024-1",
            format!("registry.example.com/shop/web@{DIGEST}"),
            vec![],
            vec![0],
        ),
        // Parts of the image.
        (
            "CVE-2024-1",
            image.to_owned(),
            vec!["pkg:deb/debian/libssl3"],
            vec![0],
        ),
        (
            "CVE-2024-1",
            image.to_owned(),
            vec!["pkg:deb/debian/libssl3@3.0.11-1?arch=amd64"],
            vec![0],
        ),
        (
            "CVE-2024-1",
            image.to_owned(),
            vec!["pkg:deb/debian/libssl3@3.0.12"],
            vec![],
        ),
        (
            "CVE-2024-1",
            image.to_owned(),
            vec!["pkg:deb/debian/libssl3?arch=arm64"],
            vec![],
        ),
        (
            "CVE-2024-1",
            image.to_owned(),
            vec!["pkg:deb/ubuntu/libssl3"],
            vec![],
        ),
        (
            "CVE-2024-1",
            image.to_owned(),
            vec!["pkg:npm/libssl3"],
            vec![],
        ),
        (
            "CVE-2024-1",
            image.to_owned(),
            vec!["pkg:deb/debian/openssl?arch=source"],
            vec![0],
        ),
        (
            "CVE-2024-1",
            image.to_owned(),
            vec!["pkg:deb/debian/openssl"],
            vec![],
        ),
        (
            "CVE-2024-2",
            image.to_owned(),
            vec!["pkg:golang/golang.org/x/net"],
            vec![1, 2],
        ),
        // The package as the product, whatever image it is in.
        (
            "CVE-2024-1",
            "pkg:deb/debian/libssl3".to_owned(),
            vec![],
            vec![0],
        ),
        (
            "CVE-2024-1",
            "pkg:deb/debian/libssl3@3.0.11-1".to_owned(),
            vec![],
            vec![0],
        ),
        (
            "CVE-2024-1",
            "pkg:deb/debian/libssl3@1".to_owned(),
            vec![],
            vec![],
        ),
        // A program that contains the package.
        (
            "CVE-2024-2",
            "pkg:golang/github.com/acme/app@1.0.0".to_owned(),
            vec!["pkg:golang/golang.org/x/net@0.10.0"],
            vec![1],
        ),
        (
            "CVE-2024-2",
            "pkg:golang/github.com/acme/other".to_owned(),
            vec!["pkg:golang/golang.org/x/net"],
            vec![],
        ),
    ] {
        let parts: Vec<_> = parts.iter().map(|p| json!({"@id": p})).collect();
        let document = openvex_of(json!([{
            "vulnerability": {"name": vulnerability}, "status": "not_affected",
            "justification": "component_not_present",
            "products": [{"@id": product, "subcomponents": parts}],
        }]));
        assert_eq!(
            cleared(&[document]),
            expected,
            "{vulnerability} {product} {parts:?}"
        );
    }
}

#[test]
fn the_last_statement_holds() {
    let statement = |status: &str, time: &str| json!({"vulnerability": "CVE-2024-1", "status": status, "timestamp": time, "products": ["pkg:oci/web"]});
    for (first, second, expected) in [
        (
            ("affected", "2026-01-01T00:00:00Z"),
            ("fixed", "2026-02-01T00:00:00Z"),
            vec![0],
        ),
        (
            ("fixed", "2026-02-01T00:00:00Z"),
            ("affected", "2026-01-01T00:00:00Z"),
            vec![0],
        ),
        (
            ("fixed", "2026-01-01T00:00:00Z"),
            ("under_investigation", "2026-02-01T00:00:00Z"),
            vec![],
        ),
    ] {
        let a = openvex_of(json!([statement(first.0, first.1)]));
        let b = openvex_of(json!([statement(second.0, second.1)]));
        assert_eq!(cleared(&[a, b]), expected, "{first:?} {second:?}");
    }
}

#[test]
fn csaf_is_read() {
    let document = json!({
        "document": {"csaf_version": "2.0", "category": "csaf_vex", "publisher": {"name": "ACME"},
            "tracking": {"id": "ACME-1", "current_release_date": "2026-01-01T00:00:00Z"}},
        "product_tree": {
            "branches": [{"category": "vendor", "branches": [
                {"category": "product_version", "product": {"product_id": "libssl3", "name": "libssl3",
                    "product_identification_helper": {"purl": "pkg:deb/debian/libssl3@3.0.11-1"}}},
                {"category": "product_name", "product": {"product_id": "web", "name": "web",
                    "product_identification_helper": {"purl": "pkg:oci/web"}}},
                {"category": "product_name", "product": {"product_id": "d12", "name": "Debian 12",
                    "product_identification_helper": {"cpe": "cpe:/o:debian:debian_linux:12"}}},
                {"category": "product_name", "product": {"product_id": "d11", "name": "Debian 11",
                    "product_identification_helper": {"cpe": "cpe:/o:debian:debian_linux:11"}}}]}],
            "relationships": [
                {"category": "default_component_of", "product_reference": "libssl3", "relates_to_product_reference": "d12",
                    "full_product_name": {"product_id": "d12:libssl3", "name": "x"}},
                {"category": "default_component_of", "product_reference": "libssl3", "relates_to_product_reference": "d11",
                    "full_product_name": {"product_id": "d11:libssl3", "name": "x"}}],
            "product_groups": [{"group_id": "g", "product_ids": ["web", "d12:libssl3"]}]},
        "vulnerabilities": [
            {"cve": "CVE-2024-1", "product_status": {"known_not_affected": ["d12:libssl3"]},
             "flags": [{"label": "vulnerable_code_not_present", "group_ids": ["g"]}],
             "threats": [{"category": "impact", "details": "not built", "product_ids": ["d12:libssl3"]}]},
            {"cve": "CVE-2024-2", "product_status": {"known_affected": ["web"]},
             "remediations": [{"category": "workaround", "details": "switch it off", "product_ids": ["web"]}]}],
    });
    let read = |d: &serde_json::Value| {
        VexDocument::read("c.json", &serde_json::to_vec(d).unwrap()).unwrap()
    };
    let vex = read(&document);
    assert_eq!((vex.id.as_str(), vex.author.as_str()), ("ACME-1", "ACME"));
    assert_eq!(
        vex.statements[0].reason(),
        "vulnerable_code_not_present: not built"
    );
    assert_eq!(vex.statements[1].reason(), "switch it off");
    assert_eq!(cleared(&[vex]), [0]);
    let mut other = document.clone();
    other["vulnerabilities"][0]["product_status"]["known_not_affected"] = json!(["d11:libssl3"]);
    assert!(cleared(&[read(&other)]).is_empty());
    other["vulnerabilities"][0]["product_status"] = json!({"fixed": ["libssl3"]});
    assert_eq!(cleared(&[read(&other)]), [0]);
    // A distribution as a product says nothing about modules of Go.
    other["vulnerabilities"][0]["product_status"] = json!({"known_not_affected": ["d12"]});
    assert_eq!(cleared(&[read(&other)]), [0]);
    other["vulnerabilities"][0]["cve"] = json!("CVE-2024-2");
    assert!(cleared(&[read(&other)]).is_empty());
    // A part of a module of a release.
    let mut nested = document.clone();
    nested["product_tree"]["relationships"] = json!([
        {"category": "default_component_of", "product_reference": "module", "relates_to_product_reference": "d12",
            "full_product_name": {"product_id": "d12:module", "name": "x"}},
        {"category": "default_component_of", "product_reference": "libssl3", "relates_to_product_reference": "d12:module",
            "full_product_name": {"product_id": "d12:module:libssl3", "name": "x"}}]);
    nested["vulnerabilities"][0]["product_status"]["known_not_affected"] =
        json!(["d12:module:libssl3"]);
    assert_eq!(cleared(&[read(&nested)]), [0]);
}

#[test]
fn cyclonedx_is_read() {
    let document = |component: serde_json::Value, reference: &str, state: &str| {
        let document = json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:1",
            "metadata": {"timestamp": "2026-01-01T00:00:00Z", "component": component},
            "components": [{"bom-ref": "ssl", "type": "library", "name": "libssl3", "purl": "pkg:deb/debian/libssl3@3.0.11-1",
                "components": [{"bom-ref": "net", "type": "library", "name": "net", "purl": "pkg:golang/golang.org/x/net@0.10.0"}]}],
            "vulnerabilities": [
                {"id": "CVE-2024-1", "analysis": {"state": state, "justification": "code_not_reachable", "detail": "d"}, "affects": [{"ref": reference}]},
                {"id": "CVE-2024-2", "affects": [{"ref": "net"}]}],
        });
        VexDocument::read("bom.json", &serde_json::to_vec(&document).unwrap()).unwrap()
    };
    let web =
        json!({"bom-ref": "web", "type": "container", "name": "registry.example.com/shop/web:1.8"});
    let api = json!({"bom-ref": "web", "type": "container", "name": "registry.example.com/shop/api:1.8", "version": format!("sha256:{}", "b".repeat(64))});
    for (component, reference, state, expected) in [
        (&web, "ssl", "not_affected", vec![0]),
        (&web, "web", "false_positive", vec![0]),
        (&web, "ssl", "resolved", vec![0]),
        (&web, "ssl", "exploitable", vec![]),
        (&web, "net", "not_affected", vec![]),
        (&web, "urn:cdx:1/1#ssl", "not_affected", vec![0]),
        (&web, "pkg:deb/debian/libssl3", "not_affected", vec![0]),
        (&api, "ssl", "not_affected", vec![]),
        (&api, "web", "not_affected", vec![]),
        (&json!({}), "ssl", "not_affected", vec![0]),
        // Another document's `ssl` is not ours.
        (&web, "urn:cdx:2/1#ssl", "not_affected", vec![]),
        (
            &web,
            "urn:cdx:2/1#pkg:deb/debian/libssl3@3.0.11-1",
            "not_affected",
            vec![0],
        ),
        (
            &json!({"type": "application", "name": "web"}),
            "ssl",
            "not_affected",
            vec![0],
        ),
        (
            &json!({"type": "application", "name": "api"}),
            "ssl",
            "not_affected",
            vec![],
        ),
    ] {
        let vex = document(component.clone(), reference, state);
        assert_eq!(cleared(&[vex]), expected, "{component} {reference} {state}");
    }
}

#[test]
fn what_we_write_we_read() {
    let (report, facts) = (sample(), Facts::default());
    let subject = Subject {
        report: &report,
        facts: &facts,
        now: "2026-11-25".parse().unwrap(),
    };
    let waivers = Waiver::read(
        "w.yaml",
        b"waivers:\n  - {id: CVE-2024-1, reason: not called, justification: vulnerable_code_not_in_execute_path}\n  - {id: GO-2024-1234, reason: accepted for now, expires: 2026-12-31}\n",
    )
    .unwrap();
    let verdict = evaluate(
        &policy(),
        subject,
        &Exceptions {
            waivers: &waivers,
            ..Exceptions::default()
        },
    );
    let options = OpenVexOptions {
        author: "team-shop",
        timestamp: "2026-11-25T00:00:00Z",
        image: "",
    };
    let text = openvex(&report, &verdict, &options).unwrap();
    assert_eq!(text, openvex(&report, &verdict, &options).unwrap());
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let said: Vec<String> = json["statements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| {
            format!(
                "{} {} {}{}",
                s["vulnerability"]["name"].as_str().unwrap(),
                s["status"].as_str().unwrap(),
                s["justification"].as_str().unwrap_or_default(),
                s["action_statement"].as_str().unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            "CVE-2024-1 not_affected vulnerable_code_not_in_execute_path",
            "CVE-2024-2 affected no fix is known yet",
            "CVE-2024-2 affected accepted until 2026-12-31: accepted for now",
        ]
    );
    assert_eq!(
        json["statements"][0]["products"][0]["@id"],
        format!(
            "pkg:oci/web@{DIGEST}?arch=amd64&repository_url=registry.example.com/shop/web&tag=1.8"
        )
    );
    let read = VexDocument::read("v.json", text.as_bytes()).unwrap();
    assert_eq!(cleared(std::slice::from_ref(&read)), [0]);
    // What a document says is passed on in the same words.
    let verdict = evaluate(
        &policy(),
        subject,
        &Exceptions {
            vex: &[read],
            ..Exceptions::default()
        },
    );
    let again: serde_json::Value =
        serde_json::from_str(&openvex(&report, &verdict, &options).unwrap()).unwrap();
    let first = &again["statements"][0];
    assert_eq!(first["status"], "not_affected");
    assert_eq!(
        first["justification"],
        "vulnerable_code_not_in_execute_path"
    );
}

#[test]
fn what_lies_on_a_disk_is_named_by_its_digest() {
    let facts = Facts::default();
    for (source, name, digest, expected) in [
        (
            "oci-dir",
            "/work/images/Storefront",
            Some(DIGEST),
            format!("pkg:oci/storefront@{DIGEST}?arch=amd64"),
        ),
        (
            "oci-dir",
            "images/web",
            Some(DIGEST),
            format!("pkg:oci/web@{DIGEST}?arch=amd64"),
        ),
        (
            "docker-archive",
            "web.tar",
            Some(DIGEST),
            format!("pkg:oci/web.tar@{DIGEST}?arch=amd64"),
        ),
        ("rootfs", "/srv/root", None, "file:///srv/root".to_owned()),
    ] {
        let mut report = sample();
        report.target.name = name.to_owned();
        report.target.source = source.to_owned();
        if let Some(image) = &mut report.inventory.image {
            image.manifest_digest = digest.map(str::to_owned);
        }
        let subject = Subject {
            report: &report,
            facts: &facts,
            now: "2026-11-25".parse().unwrap(),
        };
        let waivers = Waiver::read(
            "w.yaml",
            b"waivers: [{id: CVE-2024-1, justification: component_not_present}]",
        )
        .unwrap();
        let waived = Exceptions {
            waivers: &waivers,
            ..Exceptions::default()
        };
        let options = OpenVexOptions {
            author: "me",
            timestamp: "2026-11-25T00:00:00Z",
            image: "",
        };
        let verdict = evaluate(&policy(), subject, &waived);
        let text = openvex(&report, &verdict, &options).unwrap();
        let vex = [VexDocument::read("v.json", text.as_bytes()).unwrap()];
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["statements"][0]["products"][0]["@id"], expected);
        let exceptions = Exceptions {
            vex: &vex,
            ..Exceptions::default()
        };
        let again = evaluate(&policy(), subject, &exceptions);
        assert!(again.vex.iter().any(|n| n.cleared), "{name}");
    }
}

#[test]
fn nothing_is_no_name_of_an_image() {
    let mut report = sample();
    report.target.name.clear();
    let facts = Facts::default();
    let subject = Subject {
        report: &report,
        facts: &facts,
        now: "2026-11-25".parse().unwrap(),
    };
    let vex = [openvex_of(
        json!([{"vulnerability": "CVE-2024-1", "status": "fixed", "products": [""]}]),
    )];
    let exceptions = Exceptions {
        vex: &vex,
        ..Exceptions::default()
    };
    assert!(evaluate(&policy(), subject, &exceptions).vex.is_empty());
}

#[test]
fn justifications_have_openvex_words() {
    for (word, expected) in [
        ("component_not_present", Some("component_not_present")),
        (
            "code_not_reachable",
            Some("vulnerable_code_not_in_execute_path"),
        ),
        (
            "protected_by_compiler",
            Some("inline_mitigations_already_exist"),
        ),
        ("requires_configuration", None),
    ] {
        let document = openvex_of(json!([
            {"vulnerability": "CVE-1", "status": "not_affected", "justification": word, "products": []}
        ]));
        assert_eq!(document.statements[0].openvex_justification(), expected);
    }
}

#[test]
fn what_is_no_vex_is_refused() {
    for (text, expected) in [
        ("{", "v.json: EOF"),
        ("{}", "v.json is not a VEX document"),
        (
            r#"{"@context":"https://openvex.dev/ns","statements":[{"vulnerability":"CVE-1","status":"fine"}]}"#,
            "v.json: statement 1: `fine` is not a status",
        ),
        (
            r#"{"@context":"https://openvex.dev/ns","statements":[{"status":"fixed"}]}"#,
            "v.json: statement 1: it names no vulnerability",
        ),
    ] {
        let error = VexDocument::read("v.json", text.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
