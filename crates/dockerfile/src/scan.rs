//! Lines, comments, directives, continuations and here-documents: from bytes to instructions.

use crate::arguments::{self, Head};
use crate::words::HeredocWord;
use crate::{
    Comment, Diagnostic, DiagnosticKind, Directive, Dockerfile, Heredoc, Instruction, LineIndex,
    Logical, Span, Token, TokenKind, words,
};

/// Here-documents that one instruction may have; more are read as text.
const MAX_HEREDOCS: usize = 256;

/// Faults that are listed for one file; what comes after them repeats itself.
const MAX_DIAGNOSTICS: usize = 1000;

/// Reads a Dockerfile.
#[must_use]
pub fn parse(text: &str) -> (Dockerfile, Vec<Diagnostic>) {
    let mut scanner = Scanner::new(text.to_owned());
    scanner.run();
    scanner.finish()
}

/// Reads a Dockerfile from bytes. What is not UTF-8 is replaced by U+FFFD, and the first such place
/// is a diagnostic; spans then count in the replaced text.
#[must_use]
pub fn parse_bytes(bytes: &[u8]) -> (Dockerfile, Vec<Diagnostic>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text),
        Err(error) => {
            let (file, mut diagnostics) = parse(&String::from_utf8_lossy(bytes));
            let at = error.valid_up_to();
            let utf16 = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
            diagnostics.insert(
                0,
                Diagnostic {
                    kind: DiagnosticKind::InvalidEncoding,
                    span: Span::new(at, at),
                    position: file.position(at),
                    message: if utf16 {
                        "the file is UTF-16; save it as UTF-8".to_owned()
                    } else {
                        "a byte that is not UTF-8; save the file as UTF-8".to_owned()
                    },
                },
            );
            (file, diagnostics)
        }
    }
}

/// A physical line.
#[derive(Clone, Copy)]
struct Line {
    start: usize,
    /// Without `\n` and `\r\n`.
    content_end: usize,
    end: usize,
}

struct Scanner {
    file: Dockerfile,
    diagnostics: Vec<Diagnostic>,
    pos: usize,
    /// Directives are only read before anything else.
    directives_over: bool,
    /// First of the comments that stand right above the next instruction.
    comments_from: usize,
    seen_from: bool,
}

impl Scanner {
    fn new(text: String) -> Self {
        let index = LineIndex::new(&text);
        Self {
            file: Dockerfile {
                text,
                index,
                tokens: Vec::new(),
                directives: Vec::new(),
                comments: Vec::new(),
                instructions: Vec::new(),
                escape: '\\',
            },
            diagnostics: Vec::new(),
            pos: 0,
            directives_over: false,
            comments_from: 0,
            seen_from: false,
        }
    }

    fn finish(mut self) -> (Dockerfile, Vec<Diagnostic>) {
        if !self.seen_from {
            let end = self.file.text.len();
            self.report(
                DiagnosticKind::NoFrom,
                Span::new(end, end),
                "there is no FROM instruction, so nothing can be built".to_owned(),
            );
        }
        (self.file, self.diagnostics)
    }

