//! Secrets, misconfigurations and licences of several reports.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{MergedLicense, MergedMisconfiguration, MergedSecret, ScannerName, ordered};
use crate::read::ScannerReport;

fn note(found_by: &mut Vec<ScannerName>, scanner: &ScannerName) {
    if !found_by.contains(scanner) {
        found_by.push(scanner.clone());
        found_by.sort();
    }
}

/// Scanners name rules differently, so the place decides: the same file and line, and on a line the
/// first secret of one is the first of the other.
pub(super) fn secrets(reports: &[&ScannerReport]) -> Vec<MergedSecret> {
    let mut out: Vec<MergedSecret> = Vec::new();
    let mut at: HashMap<(String, u32, String, usize), usize> = HashMap::new();
    for report in ordered(reports) {
        // Two reports of one scanner may hold the same secret, so each is counted on its own.
        let mut counted: HashMap<(String, u32, String), usize> = HashMap::new();
        for secret in &report.secrets {
            let path = secret.location.path.trim_start_matches('/').to_owned();
            let line = secret.location.start_line;
            // Without a line, only the same rule can be the same secret.
            let rule = if line == 0 {
                secret.rule.clone()
            } else {
                String::new()
            };
            let number = counted
                .entry((path.clone(), line, rule.clone()))
                .or_default();
            let key = (path, line, rule, *number);
            *number += 1;
            let index = *at.entry(key).or_insert_with(|| {
                out.push(MergedSecret {
                    title: secret.title.clone(),
                    severity: secret.severity,
                    location: secret.location.clone(),
                    masked: secret.masked.clone(),
                    fingerprint: secret.fingerprint.clone(),
                    deleted_later: secret.deleted_later,
                    rules: BTreeMap::new(),
                    severities: BTreeMap::new(),
                    found_by: Vec::new(),
                    disagreements: Vec::new(),
                });
                out.len() - 1
            });
            if let Some(merged) = out.get_mut(index) {
                merged.severity = merged.severity.max(secret.severity);
                merged
                    .severities
                    .insert(report.scanner.clone(), secret.severity);
                merged.deleted_later |= secret.deleted_later;
                merged
                    .rules
                    .insert(report.scanner.clone(), secret.rule.clone());
                note(&mut merged.found_by, &report.scanner);
            }
        }
    }
    out.sort_by(|a, b| {
        (b.severity, &a.location, &a.title).cmp(&(a.severity, &b.location, &b.title))
    });
    out
}

/// The ids by which a rule is known, in one spelling: Trivy's `DS002` is `AVD-DS-0002`.
pub(super) fn rule_ids<'a>(
    rule: &'a str,
    references: &'a [String],
) -> impl Iterator<Item = String> + 'a {
    std::iter::once(rule)
        .chain(references.iter().map(String::as_str))
        .filter(|id| !id.is_empty())
        .map(|id| {
            let upper = id.to_uppercase();
            let split = upper
                .find(|c: char| c.is_ascii_digit())
                .filter(|at| (2..=4).contains(at));
            match split.map(|at| upper.split_at(at)) {
                Some((letters, digits))
                    if letters.bytes().all(|b| b.is_ascii_uppercase())
                        && matches!(letters, "DS" | "KSV" | "KCV" | "AWS")
                        && digits.bytes().all(|b| b.is_ascii_digit()) =>
                {
                    format!("AVD-{letters}-{digits:0>4}")
                }
                _ => upper,
            }
        })
}

/// How many places of one rule in one file are compared.
const PLACES: usize = 64;

