use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use seaworthy_vulndb::{
    Advisory, ShardBuilder, SourceInfo, build_table, file_name, write_atomically,
};

use crate::collect::{Collected, SourceCount};
use crate::error::{Error, Refusal};
use crate::feeds::{
    alpine, debian_dsa, debian_tracker, eol, epss, kev, osv, redhat_api, rustsec, ubuntu_tracker,
    vulnrichment,
};
use crate::input::{self, FeedFile, Limits};
use crate::order::Order;

/// How shards are built.
#[derive(Debug, Clone, Copy)]
pub struct BuildOptions {
    /// Write a shard although more than 1% of its source's records are broken.
    pub force: bool,
    /// What an archive may hold.
    pub limits: Limits,
    /// Files that are read at the same time.
    pub threads: usize,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self {
            force: false,
            limits: Limits::default(),
            threads: 2,
        }
    }
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
/// When the folder cannot be read or holds no feed, an archive is beyond the limits, a file cannot
/// be written, or more than 1% of a source's records are broken (its shards are left as they were
/// then, and the others are written).
pub fn build(
    feeds: &Path,
    out: &Path,
    options: &BuildOptions,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<BuildSummary, Error> {
    let mut unread = Vec::new();
    let mut plan: Vec<(FeedFile, Family)> = Vec::new();
    for file in input::list(feeds)? {
        match Family::of(&file.name) {
            Some(family) => plan.push((file, family)),
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
    let collected = collect(&plan, options, progress)?;
    write(collected, out, options, unread)
}

fn collect(
    plan: &[(FeedFile, Family)],
    options: &BuildOptions,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Collected, Error> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut collected = Collected::default();
        while let Some((file, family)) = plan.get(next.fetch_add(1, Ordering::Relaxed)) {
            progress(&file.name);
            let date = date_in(&file.name);
            input::read(
                file,
                &options.limits,
                &|name| family.feed(name).is_some(),
                &mut |name, bytes| {
                    if let Some(feed) = family.feed(name) {
                        feed.read(name, bytes, &date, &mut collected);
                    }
                },
            )?;
        }
        Ok(collected)
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
                    .unwrap_or_else(|_| Err(Error::Worker("a feed".to_owned())))
            })
            .collect()
    });
    let mut all = Collected::default();
    for result in results {
        all.join(result?);
    }
    Ok(all)
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

/// A folder of feeds, and what in it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Alpine,
    Debian,
    Ubuntu,
    RedHat,
    AlmaLinux,
    Osv,
    Pypa,
    Go,
    RustSec,
    Epss,
    Kev,
    Eol,
    Vulnrichment,
}

impl Family {
    /// By the path of a file from the feeds folder.
    fn of(name: &str) -> Option<Self> {
        let folder = name.split('/').next()?;
        let file = name.rsplit('/').next().unwrap_or(name);
        Some(match folder {
            "alpine" => Self::Alpine,
            "debian" if !name.contains("debian-security-support") => Self::Debian,
            "ubuntu" => Self::Ubuntu,
            "redhat" if !file.contains("oval") => Self::RedHat,
            "almalinux" => Self::AlmaLinux,
            "ghsa-osv" | "osv" => Self::Osv,
            "pypi" => Self::Pypa,
            "go" => Self::Go,
            "rust" => Self::RustSec,
            "epss" => Self::Epss,
            "kev" => Self::Kev,
            "eol" if !name.contains("distro-info-data") => Self::Eol,
            "cve" => Self::Vulnrichment,
            _ => return None,
        })
    }

    /// The reader of an entry, by its path.
    fn feed(self, name: &str) -> Option<Feed> {
        let file = name.rsplit('/').next().unwrap_or(name);
        let json = file.ends_with(".json");
        let yaml = file.ends_with(".yaml") || file.ends_with(".yml");
        let is_cve = file.starts_with("CVE-");
        match self {
            Self::Alpine => (json || yaml).then_some(Feed::Alpine),
            Self::Debian if json => {
                // The tracker's repository has settings in JSON too.
                (!name.ends_with("data/config.json")).then_some(Feed::DebianTracker)
            }
            Self::Debian => ["data/DSA/list", "data/DLA/list"]
                .iter()
                .any(|list| name.ends_with(list))
                .then_some(Feed::DebianDsa),
            Self::Ubuntu if json => Some(Feed::Osv("ubuntu-osv")),
            Self::Ubuntu => (is_cve && !name.contains("/subprojects/")).then_some(Feed::Ubuntu),
            Self::RedHat => (json && is_cve).then_some(Feed::RedHat),
            Self::AlmaLinux => json.then_some(Feed::Osv("almalinux-osv")),
            Self::Osv => json.then_some(Feed::Osv("osv")),
            Self::Pypa if yaml => Some(Feed::OsvYaml("pypa")),
            Self::Pypa => (json && file.starts_with("PYSEC-")).then_some(Feed::Osv("pypa")),
            Self::Go => (json && file.starts_with("GO-")).then_some(Feed::Osv("go-vulndb")),
            Self::RustSec => {
                (file.starts_with("RUSTSEC-") && file.ends_with(".md") && !name.contains("/rust/"))
                    .then_some(Feed::RustSec)
            }
            Self::Epss => file.ends_with(".csv").then_some(Feed::Epss),
            Self::Kev => json.then_some(Feed::Kev),
            Self::Eol => eol::wants(name).then_some(Feed::Eol),
            Self::Vulnrichment => (json && is_cve).then_some(Feed::Vulnrichment),
        }
    }
}

