//! Public keys and the verification of signatures.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::pkcs8::der::asn1::UintRef;
use p256::pkcs8::der::{self, Decode as _, Reader as _, SliceReader};
use p256::pkcs8::spki::SubjectPublicKeyInfoRef;
use p256::pkcs8::{DecodePublicKey as _, EncodePublicKey as _, ObjectIdentifier};
use sha2::{Digest as _, Sha256, Sha512};

use crate::encoding::to_base64;
use crate::{Error, MAX_KEYS, pem};

const WHAT: &str = "public key";
pub(crate) const OID_EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(crate) const OID_P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
pub(crate) const OID_P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
pub(crate) const OID_ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
pub(crate) const OID_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// Moduli in bytes.
const RSA_SIZES: std::ops::RangeInclusive<usize> = 256..=1024;

/// Kinds of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyKind {
    /// ECDSA over P-256 with SHA-256, what cosign makes.
    #[default]
    EcdsaP256,
    /// ECDSA over P-384 with SHA-384.
    EcdsaP384,
    /// Ed25519.
    Ed25519,
    /// RSA with PKCS #1 1.5 padding and SHA-256; new keys have 3072 bits.
    Rsa,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EcdsaP256 => "ECDSA P-256",
            Self::EcdsaP384 => "ECDSA P-384",
            Self::Ed25519 => "Ed25519",
            Self::Rsa => "RSA",
        })
    }
}

/// A key that verifies signatures.
#[derive(Clone)]
pub struct PublicKey {
    inner: Inner,
    /// Subject public key info (RFC 5280, section 4.1.2.7) in its one encoding.
    spki: Vec<u8>,
}

#[derive(Clone)]
enum Inner {
    EcdsaP256(p256::ecdsa::VerifyingKey),
    EcdsaP384(p384::ecdsa::VerifyingKey),
    Ed25519(ed25519_dalek::VerifyingKey),
    /// The library reads it from the encoded form.
    Rsa,
}

impl PublicKey {
    /// The first public key of a PEM file.
    ///
    /// # Errors
    /// When the file is no PEM, holds no public key, or one of an unknown kind.
    pub fn from_pem(text: &[u8]) -> Result<Self, Error> {
        Self::all_from_pem(text)?
            .into_iter()
            .next()
            .ok_or_else(|| no_key("it is empty".to_owned()))
    }

    /// All public keys of a PEM file, at least one: while a key is being replaced, signatures by the
    /// old one and by the new one are good.
    ///
    /// # Errors
    /// When the file is no PEM, or a key in it is not one of the known kinds.
    pub fn all_from_pem(text: &[u8]) -> Result<Vec<Self>, Error> {
        let blocks = pem::read(text)?;
        let keys = blocks.iter().filter(|block| block.label == "PUBLIC KEY");
        let count = keys.clone().count();
        if count > MAX_KEYS {
            return Err(Error::TooMany {
                what: "public keys",
                count,
                limit: MAX_KEYS,
            });
        }
        if count == 0 {
            return Err(no_key(match blocks.first().map(|b| b.label.as_str()) {
                None => "it has no PEM block".to_owned(),
                Some(label) if label.ends_with("PRIVATE KEY") => {
                    "it is a private key; name the file of its public half".to_owned()
                }
                Some("CERTIFICATE") => {
                    "it is a certificate; take its key with `openssl x509 -pubkey -noout`"
                        .to_owned()
                }
                Some(label) => format!("it is a `{}`", shorten(label)),
            }));
        }
        keys.map(|block| Self::from_der(&block.content)).collect()
    }

