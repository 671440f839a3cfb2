//! Java archives and those inside them. Maven's `pom.properties` name an artifact exactly; where a
//! build leaves them out, manifest and file name have to do.

mod identity;
mod pom;
mod zip;

use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta};
use seaworthy_model::{CoverageEntry, CoverageKind, Package, PackageType, ReadAt};

use identity::{Artifact, Manifest};
use zip::{Data, Zip};

/// Archives in archives: an EAR holds WARs that hold JARs; more is an attack or an accident.
const MAX_DEPTH: u32 = 6;
/// Largest archive in an archive that is unpacked, in bytes.
const MAX_NESTED: u64 = 64 << 20;
/// Bytes unpacked for one file on the disk.
const MAX_UNPACKED: u64 = 2 << 30;
/// Largest manifest or properties file in bytes.
const MAX_TEXT: u64 = 1 << 20;

/// Reads JAR, WAR, EAR and relatives.
pub(crate) struct Java;

impl Analyzer for Java {
    fn name(&self) -> &'static str {
        "java"
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        file.size > 0 && is_archive(file.path)
    }

    fn reads_windows(&self) -> bool {
        true
    }

    fn analyze(
        &self,
        file: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        let whole = Window {
            content,
            start: 0,
            len: content.len(),
        };
        let mut walk = Walk { facts, unpacked: 0 };
        walk.archive(file.path, &whole, 0).map_err(|detail| {
            AnalyzeError::File(format!("not readable as a Java archive: {detail}"))
        })
    }
}

fn is_archive(path: &str) -> bool {
    let Some((_, extension)) = path.rsplit_once('.') else {
        return false;
    };
    [
        "jar", "war", "ear", "par", "sar", "jpi", "hpi", "kar", "lpkg",
    ]
    .iter()
    .any(|known| extension.eq_ignore_ascii_case(known))
}

/// A part of a file.
struct Window<'c, 'a> {
    content: &'c Content<'a>,
    start: u64,
    len: u64,
}

impl ReadAt for Window<'_, '_> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.len.saturating_sub(offset);
        let want = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        self.content
            .read_at(self.start + offset, &mut buffer[..want])
    }
}

/// A part of an archive that lies in another.
struct Part<'p> {
    parent: &'p dyn ReadAt,
    start: u64,
    len: u64,
}

impl ReadAt for Part<'_> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.len.saturating_sub(offset);
        let want = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        self.parent
            .read_at(self.start + offset, &mut buffer[..want])
    }
}

struct Walk<'f> {
    facts: &'f mut Facts,
    unpacked: u64,
}

