//! Comparing, assessing and measuring, from targets and from the reports of earlier scans.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use serde_json::Value;

use super::scan::{expect, image, json, run_in, storefront, text};

const ALPINE: &str = "ID=alpine\nVERSION_ID=3.22.0\nPRETTY_NAME=\"Alpine Linux v3.22\"\n";

fn reports(folder: &Path) {
    expect(
        folder,
        &["scan", &storefront(), "-q", "-o", "json=old.json"],
        0,
    );
    fs::write(
        folder.join("new.tar"),
        image(ALPINE, "P:musl\nV:1.2.4-r3\nA:x86_64\no:musl\n\n")
            .docker_archive()
            .unwrap(),
    )
    .unwrap();
}

#[test]
fn reports_and_targets_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    reports(folder.path());
    let arguments = [
        "diff",
        "old.json",
        "docker-archive:new.tar",
        "-o",
        "table",
        "-o",
        "json=d.json",
    ];
    let output = text(&expect(folder.path(), &arguments, 0).stdout);
    assert!(
        output.contains("61 fixed - 0 new - 0 remaining"),
        "{output}"
    );
    let diff = json(&folder.path().join("d.json"));
    assert_eq!(diff["fixed"].as_array().map(Vec::len), Some(61), "{diff}");
    // The other way round the same findings are new.
    let arguments = [
        "diff",
        "docker-archive:new.tar",
        "old.json",
        "-o",
        "markdown",
    ];
    let output = text(&expect(folder.path(), &arguments, 0).stdout);
    assert!(output.contains("61 new"), "{output}");
}

#[test]
fn the_assessment_has_the_keys_of_the_field_and_an_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    reports(folder.path());
    let project = ["--project", "shop/web"];
    let mut arguments = vec!["assess", "old.json", "docker-archive:new.tar"];
    arguments.extend(project);
    expect(folder.path(), &arguments, 0);
    let file = folder
        .path()
        .join("container-security-final-assessment.json");
    let assessment = json(&file);
    assert_eq!(assessment["project"], "shop/web");
    assert_eq!(assessment["final_status"], "SECURE");
    assert_eq!(assessment["security_improvements"]["critical_reduced"], 3);
    assert_eq!(assessment["security_improvements"]["high_reduced"], 31);
    for key in [
        "scan_date",
        "original_image",
        "secure_image",
        "recommendations",
    ] {
        assert!(!assessment[key].is_null(), "{key}");
    }
    expect(
        folder.path(),
        &["assess", "docker-archive:new.tar", "old.json"],
        1,
    );
    assert_eq!(json(&file)["final_status"], "NEEDS_IMPROVEMENT");
    // What was not assessed is never secure.
    fs::write(
        folder.path().join("odd.tar"),
        image("ID=plan9\n", "P:musl\nV:1.2.4-r3\nA:x86_64\n\n")
            .docker_archive()
            .unwrap(),
    )
    .unwrap();
    expect(
        folder.path(),
        &["assess", "old.json", "docker-archive:odd.tar"],
        3,
    );
    assert_eq!(json(&file)["final_status"], "UNKNOWN");
}

#[test]
fn metrics_have_the_score_of_the_field_and_go_to_a_pushgateway() {
    let folder = tempfile::tempdir().unwrap();
    reports(folder.path());
    expect(
        folder.path(),
        &["metrics", "old.json", "--project", "shop"],
        0,
    );
    let metrics = json(&folder.path().join("security-metrics.json"));
    assert_eq!(metrics["vulnerabilities"]["critical"], 3);
    assert_eq!(metrics["security_score"], 0);
    for key in ["timestamp", "project", "image", "compliance_status"] {
        assert!(metrics[key].is_string(), "{key}: {metrics}");
    }
    let output = expect(
        folder.path(),
        &["metrics", "old.json", "-o", "openmetrics"],
        0,
    );
    let output = text(&output.stdout);
    assert!(
        output.contains("container_vulnerabilities_critical{"),
        "{output}"
    );
    assert!(output.ends_with("# EOF\n"));

    let gateway = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = gateway.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = gateway.accept().unwrap();
        let mut request = Vec::new();
        let mut piece = [0; 4096];
        while !String::from_utf8_lossy(&request).contains("container_scan_assessed{") {
            let n = stream.read(&mut piece).unwrap();
            assert!(n > 0, "{}", text(&request));
            request.extend_from_slice(&piece[..n]);
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        text(&request)
    });
    let url = format!("http://{address}");
    let arguments = ["metrics", "old.json", "-o", "json=m.json", "--push", &url];
    expect(folder.path(), &arguments, 0);
    let request = server.join().unwrap();
    assert!(
        request.starts_with("PUT /metrics/job/seaworthy/image@base64/"),
        "{request}"
    );
    let output = run_in(
        folder.path(),
        &[],
        &["metrics", "old.json", "--push", "nowhere"],
    );
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
}

#[test]
fn a_framework_is_never_met_by_what_was_not_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    reports(folder.path());
    let arguments = [
        "compliance",
        "old.json",
        "--framework",
        "cis-docker",
        "-o",
        "json",
    ];
    let output = expect(folder.path(), &arguments, 0);
    let page: Value = serde_json::from_slice(&output.stdout).unwrap();
    let control = |id: &str| {
        page["controls"]
            .as_array()
            .unwrap()
            .iter()
            .find(|control| control["id"] == id)
            .unwrap()["status"]
            .clone()
    };
    assert_eq!(control("4.1"), "violated");
    assert_eq!(control("4.12"), "not_assessed");
    let arguments = ["compliance", "old.json", "--framework", "iso-27001"];
    expect(folder.path(), &arguments, 2);
}

#[test]
fn a_file_that_is_no_report_is_named() {
    let folder = tempfile::tempdir().unwrap();
    reports(folder.path());
    fs::write(
        folder.path().join("cut.json"),
        "{\"schema_version\": \"1.0\", ",
    )
    .unwrap();
    let output = expect(folder.path(), &["metrics", "cut.json"], 2);
    assert!(
        text(&output.stderr).contains("cut.json"),
        "{}",
        text(&output.stderr)
    );
    let mut report = json(&folder.path().join("old.json"));
    report["schema_version"] = "9.0".into();
    fs::write(folder.path().join("next.json"), report.to_string()).unwrap();
    let output = expect(folder.path(), &["metrics", "next.json"], 2);
    assert!(
        text(&output.stderr).contains("9.0"),
        "{}",
        text(&output.stderr)
    );
}

/// A control that goes by rules that nobody has would never be assessed.
#[test]
fn every_rule_that_a_control_goes_by_is_one_of_ours() {
    let mut known = seaworthy_monitor::RuleSet::default();
    for rule in seaworthy_misconfig::catalogue() {
        let ids = std::iter::once(rule.id).chain(rule.references.iter().copied());
        known.insert(rule.kind.name(), ids);
    }
    let mut unknown: std::collections::BTreeSet<&str> = std::collections::BTreeSet::new();
    let mut checks = 0;
    for framework in seaworthy_monitor::Framework::ALL {
        for control in seaworthy_monitor::controls(framework) {
            for (kinds, references) in control.rules() {
                checks += 1;
                let has = |name: &str| kinds.iter().any(|kind| known.has(kind, name));
                unknown.extend(references.iter().copied().filter(|name| !has(name)));
                assert!(
                    references.iter().any(|name| has(name)),
                    "{framework} {}: {references:?}",
                    control.id
                );
            }
        }
    }
    assert!(checks > 50, "{checks}");
    assert!(unknown.is_empty(), "no rule is called {unknown:?}");
}
