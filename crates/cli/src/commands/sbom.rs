use seaworthy_report::{Format, WriteOptions};
use seaworthy_scan::{Database, ScanOptions, assess, read};
use seaworthy_source::TargetRef;

use crate::args::{Global, SbomArgs};
use crate::exit::{Failure, Outcome, Status};
use crate::output::write_report;
use crate::progress::Bars;

/// Writes the inventory of a target; nothing is looked up.
pub(crate) fn run(args: SbomArgs, global: &Global) -> Outcome {
    if let Some(spec) = args
        .output
        .iter()
        .find(|spec| !matches!(spec.format, Format::CycloneDx | Format::Json | Format::Csv))
    {
        return Err(Failure::usage(format!(
            "{} is no format of a bill of materials",
            spec.format
        ))
        .hint("cyclonedx, json, csv"));
    }
    let target = TargetRef::parse(&args.target)?;
    let bars = Bars::new(super::quiet(global));
    let mut options = ScanOptions {
        read: super::read_options(&args.source)?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..ScanOptions::default()
    };
    options.matching.os = false;
    options.matching.language = false;
    let scanned = read(&target, &options.read, &bars)?;
    let report = assess(scanned, &Database::from_shards(Vec::new()), &options);
    for spec in &args.output {
        write_report(spec, &report, &WriteOptions::default())?;
    }
    if report.inventory.coverage.has_fatal() {
        return Ok(Status::NotAssessed);
    }
    Ok(Status::Pass)
}
