//! Many reports at once.

use std::collections::BTreeMap;
use std::io::Write;

use jiff::Timestamp;
use rustc_hash::FxHashMap;
use seaworthy_model::Severity;
use serde::Serialize;

use crate::text::markdown;
use crate::{
    Ages, ComplianceStatus, Error, Measurement, Publication, SecurityMetrics, Tally, View, iso,
    write_json,
};

/// The figures of any number of reports, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    measurements: Vec<Measurement>,
}

impl FromIterator<Measurement> for Fleet {
    fn from_iter<I: IntoIterator<Item = Measurement>>(measurements: I) -> Self {
        Self {
            measurements: measurements.into_iter().collect(),
        }
    }
}

impl Extend<Measurement> for Fleet {
    fn extend<I: IntoIterator<Item = Measurement>>(&mut self, measurements: I) {
        self.measurements.extend(measurements);
    }
}

type Series<'a> = (&'a str, &'a str, &'a str, &'a str);

impl Fleet {
    /// Adds a report's figures.
    pub fn push(&mut self, measurement: Measurement) {
        self.measurements.push(measurement);
    }

    /// All of them.
    #[must_use]
    pub fn measurements(&self) -> &[Measurement] {
        &self.measurements
    }

    /// One measurement per image, digest, project and environment: the latest scan, and of scans
    /// of the same time the one that came last. Two samples of one series are an error to
    /// Prometheus.
    #[must_use]
    pub fn latest(&self) -> Vec<&Measurement> {
        self.newest(|m| (&m.image, &m.digest, &m.project, &m.environment))
    }

    /// The same, whatever the digest, for each platform: the images of an index have one name.
    pub(crate) fn latest_builds(&self) -> Vec<&Measurement> {
        self.newest(|m| (&m.image, &m.platform, &m.project, &m.environment))
    }

    fn newest<'a>(&'a self, key: impl Fn(&'a Measurement) -> Series<'a>) -> Vec<&'a Measurement> {
        let mut index: FxHashMap<Series<'a>, usize> = FxHashMap::default();
        let mut latest: Vec<&Measurement> = Vec::new();
        for measurement in &self.measurements {
            let at = *index.entry(key(measurement)).or_insert(latest.len());
            match latest.get_mut(at) {
                None => latest.push(measurement),
                Some(slot) if slot.scanned_at <= measurement.scanned_at => *slot = measurement,
                Some(_) => {}
            }
        }
        latest
    }

    /// What they say together.
    #[must_use]
    pub fn summary(&self, now: Timestamp) -> FleetSummary {
        let latest = self.latest();
        let mut status: BTreeMap<&'static str, u64> = ComplianceStatus::ALL
            .into_iter()
            .map(|s| (s.name(), 0))
            .collect();
        let mut vulnerabilities = Tally::default();
        let mut publication = Publication::default();
        for m in &latest {
            *status.entry(m.compliance.name()).or_default() += 1;
            vulnerabilities.add(&m.vulnerabilities);
            publication.add(&m.publication);
        }
        let mut images: Vec<SecurityMetrics> = latest
            .iter()
            .map(|m| SecurityMetrics::new(m, now))
            .collect();
        images.sort_by(|a, b| {
            (a.assessed, a.risk_score)
                .partial_cmp(&(b.assessed, b.risk_score))
                .unwrap_or(std::cmp::Ordering::Equal)
                .then_with(|| (&a.image, &a.digest).cmp(&(&b.image, &b.digest)))
        });
        FleetSummary {
            timestamp: iso(now),
            images: latest.len() as u64,
            superseded: (self.measurements.len() - latest.len()) as u64,
            compliance_status: status,
            distinct_vulnerabilities: distinct(&latest),
            vulnerabilities,
            fixable: latest.iter().map(|m| m.fixable).sum(),
            known_exploited: latest.iter().filter_map(|m| m.exploited).sum(),
            age_days: publication.ages(now),
            secrets: latest.iter().filter_map(|m| m.secrets).sum(),
            misconfigurations: latest.iter().filter_map(|m| m.misconfigurations).sum(),
            coverage_gaps: latest.iter().map(|m| m.coverage_gaps).sum(),
            oldest_scan: latest.iter().filter_map(|m| m.scanned_at).min().map(iso),
            most_common: most_common(&latest),
            per_image: images,
        }
    }
}

/// How many of the most common vulnerabilities are named.
const COMMON: usize = 20;

