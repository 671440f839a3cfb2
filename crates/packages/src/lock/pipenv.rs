//! Pipenv's `Pipfile.lock`; the `Pipfile` beside it tells what the project asks for itself.

use std::collections::HashSet;

use seaworthy_model::{DependencyScope, PackageType, Relationship, normal_python_name};
use serde_json::Value;

use super::graph::Lock;
use super::lines::{Lines, json, toml};
use super::{Format, Input};

pub(super) const FORMAT: Format = Format {
    wants: |name, _| name == "Pipfile.lock",
    asks_siblings: true,
    read,
};

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let root = json(input.text, "a lockfile of Pipenv")?;
    let lines = Lines::of_json_keys(input.text);
    let pipfile = input
        .sibling("Pipfile")
        .and_then(|text| toml(&text, "").ok());
    let mut lock = Lock::new(PackageType::PyPi);
    let groups = root.as_object().into_iter().flatten();
    for (group, packages) in groups.filter(|(group, _)| *group != "_meta") {
        // Groups other than these two have the names of their tables in the Pipfile.
        let (scope, table) = match group.as_str() {
            "default" => (DependencyScope::Production, "packages"),
            "develop" => (DependencyScope::Development, "dev-packages"),
            other => (DependencyScope::Optional, other),
        };
        let asked: Option<HashSet<String>> = pipfile.as_ref().map(|pipfile| {
            let table = pipfile.get(table).and_then(|table| table.as_table());
            let names = table.into_iter().flat_map(toml::Table::keys);
            names
                .map(|name| normal_python_name(name).into_owned())
                .collect()
        });
        for (name, entry) in packages.as_object().into_iter().flatten() {
            let line = lines.of(name);
            let version = entry.get("version").and_then(Value::as_str);
            let version = version.and_then(|version| version.strip_prefix("=="));
            let Some(version) = version else {
                let local = entry.get("path").is_some() || entry.get("editable").is_some();
                if !local || entry.get("git").is_some() {
                    lock.gap(line, format!("`{name}` has no version of a registry"));
                }
                continue;
            };
            let name = normal_python_name(name);
            let direct = asked.as_ref().map(|asked| asked.contains(&*name));
            let id = lock.add(name, version.trim_start_matches('='), line);
            let relationship = match direct {
                Some(true) => Relationship::Direct,
                Some(false) => Relationship::Transitive,
                None => Relationship::Unknown,
            };
            lock.node(id).scope(scope).relationship(relationship);
        }
    }
    Ok(lock)
}
