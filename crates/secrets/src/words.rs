//! What random strings look like, and what people write where a secret would stand.

/// Shannon entropy in bits per byte.
pub(crate) fn entropy(bytes: &[u8]) -> f64 {
    if bytes.is_empty() {
        return 0.0;
    }
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let len = bytes.len() as f64;
    counts
        .iter()
        .filter(|n| **n > 0)
        .map(|n| {
            let share = f64::from(*n) / len;
            -share * share.log2()
        })
        .sum()
}

/// Words that say that a value is not the real one; long enough that chance does not write them.
const MARKS: &[&[u8]] = &[
    b"example",
    b"placeholder",
    b"dummy",
    b"changeme",
    b"change_me",
    b"change-me",
    b"replace",
    b"redacted",
    b"xxxxx",
    b"your_",
    b"your-",
    b"yourtoken",
    b"yourkey",
    b"yourpassword",
    b"yoursecret",
    b"insert_",
    b"insert-",
    b"sample",
    b"foobar",
    b"not_a_real",
    b"not-a-real",
    b"notreal",
    b"notasecret",
    b"not_secret",
    b"0123456789",
    b"123456789",
    b"abcdefgh",
    b"aaaaaaaa",
    b"00000000",
    b"********",
    b"deadbeefdeadbeef",
    b"loremipsum",
    b"fill_me",
    b"fillme",
    b"undefined",
    b"<token",
    b"<password",
    b"<secret",
    b"<api",
    b"<your",
    b"mysecret",
    b"my_secret",
    b"my-secret",
    b"mypassword",
    b"my_password",
    b"mytoken",
    b"my_token",
    b"secretkey",
    b"secret_key",
    b"api_key_here",
    b"_here",
    b"-here",
    b"testkey",
    b"test_key",
    b"test-key",
    b"testtoken",
    b"test_token",
    b"test-token",
    b"testpassword",
    b"test_password",
    b"testsecret",
    b"fake",
    b"mock",
];

/// Values that stand where a password would and are none, or one that hides nothing.
const WORDS: &[&[u8]] = &[
    b"password",
    b"passwd",
    b"passphrase",
    b"secret",
    b"token",
    b"apikey",
    b"api_key",
    b"none",
    b"null",
    b"true",
    b"false",
    b"string",
    b"required",
    b"optional",
    b"default",
    b"changeit",
    b"letmein",
    b"qwerty",
    b"admin",
    b"root",
    b"test",
    b"user",
    b"username",
    b"guest",
    b"empty",
    b"disabled",
    b"enabled",
    b"hidden",
    b"masked",
    b"encrypted",
    b"unset",
    b"value",
    b"undefined",
    b"boolean",
    b"number",
    b"object",
    b"credentials",
    b"prompt",
    b"file",
    b"sha256",
    b"sha512",
    b"bcrypt",
    b"basic",
    b"bearer",
];

/// Whether a value stands for a secret without being one: a placeholder, a variable, a repeated or
/// counted-up string.
pub(crate) fn is_placeholder(value: &[u8]) -> bool {
    if value.len() < 3 {
        return true;
    }
    if is_reference(value) || is_monotonous(value) {
        return true;
    }
    let lower = value.to_ascii_lowercase();
    if WORDS.contains(&&lower[..]) {
        return true;
    }
    MARKS
        .iter()
        .any(|mark| memchr::memmem::find(&lower, mark).is_some())
}

/// Whether a value is taken from somewhere else: `${VAR}`, `$(cmd)`, `{{ x }}`, `<token>`, `%s`.
pub(crate) fn is_reference(value: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(value, needle).is_some();
    match value {
        [b'$', next, ..] if next.is_ascii_alphabetic() || b"{(_$".contains(next) => return true,
        [b'<', .., b'>'] | [b'%', .., b'%'] | [b'[', .., b']'] | [b'{', .., b'}'] => return true,
        [b'%', b's' | b'd' | b'v' | b'q' | b'(', ..] => return true,
        [b'@', .., b'@'] => return true,
        [b'!', next, ..] if next.is_ascii_alphabetic() && value.len() < 12 => return true,
        _ => {}
    }
    has(b"${") || has(b"$(") || has(b"{{") || has(b"}}") || has(b"#{") || has(b"<%") || has(b"...")
}

