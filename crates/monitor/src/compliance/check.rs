//! The checks that stand for controls.

use std::collections::{BTreeMap, BTreeSet};

use seaworthy_model::{CoverageKind, Date, Finding, Misconfiguration, Package, Severity};
use serde::Serialize;

use super::supply::{self, Predicate, attested_by};
use super::{Evidence, Status};
use crate::standing::{lists_packages, tells_exploited};
use crate::time::DAY;

/// How many things a check names.
const NAMED: usize = 10;

/// The id of a rule, comparable however it is written: `AVD-KSV-0017`, `KSV-0017` and `KSV017` are
/// the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RuleReference(String);

impl RuleReference {
    pub(super) fn new(id: &str) -> Self {
        let upper = id.trim().to_ascii_uppercase();
        let bare = upper.strip_prefix("AVD-").unwrap_or(&upper);
        let mut out = String::with_capacity(bare.len());
        let mut digits = String::new();
        for c in bare.chars() {
            if c.is_ascii_digit() {
                digits.push(c);
                continue;
            }
            flush(&mut digits, &mut out);
            if c.is_alphanumeric() || c == '.' {
                out.push(c);
            }
        }
        flush(&mut digits, &mut out);
        Self(out)
    }
}

/// The rules of a configuration scanner, by the kind of file that they are about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleSet {
    by_kind: BTreeMap<String, BTreeSet<RuleReference>>,
}

impl RuleSet {
    /// Adds a rule: the kind of file, as in [`Misconfiguration::kind`], its id and its references.
    pub fn insert<'a>(&mut self, kind: &str, ids: impl IntoIterator<Item = &'a str>) {
        let known = self.by_kind.entry(kind.to_owned()).or_default();
        known.extend(ids.into_iter().map(RuleReference::new));
    }

    /// Whether there is a rule of that name about a kind of file, however the name is written.
    #[must_use]
    pub fn has(&self, kind: &str, name: &str) -> bool {
        let name = RuleReference::new(name);
        self.by_kind
            .get(kind)
            .is_some_and(|known| known.contains(&name))
    }

    fn knows(&self, kind: &str, wanted: &BTreeSet<RuleReference>) -> bool {
        self.by_kind
            .get(kind)
            .is_some_and(|known| !known.is_disjoint(wanted))
    }
}

/// Digits without the zeros in front, behind a mark that keeps two numbers apart.
fn flush(digits: &mut String, out: &mut String) {
    if digits.is_empty() {
        return;
    }
    let bare = digits.trim_start_matches('0');
    if out.ends_with(|c: char| c.is_ascii_digit()) {
        out.push('-');
    }
    out.push_str(if bare.is_empty() { "0" } else { bare });
    digits.clear();
}

/// One check; several controls may share it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Check {
    /// No vulnerability of that severity or above.
    Vulnerabilities(Severity),
    /// No vulnerability of that severity or above that a fixed version exists for.
    Fixable(Severity),
    /// No vulnerability that is known to be exploited.
    Exploited,
    /// The distribution still gets security fixes.
    Supported,
    /// No secret in the image.
    Secrets,
    /// The image does not start as root.
    NonRoot,
    /// Every package is listed.
    Inventory,
    /// A trusted key signed it.
    Signature,
    /// A trusted key attests how it was built.
    Provenance,
    /// All attestations are by trusted keys.
    Attestations,
    /// The scan is not older than so many days.
    ScanAge(i64),
    /// The advisories are not older than so many days.
    DatabaseAge(i64),
    /// No finding of these rules.
    Rules {
        /// What they are about.
        what: &'static str,
        /// Kinds of files that have them, one of which must have been checked.
        kinds: &'static [&'static str],
        /// Ids under which our rules have a reference, or our own.
        references: &'static [&'static str],
    },
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckResult {
    /// What was checked.
    pub check: String,
    /// The answer.
    pub status: Status,
    /// What speaks against it, or why it was not assessed; at most ten of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// How many more there are.
    #[serde(skip_serializing_if = "is_zero")]
    pub more: usize,
    /// What limits a good answer: waivers, gaps that are not decisive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// What a good answer rests on beside the scan: who signed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proof: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// The evidence, with what every check would have to work out anew.
pub(super) struct Facts<'a> {
    evidence: &'a Evidence<'a>,
    /// Findings that count, with their package.
    findings: Vec<(&'a Finding, Option<&'a Package>)>,
    waived: usize,
    /// Gaps that forbid to say that there is no vulnerability.
    decisive: Vec<String>,
    /// How many other gaps there are.
    others: usize,
    /// References of each misconfiguration.
    misconfigurations: Vec<(&'a Misconfiguration, BTreeSet<RuleReference>)>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(evidence: &'a Evidence<'a>) -> Self {
        let report = evidence.report;
        let mut findings = Vec::new();
        let mut waived = 0;
        for finding in crate::diff::active(report) {
            let package = report.inventory.packages.get(finding.package);
            if package.is_some_and(|p| evidence.waivers.covers(finding, p).is_some()) {
                waived += 1;
            } else {
                findings.push((finding, package));
            }
        }
        let (decisive, others): (Vec<_>, Vec<_>) = report
            .inventory
            .coverage
            .entries
            .iter()
            .partition(|entry| is_decisive(entry.kind));
        Self {
            evidence,
            findings,
            waived,
            decisive: decisive
                .iter()
                .map(|e| format!("{}: {}", e.kind.name(), e.subject))
                .collect(),
            others: others.len(),
            misconfigurations: report
                .misconfigurations
                .iter()
                .map(|m| {
                    let all = std::iter::once(&m.rule).chain(&m.references);
                    (m, all.map(|id| RuleReference::new(id)).collect())
                })
                .collect(),
        }
    }
}

