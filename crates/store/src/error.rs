use std::path::{Path, PathBuf};

/// Why the history could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such file.
    #[error(
        "there is no history at {}; scans are recorded there when a history file is set", path.display()
    )]
    NotFound {
        /// The file.
        path: PathBuf,
    },
    /// The file is no SQLite database, or damaged.
    #[error(
        "{} is damaged or no history: {detail}; move it away and a new one is begun", path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
    /// The file belongs to another program.
    #[error("{} is a SQLite database of another program; name another file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of Seaworthy has written the file.
    #[error(
        "{} has schema version {found}, this build knows up to {known}; use a newer seaworthy", path.display()
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that this build knows.
        known: i64,
    },
    /// Another process held the file for too long.
    #[error("{} was in use by another process for too long; try again when it is done", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The file, its directory or the disk refuses.
    #[error("cannot {action} {}: {detail}", path.display())]
    Io {
        /// What was tried: `open`, `write` …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        detail: String,
    },
}

/// Primary result codes of SQLite (<https://www.sqlite.org/rescode.html>).
const BUSY: i64 = 5;
const LOCKED: i64 = 6;
const CORRUPT: i64 = 11;
const MISMATCH: i64 = 20;
const NOT_A_DATABASE: i64 = 26;

impl Error {
    pub(crate) fn sql(action: &'static str, path: &Path, error: &sqlx::Error) -> Self {
        let path = path.to_owned();
        let detail = error.to_string();
        match primary_code(error) {
            Some(BUSY | LOCKED) => Self::Busy { path },
            Some(CORRUPT | MISMATCH | NOT_A_DATABASE) => Self::Corrupt { path, detail },
            // A table or a column that must be there is not, or holds what it cannot.
            Some(1) => Self::Corrupt { path, detail },
            None if is_decoding(error) => Self::Corrupt { path, detail },
            _ => Self::Io {
                action,
                path,
                detail,
            },
        }
    }
}

/// The primary result code, which the low byte of the extended one is.
pub(crate) fn primary_code(error: &sqlx::Error) -> Option<i64> {
    let code = error.as_database_error()?.code()?;
    code.parse::<i64>().ok().map(|code| code & 0xff)
}

pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(BUSY | LOCKED))
}

const fn is_decoding(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::RowNotFound
    )
}
