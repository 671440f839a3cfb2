//! What may be a signature or an attestation of a subject, found in both formats.

use std::collections::BTreeMap;
use std::io::Read;

use seaworthy_attest::{BUNDLE_PREFIX, DSSE_TYPE, SIMPLE_SIGNING_TYPE};
use seaworthy_oci::{
    ArtifactManifest, ArtifactStore, Descriptor, Digest, StoreError, StoreErrorKind, StoredManifest,
};

use crate::legacy::{Kind, tag};
use crate::{Error, MAX_BLOB, MAX_FETCHED, MAX_REFERRERS, Rejected};

/// Annotation of a bundle's manifest: the type of its predicate.
pub(crate) const PREDICATE_TYPE: &str = "dev.sigstore.bundle.predicateType";
/// Annotation of a layer of the old format: the type of its predicate.
pub(crate) const LAYER_PREDICATE_TYPE: &str = "predicateType";
/// Annotation of a bundle's manifest: what it holds.
pub(crate) const CONTENT: &str = "dev.sigstore.bundle.content";
/// Annotation: when it was made.
pub(crate) const CREATED: &str = "org.opencontainers.image.created";
/// Artifact types that cosign 2 gives what it keeps as referrers in the old format.
const LEGACY_REFERRERS: &str = "application/vnd.dev.cosign.artifact.";

/// How a signature or an attestation is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignatureFormat {
    /// A Sigstore bundle that refers to its subject (cosign 3).
    #[default]
    Bundle,
    /// A layer of the manifest under a tag made of the subject's digest (cosign 1 and 2).
    Legacy,
}

/// A blob that may be a signature or an attestation.
#[derive(Debug)]
pub(crate) struct Candidate {
    /// The manifest that holds it.
    pub(crate) manifest: Digest,
    /// The manifest's annotations.
    pub(crate) manifest_annotations: BTreeMap<String, String>,
    /// The blob.
    pub(crate) layer: Descriptor,
    pub(crate) form: Form,
}

/// What the blob is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Bundle,
    /// A payload of the old format; its signature is an annotation of the layer.
    SimpleSigning,
    /// An envelope of the old format.
    Envelope,
}

impl Candidate {
    pub(crate) fn rejected(&self, reason: impl ToString) -> Rejected {
        Rejected {
            place: self.manifest.to_string(),
            reason: reason.to_string(),
        }
    }
}

