use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use seaworthy_model::{LicenseFinding, Report};
use seaworthy_report::merge::{
    MergeFormat, Merged, ScanKind, ScannerName, ScannerRun, merge, write_joined, write_merged,
};
use seaworthy_report::{Format, WriteOptions};

use crate::args::Global;
use crate::exit::Failure;
use crate::terminal::Terminal;

/// How standard output is written to, at this moment.
pub(crate) fn write_options(global: &Global) -> WriteOptions {
    let terminal = Terminal::of_stdout(global.color);
    let now = crate::time::date_time(crate::time::now());
    WriteOptions {
        color: terminal.color,
        width: terminal.width,
        unicode: terminal.unicode,
        start_time: now.clone(),
        end_time: now,
        ..WriteOptions::default()
    }
}

/// What can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OutputFormat {
    /// A report in one of its formats.
    Report(Format),
    /// A report through the user's own template.
    Template(PathBuf),
    /// The matrix of scanners and kinds.
    Matrix,
    /// The NOTICE file of what is in the target.
    Notice,
    /// One document per lockfile, as GitLab's dependency scanning has them.
    GitlabSboms,
    /// A summary per scanner and kind.
    ScannerSummaries,
    /// The reports of the scanners that were run, as they wrote them.
    ScannerReports,
}

impl OutputFormat {
    const OTHERS: [(Self, &'static str); 5] = [
        (Self::Matrix, "matrix"),
        (Self::Notice, "notice"),
        (Self::GitlabSboms, "gitlab-sboms"),
        (Self::ScannerSummaries, "scanner-summaries"),
        (Self::ScannerReports, "scanner-reports"),
    ];

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Report(format) => format.name(),
            Self::Template(_) => "template",
            other => Self::OTHERS
                .iter()
                .find(|(format, _)| format == other)
                .map_or("", |(_, name)| name),
        }
    }

    /// Whether it is several files in a directory.
    pub(crate) const fn is_directory(&self) -> bool {
        matches!(
            self,
            Self::GitlabSboms | Self::ScannerSummaries | Self::ScannerReports
        )
    }

    fn parse(word: &str) -> Result<Self, String> {
        let word = word.trim().to_ascii_lowercase();
        if let Some((format, _)) = Self::OTHERS.iter().find(|(_, name)| *name == word) {
            return Ok(format.clone());
        }
        word.parse()
            .map(Self::Report)
            .map_err(|e: seaworthy_report::UnknownFormat| {
                let names: Vec<&str> = Self::OTHERS.iter().map(|(_, name)| *name).collect();
                let more = format!(", {}, template=FILE)", names.join(", "));
                e.to_string().trim_end_matches(')').to_owned() + &more
            })
    }
}

/// `FORMAT`, `FORMAT=FILE`, `FORMAT=DIR` or `template=TEMPLATE[=FILE]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutputSpec {
    pub(crate) format: OutputFormat,
    pub(crate) file: Option<PathBuf>,
}

/// Splits `FORMAT` or `FORMAT=FILE`; `-` is standard output.
pub(crate) fn format_and_file(text: &str) -> Result<(&str, Option<PathBuf>), String> {
    match text.split_once('=') {
        Some((_, "")) => Err(format!("`{text}` names no file after `=`")),
        Some((format, "-")) => Ok((format, None)),
        Some((format, file)) => Ok((format, Some(PathBuf::from(file)))),
        None => Ok((text, None)),
    }
}

/// Two results in one stream would be neither.
pub(crate) fn one_to_stdout<'a>(
    files: impl Iterator<Item = &'a Option<PathBuf>>,
) -> Result<(), Failure> {
    if files.filter(|file| file.is_none()).count() > 1 {
        return Err(Failure::usage("two formats go to standard output")
            .hint("name a file for all but one: -o table -o json=report.json"));
    }
    Ok(())
}

