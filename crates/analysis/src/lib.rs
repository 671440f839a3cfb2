//! The one pass over a layer: decompress, walk the tar, hand each wanted file to the analysers
//! that asked for it, and merge what the layers say into what the image holds.
//!
//! An analyser gets a path and content; it knows no file system, no network, no clock.

mod analyzer;
mod content;
mod facts;

pub use analyzer::{AnalyzeError, Analyzer, FileMeta, StreamAnalyzer};
pub use content::Content;
pub use facts::{Facts, ReleaseHint, owned_path_hash};
