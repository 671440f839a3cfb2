use std::io::Write as _;

use flate2::write::MultiGzDecoder;

use super::{MAX_UNPACKED, SLICE, TOO_LARGE};
use crate::rules::Rules;
use crate::sink::{Depth, Output, Sink};

/// A gzip file (RFC 1952): a tar, or one file.
pub(crate) struct Gzip {
    path: String,
    decoder: MultiGzDecoder<Vec<u8>>,
    inner: Option<Sink>,
    unpacked: u64,
}

impl Gzip {
    pub(crate) fn new(path: &str) -> Self {
        // The extension of what is inside says what it is.
        let name = path.strip_suffix(".gz").unwrap_or(path);
        Self {
            path: path.to_owned(),
            decoder: MultiGzDecoder::new(Vec::new()),
            inner: Some(Sink::new(name, Depth::Unpacked).reported_as(path)),
            unpacked: 0,
        }
    }

    pub(crate) fn push(&mut self, rules: &Rules, chunk: &[u8], out: &mut Output) {
        for slice in chunk.chunks(SLICE) {
            let Some(inner) = &mut self.inner else {
                return;
            };
            let result = self.decoder.write_all(slice);
            let unpacked = self.decoder.get_mut();
            self.unpacked += unpacked.len() as u64;
            inner.push(rules, unpacked, out);
            unpacked.clear();
            let problem = match result {
                Err(e) => Some(format!("damaged gzip: {e}")),
                Ok(()) if self.unpacked > MAX_UNPACKED => Some(TOO_LARGE.to_owned()),
                Ok(()) => None,
            };
            if let Some(problem) = problem {
                out.note(&self.path, problem);
                self.end(rules, out);
            } else if inner.is_done() {
                self.inner = None;
            }
        }
    }

    fn end(&mut self, rules: &Rules, out: &mut Output) {
        if let Some(inner) = self.inner.take() {
            inner.finish(rules, out);
        }
    }

    pub(crate) fn finish(mut self, rules: &Rules, out: &mut Output) {
        if let Some(inner) = &mut self.inner {
            if let Err(e) = self.decoder.try_finish() {
                out.note(&self.path, format!("damaged gzip: {e}"));
            }
            inner.push(rules, self.decoder.get_ref(), out);
        }
        self.end(rules, out);
    }
}
