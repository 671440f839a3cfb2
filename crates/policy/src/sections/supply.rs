//! `signatures`, `attestations` and `coverage`: what must have happened to the image.

use super::{open, value};
use crate::glob::{Glob, Globs, Kind};
use crate::load::Context;
use crate::policy::{AttestationRule, Check, SignatureRule};
use crate::read::shown;
use crate::yaml::Node;

pub(super) fn signatures(node: &Node, context: &mut Context<'_>) {
    let Some((mut fields, defaults)) = open(node, "`signatures`", context) else {
        return;
    };
    let mut rule = SignatureRule {
        at_least: 1,
        ..SignatureRule::default()
    };
    for (key, globs, any) in [
        ("keys", &mut rule.keys, &mut rule.any_key),
        ("identities", &mut rule.identities, &mut rule.any_identity),
        ("issuers", &mut rule.issuers, &mut rule.any_issuer),
    ] {
        match fields.node(key) {
            Some(node) => *globs = node.globs(Kind::Name, context.problems),
            None => *any = true,
        }
    }
    if let Some(node) = fields.node("at_least") {
        rule.at_least = node.count(context.problems).unwrap_or(1).max(1);
    }
    context.flag(
        &mut fields,
        "signatures",
        "required",
        defaults,
        Check::Signed(rule),
    );
    fields.finish(context.problems);
}

/// Short names of the field's predicate types, as cosign has them.
const PREDICATES: [(&str, &[&str]); 11] = [
    ("slsaprovenance", &["https://slsa.dev/provenance/*"]),
    ("slsaprovenance02", &["https://slsa.dev/provenance/v0.2"]),
    ("slsaprovenance1", &["https://slsa.dev/provenance/v1*"]),
    ("spdxjson", &["https://spdx.dev/Document*"]),
    ("link", &["https://in-toto.io/Link/*"]),
    ("custom", &["https://cosign.sigstore.dev/attestation/v1"]),
    ("cyclonedx", &["https://cyclonedx.org/bom*"]),
    ("spdx", &["https://spdx.dev/Document*"]),
    (
        "sbom",
        &["https://cyclonedx.org/bom*", "https://spdx.dev/Document*"],
    ),
    ("vuln", &["https://cosign.sigstore.dev/attestation/vuln/*"]),
    ("openvex", &["https://openvex.dev/ns*"]),
];

pub(super) fn attestations(node: &Node, context: &mut Context<'_>) {
    let Some((mut fields, defaults)) = open(node, "`attestations`", context) else {
        return;
    };
    if let Some(entry) = fields.take("required") {
        let long = context.long(entry, defaults);
        let mut rules = Vec::new();
        let node = value(&long);
        if let Some(node) = node {
            for (item, text) in node.texts(context.problems) {
                let mut types = Globs::default();
                match PREDICATES.iter().find(|(short, _)| *short == text) {
                    Some((_, patterns)) => {
                        for pattern in *patterns {
                            if let Ok(glob) = Glob::new(pattern, Kind::Name) {
                                types.add(glob);
                            }
                        }
                    }
                    None if text.contains([':', '*']) => {
                        types = item.globs(Kind::Name, context.problems);
                    }
                    None => context.problems.add(
                        &item.place,
                        format!(
                            "`{}` is neither the URI of a predicate type nor one of {}",
                            shown(&text),
                            PREDICATES.map(|(short, _)| short).join(", ")
                        ),
                    ),
                }
                rules.push(AttestationRule { text, types });
            }
        }
        context.push(
            "attestations.required".to_owned(),
            long,
            node.map(|_| Check::Attested(rules)),
        );
    }
    fields.finish(context.problems);
}

pub(super) fn coverage(node: &Node, context: &mut Context<'_>) {
    let Some((mut fields, defaults)) = open(node, "`coverage`", context) else {
        return;
    };
    let except = fields
        .node("except")
        .map(|n| n.globs(Kind::Name, context.problems))
        .unwrap_or_default();
    context.flag(
        &mut fields,
        "coverage",
        "required",
        defaults,
        Check::Coverage { except },
    );
    context.number(
        &mut fields,
        "coverage",
        "max_database_age_days",
        defaults,
        Check::DatabaseAge,
    );
    fields.finish(context.problems);
}
