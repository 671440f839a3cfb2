//! Other scanners beside ours, and what is written into folders.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use seaworthy_oci::layout::{LayerEntry, tar_of};
use serde_json::Value;

use super::place::{expect, json, run_in, storefront, text};

/// A Grype of a few lines of shell, with a finding that ours does not have.
const GRYPE: &str = r#"{"matches":[{"vulnerability":{"id":"CVE-2099-0001","severity":"High","namespace":"alpine:distro:alpine:3.16","fix":{"state":"fixed","versions":["9.9"]}},"relatedVulnerabilities":[],"artifact":{"name":"busybox","version":"1.35.0-r13","type":"apk","purl":"pkg:apk/alpine/busybox@1.35.0-r13?distro=alpine-3.16.0","locations":[{"path":"/lib/apk/db/installed"}]}}],"source":{"type":"image","target":{"userInput":"x"}},"distro":{"name":"alpine","version":"3.16.0"},"descriptor":{"name":"grype","version":"0.104.1"}}"#;

fn script(folder: &Path, name: &str, body: &str) {
    let tools = folder.join("tools");
    fs::create_dir_all(&tools).unwrap();
    let path = tools.join(name);
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs with the fake scanners first in the search path, and none of the real ones.
fn with(folder: &Path, arguments: &[&str]) -> Output {
    let path = format!("{}:/usr/bin:/bin", folder.join("tools").display());
    run_in(folder, &[("PATH", &path)], arguments)
}

fn status(output: &Output) -> Option<i32> {
    output.status.code()
}

fn row<'a>(report: &'a Value, scanner: &str, kind: &str) -> &'a Value {
    report["merge"]["scanners"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["scanner"] == scanner && row["kind"] == kind)
        .unwrap_or_else(|| panic!("no row for {scanner} {kind}"))
}

#[test]
fn another_scanner_adds_what_it_found_and_who_found_what_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    script(at, "grype", &format!("cat <<'END'\n{GRYPE}\nEND"));
    let image = storefront();
    let arguments = [
        "scan",
        &image,
        "--with",
        "grype",
        "--all",
        "-o",
        "json=r.json",
        "-o",
        "table",
        "-o",
        "scanner-summaries=out",
        "-o",
        "scanner-reports=out",
        "-o",
        "gitlab=gl.json",
        "-o",
        "matrix=matrix.txt",
    ];
    let output = with(at, &arguments);
    assert_eq!(status(&output), Some(0), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    assert!(
        table.contains("CVE-2099-0001") && table.contains("not-applicable"),
        "{table}"
    );
    let report = json(&at.join("r.json"));
    let found = report["merge"]["findings"].as_array().unwrap();
    let new = found.iter().find(|f| f["id"] == "CVE-2099-0001").unwrap();
    assert_eq!(new["found_by"], serde_json::json!(["grype"]));
    assert!(!new["disagreements"].as_array().unwrap().is_empty());
    assert_eq!(row(&report, "grype", "vulnerability")["status"], "ok");
    assert_eq!(row(&report, "grype", "secret")["status"], "not-applicable");
    assert_eq!(row(&report, "grype", "secret")["total"], Value::Null);
    assert_eq!(row(&report, "seaworthy", "secret")["status"], "ok");
    let gitlab = fs::read_to_string(at.join("gl.json")).unwrap();
    assert!(gitlab.contains("CVE-2099-0001"));
    let summary = json(&at.join("out/grype-vulnerability-summary.json"));
    assert_eq!(
        summary,
        serde_json::json!({
            "scanner": "grype", "scan_type": "vulnerability", "total_vulnerabilities": 1,
            "critical_vulnerabilities": 0, "scan_status": "PASS",
        })
    );
    let none = json(&at.join("out/grype-secret-summary.json"));
    assert_eq!(none["scan_status"], "NOT_APPLICABLE");
    assert!(at.join("out/seaworthy-config-summary.json").exists());
    let raw = json(&at.join("out/grype-vulnerability-report.json"));
    assert_eq!(raw["descriptor"]["name"], "grype");
    assert!(
        fs::read_to_string(at.join("matrix.txt"))
            .unwrap()
            .contains("grype 0.104.1")
    );
    // The same answers give the same bytes, and later commands take the report.
    let first = fs::read(at.join("r.json")).unwrap();
    with(at, &arguments);
    assert_eq!(first, fs::read(at.join("r.json")).unwrap());
    expect(at, &["diff", "r.json", "r.json"], 0);
    // The gate sees what others found.
    let gate = with(
        at,
        &[
            "scan",
            &image,
            "--with",
            "grype",
            "--scanners",
            "vuln",
            "--severity",
            "critical",
            "--fail-on",
            "high",
            "-o",
            "json=g.json",
        ],
    );
    assert_eq!(status(&gate), Some(1));
    let gated = json(&at.join("g.json"));
    let hidden = |list: &Value| {
        list.as_array()
            .unwrap()
            .iter()
            .all(|f| f["severity"] == "critical")
    };
    assert!(hidden(&gated["findings"]) && hidden(&gated["merge"]["findings"]));
}

