use std::collections::BTreeSet;

use seaworthy_model::{CoverageKind, Location, Misconfiguration, Secret, Severity, State, Support};

use super::*;
use crate::{View, sample};

/// Everything was looked for, with rules for everything that any control names.
fn evidence(report: &Report) -> Evidence<'_> {
    let mut rules = RuleSet::default();
    for check in Framework::ALL
        .into_iter()
        .flat_map(controls)
        .flat_map(|control| control.checks)
    {
        if let Check::Rules {
            kinds, references, ..
        } = check
        {
            for kind in *kinds {
                rules.insert(kind, references.iter().copied());
            }
        }
    }
    Evidence {
        report,
        scanned: Scanned {
            vulnerabilities: true,
            secrets: true,
            configurations: ["image", "dockerfile", "kubernetes", "compose"]
                .map(str::to_owned)
                .into(),
        },
        rules,
        supply: signed(),
        scanned_at: Some(sample::now()),
        now: sample::now(),
        waivers: Waivers::default(),
    }
}

fn signed() -> Supply {
    let key = || Some("release.pub".to_owned());
    Supply::looked(
        [(true, key())],
        [
            ("https://slsa.dev/provenance/v1".to_owned(), true, key()),
            ("https://spdx.dev/Document".to_owned(), true, key()),
        ],
    )
}

fn clean() -> Report {
    let mut report = sample::report("shop/web:1.8");
    sample::package(&mut report, "curl", "8");
    report.support = Some(Support {
        end: "2028-06-30".to_owned(),
        ended: false,
    });
    report
}

fn status_of(framework: Framework, id: &str, evidence: &Evidence<'_>) -> Status {
    let report = evaluate(framework, evidence);
    let control = report.controls.iter().find(|c| c.id == id);
    control.unwrap_or_else(|| panic!("{framework} {id}")).status
}

#[test]
fn with_all_evidence_everything_that_is_covered_is_met() {
    let report = clean();
    for framework in Framework::ALL {
        let found = evaluate(framework, &evidence(&report));
        for control in &found.controls {
            let expected = if control.checks.is_empty() {
                Status::NotCovered
            } else {
                Status::Met
            };
            assert_eq!(control.status, expected, "{framework} {control:?}");
        }
        assert!(found.count(Status::Met) > 3, "{framework}");
        assert!(found.count(Status::NotCovered) > 0, "{framework}");
    }
}

#[test]
fn without_evidence_nothing_is_met() {
    let mut report = clean();
    report.inventory.image = None;
    report.support = None;
    report.database.date.clear();
    sample::gap(&mut report, CoverageKind::UnreadableDatabase, "dpkg");
    let blind = Evidence {
        scanned: Scanned::default(),
        rules: RuleSet::default(),
        supply: Supply::default(),
        scanned_at: None,
        ..evidence(&report)
    };
    for framework in Framework::ALL {
        let found = evaluate(framework, &blind);
        assert_eq!(found.count(Status::Met), 0, "{:?}", found.controls);
        assert_eq!(found.count(Status::Violated), 0, "{:?}", found.controls);
    }
}

