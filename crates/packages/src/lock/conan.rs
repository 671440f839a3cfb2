//! Conan's `conan.lock`, versions 1 and 2, and the one-file lists of `conanfile.txt`.

use seaworthy_model::{DependencyScope, PackageType, Relationship};
use serde_json::Value;

use super::graph::Lock;
use super::lines::{json, numbered};
use super::{Format, Input};

pub(super) const FORMAT: Format = Format {
    wants: |name, _| name == "conan.lock",
    asks_siblings: false,
    read,
};

pub(super) const FORMAT_TEXT: Format = Format {
    wants: |name, _| name == "conanfile.txt",
    asks_siblings: false,
    read: read_text,
};

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let root = json(input.text, "a lockfile of Conan")?;
    let mut lock = Lock::new(PackageType::Generic);
    for (list, scope) in [
        ("requires", DependencyScope::Production),
        ("build_requires", DependencyScope::Development),
        ("python_requires", DependencyScope::Development),
    ] {
        for reference in root
            .get(list)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            add(&mut lock, reference.as_str().unwrap_or_default(), scope, 0);
        }
    }
    let nodes = root
        .get("graph_lock")
        .and_then(|graph| graph.get("nodes")?.as_object());
    for (_, node) in nodes.into_iter().flatten() {
        // The project's own recipe has no reference.
        if let Some(reference) = node.get("ref").and_then(Value::as_str) {
            let scope = match node.get("context").and_then(Value::as_str) {
                Some("build") => DependencyScope::Development,
                _ => DependencyScope::Production,
            };
            add(&mut lock, reference, scope, 0);
        }
    }
    Ok(lock)
}

/// `name/version@user/channel#revision%time`.
fn add(lock: &mut Lock, reference: &str, scope: DependencyScope, line: u32) -> bool {
    let plain = reference
        .split(['@', '#', '%', ':'])
        .next()
        .unwrap_or(reference);
    match plain.split_once('/') {
        Some((name, version)) if !version.is_empty() && !version.starts_with('[') => {
            let id = lock.add(name, version, line);
            lock.node(id).scope(scope);
            true
        }
        _ => {
            lock.gap(line, format!("`{reference}` has no exact version"));
            false
        }
    }
}

fn read_text(input: &Input<'_>) -> Result<Lock, String> {
    let mut lock = Lock::new(PackageType::Generic);
    let mut section = "";
    for (number, line) in numbered(input.text) {
        let line = line.split('#').next().unwrap_or(line).trim();
        if line.starts_with('[') && line.ends_with(']') {
            section = line;
        } else if !line.is_empty() {
            let scope = match section {
                "[requires]" => DependencyScope::Production,
                "[build_requires]" | "[tool_requires]" | "[test_requires]" => {
                    DependencyScope::Development
                }
                _ => continue,
            };
            if add(&mut lock, line, scope, number) {
                let last = lock.ids().last();
                last.map(|id| lock.node(id).relationship(Relationship::Direct));
            }
        }
    }
    Ok(lock)
}
