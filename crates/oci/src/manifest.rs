use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Digest, Error, MAX_LAYERS, MAX_MANIFEST, MediaType, Platform};

/// A pointer to content (OCI image specification, descriptor.md).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Media type; older clients leave it out.
    #[serde(default)]
    pub media_type: String,
    /// Digest, not yet checked for its form.
    pub digest: String,
    /// Size in bytes.
    #[serde(default)]
    pub size: u64,
    /// Where a non-distributable layer may be had; never fetched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// In an index of referrers: what the artifact is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// In an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// The digest, checked for its form.
    ///
    /// # Errors
    /// [`Error::Digest`].
    pub fn digest(&self) -> Result<Digest, Error> {
        self.digest.parse().map_err(|cause| Error::Digest {
            what: "manifest",
            cause,
        })
    }
}

/// One platform's image (OCI image specification, manifest.md).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Media type; may be missing in OCI documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The configuration.
    pub config: Descriptor,
    /// Layers, bottom first.
    #[serde(default)]
    pub layers: Vec<Descriptor>,
    /// Annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// Several platforms' images (OCI image specification, image-index.md).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Media type; may be missing in OCI documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The images.
    #[serde(default)]
    pub manifests: Vec<Descriptor>,
    /// Annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Index {
    /// The image that serves a platform best. Attestations (platform `unknown`) are no images.
    #[must_use]
    pub fn choose(&self, wish: &Platform) -> Option<&Descriptor> {
        let mut best: Option<(u8, &Descriptor)> = None;
        for descriptor in self.images() {
            let score = descriptor.platform.as_ref().map_or(0, |p| p.serves(wish));
            if score > best.map_or(0, |(score, _)| score) {
                best = Some((score, descriptor));
            }
        }
        best.map(|(_, descriptor)| descriptor)
    }

    /// The entries that are images or indexes, not attestations.
    pub fn images(&self) -> impl Iterator<Item = &Descriptor> {
        self.manifests.iter().filter(|d| {
            let attestation = d
                .annotations
                .get("vnd.docker.reference.type")
                .is_some_and(|t| t == "attestation-manifest");
            let unknown = d.platform.as_ref().is_some_and(|p| p.os == "unknown");
            !attestation
                && !unknown
                && (d.media_type.is_empty()
                    || matches!(
                        MediaType::of(&d.media_type),
                        MediaType::Manifest | MediaType::Index
                    ))
        })
    }

    /// The platforms on offer, for people.
    #[must_use]
    pub fn platforms(&self) -> String {
        let mut names: Vec<String> = self
            .images()
            .filter_map(|d| d.platform.as_ref().map(ToString::to_string))
            .collect();
        names.sort();
        names.dedup();
        names.join(", ")
    }
}

/// What a manifest request may answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// One image.
    Manifest(Manifest),
    /// Several.
    Index(Index),
}

/// Reads a manifest or an index; `media_type` is what the server or descriptor said, which counts
/// only when the document does not say it itself.
///
/// # Errors
/// When it is too large, damaged, or no image.
pub fn parse_document(bytes: &[u8], media_type: Option<&str>) -> Result<Document, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Probe {
        #[serde(default)]
        schema_version: Option<u8>,
        #[serde(default)]
        media_type: Option<String>,
        #[serde(default)]
        manifests: Option<serde::de::IgnoredAny>,
        #[serde(default)]
        config: Option<serde::de::IgnoredAny>,
    }
    if bytes.len() > MAX_MANIFEST {
        return Err(Error::TooLarge {
            what: "manifest",
            size: bytes.len(),
            limit: MAX_MANIFEST,
        });
    }
    let json = |cause| Error::Json {
        what: "manifest",
        cause,
    };
    let probe: Probe = serde_json::from_slice(bytes).map_err(json)?;
    let said = probe
        .media_type
        .as_deref()
        .or(media_type)
        .map_or(MediaType::Other, MediaType::of);
    if probe.schema_version == Some(1) || said == MediaType::SchemaOne {
        return Err(Error::SchemaOne);
    }
    let is_index = match said {
        MediaType::Index => true,
        MediaType::Manifest => false,
        _ => probe.manifests.is_some() && probe.config.is_none(),
    };
    if is_index {
        let index: Index = serde_json::from_slice(bytes).map_err(json)?;
        return Ok(Document::Index(index));
    }
    let manifest: Manifest = serde_json::from_slice(bytes).map_err(json)?;
    if manifest.layers.len() > MAX_LAYERS {
        return Err(Error::TooManyLayers(manifest.layers.len()));
    }
    let config_type = &manifest.config.media_type;
    if !config_type.is_empty() && MediaType::of(config_type) != MediaType::Config {
        return Err(Error::NotAnImage(format!(
            "an artifact with a configuration of type {}",
            config_type.chars().take(100).collect::<String>()
        )));
    }
    Ok(Document::Manifest(manifest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &serde_json::Value, media_type: Option<&str>) -> Result<Document, Error> {
        parse_document(json.to_string().as_bytes(), media_type)
    }

    #[test]
    fn documents_are_told_apart() {
        let digest = Digest::of(b"").to_string();
        let config = serde_json::json!({"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": 2});
        let manifest = serde_json::json!({"schemaVersion": 2, "config": config, "layers": []});
        assert!(matches!(parse(&manifest, None), Ok(Document::Manifest(_))));
        let index = serde_json::json!({"schemaVersion": 2, "manifests": []});
        assert!(matches!(parse(&index, None), Ok(Document::Index(_))));
        let one = serde_json::json!({"schemaVersion": 1, "name": "x", "fsLayers": []});
        assert!(matches!(parse(&one, None), Err(Error::SchemaOne)));
        let artifact = serde_json::json!({"schemaVersion": 2, "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest}});
        assert!(matches!(parse(&artifact, None), Err(Error::NotAnImage(_))));
        assert!(parse(&serde_json::json!([]), None).is_err());
        assert!(parse_document(b"{", None).is_err());
        let many = serde_json::json!({"config": config, "layers": vec![serde_json::json!({"digest": digest}); 1001]});
        assert!(matches!(
            parse(&many, None),
            Err(Error::TooManyLayers(1001))
        ));
        assert!(matches!(
            parse_document(&vec![b' '; MAX_MANIFEST + 1], None),
            Err(Error::TooLarge { .. })
        ));
    }

    #[test]
    fn the_best_platform_is_chosen_and_attestations_are_not() {
        let index: Index = serde_json::from_value(serde_json::json!({"manifests": [
            {"digest": "a", "platform": {"os": "linux", "architecture": "arm", "variant": "v6"}},
            {"digest": "b", "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}},
            {"digest": "c", "platform": {"os": "unknown", "architecture": "unknown"}},
            {"digest": "d", "platform": {"os": "linux", "architecture": "amd64"},
             "annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
        ]}))
        .unwrap();
        let choose = |p: &str| index.choose(&p.parse().unwrap()).map(|d| d.digest.as_str());
        assert_eq!(choose("linux/arm/v7"), Some("b"));
        assert_eq!(choose("linux/arm/v6"), Some("a"));
        assert_eq!(choose("linux/amd64"), None);
        assert_eq!(index.platforms(), "linux/arm/v6, linux/arm/v7");
    }
}
