//! What rules make of Dockerfiles, manifests and executables.

use seaworthy_model::{Package, PackageType};

use super::{sample, says};
use crate::subject::{ContainerFacts, DockerfileFacts, Facts, StageBase, StageFacts};

fn stage(base: StageBase, user: Option<&str>) -> StageFacts {
    StageFacts {
        line: 1,
        base,
        user: user.map(str::to_owned),
        user_line: 2,
    }
}

#[test]
fn base_images_come_from_dockerfiles_settings_and_labels() {
    let (mut image, _) = sample();
    let of = |text: &str| StageBase::Image(text.to_owned());
    let allowed = "base_images: {allowed: ['alpine:*', 'node:*-alpine']}";
    let all = "base_images: {allowed: {value: ['alpine:*'], stages: all}}";
    let prohibited = "base_images: {prohibited: ['*:latest', 'ubuntu:*']}";
    let pinned = "base_images: {require_digest: true}";
    let pin = format!("alpine:3@sha256:{}", "a".repeat(64));
    for (stages, policy, expected) in [
        (
            vec![stage(of("golang:1.22"), None), stage(of("alpine:3"), None)],
            allowed,
            "holds",
        ),
        (
            vec![stage(of("golang:1.22"), None), stage(of("alpine:3"), None)],
            all,
            "broken: 1",
        ),
        (
            vec![stage(of("alpine:3"), None), stage(of("golang:1.22"), None)],
            allowed,
            "broken: 1",
        ),
        (
            vec![
                stage(of("alpine:3"), None),
                stage(StageBase::Stage(0), None),
            ],
            allowed,
            "holds",
        ),
        (
            vec![
                stage(of("debian:12"), None),
                stage(StageBase::Stage(0), None),
            ],
            allowed,
            "broken: 1",
        ),
        (vec![stage(StageBase::Scratch, None)], allowed, "holds"),
        (vec![stage(StageBase::Stage(0), None)], allowed, "holds"),
        (
            vec![stage(StageBase::Unresolved("$BASE".to_owned()), None)],
            allowed,
            "unknown",
        ),
        (vec![stage(of("Not An Image"), None)], prohibited, "unknown"),
        (
            vec![
                stage(of("ubuntu:22.04"), None),
                stage(of("node:20-alpine"), None),
            ],
            prohibited,
            "broken: 1",
        ),
        (
            vec![stage(of("localhost:5000/app"), None)],
            prohibited,
            "broken: 1",
        ),
        (
            vec![stage(of("localhost:5000/app:1"), None)],
            prohibited,
            "holds",
        ),
        (vec![stage(of(&pin), None)], pinned, "holds"),
        (vec![stage(of("alpine:3"), None)], pinned, "broken: 1"),
    ] {
        let facts = Facts {
            dockerfiles: Some(vec![DockerfileFacts {
                path: "Dockerfile".to_owned(),
                stages: stages.clone(),
                target: None,
            }]),
            ..Facts::default()
        };
        assert_eq!(
            says(policy, &image, &facts),
            expected,
            "{policy} {stages:?}"
        );
    }
    let known = Facts {
        base_image: Some("ubuntu:22.04".to_owned()),
        ..Facts::default()
    };
    assert_eq!(says(prohibited, &image, &known), "broken: 1");
    assert_eq!(says(prohibited, &image, &Facts::default()), "unknown");
    if let Some(i) = &mut image.inventory.image {
        i.labels.insert(
            "org.opencontainers.image.base.name".to_owned(),
            "docker.io/library/ubuntu:22.04".to_owned(),
        );
    }
    assert_eq!(says(prohibited, &image, &Facts::default()), "broken: 1");
}

