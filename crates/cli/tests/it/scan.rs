use std::collections::BTreeMap;
use std::fs;

use super::place::{expect, findings, image, json, run_in, storefront, text};

#[test]
fn the_example_image_gives_findings_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let formats = [
        "json",
        "gitlab",
        "cyclonedx",
        "sarif",
        "junit",
        "codequality",
        "html",
        "trivy",
        "csv",
        "markdown",
        "table",
    ];
    let target = storefront();
    let outputs: Vec<String> = formats.iter().map(|f| format!("{f}=r.{f}")).collect();
    let mut arguments = vec!["scan", target.as_str()];
    for output in &outputs {
        arguments.extend(["-o", output.as_str()]);
    }
    let output = expect(folder.path(), &arguments, 0);
    assert!(
        output.stdout.is_empty() && output.stderr.is_empty(),
        "{output:?}"
    );
    let read = |format: &str| text(&fs::read(folder.path().join(format!("r.{format}"))).unwrap());
    for format in formats {
        assert!(read(format).contains("CVE-2023-50447"), "{format}");
    }
    let report = json(&folder.path().join("r.json"));
    assert_eq!(report["inventory"]["distribution"]["name"], "Alpine 3.16.0");
    assert_eq!(report["support"]["ended"], true);
    let packages = report["inventory"]["packages"].as_array().unwrap();
    assert_eq!(packages.len(), 39);
    let origins: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["origin"].as_str().unwrap())
        .collect();
    assert!(origins.contains(&"base") && origins.contains(&"application"));
    // The shape that scripts for Trivy's output read.
    let trivy = json(&folder.path().join("r.trivy"));
    let severities = trivy["Results"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|r| r["Vulnerabilities"].as_array().into_iter().flatten())
        .filter(|v| v["Severity"] == "CRITICAL")
        .count();
    assert!(severities > 0);
}

#[test]
fn two_runs_write_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for (format, threads) in [
        ("json", "1"),
        ("gitlab", "4"),
        ("cyclonedx", "2"),
        ("sarif", "3"),
    ] {
        for name in ["a", "b"] {
            let output = format!("{format}={name}.{format}");
            let threads = if name == "a" { threads } else { "1" };
            expect(
                folder.path(),
                &["scan", &storefront(), "-o", &output, "--threads", threads],
                0,
            );
        }
        let bytes = |name: &str| fs::read(folder.path().join(format!("{name}.{format}"))).unwrap();
        assert!(bytes("a") == bytes("b"), "{format}");
    }
}

#[test]
fn an_image_and_its_own_bill_of_materials_have_the_same_findings() {
    let folder = tempfile::tempdir().unwrap();
    let target = storefront();
    expect(
        folder.path(),
        &["sbom", &target, "-o", "cyclonedx=s.cdx.json"],
        0,
    );
    expect(
        folder.path(),
        &["scan", &target, "-o", "json=image.json"],
        0,
    );
    expect(
        folder.path(),
        &["scan", "sbom:s.cdx.json", "-o", "json=sbom.json"],
        0,
    );
    let of_image = findings(&json(&folder.path().join("image.json")));
    let of_sbom = findings(&json(&folder.path().join("sbom.json")));
    assert!(of_image.len() > 30);
    assert_eq!(of_image, of_sbom);
}

#[test]
fn the_gate_and_the_filters_decide_the_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    let target = storefront();
    for (more, code) in [
        (&[][..], 0),
        (&["--fail-on", "critical"], 1),
        (&["--fail-on", "critical", "--severity", "critical"], 1),
        (
            &[
                "--scanners",
                "vuln",
                "--fail-on",
                "low",
                "--ignore-status",
                "fixed",
            ],
            0,
        ),
        (&["--scanners", "config", "--fail-on", "medium"], 1),
        (
            &[
                "--scanners",
                "config",
                "--fail-on",
                "medium",
                "--disable-rule",
                "sw-img-0001",
            ],
            0,
        ),
        (&["--scanners", "secret", "--fail-on", "low"], 1),
        (
            &["--scanners", "secret", "--secret-rules", "nowhere.yaml"],
            2,
        ),
        (&["--scanners", "license", "--fail-on", "high"], 1),
        (
            &["--scanners", "license", "--license-policy", "nowhere.yaml"],
            2,
        ),
        (
            &[
                "--scanners",
                "vuln",
                "--packages",
                "os",
                "--fail-on",
                "critical",
            ],
            0,
        ),
        (&["--fail-on", "awful"], 2),
        (&["-o", "json", "-o", "table"], 2),
        (&["-o", "pdf"], 2),
        (&["--username", "x"], 2),
        (&["--platform", "nonsense/"], 2),
        (&["--mirror", "x"], 2),
    ] {
        let arguments: Vec<&str> = ["scan", target.as_str()]
            .iter()
            .chain(more)
            .copied()
            .collect();
        expect(folder.path(), &arguments, code);
    }
}

