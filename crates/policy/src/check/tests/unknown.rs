//! What is not known is no pass.

use super::{sample, says};
use crate::check::{Exceptions, evaluate};
use crate::subject::{Facts, Subject};
use crate::tests::load;

#[test]
fn what_was_reported_long_ago_was_published_before_that() {
    let (mut image, facts) = sample();
    for finding in &mut image.findings {
        finding.published = None;
    }
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
    // What is hidden was not accepted with the gaps.
    image.unknown_allowed = true;
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

#[test]
fn an_incomplete_scan_proves_no_expression_and_no_module() {
    let (mut image, mut facts) = sample();
    let policies = [
        "rules: [{id: x, on: image, expression: counts.critical > 9}]",
        "rules: [{id: x, on: image, expression: 'findings.exists(f, f.id == \"CVE-1\")'}]",
        "rules: [{id: x, on: image, expression: 'packages.exists(p, p.name == \"telnet\")'}]",
        "rules: [{id: x, expression: 'finding.exploited && counts.total > 9'}]",
    ];
    for policy in policies {
        assert_eq!(says(policy, &image, &facts), "holds", "{policy}");
    }
    let rego = load(
        "version: '1.0'\nrego:\n  - module: |\n      package a\n      import rego.v1\n      deny contains \"x\" if input.image == \"x\"\n",
    );
    let passes = |image: &seaworthy_model::Report| {
        let subject = Subject {
            report: image,
            facts: &Facts::default(),
            now: "2026-11-25".parse().unwrap(),
        };
        evaluate(&rego, subject, &Exceptions::default()).passes()
    };
    assert!(passes(&image));
    image
        .inventory
        .coverage
        .add(seaworthy_model::CoverageEntry::new(
            seaworthy_model::CoverageKind::UnreadableDatabase,
            "var/lib/rpm",
            "damaged",
        ));
    assert!(!passes(&image));
    for policy in policies {
        assert_eq!(says(policy, &image, &facts), "unknown", "{policy}");
    }
    image.inventory.coverage.entries.clear();
    facts.scanners = Some(vec!["vuln".to_owned()]);
    for policy in [
        "rules: [{id: x, on: image, expression: secrets.size() > 0}]",
        "rules: [{id: x, on: image, expression: misconfigurations.size() > 0}]",
        "rules: [{id: x, on: image, expression: licenses.size() > 0}]",
        "rules: [{id: x, on: image, expression: counts.secrets > 0}]",
        "rules: [{id: x, on: image, expression: counts.misconfigurations > 0}]",
    ] {
        assert_eq!(says(policy, &image, &facts), "unknown", "{policy}");
    }
}

#[test]
fn findings_without_a_day_are_named() {
    let (mut image, mut facts) = sample();
    facts.first_seen.clear();
    for finding in &mut image.findings {
        finding.published = None;
    }
    for policy in [
        "vulnerabilities: {sla: {critical: 30}}",
        "rules: [{id: x, when: {min_severity: critical, older_than_days: 30}}]",
        "rules: [{id: x, expression: 'finding.severity == \"critical\" && finding.age_days > 30'}]",
        "rules: [{id: x, expression: 'finding.severity == \"critical\" && finding.published < \"2020-01-01\"'}]",
    ] {
        let policy = load(&format!("version: '1.0'\n{policy}"));
        let subject = Subject {
            report: &image,
            facts: &facts,
            now: "2026-11-25".parse().unwrap(),
        };
        let verdict = evaluate(&policy, subject, &Exceptions::default());
        let violation = &verdict.violations[0];
        let why = violation.why.as_deref().unwrap_or_default();
        assert!(
            why.starts_with("of 1 vulnerability (CVE-2019-10744), "),
            "{why}"
        );
        assert_eq!(
            violation.message,
            format!("{} could not be checked: {why}", violation.rule)
        );
        assert_eq!(violation.causes[0].id, "CVE-2019-10744");
        assert_eq!(violation.count, 0);
        let table = crate::verdict_table(&image, &verdict);
        let line = format!("? {}: could not be checked: of 1", violation.rule);
        assert!(table.contains(&line), "{table}");
    }
}

#[test]
fn support_and_age_must_be_told_to_count() {
    let (mut image, facts) = sample();
    let eol = "image: {no_end_of_life: true}";
    if let Some(support) = &mut image.support {
        support.end = "some day".to_owned();
    }
    assert_eq!(says(eol, &image, &facts), "unknown");
    if let Some(support) = &mut image.support {
        (support.end, support.ended) = (String::new(), true);
    }
    assert_eq!(says(eol, &image, &facts), "broken: 1");
    image.support = None;
    image.inventory.distribution = None;
    // Packages of a distribution without the distribution.
    assert_eq!(says(eol, &image, &facts), "unknown");
    image.inventory.packages.truncate(1);
    image.findings.clear();
    assert_eq!(says(eol, &image, &facts), "holds");
    image.inventory.packages.clear();
    assert_eq!(says(eol, &image, &facts), "unknown");

    let (mut image, mut facts) = sample();
    let age = "coverage: {max_database_age_days: 10}";
    assert_eq!(says(age, &image, &facts), "holds");
    let mut undated = image.database.shards[0].clone();
    undated.date.clear();
    image.database.shards.push(undated);
    assert_eq!(says(age, &image, &facts), "unknown");
    facts.size = None;
    assert_eq!(says("image: {max_size: 1GB}", &image, &facts), "unknown");
}

#[test]
fn an_image_knows_its_own_age() {
    let (mut image, _) = sample();
    for (created, expected) in [
        (Some("2026-11-20T10:00:00.123Z"), "holds"),
        (Some("2026-09-01T00:00:00+02:00"), "broken: 1"),
        (Some("1970-01-01T00:00:00Z"), "unknown"),
        (Some("2026-11-26T00:00:00Z"), "holds"),
        (Some("2027-11-26T00:00:00Z"), "unknown"),
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
fn reports_of_other_scanners_do_not_tell_what_is_exploited() {
    let (mut image, facts) = sample();
    let policies = [
        "vulnerabilities: {max_exploited: 0}",
        "rules: [{id: x, when: {ransomware: true}}]",
        "rules: [{id: x, expression: finding.exploited && finding.cvss > 1}]",
        "rules: [{id: x, on: image, expression: counts.exploited > 0}]",
    ];
    for finding in &mut image.findings {
        finding.kev = None;
    }
    for policy in policies {
        assert_eq!(says(policy, &image, &facts), "holds", "{policy}");
    }
    for (tool, tables, expected) in [
        ("trivy", &[][..], "unknown"),
        ("trivy", &["kev"], "holds"),
        ("seaworthy", &["cvss", "epss"], "unknown"),
        ("seaworthy", &["epss", "kev"], "holds"),
    ] {
        image.tool.name = tool.to_owned();
        image.database.tables = tables.iter().map(|t| (*t).to_owned()).collect();
        for policy in policies {
            let found = says(policy, &image, &facts);
            assert_eq!(found, expected, "{tool} {tables:?} {policy}");
        }
    }
    image.tool.name = "trivy".to_owned();
    let coverage = "coverage: {required: true}";
    assert_eq!(says(coverage, &image, &facts), "unknown");
    image.findings.clear();
    assert_eq!(says(policies[0], &image, &facts), "holds");
}

#[test]
fn a_table_of_scores_tells_of_findings_that_it_does_not_list() {
    let (mut image, facts) = sample();
    for finding in &mut image.findings {
        finding.epss = None;
    }
    for (tables, expected) in [(vec!["kev"], "unknown"), (vec!["epss", "kev"], "holds")] {
        image.database.tables = tables.into_iter().map(str::to_owned).collect();
        for policy in [
            "vulnerabilities: {max_epss: 0.1}",
            "rules: [{id: x, expression: finding.epss > 0.1}]",
        ] {
            assert_eq!(says(policy, &image, &facts), expected, "{policy}");
        }
    }
}