/// A reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Feed {
    Alpine,
    DebianTracker,
    DebianDsa,
    Ubuntu,
    RedHat,
    Osv(&'static str),
    OsvYaml(&'static str),
    RustSec,
    Epss,
    Kev,
    Eol,
    Vulnrichment,
}

impl Feed {
    const fn source(self) -> &'static str {
        match self {
            Self::Alpine => "alpine-secdb",
            Self::DebianTracker => "debian-tracker",
            Self::DebianDsa => "debian-dsa",
            Self::Ubuntu => "ubuntu-cve-tracker",
            Self::RedHat => "redhat-api",
            Self::Osv(source) | Self::OsvYaml(source) => source,
            Self::RustSec => "rustsec",
            Self::Epss => "epss",
            Self::Kev => "kev",
            Self::Eol => "endoflife.date",
            Self::Vulnrichment => "vulnrichment",
        }
    }

    /// Reads an entry; what is broken is counted.
    fn read(self, name: &str, bytes: &[u8], date: &str, collected: &mut Collected) {
        let mut sink = collected.of(self.source());
        let (mut records, mut broken) = (0, Vec::new());
        let mut broke = |what: String| broken.push(what);
        let result = match self {
            Self::DebianTracker => debian_tracker::read(bytes, &mut sink, &mut records, &mut broke),
            Self::DebianDsa => debian_dsa::read(bytes, &mut sink, &mut records, &mut broke),
            Self::Epss => epss::read(bytes, &mut sink, &mut records, &mut broke),
            Self::Kev => kev::read(bytes, &mut sink, &mut records, &mut broke),
            one => {
                records = 1;
                match one {
                    Self::Alpine => alpine::read(name, bytes, &mut sink),
                    Self::Ubuntu => ubuntu_tracker::read(bytes, &mut sink),
                    Self::RedHat => redhat_api::read(bytes, &mut sink),
                    Self::Osv(source) => osv::json(source, bytes, &mut sink),
                    Self::OsvYaml(source) => osv::yaml(source, bytes, &mut sink),
                    Self::RustSec => rustsec::read(bytes, &mut sink),
                    Self::Eol => eol::read(name, bytes, &mut sink),
                    _ => vulnrichment::read(bytes, &mut sink),
                }
            }
        };
        sink.count.records += records;
        if date > sink.count.archive_date.as_str() {
            date.clone_into(&mut sink.count.archive_date);
        }
        for what in broken {
            sink.count.broke(format!("{name}: {what}"));
        }
        if let Err(what) = result {
            sink.count.broke(format!("{name}: {what}"));
        }
    }
}

fn write(
    collected: Collected,
    out: &Path,
    options: &BuildOptions,
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
        sources,
    } = collected;
    let refused: Vec<(&str, &SourceCount)> = sources
        .iter()
        .filter(|(_, count)| !options.force && count.broken * 100 > count.records)
        .map(|(name, count)| (*name, count))
        .collect();
    let is_refused = |key: &str| refused.iter().any(|(_, count)| count.shards.contains(key));
    let infos = |key: &str| -> Vec<SourceInfo> {
        sources
            .iter()
            .filter(|(_, count)| count.shards.contains(key))
            .map(|(name, count)| SourceInfo {
                name: (*name).to_owned(),
                date: count.newest().to_owned(),
                records: count.records,
            })
            .collect()
    };
    let mut files: BTreeMap<String, (u64, Work)> = rows
        .into_iter()
        .map(|(key, rows)| (key, (rows.len() as u64, Work::Shard(rows))))
        .collect();
    for (key, entries) in tables(epss, kev, cvss, eol) {
        if !entries.is_empty() {
            files.insert(key.to_owned(), (entries.len() as u64, Work::Table(entries)));
        }
    }
    files.retain(|key, _| !is_refused(key));
    let mut summary = BuildSummary {
        sources: sources
            .iter()
            .map(|(name, count)| summarise(name, count))
            .collect(),
        unread,
        ..BuildSummary::default()
    };
    let queue = Mutex::new(files.into_iter().collect::<Vec<_>>());
    let done = Mutex::new(Ok(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..options.threads.max(1) {
            scope.spawn(|| {
                loop {
                    let Some((key, (rows, work))) = lock(&queue).pop() else {
                        return;
                    };
                    let bytes = work.build(&key, infos(&key));
                    let path = out.join(file_name(&key));
                    let written = write_atomically(&path, &bytes).map_err(|e| Error::Write {
                        path,
                        message: e.to_string(),
                    });
                    let mut done = lock(&done);
                    match (written, &mut *done) {
                        (Ok(()), Ok(shards)) => shards.push(ShardSummary {
                            key,
                            rows,
                            bytes: bytes.len() as u64,
                        }),
                        (Err(error), Ok(_)) => *done = Err(error),
                        (_, Err(_)) => return,
                    }
                }
            });
        }
    });
    summary.shards = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)?;
    summary.shards.sort_by(|a, b| a.key.cmp(&b.key));
    if refused.is_empty() {
        return Ok(summary);
    }
    Err(Error::Refused {
        refusals: refused
            .iter()
            .map(|(name, count)| Refusal {
                source: (*name).to_owned(),
                broken: count.broken,
                records: count.records,
                first: count.named.first().cloned().unwrap_or_default(),
            })
            .collect(),
        summary: Box::new(summary),
    })
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
    Shard(Vec<Advisory>),
    Table(Vec<(String, String)>),
}

