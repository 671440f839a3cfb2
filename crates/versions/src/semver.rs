//! Semantic Versioning 2.0.0, section 11; its two dialects, Go and NuGet, build on it.

use std::cmp::Ordering;

use crate::numbers;

/// `=v1.2.3` and `v1.2.3` are read as npm's loose mode does.
pub(crate) fn strip(version: &str) -> &str {
    version
        .trim_start_matches('=')
        .trim_start()
        .trim_start_matches(['v', 'V'])
}

/// Numbers, pre-release; the build part does not count. Missing numbers are zero.
fn split(version: &str) -> (&str, &str) {
    let version = version.split('+').next().unwrap_or_default();
    let end = version
        .bytes()
        .position(|b| !b.is_ascii_digit() && b != b'.')
        .unwrap_or(version.len());
    let (core, rest) = version.split_at(end);
    // Loose: `1.2.3beta` has the pre-release `beta`.
    (core, rest.strip_prefix('-').unwrap_or(rest))
}

/// `most` is how many numbers there may be.
pub(crate) fn valid(version: &str, most: usize) -> bool {
    let (core, pre) = split(version);
    let parts = core.split('.').count();
    parts <= most
        && core.split('.').all(|p| !p.is_empty())
        && pre
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-_~".contains(&b))
}

pub(crate) fn is_valid(version: &str) -> bool {
    valid(strip(version), 4)
}

fn core(a: &str, b: &str) -> Ordering {
    let (mut parts_a, mut parts_b) = (a.split('.'), b.split('.'));
    loop {
        let (x, y) = (parts_a.next(), parts_b.next());
        if x.is_none() && y.is_none() {
            return Ordering::Equal;
        }
        let order = numbers(x.unwrap_or(""), y.unwrap_or(""));
        if order.is_ne() {
            return order;
        }
    }
}

/// Section 11.4: numbers below texts, fewer fields below more, a release above its pre-releases.
fn pre_release(a: &str, b: &str, ignore_case: bool) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut parts_a, mut parts_b) = (a.split('.'), b.split('.'));
    loop {
        let (x, y) = match (parts_a.next(), parts_b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => (x, y),
        };
        let is_number = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
        let order = match (is_number(x), is_number(y)) {
            (true, true) => numbers(x, y),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) if ignore_case => x
                .bytes()
                .map(|b| b.to_ascii_lowercase())
                .cmp(y.bytes().map(|b| b.to_ascii_lowercase())),
            (false, false) => x.cmp(y),
        };
        if order.is_ne() {
            return order;
        }
    }
}

pub(crate) fn both(a: &str, b: &str, ignore_case: bool) -> Ordering {
    let ((core_a, pre_a), (core_b, pre_b)) = (split(a), split(b));
    core(core_a, core_b).then_with(|| pre_release(pre_a, pre_b, ignore_case))
}

pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    both(strip(a), strip(b), false)
}
