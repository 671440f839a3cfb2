//! Waivers: exceptions with a reason, an owner and an end; and the ignore files of other tools.

pub(crate) mod foreign;
pub(crate) mod own;

use std::sync::Arc;

use regex::Regex;
use seaworthy_model::Package;
use seaworthy_oci::Reference;

use crate::error::{Error, Place, Problems};
use crate::glob::{Glob, Globs, ImagePattern};
use crate::policy::{Bits, On, WaiverRules};
use crate::row::{Item, Row};
use seaworthy_model::Date;

/// An exception to the policy.
#[derive(Debug, Clone)]
pub struct Waiver {
    /// Where it is written.
    pub place: Place,
    /// What it is about, as written.
    pub id: String,
    /// Why.
    pub reason: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Ticket.
    pub ticket: Option<String>,
    /// Last day on which it holds.
    pub expires: Option<Date>,
    /// First day.
    pub created: Option<Date>,
    /// Why the vulnerability cannot be exploited: one of OpenVEX's justifications. With it, the VEX
    /// document says `not_affected`.
    pub justification: Option<String>,
    pub(crate) target: Target,
    pub(crate) scope: Scope,
}

/// What a waiver is about.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// Items by id: vulnerabilities, secrets' and misconfigurations' rules, licences.
    Items(Globs),
    /// A whole rule of the policy, by its id.
    Rule(Glob),
}

/// Where a waiver holds; what is not set does not narrow it.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) kind: Option<On>,
    pub(crate) package: Option<Name>,
    /// Names of source packages.
    pub(crate) source: Option<Regex>,
    pub(crate) version: Option<Globs>,
    pub(crate) types: Bits,
    pub(crate) states: Bits,
    pub(crate) fixable: Option<bool>,
    pub(crate) purls: Vec<seaworthy_model::Purl>,
    pub(crate) paths: Option<Globs>,
    pub(crate) file_kind: Option<&'static str>,
    pub(crate) line: Option<u32>,
    pub(crate) images: Option<Images>,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            kind: None,
            package: None,
            source: None,
            version: None,
            types: Bits::ALL,
            states: Bits::ALL,
            fixable: None,
            purls: Vec::new(),
            paths: None,
            file_kind: None,
            line: None,
            images: None,
        }
    }
}

/// Names of packages.
#[derive(Debug, Clone)]
pub(crate) enum Name {
    Globs(Globs),
    /// Grype's names are regular expressions over the whole name.
    Regex(Regex),
}

/// Images.
#[derive(Debug, Clone)]
pub(crate) enum Images {
    Patterns(Vec<ImagePattern>),
    /// GitLab's allowlist: a part of the reference.
    Part(String),
}

impl Images {
    fn has(&self, name: &str, reference: Option<&Reference>) -> bool {
        match self {
            Self::Patterns(patterns) => {
                reference.is_some_and(|r| patterns.iter().any(|p| p.matches(r)))
            }
            Self::Part(part) => name.contains(part.as_str()),
        }
    }
}

impl Waiver {
    pub(crate) fn new(place: Place, id: impl Into<String>, target: Target) -> Self {
        Self {
            place,
            id: id.into(),
            reason: None,
            owner: None,
            ticket: None,
            expires: None,
            created: None,
            justification: None,
            target,
            scope: Scope::default(),
        }
    }

    /// Whether it still holds on a day: the day of expiry is the last.
    #[must_use]
    pub fn holds_on(&self, day: Date) -> bool {
        self.expires.is_none_or(|end| day <= end)
    }

    /// Reads a file of waivers: ours, or by its name another tool's: `.trivyignore`,
    /// `.trivyignore.yaml`, `.grype.yaml`, `.snyk`, `vulnerability-allowlist.yml`,
    /// `.hadolint.yaml`.
    ///
    /// # Errors
    /// [`Error::Invalid`] with all that is wrong, each with its line.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Vec<Self>, Error> {
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let lower = file.to_ascii_lowercase();
        let arc: Arc<str> = name.into();
        if lower == ".trivyignore" {
            return foreign::trivy_text(&arc, bytes);
        }
        let root = crate::yaml::parse(&arc, bytes)?;
        let mut problems = Problems::default();
        let waivers = match lower.as_str() {
            ".trivyignore.yaml" | ".trivyignore.yml" => foreign::trivy_yaml(&root, &mut problems),
            ".grype.yaml" | ".grype.yml" | "grype.yaml" => foreign::grype(&root, &mut problems),
            "config.yaml" if name.contains(".grype/") => foreign::grype(&root, &mut problems),
            ".snyk" => foreign::snyk(&root, &mut problems),
            "vulnerability-allowlist.yml" | "vulnerability-allowlist.yaml" => {
                foreign::gitlab(&root, &mut problems)
            }
            ".hadolint.yaml" | ".hadolint.yml" | "hadolint.yaml" => {
                foreign::hadolint(&root, &mut problems)
            }
            _ => own::file(&root, &mut problems),
        };
        problems.finish(waivers)
    }

    pub(crate) fn is_for_image(&self, name: &str, reference: Option<&Reference>) -> bool {
        self.scope
            .images
            .as_ref()
            .is_none_or(|i| i.has(name, reference))
    }

    /// Whether it is about an item; the image and the expiry were tested before.
    pub(crate) fn covers(&self, row: &Row<'_>) -> bool {
        let Target::Items(ids) = &self.target else {
            return false;
        };
        let scope = &self.scope;
        let on = match row.item {
            Item::Finding(_) => On::Vulnerability,
            Item::Secret(_) => On::Secret,
            Item::Misconfiguration(_) => On::Misconfiguration,
            Item::License(_) => On::License,
            Item::Package(_) => On::Package,
            Item::Image => On::Image,
        };
        scope.kind.is_none_or(|kind| kind == on)
            && has_id(ids, row)
            && self.covers_finding(row)
            && self.covers_package(row)
            && scope
                .paths
                .as_ref()
                .is_none_or(|p| p.matches(row.path().trim_start_matches('/')))
    }

    fn covers_finding(&self, row: &Row<'_>) -> bool {
        let scope = &self.scope;
        match row.item {
            Item::Finding(f) => {
                scope.states.has(f.finding.state.code())
                    && scope
                        .fixable
                        .is_none_or(|wanted| wanted == f.finding.is_fixable())
                    && scope.file_kind.is_none()
                    && scope.line.is_none()
            }
            Item::Misconfiguration(m) => {
                scope.file_kind.is_none_or(|kind| kind == m.kind)
                    && scope.line.is_none_or(|line| line == m.location.start_line)
            }
            _ => scope.file_kind.is_none() && scope.line.is_none(),
        }
    }

    fn covers_package(&self, row: &Row<'_>) -> bool {
        let scope = &self.scope;
        let narrows = scope.package.is_some()
            || scope.source.is_some()
            || scope.version.is_some()
            || scope.types != Bits::ALL
            || !scope.purls.is_empty();
        if !narrows {
            return true;
        }
        let Some(package) = row.package() else {
            return false;
        };
        let distribution = row.world.subject.report.inventory.distribution.as_ref();
        scope.types.has(package.kind as u8)
            && scope.package.as_ref().is_none_or(|n| n.has(package))
            && scope
                .source
                .as_ref()
                .is_none_or(|r| r.is_match(package.source_name()))
            && scope
                .version
                .as_ref()
                .is_none_or(|v| v.matches(&package.version))
            && (scope.purls.is_empty()
                || scope
                    .purls
                    .iter()
                    .any(|p| crate::vex::purl::purl_is(p, package, distribution)))
    }
}

