//! Alert rules for Prometheus.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::selector::{check_label, series};
use crate::{Error, Selector};

/// What the rules ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertOptions {
    /// Name of the rule group.
    pub group: String,
    /// How many critical vulnerabilities are accepted.
    pub critical_above: u64,
    /// The lowest score that is accepted, 1 to 100.
    pub score_below: u64,
    /// For how long a critical vulnerability may be public without being mended.
    pub critical_older_than: Duration,
    /// The same for a high one.
    pub high_older_than: Duration,
    /// How old a scan may be.
    pub scan_older_than: Duration,
    /// How old the advisories may be.
    pub database_older_than: Duration,
    /// How long no metric at all is accepted.
    pub absent_for: Duration,
    /// Which images the rules are about.
    pub selectors: Vec<Selector>,
    /// More labels of every alert, for its way through Alertmanager.
    pub labels: BTreeMap<String, String>,
    /// Where it says what to do; the name of the alert in lower case is its anchor.
    pub runbook: Option<String>,
}

const DAY: u64 = 86_400;

impl Default for AlertOptions {
    fn default() -> Self {
        Self {
            group: "container-security".to_owned(),
            critical_above: 0,
            score_below: 70,
            critical_older_than: Duration::from_secs(30 * DAY),
            high_older_than: Duration::from_secs(90 * DAY),
            scan_older_than: Duration::from_secs(7 * DAY),
            database_older_than: Duration::from_secs(3 * DAY),
            absent_for: Duration::from_secs(15 * 60),
            selectors: Vec::new(),
            labels: BTreeMap::new(),
            runbook: None,
        }
    }
}

impl AlertOptions {
    fn check(&self) -> Result<(), Error> {
        if self.group.trim().is_empty() {
            return Err(Error::Empty("the name of the rule group"));
        }
        if !(1..=100).contains(&self.score_below) {
            return Err(Error::OutOfRange {
                name: "the lowest accepted score",
                value: self.score_below,
                range: "it is from 1 to 100",
            });
        }
        for (name, duration) in [
            ("the age of a critical finding", self.critical_older_than),
            ("the age of a high finding", self.high_older_than),
            ("the age of a scan", self.scan_older_than),
            ("the age of the advisories", self.database_older_than),
            ("the time without metrics", self.absent_for),
        ] {
            let seconds = duration.as_secs();
            if !(60..=3650 * DAY).contains(&seconds) {
                return Err(Error::OutOfRange {
                    name,
                    value: seconds,
                    range: "it is from 60 seconds to ten years",
                });
            }
        }
        for label in self.labels.keys() {
            check_label(label)?;
            if ["alertname", "severity"].contains(&label.as_str()) {
                return Err(Error::ReservedLabel(label.clone()));
            }
        }
        Ok(())
    }
}

/// The figures that a rule looks at in its test: what fires it, and what it is silent at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Trigger {
    /// A metric with this value fires.
    Value(&'static str, f64),
    /// A metric whose time is so many seconds ago fires.
    Age(&'static str, u64),
    /// The metric not being there fires.
    Absent(&'static str),
}

/// One rule, and what its test needs.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) expression: String,
    pub(crate) for_seconds: u64,
    pub(crate) severity: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) description: &'static str,
    pub(crate) trigger: Trigger,
}

/// What a rule looks at, and when it fires.
#[derive(Clone, Copy)]
enum Condition {
    /// The metric is above a number.
    Above(fn(&AlertOptions) -> u64),
    /// The metric is below a number.
    Below(fn(&AlertOptions) -> u64),
    /// The metric is a number.
    Is(u64),
    /// The metric is not a number; the other number is an example that fires.
    IsNot(u64, f64),
    /// The metric is a time longer ago than so many seconds.
    OlderThan(fn(&AlertOptions) -> u64),
    /// There is no such metric.
    Absent,
}

struct Template {
    name: &'static str,
    metric: &'static str,
    condition: Condition,
    for_seconds: fn(&AlertOptions) -> u64,
    severity: &'static str,
    summary: &'static str,
    description: &'static str,
}

