use seaworthy_matching::remediations;
use seaworthy_model::{
    Finding, GateResult, LicenseFinding, Misconfiguration, Report, Secret, Severity, State,
};
use seaworthy_report::merge::Merged;

/// Which findings are shown, and which of them break the gate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Show findings of this severity and worse only; the gate still sees all.
    pub severity: Option<Severity>,
    /// Leave out what has no fixed version, for display and gate.
    pub ignore_unfixed: bool,
    /// Leave out these states, for display and gate.
    pub ignore_status: Vec<State>,
    /// Fail on findings of this severity and worse.
    pub fail_on: Option<Severity>,
}

/// Everything that a severity can be asked of.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) findings: Vec<Finding>,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) misconfigurations: Vec<Misconfiguration>,
    pub(crate) licenses: Vec<LicenseFinding>,
}

impl Found {
    fn len(&self) -> usize {
        self.findings.len()
            + self.secrets.len()
            + self.misconfigurations.len()
            + self.licenses.len()
    }

    /// Keeps this severity and worse.
    fn retain_from(&mut self, least: Severity) {
        self.findings.retain(|f| f.severity >= least);
        self.secrets.retain(|s| s.severity >= least);
        self.misconfigurations.retain(|m| m.severity >= least);
        self.licenses.retain(|l| l.severity >= least);
    }

    fn count_from(&self, least: Severity) -> usize {
        let severities = (self.findings.iter().map(|f| f.severity))
            .chain(self.secrets.iter().map(|s| s.severity))
            .chain(self.misconfigurations.iter().map(|m| m.severity))
            .chain(self.licenses.iter().map(|l| l.severity));
        severities.filter(|severity| *severity >= least).count()
    }
}

/// What the filter made of the findings.
pub(crate) struct Filtered {
    /// Findings to show.
    pub(crate) shown: Found,
    /// How many were removed.
    pub(crate) hidden: usize,
    /// What the gate says.
    pub(crate) gate: GateResult,
}

impl Filter {
    /// The report as it is shown, with what the gate says, from one of all that was found.
    #[must_use]
    pub fn filtered(&self, mut report: Report) -> Report {
        let filtered = self.apply(Found {
            findings: std::mem::take(&mut report.findings),
            secrets: std::mem::take(&mut report.secrets),
            misconfigurations: std::mem::take(&mut report.misconfigurations),
            licenses: std::mem::take(&mut report.licenses),
        });
        report.remediations = remediations(&report.inventory, &filtered.shown.findings);
        report.counts = Report::count(&filtered.shown.findings);
        report.hidden += filtered.hidden;
        report.gate = filtered.gate;
        report.findings = filtered.shown.findings;
        report.secrets = filtered.shown.secrets;
        report.misconfigurations = filtered.shown.misconfigurations;
        report.licenses = filtered.shown.licenses;
        report
    }

    /// Leaves out of a merge what [`Filter::filtered`] leaves out of a report. The matrix keeps
    /// counting all that each scanner found.
    pub fn narrow(&self, merged: &mut Merged) {
        merged.findings.retain(|f| {
            (!self.ignore_unfixed || f.fixed_version.is_some())
                && !self.ignore_status.contains(&f.state)
        });
        if let Some(least) = self.severity {
            merged.findings.retain(|f| f.severity >= least);
            merged.secrets.retain(|s| s.severity >= least);
            merged.misconfigurations.retain(|m| m.severity >= least);
            merged.licenses.retain(|l| l.severity >= least);
        }
    }

    /// Applies the filter.
    pub(crate) fn apply(&self, mut found: Found) -> Filtered {
        let total = found.len();
        self.leave_out(&mut found);
        let gate = self.gate(&found);
        if let Some(least) = self.severity {
            found.retain_from(least);
        }
        Filtered {
            hidden: total - found.len(),
            shown: found,
            gate,
        }
    }

    /// What neither display nor gate sees.
    pub(crate) fn leave_out(&self, found: &mut Found) {
        found.findings.retain(|f| {
            (!self.ignore_unfixed || f.fixed_version.is_some())
                && !self.ignore_status.contains(&f.state)
        });
    }

