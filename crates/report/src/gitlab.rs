//! GitLab container scanning report, schema 15.x.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seaworthy_model::{ExitClass, Finding, Layer, Package, Relationship, Report, Severity, url_of};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::options::EndOfLife;
use crate::{Error, WriteOptions, cvss, dockerfile, text, words};

pub(crate) const NAME_LIMIT: usize = 255;
pub(crate) const SOLUTION_LIMIT: usize = 7000;
const DESCRIPTION_LIMIT: usize = 1_048_576;
const VECTOR_LIMIT: usize = 10;

#[derive(Serialize)]
pub(crate) struct Document {
    version: String,
    scan: Scan,
    vulnerabilities: Vec<Vulnerability>,
    remediations: Vec<Remediation>,
}

#[derive(Serialize)]
pub(crate) struct Scan {
    analyzer: Program,
    scanner: Program,
    start_time: String,
    end_time: String,
    status: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<Message>,
}

#[derive(Serialize)]
struct Program {
    id: String,
    name: String,
    version: String,
    vendor: Vendor,
}

#[derive(Serialize)]
struct Vendor {
    name: &'static str,
}

#[derive(Serialize)]
struct Message {
    level: &'static str,
    value: String,
}

#[derive(Serialize)]
pub(crate) struct Vulnerability {
    id: String,
    name: String,
    description: String,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    solution: Option<String>,
    identifiers: Vec<Identifier>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cvss_vectors: Vec<Vector>,
    links: Vec<Link>,
    details: Map<String, Value>,
    location: Location,
}

#[derive(Serialize)]
struct Identifier {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize)]
struct Vector {
    vendor: String,
    vector: String,
}

#[derive(Serialize)]
struct Link {
    url: String,
}

#[derive(Serialize)]
struct Location {
    dependency: Dependency,
    operating_system: String,
    image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_branch_image: Option<String>,
}

#[derive(Serialize)]
struct Dependency {
    package: Named,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    direct: Option<bool>,
}

#[derive(Serialize)]
struct Named {
    name: String,
}

#[derive(Serialize)]
struct Remediation {
    fixes: Vec<Fix>,
    summary: String,
    diff: String,
}

#[derive(Serialize)]
struct Fix {
    id: String,
}

/// The report as GitLab reads it.
pub(crate) fn document(report: &Report, options: &WriteOptions) -> Result<Document, Error> {
    check(options)?;
    let mut seen = BTreeSet::new();
    let reported: Vec<(&Finding, &Package, String)> = words::findings(report)
        .filter(|(f, _)| !words::is_approved(f, &options.gitlab.approved))
        .map(|(f, p)| (f, p, finding_id(report, f, p)))
        // The same package in two places is one finding to GitLab.
        .filter(|(_, _, id)| seen.insert(id.clone()))
        .collect();
    let mut vulnerabilities: Vec<Vulnerability> = reported
        .iter()
        .map(|(f, p, id)| vulnerability(report, options, f, p, id))
        .collect();
    if let Some(end) = &options.gitlab.end_of_life {
        vulnerabilities.extend(end_of_life(report, options, end));
    }
    Ok(Document {
        version: options.gitlab.schema_version.clone(),
        scan: scan(report, options, "container_scanning"),
        vulnerabilities,
        remediations: remediations(report, options, &reported),
    })
}

/// Whether version and times have the form that the schema wants.
pub(crate) fn check(options: &WriteOptions) -> Result<(), Error> {
    let version = &options.gitlab.schema_version;
    if !is_version(version) {
        return Err(Error::InvalidSchemaVersion(version.clone()));
    }
    for time in [&options.start_time, &options.end_time] {
        if !is_time(time) {
            return Err(Error::InvalidTime(time.clone()));
        }
    }
    Ok(())
}

/// What GitLab wants to know of a scan, of whichever type.
pub(crate) fn scan(report: &Report, options: &WriteOptions, kind: &'static str) -> Scan {
    let name = non_empty(&report.tool.name, "seaworthy");
    let version = non_empty(&report.tool.version, "0");
    let program = |id: String| Program {
        id,
        name: name.clone(),
        version: version.clone(),
        vendor: Vendor { name: "Seaworthy" },
    };
    Scan {
        analyzer: program("seaworthy".to_owned()),
        scanner: program(non_empty(&options.gitlab.scanner_id, "seaworthy")),
        start_time: options.start_time.clone(),
        end_time: options.end_time.clone(),
        status: if report.exit_class() == ExitClass::NotAssessed {
            "failure"
        } else {
            "success"
        },
        kind,
        messages: report
            .inventory
            .coverage
            .entries
            .iter()
            .map(|entry| Message {
                level: if entry.kind.is_fatal() && !report.unknown_allowed {
                    "fatal"
                } else {
                    "warn"
                },
                value: format!(
                    "{}: {}: {}",
                    entry.kind.name(),
                    text::plain(&entry.subject),
                    text::plain(&entry.detail)
                ),
            })
            .collect(),
    }
}