    fn report(&mut self, kind: DiagnosticKind, span: Span, message: String) {
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            let position = self.file.position(span.start);
            self.diagnostics.push(Diagnostic {
                kind,
                span,
                position,
                message,
            });
        }
    }

    fn token(&mut self, kind: TokenKind, start: usize, end: usize) {
        if start < end {
            let span = Span::new(start, end);
            self.file.tokens.push(Token { kind, span });
        }
    }

    /// The line at the current place; none at the end of the text.
    fn line(&self) -> Option<Line> {
        let rest = self.file.text.as_bytes().get(self.pos..)?;
        if rest.is_empty() {
            return None;
        }
        let start = self.pos;
        let newline = rest.iter().position(|b| *b == b'\n');
        let end = newline.map_or(start + rest.len(), |i| start + i + 1);
        let mut content_end = newline.map_or(end, |i| start + i);
        if newline.is_some() && rest.get(..content_end - start)?.ends_with(b"\r") {
            content_end -= 1;
        }
        Some(Line {
            start,
            content_end,
            end,
        })
    }

    fn content(&self, line: Line) -> &str {
        self.file.source(Span::new(line.start, line.content_end))
    }

    fn run(&mut self) {
        if self.file.text.starts_with('\u{feff}') {
            self.token(TokenKind::ByteOrderMark, 0, 3);
            self.pos = 3;
        }
        while let Some(line) = self.line() {
            let content = self.content(line);
            let indent = content.len() - content.trim_start_matches(is_blank).len();
            let first = line.start + indent;
            match content.as_bytes().get(indent) {
                None => {
                    self.directives_over = true;
                    self.token(TokenKind::Whitespace, line.start, line.content_end);
                    self.end_line(line);
                    self.comments_from = self.file.comments.len();
                }
                Some(b'#') => self.comment_or_directive(line, first),
                Some(_) => {
                    self.directives_over = true;
                    self.instruction(line, first);
                    self.comments_from = self.file.comments.len();
                }
            }
        }
    }

    fn end_line(&mut self, line: Line) {
        self.token(TokenKind::Newline, line.content_end, line.end);
        self.pos = line.end;
    }

    fn comment_or_directive(&mut self, line: Line, first: usize) {
        self.token(TokenKind::Whitespace, line.start, first);
        let span = Span::new(first, line.content_end);
        let text = self
            .file
            .source(span)
            .trim_start_matches('#')
            .trim()
            .to_owned();
        let directive = if self.directives_over {
            None
        } else {
            parse_directive(self.file.source(span))
        };
        if let Some((name, value)) = directive {
            self.directive(name, value, span);
        } else {
            self.directives_over = true;
            self.token(TokenKind::Comment, span.start, span.end);
            let number = self.file.index.line(first);
            self.file.comments.push(Comment {
                text,
                span,
                line: number,
                inside: None,
            });
        }
        self.end_line(line);
    }

    fn directive(&mut self, name: String, value: String, span: Span) {
        self.token(TokenKind::Directive, span.start, span.end);
        if self.file.directives.iter().any(|d| d.name == name) {
            self.report(
                DiagnosticKind::InvalidDirective,
                span,
                format!("the directive `{name}` may occur only once"),
            );
        } else if name == "escape" {
            match value.as_str() {
                "\\" => self.file.escape = '\\',
                "`" => self.file.escape = '`',
                _ => self.report(
                    DiagnosticKind::InvalidDirective,
                    span,
                    format!("`{value}` is no escape character (` or \\)"),
                ),
            }
        }
        self.file.directives.push(Directive { name, value, span });
    }

    /// Reads an instruction with all its continued lines and here-documents.
    fn instruction(&mut self, line: Line, first: usize) {
        self.token(TokenKind::Whitespace, line.start, first);
        let own = self.file.instructions.len();
        let comments = self.comments_from..self.file.comments.len();
        let tokens_from = self.file.tokens.len();
        let mut empty = None;
        let logical = self.logical_line(line, first, own, &mut empty);
        if let Some(span) = empty {
            self.report(
                DiagnosticKind::EmptyContinuation,
                span,
                "an empty line within a continued instruction; remove it or make it a comment"
                    .to_owned(),
            );
        }
        let escape = self.file.escape;
        let (heads, words) = {
            let heads = arguments::heads(&logical, escape);
            let takes = heads.last().is_some_and(Head::takes_heredocs);
            let words = if takes && logical.text().contains("<<") {
                words::heredocs(logical.text(), heads.last().map_or(0, |h| h.rest), escape)
            } else {
                Vec::new()
            };
            (heads, words)
        };
        self.split_text_tokens(tokens_from, &logical, &heads);
        let text_end = self.last_visible_byte(&logical);
        let heredocs = self.heredocs(&logical, words);
        let end = heredocs
            .iter()
            .map(|h| h.1)
            .fold(text_end, usize::max)
            .max(first);
        let heredocs = heredocs.into_iter().map(|h| h.0).collect();
        self.build(
            &logical,
            &heads,
            heredocs,
            Span::new(first, end),
            comments,
            empty,
        );
    }

    fn build(
        &mut self,
        logical: &Logical,
        heads: &[Head],
        heredocs: Vec<Heredoc>,
        span: Span,
        comments: std::ops::Range<usize>,
        empty_continuation: Option<Span>,
    ) {
        let line = self.file.index.line(span.start);
        let end_line = self
            .file
            .index
            .line(span.end.saturating_sub(1).max(span.start));
        let context = arguments::Context {
            escape: self.file.escape,
            span,
            line,
            end_line,
            comments,
            empty_continuation,
        };
        let mut faults = Vec::new();
        let instruction = arguments::instruction(logical, heads, heredocs, &context, &mut faults);
        for (kind, span, message) in faults {
            self.report(kind, span, message);
        }
        self.check_order(&instruction);
        self.file.instructions.push(instruction);
    }

    fn check_order(&mut self, instruction: &Instruction) {
        use crate::Keyword;
        match instruction.keyword {
            Keyword::From => self.seen_from = true,
            Keyword::Arg | Keyword::Unknown => {}
            _ if !self.seen_from => self.report(
                DiagnosticKind::BeforeFrom,
                instruction.name.span,
                "only ARG may stand before the first FROM".to_owned(),
            ),
            _ => {}
        }
    }

    /// The end of the instruction's text without the blanks at its end.
    fn last_visible_byte(&self, logical: &Logical) -> usize {
        let visible = logical.text().trim_end_matches(is_blank).len();
        logical.span(0..visible).end
    }

    /// Joins continued lines, as BuildKit does: comments and empty lines in between are skipped, an
    /// escape behind another escape continues nothing.
    fn logical_line(
        &mut self,
        mut line: Line,
        first: usize,
        own: usize,
        empty: &mut Option<Span>,
    ) -> Logical {
        let mut logical = Logical::default();
        let mut start = first;
        loop {
            let text = self.file.source(Span::new(start, line.content_end));
            let Some(kept) = continued(text, self.file.escape) else {
                logical.push(text, start);
                self.token(TokenKind::Text, start, line.content_end);
                self.end_line(line);
                return logical;
            };
            logical.push(text.get(..kept).unwrap_or(""), start);
            self.token(TokenKind::Text, start, start + kept);
            self.token(TokenKind::Continuation, start + kept, line.end);
            self.pos = line.end;
            loop {
                let Some(next) = self.line() else {
                    self.report(
                        DiagnosticKind::EndsInContinuation,
                        Span::new(start + kept, line.end),
                        "the file ends within a continued instruction".to_owned(),
                    );
                    return logical;
                };
                line = next;
                if !self.skipped_line(line, own, empty) {
                    break;
                }
            }
            start = line.start;
        }
    }

    /// Takes a comment or an empty line within a continued instruction.
    fn skipped_line(&mut self, line: Line, own: usize, empty: &mut Option<Span>) -> bool {
        let content = self.content(line);
        let trimmed = content.trim_start_matches(is_blank);
        let first = line.start + content.len() - trimmed.len();
        if trimmed.is_empty() {
            empty.get_or_insert(Span::new(line.start, line.content_end));
            self.token(TokenKind::Whitespace, line.start, line.content_end);
            self.end_line(line);
            return true;
        }
        if !trimmed.starts_with('#') {
            return false;
        }
        let text = trimmed.trim_start_matches('#').trim().to_owned();
        let span = Span::new(first, line.content_end);
        self.token(TokenKind::Whitespace, line.start, first);
        self.token(TokenKind::Comment, span.start, span.end);
        self.file.comments.push(Comment {
            text,
            span,
            line: self.file.index.line(first),
            inside: Some(own),
        });
        self.end_line(line);
        true
    }

    /// Cuts the text tokens of an instruction into its keyword, flags and arguments.
    fn split_text_tokens(&mut self, from: usize, logical: &Logical, heads: &[Head]) {
        let mut marks: Vec<(std::ops::Range<usize>, TokenKind)> = Vec::new();
        for head in heads {
            marks.push((head.keyword.clone(), TokenKind::Keyword));
            marks.extend(head.flags.iter().map(|f| (f.clone(), TokenKind::Flag)));
        }
        let old = self.file.tokens.split_off(from);
        let mut pieces = logical.pieces().filter(|(range, _)| !range.is_empty());
        let mut mark = 0;
        for token in old {
            if token.kind != TokenKind::Text {
                self.file.tokens.push(token);
                continue;
            }
            let Some((range, source)) = pieces.next() else {
                self.file.tokens.push(token);
                continue;
            };
            let mut at = range.start;
            while at < range.end {
                while marks.get(mark).is_some_and(|m| m.0.end <= at) {
                    mark += 1;
                }
                let (kind, end) = match marks.get(mark) {
                    Some((m, kind)) if m.start <= at => (*kind, m.end.min(range.end)),
                    Some((m, _)) => (TokenKind::Text, m.start.min(range.end)),
                    None => (TokenKind::Text, range.end),
                };
                self.text_token(kind, source + at - range.start, source + end - range.start);
                at = end;
            }
        }
    }

    /// A token of an instruction; the blanks in front of text are whitespace.
    fn text_token(&mut self, kind: TokenKind, start: usize, end: usize) {
        let text = self.file.source(Span::new(start, end));
        let blanks = if kind == TokenKind::Text {
            text.len() - text.trim_start_matches(is_blank).len()
        } else {
            0
        };
        self.token(TokenKind::Whitespace, start, start + blanks);
        self.token(kind, start + blanks, end);
    }

    /// Reads the bodies that follow an instruction; each with the end of its terminator.
    fn heredocs(&mut self, logical: &Logical, words: Vec<HeredocWord>) -> Vec<(Heredoc, usize)> {
        let mut found = Vec::new();
        for word in words.into_iter().take(MAX_HEREDOCS) {
            let span = logical.span(word.range.clone());
            let body_start = self.pos;
            let mut end = None;
            while let Some(line) = self.line() {
                let content = self.content(line);
                let candidate = if word.strip_tabs {
                    content.trim_start_matches('\t')
                } else {
                    content
                };
                if candidate == word.name {
                    end = Some(line);
                    break;
                }
                self.pos = line.end;
            }
            let body = Span::new(body_start, self.pos);
            self.token(TokenKind::HeredocBody, body.start, body.end);
            if let Some(line) = end {
                self.token(TokenKind::HeredocEnd, line.start, line.content_end);
                self.end_line(line);
            } else {
                self.report(
                    DiagnosticKind::UnterminatedHeredoc,
                    span,
                    format!("the here-document has no line `{}` that ends it", word.name),
                );
            }
            let heredoc = Heredoc {
                name: word.name,
                expand: word.expand,
                strip_tabs: word.strip_tabs,
                descriptor: word.descriptor,
                span,
                body,
                terminated: end.is_some(),
            };
            found.push((heredoc, end.map_or(body.end, |l| l.content_end)));
        }
        found
    }
}

/// What counts as blank within a line.
pub(crate) const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\u{b}' | '\u{c}')
}

/// How much of a line is kept when it is continued; none when it is not.
fn continued(line: &str, escape: char) -> Option<usize> {
    let trimmed = line.trim_end_matches([' ', '\t', '\r']);
    let kept = trimmed.strip_suffix(escape)?;
    (!kept.ends_with(escape)).then_some(kept.len())
}

/// `# name = value` with one of the known names.
fn parse_directive(comment: &str) -> Option<(String, String)> {
    let text = comment.strip_prefix('#')?;
    let (name, value) = text.split_once('=')?;
    let name = name.trim().to_ascii_lowercase();
    let value = value.trim();
    (matches!(name.as_str(), "syntax" | "escape" | "check") && !value.is_empty())
        .then(|| (name, value.to_owned()))
}
