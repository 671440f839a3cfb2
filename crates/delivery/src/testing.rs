//! What the tests have in common: a network in memory, shards made by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use seaworthy_oci::{
    ArtifactStore, Descriptor, Digest, MemoryStore, Reference, StoreError, StoredManifest,
};
use seaworthy_vulndb::{Advisory, ShardBuilder, SourceInfo, file_name, write_atomically};

use crate::web::{Download, Downloaded, Network, Progress, Validators};
use crate::{Directory, Error};

pub(crate) const NOW: &str = "2026-11-25T16:00:00Z";
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A network that answers from a table, counts what it sends, and fails on request.
#[derive(Default)]
pub(crate) struct FakeNetwork {
    /// Content by address.
    pub(crate) files: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Addresses, or beginnings of them, that nobody answers.
    pub(crate) down: Mutex<BTreeSet<String>>,
    /// Answers to what is posted, one after the other.
    pub(crate) answers: Mutex<Vec<Vec<u8>>>,
    /// What was posted.
    pub(crate) posted: Mutex<Vec<String>>,
    pub(crate) sent: AtomicU64,
    pub(crate) asked: Mutex<Vec<String>>,
    pub(crate) store: SharedStore,
}

impl FakeNetwork {
    pub(crate) fn put(&self, url: &str, bytes: impl AsRef<[u8]>) {
        let mut files = self.files.lock().unwrap();
        files.insert(url.to_owned(), bytes.as_ref().to_vec());
    }

    pub(crate) fn fail(&self, url: &str) {
        self.down.lock().unwrap().insert(url.to_owned());
    }

    pub(crate) fn heal(&self) {
        self.down.lock().unwrap().clear();
    }

    pub(crate) fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    fn answer(&self, url: &str) -> Result<Vec<u8>, Error> {
        self.asked.lock().unwrap().push(url.to_owned());
        let down = self.down.lock().unwrap();
        let error = |message: &str, missing| Error::Network {
            url: url.to_owned(),
            message: message.to_owned(),
            hint: None,
            missing,
        };
        if down.iter().any(|start| url.starts_with(start.as_str())) {
            return Err(error("connection refused", false));
        }
        let files = self.files.lock().unwrap();
        files
            .get(url)
            .cloned()
            .ok_or_else(|| error("404 Not Found", true))
    }
}

impl Network for FakeNetwork {
    fn get(&self, url: &str, limit: u64) -> Result<Vec<u8>, Error> {
        let bytes = self.answer(url)?;
        assert!(bytes.len() as u64 <= limit);
        self.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }

    fn post_json(&self, url: &str, body: &[u8], _: u64) -> Result<Vec<u8>, Error> {
        let mut posted = self.posted.lock().unwrap();
        posted.push(format!("{url} {}", String::from_utf8_lossy(body)));
        let mut answers = self.answers.lock().unwrap();
        if answers.is_empty() {
            return self.answer(url);
        }
        Ok(answers.remove(0))
    }

    fn download(
        &self,
        request: &Download<'_>,
        progress: &dyn Progress,
    ) -> Result<Downloaded, Error> {
        let bytes = self.answer(request.url)?;
        let validators = Validators {
            etag: Some(Digest::of(&bytes).to_string()),
            last_modified: None,
        };
        if request.validators == Some(&validators) && request.to.exists() {
            return Ok(Downloaded::Unchanged);
        }
        write_atomically(request.to, &bytes).map_err(Error::disk("write", request.to))?;
        self.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        progress.advance(bytes.len() as u64);
        Ok(Downloaded::Done {
            validators,
            bytes_received: bytes.len() as u64,
            resumed: false,
        })
    }

    fn registry(&self, _: &Reference) -> Result<Box<dyn ArtifactStore>, Error> {
        Ok(Box::new(self.store.clone()))
    }

    fn layout(&self, _: &Path) -> Result<Box<dyn ArtifactStore>, Error> {
        Ok(Box::new(self.store.clone()))
    }
}

