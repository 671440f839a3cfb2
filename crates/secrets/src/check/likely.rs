//! Guesses about values whose names say that they are secret.

use crate::words;

/// Where a value stands.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Situation<'a> {
    /// The whole name that it is assigned to, empty outside assignments.
    pub(crate) name: &'a [u8],
    /// Whether it stands in quotes.
    pub(crate) quoted: bool,
    /// Whether words follow it.
    pub(crate) prose: bool,
    /// Whether the file is configuration, in which values need no quotes.
    pub(crate) config: bool,
}

/// Parts of names whose values are about a secret and not the secret.
const ABOUT: &[&[u8]] = &[
    b"public",
    b"pubkey",
    b"_file",
    b"-file",
    b"file_",
    b"filename",
    b"_path",
    b"-path",
    b"path_",
    b"_dir",
    b"_url",
    b"-url",
    b"_uri",
    b"-uri",
    b"url_",
    b"endpoint",
    b"_name",
    b"-name",
    b"name_",
    b"_type",
    b"-type",
    b"tokentype",
    b"_id",
    b"-id",
    b"keyid",
    b"_length",
    b"-length",
    b"_len",
    b"size",
    b"count",
    b"limit",
    b"expire",
    b"expiry",
    b"expiration",
    b"lifetime",
    b"_ttl",
    b"timeout",
    b"version",
    b"regex",
    b"pattern",
    b"format",
    b"header",
    b"prefix",
    b"suffix",
    b"label",
    b"title",
    b"description",
    b"message",
    b"help",
    b"hint",
    b"error",
    b"policy",
    b"rule",
    b"algorithm",
    b"digest",
    b"checksum",
    b"sha1",
    b"sha256",
    b"sha512",
    b"md5",
    b"fingerprint",
    b"integrity",
    b"commit",
    b"revision",
    b"tokeniz",
    b"tokenis",
    b"max_token",
    b"cache_key",
    b"cachekey",
    b"sort_key",
    b"primary_key",
    b"foreign_key",
    b"partition_key",
    b"csrf",
    b"xsrf",
    b"placeholder",
    b"example",
    b"field",
    b"column",
    b"param",
    b"attr",
    b"selector",
    b"class",
    b"input",
    b"visible",
    b"enabled",
    b"required",
    b"confirm",
    b"reset",
    b"forgot",
    b"provider",
    b"manager",
    b"storage_class",
    b"secretname",
    b"secretref",
    b"secretkeyref",
    b"keyring",
    b"hash",
];

fn name_is_about(name: &[u8]) -> bool {
    let lower = name.to_ascii_lowercase();
    // camelCase ends: `tokenUrl`, `passwordFile`.
    let camel: [&[u8]; 7] = [b"Url", b"Uri", b"File", b"Path", b"Name", b"Type", b"Id"];
    camel.iter().any(|end| name.ends_with(end))
        || ABOUT
            .iter()
            .any(|part| memchr::memmem::find(&lower, part).is_some())
}

/// Whether a value is no expression: outside configuration, literals stand in quotes.
fn is_literal(value: &[u8], about: &Situation<'_>) -> bool {
    if about.quoted {
        return true;
    }
    about.config
        && !about.prose
        && !value.iter().any(|b| matches!(b, b'(' | b'[' | b'{'))
        && memchr::memmem::find(value, b"->").is_none()
}

fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

fn is_path_or_url(value: &[u8]) -> bool {
    let starts = |prefix: &[u8]| value.starts_with(prefix);
    starts(b"/") && value.iter().filter(|b| **b == b'/').count() >= 2
        || starts(b"./")
        || starts(b"../")
        || starts(b"~/")
        || memchr::memmem::find(value, b"://").is_some()
        || starts(b"data:")
        || starts(b"arn:")
        || starts(b"sha256:")
        || starts(b"sha512-")
        || starts(b"sha1-")
        || starts(b"vault:")
        || starts(b"ENC[")
        || starts(b"secretsmanager:")
}

/// Whether a value is random enough for a key, and its name is of a key.
pub(super) fn secret(value: &[u8], about: &Situation<'_>) -> bool {
    if !(16..=256).contains(&value.len()) || !is_literal(value, about) || name_is_about(about.name)
    {
        return false;
    }
    let plain = |b: &u8| {
        b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'+' | b'/'
                    | b'='
                    | b'_'
                    | b'-'
                    | b'.'
                    | b'~'
                    | b':'
                    | b'!'
                    | b'@'
                    | b'#'
                    | b'%'
                    | b'^'
                    | b'*'
            )
    };
    if !value.iter().all(plain) {
        return false;
    }
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let hex = value.iter().all(u8::is_ascii_hexdigit);
    let capitals = value.iter().filter(|b| b.is_ascii_uppercase()).count();
    // Of long random strings, some have no digit.
    let mixed = value.len() >= 20 && capitals >= 4 && letters - capitals >= 4;
    (digits >= 1 || mixed)
        && letters >= 2
        && words::entropy(value) >= if hex { 3.0 } else { 3.5 }
        && !is_uuid(value)
        && !is_path_or_url(value)
        && !words::is_placeholder(value)
        && (hex || !words::is_wordy(value))
        && !is_dotted_name(value)
}

/// Whether a value is a password that somebody made up: long enough, and not a word or a name.
pub(super) fn password(value: &[u8], about: &Situation<'_>) -> bool {
    if !(6..=128).contains(&value.len()) || !is_literal(value, about) || name_is_about(about.name) {
        return false;
    }
    if !value.iter().all(u8::is_ascii_graphic) || words::is_placeholder(value) {
        return false;
    }
    if is_path_or_url(value) || is_uuid(value) || is_dotted_name(value) || is_markup(value) {
        return false;
    }
    let digits = value.iter().any(u8::is_ascii_digit);
    let signs = value
        .iter()
        .any(|b| b.is_ascii_punctuation() && !matches!(b, b'_' | b'-' | b'.' | b':' | b'/'));
    (digits || signs)
        && words::entropy(value) >= 2.3
        && value.iter().any(u8::is_ascii_alphabetic)
        && !is_expression(value)
        && !names_itself(value)
}

