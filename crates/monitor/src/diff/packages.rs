//! What happened to packages and base image.

use std::collections::BTreeMap;

use seaworthy_model::{PackageType, Report};
use seaworthy_versions::Scheme;

use super::{Direction, PackageChange, PackageChanges};
use crate::standing::lists_packages;

/// The versions of each package, sorted.
pub(super) type Versions<'a> = BTreeMap<(PackageType, &'a str), Vec<&'a str>>;

pub(super) fn versions(report: &Report) -> Versions<'_> {
    let mut all: Versions<'_> = BTreeMap::new();
    for package in &report.inventory.packages {
        all.entry((package.kind, &package.name))
            .or_default()
            .push(&package.version);
    }
    for list in all.values_mut() {
        list.sort_unstable();
        list.dedup();
    }
    all
}

/// What came, went and changed; what a report does not list did not come or go.
pub(super) fn changes(
    (old, before): (&Report, &Versions<'_>),
    (new, after): (&Report, &Versions<'_>),
) -> PackageChanges {
    let (old_is_whole, new_is_whole) = (lists_packages(old), lists_packages(new));
    let owned = |list: &[&str]| list.iter().map(|&v| v.to_owned()).collect::<Vec<_>>();
    let change = |&(kind, name): &(PackageType, &str), from: &[&str], to: &[&str]| PackageChange {
        kind,
        name: name.to_owned(),
        from: owned(from),
        to: owned(to),
    };
    let mut changes = PackageChanges::default();
    for (key, from) in before {
        match after.get(key) {
            None if new_is_whole => changes.removed.push(change(key, from, &[])),
            None => {}
            Some(to) if to != from => changes.changed.push(change(key, from, to)),
            Some(_) => {}
        }
    }
    for (key, to) in after {
        if old_is_whole && !before.contains_key(key) {
            changes.added.push(change(key, &[], to));
        }
    }
    changes
}

/// Old and new base image, when the base is another one: another release of the distribution, or
/// other lowest layers.
pub(super) fn base_change(old: &Report, new: &Report) -> Option<(String, String)> {
    let (before, after) = (base_layers(old), base_layers(new));
    let layers_differ = !before.is_empty() && !after.is_empty() && before != after;
    let names = (distribution(old)?, distribution(new)?);
    if names.0 != names.1 {
        return Some(names);
    }
    layers_differ.then(|| (described(old, &names.0), described(new, &names.1)))
}

fn distribution(report: &Report) -> Option<String> {
    Some(match &report.inventory.distribution {
        Some(d) if d.name.is_empty() => format!("{} {}", d.id, d.version),
        Some(d) => d.name.clone(),
        // Without a word about the image nothing can be said about its base.
        None => {
            report.inventory.image.as_ref()?;
            "no distribution".to_owned()
        }
    })
}

fn base_layers(report: &Report) -> Vec<&str> {
    report
        .inventory
        .image
        .iter()
        .flat_map(|image| &image.layers)
        .filter(|layer| layer.base)
        .map(|layer| layer.diff_id.as_str())
        .collect()
}

/// The distribution, and what tells one build of it from the next: the label of the OCI annotation
/// keys, else the topmost layer of the base.
fn described(report: &Report, name: &str) -> String {
    let label = |key: &str| {
        let labels = &report.inventory.image.as_ref()?.labels;
        labels.get(key).filter(|v| !v.is_empty()).cloned()
    };
    if let Some(base) = label("org.opencontainers.image.base.name") {
        return base;
    }
    let top = base_layers(report).last().copied().unwrap_or_default();
    let short: String = top.trim_start_matches("sha256:").chars().take(12).collect();
    format!("{name} ({short})")
}

/// Which way a version went.
pub(super) fn direction(kind: PackageType, from: &str, to: &str) -> Direction {
    let Some(scheme) = Scheme::of_purl_type(kind.purl_type()) else {
        return Direction::Changed;
    };
    match seaworthy_versions::compare(scheme, from, to) {
        Ok(std::cmp::Ordering::Less) => Direction::Upgraded,
        Ok(std::cmp::Ordering::Greater) => Direction::Downgraded,
        Ok(std::cmp::Ordering::Equal) | Err(_) => Direction::Changed,
    }
}
