//! How a database of advisories gets from upstream feeds, registries, directories and web servers
//! into a directory of shards, and from there into a registry.
//!
//! A database is a list of shards ([`Manifest`]) and their files. A [`Directory`] holds generations
//! of it; whoever reads sees one of them whole, whatever is written meanwhile. Everything that is
//! fetched is checked before it is taken into use, and whatever fails leaves what was there.

pub mod catalogue;
mod days;
mod directory;
mod ensure;
mod error;
mod fetch;
mod fetcher;
mod inspect;
mod lookup;
mod manifest;
mod network;
mod online;
mod publish;
mod published;
mod report;
mod resolve;
mod state;
#[cfg(test)]
mod testing;
mod upstream;
mod wanted;
mod web;

pub use directory::{Committed, Directory, Lock, Stage, write_manifest};
pub use ensure::{EnsureOptions, Ensured, ensure};
pub use error::{Error, ErrorKind};
pub use fetch::{FetchOptions, update_from_published};
pub use inspect::{Difference, ShardDifference, Verified, compare, pin, verify};
pub use lookup::{Found, Verdict, lookup, split_version};
pub use manifest::{
    MANIFEST_FILE, MAX_SHARD, Manifest, PUBLISHED, ShardEntry, SourceEntry, TABLES, entry_of,
    is_table,
};
pub use network::Internet;
pub use online::{OSV_API, Online, ask_osv};
pub use publish::{PublishOptions, PublishReport, publish, publish_files};
pub use published::{
    ARTIFACT_TYPE, CONFIG_TYPE, DIGEST_ANNOTATION, GENERATION_ANNOTATION, KEY_ANNOTATION,
    Published, SHARD_TYPE, SIGNATURE_FILE,
};
pub use report::{ShardChange, SourceReport, SourceStatus, UpdateReport};
pub use state::{Fetched, GroupState, Origin, State};
pub use upstream::{UpstreamOptions, default_feeds, update_from_upstream};
pub use web::{Addresses, Download, Downloaded, Network, Progress, Validators};
