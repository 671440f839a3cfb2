use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use seaworthy_oci::Digest;

use crate::Error;
use crate::catalogue::Source;
use crate::state::Fetched;
use crate::web::{Addresses, Download, Downloaded, Network, Progress};

/// Most bytes of a document that only points to others: a list, a `repomd.xml`.
const MAX_DOCUMENT: u64 = 64 << 20;
/// The folder of such documents below the feeds folder; hidden, for nothing in it is a feed.
const DOCUMENTS: &str = ".documents";

thread_local! {
    /// What came for the source that this thread fetches.
    static OWN: Cell<u64> = const { Cell::new(0) };
}

/// A file of a source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Feed {
    /// Where it is; empty for a mark that hides an entry of an archive.
    pub(crate) url: String,
    /// The path below the feeds folder.
    pub(crate) path: String,
    /// Whether the source is whole without it.
    pub(crate) optional: bool,
    /// What a list of changes says of it; empty when there is none.
    pub(crate) stamp: String,
}

/// Fetches what has changed into a folder of feeds.
pub(crate) struct Fetcher<'a> {
    pub(crate) network: &'a dyn Network,
    pub(crate) addresses: &'a Addresses,
    pub(crate) feeds: &'a Path,
    pub(crate) progress: &'a dyn Progress,
    files: Mutex<BTreeMap<String, Fetched>>,
    received: AtomicU64,
}

impl<'a> Fetcher<'a> {
    pub(crate) fn new(
        network: &'a dyn Network,
        addresses: &'a Addresses,
        feeds: &'a Path,
        progress: &'a dyn Progress,
        files: BTreeMap<String, Fetched>,
    ) -> Self {
        Self {
            network,
            addresses,
            feeds,
            progress,
            files: Mutex::new(files),
            received: AtomicU64::new(0),
        }
    }

    /// What is known of the files, for the next time.
    pub(crate) fn into_files(self) -> BTreeMap<String, Fetched> {
        self.files
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
        OWN.set(OWN.get() + bytes);
    }

    /// Bytes that came over the network in this thread since it was asked the last time: a source
    /// is fetched by one thread.
    pub(crate) fn take_own() -> u64 {
        OWN.take()
    }

    /// Bytes that came over the network.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(crate) fn files(&self) -> MutexGuard<'_, BTreeMap<String, Fetched>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A document that points to others, from the folder when it has not changed.
    pub(crate) fn document(&self, source: &str, url: &str) -> Result<Vec<u8>, Error> {
        let address = self.addresses.resolve(source, url);
        if url.ends_with('/') {
            // A listing that a server makes up has no validators.
            let bytes = self.network.get(&address, MAX_DOCUMENT)?;
            self.count(bytes.len() as u64);
            return Ok(bytes);
        }
        let name = format!("{DOCUMENTS}/{}", Digest::of(url.as_bytes()).hex());
        self.fetch(&address, &name, MAX_DOCUMENT, url)?;
        let path = self.feeds.join(&name);
        fs::read(&path).map_err(Error::disk("read", &path))
    }

    /// Fetches a file of a source; whether it is another one than before.
    pub(crate) fn feed(&self, source: &Source, feed: &Feed) -> Result<bool, Error> {
        let path = self.feeds.join(&feed.path);
        if feed.url.is_empty() {
            let new = !path.exists();
            make_parent(&path)?;
            fs::write(&path, b"").map_err(Error::disk("write", &path))?;
            return Ok(new);
        }
        let address = self.addresses.resolve(source.name, &feed.url);
        if !feed.stamp.is_empty() && path.exists() {
            let known = self.files().get(&feed.path).cloned().unwrap_or_default();
            if known.stamp == feed.stamp && known.url == address {
                return Ok(false);
            }
        }
        let changed = self.fetch(&address, &feed.path, source.most_mb << 20, source.name)?;
        if !feed.stamp.is_empty()
            && let Some(known) = self.files().get_mut(&feed.path)
        {
            known.stamp.clone_from(&feed.stamp);
        }
        Ok(changed)
    }

    fn fetch(&self, address: &str, name: &str, limit: u64, label: &str) -> Result<bool, Error> {
        let path = self.feeds.join(name);
        make_parent(&path)?;
        let known = self
            .files()
            .get(name)
            .filter(|known| known.url == address && path.exists())
            .cloned();
        let request = Download {
            url: address,
            to: &path,
            validators: known.as_ref().map(|known| &known.validators),
            limit,
            name: label,
        };
        match self.network.download(&request, &OneBar(self.progress))? {
            Downloaded::Unchanged => Ok(false),
            Downloaded::Done {
                validators,
                bytes_received,
                ..
            } => {
                self.count(bytes_received);
                let fetched = Fetched {
                    url: address.to_owned(),
                    validators,
                    stamp: String::new(),
                };
                self.files().insert(name.to_owned(), fetched);
                Ok(true)
            }
        }
    }
}

/// Several downloads at the same time are one piece of work to whoever watches.
struct OneBar<'a>(&'a dyn Progress);

impl Progress for OneBar<'_> {
    fn start(&self, _: &str, _: Option<u64>) {}

    fn advance(&self, bytes: u64) {
        self.0.advance(bytes);
    }

    fn finish(&self) {}
}

fn make_parent(path: &Path) -> Result<(), Error> {
    match path.parent() {
        Some(parent) => fs::create_dir_all(parent).map_err(Error::disk("make", parent)),
        None => Ok(()),
    }
}
