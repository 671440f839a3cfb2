use std::cmp::Ordering;

use crate::segment::{equal_runs, split_release};
use crate::{numbers, take_while};

/// `[epoch:]version[-release]` (rpm-version(7)).
pub(crate) fn is_valid(version: &str) -> bool {
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    !epoch.is_empty()
        && epoch.bytes().all(|b| b.is_ascii_digit())
        && rest.bytes().any(|b| b.is_ascii_alphanumeric())
        && rest.bytes().all(|b| b.is_ascii_graphic() && b != b':')
}

pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (epoch_a, a) = a.split_once(':').unwrap_or(("0", a));
    let (epoch_b, b) = b.split_once(':').unwrap_or(("0", b));
    let (version_a, release_a) = split_release(a);
    let (version_b, release_b) = split_release(b);
    numbers(epoch_a, epoch_b)
        .then_with(|| part(version_a, version_b))
        .then_with(|| match (release_a, release_b) {
            (Some(a), Some(b)) => part(a, b),
            // A range without a release means all releases of that version.
            _ => Ordering::Equal,
        })
}

/// rpmvercmp: runs of digits or letters, `~` before everything, `^` after the end of the same
/// prefix but before anything else.
fn part(mut a: &str, mut b: &str) -> Ordering {
    let separator = |b: u8| !b.is_ascii_alphanumeric() && b != b'~' && b != b'^';
    loop {
        a = take_while(a, separator).1;
        b = take_while(b, separator).1;
        match (a.strip_prefix('~'), b.strip_prefix('~')) {
            (Some(rest_a), Some(rest_b)) => {
                (a, b) = (rest_a, rest_b);
                continue;
            }
            (Some(_), None) => return Ordering::Less,
            (None, Some(_)) => return Ordering::Greater,
            (None, None) => {}
        }
        match (a.strip_prefix('^'), b.strip_prefix('^')) {
            (Some(rest_a), Some(rest_b)) => {
                (a, b) = (rest_a, rest_b);
                continue;
            }
            (Some(_), None) => {
                return if b.is_empty() {
                    Ordering::Greater
                } else {
                    Ordering::Less
                };
            }
            (None, Some(_)) => {
                return if a.is_empty() {
                    Ordering::Less
                } else {
                    Ordering::Greater
                };
            }
            (None, None) => {}
        }
        if a.is_empty() || b.is_empty() {
            return a.len().cmp(&b.len());
        }
        match equal_runs(a, b) {
            Ok(rest) => (a, b) = rest,
            Err(order) => return order,
        }
    }
}
