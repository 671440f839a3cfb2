//! How urgent a finding is: one number from 0 to 100.

use seaworthy_model::{Finding, Severity};

/// The likelihood that is assumed where no EPSS score is known: not knowing is not safety.
const UNKNOWN_LIKELIHOOD: f64 = 0.1;

/// The risk of a finding, 0 to 100: `100 × impact × likelihood`, to one decimal.
///
/// Impact is the CVSS base score divided by 10 (see [`cvss`]; 0.5 where nothing rates it).
/// Likelihood is 1 for what is known to be exploited (CISA KEV), else the EPSS probability, else
/// 0.1.
#[must_use]
pub fn score(finding: &Finding) -> f64 {
    let impact = cvss(finding).map_or(0.5, |score| score / 10.0);
    let likelihood = if finding.kev.is_some() {
        1.0
    } else {
        finding.epss.map_or(UNKNOWN_LIKELIHOOD, |e| e.score)
    };
    (1000.0 * impact * likelihood.clamp(0.0, 1.0)).round() / 10.0
}

/// The highest CVSS base score that any source gives; without one, the lower end of the band that
/// belongs to the severity (CVSS v3.1, section 5); none when the severity is unknown too.
#[must_use]
pub fn cvss(finding: &Finding) -> Option<f64> {
    let best = finding
        .ratings
        .iter()
        .filter_map(|r| r.score)
        .filter(|s| s.is_finite())
        .fold(None, |best: Option<f64>, s| {
            Some(best.map_or(s, |b| b.max(s)))
        });
    best.or(match finding.severity {
        Severity::Critical => Some(9.0),
        Severity::High => Some(7.0),
        Severity::Medium => Some(4.0),
        Severity::Low | Severity::Negligible => Some(0.1),
        Severity::Unknown => None,
    })
    .map(|score| score.clamp(0.0, 10.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::finding;
    use seaworthy_model::{Epss, KnownExploited, Rating};

    #[test]
    fn risk_follows_the_formula() {
        let check = |severity, cvss: Option<f64>, epss: Option<f64>, kev: bool, expected: f64| {
            let mut f = finding("CVE-1", 0, severity);
            f.ratings = cvss
                .map(|score| Rating {
                    source: "nvd".to_owned(),
                    severity,
                    vector: None,
                    score: Some(score),
                })
                .into_iter()
                .collect();
            f.epss = epss.map(|score| Epss {
                score,
                percentile: 0.5,
            });
            f.kev = kev.then(|| KnownExploited {
                date_added: String::new(),
                due_date: String::new(),
                ransomware: false,
            });
            assert!(
                (score(&f) - expected).abs() < 1e-9,
                "{} {expected}",
                score(&f)
            );
        };
        check(Severity::Critical, Some(9.8), Some(0.94), false, 92.1);
        check(Severity::Critical, Some(9.8), Some(0.01), true, 98.0);
        check(Severity::High, None, None, false, 7.0);
        check(Severity::Unknown, None, Some(0.5), false, 25.0);
        check(Severity::Low, None, Some(0.001), false, 0.0);
    }
}
