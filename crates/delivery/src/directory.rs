//! The directory in which a database lies: generations that are replaced as a whole, the one
//! before kept to go back to, a lock between writers.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use seaworthy_vulndb::{
    CHECKED, CURRENT, GENERATIONS, current_generation, generation_folder, shard_folder,
    write_atomically,
};

use crate::Error;
use crate::manifest::{MANIFEST_FILE, MAX_MANIFEST, Manifest, entry_of};

/// The file that a writer locks.
const LOCK: &str = "lock";

/// A database directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    root: PathBuf,
}

/// The right to write a directory; given back when it is dropped, or the process ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The lock goes with the file in any case; the text is only for people.
        let _ = self.file.set_len(0);
    }
}

/// A generation in the making: a folder that begins as a copy of the one in use (hard links), and
/// that nobody reads. It is gone when it is not committed.
#[derive(Debug)]
pub struct Stage {
    directory: Directory,
    folder: tempfile::TempDir,
    base: Option<Manifest>,
}

/// What a commit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The list of shards that is in use now.
    pub manifest: Manifest,
    /// Whether anything is different from before.
    pub changed: bool,
}

impl Directory {
    /// The database in a directory, which may not exist yet.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The folder of the shards in use.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn folder(&self) -> Result<PathBuf, Error> {
        shard_folder(&self.root).map_err(Error::disk("read", &self.root))
    }

    /// The list of the shards in use: the one that was written, else one made by looking at the
    /// files of a plain directory of shards. None when there is nothing.
    ///
    /// # Errors
    /// When a file cannot be read or is damaged.
    pub fn manifest(&self) -> Result<Option<Manifest>, Error> {
        let folder = self.folder()?;
        match read_manifest(&folder)? {
            Some((manifest, _)) => Ok(Some(manifest)),
            None => Ok(Some(manifest_of(&folder)?).filter(|m| !m.shards.is_empty())),
        }
    }

    /// Waits until this process alone may write the directory, and makes it when it is not there.
    /// `waiting` is told once who holds it.
    ///
    /// # Errors
    /// [`Error::Locked`] when `patience` is over; when the directory cannot be written.
    pub fn lock(
        &self,
        patience: Duration,
        who: &str,
        waiting: &dyn Fn(&str),
    ) -> Result<Lock, Error> {
        fs::create_dir_all(&self.root).map_err(Error::disk("make", &self.root))?;
        let path = self.root.join(LOCK);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::disk("write", &path))?;
        let began = Instant::now();
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::Error(cause)) => {
                    return Err(Error::disk("lock", &path)(cause));
                }
                Err(fs::TryLockError::WouldBlock) => {
                    let holder = holder(&path);
                    if began.elapsed() >= patience {
                        return Err(Error::Locked {
                            path: self.root.clone(),
                            holder,
                        });
                    }
                    if !told {
                        waiting(&holder);
                        told = true;
                    }
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(who.as_bytes()))
            .map_err(Error::disk("write", &path))?;
        Ok(Lock { file })
    }

    /// Begins a generation.
    ///
    /// # Errors
    /// When the disk does not allow it.
    pub fn stage(&self, _: &Lock) -> Result<Stage, Error> {
        let generations = self.root.join(GENERATIONS);
        fs::create_dir_all(&generations).map_err(Error::disk("make", &generations))?;
        // Of a process that died.
        for name in entries(&generations)? {
            if name.starts_with(".new-") {
                let _ = fs::remove_dir_all(generations.join(name));
            }
        }
        let base = self.manifest()?;
        let folder = tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(&generations)
            .map_err(Error::disk("make", &generations))?;
        link_shards(&self.folder()?, folder.path())?;
        Ok(Stage {
            directory: self.clone(),
            folder,
            base,
        })
    }

    /// Takes the generation before into use.
    ///
    /// # Errors
    /// When there is none, or the disk does not allow it.
    pub fn roll_back(&self, _: &Lock) -> Result<Manifest, Error> {
        let none = || Error::NoPrevious {
            path: self.root.clone(),
        };
        let current = current_generation(&self.root)
            .map_err(Error::disk("read", &self.root))?
            .ok_or_else(none)?;
        let before = self
            .generations()?
            .into_iter()
            .filter(|number| *number < current)
            .max()
            .ok_or_else(none)?;
        let folder = generation_folder(&self.root, before);
        let (manifest, _) = read_manifest(&folder)?.ok_or_else(none)?;
        self.use_generation(before)?;
        Ok(manifest)
    }

    fn generations(&self) -> Result<Vec<u64>, Error> {
        let folder = self.root.join(GENERATIONS);
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        Ok(entries(&folder)?
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect())
    }

    fn use_generation(&self, number: u64) -> Result<(), Error> {
        let path = self.root.join(CURRENT);
        write_atomically(&path, format!("{number}\n").as_bytes())
            .map_err(Error::disk("write", &path))
    }
}

