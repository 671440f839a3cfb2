//! What waivers and baselines take away.

use super::{Baseline, Exceptions, Status, Subject, Waiver, evaluate, load, sample};
use crate::verdict::WaiverNoteKind;

#[test]
fn exceptions_take_findings_away_and_are_accounted_for() {
    let (report, facts) = sample();
    let policy = load(
        "version: '1.0'\nvulnerabilities: {max_total: 0}\nsecrets: {max: 0}\nmisconfigurations: {max_high: 0}\n\
         waivers:\n  - {id: CVE-2019-10744, package: lodash, reason: dev only, owner: me, ticket: T-1, expires: 2026-12-01}\n  - {rule: secrets.max, reason: known}\n",
    );
    let waivers = Waiver::read(
        "w.yaml",
        b"waivers:\n  - {id: CVE-2023-45853, expires: 2026-11-01}\n  - {id: CVE-1999-1}\n  - {id: CVE-1999-2, image: 'other/*'}\n",
    )
    .unwrap();
    let subject = Subject {
        report: &report,
        facts: &facts,
        now: "2026-11-25".parse().unwrap(),
    };
    let exceptions = Exceptions {
        waivers: &waivers,
        ..Exceptions::default()
    };
    let verdict = evaluate(&policy, subject, &exceptions);
    let broken: Vec<_> = verdict
        .violations
        .iter()
        .map(|v| format!("{} {}", v.rule, v.count))
        .collect();
    assert_eq!(
        broken,
        [
            "vulnerabilities.max_total 1",
            "misconfigurations.max_high 1"
        ]
    );
    let waived: Vec<_> = verdict
        .waived
        .iter()
        .map(|w| format!("{} {}", w.cause.id, w.waiver))
        .collect();
    assert_eq!(
        waived,
        ["CVE-2019-10744 p.yaml:6:5", "secrets.max p.yaml:7:5"]
    );
    assert_eq!(verdict.waived[0].ticket.as_deref(), Some("T-1"));
    let notes: Vec<_> = verdict
        .waiver_notes
        .iter()
        .map(|n| (n.id.as_str(), n.kind))
        .collect();
    assert_eq!(
        notes,
        [
            ("CVE-2023-45853", WaiverNoteKind::Expired),
            ("CVE-1999-1", WaiverNoteKind::Unused)
        ]
    );
    let baseline = Baseline::of(&report);
    let verdict = evaluate(
        &policy,
        subject,
        &Exceptions {
            baseline: Some(&baseline),
            ..Exceptions::default()
        },
    );
    assert_eq!(verdict.status, Status::Pass, "{:?}", verdict.violations);
    assert_eq!(verdict.known, [1]);
}
