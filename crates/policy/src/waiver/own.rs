//! Our own waivers: in the policy under `waivers`, or in a file of their own.

use super::{Images, Name, Target, Waiver};
use crate::error::Problems;
use crate::glob::{Glob, Kind};
use crate::policy::On;
use crate::read::Fields;
use crate::yaml::{Node, Value};

/// OpenVEX's status justifications (OpenVEX specification 0.2.0, "Status Justifications").
pub(crate) const JUSTIFICATIONS: [(&str, &str); 5] = [
    ("component_not_present", "component_not_present"),
    ("vulnerable_code_not_present", "vulnerable_code_not_present"),
    (
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_not_in_execute_path",
    ),
    (
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "vulnerable_code_cannot_be_controlled_by_adversary",
    ),
    (
        "inline_mitigations_already_exist",
        "inline_mitigations_already_exist",
    ),
];

/// `version` and `waivers`.
pub(crate) fn file(root: &Node, problems: &mut Problems) -> Vec<Waiver> {
    let Some(mut fields) = Fields::of(root, "a file of waivers", problems) else {
        return Vec::new();
    };
    fields.take("version");
    let waivers = match fields.node("waivers") {
        Some(node) => list(node, problems),
        None => {
            if root.get("waivers").is_none() {
                problems.add(&root.place, "the file has no `waivers`");
            }
            Vec::new()
        }
    };
    fields.finish(problems);
    waivers
}

pub(crate) fn list(node: &Node, problems: &mut Problems) -> Vec<Waiver> {
    let Value::List(items) = &node.value else {
        problems.add(
            &node.place,
            format!("`waivers` must be a list, not {}", node.kind()),
        );
        return Vec::new();
    };
    items.iter().filter_map(|i| waiver(i, problems)).collect()
}

fn waiver(node: &Node, problems: &mut Problems) -> Option<Waiver> {
    let mut fields = Fields::of(node, "a waiver", problems)?;
    let mut written = String::new();
    let ids = fields.node("id").map(|n| {
        n.demand_items(problems);
        let texts: Vec<String> = n.texts(problems).into_iter().map(|(_, t)| t).collect();
        written = texts.join(", ");
        n.ids(problems)
    });
    let rule = fields.node("rule").and_then(|n| {
        let text = n.text(problems)?;
        match Glob::new(&text, Kind::Name) {
            Ok(glob) => {
                written = text;
                Some(glob)
            }
            Err(error) => {
                problems.add(&n.place, format!("bad pattern: {}", error.message));
                None
            }
        }
    });
    let target = match (ids, rule) {
        (Some(ids), None) => Target::Items(ids),
        (None, Some(rule)) => Target::Rule(rule),
        _ => {
            problems.add(
                &node.place,
                "a waiver has an `id` (of what is found) or a `rule` (of the policy)",
            );
            return None;
        }
    };
    let mut waiver = Waiver::new(node.place.clone(), written, target);
    for (key, text) in [
        ("reason", &mut waiver.reason),
        ("owner", &mut waiver.owner),
        ("ticket", &mut waiver.ticket),
    ] {
        if let Some(node) = fields.node(key) {
            *text = node.loose_text(problems).filter(|t| !t.trim().is_empty());
        }
    }
    for (key, date) in [
        ("expires", &mut waiver.expires),
        ("created", &mut waiver.created),
    ] {
        if let Some(node) = fields.node(key) {
            *date = node.date(problems);
        }
    }
    if let Some(node) = fields.node("justification") {
        waiver.justification = node.choice(&JUSTIFICATIONS, problems).map(str::to_owned);
    }
    let scope = &mut waiver.scope;
    if let Some(node) = fields.node("on") {
        scope.kind = node.choice(&On::WORDS, problems);
    }
    if let Some(node) = fields.node("package") {
        scope.package = Some(Name::Globs(node.package_globs(problems)));
    }
    if let Some(node) = fields.node("version") {
        scope.version = Some(node.globs(Kind::Name, problems));
    }
    if let Some(node) = fields.node("purl") {
        scope.purls = node
            .items()
            .iter()
            .filter_map(|n| n.word(problems))
            .collect();
    }
    if let Some(node) = fields.node("path") {
        scope.paths = Some(node.globs(Kind::Path, problems));
    }
    if let Some(node) = fields.node("image") {
        scope.images = Some(Images::Patterns(node.image_patterns(problems)));
    }
    fields.finish(problems);
    Some(waiver)
}