/// All rules. Names, summaries, descriptions and severities of the first three are those of the
/// field, which people route and search by.
const TEMPLATES: [Template; 12] = [
    Template {
        name: "CriticalVulnerabilityDetected",
        metric: "container_vulnerabilities_critical",
        condition: Condition::Above(|o| o.critical_above),
        for_seconds: |_| 0,
        severity: "critical",
        summary: "Critical vulnerability detected in container image",
        description: "Container image {{ $labels.image }} has {{ $value }} critical vulnerabilities",
    },
    Template {
        name: "SecurityScoreLow",
        metric: "container_security_score",
        condition: Condition::Below(|o| o.score_below),
        for_seconds: |_| 300,
        severity: "warning",
        summary: "Container security score is below threshold",
        description: "Container image {{ $labels.image }} has security score of {{ $value }}",
    },
    Template {
        name: "ComplianceViolation",
        metric: "container_compliance_status",
        condition: Condition::IsNot(1, 0.5),
        for_seconds: |_| 0,
        severity: "high",
        summary: "Container compliance violation detected",
        description: "Container image {{ $labels.image }} is not compliant with security policies",
    },
    Template {
        name: "KnownExploitedVulnerability",
        metric: "container_vulnerabilities_exploited",
        condition: Condition::Above(|_| 0),
        for_seconds: |_| 0,
        severity: "critical",
        summary: "Container image has a vulnerability that is known to be exploited",
        description: "Container image {{ $labels.image }} has {{ $value }} vulnerabilities of the KEV catalogue",
    },
    Template {
        name: "CriticalVulnerabilityOverdue",
        metric: "container_vulnerabilities_critical_oldest_timestamp_seconds",
        condition: Condition::OlderThan(|o| o.critical_older_than.as_secs()),
        for_seconds: |_| 0,
        severity: "critical",
        summary: "Critical vulnerability in container image is public for too long",
        description: "Container image {{ $labels.image }} has a critical vulnerability that is public for {{ $value | humanizeDuration }}",
    },
    Template {
        name: "HighVulnerabilityOverdue",
        metric: "container_vulnerabilities_high_oldest_timestamp_seconds",
        condition: Condition::OlderThan(|o| o.high_older_than.as_secs()),
        for_seconds: |_| 0,
        severity: "warning",
        summary: "High vulnerability in container image is public for too long",
        description: "Container image {{ $labels.image }} has a high vulnerability that is public for {{ $value | humanizeDuration }}",
    },
    Template {
        name: "SecretInImage",
        metric: "container_secrets",
        condition: Condition::Above(|_| 0),
        for_seconds: |_| 0,
        severity: "high",
        summary: "Container image contains a secret",
        description: "Container image {{ $labels.image }} contains {{ $value }} secrets: revoke them, then remove them",
    },
    Template {
        name: "ImageNotAssessed",
        metric: "container_scan_assessed",
        condition: Condition::Is(0),
        for_seconds: |_| 0,
        severity: "high",
        summary: "Container image could not be assessed",
        description: "Nothing is known about container image {{ $labels.image }}: its distribution or package database could not be read, or no advisories answered",
    },
    Template {
        name: "ImageEndOfLife",
        metric: "container_end_of_life",
        condition: Condition::Is(1),
        for_seconds: |_| 0,
        severity: "warning",
        summary: "Container image is built on a release without security fixes",
        description: "The distribution of container image {{ $labels.image }} gets no more security fixes",
    },
    Template {
        name: "ScanStale",
        metric: "container_scan_timestamp_seconds",
        condition: Condition::OlderThan(|o| o.scan_older_than.as_secs()),
        for_seconds: |_| 600,
        severity: "warning",
        summary: "Container image was not scanned for too long",
        description: "The last scan of container image {{ $labels.image }} was {{ $value | humanizeDuration }} ago",
    },
    Template {
        name: "AdvisoriesStale",
        metric: "container_database_timestamp_seconds",
        condition: Condition::OlderThan(|o| o.database_older_than.as_secs()),
        for_seconds: |_| 600,
        severity: "warning",
        summary: "Container image was scanned with old advisories",
        description: "The newest advisories for container image {{ $labels.image }} are {{ $value | humanizeDuration }} old",
    },
    Template {
        name: "SecurityMetricsAbsent",
        metric: "container_scan_assessed",
        condition: Condition::Absent,
        for_seconds: |o| o.absent_for.as_secs(),
        severity: "critical",
        summary: "No security metrics of container images arrive",
        description: "No image reports container_scan_assessed: as long as that is so, no other alert can fire",
    },
];

impl Template {
    fn rule(&self, options: &AlertOptions) -> Rule {
        let metric = series(self.metric, &options.selectors);
        let value = |number: f64| Trigger::Value(self.metric, number);
        let (expression, trigger) = match self.condition {
            Condition::Above(limit) => {
                let limit = limit(options);
                (
                    format!("{metric} > {limit}"),
                    value(limit.saturating_add(2) as f64),
                )
            }
            Condition::Below(limit) => {
                let limit = limit(options);
                (
                    format!("{metric} < {limit}"),
                    value(limit.saturating_sub(1) as f64),
                )
            }
            Condition::Is(number) => (format!("{metric} == {number}"), value(number as f64)),
            Condition::IsNot(number, example) => (format!("{metric} != {number}"), value(example)),
            Condition::OlderThan(limit) => {
                let limit = limit(options);
                (
                    format!("time() - {metric} > {limit}"),
                    Trigger::Age(self.metric, limit + DAY),
                )
            }
            Condition::Absent => (format!("absent({metric})"), Trigger::Absent(self.metric)),
        };
        Rule {
            name: self.name,
            expression,
            for_seconds: (self.for_seconds)(options),
            severity: self.severity,
            summary: self.summary,
            description: self.description,
            trigger,
        }
    }
}

pub(crate) fn rules(options: &AlertOptions) -> Result<Vec<Rule>, Error> {
    options.check()?;
    Ok(TEMPLATES.iter().map(|t| t.rule(options)).collect())
}

