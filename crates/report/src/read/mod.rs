//! Readers of other scanners' reports: whatever the shape, one [`ScannerReport`].
//!
//! The format is recognised by content. A report that is cut off, empty, or says itself that the
//! scan failed is an error, never a report without findings; a version that is not known is read as
//! far as its shape is, and says so in its coverage.

mod clair;
mod cyclonedx;
mod error;
mod fields;
mod format;
mod gitlab;
mod grype;
mod image;
mod osv;
mod own;
mod packages;
#[cfg(test)]
mod refusals;
mod sarif;
mod single;
mod snyk;
mod syft;
#[cfg(test)]
mod tests;
mod trivy;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use seaworthy_model::{
    Coverage, CoverageEntry, CoverageKind, Date, Distribution, Epss, ImageFacts, KnownExploited,
    LicenseClass, Location, Misconfiguration, Origin, Package, PackageType, Rating, Report, Secret,
    Severity, State, Support, Target, Tool,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use error::{MAX_BYTES, MAX_OBJECTS, MAX_VALUES, ReadError};
pub(crate) use fields::is_bundle;
pub use format::ReportFormat;
pub(crate) use packages::scheme_of;
pub use single::single;

/// Who made a report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum ScannerName {
    /// This program.
    Seaworthy,
    /// Trivy.
    Trivy,
    /// Grype.
    Grype,
    /// Clair, by claircore or `clairctl`.
    Clair,
    /// Snyk container.
    Snyk,
    /// osv-scanner.
    OsvScanner,
    /// Docker Scout.
    DockerScout,
    /// Another one, by its own name in lower case.
    Other(String),
}

impl ScannerName {
    /// The name in tables, JSON and file names.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Seaworthy => "seaworthy",
            Self::Trivy => "trivy",
            Self::Grype => "grype",
            Self::Clair => "clair",
            Self::Snyk => "snyk",
            Self::OsvScanner => "osv-scanner",
            Self::DockerScout => "docker-scout",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for ScannerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<String> for ScannerName {
    fn from(name: String) -> Self {
        let lower = name.trim().to_lowercase();
        match lower.as_str() {
            "seaworthy" => Self::Seaworthy,
            "trivy" => Self::Trivy,
            "grype" | "anchore" => Self::Grype,
            "clair" | "clairctl" | "clair v4" | "claircore" => Self::Clair,
            "snyk" | "snyk container" => Self::Snyk,
            "osv" | "osv-scanner" | "osv_scanner" => Self::OsvScanner,
            "docker scout" | "docker-scout" | "scout" => Self::DockerScout,
            _ => Self::Other(lower),
        }
    }
}

impl From<ScannerName> for String {
    fn from(name: ScannerName) -> Self {
        name.as_str().to_owned()
    }
}

impl FromStr for ScannerName {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(Self::from(name.to_owned()))
    }
}

/// What a scan looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScanKind {
    /// Known vulnerabilities of packages.
    Vulnerability,
    /// Credentials.
    Secret,
    /// Unsafe configuration.
    Config,
    /// Licences.
    License,
}

impl ScanKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [
        Self::Vulnerability,
        Self::Secret,
        Self::Config,
        Self::License,
    ];

    /// The name in summary files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vulnerability => "vulnerability",
            Self::Secret => "secret",
            Self::Config => "config",
            Self::License => "license",
        }
    }

    /// The word of `--scanners` and of [`Report::scanners`].
    #[must_use]
    pub const fn scanner_word(self) -> &'static str {
        match self {
            Self::Vulnerability => "vuln",
            Self::Secret => "secret",
            Self::Config => "config",
            Self::License => "license",
        }
    }

    /// The kind that a word of [`Report::scanners`] stands for.
    #[must_use]
    pub fn of_scanner_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.scanner_word() == word)
    }
}

