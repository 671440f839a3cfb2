use seaworthy_analysis::{AnalyzeError, Facts, StreamAnalyzer};

use super::go::{self, MAGIC, MAX_LIST};

/// Kept from one piece to the next, so that nothing hides on the border.
const OVERLAP: usize = 32;

const ELF: &[u8; 4] = b"\x7fELF";

/// Looks for Go's build information in a binary that is too large to keep, as it passes.
pub(super) struct Search {
    path: String,
    /// The first bytes, up to as many as tell an ELF file.
    head: Vec<u8>,
    /// The end of the piece before.
    tail: Vec<u8>,
    /// What follows a magic that was found.
    found: Option<Vec<u8>>,
    info: Option<go::BuildInfo>,
    auditable: bool,
}

impl Search {
    pub(super) fn new(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            head: Vec::with_capacity(ELF.len()),
            tail: Vec::new(),
            found: None,
            info: None,
            auditable: false,
        }
    }

    /// Takes what was collected for what it is.
    fn settle(&mut self) {
        if let Some(data) = self.found.take() {
            self.info = go::inline(&data);
        }
    }

    fn look(&mut self, data: &[u8]) {
        // The name stands in the table of section names, near the end.
        self.auditable |= memchr::memmem::find(data, b"\0.dep-v0\0").is_some();
        if self.info.is_some() {
            return;
        }
        // The linker's own program holds the magic as a text: the flags tell them apart.
        let found = memchr::memmem::find_iter(data, MAGIC)
            .find(|at| data.get(at + 15).is_some_and(|flags| flags & 2 != 0));
        if let Some(at) = found {
            self.found = Some(data[at..].to_vec());
        }
    }
}

impl StreamAnalyzer for Search {
    fn push(&mut self, chunk: &[u8]) {
        let missing = ELF.len() - self.head.len();
        self.head
            .extend_from_slice(&chunk[..missing.min(chunk.len())]);
        if !ELF.starts_with(&self.head) {
            return;
        }
        if let Some(found) = &mut self.found {
            found.extend_from_slice(chunk);
            if go::inline(found).is_some() || found.len() as u64 > MAX_LIST {
                self.settle();
            }
        }
        let mut joined = std::mem::take(&mut self.tail);
        let border = chunk.len().min(OVERLAP);
        joined.extend_from_slice(&chunk[..border]);
        if self.found.is_none() {
            self.look(&joined);
            // What was found on the border goes on in this piece.
            if let Some(found) = &mut self.found {
                found.extend_from_slice(&chunk[border..]);
            }
        }
        if self.found.is_none() {
            self.look(chunk);
        } else {
            self.auditable |= memchr::memmem::find(chunk, b"\0.dep-v0\0").is_some();
        }
        let keep = chunk.len().min(OVERLAP);
        self.tail = if chunk.len() >= OVERLAP {
            chunk[chunk.len() - keep..].to_vec()
        } else {
            let start = joined.len().saturating_sub(OVERLAP);
            joined.split_off(start)
        };
    }

    fn finish(mut self: Box<Self>, facts: &mut Facts) -> Result<(), AnalyzeError> {
        self.settle();
        if let Some(info) = &self.info {
            info.add(&self.path, facts);
        }
        if self.auditable {
            return Err(AnalyzeError::File(
                "it holds a list of crates and is too large to be read from a compressed layer; scan an uncompressed archive".to_owned(),
            ));
        }
        Ok(())
    }
}
