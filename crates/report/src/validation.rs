//! Every format against its official schema where the folder of schemas is present, and against
//! the rules that matter always.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seaworthy_model::{Report, Severity};
use serde_json::Value;

use crate::{EndOfLife, Error, Format, WriteOptions, sample, write};

const DOCKERFILE: &str = "FROM node:18\nWORKDIR /app\nCOPY . .\nUSER node\n";

fn options() -> WriteOptions {
    let mut options = WriteOptions {
        start_time: "2026-11-24T08:00:00".to_owned(),
        end_time: "2026-11-24T08:00:01".to_owned(),
        ..WriteOptions::default()
    };
    options.gitlab.dockerfile = Some(("Dockerfile".to_owned(), DOCKERFILE.to_owned()));
    options
}

fn bytes(format: Format, report: &Report, options: &WriteOptions) -> Vec<u8> {
    let mut out = Vec::new();
    write(format, report, options, &mut out).unwrap();
    out
}

fn value(format: Format, report: &Report) -> Value {
    serde_json::from_slice(&bytes(format, report, &options())).unwrap()
}

fn samples() -> Vec<Report> {
    vec![
        sample::report(),
        sample::clean(),
        sample::not_assessed(),
        sample::without_gate(),
        sample::hostile(),
        sample::many(40),
        // A report of nothing at all, as a scan of an empty image makes it.
        Report {
            schema_version: Report::SCHEMA_VERSION.to_owned(),
            counts: Report::count(&[]),
            ..Report::default()
        },
    ]
}

/// The folder with official schemas; says so when it is absent.
fn official(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/schemas")
        .join(name);
    if path.exists() {
        return Some(path);
    }
    println!(
        "{} is absent: the official schema was not checked",
        path.display()
    );
    None
}

