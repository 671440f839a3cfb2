//! A file as it arrives, in pieces of any size: text, or an archive with files in it.

use seaworthy_analysis::Facts;
use seaworthy_model::{CoverageEntry, CoverageKind, Secret};

use crate::archive::{Gzip, Tar, Zip};
use crate::kind::{self, HEAD, Kind};
use crate::rules::Rules;
use crate::scan::{AHEAD, MAX_FINDINGS, Scan, Traits};
use crate::utf16::Utf16;

/// Text that is gathered before it is looked at.
const BATCH: usize = 256 << 10;

/// How deep in archives a file lies: those on the layer itself are opened, those within are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// A file of the layer.
    Layer,
    /// What a gzip file holds: a tar or one file.
    Unpacked,
    /// A file in an archive.
    Archive,
}

/// What came out of a file.
#[derive(Default)]
pub(crate) struct Output {
    pub(crate) secrets: Vec<Secret>,
    pub(crate) coverage: Vec<CoverageEntry>,
}

impl Output {
    pub(crate) fn note(&mut self, path: &str, detail: impl Into<String>) {
        self.coverage
            .push(CoverageEntry::new(CoverageKind::SkippedFile, path, detail));
    }

    pub(crate) fn take(&mut self, path: &str, (secrets, overflow): (Vec<Secret>, bool)) {
        self.secrets.extend(secrets);
        if overflow {
            self.note(
                path,
                format!("more than {MAX_FINDINGS} secrets in one file; only the first are listed"),
            );
        }
    }

    pub(crate) fn into_facts(self, facts: &mut Facts) {
        facts.secrets.extend(self.secrets);
        facts.coverage.extend(self.coverage);
    }
}

pub(crate) struct Sink {
    /// By which the kind of file is told.
    name: String,
    /// Under which findings are reported.
    path: String,
    depth: Depth,
    state: State,
}

enum State {
    Head(Vec<u8>),
    Text(Box<Text>),
    Gzip(Box<Gzip>),
    Zip(Box<Zip>),
    Tar(Box<Tar>),
    Skip,
}

impl Sink {
    pub(crate) fn new(path: &str, depth: Depth) -> Self {
        Self {
            name: path.to_owned(),
            path: path.to_owned(),
            depth,
            state: State::Head(Vec::new()),
        }
    }

    /// Reports under another path than the one that tells the kind.
    pub(crate) fn reported_as(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Whether nothing more of the file is of interest.
    pub(crate) const fn is_done(&self) -> bool {
        matches!(self.state, State::Skip)
    }

    pub(crate) fn push(&mut self, rules: &Rules, mut chunk: &[u8], out: &mut Output) {
        if let State::Head(head) = &mut self.state {
            if head.is_empty() && chunk.len() >= HEAD {
                self.state = self.state_for(&chunk[..HEAD]);
            } else {
                let (more, rest) = chunk.split_at(chunk.len().min(HEAD - head.len()));
                head.extend_from_slice(more);
                chunk = rest;
                if head.len() < HEAD {
                    return;
                }
                self.open(rules, out);
            }
        }
        self.feed(rules, chunk, out);
    }

    /// Decides what the file is by the bytes so far, and hands them on.
    fn open(&mut self, rules: &Rules, out: &mut Output) {
        if let State::Head(head) = &mut self.state {
            let head = std::mem::take(head);
            self.state = self.state_for(&head);
            self.feed(rules, &head, out);
        }
    }

    fn state_for(&self, head: &[u8]) -> State {
        let kind = kind::of(&self.name, head);
        match (kind, self.depth) {
            (Kind::Gzip, Depth::Layer) => State::Gzip(Box::new(Gzip::new(&self.path))),
            (Kind::Zip, Depth::Layer) => State::Zip(Box::new(Zip::new(&self.path))),
            (Kind::Tar, Depth::Layer | Depth::Unpacked) => {
                State::Tar(Box::new(Tar::new(&self.path)))
            }
            (Kind::Gzip | Kind::Zip | Kind::Tar | Kind::Skip, _) => State::Skip,
            (Kind::Text | Kind::Binary | Kind::Utf16 { .. }, _) => State::Text(Box::new(
                Text::new(&self.path, kind::traits(&self.name, kind), kind),
            )),
        }
    }

    fn feed(&mut self, rules: &Rules, chunk: &[u8], out: &mut Output) {
        match &mut self.state {
            State::Text(text) => text.push(rules, chunk),
            State::Gzip(gzip) => gzip.push(rules, chunk, out),
            State::Zip(zip) => zip.push(rules, chunk, out),
            State::Tar(tar) => tar.push(rules, chunk, out),
            State::Head(_) | State::Skip => {}
        }
    }

    pub(crate) fn finish(mut self, rules: &Rules, out: &mut Output) {
        self.open(rules, out);
        match self.state {
            State::Text(text) => out.take(&self.path, text.finish(rules)),
            State::Gzip(gzip) => gzip.finish(rules, out),
            State::Zip(zip) => zip.finish(rules, out),
            State::Tar(tar) => tar.finish(rules, out),
            State::Head(_) | State::Skip => {}
        }
    }
}

/// A text in pieces, of which only as much is kept as rules can look back.
struct Text {
    scan: Scan,
    utf16: Option<Utf16>,
    buffer: Vec<u8>,
    /// Where the buffer begins in the text.
    base: u64,
    /// Up to where in the buffer keywords were looked for.
    done: usize,
}

impl Text {
    fn new(path: &str, traits: Traits, kind: Kind) -> Self {
        Self {
            scan: Scan::new(path, traits),
            utf16: match kind {
                Kind::Utf16 { big } => Some(Utf16::new(big)),
                _ => None,
            },
            buffer: Vec::new(),
            base: 0,
            done: 0,
        }
    }

    fn push(&mut self, rules: &Rules, mut chunk: &[u8]) {
        while !chunk.is_empty() {
            let room = (BATCH + AHEAD).saturating_sub(self.buffer.len()).max(1);
            let (now, later) = chunk.split_at(chunk.len().min(room));
            match &mut self.utf16 {
                Some(decoder) => decoder.push(now, &mut self.buffer),
                None => self.buffer.extend_from_slice(now),
            }
            chunk = later;
            if self.buffer.len() >= BATCH + AHEAD {
                self.look(rules, false);
            }
        }
    }

    fn look(&mut self, rules: &Rules, last: bool) {
        let end = if last {
            self.buffer.len()
        } else {
            self.buffer.len() - AHEAD
        };
        let unneeded = self.scan.piece(
            rules,
            &self.buffer,
            self.base,
            self.done.min(end)..end,
            last,
        );
        self.buffer.drain(..unneeded);
        self.base += unneeded as u64;
        self.done = end - unneeded;
    }

    fn finish(mut self, rules: &Rules) -> (Vec<Secret>, bool) {
        self.look(rules, true);
        self.scan.finish()
    }
}

#[cfg(test)]
pub(crate) fn scan_in_pieces(rules: &Rules, path: &str, data: &[u8], size: usize) -> Output {
    let mut out = Output::default();
    let mut sink = Sink::new(path, Depth::Layer);
    for chunk in data.chunks(size.max(1)) {
        sink.push(rules, chunk, &mut out);
    }
    sink.finish(rules, &mut out);
    out
}