fn by_id<'a>(latest: &[&'a Measurement]) -> FxHashMap<&'a str, (Severity, u64)> {
    let mut ids: FxHashMap<&str, (Severity, u64)> = FxHashMap::default();
    for (id, severity) in latest.iter().flat_map(|m| &m.ids) {
        let entry = ids.entry(id).or_insert((*severity, 0));
        entry.0 = entry.0.max(*severity);
        entry.1 += 1;
    }
    ids
}

fn distinct(latest: &[&Measurement]) -> Tally {
    Tally::of(by_id(latest).into_values().map(|(severity, _)| severity))
}

fn most_common(latest: &[&Measurement]) -> Vec<CommonFinding> {
    let mut all: Vec<CommonFinding> = by_id(latest)
        .into_iter()
        .map(|(id, (severity, images))| CommonFinding {
            id: id.to_owned(),
            severity,
            images,
        })
        .collect();
    all.sort_by(|a, b| {
        let rank = |f: &CommonFinding| (f.severity.min(Severity::High), f.images, f.severity);
        rank(b).cmp(&rank(a)).then_with(|| a.id.cmp(&b.id))
    });
    all.truncate(COMMON);
    all
}

/// A vulnerability and how many images have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommonFinding {
    /// Its id.
    pub id: String,
    /// Its worst severity.
    pub severity: Severity,
    /// How many images.
    pub images: u64,
}

/// What many reports say together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FleetSummary {
    /// When it was written, ISO 8601 with offset.
    pub timestamp: String,
    /// Images, each with its latest scan.
    pub images: u64,
    /// Reports of the same image that a later one replaces.
    pub superseded: u64,
    /// Images per compliance status.
    pub compliance_status: BTreeMap<&'static str, u64>,
    /// Findings per severity, summed over the images.
    pub vulnerabilities: Tally,
    /// Vulnerabilities per severity, each counted once.
    pub distinct_vulnerabilities: Tally,
    /// Findings with a fixed version.
    pub fixable: u64,
    /// Findings that are known to be exploited.
    pub known_exploited: u64,
    /// For how long the findings are public, in days.
    pub age_days: Ages,
    /// Secrets.
    pub secrets: u64,
    /// Misconfigurations.
    pub misconfigurations: u64,
    /// Gaps in the coverage.
    pub coverage_gaps: u64,
    /// The scan that is longest ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_scan: Option<String>,
    /// Critical and high vulnerabilities that most images have, then the others.
    pub most_common: Vec<CommonFinding>,
    /// Each image; those that were not assessed first, then the worst first.
    pub per_image: Vec<SecurityMetrics>,
}

impl FleetSummary {
    /// Writes it as JSON.
    ///
    /// # Errors
    /// When the sink refuses the bytes.
    pub fn write_json(&self, out: &mut dyn Write) -> Result<(), Error> {
        write_json("the summary", self, out)
    }

    fn states(&self, dot: &str) -> String {
        ComplianceStatus::ALL
            .into_iter()
            .map(|s| {
                let count = self.compliance_status.get(s.name()).copied().unwrap_or(0);
                format!("{} {count}", s.name())
            })
            .collect::<Vec<_>>()
            .join(dot)
    }

    fn counts(&self, dot: &str) -> String {
        let v = &self.vulnerabilities;
        [
            format!("critical {}", v.critical),
            format!("high {}", v.high),
            format!("medium {}", v.medium),
            format!("low {}", v.low),
            format!("fixable {}", self.fixable),
            format!("exploited (KEV) {}", self.known_exploited),
        ]
        .join(dot)
    }

