use std::collections::BTreeMap;
use std::io::{self, Read};

use seaworthy_model::{CoverageEntry, CoverageKind, ReadAt};

use crate::budget::Budget;
use crate::cursor::{Cursor, RandomCursor, StreamCursor};
use crate::tar::{Entry, EntryKind, next_entry};
use crate::{Facts, FileAnalysis, FileMeta, Programs, path};

/// What a hostile layer may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Entries of one layer; more is an error.
    pub entries: u64,
    /// Bytes that one layer may expand to; more is an error.
    pub expanded: u64,
    /// Coverage entries of one layer; further ones are summed up in one.
    pub coverage: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 4_000_000,
            expanded: 128 << 30,
            coverage: 100,
        }
    }
}

/// What one layer says, to be merged over the layers below.
#[derive(Debug, Default)]
pub(crate) struct LayerFacts {
    /// Facts by path.
    pub(crate) files: BTreeMap<String, Facts>,
    /// Hard links to files that gave facts: other name, first name.
    pub(crate) links: Vec<(String, String)>,
    /// Paths that the layer deletes, with all beneath.
    pub(crate) deleted: Vec<String>,
    /// Directories whose lower content the layer hides.
    pub(crate) opaque: Vec<String>,
    /// Sorted hashes of all paths that are no directories: they replace what lay there before.
    pub(crate) replaced: Vec<u64>,
    /// Programs that are looked for, and the links that may lead to them.
    pub(crate) programs: Programs,
    /// Gaps that belong to no single file.
    pub(crate) coverage: Vec<CoverageEntry>,
}

pub(crate) struct LayerWalk<'a> {
    pub(crate) analysis: FileAnalysis<'a>,
    pub(crate) limits: Limits,
    pub(crate) budget: &'a Budget,
    /// Whether layers lie below, whose files this one may replace.
    pub(crate) has_lower: bool,
}

struct State {
    facts: LayerFacts,
    entries: u64,
    skipped: usize,
    links: Vec<(String, String)>,
    scratch: Vec<u8>,
}

impl LayerWalk<'_> {
    /// Walks an uncompressed layer on a random-access medium; reads headers and wanted files only,
    /// and tells `progress` of each further stretch of the tar in bytes.
    pub(crate) fn random(
        &self,
        source: &dyn ReadAt,
        progress: &dyn Fn(u64),
    ) -> io::Result<LayerFacts> {
        let mut state = self.start();
        let mut cursor = RandomCursor::new(source);
        let mut told = 0;
        while let Some(entry) = next_entry(&mut cursor)? {
            if entry.size > cursor.left() {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("the layer ends inside of `{}`", entry.path),
                ));
            }
            if let Some(clean) = self.admit(&entry, &mut state)? {
                let meta = meta(&clean, &entry);
                let wanted = self.analysis.wanted(&meta);
                if !wanted.is_nobody() {
                    let facts = match cursor.in_window(entry.size) {
                        Some(bytes) => self.analysis.bytes(&meta, wanted, bytes)?,
                        None => self.analysis.random(
                            &meta,
                            wanted,
                            source,
                            cursor.offset(),
                            &mut state.scratch,
                        )?,
                    };
                    state.keep(&clean, facts, self.limits);
                }
            }
            cursor.skip(entry.size)?;
            cursor.skip(entry.padding())?;
            if cursor.offset() - told > 1 << 20 {
                progress(cursor.offset() - told);
                told = cursor.offset();
            }
        }
        Ok(state.finish(self))
    }

    /// Walks an uncompressed tar that arrives as a stream.
    pub(crate) fn stream<R: Read>(&self, reader: R) -> io::Result<LayerFacts> {
        let mut state = self.start();
        let mut cursor = StreamCursor::new(reader, self.limits.expanded);
        while let Some(entry) = next_entry(&mut cursor)? {
            let mut left = entry.size;
            if let Some(clean) = self.admit(&entry, &mut state)? {
                let meta = meta(&clean, &entry);
                let wanted = self.analysis.wanted(&meta);
                if !wanted.is_nobody() {
                    let facts = self
                        .analysis
                        .stream(&meta, wanted, &mut cursor, &mut state.scratch, self.budget)
                        .map_err(|e| inside(e, &entry.path))?;
                    state.keep(&clean, facts, self.limits);
                    left = 0;
                }
            }
            cursor.skip(left).map_err(|e| inside(e, &entry.path))?;
            match cursor.skip(entry.padding()) {
                // The padding of the very last file may be missing.
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => break,
                other => other?,
            }
        }
        cursor.drain()?;
        Ok(state.finish(self))
    }

    fn start(&self) -> State {
        State::new(self.analysis.programs())
    }

    /// Notes what an entry does to the file system; gives the path of a file to look at.
    fn admit(&self, entry: &Entry, state: &mut State) -> io::Result<Option<String>> {
        state.entries += 1;
        if state.entries > self.limits.entries {
            return Err(io::Error::other(format!(
                "the layer has more than {} entries, which no image needs",
                self.limits.entries
            )));
        }
        let Some(clean) = path::normalise(&entry.path) else {
            let shown: String = entry.path.chars().take(200).collect();
            state.gap(
                CoverageEntry::new(
                    CoverageKind::SkippedFile,
                    shown,
                    "the path leaves the image or is too long; no runtime would unpack it",
                ),
                self.limits,
            );
            return Ok(None);
        };
        let (dir, name) = clean.rsplit_once('/').unwrap_or(("", &clean));
        if let Some(hidden) = name.strip_prefix(".wh.") {
            if name == ".wh..wh..opq" {
                state.facts.opaque.push(dir.to_owned());
            } else if !hidden.is_empty() && !hidden.starts_with(".wh.") {
                state.facts.deleted.push(if dir.is_empty() {
                    hidden.to_owned()
                } else {
                    format!("{dir}/{hidden}")
                });
            }
            return Ok(None);
        }
        if entry.kind == EntryKind::Directory {
            return Ok(None);
        }
        if self.has_lower {
            state.facts.replaced.push(path::hash(&clean));
        }
        match entry.kind {
            EntryKind::File => {
                if entry.size > 0 {
                    state.facts.programs.file(&clean, entry.mode, None);
                }
                Ok(Some(clean.into_owned()))
            }
            EntryKind::HardLink => {
                self.link(clean.into_owned(), entry, state);
                Ok(None)
            }
            EntryKind::Sparse => {
                let meta = meta(&clean, entry);
                if !self.analysis.wanted(&meta).is_nobody() {
                    state.gap(
                        CoverageEntry::new(
                            CoverageKind::SkippedFile,
                            &*clean,
                            "stored as a sparse file, which is not read",
                        ),
                        self.limits,
                    );
                }
                state.facts.programs.file(&clean, entry.mode, None);
                state.facts.files.remove(&*clean);
                Ok(None)
            }
            EntryKind::Symlink => {
                state.facts.programs.link(&clean, &entry.link);
                state.facts.files.remove(&*clean);
                Ok(None)
            }
            _ => {
                state.facts.files.remove(&*clean);
                Ok(None)
            }
        }
    }

    fn link(&self, clean: String, entry: &Entry, state: &mut State) {
        state.facts.files.remove(&clean);
        let Some(target) = path::normalise(&entry.link) else {
            return;
        };
        let first = Some(path::hash(&target));
        state.facts.programs.file(&clean, entry.mode, first);
        if state.facts.files.contains_key(&*target)
            || !self.analysis.wanted(&meta(&clean, entry)).is_nobody()
        {
            state.links.push((clean, target.into_owned()));
        }
    }
}

