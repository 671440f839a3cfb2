//! Composer's `composer.lock`; the `composer.json` beside it tells what the project asks for.

use std::collections::HashMap;

use seaworthy_model::{DependencyScope, PackageType};
use serde_json::Value;

use super::graph::{Lock, NodeId};
use super::lines::{Lines, json};
use super::{Format, Input};

pub(super) const FORMAT: Format = Format {
    wants: |name, _| name == "composer.lock",
    asks_siblings: true,
    read,
};

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let root = json(input.text, "a lockfile of Composer")?;
    if root.get("packages").is_none() {
        return Err("not readable as a lockfile of Composer: it has no `packages`".to_owned());
    }
    let lines = Lines::of_json_values(input.text, "name");
    let mut lock = Lock::new(PackageType::Composer);
    let mut nodes: HashMap<String, NodeId> = HashMap::new();
    let mut edges: Vec<(NodeId, String)> = Vec::new();
    for (list, scope) in [
        ("packages", DependencyScope::Production),
        ("packages-dev", DependencyScope::Development),
    ] {
        for package in root
            .get(list)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let text = |key| package.get(key).and_then(Value::as_str);
            let (Some(name), Some(version)) = (text("name"), text("version")) else {
                lock.gap(0, format!("a package of `{list}` without name or version"));
                continue;
            };
            let id = lock.add(name, plain_version(version), lines.of(name));
            lock.node(id)
                .scope(scope)
                .license(license(package.get("license")));
            nodes.insert(name.to_ascii_lowercase(), id);
            let needs = package.get("require").and_then(Value::as_object);
            for need in needs.into_iter().flat_map(|needs| needs.keys()) {
                edges.push((id, need.to_ascii_lowercase()));
            }
        }
    }
    for (from, name) in edges {
        if let Some(to) = nodes.get(&name) {
            lock.need(from, *to);
        }
    }
    match input
        .sibling("composer.json")
        .and_then(|text| json(&text, "").ok())
    {
        Some(project) => {
            for (list, scope) in [
                ("require", DependencyScope::Production),
                ("require-dev", DependencyScope::Development),
            ] {
                let needs = project.get(list).and_then(Value::as_object);
                for need in needs.into_iter().flat_map(|needs| needs.keys()) {
                    if let Some(id) = nodes.get(&need.to_ascii_lowercase()) {
                        lock.root(*id, scope);
                    }
                }
            }
            lock.roots_are_known();
        }
        None => lock.root_the_unneeded(DependencyScope::Unknown),
    }
    Ok(lock)
}

/// `v1.2.3` without its letter, as Composer compares it.
pub(crate) fn plain_version(version: &str) -> &str {
    match version.strip_prefix(['v', 'V']) {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
        _ => version,
    }
}

/// The licences of a package, of which the user has the choice (Composer, "The composer.json
/// schema", `license`).
pub(crate) fn license(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(one)) => one.clone(),
        Some(Value::Array(many)) => {
            let many: Vec<&str> = many.iter().filter_map(Value::as_str).collect();
            many.join(" OR ")
        }
        _ => String::new(),
    }
}
