//! Reports of other scanners where commands take one of ours.

use super::place::Place;

/// Reports of the example image: ours, and in the shapes of Trivy and GitLab.
fn prepared() -> Place {
    let place = Place::new();
    place.run(
        "scan {storefront} -q -o json=web.json -o trivy=trivy.json -o gitlab=gl.json",
        0,
    );
    place.put(
        "one.yaml",
        "version: \"1.0\"\nvulnerabilities: {max_critical: 0}\n",
    );
    place
}

#[test]
fn reports_of_other_scanners_are_measured_and_judged() {
    let place = prepared();
    for file in ["trivy.json", "gl.json"] {
        place.run(&format!("metrics {file} -o json=m.json"), 0);
        let metrics = place.json("m.json");
        assert_eq!(metrics["vulnerabilities"]["critical"], 3, "{file}");
        place
            .run(&format!("policy check {file} --policy one.yaml"), 1)
            .shows(&["vulnerabilities.max_critical: Critical vulnerabilities: 3 (max: 0)"]);
        place.run(&format!("assess {file} {file} -o json=a.json"), 1);
        assert_eq!(place.json("a.json")["final_status"], "NEEDS_IMPROVEMENT");
        place.run(&format!("compliance {file} -o json=c.json"), 0);
        let vex = place.run(&format!("vex {file}"), 0).json();
        assert!(!vex["statements"].as_array().unwrap().is_empty(), "{file}");
        place
            .run(
                &format!("policy explain CVE-2023-37920 {file} --policy one.yaml"),
                0,
            )
            .shows(&["certifi", "vulnerabilities.max_critical"]);
        place.run(&format!("diff {file} web.json -o json=d.json"), 0);
        let difference = place.json("d.json");
        assert_eq!(difference["remaining"].as_array().map(Vec::len), Some(61));
        // What it has is nothing new.
        let baseline = format!("--baseline {file}");
        place.run(
            &format!("policy check web.json --policy one.yaml {baseline}"),
            0,
        );
        place.run(
            &format!("scan {{storefront}} -q --scanners vuln --policy one.yaml {baseline}"),
            0,
        );
    }
}

/// A scan that did not look for vulnerabilities found none, which is no pass.
#[test]
fn what_another_scanner_did_not_look_for_is_not_clean() {
    let place = prepared();
    place.put(
        "secrets.json",
        r#"{"SchemaVersion":2,"ArtifactName":"web:1","ArtifactType":"container_image","Results":[{"Target":"app/.env","Class":"secret","Secrets":[{"RuleID":"x","Category":"general","Severity":"HIGH","Title":"X","StartLine":1,"EndLine":1,"Match":"x"}]}]}"#,
    );
    place.run("policy check secrets.json --policy one.yaml", 1);
    place.run("metrics secrets.json -o json=m.json", 3);
}

/// Trivy writes a search for secrets without any just like a scan of nothing: no results at all.
#[test]
fn a_report_without_results_is_no_clean_one() {
    let place = prepared();
    let report = |results: &str| {
        format!(
            r#"{{"SchemaVersion":2,"ArtifactName":"web:1","ArtifactType":"container_image",
            "Metadata":{{"OS":{{"Family":"alpine","Name":"3.22.1"}}}}{results}}}"#
        )
    };
    place.put(
        "clean.json",
        report(r#","Results":[{"Target":"web:1","Class":"os-pkgs","Type":"alpine"}]"#),
    );
    place.put("nothing.json", report(""));
    place.put("empty.json", report(r#","Results":[]"#));
    place.run("metrics clean.json -o json=m.json", 0);
    assert_eq!(place.json("m.json")["compliance_status"], "compliant");
    place.run("policy check clean.json --policy one.yaml", 0);
    for file in ["nothing.json", "empty.json"] {
        for command in [
            "metrics",
            "policy check --policy one.yaml",
            "assess trivy.json",
        ] {
            place
                .run(&format!("{command} {file}"), 2)
                .warns(&["does not tell what was looked for", "--list-all-pkgs"]);
        }
    }
}
