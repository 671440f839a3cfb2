//! The figures of one report: `security-metrics.json`.

use std::io::Write;

use jiff::Timestamp;
use seaworthy_model::{LicenseClass, Report};
use serde::{Deserialize, Serialize};

use crate::diff::{active, digest};
use crate::standing::{self, counted as counted_by};
use crate::{
    Ages, Error, Publication, Tally, Waivers, iso, risk_score, security_score, weight, write_json,
};

/// The name of the file that the pipelines of the field expect.
pub const METRICS_FILE: &str = "security-metrics.json";

/// How many high findings a compliant image may have (the field's rule).
const HIGH_ALLOWED: u64 = 2;

/// Whether an image keeps to the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComplianceStatus {
    /// No critical finding, at most two high ones, the gate passes, and all was looked at.
    Compliant,
    /// No critical finding, more than two high ones.
    Warning,
    /// Critical findings, or the gate fails.
    NonCompliant,
    /// Not assessed, or not all of it and nothing that was speaks against the image.
    Unknown,
}

impl ComplianceStatus {
    /// All states, best first.
    pub const ALL: [Self; 4] = [
        Self::Compliant,
        Self::Warning,
        Self::NonCompliant,
        Self::Unknown,
    ];

    /// The word in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compliant => "compliant",
            Self::Warning => "warning",
            Self::NonCompliant => "non-compliant",
            Self::Unknown => "unknown",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// The number in `container_compliance_status`: only 1 is compliant.
    #[must_use]
    pub const fn gauge(self) -> f64 {
        match self {
            Self::Compliant => 1.0,
            Self::Warning => 0.5,
            Self::NonCompliant => 0.0,
            Self::Unknown => -1.0,
        }
    }

    /// The status of a report, and what makes it another one than the counts say.
    fn of(report: &Report, counts: &Tally) -> (Self, Vec<String>) {
        let reasons = standing::not_assessed(report);
        if !reasons.is_empty() {
            return (Self::Unknown, reasons);
        }
        let found = Self::of_counts(report, counts);
        let open = standing::incomplete(report);
        match found {
            Self::Compliant if !open.is_empty() => (Self::Unknown, open),
            found => (found, Vec::new()),
        }
    }

    fn of_counts(report: &Report, counts: &Tally) -> Self {
        if counts.critical > 0 || (!report.gate.rule.is_empty() && !report.gate.passed) {
            Self::NonCompliant
        } else if counts.high > HIGH_ALLOWED {
            Self::Warning
        } else {
            Self::Compliant
        }
    }
}

/// What a report does not say about itself.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Name of the project; becomes a label when it is not empty.
    pub project: String,
    /// `production`, `development` …; becomes a label when it is not empty.
    pub environment: String,
    /// When the image was scanned.
    pub scanned_at: Option<Timestamp>,
    /// Findings that somebody decided to live with; they are counted apart.
    pub waivers: Waivers,
}

/// The figures of one report.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// What was scanned.
    pub image: String,
    /// Its digest; empty outside images.
    pub digest: String,
    /// Name of the project.
    pub project: String,
    /// Environment.
    pub environment: String,
    /// `linux/amd64`; empty outside images.
    pub platform: String,
    /// Name of the distribution; empty without one.
    pub distribution: String,
    /// Version of the program that scanned.
    pub version: String,
    /// When it was scanned.
    pub scanned_at: Option<Timestamp>,
    /// Whether the report says anything at all.
    pub assessed: bool,
    /// Findings per severity, without the waived ones.
    pub vulnerabilities: Tally,
    /// Ids of those findings with their severity, each once.
    pub ids: Vec<(String, seaworthy_model::Severity)>,
    /// How many of them have a fixed version.
    pub fixable: u64,
    /// How many of them are known to be exploited; none when the report does not tell.
    pub exploited: Option<u64>,
    /// Findings that somebody decided to live with.
    pub waived: u64,
    /// Findings that the display filters removed.
    pub hidden: u64,
    /// Since when the counted findings are public.
    pub publication: Publication,
    /// Secrets; none when nobody looked for them.
    pub secrets: Option<u64>,
    /// Misconfigurations; none when nobody looked for them.
    pub misconfigurations: Option<u64>,
    /// Licences that must not be used; none when nobody looked for them.
    pub forbidden_licenses: Option<u64>,
    /// Packages; none when the report lists only those with findings.
    pub packages: Option<u64>,
    /// Gaps in the coverage.
    pub coverage_gaps: u64,
    /// Day of the newest advisories, `YYYY-MM-DD`; empty when not known.
    pub database_date: String,
    /// Last day of security fixes for the distribution, and whether it is over; none when not
    /// known.
    pub support: Option<(String, bool)>,
    /// The field's score, 0 to 100; 0 when not assessed.
    pub security_score: u32,
    /// Our risk-weighted score, 0 to 100; 0 when not assessed.
    pub risk_score: f64,
    /// Whether it keeps to the rules.
    pub compliance: ComplianceStatus,
    /// Why that is not known, one sentence each; empty when it is.
    pub open: Vec<String>,
}

