//! SARIF 2.1.0 of any tool: Docker Scout, Trivy, Grype, Snyk, our own, and others as far as rule and
//! message tell.

use std::collections::BTreeMap;

use seaworthy_model::{Location, Misconfiguration, Package, Rating, Secret, Severity, State};
use serde_json::Value;

use super::fields::{self, first, get, line, list, path, string, strings, text};
use super::packages::{self, package};
use super::{ReadError, ReportFormat, ScanKind, ScannerName, ScannerReport, Vulnerability};

pub(super) fn read(document: &Value) -> Result<ScannerReport, ReadError> {
    let runs = list(document, "runs");
    if runs.is_empty() {
        return Err(ReadError::Shape {
            format: ReportFormat::Sarif,
            what: "it has no run, so nothing was looked for".to_owned(),
        });
    }
    // Logs of several tools come in one file too.
    let mut names: Vec<&str> = Vec::new();
    for run in runs {
        let name = text(path(run, &["tool", "driver"]), "name");
        if !name.is_empty() && !names.contains(&name) && names.len() < 8 {
            names.push(name);
        }
    }
    let name = match names.as_slice() {
        [] => "sarif".to_owned(),
        names => names.join(" + "),
    };
    let mut report = ScannerReport::new(ScannerName::from(name), ReportFormat::Sarif);
    report.target.source = "sarif".to_owned();
    let version = text(document, "version");
    if version != "2.1.0" {
        report.gap(format!(
            "SARIF version `{version}` is not 2.1.0, fields may be missed"
        ));
    }
    for run in runs {
        self::run(&mut report, run)?;
    }
    Ok(report)
}

/// What a tool looked for that found nothing and does not tell: its first purpose.
fn purpose(scanner: &ScannerName) -> ScanKind {
    match scanner {
        ScannerName::Other(_) if is_secret_scanner(scanner) => ScanKind::Secret,
        ScannerName::Other(_) => ScanKind::Config,
        _ => ScanKind::Vulnerability,
    }
}

fn run(report: &mut ScannerReport, run: &Value) -> Result<(), ReadError> {
    let driver = path(run, &["tool", "driver"]);
    let tool = ScannerName::from(string(driver, "name"));
    report.tool.version = first(driver, &["version", "semanticVersion"]).to_owned();
    for invocation in list(run, "invocations") {
        if get(invocation, "executionSuccessful").as_bool() == Some(false) {
            let message = list(invocation, "toolExecutionNotifications")
                .first()
                .map_or("", |n| text(get(n, "message"), "text"));
            return Err(ReadError::ScannerFailed {
                scanner: tool,
                message: if message.is_empty() {
                    "the run was not successful"
                } else {
                    message
                }
                .to_owned(),
            });
        }
    }
    // Null or absent when the tool did not look for anything (SARIF 2.1.0, 3.14.23).
    let Some(results) = get(run, "results").as_array() else {
        return Err(ReadError::Shape {
            format: ReportFormat::Sarif,
            what: "a run has no list of results, so the tool did not look for anything".to_owned(),
        });
    };
    let properties = get(run, "properties");
    if report.target.name.is_empty() {
        report.target.name = first(properties, &["imageName", "image"]).to_owned();
    }
    if report.target.name.is_empty() {
        report.target.name = text(get(run, "automationDetails"), "id")
            .trim_start_matches("seaworthy/")
            .to_owned();
    }
    let id = string(properties, "imageID");
    report.digests.extend((!id.is_empty()).then_some(id));
    let rules = rules(driver);
    let all = list(driver, "rules");
    let before = entries(report);
    for result in results {
        if !list(result, "suppressions").is_empty()
            || matches!(
                text(result, "kind"),
                "pass" | "notApplicable" | "informational"
            )
        {
            continue;
        }
        let id = match text(result, "ruleId") {
            "" => text(get(result, "rule"), "id"),
            id => id,
        };
        let by_index = get(result, "ruleIndex")
            .as_u64()
            .and_then(|i| all.get(usize::try_from(i).ok()?));
        let rule = by_index
            .or_else(|| rules.get(id).copied())
            .unwrap_or(&Value::Null);
        let id = if id.is_empty() { text(rule, "id") } else { id };
        self::result(report, &tool, result, rule, id);
    }
    // Our own log names what was looked for.
    let asked = strings(properties, "scanners");
    let asked: Vec<ScanKind> = (asked.iter())
        .filter_map(|word| ScanKind::of_scanner_word(word))
        .collect();
    if asked.is_empty() && entries(report) == before {
        report.kinds.insert(purpose(&tool));
    }
    report.kinds.extend(asked);
    Ok(())
}

/// How much a report holds already.
fn entries(report: &ScannerReport) -> usize {
    report.vulnerabilities.len()
        + report.secrets.len()
        + report.misconfigurations.len()
        + report.licenses.len()
}

fn rules(driver: &Value) -> BTreeMap<&str, &Value> {
    list(driver, "rules")
        .iter()
        .map(|r| (text(r, "id"), r))
        .collect()
}

