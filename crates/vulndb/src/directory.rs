//! A database directory that is replaced as a whole: `generations/N` holds the shards of one
//! generation, and the file `current` names the one in use. Renaming a new `current` over the old
//! one is the whole swap, so that every reader sees one generation or the other.

use std::io;
use std::path::{Path, PathBuf};

/// The file that names the generation in use, as a decimal number.
pub const CURRENT: &str = "current";
/// The folder of generations.
pub const GENERATIONS: &str = "generations";
/// The file beside the shards that says until when each is known to be what upstream says:
/// a line `KEY YYYY-MM-DD` each.
pub const CHECKED: &str = "checked";

/// The folder that holds the shards of a database directory now: the generation in use, or the
/// directory itself when it has none.
///
/// # Errors
/// When `current` cannot be read or names no generation.
pub fn shard_folder(directory: &Path) -> io::Result<PathBuf> {
    Ok(match current_generation(directory)? {
        Some(number) => generation_folder(directory, number),
        None => directory.to_owned(),
    })
}

/// The folder of a generation.
#[must_use]
pub fn generation_folder(directory: &Path, number: u64) -> PathBuf {
    directory.join(GENERATIONS).join(number.to_string())
}

/// The number of the generation in use; none for a plain directory of shards.
///
/// # Errors
/// When `current` cannot be read or holds no number.
pub fn current_generation(directory: &Path) -> io::Result<Option<u64>> {
    let path = directory.join(CURRENT);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let number = std::str::from_utf8(&bytes)
        .ok()
        .map(str::trim)
        .filter(|text| text.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{} names no generation", path.display()),
        )
    })
}

/// The dates of a [`CHECKED`] file; lines that are none are left out.
pub(crate) fn checked_dates(folder: &Path) -> Vec<(String, String)> {
    let Ok(text) = std::fs::read_to_string(folder.join(CHECKED)) else {
        return Vec::new();
    };
    text.lines()
        .filter_map(|line| {
            let (key, date) = line.rsplit_once(' ')?;
            let plain = date.len() == 10 && date.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            plain.then(|| (key.to_owned(), date.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn current_names_a_generation_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        assert_eq!(shard_folder(root).unwrap(), root);
        std::fs::write(root.join(CURRENT), "12\n").unwrap();
        assert_eq!(shard_folder(root).unwrap(), root.join("generations/12"));
        for bad in ["", "../x", "-1", "1 2", "99999999999999999999999"] {
            std::fs::write(root.join(CURRENT), bad).unwrap();
            assert!(shard_folder(root).is_err(), "{bad}");
        }
    }

    #[test]
    fn dates_are_read_and_nonsense_is_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let text = "debian:12 2026-11-25\nnpm yesterday\n\nx\n";
        std::fs::write(directory.path().join(CHECKED), text).unwrap();
        assert_eq!(
            checked_dates(directory.path()),
            [("debian:12".to_owned(), "2026-11-25".to_owned())]
        );
    }
}
