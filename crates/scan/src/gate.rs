use seaworthy_model::{Finding, GateResult, Severity, State};

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

/// What the filter made of the findings.
pub(crate) struct Filtered {
    /// Findings to show.
    pub(crate) shown: Vec<Finding>,
    /// How many were removed.
    pub(crate) hidden: usize,
    /// What the gate says.
    pub(crate) gate: GateResult,
}

impl Filter {
    /// Applies the filter.
    pub(crate) fn apply(&self, findings: Vec<Finding>) -> Filtered {
        let total = findings.len();
        let counted: Vec<Finding> = findings
            .into_iter()
            .filter(|f| !self.ignore_unfixed || f.fixed_version.is_some())
            .filter(|f| !self.ignore_status.contains(&f.state))
            .collect();
        let gate = self.gate(&counted);
        let shown: Vec<Finding> = counted
            .into_iter()
            .filter(|f| self.severity.is_none_or(|least| f.severity >= least))
            .collect();
        Filtered {
            hidden: total - shown.len(),
            shown,
            gate,
        }
    }

    fn gate(&self, findings: &[Finding]) -> GateResult {
        let Some(least) = self.fail_on else {
            return GateResult {
                passed: true,
                ..GateResult::default()
            };
        };
        let breaking = findings.iter().filter(|f| f.severity >= least).count();
        let rule = if least == Severity::Critical {
            format!("fail on {}", least.name())
        } else {
            format!("fail on {} and above", least.name())
        };
        GateResult {
            rule,
            passed: breaking == 0,
            breaking,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seaworthy_model::{MatchReason, Origin};

    fn finding(id: &str, severity: Severity, state: State, fixed: Option<&str>) -> Finding {
        Finding {
            id: id.to_owned(),
            aliases: Vec::new(),
            package: 0,
            state,
            severity,
            severity_source: String::new(),
            ratings: Vec::new(),
            epss: None,
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
            let filtered = filter.apply(findings());
            let ids: Vec<_> = filtered.shown.iter().map(|f| f.id.as_str()).collect();
            assert_eq!(ids, *shown, "{filter:?}");
            assert_eq!(filtered.hidden, 3 - shown.len());
            assert_eq!(filtered.gate.breaking, *breaking, "{filter:?}");
            assert_eq!(filtered.gate.passed, *passed, "{filter:?}");
        }
    }
}
