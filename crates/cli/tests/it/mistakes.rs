//! What is given wrong, is not there, or is something else: named with the way out, and never a
//! pass.

use std::process::{Command, Stdio};

use super::place::{Place, image};

/// Commands that take a report as their last word.
const TAKE_A_REPORT: [&str; 6] = [
    "policy check --policy p.yaml",
    "policy explain --policy p.yaml CVE-2023-37920",
    "vex",
    "metrics -o json",
    "compliance",
    "diff web.json",
];

fn prepared() -> Place {
    let place = Place::with_report();
    place.put(
        "p.yaml",
        "version: \"1.0\"\nvulnerabilities: {max_total: 1000}\n",
    );
    place
}

#[test]
fn what_is_no_report_is_never_one_without_findings() {
    let place = prepared();
    let web = place.text("web.json");
    place.put("empty.json", "");
    place.put("blank.json", " \n");
    place.put("list.json", "[]");
    place.put("text.json", "no JSON");
    place.put("object.json", "{}");
    place.put("cut.json", &web[..web.len() / 2]);
    let mut trimmed = place.json("web.json");
    trimmed["inventory"]["packages"] = serde_json::json!([]);
    place.put("trimmed.json", trimmed.to_string());
    place.put("half", &web[..web.len() - 3]);
    place.put("foreign.json", "{\"SchemaVersion\": 2, \"Results\": [");
    let wide: Vec<u8> = web.encode_utf16().flat_map(u16::to_le_bytes).collect();
    place.put("wide.json", [&[0xff, 0xfe], wide.as_slice()].concat());
    for (file, words) in [
        ("empty.json", "empty.json is empty"),
        ("blank.json", "blank.json is empty"),
        ("list.json", "list.json is no "),
        ("text.json", "text.json is no report: it is no JSON"),
        ("object.json", "object.json is no report of a scanner"),
        ("cut.json", "cut.json is no whole report: "),
        ("half", "half is no whole report: "),
        ("trimmed.json", "a package that it does not list"),
        ("wide.json", "wide.json is UTF-16 text"),
        ("foreign.json", "foreign.json is no whole report: "),
    ] {
        for command in TAKE_A_REPORT {
            let said = place.run(&format!("{command} {file}"), 2);
            said.warns(&[words, "hint: ", "seaworthy scan TARGET -o json=FILE"]);
            assert_eq!(said.out, "", "{command} {file}");
        }
    }
    for command in TAKE_A_REPORT {
        place
            .run(&format!("{command} gone.json"), 3)
            .warns(&["gone.json: no such file", "registry:gone.json"]);
    }
    // What an editor puts before it changes nothing.
    place.put("marked.json", format!("\u{feff}{web}"));
    place.run("policy check --policy p.yaml marked.json", 0);
}

/// As GitLab, shells and Compose files set them.
#[test]
fn variables_that_are_empty_say_nothing_and_switches_take_one() {
    let place = prepared();
    let plain = place.run("diff web.json web.json", 0).out;
    for value in ["1", "true", "yes", "on"] {
        let all = place.run_with(&[("SEAWORTHY_ALL", value)], "diff web.json web.json", 0);
        assert!(all.out.len() > plain.len(), "{value}");
    }
    for value in ["", "0", "false", "no", "off"] {
        let some = place.run_with(&[("SEAWORTHY_ALL", value)], "diff web.json web.json", 0);
        assert_eq!(some.out, plain, "{value}");
    }
    place
        .run_with(&[("SEAWORTHY_ALL", "perhaps")], "diff web.json web.json", 2)
        .warns(&["perhaps"]);
    let empty = [
        ("SEAWORTHY_POLICY", ""),
        ("SEAWORTHY_WAIVERS", ""),
        ("SEAWORTHY_BASELINE", ""),
        ("SEAWORTHY_HISTORY", ""),
        ("SEAWORTHY_HISTORY_DAYS", ""),
        ("SEAWORTHY_FAIL_ON", ""),
        ("SEAWORTHY_DB", ""),
        ("SEAWORTHY_OUTPUT", ""),
        ("SEAWORTHY_METRICS_OUTPUT", ""),
        ("SEAWORTHY_CRITICAL_ABOVE", ""),
        ("SEAWORTHY_PROJECT", ""),
        ("SEAWORTHY_QUIET", ""),
        ("CI_PROJECT_PATH", "shop/web"),
    ];
    for line in [
        "scan {storefront} -q -o json=r.json",
        "policy check web.json --policy p.yaml",
        "generate alerts",
        "metrics web.json",
    ] {
        place.run_with(&empty, line, 0);
    }
    assert_eq!(place.json("security-metrics.json")["project"], "shop/web");
    // The empty environment is no environment of a policy's.
    let empty = [("SEAWORTHY_ENVIRONMENT", "")];
    place.run_with(&empty, "policy check web.json --policy p.yaml", 0);
}