/// Two results in one place would overwrite each other, or be neither.
pub(crate) fn distinct_places<'a>(
    files: impl Iterator<Item = &'a Option<PathBuf>> + Clone,
) -> Result<(), Failure> {
    one_to_stdout(files.clone())?;
    let mut seen = std::collections::BTreeSet::new();
    match files.flatten().find(|file| !seen.insert(*file)) {
        Some(file) => Err(Failure::usage(format!(
            "two formats go to {}",
            file.display()
        ))),
        None => Ok(()),
    }
}

impl FromStr for OutputSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, file) = format_and_file(text)?;
        if word.trim().eq_ignore_ascii_case("template") {
            let Some(file) = file else {
                return Err("`template` names no template: template=FILE[=OUT]".to_owned());
            };
            let text = file.to_string_lossy().into_owned();
            let (template, file) = format_and_file(&text)?;
            return Ok(Self {
                format: OutputFormat::Template(template.into()),
                file,
            });
        }
        let format = OutputFormat::parse(word)?;
        if format.is_directory() && file.is_none() {
            return Err(format!("`{word}` is several files: {word}=DIR"));
        }
        Ok(Self { format, file })
    }
}

impl OutputSpec {
    /// The file for one of several targets: `{target}` stands for its name.
    pub(crate) fn file_for(&self, target: &str) -> Option<PathBuf> {
        Some(file_named(self.file.as_ref()?, target))
    }
}

/// A file for one of several targets: `{target}` stands for its name.
pub(crate) fn file_named(file: &Path, target: &str) -> PathBuf {
    let safe: String = target
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '-'
            }
        })
        .collect();
    PathBuf::from(
        file.to_string_lossy()
            .replace("{target}", safe.trim_matches('.')),
    )
}

/// What another scanner wrote.
pub(crate) struct RawReport {
    pub(crate) scanner: ScannerName,
    /// What it was asked for.
    pub(crate) kinds: Vec<ScanKind>,
    pub(crate) bytes: Vec<u8>,
}

/// What one target gave.
pub(crate) struct Written<'a> {
    pub(crate) report: &'a Report,
    /// What other scanners say beside us.
    pub(crate) merged: Option<&'a Merged>,
    /// Their reports.
    pub(crate) raw: &'a [RawReport],
    /// Licences, whatever the display filters hide.
    pub(crate) licenses: &'a [LicenseFinding],
}

impl<'a> Written<'a> {
    /// Of our own scan.
    pub(crate) fn alone(report: &'a Report) -> Self {
        Self {
            report,
            merged: None,
            raw: &[],
            licenses: &report.licenses,
        }
    }
}

/// Writes one report to its file or to standard output.
pub(crate) fn write_report(
    spec: &OutputSpec,
    report: &Report,
    options: &WriteOptions,
) -> Result<(), Failure> {
    write_all(spec, &Written::alone(report), options)
}

/// Writes one format to its file, its directory or standard output.
pub(crate) fn write_all(
    spec: &OutputSpec,
    written: &Written<'_>,
    options: &WriteOptions,
) -> Result<(), Failure> {
    let Written {
        report,
        merged,
        raw,
        licenses,
    } = written;
    let place = spec.file_for(&report.target.name);
    let mut options = options.clone();
    options.color &= place.is_none();
    let to_place = |write: &dyn Fn(&mut dyn Write) -> io::Result<()>| match &place {
        Some(path) => write_file(path, write),
        None => print(write),
    };
    let directory = place.as_deref().unwrap_or(Path::new("."));
    match &spec.format {
        OutputFormat::Report(format) => to_place(&|out| {
            match merged {
                Some(merged) => write_joined(*format, report, merged, &options, out),
                None => seaworthy_report::write(*format, report, &options, out),
            }
            .map_err(into_io)
        }),
        OutputFormat::Template(template) => {
            let text = crate::commands::read_text(template)?;
            let name = template.to_string_lossy();
            // Before anything is written, so that a mistake leaves no file and is the user's.
            let mut page = Vec::new();
            seaworthy_report::write_template(report, &options, &name, &text, &mut page)
                .map_err(Failure::usage)?;
            to_place(&|out| out.write_all(&page))
        }
        OutputFormat::Matrix => {
            let alone;
            let merged = match merged {
                Some(merged) => *merged,
                None => {
                    let own = ScannerRun::own(report).map_err(Failure::failed)?;
                    alone = merge(&[own], env!("CARGO_PKG_VERSION"));
                    &alone
                }
            };
            to_place(&|out| {
                write_merged(MergeFormat::Matrix, merged, &options, out).map_err(into_io)
            })
        }
        OutputFormat::Notice => {
            let title = &report.target.name;
            let text = seaworthy_licenses::notice(title, &report.inventory, licenses);
            to_place(&|out| out.write_all(text.as_bytes()))
        }
        OutputFormat::GitlabSboms => sboms(directory, report, &options),
        OutputFormat::ScannerSummaries => summaries(directory, report, *merged),
        OutputFormat::ScannerReports => reports(directory, raw),
    }
}