    /// For people, in a terminal.
    #[must_use]
    pub fn table(&self, view: View) -> String {
        let dot = view.dot();
        let mut lines = vec![
            view.line(&crate::text::counted(
                usize::try_from(self.images).unwrap_or(usize::MAX),
                "image",
            )),
            format!("  {}", view.rule()),
            view.line(&self.states(dot)),
            view.line(&self.counts(dot)),
            String::new(),
        ];
        let name = view.columns() - 44;
        lines.push(view.line(&format!(
            "{} {:>5}{:>6}{:>6}{:>7}  status",
            view.cell("image", name),
            "crit",
            "high",
            "score",
            "risk"
        )));
        let shown = if view.all {
            self.per_image.len()
        } else {
            self.per_image.len().min(15)
        };
        for image in self.per_image.iter().take(shown) {
            let row = table_row(image, view, name);
            lines.push(view.line(&row));
        }
        if shown < self.per_image.len() {
            let more = self.per_image.len() - shown;
            lines.push(view.line(&format!("{} {more} more", view.ellipsis())));
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// For a wiki.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut page = format!(
            "# Container images\n\n{}\n\n{}\n\n| image | critical | high | score | risk score | status |\n|---|---|---|---|---|---|\n",
            self.states(" · "),
            self.counts(" · ")
        );
        for image in &self.per_image {
            let m = MetricsRow::of(image);
            page.push_str(&format!(
                "| {} | {} | {} | {} | {} | {} |\n",
                markdown(&image.image),
                m.critical,
                m.high,
                m.score,
                m.risk,
                image.compliance_status.name()
            ));
        }
        page
    }
}

/// The cells of an image; dashes for what was not assessed.
struct MetricsRow {
    critical: String,
    high: String,
    score: String,
    risk: String,
}

impl MetricsRow {
    fn of(image: &SecurityMetrics) -> Self {
        let cell = |text: String| {
            if image.assessed { text } else { "-".to_owned() }
        };
        Self {
            critical: cell(image.vulnerabilities.critical().to_string()),
            high: cell(image.vulnerabilities.high().to_string()),
            score: cell(image.security_score.to_string()),
            risk: cell(format!("{:.1}", image.risk_score)),
        }
    }
}

fn table_row(image: &SecurityMetrics, view: View, name: usize) -> String {
    let row = MetricsRow::of(image);
    let short = image
        .image
        .rsplit_once('/')
        .map_or(image.image.as_str(), |(_, last)| last);
    let shown = if unicode_width::UnicodeWidthStr::width(image.image.as_str()) > name {
        short
    } else {
        &image.image
    };
    format!(
        "{} {:>5}{:>6}{:>6}{:>7}  {}",
        view.cell(shown, name),
        row.critical,
        row.high,
        row.score,
        row.risk,
        image.compliance_status.name()
    )
}

#[cfg(test)]
mod tests {
    use seaworthy_model::CoverageKind;

    use super::*;
    use crate::{Context, measure, sample};

    fn fleet() -> Fleet {
        let mut fleet = Fleet::default();
        for (name, count) in [("shop/web:1", 1), ("shop/api:2", 3), ("shop/web:1", 2)] {
            let mut report = sample::report(name);
            for at in 0..count {
                let id = format!("CVE-2026-{at}");
                sample::vulnerable(&mut report, &id, "curl", "8", Severity::High);
            }
            fleet.push(measure(&report, &Context::default()));
        }
        let mut blind = sample::report("shop/blind:1");
        sample::gap(&mut blind, CoverageKind::UnknownDistribution, "plan9");
        fleet.push(measure(&blind, &Context::default()));
        fleet
    }

    #[test]
    fn each_image_counts_once_and_the_worst_comes_first() {
        let summary = fleet().summary(sample::now());
        assert_eq!((summary.images, summary.superseded), (3, 1));
        assert_eq!(summary.vulnerabilities.high, 5);
        assert_eq!(summary.distinct_vulnerabilities.high, 3);
        assert_eq!(summary.compliance_status["unknown"], 1);
        let order: Vec<_> = summary.per_image.iter().map(|i| i.image.as_str()).collect();
        assert_eq!(order, ["shop/blind:1", "shop/api:2", "shop/web:1"]);
        assert_eq!(summary.most_common[0].id, "CVE-2026-0");
        assert_eq!(summary.most_common[0].images, 2);
    }

    #[test]
    fn the_latest_scan_wins_whatever_the_order() {
        let at = |seconds, version: &str| {
            let mut report = sample::report("web");
            report.tool.version = version.to_owned();
            let context = Context {
                scanned_at: Timestamp::from_second(seconds).ok(),
                ..Context::default()
            };
            measure(&report, &context)
        };
        let fleet: Fleet = [at(20, "new"), at(10, "old")].into_iter().collect();
        assert_eq!(fleet.latest()[0].version, "new");
    }

    #[test]
    fn views_of_a_fleet() {
        let summary = fleet().summary(sample::now());
        insta::assert_snapshot!("fleet_table", summary.table(View::default()));
        insta::assert_snapshot!("fleet_markdown", summary.markdown());
    }
}
