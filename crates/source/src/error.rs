use std::io;
use std::path::{Path, PathBuf};

/// Why a target could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("{target}: {message}")]
pub struct Error {
    kind: ErrorKind,
    target: String,
    message: String,
    hint: Option<String>,
    missing: bool,
}

/// Whose turn it is to mend it; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The user named something that cannot be.
    Usage,
    /// The target is not there, not readable, or damaged.
    Target,
    /// The network or the disk failed.
    Operation,
}

impl Error {
    /// The target was named wrongly.
    pub(crate) fn usage(target: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, target, message)
    }

    /// The target itself is the trouble.
    pub(crate) fn target(target: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Target, target, message)
    }

    /// Whoever was asked says that there is no such thing.
    pub(crate) fn missing(target: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            missing: true,
            ..Self::target(target, message)
        }
    }

    /// The way to the target is the trouble.
    pub(crate) fn operation(target: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Operation, target, message)
    }

    /// A file could not be read.
    pub(crate) fn file(path: &Path, cause: &io::Error) -> Self {
        match cause.kind() {
            io::ErrorKind::NotFound => Self::missing(shown(path), "no such file or directory"),
            io::ErrorKind::PermissionDenied => Self::target(shown(path), "permission denied")
                .with_hint("run as a user who may read it"),
            _ => Self::target(shown(path), format!("cannot be read: {cause}")),
        }
    }

    fn new(kind: ErrorKind, target: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind,
            target: target.into(),
            message: message.into(),
            hint: None,
            missing: false,
        }
    }

    /// Adds the next step.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whose turn it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether there is no such thing, as opposed to one that cannot be had.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        self.missing
    }

    /// What happened, without the name of the target.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The next step, where one is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

/// A path as people read it.
pub(crate) fn shown(path: &Path) -> String {
    PathBuf::from(path).display().to_string()
}
