//! `seaworthy db update` and `db rollback`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::time::Duration;

use seaworthy_delivery::{
    Addresses, Directory, FetchOptions, Internet, Network, Origin, SourceStatus, State,
    UpdateReport, UpstreamOptions, default_feeds, is_table, update_from_published,
    update_from_upstream,
};
use seaworthy_scan::ReadOptions;
use seaworthy_source::TargetRef;

use super::{PROGRAM, failure, print_json, size};
use crate::args::{DirectoryArgs, Global, Shown, UpdateArgs};
use crate::exit::{Failure, Outcome, Status};
use crate::output::print;
use crate::progress::Bars;
use crate::terminal::one_line;

/// Brings the database up to date.
pub(super) fn run(args: &UpdateArgs, global: &Global) -> Outcome {
    let directory = super::directory_to_write(&args.remote.place)?;
    let addresses = addresses(args)?;
    // Once: the password may come on standard input.
    let options = crate::commands::read_options(&args.remote.source)?;
    let only = wanted(args, &options, global)?;
    let origin = origin(args, addresses.is_some(), &directory)?;
    let network = Internet::new(&options.source).map_err(|e| failure(&e))?;
    let bars = Bars::new(global.quiet);
    let waiting = |holder: &str| {
        if !global.quiet {
            let _ = writeln!(
                anstream::stderr().lock(),
                "waiting for {}, which updates the database",
                one_line(holder)
            );
        }
    };
    let work = Work {
        args,
        directory: &directory,
        network: &network,
        only,
        addresses,
    };
    let result = work.run(origin, &bars, &waiting);
    seaworthy_source::Progress::finish(&bars);
    let report = result?;
    match args.remote.shown.as_what {
        Shown::Json => print_json(&report)?,
        Shown::Table if global.quiet => {}
        Shown::Table => print(|out| show(out, &report, &directory))?,
    }
    if report.is_complete() {
        Ok(Status::Pass)
    } else {
        Err(incomplete(&report))
    }
}

/// The keys that the options name, and those that the targets ask for; none for those of the last
/// time.
fn wanted(
    args: &UpdateArgs,
    options: &ReadOptions,
    global: &Global,
) -> Result<Option<BTreeSet<String>>, Failure> {
    let mut only: BTreeSet<String> = args.only.iter().map(|key| key.trim().to_owned()).collect();
    only.retain(|key| !key.is_empty());
    for target in &args.targets {
        only.extend(keys_of(target, options, global)?);
    }
    Ok((!only.is_empty()).then_some(only))
}

/// Where the shards come from: what the options say, else where they came from the last time.
fn origin(args: &UpdateArgs, mirrored: bool, directory: &Directory) -> Result<Origin, Failure> {
    let state = State::read(directory.path()).map_err(|e| failure(&e))?;
    let named = args.from.as_deref().map(str::trim);
    let text = match (named, mirrored) {
        (Some(text), true) if text != "upstream" => {
            return Err(Failure::usage(
                "--base-url and --mirror-of are mirrors of upstream, and --from names another origin",
            ));
        }
        (Some(text), _) => text,
        (None, true) => "upstream",
        (None, false) => match state.origin {
            Some(origin) => return Ok(origin),
            None => "upstream",
        },
    };
    Origin::parse(text).map_err(|e| failure(&e))
}

/// What an update could not bring.
fn incomplete(report: &UpdateReport) -> Failure {
    let failed: Vec<String> = report
        .sources
        .iter()
        .filter_map(|source| match &source.status {
            SourceStatus::Failed(why) => Some(format!("{}: {why}", source.name)),
            SourceStatus::Refused(why) => Some(format!("{} was refused: {why}", source.name)),
            SourceStatus::Kept(other) => {
                Some(format!("{} waits for {other}, which failed", source.name))
            }
            SourceStatus::Updated | SourceStatus::Unchanged => None,
        })
        .collect();
    Failure::failed(failed.join("\n"))
        .hint("their shards stay as they were; the others are up to date")
}

struct Work<'a> {
    args: &'a UpdateArgs,
    directory: &'a Directory,
    network: &'a dyn Network,
    only: Option<BTreeSet<String>>,
    addresses: Option<Addresses>,
}

