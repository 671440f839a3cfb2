//! Version constraints as the language databases write them: comparisons joined by commas or
//! blanks, alternatives joined by `||`, carets, tildes and wildcards.

use std::cmp::Ordering;

use seaworthy_versions::Scheme;
use seaworthy_vulndb::{End, Interval};

use crate::order::Order;

/// A stretch of versions: from a bound to a bound, each inclusive or not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) from: Option<(String, bool)>,
    pub(crate) to: Option<(String, bool)>,
}

/// What a version without an operator means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bare {
    /// That version (npm, RubyGems, Composer).
    Exactly,
    /// A compatible one (Cargo, "Specifying Dependencies").
    Caret,
}

/// Alternatives beyond this are no honest ones.
const MAX_ALTERNATIVES: usize = 1000;

/// Reads `>= 1.2, < 2`, `^1.2.3 || ~1.1`, `~> 2.2.8, >= 2.2.8.1`, `4.x`, `*`, `= 1.0`.
pub(crate) fn parse(text: &str, bare: Bare) -> Option<Vec<Span>> {
    if text.len() > 1 << 16 {
        return None;
    }
    text.split("||")
        .take(MAX_ALTERNATIVES)
        .map(|alternative| parse_one(alternative, bare))
        .collect()
}

fn parse_one(text: &str, bare: Bare) -> Option<Span> {
    let mut span = Span::default();
    let mut words = text
        .split([',', ' ', '\t'])
        .filter(|word| !word.is_empty())
        .peekable();
    words.peek()?;
    while let Some(word) = words.next() {
        let end = word
            .bytes()
            .position(|b| !b"<>=~^!".contains(&b))
            .unwrap_or(word.len());
        let (operator, version) = word.split_at_checked(end)?;
        let version = if version.is_empty() {
            words.next()?
        } else {
            version
        };
        let version = version.trim_start_matches(['v', 'V']);
        if matches!(version, "*" | "x" | "X" | "all") {
            continue;
        }
        if !version.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        apply(&mut span, operator, version, bare)?;
    }
    Some(span)
}

fn apply(span: &mut Span, operator: &str, version: &str, bare: Bare) -> Option<()> {
    let wildcard = version
        .strip_suffix(".x")
        .or_else(|| version.strip_suffix(".*"));
    let wildcard = wildcard.map(|head| head.trim_end_matches(".x").trim_end_matches(".*"));
    if let (Some(head), "" | "=" | "==" | "^" | "~") = (wildcard, operator) {
        span.from = Some((full(head, Bare::Caret), true));
        span.to = Some((bumped(head, usize::MAX)?, false));
        return Some(());
    }
    let version = wildcard.unwrap_or(version).to_owned();
    match (operator, bare) {
        (">=", _) => raise(span, version, true),
        (">", _) => raise(span, version, false),
        ("<", _) => lower(span, version, false),
        ("<=", _) => lower(span, version, true),
        ("=" | "==", _) | ("", Bare::Exactly) => {
            span.from = Some((version.clone(), true));
            span.to = Some((version, true));
        }
        ("^", _) | ("", Bare::Caret) => {
            lower(span, bumped(&version, significant(&version))?, false);
            raise(span, full(&version, bare), true);
        }
        ("~", _) => {
            lower(span, bumped(&version, 1)?, false);
            raise(span, full(&version, bare), true);
        }
        ("~>", _) => {
            // RubyGems: the last number may grow.
            let parts = numbers(&version).len();
            lower(span, bumped(&version, parts.saturating_sub(2))?, false);
            raise(span, version, true);
        }
        _ => return None,
    }
    Some(())
}

/// Cargo's versions have three numbers, whatever was left out.
fn full(version: &str, bare: Bare) -> String {
    let (head, rest) = split_numbers(version);
    let count = head.split('.').count();
    if bare == Bare::Exactly || count >= 3 {
        return version.to_owned();
    }
    format!("{head}{}{rest}", ".0".repeat(3 - count))
}

fn raise(span: &mut Span, version: String, inclusive: bool) {
    // `~> 2.2.8, >= 2.2.8.1`: the greater one counts.
    if span
        .from
        .as_ref()
        .is_none_or(|(old, _)| numbers(old) <= numbers(&version))
    {
        span.from = Some((version, inclusive));
    }
}

fn lower(span: &mut Span, version: String, inclusive: bool) {
    span.to = Some((version, inclusive));
}

fn split_numbers(version: &str) -> (&str, &str) {
    match version.find(|c: char| !c.is_ascii_digit() && c != '.') {
        Some(at) => version.split_at(at),
        None => (version, ""),
    }
}

fn numbers(version: &str) -> Vec<u64> {
    split_numbers(version)
        .0
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect()
}

/// Which number a caret holds fast: the first that is not zero.
fn significant(version: &str) -> usize {
    let parts = numbers(version);
    parts
        .iter()
        .position(|n| *n > 0)
        .unwrap_or(parts.len().saturating_sub(1))
}

/// The version after all that share the numbers up to `position`.
fn bumped(version: &str, position: usize) -> Option<String> {
    let mut parts = numbers(version);
    let at = position.min(parts.len().checked_sub(1)?);
    parts.truncate(at + 1);
    let last = parts.last_mut()?;
    *last = last.checked_add(1)?;
    while parts.len() < 3 {
        parts.push(0);
    }
    Some(
        parts
            .iter()
            .map(u64::to_string)
            .collect::<Vec<_>>()
            .join("."),
    )
}