#[test]
fn each_kind_of_evidence_decides_its_controls() {
    type Change = fn(&mut Report);
    let cases: [(&str, Change, Framework, &str, Status); 20] = [
        (
            "root by another name",
            |r| {
                if let Some(image) = &mut r.inventory.image {
                    image.user = "toor".to_owned();
                    image.user_id = Some(0);
                }
            },
            Framework::CisDocker,
            "4.1",
            Status::Violated,
        ),
        (
            "a scanner that does not know of exploitation",
            |r| {
                r.tool.name = "trivy".to_owned();
                r.database.tables.clear();
                sample::vulnerable(r, "CVE-1", "curl", "8", Severity::Low);
            },
            Framework::Nist800190,
            "4.1.1",
            Status::NotAssessed,
        ),
        (
            "only what is vulnerable is listed",
            |r| {
                r.tool.name = "trivy".to_owned();
                r.inventory.packages.clear();
            },
            Framework::PciDss4,
            "6.3.2",
            Status::NotAssessed,
        ),
        (
            "advisories of yesterday's date elsewhere",
            |r| r.database.date = "2026-11-26".to_owned(),
            Framework::Nist800190,
            "4.1.1",
            Status::Met,
        ),
        (
            "advisories of the future",
            |r| r.database.date = "2027-06-01".to_owned(),
            Framework::Nist800190,
            "4.1.1",
            Status::NotAssessed,
        ),
        (
            "another scanner gave no report",
            |r| sample::gap(r, CoverageKind::ScannerFailed, "trivy"),
            Framework::PciDss4,
            "6.3.2",
            Status::NotAssessed,
        ),
        (
            "packages without support, and vulnerabilities",
            |r| sample::gap(r, CoverageKind::SupportEnded, "debian:12/php-horde"),
            Framework::Nist800190,
            "4.1.1",
            Status::NotAssessed,
        ),
        (
            "packages without support",
            |r| sample::gap(r, CoverageKind::SupportEnded, "debian:12/php-horde"),
            Framework::PciDss4,
            "12.3.4",
            Status::Violated,
        ),
        (
            "fixable",
            |r| {
                sample::vulnerable(r, "CVE-1", "curl", "8", Severity::High);
                r.findings[0].state = State::Fixed;
                r.findings[0].fixed_version = Some("9".to_owned());
            },
            Framework::PciDss4,
            "6.3.3",
            Status::Violated,
        ),
        (
            "no fix",
            |r| {
                sample::vulnerable(r, "CVE-1", "curl", "8", Severity::High);
            },
            Framework::PciDss4,
            "6.3.3",
            Status::Met,
        ),
        (
            "known exploited",
            |r| {
                sample::vulnerable(r, "CVE-1", "curl", "8", Severity::Low);
                sample::exploited(r);
            },
            Framework::Nist800190,
            "4.1.1",
            Status::Violated,
        ),
        (
            "no shard",
            |r| {
                sample::gap(r, CoverageKind::NoShard, "npm");
            },
            Framework::Nist800190,
            "4.1.1",
            Status::NotAssessed,
        ),
        (
            "small gap",
            |r| {
                sample::gap(r, CoverageKind::SkippedFile, "big.bin");
            },
            Framework::Nist800190,
            "4.1.1",
            Status::Met,
        ),
        (
            "hidden",
            |r| r.hidden = 2,
            Framework::Nist800190,
            "4.1.1",
            Status::NotAssessed,
        ),
        (
            "root",
            |r| {
                if let Some(image) = &mut r.inventory.image {
                    image.user.clear();
                }
            },
            Framework::CisDocker,
            "4.1",
            Status::Violated,
        ),
        (
            "secret",
            |r| r.secrets.push(Secret::default()),
            Framework::CisDocker,
            "4.10",
            Status::Violated,
        ),
        (
            "end of life",
            |r| {
                r.support = Some(Support {
                    end: "2020-01-01".to_owned(),
                    ended: true,
                });
            },
            Framework::Soc2,
            "CC9.2",
            Status::Violated,
        ),
        (
            "old advisories",
            |r| r.database.date = "2026-10-01".to_owned(),
            Framework::Soc2,
            "CC7.1",
            Status::Violated,
        ),
        (
            "privileged",
            |r| r.misconfigurations.push(privileged()),
            Framework::CisKubernetes,
            "5.2.2",
            Status::Violated,
        ),
        (
            "privileged elsewhere",
            |r| {
                r.misconfigurations.push(Misconfiguration {
                    kind: "terraform".to_owned(),
                    ..privileged()
                });
            },
            Framework::CisKubernetes,
            "5.2.2",
            Status::Met,
        ),
    ];
    for (name, change, framework, id, expected) in cases {
        let mut report = clean();
        change(&mut report);
        let found = status_of(framework, id, &evidence(&report));
        assert_eq!(found, expected, "{name}");
    }
}

fn privileged() -> Misconfiguration {
    Misconfiguration {
        rule: "SW-K8S-0001".to_owned(),
        references: vec!["KSV017".to_owned()],
        kind: "kubernetes".to_owned(),
        title: "privileged container".to_owned(),
        severity: Severity::High,
        location: Location::line("deploy.yaml", 12),
        ..Misconfiguration::default()
    }
}

#[test]
fn rules_that_are_not_built_cover_nothing() {
    let report = clean();
    let mut less = evidence(&report);
    less.rules = RuleSet::default();
    let found = status_of(Framework::CisKubernetes, "5.2.2", &less);
    assert_eq!(found, Status::NotCovered);
    // The user is known to be another than root, yet the Dockerfile was not looked at.
    assert_eq!(
        status_of(Framework::CisDocker, "4.1", &less),
        Status::NotAssessed
    );
    // Compose files were checked, and no rule for them is about it.
    let mut other_kind = evidence(&report);
    other_kind.rules = RuleSet::default();
    other_kind.rules.insert("kubernetes", ["AVD-KSV-0017"]);
    other_kind.scanned.configurations = ["compose".to_owned()].into();
    let found = status_of(Framework::CisDocker, "5.5", &other_kind);
    assert_eq!(found, Status::NotAssessed);
    let mut without_files = evidence(&report);
    without_files.scanned.configurations.clear();
    let found = status_of(Framework::CisKubernetes, "5.2.2", &without_files);
    assert_eq!(found, Status::NotAssessed);
}

/// What Compose runs says nothing about a cluster, neither for nor against it.
#[test]
fn compose_files_are_no_evidence_about_kubernetes() {
    let mut report = clean();
    let mut composed = evidence(&report);
    composed.scanned.configurations = ["compose".to_owned()].into();
    let found = evaluate(Framework::CisKubernetes, &composed);
    let by_rules: Vec<_> = (found.controls.iter())
        .zip(controls(Framework::CisKubernetes))
        .filter(|(_, control)| control.rules().next().is_some())
        .collect();
    assert!(by_rules.len() > 20);
    for (control, _) in by_rules {
        assert_eq!(control.status, Status::NotAssessed, "{control:?}");
    }
    report.misconfigurations.push(Misconfiguration {
        kind: "compose".to_owned(),
        ..privileged()
    });
    let status = |framework, id| status_of(framework, id, &evidence(&report));
    assert_eq!(status(Framework::CisKubernetes, "5.2.2"), Status::Met);
    assert_eq!(status(Framework::CisDocker, "5.5"), Status::Violated);
}

