//! The sections of `policies` besides vulnerabilities.

use std::collections::BTreeMap;

use seaworthy_model::{LicenseClass, Severity};

use crate::error::Problems;
use crate::glob::{Glob, Globs, Kind};
use crate::load::{Context, Defaults, Long, maxima, vulnerability_section};
use crate::policy::{AttestationRule, Bits, Check, On, Selector, SignatureRule};
use crate::read::{Fields, shown};
use crate::yaml::{Entry, Node, Value};

pub(crate) use crate::rules::rules;

pub(crate) fn read(node: &Node, context: &mut Context<'_>) {
    let Some(mut fields) = Fields::of(node, "`policies`", context.problems) else {
        return;
    };
    type Read = fn(&Node, &mut Context<'_>);
    let sections: [(&'static str, Read); 11] = [
        ("vulnerabilities", vulnerability_section),
        ("base_images", base_images),
        ("security_requirements", security_requirements),
        ("runtime_security", runtime_security),
        ("image", image),
        ("secrets", secrets),
        ("misconfigurations", misconfigurations),
        ("licenses", licenses),
        ("signatures", signatures),
        ("attestations", attestations),
        ("coverage", coverage),
    ];
    for (key, read) in sections {
        if let Some(node) = fields.node(key) {
            read(node, context);
        }
    }
    fields.finish(context.problems);
}

/// Opens a section: its fields and what holds for all of its rules.
fn open<'n>(
    node: &'n Node,
    what: &'static str,
    context: &mut Context<'_>,
) -> Option<(Fields<'n>, Defaults)> {
    let mut fields = Fields::of(node, what, context.problems)?;
    let defaults = context.defaults(&mut fields);
    Some((fields, defaults))
}

/// A key of the long form beside `value`.
fn more<'n>(long: &mut Long<'n>, key: &'static str) -> Option<&'n Node> {
    long.more.as_mut().and_then(|fields| fields.node(key))
}

fn switched_off(node: &Node) -> bool {
    node.value == Value::Bool(false)
}

fn base_images(node: &Node, context: &mut Context<'_>) {
    let Some((mut fields, defaults)) = open(node, "`base_images`", context) else {
        return;
    };
    if let Some(entry) = fields.take("allowed") {
        let mut long = context.long(entry, defaults);
        let all_stages = more(&mut long, "stages")
            .and_then(|n| n.choice(&[("final", false), ("all", true)], context.problems))
            .unwrap_or(false);
        let patterns = long.value.map(|n| n.image_patterns(context.problems));
        context.push(
            "base_images.allowed".to_owned(),
            long,
            patterns.map(|patterns| Check::BaseAllowed {
                patterns,
                all_stages,
            }),
        );
    }
    if let Some(entry) = fields.take("prohibited") {
        let long = context.long(entry, defaults);
        let patterns = long.value.map(|n| n.image_patterns(context.problems));
        context.push(
            "base_images.prohibited".to_owned(),
            long,
            patterns.map(Check::BaseProhibited),
        );
    }
    context.flag(
        &mut fields,
        "base_images",
        "require_digest",
        defaults,
        Check::BasePinned,
    );
    fields.finish(context.problems);
}

/// What `minimal_packages: true` allows: a slim Debian or an Alpine with a language runtime has
/// fewer packages of the operating system, a full Debian or Ubuntu with build tools several times
/// as many.
pub(crate) const MINIMAL_PACKAGES: u64 = 120;

fn security_requirements(node: &Node, context: &mut Context<'_>) {
    const SECTION: &str = "security_requirements";
    let Some((mut fields, defaults)) = open(node, "`security_requirements`", context) else {
        return;
    };
    context.flag(
        &mut fields,
        SECTION,
        "non_root_user",
        defaults,
        Check::NonRoot,
    );
    if let Some(entry) = fields.take("no_package_managers") {
        let mut long = context.long(entry, defaults);
        let except = more(&mut long, "except")
            .map(|n| n.globs(Kind::Name, context.problems))
            .unwrap_or_default();
        let on = long.value.and_then(|n| n.boolean(context.problems));
        context.push(
            format!("{SECTION}.no_package_managers"),
            long,
            (on == Some(true)).then_some(Check::NoPackageManagers { except }),
        );
    }
    if let Some(entry) = fields.take("minimal_packages") {
        let long = context.long(entry, defaults);
        let most = match long.value {
            Some(node) => match &node.value {
                Value::Bool(on) => on.then_some(MINIMAL_PACKAGES),
                Value::Int(_) => node.count(context.problems),
                _ => {
                    context.problems.add(
                        &node.place,
                        format!(
                            "expected true, false or the largest number of packages, found {}",
                            node.kind()
                        ),
                    );
                    None
                }
            },
            None => None,
        };
        context.push(
            format!("{SECTION}.minimal_packages"),
            long,
            most.map(Check::MinimalPackages),
        );
    }
    if let Some(entry) = fields.take("security_updates") {
        let mut long = context.long(entry, defaults);
        let severity = more(&mut long, "min_severity")
            .and_then(|n| n.severity(context.problems))
            .unwrap_or(Severity::Unknown);
        let on = long.value.and_then(|n| n.boolean(context.problems));
        context.push(
            format!("{SECTION}.security_updates"),
            long,
            (on == Some(true)).then_some(Check::SecurityUpdates(severity)),
        );
    }
    fields.finish(context.problems);
}

fn runtime_security(node: &Node, context: &mut Context<'_>) {
    const SECTION: &str = "runtime_security";
    let Some((mut fields, defaults)) = open(node, "`runtime_security`", context) else {
        return;
    };
    for (key, check) in [
        ("read_only_filesystem", Check::ReadOnlyFilesystem),
        ("no_privileged", Check::NoPrivileged),
        ("no_privilege_escalation", Check::NoPrivilegeEscalation),
    ] {
        context.flag(&mut fields, SECTION, key, defaults, check);
    }
    type Make = fn(Vec<String>) -> Check;
    let lists: [(&'static str, Make); 2] = [
        ("drop_capabilities", Check::DropCapabilities),
        ("add_capabilities", Check::AddCapabilities),
    ];
    for (key, make) in lists {
        if let Some(entry) = fields.take(key) {
            let long = context.long(entry, defaults);
            let names = match long.value {
                Some(node) if !switched_off(node) => Some(capabilities(node, context.problems)),
                _ => None,
            };
            context.push(format!("{SECTION}.{key}"), long, names.map(make));
        }
    }
    fields.finish(context.problems);
}

/// Names of capabilities (capabilities(7)), with or without `CAP_`, in any case.
fn capabilities(node: &Node, problems: &mut Problems) -> Vec<String> {
    let mut names = Vec::new();
    for (node, text) in node.texts(problems) {
        let name = capability(&text);
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') {
            problems.add(
                &node.place,
                format!("`{}` is not the name of a capability", shown(&text)),
            );
        } else {
            names.push(name);
        }
    }
    names
}

pub(crate) fn capability(text: &str) -> String {
    let upper = text.trim().to_ascii_uppercase();
    match upper.strip_prefix("CAP_") {
        Some(name) => name.to_owned(),
        None => upper,
    }
}

fn image(node: &Node, context: &mut Context<'_>) {
    const SECTION: &str = "image";
    let Some((mut fields, defaults)) = open(node, "`image`", context) else {
        return;
    };
    context.number(
        &mut fields,
        SECTION,
        "max_age_days",
        defaults,
        Check::ImageAge,
    );
    if let Some(entry) = fields.take("max_size") {
        let long = context.long(entry, defaults);
        let size = match long.value {
            Some(node) if !switched_off(node) => bytes(node, context.problems),
            _ => None,
        };
        context.push(
            "image.max_size".to_owned(),
            long,
            size.map(Check::ImageSize),
        );
    }
    if let Some(entry) = fields.take("required_labels") {
        labels(entry, defaults, context);
    }
    if let Some(entry) = fields.take("no_end_of_life") {
        let mut long = context.long(entry, defaults);
        let ahead = more(&mut long, "days_ahead").and_then(|n| n.count(context.problems));
        let on = long.value.and_then(|n| n.boolean(context.problems));
        context.push(
            "image.no_end_of_life".to_owned(),
            long,
            (on == Some(true)).then_some(Check::EndOfLife(ahead.unwrap_or(0))),
        );
    }
    fields.finish(context.problems);
}

/// Either a list of keys, or a mapping of keys to the values they may have; the long form holds one
/// of them as its `value`.
fn labels(entry: &Entry, defaults: Defaults, context: &mut Context<'_>) {
    let is_long = entry.value.get("value").is_some();
    let wrapped;
    let entry = if !is_long && matches!(entry.value.value, Value::Map(_)) {
        wrapped = Entry {
            key: entry.key.clone(),
            place: entry.place.clone(),
            value: Node {
                place: entry.value.place.clone(),
                value: Value::Map(vec![Entry {
                    key: "value".to_owned(),
                    place: entry.place.clone(),
                    value: entry.value.clone(),
                }]),
            },
        };
        &wrapped
    } else {
        entry
    };
    let long = context.long(entry, defaults);
    let mut wanted = BTreeMap::new();
    if let Some(node) = long.value {
        match &node.value {
            Value::Map(entries) => {
                for entry in entries {
                    let values = match &entry.value.value {
                        Value::Null | Value::Bool(true) => None,
                        _ => Some(entry.value.globs(Kind::Name, context.problems)),
                    };
                    wanted.insert(entry.key.clone(), values);
                }
            }
            _ => {
                for (_, key) in node.texts(context.problems) {
                    wanted.insert(key, None);
                }
            }
        }
    }
    context.push(
        "image.required_labels".to_owned(),
        long,
        Some(Check::Labels(wanted)),
    );
}

/// `500MB`, `1.5 GiB`, or a number of bytes.
fn bytes(node: &Node, problems: &mut Problems) -> Option<u64> {
    if matches!(node.value, Value::Int(_)) {
        return node.count(problems);
    }
    let text = node.text(problems)?;
    let parsed = parse_size(&text);
    if parsed.is_none() {
        problems.add(
            &node.place,
            format!(
                "`{}` is not a size such as 500MB, 1.5GiB or a number of bytes",
                shown(&text)
            ),
        );
    }
    parsed
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded by the test before the cast"
)]
fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" | "k" => 1e3,
        "mb" | "m" => 1e6,
        "gb" | "g" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let size = number.parse::<f64>().ok()? * factor;
    (size.is_finite() && size < 1e15).then_some(size as u64)
}

