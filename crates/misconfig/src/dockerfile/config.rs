//! What a team sets: in code, or in the `.hadolint.yaml` that it has already.

use std::collections::{BTreeMap, HashSet};

use seaworthy_model::Severity;
use serde::Deserialize;

use super::pragma::names;
use crate::Rule;

/// What the value of a label must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelType {
    /// Anything that is not empty.
    Text,
    /// A URL (RFC 3986).
    Url,
    /// A time (RFC 3339).
    Time,
    /// An SPDX licence identifier.
    Spdx,
    /// The hash of a commit.
    Hash,
    /// A semantic version.
    Semver,
    /// An e-mail address.
    Email,
}

impl LabelType {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "text" | "rawtext" | "" => Self::Text,
            "url" => Self::Url,
            "rfc3339" => Self::Time,
            "spdx" => Self::Spdx,
            "hash" | "gitHash" | "githash" => Self::Hash,
            "semver" => Self::Semver,
            "email" => Self::Email,
            _ => return None,
        })
    }
}

/// How to lint. Rules are named by their own id or by that of another tool (`DL3008`), in any case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LintOptions {
    /// Rules that are not reported.
    pub ignored: HashSet<String>,
    /// Rules that are reported with another severity.
    pub severities: BTreeMap<String, Severity>,
    /// Rules that are off by default and shall be reported.
    pub enabled: HashSet<String>,
    /// Registries that images may come from; any when empty. `*` at the start or the end stands for
    /// anything.
    pub trusted_registries: Vec<String>,
    /// Labels that every image must have.
    pub labels: BTreeMap<String, LabelType>,
    /// Whether labels that are not in `labels` are reported.
    pub strict_labels: bool,
    /// Whether comments in the file silence nothing.
    pub disable_ignores: bool,
}

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It is not YAML of the right shape.
    #[error("{path}: not a hadolint configuration: {cause}")]
    Yaml {
        /// The file.
        path: String,
        /// What is wrong, with line and column.
        cause: String,
    },
    /// A label has a type that does not exist.
    #[error(
        "{path}: label `{label}` has the type `{found}`; use text, url, rfc3339, spdx, hash, semver or email"
    )]
    LabelType {
        /// The file.
        path: String,
        /// The label.
        label: String,
        /// What stands there.
        found: String,
    },
}

/// The keys of `.hadolint.yaml` that say how to lint; the others say how to print.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case")]
struct Hadolint {
    ignored: Option<Vec<String>>,
    #[serde(rename = "override")]
    severities: Option<Override>,
    #[serde(rename = "trustedRegistries")]
    trusted_registries: Option<OneOrMany>,
    label_schema: Option<BTreeMap<String, String>>,
    strict_labels: Option<bool>,
    disable_ignore_pragma: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Override {
    error: Option<Vec<String>>,
    warning: Option<Vec<String>>,
    info: Option<Vec<String>>,
    style: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl LintOptions {
    /// Reads a `.hadolint.yaml`. Its levels become severities: `error` high, `warning` medium,
    /// `info` low, `style` negligible; a rule that is off by default is reported when it is named
    /// there.
    ///
    /// # Errors
    /// When it is not YAML, or has a label type that does not exist.
    pub fn from_hadolint_yaml(path: &str, text: &str) -> Result<Self, ConfigError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let config: Hadolint = serde_saphyr::from_str(text).map_err(|error| ConfigError::Yaml {
            path: path.to_owned(),
            cause: error.to_string(),
        })?;
        let upper = |list: Option<Vec<String>>| -> Vec<String> {
            let list = list.unwrap_or_default().into_iter();
            list.map(|id| id.to_ascii_uppercase()).collect()
        };
        let mut options = Self {
            ignored: upper(config.ignored).into_iter().collect(),
            trusted_registries: match config.trusted_registries {
                None => Vec::new(),
                Some(OneOrMany::One(one)) => vec![one],
                Some(OneOrMany::Many(many)) => many,
            },
            strict_labels: config.strict_labels.unwrap_or(false),
            disable_ignores: config.disable_ignore_pragma.unwrap_or(false),
            ..Self::default()
        };
        let levels = config.severities.unwrap_or_default();
        for (list, severity) in [
            (levels.style, Severity::Negligible),
            (levels.info, Severity::Low),
            (levels.warning, Severity::Medium),
            (levels.error, Severity::High),
        ] {
            for id in upper(list) {
                options.enabled.insert(id.clone());
                options.severities.insert(id, severity);
            }
        }
        for (label, kind) in config.label_schema.unwrap_or_default() {
            let Some(parsed) = LabelType::from_name(&kind) else {
                return Err(ConfigError::LabelType {
                    path: path.to_owned(),
                    label,
                    found: kind,
                });
            };
            options.labels.insert(label, parsed);
        }
        Ok(options)
    }

    /// The severity of a rule under these options; none when it is not reported.
    pub(super) fn severity(&self, rule: &Rule, off_by_default: bool) -> Option<Severity> {
        if names(&self.ignored, rule) || (off_by_default && !names(&self.enabled, rule)) {
            return None;
        }
        if self.severities.is_empty() {
            return Some(rule.severity);
        }
        let ids = std::iter::once(&rule.id).chain(rule.references);
        let changed = ids
            .filter_map(|id| self.severities.get(&id.to_ascii_uppercase()))
            .next();
        Some(changed.copied().unwrap_or(rule.severity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hadolint_configuration_is_read() {
        let text = "ignored:\n  - DL3000\n  - sc1010\noverride:\n  error: [DL3001]\n  style: [DL3015]\n\
                    trustedRegistries: docker.io\nlabel-schema:\n  author: text\n  created: rfc3339\n\
                    strict-labels: true\nfailure-threshold: info\nno-color: true\n";
        let options = LintOptions::from_hadolint_yaml(".hadolint.yaml", text).expect("is valid");
        assert!(options.ignored.contains("DL3000") && options.ignored.contains("SC1010"));
        assert_eq!(options.severities["DL3001"], Severity::High);
        assert_eq!(options.severities["DL3015"], Severity::Negligible);
        assert_eq!(options.trusted_registries, ["docker.io"]);
        assert_eq!(options.labels["created"], LabelType::Time);
        assert!(options.strict_labels);
        let list = "trustedRegistries:\n  - a\n  - \"*.b\"\n";
        let options = LintOptions::from_hadolint_yaml("x", list).expect("is valid");
        assert_eq!(options.trusted_registries, ["a", "*.b"]);
        assert_eq!(
            LintOptions::from_hadolint_yaml("x", "\n"),
            Ok(LintOptions::default())
        );
    }

    #[test]
    fn faults_name_the_file() {
        let error = |text: &str| {
            LintOptions::from_hadolint_yaml("c.yaml", text)
                .expect_err("is invalid")
                .to_string()
        };
        assert!(error("ignored: 3\n").starts_with("c.yaml: not a hadolint configuration:"));
        assert_eq!(
            error("label-schema:\n  a: number\n"),
            "c.yaml: label `a` has the type `number`; use text, url, rfc3339, spdx, hash, semver or email"
        );
    }
}
