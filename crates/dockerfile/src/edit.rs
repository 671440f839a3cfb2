//! Changes at places of the text: all or none of a group, never two at one place.

use crate::{Dockerfile, Span};

/// One change: what stands at `span` becomes `text`. An empty span inserts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Where, in bytes of the original text.
    pub span: Span,
    /// What stands there then.
    pub text: String,
}

impl Edit {
    /// Replaces.
    #[must_use]
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self {
            span,
            text: text.into(),
        }
    }

    /// Inserts before the byte at `at`.
    #[must_use]
    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self::replace(Span::new(at, at), text)
    }

    /// Removes.
    #[must_use]
    pub fn delete(span: Span) -> Self {
        Self::replace(span, "")
    }
}

/// Why a change is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The span is not one of this text.
    #[error("bytes {start} to {end} are no part of the text, or cut a character")]
    OutOfRange {
        /// First byte.
        start: usize,
        /// The byte behind the last.
        end: usize,
    },
    /// Another change is already at that place.
    #[error("line {line} is already changed by another edit; apply them one after the other")]
    Conflict {
        /// Line of the text, from 1.
        line: u32,
    },
}

/// A set of changes to one text.
#[derive(Debug, Clone)]
pub struct Edits<'a> {
    file: &'a Dockerfile,
    /// Sorted by start; no two overlap.
    accepted: Vec<Edit>,
}

impl<'a> Edits<'a> {
    /// No changes yet.
    #[must_use]
    pub const fn new(file: &'a Dockerfile) -> Self {
        Self {
            file,
            accepted: Vec::new(),
        }
    }

    /// Whether nothing changes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.accepted.is_empty()
    }

    /// Takes one change.
    ///
    /// # Errors
    /// When it is out of range or overlaps a change taken before.
    pub fn add(&mut self, edit: Edit) -> Result<(), EditError> {
        self.add_all(vec![edit])
    }

    /// Takes all changes of a group, or none of them.
    ///
    /// # Errors
    /// When one is out of range, or overlaps a change taken before or another of the group.
    pub fn add_all(&mut self, group: Vec<Edit>) -> Result<(), EditError> {
        let mut accepted = self.accepted.clone();
        for edit in group {
            let Span { start, end } = edit.span;
            if start > end || self.file.text().get(start..end).is_none() {
                return Err(EditError::OutOfRange { start, end });
            }
            let at = accepted.partition_point(|e| e.span < edit.span);
            let before = at.checked_sub(1).and_then(|i| accepted.get(i));
            let clashes = before.is_some_and(|e| overlap(e.span, edit.span))
                || accepted.get(at).is_some_and(|e| overlap(e.span, edit.span));
            if clashes {
                let line = self.file.position(start).line;
                return Err(EditError::Conflict { line });
            }
            accepted.insert(at, edit);
        }
        self.accepted = accepted;
        Ok(())
    }

    /// The changed text.
    #[must_use]
    pub fn apply(&self) -> String {
        let text = self.file.text();
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for edit in &self.accepted {
            out.push_str(text.get(at..edit.span.start).unwrap_or(""));
            out.push_str(&edit.text);
            at = edit.span.end;
        }
        out.push_str(text.get(at..).unwrap_or(""));
        out
    }

    /// The change as a unified diff for that path; empty when nothing changes.
    #[must_use]
    pub fn diff(&self, path: &str) -> String {
        crate::unified_diff(path, self.file.text(), &self.apply())
    }
}

/// Whether two changes touch the same bytes; two insertions at one place have no order and clash
/// too, an insertion at the edge of a replacement does not.
fn overlap(a: Span, b: Span) -> bool {
    if a.is_empty() && b.is_empty() {
        return a.start == b.start;
    }
    a.start < b.end && b.start < a.end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_taken_whole_or_not_at_all() {
        let (file, _) = crate::parse("FROM a\nRUN b\n");
        let mut edits = Edits::new(&file);
        edits
            .add(Edit::replace(Span::new(5, 6), "alpine"))
            .expect("is free");
        let group = vec![Edit::insert(7, "USER 1\n"), Edit::delete(Span::new(4, 6))];
        assert_eq!(edits.add_all(group), Err(EditError::Conflict { line: 1 }));
        assert_eq!(edits.apply(), "FROM alpine\nRUN b\n");
        edits.add(Edit::insert(7, "USER 1\n")).expect("is free");
        assert_eq!(edits.apply(), "FROM alpine\nUSER 1\nRUN b\n");
        assert_eq!(
            edits.add(Edit::insert(7, "x")),
            Err(EditError::Conflict { line: 2 })
        );
        assert_eq!(
            edits.add(Edit::insert(99, "x")),
            Err(EditError::OutOfRange { start: 99, end: 99 })
        );
    }

    #[test]
    fn characters_are_not_cut() {
        let (file, _) = crate::parse("FROM ä\n");
        assert!(Edits::new(&file).add(Edit::insert(6, "x")).is_err());
    }
}
