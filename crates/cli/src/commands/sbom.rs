use seaworthy_report::Format;
use seaworthy_scan::{Database, ScanOptions, assess, read};

use super::input::named_target;
use crate::args::{Global, SbomArgs};
use crate::exit::{Failure, Outcome, Status};
use crate::output::{OutputFormat, write_options, write_report};
use crate::progress::Bars;

/// Writes the inventory of a target; nothing is looked up.
pub(crate) fn run(args: SbomArgs, global: &Global) -> Outcome {
    let outputs = &args.output.specs;
    crate::output::distinct_places(outputs.iter().map(|spec| &spec.file))?;
    let is_bill = |format: &OutputFormat| {
        matches!(
            format,
            OutputFormat::Report(Format::CycloneDx | Format::Spdx | Format::Json | Format::Csv)
                | OutputFormat::GitlabSboms
        )
    };
    if let Some(spec) = outputs.iter().find(|spec| !is_bill(&spec.format)) {
        return Err(Failure::usage(format!(
            "{} is no format of a bill of materials",
            spec.format.name()
        ))
        .hint("cyclonedx, spdx, json, csv, gitlab-sboms=DIR"));
    }
    let target = named_target(&args.target)?;
    let bars = Bars::new(super::quiet(global));
    let mut options = ScanOptions {
        read: super::read_options(&args.source)?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..ScanOptions::default()
    };
    options.matching.os = false;
    options.matching.language = false;
    let write = write_options(global);
    let scanned = read(&target, &options.read, &bars)?;
    let report = assess(scanned, &Database::from_shards(Vec::new()), &options);
    for spec in outputs {
        write_report(spec, &report, &write)?;
    }
    if report.inventory.coverage.has_fatal() {
        return Ok(Status::NotAssessed);
    }
    Ok(Status::Pass)
}
