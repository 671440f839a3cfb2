use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use seaworthy_model::{CoverageEntry, CoverageKind, TargetKind};

use crate::Error;
use crate::disk::FileAt;

/// Folders of a live system that hold no installed files.
const PSEUDO: [&str; 3] = ["dev", "proc", "sys"];
/// Where container engines keep the file systems of images and containers: targets of their own.
const CONTAINERS: [&str; 4] = [
    "var/lib/docker",
    "var/lib/containerd",
    "var/lib/containers/storage",
    "var/lib/rancher/k3s/agent/containerd",
];
/// Levels of folders.
const MAX_DEPTH: usize = 255;

/// A directory to be walked.
#[derive(Debug)]
pub struct Tree {
    path: PathBuf,
    name: String,
    rootfs: bool,
}

impl Tree {
    /// A root file system.
    pub(crate) fn rootfs(path: &Path) -> Result<Self, Error> {
        Self::open(path, true)
    }

    /// A directory of sources.
    pub(crate) fn dir(path: &Path) -> Result<Self, Error> {
        Self::open(path, false)
    }

    fn open(path: &Path, rootfs: bool) -> Result<Self, Error> {
        let meta = fs::metadata(path).map_err(|e| Error::file(path, &e))?;
        if !meta.is_dir() {
            return Err(Error::target(
                crate::error::shown(path),
                "is not a directory",
            ));
        }
        // What cannot be listed at all must not look empty.
        fs::read_dir(path).map_err(|e| Error::file(path, &e))?;
        Ok(Self {
            path: path.to_owned(),
            name: crate::error::shown(path),
            rootfs,
        })
    }

    /// The directory as the user named it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `rootfs` or `dir`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        if self.rootfs { "rootfs" } else { "dir" }
    }

    /// What it is in a report.
    #[must_use]
    pub const fn target_kind(&self) -> TargetKind {
        if self.rootfs {
            TargetKind::RootFs
        } else {
            TargetKind::Directory
        }
    }

    /// The content of one file by its path from the root; none for what is not there, is no regular
    /// file, leads out of the directory, or has more than 16 MiB.
    #[must_use]
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        const MAX: u64 = 16 << 20;
        let root = self.path.canonicalize().ok()?;
        let file = root
            .join(path.trim_start_matches('/'))
            .canonicalize()
            .ok()?;
        let meta = fs::metadata(&file).ok()?;
        (file.starts_with(&root) && meta.is_file() && meta.len() <= MAX)
            .then(|| fs::read(&file).ok())?
    }

    /// Calls `each` for every regular file and symbolic link, folders in the order of their names;
    /// links are not followed. Returns what could not be looked into.
    ///
    /// # Errors
    /// When the directory itself can no longer be read.
    pub fn walk(&self, each: &mut dyn FnMut(TreeItem)) -> Result<Vec<CoverageEntry>, Error> {
        let mut gaps = Vec::new();
        let mut folders = VecDeque::from([(String::new(), 0)]);
        while let Some((folder, depth)) = folders.pop_back() {
            if let Some(reason) = self.passed_over(&folder) {
                if let Some(reason) = reason {
                    gaps.push(gap(&folder, reason.to_owned()));
                }
                continue;
            }
            if depth > MAX_DEPTH {
                gaps.push(gap(
                    &folder,
                    format!("more than {MAX_DEPTH} folders inside each other"),
                ));
                continue;
            }
            let path = self.path.join(&folder);
            let mut entries: Vec<fs::DirEntry> =
                match fs::read_dir(&path).and_then(Iterator::collect) {
                    Ok(entries) => entries,
                    Err(e) if folder.is_empty() => return Err(Error::file(&path, &e)),
                    // Folders of a live system come and go.
                    Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                    Err(e) => {
                        gaps.push(gap(&folder, format!("cannot be listed: {e}")));
                        continue;
                    }
                };
            entries.sort_by_key(fs::DirEntry::file_name);
            let mut below = Vec::new();
            for entry in entries {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                let inner = if folder.is_empty() {
                    name.into_owned()
                } else {
                    format!("{folder}/{name}")
                };
                let Ok(kind) = entry.file_type() else {
                    continue;
                };
                if kind.is_dir() {
                    below.push((inner, depth + 1));
                } else if kind.is_file()
                    && let Ok(meta) = entry.metadata()
                {
                    each(TreeItem::File(TreeEntry {
                        disk: entry.path(),
                        path: inner,
                        meta,
                    }));
                } else if kind.is_symlink()
                    && let Ok(target) = fs::read_link(entry.path())
                {
                    each(TreeItem::Link {
                        path: inner,
                        target: target.to_string_lossy().into_owned(),
                    });
                }
            }
            folders.extend(below.into_iter().rev());
        }
        Ok(gaps)
    }

    /// Whether a folder is left out, and what is to be said about that.
    fn passed_over(&self, folder: &str) -> Option<Option<&'static str>> {
        if folder == ".git" || folder.ends_with("/.git") {
            return Some(None);
        }
        if !self.rootfs {
            return None;
        }
        if PSEUDO.contains(&folder) {
            return Some(None);
        }
        CONTAINERS.contains(&folder).then_some(Some(
            "the storage of a container engine; scan its images by their names",
        ))
    }
}

