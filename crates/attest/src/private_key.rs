//! Private keys.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use ed25519_dalek::pkcs8::KeypairBytes;
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::{EncodePrivateKey as _, PrivateKeyInfoRef};
use zeroize::Zeroizing;

use crate::encrypted::{Encrypted, random};
use crate::public_key::{OID_EC, OID_ED25519, OID_P256, OID_P384, OID_RSA, shorten};
use crate::{Error, KeyKind, PublicKey, pem};

const WHAT: &str = "private key";
/// What cosign writes since version 2, and what it wrote before.
const SEALED: [&str; 2] = [
    "ENCRYPTED SIGSTORE PRIVATE KEY",
    "ENCRYPTED COSIGN PRIVATE KEY",
];

/// A key that signs. Its bytes are wiped from memory when it is dropped, and no output shows them.
pub struct PrivateKey {
    inner: Inner,
    public: PublicKey,
}

enum Inner {
    EcdsaP256(p256::SecretKey),
    EcdsaP384(p384::SecretKey),
    Ed25519(ed25519_dalek::SigningKey),
    Rsa(rsa::KeyPair),
}

impl PrivateKey {
    /// A new key from the randomness of the operating system.
    ///
    /// # Errors
    /// When there is none.
    pub fn generate(kind: KeyKind) -> Result<Self, Error> {
        match kind {
            KeyKind::EcdsaP256 => loop {
                let mut bytes = Zeroizing::new([0; 32]);
                random(bytes.as_mut())?;
                // Fails for numbers above the group's order; the next ones are as good.
                if let Ok(key) = p256::SecretKey::from_slice(bytes.as_ref()) {
                    return Self::from_p256(key);
                }
            },
            KeyKind::EcdsaP384 => loop {
                let mut bytes = Zeroizing::new([0; 48]);
                random(bytes.as_mut())?;
                if let Ok(key) = p384::SecretKey::from_slice(bytes.as_ref()) {
                    return Self::from_p384(key);
                }
            },
            KeyKind::Ed25519 => {
                let mut bytes = Zeroizing::new([0; 32]);
                random(bytes.as_mut())?;
                Self::from_ed25519(ed25519_dalek::SigningKey::from_bytes(&bytes))
            }
            KeyKind::Rsa => {
                let key = rsa::KeyPair::generate(rsa::KeySize::Rsa3072)
                    .map_err(|cause| Error::Random(cause.to_string()))?;
                Self::from_rsa(key)
            }
        }
    }

    /// Whether reading the file needs a password, which may be empty.
    #[must_use]
    pub fn needs_password(text: &[u8]) -> bool {
        pem::read(text).is_ok_and(|blocks| {
            blocks
                .iter()
                .find(|block| block.label.ends_with("PRIVATE KEY"))
                .is_some_and(|block| SEALED.contains(&block.label.as_str()))
        })
    }

    /// The first private key of a PEM file: one of cosign's, PKCS #8 (RFC 5958), SEC 1 (RFC 5915) or
    /// PKCS #1. The password matters to the first only.
    ///
    /// # Errors
    /// When the file holds no private key, the password is another, or the key is not of a known
    /// kind.
    pub fn from_pem(text: &[u8], password: &[u8]) -> Result<Self, Error> {
        let blocks = pem::read(text)?;
        let Some(block) = blocks.iter().find(|b| b.label.ends_with("PRIVATE KEY")) else {
            return Err(no_key(match blocks.first().map(|b| b.label.as_str()) {
                None => "it has no PEM block".to_owned(),
                Some("PUBLIC KEY") => "it is a public key".to_owned(),
                Some(label) => format!("it is a `{}`", shorten(label)),
            }));
        };
        match block.label.as_str() {
            label if SEALED.contains(&label) => {
                Self::from_pkcs8(&Encrypted::parse(&block.content)?.open(password)?)
            }
            "PRIVATE KEY" => Self::from_pkcs8(&block.content),
            "EC PRIVATE KEY" | "RSA PRIVATE KEY" if block.headers => Err(no_key(
                "it is encrypted the way of OpenSSL; `openssl pkcs8 -topk8 -nocrypt` opens it"
                    .to_owned(),
            )),
            "EC PRIVATE KEY" => Self::from_sec1(&block.content),
            "RSA PRIVATE KEY" => rsa::KeyPair::from_der(&block.content)
                .map_err(|e| Error::invalid(WHAT, e))
                .and_then(Self::from_rsa),
            "ENCRYPTED PRIVATE KEY" => Err(no_key(
                "it is encrypted by PKCS #5; `openssl pkcs8 -topk8 -nocrypt` opens it".to_owned(),
            )),
            label => Err(no_key(format!(
                "it is a `{}`, which is not read here",
                shorten(label)
            ))),
        }
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        let wrong = |cause: &dyn ToString| Error::invalid(WHAT, cause.to_string());
        let info = PrivateKeyInfoRef::try_from(der).map_err(|e| wrong(&e))?;
        match info.algorithm.oid {
            OID_EC => match info.algorithm.parameters_oid().map_err(|e| wrong(&e))? {
                OID_P256 => p256::SecretKey::try_from(info)
                    .map_err(|e| wrong(&e))
                    .and_then(Self::from_p256),
                OID_P384 => p384::SecretKey::try_from(info)
                    .map_err(|e| wrong(&e))
                    .and_then(Self::from_p384),
                other => Err(Error::KeyKind(format!("ECDSA over the curve {other}"))),
            },
            OID_ED25519 => ed25519_dalek::SigningKey::try_from(info)
                .map_err(|e| wrong(&e))
                .and_then(Self::from_ed25519),
            OID_RSA => rsa::KeyPair::from_pkcs8(der)
                .map_err(|e| wrong(&e))
                .and_then(Self::from_rsa),
            other => Err(Error::KeyKind(format!("of the kind {other}"))),
        }
    }

