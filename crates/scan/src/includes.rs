//! What policies include: files, addresses and artifacts of registries.

use std::fs::File;
use std::io::Read as _;

use seaworthy_oci::{ArtifactManifest, ArtifactStore, Digest, Reference, StoreError};
use seaworthy_policy::{IncludeSource, Includes, MAX_INCLUDE};
use seaworthy_source::SourceOptions;

/// The largest include as the network's limit: one byte more shows that there is more.
const LIMIT: u64 = MAX_INCLUDE as u64 + 1;

/// Fetches includes anew each time: nothing of an earlier run stands in for what cannot be had.
#[derive(Debug, Clone)]
pub struct PolicyIncludes {
    options: SourceOptions,
}

impl PolicyIncludes {
    /// Reaches the network as the options say.
    #[must_use]
    pub const fn new(options: SourceOptions) -> Self {
        Self { options }
    }
}

impl Includes for PolicyIncludes {
    fn fetch(&self, source: &IncludeSource, _: Option<&Digest>) -> Result<Vec<u8>, String> {
        match source {
            IncludeSource::File(path) => {
                let mut bytes = Vec::new();
                File::open(path)
                    .and_then(|file| file.take(LIMIT).read_to_end(&mut bytes))
                    .map_err(|e| e.to_string())?;
                Ok(bytes)
            }
            IncludeSource::Url(url) => seaworthy_source::http::Client::new(&self.options)
                .and_then(|client| client.get(url, LIMIT))
                .map_err(|e| said(&e.to_string(), e.hint())),
            IncludeSource::Oci(text) => {
                let reference: Reference = text
                    .parse()
                    .map_err(|e: seaworthy_oci::InvalidReference| e.to_string())?;
                let store = seaworthy_source::registry_store(&reference, &self.options)
                    .map_err(|e| said(&e.to_string(), e.hint()))?;
                only_layer(store.as_ref(), reference.manifest_name())
            }
        }
    }
}

/// An error and its remedy in one sentence.
fn said(message: &str, hint: Option<String>) -> String {
    match hint {
        Some(hint) => format!("{message} ({hint})"),
        None => message.to_owned(),
    }
}

/// The content of an artifact with one layer. The store compares the digests of manifest and layer
/// with what was asked for.
fn only_layer(store: &dyn ArtifactStore, name: &str) -> Result<Vec<u8>, String> {
    let failed = |e: StoreError| said(&e.to_string(), e.hint.clone());
    let stored = store
        .manifest(name)
        .map_err(failed)?
        .ok_or_else(|| format!("{} has no {name}", store.name()))?;
    let manifest = ArtifactManifest::parse(&stored.bytes).map_err(|e| e.to_string())?;
    let [layer] = manifest.layers.as_slice() else {
        return Err(format!(
            "the artifact has {} layers; one with a policy has the file as its only layer",
            manifest.layers.len()
        ));
    };
    if layer.size >= LIMIT {
        return Err(format!(
            "has {} bytes, more than the limit of {MAX_INCLUDE}",
            layer.size
        ));
    }
    let mut bytes = Vec::new();
    store
        .blob(layer, 0)
        .map_err(failed)?
        .take(LIMIT)
        .read_to_end(&mut bytes)
        .map_err(|e| e.to_string())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use seaworthy_oci::{Descriptor, MemoryStore};

    use super::*;

    fn artifact(store: &MemoryStore, tag: &str, layers: &[&[u8]]) {
        let mut manifest = ArtifactManifest::new("application/vnd.seaworthy.policy.v1+yaml");
        for bytes in layers {
            let digest = store.put_blob(bytes).unwrap();
            manifest.layers.push(Descriptor {
                media_type: "application/yaml".to_owned(),
                digest: digest.to_string(),
                size: bytes.len() as u64,
                ..Descriptor::default()
            });
        }
        let bytes = manifest.to_bytes().unwrap();
        store
            .put_manifest(Some(tag), &manifest.media_type, &bytes)
            .unwrap();
    }

    #[test]
    fn an_artifact_with_a_policy_has_one_layer() {
        let store = MemoryStore::new();
        artifact(&store, "one", &[b"version: '1.0'\n"]);
        artifact(&store, "two", &[b"a", b"b"]);
        artifact(&store, "none", &[]);
        assert_eq!(only_layer(&store, "one").unwrap(), b"version: '1.0'\n");
        for (name, expected) in [
            ("two", "the artifact has 2 layers"),
            ("none", "the artifact has 0 layers"),
            ("gone", "memory has no gone"),
        ] {
            let error = only_layer(&store, name).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn files_that_are_too_large_are_not_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.yaml");
        std::fs::write(&path, vec![b'#'; MAX_INCLUDE + 100]).unwrap();
        let includes = PolicyIncludes::new(SourceOptions::default());
        let source = IncludeSource::File(path.display().to_string());
        assert_eq!(
            includes.fetch(&source, None).unwrap().len(),
            MAX_INCLUDE + 1
        );
        let gone = IncludeSource::File("/nowhere/x".to_owned());
        assert!(includes.fetch(&gone, None).is_err());
    }
}
