use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use seaworthy_model::Date;
use seaworthy_vulndb::{Advisory, ShardBuilder};

use crate::build::wanted;
use crate::order::Order;
use crate::published::{Days, day_of};
use crate::sink::{CvssRow, EolRow, EpssRow, KevRow, Sink};

/// What one source gave.
#[derive(Debug, Default)]
pub(crate) struct SourceCount {
    pub(crate) records: u64,
    pub(crate) rows: u64,
    pub(crate) skipped: u64,
    pub(crate) broken: u64,
    /// The first broken records, by file and reason.
    pub(crate) named: Vec<String>,
    /// The newest date in its records.
    pub(crate) date: String,
    /// The newest date in its archives' names, which wins: records carry dates of the future.
    pub(crate) archive_date: String,
    /// The shards and tables that it feeds, and how many rows each got.
    pub(crate) shards: BTreeMap<String, u64>,
    /// Why a file of it could not be read to its end.
    pub(crate) failure: Option<String>,
    /// The folders of feeds that its files lie in.
    pub(crate) folders: BTreeSet<String>,
}

/// The key of the table of days of publication.
pub(crate) const PUBLISHED: &str = "published";

/// How many broken records are named.
const NAMED: usize = 5;

impl SourceCount {
    pub(crate) fn broke(&mut self, what: String) {
        self.broken += 1;
        if self.named.len() < NAMED {
            self.named.push(what);
        }
    }

    /// Until when the source speaks, `YYYY-MM-DD`; empty when nothing tells.
    pub(crate) fn newest(&self) -> &str {
        if self.archive_date.is_empty() {
            &self.date
        } else {
            &self.archive_date
        }
    }

    fn join(&mut self, other: Self) {
        self.records += other.records;
        self.rows += other.rows;
        self.skipped += other.skipped;
        self.broken += other.broken;
        self.named.extend(other.named);
        self.named.sort();
        self.named.truncate(NAMED);
        self.date = std::mem::take(&mut self.date).max(other.date);
        self.archive_date = std::mem::take(&mut self.archive_date).max(other.archive_date);
        for (shard, rows) in other.shards {
            *self.shards.entry(shard).or_default() += rows;
        }
        self.folders.extend(other.folders);
        self.failure = match (self.failure.take(), other.failure) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
}

/// The first folder of a path.
pub(crate) fn folder_of(file: &str) -> &str {
    file.split('/').next().unwrap_or(file)
}

/// Everything that was read, from one worker or from all.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) rows: FxHashMap<String, ShardBuilder>,
    pub(crate) epss: Vec<EpssRow>,
    pub(crate) kev: Vec<KevRow>,
    pub(crate) cvss: Vec<CvssRow>,
    pub(crate) eol: Vec<EolRow>,
    /// Repositories of Red Hat and their products.
    pub(crate) repositories: Vec<(String, String)>,
    /// Days of publication.
    pub(crate) days: Days,
    /// Whether feeds whose licence wants the user's consent are read too.
    pub(crate) restricted: bool,
    /// The shards that are asked for; none for all.
    pub(crate) keys: Option<Arc<BTreeSet<String>>>,
    /// Files of which nothing could be read, and why.
    pub(crate) unreadable: BTreeMap<String, String>,
    pub(crate) sources: BTreeMap<&'static str, SourceCount>,
}

impl Collected {
    pub(crate) fn join(&mut self, other: Self) {
        for (shard, rows) in other.rows {
            match self.rows.entry(shard) {
                Entry::Occupied(mut own) => own.get_mut().absorb(rows),
                Entry::Vacant(place) => {
                    place.insert(rows);
                }
            }
        }
        self.epss.extend(other.epss);
        self.kev.extend(other.kev);
        self.cvss.extend(other.cvss);
        self.eol.extend(other.eol);
        self.repositories.extend(other.repositories);
        self.days.join(other.days);
        self.unreadable.extend(other.unreadable);
        for (name, count) in other.sources {
            self.sources.entry(name).or_default().join(count);
        }
    }