#[test]
fn signatures_and_attestations_decide_their_controls() {
    let report = clean();
    let slsa = |verified: bool| {
        let by = verified.then(|| "release.pub".to_owned());
        ("https://slsa.dev/provenance/v1".to_owned(), verified, by)
    };
    let unsigned = Supply::looked([], []);
    let forged = Supply::looked([(false, None)], [slsa(false)]);
    let bare = Supply::looked([(true, None)], []);
    for (supply, signature, change, artifacts) in [
        (
            Supply::default(),
            Status::NotAssessed,
            Status::NotAssessed,
            Status::NotAssessed,
        ),
        (
            unsigned,
            Status::Violated,
            Status::Violated,
            Status::Violated,
        ),
        (forged, Status::Violated, Status::Violated, Status::Violated),
        (bare, Status::Met, Status::NotAssessed, Status::Met),
        (signed(), Status::Met, Status::Met, Status::Met),
    ] {
        let case = format!("{supply:?}");
        let evidence = Evidence {
            supply,
            ..evidence(&report)
        };
        for (framework, id, expected) in [
            (Framework::CisDocker, "4.5", signature),
            (Framework::CisKubernetes, "5.5.1", signature),
            (Framework::PciDss4, "11.5.2", signature),
            (Framework::Nist800190, "4.1.5", signature),
            (Framework::Soc2, "CC8.1", change),
            (Framework::CisDocker, "4.12", artifacts),
        ] {
            assert_eq!(
                status_of(framework, id, &evidence),
                expected,
                "{framework} {id} {case}"
            );
        }
    }
    let page = evaluate(Framework::PciDss4, &evidence(&report)).markdown();
    assert!(page.contains("signed by release"), "{page}");
    assert!(
        page.contains("bill of materials attested by release"),
        "{page}"
    );
}

#[test]
fn waived_findings_violate_nothing_and_are_mentioned() {
    let mut report = clean();
    sample::vulnerable(&mut report, "CVE-1", "curl", "8", Severity::Critical);
    let mut with_waiver = evidence(&report);
    with_waiver.waivers = [crate::Waiver {
        id: "CVE-1".to_owned(),
        ..crate::Waiver::default()
    }]
    .into_iter()
    .collect();
    let found = evaluate(Framework::Nist800190, &with_waiver);
    assert_eq!(found.controls[0].status, Status::Met);
    assert_eq!(found.controls[0].checks[0].limits, ["1 waived"]);
}

#[test]
fn names_and_ids_are_unique() {
    for framework in Framework::ALL {
        assert_eq!(framework.to_string().to_uppercase().parse(), Ok(framework));
        let mut ids = BTreeSet::new();
        for control in controls(framework) {
            assert!(ids.insert(control.id), "{framework} {}", control.id);
            assert_eq!(
                control.checks.is_empty(),
                matches!(control.extent, Extent::Nothing(_)),
                "{framework} {}",
                control.id
            );
        }
    }
    assert_eq!("PCI-DSS".parse(), Ok(Framework::PciDss4));
    assert!("iso27001".parse::<Framework>().is_err());
}

#[test]
fn views_never_call_an_image_compliant() {
    let mut report = clean();
    report.target.name = format!("shop/{}", sample::EVIL);
    report.misconfigurations.push(privileged());
    sample::vulnerable(&mut report, "CVE-1", "curl", "8", Severity::Critical);
    for framework in Framework::ALL {
        let found = evaluate(framework, &evidence(&report));
        let mut json = Vec::new();
        found.write_json(&mut json).unwrap();
        let all = View {
            all: true,
            ..View::default()
        };
        for text in [
            found.table(View::default()),
            found.table(all),
            found.markdown(),
            String::from_utf8(json).unwrap(),
        ] {
            assert!(!text.to_lowercase().contains("compliant"), "{text}");
        }
        let table = found.table(all);
        assert!(!table.contains('\u{1b}'));
        assert!(table.lines().all(|l| l.chars().count() <= 80), "{table}");
        assert!(!found.markdown().contains("<script"));
    }
    report.target.name = "shop/web:1.8".to_owned();
    let found = evaluate(Framework::CisDocker, &evidence(&report));
    insta::assert_snapshot!("cis_docker_table", found.table(View::default()));
    insta::assert_snapshot!("cis_docker_markdown", found.markdown());
}

/// `cargo run -p seaworthy-monitor --example controls` prints what belongs there.
#[test]
fn the_documentation_lists_every_control() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/compliance.md");
    let page = std::fs::read_to_string(path).unwrap();
    for framework in Framework::ALL {
        assert!(page.contains(&controls_markdown(framework)), "{framework}");
    }
}