impl fmt::Display for ScanKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One vulnerability in one package, as one scanner sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Vulnerability {
    /// The id that the scanner reports.
    pub id: String,
    /// Other ids of the same vulnerability.
    pub aliases: Vec<String>,
    /// Ids of advisories that cover this vulnerability and others: `DSA-…`, `RHSA-…`, `USN-…`. They
    /// name no single vulnerability, so they never make two of them one.
    pub advisories: Vec<String>,
    /// The package; an empty name when the scanner does not tell, [`PackageType::Generic`] when it
    /// does not tell the type.
    pub package: Package,
    /// What the scanner's source says.
    pub state: State,
    /// The severity that the scanner shows.
    pub severity: Severity,
    /// Who gave that severity, as far as the report tells.
    pub severity_source: String,
    /// All ratings that the report has.
    pub ratings: Vec<Rating>,
    /// EPSS.
    pub epss: Option<Epss>,
    /// KEV.
    pub kev: Option<KnownExploited>,
    /// The earliest day on which it was made public, as far as the report tells.
    pub published: Option<Date>,
    /// The version that fixes it, the lowest one above the installed one.
    pub fixed_version: Option<String>,
    /// A short description.
    pub title: String,
    /// Where the scanner has it from: `debian`, `ghsa`, `nvd`; empty when it does not tell.
    pub source: String,
    /// Base image or application, where the scanner tells.
    pub origin: Origin,
}

impl Vulnerability {
    /// A vulnerability with only what every one has.
    #[must_use]
    pub fn new(id: impl Into<String>, package: Package) -> Self {
        Self {
            id: id.into(),
            aliases: Vec::new(),
            advisories: Vec::new(),
            package,
            state: State::Unknown,
            severity: Severity::Unknown,
            severity_source: String::new(),
            ratings: Vec::new(),
            epss: None,
            kev: None,
            published: None,
            fixed_version: None,
            title: String::new(),
            source: String::new(),
            origin: Origin::Unknown,
        }
    }
}

/// A licence, as one scanner sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct License {
    /// SPDX id, or the scanner's words.
    pub license: String,
    /// Its class.
    pub class: LicenseClass,
    /// The scanner's severity.
    pub severity: Severity,
    /// The package's name; empty for a text.
    pub package: String,
    /// The file.
    pub location: Location,
    /// 0 to 100.
    pub confidence: u8,
}

/// A vulnerability that a scanner found and kept out of its findings.
#[derive(Debug, Clone, PartialEq)]
pub struct Ignored {
    /// What it found.
    pub vulnerability: Vulnerability,
    /// Why it left it out, in its words.
    pub reason: String,
    /// Whether somebody says that it is no problem here (VEX); else it is only not shown.
    pub cleared: bool,
}

/// What one report says, whoever made it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScannerReport {
    /// Who made it.
    pub scanner: ScannerName,
    /// The scanner, by its own name and with its version, as far as the report tells.
    pub tool: Tool,
    /// The shape.
    pub format: ReportFormat,
    /// What was scanned.
    pub target: Target,
    /// Digests by which the image can be recognised: of manifest and configuration.
    pub digests: BTreeSet<String>,
    /// The distribution, when the report names one.
    pub distribution: Option<Distribution>,
    /// The image's configuration and layers, as far as the report has them.
    pub image: Option<ImageFacts>,
    /// Until when the distribution is supported, as far as the report tells.
    pub support: Option<Support>,
    /// What it looked for, as far as the report tells.
    pub kinds: BTreeSet<ScanKind>,
    /// Whether [`ScannerReport::packages`] is the whole inventory, not only the vulnerable part.
    pub lists_packages: bool,
    /// The packages that it names.
    pub packages: Vec<Package>,
    /// The package types that it looked at, as far as the report tells.
    pub covers: BTreeSet<PackageType>,
    /// Vulnerabilities.
    pub vulnerabilities: Vec<Vulnerability>,
    /// Vulnerabilities that were found and left out.
    pub ignored: Vec<Ignored>,
    /// Secrets.
    pub secrets: Vec<Secret>,
    /// Misconfigurations.
    pub misconfigurations: Vec<Misconfiguration>,
    /// Licences.
    pub licenses: Vec<License>,
    /// What could not be assessed by the scanner, or not be read from its report.
    pub coverage: Coverage,
}

impl ScannerReport {
    fn new(scanner: ScannerName, format: ReportFormat) -> Self {
        Self {
            tool: Tool {
                name: scanner.as_str().to_owned(),
                version: String::new(),
            },
            scanner,
            format,
            target: Target::default(),
            digests: BTreeSet::new(),
            distribution: None,
            image: None,
            support: None,
            kinds: BTreeSet::new(),
            lists_packages: false,
            packages: Vec::new(),
            covers: BTreeSet::new(),
            vulnerabilities: Vec::new(),
            ignored: Vec::new(),
            secrets: Vec::new(),
            misconfigurations: Vec::new(),
            licenses: Vec::new(),
            coverage: Coverage::default(),
        }
    }

