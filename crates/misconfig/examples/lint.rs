//! Lints Dockerfiles and writes one JSON object per finding and line: file, line, the line of the
//! instruction, rule and references. Used by `bench/hadolint.sh`.
//!
//!     cargo run --release -p seaworthy-misconfig --example lint -- FILE...

use std::io::Write as _;

use seaworthy_misconfig::dockerfile::{LintOptions, lint};

fn main() -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let options = LintOptions::default();
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path)?;
        let (findings, _) = lint(&path, &bytes, &options);
        if findings.is_empty() {
            continue;
        }
        let (file, _) = seaworthy_dockerfile::parse_bytes(&bytes);
        let instructions = file.instructions();
        for finding in findings {
            let line = finding.location.start_line;
            let next = instructions.partition_point(|i| i.line <= line);
            let instruction = next.checked_sub(1).and_then(|i| instructions.get(i));
            let object = serde_json::json!({
                "file": path,
                "line": line,
                "instruction": instruction.map_or(line, |i| i.line),
                "rule": finding.rule,
                "references": finding.references,
            });
            writeln!(out, "{object}")?;
        }
    }
    out.flush()
}
