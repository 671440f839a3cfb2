//! LABEL: keys, and the schema that a team sets.

use std::collections::HashMap;

use seaworthy_dockerfile::{Base, Body, Pair, Span};

use super::super::LabelType;
use super::super::context::{Context, shown};
use crate::Rule;

rules! {
    KEY = "0150", Negligible, ["DL3048"],
        "Label with an unusual key",
        why: "Keys of labels are lower-case words joined by single dots and dashes; others, and those in Docker's own namespaces, are not found or clash.",
        fix: "Use a key such as `org.opencontainers.image.title` or `com.example.team`.",
        bad: "FROM debian:12.7\nLABEL Team=x\n", good: "FROM debian:12.7\nLABEL com.example.team=x\n";
    MISSING = "0151", Low, ["DL3049"],
        "Label missing",
        why: "The label schema of the configuration asks for this label.",
        fix: "Add the label.",
        bad: "FROM debian:12.7\n", good: "FROM debian:12.7\nLABEL title=x url=https://example.com/ time=2026-01-31T10:00:00Z license=MIT revision=0123abc version=1.2.3 contact=jo@example.com\n";
    SUPERFLUOUS = "0152", Low, ["DL3050"],
        "Label that the schema does not know",
        why: "The label schema of the configuration is strict, and does not have this label.",
        fix: "Remove the label, or add it to the schema.",
        bad: "FROM debian:12.7\nLABEL other=x\n", good: "FROM debian:12.7\nLABEL title=x\n";
    EMPTY = "0153", Low, ["DL3051"],
        "Label that is empty",
        why: "A required label without a value says nothing.",
        fix: "Give it a value.",
        bad: "FROM debian:12.7\nLABEL title=\"\"\n", good: "FROM debian:12.7\nLABEL title=x\n";
    NOT_URL = "0154", Low, ["DL3052"],
        "Label that is no URL",
        why: "The label schema asks for a URL (RFC 3986), which tools make links of.",
        fix: "Write a whole URL, `https://…`.",
        bad: "FROM debian:12.7\nLABEL url=example\n", good: "FROM debian:12.7\nLABEL url=https://example.com/\n";
    NOT_TIME = "0155", Low, ["DL3053"],
        "Label that is no time",
        why: "The label schema asks for a time (RFC 3339), which tools compare.",
        fix: "Write `2026-01-31T10:00:00Z`.",
        bad: "FROM debian:12.7\nLABEL time=today\n", good: "FROM debian:12.7\nLABEL time=2026-01-31T10:00:00Z\n";
    NOT_SPDX = "0156", Low, ["DL3054"],
        "Label that is no SPDX licence",
        why: "The label schema asks for an SPDX identifier, which licence tools understand.",
        fix: "Write an identifier such as `Apache-2.0`.",
        bad: "FROM debian:12.7\nLABEL license=\"all mine\"\n", good: "FROM debian:12.7\nLABEL license=Apache-2.0\n";
    NOT_HASH = "0157", Low, ["DL3055"],
        "Label that is no commit",
        why: "The label schema asks for the hash of a commit: 7 or 40 hexadecimal digits.",
        fix: "Write the commit, short or long.",
        bad: "FROM debian:12.7\nLABEL revision=main\n", good: "FROM debian:12.7\nLABEL revision=0123abc\n";
    NOT_SEMVER = "0158", Low, ["DL3056"],
        "Label that is no semantic version",
        why: "The label schema asks for a version that can be compared (Semantic Versioning 2.0.0).",
        fix: "Write `1.2.3`.",
        bad: "FROM debian:12.7\nLABEL version=new\n", good: "FROM debian:12.7\nLABEL version=1.2.3\n";
    NOT_EMAIL = "0159", Low, ["DL3058"],
        "Label that is no e-mail address",
        why: "The label schema asks for an address (RFC 5322) where somebody answers.",
        fix: "Write `name@example.com`.",
        bad: "FROM debian:12.7\nLABEL contact=jo\n", good: "FROM debian:12.7\nLABEL contact=jo@example.com\n";
}

