use seaworthy_model::{
    CoverageEntry, CoverageKind, Distribution, Epss, ImageFacts, KnownExploited, LicenseClass,
    LicenseFinding, Location, Misconfiguration, Origin, Package, PackageType, Rating, Secret,
    Severity, ShardInfo, State, Support,
};

use super::*;
use crate::subject::{AttestationFacts, Facts, SignatureFacts};
use crate::testing::{finding, report};
use crate::tests::load;

mod excused;
mod facts;
mod keys;
mod managers;
mod unknown;

/// Two vulnerabilities, a secret, two misconfigurations, two licences, in an image of Debian 12.
fn sample() -> (Report, Facts) {
    let packages = vec![
        Package::new(
            PackageType::Npm,
            "lodash",
            "4.17.15",
            "app/node_modules/lodash",
        ),
        Package::new(
            PackageType::Deb,
            "zlib1g",
            "1:1.2.13",
            "var/lib/dpkg/status",
        ),
        Package::new(PackageType::Generic, "node", "18", "usr/bin/node"),
    ];
    let mut fixed = finding("CVE-2019-10744", 0, Severity::Critical);
    fixed.state = State::Fixed;
    fixed.fixed_version = Some("4.17.21".to_owned());
    fixed.origin = Origin::Application;
    fixed.epss = Some(Epss {
        score: 0.4,
        percentile: 0.97,
    });
    fixed.ratings = vec![Rating {
        source: "nvd".to_owned(),
        severity: Severity::Critical,
        vector: None,
        score: Some(9.1),
    }];
    fixed.published = "2019-07-26".parse().ok();
    let mut base = finding("CVE-2023-45853", 1, Severity::High);
    base.published = "2026-11-01".parse().ok();
    base.state = State::WillNotFix;
    base.origin = Origin::Base;
    base.kev = Some(KnownExploited {
        date_added: "2026-11-20".to_owned(),
        due_date: String::new(),
        ransomware: true,
    });
    let mut report = report(packages, vec![fixed, base]);
    report.secrets = vec![Secret {
        rule: "aws-access-key-id".to_owned(),
        severity: Severity::Critical,
        location: Location::line("app/.env", 3),
        deleted_later: true,
        ..Secret::default()
    }];
    report.misconfigurations = vec![
        Misconfiguration {
            rule: "SW-DF-0008".to_owned(),
            references: vec!["DL3008".to_owned()],
            kind: "dockerfile".to_owned(),
            severity: Severity::Low,
            location: Location::line("Dockerfile", 4),
            ..Misconfiguration::default()
        },
        Misconfiguration {
            rule: "SW-K8-0001".to_owned(),
            kind: "kubernetes".to_owned(),
            severity: Severity::High,
            location: Location::line("k8s/web.yaml", 9),
            ..Misconfiguration::default()
        },
    ];
    let license = |id: &str, class: LicenseClass, package| LicenseFinding {
        license: id.to_owned(),
        class,
        severity: class.severity(),
        package: Some(package),
        ..LicenseFinding::default()
    };
    report.licenses = vec![
        license("GPL-3.0-only", LicenseClass::Restricted, 1),
        license("MIT", LicenseClass::Notice, 0),
    ];
    report.inventory.distribution = Some(Distribution {
        id: "debian".to_owned(),
        version: "12.5".to_owned(),
        name: "Debian 12.5".to_owned(),
    });
    report.inventory.image = Some(ImageFacts {
        user: "1000".to_owned(),
        platform: "linux/amd64".to_owned(),
        labels: [("team".to_owned(), "shop".to_owned())].into(),
        ..ImageFacts::default()
    });
    report.support = Some(Support {
        end: "2027-01-01".to_owned(),
        ended: false,
    });
    report.database.shards = vec![ShardInfo {
        key: "debian:12".to_owned(),
        date: "2026-11-15".to_owned(),
        digest: String::new(),
    }];
    let facts = Facts {
        size: Some(500_000_000),
        created: "2026-09-01".parse().ok(),
        first_seen: [(
            "CVE-2019-10744 npm/lodash".to_owned(),
            "2026-11-20".parse().unwrap(),
        )]
        .into(),
        signatures: Some(vec![SignatureFacts {
            verified: true,
            key: Some("cosign.pub".to_owned()),
            ..SignatureFacts::default()
        }]),
        attestations: Some(vec![AttestationFacts {
            predicate_type: "https://slsa.dev/provenance/v1".to_owned(),
            verified: true,
            signer: None,
        }]),
        ..Facts::default()
    };
    (report, facts)
}

