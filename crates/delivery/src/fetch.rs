//! A published database into a directory: only the shards that are wanted and have changed, each
//! checked compressed and decompressed, all of them taken into use at once.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use seaworthy_attest::PublicKey;
use seaworthy_oci::{ArtifactStore, Descriptor, Digest};

use crate::manifest::hash;
use crate::published::{Location, file_from};
use crate::report::changes;
use crate::state::{Origin, State};
use crate::wanted::Wanted;
use crate::web::{Download, Downloaded, Network, Progress};
use crate::{Directory, Error, MAX_SHARD, Manifest, Published, ShardEntry, UpdateReport, entry_of};

/// The folder of layers that have come in part.
const PARTIAL: &str = "partial";
/// How often a layer that breaks off is gone on with.
const TRIES: usize = 4;
/// The greatest window that a frame may ask memory for: 128 MiB.
const WINDOW_LOG: u32 = 27;

/// How a published database is fetched.
pub struct FetchOptions<'a> {
    /// The network.
    pub network: &'a dyn Network,
    /// Where from.
    pub origin: Origin,
    /// The shards that are wanted: keys, families, `all`; none for those of the last time, or all.
    pub only: Option<BTreeSet<String>>,
    /// Of these keys one must have signed; without any, signatures are not asked for.
    pub keys: &'a [PublicKey],
    /// Take it although it is older than what is here. Everything else is checked all the same.
    pub allow_older: bool,
    /// Now, `YYYY-MM-DDTHH:MM:SSZ`.
    pub now: &'a str,
    /// Shards that are fetched at the same time.
    pub threads: usize,
    /// How long another update is waited for.
    pub patience: Duration,
    /// Who updates, for others that wait.
    pub who: &'a str,
}

/// Brings a directory up to date with what somebody publishes.
///
/// # Errors
/// When it cannot be reached, is not signed as it should, is older than what is here, is damaged,
/// or the disk fails: what was there before stays in use.
pub fn update_from_published(
    directory: &Directory,
    options: &FetchOptions<'_>,
    progress: &dyn Progress,
    waiting: &dyn Fn(&str),
) -> Result<UpdateReport, Error> {
    let lock = directory.lock(options.patience, options.who, waiting)?;
    let mut state = State::read(directory.path())?;
    let wanted = match &options.only {
        Some(only) => of_published(only),
        None => Wanted(state.only.clone()),
    };
    let list = directory.folder()?.join(crate::MANIFEST_FILE);
    let known = fs::read(list).unwrap_or_default();
    let published =
        Published::open_knowing(&options.origin, options.network, options.keys, &known)?;
    let base = directory.manifest()?;
    let same_origin = state.origin.as_ref() == Some(&options.origin);
    if let Some(base) = &base
        && !options.allow_older
    {
        check_age(base, &published, same_origin)?;
    }
    state.only = wanted.and_before(state.only.take(), same_origin);
    let stage = directory.stage(&lock)?;
    let (missing, absent) = plan(&stage, &published, &wanted)?;
    let partial = directory.path().join(PARTIAL);
    let received = AtomicU64::new(published.received);
    if !missing.is_empty() {
        let total = missing.iter().map(|entry| entry.size).sum();
        progress.start("database", Some(total));
        let fetch = Fetch {
            published: &published,
            network: options.network,
            partial: &partial,
            stage: stage.path(),
            progress,
            received: &received,
        };
        fetch.all(&missing, options.threads)?;
        progress.finish();
    }
    let _ = fs::remove_dir_all(&partial);
    let committed = stage.commit_fetched(published.manifest.clone(), &published.bytes)?;
    state.origin = Some(options.origin.clone());
    options.now.clone_into(&mut state.checked);
    state.write(directory.path())?;
    let fetched: BTreeSet<&str> = missing.iter().map(|entry| entry.key.as_str()).collect();
    let asked = options.only.iter().flatten();
    Ok(UpdateReport {
        sources: Vec::new(),
        shards: changes(base.as_ref(), Some(&committed.manifest), &absent)
            .into_iter()
            .filter(|change| fetched.contains(change.key.as_str()) || change.after.is_none())
            .collect(),
        received: received.into_inner(),
        changed: committed.changed,
        digest: Some(Digest::of(&published.bytes).to_string()),
        generation: committed.manifest.generation,
        empty: asked
            .filter(|key| *key != "all")
            .filter(|key| {
                !published
                    .manifest
                    .shards
                    .iter()
                    .any(|entry| entry.key == **key || crate::catalogue::family(&entry.key) == *key)
            })
            .cloned()
            .collect(),
    })
}

