//! The evaluation: exceptions first, then every rule, then the verdict.

mod base;
mod image;
mod requirements;
mod runtime;
mod select;
mod supply;

use rustc_hash::{FxHashMap, FxHashSet};
use seaworthy_model::{CoverageKind, Report};

use crate::baseline::Baseline;
use crate::cel::{Expression, Interpreter};
use crate::glob::Globs;
use crate::policy::{Action, Check, NotAssessed, On, Policy, Rule};
use crate::row::{Item, Row, World};
use crate::subject::Subject;
use crate::verdict::{
    Cause, Left, MAX_CAUSES, Outcome, Status, Verdict, VexNote, Violation, Waived, WaiverNote,
    WaiverNoteKind,
};
use crate::vex::VexDocument;
use crate::vex::matching::{ImageNames, Index};
use crate::waiver::{Target, Waiver};

/// What excuses findings besides the waivers in the policy.
#[derive(Debug, Clone, Copy, Default)]
pub struct Exceptions<'a> {
    /// Waivers from files; test them with [`crate::check_waivers`] first.
    pub waivers: &'a [Waiver],
    /// VEX documents.
    pub vex: &'a [VexDocument],
    /// What was there before.
    pub baseline: Option<&'a Baseline>,
}

/// What a check found.
pub(crate) enum Found {
    Holds,
    Broken(Breach),
    /// Why it could not be checked.
    Unknown(String),
}

/// How a rule is broken.
#[derive(Debug, Default)]
pub(crate) struct Breach {
    pub(crate) message: String,
    pub(crate) count: u64,
    pub(crate) causes: Vec<Cause>,
    pub(crate) findings: Vec<usize>,
    pub(crate) remedy: String,
}

impl Breach {
    /// Broken by the image as a whole.
    pub(crate) fn one(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            count: 1,
            remedy: remedy.into(),
            ..Self::default()
        }
    }

    pub(crate) fn because(mut self, causes: Vec<Cause>) -> Self {
        self.count = causes.len() as u64;
        self.causes = causes;
        self.causes.truncate(MAX_CAUSES);
        self
    }
}

/// Everything that the checks of one evaluation share.
pub(crate) struct Evaluation<'w> {
    pub(crate) world: &'w World<'w>,
    pub(crate) interpreter: Interpreter<'w>,
    ids: Option<FxHashMap<String, Vec<u32>>>,
}

impl<'w> Evaluation<'w> {
    fn new(world: &'w World<'w>) -> Self {
        Self {
            world,
            interpreter: Expression::interpreter(world),
            ids: None,
        }
    }

    /// Positions in `world.findings` whose id or an alias matches.
    fn with_ids(&mut self, ids: &Globs) -> Vec<u32> {
        let world = self.world;
        let map = self.ids.get_or_insert_with(|| world.by_id());
        let mut positions: Vec<u32> = match ids.exact_only() {
            Some(exact) => exact
                .iter()
                .filter_map(|id| map.get(id))
                .flatten()
                .copied()
                .collect(),
            None => map
                .iter()
                .filter(|(id, _)| ids.matches(id))
                .flat_map(|(_, positions)| positions)
                .copied()
                .collect(),
        };
        positions.sort_unstable();
        positions.dedup();
        positions
    }

    fn check(&mut self, rule: &Rule) -> Found {
        let world = self.world;
        match &rule.check {
            Check::Select { select, max } => self.select(rule, select, *max),
            Check::BaseAllowed {
                patterns,
                all_stages,
            } => base::allowed(world, patterns, *all_stages),
            Check::BaseProhibited(patterns) => base::prohibited(world, patterns),
            Check::BasePinned => base::pinned(world),
            Check::NonRoot => requirements::non_root(world),
            Check::NoPackageManagers { except } => requirements::no_package_managers(world, except),
            Check::MinimalPackages(most) => requirements::minimal_packages(world, *most),
            Check::SecurityUpdates(severity) => requirements::security_updates(world, *severity),
            Check::ReadOnlyFilesystem => runtime::read_only(world),
            Check::NoPrivileged => runtime::no_privileged(world),
            Check::NoPrivilegeEscalation => runtime::no_escalation(world),
            Check::DropCapabilities(names) => runtime::drops(world, names),
            Check::AddCapabilities(names) => runtime::adds(world, names),
            Check::Labels(wanted) => image::labels(world, wanted),
            Check::ImageAge(days) => image::age(world, *days),
            Check::ImageSize(bytes) => image::size(world, *bytes),
            Check::EndOfLife(ahead) => image::end_of_life(world, *ahead),
            Check::DatabaseAge(days) => image::database_age(world, *days),
            Check::Coverage { except } => image::coverage(world, except),
            Check::Signed(rule) => supply::signed(world, rule),
            Check::Attested(rules) => supply::attested(world, rules),
            Check::Image(expression) => self.image_expression(expression),
        }
    }