/// Takes the figures of a report.
#[must_use]
pub fn measure(report: &Report, context: &Context) -> Measurement {
    let inventory = &report.inventory;
    let mut counted = Vec::with_capacity(report.findings.len());
    let mut waived = 0;
    for finding in active(report) {
        let package = inventory.packages.get(finding.package);
        if package.is_some_and(|p| context.waivers.covers(finding, p).is_some()) {
            waived += 1;
        } else {
            counted.push(finding);
        }
    }
    let vulnerabilities = Tally::of(counted.iter().map(|f| f.severity));
    let assessed = standing::not_assessed(report).is_empty();
    let (compliance, open) = ComplianceStatus::of(report, &vulnerabilities);
    let total_risk: f64 = counted.iter().map(|f| weight(f)).sum();
    let mut ids: Vec<_> = counted.iter().map(|f| (f.id.clone(), f.severity)).collect();
    ids.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    ids.dedup_by(|a, b| a.0 == b.0);
    let image = inventory.image.as_ref();
    let number = |n: usize| n as u64;
    let forbidden = (report.licenses.iter())
        .filter(|license| license.class == LicenseClass::Forbidden)
        .count();
    Measurement {
        image: report.target.image().to_owned(),
        digest: digest(report),
        project: context.project.clone(),
        environment: context.environment.clone(),
        platform: image.map_or_else(String::new, |image| image.platform.clone()),
        distribution: inventory
            .distribution
            .as_ref()
            .map_or_else(String::new, |d| d.name.clone()),
        version: report.tool.version.clone(),
        scanned_at: context.scanned_at,
        assessed,
        ids,
        fixable: number(counted.iter().filter(|f| f.is_fixable()).count()),
        exploited: standing::tells_exploited(report)
            .then(|| number(counted.iter().filter(|f| f.kev.is_some()).count())),
        waived,
        hidden: number(report.hidden),
        publication: Publication::of(counted.iter().copied()),
        secrets: counted_by(report, "secret", report.secrets.len()),
        misconfigurations: counted_by(report, "config", report.misconfigurations.len()),
        forbidden_licenses: counted_by(report, "license", forbidden),
        packages: standing::lists_packages(report).then(|| number(inventory.packages.len())),
        coverage_gaps: number(inventory.coverage.entries.len()),
        database_date: report.database.date.clone(),
        support: report.support.as_ref().map(|s| (s.end.clone(), s.ended)),
        security_score: if assessed {
            security_score(&vulnerabilities)
        } else {
            0
        },
        risk_score: if assessed {
            risk_score(total_risk)
        } else {
            0.0
        },
        compliance,
        open,
        vulnerabilities,
    }
}

/// Findings per severity as the file of the field has them: their sum is the total, so nothing
/// else may stand among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct VulnerabilityCounts {
    critical: u64,
    high: u64,
    medium: u64,
    low: u64,
    negligible: u64,
    unknown: u64,
}

impl VulnerabilityCounts {
    /// Critical findings.
    #[must_use]
    pub const fn critical(&self) -> u64 {
        self.critical
    }

    /// High findings.
    #[must_use]
    pub const fn high(&self) -> u64 {
        self.high
    }
}

impl From<&Tally> for VulnerabilityCounts {
    fn from(tally: &Tally) -> Self {
        Self {
            critical: tally.critical,
            high: tally.high,
            medium: tally.medium,
            low: tally.low,
            negligible: tally.negligible,
            unknown: tally.unknown,
        }
    }
}

/// The content of [`METRICS_FILE`]: the keys of the field, and ours after them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SecurityMetrics {
    /// When the file was written, ISO 8601 with offset.
    pub timestamp: String,
    /// Name of the project.
    pub project: String,
    /// What was scanned.
    pub image: String,
    /// Findings per severity.
    pub vulnerabilities: VulnerabilityCounts,
    /// The field's score.
    pub security_score: u32,
    /// `compliant`, `warning`, `non-compliant` or `unknown`.
    pub compliance_status: ComplianceStatus,
    /// Our risk-weighted score.
    pub risk_score: f64,
    /// Whether the report says anything at all; without it, the scores are 0 and the counts are
    /// what was found by chance.
    pub assessed: bool,
    /// Digest of the image.
    pub digest: String,
    /// Environment.
    pub environment: String,
    /// When it was scanned, ISO 8601 with offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scanned_at: Option<String>,
    /// Findings with a fixed version.
    pub fixable: u64,
    /// Findings that are known to be exploited; absent when the report does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_exploited: Option<u64>,
    /// Findings that somebody decided to live with.
    pub waived: u64,
    /// Findings that the display filters removed.
    pub hidden: u64,
    /// For how long the findings are public when the file was written, in days.
    pub age_days: Ages,
    /// Secrets; absent when nobody looked for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<u64>,
    /// Misconfigurations; absent when nobody looked for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub misconfigurations: Option<u64>,
    /// Packages; absent when the report lists only those with findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packages: Option<u64>,
    /// Gaps in the coverage.
    pub coverage_gaps: u64,
    /// Why the status is `unknown`, one sentence each; absent when it is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_because: Vec<String>,
    /// Day of the newest advisories.
    pub database_date: String,
    /// Whether the distribution gets no more fixes; absent when not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_of_life: Option<bool>,
}

