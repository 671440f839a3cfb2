//! Policies that are wrong, each mistake with its place; and rules that are switched off.

use super::{load, problems};
use crate::*;

#[test]
fn everything_wrong_is_said_with_line_and_column() {
    for (text, expected) in [
        (
            "",
            vec!["p.yaml:1:1: a policy must be a mapping, not nothing"],
        ),
        (
            "[]",
            vec!["p.yaml:1:1: a policy must be a mapping, not a list"],
        ),
        (
            "policies: {}",
            vec!["p.yaml:1:1: the version is missing; add `version: \"1.0\"`"],
        ),
        (
            "version: '2.0'",
            vec!["p.yaml:1:10: version `2.0` is not known; this build reads \"1.0\""],
        ),
        (
            "version: '1.0'\npolicy: {}\n",
            vec!["p.yaml:2:1: unknown key `policy`; did you mean `policies`?"],
        ),
        (
            "version: '1.0'\npolicies:\n  vulnerabilities:\n    max_criticl: 0\n    max_high: -1\n    max_low: many\n",
            vec![
                "p.yaml:4:5: unknown key `max_criticl`; did you mean `max_critical`?",
                "p.yaml:5:15: expected a whole number from 0, found -1",
                "p.yaml:6:14: expected a whole number from 0, found `many`",
            ],
        ),
        (
            "version: '1.0'\npolicies:\n  base_images:\n    prohibited: ['ok:*', 'no[de:1', \"sp ace\"]\n",
            vec![
                "p.yaml:4:29: bad pattern `no[de:1`: `[` is not closed",
                "p.yaml:4:40: bad pattern `sp ace`: ` ` is in no image reference",
            ],
        ),
        (
            "version: '1.0'\npolicies:\n  security_requirements:\n    non_root_user: yes\n",
            vec!["p.yaml:4:20: expected true or false (YAML 1.2 has no yes and no), found `yes`"],
        ),
        (
            "version: '1.0'\npolicies:\n  vulnerabilities:\n    max_high: {action: block, value: 1}\n",
            vec!["p.yaml:4:24: expected deny, warn, found `block`"],
        ),
        (
            "version: '1.0'\npolicies:\n  vulnerabilities:\n    max_high: {action: warn}\n",
            vec!["p.yaml:4:15: `max_high` in its long form needs a `value`"],
        ),
        (
            "version: '1.0'\nrules:\n  - id: a\n    when: {packages: 'lo[g'}\n  - id: b\n    expression: finding.severty == \"high\"\n  - id: c\n    expression: >-\n      finding.kev &&\n      finding.cvss > 7\n",
            vec![
                "p.yaml:4:25: bad pattern `lo[g`: `[` is not closed",
                "p.yaml:6:24: `finding` has no field `severty`; did you mean `severity`?",
                "p.yaml:9:14: `finding` has no field `kev`; it has id, aliases",
            ],
        ),
        (
            "version: '1.0'\nrules:\n  - id: a\n    expression: finding.cvss > \"7\"\n  - id: b\n    expression: finding.id\n  - id: c\n    expression: finding.id ==\n  - id: d\n    expression: findings.size() > 1\n  - id: e\n    expression: 'finding.id.matches(\"(\")'\n",
            vec![
                "p.yaml:4:30: double and string have no order",
                "p.yaml:6:17: an expression must be true or false, this is string",
                "p.yaml:8:",
                "p.yaml:10:17: no variable `findings`; did you mean `finding`?",
                "p.yaml:12:37: not a regular expression",
            ],
        ),
        (
            "version: '1.0'\nrules:\n  - when: {kev: true}\n  - id: x\n  - {id: y, when: {types: npm, versions: 'older'}}\n  - {id: y, when: {min_cvss: 11}}\n",
            vec![
                "p.yaml:3:5: a rule needs an `id` by which reports name it",
                "p.yaml:3:12: unknown key `kev`",
                "p.yaml:4:5: a rule needs `when` or `expression`: what it is about",
                "p.yaml:5:42: `older` is not a version range",
                "p.yaml:6:5: a rule with the id `y` stands here already",
                "p.yaml:6:30: expected a number from 0 to 10, found 11",
            ],
        ),
        (
            "version: '1.0'\nsettings: {waivers: {require_expires: true, require_owner: true, max_days: 30}}\nwaivers:\n  - id: CVE-1\n  - {id: CVE-2, owner: me, created: 2026-01-01, expires: 2026-06-01}\n  - {id: CVE-3, owner: me, expires: soon}\n",
            vec![
                "p.yaml:4:5: the waiver of `CVE-1` has no `expires`, which the policy demands",
                "p.yaml:4:5: the waiver of `CVE-1` has no `owner`, which",
                "p.yaml:5:5: the waiver of `CVE-2` holds for 151 days, the policy allows 30",
                "p.yaml:6:5: the waiver of `CVE-3` has no `expires`",
                "p.yaml:6:37: `soon` is not a date of the form YYYY-MM-DD",
            ],
        ),
        (
            "version: '1.0'\nenvironments:\n  dev:\n    vulnerabilites: {}\n  prod: {vulnerabilities: {max_high: no}}\n",
            vec![
                "p.yaml:4:5: unknown key `vulnerabilites`; did you mean `vulnerabilities`?",
                "p.yaml:5:38: expected a whole number from 0, found `no`",
            ],
        ),
        (
            "version: '1.0'\ndefault_environment: prod\nenvironments: {dev: {}}\n",
            vec!["p.yaml:2:22: no environment `prod`; there is dev"],
        ),
        (
            "version: '1.0'\nrego:\n  - module: |\n      package x\n      deny contains {\n",
            vec!["p.yaml:5:"],
        ),
        (
            "version: '1.0'\nrego:\n  - module: |\n      package x\n      # deny nothing\n      allow := true\n",
            vec!["p.yaml:4:7: the module has none of the rules deny, violation and warn"],
        ),
        (
            "version: '1.0'\nrules:\n  - {id: a, when: {ids: []}}\n  - {id: b, when: {since: exploited}}\n  - {id: c, on: image, max: 2, expression: counts.total > 1}\n  - {id: d, on: secret, when: {paths: []}}\n",
            vec![
                "p.yaml:3:25: an empty list selects nothing",
                "p.yaml:4:27: `since` says from when `older_than_days` counts, which is missing",
                "p.yaml:5:29: a rule on the image counts nothing: it has no `max`",
                "p.yaml:6:39: an empty list selects nothing",
            ],
        ),
        (
            "version: '1.0'\nvulnerabilities: {sla: {since: first_seen}}\nruntime_security: {drop_capabilities: [NET_RWA], add_capabilities: [true]}\nbase_images: {allowed: true}\n",
            vec![
                "p.yaml:2:24: an `sla` needs days",
                "p.yaml:3:40: `NET_RWA` is not the name of a capability; did you mean `NET_RAW`?",
                "p.yaml:3:69: `true` is not the name of a capability",
                "p.yaml:4:24: expected an image pattern such as `alpine:*`, found true",
            ],
        ),
        (
            "version: '1.0'\nsettings: {waivers: {max_days: 30}}\nwaivers:\n  - {id: CVE-1}\n  - {id: []}\n",
            vec![
                "p.yaml:4:5: the waiver of `CVE-1` has no `expires`, which the policy demands",
                "p.yaml:5:5: the waiver of `` has no `expires`",
                "p.yaml:5:10: an empty list selects nothing",
            ],
        ),
        (
            "version: '1.0'\nbase: &b {max_critical: 0}\nvulnerabilities: {<<: 3}\n",
            vec!["p.yaml:3:19: `<<` takes a mapping, or a list of mappings"],
        ),
        (
            "version: '1.0'\ninclude: [base.yaml, {url: 'http://x'}, {url: 'https://x/y'}]\n",
            vec![
                "p.yaml:2:11: cannot include `base.yaml`: includes are not allowed here",
                "p.yaml:2:28: an included address must begin with https://",
                "p.yaml:2:41: what comes over the network must be pinned",
            ],
        ),
    ] {
        let found = problems(text);
        assert_eq!(found.len(), expected.len(), "{text}\n{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{text}\n{found}\n{expected}");
        }
    }
}

