//! The findings of one file while it is checked.

use seaworthy_model::{Location, Misconfiguration};

use crate::Rule;
use crate::document::Node;

/// Most findings of one file; a file with more is generated or an attack.
const MAX_FINDINGS: usize = 20_000;

/// Collects the findings of one file.
pub(crate) struct Report<'p> {
    pub(crate) path: &'p str,
    pub(crate) findings: Vec<Misconfiguration>,
    /// Findings beyond the limit, which are only counted.
    pub(crate) dropped: usize,
}

impl<'p> Report<'p> {
    pub(crate) const fn new(path: &'p str) -> Self {
        Self {
            path,
            findings: Vec::new(),
            dropped: 0,
        }
    }

    /// A finding about a node.
    pub(crate) fn add(
        &mut self,
        rule: &Rule,
        node: &Node,
        object: &str,
        message: impl Into<String>,
    ) {
        self.add_at(rule, node.location(self.path), object, message);
    }

    /// A finding at a place.
    pub(crate) fn add_at(
        &mut self,
        rule: &Rule,
        location: Location,
        object: &str,
        message: impl Into<String>,
    ) {
        if self.has_room() {
            self.findings.push(rule.finding(location, object, message));
        }
    }

    /// Whether another finding may be added; one that may not is counted.
    pub(crate) const fn has_room(&mut self) -> bool {
        let has_room = self.findings.len() < MAX_FINDINGS;
        if !has_room {
            self.dropped += 1;
        }
        has_room
    }

    /// Takes findings out again.
    pub(crate) fn drop_ignored(&mut self, is_ignored: impl Fn(&Misconfiguration) -> bool) {
        self.findings.retain(|finding| !is_ignored(finding));
    }
}
