//! npm's `package-lock.json` and `npm-shrinkwrap.json`, versions 1 to 3 (npm documentation,
//! "package-lock.json").

use std::collections::{HashMap, HashSet};

use seaworthy_model::{DependencyScope, PackageType};
use serde_json::{Map, Value};

use super::graph::{Lock, NodeId, scope_of_list};
use super::lines::{Lines, json};
use super::{Format, Input, MAX_PLACE};

pub(super) const FORMAT: Format = Format {
    wants: |name, _| matches!(name, "package-lock.json" | "npm-shrinkwrap.json"),
    asks_siblings: true,
    read,
};

/// The lists of a `package.json` that bring packages in.
pub(super) const LISTS: [&str; 4] = [
    "dependencies",
    "optionalDependencies",
    "peerDependencies",
    "devDependencies",
];
/// Folders above a package in which its dependencies are searched.
const MAX_FOLDERS: usize = 32;

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let root = json(input.text, "a lockfile of npm")?;
    let mut lock = Lock::new(PackageType::Npm);
    if let Some(packages) = root.get("packages").and_then(Value::as_object) {
        let lines = Lines::of_json_keys(input.text);
        Tree::default().read(packages, &lines, &mut lock);
    } else if let Some(dependencies) = root.get("dependencies").and_then(Value::as_object) {
        let mut packages = Map::new();
        flatten(dependencies, "", &mut packages);
        let project = input
            .sibling("package.json")
            .and_then(|text| json(&text, "").ok());
        let known = project.is_some();
        let project = project.unwrap_or_else(|| Value::Object(Map::new()));
        packages.insert(String::new(), project);
        let mut tree = Tree {
            first_format: true,
            root_unknown: !known,
            ..Tree::default()
        };
        let lines = Lines::of_json_objects(input.text);
        tree.read(&packages, &lines, &mut lock);
    } else if !root.is_object() {
        return Err("not readable as a lockfile of npm: it is no object".to_owned());
    }
    Ok(lock)
}

/// Turns the nested packages of version 1 into the flat ones of versions 2 and 3. The reader of
/// JSON has already limited the depth.
fn flatten(dependencies: &Map<String, Value>, folder: &str, out: &mut Map<String, Value>) {
    for (name, entry) in dependencies {
        let Some(entry) = entry.as_object() else {
            out.insert(format!("{folder}node_modules/{name}"), Value::Null);
            continue;
        };
        let at = format!("{folder}node_modules/{name}");
        let mut flat = entry.clone();
        if let Some(Value::Object(below)) = flat.remove("dependencies") {
            flatten(&below, &format!("{at}/"), out);
        }
        if let Some(requires @ Value::Object(_)) = flat.remove("requires") {
            flat.insert("dependencies".to_owned(), requires);
        }
        out.insert(at, Value::Object(flat));
    }
}

#[derive(Default)]
struct Tree<'a> {
    /// Locations, `node_modules/a/node_modules/b`.
    places: HashMap<&'a str, NodeId>,
    links: HashMap<&'a str, &'a str>,
    first_format: bool,
    root_unknown: bool,
}

impl<'a> Tree<'a> {
    fn read(&mut self, packages: &'a Map<String, Value>, lines: &Lines<'_>, lock: &mut Lock) {
        let mut projects: HashSet<&str> = HashSet::new();
        for (place, entry) in packages {
            let line = if self.first_format {
                lines.of(name_of(place))
            } else {
                lines.of(place)
            };
            let Some(entry) = entry.as_object() else {
                lock.gap(line, format!("`{place}` is no object"));
                continue;
            };
            if place.len() > MAX_PLACE {
                lock.gap(line, "a place of more than 1,024 characters");
            } else if is_true(entry, "link") {
                if let Some(target) = entry.get("resolved").and_then(Value::as_str) {
                    self.links.insert(place, target);
                }
            } else if place.is_empty() || !place.contains("node_modules/") {
                projects.insert(place);
            } else if let Some(id) = self.package(place, entry, line, lock) {
                self.places.insert(place, id);
            }
        }
        for (place, entry) in packages {
            let lists = LISTS
                .iter()
                .filter_map(|list| Some((*list, entry.get(list)?.as_object()?)));
            let project = projects.contains(place.as_str());
            for (list, needs) in lists.filter(|_| place.len() <= MAX_PLACE) {
                // Packages come without what only their own developers need.
                if !project && list == "devDependencies" {
                    continue;
                }
                for name in needs.keys() {
                    let Some(to) = self.find(place, name) else {
                        continue;
                    };
                    if project {
                        lock.root(to, scope_of_list(list));
                    } else if let Some(from) = self.places.get(place.as_str()) {
                        lock.need(*from, to);
                    }
                }
            }
        }
        if self.root_unknown {
            lock.root_the_unneeded(DependencyScope::Unknown);
        } else {
            lock.roots_are_known();
        }
    }

    fn package(
        &self,
        place: &str,
        entry: &Map<String, Value>,
        line: u32,
        lock: &mut Lock,
    ) -> Option<NodeId> {
        let text = |key| entry.get(key).and_then(Value::as_str);
        let folder = name_of(place);
        let mut name = text("name").unwrap_or(folder);
        let mut version = text("version").unwrap_or_default();
        // Version 1 writes an alias as the version.
        if let Some((real, exact)) = version
            .strip_prefix("npm:")
            .and_then(|spec| spec.rsplit_once('@'))
        {
            (name, version) = (real, exact);
        }
        if name.is_empty() || !version.starts_with(|c: char| c.is_ascii_digit() || c == 'v') {
            let what = if version.is_empty() { "none" } else { version };
            lock.gap(
                line,
                format!("the version of {folder} is not that of a registry ({what})"),
            );
            return None;
        }
        let id = lock.add(name, version, line);
        let scope = if is_true(entry, "dev") {
            DependencyScope::Development
        } else if is_true(entry, "optional") || is_true(entry, "devOptional") {
            DependencyScope::Optional
        } else {
            DependencyScope::Production
        };
        let node = lock.node(id).scope(scope);
        if let Some(license) = text("license") {
            node.license(license);
        }
        Some(id)
    }

    /// Where Node.js finds a package from a place (Node.js, "Loading from `node_modules` folders").
    fn find(&self, place: &str, name: &str) -> Option<NodeId> {
        let mut folder = place;
        for _ in 0..MAX_FOLDERS {
            let candidate = if folder.is_empty() {
                format!("node_modules/{name}")
            } else {
                format!("{folder}/node_modules/{name}")
            };
            if let Some(id) = self.places.get(candidate.as_str()) {
                return Some(*id);
            }
            // A link leads to a part of the project, which is no package.
            if self.links.contains_key(candidate.as_str()) || folder.is_empty() {
                return None;
            }
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
            folder = folder.strip_suffix("/node_modules").unwrap_or(folder);
            if folder == "node_modules" {
                folder = "";
            }
        }
        None
    }
}

fn name_of(place: &str) -> &str {
    place.rsplit("node_modules/").next().unwrap_or(place)
}

fn is_true(entry: &Map<String, Value>, key: &str) -> bool {
    entry.get(key).and_then(Value::as_bool) == Some(true)
}