#[test]
fn users_are_looked_at_everywhere() {
    let policy = "security_requirements: {non_root_user: true}";
    let container = |user: Option<&str>, non_root| ContainerFacts {
        user: user.map(str::to_owned),
        non_root,
        ..ContainerFacts::default()
    };
    for (image_user, stages, containers, expected) in [
        (Some("1000"), None, None, "holds"),
        (Some(""), None, None, "broken: 1"),
        (Some("root"), None, None, "broken: 1"),
        (None, None, None, "unknown"),
        (
            None,
            Some(vec![stage(StageBase::Scratch, Some("app"))]),
            None,
            "holds",
        ),
        (
            None,
            Some(vec![stage(StageBase::Scratch, None)]),
            None,
            "broken: 1",
        ),
        (
            None,
            Some(vec![
                stage(StageBase::Scratch, Some("app")),
                stage(StageBase::Stage(0), None),
            ]),
            None,
            "holds",
        ),
        (
            Some("1000"),
            Some(vec![stage(StageBase::Scratch, None)]),
            None,
            "holds",
        ),
        (
            Some("1000"),
            Some(vec![stage(StageBase::Scratch, Some("0:0"))]),
            None,
            "broken: 1",
        ),
        (
            Some("1000"),
            None,
            Some(container(Some("0"), None)),
            "broken: 1",
        ),
        (None, None, Some(container(None, Some(true))), "holds"),
        (None, None, Some(container(None, None)), "unknown"),
    ] {
        let (mut image, _) = sample();
        match image_user {
            Some(user) => {
                if let Some(i) = &mut image.inventory.image {
                    i.user = user.to_owned();
                }
            }
            None => image.inventory.image = None,
        }
        let facts = Facts {
            dockerfiles: stages.clone().map(|stages| {
                vec![DockerfileFacts {
                    stages,
                    ..DockerfileFacts::default()
                }]
            }),
            containers: containers.clone().map(|c| vec![c]),
            ..Facts::default()
        };
        assert_eq!(
            says(policy, &image, &facts),
            expected,
            "{image_user:?} {stages:?} {containers:?}"
        );
    }
}

#[test]
fn containers_are_looked_at_one_by_one() {
    let (image, _) = sample();
    let good = ContainerFacts {
        object: "good".to_owned(),
        privileged: Some(false),
        read_only: Some(true),
        privilege_escalation: Some(false),
        drop: vec!["ALL".to_owned()],
        add: vec!["NET_BIND_SERVICE".to_owned()],
        ..ContainerFacts::default()
    };
    let bad = ContainerFacts {
        object: "bad".to_owned(),
        privileged: Some(true),
        drop: vec!["cap_net_raw".to_owned()],
        add: vec!["SYS_ADMIN".to_owned(), "CAP_NET_BIND_SERVICE".to_owned()],
        ..ContainerFacts::default()
    };
    for (key, of_bad) in [
        ("read_only_filesystem: true", "broken: 1"),
        ("no_privileged: true", "broken: 1"),
        ("no_privilege_escalation: true", "broken: 1"),
        ("drop_capabilities: [ALL]", "broken: 1"),
        ("drop_capabilities: [NET_RAW]", "holds"),
        ("drop_capabilities: [NET_RAW, CAP_SYS_TIME]", "broken: 1"),
        ("add_capabilities: [CAP_NET_BIND_SERVICE]", "broken: 1"),
        ("add_capabilities: [net_bind_service, sys_admin]", "holds"),
    ] {
        let policy = format!("runtime_security: {{{key}}}");
        let facts = |containers: Vec<ContainerFacts>| Facts {
            containers: Some(containers),
            ..Facts::default()
        };
        assert_eq!(
            says(&policy, &image, &facts(vec![good.clone()])),
            "holds",
            "{key}"
        );
        assert_eq!(
            says(&policy, &image, &facts(vec![good.clone(), bad.clone()])),
            of_bad,
            "{key}"
        );
        assert_eq!(
            says(&policy, &image, &facts(Vec::new())),
            "unknown",
            "{key}"
        );
    }
}

#[test]
fn package_managers_are_found_without_a_database_too() {
    let (mut image, _) = sample();
    let policy = "security_requirements: {no_package_managers: {value: true, except: [npm]}}";
    let with = |paths: &[&str]| Facts {
        executables: Some(paths.iter().map(|p| (*p).to_owned()).collect()),
        ..Facts::default()
    };
    assert_eq!(
        says(policy, &image, &with(&["usr/bin/apt-get"])),
        "broken: 1"
    );
    assert_eq!(says(policy, &image, &with(&["usr/local/bin/npm"])), "holds");
    image.inventory.packages.clear();
    image.findings.clear();
    assert_eq!(says(policy, &image, &Facts::default()), "unknown");
    assert_eq!(says(policy, &image, &with(&[])), "holds");
    image.inventory.packages = vec![
        Package::new(
            PackageType::Npm,
            "npm",
            "10",
            "usr/local/lib/node_modules/npm",
        ),
        Package::new(PackageType::Apk, "apk-tools", "2", "lib/apk/db/installed"),
        Package::new(
            PackageType::PyPi,
            "pip",
            "24",
            "usr/lib/python3/site-packages/pip",
        ),
    ];
    assert_eq!(says(policy, &image, &Facts::default()), "broken: 2");
}

