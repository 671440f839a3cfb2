//! Checks files and prints what is wrong with them, one line each: `cargo run -p seaworthy-misconfig
//! --example check -- [--rules FILE]... FILE...`.

use std::io::Write as _;
use std::sync::Arc;

use seaworthy_misconfig::{CustomRules, Options, lint_file};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut rules, mut files) = (Vec::new(), Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--rules" {
            let path = arguments.next().ok_or("--rules needs a file")?;
            let bytes = std::fs::read(&path)?;
            rules.push((path, bytes));
        } else {
            files.push(argument);
        }
    }
    let options = Options {
        custom: Arc::new(CustomRules::load(&rules)?),
        ..Options::default()
    };
    let mut out = std::io::stdout().lock();
    for path in files {
        let (findings, coverage) = lint_file(&path, &std::fs::read(&path)?, &options);
        for finding in findings {
            let place = &finding.location;
            writeln!(
                out,
                "{}:{}:{}: {} {}: {}: {}",
                place.path,
                place.start_line,
                place.start_column,
                finding.severity,
                finding.rule,
                finding.object,
                finding.message
            )?;
        }
        for gap in coverage {
            writeln!(out, "{}: not assessed: {}", gap.subject, gap.detail)?;
        }
    }
    Ok(())
}
