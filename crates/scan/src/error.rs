use std::path::PathBuf;

/// Why a scan could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The target could not be opened.
    #[error(transparent)]
    Source(#[from] seaworthy_source::Error),
    /// A layer could not be read.
    #[error("{target}: {cause}")]
    Analysis {
        /// What was scanned.
        target: String,
        /// What went wrong.
        cause: seaworthy_analysis::Error,
    },
    /// A bill of materials could not be read.
    #[error("cannot read {path}: {cause}")]
    Sbom {
        /// Its file.
        path: String,
        /// What went wrong.
        cause: seaworthy_sbom::Error,
    },
    /// A file of the target could not be read at all.
    #[error("cannot read {path}: {cause}")]
    Io {
        /// The file.
        path: String,
        /// What went wrong.
        cause: std::io::Error,
    },
    /// The advisory database could not be opened.
    #[error("cannot open the advisory database {path}: {cause}")]
    Database {
        /// Its directory.
        path: PathBuf,
        /// What went wrong.
        cause: seaworthy_vulndb::Error,
    },
}
