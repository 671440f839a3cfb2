//! Documents that are attached to a manifest or an index without a signature of their own: bills of
//! materials, VEX, reports.

use std::collections::BTreeMap;

use seaworthy_oci::{ArtifactManifest, ArtifactStore, Digest, StoredManifest};

use crate::candidate::{CREATED, Reader};
use crate::legacy::{Kind, tag};
use crate::sign::put_referrer;
use crate::{Error, Rejected};

/// An attached document. Whoever may write to the repository may have put it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is, as its manifest tells.
    pub artifact_type: String,
    /// The media type of its bytes.
    pub media_type: String,
    /// The manifest that holds it.
    pub manifest: Digest,
    /// The manifest's annotations.
    pub annotations: BTreeMap<String, String>,
    /// Its bytes; their digest is checked.
    pub bytes: Vec<u8>,
}

/// The attached documents of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Documents {
    /// Those that could be read.
    pub found: Vec<Document>,
    /// Those that could not, with the reasons.
    pub rejected: Vec<Rejected>,
}

/// Attaches a document to a manifest or an index as a referrer; `now` is as in [`crate::sign`].
/// Attaching the same again changes nothing. Gives the digest of the manifest that holds it.
///
/// # Errors
/// When the store refuses.
pub fn attach(
    store: &dyn ArtifactStore,
    subject: &StoredManifest,
    artifact_type: &str,
    media_type: &str,
    content: &[u8],
    now: &str,
) -> Result<Digest, Error> {
    let annotations = [(CREATED.to_owned(), now.to_owned())].into();
    put_referrer(
        store,
        subject,
        artifact_type,
        media_type,
        content,
        annotations,
    )
}

/// The documents of some types that are attached to a manifest or an index: as referrers of one of
/// the artifact types, or under cosign's tag for bills of materials (`attach sbom`) with one of them
/// as the media type.
///
/// # Errors
/// [`Error::TooMuch`] when there are too many to look at all, and what the store says. That there is
/// none is no error.
pub fn referrer_documents(
    store: &dyn ArtifactStore,
    subject: &Digest,
    artifact_types: &[&str],
) -> Result<Documents, Error> {
    let mut reader = Reader::new(store, subject);
    let mut result = Documents::default();
    for descriptor in reader.referrers(|kind| artifact_types.contains(&kind))? {
        match reader.referring(&descriptor)? {
            Ok((digest, manifest)) => {
                if artifact_types.contains(&manifest.kind()) {
                    take(&mut reader, &digest, &manifest, |_| true, &mut result)?;
                }
            }
            Err(reason) => result.rejected.push(Rejected {
                place: descriptor.digest.clone(),
                reason,
            }),
        }
    }
    let tag = tag(subject, Kind::Documents);
    if let Some(stored) = store.manifest(&tag)? {
        match ArtifactManifest::parse(&stored.bytes) {
            Ok(manifest) => {
                let wanted = |kind: &str| artifact_types.contains(&kind);
                take(&mut reader, &stored.digest, &manifest, wanted, &mut result)?;
            }
            Err(cause) => result.rejected.push(Rejected {
                place: tag,
                reason: cause.to_string(),
            }),
        }
    }
    Ok(result)
}

fn take(
    reader: &mut Reader<'_>,
    digest: &Digest,
    manifest: &ArtifactManifest,
    wanted: impl Fn(&str) -> bool,
    into: &mut Documents,
) -> Result<(), Error> {
    for layer in &manifest.layers {
        if !wanted(&layer.media_type) {
            continue;
        }
        match reader.blob(layer)? {
            Ok(bytes) => into.found.push(Document {
                artifact_type: manifest.kind().to_owned(),
                media_type: layer.media_type.clone(),
                manifest: digest.clone(),
                annotations: manifest.annotations.clone(),
                bytes,
            }),
            Err(reason) => into.rejected.push(Rejected {
                place: digest.to_string(),
                reason,
            }),
        }
    }
    Ok(())
}
