//! Policies as users write them: the field's, ours, and wrong ones.

use seaworthy_model::{ImageFacts, Package, PackageType, Severity, State};

use crate::testing::{finding, report};
use crate::*;

mod includes;
mod schema;
mod wrong;

/// A policy in the shape of the field's, version "1.0".
const FIELD: &str = r#"
version: "1.0"

policies:
  vulnerabilities:
    max_critical: 0
    max_high: 2
    max_medium: 10

  base_images:
    allowed:
      - "alpine:*"
      - "node:*-alpine"

    prohibited:
      - "*:latest"
      - "ubuntu:*"
      - "*:*-stretch"  # out of support

  security_requirements:
    non_root_user: true
    no_package_managers: true
    minimal_packages: true
    security_updates: true

  runtime_security:
    read_only_filesystem: true
    no_privileged: true
    drop_capabilities: ["ALL"]
    add_capabilities: []
"#;

pub(crate) fn load(text: &str) -> Policy {
    Policy::load("p.yaml", text.as_bytes(), None, &NoIncludes).unwrap()
}

fn problems(text: &str) -> Vec<String> {
    match Policy::load("p.yaml", text.as_bytes(), None, &NoIncludes) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems().iter().map(ToString::to_string).collect(),
    }
}

fn good_facts() -> Facts {
    Facts {
        dockerfiles: Some(vec![DockerfileFacts {
            path: "Dockerfile".to_owned(),
            stages: vec![
                StageFacts {
                    line: 1,
                    base: StageBase::Image("node:20-alpine".to_owned()),
                    ..StageFacts::default()
                },
                StageFacts {
                    line: 5,
                    base: StageBase::Image("alpine:3.20".to_owned()),
                    user: Some("10001".to_owned()),
                    user_line: 9,
                },
            ],
            target: None,
        }]),
        containers: Some(vec![ContainerFacts {
            path: "k8s.yaml".to_owned(),
            line: 12,
            object: "Deployment/web, container app".to_owned(),
            privileged: Some(false),
            read_only: Some(true),
            drop: vec!["ALL".to_owned()],
            ..ContainerFacts::default()
        }]),
        ..Facts::default()
    }
}

fn good_report() -> seaworthy_model::Report {
    let mut report = report(
        vec![
            Package::new(PackageType::Apk, "musl", "1.2.5-r0", "lib/apk/db/installed"),
            Package::new(
                PackageType::Npm,
                "left-pad",
                "1.0.0",
                "app/node_modules/left-pad",
            ),
        ],
        vec![finding("CVE-2024-1", 1, Severity::High)],
    );
    report.inventory.image = Some(ImageFacts {
        user: "10001".to_owned(),
        platform: "linux/amd64".to_owned(),
        ..ImageFacts::default()
    });
    report
}

fn check(policy: &Policy, report: &seaworthy_model::Report, facts: &Facts) -> Verdict {
    let subject = Subject {
        report,
        facts,
        now: "2026-11-25".parse().unwrap(),
    };
    evaluate(policy, subject, &Exceptions::default())
}

fn rules(list: &[Violation]) -> Vec<&str> {
    list.iter().map(|v| v.rule.as_str()).collect()
}

