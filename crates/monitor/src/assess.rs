//! Before against after: `container-security-final-assessment.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use jiff::Timestamp;
use seaworthy_model::{ExitClass, Finding, Remediation, Report, Severity};
use serde::Serialize;

use crate::diff::active;
use crate::standing::{counted, incomplete, lists_packages, tells_exploited};
use crate::{Diff, Error, Tally, Waivers, diff, iso, text, write_json};

/// The name of the file that the pipelines of the field expect.
pub const ASSESSMENT_FILE: &str = "container-security-final-assessment.json";

/// How many high findings a secure image may have (the field's rule).
const HIGH_ALLOWED: u64 = 2;
/// From how many high findings on the field recommends to reduce them.
const HIGH_MANY: u64 = 5;

/// What the reports do not say.
#[derive(Debug, Clone)]
pub struct AssessOptions {
    /// Name of the project.
    pub project: String,
    /// When the assessment is made.
    pub now: Timestamp,
    /// Findings of the secure image that somebody decided to live with; they do not count.
    pub waivers: Waivers,
}

/// What the secure image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FinalStatus {
    /// No critical finding, at most two high ones, and nothing else that speaks against it.
    Secure,
    /// No critical finding.
    Acceptable,
    /// Critical findings, or a policy that it breaks.
    NeedsImprovement,
    /// One of the reports was not assessed: nothing can be said.
    Unknown,
}

impl FinalStatus {
    /// The word in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secure => "SECURE",
            Self::Acceptable => "ACCEPTABLE",
            Self::NeedsImprovement => "NEEDS_IMPROVEMENT",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// How the process should end: as in the field, only `NEEDS_IMPROVEMENT` fails; and what was
    /// not assessed is no success either.
    #[must_use]
    pub const fn exit_class(self) -> ExitClass {
        match self {
            Self::Secure | Self::Acceptable => ExitClass::Pass,
            Self::NeedsImprovement => ExitClass::GateFailed,
            Self::Unknown => ExitClass::NotAssessed,
        }
    }
}

/// The content of [`ASSESSMENT_FILE`]: the keys of the field, and ours after them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    /// When, ISO 8601 with offset.
    pub scan_date: String,
    /// Name of the project.
    pub project: String,
    /// What was scanned before.
    pub original_image: String,
    /// What was scanned after.
    pub secure_image: String,
    /// `critical_reduced`, `high_reduced` … : before minus after, negative when it got worse; what
    /// the secure image's scan could not see is not reduced, and what one of the scans did not look
    /// for is left out. Empty when one of the reports was not assessed.
    pub security_improvements: BTreeMap<String, i64>,
    /// The verdict.
    pub final_status: FinalStatus,
    /// What to do next, most urgent first.
    pub recommendations: Vec<String>,
    /// Why the verdict is what it is, one sentence each.
    pub status_reasons: Vec<String>,
    /// Whether both reports were assessed.
    pub assessed: bool,
    /// Findings of the original image.
    pub original_vulnerabilities: Tally,
    /// Findings of the secure image, without the waived ones.
    pub secure_vulnerabilities: Tally,
    /// What was fixed, what is new, what remains.
    pub difference: Diff,
}

/// Assesses a secured image against the original one.
#[must_use]
pub fn assess(before: &Report, after: &Report, options: &AssessOptions) -> Assessment {
    let difference = diff(before, after, &options.waivers);
    let assessed = difference.old.is_assessed() && difference.new.is_assessed();
    let counts = Tally::of(unwaived(after, &options.waivers).map(|f| f.severity));
    let improvements = if assessed {
        improvements(before, after, &options.waivers, &counts, &difference)
    } else {
        BTreeMap::new()
    };
    let (final_status, status_reasons) = status(after, &counts, options, &difference);
    Assessment {
        scan_date: iso(options.now),
        project: options.project.clone(),
        original_image: before.target.image().to_owned(),
        secure_image: after.target.image().to_owned(),
        recommendations: recommendations(after, &counts, &improvements, &difference),
        security_improvements: improvements,
        final_status,
        status_reasons,
        assessed,
        original_vulnerabilities: difference.old.vulnerabilities,
        secure_vulnerabilities: counts,
        difference,
    }
}

fn unwaived<'a>(report: &'a Report, waivers: &'a Waivers) -> impl Iterator<Item = &'a Finding> {
    active(report).filter(|finding| {
        let package = report.inventory.packages.get(finding.package);
        package.is_none_or(|package| waivers.covers(finding, package).is_none())
    })
}

