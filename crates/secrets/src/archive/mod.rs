//! Archives, read as they pass: nothing is unpacked, nothing is kept.

mod gzip;
mod tar;
mod zip;

pub(crate) use gzip::Gzip;
pub(crate) use tar::Tar;
pub(crate) use zip::Zip;

/// Bytes that come out of one archive before it is left.
const MAX_UNPACKED: u64 = 512 << 20;
/// Files in one archive.
const MAX_ENTRIES: u32 = 200_000;
/// Compressed bytes that are unpacked at once: at most some 1000 times as many come out.
const SLICE: usize = 2 << 10;

const TOO_LARGE: &str = "the archive holds more than 512 MiB; the rest of it was not looked into";
const TOO_MANY: &str =
    "the archive holds more than 200,000 files; the rest of it was not looked into";

#[cfg(test)]
mod tests;
