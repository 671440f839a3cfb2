//! What became of an image over time.

use jiff::Timestamp;
use serde::Serialize;

use crate::{Ages, ComplianceStatus, Measurement, Tally};

/// One scan, as far as a trend needs it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// When, in seconds since 1970.
    #[serde(serialize_with = "as_iso")]
    pub at: Timestamp,
    /// The reference that was scanned.
    pub image: String,
    /// Digest of the image; empty when not known.
    pub digest: String,
    /// Environment; empty when not said.
    pub environment: String,
    /// Whether the report says anything at all; a point that does not is a gap in the curve.
    pub assessed: bool,
    /// Findings per severity.
    pub vulnerabilities: Tally,
    /// Findings with a fixed version.
    pub fixable: u64,
    /// Findings that are known to be exploited; none when the report does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exploited: Option<u64>,
    /// For how long the findings were public when it was scanned, in days.
    pub age_days: Ages,
    /// Secrets; none when nobody looked for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<u64>,
    /// Misconfigurations; none when nobody looked for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub misconfigurations: Option<u64>,
    /// The field's score.
    pub security_score: u32,
    /// Our risk-weighted score.
    pub risk_score: f64,
    /// Whether it keeps to the rules.
    pub compliance: ComplianceStatus,
}

fn as_iso<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&crate::iso(*time))
}

impl Point {
    /// The point of a measurement; `now` stands in when nobody says when it was scanned.
    #[must_use]
    pub fn of(measurement: &Measurement, now: Timestamp) -> Self {
        let m = measurement;
        let at = crate::time::to_second(m.scanned_at.unwrap_or(now));
        Self {
            at,
            image: m.image.clone(),
            digest: m.digest.clone(),
            environment: m.environment.clone(),
            assessed: m.assessed,
            vulnerabilities: m.vulnerabilities,
            fixable: m.fixable,
            exploited: m.exploited,
            age_days: m.publication.ages(at),
            secrets: m.secrets,
            misconfigurations: m.misconfigurations,
            security_score: m.security_score,
            risk_score: m.risk_score,
            compliance: m.compliance,
        }
    }
}

/// The scans of an image, oldest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Series {
    /// The reference or repository that was asked for.
    pub image: String,
    /// The scans.
    pub points: Vec<Point>,
}

impl Series {
    /// A series; the points are sorted by time.
    #[must_use]
    pub fn new(image: impl Into<String>, mut points: Vec<Point>) -> Self {
        points.sort_by_key(|point| point.at);
        Self {
            image: image.into(),
            points,
        }
    }

    /// First and last scan that say anything.
    #[must_use]
    pub fn ends(&self) -> Option<(&Point, &Point)> {
        let first = self.points.iter().find(|point| point.assessed)?;
        let last = self.points.iter().rfind(|point| point.assessed)?;
        Some((first, last))
    }

    /// At most `limit` points: of each stretch of time the worst one, and every stretch that has
    /// one that was not assessed keeps it when it has nothing else.
    pub(crate) fn thinned(&self, limit: usize) -> Vec<&Point> {
        let count = self.points.len();
        if count <= limit || limit == 0 {
            return self.points.iter().collect();
        }
        let size = count.div_ceil(limit);
        self.points
            .chunks(size)
            .filter_map(|chunk| {
                chunk.iter().max_by(|a, b| {
                    let rank = |p: &Point| (p.assessed, p.vulnerabilities.critical);
                    rank(a)
                        .cmp(&rank(b))
                        .then(b.risk_score.total_cmp(&a.risk_score))
                })
            })
            .collect()
    }
}
