//! One file for analysers: the first byte of the input chooses its path, the rest is its content.

use std::io;

use seaworthy_analysis::{Analyzer, Facts, FileAnalysis, FileMeta};

/// The path that the first byte chooses, and the rest; none for no bytes.
pub fn split<'a>(data: &'a [u8], paths: &[&'static str]) -> Option<(&'static str, &'a [u8])> {
    let (&first, bytes) = data.split_first()?;
    Some((paths[usize::from(first) % paths.len()], bytes))
}

/// What analysers find in a file that lies in memory.
pub fn whole(analyzers: &[Box<dyn Analyzer>], path: &str, bytes: &[u8]) -> io::Result<Facts> {
    let analysis = FileAnalysis::new(analyzers);
    let file = meta(path, bytes);
    analysis.bytes(&file, analysis.wanted(&file), bytes)
}

/// What they find in one that lies on a disk.
#[allow(dead_code, reason = "lockfiles are small and come whole")]
pub fn windows(analyzers: &[Box<dyn Analyzer>], path: &str, bytes: &[u8]) -> io::Result<Facts> {
    let analysis = FileAnalysis::new(analyzers);
    let file = meta(path, bytes);
    let wanted = analysis.wanted(&file);
    analysis.random(&file, wanted, &bytes.to_vec(), 0, &mut Vec::new())
}

/// An executable: some analysers want no others, and none wants only others.
fn meta<'a>(path: &'a str, bytes: &[u8]) -> FileMeta<'a> {
    FileMeta {
        path,
        size: bytes.len() as u64,
        mode: 0o755,
    }
}
