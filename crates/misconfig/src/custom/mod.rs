//! Rules that users write: conditions in CEL, gathered in YAML files, and modules in Rego.

mod cel_rule;
mod rego;
mod subject;

use seaworthy_model::{CoverageEntry, CoverageKind, Location, Misconfiguration, Severity};
use seaworthy_oci::ImageConfig;

use crate::Kind;
use crate::document::{Node, json, text_of};
use crate::report::Report;
use cel_rule::CelRule;
use rego::RegoModule;

/// Largest file of rules.
const MAX_FILE: usize = 1 << 20;

/// Most rules and modules together.
const MAX_RULES: usize = 1000;

/// Why rules could not be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The file is not what its name says.
    #[error("{path}:{line}:{column}: {message}")]
    Syntax {
        /// The file.
        path: String,
        /// Line, from 1.
        line: u32,
        /// Column, from 1; 0 when not known.
        column: u32,
        /// What is wrong, and what would be right.
        message: String,
    },
    /// A file of no known kind, or too large.
    #[error("{path}: {message}")]
    File {
        /// The file.
        path: String,
        /// What is wrong, and what would be right.
        message: String,
    },
    /// More rules than are run.
    #[error("more than {MAX_RULES} custom rules; leave some out")]
    TooMany,
}

/// Rules of the user's own.
#[derive(Default)]
pub struct CustomRules {
    cel: Vec<CelRule>,
    rego: Vec<RegoModule>,
    fingerprint: u64,
}

impl std::fmt::Debug for CustomRules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CustomRules")
            .field("cel", &self.cel.len())
            .field("rego", &self.rego.len())
            .finish_non_exhaustive()
    }
}

impl CustomRules {
    /// Loads files of rules, each a path for messages and its content: `.yaml` and `.yml` hold CEL
    /// rules, `.rego` a module.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn load<P: AsRef<str>, B: AsRef<[u8]>>(files: &[(P, B)]) -> Result<Self, RuleError> {
        let mut rules = Self {
            fingerprint: 0xCBF2_9CE4_8422_2325,
            ..Self::default()
        };
        for (path, bytes) in files {
            let (path, bytes) = (path.as_ref(), bytes.as_ref());
            rules.load_file(path, bytes)?;
            for byte in path.bytes().chain([0]).chain(bytes.iter().copied()) {
                rules.fingerprint =
                    (rules.fingerprint ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
            }
        }
        if rules.cel.len() + rules.rego.len() > MAX_RULES {
            return Err(RuleError::TooMany);
        }
        Ok(rules)
    }

