use std::sync::Arc;

use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta, StreamAnalyzer};
use seaworthy_model::Secret;

use crate::kind::{self, HEAD, Kind};
use crate::rules::Rules;
use crate::scan::Scan;
use crate::sink::{Depth, Output, Sink};

/// Files up to this size are read whole; larger ones in pieces.
const WHOLE: u64 = 4 << 20;
const PIECE: usize = 256 << 10;

/// Finds credentials in the files of a layer.
pub struct SecretAnalyzer {
    rules: Arc<Rules>,
}

impl SecretAnalyzer {
    /// With these rules.
    #[must_use]
    pub const fn new(rules: Arc<Rules>) -> Self {
        Self { rules }
    }
}

impl Analyzer for SecretAnalyzer {
    fn name(&self) -> &'static str {
        "secrets"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        kind::is_read(&self.rules, file.path, file.size)
    }

    fn max_size(&self) -> u64 {
        WHOLE
    }

    fn reads_windows(&self) -> bool {
        true
    }

    fn analyze(
        &self,
        file: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        // Most large files are programs and libraries, of which the first bytes are enough.
        let mut head = [0; HEAD];
        let read = content.read_at(0, &mut head)?;
        let kind = kind::of(file.path, &head[..read]);
        let mut out = Output::default();
        match kind {
            Kind::Skip => return Ok(()),
            Kind::Text | Kind::Binary if content.len() <= WHOLE => {
                let bytes = content.bytes()?;
                let traits = kind::traits(file.path, kind);
                out.take(
                    file.path,
                    Scan::whole(&self.rules, file.path, traits, bytes),
                );
            }
            _ => self.in_pieces(file, content, &mut out)?,
        }
        out.into_facts(facts);
        Ok(())
    }

    fn stream(&self, file: &FileMeta<'_>) -> Option<Box<dyn StreamAnalyzer>> {
        Some(Box::new(Stream {
            rules: Arc::clone(&self.rules),
            sink: Sink::new(file.path, Depth::Layer),
            out: Output::default(),
        }))
    }
}

impl SecretAnalyzer {
    fn in_pieces(
        &self,
        file: &FileMeta<'_>,
        content: &mut Content<'_>,
        out: &mut Output,
    ) -> Result<(), AnalyzeError> {
        let mut sink = Sink::new(file.path, Depth::Layer);
        let len = content.len();
        let mut piece = vec![0; PIECE.min(usize::try_from(len).unwrap_or(PIECE))];
        let mut at = 0;
        while at < len && !sink.is_done() {
            let want = usize::try_from(len - at).map_or(PIECE, |left| left.min(PIECE));
            content.read_exact_at(at, &mut piece[..want])?;
            sink.push(&self.rules, &piece[..want], out);
            at += want as u64;
        }
        sink.finish(&self.rules, out);
        Ok(())
    }
}

/// A large file of a compressed layer.
struct Stream {
    rules: Arc<Rules>,
    sink: Sink,
    out: Output,
}

impl StreamAnalyzer for Stream {
    fn push(&mut self, chunk: &[u8]) {
        self.sink.push(&self.rules, chunk, &mut self.out);
    }

    fn finish(mut self: Box<Self>, facts: &mut Facts) -> Result<(), AnalyzeError> {
        self.sink.finish(&self.rules, &mut self.out);
        self.out.into_facts(facts);
        Ok(())
    }
}

/// The credentials in a file's content, whatever its path; archives and UTF-16 are looked into, and
/// programs and pictures are not.
#[must_use]
pub fn scan_text(rules: &Rules, path: &str, bytes: &[u8]) -> Vec<Secret> {
    let kind = kind::of(path, &bytes[..bytes.len().min(HEAD)]);
    match kind {
        Kind::Skip => Vec::new(),
        Kind::Text | Kind::Binary => Scan::whole(rules, path, kind::traits(path, kind), bytes).0,
        _ => {
            let mut out = Output::default();
            let mut sink = Sink::new(path, Depth::Layer);
            sink.push(rules, bytes, &mut out);
            sink.finish(rules, &mut out);
            out.secrets
        }
    }
}
