//! The arguments of each instruction.

use std::ops::Range;

use crate::scan::is_blank;
use crate::{
    Argument, Body, DiagnosticKind, Flag, Form, From, Healthcheck, Heredoc, Instruction, Keyword,
    Logical, Pair, Span, Transfer, Word, json, words,
};

pub(crate) type Fault = (DiagnosticKind, Span, String);

/// Name and flags of an instruction, as ranges of its logical text.
pub(crate) struct Head {
    kind: Keyword,
    pub(crate) keyword: Range<usize>,
    pub(crate) flags: Vec<Range<usize>>,
    /// Where the arguments start.
    pub(crate) rest: usize,
}

impl Head {
    pub(crate) const fn takes_heredocs(&self) -> bool {
        matches!(self.kind, Keyword::Run | Keyword::Copy | Keyword::Add)
    }
}

/// What an instruction needs to know of its surroundings.
pub(crate) struct Context {
    pub(crate) escape: char,
    pub(crate) span: Span,
    pub(crate) line: u32,
    pub(crate) end_line: u32,
    pub(crate) comments: Range<usize>,
    pub(crate) empty_continuation: Option<Span>,
}

/// The instruction's head, and for `ONBUILD` also that of the instruction that it holds.
pub(crate) fn heads(logical: &Logical, escape: char) -> Vec<Head> {
    let outer = head(logical.text(), 0, escape);
    let nested = (outer.kind == Keyword::Onbuild && outer.rest < logical.text().len())
        .then(|| head(logical.text(), outer.rest, escape));
    std::iter::once(outer).chain(nested).collect()
}

fn head(text: &str, from: usize, escape: char) -> Head {
    let start = words::skip_blanks(text, from);
    let rest = text.get(start..).unwrap_or("");
    let end = start + rest.find(is_blank).unwrap_or(rest.len());
    let kind = Keyword::from_name(text.get(start..end).unwrap_or(""));
    let mut at = words::skip_blanks(text, end);
    let mut flags = Vec::new();
    while kind != Keyword::Unknown
        && kind != Keyword::Onbuild
        && text.get(at..).is_some_and(|t| t.starts_with("--"))
    {
        let flag_end = words::word_end(text, at, escape);
        if flag_end == at + 2 {
            // `--` alone ends the flags.
            break;
        }
        flags.push(at..flag_end);
        at = words::skip_blanks(text, flag_end);
    }
    Head {
        kind,
        keyword: start..end,
        flags,
        rest: at,
    }
}

/// Builds the instruction of a logical line; never fails.
pub(crate) fn instruction(
    logical: &Logical,
    heads: &[Head],
    heredocs: Vec<Heredoc>,
    context: &Context,
    faults: &mut Vec<Fault>,
) -> Instruction {
    let Some((head, nested)) = heads.split_first() else {
        return empty_instruction(context);
    };
    let name = word(logical, head.keyword.clone());
    let trimmed_end = logical.text().trim_end_matches(is_blank).len();
    let rest = logical.slice(head.rest..trimmed_end.max(head.rest));
    let flags = head
        .flags
        .iter()
        .map(|range| flag(logical, range, context.escape))
        .collect();
    let nested_heredocs = if nested.is_empty() {
        Vec::new()
    } else {
        heredocs.clone()
    };
    let mut parser = Arguments {
        rest: &rest,
        escape: context.escape,
        name: &name,
        faults,
    };
    let body = if head.kind == Keyword::Onbuild {
        let inner = (!nested.is_empty()).then(|| {
            Box::new(instruction(
                logical,
                nested,
                nested_heredocs,
                context,
                parser.faults,
            ))
        });
        parser.onbuild(inner)
    } else {
        parser.body(head.kind)
    };
    let inner_comments = context.comments.clone();
    Instruction {
        keyword: head.kind,
        span: Span::new(name.span.start.max(context.span.start), context.span.end),
        name,
        line: context.line,
        end_line: context.end_line,
        flags,
        rest,
        heredocs,
        body,
        comments: inner_comments,
        empty_continuation: context.empty_continuation,
    }
}

fn empty_instruction(context: &Context) -> Instruction {
    Instruction {
        keyword: Keyword::Unknown,
        name: Word::default(),
        span: context.span,
        line: context.line,
        end_line: context.end_line,
        flags: Vec::new(),
        rest: Logical::default(),
        heredocs: Vec::new(),
        body: Body::Unknown,
        comments: context.comments.clone(),
        empty_continuation: context.empty_continuation,
    }
}

fn word(logical: &Logical, range: Range<usize>) -> Word {
    Word {
        span: logical.span(range.clone()),
        text: logical.text().get(range).unwrap_or("").to_owned(),
    }
}

