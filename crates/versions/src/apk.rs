use std::cmp::Ordering;

use crate::{numbers, take_while};

/// Alpine's grammar: `digits(.digits)*[letter](_suffix[digits])*[~hash][-rN]`.
pub(crate) fn is_valid(version: &str) -> bool {
    let mut rest = version;
    while let Some((_, _, next)) = token(rest, rest.len() == version.len()) {
        rest = next;
    }
    rest.is_empty()
}

/// The kinds of tokens, in the order in which a missing one sorts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    First,
    Number,
    Letter,
    Suffix(i8),
    Hash,
    Revision,
}

/// One token, its text and the rest.
fn token(text: &str, first: bool) -> Option<(Kind, &str, &str)> {
    let digits = |t| take_while(t, |b: u8| b.is_ascii_digit());
    if first {
        let (number, rest) = digits(text);
        return (!number.is_empty()).then_some((Kind::First, number, rest));
    }
    match text.as_bytes().first()? {
        b'.' => {
            let (number, rest) = digits(&text[1..]);
            (!number.is_empty()).then_some((Kind::Number, number, rest))
        }
        b'_' => {
            let (name, rest) = take_while(&text[1..], |b| b.is_ascii_lowercase());
            let weight = match name {
                "alpha" => -4,
                "beta" => -3,
                "pre" => -2,
                "rc" => -1,
                "cvs" => 1,
                "svn" => 2,
                "git" => 3,
                "hg" => 4,
                "p" => 5,
                _ => return None,
            };
            let (number, rest) = digits(rest);
            Some((Kind::Suffix(weight), number, rest))
        }
        b'~' => {
            let (hash, rest) = take_while(&text[1..], |b| b.is_ascii_hexdigit());
            (!hash.is_empty()).then_some((Kind::Hash, hash, rest))
        }
        b'-' => {
            let (number, rest) = digits(text[1..].strip_prefix('r')?);
            (!number.is_empty() && rest.is_empty()).then_some((Kind::Revision, number, rest))
        }
        b if b.is_ascii_lowercase() => Some((Kind::Letter, &text[..1], &text[1..])),
        _ => None,
    }
}

/// Position of a kind in a version; earlier kinds outrank later ones where the other ended.
fn rank(kind: Kind) -> i8 {
    match kind {
        Kind::First => 7,
        Kind::Number => 6,
        Kind::Letter => 5,
        Kind::Suffix(weight) if weight > 0 => 4,
        Kind::Hash => 3,
        Kind::Revision => 2,
        // After the end: a pre-release is older than nothing at all.
        Kind::Suffix(_) => 0,
    }
}

pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    let mut first = true;
    loop {
        let (token_a, token_b) = (token(rest_a, first), token(rest_b, first));
        let (Some((kind_a, text_a, next_a)), Some((kind_b, text_b, next_b))) = (token_a, token_b)
        else {
            // The end ranks 1: above a pre-release suffix, below all else, `-r0` too.
            let rank = |t: Option<(Kind, &str, &str)>| t.map_or(1, |(kind, _, _)| rank(kind));
            return rank(token_a).cmp(&rank(token_b));
        };
        let order = match (kind_a, kind_b) {
            (Kind::First, Kind::First) | (Kind::Revision, Kind::Revision) => {
                numbers(text_a, text_b)
            }
            (Kind::Number, Kind::Number) => component(text_a, text_b),
            (Kind::Letter, Kind::Letter) => text_a.cmp(text_b),
            (Kind::Suffix(x), Kind::Suffix(y)) => x
                .cmp(&y)
                // No number is older than any, `0` too.
                .then_with(|| (!text_a.is_empty()).cmp(&!text_b.is_empty()))
                .then_with(|| numbers(text_a, text_b)),
            (Kind::Hash, Kind::Hash) => text_a.cmp(text_b),
            _ => rank(kind_a).cmp(&rank(kind_b)),
        };
        if order.is_ne() {
            return order;
        }
        (rest_a, rest_b) = (next_a, next_b);
        first = false;
    }
}

/// After the first component, one that begins with a zero is compared as text (`1.02 < 1.1`).
fn component(a: &str, b: &str) -> Ordering {
    if a.starts_with('0') || b.starts_with('0') {
        a.cmp(b)
    } else {
        numbers(a, b)
    }
}