    fn gap(&mut self, detail: impl Into<String>) {
        self.coverage.add(CoverageEntry::new(
            CoverageKind::SkippedFile,
            "report",
            detail,
        ));
    }

    /// Notes entries that have no id and so cannot be used.
    fn note_skipped(&mut self, skipped: usize, what: &str) {
        if skipped > 0 {
            self.gap(format!(
                "{} without {what} left out",
                crate::words::counted_as(skipped, "entry", "entries")
            ));
        }
    }

    /// What every reader does last: order, and what findings tell about packages.
    fn finish(mut self) -> Self {
        for found in &self.vulnerabilities {
            if !found.package.name.is_empty() {
                self.covers.insert(found.package.kind);
            }
        }
        self.covers.extend(self.packages.iter().map(|p| p.kind));
        if !self.vulnerabilities.is_empty() {
            self.kinds.insert(ScanKind::Vulnerability);
        }
        if !self.secrets.is_empty() {
            self.kinds.insert(ScanKind::Secret);
        }
        if !self.misconfigurations.is_empty() {
            self.kinds.insert(ScanKind::Config);
        }
        if !self.licenses.is_empty() {
            self.kinds.insert(ScanKind::License);
        }
        self.secrets.sort();
        self.secrets.dedup();
        self.misconfigurations.sort();
        self.misconfigurations.dedup();
        self.licenses.sort();
        self.licenses.dedup();
        self.coverage.normalise();
        self
    }

    /// How many of a kind were found, and how many of them are critical.
    #[must_use]
    pub fn count(&self, kind: ScanKind) -> (usize, usize) {
        let critical = |severities: &mut dyn Iterator<Item = Severity>| {
            severities.fold((0, 0), |(all, critical), severity| {
                (
                    all + 1,
                    critical + usize::from(severity == Severity::Critical),
                )
            })
        };
        match kind {
            ScanKind::Vulnerability => critical(
                &mut self
                    .vulnerabilities
                    .iter()
                    .filter(|v| v.state != State::NotAffected)
                    .map(|v| v.severity),
            ),
            ScanKind::Secret => critical(&mut self.secrets.iter().map(|s| s.severity)),
            ScanKind::Config => critical(&mut self.misconfigurations.iter().map(|m| m.severity)),
            ScanKind::License => critical(&mut self.licenses.iter().map(|l| l.severity)),
        }
    }
}

/// Reads a report of any scanner. `hint` names who made it, for shapes that do not tell.
///
/// # Errors
/// [`ReadError`] says where the report breaks off, or why it is none.
pub fn read(bytes: &[u8], hint: Option<ScannerName>) -> Result<ScannerReport, ReadError> {
    let bytes = error::text(bytes)?;
    let mut documents = Vec::new();
    for document in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>() {
        documents.push(document.map_err(|e| ReadError::json(&e))?);
    }
    let Some(first) = documents.first() else {
        return Err(ReadError::Empty);
    };
    let format = format::of(first).ok_or(ReadError::UnknownFormat)?;
    if documents.len() > 1 && format != ReportFormat::Clair {
        return Err(ReadError::SeveralDocuments {
            count: documents.len(),
        });
    }
    let report = match format {
        ReportFormat::Seaworthy => own::read(first)?,
        ReportFormat::Trivy => trivy::read(first)?,
        ReportFormat::Grype => grype::read(first),
        // clairctl writes one document per image, one after the other.
        ReportFormat::Clair => clair::read(&documents)?,
        ReportFormat::Snyk => snyk::read(first)?,
        ReportFormat::Syft => syft::read(first),
        ReportFormat::Osv => osv::read(first)?,
        ReportFormat::GitLab => gitlab::read(first)?,
        ReportFormat::Sarif => sarif::read(first)?,
        ReportFormat::CycloneDx | ReportFormat::Spdx => cyclonedx::read(first, bytes)?,
    };
    let mut report = report.finish();
    if let Some(hint) = hint
        && matches!(report.scanner, ScannerName::Other(_))
    {
        report.scanner = hint;
    }
    Ok(report)
}

/// Our own report, without a detour over its JSON. Parts that could not be assessed are in its
/// coverage; unlike a file that is read, it is never an error for them.
///
/// # Errors
/// When the report has no shape of ours.
pub fn own(report: &Report) -> Result<ScannerReport, ReadError> {
    let document = serde_json::to_value(report).map_err(|e| ReadError::json(&e))?;
    Ok(own::read_any(&document)?.finish())
}
