//! Private keys in PEM (RFC 7468) and its relatives.

use std::ops::Range;

use super::{Verdict, decode};

/// Characters of base64 that a key has at least: Ed25519 in PKCS #8 has 64.
const MIN_BODY: usize = 60;
/// Longest key that is followed to its end: RSA with 16,384 bits has some 13,000.
const MAX_BODY: usize = 16_000;

/// Follows the key whose first line is `header` to its end.
pub(super) fn check(data: &[u8], header: Range<usize>) -> Verdict {
    let label = &data[header.clone()];
    let limit = (header.end + MAX_BODY).min(data.len());
    let (body, end) = body(&data[header.end..limit]);
    if body.len() < MIN_BODY {
        return Verdict::No;
    }
    let pgp = contains(label, b"PGP");
    let whole = body.len() - body.len() % 4;
    let Some(bytes) = decode::base64(&body[..whole.min(4096)]) else {
        return Verdict::No;
    };
    let good = if contains(label, b"OPENSSH") {
        bytes.starts_with(b"openssh-key-v1\0")
    } else if contains(label, b"SSH2") {
        bytes.starts_with(&[0x3f, 0x6f, 0xf9, 0xeb])
    } else if pgp {
        // A secret key packet, old or new format (RFC 9580, section 4.2), tag 5.
        bytes.first().is_some_and(|b| *b == 0xc5 || b >> 2 == 0x25)
    } else {
        // A key that is encrypted as text has no structure that could be seen.
        contains(&data[header.end..limit.min(header.end + 200)], b"ENCRYPTED")
            || is_sequence(&bytes)
    };
    if good {
        Verdict::Yes(header.start..header.end + end)
    } else {
        Verdict::No
    }
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(text, needle).is_some()
}

/// A DER sequence that begins with an integer, a sequence or an object identifier: PKCS #1, PKCS #8,
/// encrypted PKCS #8, SEC 1.
fn is_sequence(bytes: &[u8]) -> bool {
    let inner = match bytes {
        [0x30, 0x81, _, rest @ ..] | [0x30, 0x82, _, _, rest @ ..] => rest,
        [0x30, len, rest @ ..] if *len < 0x80 => rest,
        _ => return false,
    };
    matches!(inner.first(), Some(0x02 | 0x30 | 0x06))
}

/// The base64 between the lines, and how far it goes: real line ends, `\n` as two characters (JSON,
/// environment), indentation, quotes and pluses of program texts.
fn body(text: &[u8]) -> (Vec<u8>, usize) {
    let mut out = Vec::new();
    let mut at = 0;
    // Lines of `Name: value` precede the base64 in old formats.
    let mut line_start = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'-' if text[at..].starts_with(b"----") => break,
            b'-' => {}
            b':' => {
                out.truncate(line_start);
                let rest = &text[at..];
                let end = memchr::memchr(b'\n', rest);
                let escaped = memchr::memmem::find(rest, b"\\n");
                let Some(skip) = [end, escaped].into_iter().flatten().min() else {
                    break;
                };
                at += skip;
                // What of a header's value looked like base64 goes with it.
                out.truncate(line_start);
                continue;
            }
            b'\n' => line_start = out.len(),
            b'\\' => {
                match text.get(at + 1) {
                    Some(b'n') => line_start = out.len(),
                    Some(b'r' | b't') => {}
                    _ => {
                        at += 1;
                        continue;
                    }
                }
                at += 2;
                continue;
            }
            b'\r' | b' ' | b'\t' | b'"' | b'\'' | b',' | b'.' => {}
            // The checksum line of PGP.
            b'=' if out.len() == line_start && !out.is_empty() => {
                at += 5;
                continue;
            }
            b if b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=') => out.push(*byte),
            _ => break,
        }
        at += 1;
    }
    let tail = &text[at.min(text.len())..];
    let end = if tail.starts_with(b"-----END") {
        memchr::memmem::find(&tail[8..], b"-----").map_or(at, |n| at + 8 + n + 5)
    } else {
        at
    };
    (out, end.min(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use proptest::prelude::*;

    fn pem(label: &str, bytes: &[u8], newline: &str) -> String {
        let body = base64::engine::general_purpose::STANDARD.encode(bytes);
        let lines: Vec<&str> = body
            .as_bytes()
            .chunks(64)
            .map(|l| std::str::from_utf8(l).unwrap())
            .collect();
        let (open, close) = (
            ["-----BEGIN ", label].concat(),
            ["-----END ", label].concat(),
        );
        format!(
            "{open}-----{newline}{}{newline}{close}-----{newline}",
            lines.join(newline)
        )
    }

    fn verdict(text: &str) -> Verdict {
        let end = text
            .find("KEY-----")
            .or_else(|| text.find("BLOCK-----"))
            .unwrap();
        let end = end + text[end..].find("-----").unwrap() + 5;
        check(text.as_bytes(), 0..end)
    }

    #[test]
    fn keys_decode_to_what_the_label_says() {
        let mut der = vec![0x30, 0x81, 0xf0, 0x02, 0x01, 0x00];
        der.extend((0..120_u8).map(|n| n.wrapping_mul(37)));
        for newline in ["\n", "\r\n", "\\n", "\n    "] {
            let text = pem("PRIVATE KEY", &der, newline);
            let end = text.trim_end().trim_end_matches("\\n").len();
            assert_eq!(verdict(&text), Verdict::Yes(0..end), "{newline:?}");
        }
        assert_eq!(verdict(&pem("PRIVATE KEY", &[7; 120], "\n")), Verdict::No);
        assert_eq!(
            verdict(&pem("RSA PRIVATE KEY", b"short", "\n")),
            Verdict::No
        );
        let mut ssh = b"openssh-key-v1\0".to_vec();
        ssh.extend([9; 80]);
        assert!(matches!(
            verdict(&pem("OPENSSH PRIVATE KEY", &ssh, "\n")),
            Verdict::Yes(_)
        ));
        let old = pem("RSA PRIVATE KEY", &[7; 120], "\n").replacen(
            "KEY-----\n",
            "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0011\n\n",
            1,
        );
        assert!(matches!(verdict(&old), Verdict::Yes(_)));
        assert_eq!(verdict("-----BEGIN PRIVATE KEY-----\n...\n"), Verdict::No);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in any::<Vec<u8>>(), at in 0..8_usize) {
            let at = at.min(text.len());
            check(&text, 0..at);
        }
    }
}