/// Whether a gap leaves packages without an answer; the others concern single files or versions
/// and are mentioned.
const fn is_decisive(kind: CoverageKind) -> bool {
    kind.is_fatal()
        || matches!(
            kind,
            CoverageKind::NoShard
                | CoverageKind::StarterOnly
                | CoverageKind::SkippedLayer
                | CoverageKind::SupportEnded
        )
}

impl Check {
    /// What is checked, in words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Vulnerabilities(severity) => {
                format!("no known vulnerability of severity {severity} or above")
            }
            Self::Fixable(severity) => format!(
                "no vulnerability of severity {severity} or above that a fixed version exists for"
            ),
            Self::Exploited => "no vulnerability that is known to be exploited (KEV)".to_owned(),
            Self::Supported => "the distribution and its packages get security fixes".to_owned(),
            Self::Secrets => "no secret in any layer, setting or variable".to_owned(),
            Self::NonRoot => "the image starts as another user than root".to_owned(),
            Self::Inventory => "every package is listed".to_owned(),
            Self::Signature => "the image has a signature of a trusted key".to_owned(),
            Self::Provenance => "a trusted key attests how the image was built".to_owned(),
            Self::Attestations => "every attestation is by a trusted key".to_owned(),
            Self::ScanAge(days) => format!("the scan is at most {days} days old"),
            Self::DatabaseAge(days) => format!("the advisories are at most {days} days old"),
            Self::Rules { what, .. } => (*what).to_owned(),
        }
    }

    pub(super) fn run(&self, facts: &Facts<'_>) -> CheckResult {
        let answer = match self {
            Self::Vulnerabilities(severity) => vulnerabilities(facts, |f| f.severity >= *severity),
            Self::Fixable(severity) => {
                vulnerabilities(facts, |f| f.severity >= *severity && f.is_fixable())
            }
            Self::Exploited if !tells_exploited(facts.evidence.report) => {
                Answer::unknown("the report does not tell what is known to be exploited")
            }
            Self::Exploited => vulnerabilities(facts, |f| f.kev.is_some()),
            Self::Supported => supported(facts),
            Self::Secrets => secrets(facts),
            Self::NonRoot => non_root(facts),
            Self::Inventory => inventory(facts),
            Self::Signature => supply::signature(&facts.evidence.supply),
            Self::Provenance => supply::provenance(&facts.evidence.supply),
            Self::Attestations => supply::attestations(&facts.evidence.supply),
            Self::ScanAge(days) => scan_age(facts, *days),
            Self::DatabaseAge(days) => database_age(facts, *days),
            Self::Rules {
                kinds, references, ..
            } => rules(facts, kinds, references),
        };
        answer.result(self.describe())
    }
}

/// What a check found, before it is cut to what is shown.
pub(super) struct Answer {
    pub(super) status: Status,
    pub(super) evidence: Vec<String>,
    pub(super) limits: Vec<String>,
    pub(super) proof: Vec<String>,
}

impl Answer {
    pub(super) fn met() -> Self {
        Self::of(Status::Met, Vec::new())
    }

    pub(super) fn of(status: Status, evidence: Vec<String>) -> Self {
        Self {
            status,
            evidence,
            limits: Vec::new(),
            proof: Vec::new(),
        }
    }

    pub(super) fn violated(evidence: Vec<String>) -> Self {
        Self::of(Status::Violated, evidence)
    }

    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self::of(Status::NotAssessed, vec![why.into()])
    }

    pub(super) fn shown(mut self, by: String) -> Self {
        self.proof.push(by);
        self
    }

    fn result(mut self, check: String) -> CheckResult {
        let more = self.evidence.len().saturating_sub(NAMED);
        self.evidence.truncate(NAMED);
        CheckResult {
            check,
            status: self.status,
            evidence: self.evidence,
            more,
            limits: self.limits,
            proof: self.proof,
        }
    }
}

