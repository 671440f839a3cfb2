//! The program as users run it.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

mod db;
mod excuses;
mod fetching;
mod field;
mod foreign;
mod gitlab;
mod includes;
mod mistakes;
mod monitor;
mod others;
mod pages;
mod place;
mod policy;
mod publishing;
mod scan;
mod server;
mod tidy;
mod tools;

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use seaworthy_vulndb::{Advisory, ShardBuilder, SourceInfo, file_name, write_atomically};

fn seaworthy(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

fn answers(arguments: &[&str], input: &str, code: i32, out: &str, err: &str) {
    let output = seaworthy(arguments, input);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    assert_eq!(stdout, out, "{arguments:?}");
    assert!(stderr.contains(err), "{arguments:?}: {stderr}");
}

#[test]
fn versions_are_compared() {
    let compare = |scheme, a, b| ["versions", "compare", scheme, a, b];
    answers(&compare("deb", "1.0~rc1", "1.0"), "", 0, "<\n", "");
    answers(&compare("rpm", "1:1.0-1", "2.0-1"), "", 0, ">\n", "");
    answers(&compare("maven", "1.0", "1"), "", 0, "=\n", "");
    answers(&compare("rpn", "1", "2"), "", 2, "", "not a version scheme");
    answers(
        &compare("pep440", "one", "2"),
        "",
        2,
        "",
        "`one` is not a pep440 version",
    );
    answers(
        &["versions", "compare", "deb", "1"],
        "",
        2,
        "",
        "second version",
    );
}

#[test]
fn lines_that_disagree_are_printed() {
    let check = ["versions", "compare", "pep440", "-"];
    answers(&check, "1.0a1 < 1.0\n\n1.0 = 1.0.0\n", 0, "", "");
    answers(
        &check,
        "1.0a1 > 1.0\n1 < 2\n",
        1,
        "1.0a1 > 1.0    but it is <\n",
        "",
    );
    answers(&check, "1 2\n", 2, "", "line 1");
}

#[test]
fn shards_are_listed_and_damage_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    answers(
        &["db", "info", "--db", path],
        "",
        0,
        &format!("no shards in {path}\n"),
        "",
    );
    let mut builder = ShardBuilder::new("debian:12", "deb").source(SourceInfo {
        name: "debian-tracker".to_owned(),
        date: "2026-11-20".to_owned(),
        records: 1,
    });
    builder.push(Advisory {
        package: "zlib".to_owned(),
        id: "CVE-2023-45853".to_owned(),
        ..Advisory::default()
    });
    let mut bytes = builder.build();
    let file = directory.path().join(file_name("debian:12"));
    write_atomically(&file, &bytes).unwrap();
    let output = seaworthy(&["db", "info", "--db", path, "--verify"], "");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        text.contains("debian:12") && text.contains("2026-11-20"),
        "{text}"
    );
    *bytes.last_mut().unwrap() ^= 1;
    write_atomically(&file, &bytes).unwrap();
    let output = seaworthy(&["db", "info", "--db", path, "--verify"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("DAMAGED"));
    answers(
        &["db", "info", "--db", "/nowhere"],
        "",
        2,
        "",
        "cannot read /nowhere",
    );
}

#[test]
fn help_goes_to_standard_output_and_mistakes_exit_2() {
    let help = seaworthy(&["--help"], "");
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&help.stdout).contains("Exit codes"));
    assert_eq!(seaworthy(&["skan"], "").status.code(), Some(2));
    let script = seaworthy(&["completions", "bash"], "");
    assert!(String::from_utf8_lossy(&script.stdout).contains("seaworthy"));
    let directory = tempfile::tempdir().unwrap();
    let man = seaworthy(&["man", directory.path().to_str().unwrap()], "");
    assert_eq!(man.status.code(), Some(0));
    assert!(directory.path().join("seaworthy.1").exists());
}