#[test]
fn scanners_without_an_answer_are_named_and_never_clean() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    script(at, "trivy", "echo 'this is no report'");
    script(
        at,
        "grype",
        "echo 'ERROR database is out of reach' >&2; exit 1",
    );
    script(at, "snyk", "sleep 60");
    let image = format!("oci-dir:{}", storefront());
    let began = Instant::now();
    let scan = |more: &[&str]| {
        let mut arguments = vec![
            "scan",
            &image,
            "--scanners",
            "vuln",
            "--with-timeout",
            "1s",
            "-o",
            "json=r.json",
            "-o",
            "table",
            "-o",
            "scanner-summaries=.",
        ];
        arguments.extend(more);
        with(at, &arguments)
    };
    let output = scan(&["--with", "trivy,grype,clair"]);
    assert_eq!(status(&output), Some(3), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    for expected in [
        "NOT ASSESSED",
        "database is out of reach",
        "not whole JSON",
        "clair fetches images from registries only",
    ] {
        assert!(table.contains(expected), "{expected}: {table}");
    }
    let report = json(&at.join("r.json"));
    assert_eq!(row(&report, "trivy", "vulnerability")["status"], "failed");
    assert_eq!(row(&report, "grype", "vulnerability")["total"], Value::Null);
    assert_eq!(
        row(&report, "clair", "vulnerability")["status"],
        "not-applicable"
    );
    let coverage = report["inventory"]["coverage"].to_string();
    assert!(coverage.contains("grype: vulnerability") && coverage.contains("--allow-unknown"));
    let summary = json(&at.join("grype-vulnerability-summary.json"));
    assert_eq!(summary["scan_status"], "ERROR");
    let accepted = scan(&["--with", "trivy,grype,clair", "--allow-unknown"]);
    assert_eq!(status(&accepted), Some(0));
    // One that hangs, on an archive, which it would take.
    let skopeo = at.join("web.tar");
    fs::write(&skopeo, archive()).unwrap();
    let hanging = with(
        at,
        &[
            "scan",
            "web.tar",
            "--scanners",
            "vuln",
            "--with",
            "snyk,grype",
            "--with-timeout",
            "1s",
            "--allow-unknown",
            "-o",
            "json=h.json",
        ],
    );
    assert_eq!(status(&hanging), Some(0), "{}", text(&hanging.stderr));
    assert_eq!(
        row(&json(&at.join("h.json")), "snyk", "vulnerability")["status"],
        "timed-out"
    );
    fs::remove_file(at.join("tools/grype")).unwrap();
    let missing = scan(&["--with", "grype"]);
    assert_eq!(status(&missing), Some(3));
    assert!(text(&missing.stdout).contains("`grype` is not in PATH"));
    assert!(began.elapsed() < Duration::from_secs(60));
    let wrong = with(at, &["scan", &image, "--with", "nessus"]);
    assert_eq!(status(&wrong), Some(2));
    assert!(text(&wrong.stderr).contains("trivy, grype, clairctl, snyk"));
}

/// The archive of an image without packages.
fn archive() -> Vec<u8> {
    let image = super::place::image("ID=alpine\nVERSION_ID=3.18.4\n", "");
    let entries: Vec<LayerEntry> = image
        .layout_files()
        .into_iter()
        .map(|(path, content)| LayerEntry::file(&path, content))
        .collect();
    tar_of(&entries).unwrap()
}

#[test]
fn an_interruption_ends_the_scanners_too() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mark = at.join("pid");
    script(
        at,
        "grype",
        &format!("echo $$ > {}; exec sleep 300", mark.display()),
    );
    let path = format!("{}:/usr/bin:/bin", at.join("tools").display());
    let mut child = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(["scan", &storefront(), "--with", "grype"])
        .current_dir(at)
        .env("PATH", &path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let waited = |ready: &dyn Fn() -> bool| {
        (0..1000).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            ready()
        })
    };
    assert!(waited(
        &|| fs::read_to_string(&mark).is_ok_and(|pid| pid.ends_with('\n'))
    ));
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let ended = child.wait().unwrap();
    assert_eq!(ended.code(), None, "it ends by the signal: {ended:?}");
    let pid = fs::read_to_string(&mark).unwrap();
    let stat = Path::new("/proc").join(pid.trim()).join("stat");
    assert!(waited(&|| {
        let state = fs::read_to_string(&stat).unwrap_or_default();
        state.is_empty() || state.contains(") Z ")
    }));
}

