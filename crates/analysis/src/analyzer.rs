use crate::{Content, Facts, FindProgram};

/// What is known of a file before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileMeta<'a> {
    /// Path from the root, no leading slash, no `.` or `..`.
    pub path: &'a str,
    /// Size in bytes.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
}

impl<'a> FileMeta<'a> {
    /// The last component of the path.
    #[must_use]
    pub fn file_name(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// Whether anybody may execute it.
    #[must_use]
    pub const fn is_executable(&self) -> bool {
        self.mode & 0o111 != 0
    }
}

/// Why a file that an analyser wanted gave nothing; becomes an entry of the report's coverage.
#[derive(Debug, thiserror::Error)]
pub enum AnalyzeError {
    /// A package database that cannot be read: the target cannot be assessed.
    #[error("{0}")]
    Database(String),
    /// A single file that is damaged or over a limit: a gap, not the end.
    #[error("{0}")]
    File(String),
    /// The bytes could not be had at all (a cut-off layer, a disk error): ends the scan.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Turns files into facts. To add one: a file in `packages` (or a sibling) and a line where it
/// registers its analysers.
pub trait Analyzer: Send + Sync {
    /// Short name, part of cache keys.
    fn name(&self) -> &'static str;

    /// Raised whenever the facts for equal bytes change; part of cache keys.
    fn version(&self) -> u32;

    /// Whether the analyser wants this file; asked for every file of every layer, so it must be
    /// quick and look at the meta data only.
    fn wants(&self, file: &FileMeta<'_>) -> bool;

    /// Largest size in bytes that the analyser can take whole; larger files go to
    /// [`Analyzer::stream`], and without one become a coverage entry.
    fn max_size(&self) -> u64 {
        64 << 20
    }

    /// Whether [`Analyzer::analyze`] reads through [`Content::read_at`] in small windows, so that
    /// content that lies on a disk may be larger than [`Analyzer::max_size`].
    fn reads_windows(&self) -> bool {
        false
    }

    /// Whether the files are package databases: one that could not be read makes the whole answer
    /// worthless, where any other file is only a gap.
    fn reads_databases(&self) -> bool {
        false
    }

    /// Reads one file. Damaged content is an error, never a panic.
    ///
    /// # Errors
    /// See [`AnalyzeError`].
    fn analyze(
        &self,
        file: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError>;

    /// How to tell the programs that are looked for, for an analyser that looks for programs and
    /// not into files; [`crate::Merged::programs`] has what is there in the end. One analyser of a
    /// scan may do so.
    fn programs(&self) -> Option<FindProgram> {
        None
    }

    /// An analysis in pieces, for files over [`Analyzer::max_size`] that arrive as a stream.
    fn stream(&self, file: &FileMeta<'_>) -> Option<Box<dyn StreamAnalyzer>> {
        let _ = file;
        None
    }
}

/// Reads a large file piece by piece in constant memory.
pub trait StreamAnalyzer {
    /// The next piece.
    fn push(&mut self, chunk: &[u8]);

    /// The end of the file.
    ///
    /// # Errors
    /// See [`AnalyzeError`].
    fn finish(self: Box<Self>, facts: &mut Facts) -> Result<(), AnalyzeError>;
}
