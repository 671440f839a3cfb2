//! What all stores of artifacts have in common.

use std::io::{self, Read};

use seaworthy_oci::artifact::{INDEX_TYPE, MANIFEST_TYPE};
use seaworthy_oci::{Descriptor, Digest, StoreError, StoreErrorKind};
use serde::Deserialize;

/// Why a store did not do what was asked, without a next step.
pub(crate) fn error(store: &str, kind: StoreErrorKind, message: impl Into<String>) -> StoreError {
    StoreError {
        store: store.to_owned(),
        message: message.into(),
        hint: None,
        kind,
    }
}

/// A name of a manifest ends up in addresses and paths, so it has to be a tag or a digest.
pub(crate) fn check_name(store: &str, name: &str) -> Result<(), StoreError> {
    if name.parse::<Digest>().is_ok() {
        return Ok(());
    }
    check_tag(store, name)
}

pub(crate) fn check_tag(store: &str, tag: &str) -> Result<(), StoreError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let good = tag.len() <= 128
        && tag.bytes().next().is_some_and(plain)
        && tag.bytes().all(|b| plain(b) || matches!(b, b'.' | b'-'));
    if good {
        return Ok(());
    }
    let shown: String = tag.chars().take(140).collect();
    Err(StoreError {
        hint: Some(
            "a tag has up to 128 letters, digits, `_`, `.` and `-`, and begins with none of the last two".to_owned(),
        ),
        ..error(
            store,
            StoreErrorKind::Wrong,
            format!("{shown:?} is neither a tag nor a digest"),
        )
    })
}

/// The subject of a manifest or index, and the entry for the list of the subject's referrers
/// (image specification, manifest.md; distribution specification, "Listing Referrers").
pub(crate) fn subject_of(media_type: &str, bytes: &[u8]) -> Option<(Digest, Descriptor)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Document {
        subject: Option<Descriptor>,
        artifact_type: Option<String>,
        config: Option<Descriptor>,
        #[serde(default)]
        annotations: std::collections::BTreeMap<String, String>,
    }
    if !matches!(media_type, MANIFEST_TYPE | INDEX_TYPE) {
        return None;
    }
    let document: Document = serde_json::from_slice(bytes).ok()?;
    let subject = document.subject?.digest().ok()?;
    let artifact_type = document
        .artifact_type
        .filter(|kind| !kind.is_empty())
        .or_else(|| document.config.map(|config| config.media_type));
    let referrer = Descriptor {
        media_type: media_type.to_owned(),
        digest: Digest::of(bytes).to_string(),
        size: bytes.len() as u64,
        artifact_type,
        annotations: document.annotations,
        ..Descriptor::default()
    };
    Some((subject, referrer))
}

/// What a manifest or index says that it is; images say nothing.
pub(crate) fn artifact_type(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Document {
        artifact_type: Option<String>,
    }
    let document: Document = serde_json::from_slice(bytes).ok()?;
    document.artifact_type.filter(|kind| !kind.is_empty())
}

/// Passes bytes on and fails when they are not as many as promised.
pub(crate) struct Sized<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Sized<R> {
    pub(crate) const fn new(inner: R, size: u64) -> Self {
        Self { inner, left: size }
    }
}

impl<R: Read> Read for Sized<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        let wrong = |message: String| Err(io::Error::new(io::ErrorKind::InvalidData, message));
        match self.left.checked_sub(n as u64) {
            None => wrong("more bytes came than promised".to_owned()),
            Some(left) if n == 0 && left > 0 && !out.is_empty() => {
                wrong(format!("{left} of the promised bytes are missing"))
            }
            Some(left) => {
                self.left = left;
                Ok(n)
            }
        }
    }
}
