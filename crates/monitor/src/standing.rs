//! How far a report speaks for its target. What was not looked at is never taken for clean.

use std::collections::BTreeSet;

use seaworthy_model::{CoverageEntry, CoverageKind, Finding, Package, Report};

/// Why a report says nothing about the vulnerabilities of its target, one sentence each; empty when
/// it says something.
pub(crate) fn not_assessed(report: &Report) -> Vec<String> {
    let entries = &report.inventory.coverage.entries;
    let mut reasons: Vec<String> = entries
        .iter()
        .filter(|entry| entry.kind.is_fatal())
        .map(sentence)
        .collect();
    if looked_for(report, "vuln") == Some(false) {
        reasons.push("vulnerabilities were not looked for".to_owned());
    }
    if reasons.is_empty() && nothing_answered(report) {
        reasons.push(format!(
            "no advisories answered for any of its {}",
            crate::text::counted(report.inventory.packages.len(), "package")
        ));
    }
    reasons
}

/// Why a report that says something does not say everything, one sentence each: an image without
/// findings is not known to be clean then.
pub(crate) fn incomplete(report: &Report) -> Vec<String> {
    let mut reasons: Vec<String> = report
        .inventory
        .coverage
        .entries
        .iter()
        .filter(|entry| leaves_packages_out(entry))
        .map(sentence)
        .collect();
    if report.hidden > 0 {
        reasons.push(format!(
            "display filters hide {}",
            crate::text::counted(report.hidden, "finding")
        ));
    }
    reasons
}

fn sentence(entry: &CoverageEntry) -> String {
    format!("{}: {}", entry.subject, entry.detail)
}

/// What stands for binaries that nobody packaged: no advisories are kept for such, in any database.
const UNPACKAGED: &str = "generic";

/// Whether a gap leaves packages without an answer that a database could give. The others concern
/// single files and versions, or packages that no advisories are about.
fn leaves_packages_out(entry: &CoverageEntry) -> bool {
    match entry.kind {
        CoverageKind::NoShard => entry.subject != UNPACKAGED,
        CoverageKind::StarterOnly | CoverageKind::SkippedLayer | CoverageKind::SupportEnded => true,
        _ => false,
    }
}

/// Whether there are packages and no shard for any of them.
fn nothing_answered(report: &Report) -> bool {
    if !report.findings.is_empty() || report.hidden > 0 {
        return false;
    }
    let without: BTreeSet<&str> = report
        .inventory
        .coverage
        .entries
        .iter()
        .filter(|entry| entry.kind == CoverageKind::NoShard)
        .map(|entry| entry.subject.as_str())
        .collect();
    let packages = &report.inventory.packages;
    !without.is_empty()
        && packages.iter().all(|package| {
            let key = shard_key(package, report);
            without.contains(key.as_deref().unwrap_or(UNPACKAGED))
        })
}

/// Whether a report tells which of its vulnerabilities are known to be exploited: ours when the
/// database had the catalogue. Other scanners that know it tell the probability of exploitation too,
/// which nearly every vulnerability has.
pub(crate) fn tells_exploited(report: &Report) -> bool {
    let tells = |f: &Finding| f.kev.is_some() || (f.epss.is_some() && !report.is_ours());
    report.findings.is_empty()
        || report.database.has_table("kev")
        || report.findings.iter().any(tells)
}

/// Whether a report lists every package. Other scanners list only those with findings, unless they
/// are asked for more; that shows when each package of theirs has one.
pub(crate) fn lists_packages(report: &Report) -> bool {
    if report.is_ours() {
        return true;
    }
    let with_findings: BTreeSet<usize> = report.findings.iter().map(|f| f.package).collect();
    (0..report.inventory.packages.len()).any(|package| !with_findings.contains(&package))
}

/// The shard whose advisories are about a package.
pub(crate) fn shard_key(package: &Package, report: &Report) -> Option<String> {
    match package.kind.ecosystem() {
        Some(ecosystem) => Some(ecosystem.shard_key().to_owned()),
        None if package.kind.is_os() => report.inventory.distribution.as_ref()?.shard_key(),
        None => None,
    }
}

/// Whether a scan looked for something (a word of [`Report::scanners`]); none when the report does
/// not tell what it looked for.
pub(crate) fn looked_for(report: &Report, scanner: &str) -> Option<bool> {
    let is_missing = report
        .inventory
        .coverage
        .entries
        .iter()
        .any(|entry| entry.kind == CoverageKind::ScannerMissing && entry.subject == scanner);
    if is_missing {
        return Some(false);
    }
    (!report.scanners.is_empty()).then(|| report.scanners.iter().any(|name| name == scanner))
}