/// A folder for several files.
fn folder(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path)
        .map_err(|e| Failure::failed(format!("cannot create {}: {e}", path.display())))
}

/// One document per lockfile, below a folder as the lockfiles lie below the target.
fn sboms(directory: &Path, report: &Report, options: &WriteOptions) -> Result<(), Failure> {
    folder(directory)?;
    let document = seaworthy_sbom::Document {
        inventory: &report.inventory,
        target_name: &report.target.name,
        tool: &report.tool,
        findings: &report.findings,
        licenses: options.licenses,
    };
    for (input, name) in seaworthy_sbom::dependency_files(&report.inventory) {
        let Some(path) = below(directory, &name) else {
            continue;
        };
        if let Some(parent) = path.parent() {
            folder(parent)?;
        }
        write_file(&path, |out| {
            seaworthy_sbom::write_dependency_cyclonedx(&document, &input, out)
                .map_err(io::Error::other)
        })?;
    }
    Ok(())
}

/// A path of a target below a folder of ours; none when it climbs out of it.
fn below(directory: &Path, name: &str) -> Option<PathBuf> {
    let name = Path::new(name.trim_start_matches('/'));
    name.components()
        .all(|part| matches!(part, std::path::Component::Normal(_)))
        .then(|| directory.join(name))
}

/// `SCANNER-KIND-summary.json` for each scanner and kind that was asked for.
fn summaries(directory: &Path, report: &Report, merged: Option<&Merged>) -> Result<(), Failure> {
    folder(directory)?;
    let all = match merged {
        Some(merged) => merged.summaries(),
        None => seaworthy_report::scanner_summaries(report),
    };
    write_summaries(directory, &all)
}

/// A file for each summary.
pub(crate) fn write_summaries(
    directory: &Path,
    summaries: &[seaworthy_report::ScannerSummary],
) -> Result<(), Failure> {
    folder(directory)?;
    for summary in summaries {
        write_file(&directory.join(summary.file_name()), |out| {
            serde_json::to_writer_pretty(&mut *out, summary)?;
            out.write_all(b"\n")
        })?;
    }
    Ok(())
}

/// `SCANNER-KIND-report.json` for each kind that a scanner answered for.
fn reports(directory: &Path, raw: &[RawReport]) -> Result<(), Failure> {
    folder(directory)?;
    for report in raw {
        for kind in &report.kinds {
            let name = format!("{}-{kind}-report.json", report.scanner);
            write_file(&directory.join(name), |out| out.write_all(&report.bytes))?;
        }
    }
    Ok(())
}

pub(crate) fn into_io(error: seaworthy_report::Error) -> io::Error {
    match error {
        seaworthy_report::Error::Write(error) => error,
        other => io::Error::other(other),
    }
}

/// Writes to standard output; a reader that has seen enough (`| head`) is no failure.
pub(crate) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let stdout = io::stdout().lock();
    let mut out = BufWriter::with_capacity(64 << 10, stdout);
    match write(&mut out).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(format!(
            "cannot write to standard output: {e}"
        ))),
        _ => Ok(()),
    }
}

