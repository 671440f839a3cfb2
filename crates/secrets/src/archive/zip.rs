use flate2::{Decompress, FlushDecompress, Status};

use super::{MAX_ENTRIES, MAX_UNPACKED, TOO_LARGE, TOO_MANY};
use crate::kind;
use crate::rules::Rules;
use crate::sink::{Depth, Output, Sink};

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";
const OUT: usize = 64 << 10;
/// Bytes of a local header before the name.
const FIXED: usize = 30;
/// Longest name and extra field together.
const MAX_HEADER: usize = FIXED + 2 * 0xffff;

/// A zip archive (PKWARE APPNOTE 6.3, section 4.3), read from front to back by its local headers,
/// since it may arrive as a stream.
pub(crate) struct Zip {
    path: String,
    state: State,
    out: Vec<u8>,
    unpacked: u64,
    entries: u32,
}

enum State {
    Header(Vec<u8>),
    Stored {
        left: u64,
        sink: Option<Box<Sink>>,
    },
    Deflated {
        inflate: Box<Decompress>,
        sink: Option<Box<Sink>>,
        descriptor: bool,
    },
    /// Behind an entry whose sizes follow it: up to the next header.
    Descriptor(Vec<u8>),
    End,
}

impl Zip {
    pub(crate) fn new(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            state: State::Header(Vec::new()),
            out: Vec::new(),
            unpacked: 0,
            entries: 0,
        }
    }

    pub(crate) fn push(&mut self, rules: &Rules, mut chunk: &[u8], out: &mut Output) {
        while !chunk.is_empty() {
            chunk = match &mut self.state {
                State::End => return,
                State::Header(bytes) => {
                    let want = header_len(bytes);
                    let (now, later) = chunk.split_at(chunk.len().min(want - bytes.len()));
                    bytes.extend_from_slice(now);
                    if bytes.len() >= 4 && !bytes.starts_with(&LOCAL) {
                        // The central directory: every file has passed.
                        self.state = State::End;
                    } else if bytes.len() == header_len(bytes) {
                        let bytes = std::mem::take(bytes);
                        self.header(rules, &bytes, out);
                    }
                    later
                }
                State::Stored { left, sink } => {
                    let n = usize::try_from(*left).map_or(chunk.len(), |n| n.min(chunk.len()));
                    let (now, later) = chunk.split_at(n);
                    *left -= n as u64;
                    if let Some(sink) = sink {
                        sink.push(rules, now, out);
                    }
                    if *left == 0 {
                        if let Some(sink) = sink.take() {
                            sink.finish(rules, out);
                        }
                        self.state = State::Header(Vec::new());
                    }
                    later
                }
                State::Deflated { .. } => self.inflate(rules, chunk, out),
                State::Descriptor(bytes) => {
                    let used = self::descriptor(bytes, chunk);
                    let later = &chunk[used..];
                    if let Some(rest) = next_header(bytes) {
                        self.state = State::Header(rest);
                    } else if bytes.len() >= 28 {
                        out.note(&self.path, "damaged zip: no header where one should be; the rest of it was not looked into");
                        self.state = State::End;
                    }
                    later
                }
            };
        }
    }

    fn inflate<'c>(&mut self, rules: &Rules, chunk: &'c [u8], out: &mut Output) -> &'c [u8] {
        let State::Deflated {
            inflate,
            sink,
            descriptor,
        } = &mut self.state
        else {
            return chunk;
        };
        self.out.resize(OUT, 0);
        let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
        let result = inflate.decompress(chunk, &mut self.out, FlushDecompress::None);
        let used = usize::try_from(inflate.total_in() - before_in).unwrap_or(chunk.len());
        let made = usize::try_from(inflate.total_out() - before_out).unwrap_or(0);
        self.unpacked += made as u64;
        if let Some(sink) = sink {
            sink.push(rules, &self.out[..made.min(OUT)], out);
        }
        let problem = match result {
            Err(e) => Some(format!(
                "damaged zip: {e}; the rest of it was not looked into"
            )),
            Ok(_) if self.unpacked > MAX_UNPACKED => Some(TOO_LARGE.to_owned()),
            Ok(Status::StreamEnd) => {
                let descriptor = *descriptor;
                if let Some(sink) = sink.take() {
                    sink.finish(rules, out);
                }
                self.state = if descriptor {
                    State::Descriptor(Vec::new())
                } else {
                    State::Header(Vec::new())
                };
                None
            }
            Ok(_) if used == 0 && made == 0 => Some("damaged zip: it does not go on".to_owned()),
            Ok(_) => None,
        };
        if let Some(problem) = problem {
            out.note(&self.path, problem);
            self.leave(rules, out);
        }
        &chunk[used.min(chunk.len())..]
    }

    fn header(&mut self, rules: &Rules, bytes: &[u8], out: &mut Output) {
        self.entries += 1;
        if self.entries > MAX_ENTRIES {
            out.note(&self.path, TOO_MANY);
            self.state = State::End;
            return;
        }
        let flags = u16_at(bytes, 6);
        let method = u16_at(bytes, 8);
        let mut packed = u64::from(u32_at(bytes, 18));
        let mut size = u64::from(u32_at(bytes, 22));
        let name_end = FIXED + usize::from(u16_at(bytes, 26));
        let name = String::from_utf8_lossy(&bytes[FIXED..name_end]);
        if let Some((large, small)) = zip64(&bytes[name_end..], size, packed) {
            (size, packed) = (large, small);
        }
        let descriptor = flags & 8 != 0;
        let wanted = flags & 1 == 0
            && !name.ends_with('/')
            && kind::is_read(rules, &name, if descriptor { u64::MAX } else { size });
        let sink = || Box::new(Sink::new(&format!("{}!/{name}", self.path), Depth::Archive));
        self.state = match (method, descriptor, wanted) {
            (8, false, false) | (_, false, false) => State::Stored {
                left: packed,
                sink: None,
            },
            (0, false, true) => State::Stored {
                left: packed,
                sink: Some(sink()),
            },
            // What is not wanted must be unpacked too where its length is not known.
            (8, _, _) if flags & 1 == 0 => State::Deflated {
                inflate: Box::new(Decompress::new(false)),
                sink: wanted.then(sink),
                descriptor,
            },
            (_, false, true) => State::Stored {
                left: packed,
                sink: None,
            },
            _ => {
                out.note(
                    &format!("{}!/{name}", self.path),
                    "of unknown length; it and what follows in the archive was not looked into",
                );
                State::End
            }
        };
        if matches!(self.state, State::Stored { left: 0, .. }) {
            self.state = State::Header(Vec::new());
        }
    }

    fn leave(&mut self, rules: &Rules, out: &mut Output) {
        match std::mem::replace(&mut self.state, State::End) {
            State::Stored {
                sink: Some(sink), ..
            }
            | State::Deflated {
                sink: Some(sink), ..
            } => {
                sink.finish(rules, out);
            }
            _ => {}
        }
    }

    pub(crate) fn finish(mut self, rules: &Rules, out: &mut Output) {
        if matches!(self.state, State::Stored { .. } | State::Deflated { .. }) {
            out.note(&self.path, "damaged zip: it ends within a file");
        }
        self.leave(rules, out);
    }
}

