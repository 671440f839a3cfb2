//! Rules that allow so many items of a kind.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use seaworthy_model::{Package, Severity};
use seaworthy_versions::Scheme;

use super::choice::can_be_met;
use super::{Breach, Doubt, Evaluation, Found, gaps};
use crate::policy::{Bits, On, Rule, Selector, Since, Versions};
use crate::row::{Brief, FindingRow, Item, Row};
use crate::rules::scheme_of;
use crate::verdict::{Cause, MAX_CAUSES};

/// Whether a selector matches an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hit {
    No,
    Yes,
    /// Everything else matches, but this is not known.
    Unknown(&'static str),
}

/// What a selector matched.
#[derive(Default)]
struct Selection<'w> {
    hits: u64,
    rows: Vec<Row<'w>>,
    findings: Vec<usize>,
    unknown: u64,
    /// Items of which it is not known whether they match.
    doubtful: Vec<Row<'w>>,
    why: Option<String>,
}

impl<'w> Selection<'w> {
    fn add(&mut self, row: Row<'w>, hit: Result<Hit, String>) {
        match hit {
            Ok(Hit::No) => {}
            Ok(Hit::Yes) => {
                self.hits += 1;
                if self.rows.len() < MAX_CAUSES {
                    self.rows.push(row);
                }
                if let Item::Finding(f) = row.item {
                    self.findings.push(f.index);
                }
            }
            Ok(Hit::Unknown(why)) => self.doubt(row, why.to_owned()),
            Err(why) => self.doubt(row, why),
        }
    }

    fn doubt(&mut self, row: Row<'w>, why: String) {
        self.unknown += 1;
        self.why.get_or_insert(why);
        if self.doubtful.len() < MAX_CAUSES {
            self.doubtful.push(row);
        }
    }
}

impl<'w> Evaluation<'w> {
    pub(super) fn select(&mut self, rule: &Rule, select: &Selector, max: u64) -> Found {
        let world = self.world;
        let selection = self.selection(select);
        if selection.hits > max {
            return Found::Broken(Breach {
                message: message(rule, select, selection.hits, max),
                count: selection.hits,
                causes: selection.rows.iter().map(cause).collect(),
                findings: selection.findings,
                remedy: remedy(select, &selection.rows),
            });
        }
        if selection.hits + selection.unknown > max
            && let Some(why) = selection.why
        {
            let (one, many) = select.on.nouns();
            let noun = if selection.unknown == 1 { one } else { many };
            let causes: Vec<Cause> = selection.doubtful.iter().map(cause).collect();
            return Found::Unknown(Doubt {
                why: format!("of {} {noun} ({}), {why}", selection.unknown, ids(&causes)),
                causes,
            });
        }
        let wants_exploited = select.exploited == Some(true) || select.ransomware == Some(true);
        if wants_exploited && !world.tells_exploited && !world.findings.is_empty() {
            return Found::unknown(if world.subject.report.is_ours() {
                "the database has no table of what is known to be exploited (run `seaworthy db update`)"
                    .to_owned()
            } else {
                format!(
                    "a report of {} does not tell what is known to be exploited",
                    crate::read::shown(&world.subject.report.tool.name)
                )
            });
        }
        if !world.subject.ran(select.on.scanner()) {
            return Found::unknown(super::not_looked_for(select.on));
        }
        let expression = select.expression.as_deref();
        expression
            .and_then(|e| self.not_looked_for(e).or_else(|| self.incomplete(e)))
            .or_else(|| gaps(world.subject.report, select.on))
            .map_or(Found::Holds, Found::unknown)
    }

    /// Whether a selector matches any item.
    pub(super) fn matches_any(&mut self, select: &Selector) -> bool {
        let selection = self.selection(select);
        selection.hits + selection.unknown > 0
    }

