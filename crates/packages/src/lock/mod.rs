//! What lockfiles and manifests of a source tree say that a project depends on.
//!
//! To add a format: one file here, and one line in [`FORMATS`].

mod block;
mod bun;
mod cargo;
pub(crate) mod composer;
mod conan;
mod gem;
mod go;
mod gradle;
mod graph;
mod lines;
mod mix;
mod npm;
mod nuget;
mod pip;
mod pipenv;
mod pnpm;
mod poetry;
mod pom;
mod pubspec;
mod pylock;
mod pyproject;
mod swift;
mod uv;
mod yarn;

use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileFacts, FileMeta};

use graph::Lock;

/// Largest lockfile in bytes; those of the largest monorepos have some 10 MB.
const MAX_SIZE: u64 = 32 << 20;
/// Versions of one package that are taken for what a name without a version means.
const MAX_VERSIONS: usize = 16;
/// Longest place of a package among others, in bytes: `node_modules/a/node_modules/b`.
const MAX_PLACE: usize = 1024;
/// Largest file that is read beside a lockfile, in bytes.
const MAX_SIBLING: usize = 4 << 20;

/// A format of lockfiles.
struct Format {
    /// Whether a file is one, by its file name and its whole path.
    wants: fn(name: &str, path: &str) -> bool,
    /// Whether the files beside it make the answer better.
    asks_siblings: bool,
    /// Reads one; an error means that nothing of it could be read.
    read: fn(&Input<'_>) -> Result<Lock, String>,
}

/// All formats; the first that wants a file gets it.
const FORMATS: [Format; 21] = [
    npm::FORMAT,
    yarn::FORMAT,
    pnpm::FORMAT,
    bun::FORMAT,
    pip::FORMAT,
    pipenv::FORMAT,
    poetry::FORMAT,
    uv::FORMAT,
    pylock::FORMAT,
    go::FORMAT,
    cargo::FORMAT,
    gem::FORMAT,
    composer::FORMAT,
    pom::FORMAT,
    gradle::FORMAT,
    nuget::FORMAT,
    mix::FORMAT,
    pubspec::FORMAT,
    swift::FORMAT,
    conan::FORMAT,
    conan::FORMAT_TEXT,
];

/// Gives the content of another file of the target by its path from the root.
type ReadFile<'a> = &'a dyn Fn(&str) -> Option<Vec<u8>>;

/// A lockfile and, where the target can be asked, what lies beside it.
struct Input<'a> {
    path: &'a str,
    text: &'a str,
    read: ReadFile<'a>,
}

impl Input<'_> {
    fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// The text of a file named relative to the lockfile's folder; none when it is not there, lies
    /// outside of the target, or is no text.
    fn sibling(&self, relative: &str) -> Option<String> {
        self.file(&resolve(self.path, relative)?)
    }

    /// The text of a file of the target.
    fn file(&self, path: &str) -> Option<String> {
        let bytes = (self.read)(path)?;
        if bytes.len() > MAX_SIBLING {
            return None;
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        Some(std::str::from_utf8(bytes).ok()?.to_owned())
    }
}

/// A path relative to the folder of a file, from the root of the target; none outside of it.
fn resolve(file: &str, relative: &str) -> Option<String> {
    if relative.starts_with('/') {
        return None;
    }
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Reads lockfiles and manifests.
pub(crate) struct Lockfiles;

impl Analyzer for Lockfiles {
    fn name(&self) -> &'static str {
        "lockfiles"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        format_of(file.path).is_some()
    }

    fn max_size(&self) -> u64 {
        MAX_SIZE
    }

    fn analyze(
        &self,
        file: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        let Some(format) = format_of(file.path) else {
            return Ok(());
        };
        let found =
            read(format, file.path, content.bytes()?, &|_| None).map_err(AnalyzeError::File)?;
        facts.packages.extend(found.packages);
        facts.coverage.extend(found.coverage);
        Ok(())
    }
}

fn format_of(path: &str) -> Option<&'static Format> {
    static ALL: [Format; FORMATS.len()] = FORMATS;
    // What lies in there was installed, and its own lockfiles were not followed.
    if path.contains("node_modules/") {
        return None;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    ALL.iter().find(|format| (format.wants)(name, path))
}

fn read(
    format: &Format,
    path: &str,
    bytes: &[u8],
    siblings: ReadFile<'_>,
) -> Result<Facts, String> {
    let text = decode(bytes)?;
    let input = Input {
        path,
        text: &text,
        read: siblings,
    };
    let lock = (format.read)(&input)?;
    Ok(lock.finish(path))
}

/// The text of a file: UTF-8, or the UTF-16 that PowerShell's `>` writes.
fn decode(bytes: &[u8]) -> Result<std::borrow::Cow<'_, str>, String> {
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        let units: Vec<u16> = rest
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        return String::from_utf16(&units)
            .map(Into::into)
            .map_err(|_| "is not valid UTF-16".to_owned());
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map(Into::into).map_err(|e| {
        let line = bytes[..e.valid_up_to()]
            .iter()
            .filter(|b| **b == b'\n')
            .count()
            + 1;
        format!("line {line} is not UTF-8")
    })
}

/// Reads once more the lockfiles that say more together with the files beside them: `pom.xml` with
/// its parents, `yarn.lock` with its `package.json`.
///
/// `files` is what [`Lockfiles`] and others found; `read` gives the content of a file of the target
/// by its path from the root, and none for what is not there or is too large.
pub fn join_siblings(files: &mut [FileFacts], read_file: ReadFile<'_>) {
    for file in files {
        let Some(format) = format_of(&file.path).filter(|format| format.asks_siblings) else {
            continue;
        };
        let Some(bytes) = read_file(&file.path) else {
            continue;
        };
        let (Ok(alone), Ok(joined)) = (
            read(format, &file.path, &bytes, &|_| None),
            read(format, &file.path, &bytes, read_file),
        ) else {
            continue;
        };
        let facts = &mut file.facts;
        facts.packages.retain(|p| p.evidence.path != file.path);
        facts.coverage.retain(|gap| !alone.coverage.contains(gap));
        facts.packages.extend(joined.packages);
        facts.coverage.extend(joined.coverage);
    }
}

#[cfg(test)]
mod tests;
