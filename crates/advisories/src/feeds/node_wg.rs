//! The Node.js security working group's vulnerabilities: `vuln/npm/N.json` about packages,
//! `vuln/core/N.json` about Node.js itself.

use serde::Deserialize;
use serde_json::Value;

use super::spans::{self, Bare, Span};
use crate::ids;
use crate::order::Order;
use crate::sink::{Sink, affected_in, publish, state_of};
use crate::vector::Vector;
use seaworthy_vulndb::{Advisory, End, Interval};

#[derive(Deserialize)]
struct Package {
    id: Value,
    module_name: String,
    #[serde(default)]
    publish_date: Option<String>,
    #[serde(default)]
    updated_at: Option<String>,
    #[serde(default)]
    cves: Vec<String>,
    #[serde(default)]
    vulnerable_versions: Option<String>,
    #[serde(default)]
    patched_versions: Option<String>,
    #[serde(default)]
    cvss_vector: Option<String>,
}

#[derive(Deserialize)]
struct Core {
    #[serde(default)]
    cve: Vec<String>,
    #[serde(default)]
    vulnerable: String,
    #[serde(default)]
    patched: Option<String>,
    #[serde(default)]
    severity: Option<String>,
}

/// Reads one vulnerability.
pub(crate) fn read(name: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    if name.contains("/core/") {
        core(bytes, sink)
    } else {
        package(bytes, sink)
    }
}

fn package(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let record: Package = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    sink.date(record.updated_at.as_deref().unwrap_or_default());
    let vulnerable = record
        .vulnerable_versions
        .as_deref()
        .unwrap_or_default()
        .trim();
    let intervals = if vulnerable.is_empty() {
        let patched = record.patched_versions.as_deref().unwrap_or_default();
        spans::rest_of(parsed(patched)?, Order::of_shard("npm"))
    } else {
        spans::affected(parsed(vulnerable)?, Order::of_shard("npm"))
    };
    let number = match &record.id {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return Err("no `id`".to_owned()),
    };
    let own = format!("NSWG-ECO-{number}");
    let identity = ids::identify(
        &own,
        record
            .cves
            .iter()
            .map(String::as_str)
            .filter(|id| ids::is_cve(id)),
    );
    let day = record.publish_date.as_deref().unwrap_or_default();
    publish(sink, &own, record.cves.iter().map(String::as_str), day);
    let vector = record.cvss_vector.as_deref().and_then(Vector::parse);
    sink.advisory(
        "npm",
        Advisory {
            severity: vector.as_ref().map(|vector| vector.severity),
            vector: vector.map(|vector| vector.text),
            ..affected_in(
                &record.module_name,
                &identity,
                "nodejs-security-wg",
                intervals,
            )
        },
    );
    Ok(())
}

fn parsed(constraint: &str) -> Result<Vec<Span>, String> {
    if constraint.is_empty() {
        return Ok(Vec::new());
    }
    spans::parse(constraint, Bare::Exactly).ok_or_else(|| format!("`{constraint}` is no range"))
}

fn core(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let record: Core = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let order = Order::of_shard("generic");
    let vulnerable = parsed(record.vulnerable.trim())?;
    let patched = parsed(record.patched.as_deref().unwrap_or_default().trim())?;
    let cves: Vec<&String> = record.cve.iter().filter(|id| ids::is_cve(id)).collect();
    if cves.is_empty() || vulnerable.is_empty() {
        sink.skipped();
        return Ok(());
    }
    let intervals = spans::affected(vulnerable, order)
        .into_iter()
        .map(|line| patched_line(line, &patched, order))
        .collect::<Vec<_>>();
    for cve in cves {
        sink.advisory(
            "generic",
            Advisory {
                package: "node".to_owned(),
                id: cve.clone(),
                source: "nodejs-core".to_owned(),
                state: state_of(&intervals),
                severity: record
                    .severity
                    .as_deref()
                    .and_then(|word| word.parse().ok()),
                intervals: intervals.clone(),
                ..Advisory::default()
            },
        );
    }
    Ok(())
}

/// A vulnerable line of releases (`18.x`) ends with the first patched release in it.
fn patched_line(line: Interval, patched: &[Span], order: Order) -> Interval {
    let first = patched
        .iter()
        .filter_map(|span| span.from.as_ref().map(|(version, _)| version))
        .filter(|version| order.contains(&line, version))
        .min_by(|a, b| order.compare(a, b));
    match first {
        Some(version) => Interval {
            introduced: line.introduced,
            end: End::Fixed(version.clone()),
        },
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn packages_and_core() {
        for (name, json, expected) in [
            (
                "vuln/npm/65.json",
                r#"{"id":65,"module_name":"hapi","updated_at":"2016-04-25","cves":[],"vulnerable_versions":"<11.1.4","patched_versions":">=11.1.4","cvss_vector":"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:L/A:N","cvss_score":5.3}"#,
                "npm hapi NSWG-ECO-65 fixed !medium [,11.1.4)",
            ),
            (
                "vuln/npm/7.json",
                r#"{"id":7,"module_name":"x","cves":["CVE-2017-0001"],"vulnerable_versions":"","patched_versions":">=2.0.0","cvss_score":null}"#,
                "npm x CVE-2017-0001 =NSWG-ECO-7 @NSWG-ECO-7 fixed [,2.0.0)",
            ),
            (
                "vuln/core/127.json",
                r#"{"cve":["CVE-2023-39331"],"vulnerable":"18.x || 20.x || 4.x","patched":"^18.18.2 || ^20.8.1","severity":"high"}"#,
                "generic node CVE-2023-39331 fixed !high [4.0.0,5.0.0) [18.0.0,18.18.2) [20.0.0,20.8.1)",
            ),
        ] {
            assert_eq!(
                Recorder::of(|recorder| read(name, json.as_bytes(), recorder)),
                [expected]
            );
        }
        let mut recorder = Recorder::default();
        read(
            "vuln/core/1.json",
            br#"{"cve":[],"vulnerable":"4.x"}"#,
            &mut recorder,
        )
        .unwrap();
        assert_eq!(recorder.skipped, 1);
        for (name, bad) in [
            ("vuln/npm/1.json", "{}"),
            (
                "vuln/npm/1.json",
                r#"{"id":1,"module_name":"x","vulnerable_versions":"soon"}"#,
            ),
            ("vuln/core/1.json", "7"),
        ] {
            assert!(read(name, bad.as_bytes(), &mut recorder).is_err(), "{bad}");
        }
    }
}
