//! As much of the POSIX shell language as a reader of `RUN` needs (POSIX.1-2017, Shell Command
//! Language, section 2): which commands are run, with which words, in which order, and where each
//! word stands.
//!
//! Compound commands are flattened: the commands within `if`, loops, functions, subshells and
//! substitutions are all in [`Script::commands`], in the order of the text. What is not understood
//! is skipped, never a failure.

mod parse;
mod word;

use crate::{Form, Instruction, Logical, Span};

pub use parse::parse;

/// Commands of a shell text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// Simple commands in the order of the text.
    pub commands: Vec<Command>,
    /// The `|` between commands.
    pub pipes: Vec<Span>,
    /// Whether something was nested too deep to be read.
    pub truncated: bool,
}

/// How a command is joined to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Connector {
    /// It is the first, or stands behind `;`, a line end or a reserved word.
    #[default]
    Sequence,
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// `|`.
    Pipe,
    /// `&`.
    Background,
}

/// A simple command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Command {
    /// From its first word to its last.
    pub span: Span,
    /// `NAME=value` in front of it.
    pub assignments: Vec<ShellWord>,
    /// Name and arguments; empty when there are only assignments or redirections.
    pub words: Vec<ShellWord>,
    /// Redirections.
    pub redirects: Vec<Redirect>,
    /// What stands in front of it.
    pub connector: Connector,
    /// Commands joined by `|` have the same number.
    pub pipeline: usize,
    /// How deep it stands in subshells and substitutions.
    pub depth: usize,
}

impl Command {
    /// The first word without quotes: what is run.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.words.first().map(|w| w.text.as_str())
    }

    /// The words behind the name.
    #[must_use]
    pub fn arguments(&self) -> &[ShellWord] {
        self.words.get(1..).unwrap_or(&[])
    }
}

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShellWord {
    /// Where.
    pub span: Span,
    /// Quotes and escapes removed; variables and substitutions as they are written.
    pub text: String,
    /// Whether it contains a variable or a substitution.
    pub dynamic: bool,
    /// Whether any of it is quoted.
    pub quoted: bool,
}

/// A redirection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// Where, operator and target.
    pub span: Span,
    /// `<`, `>`, `>>`, `<<`, `<<-`, `<<<`, `<&`, `>&`, `<>`, `>|`, `&>`, `&>>`.
    pub operator: &'static str,
    /// The file descriptor in front of it.
    pub descriptor: Option<u32>,
    /// File, descriptor or delimiter.
    pub target: ShellWord,
}

impl Script {
    /// Replaces all spans, to lead from a part of a text back to the whole.
    pub fn map_spans(&mut self, map: &dyn Fn(Span) -> Span) {
        for pipe in &mut self.pipes {
            *pipe = map(*pipe);
        }
        for command in &mut self.commands {
            command.span = map(command.span);
            for word in command.assignments.iter_mut().chain(&mut command.words) {
                word.span = map(word.span);
            }
            for redirect in &mut command.redirects {
                redirect.span = map(redirect.span);
                redirect.target.span = map(redirect.target.span);
            }
        }
    }

    /// The commands of a text that was joined from lines, with spans of the source.
    #[must_use]
    pub fn of_logical(text: &Logical) -> Self {
        let mut script = parse(text.text());
        script.map_spans(&|span| text.span(span.range()));
        script
    }

    /// The one command of an exec form.
    #[must_use]
    pub fn of_exec(words: &[crate::Word]) -> Self {
        let words: Vec<ShellWord> = words
            .iter()
            .map(|w| ShellWord {
                span: w.span,
                text: w.text.clone(),
                dynamic: false,
                quoted: true,
            })
            .collect();
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            return Self::default();
        };
        let span = Span::new(first.span.start, last.span.end);
        Self {
            commands: vec![Command {
                span,
                words,
                ..Command::default()
            }],
            ..Self::default()
        }
    }

    /// What a `RUN`, `CMD`, `ENTRYPOINT` or `HEALTHCHECK` form runs, without here-documents. `rest`
    /// is the instruction's joined text, which the form is the end of.
    #[must_use]
    pub fn of_form(form: &Form, rest: &Logical) -> Self {
        match form {
            Form::Exec(words) => Self::of_exec(words),
            Form::Shell(word) => {
                let start = rest.text().len().saturating_sub(word.text.len());
                Self::of_logical(&rest.slice(start..rest.text().len()))
            }
        }
    }

    /// The here-documents of a `RUN` that are shell scripts, `RUN <<EOF` and `RUN bash <<EOF`, each
    /// with its commands; `source` is the Dockerfile's text. A body that begins with `#!` and names
    /// no shell is not read.
    #[must_use]
    pub fn of_heredocs(instruction: &Instruction, source: &str) -> Vec<Self> {
        let line = parse(instruction.rest.text());
        if !line.commands.iter().all(reads_script) {
            return Vec::new();
        }
        let bodies = instruction.heredocs.iter();
        bodies
            .filter_map(|heredoc| {
                let text = source.get(heredoc.body.range())?;
                if !is_shell_script(text) {
                    return None;
                }
                let mut script = parse(text);
                let by = heredoc.body.start;
                script.map_spans(&|s| Span::new(s.start + by, s.end + by));
                Some(script)
            })
            .collect()
    }
}

/// Whether a command runs what it reads: nothing but a redirection, or a shell without a script of
/// its own.
fn reads_script(command: &Command) -> bool {
    let arguments = command.arguments();
    command.assignments.is_empty()
        && command
            .redirects
            .iter()
            .all(|r| r.operator.starts_with("<<"))
        && command.name().is_none_or(is_shell)
        && arguments
            .iter()
            .all(|w| w.text.starts_with(['-', '+']) && !w.text.contains('c'))
}

fn is_shell(name: &str) -> bool {
    matches!(
        name.rsplit('/').next().unwrap_or(name),
        "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh"
    )
}

fn is_shell_script(text: &str) -> bool {
    let Some(first) = text
        .lines()
        .next()
        .and_then(|l| l.trim_start().strip_prefix("#!"))
    else {
        return true;
    };
    first
        .split(|c: char| c.is_whitespace() || c == '/')
        .any(is_shell)
}
