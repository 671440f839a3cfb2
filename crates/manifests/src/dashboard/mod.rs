//! A dashboard for Grafana.

use serde_json::{Value, json};

use crate::{Error, Selector};

/// What the dashboard is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DashboardOptions {
    /// Its title.
    pub title: String,
    /// Its identity in Grafana, 1 to 40 letters, digits, `-` and `_`: importing the same one again
    /// replaces it.
    pub uid: String,
    /// Which images it is about, besides the variables that its reader sets.
    pub selectors: Vec<Selector>,
    /// The score below which it is red, 1 to 100.
    pub score_below: u64,
}

impl Default for DashboardOptions {
    fn default() -> Self {
        Self {
            title: "Container image security".to_owned(),
            uid: "seaworthy-images".to_owned(),
            selectors: Vec::new(),
            score_below: 70,
        }
    }
}

/// Version of the JSON model that is written; newer Grafanas bring it up to date when they read it.
const SCHEMA_VERSION: u32 = 39;

/// The variables that the reader of the dashboard sets, each with its label.
const VARIABLES: [(&str, &str); 3] = [
    ("project", "Project"),
    ("environment", "Environment"),
    ("image", "Image"),
];

struct Builder<'a> {
    options: &'a DashboardOptions,
    panels: Vec<Value>,
    /// Where the next panel goes, in units of Grafana's grid of 24 columns.
    x: u32,
    y: u32,
    /// Height of the line of panels that is being filled.
    height: u32,
}

/// A colour from a value on.
type Step = (Option<f64>, &'static str);

impl Builder<'_> {
    /// A metric of the images that the variables and the options select.
    fn of(&self, metric: &str) -> String {
        let mut all: Vec<String> = VARIABLES
            .iter()
            .map(|(name, _)| format!("{name}=~\"${name}\""))
            .collect();
        all.extend(self.options.selectors.iter().map(ToString::to_string));
        format!("{metric}{{{}}}", all.join(","))
    }

    fn place(&mut self, width: u32, height: u32) -> Value {
        if self.x + width > 24 {
            self.x = 0;
            self.y += self.height;
            self.height = 0;
        }
        let place = json!({ "h": height, "w": width, "x": self.x, "y": self.y });
        self.x += width;
        self.height = self.height.max(height);
        place
    }

    fn row(&mut self, title: &str) {
        // A row takes a line of its own.
        self.x = 24;
        let place = self.place(24, 1);
        self.push(json!({
            "type": "row", "title": title, "collapsed": false, "panels": [], "gridPos": place,
        }));
    }

    fn push(&mut self, mut panel: Value) {
        if let Some(fields) = panel.as_object_mut() {
            fields.insert("id".to_owned(), json!(self.panels.len() + 1));
        }
        self.panels.push(panel);
    }

    /// One number.
    fn stat(&mut self, title: &str, about: &str, expression: &str, steps: &[Step]) {
        let place = self.place(3, 4);
        self.push(json!({
            "type": "stat",
            "title": title,
            "description": about,
            "datasource": source(),
            "gridPos": place,
            "fieldConfig": {
                "defaults": {
                    "noValue": "-",
                    "thresholds": thresholds(steps),
                    "color": { "mode": "thresholds" },
                },
                "overrides": [],
            },
            "options": {
                "colorMode": "value",
                "graphMode": "area",
                "justifyMode": "auto",
                "textMode": "auto",
                "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false },
            },
            "targets": [target("A", expression, "")],
        }));
    }

    /// Curves over time.
    fn graph(&mut self, title: &str, about: &str, unit: &str, curves: &[(String, &str)]) {
        let place = self.place(12, 8);
        let targets: Vec<Value> = curves
            .iter()
            .zip(b'A'..=b'Z')
            .map(|((expression, legend), id)| {
                target(&char::from(id).to_string(), expression, legend)
            })
            .collect();
        self.push(json!({
            "type": "timeseries",
            "title": title,
            "description": about,
            "datasource": source(),
            "gridPos": place,
            "fieldConfig": {
                "defaults": {
                    "unit": unit,
                    "min": 0,
                    "custom": {
                        "drawStyle": "line",
                        "lineWidth": 2,
                        "fillOpacity": 5,
                        "spanNulls": false,
                        "showPoints": "auto",
                    },
                    "color": { "mode": "palette-classic" },
                },
                "overrides": severity_colors(),
            },
            "options": {
                "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true },
                "tooltip": { "mode": "multi", "sort": "desc" },
            },
            "targets": targets,
        }));
    }
}

fn source() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

