use std::io;
use std::path::{Path, PathBuf};

use seaworthy_oci::{StoreError, StoreErrorKind};

/// Why a database was not delivered. Whatever is said here, the database that was there before is
/// still there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk says no.
    #[error("cannot {what} {}: {cause}", path.display())]
    Disk {
        /// What was tried: `read`, `write`.
        what: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the disk says.
        cause: io::Error,
    },
    /// A web server says no, or nobody answers.
    #[error("{url}: {message}")]
    Network {
        /// The address, without credentials.
        url: String,
        /// What happened.
        message: String,
        /// The next step, where one is known.
        hint: Option<String>,
        /// Whether the server is there and says that it has no such thing.
        missing: bool,
    },
    /// A registry, or a directory in the shape of one, says no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was fetched or is there is no database, or a damaged one.
    #[error("{place}: {why}")]
    Wrong {
        /// The file, the reference or the address.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// Another process writes the same directory.
    #[error("{} is being updated by {holder}", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
        /// Who holds the lock, as far as it says.
        holder: String,
    },
    /// What is offered is older than what is here.
    #[error("{place} offers {offered}, which is older than {have} here")]
    Downgrade {
        /// Where from.
        place: String,
        /// What is offered: `generation 3 of 2026-11-20T00:00:00Z`.
        offered: String,
        /// What is here.
        have: String,
    },
    /// No signature verifies.
    #[error("{place}: {why}")]
    Signature {
        /// Where from.
        place: String,
        /// Why each candidate was refused.
        why: String,
    },
    /// The database is another one than the scan is pinned to.
    #[error("the database in {} has digest {found}, and {expected} was asked for", path.display())]
    Pin {
        /// The directory.
        path: PathBuf,
        /// The digest that was asked for.
        expected: String,
        /// The digest of what is there.
        found: String,
    },
    /// There is no generation to go back to.
    #[error("{} holds no earlier generation", path.display())]
    NoPrevious {
        /// The directory.
        path: PathBuf,
    },
    /// What was asked for cannot be.
    #[error("{0}")]
    Usage(String),
    /// The shards could not be built.
    #[error(transparent)]
    Build(#[from] seaworthy_advisories::Error),
}

/// Whose turn it is to mend it; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The user asked for something that cannot be, or that is refused.
    Usage,
    /// The network, the disk or the other side failed.
    Operation,
}

impl Error {
    /// For `map_err` on what is done with a file.
    pub(crate) fn disk(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |cause| Self::Disk { what, path, cause }
    }

    pub(crate) fn wrong(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Wrong {
            place: place.into(),
            why: why.into(),
        }
    }

    /// Whether a server or a store was reached and has no such thing.
    pub(crate) fn is_missing(&self) -> bool {
        match self {
            Self::Network { missing, .. } => *missing,
            Self::Store(error) => error.kind == StoreErrorKind::Missing,
            Self::Disk { cause, .. } => cause.kind() == io::ErrorKind::NotFound,
            _ => false,
        }
    }

    /// Whose turn it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Usage(_) | Self::Pin { .. } | Self::NoPrevious { .. } => ErrorKind::Usage,
            _ => ErrorKind::Operation,
        }
    }

    /// The next step, where one is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Disk { path, cause, .. } => match cause.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => format!(
                    "make room on the file system of {}; the database is as it was before",
                    path.display()
                ),
                io::ErrorKind::PermissionDenied => {
                    "run as a user who may write there, or name another directory with --db".to_owned()
                }
                _ => return None,
            },
            Self::Network { hint, .. } => return hint.clone(),
            Self::Store(error) => return error.hint.clone(),
            Self::Locked { .. } => {
                "wait until it is done; a lock dies with the process that holds it".to_owned()
            }
            Self::Downgrade { .. } => {
                "somebody may be offering an old database as a new one; --allow-older takes it all the same"
                    .to_owned()
            }
            Self::Signature { .. } => {
                "ask for the public key of whoever publishes this database (`seaworthy db publish --key`)"
                    .to_owned()
            }
            Self::Pin { .. } => {
                "`seaworthy db info` shows the digest of what is there; `seaworthy db update --from` fetches the published one"
                    .to_owned()
            }
            Self::Wrong { .. } => "fetch or build it again".to_owned(),
            Self::NoPrevious { .. } | Self::Usage(_) | Self::Build(_) => return None,
        };
        Some(text)
    }
}
