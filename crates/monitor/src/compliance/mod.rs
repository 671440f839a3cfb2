//! Which controls of a framework a report is evidence for, and against.
//!
//! A control is `met` only when every check that stands for it ran and found nothing; what was not
//! checked is `not assessed` or `not covered`, never met. Being met here is evidence for an
//! auditor, not a certificate: for most controls there is more than an image can show, which each
//! of them says.

mod check;
mod docker;
mod kubernetes;
mod nist;
mod pci;
mod rules;
mod soc2;
mod supply;
#[cfg(test)]
mod tests;
mod view;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use seaworthy_model::Report;
use serde::Serialize;

use crate::{Waivers, iso};
pub(crate) use check::Check;
pub use check::{CheckResult, RuleSet};
pub use supply::{Attestations, Attested, Signatures, Supply};
pub use view::controls_markdown;

/// A framework of controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Framework {
    /// AICPA Trust Services Criteria, the common criteria.
    #[serde(rename = "soc2")]
    Soc2,
    /// Payment Card Industry Data Security Standard 4.0.1.
    #[serde(rename = "pci-dss-4")]
    PciDss4,
    /// NIST SP 800-190, Application Container Security Guide.
    #[serde(rename = "nist-800-190")]
    Nist800190,
    /// CIS Docker Benchmark 1.6.
    #[serde(rename = "cis-docker")]
    CisDocker,
    /// CIS Kubernetes Benchmark 1.10, section 5.
    #[serde(rename = "cis-kubernetes")]
    CisKubernetes,
}

/// A word that is no framework.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a framework (soc2, pci-dss-4, nist-800-190, cis-docker, cis-kubernetes)")]
pub struct UnknownFramework(pub String);

impl Framework {
    /// All frameworks.
    pub const ALL: [Self; 5] = [
        Self::Soc2,
        Self::PciDss4,
        Self::Nist800190,
        Self::CisDocker,
        Self::CisKubernetes,
    ];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Soc2 => "soc2",
            Self::PciDss4 => "pci-dss-4",
            Self::Nist800190 => "nist-800-190",
            Self::CisDocker => "cis-docker",
            Self::CisKubernetes => "cis-kubernetes",
        }
    }

    /// Name and edition, for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Soc2 => "SOC 2, common criteria (TSC 2017)",
            Self::PciDss4 => "PCI DSS 4.0.1",
            Self::Nist800190 => "NIST SP 800-190",
            Self::CisDocker => "CIS Docker Benchmark 1.6",
            Self::CisKubernetes => "CIS Kubernetes Benchmark 1.10, section 5",
        }
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Framework {
    type Err = UnknownFramework;

    /// Reads the names, in any case, with and without punctuation (`PCI-DSS`, `nist800-190`).
    fn from_str(word: &str) -> Result<Self, UnknownFramework> {
        let bare = |text: &str| -> String {
            text.chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|c| c.to_ascii_lowercase())
                .collect()
        };
        let wanted = bare(word);
        let also = match wanted.as_str() {
            "pcidss" | "pci" => "pcidss4",
            "nist" | "sp800190" | "nistsp800190" => "nist800190",
            "cisk8s" => "ciskubernetes",
            other => other,
        };
        Self::ALL
            .into_iter()
            .find(|framework| bare(framework.name()) == also)
            .ok_or_else(|| UnknownFramework(word.to_owned()))
    }
}

/// How much of a control our checks can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All that it asks of an image or a manifest.
    Whole,
    /// A part; the words say what else it asks.
    Part(&'static str),
    /// Nothing; the words say what it is about.
    Nothing(&'static str),
}

/// One control of a framework.
#[derive(Debug, Clone, Copy)]
pub struct Control {
    /// Its number in the framework, or the range of several.
    pub id: &'static str,
    /// What it asks, in our words.
    pub title: &'static str,
    /// How much our checks show.
    pub extent: Extent,
    pub(crate) checks: &'static [Check],
}

impl Control {
    /// The kinds of files and the names of rules that its checks of configuration go by.
    pub fn rules(
        &self,
    ) -> impl Iterator<Item = (&'static [&'static str], &'static [&'static str])> + '_ {
        self.checks.iter().filter_map(|check| match check {
            Check::Rules {
                kinds, references, ..
            } => Some((*kinds, *references)),
            _ => None,
        })
    }

    /// The checks that stand for it, in words.
    pub fn checks(&self) -> impl Iterator<Item = String> + '_ {
        self.checks.iter().map(Check::describe)
    }
}

const fn whole(id: &'static str, title: &'static str, checks: &'static [Check]) -> Control {
    Control {
        id,
        title,
        extent: Extent::Whole,
        checks,
    }
}

const fn part(
    id: &'static str,
    title: &'static str,
    checks: &'static [Check],
    rest: &'static str,
) -> Control {
    Control {
        id,
        title,
        extent: Extent::Part(rest),
        checks,
    }
}

const fn nothing(id: &'static str, title: &'static str, why: &'static str) -> Control {
    Control {
        id,
        title,
        extent: Extent::Nothing(why),
        checks: &[],
    }
}

