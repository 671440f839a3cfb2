use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use seaworthy_model::Report;
use seaworthy_report::{Format, WriteOptions};

use crate::exit::Failure;

/// `FORMAT` or `FORMAT=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutputSpec {
    pub(crate) format: Format,
    pub(crate) file: Option<PathBuf>,
}

/// Splits `FORMAT` or `FORMAT=FILE`.
pub(crate) fn format_and_file(text: &str) -> Result<(&str, Option<PathBuf>), String> {
    match text.split_once('=') {
        Some((_, "")) => Err(format!("`{text}` names no file after `=`")),
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

impl FromStr for OutputSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = format_and_file(text)?;
        Ok(Self {
            format: format
                .parse()
                .map_err(|e: seaworthy_report::UnknownFormat| e.to_string())?,
            file,
        })
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

/// Writes one report to its file or to standard output.
pub(crate) fn write_report(
    spec: &OutputSpec,
    report: &Report,
    options: &WriteOptions,
) -> Result<(), Failure> {
    let Some(path) = spec.file_for(&report.target.name) else {
        return print(|out| {
            seaworthy_report::write(spec.format, report, options, out).map_err(into_io)
        });
    };
    let options = WriteOptions {
        color: false,
        ..options.clone()
    };
    write_file(&path, |out| {
        seaworthy_report::write(spec.format, report, &options, out).map_err(into_io)
    })
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

/// Writes a file whole or not at all: a temporary file beside it takes its place at the end.
pub(crate) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let failed = |e: io::Error| {
        Failure::failed(format!("cannot write {}: {e}", path.display()))
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
        assert_eq!(spec.format, Format::GitLab);
        assert_eq!(spec.file_for("x"), Some(PathBuf::from("out/gl.json")));
        let many: OutputSpec = "json=r-{target}.json".parse().unwrap();
        assert_eq!(
            many.file_for("reg:5000/a/b:1"),
            Some(PathBuf::from("r-reg-5000-a-b-1.json"))
        );
        assert!("pdf".parse::<OutputSpec>().is_err());
        assert!("json=".parse::<OutputSpec>().is_err());
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
        write_file(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }
}
