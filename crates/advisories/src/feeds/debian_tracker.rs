//! Debian's security tracker as JSON: source package, then CVE, then what each release says.

use std::collections::BTreeMap;

use seaworthy_model::{Severity, State};
use seaworthy_vulndb::{Advisory, End, Interval};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::debian;
use crate::sink::Sink;

const SOURCE: &str = "debian-tracker";

#[derive(Deserialize)]
struct Issue {
    #[serde(default)]
    releases: BTreeMap<String, Release>,
}

#[derive(Deserialize)]
struct Release {
    status: String,
    #[serde(default)]
    fixed_version: Option<String>,
    #[serde(default)]
    urgency: Option<String>,
    #[serde(default)]
    nodsa: Option<String>,
    #[serde(default)]
    nodsa_reason: Option<String>,
}

/// Reads the tracker; a record is one CVE of one package.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    deserializer
        .deserialize_map(Packages { sink })
        .map_err(|e| e.to_string())
}

/// Visits one package after the other, so that the 70 MB file never stands in memory as values.
struct Packages<'a> {
    sink: &'a mut dyn Sink,
}

impl<'de> Visitor<'de> for Packages<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object of packages")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(package) = map.next_key::<String>()? {
            let issues: BTreeMap<String, Value> = map.next_value()?;
            for (id, value) in issues {
                self.sink.record();
                match Issue::deserialize(value) {
                    Ok(issue) => emit(&package, &id, &issue, self.sink),
                    Err(error) => self.sink.broke(format!("{package} {id}: {error}")),
                }
            }
        }
        Ok(())
    }
}

fn emit(package: &str, id: &str, issue: &Issue, sink: &mut dyn Sink) {
    for (codename, release) in &issue.releases {
        let Some(shard) = debian::shard_of_codename(codename) else {
            sink.skipped();
            continue;
        };
        let fixed = release.fixed_version.as_deref().unwrap_or_default();
        let state = state(release);
        sink.advisory(
            &shard,
            Advisory {
                package: package.to_owned(),
                id: id.to_owned(),
                source: SOURCE.to_owned(),
                state,
                severity: release.urgency.as_deref().and_then(urgency),
                intervals: if state == State::Fixed {
                    vec![Interval {
                        introduced: String::new(),
                        end: End::Fixed(fixed.to_owned()),
                    }]
                } else {
                    Vec::new()
                },
                ..Advisory::default()
            },
        );
    }
}

fn state(release: &Release) -> State {
    let fixed = release.fixed_version.as_deref().unwrap_or_default();
    if release.status == "undetermined" {
        return State::UnderInvestigation;
    }
    if release.status == "resolved" {
        return match fixed {
            "0" => State::NotAffected,
            // Resolved without a version: removed from the archive before any fix.
            "" => State::Unknown,
            _ => State::Fixed,
        };
    }
    if release.urgency.as_deref() == Some("end-of-life") {
        return State::EndOfLife;
    }
    let reason = release.nodsa_reason.as_deref().unwrap_or_default();
    match (release.nodsa.is_some(), reason) {
        (_, "ignored") => State::WillNotFix,
        (_, "postponed") => State::FixDeferred,
        _ => State::Affected,
    }
}

/// The tracker's urgency, some with asterisks for "set by hand".
fn urgency(word: &str) -> Option<Severity> {
    match word.trim_end_matches('*') {
        "unimportant" => Some(Severity::Negligible),
        "low" => Some(Severity::Low),
        "medium" => Some(Severity::Medium),
        "high" => Some(Severity::High),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    const TRACKER: &str = r#"{
      "zlib": {
        "CVE-2022-37434": {"description": "x", "scope": "local", "releases": {
            "bullseye": {"status": "resolved", "repositories": {"bullseye": "1:1.2.11"}, "fixed_version": "1:1.2.11.dfsg-2+deb11u2", "urgency": "not yet assigned"},
            "bookworm": {"status": "resolved", "fixed_version": "0", "urgency": "unimportant"},
            "sid": {"status": "open", "repositories": {}, "urgency": "high**"},
            "atlantis": {"status": "open"}}},
        "CVE-2023-45853": {"releases": {
            "buster": {"status": "open", "urgency": "end-of-life"},
            "bullseye": {"status": "open", "urgency": "low", "nodsa": "contrib not shipped", "nodsa_reason": "ignored"},
            "bookworm": {"status": "open", "urgency": "medium", "nodsa": "Minor issue", "nodsa_reason": "postponed"},
            "trixie": {"status": "open", "urgency": "unimportant", "nodsa": "Minor issue", "nodsa_reason": ""},
            "sid": {"status": "undetermined", "urgency": "not yet assigned"}}},
        "CVE-2023-9999": {"releases": {"sid": 5}}
      },
      "curl": {"TEMP-0000000-ABCDEF": {"releases": {"bookworm": {"status": "open", "urgency": "not yet assigned"}}}}
    }"#;

    #[test]
    fn every_status_is_mapped() {
        let mut recorder = Recorder::default();
        read(TRACKER.as_bytes(), &mut recorder).unwrap();
        assert_eq!(
            recorder.lines(),
            [
                "debian:10 zlib CVE-2023-45853 end_of_life",
                "debian:11 zlib CVE-2022-37434 fixed [,1:1.2.11.dfsg-2+deb11u2)",
                "debian:11 zlib CVE-2023-45853 will_not_fix !low",
                "debian:12 curl TEMP-0000000-ABCDEF affected",
                "debian:12 zlib CVE-2022-37434 not_affected !negligible",
                "debian:12 zlib CVE-2023-45853 fix_deferred !medium",
                "debian:13 zlib CVE-2023-45853 affected !negligible",
                "debian:sid zlib CVE-2022-37434 affected !high",
                "debian:sid zlib CVE-2023-45853 under_investigation",
            ]
        );
        let broken = &recorder.broken;
        assert_eq!(
            (recorder.records, broken.len(), recorder.skipped),
            (4, 1, 1)
        );
        assert!(broken[0].starts_with("zlib CVE-2023-9999:"), "{broken:?}");
    }

    #[test]
    fn other_shapes_are_errors() {
        let mut recorder = Recorder::default();
        for text in ["", "[]", "{\"a\": 1}", "{\"a\": {"] {
            let read = read(text.as_bytes(), &mut recorder);
            assert!(read.is_err(), "{text}");
        }
    }
}
