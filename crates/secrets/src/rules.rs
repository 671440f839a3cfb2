//! The rules of a scan.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use seaworthy_model::Severity;

use crate::Error;
use crate::check::Check;
use crate::file::{self, Compile, RuleFile};
use crate::keywords::{Keyword, Keywords};
use crate::rule::{Allow, Matcher, Pattern, Rule};

/// The built-in rules, from the most to the least telling: of two that match the same bytes, the
/// first is reported.
const BUILTIN: &[(&str, &str)] = &[
    ("rules/cloud.yaml", include_str!("../rules/cloud.yaml")),
    ("rules/git.yaml", include_str!("../rules/git.yaml")),
    ("rules/ci.yaml", include_str!("../rules/ci.yaml")),
    (
        "rules/registries.yaml",
        include_str!("../rules/registries.yaml"),
    ),
    ("rules/ai.yaml", include_str!("../rules/ai.yaml")),
    ("rules/payment.yaml", include_str!("../rules/payment.yaml")),
    ("rules/chat.yaml", include_str!("../rules/chat.yaml")),
    (
        "rules/infrastructure.yaml",
        include_str!("../rules/infrastructure.yaml"),
    ),
    ("rules/saas.yaml", include_str!("../rules/saas.yaml")),
    ("rules/keys.yaml", include_str!("../rules/keys.yaml")),
    ("rules/files.yaml", include_str!("../rules/files.yaml")),
    (
        "rules/databases.yaml",
        include_str!("../rules/databases.yaml"),
    ),
    ("rules/generic.yaml", include_str!("../rules/generic.yaml")),
];

/// What is looked for, and what is let pass.
pub struct Rules {
    pub(crate) rules: Vec<Rule>,
    pub(crate) keywords: Keywords,
    /// The rules of each keyword.
    by_word: Vec<Vec<u16>>,
    /// Rules without a keyword.
    pub(crate) everywhere: Vec<u16>,
    pub(crate) allow: Allow,
    pub(crate) exclude: Vec<Pattern>,
    pub(crate) default_excludes: bool,
}

/// A rule as the catalogue lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleInfo<'a> {
    /// The id, which reports carry.
    pub id: &'a str,
    /// For people.
    pub title: &'a str,
    /// The heading under which it is listed.
    pub category: &'a str,
    /// How bad a leak is.
    pub severity: Severity,
    /// What must stand near it, in small letters.
    pub keywords: &'a [String],
    /// What is checked beyond the shape.
    pub check: Option<Check>,
}

impl Rules {
    /// The built-in rules.
    #[must_use]
    pub fn builtin() -> Self {
        Self::assemble(
            Vec::new(),
            builtin_rules(),
            Allow::default(),
            Vec::new(),
            true,
        )
    }

    /// The built-in rules and a user's file: own rules (one with the id of a built-in rule replaces
    /// it), built-in rules to leave out, what is allowed, paths to leave out. `path` is for messages.
    ///
    /// # Errors
    /// With line and column: what is no YAML, no regular expression, no known field, check or rule.
    pub fn with_file(path: &str, text: &str) -> Result<Self, Error> {
        let file = file::read(path, text, Compile::Now)?;
        let mut builtin = builtin_rules();
        for (id, place) in &file.disable {
            let before = builtin.len();
            match id.strip_suffix('*') {
                Some(start) => builtin.retain(|rule| !rule.id.starts_with(start)),
                None => builtin.retain(|rule| rule.id != *id),
            }
            if builtin.len() == before {
                return Err(place.error(
                    path,
                    format!("`{id}` is not a built-in rule; docs/rules/secrets.md lists them"),
                ));
            }
        }
        let own: BTreeSet<&str> = file.rules.iter().map(|rule| rule.id.as_str()).collect();
        builtin.retain(|rule| !own.contains(rule.id.as_str()));
        let RuleFile {
            exclude,
            default_excludes,
            allow,
            rules,
            ..
        } = file;
        Ok(Self::assemble(
            rules,
            builtin,
            allow,
            exclude,
            default_excludes,
        ))
    }

    fn assemble(
        mut rules: Vec<Rule>,
        builtin: Vec<Rule>,
        allow: Allow,
        exclude: Vec<Pattern>,
        default_excludes: bool,
    ) -> Self {
        // Short keywords of our own begin tokens.
        let own = rules.len();
        rules.extend(builtin);
        let mut words: BTreeMap<&str, Vec<u16>> = BTreeMap::new();
        let mut everywhere = Vec::new();
        for (at, rule) in rules.iter().enumerate() {
            let at = u16::try_from(at).unwrap_or(u16::MAX);
            for keyword in &rule.keywords {
                let list = words.entry(keyword).or_default();
                if list.last() != Some(&at) {
                    list.push(at);
                }
            }
            if rule.keywords.is_empty() {
                everywhere.push(at);
            }
        }
        let keywords = words
            .iter()
            .map(|(word, of)| {
                let word = word.as_bytes().into();
                if of.iter().all(|at| usize::from(*at) >= own) {
                    Keyword::Prefix(word)
                } else {
                    Keyword::Anywhere(word)
                }
            })
            .collect();
        let keywords = Keywords::new(keywords);
        let by_word = words.into_values().collect();
        Self {
            keywords,
            by_word,
            everywhere,
            rules,
            allow,
            exclude,
            default_excludes,
        }
    }

    /// The rules of a keyword.
    pub(crate) fn of_word(&self, word: u16) -> &[u16] {
        &self.by_word[usize::from(word)]
    }

