//! The part of the tar format that feeds use (POSIX.1-2001 ustar and pax, GNU long names):
//! regular files and their paths, one after the other, nothing unpacked.

use std::io::{self, Read};

const BLOCK: usize = 512;
/// Long names and pax headers beyond this are no honest ones.
const MAX_META: u64 = 1 << 20;

/// What writers append to fill their last record.
const MAX_PADDING: u64 = 16 << 20;

/// A regular file that stands next in the stream.
pub(super) struct TarEntry {
    pub(super) path: String,
    pub(super) size: u64,
}

/// Reads one entry after the other; the caller consumes or skips each one's content.
pub(super) struct TarReader<R> {
    inner: R,
}

impl<R: Read> TarReader<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner }
    }

    /// The next regular file; none at the end of the archive.
    pub(super) fn next_file(&mut self) -> io::Result<Option<TarEntry>> {
        let mut long_path: Option<String> = None;
        let mut long_size: Option<u64> = None;
        loop {
            let mut header = [0u8; BLOCK];
            if !self.read_block(&mut header)? || header.iter().all(|b| *b == 0) {
                return Ok(None);
            }
            verify_checksum(&header)?;
            let size = number(field(&header, 124, 12))?;
            match header[156] {
                b'L' => {
                    let name = self.read_meta(size)?;
                    long_path = Some(text(&name));
                }
                b'x' => {
                    let records = self.read_meta(size)?;
                    for (key, value) in pax_records(&records) {
                        match key {
                            b"path" => long_path = Some(text(value)),
                            b"size" => long_size = text(value).parse().ok(),
                            _ => {}
                        }
                    }
                }
                b'0' | 0 | b'7' => {
                    let path = long_path.take().unwrap_or_else(|| header_path(&header));
                    return Ok(Some(TarEntry {
                        path: path.trim_start_matches("./").to_owned(),
                        size: long_size.take().unwrap_or(size),
                    }));
                }
                _ => {
                    self.skip(size)?;
                    long_path = None;
                    long_size = None;
                }
            }
        }
    }

    /// Reads what follows the archive's end, so that a compressed stream checks its own.
    pub(super) fn finish(mut self) -> io::Result<()> {
        io::copy(&mut self.inner.by_ref().take(MAX_PADDING), &mut io::sink())?;
        Ok(())
    }

    /// Passes over the content of an entry of that size, padding included.
    pub(super) fn skip(&mut self, size: u64) -> io::Result<()> {
        let padded = padded(size)?;
        let copied = io::copy(&mut self.inner.by_ref().take(padded), &mut io::sink())?;
        if copied == padded {
            Ok(())
        } else {
            Err(truncated())
        }
    }

    /// Reads the content of an entry of that size into the buffer, padding included.
    pub(super) fn read_into(&mut self, size: u64, buffer: &mut Vec<u8>) -> io::Result<()> {
        buffer.clear();
        let read = self.inner.by_ref().take(size).read_to_end(buffer)?;
        if read as u64 != size {
            return Err(truncated());
        }
        let rest = padded(size)? - size;
        let skipped = io::copy(&mut self.inner.by_ref().take(rest), &mut io::sink())?;
        if skipped == rest {
            Ok(())
        } else {
            Err(truncated())
        }
    }

    fn read_meta(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > MAX_META {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a tar header of absurd size",
            ));
        }
        let mut buffer = Vec::new();
        self.read_into(size, &mut buffer)?;
        Ok(buffer)
    }

    /// False at a clean end of the stream.
    fn read_block(&mut self, block: &mut [u8; BLOCK]) -> io::Result<bool> {
        let mut filled = 0;
        while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.inner.read(rest) {
                Ok(0) if filled == 0 => return Ok(false),
                Ok(0) => return Err(truncated()),
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

fn truncated() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the tar archive is cut off")
}

fn padded(size: u64) -> io::Result<u64> {
    size.checked_next_multiple_of(BLOCK as u64)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a tar entry of absurd size"))
}

fn field(header: &[u8; BLOCK], start: usize, len: usize) -> &[u8] {
    header.get(start..start + len).unwrap_or_default()
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|b| *b == 0).next().unwrap_or_default()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(until_nul(bytes)).into_owned()
}

fn header_path(header: &[u8; BLOCK]) -> String {
    let name = text(field(header, 0, 100));
    let prefix = text(field(header, 345, 155));
    if field(header, 257, 5) == b"ustar" && !prefix.is_empty() && header[263] == b'0' {
        format!("{prefix}/{name}")
    } else {
        name
    }
}

/// An octal number, or a base-256 one where GNU tar needs more digits.
fn number(bytes: &[u8]) -> io::Result<u64> {
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "a tar header without a number");
    if bytes.first().is_some_and(|b| b & 0x80 != 0) {
        let mut value: u64 = 0;
        for (index, byte) in bytes.iter().enumerate() {
            let byte = if index == 0 { byte & 0x7f } else { *byte };
            value = value
                .checked_mul(256)
                .and_then(|v| v.checked_add(u64::from(byte)))
                .ok_or_else(bad)?;
        }
        return Ok(value);
    }
    let mut value: u64 = 0;
    for byte in bytes.iter().filter(|b| !matches!(b, b' ' | 0)) {
        if !(b'0'..=b'7').contains(byte) {
            return Err(bad());
        }
        value = value
            .checked_mul(8)
            .and_then(|v| v.checked_add(u64::from(byte - b'0')))
            .ok_or_else(bad)?;
    }
    Ok(value)
}

fn verify_checksum(header: &[u8; BLOCK]) -> io::Result<()> {
    let sum: u64 = header
        .iter()
        .enumerate()
        .map(|(i, b)| u64::from(if (148..156).contains(&i) { b' ' } else { *b }))
        .sum();
    if number(field(header, 148, 8))? == sum {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a tar header with a wrong checksum",
        ))
    }
}

/// `LENGTH KEY=VALUE\n` records (POSIX.1-2001 pax, "pax Extended Header").
fn pax_records(mut bytes: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut records = Vec::new();
    while let Some(space) = bytes.iter().position(|b| *b == b' ') {
        let length = bytes
            .get(..space)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| digits.parse::<usize>().ok());
        let Some(length) = length.filter(|length| *length > space + 1) else {
            break;
        };
        let (Some(record), Some(rest)) = (bytes.get(space + 1..length - 1), bytes.get(length..))
        else {
            break;
        };
        if let Some(equals) = record.iter().position(|b| *b == b'=') {
            let (key, value) = record.split_at(equals);
            records.push((key, value.get(1..).unwrap_or_default()));
        }
        bytes = rest;
    }
    records
}
