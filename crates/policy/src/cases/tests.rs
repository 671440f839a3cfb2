use super::*;

fn policy(_: Option<&str>) -> Result<Policy, Error> {
    Ok(crate::tests::load(
        "version: '1.0'\nvulnerabilities: {max_critical: 0}\nrules: [{id: k, when: {exploited: true}, action: warn}]\n",
    ))
}

fn run_text(text: &str) -> Vec<CaseResult> {
    let cases = read_cases("c.yaml", text.as_bytes()).unwrap();
    run_cases(&cases, &policy, &|file| Err(format!("cannot read {file}")))
}

#[test]
fn cases_pass_or_say_what_differs() {
    for (case, expected) in [
        (
            "findings: [{severity: critical}], expect: {status: fail, violations: [vulnerabilities.max_critical]}",
            "",
        ),
        (
            "findings: [{severity: high, exploited: true}], expect: {status: warn, warnings: [rules.k], passed: [vulnerabilities.max_critical]}",
            "",
        ),
        (
            "findings: [{id: CVE-1, severity: critical}], waivers: [{id: CVE-1}], expect: {status: pass, waived: [CVE-1]}",
            "",
        ),
        (
            "findings: [{severity: critical}], package_managers: [/sbin/apk], expect: {status: fail}",
            "",
        ),
        (
            "findings: [{severity: critical}], expect: {status: pass}",
            "expected status pass, got fail",
        ),
        (
            "expect: {violations: [rules.k]}",
            "expected violations [rules.k], got []",
        ),
        (
            "expect: {passed: [nothing]}",
            "expected the rule nothing to hold",
        ),
        ("report: gone.json, expect: {}", "cannot read gone.json"),
    ] {
        let results = run_text(&format!("cases: [{{name: x, {case}}}]"));
        assert_eq!(results[0].differences.join("; "), expected, "{case}");
        assert_eq!(results[0].passed(), expected.is_empty());
    }
}

#[test]
fn cases_tell_days_and_programs() {
    let policy = |_: Option<&str>| {
        Ok(crate::tests::load(
            "version: '1.0'\nvulnerabilities: {sla: {high: 30}}\nsecurity_requirements: {no_package_managers: true}\nrules: [{id: kev, when: {exploited: true, older_than_days: 14, since: exploited}}]\n",
        ))
    };
    for (case, violations) in [
        (
            "findings: [{published: 2024-01-01}], package_managers: []",
            "vulnerabilities.sla.high",
        ),
        (
            "findings: [{published: 2025-12-31}], package_managers: []",
            "",
        ),
        (
            "findings: [{}], package_managers: []",
            "vulnerabilities.sla.high",
        ),
        (
            "findings: [{severity: low, exploited: 2025-12-01}], package_managers: []",
            "rules.kev",
        ),
        (
            "findings: [{severity: low, exploited: 2025-12-31}], package_managers: []",
            "",
        ),
        (
            "package_managers: [/sbin/apk]",
            "security_requirements.no_package_managers",
        ),
    ] {
        let text = format!(
            "cases: [{{name: x, today: 2026-01-01, {case}, expect: {{violations: [{violations}]}}}}]"
        );
        let cases = read_cases("c.yaml", text.as_bytes()).unwrap();
        let results = run_cases(&cases, &policy, &|_| Err(String::new()));
        assert!(results[0].passed(), "{case}: {:?}", results[0].differences);
    }
}

#[test]
fn wrong_cases_say_where() {
    for (text, expected) in [
        (
            "case: []",
            "c.yaml:1:1: unknown key `case`; did you mean `cases`?",
        ),
        ("cases: [{expect: {}}]", "c.yaml:1:9: a case needs a `name`"),
        ("cases: [{name: x}]", "c.yaml:1:9: a case needs an `expect`"),
        (
            "cases: [{name: x, expect: {status: ok}}]",
            "c.yaml:1:36: expected pass, warn, fail, found `ok`",
        ),
        (
            "cases: [{name: x, expect: {}, facts: {sise: 1}}]",
            "c.yaml:1:38: `facts`: unknown field `sise`",
        ),
        (
            "cases: [{name: x, expect: {}, findings: [{severity: awful}]}]",
            "c.yaml:1:53: `awful` is not a severity",
        ),
    ] {
        let error = read_cases("c.yaml", text.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(
            error.lines().any(|l| l.starts_with(expected)),
            "{text}\n{error}"
        );
    }
}
