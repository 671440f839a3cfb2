//! Encodings: base64, JWT, numbers.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);
const URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, CONFIG);

/// Either alphabet, with or without padding.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    PLAIN.decode(text).or_else(|_| URL.decode(text)).ok()
}

/// Whether three parts are a JSON web token or web encryption (RFC 7519, section 3; RFC 7515,
/// section 4.1.1): the first decodes to an object with `alg`.
pub(super) fn is_decodable_jwt(text: &[u8]) -> bool {
    let Some(end) = memchr::memchr(b'.', text) else {
        return false;
    };
    let Some(header) = base64(&text[..end]) else {
        return false;
    };
    let trimmed = header.trim_ascii();
    trimmed.starts_with(b"{")
        && trimmed.ends_with(b"}")
        && std::str::from_utf8(trimmed).is_ok()
        && memchr::memmem::find(trimmed, b"\"alg\"").is_some()
}

/// The password of base64 of `user:password` (RFC 7617).
pub(super) fn basic_auth(text: &[u8]) -> Option<Vec<u8>> {
    let plain = base64(text)?;
    let plain = std::str::from_utf8(&plain).ok()?;
    let (user, password) = plain.split_once(':')?;
    let printable = |s: &str| s.chars().all(|c| !c.is_control());
    (!user.is_empty() && password.len() >= 3 && printable(user) && printable(password))
        .then(|| password.as_bytes().to_vec())
}

/// Whether the part before the first dot decodes to digits.
pub(super) fn snowflake(text: &[u8]) -> bool {
    memchr::memchr(b'.', text)
        .and_then(|end| base64(&text[..end]))
        .is_some_and(|id| id.len() >= 15 && id.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(text: &str) -> String {
        PLAIN.encode(text)
    }

    #[test]
    fn encodings_are_seen_through() {
        assert_eq!(
            basic_auth(encode("bob:s3same").as_bytes()).unwrap(),
            b"s3same"
        );
        assert_eq!(basic_auth(encode("no colon here").as_bytes()), None);
        assert_eq!(basic_auth(b"!!"), None);
        let header = encode("{\"alg\":\"HS256\"}").replace('=', "");
        assert!(is_decodable_jwt(format!("{header}.e30.sig").as_bytes()));
        let header = encode("{\"typ\":\"x\"}").replace('=', "");
        assert!(!is_decodable_jwt(format!("{header}.e30.sig").as_bytes()));
        assert!(snowflake(
            format!("{}.a.b", encode("123456789012345678")).as_bytes()
        ));
        assert!(!snowflake(format!("{}.a.b", encode("hello")).as_bytes()));
    }
}
