use proptest::prelude::*;
use seaworthy_model::{CoverageKind, Distribution, Location, Misconfiguration, Secret};

use super::*;
use crate::{View, Waiver, sample};

pub(super) fn compare(old: &Report, new: &Report) -> Diff {
    diff(old, new, &Waivers::default())
}

pub(super) fn with(version: &str) -> Report {
    let mut report = sample::report("shop/web:1");
    sample::vulnerable(&mut report, "CVE-1", "curl", version, Severity::High);
    report
}

pub(super) fn without(version: &str) -> Report {
    let mut report = sample::report("shop/web:2");
    sample::package(&mut report, "curl", version);
    report
}

/// Names the list that a difference has its only vulnerability in, and why.
pub(super) fn only(diff: &Diff) -> (&'static str, String) {
    let lists = [
        ("fixed", &diff.fixed),
        ("new", &diff.introduced),
        ("remaining", &diff.remaining),
        ("waived", &diff.waived),
        ("not assessed", &diff.not_assessed),
    ];
    let mut all = lists
        .iter()
        .flat_map(|(name, list)| list.iter().map(move |c| (*name, c.cause.describe("->"))));
    let found = all.next().expect("one vulnerability");
    assert!(all.next().is_none(), "{diff:?}");
    found
}

fn check(old: &Report, new: &Report, list: &str, cause: &str) {
    let found = only(&compare(old, new));
    assert_eq!((found.0, found.1.as_str()), (list, cause));
}

#[test]
fn causes_of_what_was_fixed() {
    check(
        &with("1.0"),
        &without("1.1"),
        "fixed",
        "package upgraded 1.0 -> 1.1",
    );
    check(
        &with("1.0"),
        &without("0.9"),
        "fixed",
        "package downgraded 1.0 -> 0.9",
    );
    check(
        &with("1.0"),
        &sample::report("w"),
        "fixed",
        "package removed (was 1.0)",
    );
    let mut newer = without("1.0");
    newer.database.date = "2026-11-24".to_owned();
    check(
        &with("1.0"),
        &newer,
        "fixed",
        "advisory changed: 1.0 is no longer affected or withdrawn",
    );
    check(
        &with("1.0"),
        &without("1.0"),
        "fixed",
        "no longer reported for the same version",
    );
    let mut filtered = without("1.0");
    filtered.hidden = 3;
    check(
        &with("1.0"),
        &filtered,
        "fixed",
        "no longer shown for the same version; the filters hide 3",
    );
    let mut cleared = with("1.0");
    cleared.findings[0].state = State::NotAffected;
    check(
        &with("1.0"),
        &cleared,
        "fixed",
        "advisory changed: affected to not_affected",
    );
}

#[test]
fn another_base_image_explains_its_packages() {
    let mut old = with("1.0");
    old.findings[0].origin = Origin::Base;
    let mut new = without("2.0");
    new.inventory.distribution = Some(Distribution {
        id: "debian".to_owned(),
        version: "13.0".to_owned(),
        name: "Debian 13.0".to_owned(),
    });
    check(
        &old,
        &new,
        "fixed",
        "base image changed Debian 12.5 -> Debian 13.0, package 1.0 to 2.0",
    );
    old.findings[0].origin = Origin::Application;
    check(&old, &new, "fixed", "package upgraded 1.0 -> 2.0");

    let mut rebuilt = without("1.1");
    if let Some(image) = &mut rebuilt.inventory.image {
        image.layers[0].diff_id = "sha256:abcdef0123456789".to_owned();
    }
    old.findings[0].origin = Origin::Base;
    let found = compare(&old, &rebuilt);
    assert_eq!(
        found.base_image,
        Some((
            "Debian 12.5 (000000000000)".to_owned(),
            "Debian 12.5 (abcdef012345)".to_owned()
        ))
    );
    assert_eq!(only(&found).0, "fixed");
}

