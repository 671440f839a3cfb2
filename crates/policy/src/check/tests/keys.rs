//! Every key of the policy's schema has a case that holds, one that is broken and one that could not
//! be checked, or a reason why not.

use std::collections::{BTreeMap, BTreeSet};

use seaworthy_model::{
    Epss, KnownExploited, LicenseClass, Origin, Package, PackageType, Rating, Severity, State,
};
use serde_json::Value as Json;

use super::{Facts, Report, sample, says};
use crate::subject::{ContainerFacts, DockerfileFacts, SignatureFacts, StageBase, StageFacts};
use crate::testing::finding;
use crate::yaml::{Node, Value};

/// What a policy is checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum With {
    /// The sample, built and run as it should be.
    Good,
    /// Everything is wrong with it.
    Bad,
    /// The sample, whose package database could not be read.
    Gap,
    /// A report of which little is known.
    Blind,
}

fn container(is_good: bool) -> ContainerFacts {
    let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect();
    ContainerFacts {
        path: "k8s.yaml".to_owned(),
        line: 3,
        privileged: Some(!is_good),
        read_only: Some(is_good),
        privilege_escalation: Some(!is_good),
        drop: words(if is_good { &["ALL"] } else { &[] }),
        add: words(if is_good { &[] } else { &["SYS_ADMIN"] }),
        ..ContainerFacts::default()
    }
}

fn dockerfile(bases: &[&str], user: &str) -> DockerfileFacts {
    let stages = bases.iter().map(|base| StageFacts {
        line: 1,
        base: StageBase::Image((*base).to_owned()),
        user: Some(user.to_owned()),
        user_line: 2,
    });
    DockerfileFacts {
        path: "Dockerfile".to_owned(),
        stages: stages.collect(),
        target: None,
    }
}

fn subject(with: With) -> (Report, Facts) {
    let (mut report, mut facts) = sample();
    let alpine = format!("alpine:3.20@sha256:{}", "a".repeat(64));
    facts.dockerfiles = Some(vec![dockerfile(&[&alpine, &alpine], "1000")]);
    facts.containers = Some(vec![container(true)]);
    facts.first_seen.extend([(
        "CVE-2023-45853 deb/zlib1g".to_owned(),
        "2026-11-24".parse().unwrap(),
    )]);
    facts.signatures = Some(vec![SignatureFacts {
        verified: true,
        key: Some("cosign.pub".to_owned()),
        identity: Some("me@example.com".to_owned()),
        issuer: Some("https://id.example.com".to_owned()),
    }]);
    report.inventory.package_managers = Some(Vec::new());
    match with {
        With::Good => {}
        With::Bad => make_bad(&mut report, &mut facts),
        With::Gap => report
            .inventory
            .coverage
            .add(seaworthy_model::CoverageEntry::new(
                seaworthy_model::CoverageKind::UnreadableDatabase,
                "var/lib/dpkg/status",
                "damaged",
            )),
        With::Blind => {
            for finding in &mut report.findings {
                finding.epss = None;
                finding.published = None;
                finding.ratings.clear();
                finding.severity = Severity::Unknown;
            }
            report.tool.name = "trivy".to_owned();
            report.support = None;
            report.database.shards.clear();
            report.secrets.clear();
            report.misconfigurations.clear();
            report.licenses.clear();
            report.inventory.image = None;
            report.inventory.package_managers = None;
            facts = Facts {
                scanners: Some(vec!["vuln".to_owned()]),
                ..Facts::default()
            };
        }
    }
    (report, facts)
}

