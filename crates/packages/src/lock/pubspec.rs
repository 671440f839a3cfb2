//! Dart's `pubspec.lock`.

use seaworthy_model::{DependencyScope, PackageType, Relationship};

use super::graph::Lock;
use super::{Format, Input, block};

pub(super) const FORMAT: Format = Format {
    wants: |name, _| name == "pubspec.lock",
    asks_siblings: false,
    read,
};

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let (root, unread) = block::parse(input.text);
    let mut lock = Lock::new(PackageType::Pub);
    for line in unread {
        lock.gap(line, "is not understood");
    }
    let packages = root
        .get("packages")
        .ok_or("not readable as a lockfile of Dart: it has no `packages`")?;
    for package in &packages.below {
        match package.text("source") {
            // The toolkit itself, and parts of the project.
            Some("sdk" | "path") => continue,
            Some("hosted") | None => {}
            Some(_) => {
                lock.gap(
                    package.line,
                    format!("`{}` does not come from a registry", package.key),
                );
                continue;
            }
        }
        let Some(version) = package.text("version") else {
            lock.gap(package.line, format!("`{}` has no version", package.key));
            continue;
        };
        let id = lock.add(package.key, version, package.line);
        let (relationship, scope) = match package.text("dependency").unwrap_or_default() {
            "direct main" | "direct overridden" => {
                (Relationship::Direct, DependencyScope::Production)
            }
            "direct dev" => (Relationship::Direct, DependencyScope::Development),
            "transitive" => (Relationship::Transitive, DependencyScope::Unknown),
            _ => (Relationship::Unknown, DependencyScope::Unknown),
        };
        lock.node(id).relationship(relationship).scope(scope);
    }
    Ok(lock)
}
