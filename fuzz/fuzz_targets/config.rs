//! Configuration files of every kind, Dockerfiles among them; the first byte chooses which. A
//! Dockerfile must come out as it went in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy_misconfig::{Options, lint_file};

const PATHS: [&str; 8] = [
    "Dockerfile",
    "k8s/deployment.yaml",
    "deployment.json",
    "compose.yaml",
    ".gitlab-ci.yml",
    "main.tf",
    "main.tf.json",
    "cloudformation/template.yaml",
];

fuzz_target!(|data: &[u8]| {
    let Some((&first, bytes)) = data.split_first() else {
        return;
    };
    let path = PATHS[usize::from(first) % PATHS.len()];
    let _ = lint_file(path, bytes, &Options::default());
    if let Ok(text) = std::str::from_utf8(bytes) {
        let (file, _) = seaworthy_dockerfile::parse(text);
        assert_eq!(file.print(), text);
    }
});
