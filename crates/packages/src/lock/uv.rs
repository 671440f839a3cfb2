//! `uv.lock`: the projects are packages of their own kind in it.

use std::collections::HashMap;

use seaworthy_model::{DependencyScope, PackageType, normal_python_name};
use toml::{Table, Value};

use super::graph::{Lock, NodeId};
use super::lines::{tables, text, toml};
use super::{Format, Input, MAX_VERSIONS};

pub(super) const FORMAT: Format = Format {
    wants: |name, _| name == "uv.lock",
    asks_siblings: false,
    read,
};

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let root = toml(input.text, "a lockfile of uv")?;
    let mut lock = Lock::new(PackageType::PyPi);
    let mut nodes: HashMap<String, Vec<(String, NodeId)>> = HashMap::new();
    let mut owners: Vec<(NodeId, bool, &Table)> = Vec::new();
    for (line, package) in tables(&root, input.text, "package") {
        let Some(name) = text(package, "name") else {
            lock.gap(line, "a package without a name");
            continue;
        };
        let name = normal_python_name(name).into_owned();
        let source = package.get("source").and_then(Value::as_table);
        let own = source.is_some_and(|source| {
            ["virtual", "editable", "directory"]
                .iter()
                .any(|kind| source.contains_key(*kind))
        });
        if own {
            owners.push((lock.add_own(name), true, package));
            continue;
        }
        let Some(version) = text(package, "version") else {
            lock.gap(line, format!("`{name}` has no version"));
            continue;
        };
        let id = lock.add(name.as_str(), version, line);
        owners.push((id, false, package));
        nodes
            .entry(name)
            .or_default()
            .push((version.to_owned(), id));
    }
    for (id, own, package) in owners {
        let mut wish = |list: Option<&Value>, scope: DependencyScope| {
            for need in list.and_then(Value::as_array).into_iter().flatten() {
                let Some(need) = need.as_table() else {
                    continue;
                };
                let name = normal_python_name(text(need, "name").unwrap_or_default());
                let version = text(need, "version");
                let versions = nodes.get(&*name).into_iter().flatten().take(1000);
                let meant = versions.filter(|(at, _)| version.is_none_or(|version| version == at));
                for (_, to) in meant.take(MAX_VERSIONS) {
                    if own {
                        lock.root(*to, scope);
                    } else {
                        lock.need(id, *to);
                    }
                }
            }
        };
        wish(package.get("dependencies"), DependencyScope::Production);
        for (list, scope) in [
            ("optional-dependencies", DependencyScope::Optional),
            ("dev-dependencies", DependencyScope::Development),
        ] {
            let groups = package.get(list).and_then(Value::as_table);
            for (_, group) in groups.into_iter().flatten() {
                wish(Some(group), scope);
            }
        }
    }
    lock.roots_are_known();
    Ok(lock)
}
