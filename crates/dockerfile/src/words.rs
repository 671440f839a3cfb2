//! Words of an instruction: quotes, escapes, flags, pairs, here-document marks.

use std::ops::Range;

use crate::scan::is_blank;

/// A here-document that an instruction announces.
pub(crate) struct HeredocWord {
    pub(crate) range: Range<usize>,
    pub(crate) name: String,
    pub(crate) expand: bool,
    pub(crate) strip_tabs: bool,
    pub(crate) descriptor: Option<u32>,
}

/// Splits at blanks outside of quotes; quotes and escapes stay in the words. `'` has no escapes.
pub(crate) fn split(text: &str, from: usize, escape: char) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut at = skip_blanks(text, from);
    while at < text.len() {
        let end = word_end(text, at, escape);
        words.push(at..end);
        at = skip_blanks(text, end);
    }
    words
}

/// The first byte at or after `from` that is not blank.
pub(crate) fn skip_blanks(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or("");
    from + rest.len() - rest.trim_start_matches(is_blank).len()
}

/// The end of the word that starts at `from`.
pub(crate) fn word_end(text: &str, from: usize, escape: char) -> usize {
    let mut quote = None;
    let mut chars = text.get(from..).unwrap_or("").char_indices();
    while let Some((i, c)) = chars.next() {
        match quote {
            None if is_blank(c) => return from + i,
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(q) if c == q => quote = None,
            _ if c == escape && quote != Some('\'') => {
                chars.next();
            }
            _ => {}
        }
    }
    text.len()
}

/// Whether a quote stays open.
pub(crate) fn has_open_quote(text: &str, escape: char) -> bool {
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match quote {
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(q) if c == q => quote = None,
            _ if c == escape && quote != Some('\'') => {
                chars.next();
            }
            _ => {}
        }
    }
    quote.is_some()
}

/// Removes quotes and escapes. Within double quotes an escape only counts before `"`, `$` and
/// itself.
pub(crate) fn unquote(text: &str, escape: char) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quote = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match quote {
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(q) if c == q => quote = None,
            None if c == escape => out.extend(chars.next()),
            Some('"') if c == escape => {
                if let Some(next) = chars.peek().copied()
                    && (next == '"' || next == '$' || next == escape)
                {
                    chars.next();
                    out.push(next);
                } else {
                    out.push(c);
                }
            }
            _ => out.push(c),
        }
    }
    out
}

/// The place of the first `=` outside of quotes.
pub(crate) fn equals_sign(word: &str, escape: char) -> Option<usize> {
    let mut quote = None;
    let mut chars = word.char_indices();
    while let Some((i, c)) = chars.next() {
        match quote {
            None if c == '=' => return Some(i),
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(q) if c == q => quote = None,
            _ if c == escape && quote != Some('\'') => {
                chars.next();
            }
            _ => {}
        }
    }
    None
}

/// The words `<<EOF`, `<<-"EOF"`, `3<<EOF` of a line, from an offset on.
pub(crate) fn heredocs(text: &str, from: usize, escape: char) -> Vec<HeredocWord> {
    split(text, from, escape)
        .into_iter()
        .filter_map(|range| heredoc(text.get(range.clone())?, range.start, escape))
        .collect()
}

fn heredoc(word: &str, start: usize, escape: char) -> Option<HeredocWord> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let rest = word.get(digits..)?.strip_prefix("<<")?;
    let strip_tabs = rest.starts_with('-');
    let rest = if strip_tabs { rest.get(1..)? } else { rest };
    // A shell operator ends the word, as in `<<EOF;` and `<<EOF>file`.
    let mut quote = None;
    let end = rest
        .char_indices()
        .find(|(_, c)| {
            match quote {
                None if *c == '"' || *c == '\'' => quote = Some(*c),
                Some(q) if *c == q => quote = None,
                None => return matches!(c, ';' | '&' | '|' | '>' | '<' | ')' | '('),
                Some(_) => {}
            }
            false
        })
        .map_or(rest.len(), |(i, _)| i);
    let raw = rest.get(..end)?;
    if raw.is_empty() || rest.starts_with('<') {
        return None;
    }
    let length = word.len() - rest.len() + end;
    Some(HeredocWord {
        range: start..start + length,
        name: unquote(raw, escape),
        expand: !raw.contains(['"', '\'']),
        strip_tabs,
        descriptor: word.get(..digits)?.parse().ok(),
    })
}
