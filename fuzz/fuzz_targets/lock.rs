//! Lockfiles and manifests of sources; the first byte chooses which.
#![no_main]

mod chosen;

use libfuzzer_sys::fuzz_target;

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
    if let Some((path, bytes)) = chosen::split(data, &PATHS) {
        let _ = chosen::whole(&seaworthy_packages::source_analyzers(), path, bytes);
    }
});