    pub(crate) fn gate(&self, found: &Found) -> GateResult {
        let Some(least) = self.fail_on else {
            return GateResult {
                passed: true,
                ..GateResult::default()
            };
        };
        let breaking = found.count_from(least);
        let rule = if least == Severity::Critical {
            format!("fail on {}", least.name())
        } else {
            format!("fail on {} and above", least.name())
        };
        GateResult {
            rule,
            passed: breaking == 0,
            breaking,
            rules: None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use seaworthy_model::{MatchReason, Origin};

    pub(crate) fn finding(
        id: &str,
        severity: Severity,
        state: State,
        fixed: Option<&str>,
    ) -> Finding {
        Finding {
            id: id.to_owned(),
            aliases: Vec::new(),
            package: 0,
            state,
            severity,
            severity_source: String::new(),
            ratings: Vec::new(),
            epss: None,
            published: None,
            kev: None,
            fixed_version: fixed.map(str::to_owned),
            fix_command: None,
            origin: Origin::Unknown,
            reason: MatchReason::default(),
        }
    }

    #[test]
    fn severity_hides_and_the_gate_still_sees() {
        let findings = || {
            vec![
                finding("A", Severity::Critical, State::WillNotFix, None),
                finding("B", Severity::High, State::Fixed, Some("2")),
                finding("C", Severity::Low, State::Fixed, Some("2")),
            ]
        };
        type Case<'a> = (Filter, &'a [&'a str], usize, bool);
        let none = Filter::default;
        let cases: &[Case<'_>] = &[
            (none(), &["A", "B", "C"], 0, true),
            (
                Filter {
                    severity: Some(Severity::High),
                    ..none()
                },
                &["A", "B"],
                0,
                true,
            ),
            (
                Filter {
                    severity: Some(Severity::Critical),
                    fail_on: Some(Severity::Low),
                    ..none()
                },
                &["A"],
                3,
                false,
            ),
            (
                Filter {
                    ignore_unfixed: true,
                    fail_on: Some(Severity::Critical),
                    ..none()
                },
                &["B", "C"],
                0,
                true,
            ),
            (
                Filter {
                    ignore_status: vec![State::Fixed],
                    fail_on: Some(Severity::High),
                    ..none()
                },
                &["A"],
                1,
                false,
            ),
        ];
        for (filter, shown, breaking, passed) in cases {
            let found = Found {
                findings: findings(),
                ..Found::default()
            };
            let filtered = filter.apply(found);
            let ids: Vec<_> = filtered
                .shown
                .findings
                .iter()
                .map(|f| f.id.as_str())
                .collect();
            assert_eq!(ids, *shown, "{filter:?}");
            assert_eq!(filtered.hidden, 3 - shown.len());
            assert_eq!(filtered.gate.breaking, *breaking, "{filter:?}");
            assert_eq!(filtered.gate.passed, *passed, "{filter:?}");
        }
    }

    #[test]
    fn secrets_and_configurations_break_the_gate_too() {
        let found = || Found {
            secrets: vec![Secret {
                severity: Severity::High,
                ..Secret::default()
            }],
            misconfigurations: vec![Misconfiguration {
                severity: Severity::Low,
                ..Misconfiguration::default()
            }],
            licenses: vec![LicenseFinding {
                severity: Severity::Medium,
                ..LicenseFinding::default()
            }],
            ..Found::default()
        };
        for (least, breaking) in [
            (Severity::Critical, 0),
            (Severity::High, 1),
            (Severity::Medium, 2),
            (Severity::Low, 3),
        ] {
            let filter = Filter {
                fail_on: Some(least),
                severity: Some(least),
                ..Filter::default()
            };
            let filtered = filter.apply(found());
            assert_eq!(filtered.gate.breaking, breaking, "{least}");
            assert_eq!(filtered.shown.len(), breaking, "{least}");
            assert_eq!(filtered.hidden, 3 - breaking, "{least}");
        }
    }
}
