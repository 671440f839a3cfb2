//! Which rules a finding breaks, and what excuses it.

use crate::check::{Exceptions, evaluate, select_of};
use crate::error::Place;
use crate::policy::{Action, Policy};
use crate::subject::Subject;
use crate::verdict::Verdict;

/// What a policy makes of one finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Index into the report's findings.
    pub finding: usize,
    /// What excuses it, in one sentence; rules do not see it then.
    pub excused: Option<String>,
    /// The rules that would see it, in the order of the policy.
    pub rules: Vec<RuleNote>,
    /// How to waive it, as text for a policy's `waivers`.
    pub waiver: String,
}

/// A rule that is about a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleNote {
    /// The rule.
    pub rule: String,
    /// Where it stands.
    pub place: Place,
    /// What a breach does.
    pub action: Action,
    /// How many such findings the rule allows.
    pub max: u64,
    /// Whether the rule is broken now.
    pub broken: bool,
}

/// Explains each finding with that id or alias.
#[must_use]
pub fn explain(
    policy: &Policy,
    subject: Subject<'_>,
    exceptions: &Exceptions<'_>,
    id: &str,
) -> Vec<Explanation> {
    let verdict = evaluate(policy, subject, exceptions);
    let is = |other: &str| other.eq_ignore_ascii_case(id.trim());
    subject
        .report
        .findings
        .iter()
        .enumerate()
        .filter(|(_, f)| is(&f.id) || f.aliases.iter().any(|a| is(a)))
        .map(|(index, finding)| {
            let package = subject
                .report
                .inventory
                .packages
                .get(finding.package)
                .map(|p| p.name.as_str())
                .unwrap_or_default();
            Explanation {
                finding: index,
                excused: excused(&verdict, index),
                rules: rules(policy, subject, &verdict, index),
                waiver: format!(
                    "- id: {}\n  package: \"{}\"\n  reason: \"\"\n  owner: \"\"\n  expires: {}\n",
                    finding.id,
                    package.replace('"', ""),
                    seaworthy_model::Date::from_days(subject.now.days() + 30),
                ),
            }
        })
        .collect()
}

fn excused(verdict: &Verdict, index: usize) -> Option<String> {
    if let Some(note) = verdict.vex.iter().find(|n| n.finding == index && n.cleared) {
        return Some(format!(
            "{} by statement {} of {}: {}",
            note.status.name().replace('_', " "),
            note.statement,
            note.document,
            note.reason
        ));
    }
    if let Some(waived) = verdict.waived.iter().find(|w| w.finding == Some(index)) {
        let until = waived
            .expires
            .map(|d| format!(" until {d}"))
            .unwrap_or_default();
        let owner = waived
            .owner
            .as_ref()
            .map(|o| format!(" by {o}"))
            .unwrap_or_default();
        let reason = waived.reason.as_deref().unwrap_or("no reason given");
        return Some(format!(
            "waived{until}{owner} ({}): {reason}",
            waived.waiver.short()
        ));
    }
    verdict
        .known
        .contains(&index)
        .then(|| "known from the baseline".to_owned())
}

fn rules(policy: &Policy, subject: Subject<'_>, verdict: &Verdict, index: usize) -> Vec<RuleNote> {
    select_of(policy, subject, index)
        .into_iter()
        .map(|(rule, max)| RuleNote {
            rule: rule.id.clone(),
            place: rule.place.clone(),
            action: rule.action,
            max,
            broken: verdict
                .violations
                .iter()
                .chain(&verdict.warnings)
                .any(|v| v.rule == rule.id && v.findings.contains(&index)),
        })
        .collect()
}