    /// SEC 1 names its curve inside, so the wrong one refuses it.
    fn from_sec1(der: &[u8]) -> Result<Self, Error> {
        match p256::SecretKey::from_sec1_der(der) {
            Ok(key) => Self::from_p256(key),
            Err(_) => p384::SecretKey::from_sec1_der(der)
                .map_err(|_| Error::KeyKind("ECDSA over an unknown curve, or damaged".to_owned()))
                .and_then(Self::from_p384),
        }
    }

    fn from_p256(key: p256::SecretKey) -> Result<Self, Error> {
        let public = PublicKey::from_p256(key.public_key().into())?;
        Ok(Self {
            inner: Inner::EcdsaP256(key),
            public,
        })
    }

    fn from_p384(key: p384::SecretKey) -> Result<Self, Error> {
        let public = PublicKey::from_p384(key.public_key().into())?;
        Ok(Self {
            inner: Inner::EcdsaP384(key),
            public,
        })
    }

    fn from_ed25519(key: ed25519_dalek::SigningKey) -> Result<Self, Error> {
        let public = PublicKey::from_ed25519(key.verifying_key())?;
        Ok(Self {
            inner: Inner::Ed25519(key),
            public,
        })
    }

    fn from_rsa(key: rsa::KeyPair) -> Result<Self, Error> {
        let public = PublicKey::from_rsa(key.public_key())?;
        Ok(Self {
            inner: Inner::Rsa(key),
            public,
        })
    }

    /// The half that verifies.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message: ECDSA signatures are ASN.1 (RFC 3279, section 2.2.3), the others their plain
    /// bytes. The same message gives the same signature.
    ///
    /// # Errors
    /// [`Error::Sign`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let refused = || Error::Sign(self.public.kind());
        match &self.inner {
            Inner::EcdsaP256(key) => {
                let signature: p256::ecdsa::DerSignature = p256::ecdsa::SigningKey::from(key)
                    .try_sign(message)
                    .map_err(|_| refused())?;
                Ok(signature.as_bytes().to_vec())
            }
            Inner::EcdsaP384(key) => {
                let signature: p384::ecdsa::DerSignature = p384::ecdsa::SigningKey::from(key)
                    .try_sign(message)
                    .map_err(|_| refused())?;
                Ok(signature.as_bytes().to_vec())
            }
            Inner::Ed25519(key) => {
                let signature = key.try_sign(message).map_err(|_| refused())?;
                Ok(signature.to_vec())
            }
            Inner::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                // PKCS #1 1.5 has no randomness; the interface asks for a source all the same.
                let unused = aws_lc_rs::rand::SystemRandom::new();
                key.sign(&RSA_PKCS1_SHA256, &unused, message, &mut signature)
                    .map_err(|_| refused())?;
                Ok(signature)
            }
        }
    }

    /// The content of a `cosign.key`: the key in PKCS #8, encrypted with a password, which may be
    /// empty. Takes 64 MB of memory for a moment.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub fn to_encrypted_pem(&self, password: &[u8]) -> Result<String, Error> {
        let sealed = Encrypted::seal_randomly(&self.to_pkcs8()?, password)?;
        Ok(pem::write(SEALED[0], &sealed.to_json()?).to_string())
    }

    /// The key in PKCS #8 as PEM, not encrypted.
    ///
    /// # Errors
    /// When the key cannot be encoded; cannot happen for keys that were read or generated here.
    pub fn to_plain_pem(&self) -> Result<Zeroizing<String>, Error> {
        Ok(pem::write("PRIVATE KEY", &self.to_pkcs8()?))
    }

    fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let wrong = |cause: &dyn ToString| Error::invalid(WHAT, cause.to_string());
        match &self.inner {
            Inner::EcdsaP256(key) => key.to_pkcs8_der().map_err(|e| wrong(&e)),
            Inner::EcdsaP384(key) => key.to_pkcs8_der().map_err(|e| wrong(&e)),
            // Version 1, without the public key: some readers know no other.
            Inner::Ed25519(key) => KeypairBytes {
                secret_key: key.to_bytes(),
                public_key: None,
            }
            .to_pkcs8_der()
            .map_err(|e| wrong(&e)),
            Inner::Rsa(key) => {
                let der: Pkcs8V1Der<'_> = key.as_der().map_err(|e| wrong(&e))?;
                return Ok(Zeroizing::new(der.as_ref().to_vec()));
            }
        }
        .map(|document| document.to_bytes())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

fn no_key(found: String) -> Error {
    Error::NoKey {
        wanted: WHAT,
        found,
    }
}