#[test]
fn the_image_and_its_manifests_show_prohibited_bases_too() {
    let (mut image, _) = sample();
    let prohibited = "base_images: {prohibited: ['*:latest', 'ubuntu:*', '*:*-stretch']}";
    for (id, version, expected) in [
        ("ubuntu", "22.04", "broken: 1"),
        ("debian", "9.13", "broken: 1"),
        ("debian", "9", "broken: 1"),
        // What it is built on is not known, only that nothing is against it.
        ("debian", "12.5", "unknown"),
        ("debian", "90", "unknown"),
        ("alpine", "3.18.4", "unknown"),
        ("wolfi", "", "unknown"),
    ] {
        if let Some(distribution) = &mut image.inventory.distribution {
            distribution.id = id.to_owned();
            distribution.version = version.to_owned();
        }
        let found = says(prohibited, &image, &Facts::default());
        assert_eq!(found, expected, "{id} {version}");
        // Who knows the base goes by that alone.
        let known = Facts {
            base_image: Some("alpine:3.18".to_owned()),
            ..Facts::default()
        };
        assert_eq!(says(prohibited, &image, &known), "holds", "{id} {version}");
    }
    for (runs, expected) in [
        (Some("registry.example.com/shop/web"), "broken: 1"),
        (Some("ubuntu:24.04"), "broken: 1"),
        (Some("registry.example.com/shop/web:1.8"), "holds"),
        (Some("{{ .Values.image }}"), "holds"),
        (None, "holds"),
    ] {
        let facts = Facts {
            base_image: Some("alpine:3.18".to_owned()),
            containers: Some(vec![ContainerFacts {
                path: "k8s.yaml".to_owned(),
                line: 7,
                image: runs.map(str::to_owned),
                ..ContainerFacts::default()
            }]),
            ..Facts::default()
        };
        assert_eq!(says(prohibited, &image, &facts), expected, "{runs:?}");
    }
}

#[test]
fn an_image_knows_its_own_age() {
    let (mut image, _) = sample();
    for (created, expected) in [
        (Some("2026-11-20T10:00:00.123Z"), "holds"),
        (Some("2026-09-01T00:00:00+02:00"), "broken: 1"),
        (Some("1970-01-01T00:00:00Z"), "unknown"),
        (Some("yesterday"), "unknown"),
        (Some("\u{fc}"), "unknown"),
        (None, "unknown"),
    ] {
        if let Some(facts) = &mut image.inventory.image {
            facts.created = created.map(str::to_owned);
        }
        let found = says("image: {max_age_days: 30}", &image, &Facts::default());
        assert_eq!(found, expected, "{created:?}");
    }
}

#[test]
fn what_was_reported_long_ago_was_published_before_that() {
    let (image, mut facts) = sample();
    facts.published.clear();
    for (policy, expected) in [
        ("vulnerabilities: {sla: {critical: 4}}", "broken: 1"),
        // Five days ago it was seen; when it was published nobody knows.
        ("vulnerabilities: {sla: {critical: 5}}", "unknown"),
        (
            "vulnerabilities: {sla: {critical: 4, since: first_seen}}",
            "broken: 1",
        ),
        (
            "vulnerabilities: {sla: {critical: 5, since: first_seen}}",
            "holds",
        ),
    ] {
        assert_eq!(says(policy, &image, &facts), expected, "{policy}");
    }
}

#[test]
fn a_filtered_report_is_no_proof() {
    let (mut image, facts) = sample();
    image.hidden = 2;
    for (policy, expected) in [
        ("vulnerabilities: {max_critical: 0}", "broken: 1"),
        ("vulnerabilities: {max_critical: 9}", "unknown"),
        (
            "security_requirements: {security_updates: {value: true, min_severity: critical}}",
            "unknown",
        ),
        ("security_requirements: {minimal_packages: 500}", "holds"),
    ] {
        assert_eq!(says(policy, &image, &facts), expected, "{policy}");
    }
}
