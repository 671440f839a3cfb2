//! A report by name: the file of an earlier scan, or a target that is scanned now.

use std::path::Path;

use jiff::Timestamp;
use seaworthy_model::Report;
use seaworthy_scan::ScanOptions;
use seaworthy_source::{SourceOptions, TargetRef};

use super::Advisories;
use crate::args::{Global, InputArgs};
use crate::exit::{Failure, Status};
use crate::progress::Bars;

/// Largest report that is read, in bytes.
const MAX_REPORT: u64 = 512 << 20;

/// Reports that each processor reads ahead.
const AHEAD: usize = 4;

/// A report and when it was made.
pub(crate) struct Input {
    pub(crate) report: Report,
    pub(crate) scanned_at: Option<Timestamp>,
}

/// Reads or makes reports.
pub(crate) struct Reader {
    options: ScanOptions,
    /// Opened by the first target: a stored report needs none.
    advisories: Advisories,
    bars: Bars,
}

impl Reader {
    pub(crate) fn new(input: &InputArgs, global: &Global) -> Result<Self, Failure> {
        let mut read = super::read_options(&input.source)?;
        read.scanners = super::scanners(&input.scanner)?;
        let options = ScanOptions {
            matching: super::matching(read.packages, &input.database),
            read,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..ScanOptions::default()
        };
        Ok(Self {
            options,
            advisories: Advisories::of(&input.database)?,
            bars: Bars::new(super::quiet(global)),
        })
    }

    /// How the network is reached.
    pub(crate) const fn source(&self) -> &SourceOptions {
        &self.options.read.source
    }

    /// The reports that names stand for, in their order. Files are read by all processors, a few
    /// ahead of what is looked at, so that any number of them needs the memory of those few.
    pub(crate) fn reports(
        &self,
        names: &[String],
        each: &mut dyn FnMut(Input) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        for batch in names.chunks(threads * AHEAD) {
            let part = batch.len().div_ceil(threads);
            let read = std::thread::scope(|scope| {
                let workers: Vec<_> = batch
                    .chunks(part)
                    .map(|names| {
                        scope.spawn(|| names.iter().map(|name| stored(name)).collect::<Vec<_>>())
                    })
                    .collect();
                workers
                    .into_iter()
                    .flat_map(|worker| match worker.join() {
                        Ok(inputs) => inputs,
                        Err(panic) => std::panic::resume_unwind(panic),
                    })
                    .collect::<Vec<_>>()
            });
            for (name, input) in batch.iter().zip(read) {
                match input? {
                    Some(input) => each(input)?,
                    None => each(self.report(name)?)?,
                }
            }
        }
        Ok(())
    }

    /// The report that a name stands for.
    pub(crate) fn report(&self, text: &str) -> Result<Input, Failure> {
        if let Some(input) = stored(text)? {
            return Ok(input);
        }
        let path = Path::new(text);
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
        self.advisories.check()?;
        let report = super::scanned(&target, &self.options, &self.advisories, &self.bars)?;
        let now = i64::try_from(crate::time::now()).ok();
        Ok(Input {
            report,
            scanned_at: now.and_then(|seconds| Timestamp::from_second(seconds).ok()),
        })
    }
}

/// The report of a file; none when it is none.
fn stored(text: &str) -> Result<Option<Input>, Failure> {
    let path = Path::new(text);
    if !path.is_file() {
        return Ok(None);
    }
    Ok(read_report(path)?.map(|report| Input {
        report,
        scanned_at: super::monitor::written_at(path),
    }))
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
    let head: Head = serde_json::from_slice(&bytes).map_err(|e| {
        Failure::usage(format!("{}: {e}", path.display()))
            .hint("a report is JSON, as `-o json=FILE` writes it")
    })?;
    let (Some(tool), Some(version)) = (head.tool.name, head.schema_version) else {
        return Ok(None);
    };
    if tool != "seaworthy" {
        return Ok(None);
    }
    if version.split('.').next() != Report::SCHEMA_VERSION.split('.').next() {
        return Err(Failure::usage(format!(
            "{} has the schema version {version}, this program reads {}",
            path.display(),
            Report::SCHEMA_VERSION
        ))
        .hint("scan again with this program"));
    }
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|e| Failure::usage(format!("{}: {e}", path.display())))
}

/// What tells our reports from other JSON.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Head {
    #[serde(deserialize_with = "lenient")]
    tool: HeadTool,
    #[serde(deserialize_with = "lenient")]
    schema_version: Option<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct HeadTool {
    #[serde(deserialize_with = "lenient")]
    name: Option<String>,
}

/// Nothing for what is of another shape: then it is no report of ours.
fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de> + Default,
{
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Either<T> {
        Wanted(T),
        Other(serde::de::IgnoredAny),
    }
    use serde::Deserialize as _;
    Ok(match Either::<T>::deserialize(deserializer)? {
        Either::Wanted(value) => value,
        Either::Other(_) => T::default(),
    })
}
