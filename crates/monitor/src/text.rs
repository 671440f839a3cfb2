//! Strings from outside, made harmless for a terminal, Markdown and XML, and fitted into columns.

use unicode_width::UnicodeWidthStr as _;

pub(crate) use seaworthy_model::text::{ascii, cut, plain};

/// How a view for people is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Columns of the terminal; clamped to 60 to 240.
    pub width: usize,
    /// Whether the terminal can draw more than ASCII.
    pub unicode: bool,
    /// Every row, instead of the first ones of each section.
    pub all: bool,
}

impl Default for View {
    fn default() -> Self {
        Self {
            width: 80,
            unicode: true,
            all: false,
        }
    }
}

impl View {
    pub(crate) fn columns(self) -> usize {
        self.width.clamp(60, 240)
    }

    pub(crate) const fn arrow(self) -> &'static str {
        if self.unicode { "→" } else { "->" }
    }

    pub(crate) const fn dot(self) -> &'static str {
        if self.unicode { " · " } else { " - " }
    }

    pub(crate) const fn ellipsis(self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    pub(crate) fn rule(self) -> String {
        let glyph = if self.unicode { "━" } else { "=" };
        glyph.repeat(self.columns() - 2)
    }

    /// One line, indented, harmless and never wider than the terminal.
    pub(crate) fn line(self, text: &str) -> String {
        let text = self.safe(text);
        let fitted = cut(&text, self.columns() - 2, self.ellipsis());
        let mut line = format!("  {fitted}");
        line.truncate(line.trim_end().len());
        line
    }

    pub(crate) fn safe(self, text: &str) -> String {
        if self.unicode {
            plain(text)
        } else {
            ascii(text)
        }
    }

    /// Harmless, and exactly so many columns wide.
    pub(crate) fn cell(self, text: &str, columns: usize) -> String {
        let mut cell = cut(&self.safe(text), columns, self.ellipsis());
        let missing = columns.saturating_sub(cell.width());
        cell.push_str(&" ".repeat(missing));
        cell
    }
}

/// Text inside Markdown, tables and mentions included.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            '|' => out.push_str("&#124;"),
            ':' => out.push_str("&#58;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Text inside XML, attributes included.
pub(crate) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c => out.push(c),
        }
    }
    out
}

/// `1 package`, `2 packages`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// A sentence on several lines; a word longer than a line has a line of its own.
pub(crate) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_a_medium_that_acts_there() {
        let evil = "\u{1b}[31m<b>|@all\u{202e}\n`x`\u{0}";
        assert_eq!(plain(evil), "[31m<b>|@all `x`");
        assert_eq!(markdown(evil), "\\[31m&lt;b&gt;&#124;&#64;all \\`x\\`");
        assert_eq!(
            xml("<a b='\"'>&\u{ffff}"),
            "&lt;a b=&#39;&quot;&#39;&gt;&amp;"
        );
        let view = View {
            unicode: false,
            ..View::default()
        };
        assert_eq!(view.line("a → 中…"), "  a -> ?...");
    }

    #[test]
    fn cells_and_lines_have_their_width() {
        let view = View::default();
        assert_eq!(view.cell("abc", 5), "abc  ");
        assert_eq!(view.cell("中文字", 4), "中… ");
        assert_eq!(view.line(&"x".repeat(200)).width(), 80);
        assert_eq!(View { width: 1, ..view }.columns(), 60);
    }
}
