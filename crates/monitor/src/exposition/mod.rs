//! Figures for Prometheus: OpenMetrics text, the text format of node_exporter's textfile
//! collector, and pushes to a Pushgateway.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use seaworthy_model::Date;

use crate::text::plain;
use crate::time::{DAY, midnight};
use crate::{Error, Fleet, Measurement};

/// One gauge.
#[derive(Clone, Copy)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// What it is, one sentence.
    pub help: &'static str,
    /// Its unit, the last word of the name; empty for a number without one.
    pub unit: &'static str,
    /// The value; none when it is not known, which gives no sample.
    value: fn(&Measurement, Timestamp) -> Option<f64>,
}

impl std::fmt::Debug for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Family")
            .field("name", &self.name)
            .field("help", &self.help)
            .field("unit", &self.unit)
            .finish()
    }
}

const fn gauge(
    name: &'static str,
    help: &'static str,
    value: fn(&Measurement, Timestamp) -> Option<f64>,
) -> Family {
    Family {
        name,
        help,
        unit: "",
        value,
    }
}

const fn seconds(
    name: &'static str,
    help: &'static str,
    value: fn(&Measurement, Timestamp) -> Option<f64>,
) -> Family {
    Family {
        name,
        help,
        unit: "seconds",
        value,
    }
}

/// A figure that is only known of an image that was assessed: without a sample, an alert on its
/// absence fires, whereas a 0 would look clean.
fn known(m: &Measurement, value: u64) -> Option<f64> {
    m.assessed.then_some(value as f64)
}

fn age(then: Option<Timestamp>, now: Timestamp) -> Option<f64> {
    Some((now.as_second() - then?.as_second()).max(0) as f64)
}

/// Midnight of a day.
fn day(m: &Measurement, day: Option<Date>) -> Option<f64> {
    let day = day.filter(|_| m.assessed)?;
    Some(f64::from(day.days()) * DAY as f64)
}

fn flag(value: bool) -> f64 {
    f64::from(u8::from(value))
}

/// All gauges, in the order of the output. `docs/monitoring.md` lists the same.
pub const FAMILIES: &[Family] = &[
    gauge(
        "container_vulnerabilities_critical",
        "Critical vulnerabilities in the image.",
        |m, _| known(m, m.vulnerabilities.critical),
    ),
    gauge(
        "container_vulnerabilities_high",
        "High vulnerabilities in the image.",
        |m, _| known(m, m.vulnerabilities.high),
    ),
    gauge(
        "container_vulnerabilities_medium",
        "Medium vulnerabilities in the image.",
        |m, _| known(m, m.vulnerabilities.medium),
    ),
    gauge(
        "container_vulnerabilities_low",
        "Low vulnerabilities in the image.",
        |m, _| known(m, m.vulnerabilities.low),
    ),
    gauge(
        "container_vulnerabilities_negligible",
        "Vulnerabilities without practical effect in the image.",
        |m, _| known(m, m.vulnerabilities.negligible),
    ),
    gauge(
        "container_vulnerabilities_unrated",
        "Vulnerabilities in the image that nobody rated.",
        |m, _| known(m, m.vulnerabilities.unknown),
    ),
    gauge(
        "container_vulnerabilities_fixable",
        "Vulnerabilities in the image with a fixed version.",
        |m, _| known(m, m.fixable),
    ),
    gauge(
        "container_vulnerabilities_exploited",
        "Vulnerabilities in the image that are known to be exploited (KEV).",
        |m, _| known(m, m.exploited?),
    ),
    gauge(
        "container_vulnerabilities_waived",
        "Vulnerabilities in the image that are waived and not counted elsewhere.",
        |m, _| known(m, m.waived),
    ),
    gauge(
        "container_vulnerabilities_hidden",
        "Vulnerabilities that display filters removed from the report.",
        |m, _| Some(m.hidden as f64),
    ),
    gauge(
        "container_vulnerabilities_undated",
        "Vulnerabilities in the image whose day of publication is not known.",
        |m, _| known(m, m.publication.undated),
    ),
    seconds(
        "container_vulnerabilities_critical_oldest_timestamp_seconds",
        "Since when the critical vulnerability that is known for longest is public.",
        |m, _| day(m, m.publication.oldest_critical),
    ),
    seconds(
        "container_vulnerabilities_high_oldest_timestamp_seconds",
        "Since when the high vulnerability that is known for longest is public.",
        |m, _| day(m, m.publication.oldest_high),
    ),
    seconds(
        "container_vulnerabilities_mean_age_seconds",
        "Mean time since publication of the vulnerabilities whose day is known, when this was written.",
        |m, now| m.assessed.then(|| m.publication.mean_age(now))?,
    ),
    gauge("container_secrets", "Secrets in the image.", |m, _| {
        m.secrets.map(|n| n as f64)
    }),
    gauge(
        "container_misconfigurations",
        "Misconfigurations of the image and of the files in it.",
        |m, _| m.misconfigurations.map(|n| n as f64),
    ),
    gauge(
        "container_licenses_forbidden",
        "Licences in the image that must not be used.",
        |m, _| m.forbidden_licenses.map(|n| n as f64),
    ),
    gauge("container_packages", "Packages in the image.", |m, _| {
        m.packages.map(|n| n as f64)
    }),
    gauge(
        "container_security_score",
        "Security score of the image, 0 to 100, by counts of severities.",
        |m, _| known(m, u64::from(m.security_score)),
    ),
    gauge(
        "container_risk_score",
        "Risk-weighted score of the image, 0 to 100.",
        |m, _| m.assessed.then_some(m.risk_score),
    ),
    gauge(
        "container_compliance_status",
        "1 compliant, 0.5 warning, 0 non-compliant, -1 not known.",
        |m, _| Some(m.compliance.gauge()),
    ),
    gauge(
        "container_scan_assessed",
        "1 when the scan could assess the image, else 0.",
        |m, _| Some(flag(m.assessed)),
    ),
    gauge(
        "container_coverage_gaps",
        "Parts of the image that could not be assessed.",
        |m, _| Some(m.coverage_gaps as f64),
    ),
    gauge(
        "container_end_of_life",
        "1 when the distribution gets no more security fixes, else 0.",
        |m, _| m.support.as_ref().map(|(_, ended)| flag(*ended)),
    ),
    seconds(
        "container_end_of_life_timestamp_seconds",
        "When the distribution stops to get security fixes.",
        |m, _| Some(midnight(&m.support.as_ref()?.0)?.as_second() as f64),
    ),
    seconds(
        "container_scan_timestamp_seconds",
        "When the image was scanned.",
        |m, _| m.scanned_at.map(|at| at.as_second() as f64),
    ),
    seconds(
        "container_scan_age_seconds",
        "Age of the scan when this was written.",
        |m, now| age(m.scanned_at, now),
    ),
    seconds(
        "container_database_timestamp_seconds",
        "Day of the newest advisories that the scan used.",
        |m, _| midnight(&m.database_date).map(|at| at.as_second() as f64),
    ),
    seconds(
        "container_database_age_seconds",
        "Age of the newest advisories when this was written.",
        |m, now| age(midnight(&m.database_date), now),
    ),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// [OpenMetrics 1.0](https://prometheus.io/docs/specs/om/open_metrics_spec/).
    OpenMetrics,
    /// [Prometheus text format 0.0.4](https://prometheus.io/docs/instrumenting/exposition_formats/).
    Prometheus,
}

