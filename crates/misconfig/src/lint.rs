//! One file in, findings and gaps out: which kind of file it is, its documents, its ignores.

use std::sync::Arc;

use seaworthy_model::{CoverageEntry, CoverageKind, Misconfiguration};

use crate::custom::CustomRules;
use crate::document::{Node, SyntaxError, hcl, json, text_of, yaml};
use crate::report::Report;
use crate::{Ignores, Kind, cloudformation, compose, dockerfile, gitlab, kubernetes, terraform};

/// Largest file that is read; templates and manifests are limited to far less by those who take
/// them.
pub(crate) const MAX_FILE: u64 = 16 << 20;

/// What to look at and by which rules.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where the files come from.
    pub target: Target,
    /// Rules of the user's own, from [`CustomRules::load`].
    pub custom: Arc<CustomRules>,
    /// Rules that are switched off, by their own id or that of another tool, in any case.
    pub disabled: Vec<String>,
    /// What only Dockerfiles ask for.
    pub dockerfile: dockerfile::LintOptions,
}

impl Options {
    /// Whether the rule of a finding is switched off.
    pub(crate) fn is_disabled(&self, finding: &Misconfiguration) -> bool {
        self.disabled.iter().any(|id| {
            std::iter::once(&finding.rule)
                .chain(&finding.references)
                .any(|known| known.eq_ignore_ascii_case(id))
        })
    }
}

/// Where files come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// A source directory: everything is looked at.
    #[default]
    Sources,
    /// An image or a root file system: manifests that operating systems and packages bring along
    /// deploy nothing, so their directories are left out.
    Image,
}

/// Checks one file of whatever kind; `path` is relative to the root of the target. A file of no
/// known kind gives nothing.
#[must_use]
pub fn lint_file(
    path: &str,
    bytes: &[u8],
    options: &Options,
) -> (Vec<Misconfiguration>, Vec<CoverageEntry>) {
    let (mut findings, coverage) = lint(path, bytes, options);
    findings.retain(|finding| !options.is_disabled(finding));
    findings.sort_by(|a, b| {
        (&a.location, &a.rule)
            .cmp(&(&b.location, &b.rule))
            .then_with(|| a.cmp(b))
    });
    findings.dedup();
    (findings, coverage)
}

fn lint(
    path: &str,
    bytes: &[u8],
    options: &Options,
) -> (Vec<Misconfiguration>, Vec<CoverageEntry>) {
    if dockerfile::is_dockerfile(path) {
        return lint_dockerfile(path, bytes, options);
    }
    let Some(syntax) = Syntax::of(path) else {
        return (Vec::new(), Vec::new());
    };
    let named = kind_by_name(path);
    if named.is_none() && !is_worth_reading(bytes) {
        return (Vec::new(), Vec::new());
    }
    let text = match text_of(bytes) {
        Ok(text) => text,
        Err(error) => return (Vec::new(), vec![gap(path, &error)]),
    };
    if named.is_none() && is_chart_template(path, text) {
        let detail =
            "a chart's template, which only Helm can read; scan the output of `helm template`";
        let entry = CoverageEntry::new(CoverageKind::SkippedFile, path, detail);
        return (Vec::new(), vec![entry]);
    }
    let mut coverage = Vec::new();
    let documents: Vec<Node> = syntax
        .read(text)
        .into_iter()
        .filter_map(|document| {
            document
                .map_err(|error| coverage.push(gap(path, &error)))
                .ok()
        })
        .collect();
    let mut report = Report::new(path);
    check(named, path, &documents, options, &mut report, &mut coverage);
    if report.dropped > 0 {
        coverage.push(CoverageEntry::new(
            CoverageKind::SkippedFile,
            path,
            format!("{} further findings are not listed", report.dropped),
        ));
    }
    let mut findings = report.findings;
    let mut ignores = Ignores::parse(text);
    ignores.spread(&documents);
    ignores.apply(&mut findings);
    (findings, coverage)
}

/// The rules for Dockerfiles have their own reader and ignores; custom rules use those of all files.
fn lint_dockerfile(
    path: &str,
    bytes: &[u8],
    options: &Options,
) -> (Vec<Misconfiguration>, Vec<CoverageEntry>) {
    let (mut findings, mut coverage) = dockerfile::lint(path, bytes, &options.dockerfile);
    let mut report = Report::new(path);
    options
        .custom
        .check_dockerfile(bytes, &mut report, &mut coverage);
    if !report.findings.is_empty() {
        Ignores::parse(&String::from_utf8_lossy(bytes)).apply(&mut report.findings);
        findings.append(&mut report.findings);
    }
    (findings, coverage)
}

fn gap(path: &str, error: &SyntaxError) -> CoverageEntry {
    CoverageEntry::new(CoverageKind::SkippedFile, path, error.to_string())
}