/// The same file and line, and a rule that both know by one of its ids. What is about a whole file
/// has no line for some tools and the first line for others.
pub(super) fn misconfigurations(reports: &[&ScannerReport]) -> Vec<MergedMisconfiguration> {
    let mut out: Vec<MergedMisconfiguration> = Vec::new();
    let mut last: Vec<usize> = Vec::new();
    let mut at: HashMap<(String, u32, String, String), usize> = HashMap::new();
    let mut of_rule: HashMap<(String, String), Vec<usize>> = HashMap::new();
    for (number, report) in ordered(reports).into_iter().enumerate() {
        for issue in &report.misconfigurations {
            let path = issue.location.path.trim_start_matches('/');
            let line = issue.location.start_line;
            let keys: BTreeSet<(String, u32, String, String)> =
                rule_ids(&issue.rule, &issue.references)
                    .map(|id| (path.to_owned(), line, id, issue.object.clone()))
                    .collect();
            let whole_file = |index: &usize| {
                let other = out.get(*index).map_or(0, |m| m.location.start_line);
                (line <= 1 || other <= 1) && last.get(*index) != Some(&number)
            };
            let known = keys
                .iter()
                .find_map(|key| at.get(key).copied())
                .or_else(|| {
                    keys.iter().find_map(|(path, _, id, _)| {
                        let places = of_rule.get(&(path.clone(), id.clone()))?;
                        places.iter().take(PLACES).copied().find(whole_file)
                    })
                });
            let index = known.unwrap_or_else(|| {
                out.push(MergedMisconfiguration {
                    title: issue.title.clone(),
                    severity: issue.severity,
                    kind: issue.kind.clone(),
                    location: issue.location.clone(),
                    object: issue.object.clone(),
                    message: issue.message.clone(),
                    fix: issue.fix.clone(),
                    url: issue.url.clone(),
                    references: Vec::new(),
                    rules: BTreeMap::new(),
                    severities: BTreeMap::new(),
                    found_by: Vec::new(),
                    disagreements: Vec::new(),
                });
                out.len() - 1
            });
            last.resize(out.len(), number);
            if let Some(last) = last.get_mut(index) {
                *last = number;
            }
            for key in keys {
                if known.is_none() {
                    let rule = (key.0.clone(), key.2.clone());
                    of_rule.entry(rule).or_default().push(index);
                }
                at.entry(key).or_insert(index);
            }
            if let Some(merged) = out.get_mut(index) {
                merged.severity = merged.severity.max(issue.severity);
                merged
                    .severities
                    .insert(report.scanner.clone(), issue.severity);
                merged.references.extend(issue.references.iter().cloned());
                merged.references.sort();
                merged.references.dedup();
                merged
                    .rules
                    .insert(report.scanner.clone(), issue.rule.clone());
                note(&mut merged.found_by, &report.scanner);
            }
        }
    }
    out.sort_by(|a, b| {
        (b.severity, &a.location, &a.title, &a.message).cmp(&(
            a.severity,
            &b.location,
            &b.title,
            &b.message,
        ))
    });
    out
}

/// The same licence of the same package, or of the same file.
pub(super) fn licenses(reports: &[&ScannerReport]) -> Vec<MergedLicense> {
    let mut out: BTreeMap<(String, String, String), MergedLicense> = BTreeMap::new();
    for report in ordered(reports) {
        for license in &report.licenses {
            let package = license.package.to_lowercase();
            let path = if package.is_empty() {
                license.location.path.trim_start_matches('/').to_owned()
            } else {
                String::new()
            };
            let merged = out
                .entry((license.license.to_lowercase(), package, path))
                .or_insert_with(|| MergedLicense {
                    license: license.license.clone(),
                    class: license.class,
                    severity: license.severity,
                    package: license.package.clone(),
                    location: license.location.clone(),
                    found_by: Vec::new(),
                    disagreements: Vec::new(),
                });
            merged.severity = merged.severity.max(license.severity);
            note(&mut merged.found_by, &report.scanner);
        }
    }
    let mut out: Vec<MergedLicense> = out.into_values().collect();
    out.sort_by(|a, b| {
        (b.severity, a.class, &a.license, &a.package, &a.location).cmp(&(
            a.severity,
            b.class,
            &b.license,
            &b.package,
            &b.location,
        ))
    });
    out
}
