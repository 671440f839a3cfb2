use std::cmp::Ordering;
use std::collections::BTreeMap;

use seaworthy_model::{Finding, Inventory, Package, PackageType, Remediation, Severity};
use seaworthy_versions::compare;

use crate::fix::{OsTool, fix_command, os_upgrade};
use crate::scheme::{lookup_version, scheme_of};

/// How many binary packages one command names.
const MAX_NAMES: usize = 40;

/// One thing to change: all binaries of one source package, or one version of one library.
#[derive(Debug, Default)]
struct Change<'a> {
    packages: Vec<&'a Package>,
    fixed: &'a str,
    clears: usize,
    worst: Severity,
}

/// The changes that clear the findings that have a fix, the most useful one first: by the worst
/// severity that they clear, then by how many findings.
///
/// The binaries of one source package are upgraded together. Where findings of one package ask for
/// different versions, the highest one clears them all.
#[must_use]
pub fn remediations(inventory: &Inventory, findings: &[Finding]) -> Vec<Remediation> {
    let mut changes: BTreeMap<(PackageType, &str, &str), Change<'_>> = BTreeMap::new();
    for finding in findings {
        let (Some(package), Some(fixed)) = (
            inventory.packages.get(finding.package),
            finding.fixed_version.as_deref(),
        ) else {
            continue;
        };
        let key = if package.kind.is_os() {
            (package.kind, package.source_name(), lookup_version(package))
        } else {
            (
                package.kind,
                package.name.as_str(),
                package.version.as_str(),
            )
        };
        let change = changes.entry(key).or_default();
        let known = change
            .packages
            .iter()
            .any(|p| p.name == package.name && p.version == package.version);
        if !known {
            change.packages.push(package);
        }
        if change.fixed.is_empty() || is_newer(package.kind, fixed, change.fixed) {
            change.fixed = fixed;
        }
        change.clears += 1;
        change.worst = change.worst.max(finding.severity);
    }
    let tool = OsTool::of(inventory);
    let mut list: Vec<Remediation> = changes
        .into_iter()
        .map(|((kind, name, version), change)| Remediation {
            summary: format!("{kind}: {name} {version} → {}", change.fixed),
            command: command(&change, tool),
            clears: change.clears,
            worst: change.worst,
        })
        .collect();
    list.sort_by(|a, b| {
        b.worst
            .cmp(&a.worst)
            .then_with(|| b.clears.cmp(&a.clears))
            .then_with(|| a.summary.cmp(&b.summary))
    });
    list
}

fn is_newer(kind: PackageType, a: &str, b: &str) -> bool {
    scheme_of(kind).is_some_and(|scheme| compare(scheme, a, b).is_ok_and(Ordering::is_gt))
}

fn command(change: &Change<'_>, tool: OsTool) -> Option<String> {
    let first = change.packages.first()?;
    if !first.kind.is_os() {
        return fix_command(first, change.fixed, tool);
    }
    let mut names: Vec<&str> = change.packages.iter().map(|p| p.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() > MAX_NAMES {
        return None;
    }
    os_upgrade(first.kind, &names, tool)
}