fn make_bad(report: &mut Report, facts: &mut Facts) {
    let template = report.findings[1].clone();
    let twice = Severity::WORST_FIRST.into_iter().cycle().take(12);
    for (number, severity) in (0..).zip(twice) {
        let mut finding = finding(&format!("CVE-2020-{number}"), 1, severity);
        finding.origin = Origin::Base;
        finding.published = "2010-01-01".parse().ok();
        finding.epss = Some(Epss {
            score: 0.99,
            percentile: 0.99,
        });
        finding.ratings = vec![Rating {
            source: "nvd".to_owned(),
            severity,
            vector: None,
            score: Some(10.0),
        }];
        facts.first_seen.insert(
            format!("CVE-2020-{number} deb/zlib1g"),
            "2010-01-01".parse().unwrap(),
        );
        finding.kev = template.kev.clone().map(|kev| KnownExploited {
            date_added: "2020-01-01".to_owned(),
            ..kev
        });
        report.findings.push(finding);
    }
    let twice = State::ALL.into_iter().cycle().take(2 * State::ALL.len());
    for (number, state) in (0..).zip(twice) {
        let mut finding = finding(&format!("CVE-2021-{number}"), 1, Severity::High);
        finding.state = state;
        finding.published = "2010-01-01".parse().ok();
        finding.fixed_version = (state == State::Fixed).then(|| "2".to_owned());
        report.findings.push(finding);
        for severity in Severity::WORST_FIRST {
            let mut secret = report.secrets[0].clone();
            secret.severity = severity;
            report.secrets.push(secret);
            let mut other = report.misconfigurations[0].clone();
            other.severity = severity;
            report.misconfigurations.push(other);
        }
    }
    let mut secret = report.secrets[0].clone();
    secret.rule = "other".to_owned();
    report.secrets.push(secret);
    let mut other = report.misconfigurations[0].clone();
    other.rule = "other".to_owned();
    report.misconfigurations.push(other);
    let mut license = report.licenses[0].clone();
    license.license = "AGPL-3.0-only".to_owned();
    license.class = LicenseClass::Forbidden;
    license.package = None;
    report.licenses.push(license);
    report.inventory.packages.push(Package::new(
        PackageType::Deb,
        "telnet",
        "1",
        "var/lib/dpkg/status",
    ));
    facts.size = Some(900_000_000);
    if let Some(image) = &mut report.inventory.image {
        image.user = "root".to_owned();
        image.labels.clear();
    }
    if let Some(support) = &mut report.support {
        support.ended = true;
    }
    report.inventory.package_managers = Some(vec!["usr/bin/dpkg".to_owned()]);
    report
        .inventory
        .coverage
        .add(seaworthy_model::CoverageEntry::new(
            seaworthy_model::CoverageKind::SkippedFile,
            "x",
            "too large",
        ));
    report.database.shards[0].date = "2020-01-01".to_owned();
    facts.created = "2020-01-01".parse().ok();
    facts.dockerfiles = Some(vec![dockerfile(&["ubuntu", "ubuntu"], "root")]);
    facts.containers = Some(vec![container(false)]);
    facts.signatures = Some(Vec::new());
    facts.attestations = Some(Vec::new());
}

