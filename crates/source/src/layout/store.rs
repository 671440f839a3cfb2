//! An OCI image layout (image specification, image-layout.md) as a store of artifacts.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use seaworthy_oci::artifact::{INDEX_TYPE, MANIFEST_TYPE};
use seaworthy_oci::{
    ArtifactStore, Descriptor, Digest, DigestReader, Index, MAX_MANIFEST, StoreError,
    StoreErrorKind, StoredManifest,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{blob_path, tag_of};
use crate::registry::{fallback_tag, select};
use crate::store::{self, subject_of};
use crate::{Error, disk};

/// The name of a manifest (image specification, annotations.md).
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// Most entries of `index.json` that are looked into.
const MAX_ENTRIES: usize = 10_000;
/// Largest `index.json`, in bytes.
const MAX_INDEX: u64 = 16 << 20;
const MARK: &str = "oci-layout";
const INDEX: &str = "index.json";

/// A directory in the shape of an OCI image layout; the first write makes one of it. Several
/// programs may read and write it at the same time: blobs appear whole, and `index.json` is replaced
/// in one step by whoever holds the lock on `oci-layout`.
///
/// # Errors
/// When the path is there and is no directory, or is a directory of something else.
pub fn layout_store(path: &Path) -> Result<Box<dyn ArtifactStore>, Error> {
    let shown = crate::error::shown(path);
    match std::fs::read_dir(path) {
        Ok(mut entries) => {
            if entries.next().is_some() && !path.join(MARK).exists() && !path.join(INDEX).exists() {
                return Err(Error::target(shown, "is no OCI layout and is not empty")
                    .with_hint("name an OCI layout, an empty directory or a new one"));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(Error::target(shown, "is not a directory"));
        }
        Err(error) => return Err(Error::file(path, &error)),
    }
    Ok(Box::new(LayoutStore {
        root: path.to_owned(),
        name: shown,
    }))
}

struct LayoutStore {
    root: PathBuf,
    name: String,
}

impl LayoutStore {
    fn error(&self, kind: StoreErrorKind, message: impl Into<String>) -> StoreError {
        store::error(&self.name, kind, message)
    }

    fn wrong(&self, message: impl Into<String>) -> StoreError {
        self.error(StoreErrorKind::Wrong, message)
    }

    fn unwritable(&self, path: &Path, cause: &io::Error) -> StoreError {
        let error = disk::write_error(path, cause);
        StoreError {
            hint: error.hint(),
            ..self.error(StoreErrorKind::Operation, error.to_string())
        }
    }

    /// A file of at most `limit` bytes; none when there is none.
    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        match disk::read_limited(&self.root.join(path), limit) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(StoreError {
                hint: error.hint(),
                ..self.wrong(error.to_string())
            }),
        }
    }

    /// `index.json` with everything that is in it.
    fn index(&self) -> Result<Value, StoreError> {
        let Some(bytes) = self.read(INDEX, MAX_INDEX)? else {
            return Ok(json!({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []}));
        };
        let index: Value = serde_json::from_slice(&bytes)
            .map_err(|e| self.wrong(format!("{INDEX} is not valid: {e}")))?;
        // A list would pass for an index without anything in it.
        if index.is_object() {
            Ok(index)
        } else {
            Err(self.wrong(format!("{INDEX} is no index")))
        }
    }

    fn entries(&self) -> Result<Vec<Descriptor>, StoreError> {
        let index: Index = serde_json::from_value(self.index()?)
            .map_err(|e| self.wrong(format!("{INDEX} is no index: {e}")))?;
        Ok(index.manifests)
    }

    /// The content of a manifest, checked; none when there is none.
    fn content(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(bytes) = self.read(&blob_path(digest.as_str()), MAX_MANIFEST as u64)? else {
            return Ok(None);
        };
        if digest.matches(&bytes) {
            Ok(Some(bytes))
        } else {
            Err(self.wrong(format!("the manifest does not have the digest {digest}")))
        }
    }

    /// Writes a file that is whole from the moment it is there.
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let to = self.root.join(path);
        let write = || {
            let folder = to.parent().unwrap_or(&self.root);
            std::fs::create_dir_all(folder)?;
            let mut file = tempfile::Builder::new()
                .prefix(".seaworthy-")
                .permissions(permissions())
                .tempfile_in(folder)?;
            file.write_all(bytes)?;
            file.as_file().sync_data()?;
            file.persist(&to).map_err(|e| e.error)?;
            Ok(())
        };
        write().map_err(|e| self.unwritable(&to, &e))
    }

    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        let path = blob_path(digest.as_str());
        // A blob that was damaged is written again.
        if !self.holds(&path, bytes) {
            self.write(&path, bytes)?;
        }
        Ok(digest)
    }

    fn holds(&self, path: &str, bytes: &[u8]) -> bool {
        let Ok(file) = File::open(self.root.join(path)) else {
            return false;
        };
        let same_size = file.metadata().is_ok_and(|m| m.len() == bytes.len() as u64);
        same_size && same_content(file, bytes)
    }

    /// Waits for other writers. The file is never replaced, so all lock the same.
    fn lock(&self) -> Result<File, StoreError> {
        let path = self.root.join(MARK);
        let lock = || {
            std::fs::create_dir_all(&self.root)?;
            let mut file = OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .open(&path)?;
            file.lock()?;
            if file.metadata()?.len() == 0 {
                file.write_all(b"{\"imageLayoutVersion\":\"1.0.0\"}")?;
            }
            Ok(file)
        };
        lock().map_err(|e| self.unwritable(&path, &e))
    }
}

