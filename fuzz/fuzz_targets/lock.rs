//! Lockfiles and manifests of sources; the first byte chooses which.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy_analysis::{FileAnalysis, FileMeta};

const PATHS: [&str; 24] = [
    "package-lock.json",
    "web/npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "requirements.txt",
    "requirements/dev.txt",
    "Pipfile.lock",
    "poetry.lock",
    "uv.lock",
    "pylock.toml",
    "go.mod",
    "Cargo.lock",
    "Gemfile.lock",
    "composer.lock",
    "pom.xml",
    "gradle.lockfile",
    "packages.lock.json",
    "mix.lock",
    "pubspec.lock",
    "Package.resolved",
    "conan.lock",
    "conanfile.txt",
    "gradle/dependency-locks/compile.lockfile",
];

fuzz_target!(|data: &[u8]| {
    let Some((&first, bytes)) = data.split_first() else {
        return;
    };
    let analyzers = seaworthy_packages::source_analyzers();
    let analysis = FileAnalysis::new(&analyzers);
    let file = FileMeta {
        path: PATHS[usize::from(first) % PATHS.len()],
        size: bytes.len() as u64,
        mode: 0o644,
    };
    let wanted = analysis.wanted(&file);
    let _ = analysis.bytes(&file, wanted, bytes);
});
