//! For how long vulnerabilities are public.

use jiff::Timestamp;
use seaworthy_model::{Date, Finding, Severity};
use serde::Serialize;

use crate::time::DAY;

/// Since when the vulnerabilities of an image are public, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Publication {
    /// Day of the critical vulnerability that is public for longest.
    pub oldest_critical: Option<Date>,
    /// The same for high ones.
    pub oldest_high: Option<Date>,
    /// Vulnerabilities whose day is known.
    pub dated: u64,
    /// Vulnerabilities whose day nobody tells.
    pub undated: u64,
    /// Days since 1970, summed over the dated ones.
    days: i64,
}

impl Publication {
    pub(crate) fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut publication = Self::default();
        for finding in findings {
            let Some(day) = finding.published else {
                publication.undated += 1;
                continue;
            };
            publication.dated += 1;
            publication.days = publication.days.saturating_add(i64::from(day.days()));
            match finding.severity {
                Severity::Critical => earliest(&mut publication.oldest_critical, Some(day)),
                Severity::High => earliest(&mut publication.oldest_high, Some(day)),
                _ => {}
            }
        }
        publication
    }

    /// Adds those of another image.
    pub(crate) fn add(&mut self, other: &Self) {
        earliest(&mut self.oldest_critical, other.oldest_critical);
        earliest(&mut self.oldest_high, other.oldest_high);
        self.dated = self.dated.saturating_add(other.dated);
        self.undated = self.undated.saturating_add(other.undated);
        self.days = self.days.saturating_add(other.days);
    }

    /// Mean time since publication in seconds, from midnight of each day on; none when no day is
    /// known. What is to be published tomorrow is not younger than now.
    #[must_use]
    pub fn mean_age(&self, now: Timestamp) -> Option<f64> {
        if self.dated == 0 {
            return None;
        }
        let mean = self.days as f64 / self.dated as f64 * DAY as f64;
        Some((now.as_second() as f64 - mean).max(0.0))
    }

    /// The ages at a time, in days.
    #[must_use]
    pub fn ages(&self, now: Timestamp) -> Ages {
        let today = Date::from_seconds(now.as_second());
        let since = |day: Option<Date>| day.map(|day| today.since(day).max(0).unsigned_abs());
        Ages {
            oldest_critical: since(self.oldest_critical),
            oldest_high: since(self.oldest_high),
            mean: self
                .mean_age(now)
                .map(|seconds| (seconds / DAY as f64 * 10.0).round() / 10.0),
            unknown: self.undated,
        }
    }
}

fn earliest(slot: &mut Option<Date>, day: Option<Date>) {
    *slot = match (*slot, day) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
}

/// For how long the vulnerabilities of an image are public, in days. Only those whose day of
/// publication is known count; how many are not is said.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Ages {
    /// The critical one that is public for longest; absent without one whose day is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_critical: Option<u32>,
    /// The same for high ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_high: Option<u32>,
    /// Mean over all severities, to one decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Vulnerabilities whose day of publication nobody tells.
    pub unknown: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn published(days: &[(Severity, Option<&str>)]) -> Publication {
        let findings: Vec<Finding> = days
            .iter()
            .map(|(severity, day)| Finding {
                published: day.map(|day| day.parse().unwrap()),
                ..sample::finding("CVE-1", 0, *severity)
            })
            .collect();
        Publication::of(&findings)
    }

    #[test]
    fn ages_count_what_is_known_and_say_what_is_not() {
        use Severity::{Critical, High, Low};
        let check = |days: &[(Severity, Option<&str>)], expected: Ages| {
            assert_eq!(published(days).ages(sample::now()), expected, "{days:?}");
        };
        // Now is 2026-11-25, 13:36.
        check(&[], Ages::default());
        check(
            &[(Critical, None), (Low, None)],
            Ages {
                unknown: 2,
                ..Ages::default()
            },
        );
        check(
            &[
                (Critical, Some("2026-11-20")),
                (Critical, Some("2026-10-26")),
                (High, Some("2026-11-25")),
                (Low, Some("2020-01-01")),
                (High, None),
            ],
            Ages {
                oldest_critical: Some(30),
                oldest_high: Some(0),
                mean: Some(639.3),
                unknown: 1,
            },
        );
        // Announced for a day that has not come.
        check(
            &[(High, Some("2026-12-31"))],
            Ages {
                oldest_high: Some(0),
                mean: Some(0.0),
                ..Ages::default()
            },
        );
    }

    #[test]
    fn images_are_summed_up() {
        let mut one = published(&[(Severity::Critical, Some("2026-11-20"))]);
        one.add(&published(&[
            (Severity::Critical, Some("2026-11-10")),
            (Severity::High, None),
        ]));
        assert_eq!((one.dated, one.undated), (2, 1));
        let ages = one.ages(sample::now());
        assert_eq!(ages.oldest_critical, Some(15));
        assert_eq!(ages.oldest_high, None);
        // Midnights of 10 and 20 November: the mean is that of the 15th.
        assert_eq!(ages.mean, Some(10.6));
    }
}
