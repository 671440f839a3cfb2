//! The analysers that find our files among all others.

use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta};

use crate::image::ImageFiles;
use crate::lint::{MAX_FILE, Options, Target, lint_file, may_lint};

/// Raised whenever the findings for equal bytes change.
const VERSION: u32 = 1;

/// The analysers of configurations: files of all kinds, and in images the files that the CIS
/// benchmark asks about.
#[must_use]
pub fn analyzers(options: &Options) -> Vec<Box<dyn Analyzer>> {
    let mut all: Vec<Box<dyn Analyzer>> = vec![Box::new(ConfigFiles {
        options: options.clone(),
    })];
    if options.target == Target::Image {
        all.push(Box::new(ImageFiles::new(options)));
    }
    all
}

/// Reads every file that [`lint_file`] knows.
struct ConfigFiles {
    options: Options,
}

impl Analyzer for ConfigFiles {
    fn name(&self) -> &'static str {
        match self.options.target {
            Target::Sources => "config",
            Target::Image => "config-image",
        }
    }

    fn version(&self) -> u32 {
        version_with(&self.options)
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        // A larger JSON file is data: CloudFormation and the API server take a megabyte or so.
        file.size > 0
            && may_lint(file.path, self.options.target)
            && (file.size <= 4 << 20 || !file.path.ends_with(".json"))
    }

    fn max_size(&self) -> u64 {
        MAX_FILE
    }

    fn analyze(
        &self,
        file: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        let (findings, coverage) = lint_file(file.path, content.bytes()?, &self.options);
        facts.misconfigurations.extend(findings);
        facts.coverage.extend(coverage);
        Ok(())
    }
}

/// The version of the analysers and of what the user changed about them: part of cache keys.
pub(crate) fn version_with(options: &Options) -> u32 {
    // FNV-1a over what decides about the findings.
    let mut hash = 0x811C_9DC5_u32 ^ VERSION;
    let disabled = options.disabled.iter().flat_map(|id| id.bytes().chain([0]));
    for byte in disabled.chain(options.custom.fingerprint().to_le_bytes()) {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_picked_and_read() {
        let all = analyzers(&Options::default());
        let text = b"services:\n  db:\n    image: postgres:16\n    privileged: true\n";
        let file = FileMeta {
            path: "deploy/compose.yaml",
            size: text.len() as u64,
            mode: 0o644,
        };
        assert!(all[0].wants(&file));
        assert!(!all[0].wants(&FileMeta {
            path: "src/main.rs",
            ..file
        }));
        let mut facts = Facts::default();
        all[0]
            .analyze(&file, &mut Content::from_bytes(text), &mut facts)
            .unwrap();
        assert!(
            facts
                .misconfigurations
                .iter()
                .any(|m| m.kind == "compose" && m.location.start_line == 4)
        );
    }

    #[test]
    fn options_change_the_cache_key() {
        let plain = version_with(&Options::default());
        let options = Options {
            disabled: vec!["SW-K8S-0001".to_owned()],
            ..Options::default()
        };
        assert_ne!(plain, version_with(&options));
    }
}
