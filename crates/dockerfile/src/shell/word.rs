//! Words: quotes, escapes, expansions.

use super::parse::{End, Parser};
use super::{Connector, ShellWord};
use crate::Span;

impl Parser<'_> {
    /// Reads the word at the current place; it may be empty when an operator stands there.
    pub(super) fn word(&mut self) -> ShellWord {
        let start = self.pos;
        let mut word = ShellWord::default();
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b')' => break,
                b'<' | b'>' if self.peek_at(1) == Some(b'(') && self.pos == start => {
                    self.pos += 2;
                    self.substitution(End::Parenthesis);
                    word.dynamic = true;
                }
                b'<' | b'>' => break,
                b'(' if self.is_array(start) => self.array(),
                b'(' if self.is_extended_glob(start) => self.glob(),
                b'(' => break,
                b'`' if self.in_backticks => break,
                _ => self.part(&mut word),
            }
        }
        word.span = Span::new(start, self.pos);
        if word.dynamic {
            self.keep_expansions(&mut word);
        }
        word
    }

    /// A word with expansions is shown as written, but for quotes around the whole of it.
    fn keep_expansions(&self, word: &mut ShellWord) {
        let raw = self.text.get(word.span.range()).unwrap_or("");
        word.text.clear();
        let mut single = false;
        let mut chars = raw.chars();
        while let Some(c) = chars.next() {
            match c {
                '\'' => single = !single,
                '"' if !single => {}
                '\\' if !single => word.text.extend(chars.next()),
                c => word.text.push(c),
            }
        }
    }

    fn is_array(&self, start: usize) -> bool {
        self.pos > start && self.text.as_bytes().get(self.pos - 1) == Some(&b'=')
    }

    fn is_extended_glob(&self, start: usize) -> bool {
        self.pos > start
            && matches!(
                self.text.as_bytes().get(self.pos - 1),
                Some(b'@' | b'?' | b'*' | b'+' | b'!')
            )
    }

    /// `name=(a b c)`.
    fn array(&mut self) {
        self.pos += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b')' => {
                    self.pos += 1;
                    return;
                }
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b'`' => {
                    self.pos += 1;
                }
                _ => {
                    self.part(&mut ShellWord::default());
                }
            }
        }
    }

    /// `@(a|b)`.
    fn glob(&mut self) {
        while let Some(byte) = self.peek() {
            self.pos += 1;
            if byte == b')' {
                return;
            }
        }
    }

    /// One quoted part, expansion or character of a word.
    fn part(&mut self, word: &mut ShellWord) {
        match self.peek() {
            Some(b'\'') => self.single_quoted(word),
            Some(b'"') => self.double_quoted(word),
            Some(b'\\') => {
                self.pos += 1;
                if let Some(c) = self.char() {
                    // An escaped line end joins lines.
                    if c != '\n' {
                        word.text.push(c);
                        word.quoted = true;
                    }
                }
            }
            Some(b'$') => self.dollar(word),
            Some(b'`') => {
                self.pos += 1;
                self.substitution(End::Backtick);
                word.dynamic = true;
            }
            _ => {
                if let Some(c) = self.char() {
                    word.text.push(c);
                }
            }
        }
    }

    fn single_quoted(&mut self, word: &mut ShellWord) {
        word.quoted = true;
        let rest = self.text.get(self.pos + 1..).unwrap_or("");
        let end = rest.find('\'');
        word.text
            .push_str(rest.get(..end.unwrap_or(rest.len())).unwrap_or(""));
        self.pos += 1 + end.map_or(rest.len(), |e| e + 1);
    }

    fn double_quoted(&mut self, word: &mut ShellWord) {
        word.quoted = true;
        self.pos += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.pos += 1;
                    return;
                }
                b'\\' => {
                    self.pos += 1;
                    match self.char() {
                        Some(c @ ('"' | '\\' | '$' | '`')) => word.text.push(c),
                        Some('\n') | None => {}
                        Some(c) => {
                            word.text.push('\\');
                            word.text.push(c);
                        }
                    }
                }
                b'$' => self.dollar(word),
                b'`' if self.in_backticks => return,
                b'`' => {
                    self.pos += 1;
                    self.substitution(End::Backtick);
                    word.dynamic = true;
                }
                _ => {
                    if let Some(c) = self.char() {
                        word.text.push(c);
                    }
                }
            }
        }
    }

    fn dollar(&mut self, word: &mut ShellWord) {
        match self.peek_at(1) {
            Some(b'(') if self.peek_at(2) == Some(b'(') => {
                self.pos += 3;
                self.arithmetic();
                word.dynamic = true;
            }
            Some(b'(') => {
                self.pos += 2;
                self.substitution(End::Parenthesis);
                word.dynamic = true;
            }
            Some(b'{') => {
                self.pos += 2;
                self.parameter();
                word.dynamic = true;
            }
            Some(b'\'') => {
                self.pos += 1;
                self.ansi_quoted(word);
            }
            Some(c) if c.is_ascii_alphanumeric() || b"_@*#?$!-".contains(&c) => {
                self.pos += 2;
                if c.is_ascii_alphabetic() || c == b'_' {
                    while self
                        .peek()
                        .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
                    {
                        self.pos += 1;
                    }
                }
                word.dynamic = true;
            }
            _ => {
                self.pos += 1;
                word.text.push('$');
            }
        }
    }

    /// `$'…'`, where a backslash protects.
    fn ansi_quoted(&mut self, word: &mut ShellWord) {
        word.quoted = true;
        self.pos += 1;
        while let Some(c) = self.char() {
            match c {
                '\'' => return,
                '\\' => word.text.extend(self.char()),
                c => word.text.push(c),
            }
        }
    }

    /// `${…}` behind the brace; substitutions in it are read.
    fn parameter(&mut self) {
        let mut braces = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'}' if braces == 0 => {
                    self.pos += 1;
                    return;
                }
                b'}' => {
                    braces -= 1;
                    self.pos += 1;
                }
                b'{' => {
                    braces += 1;
                    self.pos += 1;
                }
                b'\\' => {
                    self.pos += 1;
                    self.char();
                }
                b'$' if self.peek_at(1) == Some(b'(') => {
                    self.pos += 2;
                    self.substitution(End::Parenthesis);
                }
                b'\n' if self.in_backticks => return,
                _ => {
                    self.char();
                }
            }
        }
    }

    /// `$((…))` and `((…))` behind the parentheses.
    pub(super) fn arithmetic(&mut self) {
        let mut open = 2_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'(' => open += 1,
                b')' => open -= 1,
                _ => {}
            }
            self.pos += 1;
            if open == 0 {
                return;
            }
        }
    }

    /// The commands of a substitution, behind its opening.
    fn substitution(&mut self, end: End) {
        let backticks = self.in_backticks;
        self.in_backticks = end == End::Backtick;
        self.list(end, Connector::Sequence);
        self.in_backticks = backticks;
    }
}
