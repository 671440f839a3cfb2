//! What is installed: the package databases of operating systems, the packages of languages, and
//! what binaries say about what they were built from.
//!
//! To add a cataloguer: one file in `os`, `language` or `binary`, and one line here.

mod binary;
mod language;
mod os;

use seaworthy_analysis::Analyzer;

pub use os::release::{Recognition, recognise};

/// The analysers of operating systems' package databases and release files.
#[must_use]
pub fn os_analyzers() -> Vec<Box<dyn Analyzer>> {
    vec![
        Box::new(os::release::Release),
        Box::new(os::apk::Apk),
        Box::new(os::dpkg::Dpkg),
        Box::new(os::dpkg::DpkgFiles),
        Box::new(os::rpm::Rpm),
        Box::new(os::rpm::RpmManifest),
    ]
}

/// The analysers of languages' packages, binaries included.
#[must_use]
pub fn language_analyzers() -> Vec<Box<dyn Analyzer>> {
    vec![
        Box::new(language::npm::Npm),
        Box::new(language::python::Python),
        Box::new(language::gem::Gem),
        Box::new(language::java::Java),
        Box::new(binary::Binary),
    ]
}

/// All of them.
#[must_use]
pub fn all_analyzers() -> Vec<Box<dyn Analyzer>> {
    let mut all = os_analyzers();
    all.extend(language_analyzers());
    all
}

#[cfg(test)]
pub(crate) mod testing {
    use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta};

    /// Runs an analyser over a file as an executable of mode 755, which it must want.
    pub(crate) fn run(
        analyzer: &dyn Analyzer,
        path: &str,
        bytes: &[u8],
    ) -> Result<Facts, AnalyzeError> {
        let file = FileMeta {
            path,
            size: bytes.len() as u64,
            mode: 0o755,
        };
        assert!(analyzer.wants(&file), "{} wants {path}", analyzer.name());
        let mut facts = Facts::default();
        analyzer.analyze(&file, &mut Content::from_bytes(bytes), &mut facts)?;
        Ok(facts)
    }

    /// Whether an analyser wants a file.
    pub(crate) fn wants(analyzer: &dyn Analyzer, path: &str) -> bool {
        analyzer.wants(&FileMeta {
            path,
            size: 10_000,
            mode: 0o755,
        })
    }

    /// `name version` of each package.
    pub(crate) fn names(facts: &Facts) -> Vec<String> {
        facts
            .packages
            .iter()
            .map(|p| format!("{} {}", p.name, p.version))
            .collect()
    }
}
