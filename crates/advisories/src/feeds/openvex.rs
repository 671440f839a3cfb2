//! OpenVEX documents (OpenVEX 0.2): Ubuntu's, which say of each release whether a package is
//! affected or fixed, and those of projects, as far as they say in which version a product is fixed.

use std::collections::BTreeMap;

use seaworthy_model::{PackageType, Purl, State};
use seaworthy_vulndb::{Advisory, End, Interval};
use serde::Deserialize;
use serde_json::Value;

use super::osv::package_name_in;
use super::ubuntu::{self, Said};
use crate::ids;
use crate::sink::{Sink, fixed_before};

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    statements: Vec<Value>,
    #[serde(default)]
    timestamp: String,
    #[serde(default)]
    last_updated: String,
    /// Ubuntu keeps what belongs to the document apart.
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(default)]
    timestamp: String,
}

#[derive(Deserialize)]
struct Statement {
    vulnerability: Vulnerability,
    #[serde(default)]
    products: Vec<Product>,
    status: String,
    #[serde(default)]
    action_statement: String,
    #[serde(default)]
    status_notes: String,
}

#[derive(Deserialize)]
struct Vulnerability {
    #[serde(default)]
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
}

#[derive(Deserialize)]
struct Product {
    #[serde(rename = "@id", default)]
    id: String,
    #[serde(default)]
    subcomponents: Vec<Value>,
}