fn gap(path: &str, detail: String) -> CoverageEntry {
    CoverageEntry::new(CoverageKind::SkippedFile, path, detail)
}

/// What a walk comes by.
#[derive(Debug)]
pub enum TreeItem {
    /// A regular file.
    File(TreeEntry),
    /// A symbolic link.
    Link {
        /// Path from the root of the tree, no leading slash.
        path: String,
        /// Where it leads, as it says itself.
        target: String,
    },
}

/// A regular file of a tree.
#[derive(Debug)]
pub struct TreeEntry {
    disk: PathBuf,
    path: String,
    meta: fs::Metadata,
}

impl TreeEntry {
    /// Path from the root of the tree, no leading slash.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.meta.len()
    }

    /// Permission bits.
    #[must_use]
    pub fn mode(&self) -> u32 {
        use std::os::unix::fs::MetadataExt as _;
        self.meta.mode() & 0o7777
    }

    /// A number that all hard links of the file share, and no other file of its file system has;
    /// none when it has one name only.
    #[must_use]
    pub fn shared_number(&self) -> Option<u64> {
        use std::os::unix::fs::MetadataExt as _;
        (self.meta.nlink() > 1).then(|| self.meta.ino())
    }

    /// Opens it.
    ///
    /// # Errors
    /// What the file system says.
    pub fn open(&self) -> io::Result<impl seaworthy_model::ReadAt + use<>> {
        FileAt::new(File::open(&self.disk)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(tree: &Tree) -> (Vec<String>, Vec<CoverageEntry>) {
        let mut paths = Vec::new();
        let gaps = tree
            .walk(&mut |item| {
                paths.push(match item {
                    TreeItem::File(file) => file.path().to_owned(),
                    TreeItem::Link { path, target } => format!("{path} -> {target}"),
                });
            })
            .expect("readable");
        (paths, gaps)
    }

    #[test]
    fn regular_files_are_walked_in_order_and_links_are_not_followed() {
        let dir = tempfile::tempdir().expect("a directory");
        for file in [
            "b/x",
            "a",
            "b/c/y",
            "proc/1/status",
            "var/lib/docker/z",
            ".git/config",
        ] {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().expect("has one")).expect("writable");
            fs::write(path, "content").expect("writable");
        }
        std::os::unix::fs::symlink("/", dir.path().join("root")).expect("writable");
        std::os::unix::fs::symlink("a", dir.path().join("link")).expect("writable");
        let (found, gaps) = paths(&Tree::rootfs(dir.path()).expect("is there"));
        assert_eq!(found, ["a", "link -> a", "root -> /", "b/x", "b/c/y"]);
        assert_eq!(gaps.len(), 1);
        assert_eq!(gaps[0].subject, "var/lib/docker");
        let (found, gaps) = paths(&Tree::dir(dir.path()).expect("is there"));
        assert_eq!(found.len(), 7);
        assert!(gaps.is_empty());
    }

    #[test]
    fn hard_links_share_a_number() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("a"), "content").expect("writable");
        fs::hard_link(dir.path().join("a"), dir.path().join("b")).expect("writable");
        fs::write(dir.path().join("c"), "content").expect("writable");
        let mut numbers = Vec::new();
        Tree::dir(dir.path())
            .expect("is there")
            .walk(&mut |item| {
                if let TreeItem::File(file) = item {
                    numbers.push(file.shared_number());
                }
            })
            .expect("readable");
        assert!(numbers[0].is_some() && numbers[0] == numbers[1]);
        assert_eq!(numbers[2], None);
    }

    #[test]
    fn a_file_is_no_tree() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert!(Tree::rootfs(file.path()).is_err());
        assert!(Tree::rootfs(Path::new("/no/such/place")).is_err());
    }
}
