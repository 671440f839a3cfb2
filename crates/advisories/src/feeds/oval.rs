//! OVAL definitions (MITRE OVAL 5.x) of Red Hat, Oracle, SUSE, Photon, Azure Linux and Mariner, in
//! XML and in the JSON that mirrors split them into.
//!
//! What a definition says is a tree of tests: which product is installed, which module is enabled,
//! which packages are older than a version. The tests point at objects and states that follow
//! later in the file; where a mirror left those out, the tests' comments say the same.

use seaworthy_model::{Severity, State};
use seaworthy_vulndb::{Advisory, End, Interval};

use super::oval_claims::{Claim, ClaimEnd, Condition, Criteria, References, claims};
use super::xml::{self, Element};
use super::{redhat, suse};
use crate::ids;
use crate::sink::Sink;
use crate::vector::Vector;

/// Whose definitions they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vendor {
    RedHat,
    Oracle,
    Suse,
    Photon,
    Azure,
    AlmaLinux,
}

impl Vendor {
    pub(crate) const fn source(self) -> &'static str {
        match self {
            Self::RedHat => "redhat-oval",
            Self::Oracle => "oracle-oval",
            Self::Suse => "suse-oval",
            Self::Photon => "photon-oval",
            Self::Azure => "azurelinux-oval",
            Self::AlmaLinux => "almalinux-oval",
        }
    }
}

/// A definition with what matters of it.
#[derive(Debug, Default)]
pub(super) struct Definition {
    pub(super) patch: bool,
    pub(super) title: String,
    pub(super) platforms: Vec<String>,
    /// Source and id.
    pub(super) references: Vec<(String, String)>,
    pub(super) severity: String,
    /// The newest date.
    pub(super) date: String,
    /// When it was issued, as it says.
    pub(super) issued: String,
    /// CVEs and when they were made public, as it says.
    pub(super) public: Vec<(String, String)>,
    pub(super) vectors: Vec<String>,
    pub(super) cpes: Vec<String>,
    /// Red Hat's word on what is not fixed.
    pub(super) resolution: String,
    /// Azure's word on whether there is a fix.
    pub(super) patchable: String,
    pub(super) criteria: Criteria,
}

/// Reads one document; a record is a definition.
pub(crate) fn read(
    vendor: Vendor,
    name: &str,
    bytes: &[u8],
    sink: &mut dyn Sink,
) -> Result<(), String> {
    let mut definitions = Vec::new();
    let mut references = References::default();
    let names = [
        "definition",
        "rpminfo_test",
        "rpminfo_object",
        "rpminfo_state",
        "rpmverifyfile_test",
        "timestamp",
    ];
    xml::each(bytes, &names, &mut |element| match element.name.as_str() {
        "definition" => definitions.push(definition(&element)),
        "timestamp" => sink.date(element.text()),
        "rpminfo_object" => {
            references.objects.insert(
                element.attribute("id").to_owned(),
                element.text_of("name").to_owned(),
            );
        }
        "rpminfo_state" => {
            references
                .states
                .insert(element.attribute("id").to_owned(), condition(&element));
        }
        _ => {
            let reference = |child: &str, attribute: &str| {
                element
                    .child(child)
                    .map_or("", |child| child.attribute(attribute))
                    .to_owned()
            };
            references.tests.insert(
                element.attribute("id").to_owned(),
                (
                    reference("object", "object_ref"),
                    reference("state", "state_ref"),
                ),
            );
        }
    })?;
    let release = release_in(name);
    for definition in &definitions {
        sink.record();
        if let Err(what) = emit(vendor, &release, definition, &references, sink) {
            sink.broke(what);
        }
    }
    Ok(())
}