/// `holds`, `broken: N`, or `unknown`, of the only rule of a policy.
fn says(policy: &str, report: &Report, facts: &Facts) -> String {
    let policy = load(&format!("version: '1.0'\n{policy}"));
    assert_eq!(policy.rules.len(), 1, "{policy:?}");
    let subject = Subject {
        report,
        facts,
        now: "2026-11-25".parse().unwrap(),
    };
    let verdict = evaluate(&policy, subject, &Exceptions::default());
    match verdict.violations.first() {
        None => "holds".to_owned(),
        Some(v) if v.outcome == Outcome::NotAssessed => "unknown".to_owned(),
        Some(v) => {
            assert!(!v.message.is_empty() && !v.remedy.is_empty(), "{v:?}");
            format!("broken: {}", v.count)
        }
    }
}

fn check(policy: &str, expected: &str) {
    let (report, facts) = sample();
    assert_eq!(says(policy, &report, &facts), expected, "{policy}");
}

#[test]
fn every_key_about_vulnerabilities_counts_what_it_says() {
    for (section, expected) in [
        ("max_critical: 0", "broken: 1"),
        ("max_critical: 1", "holds"),
        ("max_high: 0", "broken: 1"),
        ("max_medium: 0", "holds"),
        ("max_low: 0", "holds"),
        ("max_negligible: 0", "holds"),
        ("max_unknown: 0", "holds"),
        ("max_total: 1", "broken: 2"),
        ("max_total: 2", "holds"),
        ("max_exploited: 0", "broken: 1"),
        ("max_epss: 0.3", "broken: 1"),
        ("max_epss: 0.4", "holds"),
        ("max_epss_percentile: 0.9", "broken: 1"),
        ("max_cvss: 9", "broken: 1"),
        ("max_cvss: 9.1", "holds"),
        ("max_cvss: 6", "broken: 2"),
        ("max_risk: 69", "broken: 1"),
        ("max_risk: 70", "holds"),
        ("fixable_only: true, max_total: 0", "broken: 1"),
        ("ignore_states: [will_not_fix], max_total: 0", "broken: 1"),
        ("fixable: {max_total: 0}", "broken: 1"),
        ("fixable: {max_high: 0}", "holds"),
        ("unfixed: {max_high: 0}", "broken: 1"),
        ("base: {max_total: 0}", "broken: 1"),
        ("base: {max_critical: 0}", "holds"),
        ("application: {max_critical: 0}", "broken: 1"),
        ("states: {will_not_fix: {max_high: 0}}", "broken: 1"),
        ("states: {end_of_life: {max_high: 0}}", "holds"),
        ("sla: {critical: 30}", "broken: 1"),
        ("sla: {high: 30}", "holds"),
        ("sla: {high: 10}", "broken: 1"),
        ("sla: {high: 10, fixable_only: true}", "holds"),
        ("sla: {critical: 4, since: first_seen}", "broken: 1"),
        ("sla: {critical: 5, since: first_seen}", "holds"),
        ("sla: {high: 5, since: first_seen}", "unknown"),
        ("sla: {exploited: 4, since: exploited}", "broken: 1"),
        ("sla: {exploited: 5, since: exploited}", "holds"),
    ] {
        check(&format!("vulnerabilities: {{{section}}}"), expected);
    }
}