    fn selection(&mut self, select: &Selector) -> Selection<'w> {
        let world = self.world;
        let mut selection = Selection::default();
        let mut packages = PackageTest::new(select, world.packages().len());
        match select.on {
            On::Vulnerability => {
                if let Some(ids) = &select.ids {
                    for at in self.with_ids(ids) {
                        let at = at as usize;
                        if let (Some(f), Some(brief)) =
                            (world.findings.get(at), world.briefs.get(at))
                        {
                            self.finding(select, f, brief, &mut packages, &mut selection);
                        }
                    }
                } else {
                    for (brief, f) in world.briefs.iter().zip(&world.findings) {
                        if fits(select, brief) {
                            self.finding(select, f, brief, &mut packages, &mut selection);
                        }
                    }
                }
            }
            On::Secret => {
                for (_, secret) in &world.secrets {
                    let fits = select
                        .deleted_later
                        .is_none_or(|wanted| wanted == secret.deleted_later)
                        && select
                            .ids
                            .as_ref()
                            .is_none_or(|ids| ids.matches(&secret.rule.to_ascii_uppercase()));
                    self.item(select, Item::Secret(secret), fits, &mut selection);
                }
            }
            On::Misconfiguration => {
                for (_, m) in &world.misconfigurations {
                    let fits = select
                        .kinds
                        .as_ref()
                        .is_none_or(|k| k.matches_lower(&m.kind))
                        && select.ids.as_ref().is_none_or(|ids| {
                            std::iter::once(&m.rule)
                                .chain(&m.references)
                                .any(|id| ids.matches(&id.to_ascii_uppercase()))
                        });
                    self.item(select, Item::Misconfiguration(m), fits, &mut selection);
                }
            }
            On::License => {
                for (_, license) in &world.licenses {
                    let is_named = |id: &str| {
                        select.licenses.as_ref().is_none_or(|l| l.matches_lower(id))
                            && !select
                                .except_licenses
                                .as_ref()
                                .is_some_and(|l| l.matches_lower(id))
                    };
                    let names = select.licenses.is_some() || select.except_licenses.is_some();
                    let can_choose = || {
                        names && can_be_met(&license.expression, &|id| !is_named(id)) == Some(true)
                    };
                    let fits = is_named(&license.license)
                        && !can_choose()
                        && select.classes.has(license.class as u8)
                        && match license.package {
                            Some(at) => packages.test(world.packages(), at) != Hit::No,
                            None => {
                                select.packages.is_none()
                                    && select.versions.is_none()
                                    && select.types == Bits::ALL
                            }
                        };
                    self.item(select, Item::License(license), fits, &mut selection);
                }
            }
            On::Package => {
                for (at, package) in world.packages().iter().enumerate() {
                    let row = Row {
                        world,
                        item: Item::Package(package),
                    };
                    let hit = match packages.test(world.packages(), at) {
                        Hit::No => Ok(Hit::No),
                        hit => self.expression(select, &row, hit),
                    };
                    selection.add(row, hit);
                }
            }
            On::Image => {}
        }
        selection
    }

    fn finding(
        &mut self,
        select: &Selector,
        row: &'w FindingRow<'w>,
        brief: &Brief,
        packages: &mut PackageTest<'_>,
        selection: &mut Selection<'w>,
    ) {
        let world = self.world;
        let hit = match_finding(select, row, brief, world.has_epss);
        if hit == Hit::No {
            return;
        }
        let hit = match packages.test(world.packages(), row.finding.package) {
            Hit::No => return,
            Hit::Yes => hit,
            unknown @ Hit::Unknown(_) => unknown,
        };
        let item = Row {
            world,
            item: Item::Finding(row),
        };
        let hit = self.expression(select, &item, hit);
        selection.add(item, hit);
    }

    fn item(
        &mut self,
        select: &Selector,
        item: Item<'w>,
        fits: bool,
        selection: &mut Selection<'w>,
    ) {
        let row = Row {
            world: self.world,
            item,
        };
        let path = row.path().trim_start_matches('/');
        let fits = fits
            && select.severities.has(row.severity().code())
            && select.paths.as_ref().is_none_or(|p| p.matches(path))
            && !select
                .except_paths
                .as_ref()
                .is_some_and(|p| p.matches(path));
        if fits {
            let hit = self.expression(select, &row, Hit::Yes);
            selection.add(row, hit);
        }
    }

    fn expression(&mut self, select: &Selector, row: &Row<'w>, hit: Hit) -> Result<Hit, String> {
        match &select.expression {
            None => Ok(hit),
            Some(expression) => match expression.holds(row, &mut self.interpreter) {
                Ok(true) => Ok(hit),
                Ok(false) => Ok(Hit::No),
                Err(error) => Err(format!("the expression says: {error}")),
            },
        }
    }
}

/// The conditions that are plain words and numbers.
fn fits(select: &Selector, brief: &Brief) -> bool {
    select.severities.has(brief.severity)
        && select.states.has(brief.state)
        && select.origins.has(brief.origin)
        && select.fixable.is_none_or(|wanted| wanted == brief.fixable)
        && select
            .exploited
            .is_none_or(|wanted| wanted == brief.exploited)
        && select
            .ransomware
            .is_none_or(|wanted| wanted == brief.ransomware)
        && select.risk.is_none_or(|least| brief.risk >= least)
}