/// As a file that is simply created has them; temporary files are for their owner only.
fn permissions() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    // What the process masks out is masked out by the system.
    std::fs::Permissions::from_mode(0o666)
}

fn same_content(mut file: File, mut bytes: &[u8]) -> bool {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return bytes.is_empty(),
            Ok(n) if bytes.len() >= n && buffer[..n] == bytes[..n] => bytes = &bytes[n..],
            _ => return false,
        }
    }
}

/// The media type of a document that says what it is.
fn media_type(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Document {
        schema_version: u32,
        #[serde(default)]
        media_type: String,
        manifests: Option<serde::de::IgnoredAny>,
    }
    let document: Document = serde_json::from_slice(bytes).ok()?;
    (document.schema_version == 2).then_some(match document {
        Document { media_type, .. } if !media_type.is_empty() => media_type,
        Document {
            manifests: Some(_), ..
        } => INDEX_TYPE.to_owned(),
        Document { .. } => MANIFEST_TYPE.to_owned(),
    })
}

/// The digests of an index's own manifests.
fn children(media_type: &str, bytes: &[u8]) -> Vec<String> {
    if media_type != INDEX_TYPE {
        return Vec::new();
    }
    serde_json::from_slice::<Index>(bytes)
        .map(|index| index.manifests.into_iter().map(|d| d.digest).collect())
        .unwrap_or_default()
}

/// Puts a manifest among the entries of `index.json`. A tag moves on from what had it; what is then
/// without a name stays listed only when it is about something. Manifests of an index that is put
/// are found through the index.
fn insert(
    entries: &mut Vec<Value>,
    tag: Option<&str>,
    mut entry: Value,
    of_index: &[String],
    is_referrer: impl Fn(&str) -> bool,
) {
    let digest_of = |entry: &Value| entry["digest"].as_str().unwrap_or_default().to_owned();
    let name_of = |entry: &Value| entry["annotations"][REF_NAME].as_str().map(str::to_owned);
    let digest = digest_of(&entry);
    if let Some(tag) = tag {
        for other in entries.iter_mut() {
            if name_of(other).as_deref() == Some(tag)
                && digest_of(other) != digest
                && let Some(annotations) = other["annotations"].as_object_mut()
            {
                annotations.remove(REF_NAME);
                if annotations.is_empty()
                    && let Some(other) = other.as_object_mut()
                {
                    other.remove("annotations");
                }
                if !is_referrer(&digest_of(other)) {
                    *other = Value::Null;
                }
            }
        }
        entry["annotations"][REF_NAME] = json!(tag);
    }
    entries.retain(|other| {
        let child = name_of(other).is_none()
            && of_index.contains(&digest_of(other))
            && !is_referrer(&digest_of(other));
        // An entry without a name gives way to the one with.
        let replaced = tag.is_some()
            && digest_of(other) == digest
            && (name_of(other).is_none() || name_of(other).as_deref() == tag);
        !(other.is_null() || child || replaced)
    });
    if tag.is_some() || !entries.iter().any(|other| digest_of(other) == digest) {
        entries.push(entry);
    }
}