#[test]
fn the_fields_policy_passes_a_good_image_and_fails_a_bad_one() {
    let policy = load(FIELD);
    assert_eq!(policy.rules().count(), 13);
    let verdict = check(&policy, &good_report(), &good_facts());
    assert_eq!(verdict.status, Status::Pass, "{:#?}", verdict.violations);
    assert_eq!(verdict.passed.len(), 13);

    let mut bad = good_report();
    bad.inventory.packages.extend([
        Package::new(PackageType::Deb, "apt", "2.6", "var/lib/dpkg/status"),
        Package::new(PackageType::Deb, "openssl", "3.0.1", "var/lib/dpkg/status"),
    ]);
    bad.inventory.packages.extend((0..130).map(|i| {
        Package::new(
            PackageType::Deb,
            format!("lib{i}"),
            "1",
            "var/lib/dpkg/status",
        )
    }));
    bad.findings = vec![finding("CVE-2024-2", 3, Severity::Critical)];
    bad.findings[0].state = State::Fixed;
    bad.findings[0].fixed_version = Some("3.0.14".to_owned());
    bad.findings
        .extend((0..3).map(|i| finding(&format!("CVE-2024-1{i}"), 1, Severity::High)));
    bad.findings
        .extend((0..11).map(|i| finding(&format!("CVE-2024-2{i}"), 1, Severity::Medium)));
    if let Some(image) = &mut bad.inventory.image {
        image.user = String::new();
    }
    let facts = Facts {
        dockerfiles: Some(vec![DockerfileFacts {
            path: "Dockerfile".to_owned(),
            stages: vec![StageFacts {
                line: 1,
                base: StageBase::Image("ubuntu".to_owned()),
                ..StageFacts::default()
            }],
            target: None,
        }]),
        containers: Some(vec![ContainerFacts {
            path: "k8s.yaml".to_owned(),
            object: "Pod/web, container app".to_owned(),
            privileged: Some(true),
            drop: vec!["NET_RAW".to_owned()],
            add: vec!["CAP_SYS_ADMIN".to_owned()],
            ..ContainerFacts::default()
        }]),
        ..Facts::default()
    };
    let verdict = check(&policy, &bad, &facts);
    assert_eq!(verdict.status, Status::Fail);
    assert!(verdict.passed.is_empty(), "{:?}", verdict.passed);
    let messages: Vec<String> = verdict
        .violations
        .iter()
        .map(|v| format!("{}: {}", v.policy.line, v.message))
        .collect();
    assert_eq!(
        messages,
        [
            "6: Critical vulnerabilities: 1 (max: 0)",
            "7: High vulnerabilities: 3 (max: 2)",
            "8: Medium vulnerabilities: 11 (max: 10)",
            "11: Base image is not allowed: ubuntu",
            "15: Prohibited base image: ubuntu",
            "21: Image must run as a non-root user",
            "22: Package managers in the image: apt",
            "23: Packages of the operating system: 133 (max: 120)",
            "24: Security updates are pending for 1 package: openssl",
            "27: Containers must use read-only root filesystem",
            "28: Privileged containers are not allowed",
            "29: Containers must drop capabilities: ALL",
            "30: Containers add capabilities that are not allowed (allowed: none)",
        ]
    );
    assert_eq!(
        verdict.violations[0].remedy,
        "update openssl to 3.0.14, or waive with an expiry"
    );
    assert_eq!(verdict.violations[0].findings, [0]);
    let gate = verdict.gate("p.yaml");
    assert_eq!(
        (gate.rule.as_str(), gate.passed, gate.breaking, gate.rules),
        ("policy p.yaml", false, 15, Some(13))
    );
    assert!(verdict.violations.iter().all(|v| !v.remedy.is_empty()));
}

#[test]
fn what_was_not_looked_at_is_no_pass() {
    let bare = report(Vec::new(), Vec::new());
    let verdict = check(&load(FIELD), &bare, &Facts::default());
    assert_eq!(verdict.status, Status::Fail);
    assert_eq!(
        verdict.passed,
        [
            "vulnerabilities.max_critical",
            "vulnerabilities.max_high",
            "vulnerabilities.max_medium",
            "security_requirements.security_updates"
        ]
    );
    assert!(verdict.violations.iter().all(|v| {
        v.outcome == Outcome::NotAssessed
            && v.message
                .starts_with(&format!("{} could not be checked: ", v.rule))
    }));
    for (word, status, listed) in [
        ("deny", Status::Fail, 0),
        ("warn", Status::Warn, 0),
        ("ignore", Status::Pass, 9),
    ] {
        let text = format!("settings: {{not_assessed: {word}}}\n{FIELD}");
        let verdict = check(&load(&text), &bare, &Facts::default());
        assert_eq!(verdict.status, status, "{word}");
        assert_eq!(verdict.not_assessed.len(), listed, "{word}");
    }
}

