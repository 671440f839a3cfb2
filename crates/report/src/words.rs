//! The words and derived values that several formats share.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use seaworthy_model::{
    Date, Distribution, ExitClass, Finding, Layer, Origin, Package, PackageType, Report, Severity,
    State,
};
use uuid::Uuid;

use crate::issues;

/// A finding with the package that it is about.
pub(crate) fn findings(report: &Report) -> impl Iterator<Item = (&Finding, &Package)> {
    report
        .findings
        .iter()
        .filter_map(|f| Some((f, report.inventory.packages.get(f.package)?)))
}

/// Where the first package of each name stands, for what names packages without a version.
pub(crate) fn places_by_name(packages: &[Package]) -> HashMap<String, usize> {
    let mut places = HashMap::new();
    for (at, package) in packages.iter().enumerate() {
        places.entry(package.name.clone()).or_insert(at);
    }
    places
}

/// What is to be said about a release that gets no more fixes.
pub(crate) fn end_of_support(report: &Report) -> Option<String> {
    let support = report.support.as_ref().filter(|support| support.ended)?;
    let name = &report.inventory.distribution.as_ref()?.name;
    // Another scanner may tell that it has ended, and not when.
    let since = match support.end.as_str() {
        "" => String::new(),
        day => format!(" since {day}"),
    };
    Some(format!("{name} gets no more security fixes{since}"))
}

/// Whether the allowlist approves a finding, by its id or an alias.
pub(crate) fn is_approved(finding: &Finding, approved: &BTreeSet<String>) -> bool {
    approved.contains(&finding.id) || finding.aliases.iter().any(|a| approved.contains(a))
}

/// The layer that brought a package.
pub(crate) fn layer<'a>(report: &'a Report, package: &Package) -> Option<&'a Layer> {
    let index = usize::try_from(package.evidence.layer?).ok()?;
    report.inventory.image.as_ref()?.layers.get(index)
}

/// What to say of a fix, in a word or two.
pub(crate) const fn fix_word(finding: &Finding, kind: PackageType) -> &'static str {
    match finding.state {
        State::Fixed => match kind {
            PackageType::Deb => "apt upgrade",
            PackageType::Apk => "apk upgrade",
            PackageType::Rpm => "rpm upgrade",
            PackageType::Alpm => "pacman upgrade",
            other => other.label(),
        },
        State::Affected => "no fix yet",
        State::WillNotFix => "won't fix",
        State::FixDeferred => "fix deferred",
        State::EndOfLife => "end of life",
        State::UnderInvestigation => "investigating",
        State::NotAffected => "not affected",
        State::Unknown => "not known",
    }
}

/// Whose it is.
pub(crate) const fn origin_word(origin: Origin) -> &'static str {
    match origin {
        Origin::Base => "base",
        Origin::Application => "yours",
        Origin::Unknown => "",
    }
}

/// A day as the RFC 3339 time at which it begins, for formats that want a time.
pub(crate) fn midnight(day: Date) -> String {
    format!("{day}T00:00:00Z")
}

/// The verdict in capitals, and the sentence after it.
pub(crate) fn verdict(report: &Report) -> (&'static str, String) {
    let coverage = &report.inventory.coverage;
    if report.exit_class() == ExitClass::NotAssessed {
        let why = coverage.entries.iter().find(|e| e.kind.is_fatal());
        let why = why.map_or_else(String::new, |e| format!("{}: {}", e.subject, e.detail));
        return ("NOT ASSESSED", why);
    }
    let rule = report.gate.rule.as_str();
    if rule.is_empty() {
        let totals = issues::totals(report);
        return if !totals.is_empty() {
            ("FINDINGS", totals)
        } else if coverage.is_complete() {
            ("NO FINDINGS", String::new())
        } else {
            ("NO FINDINGS", "in what could be assessed".to_owned())
        };
    }
    if let (false, Some(rules)) = (report.gate.passed, report.gate.rules) {
        let broken = counted_as(rules, "rule is", "rules are");
        return ("NOT SEAWORTHY", format!("{rule}: {broken} not kept"));
    }
    match (report.gate.passed, report.gate.breaking) {
        (true, _) => match issues::totals(report) {
            totals if totals.is_empty() => ("SEAWORTHY", rule.to_owned()),
            totals => ("SEAWORTHY", format!("{rule}: nothing breaks it ({totals})")),
        },
        (false, 0) => ("NOT SEAWORTHY", rule.to_owned()),
        (false, 1) => ("NOT SEAWORTHY", format!("{rule}: 1 finding breaks it")),
        (false, n) => ("NOT SEAWORTHY", format!("{rule}: {n} findings break it")),
    }
}

