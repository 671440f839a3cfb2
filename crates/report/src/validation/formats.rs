//! The rules that matter in the other formats.

use seaworthy_model::Severity;

use super::*;

#[test]
fn sarif_has_regions_of_secrets_and_misconfigurations() {
    let log = value(Format::Sarif, &sample::report());
    let results = log["runs"][0]["results"].as_array().unwrap();
    let of = |rule: &str| results.iter().find(|r| r["ruleId"] == rule).unwrap();
    assert_eq!(
        of("aws-access-key-id")["locations"][0]["physicalLocation"]["region"],
        serde_json::json!({"startLine": 3, "startColumn": 7, "endColumn": 27})
    );
    assert_eq!(
        of("SW-KU-0004")["locations"][0]["physicalLocation"]["region"],
        serde_json::json!({"startLine": 12, "startColumn": 9, "endLine": 14})
    );
    assert_eq!(of("licence GPL-3.0-only")["level"], "error");
    // Most licences ask for nothing that a code review has to know.
    assert!(results.iter().all(|r| r["ruleId"] != "licence MIT"));
}

#[test]
fn trivy_scripts_find_secrets_misconfigurations_and_licences() {
    let document = value(Format::Trivy, &sample::report());
    let results = document["Results"].as_array().unwrap();
    let of = |class: &str| results.iter().find(|r| r["Class"] == class).unwrap();
    assert_eq!(of("secret")["Target"], "app/.env");
    assert_eq!(of("secret")["Secrets"][0]["RuleID"], "aws-access-key-id");
    assert_eq!(of("config")["Misconfigurations"][0]["Status"], "FAIL");
    assert_eq!(of("config")["MisconfSummary"]["Failures"], 1);
    assert_eq!(of("license")["Target"], "OS Packages");
    assert_eq!(of("license")["Licenses"][0]["Category"], "restricted");
    assert_eq!(of("license-file")["Licenses"][0]["Confidence"], 0.93);
}

#[test]
fn sarif_rules_that_matter() {
    let report = sample::report();
    let log = value(Format::Sarif, &report);
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 12);
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            .as_str()
            .unwrap();
        assert!(!uri.is_empty() && !uri.starts_with('/'), "{uri}");
        assert!(result["partialFingerprints"]["seaworthyFinding/v1"].is_string());
    }
    // Readers derive a severity from the score, so it must agree with ours, not with NVD's.
    let score = |id: &str| -> f64 {
        let rule = rules.iter().find(|r| r["id"] == id).unwrap();
        rule["properties"]["security-severity"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    };
    assert_eq!(
        Severity::from_score(score("CVE-2023-44487")),
        Severity::High
    );
    assert_eq!(
        Severity::from_score(score("CVE-2021-44228")),
        Severity::Critical
    );
}

#[test]
fn trivy_scripts_run() {
    let document = value(Format::Trivy, &sample::report());
    assert_eq!(document["SchemaVersion"], 2);
    assert_eq!(document["Metadata"]["OS"]["Family"], "debian");
    let mut severities = Vec::new();
    for result in document["Results"].as_array().unwrap() {
        for v in result["Vulnerabilities"].as_array().unwrap() {
            severities.push(v["Severity"].as_str().unwrap().to_owned());
            for key in ["VulnerabilityID", "PkgName", "InstalledVersion", "Status"] {
                assert!(v[key].is_string(), "{key}");
            }
        }
    }
    severities.sort_unstable();
    assert_eq!(
        severities,
        [
            "CRITICAL", "CRITICAL", "HIGH", "HIGH", "HIGH", "LOW", "UNKNOWN"
        ]
    );
    let os = &document["Results"][0];
    assert_eq!(
        (&os["Class"], &os["Type"]),
        (&Value::from("os-pkgs"), &Value::from("debian"))
    );
    assert_eq!(
        os["Target"],
        "registry.example.com/shop/web:1.8 (debian 12.5)"
    );
    assert!(value(Format::Trivy, &Report::default())["Results"].is_array());
    assert!(value(Format::Trivy, &sample::clean())["Results"][0]["Vulnerabilities"].is_array());
}

#[test]
fn code_quality_rules_that_matter() {
    for report in samples() {
        let issues = value(Format::CodeQuality, &report);
        let mut prints = Vec::new();
        for issue in issues.as_array().unwrap() {
            prints.push(issue["fingerprint"].as_str().unwrap().to_owned());
            assert!(
                ["info", "minor", "major", "critical", "blocker"]
                    .contains(&issue["severity"].as_str().unwrap())
            );
            assert!(!issue["location"]["path"].as_str().unwrap().starts_with('/'));
            assert!(!issue["location"]["path"].as_str().unwrap().is_empty());
            assert!(issue["location"]["lines"]["begin"].as_u64() >= Some(1));
            assert!(issue["description"].is_string() && issue["check_name"].is_string());
        }
        let count = prints.len();
        prints.sort_unstable();
        prints.dedup();
        assert_eq!(prints.len(), count);
    }
}

#[test]
fn junit_is_well_formed_and_its_counts_add_up() {
    use quick_xml::events::Event;
    for report in samples() {
        let text = String::from_utf8(bytes(Format::Junit, &report, &options())).unwrap();
        let mut reader = quick_xml::Reader::from_str(&text);
        let (mut cases, mut failures, mut skipped, mut errors) = (0, 0, 0, 0);
        let mut declared = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Start(e) | Event::Empty(e) => match e.name().as_ref() {
                    "testsuites" => {
                        for key in ["tests", "failures", "errors", "skipped"] {
                            let attribute = e.try_get_attribute(key).unwrap().unwrap();
                            declared.push(attribute.value.parse::<usize>().unwrap());
                        }
                    }
                    "testsuite" => {}
                    "testcase" => cases += 1,
                    "failure" => failures += 1,
                    "skipped" => skipped += 1,
                    "error" => errors += 1,
                    other => panic!("{other:?}"),
                },
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(declared, [cases, failures, errors, skipped]);
        let known = report
            .findings
            .iter()
            .filter(|f| f.package < report.inventory.packages.len());
        let notable = crate::issues::notable_licenses(&report).count();
        assert_eq!(
            failures,
            known.count() + report.secrets.len() + report.misconfigurations.len() + notable
        );
    }
}

#[test]
fn csv_has_the_same_number_of_cells_in_every_line() {
    let text = String::from_utf8(bytes(Format::Csv, &sample::hostile(), &options())).unwrap();
    for line in text.lines() {
        let mut quoted = false;
        let mut cells = 1;
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => cells += 1,
                _ => {}
            }
        }
        assert_eq!(cells, 23, "{line}");
        assert!(!line.contains(",=") && !line.contains(",\"="), "{line}");
    }
}

#[test]
fn markdown_has_no_raw_markup() {
    let text = String::from_utf8(bytes(Format::Markdown, &sample::hostile(), &options())).unwrap();
    assert!(!text.contains('<') && !text.contains("](http"));
    insta::assert_snapshot!(
        String::from_utf8(bytes(Format::Markdown, &sample::report(), &options())).unwrap()
    );
}
