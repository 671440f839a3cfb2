//! One policy, one verdict: the policy file, waivers, VEX and baselines, checked against a report.
//!
//! The same code answers in the pipeline, at the registry and at admission. [`Policy::load`] reads a
//! `container-security-policy.yaml` and says everything that is wrong with it, with line and column;
//! [`evaluate`] checks a [`Subject`] (a report and what is known beside it) and gives a [`Verdict`].
//! A rule whose facts are missing is not assessed, which is never a pass.
//!
//! Nothing here does input or output or reads the clock: today's date is passed in, and what a
//! policy includes comes through [`Includes`].

mod baseline;
mod cases;
mod cel;
mod check;
mod containers;
mod error;
mod explain;
mod glob;
mod include;
mod init;
mod load;
mod merge;
mod output;
mod policy;
mod read;
mod rego;
mod row;
mod rules;
mod sections;
mod subject;
mod table;
mod verdict;
mod vex;
mod waiver;
mod yaml;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use baseline::Baseline;
pub use cases::{Case, CaseResult, read_cases, run_cases};
pub use check::{Exceptions, evaluate};
pub use containers::container_facts;
pub use error::{Error, Place, Problem};
pub use explain::{Explanation, RuleNote, explain};
pub use include::{IncludeSource, Includes, MAX_INCLUDE, NoIncludes};
pub use init::{INIT_CASES, INIT_POLICY};
pub use output::{ReportContext, policy_report, security_summary};
pub use policy::{Action, NotAssessed, Policy, WaiverRules};
pub use subject::{
    AttestationFacts, ContainerFacts, DockerfileFacts, Facts, SignatureFacts, StageBase,
    StageFacts, Subject, finding_key,
};
pub use table::verdict_table;
pub use verdict::{
    Cause, Left, MAX_CAUSES, Note, Outcome, Status, Verdict, VexNote, Violation, Waived,
    WaiverNote, WaiverNoteKind,
};
pub use vex::{OpenVexOptions, VexDocument, VexStatement, VexStatus, openvex};
pub use waiver::foreign::hadolint_comments;
pub use waiver::{Waiver, check_waivers};