/// One thing to change, as the formats for people list it.
pub(crate) struct Change<'a> {
    pub(crate) summary: Cow<'a, str>,
    pub(crate) command: Option<&'a str>,
    pub(crate) clears: usize,
    pub(crate) worst: Severity,
}

/// The least to change. A change of the base image stands in for the single upgrades of what it
/// brought: who owns the Dockerfile changes one line.
pub(crate) fn changes(report: &Report) -> Vec<Change<'_>> {
    let mut changes: Vec<Change<'_>> = report
        .remediations
        .iter()
        .map(|r| Change {
            summary: Cow::Borrowed(r.summary.as_str()),
            command: r.command.as_deref(),
            clears: r.clears,
            worst: r.worst,
        })
        .collect();
    let known = |c: &Change<'_>| c.summary.contains("base image") || c.summary.starts_with("FROM ");
    if !changes.iter().any(known)
        && let Some(base) = base_change(report)
    {
        let at = changes
            .iter()
            .position(|c| (c.worst, c.clears) < (base.worst, base.clears))
            .unwrap_or(changes.len());
        // It is one line of a Dockerfile, so it always stands among those that people see; before
        // all but one when the release has to go anyway.
        let ended = report.support.as_ref().is_some_and(|s| s.ended);
        changes.insert(at.min(if ended { 1 } else { 2 }), base);
    }
    changes
}

/// A newer base image clears what has a fix there, and everything when the release is out of
/// support and has to go anyway.
fn base_change(report: &Report) -> Option<Change<'_>> {
    let ended = report.support.as_ref().is_some_and(|s| s.ended);
    let cleared = || {
        report
            .findings
            .iter()
            .filter(|f| f.origin == Origin::Base && (ended || f.fixed_version.is_some()))
    };
    let clears = cleared().count();
    let worst = cleared().map(|f| f.severity).max()?;
    let image = report.inventory.image.as_ref()?;
    let named = image
        .labels
        .get("org.opencontainers.image.base.name")
        .map(String::as_str)
        .or(report
            .inventory
            .distribution
            .as_ref()
            .map(|d| d.name.as_str()))
        .filter(|name| !name.is_empty());
    let mut summary = "base image".to_owned();
    if let Some(name) = named {
        summary.push_str(&format!(" {name}"));
    }
    summary.push_str(if ended {
        " → a release with support"
    } else {
        " → its newest build"
    });
    Some(Change {
        summary: Cow::Owned(summary),
        command: None,
        clears,
        worst,
    })
}

/// `1 package`, `2 packages`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    counted_as(count, noun, &format!("{noun}s"))
}

/// `1 entry`, `2 entries`.
pub(crate) fn counted_as(count: usize, one: &str, many: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {many}")
    }
}

/// What there is to do about a finding, as a sentence.
pub(crate) fn solution(finding: &Finding, package: &Package) -> Option<String> {
    let name = &package.name;
    Some(match (&finding.fixed_version, finding.state) {
        (Some(fixed), _) => {
            let mut text = format!("Upgrade {name} from {} to {fixed}", package.version);
            if let Some(command) = &finding.fix_command {
                text.push_str(": ");
                text.push_str(command);
            }
            text
        }
        (None, State::WillNotFix) => {
            format!("The vendor will not fix {name}; consider removing it")
        }
        (None, State::EndOfLife) => {
            format!("{name} is past its end of life; move to a supported release")
        }
        (None, State::FixDeferred) => format!("The vendor will fix {name} later"),
        _ => return None,
    })
}

