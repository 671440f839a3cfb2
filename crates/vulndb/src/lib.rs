//! The shard file: one distribution release's or one language ecosystem's advisories as sorted,
//! checksummed tables that are mapped into memory and searched in place.

mod advisory;

pub use advisory::{Advisory, End, Interval};
