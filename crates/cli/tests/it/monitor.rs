//! Comparing, assessing and measuring, from targets and from the reports of earlier scans.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use super::place::{Place, image, text};

const ALPINE: &str = "ID=alpine\nVERSION_ID=3.22.0\nPRETTY_NAME=\"Alpine Linux v3.22\"\n";

/// The report of the example image, `web.json`, and an image without findings, `new.tar`.
fn reports() -> Place {
    let place = Place::with_report();
    let musl = "P:musl\nV:1.2.4-r3\nA:x86_64\no:musl\n\n";
    place.put("new.tar", image(ALPINE, musl).docker_archive().unwrap());
    place
}

#[test]
fn reports_and_targets_are_compared() {
    let place = reports();
    place
        .run(
            "diff web.json docker-archive:new.tar -o table -o json=d.json",
            0,
        )
        .shows(&["61 fixed - 0 new - 0 remaining"]);
    let diff = place.json("d.json");
    assert_eq!(diff["fixed"].as_array().map(Vec::len), Some(61), "{diff}");
    // The other way round the same findings are new.
    place
        .run("diff docker-archive:new.tar web.json -o markdown", 0)
        .shows(&["61 new"]);
}

#[test]
fn the_assessment_has_the_keys_of_the_field_and_an_exit_status() {
    let place = reports();
    place.run(
        "assess web.json docker-archive:new.tar --project shop/web",
        0,
    );
    let file = "container-security-final-assessment.json";
    let assessment = place.json(file);
    assert_eq!(assessment["project"], "shop/web");
    // Only the starter table answered, so it cannot be called secure.
    assert_eq!(assessment["final_status"], "ACCEPTABLE");
    assert_eq!(assessment["security_improvements"]["critical_reduced"], 3);
    assert_eq!(assessment["security_improvements"]["high_reduced"], 31);
    for key in [
        "scan_date",
        "original_image",
        "secure_image",
        "recommendations",
    ] {
        assert!(!assessment[key].is_null(), "{key}");
    }
    place.run("assess docker-archive:new.tar web.json", 1);
    assert_eq!(place.json(file)["final_status"], "NEEDS_IMPROVEMENT");
    // What was not assessed is never secure.
    let odd = image("ID=plan9\n", "P:musl\nV:1.2.4-r3\nA:x86_64\n\n");
    place.put("odd.tar", odd.docker_archive().unwrap());
    place.run("assess web.json docker-archive:odd.tar", 3);
    assert_eq!(place.json(file)["final_status"], "UNKNOWN");
}

#[test]
fn metrics_have_the_score_of_the_field_and_go_to_a_pushgateway() {
    let place = Place::with_report();
    place.run("metrics web.json --project shop", 0);
    let metrics = place.json("security-metrics.json");
    assert_eq!(metrics["vulnerabilities"]["critical"], 3);
    assert_eq!(metrics["security_score"], 0);
    for key in ["timestamp", "project", "image", "compliance_status"] {
        assert!(metrics[key].is_string(), "{key}: {metrics}");
    }
    let said = place.run("metrics web.json -o openmetrics", 0);
    said.shows(&["container_vulnerabilities_critical{"]);
    assert!(said.out.ends_with("# EOF\n"));

    let gateway = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = gateway.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = gateway.accept().unwrap();
        let mut request = Vec::new();
        let mut piece = [0; 4096];
        while !String::from_utf8_lossy(&request).contains("container_scan_assessed{") {
            let n = stream.read(&mut piece).unwrap();
            assert!(n > 0, "{}", text(&request));
            request.extend_from_slice(&piece[..n]);
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        text(&request)
    });
    place.run(
        &format!("metrics web.json -o json=m.json --push http://{address}"),
        0,
    );
    let request = server.join().unwrap();
    assert!(
        request.starts_with("PUT /metrics/job/seaworthy/image@base64/"),
        "{request}"
    );
    place.run("metrics web.json --push nowhere", 2);
}

#[test]
fn a_framework_is_never_met_by_what_was_not_looked_for() {
    let place = Place::with_report();
    let page = place
        .run("compliance web.json --framework cis-docker -o json", 0)
        .json();
    let control = |id: &str| {
        page["controls"]
            .as_array()
            .unwrap()
            .iter()
            .find(|control| control["id"] == id)
            .unwrap()["status"]
            .clone()
    };
    assert_eq!(control("4.1"), "violated");
    assert_eq!(control("4.12"), "not_assessed");
    place.run("compliance web.json --framework iso-27001", 2);
}

#[test]
fn a_file_that_is_no_report_is_named() {
    let place = Place::with_report();
    place.put("cut.json", "{\"schema_version\": \"1.0\", ");
    place.run("metrics cut.json", 2).warns(&["cut.json"]);
    let mut report = place.json("web.json");
    report["schema_version"] = "9.0".into();
    place.put("next.json", report.to_string());
    place.run("metrics next.json", 2).warns(&["9.0"]);
}

/// A control that goes by rules that nobody has would never be assessed.
#[test]
fn every_rule_that_a_control_goes_by_is_one_of_ours() {
    let mut known = seaworthy_monitor::RuleSet::default();
    let mut names = std::collections::BTreeSet::new();
    for rule in seaworthy_misconfig::catalogue() {
        let ids = std::iter::once(rule.id).chain(rule.references.iter().copied());
        names.extend(ids.clone());
        known.insert(rule.kind.name(), ids);
    }
    let mut unknown: std::collections::BTreeSet<&str> = std::collections::BTreeSet::new();
    let mut checks = 0;
    for framework in seaworthy_monitor::Framework::ALL {
        for control in seaworthy_monitor::controls(framework) {
            for (kinds, references) in control.rules() {
                checks += 1;
                let has = |name: &str| kinds.iter().any(|kind| known.has(kind, name));
                // A check of pods alone keeps the names that the rule has for Compose files.
                unknown.extend(references.iter().filter(|name| !names.contains(*name)));
                assert!(
                    references.iter().any(|name| has(name)),
                    "{framework} {}: {references:?}",
                    control.id
                );
            }
        }
    }
    assert!(checks > 50, "{checks}");
    assert!(unknown.is_empty(), "no rule is called {unknown:?}");
}