/// What is wanted of a published database: tables are small there, all of them are.
fn of_published(only: &BTreeSet<String>) -> Wanted {
    if only.contains("all") {
        return Wanted(None);
    }
    let mut keys = only.clone();
    keys.extend(crate::TABLES.map(str::to_owned));
    Wanted(Some(keys))
}

/// Refuses what is older than what is here. Numbers of generations count for one origin only;
/// between two of them the time decides.
fn check_age(base: &Manifest, published: &Published, same_origin: bool) -> Result<(), Error> {
    let offered = &published.manifest;
    if offered.same_shards(base) {
        return Ok(());
    }
    let older = if same_origin {
        (offered.generation, &offered.created) < (base.generation, &base.created)
    } else {
        offered.created < base.created
    };
    if older {
        return Err(Error::Downgrade {
            place: published.place.clone(),
            offered: offered.name(),
            have: base.name(),
        });
    }
    Ok(())
}

/// Removes from the stage what the list does not name, and tells what is missing in it: the
/// shards that are wanted, and those that were there before in another state. Beside them, the keys
/// that have no file at all.
fn plan(
    stage: &crate::Stage,
    published: &Published,
    wanted: &Wanted,
) -> Result<(Vec<ShardEntry>, BTreeSet<String>), Error> {
    let folder = stage.path();
    let mut there: BTreeSet<String> = crate::directory::entries(folder)?.into_iter().collect();
    let (mut missing, mut absent) = (Vec::new(), BTreeSet::new());
    for entry in &published.manifest.shards {
        let file = entry.file();
        let here = there.remove(&file);
        if !here {
            absent.insert(entry.key.clone());
        }
        let known = stage.base().and_then(|base| base.entry(&entry.key));
        let same = here && known.is_some_and(|known| known.digest == entry.digest);
        if !same && (here || wanted.has_key(&entry.key)) {
            missing.push(entry.clone());
        }
    }
    for name in there.iter().filter(|name| crate::directory::is_shard(name)) {
        let path = folder.join(name);
        fs::remove_file(&path).map_err(Error::disk("remove", &path))?;
    }
    Ok((missing, absent))
}

struct Fetch<'a> {
    published: &'a Published,
    network: &'a dyn Network,
    partial: &'a Path,
    stage: &'a Path,
    progress: &'a dyn Progress,
    received: &'a AtomicU64,
}

