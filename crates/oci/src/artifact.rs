//! Artifacts: manifests that are no images (OCI image specification 1.1, manifest.md, "Guidelines
//! for Artifact Usage"), and the trait through which they are kept in a registry or a directory.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::{Descriptor, Digest, Error, MAX_LAYERS, MAX_MANIFEST};

/// Media type of an OCI manifest.
pub const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of an OCI index.
pub const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
/// Media type of the configuration of an artifact that needs none.
pub const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";
/// The content of that configuration.
pub const EMPTY: &[u8] = b"{}";

/// A manifest of any content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactManifest {
    /// Always 2.
    pub schema_version: u8,
    /// [`MANIFEST_TYPE`].
    #[serde(default)]
    pub media_type: String,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The configuration, mostly [`EMPTY`].
    pub config: Descriptor,
    /// The content.
    #[serde(default)]
    pub layers: Vec<Descriptor>,
    /// The manifest that this one says something about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl ArtifactManifest {
    /// An artifact of a type, with nothing in it yet and the empty configuration.
    #[must_use]
    pub fn new(artifact_type: &str) -> Self {
        Self {
            schema_version: 2,
            media_type: MANIFEST_TYPE.to_owned(),
            artifact_type: Some(artifact_type.to_owned()),
            config: Descriptor {
                media_type: EMPTY_TYPE.to_owned(),
                digest: Digest::of(EMPTY).to_string(),
                size: EMPTY.len() as u64,
                ..Descriptor::default()
            },
            layers: Vec::new(),
            subject: None,
            annotations: BTreeMap::new(),
        }
    }

    /// Reads one; images are artifacts too.
    ///
    /// # Errors
    /// When it is too large, is no manifest, or lists too many layers.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_MANIFEST {
            return Err(Error::TooLarge {
                what: "manifest",
                size: bytes.len(),
                limit: MAX_MANIFEST,
            });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|cause| Error::Json {
            what: "manifest",
            cause,
        })?;
        if manifest.layers.len() > MAX_LAYERS {
            return Err(Error::TooManyLayers(manifest.layers.len()));
        }
        Ok(manifest)
    }

    /// Its bytes, equal for equal content.
    ///
    /// # Errors
    /// [`Error::Json`]; cannot happen for values of this type.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(|cause| Error::Json {
            what: "manifest",
            cause,
        })
    }

    /// What it is: its artifact type, else the type of its configuration, as the specification has
    /// it for referrers.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.artifact_type
            .as_deref()
            .unwrap_or(&self.config.media_type)
    }
}

/// A manifest as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredManifest {
    /// Digest of the bytes, checked.
    pub digest: Digest,
    /// Media type that the store tells; may be empty.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Why a store did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("{store}: {message}")]
pub struct StoreError {
    /// The repository or the directory.
    pub store: String,
    /// What happened.
    pub message: String,
    /// The next step, where one is known.
    pub hint: Option<String>,
    /// Whose turn it is.
    pub kind: StoreErrorKind,
}

/// Kinds of [`StoreError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// Not there.
    Missing,
    /// The store wants other credentials.
    Denied,
    /// What came is not what was asked for: a wrong digest, not a manifest.
    Wrong,
    /// Network or disk.
    Operation,
}

/// One repository of a registry, or a directory in the shape of one (OCI image layout), read and
/// written. Calls block; implementations may be called from several threads.
pub trait ArtifactStore: Send + Sync {
    /// What the user named, without credentials, tag and digest.
    fn name(&self) -> &str;

    /// The manifest or index of a tag or digest; none when there is none. The digest is checked.
    ///
    /// # Errors
    /// When the store cannot answer, or answers with other content than asked for.
    fn manifest(&self, name: &str) -> Result<Option<StoredManifest>, StoreError>;

    /// The bytes of a blob from an offset on. A stream from the start fails at its end when the
    /// digest or the size is wrong; one from further on has to be checked by the caller.
    ///
    /// # Errors
    /// When there is no such blob, or the store cannot answer.
    fn blob(&self, blob: &Descriptor, from: u64) -> Result<Box<dyn Read + Send>, StoreError>;

    /// Whether a blob is there.
    ///
    /// # Errors
    /// When the store cannot answer.
    fn has_blob(&self, digest: &Digest) -> Result<bool, StoreError>;

    /// Keeps a blob; one that is there already is not sent again.
    ///
    /// # Errors
    /// When the store refuses.
    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError>;

    /// Keeps a manifest or an index, under a tag or by its digest only. When it has a subject, it is
    /// among the subject's [`ArtifactStore::referrers`] afterwards, whether or not the registry
    /// knows the referrers API.
    ///
    /// # Errors
    /// When the store refuses.
    fn put_manifest(
        &self,
        tag: Option<&str>,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Digest, StoreError>;

    /// The manifests whose subject this is, of one artifact type or of all (distribution
    /// specification 1.1, "Listing Referrers", with the tag scheme where the API is missing).
    ///
    /// # Errors
    /// When the store cannot answer; an unknown subject has none.
    fn referrers(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, StoreError>;
}

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    blobs: BTreeMap<Digest, Vec<u8>>,
    manifests: BTreeMap<Digest, (String, Vec<u8>)>,
    tags: BTreeMap<String, Digest>,
}

impl MemoryStore {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, Memory> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ArtifactStore for MemoryStore {
    fn name(&self) -> &str {
        "memory"
    }

