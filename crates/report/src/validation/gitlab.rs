//! What GitLab's server makes of its reports, beyond their schema.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seaworthy_model::Severity;

use super::*;
use crate::{EndOfLife, Error};

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
