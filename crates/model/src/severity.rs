use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How bad a vulnerability is, from least to worst; the order of the variants is the order of gates.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No source rates it. Sorts below everything, so `--fail-on unknown` refuses all.
    #[default]
    Unknown,
    /// Rated by a distribution as without practical effect (Debian `unimportant`).
    Negligible,
    /// Low.
    Low,
    /// Medium (`moderate` in some sources).
    Medium,
    /// High (`important` in some sources).
    High,
    /// Critical.
    Critical,
}

/// A word that is no severity.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a severity (unknown, negligible, low, medium, high, critical)")]
pub struct UnknownSeverity(pub String);

impl Severity {
    /// All severities, worst first: the order in which people read them.
    pub const WORST_FIRST: [Self; 6] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Negligible,
        Self::Unknown,
    ];

    /// The lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Negligible => "negligible",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The qualitative rating of a CVSS base score (CVSS v3.1 section 5, v4.0 section 6).
    #[must_use]
    pub fn from_score(score: f64) -> Self {
        match score {
            s if s >= 9.0 => Self::Critical,
            s if s >= 7.0 => Self::High,
            s if s >= 4.0 => Self::Medium,
            s if s > 0.0 => Self::Low,
            _ => Self::Unknown,
        }
    }

    /// A small number for tables on disk; the inverse of [`Severity::from_code`].
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The severity with that [code](Severity::code); an unknown code is `Unknown`.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Negligible,
            2 => Self::Low,
            3 => Self::Medium,
            4 => Self::High,
            5 => Self::Critical,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Severity {
    type Err = UnknownSeverity;

    /// Reads our own names and the words that distributions and scanners use, in any case.
    fn from_str(word: &str) -> Result<Self, UnknownSeverity> {
        Ok(match word.trim().to_ascii_lowercase().as_str() {
            "unknown" | "none" | "untriaged" => Self::Unknown,
            "negligible" | "unimportant" | "info" => Self::Negligible,
            "low" => Self::Low,
            "medium" | "moderate" => Self::Medium,
            "high" | "important" => Self::High,
            "critical" => Self::Critical,
            _ => return Err(UnknownSeverity(word.to_owned())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_field_are_read() {
        for (word, expected) in [
            ("Important", Severity::High),
            ("MODERATE", Severity::Medium),
            (" critical ", Severity::Critical),
            ("unimportant", Severity::Negligible),
        ] {
            assert_eq!(word.parse(), Ok(expected), "{word}");
        }
        assert_eq!(
            "awful".parse::<Severity>(),
            Err(UnknownSeverity("awful".to_owned()))
        );
    }

    #[test]
    fn codes_round_trip_and_order_is_from_least_to_worst() {
        for severity in Severity::WORST_FIRST {
            assert_eq!(Severity::from_code(severity.code()), severity);
        }
        assert!(Severity::WORST_FIRST.is_sorted_by(|a, b| a > b));
    }

    #[test]
    fn scores_rate_as_the_standard_says() {
        for (score, expected) in [
            (0.0, Severity::Unknown),
            (0.1, Severity::Low),
            (3.9, Severity::Low),
            (4.0, Severity::Medium),
            (7.0, Severity::High),
            (9.0, Severity::Critical),
        ] {
            assert_eq!(Severity::from_score(score), expected, "{score}");
        }
    }
}
