use std::cmp::Ordering;

use crate::{numbers, take_while};

/// Debian policy 5.6.12: `[epoch:]upstream[-revision]`. As tolerant of letters as dpkg.
pub(crate) fn is_valid(version: &str) -> bool {
    let (epoch, rest) = split_epoch(version);
    !rest.is_empty()
        && epoch
            .is_none_or(|e| !e.is_empty() && e.len() < 11 && e.bytes().all(|b| b.is_ascii_digit()))
        && rest
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".+-~:_".contains(&b))
}

fn split_epoch(version: &str) -> (Option<&str>, &str) {
    match version.split_once(':') {
        Some((epoch, rest)) => (Some(epoch), rest),
        None => (None, version),
    }
}

pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (epoch_a, a) = split_epoch(a);
    let (epoch_b, b) = split_epoch(b);
    let (upstream_a, revision_a) = a.rsplit_once('-').unwrap_or((a, ""));
    let (upstream_b, revision_b) = b.rsplit_once('-').unwrap_or((b, ""));
    numbers(epoch_a.unwrap_or(""), epoch_b.unwrap_or(""))
        .then_with(|| part(upstream_a, upstream_b))
        .then_with(|| part(revision_a, revision_b))
}

/// `~` sorts before the end, the end before letters, letters before everything else.
fn weight(byte: Option<u8>) -> i32 {
    match byte {
        Some(b'~') => -1,
        None => 0,
        Some(b) if b.is_ascii_digit() => 0,
        Some(b) if b.is_ascii_alphabetic() => i32::from(b),
        Some(b) => i32::from(b) + 256,
    }
}

fn part(mut a: &str, mut b: &str) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let (text_a, rest_a) = take_while(a, |b| !b.is_ascii_digit());
        let (text_b, rest_b) = take_while(b, |b| !b.is_ascii_digit());
        let (mut bytes_a, mut bytes_b) = (text_a.bytes(), text_b.bytes());
        for _ in 0..text_a.len().max(text_b.len()) {
            let order = weight(bytes_a.next()).cmp(&weight(bytes_b.next()));
            if order.is_ne() {
                return order;
            }
        }
        let (digits_a, rest_a) = take_while(rest_a, |b| b.is_ascii_digit());
        let (digits_b, rest_b) = take_while(rest_b, |b| b.is_ascii_digit());
        let order = numbers(digits_a, digits_b);
        if order.is_ne() {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
    Ordering::Equal
}