/// All controls of a framework, those that nothing of ours covers included.
#[must_use]
pub const fn controls(framework: Framework) -> &'static [Control] {
    match framework {
        Framework::Soc2 => soc2::CONTROLS,
        Framework::PciDss4 => pci::CONTROLS,
        Framework::Nist800190 => nist::CONTROLS,
        Framework::CisDocker => docker::CONTROLS,
        Framework::CisKubernetes => kubernetes::CONTROLS,
    }
}

/// What was looked for, which a report does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Packages were matched with advisories.
    pub vulnerabilities: bool,
    /// Secrets were looked for.
    pub secrets: bool,
    /// Kinds of files whose configuration was checked, as in
    /// [`Misconfiguration::kind`](seaworthy_model::Misconfiguration::kind): `image`, `dockerfile`,
    /// `kubernetes` …; a kind without any such file in the target does not belong here.
    pub configurations: BTreeSet<String>,
}

/// All that speaks for and against an image.
#[derive(Debug, Clone)]
pub struct Evidence<'a> {
    /// The report.
    pub report: &'a Report,
    /// What was looked for.
    pub scanned: Scanned,
    /// The rules that the configuration scanner has: a control whose rules it does not have is not
    /// covered, however clean the report.
    pub rules: RuleSet,
    /// Signatures and attestations, as far as somebody looked.
    pub supply: Supply,
    /// When the image was scanned; none when not known.
    pub scanned_at: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
    /// Findings that somebody decided to live with: they violate nothing, and are mentioned.
    pub waivers: Waivers,
}

/// What the checks say about a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A check found something against it.
    Violated,
    /// A check could not be made.
    NotAssessed,
    /// All checks were made and found nothing.
    Met,
    /// No check of ours is about it.
    NotCovered,
}

impl Status {
    /// All, the most urgent first.
    pub const ALL: [Self; 4] = [
        Self::Violated,
        Self::NotAssessed,
        Self::Met,
        Self::NotCovered,
    ];

    /// The words for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Violated => "violated",
            Self::NotAssessed => "not assessed",
            Self::Met => "met",
            Self::NotCovered => "not covered",
        }
    }
}

/// A control and what the checks say about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlResult {
    /// Its number.
    pub id: &'static str,
    /// What it asks, in our words.
    pub title: &'static str,
    /// The answer.
    pub status: Status,
    /// What it asks beyond our checks; empty when they show all of it.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub beyond: &'static str,
    /// The checks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckResult>,
}

/// A framework, control by control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComplianceReport {
    /// The framework.
    pub framework: Framework,
    /// Its name and edition.
    pub title: &'static str,
    /// What was scanned.
    pub image: String,
    /// Its digest; empty outside images.
    pub digest: String,
    /// When this was written, ISO 8601 with offset.
    pub date: String,
    /// Controls per status; the key is [`Status::name`] with underscores.
    pub summary: std::collections::BTreeMap<&'static str, usize>,
    /// The controls, in the order of the framework.
    pub controls: Vec<ControlResult>,
}

impl ComplianceReport {
    /// How many controls have a status.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.controls.iter().filter(|c| c.status == status).count()
    }
}

/// Puts the evidence beside every control of a framework.
#[must_use]
pub fn evaluate(framework: Framework, evidence: &Evidence<'_>) -> ComplianceReport {
    let facts = check::Facts::new(evidence);
    let results: Vec<ControlResult> = controls(framework)
        .iter()
        .map(|control| {
            let checks: Vec<CheckResult> = control.checks.iter().map(|c| c.run(&facts)).collect();
            ControlResult {
                id: control.id,
                title: control.title,
                status: status(&checks),
                beyond: match control.extent {
                    Extent::Whole => "",
                    Extent::Part(rest) | Extent::Nothing(rest) => rest,
                },
                checks,
            }
        })
        .collect();
    let mut report = ComplianceReport {
        framework,
        title: framework.title(),
        image: evidence.report.target.image().to_owned(),
        digest: crate::diff::digest(evidence.report),
        date: iso(evidence.now),
        summary: std::collections::BTreeMap::new(),
        controls: results,
    };
    for (status, key) in [
        (Status::Violated, "violated"),
        (Status::NotAssessed, "not_assessed"),
        (Status::Met, "met"),
        (Status::NotCovered, "not_covered"),
    ] {
        let count = report.count(status);
        report.summary.insert(key, count);
    }
    report
}

/// A violation outweighs everything; a check that could not be made outweighs those that could. A
/// check that this build does not have leaves the control open, unless there is none else.
fn status(checks: &[CheckResult]) -> Status {
    let any = |status| checks.iter().any(|check| check.status == status);
    let all = |status| checks.iter().all(|check| check.status == status);
    if any(Status::Violated) {
        Status::Violated
    } else if all(Status::NotCovered) {
        Status::NotCovered
    } else if any(Status::NotAssessed) || any(Status::NotCovered) {
        Status::NotAssessed
    } else {
        Status::Met
    }
}