fn meta<'a>(path: &'a str, entry: &Entry) -> FileMeta<'a> {
    FileMeta {
        path,
        size: entry.size,
        mode: entry.mode,
    }
}

fn inside(error: io::Error, path: &str) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        io::Error::new(
            io::ErrorKind::UnexpectedEof,
            format!("the layer ends inside of `{path}`"),
        )
    } else {
        error
    }
}

impl State {
    fn new(programs: Programs) -> Self {
        Self {
            facts: LayerFacts {
                programs,
                ..LayerFacts::default()
            },
            entries: 0,
            skipped: 0,
            links: Vec::new(),
            scratch: Vec::new(),
        }
    }

    fn gap(&mut self, entry: CoverageEntry, limits: Limits) {
        if self.facts.coverage.len() < limits.coverage || entry.kind.is_fatal() {
            self.facts.coverage.push(entry);
        } else {
            self.skipped += 1;
        }
    }

    fn keep(&mut self, path: &str, mut facts: Facts, limits: Limits) {
        // A path that comes twice in one layer: the last one wins, as when unpacked.
        self.facts.files.remove(path);
        // One file with a thousand gaps is one gap too many.
        if facts.coverage.len() > limits.coverage {
            self.skipped += facts.coverage.len() - limits.coverage;
            facts.coverage.truncate(limits.coverage);
        }
        if !facts.is_empty() {
            self.facts.files.insert(path.to_owned(), facts);
        }
    }

    fn finish(mut self, walk: &LayerWalk<'_>) -> LayerFacts {
        for (name, target) in std::mem::take(&mut self.links) {
            if self.facts.files.contains_key(&target) {
                self.facts.links.push((name, target));
            }
        }
        if self.skipped > 0 {
            self.facts.coverage.push(CoverageEntry::new(
                CoverageKind::SkippedFile,
                format!("{} more", self.skipped),
                format!(
                    "only the first {} gaps of a layer are listed",
                    walk.limits.coverage
                ),
            ));
        }
        self.facts.programs.seal();
        self.facts.replaced.sort_unstable();
        self.facts.replaced.dedup();
        self.facts
    }
}
