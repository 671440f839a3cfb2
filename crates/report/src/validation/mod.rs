//! Every format against its official schema where the folder of schemas is present, and against
//! the rules that matter always.

mod everything;
mod formats;
mod gitlab;
mod schemas;

use std::path::{Path, PathBuf};

use seaworthy_model::Report;
use serde_json::Value;

use crate::{Format, WriteOptions, sample, write};

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
    let mut samples = everything::reports();
    samples.extend([
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
    ]);
    samples
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
fn json_as_a_whole() {
    let text = String::from_utf8(bytes(Format::Json, &sample::report(), &options())).unwrap();
    insta::assert_snapshot!(text);
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
