//! FriendsOfPHP's security advisories: one YAML file an advisory, with the affected versions of
//! each branch.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::spans::{self, Bare};
use crate::ids;
use crate::order::Order;
use crate::sink::{Sink, state_of};
use seaworthy_vulndb::Advisory;

#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    cve: Option<Value>,
    #[serde(default)]
    branches: BTreeMap<String, Branch>,
    #[serde(default)]
    reference: String,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default)]
    time: Option<Value>,
    #[serde(default)]
    versions: Vec<String>,
}

const SHARD: &str = "packagist";

/// Reads one advisory.
pub(crate) fn read(name: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let yaml = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let record: Record = serde_saphyr::from_str(yaml).map_err(|e| e.to_string())?;
    let package = record
        .reference
        .strip_prefix("composer://")
        .filter(|package| package.contains('/'))
        .ok_or_else(|| format!("`{}` names no package", record.reference))?
        .to_ascii_lowercase();
    let file = name.rsplit('/').next().unwrap_or(name);
    let stem = file.trim_end_matches(".yaml").trim_end_matches(".yml");
    let cve = record
        .cve
        .as_ref()
        .and_then(Value::as_str)
        .filter(|cve| ids::is_cve(cve));
    // Without a CVE, the file's name is the only id (`2021-05-10-1`), for this package.
    let id = match cve {
        Some(cve) => cve.to_owned(),
        None => format!("FOP-{}-{stem}", package.replace('/', "-")),
    };
    let order = Order::of_shard(SHARD);
    let mut spans = Vec::new();
    for branch in record.branches.values() {
        if let Some(Value::String(time)) = &branch.time {
            sink.date(time);
            sink.published(&id, time);
        }
        let constraint = branch.versions.join(", ");
        if constraint.is_empty() {
            continue;
        }
        let parsed = spans::parse(&constraint, Bare::Exactly);
        spans.extend(parsed.ok_or_else(|| format!("`{constraint}` is no range"))?);
    }
    if spans.is_empty() {
        return Err("no affected versions".to_owned());
    }
    let intervals = spans::affected(spans, order);
    sink.advisory(
        SHARD,
        Advisory {
            package,
            id,
            source: "friendsofphp".to_owned(),
            state: state_of(&intervals),
            intervals,
            ..Advisory::default()
        },
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn branches_become_intervals() {
        let yaml = "title: x\ncve: CVE-2019-11458\nbranches:\n    3.5.x:\n        time:     2019-04-23 22:08:00\n        versions: ['>=3.0.0', '<3.5.18']\n    3.6.x:\n        time: ~\n        versions: ['>=3.6.0','<=3.6.14']\nreference: composer://CakePHP/cakephp\n";
        assert_eq!(
            Recorder::of(|recorder| read(
                "cakephp/cakephp/CVE-2019-11458.yaml",
                yaml.as_bytes(),
                recorder
            )),
            ["packagist cakephp/cakephp CVE-2019-11458 fixed [3.0.0,3.5.18) [3.6.0,3.6.14]"]
        );
        let yaml =
            "cve: ~\nbranches:\n    1.x:\n        versions: ['<1.2']\nreference: composer://a/b\n";
        assert_eq!(
            Recorder::of(|recorder| read("a/b/2021-05-10-1.yaml", yaml.as_bytes(), recorder)),
            ["packagist a/b FOP-a-b-2021-05-10-1 fixed [,1.2)"]
        );
        for bad in [
            "",
            "reference: x\n",
            "reference: composer://a/b\n",
            "reference: composer://a/b\nbranches:\n  x:\n    versions: ['soon']\n",
        ] {
            assert!(
                read("x.yaml", bad.as_bytes(), &mut Recorder::default()).is_err(),
                "{bad}"
            );
        }
    }
}
