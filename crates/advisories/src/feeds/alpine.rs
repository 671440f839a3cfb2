//! Alpine's security database, `secdb`: JSON as it is served today, YAML as it was until 2020.

use std::collections::BTreeMap;

use seaworthy_model::{Distribution, State};
use seaworthy_vulndb::{Advisory, End, Interval};
use serde::Deserialize;

use crate::ids;
use crate::sink::Sink;

#[derive(Deserialize)]
struct Database {
    #[serde(default)]
    distroversion: String,
    #[serde(default)]
    reponame: String,
    #[serde(default)]
    packages: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    pkg: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    secfixes: Option<BTreeMap<String, Option<Vec<String>>>>,
}

const SOURCE: &str = "alpine-secdb";

/// Reads one file: one repository of one release of Alpine, or of a rolling distribution in the
/// same format (Wolfi, Chainguard), whose family is the shard.
pub(crate) fn read(
    family: &str,
    name: &str,
    bytes: &[u8],
    sink: &mut dyn Sink,
) -> Result<(), String> {
    let database: Database = if name.ends_with(".json") {
        serde_json::from_slice(bytes).map_err(|e| e.to_string())?
    } else {
        let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
        serde_saphyr::from_str(text).map_err(|e| e.to_string())?
    };
    let distribution = Distribution {
        id: "alpine".to_owned(),
        version: database.distroversion.trim_start_matches('v').to_owned(),
        name: String::new(),
    };
    let (shard, source) = match (family, database.reponame.as_str()) {
        ("alpine", _) => (
            distribution
                .shard_key()
                .ok_or_else(|| "no `distroversion`".to_owned())?,
            SOURCE,
        ),
        (_, "") => return Err("no `reponame`".to_owned()),
        ("wolfi", _) => ("wolfi".to_owned(), "wolfi-secdb"),
        // Chainguard's images are built of Wolfi's packages and of its own.
        _ => ("chainguard".to_owned(), "chainguard-secdb"),
    };
    for entry in database.packages.unwrap_or_default() {
        // Unexpanded shell variables of the build recipe.
        if entry.pkg.name.is_empty() || entry.pkg.name.contains('$') {
            sink.skipped();
            continue;
        }
        for (version, fixes) in entry.pkg.secfixes.unwrap_or_default() {
            for text in fixes.unwrap_or_default() {
                emit((&shard, source), &entry.pkg.name, &version, &text, sink);
            }
        }
    }
    Ok(())
}

fn emit(
    (shard, source): (&str, &str),
    package: &str,
    version: &str,
    text: &str,
    sink: &mut dyn Sink,
) {
    let version = version.trim();
    if version.is_empty() || version.contains('$') {
        sink.skipped();
        return;
    }
    let ids = ids_of(text);
    let cves: Vec<&String> = ids.iter().filter(|id| ids::is_cve(id)).collect();
    let (primaries, others): (Vec<&String>, Vec<&String>) = match cves.as_slice() {
        [] => (ids.iter().take(1).collect(), ids.iter().skip(1).collect()),
        [_] => (cves, ids.iter().filter(|id| !ids::is_cve(id)).collect()),
        // Which of several CVEs the other ids belong to is not said.
        _ => (cves, Vec::new()),
    };
    if primaries.is_empty() {
        sink.skipped();
    }
    for primary in primaries {
        let mut aliases: Vec<String> = others.iter().map(|id| (*id).clone()).collect();
        aliases.sort_unstable();
        aliases.dedup();
        // "0" is the build recipe's way to say that no version was ever affected.
        let never = version == "0";
        sink.advisory(
            shard,
            Advisory {
                package: package.to_owned(),
                id: primary.clone(),
                aliases,
                source: source.to_owned(),
                state: if never {
                    State::NotAffected
                } else {
                    State::Fixed
                },
                intervals: if never {
                    Vec::new()
                } else {
                    vec![Interval {
                        introduced: String::new(),
                        end: End::Fixed(version.to_owned()),
                    }]
                },
                ..Advisory::default()
            },
        );
    }
}