/// A store with what was spent on one question.
pub(crate) struct Reader<'a> {
    pub(crate) store: &'a dyn ArtifactStore,
    pub(crate) subject: &'a Digest,
    fetched: u64,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(store: &'a dyn ArtifactStore, subject: &'a Digest) -> Self {
        Self {
            store,
            subject,
            fetched: 0,
        }
    }

    pub(crate) fn too_much(&self, what: String, limit: u64) -> Error {
        Error::TooMuch {
            store: self.store.name().to_owned(),
            subject: self.subject.clone(),
            what,
            limit,
        }
    }

    /// The manifests that refer to the subject and are of a wanted type, sorted by digest, so that
    /// the order of a registry changes no result. Registries may leave the type out.
    pub(crate) fn referrers(
        &self,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<Descriptor>, Error> {
        let mut found = self.store.referrers(self.subject, None)?;
        found.retain(|descriptor| descriptor.artifact_type.as_deref().is_none_or(&wanted));
        found.sort_by(|a, b| a.digest.cmp(&b.digest));
        found.dedup_by(|a, b| a.digest == b.digest);
        if found.len() > MAX_REFERRERS {
            let what = format!("{} referrers", found.len());
            return Err(self.too_much(what, MAX_REFERRERS as u64));
        }
        Ok(found)
    }

    /// The manifest of a descriptor, when it is there, is one and refers to the subject.
    pub(crate) fn referring(
        &self,
        descriptor: &Descriptor,
    ) -> Result<Result<(Digest, ArtifactManifest), String>, Error> {
        let stored = match self.store.manifest(&descriptor.digest) {
            Ok(Some(stored)) => stored,
            Ok(None) => return Ok(Err("its manifest is missing".to_owned())),
            Err(cause) if is_about_one(&cause) => return Ok(Err(cause.message)),
            Err(cause) => return Err(cause.into()),
        };
        let manifest = match ArtifactManifest::parse(&stored.bytes) {
            Ok(manifest) => manifest,
            Err(cause) => return Ok(Err(cause.to_string())),
        };
        let about = manifest.subject.as_ref().and_then(|s| s.digest().ok());
        Ok(if about.as_ref() == Some(self.subject) {
            Ok((stored.digest, manifest))
        } else {
            Err("its manifest refers to another subject".to_owned())
        })
    }

    /// A blob, checked, or why it cannot be had.
    pub(crate) fn blob(&mut self, blob: &Descriptor) -> Result<Result<Vec<u8>, String>, Error> {
        let digest = match blob.digest() {
            Ok(digest) => digest,
            Err(cause) => return Ok(Err(cause.to_string())),
        };
        // Refused one by one: whoever may write to the repository could otherwise hide good ones
        // behind one that is said to be huge.
        if blob.size > MAX_BLOB {
            return Ok(Err(format!(
                "it has {} bytes, more than the limit of {MAX_BLOB}",
                blob.size
            )));
        }
        self.fetched += blob.size;
        if self.fetched > MAX_FETCHED {
            let what = format!("at least {} bytes of signatures or documents", self.fetched);
            return Err(self.too_much(what, MAX_FETCHED));
        }
        let content = match self.store.blob(blob, 0) {
            Ok(content) => content,
            Err(cause) if is_about_one(&cause) => return Ok(Err(cause.message)),
            Err(cause) => return Err(cause.into()),
        };
        let mut bytes = Vec::new();
        if let Err(cause) = content.take(blob.size + 1).read_to_end(&mut bytes) {
            return Ok(Err(format!("its content cannot be read: {cause}")));
        }
        if bytes.len() as u64 != blob.size || !digest.matches(&bytes) {
            return Ok(Err(format!(
                "its content is not {digest} with {} bytes",
                blob.size
            )));
        }
        Ok(Ok(bytes))
    }

    /// What may be signatures, or attestations, those of referrers first, and what could not be
    /// read. What is labelled with a predicate type that is not wanted is left out unread: the label
    /// is not signed, but a wrong one can only hide something, never make it good.
    pub(crate) fn candidates(
        &self,
        kind: Kind,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<(Vec<Candidate>, Vec<Rejected>), Error> {
        let mut found = Vec::new();
        let mut rejected = Vec::new();
        let labelled_otherwise = |annotations: &BTreeMap<String, String>, name: &str| {
            annotations.get(name).is_some_and(|label| !wanted(label))
        };
        for descriptor in self.referrers(may_hold_signatures)? {
            if labelled_otherwise(&descriptor.annotations, PREDICATE_TYPE) {
                continue;
            }
            match self.referring(&descriptor)? {
                // The type and the annotations may have been left out of the list.
                Ok((digest, manifest)) => {
                    if may_hold_signatures(manifest.kind())
                        && !labelled_otherwise(&manifest.annotations, PREDICATE_TYPE)
                    {
                        take_layers(&digest, manifest, &mut found);
                    }
                }
                Err(reason) => rejected.push(Rejected {
                    place: descriptor.digest.clone(),
                    reason,
                }),
            }
        }
        let tag = tag(self.subject, kind);
        if let Some(stored) = self.store.manifest(&tag)? {
            match ArtifactManifest::parse(&stored.bytes) {
                Ok(manifest) => take_layers(&stored.digest, manifest, &mut found),
                Err(cause) => rejected.push(Rejected {
                    place: tag,
                    reason: cause.to_string(),
                }),
            }
        }
        found.retain(|candidate| match (candidate.form, kind) {
            (Form::Bundle, _) | (Form::SimpleSigning, Kind::Signatures) => true,
            (Form::Envelope, Kind::Attestations) => {
                !labelled_otherwise(&candidate.layer.annotations, LAYER_PREDICATE_TYPE)
            }
            _ => false,
        });
        Ok((found, rejected))
    }

    /// The subject itself, where it lies in the same store.
    pub(crate) fn subject(&self) -> Result<Option<StoredManifest>, Error> {
        Ok(self.store.manifest(self.subject.as_str())?)
    }
}

/// Whether the store answers as it should, and what it has is wrong: others may be good.
fn is_about_one(cause: &StoreError) -> bool {
    matches!(cause.kind, StoreErrorKind::Missing | StoreErrorKind::Wrong)
}

fn may_hold_signatures(kind: &str) -> bool {
    kind.starts_with(BUNDLE_PREFIX) || kind.starts_with(LEGACY_REFERRERS)
}

fn take_layers(digest: &Digest, manifest: ArtifactManifest, into: &mut Vec<Candidate>) {
    for layer in manifest.layers {
        let form = match layer.media_type.as_str() {
            SIMPLE_SIGNING_TYPE => Form::SimpleSigning,
            DSSE_TYPE => Form::Envelope,
            other if other.starts_with(BUNDLE_PREFIX) => Form::Bundle,
            _ => continue,
        };
        into.push(Candidate {
            manifest: digest.clone(),
            manifest_annotations: manifest.annotations.clone(),
            layer,
            form,
        });
    }
}
