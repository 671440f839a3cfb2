//! Verifying signatures.

use std::collections::BTreeMap;

use seaworthy_attest::{
    Bundle, BundleContent, Envelope, IN_TOTO_TYPE, PublicKey, SimpleSigning, Statement,
    from_base64, predicate,
};
use seaworthy_oci::{ArtifactStore, Digest};

use crate::candidate::{CREATED, Candidate, Form, Reader};
use crate::legacy::{CERTIFICATE, Kind, SIGNATURE};
use crate::{Error, SignatureFormat};

/// A signature that is by one of the keys and names the subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedSignature {
    /// How it is kept.
    pub format: SignatureFormat,
    /// The manifest that holds it.
    pub manifest: Digest,
    /// The hint of the key ([`PublicKey::hint`]).
    pub key: String,
    /// The name under which the signer knew the subject; signed, but nothing else checked.
    pub identity: Option<String>,
    /// The signer's annotations; signed.
    pub annotations: BTreeMap<String, String>,
    /// When it was made, as its manifest tells; not signed.
    pub created: Option<String>,
}

/// The good signatures of a manifest or an index, in both formats: those that one of the keys made
/// and whose payload names the subject's digest.
///
/// # Errors
/// [`Error::Unsigned`] when there is no signature at all, [`Error::NoneVerifies`] with all reasons
/// when none is good, [`Error::TooMuch`] when there are too many to look at all, and what the store
/// says.
pub fn verify(
    store: &dyn ArtifactStore,
    subject: &Digest,
    keys: &[PublicKey],
) -> Result<Vec<VerifiedSignature>, Error> {
    if keys.is_empty() {
        return Err(Error::NoKeys);
    }
    let mut reader = Reader::new(store, subject);
    let (candidates, mut rejected) =
        reader.candidates(Kind::Signatures, |label| label == predicate::COSIGN_SIGN)?;
    let mut verified = Vec::new();
    for candidate in candidates {
        let bytes = match reader.blob(&candidate.layer)? {
            Ok(bytes) => bytes,
            Err(reason) => {
                rejected.push(candidate.rejected(reason));
                continue;
            }
        };
        let outcome = match candidate.form {
            Form::SimpleSigning => verify_simple(&candidate, &bytes, subject, keys),
            Form::Bundle => verify_bundle(&reader, &candidate, &bytes, subject, keys)?,
            Form::Envelope => continue,
        };
        match outcome {
            Ok(signature) => verified.push(signature),
            Err(Refusal::AnotherThing) => {}
            Err(Refusal::Reason(reason)) => rejected.push(candidate.rejected(reason)),
        }
    }
    if !verified.is_empty() {
        return Ok(verified);
    }
    let store = store.name().to_owned();
    let subject = subject.clone();
    Err(if rejected.is_empty() {
        Error::Unsigned { store, subject }
    } else {
        Error::NoneVerifies {
            store,
            subject,
            rejected,
        }
    })
}

/// Why a candidate is no good signature.
enum Refusal {
    /// It is none: an attestation.
    AnotherThing,
    Reason(String),
}

impl<E: std::error::Error> From<E> for Refusal {
    fn from(cause: E) -> Self {
        Self::Reason(cause.to_string())
    }
}

fn verify_simple(
    candidate: &Candidate,
    payload: &[u8],
    subject: &Digest,
    keys: &[PublicKey],
) -> Result<VerifiedSignature, Refusal> {
    let annotations = &candidate.layer.annotations;
    let Some(signature) = annotations.get(SIGNATURE) else {
        return Err(Refusal::Reason(format!(
            "its layer has no annotation `{SIGNATURE}`"
        )));
    };
    let signature = from_base64("signature", signature)?;
    // A certificate does no harm where a key verifies: its owner has one for that key.
    let key = PublicKey::find(keys, payload, &signature).map_err(|cause| {
        if annotations.contains_key(CERTIFICATE) {
            seaworthy_attest::Error::Keyless
        } else {
            cause
        }
    })?;
    let payload = SimpleSigning::parse(payload)?;
    if payload.digest != subject.as_str() {
        return Err(names_another(&payload.digest));
    }
    Ok(VerifiedSignature {
        format: SignatureFormat::Legacy,
        manifest: candidate.manifest.clone(),
        key: key.hint(),
        identity: Some(payload.identity),
        annotations: payload.annotations,
        created: None,
    })
}

fn verify_bundle(
    reader: &Reader<'_>,
    candidate: &Candidate,
    bytes: &[u8],
    subject: &Digest,
    keys: &[PublicKey],
) -> Result<Result<VerifiedSignature, Refusal>, Error> {
    let bundle = match Bundle::parse(bytes) {
        Ok(bundle) => bundle,
        Err(cause) => return Ok(Err(cause.into())),
    };
    let artifact = match &bundle.content {
        BundleContent::Envelope(_) => Vec::new(),
        BundleContent::Message(_) => match reader.subject()? {
            Some(stored) => stored.bytes,
            None => {
                return Ok(Err(Refusal::Reason(
                    "it is over the subject's bytes, which are not in the same store".to_owned(),
                )));
            }
        },
    };
    Ok(check_bundle(candidate, &bundle, &artifact, subject, keys))
}

fn check_bundle(
    candidate: &Candidate,
    bundle: &Bundle,
    artifact: &[u8],
    subject: &Digest,
    keys: &[PublicKey],
) -> Result<VerifiedSignature, Refusal> {
    let mut signature = VerifiedSignature {
        format: SignatureFormat::Bundle,
        manifest: candidate.manifest.clone(),
        key: String::new(),
        identity: None,
        annotations: BTreeMap::new(),
        created: candidate.manifest_annotations.get(CREATED).cloned(),
    };
    if let BundleContent::Envelope(envelope) = &bundle.content {
        let statement = read_statement(envelope)?;
        if statement.predicate_type != predicate::COSIGN_SIGN {
            return Err(Refusal::AnotherThing);
        }
        let about = statement
            .subject(subject.algorithm(), subject.hex())
            .ok_or_else(|| names_another("other digests"))?;
        signature.identity = Some(about.name.clone()).filter(|name| !name.is_empty());
        signature.annotations = about.annotations.clone();
    }
    signature.key = bundle.verify(keys, artifact)?.hint();
    Ok(signature)
}

/// The statement of an envelope, not yet verified.
pub(crate) fn read_statement(envelope: &Envelope) -> Result<Statement, seaworthy_attest::Error> {
    if envelope.payload_type != IN_TOTO_TYPE {
        return Err(seaworthy_attest::Error::Invalid {
            what: "envelope",
            why: format!("its payload is not `{IN_TOTO_TYPE}`"),
        });
    }
    Statement::parse(&envelope.payload)
}

fn names_another(found: &str) -> Refusal {
    let found: String = found.chars().take(100).collect();
    Refusal::Reason(format!("it is a signature of {found}, not of this digest"))
}