/// Only a key for remediations, but stable, so that equal scans give equal bytes.
fn finding_id(report: &Report, finding: &Finding, package: &Package) -> String {
    words::stable_id(&[
        &report.target.name,
        &finding.id,
        package.kind.purl_type(),
        &package.name,
        &package.version,
    ])
    .to_string()
}

pub(crate) fn vulnerability(
    report: &Report,
    options: &WriteOptions,
    finding: &Finding,
    package: &Package,
    id: &str,
) -> Vulnerability {
    let name = format!("{} in {} {}", finding.id, package.name, package.version);
    let mut location = location(
        report,
        options,
        &package.name,
        &package.version,
        package.kind.is_os(),
    );
    location.dependency.direct = match package.relationship {
        Relationship::Direct => Some(true),
        Relationship::Transitive => Some(false),
        Relationship::Unknown => None,
    };
    Vulnerability {
        id: id.to_owned(),
        name: text::limit(&text::plain(&name), NAME_LIMIT),
        description: text::limit(
            &text::plain(&words::description(report, finding, package)),
            DESCRIPTION_LIMIT,
        ),
        severity: severity(finding.severity),
        solution: words::solution(finding, package)
            .map(|s| text::limit(&text::plain(&s), SOLUTION_LIMIT)),
        identifiers: identifiers(finding),
        cvss_vectors: vectors(finding),
        links: finding.urls().into_iter().map(|url| Link { url }).collect(),
        details: details(report, finding, package),
        location,
    }
}

fn location(
    report: &Report,
    options: &WriteOptions,
    name: &str,
    version: &str,
    is_os: bool,
) -> Location {
    let system = words::system(report.inventory.distribution.as_ref()).filter(|_| is_os);
    Location {
        dependency: Dependency {
            package: Named {
                name: text::plain(name),
            },
            version: text::plain(version),
            direct: None,
        },
        operating_system: system.map_or_else(|| "Unknown".to_owned(), |s| text::plain(&s)),
        image: non_empty(&text::plain(&report.target.name), "unknown"),
        default_branch_image: options
            .gitlab
            .default_branch_image
            .as_ref()
            .filter(|image| !image.is_empty() && image.chars().count() <= NAME_LIMIT)
            .cloned(),
    }
}

pub(crate) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "Unknown",
        Severity::Negligible => "Info",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

/// The CVE first, since the server's identity of a finding is the first identifier; then GHSA,
/// then the others.
fn identifiers(finding: &Finding) -> Vec<Identifier> {
    let mut ids: Vec<&str> = std::iter::once(&finding.id)
        .chain(&finding.aliases)
        .chain(&finding.reason.advisory)
        .map(String::as_str)
        .filter(|id| !id.is_empty())
        .collect();
    if ids.is_empty() {
        ids.push("unknown");
    }
    ids.sort_by_key(|id| match id.split('-').next() {
        Some("CVE") => 0,
        Some("GHSA") => 1,
        _ => 2,
    });
    let mut seen = BTreeSet::new();
    ids.into_iter()
        .filter(|id| seen.insert(*id))
        .map(|id| {
            let value = text::plain(id);
            Identifier {
                kind: value
                    .split('-')
                    .next()
                    .filter(|k| !k.is_empty())
                    .unwrap_or("unknown")
                    .to_lowercase(),
                name: value.clone(),
                url: url_of(&value),
                value,
            }
        })
        .collect()
}

/// The rating that counts first; only what the schema accepts, one per vendor and vector.
fn vectors(finding: &Finding) -> Vec<Vector> {
    let mut ratings: Vec<_> = finding.ratings.iter().collect();
    ratings.sort_by_key(|r| r.source != finding.severity_source);
    let mut seen = BTreeSet::new();
    ratings
        .into_iter()
        .filter_map(|r| {
            let vector = r.vector.as_ref().filter(|v| cvss::is_valid(v))?;
            let vendor = non_empty(&text::plain(&r.source), "unknown");
            seen.insert((vendor.clone(), vector.clone()))
                .then(|| Vector {
                    vendor,
                    vector: vector.clone(),
                })
        })
        .take(VECTOR_LIMIT)
        .collect()
}

/// What GitLab shows of a finding beside the fields of its schema.
#[derive(Default)]
pub(crate) struct Details(Map<String, Value>);

impl Details {
    /// A text, when there is one.
    pub(crate) fn add(&mut self, key: &str, name: &str, value: &str) {
        if !value.is_empty() {
            let value = text::plain(value);
            self.0.insert(
                key.to_owned(),
                json!({"name": name, "type": "text", "value": value}),
            );
        }
    }