fn vulnerabilities(facts: &Facts<'_>, counts: impl Fn(&Finding) -> bool) -> Answer {
    let against: Vec<String> = facts
        .findings
        .iter()
        .filter(|(finding, _)| counts(finding))
        .map(|(finding, package)| match package {
            Some(p) => format!(
                "{} ({}) in {} {}",
                finding.id, finding.severity, p.name, p.version
            ),
            None => format!("{} ({})", finding.id, finding.severity),
        })
        .collect();
    if !against.is_empty() {
        return Answer::violated(against);
    }
    if !facts.evidence.scanned.vulnerabilities {
        return Answer::unknown("vulnerabilities were not looked for");
    }
    if !facts.decisive.is_empty() {
        return Answer::of(Status::NotAssessed, facts.decisive.clone());
    }
    if facts.evidence.report.hidden > 0 {
        return Answer::unknown(format!(
            "display filters hide {} findings of this report",
            facts.evidence.report.hidden
        ));
    }
    let mut answer = Answer::met();
    if facts.waived > 0 {
        answer.limits.push(format!("{} waived", facts.waived));
    }
    if facts.others > 0 {
        let gaps = crate::text::counted(facts.others, "smaller gap");
        answer.limits.push(format!("{gaps} in the coverage"));
    }
    answer
}

fn supported(facts: &Facts<'_>) -> Answer {
    let report = facts.evidence.report;
    let ended =
        (report.support.iter())
            .filter(|support| support.ended)
            .map(|support| match support.end.as_str() {
                "" => "no more fixes".to_owned(),
                day => format!("no more fixes since {day}"),
            });
    let gaps = &report.inventory.coverage.entries;
    let packages = (gaps.iter())
        .filter(|entry| entry.kind == CoverageKind::SupportEnded)
        .map(|entry| format!("no more fixes for {}", entry.subject));
    let against: Vec<String> = ended.chain(packages).collect();
    if !against.is_empty() {
        return Answer::violated(against);
    }
    match &report.support {
        Some(_) => Answer::met(),
        None => Answer::unknown(match &report.inventory.distribution {
            Some(d) => format!(
                "the database does not tell until when {} gets fixes",
                d.name
            ),
            None => "no distribution was recognised".to_owned(),
        }),
    }
}

fn secrets(facts: &Facts<'_>) -> Answer {
    let report = facts.evidence.report;
    if !report.secrets.is_empty() {
        return Answer::violated(
            report
                .secrets
                .iter()
                .map(|s| format!("{} in {}", s.title, s.location.path))
                .collect(),
        );
    }
    if !facts.evidence.scanned.secrets {
        return Answer::unknown("secrets were not looked for");
    }
    let mut answer = Answer::met();
    let unread = |kind| {
        let entries = &report.inventory.coverage.entries;
        entries.iter().filter(|e| e.kind == kind).count()
    };
    if unread(CoverageKind::SkippedLayer) > 0 {
        return Answer::unknown("a layer was not read");
    }
    let files = unread(CoverageKind::SkippedFile);
    if files > 0 {
        let files = crate::text::counted(files, "file");
        answer.limits.push(format!("{files} not read"));
    }
    answer
}

/// Whether a `USER` of an image configuration is root: none, the name or the number, with or
/// without a group (OCI image configuration, `config.User`).
fn is_root(user: &str) -> bool {
    let user = user.split(':').next().unwrap_or_default().trim();
    user.is_empty() || user == "root" || (user.bytes().all(|b| b == b'0'))
}

fn non_root(facts: &Facts<'_>) -> Answer {
    match &facts.evidence.report.inventory.image {
        None => Answer::unknown("not an image"),
        Some(image) if is_root(&image.user) => Answer::violated(vec![if image.user.is_empty() {
            "no user is set, so it starts as root".to_owned()
        } else {
            format!("starts as `{}`", image.user)
        }]),
        Some(image) if image.user_id == Some(0) => Answer::violated(vec![format!(
            "starts as `{}`, which is user 0 in the image's own list",
            image.user
        )]),
        Some(image) => {
            let mut answer = Answer::met();
            let is_name = image.user.starts_with(|c: char| !c.is_ascii_digit());
            if is_name && image.user_id.is_none() {
                let limit = format!("the number of `{}` is not known", image.user);
                answer.limits.push(limit);
            }
            answer
        }
    }
}