    fn image_expression(&mut self, expression: &Expression) -> Found {
        let row = Row {
            world: self.world,
            item: Item::Image,
        };
        match expression.holds(&row, &mut self.interpreter) {
            Ok(false) => Found::Holds,
            Ok(true) => Found::Broken(Breach::one(
                format!("The image matches: {}", one_line(&expression.text)),
                "change what the expression names, or the rule",
            )),
            Err(error) => Found::Unknown(format!("{}: {error}", expression.place)),
        }
    }
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    crate::read::shown(&words.join(" "))
}

/// Gaps that make findings of a kind incomplete; none when all was assessed.
pub(crate) fn gaps(report: &Report, on: On) -> Option<String> {
    if report.unknown_allowed {
        return None;
    }
    if report.hidden > 0 && !matches!(on, On::Package | On::Image) {
        return Some(format!(
            "display filters of the scan hide {} findings; check a report that was written without them",
            report.hidden
        ));
    }
    let matters = |kind: CoverageKind, subject: &str| match on {
        On::Vulnerability | On::Package | On::Image => kind.is_fatal(),
        On::Secret | On::Misconfiguration | On::License => {
            kind == CoverageKind::ScannerMissing && subject.contains(on.scanner())
        }
    };
    let subjects: Vec<String> = report
        .inventory
        .coverage
        .entries
        .iter()
        .filter(|e| matters(e.kind, &e.subject))
        .take(3)
        .map(|e| format!("{} ({})", e.subject, e.kind.name()))
        .collect();
    (!subjects.is_empty()).then(|| format!("the scan is incomplete: {}", subjects.join(", ")))
}

/// What the exceptions leave, and what they did.
struct Excused<'a> {
    left: Left,
    waived: Vec<Waived>,
    vex: Vec<VexNote>,
    known: Vec<usize>,
    notes: Vec<WaiverNote>,
    /// Waivers of whole rules, and which of all were used.
    rules: Vec<(usize, &'a Waiver)>,
    used: FxHashSet<usize>,
    all: Vec<&'a Waiver>,
}

fn excuse<'a>(
    policy: &'a Policy,
    subject: Subject<'a>,
    everything: &World<'_>,
    exceptions: &Exceptions<'a>,
) -> Excused<'a> {
    let names = ImageNames::of(subject);
    let all: Vec<&Waiver> = policy.waivers.iter().chain(exceptions.waivers).collect();
    let mut excused = Excused {
        left: Left::default(),
        waived: Vec::new(),
        vex: Vec::new(),
        known: Vec::new(),
        notes: Vec::new(),
        rules: Vec::new(),
        used: FxHashSet::default(),
        all: all.clone(),
    };
    let mut items = Vec::new();
    for (at, waiver) in all.iter().enumerate() {
        if !waiver.is_for_image(subject.name(), everything.reference.as_ref()) {
            // Not about this image: neither used nor unused here.
            excused.used.insert(at);
        } else if !waiver.holds_on(subject.now) {
            excused.used.insert(at);
            excused.notes.push(WaiverNote {
                waiver: waiver.place.clone(),
                id: waiver.id.clone(),
                kind: WaiverNoteKind::Expired,
                message: format!(
                    "the waiver of {} expired on {}",
                    waiver.id,
                    waiver.expires.map(|d| d.to_string()).unwrap_or_default()
                ),
            });
        } else {
            match waiver.target {
                Target::Items(_) => items.push((at, *waiver)),
                Target::Rule(_) => excused.rules.push((at, *waiver)),
            }
        }
    }
    let waivers = Waivers::of(&items);
    let vex = Index::of(exceptions.vex);
    for row in &everything.findings {
        let note = if vex.is_empty() {
            None
        } else {
            vex.about(row, &names)
        };
        if let Some(statement) = note {
            let cleared = statement.status.clears();
            excused.vex.push(VexNote {
                finding: row.index,
                status: statement.status,
                reason: statement.reason(),
                document: statement.place.file.to_string(),
                statement: statement.number,
                cleared,
            });
            if cleared {
                continue;
            }
        }
        let item = Row {
            world: everything,
            item: Item::Finding(row),
        };
        if let Some((at, waiver)) = waivers.covering(&item) {
            excused.waive(at, waiver, select::cause(&item), Some(row.index));
        } else if exceptions.baseline.is_some_and(|b| b.has(row)) {
            excused.known.push(row.index);
        } else {
            excused.left.findings.push(row.index);
        }
    }
    others(&mut excused, everything, &waivers, exceptions);
    excused
}

