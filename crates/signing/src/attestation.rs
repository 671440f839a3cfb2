//! Attestations: signed statements about a manifest or an index that are no signatures.

use seaworthy_attest::{
    Bundle, BundleContent, DSSE_TYPE, Envelope, IN_TOTO_TYPE, Material, PrivateKey, PublicKey,
    Statement, Subject, predicate,
};
use seaworthy_oci::{ArtifactStore, Digest, StoredManifest};

use crate::candidate::{CREATED, Candidate, Form, LAYER_PREDICATE_TYPE, Reader};
use crate::legacy::{self, CERTIFICATE, Kind, SIGNATURE};
use crate::sign::{put_bundle, subject_of};
use crate::verify::read_statement;
use crate::{Error, Rejected, SignatureFormat};

/// A statement about the subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// How it is kept.
    pub format: SignatureFormat,
    /// The manifest that holds it.
    pub manifest: Digest,
    /// What kind of thing it says; see [`seaworthy_attest::predicate`].
    pub predicate_type: String,
    /// What it says: JSON.
    pub predicate: Vec<u8>,
    /// Who said it.
    pub signer: Signer,
    /// When it was made, as its manifest tells; not signed.
    pub created: Option<String>,
}

/// Who signed an attestation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// The holder of a key that was given, by its hint ([`PublicKey::hint`]).
    Key(String),
    /// Nobody knows: no key was given to verify with.
    Unchecked {
        /// Whether a certificate would have to be verified instead of a key.
        keyless: bool,
    },
}

/// The attestations of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attestations {
    /// Those that are accepted.
    pub found: Vec<Attestation>,
    /// Those that are not, with the reasons.
    pub rejected: Vec<Rejected>,
}

/// Signs a statement about a manifest or an index, and keeps it in the store. `predicate` is JSON;
/// `identity` and `now` are as in [`crate::sign`]. Gives the digest of the manifest that holds it.
///
/// Attesting the same again changes nothing; another predicate of the same type is kept beside.
///
/// # Errors
/// When the predicate is not JSON or too large, the key refuses, or the store does.
#[expect(
    clippy::too_many_arguments,
    reason = "who says what of which, where, when and how"
)]
pub fn attest(
    store: &dyn ArtifactStore,
    subject: &StoredManifest,
    identity: &str,
    key: &PrivateKey,
    format: SignatureFormat,
    now: &str,
    predicate_type: &str,
    predicate: &[u8],
) -> Result<Digest, Error> {
    let about = Subject {
        name: identity.to_owned(),
        ..subject_of(&subject.digest)
    };
    let statement = Statement::about(about, predicate_type, predicate.to_vec());
    match format {
        SignatureFormat::Bundle => put_bundle(store, subject, &statement, key, now),
        SignatureFormat::Legacy => {
            let envelope = Envelope::sign(IN_TOTO_TYPE, statement.to_bytes()?, key)?;
            legacy::append(
                store,
                &subject.digest,
                Kind::Attestations,
                DSSE_TYPE,
                &envelope.to_bytes()?,
                [
                    // The signature is in the envelope, and cosign wants the annotation all the same.
                    (SIGNATURE.to_owned(), String::new()),
                    (LAYER_PREDICATE_TYPE.to_owned(), predicate_type.to_owned()),
                ]
                .into(),
            )
        }
    }
}

/// The attestations of a manifest or an index, of one predicate type ([`predicate::is`]) or of all
/// but signatures, in both formats. With keys, those that one of them signed; without, all that name
/// the subject, whose signer is then [`Signer::Unchecked`].
///
/// # Errors
/// [`Error::TooMuch`] when there are too many to look at all, and what the store says. That there is
/// none is no error.
pub fn attestations(
    store: &dyn ArtifactStore,
    subject: &Digest,
    predicate_type: Option<&str>,
    keys: Option<&[PublicKey]>,
) -> Result<Attestations, Error> {
    let wanted = |found: &str| match predicate_type {
        Some(wanted) => predicate::is(found, wanted),
        None => found != predicate::COSIGN_SIGN,
    };
    let mut reader = Reader::new(store, subject);
    let (candidates, rejected) = reader.candidates(Kind::Attestations, wanted)?;
    let mut result = Attestations {
        found: Vec::new(),
        rejected,
    };
    for candidate in candidates {
        let read = match reader.blob(&candidate.layer)? {
            Ok(bytes) => read(&candidate, &bytes, subject, keys).map_err(|e| e.to_string()),
            Err(reason) => Err(reason),
        };
        match read {
            Ok(Some(attestation)) if wanted(&attestation.predicate_type) => {
                result.found.push(attestation);
            }
            Ok(_) => {}
            Err(reason) => result.rejected.push(candidate.rejected(reason)),
        }
    }
    Ok(result)
}

/// An attestation from its blob; none when the blob is a signature over bytes.
fn read(
    candidate: &Candidate,
    bytes: &[u8],
    subject: &Digest,
    keys: Option<&[PublicKey]>,
) -> Result<Option<Attestation>, seaworthy_attest::Error> {
    let (envelope, format, keyless) = if candidate.form == Form::Bundle {
        let bundle = Bundle::parse(bytes)?;
        let keyless = matches!(bundle.material, Material::Certificate(_));
        match bundle.content {
            BundleContent::Envelope(envelope) => (envelope, SignatureFormat::Bundle, keyless),
            BundleContent::Message(_) => return Ok(None),
        }
    } else {
        let keyless = candidate.layer.annotations.contains_key(CERTIFICATE);
        (Envelope::parse(bytes)?, SignatureFormat::Legacy, keyless)
    };
    let signer = match keys {
        None => Signer::Unchecked { keyless },
        Some(_) if keyless => return Err(seaworthy_attest::Error::Keyless),
        Some(keys) => Signer::Key(envelope.verify(keys)?.hint()),
    };
    let statement = read_statement(&envelope)?;
    if statement
        .subject(subject.algorithm(), subject.hex())
        .is_none()
    {
        return Err(seaworthy_attest::Error::Invalid {
            what: "statement",
            why: "it is about other digests than this one".to_owned(),
        });
    }
    Ok(Some(Attestation {
        format,
        manifest: candidate.manifest.clone(),
        predicate_type: statement.predicate_type,
        predicate: statement.predicate,
        signer,
        created: candidate.manifest_annotations.get(CREATED).cloned(),
    }))
}
