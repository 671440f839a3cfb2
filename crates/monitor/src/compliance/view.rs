//! A compliance report for people and machines.

use std::io::Write;

use super::{CheckResult, ComplianceReport, ControlResult, Extent, Framework, Status, controls};
use crate::text::{markdown, wrapped};
use crate::{Error, View, write_json};

/// What no reader may overlook.
const DISCLAIMER: &str = "Evidence from one scan, not a certificate: met means that the checks named here ran and found nothing.";

fn summary(report: &ComplianceReport, dot: &str) -> String {
    Status::ALL
        .into_iter()
        .map(|status| format!("{} {}", status.name(), report.count(status)))
        .collect::<Vec<_>>()
        .join(dot)
}

fn mark(status: Status, unicode: bool) -> &'static str {
    match (status, unicode) {
        (Status::Violated, true) => "✗",
        (Status::Violated, false) => "x",
        (Status::NotAssessed, _) => "?",
        (Status::Met, true) => "✓",
        (Status::Met, false) => "+",
        (Status::NotCovered, true) => "·",
        (Status::NotCovered, false) => "-",
    }
}

/// `met`, or `met in part` where the control asks for more than our checks show.
fn word(control: &ControlResult) -> String {
    match control.status {
        Status::Met if !control.beyond.is_empty() => "met in part".to_owned(),
        status => status.name().to_owned(),
    }
}

fn lines_of(check: &CheckResult) -> Vec<String> {
    let mut lines: Vec<String> = check.evidence.clone();
    if check.more > 0 {
        lines.push(format!("{} more", check.more));
    }
    lines
}

/// The controls of a framework as a Markdown table: what each asks, which checks stand for it, and
/// what they do not show. `docs/compliance.md` has them all.
#[must_use]
pub fn controls_markdown(framework: Framework) -> String {
    let mut page = format!(
        "### {}\n\n| control | asks for | checks | not shown |\n|---|---|---|---|\n",
        framework.title()
    );
    for control in controls(framework) {
        let checks: Vec<String> = control.checks().collect();
        let (checks, rest) = match control.extent {
            Extent::Whole => (checks.join("; "), ""),
            Extent::Part(rest) => (checks.join("; "), rest),
            Extent::Nothing(why) => ("**not covered**".to_owned(), why),
        };
        page.push_str(&format!(
            "| {} | {} | {checks} | {rest} |\n",
            control.id, control.title
        ));
    }
    page
}

impl ComplianceReport {
    /// For people, in a terminal. Controls that nothing of ours covers are counted, and listed
    /// only when all rows are asked for.
    #[must_use]
    pub fn table(&self, view: View) -> String {
        let mut lines = vec![
            view.line(&format!("{}   {}", self.title, self.image)),
            format!("  {}", view.rule()),
            view.line(&summary(self, view.dot())),
            view.line(DISCLAIMER.split(':').next().unwrap_or(DISCLAIMER)),
            String::new(),
        ];
        let id = self
            .controls
            .iter()
            .map(|c| c.id.chars().count())
            .max()
            .unwrap_or(0);
        for control in &self.controls {
            if control.status == Status::NotCovered && !view.all {
                continue;
            }
            let sign = mark(control.status, view.unicode);
            lines.push(view.line(&format!(
                "{sign} {} {} {}",
                view.cell(control.id, id),
                view.cell(&word(control), 13),
                control.title
            )));
            if matches!(control.status, Status::Violated | Status::NotAssessed) {
                lines.extend(reasons(control, view, id));
            }
        }
        let hidden = self.count(Status::NotCovered);
        if hidden > 0 && !view.all {
            let ellipsis = view.ellipsis();
            lines.push(view.line(&format!(
                "{ellipsis} {hidden} controls that an image is no evidence for"
            )));
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// For an auditor's binder: every control with its checks.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut page = format!(
            "# {}\n\n{} {}\n\n{}, {}\n\n**{}**\n\n| control | asks for | status | by |\n|---|---|---|---|\n",
            markdown(self.title),
            markdown(&self.image),
            markdown(&self.digest),
            markdown(&self.date),
            DISCLAIMER,
            summary(self, " · ")
        );
        for control in &self.controls {
            let mut cells: Vec<String> = control.checks.iter().map(check_cell).collect();
            if !control.beyond.is_empty() {
                let lead = if control.checks.is_empty() {
                    ""
                } else {
                    "not shown: "
                };
                cells.push(format!("*{lead}{}*", markdown(control.beyond)));
            }
            page.push_str(&format!(
                "| {} | {} | {} | {} |\n",
                markdown(control.id),
                markdown(control.title),
                word(control),
                cells.join("<br>")
            ));
        }
        page
    }

    /// Writes it as JSON.
    ///
    /// # Errors
    /// When the sink refuses the bytes.
    pub fn write_json(&self, out: &mut dyn Write) -> Result<(), Error> {
        write_json("the compliance report", self, out)
    }
}

/// Every check that speaks against the control or could not be made, with the first reason, or with
/// all of them when all rows are asked for.
fn reasons(control: &ControlResult, view: View, id: usize) -> Vec<String> {
    let indent = " ".repeat(id + 3);
    let room = view.columns() - 2 - indent.len();
    let mut lines = Vec::new();
    for check in control.checks.iter().filter(|c| c.status != Status::Met) {
        let all = lines_of(check);
        let shown = if view.all { all.len() } else { 1 };
        let mut found = all
            .iter()
            .take(shown)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("; ");
        let more = check.evidence.len() + check.more - check.evidence.len().min(shown);
        if more > 0 && !view.all {
            found.push_str(&format!(" and {more} more"));
        }
        let sentence = match check.status {
            Status::Violated => format!("expected {}, found {found}", check.check),
            status => format!("{}: {} ({found})", status.name(), check.check),
        };
        for line in wrapped(&view.safe(&sentence), room) {
            lines.push(view.line(&format!("{indent}{line}")));
        }
    }
    lines
}

fn check_cell(check: &CheckResult) -> String {
    let mut cell = format!("{}: {}", check.status.name(), markdown(&check.check));
    let details: Vec<String> = lines_of(check)
        .into_iter()
        .chain(check.proof.iter().cloned())
        .chain(check.limits.iter().cloned())
        .map(|line| markdown(&line))
        .collect();
    if !details.is_empty() {
        cell.push_str(&format!(" ({})", details.join("; ")));
    }
    cell
}
