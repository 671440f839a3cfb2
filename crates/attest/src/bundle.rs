//! Sigstore bundles (sigstore/protobuf-specs, `sigstore_bundle.proto`): a signature with what is
//! needed to verify it. Written in version 0.3 for signatures by keys; 0.1 to 0.3 are read.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::encoding::{from_base64, to_base64};
use crate::envelope::EnvelopeFile;
use crate::{Envelope, Error, MAX_DOCUMENT, PublicKey, check_size};

/// Media type of a bundle of version 0.3.
pub const BUNDLE_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// What the media types of all versions begin with.
pub const BUNDLE_PREFIX: &str = "application/vnd.dev.sigstore.bundle";
const KNOWN: [&str; 4] = [
    BUNDLE_TYPE,
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
];
const WHAT: &str = "bundle";

/// A signature and the material that verifies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Who signed.
    pub material: Material,
    /// What was signed.
    pub content: BundleContent,
}

/// Who signed a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Material {
    /// The holder of a key; the hint names it and proves nothing.
    PublicKey {
        /// See [`PublicKey::hint`]; other writers put other texts here.
        hint: String,
    },
    /// The holder of a certificate (keyless): DER of the leaf.
    Certificate(Vec<u8>),
}

/// What a bundle's signature is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BundleContent {
    /// The payload of an envelope, one signature.
    Envelope(Envelope),
    /// Content that lies elsewhere.
    Message(MessageSignature),
}

/// A signature over content that is not in the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageSignature {
    /// The digest of the content as the signer tells it, not signed; empty when not told.
    pub digest: Vec<u8>,
    /// The signature over the content.
    pub signature: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(alias = "media_type")]
    media_type: String,
    #[serde(alias = "verification_material")]
    verification_material: MaterialFile,
    #[serde(
        default,
        alias = "dsse_envelope",
        skip_serializing_if = "Option::is_none"
    )]
    dsse_envelope: Option<EnvelopeFile>,
    #[serde(
        default,
        alias = "message_signature",
        skip_serializing_if = "Option::is_none"
    )]
    message_signature: Option<MessageFile>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct MaterialFile {
    #[serde(default, alias = "public_key", skip_serializing_if = "Option::is_none")]
    public_key: Option<KeyFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<CertificateFile>,
    #[serde(
        default,
        alias = "x509_certificate_chain",
        skip_serializing_if = "Option::is_none"
    )]
    x509_certificate_chain: Option<ChainFile>,
}

#[derive(Serialize, Deserialize)]
struct KeyFile {
    #[serde(default)]
    hint: String,
}

#[derive(Serialize, Deserialize)]
struct CertificateFile {
    #[serde(rename = "rawBytes", alias = "raw_bytes")]
    raw_bytes: String,
}

#[derive(Serialize, Deserialize)]
struct ChainFile {
    certificates: Vec<CertificateFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageFile {
    #[serde(
        default,
        alias = "message_digest",
        skip_serializing_if = "Option::is_none"
    )]
    message_digest: Option<DigestFile>,
    signature: String,
}

#[derive(Serialize, Deserialize)]
struct DigestFile {
    #[serde(default)]
    algorithm: Option<Box<RawValue>>,
    digest: String,
}

impl Bundle {
    /// A bundle around an envelope that was signed with a key.
    #[must_use]
    pub fn of_key(envelope: Envelope, key: &PublicKey) -> Self {
        Self {
            material: Material::PublicKey { hint: key.hint() },
            content: BundleContent::Envelope(envelope),
        }
    }

