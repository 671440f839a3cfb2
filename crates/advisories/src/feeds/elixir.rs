//! The Elixir mirror of advisories for Hex packages (dependabot's elixir-security-advisories): one
//! YAML file an advisory.

use serde::Deserialize;
use serde_json::Value;

use super::spans::{self, Bare};
use crate::ids;
use crate::order::Order;
use crate::sink::{Sink, affected_in, publish};
use seaworthy_vulndb::Advisory;

#[derive(Deserialize)]
struct Record {
    id: String,
    package: String,
    #[serde(default)]
    disclosure_date: Option<String>,
    #[serde(default)]
    severity: Option<String>,
    #[serde(default)]
    cve: Option<Value>,
    #[serde(default)]
    vulnerable_version_ranges: Vec<String>,
}

/// Reads one advisory.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let yaml = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let record: Record = serde_saphyr::from_str(yaml).map_err(|e| e.to_string())?;
    if !ids::is_id(&record.id) || record.package.is_empty() {
        return Err("no `id` or no `package`".to_owned());
    }
    sink.date(record.disclosure_date.as_deref().unwrap_or_default());
    let mut spans = Vec::new();
    for range in &record.vulnerable_version_ranges {
        spans.extend(
            spans::parse(range, Bare::Exactly).ok_or_else(|| format!("`{range}` is no range"))?,
        );
    }
    if spans.is_empty() {
        return Err("no `vulnerable_version_ranges`".to_owned());
    }
    let intervals = spans::affected(spans, Order::of_shard("hex"));
    let cve = record.cve.as_ref().and_then(Value::as_str).map(|cve| {
        if cve.starts_with("CVE-") {
            cve.to_owned()
        } else {
            format!("CVE-{cve}")
        }
    });
    let identity = ids::identify(
        &record.id,
        cve.as_deref().filter(|cve| ids::is_cve(cve)).into_iter(),
    );
    let day = record.disclosure_date.as_deref().unwrap_or_default();
    publish(sink, &record.id, cve.as_deref(), day);
    sink.advisory(
        "hex",
        Advisory {
            severity: record.severity.and_then(|word| word.parse().ok()),
            ..affected_in(&record.package, &identity, "elixir-advisories", intervals)
        },
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn ranges_are_alternatives() {
        let yaml = "---\ndisclosure_date: 2022-10-17\nid: GHSA-p8f7-22gq-m7j9\npackage: phoenix\nseverity: high\nvulnerable_version_ranges:\n  - < 1.6.14\n  - '>= 2.0.0-rc.1, <= 2.0.0'\n";
        assert_eq!(
            Recorder::of(|recorder| read(yaml.as_bytes(), recorder)),
            ["hex phoenix GHSA-p8f7-22gq-m7j9 fixed !high [,1.6.14) [2.0.0-rc.1,2.0.0]"]
        );
        for bad in [
            "",
            "id: GHSA-1\npackage: x\n",
            "id: x\npackage: y\n",
            "id: GHSA-1\npackage: x\nvulnerable_version_ranges: [never]\n",
        ] {
            assert!(
                read(bad.as_bytes(), &mut Recorder::default()).is_err(),
                "{bad}"
            );
        }
    }
}