#[test]
fn an_incomplete_scan_is_no_pass() {
    let mut gap = good_report();
    gap.inventory
        .coverage
        .add(seaworthy_model::CoverageEntry::new(
            seaworthy_model::CoverageKind::UnreadableDatabase,
            "var/lib/rpm",
            "damaged",
        ));
    let verdict = check(&load(FIELD), &gap, &good_facts());
    let names = rules(&verdict.violations);
    assert!(names.contains(&"vulnerabilities.max_critical"), "{names:?}");
    gap.unknown_allowed = true;
    assert_eq!(
        check(&load(FIELD), &gap, &good_facts()).status,
        Status::Pass
    );
}

#[test]
fn sections_may_stand_at_the_top() {
    let flat = "version: '1.0'\nvulnerabilities: {max_critical: 0}\nbase_images: {prohibited: ['*:latest']}\n";
    assert_eq!(
        load(flat).rules().map(|(id, ..)| id).collect::<Vec<_>>(),
        ["vulnerabilities.max_critical", "base_images.prohibited"]
    );
}

#[test]
fn paths_may_begin_with_a_slash() {
    for path in [
        "app/node_modules/**",
        "/app/node_modules/**",
        "./app/node_modules/**",
    ] {
        let policy = load(&format!(
            "version: '1.0'\nrules: [{{id: x, when: {{paths: ['{path}']}}}}]\n"
        ));
        let verdict = check(&policy, &good_report(), &good_facts());
        assert_eq!(rules(&verdict.violations), ["rules.x"], "{path}");
    }
}

#[test]
fn two_signatures_of_one_key_are_one_signer() {
    let policy = load("version: '1.0'\nsignatures: {required: true, at_least: 2}\n");
    let signature = |key: &str| SignatureFacts {
        verified: true,
        key: Some(key.to_owned()),
        ..SignatureFacts::default()
    };
    for (keys, passes) in [(["a.pub", "a.pub"], false), (["a.pub", "b.pub"], true)] {
        let facts = Facts {
            signatures: Some(keys.map(signature).to_vec()),
            ..Facts::default()
        };
        assert_eq!(check(&policy, &good_report(), &facts).passes(), passes);
    }
}