    /// Reads a bundle. Entries of transparency logs and time stamps are passed over: keys need none.
    ///
    /// # Errors
    /// When it is too large, has another shape or version, or not exactly one content, signer and
    /// signature.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        check_size(WHAT, bytes.len(), MAX_DOCUMENT)?;
        let file: File = serde_json::from_slice(bytes).map_err(|e| Error::invalid(WHAT, e))?;
        if !KNOWN.contains(&file.media_type.as_str()) {
            return Err(Error::invalid(
                WHAT,
                "its `mediaType` is not that of a Sigstore bundle of version 0.1 to 0.3",
            ));
        }
        let content = match (file.dsse_envelope, file.message_signature) {
            (Some(envelope), None) => BundleContent::Envelope(one_signature(envelope)?),
            (None, Some(message)) => BundleContent::Message(MessageSignature {
                digest: match message.message_digest {
                    Some(digest) => from_base64(WHAT, &digest.digest)?,
                    None => Vec::new(),
                },
                signature: from_base64(WHAT, &message.signature)?,
            }),
            _ => {
                return Err(Error::invalid(
                    WHAT,
                    "it holds not exactly one of `dsseEnvelope` and `messageSignature`",
                ));
            }
        };
        Ok(Self {
            material: file.verification_material.read()?,
            content,
        })
    }

    /// Its bytes in version 0.3, equal for equal content.
    ///
    /// # Errors
    /// [`Error::Invalid`]; cannot happen for values of this type.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let mut file = File {
            media_type: BUNDLE_TYPE.to_owned(),
            verification_material: MaterialFile::default(),
            dsse_envelope: None,
            message_signature: None,
        };
        match &self.material {
            Material::PublicKey { hint } => {
                file.verification_material.public_key = Some(KeyFile { hint: hint.clone() });
            }
            Material::Certificate(der) => {
                file.verification_material.certificate = Some(CertificateFile {
                    raw_bytes: to_base64(der),
                });
            }
        }
        match &self.content {
            BundleContent::Envelope(envelope) => file.dsse_envelope = Some(envelope.to_file()),
            BundleContent::Message(message) => {
                let wrong = |e| Error::invalid(WHAT, e);
                file.message_signature = Some(MessageFile {
                    message_digest: match message.digest.len() {
                        // The only algorithm that such bundles of images have.
                        32 => Some(DigestFile {
                            algorithm: Some(
                                serde_json::value::to_raw_value("SHA2_256").map_err(wrong)?,
                            ),
                            digest: to_base64(&message.digest),
                        }),
                        _ => None,
                    },
                    signature: to_base64(&message.signature),
                });
            }
        }
        serde_json::to_vec(&file).map_err(|e| Error::invalid(WHAT, e))
    }

    /// The key that signed. `artifact` is the content that a message signature is over; envelopes
    /// carry their own, so that what they say is to be compared afterwards.
    ///
    /// # Errors
    /// When the bundle is keyless, or its signature is not by one of the keys.
    pub fn verify<'a>(
        &self,
        keys: &'a [PublicKey],
        artifact: &[u8],
    ) -> Result<&'a PublicKey, Error> {
        if matches!(self.material, Material::Certificate(_)) {
            return Err(Error::Keyless);
        }
        match &self.content {
            BundleContent::Envelope(envelope) => envelope.verify(keys),
            BundleContent::Message(message) => PublicKey::find(keys, artifact, &message.signature),
        }
    }
}

/// A bundle's envelope has one signature, whatever DSSE allows.
fn one_signature(file: EnvelopeFile) -> Result<Envelope, Error> {
    let envelope = Envelope::from_file(file)?;
    match envelope.signatures.len() {
        0 => Err(Error::Unsigned),
        1 => Ok(envelope),
        count => Err(Error::TooMany {
            what: "signatures of the bundle",
            count,
            limit: 1,
        }),
    }
}

impl MaterialFile {
    fn read(self) -> Result<Material, Error> {
        let leaf = |certificate: &CertificateFile| from_base64(WHAT, &certificate.raw_bytes);
        match (
            self.public_key,
            self.certificate,
            self.x509_certificate_chain,
        ) {
            (Some(key), None, None) => Ok(Material::PublicKey { hint: key.hint }),
            (None, Some(certificate), None) => Ok(Material::Certificate(leaf(&certificate)?)),
            (None, None, Some(chain)) => match chain.certificates.first() {
                Some(certificate) => Ok(Material::Certificate(leaf(certificate)?)),
                None => Err(Error::invalid(WHAT, "its chain of certificates is empty")),
            },
            _ => Err(Error::invalid(
                WHAT,
                "it names not exactly one of `publicKey` and `certificate` as its signer",
            )),
        }
    }
}
