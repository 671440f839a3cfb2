//! Feeds as they lie on disk: folders, files, and archives of them, streamed entry by entry into
//! one reused buffer.

mod tar;

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::Error;
use tar::TarReader;

/// What an archive or a file may hold at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file or entry, decompressed. The largest real one is Debian's tracker with
    /// about 75 MB.
    pub entry_bytes: u64,
    /// Entries of one archive.
    pub entries: u64,
    /// Decompressed bytes of one archive.
    pub archive_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entry_bytes: 512 << 20,
            entries: 2_000_000,
            archive_bytes: 32 << 30,
        }
    }
}

/// One file of a feed folder, found but not opened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FeedFile {
    pub(crate) path: PathBuf,
    /// Path from the feeds folder, with `/`.
    pub(crate) name: String,
    pub(crate) bytes: u64,
}

/// How deep feed folders may be nested.
const MAX_DEPTH: usize = 16;

/// Every regular file below a folder, sorted by name. Symbolic links are not followed below it, and
/// hidden folders are not looked into.
pub(crate) fn list(root: &Path) -> Result<Vec<FeedFile>, Error> {
    let mut files = Vec::new();
    list_into(root, "", MAX_DEPTH, &mut files)?;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn list_into(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut Vec<FeedFile>,
) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(Error::read(folder))? {
        let entry = entry.map_err(Error::read(folder))?;
        let path = entry.path();
        let metadata = fs::symlink_metadata(&path).map_err(Error::read(&path))?;
        let own = entry.file_name().to_string_lossy().into_owned();
        let name = format!("{prefix}{own}");
        // Downloads that have not come to their end.
        if own.ends_with(".part") || own.ends_with(".part.json") {
            continue;
        }
        if metadata.is_dir() {
            if depth > 0 && !own.starts_with('.') {
                list_into(&path, &format!("{name}/"), depth - 1, files)?;
            }
        } else if metadata.is_file() {
            files.push(FeedFile {
                path,
                name,
                bytes: metadata.len(),
            });
        }
    }
    Ok(())
}

/// What a visitor is handed: the path inside the feed folder without the archive's own name, and
/// the content.
pub(crate) type Visit<'a> = dyn FnMut(&str, &[u8]) + 'a;

/// Reads one feed file: hands its entries (or itself) to `visit` where `wanted` says yes to the
/// path. The rest is passed over unread.
pub(crate) fn read(
    file: &FeedFile,
    limits: &Limits,
    wanted: &dyn Fn(&str) -> bool,
    visit: &mut Visit<'_>,
) -> Result<(), Error> {
    let opened = File::open(&file.path).map_err(Error::read(&file.path))?;
    let name = file.name.as_str();
    if let Some(folder) = strip(name, &[".tar.zst", ".tar.zstd"]) {
        let stream = zstd_stream(opened).map_err(Error::read(&file.path))?;
        read_tar(file, parent(folder), stream, limits, wanted, visit)
    } else if let Some(folder) = strip(name, &[".tar.gz", ".tgz"]) {
        let stream = flate2::bufread::MultiGzDecoder::new(BufReader::new(opened));
        read_tar(file, parent(folder), stream, limits, wanted, visit)
    } else if let Some(folder) = strip(name, &[".tar.bz2", ".tbz2"]) {
        let stream = bzip2::bufread::MultiBzDecoder::new(BufReader::new(opened));
        read_tar(file, parent(folder), stream, limits, wanted, visit)
    } else if let Some(folder) = strip(name, &[".tar.xz", ".txz"]) {
        let stream = xz_stream(opened).map_err(Error::read(&file.path))?;
        read_tar(file, parent(folder), stream, limits, wanted, visit)
    } else if let Some(folder) = strip(name, &[".tar"]) {
        read_tar(
            file,
            parent(folder),
            BufReader::new(opened),
            limits,
            wanted,
            visit,
        )
    } else if let Some(folder) = strip(name, &[".zip"]) {
        read_zip(file, parent(folder), opened, limits, wanted, visit)
    } else if let Some(inner) = strip(name, &[".gz"]) {
        let stream = flate2::bufread::MultiGzDecoder::new(BufReader::new(opened));
        read_single(file, inner, stream, limits, wanted, visit)
    } else if let Some(inner) = strip(name, &[".bz2"]) {
        let stream = bzip2::bufread::MultiBzDecoder::new(BufReader::new(opened));
        read_single(file, inner, stream, limits, wanted, visit)
    } else if let Some(inner) = strip(name, &[".xz"]) {
        let stream = xz_stream(opened).map_err(Error::read(&file.path))?;
        read_single(file, inner, stream, limits, wanted, visit)
    } else if let Some(inner) = strip(name, &[".zst", ".zstd"]) {
        if !wanted(inner) {
            return Ok(());
        }
        let stream = zstd_stream(opened).map_err(Error::read(&file.path))?;
        read_single(file, inner, stream, limits, wanted, visit)
    } else {
        read_single(file, name, opened, limits, wanted, visit)
    }
}