impl SecurityMetrics {
    /// The file of one measurement.
    #[must_use]
    pub fn new(measurement: &Measurement, now: Timestamp) -> Self {
        let m = measurement;
        Self {
            timestamp: iso(now),
            project: m.project.clone(),
            image: m.image.clone(),
            vulnerabilities: VulnerabilityCounts::from(&m.vulnerabilities),
            security_score: m.security_score,
            compliance_status: m.compliance,
            risk_score: m.risk_score,
            assessed: m.assessed,
            digest: m.digest.clone(),
            environment: m.environment.clone(),
            scanned_at: m.scanned_at.map(iso),
            fixable: m.fixable,
            known_exploited: m.exploited,
            waived: m.waived,
            hidden: m.hidden,
            age_days: m.publication.ages(now),
            secrets: m.secrets,
            misconfigurations: m.misconfigurations,
            packages: m.packages,
            coverage_gaps: m.coverage_gaps,
            unknown_because: m.open.clone(),
            database_date: m.database_date.clone(),
            end_of_life: m.support.as_ref().map(|(_, ended)| *ended),
        }
    }

    /// Writes the JSON file.
    ///
    /// # Errors
    /// When the sink refuses the bytes.
    pub fn write_json(&self, out: &mut dyn Write) -> Result<(), Error> {
        write_json("the metrics", self, out)
    }
}

#[cfg(test)]
mod tests {
    use seaworthy_model::{CoverageKind, GateResult, Severity, State};

    use super::*;
    use crate::{Waiver, sample};

    fn context() -> Context {
        Context {
            project: "shop".to_owned(),
            environment: "production".to_owned(),
            scanned_at: Some(sample::now()),
            waivers: Waivers::default(),
        }
    }

    #[test]
    fn compliance_is_the_fields_rule_and_the_gate() {
        use Severity::{Critical, High};
        let status = |severities: &[Severity], gate: Option<bool>, fatal: bool| {
            let mut report = sample::report("web:1");
            for (at, &severity) in severities.iter().enumerate() {
                sample::vulnerable(&mut report, &format!("CVE-{at}"), "curl", "8", severity);
            }
            if let Some(passed) = gate {
                report.gate = GateResult {
                    rule: "policy".to_owned(),
                    passed,
                    breaking: 0,
                    rules: None,
                };
            }
            if fatal {
                sample::gap(&mut report, CoverageKind::UnreadableDatabase, "rpm");
            }
            measure(&report, &context()).compliance
        };
        for (severities, gate, fatal, expected) in [
            (&[][..], None, false, ComplianceStatus::Compliant),
            (
                &[High, High],
                Some(true),
                false,
                ComplianceStatus::Compliant,
            ),
            (&[High, High, High], None, false, ComplianceStatus::Warning),
            (
                &[Critical],
                Some(true),
                false,
                ComplianceStatus::NonCompliant,
            ),
            (&[], Some(false), false, ComplianceStatus::NonCompliant),
            (&[], None, true, ComplianceStatus::Unknown),
            (&[Critical], Some(false), true, ComplianceStatus::Unknown),
        ] {
            let found = status(severities, gate, fatal);
            assert_eq!(found, expected, "{severities:?} {gate:?} {fatal}");
            assert_eq!(ComplianceStatus::from_name(found.name()), Some(found));
        }
    }