impl Walk<'_> {
    fn archive(&mut self, path: &str, source: &dyn ReadAt, depth: u32) -> Result<(), String> {
        let zip = Zip::open(source)?;
        let mut artifacts: Vec<Artifact> = Vec::new();
        let mut manifest = Manifest::default();
        let mut licenses: Vec<(String, String)> = Vec::new();
        for entry in zip.entries() {
            let entry = entry?;
            if entry.name == "META-INF/MANIFEST.MF" {
                if let Some(text) = self.text(path, &zip, &entry) {
                    manifest = Manifest::parse(&text);
                    if let Some(version) = manifest.jenkins() {
                        self.facts.packages.push(Package::new(
                            PackageType::Generic,
                            "jenkins",
                            version,
                            path,
                        ));
                    }
                }
            } else if entry.name.starts_with("META-INF/maven/")
                && entry.name.ends_with("/pom.properties")
            {
                if let Some(text) = self.text(path, &zip, &entry) {
                    artifacts.extend(Artifact::of_properties(&text));
                }
            } else if let Some(folder) = entry
                .name
                .strip_prefix("META-INF/maven/")
                .and_then(|rest| rest.strip_suffix("/pom.xml"))
            {
                let text = self.text(path, &zip, &entry);
                if let Some(license) = text.and_then(|text| pom::license(&text)) {
                    licenses.push((folder.replace('/', ":"), license));
                }
            } else if is_archive(entry.name) {
                let inner = format!("{path}!/{}", entry.name);
                let result = self.nested(&inner, source, &zip, &entry, depth);
                self.note(&inner, result);
            }
        }
        artifacts.sort();
        artifacts.dedup();
        let from = self.facts.packages.len();
        self.packages(path, artifacts, &manifest);
        for package in &mut self.facts.packages[from..] {
            // A pom speaks of its own artifact; the manifest of the whole archive.
            if let Some((_, license)) = licenses.iter().find(|(name, _)| *name == package.name) {
                package.licenses = vec![license.clone()];
            }
        }
        Ok(())
    }

    fn nested(
        &mut self,
        path: &str,
        source: &dyn ReadAt,
        zip: &Zip<'_>,
        entry: &zip::Entry<'_>,
        depth: u32,
    ) -> Result<(), String> {
        if entry.size == 0 {
            return Ok(());
        }
        if depth == MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} archives inside each other"));
        }
        match self.data(zip, entry, MAX_NESTED)? {
            Data::Bytes(bytes) => self.archive(path, &bytes, depth + 1),
            Data::Stored(start) => {
                let part = Part {
                    parent: source,
                    start,
                    len: entry.size,
                };
                self.archive(path, &part, depth + 1)
            }
        }
    }

    /// An entry's content, within what one file may make of itself.
    fn data(&mut self, zip: &Zip<'_>, entry: &zip::Entry<'_>, limit: u64) -> Result<Data, String> {
        let data = match zip.data(entry, limit)? {
            Data::Bytes(bytes) => {
                self.unpacked += bytes.len() as u64;
                Data::Bytes(bytes)
            }
            stored @ Data::Stored(_) => stored,
        };
        if self.unpacked > MAX_UNPACKED {
            return Err("the file unpacks to more than 2 GB".to_owned());
        }
        Ok(data)
    }

    fn text(&mut self, path: &str, zip: &Zip<'_>, entry: &zip::Entry<'_>) -> Option<String> {
        let result = self.data(zip, entry, MAX_TEXT).and_then(|data| match data {
            Data::Bytes(bytes) => Ok(bytes),
            Data::Stored(start) => {
                let mut bytes = vec![0; usize::try_from(entry.size).map_err(|e| e.to_string())?];
                zip.source()
                    .read_exact_at(start, &mut bytes)
                    .map_err(|e| e.to_string())?;
                Ok(bytes)
            }
        });
        match result {
            Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Err(detail) => {
                self.note(&format!("{path}!/{}", entry.name), Err(detail));
                None
            }
        }
    }

    fn note(&mut self, path: &str, result: Result<(), String>) {
        if let Err(detail) = result {
            self.facts.coverage.push(CoverageEntry::new(
                CoverageKind::SkippedFile,
                path,
                format!("not readable: {detail}"),
            ));
        }
    }

    /// The packages of one archive: what was built into it, and itself.
    fn packages(&mut self, path: &str, artifacts: Vec<Artifact>, manifest: &Manifest) {
        let file = path.rsplit('/').next().unwrap_or(path);
        let own = identity::of_file(file, manifest);
        let named = own
            .as_ref()
            .is_some_and(|own| artifacts.iter().any(|a| a.artifact == own.artifact));
        for artifact in &artifacts {
            self.add(path, artifact, manifest);
        }
        // A shaded archive carries its libraries' properties and may lack its own.
        let Some(own) = own.filter(|_| !named && artifacts.len() != 1) else {
            return;
        };
        if own.group.is_empty() {
            self.facts.coverage.push(CoverageEntry::new(
                CoverageKind::SkippedFile,
                path,
                format!(
                    "nothing in it names the Maven group of {} {}, so no advisory can be looked up",
                    own.artifact, own.version
                ),
            ));
        }
        self.add(path, &own, manifest);
    }

    fn add(&mut self, path: &str, artifact: &Artifact, manifest: &Manifest) {
        let name = if artifact.group.is_empty() {
            artifact.artifact.clone()
        } else {
            format!("{}:{}", artifact.group, artifact.artifact)
        };
        let mut package = Package::new(PackageType::Maven, name, artifact.version.as_str(), path);
        package.licenses.extend(manifest.license());
        self.facts.packages.push(package);
    }
}

#[cfg(test)]
mod tests;
