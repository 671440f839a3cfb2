//! Upstream advisory feeds, as they are published, into the shards of the advisory database; and
//! the starter table that is compiled into the program.
//!
//! Everything that is read here was written by somebody else: a record that is broken is skipped,
//! counted and named, and never ends the rest.

mod build;
mod collect;
mod error;
mod feeds;
mod ids;
mod input;
mod order;
mod plan;
mod published;
mod records;
mod sink;
mod starter;
#[cfg(test)]
mod testing;
mod vector;
mod write;

pub use build::{
    BuildOptions, BuildSummary, Selection, ShardSummary, SourceSummary, build, build_selected,
};
pub use error::{Error, Refusal};
pub use input::Limits;
pub use records::{OsvShards, osv_shards};
pub use starter::{starter_database, write_starter};