/// Whether a value repeats few characters, or counts.
pub(crate) fn is_monotonous(value: &[u8]) -> bool {
    let mut counts = [0_u32; 256];
    let mut run = 1;
    let mut longest = 1;
    let mut steps = 0;
    for (at, byte) in value.iter().enumerate() {
        counts[usize::from(*byte)] += 1;
        let before = at.checked_sub(1).map(|b| value[b]);
        run = if before == Some(*byte) { run + 1 } else { 1 };
        longest = longest.max(run);
        steps += usize::from(before.is_some_and(|b| b.wrapping_add(1) == *byte));
    }
    let distinct = counts.iter().filter(|n| **n > 0).count();
    let most = counts.iter().max().copied().unwrap_or(0) as usize;
    (value.len() >= 12 && distinct <= 4)
        || most * 2 > value.len() && value.len() >= 6
        || longest >= 6
        || steps * 2 > value.len()
        || distinct == 1
}

/// Whether a string is made of words as people write names: `secret_key_base`, `getUserToken`,
/// `application.properties`. Letters of a random string do not follow one another as in words.
pub(crate) fn is_wordy(value: &[u8]) -> bool {
    let mut pairs = 0_u32;
    let mut usual = 0_u32;
    let mut letters = 0_usize;
    for (at, byte) in value.iter().enumerate() {
        if !byte.is_ascii_alphabetic() {
            continue;
        }
        letters += 1;
        let Some(next) = value.get(at + 1).filter(|n| n.is_ascii_alphabetic()) else {
            continue;
        };
        // A new word begins where a capital follows a small letter.
        if byte.is_ascii_lowercase() && next.is_ascii_uppercase() {
            continue;
        }
        pairs += 1;
        usual += u32::from(is_usual(*byte, *next));
    }
    letters * 10 >= value.len() * 6 && pairs >= 3 && usual * 100 >= pairs * 76
}

/// Pairs of letters that make up most of English and of program texts, by their first letter.
const USUAL: [&[u8]; 26] = [
    b"bcdfgiklmnprstuvwy",
    b"aeijlorsuy",
    b"aehiklortuy",
    b"adegilorsuvy",
    b"acdeflmnpqrstvwxy",
    b"aefiloortuy",
    b"aehilnorsu",
    b"aeiortuy",
    b"abcdefglmnoprstvz",
    b"aeosu",
    b"eilnsy",
    b"adefiklmoprstuvy",
    b"abeimopsuy",
    b"acdefgikmnostuvy",
    b"abcdefgiklmnoprstuvwx",
    b"aehiloprstuy",
    b"u",
    b"acdeghiklmnoprstuvy",
    b"acehiklmnopqrstuwy",
    b"acehilmoprstuwy",
    b"abcdegilmnprst",
    b"aeio",
    b"adehinors",
    b"aceipt",
    b"elmnopst",
    b"aeiot",
];

fn is_usual(first: u8, second: u8) -> bool {
    let at = usize::from(first.to_ascii_lowercase().wrapping_sub(b'a'));
    USUAL
        .get(at)
        .is_some_and(|seconds| seconds.contains(&second.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_is_shannons() {
        assert!((entropy(b"") - 0.0).abs() < f64::EPSILON);
        assert!((entropy(b"aaaa") - 0.0).abs() < f64::EPSILON);
        assert!((entropy(b"abcd") - 2.0).abs() < 1e-9);
        assert!((entropy(b"0123456789abcdef") - 4.0).abs() < 1e-9);
    }

    #[test]
    fn placeholders_are_known() {
        for value in [
            "AKIAIOSFODNN7EXAMPLE",
            "xxxxxxxxxxxxxxxx",
            "${DB_PASSWORD}",
            "<your-token>",
            "$TOKEN",
            "{{ vault_password }}",
            "changeme",
            "password",
            "abcdefghijklmnop",
            "0000000000000000",
            "%(password)s",
            "#{secret}",
            "abababababab",
            "%s",
            "12345678901234567890",
        ] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
        }
        for value in [
            "hunter2",
            "c0rrect-h0rse",
            "9f86d081884c7d659a2feaa0",
            "$2y$10$abcd",
            "s3cr3t!",
        ] {
            assert!(!is_placeholder(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn names_are_told_from_random_strings() {
        for value in [
            "secret_key_base",
            "getUserTokenFromSession",
            "application.properties",
            "AccessTokenProvider",
            "DATABASE_PASSWORD",
            "authentication-service-account",
            "refreshTokenExpiration",
        ] {
            assert!(is_wordy(value.as_bytes()), "{value}");
        }
        for value in [
            "kq3v9xzt7w2mfh5jd8rp",
            "Zx81kQpLw0vNs7TyGhJf",
            "9f86d081884c7d659a2feaa0c55ad015",
            "wJalrXUtnFEMIK7MDENGbPxRfiCYzKqVt",
            "qGtXbRzPwLkVnMhJdFcS",
        ] {
            assert!(!is_wordy(value.as_bytes()), "{value}");
        }
    }
}
