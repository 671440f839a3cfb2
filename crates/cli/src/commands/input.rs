//! A report by name: the file of an earlier scan, or a target that is scanned now.

use std::path::Path;

use jiff::Timestamp;
use seaworthy_matching::MatchOptions;
use seaworthy_model::Report;
use seaworthy_scan::{Database, ScanOptions, scan};
use seaworthy_source::{SourceOptions, TargetRef};

use crate::args::{Global, InputArgs};
use crate::exit::{Failure, Status};
use crate::progress::Bars;

/// Largest report that is read, in bytes.
const MAX_REPORT: u64 = 512 << 20;

/// A report and when it was made.
pub(crate) struct Input {
    pub(crate) report: Report,
    pub(crate) scanned_at: Option<Timestamp>,
}

/// Reads or makes reports; the database is opened only when something has to be scanned.
pub(crate) struct Reader {
    options: ScanOptions,
    database: Database,
    bars: Bars,
}

impl Reader {
    pub(crate) fn new(input: &InputArgs, global: &Global) -> Result<Self, Failure> {
        let mut read = super::read_options(&input.source)?;
        read.scanners = super::scanners(&input.scanner)?;
        let options = ScanOptions {
            matching: MatchOptions {
                os: read.packages.os,
                language: read.packages.language,
                now_date: Some(crate::time::date(crate::time::now())),
                max_db_age_days: Some(input.database.max_db_age),
            },
            read,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..ScanOptions::default()
        };
        Ok(Self {
            options,
            database: super::database(&input.database)?,
            bars: Bars::new(super::quiet(global)),
        })
    }

    /// How the network is reached.
    pub(crate) const fn source(&self) -> &SourceOptions {
        &self.options.read.source
    }

    /// The report that a name stands for.
    pub(crate) fn report(&self, text: &str) -> Result<Input, Failure> {
        let path = Path::new(text);
        if path.is_file()
            && let Some(report) = read_report(path)?
        {
            return Ok(Input {
                report,
                scanned_at: super::monitor::written_at(path),
            });
        }
        // A report that is not there must not be looked for in a registry.
        if !path.exists()
            && path
                .extension()
                .is_some_and(|extension| extension == "json")
        {
            return Err(
                Failure::new(Status::NotAssessed, format!("{text}: no such file"))
                    .hint(format!("write registry:{text} when it is an image")),
            );
        }
        let target = TargetRef::parse(text)?;
        let report = scan(&target, &self.database, &self.options, &self.bars)?;
        let now = i64::try_from(crate::time::now()).ok();
        Ok(Input {
            report,
            scanned_at: now.and_then(|seconds| Timestamp::from_second(seconds).ok()),
        })
    }
}

/// A JSON report of ours; none when the file is something else, an archive for example.
fn read_report(path: &Path) -> Result<Option<Report>, Failure> {
    use std::io::Read as _;

    let failed =
        |e: std::io::Error| Failure::failed(format!("cannot read {}: {e}", path.display()));
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut first = [0; 1];
    let is_object =
        matches!(file.read(&mut first), Ok(1)) && matches!(first[0], b'{' | b' ' | b'\n');
    if !is_object {
        return Ok(None);
    }
    if size > MAX_REPORT {
        return Err(Failure::usage(format!(
            "{} has {} MB, more than the {} MB that a report may have",
            path.display(),
            size >> 20,
            MAX_REPORT >> 20
        )));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| {
        Failure::usage(format!("{}: {e}", path.display()))
            .hint("a report is JSON, as `-o json=FILE` writes it")
    })?;
    if value["tool"]["name"] != "seaworthy" || !value["schema_version"].is_string() {
        return Ok(None);
    }
    let version = value["schema_version"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if version.split('.').next() != Report::SCHEMA_VERSION.split('.').next() {
        return Err(Failure::usage(format!(
            "{} has the schema version {version}, this program reads {}",
            path.display(),
            Report::SCHEMA_VERSION
        ))
        .hint("scan again with this program"));
    }
    serde_json::from_value(value)
        .map(Some)
        .map_err(|e| Failure::usage(format!("{}: {e}", path.display())))
}