pub(super) fn check(cx: &mut Context<'_>) {
    let mut found: Vec<(&'static Rule, usize, Span, String)> = Vec::new();
    let escape = cx.file.escape();
    for (index, instruction) in cx.file.instructions().iter().enumerate() {
        let Body::Label(pairs) = &instruction.body else {
            continue;
        };
        for pair in pairs {
            let key = pair.key.unquoted(escape);
            if !is_key(&key) {
                let message = format!("`{}` is no usual key.", shown(&key));
                found.push((&KEY, index, pair.key.span, message));
            }
            schema(cx, index, pair, &key, &mut found);
        }
    }
    for (rule, index, span, message) in found {
        cx.report(rule, span, Some(index), message);
    }
    missing(cx);
}

/// Lower-case letters, digits and single separators; not in Docker's namespaces (Docker's object
/// labels, "Key format recommendations").
fn is_key(key: &str) -> bool {
    let reserved = ["com.docker.", "io.docker.", "org.dockerproject."];
    let ends = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = key.as_bytes();
    let separators = bytes
        .windows(2)
        .any(|w| matches!(w, [a, b] if a == b && matches!(a, b'.' | b'-')));
    bytes.first().is_some_and(u8::is_ascii_lowercase)
        && ends(bytes.last().copied())
        && !separators
        && bytes
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_/".contains(b))
        && !reserved.iter().any(|r| key.starts_with(r))
}

fn schema(
    cx: &Context<'_>,
    index: usize,
    pair: &Pair,
    key: &str,
    found: &mut Vec<(&'static Rule, usize, Span, String)>,
) {
    let Some(kind) = cx.options.labels.get(key) else {
        if cx.options.strict_labels {
            let message = format!("`{}` is not in the schema.", shown(key));
            found.push((&SUPERFLUOUS, index, pair.key.span, message));
        }
        return;
    };
    let value = pair.value.unquoted(cx.file.escape());
    if value.is_empty() {
        let message = format!("`{}` is empty.", shown(key));
        found.push((&EMPTY, index, pair.value.span, message));
    }
    let (rule, valid): (&'static Rule, bool) = match kind {
        LabelType::Text => return,
        LabelType::Url => (&NOT_URL, is_url(&value)),
        LabelType::Time => (&NOT_TIME, is_time(&value)),
        LabelType::Spdx => (&NOT_SPDX, is_spdx(&value)),
        LabelType::Hash => (&NOT_HASH, is_hash(&value)),
        LabelType::Semver => (&NOT_SEMVER, is_semver(&value)),
        LabelType::Email => (&NOT_EMAIL, is_email(&value)),
    };
    if !valid {
        let message = format!("`{}` is `{}`.", shown(key), shown(&value));
        found.push((rule, index, pair.value.span, message));
    }
}

/// Each stage that is not the start of another must have each label, or inherit it.
fn missing(cx: &mut Context<'_>) {
    if cx.options.labels.is_empty() {
        return;
    }
    let escape = cx.file.escape();
    let mut labels: Vec<HashMap<String, ()>> = Vec::with_capacity(cx.stages.len());
    let mut is_start = vec![false; cx.stages.len()];
    for stage in &cx.stages {
        let mut own: HashMap<String, ()> = HashMap::new();
        if let Base::Stage(parent) = stage.base {
            own.extend(labels.get(parent).cloned().unwrap_or_default());
            if let Some(start) = is_start.get_mut(parent) {
                *start = true;
            }
        }
        for (_, instruction) in cx.stage_instructions(stage.index) {
            if let Body::Label(pairs) = &instruction.body {
                let keys = pairs.iter().map(|p| p.key.unquoted(escape));
                let known = keys.filter(|k| cx.options.labels.contains_key(k));
                own.extend(known.map(|k| (k, ())));
            }
        }
        labels.push(own);
    }
    let mut found = Vec::new();
    for stage in &cx.stages {
        if is_start.get(stage.index) == Some(&true) {
            continue;
        }
        for key in cx.options.labels.keys() {
            if labels
                .get(stage.index)
                .is_some_and(|l| !l.contains_key(key))
            {
                let index = stage.instructions.start.checked_sub(1);
                let message = format!("`{}` is missing.", shown(key));
                found.push((index, stage.instruction.name.span, message));
            }
        }
    }
    for (index, span, message) in found {
        cx.report(&MISSING, span, index, message);
    }
}

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        && !host.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(&b))
}

/// RFC 3339, section 5.6.
fn is_time(text: &str) -> bool {
    let number = |range: std::ops::Range<usize>, low: u32, high: u32| {
        text.get(range).is_some_and(|t| {
            t.bytes().all(|b| b.is_ascii_digit())
                && t.parse().is_ok_and(|n: u32| (low..=high).contains(&n))
        })
    };
    let at = |i: usize| text.as_bytes().get(i).copied();
    let date = number(0..4, 0, 9999) && number(5..7, 1, 12) && number(8..10, 1, 31);
    let time = number(11..13, 0, 23) && number(14..16, 0, 59) && number(17..19, 0, 60);
    let marks = at(4) == Some(b'-')
        && at(7) == Some(b'-')
        && matches!(at(10), Some(b'T' | b't' | b' '))
        && at(13) == Some(b':')
        && at(16) == Some(b':');
    if !(date && time && marks) {
        return false;
    }
    let rest = text.get(19..).unwrap_or("");
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => {
            let digits = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if digits.len() == fraction.len() {
                return false;
            }
            digits
        }
        None => rest,
    };
    let offset = rest
        .strip_prefix(['+', '-'])
        .and_then(|o| o.split_once(':'));
    let two = |t: &str| t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit());
    matches!(rest, "Z" | "z") || offset.is_some_and(|(h, m)| two(h) && two(m))
}

/// The shape of one SPDX licence identifier, or of an expression of them (SPDX 2.3, annex D); the
/// list of identifiers itself is not part of this check.
fn is_spdx(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let operator = |w: &str| matches!(w, "AND" | "OR" | "WITH");
    let identifier = |w: &str| {
        let w = w.trim_matches(['(', ')']);
        w.len() >= 3
            && w.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-.+".contains(&b))
            && w.bytes().any(|b| b.is_ascii_uppercase())
    };
    words.len() % 2 == 1
        && words.iter().enumerate().all(|(i, w)| {
            if i % 2 == 0 {
                identifier(w)
            } else {
                operator(w)
            }
        })
}

fn is_hash(text: &str) -> bool {
    matches!(text.len(), 7 | 40 | 64)
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Semantic Versioning 2.0.0, rules 2, 9 and 10.
fn is_semver(text: &str) -> bool {
    let (text, build) = match text.split_once('+') {
        Some((text, build)) => (text, Some(build)),
        None => (text, None),
    };
    let (core, pre) = match text.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (text, None),
    };
    let number = |n: &str| {
        !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) && (n == "0" || !n.starts_with('0'))
    };
    let identifiers = |text: &str| {
        text.split('.')
            .all(|i| !i.is_empty() && i.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
    };
    core.split('.').count() == 3
        && core.split('.').all(number)
        && pre.is_none_or(identifiers)
        && build.is_none_or(identifiers)
}

/// An address as it is usually written (RFC 5322, section 3.4.1).
fn is_email(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !local.contains(['@', ' ', '<', '>', '"'])
            && domain.contains('.')
            && domain.split('.').all(|part| {
                !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            })
    })
}
