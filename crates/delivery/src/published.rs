//! A database as it is published: one OCI artifact with a layer a shard, or the same files on a web
//! server or in a directory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use seaworthy_attest::{PublicKey, from_base64};
use seaworthy_oci::{ArtifactManifest, ArtifactStore, Descriptor, Digest, Reference};

use crate::directory::read_manifest;
use crate::manifest::MAX_MANIFEST;
use crate::state::Origin;
use crate::web::{Network, local};
use crate::{Directory, Error, MANIFEST_FILE, MAX_SHARD, Manifest, ShardEntry};

/// The type of the artifact.
pub const ARTIFACT_TYPE: &str = "application/vnd.seaworthy.db.v1";
/// The type of its configuration, which is the list of shards.
pub const CONFIG_TYPE: &str = "application/vnd.seaworthy.db.config.v1+json";
/// The type of a layer: a shard, compressed with Zstandard.
pub const SHARD_TYPE: &str = "application/vnd.seaworthy.db.shard.v1+zstd";
/// Annotation of a layer: the key of the shard.
pub const KEY_ANNOTATION: &str = "dev.seaworthy.db.key";
/// Annotation of a layer: the digest of the shard, not compressed.
pub const DIGEST_ANNOTATION: &str = "dev.seaworthy.db.digest";
/// Annotation of the artifact: the number of the generation.
pub const GENERATION_ANNOTATION: &str = "dev.seaworthy.db.generation";
/// Annotation of a layer: the name of a file with its content (OCI image specification).
pub(crate) const TITLE_ANNOTATION: &str = "org.opencontainers.image.title";
/// Annotation of the artifact: when it was made (OCI image specification).
pub(crate) const CREATED_ANNOTATION: &str = "org.opencontainers.image.created";

/// The file with the signature of the list of shards, beside it: Base64, as `cosign sign-blob`
/// writes it.
pub const SIGNATURE_FILE: &str = "database.json.sig";
/// Most bytes of it.
const MAX_SIGNATURE: u64 = 64 << 10;
/// The tag that is meant when none is named.
const DEFAULT_TAG: &str = "latest";

/// A database that somebody publishes, looked at but not fetched.
pub struct Published {
    /// The list of its shards.
    pub manifest: Manifest,
    /// The bytes of the list, whose digest pins the database.
    pub bytes: Vec<u8>,
    /// Where it is, for people.
    pub place: String,
    /// Bytes that came over the network so far.
    pub received: u64,
    /// Who signed it, as far as a key was given.
    pub signed_by: Vec<String>,
    shards: Shards,
}

/// Where the shards are.
enum Shards {
    Layers {
        store: Box<dyn ArtifactStore>,
        by_key: BTreeMap<String, Descriptor>,
    },
    Folder(PathBuf),
    Web(String),
}

/// A shard that is to be fetched.
pub(crate) enum Location<'p> {
    /// A blob, compressed.
    Layer(&'p dyn ArtifactStore, &'p Descriptor),
    /// A file, compressed or not.
    File(PathBuf, bool),
    /// An address, compressed.
    Address(String),
}

impl std::fmt::Debug for Published {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Published")
            .field("place", &self.place)
            .field("manifest", &self.manifest)
            .finish_non_exhaustive()
    }
}

impl Published {
    /// Looks at what an origin offers. When there are keys, the signature of one of them must
    /// verify.
    ///
    /// # Errors
    /// When it is not there, is no database, or no signature verifies.
    pub fn open(origin: &Origin, network: &dyn Network, keys: &[PublicKey]) -> Result<Self, Error> {
        Self::open_knowing(origin, network, keys, &[])
    }

