//! What many scans say together: the difference of two reports and its assessment, scores, metrics
//! for Prometheus, trends, and which compliance controls a report is evidence for.
//!
//! Nothing here reads the clock: whoever calls passes the time in. What could not be assessed is
//! never counted as clean, neither in a status nor in a metric.

mod assess;
mod chart;
mod compliance;
mod counts;
mod diff;
mod diff_view;
mod exposition;
mod fleet;
mod identity;
mod metrics;
mod publication;
#[cfg(test)]
mod sample;
mod score;
mod standing;
mod svg;
mod text;
mod time;
mod trend;
mod waiver;

pub use assess::{ASSESSMENT_FILE, AssessOptions, Assessment, FinalStatus, assess};
pub use chart::{ChartOptions, text_chart};
pub use compliance::{
    Attestations, Attested, CheckResult, ComplianceReport, Control, ControlResult, Evidence,
    Extent, Framework, RuleSet, Scanned, Signatures, Status, Supply, UnknownFramework, controls,
    controls_markdown, evaluate,
};
pub use counts::Tally;
pub use diff::{
    Cause, Change, Diff, Direction, Issue, IssueChanges, IssueKind, PackageChange, PackageChanges,
    Subject, diff,
};
pub use exposition::{
    FAMILIES, Family, Push, openmetrics, prometheus_text, push_requests, stale_pushes,
};
pub use fleet::{CommonFinding, Fleet, FleetSummary};
pub use identity::{FindingKey, canonical, finding_keys, repository};
pub use metrics::{
    ComplianceStatus, Context, METRICS_FILE, Measurement, SecurityMetrics, VulnerabilityCounts,
    measure,
};
pub use publication::{Ages, Publication};
pub use score::{RISK_SCALE, risk_score, security_score, weight};
pub use svg::{SvgOptions, svg_chart};
pub use text::View;
pub use time::iso;
pub use trend::{Point, Series};
pub use waiver::{Waiver, Waivers};

/// Why something could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The sink refused the bytes.
    #[error("cannot write {what}: {source}")]
    Write {
        /// What was to be written.
        what: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// A value that is no JSON.
    #[error("cannot write {what} as JSON: {source}")]
    Json {
        /// What was to be written.
        what: &'static str,
        /// Why not.
        source: serde_json::Error,
    },
    /// A Pushgateway groups by job first, and a job has a name.
    #[error("the job of a Pushgateway push is empty; name one, such as `seaworthy`")]
    EmptyJob,
}

/// Pretty JSON with a final newline.
fn write_json<T: serde::Serialize>(
    what: &'static str,
    value: &T,
    out: &mut dyn std::io::Write,
) -> Result<(), Error> {
    let mut text =
        serde_json::to_vec_pretty(value).map_err(|source| Error::Json { what, source })?;
    text.push(b'\n');
    out.write_all(&text)
        .map_err(|source| Error::Write { what, source })
}

fn write_text(what: &'static str, text: &str, out: &mut dyn std::io::Write) -> Result<(), Error> {
    out.write_all(text.as_bytes())
        .map_err(|source| Error::Write { what, source })
}
