//! Licence expressions (SPDX specification 2.3, annex D), read as leniently as people write them.

use std::fmt;

use crate::normalise;

/// Longest text that is read as an expression, in bytes; longer ones are texts of licences.
pub(crate) const MAX_TEXT: usize = 1000;
/// Brackets inside each other.
const MAX_DEPTH: usize = 32;

/// One licence, maybe with an exception.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct License {
    name: String,
    exception: Option<String>,
    known: bool,
}

impl License {
    /// A licence by its id in the list of SPDX.
    pub(crate) fn known(id: &str) -> Self {
        Self {
            name: id.to_owned(),
            exception: None,
            known: true,
        }
    }

    fn unknown(words: &str) -> Self {
        Self {
            name: words.to_owned(),
            exception: None,
            known: false,
        }
    }

    /// The id of SPDX, or the words that stand for it where it is not known.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The exception, by its id of SPDX where it is known.
    #[must_use]
    pub fn exception(&self) -> Option<&str> {
        self.exception.as_deref()
    }

    /// Whether the name is an id of SPDX, or `LicenseRef-public-domain`.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.known
    }
}

impl fmt::Display for License {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.exception {
            Some(exception) => write!(f, "{} WITH {exception}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// Licences that hold together, or of which the user has the choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// One licence.
    License(License),
    /// All of them hold.
    And(Vec<Expression>),
    /// The user chooses one.
    Or(Vec<Expression>),
}

impl Expression {
    /// Reads what a package says of its licence. Never fails: what is not understood becomes a
    /// licence by its words.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if let Some(one) = whole(text) {
            return one;
        }
        if text.len() > MAX_TEXT || text.contains('\n') {
            let first = text
                .lines()
                .find(|line| !line.trim().is_empty())
                .unwrap_or_default();
            return Self::License(License::unknown(&shortened(first.trim())));
        }
        let tokens = tokens(text);
        let mut parser = Parser {
            tokens: &tokens,
            at: 0,
        };
        match parser.or(0) {
            Some(expression) if parser.at == tokens.len() => expression,
            _ => Self::License(License::unknown(&shortened(text))),
        }
    }

    /// Several expressions that hold together.
    pub(crate) fn all(mut parts: Vec<Self>) -> Option<Self> {
        match parts.len() {
            0 | 1 => parts.pop(),
            _ => Some(Self::And(parts)),
        }
    }

    /// All licences that are named, in their order, each once.
    #[must_use]
    pub fn licenses(&self) -> Vec<&License> {
        let mut out = Vec::new();
        self.collect(&mut out);
        out
    }

    fn collect<'e>(&'e self, out: &mut Vec<&'e License>) {
        match self {
            Self::License(license) => {
                if !out.contains(&license) {
                    out.push(license);
                }
            }
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.collect(out)),
        }
    }

    /// The licences that hold when of each choice the one is taken that costs least; `cost` of
    /// several licences is that of the dearest, and of equal choices the first is taken.
    pub(crate) fn chosen<'e>(&'e self, cost: &dyn Fn(&License) -> u32) -> Vec<&'e License> {
        let mut out = match self {
            Self::License(license) => vec![license],
            Self::And(parts) => parts.iter().flat_map(|part| part.chosen(cost)).collect(),
            Self::Or(parts) => parts
                .iter()
                .map(|part| part.chosen(cost))
                .min_by_key(|licenses| licenses.iter().map(|l| cost(l)).max().unwrap_or(0))
                .unwrap_or_default(),
        };
        let mut at = 0;
        while at < out.len() {
            if out[..at].contains(&out[at]) {
                out.remove(at);
            } else {
                at += 1;
            }
        }
        out
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            Self::License(license) => return license.fmt(f),
            Self::And(parts) => (parts, " AND "),
            Self::Or(parts) => (parts, " OR "),
        };
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                f.write_str(word)?;
            }
            // A choice inside of a conjunction, or the other way round.
            if matches!(part, Self::License(_)) {
                part.fmt(f)?;
            } else {
                write!(f, "({part})")?;
            }
        }
        Ok(())
    }
}

/// A text that is one licence as a whole, whatever words it has.
fn whole(text: &str) -> Option<Expression> {
    let with = |id: &str, exception: &str| {
        let mut license = License::known(id);
        license.exception = Some(exception.to_owned());
        Expression::License(license)
    };
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "cddl+gpl"
        | "cddl + gplv2 with classpath exception"
        | "cddl/gplv2+ce"
        | "cddl+gpl license"
        | "dual license consisting of the cddl v1.1 and gpl v2" => {
            return Some(Expression::Or(vec![
                Expression::License(License::known("CDDL-1.1")),
                with("GPL-2.0-only", "Classpath-exception-2.0"),
            ]));
        }
        // Perl's own terms.
        "perl" | "perl_5" | "same as perl" | "artistic or gpl" | "gpl+ or artistic" => {
            return Some(Expression::Or(vec![
                Expression::License(License::known("Artistic-1.0-Perl")),
                Expression::License(License::known("GPL-1.0-or-later")),
            ]));
        }
        _ => {}
    }
    // The old ids that have their exception in them.
    if let Some((base, exception)) = lower.split_once("-with-")
        && let (Some(id), Some(exception)) = (normalise::id(base), normalise::exception(exception))
    {
        return Some(with(id, exception));
    }
    normalise::id(text).map(|id| Expression::License(License::known(id)))
}