/// Runs the program with a file as the other end of its pipe.
fn piped(place: &Place, line: &str, input: &str) -> (Option<i32>, String, String) {
    use std::io::Write as _;

    let mut child = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(line.split_whitespace())
        .current_dir(place.path())
        .env("SOURCE_DATE_EPOCH", super::place::NOW)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // It may end before it has read all.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    (
        output.status.code(),
        super::place::text(&output.stdout),
        super::place::text(&output.stderr),
    )
}

#[test]
fn a_report_comes_on_standard_input() {
    let place = prepared();
    let web = place.text("web.json");
    for name in ["-", "/dev/stdin"] {
        for command in TAKE_A_REPORT {
            let (code, out, err) = piped(&place, &format!("{command} {name}"), &web);
            assert_eq!(code, Some(0), "{command} {name}: {err}");
            assert!(!out.is_empty(), "{command} {name}");
        }
        let (code, out, err) = piped(&place, &format!("policy check --policy p.yaml {name}"), "");
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.contains("is empty"), "{err}");
    }
    let (code, _, err) = piped(
        &place,
        "metrics -",
        r#"{"bomFormat":"CycloneDX","specVersion":"1.6"}"#,
    );
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("bill of materials"), "{err}");
    // And a result goes to standard output by the same name.
    place
        .run("metrics web.json -o json=-", 0)
        .shows(&["security_score"]);
    place.run("vex web.json --out -", 0).shows(&["openvex"]);
    assert!(!place.at("-").exists());
}

#[test]
fn a_baseline_and_a_history_that_are_not_there_are_errors() {
    let place = prepared();
    place
        .run("scan {storefront} -q --fail-on low --baseline gone.json", 3)
        .warns(&["gone.json: no such file"]);
    place.put("object.json", "{}");
    place
        .run(
            "policy check web.json --policy p.yaml --baseline object.json",
            2,
        )
        .warns(&["object.json", "hint: "]);
    // Without a history everything is new today, and no deadline would ever pass.
    place
        .run("policy check web.json --policy p.yaml --history gone.db", 2)
        .warns(&["no history at gone.db", "--history FILE"]);
    place.run("scan {storefront} -q --history h.db -o json=r.json", 0);
    place.run("trend shop/web --history h.db", 3).warns(&[
        "h.db has no scan of shop/web",
        "seaworthy trend --history h.db",
    ]);
    place.run("policy check web.json --policy p.yaml --history h.db", 0);
}

#[test]
fn what_cannot_be_written_is_said_before_anything_is_read() {
    let place = prepared();
    for (line, words) in [
        ("diff gone.json gone.json -o svg", "no view as svg"),
        ("trend x -o markdown", "it has table, json, svg"),
        ("metrics gone.json -o svg=x.svg", "openmetrics, prometheus"),
        (
            "assess gone.json gone.json -o json=a -o markdown=a",
            "two formats go to a",
        ),
        (
            "policy check gone.json -o json=a,policy-report=a",
            "two formats go to a",
        ),
        ("merge gone.json -o json=a,table=a", "two formats go to a"),
        ("compliance gone.json -o json,table", "standard output"),
        ("generate alerts --tests t.yaml", "--tests needs --out"),
        (
            "generate alerts --tests t.yaml --out -",
            "--tests needs --out",
        ),
    ] {
        let said = place.run(line, 2);
        said.warns(&[words]);
        assert_eq!(said.out, "", "{line}");
    }
    assert!(!place.at("a").exists() && !place.at("t.yaml").exists());
    // Two reports about one image would be one file.
    place
        .run(
            "policy check web.json web.json --policy p.yaml -o json={target}.json",
            2,
        )
        .warns(&["two reports are about"]);
    // Temporary files are nobody's business.
    let said = place.run("metrics web.json -o json=no/such.json", 4);
    said.warns(&["cannot write no/such.json", "hint: "]);
    assert!(!said.err.contains(".seaworthy-"), "{}", said.err);
}

