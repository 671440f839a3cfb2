use std::io::{self, Write};
use std::path::Path;

use seaworthy_advisories::{BuildOptions, BuildSummary, Error};
use seaworthy_source::Progress as _;
use seaworthy_vulndb::{Database, EndRef, Row};

use crate::args::{DatabaseArgs, Global};
use crate::exit::{Failure, Outcome, Status};
use crate::output::print;
use crate::progress::Bars;

/// Reads upstream feeds and writes shards.
pub(crate) fn build(
    feeds: &Path,
    out: &Path,
    force: bool,
    restricted: bool,
    global: &Global,
) -> Outcome {
    let bars = Bars::new(global.quiet);
    let options = BuildOptions {
        force,
        restricted,
        threads: std::thread::available_parallelism().map_or(2, usize::from),
        ..BuildOptions::default()
    };
    let result = seaworthy_advisories::build(feeds, out, &options, &|file| bars.start(file, None));
    bars.finish();
    let (summary, failure) = match result {
        Ok(summary) => (summary, None),
        Err(Error::Refused { summary, refusals }) => {
            let refused: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            let failure = Failure::failed(format!(
                "the shards of these sources were left as they were: {}",
                refused.join("; ")
            ))
            .hint("mend the feed, or build with --force");
            (*summary, Some(failure))
        }
        Err(error @ (Error::NoFeeds { .. } | Error::Options(_))) => {
            return Err(Failure::usage(error)
                .hint("docs/database.md says how a folder of feeds is laid out"));
        }
        Err(error) => return Err(Failure::failed(error)),
    };
    if !global.quiet {
        print(|out_to| summarise(out_to, &summary, out))?;
    }
    failure.map_or(Ok(Status::Pass), Err)
}

fn summarise(out: &mut dyn Write, summary: &BuildSummary, folder: &Path) -> io::Result<()> {
    writeln!(
        out,
        "{:<20} {:>9} {:>9} {:>9} {:>7}  newest",
        "source", "records", "rows", "skipped", "broken"
    )?;
    for source in &summary.sources {
        writeln!(
            out,
            "{:<20} {:>9} {:>9} {:>9} {:>7}  {}",
            source.name, source.records, source.rows, source.skipped, source.broken, source.date
        )?;
        for named in &source.named {
            writeln!(out, "    broken: {}", crate::terminal::one_line(named))?;
        }
    }
    if !summary.unread.is_empty() {
        writeln!(out, "no reader for: {}", summary.unread.join(", "))?;
    }
    let bytes: u64 = summary.shards.iter().map(|shard| shard.bytes).sum();
    #[allow(clippy::cast_precision_loss, reason = "for people")]
    let megabytes = bytes as f64 / 1e6;
    writeln!(
        out,
        "{} files, {megabytes:.1} MB, in {}",
        summary.shards.len(),
        folder.display()
    )
}

/// Says which shards there are, and whether they are whole; nothing behind them is looked at.
pub(crate) fn info(args: &DatabaseArgs, verify: bool) -> Outcome {
    let database = match super::database_directory(args) {
        Some(directory) => Database::open_dir(&directory).map_err(Failure::usage)?,
        None => seaworthy_advisories::starter_database(),
    };
    let mut status = Status::Pass;
    let mut lines = Vec::new();
    for shard in database.keys().filter_map(|key| database.shard(key)) {
        let meta = shard.meta();
        let sources: Vec<&str> = meta.sources.iter().map(|s| s.name.as_str()).collect();
        let damaged = verify && !shard.verify();
        if damaged {
            status = Status::GateFailed;
        }
        lines.push(format!(
            "{:<24} {:>8} rows  {:<10}  {}  {}{}",
            meta.key,
            shard.rows(),
            meta.date(),
            sources.join(", "),
            shard.digest(),
            if damaged { "  DAMAGED" } else { "" }
        ));
    }
    if lines.is_empty() {
        lines.push(format!("no shards in {}", database.location()));
    }
    print(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))?;
    Ok(status)
}

/// Shows the rows about an id or a package.
pub(crate) fn lookup(what: &str, args: &DatabaseArgs) -> Outcome {
    let database = super::database(args)?;
    let mut lines = Vec::new();
    for key in all_keys(&database) {
        let Some(shard) = database.shard(&key) else {
            continue;
        };
        let mut rows: Vec<String> = shard
            .find_id(what)
            .chain(shard.lookup(what))
            .map(|row| line(&key, row))
            .collect();
        rows.sort();
        rows.dedup();
        lines.extend(rows);
    }
    if let Some(vector) = database.cvss().and_then(|table| table.get(what)) {
        lines.push(format!("cvss   {vector}"));
    }
    if let Some(epss) = database.epss().and_then(|table| table.get(what)) {
        lines.push(format!("epss   {epss:?}"));
    }
    if database.kev().and_then(|table| table.get(what)).is_some() {
        lines.push("kev    known to be exploited".to_owned());
    }
    if lines.is_empty() {
        return Err(Failure::new(
            Status::NotAssessed,
            format!("{} says nothing about {what}", database.location()),
        ));
    }
    print(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))?;
    Ok(Status::Pass)
}

fn all_keys(database: &Database) -> Vec<String> {
    database.keys().map(str::to_owned).collect()
}

fn line(key: &str, row: Row<'_>) -> String {
    let ranges: Vec<String> = row
        .intervals()
        .map(|(start, end)| {
            let from = if start.is_empty() {
                "all".to_owned()
            } else {
                format!(">= {start}")
            };
            match end {
                EndRef::Fixed(version) => format!("{from}, fixed in {version}"),
                EndRef::LastAffected(version) => format!("{from}, last affected {version}"),
                EndRef::Open => format!("{from}, no fix"),
            }
        })
        .collect();
    format!(
        "{key:<16} {:<20} {:<28} {:<10} {:<12} {}",
        row.id(),
        row.package(),
        row.severity().map_or("unrated", |s| s.name()),
        row.state().name(),
        ranges.join("; ")
    )
}