/// Policies of one rule, with what they say of a good image, of a bad one, and of one of which too
/// little is known.
fn cases() -> Vec<(String, With)> {
    use With::{Blind, Gap};
    let mut cases: Vec<(String, With)> = Vec::new();
    for severity in Severity::WORST_FIRST {
        let name = severity.name();
        for (section, max, unknown) in [
            ("vulnerabilities", 1, Gap),
            ("secrets", 1, Blind),
            ("misconfigurations", 1, Blind),
        ] {
            cases.push((format!("{section}: {{max_{name}: {max}}}"), unknown));
        }
        let since = "since: first_seen";
        cases.push((format!("vulnerabilities: {{sla: {{{name}: 4000}}}}"), Gap));
        cases.push((
            format!("vulnerabilities: {{sla: {{{name}: 4000, {since}}}}}"),
            Gap,
        ));
    }
    for state in State::ALL {
        let name = state.name();
        cases.push((
            format!("vulnerabilities: {{states: {{{name}: {{max_total: 1}}}}}}"),
            Gap,
        ));
    }
    cases.extend(
        [
            ("vulnerabilities: {max_total: 2}", Gap),
            ("vulnerabilities: {max_exploited: 1}", Gap),
            ("vulnerabilities: {max_epss: 0.5}", Blind),
            ("vulnerabilities: {max_epss_percentile: 0.98}", Blind),
            ("vulnerabilities: {max_cvss: 9.5}", Blind),
            ("vulnerabilities: {max_risk: 95}", Gap),
            ("vulnerabilities: {sla: {exploited: 100}}", Blind),
            (
                "vulnerabilities: {sla: {high: 100, fixable_only: true}}",
                Gap,
            ),
            ("vulnerabilities: {fixable_only: true, max_total: 1}", Gap),
            (
                "vulnerabilities: {ignore_states: [will_not_fix], max_total: 1}",
                Gap,
            ),
            ("vulnerabilities: {fixable: {max_total: 1}}", Gap),
            ("vulnerabilities: {unfixed: {max_total: 1}}", Gap),
            ("vulnerabilities: {base: {max_total: 1}}", Gap),
            ("vulnerabilities: {application: {max_total: 1}}", Gap),
            ("base_images: {allowed: ['alpine:*']}", Blind),
            (
                "base_images: {allowed: {value: ['alpine:*'], stages: all}}",
                Blind,
            ),
            ("base_images: {prohibited: ['*:latest']}", Blind),
            ("base_images: {require_digest: true}", Blind),
            ("security_requirements: {non_root_user: true}", Blind),
            (
                "security_requirements: {no_package_managers: {value: true, except: [npm]}}",
                Gap,
            ),
            ("security_requirements: {minimal_packages: 1}", Gap),
            (
                "security_requirements: {security_updates: {value: true, min_severity: high}}",
                Gap,
            ),
            ("runtime_security: {read_only_filesystem: true}", Blind),
            ("runtime_security: {no_privileged: true}", Blind),
            ("runtime_security: {no_privilege_escalation: true}", Blind),
            ("runtime_security: {drop_capabilities: [ALL]}", Blind),
            ("runtime_security: {add_capabilities: []}", Blind),
            ("image: {max_age_days: 100}", Blind),
            ("image: {max_size: 600MB}", Blind),
            ("image: {required_labels: [team]}", Blind),
            (
                "image: {no_end_of_life: {value: true, days_ahead: 3}}",
                Blind,
            ),
            ("secrets: {max: 1}", Blind),
            ("secrets: {max_total: 1, except_paths: [x]}", Blind),
            ("secrets: {prohibited_rules: [other]}", Blind),
            (
                "misconfigurations: {max_total: 2, except_paths: [x]}",
                Blind,
            ),
            (
                "misconfigurations: {max_total: 1, kinds: [dockerfile]}",
                Blind,
            ),
            ("misconfigurations: {prohibited_rules: [other]}", Blind),
            ("licenses: {allowed: [MIT, 'GPL-*']}", Blind),
            (
                "licenses: {allowed: [MIT], except_packages: ['zlib*']}",
                Blind,
            ),
            ("licenses: {prohibited: ['AGPL-*']}", Blind),
            ("licenses: {prohibited_classes: [forbidden]}", Blind),
            ("signatures: {required: true, at_least: 1}", Blind),
            ("signatures: {required: true, keys: ['*.pub']}", Blind),
            (
                "signatures: {required: true, identities: ['*@example.com']}",
                Blind,
            ),
            (
                "signatures: {required: true, issuers: ['https://*']}",
                Blind,
            ),
            ("attestations: {required: [slsaprovenance]}", Blind),
            (
                "coverage: {required: true, except: [third-party-package]}",
                Blind,
            ),
            ("coverage: {max_database_age_days: 30}", Blind),
        ]
        .map(|(policy, unknown)| (policy.to_owned(), unknown)),
    );
    for (when, max, unknown) in [
        ("severity: high", 1, Gap),
        ("min_severity: high", 2, Gap),
        ("states: will_not_fix", 1, Gap),
        ("origin: unknown", 0, Gap),
        ("fixable: true", 1, Gap),
        ("exploited: true", 1, Gap),
        ("ransomware: true", 1, Gap),
        ("min_epss: 0.5", 0, Blind),
        ("min_epss_percentile: 0.98", 0, Blind),
        ("min_cvss: 9", 1, Blind),
        ("min_risk: 60", 1, Gap),
        (
            "exploited: true, older_than_days: 100, since: exploited",
            0,
            Gap,
        ),
        ("older_than_days: 30, since: published", 1, Blind),
        ("ids: 'CVE-202*'", 1, Gap),
        ("packages: zlib1g", 1, Gap),
        ("except_packages: lodash", 1, Gap),
        ("types: deb", 1, Gap),
        ("packages: zlib1g, versions: '< 2:0'", 1, Gap),
        ("paths: 'var/**'", 1, Gap),
        ("except_paths: 'app/**'", 1, Gap),
    ] {
        cases.push((
            format!("rules: [{{id: x, max: {max}, when: {{{when}}}}}]"),
            unknown,
        ));
    }
    for (on, when, max) in [
        ("secret", "rules: '*'", 1),
        ("secret", "deleted_later: true", 1),
        ("misconfiguration", "kinds: dockerfile", 1),
    ] {
        cases.push((
            format!("rules: [{{id: x, on: {on}, max: {max}, when: {{{when}}}}}]"),
            Blind,
        ));
    }
    for when in [
        "licenses: 'AGPL*'",
        "except_licenses: ['GPL-*', MIT]",
        "classes: forbidden",
    ] {
        cases.push((
            format!("rules: [{{id: x, on: license, when: {{{when}}}}}]"),
            Blind,
        ));
    }
    cases.push((
        "rules: [{id: x, on: image, expression: counts.total > 2}]".to_owned(),
        Gap,
    ));
    cases
}

