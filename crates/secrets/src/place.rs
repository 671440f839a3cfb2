//! Lines and columns, counted only as far as they are asked for.

/// A place in a text, moved forward from finding to finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Bytes from the start of the text.
    offset: u64,
    line: u32,
    /// Characters before it in its line.
    chars: u64,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            offset: 0,
            line: 1,
            chars: 0,
        }
    }
}

impl Place {
    /// Goes on to `offset`; `data` begins at `base` and holds all between. A place behind it stays.
    pub(crate) fn advance(&mut self, data: &[u8], base: u64, offset: u64) {
        let index = |at: u64| usize::try_from(at.saturating_sub(base)).unwrap_or(usize::MAX);
        let Some(passed) = data.get(index(self.offset)..index(offset).min(data.len())) else {
            return;
        };
        let newlines = memchr::memchr_iter(b'\n', passed).count();
        let rest = match memchr::memrchr(b'\n', passed) {
            Some(at) => {
                self.line = self
                    .line
                    .saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX));
                self.chars = 0;
                &passed[at + 1..]
            }
            None => passed,
        };
        // Every byte but the later ones of a character in UTF-8.
        self.chars += rest.iter().filter(|b| **b & 0xc0 != 0x80).count() as u64;
        self.offset = self.offset.max(offset);
    }

    /// The line, from 1.
    pub(crate) const fn line(&self) -> u32 {
        self.line
    }

    /// The column in characters, from 1.
    pub(crate) fn column(&self) -> u32 {
        u32::try_from(self.chars + 1).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters() {
        let text = "aé\nüb\n\nc".as_bytes();
        let check = |offset: u64, line: u32, column: u32| {
            let mut place = Place::default();
            place.advance(text, 0, offset);
            assert_eq!((place.line(), place.column()), (line, column), "{offset}");
            // The same in two steps, the second with the front of the text gone.
            let mut place = Place::default();
            let half = offset / 2;
            place.advance(text, 0, half);
            place.advance(&text[half as usize..], half, offset);
            assert_eq!((place.line(), place.column()), (line, column), "{offset}");
        };
        check(0, 1, 1);
        check(1, 1, 2);
        check(3, 1, 3);
        check(4, 2, 1);
        check(6, 2, 2);
        check(9, 4, 1);
    }
}
