//! Gradle's lockfiles (Gradle user manual, "Locking dependency versions"):
//! `group:artifact:version=configuration,configuration`.

use seaworthy_model::{DependencyScope, PackageType};

use super::graph::Lock;
use super::lines::numbered;
use super::{Format, Input};

pub(super) const FORMAT: Format = Format {
    wants: |name, path| {
        matches!(name, "gradle.lockfile" | "buildscript-gradle.lockfile")
            || (name.ends_with(".lockfile") && path.contains("gradle/dependency-locks/"))
    },
    asks_siblings: false,
    read,
};

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let mut lock = Lock::new(PackageType::Maven);
    let name = input.file_name();
    for (number, line) in numbered(input.text) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with("empty=") {
            continue;
        }
        // Before Gradle 6.3 a file per configuration, which has no list of them.
        let (module, configurations) = line
            .split_once('=')
            .unwrap_or((line, name.trim_end_matches(".lockfile")));
        let parts: Vec<&str> = module.split(':').collect();
        let [group, artifact, version] = parts[..] else {
            lock.gap(number, format!("`{module}` is not group:artifact:version"));
            continue;
        };
        let id = lock.add(format!("{group}:{artifact}"), version, number);
        let scope =
            if name.starts_with("buildscript") || configurations.split(',').all(is_development) {
                DependencyScope::Development
            } else {
                DependencyScope::Production
            };
        lock.node(id).scope(scope);
    }
    Ok(lock)
}

/// Configurations whose packages do not get into what is built.
fn is_development(configuration: &str) -> bool {
    let lower = configuration.to_ascii_lowercase();
    lower.contains("test")
        || [
            "annotationprocessor",
            "checkstyle",
            "pmd",
            "spotbugs",
            "jacocoagent",
            "jacocoant",
            "detekt",
            "ktlint",
            "kapt",
            "ksp",
        ]
        .iter()
        .any(|tool| lower == *tool)
}
