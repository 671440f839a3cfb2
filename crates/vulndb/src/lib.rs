//! The shard file: one distribution release's or one language ecosystem's advisories as sorted,
//! checksummed tables that are mapped into memory and searched in place.
//!
//! A file is a header and a body, all numbers little-endian. Header: the magic `SWDB`, the format
//! version (`u32`), the SHA-256 of the body (32 bytes), the number of sections (`u32`) and the
//! length of each (`u32`). The sections follow in order: meta data (text); packages (`u32` number of
//! rows, then for each package, by name, the `u32` offset of its block); blocks (the package's name,
//! its number of rows, and their columns: identity, shape, span, as LEB128 offsets and differences
//! of offsets); identities (advisory, id, aliases); spans (intervals and versions); shapes (state,
//! severity, source, vector, module). What many rows have in common stands once, and equal columns
//! of related packages are equal bytes, which is what makes a shard small when compressed.
//! Side tables hold texts by key (KEV, EOL), or by CVE in a bit map (EPSS, CVSS), and days by id
//! (publication).
//!
//! Opening checks the magic, the version and that the sections fill the file exactly; every read
//! after that is checked against the bounds, so no bytes can make it panic.
//! [`Shard::verify`] compares the checksum.

mod advisory;
mod builder;
mod bytes;
mod cve_table;
mod database;
mod directory;
mod published;
mod shard;
mod table;
mod write;

use std::path::PathBuf;

pub use advisory::{Advisory, End, Interval};
pub use builder::ShardBuilder;
pub use database::{Database, file_name};
pub use directory::{
    CHECKED, CURRENT, GENERATIONS, current_generation, generation_folder, shard_folder,
};
pub use published::{PublishedTable, build_published};
pub use shard::{EndRef, Row, Shard, ShardMeta, SourceInfo};
pub use table::{CvssTable, EolTable, EpssTable, KevTable, RepositoryTable, build_table};
pub use write::write_atomically;

/// Why a shard cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk says no.
    #[error("cannot read {path}: {cause}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the disk says.
        cause: std::io::Error,
    },
    /// Not a shard, or cut off.
    #[error("{path} is not a whole advisory shard: {why}; build or fetch it again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Written by another generation of this program.
    #[error(
        "{path} has shard format {found}, this program reads {VERSION}; build or fetch it again"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
}

/// The format version that this build writes and reads.
pub const VERSION: u32 = 2;
