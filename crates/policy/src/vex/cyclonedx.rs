//! [CycloneDX](https://cyclonedx.org/docs/1.6/json/#vulnerabilities) vulnerabilities with an
//! analysis.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Identifier, Product, VexDocument, VexStatement, VexStatus, list, some_text, text};
use crate::error::Place;

/// Deepest nesting of components that is followed.
const MAX_DEPTH: usize = 32;

pub(super) fn read(name: &str, root: &Json) -> VexDocument {
    let metadata = root.get("metadata").unwrap_or(&Json::Null);
    let subject = metadata.get("component").unwrap_or(&Json::Null);
    let mut components = BTreeMap::new();
    collect(root, 0, &mut components);
    let whole = identifiers(subject);
    let subject_ref = text(subject, "bom-ref");
    let serial_number = text(root, "serialNumber");
    let serial = serial_number.trim_start_matches("urn:uuid:");
    let document_time = text(metadata, "timestamp");
    let mut statements = Vec::new();
    for node in list(root, "vulnerabilities") {
        let Some(analysis) = node.get("analysis") else {
            continue;
        };
        let Some(status) = status(&text(analysis, "state")) else {
            continue;
        };
        let ids: Vec<String> = some_text(node, "id")
            .into_iter()
            .chain(list(node, "references").iter().map(|r| text(r, "id")))
            .map(|id| id.trim().to_ascii_uppercase())
            .filter(|id| !id.is_empty())
            .collect();
        let products = list(node, "affects")
            .iter()
            .map(|a| {
                let reference = text(a, "ref");
                // A BOM-Link names a component of another document behind its `#`.
                let (document, local) = match reference.strip_prefix("urn:cdx:") {
                    Some(link) => link.split_once('#').unwrap_or((link, "")),
                    None => ("", reference.as_str()),
                };
                let local = unescaped(local);
                // A reference of another document means nothing here, unless it is a purl.
                let is_own = document.is_empty() || document.split('/').next() == Some(serial);
                if !is_own && !components.is_empty() {
                    return Product {
                        names: whole.clone(),
                        parts: vec![vec![Identifier::of(&local)]],
                    };
                }
                if !subject_ref.is_empty() && local == subject_ref {
                    return Product {
                        names: whole.clone(),
                        parts: Vec::new(),
                    };
                }
                let part = components
                    .get(&local)
                    .cloned()
                    .unwrap_or_else(|| vec![Identifier::of(&local)]);
                if whole.is_empty() {
                    Product {
                        names: part,
                        parts: Vec::new(),
                    }
                } else {
                    Product {
                        names: whole.clone(),
                        parts: vec![part],
                    }
                }
            })
            .collect();
        statements.push(VexStatement {
            place: Place::file(name),
            number: statements.len() + 1,
            vulnerabilities: ids,
            status,
            justification: some_text(analysis, "justification"),
            impact: some_text(analysis, "detail"),
            action: list(analysis, "response")
                .iter()
                .filter_map(Json::as_str)
                .map(str::to_owned)
                .next()
                .filter(|_| status == VexStatus::Affected),
            timestamp: some_text(analysis, "lastUpdated")
                .or_else(|| some_text(node, "updated"))
                .unwrap_or_else(|| document_time.clone()),
            products,
        });
    }
    VexDocument {
        file: name.to_owned(),
        id: text(root, "serialNumber"),
        author: list(metadata, "authors")
            .first()
            .map(|a| text(a, "name"))
            .unwrap_or_default(),
        statements,
    }
}

/// `analysis.state`.
fn status(word: &str) -> Option<VexStatus> {
    Some(match word {
        "resolved" | "resolved_with_pedigree" => VexStatus::Fixed,
        "exploitable" => VexStatus::Affected,
        "in_triage" => VexStatus::UnderInvestigation,
        "false_positive" | "not_affected" => VexStatus::NotAffected,
        _ => return None,
    })
}

fn collect(node: &Json, depth: usize, into: &mut BTreeMap<String, Vec<Identifier>>) {
    if depth > MAX_DEPTH {
        return;
    }
    for component in list(node, "components") {
        let names = identifiers(component);
        if let Some(reference) = some_text(component, "bom-ref") {
            into.insert(reference, names);
        }
        collect(component, depth + 1, into);
    }
}

/// What identifies a component to others: its purl, its digests, an image's name, what a program is
/// called. A name alone of anything else identifies nothing.
fn identifiers(component: &Json) -> Vec<Identifier> {
    let mut names: Vec<Identifier> = some_text(component, "purl")
        .map(|p| Identifier::of(&p))
        .into_iter()
        .collect();
    if text(component, "type") == "container" {
        let version = text(component, "version");
        if version.starts_with("sha256:") {
            names.push(Identifier::of(&version));
        }
        for hash in list(component, "hashes") {
            if text(hash, "alg") == "SHA-256" {
                names.push(Identifier::Digest(format!(
                    "sha256:{}",
                    text(hash, "content").to_ascii_lowercase()
                )));
            }
        }
        if names.is_empty() {
            names.extend(some_text(component, "name").map(|n| Identifier::of(&n)));
        }
    } else if names.is_empty() && text(component, "type") == "application" {
        names.extend(some_text(component, "name").map(Identifier::Program));
    }
    names
}

/// Percent escapes of a BOM-Link.
fn unescaped(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let hex = bytes
            .get(i + 1..i + 3)
            .filter(|_| bytes[i] == b'%')
            .and_then(|h| std::str::from_utf8(h).ok())
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        match hex {
            // A purl inside keeps the escapes that are its own.
            Some(byte) if !text.starts_with("pkg:") => {
                out.push(byte);
                i += 3;
            }
            _ => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}