/// Sorts the documents by kind, and runs the checks of each kind and the user's own.
fn check(
    named: Option<Kind>,
    path: &str,
    documents: &[Node],
    options: &Options,
    report: &mut Report<'_>,
    coverage: &mut Vec<CoverageEntry>,
) {
    let kinds: Vec<Option<Kind>> = documents
        .iter()
        .map(|document| named.or_else(|| kind_by_content(path, document)))
        .collect();
    let of = |kind: Kind| -> Vec<&Node> {
        documents
            .iter()
            .zip(&kinds)
            .filter(|(_, k)| **k == Some(kind))
            .map(|(document, _)| document)
            .collect()
    };
    kubernetes::check(&of(Kind::Kubernetes), report);
    for document in of(Kind::Compose) {
        compose::check(document, report);
    }
    gitlab::check(&of(Kind::GitlabCi), report);
    for document in of(Kind::Terraform) {
        terraform::check(document, report);
    }
    for document in of(Kind::Cloudformation) {
        cloudformation::check(document, report);
    }
    for (document, kind) in documents.iter().zip(&kinds) {
        if let Some(kind) = kind {
            options.custom.check(*kind, document, report, coverage);
        }
    }
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Syntax {
    Yaml,
    Json,
    Hcl,
}

impl Syntax {
    fn of(path: &str) -> Option<Self> {
        let name = file_name(path);
        let end = name.rsplit_once('.')?.1;
        let is = |word: &str| end.eq_ignore_ascii_case(word);
        if is("yaml") || is("yml") || is("template") {
            Some(Self::Yaml)
        } else if is("json") {
            Some(Self::Json)
        } else if is("tf") || is("tofu") {
            Some(Self::Hcl)
        } else {
            None
        }
    }

    fn read(self, text: &str) -> Vec<Result<Node, SyntaxError>> {
        match self {
            Self::Yaml if text.trim_start().starts_with('{') => {
                // JSON under a YAML name: the message of the right reader helps more.
                let document = json::read(text);
                if document.is_ok() {
                    vec![document]
                } else {
                    yaml::read(text)
                }
            }
            Self::Yaml => yaml::read(text),
            Self::Json => vec![json::read(text)],
            Self::Hcl => vec![hcl::read(text)],
        }
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The kind that a file's name promises.
fn kind_by_name(path: &str) -> Option<Kind> {
    let name = file_name(path).to_ascii_lowercase();
    let is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    if name.ends_with(".tf") || name.ends_with(".tofu") || name.ends_with(".tf.json") {
        return Some(Kind::Terraform);
    }
    if is_yaml && (name.contains(".gitlab-ci.") || path.contains(".gitlab/ci/")) {
        return Some(Kind::GitlabCi);
    }
    let stem = name.split('.').next().unwrap_or_default();
    let is_compose = ["compose", "docker-compose", "podman-compose"].contains(&stem)
        || stem.starts_with("docker-compose-")
        || stem.starts_with("docker-compose_")
        || stem.starts_with("compose-");
    (is_yaml && is_compose).then_some(Kind::Compose)
}

/// The kind of a document by what stands in it.
fn kind_by_content(path: &str, document: &Node) -> Option<Kind> {
    if kubernetes::is_object(document) {
        Some(Kind::Kubernetes)
    } else if cloudformation::is_template(document) {
        Some(Kind::Cloudformation)
    } else if path.ends_with(".json") {
        None
    } else if compose::is_compose(document) {
        Some(Kind::Compose)
    } else if gitlab::is_pipeline(document) {
        Some(Kind::GitlabCi)
    } else {
        None
    }
}

/// Whether a YAML or JSON file may be one of ours, by a look for the words that each kind must have;
/// most such files in a source tree are not, and need no parser.
fn is_worth_reading(bytes: &[u8]) -> bool {
    let has = |word: &[u8]| memchr::memmem::find(bytes, word).is_some();
    (has(b"apiVersion") && has(b"kind"))
        || has(b"AWSTemplateFormatVersion")
        || (has(b"Resources") && has(b"AWS::"))
        || (has(b"services:") && (has(b"image:") || has(b"build:")))
        || (has(b"stages:") && has(b"script:"))
}

/// A template of a Helm chart that was not rendered.
fn is_chart_template(path: &str, text: &str) -> bool {
    (path.starts_with("templates/") || path.contains("/templates/")) && text.contains("{{")
}

/// Directories of an image that packages fill.
const PACKAGE_DIRECTORIES: [&str; 12] = [
    "bin/", "boot/", "dev/", "lib/", "lib32/", "lib64/", "proc/", "run/", "sbin/", "sys/", "usr/",
    "var/",
];

/// Whether a file by that name may be one of ours; asked for every file, so only the name is looked
/// at.
pub(crate) fn may_lint(path: &str, target: Target) -> bool {
    let is_readable = Syntax::of(path).is_some() || dockerfile::is_dockerfile(path);
    if !is_readable || target == Target::Sources {
        return is_readable;
    }
    !PACKAGE_DIRECTORIES.iter().any(|dir| path.starts_with(dir))
        && ![
            "node_modules/",
            "site-packages/",
            "dist-packages/",
            "vendor/",
        ]
        .iter()
        .any(|dir| path.contains(dir))
}

#[cfg(test)]
mod tests;
