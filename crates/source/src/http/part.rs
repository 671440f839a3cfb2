//! What a transfer that broke off leaves beside its file: the bytes so far, `FILE.part`, and of
//! what they are, `FILE.part.json`.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Validators;
use crate::Error;
use crate::disk::write_error;

/// Largest description of a part.
const MAX_STATE: u64 = 64 << 10;

/// Of what a part is a part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// The address, without secrets.
    pub(super) url: String,
    #[serde(flatten)]
    pub(super) validators: Validators,
    /// Length of the whole, where it is known.
    #[serde(default)]
    pub(super) total: Option<u64>,
}

/// An open part; nobody else writes it meanwhile.
pub(super) struct Part {
    to: PathBuf,
    path: PathBuf,
    file: File,
    len: u64,
    state: State,
}

impl Part {
    /// Opens the part of a file, waiting for whoever else fetches the same. What is there of
    /// another address, or without a way to tell whether the whole changed, is dropped.
    pub(super) fn open(to: &Path, url: &str) -> Result<Self, Error> {
        let path = with_suffix(to, ".part");
        if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| write_error(folder, &e))?;
        }
        let file = lock(&path).map_err(|e| write_error(&path, &e))?;
        let len = file.metadata().map_err(|e| write_error(&path, &e))?.len();
        let mut part = Self {
            to: to.to_owned(),
            state: State::default(),
            path,
            file,
            len,
        };
        let state = crate::disk::read_limited(&part.state_path(), MAX_STATE)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<State>(&bytes).ok());
        match state {
            Some(state)
                if state.url == url
                    && state.validators.if_range().is_some()
                    && state.total.is_none_or(|total| part.len <= total) =>
            {
                part.state = state;
            }
            _ => part.restart(State::default())?,
        }
        Ok(part)
    }

    /// Bytes that are there.
    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    /// Of what.
    pub(super) const fn state(&self) -> &State {
        &self.state
    }

    /// Whether all of it is there already.
    pub(super) fn is_complete(&self) -> bool {
        self.len > 0 && self.state.total == Some(self.len)
    }

    /// Drops the bytes; others follow.
    pub(super) fn restart(&mut self, state: State) -> Result<(), Error> {
        if self.len > 0 {
            self.file.set_len(0).map_err(|e| self.failed(&e))?;
        }
        self.len = 0;
        // Without a validator nobody could go on from here, so nothing is promised.
        if state.validators.if_range().is_some() {
            let text = serde_json::to_vec(&state).unwrap_or_default();
            let path = self.state_path();
            std::fs::write(&path, text).map_err(|e| write_error(&path, &e))?;
        } else {
            self.forget();
        }
        self.state = state;
        Ok(())
    }

    /// Adds bytes at the end.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file
            .seek(SeekFrom::Start(self.len))
            .and_then(|_| self.file.write_all(bytes))
            .map_err(|e| self.failed(&e))?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// All is there: the part becomes the file, in one step.
    pub(super) fn finish(self) -> Result<(), Error> {
        self.file.sync_data().map_err(|e| self.failed(&e))?;
        std::fs::rename(&self.path, &self.to).map_err(|e| write_error(&self.to, &e))?;
        self.forget();
        Ok(())
    }

    /// Nothing is needed of it.
    pub(super) fn discard(self) {
        // What stays behind is dropped by the next transfer.
        let _ = std::fs::remove_file(&self.path);
        self.forget();
    }

    fn forget(&self) {
        // It may not exist.
        let _ = std::fs::remove_file(self.state_path());
    }

    fn state_path(&self) -> PathBuf {
        with_suffix(&self.path, ".json")
    }

    fn failed(&self, cause: &io::Error) -> Error {
        let error = write_error(&self.path, cause);
        match error.hint() {
            Some(hint) if self.state.validators.if_range().is_some() => error.with_hint(format!(
                "{hint}; what came so far is kept and the next try goes on from there"
            )),
            _ => error,
        }
    }
}

/// Opens and locks a file. Whoever held the lock may have renamed or removed the file meanwhile,
/// so the name is held against what was opened.
fn lock(path: &Path) -> io::Result<File> {
    loop {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        file.lock()?;
        let ours = file.metadata()?;
        match std::fs::metadata(path) {
            Ok(named) if (named.dev(), named.ino()) == (ours.dev(), ours.ino()) => return Ok(file),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