    pub(crate) fn rule(&self, at: u16) -> &Rule {
        &self.rules[usize::from(at)]
    }

    /// The rules, in the order of their precedence.
    pub fn catalogue(&self) -> impl Iterator<Item = RuleInfo<'_>> {
        self.rules.iter().map(|rule| RuleInfo {
            id: &rule.id,
            title: &rule.title,
            category: &rule.category,
            severity: rule.severity,
            keywords: &rule.keywords,
            check: rule.check,
        })
    }
}

fn builtin_rules() -> Vec<Rule> {
    BUILTIN
        .iter()
        // A test reads every file strictly.
        .filter_map(|(path, text)| file::read(path, text, Compile::Later).ok())
        .flat_map(|file| file.rules)
        .collect()
}

/// The catalogue of the built-in rules as Markdown: `docs/rules/secrets.md`.
#[must_use]
pub fn catalogue_markdown() -> String {
    let rules = Rules::builtin();
    let mut out = String::from(
        "# Secret rules\n\nWritten by `cargo run -p seaworthy-secrets --example catalogue`; do not edit.\n",
    );
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "{} rules. A rule is tried only near one of its keywords; *name* means that the keyword stands in the name that the value is assigned to.",
        rules.rules.len()
    );
    let mut category = "";
    for rule in &rules.rules {
        if rule.category != category {
            category = &rule.category;
            let _ = writeln!(
                out,
                "\n## {category}\n\n| id | what | severity | keywords | also checked |\n|---|---|---|---|---|"
            );
        }
        let words: Vec<String> = rule
            .keywords
            .iter()
            .map(|k| format!("`{}`", k.replace('|', "\\|")))
            .collect();
        let words = match rule.matcher {
            _ if rule.keywords.is_empty() => "by its path".to_owned(),
            Matcher::Assigned { .. } => format!("name: {}", words.join(" ")),
            Matcher::Shape(_) => words.join(" "),
        };
        let mut checks: Vec<String> = rule
            .check
            .iter()
            .map(|c| c.explanation().to_owned())
            .collect();
        checks.extend(rule.entropy.map(|e| format!("entropy ≥ {e}")));
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {words} | {} |",
            rule.id,
            rule.title,
            rule.severity,
            checks.join(", ")
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_files_are_right() {
        let mut ids = BTreeSet::new();
        for (path, text) in BUILTIN {
            let file = file::read(path, text, Compile::Now).unwrap();
            assert!(!file.rules.is_empty(), "{path}");
            for rule in file.rules {
                assert!(ids.insert(rule.id.clone()), "{} stands twice", rule.id);
                assert!(
                    !rule.keywords.is_empty() || !rule.paths.is_empty(),
                    "{} would be tried on every text",
                    rule.id
                );
                for keyword in &rule.keywords {
                    assert!(
                        keyword.len() >= 3,
                        "{}: `{keyword}` is too short to be quick",
                        rule.id
                    );
                }
                if let Matcher::Shape(pattern) = &rule.matcher {
                    let source = pattern.source();
                    assert!(
                        !source.contains(".*") && !source.contains(".+"),
                        "{}: unbounded",
                        rule.id
                    );
                }
            }
        }
        assert!(ids.len() >= 150, "{} rules", ids.len());
        assert_eq!(Rules::builtin().rules.len(), ids.len());
    }

    fn check_error(text: &str, expected: &str) {
        let error = Rules::with_file("own.yaml", text).err().unwrap();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn mistakes_are_located() {
        check_error(
            "rules:\n  - id: x\n    title: X\n    keywords: [abcd]\n    regex: '('\n",
            "own.yaml:5:12: `(` is not a regular expression: unclosed group",
        );
        check_error(
            "disable: [nothing-like-it]\n",
            "own.yaml:1:11: `nothing-like-it` is not a built-in rule; docs/rules/secrets.md lists them",
        );
        check_error(
            "rules:\n  - id: A b\n    title: X\n    regex: x\n",
            "own.yaml:2:9: rule `A b`: an id has small letters, digits, `-`, `_` and `.`",
        );
        check_error(
            "rules:\n  - id: x\n    title: X\n",
            "own.yaml:2:9: rule `x`: it needs either `regex`, or `value` for what is assigned to a name",
        );
        check_error(
            "allow:\n  fingerprints: [12]\n",
            "own.yaml:2:18: `12` is not a fingerprint: 16 hexadecimal digits, as reports have them",
        );
        let error = Rules::with_file("own.yaml", "rules:\n  - id: x\n    titel: X\n")
            .err()
            .unwrap();
        assert_eq!((error.line, error.column), (3, 5), "{error}");
        assert!(error.message.contains("titel"), "{error}");
    }

    #[test]
    fn rules_are_replaced_and_left_out() {
        let all = Rules::builtin().rules.len();
        let rules = Rules::with_file(
            "own.yaml",
            "disable: [jwt, 'stripe-*']\nrules:\n  - {id: github-pat, title: Mine, keywords: [ghp_], regex: 'ghp_x'}\n",
        )
        .unwrap();
        let stripe = Rules::builtin()
            .catalogue()
            .filter(|r| r.id.starts_with("stripe-"))
            .count();
        assert!(stripe > 0);
        assert_eq!(rules.rules.len(), all - 1 - stripe);
        assert_eq!(rules.catalogue().next().unwrap().title, "Mine");
    }
}