/// A number of things that one scanner finds; none when nobody looked for them, or nobody says so
/// and there are none.
pub(crate) fn counted(report: &Report, scanner: &str, number: usize) -> Option<u64> {
    match looked_for(report, scanner) {
        Some(true) => Some(number as u64),
        None if number > 0 => Some(number as u64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use seaworthy_model::{PackageType, Severity};

    use super::*;
    use crate::sample;

    fn with(packages: &[(PackageType, &str)], gaps: &[(CoverageKind, &str)]) -> Report {
        let mut report = sample::report("web:1");
        for (kind, name) in packages {
            sample::package_of(&mut report, *kind, name, "1");
        }
        for (kind, subject) in gaps {
            sample::gap(&mut report, *kind, subject);
        }
        report
    }

    #[test]
    fn a_report_without_an_answer_says_nothing() {
        use CoverageKind::{NoShard, ScannerFailed, ScannerMissing, SkippedFile, UnknownRelease};
        use PackageType::{Deb, Generic, Npm};
        for (packages, gaps, assessed) in [
            (&[(Deb, "curl")][..], &[][..], true),
            (&[(Deb, "curl")], &[(SkippedFile, "big.bin")], true),
            (&[(Deb, "curl")], &[(UnknownRelease, "debian 99")], false),
            (&[(Deb, "curl")], &[(ScannerFailed, "trivy")], false),
            (&[(Deb, "curl")], &[(NoShard, "debian:12")], false),
            (&[(Npm, "a")], &[(NoShard, "npm")], false),
            (&[(Deb, "curl"), (Npm, "a")], &[(NoShard, "npm")], true),
            (
                &[(Deb, "curl"), (Npm, "a")],
                &[(NoShard, "npm"), (NoShard, "debian:12")],
                false,
            ),
            (&[(Generic, "redis")], &[(NoShard, "generic")], false),
            (
                &[(Generic, "redis"), (Deb, "curl")],
                &[(NoShard, "generic")],
                true,
            ),
            (&[(Deb, "curl")], &[(ScannerMissing, "vuln")], false),
            (&[(Deb, "curl")], &[(ScannerMissing, "secret")], true),
        ] {
            let reasons = not_assessed(&with(packages, gaps));
            assert_eq!(reasons.is_empty(), assessed, "{gaps:?} {reasons:?}");
        }
        // What was found was found, however little answered.
        let mut found = with(&[], &[(NoShard, "npm")]);
        sample::vulnerable(&mut found, "CVE-1", "curl", "8", Severity::Low);
        assert!(not_assessed(&found).is_empty());
    }

    #[test]
    fn what_was_not_asked_for_was_not_looked_for() {
        let mut report = with(&[(PackageType::Deb, "curl")], &[]);
        report.scanners = vec!["secret".to_owned()];
        assert_eq!(
            not_assessed(&report),
            ["vulnerabilities were not looked for"]
        );
        assert_eq!(counted(&report, "secret", 0), Some(0));
        assert_eq!(counted(&report, "config", 0), None);
        sample::gap(&mut report, CoverageKind::ScannerMissing, "secret");
        assert_eq!(counted(&report, "secret", 0), None);
        // Reports of others do not tell.
        report = with(&[], &[]);
        report.scanners.clear();
        assert!(not_assessed(&report).is_empty());
        assert_eq!(counted(&report, "secret", 0), None);
        assert_eq!(counted(&report, "secret", 2), Some(2));
    }

    #[test]
    fn scanners_that_know_of_no_exploitation_do_not_rule_it_out() {
        let mut report = with(&[], &[]);
        report.tool.name = "trivy".to_owned();
        report.database.tables.clear();
        assert!(tells_exploited(&report), "nothing there to be exploited");
        sample::vulnerable(&mut report, "CVE-1", "curl", "8", Severity::Low);
        assert!(!tells_exploited(&report));
        sample::exploited(&mut report);
        assert!(tells_exploited(&report));
        report.findings[0].kev = None;
        report.tool.name = "seaworthy".to_owned();
        assert!(!tells_exploited(&report), "the database has no such table");
        report.database.tables = vec!["kev".to_owned()];
        assert!(tells_exploited(&report));
    }

    #[test]
    fn reports_that_list_only_what_is_vulnerable_are_known_by_that() {
        let mut report = with(&[], &[]);
        sample::vulnerable(&mut report, "CVE-1", "curl", "8", Severity::Low);
        assert!(lists_packages(&report));
        report.tool.name = "trivy".to_owned();
        assert!(!lists_packages(&report));
        sample::package(&mut report, "zlib1g", "1");
        assert!(lists_packages(&report));
        report.inventory.packages.clear();
        report.findings.clear();
        assert!(!lists_packages(&report));
    }

    #[test]
    fn gaps_that_leave_packages_out_are_told_from_small_ones() {
        for (kind, subject, whole) in [
            (CoverageKind::NoShard, "npm", false),
            (CoverageKind::NoShard, "generic", true),
            (CoverageKind::StarterOnly, "debian:12", false),
            (CoverageKind::SkippedLayer, "layer 2", false),
            (CoverageKind::SupportEnded, "debian:11/php-horde", false),
            (CoverageKind::SkippedFile, "big.bin", true),
            (CoverageKind::UncomparableVersion, "curl x", true),
            (CoverageKind::StaleShard, "debian:12", true),
        ] {
            let report = with(&[(PackageType::Deb, "curl")], &[(kind, subject)]);
            assert_eq!(incomplete(&report).is_empty(), whole, "{kind:?}");
        }
        let mut report = with(&[], &[]);
        report.hidden = 2;
        assert_eq!(incomplete(&report), ["display filters hide 2 findings"]);
    }
}