fn shortened(text: &str) -> String {
    let mut out: String = text.chars().take(100).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    And,
    Or,
    With,
    Open,
    Close,
    /// The words between operators.
    Words(String),
}

/// Cuts a text at its operators. A bracket right behind a word belongs to the name: `BSD (3-clause)`.
fn tokens(text: &str) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    let mut words = String::new();
    let flush = |words: &mut String, out: &mut Vec<Token>| {
        let text = words.trim();
        if !text.is_empty() {
            out.push(Token::Words(text.to_owned()));
        }
        words.clear();
    };
    let spaced = spaced(text);
    let pieces: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    // Brackets open inside of a name.
    let mut inner = 0_usize;
    while at < pieces.len() {
        let piece = pieces[at];
        at += 1;
        let is = |word: &str| piece.eq_ignore_ascii_case(word);
        let token = if piece == "(" {
            if words.is_empty() {
                Token::Open
            } else {
                inner += 1;
                words.push_str(" (");
                continue;
            }
        } else if piece == ")" {
            if inner > 0 {
                inner -= 1;
                words.push(')');
                continue;
            }
            Token::Close
        } else if inner > 0 {
            if !words.ends_with('(') {
                words.push(' ');
            }
            words.push_str(piece);
            continue;
        } else if is("or") || piece == "|" || piece == "||" {
            // `or later`, `or any later version`: no choice between licences.
            let rest = &pieces[at..];
            let skipped = later(rest);
            if skipped > 0 && !words.is_empty() {
                words.push('+');
                at += skipped;
                continue;
            }
            Token::Or
        } else if is("and") || matches!(piece, "&" | "&&" | "," | ";") {
            // `Apache License, Version 2.0`: a comma of the name.
            let follows = pieces.get(at).map(|next| next.to_ascii_lowercase());
            if piece == ","
                && follows.is_some_and(|next| {
                    next.starts_with("version") || next.starts_with("v.") || next == "inc."
                })
            {
                continue;
            }
            Token::And
        } else if is("with") || is("w/") {
            Token::With
        } else {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(piece);
            continue;
        };
        flush(&mut words, &mut out);
        // `a, and b`, `a, or b`: one operator.
        let last_is_operator = matches!(out.last(), Some(Token::And | Token::Or));
        match token {
            Token::And | Token::Or if out.is_empty() => {}
            Token::And | Token::Or if last_is_operator => {
                if let Some(last) = out.last_mut() {
                    *last = token;
                }
            }
            token => out.push(token),
        }
    }
    flush(&mut words, &mut out);
    while matches!(out.last(), Some(Token::And | Token::Or)) {
        out.pop();
    }
    out
}

/// A text with spaces around brackets and single-letter operators.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        match c {
            '(' | ')' | '|' | '&' | ',' | ';' => {
                // Doubled operators stay together.
                let doubled = at > 0 && bytes[at - 1] == bytes[at] && matches!(c, '|' | '&');
                if doubled {
                    continue;
                }
                out.push(' ');
                out.push(c);
                out.push(' ');
            }
            // `MIT/Apache-2.0` is a choice; addresses are none.
            '/' if !text.contains("://")
                && !text[..at].ends_with(" w")
                && !text[..at].ends_with(" W") =>
            {
                out.push_str(" or ");
            }
            c => out.push(c),
        }
    }
    out
}

/// How many words after `or` only say that later versions are meant too.
fn later(words: &[&str]) -> usize {
    let mut count = 0;
    let mut seen = false;
    for word in words {
        let word = word.trim_matches(['(', ')', ',']).to_ascii_lowercase();
        match word.as_str() {
            "later" | "newer" | "greater" | "higher" => seen = true,
            "version" | "versions" if seen => {}
            "any" | "at" | "your" | "option" | "" | "the" | "a" if !seen => {}
            _ => break,
        }
        count += 1;
    }
    if seen { count } else { 0 }
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
}

impl Parser<'_> {
    fn next_is(&mut self, token: &Token) -> bool {
        let is = self.tokens.get(self.at) == Some(token);
        self.at += usize::from(is);
        is
    }

    fn or(&mut self, depth: usize) -> Option<Expression> {
        let mut parts = vec![self.and(depth)?];
        while self.next_is(&Token::Or) {
            parts.push(self.and(depth)?);
        }
        Some(join(parts, Expression::Or))
    }

    fn and(&mut self, depth: usize) -> Option<Expression> {
        let mut parts = vec![self.unit(depth)?];
        while self.next_is(&Token::And) {
            parts.push(self.unit(depth)?);
        }
        Some(join(parts, Expression::And))
    }

    fn unit(&mut self, depth: usize) -> Option<Expression> {
        if depth > MAX_DEPTH {
            return None;
        }
        let inner = if self.next_is(&Token::Open) {
            let inner = self.or(depth + 1)?;
            self.next_is(&Token::Close).then_some(inner)?
        } else {
            let Some(Token::Words(words)) = self.tokens.get(self.at) else {
                return None;
            };
            self.at += 1;
            operand(words)
        };
        if !self.next_is(&Token::With) {
            return Some(inner);
        }
        let Some(Token::Words(words)) = self.tokens.get(self.at) else {
            return None;
        };
        self.at += 1;
        let Expression::License(mut license) = inner else {
            return None;
        };
        license.exception =
            Some(normalise::exception(words).map_or_else(|| shortened(words), str::to_owned));
        Some(Expression::License(license))
    }
}