/// What was found, as a sentence of our own.
pub(crate) fn description(report: &Report, finding: &Finding, package: &Package) -> String {
    let mut text = format!(
        "{} affects {} {} ({})",
        finding.id, package.name, package.version, package.kind
    );
    if !finding.reason.range.is_empty() {
        text.push_str(&format!(
            ": {} {} is in the affected range {}",
            finding.reason.package, finding.reason.version, finding.reason.range
        ));
    }
    if !finding.reason.source.is_empty() {
        text.push_str(&format!(", says {}", finding.reason.source));
        if let Some(advisory) = &finding.reason.advisory {
            text.push_str(&format!(" in {advisory}"));
        }
    }
    text.push('.');
    if !package.evidence.path.is_empty() {
        text.push_str(&format!(" Found in {}", package.evidence.path));
        if let Some(line) = package.line {
            text.push_str(&format!(":{line}"));
        }
        if let Some(index) = package.evidence.layer {
            text.push_str(&format!(", layer {index}"));
        }
        if let Some(created_by) = layer(report, package).and_then(|l| l.created_by.as_ref()) {
            text.push_str(&format!(" ({created_by})"));
        }
        text.push('.');
    }
    if !package.dependency_path.is_empty() {
        text.push_str(&format!(
            " The project needs it through {}.",
            package.dependency_path.join(" → ")
        ));
    }
    if finding.kev.is_some() {
        text.push_str(" Known to be exploited (CISA KEV).");
    }
    text
}

/// A score of 0 to 10 that rates as the severity that counts does, so that readers which derive
/// a severity from it agree with us.
pub(crate) fn consistent_score(finding: &Finding) -> f64 {
    finding
        .ratings
        .iter()
        .filter(|r| r.source == finding.severity_source)
        .chain(&finding.ratings)
        .filter_map(|r| r.score)
        .find(|s| Severity::from_score(*s) == finding.severity)
        .unwrap_or_else(|| score_of(finding.severity))
}

/// A score of 0 to 10 that rates as the severity does, for what has no score of its own.
pub(crate) const fn score_of(severity: Severity) -> f64 {
    match severity {
        Severity::Critical => 9.5,
        Severity::High => 8.0,
        Severity::Medium => 5.5,
        Severity::Low => 2.0,
        Severity::Negligible => 0.1,
        Severity::Unknown => 0.0,
    }
}

/// `debian 12.5`; none when the distribution is not known.
pub(crate) fn system(distribution: Option<&Distribution>) -> Option<String> {
    let d = distribution?;
    Some(format!("{} {}", d.id, d.version).trim().to_owned())
}

/// A name for something that stays the same from run to run.
pub(crate) fn stable_id(parts: &[&str]) -> Uuid {
    // The unit separator keeps `a` + `bc` apart from `ab` + `c`.
    Uuid::new_v5(&Uuid::NAMESPACE_OID, parts.join("\u{1f}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_gate_tells_findings_and_a_policy_rules() {
        let mut report = sample::report();
        for (rule, breaking, rules, sentence) in [
            ("fail on high", 1, None, "fail on high: 1 finding breaks it"),
            ("fail on high", 5, None, "fail on high: 5 findings break it"),
            ("policy p", 5, Some(1), "policy p: 1 rule is not kept"),
            ("policy p", 5, Some(2), "policy p: 2 rules are not kept"),
        ] {
            rule.clone_into(&mut report.gate.rule);
            (report.gate.breaking, report.gate.rules) = (breaking, rules);
            assert_eq!(verdict(&report), ("NOT SEAWORTHY", sentence.to_owned()));
        }
    }
}