impl Work {
    fn build(self, key: &str, sources: Vec<SourceInfo>) -> Vec<u8> {
        match self {
            Self::Shard(rows) => {
                let mut builder = ShardBuilder::new(key, Order::of_shard(key).name());
                for source in sources {
                    builder = builder.source(source);
                }
                for row in rows {
                    builder.push(row);
                }
                builder.build()
            }
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

type Entries = Vec<(String, String)>;

/// The side tables as keys and texts (see [`build_table`]).
fn tables(
    epss: Vec<crate::sink::EpssRow>,
    kev: Vec<crate::sink::KevRow>,
    cvss: Vec<crate::sink::CvssRow>,
    eol: Vec<crate::sink::EolRow>,
) -> [(&'static str, Entries); 4] {
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
        (
            "cvss",
            cvss.into_iter().map(|row| (row.id, row.vector)).collect(),
        ),
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
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_names_are_found() {
        assert_eq!(date_in("go/vulndb-2026-08-21.tar.zst"), "2026-08-21");
        assert_eq!(date_in("2020-01-01/npm/all.zip"), "");
    }

    #[test]
    fn entries_go_to_their_readers() {
        for (name, entry, feed) in [
            (
                "alpine/x.tar.zst",
                "alpine/v3.18/main.json",
                Some("alpine-secdb"),
            ),
            (
                "debian/tracker.json",
                "debian/tracker.json",
                Some("debian-tracker"),
            ),
            (
                "debian/lists.tar.zst",
                "debian/x/data/DSA/list",
                Some("debian-dsa"),
            ),
            ("debian/lists.tar.zst", "debian/x/data/DTSA/list", None),
            ("debian/lists.tar.zst", "debian/x/data/config.json", None),
            (
                "ubuntu/x.tar.zst",
                "ubuntu/x/active/CVE-2020-1",
                Some("ubuntu-cve-tracker"),
            ),
            ("ubuntu/x.tar.zst", "ubuntu/x/README", None),
            (
                "redhat/api.tar.zst",
                "redhat/api/2022/CVE-2022-1.json",
                Some("redhat-api"),
            ),
            (
                "almalinux/x.tar.zst",
                "almalinux/8/ALSA-1.json",
                Some("almalinux-osv"),
            ),
            (
                "ghsa-osv/npm/all.zip",
                "ghsa-osv/npm/GHSA-1.json",
                Some("osv"),
            ),
            ("pypi/x.tar.zst", "pypi/vulns/a/PYSEC-1.yaml", Some("pypa")),
            ("go/x.tar.zst", "go/data/osv/GO-1.json", Some("go-vulndb")),
            (
                "rust/x.tar.zst",
                "rust/x/crates/a/RUSTSEC-1.md",
                Some("rustsec"),
            ),
            ("epss/x.csv.gz", "epss/x.csv", Some("epss")),
            ("kev/x.json.zst", "kev/x.json", Some("kev")),
            (
                "eol/x.tar.zst",
                "eol/x/products/debian.md",
                Some("endoflife.date"),
            ),
            (
                "cve/x.tar.zst",
                "cve/2023/CVE-2023-1.json",
                Some("vulnrichment"),
            ),
        ] {
            let family = Family::of(name).expect(name);
            assert_eq!(family.feed(entry).map(Feed::source), feed, "{entry}");
        }
        for unknown in ["README.md", "samples/x.tar", "redhat/rhel8-oval.tar.zst"] {
            assert_eq!(Family::of(unknown), None, "{unknown}");
        }
    }
}
