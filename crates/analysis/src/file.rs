use std::io;

use seaworthy_model::{CoverageEntry, CoverageKind, ReadAt};

use crate::budget::Budget;
use crate::cursor::StreamCursor;
use crate::{
    AnalyzeError, Analyzer, Content, Facts, FileMeta, FindProgram, Programs, StreamAnalyzer,
};

/// The analysers of a scan, asked and run file by file.
#[derive(Clone, Copy)]
pub struct FileAnalysis<'a> {
    analyzers: &'a [Box<dyn Analyzer>],
    find: Option<FindProgram>,
}

/// Which analysers want a file, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted(u64);

impl Wanted {
    /// Whether nobody wants it.
    #[must_use]
    pub const fn is_nobody(self) -> bool {
        self.0 == 0
    }
}

impl<'a> FileAnalysis<'a> {
    /// At most 64 analysers; further ones are not asked.
    #[must_use]
    pub fn new(analyzers: &'a [Box<dyn Analyzer>]) -> Self {
        debug_assert!(analyzers.len() <= 64, "one bit per analyser");
        Self {
            analyzers,
            find: analyzers.iter().find_map(|analyzer| analyzer.programs()),
        }
    }

    /// Collects the programs that an analyser looks for; nothing where none does.
    #[must_use]
    pub fn programs(&self) -> Programs {
        Programs::new(self.find)
    }

    /// Who wants this file.
    #[must_use]
    pub fn wanted(&self, file: &FileMeta<'_>) -> Wanted {
        let mut bits = 0;
        for (at, analyzer) in self.analyzers.iter().take(64).enumerate() {
            bits |= u64::from(analyzer.wants(file)) << at;
        }
        Wanted(bits)
    }

    fn each(&self, wanted: Wanted) -> impl Iterator<Item = &'a dyn Analyzer> + use<'a> {
        self.analyzers
            .iter()
            .take(64)
            .enumerate()
            .filter(move |(at, _)| wanted.0 >> at & 1 == 1)
            .map(|(_, analyzer)| &**analyzer)
    }

    /// Analyses a file that lies at `offset` of `source`, in its full length; `scratch` holds whole
    /// reads, so that one allocation serves all files.
    ///
    /// # Errors
    /// Only what the medium says; what is wrong with the file becomes coverage.
    pub fn random(
        &self,
        file: &FileMeta<'_>,
        wanted: Wanted,
        source: &dyn ReadAt,
        offset: u64,
        scratch: &mut Vec<u8>,
    ) -> io::Result<Facts> {
        let mut facts = Facts::default();
        for analyzer in self.each(wanted) {
            if file.size <= analyzer.max_size() || analyzer.reads_windows() {
                let mut content = Content::from_read_at(source, offset, file.size, scratch);
                let result = analyzer.analyze(file, &mut content, &mut facts);
                note(analyzer, file, result, &mut facts)?;
            } else if let Some(mut stream) = analyzer.stream(file) {
                read_in_pieces(file, source, offset, &mut *stream)?;
                let result = stream.finish(&mut facts);
                note(analyzer, file, result, &mut facts)?;
            } else {
                facts.coverage.push(too_large(analyzer, file));
            }
        }
        // A rare huge file must not keep its memory for the rest of the layer.
        if scratch.capacity() > 4 << 20 {
            *scratch = Vec::new();
        }
        Ok(facts)
    }

    /// Analyses content that is in memory already.
    ///
    /// # Errors
    /// None for bytes in memory, but analysers may pass on what they see.
    pub fn bytes(&self, file: &FileMeta<'_>, wanted: Wanted, bytes: &[u8]) -> io::Result<Facts> {
        let mut facts = Facts::default();
        for analyzer in self.each(wanted) {
            let result = analyzer.analyze(file, &mut Content::from_bytes(bytes), &mut facts);
            note(analyzer, file, result, &mut facts)?;
        }
        Ok(facts)
    }