/// OpenMetrics text, `application/openmetrics-text; version=1.0.0; charset=utf-8`.
#[must_use]
pub fn openmetrics(fleet: &Fleet, now: Timestamp) -> String {
    let mut out = text(&fleet.latest(), now, Dialect::OpenMetrics);
    out.push_str("# EOF\n");
    out
}

/// The text format of Prometheus, as node_exporter's textfile collector reads it: no timestamps,
/// no `# EOF`. Write it under another name first and rename it, so that no half a file is read.
#[must_use]
pub fn prometheus_text(fleet: &Fleet, now: Timestamp) -> String {
    text(&fleet.latest(), now, Dialect::Prometheus)
}

fn text(measurements: &[&Measurement], now: Timestamp, dialect: Dialect) -> String {
    let mut out = String::new();
    let labelled = labelled(measurements);
    if !labelled.is_empty() {
        info(&labelled, dialect, &mut out);
    }
    for family in FAMILIES {
        let samples: Vec<(&str, f64)> = labelled
            .iter()
            .filter_map(|(m, labels)| Some((labels.as_str(), (family.value)(m, now)?)))
            .collect();
        if samples.is_empty() {
            continue;
        }
        head(family, dialect, &mut out);
        for (labels, value) in samples {
            let _ = writeln!(out, "{}{{{labels}}} {value}", family.name);
        }
    }
    out
}

/// Measurements with their labels, each labels once: names that differ only in what no label may
/// hold, and platforms without a digest, are one series, and two samples of a series would make
/// Prometheus refuse all. The latest scan counts.
fn labelled<'a>(measurements: &[&'a Measurement]) -> Vec<(&'a Measurement, String)> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut all: Vec<(&Measurement, String)> = Vec::with_capacity(measurements.len());
    for &measurement in measurements {
        let labels = labels(measurement);
        let place = *places.entry(labels.clone()).or_insert(all.len());
        match all.get_mut(place) {
            None => all.push((measurement, labels)),
            Some((slot, _)) if slot.scanned_at <= measurement.scanned_at => *slot = measurement,
            Some(_) => {}
        }
    }
    all
}

fn head(family: &Family, dialect: Dialect, out: &mut String) {
    let Family {
        name, help, unit, ..
    } = family;
    let _ = writeln!(out, "# HELP {name} {}", escaped_help(help, dialect));
    let _ = writeln!(out, "# TYPE {name} gauge");
    if dialect == Dialect::OpenMetrics && !unit.is_empty() {
        let _ = writeln!(out, "# UNIT {name} {unit}");
    }
}

