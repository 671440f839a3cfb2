//! The one place where the stages meet: source, analysis, matching, filters, report value.

mod base;
mod database;
mod error;
mod excuse;
mod external;
mod facts;
mod gate;
mod includes;
mod inventory;
mod packages;
mod report;
mod scanners;
mod supply;

pub use database::{Database, open_database};
pub use error::Error;
pub use excuse::excuse;
pub use external::{
    Canceller, ExternalOptions, ExternalRun, ExternalScanner, Running, UnknownScanner,
};
pub use facts::dockerfile_facts;
pub use gate::Filter;
pub use includes::PolicyIncludes;
pub use inventory::{ReadOptions, Scanned, Watcher, read};
pub use packages::PackageTypes;
pub use report::{ScanOptions, assess, assess_all, scan};
pub use scanners::Scanners;
pub use supply::{AttachedVex, TrustedKey, attached_vex, subjects, supply_facts, vex_of};
