use std::io::{self, BufReader, Read};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use seaworthy_model::{CoverageEntry, CoverageKind, ReadAt};
use sha2::{Digest as _, Sha256};

use crate::ahead::Ahead;
use crate::budget::Budget;
use crate::layer::{LayerFacts, LayerWalk};
use crate::merge::Merge;
use crate::{Analyzer, FileAnalysis, Limits, Merged, Programs};

/// The stored bytes of a layer.
pub enum LayerBytes {
    /// They arrive in order.
    Stream(Box<dyn Read + Send>),
    /// They lie on a disk.
    Random(Box<dyn ReadAt>),
}

/// One layer to analyse.
#[derive(Debug, Clone)]
pub struct LayerRequest<'a> {
    /// Name for messages: its digest.
    pub name: &'a str,
    /// Digest of the uncompressed tar; compared when [`AnalysisOptions::verify`] is set.
    pub diff_id: &'a str,
    /// Stored size in bytes.
    pub size: u64,
    /// Why it cannot be read, when the source knows that already.
    pub unavailable: Option<&'a str>,
}

/// Settings of the pass.
#[derive(Debug, Clone)]
pub struct AnalysisOptions {
    /// Layers that are read at the same time; at least 1.
    pub threads: usize,
    /// Bytes of file contents that all threads together hold at most.
    pub max_memory: u64,
    /// Read every byte of every layer and compare it with its `diff_id`.
    pub verify: bool,
    /// Report language packages even when an OS package owns their files.
    pub keep_os_owned: bool,
    /// Limits against hostile layers.
    pub limits: Limits,
}

impl Default for AnalysisOptions {
    fn default() -> Self {
        Self {
            threads: 2,
            max_memory: 256 << 20,
            verify: false,
            keep_os_owned: false,
            limits: Limits::default(),
        }
    }
}

/// Told how the pass gets on; called from several threads.
pub trait Observer: Sync {
    /// A layer begins; `size` is its stored size in bytes.
    fn layer_started(&self, index: usize, size: u64) {
        let _ = (index, size);
    }

    /// So many more stored bytes of it were passed.
    fn layer_advanced(&self, index: usize, bytes: u64) {
        let _ = (index, bytes);
    }

    /// It is done.
    fn layer_finished(&self, index: usize) {
        let _ = index;
    }
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {}

/// Why an image could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A layer is damaged or could not be fetched.
    #[error("cannot read layer {index} ({name}): {cause}")]
    Layer {
        /// Position, 0 is the lowest.
        index: usize,
        /// Its digest.
        name: String,
        /// What went wrong.
        cause: io::Error,
    },
    /// A layer's content is not what the image configuration says.
    #[error(
        "layer {index} ({name}) has the content {found}, the image configuration says {wanted}"
    )]
    DiffId {
        /// Position, 0 is the lowest.
        index: usize,
        /// Its digest.
        name: String,
        /// `diff_id` of the configuration.
        wanted: String,
        /// Digest of the bytes.
        found: String,
    },
}

/// Reads all layers, several at a time, each once, and merges what they say.
///
/// # Errors
/// The error of the lowest layer that failed.
pub fn analyze_image(
    layers: &[LayerRequest<'_>],
    open: &(dyn Fn(usize) -> io::Result<LayerBytes> + Sync),
    analyzers: &[Box<dyn Analyzer>],
    options: &AnalysisOptions,
    observer: &dyn Observer,
) -> Result<Merged, Error> {
    let pass = Pass {
        layers,
        open,
        analysis: FileAnalysis::new(analyzers),
        options,
        observer,
        budget: Budget::new(options.max_memory),
    };
    // The largest first: the last thread to finish then has little left to do.
    let mut order: Vec<usize> = (0..layers.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(layers[index].size));
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let results: Mutex<Vec<Option<Result<LayerFacts, Error>>>> =
        Mutex::new(layers.iter().map(|_| None).collect());
    let work = || {
        while let Some(&index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            if failed.load(Ordering::Relaxed) {
                return;
            }
            let result = pass.layer(index);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            results.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(result);
        }
    };
    let threads = options.threads.clamp(1, 64).min(layers.len());
    if threads <= 1 {
        work();
    } else {
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
    }
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut merge = Merge::default();
    let mut facts = Vec::with_capacity(results.len());
    for result in results {
        match result {
            Some(Ok(layer)) => facts.push(layer),
            Some(Err(error)) => return Err(error),
            // Not begun because another one failed, whose error follows.
            None => facts.push(LayerFacts::default()),
        }
    }
    for (index, layer) in facts.into_iter().enumerate() {
        merge.add(u32::try_from(index).unwrap_or(u32::MAX), layer);
    }
    Ok(merge.finish(options.keep_os_owned))
}

struct Pass<'a> {
    layers: &'a [LayerRequest<'a>],
    open: &'a (dyn Fn(usize) -> io::Result<LayerBytes> + Sync),
    analysis: FileAnalysis<'a>,
    options: &'a AnalysisOptions,
    observer: &'a dyn Observer,
    budget: Budget,
}

