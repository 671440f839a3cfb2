//! Files for other systems.

use std::path::Path;
use std::time::Duration;

use seaworthy_manifests::{AlertOptions, DashboardOptions, alert_tests, alerts, dashboard};

use crate::args::{AlertsArgs, GenerateCommand};
use crate::exit::{Failure, Outcome, Status};
use crate::output::put;

/// Writes a file for another system.
pub(crate) fn run(command: GenerateCommand) -> Outcome {
    match command {
        GenerateCommand::Alerts(args) => write_alerts(args)?,
        GenerateCommand::Dashboard(args) => {
            let mut options = DashboardOptions {
                selectors: args.series.selector,
                score_below: args.series.score_below,
                ..DashboardOptions::default()
            };
            if let Some(title) = args.title {
                options.title = title;
            }
            put(
                args.series.out.as_deref(),
                &dashboard(&options).map_err(Failure::usage)?,
            )?;
        }
    }
    Ok(Status::Pass)
}

fn write_alerts(args: AlertsArgs) -> Result<(), Failure> {
    let rules = args
        .series
        .out
        .as_deref()
        .filter(|file| *file != Path::new("-"));
    if args.tests.is_some() && rules.is_none() {
        return Err(Failure::usage(
            "--tests needs --out, for the tests name the file of the rules",
        ));
    }
    let days = |days: u32| Duration::from_secs(u64::from(days) * 86_400);
    let mut options = AlertOptions {
        critical_above: args.critical_above,
        score_below: args.series.score_below,
        critical_older_than: days(args.critical_older_than),
        high_older_than: days(args.high_older_than),
        scan_older_than: days(args.scan_older_than),
        database_older_than: days(args.database_older_than),
        absent_for: Duration::from_secs(u64::from(args.absent_for) * 60),
        selectors: args.series.selector,
        runbook: args.runbook,
        ..AlertOptions::default()
    };
    for label in &args.label {
        let (name, value) = label.split_once('=').ok_or_else(|| {
            Failure::usage(format!("`{label}` is no label")).hint("--label team=web")
        })?;
        options.labels.insert(name.to_owned(), value.to_owned());
    }
    let text = alerts(&options).map_err(Failure::usage)?;
    let tests = match (&args.tests, rules) {
        (Some(file), Some(rules)) => {
            let name = rules.file_name().unwrap_or_default().to_string_lossy();
            let text = alert_tests(&options, &name).map_err(Failure::usage)?;
            Some((file, text))
        }
        _ => None,
    };
    put(args.series.out.as_deref(), &text)?;
    match tests {
        Some((file, text)) => put(Some(file), &text),
        None => Ok(()),
    }
}
