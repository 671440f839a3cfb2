//! What was collected, into files: each one whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use seaworthy_vulndb::{
    KevTable, Shard, ShardBuilder, ShardMeta, SourceInfo, build_published, build_table, file_name,
    write_atomically,
};

use crate::build::{BuildOptions, BuildSummary, Selection, ShardSummary, SourceSummary};
use crate::collect::{Collected, PUBLISHED, SourceCount, folder_of};
use crate::error::{Error, Refusal};
use crate::feeds::nvd;
use crate::published::Days;
use crate::sink::{CvssRow, EolRow, EpssRow, KevRow};

/// Writes everything but what has to be refused.
pub(crate) fn write(
    collected: Collected,
    out: &Path,
    options: &BuildOptions,
    selection: &Selection,
    unread: Vec<String>,
) -> Result<BuildSummary, Error> {
    std::fs::create_dir_all(out).map_err(|e| Error::Write {
        path: out.to_owned(),
        message: e.to_string(),
    })?;
    let Collected {
        rows,
        epss,
        kev,
        cvss,
        eol,
        repositories,
        days,
        unreadable,
        mut sources,
        ..
    } = collected;
    for (file, why) in &unreadable {
        for count in sources.values_mut() {
            if count.failure.is_none() && count.folders.contains(folder_of(file)) {
                count.failure = Some(why.clone());
            }
        }
    }
    let mut refusals = if options.force {
        Vec::new()
    } else {
        refused_sources(&sources, &previous(out, selection))
    };
    if !options.force {
        refusals.extend(unreadable.into_iter().map(|(file, why)| Refusal {
            source: file,
            broken: 0,
            records: 0,
            first: why,
            before: None,
        }));
    }
    let refused: BTreeSet<&str> = refusals
        .iter()
        .filter_map(|refusal| sources.get(refusal.source.as_str()))
        .flat_map(|count| count.shards.keys().map(String::as_str))
        .collect();
    let infos = |key: &str| -> Vec<SourceInfo> {
        sources
            .iter()
            .filter_map(|(name, count)| {
                Some(SourceInfo {
                    name: (*name).to_owned(),
                    date: count.newest().to_owned(),
                    records: *count.shards.get(key)?,
                })
            })
            .collect()
    };
    let mut files: BTreeMap<String, (u64, Work)> = rows
        .into_iter()
        .map(|(key, rows)| (key, (rows.pushed() as u64, Work::Shard(Box::new(rows)))))
        .collect();
    for (key, entries) in tables(epss, kev, cvss, eol, repositories) {
        if !entries.is_empty() {
            files.insert(key.to_owned(), (entries.len() as u64, Work::Table(entries)));
        }
    }
    if days.len() > 0 {
        files.insert(PUBLISHED.to_owned(), (days.len() as u64, Work::Days(days)));
    }
    files.retain(|key, _| !refused.contains(key.as_str()));
    let mut summary = BuildSummary {
        sources: sources
            .iter()
            .map(|(name, count)| summarise(name, count))
            .collect(),
        unread,
        ..BuildSummary::default()
    };
    let queue = Mutex::new(files.into_iter().collect::<Vec<_>>());
    let done: Mutex<Result<Vec<Made>, Error>> = Mutex::new(Ok(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..options.threads.max(1) {
            scope.spawn(|| {
                loop {
                    let Some((key, (rows, work))) = lock(&queue).pop() else {
                        return;
                    };
                    let made = work.make(key, rows, &infos, out, options.force);
                    let mut done = lock(&done);
                    match (made, &mut *done) {
                        (Ok(made), Ok(all)) => all.push(made),
                        (Err(error), Ok(_)) => *done = Err(error),
                        (_, Err(_)) => return,
                    }
                }
            });
        }
    });
    let made = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)?;
    for made in made {
        match made {
            Made::Written(shard) => summary.shards.push(shard),
            Made::Refused(refusal) => refusals.push(refusal),
        }
    }
    summary.shards.sort_by(|a, b| a.key.cmp(&b.key));
    refusals.sort_by(|a, b| a.source.cmp(&b.source));
    if refusals.is_empty() {
        return Ok(summary);
    }
    Err(Error::Refused {
        refusals,
        summary: Box::new(summary),
    })
}

/// The rows of each source in those files of an earlier build that are to be replaced.
fn previous(out: &Path, selection: &Selection) -> BTreeMap<String, u64> {
    let mut records: BTreeMap<String, u64> = BTreeMap::new();
    let Ok(folder) = std::fs::read_dir(out) else {
        return records;
    };
    for file in folder.flatten().map(|entry| entry.path()) {
        if file.extension().is_none_or(|e| e != "swdb") {
            continue;
        }
        // Every table begins as a shard does; what cannot be read is no reason to refuse a new one.
        let Some(meta) = meta_of(&file) else {
            continue;
        };
        // What is counted there is days, and no rows.
        if meta.key == PUBLISHED || !selection.wants(&meta.key) {
            continue;
        }
        for source in meta.sources {
            *records.entry(source.name).or_default() += source.records;
        }
    }
    records
}

fn meta_of(file: &Path) -> Option<ShardMeta> {
    Some(KevTable::open(file).ok()?.meta().clone())
}

