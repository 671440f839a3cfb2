use std::fs;
use std::path::Path;

use serde_json::Value;

use super::place::{run_in, storefront, text};

const LANGUAGES: (&str, &str) = ("CS_DISABLE_LANGUAGE_VULNERABILITY_SCAN", "false");

fn scan(folder: &Path, variables: &[(&str, &str)], code: i32) -> (Value, String) {
    let image = format!("oci-dir:{}", storefront());
    let all = [&[("CS_IMAGE", image.as_str())], variables].concat();
    let output = run_in(folder, &all, &["gitlab", "scan"]);
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{err}");
    let report = fs::read(folder.join("gl-container-scanning-report.json")).unwrap();
    (
        serde_json::from_slice(&report).unwrap(),
        err + &text(&output.stdout),
    )
}

fn ids(report: &Value) -> Vec<&str> {
    report["vulnerabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["identifiers"][0]["name"].as_str().unwrap())
        .collect()
}

#[test]
fn the_reports_of_the_analyser_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let (report, log) = scan(folder.path(), &[], 0);
    assert_eq!(report["scan"]["type"], "container_scanning");
    assert_eq!(report["scan"]["status"], "success");
    // Packages of the operating system only, as the analyser does by default.
    assert!(
        ids(&report).contains(&"CVE-2023-0286"),
        "{:?}",
        ids(&report)
    );
    assert!(!ids(&report).contains(&"CVE-2023-50447"));
    assert!(log.contains("[INFO]") && log.contains("FINDINGS"));
    let sbom = fs::read(folder.path().join("gl-sbom-report.cdx.json")).unwrap();
    let sbom: Value = serde_json::from_slice(&sbom).unwrap();
    let properties = sbom["metadata"]["properties"].as_array().unwrap();
    assert!(
        properties
            .iter()
            .any(|p| p["name"] == "gitlab:meta:schema_version")
    );
    let (report, _) = scan(folder.path(), &[LANGUAGES], 0);
    assert!(ids(&report).contains(&"CVE-2023-50447"));
}

#[test]
fn thresholds_allowlist_and_remediations_work() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("vulnerability-allowlist.yml"),
        "generalallowlist:\n  CVE-2023-50447: not reachable\n",
    )
    .unwrap();
    fs::write(
        folder.path().join("Dockerfile"),
        "FROM alpine:3.16\nCMD [\"sh\"]\n",
    )
    .unwrap();
    let (report, log) = scan(
        folder.path(),
        &[
            LANGUAGES,
            ("CS_SEVERITY_THRESHOLD", "critical"),
            ("CS_REPORT_OS_EOL", "true"),
        ],
        0,
    );
    assert!(!ids(&report).contains(&"CVE-2023-50447"));
    assert!(log.contains("approved"), "{log}");
    let severities: Vec<&str> = report["vulnerabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["severity"].as_str().unwrap())
        .collect();
    // The end of life is reported whatever the threshold.
    assert!(
        severities
            .iter()
            .all(|s| *s == "Critical" || *s == "Medium")
    );
    assert_eq!(severities.iter().filter(|s| **s == "Medium").count(), 1);
    let (report, _) = scan(folder.path(), &[], 0);
    assert!(!report["remediations"].as_array().unwrap().is_empty());
    fs::write(
        folder.path().join("vulnerability-allowlist.yml"),
        "generalallowlist: [",
    )
    .unwrap();
    let image = storefront();
    let broken = run_in(folder.path(), &[("CS_IMAGE", &image)], &["gitlab", "scan"]);
    assert_eq!(broken.status.code(), Some(2));
    assert!(text(&broken.stderr).contains("vulnerability-allowlist.yml is not valid"));
}

#[test]
fn the_gate_is_ours_and_off_by_default() {
    let folder = tempfile::tempdir().unwrap();
    scan(
        folder.path(),
        &[LANGUAGES, ("SEAWORTHY_FAIL_ON", "critical")],
        1,
    );
    fs::write(
        folder.path().join("vulnerability-allowlist.yml"),
        "images:\n  storefront:\n    CVE-2023-50447:\n    CVE-2022-24303:\n    CVE-2023-37920:\n",
    )
    .unwrap();
    scan(
        folder.path(),
        &[LANGUAGES, ("SEAWORTHY_FAIL_ON", "critical")],
        0,
    );
}

#[test]
fn several_images_are_scanned_in_one_job() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join(".gitlab-multi-image.yml"),
        format!(
            "scanTargets:\n  - name: oci-dir:{0}\n  - name: {0}\n    tag: '1.0'\n",
            storefront()
        ),
    )
    .unwrap();
    let output = run_in(folder.path(), &[("CS_QUIET", "1")], &["gitlab", "scan"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty());
    let reports = fs::read_dir(folder.path())
        .unwrap()
        .filter(|e| {
            e.as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .starts_with("gl-container-scanning-report-")
        })
        .count();
    assert_eq!(reports, 2);
}

#[test]
fn a_missing_image_ends_with_1_and_says_what_to_set() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_in(folder.path(), &[], &["gitlab", "scan"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("set CS_IMAGE"));
}