impl Stage {
    /// The folder to write into: files are replaced by renaming, never written in place, for they
    /// are links to those in use.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The list of shards that are in use until the commit.
    #[must_use]
    pub fn base(&self) -> Option<&Manifest> {
        self.base.as_ref()
    }

    /// Takes the folder as it is into use. The list of shards is made by looking at it; `checked`
    /// tells for each key until when it is known to be what upstream says. Nothing is replaced
    /// when nothing changed; when only the days of the checks did, the list alone is.
    ///
    /// # Errors
    /// When a shard is damaged, or the disk does not allow it: then the generation in use stays.
    pub fn commit_built(
        self,
        now: &str,
        checked: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Committed, Error> {
        let mut manifest = manifest_of_stage(self.folder.path(), &self.directory, self.base())?;
        for entry in &mut manifest.shards {
            let before = self.base.as_ref().and_then(|base| base.entry(&entry.key));
            entry.checked = checked(&entry.key)
                .or_else(|| before.map(|before| before.checked.clone()))
                .unwrap_or_default();
        }
        if let Some(base) = &self.base
            && base.same_shards(&manifest)
        {
            manifest.generation = base.generation;
            manifest.created.clone_from(&base.created);
            if manifest == *base {
                return Ok(Committed {
                    manifest,
                    changed: false,
                });
            }
            // The folder in use has the same files: the list and the dates are replaced in it.
            let folder = self.directory.folder()?;
            if folder != self.directory.root {
                write_lists(&folder, &manifest, &manifest.to_bytes())?;
                return Ok(Committed {
                    manifest,
                    changed: false,
                });
            }
        } else {
            manifest.generation = self.base.as_ref().map_or(0, |base| base.generation) + 1;
            now.clone_into(&mut manifest.created);
        }
        let bytes = manifest.to_bytes();
        self.commit(manifest, &bytes)
    }

    /// Takes the folder into use with the list that somebody published, of whose shards it may
    /// hold a part.
    ///
    /// # Errors
    /// When the disk does not allow it: then the generation in use stays.
    pub fn commit_fetched(self, manifest: Manifest, bytes: &[u8]) -> Result<Committed, Error> {
        let folder = self.directory.folder()?;
        let same_files = self.same_files(&folder)?;
        if folder != self.directory.root && same_files {
            // Only what is said about the shards may be new.
            let old = fs::read(folder.join(MANIFEST_FILE)).unwrap_or_default();
            if old != bytes {
                write_lists(&folder, &manifest, bytes)?;
            }
            return Ok(Committed {
                manifest,
                changed: false,
            });
        }
        self.commit(manifest, bytes)
    }

    /// Whether it holds the very files of a folder.
    fn same_files(&self, folder: &Path) -> Result<bool, Error> {
        let names = |folder: &Path| -> Result<Vec<String>, Error> {
            let mut names = entries(folder)?;
            names.retain(|name| is_shard(name));
            Ok(names)
        };
        let own = names(self.path())?;
        Ok(own == names(folder)?
            && own
                .iter()
                .all(|name| is_same_file(&self.path().join(name), &folder.join(name))))
    }

    fn commit(self, manifest: Manifest, bytes: &[u8]) -> Result<Committed, Error> {
        let Self {
            directory, folder, ..
        } = self;
        let root = &directory.root;
        let plain = !root.join(CURRENT).exists();
        let mut numbers = directory.generations()?;
        if plain {
            numbers.push(0);
            keep_plain(&directory)?;
        }
        write_lists(folder.path(), &manifest, bytes)?;
        let current = current_generation(root).map_err(Error::disk("read", root))?;
        let next = numbers.iter().max().copied().unwrap_or(0) + 1;
        let place = generation_folder(root, next);
        let path = folder.keep();
        fs::rename(&path, &place).map_err(|cause| {
            let _ = fs::remove_dir_all(&path);
            Error::disk("write", &place)(cause)
        })?;
        // So that the names are on the disk before `current` speaks of them.
        let _ = File::open(root.join(GENERATIONS)).and_then(|folder| folder.sync_all());
        directory.use_generation(next)?;
        // What is old is only in the way: a failure here harms nothing.
        for number in numbers {
            if Some(number) != current && !(plain && number == 0) {
                let _ = fs::remove_dir_all(generation_folder(root, number));
            }
        }
        if plain {
            for name in entries(root)?.iter().filter(|name| is_shard(name)) {
                let _ = fs::remove_file(root.join(name));
            }
            let _ = fs::remove_file(root.join(MANIFEST_FILE));
        }
        Ok(Committed {
            manifest,
            changed: true,
        })
    }
}

/// A plain directory of shards becomes generation 0, to go back to.
fn keep_plain(directory: &Directory) -> Result<(), Error> {
    let root = &directory.root;
    if !entries(root)?.iter().any(|name| is_shard(name)) {
        return Ok(());
    }
    let folder = generation_folder(root, 0);
    fs::create_dir_all(&folder).map_err(Error::disk("make", &folder))?;
    link_shards(root, &folder)?;
    let manifest = directory.manifest()?.unwrap_or_default();
    write_lists(&folder, &manifest, &manifest.to_bytes())
}

/// The list of shards and the dates beside it, which readers want without the list.
fn write_lists(folder: &Path, manifest: &Manifest, bytes: &[u8]) -> Result<(), Error> {
    let dates: String = manifest
        .shards
        .iter()
        .filter(|entry| !entry.checked.is_empty())
        .map(|entry| format!("{} {}\n", entry.key, entry.checked))
        .collect();
    for (name, bytes) in [(CHECKED, dates.as_bytes()), (MANIFEST_FILE, bytes)] {
        let path = folder.join(name);
        write_atomically(&path, bytes).map_err(Error::disk("write", &path))?;
    }
    Ok(())
}

/// Writes the list of the shards of a plain directory (`db build`), and gives it.
///
/// # Errors
/// When a shard is damaged or the list cannot be written.
pub fn write_manifest(folder: &Path, now: &str) -> Result<Manifest, Error> {
    let before = read_manifest(folder).ok().flatten();
    let mut manifest = manifest_of(folder)?;
    if let Some((before, _)) = before {
        if before.same_shards(&manifest) {
            return Ok(before);
        }
        manifest.generation = before.generation;
    }
    manifest.generation += 1;
    now.clone_into(&mut manifest.created);
    write_lists(folder, &manifest, &manifest.to_bytes())?;
    Ok(manifest)
}

/// The list in a folder, with its bytes; none when there is none.
pub(crate) fn read_manifest(folder: &Path) -> Result<Option<(Manifest, Vec<u8>)>, Error> {
    let path = folder.join(MANIFEST_FILE);
    let mut bytes = Vec::new();
    match File::open(&path) {
        Ok(file) => file
            .take(MAX_MANIFEST + 1)
            .read_to_end(&mut bytes)
            .map_err(Error::disk("read", &path))?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::disk("read", &path)(e)),
    };
    let manifest = Manifest::parse(&bytes, &path.display().to_string())?;
    Ok(Some((manifest, bytes)))
}

