//! Images: the section of the CIS Docker benchmark about them, and Dockle's checks.

mod config;
mod files;

use crate::Rule;

pub use config::{ImageInput, check_image};
pub(crate) use files::ImageFiles;

/// The rules of this kind.
pub(crate) fn rules() -> Vec<&'static Rule> {
    [config::RULES, files::RULES].concat()
}

#[cfg(test)]
pub(crate) mod testing {
    use seaworthy_analysis::{Analyzer as _, Content, Facts, FileMeta};
    use seaworthy_oci::ImageConfig;

    use super::{ImageFiles, ImageInput, check_image};
    use crate::Options;

    /// Examples are a configuration in JSON, with a line `name: REFERENCE` before it where the name
    /// matters, or a file: `MODE PATH` and behind it the content.
    pub(crate) fn ids_of_example(example: &str) -> Vec<String> {
        let (first, rest) = example.split_once('\n').unwrap_or((example, ""));
        let name = first.strip_prefix("name: ");
        if name.is_some() || first.starts_with('{') {
            let json = if name.is_some() { rest } else { example };
            let config = ImageConfig::parse(json.as_bytes()).unwrap();
            let input = ImageInput {
                config: &config,
                name,
            };
            return check_image(&input, &Options::default())
                .0
                .into_iter()
                .map(|finding| finding.rule)
                .collect();
        }
        let (mode, path) = first.split_once(' ').unwrap();
        file(path, u32::from_str_radix(mode, 8).unwrap(), rest)
    }

    pub(crate) fn file(path: &str, mode: u32, content: &str) -> Vec<String> {
        let analyzer = ImageFiles::new(&Options::default());
        let file = FileMeta {
            path,
            size: content.len() as u64,
            mode,
        };
        let mut facts = Facts::default();
        if analyzer.wants(&file) {
            analyzer
                .analyze(
                    &file,
                    &mut Content::from_bytes(content.as_bytes()),
                    &mut facts,
                )
                .unwrap();
        }
        facts
            .misconfigurations
            .into_iter()
            .map(|finding| finding.rule)
            .collect()
    }
}
