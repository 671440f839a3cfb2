//! Commands that look at reports: compare, assess, measure.

use std::path::Path;

use jiff::Timestamp;
use seaworthy_model::{Report, TargetKind};
use seaworthy_monitor::{
    AssessOptions, Context, Evidence, Fleet, Framework, RuleSet, Scanned, SecurityMetrics, View,
    Waivers, evaluate, iso, measure, openmetrics, prometheus_text, push_requests,
};

use super::input::{Input, Reader};
use super::judge::Judge;
use crate::args::{AssessArgs, ComplianceArgs, DiffArgs, Global, MetricsArgs};
use crate::exit::{Failure, Outcome, Status};
use crate::terminal::Terminal;
use crate::view::{ViewFormat, check_views, write_views};

/// What commands that compare can write.
const COMPARED: [ViewFormat; 3] = [ViewFormat::Table, ViewFormat::Markdown, ViewFormat::Json];
/// What `metrics` can write.
const MEASURED: [ViewFormat; 5] = [
    ViewFormat::Table,
    ViewFormat::Markdown,
    ViewFormat::Json,
    ViewFormat::OpenMetrics,
    ViewFormat::Prometheus,
];

pub(super) fn view(global: &Global, all: bool) -> View {
    let terminal = Terminal::of_stdout(global.color);
    View {
        width: terminal.width,
        unicode: terminal.unicode,
        all,
    }
}

