//! How fast secrets are looked for: `throughput DIRECTORY [--list]` reads every file beneath a
//! directory as an image scan would, and prints megabytes per second of what was read and of what
//! was looked at; `--list` also prints what was found.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use seaworthy_analysis::{Analyzer as _, Content, Facts, FileMeta};
use seaworthy_secrets::{Rules, SecretAnalyzer};

#[derive(Default)]
struct Totals {
    files: u64,
    wanted: u64,
    bytes: u64,
    wanted_bytes: u64,
    time: Duration,
}

fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let usage = || io::Error::other("usage: throughput DIRECTORY [--list]");
    let root = PathBuf::from(args.next().ok_or_else(usage)?);
    let list = args.next().as_deref() == Some("--list");
    let start = Instant::now();
    let analyzer = SecretAnalyzer::new(Arc::new(Rules::builtin()));
    let ready = start.elapsed();
    let mut totals = Totals::default();
    let mut facts = Facts::default();
    walk(&root, &root, &analyzer, &mut totals, &mut facts)?;
    let mut out = io::stdout().lock();
    if list {
        for secret in &facts.secrets {
            let place = &secret.location;
            writeln!(
                out,
                "{} {}:{} {}",
                secret.rule, place.path, place.start_line, secret.masked
            )?;
        }
        for gap in &facts.coverage {
            writeln!(out, "gap {}: {}", gap.subject, gap.detail)?;
        }
    }
    let rate = |bytes: u64| bytes as f64 / 1e6 / totals.time.as_secs_f64().max(1e-9);
    writeln!(
        out,
        "rules ready in {:.1} ms; {} of {} files, {} MB of {} MB looked at in {:.0} ms: {:.0} MB/s; {} secrets",
        ready.as_secs_f64() * 1e3,
        totals.wanted,
        totals.files,
        totals.wanted_bytes / 1_000_000,
        totals.bytes / 1_000_000,
        totals.time.as_secs_f64() * 1e3,
        rate(totals.wanted_bytes),
        facts.secrets.len()
    )
}

fn walk(
    root: &Path,
    dir: &Path,
    analyzer: &SecretAnalyzer,
    totals: &mut Totals,
    facts: &mut Facts,
) -> io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(dir)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        let meta = entry.metadata()?;
        if meta.is_dir() {
            walk(root, &path, analyzer, totals, facts)?;
        } else if meta.is_file() {
            let name = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned();
            let file = FileMeta {
                path: &name,
                size: meta.len(),
                mode: 0o644,
            };
            totals.files += 1;
            totals.bytes += meta.len();
            let asked = Instant::now();
            let wants = analyzer.wants(&file);
            totals.time += asked.elapsed();
            if wants {
                totals.wanted += 1;
                totals.wanted_bytes += meta.len();
                let mut bytes = Vec::new();
                File::open(&path)?.read_to_end(&mut bytes)?;
                let begun = Instant::now();
                let result = analyzer.analyze(&file, &mut Content::from_bytes(&bytes), facts);
                totals.time += begun.elapsed();
                result.map_err(io::Error::other)?;
            }
        }
    }
    Ok(())
}