#[test]
fn what_cannot_be_assessed_is_never_clean() {
    let folder = tempfile::tempdir().unwrap();
    let apk = "P:a\nV:1-r0\n\n";
    for (os_release, apk, words) in [
        ("ID=plan9\nVERSION_ID=4\n", apk, "plan9"),
        ("ID=alpine\n", apk, "does not say which release"),
        ("", apk, "nothing names the distribution"),
        (
            "ID=alpine\nVERSION_ID=3.18.4\n",
            "P:a\nnonsense\n",
            "not KEY:value",
        ),
    ] {
        let layout = folder.path().join("image");
        let _ = fs::remove_dir_all(&layout);
        image(os_release, apk).write_layout(&layout).unwrap();
        let output = expect(folder.path(), &["scan", "oci-dir:image", "--all"], 3);
        assert!(
            text(&output.stdout).contains(words),
            "{}",
            text(&output.stdout)
        );
        expect(
            folder.path(),
            &["scan", "oci-dir:image", "--allow-unknown"],
            0,
        );
        expect(folder.path(), &["sbom", "oci-dir:image"], 3);
    }
}

#[test]
fn targets_that_cannot_be_read_end_with_their_code_and_leave_no_report() {
    let folder = tempfile::tempdir().unwrap();
    let archive = image("ID=alpine\nVERSION_ID=3.18.4\n", "P:a\nV:1\n")
        .docker_archive()
        .unwrap();
    fs::write(folder.path().join("cut.tar"), &archive[..archive.len() / 2]).unwrap();
    for (target, code) in [
        ("docker-archive:cut.tar", 3),
        ("docker-archive:missing.tar", 3),
        ("oci-dir:.", 3),
        ("shop/web:bad tag", 2),
        ("registry:127.0.0.1:9/a/b", 4),
        ("docker:alpine", 4),
    ] {
        let variables = [("DOCKER_HOST", "unix:///no/such.sock")];
        let output = run_in(
            folder.path(),
            &variables,
            &["scan", target, "-o", "json=report.json"],
        );
        assert_eq!(
            output.status.code(),
            Some(code),
            "{target}: {}",
            text(&output.stderr)
        );
        assert!(
            text(&output.stderr).starts_with("error: "),
            "{}",
            text(&output.stderr)
        );
        assert!(!folder.path().join("report.json").exists());
    }
    // The name is a folder: nothing is written beside it.
    fs::create_dir(folder.path().join("taken")).unwrap();
    expect(
        folder.path(),
        &["scan", &storefront(), "-o", "json=taken"],
        4,
    );
    expect(
        folder.path(),
        &["scan", &storefront(), "-o", "json=no/such/report.json"],
        4,
    );
    assert_eq!(
        fs::read_dir(folder.path().join("taken")).unwrap().count(),
        0
    );
}

#[test]
fn several_targets_have_reports_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    image("ID=alpine\nVERSION_ID=3.18.4\n", "P:a\nV:1-r0\n")
        .write_layout(&folder.path().join("other"))
        .unwrap();
    let target = storefront();
    expect(
        folder.path(),
        &["scan", &target, "other", "-o", "json=all.json"],
        2,
    );
    expect(
        folder.path(),
        &["scan", &target, "other", "-o", "json=r-{target}.json"],
        0,
    );
    assert!(
        json(&folder.path().join("r-other.json"))["findings"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn the_settings_file_and_the_environment_give_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let target = storefront();
    fs::write(
        folder.path().join("seaworthy.toml"),
        "[scan]\nfail-on = \"critical\"\n",
    )
    .unwrap();
    expect(folder.path(), &["scan", &target], 1);
    let from_environment = run_in(
        folder.path(),
        &[("SEAWORTHY_FAIL_ON", "negligible")],
        &["scan", &target],
    );
    assert_eq!(from_environment.status.code(), Some(1));
    fs::write(folder.path().join("seaworthy.toml"), "nonsense = 1\n").unwrap();
    expect(folder.path(), &["scan", &target], 2);
}

#[test]
fn findings_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let target = storefront();
    let output = text(&expect(folder.path(), &["explain", "CVE-2023-50447", &target], 0).stdout);
    for words in [
        "REPORTED: pypi pillow 9.0.0",
        "https://nvd.nist.gov/vuln/detail/CVE-2023-50447",
        "installed   app/venv/lib/python3.10/site-packages/Pillow-9.0.0.dist-info/METADATA",
        "layer       2 (yours), sha256:",
        "made by     ",
        "affected < 10.2.0; this version is affected",
        "(as pep440 versions are ordered)",
        "severity    critical, says ",
        "fix         10.2.0: pip install",
        "waive ",
    ] {
        assert!(output.contains(words), "{words}\n{output}");
    }
    let output = text(&expect(folder.path(), &["explain", "CVE-1999-0001", &target], 0).stdout);
    assert!(output.contains("no advisory in"), "{output}");
}

