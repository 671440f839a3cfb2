use seaworthy_model::{
    CoverageEntry, LicenseFinding, Misconfiguration, OsRelease, Package, Secret,
};

use crate::path;

/// A release number from a file other than `os-release`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseHint {
    /// The distribution it belongs to: `alpine`, `debian`, `centos` …
    pub id: &'static str,
    /// The version, as the file has it: `3.18.4`, `12.5`.
    pub version: String,
}

/// A user of the system (passwd(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its number.
    pub id: u32,
}

/// What the analysers found in one file. A later layer that replaces or deletes the file takes
/// these facts away with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Packages; `evidence.path` is set by the analyser, `evidence.layer` by the merge.
    pub packages: Vec<Package>,
    /// What an `os-release` file says.
    pub os_release: Option<OsRelease>,
    /// Release numbers of other files.
    pub release_hints: Vec<ReleaseHint>,
    /// Red Hat's content sets (repositories) that the layer was built from.
    pub content_sets: Vec<String>,
    /// Users, in the order of the file.
    pub accounts: Vec<Account>,
    /// [Hashes](owned_path_hash) of the paths that an OS package of this file owns.
    pub owned: Vec<u64>,
    /// Credentials; `location.path` is set by the analyser, `location.layer` by the merge.
    pub secrets: Vec<Secret>,
    /// Unsafe configuration; likewise.
    pub misconfigurations: Vec<Misconfiguration>,
    /// Licence texts that belong to no package, or to one that the scan finds by its path; likewise.
    pub licenses: Vec<LicenseFinding>,
    /// What could not be read in it.
    pub coverage: Vec<CoverageEntry>,
}

impl Facts {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A number for a path, the same before and after the merge of `/bin`, `/sbin`, `/lib*` into
/// `/usr`: package databases often name the old place, images hold the new one.
#[must_use]
pub fn owned_path_hash(path: &str) -> u64 {
    let path = path.trim_start_matches("./").trim_start_matches('/');
    let path = match path.strip_prefix("usr/") {
        Some(rest)
            if ["bin/", "sbin/", "lib/", "lib64/", "lib32/", "libx32/"]
                .iter()
                .any(|dir| rest.starts_with(dir)) =>
        {
            rest
        }
        _ => path,
    };
    path::hash(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_hashes_the_same_on_both_sides_of_usrmerge() {
        assert_eq!(
            owned_path_hash("/lib/x86_64-linux-gnu/libz.so.1"),
            owned_path_hash("usr/lib/x86_64-linux-gnu/libz.so.1")
        );
        assert_eq!(owned_path_hash("./bin/sh"), owned_path_hash("usr/bin/sh"));
        assert_ne!(owned_path_hash("usr/share/x"), owned_path_hash("share/x"));
    }
}
