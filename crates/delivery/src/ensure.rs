//! The shards that a scan asks for, fetched when they are not there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use seaworthy_attest::PublicKey;

use crate::catalogue::family;
use crate::state::{Origin, State};
use crate::web::{Network, Progress};
use crate::{
    Directory, Error, FetchOptions, PUBLISHED, UpdateReport, UpstreamOptions, is_table,
    update_from_published, update_from_upstream,
};

/// How missing shards are fetched.
pub struct EnsureOptions<'a> {
    /// The network.
    pub network: &'a dyn Network,
    /// Where from; none for where the directory's shards came from the last time. When that is
    /// none either, nothing is fetched: no scan asks the internet unless somebody said where.
    pub origin: Option<Origin>,
    /// Of these keys one must have signed what is published; without any, signatures are not
    /// asked for.
    pub keys: &'a [PublicKey],
    /// The folder of the sources' files; none for the usual one.
    pub feeds: Option<PathBuf>,
    /// Fetch nothing.
    pub offline: bool,
    /// Hours after which shards that are there are asked for again.
    pub refresh_hours: u32,
    /// Now, `YYYY-MM-DDTHH:MM:SSZ`.
    pub now: &'a str,
    /// Shards that are fetched at the same time.
    pub threads: usize,
    /// How long another update is waited for.
    pub patience: Duration,
    /// Who updates, for others that wait.
    pub who: &'a str,
    /// The program and its version.
    pub program: &'a str,
}

/// What became of the shards that a scan asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ensured {
    /// The keys that were fetched now.
    pub fetched: Vec<String>,
    /// Bytes that came over the network.
    pub received: u64,
    /// What is not there, or could not be brought up to date, and why, by key. It belongs into the
    /// coverage of the report.
    pub gaps: BTreeMap<String, String>,
    /// Where it was fetched from; none when nothing was asked.
    pub origin: Option<String>,
}

/// Fetches the shards and tables of `keys` that are missing, or that were checked too long ago,
/// from where the directory's came from. What cannot be had is told, and is no error: the scan
/// goes on with what is there.
///
/// # Errors
/// When what was fetched must not be used: a signature does not verify, it is older than what is
/// here, or it is damaged; and when the directory cannot be read.
pub fn ensure(
    keys: &BTreeSet<String>,
    directory: &Directory,
    options: &EnsureOptions<'_>,
    progress: &dyn Progress,
) -> Result<Ensured, Error> {
    let state = State::read(directory.path())?;
    let origin = options.origin.clone().or_else(|| state.origin.clone());
    let mut ensured = Ensured::default();
    let missing = missing(keys, directory, &state, origin.as_ref())?;
    let stale = is_stale(&state.checked, options.now, options.refresh_hours);
    let Some(origin) = origin.filter(|_| !options.offline) else {
        let why = if options.offline {
            "it is not in the database, and --offline forbids to fetch it"
        } else {
            "it is not in the database, and nobody said where to fetch it from: `seaworthy db update` does"
        };
        ensured
            .gaps
            .extend(missing.into_iter().map(|key| (key, why.to_owned())));
        return Ok(ensured);
    };
    if missing.is_empty() && !stale {
        return Ok(ensured);
    }
    ensured.origin = Some(origin.name());
    let wanted = if stale { keys.clone() } else { missing.clone() };
    match fetch(&wanted, origin, directory, options, progress) {
        Ok(report) => {
            ensured.received = report.received;
            ensured.fetched = report
                .shards
                .iter()
                .filter(|change| change.after.is_some())
                .map(|change| change.key.clone())
                .collect();
            let failed: Vec<String> = report
                .sources
                .iter()
                .filter_map(|source| match &source.status {
                    crate::SourceStatus::Failed(why) | crate::SourceStatus::Refused(why) => {
                        Some(format!("{}: {why}", source.name))
                    }
                    _ => None,
                })
                .collect();
            let state = State::read(directory.path())?;
            for key in self::missing(&wanted, directory, &state, None)? {
                let why = if failed.is_empty() {
                    "its origin has nothing about it".to_owned()
                } else {
                    failed.join("; ")
                };
                ensured.gaps.insert(key, why);
            }
        }
        // Nothing arrived that could be wrong: what is there is used.
        Err(
            error @ (Error::Network { .. }
            | Error::Store(_)
            | Error::Locked { .. }
            | Error::Disk { .. }
            | Error::Build(_)),
        ) => {
            let why = format!("it could not be fetched: {error}");
            let keys = if missing.is_empty() { wanted } else { missing };
            ensured
                .gaps
                .extend(keys.into_iter().map(|key| (key, why.clone())));
        }
        Err(error) => return Err(error),
    }
    Ok(ensured)
}

