//! What excuses findings, wherever it comes from and wherever it counts.

use super::place::Place;

/// The critical findings of the example image.
pub(crate) const CRITICAL: [&str; 3] = ["CVE-2023-37920", "CVE-2022-24303", "CVE-2023-50447"];

/// A report, a waiver, a VEX document, and a policy that allows nothing critical.
pub(crate) fn prepared() -> Place {
    let place = Place::with_report();
    place.put(".trivyignore", "CVE-2023-37920\n");
    place.put("vex.json", statement("CVE-2022-24303"));
    place.put(
        "one.yaml",
        "version: \"1.0\"\npolicies:\n  vulnerabilities:\n    max_critical: 0\n",
    );
    place
}

/// An OpenVEX document that says that the example image is not affected by a vulnerability.
pub(crate) fn statement(id: &str) -> String {
    format!(
        r#"{{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://example.com/vex/{id}","author":"team","timestamp":"2025-11-01T00:00:00Z","version":1,"statements":[{{"vulnerability":{{"name":"{id}"}},"status":"not_affected","justification":"vulnerable_code_not_in_execute_path","products":[{{"@id":"pkg:pypi/certifi"}},{{"@id":"pkg:pypi/pillow"}}]}}]}}"#
    )
}

#[test]
fn waivers_and_vex_count_in_every_view_of_a_report() {
    let place = prepared();
    let run = |line: &str, code| {
        place.run(
            &format!("{line} --waivers .trivyignore --vex vex.json"),
            code,
        )
    };
    run("metrics web.json -o json=m.json", 0);
    let metrics = place.json("m.json");
    assert_eq!(metrics["vulnerabilities"]["critical"], 1, "{metrics}");
    assert_eq!(metrics["waived"], 1);

    run("diff web.json web.json -o json=d.json", 0);
    let diff = place.json("d.json");
    assert_eq!(diff["remaining"].as_array().map(Vec::len), Some(59));
    assert_eq!(diff["waived"].as_array().map(Vec::len), Some(1));

    run("assess web.json web.json -o json=a.json", 1);
    let assessment = place.json("a.json");
    assert_eq!(assessment["secure_vulnerabilities"]["critical"], 1);

    run("compliance web.json --framework nist -o json=c.json", 0);
    let compliance = place.text("c.json");
    assert!(!compliance.contains("CVE-2022-24303"), "{compliance}");

    // A scan without a policy asks them too; what is excused does not break its gate.
    let scan = "scan {storefront} --scanners vuln --fail-on critical -o json=s.json";
    run(scan, 1);
    let gate = place.json("s.json")["gate"].clone();
    assert_eq!(gate["breaking"], 1, "{gate}");
    assert_eq!(gate["rule"], "fail on critical, 2 excused");
    place.put(".trivyignore", CRITICAL.join("\n"));
    run(scan, 0);
}

#[test]
fn what_the_base_branchs_image_has_is_nothing_new() {
    let place = prepared();
    let check = "policy check web.json --policy one.yaml --baseline";
    place.run(&format!("{check} {{storefront}}"), 0);
    place.run(&format!("{check} web.json"), 0);
    place.run(&format!("{check} gone.json"), 3);
}

#[test]
fn a_report_that_filters_cut_is_no_pass() {
    let place = Place::with_report();
    place.run(
        "scan {storefront} -q --ignore-unfixed --severity critical -o json=cut.json",
        0,
    );
    place.put(
        "high.yaml",
        "version: \"1.0\"\npolicies:\n  vulnerabilities:\n    max_high: 50\n",
    );
    place.run("policy check web.json --policy high.yaml", 0);
    place
        .run("policy check cut.json --policy high.yaml", 1)
        .shows(&["display filters of the scan hide"]);
}

#[test]
fn breaches_of_containers_name_file_and_line() {
    let place = Place::with_report();
    place.put(
        "k8s.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - name: app\n      image: web:latest\n      securityContext: {privileged: true}\n",
    );
    place.put(
        "p.yaml",
        "version: \"1.0\"\nbase_images: {prohibited: ['*:latest']}\nruntime_security: {no_privileged: true}\n",
    );
    let check = "policy check web.json --policy p.yaml --manifest k8s.yaml";
    place.run(check, 1).shows(&[
        "because Pod/web, container app k8s.yaml:6: privileged",
        "because web:latest k8s.yaml:6: matches *:latest",
    ]);
    place.put("k8s.yaml", "a: 1\nb: [\n");
    place.run(check, 2).warns(&["k8s.yaml:"]);
}

#[test]
fn deadlines_count_from_the_history() {
    let place = Place::with_report();
    place.put(
        "sla.yaml",
        "version: \"1.0\"\npolicies:\n  vulnerabilities:\n    sla: {critical: 7, since: first_seen}\n",
    );
    let scan = "scan {storefront} -q --policy sla.yaml --history h.db";
    let at = |seconds: &str, code: i32| {
        place.run_with(&[("SOURCE_DATE_EPOCH", seconds)], scan, code);
    };
    at("1764000000", 0);
    at("1764500000", 0);
    // Eight days after the first scan.
    at("1764700000", 1);
    // Without a history nobody knows, which is no pass.
    place
        .run("policy check web.json --policy sla.yaml", 1)
        .shows(&["no history was given"]);
    // The chart of what became of it is in the page.
    place.run(&format!("{scan} -o html=web.html"), 0);
    assert!(place.text("web.html").contains("Over time"));
}
