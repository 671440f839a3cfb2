//! Lines of text in a terminal: columns, colours, and what a terminal without Unicode gets.

use seaworthy_model::Severity;

use crate::{WriteOptions, text};

/// Columns in front of every line.
pub(crate) const INDENT: usize = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Bold,
    Dim,
    Good,
    Bad,
    Of(Severity),
}

impl Style {
    /// Select Graphic Rendition parameters (ECMA-48); colour only repeats what the words say.
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Good => "1;32",
            Self::Bad | Self::Of(Severity::Critical) => "1;31",
            Self::Of(Severity::High) => "31",
            Self::Of(Severity::Medium) => "33",
            Self::Of(Severity::Low) => "36",
            Self::Of(Severity::Negligible | Severity::Unknown) => "2",
        }
    }
}

/// A text from us or through [`Frame::safe`], and how it is shown.
pub(crate) type Span = (String, Style);

/// A cell with nothing special.
pub(crate) fn cell(text: impl Into<String>) -> Span {
    (text.into(), Style::Plain)
}

pub(crate) struct Glyphs {
    pub(crate) rule: &'static str,
    pub(crate) dot: &'static str,
    pub(crate) arrow: &'static str,
    pub(crate) ellipsis: &'static str,
}

/// A page that grows line by line, none of them wider than the terminal.
pub(crate) struct Frame {
    color: bool,
    unicode: bool,
    pub(crate) width: usize,
    pub(crate) glyphs: Glyphs,
    pub(crate) lines: Vec<String>,
}

impl Frame {
    pub(crate) fn new(options: &WriteOptions) -> Self {
        let glyphs = if options.unicode {
            Glyphs {
                rule: "━",
                dot: " · ",
                arrow: "→",
                ellipsis: "…",
            }
        } else {
            Glyphs {
                rule: "=",
                dot: " - ",
                arrow: "->",
                ellipsis: "...",
            }
        };
        Self {
            color: options.color,
            unicode: options.unicode,
            width: options.width.clamp(60, 240),
            glyphs,
            lines: Vec::new(),
        }
    }

    /// Columns between the indent and the right edge.
    pub(crate) const fn room(&self) -> usize {
        self.width - INDENT
    }

    /// A string from outside, on one line and without what moves a cursor.
    pub(crate) fn safe(&self, text: &str) -> String {
        if self.unicode {
            text::plain(text)
        } else {
            text::ascii(text)
        }
    }

    pub(crate) fn cut(&self, text: &str, columns: usize) -> String {
        text::cut(text, columns, self.glyphs.ellipsis)
    }

    pub(crate) fn cut_middle(&self, text: &str, columns: usize) -> String {
        text::cut_middle(text, columns, self.glyphs.ellipsis)
    }

    /// One line, never longer than the terminal is wide.
    pub(crate) fn line(&self, spans: &[Span]) -> String {
        let mut left = self.room();
        let mut out = " ".repeat(INDENT);
        for (text, style) in spans {
            let fitted = if text.trim().is_empty() {
                // Blanks that do not fit are no text that is missing.
                " ".repeat(text.len().min(left))
            } else {
                self.cut(text, left)
            };
            left = left.saturating_sub(text::width(&fitted));
            let code = style.code();
            if self.color && !code.is_empty() && !fitted.trim().is_empty() {
                out.push_str(&format!("\u{1b}[{code}m{fitted}\u{1b}[0m"));
            } else {
                out.push_str(&fitted);
            }
        }
        out.truncate(out.trim_end().len());
        out
    }

    pub(crate) fn push(&mut self, spans: &[Span]) {
        let line = self.line(spans);
        self.lines.push(line);
    }

    pub(crate) fn gap(&mut self) {
        self.lines.push(String::new());
    }

    /// Left text and right text on one line, the left one cut when they do not fit.
    pub(crate) fn sides(&self, left: &str, style: Style, right: &str) -> Vec<Span> {
        let room = self.room().saturating_sub(text::width(right) + 2);
        let left = self.cut(left, room);
        let gap = room.saturating_sub(text::width(&left)) + 2;
        vec![(left, style), cell(" ".repeat(gap)), cell(right)]
    }

    /// Rows in columns, behind a margin that is already taken. Where they do not fit, columns give
    /// way in the order of `shrink`: which column, and how narrow it may become; one that may
    /// become 0 columns goes as a whole when it is too narrow to say something.
    pub(crate) fn columns(
        &self,
        rows: Vec<Vec<Span>>,
        margin: usize,
        shrink: &[(usize, usize)],
    ) -> Vec<Vec<Span>> {
        let count = rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut widths: Vec<usize> = (0..count)
            .map(|i| {
                rows.iter()
                    .filter_map(|r| r.get(i))
                    .map(|(t, _)| text::width(t))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let total =
            |w: &[usize]| -> usize { w.iter().filter(|w| **w > 0).map(|w| w + 2).sum::<usize>() };
        let limit = self.room().saturating_sub(margin) + 2;
        for (column, least) in shrink {
            let over = total(&widths).saturating_sub(limit);
            if over == 0 {
                break;
            }
            if let Some(width) = widths.get_mut(*column) {
                *width = width.saturating_sub(over).max((*least).min(*width));
                if *least == 0 && *width < 12 {
                    *width = 0;
                }
            }
        }
        rows.into_iter()
            .map(|row| {
                let mut spans = Vec::new();
                for ((text, style), width) in row.into_iter().zip(&widths) {
                    if *width == 0 {
                        continue;
                    }
                    let text = self.cut_middle(&text, *width);
                    let gap = width.saturating_sub(text::width(&text)) + 2;
                    spans.push((text, style));
                    spans.push(cell(" ".repeat(gap)));
                }
                spans
            })
            .collect()
    }

    /// The page.
    pub(crate) fn finish(self) -> String {
        let mut page = self.lines.join("\n");
        page.push('\n');
        page
    }
}

/// `sha256:5f1c…e09a`
pub(crate) fn short_digest(digest: &str, ellipsis: &str) -> String {
    match digest.split_once(':') {
        Some((algorithm, hex)) if hex.len() > 12 && hex.is_ascii() => {
            let (head, tail) = (hex.get(..4), hex.get(hex.len() - 4..));
            format!(
                "{algorithm}:{}{ellipsis}{}",
                head.unwrap_or_default(),
                tail.unwrap_or_default()
            )
        }
        _ => text::cut(digest, 24, ellipsis),
    }
}
