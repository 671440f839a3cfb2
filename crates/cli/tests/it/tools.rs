//! Images that went through other people's programs: skopeo and Debian's registry. Where those are
//! not installed the test says so; `.ci/run` installs them and insists.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::scan::{findings, run_in, storefront, text};

struct Registry(Child);

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

fn skopeo(arguments: &[&str]) {
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

#[test]
fn copies_by_skopeo_and_a_real_registry_give_the_same_findings() {
    let missing: Vec<&str> = ["skopeo", "docker-registry"]
        .into_iter()
        .filter(|program| !available(program))
        .collect();
    if !missing.is_empty() {
        assert!(
            std::env::var_os("SEAWORTHY_REQUIRE_TOOLS").is_none(),
            "{missing:?} are not installed"
        );
        eprintln!("NOT TESTED: {missing:?} are not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    fs::write(
        folder.path().join("config.yml"),
        format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n",
            at("data")
        ),
    )
    .unwrap();
    let _registry = Registry(
        Command::new("docker-registry")
            .args(["serve", &at("config.yml")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
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
