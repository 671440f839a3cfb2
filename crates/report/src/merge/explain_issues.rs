//! Why a scanner does not have a secret, a misconfiguration or a licence that others report.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use seaworthy_model::{Location, Severity};

use super::issues::rule_ids;
use super::{
    Cause, Disagreement, MergedLicense, MergedMisconfiguration, MergedSecret, ScanKind,
    ScannerName, output,
};
use crate::read::ScannerReport;

/// Which scanner looked for what.
pub(super) type Looked = BTreeMap<ScannerName, BTreeSet<ScanKind>>;

/// What one scanner's reports show about places, rules and licences.
#[derive(Debug, Default)]
struct View<'a> {
    secret_files: HashSet<&'a str>,
    secrets_outside_files: bool,
    secrets_in_archives: bool,
    deleted_secrets: bool,
    /// By rule, in one spelling: where it fired.
    rules: HashMap<String, BTreeSet<(&'a str, u32)>>,
    config_files: HashSet<&'a str>,
    licenses: HashMap<String, BTreeSet<&'a str>>,
    license_texts: bool,
}

/// The views of all scanners.
pub(super) struct Explainer<'a> {
    looked: &'a Looked,
    views: BTreeMap<&'a ScannerName, View<'a>>,
}

/// Whether a place is in no file of the image.
fn is_outside_files(location: &Location) -> bool {
    location.start_line == 0 && matches!(location.path.as_str(), "image configuration" | "history")
}

impl<'a> Explainer<'a> {
    pub(super) fn new(reports: &[&'a ScannerReport], looked: &'a Looked) -> Self {
        let mut views: BTreeMap<&ScannerName, View<'_>> = BTreeMap::new();
        for report in reports {
            let view = views.entry(&report.scanner).or_default();
            for secret in &report.secrets {
                let path = secret.location.path.as_str();
                view.secret_files.insert(path);
                view.secrets_outside_files |= is_outside_files(&secret.location);
                view.secrets_in_archives |= path.contains("!/");
                view.deleted_secrets |= secret.deleted_later;
            }
            for issue in &report.misconfigurations {
                view.config_files.insert(&issue.location.path);
                let place = (issue.location.path.as_str(), issue.location.start_line);
                for id in rule_ids(&issue.rule, &issue.references) {
                    view.rules.entry(id).or_default().insert(place);
                }
            }
            for license in &report.licenses {
                view.license_texts |= license.package.is_empty();
                view.licenses
                    .entry(license.package.to_lowercase())
                    .or_default()
                    .insert(&license.license);
            }
        }
        Self { looked, views }
    }

    /// The scanners that looked for a kind and are not among those that found something.
    fn without(&self, kind: ScanKind, found_by: &[ScannerName]) -> Vec<(&ScannerName, &View<'a>)> {
        self.looked
            .iter()
            .filter(|(scanner, kinds)| kinds.contains(&kind) && !found_by.contains(scanner))
            .filter_map(|(scanner, _)| Some((scanner, self.views.get(scanner)?)))
            .collect()
    }

    fn absences(
        &self,
        kind: ScanKind,
        found_by: &[ScannerName],
        why: impl Fn(&View<'a>) -> (Cause, String),
    ) -> Vec<Disagreement> {
        let mut reasons: BTreeMap<(Cause, String), Vec<ScannerName>> = BTreeMap::new();
        for (scanner, view) in self.without(kind, found_by) {
            reasons.entry(why(view)).or_default().push(scanner.clone());
        }
        reasons
            .into_iter()
            .map(|((cause, why), scanners)| Disagreement {
                cause,
                text: format!("not reported by {}: {why}", output::names(&scanners)),
                scanners,
            })
            .collect()
    }

    pub(super) fn secret(&self, merged: &MergedSecret) -> Vec<Disagreement> {
        let path = merged.location.path.as_str();
        let mut out = self.absences(ScanKind::Secret, &merged.found_by, |view| {
            if is_outside_files(&merged.location) && !view.secrets_outside_files {
                let text = "it reports nothing from the image's configuration and history";
                (Cause::Place, text.to_owned())
            } else if merged.deleted_later && !view.deleted_secrets {
                let text = "a later layer deletes the file, and it reports nothing of that sort";
                (Cause::Place, text.to_owned())
            } else if path.contains("!/") && !view.secrets_in_archives {
                (Cause::Place, "it reports nothing inside of archives".to_owned())
            } else if view.secret_files.contains(path) {
                let text = "it reports other lines of the same file, so none of its rules fits here";
                (Cause::Rule, text.to_owned())
            } else {
                let text = "it reports nothing of this file: none of its rules fits, or it leaves the file out";
                (Cause::Rule, text.to_owned())
            }
        });
        out.extend(severity(&merged.severities));
        out
    }

    pub(super) fn misconfiguration(&self, merged: &MergedMisconfiguration) -> Vec<Disagreement> {
        let rules: Vec<&String> = merged.rules.values().collect();
        let mut out = self.absences(ScanKind::Config, &merged.found_by, |view| {
            let elsewhere = rules
                .iter()
                .map(|r| r.as_str())
                .chain(merged.references.iter().map(String::as_str))
                .flat_map(|id| rule_ids(id, &[]))
                .find_map(|id| view.rules.get(&id)?.iter().next().map(|p| (id, *p)));
            match elsewhere {
                Some((id, (path, line))) => {
                    let line = if line == 0 {
                        String::new()
                    } else {
                        format!(":{line}")
                    };
                    (
                        Cause::Place,
                        format!("it reports {id} at {path}{line} instead"),
                    )
                }
                None if !view.config_files.contains(merged.location.path.as_str()) => {
                    let text = "it reports nothing at all about this file";
                    (Cause::Place, text.to_owned())
                }
                None => {
                    let text = "none of its rules is known to be the same";
                    (Cause::Rule, text.to_owned())
                }
            }
        });
        out.extend(severity(&merged.severities));
        out
    }

    pub(super) fn license(&self, merged: &MergedLicense) -> Vec<Disagreement> {
        self.absences(ScanKind::License, &merged.found_by, |view| {
            if merged.package.is_empty() {
                return if view.license_texts {
                    let text = "it does not recognise this text";
                    (Cause::Rule, text.to_owned())
                } else {
                    (Cause::Place, "it reports no texts of licences".to_owned())
                };
            }
            match view.licenses.get(&merged.package.to_lowercase()) {
                Some(others) => {
                    let others: Vec<&str> = others.iter().take(3).copied().collect();
                    (
                        Cause::LicenseName,
                        format!("it names {} for this package", others.join(", ")),
                    )
                }
                None => {
                    let text = "it has no licence of this package, or does not see the package";
                    (Cause::PackageNotSeen, text.to_owned())
                }
            }
        })
    }
}

fn severity(severities: &BTreeMap<ScannerName, Severity>) -> Option<Disagreement> {
    let distinct: BTreeSet<&Severity> = severities.values().collect();
    if distinct.len() < 2 {
        return None;
    }
    let text: Vec<String> = severities
        .iter()
        .map(|(s, v)| format!("{s} says {v}"))
        .collect();
    Some(Disagreement {
        cause: Cause::Severity,
        scanners: severities.keys().cloned().collect(),
        text: format!("{}: each has a scale of its own", text.join("; ")),
    })
}
