//! What rules make of Dockerfiles and manifests.

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
        (Some("1000"), None, Some(container(None, None)), "holds"),
        (
            None,
            Some(vec![stage(StageBase::Scratch, Some("$UID"))]),
            None,
            "unknown",
        ),
        (
            Some("1000"),
            Some(vec![stage(StageBase::Scratch, Some("${UID:-0}"))]),
            None,
            "unknown",
        ),
        (
            None,
            Some(vec![stage(StageBase::Scratch, Some("\"root\""))]),
            None,
            "broken: 1",
        ),
        (
            Some("1000"),
            None,
            Some(container(Some("{{ .uid }}"), None)),
            "unknown",
        ),
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
        // Who is privileged has every capability, whatever is dropped.
        ("drop_capabilities: [NET_RAW]", "broken: 1"),
        ("add_capabilities: [CAP_NET_BIND_SERVICE]", "broken: 1"),
        (
            "add_capabilities: [net_bind_service, sys_admin]",
            "broken: 1",
        ),
        ("add_capabilities: [ALL]", "holds"),
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
fn capabilities_are_what_the_runtime_makes_of_them() {
    let (image, _) = sample();
    for (drop, add, policy, expected) in [
        ("NET_RAW", "", "drop_capabilities: [NET_RAW]", "holds"),
        ("cap_net_raw", "", "drop_capabilities: [NET_RAW]", "holds"),
        (
            "NET_RAW",
            "",
            "drop_capabilities: [NET_RAW, CAP_SYS_TIME]",
            "broken: 1",
        ),
        ("NET_RAW", "", "drop_capabilities: [ALL]", "broken: 1"),
        ("ALL", "", "drop_capabilities: [NET_RAW]", "holds"),
        // All were dropped, and this one added back.
        (
            "ALL",
            "NET_RAW",
            "drop_capabilities: [NET_RAW]",
            "broken: 1",
        ),
        ("ALL", "NET_RAW", "drop_capabilities: [ALL]", "holds"),
        (
            "ALL,NET_RAW",
            "NET_RAW",
            "drop_capabilities: [NET_RAW]",
            "holds",
        ),
        ("", "ALL", "add_capabilities: [NET_RAW]", "broken: 1"),
        ("", "NET_RAW", "add_capabilities: [NET_RAW]", "holds"),
        ("", "NET_RAW", "add_capabilities: []", "broken: 1"),
        ("", "", "add_capabilities: []", "holds"),
    ] {
        let words = |list: &str| -> Vec<String> {
            list.split(',')
                .filter(|w| !w.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let facts = Facts {
            containers: Some(vec![ContainerFacts {
                drop: words(drop),
                add: words(add),
                ..ContainerFacts::default()
            }]),
            ..Facts::default()
        };
        let policy = format!("runtime_security: {{{policy}}}");
        assert_eq!(
            says(&policy, &image, &facts),
            expected,
            "{drop} {add} {policy}"
        );
    }
}

#[test]
fn settings_that_are_variables_are_not_assessed() {
    let (image, _) = sample();
    let file = "services:\n  web:\n    privileged: ${P:-false}\n    read_only: ${R}\n    user: ${U}\n    \
                cap_drop: ['${D}']\n    cap_add: ['${A}']\n    security_opt: ['${S}']\n  bad:\n    privileged: yes\n";
    let open: Vec<ContainerFacts> = crate::container_facts("c.yaml", file.as_bytes()).unwrap();
    for policy in [
        "runtime_security: {no_privileged: true}",
        "runtime_security: {read_only_filesystem: true}",
        "runtime_security: {no_privilege_escalation: true}",
        "runtime_security: {drop_capabilities: [ALL]}",
        "runtime_security: {add_capabilities: []}",
        "security_requirements: {non_root_user: true}",
    ] {
        let facts = |containers: &[ContainerFacts]| Facts {
            containers: Some(containers.to_vec()),
            ..Facts::default()
        };
        assert_eq!(
            says(policy, &image, &facts(&open[..1])),
            "unknown",
            "{policy}"
        );
        // What is known to be wrong is told first.
        if policy.starts_with("runtime") {
            assert_eq!(says(policy, &image, &facts(&open)), "broken: 1", "{policy}");
        }
    }
}

#[test]
fn silent_containers_leave_it_to_the_image() {
    let (mut image, _) = sample();
    let policy = "security_requirements: {non_root_user: true}";
    let container = |non_root| ContainerFacts {
        path: "image.yaml".to_owned(),
        non_root,
        ..ContainerFacts::default()
    };
    let facts = Facts {
        containers: Some(vec![container(Some(true)), container(None)]),
        ..Facts::default()
    };
    assert_eq!(says(policy, &image, &facts), "holds");
    image.inventory.image = None;
    assert_eq!(says(policy, &image, &facts), "unknown");
}

#[test]
fn a_stage_without_value_hides_no_other() {
    let (image, _) = sample();
    let of = |text: &str| StageBase::Image(text.to_owned());
    let open = || StageBase::Unresolved("$BASE".to_owned());
    for (stages, policy, expected) in [
        (
            vec![open(), of("ubuntu:22.04")],
            "prohibited: ['ubuntu:*']",
            "broken: 1",
        ),
        (
            vec![of("ubuntu:22.04"), open()],
            "prohibited: ['ubuntu:*']",
            "broken: 1",
        ),
        (
            vec![open(), of("alpine:3")],
            "prohibited: ['ubuntu:*']",
            "unknown",
        ),
        // What is only built with needs no permission.
        (
            vec![open(), of("alpine:3")],
            "allowed: ['alpine:*']",
            "holds",
        ),
        (
            vec![open(), of("alpine:3")],
            "allowed: {value: ['alpine:*'], stages: all}",
            "unknown",
        ),
        (
            vec![of("Not An Image"), of("alpine:3")],
            "allowed: ['alpine:*']",
            "holds",
        ),
        (
            vec![of("alpine:3"), open()],
            "allowed: ['alpine:*']",
            "unknown",
        ),
        (vec![of("alpine:3")], "allowed: []", "broken: 1"),
        (vec![open()], "require_digest: true", "unknown"),
        (
            vec![open(), of("alpine:3")],
            "require_digest: true",
            "broken: 1",
        ),
    ] {
        let facts = Facts {
            dockerfiles: Some(vec![DockerfileFacts {
                path: "Dockerfile".to_owned(),
                stages: stages
                    .iter()
                    .map(|base| stage(base.clone(), None))
                    .collect(),
                target: None,
            }]),
            ..Facts::default()
        };
        let policy = format!("base_images: {{{policy}}}");
        assert_eq!(
            says(&policy, &image, &facts),
            expected,
            "{policy} {stages:?}"
        );
    }
}

#[test]
fn the_image_and_its_manifests_show_prohibited_bases_too() {
    let (mut image, _) = sample();
    let prohibited = "base_images: {prohibited: ['*:latest', 'ubuntu:*', '*:*-stretch', 'rockylinux:8', 'amazonlinux:*']}";
    for (id, version, expected) in [
        ("ubuntu", "22.04", "broken: 1"),
        ("rocky", "8.9", "broken: 1"),
        ("amzn", "2", "broken: 1"),
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
fn a_choice_of_licences_is_the_teams() {
    let (mut image, facts) = sample();
    image.licenses[0].expression = "MIT OR GPL-3.0-only".to_owned();
    for (policy, expected) in [
        ("licenses: {allowed: [MIT]}", "holds"),
        ("licenses: {prohibited: ['GPL-*']}", "holds"),
        ("licenses: {allowed: ['Apache-*']}", "broken: 2"),
        // Classes are told per licence.
        ("licenses: {prohibited_classes: [restricted]}", "broken: 1"),
    ] {
        assert_eq!(says(policy, &image, &facts), expected, "{policy}");
    }
    image.licenses[0].expression = "MIT AND GPL-3.0-only".to_owned();
    let policy = "licenses: {prohibited: ['GPL-*']}";
    assert_eq!(says(policy, &image, &facts), "broken: 1");
}

#[test]
fn a_name_may_be_roots() {
    let (mut image, facts) = sample();
    let policy = "security_requirements: {non_root_user: true}";
    for (user, id, expected) in [
        ("toor", Some(0), "broken: 1"),
        ("toor:app", Some(0), "broken: 1"),
        ("app", Some(1000), "holds"),
        ("app", None, "holds"),
        ("root", Some(0), "broken: 1"),
    ] {
        if let Some(image) = &mut image.inventory.image {
            (image.user, image.user_id) = (user.to_owned(), id);
        }
        assert_eq!(says(policy, &image, &facts), expected, "{user} {id:?}");
    }
}