fn others<'a>(
    excused: &mut Excused<'a>,
    everything: &World<'_>,
    waivers: &Waivers<'a>,
    exceptions: &Exceptions<'_>,
) {
    for (index, secret) in &everything.secrets {
        let row = Row {
            world: everything,
            item: Item::Secret(secret),
        };
        if let Some((at, waiver)) = waivers.covering(&row) {
            excused.waive(at, waiver, select::cause(&row), None);
        } else if !exceptions.baseline.is_some_and(|b| b.has_secret(secret)) {
            excused.left.secrets.push(*index);
        }
    }
    for (index, misconfiguration) in &everything.misconfigurations {
        let row = Row {
            world: everything,
            item: Item::Misconfiguration(misconfiguration),
        };
        if let Some((at, waiver)) = waivers.covering(&row) {
            excused.waive(at, waiver, select::cause(&row), None);
        } else if !exceptions
            .baseline
            .is_some_and(|b| b.has_misconfiguration(misconfiguration))
        {
            excused.left.misconfigurations.push(*index);
        }
    }
    for (index, license) in &everything.licenses {
        let row = Row {
            world: everything,
            item: Item::License(license),
        };
        match waivers.covering(&row) {
            Some((at, waiver)) => excused.waive(at, waiver, select::cause(&row), None),
            None => excused.left.licenses.push(*index),
        }
    }
}

impl<'a> Excused<'a> {
    fn waive(&mut self, at: usize, waiver: &Waiver, cause: Cause, finding: Option<usize>) {
        self.used.insert(at);
        self.waived.push(Waived {
            cause,
            finding,
            waiver: waiver.place.clone(),
            reason: waiver.reason.clone(),
            owner: waiver.owner.clone(),
            ticket: waiver.ticket.clone(),
            expires: waiver.expires,
            justification: waiver.justification.clone(),
        });
    }

    /// The waiver of a whole rule.
    fn rule(&self, id: &str) -> Option<(usize, &'a Waiver)> {
        self.rules
            .iter()
            .find(|(_, w)| matches!(&w.target, Target::Rule(glob) if glob.matches(id)))
            .copied()
    }

    fn unused(&mut self) {
        for (at, waiver) in self.all.iter().enumerate() {
            if !self.used.contains(&at) {
                self.notes.push(WaiverNote {
                    waiver: waiver.place.clone(),
                    id: waiver.id.clone(),
                    kind: WaiverNoteKind::Unused,
                    message: format!("the waiver of {} excuses nothing here", waiver.id),
                });
            }
        }
        self.notes
            .sort_by(|a, b| (&a.waiver, &a.id).cmp(&(&b.waiver, &b.id)));
    }
}

/// Waivers of items, looked up by id where they have one without wildcards.
struct Waivers<'a> {
    exact: FxHashMap<&'a str, Vec<(usize, &'a Waiver)>>,
    patterns: Vec<(usize, &'a Waiver)>,
}