    /// As [`Published::open`], for who has a list of shards already (`known`): the same one does not
    /// come again.
    pub(crate) fn open_knowing(
        origin: &Origin,
        network: &dyn Network,
        keys: &[PublicKey],
        known: &[u8],
    ) -> Result<Self, Error> {
        match origin {
            Origin::Upstream { .. } => Err(Error::Usage(
                "upstream publishes feeds, and no database".to_owned(),
            )),
            Origin::Registry { reference } => {
                let place = origin.name();
                let reference: Reference = reference
                    .parse()
                    .map_err(|e| Error::Usage(format!("{place}: {e}")))?;
                let store = network.registry(&reference)?;
                Self::in_store(store, reference.manifest_name(), place, keys, known)
            }
            Origin::Directory { path } => {
                let (folder, tag) = layout_and_tag(path);
                if folder.join("index.json").is_file() {
                    let store = network.layout(&folder)?;
                    return Self::in_store(store, &tag, origin.name(), keys, known);
                }
                Self::in_folder(Path::new(path), keys)
            }
            Origin::Web { url } => Self::on_web(url, network, keys),
        }
    }

    fn in_store(
        store: Box<dyn ArtifactStore>,
        name: &str,
        place: String,
        keys: &[PublicKey],
        known: &[u8],
    ) -> Result<Self, Error> {
        let stored = store.manifest(name)?.ok_or_else(|| Error::Network {
            url: place.clone(),
            message: "there is no such artifact".to_owned(),
            hint: Some("`seaworthy db publish` makes one".to_owned()),
            missing: true,
        })?;
        let mut received = stored.bytes.len() as u64;
        let artifact = ArtifactManifest::parse(&stored.bytes)
            .map_err(|e| Error::wrong(&*place, e.to_string()))?;
        if artifact.kind() != ARTIFACT_TYPE {
            return Err(Error::wrong(
                &*place,
                format!("it is `{}` and no database", artifact.kind()),
            ));
        }
        let signed_by = verify_artifact(&*store, &stored.digest, keys, &place)?;
        if artifact.config.size > MAX_MANIFEST {
            return Err(Error::wrong(&*place, "its list of shards is too large"));
        }
        let expected = artifact.config.digest();
        let mut bytes = known.to_vec();
        if !expected.as_ref().is_ok_and(|digest| digest.matches(known)) {
            bytes.clear();
            store
                .blob(&artifact.config, 0)?
                .take(MAX_MANIFEST + 1)
                .read_to_end(&mut bytes)
                .map_err(|e| Error::wrong(&*place, format!("its list of shards: {e}")))?;
            received += bytes.len() as u64;
        }
        if !expected.is_ok_and(|digest| digest.matches(&bytes)) {
            return Err(Error::wrong(
                &*place,
                "its list of shards does not have the digest that it should",
            ));
        }
        let manifest = Manifest::parse(&bytes, &place)?;
        let by_key = layers(&artifact, &manifest, &place)?;
        Ok(Self {
            manifest,
            bytes,
            place,
            received,
            signed_by,
            shards: Shards::Layers { store, by_key },
        })
    }

    fn in_folder(path: &Path, keys: &[PublicKey]) -> Result<Self, Error> {
        let place = path.display().to_string();
        let folder = Directory::at(path).folder()?;
        let (manifest, bytes) = match read_manifest(&folder)? {
            Some(found) => found,
            None => {
                let manifest = Directory::at(path)
                    .manifest()?
                    .ok_or_else(|| Error::wrong(&*place, "there are no shards in it"))?;
                let bytes = manifest.to_bytes();
                (manifest, bytes)
            }
        };
        let signed_by = verify_bytes(
            &bytes,
            || std::fs::read(folder.join(SIGNATURE_FILE)).ok(),
            keys,
            &place,
        )?;
        Ok(Self {
            manifest,
            bytes,
            place,
            received: 0,
            signed_by,
            shards: Shards::Folder(folder),
        })
    }

    fn on_web(url: &str, network: &dyn Network, keys: &[PublicKey]) -> Result<Self, Error> {
        if let Some(path) = local(url) {
            return Self::in_folder(&path, keys);
        }
        let bytes = network.get(&format!("{url}/{MANIFEST_FILE}"), MAX_MANIFEST)?;
        let manifest = Manifest::parse(&bytes, url)?;
        let signature = || {
            network
                .get(&format!("{url}/{SIGNATURE_FILE}"), MAX_SIGNATURE)
                .ok()
        };
        let signed_by = verify_bytes(&bytes, signature, keys, url)?;
        Ok(Self {
            manifest,
            received: bytes.len() as u64,
            bytes,
            place: url.to_owned(),
            signed_by,
            shards: Shards::Web(url.to_owned()),
        })
    }

