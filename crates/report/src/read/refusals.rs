//! What is no answer: a report that is missing in part, of another tool, or about something else is an
//! error that names the remedy, never a report without findings.

use super::*;
use crate::{Format, WriteOptions, sample, write};

fn check(bytes: &[u8], expected: &[&str]) {
    let text = String::from_utf8_lossy(bytes);
    let text: String = text.chars().take(200).collect();
    let error = match read(bytes, None) {
        Ok(report) => panic!("{text}: {report:#?}"),
        Err(error) => error.to_string(),
    };
    for part in expected {
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn what_breaks_off_or_is_empty() {
    for text in ["", " \n\t", "\u{feff}", "\u{feff}\n"] {
        check(text.as_bytes(), &["empty", "run it again"]);
    }
    check(
        b"{\"SchemaVersion\": 2,\n \"Results\": [",
        &["line 2, column", "cut off: run the scanner again"],
    );
    check(
        b"panic: runtime error",
        &["line 1, column 1", "the scanner's JSON alone"],
    );
    // A whole report, and a message behind it.
    check(
        b"{\"matches\": [], \"descriptor\": {}}\nERROR no space left",
        &["line 2", "the scanner's JSON alone"],
    );
    check(
        b"{\"matches\": [], \"descriptor\": {}}\n{\"matches\": [], \"descriptor\": {}}",
        &["2 JSON documents", "a file of its own"],
    );
    check(b"{\"ok\": \"\xff\xc0\"}", &["unicode"]);
}

#[test]
fn other_encodings_than_utf_8() {
    let report = r#"{"SchemaVersion": 2, "ArtifactName": "x", "Results": []}"#;
    let mark = "\u{feff}";
    // With a mark, UTF-8 is read.
    let marked = read(format!("{mark}{report}").as_bytes(), None).unwrap();
    assert_eq!(marked.scanner, ScannerName::Trivy);
    for mark in ["", mark] {
        let units: Vec<u16> = format!("{mark}{report}").encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|u| u.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|u| u.to_be_bytes()).collect();
        for bytes in [little, big] {
            check(&bytes, &["UTF-16", "let the scanner write the file itself"]);
        }
    }
}

#[test]
fn what_is_nested_deeper_or_larger_than_any_report() {
    for open in ["[", "{\"a\":", "{\"Results\":["] {
        check(
            open.repeat(1 << 20).as_bytes(),
            &["recursion limit", "no scanner nests so deep"],
        );
    }
    // Deep within a place that a reader looks at.
    let deep = format!(
        r#"{{"SchemaVersion": 2, "Results": [{{"Vulnerabilities": {}}}]}}"#,
        "[".repeat(200_000)
    );
    check(deep.as_bytes(), &["recursion limit"]);
    check(
        &vec![b' '; MAX_BYTES + 1],
        &["limit of 268435456", "one image per report"],
    );
}

/// JSON of programs whose shape reminds of a scanner's.
#[test]
fn json_of_other_tools() {
    for text in [
        "{}",
        "[]",
        "[1, 2]",
        "null",
        "\"text\"",
        "[[]]",
        // docker inspect, npm audit, package.json, a manifest of an image, Kubernetes.
        r#"[{"Id": "sha256:1", "RepoTags": ["x:1"], "Config": {}}]"#,
        r#"{"auditReportVersion": 2, "vulnerabilities": {}, "metadata": {}}"#,
        r#"{"name": "web", "version": "1.0.0", "dependencies": {}}"#,
        r#"{"schemaVersion": 2, "config": {}, "layers": []}"#,
        r#"{"apiVersion": "v1", "kind": "List", "items": []}"#,
        // Semgrep, Bandit and tfsec without findings, and with one.
        r#"{"version": "1.90.0", "results": [], "errors": [], "paths": {"scanned": []}}"#,
        r#"{"errors": [], "generated_at": "2026-11-24", "metrics": {}, "results": []}"#,
        r#"{"results": [{"rule_id": "AVD-AWS-0086", "severity": "HIGH", "location": {}}]}"#,
        r#"{"results": [{"check_id": "x", "path": "a.py"}], "errors": []}"#,
        // A search, with matches of another sort.
        r#"{"matches": [], "total": 0}"#,
    ] {
        check(
            text.as_bytes(),
            &["not a report that is known", "trivy --format json"],
        );
    }
    // osv-scanner without findings.
    for text in [
        r#"{"results": []}"#,
        r#"{"results": [], "experimental_config": {"licenses": {"summary": false}}}"#,
    ] {
        let report = read(text.as_bytes(), None).unwrap();
        assert_eq!(report.scanner, ScannerName::OsvScanner);
    }
}

/// The right shape with a part missing on which the answer hangs.
#[test]
fn reports_without_the_part_that_answers() {
    for (text, expected) in [
        // Read on, each of these would be a report without findings.
        (
            r#"{"SchemaVersion": 2, "ArtifactName": "x", "Results": "oops"}"#,
            "`Results` is no list",
        ),
        (
            r#"{"SchemaVersion": 2, "Results": [{"Class": "os-pkgs", "Vulnerabilities": {}}]}"#,
            "`Vulnerabilities` is no list",
        ),
        (
            r#"{"SchemaVersion": 2, "Results": [{"Class": "secret", "Secrets": 1}]}"#,
            "`Secrets` is no list",
        ),
        (
            r#"{"schema_version": "1.0", "inventory": {"packages": [], "coverage": []}}"#,
            "no list of findings",
        ),
        (
            r#"{"schema_version": "1.0", "inventory": {}, "findings": [], "secrets": {}}"#,
            "`secrets` is no list",
        ),
        // What Clair's indexer says of an image before anything is compared.
        (
            r#"{"manifest_hash": "sha256:1", "state": "IndexFinished", "packages": {}, "success": true, "err": ""}"#,
            "index report",
        ),
        (
            r#"{"manifest_hash": "sha256:1", "vulnerabilities": {}}"#,
            "no `package_vulnerabilities`",
        ),
        (
            r#"{"results": [{"source": {"path": "a"}, "packages": [{"package": {"name": "x"}, "vulnerabilities": "many"}]}]}"#,
            "`vulnerabilities` is no list",
        ),
        (
            r#"{"ok": true, "vulnerabilities": [], "applications": {"vulnerabilities": []}}"#,
            "`applications` is no list",
        ),
        (
            r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [], "vulnerabilities": {"id": "CVE-2024-1"}}"#,
            "`vulnerabilities` is no list",
        ),
        (r#"{"version": "2.1.0", "runs": []}"#, "no run"),
        (
            r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x", "rules": []}}}]}"#,
            "no list of results",
        ),
        (
            r#"{"version": "15.0.0", "vulnerabilities": []}"#,
            "what kind of scan",
        ),
    ] {
        check(text.as_bytes(), &[expected, "run the scanner again"]);
    }
    let other = r#"{"version": "15.0.0", "scan": {"type": "dast"}, "vulnerabilities": []}"#;
    check(
        other.as_bytes(),
        &["gitlab report of dast", "container_scanning"],
    );
}

#[test]
fn reports_that_say_that_they_failed() {
    for (text, expected) in [
        (
            r#"{"SchemaVersion": 1, "Results": []}"#,
            "trivy version 1 is not supported",
        ),
        (
            r#"{"ok": false, "error": "Authentication failed", "path": "x"}"#,
            "snyk reports that it failed: Authentication failed",
        ),
        (r#"{"ok": true}"#, "snyk reports that it failed"),
        (
            r#"{"version": "15.0.0", "scan": {"type": "container_scanning", "status": "failure", "scanner": {"id": "trivy"}, "messages": [{"level": "fatal", "value": "no database"}]}, "vulnerabilities": []}"#,
            "trivy reports that it failed: no database",
        ),
        (
            r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "invocations": [{"executionSuccessful": false}], "results": []}]}"#,
            "x reports that it failed",
        ),
        (
            r#"{"manifest_hash": "sha256:1", "state": "IndexError", "err": "cannot fetch"}"#,
            "clair reports that it failed: cannot fetch",
        ),
        (
            r#"{"schema_version": "2.0", "inventory": {}}"#,
            "seaworthy version 2.0",
        ),
    ] {
        check(text.as_bytes(), &[expected]);
    }
    let mut out = Vec::new();
    let options = WriteOptions::default();
    write(Format::Json, &sample::not_assessed(), &options, &mut out).unwrap();
    check(&out, &["plan9"]);
}

