//! A report by name: the file of an earlier scan, or a target that is scanned now.

use std::fs::File;
use std::io::{self, Read, Seek as _};
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

/// What some editors put before UTF-8 text.
const MARK: &[u8] = b"\xef\xbb\xbf";

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
        let target = named_target(text)?;
        self.advisories.check()?;
        let report = super::scanned(&target, &self.options, &self.advisories, &self.bars)?;
        Ok(Input {
            report,
            scanned_at: now(),
        })
    }
}

fn now() -> Option<Timestamp> {
    let seconds = i64::try_from(crate::time::now()).ok()?;
    Timestamp::from_second(seconds).ok()
}

/// The target that a name stands for, which is no report.
pub(super) fn named_target(text: &str) -> Result<TargetRef, Failure> {
    // A report that is not there must not be looked for in a registry. What has a colon says
    // itself what it is.
    if is_called_json(text) && !text.contains(':') && !Path::new(text).exists() {
        return Err(
            Failure::new(Status::NotAssessed, format!("{text}: no such file"))
                .hint(format!("write registry:{text} when it is an image")),
        );
    }
    Ok(TargetRef::parse(text)?)
}

fn is_called_json(text: &str) -> bool {
    let path = Path::new(text);
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

/// The report of a file or of standard input; none when the file is something else, an archive for
/// example.
pub(super) fn stored(text: &str) -> Result<Option<Input>, Failure> {
    let path = Path::new(text);
    if text == "-" {
        let bytes = whole("standard input", io::stdin().lock())?;
        return only_report("standard input", &bytes).map(Some);
    }
    let Ok(metadata) = std::fs::metadata(path) else {
        return Ok(None);
    };
    if metadata.is_dir() {
        return Ok(None);
    }
    let file = File::open(path).map_err(|e| unreadable(text, &e))?;
    // A pipe, of a shell's `<(…)` for example, can be read once only.
    if !metadata.is_file() {
        return only_report(text, &whole(text, file)?).map(Some);
    }
    if !looks_like_text(text, &file)? {
        return Ok(None);
    }
    let report = report_of(text, &whole(text, file)?)?;
    Ok(report.map(|report| Input {
        report,
        scanned_at: super::monitor::written_at(path),
    }))
}

/// Whether a file may be a report: it is called so, or begins like JSON. Archives are not read
/// here, for they may be large.
fn looks_like_text(name: &str, mut file: &File) -> Result<bool, Failure> {
    let mut first = [0; 64];
    let read = file.read(&mut first).map_err(|e| unreadable(name, &e))?;
    file.rewind().map_err(|e| unreadable(name, &e))?;
    let first = &first[..read];
    let first = first.strip_prefix(MARK).unwrap_or(first);
    let begins = first.iter().find(|b| !b.is_ascii_whitespace());
    Ok(is_called_json(name) || matches!(begins, Some(b'{' | b'[')))
}

/// All that a file or a pipe holds.
fn whole(name: &str, from: impl Read) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    from.take(MAX_REPORT + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| unreadable(name, &e))?;
    if bytes.len() as u64 > MAX_REPORT {
        return Err(Failure::usage(format!(
            "{name} has more than the {} MB that a report may have",
            MAX_REPORT >> 20
        )));
    }
    Ok(bytes)
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::failed(format!("cannot read {name}: {error}"))
}

/// A report where nothing else is possible.
fn only_report(name: &str, bytes: &[u8]) -> Result<Input, Failure> {
    match report_of(name, bytes)? {
        Some(report) => Ok(Input {
            report,
            scanned_at: now(),
        }),
        None => Err(no_report(name, "is a bill of materials, and no report")
            .hint("write it to a file and name that: sbom:FILE")),
    }
}

/// A report of ours or of another scanner; none for a bill of materials, which is a target.
/// Whatever else is said to be no report: it never counts as one without findings.
fn report_of(name: &str, bytes: &[u8]) -> Result<Option<Report>, Failure> {
    // The mark that some editors put at the beginning.
    let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
    if let [0xff, 0xfe, ..] | [0xfe, 0xff, ..] = bytes {
        return Err(no_report(
            name,
            "is UTF-16 text, as a shell's redirection may write it",
        ));
    }
    match bytes.iter().find(|b| !b.is_ascii_whitespace()) {
        None => return Err(no_report(name, "is empty")),
        Some(b'{' | b'[') => {}
        Some(_) => return Err(no_report(name, "is no report: it is no JSON")),
    }
    // What is cut off is told by whoever reads it whole.
    let head: Head = serde_json::from_slice(bytes).unwrap_or_default();
    if let (Some("seaworthy"), Some(version)) = (head.tool.name.as_deref(), &head.schema_version) {
        return own(name, version, bytes).map(Some);
    }
    match seaworthy_report::read::single(name, bytes) {
        Ok(None) if !head.is_bill() => Err(no_report(name, "is no report of a scanner")),
        Ok(report) => Ok(report),
        Err(error) => Err(no_report(name, &format!("is no whole report: {error}"))),
    }
}

/// One of ours.
fn own(name: &str, version: &str, bytes: &[u8]) -> Result<Report, Failure> {
    if version.split('.').next() != Report::SCHEMA_VERSION.split('.').next() {
        return Err(Failure::usage(format!(
            "{name} has the schema version {version}, this program reads {}",
            Report::SCHEMA_VERSION
        ))
        .hint("scan again with this program"));
    }
    let report: Report = serde_json::from_slice(bytes)
        .map_err(|e| no_report(name, &format!("is no whole report: {e}")))?;
    let packages = report.inventory.packages.len();
    match report.findings.iter().find(|f| f.package >= packages) {
        Some(finding) => Err(no_report(
            name,
            &format!(
                "is no whole report: {} is about a package that it does not list",
                finding.id
            ),
        )),
        None => Ok(report),
    }
}

fn no_report(name: &str, why: &str) -> Failure {
    Failure::usage(format!("{name} {why}")).hint(
        "a report is what `seaworthy scan TARGET -o json=FILE` writes, or the JSON of another scanner",
    )
}

/// What tells our reports from other JSON.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Head {
    #[serde(deserialize_with = "lenient")]
    tool: HeadTool,
    #[serde(deserialize_with = "lenient")]
    schema_version: Option<String>,
    #[serde(rename = "bomFormat", deserialize_with = "lenient")]
    bom_format: Option<String>,
    #[serde(rename = "spdxVersion", deserialize_with = "lenient")]
    spdx_version: Option<String>,
}

impl Head {
    const fn is_bill(&self) -> bool {
        self.bom_format.is_some() || self.spdx_version.is_some()
    }
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
