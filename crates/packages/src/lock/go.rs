//! `go.mod` (Go modules reference, "go.mod files").

use std::collections::HashMap;

use seaworthy_model::{PackageType, Relationship};

use super::graph::Lock;
use super::lines::numbered;
use super::{Format, Input};

pub(super) const FORMAT: Format = Format {
    wants: |name, _| name == "go.mod",
    asks_siblings: false,
    read,
};

struct Require<'a> {
    module: &'a str,
    version: &'a str,
    line: u32,
    indirect: bool,
}

/// What `replace` puts in place of a module: another module's name and version, or a folder.
type Replacement<'a> = Option<(&'a str, &'a str)>;

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let mut lock = Lock::new(PackageType::Go);
    let mut requires: Vec<Require<'_>> = Vec::new();
    let mut replaces: HashMap<(&str, &str), Replacement<'_>> = HashMap::new();
    let mut block: Option<&str> = None;
    let mut go = "";
    for (number, line) in numbered(input.text) {
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        let words: Vec<&str> = code
            .split_whitespace()
            .map(|word| word.trim_matches(['"', '`']))
            .collect();
        let (verb, words) = match (block, &words[..]) {
            (_, []) => continue,
            (_, [")"]) => {
                block = None;
                continue;
            }
            (Some(verb), words) => (verb, words),
            (None, [verb, "("]) => {
                block = Some(verb);
                continue;
            }
            (None, [verb, words @ ..]) => (*verb, words),
        };
        match (verb, words) {
            ("require", [module, version]) => requires.push(Require {
                module,
                version,
                line: number,
                indirect: comment.trim().starts_with("indirect"),
            }),
            ("replace", [old, rest @ ..]) => {
                let (version, new) = match rest {
                    ["=>", new @ ..] => ("", new),
                    [version, "=>", new @ ..] => (*version, new),
                    _ => ("", rest),
                };
                match new {
                    [_folder] => {
                        replaces.insert((old, version), None);
                    }
                    [module, new] => {
                        replaces.insert((old, version), Some((module, new)));
                    }
                    _ => lock.gap(number, "a replacement that is not understood"),
                }
            }
            ("go", [version]) => go = version,
            // Exclusions steer the choice of versions, which the list of requirements already has.
            (
                "module" | "go" | "toolchain" | "exclude" | "retract" | "tool" | "godebug"
                | "ignore",
                _,
            ) => {}
            _ => lock.gap(number, format!("`{verb}` is not understood")),
        }
    }
    for require in &requires {
        let replacement = replaces
            .get(&(require.module, require.version))
            .or_else(|| replaces.get(&(require.module, "")));
        let (module, version) = match replacement {
            Some(Some(other)) => *other,
            // A folder of the project.
            Some(None) => continue,
            None => (require.module, require.version),
        };
        let id = lock.add(module, version, require.line);
        let relationship = if require.indirect {
            Relationship::Transitive
        } else {
            Relationship::Direct
        };
        lock.node(id).relationship(relationship);
    }
    if !requires.is_empty() && is_before_1_17(go) {
        lock.gap(
            0,
            "a go.mod for Go before 1.17 does not list what its modules need in turn; `go mod tidy -go=1.17` or later adds it",
        );
    }
    Ok(lock)
}

fn is_before_1_17(version: &str) -> bool {
    let mut parts = version
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    match (parts.next(), parts.next()) {
        (Some(1), Some(minor)) => minor < 17,
        (Some(1), None) => true,
        _ => version.is_empty(),
    }
}