fn fetch(
    keys: &BTreeSet<String>,
    origin: Origin,
    directory: &Directory,
    options: &EnsureOptions<'_>,
    progress: &dyn Progress,
) -> Result<UpdateReport, Error> {
    let feeds = options.feeds.clone();
    match origin {
        Origin::Upstream { addresses } => {
            let known = crate::catalogue::families();
            let keys: BTreeSet<String> = keys
                .iter()
                .filter(|key| known.contains(&family(key)) && *key != "cvss")
                .cloned()
                .collect();
            if keys.iter().all(|key| is_table(key)) {
                return Ok(UpdateReport::default());
            }
            let upstream = UpstreamOptions {
                network: options.network,
                feeds: feeds.unwrap_or_else(|| crate::default_feeds(directory.path())),
                addresses: Some(addresses),
                only: Some(keys),
                restricted: false,
                force: false,
                now: options.now,
                threads: options.threads,
                patience: options.patience,
                who: options.who,
                program: options.program,
            };
            update_from_upstream(directory, &upstream, progress, &|_| {})
        }
        origin => {
            let fetch = FetchOptions {
                network: options.network,
                origin,
                only: Some(keys.clone()),
                keys: options.keys,
                allow_older: false,
                now: options.now,
                threads: options.threads,
                patience: options.patience,
                who: options.who,
            };
            update_from_published(directory, &fetch, progress, &|_| {})
        }
    }
}

/// The keys that have no file, and of which it is not known that there is nothing to fetch.
fn missing(
    keys: &BTreeSet<String>,
    directory: &Directory,
    state: &State,
    origin: Option<&Origin>,
) -> Result<BTreeSet<String>, Error> {
    if !directory.path().exists() {
        return Ok(keys.clone());
    }
    let folder = directory.folder()?;
    let upstream = matches!(state.origin, Some(Origin::Upstream { .. }));
    // A table that the publisher does not have is asked for with the next refresh, not by every scan.
    let list = match &state.origin {
        Some(own) if !upstream && origin.is_none_or(|origin| origin == own) => {
            directory.manifest()?
        }
        _ => None,
    };
    let unlisted =
        |key: &str| is_table(key) && list.as_ref().is_some_and(|list| list.entry(key).is_none());
    Ok(keys
        .iter()
        .filter(|key| !folder.join(seaworthy_vulndb::file_name(key)).exists())
        // Upstream, NVD's vectors are fetched when they are asked for by name only, and days of
        // publication come with the shards.
        .filter(|key| !(upstream && matches!(key.as_str(), "cvss" | PUBLISHED)))
        .filter(|key| !unlisted(key))
        .cloned()
        .collect())
}

/// Whether a time lies more than some hours before another; also when one of them is no time.
fn is_stale(checked: &str, now: &str, hours: u32) -> bool {
    match (checked.parse::<Timestamp>(), now.parse::<Timestamp>()) {
        (Ok(then), Ok(now)) => now.as_second() - then.as_second() > i64::from(hours) * 3600,
        _ => true,
    }
}

#[cfg(test)]
#[path = "ensure_tests.rs"]
mod tests;
