//! Strings from outside, made harmless for a terminal and fitted into columns.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Whether a character changes how what follows is shown, or shows nothing: controls, bidirectional
/// overrides, zero-width characters, line separators, tags.
#[must_use]
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// One line of plain text: line breaks and tabs become spaces, unsafe characters go.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\t' => Some(' '),
            c if is_unsafe(c) => None,
            c => Some(c),
        })
        .collect()
}

/// [`plain`], and only ASCII.
#[must_use]
pub fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '→' => out.push_str("->"),
            '…' => out.push_str("..."),
            '·' | '–' | '—' => out.push('-'),
            '‘' | '’' => out.push('\''),
            c if c.is_ascii() => out.push(c),
            _ => out.push('?'),
        }
    }
    out
}

/// Columns that a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The start of a text that fits into so many columns.
#[must_use]
pub fn head(text: &str, columns: usize) -> String {
    let mut used = 0;
    text.chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= columns
        })
        .collect()
}

/// The text cut to so many columns, with `ellipsis` at the end when something is missing.
#[must_use]
pub fn cut(text: &str, columns: usize, ellipsis: &str) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = head(text, columns.saturating_sub(width(ellipsis)));
    if width(ellipsis) <= columns {
        out.push_str(ellipsis);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_a_terminal_obeys() {
        assert_eq!(plain("\u{1b}[31m<b>\u{202e}\n`x`\u{0}"), "[31m<b> `x`");
        assert_eq!(ascii("a → 中…"), "a -> ?...");
    }

    #[test]
    fn cut_texts_have_their_width() {
        for (text, columns, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("中文字", 4, "中…"),
            ("abc", 0, ""),
        ] {
            assert_eq!(cut(text, columns, "…"), expected);
            assert!(width(&cut(text, columns, "…")) <= columns);
        }
    }
}