/// `value.that.names.something` or `SOME_NAME_2`.
fn is_dotted_name(value: &[u8]) -> bool {
    let parts: Vec<&[u8]> = value
        .split(|b| matches!(b, b'.' | b'_' | b'-' | b'/' | b':'))
        .collect();
    if parts.len() < 3 {
        return false;
    }
    let wordlike = |part: &&&[u8]| {
        !part.is_empty()
            && part.len() <= 14
            && (part.iter().all(u8::is_ascii_alphabetic) || part.len() <= 2)
    };
    parts.iter().filter(wordlike).count() * 4 >= parts.len() * 3
}

/// Regular expressions, format strings and HTML stand next to names of passwords in programs.
fn is_markup(value: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(value, needle).is_some();
    has(b"</")
        || has(b"(?")
        || has(b"\\d")
        || has(b"\\w")
        || has(b"\\s")
        || has(b"[^")
        || has(b"%s")
        || has(b"{0}")
        || has(b"&amp;")
        || has(b"\\u")
        || has(b"\\x")
}

fn is_expression(value: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(value, needle).is_some();
    has(b"[:")
        || has(b"()")
        || has(b"=>")
        || has(b"==") && value.len() < 12
        || has(b"::")
        || has(b"&&")
        || value.starts_with(b"(")
        || value.starts_with(b"--")
        || value.starts_with(b".")
        || value.starts_with(b"#") && value.len() == 7
}

/// `password1`, `Secret123`: the word for it and a number.
fn names_itself(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let stem: &[u8] = {
        let end = lower
            .iter()
            .rposition(|b| !b.is_ascii_digit() && !matches!(b, b'!' | b'-' | b'_'))
            .map_or(0, |at| at + 1);
        &lower[..end]
    };
    [
        &b"password"[..],
        b"passwd",
        b"passphrase",
        b"pass",
        b"secret",
        b"admin",
        b"test",
        b"user",
        b"login",
        b"example",
        b"new_password",
        b"old_password",
        b"newpassword",
        b"oldpassword",
        b"md",
        b"sha",
        b"base",
        b"utf",
        b"key",
        b"token",
        b"string",
        b"your",
    ]
    .contains(&stem)
}

/// Whether the password within a URL is one.
pub(super) fn url_password(value: &[u8]) -> bool {
    const DEFAULTS: &[&[u8]] = &[
        b"password",
        b"passwd",
        b"pass",
        b"pwd",
        b"secret",
        b"user",
        b"username",
        b"test",
        b"guest",
        b"token",
        b"x-oauth-basic",
        b"port",
        b"root",
        b"admin",
        b"postgres",
        b"mysql",
        b"redis",
        b"foo",
        b"bar",
        b"pw",
        b"p4ssw0rd",
        b"credentials",
        b"passw0rd",
    ];
    let lower = value.to_ascii_lowercase();
    value.len() >= 3
        && !DEFAULTS.contains(&&lower[..])
        && !words::is_placeholder(value)
        && !value.starts_with(b"$")
        && !value.starts_with(b"%")
        && !value.starts_with(b"{")
        && !value.starts_with(b":")
        && !value.iter().all(u8::is_ascii_digit)
        && !names_itself(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(name: &str, quoted: bool, config: bool) -> Situation<'_> {
        Situation {
            name: name.as_bytes(),
            quoted,
            prose: false,
            config,
        }
    }

    #[test]
    fn keys_are_told_from_names() {
        let check = |name: &str, value: &str, expected: bool| {
            let found = secret(value.as_bytes(), &about(name, true, false));
            assert_eq!(found, expected, "{name}={value}");
        };
        check("api_key", "k9Zt3pQw7LmX2vBn8RsD", true);
        check("api_key", "9f86d081884c7d659a2feaa0c55ad015", true);
        check(
            "commit_token_sha1",
            "9f86d081884c7d659a2feaa0c55ad015",
            false,
        );
        check("token", "550e8400-e29b-41d4-a716-446655440000", false);
        check("token_url", "k9Zt3pQw7LmX2vBn8RsD", false);
        check("secret", "application.security.token.v2", false);
        check(
            "secret",
            "arn:aws:secretsmanager:eu-1:123456789012:secret:db",
            false,
        );
        check("auth_token", "AUTH_TOKEN_EXPIRED_ERROR_2", false);
        check("secret", "/run/secrets/db_password_1", false);
    }

    #[test]
    fn passwords_are_told_from_words() {
        let check = |value: &str, quoted: bool, config: bool, expected: bool| {
            let found = password(value.as_bytes(), &about("db_password", quoted, config));
            assert_eq!(found, expected, "{value}");
        };
        check("tr0ub4dor&3", true, false, true);
        check("tr0ub4dor&3", false, true, true);
        check("tr0ub4dor&3", false, false, false);
        check("password1", true, true, false);
        check("changeme", true, true, false);
        check("getPassword()", false, true, false);
        check("Password", true, true, false);
        check("^(?=.*[A-Z]).{8,}$", true, true, false);
        check("/etc/app/pw1", true, true, false);
        check("os.environ['X1']", false, true, false);
    }

    #[test]
    fn passwords_in_urls() {
        for (value, expected) in [
            ("s3same!", true),
            ("password", false),
            ("${PW}", false),
            ("8080", false),
        ] {
            assert_eq!(url_password(value.as_bytes()), expected, "{value}");
        }
    }
}