fn match_finding(select: &Selector, row: &FindingRow<'_>, brief: &Brief, has_epss: bool) -> Hit {
    if !fits(select, brief) {
        return Hit::No;
    }
    let mut hit = Hit::Yes;
    if let Some(least) = select.cvss {
        match brief.cvss {
            Some(score) if score < least => return Hit::No,
            Some(_) => {}
            None => hit = Hit::Unknown("neither a CVSS score nor a severity is known"),
        }
    }
    for (least, value) in [
        (select.epss, brief.epss),
        (select.epss_percentile, brief.epss_percentile),
    ] {
        match (least, value) {
            (Some(least), Some(value)) if value < least => return Hit::No,
            // A database with EPSS that does not list this one: nobody predicts its exploitation.
            (Some(_), None) if has_epss => return Hit::No,
            (Some(_), None) => hit = Hit::Unknown("the database carries no EPSS scores"),
            _ => {}
        }
    }
    if let Some((days, since)) = select.older_than {
        let is_over = |age: i32| i64::from(age) > i64::try_from(days).unwrap_or(i64::MAX);
        match row.age(since) {
            Some(age) if !is_over(age) => return Hit::No,
            Some(_) => {}
            // What was reported so long ago was published before that.
            None if since == Since::Published && row.age(Since::FirstSeen).is_some_and(is_over) => {
            }
            None => hit = Hit::Unknown(since.missing()),
        }
    }
    hit
}

/// What a selector says of packages, remembered per package: findings share them.
struct PackageTest<'s> {
    select: &'s Selector,
    narrows: bool,
    known: Vec<Option<Hit>>,
}

impl<'s> PackageTest<'s> {
    fn new(select: &'s Selector, packages: usize) -> Self {
        let own_path = matches!(select.on, On::Vulnerability | On::Package);
        let narrows = select.packages.is_some()
            || select.except_packages.is_some()
            || select.versions.is_some()
            || select.types != Bits::ALL
            || (own_path && (select.paths.is_some() || select.except_paths.is_some()));
        Self {
            select,
            narrows,
            known: vec![None; if narrows { packages } else { 0 }],
        }
    }

    fn test(&mut self, packages: &[Package], at: usize) -> Hit {
        if !self.narrows {
            return Hit::Yes;
        }
        let (Some(package), Some(known)) = (packages.get(at), self.known.get_mut(at)) else {
            return Hit::No;
        };
        *known.get_or_insert_with(|| match_package(self.select, package))
    }
}

fn match_package(select: &Selector, package: &Package) -> Hit {
    let named = |globs: &crate::glob::Globs| {
        globs.matches_lower(&package.name) || globs.matches_lower(package.source_name())
    };
    let path = package.evidence.path.trim_start_matches('/');
    let own_path = matches!(select.on, On::Vulnerability | On::Package);
    if !select.types.has(package.kind as u8)
        || !select.packages.as_ref().is_none_or(named)
        || select.except_packages.as_ref().is_some_and(named)
        || (own_path && !select.paths.as_ref().is_none_or(|p| p.matches(path)))
        || (own_path
            && select
                .except_paths
                .as_ref()
                .is_some_and(|p| p.matches(path)))
    {
        return Hit::No;
    }
    match &select.versions {
        Some(versions) => match_version(versions, package),
        None => Hit::Yes,
    }
}

fn match_version(versions: &Versions, package: &Package) -> Hit {
    const UNKNOWN: Hit = Hit::Unknown("the version cannot be compared with the rule's");
    let Some(scheme) = scheme_of(package.kind) else {
        return UNKNOWN;
    };
    let at = Scheme::ALL.iter().position(|s| *s == scheme);
    let Some(Some(ranges)) = at.and_then(|at| versions.by_scheme.get(at)) else {
        return UNKNOWN;
    };
    let mut unknown = false;
    for range in ranges {
        match range.contains(scheme, &package.version) {
            Ok(true) => return Hit::Yes,
            Ok(false) => {}
            Err(_) => unknown = true,
        }
    }
    if unknown { UNKNOWN } else { Hit::No }
}

/// An item as a cause.
pub(super) fn cause(row: &Row<'_>) -> Cause {
    let at = |path: &str, line: u32| {
        if line == 0 {
            path.to_owned()
        } else {
            format!("{path}:{line}")
        }
    };
    let package = row.package();
    let base = Cause {
        package: package.map(|p| p.name.clone()).unwrap_or_default(),
        version: package.map(|p| p.version.clone()).unwrap_or_default(),
        severity: row.severity().name().to_owned(),
        ..Cause::default()
    };
    match row.item {
        Item::Finding(f) => Cause {
            kind: "vulnerability",
            id: f.finding.id.clone(),
            location: row.path().to_owned(),
            detail: f.finding.state.name().to_owned(),
            fixed_version: f.finding.fixed_version.clone().unwrap_or_default(),
            published: f.finding.published,
            ..base
        },
        Item::Secret(s) => Cause {
            kind: "secret",
            id: s.rule.clone(),
            location: at(&s.location.path, s.location.start_line),
            detail: s.masked.clone(),
            ..base
        },
        Item::Misconfiguration(m) => Cause {
            kind: "misconfiguration",
            id: m.rule.clone(),
            location: at(&m.location.path, m.location.start_line),
            detail: m.message.clone(),
            ..base
        },
        Item::License(l) => Cause {
            kind: "license",
            id: l.license.clone(),
            location: l.location.path.clone(),
            detail: l.class.name().to_owned(),
            ..base
        },
        Item::Package(p) => Cause {
            kind: "package",
            id: p.name.clone(),
            location: p.evidence.path.clone(),
            severity: String::new(),
            ..base
        },
        Item::Image => Cause {
            kind: "image",
            id: row.world.subject.name().to_owned(),
            ..Cause::default()
        },
    }
}

