//! Yarn's `yarn.lock`: version 1, and the YAML of Yarn 2 and later ("berry").

use std::collections::HashMap;

use seaworthy_model::{DependencyScope, PackageType};
use serde_json::Value;

use super::block::{self, Entry, unquote};
use super::graph::{Lock, NodeId, scope_of_list};
use super::lines::{json, numbered};
use super::npm::LISTS;
use super::{Format, Input};

pub(super) const FORMAT: Format = Format {
    wants: |name, _| name == "yarn.lock",
    asks_siblings: true,
    read,
};

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let mut yarn = Yarn {
        lock: Lock::new(PackageType::Npm),
        patterns: HashMap::new(),
        edges: Vec::new(),
        asked: Vec::new(),
    };
    // A key of its own tells the newer format.
    let all_known = if numbered(input.text).any(|(_, line)| line.starts_with("__metadata:")) {
        yarn.berry(input)
    } else {
        yarn.first(input);
        yarn.manifest(input, "package.json")
    };
    Ok(yarn.finish(all_known))
}

struct Yarn<'a> {
    lock: Lock,
    /// `name@range` as those write it who ask for the package.
    patterns: HashMap<&'a str, NodeId>,
    edges: Vec<(NodeId, String)>,
    /// What the project asks for.
    asked: Vec<(String, DependencyScope)>,
}

