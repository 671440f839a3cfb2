use std::cmp::Ordering;

use crate::{InvalidVersion, MAX_LENGTH, Scheme, compare, is_valid};

/// A version at an end of a range, and whether the range holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The version.
    pub version: String,
    /// Whether it belongs to the range.
    pub inclusive: bool,
}

/// Versions between two bounds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VersionRange {
    /// Lower end; none for "from the beginning".
    pub lower: Option<Bound>,
    /// Upper end; none for "and all later".
    pub upper: Option<Bound>,
}

/// A text that is no range.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not a {scheme} version range")]
pub struct InvalidRange {
    /// The scheme.
    pub scheme: Scheme,
    /// The text.
    pub text: String,
}

impl VersionRange {
    /// Whether a version lies in the range.
    ///
    /// # Errors
    /// When it, or a bound, is no version of the scheme.
    pub fn contains(&self, scheme: Scheme, version: &str) -> Result<bool, InvalidVersion> {
        if let Some(lower) = &self.lower {
            match compare(scheme, version, &lower.version)? {
                Ordering::Less => return Ok(false),
                Ordering::Equal if !lower.inclusive => return Ok(false),
                _ => {}
            }
        }
        if let Some(upper) = &self.upper {
            match compare(scheme, version, &upper.version)? {
                Ordering::Greater => return Ok(false),
                Ordering::Equal if !upper.inclusive => return Ok(false),
                _ => {}
            }
        }
        Ok(true)
    }
}

/// Reads the ranges of advisories: comparisons joined by commas or spaces (`>= 1.0, < 1.2.3`),
/// alternatives joined by `||`, Maven's and NuGet's intervals (`[1.0,1.2)`), and `*` for all.
///
/// # Errors
/// When the text is none of these.
pub fn parse_ranges(scheme: Scheme, text: &str) -> Result<Vec<VersionRange>, InvalidRange> {
    let invalid = || InvalidRange {
        scheme,
        text: text.chars().take(200).collect(),
    };
    if text.len() > 64 * MAX_LENGTH {
        return Err(invalid());
    }
    let trimmed = text.trim();
    if trimmed.starts_with(['[', '(']) {
        return intervals(scheme, trimmed).ok_or_else(invalid);
    }
    trimmed
        .split("||")
        .map(|alternative| comparisons(scheme, alternative).ok_or_else(invalid))
        .collect()
}

fn comparisons(scheme: Scheme, text: &str) -> Option<VersionRange> {
    let mut range = VersionRange::default();
    if matches!(text.trim(), "*" | "") {
        return (text.trim() == "*").then_some(range);
    }
    let mut words = text.split([',', ' ', '\t']).filter(|w| !w.is_empty());
    while let Some(word) = words.next() {
        let end = word
            .bytes()
            .position(|b| !b"<>=!".contains(&b))
            .unwrap_or(word.len());
        let (operator, version) = word.split_at(end);
        let version = if version.is_empty() {
            words.next()?
        } else {
            version
        };
        if !is_valid(scheme, version) {
            return None;
        }
        let bound = |inclusive| {
            Some(Bound {
                version: version.to_owned(),
                inclusive,
            })
        };
        match operator {
            ">" => range.lower = bound(false),
            ">=" => range.lower = bound(true),
            "<" => range.upper = bound(false),
            "<=" => range.upper = bound(true),
            "=" | "==" | "" => {
                range.lower = bound(true);
                range.upper = bound(true);
            }
            _ => return None,
        }
    }
    Some(range)
}

fn intervals(scheme: Scheme, mut text: &str) -> Option<Vec<VersionRange>> {
    let mut ranges = Vec::new();
    while !text.is_empty() {
        let lower_inclusive = match text.as_bytes().first()? {
            b'[' => true,
            b'(' => false,
            _ => return None,
        };
        let end = text.find([']', ')'])?;
        let upper_inclusive = text.as_bytes().get(end) == Some(&b']');
        let inside = text.get(1..end)?;
        let (lower, upper) = inside.split_once(',').unwrap_or((inside, inside));
        let bound = |version: &str, inclusive| -> Option<Option<Bound>> {
            let version = version.trim();
            if version.is_empty() {
                return Some(None);
            }
            is_valid(scheme, version).then(|| {
                Some(Bound {
                    version: version.to_owned(),
                    inclusive,
                })
            })
        };
        ranges.push(VersionRange {
            lower: bound(lower, lower_inclusive)?,
            upper: bound(upper, upper_inclusive)?,
        });
        text = text
            .get(end + 1..)?
            .trim_start()
            .trim_start_matches(',')
            .trim_start();
    }
    (!ranges.is_empty()).then_some(ranges)
}
