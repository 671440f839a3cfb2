//! Comments and directives that silence rules.

use std::collections::{HashMap, HashSet};

use seaworthy_dockerfile::Dockerfile;

use super::LintOptions;
use super::context::Found;
use crate::Rule;

/// Ids that one file may name; more is a mistake or an attack.
const MAX_IDS: usize = 10_000;

/// What a file silences.
#[derive(Default)]
pub(super) struct Ignores {
    file: HashSet<String>,
    /// By instruction.
    instructions: HashMap<usize, HashSet<String>>,
    /// By line.
    lines: HashMap<u32, HashSet<String>>,
}

/// Whether a comment is one of those that silence rules.
pub(super) fn is_ignore(comment: &str) -> bool {
    ids(comment).is_some()
}

/// Whether a comment speaks to a linter.
pub(super) fn is_pragma(comment: &str) -> bool {
    ["hadolint ", "seaworthy:", "trivy:", "checkov:"]
        .iter()
        .any(|p| comment.starts_with(p))
}

/// Whose words they are, which decides what they cover.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// hadolint: the instruction of the next line.
    NextLine,
    /// Ours and those like it: the next instruction, further comments in between.
    Block,
    /// The whole file.
    File,
}

fn ids(comment: &str) -> Option<(Scope, Vec<String>)> {
    let hadolint = || {
        let rest = comment.strip_prefix("hadolint")?;
        let rest = rest.strip_prefix([' ', '\t'])?.trim_start();
        let (scope, rest) = match rest.strip_prefix("global") {
            Some(rest) => (Scope::File, rest.trim_start()),
            None => (Scope::NextLine, rest),
        };
        let list = rest
            .strip_prefix("ignore")?
            .trim_start()
            .strip_prefix('=')?;
        Some((scope, list))
    };
    let ours = || {
        ["seaworthy:ignore=", "trivy:ignore:", "checkov:skip="]
            .iter()
            .find_map(|p| comment.strip_prefix(p))
            .map(|list| (Scope::Block, list))
    };
    let (scope, list) = hadolint().or_else(ours)?;
    // Ids, separated by commas; what does not look like one ends the list.
    let mut found = Vec::new();
    for item in list.split(',') {
        let item = item.trim();
        let end = item
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
            .unwrap_or(item.len());
        let id = item.get(..end).unwrap_or("");
        if !id.is_empty() && id.len() <= 64 {
            found.push(id.to_ascii_uppercase());
        }
        if end < item.len() {
            break;
        }
    }
    (!found.is_empty()).then_some((scope, found))
}

impl Ignores {
    pub(super) fn read(file: &Dockerfile, options: &LintOptions) -> Self {
        let mut ignores = Self::default();
        if options.disable_ignores {
            return ignores;
        }
        ignores.directives(file);
        let mut left = MAX_IDS;
        for (at, comment) in file.comments().iter().enumerate() {
            let Some((scope, ids)) = ids(&comment.text) else {
                continue;
            };
            if ids.len() > left {
                break;
            }
            left -= ids.len();
            if scope == Scope::File || (scope == Scope::Block && comment.line == 1) {
                ignores.file.extend(ids);
                continue;
            }
            if comment.inside.is_some() {
                ignores
                    .lines
                    .entry(comment.line + 1)
                    .or_default()
                    .extend(ids);
                continue;
            }
            let instructions = file.instructions();
            let next = instructions.partition_point(|i| i.line <= comment.line);
            let covers = instructions.get(next).is_some_and(|i| match scope {
                Scope::NextLine => i.line == comment.line + 1,
                _ => i.comments.contains(&at),
            });
            if covers {
                ignores.instructions.entry(next).or_default().extend(ids);
            }
        }
        ignores
    }

    /// `# check=skip=StageNameCasing,FromAsCasing;error=true`.
    fn directives(&mut self, file: &Dockerfile) {
        let checks = file.directives().iter().filter(|d| d.name == "check");
        for setting in checks.flat_map(|d| d.value.split(';')) {
            if let Some(list) = setting.trim().strip_prefix("skip=") {
                let ids = list.split(',').take(MAX_IDS);
                // `all` means BuildKit's own checks.
                self.file
                    .extend(ids.map(|id| id.trim().to_ascii_uppercase()));
            }
        }
    }

    pub(super) fn covers(&self, found: &Found, line: u32) -> bool {
        let at = |set: Option<&HashSet<String>>| set.is_some_and(|s| names(s, found.rule));
        names(&self.file, found.rule)
            || at(self.lines.get(&line))
            || found
                .instruction
                .is_some_and(|i| at(self.instructions.get(&i)))
    }
}

/// Whether a set has a rule, by its own id or by that of another tool.
pub(super) fn names(set: &HashSet<String>, rule: &Rule) -> bool {
    !set.is_empty()
        && std::iter::once(&rule.id)
            .chain(rule.references)
            .any(|id| set.contains(&id.to_ascii_uppercase()))
}