#[test]
fn environments_override() {
    let text = "version: '1.0'\ndefault_environment: production\nvulnerabilities: {max_critical: 0, max_high: 0}\nrules: [{id: x, when: {exploited: true}}]\n\
                environments:\n  production: {}\n  development:\n    vulnerabilities: {max_critical: {action: warn}, max_high: ~}\n    rules: [{id: x, action: warn}]\n";
    let rules = |environment| {
        Policy::load("p.yaml", text.as_bytes(), environment, &NoIncludes).map(|p| {
            p.rules()
                .map(|(id, place, action)| format!("{id} {action} {}", place.line))
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(
        rules(None).unwrap(),
        [
            "vulnerabilities.max_critical deny 3",
            "vulnerabilities.max_high deny 3",
            "rules.x deny 4"
        ]
    );
    assert_eq!(rules(Some("production")).unwrap(), rules(None).unwrap());
    assert_eq!(
        rules(Some("development")).unwrap(),
        ["vulnerabilities.max_critical warn 8", "rules.x warn 9"]
    );
    assert_eq!(
        rules(Some("staging")).unwrap_err().to_string(),
        "the policy has no environment `staging`; it has production, development"
    );
}

#[test]
fn the_policy_of_init_loads_and_its_cases_pass() {
    let load = |environment: Option<&str>| {
        Policy::load(
            "container-security-policy.yaml",
            INIT_POLICY.as_bytes(),
            environment,
            &NoIncludes,
        )
    };
    assert!(load(None).is_ok(), "{}", load(None).unwrap_err());
    let cases = read_cases("cases.yaml", INIT_CASES.as_bytes()).unwrap();
    assert_eq!(cases.len(), 4);
    for result in run_cases(&cases, &load, &|_| Err("no files".to_owned())) {
        assert!(
            result.passed(),
            "{}: {:?}\n{:#?}",
            result.name,
            result.differences,
            result.verdict.map(|v| (v.violations, v.warnings))
        );
    }
}

#[test]
fn the_fields_reports_have_their_names_and_keys() {
    let mut subject = good_report();
    subject
        .findings
        .push(finding("CVE-2024-9", 1, Severity::Critical));
    let verdict = check(&load(FIELD), &subject, &good_facts());
    let context = ReportContext {
        project: "shop",
        image: "registry.example.com/shop/web:1.8",
        scan_date: "2026-11-25T12:00:00Z",
    };
    let text = policy_report(&verdict, &context).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let order: Vec<usize> = [
        "policy_version",
        "scan_date",
        "project",
        "image",
        "violations",
        "status",
    ]
    .iter()
    .map(|key| text.find(&format!("\n  \"{key}\":")).unwrap())
    .collect();
    assert!(order.is_sorted());
    assert_eq!(json["policy_version"], "1.0");
    assert_eq!(
        json["violations"][0],
        "Critical vulnerabilities: 1 (max: 0)"
    );
    assert_eq!(json["status"], "FAIL");
    assert_eq!(json["details"][0]["rule"], "vulnerabilities.max_critical");
    assert_eq!(json["details"][0]["policy"], "p.yaml:6");
    assert_eq!(json["details"][0]["causes"][0]["id"], "CVE-2024-9");
    assert!(
        json["details"][0]["remedy"]
            .as_str()
            .unwrap()
            .contains("waive")
    );

    let summary: serde_json::Value =
        serde_json::from_str(&security_summary(&subject, &verdict, &context).unwrap()).unwrap();
    assert_eq!(summary["image"], context.image);
    assert_eq!(summary["scan_date"], context.scan_date);
    for (key, number) in [("critical", 1), ("high", 1), ("total", 2)] {
        assert_eq!(summary["vulnerabilities"][key], number, "{key}");
    }
    assert_eq!(
        summary["policy_violations"][0],
        "Critical vulnerabilities: 1 (max: 0)"
    );
    let passing = check(&load(FIELD), &good_report(), &good_facts());
    assert!(
        policy_report(&passing, &context)
            .unwrap()
            .contains("\"status\": \"PASS\"")
    );
}

/// The policy, and the manifests that keep it, as they stand in the document whose names are
/// requirements, where that is at hand.
#[test]
fn the_documents_own_policy_loads_unchanged_and_its_manifests_keep_it() {
    let Ok(folder) = std::fs::read_dir("/work/shared/material") else {
        eprintln!("/work/shared/material is absent: nothing to test");
        return;
    };
    // What a script writes to a file with a here-document.
    let written = |text: &str, file: &str| {
        let at = text.find(&format!("cat > {file}"))?;
        let lines: Vec<&str> = text[at..]
            .lines()
            .skip(1)
            .take_while(|l| l.trim() != "EOF")
            .map(|l| l.strip_prefix("      ").unwrap_or(l))
            .collect();
        Some(lines.join("\n"))
    };
    for file in folder.flatten() {
        let Ok(text) = std::fs::read_to_string(file.path()) else {
            continue;
        };
        let Some(policy) = written(&text, "container-security-policy.yaml") else {
            continue;
        };
        let policy = load(&policy);
        assert_eq!(policy.rules().count(), 13);
        for name in ["k8s-security-context.yaml", "docker-compose.security.yml"] {
            let Some(manifest) = written(&text, name) else {
                continue;
            };
            let containers = container_facts(name, manifest.as_bytes()).unwrap();
            assert_eq!(containers.len(), 1, "{name}");
            let facts = Facts {
                containers: Some(containers),
                ..good_facts()
            };
            let verdict = check(&policy, &good_report(), &facts);
            assert_eq!(verdict.status, Status::Pass, "{:#?}", verdict.violations);
        }
    }
}