/// A log without results answers for what its tool is for, and ours for what was asked.
#[test]
fn sarif_without_results_tells_what_was_looked_for() {
    for (tool, expected) in [
        ("Trivy", ScanKind::Vulnerability),
        ("Grype", ScanKind::Vulnerability),
        ("gitleaks", ScanKind::Secret),
        ("Hadolint", ScanKind::Config),
    ] {
        let text = format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "{tool}"}}}}, "results": []}}]}}"#
        );
        let report = read(text.as_bytes(), None).unwrap();
        assert_eq!(report.kinds, [expected].into(), "{tool}");
    }
    // Several tools in one log, each for its own purpose.
    let text = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "gitleaks"}}, "results": []},
        {"tool": {"driver": {"name": "Grype"}}, "results": [{"ruleId": "CVE-2024-1-zlib", "message": {"text": "x"}}]}]}"#;
    let report = read(text.as_bytes(), None).unwrap();
    assert_eq!(report.scanner.as_str(), "gitleaks + grype");
    assert_eq!(
        report.kinds,
        [ScanKind::Vulnerability, ScanKind::Secret].into()
    );
    assert_eq!(report.vulnerabilities.len(), 1);
    let mut ours = sample::clean();
    ours.scanners = vec!["secret".to_owned(), "config".to_owned()];
    let mut out = Vec::new();
    write(Format::Sarif, &ours, &WriteOptions::default(), &mut out).unwrap();
    let report = read(&out, None).unwrap();
    assert_eq!(report.kinds, [ScanKind::Secret, ScanKind::Config].into());
}
