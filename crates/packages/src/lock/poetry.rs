//! `poetry.lock`; the `pyproject.toml` beside it tells what the project asks for itself.

use std::collections::HashMap;

use seaworthy_model::{DependencyScope, PackageType, normal_python_name};
use toml::Value;

use super::graph::{Lock, NodeId};
use super::lines::{tables, text, toml};
use super::{Format, Input, MAX_VERSIONS, pyproject};

pub(super) const FORMAT: Format = Format {
    wants: |name, _| name == "poetry.lock",
    asks_siblings: true,
    read,
};

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let root = toml(input.text, "a lockfile of Poetry")?;
    let mut lock = Lock::new(PackageType::PyPi);
    let mut nodes: HashMap<String, Vec<NodeId>> = HashMap::new();
    let mut edges: Vec<(NodeId, String)> = Vec::new();
    for (line, package) in tables(&root, input.text, "package") {
        let (Some(name), Some(version)) = (text(package, "name"), text(package, "version")) else {
            lock.gap(line, "a package without name or version");
            continue;
        };
        let source = package.get("source").and_then(Value::as_table);
        if source.and_then(|source| text(source, "type")) == Some("directory") {
            continue;
        }
        let name = normal_python_name(name).into_owned();
        let id = lock.add(name.as_str(), version, line);
        let scope = match text(package, "category") {
            Some("main") => DependencyScope::Production,
            Some(_) => DependencyScope::Development,
            None => of_groups(package.get("groups")),
        };
        let optional = package.get("optional").and_then(Value::as_bool) == Some(true);
        let scope = match scope {
            DependencyScope::Production if optional => DependencyScope::Optional,
            scope => scope,
        };
        lock.node(id).scope(scope);
        nodes.entry(name).or_default().push(id);
        let needs = package.get("dependencies").and_then(Value::as_table);
        for need in needs.into_iter().flat_map(toml::Table::keys) {
            edges.push((id, normal_python_name(need).into_owned()));
        }
    }
    for (from, name) in edges {
        // Several versions of one package are for several platforms.
        for to in nodes.get(&name).into_iter().flatten().take(MAX_VERSIONS) {
            lock.need(from, *to);
        }
    }
    match input
        .sibling("pyproject.toml")
        .and_then(|text| toml(&text, "").ok())
    {
        Some(project) => {
            for (name, scope) in pyproject::wishes(&project) {
                for id in nodes.get(&name).into_iter().flatten().take(MAX_VERSIONS) {
                    lock.root(*id, scope);
                }
            }
            lock.roots_are_known();
        }
        None => lock.root_the_unneeded(DependencyScope::Unknown),
    }
    Ok(lock)
}

/// Since Poetry 2 a package names its groups.
fn of_groups(groups: Option<&Value>) -> DependencyScope {
    match groups.and_then(Value::as_array) {
        Some(groups) if groups.iter().any(|group| group.as_str() == Some("main")) => {
            DependencyScope::Production
        }
        Some(groups) if !groups.is_empty() => DependencyScope::Development,
        _ => DependencyScope::Unknown,
    }
}
