//! How fast secrets are looked for: `throughput DIRECTORY [--list]` reads the files beneath a
//! directory that an image scan would read into memory, looks at them in one thread, and prints
//! megabytes per second; `--list` also prints what was found.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use seaworthy_analysis::{Analyzer as _, Content, Facts, FileMeta};
use seaworthy_secrets::{Rules, SecretAnalyzer};

fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let usage = || io::Error::other("usage: throughput DIRECTORY [--list]");
    let root = PathBuf::from(args.next().ok_or_else(usage)?);
    let list = args.next().as_deref() == Some("--list");
    let start = Instant::now();
    let begun = clock(start);
    let analyzer = SecretAnalyzer::new(Arc::new(Rules::builtin()));
    let ready = clock(start) - begun;
    let mut files = Vec::new();
    walk(&root, &root, &analyzer, &mut files)?;
    let bytes: usize = files.iter().map(|(_, content)| content.len()).sum();

    let mut facts = Facts::default();
    let begun = clock(start);
    for (path, content) in &files {
        let file = FileMeta {
            path,
            size: content.len() as u64,
            mode: 0o644,
        };
        analyzer
            .analyze(&file, &mut Content::from_bytes(content), &mut facts)
            .map_err(io::Error::other)?;
    }
    let time = clock(start).saturating_sub(begun).as_secs_f64().max(1e-9);

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
    writeln!(
        out,
        "rules ready in {:.1} ms; {} files, {:.1} MB in {:.0} ms: {:.0} MB/s; {} secrets",
        ready.as_secs_f64() * 1e3,
        files.len(),
        bytes as f64 / 1e6,
        time * 1e3,
        bytes as f64 / 1e6 / time,
        facts.secrets.len()
    )
}

/// How long this thread has run, which other programs do not change; the wall clock where the
/// system does not say.
fn clock(start: Instant) -> Duration {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok())
        .map_or_else(|| start.elapsed(), Duration::from_nanos)
}

fn walk(
    root: &Path,
    dir: &Path,
    analyzer: &SecretAnalyzer,
    files: &mut Vec<(String, Vec<u8>)>,
) -> io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(dir)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        let meta = entry.metadata()?;
        if meta.is_dir() {
            walk(root, &path, analyzer, files)?;
        } else if meta.is_file() {
            let name = path.strip_prefix(root).unwrap_or(&path);
            let name = name.to_string_lossy().into_owned();
            let file = FileMeta {
                path: &name,
                size: meta.len(),
                mode: 0o644,
            };
            if analyzer.wants(&file) {
                files.push((name, std::fs::read(&path)?));
            }
        }
    }
    Ok(())
}
