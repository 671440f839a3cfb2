//! The text of an instruction as the builder sees it: continued lines joined, comments gone.

use std::ops::Range;

use crate::Span;

/// Text that was put together from pieces of the source, and the way back to them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Logical {
    text: String,
    /// Start in `text`, start in the source; ascending in both.
    pieces: Vec<(usize, usize)>,
}

impl Logical {
    pub(crate) fn push(&mut self, text: &str, source: usize) {
        // An empty text still knows where it stands.
        if !text.is_empty() || self.pieces.is_empty() {
            self.pieces.push((self.text.len(), source));
            self.text.push_str(text);
        }
    }

    /// The joined text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where a byte of the joined text stands in the source.
    #[must_use]
    pub fn offset(&self, at: usize) -> usize {
        let index = self.pieces.partition_point(|(logical, _)| *logical <= at);
        self.pieces
            .get(index.saturating_sub(1))
            .map_or(0, |(logical, source)| source + at.saturating_sub(*logical))
    }

    /// The source of a part of the joined text, with all continuations in between.
    #[must_use]
    pub fn span(&self, range: Range<usize>) -> Span {
        let start = self.offset(range.start);
        let end = if range.end > range.start {
            self.offset(range.end - 1) + 1
        } else {
            start
        };
        Span::new(start, end)
    }

    /// The pieces that a part of the joined text was read from, in order.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (Range<usize>, usize)> + '_ {
        self.pieces
            .iter()
            .enumerate()
            .map(|(i, (logical, source))| {
                let end = self.pieces.get(i + 1).map_or(self.text.len(), |p| p.0);
                (*logical..end, *source)
            })
    }

    /// A part of it.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let mut part = Self::default();
        let first = self
            .pieces
            .partition_point(|(logical, _)| *logical <= range.start)
            .saturating_sub(1);
        for (i, (logical, source)) in self.pieces.iter().enumerate().skip(first) {
            if *logical >= range.end {
                break;
            }
            let end = self.pieces.get(i + 1).map_or(self.text.len(), |p| p.0);
            let from = range.start.max(*logical);
            let to = range.end.min(end);
            if let Some(text) = self.text.get(from..to) {
                part.push(text, source + (from - logical));
            }
        }
        if part.pieces.is_empty() {
            part.pieces.push((0, self.offset(range.start)));
        }
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_lead_back_to_the_source() {
        let mut logical = Logical::default();
        logical.push("ab ", 10);
        logical.push("cd", 20);
        assert_eq!(logical.text(), "ab cd");
        assert_eq!(logical.span(0..2), Span::new(10, 12));
        assert_eq!(logical.span(0..3), Span::new(10, 13));
        assert_eq!(logical.span(1..4), Span::new(11, 21));
        let part = logical.slice(1..5);
        assert_eq!(part.text(), "b cd");
        assert_eq!(part.span(2..4), Span::new(20, 22));
        assert_eq!(logical.slice(5..5).span(0..0), Span::new(22, 22));
    }
}
