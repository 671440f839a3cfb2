//! Advisory feeds of every family, from a file, through `db build`; the first byte chooses which.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy_advisories::{BuildOptions, build};

const FILES: [&str; 20] = [
    "alpine/v3.18/main.json",
    "alpine/v3.3/main.yaml",
    "debian/tracker.json",
    "debian/x/data/DSA/list",
    "ubuntu/active/CVE-2024-0001",
    "ubuntu/osv/x.json",
    "redhat/CVE-2024-0001.json",
    "almalinux/x.json",
    "osv/npm/x.json",
    "pypi/PYSEC-2024-1.yaml",
    "go/GO-2024-0001.json",
    "rust/crates/x/RUSTSEC-2024-0001.md",
    "epss/epss.csv",
    "epss/epss.csv.gz",
    "kev/kev.json",
    "eol/products/debian.md",
    "cve/CVE-2024-0001.json",
    "osv/all.zip",
    "osv/all.tar.gz",
    "osv/all.tar.zst",
];

fuzz_target!(|data: &[u8]| {
    let Some((&first, bytes)) = data.split_first() else {
        return;
    };
    let Ok(folder) = tempfile::tempdir_in("/dev/shm") else {
        return;
    };
    let feeds = folder.path().join("feeds");
    let file = feeds.join(FILES[usize::from(first) % FILES.len()]);
    let written = file
        .parent()
        .map(std::fs::create_dir_all)
        .map(|made| made.and_then(|()| std::fs::write(&file, bytes)));
    if !matches!(written, Some(Ok(()))) {
        return;
    }
    let options = BuildOptions {
        threads: 1,
        ..BuildOptions::default()
    };
    let _ = build(&feeds, &folder.path().join("db"), &options, &|_| {});
});