impl Pass<'_> {
    fn layer(&self, index: usize) -> Result<LayerFacts, Error> {
        let request = &self.layers[index];
        if let Some(why) = request.unavailable {
            return Ok(LayerFacts {
                coverage: vec![CoverageEntry::new(
                    CoverageKind::SkippedLayer,
                    request.name,
                    why,
                )],
                programs: Programs::unknown(),
                ..LayerFacts::default()
            });
        }
        self.observer.layer_started(index, request.size);
        let mut digest = None;
        let facts = (self.open)(index)
            .and_then(|bytes| self.read(index, bytes, &mut digest))
            .map_err(|cause| Error::Layer {
                index,
                name: request.name.to_owned(),
                cause,
            })?;
        if let Some(found) = digest
            && found != request.diff_id
        {
            return Err(Error::DiffId {
                index,
                name: request.name.to_owned(),
                wanted: request.diff_id.to_owned(),
                found,
            });
        }
        self.observer.layer_finished(index);
        Ok(facts)
    }

    fn read(
        &self,
        index: usize,
        bytes: LayerBytes,
        digest: &mut Option<String>,
    ) -> io::Result<LayerFacts> {
        let advance = |n: u64| self.observer.layer_advanced(index, n);
        let walk = LayerWalk {
            analysis: self.analysis,
            limits: self.options.limits,
            budget: &self.budget,
            has_lower: index > 0,
        };
        let stored: Box<dyn Read + Send> = match bytes {
            LayerBytes::Random(source) => {
                let mut magic = [0_u8; 6];
                let mut have = 0;
                while have < magic.len() {
                    match source.read_at(have as u64, &mut magic[have..])? {
                        0 => break,
                        n => have += n,
                    }
                }
                if Packing::of(&magic[..have]) == Packing::None && !self.options.verify {
                    return walk.random(&*source, &advance);
                }
                Box::new(Sequential { source, offset: 0 })
            }
            LayerBytes::Stream(stream) => stream,
        };
        let counted = Counted {
            inner: stored,
            told: 0,
            count: 0,
            progress: &advance,
        };
        if self.options.threads <= 1 {
            return self.walk(&walk, unpack(counted)?, digest);
        }
        std::thread::scope(|scope| {
            let stored = Ahead::of(scope, move || Ok(Box::new(counted)));
            self.walk(&walk, Ahead::of(scope, move || unpack(stored)), digest)
        })
    }

    /// Walks the unpacked tar, and takes its digest where that is wanted.
    fn walk(
        &self,
        walk: &LayerWalk<'_>,
        unpacked: impl Read,
        digest: &mut Option<String>,
    ) -> io::Result<LayerFacts> {
        if !self.options.verify {
            return walk.stream(unpacked);
        }
        let mut hasher = Hashed {
            inner: unpacked,
            hasher: Sha256::new(),
        };
        let facts = walk.stream(&mut hasher)?;
        *digest = Some(format!("sha256:{}", hex::encode(hasher.hasher.finalize())));
        Ok(facts)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    None,
    Gzip,
    Zstd,
    Unsupported(&'static str),
}

impl Packing {
    /// By the first bytes; media types lie too often.
    fn of(magic: &[u8]) -> Self {
        match magic {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [b'B', b'Z', b'h', ..] => Self::Unsupported("bzip2"),
            [0xfd, b'7', b'z', b'X', b'Z', 0] => Self::Unsupported("xz"),
            _ => Self::None,
        }
    }
}

fn unpack<'a, R: Read + 'a>(stored: R) -> io::Result<Box<dyn Read + 'a>> {
    use std::io::BufRead;

    let mut buffered = BufReader::with_capacity(64 << 10, stored);
    Ok(match Packing::of(buffered.fill_buf()?) {
        Packing::None => Box::new(buffered),
        // Several gzip members in a row are one stream (RFC 1952, 2.2); estargz layers are such.
        Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(buffered)),
        Packing::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(buffered)?;
            decoder.window_log_max(27)?;
            Box::new(decoder)
        }
        Packing::Unsupported(name) => {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!("compressed with {name}; image layers are gzip, zstd or plain tar"),
            ));
        }
    })
}

struct Sequential {
    source: Box<dyn ReadAt>,
    offset: u64,
}

impl Read for Sequential {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read_at(self.offset, out)?;
        self.offset += n as u64;
        Ok(n)
    }
}

struct Counted<'a, R> {
    inner: R,
    told: u64,
    count: u64,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.count += n as u64;
        if n == 0 || self.count - self.told > 1 << 18 {
            (self.progress)(self.count - self.told);
            self.told = self.count;
        }
        Ok(n)
    }
}

struct Hashed<R> {
    inner: R,
    hasher: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.hasher.update(&out[..n]);
        Ok(n)
    }
}

#[cfg(test)]
#[path = "image_tests.rs"]
mod tests;
