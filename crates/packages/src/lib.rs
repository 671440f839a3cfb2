//! What is installed: the package databases of operating systems, the packages of languages, and
//! what binaries say about what they were built from; and what the lockfiles of sources ask for.
//!
//! To add a cataloguer: one file in `os`, `language` or `binary`, and one line here; for a
//! lockfile, one file in `lock` and one line there.

mod binary;
mod language;
mod lock;
mod os;

use seaworthy_analysis::Analyzer;

pub use lock::join_siblings;
pub use os::release::{Recognition, recognise};

/// The analysers of operating systems: package databases, release files, programs of package
/// managers, users.
#[must_use]
pub fn os_analyzers() -> Vec<Box<dyn Analyzer>> {
    vec![
        Box::new(os::release::Release),
        Box::new(os::apk::Apk),
        Box::new(os::dpkg::Dpkg),
        Box::new(os::dpkg::DpkgFiles),
        Box::new(os::rpm::Rpm),
        Box::new(os::rpm::RpmManifest),
        Box::new(os::bottlerocket::Bottlerocket),
        Box::new(os::pacman::Pacman),
        Box::new(os::pacman::PacmanFiles),
        Box::new(os::content_sets::ContentSets),
        Box::new(os::managers::Managers),
        Box::new(os::accounts::Accounts),
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
        Box::new(language::composer::Composer),
        Box::new(language::dotnet::DotNet),
        Box::new(language::conda::Conda),
        Box::new(binary::Binary),
        Box::new(binary::Product),
    ]
}

/// The analysers of lockfiles and manifests, for directories of sources; images are judged by what
/// is installed in them. [`join_siblings`] completes what they find.
#[must_use]
pub fn source_analyzers() -> Vec<Box<dyn Analyzer>> {
    vec![Box::new(lock::Lockfiles)]
}

/// All analysers of what is installed.
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