    /// Which layer brought it, and by which instruction.
    pub(crate) fn add_layer(&mut self, layer: Option<&Layer>) {
        if let Some(layer) = layer {
            let digest = layer.digest.as_deref().unwrap_or(&layer.diff_id);
            let instruction = layer.created_by.as_deref().unwrap_or_default();
            self.add("layer", "Layer", digest);
            self.add("instruction", "Instruction", instruction);
        }
    }

    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

fn details(report: &Report, finding: &Finding, package: &Package) -> Map<String, Value> {
    let mut details = Details::default();
    details.add_layer(words::layer(report, package));
    let mut add = |key: &str, name: &str, value: &str| details.add(key, name, value);
    add("vendor_status", "Vendor status", finding.state.name());
    add(
        "fixed_version",
        "Fixed version",
        finding.fixed_version.as_deref().unwrap_or_default(),
    );
    add("path", "Path", &package.evidence.path);
    add(
        "origin",
        "Brought by",
        match words::origin_word(finding.origin) {
            "base" => "the base image",
            "yours" => "your layers",
            _ => "",
        },
    );
    if let Some(day) = finding.published {
        add("published", "Published", &day.to_string());
    }
    if finding.kev.is_some() {
        add("exploited", "Known exploited", "yes, CISA KEV");
    }
    if let Some(epss) = finding.epss {
        add("epss", "EPSS", &format!("{:.3}", epss.score));
    }
    add(
        "severity_source",
        "Severity given by",
        &finding.severity_source,
    );
    details.into_map()
}

fn end_of_life(report: &Report, options: &WriteOptions, end: &EndOfLife) -> Option<Vulnerability> {
    let distribution = report.inventory.distribution.as_ref()?;
    let system = text::plain(&words::system(Some(distribution))?);
    let since = if end.date.is_empty() {
        String::new()
    } else {
        format!(" since {}", text::plain(&end.date))
    };
    let value = format!("EOL-{}", system.replace(' ', "-"));
    Some(Vulnerability {
        id: words::stable_id(&[&report.target.name, &value]).to_string(),
        name: text::limit(
            &format!("Operating system {system} is past its end of life"),
            NAME_LIMIT,
        ),
        description: format!(
            "{system} gets no more security fixes{since}; new vulnerabilities in its packages will stay."
        ),
        severity: severity(end.severity),
        solution: Some("Move to a supported release of the operating system".to_owned()),
        identifiers: vec![Identifier {
            kind: "seaworthy_eol".to_owned(),
            name: value.clone(),
            value,
            url: None,
        }],
        cvss_vectors: Vec::new(),
        links: Vec::new(),
        details: Map::new(),
        location: location(
            report,
            options,
            &distribution.id,
            &distribution.version,
            true,
        ),
    })
}

/// One diff per package that has a fix, each against the pristine Dockerfile.
fn remediations(
    report: &Report,
    options: &WriteOptions,
    reported: &[(&Finding, &Package, String)],
) -> Vec<Remediation> {
    let Some((path, dockerfile)) = &options.gitlab.dockerfile else {
        return Vec::new();
    };
    let mut groups: BTreeMap<(&str, &str), (&Package, Vec<&str>)> = BTreeMap::new();
    for (finding, package, id) in reported {
        if package.kind.is_os() && finding.fixed_version.is_some() {
            groups
                .entry((package.kind.purl_type(), &package.name))
                .or_insert_with(|| (package, Vec::new()))
                .1
                .push(id);
        }
    }
    groups
        .into_values()
        .filter_map(|(package, ids)| {
            let distribution = report.inventory.distribution.as_ref();
            let run = dockerfile::upgrade(package.kind, &package.name, distribution)?;
            let diff = dockerfile::insert_after_last_from(path, dockerfile, &run)?;
            let count = words::counted(ids.len(), "finding");
            Some(Remediation {
                fixes: ids
                    .into_iter()
                    .map(|id| Fix { id: id.to_owned() })
                    .collect(),
                summary: format!("Upgrade {} in the Dockerfile ({count})", package.name),
                diff: STANDARD.encode(diff),
            })
        })
        .collect()
}

pub(crate) fn non_empty(text: &str, otherwise: &str) -> String {
    if text.is_empty() { otherwise } else { text }.to_owned()
}

fn is_version(text: &str) -> bool {
    let mut parts = 0;
    text.split('.').all(|p| {
        parts += 1;
        !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit())
    }) && parts == 3
}

fn is_time(text: &str) -> bool {
    text.len() == 19
        && text
            .bytes()
            .zip(b"dddd-dd-ddTdd:dd:dd")
            .all(|(b, shape)| match shape {
                b'd' => b.is_ascii_digit(),
                other => b == *other,
            })
}