fn definition(element: &Element) -> Definition {
    let metadata = element.child("metadata");
    let text = |name: &str| metadata.map_or("", |m| m.text_of(name)).to_owned();
    let advisory = metadata.and_then(|m| m.child("advisory"));
    let mut definition = Definition {
        patch: element.attribute("class") == "patch",
        title: text("title"),
        severity: advisory.map_or_else(|| text("severity"), |a| a.text_of("severity").to_owned()),
        patchable: text("patchable"),
        date: text("advisory_date"),
        issued: text("advisory_date"),
        criteria: element.child("criteria").map(criteria).unwrap_or_default(),
        ..Definition::default()
    };
    let Some(metadata) = metadata else {
        return definition;
    };
    for affected in metadata.all("affected") {
        definition
            .platforms
            .extend(affected.all("platform").map(|p| p.text().to_owned()));
    }
    for reference in metadata.all("reference") {
        definition.references.push((
            reference.attribute("source").to_owned(),
            reference.attribute("ref_id").to_owned(),
        ));
    }
    let Some(advisory) = advisory else {
        return definition;
    };
    for word in ["updated", "issued"] {
        let date = advisory
            .child(word)
            .map_or("", |child| child.attribute("date"));
        if date > definition.date.as_str() {
            date.clone_into(&mut definition.date);
        }
        if word == "issued" {
            date.clone_into(&mut definition.issued);
        }
    }
    for cve in advisory.all("cve") {
        // `7.5/CVSS:3.1/AV:N/…`: the score stands before the vector.
        for attribute in ["cvss4", "cvss3", "cvss2"] {
            if let Some((_, vector)) = cve.attribute(attribute).split_once('/') {
                definition.vectors.push(vector.to_owned());
            }
        }
        // `CVE-2011-2766 at NVD` at SUSE.
        if let Some(id) = cve.text().split_whitespace().next() {
            let public = cve.attribute("public");
            definition.public.push((id.to_owned(), public.to_owned()));
            definition
                .references
                .push(("CVE".to_owned(), id.to_owned()));
        }
    }
    let list = advisory.child("affected_cpe_list");
    definition.cpes.extend(
        list.into_iter()
            .flat_map(|l| l.all("cpe"))
            .map(|c| c.text().to_owned()),
    );
    let resolution = advisory
        .child("affected")
        .and_then(|a| a.child("resolution"));
    definition.resolution = resolution.map_or("", |r| r.attribute("state")).to_owned();
    definition
}

fn criteria(element: &Element) -> Criteria {
    Criteria {
        all: element.attribute("operator") == "AND",
        tests: element
            .all("criterion")
            .filter(|test| test.attribute("negate") != "true")
            .map(|test| {
                (
                    test.attribute("comment").to_owned(),
                    test.attribute("test_ref").to_owned(),
                )
            })
            .collect(),
        children: element.all("criteria").map(criteria).collect(),
    }
}

fn condition(state: &Element) -> Condition {
    if let Some(evr) = state.child("evr") {
        let version = evr.text().to_owned();
        return match (evr.attribute("operation"), version.as_str()) {
            // `greater than 0:0-0`: SUSE, affected and not fixed.
            ("greater than", "0:0-0") => Condition::Present,
            ("less than", "" | "0:0-0" | "0") => Condition::Never,
            ("less than", _) => Condition::LessThan(version),
            ("less than or equal", _) => Condition::AtMost(version),
            _ => Condition::Other,
        };
    }
    match state.child("version") {
        Some(version) if version.text() == "0" => Condition::Never,
        _ => Condition::Other,
    }
}

pub(super) fn emit_alone(
    vendor: Vendor,
    release: &str,
    definition: &Definition,
    sink: &mut dyn Sink,
) -> Result<(), String> {
    emit(vendor, release, definition, &References::default(), sink)
}

