//! Signatures and attestations.

use std::collections::BTreeSet;

use super::{Breach, Found};
use crate::policy::{AttestationRule, SignatureRule};
use crate::row::World;
use crate::verdict::Cause;

pub(super) fn signed(world: &World<'_>, rule: &SignatureRule) -> Found {
    let Some(signatures) = &world.subject.facts.signatures else {
        return Found::unknown("nobody looked for signatures".to_owned());
    };
    let fits = |any: bool, globs: &crate::glob::Globs, value: &Option<String>| {
        any || value.as_ref().is_some_and(|v| globs.matches(v))
    };
    // Who signs twice is one signer.
    let signers: BTreeSet<_> = signatures
        .iter()
        .filter(|s| {
            s.verified
                && fits(rule.any_key, &rule.keys, &s.key)
                && fits(rule.any_identity, &rule.identities, &s.identity)
                && fits(rule.any_issuer, &rule.issuers, &s.issuer)
        })
        .map(|s| (&s.key, &s.identity, &s.issuer))
        .collect();
    let good = signers.len() as u64;
    if good >= rule.at_least {
        return Found::Holds;
    }
    let causes: Vec<Cause> = signatures
        .iter()
        .map(|s| Cause {
            kind: "signature",
            id: s
                .identity
                .clone()
                .or_else(|| s.key.clone())
                .unwrap_or_else(|| "unknown signer".to_owned()),
            detail: if s.verified {
                "verified, but not by whom the policy wants".to_owned()
            } else {
                "not verified".to_owned()
            },
            ..Cause::default()
        })
        .collect();
    let breach = Breach::one(
        format!(
            "Signers whom the policy wants: {good} (min: {})",
            rule.at_least
        ),
        "sign the image: `seaworthy sign`",
    );
    Found::Broken(if causes.is_empty() {
        breach
    } else {
        breach.because(causes)
    })
}

pub(super) fn attested(world: &World<'_>, rules: &[AttestationRule]) -> Found {
    let Some(attestations) = &world.subject.facts.attestations else {
        return Found::unknown("nobody looked for attestations".to_owned());
    };
    let causes: Vec<Cause> = rules
        .iter()
        .filter_map(|rule| {
            let mut of_type = attestations
                .iter()
                .filter(|a| rule.types.matches(&a.predicate_type))
                .peekable();
            let detail = if of_type.peek().is_none() {
                "missing"
            } else if of_type.any(|a| a.verified) {
                return None;
            } else {
                "there, but not verified"
            };
            Some(Cause {
                kind: "attestation",
                id: rule.text.clone(),
                detail: detail.to_owned(),
                ..Cause::default()
            })
        })
        .collect();
    if causes.is_empty() {
        return Found::Holds;
    }
    let names: Vec<&str> = causes.iter().map(|c| c.id.as_str()).collect();
    let message = format!("Required attestations are missing: {}", names.join(", "));
    Found::Broken(Breach::one(message, "attach them: `seaworthy attest`").because(causes))
}
