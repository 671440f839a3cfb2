//! Dependencies of source projects as GitLab's dependency scanning reads them: one CycloneDX
//! document per lockfile, with the way from the project to each package.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use seaworthy_model::{DependencyScope, Inventory, Package, PackageType, Relationship};

use crate::bom::{Dependency, Property};
use crate::write::{TARGET_REFERENCE, write_bom};
use crate::{Document, Error, lockfile_kind};

/// The lockfiles that packages of languages come from, sorted.
#[must_use]
pub fn input_files(inventory: &Inventory) -> Vec<String> {
    let files: BTreeSet<&str> = inventory
        .packages
        .iter()
        .filter(|p| !p.kind.is_os() && !p.evidence.path.is_empty())
        .map(|p| p.evidence.path.as_str())
        .collect();
    files.into_iter().map(str::to_owned).collect()
}

/// The files that GitLab expects the documents of lockfiles in, each with its lockfile:
/// `app/gl-sbom-npm-npm.cdx.json` for `app/package-lock.json` (type of package, package manager).
/// Where several lockfiles of one folder would share a file, the later ones have their own name in
/// it, as in `gl-sbom-pypi-pip-requirements-dev.cdx.json`.
#[must_use]
pub fn dependency_files(inventory: &Inventory) -> Vec<(String, String)> {
    let mut kinds: BTreeMap<&str, PackageType> = BTreeMap::new();
    for package in &inventory.packages {
        if !package.kind.is_os() && !package.evidence.path.is_empty() {
            kinds
                .entry(package.evidence.path.as_str())
                .or_insert(package.kind);
        }
    }
    // The shortest name is the main one: `requirements.txt` before `requirements-dev.txt`.
    let mut kinds: Vec<(&str, PackageType)> = kinds.into_iter().collect();
    kinds.sort_by_key(|(input, _)| (input.len(), *input));
    let mut taken = BTreeSet::new();
    let mut out = Vec::new();
    for (input, kind) in kinds {
        let (folder, name) = input.rsplit_once('/').unwrap_or(("", input));
        let manager = match lockfile_kind(input, Some(kind)).package_manager {
            "" => "unknown",
            manager => manager,
        };
        let base = format!("gl-sbom-{}-{manager}", kind.purl_type());
        let place = |name: &str| {
            if folder.is_empty() {
                format!("{name}.cdx.json")
            } else {
                format!("{folder}/{name}.cdx.json")
            }
        };
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let mut file = place(&base);
        let mut number = 1;
        while !taken.insert(file.clone()) {
            file = match number {
                1 => place(&format!("{base}-{stem}")),
                2 => place(&format!("{base}-{name}")),
                _ => place(&format!("{base}-{name}-{number}")),
            };
            number += 1;
        }
        out.push((input.to_owned(), file));
    }
    out.sort();
    out
}

/// Writes CycloneDX 1.6 JSON of the packages of one lockfile, with GitLab's properties
/// (`gitlab:dependency_scanning:…`); GitLab wants one document per lockfile, named
/// `gl-sbom-….cdx.json`.
///
/// # Errors
/// As [`crate::write_cyclonedx`].
pub fn write_dependency_cyclonedx(
    document: &Document<'_>,
    input_file: &str,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut index = vec![None; document.inventory.packages.len()];
    let mut inventory = Inventory {
        coverage: document.inventory.coverage.clone(),
        ..Inventory::default()
    };
    for (package, at) in document.inventory.packages.iter().zip(&mut index) {
        if !package.kind.is_os() && package.evidence.path == input_file {
            *at = Some(inventory.packages.len());
            inventory.packages.push(package.clone());
        }
    }
    let mut findings = document.findings.to_vec();
    findings.retain_mut(|finding| {
        let at = index.get(finding.package).copied().flatten();
        finding.package = at.unwrap_or_default();
        at.is_some()
    });
    let selected = Document {
        inventory: &inventory,
        findings: &findings,
        ..*document
    };
    write_bom(&selected, Some(input_file), out)
}

/// What GitLab wants to know of a lockfile.
pub(crate) fn properties(input_file: &str, packages: &[Package]) -> Vec<Property> {
    let prefix = "gitlab:dependency_scanning";
    let about = lockfile_kind(input_file, packages.first().map(|p| p.kind));
    let mut out = vec![
        Property::new("gitlab:meta:schema_version", "1"),
        Property::new(format!("{prefix}:input_file:path"), input_file),
    ];
    if !about.manifest.is_empty() {
        let source = match input_file.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{}", about.manifest),
            None => about.manifest.to_owned(),
        };
        out.push(Property::new(format!("{prefix}:source_file:path"), source));
    }
    if !about.package_manager.is_empty() {
        out.push(Property::new(
            format!("{prefix}:package_manager:name"),
            about.package_manager,
        ));
        out.push(Property::new(
            format!("{prefix}:language:name"),
            about.language,
        ));
    }
    out
}

/// What a package is for, in GitLab's words; of several entries in a lockfile the strongest holds.
/// Without the property, GitLab takes it for production.
pub(crate) fn category(members: &[&Package]) -> Option<Property> {
    let known = members
        .iter()
        .map(|package| package.scope)
        .filter(|scope| *scope != DependencyScope::Unknown)
        .collect::<Vec<_>>();
    let word = match known.as_slice() {
        [] => return None,
        all if all.iter().all(|s| *s == DependencyScope::Development) => "development",
        _ => "production",
    };
    Some(Property::new("gitlab:dependency_scanning:category", word))
}

/// The graph, as far as packages tell how the project came to them: the project needs its direct
/// packages and those of which nothing is known, and each step of a path needs the next one.
pub(crate) fn graph(groups: &[(&str, Vec<&Package>)]) -> Vec<Dependency> {
    let mut by_name: BTreeMap<String, &str> = BTreeMap::new();
    for (purl, members) in groups {
        for package in members {
            by_name.insert(format!("{}@{}", package.name, package.version), purl);
        }
    }
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    edges.entry(TARGET_REFERENCE).or_default();
    for (purl, members) in groups {
        for package in members {
            let transitive = package.relationship == Relationship::Transitive;
            let known: Vec<&str> = package
                .dependency_path
                .iter()
                .filter_map(|step| by_name.get(step).copied())
                .chain([*purl])
                .collect();
            if !transitive {
                edges.entry(TARGET_REFERENCE).or_default().insert(purl);
            }
            for step in known.windows(2) {
                if let [from, to] = step
                    && from != to
                {
                    edges.entry(from).or_default().insert(to);
                }
            }
        }
    }
    let root = edges.remove(TARGET_REFERENCE).unwrap_or_default();
    std::iter::once((TARGET_REFERENCE, root))
        .chain(edges)
        .map(|(from, to)| Dependency {
            reference: from.to_owned(),
            depends_on: to.into_iter().map(str::to_owned).collect(),
        })
        .collect()
}