impl<'a> Waivers<'a> {
    fn of(items: &[(usize, &'a Waiver)]) -> Self {
        let mut waivers = Self {
            exact: FxHashMap::default(),
            patterns: Vec::new(),
        };
        for (at, waiver) in items {
            let Target::Items(ids) = &waiver.target else {
                continue;
            };
            match ids.exact_only() {
                Some(exact) => {
                    for id in exact {
                        waivers
                            .exact
                            .entry(id.as_str())
                            .or_default()
                            .push((*at, *waiver));
                    }
                }
                None => waivers.patterns.push((*at, *waiver)),
            }
        }
        waivers
    }

    /// The first waiver, in the order of the files, that covers an item.
    fn covering(&self, row: &Row<'_>) -> Option<(usize, &'a Waiver)> {
        if self.exact.is_empty() && self.patterns.is_empty() {
            return None;
        }
        let mut best: Option<(usize, &Waiver)> = None;
        let mut consider = |candidates: &[(usize, &'a Waiver)]| {
            for (at, waiver) in candidates {
                if best.is_none_or(|(b, _)| *at < b) && waiver.covers(row) {
                    best = Some((*at, *waiver));
                }
            }
        };
        for id in crate::waiver::ids_of(row) {
            if let Some(list) = self.exact.get(id.to_ascii_uppercase().as_str()) {
                consider(list);
            }
        }
        consider(&self.patterns);
        best
    }
}

/// Checks a subject against a policy.
#[must_use]
pub fn evaluate(policy: &Policy, subject: Subject<'_>, exceptions: &Exceptions<'_>) -> Verdict {
    let everything = World::new(subject, &Left::all(subject.report), "");
    let mut excused = excuse(policy, subject, &everything, exceptions);
    let environment = policy.environment.as_deref().unwrap_or_default();
    let world = everything.narrowed(&excused.left, environment);
    let mut verdict = Verdict {
        policy_version: policy.version.clone(),
        environment: policy.environment.clone(),
        status: Status::Pass,
        violations: Vec::new(),
        warnings: Vec::new(),
        not_assessed: Vec::new(),
        passed: Vec::new(),
        waived: Vec::new(),
        vex: Vec::new(),
        known: Vec::new(),
        waiver_notes: Vec::new(),
        counts: world.counts.clone(),
        left: Left::default(),
    };
    let mut evaluation = Evaluation::new(&world);
    for rule in &policy.rules {
        let found = evaluation.check(rule);
        conclude(rule, found, &mut excused, &mut verdict);
    }
    rego(policy, &world, &mut excused, &mut verdict);
    verdict.status = if !verdict.violations.is_empty() {
        Status::Fail
    } else if !verdict.warnings.is_empty() {
        Status::Warn
    } else {
        Status::Pass
    };
    excused.unused();
    verdict.waived = excused.waived;
    verdict.vex = excused.vex;
    verdict.known = excused.known;
    verdict.waiver_notes = excused.notes;
    verdict.left = excused.left;
    verdict
}

fn conclude(rule: &Rule, found: Found, excused: &mut Excused<'_>, verdict: &mut Verdict) {
    let (outcome, breach) = match found {
        Found::Holds => {
            verdict.passed.push(rule.id.clone());
            return;
        }
        Found::Broken(breach) => (Outcome::Broken, breach),
        Found::Unknown(why) => (
            Outcome::NotAssessed,
            Breach {
                message: format!("{} could not be checked: {why}", rule.id),
                remedy: "provide what is missing, or set `not_assessed: warn` on the rule"
                    .to_owned(),
                ..Breach::default()
            },
        ),
    };
    if let Some((at, waiver)) = excused.rule(&rule.id) {
        let cause = Cause {
            kind: "rule",
            id: rule.id.clone(),
            detail: breach.message,
            ..Cause::default()
        };
        excused.waive(at, waiver, cause, None);
        return;
    }
    let message = match (&rule.message, outcome) {
        (Some(own), Outcome::Broken) => own.clone(),
        _ => breach.message,
    };
    let remedy = match (&rule.fix, outcome) {
        (Some(own), Outcome::Broken) => own.clone(),
        _ => breach.remedy,
    };
    let violation = Violation {
        rule: rule.id.clone(),
        policy: rule.place.clone(),
        action: rule.action,
        outcome,
        message,
        count: breach.count,
        causes: breach.causes,
        findings: breach.findings,
        remedy,
    };
    let list = match (outcome, rule.action, rule.not_assessed) {
        (Outcome::Broken, Action::Deny, _)
        | (Outcome::NotAssessed, Action::Deny, NotAssessed::Deny) => &mut verdict.violations,
        (Outcome::NotAssessed, _, NotAssessed::Ignore) => &mut verdict.not_assessed,
        _ => &mut verdict.warnings,
    };
    list.push(violation);
}

fn rego(policy: &Policy, world: &World<'_>, excused: &mut Excused<'_>, verdict: &mut Verdict) {
    if policy.rego.is_empty() {
        return;
    }
    let input = crate::rego::input(world);
    for module in &policy.rego {
        let mut rule = Rule {
            id: format!("rego.{}", module.id),
            place: module.place.clone(),
            action: Action::Deny,
            not_assessed: module.not_assessed.unwrap_or(policy.not_assessed),
            message: None,
            fix: None,
            check: Check::NonRoot,
        };
        let found = input.clone().and_then(|input| module.run(input));
        match found {
            Ok(found) if found.deny.is_empty() && found.warn.is_empty() => {
                verdict.passed.push(rule.id);
            }
            Ok(found) => {
                for (action, messages) in [(Action::Deny, found.deny), (Action::Warn, found.warn)] {
                    rule.action = action;
                    for message in messages {
                        let breach =
                            Breach::one(message, "see the Rego module for what it demands");
                        conclude(&rule, Found::Broken(breach), excused, verdict);
                    }
                }
            }
            Err(why) => conclude(&rule, Found::Unknown(why), excused, verdict),
        }
    }
}

/// The rules whose selector matches one finding, each with how many it allows.
pub(crate) fn select_of<'p>(
    policy: &'p Policy,
    subject: Subject<'_>,
    finding: usize,
) -> Vec<(&'p Rule, u64)> {
    let left = Left {
        findings: vec![finding],
        ..Left::default()
    };
    let environment = policy.environment.as_deref().unwrap_or_default();
    let world = World::new(subject, &left, environment);
    let mut evaluation = Evaluation::new(&world);
    policy
        .rules
        .iter()
        .filter_map(|rule| match &rule.check {
            Check::Select { select, max } if select.on == On::Vulnerability => {
                evaluation.matches_any(select).then_some((rule, *max))
            }
            Check::SecurityUpdates(least) => matches!(
                requirements::security_updates(&world, *least),
                Found::Broken(_)
            )
            .then_some((rule, 0)),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests;
