//! OpenVEX out: what the report and the waivers say about an image, for others to read.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use seaworthy_model::{Finding, Purl, Report, State};
use seaworthy_oci::{Digest, Reference};
use serde::Serialize;

use crate::verdict::{Verdict, VexNote, Waived};
use crate::vex::VexStatus;

/// What an OpenVEX document needs beside the report.
#[derive(Debug, Clone, Copy)]
pub struct OpenVexOptions<'a> {
    /// Who says so: a name or an address.
    pub author: &'a str,
    /// When, RFC 3339.
    pub timestamp: &'a str,
    /// The image's reference, when the report's target is not one.
    pub image: &'a str,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@id")]
    id: String,
    author: &'a str,
    timestamp: &'a str,
    version: u32,
    tooling: &'static str,
    statements: Vec<Statement>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Statement {
    vulnerability: Vulnerability,
    products: Vec<ProductOut>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_statement: Option<String>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Vulnerability {
    name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct ProductOut {
    #[serde(rename = "@id")]
    id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subcomponents: Vec<Part>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    #[serde(rename = "@id")]
    id: String,
}

/// Status and words of a statement.
type Said = (&'static str, Option<String>, Option<String>, Option<String>);

/// Writes an OpenVEX 0.2.0 document about an image: a statement per vulnerability and status, with
/// the packages as subcomponents. Waivers with a `justification` say `not_affected`; the others say
/// `affected` with the reason for accepting it. Equal inputs give equal bytes: the document's id is
/// a digest of its content.
///
/// # Errors
/// None in practice: the value has only texts as keys.
pub fn openvex(
    report: &Report,
    verdict: &Verdict,
    options: &OpenVexOptions<'_>,
) -> serde_json::Result<String> {
    let product = image_purl(report, options.image);
    let waived: FxHashMap<usize, &Waived> = verdict
        .waived
        .iter()
        .filter_map(|w| Some((w.finding?, w)))
        .collect();
    let said: FxHashMap<usize, &VexNote> = verdict.vex.iter().map(|n| (n.finding, n)).collect();
    let mut groups: BTreeMap<(String, Vec<String>, Said), Vec<String>> = BTreeMap::new();
    for (index, finding) in report.findings.iter().enumerate() {
        let said: Said = match (said.get(&index), waived.get(&index)) {
            (Some(note), _) if note.cleared => of_note(note),
            (_, Some(waiver)) => of_waiver(waiver),
            (Some(note), None) if note.status == VexStatus::UnderInvestigation => of_note(note),
            (_, None) => of_finding(finding),
        };
        let Some(package) = report.inventory.packages.get(finding.package) else {
            continue;
        };
        groups
            .entry((finding.id.clone(), finding.aliases.clone(), said))
            .or_default()
            .push(
                package
                    .purl(report.inventory.distribution.as_ref())
                    .to_string(),
            );
    }
    let mut statements: Vec<Statement> = groups
        .into_iter()
        .map(|((name, aliases, said), mut parts)| {
            parts.sort();
            parts.dedup();
            Statement {
                vulnerability: Vulnerability { name, aliases },
                products: vec![ProductOut {
                    id: product.clone(),
                    subcomponents: parts.into_iter().map(|id| Part { id }).collect(),
                }],
                status: said.0,
                justification: said.1,
                impact_statement: said.2,
                action_statement: said.3,
            }
        })
        .collect();
    statements.sort();
    let content = serde_json::to_vec(&statements)?;
    let id = Digest::of(&[&content[..], options.author.as_bytes()].concat());
    let document = Document {
        context: "https://openvex.dev/ns/v0.2.0",
        id: format!("https://openvex.dev/docs/public/vex-{}", id.hex()),
        author: options.author,
        timestamp: options.timestamp,
        version: 1,
        tooling: "seaworthy",
        statements,
    };
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn of_note(note: &VexNote) -> Said {
    match note.status {
        VexStatus::NotAffected => (
            note.status.name(),
            note.justification.map(str::to_owned),
            Some(note.reason.clone()),
            None,
        ),
        VexStatus::Fixed | VexStatus::UnderInvestigation | VexStatus::Affected => {
            (note.status.name(), None, None, None)
        }
    }
}

fn of_waiver(waiver: &Waived) -> Said {
    let reason = waiver
        .reason
        .clone()
        .unwrap_or_else(|| "accepted by the team".to_owned());
    if let Some(justification) = &waiver.justification {
        return (
            VexStatus::NotAffected.name(),
            Some(justification.clone()),
            Some(reason),
            None,
        );
    }
    let until = waiver
        .expires
        .map(|d| format!(" until {d}"))
        .unwrap_or_default();
    (
        VexStatus::Affected.name(),
        None,
        None,
        Some(format!("accepted{until}: {reason}")),
    )
}

fn of_finding(finding: &Finding) -> Said {
    let affected = |action: String| (VexStatus::Affected.name(), None, None, Some(action));
    match (finding.state, &finding.fixed_version) {
        (State::Fixed, Some(version)) => affected(format!("update to {version}")),
        (State::UnderInvestigation, _) => (VexStatus::UnderInvestigation.name(), None, None, None),
        (State::NotAffected, _) => (
            VexStatus::NotAffected.name(),
            None,
            Some("the vendor says that it is not affected".to_owned()),
            None,
        ),
        (State::WillNotFix, _) => affected("the vendor will not fix it".to_owned()),
        (State::EndOfLife, _) => affected("the release is out of support".to_owned()),
        _ => affected("no fix is known yet".to_owned()),
    }
}

/// Whether the target is a place on a disk, whose name says nothing about a registry.
fn is_local(report: &Report) -> bool {
    let target = &report.target;
    match target.source.as_str() {
        "oci-dir" | "rootfs" | "dir" => true,
        // `web.tar (registry.example.com/shop/web:1.8)`
        source => source.ends_with("-archive") && !target.name.ends_with(')'),
    }
}

/// What lies on a disk: the image by its digest, else the place.
fn local_purl(report: &Report, name: &str) -> String {
    let facts = report.inventory.image.as_ref();
    let digest = facts.and_then(|i| {
        i.manifest_digest
            .clone()
            .or_else(|| i.config_digest.clone())
    });
    let last = name.trim_end_matches('/').rsplit('/').next();
    match (digest, last) {
        (Some(digest), Some(last)) if !last.is_empty() => Purl {
            kind: "oci".to_owned(),
            namespace: None,
            name: last.to_ascii_lowercase(),
            version: Some(digest),
            qualifiers: arch(report),
            subpath: None,
        }
        .to_string(),
        _ if name.starts_with('/') => format!("file://{name}"),
        _ => name.to_owned(),
    }
}

fn arch(report: &Report) -> Vec<(String, String)> {
    let facts = report.inventory.image.as_ref();
    facts
        .and_then(|i| i.platform.split('/').nth(1))
        .map(|arch| ("arch".to_owned(), arch.to_owned()))
        .into_iter()
        .collect()
}

/// `pkg:oci/web@sha256:…?repository_url=registry.example.com/shop/web&tag=1.8`; without a registry
/// the name and the digest; the name as it is when there is neither.
fn image_purl(report: &Report, image: &str) -> String {
    let name = if image.is_empty() {
        report.target.image()
    } else {
        image
    };
    let reference = match name.parse::<Reference>() {
        Ok(reference) if !is_local(report) => reference,
        _ => return local_purl(report, name),
    };
    let facts = report.inventory.image.as_ref();
    let digest = reference
        .digest
        .as_ref()
        .map(ToString::to_string)
        .or_else(|| facts.and_then(|i| i.manifest_digest.clone()));
    let mut qualifiers = arch(report);
    qualifiers.push((
        "repository_url".to_owned(),
        format!("{}/{}", reference.registry, reference.repository),
    ));
    if let Some(tag) = &reference.tag {
        qualifiers.push(("tag".to_owned(), tag.clone()));
    }
    Purl {
        kind: "oci".to_owned(),
        namespace: None,
        name: reference
            .repository
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned(),
        version: digest,
        qualifiers,
        subpath: None,
    }
    .to_string()
}
