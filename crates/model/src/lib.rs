//! The nouns that every other crate of Seaworthy speaks: packages, layers, evidence, findings,
//! coverage and the report value that they add up to.
//!
//! Nothing here does input or output, reads the clock or knows a file format.

pub mod codename;
mod coverage;
mod date;
mod finding;
mod inventory;
mod issue;
mod package;
mod purl;
mod read_at;
mod report;
mod risk;
mod severity;
pub mod text;

pub use coverage::{Coverage, CoverageEntry, CoverageKind};
pub use date::{Date, InvalidDate};
pub use finding::{
    Epss, Finding, KnownExploited, MatchReason, Origin, Rating, State, UnknownState, url_of,
};
pub use inventory::{Distribution, ImageFacts, Inventory, Layer, OsRelease};
pub use issue::{LicenseClass, LicenseFinding, Location, Misconfiguration, Secret};
pub use package::{
    DependencyScope, Ecosystem, Evidence, Package, PackageType, Relationship, normal_python_name,
};
pub use purl::{InvalidPurl, Purl};
pub use read_at::ReadAt;
pub use report::{
    Counts, DatabaseInfo, ExitClass, GateResult, Remediation, Report, ShardInfo, Support, Target,
    TargetKind, Tool,
};
pub use severity::{Severity, UnknownSeverity};