    fn load_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), RuleError> {
        let file = |message: String| RuleError::File {
            path: path.to_owned(),
            message,
        };
        if bytes.len() > MAX_FILE {
            return Err(file(format!("larger than {MAX_FILE} bytes")));
        }
        let text = text_of(bytes).map_err(|error| syntax(path, &error))?;
        if path.ends_with(".rego") {
            self.rego.push(RegoModule::load(path, text)?);
        } else if path.ends_with(".yaml") || path.ends_with(".yml") {
            let known: Vec<String> = self.cel.iter().map(|rule| rule.id.clone()).collect();
            self.cel.extend(cel_rule::load(path, text, &known)?);
        } else {
            let message = "custom rules are `.yaml` files with CEL or `.rego` modules".to_owned();
            return Err(file(message));
        }
        Ok(())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cel.is_empty() && self.rego.is_empty()
    }

    /// A number that changes with the rules, for cache keys.
    pub(crate) const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Runs the rules over one document.
    pub(crate) fn check(
        &self,
        kind: Kind,
        document: &Node,
        report: &mut Report<'_>,
        coverage: &mut Vec<CoverageEntry>,
    ) {
        if self.is_empty() {
            return;
        }
        // Rules are written for one object; a list holds many.
        let items = document.items_at("items");
        let is_list = kind == Kind::Kubernetes
            && document
                .text_at("kind")
                .is_some_and(|kind| kind.ends_with("List"));
        if is_list && !items.is_empty() {
            for item in items {
                self.check_one(kind, item, report, coverage);
            }
        } else {
            self.check_one(kind, document, report, coverage);
        }
    }

    /// Runs the rules over a Dockerfile.
    pub(crate) fn check_dockerfile(
        &self,
        bytes: &[u8],
        report: &mut Report<'_>,
        coverage: &mut Vec<CoverageEntry>,
    ) {
        if !self.is_empty() {
            self.check_one(
                Kind::Dockerfile,
                &subject::dockerfile(bytes),
                report,
                coverage,
            );
        }
    }

    /// Runs the rules over the configuration of an image, which has no lines to point to.
    pub(crate) fn check_image(
        &self,
        config: &ImageConfig,
        name: Option<&str>,
        report: &mut Report<'_>,
        coverage: &mut Vec<CoverageEntry>,
    ) {
        if self.is_empty() {
            return;
        }
        let known = report.findings.len();
        if let Ok(node) = json::read(&subject::image(config, name).to_string()) {
            self.check_one(Kind::Image, &node, report, coverage);
        }
        for finding in &mut report.findings[known..] {
            finding.location = Location {
                path: report.path.to_owned(),
                ..Location::default()
            };
        }
    }

    fn check_one(
        &self,
        kind: Kind,
        document: &Node,
        report: &mut Report<'_>,
        coverage: &mut Vec<CoverageEntry>,
    ) {
        let mut failed = |rule: &str, message: String| {
            coverage.push(CoverageEntry::new(
                CoverageKind::SkippedFile,
                report.path,
                format!(
                    "line {}: the rule {rule} could not be evaluated: {message}",
                    document.start.line
                ),
            ));
        };
        let input = document.to_json();
        let largest = largest_collection(document);
        let mut found = Vec::new();
        for rule in self.cel.iter().filter(|rule| rule.applies_to(kind)) {
            match rule.matches(&input, largest) {
                Ok(true) => found.push(rule.violation()),
                Ok(false) => {}
                Err(message) => failed(&rule.id, message),
            }
        }
        for module in self.rego.iter().filter(|module| module.applies_to(kind)) {
            match module.violations(&input) {
                Ok(violations) => found.extend(violations),
                Err(message) => failed(&module.package, message),
            }
        }
        for violation in found {
            if !report.has_room() {
                continue;
            }
            report
                .findings
                .push(violation.into_finding(kind, document, report.path));
        }
    }
}

/// What a custom rule says about a document.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Violation {
    rule: String,
    title: String,
    severity: Severity,
    message: String,
    fix: String,
    url: String,
    /// Path of keys and indices with dots between them, to where the finding points.
    at: String,
}

impl Violation {
    fn into_finding(self, kind: Kind, document: &Node, path: &str) -> Misconfiguration {
        let place = closest(document, &self.at);
        let object = match (document.text_at("kind"), document.text_at("metadata.name")) {
            (Some(kind), Some(name)) => format!("{kind}/{name}"),
            _ => String::new(),
        };
        Misconfiguration {
            rule: self.rule,
            references: Vec::new(),
            kind: kind.name().to_owned(),
            title: self.title,
            severity: self.severity,
            location: place.location(path),
            object,
            message: self.message,
            fix: self.fix,
            url: self.url,
        }
    }
}

/// The node at a path, or the deepest one on the way that is there: what is missing is reported where
/// it would be.
fn closest<'n>(document: &'n Node, path: &str) -> &'n Node {
    let mut node = document;
    for step in path.split(['.', '[', ']']).filter(|step| !step.is_empty()) {
        let next = node.get(step).or_else(|| {
            let index: usize = step.parse().ok()?;
            node.items().get(index)
        });
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    node
}

fn largest_collection(node: &Node) -> usize {
    let inner = node
        .items()
        .iter()
        .chain(node.entries().map(|(_, value)| value))
        .map(largest_collection)
        .max()
        .unwrap_or(0);
    inner.max(node.items().len()).max(node.entries().count())
}

fn syntax(path: &str, error: &crate::document::SyntaxError) -> RuleError {
    RuleError::Syntax {
        path: path.to_owned(),
        line: error.at.line,
        column: error.at.column,
        message: error.message.clone(),
    }
}

/// Ids of custom rules are words; those that begin with `SW-` are ours.
fn check_id(id: &str) -> Result<(), String> {
    let is_word = !id.is_empty()
        && id.len() <= 64
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b));
    if !is_word {
        return Err(format!(
            "`{id}` is not an id; use letters, digits, `-`, `_` and `.`, at most 64"
        ));
    }
    if id.to_ascii_uppercase().starts_with("SW-") {
        return Err(format!(
            "`{id}` is taken; ids that begin with `SW-` are Seaworthy's own"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
