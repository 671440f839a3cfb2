//! Advisories that are Markdown with a block of TOML at their head: Haskell's (HSEC) and Julia's
//! (JLSEC).

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Value;

use super::spans::{self, Bare};
use crate::ids;
use crate::order::Order;
use crate::sink::{Sink, affected_in, publish};
use crate::vector::Vector;
use seaworthy_vulndb::{Advisory, End, Interval};

#[derive(Deserialize)]
struct Document {
    /// Haskell keeps the ids in a table of their own.
    #[serde(default)]
    advisory: Option<Head>,
    #[serde(flatten)]
    head: Head,
    #[serde(default)]
    affected: Vec<Affected>,
    #[serde(default)]
    severity: Vec<Score>,
}

#[derive(Deserialize, Default)]
struct Head {
    #[serde(default)]
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    upstream: Vec<String>,
    /// Julia; Haskell's `date` is that of the last change.
    #[serde(default)]
    published: Option<Value>,
    /// Julia: the records of others that it was made of.
    #[serde(default)]
    jlsec_sources: Vec<Origin>,
    #[serde(default)]
    modified: Option<Value>,
    #[serde(default)]
    withdrawn: Option<Value>,
}

#[derive(Deserialize)]
struct Origin {
    #[serde(default)]
    id: String,
    #[serde(default)]
    published: Option<Value>,
}

/// A table with a `score`, or the vector alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Score {
    Table {
        #[serde(default)]
        score: String,
    },
    Vector(String),
}

impl Score {
    fn vector(&self) -> &str {
        match self {
            Self::Table { score } => score,
            Self::Vector(vector) => vector,
        }
    }
}

#[derive(Deserialize)]
struct Affected {
    /// Haskell.
    #[serde(default)]
    package: Option<String>,
    /// Haskell, what comes with the compiler.
    #[serde(default, rename = "ghc-component")]
    component: Option<String>,
    #[serde(default)]
    cvss: Option<String>,
    #[serde(default)]
    versions: Vec<Versions>,
    /// Julia.
    #[serde(default)]
    pkg: Option<String>,
    #[serde(default)]
    ranges: Vec<String>,
}

#[derive(Deserialize)]
struct Versions {
    introduced: String,
    #[serde(default)]
    fixed: Option<String>,
}

/// The block of TOML at the head of a document.
pub(super) fn head<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let (_, rest) = text.split_once("```toml").ok_or("no block of TOML")?;
    let (block, _) = rest
        .split_once("```")
        .ok_or("the block of TOML has no end")?;
    toml::from_str(block).map_err(|e| e.message().to_owned())
}

/// Reads one advisory into the shard of its packages.
pub(crate) fn read(shard: &'static str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let document: Document = self::head(bytes)?;
    let head = document.advisory.unwrap_or(document.head);
    if !ids::is_id(&head.id) {
        return Err(format!("`{}` is no id", head.id));
    }
    if let Some(Value::Datetime(date)) = &head.modified {
        sink.date(&date.to_string());
    }
    if head.withdrawn.is_some() || document.affected.is_empty() {
        sink.skipped();
        return Ok(());
    }
    let source = if shard == "julia" {
        "julia-advisories"
    } else {
        "haskell-advisories"
    };
    let order = Order::of_shard(shard);
    let others = head
        .aliases
        .iter()
        .chain(&head.upstream)
        .map(String::as_str);
    let identity = ids::identify(&head.id, others.clone().filter(|id| ids::is_id(id)));
    publish(sink, &head.id, others, &time(head.published.as_ref()));
    for origin in head.jlsec_sources.iter().filter(|o| ids::is_cve(&o.id)) {
        sink.published(&origin.id, &time(origin.published.as_ref()));
    }
    for affected in &document.affected {
        let package = affected
            .package
            .as_ref()
            .or(affected.component.as_ref())
            .or(affected.pkg.as_ref())
            .ok_or("no package")?;
        let intervals = intervals(affected, order)?;
        let vectors = affected
            .cvss
            .iter()
            .map(String::as_str)
            .chain(document.severity.iter().map(Score::vector));
        let vector = Vector::best(vectors);
        sink.advisory(
            shard,
            Advisory {
                severity: vector.as_ref().map(|vector| vector.severity),
                vector: vector.map(|vector| vector.text),
                ..affected_in(package, &identity, source, intervals)
            },
        );
    }
    Ok(())
}

fn time(value: Option<&Value>) -> String {
    match value {
        Some(Value::Datetime(time)) => time.to_string(),
        _ => String::new(),
    }
}

fn intervals(affected: &Affected, order: Order) -> Result<Vec<Interval>, String> {
    if affected.pkg.is_some() {
        let mut spans = Vec::new();
        for range in &affected.ranges {
            spans.extend(
                spans::parse(range, Bare::Exactly)
                    .ok_or_else(|| format!("`{range}` is no range"))?,
            );
        }
        return Ok(spans::affected(spans, order));
    }
    Ok(affected
        .versions
        .iter()
        .map(|versions| Interval {
            introduced: if versions.introduced == "0" {
                String::new()
            } else {
                versions.introduced.clone()
            },
            end: versions.fixed.clone().map_or(End::Open, End::Fixed),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn haskell_and_julia() {
        let haskell = "```toml\n[advisory]\nid = \"HSEC-2023-0006\"\naliases = [\"CVE-2023-0001\"]\n\n[[affected]]\npackage = \"x509-validation\"\ncvss = \"CVSS:3.1/AV:N/AC:H/PR:H/UI:R/S:U/C:H/I:H/A:N\"\n\n[[affected.versions]]\nintroduced = \"1.4.0\"\nfixed = \"1.4.8\"\n[[affected.versions]]\nintroduced = \"2\"\n```\n\n# Text\n";
        assert_eq!(
            Recorder::of(|recorder| read("hackage", haskell.as_bytes(), recorder)),
            [
                "hackage x509-validation CVE-2023-0001 =HSEC-2023-0006 @HSEC-2023-0006 fixed !medium [1.4.0,1.4.8) [2,)"
            ]
        );
        let julia = "```toml\nschema_version = \"1.8.0\"\nid = \"JLSEC-2026-956\"\nmodified = 2026-08-07T19:23:02.268Z\nupstream = [\"CVE-2026-25969\", \"GHSA-xgm3-v4r9-wfgm\"]\n\n[[severity]]\ntype = \"CVSS_V3\"\nscore = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H\"\n\n[[affected]]\npkg = \"ImageMagick_jll\"\nranges = [\"< 7.1.2023+0\"]\n```\n";
        let mut recorder = Recorder::default();
        read("julia", julia.as_bytes(), &mut recorder).unwrap();
        assert_eq!(
            recorder.lines(),
            [
                "julia ImageMagick_jll CVE-2026-25969 =GHSA-xgm3-v4r9-wfgm =JLSEC-2026-956 @JLSEC-2026-956 fixed !high [,7.1.2023+0)"
            ]
        );
        assert!(recorder.date.starts_with("2026-08-07"));
        for bad in [
            "",
            "```toml\n```",
            "```toml\nid = \"X-1\"\n[[affected]]\nranges = []\n```",
            "```toml\nid = 3\n```",
        ] {
            assert!(
                read("julia", bad.as_bytes(), &mut recorder).is_err(),
                "{bad}"
            );
        }
    }
}