fn join(mut parts: Vec<Expression>, make: fn(Vec<Expression>) -> Expression) -> Expression {
    match (parts.len(), parts.pop()) {
        (1, Some(one)) => one,
        (_, Some(last)) => {
            parts.push(last);
            make(parts)
        }
        (_, None) => make(parts),
    }
}

/// The words between two operators.
fn operand(words: &str) -> Expression {
    if let Some(one) = whole(words) {
        return one;
    }
    // Alpine once separated licences by spaces.
    let parts: Vec<&str> = words.split_whitespace().collect();
    if parts.len() > 1 {
        let ids: Option<Vec<&str>> = parts.iter().map(|part| normalise::id(part)).collect();
        if let Some(ids) = ids {
            let licenses = ids.into_iter().map(License::known).map(Expression::License);
            return Expression::And(licenses.collect());
        }
    }
    Expression::License(License::unknown(&shortened(words)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_people_write_becomes_an_expression() {
        for (text, expected) in [
            ("MIT", "MIT"),
            ("(MIT OR Apache-2.0)", "MIT OR Apache-2.0"),
            ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
            (
                "mit or apache-2.0 and bsd-3-clause",
                "MIT OR (Apache-2.0 AND BSD-3-Clause)",
            ),
            (
                "(GPLv2 or MIT) and BSD",
                "(GPL-2.0-only OR MIT) AND BSD-3-Clause",
            ),
            (
                "GPLv2+ and LGPLv2+ with exceptions",
                "GPL-2.0-or-later AND LGPL-2.0-or-later WITH exceptions",
            ),
            (
                "GPL-2+ or Artistic",
                "GPL-2.0-or-later OR Artistic-1.0-Perl",
            ),
            (
                "GPL-2.0-only WITH Classpath-exception-2.0",
                "GPL-2.0-only WITH Classpath-exception-2.0",
            ),
            (
                "GPL-2.0-with-classpath-exception",
                "GPL-2.0-only WITH Classpath-exception-2.0",
            ),
            (
                "Apache-2.0 WITH LLVM-exception",
                "Apache-2.0 WITH LLVM-exception",
            ),
            (
                "GPL-2+ with OpenSSL exception",
                "GPL-2.0-or-later WITH OpenSSL exception",
            ),
            (
                "CDDL+GPL",
                "CDDL-1.1 OR GPL-2.0-only WITH Classpath-exception-2.0",
            ),
            ("GPL-2.0 or later", "GPL-2.0-or-later"),
            ("GPL version 2 or any later version", "GPL-2.0-or-later"),
            ("LGPL-2.1 or later, and MIT", "LGPL-2.1-or-later AND MIT"),
            ("Apache License, Version 2.0", "Apache-2.0"),
            ("BSD (3-clause)", "BSD-3-Clause"),
            ("GPL2 LGPL2.1 MIT", "GPL-2.0-only AND LGPL-2.1-only AND MIT"),
            (
                "ISC AND (BSD-3-Clause OR BSD-2-Clause)",
                "ISC AND (BSD-3-Clause OR BSD-2-Clause)",
            ),
            (
                "ASL 2.0 and (MIT or BSD)",
                "Apache-2.0 AND (MIT OR BSD-3-Clause)",
            ),
            ("SEE LICENSE IN LICENSE.txt", "SEE LICENSE IN LICENSE.txt"),
            ("MIT AND AND", "MIT"),
            ("(MIT", "MIT"),
            ("perl_5", "Artistic-1.0-Perl OR GPL-1.0-or-later"),
            ("", ""),
            ("Copyright 2020\nAll rights", "Copyright 2020"),
        ] {
            assert_eq!(Expression::parse(text).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn depth_is_limited() {
        let deep = format!("{}MIT{}", "(".repeat(400), ")".repeat(400));
        assert!(matches!(Expression::parse(&deep), Expression::License(l) if !l.is_known()));
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_reads_back(text in "(MIT|GPL-2|or|and|with|later|[(),/&| +-]){0,20}", any in "(?s).{0,80}") {
            let once = Expression::parse(&text).to_string();
            let _ = Expression::parse(&any);
            let known = Expression::parse(&text).licenses().iter().all(|l| l.is_known());
            if known && !once.contains("WITH") {
                prop_assert_eq!(Expression::parse(&once).to_string(), once);
            }
        }
    }
}