    fn manifest(&self, name: &str) -> Result<Option<StoredManifest>, StoreError> {
        let state = self.state();
        let Some(digest) = name
            .parse::<Digest>()
            .ok()
            .or_else(|| state.tags.get(name).cloned())
        else {
            return Ok(None);
        };
        Ok(state
            .manifests
            .get(&digest)
            .map(|(media_type, bytes)| StoredManifest {
                digest,
                media_type: media_type.clone(),
                bytes: bytes.clone(),
            }))
    }

    fn blob(&self, blob: &Descriptor, from: u64) -> Result<Box<dyn Read + Send>, StoreError> {
        let missing = || StoreError {
            store: "memory".to_owned(),
            message: format!("no blob {}", blob.digest),
            hint: None,
            kind: StoreErrorKind::Missing,
        };
        let digest = blob.digest().map_err(|_| missing())?;
        let bytes = self.state().blobs.get(&digest).cloned();
        let mut content = io::Cursor::new(bytes.ok_or_else(missing)?);
        content.set_position(from);
        Ok(Box::new(content))
    }

    fn has_blob(&self, digest: &Digest) -> Result<bool, StoreError> {
        Ok(self.state().blobs.contains_key(digest))
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        self.state().blobs.insert(digest.clone(), bytes.to_vec());
        Ok(digest)
    }

    fn put_manifest(
        &self,
        tag: Option<&str>,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        let mut state = self.state();
        state
            .manifests
            .insert(digest.clone(), (media_type.to_owned(), bytes.to_vec()));
        if let Some(tag) = tag {
            state.tags.insert(tag.to_owned(), digest.clone());
        }
        Ok(digest)
    }

    fn referrers(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, StoreError> {
        let state = self.state();
        Ok(state
            .manifests
            .iter()
            .filter_map(|(digest, (media_type, bytes))| {
                let manifest = ArtifactManifest::parse(bytes).ok()?;
                let about = manifest.subject.as_ref()?.digest().ok()?;
                let wanted = artifact_type.is_none_or(|kind| kind == manifest.kind());
                (about == *subject && wanted).then(|| Descriptor {
                    media_type: media_type.clone(),
                    digest: digest.to_string(),
                    size: bytes.len() as u64,
                    artifact_type: Some(manifest.kind().to_owned()),
                    annotations: manifest.annotations.clone(),
                    ..Descriptor::default()
                })
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifacts_are_read_back_and_found_by_their_subject() {
        let store = MemoryStore::new();
        let blob = store.put_blob(b"content").unwrap();
        assert!(store.has_blob(&blob).unwrap());
        let mut manifest = ArtifactManifest::new("application/vnd.example");
        manifest.layers.push(Descriptor {
            media_type: "text/plain".to_owned(),
            digest: blob.to_string(),
            size: 7,
            ..Descriptor::default()
        });
        let bytes = manifest.to_bytes().unwrap();
        let subject = store
            .put_manifest(Some("v1"), MANIFEST_TYPE, &bytes)
            .unwrap();
        let stored = store.manifest("v1").unwrap().unwrap();
        assert_eq!((&stored.digest, &stored.bytes), (&subject, &bytes));
        assert_eq!(ArtifactManifest::parse(&stored.bytes).unwrap(), manifest);
        assert!(store.manifest("v2").unwrap().is_none());

        let mut text = String::new();
        let mut rest = store.blob(&manifest.layers[0], 3).unwrap();
        rest.read_to_string(&mut text).unwrap();
        assert_eq!(text, "tent");

        let mut about = ArtifactManifest::new("application/vnd.note");
        about.subject = Some(Descriptor {
            digest: subject.to_string(),
            ..Descriptor::default()
        });
        let note = store
            .put_manifest(None, MANIFEST_TYPE, &about.to_bytes().unwrap())
            .unwrap();
        let found = |kind| store.referrers(&subject, kind).unwrap();
        assert_eq!(found(None)[0].digest, note.to_string());
        assert_eq!(found(Some("application/vnd.note")).len(), 1);
        assert!(found(Some("application/vnd.other")).is_empty());
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for bytes in [&b"{"[..], b"[]", b"{\"schemaVersion\":2}"] {
            assert!(ArtifactManifest::parse(bytes).is_err());
        }
        let large = vec![b' '; MAX_MANIFEST + 1];
        assert!(matches!(
            ArtifactManifest::parse(&large),
            Err(Error::TooLarge { .. })
        ));
    }
}
