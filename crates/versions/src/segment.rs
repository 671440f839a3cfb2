//! What rpm's and pacman's comparisons share: versions as runs of digits or of letters.

use std::cmp::Ordering;

use crate::{numbers, take_while};

/// Version and release, divided at the last hyphen.
pub(crate) fn split_release(version: &str) -> (&str, Option<&str>) {
    match version.rsplit_once('-') {
        Some((version, release)) => (version, Some(release)),
        None => (version, None),
    }
}

/// Compares the runs with which two texts begin, both of digits or both of letters: what follows
/// them when they are equal. The first text must begin with a digit or a letter.
pub(crate) fn equal_runs<'a, 'b>(a: &'a str, b: &'b str) -> Result<(&'a str, &'b str), Ordering> {
    let numeric = a.starts_with(|c: char| c.is_ascii_digit());
    let test = |byte: u8| {
        if numeric {
            byte.is_ascii_digit()
        } else {
            byte.is_ascii_alphabetic()
        }
    };
    let (run_a, rest_a) = take_while(a, test);
    let (run_b, rest_b) = take_while(b, test);
    let order = if run_b.is_empty() {
        // Numbers are newer than letters.
        if numeric {
            Ordering::Greater
        } else {
            Ordering::Less
        }
    } else if numeric {
        numbers(run_a, run_b)
    } else {
        run_a.cmp(run_b)
    };
    if order.is_ne() {
        return Err(order);
    }
    Ok((rest_a, rest_b))
}
