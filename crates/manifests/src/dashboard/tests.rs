use std::collections::BTreeSet;

use super::*;
use crate::testing::{documented_metrics, metrics_in, promtool};

fn document(options: &DashboardOptions) -> Value {
    serde_json::from_str(&dashboard(options).unwrap()).unwrap()
}

fn expressions(document: &Value) -> Vec<String> {
    document["panels"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|panel| panel["targets"].as_array())
        .flatten()
        .map(|target| target["expr"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_metric_has_its_panel() {
    let document = document(&DashboardOptions::default());
    let shown = metrics_in(&expressions(&document).join("\n"));
    assert_eq!(shown, documented_metrics());
}

#[test]
fn every_query_is_promql() {
    let options = DashboardOptions {
        selectors: vec!["team=a\"b\\".parse().unwrap()],
        ..DashboardOptions::default()
    };
    // promtool parses expressions only as part of rules; the variables are patterns to it.
    let mut rules = String::from("groups:\n- name: dashboard\n  rules:\n");
    for (at, expression) in expressions(&document(&options)).iter().enumerate() {
        let expression = serde_json::to_string(expression).unwrap();
        rules.push_str(&format!("  - record: panel:{at}\n    expr: {expression}\n"));
    }
    promtool("check", &[("rules.yml", &rules)]);
}

#[test]
fn panels_have_ids_and_places_of_their_own() {
    let document = document(&DashboardOptions::default());
    let panels = document["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()));
        let place = &panel["gridPos"];
        let at = |name: &str| place[name].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{panel}");
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(taken.insert((x, y)), "{panel} overlaps");
            }
        }
        let kind = panel["type"].as_str().unwrap();
        assert!(["row", "stat", "timeseries", "table"].contains(&kind));
        if kind != "row" {
            assert_eq!(panel["datasource"]["uid"], "${datasource}");
            assert!(!panel["targets"].as_array().unwrap().is_empty());
            assert!(!panel["description"].as_str().unwrap().is_empty());
        }
    }
    assert!(document["id"].is_null());
    assert_eq!(document["schemaVersion"], SCHEMA_VERSION);
}

#[test]
fn its_reader_chooses_source_project_environment_and_image() {
    let document = document(&DashboardOptions::default());
    let names: Vec<_> = document["templating"]["list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["datasource", "project", "environment", "image"]);
    for expression in expressions(&document) {
        for name in &names[1..] {
            assert!(expression.contains(&format!("{name}=~\"${name}\"")));
        }
    }
}

#[test]
fn the_dashboard_as_a_whole() {
    let text = dashboard(&DashboardOptions::default()).unwrap();
    insta::assert_snapshot!(text);
    assert_eq!(text, dashboard(&DashboardOptions::default()).unwrap());
}

#[test]
fn impossible_options_are_named() {
    for (uid, title, score, expected) in [
        ("", "t", 70, "identity of the dashboard is empty"),
        ("a b", "t", 70, "`a b`"),
        ("u", " ", 70, "title of the dashboard is empty"),
        ("u", "t", 0, "lowest accepted score of 0"),
    ] {
        let options = DashboardOptions {
            uid: uid.to_owned(),
            title: title.to_owned(),
            score_below: score,
            selectors: Vec::new(),
        };
        let error = dashboard(&options).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