#[test]
fn files_of_windows_load() {
    let field = super::FIELD.replace('\n', "\r\n");
    for text in [field.clone(), format!("\u{feff}{field}")] {
        assert_eq!(load(&text).rules().count(), 13);
    }
}

#[test]
fn false_switches_any_rule_off() {
    let off = "version: '1.0'\n\
        base_images: {allowed: false, prohibited: false, require_digest: false}\n\
        security_requirements: {non_root_user: false, no_package_managers: false, minimal_packages: false, security_updates: false}\n\
        runtime_security: {read_only_filesystem: false, no_privileged: false, no_privilege_escalation: false, drop_capabilities: false, add_capabilities: false}\n\
        vulnerabilities: {max_critical: false, max_exploited: false, max_epss: false, max_cvss: false, sla: {critical: false}}\n\
        image: {max_age_days: false, max_size: false, required_labels: false, no_end_of_life: false}\n\
        secrets: {max: false, prohibited_rules: false}\nmisconfigurations: {max_high: false, prohibited_rules: false}\n\
        licenses: {allowed: false, prohibited: false, prohibited_classes: false}\n\
        signatures: {required: false}\nattestations: {required: false}\ncoverage: {required: false, max_database_age_days: false}\n";
    assert_eq!(load(off).rules().count(), 0);
    assert_eq!(load(&off.replace("false", "~")).rules().count(), 0);
}

#[test]
fn waivers_that_begin_tomorrow_last_from_today() {
    let policy = load("version: '1.0'\nsettings: {waivers: {max_days: 30}}\n");
    let now = "2026-11-25".parse().unwrap();
    let waivers = |text: &str| Waiver::read("w.yaml", format!("waivers: [{text}]").as_bytes());
    for (waiver, is_fine) in [
        ("{id: a, expires: 2026-12-25}", true),
        ("{id: a, expires: 2026-12-26}", false),
        ("{id: a, created: 2026-11-20, expires: 2026-12-20}", true),
        ("{id: a, created: 2026-11-20, expires: 2026-12-21}", false),
        // Said to be created next year, it holds from today all the same.
        ("{id: a, created: 2027-11-20, expires: 2027-12-01}", false),
        ("{id: a}", false),
    ] {
        let found = check_waivers(&waivers(waiver).unwrap(), &policy, now);
        assert_eq!(found.is_ok(), is_fine, "{waiver}: {found:?}");
    }
}
