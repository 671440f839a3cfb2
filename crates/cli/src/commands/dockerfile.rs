use std::path::Path;

use seaworthy_misconfig::dockerfile::{LintOptions, MAX_SIZE};
use seaworthy_model::{Inventory, Target, TargetKind};
use seaworthy_report::WriteOptions;
use seaworthy_scan::{Filter, ScanOptions, Scanned, Scanners, assess, open_database};

use crate::args::{Global, LintArgs};
use crate::exit::{Failure, Outcome};
use crate::output::{write_options, write_report};

/// Where hadolint's own configuration lies by default.
const HADOLINT: [&str; 2] = [".hadolint.yaml", ".hadolint.yml"];

/// The configuration of hadolint, named or lying in the working directory.
pub(super) fn lint_options(named: Option<&Path>) -> Result<LintOptions, Failure> {
    let path = match named {
        Some(path) => path,
        None => match HADOLINT.map(Path::new).into_iter().find(|p| p.is_file()) {
            Some(path) => path,
            None => return Ok(LintOptions::default()),
        },
    };
    let text = super::read_text(path)?;
    LintOptions::from_hadolint_yaml(&path.display().to_string(), &text).map_err(Failure::usage)
}

/// Lints Dockerfiles of whatever name.
pub(crate) fn lint(args: LintArgs, global: &Global) -> Outcome {
    let options = lint_options(args.hadolint_config.as_deref())?;
    let mut inventory = Inventory::default();
    let mut misconfigurations = Vec::new();
    for path in &args.files {
        let bytes = super::read_bytes(path, MAX_SIZE as u64 + 1)?;
        let name = path.display().to_string();
        let (found, gaps) = seaworthy_misconfig::dockerfile::lint(&name, &bytes, &options);
        misconfigurations.extend(found);
        inventory.coverage.entries.extend(gaps);
    }
    misconfigurations.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
    let name = match args.files.as_slice() {
        [only] => only.display().to_string(),
        many => format!("{} Dockerfiles", many.len()),
    };
    let scanned = Scanned {
        target: Target {
            name,
            kind: TargetKind::Directory,
            source: "dockerfile".to_owned(),
        },
        inventory,
        secrets: Vec::new(),
        misconfigurations,
        licenses: Vec::new(),
    };
    let mut options = ScanOptions {
        filter: Filter {
            severity: args.severity,
            fail_on: args.fail.on,
            ..Filter::default()
        },
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..ScanOptions::default()
    };
    options.read.scanners = Scanners {
        vulnerabilities: false,
        configuration: Some(seaworthy_misconfig::Options::default()),
        ..Scanners::default()
    };
    let database = open_database(None, seaworthy_advisories::starter_database())?;
    let report = assess(scanned, &database, &options);
    let write = WriteOptions {
        // A linter's rows are what is asked for.
        all: true,
        ..write_options(global)
    };
    for spec in &args.output.specs {
        write_report(spec, &report, &write)?;
    }
    Ok(report.exit_class().into())
}