    /// A sink that counts for one source, and names a file in what it says.
    pub(crate) fn of<'c>(&'c mut self, source: &'static str, file: &'c str) -> SourceSink<'c> {
        let count = self.sources.entry(source).or_default();
        let folder = folder_of(file);
        if !count.folders.contains(folder) {
            count.folders.insert(folder.to_owned());
        }
        SourceSink {
            rows: &mut self.rows,
            epss: &mut self.epss,
            kev: &mut self.kev,
            cvss: &mut self.cvss,
            eol: &mut self.eol,
            repositories: &mut self.repositories,
            days: &mut self.days,
            latest: None,
            restricted: self.restricted,
            keys: self.keys.as_ref(),
            file,
            count,
        }
    }
}

pub(crate) struct SourceSink<'c> {
    rows: &'c mut FxHashMap<String, ShardBuilder>,
    epss: &'c mut Vec<EpssRow>,
    kev: &'c mut Vec<KevRow>,
    cvss: &'c mut Vec<CvssRow>,
    eol: &'c mut Vec<EolRow>,
    repositories: &'c mut Vec<(String, String)>,
    days: &'c mut Days,
    /// Later days cannot be true.
    pub(crate) latest: Option<Date>,
    restricted: bool,
    keys: Option<&'c Arc<BTreeSet<String>>>,
    file: &'c str,
    pub(crate) count: &'c mut SourceCount,
}

impl SourceSink<'_> {
    /// Counts a row; false when nobody asks for its shard.
    fn feeds(&mut self, shard: &str) -> bool {
        if !wanted(self.keys, shard) {
            return false;
        }
        self.count.rows += 1;
        match self.count.shards.get_mut(shard) {
            Some(rows) => *rows += 1,
            None => {
                self.count.shards.insert(shard.to_owned(), 1);
            }
        }
        true
    }
}

impl Sink for SourceSink<'_> {
    fn advisory(&mut self, shard: &str, row: Advisory) {
        if !self.restricted && matches!(shard, "wolfi" | "chainguard") {
            self.count.skipped += 1;
            return;
        }
        if !self.feeds(shard) {
            return;
        }
        match self.rows.get_mut(shard) {
            Some(rows) => rows.push(&row),
            None => {
                let mut rows = ShardBuilder::new(shard, Order::of_shard(shard).name());
                rows.push(&row);
                self.rows.insert(shard.to_owned(), rows);
            }
        }
    }

    fn epss(&mut self, row: EpssRow) {
        if self.feeds("epss") {
            self.epss.push(row);
        }
    }

    fn kev(&mut self, row: KevRow) {
        if self.feeds("kev") {
            self.kev.push(row);
        }
    }

    fn cvss(&mut self, row: CvssRow) {
        if self.feeds("cvss") {
            self.cvss.push(row);
        }
    }

    fn eol(&mut self, row: EolRow) {
        if self.feeds("eol") {
            self.eol.push(row);
        }
    }

    fn date(&mut self, date: &str) {
        let date = date.get(..10).unwrap_or_default();
        if date > self.count.date.as_str() && date.starts_with(|c: char| c.is_ascii_digit()) {
            date.clone_into(&mut self.count.date);
        }
    }

    fn record(&mut self) {
        self.count.records += 1;
    }

    fn broke(&mut self, what: String) {
        self.count.broke(format!("{}: {what}", self.file));
    }

    fn repository(&mut self, name: &str, cpes: &str) {
        if self.feeds("redhat-repositories") {
            self.repositories.push((name.to_owned(), cpes.to_owned()));
        }
    }

    fn published(&mut self, id: &str, date: &str) {
        if let Some(day) = day_of(id, date, self.latest)
            && wanted(self.keys, PUBLISHED)
        {
            self.days.add(id, day);
            // A day is no row, but the source must be known to whoever refuses it.
            match self.count.shards.get_mut(PUBLISHED) {
                Some(days) => *days += 1,
                None => {
                    self.count.shards.insert(PUBLISHED.to_owned(), 1);
                }
            }
        }
    }

    fn skipped(&mut self) {
        self.count.skipped += 1;
    }
}
