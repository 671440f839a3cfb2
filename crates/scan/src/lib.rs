//! The one place where the stages meet: source, analysis, matching, filters, report value.

mod base;
mod database;
mod error;
mod external;
mod facts;
mod gate;
mod inventory;
mod packages;
mod report;
mod scanners;

pub use database::{Database, open_database};
pub use error::Error;
pub use external::{
    Canceller, ExternalOptions, ExternalRun, ExternalScanner, Running, UnknownScanner,
};
pub use facts::{FactsError, container_facts, dockerfile_facts};
pub use gate::Filter;
pub use inventory::{ReadOptions, Scanned, Watcher, read};
pub use packages::PackageTypes;
pub use report::{ScanOptions, assess, assess_all, scan};
pub use scanners::Scanners;
