//! How images did over time.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use seaworthy_model::Report;
use seaworthy_monitor::{
    ChartOptions, Context, Point, SvgOptions, Waivers, iso, measure, repository, svg_chart,
    text_chart,
};
use seaworthy_store::{History, ListFilter, Retention, ScanRecord};
use serde::Serialize;

use super::judge::Judge;
use super::monitor::{now, view};
use crate::args::{Global, TrendArgs};
use crate::exit::{Failure, Outcome, Status};
use crate::terminal::one_line;
use crate::view::{ViewFormat, check_views, write_views};

/// What is drawn of one image.
const DRAWN: [ViewFormat; 3] = [ViewFormat::Table, ViewFormat::Json, ViewFormat::Svg];
/// What is listed of all.
const LISTED: [ViewFormat; 2] = [ViewFormat::Table, ViewFormat::Json];

/// Draws one image, or lists all that the history has.
pub(crate) fn run(args: TrendArgs, global: &Global) -> Outcome {
    let views: &[ViewFormat] = if args.image.is_some() {
        &DRAWN
    } else {
        &LISTED
    };
    check_views(&args.view.output.specs, views)?;
    let since = match &args.since {
        Some(day) => Some(
            format!("{day}T00:00:00Z")
                .parse::<Timestamp>()
                .map_err(|_| Failure::usage(format!("`{day}` is no day of the form YYYY-MM-DD")))?,
        ),
        None => None,
    };
    let mut history = History::open_existing(&args.history)
        .map_err(|e| Failure::usage(e).hint("`seaworthy scan TARGET --history FILE` begins one"))?;
    match &args.image {
        Some(image) => draw(image, &args, since, &mut history, global),
        None => list(&args, since, &mut history),
    }
}

fn draw(
    image: &str,
    args: &TrendArgs,
    since: Option<Timestamp>,
    history: &mut History,
    global: &Global,
) -> Outcome {
    let series = history.trend(image, since).map_err(Failure::failed)?;
    if series.points.is_empty() && since.is_none() {
        return Err(Failure::new(
            Status::NotAssessed,
            format!("{} has no scan of {image}", args.history.display()),
        )
        .hint(format!(
            "`seaworthy trend --history {}` lists the images that it has",
            args.history.display()
        )));
    }
    let view = view(global, true);
    write_views(&args.view.output.specs, &|format, out| {
        Some(match format {
            ViewFormat::Table => {
                let options = ChartOptions {
                    view,
                    ..ChartOptions::default()
                };
                out.write_all(text_chart(&series, &options).as_bytes())
            }
            ViewFormat::Svg => out.write_all(svg_chart(&series, &SvgOptions::default()).as_bytes()),
            ViewFormat::Json => serde_json::to_writer_pretty(&mut *out, &series)
                .map_err(std::io::Error::from)
                .and_then(|()| out.write_all(b"\n")),
            _ => return None,
        })
    })?;
    Ok(Status::Pass)
}

/// One repository in the history.
#[derive(Serialize)]
struct Listed {
    repository: String,
    scans: usize,
    latest: Point,
}

fn list(args: &TrendArgs, since: Option<Timestamp>, history: &mut History) -> Outcome {
    let filter = ListFilter {
        since,
        ..ListFilter::default()
    };
    let mut images: BTreeMap<String, Listed> = BTreeMap::new();
    for scan in history.list(&filter).map_err(Failure::failed)? {
        images
            .entry(scan.repository.clone())
            .and_modify(|known| {
                known.scans += 1;
                if known.latest.at < scan.point.at {
                    known.latest = scan.point.clone();
                }
            })
            .or_insert_with(|| Listed {
                repository: scan.repository,
                scans: 1,
                latest: scan.point,
            });
    }
    let images: Vec<Listed> = images.into_values().collect();
    write_views(&args.view.output.specs, &|format, out| {
        Some(match format {
            ViewFormat::Table => table(&images, out),
            ViewFormat::Json => serde_json::to_writer_pretty(&mut *out, &images)
                .map_err(io::Error::from)
                .and_then(|()| out.write_all(b"\n")),
            _ => return None,
        })
    })?;
    Ok(Status::Pass)
}

fn table(images: &[Listed], out: &mut dyn Write) -> io::Result<()> {
    if images.is_empty() {
        return writeln!(out, "no scans in the history");
    }
    writeln!(
        out,
        "{:<42} {:>5}  {:<20} {:>5} {:>5} {:>5}",
        "image", "scans", "latest", "crit", "high", "score"
    )?;
    for image in images {
        let latest = &image.latest;
        let figures = if latest.assessed {
            format!(
                "{:>5} {:>5} {:>5}",
                latest.vulnerabilities.critical, latest.vulnerabilities.high, latest.security_score
            )
        } else {
            "not assessed".to_owned()
        };
        writeln!(
            out,
            "{:<42} {:>5}  {:<20} {figures}",
            one_line(&image.repository),
            image.scans,
            iso(latest.at).chars().take(19).collect::<String>()
        )?;
    }
    Ok(())
}

/// The history of a scan, and how long it is kept.
pub(crate) struct Kept<'a> {
    pub(crate) file: &'a Path,
    /// Days; none for ever.
    pub(crate) days: Option<u32>,
    pub(crate) project: &'a str,
    pub(crate) environment: &'a str,
}

/// Scans of each repository that are kept however old they are.
const KEEP_LATEST: u32 = 10;

/// Keeps the figures of a scan, from the report as it was before display filters, and draws what
/// became of its repository; none when this is the first scan of it.
pub(crate) fn remember(
    kept: &Kept<'_>,
    report: &Report,
    judge: Option<&Judge>,
) -> Result<Option<String>, Failure> {
    let now = now();
    let mut counted = report.clone();
    let waivers = match judge {
        Some(judge) => judge.excused(&mut counted)?,
        None => Waivers::default(),
    };
    let measurement = measure(
        &counted,
        &Context {
            project: kept.project.to_owned(),
            environment: kept.environment.to_owned(),
            scanned_at: Some(now),
            waivers,
        },
    );
    let mut history = History::open(kept.file).map_err(Failure::failed)?;
    history
        .append(&ScanRecord::new(&counted, &measurement, now))
        .map_err(Failure::failed)?;
    if let Some(days) = kept.days {
        let retention = Retention {
            since: now - jiff::SignedDuration::from_hours(24 * i64::from(days)),
            keep_latest: KEEP_LATEST,
        };
        history.prune(&retention).map_err(Failure::failed)?;
    }
    let image = repository(report.target.image());
    let series = history.trend(&image, None).map_err(Failure::failed)?;
    history.close().map_err(Failure::failed)?;
    Ok((series.points.len() > 1).then(|| svg_chart(&series, &SvgOptions::default())))
}