/// A store that several hold, that counts what it gives, and whose blobs may break off or be
/// other ones than they should.
#[derive(Clone, Default)]
pub(crate) struct SharedStore {
    pub(crate) inner: Arc<MemoryStore>,
    pub(crate) state: Arc<StoreState>,
}

#[derive(Default)]
pub(crate) struct StoreState {
    /// Bytes of blobs that were given.
    pub(crate) given: AtomicU64,
    /// Blobs that were given, with the offset.
    pub(crate) reads: Mutex<Vec<(String, u64)>>,
    /// Blobs end after so many bytes, with an error.
    pub(crate) cut: Mutex<Option<u64>>,
    /// Blobs with other content.
    pub(crate) forged: Mutex<BTreeMap<String, Vec<u8>>>,
    pub(crate) puts: AtomicU64,
}

struct Counted {
    content: Vec<u8>,
    at: usize,
    end: Option<usize>,
    state: Arc<StoreState>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let end = self
            .end
            .unwrap_or(self.content.len())
            .min(self.content.len());
        let rest = self.content.get(self.at..end).unwrap_or_default();
        if rest.is_empty() && self.end.is_some_and(|end| end < self.content.len()) {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "broken off"));
        }
        let n = rest.len().min(out.len());
        out[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        self.state.given.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

impl ArtifactStore for SharedStore {
    fn name(&self) -> &str {
        "registry.example.com/security/db"
    }

    fn manifest(&self, name: &str) -> Result<Option<StoredManifest>, StoreError> {
        self.inner.manifest(name)
    }

    fn blob(&self, blob: &Descriptor, from: u64) -> Result<Box<dyn Read + Send>, StoreError> {
        let mut content = Vec::new();
        let forged = self.state.forged.lock().unwrap().get(&blob.digest).cloned();
        match forged {
            Some(other) => content = other,
            None => {
                self.inner.blob(blob, 0)?.read_to_end(&mut content).unwrap();
            }
        }
        let mut reads = self.state.reads.lock().unwrap();
        reads.push((blob.digest.clone(), from));
        let from = usize::try_from(from).unwrap();
        let cut = *self.state.cut.lock().unwrap();
        Ok(Box::new(Counted {
            content,
            at: from,
            end: cut.map(|cut| from + usize::try_from(cut).unwrap()),
            state: Arc::clone(&self.state),
        }))
    }

    fn has_blob(&self, digest: &Digest) -> Result<bool, StoreError> {
        self.inner.has_blob(digest)
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        self.state.puts.fetch_add(1, Ordering::Relaxed);
        self.inner.put_blob(bytes)
    }

    fn put_manifest(
        &self,
        tag: Option<&str>,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Digest, StoreError> {
        self.inner.put_manifest(tag, media_type, bytes)
    }

    fn referrers(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, StoreError> {
        self.inner.referrers(subject, artifact_type)
    }
}

/// A shard with so many rows, each of which says `mark`.
pub(crate) fn shard(key: &str, rows: usize, mark: &str) -> Vec<u8> {
    let mut builder = ShardBuilder::new(key, "deb").source(SourceInfo {
        name: "test".to_owned(),
        date: "2026-11-20".to_owned(),
        records: rows as u64,
    });
    for n in 0..rows {
        builder.push(Advisory {
            package: format!("p{n}"),
            id: format!("CVE-2026-{n:04}"),
            advisory: Some(mark.to_owned()),
            ..Advisory::default()
        });
    }
    builder.build()
}

/// A directory with a generation of these shards.
pub(crate) fn database(root: &Path, shards: &[(&str, usize, &str)], now: &str) -> Directory {
    let directory = Directory::at(root);
    let lock = directory.lock(PATIENCE, "test", &|_| {}).unwrap();
    let stage = directory.stage(&lock).unwrap();
    for (key, rows, mark) in shards {
        let path = stage.path().join(file_name(key));
        write_atomically(&path, &shard(key, *rows, mark)).unwrap();
    }
    stage.commit_built(now, &|_| None).unwrap();
    directory
}
