//! Signing.

use std::collections::BTreeMap;

use seaworthy_attest::{
    BUNDLE_TYPE, Bundle, Envelope, IN_TOTO_TYPE, PrivateKey, SIMPLE_SIGNING_TYPE, SimpleSigning,
    Statement, Subject, predicate, to_base64,
};
use seaworthy_oci::artifact::{EMPTY, MANIFEST_TYPE};
use seaworthy_oci::{ArtifactManifest, ArtifactStore, Descriptor, Digest, StoredManifest};

use crate::candidate::{CONTENT, CREATED, PREDICATE_TYPE, Reader};
use crate::legacy::{self, Kind, SIGNATURE};
use crate::{Error, SignatureFormat};

/// Signs a manifest or an index, and keeps the signature in the store, which need not hold the
/// subject itself. `identity` is the name under which the signer knows it, `REGISTRY/REPOSITORY`;
/// `now` is the time in RFC 3339, in UTC. Gives the digest of the manifest that holds the signature.
///
/// Signing again with the same key and annotations changes nothing. Writers that sign in the old
/// format at the same time may lose one of their signatures: it has one tag for all.
///
/// # Errors
/// When the key refuses or the store does.
pub fn sign(
    store: &dyn ArtifactStore,
    subject: &StoredManifest,
    identity: &str,
    key: &PrivateKey,
    format: SignatureFormat,
    now: &str,
    annotations: &BTreeMap<String, String>,
) -> Result<Digest, Error> {
    match format {
        SignatureFormat::Bundle => {
            // cosign leaves the name out, and keeps the annotations at the subject too.
            let about = Subject {
                name: identity.to_owned(),
                annotations: annotations.clone(),
                ..subject_of(&subject.digest)
            };
            let statement = Statement::about(about, predicate::COSIGN_SIGN, b"{}".to_vec());
            put_bundle(store, subject, &statement, key, now)
        }
        SignatureFormat::Legacy => {
            let payload = SimpleSigning {
                identity: identity.to_owned(),
                digest: subject.digest.to_string(),
                annotations: annotations.clone(),
            }
            .to_bytes()?;
            let signature = key.sign(&payload)?;
            legacy::append(
                store,
                &subject.digest,
                Kind::Signatures,
                SIMPLE_SIGNING_TYPE,
                &payload,
                [(SIGNATURE.to_owned(), to_base64(&signature))].into(),
            )
        }
    }
}

pub(crate) fn subject_of(digest: &Digest) -> Subject {
    Subject {
        digest: [(digest.algorithm().to_owned(), digest.hex().to_owned())].into(),
        ..Subject::default()
    }
}

/// Signs a statement and keeps it as a bundle that refers to the subject.
pub(crate) fn put_bundle(
    store: &dyn ArtifactStore,
    subject: &StoredManifest,
    statement: &Statement,
    key: &PrivateKey,
    now: &str,
) -> Result<Digest, Error> {
    let envelope = Envelope::sign(IN_TOTO_TYPE, statement.to_bytes()?, key)?;
    let bundle = Bundle::of_key(envelope, key.public_key()).to_bytes()?;
    let annotations = [
        (CREATED, now),
        (CONTENT, "dsse-envelope"),
        (PREDICATE_TYPE, &statement.predicate_type),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    put_referrer(
        store,
        subject,
        BUNDLE_TYPE,
        BUNDLE_TYPE,
        &bundle,
        annotations.into(),
    )
}

/// Keeps a blob as an artifact that refers to the subject, unless the same is there already.
pub(crate) fn put_referrer(
    store: &dyn ArtifactStore,
    subject: &StoredManifest,
    artifact_type: &str,
    media_type: &str,
    content: &[u8],
    annotations: BTreeMap<String, String>,
) -> Result<Digest, Error> {
    let mut manifest = ArtifactManifest::new(artifact_type);
    manifest.layers.push(Descriptor {
        media_type: media_type.to_owned(),
        digest: Digest::of(content).to_string(),
        size: content.len() as u64,
        ..Descriptor::default()
    });
    manifest.subject = Some(Descriptor {
        media_type: subject_type(subject),
        digest: subject.digest.to_string(),
        size: subject.bytes.len() as u64,
        ..Descriptor::default()
    });
    manifest.annotations = annotations;
    if let Some(existing) = existing(store, &subject.digest, &manifest)? {
        return Ok(existing);
    }
    store.put_blob(EMPTY)?;
    store.put_blob(content)?;
    Ok(store.put_manifest(None, MANIFEST_TYPE, &manifest.to_bytes()?)?)
}

/// The referrer with the same type and content, whenever it was made.
fn existing(
    store: &dyn ArtifactStore,
    subject: &Digest,
    wanted: &ArtifactManifest,
) -> Result<Option<Digest>, Error> {
    let reader = Reader::new(store, subject);
    for descriptor in reader.referrers(|kind| kind == wanted.kind())? {
        if let Ok((digest, manifest)) = reader.referring(&descriptor)?
            && manifest.kind() == wanted.kind()
            && manifest.layers == wanted.layers
        {
            return Ok(Some(digest));
        }
    }
    Ok(None)
}

/// Stores may not tell a media type; the documents mostly do.
fn subject_type(subject: &StoredManifest) -> String {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Typed {
        #[serde(default)]
        media_type: String,
    }
    if !subject.media_type.is_empty() {
        return subject.media_type.clone();
    }
    serde_json::from_slice::<Typed>(&subject.bytes)
        .ok()
        .map(|typed| typed.media_type)
        .filter(|told| !told.is_empty())
        .unwrap_or_else(|| MANIFEST_TYPE.to_owned())
}
