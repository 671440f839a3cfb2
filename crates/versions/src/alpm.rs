use std::cmp::Ordering;

use crate::segment::{equal_runs, split_release};
use crate::{numbers, take_while};

/// `[epoch:]pkgver[-pkgrel]` (PKGBUILD(5)); pacman itself refuses nothing.
pub(crate) fn is_valid(version: &str) -> bool {
    let (epoch, rest) = split_epoch(version);
    epoch.bytes().all(|b| b.is_ascii_digit())
        && rest.bytes().any(|b| b.is_ascii_alphanumeric())
        && rest
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b':' | b'/'))
}

/// vercmp(8): a release is compared only where both versions have one.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (epoch_a, a) = split_epoch(a);
    let (epoch_b, b) = split_epoch(b);
    let (version_a, release_a) = split_release(a);
    let (version_b, release_b) = split_release(b);
    numbers(epoch_a, epoch_b)
        .then_with(|| part(version_a, version_b))
        .then_with(|| match (release_a, release_b) {
            (Some(a), Some(b)) => part(a, b),
            _ => Ordering::Equal,
        })
}

/// An empty epoch is 0.
fn split_epoch(version: &str) -> (&str, &str) {
    match version.split_once(':') {
        Some((epoch, rest)) => (epoch, rest),
        None => ("0", version),
    }
}

/// Pacman's `rpmvercmp`: runs of digits or letters. Unlike rpm's of today it knows no `~` and no
/// `^`, the number of characters between two runs counts, and letters after the end are older than
/// the end (`1.0rc` before `1.0`) unless something stands between (`1.0.a` after `1.0`).
fn part(mut a: &str, mut b: &str) -> Ordering {
    let separator = |b: u8| !b.is_ascii_alphanumeric();
    while !a.is_empty() && !b.is_empty() {
        let (between_a, rest_a) = take_while(a, separator);
        let (between_b, rest_b) = take_while(b, separator);
        if rest_a.is_empty() || rest_b.is_empty() {
            (a, b) = (rest_a, rest_b);
            break;
        }
        let apart = between_a.len().cmp(&between_b.len());
        if apart.is_ne() {
            return apart;
        }
        match equal_runs(rest_a, rest_b) {
            Ok(after) => (a, b) = after,
            Err(order) => return order,
        }
    }
    let letters = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic());
    match (a.is_empty(), b.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) if letters(b) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, _) if letters(a) => Ordering::Less,
        (false, _) => Ordering::Greater,
    }
}