    /// Analyses the next `file.size` bytes of a stream, keeping them only where an analyser needs
    /// the whole file and the budget allows it.
    pub(crate) fn stream<R: io::Read>(
        &self,
        file: &FileMeta<'_>,
        wanted: Wanted,
        cursor: &mut StreamCursor<R>,
        scratch: &mut Vec<u8>,
        budget: &Budget,
    ) -> io::Result<Facts> {
        let mut facts = Facts::default();
        let mut streams: Vec<(&dyn Analyzer, Box<dyn StreamAnalyzer>)> = Vec::new();
        let mut whole: Vec<&dyn Analyzer> = Vec::new();
        for analyzer in self.each(wanted) {
            if file.size <= analyzer.max_size() && file.size <= budget.limit() {
                whole.push(analyzer);
            } else if let Some(stream) = analyzer.stream(file) {
                streams.push((analyzer, stream));
            } else {
                facts.coverage.push(too_large(analyzer, file));
            }
        }
        let share = if whole.is_empty() {
            None
        } else {
            budget.take(file.size)
        };
        scratch.clear();
        let mut left = file.size;
        while left > 0 {
            let chunk = cursor.chunk(left)?;
            if chunk.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left -= chunk.len() as u64;
            if share.is_some() {
                scratch.extend_from_slice(chunk);
            }
            for (_, stream) in &mut streams {
                stream.push(chunk);
            }
        }
        for analyzer in whole {
            let result = analyzer.analyze(file, &mut Content::from_bytes(scratch), &mut facts);
            note(analyzer, file, result, &mut facts)?;
        }
        for (analyzer, stream) in streams {
            let result = stream.finish(&mut facts);
            note(analyzer, file, result, &mut facts)?;
        }
        if scratch.capacity() > 1 << 20 {
            *scratch = Vec::new();
        }
        drop(share);
        Ok(facts)
    }
}

fn read_in_pieces(
    file: &FileMeta<'_>,
    source: &dyn ReadAt,
    offset: u64,
    stream: &mut dyn StreamAnalyzer,
) -> io::Result<()> {
    let mut piece = vec![0; 128 << 10];
    let mut done = 0;
    while done < file.size {
        let want = usize::try_from(file.size - done).map_or(piece.len(), |n| n.min(piece.len()));
        source.read_exact_at(offset + done, &mut piece[..want])?;
        stream.push(&piece[..want]);
        done += want as u64;
    }
    Ok(())
}

fn note(
    analyzer: &dyn Analyzer,
    file: &FileMeta<'_>,
    result: Result<(), AnalyzeError>,
    facts: &mut Facts,
) -> io::Result<()> {
    let (kind, detail) = match result {
        Ok(()) => return Ok(()),
        Err(AnalyzeError::Database(detail)) => (CoverageKind::UnreadableDatabase, detail),
        Err(AnalyzeError::File(detail)) => (gap(analyzer), detail),
        // The extent was there, so reading past its end is the file's own fault.
        Err(AnalyzeError::Io(e))
            if matches!(
                e.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData
            ) =>
        {
            (gap(analyzer), format!("damaged: {e}"))
        }
        Err(AnalyzeError::Io(e)) => return Err(e),
    };
    facts
        .coverage
        .push(CoverageEntry::new(kind, file.path, detail));
    Ok(())
}

fn gap(analyzer: &dyn Analyzer) -> CoverageKind {
    if analyzer.reads_databases() {
        CoverageKind::UnreadableDatabase
    } else {
        CoverageKind::SkippedFile
    }
}

fn too_large(analyzer: &dyn Analyzer, file: &FileMeta<'_>) -> CoverageEntry {
    CoverageEntry::new(
        gap(analyzer),
        file.path,
        format!(
            "{} MB is more than the {} analyser takes from a compressed layer; raise --max-memory, or scan an uncompressed archive",
            file.size.div_ceil(1_000_000),
            analyzer.name()
        ),
    )
}
