//! Base64 as the formats here have it.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::engine::{DecodePaddingMode, general_purpose};

use crate::Error;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(false);
const ANY_STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const ANY_URL_SAFE: general_purpose::GeneralPurpose =
    GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Base64 with padding.
#[must_use]
pub fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads base64 in both alphabets, with or without padding: DSSE (envelope.md) and the JSON mapping
/// of protocol buffers demand that of readers. `what` names the document in the error.
///
/// # Errors
/// [`Error::Invalid`].
pub fn from_base64(what: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    let text = text.trim();
    let engine = if text.contains(['-', '_']) {
        &ANY_URL_SAFE
    } else {
        &ANY_STANDARD
    };
    engine
        .decode(text)
        .map_err(|cause| Error::invalid(what, format!("its base64 is wrong: {cause}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_are_read_with_and_without_padding() {
        for text in ["+/8=", "-_8=", "+/8", "-_8", " +/8=\n"] {
            assert_eq!(from_base64("test", text).unwrap(), [0xfb, 0xff], "{text}");
        }
        for text in ["+_8=", "+/9=", "a", "????"] {
            assert!(from_base64("test", text).is_err(), "{text}");
        }
        assert_eq!(to_base64(&[0xfb, 0xff]), "+/8=");
    }
}
