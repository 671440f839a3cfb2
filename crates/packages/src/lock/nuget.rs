//! NuGet's `packages.lock.json`: per target framework, what was resolved and why.

use std::collections::HashMap;

use seaworthy_model::{DependencyScope, PackageType};
use serde_json::Value;

use super::graph::{Lock, NodeId};
use super::lines::{Lines, json};
use super::{Format, Input};

pub(super) const FORMAT: Format = Format {
    wants: |name, _| {
        name == "packages.lock.json"
            || (name.starts_with("packages.") && name.ends_with(".lock.json"))
    },
    asks_siblings: false,
    read,
};

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let root = json(input.text, "a lockfile of NuGet")?;
    let frameworks = root
        .get("dependencies")
        .and_then(Value::as_object)
        .ok_or("not readable as a lockfile of NuGet: it has no `dependencies`")?;
    let lines = Lines::of_json_keys(input.text);
    let mut lock = Lock::new(PackageType::NuGet);
    for (_, packages) in frameworks {
        let packages = packages.as_object();
        let mut nodes: HashMap<String, NodeId> = HashMap::new();
        for (name, package) in packages.into_iter().flatten() {
            let text = |key| package.get(key).and_then(Value::as_str);
            let kind = text("type").unwrap_or_default();
            // Another project of the same solution.
            if kind.eq_ignore_ascii_case("Project") {
                nodes.insert(name.to_ascii_lowercase(), lock.add_own(name.as_str()));
                continue;
            }
            let line = lines.of(name);
            let Some(version) = text("resolved") else {
                lock.gap(line, format!("`{name}` has no version"));
                continue;
            };
            let id = lock.add(name.as_str(), version, line);
            if kind.eq_ignore_ascii_case("Direct") {
                lock.root(id, DependencyScope::Unknown);
            }
            nodes.insert(name.to_ascii_lowercase(), id);
        }
        for (name, package) in packages.into_iter().flatten() {
            let needs = package.get("dependencies").and_then(Value::as_object);
            let Some(from) = nodes.get(&name.to_ascii_lowercase()) else {
                continue;
            };
            for need in needs.into_iter().flat_map(|needs| needs.keys()) {
                if let Some(to) = nodes.get(&need.to_ascii_lowercase()) {
                    lock.need(*from, *to);
                }
            }
        }
    }
    lock.roots_are_known();
    Ok(lock)
}
