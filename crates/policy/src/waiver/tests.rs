use seaworthy_model::{Location, Misconfiguration, Package, PackageType, Secret, Severity, State};

use super::*;
use crate::subject::Facts;
use crate::testing::{finding, report, world};

fn read(name: &str, text: &str) -> Vec<Waiver> {
    Waiver::read(name, text.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn sample() -> seaworthy_model::Report {
    let mut packages = vec![
        Package::new(
            PackageType::Npm,
            "tough-cookie",
            "2.3.0",
            "app/node_modules/tough-cookie",
        ),
        Package::new(
            PackageType::Deb,
            "zlib1g",
            "1:1.2.13",
            "var/lib/dpkg/status",
        ),
        Package::new(PackageType::Maven, "org.a:b", "1.0", "app/lib/b.jar"),
    ];
    packages[1].source_name = Some("zlib".to_owned());
    let mut findings = vec![
        finding("CVE-2023-26136", 0, Severity::Critical),
        finding("CVE-2023-45853", 1, Severity::Critical),
        finding("CVE-2024-1", 2, Severity::High),
    ];
    findings[0].aliases = vec![
        "GHSA-72xf-g2v4-qvf3".to_owned(),
        "SNYK-JS-TOUGHCOOKIE-5672873".to_owned(),
    ];
    findings[1].state = State::WillNotFix;
    findings[2].state = State::Fixed;
    findings[2].fixed_version = Some("1.1".to_owned());
    let mut report = report(packages, findings);
    report.secrets = vec![Secret {
        rule: "aws-access-key-id".to_owned(),
        location: Location::line("app/.env", 3),
        ..Secret::default()
    }];
    report.misconfigurations = vec![
        Misconfiguration {
            rule: "SW-DF-0008".to_owned(),
            references: vec!["DL3008".to_owned()],
            kind: "dockerfile".to_owned(),
            location: Location::line("Dockerfile", 4),
            ..Misconfiguration::default()
        },
        Misconfiguration {
            rule: "SW-K8-0001".to_owned(),
            kind: "kubernetes".to_owned(),
            location: Location::line("k8s/web.yaml", 9),
            ..Misconfiguration::default()
        },
    ];
    report
}

/// The ids of what the waivers cover, in the order of the report.
fn covered(waivers: &[Waiver]) -> Vec<String> {
    let (report, facts) = (sample(), Facts::default());
    let world = world(&report, &facts);
    let now = "2026-11-25".parse().unwrap();
    let rows = world
        .findings
        .iter()
        .map(Item::Finding)
        .chain(world.secrets.iter().map(|(_, s)| Item::Secret(s)))
        .chain(
            world
                .misconfigurations
                .iter()
                .map(|(_, m)| Item::Misconfiguration(m)),
        );
    rows.map(|item| Row {
        world: &world,
        item,
    })
    .filter(|row| {
        waivers.iter().any(|w| {
            w.holds_on(now)
                && w.is_for_image(world.subject.name(), world.reference.as_ref())
                && w.covers(row)
        })
    })
    .map(|row| ids_of(&row)[0].to_owned())
    .collect()
}

#[test]
fn our_waivers_cover_what_they_say() {
    for (waiver, expected) in [
        ("{id: CVE-2023-45853}", vec!["CVE-2023-45853"]),
        ("{id: cve-2023-45853}", vec!["CVE-2023-45853"]),
        ("{id: GHSA-72xf-g2v4-qvf3}", vec!["CVE-2023-26136"]),
        (
            "{id: [CVE-2024-1, CVE-2023-45853]}",
            vec!["CVE-2023-45853", "CVE-2024-1"],
        ),
        (
            "{id: 'CVE-2023-*'}",
            vec!["CVE-2023-26136", "CVE-2023-45853"],
        ),
        ("{id: 'CVE-*', package: 'zlib*'}", vec!["CVE-2023-45853"]),
        ("{id: 'CVE-*', package: zlib}", vec!["CVE-2023-45853"]),
        ("{id: 'CVE-*', package: lodash}", vec![]),
        (
            "{id: 'CVE-*', package: Tough-Cookie}",
            vec!["CVE-2023-26136"],
        ),
        ("{id: 'CVE-*', version: '1:1.2.*'}", vec!["CVE-2023-45853"]),
        (
            "{id: 'CVE-*', path: 'app/**'}",
            vec!["CVE-2023-26136", "CVE-2024-1"],
        ),
        ("{id: 'CVE-*', path: '/app/lib/*.jar'}", vec!["CVE-2024-1"]),
        (
            "{id: 'CVE-*', purl: 'pkg:npm/tough-cookie'}",
            vec!["CVE-2023-26136"],
        ),
        ("{id: 'CVE-*', purl: 'pkg:npm/tough-cookie@2.4'}", vec![]),
        (
            "{id: CVE-2024-1, image: 'registry.example.com/shop/*:1.*'}",
            vec!["CVE-2024-1"],
        ),
        (
            "{id: CVE-2024-1, image: 'registry.example.com/other/*'}",
            vec![],
        ),
        ("{id: CVE-2024-1, expires: 2026-11-25}", vec!["CVE-2024-1"]),
        ("{id: CVE-2024-1, expires: 2026-11-24}", vec![]),
        ("{id: DL3008}", vec!["SW-DF-0008"]),
        ("{id: '*', on: secret}", vec!["aws-access-key-id"]),
        (
            "{id: '*', on: misconfiguration, path: 'k8s/*'}",
            vec!["SW-K8-0001"],
        ),
        ("{rule: vulnerabilities.max_critical}", vec![]),
    ] {
        let waivers = read("waivers.yaml", &format!("waivers: [{waiver}]"));
        assert_eq!(covered(&waivers), expected, "{waiver}");
    }
}

#[test]
fn ignore_files_of_others_are_read() {
    for (name, text, expected) in [
        (
            ".trivyignore",
            "# MiniZip is not built\nCVE-2023-45853\n\nCVE-2024-1 exp:2026-01-01\naws-access-key-id # test key\n",
            vec!["CVE-2023-45853", "aws-access-key-id"],
        ),
        (
            "ci/.trivyignore.yaml",
            "vulnerabilities:\n  - id: CVE-2024-1\n    paths: ['app/lib/*.jar']\n    statement: unused\n  - id: CVE-2023-45853\n    purls: ['pkg:deb/zlib1g']\n    expired_at: 2027-01-01\n\
             misconfigurations:\n  - id: CVE-2023-26136\n  - id: DL3008\nsecrets:\n  - {id: aws-access-key-id, paths: [other]}\n",
            vec!["CVE-2023-45853", "CVE-2024-1", "SW-DF-0008"],
        ),
        (
            ".grype.yaml",
            "fail-on-severity: high\nignore:\n  - vulnerability: CVE-2023-45853\n    fix-state: wont-fix\n    reason: no\n  - package: {name: 'tough-.*', type: npm, version: 2.3.0, location: 'app/**'}\n  - vulnerability: CVE-2024-1\n    fix-state: not-fixed\n",
            vec!["CVE-2023-26136", "CVE-2023-45853"],
        ),
        (
            // Nothing that narrows a rule of Grype's is passed over.
            ".grype.yaml",
            "ignore:\n  - vulnerability: CVE-2023-45853\n    namespace: github:language:python\n  - vulnerability: CVE-2023-26136\n    match-type: cpe-match\n  \
             - package: {name: zlib}\n  - package: {name: '.*', upstream-name: zlib, version: '1:1.2.1*'}\n  - package: {name: b, language: java}\n  - package: {language: python}\n  \
             - {vulnerability: CVE-2023-45853, fix-state: not-fixed}\n",
            vec![],
        ),
        (
            ".grype.yaml",
            "ignore:\n  - vulnerability: CVE-2023-45853\n    namespace: debian:distro:debian:12\n    match-type: exact-direct-match\n  - package: {upstream-name: 'tough-cookie', language: javascript}\n",
            vec!["CVE-2023-26136", "CVE-2023-45853"],
        ),
        (
            ".snyk",
            "ignore:\n  CVE-2024-1:\n    - '*': {disregardIfFixable: true}\n  CVE-2023-45853:\n    - 'zlib1g@9': {}\n",
            vec![],
        ),
        (
            // Over as its day begins, or at a time of that day.
            ".snyk",
            "ignore:\n  CVE-2024-1:\n    - '*': {expires: '2026-11-25T00:00:00.000Z'}\n  CVE-2023-45853:\n    - '*': {expires: '2026-11-25T18:00:00.000Z'}\n",
            vec!["CVE-2023-45853"],
        ),
        (
            ".trivyignore",
            "CVE-2023-45853 exp:2026-11-25\nCVE-2024-1 exp:2026-11-26\n",
            vec!["CVE-2024-1"],
        ),
        (
            ".snyk",
            "version: v1.25.0\nignore:\n  SNYK-JS-TOUGHCOOKIE-5672873:\n    - 'request > tough-cookie@2.3.0':\n        reason: dev only\n        expires: 2027-01-01T00:00:00.000Z\n  CVE-2024-1:\n    - '*':\n        expires: 2020-01-01T00:00:00.000Z\npatch: {}\n",
            vec!["CVE-2023-26136"],
        ),
        (
            "vulnerability-allowlist.yml",
            "generalallowlist:\n  CVE-2024-1: b\nimages:\n  example.com/shop/web:\n    CVE-2023-45853: zlib\n  other:\n    CVE-2023-26136:\n",
            vec!["CVE-2023-45853", "CVE-2024-1"],
        ),
        (
            ".hadolint.yaml",
            "failure-threshold: error\nignored:\n  - DL3008\n  - SW-K8-0001\n",
            vec!["SW-DF-0008"],
        ),
    ] {
        assert_eq!(covered(&read(name, text)), expected, "{name}");
    }
    let trivy = read(".trivyignore", "# MiniZip is not built\nCVE-2023-45853\n");
    assert_eq!(trivy[0].reason.as_deref(), Some("MiniZip is not built"));
    assert_eq!(trivy[0].place.to_string(), ".trivyignore:2:1");
}

#[test]
fn comments_for_hadolint_cover_the_instruction_below() {
    let dockerfile =
        "FROM alpine\n\n# hadolint ignore=DL3008,DL3009\nRUN apt-get install x\nRUN other\n";
    assert_eq!(
        covered(&hadolint_comments("Dockerfile", dockerfile)),
        ["SW-DF-0008"]
    );
    let elsewhere = "# hadolint ignore=DL3008\nRUN a\nRUN b\nRUN apt-get install x\n";
    assert!(covered(&hadolint_comments("Dockerfile", elsewhere)).is_empty());
    let global = "# hadolint global ignore=DL3008\n";
    assert_eq!(
        covered(&hadolint_comments("./Dockerfile", global)),
        ["SW-DF-0008"]
    );
    assert!(covered(&hadolint_comments("Other", global)).is_empty());
}

use super::foreign::hadolint_comments;

#[test]
fn wrong_files_say_where() {
    for (name, text, expected) in [
        (
            ".trivyignore",
            "CVE-1 exp:soon\n",
            ".trivyignore:1:1: `soon` is not a date",
        ),
        (
            ".trivyignore.yaml",
            "vulnerabilities:\n  - paths: [x]\n",
            ".trivyignore.yaml:2:5: an entry has no `id`",
        ),
        (
            ".grype.yaml",
            "ignore:\n  - reason: x\n",
            ".grype.yaml:2:5: an ignore rule has neither",
        ),
        (
            ".grype.yaml",
            "ignore: [{package: {name: '('}}]",
            ".grype.yaml:1:20: `(` is not a regular expression",
        ),
        (
            "vulnerability-allowlist.yml",
            "general: {}\n",
            "vulnerability-allowlist.yml:1:1: unknown key `general`",
        ),
        (
            "vulnerability-allowlist.yml",
            "generalallowlist: [CVE-1]\n",
            "vulnerability-allowlist.yml:1:19: expected ids",
        ),
        (
            "waivers.yaml",
            "waivers: [{package: x}]",
            "waivers.yaml:1:11: a waiver has an `id`",
        ),
        (
            "waivers.yaml",
            "waivers: [{id: x, expirse: 2026-01-01}]",
            "waivers.yaml:1:19: unknown key `expirse`; did you mean `expires`?",
        ),
        ("waivers.yaml", "waiver: []", "waivers.yaml:1:1: "),
    ] {
        let error = Waiver::read(name, text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}\n{expected}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..120)) {
        for name in [".trivyignore", ".trivyignore.yaml", ".grype.yaml", ".snyk", "vulnerability-allowlist.yml", ".hadolint.yaml", "w.yaml"] {
            let _ = Waiver::read(name, &bytes);
        }
        let _ = hadolint_comments("Dockerfile", &String::from_utf8_lossy(&bytes));
    }
}