impl Name {
    fn has(&self, package: &Package) -> bool {
        match self {
            Self::Globs(globs) => {
                globs.matches_lower(&package.name) || globs.matches_lower(package.source_name())
            }
            Self::Regex(regex) => regex.is_match(&package.name),
        }
    }
}

/// The ids of an item, as they are written.
pub(crate) fn ids_of<'w>(row: &Row<'w>) -> Vec<&'w str> {
    match row.item {
        Item::Finding(f) => std::iter::once(f.finding.id.as_str())
            .chain(f.finding.aliases.iter().map(String::as_str))
            .chain(f.finding.reason.advisory.as_deref())
            .collect(),
        Item::Secret(s) => vec![&s.rule, &s.fingerprint],
        Item::Misconfiguration(m) => std::iter::once(m.rule.as_str())
            .chain(m.references.iter().map(String::as_str))
            .collect(),
        Item::License(l) => vec![&l.license],
        Item::Package(p) => vec![&p.name],
        Item::Image => Vec::new(),
    }
}

fn has_id(ids: &Globs, row: &Row<'_>) -> bool {
    ids_of(row).into_iter().any(|id| {
        if id.bytes().any(|b| b.is_ascii_lowercase()) {
            ids.matches(&id.to_ascii_uppercase())
        } else {
            ids.matches(id)
        }
    })
}

/// Reports waivers that lack what the policy demands.
pub(crate) fn demand(waivers: &[Waiver], rules: &WaiverRules, problems: &mut Problems) {
    for waiver in waivers {
        // What has no end is longer than any longest term.
        let ends = rules.require_expires || rules.max_days.is_some();
        for (wanted, there, what) in [
            (ends, waiver.expires.is_some(), "`expires`"),
            (rules.require_owner, waiver.owner.is_some(), "an `owner`"),
            (rules.require_reason, waiver.reason.is_some(), "a `reason`"),
            (rules.require_ticket, waiver.ticket.is_some(), "a `ticket`"),
        ] {
            if wanted && !there {
                problems.add(
                    &waiver.place,
                    format!(
                        "the waiver of `{}` has no {}, which the policy demands (settings.waivers)",
                        crate::read::shown(&waiver.id),
                        what.trim_start_matches("a ").trim_start_matches("an ")
                    ),
                );
            }
        }
        if let (Some(most), Some(created), Some(expires)) =
            (rules.max_days, waiver.created, waiver.expires)
            && i64::from(expires.since(created)) > i64::try_from(most).unwrap_or(i64::MAX)
        {
            problems.add(
                &waiver.place,
                format!(
                    "the waiver of `{}` holds for {} days, the policy allows {most}",
                    crate::read::shown(&waiver.id),
                    expires.since(created)
                ),
            );
        }
    }
}

/// Tests waivers from files against what a policy demands of waivers.
///
/// # Errors
/// [`Error::Invalid`] with each waiver that lacks something, and where it stands.
pub fn check_waivers(
    waivers: &[Waiver],
    policy: &crate::policy::Policy,
    now: Date,
) -> Result<(), Error> {
    let mut problems = Problems::default();
    demand(waivers, &policy.waiver_rules, &mut problems);
    for waiver in waivers.iter().chain(&policy.waivers) {
        // A day of creation that is still to come shortens nothing: the waiver holds already.
        let is_old = waiver.created.is_some_and(|created| created <= now);
        if let (Some(most), false, Some(expires)) =
            (policy.waiver_rules.max_days, is_old, waiver.expires)
            && i64::from(expires.since(now)) > i64::try_from(most).unwrap_or(i64::MAX)
        {
            problems.add(
                &waiver.place,
                format!(
                    "the waiver of `{}` holds for {} days from today, the policy allows {most}",
                    crate::read::shown(&waiver.id),
                    expires.since(now)
                ),
            );
        }
    }
    problems.finish(())
}

#[cfg(test)]
mod tests;