/// Keys that have no outcome of their own, or not all three: why, and what tests them instead.
const REASONS: [(&str, &str); 13] = [
    (
        "version",
        "says how to read the file: everything_wrong_is_said_with_line_and_column",
    ),
    ("name", "for people"),
    ("description", "for people"),
    ("include", "what is included has the keys: tests::includes"),
    ("default_environment", "chooses: environments_override"),
    ("environments", "have the keys: environments_override"),
    (
        "settings",
        "what_was_not_looked_at_is_no_pass, everything_wrong_is_said_with_line_and_column",
    ),
    (
        "waivers",
        "excuse: waiver::tests, exceptions_take_findings_away_and_are_accounted_for",
    ),
    (
        "rego",
        "tests::includes, an_incomplete_scan_proves_no_expression_and_no_module",
    ),
    ("rules.id", "names the rule"),
    ("rules.on", "is in every case of a kind"),
    ("rules.description", "for people"),
    ("rules.enabled", "switches off: environments_override"),
];

/// Keys that any rule or section may have: the long form is tested by the first case of `tests`.
const COMMON: [&str; 5] = ["value", "action", "not_assessed", "message", "fix"];

/// Parts of `vulnerabilities` have the section's own keys, read by the same code.
const PARTS: [&str; 4] = ["fixable", "unfixed", "base", "application"];

fn ends_at(path: &str) -> bool {
    PARTS.iter().any(|p| path == format!("vulnerabilities.{p}"))
        || path.starts_with("vulnerabilities.states.")
        || ["environments", "waivers", "settings", "rego", "include"].contains(&path)
}

fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        _ => format!("{path}.{key}"),
    }
}

/// The keys of a schema, sections as at the top of the file.
fn of_schema(root: &Json, node: &Json, path: &str, depth: usize, keys: &mut BTreeSet<String>) {
    if depth > 24 || ends_at(path) {
        return;
    }
    if let Some(target) = node.get("$ref").and_then(Json::as_str) {
        let target = root.pointer(target.trim_start_matches('#')).unwrap();
        of_schema(root, target, path, depth + 1, keys);
    }
    for list in ["oneOf", "anyOf", "allOf"] {
        for node in node
            .get(list)
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
        {
            of_schema(root, node, path, depth + 1, keys);
        }
    }
    if let Some(items) = node.get("items") {
        of_schema(root, items, path, depth + 1, keys);
    }
    let properties = node.get("properties").and_then(Json::as_object);
    for (key, node) in properties.into_iter().flatten() {
        if COMMON.contains(&key.as_str()) && !path.is_empty() {
            if key == "value" {
                of_schema(root, node, path, depth + 1, keys);
            }
            continue;
        }
        if path.is_empty() && key == "policies" {
            continue;
        }
        let path = join(path, key);
        of_schema(root, node, &path, depth + 1, keys);
        keys.insert(path);
    }
}

/// The keys that a policy has.
fn of_policy(node: &Node, path: &str, keys: &mut BTreeSet<String>) {
    match &node.value {
        Value::Map(entries) if !ends_at(path) && path != "image.required_labels" => {
            for entry in entries {
                let path = match entry.key.as_str() {
                    key if COMMON.contains(&key) => path.to_owned(),
                    key => join(path, key),
                };
                of_policy(&entry.value, &path, keys);
                keys.insert(path);
            }
        }
        Value::List(items) => items.iter().for_each(|item| of_policy(item, path, keys)),
        _ => {}
    }
}

#[test]
fn every_key_of_the_schema_holds_breaks_and_is_not_assessed() {
    let schema: Json = serde_json::from_str(include_str!(
        "../../../../../schemas/container-security-policy-1.schema.json"
    ))
    .unwrap();
    let mut keys = BTreeSet::new();
    of_schema(&schema, &schema, "", 0, &mut keys);
    assert!(keys.len() > 90, "{keys:?}");
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (policy, blind) in cases() {
        let tree = crate::yaml::parse(&"p".into(), policy.as_bytes()).unwrap();
        let mut used = BTreeSet::new();
        of_policy(&tree, "", &mut used);
        for with in [With::Good, With::Bad, blind] {
            let (report, facts) = subject(with);
            let found = says(&policy, &report, &facts);
            let outcome = found.split(':').next().unwrap_or_default().to_owned();
            if with == With::Good {
                assert_eq!(outcome, "holds", "{policy}");
            }
            for key in &used {
                seen.entry(key.clone()).or_default().insert(outcome.clone());
            }
        }
    }
    let mut missing = Vec::new();
    for key in &keys {
        let outcomes = seen.remove(key).unwrap_or_default();
        let is_excused = REASONS
            .iter()
            .any(|(known, _)| key == known || key.starts_with(&format!("{known}.")));
        for wanted in ["holds", "broken", "unknown"] {
            if !outcomes.contains(wanted) && !is_excused {
                missing.push(format!("{key}: {wanted}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(seen.is_empty(), "no keys of the schema: {seen:?}");
    for (key, reason) in REASONS {
        assert!(keys.contains(key), "{key}: {reason}");
    }
}
