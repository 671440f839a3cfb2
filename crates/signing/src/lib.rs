//! Signatures, attestations and documents of what lies in a store, in both formats of cosign: as
//! Sigstore bundles that refer to their subject (cosign 3), and under tags that are made of the
//! subject's digest (cosign 1 and 2).
//!
//! What is signed is a digest, never a tag; what is verified names that digest itself. A signature
//! in another repository than its subject is one whose store is another.

mod attestation;
mod candidate;
mod document;
mod legacy;
mod sign;
#[cfg(test)]
mod tests;
mod verify;

pub use attestation::{Attestation, Attestations, Signer, attest, attestations};
pub use candidate::SignatureFormat;
pub use document::{Document, Documents, attach, referrer_documents};
pub use sign::sign;
pub use verify::{VerifiedSignature, verify};

use seaworthy_oci::{Digest, StoreError};

/// Most manifests that may refer to one subject.
pub const MAX_REFERRERS: usize = 1000;
/// Largest signature, attestation or document in bytes.
pub const MAX_BLOB: u64 = seaworthy_attest::MAX_DOCUMENT as u64;
/// Most bytes that are fetched for one question.
pub const MAX_FETCHED: u64 = 256 << 20;

/// Why something was not signed, verified or fetched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing that could be verified.
    #[error("{store}: {subject} has no signature")]
    Unsigned {
        /// Where it was looked for.
        store: String,
        /// What should be signed.
        subject: Digest,
    },
    /// There are signatures, and none is good.
    #[error("{store}: no signature of {subject} verifies{}", list(.rejected))]
    NoneVerifies {
        /// Where they are.
        store: String,
        /// What should be signed.
        subject: Digest,
        /// All of them with the reasons, in the order of the store.
        rejected: Vec<Rejected>,
    },
    /// No key to verify with.
    #[error("no public key is given to verify signatures with")]
    NoKeys,
    /// More of something than is looked at. Signatures might be among the rest, so that no answer
    /// would be right.
    #[error("{store}: {subject} has {what}, more than the limit of {limit}")]
    TooMuch {
        /// Where it is.
        store: String,
        /// What it refers to.
        subject: Digest,
        /// What there is too much of, with its amount.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// A manifest under a tag for signatures is none.
    #[error("{store}: {place} is not a manifest of signatures: {why}")]
    NotSignatures {
        /// Where it is.
        store: String,
        /// Its tag.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// The store does not answer, or refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key or the content does not allow it.
    #[error(transparent)]
    Attest(#[from] seaworthy_attest::Error),
    /// A manifest could not be written.
    #[error(transparent)]
    Manifest(#[from] seaworthy_oci::Error),
}

/// A signature, attestation or document that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Where it is: the manifest's digest or tag.
    pub place: String,
    /// Why.
    pub reason: String,
}

/// How many reasons a message tells.
const SHOWN: usize = 10;

fn list(rejected: &[Rejected]) -> String {
    let mut text = String::new();
    for rejected in rejected.iter().take(SHOWN) {
        text.push_str(&format!("; {}: {}", rejected.place, rejected.reason));
    }
    if rejected.len() > SHOWN {
        text.push_str(&format!("; and {} more", rejected.len() - SHOWN));
    }
    text
}
