//! One policy over reports, Dockerfiles and manifests; the merge of scanners' reports; files for
//! other systems.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::scan::{expect, json, run_in, storefront, text};

/// The policy of the field, as it is.
pub(crate) const FIELD: &str = r#"version: "1.0"

policies:
  vulnerabilities:
    max_critical: 0
    max_high: 2
    max_medium: 10

  base_images:
    allowed:
      - "alpine:*"
      - "node:*-alpine"

    prohibited:
      - "*:latest"
      - "ubuntu:*"
      - "*:*-stretch"  # Deprecated Debian

  security_requirements:
    non_root_user: true
    no_package_managers: true
    minimal_packages: true
    security_updates: true

  runtime_security:
    read_only_filesystem: true
    no_privileged: true
    drop_capabilities: ["ALL"]
    add_capabilities: []
"#;

fn prepare(folder: &Path) {
    fs::write(folder.join("field.yaml"), FIELD).unwrap();
    fs::write(
        folder.join("Dockerfile"),
        "FROM node:18-stretch\nUSER root\n",
    )
    .unwrap();
    fs::write(
        folder.join("k8s.yaml"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: web:1\n    securityContext: {privileged: true}\n",
    )
    .unwrap();
    expect(
        folder,
        &["scan", &storefront(), "-q", "-o", "json=web.json"],
        0,
    );
}

#[test]
fn the_policy_of_the_field_is_checked_on_image_dockerfile_and_manifests() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let arguments = [
        "policy",
        "check",
        "web.json",
        "--policy",
        "field.yaml",
        "--dockerfile",
        "Dockerfile",
        "--manifest",
        "k8s.yaml",
        "--project",
        "shop/web",
        "-o",
        "policy-report=container-policy-report.json",
        "-o",
        "security-summary=security-summary.json",
        "-o",
        "json=verdict.json",
    ];
    expect(folder.path(), &arguments, 1);
    let report = json(&folder.path().join("container-policy-report.json"));
    assert_eq!(report["policy_version"], "1.0");
    assert_eq!(report["project"], "shop/web");
    assert_eq!(report["status"], "FAIL");
    let violations = report["violations"].to_string();
    for words in [
        "Critical vulnerabilities: 3 (max: 0)",
        "non-root",
        "Privileged containers",
    ] {
        assert!(violations.contains(words), "{words}: {violations}");
    }
    let summary = json(&folder.path().join("security-summary.json"));
    assert_eq!(summary["vulnerabilities"]["critical"], 3);
    assert_eq!(summary["vulnerabilities"]["total"], 61);
    let verdict = json(&folder.path().join("verdict.json"));
    let rules: Vec<&str> = verdict["violations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|violation| violation["rule"].as_str().unwrap())
        .collect();
    for rule in [
        "vulnerabilities.max_high",
        "base_images.prohibited",
        "security_requirements.no_package_managers",
        "runtime_security.drop_capabilities",
    ] {
        assert!(rules.contains(&rule), "{rule}: {rules:?}");
    }
    // The same file gates a scan.
    expect(
        folder.path(),
        &["scan", &storefront(), "--policy", "field.yaml"],
        1,
    );
}

#[test]
fn a_mistake_in_a_policy_is_named_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let file = folder.path().join("bad.yaml");
    fs::write(&file, FIELD.replace("max_high", "max_hihg")).unwrap();
    let output = expect(
        folder.path(),
        &["policy", "check", "web.json", "--policy", "bad.yaml"],
        2,
    );
    let message = text(&output.stderr);
    assert!(
        message.contains("bad.yaml:6:5") && message.contains("did you mean `max_high`"),
        "{message}"
    );
    // A report that is not there is an error, never a pass.
    expect(
        folder.path(),
        &["policy", "check", "none.json", "--policy", "field.yaml"],
        3,
    );
}

#[test]
fn a_new_policy_passes_its_own_tests_and_waivers_excuse() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    expect(folder.path(), &["policy", "init"], 0);
    expect(folder.path(), &["policy", "init"], 2);
    let output = text(&expect(folder.path(), &["policy", "test"], 0).stdout);
    assert!(output.contains(" passed, 0 failed"), "{output}");
    fs::write(
        folder.path().join("one.yaml"),
        "version: \"1.0\"\npolicies:\n  vulnerabilities:\n    max_critical: 0\n",
    )
    .unwrap();
    let check = ["policy", "check", "web.json", "--policy", "one.yaml"];
    expect(folder.path(), &check, 1);
    fs::write(
        folder.path().join(".trivyignore"),
        "CVE-2023-37920\nCVE-2022-24303\nCVE-2023-50447\n",
    )
    .unwrap();
    let mut waived = check.to_vec();
    waived.extend(["--waivers", ".trivyignore"]);
    expect(folder.path(), &waived, 0);
    let vex = [
        "vex",
        "web.json",
        "--waivers",
        ".trivyignore",
        "--author",
        "team-shop",
    ];
    let output = expect(folder.path(), &vex, 0);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["@context"], "https://openvex.dev/ns/v0.2.0");
    assert_eq!(document["author"], "team-shop");
    assert!(
        document["statements"].as_array().unwrap().len() >= 40,
        "{document}"
    );
    // What was there before breaks nothing either.
    let mut known = check.to_vec();
    known.extend(["--baseline", "web.json"]);
    expect(folder.path(), &known, 0);
    let output = expect(
        folder.path(),
        &[
            "policy",
            "explain",
            "CVE-2023-37920",
            "web.json",
            "--policy",
            "one.yaml",
        ],
        0,
    );
    let output = text(&output.stdout);
    assert!(
        output.contains("vulnerabilities.max_critical (deny, allows 0, broken)"),
        "{output}"
    );
}