fn emit(
    vendor: Vendor,
    release: &str,
    definition: &Definition,
    references: &References,
    sink: &mut dyn Sink,
) -> Result<(), String> {
    sink.date(definition.date.get(..10).unwrap_or_default());
    let (cves, advisory) = identities(vendor, definition)?;
    if definition.patchable == "Not Applicable" || definition.title.contains("** REJECT **") {
        sink.skipped();
        return Ok(());
    }
    for (id, public) in &definition.public {
        sink.published(id, public);
    }
    for cve in &cves {
        sink.published(cve, &definition.issued);
    }
    let mut found = Vec::new();
    claims(&definition.criteria, references, &[], None, &mut found);
    found.sort();
    found.dedup();
    let vector = Vector::best(definition.vectors.iter().map(String::as_str));
    let severity = severity(definition);
    let mut rows = 0;
    for claim in &found {
        for shard in shards(vendor, release, definition, claim) {
            let Some(row) = row(vendor, definition, claim, shard.extended) else {
                continue;
            };
            for cve in &cves {
                rows += 1;
                sink.advisory(
                    &shard.key,
                    Advisory {
                        id: cve.clone(),
                        advisory: advisory.clone().filter(|id| id != cve),
                        severity,
                        // One vector cannot speak for several vulnerabilities.
                        vector: vector
                            .as_ref()
                            .filter(|_| cves.len() == 1)
                            .map(|v| v.text.clone()),
                        ..row.clone()
                    },
                );
            }
        }
    }
    if rows == 0 {
        sink.skipped();
    }
    Ok(())
}

/// How the ids of the vendors' advisories begin.
const ADVISORIES: [&str; 9] = [
    "RHSA-",
    "RHBA-",
    "RHEA-",
    "ELSA-",
    "ELBA-",
    "ALSA-",
    "SUSE-SU-",
    "openSUSE-SU-",
    "SUSE-RU-",
];

/// The CVEs, and the vendor's own id.
fn identities(
    vendor: Vendor,
    definition: &Definition,
) -> Result<(Vec<String>, Option<String>), String> {
    let mut cves: Vec<String> = Vec::new();
    let mut advisory = None;
    for (_, id) in &definition.references {
        // `CVE:00001:CVE-2023-5115` at Photon, `SUSE CVE-1999-0077` at SUSE.
        let short = id.rsplit([':', ' ']).next().unwrap_or(id);
        if ids::is_cve(short) {
            cves.push(short.to_owned());
        } else if advisory.is_none() && ADVISORIES.iter().any(|prefix| id.starts_with(prefix)) {
            advisory = Some(id.clone());
        }
    }
    if advisory.is_none() && vendor == Vendor::Photon {
        let head = definition
            .title
            .split_whitespace()
            .next()
            .unwrap_or_default();
        advisory = head
            .starts_with("PHSA-")
            .then(|| head.trim_end_matches(':').to_owned());
    }
    cves.sort_unstable();
    cves.dedup();
    if cves.is_empty() {
        match &advisory {
            // An advisory without a CVE is a vulnerability of its own.
            Some(id) => cves.push(id.clone()),
            None => {
                let title: String = definition.title.chars().take(60).collect();
                return Err(format!("`{title}` names neither a CVE nor an advisory"));
            }
        }
    }
    Ok((cves, advisory))
}

fn severity(definition: &Definition) -> Option<Severity> {
    let word = definition.severity.trim();
    if word.is_empty() {
        None
    } else {
        word.parse().ok()
    }
}

struct Place {
    key: String,
    extended: bool,
}

