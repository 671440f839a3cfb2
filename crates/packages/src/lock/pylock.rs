//! `pylock.toml` (PEP 751).

use std::collections::HashMap;

use seaworthy_model::{DependencyScope, PackageType, normal_python_name};
use toml::Value;

use super::graph::{Lock, NodeId};
use super::lines::{tables, text, toml};
use super::{Format, Input, MAX_VERSIONS};

pub(super) const FORMAT: Format = Format {
    wants: |name, _| {
        name == "pylock.toml" || (name.starts_with("pylock.") && name.ends_with(".toml"))
    },
    asks_siblings: false,
    read,
};

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let root = toml(input.text, "a pylock file")?;
    let mut lock = Lock::new(PackageType::PyPi);
    let mut nodes: HashMap<String, Vec<NodeId>> = HashMap::new();
    let mut edges = Vec::new();
    for (line, package) in tables(&root, input.text, "packages") {
        let Some(name) = text(package, "name") else {
            lock.gap(line, "a package without a name");
            continue;
        };
        // A directory is a part of the project.
        if package.contains_key("directory") {
            continue;
        }
        let Some(version) = text(package, "version") else {
            lock.gap(line, format!("`{name}` has no version"));
            continue;
        };
        let name = normal_python_name(name).into_owned();
        let id = lock.add(name.as_str(), version, line);
        nodes.entry(name).or_default().push(id);
        if let Some(needs) = package.get("dependencies").and_then(Value::as_array) {
            for need in needs.iter().filter_map(|need| need.get("name")?.as_str()) {
                edges.push((id, normal_python_name(need).into_owned()));
            }
        }
    }
    let told = !edges.is_empty();
    for (from, name) in edges {
        for to in nodes.get(&name).into_iter().flatten().take(MAX_VERSIONS) {
            lock.need(from, *to);
        }
    }
    // Most writers leave out what needs what.
    if told {
        lock.root_the_unneeded(DependencyScope::Unknown);
    }
    Ok(lock)
}
