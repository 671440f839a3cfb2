//! Writers: one [`Report`](seaworthy_model::Report) value, many formats; readers of other scanners'
//! reports ([`read`](mod@read)), and their merge ([`merge`]).
//!
//! Every string of a report may come from a hostile image, so each writer escapes for its medium.
//! The same report and options always give the same bytes; times come in through
//! [`WriteOptions`].

mod codequality;
mod cvss;
mod dockerfile;
mod flat;
mod frame;
mod gitlab;
mod gitlab_dependencies;
mod gitlab_issues;
mod html;
mod html_issues;
mod html_merge;
mod issues;
mod junit;
pub mod merge;
mod options;
pub mod read;
#[cfg(test)]
mod sample;
mod sarif;
mod summary;
mod table;
mod template;
mod text;
mod trivy;
#[cfg(test)]
mod validation;
mod words;

use std::io::Write;

use seaworthy_model::Report;
use seaworthy_sbom::Document;

pub use summary::{ScannerSummary, scanner_summaries, scanner_summary};
pub use template::write_template;

pub use options::{Commit, EndOfLife, Format, GitLabOptions, UnknownFormat, WriteOptions};

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The sink refused the bytes.
    #[error("cannot write the report: {0}")]
    Write(#[from] std::io::Error),
    /// A value that is no JSON.
    #[error("cannot write the report as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The bill of materials.
    #[error(transparent)]
    Sbom(#[from] seaworthy_sbom::Error),
    /// The page's template.
    #[error("cannot render the HTML report: {0}")]
    Html(#[from] minijinja::Error),
    /// The user's own template.
    #[error("cannot render the template {name}: {source:#}")]
    Template {
        /// Its name.
        name: String,
        /// What is wrong, with the line.
        source: minijinja::Error,
    },
    /// A time that is not `YYYY-MM-DDTHH:MM:SS`.
    #[error("`{0}` is not a time of the form YYYY-MM-DDTHH:MM:SS")]
    InvalidTime(String),
    /// A schema version that is not `x.y.z`.
    #[error("`{0}` is not a schema version of the form x.y.z")]
    InvalidSchemaVersion(String),
}

/// Writes a report, with a final newline.
///
/// # Errors
/// [`Error::Write`] when the sink refuses the bytes; the others when an option or a value does not
/// fit the format.
pub fn write(
    format: Format,
    report: &Report,
    options: &WriteOptions,
    out: &mut dyn Write,
) -> Result<(), Error> {
    match format {
        Format::Table => table::write(report, options, out),
        Format::Json => json(report, out),
        Format::GitLab => json(&gitlab::document(report, options)?, out),
        Format::GitLabSecrets => json(&gitlab_issues::secrets(report, options)?, out),
        Format::GitLabDependencies => json(&gitlab_dependencies::document(report, options)?, out),
        Format::GitLabSast => json(&gitlab_issues::sast(report, options)?, out),
        Format::CycloneDx => Ok(seaworthy_sbom::write_cyclonedx(
            &bill(report, options),
            out,
        )?),
        Format::Spdx => Ok(seaworthy_sbom::write_spdx(
            &bill(report, options),
            &options.end_time,
            out,
        )?),
        Format::ScannerSummary => json(
            &scanner_summary(report, merge::ScanKind::Vulnerability),
            out,
        ),
        Format::Sarif => json(&sarif::document(report), out),
        Format::Junit => junit::write(report, out),
        Format::CodeQuality => json(&codequality::document(report), out),
        Format::Html => html::write(report, None, options, out),
        Format::Trivy => json(&trivy::document(report), out),
        Format::Csv => flat::csv(report, out),
        Format::Markdown => flat::markdown(report, out),
    }
}

fn bill<'a>(report: &'a Report, options: &WriteOptions) -> Document<'a> {
    Document {
        inventory: &report.inventory,
        target_name: &report.target.name,
        tool: &report.tool,
        findings: &report.findings,
        licenses: options.licenses,
    }
}

fn json<T: serde::Serialize>(value: &T, out: &mut dyn Write) -> Result<(), Error> {
    let mut buffered = std::io::BufWriter::new(out);
    serde_json::to_writer_pretty(&mut buffered, value)?;
    buffered.write_all(b"\n")?;
    buffered.flush()?;
    Ok(())
}
