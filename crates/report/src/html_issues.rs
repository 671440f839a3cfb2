//! Secrets, misconfigurations and licences of the page.

use std::collections::BTreeMap;

use minijinja::{Value, context};
use seaworthy_model::{LicenseClass, Report, Severity};

use crate::html_merge::Who;
use crate::{issues, text};

pub(crate) fn secrets(report: &Report, who: Option<&Who<'_>>) -> Vec<Value> {
    (1..)
        .zip(&report.secrets)
        .map(|(number, secret)| {
            let layer = issues::layer(report, &secret.location);
            context! {
                anchor => format!("secret-{number}"),
                severity => secret.severity.name(),
                title => text::plain(&secret.title),
                rule => text::plain(&secret.rule),
                place => text::plain(&issues::place(&secret.location)),
                origin => issues::origin(report, &secret.location),
                layer => secret.location.layer,
                instruction => layer.and_then(|l| l.created_by.as_deref()).map(text::plain),
                masked => text::plain(&secret.masked),
                deleted_later => secret.deleted_later,
                description => text::plain(&issues::secret(report, secret)),
                fix => issues::SECRET_FIX,
                by => who.and_then(|who| who.about_issue(&secret.location, &secret.title)),
            }
        })
        .collect()
}

pub(crate) fn misconfigurations(report: &Report, who: Option<&Who<'_>>) -> Vec<Value> {
    (1..)
        .zip(&report.misconfigurations)
        .map(|(number, issue)| {
            context! {
                anchor => format!("misconfiguration-{number}"),
                severity => issue.severity.name(),
                title => text::plain(&issue.title),
                message => text::plain(&issue.message),
                fix => text::plain(&issue.fix),
                rule => text::plain(&issue.rule),
                references => text::plain(&issue.references.join(", ")),
                place => text::plain(&issues::place(&issue.location)),
                object => text::plain(&issue.object),
                origin => issues::origin(report, &issue.location),
                url => issues::rule_url(issue),
                by => who.and_then(|who| who.about_issue(&issue.location, &issue.title)),
            }
        })
        .collect()
}

/// One row per licence, with all that have it.
pub(crate) fn licenses(report: &Report) -> Vec<Value> {
    let mut groups: BTreeMap<(LicenseClass, &str), (Severity, Vec<String>)> = BTreeMap::new();
    for license in &report.licenses {
        let group = groups
            .entry((license.class, &license.license))
            .or_insert_with(|| (license.severity, Vec::new()));
        group.0 = group.0.max(license.severity);
        group
            .1
            .push(text::plain(&issues::license_of(report, license)));
    }
    (1..)
        .zip(groups)
        .map(|(number, ((class, name), (severity, mut members)))| {
            members.sort();
            members.dedup();
            context! {
                anchor => format!("license-{number}"),
                name => text::plain(name),
                class => class.name(),
                severity => severity.name(),
                count => members.len(),
                members => members.join(", "),
            }
        })
        .collect()
}