/// The next version after one, as far as its order has a name for it.
fn after(version: &str, order: Order) -> String {
    match order.scheme() {
        Scheme::Semver | Scheme::Go | Scheme::NuGet => {
            let (head, rest) = split_numbers(version);
            if rest.starts_with('-') {
                // A pre-release: the same with one more identifier is the next one.
                return format!("{version}.0");
            }
            match head.rsplit_once('.').and_then(|(head, patch)| {
                Some(format!(
                    "{head}.{}-0",
                    patch.parse::<u64>().ok()?.checked_add(1)?
                ))
            }) {
                Some(next) if head.split('.').count() >= 3 => next,
                _ => format!("{head}.0.1-0"),
            }
        }
        Scheme::Gem => format!("{version}.0.1"),
        _ => format!("{version}.1"),
    }
}

/// The spans as affected intervals.
pub(crate) fn affected(spans: Vec<Span>, order: Order) -> Vec<Interval> {
    let mut intervals: Vec<Interval> = spans
        .into_iter()
        .map(|span| Interval {
            introduced: match span.from {
                None => String::new(),
                Some((version, true)) => version,
                Some((version, false)) => after(&version, order),
            },
            end: match span.to {
                None => End::Open,
                Some((version, true)) => End::LastAffected(version),
                Some((version, false)) => End::Fixed(version),
            },
        })
        .collect();
    order.sort(&mut intervals);
    intervals
}

/// What is left between the fine stretches.
pub(crate) fn rest_of(mut fine: Vec<Span>, order: Order) -> Vec<Interval> {
    let start = |span: &Span| {
        span.from
            .as_ref()
            .map_or("", |(version, _)| version)
            .to_owned()
    };
    fine.sort_by(|a, b| order.compare(&start(a), &start(b)));
    let mut out = Vec::new();
    // Where the affected stretch begins; none when all the rest is fine.
    let mut open = Some(String::new());
    for span in fine {
        let Some(begin) = open.take() else {
            break;
        };
        if let Some((from, inclusive)) = &span.from
            && order.compare(from, &begin) == Ordering::Greater
        {
            out.push(Interval {
                introduced: begin.clone(),
                end: if *inclusive {
                    End::Fixed(from.clone())
                } else {
                    End::LastAffected(from.clone())
                },
            });
        }
        open = match span.to {
            None => None,
            Some((to, inclusive)) => {
                let to = if inclusive { after(&to, order) } else { to };
                Some(if order.compare(&to, &begin) == Ordering::Greater {
                    to
                } else {
                    begin
                })
            }
        };
    }
    if let Some(introduced) = open {
        out.push(Interval {
            introduced,
            end: End::Open,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(intervals: &[Interval]) -> String {
        let one = |interval: &Interval| match &interval.end {
            End::Open => format!("[{},)", interval.introduced),
            End::Fixed(version) => format!("[{},{version})", interval.introduced),
            End::LastAffected(version) => format!("[{},{version}]", interval.introduced),
        };
        intervals.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn constraints_become_intervals() {
        for (shard, constraint, expected) in [
            ("npm", "<11.1.4", "[,11.1.4)"),
            (
                "npm",
                ">=1.7.0 <1.7.16 || >= 2.0.0 <=2.0.8",
                "[1.7.0,1.7.16) [2.0.0,2.0.8]",
            ),
            ("npm", "20.x || 4.x", "[4.0.0,5.0.0) [20.0.0,21.0.0)"),
            ("npm", "*", "[,)"),
            (
                "npm",
                "^0.10.48 || ~1.2.3",
                "[0.10.48,0.11.0) [1.2.3,1.3.0)",
            ),
            ("npm", "2.1.0", "[2.1.0,2.1.0]"),
            ("npm", ">1.2.3", "[1.2.4-0,)"),
            ("rubygems", "> 1.2", "[1.2.0.1,)"),
            ("packagist", ">=3.0.0,<3.5.18", "[3.0.0,3.5.18)"),
        ] {
            let spans = parse(constraint, Bare::Exactly).expect(constraint);
            assert_eq!(
                text(&affected(spans, Order::of_shard(shard))),
                expected,
                "{constraint}"
            );
        }
        for bad in ["", ">=", "latest", "> one", "!= 1", "1 || "] {
            assert_eq!(parse(bad, Bare::Exactly), None, "{bad}");
        }
    }

    #[test]
    fn what_is_not_fine_is_affected() {
        let order = Order::of_shard("rubygems");
        for (fine, expected) in [
            (
                &[">= 2.2.8.1, ~> 2.2.8", ">= 3.0.9.1", "< 1.3.0"][..],
                "[1.3.0,2.2.8.1) [2.3.0,3.0.9.1)",
            ),
            (&["~> 2.1"], "[,2.1) [3.0.0,)"),
            (&["> 1.0"], "[,1.0]"),
            (&[], "[,)"),
        ] {
            let spans = fine
                .iter()
                .flat_map(|text| parse(text, Bare::Exactly).expect(text))
                .collect();
            assert_eq!(text(&rest_of(spans, order)), expected, "{fine:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(constraint in ".{0,60}") {
            for bare in [Bare::Exactly, Bare::Caret] {
                if let Some(spans) = parse(&constraint, bare) {
                    rest_of(spans.clone(), Order::of_shard("npm"));
                    affected(spans, Order::of_shard("rubygems"));
                }
            }
        }
    }
}
