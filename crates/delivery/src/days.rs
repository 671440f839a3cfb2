//! The table of days of publication of a database that is built from upstream, group by group.
//!
//! Each group of shards has its own days, kept beside the generations; the table is all of them,
//! the earliest day of each id. So a group that is built again takes back what it does not say any
//! more, whatever the others are.

use std::fs;
use std::io;
use std::path::PathBuf;

use seaworthy_vulndb::{PublishedTable, SourceInfo, build_published, file_name, write_atomically};

use crate::catalogue::{families, family, group_of};
use crate::state::State;
use crate::{Directory, Error, PUBLISHED, Stage, is_table};

/// The folder of the groups' days.
const FOLDER: &str = "days";

pub(crate) struct Days<'a> {
    folder: PathBuf,
    /// Where a build writes its table, and where the table of all goes.
    table: PathBuf,
    /// The table of the generation in use.
    before: PathBuf,
    stage: &'a Stage,
}

impl<'a> Days<'a> {
    pub(crate) fn of(directory: &Directory, stage: &'a Stage) -> Self {
        let file = file_name(PUBLISHED);
        Self {
            folder: directory.path().join(FOLDER),
            table: stage.path().join(&file),
            before: directory
                .folder()
                .map_or_else(|_| PathBuf::new(), |f| f.join(&file)),
            stage,
        }
    }

    fn part(&self, group: &str) -> PathBuf {
        self.folder.join(file_name(group))
    }

    /// Makes room for the table of the next build.
    pub(crate) fn begin(&self) -> Result<(), Error> {
        gone(&self.table)
    }

    /// Keeps the table that the build of a group wrote. One that wrote none has no days, or when it
    /// was `refused`, those of before.
    pub(crate) fn keep(&self, group: &str, refused: bool) -> Result<(), Error> {
        let part = self.part(group);
        if self.table.exists() {
            fs::create_dir_all(&self.folder).map_err(Error::disk("make", &self.folder))?;
            return fs::rename(&self.table, &part).map_err(Error::disk("write", &part));
        }
        if refused { Ok(()) } else { gone(&part) }
    }

    /// Writes the table of all groups into the stage.
    pub(crate) fn join(&self, state: &State) -> Result<(), Error> {
        gone(&self.table)?;
        let mut groups: Vec<&str> = families().into_iter().map(group_of).collect();
        groups.sort_unstable();
        groups.dedup();
        let mut parts: Vec<PathBuf> = groups.into_iter().map(|group| self.part(group)).collect();
        // Shards that came from elsewhere have their days in the table alone.
        let base = self.stage.base().map(|base| base.shards.as_slice());
        let foreign = base.unwrap_or_default().iter().any(|entry| {
            let built = state.groups.get(group_of(family(&entry.key)));
            !is_table(&entry.key) && built.is_none_or(|group| group.keys.is_empty())
        });
        if foreign {
            parts.push(self.before.clone());
        }
        // One that is damaged is made anew with its group; the others do not wait for it.
        let tables: Vec<PublishedTable> = parts
            .iter()
            .filter_map(|part| PublishedTable::open(part).ok())
            .collect();
        let days: Vec<_> = tables.iter().flat_map(PublishedTable::iter).collect();
        if days.is_empty() {
            return Ok(());
        }
        let bytes = build_published(
            sources(&tables),
            days.iter().map(|(id, day)| (id.as_str(), *day)),
        );
        write_atomically(&self.table, &bytes).map_err(Error::disk("write", &self.table))
    }
}

/// The sources of all tables, each once, with its newest date.
fn sources(tables: &[PublishedTable]) -> Vec<SourceInfo> {
    let mut sources: Vec<SourceInfo> = tables
        .iter()
        .flat_map(|table| table.meta().sources.iter().cloned())
        .collect();
    sources.sort_by(|a, b| (&a.name, &b.date).cmp(&(&b.name, &a.date)));
    sources.dedup_by(|later, first| {
        let same = later.name == first.name;
        if same {
            first.records = first.records.saturating_add(later.records);
        }
        same
    });
    sources
}

fn gone(path: &std::path::Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::disk("remove", path)(e)),
        _ => Ok(()),
    }
}