#[test]
fn every_other_section_checks_what_it_says() {
    for (policy, expected) in [
        ("image: {max_age_days: 90}", "holds"),
        ("image: {max_age_days: 84}", "broken: 1"),
        ("image: {max_size: 500MB}", "holds"),
        ("image: {max_size: 499MB}", "broken: 1"),
        ("image: {required_labels: [team]}", "holds"),
        ("image: {required_labels: [team, owner]}", "broken: 1"),
        ("image: {required_labels: {team: [shop, web]}}", "holds"),
        ("image: {required_labels: {team: 'w*'}}", "broken: 1"),
        (
            "image: {required_labels: {value: {team: 'w*'}, message: x}}",
            "broken: 1",
        ),
        ("image: {no_end_of_life: true}", "holds"),
        (
            "image: {no_end_of_life: {value: true, days_ahead: 60}}",
            "broken: 1",
        ),
        ("secrets: {max: 0}", "broken: 1"),
        ("secrets: {max: 0, except_paths: ['app/*']}", "holds"),
        ("secrets: {max_critical: 1}", "holds"),
        ("secrets: {prohibited_rules: ['AWS-*']}", "broken: 1"),
        ("misconfigurations: {max_high: 0}", "broken: 1"),
        (
            "misconfigurations: {max_high: 0, kinds: [dockerfile]}",
            "holds",
        ),
        (
            "misconfigurations: {max_total: 0, except_paths: ['k8s/**']}",
            "broken: 1",
        ),
        (
            "misconfigurations: {prohibited_rules: [DL3008, SW-K8-0001]}",
            "broken: 2",
        ),
        ("licenses: {prohibited: ['GPL-*']}", "broken: 1"),
        ("licenses: {prohibited: ['AGPL-*']}", "holds"),
        ("licenses: {prohibited: ['gpl-*']}", "broken: 1"),
        ("licenses: {allowed: [mit, gpl-3.0-ONLY]}", "holds"),
        (
            "misconfigurations: {max_total: 0, kinds: [Dockerfile]}",
            "broken: 1",
        ),
        ("licenses: {allowed: [MIT, 'Apache-*']}", "broken: 1"),
        (
            "licenses: {allowed: [MIT], except_packages: ['zlib*']}",
            "holds",
        ),
        (
            "licenses: {prohibited_classes: [forbidden, restricted]}",
            "broken: 1",
        ),
        ("signatures: {required: true}", "holds"),
        ("signatures: {required: true, keys: ['*.pub']}", "holds"),
        ("signatures: {required: true, keys: [other]}", "broken: 1"),
        (
            "signatures: {required: true, identities: ['*']}",
            "broken: 1",
        ),
        ("signatures: {required: true, at_least: 2}", "broken: 1"),
        ("attestations: {required: [slsaprovenance]}", "holds"),
        (
            "attestations: {required: [slsaprovenance, sbom]}",
            "broken: 1",
        ),
        (
            "attestations: {required: ['https://slsa.dev/provenance/v1']}",
            "holds",
        ),
        ("coverage: {required: true}", "holds"),
        ("coverage: {max_database_age_days: 10}", "holds"),
        ("coverage: {max_database_age_days: 9}", "broken: 1"),
        ("security_requirements: {minimal_packages: 1}", "holds"),
        ("security_requirements: {minimal_packages: 0}", "broken: 1"),
        ("security_requirements: {security_updates: true}", "holds"),
        (
            "security_requirements: {no_package_managers: true}",
            "holds",
        ),
    ] {
        check(policy, expected);
    }
}

#[test]
fn every_condition_of_a_rule_narrows_it() {
    for (rule, expected) in [
        ("when: {}", "broken: 2"),
        ("when: {}, max: 2", "holds"),
        ("when: {severity: critical}", "broken: 1"),
        ("when: {severity: [critical, high]}", "broken: 2"),
        ("when: {min_severity: critical}", "broken: 1"),
        ("when: {ids: [cve-2019-10744]}", "broken: 1"),
        ("when: {ids: ['CVE-2019-*', 'CVE-2020-*']}", "broken: 1"),
        ("when: {states: [will_not_fix, end_of_life]}", "broken: 1"),
        ("when: {origin: base}", "broken: 1"),
        ("when: {fixable: false}", "broken: 1"),
        ("when: {exploited: true}", "broken: 1"),
        ("when: {ransomware: true, fixable: true}", "holds"),
        ("when: {min_epss: 0.4}", "broken: 1"),
        ("when: {min_epss: 0.5}", "holds"),
        ("when: {min_epss_percentile: 0.9}", "broken: 1"),
        ("when: {min_cvss: 7}", "broken: 2"),
        ("when: {min_cvss: 9}", "broken: 1"),
        ("when: {min_risk: 50}", "broken: 1"),
        ("when: {older_than_days: 365}", "broken: 1"),
        ("when: {packages: ['lo*']}", "broken: 1"),
        ("when: {packages: [Lodash]}", "broken: 1"),
        ("when: {except_packages: ['lo*']}", "broken: 1"),
        ("when: {types: [deb]}", "broken: 1"),
        (
            "when: {packages: lodash, versions: '< 4.17.21'}",
            "broken: 1",
        ),
        (
            "when: {packages: lodash, versions: '>= 4.17.21 || < 4.0'}",
            "holds",
        ),
        ("when: {paths: ['app/**']}", "broken: 1"),
        ("when: {except_paths: ['app/**']}", "broken: 1"),
        ("on: package, when: {packages: node}", "broken: 1"),
        (
            "on: package, when: {packages: node, versions: '< 20'}",
            "unknown",
        ),
        (
            "on: package, when: {types: npm, versions: '< 5'}",
            "broken: 1",
        ),
        ("on: package, when: {paths: 'usr/bin/*'}", "broken: 1"),
        ("on: secret, when: {rules: ['aws-*']}", "broken: 1"),
        ("on: secret, when: {deleted_later: false}", "holds"),
        ("on: misconfiguration, when: {rules: DL3008}", "broken: 1"),
        ("on: misconfiguration, when: {kinds: [terraform]}", "holds"),
        ("on: license, when: {classes: notice}", "broken: 1"),
        (
            "on: license, when: {licenses: ['*'], packages: lodash}",
            "broken: 1",
        ),
        (
            "on: license, when: {except_licenses: ['GPL*']}",
            "broken: 1",
        ),
        (
            "on: image, expression: counts.total > 1 && image.size > 100",
            "broken: 1",
        ),
        (
            "on: image, expression: 'image.labels[\"none\"] == \"\"'",
            "unknown",
        ),
        ("on: secret, expression: secret.line > 2", "broken: 1"),
        (
            "on: license, expression: license.pkg.name == 'zlib1g'",
            "broken: 1",
        ),
        ("on: package, expression: pkg.type == 'npm'", "broken: 1"),
        (
            "on: misconfiguration, expression: misconfiguration.path.startsWith('k8s/')",
            "broken: 1",
        ),
        (
            "when: {severity: high}, expression: finding.exploited",
            "broken: 1",
        ),
        (
            "when: {severity: high}, expression: 'finding.aliases[0] == \"x\"'",
            "unknown",
        ),
    ] {
        check(&format!("rules: [{{id: x, {rule}}}]"), expected);
    }
}