/// Ids that a message names.
const NAMED: usize = 5;

/// The ids of causes, each once, the first few of them.
fn ids(causes: &[Cause]) -> String {
    let mut ids: Vec<&str> = Vec::new();
    for cause in causes {
        if !ids.contains(&cause.id.as_str()) {
            ids.push(&cause.id);
        }
    }
    let more = ids.len().saturating_sub(NAMED);
    ids.truncate(NAMED);
    let rest = if more > 0 { " and more" } else { "" };
    format!("{}{rest}", ids.join(", "))
}

/// What is counted, in the words of the field: `Critical vulnerabilities: 3 (max: 0)`.
fn message(rule: &Rule, select: &Selector, count: u64, max: u64) -> String {
    let (_, many) = select.on.nouns();
    let mut parts = rule.id.split('.');
    let key = parts.next_back().unwrap_or_default();
    let middle = parts.nth(1).unwrap_or_default();
    if rule.id.starts_with("rules.") {
        return format!("{} of rule {key}: {count} (max: {max})", capital(many));
    }
    let part = match middle {
        "fixable" => " with a fix",
        "unfixed" => " without a fix",
        "base" => " of the base image",
        "application" => " of the application's own layers",
        _ => "",
    };
    let state = if rule.id.contains(".states.") {
        rule.id
            .split('.')
            .nth(2)
            .map(|s| format!(" that are {}", s.replace('_', " ")))
            .unwrap_or_default()
    } else {
        String::new()
    };
    let severity = Severity::WORST_FIRST
        .into_iter()
        .find(|s| select.severities == Bits::severities([*s]))
        .map(|s| capital(s.name()));
    let what = match (severity, key) {
        (Some(severity), _) => format!("{severity} {many}"),
        (None, "max_exploited" | "exploited") => format!("Exploited {many}"),
        _ => capital(many),
    };
    let bound = match key {
        "max_epss" | "max_epss_percentile" | "max_cvss" | "max_risk" => {
            format!(
                " above the rule's {}",
                key.trim_start_matches("max_").replace('_', " ")
            )
        }
        "allowed" => " that are not allowed".to_owned(),
        "prohibited" | "prohibited_classes" | "prohibited_rules" => {
            " that are prohibited".to_owned()
        }
        _ => match select.older_than {
            Some((days, _)) => format!(" older than {days} days"),
            None => String::new(),
        },
    };
    format!("{what}{part}{state}{bound}: {count} (max: {max})")
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// The way out: the updates that help most, else what people can do at all.
fn remedy(select: &Selector, rows: &[Row<'_>]) -> String {
    let general = match select.on {
        On::Vulnerability => "update or remove the packages, or waive them with an expiry",
        On::Secret => "remove the secrets, revoke them, and rebuild without them in any layer",
        On::Misconfiguration => "fix the configuration as each finding says",
        On::License => "replace the packages, or allow their licences",
        On::Package => "remove or update the packages",
        On::Image => "",
    };
    let mut updates: Vec<(&Package, &str)> = Vec::new();
    let mut places = HashMap::new();
    for row in rows {
        let Item::Finding(row) = row.item else {
            continue;
        };
        let (Some(package), Some(fixed)) = (row.package, row.finding.fixed_version.as_deref())
        else {
            continue;
        };
        match places.entry((package.kind, package.name.as_str())) {
            Entry::Vacant(place) => {
                place.insert(updates.len());
                updates.push((package, fixed));
            }
            Entry::Occupied(place) => {
                if let Some((_, highest)) = updates.get_mut(*place.get())
                    && is_higher(package, fixed, highest)
                {
                    *highest = fixed;
                }
            }
        }
    }
    if updates.is_empty() {
        return general.to_owned();
    }
    let more = updates.len().saturating_sub(3);
    updates.truncate(3);
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let updates: Vec<String> = updates
        .into_iter()
        .map(|(package, fixed)| format!("{} to {fixed}", package.name))
        .collect();
    format!(
        "update {}{rest}, or waive with an expiry",
        updates.join(", ")
    )
}

/// Whether a version of a package is known to come after another.
fn is_higher(package: &Package, version: &str, than: &str) -> bool {
    scheme_of(package.kind).is_some_and(|scheme| {
        seaworthy_versions::compare(scheme, version, than).is_ok_and(Ordering::is_gt)
    })
}
