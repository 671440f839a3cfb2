use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use seaworthy_vulndb::Advisory;

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
    /// The shards and tables that it feeds.
    pub(crate) shards: BTreeSet<String>,
}

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
        self.shards.extend(other.shards);
    }
}

/// Everything that was read, from one worker or from all.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) rows: FxHashMap<String, Vec<Advisory>>,
    pub(crate) epss: Vec<EpssRow>,
    pub(crate) kev: Vec<KevRow>,
    pub(crate) cvss: Vec<CvssRow>,
    pub(crate) eol: Vec<EolRow>,
    pub(crate) sources: BTreeMap<&'static str, SourceCount>,
}

impl Collected {
    pub(crate) fn join(&mut self, other: Self) {
        for (shard, rows) in other.rows {
            self.rows.entry(shard).or_default().extend(rows);
        }
        self.epss.extend(other.epss);
        self.kev.extend(other.kev);
        self.cvss.extend(other.cvss);
        self.eol.extend(other.eol);
        for (name, count) in other.sources {
            self.sources.entry(name).or_default().join(count);
        }
    }

    /// A sink that counts for one source.
    pub(crate) fn of(&mut self, source: &'static str) -> SourceSink<'_> {
        let count = self.sources.entry(source).or_default();
        SourceSink {
            rows: &mut self.rows,
            epss: &mut self.epss,
            kev: &mut self.kev,
            cvss: &mut self.cvss,
            eol: &mut self.eol,
            count,
        }
    }
}

pub(crate) struct SourceSink<'c> {
    rows: &'c mut FxHashMap<String, Vec<Advisory>>,
    epss: &'c mut Vec<EpssRow>,
    kev: &'c mut Vec<KevRow>,
    cvss: &'c mut Vec<CvssRow>,
    eol: &'c mut Vec<EolRow>,
    pub(crate) count: &'c mut SourceCount,
}

impl SourceSink<'_> {
    fn feeds(&mut self, shard: &str) {
        self.count.rows += 1;
        if !self.count.shards.contains(shard) {
            self.count.shards.insert(shard.to_owned());
        }
    }
}

impl Sink for SourceSink<'_> {
    fn advisory(&mut self, shard: &str, row: Advisory) {
        self.feeds(shard);
        match self.rows.get_mut(shard) {
            Some(rows) => rows.push(row),
            None => {
                self.rows.insert(shard.to_owned(), vec![row]);
            }
        }
    }

    fn epss(&mut self, row: EpssRow) {
        self.feeds("epss");
        self.epss.push(row);
    }

    fn kev(&mut self, row: KevRow) {
        self.feeds("kev");
        self.kev.push(row);
    }

    fn cvss(&mut self, row: CvssRow) {
        self.feeds("cvss");
        self.cvss.push(row);
    }

    fn eol(&mut self, row: EolRow) {
        self.feeds("eol");
        self.eol.push(row);
    }

    fn date(&mut self, date: &str) {
        let date = date.get(..10).unwrap_or_default();
        if date > self.count.date.as_str() && date.starts_with(|c: char| c.is_ascii_digit()) {
            date.clone_into(&mut self.count.date);
        }
    }

    fn skipped(&mut self) {
        self.count.skipped += 1;
    }
}
