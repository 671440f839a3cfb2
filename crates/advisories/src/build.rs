use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use seaworthy_model::Date;

use crate::collect::Collected;
use crate::error::Error;
use crate::input::{self, FeedFile, Limits};
use crate::plan::Family;
use crate::write::write;

/// How shards are built.
#[derive(Debug, Clone, Copy)]
pub struct BuildOptions {
    /// Write a shard although more than 1% of its source's records are broken, or its source shrank
    /// by more than half.
    pub force: bool,
    /// Read feeds too whose licence forbids to pass on what is made of them (Wolfi, Chainguard).
    pub restricted: bool,
    /// What an archive may hold.
    pub limits: Limits,
    /// Files that are read at the same time.
    pub threads: usize,
    /// Today: days of publication after it are left out, as are those after the date in the name
    /// of the feed's file.
    pub today: Option<Date>,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self {
            force: false,
            restricted: false,
            limits: Limits::default(),
            threads: 2,
            today: None,
        }
    }
}

/// A part of a folder of feeds, and of what comes of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// The files that are read, by their path from the feeds folder with `/`; none for all.
    pub files: Option<BTreeSet<String>>,
    /// The shards and tables that are written: a key (`debian:12`, `npm`, `epss`), or the part
    /// before the colon for all releases (`debian`); none for all.
    pub keys: Option<BTreeSet<String>>,
}

impl Selection {
    /// Whether a shard is among those that are written.
    #[must_use]
    pub fn wants(&self, key: &str) -> bool {
        self.keys.as_ref().is_none_or(|keys| selects(keys, key))
    }
}

/// Whether a set of keys and families holds a key.
fn selects(keys: &BTreeSet<String>, key: &str) -> bool {
    keys.contains(key)
        || key
            .split_once(':')
            .is_some_and(|(family, _)| keys.contains(family))
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BuildSummary {
    /// The sources, by name.
    pub sources: Vec<SourceSummary>,
    /// The shards and tables, by key.
    pub shards: Vec<ShardSummary>,
    /// Files of the feeds folder that no reader knows, sorted.
    pub unread: Vec<String>,
}

/// What one source gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSummary {
    /// Its name, as in the rows.
    pub name: String,
    /// The newest date in it, `YYYY-MM-DD`; empty when it has none.
    pub date: String,
    /// Records that were read.
    pub records: u64,
    /// Rows that came of them.
    pub rows: u64,
    /// Records that hold nothing for us: withdrawn, of other products.
    pub skipped: u64,
    /// Records that are broken.
    pub broken: u64,
    /// The first of those, with the reason.
    pub named: Vec<String>,
}

/// One file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardSummary {
    /// Its key.
    pub key: String,
    /// Rows that went in, before equal ones became one.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
}