impl<'a> Yarn<'a> {
    /// Version 1: a line of patterns, below it `key value`, below `dependencies:` what is needed.
    fn first(&mut self, input: &Input<'a>) {
        let mut head: Option<(u32, Vec<&'a str>)> = None;
        let mut current: Option<NodeId> = None;
        let mut in_list = false;
        for (number, line) in numbered(input.text) {
            let indent = line.len() - line.trim_start_matches(' ').len();
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match (indent, line.strip_suffix(':')) {
                (0, Some(patterns)) => {
                    self.miss(head.take(), current);
                    current = None;
                    head = Some((number, split_patterns(patterns)));
                }
                (2, Some(list)) => in_list = list.ends_with("ependencies"),
                (2, None) => {
                    in_list = false;
                    let version = line.strip_prefix("version ");
                    if let (Some(version), Some((at, patterns))) = (version, &head) {
                        current = self.add(patterns, unquote(version.trim()), *at);
                    }
                }
                (4, _) if in_list => {
                    if let (Some(from), Some((name, range))) = (current, split_need(line)) {
                        self.edges.push((from, format!("{name}@{range}")));
                    }
                }
                (4, _) => {}
                _ => self.lock.gap(number, "is not understood"),
            }
        }
        self.miss(head, current);
    }

    fn miss(&mut self, head: Option<(u32, Vec<&str>)>, current: Option<NodeId>) {
        if let (Some((line, patterns)), None) = (head, current) {
            let what = patterns.first().copied().unwrap_or_default();
            self.lock.gap(line, format!("`{what}` has no version"));
        }
    }

    fn add(&mut self, patterns: &[&'a str], version: &str, line: u32) -> Option<NodeId> {
        let first = patterns.first()?;
        let (name, range) = split_name(first);
        let name = range
            .strip_prefix("npm:")
            .and_then(|alias| alias.rfind('@').filter(|at| *at > 0).map(|at| &alias[..at]))
            .unwrap_or(name);
        let id = self.lock.add(name, version, line);
        for pattern in patterns {
            self.patterns.insert(pattern, id);
        }
        Some(id)
    }

    /// The newer format; whether all that the projects ask for is known.
    fn berry(&mut self, input: &Input<'a>) -> bool {
        let (root, unread) = block::parse(input.text);
        for line in unread {
            self.lock.gap(line, "is not understood");
        }
        for entry in &root.below {
            if entry.key == "__metadata" {
                continue;
            }
            let patterns = split_patterns(entry.key);
            let resolution = entry.text("resolution").unwrap_or_default();
            let (name, reference) = split_name(resolution);
            if let Some(folder) = reference.strip_prefix("workspace:") {
                self.workspace(entry, folder, input);
                continue;
            }
            let Some(version) = entry.text("version").filter(|_| !name.is_empty()) else {
                self.lock
                    .gap(entry.line, format!("`{}` has no version", entry.key));
                continue;
            };
            let id = self.lock.add(name, version, entry.line);
            for pattern in patterns {
                self.patterns.insert(pattern, id);
            }
            for list in ["dependencies", "optionalDependencies"] {
                for need in entry.get(list).map_or(&[][..], |list| &list.below) {
                    self.edges
                        .push((id, format!("{}@{}", need.key, need.value)));
                }
            }
        }
        true
    }

    /// A part of the project. The lockfile does not tell its development dependencies from others;
    /// its `package.json` does.
    fn workspace(&mut self, entry: &Entry<'a>, folder: &str, input: &Input<'_>) {
        let manifest = format!("{folder}/package.json");
        let manifest = input
            .sibling(&manifest)
            .and_then(|text| json(&text, "").ok());
        for need in entry
            .get("dependencies")
            .map_or(&[][..], |list| &list.below)
        {
            let scope = match &manifest {
                None => DependencyScope::Unknown,
                Some(manifest) => LISTS
                    .iter()
                    .find(|list| manifest.get(list).and_then(|l| l.get(need.key)).is_some())
                    .map_or(DependencyScope::Unknown, |list| scope_of_list(list)),
            };
            self.asked
                .push((format!("{}@{}", need.key, need.value), scope));
        }
    }

    /// Reads what the project asks for; whether there is a manifest that says so.
    fn manifest(&mut self, input: &Input<'_>, path: &str) -> bool {
        let Some(manifest) = input.sibling(path).and_then(|text| json(&text, "").ok()) else {
            return false;
        };
        for list in LISTS {
            let needs = manifest.get(list).and_then(Value::as_object);
            for (name, range) in needs.into_iter().flatten() {
                let range = range.as_str().unwrap_or_default();
                self.asked
                    .push((format!("{name}@{range}"), scope_of_list(list)));
            }
        }
        // Workspaces have manifests elsewhere, with wishes of their own.
        manifest.get("workspaces").is_none()
    }

    fn finish(mut self, all_known: bool) -> Lock {
        // Older lockfiles of Yarn 2 name ranges without the protocol that their keys have.
        let find = |wish: &str| {
            self.patterns.get(wish).copied().or_else(|| {
                let (name, range) = split_name(wish);
                self.patterns
                    .get(format!("{name}@npm:{range}").as_str())
                    .copied()
            })
        };
        let edges: Vec<(NodeId, NodeId)> = self
            .edges
            .iter()
            .filter_map(|(from, wish)| Some((*from, find(wish)?)))
            .collect();
        let roots: Vec<(NodeId, DependencyScope)> = self
            .asked
            .iter()
            .filter_map(|(wish, scope)| Some((find(wish)?, *scope)))
            .collect();
        for (from, to) in edges {
            self.lock.need(from, to);
        }
        let any = !roots.is_empty();
        for (id, scope) in roots {
            self.lock.root(id, scope);
        }
        if all_known && any {
            self.lock.roots_are_known();
        } else {
            self.lock.root_the_unneeded(DependencyScope::Unknown);
        }
        self.lock
    }
}

/// `"a@^1, b@^2"`, or `"a@^1", b@^2`.
fn split_patterns(head: &str) -> Vec<&str> {
    unquote(head)
        .split(", ")
        .map(|pattern| pattern.trim().trim_matches('"'))
        .collect()
}

/// `@scope/name@range` in two.
fn split_name(pattern: &str) -> (&str, &str) {
    match pattern.get(1..).and_then(|rest| rest.find('@')) {
        Some(at) => (&pattern[..=at], &pattern[at + 2..]),
        None => (pattern, ""),
    }
}

/// `"@a/b" "^1"` in two.
fn split_need(line: &str) -> Option<(&str, &str)> {
    let (name, range) = line.split_once(' ')?;
    Some((unquote(name), unquote(range.trim())))
}