/// Writes a text to a file; to standard output for none and for `-`.
pub(crate) fn put(file: Option<&Path>, text: &str) -> Result<(), Failure> {
    match file.filter(|file| *file != Path::new("-")) {
        Some(path) => write_file(path, |out| out.write_all(text.as_bytes())),
        None => print(|out| out.write_all(text.as_bytes())),
    }
}

/// Writes a file whole or not at all: a temporary file beside it takes its place at the end.
pub(crate) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let failed = |e: io::Error| {
        // Nobody knows the temporary file's name.
        let cause = e.to_string();
        let cause = cause.split(" at path ").next().unwrap_or_default();
        Failure::failed(format!("cannot write {}: {cause}", path.display()))
            .hint("check that the directory exists, is writable and has space left")
    };
    // A device (`/dev/stdout`, `/dev/null`) or a pipe cannot be replaced.
    if fs::metadata(path).is_ok_and(|m| !m.is_file()) {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .open(path)
            .map_err(failed)?;
        return write(&mut file).map_err(failed);
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut temporary = tempfile::Builder::new()
        .prefix(".seaworthy-")
        .permissions_of_new_files()
        .tempfile_in(directory)
        .map_err(failed)?;
    {
        let mut out = BufWriter::with_capacity(64 << 10, temporary.as_file_mut());
        write(&mut out).and_then(|()| out.flush()).map_err(failed)?;
    }
    temporary.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}

trait NewFilePermissions {
    fn permissions_of_new_files(&mut self) -> &mut Self;
}

impl NewFilePermissions for tempfile::Builder<'_, '_> {
    /// Reports are for others to read too; the process's umask still applies.
    fn permissions_of_new_files(&mut self) -> &mut Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            self.permissions(fs::Permissions::from_mode(0o666))
        }
        #[cfg(not(unix))]
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_name_a_format_and_perhaps_a_file() {
        let spec: OutputSpec = "gitlab=out/gl.json".parse().unwrap();
        assert_eq!(spec.format, OutputFormat::Report(Format::GitLab));
        assert_eq!(spec.file_for("x"), Some(PathBuf::from("out/gl.json")));
        let many: OutputSpec = "json=r-{target}.json".parse().unwrap();
        assert_eq!(
            many.file_for("reg:5000/a/b:1"),
            Some(PathBuf::from("r-reg-5000-a-b-1.json"))
        );
        assert!("pdf".parse::<OutputSpec>().is_err());
        assert!("json=".parse::<OutputSpec>().is_err());
        assert_eq!("json=-".parse::<OutputSpec>().unwrap().file, None);
        let template: OutputSpec = "template=a/b.html=out.html".parse().unwrap();
        assert_eq!(template.format, OutputFormat::Template("a/b.html".into()));
        assert_eq!(template.file, Some(PathBuf::from("out.html")));
        assert_eq!("template=x".parse::<OutputSpec>().unwrap().file, None);
        let folder: OutputSpec = "gitlab-sboms=.".parse().unwrap();
        assert_eq!(folder.format.name(), "gitlab-sboms");
        for wrong in ["template", "template=", "template=x=", "scanner-reports"] {
            assert!(wrong.parse::<OutputSpec>().is_err(), "{wrong}");
        }
        let error = "pdf".parse::<OutputSpec>().unwrap_err();
        assert!(
            error.contains("sarif") && error.contains("template=FILE"),
            "{error}"
        );
    }

    #[test]
    fn files_of_a_target_stay_below_their_folder() {
        let at = Path::new("out");
        assert_eq!(below(at, "a/b.json"), Some(PathBuf::from("out/a/b.json")));
        assert_eq!(below(at, "/a.json"), Some(PathBuf::from("out/a.json")));
        assert_eq!(below(at, "../a.json"), None);
        assert_eq!(below(at, "a/../../b.json"), None);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.json");
        fs::write(&path, "old").unwrap();
        let failure = write_file(&path, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("no space"))
        });
        assert!(failure.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        let nowhere = directory.path().join("no/such.json");
        let failure = write_file(&nowhere, |_| Ok(())).unwrap_err();
        assert!(!failure.message.contains(".seaworthy-"), "{failure:?}");
        write_file(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }
}
