//! RustSec's advisories: Markdown that begins with a block of TOML (its README, "Advisory Format").

use seaworthy_vulndb::Advisory;
use serde::Deserialize;

use super::spans::{self, Bare};
use super::toml_markdown;
use crate::ids;
use crate::order::Order;
use crate::sink::{Sink, affected_in, publish};
use crate::vector::Vector;

const SOURCE: &str = "rustsec";
const SHARD: &str = "crates";

#[derive(Deserialize)]
struct Document {
    advisory: Head,
    #[serde(default)]
    versions: Versions,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    package: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    cvss: Option<String>,
    #[serde(default)]
    date: String,
    #[serde(default)]
    informational: Option<String>,
    #[serde(default)]
    withdrawn: Option<String>,
}

#[derive(Deserialize, Default)]
struct Versions {
    #[serde(default)]
    patched: Vec<String>,
    #[serde(default)]
    unaffected: Vec<String>,
}

/// Reads one advisory.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let document: Document = toml_markdown::head(bytes)?;
    let head = document.advisory;
    sink.date(&head.date);
    let notice = matches!(
        head.informational.as_deref(),
        Some("notice" | "unmaintained")
    );
    if head.withdrawn.is_some() || notice {
        sink.skipped();
        return Ok(());
    }
    let mut fine = Vec::new();
    for range in document
        .versions
        .patched
        .iter()
        .chain(&document.versions.unaffected)
    {
        fine.extend(
            spans::parse(range, Bare::Caret).ok_or_else(|| format!("`{range}` is no range"))?,
        );
    }
    let order = Order::of_shard(SHARD);
    let intervals = spans::rest_of(fine, order);
    let identity = ids::identify(&head.id, head.aliases.iter().map(String::as_str));
    let aliases = head.aliases.iter().map(String::as_str);
    publish(sink, &head.id, aliases, &head.date);
    let vector = head.cvss.as_deref().and_then(Vector::parse);
    sink.advisory(
        SHARD,
        Advisory {
            severity: vector.as_ref().map(|vector| vector.severity),
            vector: vector.map(|vector| vector.text),
            ..affected_in(&head.package, &identity, SOURCE, intervals)
        },
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    fn document(versions: &str, more: &str) -> String {
        format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2021-0003\"\npackage = \"smallvec\"\naliases = [\"CVE-2021-25900\"]\ncvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"\ndate = \"2021-01-08\"\n{more}\n[versions]\n{versions}\n```\n\n# Title\n"
        )
    }

    #[test]
    fn what_is_not_patched_and_not_unaffected_is_affected() {
        for (versions, expected) in [
            (
                "patched = [\">= 0.6.14, < 1.0.0\", \">= 1.6.1\"]\nunaffected = [\"< 0.6.3\"]",
                "fixed !critical [0.6.3,0.6.14) [1.0.0,1.6.1)",
            ),
            ("patched = []", "affected !critical [,)"),
            (
                "patched = [\"^1.2.3\", \">=2.1\"]",
                "fixed !critical [,1.2.3) [2.0.0,2.1)",
            ),
            (
                "patched = [\"~0.4.5\", \"> 0.7.0\"]",
                "fixed !critical [,0.4.5) [0.5.0,0.7.0]",
            ),
            (
                "unaffected = [\"<= 1.2.3\"]",
                "affected !critical [1.2.4-0,)",
            ),
        ] {
            let mut recorder = Recorder::default();
            read(document(versions, "").as_bytes(), &mut recorder).unwrap();
            assert_eq!(
                recorder.lines(),
                [format!(
                    "crates smallvec CVE-2021-25900 =RUSTSEC-2021-0003 @RUSTSEC-2021-0003 {expected}"
                )]
            );
        }
    }

    #[test]
    fn notices_and_withdrawn_ones_are_skipped_and_damage_is_an_error() {
        let mut recorder = Recorder::default();
        for more in [
            "informational = \"unmaintained\"",
            "withdrawn = \"2022-01-01\"",
        ] {
            read(document("patched = []", more).as_bytes(), &mut recorder).unwrap();
        }
        assert_eq!((recorder.rows.len(), recorder.skipped), (0, 2));
        for bad in [
            "",
            "```toml\n",
            "```toml\nx = 1\n```",
            &document("patched = [\"!\"]", ""),
        ] {
            assert!(read(bad.as_bytes(), &mut recorder).is_err(), "{bad}");
        }
    }
}
