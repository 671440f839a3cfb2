//! DSSE envelopes (secure-systems-lab/dsse, version 1.0.2).

use serde::{Deserialize, Serialize};

use crate::encoding::{from_base64, to_base64};
use crate::{Error, MAX_DOCUMENT, MAX_SIGNATURES, PrivateKey, PublicKey, check_size};

/// Media type of an envelope.
pub const DSSE_TYPE: &str = "application/vnd.dsse.envelope.v1+json";
/// Payload type of in-toto statements.
pub const IN_TOTO_TYPE: &str = "application/vnd.in-toto+json";
const WHAT: &str = "envelope";

/// A payload and signatures over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What the payload is; signed together with it.
    pub payload_type: String,
    /// The payload; not to be trusted before [`Envelope::verify`].
    pub payload: Vec<u8>,
    /// Signatures, at most [`MAX_SIGNATURES`].
    pub signatures: Vec<EnvelopeSignature>,
}

/// A signature of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// A hint for readers, not signed; mostly empty.
    pub keyid: String,
    /// The signature over [`pae`].
    pub signature: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct EnvelopeFile {
    payload: String,
    #[serde(rename = "payloadType", alias = "payload_type")]
    payload_type: String,
    #[serde(default)]
    signatures: Vec<SignatureFile>,
}

#[derive(Serialize, Deserialize)]
struct SignatureFile {
    sig: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keyid: Option<String>,
}

/// The bytes that are signed: `DSSEv1 LENGTH TYPE LENGTH BODY`, lengths in bytes (DSSE
/// protocol.md, "Signature Definition").
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    )
    .into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

impl Envelope {
    /// Signs a payload.
    ///
    /// # Errors
    /// When the payload is too large, or the key refuses.
    pub fn sign(payload_type: &str, payload: Vec<u8>, key: &PrivateKey) -> Result<Self, Error> {
        // What is written here has to be readable again: base64 makes four bytes of three.
        check_size("payload", payload.len(), MAX_DOCUMENT / 4 * 3 - 4096)?;
        let signature = key.sign(&pae(payload_type, &payload))?;
        Ok(Self {
            payload_type: payload_type.to_owned(),
            payload,
            signatures: vec![EnvelopeSignature {
                keyid: String::new(),
                signature,
            }],
        })
    }

    /// Reads an envelope.
    ///
    /// # Errors
    /// When it is too large, has another shape, or too many signatures.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        check_size(WHAT, bytes.len(), MAX_DOCUMENT)?;
        let file: EnvelopeFile =
            serde_json::from_slice(bytes).map_err(|e| Error::invalid(WHAT, e))?;
        Self::from_file(file)
    }

    pub(crate) fn from_file(file: EnvelopeFile) -> Result<Self, Error> {
        if file.signatures.len() > MAX_SIGNATURES {
            return Err(Error::TooMany {
                what: "signatures of the envelope",
                count: file.signatures.len(),
                limit: MAX_SIGNATURES,
            });
        }
        let signatures = file.signatures.into_iter();
        Ok(Self {
            payload_type: file.payload_type,
            payload: from_base64(WHAT, &file.payload)?,
            signatures: signatures
                .map(|signature| {
                    Ok(EnvelopeSignature {
                        keyid: signature.keyid.unwrap_or_default(),
                        signature: from_base64(WHAT, &signature.sig)?,
                    })
                })
                .collect::<Result<_, Error>>()?,
        })
    }

    pub(crate) fn to_file(&self) -> EnvelopeFile {
        let signatures = self.signatures.iter();
        EnvelopeFile {
            payload: to_base64(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: signatures
                .map(|signature| SignatureFile {
                    sig: to_base64(&signature.signature),
                    keyid: (!signature.keyid.is_empty()).then(|| signature.keyid.clone()),
                })
                .collect(),
        }
    }

    /// Its bytes, equal for equal content.
    ///
    /// # Errors
    /// [`Error::Invalid`]; cannot happen for values of this type.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(&self.to_file()).map_err(|e| Error::invalid(WHAT, e))
    }

    /// The key that one of the signatures is by.
    ///
    /// # Errors
    /// When there is no signature, or none is by one of the keys.
    pub fn verify<'a>(&self, keys: &'a [PublicKey]) -> Result<&'a PublicKey, Error> {
        if self.signatures.is_empty() {
            return Err(Error::Unsigned);
        }
        let signed = pae(&self.payload_type, &self.payload);
        let mut signatures = self.signatures.iter();
        signatures
            .find_map(|s| PublicKey::find(keys, &signed, &s.signature).ok())
            .ok_or_else(|| PublicKey::none_of(keys))
    }
}