/// Takes bytes up to the next header, at most 28 of them.
fn descriptor(bytes: &mut Vec<u8>, chunk: &[u8]) -> usize {
    for (used, byte) in chunk.iter().enumerate() {
        if bytes.len() >= 28 || next_header(bytes).is_some() {
            return used;
        }
        bytes.push(*byte);
    }
    chunk.len()
}

/// The beginning of a header at the end of what lies between two entries.
fn next_header(bytes: &[u8]) -> Option<Vec<u8>> {
    let tail = bytes.last_chunk::<4>()?;
    // The descriptor itself has 12 bytes at least, with a mark of its own before it or not.
    let enough = bytes.len()
        >= if bytes.starts_with(&DESCRIPTOR) {
            20
        } else {
            16
        };
    (enough && (*tail == LOCAL || *tail == *b"PK\x01\x02")).then(|| tail.to_vec())
}

/// How many bytes a header has, as far as the ones that are there tell.
fn header_len(bytes: &[u8]) -> usize {
    if bytes.len() < FIXED {
        return FIXED;
    }
    (FIXED + usize::from(u16_at(bytes, 26)) + usize::from(u16_at(bytes, 28))).min(MAX_HEADER)
}

/// Sizes in the extra field (section 4.5.3).
fn zip64(mut extra: &[u8], size: u64, packed: u64) -> Option<(u64, u64)> {
    let full = u64::from(u32::MAX);
    if size != full && packed != full {
        return None;
    }
    while extra.len() >= 4 {
        let len = usize::from(u16_at(extra, 2));
        let body = extra.get(4..4 + len)?;
        if u16_at(extra, 0) == 1 {
            let large = u64::from_le_bytes(*body.first_chunk()?);
            let small = body.get(8..).and_then(<[u8]>::first_chunk);
            return Some((large, small.map_or(packed, |b| u64::from_le_bytes(*b))));
        }
        extra = &extra[4 + len..];
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