fn result(report: &mut ScannerReport, tool: &ScannerName, result: &Value, rule: &Value, id: &str) {
    let properties = get(rule, "properties");
    let tags: Vec<String> = strings(properties, "tags")
        .into_iter()
        .map(|t| t.to_lowercase())
        .collect();
    let tagged = |word: &str| tags.iter().any(|t| t == word);
    let severity = severity(result, rule, &tags);
    let location = location(result);
    let message = text(get(result, "message"), "text");
    // Grype writes `CVE-2023-1234-zlib1g` as rule.
    let vulnerability = vulnerability_id(id).or_else(|| {
        let told = strings(properties, "cves");
        told.first().cloned()
    });
    if let Some(found) = vulnerability.filter(|_| !tagged("secret") && !tagged("license")) {
        report.kinds.insert(ScanKind::Vulnerability);
        let found = self::vulnerability(&found, id, result, rule, severity, &location, message);
        report.vulnerabilities.push(found);
    } else if tagged("secret") || tagged("secrets") || is_secret_scanner(tool) {
        report.kinds.insert(ScanKind::Secret);
        report.secrets.push(Secret {
            rule: id.to_owned(),
            title: title(rule, id),
            // A scanner that does not rate secrets does not mean that they are harmless.
            severity: if severity == Severity::Unknown {
                Severity::High
            } else {
                severity
            },
            location,
            masked: string(get(result, "properties"), "masked"),
            fingerprint: String::new(),
            deleted_later: get(get(result, "properties"), "deletedLater")
                .as_bool()
                .unwrap_or_default(),
        });
    } else if tagged("license") || tagged("licence") {
        report.kinds.insert(ScanKind::License);
        report.licenses.push(super::License {
            license: id.trim_start_matches("licence ").to_owned(),
            class: seaworthy_model::LicenseClass::Unknown,
            severity,
            package: String::new(),
            location,
            confidence: 100,
        });
    } else {
        report.kinds.insert(ScanKind::Config);
        report.misconfigurations.push(Misconfiguration {
            rule: id.to_owned(),
            references: Vec::new(),
            kind: string(get(result, "properties"), "kind"),
            title: title(rule, id),
            severity,
            location,
            object: String::new(),
            message: message.chars().take(2000).collect(),
            fix: text(get(rule, "help"), "text").chars().take(2000).collect(),
            url: string(rule, "helpUri"),
        });
    }
}

