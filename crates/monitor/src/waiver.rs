//! Findings that somebody decided to live with.

use std::collections::HashMap;

use seaworthy_model::{Finding, Package};
use serde::{Deserialize, Serialize};

/// One decision to live with a vulnerability.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Waiver {
    /// Id of the vulnerability, or one of its aliases.
    pub id: String,
    /// The package it is waived for; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// The file that the package was found in; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Why.
    pub reason: String,
}

/// The waivers in force. Whoever makes this value leaves out the expired ones and those of other
/// images: here, a waiver counts.
#[derive(Debug, Clone, Default)]
pub struct Waivers {
    by_id: HashMap<String, Vec<Waiver>>,
}

impl Waivers {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The waiver that covers a finding, looked up by its id and then by its aliases.
    #[must_use]
    pub fn covers(&self, finding: &Finding, package: &Package) -> Option<&Waiver> {
        std::iter::once(&finding.id)
            .chain(&finding.aliases)
            .filter_map(|id| self.by_id.get(id))
            .flatten()
            .find(|waiver| {
                let is = |wanted: &Option<String>, found: &str| {
                    wanted.as_ref().is_none_or(|wanted| wanted == found)
                };
                is(&waiver.package, &package.name) && is(&waiver.path, &package.evidence.path)
            })
    }
}

impl FromIterator<Waiver> for Waivers {
    fn from_iter<I: IntoIterator<Item = Waiver>>(waivers: I) -> Self {
        let mut by_id: HashMap<String, Vec<Waiver>> = HashMap::new();
        for waiver in waivers {
            by_id.entry(waiver.id.clone()).or_default().push(waiver);
        }
        Self { by_id }
    }
}

#[cfg(test)]
mod tests {
    use seaworthy_model::Severity;

    use super::*;
    use crate::sample;

    #[test]
    fn a_waiver_counts_for_its_package_and_every_alias() {
        let mut report = sample::report("web:1");
        sample::vulnerable(&mut report, "CVE-2024-1", "zlib1g", "1.2", Severity::High);
        report.findings[0].aliases = vec!["GHSA-aaaa-bbbb-cccc".to_owned()];
        let waiver = |id: &str, package: Option<&str>| Waiver {
            id: id.to_owned(),
            package: package.map(str::to_owned),
            path: None,
            reason: "accepted".to_owned(),
        };
        for (waivers, covered) in [
            (vec![waiver("CVE-2024-1", None)], true),
            (vec![waiver("GHSA-aaaa-bbbb-cccc", Some("zlib1g"))], true),
            (vec![waiver("CVE-2024-1", Some("curl"))], false),
            (vec![waiver("CVE-2024-2", None)], false),
        ] {
            let waivers: Waivers = waivers.into_iter().collect();
            let found = waivers.covers(&report.findings[0], &report.inventory.packages[0]);
            assert_eq!(found.is_some(), covered, "{waivers:?}");
        }
    }
}
