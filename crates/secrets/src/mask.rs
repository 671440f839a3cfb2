//! What a report shows of a secret: where it stands, never what it is.

use std::ops::Range;

use sha2::{Digest as _, Sha256};

use crate::words;

/// Bytes of the line that are shown before and after.
const LEAD: usize = 72;
const TRAIL: usize = 24;
const MAX_CHARS: usize = 200;

/// Equal secrets have equal fingerprints: the first 16 hexadecimal digits of SHA-256.
pub(crate) fn fingerprint(secret: &[u8]) -> String {
    let mut text = hex::encode(Sha256::digest(secret));
    text.truncate(16);
    text
}

/// The part of the line around `secret`, with its first `shown` bytes and stars for the rest;
/// `others` are secrets that may stand in the same line.
pub(crate) fn line(
    data: &[u8],
    secret: &Range<usize>,
    shown: usize,
    others: &[Range<usize>],
) -> String {
    let before = &data[secret.start.saturating_sub(LEAD)..secret.start];
    let before_start = before
        .iter()
        .rposition(|b| matches!(b, b'\n' | b'\r' | 0))
        .map_or(0, |at| at + 1);
    let lead = secret.start - before.len() + before_start..secret.start;
    let after = &data[secret.end..(secret.end + TRAIL).min(data.len())];
    let after_len = after
        .iter()
        .position(|b| matches!(b, b'\n' | b'\r' | 0))
        .unwrap_or(after.len());
    let trail = secret.end..secret.end + after_len;

    let mut out = String::new();
    // What was cut at the left may be the end of another secret.
    let cut = before_start == 0 && secret.start > LEAD;
    show(data, lead, others, cut, &mut out);
    let shown = shown.min(secret.len() / 2);
    out.push_str(&printable(&data[secret.start..secret.start + shown]));
    let stars = if shown == 0 {
        8
    } else {
        (secret.len() - shown).min(16)
    };
    out.extend(std::iter::repeat_n('*', stars));
    show(data, trail, others, false, &mut out);
    let out = out.trim();
    out.chars().take(MAX_CHARS).collect()
}

/// Appends a part of the line, without what is secret in it, or looks random.
fn show(data: &[u8], part: Range<usize>, others: &[Range<usize>], cut: bool, out: &mut String) {
    let mut at = part.start;
    let mut first = cut;
    while at < part.end {
        if let Some(other) = others.iter().find(|o| o.contains(&at)) {
            out.push_str("********");
            at = other.end.min(part.end);
            continue;
        }
        let run = data[at..part.end]
            .iter()
            .position(|b| {
                !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_' | b'-'))
            })
            .unwrap_or(part.end - at);
        let next_other = others
            .iter()
            .filter(|o| o.start > at)
            .map(|o| o.start - at)
            .min()
            .unwrap_or(usize::MAX);
        let run = run.min(next_other);
        if run > 0 {
            let text = &data[at..at + run];
            // The right end of the window may cut a longer one.
            if (run >= 16 || at + run == part.end && run >= 8 || first && run >= 8)
                && looks_random(text)
            {
                out.push_str("****");
            } else {
                out.push_str(&printable(text));
            }
            at += run;
        } else {
            let len = 1;
            out.push_str(&printable_char(data, at, part.end));
            at += len.max(char_len(data[at])).min(part.end - at);
        }
        first = false;
    }
}

fn looks_random(text: &[u8]) -> bool {
    let digits = text.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = text.iter().filter(|b| b.is_ascii_alphabetic()).count();
    digits >= 1 && letters >= 1 && words::entropy(text) > 2.5 && !words::is_wordy(text)
        || text.len() >= 20 && !words::is_wordy(text) && words::entropy(text) > 3.5
}

const fn char_len(first: u8) -> usize {
    match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    }
}

fn printable_char(data: &[u8], at: usize, end: usize) -> String {
    printable(&data[at..(at + char_len(data[at])).min(end)])
}

fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .filter(|c| *c != char::REPLACEMENT_CHARACTER)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, secret: &str, shown: usize, others: &[&str], expected: &str) {
        let range = |needle: &str| {
            let at = text.find(needle).unwrap();
            at..at + needle.len()
        };
        let others: Vec<_> = others.iter().map(|o| range(o)).collect();
        assert_eq!(
            line(text.as_bytes(), &range(secret), shown, &others),
            expected
        );
    }

    #[test]
    fn the_secret_is_gone_and_its_place_is_seen() {
        check(
            "x\n  key = \"AKIAQ3EGRZ7SWJ2N4K5L\" # a\ny",
            "AKIAQ3EGRZ7SWJ2N4K5L",
            4,
            &[],
            "key = \"AKIA****************\" # a",
        );
        check("password=hunter2", "hunter2", 0, &[], "password=********");
        check(
            "a=first1 b=second2 c",
            "second2",
            0,
            &["first1"],
            "a=******** b=******** c",
        );
        check(
            "é ü p=hunter2\u{1b}[2J",
            "hunter2",
            0,
            &[],
            "é ü p=******** [2J",
        );
        // An unknown neighbour that looks random is not shown either.
        check(
            "Zx81kQpLw0vNs7TyGhJf p=hunter2",
            "hunter2",
            0,
            &[],
            "**** p=********",
        );
    }

    proptest! {
        #[test]
        fn the_secret_never_shows(
            before in any::<Vec<u8>>(),
            secret in "[A-Z0-9]{12,40}",
            after in any::<Vec<u8>>(),
        ) {
            let mut data = before.clone();
            data.extend_from_slice(secret.as_bytes());
            data.extend_from_slice(&after);
            let range = before.len()..before.len() + secret.len();
            let shown = line(&data, &range, 4, &[]);
            prop_assert!(!shown.contains(&secret));
            prop_assert!(shown.chars().count() <= MAX_CHARS);
        }
    }
}
