//! RetireJS's repository of JavaScript libraries (`jsrepository*.json`, `npmrepository.json`).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::ids;
use crate::order::Order;
use crate::sink::Sink;
use seaworthy_model::State;
use seaworthy_vulndb::{Advisory, End, Interval};

#[derive(Deserialize)]
struct Library {
    #[serde(default)]
    npmname: Option<String>,
    #[serde(default)]
    vulnerabilities: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vulnerability {
    #[serde(default)]
    at_or_above: Option<String>,
    #[serde(default)]
    below: Option<String>,
    #[serde(default)]
    severity: Option<String>,
    #[serde(default)]
    identifiers: BTreeMap<String, Value>,
}

/// Reads one repository; a record is a vulnerability. A library of the repository for the web has
/// its npm name beside it, or none, and then no package manager installs it.
pub(crate) fn read(name: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let libraries: BTreeMap<String, Value> =
        serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let of_npm = name.rsplit('/').next().unwrap_or(name).starts_with("npm");
    for (key, value) in libraries {
        if matches!(key.as_str(), "retire-example" | "dont check" | "backdoor") {
            continue;
        }
        let library = match Library::deserialize(value) {
            Ok(library) => library,
            Err(error) => {
                sink.record();
                sink.broke(format!("{key}: {error}"));
                continue;
            }
        };
        let package = library.npmname.or_else(|| of_npm.then(|| key.clone()));
        for value in library.vulnerabilities {
            sink.record();
            match (Vulnerability::deserialize(value), &package) {
                (Ok(vulnerability), Some(package)) => emit(package, &vulnerability, sink),
                (Ok(_), None) => sink.skipped(),
                (Err(error), _) => sink.broke(format!("{key}: {error}")),
            }
        }
    }
    Ok(())
}

fn emit(package: &str, vulnerability: &Vulnerability, sink: &mut dyn Sink) {
    let mut all: Vec<String> = Vec::new();
    for (key, value) in &vulnerability.identifiers {
        let texts: Vec<&str> = match value {
            Value::String(text) => vec![text],
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if matches!(key.as_str(), "CVE" | "githubID") {
            all.extend(
                texts
                    .into_iter()
                    .filter(|id| ids::is_id(id))
                    .map(str::to_owned),
            );
        }
    }
    let cves: Vec<String> = all.iter().filter(|id| ids::is_cve(id)).cloned().collect();
    let others: Vec<String> = all.into_iter().filter(|id| !ids::is_cve(id)).collect();
    // What only a bug's number names has no id that others know.
    let primaries = if cves.is_empty() {
        others.clone()
    } else {
        cves
    };
    let (from, below) = (
        vulnerability.at_or_above.as_deref(),
        vulnerability.below.as_deref(),
    );
    if primaries.is_empty() || from.is_none() && below.is_none() {
        sink.skipped();
        return;
    }
    let order = Order::of_shard("npm");
    let interval = Interval {
        introduced: from.unwrap_or_default().to_owned(),
        end: below.map_or(End::Open, |below| End::Fixed(below.to_owned())),
    };
    // `0` is RetireJS's beginning.
    let introduced = if order.compare(&interval.introduced, "0.0.0").is_le() {
        String::new()
    } else {
        interval.introduced
    };
    let alone = primaries.len() == 1;
    for primary in &primaries {
        sink.advisory(
            "npm",
            Advisory {
                package: package.to_owned(),
                id: primary.clone(),
                aliases: others
                    .iter()
                    .filter(|id| alone && *id != primary)
                    .cloned()
                    .collect(),
                source: "retirejs".to_owned(),
                state: if below.is_some() {
                    State::Fixed
                } else {
                    State::Affected
                },
                severity: vulnerability
                    .severity
                    .as_deref()
                    .and_then(|word| word.parse().ok()),
                intervals: vec![Interval {
                    introduced: introduced.clone(),
                    end: interval.end.clone(),
                }],
                ..Advisory::default()
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    const JSON: &str = r#"{"retire-example":{"vulnerabilities":[{"below":"1","identifiers":{"CVE":["CVE-2000-0001"]}}]},
        "jquery":{"npmname":"jquery","vulnerabilities":[
            {"below":"1.6.3","severity":"medium","identifiers":{"summary":"x","CVE":["CVE-2011-4969"],"githubID":"GHSA-579v-mp3v-rrw5"}},
            {"atOrAbove":"1.4.0","below":"1.12.0","severity":"medium","identifiers":{"CVE":["CVE-2015-9251","CVE-2017-16011"]}},
            {"below":"1.9.0b1","identifiers":{"bug":"11290"}}, {"below":3}]},
        "ember":{"vulnerabilities":[{"atOrAbove":"1.8.0","severity":"high","identifiers":{"CVE":["CVE-2014-0046"]}}]}}"#;

    #[test]
    fn libraries_go_by_their_npm_names() {
        assert_eq!(
            Recorder::of(|recorder| read("npm/jsrepository-v6.json", JSON.as_bytes(), recorder))
                [..3],
            [
                "npm jquery CVE-2011-4969 =GHSA-579v-mp3v-rrw5 fixed !medium [,1.6.3)",
                "npm jquery CVE-2015-9251 fixed !medium [1.4.0,1.12.0)",
                "npm jquery CVE-2017-16011 fixed !medium [1.4.0,1.12.0)",
            ]
        );
        let of_npm =
            Recorder::of(|recorder| read("npm/npmrepository.json", JSON.as_bytes(), recorder));
        assert_eq!(of_npm[0], "npm ember CVE-2014-0046 affected !high [1.8.0,)");
        assert!(read("x", b"[]", &mut Recorder::default()).is_err());
    }
}
