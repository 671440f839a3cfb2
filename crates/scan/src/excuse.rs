//! What a verdict excuses, for those who look at the report afterwards.

use seaworthy_model::{GateResult, Report, State};
use seaworthy_monitor::Waiver;
use seaworthy_policy::Verdict;

use crate::Filter;
use crate::gate::Found;

/// Applies what waivers and VEX say to a report: findings that VEX clears are not affected any
/// more, and waived secrets, misconfigurations and licences go. The waived findings stay, and are
/// returned with the reason of each.
pub fn excuse(report: &mut Report, verdict: &Verdict) -> Vec<Waiver> {
    for note in verdict.vex.iter().filter(|note| note.cleared) {
        if let Some(finding) = report.findings.get_mut(note.finding) {
            finding.state = State::NotAffected;
        }
    }
    keep(&mut report.secrets, &verdict.left.secrets);
    keep(
        &mut report.misconfigurations,
        &verdict.left.misconfigurations,
    );
    keep(&mut report.licenses, &verdict.left.licenses);
    let waived = verdict.waived.iter().filter_map(|waived| {
        let finding = report.findings.get(waived.finding?)?;
        let package = report.inventory.packages.get(finding.package)?;
        Some(Waiver {
            id: finding.id.clone(),
            package: Some(package.name.clone()),
            path: Some(package.evidence.path.clone()),
            reason: waived.reason.clone().unwrap_or_default(),
        })
    });
    waived.collect()
}

/// Keeps the items at those places; the places are in order.
fn keep<T>(items: &mut Vec<T>, places: &[usize]) {
    let mut at = 0;
    items.retain(|_| {
        let stays = places.binary_search(&at).is_ok();
        at += 1;
        stays
    });
}

impl Filter {
    /// The gate of a report that was not filtered yet, without what a verdict excuses.
    #[must_use]
    pub fn gate_excusing(&self, report: &Report, verdict: &Verdict) -> GateResult {
        let left = &verdict.left;
        let mut found = Found {
            findings: pick(&report.findings, &left.findings),
            secrets: pick(&report.secrets, &left.secrets),
            misconfigurations: pick(&report.misconfigurations, &left.misconfigurations),
            licenses: pick(&report.licenses, &left.licenses),
        };
        let excused = report.findings.len() - found.findings.len() + report.secrets.len()
            - found.secrets.len()
            + report.misconfigurations.len()
            - found.misconfigurations.len()
            + report.licenses.len()
            - found.licenses.len();
        self.leave_out(&mut found);
        let mut gate = self.gate(&found);
        if excused > 0 && !gate.rule.is_empty() {
            gate.rule.push_str(&format!(", {excused} excused"));
        }
        gate
    }
}

fn pick<T: Clone>(items: &[T], places: &[usize]) -> Vec<T> {
    places
        .iter()
        .filter_map(|&at| items.get(at).cloned())
        .collect()
}

#[cfg(test)]
mod tests {
    use seaworthy_model::{Finding, Package, PackageType, Secret, Severity};
    use seaworthy_policy::{Exceptions, Facts, NoIncludes, Policy, Subject, VexDocument, evaluate};

    use super::*;

    fn finding(id: &str, package: usize) -> Finding {
        Finding {
            package,
            ..crate::gate::tests::finding(id, Severity::High, State::Fixed, Some("2"))
        }
    }

    fn sample() -> (Report, Verdict) {
        let mut report = Report::default();
        report.target.name = "shop/web:1".to_owned();
        for path in ["a/x.jar", "b/x.jar"] {
            report
                .inventory
                .packages
                .push(Package::new(PackageType::Maven, "g:x", "1", path));
        }
        report.findings = vec![
            finding("CVE-2026-1", 0),
            finding("CVE-2026-1", 1),
            finding("CVE-2026-2", 0),
            finding("CVE-2026-3", 1),
        ];
        report.secrets = vec![
            Secret {
                rule: "aws".to_owned(),
                severity: Severity::High,
                ..Secret::default()
            },
            Secret {
                rule: "private-key".to_owned(),
                severity: Severity::High,
                ..Secret::default()
            },
        ];
        let policy = Policy::load(
            "p.yaml",
            b"version: '1.0'\nwaivers:\n- {id: CVE-2026-1, path: 'a/**', reason: not used}\n- {id: aws, reason: an example}\n",
            None,
            &NoIncludes,
        )
        .unwrap();
        let vex = VexDocument::read(
            "v.json",
            br#"{"@context":"https://openvex.dev/ns/v0.2.0","@id":"v","author":"a","timestamp":"2026-01-01T00:00:00Z","version":1,"statements":[{"vulnerability":{"name":"CVE-2026-2"},"status":"not_affected","justification":"component_not_present","products":[{"@id":"pkg:maven/g/x"}]}]}"#,
        )
        .unwrap();
        let verdict = evaluate(
            &policy,
            Subject {
                report: &report,
                facts: &Facts::default(),
                now: "2026-11-25".parse().unwrap(),
            },
            &Exceptions {
                vex: &[vex],
                ..Exceptions::default()
            },
        );
        (report, verdict)
    }

    #[test]
    fn cleared_findings_are_not_affected_and_waived_ones_are_named_by_place() {
        let (mut report, verdict) = sample();
        let waivers = excuse(&mut report, &verdict);
        assert_eq!(waivers.len(), 1);
        assert_eq!(waivers[0].path.as_deref(), Some("a/x.jar"));
        assert_eq!(waivers[0].reason, "not used");
        assert_eq!(report.findings[2].state, State::NotAffected);
        assert_eq!(report.findings.len(), 4);
        assert_eq!(report.secrets.len(), 1);
        assert_eq!(report.secrets[0].rule, "private-key");
    }

    #[test]
    fn the_gate_does_not_count_what_is_excused() {
        let (report, verdict) = sample();
        let filter = Filter {
            fail_on: Some(Severity::High),
            ..Filter::default()
        };
        let gate = filter.gate_excusing(&report, &verdict);
        assert_eq!(gate.breaking, 3);
        assert_eq!(gate.rule, "fail on high and above, 3 excused");
        assert!(!gate.passed);
        assert!(Filter::default().gate_excusing(&report, &verdict).passed);
    }
}
