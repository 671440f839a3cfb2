//! The one pass over a layer: decompress, walk the tar, hand each wanted file to the analysers
//! that asked for it, and merge what the layers say into what the image holds.
//!
//! An analyser gets a path and content; it knows no file system, no network, no clock.

mod ahead;
mod analyzer;
mod budget;
mod content;
mod cursor;
mod facts;
mod file;
mod image;
mod layer;
mod merge;
mod path;
mod programs;
mod tar;

pub use analyzer::{AnalyzeError, Analyzer, FileMeta, StreamAnalyzer};
pub use content::Content;
pub use facts::{Account, Facts, ReleaseHint, owned_path_hash};
pub use file::{FileAnalysis, Wanted};
pub use image::{
    AnalysisOptions, Error, LayerBytes, LayerRequest, NoObserver, Observer, analyze_image,
};
pub use layer::Limits;
pub use merge::{FileFacts, Merged, merge_tree};
pub use programs::{FindProgram, Programs, Runs};
