//! Findings per severity.

use seaworthy_model::Severity;
use serde::{Deserialize, Serialize};

/// A number per severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Critical.
    pub critical: u64,
    /// High.
    pub high: u64,
    /// Medium.
    pub medium: u64,
    /// Low.
    pub low: u64,
    /// Without practical effect, as the distribution says.
    pub negligible: u64,
    /// Not rated by anybody.
    pub unknown: u64,
}

impl Tally {
    /// Counts severities.
    #[must_use]
    pub fn of(severities: impl IntoIterator<Item = Severity>) -> Self {
        let mut tally = Self::default();
        for severity in severities {
            *tally.slot(severity) += 1;
        }
        tally
    }

    fn slot(&mut self, severity: Severity) -> &mut u64 {
        match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Negligible => &mut self.negligible,
            Severity::Unknown => &mut self.unknown,
        }
    }

    /// The number of one severity.
    #[must_use]
    pub const fn get(&self, severity: Severity) -> u64 {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
            Severity::Negligible => self.negligible,
            Severity::Unknown => self.unknown,
        }
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        Severity::WORST_FIRST.iter().map(|&s| self.get(s)).sum()
    }

    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        for severity in Severity::WORST_FIRST {
            let slot = self.slot(severity);
            *slot = slot.saturating_add(other.get(severity));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_severity_has_its_place() {
        let tally = Tally::of(Severity::WORST_FIRST.into_iter().chain([Severity::High]));
        for severity in Severity::WORST_FIRST {
            let expected = if severity == Severity::High { 2 } else { 1 };
            assert_eq!(tally.get(severity), expected, "{severity}");
        }
        let mut double = tally;
        double.add(&tally);
        assert_eq!(double.total(), 14);
    }
}