fn inventory(facts: &Facts<'_>) -> Answer {
    let coverage = &facts.evidence.report.inventory.coverage;
    let unread: Vec<String> = coverage
        .entries
        .iter()
        .filter(|e| {
            matches!(
                e.kind,
                CoverageKind::UnreadableDatabase
                    | CoverageKind::SkippedLayer
                    | CoverageKind::UnknownDistribution
                    | CoverageKind::ScannerFailed
            )
        })
        .map(|e| format!("{}: {}", e.kind.name(), e.subject))
        .collect();
    if !unread.is_empty() {
        return Answer::of(Status::NotAssessed, unread);
    }
    if !lists_packages(facts.evidence.report) {
        return Answer::unknown("the report lists only packages with findings");
    }
    let mut answer = Answer::met();
    let keys = attested_by(&facts.evidence.supply, Predicate::BillOfMaterials);
    if !keys.is_empty() {
        answer = answer.shown(format!("bill of materials attested by {}", keys.join(", ")));
    }
    let skipped = coverage
        .entries
        .iter()
        .filter(|e| e.kind == CoverageKind::SkippedFile)
        .count();
    if skipped > 0 {
        let files = crate::text::counted(skipped, "file");
        answer.limits.push(format!("{files} not read"));
    }
    answer
}

fn scan_age(facts: &Facts<'_>, days: i64) -> Answer {
    let Some(at) = facts.evidence.scanned_at else {
        return Answer::unknown("nobody says when it was scanned");
    };
    let age = (facts.evidence.now.as_second() - at.as_second()) / DAY;
    if age > days {
        Answer::violated(vec![format!("scanned {age} days ago")])
    } else {
        not_of_the_future(age)
    }
}

/// Clocks differ by hours at most; a day that has not come yet says nothing about an age.
fn not_of_the_future(age: i64) -> Answer {
    if age < -1 {
        Answer::unknown("its date lies in the future: one of the clocks is wrong")
    } else {
        Answer::met()
    }
}

fn database_age(facts: &Facts<'_>, days: i64) -> Answer {
    let now = Date::from_seconds(facts.evidence.now.as_second());
    match facts.evidence.report.database.date.parse::<Date>() {
        Err(_) => Answer::unknown("the database does not tell its date"),
        Ok(day) => match i64::from(now.since(day)) {
            age if age > days => Answer::violated(vec![format!("{age} days old")]),
            age => not_of_the_future(age),
        },
    }
}

fn rules(facts: &Facts<'_>, kinds: &[&str], references: &[&str]) -> Answer {
    let wanted: BTreeSet<RuleReference> =
        references.iter().map(|id| RuleReference::new(id)).collect();
    let against: Vec<String> = facts
        .misconfigurations
        .iter()
        .filter(|(m, ids)| kinds.contains(&m.kind.as_str()) && !ids.is_disjoint(&wanted))
        .map(|(m, _)| {
            let line = match m.location.start_line {
                0 => String::new(),
                line => format!(":{line}"),
            };
            format!("{} {} at {}{line}", m.rule, m.title, m.location.path)
        })
        .collect();
    if !against.is_empty() {
        return Answer::violated(against);
    }
    let covered: Vec<&str> = kinds
        .iter()
        .copied()
        .filter(|kind| facts.evidence.rules.knows(kind, &wanted))
        .collect();
    if covered.is_empty() {
        return Answer::of(
            Status::NotCovered,
            vec!["this build has no rule for it".to_owned()],
        );
    }
    let scanned = &facts.evidence.scanned.configurations;
    if !covered.iter().any(|kind| scanned.contains(*kind)) {
        return Answer::unknown(format!("no {} file was checked", covered.join(" or ")));
    }
    let mut answer = Answer::met();
    for kind in kinds {
        if scanned.contains(*kind) && !covered.contains(kind) {
            answer
                .limits
                .push(format!("{kind} files are not checked for it"));
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_the_same_however_written() {
        for (a, b, same) in [
            ("AVD-KSV-0017", "KSV017", true),
            ("ksv-0017", "KSV17", true),
            ("DL3002", "dl3002", true),
            ("CIS-DI-0001", "CIS-DI-1", true),
            ("CIS-DI-0001", "CIS-DI-0010", false),
            ("AVD-DS-0002", "DS002", true),
            ("5.2.1", "5.21", false),
            ("A-1-2", "A-12", false),
        ] {
            let equal = RuleReference::new(a) == RuleReference::new(b);
            assert_eq!(equal, same, "{a} {b}");
        }
    }

    #[test]
    fn root_has_many_spellings() {
        for (user, root) in [
            ("", true),
            ("root", true),
            ("root:root", true),
            ("0", true),
            ("0:0", true),
            ("00", true),
            (":1000", true),
            ("1000", false),
            ("1000:0", false),
            ("app", false),
        ] {
            assert_eq!(is_root(user), root, "{user}");
        }
    }
}