#[test]
fn merges_write_a_summary_per_scanner_and_kind() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::write(at.join("g.json"), GRYPE).unwrap();
    expect(at, &["merge", "g.json", "-o", "scanner-summaries=s"], 0);
    let summary = json(&at.join("s/grype-vulnerability-summary.json"));
    assert_eq!(summary["total_vulnerabilities"], 1);
}

#[test]
fn templates_and_notices_are_written_and_mistakes_have_lines() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let image = storefront();
    fs::write(
        at.join("list.txt"),
        "{{ target.name }} {{ verdict }}\n{% for row in rows %}\n{{ row.id }} {{ row.package.name }}\n{% endfor %}\n",
    )
    .unwrap();
    let output = expect(at, &["scan", &image, "-o", "template=list.txt"], 0);
    let list = text(&output.stdout);
    assert!(
        list.contains("FINDINGS\n") && list.contains("CVE-2023-0286 "),
        "{list}"
    );
    expect(at, &["scan", &image, "-o", "template=list.txt=out.txt"], 0);
    assert_eq!(fs::read_to_string(at.join("out.txt")).unwrap(), list);
    fs::write(at.join("bad.html"), "ok\n{% for x in %}\n").unwrap();
    let bad = run_in(
        at,
        &[],
        &["scan", &image, "-o", "template=bad.html=bad.out"],
    );
    assert_eq!(status(&bad), Some(2));
    let message = text(&bad.stderr);
    assert!(
        message.contains("bad.html") && message.contains("bad.html:2"),
        "{message}"
    );
    assert!(!at.join("bad.out").exists());
    // The example of the documentation.
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/templates");
    for file in ["findings.md", "mail.html"] {
        let template = format!("template={}", example.join(file).display());
        let page = expect(at, &["scan", &image, "-o", &template], 0);
        assert!(text(&page.stdout).contains("CVE-2023-50447"), "{file}");
    }
    expect(
        at,
        &[
            "scan",
            &image,
            "--scanners",
            "license",
            "--severity",
            "critical",
            "-o",
            "notice=NOTICE",
        ],
        0,
    );
    let notice = fs::read_to_string(at.join("NOTICE")).unwrap();
    assert!(
        notice.contains("MIT") && notice.contains("(apk)"),
        "{notice}"
    );
    let without = run_in(at, &[], &["scan", &image, "-o", "notice=N"]);
    assert_eq!(status(&without), Some(2));
    assert!(text(&without.stderr).contains("--scanners license"));
}

fn project(at: &Path) {
    fs::create_dir_all(at.join("web")).unwrap();
    fs::write(
        at.join("web/package-lock.json"),
        r#"{"name":"web","lockfileVersion":3,"packages":{"":{"dependencies":{"lodash":"4.17.15"},"devDependencies":{"left-pad":"1.0.0"}},"node_modules/lodash":{"version":"4.17.15"},"node_modules/left-pad":{"version":"1.0.0","dev":true}}}"#,
    )
    .unwrap();
    fs::write(at.join("requirements.txt"), "jinja2==2.11.2\n").unwrap();
    fs::write(at.join("requirements-dev.txt"), "pytest==7.0.0\n").unwrap();
}

#[test]
fn every_lockfile_has_its_bill_for_gitlab() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    project(at);
    expect(at, &["sbom", "dir:.", "-o", "gitlab-sboms=out"], 0);
    let bill = json(&at.join("out/web/gl-sbom-npm-npm.cdx.json"));
    let property = |value: &Value, name: &str| {
        value["properties"]
            .as_array()
            .unwrap()
            .iter()
            .find(|p| p["name"] == format!("gitlab:{name}"))
            .map(|p| p["value"].as_str().unwrap().to_owned())
    };
    let metadata = |name: &str| property(&bill["metadata"], name).unwrap();
    assert_eq!(metadata("meta:schema_version"), "1");
    assert_eq!(
        metadata("dependency_scanning:input_file:path"),
        "web/package-lock.json"
    );
    assert_eq!(
        metadata("dependency_scanning:source_file:path"),
        "web/package.json"
    );
    assert_eq!(metadata("dependency_scanning:package_manager:name"), "npm");
    let categories: Vec<_> = bill["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| {
            (
                c["name"].as_str().unwrap(),
                property(c, "dependency_scanning:category"),
            )
        })
        .collect();
    assert_eq!(
        categories,
        [
            ("left-pad", Some("development".to_owned())),
            ("lodash", Some("production".to_owned()))
        ]
    );
    assert!(at.join("out/gl-sbom-pypi-pip.cdx.json").exists());
    assert!(
        at.join("out/gl-sbom-pypi-pip-requirements-dev.cdx.json")
            .exists()
    );
    let nowhere = run_in(at, &[], &["sbom", "dir:.", "-o", "gitlab-sboms"]);
    assert_eq!(status(&nowhere), Some(2));
}