#[test]
fn causes_of_what_is_new() {
    check(
        &without("1.0"),
        &with("1.1"),
        "new",
        "package upgraded 1.0 -> 1.1",
    );
    check(
        &sample::report("w"),
        &with("1.0"),
        "new",
        "package added (1.0)",
    );
    let mut newer = with("1.0");
    newer.database.date = "2026-11-24".to_owned();
    check(
        &without("1.0"),
        &newer,
        "new",
        "new advisory, database 2026-11-23 -> 2026-11-24",
    );
    check(
        &without("1.0"),
        &with("1.0"),
        "new",
        "newly reported for the same version",
    );
    let mut blind = without("1.0");
    sample::gap(&mut blind, CoverageKind::NoShard, "debian:12");
    check(
        &blind,
        &with("1.0"),
        "new",
        "not assessed before (no-shard: debian:12)",
    );
}

#[test]
fn causes_of_what_remains() {
    check(&with("1.0"), &with("1.0"), "remaining", "unchanged");
    check(
        &with("1.0"),
        &with("1.1"),
        "remaining",
        "still affected after 1.0 -> 1.1",
    );
    let mut fixed = with("1.0");
    fixed.findings[0].state = State::Fixed;
    fixed.findings[0].fixed_version = Some("1.2".to_owned());
    fixed.findings[0].severity = Severity::Critical;
    check(
        &with("1.0"),
        &fixed,
        "remaining",
        "advisory changed: severity high to critical, affected to fixed, fixed in 1.2",
    );
    assert_eq!(
        compare(&with("1.0"), &fixed).remaining[0].old_severity,
        Some(Severity::High)
    );
}

#[test]
fn names_of_a_vulnerability_may_change() {
    let mut ghsa = with("1.0");
    ghsa.findings[0].id = "GHSA-aaaa-bbbb-cccc".to_owned();
    let mut cve = with("1.0");
    cve.findings[0].aliases = vec!["GHSA-aaaa-bbbb-cccc".to_owned()];
    for (old, new, cause) in [
        (
            &ghsa,
            &cve,
            "advisory changed: GHSA-aaaa-bbbb-cccc is now CVE-1",
        ),
        (
            &cve,
            &ghsa,
            "advisory changed: CVE-1 is now GHSA-aaaa-bbbb-cccc",
        ),
    ] {
        check(old, new, "remaining", cause);
    }
    // An update that mends both does not make two vulnerabilities one.
    for alias in ["DSA-1-1", "GHSA-x"] {
        let (mut old, mut new) = (with("1.0"), with("1.0"));
        new.findings[0].id = "CVE-2".to_owned();
        for report in [&mut old, &mut new] {
            report.findings[0].aliases = vec![alias.to_owned()];
        }
        let found = compare(&old, &new);
        assert_eq!(
            (found.fixed.len(), found.introduced.len()),
            (1, 1),
            "{alias}"
        );
    }
}

#[test]
fn a_renamed_binary_of_the_same_source_is_the_same() {
    let named = |name: &str| {
        let mut report = sample::report("w");
        sample::vulnerable(&mut report, "CVE-1", name, "1.1", Severity::High);
        report.inventory.packages[0].source_name = Some("openssl".to_owned());
        report
    };
    check(
        &named("libssl3"),
        &named("libssl3t64"),
        "remaining",
        "package renamed libssl3 -> libssl3t64",
    );
}

#[test]
fn the_same_name_of_another_kind_is_another_package() {
    let mut npm = sample::report("w");
    let at = sample::package_of(&mut npm, PackageType::Npm, "curl", "1.0");
    npm.findings
        .push(sample::finding("CVE-1", at, Severity::High));
    let found = compare(&with("1.0"), &npm);
    assert_eq!((found.fixed.len(), found.introduced.len()), (1, 1));
}

#[test]
fn versions_are_ordered_as_their_package_manager_does() {
    for (from, to, expected) in [
        ("3.5.4-1", "3.5.10-1", Direction::Upgraded),
        ("1:1.0-1", "2.0-1", Direction::Downgraded),
        ("1.0rc1-1", "1.0-1", Direction::Upgraded),
    ] {
        let found = super::packages::direction(PackageType::Alpm, from, to);
        assert_eq!(found, expected, "{from} {to}");
    }
}

