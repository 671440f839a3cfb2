//! Images that went through other people's programs: skopeo and Debian's registry. Where those are
//! not installed the test says so; `.ci/run` installs them and insists.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::place::{findings, run_in, storefront, text};

pub(crate) struct Registry(Child);

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn available(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

pub(crate) fn skopeo(arguments: &[&str]) {
    let output = Command::new("skopeo").args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        text(&output.stderr)
    );
}

fn scan(folder: &Path, target: &str) -> Value {
    let output = run_in(
        folder,
        &[],
        &["scan", target, "--plain-http", "-o", "json=r.json"],
    );
    assert_eq!(
        output.status.code(),
        Some(0),
        "{target}: {}",
        text(&output.stderr)
    );
    serde_json::from_slice(&fs::read(folder.join("r.json")).unwrap()).unwrap()
}

/// Whether all programs are there; `.ci/run` insists on them.
#[expect(clippy::print_stderr, reason = "what was not tested is said")]
pub(crate) fn installed(programs: &[&str]) -> bool {
    let missing: Vec<_> = programs
        .iter()
        .filter(|program| !available(program))
        .collect();
    assert!(
        missing.is_empty() || std::env::var_os("SEAWORTHY_REQUIRE_TOOLS").is_none(),
        "{missing:?} are not installed"
    );
    if !missing.is_empty() {
        eprintln!("NOT TESTED: {missing:?} are not installed");
    }
    missing.is_empty()
}

/// Debian's registry on a free port, with its data below the folder.
pub(crate) fn registry(folder: &Path) -> (Registry, u16) {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let config = folder.join("config.yml");
    fs::write(
        &config,
        format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n",
            folder.join("data").display()
        ),
    )
    .unwrap();
    let child = Command::new("docker-registry")
        .arg("serve")
        .arg(config)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let registry = Registry(child);
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "the registry does not start"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    (registry, port)
}

