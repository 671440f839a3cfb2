//! Two scores, 0 to 100, higher is better: the field's, and one that weighs risk.

use seaworthy_model::{Finding, Origin, Severity};

use crate::Tally;

/// The score of the field: `max(0, 100 − 10·critical − 5·high − 2·medium)`.
///
/// It is at 0 with ten critical findings and does not move below that; [`risk_score`] does.
#[must_use]
pub fn security_score(counts: &Tally) -> u32 {
    let penalty = counts
        .critical
        .saturating_mul(10)
        .saturating_add(counts.high.saturating_mul(5))
        .saturating_add(counts.medium.saturating_mul(2));
    u32::try_from(100_u64.saturating_sub(penalty)).unwrap_or(0)
}

/// The sum of risks at which [`risk_score`] is 50.
pub const RISK_SCALE: f64 = 100.0;

/// What one finding weighs in the score of its image: `severity × exploitation × fix × origin`.
///
/// | factor | values |
/// |---|---|
/// | severity | critical 10, high 5, medium 2, low 0.5, negligible 0, not rated 2 |
/// | exploitation | 3 when known exploited (KEV); else `0.5 + 2·EPSS`; 1 without EPSS |
/// | fix | 1.2 when a fixed version exists, 0.8 when not: what could be mended weighs more |
/// | origin | 1.2 from the team's own layers, 0.8 from the base image, 1 when not known |
///
/// A vulnerability that nobody rated weighs as a medium one: unknown is not harmless.
#[must_use]
pub fn weight(finding: &Finding) -> f64 {
    let severity = match finding.severity {
        Severity::Critical => 10.0,
        Severity::High => 5.0,
        Severity::Medium | Severity::Unknown => 2.0,
        Severity::Low => 0.5,
        Severity::Negligible => 0.0,
    };
    let exploitation = match (&finding.kev, &finding.epss) {
        (Some(_), _) => 3.0,
        (None, Some(epss)) if epss.score.is_finite() => 0.5 + 2.0 * epss.score.clamp(0.0, 1.0),
        (None, _) => 1.0,
    };
    let fix = if finding.is_fixable() { 1.2 } else { 0.8 };
    let origin = match finding.origin {
        Origin::Application => 1.2,
        Origin::Base => 0.8,
        Origin::Unknown => 1.0,
    };
    severity * exploitation * fix * origin
}

/// The risk-weighted score: `100 · S / (S + R)` with R the sum of all weights and S
/// [`RISK_SCALE`], to one decimal. Every finding that goes raises it, however many are left.
#[must_use]
pub fn risk_score(total_risk: f64) -> f64 {
    let score = 100.0 * RISK_SCALE / (RISK_SCALE + total_risk.max(0.0));
    (score * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use seaworthy_model::{Epss, KnownExploited, State};

    use super::*;
    use crate::sample;

    #[test]
    fn the_fields_formula() {
        for ((critical, high, medium, low), score) in [
            ((0, 0, 0, 0), 100),
            ((0, 0, 0, 500), 100),
            ((1, 2, 3, 4), 74),
            ((10, 0, 0, 0), 0),
            ((11, 3, 9, 0), 0),
            ((u64::MAX, u64::MAX, 1, 0), 0),
        ] {
            let counts = Tally {
                critical,
                high,
                medium,
                low,
                ..Tally::default()
            };
            assert_eq!(security_score(&counts), score, "{counts:?}");
        }
    }

    #[test]
    fn exploitation_fix_and_origin_weigh() {
        let mut report = sample::report("web:1");
        sample::vulnerable(&mut report, "CVE-1", "curl", "1", Severity::High);
        let plain = report.findings.remove(0);
        let check = |change: &dyn Fn(&mut Finding), expected: f64| {
            let mut finding = plain.clone();
            change(&mut finding);
            let found = weight(&finding);
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        };
        check(&|_| {}, 4.0);
        check(&|f| f.kev = Some(KnownExploited::default_for_test()), 12.0);
        check(&|f| f.epss = Some(epss(0.0)), 2.0);
        check(&|f| f.epss = Some(epss(1.0)), 10.0);
        check(&|f| f.epss = Some(epss(f64::NAN)), 4.0);
        check(&|f| f.origin = Origin::Application, 4.8);
        check(&|f| f.origin = Origin::Base, 3.2);
        check(&|f| f.severity = Severity::Unknown, 1.6);
        check(
            &|f| {
                f.state = State::Fixed;
                f.fixed_version = Some("2".to_owned());
            },
            6.0,
        );
    }

    fn epss(score: f64) -> Epss {
        Epss {
            score,
            percentile: 0.5,
        }
    }

    trait DefaultForTest {
        fn default_for_test() -> Self;
    }

    impl DefaultForTest for KnownExploited {
        fn default_for_test() -> Self {
            Self {
                date_added: "2026-01-01".to_owned(),
                due_date: String::new(),
                ransomware: false,
            }
        }
    }

    #[test]
    fn the_risk_score_moves_where_the_fields_is_at_its_floor() {
        assert!((risk_score(0.0) - 100.0).abs() < 1e-9);
        assert!((risk_score(RISK_SCALE) - 50.0).abs() < 1e-9);
        assert!(risk_score(1000.0) > risk_score(1100.0));
        assert!((risk_score(-1.0) - 100.0).abs() < 1e-9);
    }
}