impl Fetch<'_> {
    fn all(&self, entries: &[ShardEntry], threads: usize) -> Result<(), Error> {
        fs::create_dir_all(self.partial).map_err(Error::disk("make", self.partial))?;
        let next = AtomicUsize::new(0);
        let failure: Mutex<Option<Error>> = Mutex::new(None);
        let work = || {
            while let Some(entry) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(error) = self.one(entry) {
                    next.store(usize::MAX / 2, Ordering::Relaxed);
                    let mut first = failure.lock().unwrap_or_else(PoisonError::into_inner);
                    first.get_or_insert(error);
                    return;
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..threads.clamp(1, 8) {
                scope.spawn(work);
            }
        });
        failure
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .map_or(Ok(()), Err)
    }

    /// Fetches a shard, checks it in every way, and puts it in its place in the stage.
    fn one(&self, entry: &ShardEntry) -> Result<(), Error> {
        let place = self.stage.join(entry.file());
        match self.published.location(entry)? {
            Location::Layer(store, layer) => {
                let packed = self.blob(store, layer)?;
                unpack(&packed, true, entry, &place)?;
                let _ = fs::remove_file(&packed);
            }
            Location::File(path, compressed) => unpack(&path, compressed, entry, &place)?,
            Location::Address(url) => {
                let digest = Digest::of(format!("{url} {}", entry.digest).as_bytes());
                let packed = self.partial.join(digest.hex());
                let request = Download {
                    url: &url,
                    to: &packed,
                    validators: None,
                    limit: MAX_SHARD,
                    name: &entry.key,
                };
                let quiet = seaworthy_source::NoProgress;
                if let Downloaded::Done { bytes_received, .. } =
                    self.network.download(&request, &quiet)?
                {
                    self.received.fetch_add(bytes_received, Ordering::Relaxed);
                }
                unpack(&packed, true, entry, &place)?;
            }
        }
        self.progress.advance(entry.size);
        // What it says of itself has to fit, or nobody would find it.
        let found = entry_of(&place)?;
        if found.key != entry.key {
            return Err(Error::wrong(
                &*self.published.place,
                format!("the shard of {} says that it is {}", entry.key, found.key),
            ));
        }
        Ok(())
    }

    /// A layer in a file: what an earlier try left is gone on with.
    fn blob(&self, store: &dyn ArtifactStore, layer: &Descriptor) -> Result<PathBuf, Error> {
        let digest = layer
            .digest()
            .map_err(|e| Error::wrong(&*self.published.place, e.to_string()))?;
        let path = self.partial.join(digest.hex());
        let mut tries = 0;
        loop {
            let from = fs::metadata(&path).map_or(0, |metadata| metadata.len());
            let from = if from > layer.size { 0 } else { from };
            let came = self.append(store, layer, &path, from);
            let whole = fs::metadata(&path).is_ok_and(|metadata| metadata.len() == layer.size);
            let good = whole && {
                let (found, _) = hash(file_from(&path, 0)?).map_err(Error::disk("read", &path))?;
                found == digest.as_str()
            };
            if good {
                return Ok(path);
            }
            tries += 1;
            if whole || from > 0 && came.is_ok() {
                // What came is not what it should be: begin anew, once.
                let _ = fs::remove_file(&path);
                if from == 0 || tries >= TRIES {
                    return Err(Error::wrong(
                        store.name(),
                        format!("the layer {digest} does not have its digest"),
                    ));
                }
                continue;
            }
            match came {
                Err(error @ Error::Disk { .. }) => return Err(error),
                Err(error) if tries >= TRIES => return Err(error),
                Ok(()) if tries >= TRIES => {
                    return Err(Error::wrong(
                        store.name(),
                        format!("the layer {digest} is cut off"),
                    ));
                }
                _ => {}
            }
        }
    }

    fn append(
        &self,
        store: &dyn ArtifactStore,
        layer: &Descriptor,
        path: &Path,
        from: u64,
    ) -> Result<(), Error> {
        if from == layer.size && from > 0 {
            return Ok(());
        }
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(Error::disk("write", path))?;
        if from == 0 {
            file.set_len(0).map_err(Error::disk("write", path))?;
        }
        let mut stream = store.blob(layer, from)?.take(layer.size - from);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let n = match stream.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => {
                    return Err(Error::Network {
                        url: self.published.place.clone(),
                        message: format!("the layer {} broke off: {e}", layer.digest),
                        hint: Some("run it again: it goes on from there".to_owned()),
                        missing: false,
                    });
                }
            };
            self.received.fetch_add(n as u64, Ordering::Relaxed);
            file.write_all(buffer.get(..n).unwrap_or_default())
                .map_err(Error::disk("write", path))?;
        }
    }
}

/// Decompresses a shard to its place, when it is what the list says: never more bytes than that.
fn unpack(from: &Path, compressed: bool, entry: &ShardEntry, place: &Path) -> Result<(), Error> {
    let file = File::open(from).map_err(Error::disk("read", from))?;
    let wrong = |why: String| Error::wrong(from.display().to_string(), why);
    let stream: Box<dyn Read> = if compressed {
        let decoder = zstd::stream::read::Decoder::new(file)
            .and_then(|mut decoder| decoder.window_log_max(WINDOW_LOG).map(|()| decoder))
            .map_err(Error::disk("read", from))?;
        Box::new(decoder)
    } else {
        Box::new(file)
    };
    let folder = place.parent().unwrap_or_else(|| Path::new("."));
    let mut out = tempfile::Builder::new()
        .prefix(".seaworthy-")
        .tempfile_in(folder)
        .map_err(Error::disk("write", folder))?;
    let mut stream = stream.take(entry.size + 1);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(wrong(format!("{} cannot be decompressed: {e}", entry.key))),
        };
        out.write_all(buffer.get(..n).unwrap_or_default())
            .map_err(Error::disk("write", place))?;
    }
    let (found, size) = hash(file_from(out.path(), 0)?).map_err(Error::disk("read", place))?;
    if size != entry.size || found != entry.digest {
        return Err(wrong(format!(
            "the shard of {} is not the one of its list: it has {} bytes and digest {found}",
            entry.key,
            if size > entry.size {
                format!("more than {}", entry.size)
            } else {
                size.to_string()
            },
        )));
    }
    out.as_file()
        .sync_all()
        .map_err(Error::disk("write", place))?;
    out.persist(place)
        .map_err(|e| Error::disk("write", place)(e.error))?;
    Ok(())
}
