//! Package databases of operating systems, and the files that name the release.

pub(crate) mod apk;
pub(crate) mod bottlerocket;
pub(crate) mod content_sets;
pub(crate) mod dpkg;
pub(crate) mod managers;
pub(crate) mod pacman;
pub(crate) mod release;
pub(crate) mod rpm;

use seaworthy_analysis::AnalyzeError;

/// The text of a package database; bytes that are not UTF-8 make it a damaged one.
fn text<'a>(bytes: &'a [u8], what: &str) -> Result<&'a str, AnalyzeError> {
    std::str::from_utf8(bytes).map_err(|e| {
        AnalyzeError::Database(format!(
            "{what} is not text: byte {} is not UTF-8",
            e.valid_up_to()
        ))
    })
}
