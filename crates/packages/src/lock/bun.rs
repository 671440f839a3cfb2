//! Bun's text lockfile `bun.lock`: JSON with comments and commas before closing brackets.

use std::collections::HashMap;

use seaworthy_model::PackageType;
use serde_json::Value;

use super::graph::{Lock, NodeId, scope_of_list};
use super::lines::{Lines, json};
use super::npm::LISTS;
use super::{Format, Input, MAX_PLACE};

pub(super) const FORMAT: Format = Format {
    wants: |name, _| name == "bun.lock",
    asks_siblings: false,
    read,
};

/// Packages inside each other.
const MAX_DEPTH: usize = 32;

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let root = json(&plain(input.text), "a lockfile of Bun")?;
    let packages = root
        .get("packages")
        .and_then(Value::as_object)
        .ok_or("not readable as a lockfile of Bun: it has no `packages`")?;
    let lines = Lines::of_json_keys(input.text);
    let mut lock = Lock::new(PackageType::Npm);
    let mut nodes: HashMap<&str, NodeId> = HashMap::new();
    for (key, entry) in packages {
        let line = lines.of(key);
        if key.len() > MAX_PLACE {
            lock.gap(line, "a place of more than 1,024 characters");
            continue;
        }
        let Some(spec) = entry.get(0).and_then(Value::as_str) else {
            lock.gap(line, format!("`{key}` is no list that begins with a name"));
            continue;
        };
        let at = spec
            .get(1..)
            .and_then(|rest| rest.find('@'))
            .map(|at| at + 1);
        let (name, version) = at.map_or((spec, ""), |at| (&spec[..at], &spec[at + 1..]));
        let version = version.strip_prefix("npm:").unwrap_or(version);
        if version.starts_with(|c: char| c.is_ascii_digit()) {
            nodes.insert(key, lock.add(name, version, line));
        } else if !version.starts_with("workspace:") && !version.starts_with("root:") {
            lock.gap(
                line,
                format!("the version of {name} is not that of a registry ({version})"),
            );
        }
    }
    for (key, entry) in packages {
        let Some(from) = nodes.get(key.as_str()) else {
            continue;
        };
        let lists = entry
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_object);
        for list in lists.flat_map(|about| LISTS[..3].iter().filter_map(|list| about.get(*list))) {
            for name in list.as_object().into_iter().flatten().map(|(name, _)| name) {
                if let Some(to) = find(&nodes, key, name) {
                    lock.need(*from, to);
                }
            }
        }
    }
    let projects = root.get("workspaces").and_then(Value::as_object);
    for project in projects.into_iter().flatten().map(|(_, project)| project) {
        let own = project
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let own = if own.len() > MAX_PLACE { "" } else { own };
        for list in LISTS {
            let needs = project.get(list).and_then(Value::as_object);
            for name in needs.into_iter().flatten().map(|(name, _)| name) {
                if let Some(to) = find(&nodes, own, name) {
                    lock.root(to, scope_of_list(list));
                }
            }
        }
    }
    lock.roots_are_known();
    Ok(lock)
}

/// Finds a package from inside of another: its own copy first, then those of the packages around.
fn find(nodes: &HashMap<&str, NodeId>, from: &str, name: &str) -> Option<NodeId> {
    let mut folder = from;
    for _ in 0..MAX_DEPTH {
        if folder.is_empty() {
            break;
        }
        if let Some(id) = nodes.get(format!("{folder}/{name}").as_str()) {
            return Some(*id);
        }
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
    nodes.get(name).copied()
}

/// Plain JSON with as many lines: without comments and without commas before closing brackets.
fn plain(text: &str) -> String {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut comma: Option<usize> = None;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                comma = None;
                let start = at;
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += 1 + usize::from(bytes[at] == b'\\');
                }
                at = (at + 1).min(bytes.len());
                out.extend_from_slice(&bytes[start..at]);
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                let end = text[at + 2..]
                    .find("*/")
                    .map_or(bytes.len(), |end| at + end + 4);
                out.extend(bytes[at..end].iter().filter(|b| **b == b'\n'));
                at = end;
                continue;
            }
            b',' => comma = Some(out.len()),
            b']' | b'}' => {
                if let Some(comma) = comma.take() {
                    out[comma] = b' ';
                }
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        out.push(bytes[at]);
        at += 1;
    }
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_last_commas_go() {
        assert_eq!(
            plain("{ // x\n\"a,]\": [1,\n/* y\n */ ], }")
                .split_whitespace()
                .collect::<String>(),
            "{\"a,]\":[1]}"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_made_plain(text in "(?s)[a/*\",\\\\{}\\[\\]\né]{0,80}") {
            let _ = plain(&text);
        }
    }
}
