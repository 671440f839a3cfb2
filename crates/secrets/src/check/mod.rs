//! Checks of what a match is made of: checksums, encodings, structures. A rule names one by its
//! [name](Check::name).

mod checksum;
mod decode;
mod likely;
mod pem;

use std::ops::Range;

use crate::words;

pub(crate) use likely::Situation;

/// A check of the structure of a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The last six characters are the CRC-32 of what stands behind the first `_`, in base 62
    /// (GitHub and npm).
    Crc32Base62,
    /// The last seven characters are the CRC-32 of all before them, in base 36 (GitLab's routable
    /// tokens).
    Crc32Base36,
    /// Sixteen characters of base 32 behind the prefix.
    AwsKeyId,
    /// The header, decoded, is a JSON object that names an algorithm.
    Jwt,
    /// A private key in PEM whose content decodes to what the label says.
    PrivateKey,
    /// Bech32 with a correct checksum (BIP 173).
    Bech32,
    /// Base64 of `user:password`.
    BasicAuth,
    /// Base64 of some bytes.
    Base64,
    /// The first part is base64 of a number (Discord).
    Snowflake,
    /// A password within a URL that is no variable and no example.
    UrlPassword,
    /// Random enough to be a key.
    LikelySecret,
    /// Not a word, a path, a name or an expression.
    LikelyPassword,
}

/// What a check says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is one, and this is where it lies.
    Yes(Range<usize>),
    /// It has the shape and is none: no other rule shall report it.
    No,
    /// This rule has nothing to say.
    Pass,
}

impl Check {
    /// All checks.
    pub const ALL: [Self; 12] = [
        Self::Crc32Base62,
        Self::Crc32Base36,
        Self::AwsKeyId,
        Self::Jwt,
        Self::PrivateKey,
        Self::Bech32,
        Self::BasicAuth,
        Self::Base64,
        Self::Snowflake,
        Self::UrlPassword,
        Self::LikelySecret,
        Self::LikelyPassword,
    ];

    /// The name in a rule file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crc32Base62 => "crc32-base62",
            Self::Crc32Base36 => "crc32-base36",
            Self::AwsKeyId => "aws-key-id",
            Self::Jwt => "jwt",
            Self::PrivateKey => "private-key",
            Self::Bech32 => "bech32",
            Self::BasicAuth => "basic-auth",
            Self::Base64 => "base64",
            Self::Snowflake => "snowflake",
            Self::UrlPassword => "url-password",
            Self::LikelySecret => "likely-secret",
            Self::LikelyPassword => "likely-password",
        }
    }

    /// What it looks at, for the catalogue.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Crc32Base62 | Self::Crc32Base36 | Self::Bech32 => "the checksum is right",
            Self::AwsKeyId => "base 32 behind the prefix",
            Self::Jwt => "the header decodes and names an algorithm",
            Self::PrivateKey => "the content decodes to a key",
            Self::BasicAuth => "decodes to `user:password`",
            Self::Base64 => "decodes",
            Self::Snowflake => "the first part decodes to a number",
            Self::UrlPassword => "no variable, no example, no well-known default",
            Self::LikelySecret => "random: no name, path, expression, UUID or digest",
            Self::LikelyPassword => "no word, name, path or expression",
        }
    }

    /// Whether the check looks at names and guesses; rules with it give way to all others.
    pub(crate) const fn is_guess(self) -> bool {
        matches!(self, Self::LikelySecret | Self::LikelyPassword)
    }

    /// Whether the check leaves no room for placeholders.
    pub(crate) const fn is_proof(self) -> bool {
        matches!(
            self,
            Self::Crc32Base62 | Self::Crc32Base36 | Self::PrivateKey | Self::Bech32
        )
    }

    /// Looks at the secret that a rule cut out of `data`.
    pub(crate) fn run(self, data: &[u8], secret: Range<usize>, about: &Situation<'_>) -> Verdict {
        let text = &data[secret.clone()];
        let good = match self {
            Self::Crc32Base62 => checksum::crc32_base62(text),
            Self::Crc32Base36 => checksum::crc32_base36(text),
            Self::AwsKeyId => checksum::aws_key_id(text),
            Self::Bech32 => checksum::bech32(text),
            Self::Jwt => decode::is_decodable_jwt(text),
            Self::BasicAuth => decode::basic_auth(text).is_some_and(|p| !words::is_placeholder(&p)),
            Self::Base64 => decode::base64(text).is_some(),
            Self::Snowflake => decode::snowflake(text),
            Self::PrivateKey => return pem::check(data, secret),
            Self::UrlPassword => {
                return if likely::url_password(text) {
                    Verdict::Yes(secret)
                } else {
                    Verdict::Pass
                };
            }
            Self::LikelySecret | Self::LikelyPassword => {
                let good = if self == Self::LikelySecret {
                    likely::secret(text, about)
                } else {
                    likely::password(text, about)
                };
                return if good {
                    Verdict::Yes(secret)
                } else {
                    Verdict::Pass
                };
            }
        };
        if good {
            Verdict::Yes(secret)
        } else {
            Verdict::No
        }
    }
}
