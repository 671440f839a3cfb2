//! From the sources themselves: fetch what has changed, build the shards that come of it, take
//! them into use all at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use seaworthy_advisories::{
    BuildOptions, BuildSummary, Error as BuildError, Selection, build_selected,
};

use crate::catalogue::{SOURCES, Source, families, family, group_of};
use crate::days::Days;
use crate::fetcher::Fetcher;
use crate::report::{SourceReport, SourceStatus, UpdateReport, changes};
use crate::state::{GroupState, Origin, State};
use crate::wanted::{Wanted, covers};
use crate::web::{Addresses, Network, Progress};
use crate::{Directory, Error, Manifest, PUBLISHED, Stage, resolve};

/// How a database is brought up to date from upstream.
pub struct UpstreamOptions<'a> {
    /// The network.
    pub network: &'a dyn Network,
    /// The folder in which the sources' files are kept from one time to the next.
    pub feeds: PathBuf,
    /// Mirrors to ask instead; none for those of the last time.
    pub addresses: Option<Addresses>,
    /// The shards that are wanted: keys, families, `all`; none for those of the last time.
    pub only: Option<BTreeSet<String>>,
    /// Fetch sources too whose licence forbids to pass on what is made of them.
    pub restricted: bool,
    /// Take a feed although it shrank or is broken.
    pub force: bool,
    /// Now, `YYYY-MM-DDTHH:MM:SSZ`.
    pub now: &'a str,
    /// Sources that are fetched, and files that are read, at the same time.
    pub threads: usize,
    /// How long another update is waited for.
    pub patience: Duration,
    /// Who updates, for others that wait.
    pub who: &'a str,
    /// The program and its version: another one builds all shards again.
    pub program: &'a str,
}

/// Sources that must have failed, and none answered, before the rest is not asked any more.
const GIVE_UP_AFTER: usize = 6;

/// Brings a directory up to date from upstream.
///
/// A source that fails leaves its shards as they were; the report says so.
///
/// # Errors
/// When what is asked for cannot be, the directory is locked, or the disk fails.
pub fn update_from_upstream(
    directory: &Directory,
    options: &UpstreamOptions<'_>,
    progress: &dyn Progress,
    waiting: &dyn Fn(&str),
) -> Result<UpdateReport, Error> {
    let lock = directory.lock(options.patience, options.who, waiting)?;
    let mut state = State::read(directory.path())?;
    let wanted = match &options.only {
        Some(only) => Wanted::of(only)?,
        None => Wanted(state.only.clone()),
    };
    let restricted = options.restricted || state.restricted;
    wanted.check_licences(restricted)?;
    let addresses = match (&options.addresses, &state.origin) {
        (Some(addresses), _) => addresses.clone(),
        (None, Some(Origin::Upstream { addresses })) => addresses.clone(),
        (None, _) => Addresses::default(),
    };
    let same_origin = matches!(state.origin, Some(Origin::Upstream { .. }));
    state.only = wanted.and_before(state.only.take(), same_origin);
    state.restricted = restricted;
    state.origin = Some(Origin::Upstream {
        addresses: addresses.clone(),
    });
    let sources: Vec<&Source> = SOURCES
        .iter()
        .filter(|source| restricted || !source.restricted)
        .filter(|source| source.feeds.iter().any(|name| wanted.has_family(name)))
        .collect();
    let files = std::mem::take(&mut state.files);
    let fetcher = Fetcher::new(options.network, &addresses, &options.feeds, progress, files);
    progress.start("feeds", None);
    let outcomes = fetch_all(&sources, &wanted, &fetcher, options);
    progress.finish();
    let received = fetcher.received();
    state.files = fetcher.into_files();
    let mut reports = Vec::new();
    for (source, outcome) in sources.iter().zip(outcomes) {
        if outcome.failure.is_none() {
            state
                .sources
                .insert(source.name.to_owned(), outcome.files.clone());
        }
        reports.push((*source, outcome));
    }
    let base = directory.manifest()?;
    let groups = pending_groups(&wanted, &reports, &mut state, base.as_ref(), options);
    // The files are here now: should the build end badly, they need not be fetched again.
    state.write(directory.path())?;
    let stage = directory.stage(&lock)?;
    let built = build_groups(&groups, directory, &stage, &mut state, options, progress)?;
    let today = options.now.get(..10).unwrap_or_default();
    let fine = |group: &&Group| group.failed.is_none() && !built.refused.contains_key(&group.name);
    let is_checked = |key: &str| {
        if key == PUBLISHED {
            return groups
                .iter()
                .all(|group| fine(&group))
                .then(|| today.to_owned());
        }
        let group = group_of(family(key));
        let own = groups.iter().find(|g| g.name == group);
        own.filter(|_| wanted.has_key(key))
            .filter(fine)
            .map(|_| today.to_owned())
    };
    let nothing = base.is_none() && built.shards.is_empty();
    let committed = if nothing {
        None
    } else {
        Some(stage.commit_built(options.now, &is_checked)?)
    };
    if reports.iter().any(|(_, outcome)| outcome.failure.is_none()) {
        options.now.clone_into(&mut state.checked);
    }
    state.write(directory.path())?;
    let manifest = committed.as_ref().map(|c| c.manifest.clone());
    Ok(UpdateReport {
        sources: source_reports(&reports, &groups, &built, manifest.as_ref()),
        shards: changes(base.as_ref(), manifest.as_ref(), &BTreeSet::new()),
        received,
        changed: committed.as_ref().is_some_and(|c| c.changed),
        digest: manifest.as_ref().map(|m| m.digest().to_string()),
        generation: manifest.as_ref().map_or(0, |m| m.generation),
        empty: empty_keys(&wanted, manifest.as_ref(), &groups, &built),
    })
}

