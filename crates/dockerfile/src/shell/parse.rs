//! Lists, pipelines and compound commands.

use super::{Command, Connector, Redirect, Script, ShellWord};
use crate::Span;

/// Deepest nesting that is followed.
const MAX_DEPTH: usize = 48;

/// Reads a shell text. Spans count in it.
#[must_use]
pub fn parse(text: &str) -> Script {
    let mut parser = Parser {
        text,
        pos: 0,
        depth: 0,
        in_backticks: false,
        pipelines: 0,
        heredocs: Vec::new(),
        script: Script::default(),
    };
    while parser.pos < text.len() {
        parser.list(End::Text, Connector::Sequence);
    }
    parser.script.commands.sort_by_key(|c| c.span.start);
    parser.script
}

/// What ends a list of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Text,
    Parenthesis,
    Backtick,
}

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) pos: usize,
    pub(super) in_backticks: bool,
    depth: usize,
    pipelines: usize,
    /// Delimiters whose bodies begin on the next line; whether tabs are removed.
    heredocs: Vec<(String, bool)>,
    script: Script,
}

/// What a reserved word at the place of a command asks for.
enum Reserved {
    /// A command follows.
    Opens,
    /// Only redirections follow.
    Closes,
    Case,
    EndCase,
    Loop,
    Function,
    Test,
}

