//! The sections of `policies` besides vulnerabilities.

mod runtime;
mod supply;

use std::collections::BTreeMap;

use seaworthy_model::{LicenseClass, Severity};

use crate::error::Problems;
use crate::glob::Kind;
use crate::load::{Context, Defaults, Long, maxima, vulnerability_section};
use crate::policy::{Bits, Check, On, Selector};
use crate::read::{Fields, shown};
use crate::yaml::{Entry, Node, Value};

pub(crate) use crate::rules::rules;
pub(crate) use runtime::capability;

pub(crate) fn read(node: &Node, context: &mut Context<'_>) {
    let Some(mut fields) = Fields::of(node, "`policies`", context.problems) else {
        return;
    };
    type Read = fn(&Node, &mut Context<'_>);
    let sections: [(&'static str, Read); 11] = [
        ("vulnerabilities", vulnerability_section),
        ("base_images", base_images),
        ("security_requirements", security_requirements),
        ("runtime_security", runtime::runtime_security),
        ("image", image),
        ("secrets", secrets),
        ("misconfigurations", misconfigurations),
        ("licenses", licenses),
        ("signatures", supply::signatures),
        ("attestations", supply::attestations),
        ("coverage", supply::coverage),
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

/// The value of a rule; none when it is switched off.
fn value<'n>(long: &Long<'n>) -> Option<&'n Node> {
    long.value.filter(|node| node.value != Value::Bool(false))
}

/// A rule that is on or off, with a key of its own beside `value` in its long form; its names are the
/// section, the rule's key and that other key.
fn switch<T>(
    fields: &mut Fields<'_>,
    [section, key, extra]: [&'static str; 3],
    defaults: Defaults,
    context: &mut Context<'_>,
    read: impl FnOnce(&Node, &mut Problems) -> Option<T>,
    check: impl FnOnce(Option<T>) -> Check,
) {
    if let Some(entry) = fields.take(key) {
        let mut long = context.long(entry, defaults);
        let extra = more(&mut long, extra).and_then(|n| read(n, context.problems));
        let on = long.value.and_then(|n| n.boolean(context.problems));
        let check = (on == Some(true)).then(|| check(extra));
        context.push(format!("{section}.{key}"), long, check);
    }
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
        let patterns = value(&long).map(|n| n.image_patterns(context.problems));
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
        let patterns = value(&long).map(|n| n.image_patterns(context.problems));
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
    switch(
        &mut fields,
        [SECTION, "no_package_managers", "except"],
        defaults,
        context,
        |node, problems| Some(node.globs(Kind::Name, problems)),
        |except| Check::NoPackageManagers {
            except: except.unwrap_or_default(),
        },
    );
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
    switch(
        &mut fields,
        [SECTION, "security_updates", "min_severity"],
        defaults,
        context,
        Node::severity,
        |least| Check::SecurityUpdates(least.unwrap_or(Severity::Unknown)),
    );
    fields.finish(context.problems);
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
        let size = value(&long).and_then(|node| bytes(node, context.problems));
        context.push(
            "image.max_size".to_owned(),
            long,
            size.map(Check::ImageSize),
        );
    }
    if let Some(entry) = fields.take("required_labels") {
        labels(entry, defaults, context);
    }
    switch(
        &mut fields,
        [SECTION, "no_end_of_life", "days_ahead"],
        defaults,
        context,
        Node::count,
        |ahead| Check::EndOfLife(ahead.unwrap_or(0)),
    );
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
    let node = value(&long);
    if let Some(node) = node {
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
        node.map(|_| Check::Labels(wanted)),
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
        let check = value(&long).map(|node| Check::Select {
            select: Box::new(select(node, context.problems)),
            max: 0,
        });
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
        node.demand_items(context.problems);
        narrow.kinds = Some(node.lower_globs(context.problems));
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
        narrow.except_packages = Some(node.package_globs(context.problems));
    }
    type Change = fn(&Node, &mut Problems, &mut Selector);
    let lists: [(&'static str, Change); 3] = [
        ("allowed", |n, p, s| {
            s.except_licenses = Some(n.lower_globs(p));
        }),
        ("prohibited", |n, p, s| {
            s.licenses = Some(n.lower_globs(p));
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
}
