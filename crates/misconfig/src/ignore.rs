//! Inline ignores: `# seaworthy:ignore=ID[,ID]` in a comment of the file itself.
//!
//! Behind code it speaks for its own line; on a line of its own for the next line that is not a
//! comment; where a block begins on that line, for all of the block; on the first line of the file for
//! the whole file.

use std::collections::BTreeMap;

use seaworthy_model::Misconfiguration;

use crate::document::Node;

/// The annotation by which a Kubernetes object says the same.
pub(crate) const ANNOTATION: &str = "seaworthy.dev/ignore";

/// Most ignores that are read from one file; more is a mistake or an attack.
const MAX_IGNORES: usize = 2000;

/// The ignores of one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ignores {
    file: Vec<String>,
    lines: Vec<Line>,
}

/// An id that is accepted on some lines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    /// First line, counted from 1.
    start: u32,
    /// Last line.
    end: u32,
    id: String,
}

impl Ignores {
    /// Reads the comments of a file. `#` and `//` start a comment; what stands before the word must
    /// be one of them, so that a value that quotes the word is no ignore.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut ignores = Self::default();
        if memchr::memmem::find(text.as_bytes(), b"ignore").is_none()
            && memchr::memmem::find(text.as_bytes(), b"skip").is_none()
        {
            return ignores;
        }
        let mut pending: Vec<String> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let Ok(number) = u32::try_from(at + 1) else {
                break;
            };
            let line = line.trim();
            let is_comment = line.starts_with('#') || line.starts_with("//");
            let ids = ids_of(line);
            if ignores.lines.len() + pending.len() + ids.len() > MAX_IGNORES {
                break;
            }
            if is_comment && at == 0 {
                ignores.file.extend(ids);
            } else if is_comment {
                pending.extend(ids);
            } else if !line.is_empty() {
                let here = ids.into_iter().chain(pending.drain(..));
                ignores.lines.extend(here.map(|id| Line {
                    start: number,
                    end: number,
                    id,
                }));
            }
        }
        ignores.lines.sort();
        ignores
    }

    /// Whether the file says that this finding is known and accepted: its rule, or the same rule
    /// by the id of another tool.
    #[must_use]
    pub fn covers(&self, finding: &Misconfiguration) -> bool {
        self.covers_at(finding, finding.location.start_line)
    }

    fn covers_at(&self, finding: &Misconfiguration, line: u32) -> bool {
        self.lines
            .iter()
            .filter(|ignore| (ignore.start..=ignore.end).contains(&line))
            .map(|ignore| &ignore.id)
            .chain(&self.file)
            .any(|id| {
                id.eq_ignore_ascii_case(&finding.rule)
                    || finding
                        .references
                        .iter()
                        .any(|reference| id.eq_ignore_ascii_case(reference))
            })
    }

    /// Lets what stands at the first line of a block speak for the block.
    pub(crate) fn spread(&mut self, documents: &[Node]) {
        if self.lines.is_empty() {
            return;
        }
        let mut ends = BTreeMap::new();
        for document in documents {
            measure(document, &mut ends);
        }
        for ignore in &mut self.lines {
            if let Some(end) = ends.get(&ignore.start) {
                ignore.end = ignore.end.max(*end);
            }
        }
    }

    /// Takes the findings that the file itself accepts out of a list.
    pub fn apply(&self, findings: &mut Vec<Misconfiguration>) {
        if *self != Self::default() {
            findings.retain(|finding| !self.covers(finding));
        }
    }
}

/// Notes for each line on which a node begins the last line of what is in it, and returns that of this
/// node.
fn measure(node: &Node, ends: &mut BTreeMap<u32, u32>) -> u32 {
    let start = node.key.unwrap_or(node.start).line;
    let mut end = node.end.line.max(start);
    for child in node
        .items()
        .iter()
        .chain(node.entries().map(|(_, value)| value))
    {
        end = end.max(measure(child, ends));
    }
    let known = ends.entry(start).or_insert(end);
    *known = (*known).max(end);
    end
}

/// The ids behind the words that announce an ignore in the comment of this line.
fn ids_of(line: &str) -> Vec<String> {
    let mut ids = Vec::new();
    // Ours, and those that files written for other scanners carry already.
    for word in ["seaworthy:ignore=", "trivy:ignore:", "checkov:skip="] {
        for (at, _) in line.match_indices(word) {
            let before = line[..at].trim_end();
            let announced = before.ends_with('#') || before.ends_with("//");
            if !announced {
                continue;
            }
            let list = line[at + word.len()..]
                .split(|c: char| c.is_whitespace() || c == ':' || c == ';')
                .next()
                .unwrap_or_default();
            ids.extend(
                list.split(',')
                    .filter(|id| !id.is_empty() && id.len() <= 64)
                    .map(str::to_owned),
            );
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use seaworthy_model::Location;

    fn check(text: &str, expected: &[(u32, &str)]) {
        let ignores = Ignores::parse(text);
        for (line, id) in expected {
            let finding = Misconfiguration {
                rule: (*id).to_owned(),
                location: Location::line("f", *line),
                ..Misconfiguration::default()
            };
            assert!(ignores.covers(&finding), "{text:?} covers {id} at {line}");
        }
        let found = ignores.lines.len() + ignores.file.len();
        assert_eq!(found, expected.len(), "{text:?} {ignores:?}");
    }

    #[test]
    fn ignores_are_read_where_they_stand() {
        check("a: 1\nb: 2 # seaworthy:ignore=X-1", &[(2, "X-1")]);
        check(
            "a: 1\n# seaworthy:ignore=X-1,X-2 because\n# more\n\nb: 2",
            &[(5, "X-1"), (5, "X-2")],
        );
        check("# seaworthy:ignore=x-1\na: 1\n", &[(77, "X-1")]);
        check("a = 1\n//seaworthy:ignore=X-1\nb = 2", &[(3, "X-1")]);
        check("a: 'seaworthy:ignore=X-1'", &[]);
        check(
            "x\n# checkov:skip=CKV_K8S_1: reason\n#trivy:ignore:AVD-KSV-0001\ny",
            &[(4, "CKV_K8S_1"), (4, "AVD-KSV-0001")],
        );
        check("x\n# seaworthy:ignore=", &[]);
    }

    #[test]
    fn the_same_rule_of_another_tool_is_known() {
        let ignores = Ignores::parse("x\ny # trivy:ignore:AVD-1");
        let mut findings = vec![Misconfiguration {
            rule: "SW-1".to_owned(),
            references: vec!["AVD-1".to_owned()],
            location: Location::line("f", 2),
            ..Misconfiguration::default()
        }];
        ignores.apply(&mut findings);
        assert_eq!(findings, []);
    }
}