/// Whether a file is an archive or compressed, so that what is in it has other paths than its own.
pub(crate) fn is_packed(name: &str) -> bool {
    const ENDINGS: [&str; 11] = [
        ".tar", ".tgz", ".tbz2", ".txz", ".zip", ".gz", ".bz2", ".xz", ".zst", ".zstd", ".gone",
    ];
    strip(name, &ENDINGS).is_some()
}

/// The newest window that `zstd --long` writes needs 2 GiB; feeds stay below 128 MiB.
const ZSTD_WINDOW_LOG: u32 = 27;

fn zstd_stream(file: File) -> io::Result<impl Read> {
    let mut decoder = zstd::stream::read::Decoder::new(file)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    Ok(BufReader::with_capacity(1 << 17, decoder))
}

/// Memory that an xz stream may ask for; `xz -9` needs 65 MiB.
const XZ_MEMORY: u64 = 128 << 20;

fn xz_stream(file: File) -> io::Result<impl Read> {
    let stream =
        liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, liblzma::stream::CONCATENATED)
            .map_err(io::Error::other)?;
    Ok(liblzma::bufread::XzDecoder::new_stream(
        BufReader::new(file),
        stream,
    ))
}

fn strip<'a>(name: &'a str, suffixes: &[&str]) -> Option<&'a str> {
    suffixes.iter().find_map(|suffix| name.strip_suffix(suffix))
}

fn parent(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn joined(folder: &str, entry: &str) -> String {
    if folder.is_empty() {
        entry.to_owned()
    } else {
        format!("{folder}/{entry}")
    }
}

fn read_single(
    file: &FeedFile,
    name: &str,
    stream: impl Read,
    limits: &Limits,
    wanted: &dyn Fn(&str) -> bool,
    visit: &mut Visit<'_>,
) -> Result<(), Error> {
    if !wanted(name) {
        return Ok(());
    }
    let mut buffer = Vec::new();
    let limit = limits.entry_bytes.saturating_add(1);
    stream
        .take(limit)
        .read_to_end(&mut buffer)
        .map_err(Error::read(&file.path))?;
    if buffer.len() as u64 == limit {
        return Err(too_much(file, limits.entry_bytes, "bytes"));
    }
    visit(name, &buffer);
    Ok(())
}

fn too_much(file: &FeedFile, limit: u64, unit: &'static str) -> Error {
    Error::Limit {
        file: file.name.clone(),
        limit,
        unit,
    }
}

/// Counts what came out of an archive.
struct Meter<'a> {
    file: &'a FeedFile,
    limits: &'a Limits,
    entries: u64,
    bytes: u64,
}

impl<'a> Meter<'a> {
    fn new(file: &'a FeedFile, limits: &'a Limits) -> Self {
        Self {
            file,
            limits,
            entries: 0,
            bytes: 0,
        }
    }

    fn entry(&mut self, bytes: u64) -> Result<(), Error> {
        self.entries += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.entries > self.limits.entries {
            Err(too_much(self.file, self.limits.entries, "entries"))
        } else if self.bytes > self.limits.archive_bytes {
            Err(too_much(self.file, self.limits.archive_bytes, "bytes"))
        } else {
            Ok(())
        }
    }
}

fn read_tar(
    file: &FeedFile,
    folder: &str,
    stream: impl Read,
    limits: &Limits,
    wanted: &dyn Fn(&str) -> bool,
    visit: &mut Visit<'_>,
) -> Result<(), Error> {
    let failed = |error| Error::Read {
        path: file.path.clone(),
        source: error,
    };
    let mut tar = TarReader::new(stream);
    let mut meter = Meter::new(file, limits);
    let mut buffer = Vec::new();
    while let Some(entry) = tar.next_file().map_err(failed)? {
        meter.entry(entry.size)?;
        let name = joined(folder, &entry.path);
        if wanted(&name) {
            if entry.size > limits.entry_bytes {
                return Err(too_much(file, limits.entry_bytes, "bytes"));
            }
            tar.read_into(entry.size, &mut buffer).map_err(failed)?;
            visit(&name, &buffer);
        } else {
            tar.skip(entry.size).map_err(failed)?;
        }
    }
    tar.finish().map_err(failed)
}

fn read_zip(
    file: &FeedFile,
    folder: &str,
    opened: File,
    limits: &Limits,
    wanted: &dyn Fn(&str) -> bool,
    visit: &mut Visit<'_>,
) -> Result<(), Error> {
    let failed = |error: zip::result::ZipError| Error::Read {
        path: file.path.clone(),
        source: io::Error::other(error),
    };
    let mut archive = zip::ZipArchive::new(BufReader::new(opened)).map_err(failed)?;
    let mut meter = Meter::new(file, limits);
    let mut buffer = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(failed)?;
        if !entry.is_file() {
            continue;
        }
        let name = joined(folder, &entry.name().map_err(failed)?);
        if !wanted(&name) {
            meter.entry(0)?;
            continue;
        }
        buffer.clear();
        let limit = limits.entry_bytes.saturating_add(1);
        let read = entry
            .by_ref()
            .take(limit)
            .read_to_end(&mut buffer)
            .map_err(Error::read(&file.path))? as u64;
        if read == limit {
            return Err(too_much(file, limits.entry_bytes, "bytes"));
        }
        meter.entry(read)?;
        visit(&name, &buffer);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