/// A list made by looking at the files.
pub(crate) fn manifest_of(folder: &Path) -> Result<Manifest, Error> {
    let mut shards = Vec::new();
    for name in entries(folder)?.iter().filter(|name| is_shard(name)) {
        shards.push(entry_of(&folder.join(name))?);
    }
    Ok(listed(shards))
}

fn listed(mut shards: Vec<crate::ShardEntry>) -> Manifest {
    shards.sort_by(|a, b| a.key.cmp(&b.key));
    Manifest {
        schema: 1,
        format: seaworthy_vulndb::VERSION,
        shards,
        ..Manifest::default()
    }
}

/// As [`manifest_of`], without reading again what is still the file of the generation in use.
fn manifest_of_stage(
    folder: &Path,
    directory: &Directory,
    base: Option<&Manifest>,
) -> Result<Manifest, Error> {
    let in_use = directory.folder()?;
    let mut shards = Vec::new();
    for name in entries(folder)?.iter().filter(|name| is_shard(name)) {
        let path = folder.join(name);
        let known = base
            .and_then(|base| base.shards.iter().find(|entry| entry.file() == *name))
            .filter(|_| is_same_file(&path, &in_use.join(name)));
        shards.push(match known {
            Some(entry) => entry.clone(),
            None => entry_of(&path)?,
        });
    }
    Ok(listed(shards))
}

fn is_same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    match (fs::metadata(a), fs::metadata(b)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

fn link_shards(from: &Path, to: &Path) -> Result<(), Error> {
    if !from.is_dir() {
        return Ok(());
    }
    for name in entries(from)?.iter().filter(|name| is_shard(name)) {
        let (old, new) = (from.join(name), to.join(name));
        if new.exists() {
            continue;
        }
        // Not every file system has hard links.
        fs::hard_link(&old, &new)
            .or_else(|_| fs::copy(&old, &new).map(drop))
            .map_err(Error::disk("write", &new))?;
    }
    Ok(())
}

pub(crate) fn is_shard(name: &str) -> bool {
    name.ends_with(".swdb") && !name.starts_with('.')
}

/// Names in a folder, sorted.
pub(crate) fn entries(folder: &Path) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::disk("read", folder))? {
        let entry = entry.map_err(Error::disk("read", folder))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn holder(path: &Path) -> String {
    let mut text = String::new();
    let _ = File::open(path).and_then(|file| file.take(200).read_to_string(&mut text));
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    if text.is_empty() {
        "another process".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
#[path = "directory_tests.rs"]
mod tests;
