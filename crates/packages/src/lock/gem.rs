//! Bundler's `Gemfile.lock` (also `gems.locked`); the `Gemfile` beside it tells what is only for
//! development and tests.

use std::collections::HashMap;

use seaworthy_model::{DependencyScope, PackageType};

use super::graph::{Lock, NodeId};
use super::lines::numbered;
use super::{Format, Input, MAX_VERSIONS};

pub(super) const FORMAT: Format = Format {
    wants: |name, _| {
        matches!(name, "Gemfile.lock" | "gems.locked") || name.ends_with(".gemfile.lock")
    },
    asks_siblings: true,
    read,
};

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let mut lock = Lock::new(PackageType::Gem);
    let mut nodes: HashMap<&str, Vec<NodeId>> = HashMap::new();
    let mut edges: Vec<(NodeId, &str)> = Vec::new();
    let mut asked: Vec<&str> = Vec::new();
    let mut section = "";
    let mut current: Option<NodeId> = None;
    for (number, line) in numbered(input.text) {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        if line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>") {
            return Err(format!(
                "line {number} is a conflict of git that was not resolved"
            ));
        }
        match (indent, section) {
            _ if line.is_empty() => {}
            (0, _) => section = line,
            (2, "DEPENDENCIES") => asked.push(name_of(line).trim_end_matches('!')),
            // Gems of the PATH sections are parts of the project.
            (4, "GEM" | "GIT" | "PATH" | "PLUGIN SOURCE") => {
                current = None;
                let Some(version) = version_of(line) else {
                    lock.gap(number, format!("`{line}` has no version"));
                    continue;
                };
                let name = name_of(line);
                let id = if section == "PATH" {
                    lock.add_own(name)
                } else {
                    lock.add(name, version, number)
                };
                nodes.entry(name).or_default().push(id);
                current = Some(id);
            }
            (6, "GEM" | "GIT" | "PATH" | "PLUGIN SOURCE") => {
                if let Some(from) = current {
                    edges.push((from, name_of(line).trim_end_matches('!')));
                }
            }
            _ => {}
        }
    }
    for (from, name) in edges {
        for to in nodes.get(name).into_iter().flatten().take(MAX_VERSIONS) {
            lock.need(from, *to);
        }
    }
    let groups = input
        .sibling("Gemfile")
        .or_else(|| input.sibling("gems.rb"));
    let groups = groups.as_deref().map(groups_of);
    for name in asked {
        let scope = match &groups {
            None => DependencyScope::Unknown,
            Some(groups) => groups
                .get(name)
                .copied()
                .unwrap_or(DependencyScope::Production),
        };
        for id in nodes.get(name).into_iter().flatten().take(MAX_VERSIONS) {
            lock.root(*id, scope);
        }
    }
    lock.roots_are_known();
    Ok(lock)
}

fn name_of(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

/// The version of `nokogiri (1.13.0-x86_64-linux)`; versions of gems have no hyphen themselves.
fn version_of(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once('(')?;
    let version = rest.strip_suffix(')')?.split('-').next()?;
    version
        .starts_with(|c: char| c.is_ascii_digit())
        .then_some(version)
}

/// The gems of a Gemfile that stand in a group of development or tests. A Gemfile is a program; its
/// usual forms are read and nothing is run.
fn groups_of(gemfile: &str) -> HashMap<&str, DependencyScope> {
    let is_development = |text: &str| {
        [
            ":development",
            ":test",
            "\"development\"",
            "\"test\"",
            "'test'",
            "'development'",
        ]
        .iter()
        .any(|group| text.contains(group))
    };
    let mut scopes = HashMap::new();
    // Whether each open block is a group for development.
    let mut blocks: Vec<bool> = Vec::new();
    for line in gemfile.lines() {
        let line = line.split(" #").next().unwrap_or(line).trim();
        if line == "end" {
            blocks.pop();
        } else if let Some(rest) = line
            .strip_prefix("gem ")
            .or_else(|| line.strip_prefix("gem("))
        {
            let mut parts = rest.splitn(3, ['\'', '"']);
            let name = parts.nth(1).unwrap_or_default();
            let options = parts.next().unwrap_or_default();
            let own = options.contains("group") && is_development(options);
            if own || blocks.contains(&true) {
                scopes.insert(name, DependencyScope::Development);
            }
        } else if line.ends_with(" do") || line.contains(" do |") {
            blocks.push(line.starts_with("group") && is_development(line));
        } else if line.starts_with("if ")
            || line.starts_with("unless ")
            || line.starts_with("case ")
        {
            blocks.push(false);
        }
    }
    scopes
}
