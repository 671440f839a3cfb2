use std::io::{self, Write};
use std::path::Path;

use seaworthy_advisories::{BuildOptions, BuildSummary, Error};
use seaworthy_source::Progress as _;

use crate::args::Global;
use crate::exit::{Failure, Outcome, Status};
use crate::output::print;
use crate::progress::Bars;

/// Reads upstream feeds and writes shards.
pub(super) fn run(
    feeds: &Path,
    out: &Path,
    force: bool,
    restricted: bool,
    global: &Global,
) -> Outcome {
    let managed = seaworthy_vulndb::current_generation(out)
        .map_err(|e| Failure::failed(format!("cannot read {}: {e}", out.display())))?;
    if managed.is_some() {
        return Err(Failure::usage(format!(
            "{} holds a database that `seaworthy db update` keeps",
            out.display()
        ))
        .hint(
            "build into another directory; `seaworthy db update --from DIR` takes its shards over",
        ));
    }
    let bars = Bars::new(global.quiet);
    let options = BuildOptions {
        force,
        restricted,
        today: Some(crate::time::day(crate::time::now())),
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
    // The list of the shards, whose digest pins them.
    let manifest = seaworthy_delivery::write_manifest(out, &super::now())
        .map_err(|error| super::failure(&error))?;
    if !global.quiet {
        print(|out_to| summarise(out_to, &summary, out))?;
        print(|out| writeln!(out, "digest {}", manifest.digest()))?;
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
