use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use seaworthy_attest::{PrivateKey, to_base64};
use seaworthy_oci::artifact::MANIFEST_TYPE;
use seaworthy_oci::{ArtifactManifest, ArtifactStore, Descriptor, Digest, StoredManifest};
use seaworthy_signing::SignatureFormat;
use seaworthy_vulndb::write_atomically;
use serde::Serialize;

use crate::manifest::hash;
use crate::published::{
    ARTIFACT_TYPE, CONFIG_TYPE, CREATED_ANNOTATION, DIGEST_ANNOTATION, GENERATION_ANNOTATION,
    KEY_ANNOTATION, SHARD_TYPE, SIGNATURE_FILE, TITLE_ANNOTATION, layers,
};
use crate::web::Progress;
use crate::{Directory, Error, MANIFEST_FILE, Manifest, ShardEntry};

/// How hard shards are compressed: they are fetched far more often than published.
const LEVEL: i32 = 19;

/// How a database is published.
pub struct PublishOptions<'a> {
    /// Signs it.
    pub key: Option<&'a PrivateKey>,
    /// As cosign 1 and 2 keep signatures, instead of as a bundle.
    pub legacy_signature: bool,
    /// Now, `YYYY-MM-DDTHH:MM:SSZ`.
    pub now: &'a str,
    /// Shards that are compressed at the same time.
    pub threads: usize,
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublishReport {
    /// The digest of the artifact; none on a web server's folder.
    pub artifact: Option<String>,
    /// The digest of the database, which `--db-digest` takes.
    pub digest: String,
    /// Its generation.
    pub generation: u64,
    /// The keys of the shards that were sent.
    pub sent: Vec<String>,
    /// How many shards were there already.
    pub kept: usize,
    /// Bytes that were sent.
    pub bytes: u64,
    /// Whether it is signed.
    pub signed: bool,
}

