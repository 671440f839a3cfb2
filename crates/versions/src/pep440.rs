use std::cmp::Ordering;

use crate::{numbers, take_while};

/// A version in the parts of PEP 440, "Summary of permitted suffixes and relative ordering".
struct Version<'a> {
    epoch: &'a str,
    release: Vec<&'a str>,
    pre: Option<(u8, &'a str)>,
    post: Option<&'a str>,
    dev: Option<&'a str>,
    local: Option<&'a str>,
}

pub(crate) fn is_valid(version: &str) -> bool {
    let lower = version.to_ascii_lowercase();
    parse(&lower).is_some()
}

pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    match (parse(&a), parse(&b)) {
        (Some(a), Some(b)) => order(&a, &b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

fn digits(text: &str) -> (&str, &str) {
    take_while(text, |b| b.is_ascii_digit())
}

fn separator(text: &str) -> &str {
    text.strip_prefix(['.', '-', '_']).unwrap_or(text)
}

/// A word after an optional separator, and the number after another one.
fn suffix<'a>(text: &'a str, words: &[&str]) -> Option<(usize, &'a str, &'a str)> {
    let rest = separator(text);
    let (at, word) = words
        .iter()
        .enumerate()
        .find(|(_, word)| rest.starts_with(**word))?;
    let rest = &rest[word.len()..];
    let (number, after) = digits(separator(rest));
    if number.is_empty() {
        return Some((at, "0", separator(rest)));
    }
    Some((at, number, after))
}

fn parse(text: &str) -> Option<Version<'_>> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (public, local) = match text.split_once('+') {
        Some((public, local)) => (public, Some(local)),
        None => (text, None),
    };
    if local.is_some_and(|l| {
        l.split(['.', '-', '_'])
            .any(|p| p.is_empty() || !p.bytes().all(|b| b.is_ascii_alphanumeric()))
    }) {
        return None;
    }
    let (epoch, mut rest) = public.split_once('!').unwrap_or(("0", public));
    if epoch.is_empty() || !epoch.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut release = Vec::new();
    loop {
        let (number, after) = digits(rest);
        if number.is_empty() {
            return None;
        }
        release.push(number);
        rest = after;
        match rest.strip_prefix('.') {
            Some(next) if next.starts_with(|c: char| c.is_ascii_digit()) => rest = next,
            _ => break,
        }
    }
    let mut version = Version {
        epoch,
        release,
        pre: None,
        post: None,
        dev: None,
        local,
    };
    const PRE: [&str; 8] = ["alpha", "a", "beta", "b", "preview", "pre", "rc", "c"];
    if let Some((at, number, after)) = suffix(rest, &PRE) {
        let rank = match at {
            0 | 1 => 0,
            2 | 3 => 1,
            _ => 2,
        };
        version.pre = Some((rank, number));
        rest = after;
    }
    if let Some((_, number, after)) = suffix(rest, &["post", "rev", "r"]) {
        version.post = Some(number);
        rest = after;
    } else if let Some(after) = rest.strip_prefix('-') {
        // `1.0-1` is an implicit post release.
        let (number, after) = digits(after);
        if !number.is_empty() {
            version.post = Some(number);
            rest = after;
        }
    }
    if let Some((_, number, after)) = suffix(rest, &["dev"]) {
        version.dev = Some(number);
        rest = after;
    }
    rest.is_empty().then_some(version)
}

fn order(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    numbers(a.epoch, b.epoch)
        .then_with(|| release(&a.release, &b.release))
        .then_with(|| pre_key(a).cmp(&pre_key(b)))
        .then_with(|| match (a.pre, b.pre) {
            (Some((x, n)), Some((y, m))) => x.cmp(&y).then_with(|| numbers(n, m)),
            _ => Ordering::Equal,
        })
        .then_with(|| optional(a.post, b.post))
        // Without `dev` is newer than with.
        .then_with(|| match (a.dev, b.dev) {
            (Some(x), Some(y)) => numbers(x, y),
            (x, y) => x.is_none().cmp(&y.is_none()),
        })
        .then_with(|| match (a.local, b.local) {
            (Some(x), Some(y)) => local(x, y),
            (x, y) => x.is_some().cmp(&y.is_some()),
        })
}

/// `1.0.dev1` comes before all pre-releases, `1.0` and `1.0.post1` after them.
fn pre_key(version: &Version<'_>) -> u8 {
    match version {
        Version { pre: Some(_), .. } => 1,
        Version {
            post: None,
            dev: Some(_),
            ..
        } => 0,
        _ => 2,
    }
}

fn optional(a: Option<&str>, b: Option<&str>) -> Ordering {
    match (a, b) {
        (Some(x), Some(y)) => numbers(x, y),
        (x, y) => x.is_some().cmp(&y.is_some()),
    }
}

fn release(a: &[&str], b: &[&str]) -> Ordering {
    for at in 0..a.len().max(b.len()) {
        let order = numbers(
            a.get(at).copied().unwrap_or(""),
            b.get(at).copied().unwrap_or(""),
        );
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

fn local(a: &str, b: &str) -> Ordering {
    let (mut parts_a, mut parts_b) = (a.split(['.', '-', '_']), b.split(['.', '-', '_']));
    loop {
        let (x, y) = match (parts_a.next(), parts_b.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) if x.is_none() || y.is_none() => return x.is_some().cmp(&y.is_some()),
            (x, y) => (x.unwrap_or(""), y.unwrap_or("")),
        };
        let number = |p: &str| p.bytes().all(|b| b.is_ascii_digit());
        let order = match (number(x), number(y)) {
            (true, true) => numbers(x, y),
            (false, false) => x.cmp(y),
            (x, y) => x.cmp(&y),
        };
        if order.is_ne() {
            return order;
        }
    }
}
