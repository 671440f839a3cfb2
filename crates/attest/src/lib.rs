//! Signatures and statements about images as bytes: keys in cosign's format, DSSE envelopes, in-toto
//! statements, cosign's first payload, and Sigstore bundles. Where they are kept is not known here.
//!
//! Signing is deterministic: the same key and the same bytes give the same signature (RFC 6979 for
//! ECDSA, RFC 8032 for Ed25519, PKCS #1 1.5 for RSA).

mod bundle;
mod encoding;
mod encrypted;
mod envelope;
mod pem;
pub mod predicate;
mod private_key;
mod public_key;
mod simple_signing;
mod statement;

pub use bundle::{BUNDLE_PREFIX, BUNDLE_TYPE, Bundle, BundleContent, Material, MessageSignature};
pub use encoding::{from_base64, to_base64};
pub use envelope::{DSSE_TYPE, Envelope, EnvelopeSignature, IN_TOTO_TYPE, pae};
pub use private_key::PrivateKey;
pub use public_key::{KeyKind, PublicKey};
pub use simple_signing::{SIMPLE_SIGNING_TYPE, SimpleSigning};
pub use statement::{Statement, Subject};

/// Largest envelope or bundle in bytes; bills of materials travel in them.
pub const MAX_DOCUMENT: usize = 64 << 20;
/// Largest file of keys in bytes.
pub const MAX_PEM: usize = 64 << 10;
/// Most public keys of one file.
pub const MAX_KEYS: usize = 64;
/// Most signatures of one envelope.
pub const MAX_SIGNATURES: usize = 16;
/// Most subjects of one statement.
pub const MAX_SUBJECTS: usize = 1024;

/// Why something was not read, signed or verified.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// More bytes than such a document may have.
    #[error("the {what} has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Which document.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// More entries than such a list may have.
    #[error("the {what} are {count}, more than the limit of {limit}")]
    TooMany {
        /// Which list.
        what: &'static str,
        /// Its length.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// A document that does not have its format.
    #[error("the {what} is not valid: {why}")]
    Invalid {
        /// Which document.
        what: &'static str,
        /// What is wrong with it, with the place where one is known.
        why: String,
    },
    /// A file of keys that holds something else.
    #[error("there is no {wanted} in the file: {found}")]
    NoKey {
        /// The kind of key that was looked for.
        wanted: &'static str,
        /// What is there instead, and what to do about it.
        found: String,
    },
    /// A key of a kind that is not known here.
    #[error(
        "the key is {0}; known are ECDSA P-256, ECDSA P-384, Ed25519, and RSA with 2048 to 8192 bits"
    )]
    KeyKind(String),
    /// The password of a private key is another, or the key is damaged.
    #[error("the password does not open the private key")]
    Password,
    /// A private key that would cost more, or protects less, than cosign's do.
    #[error(
        "the private key is encrypted with scrypt parameters N={n}, r={r}, p={p}; accepted are N of 32768, 65536 or 131072 with r=8 and p=1"
    )]
    Scrypt {
        /// Cost.
        n: u64,
        /// Block size.
        r: u64,
        /// Parallelism.
        p: u64,
    },
    /// The operating system has no randomness.
    #[error("the operating system gives no random bytes: {0}")]
    Random(String),
    /// A library refused to sign with the key.
    #[error("the {0} key cannot sign this")]
    Sign(KeyKind),
    /// The signature is not by the key, or not over these bytes.
    #[error("the signature was not made by {0} over this content")]
    Mismatch(String),
    /// An envelope without a signature.
    #[error("the envelope holds no signature")]
    Unsigned,
    /// A keyless signature, which a key cannot verify.
    #[error(
        "the bundle is signed with a certificate (keyless), which no public key verifies; its signer's identity has to be checked against a trusted root"
    )]
    Keyless,
}

impl Error {
    pub(crate) fn invalid(what: &'static str, why: impl ToString) -> Self {
        Self::Invalid {
            what,
            why: why.to_string(),
        }
    }
}

pub(crate) fn check_size(what: &'static str, size: usize, limit: usize) -> Result<(), Error> {
    if size > limit {
        return Err(Error::TooLarge { what, size, limit });
    }
    Ok(())
}