/// The shards that a package of a definition belongs to.
fn shards(vendor: Vendor, release: &str, definition: &Definition, claim: &Claim) -> Vec<Place> {
    let plain = |key: String| Place {
        key,
        extended: false,
    };
    let mut places: Vec<Place> = match vendor {
        Vendor::RedHat => {
            let streams = definition.cpes.iter().filter_map(|cpe| redhat::stream(cpe));
            let mut places: Vec<Place> = streams
                .map(|stream| Place {
                    key: stream.shard,
                    extended: stream.extended,
                })
                .collect();
            // One product list may name the plain release beside its extended ones.
            if places.iter().any(|place| !place.extended) {
                places.retain(|place| !place.extended);
            }
            places
        }
        Vendor::Suse => {
            let products = if claim.products.is_empty() {
                &definition.platforms
            } else {
                &claim.products
            };
            products
                .iter()
                .filter_map(|name| suse::product(name))
                .map(|product| Place {
                    key: product.shard,
                    extended: product.subscription,
                })
                .collect()
        }
        Vendor::Oracle => definition
            .platforms
            .iter()
            .filter_map(|name| {
                let number = name.trim().strip_prefix("Oracle Linux ")?;
                Some(plain(format!("oracle:{}", number.split('.').next()?)))
            })
            .collect(),
        // Its definitions name no platform, only CPEs.
        Vendor::AlmaLinux => definition
            .platforms
            .iter()
            .filter_map(|name| name.trim().strip_prefix("AlmaLinux "))
            .chain(
                definition
                    .cpes
                    .iter()
                    .filter_map(|cpe| cpe.trim().strip_prefix("cpe:/a:almalinux:almalinux:")),
            )
            .filter_map(|number| {
                let major = number.split(['.', ':']).next()?;
                (!major.is_empty()).then(|| plain(format!("almalinux:{major}")))
            })
            .collect(),
        Vendor::Photon => definition
            .platforms
            .iter()
            .filter_map(|name| {
                let number = name
                    .trim()
                    .strip_prefix("Photon ")?
                    .trim_start_matches("OS ");
                let number = if number.contains('.') {
                    number.to_owned()
                } else {
                    format!("{number}.0")
                };
                Some(plain(format!("photon:{number}")))
            })
            .collect(),
        Vendor::Azure => {
            let mariner = definition
                .platforms
                .iter()
                .any(|name| name.contains("Mariner"));
            let family = if mariner { "mariner" } else { "azurelinux" };
            if release.is_empty() {
                Vec::new()
            } else {
                vec![plain(format!("{family}:{release}"))]
            }
        }
    };
    places.sort_by(|a, b| (&a.key, a.extended).cmp(&(&b.key, b.extended)));
    // Who has a fix without a subscription needs none.
    places.dedup_by(|later, first| later.key == first.key);
    places
}

fn row(vendor: Vendor, definition: &Definition, claim: &Claim, extended: bool) -> Option<Advisory> {
    let strip = |version: &str| version.strip_prefix("0:").unwrap_or(version).to_owned();
    let (state, intervals) = match &claim.end {
        ClaimEnd::Before(version) => {
            if vendor == Vendor::Oracle && flavoured(version, &claim.package) {
                return None;
            }
            let end = End::Fixed(strip(version));
            (
                if extended {
                    State::WillNotFix
                } else {
                    State::Fixed
                },
                Some(end),
            )
        }
        ClaimEnd::UpTo(version) => (State::Affected, Some(End::LastAffected(strip(version)))),
        ClaimEnd::Never => (State::NotAffected, None),
        // A patch that demands a package without any version says nothing about it.
        ClaimEnd::Any if definition.patch => return None,
        ClaimEnd::Any => (
            redhat::state(&definition.resolution).unwrap_or(State::Affected),
            None,
        ),
    };
    Some(Advisory {
        package: claim.package.clone(),
        source: if extended && vendor == Vendor::RedHat {
            redhat::EXTENDED.to_owned()
        } else {
            vendor.source().to_owned()
        },
        state,
        intervals: intervals
            .map(|end| Interval {
                introduced: String::new(),
                end,
            })
            .into_iter()
            .collect(),
        module: claim.module.clone(),
        ..Advisory::default()
    })
}

/// Oracle builds some packages a second and third time: for Ksplice (a release with `.ksplice1`,
/// epochs of their own) and as validated cryptography (`_fips`, epoch 10). An ordinary package must
/// not be compared with those.
fn flavoured(version: &str, package: &str) -> bool {
    version.contains(".ksplice")
        || version.contains("_fips")
        || package.starts_with("uptrack-updates")
}

/// `3.0` of `azurelinux-3.0-oval.xml`.
fn release_in(name: &str) -> String {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.split('-')
        .find(|part| {
            part.contains('.')
                && part
                    .split('.')
                    .all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        })
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
#[path = "oval_tests.rs"]
mod tests;
