//! Dockerfiles and Containerfiles.
//!
//! [`lint`] reads a file with the lossless parser and reports what all of hadolint's `DL` rules,
//! Trivy's and Dockle's checks for Dockerfiles and BuildKit's build checks find, and more. What
//! ShellCheck finds in the shell text is not part of it.

mod command;
mod config;
mod context;
mod pragma;
mod rules;
#[cfg(test)]
mod tests;
mod variables;

use seaworthy_dockerfile::{DiagnosticKind, Dockerfile, parse_bytes};
use seaworthy_model::{CoverageEntry, CoverageKind, Location, Misconfiguration};

use context::{Context, Found, MAX_FINDINGS};

use crate::Rule;

pub use config::{ConfigError, LabelType, LintOptions};

/// The rules of this kind.
pub(crate) static RULES: &[&Rule] = &rules::ALL;

/// The largest file that is read, in bytes; Dockerfiles have a few thousand.
pub const MAX_SIZE: usize = 1024 * 1024;

/// All rules for Dockerfiles, in the order of their ids.
#[must_use]
pub fn catalogue() -> &'static [&'static Rule] {
    RULES
}

/// Whether a file is a Dockerfile by its name: `Dockerfile`, `Containerfile`, `Dockerfile.dev`,
/// `web.dockerfile`.
#[must_use]
pub fn is_dockerfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    ["dockerfile", "containerfile"].iter().any(|word| {
        name == *word
            || name
                .strip_prefix(word)
                .is_some_and(|rest| rest.starts_with(['.', '-', '_']) && rest != ".dockerignore")
            || name
                .strip_suffix(word)
                .is_some_and(|rest| rest.ends_with('.'))
    })
}

/// Lints a Dockerfile. Findings are ordered by their place, and by rule within one place; what could
/// not be read is in the second list, and the rest is linted all the same.
#[must_use]
pub fn lint(
    path: &str,
    text: &[u8],
    options: &LintOptions,
) -> (Vec<Misconfiguration>, Vec<CoverageEntry>) {
    let skipped = |detail: String| CoverageEntry::new(CoverageKind::SkippedFile, path, detail);
    if text.len() > MAX_SIZE {
        let detail = format!("larger than {MAX_SIZE} bytes, so not linted as a Dockerfile");
        return (Vec::new(), vec![skipped(detail)]);
    }
    let (file, diagnostics) = parse_bytes(text);
    let mut coverage = Vec::new();
    for diagnostic in &diagnostics {
        let whole_file = matches!(
            diagnostic.kind,
            DiagnosticKind::InvalidEncoding
                | DiagnosticKind::NoFrom
                | DiagnosticKind::UnterminatedHeredoc
                | DiagnosticKind::EndsInContinuation
        );
        if whole_file {
            coverage.push(skipped(format!("read only in part, {diagnostic}")));
        }
    }
    let mut cx = Context::new(&file, options);
    rules::diagnostics(&mut cx, &diagnostics);
    rules::check(&mut cx);
    if cx.dropped > 0 {
        coverage.push(skipped(format!(
            "{} findings over the limit of {MAX_FINDINGS} are not listed",
            cx.dropped
        )));
    }
    let found = std::mem::take(&mut cx.found);
    (findings(path, &file, found, options), coverage)
}

fn findings(
    path: &str,
    file: &Dockerfile,
    mut found: Vec<Found>,
    options: &LintOptions,
) -> Vec<Misconfiguration> {
    let ignores = pragma::Ignores::read(file, options);
    found.sort_by_key(|f| (f.span, f.rule.id));
    let mut shown = Vec::with_capacity(found.len());
    for found in found {
        let Some(severity) = options.severity(found.rule, rules::off_by_default(found.rule)) else {
            continue;
        };
        let start = file.position(found.span.start);
        if ignores.covers(&found, start.line) {
            continue;
        }
        let end = file.position(found.span.end.max(found.span.start));
        let location = Location {
            path: path.to_owned(),
            start_line: start.line,
            start_column: start.column,
            end_line: end.line,
            end_column: end.column,
            layer: None,
        };
        let object = found
            .instruction
            .and_then(|i| file.instructions().get(i))
            .map(|i| i.name.text.to_ascii_uppercase())
            .unwrap_or_default();
        let mut finding = found
            .rule
            .finding(location, object, capitalised(found.message));
        finding.severity = severity;
        shown.push(finding);
    }
    shown.dedup();
    shown
}

/// A sentence begins with a capital, unless it begins with code.
fn capitalised(message: String) -> String {
    let mut chars = message.chars();
    match chars.next() {
        Some(c) if c.is_ascii_lowercase() => c.to_ascii_uppercase().to_string() + chars.as_str(),
        _ => message,
    }
}
