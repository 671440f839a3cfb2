//! Which scanner's shape a report has, by the keys that only that shape has.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{clair, osv};

/// The shape that a report was in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportFormat {
    /// Our own JSON.
    Seaworthy,
    /// Trivy's JSON, `SchemaVersion` 2.
    Trivy,
    /// Grype's JSON.
    Grype,
    /// Claircore's `VulnerabilityReport`, what `clairctl` writes, and what tools for Clair 2 wrote.
    Clair,
    /// `snyk container test --json`.
    Snyk,
    /// `osv-scanner --format json`.
    Osv,
    /// GitLab's security reports, 14.x and 15.x.
    GitLab,
    /// SARIF 2.1.0.
    Sarif,
    /// CycloneDX 1.x JSON.
    CycloneDx,
    /// SPDX 2.x JSON.
    Spdx,
    /// Syft's own JSON.
    Syft,
}

impl ReportFormat {
    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seaworthy => "seaworthy",
            Self::Trivy => "trivy",
            Self::Grype => "grype",
            Self::Clair => "clair",
            Self::Snyk => "snyk",
            Self::Osv => "osv-scanner",
            Self::GitLab => "gitlab",
            Self::Sarif => "SARIF",
            Self::CycloneDx => "CycloneDX",
            Self::Spdx => "SPDX",
            Self::Syft => "syft",
        }
    }
}

impl fmt::Display for ReportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The format of a document; none for JSON of any other tool, which must never pass for a report
/// without findings.
pub(super) fn of(value: &Value) -> Option<ReportFormat> {
    let has = |key: &str| value.get(key).is_some();
    let is_array = |key: &str| value.get(key).is_some_and(Value::is_array);
    let is_object = |key: &str| value.get(key).is_some_and(Value::is_object);
    if let Some(list) = value.as_array() {
        // Snyk writes a list for several projects; everything else is an object.
        return list
            .first()
            .and_then(of)
            .filter(|f| *f == ReportFormat::Snyk);
    }
    Some(
        if has("SchemaVersion") && (has("ArtifactName") || has("Results")) {
            ReportFormat::Trivy
        } else if has("bomFormat") {
            ReportFormat::CycloneDx
        } else if has("spdxVersion") {
            ReportFormat::Spdx
        } else if is_array("runs") {
            ReportFormat::Sarif
        } else if has("schema_version") && is_object("inventory") {
            ReportFormat::Seaworthy
        } else if is_array("matches") && ["descriptor", "source", "distro"].into_iter().any(has) {
            ReportFormat::Grype
        } else if is_array("artifacts") && has("descriptor") {
            ReportFormat::Syft
        } else if has("manifest_hash")
            || is_object("package_vulnerabilities")
            || clair::is_version_2(value)
        {
            ReportFormat::Clair
        } else if osv::is_report(value) {
            ReportFormat::Osv
        } else if is_array("vulnerabilities") && (is_object("scan") || has("version")) {
            ReportFormat::GitLab
        } else if has("ok") || (is_array("vulnerabilities") && has("packageManager")) {
            ReportFormat::Snyk
        } else {
            return None;
        },
    )
}
