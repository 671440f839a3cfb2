use std::path::Path;

use seaworthy_report::merge::{ScanKind, ScannerRun, merge, write_merged};
use seaworthy_report::{GitLabOptions, WriteOptions};

use crate::args::{Global, MergeArgs, MergeOutput};
use crate::exit::{Failure, Outcome, Status};
use crate::output::{print, write_file, write_options};

/// Makes one report of several scanners'.
pub(crate) fn run(args: MergeArgs, global: &Global) -> Outcome {
    let outputs = &args.output.specs;
    crate::output::distinct_places(outputs.iter().map(|spec| &spec.file))?;
    let mut runs = Vec::new();
    for path in &args.reports {
        let bytes = super::read_bytes(path, 1 << 30)?;
        let report = seaworthy_report::read::read(&bytes, None)
            .map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
        runs.push(ScannerRun::answered(report));
    }
    let merged = merge(&runs, env!("CARGO_PKG_VERSION"));
    let options = WriteOptions {
        all: args.rows.all,
        gitlab: GitLabOptions {
            commit: super::commit(),
            ..GitLabOptions::default()
        },
        ..write_options(global)
    };
    for spec in outputs {
        let plain = WriteOptions {
            color: options.color && spec.file.is_none(),
            ..options.clone()
        };
        let format = match spec.format {
            MergeOutput::Format(format) => format,
            MergeOutput::Summaries => {
                let folder = spec.file.as_deref().unwrap_or(Path::new("."));
                crate::output::write_summaries(folder, &merged.summaries())?;
                continue;
            }
        };
        let write = |out: &mut dyn std::io::Write| {
            write_merged(format, &merged, &plain, out).map_err(crate::output::into_io)
        };
        match &spec.file {
            Some(path) => write_file(path, write)?,
            None => print(write)?,
        }
    }
    let answered = [
        ScanKind::Vulnerability,
        ScanKind::Secret,
        ScanKind::Config,
        ScanKind::License,
    ]
    .into_iter()
    .any(|kind| merged.has_answer(kind));
    if !answered {
        return Ok(Status::NotAssessed);
    }
    let broken = args.fail.on.is_some_and(|least| {
        (merged.findings.iter().map(|f| f.severity))
            .chain(merged.secrets.iter().map(|s| s.severity))
            .chain(merged.misconfigurations.iter().map(|m| m.severity))
            .any(|severity| severity >= least)
    });
    Ok(if broken {
        Status::GateFailed
    } else {
        Status::Pass
    })
}
