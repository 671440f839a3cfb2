use std::io::{self, Read};

use seaworthy_model::ReadAt;

/// A position in a tar: reads headers, and goes past what nobody wants, by seeking where the
/// medium can.
pub(crate) trait Cursor {
    /// Fills `block`; `Ok(false)` when the archive ends exactly here.
    fn block(&mut self, block: &mut [u8; 512]) -> io::Result<bool>;

    /// Goes `bytes` ahead.
    fn skip(&mut self, bytes: u64) -> io::Result<()>;

    /// Reads exactly `out`.
    fn read_exact(&mut self, out: &mut [u8]) -> io::Result<()>;
}

/// Over bytes at offsets.
pub(crate) struct RandomCursor<'a> {
    source: &'a dyn ReadAt,
    len: u64,
    offset: u64,
    window: Box<[u8]>,
    window_start: u64,
    window_len: usize,
}

/// Headers and the content of small files come in one read; most files of an image are smaller
/// than this.
const WINDOW: usize = 8 << 10;

impl<'a> RandomCursor<'a> {
    pub(crate) fn new(source: &'a dyn ReadAt) -> Self {
        Self {
            source,
            len: source.len(),
            offset: 0,
            window: vec![0; WINDOW].into_boxed_slice(),
            window_start: 0,
            window_len: 0,
        }
    }

    /// Where the next byte comes from.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes from here to the end.
    pub(crate) const fn left(&self) -> u64 {
        self.len.saturating_sub(self.offset)
    }

    /// The bytes `offset..offset + len`, when the window holds them all.
    pub(crate) fn in_window(&self, len: u64) -> Option<&[u8]> {
        let start = usize::try_from(self.offset.checked_sub(self.window_start)?).ok()?;
        let end = start.checked_add(usize::try_from(len).ok()?)?;
        self.window[..self.window_len].get(start..end)
    }

    fn fill(&mut self) -> io::Result<()> {
        self.window_start = self.offset;
        self.window_len = 0;
        while self.window_len < self.window.len() {
            let at = self.window_start + self.window_len as u64;
            match self.source.read_at(at, &mut self.window[self.window_len..]) {
                Ok(0) => break,
                Ok(n) => self.window_len += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

impl Cursor for RandomCursor<'_> {
    fn block(&mut self, block: &mut [u8; 512]) -> io::Result<bool> {
        if self.left() == 0 {
            return Ok(false);
        }
        if self.in_window(512).is_none() {
            self.fill()?;
        }
        let Some(bytes) = self.in_window(512) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        block.copy_from_slice(bytes);
        self.offset += 512;
        Ok(true)
    }

    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        // The padding of the very last file may be missing.
        self.offset = self.offset.saturating_add(bytes).min(self.len);
        Ok(())
    }

    fn read_exact(&mut self, out: &mut [u8]) -> io::Result<()> {
        self.source.read_exact_at(self.offset, out)?;
        self.offset += out.len() as u64;
        Ok(())
    }
}

/// Over a stream. Counts what it gives out and refuses to go past `limit` bytes.
pub(crate) struct StreamCursor<R> {
    inner: R,
    given: u64,
    limit: u64,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

/// Large enough that the decoder works in long runs, small enough to stay in the cache.
const STREAM_BUFFER: usize = 128 << 10;

impl<R: Read> StreamCursor<R> {
    pub(crate) fn new(inner: R, limit: u64) -> Self {
        Self {
            inner,
            given: 0,
            limit,
            buffer: vec![0; STREAM_BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
        }
    }

    /// The next bytes, at most `want`; empty at the end.
    pub(crate) fn chunk(&mut self, want: u64) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            loop {
                match self.inner.read(&mut self.buffer) {
                    Ok(n) => {
                        self.end = n;
                        break;
                    }
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    Err(e) => return Err(e),
                }
            }
        }
        let have = self.end - self.start;
        let n = usize::try_from(want).map_or(have, |want| want.min(have));
        self.given = self.given.saturating_add(n as u64);
        if self.given > self.limit {
            return Err(io::Error::other(format!(
                "the layer expands to more than {} GiB, which no image needs",
                self.limit >> 30
            )));
        }
        let chunk = &self.buffer[self.start..self.start + n];
        self.start += n;
        Ok(chunk)
    }

    /// Reads as much of `out` as there is, and says how much.
    fn fill(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < out.len() {
            let chunk = self.chunk((out.len() - filled) as u64)?;
            if chunk.is_empty() {
                break;
            }
            let end = filled + chunk.len();
            out[filled..end].copy_from_slice(chunk);
            filled = end;
        }
        Ok(filled)
    }

    /// Reads to the end, so that whoever checks a digest below sees all bytes.
    pub(crate) fn drain(&mut self) -> io::Result<()> {
        while !self.chunk(u64::MAX)?.is_empty() {}
        Ok(())
    }
}

impl<R: Read> Cursor for StreamCursor<R> {
    fn block(&mut self, block: &mut [u8; 512]) -> io::Result<bool> {
        match self.fill(block)? {
            0 => Ok(false),
            512 => Ok(true),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn skip(&mut self, mut bytes: u64) -> io::Result<()> {
        while bytes > 0 {
            match self.chunk(bytes)?.len() {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => bytes -= n as u64,
            }
        }
        Ok(())
    }

    fn read_exact(&mut self, out: &mut [u8]) -> io::Result<()> {
        if self.fill(out)? < out.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}