    #[test]
    fn what_was_not_looked_at_is_not_compliant() {
        type Change = fn(&mut Report);
        let cases: [(&str, Change, u32, bool); 6] = [
            ("whole", |_| {}, 100, true),
            (
                "no advisories for one of two ecosystems",
                |r| {
                    sample::package_of(r, seaworthy_model::PackageType::Npm, "a", "1");
                    sample::gap(r, CoverageKind::NoShard, "npm");
                },
                100,
                true,
            ),
            (
                "no advisories at all",
                |r| sample::gap(r, CoverageKind::NoShard, "debian:12"),
                0,
                false,
            ),
            (
                "vulnerabilities were not asked for",
                |r| r.scanners = vec!["secret".to_owned()],
                0,
                false,
            ),
            (
                "a scanner gave no report",
                |r| sample::gap(r, CoverageKind::ScannerFailed, "trivy"),
                0,
                false,
            ),
            ("hidden", |r| r.hidden = 3, 100, true),
        ];
        for (name, change, score, assessed) in cases {
            let mut report = sample::report("web:1");
            sample::package(&mut report, "curl", "8");
            change(&mut report);
            let found = measure(&report, &context());
            assert_eq!(found.security_score, score, "{name}");
            assert_eq!(found.assessed, assessed, "{name}");
            let expected = if name == "whole" {
                ComplianceStatus::Compliant
            } else {
                ComplianceStatus::Unknown
            };
            assert_eq!(found.compliance, expected, "{name}");
            assert_eq!(found.open.is_empty(), name == "whole", "{:?}", found.open);
        }
        // What was found speaks against it, however much was not looked at.
        let mut report = sample::report("web:1");
        sample::vulnerable(&mut report, "CVE-1", "curl", "8", Severity::Critical);
        sample::gap(&mut report, CoverageKind::NoShard, "npm");
        let found = measure(&report, &context());
        assert_eq!(found.compliance, ComplianceStatus::NonCompliant);
        // Secrets that nobody looked for are not none.
        assert_eq!(found.secrets, Some(0));
        report.scanners = vec!["vuln".to_owned()];
        let found = measure(&report, &context());
        assert_eq!((found.secrets, found.misconfigurations), (None, None));
    }

    #[test]
    fn ages_stand_in_the_file() {
        let mut report = sample::report("web:1");
        for (id, severity) in [("CVE-1", Severity::Critical), ("CVE-2", Severity::High)] {
            sample::vulnerable(&mut report, id, "curl", "8", severity);
        }
        report.findings[0].published = "2026-10-26".parse().ok();
        let metrics = SecurityMetrics::new(&measure(&report, &context()), sample::now());
        let json = serde_json::to_value(&metrics).unwrap();
        assert_eq!(json["age_days"]["oldest_critical"], 30);
        assert_eq!(json["age_days"]["oldest_high"], serde_json::Value::Null);
        assert_eq!(json["age_days"]["mean"], 30.6);
        assert_eq!(json["age_days"]["unknown"], 1);
    }

    #[test]
    fn waived_and_not_affected_findings_do_not_count() {
        let mut report = sample::report("web:1");
        for id in ["CVE-1", "CVE-2", "CVE-3"] {
            sample::vulnerable(&mut report, id, "curl", "8", Severity::High);
        }
        report.findings[2].state = State::NotAffected;
        let mut context = context();
        context.waivers = [Waiver {
            id: "CVE-1".to_owned(),
            ..Waiver::default()
        }]
        .into_iter()
        .collect();
        let found = measure(&report, &context);
        assert_eq!(found.vulnerabilities.high, 1);
        assert_eq!(found.waived, 1);
        assert_eq!(found.security_score, 95);
        assert_eq!(found.ids, [("CVE-2".to_owned(), Severity::High)]);
    }

    #[test]
    fn the_file_has_the_keys_of_the_field_and_its_sum() {
        let mut report = sample::report("shop/web:1");
        for (id, severity) in [
            ("CVE-1", Severity::Critical),
            ("CVE-2", Severity::High),
            ("CVE-3", Severity::Low),
            ("CVE-4", Severity::Unknown),
        ] {
            sample::vulnerable(&mut report, id, "curl", "8", severity);
        }
        let metrics = SecurityMetrics::new(&measure(&report, &context()), sample::now());
        let mut bytes = Vec::new();
        metrics.write_json(&mut bytes).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(json["timestamp"], "2026-11-25T13:36:51+00:00");
        assert_eq!(json["project"], "shop");
        assert_eq!(json["image"], "shop/web:1");
        assert_eq!(json["security_score"], 85);
        assert_eq!(json["compliance_status"], "non-compliant");
        let counts = json["vulnerabilities"].as_object().unwrap();
        assert_eq!(counts["critical"], 1);
        let sum: u64 = counts.values().filter_map(serde_json::Value::as_u64).sum();
        assert_eq!(sum, 4, "scripts add the values up to get the total");
    }

    #[test]
    fn what_was_not_assessed_scores_nothing() {
        let mut report = sample::report("web:1");
        sample::gap(&mut report, CoverageKind::UnknownRelease, "debian 99");
        let found = measure(&report, &context());
        assert!(!found.assessed);
        assert_eq!(found.security_score, 0);
        assert!(found.risk_score.abs() < f64::EPSILON);
        assert_eq!(found.coverage_gaps, 1);
    }
}