/// What does not change while an image is watched: one sample of value 1 per image.
fn info(labelled: &[(&Measurement, String)], dialect: Dialect, out: &mut String) {
    let (family, kind) = match dialect {
        Dialect::OpenMetrics => ("container_image", "info"),
        Dialect::Prometheus => ("container_image_info", "gauge"),
    };
    let _ = writeln!(out, "# HELP {family} What was scanned, and with what.");
    let _ = writeln!(out, "# TYPE {family} {kind}");
    for (m, labels) in labelled {
        let mut all = labels.clone();
        for (name, value) in [
            ("platform", &m.platform),
            ("distribution", &m.distribution),
            ("scanner_version", &m.version),
            ("database_date", &m.database_date),
        ] {
            label(name, value, &mut all);
        }
        let _ = writeln!(out, "container_image_info{{{all}}} 1");
    }
}

fn labels(m: &Measurement) -> String {
    let mut out = String::new();
    for (name, value) in [
        ("image", &m.image),
        ("digest", &m.digest),
        ("project", &m.project),
        ("environment", &m.environment),
    ] {
        label(name, value, &mut out);
    }
    out
}

/// An empty label is the same as none, so it is left out.
fn label(name: &str, value: &str, out: &mut String) {
    let value = plain(value);
    if value.is_empty() {
        return;
    }
    if !out.is_empty() {
        out.push(',');
    }
    let _ = write!(out, "{name}=\"{}\"", escaped_label(&value));
}

/// Backslash, quote and line feed are escaped in label values, and nothing else.
fn escaped_label(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out
}

/// Quotes are escaped in the help of OpenMetrics, not in that of Prometheus.
fn escaped_help(help: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::OpenMetrics => escaped_label(help),
        Dialect::Prometheus => help.replace('\\', "\\\\").replace('\n', "\\n"),
    }
}

/// One request to a [Pushgateway](https://github.com/prometheus/pushgateway): `PUT` the body to
/// the path, `DELETE` the path when the image is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// Path from the root of the Pushgateway: `/metrics/job/seaworthy/image@base64/…`.
    pub path: String,
    /// `Content-Type` of the body.
    pub content_type: &'static str,
    /// Text format; empty for a deletion.
    pub body: String,
}

const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The requests that push a fleet, one group per image, platform, project and environment. The digest
/// is no part of the group: a new build of an image replaces the figures of the old one. The platform
/// is, since the jobs of a pipeline that build one each must not replace each other's.
///
/// # Errors
/// [`Error::EmptyJob`].
pub fn push_requests(fleet: &Fleet, job: &str, now: Timestamp) -> Result<Vec<Push>, Error> {
    let mut paths: Vec<String> = Vec::new();
    let mut groups: BTreeMap<String, Vec<&Measurement>> = BTreeMap::new();
    for measurement in fleet.latest_builds() {
        let path = group_path(measurement, job)?;
        let group = groups.entry(path.clone()).or_default();
        if group.is_empty() {
            paths.push(path);
        }
        group.push(measurement);
    }
    let push = |path: String| Push {
        body: groups
            .get(&path)
            .map_or_else(String::new, |group| text(group, now, Dialect::Prometheus)),
        path,
        content_type: TEXT_FORMAT,
    };
    Ok(paths.into_iter().map(push).collect())
}

/// The groups of images that are not in the fleet any more, to be deleted: a Pushgateway forgets
/// nothing by itself.
///
/// # Errors
/// [`Error::EmptyJob`].
pub fn stale_pushes(gone: &Fleet, current: &Fleet, job: &str) -> Result<Vec<Push>, Error> {
    let mut kept = std::collections::BTreeSet::new();
    for measurement in current.latest_builds() {
        kept.insert(group_path(measurement, job)?);
    }
    let mut stale = Vec::new();
    for measurement in gone.latest_builds() {
        let path = group_path(measurement, job)?;
        if !kept.contains(&path) {
            stale.push(Push {
                path,
                content_type: TEXT_FORMAT,
                body: String::new(),
            });
        }
    }
    Ok(stale)
}

fn group_path(m: &Measurement, job: &str) -> Result<String, Error> {
    if job.trim().is_empty() {
        return Err(Error::EmptyJob);
    }
    let mut path = "/metrics".to_owned();
    for (name, value) in [
        ("job", job),
        ("image", &m.image),
        ("platform", &m.platform),
        ("project", &m.project),
        ("environment", &m.environment),
    ] {
        let value = plain(value);
        if value.is_empty() {
            continue;
        }
        let is_plain = value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
            && value != "."
            && value != "..";
        // Slashes, and whatever else is not plain, go as base64 of the alphabet for URLs.
        let _ = if is_plain {
            write!(path, "/{name}/{value}")
        } else {
            write!(path, "/{name}@base64/{}", URL_SAFE_NO_PAD.encode(&value))
        };
    }
    Ok(path)
}

#[cfg(test)]
mod tests;
