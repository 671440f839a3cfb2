//! Places in a text.

use std::ops::Range;

/// A range of bytes of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// The byte behind the last.
    pub end: usize,
}

impl Span {
    /// A span.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The same as a range, for slicing.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// Whether it holds no byte.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// Whether `other` lies within.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

/// A place for people, both counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

/// Turns offsets into lines and columns, in constant time for any length of line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineIndex {
    starts: Vec<usize>,
    /// Characters before each block of [`BLOCK`] bytes; empty when all is ASCII.
    characters: Vec<usize>,
}

const BLOCK: usize = 256;

impl LineIndex {
    /// The index of a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let starts = std::iter::once(0)
            .chain(
                bytes
                    .iter()
                    .enumerate()
                    .filter(|(_, b)| **b == b'\n')
                    .map(|(i, _)| i + 1),
            )
            .collect();
        let mut characters = Vec::new();
        if !text.is_ascii() {
            let mut sum = 0;
            for block in bytes.chunks(BLOCK) {
                characters.push(sum);
                sum += count(block);
            }
        }
        Self { starts, characters }
    }

    /// The number of lines; a line break at the end opens no further line that counts.
    #[must_use]
    pub fn lines(&self) -> u32 {
        number(self.starts.len())
    }

    /// The line of a byte, from 1.
    #[must_use]
    pub fn line(&self, offset: usize) -> u32 {
        number(self.starts.partition_point(|s| *s <= offset))
    }

    /// Where a line starts; none for a line that does not exist.
    #[must_use]
    pub fn start_of(&self, line: u32) -> Option<usize> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        self.starts.get(index).copied()
    }

    /// Line and column of a byte of `text`, which must be the text that the index was made of.
    #[must_use]
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let offset = offset.min(text.len());
        let line = self.line(offset);
        let start = self.start_of(line).unwrap_or(0);
        let column = if self.characters.is_empty() {
            offset - start
        } else {
            self.before(text, offset) - self.before(text, start)
        };
        Position {
            line,
            column: number(column + 1),
        }
    }

    fn before(&self, text: &str, offset: usize) -> usize {
        let block = offset / BLOCK;
        let known = self.characters.get(block).copied();
        let from = if known.is_some() {
            block * BLOCK
        } else {
            offset
        };
        let rest = text.as_bytes().get(from..offset).map_or(0, count);
        known.unwrap_or_else(|| count(text.as_bytes())) + rest
    }
}

/// Characters that begin in these bytes.
fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| (**b & 0xC0) != 0x80).count()
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters() {
        let text = "añb\nc\n";
        let index = LineIndex::new(text);
        let at = |offset| {
            let p = index.position(text, offset);
            (p.line, p.column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(3), (1, 3));
        assert_eq!(at(4), (1, 4));
        assert_eq!(at(5), (2, 1));
        assert_eq!(at(7), (3, 1));
        assert_eq!(at(99), (3, 1));
        assert_eq!(index.start_of(2), Some(5));
        assert_eq!(index.start_of(9), None);
    }

    #[test]
    fn blocks_agree_with_counting() {
        let text = "ä".repeat(700) + "\n" + &"bü".repeat(300);
        let index = LineIndex::new(&text);
        for (offset, _) in text.char_indices() {
            let line_start = text[..offset].rfind('\n').map_or(0, |i| i + 1);
            let expected = text[line_start..offset].chars().count() + 1;
            assert_eq!(index.position(&text, offset).column as usize, expected);
        }
        assert_eq!(index.position(&text, text.len()).column, 601);
    }
}