fn refused_sources(
    sources: &BTreeMap<&'static str, SourceCount>,
    previous: &BTreeMap<String, u64>,
) -> Vec<Refusal> {
    sources
        .iter()
        .filter_map(|(name, count)| {
            let before = previous.get(*name).copied().unwrap_or_default();
            let shrank = count.rows.saturating_mul(2) < before;
            let broken = count.broken * 100 > count.records;
            if !(shrank || broken || count.failure.is_some()) {
                return None;
            }
            let first = count
                .failure
                .clone()
                .or_else(|| count.named.first().cloned());
            Some(Refusal {
                source: (*name).to_owned(),
                broken: if broken { count.broken } else { 0 },
                records: if broken { count.records } else { count.rows },
                first: first.unwrap_or_default(),
                before: (shrank && !broken && count.failure.is_none()).then_some(before),
            })
        })
        .collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn summarise(name: &str, count: &SourceCount) -> SourceSummary {
    SourceSummary {
        name: name.to_owned(),
        date: count.newest().to_owned(),
        records: count.records,
        rows: count.rows,
        skipped: count.skipped,
        broken: count.broken,
        named: count.named.clone(),
    }
}

/// A file that is still to be made.
enum Work {
    Shard(Box<ShardBuilder>),
    Table(Vec<(String, String)>),
    Days(Days),
}

/// What became of one.
enum Made {
    Written(ShardSummary),
    Refused(Refusal),
}

impl Work {
    fn make(
        self,
        key: String,
        rows: u64,
        infos: &dyn Fn(&str) -> Vec<SourceInfo>,
        out: &Path,
        force: bool,
    ) -> Result<Made, Error> {
        let path = out.join(file_name(&key));
        let is_shard = matches!(self, Self::Shard(_));
        let bytes = self.build(&key, infos(&key));
        if is_shard
            && !force
            && let Some(refusal) = shrunk(&key, &bytes, &path)
        {
            return Ok(Made::Refused(refusal));
        }
        write_atomically(&path, &bytes).map_err(|e| Error::Write {
            path,
            message: e.to_string(),
        })?;
        Ok(Made::Written(ShardSummary {
            key,
            rows,
            bytes: bytes.len() as u64,
        }))
    }

    fn build(self, key: &str, sources: Vec<SourceInfo>) -> Vec<u8> {
        match self {
            Self::Shard(mut builder) => {
                for source in sources {
                    builder.add_source(source);
                }
                // A correction takes the place of what it corrects.
                builder.supersede(nvd::SOURCE, nvd::OVERRIDES);
                builder.build()
            }
            Self::Days(days) => build_published(sources, days.iter()),
            Self::Table(entries) => {
                let source = sources.into_iter().next().unwrap_or_else(|| SourceInfo {
                    name: key.to_owned(),
                    date: String::new(),
                    records: 0,
                });
                build_table(key, source, &entries)
            }
        }
    }
}

/// Whether a shard has less than half of the rows of the one that it would replace: then one of its
/// sources is missing.
fn shrunk(key: &str, bytes: &[u8], path: &Path) -> Option<Refusal> {
    let before = Shard::open(path).ok()?.rows();
    let now = Shard::from_bytes(bytes.to_vec()).ok()?.rows();
    (now.saturating_mul(2) < before).then(|| Refusal {
        source: key.to_owned(),
        broken: 0,
        records: now as u64,
        first: "rows of the shard".to_owned(),
        before: Some(before as u64),
    })
}

type Entries = Vec<(String, String)>;

/// The side tables as keys and texts (see [`build_table`]).
fn tables(
    epss: Vec<EpssRow>,
    kev: Vec<KevRow>,
    cvss: Vec<CvssRow>,
    eol: Vec<EolRow>,
    repositories: Entries,
) -> [(&'static str, Entries); 5] {
    let or_dash = |text: String| {
        if text.is_empty() {
            "-".to_owned()
        } else {
            text
        }
    };
    [
        (
            "epss",
            epss.into_iter()
                .map(|row| (row.id, format!("{} {}", row.score, row.percentile)))
                .collect(),
        ),
        (
            "kev",
            kev.into_iter()
                .map(|row| {
                    let text = format!(
                        "{} {} {}",
                        or_dash(row.added),
                        or_dash(row.due),
                        u8::from(row.ransomware)
                    );
                    (row.id, text)
                })
                .collect(),
        ),
        ("cvss", ratings(cvss)),
        (
            "eol",
            eol.into_iter()
                .filter_map(|row| {
                    // Debian's long-term support is for everybody, unlike that of others.
                    let free = row.extended.filter(|_| row.key.starts_with("debian:"));
                    Some((row.key, free.or(row.eol)?))
                })
                .collect(),
        ),
        ("redhat-repositories", repositories),
    ]
}

/// `SOURCE VECTOR` pairs of each CVE; whoever only repeats NVD is left out.
fn ratings(rows: Vec<CvssRow>) -> Entries {
    let mut by_id: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for row in rows {
        by_id
            .entry(row.id)
            .or_default()
            .insert(row.source, row.vector);
    }
    by_id
        .into_iter()
        .map(|(id, ratings)| {
            let of_nvd = ratings.get("nvd").cloned();
            let pairs: Vec<String> = ratings
                .into_iter()
                .filter(|(source, vector)| source == "nvd" || of_nvd.as_ref() != Some(vector))
                .map(|(source, vector)| format!("{source} {vector}"))
                .collect();
            (id, pairs.join(" "))
        })
        .collect()
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
