//! Policies that include others.

use std::collections::BTreeMap;

use seaworthy_oci::Digest;

use super::{check, good_report, rules};
use crate::*;

struct Files<'f>(BTreeMap<&'f str, String>);

impl Includes for Files<'_> {
    fn fetch(&self, source: &IncludeSource, _: Option<&Digest>) -> Result<Vec<u8>, String> {
        let name = match source {
            IncludeSource::File(name) | IncludeSource::Url(name) | IncludeSource::Oci(name) => name,
        };
        if name.contains("expired") {
            return Err("the certificate of x.example has expired".to_owned());
        }
        self.0
            .get(name.as_str())
            .map(|t| t.clone().into_bytes())
            .ok_or_else(|| "no such file".to_owned())
    }
}

#[test]
fn includes_are_laid_under_and_verified() {
    let base = "version: '1.0'\nvulnerabilities: {max_critical: 0, max_high: 5}\n".to_owned();
    let digest = Digest::of(base.as_bytes()).to_string();
    let pinned = format!("reg.example/base@{digest}");
    let files = Files(BTreeMap::from([
        (pinned.as_str(), base.clone()),
        ("base.yaml", base.clone()),
        ("https://x.example/base.yaml", base.clone()),
        ("reg.example/base:1", base.clone()),
        (
            "loop.yaml",
            "version: '1.0'\ninclude: loop.yaml\n".to_owned(),
        ),
        (
            "wrong.yaml",
            "version: '1.0'\nvulnerabilities: {max: 1}\n".to_owned(),
        ),
        ("future.yaml", "version: '2.0'\n".to_owned()),
        (
            "r.rego",
            "package team.rules\n\ndeny contains \"no\" if input.image == \"x\"\n".to_owned(),
        ),
        (
            "bad.rego",
            "package team.rules\n\ndeny contains {\n".to_owned(),
        ),
    ]));
    let load = |text: &str| Policy::load("p.yaml", text.as_bytes(), None, &files);
    for include in [
        "base.yaml".to_owned(),
        format!("{{url: 'https://x.example/base.yaml', digest: '{digest}'}}"),
        format!("{{oci: 'reg.example/base:1', digest: '{digest}'}}"),
        format!("{{oci: 'oci://reg.example/base:1', digest: '{digest}'}}"),
        format!("'oci://reg.example/base@{digest}'"),
    ] {
        let policy = load(&format!(
            "version: '1.0'\ninclude: [{include}]\nvulnerabilities: {{max_high: 1}}\n"
        ))
        .unwrap();
        let places: Vec<String> = policy
            .rules()
            .map(|(id, p, _)| format!("{id} {p}"))
            .collect();
        assert!(places[0].ends_with(":2:19"), "{places:?}");
        assert_eq!(places[1], "vulnerabilities.max_high p.yaml:3:19");
        assert_eq!(policy.files().len(), 2);
    }
    let other = format!("sha256:{}", "0".repeat(64));
    for (text, expected) in [
        (
            format!("include: [{{file: base.yaml, digest: '{other}'}}]"),
            "p.yaml:2:11: `base.yaml` is not what is pinned: expected sha256:0000",
        ),
        (
            "include: loop.yaml".to_owned(),
            "loop.yaml:2:10: `loop.yaml` includes itself",
        ),
        (
            "include: wrong.yaml".to_owned(),
            "wrong.yaml:2:19: unknown key `max`",
        ),
        (
            format!("include: [{{url: 'https://expired.example/x', digest: '{other}'}}]"),
            "p.yaml:2:11: cannot include `https://expired.example/x`: the certificate of x.example has expired",
        ),
        (
            "include: future.yaml".to_owned(),
            "future.yaml:1:10: version `2.0` is not known",
        ),
        (
            "include: gone.yaml".to_owned(),
            "p.yaml:2:10: cannot include `gone.yaml`: no such file",
        ),
        ("rego: [{file: bad.rego}]".to_owned(), "bad.rego:"),
    ] {
        let error = load(&format!("version: '1.0'\n{text}\n"))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let policy = load("version: '1.0'\nrego: [{file: r.rego}]\n").unwrap();
    let mut subject = good_report();
    subject.target.name = "x".to_owned();
    let verdict = check(&policy, &subject, &Facts::default());
    assert_eq!(rules(&verdict.violations), ["rego.team.rules"]);
    assert_eq!(verdict.violations[0].message, "no");
}

#[test]
fn includes_are_beside_the_file_that_names_them() {
    let files = Files(BTreeMap::from([
        (
            "policies/shared/base.yaml",
            "version: '1.0'\ninclude: ./more/x.yaml\n".to_owned(),
        ),
        (
            "policies/shared/more/x.yaml",
            "version: '1.0'\ninclude: ../../end.yaml\n".to_owned(),
        ),
        (
            "policies/end.yaml",
            "version: '1.0'\nimage: {max_age_days: 3}\n".to_owned(),
        ),
        (
            "policies/ring/a.yaml",
            "version: '1.0'\ninclude: ../ring/b.yaml\n".to_owned(),
        ),
        (
            "policies/ring/b.yaml",
            "version: '1.0'\ninclude: a.yaml\n".to_owned(),
        ),
        (
            "policies/many.yaml",
            format!("version: '1.0'\ninclude: [{}]\n", "end.yaml, ".repeat(60)),
        ),
        (
            "policies/deep.yaml",
            "version: '1.0'\ninclude: 1/deep.yaml\n".to_owned(),
        ),
    ]));
    let load = |include: &str| {
        let text = format!("version: '1.0'\ninclude: {include}\n");
        Policy::load("policies/web.yaml", text.as_bytes(), None, &files)
    };
    let policy = load("shared/base.yaml").unwrap();
    let place = policy.rules().next().unwrap().1.to_string();
    assert_eq!(place, "policies/end.yaml:2:9");
    for (include, expected) in [
        (
            "ring/a.yaml",
            "policies/ring/b.yaml:2:10: `policies/ring/a.yaml` includes itself",
        ),
        (
            "web.yaml",
            "policies/web.yaml:2:10: `policies/web.yaml` includes itself",
        ),
        ("many.yaml", "policies/many.yaml:2:"),
        (
            "/etc/none.yaml",
            "policies/web.yaml:2:10: cannot include `/etc/none.yaml`: no such file",
        ),
    ] {
        let error = load(include).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn what_comes_over_the_network_is_pinned_and_stays_there() {
    let local = "version: '1.0'\ninclude: /etc/policy.yaml\n".to_owned();
    let digest = Digest::of(local.as_bytes()).to_string();
    let files = Files(BTreeMap::from([
        ("https://x.example/local.yaml", local),
        ("/etc/policy.yaml", "version: '1.0'\n".to_owned()),
    ]));
    let zeros = "0".repeat(64);
    for (include, expected) in [
        (
            "https://x.example/a".to_owned(),
            "p.yaml:2:10: what comes over the network must be pinned",
        ),
        (
            "{url: 'https://x.example/a'}".to_owned(),
            "p.yaml:2:10: what comes over the network must be pinned",
        ),
        (
            "oci://reg.example/base:1".to_owned(),
            "p.yaml:2:10: what comes over the network must be pinned: add `digest: sha256:…` of the file, or `@sha256:…` of the artifact",
        ),
        (
            format!("{{url: 'http://x.example/a', digest: 'sha256:{zeros}'}}"),
            "p.yaml:2:16: an included address must begin with https://",
        ),
        (
            "{url: 'https://x.example/a', digest: 'sha256:12'}".to_owned(),
            "p.yaml:2:47: ",
        ),
        (
            format!("{{oci: 'NOT A REF', digest: 'sha256:{zeros}'}}"),
            "p.yaml:2:16: ",
        ),
        (
            format!("{{url: 'https://x.example/local.yaml', digest: '{digest}'}}"),
            "https://x.example/local.yaml:2:10: what came over the network cannot include files of this machine",
        ),
        (
            "{url: 'https://x.example/a', file: b}".to_owned(),
            "p.yaml:2:10: an include has one of file, url and oci",
        ),
    ] {
        let text = format!("version: '1.0'\ninclude: {include}\n");
        let error = Policy::load("p.yaml", text.as_bytes(), None, &files)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{include}: {error}");
    }
}
