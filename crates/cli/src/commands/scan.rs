use std::time::Instant;

use seaworthy_matching::MatchOptions;
use seaworthy_model::Report;
use seaworthy_report::{Format, WriteOptions};
use seaworthy_scan::{Filter, ScanOptions, assess, read};
use seaworthy_source::TargetRef;

use super::policy::Judge;
use crate::args::{Global, ScanArgs};
use crate::exit::{Failure, Outcome, Status};
use crate::output::write_report;
use crate::progress::Bars;
use crate::terminal::Terminal;

/// Scans every target, writes every report, and ends with the worst exit status of all.
pub(crate) fn run(args: ScanArgs, global: &Global) -> Outcome {
    check_outputs(&args)?;
    let targets = args
        .targets
        .iter()
        .map(|text| TargetRef::parse(text))
        .collect::<Result<Vec<_>, _>>()?;
    let mut reading = super::read_options(&args.source)?;
    reading.scanners = super::scanners(&args.scanner)?;
    let database = super::database(&args.database)?;
    let today = crate::time::date(crate::time::now());
    let options = ScanOptions {
        matching: MatchOptions {
            os: reading.packages.os,
            language: reading.packages.language,
            now_date: Some(today),
            max_db_age_days: Some(args.database.max_db_age),
        },
        read: reading,
        filter: Filter {
            severity: args.gate.severity,
            ignore_unfixed: args.gate.ignore_unfixed,
            ignore_status: args.gate.ignore_status.clone(),
            fail_on: args.gate.fail_on,
        },
        allow_unknown: args.gate.allow_unknown,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let judge = match &args.policy {
        Some(path) => Some(Judge::load(path, &args.around)?),
        None => None,
    };
    let bars = Bars::new(super::quiet(global));
    let terminal = Terminal::of_stdout(global.color);
    let mut worst = Status::Pass;
    for (number, target) in targets.iter().enumerate() {
        let began = Instant::now();
        let start_time = crate::time::date_time(crate::time::now());
        let scanned = read(target, &options.read, &bars)?;
        // A policy sees what the display filters hide.
        let gate = judge.as_ref().map(|judge| {
            let unfiltered = ScanOptions {
                filter: Filter::default(),
                ..options.clone()
            };
            let report = assess(scanned.clone(), &database, &unfiltered);
            judge.verdict(&report).gate(judge.name())
        });
        let mut report = assess(scanned, &database, &options);
        if let Some(gate) = gate {
            report.gate = gate;
        }
        if let Some(file) = &args.history {
            let environment = args.around.environment.as_deref().unwrap_or_default();
            super::monitor::remember(file, &report, &args.project, environment)?;
        }
        let write = WriteOptions {
            color: terminal.color,
            width: terminal.width,
            unicode: terminal.unicode,
            all: args.all,
            start_time,
            end_time: crate::time::date_time(crate::time::now()),
            elapsed: Some(began.elapsed()),
            db_age_days: age(&report),
            ..WriteOptions::default()
        };
        for spec in &args.output {
            if number > 0 && spec.file.is_none() && spec.format == Format::Table {
                crate::output::print(|out| writeln!(out))?;
            }
            write_report(spec, &report, &write)?;
        }
        worst = worst.max(report.exit_class().into());
    }
    Ok(worst)
}

/// Two reports in one place would overwrite each other, or be no JSON any more.
fn check_outputs(args: &ScanArgs) -> Result<(), Failure> {
    crate::output::one_to_stdout(args.output.iter().map(|spec| &spec.file))?;
    for (at, spec) in args.output.iter().enumerate() {
        if let Some(file) = &spec.file
            && args.output[..at]
                .iter()
                .any(|other| other.file.as_ref() == Some(file))
        {
            return Err(Failure::usage(format!(
                "two formats go to {}",
                file.display()
            )));
        }
    }
    if args.targets.len() < 2 {
        return Ok(());
    }
    for spec in &args.output {
        let distinct = spec
            .file
            .as_ref()
            .map_or(spec.format == Format::Table, |file| {
                file.to_string_lossy().contains("{target}")
            });
        if !distinct {
            return Err(Failure::usage(format!(
                "several targets and one place for {}",
                spec.format
            ))
            .hint(format!("write -o {}=report-{{target}}", spec.format)));
        }
    }
    Ok(())
}

/// Age of the newest advisory in days.
pub(crate) fn age(report: &Report) -> Option<u32> {
    let today = crate::time::date(crate::time::now());
    let days = crate::time::days_between(&report.database.date, &today)?;
    u32::try_from(days.max(0)).ok()
}
