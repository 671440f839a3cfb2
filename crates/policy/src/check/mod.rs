//! The evaluation: exceptions first, then every rule, then the verdict.

mod base;
mod choice;
mod excuse;
mod image;
mod managers;
mod requirements;
mod runtime;
mod select;
mod supply;

use rustc_hash::FxHashMap;
use seaworthy_model::{CoverageKind, Report};

use crate::baseline::Baseline;
use crate::cel::{Expression, Interpreter};
use crate::glob::Globs;
use crate::policy::{Action, Check, NotAssessed, On, Policy, Rule};
use crate::row::{Item, Row, World};
use crate::subject::Subject;
use crate::verdict::{Cause, Left, MAX_CAUSES, Note, Outcome, Status, Verdict, Violation};
use crate::vex::VexDocument;
use crate::waiver::Waiver;
use excuse::{Excused, excuse};

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
    Unknown(Doubt),
}

/// Why a rule could not be checked, and the items of which it could not.
#[derive(Debug, Default)]
pub(crate) struct Doubt {
    pub(crate) why: String,
    pub(crate) causes: Vec<Cause>,
}

impl Doubt {
    /// It hangs on one or several things, each of which says what is not known.
    pub(crate) fn about(mut causes: Vec<Cause>) -> Self {
        let first = causes.first();
        let place = first.map_or("", |c| c.location.as_str());
        let detail = first.map_or("", |c| c.detail.as_str());
        let more = match causes.len() {
            0 | 1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        let why = format!("{place}: {detail}{more}");
        causes.truncate(MAX_CAUSES);
        Self { why, causes }
    }
}

impl Found {
    pub(crate) fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown(Doubt {
            why: why.into(),
            causes: Vec::new(),
        })
    }
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
    notes: Vec<Note>,
}

impl<'w> Evaluation<'w> {
    fn new(world: &'w World<'w>) -> Self {
        Self {
            world,
            interpreter: Expression::interpreter(world),
            ids: None,
            notes: Vec::new(),
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
            Check::NoPackageManagers { except } => {
                let (found, notes) = managers::check(world, except);
                let note = |message| Note {
                    rule: rule.id.clone(),
                    message,
                };
                self.notes.extend(notes.into_iter().map(note));
                found
            }
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

    /// Why lists that an expression reads are empty whatever is in the image.
    fn not_looked_for(&self, expression: &Expression) -> Option<String> {
        let subject = self.world.subject;
        let missing = expression.reads().find(|on| !subject.ran(on.scanner()))?;
        Some(not_looked_for(missing))
    }

    /// Why lists that an expression reads may lack something.
    fn incomplete(&self, expression: &Expression) -> Option<String> {
        let report = self.world.subject.report;
        expression.reads().find_map(|on| gaps(report, on))
    }

    fn image_expression(&mut self, expression: &Expression) -> Found {
        let row = Row {
            world: self.world,
            item: Item::Image,
        };
        if let Some(why) = self.not_looked_for(expression) {
            return Found::unknown(why);
        }
        match expression.holds(&row, &mut self.interpreter) {
            Ok(false) => self
                .incomplete(expression)
                .map_or(Found::Holds, Found::unknown),
            Ok(true) => Found::Broken(Breach::one(
                format!("The image matches: {}", one_line(&expression.text)),
                "change what the expression names, or the rule",
            )),
            Err(error) => Found::unknown(format!("{}: {error}", expression.place)),
        }
    }
}

fn not_looked_for(on: On) -> String {
    let scanner = on.scanner();
    let (_, many) = on.nouns();
    format!("the scan did not look for {many} (--scanners {scanner})")
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    crate::read::shown(&words.join(" "))
}

/// Gaps that make findings of a kind incomplete; none when all was assessed.
pub(crate) fn gaps(report: &Report, on: On) -> Option<String> {
    if report.hidden > 0 && !matches!(on, On::Package | On::Image) {
        return Some(format!(
            "display filters of the scan hide {} findings; check a report that was written without them",
            report.hidden
        ));
    }
    // Gaps were accepted; what is hidden was not.
    if report.unknown_allowed {
        return None;
    }
    let matters = |kind: CoverageKind, subject: &str| match on {
        On::Vulnerability | On::Package | On::Image => kind.is_fatal(),
        On::Secret | On::Misconfiguration | On::License => {
            let failed = matches!(
                kind,
                CoverageKind::ScannerMissing | CoverageKind::ScannerFailed
            );
            failed && subject.contains(on.scanner())
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
        notes: Vec::new(),
        counts: world.counts.clone(),
        left: Left::default(),
    };
    let mut evaluation = Evaluation::new(&world);
    for rule in &policy.rules {
        let found = evaluation.check(rule);
        conclude(rule, found, &mut excused, &mut verdict);
    }
    verdict.notes = evaluation.notes;
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
    let (outcome, why, breach) = match found {
        Found::Holds => {
            verdict.passed.push(rule.id.clone());
            return;
        }
        Found::Broken(breach) => (Outcome::Broken, None, breach),
        Found::Unknown(Doubt { why, causes }) => (
            Outcome::NotAssessed,
            Some(why.clone()),
            Breach {
                message: format!("{} could not be checked: {why}", rule.id),
                remedy: "provide what is missing, or set `not_assessed: warn` on the rule"
                    .to_owned(),
                causes,
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
        why,
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
            // Nobody can tell what a module looks at.
            Ok(found) if found.deny.is_empty() && found.warn.is_empty() => {
                let found = gaps(world.subject.report, On::Vulnerability)
                    .map_or(Found::Holds, Found::unknown);
                conclude(&rule, found, excused, verdict);
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
            Err(why) => conclude(&rule, Found::unknown(why), excused, verdict),
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