/// Publishes the database of a directory as an artifact under a tag, and under one of its
/// generation. Shards that the store has already are not sent again. `name` is what verifiers see
/// as the identity of the artifact.
///
/// The generation of what is published under the tag is never greater than that of what takes its
/// place, so that whoever fetches can tell the older one.
///
/// # Errors
/// When the directory is not whole, or the store refuses.
pub fn publish(
    directory: &Directory,
    store: &dyn ArtifactStore,
    tag: &str,
    name: &str,
    options: &PublishOptions<'_>,
    progress: &dyn Progress,
) -> Result<PublishReport, Error> {
    let folder = directory.folder()?;
    let mut manifest = whole_manifest(directory, &folder)?;
    let before = match store.manifest(tag)? {
        Some(stored) => artifact_before(store, &stored),
        None => None,
    };
    let known: BTreeMap<String, Descriptor> = match &before {
        Some((artifact, list)) => {
            number_after(&mut manifest, list);
            layers(artifact, list, name)
                .unwrap_or_default()
                .into_values()
                .filter_map(|layer| {
                    let digest = layer.annotations.get(DIGEST_ANNOTATION)?.clone();
                    Some((digest, layer))
                })
                .collect()
        }
        None => BTreeMap::new(),
    };
    if manifest.created.is_empty() {
        options.now.clone_into(&mut manifest.created);
    }
    progress.start("database", None);
    let sent = Mutex::new(Vec::new());
    let bytes = std::sync::atomic::AtomicU64::new(0);
    let layers = for_each(&manifest.shards, options.threads, &|entry| {
        if let Some(layer) = known.get(&entry.digest)
            && let Ok(digest) = layer.digest()
            && store.has_blob(&digest)?
        {
            return Ok(annotated(layer.clone(), entry));
        }
        let packed = compressed(&folder, entry)?;
        let digest = Digest::of(&packed);
        if !store.has_blob(&digest)? {
            store.put_blob(&packed)?;
            bytes.fetch_add(packed.len() as u64, Ordering::Relaxed);
            progress.advance(packed.len() as u64);
            sent.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(entry.key.clone());
        }
        let layer = Descriptor {
            media_type: SHARD_TYPE.to_owned(),
            digest: digest.to_string(),
            size: packed.len() as u64,
            ..Descriptor::default()
        };
        Ok(annotated(layer, entry))
    })?;
    let config = manifest.to_bytes();
    let mut artifact = ArtifactManifest::new(ARTIFACT_TYPE);
    artifact.config = Descriptor {
        media_type: CONFIG_TYPE.to_owned(),
        digest: store.put_blob(&config)?.to_string(),
        size: config.len() as u64,
        ..Descriptor::default()
    };
    artifact.layers = layers;
    artifact.annotations = [
        (CREATED_ANNOTATION, manifest.created.clone()),
        (GENERATION_ANNOTATION, manifest.generation.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let content = artifact
        .to_bytes()
        .map_err(|e| Error::wrong(name, e.to_string()))?;
    let number = format!("generation-{}", manifest.generation);
    store.put_manifest(Some(&number), MANIFEST_TYPE, &content)?;
    // Signed before the tag that others follow speaks of it.
    let stored = StoredManifest {
        digest: Digest::of(&content),
        media_type: MANIFEST_TYPE.to_owned(),
        bytes: content.clone(),
    };
    if let Some(key) = options.key {
        let format = if options.legacy_signature {
            SignatureFormat::Legacy
        } else {
            SignatureFormat::Bundle
        };
        seaworthy_signing::sign(
            store,
            &stored,
            name,
            key,
            format,
            options.now,
            &BTreeMap::new(),
        )
        .map_err(|e| Error::Signature {
            place: name.to_owned(),
            why: e.to_string(),
        })?;
    }
    let digest = store.put_manifest(Some(tag), MANIFEST_TYPE, &content)?;
    progress.finish();
    let mut sent = sent.into_inner().unwrap_or_else(PoisonError::into_inner);
    sent.sort();
    Ok(PublishReport {
        artifact: Some(digest.to_string()),
        digest: manifest.digest().to_string(),
        generation: manifest.generation,
        kept: manifest.shards.len() - sent.len(),
        sent,
        bytes: bytes.into_inner() + (content.len() + config.len()) as u64,
        signed: options.key.is_some(),
    })
}

/// Publishes the database of a directory as plain files: the list of shards, each shard
/// compressed, and the signature of the list. Any web server can offer them.
///
/// # Errors
/// When the directory is not whole, or the disk fails.
pub fn publish_files(
    directory: &Directory,
    target: &Path,
    options: &PublishOptions<'_>,
    progress: &dyn Progress,
) -> Result<PublishReport, Error> {
    let folder = directory.folder()?;
    let mut manifest = whole_manifest(directory, &folder)?;
    fs::create_dir_all(target).map_err(Error::disk("make", target))?;
    let before = crate::directory::read_manifest(target).ok().flatten();
    let before = before.map(|(list, _)| list);
    if let Some(list) = &before {
        number_after(&mut manifest, list);
    }
    if manifest.created.is_empty() {
        options.now.clone_into(&mut manifest.created);
    }
    progress.start("database", None);
    let packed = for_each(&manifest.shards, options.threads, &|entry| {
        let path = target.join(format!("{}.zst", entry.file()));
        let same = before
            .as_ref()
            .and_then(|list| list.entry(&entry.key))
            .is_some_and(|old| old.digest == entry.digest);
        if same && path.is_file() {
            return Ok(None);
        }
        let bytes = compressed(&folder, entry)?;
        write_atomically(&path, &bytes).map_err(Error::disk("write", &path))?;
        progress.advance(bytes.len() as u64);
        Ok(Some((entry.key.clone(), bytes.len() as u64)))
    })?;
    progress.finish();
    let bytes = manifest.to_bytes();
    if let Some(key) = options.key {
        let signature = key.sign(&bytes).map_err(|e| Error::Signature {
            place: target.display().to_string(),
            why: e.to_string(),
        })?;
        let path = target.join(SIGNATURE_FILE);
        write_atomically(&path, to_base64(&signature).as_bytes())
            .map_err(Error::disk("write", &path))?;
    }
    // Last, for it speaks of the others.
    let path = target.join(MANIFEST_FILE);
    write_atomically(&path, &bytes).map_err(Error::disk("write", &path))?;
    let sent: Vec<(String, u64)> = packed.into_iter().flatten().collect();
    Ok(PublishReport {
        artifact: None,
        digest: manifest.digest().to_string(),
        generation: manifest.generation,
        kept: manifest.shards.len() - sent.len(),
        bytes: sent.iter().map(|(_, bytes)| bytes).sum::<u64>() + bytes.len() as u64,
        sent: sent.into_iter().map(|(key, _)| key).collect(),
        signed: options.key.is_some(),
    })
}

/// The list of a directory's shards, all of which are there and are what it says.
fn whole_manifest(directory: &Directory, folder: &Path) -> Result<Manifest, Error> {
    let mut manifest = directory.manifest()?.ok_or_else(|| {
        Error::Usage(format!(
            "there is no database in {} to publish; `seaworthy db update` or `seaworthy db build` makes one",
            directory.path().display()
        ))
    })?;
    // Shards that were built without a list count as the first generation.
    manifest.generation = manifest.generation.max(1);
    for entry in &manifest.shards {
        let path = folder.join(entry.file());
        if !path.exists() {
            return Err(Error::Usage(format!(
                "{} holds a part of a database only ({} is missing); `seaworthy db update --only all` fetches the rest",
                directory.path().display(),
                entry.key
            )));
        }
    }
    Ok(manifest)
}

/// Numbers a list so that it counts as newer than another, or as the same when it is.
fn number_after(manifest: &mut Manifest, before: &Manifest) {
    if before.same_shards(manifest) {
        manifest.generation = before.generation;
        manifest.created.clone_from(&before.created);
    } else if manifest.generation <= before.generation {
        manifest.generation = before.generation + 1;
    }
}

fn artifact_before(
    store: &dyn ArtifactStore,
    stored: &StoredManifest,
) -> Option<(ArtifactManifest, Manifest)> {
    use std::io::Read as _;

    let artifact = ArtifactManifest::parse(&stored.bytes).ok()?;
    if artifact.kind() != ARTIFACT_TYPE {
        return None;
    }
    let mut bytes = Vec::new();
    store
        .blob(&artifact.config, 0)
        .ok()?
        .take(crate::manifest::MAX_MANIFEST)
        .read_to_end(&mut bytes)
        .ok()?;
    let list = Manifest::parse(&bytes, store.name()).ok()?;
    Some((artifact, list))
}

fn annotated(mut layer: Descriptor, entry: &ShardEntry) -> Descriptor {
    layer.annotations = [
        (TITLE_ANNOTATION, format!("{}.zst", entry.file())),
        (KEY_ANNOTATION, entry.key.clone()),
        (DIGEST_ANNOTATION, entry.digest.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    layer
}

/// A shard, compressed; it must be what the list says.
fn compressed(folder: &Path, entry: &ShardEntry) -> Result<Vec<u8>, Error> {
    let path = folder.join(entry.file());
    let bytes = fs::read(&path).map_err(Error::disk("read", &path))?;
    let (digest, _) = hash(&bytes[..]).map_err(Error::disk("read", &path))?;
    if digest != entry.digest {
        return Err(Error::wrong(
            path.display().to_string(),
            format!(
                "it has digest {digest}, and the list of shards says {}",
                entry.digest
            ),
        ));
    }
    zstd::bulk::compress(&bytes, LEVEL).map_err(Error::disk("compress", &path))
}

/// Does something with every shard, several at a time; the answers in their order.
fn for_each<T: Send>(
    shards: &[ShardEntry],
    threads: usize,
    act: &(dyn Fn(&ShardEntry) -> Result<T, Error> + Sync),
) -> Result<Vec<T>, Error> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<T, Error>)>> = Mutex::new(Vec::new());
    let lock = |done: &Mutex<Vec<(usize, Result<T, Error>)>>, at, result: Result<T, Error>| {
        let failed = result.is_err();
        done.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((at, result));
        failed
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, 8) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(entry) = shards.get(at) else {
                        return;
                    };
                    if lock(&done, at, act(entry)) {
                        // The others need not begin what will not be used.
                        next.store(usize::MAX / 2, Ordering::Relaxed);
                        return;
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