#[test]
fn copies_by_skopeo_and_a_real_registry_give_the_same_findings() {
    if !installed(&["skopeo", "docker-registry"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (_registry, port) = registry(folder.path());
    let source = format!("oci:{}", storefront());
    skopeo(&[
        "copy",
        "-q",
        &source,
        &format!("docker-archive:{}:shop/web:1.8", at("docker.tar")),
    ]);
    skopeo(&[
        "copy",
        "-q",
        &source,
        &format!("oci-archive:{}:1.8", at("oci.tar")),
    ]);
    // skopeo waits for a registry that is still starting only when told to.
    let push = |format: &str, tag: &str| {
        let to = format!("docker://127.0.0.1:{port}/shop/web:{tag}");
        skopeo(&[
            "copy",
            "-q",
            "--retry-times",
            "10",
            "--dest-tls-verify=false",
            "--format",
            format,
            &source,
            &to,
        ]);
    };
    push("v2s2", "docker");
    push("oci", "oci");
    let expected = findings(&scan(folder.path(), &storefront()));
    assert!(expected.len() > 30);
    for target in [
        format!("docker-archive:{}", at("docker.tar")),
        format!("oci-archive:{}", at("oci.tar")),
        format!("registry:127.0.0.1:{port}/shop/web:docker"),
        format!("127.0.0.1:{port}/shop/web:oci"),
    ] {
        let report = scan(folder.path(), &target);
        assert_eq!(findings(&report), expected, "{target}");
    }
    let output = run_in(
        folder.path(),
        &[],
        &[
            "scan",
            &format!("registry:127.0.0.1:{port}/shop/none"),
            "--plain-http",
        ],
    );
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
}

/// `name version` of the packages that dpkg itself lists as installed in a root file system.
fn installed_packages(rootfs: &Path) -> Vec<String> {
    let output = Command::new("dpkg-query")
        .arg(format!(
            "--admindir={}",
            rootfs.join("var/lib/dpkg").display()
        ))
        .args(["-W", "-f", "${db:Status-Status} ${Package} ${Version}\n"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let mut all: Vec<String> = text(&output.stdout)
        .lines()
        .filter_map(|line| line.strip_prefix("installed "))
        .map(str::to_owned)
        .collect();
    all.sort();
    all
}

fn deb_packages(report: &Value) -> Vec<String> {
    let mut all: Vec<String> = report["inventory"]["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| package["type"] == "deb")
        .map(|package| {
            format!(
                "{} {}",
                package["name"].as_str().unwrap(),
                package["version"].as_str().unwrap()
            )
        })
        .collect();
    all.sort();
    all
}

/// A Debian that `mmdebstrap` made, built into an image by `buildah`, and moved by it and by
/// `skopeo` in every format and compression: always the packages that dpkg lists.
#[test]
fn a_debian_image_built_by_buildah_has_the_packages_that_dpkg_lists() {
    if !installed(&["buildah", "skopeo", "docker-registry", "dpkg-query", "tar"]) {
        return;
    }
    let Some(rootfs) = std::env::var_os("SEAWORTHY_TEST_ROOTFS") else {
        assert!(
            std::env::var_os("SEAWORTHY_REQUIRE_TOOLS").is_none(),
            "SEAWORTHY_TEST_ROOTFS names no root file system"
        );
        eprintln!("NOT TESTED: SEAWORTHY_TEST_ROOTFS names no tar of `mmdebstrap`");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (_registry, port) = registry(folder.path());
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .env("STORAGE_DRIVER", "vfs")
            .env("BUILDAH_ISOLATION", "chroot")
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {}",
            text(&output.stderr)
        );
    };
    fs::create_dir(folder.path().join("context")).unwrap();
    fs::copy(&rootfs, folder.path().join("context/rootfs.tar")).unwrap();
    fs::write(
        folder.path().join("context/Dockerfile"),
        "FROM scratch\nADD rootfs.tar /\nCMD [\"bash\"]\nCOPY Dockerfile /srv/Dockerfile\nRUN rm /usr/bin/awk && dpkg --purge --force-all sysvinit-utils\nUSER 1000\n",
    )
    .unwrap();
    let root = at("storage");
    let run_root = at("run");
    let buildah = |arguments: &[&str]| {
        let mut all = vec!["--root", &root, "--runroot", &run_root];
        all.extend(arguments);
        run("buildah", &all);
    };
    buildah(&[
        "bud",
        "--layers",
        "-q",
        "-t",
        "test/debian:12",
        &at("context"),
    ]);
    let archive = format!("docker-archive:{}:test/debian:12", at("debian.tar"));
    buildah(&["push", "-q", "test/debian:12", &archive]);
    for (tag, more) in [
        ("gzip", ["--compression-format", "gzip"]),
        ("zstd", ["--compression-format", "zstd"]),
    ] {
        let to = format!("oci:{}:{tag}", at("layout"));
        let mut arguments = vec!["push", "-q", "--format", "oci"];
        arguments.extend(more);
        arguments.extend(["test/debian:12", &to]);
        buildah(&arguments);
        let from = to;
        let to = format!("docker://127.0.0.1:{port}/test/debian:{tag}");
        run(
            "skopeo",
            &[
                "copy",
                "-q",
                "--retry-times",
                "10",
                "--dest-tls-verify=false",
                &from,
                &to,
            ],
        );
    }
    // What dpkg says of the same tree, the purged package left out.
    let tree = folder.path().join("tree");
    fs::create_dir(&tree).unwrap();
    run(
        "tar",
        &[
            "-xf",
            &at("context/rootfs.tar"),
            "-C",
            &tree.display().to_string(),
            "./var/lib/dpkg",
        ],
    );
    let expected: Vec<String> = installed_packages(&tree)
        .into_iter()
        .filter(|package| !package.starts_with("sysvinit-utils "))
        .collect();
    assert!(expected.len() > 50, "{expected:?}");
    let mut reports = Vec::new();
    for target in [
        format!("docker-archive:{}", at("debian.tar")),
        format!("oci-dir:{}:gzip", at("layout")),
        format!("oci-dir:{}:zstd", at("layout")),
        format!("127.0.0.1:{port}/test/debian:gzip"),
        format!("127.0.0.1:{port}/test/debian:zstd"),
    ] {
        let report = scan(folder.path(), &target);
        assert_eq!(deb_packages(&report), expected, "{target}");
        assert_eq!(
            report["inventory"]["distribution"]["id"], "debian",
            "{target}"
        );
        assert_eq!(report["inventory"]["image"]["user"], "1000", "{target}");
        reports.push(findings(&report));
    }
    assert!(!reports[0].is_empty());
    assert!(reports.iter().all(|report| *report == reports[0]));
}
