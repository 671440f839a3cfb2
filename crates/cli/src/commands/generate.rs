use std::path::Path;

use seaworthy_manifests::{AlertOptions, DashboardOptions, alert_tests, alerts, dashboard};

use crate::args::GenerateCommand;
use crate::exit::{Failure, Outcome, Status};
use crate::output::{print, write_file};

/// Writes a file for another system.
pub(crate) fn run(command: GenerateCommand) -> Outcome {
    match command {
        GenerateCommand::Alerts(args) => {
            let mut options = AlertOptions {
                critical_above: args.critical_above,
                score_below: args.score_below,
                selectors: args.selector,
                runbook: args.runbook,
                ..AlertOptions::default()
            };
            for label in &args.label {
                let (name, value) = label.split_once('=').ok_or_else(|| {
                    Failure::usage(format!("`{label}` is no label")).hint("--label team=web")
                })?;
                options.labels.insert(name.to_owned(), value.to_owned());
            }
            put(
                args.out.as_deref(),
                &alerts(&options).map_err(Failure::usage)?,
            )?;
            if let Some(tests) = &args.tests {
                let rules = args.out.as_deref().ok_or_else(|| {
                    Failure::usage("--tests needs --out, for the tests name the file of the rules")
                })?;
                let name = rules.file_name().unwrap_or_default().to_string_lossy();
                put(
                    Some(tests),
                    &alert_tests(&options, &name).map_err(Failure::usage)?,
                )?;
            }
        }
        GenerateCommand::Dashboard(args) => {
            let mut options = DashboardOptions {
                selectors: args.selector,
                score_below: args.score_below,
                ..DashboardOptions::default()
            };
            if let Some(title) = args.title {
                options.title = title;
            }
            put(
                args.out.as_deref(),
                &dashboard(&options).map_err(Failure::usage)?,
            )?;
        }
    }
    Ok(Status::Pass)
}

fn put(file: Option<&Path>, text: &str) -> Result<(), Failure> {
    match file {
        Some(path) => write_file(path, |out| out.write_all(text.as_bytes())),
        None => print(|out| out.write_all(text.as_bytes())),
    }
}