fn title(rule: &Value, id: &str) -> String {
    let title = text(get(rule, "shortDescription"), "text");
    let title = if title.is_empty() {
        first(rule, &["name"])
    } else {
        title
    };
    let title: String = if title.is_empty() { id } else { title }
        .chars()
        .take(200)
        .collect();
    // Trivy's template writes texts as HTML.
    title
        .replace("&#39;", "'")
        .replace("&#34;", "\"")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Tools that look for nothing but secrets, and do not say so in tags.
fn is_secret_scanner(scanner: &ScannerName) -> bool {
    ["gitleaks", "trufflehog", "detect-secrets", "ggshield"].contains(&scanner.as_str())
}

/// The id at the start of a rule id: letters, digits and hyphens of its own form.
fn vulnerability_id(id: &str) -> Option<String> {
    if let Some(rest) = id.strip_prefix("CVE-") {
        let digits: Vec<&str> = rest.split('-').take(2).collect();
        let [year, number] = digits.as_slice() else {
            return None;
        };
        let is_number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        return (is_number(year) && is_number(number)).then(|| format!("CVE-{year}-{number}"));
    }
    if let Some(rest) = id.strip_prefix("GHSA-") {
        let parts: Vec<&str> = rest.split('-').take(3).collect();
        return (parts.len() == 3).then(|| format!("GHSA-{}", parts.join("-")));
    }
    fields::is_vulnerability_id(id).then(|| id.to_owned())
}

/// A severity in words first, then the score that GitHub's readers use, then the level.
fn severity(result: &Value, rule: &Value, tags: &[String]) -> Severity {
    let own = text(get(result, "properties"), "severity");
    let word = text(get(rule, "properties"), "cvssV3_severity");
    let tag = tags.iter().map(String::as_str).find(|t| {
        matches!(
            *t,
            "critical" | "high" | "medium" | "low" | "negligible" | "unknown"
        )
    });
    [own, word, tag.unwrap_or_default()]
        .into_iter()
        .filter(|w| !w.is_empty())
        .map(fields::severity)
        .find(|s| *s != Severity::Unknown)
        .or_else(|| {
            fields::score(get(get(rule, "properties"), "security-severity"))
                .map(Severity::from_score)
        })
        .unwrap_or_else(|| {
            let level = match text(result, "level") {
                "" => text(get(rule, "defaultConfiguration"), "level"),
                level => level,
            };
            fields::severity(level)
        })
}

fn location(result: &Value) -> Location {
    let physical = list(result, "locations")
        .first()
        .map_or(&Value::Null, |l| get(l, "physicalLocation"));
    let region = get(physical, "region");
    let start = line(region, "startLine");
    Location {
        path: decoded(text(get(physical, "artifactLocation"), "uri"))
            .trim_start_matches("file://")
            .trim_start_matches('/')
            .to_owned(),
        start_line: start,
        start_column: line(region, "startColumn"),
        end_line: line(region, "endLine").max(start),
        end_column: line(region, "endColumn"),
        layer: None,
    }
}

/// Percent-decoded, as far as it is valid.
fn decoded(uri: &str) -> String {
    let bytes = uri.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = bytes
            .get(at + 1..at + 3)
            .and_then(|h| std::str::from_utf8(h).ok())
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        match (byte, hex) {
            (b'%', Some(value)) => {
                out.push(value);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn vulnerability(
    id: &str,
    rule_id: &str,
    result: &Value,
    rule: &Value,
    severity: Severity,
    location: &Location,
    message: &str,
) -> Vulnerability {
    let properties = get(rule, "properties");
    let own = get(result, "properties");
    let package = subject(result, rule, id, rule_id, location, message);
    let mut fixed = text(own, "fixedVersion").to_owned();
    if fixed.is_empty() {
        fixed = text(properties, "fixed_version").to_owned();
    }
    if fixed.is_empty() {
        fixed = labelled(message, "Fixed Version:")
            .or_else(|| labelled(message, "Fixed version"))
            .unwrap_or_default()
            .to_owned();
    }
    let fixed = Some(fixed)
        .filter(|f| f.starts_with(|c: char| c.is_ascii_alphanumeric()) && f != "not fixed");
    let mut found = Vulnerability::new(id, package);
    let state = text(own, "state");
    found.state = match (&fixed, state) {
        (_, state) if !state.is_empty() => fields::state(state),
        (Some(_), _) => State::Fixed,
        (None, _) => State::Unknown,
    };
    found.fixed_version = fixed;
    found.published =
        fields::date(own, "published").or_else(|| fields::date(properties, "published"));
    found.severity = severity;
    found.ratings = fields::rating(
        "sarif",
        Some(severity),
        first(properties, &["cvssV3_vector", "cvssV3"]),
        fields::score(get(properties, "security-severity")),
    )
    .into_iter()
    .collect::<Vec<Rating>>();
    if rule_id != id && fields::is_vulnerability_id(rule_id) && !rule_id.starts_with(id) {
        found.aliases.push(rule_id.to_owned());
    }
    found.title = title(rule, id);
    found
}

/// The package, from wherever the tool says it.
fn subject(
    result: &Value,
    rule: &Value,
    id: &str,
    rule_id: &str,
    location: &Location,
    message: &str,
) -> Package {
    let own = get(result, "properties");
    let path = location.path.as_str();
    let logical = list(result, "locations")
        .iter()
        .flat_map(|l| list(l, "logicalLocations"))
        .map(|l| text(l, "fullyQualifiedName"));
    let purls = strings(get(rule, "properties"), "purls");
    let purl = [text(own, "purl")]
        .into_iter()
        .chain(logical.clone())
        .find(|p| p.starts_with("pkg:"))
        .map(str::to_owned)
        // A rule of Docker Scout may list several packages; the message says which one it is.
        .or_else(|| purls.iter().find(|p| message.contains(p.as_str())).cloned())
        .or_else(|| purls.into_iter().next());
    if let Some(purl) = purl {
        return package(&purl, None, "", text(own, "installedVersion"), path);
    }
    // Trivy: `Package: zlib1g\nInstalled Version: 1.2`.
    if let Some(name) = labelled(message, "Package:") {
        let version = labelled(message, "Installed Version:").unwrap_or_default();
        return package("", None, name, version, path);
    }
    // Grype: `… reports zlib1g at version 1.2 which is a vulnerable (deb) package …`.
    if let Some((_, rest)) = message.split_once(" reports ")
        && let Some((name, rest)) = rest.split_once(" at version ")
    {
        let version = rest.split_whitespace().next().unwrap_or_default();
        let kind = rest
            .split_once("vulnerable (")
            .and_then(|(_, k)| k.split(')').next())
            .and_then(packages::kind);
        return package("", kind, name, version, path);
    }
    // Grype's rule ids end with the package, Snyk's name `name@version`.
    let tail = rule_id.strip_prefix(id).and_then(|t| t.strip_prefix('-'));
    let named = logical.into_iter().find_map(|name| {
        name.rsplit_once('@')
            .map(|(n, v)| (n.to_owned(), v.to_owned()))
    });
    match (named, tail) {
        (Some((name, version)), _) => package("", None, &name, &version, path),
        (None, Some(name)) => package("", None, name, "", path),
        (None, None) => package("", None, "", "", path),
    }
}

/// What follows a label on its line: `Fixed Version: 1.3`.
fn labelled<'a>(message: &'a str, label: &str) -> Option<&'a str> {
    message.lines().find_map(|line| {
        let rest = line.trim().strip_prefix(label)?;
        let value = rest.trim_start_matches([' ', ':', '\t']).trim();
        (!value.is_empty()).then_some(value)
    })
}