impl Work<'_> {
    fn run(
        self,
        origin: Origin,
        bars: &Bars,
        waiting: &dyn Fn(&str),
    ) -> Result<UpdateReport, Failure> {
        let (now, who) = (super::now(), super::who());
        let patience = Duration::from_secs(self.args.wait);
        match origin {
            Origin::Upstream { .. } => {
                let feeds = self.args.keep_feeds.clone();
                let options = UpstreamOptions {
                    network: self.network,
                    feeds: feeds.unwrap_or_else(|| default_feeds(self.directory.path())),
                    addresses: self.addresses,
                    only: self.only,
                    restricted: self.args.restricted,
                    force: self.args.force,
                    now: &now,
                    threads: super::threads().max(4),
                    patience,
                    who: &who,
                    program: PROGRAM,
                };
                update_from_upstream(self.directory, &options, bars, waiting)
            }
            origin => {
                let keys = super::public_keys(self.args.key.as_ref())?;
                let options = FetchOptions {
                    network: self.network,
                    origin,
                    only: self.only,
                    keys: &keys,
                    allow_older: self.args.allow_older,
                    now: &now,
                    threads: 4,
                    patience,
                    who: &who,
                };
                update_from_published(self.directory, &options, bars, waiting)
            }
        }
        .map_err(|e| failure(&e))
    }
}

fn addresses(args: &UpdateArgs) -> Result<Option<Addresses>, Failure> {
    if args.base_url.is_none() && args.mirror_of.is_empty() {
        return Ok(None);
    }
    let mut of = BTreeMap::new();
    for text in &args.mirror_of {
        let (source, url) = text.split_once('=').ok_or_else(|| {
            Failure::usage(format!("`{text}` is no mirror"))
                .hint("--mirror-of debian-tracker=https://mirror.example.com")
        })?;
        if seaworthy_delivery::catalogue::find(source).is_none() {
            let names: Vec<&str> = seaworthy_delivery::catalogue::SOURCES
                .iter()
                .map(|source| source.name)
                .collect();
            return Err(Failure::usage(format!("`{source}` is no source"))
                .hint(format!("there are {}", names.join(", "))));
        }
        of.insert(source.to_owned(), url.to_owned());
    }
    Ok(Some(Addresses {
        base: args.base_url.clone(),
        of,
    }))
}

/// The shards that a scan of a target asks for.
fn keys_of(
    target: &str,
    options: &ReadOptions,
    global: &Global,
) -> Result<BTreeSet<String>, Failure> {
    let target = TargetRef::parse(target)?;
    let (os, language) = (options.packages.os, options.packages.language);
    let scanned = seaworthy_scan::read(&target, options, &Bars::new(global.quiet))?;
    let known = seaworthy_delivery::catalogue::families();
    Ok(
        seaworthy_matching::shard_keys(&scanned.inventory, os, language)
            .into_iter()
            .filter(|key| known.contains(&seaworthy_delivery::catalogue::family(key)))
            // NVD's vectors are much to fetch from upstream: by name only.
            .filter(|key| key != "cvss")
            .collect(),
    )
}

fn show(out: &mut dyn Write, report: &UpdateReport, directory: &Directory) -> io::Result<()> {
    if !report.sources.is_empty() {
        writeln!(
            out,
            "{:<24} {:<10} {:>10} {:>9}  date",
            "source", "state", "received", "records"
        )?;
    }
    for source in &report.sources {
        let state = match &source.status {
            SourceStatus::Updated => "updated",
            SourceStatus::Unchanged => "unchanged",
            SourceStatus::Failed(_) => "failed",
            SourceStatus::Refused(_) => "refused",
            SourceStatus::Kept(_) => "kept",
        };
        writeln!(
            out,
            "{:<24} {state:<10} {:>10} {:>9}  {}",
            source.name,
            size(source.received),
            source.records,
            one_line(&source.date)
        )?;
    }
    for change in &report.shards {
        let table = is_table(&change.key);
        let rows = |rows: Option<u64>| match rows {
            None => "-".to_owned(),
            Some(_) if table => "table".to_owned(),
            Some(rows) => rows.to_string(),
        };
        writeln!(
            out,
            "{:<24} {:>9} -> {:<9} {}  {}",
            one_line(&change.key),
            rows(change.before),
            rows(change.after),
            if table { "    " } else { "rows" },
            size(change.size)
        )?;
    }
    for key in &report.empty {
        writeln!(out, "nothing is known about {}", one_line(key))?;
    }
    match &report.digest {
        Some(digest) => writeln!(
            out,
            "{}: generation {}, {}, {} received\n{digest}",
            directory.path().display(),
            report.generation,
            if report.changed { "new" } else { "unchanged" },
            size(report.received),
        ),
        None => writeln!(out, "{}: nothing yet", directory.path().display()),
    }
}

/// Goes back to the generation before.
pub(super) fn roll_back(place: &DirectoryArgs, global: &Global) -> Outcome {
    let directory = super::directory_to_read(place)?;
    let lock = directory
        .lock(Duration::from_secs(60), &super::who(), &|_| {})
        .map_err(|e| failure(&e))?;
    let manifest = directory.roll_back(&lock).map_err(|e| failure(&e))?;
    if !global.quiet {
        print(|out| {
            writeln!(
                out,
                "{}: {} is in use again\n{}",
                directory.path().display(),
                manifest.name(),
                manifest.digest()
            )
        })?;
    }
    Ok(Status::Pass)
}
