//! What happened to secrets, misconfigurations and licences.

use std::collections::BTreeMap;

use seaworthy_model::{Location, Report};

use super::{Issue, IssueChanges, IssueKind};
use crate::standing::looked_for;

/// What makes two issues the same one: lines move, so they are no part of it.
type Key = (IssueKind, String, String, String);

pub(super) fn changes(old: &Report, new: &Report) -> IssueChanges {
    let mut both: BTreeMap<Key, (Vec<Issue>, Vec<Issue>)> = BTreeMap::new();
    for (key, issue) in issues(old) {
        both.entry(key).or_default().0.push(issue);
    }
    for (key, issue) in issues(new) {
        both.entry(key).or_default().1.push(issue);
    }
    let mut changes = IssueChanges::default();
    for ((kind, ..), (mut before, mut after)) in both {
        let kept = before.len().min(after.len());
        let gone = before.drain(kept..);
        if looked_for(new, kind.scanner()) == Some(false) {
            changes.not_assessed.extend(gone);
        } else {
            changes.fixed.extend(gone);
        }
        changes.new.extend(after.drain(kept..));
        changes.remaining.extend(after);
    }
    for list in [
        &mut changes.fixed,
        &mut changes.new,
        &mut changes.remaining,
        &mut changes.not_assessed,
    ] {
        list.sort_by(|a, b| {
            (b.severity, a.kind, &a.rule, &a.place).cmp(&(a.severity, b.kind, &b.rule, &b.place))
        });
    }
    changes
}

fn issues(report: &Report) -> impl Iterator<Item = (Key, Issue)> {
    let secrets = report.secrets.iter().map(|secret| {
        let key = (
            IssueKind::Secret,
            secret.rule.clone(),
            secret.location.path.clone(),
            secret.fingerprint.clone(),
        );
        let issue = Issue {
            kind: IssueKind::Secret,
            rule: secret.rule.clone(),
            title: secret.title.clone(),
            severity: secret.severity,
            place: place(&secret.location, ""),
        };
        (key, issue)
    });
    let misconfigurations = report.misconfigurations.iter().map(|m| {
        let key = (
            IssueKind::Misconfiguration,
            m.rule.clone(),
            m.location.path.clone(),
            m.object.clone(),
        );
        let issue = Issue {
            kind: IssueKind::Misconfiguration,
            rule: m.rule.clone(),
            title: m.title.clone(),
            severity: m.severity,
            place: place(&m.location, &m.object),
        };
        (key, issue)
    });
    let licenses = report.licenses.iter().map(|l| {
        let package = l
            .package
            .and_then(|at| report.inventory.packages.get(at))
            .map_or("", |p| p.name.as_str());
        let path = if package.is_empty() {
            l.location.path.clone()
        } else {
            String::new()
        };
        let key = (
            IssueKind::License,
            l.license.clone(),
            package.to_owned(),
            path,
        );
        let issue = Issue {
            kind: IssueKind::License,
            rule: l.license.clone(),
            title: format!("{} licence", l.class.name()),
            severity: l.severity,
            place: if package.is_empty() {
                place(&l.location, "")
            } else {
                package.to_owned()
            },
        };
        (key, issue)
    });
    secrets.chain(misconfigurations).chain(licenses)
}

fn place(location: &Location, object: &str) -> String {
    let mut place = location.path.clone();
    if location.start_line > 0 {
        place.push_str(&format!(":{}", location.start_line));
    }
    if !object.is_empty() {
        place.push_str(&format!(" ({object})"));
    }
    place
}
