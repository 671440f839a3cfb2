//! Arch Linux's security tracker: the list of its vulnerability groups (`all.json`).

use serde::Deserialize;
use serde_json::Value;

use crate::ids;
use crate::sink::Sink;
use seaworthy_model::{Severity, State};
use seaworthy_vulndb::{Advisory, End, Interval};

#[derive(Deserialize)]
struct Group {
    name: String,
    #[serde(default)]
    packages: Vec<String>,
    #[serde(default)]
    status: String,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    fixed: Option<String>,
    #[serde(default)]
    issues: Vec<String>,
}

/// Reads the list; a record is a group.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let document: Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let groups = match document {
        Value::Array(groups) => groups,
        one @ Value::Object(_) => vec![one],
        _ => return Err("no list of groups".to_owned()),
    };
    for value in groups {
        sink.record();
        match Group::deserialize(value) {
            Ok(group) if ids::is_id(&group.name) => emit(&group, sink),
            Ok(group) => sink.broke(format!("`{}` is no group", group.name)),
            Err(error) => sink.broke(error.to_string()),
        }
    }
    Ok(())
}

fn emit(group: &Group, sink: &mut dyn Sink) {
    let fixed = group.fixed.as_deref().filter(|version| !version.is_empty());
    let state = match (group.status.as_str(), fixed) {
        ("Not affected", _) => State::NotAffected,
        // In testing: fixed, but not released.
        ("Testing", _) => State::Affected,
        (_, Some(_)) => State::Fixed,
        ("Unknown", None) => State::UnderInvestigation,
        (_, None) => State::Affected,
    };
    let severity = match group.severity.as_str() {
        "Unknown" | "" => None,
        word => word.parse::<Severity>().ok(),
    };
    let mut rows = 0;
    for package in &group.packages {
        for issue in group.issues.iter().filter(|id| ids::is_id(id)) {
            rows += 1;
            sink.advisory(
                "arch",
                Advisory {
                    package: package.clone(),
                    id: issue.clone(),
                    advisory: Some(group.name.clone()),
                    source: "arch-tracker".to_owned(),
                    state,
                    severity,
                    intervals: fixed
                        .filter(|_| state == State::Fixed)
                        .map(|version| Interval {
                            introduced: String::new(),
                            end: End::Fixed(version.to_owned()),
                        })
                        .into_iter()
                        .collect(),
                    ..Advisory::default()
                },
            );
        }
    }
    if rows == 0 {
        sink.skipped();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn groups_give_a_row_for_each_package_and_issue() {
        let group = |name: &str, status: &str, fixed: &str| {
            format!(
                r#"{{"name":"{name}","packages":["libtiff","lib32-libtiff"],"status":"{status}","severity":"Critical","affected":"4.0.8-1","fixed":{fixed},"issues":["CVE-2016-10095"]}}"#
            )
        };
        for (status, fixed, expected) in [
            ("Fixed", "\"4.0.8-2\"", "fixed !critical [,4.0.8-2)"),
            ("Vulnerable", "null", "affected !critical"),
            ("Testing", "\"4.0.8-2\"", "affected !critical"),
            ("Not affected", "null", "not_affected !critical"),
            ("Unknown", "null", "under_investigation !critical"),
        ] {
            let json = format!("[{}]", group("AVG-5", status, fixed));
            let expected = ["lib32-libtiff", "libtiff"]
                .map(|package| format!("arch {package} CVE-2016-10095 @AVG-5 {expected}"));
            assert_eq!(
                Recorder::of(|recorder| read(json.as_bytes(), recorder)),
                expected,
                "{status}"
            );
        }
        let json = format!("[{},5]", group("nothing", "Fixed", "null"));
        assert_eq!(
            Recorder::of(|recorder| read(json.as_bytes(), recorder)).len(),
            2
        );
        assert!(read(b"7", &mut Recorder::default()).is_err());
    }
}
