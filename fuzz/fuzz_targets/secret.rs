//! Secrets in text, archives and binaries; the first byte chooses the file's name.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use seaworthy_secrets::{Rules, scan_text};

static RULES: LazyLock<Rules> = LazyLock::new(Rules::builtin);
const PATHS: [&str; 8] = [
    "app/.env",
    "app/settings.py",
    "app/x.json",
    "app/x.zip",
    "app/x.tar.gz",
    "app/x.pyc",
    "root/.docker/config.json",
    "etc/shadow",
];

fuzz_target!(|data: &[u8]| {
    let Some((&first, bytes)) = data.split_first() else {
        return;
    };
    let path = PATHS[usize::from(first) % PATHS.len()];
    for secret in scan_text(&RULES, path, bytes) {
        assert!(secret.masked.chars().count() <= 200);
    }
});