fn reserved(word: &str) -> Option<Reserved> {
    Some(match word {
        "if" | "then" | "else" | "elif" | "while" | "until" | "do" | "!" | "{" | "time" => {
            Reserved::Opens
        }
        "fi" | "done" | "}" => Reserved::Closes,
        "case" => Reserved::Case,
        "esac" => Reserved::EndCase,
        "for" | "select" => Reserved::Loop,
        "function" => Reserved::Function,
        "[[" => Reserved::Test,
        _ => return None,
    })
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.pos + ahead).copied()
    }

    pub(super) fn char(&mut self) -> Option<char> {
        let c = self.text.get(self.pos..)?.chars().next()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.pos += 1,
                Some(b'\\') if self.peek_at(1) == Some(b'\n') => self.pos += 2,
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        let rest = self.text.get(self.pos..).unwrap_or("");
        self.pos += rest.find('\n').unwrap_or(rest.len());
    }

    /// Commands up to the end of the list, which is taken too.
    pub(super) fn list(&mut self, end: End, mut connector: Connector) {
        if self.depth >= MAX_DEPTH {
            self.script.truncated = true;
            return;
        }
        self.depth += 1;
        // Whether the patterns of each open `case` are next.
        let mut cases: Vec<bool> = Vec::new();
        loop {
            self.blanks();
            if cases.last() == Some(&true) {
                self.pattern(&mut cases);
                connector = Connector::Sequence;
                continue;
            }
            let Some(byte) = self.peek() else { break };
            match byte {
                b'\n' => {
                    self.line_end();
                    if connector != Connector::Pipe {
                        connector = Connector::Sequence;
                    }
                }
                b'#' => self.comment(),
                b';' => {
                    self.pos += 1;
                    if matches!(self.peek(), Some(b';' | b'&')) {
                        self.pos += 1;
                        if let Some(patterns) = cases.last_mut() {
                            *patterns = true;
                        }
                    }
                    connector = Connector::Sequence;
                }
                b'&' if self.peek_at(1) != Some(b'>') => connector = self.ampersand(),
                b'|' => connector = self.bar(),
                b'(' if self.peek_at(1) == Some(b'(') && !self.is_nested_subshell() => {
                    self.pos += 2;
                    self.arithmetic();
                }
                b'(' => {
                    self.pos += 1;
                    self.list(End::Parenthesis, connector);
                    connector = Connector::Sequence;
                }
                b')' => {
                    self.pos += 1;
                    if end == End::Parenthesis {
                        break;
                    }
                }
                b'`' if self.in_backticks => {
                    self.pos += 1;
                    if end == End::Backtick {
                        break;
                    }
                }
                _ => {
                    self.command(connector, &mut cases);
                    connector = Connector::Sequence;
                }
            }
        }
        self.depth -= 1;
    }

    /// Whether `((` opens two subshells rather than arithmetic: there is no `))` on this line.
    fn is_nested_subshell(&self) -> bool {
        let rest = self.text.as_bytes().get(self.pos..).unwrap_or(&[]);
        let near = rest.get(..rest.len().min(512)).unwrap_or(&[]);
        !near
            .split(|b| *b == b'\n')
            .next()
            .is_some_and(|line| line.windows(2).any(|w| w == b"))"))
    }

    fn ampersand(&mut self) -> Connector {
        self.pos += 1;
        if self.peek() == Some(b'&') {
            self.pos += 1;
            Connector::And
        } else {
            Connector::Background
        }
    }

    fn bar(&mut self) -> Connector {
        let start = self.pos;
        self.pos += 1;
        match self.peek() {
            Some(b'|') => {
                self.pos += 1;
                return Connector::Or;
            }
            Some(b'&') => self.pos += 1,
            _ => {}
        }
        self.script.pipes.push(Span::new(start, self.pos));
        Connector::Pipe
    }

    /// A line end, and the here-documents that begin behind it. One without its delimiter takes the
    /// rest of the text.
    fn line_end(&mut self) {
        self.pos += 1;
        for (delimiter, strip_tabs) in std::mem::take(&mut self.heredocs) {
            while let Some(rest) = self.text.get(self.pos..).filter(|r| !r.is_empty()) {
                let length = rest.find('\n').map_or(rest.len(), |i| i + 1);
                let line = rest
                    .get(..length)
                    .unwrap_or("")
                    .trim_end_matches(['\n', '\r']);
                let line = if strip_tabs {
                    line.trim_start_matches('\t')
                } else {
                    line
                };
                self.pos += length;
                if line == delimiter {
                    break;
                }
            }
        }
    }

    /// The patterns of a `case` up to their `)`, or `esac`.
    fn pattern(&mut self, cases: &mut Vec<bool>) {
        let mut first = true;
        loop {
            self.blanks();
            match self.peek() {
                None => {
                    cases.clear();
                    return;
                }
                Some(b'\n') => self.line_end(),
                Some(b'#') if first => self.comment(),
                Some(b')') => {
                    self.pos += 1;
                    if let Some(patterns) = cases.last_mut() {
                        *patterns = false;
                    }
                    return;
                }
                Some(b'`') if self.in_backticks => {
                    cases.clear();
                    return;
                }
                Some(b'(' | b'|' | b';' | b'&' | b'<' | b'>') => self.pos += 1,
                Some(_) => {
                    let before = self.pos;
                    let word = self.word();
                    if first && word.text == "esac" && !word.quoted {
                        cases.pop();
                        return;
                    }
                    first = false;
                    if self.pos == before {
                        self.pos += 1;
                    }
                }
            }
        }
    }

    fn command(&mut self, connector: Connector, cases: &mut Vec<bool>) {
        let mut command = Command {
            connector,
            depth: self.depth - 1,
            ..Command::default()
        };
        let before = self.pos;
        let mut closed = false;
        loop {
            self.blanks();
            let Some(byte) = self.peek() else { break };
            match byte {
                b'\n' | b';' | b'|' | b')' => break,
                b'&' if self.peek_at(1) != Some(b'>') => break,
                b'`' if self.in_backticks => break,
                b'#' => {
                    self.comment();
                    break;
                }
                b'(' => {
                    if command.words.len() == 1 && self.peek_at(1) == Some(b')') {
                        // A function's name; its body follows as a command.
                        self.pos += 2;
                        command.words.clear();
                    }
                    break;
                }
                b'<' | b'>' | b'&' if byte == b'&' || self.peek_at(1) != Some(b'(') => {
                    let redirect = self.redirect(self.pos, None);
                    command.redirects.push(redirect);
                }
                b'0'..=b'9' if self.is_descriptor() => {
                    let start = self.pos;
                    let descriptor = self.digits();
                    let redirect = self.redirect(start, descriptor);
                    command.redirects.push(redirect);
                }
                _ => {
                    let word = self.word();
                    if word.span.is_empty() {
                        break;
                    }
                    let at_start = command.words.is_empty() && command.assignments.is_empty();
                    let special = if at_start && !closed && !word.quoted && !word.dynamic {
                        reserved(&word.text)
                    } else {
                        None
                    };
                    match special {
                        Some(what) => {
                            closed = matches!(what, Reserved::Closes | Reserved::EndCase);
                            if self.reserved(what, word, &mut command, cases) {
                                break;
                            }
                        }
                        None if command.words.is_empty() && self.is_assignment(&word) => {
                            command.assignments.push(word);
                        }
                        None => command.words.push(word),
                    }
                }
            }
        }
        self.push(command, before);
    }

    fn push(&mut self, mut command: Command, before: usize) {
        if self.pos == before {
            // Nothing was read: an operator that fits nowhere.
            self.char();
        }
        let words = command.assignments.iter().chain(&command.words);
        let spans = words
            .map(|w| w.span)
            .chain(command.redirects.iter().map(|r| r.span));
        let Some(span) = spans.reduce(|a, b| Span::new(a.start.min(b.start), a.end.max(b.end)))
        else {
            return;
        };
        if command.connector != Connector::Pipe {
            self.pipelines += 1;
        }
        command.pipeline = self.pipelines;
        command.span = span;
        self.script.commands.push(command);
    }

    /// Takes what belongs to a reserved word; true when the command ends there.
    fn reserved(
        &mut self,
        what: Reserved,
        word: ShellWord,
        command: &mut Command,
        cases: &mut Vec<bool>,
    ) -> bool {
        match what {
            Reserved::Opens => {}
            Reserved::Closes => {}
            Reserved::EndCase => {
                cases.pop();
            }
            Reserved::Case => {
                self.blanks();
                self.word();
                while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
                    self.pos += 1;
                }
                self.word();
                cases.push(true);
                return true;
            }
            Reserved::Loop => {
                while !matches!(self.peek(), None | Some(b';' | b'\n')) {
                    let before = self.pos;
                    self.blanks();
                    self.word();
                    if self.pos == before {
                        self.pos += 1;
                    }
                    if self.in_backticks && self.peek() == Some(b'`') {
                        break;
                    }
                }
                return true;
            }
            Reserved::Function => {
                self.blanks();
                self.word();
                self.blanks();
                if self.peek() == Some(b'(') && self.peek_at(1) == Some(b')') {
                    self.pos += 2;
                }
                return true;
            }
            Reserved::Test => {
                command.words.push(word);
                self.test(command);
                return true;
            }
        }
        false
    }

    /// The words of `[[ … ]]`, where operators are no separators.
    fn test(&mut self, command: &mut Command) {
        while self.peek().is_some() {
            self.blanks();
            let word = self.word();
            let last = word.text == "]]";
            if word.span.is_empty() {
                match self.peek() {
                    Some(b'`') if self.in_backticks => return,
                    _ => self.char(),
                };
            } else {
                command.words.push(word);
            }
            if last {
                return;
            }
        }
    }

    /// Whether digits here are the descriptor of a redirection.
    fn is_descriptor(&self) -> bool {
        let rest = self.text.as_bytes().get(self.pos..).unwrap_or(&[]);
        let digits = rest
            .iter()
            .take(10)
            .take_while(|b| b.is_ascii_digit())
            .count();
        matches!(rest.get(digits), Some(b'<' | b'>'))
    }

    fn digits(&mut self) -> Option<u32> {
        let start = self.pos;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.pos += 1;
        }
        self.text.get(start..self.pos)?.parse().ok()
    }

    fn redirect(&mut self, start: usize, descriptor: Option<u32>) -> Redirect {
        const OPERATORS: [&str; 12] = [
            "<<<", "<<-", "&>>", "<<", ">>", "<&", ">&", "<>", ">|", "&>", "<", ">",
        ];
        let rest = self.text.get(self.pos..).unwrap_or("");
        let operator = OPERATORS
            .into_iter()
            .find(|o| rest.starts_with(o))
            .unwrap_or(">");
        self.pos += operator.len();
        self.blanks();
        let target = self.word();
        if operator == "<<" || operator == "<<-" {
            self.heredocs.push((target.text.clone(), operator == "<<-"));
        }
        Redirect {
            span: Span::new(start, self.pos),
            operator,
            descriptor,
            target,
        }
    }

    fn is_assignment(&self, word: &ShellWord) -> bool {
        let raw = self.text.get(word.span.range()).unwrap_or("");
        let Some((name, _)) = raw.split_once('=') else {
            return false;
        };
        let name = name.strip_suffix('+').unwrap_or(name);
        let name = name.split_once('[').map_or(name, |(n, _)| n);
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    }
}
