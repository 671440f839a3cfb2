//! Package databases of operating systems, and the files that name the release.

pub(crate) mod accounts;
pub(crate) mod apk;
pub(crate) mod bottlerocket;
pub(crate) mod content_sets;
pub(crate) mod dpkg;
pub(crate) mod managers;
pub(crate) mod pacman;
pub(crate) mod release;
pub(crate) mod rpm;

use seaworthy_analysis::AnalyzeError;
use seaworthy_model::{Package, PackageType};

/// A package of a database, which has a name and a version or is damaged.
fn package(
    kind: PackageType,
    (name, version): (&str, &str),
    path: &str,
    database: &str,
) -> Result<Package, AnalyzeError> {
    match (name, version) {
        ("", _) => Err(AnalyzeError::Database(format!(
            "a record of {database} has no name"
        ))),
        (name, "") => Err(AnalyzeError::Database(format!(
            "a record of {database} has no version: {name}"
        ))),
        (name, version) => Ok(Package::new(kind, name, version, path)),
    }
}

/// A field that is told.
fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The text of a package database; bytes that are not UTF-8 make it a damaged one.
fn text<'a>(bytes: &'a [u8], what: &str) -> Result<&'a str, AnalyzeError> {
    std::str::from_utf8(bytes).map_err(|e| {
        AnalyzeError::Database(format!(
            "{what} is not text: byte {} is not UTF-8",
            e.valid_up_to()
        ))
    })
}
