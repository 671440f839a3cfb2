//! The JSON Schema and the loader agree; nothing panics.

use seaworthy_model::{Severity, State};

use super::{FIELD, problems};
use crate::*;

/// A policy that uses every key.
const FULL: &str = include_str!("../full.yaml");

#[test]
fn the_schema_takes_what_the_loader_takes() {
    let schema: serde_json::Value = serde_json::from_str(include_str!(
        "../../../../schemas/container-security-policy-1.schema.json"
    ))
    .unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors = |text: &str| {
        let node = crate::yaml::parse(&"p.yaml".into(), text.as_bytes()).unwrap();
        validator
            .iter_errors(&crate::cases::json(&node))
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect::<Vec<_>>()
    };
    let more = "version: '1.0'\nrules: [{id: x, when: {types: alpm, except_paths: []}}]\nwaivers: [{id: a, version: ['1', '2']}]\nattestations: {required: false}\nbase_images: {allowed: false}\n";
    for text in [FIELD, INIT_POLICY, FULL, more] {
        assert_eq!(errors(text), Vec::<String>::new());
        assert_eq!(problems(text), Vec::<String>::new());
    }
    for text in [
        "policies: {}",
        "version: '2'",
        "version: '1.0'\npolicy: {}",
        "version: '1.0'\nvulnerabilities: {max_criticl: 0}",
        "version: '1.0'\nvulnerabilities: {max_high: -1}",
        "version: '1.0'\nvulnerabilities: {max_high: {value: 1, action: block}}",
        "version: '1.0'\nrules: [{when: {}}]",
        "version: '1.0'\nwaivers: [{reason: x}]",
        "version: '1.0'\ninclude: [{url: 'https://x'}]",
        "version: '1.0'\nrules: [{id: x, when: {ids: []}}]",
        "version: '1.0'\nrules: [{id: x, when: {since: exploited}}]",
        "version: '1.0'\nrules: [{id: x, on: image, max: 1, expression: counts.total > 1}]",
        "version: '1.0'\nvulnerabilities: {sla: {since: first_seen}}",
        "version: '1.0'\nwaivers: [{id: []}]",
    ] {
        assert_ne!(errors(text), Vec::<String>::new(), "{text}");
        assert_ne!(problems(text), Vec::<String>::new(), "{text}");
    }
}

/// Each key that the schema has is in the full example, so that the loader is known to take it.
#[test]
fn the_full_example_uses_every_key_of_the_schema() {
    let schema: serde_json::Value = serde_json::from_str(include_str!(
        "../../../../schemas/container-security-policy-1.schema.json"
    ))
    .unwrap();
    let mut keys = std::collections::BTreeSet::new();
    collect_keys(&schema, &mut keys);
    let missing: Vec<_> = keys
        .iter()
        .filter(|k| {
            !FULL.contains(&format!("{k}:"))
                // Inputs that the test cannot fetch, and words that are states or severities.
                && !["url", "oci", "file", "digest", "include"].contains(&k.as_str())
                && k.parse::<State>().is_err()
                && k.parse::<Severity>().is_err()
                && !["max_medium", "max_low"].contains(&k.as_str())
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn collect_keys(node: &serde_json::Value, keys: &mut std::collections::BTreeSet<String>) {
    match node {
        serde_json::Value::Object(map) => {
            if let Some(serde_json::Value::Object(properties)) = map.get("properties") {
                keys.extend(properties.keys().cloned());
            }
            map.values().for_each(|v| collect_keys(v, keys));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|v| collect_keys(v, keys)),
        _ => {}
    }
}

proptest::proptest! {
    #[test]
    fn no_policy_panics(text in "[-a-z:{}\\[\\]'\"*. \n0-9]{0,120}") {
        let _ = Policy::load("p.yaml", text.as_bytes(), None, &NoIncludes);
        let _ = Policy::load("p.yaml", format!("version: '1.0'\nrules:\n  - {text}").as_bytes(), None, &NoIncludes);
        let _ = read_cases("c.yaml", text.as_bytes());
    }

    #[test]
    fn no_document_panics(text in "[-a-z:{}\\[\\],\"@0-9]{0,80}") {
        let _ = VexDocument::read("v.json", text.as_bytes());
        let _ = Baseline::read("b.json", text.as_bytes());
        for shape in ["{\"@context\":\"openvex\",\"statements\":", "{\"document\":{\"csaf_version\":\"2.0\"},\"vulnerabilities\":", "{\"bomFormat\":\"CycloneDX\",\"vulnerabilities\":"] {
            let _ = VexDocument::read("v.json", format!("{shape}{text}}}").as_bytes());
        }
    }
}

/// The policies that the documentation shows load.
#[test]
fn the_documented_policies_load() {
    let mut checked = 0;
    for (name, text) in [
        ("policy.md", include_str!("../../../../docs/policy.md")),
        (
            "waivers-and-vex.md",
            include_str!("../../../../docs/waivers-and-vex.md"),
        ),
    ] {
        for block in text.split("```yaml\n").skip(1) {
            let block = block.split("```").next().unwrap_or_default();
            let keys = [
                "version:",
                "rules:",
                "waivers:",
                "settings:",
                "default_environment:",
            ];
            let Some(key) = keys.iter().find(|k| block.starts_with(**k)) else {
                continue;
            };
            let policy = if *key == "version:" {
                block.to_owned()
            } else {
                format!("version: '1.0'\n{block}")
            };
            assert_eq!(problems(&policy), Vec::<String>::new(), "{name}: {block}");
            checked += 1;
        }
    }
    assert!(checked >= 5, "only {checked} policies found");
}
