//! Advisories of language packages from the OSV API, instead of from shards.
//!
//! The service is asked which records are about the packages; what they say is fetched, read as a
//! feed's records are, and judged by the same rules as those of any shard.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use seaworthy_advisories::osv_shards;
use seaworthy_model::{Ecosystem, Inventory};
use seaworthy_vulndb::{PublishedTable, Shard, SourceInfo, build_published};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::web::{Network, Progress};

/// Where the service is.
pub const OSV_API: &str = "https://api.osv.dev";
/// Most questions of one request (the service's own limit).
const BATCH: usize = 1000;
/// Most pages of answers to one question.
const PAGES: usize = 100;
/// Most records that are fetched for one scan.
const RECORDS: usize = 50_000;
/// Most bytes of an answer; the service's own limit is 32 MiB.
const MAX_ANSWER: u64 = 64 << 20;
/// Most bytes of a record.
const MAX_RECORD: u64 = 16 << 20;

/// What the service said.
#[derive(Debug, Default)]
pub struct Online {
    /// A shard for each ecosystem that was asked about, holding what concerns the packages:
    /// `Database::from_shards(online.shards).with_fallback(…)`.
    pub shards: Vec<Shard>,
    /// The days on which the vulnerabilities were made public: for
    /// [`seaworthy_vulndb::Database::with_published`].
    pub published: Option<PublishedTable>,
    /// What could not be asked or read, and why, by the key of the shard. It belongs into the
    /// coverage of the report.
    pub gaps: BTreeMap<String, String>,
    /// Packages that were asked about.
    pub packages: usize,
    /// Records that were fetched.
    pub records: usize,
    /// Requests that were made.
    pub requests: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Question {
    ecosystem: Ecosystem,
    name: String,
    version: String,
}

#[derive(Serialize)]
struct Batch<'a> {
    queries: Vec<Query<'a>>,
}

#[derive(Serialize)]
struct Query<'a> {
    package: Name<'a>,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_token: Option<&'a str>,
}

#[derive(Serialize)]
struct Name<'a> {
    ecosystem: &'a str,
    name: &'a str,
}

#[derive(Deserialize)]
struct Answers {
    #[serde(default)]
    results: Vec<Answer>,
}