fn flag(logical: &Logical, range: &Range<usize>, escape: char) -> Flag {
    let whole = word(logical, range.clone());
    let text = whole.text.trim_start_matches("--");
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(words::unquote(value, escape))),
        None => (text, None),
    };
    Flag {
        name: name.to_ascii_lowercase(),
        value,
        span: whole.span,
    }
}

struct Arguments<'a> {
    rest: &'a Logical,
    escape: char,
    name: &'a Word,
    faults: &'a mut Vec<Fault>,
}

impl Arguments<'_> {
    fn fault(&mut self, kind: DiagnosticKind, span: Span, message: String) {
        self.faults.push((kind, span, message));
    }

    fn body(&mut self, kind: Keyword) -> Body {
        if kind == Keyword::Unknown && self.name.text.is_empty() {
            return Body::Unknown;
        }
        if kind == Keyword::Unknown {
            let message = format!("`{}` is not an instruction", shown(&self.name.text));
            self.fault(DiagnosticKind::UnknownInstruction, self.name.span, message);
            return Body::Unknown;
        }
        if self.rest.text().is_empty() {
            let message = format!("{} needs an argument", self.name.text.to_ascii_uppercase());
            self.fault(DiagnosticKind::MissingArguments, self.name.span, message);
        }
        match kind {
            Keyword::From => Body::From(self.from()),
            Keyword::Run => Body::Run(self.form(0)),
            Keyword::Cmd => Body::Cmd(self.form(0)),
            Keyword::Entrypoint => Body::Entrypoint(self.form(0)),
            Keyword::Copy => Body::Copy(self.transfer()),
            Keyword::Add => Body::Add(self.transfer()),
            Keyword::Env => Body::Env(self.pairs()),
            Keyword::Label => Body::Label(self.pairs()),
            Keyword::Arg => Body::Arg(self.arguments()),
            Keyword::Expose => Body::Expose(self.words()),
            Keyword::Volume => Body::Volume(self.volume()),
            Keyword::User => Body::User(self.whole()),
            Keyword::Workdir => Body::Workdir(self.whole()),
            Keyword::Stopsignal => Body::Stopsignal(self.whole()),
            Keyword::Maintainer => Body::Maintainer(self.whole()),
            Keyword::Shell => Body::Shell(self.shell()),
            Keyword::Healthcheck => Body::Healthcheck(self.healthcheck()),
            Keyword::Onbuild | Keyword::Unknown => Body::Unknown,
        }
    }

    fn word(&self, range: Range<usize>) -> Word {
        word(self.rest, range)
    }

    fn words(&self) -> Vec<Word> {
        words::split(self.rest.text(), 0, self.escape)
            .into_iter()
            .map(|range| self.word(range))
            .collect()
    }

    fn whole(&self) -> Word {
        self.word(0..self.rest.text().len())
    }

    fn exec(&self, from: usize) -> Option<Vec<Word>> {
        let text = self.rest.text().get(from..)?;
        let strings = json::array(text)?;
        Some(
            strings
                .into_iter()
                .map(|(range, value)| Word {
                    span: self.rest.span(from + range.start..from + range.end),
                    text: value,
                })
                .collect(),
        )
    }

    fn form(&mut self, from: usize) -> Form {
        if let Some(strings) = self.exec(from) {
            return Form::Exec(strings);
        }
        let text = self.rest.text().get(from..).unwrap_or("");
        // `[ -f x ] && y` is a test, `[x` is a glob: only a quote behind the bracket says JSON.
        let inner = text.strip_prefix('[').map(str::trim_start);
        let shell = self.word(from..self.rest.text().len());
        if inner.is_some_and(|t| t.starts_with(['"', '\''])) {
            self.fault(
                DiagnosticKind::BrokenJson,
                shell.span,
                "this looks like a JSON array but is none, so a shell runs it; use double quotes and double backslashes".to_owned(),
            );
        }
        Form::Shell(shell)
    }

    fn from(&mut self) -> From {
        let mut found = self.words().into_iter();
        let image = found.next().unwrap_or_default();
        let as_keyword = found.next();
        let name = found.next();
        let well_formed = match (&as_keyword, &name) {
            (None, _) => true,
            (Some(word), Some(_)) => word.text.eq_ignore_ascii_case("as"),
            (Some(_), None) => false,
        };
        if !well_formed || found.next().is_some() {
            self.fault(
                DiagnosticKind::TooManyArguments,
                image.span,
                "FROM takes an image and, behind AS, a name".to_owned(),
            );
        }
        From {
            image,
            as_keyword,
            name,
        }
    }

    fn transfer(&mut self) -> Transfer {
        let json = self.exec(0);
        let exec = json.is_some();
        let mut sources = json.unwrap_or_else(|| self.words());
        if sources.len() < 2 {
            if !self.rest.text().is_empty() {
                let message = format!(
                    "{} needs a source and a destination",
                    self.name.text.to_ascii_uppercase()
                );
                self.fault(DiagnosticKind::MissingArguments, self.name.span, message);
            }
            return Transfer {
                sources,
                destination: None,
                exec,
            };
        }
        let destination = sources.pop();
        Transfer {
            sources,
            destination,
            exec,
        }
    }

    fn volume(&self) -> Vec<Word> {
        self.exec(0).unwrap_or_else(|| self.words())
    }

    fn shell(&mut self) -> Vec<Word> {
        if let Some(strings) = self.exec(0) {
            return strings;
        }
        if !self.rest.text().is_empty() {
            self.fault(
                DiagnosticKind::JsonRequired,
                self.name.span,
                "SHELL takes a JSON array, `SHELL [\"/bin/sh\", \"-c\"]`".to_owned(),
            );
        }
        Vec::new()
    }

    /// `KEY=VALUE …` or the old form `KEY VALUE`.
    fn pairs(&mut self) -> Vec<Pair> {
        let text = self.rest.text();
        let ranges = words::split(text, 0, self.escape);
        let Some(first) = ranges.first().cloned() else {
            return Vec::new();
        };
        if words::equals_sign(text.get(first.clone()).unwrap_or(""), self.escape).is_none() {
            let key = self.word(first.clone());
            let value = self.word(words::skip_blanks(text, first.end)..text.len());
            if value.text.is_empty() {
                self.fault(
                    DiagnosticKind::InvalidPair,
                    key.span,
                    format!("`{}` has no value; write it as KEY=VALUE", shown(&key.text)),
                );
            }
            return vec![Pair {
                key,
                value,
                legacy: true,
            }];
        }
        let mut pairs = Vec::with_capacity(ranges.len());
        for range in ranges {
            let raw = text.get(range.clone()).unwrap_or("");
            if words::has_open_quote(raw, self.escape) {
                let span = self.rest.span(range.clone());
                self.fault(
                    DiagnosticKind::UnclosedQuote,
                    span,
                    "a quote is not closed".to_owned(),
                );
            }
            match words::equals_sign(raw, self.escape) {
                Some(at) => pairs.push(Pair {
                    key: self.word(range.start..range.start + at),
                    value: self.word(range.start + at + 1..range.end),
                    legacy: false,
                }),
                None => {
                    let span = self.rest.span(range.clone());
                    let message = format!("`{}` is not of the form KEY=VALUE", shown(raw));
                    self.fault(DiagnosticKind::InvalidPair, span, message);
                }
            }
        }
        pairs
    }

    fn arguments(&self) -> Vec<Argument> {
        let text = self.rest.text();
        words::split(text, 0, self.escape)
            .into_iter()
            .map(|range| {
                let raw = text.get(range.clone()).unwrap_or("");
                match words::equals_sign(raw, self.escape) {
                    Some(at) => Argument {
                        name: self.word(range.start..range.start + at),
                        default: Some(self.word(range.start + at + 1..range.end)),
                    },
                    None => Argument {
                        name: self.word(range),
                        default: None,
                    },
                }
            })
            .collect()
    }

    fn healthcheck(&mut self) -> Healthcheck {
        let text = self.rest.text();
        let end = text.find(is_blank).unwrap_or(text.len());
        let word = text.get(..end).unwrap_or("");
        if word.eq_ignore_ascii_case("none") {
            return Healthcheck::None;
        }
        if word.eq_ignore_ascii_case("cmd") {
            return Healthcheck::Command(self.form(words::skip_blanks(text, end)));
        }
        if !text.is_empty() {
            self.fault(
                DiagnosticKind::MissingArguments,
                self.name.span,
                "HEALTHCHECK takes NONE or CMD and a command".to_owned(),
            );
        }
        Healthcheck::Invalid
    }

    fn onbuild(&mut self, inner: Option<Box<Instruction>>) -> Body {
        match inner.as_deref().map(|i| i.keyword) {
            None if !self.rest.text().is_empty() => {}
            None => {
                let span = self.name.span;
                let message = "ONBUILD needs an instruction".to_owned();
                self.fault(DiagnosticKind::MissingArguments, span, message);
            }
            Some(Keyword::Onbuild | Keyword::From | Keyword::Maintainer) => {
                let span = self.name.span;
                let message = "ONBUILD may not hold ONBUILD, FROM or MAINTAINER".to_owned();
                self.fault(DiagnosticKind::InvalidOnbuild, span, message);
            }
            Some(_) => {}
        }
        Body::Onbuild(inner)
    }
}

/// A word of a message, cut when it is long.
fn shown(word: &str) -> String {
    let mut shown: String = word.chars().take(40).collect();
    if shown.len() < word.len() {
        shown.push('…');
    }
    shown
}