fn target(id: &str, expression: &str, legend: &str) -> Value {
    json!({
        "refId": id,
        "datasource": source(),
        "expr": expression,
        "legendFormat": legend,
        "editorMode": "code",
        "range": true,
        "instant": false,
    })
}

fn thresholds(steps: &[Step]) -> Value {
    let steps: Vec<Value> = steps
        .iter()
        .map(|(value, color)| json!({ "value": value, "color": color }))
        .collect();
    json!({ "mode": "absolute", "steps": steps })
}

/// Curves that are named after a severity have its colour.
fn severity_colors() -> Vec<Value> {
    [
        ("critical", "dark-red"),
        ("high", "red"),
        ("medium", "orange"),
        ("low", "yellow"),
        ("negligible", "blue"),
        ("unrated", "purple"),
    ]
    .iter()
    .map(|(name, color)| {
        json!({
            "matcher": { "id": "byName", "options": name },
            "properties": [
                { "id": "color", "value": { "mode": "fixed", "fixedColor": color } },
            ],
        })
    })
    .collect()
}

/// The dashboard, for Grafana's import or its provisioning.
///
/// # Errors
/// When the title or the identity is empty or has other characters than allowed, or the score is
/// out of range.
pub fn dashboard(options: &DashboardOptions) -> Result<String, Error> {
    check(options)?;
    let mut builder = Builder {
        options,
        panels: Vec::new(),
        x: 0,
        y: 0,
        height: 0,
    };
    overview(&mut builder);
    history(&mut builder);
    images(&mut builder);
    trust(&mut builder);
    let document = json!({
        "id": null,
        "uid": options.uid,
        "title": options.title,
        "description": "What Seaworthy found in container images.",
        "tags": ["security", "containers", "seaworthy"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": true,
        "graphTooltip": 1,
        "timezone": "browser",
        "refresh": "5m",
        "time": { "from": "now-30d", "to": "now" },
        "annotations": { "list": [] },
        "links": [],
        "templating": { "list": variables(options) },
        "panels": builder.panels,
    });
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn check(options: &DashboardOptions) -> Result<(), Error> {
    if options.title.trim().is_empty() {
        return Err(Error::Empty("the title of the dashboard"));
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if options.uid.is_empty() {
        return Err(Error::Empty("the identity of the dashboard"));
    }
    if options.uid.len() > 40 || !options.uid.bytes().all(fits) {
        return Err(Error::InvalidUid(options.uid.clone()));
    }
    if !(1..=100).contains(&options.score_below) {
        return Err(Error::OutOfRange {
            name: "the lowest accepted score",
            value: options.score_below,
            range: "it is from 1 to 100",
        });
    }
    Ok(())
}

/// The data source, and the labels, each narrowed by the ones before.
fn variables(options: &DashboardOptions) -> Vec<Value> {
    let mut all = vec![json!({
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
        "hide": 0,
        "includeAll": false,
        "multi": false,
    })];
    let mut narrowed: Vec<String> = options.selectors.iter().map(ToString::to_string).collect();
    for (name, label) in VARIABLES {
        let query = format!(
            "label_values(container_scan_assessed{{{}}}, {name})",
            narrowed.join(",")
        );
        all.push(json!({
            "name": name,
            "label": label,
            "type": "query",
            "datasource": source(),
            "query": { "query": query, "refId": name },
            "definition": query,
            "refresh": 2,
            "sort": 1,
            "hide": 0,
            "includeAll": true,
            "multi": true,
            // Matches images without the label too.
            "allValue": ".*",
            "current": { "text": "All", "value": "$__all" },
        }));
        narrowed.push(format!("{name}=~\"${name}\""));
    }
    all
}

/// When a number is good.
#[derive(Clone, Copy)]
enum Good {
    /// At 0, and bad above.
    Zero,
    /// At 0, and to be looked at above.
    ZeroMostly,
    /// From the lowest accepted score on.
    HighScore,
    /// It says nothing.
    Any,
}

/// Title, description, query with `$metric` for the selected series, metric, and what is good.
type Stat = (&'static str, &'static str, &'static str, &'static str, Good);

#[rustfmt::skip]
const STATS: [Stat; 17] = [
    ("Images", "Images that report.",
     "count(count by (image) ($metric))", "container_scan_assessed", Good::Any),
    ("Not assessed", "Images about which nothing is known.",
     "count($metric == 0) or vector(0)", "container_scan_assessed", Good::Zero),
    ("Not compliant", "Images whose status is not 1: warning, non-compliant or not known.",
     "count($metric != 1) or vector(0)", "container_compliance_status", Good::Zero),
    ("Lowest score", "The lowest security score of an image.",
     "min($metric)", "container_security_score", Good::HighScore),
    ("Lowest risk score", "The lowest risk-weighted score of an image.",
     "min($metric)", "container_risk_score", Good::HighScore),
    ("Critical", "Critical vulnerabilities.",
     "sum($metric)", "container_vulnerabilities_critical", Good::Zero),
    ("High", "High vulnerabilities.",
     "sum($metric)", "container_vulnerabilities_high", Good::ZeroMostly),
    ("Exploited", "Vulnerabilities that are known to be exploited.",
     "sum($metric)", "container_vulnerabilities_exploited", Good::Zero),
    ("Fixable", "Vulnerabilities with a fixed version.",
     "sum($metric)", "container_vulnerabilities_fixable", Good::ZeroMostly),
    ("Waived", "Vulnerabilities that somebody decided to live with.",
     "sum($metric)", "container_vulnerabilities_waived", Good::Any),
    ("Undated", "Vulnerabilities whose day of publication is not known: no age counts them.",
     "sum($metric)", "container_vulnerabilities_undated", Good::Any),
    ("Secrets", "Secrets in images.",
     "sum($metric)", "container_secrets", Good::Zero),
    ("Misconfigurations", "Misconfigurations of images and of the files in them.",
     "sum($metric)", "container_misconfigurations", Good::ZeroMostly),
    ("Forbidden licences", "Licences that must not be used.",
     "sum($metric)", "container_licenses_forbidden", Good::ZeroMostly),
    ("End of life", "Images on a release without security fixes.",
     "sum($metric) or vector(0)", "container_end_of_life", Good::Zero),
    ("Coverage gaps", "Parts of images that could not be assessed.",
     "sum($metric)", "container_coverage_gaps", Good::ZeroMostly),
    ("Hidden", "Vulnerabilities that display filters removed before the figures were taken.",
     "sum($metric)", "container_vulnerabilities_hidden", Good::ZeroMostly),
];

fn overview(b: &mut Builder<'_>) {
    b.row("Now");
    let score = b.options.score_below as f64;
    for (title, about, query, metric, good) in STATS {
        let steps: &[Step] = match good {
            Good::Zero => &[(None, "green"), (Some(1.0), "red")],
            Good::ZeroMostly => &[(None, "green"), (Some(1.0), "orange")],
            Good::HighScore => &[(None, "red"), (Some(score), "green")],
            Good::Any => &[(None, "blue")],
        };
        let query = query.replace("$metric", &b.of(metric));
        b.stat(title, about, &query, steps);
    }
}

fn history(b: &mut Builder<'_>) {
    b.row("Over time");
    let severities: Vec<(String, &str)> =
        ["critical", "high", "medium", "low", "negligible", "unrated"]
            .into_iter()
            .map(|name| {
                let metric = format!("container_vulnerabilities_{name}");
                (format!("sum({})", b.of(&metric)), name)
            })
            .collect();
    b.graph(
        "Vulnerabilities",
        "All images together, by severity.",
        "short",
        &severities,
    );
    let scores = [
        (
            format!("min({})", b.of("container_security_score")),
            "lowest score",
        ),
        (
            format!("avg({})", b.of("container_security_score")),
            "average score",
        ),
        (
            format!("min({})", b.of("container_risk_score")),
            "lowest risk score",
        ),
        (
            format!("avg({})", b.of("container_risk_score")),
            "average risk score",
        ),
    ];
    b.graph("Scores", "0 to 100, higher is better.", "short", &scores);
    let worst = [(
        format!(
            "topk(10, sum by (image) ({}))",
            b.of("container_vulnerabilities_critical")
        ),
        "{{image}}",
    )];
    b.graph(
        "Images with the most critical vulnerabilities",
        "The ten worst.",
        "short",
        &worst,
    );
    let ages = [
        (
            format!(
                "max(time() - {})",
                b.of("container_vulnerabilities_critical_oldest_timestamp_seconds")
            ),
            "oldest critical",
        ),
        (
            format!(
                "max(time() - {})",
                b.of("container_vulnerabilities_high_oldest_timestamp_seconds")
            ),
            "oldest high",
        ),
        (
            format!(
                "avg({})",
                b.of("container_vulnerabilities_mean_age_seconds")
            ),
            "mean of all, per image",
        ),
    ];
    b.graph(
        "For how long vulnerabilities are public",
        "Since publication; those whose day is not known are left out.",
        "s",
        &ages,
    );
    let size = [(
        format!("topk(10, max by (image) ({}))", b.of("container_packages")),
        "{{image}}",
    )];
    b.graph(
        "Images with the most packages",
        "What is not there needs no fix.",
        "short",
        &size,
    );
}

/// Column, metric and unit of the table; the ages are worked out when it is shown.
const COLUMNS: [(&str, &str, &str); 14] = [
    ("Status", "container_compliance_status", "short"),
    ("Score", "container_security_score", "short"),
    ("Risk score", "container_risk_score", "short"),
    ("Critical", "container_vulnerabilities_critical", "short"),
    ("High", "container_vulnerabilities_high", "short"),
    ("Medium", "container_vulnerabilities_medium", "short"),
    ("Low", "container_vulnerabilities_low", "short"),
    ("Fixable", "container_vulnerabilities_fixable", "short"),
    ("Exploited", "container_vulnerabilities_exploited", "short"),
    (
        "Oldest critical",
        "container_vulnerabilities_critical_oldest_timestamp_seconds",
        "s",
    ),
    ("Secrets", "container_secrets", "short"),
    ("Scanned", "container_scan_timestamp_seconds", "s"),
    ("Advisories", "container_database_timestamp_seconds", "s"),
    (
        "Support ends",
        "container_end_of_life_timestamp_seconds",
        "s",
    ),
];

fn images(b: &mut Builder<'_>) {
    b.row("Images");
    let mut targets = Vec::new();
    let mut names = serde_json::Map::new();
    let mut overrides = vec![compliance_words()];
    for ((column, metric, unit), id) in COLUMNS.iter().zip(b'A'..=b'Z') {
        let id = char::from(id);
        let newest = format!("max by (image, project, environment) ({})", b.of(metric));
        let expression = match *column {
            "Support ends" => format!("{newest} - time()"),
            _ if *unit == "s" => format!("time() - {newest}"),
            _ => newest,
        };
        let mut one = target(&id.to_string(), &expression, "");
        if let Some(fields) = one.as_object_mut() {
            fields.insert("format".to_owned(), json!("table"));
            fields.insert("instant".to_owned(), json!(true));
            fields.insert("range".to_owned(), json!(false));
        }
        targets.push(one);
        names.insert(format!("Value #{id}"), json!(column));
        if *unit == "s" {
            overrides.push(json!({
                "matcher": { "id": "byName", "options": column },
                "properties": [{ "id": "unit", "value": "s" }],
            }));
        }
    }
    b.x = 24;
    let place = b.place(24, 12);
    b.push(json!({
        "type": "table",
        "title": "Images",
        "description": "Each image with its latest figures. Empty cells are not known: an image that was not assessed has no counts.",
        "datasource": source(),
        "gridPos": place,
        "fieldConfig": { "defaults": { "noValue": "-" }, "overrides": overrides },
        "options": {
            "showHeader": true,
            "sortBy": [{ "displayName": "Risk score", "desc": false }],
        },
        "targets": targets,
        "transformations": [
            { "id": "merge", "options": {} },
            {
                "id": "organize",
                "options": { "excludeByName": { "Time": true }, "renameByName": names },
            },
        ],
    }));
}

fn compliance_words() -> Value {
    json!({
        "matcher": { "id": "byName", "options": "Status" },
        "properties": [{
            "id": "mappings",
            "value": [{
                "type": "value",
                "options": {
                    "1": { "text": "compliant", "color": "green", "index": 0 },
                    "0.5": { "text": "warning", "color": "orange", "index": 1 },
                    "0": { "text": "non-compliant", "color": "red", "index": 2 },
                    "-1": { "text": "not known", "color": "purple", "index": 3 },
                },
            }],
        }],
    })
}

/// How far the figures can be trusted.
fn trust(b: &mut Builder<'_>) {
    b.row("How far to trust it");
    let ages = [
        (
            format!("max(time() - {})", b.of("container_scan_timestamp_seconds")),
            "oldest scan",
        ),
        (
            format!(
                "max(time() - {})",
                b.of("container_database_timestamp_seconds")
            ),
            "oldest advisories",
        ),
        (
            format!("max({})", b.of("container_scan_age_seconds")),
            "oldest scan, when it was reported",
        ),
        (
            format!("max({})", b.of("container_database_age_seconds")),
            "oldest advisories, when they were reported",
        ),
    ];
    b.graph(
        "Ages",
        "An old scan says nothing about what became known since.",
        "s",
        &ages,
    );
    let scanners = [(
        format!(
            "count by (scanner_version, database_date) ({})",
            b.of("container_image_info")
        ),
        "{{scanner_version}}, advisories of {{database_date}}",
    )];
    b.graph(
        "Scanner and advisories",
        "Images per version of the scanner and day of the advisories.",
        "short",
        &scanners,
    );
}

#[cfg(test)]
mod tests;
