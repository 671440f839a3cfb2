//! What a report did not look at is neither fixed nor new.

use seaworthy_model::{CoverageKind, Location, Misconfiguration, Secret};

use super::tests::{compare, only, with, without};
use super::*;
use crate::{View, sample};

#[test]
fn what_the_new_report_cannot_see_is_not_fixed() {
    for (kind, subject, version) in [
        (CoverageKind::NoShard, "debian:12", Some("1.0")),
        (CoverageKind::StarterOnly, "debian:12", Some("1.1")),
        (CoverageKind::UnknownDistribution, "plan9", None),
        (CoverageKind::UnreadableDatabase, "var/lib/dpkg", None),
        (CoverageKind::SkippedLayer, "layer 3", None),
        (CoverageKind::SkippedFile, "var/lib/dpkg/status", None),
        (CoverageKind::UncomparableVersion, "curl 1.1", Some("1.1")),
        (CoverageKind::ScannerFailed, "trivy", Some("1.1")),
        (CoverageKind::SupportEnded, "debian:12/curl", Some("1.1")),
        (CoverageKind::SupportEnded, "debian:12", Some("1.1")),
    ] {
        let mut new = version.map_or_else(|| sample::report("w"), without);
        sample::gap(&mut new, kind, subject);
        let found = compare(&with("1.0"), &new);
        assert_eq!(only(&found).0, "not assessed", "{kind:?}");
    }
    // A gap of something else, or one that the old report has too, hides nothing.
    let mut new = without("1.1");
    sample::gap(&mut new, CoverageKind::NoShard, "npm");
    sample::gap(&mut new, CoverageKind::SupportEnded, "debian:12/php-horde");
    assert_eq!(only(&compare(&with("1.0"), &new)).0, "fixed");
    let (mut old, mut new) = (with("1.0"), without("1.1"));
    for report in [&mut old, &mut new] {
        sample::gap(report, CoverageKind::StarterOnly, "debian:12");
    }
    assert_eq!(only(&compare(&old, &new)).0, "fixed");
}

/// Trivy's reports and others, of which every package has a finding.
#[test]
fn packages_of_reports_that_list_only_what_is_vulnerable_did_not_go() {
    let (mut old, mut new) = (with("1.0"), sample::report("w"));
    sample::vulnerable(&mut new, "CVE-2", "zlib1g", "1", Severity::Low);
    for report in [&mut old, &mut new] {
        report.tool.name = "trivy".to_owned();
    }
    let found = compare(&old, &new);
    assert_eq!(
        found.fixed[0].cause.describe("->"),
        "no longer reported (was 1.0), package changed or removed"
    );
    assert_eq!(
        found.introduced[0].cause.describe("->"),
        "newly reported (1), package not listed before"
    );
    assert_eq!(found.packages, PackageChanges::default());
    assert_eq!(found.caveats.len(), 2, "{:?}", found.caveats);
    // With `--list-all-pkgs` it is as with ours.
    sample::package(&mut old, "libc6", "2");
    sample::package(&mut new, "libc6", "2");
    let found = compare(&old, &new);
    assert_eq!(
        found.fixed[0].cause.describe("->"),
        "package removed (was 1.0)"
    );
    assert_eq!(
        (found.packages.removed.len(), found.packages.added.len()),
        (1, 1)
    );
}

#[test]
fn what_nobody_looked_for_is_not_fixed() {
    let (mut old, mut new) = (sample::report("a"), sample::report("b"));
    old.secrets = vec![Secret::default()];
    let found = compare(&old, &new);
    assert_eq!((found.issues.fixed.len(), found.caveats.len()), (1, 0));
    new.scanners = vec!["vuln".to_owned()];
    let found = compare(&old, &new);
    assert!(found.issues.fixed.is_empty());
    assert_eq!(found.issues.not_assessed.len(), 1);
    assert!(
        found.caveats[0].contains("did not look for secrets"),
        "{:?}",
        found.caveats
    );
    let found = compare(&new, &old);
    assert!(
        found.caveats[0].contains("may have been there before"),
        "{:?}",
        found.caveats
    );
    // A report that does not tell what it looked for.
    new.scanners.clear();
    let found = compare(&old, &new);
    assert_eq!((found.issues.fixed.len(), found.caveats.len()), (1, 1));
}

#[test]
fn issues_of_one_rule_are_one_row_with_their_places() {
    let (old, mut new) = (sample::report("a"), sample::report("b"));
    let issue = |path: &str| Misconfiguration {
        rule: "SW-IMG-0032".to_owned(),
        title: "Program with the rights of another".to_owned(),
        location: Location::line(path, 0),
        ..Misconfiguration::default()
    };
    let paths = [
        "usr/bin/su",
        "usr/bin/mount",
        "usr/bin/chsh",
        "usr/bin/gpasswd",
    ];
    new.misconfigurations = paths.map(issue).to_vec();
    new.secrets.push(Secret {
        rule: "aws-key".to_owned(),
        title: "AWS key".to_owned(),
        location: Location::line("app/.env", 3),
        ..Secret::default()
    });
    let found = compare(&old, &new);
    // On one line, however it is broken.
    let row = |text: String, rule: &str| {
        let lines: Vec<&str> = text.lines().collect();
        let at = lines.iter().position(|line| line.contains(rule)).unwrap();
        assert!(
            lines.iter().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        let rest = lines[at + 1..]
            .iter()
            .take_while(|l| l.starts_with("     "));
        let all: Vec<&str> = std::iter::once(&lines[at])
            .chain(rest)
            .map(|l| l.trim())
            .collect();
        all.join(" ")
    };
    let all = View {
        all: true,
        unicode: false,
        ..View::default()
    };
    let short = row(found.table(View::default()), "SW-IMG-0032");
    assert!(
        short.ends_with(
            "SW-IMG-0032 Program with the rights of another ×4: usr/bin/chsh, usr/bin/gpasswd, usr/bin/mount, …"
        ),
        "{short}"
    );
    let long = row(found.table(all), "SW-IMG-0032");
    assert!(
        long.contains(" x4: ") && long.ends_with("usr/bin/mount, usr/bin/su"),
        "{long}"
    );
    assert!(row(found.table(all), "aws-key").ends_with("secret aws-key (AWS key): app/.env:3"));
    assert!(
        found
            .markdown()
            .contains("×4&#58; usr/bin/chsh, usr/bin/gpasswd, usr/bin/mount, usr/bin/su")
    );
}
