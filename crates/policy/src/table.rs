//! The verdict for people: the answer, then each broken rule with its place and the way out.

use seaworthy_model::Report;
use seaworthy_model::text::plain;

use crate::verdict::{Outcome, Status, Verdict, Violation};

/// Causes that are shown of each rule.
const SHOWN: usize = 3;

/// A verdict as text, a line per fact, harmless for a terminal.
#[must_use]
pub fn verdict_table(report: &Report, verdict: &Verdict) -> String {
    let mut lines = vec![report.target.name.clone(), headline(verdict)];
    for (title, list) in [
        ("", &verdict.violations),
        ("Warnings", &verdict.warnings),
        ("Not assessed, and let pass", &verdict.not_assessed),
    ] {
        if list.is_empty() {
            continue;
        }
        lines.push(String::new());
        if !title.is_empty() {
            lines.push(title.to_owned());
        }
        for violation in list {
            lines.extend(rule_lines(violation));
        }
    }
    for note in &verdict.notes {
        lines.push(format!("note {}: {}", note.rule, note.message));
    }
    if !verdict.waived.is_empty() || !verdict.vex.is_empty() || !verdict.known.is_empty() {
        lines.push(String::new());
        lines.push(format!(
            "excused: {} by waivers, {} by VEX, {} known before",
            verdict.waived.len(),
            verdict.vex.iter().filter(|note| note.cleared).count(),
            verdict.known.len()
        ));
    }
    for note in &verdict.waiver_notes {
        lines.push(format!("{}: {}", note.waiver.short(), note.message));
    }
    lines
        .iter()
        .map(|line| format!("{}\n", plain(line).trim_end()))
        .collect()
}

fn headline(verdict: &Verdict) -> String {
    let hold = |count: usize| {
        if count == 1 {
            "1 rule holds".to_owned()
        } else {
            format!("{count} rules hold")
        }
    };
    let passed = verdict.passed.len();
    match verdict.status {
        Status::Pass => format!("SEAWORTHY: {}", hold(passed)),
        Status::Warn if verdict.warnings.len() == 1 => {
            format!("SEAWORTHY with 1 warning: {}", hold(passed))
        }
        Status::Warn => format!(
            "SEAWORTHY with {} warnings: {}",
            verdict.warnings.len(),
            hold(passed)
        ),
        Status::Fail => {
            let broken = verdict.violations.len();
            let rules = if broken == 1 { "rule is" } else { "rules are" };
            let unknown = verdict
                .violations
                .iter()
                .filter(|v| v.outcome == Outcome::NotAssessed)
                .count();
            let mut line = format!("NOT SEAWORTHY: {broken} {rules} not kept");
            if unknown > 0 {
                line.push_str(&format!(" ({unknown} could not be checked)"));
            }
            format!("{line}, {}", hold(passed))
        }
    }
}

fn rule_lines(violation: &Violation) -> Vec<String> {
    let (mark, of) = match violation.outcome {
        Outcome::Broken => ("x", "because"),
        Outcome::NotAssessed => ("?", "of     "),
    };
    let what = match &violation.why {
        Some(why) => format!("could not be checked: {why}"),
        None => violation.message.clone(),
    };
    let mut lines = vec![
        format!("{mark} {}: {what}", violation.rule),
        format!("    rule    {}", violation.policy.short()),
    ];
    for cause in violation.causes.iter().take(SHOWN) {
        // What is not told by the rule alone: how a container runs, why a base does not match.
        let detail = match cause.kind {
            "vulnerability" | "secret" | "license" => "",
            _ => cause.detail.as_str(),
        };
        let package = if cause.package == cause.id {
            ""
        } else {
            cause.package.as_str()
        };
        // A file is named by its place: `Dockerfile:12`.
        let is_place = (cause.location.strip_prefix(cause.id.as_str()))
            .is_some_and(|line| line.starts_with(':'));
        let words: Vec<&str> = [
            if is_place { "" } else { cause.id.as_str() },
            package,
            &cause.version,
            &cause.severity,
            &cause.location,
        ]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect();
        let mut line = format!("    {of} {}", words.join(" "));
        if !detail.is_empty() {
            line.push_str(&format!(": {detail}"));
        }
        lines.push(line);
    }
    let more = violation.causes.len().saturating_sub(SHOWN);
    if more > 0 {
        lines.push(format!("            and {more} more"));
    }
    if !violation.remedy.is_empty() {
        lines.push(format!("    do      {}", violation.remedy));
    }
    lines
}
