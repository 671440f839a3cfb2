//! Keys, signatures and documents, against what cosign and OpenSSL made.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

mod documents;
mod hostile;
mod keys;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The digest of the image that cosign signed.
pub(crate) const SUBJECT: &str = "b6bdb0fdbfe74e1ee3f9901be415828023201e95ba7420742c133ab39cc8808b";

/// A PEM block around base64; no private key stands whole in this repository.
pub(crate) fn pem(label: &str, content: &str) -> Vec<u8> {
    let line = |word: &str| format!("-----{word} {label}-----\n");
    format!("{}{}\n{}", line("BEGIN"), content.trim(), line("END")).into_bytes()
}

/// The same around bytes in hexadecimal.
pub(crate) fn pem_of_hex(label: &str, content: &str) -> Vec<u8> {
    pem(label, &STANDARD.encode(hex::decode(content).unwrap()))
}
