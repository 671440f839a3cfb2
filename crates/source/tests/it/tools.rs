//! Other people's registries and readers: Debian's `docker-registry`, and `skopeo`.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use seaworthy_oci::artifact::MANIFEST_TYPE;
use seaworthy_oci::{ArtifactManifest, ArtifactStore, Descriptor};
use seaworthy_source::{layout_store, registry_store};

use super::*;

/// Whether all programs are there; `.ci/run` insists on them.
#[expect(clippy::print_stderr, reason = "what was not tested is said")]
fn installed(programs: &[&str]) -> bool {
    let missing: Vec<_> = programs
        .iter()
        .filter(|program| {
            let asked = Command::new(program)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            asked.is_err()
        })
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

struct Registry {
    child: Child,
    address: String,
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Debian's registry on a free port, with its data below the folder.
fn registry(folder: &Path) -> Registry {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let config = folder.join("config.yml");
    let data = folder.join("data");
    std::fs::write(
        &config,
        format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '{address}'}}\n",
            data.display()
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
    let registry = Registry { child, address };
    for _ in 0..200 {
        if TcpStream::connect(&registry.address).is_ok() {
            return registry;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("docker-registry did not start");
}

fn skopeo(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("skopeo").args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn push_image(store: &dyn ArtifactStore, built: &BuiltImage, tag: &str) -> Digest {
    store.put_blob(&built.config).unwrap();
    for layer in &built.layers {
        store.put_blob(&layer.blob).unwrap();
    }
    store
        .put_manifest(Some(tag), MANIFEST_TYPE, &built.manifest)
        .unwrap()
}

/// An artifact about another, with a content of two pieces.
fn note(store: &dyn ArtifactStore, subject: &Digest, kind: &str) -> (Digest, Vec<u8>) {
    let content: Vec<u8> = (0..(9 << 20) as u32).map(|n| (n % 241) as u8).collect();
    let mut manifest = ArtifactManifest::new(kind);
    store.put_blob(seaworthy_oci::artifact::EMPTY).unwrap();
    manifest.layers.push(Descriptor {
        media_type: "application/octet-stream".to_owned(),
        digest: store.put_blob(&content).unwrap().to_string(),
        size: content.len() as u64,
        ..Descriptor::default()
    });
    manifest.subject = Some(Descriptor {
        media_type: MANIFEST_TYPE.to_owned(),
        digest: subject.to_string(),
        size: store
            .manifest(subject.as_str())
            .unwrap()
            .unwrap()
            .bytes
            .len() as u64,
        ..Descriptor::default()
    });
    let bytes = manifest.to_bytes().unwrap();
    let digest = store.put_manifest(None, MANIFEST_TYPE, &bytes).unwrap();
    (digest, content)
}

fn round_trip(store: &dyn ArtifactStore) -> Digest {
    let built = image();
    let subject = push_image(store, &built, "1.8");
    assert_eq!(store.manifest("1.8").unwrap().unwrap().digest, subject);
    let (first, content) = note(store, &subject, "application/vnd.example.note");
    let (second, _) = note(store, &subject, "application/vnd.example.other");
    let all = store.referrers(&subject, None).unwrap();
    let digests: std::collections::BTreeSet<_> = all.iter().map(|d| d.digest.clone()).collect();
    assert_eq!(digests, [first.to_string(), second.to_string()].into());
    let found = store
        .referrers(&subject, Some("application/vnd.example.note"))
        .unwrap();
    let manifest = store.manifest(&found[0].digest).unwrap().unwrap();
    let manifest = ArtifactManifest::parse(&manifest.bytes).unwrap();
    for from in [0, 5 << 20] {
        let mut bytes = Vec::new();
        let mut stream = store.blob(&manifest.layers[0], from as u64).unwrap();
        stream.read_to_end(&mut bytes).unwrap();
        assert!(bytes == content[from..]);
    }
    subject
}

#[test]
fn a_real_registry_keeps_artifacts_and_lists_referrers() {
    if !installed(&["docker-registry", "skopeo"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let registry = registry(folder.path());
    let reference = format!("{}/shop/web", registry.address).parse().unwrap();
    let store = registry_store(&reference, &SourceOptions::default()).unwrap();
    let subject = round_trip(&*store);
    let target = format!("registry:{}/shop/web:1.8", registry.address);
    let opened = open_image(&target, &SourceOptions::default()).unwrap();
    assert_same(&*opened, &image());
    let image = format!("docker://{}/shop/web@{subject}", registry.address);
    let raw = skopeo(&["inspect", "--tls-verify=false", "--raw", &image]);
    assert!(subject.matches(&raw));
}

#[test]
fn a_layout_is_read_by_others() {
    let folder = tempfile::tempdir().unwrap();
    let layout = folder.path().join("layout");
    let store = layout_store(&layout).unwrap();
    let subject = round_trip(&*store);
    if !installed(&["skopeo"]) {
        return;
    }
    let from = format!("oci:{}:1.8", layout.display());
    let raw = skopeo(&["inspect", "--raw", &from]);
    assert!(subject.matches(&raw));
    let copy = folder.path().join("copy");
    skopeo(&["copy", "-q", &from, &format!("oci:{}:1.8", copy.display())]);
    let opened = open_image(
        &format!("oci-dir:{}", copy.display()),
        &SourceOptions::default(),
    );
    assert_same(&*opened.unwrap(), &image());
    // And what others wrote is read and added to.
    let theirs = layout_store(&copy).unwrap();
    assert_eq!(theirs.manifest("1.8").unwrap().unwrap().digest, subject);
    note(&*theirs, &subject, "application/vnd.example.note");
    assert_eq!(theirs.referrers(&subject, None).unwrap().len(), 1);
    skopeo(&["inspect", "--raw", &format!("oci:{}:1.8", copy.display())]);
}
