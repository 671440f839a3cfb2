use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use seaworthy_model::{Counts, GateResult, Report};

use crate::error::Place;
use crate::policy::Action;
use crate::vex::VexStatus;
use seaworthy_model::Date;

/// What a policy says about a subject.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The version that the policy states.
    pub policy_version: String,
    /// The environment whose rules were applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The answer.
    pub status: Status,
    /// Broken rules that deny, and rules that could not be checked; in the order of the policy.
    pub violations: Vec<Violation>,
    /// Broken rules that only warn.
    pub warnings: Vec<Violation>,
    /// Rules that could not be checked and that the policy lets pass all the same.
    pub not_assessed: Vec<Violation>,
    /// The ids of the rules that hold.
    pub passed: Vec<String>,
    /// What waivers excuse.
    pub waived: Vec<Waived>,
    /// Findings that VEX statements clear or annotate.
    pub vex: Vec<VexNote>,
    /// Findings that the baseline has too: indices into the report's.
    pub known: Vec<usize>,
    /// Waivers that are expired, or that excuse nothing.
    pub waiver_notes: Vec<WaiverNote>,
    /// What is worth knowing about rules, broken or not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Counts over the findings that were left for the rules.
    pub counts: Counts,
    /// What was left for the rules.
    #[serde(skip)]
    pub left: Left,
}

/// Which items of a report waivers, VEX and the baseline leave for the rules: places in its lists,
/// in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Left {
    /// Of its findings.
    pub findings: Vec<usize>,
    /// Of its secrets.
    pub secrets: Vec<usize>,
    /// Of its misconfigurations.
    pub misconfigurations: Vec<usize>,
    /// Of its licences.
    pub licenses: Vec<usize>,
}

impl Left {
    /// Everything.
    #[must_use]
    pub fn all(report: &Report) -> Self {
        Self {
            findings: (0..report.findings.len()).collect(),
            secrets: (0..report.secrets.len()).collect(),
            misconfigurations: (0..report.misconfigurations.len()).collect(),
            licenses: (0..report.licenses.len()).collect(),
        }
    }
}

/// The answer of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All rules hold.
    Pass,
    /// Only rules that warn are broken.
    Warn,
    /// A rule that denies is broken, or could not be checked.
    Fail,
}

impl Status {
    /// The lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// Whether a rule is broken, or nobody could tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The rule is broken.
    Broken,
    /// What it needs was not there.
    NotAssessed,
}

/// A rule that does not hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Violation {
    /// The rule: `vulnerabilities.max_critical`.
    pub rule: String,
    /// Where it stands in the policy.
    #[serde(serialize_with = "place")]
    pub policy: Place,
    /// What a breach does.
    #[serde(serialize_with = "action")]
    pub action: Action,
    /// Broken, or not assessed.
    pub outcome: Outcome,
    /// Why it could not be checked, where that is the outcome; names no rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What is wrong, in one sentence that stands alone: for a rule that could not be checked it
    /// names the rule and says why.
    pub message: String,
    /// How many items break it; 0 for a rule that could not be checked.
    pub count: u64,
    /// The items, at most [`MAX_CAUSES`]; for a rule that could not be checked, those of which it is
    /// not known whether they break it.
    pub causes: Vec<Cause>,
    /// The findings behind it: indices into the report's, all of them.
    #[serde(skip)]
    pub findings: Vec<usize>,
    /// The way out.
    pub remedy: String,
}

fn place<S: Serializer>(place: &Place, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&place.short())
}

fn action<S: Serializer>(action: &Action, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(action.name())
}

/// Most causes that a violation lists.
pub const MAX_CAUSES: usize = 100;

/// One item that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Cause {
    /// What it is: `vulnerability`, `secret`, `misconfiguration`, `license`, `package`, `file`,
    /// `image`, `dockerfile`, `container`, `coverage`, `signature`, `attestation`, `rule`.
    pub kind: &'static str,
    /// Its id or name.
    pub id: String,
    /// Severity.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub severity: String,
    /// The package.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// Its version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Where: a path with its line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub location: String,
    /// What is wrong with it, where the rule alone does not tell.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The version that fixes it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fixed_version: String,
    /// The day on which it was made public, for a vulnerability of which that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<Date>,
}

/// Something that a waiver excuses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Waived {
    /// What: a finding, secret, misconfiguration or licence by its id, or a rule.
    pub cause: Cause,
    /// Index into the report's findings, when it is a finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<usize>,
    /// Where the waiver stands.
    #[serde(serialize_with = "place")]
    pub waiver: Place,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Date>,
    /// OpenVEX justification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
}

/// A VEX statement about a finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VexNote {
    /// Index into the report's findings.
    pub finding: usize,
    /// What it says.
    #[serde(serialize_with = "vex_status")]
    pub status: VexStatus,
    /// Its reason.
    pub reason: String,
    /// Why it is not affected, in one of OpenVEX's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub justification: Option<&'static str>,
    /// The document.
    pub document: String,
    /// The statement's number in the document, from 1.
    pub statement: usize,
    /// Whether the finding is cleared by it; else it is only annotated.
    pub cleared: bool,
}

fn vex_status<S: Serializer>(status: &VexStatus, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(status.name())
}

/// Something that a rule came across and that breaks nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The rule.
    pub rule: String,
    /// In one sentence; lower case, no full stop.
    pub message: String,
}

/// A waiver that somebody should look at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WaiverNote {
    /// Where it stands.
    #[serde(serialize_with = "place")]
    pub waiver: Place,
    /// What it is about.
    pub id: String,
    /// What is up with it.
    pub kind: WaiverNoteKind,
    /// In one sentence.
    pub message: String,
}

/// What is up with a waiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WaiverNoteKind {
    /// It is over: what it excused counts again.
    Expired,
    /// It excuses nothing here.
    Unused,
}

impl Verdict {
    /// Whether a gate lets the subject through.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.status != Status::Fail
    }

    /// The gate of a report: `breaking` is the number of findings behind the violations, or of the
    /// violations where that is larger.
    #[must_use]
    pub fn gate(&self, policy: &str) -> GateResult {
        let findings: BTreeSet<usize> = self
            .violations
            .iter()
            .flat_map(|v| v.findings.iter().copied())
            .collect();
        GateResult {
            rule: format!("policy {policy}"),
            passed: self.passes(),
            breaking: findings.len().max(self.violations.len()),
            rules: Some(self.violations.len()),
        }
    }
}
