use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use seaworthy_vulndb::write_atomically;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::web::{Addresses, Validators};

/// The file beside the generations that remembers how they came about.
pub(crate) const STATE_FILE: &str = "state.json";
/// Most bytes of it.
const MAX_STATE: u64 = 64 << 20;

/// Where a database comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Origin {
    /// The sources themselves, or mirrors of them.
    Upstream {
        /// The mirrors.
        #[serde(default)]
        addresses: Addresses,
    },
    /// An artifact in a registry.
    Registry {
        /// Its reference.
        reference: String,
    },
    /// An OCI image layout, or a directory of shards.
    Directory {
        /// Its path.
        path: String,
    },
    /// A web server with `database.json` and the shards.
    Web {
        /// The address of the folder.
        url: String,
    },
}

impl Origin {
    /// Reads what a user types: `upstream`, `oci://REF`, an address, or a directory.
    ///
    /// # Errors
    /// When the text is empty.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        Ok(if text == "upstream" {
            Self::Upstream {
                addresses: Addresses::default(),
            }
        } else if let Some(reference) = text.strip_prefix("oci://") {
            reference
                .parse::<seaworthy_oci::Reference>()
                .map_err(|e| Error::Usage(format!("`{text}`: {e}")))?;
            Self::Registry {
                reference: reference.to_owned(),
            }
        } else if text.starts_with("https://")
            || text.starts_with("http://")
            || text.starts_with("file://")
        {
            Self::Web {
                url: text.trim_end_matches('/').to_owned(),
            }
        } else if text.is_empty() || text.contains("://") {
            return Err(Error::Usage(format!(
                "`{text}` is no place for a database: name oci://REFERENCE, https://ADDRESS, a directory, or upstream"
            )));
        } else {
            Self::Directory {
                path: text.to_owned(),
            }
        })
    }

    /// As a user would type it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Upstream { .. } => "upstream".to_owned(),
            Self::Registry { reference } => format!("oci://{reference}"),
            Self::Directory { path } => path.clone(),
            Self::Web { url } => url.clone(),
        }
    }
}

/// What is remembered from one update to the next.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct State {
    /// Where the database comes from.
    #[serde(default)]
    pub origin: Option<Origin>,
    /// The keys and families that were asked for; none for all.
    #[serde(default)]
    pub only: Option<BTreeSet<String>>,
    /// Whether sources with a restricted licence are among them.
    #[serde(default)]
    pub restricted: bool,
    /// When the origin was last asked and answered, `YYYY-MM-DDTHH:MM:SSZ`.
    #[serde(default)]
    pub checked: String,
    /// The documents and files that were fetched, by their path below the feeds folder.
    #[serde(default)]
    pub files: BTreeMap<String, Fetched>,
    /// The files of each source, as of the last time that all of them were found.
    #[serde(default)]
    pub sources: BTreeMap<String, BTreeSet<String>>,
    /// What was built together, by group.
    #[serde(default)]
    pub groups: BTreeMap<String, GroupState>,
    /// The program that built them.
    #[serde(default)]
    pub built_by: String,
}

/// A file that was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fetched {
    /// From where.
    pub url: String,
    /// Asked with the next time.
    #[serde(default)]
    pub validators: Validators,
    /// What a list of changes says of it; while it says the same, the file is not asked for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stamp: String,
}

/// Shards that come of the same files.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GroupState {
    /// The keys and families that were built.
    #[serde(default)]
    pub keys: BTreeSet<String>,
    /// The files that they were built from.
    #[serde(default)]
    pub files: BTreeSet<String>,
    /// Whether a file has changed since, or the build was refused.
    #[serde(default)]
    pub pending: bool,
}

impl State {
    /// Reads the state of a directory; a new one when there is none, or none that can be read:
    /// then everything is asked for again.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn read(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(STATE_FILE);
        let mut bytes = Vec::new();
        match File::open(&path) {
            Ok(file) => file
                .take(MAX_STATE)
                .read_to_end(&mut bytes)
                .map_err(Error::disk("read", &path))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(Error::disk("read", &path)(e)),
        };
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// Writes it.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn write(&self, directory: &Path) -> Result<(), Error> {
        let path = directory.join(STATE_FILE);
        // Values of this type are always JSON.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        write_atomically(&path, &bytes).map_err(Error::disk("write", &path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_what_users_type() {
        for (text, kind) in [
            ("upstream", "Upstream"),
            ("oci://registry.example.com/security/db:latest", "Registry"),
            ("https://example.com/db/", "Web"),
            ("./db", "Directory"),
        ] {
            let origin = Origin::parse(text).unwrap();
            assert!(format!("{origin:?}").starts_with(kind), "{text}");
            assert_eq!(Origin::parse(&origin.name()).unwrap(), origin, "{text}");
            let json = serde_json::to_string(&origin).unwrap();
            assert_eq!(serde_json::from_str::<Origin>(&json).unwrap(), origin);
        }
        for bad in ["", "ftp://x/y", "oci://", "oci://UPPER CASE"] {
            assert!(Origin::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_state_comes_back_and_a_damaged_one_is_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(State::read(folder.path()).unwrap(), State::default());
        let state = State {
            origin: Some(Origin::parse("oci://example.com/db").unwrap()),
            only: Some(["npm".to_owned()].into()),
            ..State::default()
        };
        state.write(folder.path()).unwrap();
        assert_eq!(State::read(folder.path()).unwrap(), state);
        std::fs::write(folder.path().join(STATE_FILE), b"{").unwrap();
        assert_eq!(State::read(folder.path()).unwrap(), State::default());
    }
}
