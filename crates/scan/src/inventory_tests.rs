use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use seaworthy_source::TargetRef;

use super::*;

struct Nobody;

impl Progress for Nobody {
    fn start(&self, _: &str, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn finish(&self) {}
}

impl Observer for Nobody {}

/// A program of one line in a root file system.
fn program(root: &Path, path: &str, mode: u32) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().expect("has one")).expect("writable");
    fs::write(&file, "#!/bin/sh\n").expect("writable");
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("ours");
}

fn managers(target: &TargetRef) -> Option<Vec<String>> {
    read(target, &ReadOptions::default(), &Nobody)
        .expect("readable")
        .inventory
        .package_managers
}

#[test]
fn package_managers_of_a_root_file_system_are_found_and_sources_have_none() {
    let dir = tempfile::tempdir().expect("a directory");
    let root = dir.path();
    let rootfs = TargetRef::Rootfs(root.to_owned());
    assert_eq!(managers(&rootfs), Some(Vec::new()));
    assert_eq!(managers(&TargetRef::Dir(root.to_owned())), None);

    program(root, "usr/bin/apt-get", 0o755);
    program(root, "usr/bin/dpkg", 0o644);
    program(root, "usr/bin/dnf-3", 0o755);
    symlink("dnf-3", root.join("usr/bin/dnf")).expect("writable");
    // A link of the host's root must not be followed on the host.
    symlink("/bin/sh", root.join("usr/bin/pip")).expect("writable");
    symlink("usr/bin", root.join("bin")).expect("writable");
    symlink("/bin/dnf", root.join("usr/bin/yum")).expect("writable");
    program(root, "opt/busybox/bin/[", 0o755);
    for name in ["busybox", "rpm"] {
        fs::hard_link(
            root.join("opt/busybox/bin/["),
            root.join("opt/busybox/bin").join(name),
        )
        .expect("writable");
    }
    let expected = ["apt-get", "dnf", "dnf-3", "yum"].map(|name| format!("usr/bin/{name}"));
    assert_eq!(managers(&rootfs), Some(expected.to_vec()));
    assert_eq!(managers(&TargetRef::Dir(root.to_owned())), None);
}

#[test]
fn what_a_bill_of_materials_has_no_files_for_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("bom.json");
    fs::write(&file, r#"{"bomFormat":"CycloneDX","specVersion":"1.6"}"#).expect("writable");
    let options = ReadOptions {
        scanners: Scanners {
            configuration: Some(seaworthy_misconfig::Options::default()),
            ..Scanners::default()
        },
        ..ReadOptions::default()
    };
    let read = read(&TargetRef::Sbom(file), &options, &Nobody).expect("readable");
    let gaps: Vec<_> = (read.inventory.coverage.entries.iter())
        .map(|gap| (gap.kind, gap.subject.as_str()))
        .collect();
    assert_eq!(gaps, [(CoverageKind::ScannerMissing, "config")]);
    assert_eq!(read.inventory.package_managers, None);
}

#[test]
fn a_named_user_has_the_number_of_its_first_line() {
    let accounts: Vec<Account> = [
        ("root", 0),
        ("toor", 0),
        ("app", 1000),
        ("app", 0),
        ("7", 0),
    ]
    .map(|(name, id)| Account {
        name: name.to_owned(),
        id,
    })
    .to_vec();
    for (user, expected) in [
        ("toor", Some(0)),
        ("app:root", Some(1000)),
        ("app:", Some(1000)),
        ("nobody", None),
        ("1000", None),
        ("7", None),
        ("0:0", None),
        ("", None),
    ] {
        assert_eq!(user_id(user, &accounts), expected, "{user}");
    }
}