#[test]
fn a_scan_says_which_rules_of_its_policy_are_broken() {
    let place = prepared();
    place.put(
        "strict.yaml",
        "version: \"1.0\"\nvulnerabilities: {max_critical: 0}\nruntime_security: {no_privileged: true}\n",
    );
    place
        .run("scan {storefront} --policy strict.yaml", 1)
        .shows(&[
            "x vulnerabilities.max_critical: Critical vulnerabilities: 3 (max: 0)",
            "strict.yaml:2",
            "because CVE-2023-37920 certifi",
            "? runtime_security.no_privileged: could not be checked",
        ]);
    let shown = place.run("scan {storefront} --policy p.yaml", 0).out;
    assert!(!shown.contains("rules hold"), "{shown}");
    let json = place.run("scan {storefront} --policy strict.yaml -o json", 1);
    assert_eq!(json.json()["gate"]["passed"], false);
}

#[test]
fn what_is_no_target_is_not_looked_for_in_a_registry() {
    let place = prepared();
    for command in ["scan", "sbom", "explain CVE-2023-37920"] {
        place
            .run(&format!("{command} gone.json"), 3)
            .warns(&["gone.json: no such file", "registry:gone.json"]);
        place
            .run(&format!("{command} web.json"), 3)
            .warns(&["web.json", "reports are no targets"]);
    }
    // Before anything is read, and not after it.
    place
        .run("scan {storefront} --history p.yaml -o json=r.json", 2)
        .warns(&["p.yaml"]);
    assert!(!place.at("r.json").exists());
}

#[test]
fn a_policy_that_is_not_there_is_named_and_not_its_cases() {
    let place = Place::new();
    place
        .run("policy test gone.yaml", 2)
        .warns(&["cannot read gone.yaml", "seaworthy policy init"]);
    place.put("p.yaml", "version: \"1.0\"\n");
    place
        .run("policy test p.yaml", 2)
        .warns(&["cannot read p.test.yaml", "--cases"]);
    assert_eq!(place.run("policy init -q --out q.yaml", 0).out, "");
}

/// The password comes once on standard input, however often it is needed.
#[test]
fn a_password_on_standard_input_is_read_once() {
    let place = Place::new();
    let archive = image("ID=alpine\nVERSION_ID=3.18.4\n", "P:a\nV:1-r0\n");
    place.put("web.tar", archive.docker_archive().unwrap());
    let line = "db update --db db --for docker-archive:web.tar --base-url file:///nowhere --username u --password-stdin";
    let (code, _, err) = piped(&place, line, "secret\n");
    assert_eq!(code, Some(4), "{err}");
    assert!(!err.contains("needs a password"), "{err}");
}

#[test]
fn old_scans_leave_the_history_when_that_is_asked_for() {
    let place = Place::new();
    let scan = |day: u64, more: &str| {
        let now = (1_764_000_000 + day * 86_400).to_string();
        place.run_with(
            &[("SOURCE_DATE_EPOCH", &now)],
            &format!("scan {{storefront}} -q --history h.db -o json=r.json {more}"),
            0,
        );
    };
    let scans = || {
        let series = place.run("trend {storefront} --history h.db -o json", 0);
        series.json()["points"].as_array().unwrap().len()
    };
    for day in 0..12 {
        scan(day, "");
    }
    assert_eq!(scans(), 12);
    let all = place.run("trend --history h.db -o json", 0).json();
    assert_eq!(all[0]["scans"], 12, "{all}");
    assert_eq!(all[0]["latest"]["vulnerabilities"]["critical"], 3, "{all}");
    place
        .run("trend --history h.db", 0)
        .shows(&["images/storefront", "12  2025-12-05T16:00:00"]);
    place
        .run("trend --history h.db -o svg", 2)
        .warns(&["it has table, json"]);
    // The latest ten stay, however old.
    scan(100, "--history-days 30");
    assert_eq!(scans(), 10);
}
