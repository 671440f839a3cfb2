use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::{Error, VERSION};

const MAGIC: &[u8; 4] = b"SWDB";
pub(crate) const SECTIONS: usize = 6;
const HEADER: usize = 4 + 4 + 32 + 4 + 4 * SECTIONS;

/// A file in memory, mapped or owned, and where its sections lie.
pub(crate) struct Sections {
    data: Data,
    ranges: [Range<usize>; SECTIONS],
    digest: String,
}

enum Data {
    Owned(Vec<u8>),
    Mapped(memmap2::Mmap),
}

impl Data {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

impl Sections {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let io = |cause| Error::Io {
            path: path.to_owned(),
            cause,
        };
        let file = File::open(path).map_err(io)?;
        // SAFETY: shards are replaced by renaming a new file over the old name, never written in
        // place, so the mapped bytes do not change; all reads are checked against the bounds.
        #[allow(unsafe_code)]
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(io)?;
        Self::new(Data::Mapped(map), path)
    }

    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Result<Self, Error> {
        Self::new(Data::Owned(bytes), &PathBuf::from("shard in memory"))
    }

    fn new(data: Data, path: &Path) -> Result<Self, Error> {
        let damaged = |why| Error::Damaged {
            path: path.to_owned(),
            why,
        };
        let bytes = data.bytes();
        if bytes.get(..4) != Some(MAGIC) {
            return Err(damaged("it does not begin like one"));
        }
        let found = number(bytes, 4).ok_or_else(|| damaged("the header is cut off"))?;
        if found != VERSION {
            return Err(Error::Version {
                path: path.to_owned(),
                found,
            });
        }
        let digest = bytes
            .get(8..40)
            .map(|sum| format!("sha256:{}", hex::encode(sum)))
            .ok_or_else(|| damaged("the header is cut off"))?;
        if number(bytes, 40) != Some(SECTIONS as u32) {
            return Err(damaged("the header is cut off"));
        }
        let mut ranges: [Range<usize>; SECTIONS] = std::array::from_fn(|_| 0..0);
        let mut at = HEADER;
        for (index, range) in ranges.iter_mut().enumerate() {
            let length =
                number(bytes, 44 + 4 * index).ok_or_else(|| damaged("the header is cut off"))?;
            let end = at
                .checked_add(length as usize)
                .filter(|end| *end <= bytes.len())
                .ok_or_else(|| damaged("it is cut off"))?;
            *range = at..end;
            at = end;
        }
        if at != bytes.len() {
            return Err(damaged("bytes follow its end"));
        }
        Ok(Self {
            ranges,
            digest,
            data,
        })
    }

    pub(crate) fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether the body still has the checksum of the header.
    pub(crate) fn verify(&self) -> bool {
        let body = self.data.bytes().get(HEADER..).unwrap_or_default();
        format!("sha256:{}", hex::encode(Sha256::digest(body))) == self.digest
    }

    pub(crate) fn section(&self, index: usize) -> &[u8] {
        self.ranges
            .get(index)
            .and_then(|range| self.data.bytes().get(range.clone()))
            .unwrap_or_default()
    }
}

pub(crate) fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

/// Reads an LEB128 number and moves on; none at the end or over 32 bits.
pub(crate) fn varint(bytes: &mut &[u8]) -> Option<u32> {
    let mut value = 0_u64;
    for shift in [0, 7, 14, 21, 28] {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return u32::try_from(value).ok();
        }
    }
    None
}

pub(crate) fn push_varint(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// Reads a length and so many bytes of text, and moves on; none at the end and for bytes that are
/// no UTF-8.
pub(crate) fn text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let length = varint(bytes)? as usize;
    let (head, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    std::str::from_utf8(head).ok()
}

pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    push_varint(out, u32::try_from(text.len()).unwrap_or(u32::MAX));
    out.extend_from_slice(text.as_bytes());
}

/// What follows a text in a list of them that is sorted, found by their offsets (`u32`).
pub(crate) fn find_text<'a>(offsets: &[u8], texts: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    let (mut from, mut to) = (0, offsets.len() / 4);
    while from < to {
        let middle = from + (to - from) / 2;
        let mut rest = texts.get(number(offsets, middle * 4)? as usize..)?;
        match text(&mut rest)?.cmp(wanted) {
            std::cmp::Ordering::Less => from = middle + 1,
            std::cmp::Ordering::Greater => to = middle,
            std::cmp::Ordering::Equal => return Some(rest),
        }
    }
    None
}

/// A signed difference as a number whose size follows the distance.
pub(crate) const fn zigzag(value: i64) -> u32 {
    ((value << 1) ^ (value >> 63)) as u32
}

pub(crate) const fn unzigzag(value: u32) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

/// Puts a file together.
pub(crate) fn assemble(meta: &str, rest: [Vec<u8>; SECTIONS - 1]) -> Vec<u8> {
    let [a, b, c, d, e] = rest;
    let sections = [meta.as_bytes().to_vec(), a, b, c, d, e];
    let body: Vec<u8> = sections.concat();
    let mut file = Vec::with_capacity(HEADER + body.len());
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&VERSION.to_le_bytes());
    file.extend_from_slice(&Sha256::digest(&body));
    file.extend_from_slice(&(SECTIONS as u32).to_le_bytes());
    for section in &sections {
        let length = u32::try_from(section.len()).unwrap_or(u32::MAX);
        file.extend_from_slice(&length.to_le_bytes());
    }
    file.extend_from_slice(&body);
    file
}
