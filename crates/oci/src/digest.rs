use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use sha2::{Digest as _, Sha256, Sha512};

/// A content digest (OCI image specification, descriptor.md, "Digests").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

/// A text that is no digest.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("`{0}`, which is not a digest of the form sha256:… or sha512:…")]
pub struct InvalidDigest(pub String);

impl Digest {
    /// The SHA-256 digest of bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("sha256:{}", hex::encode(Sha256::digest(bytes))))
    }

    /// `sha256` or `sha512`.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }

    /// The hexadecimal part.
    #[must_use]
    pub fn hex(&self) -> &str {
        self.0.split(':').nth(1).unwrap_or_default()
    }

    /// `sha256:…`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the bytes have this digest.
    #[must_use]
    pub fn matches(&self, bytes: &[u8]) -> bool {
        let mut hasher = Hasher::for_digest(self);
        hasher.update(bytes);
        hasher.hex() == self.hex()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let length = match text.split_once(':') {
            Some(("sha256", hex)) => (hex, 64),
            Some(("sha512", hex)) => (hex, 128),
            _ => ("", 1),
        };
        let (hex, length) = length;
        if hex.len() == length && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidDigest(text.chars().take(200).collect()))
        }
    }
}

enum Hasher {
    Sha256(Sha256),
    Sha512(Box<Sha512>),
}

impl Hasher {
    fn for_digest(digest: &Digest) -> Self {
        if digest.algorithm() == "sha512" {
            Self::Sha512(Box::default())
        } else {
            Self::Sha256(Sha256::new())
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    fn hex(self) -> String {
        match self {
            Self::Sha256(hasher) => hex::encode(hasher.finalize()),
            Self::Sha512(hasher) => hex::encode(hasher.finalize()),
        }
    }
}

/// Passes bytes on and fails at their end when they do not have the digest, or the size, that a
/// descriptor promised.
pub struct DigestReader<R> {
    inner: R,
    digest: Digest,
    size: Option<u64>,
    seen: u64,
    hasher: Option<Hasher>,
}

impl<R: Read> DigestReader<R> {
    /// Checks `inner` against a digest and, where one is known, a size in bytes.
    pub fn new(inner: R, digest: Digest, size: Option<u64>) -> Self {
        let hasher = Some(Hasher::for_digest(&digest));
        Self {
            inner,
            digest,
            size,
            seen: 0,
            hasher,
        }
    }

    fn check_end(&mut self) -> io::Result<()> {
        if let Some(size) = self.size
            && self.seen != size
        {
            return Err(damaged(format!(
                "{} ended after {} of {size} bytes",
                self.digest, self.seen
            )));
        }
        if let Some(hasher) = self.hasher.take() {
            let found = hasher.hex();
            if found != self.digest.hex() {
                return Err(damaged(format!(
                    "the content has the digest {}:{found}, not {} as promised",
                    self.digest.algorithm(),
                    self.digest
                )));
            }
        }
        Ok(())
    }
}

fn damaged(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

impl<R: Read> Read for DigestReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let n = self.inner.read(out)?;
        if n == 0 {
            self.check_end()?;
            return Ok(0);
        }
        self.seen += n as u64;
        if self.size.is_some_and(|size| self.seen > size) {
            return Err(damaged(format!(
                "{} has more than the promised {} bytes",
                self.digest,
                self.size.unwrap_or_default()
            )));
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&out[..n]);
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn only_whole_lower_case_digests_parse() {
        assert_eq!(EMPTY.parse(), Ok(Digest::of(b"")));
        for bad in [
            "",
            "sha256:",
            "sha256:abc",
            &EMPTY.to_uppercase(),
            &EMPTY.replace("sha256", "md5"),
            &format!("{EMPTY}0"),
            &EMPTY.replace('e', "/"),
        ] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
        let long = format!("sha512:{}", "a".repeat(128));
        assert!(!long.parse::<Digest>().unwrap().matches(b"x"));
    }

    fn read(content: &[u8], digest: Digest, size: Option<u64>) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        DigestReader::new(content, digest, size).read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn a_stream_is_checked_at_its_end() {
        let digest = Digest::of(b"hello");
        assert_eq!(read(b"hello", digest.clone(), Some(5)).unwrap(), b"hello");
        assert_eq!(read(b"hello", digest.clone(), None).unwrap(), b"hello");
        for (content, size, expected) in [
            (&b"hellO"[..], Some(5), "not sha256:2cf24"),
            (b"hell", Some(5), "ended after 4 of 5"),
            (b"hello!", Some(5), "more than the promised 5"),
            (b"hell", None, "the content has the digest"),
        ] {
            let error = read(content, digest.clone(), size).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