/// The findings of the original image of which the secure one's scan can tell whether they are gone.
fn told<'a>(before: &'a Report, difference: &'a Diff) -> Vec<&'a Finding> {
    let untold: BTreeSet<_> = difference
        .not_assessed
        .iter()
        .map(|change| (change.kind, change.package.as_str(), change.id.as_str()))
        .collect();
    let is_told = |finding: &&Finding| {
        let package = before.inventory.packages.get(finding.package);
        package.is_none_or(|package| {
            !untold.contains(&(package.kind, package.name.as_str(), finding.id.as_str()))
        })
    };
    active(before).filter(is_told).collect()
}

fn improvements(
    before: &Report,
    after: &Report,
    waivers: &Waivers,
    counts: &Tally,
    difference: &Diff,
) -> BTreeMap<String, i64> {
    let told = told(before, difference);
    let original = Tally::of(told.iter().map(|f| f.severity));
    let number = |count: usize| Some(count as u64);
    let both = |is: fn(&Finding) -> bool| {
        (
            number(told.iter().filter(|f| is(f)).count()),
            number(unwaived(after, waivers).filter(|f| is(f)).count()),
        )
    };
    let fixable = both(Finding::is_fixable);
    let exploited = match [before, after].map(tells_exploited) {
        [true, true] => both(|f| f.kev.is_some()),
        _ => (None, None),
    };
    let looked = |scanner, of: fn(&Report) -> usize| {
        let count = |report| counted(report, scanner, of(report));
        (count(before), count(after))
    };
    let mut map: BTreeMap<String, i64> = Severity::WORST_FIRST
        .into_iter()
        .map(|s| {
            let less = reduced(original.get(s), counts.get(s));
            (format!("{}_reduced", s.name()), less)
        })
        .collect();
    let packages = |report: &Report| {
        let count = report.inventory.packages.len();
        number(count).filter(|_| lists_packages(report))
    };
    for (key, counts) in [
        ("fixable_reduced", fixable),
        ("exploited_reduced", exploited),
        ("secrets_reduced", looked("secret", |r| r.secrets.len())),
        (
            "misconfigurations_reduced",
            looked("config", |r| r.misconfigurations.len()),
        ),
        ("packages_reduced", (packages(before), packages(after))),
    ] {
        if let (Some(old), Some(new)) = counts {
            map.insert(key.to_owned(), reduced(old, new));
        }
    }
    map
}

fn reduced(before: u64, after: u64) -> i64 {
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    signed(before) - signed(after)
}

/// The field's rule over the counts; what the counts do not see can only make it worse.
fn status(
    after: &Report,
    counts: &Tally,
    options: &AssessOptions,
    difference: &Diff,
) -> (FinalStatus, Vec<String>) {
    let mut reasons = Vec::new();
    for subject in [&difference.old, &difference.new] {
        for gap in &subject.not_assessed {
            reasons.push(format!("{} was not assessed: {gap}", subject.name));
        }
    }
    if !reasons.is_empty() {
        return (FinalStatus::Unknown, reasons);
    }
    if counts.critical > 0 {
        reasons.push(found(
            counts.critical,
            "critical vulnerability",
            "critical vulnerabilities",
        ));
    }
    if !after.gate.rule.is_empty() && !after.gate.passed {
        reasons.push(format!("the gate failed: {}", after.gate.rule));
    }
    if !reasons.is_empty() {
        return (FinalStatus::NeedsImprovement, reasons);
    }
    if counts.high > HIGH_ALLOWED {
        reasons.push(format!(
            "{} high vulnerabilities, more than {HIGH_ALLOWED}",
            counts.high
        ));
    }
    let exploited = unwaived(after, &options.waivers)
        .filter(|f| f.kev.is_some())
        .count() as u64;
    for (count, one, many) in [
        (
            exploited,
            "vulnerability that is known to be exploited",
            "vulnerabilities that are known to be exploited",
        ),
        (after.secrets.len() as u64, "secret", "secrets"),
    ] {
        if count > 0 {
            reasons.push(found(count, one, many));
        }
    }
    if let Some(support) = after.support.as_ref().filter(|support| support.ended) {
        reasons.push(match support.end.as_str() {
            // Other scanners tell that it is over, and not since when.
            "" => "the distribution gets no more security fixes".to_owned(),
            day => format!("the distribution gets no more security fixes since {day}"),
        });
    }
    reasons.extend(
        incomplete(after)
            .into_iter()
            .map(|gap| format!("not all was assessed: {gap}")),
    );
    if !difference.not_assessed.is_empty() {
        reasons.push(format!(
            "of {} the new scan cannot tell whether they are gone",
            text::counted(difference.not_assessed.len(), "earlier finding")
        ));
    }
    if reasons.is_empty() {
        reasons.push(format!(
            "no critical vulnerability and {} high, at most {HIGH_ALLOWED} are allowed",
            counts.high
        ));
        (FinalStatus::Secure, reasons)
    } else {
        (FinalStatus::Acceptable, reasons)
    }
}