/// Reads every feed below `feeds` and writes the shards and tables into `out`, each one whole or
/// not at all. Equal feeds give equal bytes. `progress` is told which file is being read.
///
/// # Errors
/// When the folder cannot be read or holds no feed, a file cannot be written, or a source is refused:
/// more than 1% of its records are broken, it shrank by more than half, or a file of it cannot be
/// read or is beyond the limits (its shards are left as they were then, and the others are written).
pub fn build(
    feeds: &Path,
    out: &Path,
    options: &BuildOptions,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<BuildSummary, Error> {
    build_selected(feeds, out, options, &Selection::default(), progress)
}

/// Reads a part of the feeds below `feeds`, as [`build`] does; shards and tables that are not
/// selected stay as they are in `out`.
///
/// A plain file hides the entry of an archive that has the same path, and a file with the ending
/// `.gone` hides the one whose path it has otherwise: so whoever keeps an archive up to date need
/// not write it anew.
///
/// # Errors
/// As [`build`].
pub fn build_selected(
    feeds: &Path,
    out: &Path,
    options: &BuildOptions,
    selection: &Selection,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<BuildSummary, Error> {
    let mut unread = Vec::new();
    let mut plan: Vec<(FeedFile, Family)> = Vec::new();
    let mut hidden = BTreeSet::new();
    for file in input::list(feeds)? {
        if !(selection.files.as_ref()).is_none_or(|files| files.contains(&file.name)) {
            continue;
        }
        if let Some(name) = file.name.strip_suffix(".gone") {
            hidden.insert(name.to_owned());
            continue;
        }
        match Family::of(&file.name) {
            Some(family) => {
                if !input::is_packed(&file.name) {
                    hidden.insert(file.name.clone());
                }
                plan.push((file, family));
            }
            None => unread.push(file.name),
        }
    }
    if plan.is_empty() {
        return Err(Error::NoFeeds {
            path: feeds.to_owned(),
        });
    }
    // The largest first, so that no worker is left with one at the end.
    plan.sort_by(|a, b| b.0.bytes.cmp(&a.0.bytes).then_with(|| a.0.cmp(&b.0)));
    let keys = selection.keys.clone().map(Arc::new);
    let collected = collect(&plan, &hidden, options, keys.as_ref(), progress)?;
    write(collected, out, options, selection, unread)
}

fn collect(
    plan: &[(FeedFile, Family)],
    hidden: &BTreeSet<String>,
    options: &BuildOptions,
    keys: Option<&Arc<BTreeSet<String>>>,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Collected, Error> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut collected = Collected {
            restricted: options.restricted,
            keys: keys.cloned(),
            ..Collected::default()
        };
        while let Some((file, family)) = plan.get(next.fetch_add(1, Ordering::Relaxed)) {
            progress(&file.name);
            read_file(file, *family, hidden, options, &mut collected);
        }
        collected
    };
    let results: Vec<Result<Collected, Error>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.threads.max(1))
            .map(|_| scope.spawn(worker))
            .collect();
        workers
            .into_iter()
            .map(|worker| {
                worker
                    .join()
                    .map_err(|_| Error::Worker("a feed".to_owned()))
            })
            .collect()
    });
    let mut all = Collected::default();
    for result in results {
        all.join(result?);
    }
    Ok(all)
}

/// Reads one file. One that is cut off, or beyond the limits, fails the sources in it and no other.
fn read_file(
    file: &FeedFile,
    family: Family,
    hidden: &BTreeSet<String>,
    options: &BuildOptions,
    collected: &mut Collected,
) {
    let packed = input::is_packed(&file.name);
    let date = date_in(&file.name);
    let latest = date.parse().ok().into_iter().chain(options.today).min();
    let mut sources: Vec<&'static str> = Vec::new();
    let read = input::read(
        file,
        &options.limits,
        &|name| family.wants(name) && !(packed && hidden.contains(name)),
        &mut |name, bytes| {
            if let Some(feed) = family.feed(name, bytes) {
                if !sources.contains(&feed.source()) {
                    sources.push(feed.source());
                }
                feed.read(name, bytes, &date, latest, collected);
            }
        },
    );
    let Err(error) = read else {
        return;
    };
    if sources.is_empty() {
        // Nobody knows what it held: everything that lies in its folder is suspect.
        collected
            .unreadable
            .insert(file.name.clone(), error.to_string());
    }
    for source in sources {
        collected.of(source, &file.name).count.failure = Some(error.to_string());
    }
}

/// The date in a file's name (`secdb-2026-08-21.tar.zst`), as those who mirror feeds write it.
fn date_in(name: &str) -> String {
    let file = name.rsplit('/').next().unwrap_or(name).as_bytes();
    file.windows(10)
        .find(|text| {
            text.iter().enumerate().all(|(at, byte)| match at {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            })
        })
        .map(|text| String::from_utf8_lossy(text).into_owned())
        .unwrap_or_default()
}

/// Whether a selection of keys and families, or none, holds a key.
pub(crate) fn wanted(keys: Option<&Arc<BTreeSet<String>>>, key: &str) -> bool {
    keys.is_none_or(|keys| selects(keys, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_families_are_selected() {
        let selection = Selection {
            keys: Some(
                [
                    "debian".to_owned(),
                    "alpine:3.18".to_owned(),
                    "npm".to_owned(),
                ]
                .into(),
            ),
            ..Selection::default()
        };
        for (key, expected) in [
            ("debian:12", true),
            ("alpine:3.18", true),
            ("alpine:3.19", false),
            ("npm", true),
            ("epss", false),
        ] {
            assert_eq!(selection.wants(key), expected, "{key}");
        }
        assert!(Selection::default().wants("epss"));
    }

    #[test]
    fn dates_in_names_are_found() {
        assert_eq!(date_in("go/vulndb-2026-08-21.tar.zst"), "2026-08-21");
        assert_eq!(date_in("2020-01-01/npm/all.zip"), "");
    }
}