#[derive(Serialize)]
struct RuleFile<'a> {
    groups: [Group<'a>; 1],
}

#[derive(Serialize)]
struct Group<'a> {
    name: &'a str,
    rules: Vec<AlertRule>,
}

#[derive(Serialize)]
struct AlertRule {
    alert: &'static str,
    expr: String,
    #[serde(rename = "for")]
    lasting: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<&'static str, String>,
}

pub(crate) fn labels(rule: &Rule, options: &AlertOptions) -> BTreeMap<String, String> {
    let mut labels = options.labels.clone();
    labels.insert("severity".to_owned(), rule.severity.to_owned());
    labels
}

pub(crate) fn annotations(rule: &Rule, options: &AlertOptions) -> BTreeMap<&'static str, String> {
    let mut annotations = BTreeMap::from([
        ("summary", rule.summary.to_owned()),
        ("description", rule.description.to_owned()),
    ]);
    if let Some(runbook) = &options.runbook {
        let anchor = rule.name.to_ascii_lowercase();
        annotations.insert("runbook_url", format!("{runbook}#{anchor}"));
    }
    annotations
}

/// `0m`, `5m`, `90s`: whole minutes where it is so.
fn duration(seconds: u64) -> String {
    if seconds.is_multiple_of(60) {
        format!("{}m", seconds / 60)
    } else {
        format!("{seconds}s")
    }
}

pub(crate) fn yaml<T: Serialize>(value: &T) -> Result<String, Error> {
    let options = serde_saphyr::ser_options! {
        prefer_block_scalars: false,
    };
    serde_saphyr::to_string_with_options(value, options).map_err(|e| Error::Yaml(e.to_string()))
}

/// The rules file, to be named under `rule_files` of the configuration of Prometheus and checked
/// with `promtool check rules`.
///
/// # Errors
/// When an option is out of range or a label no label.
pub fn alerts(options: &AlertOptions) -> Result<String, Error> {
    let rules = rules(options)?
        .into_iter()
        .map(|rule| AlertRule {
            alert: rule.name,
            lasting: duration(rule.for_seconds),
            labels: labels(&rule, options),
            annotations: annotations(&rule, options),
            expr: rule.expression,
        })
        .collect();
    let file = RuleFile {
        groups: [Group {
            name: &options.group,
            rules,
        }],
    };
    Ok(format!(
        "# Generated by `seaworthy generate alerts`. Check with `promtool check rules FILE`.\n{}",
        yaml(&file)?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{documented_metrics, metrics_in, promtool};

    #[test]
    fn the_rules_as_a_whole() {
        let text = alerts(&AlertOptions::default()).unwrap();
        insta::assert_snapshot!(text);
        assert_eq!(text, alerts(&AlertOptions::default()).unwrap());
        promtool("check", &[("alerts.yml", &text)]);
    }

    #[test]
    fn every_option_gives_rules_that_prometheus_takes() {
        let options = AlertOptions {
            group: "it's: {odd} # \"name\"".to_owned(),
            critical_above: 3,
            score_below: 1,
            critical_older_than: Duration::from_secs(60),
            high_older_than: Duration::from_secs(3650 * DAY),
            scan_older_than: Duration::from_secs(90),
            database_older_than: Duration::from_secs(3650 * DAY),
            absent_for: Duration::from_secs(61),
            selectors: ["project=a\"b\\c\nd", "image!~x|y", "environment=~prod.*"]
                .map(|s| s.parse().unwrap())
                .to_vec(),
            labels: [("team".to_owned(), "yes: no # \"x\"".to_owned())].into(),
            runbook: Some("https://wiki.example.com/containers".to_owned()),
        };
        let text = alerts(&options).unwrap();
        promtool("check", &[("alerts.yml", &text)]);
        assert!(text.contains("for: 61s"), "{text}");
        assert!(text.contains("containers#scanstale"));
    }

    #[test]
    fn impossible_options_are_named() {
        let check = |change: &dyn Fn(&mut AlertOptions), expected: &str| {
            let mut options = AlertOptions::default();
            change(&mut options);
            let error = alerts(&options).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(&|o| o.score_below = 0, "lowest accepted score of 0");
        check(&|o| o.score_below = 101, "it is from 1 to 100");
        check(&|o| o.group = " ".to_owned(), "rule group is empty");
        check(
            &|o| o.scan_older_than = Duration::ZERO,
            "the age of a scan of 0",
        );
        check(
            &|o| o.critical_older_than = Duration::MAX,
            "the age of a critical finding of",
        );
        check(
            &|o| {
                o.labels.insert("severity".to_owned(), "x".to_owned());
            },
            "`severity` is set by the rules",
        );
        check(
            &|o| {
                o.labels.insert("a-b".to_owned(), "x".to_owned());
            },
            "`a-b` is no name of a label",
        );
    }

    #[test]
    fn only_documented_metrics_are_used() {
        let known = documented_metrics();
        for metric in metrics_in(&alerts(&AlertOptions::default()).unwrap()) {
            assert!(known.contains(&metric), "{metric}");
        }
    }
}