#[test]
fn waived_findings_stand_apart() {
    let waivers: Waivers = [Waiver {
        id: "CVE-1".to_owned(),
        package: None,
        path: None,
        reason: "not reachable".to_owned(),
    }]
    .into_iter()
    .collect();
    for (old, new) in [
        (with("1.0"), with("1.0")),
        // The policy has removed it from the new report, and the package is still there.
        (with("1.0"), without("1.0")),
        (without("1.0"), with("1.0")),
    ] {
        let found = only(&diff(&old, &new, &waivers));
        assert_eq!(found, ("waived", "waived: not reachable".to_owned()));
    }
    let gone = diff(&with("1.0"), &sample::report("w"), &waivers);
    assert_eq!(only(&gone).0, "fixed");
}

#[test]
fn packages_and_issues_are_compared() {
    let (mut old, mut new) = (sample::report("a"), sample::report("b"));
    for (report, packages) in [
        (&mut old, [("a", "1"), ("b", "1"), ("c", "1")]),
        (&mut new, [("b", "1"), ("c", "2"), ("d", "1")]),
    ] {
        for (name, version) in packages {
            sample::package(report, name, version);
        }
    }
    let secret = |fingerprint: &str| Secret {
        rule: "aws".to_owned(),
        fingerprint: fingerprint.to_owned(),
        ..Secret::default()
    };
    old.secrets = vec![secret("1"), secret("2")];
    new.secrets = vec![secret("2"), secret("2")];
    let rule = |line| Misconfiguration {
        rule: "SW-DF-0001".to_owned(),
        location: Location::line("Dockerfile", line),
        ..Misconfiguration::default()
    };
    old.misconfigurations = vec![rule(3)];
    new.misconfigurations = vec![rule(5)];
    let found = compare(&old, &new);
    let names = |list: &[PackageChange]| list.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&found.packages.removed), ["a"]);
    assert_eq!(names(&found.packages.changed), ["c"]);
    assert_eq!(names(&found.packages.added), ["d"]);
    let issues = &found.issues;
    assert_eq!(
        (issues.fixed.len(), issues.new.len(), issues.remaining.len()),
        (1, 1, 2),
        "lines move"
    );
}

#[test]
fn copies_of_a_package_are_one_vulnerability() {
    let (mut old, mut new) = (with("1.0"), with("1.0"));
    sample::vulnerable(&mut old, "CVE-1", "curl", "0.9", Severity::Critical);
    new.findings[0].severity = Severity::Critical;
    let found = compare(&old, &new);
    assert_eq!(only(&found).0, "remaining");
    assert_eq!(found.old.vulnerabilities.total(), 2);
}

#[test]
fn findings_without_their_package_are_left_out() {
    let mut broken = with("1.0");
    broken.findings[0].package = 99;
    let found = compare(&broken, &broken);
    assert!(found.remaining.is_empty());
}

fn everything() -> (Report, Report) {
    let (mut old, mut new) = (
        sample::report("registry.example.com/shop/web:1.7"),
        sample::report("registry.example.com/shop/web:1.8"),
    );
    for (report, rows) in [
        (
            &mut old,
            vec![
                ("CVE-2024-1001", "curl", "7.88.1", Severity::High),
                (
                    "CVE-2024-1002",
                    "zlib1g",
                    "1:1.2.13.dfsg-1",
                    Severity::Critical,
                ),
                ("CVE-2024-1003", "libexpat1", "2.5.0-1", Severity::Low),
            ],
        ),
        (
            &mut new,
            vec![
                (
                    "CVE-2024-1002",
                    "zlib1g",
                    "1:1.2.13.dfsg-1",
                    Severity::Critical,
                ),
                ("CVE-2024-2001", "curl", "8.5.0", Severity::Medium),
            ],
        ),
    ] {
        for (id, name, version, severity) in rows {
            sample::vulnerable(report, id, name, version, severity);
        }
    }
    sample::exploited(&mut new);
    new.hidden = 1;
    old.secrets.push(Secret {
        rule: "private-key".to_owned(),
        title: "private key".to_owned(),
        severity: Severity::Critical,
        location: Location::line("app/key.pem", 1),
        ..Secret::default()
    });
    (old, new)
}

