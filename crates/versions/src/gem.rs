use std::cmp::Ordering;

use crate::{numbers, take_while};

/// `Gem::Version`: `[0-9]+(\.[0-9a-zA-Z]+)*(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?`.
pub(crate) fn is_valid(version: &str) -> bool {
    version.as_bytes().first().is_some_and(u8::is_ascii_digit)
        && version
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
        && !version.split('.').any(str::is_empty)
}

/// Runs of digits and runs of letters; a hyphen stands for `.pre.`.
fn segments(version: &str) -> Vec<&str> {
    let mut segments = Vec::new();
    for (at, part) in version.split('-').enumerate() {
        if at > 0 {
            segments.push("pre");
        }
        let mut rest = part;
        while !rest.is_empty() {
            let (run, after) = if rest.as_bytes()[0].is_ascii_digit() {
                take_while(rest, |b| b.is_ascii_digit())
            } else if rest.as_bytes()[0].is_ascii_alphabetic() {
                take_while(rest, |b| b.is_ascii_alphabetic())
            } else {
                ("", &rest[1..])
            };
            if !run.is_empty() {
                segments.push(run);
            }
            rest = after;
        }
    }
    // Zeros at the end of the release and of the pre-release do not count.
    let split = segments
        .iter()
        .position(|s| !is_number(s))
        .unwrap_or(segments.len());
    let pre = trimmed(&segments[split..]).to_vec();
    let mut canonical = trimmed(&segments[..split]).to_vec();
    canonical.extend(pre);
    canonical
}

fn trimmed<'a, 'b>(mut segments: &'b [&'a str]) -> &'b [&'a str] {
    while let Some((last, rest)) = segments.split_last() {
        if last.bytes().all(|b| b == b'0') {
            segments = rest;
        } else {
            break;
        }
    }
    segments
}

fn is_number(segment: &str) -> bool {
    segment.as_bytes().first().is_some_and(u8::is_ascii_digit)
}

pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (segments(a), segments(b));
    for at in 0..a.len().max(b.len()) {
        let x = a.get(at).copied().unwrap_or("0");
        let y = b.get(at).copied().unwrap_or("0");
        let order = match (is_number(x), is_number(y)) {
            (true, true) => numbers(x, y),
            (false, false) => x.cmp(y),
            // A text is a pre-release.
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}