/// What became of a source's files.
#[derive(Debug, Default)]
struct Outcome {
    /// Its files, by their path below the feeds folder.
    files: BTreeSet<String>,
    changed: bool,
    received: u64,
    failure: Option<String>,
}

fn fetch_all(
    sources: &[&Source],
    wanted: &Wanted,
    fetcher: &Fetcher<'_>,
    options: &UpstreamOptions<'_>,
) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let (answered, silent) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let done: Mutex<BTreeMap<usize, Outcome>> = Mutex::default();
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(source) = sources.get(at) else {
                return;
            };
            let nobody = answered.load(Ordering::Relaxed) == 0
                && silent.load(Ordering::Relaxed) >= GIVE_UP_AFTER;
            let outcome = if nobody {
                Outcome {
                    failure: Some("not asked, since none of the others answered".to_owned()),
                    ..Outcome::default()
                }
            } else {
                fetch_one(source, wanted, fetcher, options.now)
            };
            let counter = if outcome.failure.is_some() {
                &silent
            } else {
                &answered
            };
            counter.fetch_add(1, Ordering::Relaxed);
            lock(&done).insert(at, outcome);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..options.threads.clamp(1, 8) {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    (0..sources.len())
        .map(|at| done.remove(&at).unwrap_or_default())
        .collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fetch_one(source: &Source, wanted: &Wanted, fetcher: &Fetcher<'_>, now: &str) -> Outcome {
    let mut outcome = Outcome::default();
    Fetcher::take_own();
    let feeds = match resolve::feeds(source, wanted, fetcher, now) {
        Ok(feeds) => feeds,
        Err(error) => {
            outcome.failure = Some(error.to_string());
            outcome.received = Fetcher::take_own();
            return outcome;
        }
    };
    for feed in feeds {
        match fetcher.feed(source, &feed) {
            Ok(changed) => {
                outcome.changed |= changed;
                outcome.files.insert(feed.path);
            }
            Err(error) if feed.optional && error.is_missing() => {}
            Err(error) => {
                outcome.failure = Some(error.to_string());
                break;
            }
        }
    }
    outcome.received = Fetcher::take_own();
    if outcome.failure.is_none() && outcome.files.is_empty() {
        outcome.failure = Some("it has none of the files that are wanted".to_owned());
    }
    outcome
}

/// Shards that come of the same files.
struct Group {
    name: String,
    keys: BTreeSet<String>,
    files: BTreeSet<String>,
    /// Whether it has to be built.
    pending: bool,
    /// The source without which it is worth nothing, and which failed.
    failed: Option<&'static str>,
}

fn pending_groups(
    wanted: &Wanted,
    reports: &[(&'static Source, Outcome)],
    state: &mut State,
    base: Option<&Manifest>,
    options: &UpstreamOptions<'_>,
) -> Vec<Group> {
    let same_program = state.built_by == options.program;
    options.program.clone_into(&mut state.built_by);
    let mut groups: Vec<Group> = Vec::new();
    for family in families() {
        let name = group_of(family);
        if wanted.has_family(family) && !groups.iter().any(|group| group.name == name) {
            groups.push(Group {
                name: name.to_owned(),
                keys: wanted.keys_of(name),
                files: BTreeSet::new(),
                pending: false,
                failed: None,
            });
        }
    }
    for group in &mut groups {
        let mut changed = false;
        for (source, outcome) in reports {
            if !source
                .feeds
                .iter()
                .any(|family| group_of(family) == group.name)
            {
                continue;
            }
            changed |= outcome.changed;
            if outcome.failure.is_none() {
                group.files.extend(outcome.files.iter().cloned());
                continue;
            }
            if source.primary {
                group.failed = Some(source.name);
            }
            // The files of the time before are better than none.
            let known = state.sources.get(source.name).into_iter().flatten();
            let here = known.filter(|path| options.feeds.join(path).exists());
            group.files.extend(here.cloned());
        }
        let before = state.groups.entry(group.name.clone()).or_default();
        let gone = base.is_none_or(|base| {
            !before.keys.is_empty()
                && !base
                    .shards
                    .iter()
                    .any(|entry| group_of(family(&entry.key)) == group.name)
        });
        before.pending |= changed
            || gone
            || !same_program
            || !covers(&before.keys, &group.keys)
            || before.files != group.files;
        group.pending = before.pending;
    }
    groups.retain(|group| wanted_by_someone(group, reports));
    groups
}

/// Leaves out families whose only sources are restricted and were not agreed to.
fn wanted_by_someone(group: &Group, reports: &[(&'static Source, Outcome)]) -> bool {
    reports
        .iter()
        .any(|(source, _)| source.feeds.iter().any(|f| group_of(f) == group.name))
}

/// What was built.
#[derive(Default)]
struct Built {
    /// By group: what the readers counted.
    summaries: BTreeMap<String, BuildSummary>,
    /// By group: why its shards stay as they were.
    refused: BTreeMap<String, String>,
    /// Keys that were written.
    shards: BTreeSet<String>,
}

fn build_groups(
    groups: &[Group],
    directory: &Directory,
    stage: &Stage,
    state: &mut State,
    options: &UpstreamOptions<'_>,
    progress: &dyn Progress,
) -> Result<Built, Error> {
    let mut built = Built::default();
    let build = BuildOptions {
        force: options.force,
        restricted: state.restricted,
        threads: options.threads.max(1),
        today: options.now.parse().ok(),
        ..BuildOptions::default()
    };
    let days = Days::of(directory, stage);
    for group in groups {
        if !group.pending || group.failed.is_some() {
            continue;
        }
        progress.start(&group.name, None);
        let own = [PUBLISHED.to_owned()];
        let selection = Selection {
            files: Some(group.files.clone()),
            keys: Some(group.keys.iter().cloned().chain(own).collect()),
        };
        days.begin()?;
        let result = build_selected(&options.feeds, stage.path(), &build, &selection, &|_| {});
        progress.finish();
        let (summary, refusal) = match result {
            Ok(summary) => (summary, None),
            Err(BuildError::Refused { summary, refusals }) => {
                let all: Vec<String> = refusals.iter().map(ToString::to_string).collect();
                (*summary, Some(all.join("; ")))
            }
            Err(error @ (BuildError::NoFeeds { .. } | BuildError::Read { .. })) => {
                (BuildSummary::default(), Some(error.to_string()))
            }
            Err(error) => return Err(error.into()),
        };
        days.keep(&group.name, refusal.is_some())?;
        built
            .shards
            .extend(summary.shards.iter().map(|shard| shard.key.clone()));
        built.summaries.insert(group.name.clone(), summary);
        let after = state.groups.entry(group.name.clone()).or_default();
        if let Some(why) = refusal {
            built.refused.insert(group.name.clone(), why);
            continue;
        }
        *after = GroupState {
            keys: after.keys.union(&group.keys).cloned().collect(),
            files: group.files.clone(),
            pending: false,
        };
    }
    if !built.summaries.is_empty() {
        days.join(state)?;
    }
    Ok(built)
}

fn source_reports(
    reports: &[(&'static Source, Outcome)],
    groups: &[Group],
    built: &Built,
    manifest: Option<&Manifest>,
) -> Vec<SourceReport> {
    reports
        .iter()
        .map(|(source, outcome)| {
            let own = || {
                groups
                    .iter()
                    .filter(|g| source.feeds.iter().any(|family| group_of(family) == g.name))
            };
            let counted = own()
                .filter_map(|group| built.summaries.get(&group.name))
                .flat_map(|summary| &summary.sources)
                .filter(|summary| summary.name == source.reader())
                .max_by_key(|summary| summary.records);
            let in_shards = manifest
                .into_iter()
                .flat_map(|manifest| &manifest.shards)
                .filter(|entry| source.feeds.contains(&family(&entry.key)))
                .flat_map(|entry| &entry.sources)
                .filter(|entry| entry.name == source.reader());
            let date = counted.map_or_else(
                || in_shards.clone().map(|s| s.date.clone()).max(),
                |summary| Some(summary.date.clone()),
            );
            let records = counted.map_or_else(
                || in_shards.map(|entry| entry.records).sum(),
                |summary| summary.records,
            );
            let refused = own().find_map(|group| {
                let why = built.refused.get(&group.name)?;
                Some((why, group.name.as_str()))
            });
            let status = match (&outcome.failure, refused) {
                (Some(why), _) => SourceStatus::Failed(why.clone()),
                (None, Some((why, _))) if outcome.changed || counted.is_some() => {
                    SourceStatus::Refused(why.clone())
                }
                _ => match own().find_map(|group| group.failed) {
                    Some(other) if outcome.changed => SourceStatus::Kept(other.to_owned()),
                    _ if outcome.changed => SourceStatus::Updated,
                    _ => SourceStatus::Unchanged,
                },
            };
            SourceReport {
                name: source.name.to_owned(),
                status,
                received: outcome.received,
                records,
                date: date.unwrap_or_default(),
            }
        })
        .collect()
}

/// Keys that were asked for by name, were built, and of which nothing came.
fn empty_keys(
    wanted: &Wanted,
    manifest: Option<&Manifest>,
    groups: &[Group],
    built: &Built,
) -> Vec<String> {
    let keys = wanted.0.iter().flatten();
    keys.filter(|key| {
        let group = group_of(family(key));
        let there = manifest
            .into_iter()
            .flat_map(|manifest| &manifest.shards)
            .any(|entry| entry.key == **key || family(&entry.key) == key.as_str());
        let tried = groups.iter().any(|g| g.name == group && g.failed.is_none());
        !there && tried && !built.refused.contains_key(group)
    })
    .cloned()
    .collect()
}

/// Where the sources' files are kept when nobody says otherwise.
#[must_use]
pub fn default_feeds(directory: &Path) -> PathBuf {
    directory.join("feeds")
}

#[cfg(test)]
#[path = "upstream_tests.rs"]
mod tests;
