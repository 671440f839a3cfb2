use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use seaworthy_model::ReadAt;

use crate::Error;

/// Largest bill of materials in bytes.
pub(crate) const MAX_SBOM: u64 = 512 << 20;

/// A part of a file, read at offsets; clones share the open file.
#[derive(Clone)]
pub(crate) struct FileAt {
    file: Arc<File>,
    start: u64,
    len: u64,
}

impl FileAt {
    /// A whole file.
    pub(crate) fn new(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(Self {
            file: Arc::new(file),
            start: 0,
            len,
        })
    }

    /// A part of it; none when that runs over the end.
    pub(crate) fn part(&self, start: u64, len: u64) -> Option<Self> {
        let end = start.checked_add(len)?;
        (end <= self.len).then(|| Self {
            file: Arc::clone(&self.file),
            start: self.start + start,
            len,
        })
    }

    /// All of it, which must be at most `limit` bytes.
    pub(crate) fn all(&self, limit: usize) -> io::Result<Vec<u8>> {
        let len = usize::try_from(self.len)
            .ok()
            .filter(|len| *len <= limit)
            .ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("it has {} bytes, more than the limit of {limit}", self.len),
                )
            })?;
        let mut bytes = vec![0; len];
        self.read_exact_at(0, &mut bytes)?;
        Ok(bytes)
    }
}

impl ReadAt for FileAt {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        use std::os::unix::fs::FileExt as _;
        let left = self.len.saturating_sub(offset);
        let want = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if want == 0 {
            return Ok(0);
        }
        self.file.read_at(&mut buffer[..want], self.start + offset)
    }
}

/// Reads in order what is read at offsets.
pub(crate) struct Sequential<S> {
    source: S,
    at: u64,
}

impl<S: ReadAt> Sequential<S> {
    pub(crate) const fn new(source: S) -> Self {
        Self { source, at: 0 }
    }
}

impl<S: ReadAt> Read for Sequential<S> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read_at(self.at, out)?;
        self.at += n as u64;
        Ok(n)
    }
}

/// Opens a regular file.
pub(crate) fn open(path: &Path) -> Result<FileAt, Error> {
    let file = File::open(path).map_err(|e| Error::file(path, &e))?;
    let meta = file.metadata().map_err(|e| Error::file(path, &e))?;
    if meta.is_dir() {
        return Err(Error::target(crate::error::shown(path), "is a directory")
            .with_hint("oci-dir: reads an OCI layout, rootfs: a root file system"));
    }
    FileAt::new(file).map_err(|e| Error::file(path, &e))
}

/// Largest archive that is decompressed, in bytes.
const MAX_ARCHIVE: u64 = 64 << 30;

/// Opens an archive. One that is compressed as a whole is read by seeking only after it was
/// decompressed, into a file without a name that is gone with this process.
pub(crate) fn open_archive(path: &Path) -> Result<FileAt, Error> {
    let packed = open(path)?;
    let mut magic = [0; 4];
    let have = packed
        .read_at(0, &mut magic)
        .map_err(|e| Error::file(path, &e))?;
    let source = io::BufReader::with_capacity(256 << 10, Sequential::new(packed.clone()));
    let stream: Box<dyn Read> = match &magic[..have] {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(source)),
        [0x28, 0xb5, 0x2f, 0xfd] => {
            Box::new(zstd::Decoder::with_buffer(source).map_err(|e| Error::file(path, &e))?)
        }
        _ => return Ok(packed),
    };
    let shown = crate::error::shown(path);
    let damaged = |e: &io::Error| Error::target(&*shown, format!("cannot be decompressed: {e}"));
    let mut stream = stream.take(MAX_ARCHIVE + 1);
    let mut file = tempfile::tempfile().map_err(|e| damaged(&e))?;
    let written = io::copy(&mut stream, &mut file).map_err(|e| {
        damaged(&e).with_hint("TMPDIR names a directory with room for the decompressed archive")
    })?;
    if written > MAX_ARCHIVE {
        return Err(Error::target(
            &*shown,
            "is larger than 64 GB when decompressed",
        ));
    }
    FileAt::new(file).map_err(|e| damaged(&e))
}

/// A whole file of at most `limit` bytes.
pub(crate) fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let file = File::open(path).map_err(|e| Error::file(path, &e))?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| Error::file(path, &e))?;
    if bytes.len() as u64 > limit {
        return Err(Error::target(
            crate::error::shown(path),
            format!("it is larger than {} MB", limit >> 20),
        ));
    }
    Ok(bytes)
}

/// A file that cannot be written.
pub(crate) fn write_error(path: &Path, cause: &io::Error) -> Error {
    let shown = crate::error::shown(path);
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Error::operation(shown, "no space is left on the disk").with_hint("make room")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Error::operation(shown, format!("cannot be written: {cause}"))
                .with_hint("name a directory that may be written")
        }
        _ => Error::operation(shown, format!("cannot be written: {cause}")),
    }
}