#[test]
fn dependency_scanning_of_gitlab_is_stood_in_for() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    project(at);
    let output = expect(at, &["gitlab", "dependencies"], 0);
    assert!(text(&output.stdout).contains("lodash"));
    assert!(at.join("web/gl-sbom-npm-npm.cdx.json").exists());
    let report = json(&at.join("gl-dependency-scanning-report.json"));
    assert_eq!(report["scan"]["type"], "dependency_scanning");
    let all = report["vulnerabilities"].as_array().unwrap();
    let lodash = all
        .iter()
        .find(|v| v["location"]["dependency"]["package"]["name"] == "lodash")
        .unwrap();
    assert_eq!(lodash["location"]["file"], "web/package-lock.json");
    assert_eq!(lodash["location"]["dependency"]["direct"], true);
    let quiet = run_in(
        at,
        &[("CS_QUIET", "1")],
        &["gitlab", "dependencies", "--fail-on", "low"],
    );
    assert_eq!(status(&quiet), Some(1));
    assert!(quiet.stdout.is_empty());
    // Its own files are no input of the next run.
    let again = json(&at.join("gl-dependency-scanning-report.json"));
    assert_eq!(again["vulnerabilities"], report["vulnerabilities"]);
}

#[test]
fn reports_of_secrets_name_the_commit_of_the_pipeline() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let image = storefront();
    let output = run_in(
        at,
        &[
            ("CI_COMMIT_SHA", "feedbeef"),
            ("CI_COMMIT_AUTHOR", "A <a@example.com>"),
        ],
        &[
            "scan",
            &image,
            "-o",
            "gitlab-secrets=gl-secret-detection-report.json",
        ],
    );
    assert_eq!(status(&output), Some(0), "{}", text(&output.stderr));
    let report = json(&at.join("gl-secret-detection-report.json"));
    assert_eq!(
        report["vulnerabilities"][0]["location"]["commit"],
        serde_json::json!({"sha": "feedbeef", "author": "A <a@example.com>"})
    );
}

#[test]
fn rules_are_described_and_linked_where_their_pages_lie() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let one = text(&expect(at, &["rules", "sw-k8s-0005"], 0).stdout);
    assert!(
        one.starts_with("## SW-K8S-0005") && one.contains("**Fix:**"),
        "{one}"
    );
    let same = text(&expect(at, &["rules", "AVD-KSV-0017"], 0).stdout);
    assert_eq!(one, same);
    let all = text(&expect(at, &["rules"], 0).stdout);
    assert!(all.lines().count() > 150, "{}", all.lines().count());
    let wrong = run_in(at, &[], &["rules", "SW-NONE"]);
    assert_eq!(status(&wrong), Some(2));
    fs::write(at.join("Dockerfile"), "FROM debian:latest\n").unwrap();
    let scan = |more: &[&str]| {
        let mut arguments = vec![
            "scan",
            "dir:.",
            "--scanners",
            "config",
            "-o",
            "sarif=r.sarif",
            "-o",
            "gitlab-sast=r.json",
        ];
        arguments.extend(more);
        expect(at, &arguments, 0);
        (json(&at.join("r.sarif")), json(&at.join("r.json")))
    };
    let (sarif, gitlab) = scan(&[]);
    let rule = &sarif["runs"][0]["tool"]["driver"]["rules"][0];
    assert_eq!(rule["helpUri"], Value::Null);
    assert!(
        rule["help"]["text"]
            .as_str()
            .unwrap()
            .contains("`seaworthy rules SW-")
    );
    assert_eq!(gitlab["vulnerabilities"][0]["links"], serde_json::json!([]));
    assert!(
        gitlab["vulnerabilities"][0]["description"]
            .as_str()
            .unwrap()
            .contains("`seaworthy rules SW-")
    );
    let (sarif, gitlab) = scan(&["--rules-url", "https://example.com/rules/"]);
    let rule = &sarif["runs"][0]["tool"]["driver"]["rules"][0];
    let url = rule["helpUri"].as_str().unwrap();
    assert!(
        url.starts_with("https://example.com/rules/dockerfile.md#sw-"),
        "{url}"
    );
    assert!(gitlab["vulnerabilities"][0]["links"][0]["url"].is_string());
}
