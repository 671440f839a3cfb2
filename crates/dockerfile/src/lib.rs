//! Dockerfiles, read without losing a byte.
//!
//! [`parse`] never fails: it gives a [`Dockerfile`] and the [`Diagnostic`]s that a builder would
//! stop at. Every byte of the text belongs to exactly one [`Token`], so [`Dockerfile::print`] is the
//! text again; instructions, words and shell commands carry the [`Span`] that they were read from,
//! and [`Edits`] change the text at those places and nowhere else.
//!
//! The format is that of the Dockerfile reference (sections "Format", "Parser directives", "Shell
//! and exec form", "Here-Documents"); where the reference is silent, the behaviour of BuildKit's
//! parser counts.

mod arguments;
mod diagnostic;
mod diff;
mod edit;
mod expand;
mod json;
mod logical;
mod scan;
pub mod shell;
mod span;
mod stage;
mod syntax;
#[cfg(test)]
mod tests;
mod words;

pub use diagnostic::{Diagnostic, DiagnosticKind};
pub use diff::unified_diff;
pub use edit::{Edit, EditError, Edits};
pub use expand::{Expansion, expand, references};
pub use logical::Logical;
pub use scan::{parse, parse_bytes};
pub use span::{LineIndex, Position, Span};
pub use stage::{Base, Stage};
pub use syntax::{
    Argument, Body, Comment, Directive, Dockerfile, Flag, Form, From, Healthcheck, Heredoc,
    Instruction, Keyword, Pair, Token, TokenKind, Transfer, Word,
};
