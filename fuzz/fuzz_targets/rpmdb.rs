//! rpm's databases; the first byte chooses the kind. Seeds: the files in `crates/packages/testdata`,
//! each with that byte in front.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy_analysis::{FileAnalysis, FileMeta};

const PATHS: [&str; 3] = [
    "var/lib/rpm/Packages",
    "usr/lib/sysimage/rpm/Packages.db",
    "var/lib/rpm/rpmdb.sqlite",
];

fuzz_target!(|data: &[u8]| {
    let Some((&first, bytes)) = data.split_first() else {
        return;
    };
    let analyzers = seaworthy_packages::os_analyzers();
    let analysis = FileAnalysis::new(&analyzers);
    let file = FileMeta {
        path: PATHS[usize::from(first) % PATHS.len()],
        size: bytes.len() as u64,
        mode: 0o644,
    };
    let wanted = analysis.wanted(&file);
    let whole = analysis.bytes(&file, wanted, bytes);
    let windows = analysis.random(&file, wanted, &bytes.to_vec(), 0, &mut Vec::new());
    assert_eq!(whole.ok(), windows.ok());
});
