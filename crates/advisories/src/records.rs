//! Single records, without a folder of feeds: what a service answers becomes shards in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use seaworthy_model::Date;
use seaworthy_vulndb::{Shard, SourceInfo};

use crate::collect::{Collected, PUBLISHED};
use crate::feeds::osv;

/// The name of the records' source in their rows.
const SOURCE: &str = "osv";

/// Shards of OSV records.
#[derive(Debug, Default)]
pub struct OsvShards {
    /// A shard for each ecosystem that was asked for and has a row, by key.
    pub shards: Vec<Shard>,
    /// The days on which the records' vulnerabilities were made public, by id, sorted.
    pub published: Vec<(String, Date)>,
    /// Records that could not be read: what they are called, and why.
    pub broken: Vec<(String, String)>,
}

/// Makes shards of OSV records (name, JSON), as a build from feeds would: only those with a key in
/// `keys`. `date` (`YYYY-MM-DD`) is until when they speak.
#[must_use]
pub fn osv_shards<'r>(
    records: impl IntoIterator<Item = (&'r str, &'r [u8])>,
    keys: &BTreeSet<String>,
    date: &str,
) -> OsvShards {
    let mut collected = Collected {
        keys: Some(Arc::new(
            keys.iter().cloned().chain([PUBLISHED.to_owned()]).collect(),
        )),
        ..Collected::default()
    };
    let mut broken = Vec::new();
    for (name, bytes) in records {
        let mut sink = collected.of(SOURCE, name);
        sink.latest = date.parse().ok();
        if let Err(why) = osv::json(SOURCE, bytes, &mut sink) {
            broken.push((name.to_owned(), why));
        }
    }
    let counts = collected
        .sources
        .remove(SOURCE)
        .map(|count| count.shards)
        .unwrap_or_default();
    let rows: BTreeMap<_, _> = collected.rows.into_iter().collect();
    let shards = rows
        .into_iter()
        .filter_map(|(key, builder)| {
            let source = SourceInfo {
                name: SOURCE.to_owned(),
                date: date.to_owned(),
                records: counts.get(&key).copied().unwrap_or_default(),
            };
            Shard::from_bytes(builder.source(source).build()).ok()
        })
        .collect();
    let days = collected.days.iter();
    let mut published: Vec<_> = days.map(|(id, day)| (id.to_owned(), day)).collect();
    published.sort_unstable();
    OsvShards {
        shards,
        published,
        broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_become_the_shards_that_are_asked_for() {
        let record = |ecosystem: &str| {
            format!(
                r#"{{"id":"GHSA-aaaa-bbbb-cccc","published":"2025-12-24T08:00:00Z","modified":"2026-01-01T00:00:00Z","affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"x"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}},{{"fixed":"1.2.0"}}]}}]}}]}}"#
            )
        };
        let (npm, go) = (record("npm"), record("Go"));
        let made = osv_shards(
            [
                ("a", npm.as_bytes()),
                ("b", go.as_bytes()),
                ("c", &b"{"[..]),
            ],
            &["npm".to_owned(), "pypi".to_owned()].into(),
            "2026-11-25",
        );
        let keys: Vec<&str> = made.shards.iter().map(|s| s.meta().key.as_str()).collect();
        assert_eq!(keys, ["npm"]);
        assert_eq!(made.shards[0].lookup("x").count(), 1);
        assert_eq!(made.shards[0].meta().date(), "2026-11-25");
        assert_eq!(
            made.published,
            [(
                "GHSA-aaaa-bbbb-cccc".to_owned(),
                "2025-12-24".parse().unwrap()
            )]
        );
        assert_eq!(made.broken.len(), 1);
        assert_eq!(made.broken[0].0, "c");
    }
}
