//! What is stored of a scan.

use jiff::Timestamp;
use seaworthy_model::{Report, State};
use seaworthy_monitor::{
    Ages, ComplianceStatus, FindingKey, Measurement, Point, Tally, finding_keys,
};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

/// A scan to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanRecord {
    /// Name of the project.
    pub project: String,
    /// When, what, and the figures.
    pub point: Point,
    /// The findings, each with all keys that it is recognised by, the primary one first.
    pub findings: Vec<Vec<FindingKey>>,
}

impl ScanRecord {
    /// What is stored of a report; `now` stands in when the measurement does not say when it was
    /// scanned. Waived findings are recorded too: when a waiver ends, their age counts.
    #[must_use]
    pub fn new(report: &Report, measurement: &Measurement, now: Timestamp) -> Self {
        let findings = report
            .findings
            .iter()
            .filter(|finding| finding.state != State::NotAffected)
            .filter_map(|finding| {
                let package = report.inventory.packages.get(finding.package)?;
                Some(finding_keys(finding, package))
            })
            .collect();
        Self {
            project: measurement.project.clone(),
            point: Point::of(measurement, now),
            findings,
        }
    }
}

/// A scan that was stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredScan {
    /// Its number in the file.
    pub id: i64,
    /// Name of the project.
    pub project: String,
    /// The image without its tag and digest.
    pub repository: String,
    /// How many different findings it has.
    pub findings: u64,
    /// When, what, and the figures.
    pub point: Point,
}

/// The columns that [`point`] reads.
pub(crate) const POINT_COLUMNS: &str = "scan.image, scan.digest, scan.environment, scan.at, scan.assessed, scan.critical, scan.high, scan.medium, scan.low, scan.negligible, scan.unknown, scan.fixable, scan.exploited, scan.secrets, scan.misconfigurations, scan.security_score, scan.risk_score, scan.compliance, scan.oldest_critical, scan.oldest_high, scan.mean_age, scan.undated";

pub(crate) fn point(row: &SqliteRow) -> Result<Point, sqlx::Error> {
    let number = |name: &str| -> Result<u64, sqlx::Error> {
        let value: i64 = row.try_get(name)?;
        u64::try_from(value).map_err(|e| sqlx::Error::Decode(Box::new(e)))
    };
    // What has a negative number was not looked for.
    let perhaps = |name: &str| -> Result<Option<u64>, sqlx::Error> {
        let value: i64 = row.try_get(name)?;
        Ok(u64::try_from(value).ok())
    };
    let days = |name: &str| -> Result<Option<u32>, sqlx::Error> {
        let value: Option<i64> = row.try_get(name)?;
        let days = value.map(u32::try_from).transpose();
        days.map_err(|e| sqlx::Error::Decode(Box::new(e)))
    };
    let compliance: String = row.try_get("compliance")?;
    let vulnerabilities = Tally {
        critical: number("critical")?,
        high: number("high")?,
        medium: number("medium")?,
        low: number("low")?,
        negligible: number("negligible")?,
        unknown: number("unknown")?,
    };
    let undated: Option<i64> = row.try_get("undated")?;
    let age_days = Ages {
        oldest_critical: days("oldest_critical")?,
        oldest_high: days("oldest_high")?,
        mean: row.try_get("mean_age")?,
        // Nobody asked for days when it was stored.
        unknown: undated.map_or(vulnerabilities.total(), i64::unsigned_abs),
    };
    Ok(Point {
        at: time(row.try_get("at")?)?,
        image: row.try_get("image")?,
        digest: row.try_get("digest")?,
        environment: row.try_get("environment")?,
        assessed: row.try_get("assessed")?,
        vulnerabilities,
        age_days,
        fixable: number("fixable")?,
        exploited: perhaps("exploited")?,
        secrets: perhaps("secrets")?,
        misconfigurations: perhaps("misconfigurations")?,
        security_score: u32::try_from(number("security_score")?)
            .map_err(|e| sqlx::Error::Decode(Box::new(e)))?,
        risk_score: row.try_get("risk_score")?,
        compliance: ComplianceStatus::from_name(&compliance)
            .ok_or_else(|| sqlx::Error::Decode(format!("compliance `{compliance}`").into()))?,
    })
}

pub(crate) fn time(seconds: i64) -> Result<Timestamp, sqlx::Error> {
    Timestamp::from_second(seconds).map_err(|e| sqlx::Error::Decode(Box::new(e)))
}
