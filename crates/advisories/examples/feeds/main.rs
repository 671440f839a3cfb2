//! Builds a database from real feeds and checks facts in it that are known from elsewhere:
//! `cargo run --release --example feeds -- [FEEDS] [OUT]`. Says so, and passes, when there is no
//! folder of feeds.

#![allow(clippy::print_stdout, reason = "an example reports on its output")]

mod facts;
mod samples;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use seaworthy_advisories::{BuildOptions, BuildSummary, build};
use seaworthy_vulndb::{Database, file_name};

use crate::facts::{spot_checks, tables};
use crate::samples::samples;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args_os().skip(1);
    let feeds = arguments
        .next()
        .map_or_else(|| PathBuf::from("../shared/feeds"), PathBuf::from);
    if !feeds.is_dir() {
        println!("no feeds in {}: nothing checked", feeds.display());
        return Ok(());
    }
    let kept = arguments.next().map(PathBuf::from);
    let temporary = tempfile::tempdir()?;
    let out = kept.unwrap_or_else(|| temporary.path().join("db"));
    let options = BuildOptions {
        restricted: true,
        ..BuildOptions::default()
    };
    let summary = build(&feeds, &out, &options, &|_| {})?;
    counts(&summary);
    sizes(&out, &summary)?;
    let database = Database::open_dir(&out)?;
    spot_checks(&database)?;
    tables(&database)?;
    samples(&feeds.join("samples"), temporary.path())
}

fn counts(summary: &BuildSummary) {
    println!("| source | records | rows | skipped | broken | newest |");
    println!("|---|---:|---:|---:|---:|---|");
    for source in &summary.sources {
        println!(
            "| {} | {} | {} | {} | {} | {} |",
            source.name, source.records, source.rows, source.skipped, source.broken, source.date
        );
        for named in &source.named {
            println!("  broken: {named}");
        }
    }
    println!("no reader for: {}", summary.unread.join(", "));
}

/// The files' sizes, as they are mapped and as they travel, and that they stay in their bounds.
fn sizes(out: &Path, summary: &BuildSummary) -> Outcome<()> {
    let (mut mapped, mut packed) = (0, 0);
    let (mut alpine, mut days) = (0, 0);
    let mut all = Vec::new();
    for shard in &summary.shards {
        let bytes = fs::read(out.join(file_name(&shard.key)))?;
        let compressed = zstd::bulk::compress(&bytes, 19)?.len();
        mapped += bytes.len();
        packed += compressed;
        if shard.key.starts_with("alpine:") {
            alpine = alpine.max(compressed);
        }
        if shard.key == "published" {
            days = compressed;
        }
        all.push((compressed, bytes.len(), shard.rows, &shard.key));
    }
    all.sort_unstable_by(|a, b| b.cmp(a));
    println!("| file | rows | bytes mapped | bytes with zstd -19 |");
    println!("|---|---:|---:|---:|");
    for (compressed, bytes, rows, key) in all {
        println!("| {key} | {rows} | {bytes} | {compressed} |");
    }
    println!(
        "{} files, {mapped} bytes mapped, {packed} bytes with zstd -19",
        summary.shards.len()
    );
    ensure(packed <= 12_000_000, "all files compress to at most 12 MB")?;
    ensure(
        days < 600_000,
        "days of publication compress to less than 0.6 MB",
    )?;
    ensure(
        alpine < 100_000,
        "each release of Alpine compresses to less than 100 kB",
    )
}

fn ensure(holds: bool, what: &str) -> Outcome<()> {
    if holds {
        Ok(())
    } else {
        Err(format!("not so: {what}").into())
    }
}
