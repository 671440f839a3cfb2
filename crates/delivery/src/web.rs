//! What delivery asks of a network: small documents, files that may be resumed and may not have
//! changed, and stores of artifacts. The trait is what tests stand in for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use seaworthy_oci::{ArtifactStore, Reference};
use serde::{Deserialize, Serialize};

use crate::Error;

pub use seaworthy_source::Progress;
pub use seaworthy_source::http::{Download, Downloaded, Validators};

/// Everything outside of this machine. Calls block, and come from several threads.
pub trait Network: Send + Sync {
    /// A small document.
    ///
    /// # Errors
    /// When nobody answers, or the answer is none or too large.
    fn get(&self, url: &str, limit: u64) -> Result<Vec<u8>, Error>;

    /// The answer to a question in JSON.
    ///
    /// # Errors
    /// As [`Network::get`].
    fn post_json(&self, url: &str, body: &[u8], limit: u64) -> Result<Vec<u8>, Error>;

    /// Fetches a file: only when it has changed, and from where an earlier try ended.
    ///
    /// # Errors
    /// As [`Network::get`]; the file that is there stays.
    fn download(
        &self,
        request: &Download<'_>,
        progress: &dyn Progress,
    ) -> Result<Downloaded, Error>;

    /// The repository of a reference.
    ///
    /// # Errors
    /// When the options make no client.
    fn registry(&self, reference: &Reference) -> Result<Box<dyn ArtifactStore>, Error>;

    /// A directory in the shape of one (OCI image layout).
    ///
    /// # Errors
    /// When there is something else.
    fn layout(&self, path: &Path) -> Result<Box<dyn ArtifactStore>, Error>;
}

/// Where sources are asked instead of at their publishers: a mirror of all, and of single ones.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Addresses {
    /// Takes the place of `https://`: `BASE/HOST/PATH` is asked for `https://HOST/PATH`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// By source, takes the place of `https://HOST`: `URL/PATH`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub of: BTreeMap<String, String>,
}

impl Addresses {
    /// Where a source's file is asked for.
    #[must_use]
    pub fn resolve(&self, source: &str, url: &str) -> String {
        let Some((_, rest)) = url.split_once("://") else {
            return url.to_owned();
        };
        let path = rest.split_once('/').map_or("", |(_, path)| path);
        if let Some(mirror) = self.of.get(source) {
            return format!("{}/{path}", mirror.trim_end_matches('/'));
        }
        match &self.base {
            Some(base) => format!("{}/{rest}", base.trim_end_matches('/')),
            None => url.to_owned(),
        }
    }
}

/// The path that a `file://` address names, percent-decoded; none for other addresses.
pub(crate) fn local(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("file://")?;
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = (first == b'%')
            .then(|| std::str::from_utf8(tail.get(..2)?).ok())
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    Some(PathBuf::from(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The listing of a directory, as web servers make them.
pub(crate) fn list_local(path: &Path) -> Result<Vec<u8>, Error> {
    let links: String = crate::directory::entries(path)?
        .iter()
        .map(|name| {
            let slash = if path.join(name).is_dir() { "/" } else { "" };
            format!("<a href=\"{name}{slash}\">{name}</a>\n")
        })
        .collect();
    Ok(links.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn mirrors_take_the_place_of_hosts() {
        let url = "https://secdb.example.org/v3.18/main.json";
        let none = Addresses::default();
        assert_eq!(none.resolve("alpine", url), url);
        let base = Addresses {
            base: Some("http://127.0.0.1:8000/feeds/".to_owned()),
            of: [("kev".to_owned(), "file:///srv/kev".to_owned())].into(),
        };
        for (source, expected) in [
            (
                "alpine",
                "http://127.0.0.1:8000/feeds/secdb.example.org/v3.18/main.json",
            ),
            ("kev", "file:///srv/kev/v3.18/main.json"),
        ] {
            assert_eq!(base.resolve(source, url), expected);
        }
    }

    #[test]
    fn local_addresses_are_paths() {
        assert_eq!(
            local("file:///srv/GitHub%20Actions/all.zip?x=1"),
            Some(PathBuf::from("/srv/GitHub Actions/all.zip"))
        );
        assert_eq!(local("file:///a%zz%"), Some(PathBuf::from("/a%zz%")));
        assert_eq!(local("https://x/y"), None);
    }

    #[test]
    fn folders_are_listed_as_servers_do() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("v3.18")).unwrap();
        let listing = String::from_utf8(list_local(folder.path()).unwrap()).unwrap();
        assert!(listing.contains("href=\"v3.18/\""), "{listing}");
        assert!(
            list_local(&folder.path().join("none"))
                .unwrap_err()
                .is_missing()
        );
    }
}