/// A rule that allows so many items of its section that a list matches.
fn none_of(
    fields: &mut Fields<'_>,
    id: String,
    key: &'static str,
    defaults: Defaults,
    context: &mut Context<'_>,
    select: impl FnOnce(&Node, &mut Problems) -> Selector,
) {
    if let Some(entry) = fields.take(key) {
        let long = context.long(entry, defaults);
        let check = match long.value {
            Some(node) if !switched_off(node) => Some(Check::Select {
                select: Box::new(select(node, context.problems)),
                max: 0,
            }),
            _ => None,
        };
        context.push(id, long, check);
    }
}

fn secrets(node: &Node, context: &mut Context<'_>) {
    let Some((mut fields, defaults)) = open(node, "`secrets`", context) else {
        return;
    };
    let mut narrow = Selector::new(On::Secret);
    if let Some(node) = fields.node("except_paths") {
        narrow.except_paths = Some(node.globs(Kind::Path, context.problems));
    }
    context.number(&mut fields, "secrets", "max", defaults, |max| {
        Check::Select {
            select: Box::new(narrow.clone()),
            max,
        }
    });
    maxima(&mut fields, "secrets", &narrow, defaults, context);
    none_of(
        &mut fields,
        "secrets.prohibited_rules".to_owned(),
        "prohibited_rules",
        defaults,
        context,
        |node, problems| Selector {
            ids: Some(node.ids(problems)),
            ..narrow
        },
    );
    fields.finish(context.problems);
}

