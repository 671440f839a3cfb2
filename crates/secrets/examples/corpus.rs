//! Writes the corpus of the tests to a directory, and scores a scanner on it:
//! `corpus DIRECTORY`, then `corpus DIRECTORY ours`, `corpus DIRECTORY gitleaks REPORT.json`,
//! `corpus DIRECTORY trivy REPORT.json`.

#[path = "../tests/it/corpus/mod.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod corpus;

use std::error::Error;
use std::io::Write as _;
use std::path::Path;

use corpus::Corpus;
use seaworthy_secrets::{Rules, scan_text};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let corpus = Corpus::build();
    let reported = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [dir] => return write(&corpus, Path::new(dir)),
        [_, "ours"] => {
            let rules = Rules::builtin();
            let all = corpus.files.iter();
            all.flat_map(|(path, bytes)| scan_text(&rules, path, bytes))
                .map(|s| (s.location.path, s.location.start_line))
                .collect()
        }
        [dir, "gitleaks", report] => {
            gitleaks(dir, &serde_json::from_slice(&std::fs::read(report)?)?)
        }
        [_, "trivy", report] => trivy(&serde_json::from_slice(&std::fs::read(report)?)?),
        _ => return Err("usage: corpus DIRECTORY [ours | gitleaks REPORT | trivy REPORT]".into()),
    };
    let score = corpus.score(reported);
    writeln!(
        std::io::stdout(),
        "| {} | {} of {} | {} | {:.1}% | {:.1}% |",
        args[1],
        score.found,
        score.found + score.missed,
        score.wrong,
        share(score.found, score.wrong),
        share(score.found, score.missed)
    )?;
    Ok(())
}

fn share(part: usize, rest: usize) -> f64 {
    part as f64 * 100.0 / (part + rest).max(1) as f64
}

fn write(corpus: &Corpus, dir: &Path) -> Result<(), Box<dyn Error>> {
    for (path, bytes) in &corpus.files {
        let path = dir.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, bytes)?;
    }
    Ok(())
}

fn number(value: &Value) -> u32 {
    value
        .as_u64()
        .and_then(|n| u32::try_from(n).ok())
        .unwrap_or(0)
}

fn gitleaks(dir: &str, report: &Value) -> Vec<(String, u32)> {
    let findings = report.as_array().map(Vec::as_slice).unwrap_or_default();
    findings
        .iter()
        .map(|finding| {
            let file = finding["File"].as_str().unwrap_or_default();
            let path = file
                .strip_prefix(dir)
                .unwrap_or(file)
                .trim_start_matches('/');
            (path.to_owned(), number(&finding["StartLine"]))
        })
        .collect()
}

fn trivy(report: &Value) -> Vec<(String, u32)> {
    let results = report["Results"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    results
        .iter()
        .flat_map(|result| {
            let path = result["Target"]
                .as_str()
                .unwrap_or_default()
                .trim_start_matches('/');
            let secrets = result["Secrets"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            secrets
                .iter()
                .map(|s| (path.to_owned(), number(&s["StartLine"])))
        })
        .collect()
}