    /// Where a shard is.
    pub(crate) fn location(&self, entry: &ShardEntry) -> Result<Location<'_>, Error> {
        let file = entry.file();
        Ok(match &self.shards {
            Shards::Layers { store, by_key } => Location::Layer(
                &**store,
                by_key.get(&entry.key).ok_or_else(|| {
                    Error::wrong(&*self.place, format!("it has no layer for {}", entry.key))
                })?,
            ),
            Shards::Folder(folder) => {
                let packed = folder.join(format!("{file}.zst"));
                if packed.is_file() {
                    Location::File(packed, true)
                } else {
                    Location::File(folder.join(file), false)
                }
            }
            Shards::Web(url) => Location::Address(format!("{url}/{file}.zst")),
        })
    }
}

/// The layer of each shard that the list names.
pub(crate) fn layers(
    artifact: &ArtifactManifest,
    manifest: &Manifest,
    place: &str,
) -> Result<BTreeMap<String, Descriptor>, Error> {
    let mut by_key = BTreeMap::new();
    for entry in &manifest.shards {
        let layer = artifact
            .layers
            .iter()
            .find(|layer| layer.annotations.get(KEY_ANNOTATION) == Some(&entry.key))
            .ok_or_else(|| Error::wrong(place, format!("it has no layer for {}", entry.key)))?;
        if layer.annotations.get(DIGEST_ANNOTATION) != Some(&entry.digest)
            || layer.size > MAX_SHARD
            || layer.digest().is_err()
        {
            return Err(Error::wrong(
                place,
                format!("the layer of {} is not the one of its list", entry.key),
            ));
        }
        by_key.insert(entry.key.clone(), layer.clone());
    }
    Ok(by_key)
}

/// A directory, and the tag after its colon when there is no directory of the whole name.
pub(crate) fn layout_and_tag(path: &str) -> (PathBuf, String) {
    if !Path::new(path).exists()
        && let Some((folder, tag)) = path.rsplit_once(':')
        && !tag.is_empty()
        && !tag.contains('/')
    {
        return (PathBuf::from(folder), tag.to_owned());
    }
    (PathBuf::from(path), DEFAULT_TAG.to_owned())
}

fn verify_artifact(
    store: &dyn ArtifactStore,
    digest: &Digest,
    keys: &[PublicKey],
    place: &str,
) -> Result<Vec<String>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let signatures =
        seaworthy_signing::verify(store, digest, keys).map_err(|e| Error::Signature {
            place: place.to_owned(),
            why: e.to_string(),
        })?;
    Ok(signatures.into_iter().map(|s| s.key).collect())
}

fn verify_bytes(
    bytes: &[u8],
    signature: impl FnOnce() -> Option<Vec<u8>>,
    keys: &[PublicKey],
    place: &str,
) -> Result<Vec<String>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let refused = |why: &str| Error::Signature {
        place: place.to_owned(),
        why: why.to_owned(),
    };
    let text = signature()
        .ok_or_else(|| refused("the database is not signed: there is no database.json.sig"))?;
    let text = String::from_utf8_lossy(&text);
    let signature = from_base64("signature", &text)
        .map_err(|_| refused("database.json.sig is no signature in Base64"))?;
    let key = PublicKey::find(keys, bytes, &signature).map_err(|e| {
        refused(&format!(
            "the signature of database.json does not verify: {e}"
        ))
    })?;
    Ok(vec![key.hint()])
}

/// A part of a file from an offset on.
pub(crate) fn file_from(path: &Path, from: u64) -> Result<File, Error> {
    let mut file = File::open(path).map_err(Error::disk("read", path))?;
    file.seek(SeekFrom::Start(from))
        .map_err(Error::disk("read", path))?;
    Ok(file)
}

#[cfg(test)]
#[path = "published_tests.rs"]
mod tests;