/// The ids of one line: `CVE-2020-1 XSA-3`, `CVE-2020-1 (+ XSA-3)`, `CVE-2020-1 # remark`.
fn ids_of(text: &str) -> Vec<String> {
    let text = text.split('#').next().unwrap_or_default();
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '+' | '[' | ']'))
        .map(|word| word.trim_matches(|c: char| matches!(c, '.' | ':' | '\'' | '"')))
        .map(|word| match word.strip_prefix("CVE_") {
            Some(rest) => format!("CVE-{rest}"),
            None => word.to_owned(),
        })
        .filter(|word| ids::is_id(word))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    const JSON: &str = r#"{"distroversion":"v3.18","reponame":"main","urlprefix":"x",
      "packages":[
        {"pkg":{"name":"xen","secfixes":{
            "4.17-r1":["CVE-2023-1111 XSA-1","CVE-2023-2222 CVE-2023-3333"],
            "0":["CVE-2020-4444 # only with systemd"]}}},
        {"pkg":{"name":"zlib","secfixes":{"1.2.12-r2":["CVE-2022-37434 (+ regression fix)","XSA-9 XSA-8","nothing"],"1.2":null}}},
        {"pkg":{"name":"$_name","secfixes":{"1-r0":["CVE-2023-5555"]}}},
        {"pkg":{"name":"empty"}}]}"#;

    #[test]
    fn every_shape_of_an_entry_is_read() {
        let mut recorder = Recorder::default();
        read("alpine", "v3.18/main.json", JSON.as_bytes(), &mut recorder).unwrap();
        assert_eq!(
            recorder.lines(),
            [
                "alpine:3.18 xen CVE-2020-4444 not_affected",
                "alpine:3.18 xen CVE-2023-1111 =XSA-1 fixed [,4.17-r1)",
                "alpine:3.18 xen CVE-2023-2222 fixed [,4.17-r1)",
                "alpine:3.18 xen CVE-2023-3333 fixed [,4.17-r1)",
                "alpine:3.18 zlib CVE-2022-37434 fixed [,1.2.12-r2)",
                "alpine:3.18 zlib XSA-9 =XSA-8 fixed [,1.2.12-r2)",
            ]
        );
        assert_eq!(recorder.skipped, 2);
    }

    #[test]
    fn yaml_versions_stay_text() {
        let yaml = "---\ndistroversion: v3.10\nreponame: main\narchs:\n  - x86\npackages:\n  - pkg:\n      name: botan\n      secfixes:\n        2.10:\n        - CVE-2018-20187\n        1.2.9:\n          - CVE-2019-9512\n";
        let mut recorder = Recorder::default();
        read("alpine", "v3.10/main.yaml", yaml.as_bytes(), &mut recorder).unwrap();
        assert_eq!(
            recorder.lines(),
            [
                "alpine:3.10 botan CVE-2018-20187 fixed [,2.10)",
                "alpine:3.10 botan CVE-2019-9512 fixed [,1.2.9)",
            ]
        );
    }

    #[test]
    fn edge_and_broken_files() {
        let mut recorder = Recorder::default();
        let edge = r#"{"distroversion":"edge","packages":[{"pkg":{"name":"a","secfixes":{"1-r0":["CVE-2023-5555"]}}}]}"#;
        read("alpine", "edge/main.json", edge.as_bytes(), &mut recorder).unwrap();
        assert_eq!(
            recorder.lines(),
            ["alpine:edge a CVE-2023-5555 fixed [,1-r0)"]
        );
        for broken in [
            "",
            "{",
            "[]",
            r#"{"packages":3}"#,
            r#"{"distroversion":""}"#,
        ] {
            assert!(
                read("alpine", "x.json", broken.as_bytes(), &mut recorder).is_err(),
                "{broken}"
            );
        }
    }

    #[test]
    fn wolfi_and_chainguard_have_no_release() {
        let json = |repository: &str| {
            format!(
                r#"{{"reponame":"{repository}","packages":[{{"pkg":{{"name":"a","secfixes":{{"1-r0":["CVE-2023-5555 GHSA-aaaa-1111"],"0":["CVE-2023-6666"]}}}}}}]}}"#
            )
        };
        for (family, repository) in [("wolfi", "os"), ("chainguard", "chainguard")] {
            assert_eq!(
                Recorder::of(|recorder| read(
                    family,
                    "security.json",
                    json(repository).as_bytes(),
                    recorder
                )),
                [
                    format!("{family} a CVE-2023-5555 =GHSA-aaaa-1111 fixed [,1-r0)"),
                    format!("{family} a CVE-2023-6666 not_affected"),
                ]
            );
        }
        assert!(read("wolfi", "x.json", b"{}", &mut Recorder::default()).is_err());
    }
}
