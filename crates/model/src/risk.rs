//! How urgent a finding is: one number from 0 to 100.

use crate::{Finding, Severity};

/// The likelihood that is assumed where no EPSS score is known: not knowing is not safety.
const UNKNOWN_LIKELIHOOD: f64 = 0.1;

impl Finding {
    /// The risk, 0 to 100: `100 × impact × likelihood`, to one decimal.
    ///
    /// Impact is the CVSS base score divided by 10 (see [`Finding::cvss`]; 0.5 where nothing rates
    /// it). Likelihood is 1 for what is known to be exploited (CISA KEV), else the EPSS
    /// probability, else 0.1.
    #[must_use]
    pub fn risk(&self) -> f64 {
        let impact = self.cvss().map_or(0.5, |score| score / 10.0);
        let likelihood = if self.kev.is_some() {
            1.0
        } else {
            self.epss.map_or(UNKNOWN_LIKELIHOOD, |e| e.score)
        };
        (1000.0 * impact * likelihood.clamp(0.0, 1.0)).round() / 10.0
    }

    /// The highest CVSS base score that any source gives; without one, the lower end of the band
    /// that belongs to the severity (CVSS v3.1, section 5); none when the severity is unknown too.
    #[must_use]
    pub fn cvss(&self) -> Option<f64> {
        let best = self
            .ratings
            .iter()
            .filter_map(|r| r.score)
            .filter(|s| s.is_finite())
            .fold(None, |best: Option<f64>, s| {
                Some(best.map_or(s, |b| b.max(s)))
            });
        best.or(match self.severity {
            Severity::Critical => Some(9.0),
            Severity::High => Some(7.0),
            Severity::Medium => Some(4.0),
            Severity::Low | Severity::Negligible => Some(0.1),
            Severity::Unknown => None,
        })
        .map(|score| score.clamp(0.0, 10.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Epss, KnownExploited, MatchReason, Origin, Rating, State};

    #[test]
    fn risk_follows_the_formula() {
        let check = |severity, cvss: Option<f64>, epss: Option<f64>, kev: bool, expected: f64| {
            let ratings = cvss.map(|score| Rating {
                source: "nvd".to_owned(),
                severity,
                vector: None,
                score: Some(score),
            });
            let finding = Finding {
                id: "CVE-1".to_owned(),
                aliases: Vec::new(),
                package: 0,
                state: State::Affected,
                severity,
                severity_source: String::new(),
                ratings: ratings.into_iter().collect(),
                epss: epss.map(|score| Epss {
                    score,
                    percentile: 0.5,
                }),
                published: None,
                kev: kev.then(|| KnownExploited {
                    date_added: String::new(),
                    due_date: String::new(),
                    ransomware: false,
                }),
                fixed_version: None,
                fix_command: None,
                origin: Origin::Unknown,
                reason: MatchReason::default(),
            };
            let risk = finding.risk();
            assert!((risk - expected).abs() < 1e-9, "{risk} {expected}");
        };
        check(Severity::Critical, Some(9.8), Some(0.94), false, 92.1);
        check(Severity::Critical, Some(9.8), Some(0.01), true, 98.0);
        check(Severity::High, None, None, false, 7.0);
        check(Severity::Unknown, None, Some(0.5), false, 25.0);
        check(Severity::Low, None, Some(0.001), false, 0.0);
    }
}
