use std::io;

use seaworthy_model::ReadAt;

/// The content of one file: in memory when the layer arrives as a stream, read on demand when the
/// layer lies on a disk.
pub struct Content<'a> {
    inner: Inner<'a>,
}

enum Inner<'a> {
    Bytes(&'a [u8]),
    Random {
        source: &'a dyn ReadAt,
        offset: u64,
        len: u64,
        buffer: &'a mut Vec<u8>,
        filled: bool,
    },
}

impl<'a> Content<'a> {
    /// Content that is in memory.
    #[must_use]
    pub const fn from_bytes(bytes: &'a [u8]) -> Self {
        Self {
            inner: Inner::Bytes(bytes),
        }
    }

    /// Content that lies at `offset..offset + len` of `source`; `buffer` is borrowed for whole
    /// reads, so that one allocation serves all files of a layer.
    pub fn from_read_at(
        source: &'a dyn ReadAt,
        offset: u64,
        len: u64,
        buffer: &'a mut Vec<u8>,
    ) -> Self {
        Self {
            inner: Inner::Random {
                source,
                offset,
                len,
                buffer,
                filled: false,
            },
        }
    }

    /// Length in bytes.
    #[must_use]
    pub const fn len(&self) -> u64 {
        match &self.inner {
            Inner::Bytes(bytes) => bytes.len() as u64,
            Inner::Random { len, .. } => *len,
        }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of it. The walker has already checked the size against [`crate::Analyzer::max_size`].
    ///
    /// # Errors
    /// What the medium says; `UnexpectedEof` when the file is shorter than its header said.
    pub fn bytes(&mut self) -> io::Result<&[u8]> {
        match &mut self.inner {
            Inner::Bytes(bytes) => Ok(bytes),
            Inner::Random {
                source,
                offset,
                len,
                buffer,
                filled,
            } => {
                if !*filled {
                    let len = usize::try_from(*len)
                        .map_err(|_| io::Error::other("file does not fit into memory"))?;
                    buffer.clear();
                    buffer.resize(len, 0);
                    source.read_exact_at(*offset, buffer)?;
                    *filled = true;
                }
                Ok(buffer)
            }
        }
    }

    /// Reads up to `out.len()` bytes at `at`, and returns how many; 0 at or past the end.
    ///
    /// # Errors
    /// What the medium says.
    pub fn read_at(&self, at: u64, out: &mut [u8]) -> io::Result<usize> {
        match &self.inner {
            Inner::Bytes(bytes) => bytes.read_at(at, out),
            Inner::Random {
                source,
                offset,
                len,
                ..
            } => {
                let left = len.saturating_sub(at);
                let want = out.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                if want == 0 {
                    return Ok(0);
                }
                source.read_at(offset + at, &mut out[..want])
            }
        }
    }

    /// Fills `out` from `at`.
    ///
    /// # Errors
    /// `UnexpectedEof` past the end, else what the medium says.
    pub fn read_exact_at(&self, mut at: u64, mut out: &mut [u8]) -> io::Result<()> {
        while !out.is_empty() {
            match self.read_at(at, out)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => {
                    at += n as u64;
                    out = &mut out[n..];
                }
            }
        }
        Ok(())
    }
}