fn misconfigurations(node: &Node, context: &mut Context<'_>) {
    let Some((mut fields, defaults)) = open(node, "`misconfigurations`", context) else {
        return;
    };
    let mut narrow = Selector::new(On::Misconfiguration);
    if let Some(node) = fields.node("except_paths") {
        narrow.except_paths = Some(node.globs(Kind::Path, context.problems));
    }
    if let Some(node) = fields.node("kinds") {
        narrow.kinds = Some(node.globs(Kind::Name, context.problems));
    }
    maxima(&mut fields, "misconfigurations", &narrow, defaults, context);
    none_of(
        &mut fields,
        "misconfigurations.prohibited_rules".to_owned(),
        "prohibited_rules",
        defaults,
        context,
        |node, problems| Selector {
            ids: Some(node.ids(problems)),
            ..narrow
        },
    );
    fields.finish(context.problems);
}

pub(crate) fn classes(node: &Node, problems: &mut Problems) -> Bits {
    let words: Vec<(&'static str, LicenseClass)> =
        LicenseClass::ALL.map(|c| (c.name(), c)).to_vec();
    let list: Vec<_> = node
        .items()
        .iter()
        .filter_map(|n| n.choice(&words, problems))
        .collect();
    Bits::classes(list)
}

fn licenses(node: &Node, context: &mut Context<'_>) {
    let Some((mut fields, defaults)) = open(node, "`licenses`", context) else {
        return;
    };
    let mut narrow = Selector::new(On::License);
    if let Some(node) = fields.node("except_packages") {
        narrow.except_packages = Some(node.globs(Kind::Name, context.problems));
    }
    type Change = fn(&Node, &mut Problems, &mut Selector);
    let lists: [(&'static str, Change); 3] = [
        ("allowed", |n, p, s| {
            s.except_licenses = Some(n.globs(Kind::Name, p));
        }),
        ("prohibited", |n, p, s| {
            s.licenses = Some(n.globs(Kind::Name, p));
        }),
        ("prohibited_classes", |n, p, s| s.classes = classes(n, p)),
    ];
    for (key, change) in lists {
        let narrow = narrow.clone();
        none_of(
            &mut fields,
            format!("licenses.{key}"),
            key,
            defaults,
            context,
            |node, problems| {
                let mut select = narrow;
                change(node, problems, &mut select);
                select
            },
        );
    }
    fields.finish(context.problems);
}

fn signatures(node: &Node, context: &mut Context<'_>) {
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
const PREDICATES: [(&str, &[&str]); 6] = [
    ("slsaprovenance", &["https://slsa.dev/provenance/*"]),
    ("cyclonedx", &["https://cyclonedx.org/bom*"]),
    ("spdx", &["https://spdx.dev/Document*"]),
    (
        "sbom",
        &["https://cyclonedx.org/bom*", "https://spdx.dev/Document*"],
    ),
    ("vuln", &["https://cosign.sigstore.dev/attestation/vuln/*"]),
    ("openvex", &["https://openvex.dev/ns*"]),
];

fn attestations(node: &Node, context: &mut Context<'_>) {
    let Some((mut fields, defaults)) = open(node, "`attestations`", context) else {
        return;
    };
    if let Some(entry) = fields.take("required") {
        let long = context.long(entry, defaults);
        let mut rules = Vec::new();
        if let Some(node) = long.value {
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
            Some(Check::Attested(rules)),
        );
    }
    fields.finish(context.problems);
}

fn coverage(node: &Node, context: &mut Context<'_>) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, expected) in [
            ("500MB", Some(500_000_000)),
            ("1.5 GiB", Some(1_610_612_736)),
            ("10k", Some(10_000)),
            ("7", Some(7)),
            ("x", None),
            ("5 parsecs", None),
            ("99999999999999GB", None),
        ] {
            assert_eq!(parse_size(text), expected, "{text}");
        }
    }

    #[test]
    fn capabilities_are_normalised() {
        assert_eq!(capability("cap_net_raw"), "NET_RAW");
        assert_eq!(capability(" ALL "), "ALL");
    }
}