#[test]
fn missing_facts_are_unknown() {
    let (mut bare, _) = sample();
    for f in &mut bare.findings {
        f.epss = None;
        f.published = None;
        f.ratings.clear();
        f.severity = Severity::Unknown;
    }
    bare.support = None;
    bare.database.shards.clear();
    bare.secrets.clear();
    bare.licenses.clear();
    bare.misconfigurations.clear();
    for policy in [
        "vulnerabilities: {max_epss: 0.1}",
        "vulnerabilities: {max_cvss: 5}",
        "vulnerabilities: {sla: {unknown: 3}}",
        "image: {max_age_days: 1}",
        "image: {no_end_of_life: true}",
        "secrets: {max: 0}",
        "misconfigurations: {max_high: 0}",
        "licenses: {prohibited: ['GPL-*']}",
        "signatures: {required: true}",
        "attestations: {required: [sbom]}",
        "coverage: {max_database_age_days: 1}",
        "base_images: {require_digest: true}",
        "runtime_security: {no_privilege_escalation: true}",
    ] {
        assert_eq!(
            says(policy, &bare, &Facts::default()),
            "unknown",
            "{policy}"
        );
    }
    let looked = Facts {
        scanners: Some(vec!["vuln".to_owned(), "secret".to_owned()]),
        signatures: Some(Vec::new()),
        created: "1970-01-01".parse().ok(),
        ..Facts::default()
    };
    for (policy, expected) in [
        ("secrets: {max: 0}", "holds"),
        ("misconfigurations: {max_high: 0}", "unknown"),
        ("signatures: {required: true}", "broken: 1"),
        ("image: {max_age_days: 1}", "unknown"),
    ] {
        assert_eq!(says(policy, &bare, &looked), expected, "{policy}");
    }
    bare.inventory.coverage.add(CoverageEntry::new(
        CoverageKind::SkippedFile,
        "big.bin",
        "too large",
    ));
    assert_eq!(
        says("coverage: {required: true}", &bare, &looked),
        "broken: 1"
    );
    assert_eq!(
        says(
            "coverage: {required: true, except: [skipped-file]}",
            &bare,
            &looked
        ),
        "holds"
    );
}

