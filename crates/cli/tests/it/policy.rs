//! Policies, waivers and their tests; the merge of scanners' reports; files for other systems.

use serde_json::Value;

use super::excuses::CRITICAL;
use super::field::FIELD;
use super::place::Place;

#[test]
fn a_mistake_in_a_policy_is_named_with_its_place() {
    let place = Place::with_report();
    place.put("bad.yaml", FIELD.replace("max_high", "max_hihg"));
    place
        .run("policy check web.json --policy bad.yaml", 2)
        .warns(&["bad.yaml:6:5", "did you mean `max_high`"]);
    // A report that is not there is an error, never a pass.
    place.put("field.yaml", FIELD);
    place.run("policy check none.json --policy field.yaml", 3);
}

#[test]
fn a_new_policy_passes_its_own_tests_and_waivers_excuse() {
    let place = Place::with_report();
    place.run("policy init", 0);
    place.run("policy init", 2);
    place.run("policy test", 0).shows(&[" passed, 0 failed"]);
    place.put(
        "one.yaml",
        "version: \"1.0\"\npolicies:\n  vulnerabilities:\n    max_critical: 0\n",
    );
    place.run("policy check web.json --policy one.yaml", 1);
    place.put(".trivyignore", CRITICAL.join("\n"));
    place.run(
        "policy check web.json --policy one.yaml --waivers .trivyignore",
        0,
    );
    let document = place
        .run("vex web.json --waivers .trivyignore --author team-shop", 0)
        .json();
    assert_eq!(document["@context"], "https://openvex.dev/ns/v0.2.0");
    assert_eq!(document["author"], "team-shop");
    assert!(
        document["statements"].as_array().unwrap().len() >= 40,
        "{document}"
    );
    place
        .run(
            "policy explain CVE-2023-37920 web.json --policy one.yaml",
            0,
        )
        .shows(&["vulnerabilities.max_critical (deny, allows 0, broken)"]);
}

#[test]
fn reports_of_scanners_are_merged_and_say_who_found_what() {
    let place = Place::with_report();
    place.put(
        "trivy.json",
        r#"{"SchemaVersion":2,"ArtifactName":"storefront","ArtifactType":"container_image",
        "Results":[{"Target":"Python","Class":"lang-pkgs","Type":"python-pkg","Vulnerabilities":[
        {"VulnerabilityID":"CVE-2023-50447","PkgName":"Pillow","InstalledVersion":"9.0.0",
        "FixedVersion":"10.2.0","Status":"fixed","Severity":"HIGH"}]}]}"#,
    );
    let merged = place.run("merge web.json trivy.json -o json", 0).json();
    let findings = merged["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 61);
    let both = findings
        .iter()
        .find(|f| f["id"] == "CVE-2023-50447")
        .unwrap();
    assert_eq!(both["found_by"].as_array().unwrap().len(), 2, "{both}");
    place.run("merge web.json --fail-on critical", 1);
    place.put("cut.json", "{\"SchemaVersion\":2,");
    place.run("merge web.json cut.json", 2).warns(&["cut.json"]);
}

#[test]
fn alert_rules_dashboard_and_history_are_written() {
    let place = Place::new();
    place.run("generate alerts --out r.yaml --tests t.yaml", 0);
    for alert in [
        "CriticalVulnerabilityDetected",
        "SecurityScoreLow",
        "ComplianceViolation",
    ] {
        assert!(place.text("r.yaml").contains(alert));
        assert!(place.text("t.yaml").contains(alert));
    }
    place.run(
        "generate alerts --out l.yaml --critical-older-than 11 --high-older-than 12 \
         --scan-older-than 13 --database-older-than 14 --absent-for 17",
        0,
    );
    for limit in ["950400", "1036800", "1123200", "1209600", "17m"] {
        assert!(place.text("l.yaml").contains(limit), "{limit}");
        assert!(!place.text("r.yaml").contains(limit), "{limit}");
    }
    place.run("generate dashboard --out d.json", 0);
    assert!(place.json("d.json")["panels"].is_array());
    place.run("generate alerts --selector x", 2);

    let scan = "scan {storefront} -q --history h.db -o json=r.json";
    place.run(scan, 0);
    place.run_with(&[("SOURCE_DATE_EPOCH", "1764086400")], scan, 0);
    let series = place
        .run("trend {storefront} --history h.db -o json", 0)
        .json();
    assert_eq!(
        series["points"].as_array().map(Vec::len),
        Some(2),
        "{series}"
    );
    place.run("trend {storefront} --history none.db", 2);
}

#[test]
fn dockerfiles_are_linted() {
    let place = Place::new();
    place.put(
        "Dockerfile",
        "FROM debian:latest\nRUN apt-get install curl\n# seaworthy:ignore=DL3020\nADD app /app\n",
    );
    place
        .run("dockerfile lint Dockerfile", 0)
        .shows(&["Dockerfile:1", "Dockerfile:2"]);
    let sarif: Value = place
        .run("dockerfile lint Dockerfile --fail-on low -o sarif", 1)
        .json();
    let lines: Vec<i64> = sarif["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|r| r["locations"][0]["physicalLocation"]["region"]["startLine"].as_i64())
        .collect();
    assert!(lines.contains(&1) && lines.contains(&2), "{lines:?}");
    place.put(".hadolint.yaml", "ignored: [DL3007]\n");
    let shown = place.run("dockerfile lint Dockerfile", 0).out;
    assert!(!shown.contains("latest"), "{shown}");
    place.run("dockerfile lint none", 2);
}
