use std::cmp::Ordering;

use crate::{numbers, take_while};

/// Composer's normalised versions: numbers, then `dev`, `alpha`, `beta`, `RC`, stable, `patch`.
pub(crate) fn is_valid(version: &str) -> bool {
    let version = strip(version);
    version.as_bytes().first().is_some_and(u8::is_ascii_digit)
        && version
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-_+#".contains(&b))
}

fn strip(version: &str) -> &str {
    let version = version.trim_start_matches(['v', 'V']);
    version.split(['+', '#']).next().unwrap_or_default()
}

fn stability(word: &str) -> i8 {
    match word {
        "dev" => -4,
        "alpha" | "a" => -3,
        "beta" | "b" => -2,
        "rc" | "c" => -1,
        "" | "stable" => 0,
        "patch" | "pl" | "p" => 1,
        _ => -5,
    }
}

fn parts(version: &str) -> (Vec<&str>, Vec<(i8, &str)>) {
    let mut core = Vec::new();
    let mut labels: Vec<(i8, &str)> = Vec::new();
    let mut rest = version;
    while !rest.is_empty() {
        let (digits, after) = take_while(rest, |b| b.is_ascii_digit());
        if !digits.is_empty() {
            match labels.last_mut() {
                None => core.push(digits),
                Some(label) if label.1.is_empty() => label.1 = digits,
                Some(_) => labels.push((0, digits)),
            }
            rest = after;
            continue;
        }
        let (word, after) = take_while(rest, |b| b.is_ascii_alphabetic());
        if word.is_empty() {
            rest = rest.get(1..).unwrap_or("");
            continue;
        }
        labels.push((stability(word), ""));
        rest = after;
    }
    (core, labels)
}

pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (strip(a).to_ascii_lowercase(), strip(b).to_ascii_lowercase());
    let ((core_a, labels_a), (core_b, labels_b)) = (parts(&a), parts(&b));
    for at in 0..core_a.len().max(core_b.len()) {
        let order = numbers(
            core_a.get(at).copied().unwrap_or(""),
            core_b.get(at).copied().unwrap_or(""),
        );
        if order.is_ne() {
            return order;
        }
    }
    for at in 0..labels_a.len().max(labels_b.len()) {
        let (x, n) = labels_a.get(at).copied().unwrap_or((0, ""));
        let (y, m) = labels_b.get(at).copied().unwrap_or((0, ""));
        let order = x.cmp(&y).then_with(|| numbers(n, m));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}
