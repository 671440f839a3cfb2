//! `Cargo.lock`; the `Cargo.toml` of the workspace and its members tell what is for development.

use std::collections::HashMap;

use seaworthy_model::{DependencyScope, PackageType};
use toml::{Table, Value};

use super::graph::{Lock, NodeId};
use super::lines::{tables, text, toml};
use super::{Format, Input, MAX_VERSIONS};

pub(super) const FORMAT: Format = Format {
    wants: |name, _| name == "Cargo.lock",
    asks_siblings: true,
    read,
};

/// Members of a workspace whose manifests are read.
const MAX_MEMBERS: usize = 1000;

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let root = toml(input.text, "a lockfile of Cargo")?;
    let mut lock = Lock::new(PackageType::Cargo);
    let mut nodes: HashMap<&str, Vec<(&str, NodeId)>> = HashMap::new();
    let mut owners: Vec<(NodeId, Option<&str>, &Table)> = Vec::new();
    let packages = tables(&root, input.text, "package");
    // Before Cargo 1.2 the project stood apart from its packages.
    let project = root.get("root").and_then(Value::as_table);
    for (line, package) in packages.into_iter().chain(project.map(|root| (0, root))) {
        let (Some(name), Some(version)) = (text(package, "name"), text(package, "version")) else {
            lock.gap(line, "a package without name or version");
            continue;
        };
        if package.contains_key("source") {
            let id = lock.add(name, version, line);
            nodes.entry(name).or_default().push((version, id));
            owners.push((id, None, package));
        } else {
            owners.push((lock.add_own(name), Some(name), package));
        }
    }
    let members: Vec<&str> = owners.iter().filter_map(|(_, own, _)| *own).collect();
    let manifests = manifests(input, &members);
    for (id, own, package) in owners {
        let manifest = own.and_then(|own| manifests.get(own));
        let scopes = manifest.map(scopes).unwrap_or_default();
        let needs = package.get("dependencies").and_then(Value::as_array);
        for need in needs.into_iter().flatten().filter_map(Value::as_str) {
            // `name`, `name version`, `name version (source)`: as much as is needed to tell them
            // apart.
            let mut words = need.split(' ');
            let name = words.next().unwrap_or_default();
            let version = words.next();
            let versions = nodes.get(name).into_iter().flatten().take(1000);
            let meant = versions.filter(|(at, _)| version.is_none_or(|version| version == *at));
            for (_, to) in meant.take(MAX_VERSIONS) {
                match own {
                    Some(_) => lock.root(*to, scopes.get(name).copied().unwrap_or_default()),
                    None => lock.need(id, *to),
                }
            }
        }
    }
    lock.roots_are_known();
    Ok(lock)
}

/// The manifests of the project's own packages by their names, as far as they are found.
fn manifests(input: &Input<'_>, members: &[&str]) -> HashMap<String, Table> {
    let mut found = HashMap::new();
    let Some(root) = input
        .sibling("Cargo.toml")
        .and_then(|text| toml(&text, "").ok())
    else {
        return found;
    };
    let listed = root.get("workspace").and_then(|w| w.get("members"));
    let mut folders: Vec<String> = Vec::new();
    for member in listed.and_then(Value::as_array).into_iter().flatten() {
        let member = member.as_str().unwrap_or_default();
        match member.strip_suffix('*') {
            // Folders are mostly named like their packages, or like them without a common prefix.
            Some(above) => folders.extend(members.iter().flat_map(|name| {
                let short = name.split_once('-').map_or(*name, |(_, short)| short);
                [format!("{above}{name}"), format!("{above}{short}")]
            })),
            None => folders.push(member.to_owned()),
        }
    }
    folders.dedup();
    for folder in folders.iter().take(MAX_MEMBERS) {
        let manifest = input
            .sibling(&format!("{folder}/Cargo.toml"))
            .and_then(|text| toml(&text, "").ok());
        if let Some(manifest) = manifest
            && let Some(name) = name_of(&manifest)
        {
            found.insert(name, manifest);
        }
    }
    if let Some(name) = name_of(&root) {
        found.insert(name, root);
    }
    found
}

fn name_of(manifest: &Table) -> Option<String> {
    Some(manifest.get("package")?.get("name")?.as_str()?.to_owned())
}

/// What a package of the project needs others for, by their names.
fn scopes(manifest: &Table) -> HashMap<&str, DependencyScope> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let places = std::iter::once(manifest).chain(
        targets
            .into_iter()
            .flat_map(Table::values)
            .filter_map(Value::as_table),
    );
    let mut scopes = HashMap::new();
    for place in places {
        for (list, scope) in [
            ("dependencies", DependencyScope::Production),
            ("dev-dependencies", DependencyScope::Development),
            // What runs while building leaves no code behind.
            ("build-dependencies", DependencyScope::Development),
        ] {
            let wishes = place.get(list).and_then(Value::as_table);
            for (key, wish) in wishes.into_iter().flatten() {
                let name = wish.get("package").and_then(Value::as_str).unwrap_or(key);
                let known = scopes.entry(name).or_insert(scope);
                if scope == DependencyScope::Production {
                    *known = scope;
                }
            }
        }
    }
    scopes
}
