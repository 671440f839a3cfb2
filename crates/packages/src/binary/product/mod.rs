//! Programs that no package manager installed, told by a text that their own build left in them.
//!
//! A rule wants a file by its name and takes a version only where it stands beside words that
//! nothing else writes; what is in doubt gives no package. The names are those under which the
//! advisories of bare binaries are kept.

mod rules;
mod scan;

use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta, StreamAnalyzer};
use seaworthy_model::{Package, PackageType};

use rules::{MODULES, RULES};
use scan::Scan;

/// Reads the programs that [`RULES`] knows.
pub(crate) struct Product;

/// What is read at a time of content that lies on a disk.
const WINDOW: usize = 256 << 10;
/// Larger files are no program; bounds the time that one file takes.
const MAX_FILE: u64 = 1 << 30;

/// Which files a rule is about.
#[derive(Debug, Clone, Copy)]
enum Name {
    /// The name of the file.
    Is(&'static str),
    /// How the name begins, before a digit or a dot: `python3.` for `python3.11`.
    Starts(&'static str),
    /// How the path ends, from a slash on.
    Path(&'static str),
}

/// How a version is found.
#[derive(Debug, Clone, Copy)]
enum Find {
    /// Right after these bytes.
    After(&'static [u8]),
    /// Right after the first, and followed by the second.
    Between(&'static [u8], &'static [u8]),
    /// Right after these bytes, and followed by a date: `3.0.9 30 May 2023`.
    Dated(&'static [u8]),
    /// Right before these bytes, or before the short commit that precedes them.
    Before(&'static [u8]),
    /// A text of its own that goes on from the `3.11` of the file's name.
    NamedSeries,
    /// At the front of the build id of Redis and its relatives.
    BuildId,
    /// In the path, between these two.
    InPath(&'static str, &'static str),
    /// The whole of a small text.
    Whole,
}

/// What follows the numbers of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    /// Nothing that belongs to it.
    None,
    /// Letters and what follows them: `1.1.1k`, `3.12.0rc1`, `7.1.1-15`.
    Letters,
}

/// How one product is told.
#[derive(Debug)]
struct Rule {
    product: &'static str,
    names: &'static [Name],
    /// Whether it is a program (ELF) or a text.
    program: bool,
    tail: Tail,
    /// The ways, the most certain first.
    finds: &'static [Find],
}

impl Rule {
    fn wants(&self, path: &str, name: &str) -> bool {
        self.names.iter().any(|known| match known {
            Name::Is(known) => *known == name,
            Name::Starts(head) => name
                .strip_prefix(head)
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '.')),
            Name::Path(end) => path
                .strip_suffix(end)
                .is_some_and(|head| head.is_empty() || head.ends_with('/') || end.starts_with('/')),
        })
    }
}

/// The rules about a file: two products may share the name of their program.
fn rules<'f>(file: &FileMeta<'f>) -> impl Iterator<Item = &'static Rule> + use<'f> {
    let (path, name) = (file.path, file.file_name());
    RULES.iter().filter(move |rule| rule.wants(path, name))
}

/// A file in the light of each rule about it.
struct Scans(Vec<Scan>);

impl Scans {
    fn of(file: &FileMeta<'_>) -> Self {
        Self(rules(file).map(|rule| Scan::new(rule, file)).collect())
    }

    fn is_done(&self) -> bool {
        self.0.iter().all(Scan::is_done)
    }

    /// Adds the first product that was told.
    fn add_to(self, facts: &mut Facts) {
        let told = self.0.into_iter().find_map(|scan| {
            let (product, path) = (scan.product(), scan.path().to_owned());
            let version = scan.finish()?;
            Some(Package::new(PackageType::Generic, product, version, path))
        });
        facts.packages.extend(told);
    }
}

impl Analyzer for Product {
    fn name(&self) -> &'static str {
        "product"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        (1..MAX_FILE).contains(&file.size) && rules(file).next().is_some()
    }

    fn max_size(&self) -> u64 {
        1 << 20
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
        let mut scans = Scans::of(file);
        let mut window = vec![0; WINDOW.min(usize::try_from(file.size).unwrap_or(WINDOW))];
        let mut at = 0;
        while !scans.is_done() {
            match content.read_at(at, &mut window)? {
                0 => break,
                n => {
                    scans.push(&window[..n]);
                    at += n as u64;
                }
            }
        }
        scans.add_to(facts);
        Ok(())
    }

    fn stream(&self, file: &FileMeta<'_>) -> Option<Box<dyn StreamAnalyzer>> {
        Some(Box::new(Scans::of(file)))
    }
}

impl StreamAnalyzer for Scans {
    fn push(&mut self, chunk: &[u8]) {
        for scan in self.0.iter_mut().filter(|scan| !scan.is_done()) {
            scan.push(chunk);
        }
    }

    fn finish(self: Box<Self>, facts: &mut Facts) -> Result<(), AnalyzeError> {
        self.add_to(facts);
        Ok(())
    }
}

/// The product that a Go program with this main module is, as far as its version is known.
pub(super) fn of_module<'v>(module: &str, version: &'v str) -> Option<(&'static str, &'v str)> {
    let plain = match module.rsplit_once("/v") {
        Some((head, major)) if major.bytes().all(|b| b.is_ascii_digit()) => head,
        _ => module,
    };
    let (_, product) = MODULES.iter().find(|(known, _)| *known == plain)?;
    let number = version.strip_prefix('v').unwrap_or(version);
    // Pseudo-versions and `(devel)` name no release.
    let released =
        number.starts_with(|c: char| c.is_ascii_digit()) && !number.starts_with("0.0.0-");
    released.then_some((*product, number))
}

#[cfg(test)]
mod tests;