fn found(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The field's three sentences, word for word because scripts look for them, and ours.
fn recommendations(
    after: &Report,
    counts: &Tally,
    improvements: &BTreeMap<String, i64>,
    difference: &Diff,
) -> Vec<String> {
    let mut list = Vec::new();
    if !difference.new.is_assessed() || !difference.old.is_assessed() {
        list.push(
            "Scan again where every package can be assessed: nothing is known yet".to_owned(),
        );
    }
    if counts.critical > 0 {
        list.push("Address remaining critical vulnerabilities".to_owned());
    }
    if counts.high > HIGH_MANY {
        list.push("Reduce high-severity vulnerabilities".to_owned());
    }
    if improvements.get("critical_reduced").is_some_and(|&n| n > 0) {
        list.push("Security hardening was successful".to_owned());
    }
    if !difference.introduced.is_empty() {
        list.push(format!(
            "Look at what came with the change: {}",
            text::counted(difference.introduced.len(), "new finding")
        ));
    }
    if !difference.not_assessed.is_empty() {
        list.push(format!(
            "Find out about {} that the new scan could not see",
            text::counted(difference.not_assessed.len(), "earlier finding")
        ));
    }
    if !after.secrets.is_empty() {
        list.push(format!(
            "Remove {} from the image and revoke what they open",
            text::counted(after.secrets.len(), "secret")
        ));
    }
    if after.support.as_ref().is_some_and(|support| support.ended) {
        list.push("Move to a release of the distribution that still gets fixes".to_owned());
    }
    if after.hidden > 0 {
        list.push(format!(
            "Assess reports without display filters: {} hidden",
            after.hidden
        ));
    }
    list.extend(after.remediations.iter().take(3).map(remedy));
    list
}

fn remedy(remediation: &Remediation) -> String {
    let clears = text::counted(remediation.clears, "finding");
    match &remediation.command {
        Some(command) => format!("{} (`{command}`, clears {clears})", remediation.summary),
        None => format!("{} (clears {clears})", remediation.summary),
    }
}

impl Assessment {
    /// Writes the JSON file.
    ///
    /// # Errors
    /// When the sink refuses the bytes.
    pub fn write_json(&self, out: &mut dyn Write) -> Result<(), Error> {
        write_json("the assessment", self, out)
    }
}

#[cfg(test)]
mod tests {
    use seaworthy_model::{CoverageKind, GateResult, PackageType, Secret, Support};

    use super::*;
    use crate::sample;

    fn options(waivers: Waivers) -> AssessOptions {
        AssessOptions {
            project: "shop".to_owned(),
            now: sample::now(),
            waivers,
        }
    }

    fn with(severities: &[Severity]) -> Report {
        let mut report = sample::report("shop/web:2");
        for (at, &severity) in severities.iter().enumerate() {
            let id = format!("CVE-2026-{at}");
            sample::vulnerable(&mut report, &id, "curl", "8.0", severity);
        }
        report
    }

    #[test]
    fn the_status_follows_the_fields_rule_and_can_only_get_worse() {
        use Severity::{Critical, High, Medium};
        let check = |after: &Report, expected: FinalStatus| {
            let found = assess(&with(&[Critical; 3]), after, &options(Waivers::default()));
            assert_eq!(found.final_status, expected, "{:?}", found.status_reasons);
            assert!(!found.status_reasons.is_empty());
        };
        check(&with(&[]), FinalStatus::Secure);
        check(&with(&[High, High, Medium]), FinalStatus::Secure);
        check(&with(&[High, High, High]), FinalStatus::Acceptable);
        check(&with(&[Critical]), FinalStatus::NeedsImprovement);

        let mut exploited = with(&[Medium]);
        sample::exploited(&mut exploited);
        check(&exploited, FinalStatus::Acceptable);
        let mut leaking = with(&[]);
        leaking.secrets.push(Secret::default());
        check(&leaking, FinalStatus::Acceptable);
        let mut old = with(&[]);
        old.support = Some(Support {
            end: "2024-06-30".to_owned(),
            ended: true,
        });
        check(&old, FinalStatus::Acceptable);
        if let Some(support) = &mut old.support {
            support.end.clear();
        }
        let found = assess(&old, &old, &options(Waivers::default()));
        assert_eq!(
            found.status_reasons,
            ["the distribution gets no more security fixes"]
        );
        let mut refused = with(&[]);
        refused.gate = GateResult {
            rule: "policy".to_owned(),
            passed: false,
            breaking: 1,
            rules: Some(1),
        };
        check(&refused, FinalStatus::NeedsImprovement);
    }

    #[test]
    fn what_was_not_assessed_is_never_secure() {
        let mut blind = with(&[]);
        sample::gap(&mut blind, CoverageKind::UnknownDistribution, "plan9");
        let clean = with(&[]);
        for allowed in [false, true] {
            blind.unknown_allowed = allowed;
            for (before, after) in [(&clean, &blind), (&blind, &clean)] {
                let found = assess(before, after, &options(Waivers::default()));
                assert_eq!(found.final_status, FinalStatus::Unknown);
                assert_eq!(found.final_status.exit_class(), ExitClass::NotAssessed);
                assert!(found.security_improvements.is_empty());
                assert!(!found.assessed);
            }
        }
    }

    #[test]
    fn what_the_new_scan_cannot_see_is_neither_fixed_nor_secure() {
        let mut before = with(&[Severity::Critical, Severity::High]);
        let at = sample::package_of(&mut before, PackageType::Npm, "lodash", "4");
        for id in ["CVE-2020-1", "CVE-2020-2"] {
            before
                .findings
                .push(sample::finding(id, at, Severity::Critical));
        }
        let mut after = with(&[]);
        sample::package(&mut after, "curl", "9.0");
        sample::package_of(&mut after, PackageType::Npm, "lodash", "4");
        let check = |after: &Report, status: FinalStatus, critical: i64| {
            let found = assess(&before, after, &options(Waivers::default()));
            assert_eq!(found.final_status, status, "{:?}", found.status_reasons);
            assert_eq!(found.security_improvements["critical_reduced"], critical);
            assert_eq!(found.security_improvements["high_reduced"], 1);
        };
        check(&after, FinalStatus::Secure, 3);
        let mut blind = after.clone();
        sample::gap(&mut blind, CoverageKind::NoShard, "npm");
        check(&blind, FinalStatus::Acceptable, 1);
        let mut hidden = after.clone();
        hidden.hidden = 4;
        check(&hidden, FinalStatus::Acceptable, 3);
        // None of its packages had an answer.
        sample::gap(&mut blind, CoverageKind::NoShard, "debian:12");
        let found = assess(&before, &blind, &options(Waivers::default()));
        assert_eq!(found.final_status, FinalStatus::Unknown);
    }

    #[test]
    fn what_was_not_looked_for_is_not_reduced() {
        let mut before = with(&[]);
        before.secrets.push(Secret::default());
        let mut after = with(&[]);
        let reduced = |after: &Report| {
            let found = assess(&before, after, &options(Waivers::default()));
            found.security_improvements.get("secrets_reduced").copied()
        };
        assert_eq!(reduced(&after), Some(1));
        after.scanners = vec!["vuln".to_owned()];
        assert_eq!(reduced(&after), None);
        after.scanners = vec!["secret".to_owned()];
        let found = assess(&before, &after, &options(Waivers::default()));
        assert_eq!(found.final_status, FinalStatus::Unknown);
    }

    #[test]
    fn waived_findings_do_not_count_and_are_listed() {
        let after = with(&[Severity::Critical]);
        let waivers = [crate::Waiver {
            id: "CVE-2026-0".to_owned(),
            package: None,
            path: None,
            reason: "not reachable".to_owned(),
        }]
        .into_iter()
        .collect();
        let found = assess(&with(&[]), &after, &options(waivers));
        assert_eq!(found.final_status, FinalStatus::Secure);
        assert_eq!(found.difference.waived.len(), 1);
    }

    #[test]
    fn the_file_has_the_keys_and_sentences_of_the_field() {
        use Severity::{Critical, High};
        let before = with(&[Critical, Critical, High]);
        let after = with(&[Critical, High, High, High, High, High, High]);
        let found = assess(&before, &after, &options(Waivers::default()));
        let mut bytes = Vec::new();
        found.write_json(&mut bytes).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(json["scan_date"], "2026-11-25T13:36:51+00:00");
        assert_eq!(json["project"], "shop");
        assert_eq!(json["original_image"], "shop/web:2");
        assert_eq!(json["secure_image"], "shop/web:2");
        assert_eq!(json["security_improvements"]["critical_reduced"], 1);
        assert_eq!(json["security_improvements"]["high_reduced"], -5);
        assert_eq!(json["security_improvements"]["medium_reduced"], 0);
        assert_eq!(json["security_improvements"]["low_reduced"], 0);
        assert_eq!(json["final_status"], "NEEDS_IMPROVEMENT");
        let sentences: Vec<_> = json["recommendations"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|v| v.as_str())
            .collect();
        for sentence in [
            "Address remaining critical vulnerabilities",
            "Reduce high-severity vulnerabilities",
            "Security hardening was successful",
        ] {
            assert!(sentences.contains(&sentence), "{sentence}: {sentences:?}");
        }
    }
}
