//! `seaworthy gitlab dependencies`: GitLab's dependency scanning, from the lockfiles of a project.

use std::path::PathBuf;
use std::time::Instant;

use seaworthy_report::{Format, GitLabOptions, WriteOptions};
use seaworthy_scan::{Filter, PackageTypes, ScanOptions};
use seaworthy_source::TargetRef;

use super::files::Allowlist;
use super::variables::Variables;
use super::{approve, say};
use crate::args::{GitlabDependenciesArgs, Global};
use crate::commands::{Advisories, matching, scanned};
use crate::exit::{Failure, Outcome, Status};
use crate::output::{OutputFormat, OutputSpec, write_options, write_report};
use crate::progress::Bars;

/// Scans the project and writes a bill of materials beside each lockfile, and the report.
pub(crate) fn run(args: GitlabDependenciesArgs, global: &Global) -> Outcome {
    let began = Instant::now();
    let start_time = crate::time::date_time(crate::time::now());
    let lookup = |name: &str| std::env::var(name).ok();
    let variables = Variables::read(&lookup);
    for warning in &variables.warnings {
        say("WARN", warning);
    }
    let project = args
        .directory
        .clone()
        .unwrap_or_else(|| variables.project.clone());
    let allowlist = Allowlist::of(&variables.project).map_err(Failure::usage)?;
    let advisories = Advisories::open(&args.database)?;
    let packages = PackageTypes {
        os: false,
        language: true,
    };
    let mut options = ScanOptions {
        matching: matching(packages, &args.database),
        filter: Filter {
            severity: variables.severity,
            ignore_unfixed: variables.ignore_unfixed,
            ignore_status: variables.ignore_status.clone(),
            fail_on: args.report.fail.on,
        },
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..ScanOptions::default()
    };
    options.read.packages = packages;
    options.read.analysis.threads = std::thread::available_parallelism().map_or(2, usize::from);
    let bars = Bars::new(global.quiet);
    let mut report = scanned(
        &TargetRef::Dir(project.clone()),
        &options,
        &advisories,
        &bars,
    )?;
    let approved = allowlist.approved("");
    approve(&mut report, args.report.fail.on, &approved);
    let write = WriteOptions {
        all: true,
        start_time,
        elapsed: Some(began.elapsed()),
        db_age_days: crate::commands::age(&report),
        gitlab: GitLabOptions {
            scanner_id: args.report.gitlab_scanner_id.clone(),
            schema_version: args.report.gitlab_schema_version.clone(),
            approved,
            ..GitLabOptions::default()
        },
        ..write_options(global)
    };
    let report_file = project.join("gl-dependency-scanning-report.json");
    let mut outputs = vec![
        (OutputFormat::GitlabSboms, Some(project)),
        (
            OutputFormat::Report(Format::GitLabDependencies),
            Some(report_file),
        ),
    ];
    if !variables.quiet && !global.quiet {
        outputs.push((OutputFormat::Report(Format::Table), None::<PathBuf>));
    }
    for (format, file) in outputs {
        write_report(&OutputSpec { format, file }, &report, &write)?;
    }
    Ok(Status::from(report.exit_class()))
}