pub(super) fn now() -> Timestamp {
    let seconds = i64::try_from(crate::time::now()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

fn into_io(error: seaworthy_monitor::Error) -> std::io::Error {
    match error {
        seaworthy_monitor::Error::Write { source, .. } => source,
        other => std::io::Error::other(other),
    }
}

/// What could not be assessed makes the comparison worthless too.
fn standing(reports: [&Report; 2]) -> Status {
    let unknown = reports
        .iter()
        .any(|report| report.inventory.coverage.has_fatal() && !report.unknown_allowed);
    if unknown {
        Status::NotAssessed
    } else {
        Status::Pass
    }
}

/// What is waived in either of two reports; what VEX clears is taken out of them.
fn excused(judge: &Judge, reports: [&mut Report; 2]) -> Result<Waivers, Failure> {
    let mut all = Vec::new();
    for report in reports {
        all.extend(judge.excuse(report)?);
    }
    Ok(all.into_iter().collect())
}

/// New, fixed and remaining.
pub(crate) fn diff(args: DiffArgs, global: &Global) -> Outcome {
    check_views(&args.seen.view.output.specs, &COMPARED)?;
    let reader = Reader::new(&args.seen.input, global)?;
    let judge = Judge::of_standing(&args.seen.standing, reader.source())?;
    let (mut old, mut new) = (reader.report(&args.old)?, reader.report(&args.new)?);
    let waivers = excused(&judge, [&mut old.report, &mut new.report])?;
    let diff = seaworthy_monitor::diff(&old.report, &new.report, &waivers);
    let view = view(global, args.seen.view.rows.all);
    write_views(&args.seen.view.output.specs, &|format, out| {
        Some(
            match format {
                ViewFormat::Table => diff.write_table(view, out),
                ViewFormat::Markdown => diff.write_markdown(out),
                ViewFormat::Json => diff.write_json(out),
                _ => return None,
            }
            .map_err(into_io),
        )
    })?;
    Ok(standing([&old.report, &new.report]))
}

/// The image before and after the hardening.
pub(crate) fn assess(args: AssessArgs, global: &Global) -> Outcome {
    check_views(&args.seen.view.output.specs, &COMPARED)?;
    let reader = Reader::new(&args.seen.input, global)?;
    let judge = Judge::of_standing(&args.seen.standing, reader.source())?;
    let (mut before, mut after) = (reader.report(&args.before)?, reader.report(&args.after)?);
    let options = AssessOptions {
        project: args.project.name(),
        now: now(),
        waivers: excused(&judge, [&mut before.report, &mut after.report])?,
    };
    let assessment = seaworthy_monitor::assess(&before.report, &after.report, &options);
    let view = view(global, args.seen.view.rows.all);
    write_views(&args.seen.view.output.specs, &|format, out| {
        Some(match format {
            ViewFormat::Table => out.write_all(assessment.table(view).as_bytes()),
            ViewFormat::Markdown => out.write_all(assessment.markdown().as_bytes()),
            ViewFormat::Json => assessment.write_json(out).map_err(into_io),
            _ => return None,
        })
    })?;
    Ok(assessment.final_status.exit_class().into())
}

/// Figures for dashboards and alerts.
pub(crate) fn metrics(args: MetricsArgs, global: &Global) -> Outcome {
    check_views(&args.seen.view.output.specs, &MEASURED)?;
    let reader = Reader::new(&args.seen.input, global)?;
    let now = now();
    let judge = Judge::of_standing(&args.seen.standing, reader.source())?;
    let (project, environment) = (args.project.name(), args.environment());
    let mut fleet = Fleet::default();
    let mut unassessed = false;
    reader.reports(&args.reports, &mut |input| {
        let Input {
            mut report,
            scanned_at,
        } = input;
        let waivers = judge.excused(&mut report)?;
        let measurement = measure(
            &report,
            &Context {
                project: project.clone(),
                environment: environment.clone(),
                scanned_at,
                waivers,
            },
        );
        unassessed |= !measurement.assessed;
        fleet.push(measurement);
        Ok(())
    })?;
    let summary = fleet.summary(now);
    let view = view(global, args.seen.view.rows.all);
    write_views(&args.seen.view.output.specs, &|format, out| {
        Some(match format {
            ViewFormat::Table => out.write_all(summary.table(view).as_bytes()),
            ViewFormat::Markdown => out.write_all(summary.markdown().as_bytes()),
            ViewFormat::OpenMetrics => out.write_all(openmetrics(&fleet, now).as_bytes()),
            ViewFormat::Prometheus => out.write_all(prometheus_text(&fleet, now).as_bytes()),
            // One image has the field's file; several have a summary that holds one of each.
            ViewFormat::Json => match fleet.measurements() {
                [only] => SecurityMetrics::new(only, now).write_json(out),
                _ => summary.write_json(out),
            }
            .map_err(into_io),
            ViewFormat::Svg => return None,
        })
    })?;
    if let Some(gateway) = &args.push {
        let requests = push_requests(&fleet, &args.job, now).map_err(Failure::usage)?;
        let client = seaworthy_source::http::Client::new(reader.source())?;
        for request in requests {
            let url = format!("{}{}", gateway.trim_end_matches('/'), request.path);
            client.put(&url, request.content_type, request.body.into())?;
        }
    }
    Ok(if unassessed {
        Status::NotAssessed
    } else {
        Status::Pass
    })
}

/// Which controls the checks speak for and against.
pub(crate) fn compliance(args: ComplianceArgs, global: &Global) -> Outcome {
    check_views(&args.seen.view.output.specs, &COMPARED)?;
    let reader = Reader::new(&args.seen.input, global)?;
    let judge = Judge::of_standing(&args.seen.standing, reader.source())?;
    let Input {
        mut report,
        scanned_at,
    } = reader.report(&args.report)?;
    let scanned = looked_for(&report);
    let waivers = judge.excused(&mut report)?;
    let frameworks = if args.framework.is_empty() {
        Framework::ALL.to_vec()
    } else {
        args.framework.clone()
    };
    let evidence = Evidence {
        report: &report,
        scanned,
        rules: rules(),
        supply: judge.supply(&report)?,
        scanned_at,
        now: now(),
        waivers,
    };
    let pages: Vec<_> = frameworks
        .into_iter()
        .map(|framework| evaluate(framework, &evidence))
        .collect();
    let view = view(global, args.seen.view.rows.all);
    write_views(&args.seen.view.output.specs, &|format, out| {
        let joined = |pages: Vec<String>| pages.join("\n");
        Some(match format {
            ViewFormat::Table => {
                out.write_all(joined(pages.iter().map(|p| p.table(view)).collect()).as_bytes())
            }
            ViewFormat::Markdown => {
                out.write_all(joined(pages.iter().map(|p| p.markdown()).collect()).as_bytes())
            }
            ViewFormat::Json => match pages.as_slice() {
                [only] => only.write_json(out).map_err(into_io),
                _ => serde_json::to_writer_pretty(&mut *out, &pages)
                    .map_err(std::io::Error::from)
                    .and_then(|()| out.write_all(b"\n")),
            },
            _ => return None,
        })
    })?;
    Ok(standing([&report, &report]))
}

/// What a report's scan looked for.
fn looked_for(report: &Report) -> Scanned {
    let ran = |name: &str| report.scanners.iter().any(|scanner| scanner == name);
    let mut configurations: std::collections::BTreeSet<String> = report
        .misconfigurations
        .iter()
        .map(|finding| finding.kind.clone())
        .collect();
    if ran("config") && report.target.kind == TargetKind::Image {
        configurations.insert("image".to_owned());
    }
    Scanned {
        vulnerabilities: ran("vuln"),
        secrets: ran("secret"),
        configurations,
    }
}

/// Every rule for configurations that this program has.
fn rules() -> RuleSet {
    let mut rules = RuleSet::default();
    for rule in seaworthy_misconfig::catalogue() {
        let ids = std::iter::once(rule.id).chain(rule.references.iter().copied());
        rules.insert(rule.kind.name(), ids);
    }
    rules
}

/// When a file was written, as the time of the scan that it holds.
pub(super) fn written_at(path: &Path) -> Option<Timestamp> {
    let modified = std::fs::metadata(path).ok()?.modified().ok()?;
    let time = Timestamp::try_from(modified).ok()?;
    // To the second, as all times here.
    iso(time).parse().ok()
}
