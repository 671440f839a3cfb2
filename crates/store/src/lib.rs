//! Metadata that outlives a run. So far: the local history of scans, a SQLite file.
//!
//! The history answers what became of an image over time ([`History::trend`]) and since when a
//! finding is known ([`History::first_seen`]), which a policy needs for its deadlines. Any number
//! of processes may use one file at the same time.

mod blocking;
mod error;
mod first_seen;
mod history;
mod record;
mod schema;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use first_seen::FirstSeen;
pub use history::{History, ListFilter, Pruned, Retention};
pub use record::{ScanRecord, StoredScan};