/// Ubuntu's statements by package, release and vulnerability.
type UbuntuSaid = BTreeMap<(String, &'static str, String), Said<String>>;

/// Reads one document; a record is a statement.
pub(crate) fn read(ubuntu: bool, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let document: Document = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    for date in [
        &document.timestamp,
        &document.last_updated,
        &document.metadata.timestamp,
    ] {
        sink.date(date);
    }
    let mut said = UbuntuSaid::new();
    for value in document.statements {
        sink.record();
        match serde_json::from_value::<Statement>(value) {
            Ok(statement) if ubuntu => hear(&statement, &mut said),
            Ok(statement) => emit(&statement, sink),
            Err(error) => sink.broke(error.to_string()),
        }
    }
    for ((package, release, id), said) in said {
        let Some((state, fixed)) = ubuntu::judge(said) else {
            continue;
        };
        sink.advisory(
            &format!("ubuntu:{release}"),
            Advisory {
                package,
                id,
                source: "ubuntu-vex".to_owned(),
                state,
                intervals: fixed
                    .map(|fixed| Interval {
                        introduced: String::new(),
                        end: End::Fixed(fixed),
                    })
                    .into_iter()
                    .collect(),
                ..Advisory::default()
            },
        );
    }
    Ok(())
}

/// The vulnerabilities that a statement is about: a notice (USN) stands for the CVEs that it names.
fn vulnerabilities(vulnerability: &Vulnerability) -> Vec<String> {
    if ids::is_cve(&vulnerability.name) {
        return vec![vulnerability.name.clone()];
    }
    vulnerability
        .aliases
        .iter()
        .filter(|id| ids::is_cve(id))
        .cloned()
        .collect()
}

fn hear(statement: &Statement, said: &mut UbuntuSaid) {
    let ids = vulnerabilities(&statement.vulnerability);
    for product in &statement.products {
        let Some((package, version, release, extended)) = ubuntu_source(&product.id) else {
            continue;
        };
        let state = match statement.status.as_str() {
            "fixed" => State::Fixed,
            "not_affected" => State::NotAffected,
            "affected" => unfixed(&format!(
                "{} {}",
                statement.action_statement, statement.status_notes
            )),
            "under_investigation" => State::UnderInvestigation,
            _ => continue,
        };
        let fixed = (state == State::Fixed).then(|| version.clone());
        for id in &ids {
            let said = said
                .entry((package.clone(), release, id.clone()))
                .or_default();
            let slot = if extended {
                &mut said.extended
            } else {
                &mut said.standard
            };
            *slot = Some((state, fixed.clone()));
        }
    }
}

/// What Ubuntu writes about a package that is affected.
fn unfixed(text: &str) -> State {
    let text = text.to_ascii_lowercase();
    if text.contains("end of") || text.contains("end-of-life") {
        State::EndOfLife
    } else if text.contains("deferred") || text.contains("postponed") {
        State::FixDeferred
    } else if text.contains("ignored") || text.contains("will not") || text.contains("won't") {
        State::WillNotFix
    } else {
        State::Affected
    }
}

/// Source package, version, release, and whether it is the subscribers' archive:
/// `pkg:deb/ubuntu/curl@7.35.0-1?arch=source&distro=esm-infra-legacy/trusty`.
fn ubuntu_source(purl: &str) -> Option<(String, String, &'static str, bool)> {
    let purl: Purl = purl.parse().ok()?;
    if purl.kind != "deb" || purl.qualifier("arch") != Some("source") {
        return None;
    }
    let (release, extended) = ubuntu::release_of(purl.qualifier("distro")?)?;
    Some((purl.name, purl.version?, release, extended))
}

/// The name under which a package manager knows a package.
fn package_name(purl: &Purl) -> String {
    match &purl.namespace {
        None => purl.name.clone(),
        Some(group) if purl.kind == "maven" => format!("{group}:{}", purl.name),
        Some(namespace) => format!("{namespace}/{}", purl.name),
    }
}

/// A project's statement about its own packages. Statements about what is inside of a product
/// concern that product only, and are read when a policy asks for them.
fn emit(statement: &Statement, sink: &mut dyn Sink) {
    let identity = ids::identify(
        &statement.vulnerability.name,
        statement
            .vulnerability
            .aliases
            .iter()
            .map(String::as_str)
            .filter(|id| ids::is_id(id)),
    );
    let mut rows = 0;
    for product in &statement.products {
        if statement.status != "fixed"
            || !product.subcomponents.is_empty()
            || !ids::is_id(&identity.primary)
        {
            continue;
        }
        let Some((ecosystem, name, version)) = product.id.parse::<Purl>().ok().and_then(|purl| {
            let kind = PackageType::from_purl_type(&purl.kind)?;
            let ecosystem = kind.ecosystem()?;
            Some((ecosystem, package_name(&purl), purl.version.clone()?))
        }) else {
            continue;
        };
        rows += 1;
        sink.advisory(
            ecosystem.shard_key(),
            Advisory {
                id: identity.primary.clone(),
                aliases: identity.aliases.clone(),
                advisory: identity.advisory.clone(),
                source: "openvex".to_owned(),
                ..fixed_before(&package_name_in(ecosystem, &name), &version)
            },
        );
    }
    if rows == 0 {
        sink.skipped();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    fn statement(name: &str, status: &str, note: &str, products: &[&str]) -> String {
        let products: Vec<String> = products
            .iter()
            .map(|id| format!(r#"{{"@id":"{id}"}}"#))
            .collect();
        format!(
            r#"{{"vulnerability":{{"name":"{name}","aliases":["CVE-2025-0009","https://example.com"]}},"products":[{}],"status":"{status}","action_statement":"{note}"}}"#,
            products.join(",")
        )
    }

    #[test]
    fn ubuntus_statements_split_by_archive() {
        let curl = |version: &str, distro: &str| {
            format!("pkg:deb/ubuntu/curl@{version}?arch=source&distro={distro}")
        };
        let json = format!(
            r#"{{"metadata":{{"@context":"https://openvex.dev/ns/v0.2.0","timestamp":"2025-02-06T16:37:20"}},"statements":[{},{},{},{},{},7]}}"#,
            statement(
                "CVE-2025-0001",
                "affected",
                "needs fixing",
                &[
                    &curl("7.81", "jammy"),
                    &curl("8", "noble"),
                    "pkg:deb/ubuntu/libcurl4@8?arch=amd64"
                ]
            ),
            statement(
                "CVE-2025-0001",
                "fixed",
                "",
                &[
                    &curl("7.58%2Besm5", "esm-infra/bionic"),
                    &curl("7.81%2Besm1", "esm-apps/jammy"),
                    &curl("1:2-3", "plucky")
                ]
            ),
            statement(
                "CVE-2025-0001",
                "not_affected",
                "",
                &[
                    &curl("7.35", "esm-infra-legacy/trusty"),
                    &curl("9", "fips/jammy")
                ]
            ),
            statement(
                "CVE-2025-0002",
                "affected",
                "This release is end of life",
                &[&curl("7.47", "xenial")]
            ),
            statement("USN-7372-1", "fixed", "", &[&curl("9.1", "noble")]),
        );
        assert_eq!(
            Recorder::of(|recorder| read(true, json.as_bytes(), recorder))[..7],
            [
                "ubuntu:14.04 curl CVE-2025-0001 not_affected",
                "ubuntu:16.04 curl CVE-2025-0002 end_of_life",
                "ubuntu:18.04 curl CVE-2025-0001 will_not_fix [,7.58+esm5)",
                "ubuntu:22.04 curl CVE-2025-0001 will_not_fix [,7.81+esm1)",
                "ubuntu:24.04 curl CVE-2025-0001 affected",
                "ubuntu:24.04 curl CVE-2025-0009 fixed [,9.1)",
                "ubuntu:25.04 curl CVE-2025-0001 fixed [,1:2-3)",
            ]
        );
        let mut recorder = Recorder::default();
        read(true, json.as_bytes(), &mut recorder).unwrap();
        assert_eq!((recorder.records, recorder.broken.len()), (6, 1));
        assert_eq!(recorder.date, "2025-02-06T16:37:20");
    }

    #[test]
    fn projects_say_where_their_own_product_is_fixed() {
        let inner = r#"{"vulnerability":{"name":"CVE-2025-0001"},"products":[{"@id":"pkg:npm/x@1.0.0","subcomponents":[{"@id":"pkg:npm/y"}]}],"status":"fixed"}"#;
        let json = format!(
            r#"{{"@context":"https://openvex.dev/ns/v0.2.0","timestamp":"2025-01-02T00:00:00Z","statements":[{},{},{inner}]}}"#,
            statement("GHSA-aaaa-1111", "fixed", "", &["pkg:pypi/Some_Name@1.2.3"]),
            statement(
                "CVE-2025-0002",
                "not_affected",
                "",
                &["pkg:golang/example.com/x"]
            ),
        );
        assert_eq!(
            Recorder::of(|recorder| read(false, json.as_bytes(), recorder)),
            ["pypi some-name CVE-2025-0009 =GHSA-aaaa-1111 @GHSA-aaaa-1111 fixed [,1.2.3)"]
        );
        for bad in ["", "7", r#"{"statements":3}"#] {
            assert!(
                read(false, bad.as_bytes(), &mut Recorder::default()).is_err(),
                "{bad}"
            );
        }
    }
}