#[test]
fn explanations_name_rules_and_excuses() {
    let (report, facts) = sample();
    let policy = load(
        "version: '1.0'\nvulnerabilities: {max_critical: 0, max_total: 5, max_exploited: 0}\nwaivers: [{id: CVE-2023-45853, reason: fine, owner: me, expires: 2027-01-01}]\n",
    );
    let subject = Subject {
        report: &report,
        facts: &facts,
        now: "2026-11-25".parse().unwrap(),
    };
    let told = |id: &str| crate::explain(&policy, subject, &Exceptions::default(), id);
    let lodash = &told("cve-2019-10744")[0];
    let rules: Vec<_> = lodash
        .rules
        .iter()
        .map(|r| (r.rule.as_str(), r.max, r.broken))
        .collect();
    assert_eq!(
        rules,
        [
            ("vulnerabilities.max_critical", 0, true),
            ("vulnerabilities.max_total", 5, false)
        ]
    );
    assert_eq!(lodash.excused, None);
    assert!(lodash.waiver.contains("package: \"lodash\"") && lodash.waiver.contains("2026-12-25"));
    let zlib = &told("CVE-2023-45853")[0];
    assert_eq!(
        zlib.excused.as_deref(),
        Some("waived until 2027-01-01 by me (p.yaml:3): fine")
    );
    assert_eq!(
        zlib.rules.last().unwrap().rule,
        "vulnerabilities.max_exploited"
    );
    assert!(told("CVE-1").is_empty());
}

#[test]
fn rego_modules_deny_and_warn() {
    let (report, facts) = sample();
    let subject = Subject {
        report: &report,
        facts: &facts,
        now: "2026-11-25".parse().unwrap(),
    };
    let run = |module: &str| {
        let indented: String = module.lines().map(|l| format!("      {l}\n")).collect();
        let policy = load(&format!(
            "version: '1.0'\nrego:\n  - id: mine\n    module: |\n{indented}"
        ));
        let verdict = evaluate(&policy, subject, &Exceptions::default());
        (
            verdict
                .violations
                .iter()
                .map(|v| v.message.clone())
                .collect::<Vec<_>>(),
            verdict
                .warnings
                .iter()
                .map(|v| v.message.clone())
                .collect::<Vec<_>>(),
            verdict.passed,
        )
    };
    let (deny, warn, _) = run(
        "package team\nimport rego.v1\n\ndeny contains msg if {\n  some f in input.report.findings\n  f.severity == \"critical\"\n  msg := sprintf(\"%s is critical\", [f.id])\n}\n\nwarn contains {\"msg\": \"today\"} if input.today == \"2026-11-25\"\n",
    );
    assert_eq!(
        (deny, warn),
        (
            vec!["CVE-2019-10744 is critical".to_owned()],
            vec!["today".to_owned()]
        )
    );
    let (deny, ..) = run(
        "package team\nimport rego.v1\n\ndeny contains msg if {\n  some f in input.report.findings\n  f.age_days > 30\n  msg := sprintf(\"%s: %s, %d days\", [f.id, f.published, f.age_days])\n}\n",
    );
    assert_eq!(deny, ["CVE-2019-10744: 2019-07-26, 2679 days"]);
    let (_, _, passed) =
        run("package team\nimport rego.v1\ndeny contains \"x\" if input.image == \"none\"\n");
    assert_eq!(passed, ["rego.mine"]);
    let (deny, _, _) = run("package team\nimport rego.v1\ndeny := 7\n");
    assert!(
        deny[0].starts_with("rego.mine could not be checked: `deny` must be a set"),
        "{deny:?}"
    );
}

#[test]
fn a_package_is_updated_once_to_the_highest_of_its_fixes() {
    let (mut report, facts) = sample();
    for (id, fixed) in [("CVE-2020-8203", "4.17.9"), ("CVE-2021-23337", "4.17.100")] {
        let mut more = finding(id, 0, Severity::Critical);
        more.fixed_version = Some(fixed.to_owned());
        report.findings.push(more);
    }
    let policy = load("version: '1.0'\nvulnerabilities: {max_critical: 0}");
    let subject = Subject {
        report: &report,
        facts: &facts,
        now: "2026-11-25".parse().unwrap(),
    };
    let verdict = evaluate(&policy, subject, &Exceptions::default());
    assert_eq!(
        verdict.violations[0].remedy,
        "update lodash to 4.17.100, or waive with an expiry"
    );
}

#[test]
fn a_rule_that_could_not_be_checked_is_named_once() {
    let (report, _) = sample();
    let policy = load("version: '1.0'\nruntime_security: {read_only_filesystem: true}");
    let subject = Subject {
        report: &report,
        facts: &Facts::default(),
        now: "2026-11-25".parse().unwrap(),
    };
    let verdict = evaluate(&policy, subject, &Exceptions::default());
    let table = crate::verdict_table(&report, &verdict);
    assert!(
        table.contains("\n? runtime_security.read_only_filesystem: could not be checked: "),
        "{table}"
    );
}