    /// A key from its subject public key info.
    ///
    /// # Errors
    /// When the bytes are no such structure, or the key is not of a known kind.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let wrong = |cause: &dyn ToString| Error::invalid(WHAT, cause.to_string());
        let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|e| wrong(&e))?;
        let curve = || info.algorithm.parameters_oid().map_err(|e| wrong(&e));
        match info.algorithm.oid {
            OID_EC => match curve()? {
                OID_P256 => p256::ecdsa::VerifyingKey::from_public_key_der(der)
                    .map_err(|e| wrong(&e))
                    .and_then(Self::from_p256),
                OID_P384 => p384::ecdsa::VerifyingKey::from_public_key_der(der)
                    .map_err(|e| wrong(&e))
                    .and_then(Self::from_p384),
                other => Err(Error::KeyKind(format!("ECDSA over the curve {other}"))),
            },
            OID_ED25519 => ed25519_dalek::VerifyingKey::from_public_key_der(der)
                .map_err(|e| wrong(&e))
                .and_then(Self::from_ed25519),
            OID_RSA => {
                let key = rsa::PublicKey::from_der(der).map_err(|e| wrong(&e))?;
                Self::from_rsa(&key)
            }
            other => Err(Error::KeyKind(format!("of the kind {other}"))),
        }
    }

    pub(crate) fn from_p256(key: p256::ecdsa::VerifyingKey) -> Result<Self, Error> {
        let spki = key
            .to_public_key_der()
            .map_err(|e| Error::invalid(WHAT, e))?;
        Ok(Self {
            inner: Inner::EcdsaP256(key),
            spki: spki.into_vec(),
        })
    }

    pub(crate) fn from_p384(key: p384::ecdsa::VerifyingKey) -> Result<Self, Error> {
        let spki = key
            .to_public_key_der()
            .map_err(|e| Error::invalid(WHAT, e))?;
        Ok(Self {
            inner: Inner::EcdsaP384(key),
            spki: spki.into_vec(),
        })
    }

    pub(crate) fn from_ed25519(key: ed25519_dalek::VerifyingKey) -> Result<Self, Error> {
        let spki = key
            .to_public_key_der()
            .map_err(|e| Error::invalid(WHAT, e))?;
        Ok(Self {
            inner: Inner::Ed25519(key),
            spki: spki.into_vec(),
        })
    }

    pub(crate) fn from_rsa(key: &rsa::PublicKey) -> Result<Self, Error> {
        let der: PublicKeyX509Der<'_> = key.as_der().map_err(|e| Error::invalid(WHAT, e))?;
        let size = modulus_len(der.as_ref())?;
        if !RSA_SIZES.contains(&size) {
            return Err(Error::KeyKind(format!("RSA with {} bits", size * 8)));
        }
        Ok(Self {
            inner: Inner::Rsa,
            spki: der.as_ref().to_vec(),
        })
    }

    /// Its subject public key info.
    #[must_use]
    pub fn to_der(&self) -> &[u8] {
        &self.spki
    }

    /// Its subject public key info as PEM, the content of a `cosign.pub`.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::write("PUBLIC KEY", &self.spki).to_string()
    }

    /// What names it in bundles and messages: base64 of the SHA-256 of [`PublicKey::to_der`].
    #[must_use]
    pub fn hint(&self) -> String {
        to_base64(&Sha256::digest(&self.spki))
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        match self.inner {
            Inner::EcdsaP256(_) => KeyKind::EcdsaP256,
            Inner::EcdsaP384(_) => KeyKind::EcdsaP384,
            Inner::Ed25519(_) => KeyKind::Ed25519,
            Inner::Rsa => KeyKind::Rsa,
        }
    }

    /// Verifies a signature over a message. For P-384 both SHA-384 and SHA-256 (cosign 1 and 2) are
    /// tried, for Ed25519 both the pure and the prehashed variant (cosign 3).
    ///
    /// # Errors
    /// [`Error::Mismatch`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let good = match &self.inner {
            Inner::EcdsaP256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Inner::EcdsaP384(key) => {
                p384::ecdsa::Signature::from_der(signature).is_ok_and(|signature| {
                    key.verify(message, &signature).is_ok()
                        || key
                            .verify_prehash(&Sha256::digest(message), &signature)
                            .is_ok()
                })
            }
            Inner::Ed25519(key) => {
                ed25519_dalek::Signature::from_slice(signature).is_ok_and(|signature| {
                    let hash = || Sha512::new_with_prefix(message);
                    key.verify_strict(message, &signature).is_ok()
                        || key
                            .verify_prehashed_strict(hash(), None, &signature)
                            .is_ok()
                })
            }
            Inner::Rsa => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.spki)
                .verify(message, signature)
                .is_ok(),
        };
        if good {
            Ok(())
        } else {
            Err(Error::Mismatch(self.to_string()))
        }
    }

    /// The first of several keys that verifies a signature over a message.
    ///
    /// # Errors
    /// [`Error::Mismatch`].
    pub fn find<'a>(keys: &'a [Self], message: &[u8], signature: &[u8]) -> Result<&'a Self, Error> {
        keys.iter()
            .find(|key| key.verify(message, signature).is_ok())
            .ok_or_else(|| Self::none_of(keys))
    }

    pub(crate) fn none_of(keys: &[Self]) -> Error {
        Error::Mismatch(match keys {
            [key] => key.to_string(),
            _ => format!("any of the {} keys", keys.len()),
        })
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("kind", &self.kind())
            .field("hint", &self.hint())
            .finish()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} key {}", self.kind(), self.hint())
    }
}

/// Bytes of an RSA key's modulus (RFC 8017, A.1.1), which the library tells in a feature only that
/// brings one more crate.
fn modulus_len(spki: &[u8]) -> Result<usize, Error> {
    let info = SubjectPublicKeyInfoRef::try_from(spki).map_err(|e| Error::invalid(WHAT, e))?;
    SliceReader::new(info.subject_public_key.raw_bytes())
        .and_then(|mut reader| {
            reader.sequence(|fields| {
                let modulus = UintRef::decode(fields)?;
                UintRef::decode(fields)?;
                Ok::<_, der::Error>(modulus.as_bytes().len())
            })
        })
        .map_err(|e| Error::invalid(WHAT, e))
}

fn no_key(found: String) -> Error {
    Error::NoKey {
        wanted: WHAT,
        found,
    }
}

/// Labels come from files, and go into messages.
pub(crate) fn shorten(label: &str) -> String {
    label.chars().take(40).collect()
}