#[test]
fn a_database_is_built_and_answers() {
    let folder = tempfile::tempdir().unwrap();
    let feeds = folder.path().join("feeds/alpine");
    fs::create_dir_all(&feeds).unwrap();
    fs::write(
        feeds.join("main.json"),
        r#"{"distroversion":"v3.16","packages":[{"pkg":{"name":"busybox","secfixes":{"1.35.0-r99":["CVE-2099-0001"]}}}]}"#,
    )
    .unwrap();
    let target = storefront();
    let built = expect(
        folder.path(),
        &["db", "build", "--feeds", "feeds", "--out", "db"],
        0,
    );
    assert!(text(&built.stdout).contains("alpine-secdb"));
    expect(
        folder.path(),
        &["scan", &target, "--db", "db", "-o", "json=r.json"],
        0,
    );
    let found = findings(&json(&folder.path().join("r.json")));
    assert!(
        found.iter().any(|f| f.contains("CVE-2099-0001")),
        "{found:?}"
    );
    let shown = expect(folder.path(), &["db", "lookup", "busybox", "--db", "db"], 0);
    assert!(text(&shown.stdout).contains("1.35.0-r99"));
    expect(
        folder.path(),
        &["db", "lookup", "nothing-like-it", "--db", "db"],
        3,
    );
    expect(
        folder.path(),
        &["db", "build", "--feeds", "db", "--out", "other"],
        2,
    );
    // A broken feed leaves the shard as it was.
    fs::write(feeds.join("bad.json"), "{").unwrap();
    let refused = expect(
        folder.path(),
        &["db", "build", "--feeds", "feeds", "--out", "db"],
        4,
    );
    assert!(
        text(&refused.stderr).contains("alpine/bad.json"),
        "{}",
        text(&refused.stderr)
    );
    expect(
        folder.path(),
        &["db", "build", "--feeds", "feeds", "--out", "db", "--force"],
        0,
    );
}

#[test]
fn a_root_file_system_is_scanned_and_os_owned_packages_are_not_reported_twice() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let files: BTreeMap<&str, &str> = [
        ("etc/os-release", "ID=debian\nVERSION_ID=12\n"),
        (
            "var/lib/dpkg/status",
            "Package: python3-jinja2\nStatus: install ok installed\nVersion: 3.1.2-1\nSource: jinja2\n",
        ),
        (
            "var/lib/dpkg/info/python3-jinja2.list",
            "/usr/lib/python3/dist-packages/Jinja2-3.1.2.egg-info/PKG-INFO\n",
        ),
        (
            "usr/lib/python3/dist-packages/Jinja2-3.1.2.egg-info/PKG-INFO",
            "Name: Jinja2\nVersion: 3.1.2\n",
        ),
        ("app/x-1.0.dist-info/METADATA", "Name: x\nVersion: 1.0\n"),
    ]
    .into();
    for (path, content) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let names = |more: &[&str]| {
        let arguments: Vec<&str> = ["sbom", "rootfs:root", "-o", "json=r.json"]
            .iter()
            .chain(more)
            .copied()
            .collect();
        expect(folder.path(), &arguments, 0);
        json(&folder.path().join("r.json"))["inventory"]["packages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["python3-jinja2", "x"]);
    assert_eq!(
        names(&["--keep-os-owned"]),
        ["python3-jinja2", "jinja2", "x"]
    );
    assert_eq!(names(&["--packages", "os"]), ["python3-jinja2"]);
}
