//! pnpm's `pnpm-lock.yaml`, versions 5 to 9.

use std::collections::HashMap;

use seaworthy_model::{DependencyScope, PackageType};

use super::block::{self, Entry};
use super::graph::{Lock, NodeId, scope_of_list};
use super::{Format, Input};

pub(super) const FORMAT: Format = Format {
    wants: |name, _| name == "pnpm-lock.yaml",
    asks_siblings: false,
    read,
};

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let (root, unread) = block::parse(input.text);
    if root.get("lockfileVersion").is_none() && root.get("packages").is_none() {
        return Err("not readable as a lockfile of pnpm: it has no lockfileVersion".to_owned());
    }
    let mut pnpm = Pnpm {
        lock: Lock::new(PackageType::Npm),
        nodes: HashMap::new(),
    };
    for line in unread {
        pnpm.lock.gap(line, "is not understood");
    }
    let below = |name: &str| root.get(name).map_or(&[][..], |entry| &entry.below);
    for entry in below("packages") {
        pnpm.package(entry);
    }
    // Since version 9 what a package needs stands apart.
    for entry in below("packages").iter().chain(below("snapshots")) {
        pnpm.needs(entry);
    }
    match root.get("importers") {
        Some(importers) => importers.below.iter().for_each(|one| pnpm.project(one)),
        None => pnpm.project(&root),
    }
    pnpm.lock.roots_are_known();
    Ok(pnpm.lock)
}

struct Pnpm {
    lock: Lock,
    /// By name and version, whatever peers it was resolved with.
    nodes: HashMap<String, NodeId>,
}

impl Pnpm {
    fn package(&mut self, entry: &Entry<'_>) {
        let (mut name, mut version) = split(entry.key).unwrap_or_default();
        // What comes from elsewhere than a registry says its name and version below.
        let resolution = entry.get("resolution");
        let elsewhere = resolution
            .is_some_and(|r| r.flow("integrity").is_none() && r.text("integrity").is_none());
        if name.is_empty() || elsewhere {
            name = entry.text("name").unwrap_or(name);
            version = entry.text("version").unwrap_or(version);
        }
        if name.is_empty() || !version.starts_with(|c: char| c.is_ascii_digit()) {
            self.lock.gap(
                entry.line,
                format!("`{}` has no version of a registry", entry.key),
            );
            return;
        }
        let id = self.lock.add(name, version, entry.line);
        let scope = match (entry.text("dev"), entry.text("optional")) {
            (Some("true"), _) => DependencyScope::Development,
            (_, Some("true")) => DependencyScope::Optional,
            (Some("false"), _) => DependencyScope::Production,
            _ => DependencyScope::Unknown,
        };
        self.lock.node(id).scope(scope);
        let (key_name, key_version) = split(entry.key).unwrap_or((name, version));
        self.nodes.insert(format!("{key_name}@{key_version}"), id);
    }

    fn needs(&mut self, entry: &Entry<'_>) {
        let Some((name, version)) = split(entry.key) else {
            return;
        };
        let Some(from) = self.nodes.get(&format!("{name}@{version}")).copied() else {
            return;
        };
        for list in ["dependencies", "optionalDependencies"] {
            for need in entry.get(list).map_or(&[][..], |list| &list.below) {
                if let Some(to) = self.find(need.key, need.value) {
                    self.lock.need(from, to);
                }
            }
        }
    }

    fn project(&mut self, entry: &Entry<'_>) {
        for list in ["dependencies", "optionalDependencies", "devDependencies"] {
            for need in entry.get(list).map_or(&[][..], |list| &list.below) {
                let version = need.text("version").unwrap_or(need.value);
                if let Some(to) = self.find(need.key, version) {
                    self.lock.root(to, scope_of_list(list));
                }
            }
        }
    }

    /// What `name: version` means, where the version may be the key of a package by another name.
    fn find(&self, name: &str, version: &str) -> Option<NodeId> {
        if version.starts_with("link:") || version.starts_with("file:") {
            return None;
        }
        let plain = format!("{name}@{}", without_peers(version));
        if let Some(id) = self.nodes.get(&plain) {
            return Some(*id);
        }
        let (name, version) = split(version)?;
        self.nodes.get(&format!("{name}@{version}")).copied()
    }
}

/// Name and version of a key: `/a/1.0.0_peer@2`, `/a@1.0.0(peer@2)`, `@s/a@1.0.0`.
fn split(key: &str) -> Option<(&str, &str)> {
    let key = key.strip_prefix('/').unwrap_or(key);
    let scope = match key.starts_with('@') {
        true => key.find('/')? + 1,
        false => 0,
    };
    let end = scope + key[scope..].find(['/', '@'])?;
    (end > scope).then(|| (&key[..end], without_peers(&key[end + 1..])))
}

fn without_peers(version: &str) -> &str {
    let version = version.split('(').next().unwrap_or(version);
    version.split('_').next().unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_all_versions_are_split() {
        for (key, expected) in [
            ("/lodash/4.17.21", ("lodash", "4.17.21")),
            ("/@babel/core/7.0.0", ("@babel/core", "7.0.0")),
            ("/a/1.0.0_b@2.0.0", ("a", "1.0.0")),
            ("/@s/a/1.0.0_@t+b@2.0.0", ("@s/a", "1.0.0")),
            ("/a@1.0.0(b@2.0.0)", ("a", "1.0.0")),
            ("/@s/a@1.0.0", ("@s/a", "1.0.0")),
            ("a@1.0.0(@t/b@2.0.0)(c@1)", ("a", "1.0.0")),
            ("@s/a@1.0.0", ("@s/a", "1.0.0")),
        ] {
            assert_eq!(split(key), Some(expected), "{key}");
        }
        assert_eq!(split(""), None);
        assert_eq!(split("@"), None);
    }
}