impl ArtifactStore for LayoutStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn manifest(&self, name: &str) -> Result<Option<StoredManifest>, StoreError> {
        store::check_name(&self.name, name)?;
        let entries = self.entries()?;
        let entry = entries
            .iter()
            .find(|d| tag_of(d) == Some(name) || d.digest == name)
            .or_else(|| {
                entries
                    .iter()
                    .find(|d| tag_of(d).is_some_and(|tag| tag.ends_with(&format!(":{name}"))))
            });
        let digest = match entry {
            Some(entry) => entry.digest().map_err(|e| self.wrong(e.to_string()))?,
            // Manifests of an index are blobs that `index.json` does not list.
            None => match name.parse() {
                Ok(digest) => digest,
                Err(_) => return Ok(None),
            },
        };
        let Some(bytes) = self.content(&digest)? else {
            return match entry {
                Some(_) => Err(self.wrong(format!("{INDEX} lists {digest}, which is missing"))),
                None => Ok(None),
            };
        };
        let listed = entry.map(|entry| entry.media_type.clone());
        Ok(listed
            .filter(|listed| !listed.is_empty())
            .or_else(|| media_type(&bytes))
            .map(|media_type| StoredManifest {
                digest,
                media_type,
                bytes,
            }))
    }

    fn blob(&self, blob: &Descriptor, from: u64) -> Result<Box<dyn Read + Send>, StoreError> {
        let digest = blob.digest().map_err(|e| self.wrong(e.to_string()))?;
        let path = self.root.join(blob_path(digest.as_str()));
        let mut file = File::open(&path).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => {
                self.error(StoreErrorKind::Missing, format!("no blob {digest}"))
            }
            _ => self.error(
                StoreErrorKind::Operation,
                format!("{} cannot be read: {e}", path.display()),
            ),
        })?;
        if from == 0 {
            return Ok(Box::new(DigestReader::new(file, digest, Some(blob.size))));
        }
        let left = blob.size.checked_sub(from).ok_or_else(|| {
            self.wrong(format!(
                "{digest} has {} bytes and cannot be read from byte {from} on",
                blob.size
            ))
        })?;
        file.seek(SeekFrom::Start(from)).map_err(|e| {
            self.error(
                StoreErrorKind::Operation,
                format!("{} cannot be read: {e}", path.display()),
            )
        })?;
        Ok(Box::new(store::Sized::new(file, left)))
    }

    fn has_blob(&self, digest: &Digest) -> Result<bool, StoreError> {
        Ok(self.root.join(blob_path(digest.as_str())).is_file())
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        // Only to make a layout of the directory: blobs need no lock.
        drop(self.lock()?);
        self.put(bytes)
    }

    fn put_manifest(
        &self,
        tag: Option<&str>,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Digest, StoreError> {
        if let Some(tag) = tag {
            store::check_tag(&self.name, tag)?;
        }
        if bytes.len() > MAX_MANIFEST {
            return Err(self.wrong(format!(
                "a manifest of {} bytes is larger than the limit of {MAX_MANIFEST}",
                bytes.len()
            )));
        }
        let _lock = self.lock()?;
        let digest = self.put(bytes)?;
        let mut entry = json!({
            "mediaType": media_type,
            "digest": digest.as_str(),
            "size": bytes.len(),
        });
        if let Some(kind) = store::artifact_type(bytes) {
            entry["artifactType"] = json!(kind);
        }
        let mut index = self.index()?;
        let entries = index
            .as_object_mut()
            .map(|index| index.entry("manifests").or_insert_with(|| json!([])))
            .and_then(Value::as_array_mut)
            .ok_or_else(|| self.wrong(format!("{INDEX} is no index")))?;
        let is_referrer = |digest: &str| {
            let Ok(digest) = digest.parse::<Digest>() else {
                return false;
            };
            let content = self.content(&digest).ok().flatten();
            content.is_some_and(|bytes| {
                let media_type = self::media_type(&bytes).unwrap_or_default();
                subject_of(&media_type, &bytes).is_some()
            })
        };
        insert(
            entries,
            tag,
            entry,
            &children(media_type, bytes),
            is_referrer,
        );
        if entries.len() > MAX_ENTRIES {
            return Err(self.wrong(format!("{INDEX} has {MAX_ENTRIES} entries already")));
        }
        let text = serde_json::to_vec(&index)
            .map_err(|e| self.wrong(format!("{INDEX} cannot be written: {e}")))?;
        self.write(INDEX, &text)?;
        Ok(digest)
    }

    fn referrers(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, StoreError> {
        let tag = fallback_tag(subject);
        let mut found = Vec::new();
        for entry in self.entries()?.into_iter().take(MAX_ENTRIES) {
            let digest = entry.digest().map_err(|e| self.wrong(e.to_string()))?;
            // An entry whose content is missing or is no manifest is about nothing.
            let Some(bytes) = self.content(&digest)? else {
                continue;
            };
            if tag_of(&entry) == Some(&tag) {
                // The list that other programs keep, as in a registry.
                let index: Index = serde_json::from_slice(&bytes)
                    .map_err(|e| self.wrong(format!("the tag {tag} holds no index: {e}")))?;
                found.extend(index.manifests);
                continue;
            }
            let kind = match entry.media_type.as_str() {
                "" => media_type(&bytes).unwrap_or_default(),
                _ => entry.media_type,
            };
            if let Some((about, referrer)) = subject_of(&kind, &bytes)
                && about == *subject
            {
                found.push(referrer);
            }
        }
        Ok(select(found, artifact_type))
    }
}