#[test]
fn reports_of_scanners_are_merged_and_say_who_found_what() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    fs::write(
        folder.path().join("trivy.json"),
        r#"{"SchemaVersion":2,"ArtifactName":"storefront","ArtifactType":"container_image",
        "Results":[{"Target":"Python","Class":"lang-pkgs","Type":"python-pkg","Vulnerabilities":[
        {"VulnerabilityID":"CVE-2023-50447","PkgName":"Pillow","InstalledVersion":"9.0.0",
        "FixedVersion":"10.2.0","Status":"fixed","Severity":"HIGH"}]}]}"#,
    )
    .unwrap();
    let arguments = ["merge", "web.json", "trivy.json", "-o", "json"];
    let output = expect(folder.path(), &arguments, 0);
    let merged: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = merged["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 61);
    let both = findings
        .iter()
        .find(|f| f["id"] == "CVE-2023-50447")
        .unwrap();
    assert_eq!(both["found_by"].as_array().unwrap().len(), 2, "{both}");
    expect(
        folder.path(),
        &["merge", "web.json", "--fail-on", "critical"],
        1,
    );
    fs::write(folder.path().join("cut.json"), "{\"SchemaVersion\":2,").unwrap();
    let output = expect(folder.path(), &["merge", "web.json", "cut.json"], 2);
    assert!(
        text(&output.stderr).contains("cut.json"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn alert_rules_dashboard_and_history_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let rules = ["generate", "alerts", "--out", "r.yaml", "--tests", "t.yaml"];
    expect(folder.path(), &rules, 0);
    let text_of = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    for alert in [
        "CriticalVulnerabilityDetected",
        "SecurityScoreLow",
        "ComplianceViolation",
    ] {
        assert!(text_of("r.yaml").contains(alert));
        assert!(text_of("t.yaml").contains(alert));
    }
    expect(
        folder.path(),
        &["generate", "dashboard", "--out", "d.json"],
        0,
    );
    assert!(json(&folder.path().join("d.json"))["panels"].is_array());
    expect(folder.path(), &["generate", "alerts", "--selector", "x"], 2);

    let target = storefront();
    let scan = [
        "scan",
        target.as_str(),
        "-q",
        "--history",
        "h.db",
        "-o",
        "json=r.json",
    ];
    expect(folder.path(), &scan, 0);
    let later = [("SOURCE_DATE_EPOCH", "1764086400")];
    let output = run_in(folder.path(), &later, &scan);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let output = expect(
        folder.path(),
        &["trend", &target, "--history", "h.db", "-o", "json"],
        0,
    );
    let series: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        series["points"].as_array().map(Vec::len),
        Some(2),
        "{series}"
    );
    expect(
        folder.path(),
        &["trend", &target, "--history", "none.db"],
        2,
    );
}

#[test]
fn dockerfiles_are_linted() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("Dockerfile"),
        "FROM debian:latest\nRUN apt-get install curl\n# seaworthy:ignore=DL3020\nADD app /app\n",
    )
    .unwrap();
    let lint = ["dockerfile", "lint", "Dockerfile"];
    let output = text(&expect(folder.path(), &lint, 0).stdout);
    assert!(
        output.contains("Dockerfile:1") && output.contains("Dockerfile:2"),
        "{output}"
    );
    let mut gated = lint.to_vec();
    gated.extend(["--fail-on", "low", "-o", "sarif"]);
    let output = expect(folder.path(), &gated, 1);
    let sarif: Value = serde_json::from_slice(&output.stdout).unwrap();
    let lines: Vec<i64> = sarif["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|r| r["locations"][0]["physicalLocation"]["region"]["startLine"].as_i64())
        .collect();
    assert!(lines.contains(&1) && lines.contains(&2), "{lines:?}");
    fs::write(folder.path().join(".hadolint.yaml"), "ignored: [DL3007]\n").unwrap();
    let output = text(&expect(folder.path(), &lint, 0).stdout);
    assert!(!output.contains("latest"), "{output}");
    expect(folder.path(), &["dockerfile", "lint", "none"], 2);
}
