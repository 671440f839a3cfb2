//! [OpenVEX](https://github.com/openvex/spec) 0.2.0, and 0.0.x where products are plain texts.

use serde_json::Value as Json;

use super::{Identifier, Product, VexDocument, VexStatement, VexStatus, list, some_text, text};
use crate::error::{Error, Place};

pub(super) fn read(name: &str, root: &Json) -> Result<VexDocument, Error> {
    let timestamp = some_text(root, "last_updated").unwrap_or_else(|| text(root, "timestamp"));
    let mut statements = Vec::new();
    for (number, node) in (1..).zip(list(root, "statements")) {
        let bad = |message: String| Error::Json {
            file: name.to_owned(),
            message: format!("statement {number}: {message}"),
        };
        let status = match text(node, "status").as_str() {
            "not_affected" => VexStatus::NotAffected,
            "affected" => VexStatus::Affected,
            "fixed" => VexStatus::Fixed,
            "under_investigation" => VexStatus::UnderInvestigation,
            other => {
                return Err(bad(format!(
                    "`{}` is not a status (not_affected, affected, fixed, under_investigation)",
                    crate::read::shown(other)
                )));
            }
        };
        let vulnerabilities = vulnerabilities(node);
        if vulnerabilities.is_empty() {
            return Err(bad("it names no vulnerability".to_owned()));
        }
        statements.push(VexStatement {
            place: Place::file(name),
            number,
            vulnerabilities,
            status,
            justification: some_text(node, "justification"),
            impact: some_text(node, "impact_statement"),
            action: some_text(node, "action_statement"),
            timestamp: some_text(node, "last_updated")
                .or_else(|| some_text(node, "timestamp"))
                .unwrap_or_else(|| timestamp.clone()),
            products: list(node, "products")
                .iter()
                .map(|p| product(node, p))
                .collect(),
        });
    }
    Ok(VexDocument {
        file: name.to_owned(),
        id: text(root, "@id"),
        author: text(root, "author"),
        statements,
    })
}

fn vulnerabilities(node: &Json) -> Vec<String> {
    let mut ids = Vec::new();
    match node.get("vulnerability") {
        Some(Json::String(id)) => ids.push(id.clone()),
        Some(object) => {
            ids.extend(some_text(object, "name"));
            ids.extend(
                list(object, "aliases")
                    .iter()
                    .filter_map(Json::as_str)
                    .map(str::to_owned),
            );
            // `@id` may be a page about it, whose last part is the id.
            if ids.is_empty() {
                ids.extend(
                    some_text(object, "@id")
                        .and_then(|id| id.rsplit('/').next().map(str::to_owned)),
                );
            }
        }
        None => {}
    }
    ids.iter()
        .map(|id| id.trim().to_ascii_uppercase())
        .filter(|id| !id.is_empty())
        .collect()
}

fn product(statement: &Json, node: &Json) -> Product {
    // Version 0.0.x lists the parts beside the products.
    let shared = list(statement, "subcomponents");
    let own = list(node, "subcomponents");
    Product {
        names: identifiers(node),
        parts: own.iter().chain(shared).map(identifiers).collect(),
    }
}

/// `@id`, `identifiers`, `hashes` of a component; a plain text is its `@id`.
fn identifiers(node: &Json) -> Vec<Identifier> {
    let mut names = Vec::new();
    if let Some(text) = node
        .as_str()
        .or_else(|| node.get("@id").and_then(Json::as_str))
    {
        names.push(Identifier::of(text));
    }
    if let Some(Json::Object(map)) = node.get("identifiers") {
        names.extend(map.values().filter_map(Json::as_str).map(Identifier::of));
    }
    if let Some(Json::Object(map)) = node.get("hashes") {
        for (algorithm, value) in map {
            if let (Some(value), "sha-256" | "sha256") =
                (value.as_str(), algorithm.to_ascii_lowercase().as_str())
            {
                names.push(Identifier::Digest(format!(
                    "sha256:{}",
                    value.to_ascii_lowercase()
                )));
            }
        }
    }
    names.dedup();
    names
}