#[derive(Deserialize, Default)]
struct Answer {
    #[serde(default)]
    vulns: Vec<Known>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Known {
    id: String,
}

/// Asks the service about the language packages of an inventory. `base` is its address
/// ([`OSV_API`]), `today` the date (`YYYY-MM-DD`) that the answers carry. What fails is told as a
/// gap of the ecosystems that it concerns: their packages were not assessed.
#[must_use]
pub fn ask_osv(
    inventory: &Inventory,
    network: &dyn Network,
    base: &str,
    today: &str,
    threads: usize,
    progress: &dyn Progress,
) -> Online {
    let questions = questions(inventory);
    let mut online = Online {
        packages: questions.len(),
        ..Online::default()
    };
    if questions.is_empty() {
        return online;
    }
    progress.start("OSV", None);
    let base = base.trim_end_matches('/');
    let keys: BTreeSet<String> = questions
        .iter()
        .map(|question| question.ecosystem.shard_key().to_owned())
        .collect();
    let (ids, failed) = ids(&questions, network, base, &mut online.requests);
    for (ecosystem, why) in failed {
        online.gaps.insert(ecosystem.shard_key().to_owned(), why);
    }
    let (records, failed) = records(&ids, network, base, threads, progress);
    online.requests += ids.len();
    online.records = records.len();
    for (id, why) in failed {
        for ecosystem in ids.get(&id).into_iter().flatten() {
            online
                .gaps
                .entry(ecosystem.shard_key().to_owned())
                .or_insert_with(|| format!("{id} was not fetched: {why}"));
        }
    }
    let made = osv_shards(
        records.iter().map(|(id, bytes)| (id.as_str(), &bytes[..])),
        &keys,
        today,
    );
    for (id, why) in made.broken {
        for ecosystem in ids.get(&id).into_iter().flatten() {
            online
                .gaps
                .entry(ecosystem.shard_key().to_owned())
                .or_insert_with(|| format!("{id} cannot be read: {why}"));
        }
    }
    online.shards = made.shards;
    let source = SourceInfo {
        name: "osv".to_owned(),
        date: today.to_owned(),
        records: made.published.len() as u64,
    };
    let days = made.published.iter().map(|(id, day)| (id.as_str(), *day));
    online.published = PublishedTable::from_bytes(build_published(vec![source], days)).ok();
    // An ecosystem of whose packages nothing is known was asked about all the same.
    for key in keys {
        let there = online.shards.iter().any(|shard| shard.meta().key == key);
        if !there && !online.gaps.contains_key(&key) {
            online.shards.extend(empty_shard(&key, today));
        }
    }
    progress.finish();
    online
}

fn empty_shard(key: &str, today: &str) -> Option<Shard> {
    let source = SourceInfo {
        name: "osv".to_owned(),
        date: today.to_owned(),
        records: 0,
    };
    let builder = seaworthy_vulndb::ShardBuilder::new(key, "").source(source);
    Shard::from_bytes(builder.build()).ok()
}

fn questions(inventory: &Inventory) -> Vec<Question> {
    let all: BTreeSet<Question> = inventory
        .packages
        .iter()
        .filter_map(|package| {
            let ecosystem = package.kind.ecosystem()?;
            // The service knows Go's versions without their `v`.
            let version = match ecosystem {
                Ecosystem::Go => package
                    .version
                    .trim_start_matches('v')
                    .trim_start_matches("go"),
                _ => package.version.as_str(),
            };
            let name = match ecosystem {
                Ecosystem::PyPi => seaworthy_model::normal_python_name(&package.name).into_owned(),
                _ => package.name.clone(),
            };
            let fine = !name.is_empty() && !version.is_empty() && version.len() < 256;
            fine.then(|| Question {
                ecosystem,
                name,
                version: version.to_owned(),
            })
        })
        .collect();
    all.into_iter().collect()
}

/// Records and the ecosystems whose packages they are about.
type Ids = BTreeMap<String, BTreeSet<Ecosystem>>;

fn ids(
    questions: &[Question],
    network: &dyn Network,
    base: &str,
    requests: &mut usize,
) -> (Ids, BTreeMap<Ecosystem, String>) {
    let mut ids = Ids::new();
    let mut failed = BTreeMap::new();
    let mut open: Vec<(&Question, Option<String>)> =
        questions.iter().map(|question| (question, None)).collect();
    let mut pages = 0;
    while !open.is_empty() {
        pages += 1;
        let mut next = Vec::new();
        for batch in open.chunks(BATCH) {
            *requests += 1;
            let answer = if pages > PAGES {
                Err(format!("it has more than {PAGES} pages of answers"))
            } else {
                ask(batch, network, base).map_err(|e| e.to_string())
            };
            match answer {
                Ok(answers) => {
                    for ((question, _), answer) in batch.iter().zip(answers) {
                        for known in answer.vulns {
                            if is_id(&known.id) && ids.len() < RECORDS {
                                ids.entry(known.id).or_default().insert(question.ecosystem);
                            } else {
                                failed.entry(question.ecosystem).or_insert_with(|| {
                                    "it names too many records, or some that are none".to_owned()
                                });
                            }
                        }
                        if let Some(token) = answer.next_page_token.filter(|t| !t.is_empty()) {
                            next.push((*question, Some(token)));
                        }
                    }
                }
                Err(why) => {
                    for (question, _) in batch {
                        failed
                            .entry(question.ecosystem)
                            .or_insert_with(|| why.clone());
                    }
                }
            }
        }
        open = next;
    }
    (ids, failed)
}

fn ask(
    batch: &[(&Question, Option<String>)],
    network: &dyn Network,
    base: &str,
) -> Result<Vec<Answer>, Error> {
    let url = format!("{base}/v1/querybatch");
    let queries = batch
        .iter()
        .map(|(question, token)| Query {
            package: Name {
                ecosystem: question.ecosystem.osv_name(),
                name: &question.name,
            },
            version: &question.version,
            page_token: token.as_deref(),
        })
        .collect();
    let body =
        serde_json::to_vec(&Batch { queries }).map_err(|e| Error::wrong(&*url, e.to_string()))?;
    let bytes = network.post_json(&url, &body, MAX_ANSWER)?;
    let answers: Answers =
        serde_json::from_slice(&bytes).map_err(|e| Error::wrong(&*url, e.to_string()))?;
    if answers.results.len() != batch.len() {
        return Err(Error::wrong(
            url,
            format!(
                "{} questions have {} answers",
                batch.len(),
                answers.results.len()
            ),
        ));
    }
    Ok(answers.results)
}

/// Ids become part of an address.
fn is_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= 100
        && !id.starts_with('.')
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

type Records = BTreeMap<String, Vec<u8>>;

fn records(
    ids: &Ids,
    network: &dyn Network,
    base: &str,
    threads: usize,
    progress: &dyn Progress,
) -> (Records, BTreeMap<String, String>) {
    let list: Vec<&String> = ids.keys().collect();
    let next = AtomicUsize::new(0);
    let done: Mutex<(Records, BTreeMap<String, String>)> = Mutex::default();
    let work = || {
        while let Some(id) = list.get(next.fetch_add(1, Ordering::Relaxed)) {
            let answer = network.get(&format!("{base}/v1/vulns/{id}"), MAX_RECORD);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            match answer {
                Ok(bytes) => {
                    progress.advance(bytes.len() as u64);
                    done.0.insert((*id).clone(), bytes);
                }
                Err(error) => {
                    done.1.insert((*id).clone(), error.to_string());
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, 16) {
            scope.spawn(work);
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "online_tests.rs"]
mod tests;
