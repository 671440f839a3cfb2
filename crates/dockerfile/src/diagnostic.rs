//! What a builder would stop at or warn about.

use std::fmt;

use crate::{Position, Span};

/// What kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiagnosticKind {
    /// Bytes that are not UTF-8; they were replaced.
    InvalidEncoding,
    /// A word that is no instruction.
    UnknownInstruction,
    /// An instruction without the arguments that it needs.
    MissingArguments,
    /// More arguments than the instruction takes.
    TooManyArguments,
    /// A here-document whose terminator never comes.
    UnterminatedHeredoc,
    /// A parser directive that occurs twice or has a value that is not allowed.
    InvalidDirective,
    /// An instruction that must come after `FROM`.
    BeforeFrom,
    /// There is no `FROM` at all.
    NoFrom,
    /// Empty lines inside of a continued instruction: an error in future builders.
    EmptyContinuation,
    /// The file ends within a continued instruction.
    EndsInContinuation,
    /// Something that looks like a JSON array and is none, so that it is run by a shell.
    BrokenJson,
    /// A `SHELL` or another instruction that takes only the JSON form.
    JsonRequired,
    /// An ENV or LABEL word without `=`.
    InvalidPair,
    /// An instruction that must not be nested in `ONBUILD`.
    InvalidOnbuild,
    /// A quote that is not closed.
    UnclosedQuote,
}

/// One fault and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Kind.
    pub kind: DiagnosticKind,
    /// Bytes of the source.
    pub span: Span,
    /// The start of the span, for people.
    pub position: Position,
    /// What is wrong and what to do; lower case, no full stop.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.position.line, self.position.column, self.message
        )
    }
}