fn load(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn check(schema: &Value, format: Format) {
    check_all(&jsonschema::validator_for(schema).unwrap(), format);
}

fn check_all(validator: &jsonschema::Validator, format: Format) {
    for report in samples() {
        let value = value(format, &report);
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{format}: {errors:#?}");
    }
}

#[test]
fn json_fits_our_published_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../schemas/seaworthy-report-1.0.schema.json");
    check(&load(&path), Format::Json);
    let bytes = bytes(Format::Json, &sample::report(), &options());
    assert_eq!(
        serde_json::from_slice::<Report>(&bytes).unwrap(),
        sample::report()
    );
}

#[test]
fn gitlab_fits_the_official_schema() {
    if let Some(path) = official("gitlab/container-scanning-report-format.json") {
        check(&load(&path), Format::GitLab);
    }
}

#[test]
fn gitlab_secrets_sast_and_dependencies_fit_their_official_schemas() {
    for (file, format) in [
        (
            "gitlab/secret-detection-report-format.json",
            Format::GitLabSecrets,
        ),
        ("gitlab/sast-report-format.json", Format::GitLabSast),
        (
            "gitlab/dependency-scanning-report-format.json",
            Format::GitLabDependencies,
        ),
    ] {
        if let Some(path) = official(file) {
            check(&load(&path), format);
        }
    }
}

#[test]
fn spdx_fits_the_official_schema() {
    if let Some(path) = official("spdx/spdx-schema-2.3.json") {
        check(&load(&path), Format::Spdx);
    }
}

#[test]
fn gitlab_secrets_name_a_commit_and_no_secret() {
    let mut report = sample::report();
    let document = value(Format::GitLabSecrets, &report);
    let first = &document["vulnerabilities"][0];
    assert_eq!(document["scan"]["type"], "secret_detection");
    assert_eq!(first["location"]["commit"]["sha"], "0000000");
    assert_eq!(first["location"]["file"], "app/.env");
    assert_eq!(first["location"]["start_line"], 3);
    assert_eq!(first["identifiers"][0]["type"], "gitleaks_rule_id");
    assert_eq!(
        first["identifiers"][0]["name"],
        "Gitleaks rule ID aws-access-key-id"
    );
    assert_eq!(
        first["raw_source_code_extract"],
        "key = AKIA****************"
    );
    if let Some(image) = &mut report.inventory.image {
        image.labels.insert(
            "org.opencontainers.image.revision".to_owned(),
            "0123456789abcdef".to_owned(),
        );
    }
    let document = value(Format::GitLabSecrets, &report);
    assert_eq!(
        document["vulnerabilities"][0]["location"]["commit"]["sha"],
        "0123456789abcdef"
    );
    let mut out = Vec::new();
    let mut options = options();
    options.gitlab.commit = Some(crate::Commit {
        sha: "feedbeef".to_owned(),
        author: "A <a@example.com>".to_owned(),
        ..crate::Commit::default()
    });
    write(Format::GitLabSecrets, &report, &options, &mut out).unwrap();
    let document: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(
        document["vulnerabilities"][0]["location"]["commit"],
        serde_json::json!({"sha": "feedbeef", "author": "A <a@example.com>"})
    );
    if let Some(path) = official("gitlab/secret-detection-report-format.json") {
        assert!(jsonschema::is_valid(&load(&path), &document));
    }
}

#[test]
fn gitlab_sast_names_rules_and_places() {
    let document = value(Format::GitLabSast, &sample::report());
    let list = document["vulnerabilities"].as_array().unwrap();
    assert_eq!(list.len(), 2);
    assert_eq!(list[0]["identifiers"][0]["value"], "SW-IM-0001");
    assert_eq!(list[0]["identifiers"][1]["value"], "AVD-DS-0002");
    assert_eq!(
        list[0]["links"][0]["url"],
        "https://example.com/rules/SW-IM-0001"
    );
    assert_eq!(list[1]["location"]["start_line"], 12);
    assert_eq!(list[1]["location"]["end_line"], 14);
    // What is no web address is no link.
    let hostile = value(Format::GitLabSast, &sample::hostile());
    assert_eq!(
        hostile["vulnerabilities"][0]["links"],
        Value::Array(Vec::new())
    );
}

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

/// A package of a lockfile: its line, whether the project asks for it, and the way to it.
#[test]
fn lockfiles_have_lines_and_ways() {
    let mut report = sample::report();
    for package in &mut report.inventory.packages {
        if package.name == "lodash" {
            package.line = Some(42);
            package.relationship = seaworthy_model::Relationship::Transitive;
            package.dependency_path = vec!["express@4.0.0".to_owned()];
        }
    }
    let log = value(Format::Sarif, &report);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let lodash = results
        .iter()
        .find(|r| r["ruleId"] == "CVE-2019-10744")
        .unwrap();
    assert_eq!(
        lodash["locations"][0]["physicalLocation"]["region"]["startLine"],
        42
    );
    let message = lodash["message"]["text"].as_str().unwrap();
    assert!(
        message.contains("The project needs it through express@4.0.0."),
        "{message}"
    );
    let issues = value(Format::CodeQuality, &report);
    let lines: Vec<&Value> = issues
        .as_array()
        .unwrap()
        .iter()
        .filter(|i| i["check_name"] == "CVE-2019-10744")
        .map(|i| &i["location"]["lines"]["begin"])
        .collect();
    assert_eq!(lines, [42, 42]);
    let gitlab = value(Format::GitLab, &report);
    let list = gitlab["vulnerabilities"].as_array().unwrap();
    let direct: Vec<&Value> = list
        .iter()
        .map(|v| &v["location"]["dependency"]["direct"])
        .collect();
    assert_eq!(
        direct.iter().filter(|d| ***d == Value::Bool(false)).count(),
        1
    );
    if let Some(path) = official("gitlab/container-scanning-report-format.json") {
        let validator = jsonschema::validator_for(&load(&path)).unwrap();
        assert!(validator.is_valid(&gitlab));
    }
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
fn sarif_fits_the_official_schema() {
    if let Some(path) = official("sarif/sarif-schema-2.1.0.json") {
        check(&load(&path), Format::Sarif);
    }
}

#[test]
fn cyclonedx_fits_the_official_schema() {
    let Some(folder) = official("cyclonedx") else {
        return;
    };
    let registry = jsonschema::Registry::new()
        .extend([
            (
                "http://cyclonedx.org/schema/spdx.schema.json",
                load(&folder.join("spdx.schema.json")),
            ),
            (
                "http://cyclonedx.org/schema/jsf-0.82.schema.json",
                load(&folder.join("jsf-0.82.schema.json")),
            ),
        ])
        .unwrap()
        .prepare()
        .unwrap();
    let schema = load(&folder.join("bom-1.6.schema.json"));
    let validator = jsonschema::options()
        .with_registry(&registry)
        .build(&schema)
        .unwrap();
    check_all(&validator, Format::CycloneDx);
}

#[test]
fn writing_twice_gives_the_same_bytes_that_end_with_a_line_break() {
    for report in samples() {
        for format in Format::ALL {
            let first = bytes(format, &report, &options());
            assert_eq!(
                first,
                bytes(format, &report.clone(), &options()),
                "{format}"
            );
            assert_eq!(first.last(), Some(&b'\n'), "{format}");
            assert!(std::str::from_utf8(&first).is_ok(), "{format}");
        }
    }
}

#[test]
fn text_formats_hold_no_control_characters_of_others() {
    for format in [
        Format::Table,
        Format::Junit,
        Format::Html,
        Format::Csv,
        Format::Markdown,
    ] {
        let text = String::from_utf8(bytes(format, &sample::hostile(), &options())).unwrap();
        let bad = text
            .chars()
            .find(|c| *c != '\n' && crate::text::is_unsafe(*c));
        assert_eq!(bad, None, "{format}");
        assert!(!text.contains('\r'), "{format}");
    }
}

#[test]
fn gitlab_rules_that_matter() {
    let report = sample::report();
    let document = value(Format::GitLab, &report);
    assert_eq!(document["version"], "15.0.7");
    assert_eq!(document["scan"]["status"], "success");
    assert_eq!(document["scan"]["type"], "container_scanning");
    assert_eq!(document["scan"]["messages"][0]["level"], "warn");
    let list = document["vulnerabilities"].as_array().unwrap();
    // The second lodash is the same finding to GitLab.
    assert_eq!(list.len(), report.findings.len() - 1);
    let mut ids: Vec<&str> = list.iter().map(|v| v["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), list.len());
    let lodash = list
        .iter()
        .find(|v| v["identifiers"][0]["value"] == "CVE-2019-10744")
        .unwrap();
    assert_eq!(lodash["identifiers"][0]["type"], "cve");
    assert_eq!(lodash["identifiers"][1]["type"], "ghsa");
    assert_eq!(lodash["location"]["operating_system"], "Unknown");
    assert_eq!(
        lodash["location"]["image"],
        "registry.example.com/shop/web:1.8"
    );
    let severities: Vec<&str> = list
        .iter()
        .map(|v| v["severity"].as_str().unwrap())
        .collect();
    assert_eq!(
        severities,
        ["Critical", "Critical", "High", "High", "Info", "Unknown"]
    );
    let zlib = &list[1];
    assert_eq!(zlib["location"]["operating_system"], "debian 12.5");
    // The rating that counts comes first; what is no vector is left out.
    assert_eq!(list[0]["cvss_vectors"][0]["vendor"], "ghsa");
    assert!(list[5].get("cvss_vectors").is_none());
}

#[test]
fn gitlab_options_are_honoured() {
    let report = sample::report();
    let mut options = options();
    options
        .gitlab
        .approved
        .insert("GHSA-jf85-cpcp-j695".to_owned());
    options.gitlab.scanner_id = "trivy".to_owned();
    options.gitlab.default_branch_image = Some("registry.example.com/shop/web:main".to_owned());
    options.gitlab.end_of_life = Some(EndOfLife {
        severity: Severity::Medium,
        date: "2026-06-30".to_owned(),
    });
    let document: Value =
        serde_json::from_slice(&bytes(Format::GitLab, &report, &options)).unwrap();
    let list = document["vulnerabilities"].as_array().unwrap();
    assert!(
        list.iter()
            .all(|v| v["identifiers"][0]["value"] != "CVE-2019-10744")
    );
    assert_eq!(document["scan"]["scanner"]["id"], "trivy");
    assert_eq!(
        list[0]["location"]["default_branch_image"],
        "registry.example.com/shop/web:main"
    );
    assert_eq!(list.last().unwrap()["severity"], "Medium");
    assert_eq!(
        value(Format::GitLab, &sample::not_assessed())["scan"]["status"],
        "failure"
    );
    for (time, version) in [
        ("2026-11-24T08:00:00Z", "15.0.7"),
        ("2026-11-24T08:00:00", "15"),
    ] {
        let mut options = WriteOptions {
            start_time: time.to_owned(),
            ..WriteOptions::default()
        };
        options.gitlab.schema_version = version.to_owned();
        let error = write(Format::GitLab, &report, &options, &mut Vec::new()).unwrap_err();
        assert!(matches!(
            error,
            Error::InvalidTime(_) | Error::InvalidSchemaVersion(_)
        ));
    }
}

#[test]
fn gitlab_remediations_are_diffs_of_the_pristine_dockerfile() {
    let document = value(Format::GitLab, &sample::report());
    let remediations = document["remediations"].as_array().unwrap();
    assert_eq!(remediations.len(), 1);
    let fixed = &remediations[0]["fixes"][0]["id"];
    let list = document["vulnerabilities"].as_array().unwrap();
    assert!(list.iter().any(|v| v["id"] == *fixed));
    let diff = STANDARD
        .decode(remediations[0]["diff"].as_str().unwrap())
        .unwrap();
    assert_eq!(
        String::from_utf8(diff).unwrap(),
        "diff --git a/Dockerfile b/Dockerfile\n--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1,4 +1,5 @@\n FROM node:18\n\
         +RUN apt-get update && apt-get install -y --only-upgrade libnghttp2-14 && rm -rf /var/lib/apt/lists/*\n \
         WORKDIR /app\n COPY . .\n USER node\n"
    );
}

#[test]
fn gitlab_as_a_whole() {
    let text = String::from_utf8(bytes(Format::GitLab, &sample::report(), &options())).unwrap();
    insta::assert_snapshot!(text);
}

#[test]
fn json_as_a_whole() {
    let text = String::from_utf8(bytes(Format::Json, &sample::report(), &options())).unwrap();
    insta::assert_snapshot!(text);
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
        assert_eq!(cells, 22, "{line}");
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

#[test]
fn our_cyclonedx_is_read_back_without_loss() {
    let report = sample::report();
    let bytes = bytes(Format::CycloneDx, &report, &options());
    let read = seaworthy_sbom::read(&bytes).unwrap();
    let mut expected = report.inventory;
    expected.packages.sort_by(|a, b| {
        (a.kind, &a.name, &a.version, &a.evidence).cmp(&(b.kind, &b.name, &b.version, &b.evidence))
    });
    assert_eq!(read.inventory, expected);
}