#[test]
fn views_of_a_difference() {
    let (old, new) = everything();
    let found = compare(&old, &new);
    insta::assert_snapshot!("diff_table", found.table(View::default()));
    insta::assert_snapshot!("diff_markdown", found.markdown());
    let mut json = Vec::new();
    found.write_json(&mut json).unwrap();
    insta::assert_snapshot!("diff_json", String::from_utf8(json).unwrap());
    let options = crate::AssessOptions {
        project: "shop".to_owned(),
        now: sample::now(),
        waivers: Waivers::default(),
    };
    let assessment = crate::assess(&old, &new, &options);
    insta::assert_snapshot!("assessment_table", assessment.table(View::default()));
    insta::assert_snapshot!("assessment_markdown", assessment.markdown());
    assert!(
        assessment
            .headline()
            .starts_with("NEEDS_IMPROVEMENT: 2 fixed")
    );
}

#[test]
fn views_stay_narrow_and_harmless() {
    let (mut old, mut new) = everything();
    for report in [&mut old, &mut new] {
        report.target.name = sample::EVIL.repeat(4);
        for package in &mut report.inventory.packages {
            package.name.push_str(sample::EVIL);
        }
        for finding in &mut report.findings {
            finding.id.push_str(sample::EVIL);
            finding.fix_command = Some(sample::EVIL.to_owned());
        }
    }
    let found = compare(&old, &new);
    for (unicode, width) in [(true, 80), (false, 60), (true, 200)] {
        let view = View {
            width,
            unicode,
            all: true,
        };
        let table = found.table(view);
        for line in table.lines() {
            assert!(
                unicode_width::UnicodeWidthStr::width(line) <= width,
                "{line}"
            );
        }
        assert!(!table.contains(['\u{1b}', '\u{202e}', '\0']));
        assert!(unicode || table.is_ascii());
    }
    assert!(!found.markdown().contains("<script"));
}

/// Any report: id, alias, package and version of each finding, all from small sets so that they
/// meet; and packages without findings.
fn any_report() -> impl Strategy<Value = Report> {
    let row = (0..6_u8, proptest::option::of(0..6_u8), 0..4_u8, 0..3_u8);
    let rows = proptest::collection::vec(row, 0..12);
    let packages = proptest::collection::vec((0..4_u8, 0..3_u8), 0..6);
    (rows, packages).prop_map(|(rows, packages)| {
        let mut report = sample::report("w");
        for (name, version) in packages {
            sample::package(&mut report, &format!("p{name}"), &version.to_string());
        }
        for (id, alias, name, version) in rows {
            let id = format!("{}-{id}", if id < 3 { "CVE" } else { "GHSA" });
            let name = format!("p{name}");
            sample::vulnerable(
                &mut report,
                &id,
                &name,
                &version.to_string(),
                Severity::High,
            );
            if let (Some(alias), Some(finding)) = (alias, report.findings.last_mut()) {
                finding.aliases.push(format!("GHSA-{alias}"));
            }
        }
        report
    })
}

fn distinct(report: &Report) -> usize {
    report
        .findings
        .iter()
        .map(|f| (&report.inventory.packages[f.package].name, &f.id))
        .collect::<std::collections::BTreeSet<_>>()
        .len()
}

proptest! {
    #[test]
    fn every_finding_is_in_exactly_one_list(old in any_report(), new in any_report()) {
        let found = compare(&old, &new);
        let kept = found.remaining.len();
        prop_assert_eq!(found.fixed.len() + found.not_assessed.len() + kept, distinct(&old));
        prop_assert_eq!(found.introduced.len() + kept, distinct(&new));
        prop_assert_eq!(&found, &compare(&old, &new));
    }

    #[test]
    fn a_report_does_not_differ_from_itself(report in any_report()) {
        let found = compare(&report, &report);
        prop_assert!(found.fixed.is_empty() && found.introduced.is_empty());
        prop_assert!(found.remaining.iter().all(|c| c.cause == Cause::Unchanged));
        prop_assert_eq!(found.packages, PackageChanges::default());
    }
}
