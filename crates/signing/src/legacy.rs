//! The old format (cosign's SIGNATURE_SPEC.md): an image whose layers are payloads, under a tag that
//! is made of the subject's digest.

use std::collections::BTreeMap;

use seaworthy_oci::artifact::MANIFEST_TYPE;
use seaworthy_oci::{ArtifactManifest, ArtifactStore, Descriptor, Digest};

use crate::Error;

/// Annotation of a layer: the signature over its bytes, in base64.
pub(crate) const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// Annotation of a layer: the certificate of a keyless signature.
pub(crate) const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
/// Media type of the configuration.
const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
/// Most signatures or attestations that are kept under one tag: what the manifest may list.
const MAX_LAYERS: usize = seaworthy_oci::MAX_LAYERS;

/// What a tag is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Signatures,
    Attestations,
    Documents,
}

/// The tag, `sha256-HEX.sig`, `.att` or `.sbom`.
pub(crate) fn tag(subject: &Digest, kind: Kind) -> String {
    let end = match kind {
        Kind::Signatures => "sig",
        Kind::Attestations => "att",
        Kind::Documents => "sbom",
    };
    format!("{}-{}.{end}", subject.algorithm(), subject.hex())
}

/// Adds a layer under a tag; one that is there already is not added again.
pub(crate) fn append(
    store: &dyn ArtifactStore,
    subject: &Digest,
    kind: Kind,
    media_type: &str,
    content: &[u8],
    annotations: BTreeMap<String, String>,
) -> Result<Digest, Error> {
    let tag = tag(subject, kind);
    let layer = Descriptor {
        media_type: media_type.to_owned(),
        digest: Digest::of(content).to_string(),
        size: content.len() as u64,
        annotations,
        ..Descriptor::default()
    };
    let mut manifest = match store.manifest(&tag)? {
        Some(stored) => {
            let manifest =
                ArtifactManifest::parse(&stored.bytes).map_err(|cause| Error::NotSignatures {
                    store: store.name().to_owned(),
                    place: tag.clone(),
                    why: cause.to_string(),
                })?;
            if manifest.layers.contains(&layer) {
                return Ok(stored.digest);
            }
            manifest
        }
        None => ArtifactManifest {
            artifact_type: None,
            ..ArtifactManifest::new("")
        },
    };
    if manifest.layers.len() >= MAX_LAYERS {
        return Err(Error::TooMuch {
            store: store.name().to_owned(),
            subject: subject.clone(),
            what: format!("{} layers under {tag}", manifest.layers.len()),
            limit: MAX_LAYERS as u64 - 1,
        });
    }
    store.put_blob(content)?;
    manifest.layers.push(layer);
    let config = config(&manifest.layers)?;
    manifest.config = Descriptor {
        media_type: CONFIG_TYPE.to_owned(),
        digest: store.put_blob(&config)?.to_string(),
        size: config.len() as u64,
        ..Descriptor::default()
    };
    manifest.media_type = MANIFEST_TYPE.to_owned();
    Ok(store.put_manifest(Some(&tag), MANIFEST_TYPE, &manifest.to_bytes()?)?)
}

/// The configuration of an image without a platform, whose layers are not compressed.
fn config(layers: &[Descriptor]) -> Result<Vec<u8>, Error> {
    let diff_ids: Vec<&str> = layers.iter().map(|layer| layer.digest.as_str()).collect();
    let config = serde_json::json!({
        "architecture": "",
        "created": "0001-01-01T00:00:00Z",
        "os": "",
        "config": {},
        "history": vec![serde_json::json!({ "created": "0001-01-01T00:00:00Z" }); layers.len()],
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    serde_json::to_vec(&config).map_err(|cause| {
        Error::Manifest(seaworthy_oci::Error::Json {
            what: "configuration",
            cause,
        })
    })
}
