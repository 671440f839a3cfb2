use super::{MAX_ENTRIES, MAX_UNPACKED, TOO_LARGE, TOO_MANY};
use crate::kind;
use crate::rules::Rules;
use crate::sink::{Depth, Output, Sink};

const BLOCK: u64 = 512;
/// Longest path that an extended header gives.
const MAX_NAME: u64 = 64 << 10;

/// A tar (POSIX.1-2001 pax, GNU): each file in it is a text of its own.
pub(crate) struct Tar {
    path: String,
    state: State,
    /// The name that an extended header gave to the next file.
    next_name: Option<String>,
    entries: u32,
    seen: u64,
}

enum State {
    Header(Vec<u8>),
    /// A file's content: bytes of it, and of padding.
    Body {
        left: u64,
        padding: u64,
        sink: Option<Box<Sink>>,
    },
    /// The content of an extended header.
    Name {
        left: u64,
        padding: u64,
        bytes: Vec<u8>,
        pax: bool,
    },
    End,
}

impl Tar {
    pub(crate) fn new(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            state: State::Header(Vec::with_capacity(512)),
            next_name: None,
            entries: 0,
            seen: 0,
        }
    }

    pub(crate) fn push(&mut self, rules: &Rules, mut chunk: &[u8], out: &mut Output) {
        self.seen += chunk.len() as u64;
        if self.seen > MAX_UNPACKED && !matches!(self.state, State::End) {
            out.note(&self.path, TOO_LARGE);
            self.leave(rules, out);
        }
        while !chunk.is_empty() {
            chunk = match &mut self.state {
                State::End => return,
                State::Header(block) => {
                    let (now, later) = chunk.split_at(chunk.len().min(512 - block.len()));
                    block.extend_from_slice(now);
                    if block.len() == 512 {
                        let block = std::mem::take(block);
                        self.header(rules, &block, out);
                    }
                    later
                }
                State::Body {
                    left,
                    padding,
                    sink,
                } => {
                    let (now, later) = split(chunk, left);
                    if let Some(sink) = sink {
                        sink.push(rules, now, out);
                    }
                    let later = if *left == 0 {
                        split(later, padding).1
                    } else {
                        later
                    };
                    if *left == 0
                        && let Some(sink) = sink.take()
                    {
                        sink.finish(rules, out);
                    }
                    if *left == 0 && *padding == 0 {
                        self.state = State::Header(Vec::with_capacity(512));
                    }
                    later
                }
                State::Name {
                    left,
                    padding,
                    bytes,
                    pax,
                } => {
                    let (now, later) = split(chunk, left);
                    bytes.extend_from_slice(now);
                    let later = if *left == 0 {
                        split(later, padding).1
                    } else {
                        later
                    };
                    if *left == 0 && *padding == 0 {
                        self.next_name = if *pax {
                            pax_path(bytes)
                        } else {
                            Some(text(bytes))
                        };
                        self.state = State::Header(Vec::with_capacity(512));
                    }
                    later
                }
            };
        }
    }

    fn header(&mut self, rules: &Rules, block: &[u8], out: &mut Output) {
        if block.iter().all(|b| *b == 0) {
            self.state = State::End;
            return;
        }
        let Some(size) = number(&block[124..136]).filter(|_| checksum_fits(block)) else {
            out.note(
                &self.path,
                "damaged tar: a header that is none; the rest of it was not looked into",
            );
            self.state = State::End;
            return;
        };
        self.entries += 1;
        if self.entries > MAX_ENTRIES {
            out.note(&self.path, TOO_MANY);
            self.state = State::End;
            return;
        }
        let padding = (BLOCK - size % BLOCK) % BLOCK;
        let kind = block[156];
        if matches!(kind, b'L' | b'x') && size <= MAX_NAME {
            self.state = State::Name {
                left: size,
                padding,
                bytes: Vec::new(),
                pax: kind == b'x',
            };
            return;
        }
        let name = self.next_name.take().unwrap_or_else(|| own_name(block));
        let name = name.trim_start_matches("./").trim_start_matches('/');
        let file = matches!(kind, 0 | b'0' | b'7');
        let wanted = file && kind::is_read(rules, name, size);
        if size == 0 {
            self.state = State::Header(Vec::with_capacity(512));
            return;
        }
        self.state = State::Body {
            left: size,
            padding,
            sink: wanted
                .then(|| Box::new(Sink::new(&format!("{}!/{name}", self.path), Depth::Archive))),
        };
    }

    fn leave(&mut self, rules: &Rules, out: &mut Output) {
        if let State::Body {
            sink: Some(sink), ..
        } = std::mem::replace(&mut self.state, State::End)
        {
            sink.finish(rules, out);
        }
    }

    pub(crate) fn finish(mut self, rules: &Rules, out: &mut Output) {
        if matches!(self.state, State::Body { .. } | State::Name { .. }) {
            out.note(&self.path, "damaged tar: it ends within a file");
        }
        self.leave(rules, out);
    }
}

fn split<'c>(chunk: &'c [u8], left: &mut u64) -> (&'c [u8], &'c [u8]) {
    let n = usize::try_from(*left).map_or(chunk.len(), |n| n.min(chunk.len()));
    *left -= n as u64;
    chunk.split_at(n)
}

fn text(bytes: &[u8]) -> String {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn own_name(block: &[u8]) -> String {
    let name = text(&block[..100]);
    let prefix = if &block[257..263] == b"ustar\0" {
        text(&block[345..500])
    } else {
        String::new()
    };
    if prefix.is_empty() {
        name
    } else {
        format!("{prefix}/{name}")
    }
}

/// Octal digits, or GNU's big-endian number.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        if field[..4].iter().skip(1).any(|b| *b != 0) || field[0] != 0x80 {
            return None;
        }
        return Some(field[4..].iter().fold(0, |n, b| n << 8 | u64::from(*b)));
    }
    let digits = field.trim_ascii();
    let end = memchr::memchr(0, digits).unwrap_or(digits.len());
    let digits = digits[..end].trim_ascii();
    digits.iter().try_fold(0_u64, |n, b| match b {
        b'0'..=b'7' => n.checked_mul(8)?.checked_add(u64::from(b - b'0')),
        _ => None,
    })
}

fn checksum_fits(block: &[u8]) -> bool {
    let sum: u64 = block
        .iter()
        .enumerate()
        .map(|(at, b)| {
            if (148..156).contains(&at) {
                32
            } else {
                u64::from(*b)
            }
        })
        .sum();
    number(&block[148..156]) == Some(sum)
}

/// `path` of a pax header: `LENGTH path=VALUE\n`.
fn pax_path(mut bytes: &[u8]) -> Option<String> {
    loop {
        let space = memchr::memchr(b' ', bytes)?;
        let len: usize = std::str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
        let record = bytes.get(space + 1..len)?;
        if let Some(value) = record.strip_prefix(b"path=") {
            return Some(String::from_utf8_lossy(value.trim_ascii_end()).into_owned());
        }
        bytes = &bytes[len..];
    }
}
