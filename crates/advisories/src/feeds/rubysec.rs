//! ruby-advisory-db: one YAML file an advisory, for gems and for the interpreters themselves.

use serde::Deserialize;
use serde_json::Value;

use super::spans::{self, Bare};
use crate::ids;
use crate::order::Order;
use crate::sink::{Sink, affected_in, publish};
use crate::vector::Vector;
use seaworthy_model::Severity;
use seaworthy_vulndb::Advisory;

#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    gem: Option<String>,
    #[serde(default)]
    engine: Option<String>,
    #[serde(default)]
    cve: Option<Value>,
    #[serde(default)]
    ghsa: Option<Value>,
    #[serde(default)]
    osvdb: Option<Value>,
    #[serde(default)]
    date: Option<String>,
    #[serde(default)]
    cvss_v2: Option<Value>,
    #[serde(default)]
    cvss_v3: Option<Value>,
    #[serde(default)]
    cvss_v4: Option<Value>,
    #[serde(default)]
    patched_versions: Option<Vec<String>>,
    #[serde(default)]
    unaffected_versions: Option<Vec<String>>,
    #[serde(default)]
    withdrawn: Option<Value>,
}

fn text(value: &Option<Value>) -> String {
    match value {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// Reads one advisory.
pub(crate) fn read(name: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let yaml = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let record: Record = serde_saphyr::from_str(yaml).map_err(|e| e.to_string())?;
    sink.date(record.date.as_deref().unwrap_or_default());
    // Interpreters are binaries: `ruby`, `jruby`.
    let (shard, package) = match (&record.gem, &record.engine) {
        (Some(gem), _) => ("rubygems", gem),
        (None, Some(engine)) => ("generic", engine),
        (None, None) => return Err("neither a `gem` nor an `engine`".to_owned()),
    };
    if record.withdrawn.is_some() {
        sink.skipped();
        return Ok(());
    }
    let order = Order::of_shard(shard);
    let mut fine = Vec::new();
    let lists = [&record.patched_versions, &record.unaffected_versions];
    for constraint in lists.into_iter().flatten().flatten() {
        let spans = spans::parse(constraint, Bare::Exactly);
        fine.extend(spans.ok_or_else(|| format!("`{constraint}` is no range"))?);
    }
    let intervals = spans::rest_of(fine, order);
    let mut all = Vec::new();
    for (prefix, value) in [
        ("CVE-", &record.cve),
        ("GHSA-", &record.ghsa),
        ("OSVDB-", &record.osvdb),
    ] {
        let id = text(value);
        if !id.is_empty() {
            all.push(if id.starts_with(prefix) {
                id
            } else {
                format!("{prefix}{id}")
            });
        }
    }
    let file = name.rsplit('/').next().unwrap_or(name);
    let stem = file.trim_end_matches(".yml").trim_end_matches(".yaml");
    let own = all.first().map_or(stem, String::as_str);
    if !ids::is_id(own) {
        return Err(format!("`{own}` is no id"));
    }
    let identity = ids::identify(own, all.iter().map(String::as_str));
    let day = record.date.as_deref().unwrap_or_default();
    publish(sink, own, all.iter().map(String::as_str), day);
    let vectors = [
        text(&record.cvss_v4),
        text(&record.cvss_v3),
        text(&record.cvss_v2),
    ];
    let vector = Vector::best(vectors.iter().map(String::as_str));
    let score = vectors.iter().find_map(|text| text.parse::<f64>().ok());
    sink.advisory(
        shard,
        Advisory {
            severity: vector
                .as_ref()
                .map(|vector| vector.severity)
                .or_else(|| score.map(Severity::from_score)),
            vector: vector.map(|vector| vector.text),
            ..affected_in(package, &identity, "rubysec", intervals)
        },
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn gems_and_engines() {
        for (name, yaml, expected) in [
            (
                "gems/rack/CVE-2024-26141.yml",
                "---\ngem: rack\ncve: 2024-26141\nghsa: xj5v-6v4g-jfw6\ndate: 2024-02-21\ncvss_v3: 5.3\nunaffected_versions:\n  - \"< 1.3.0\"\npatched_versions:\n  - \"~> 2.2.8, >= 2.2.8.1\"\n  - \">= 3.0.9.1\"\n",
                "rubygems rack CVE-2024-26141 =GHSA-xj5v-6v4g-jfw6 fixed !medium [1.3.0,2.2.8.1) [2.3.0,3.0.9.1)",
            ),
            (
                "gems/x/OSVDB-101.yml",
                "---\ngem: x\nosvdb: 101\n",
                "rubygems x OSVDB-101 affected [,)",
            ),
            (
                "rubies/jruby/CVE-2022-25857.yml",
                "---\nengine: jruby\ncve: 2022-25857\npatched_versions:\n  - \">= 9.3.8.0\"\n",
                "generic jruby CVE-2022-25857 fixed [,9.3.8.0)",
            ),
        ] {
            assert_eq!(
                Recorder::of(|recorder| read(name, yaml.as_bytes(), recorder)),
                [expected]
            );
        }
        for bad in [
            "",
            "---\ncve: 1\n",
            "---\ngem: x\n",
            "---\ngem: x\ncve: 2020-0001\npatched_versions:\n  - nonsense\n",
        ] {
            assert!(
                read("gems/x/y.yml", bad.as_bytes(), &mut Recorder::default()).is_err(),
                "{bad}"
            );
        }
    }
}
