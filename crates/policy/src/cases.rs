//! Test cases beside a policy: what it must say about given reports and findings.

use std::str::FromStr;

use seaworthy_model::{
    Distribution, Epss, Finding, ImageFacts, Inventory, KnownExploited, MatchReason, Origin,
    Package, PackageType, Rating, Report, Severity, State,
};
use serde_json::Value as Json;

use crate::check::{Exceptions, evaluate};
use crate::error::{Error, Place, Problems};
use crate::policy::Policy;
use crate::read::Fields;
use crate::subject::{Facts, Subject};
use crate::verdict::{Status, Verdict};
use crate::waiver::{Waiver, own};
use crate::yaml::{self, Node, Value};
use seaworthy_model::Date;

/// The day of cases that name none.
const DEFAULT_DAY: &str = "2026-01-01";

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    environment: Option<String>,
    now: Date,
    input: Input,
    facts: Facts,
    waivers: Vec<Waiver>,
    expect: Expect,
}

#[derive(Debug, Clone)]
enum Input {
    /// A report in a file beside the cases.
    File(String),
    Inline(Box<Report>),
}

#[derive(Debug, Clone, Default)]
struct Expect {
    status: Option<Status>,
    /// Exactly these rules are violated.
    violations: Option<Vec<String>>,
    /// Exactly these rules warn.
    warnings: Option<Vec<String>>,
    /// These rules hold.
    passed: Vec<String>,
    /// Ids that are waived.
    waived: Option<Vec<String>>,
}

/// What became of a case.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// The case's name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// What differs from what is expected; empty when it passes.
    pub differences: Vec<String>,
    /// What the policy said; none when it could not be asked.
    pub verdict: Option<Verdict>,
}

impl CaseResult {
    /// Whether the policy said what was expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Reads a file of cases (`cases: [{name, findings | report, expect}]`).
///
/// # Errors
/// [`Error::Invalid`] with all that is wrong, each with line and column.
pub fn read_cases(name: &str, bytes: &[u8]) -> Result<Vec<Case>, Error> {
    let root = yaml::parse(&name.into(), bytes)?;
    let mut problems = Problems::default();
    let mut cases = Vec::new();
    if let Some(mut fields) = Fields::of(&root, "a file of cases", &mut problems) {
        fields.take("version");
        match fields.node("cases") {
            Some(node) => {
                for item in node.items() {
                    cases.extend(case(item, &mut problems));
                }
            }
            None => problems.add(&root.place, "the file has no `cases`"),
        }
        fields.finish(&mut problems);
    }
    problems.finish(cases)
}

fn case(node: &Node, problems: &mut Problems) -> Option<Case> {
    let mut fields = Fields::of(node, "a case", problems)?;
    let name = fields.node("name").and_then(|n| n.loose_text(problems));
    if name.is_none() {
        problems.add(&node.place, "a case needs a `name`");
    }
    let environment = fields.node("environment").and_then(|n| n.text(problems));
    let now = match fields.node("today") {
        Some(node) => node.date(problems),
        None => DEFAULT_DAY.parse().ok(),
    };
    let facts = match fields.node("facts") {
        Some(node) => match serde_json::from_value(json(node)) {
            Ok(facts) => facts,
            Err(error) => {
                problems.add(&node.place, format!("`facts`: {error}"));
                Facts::default()
            }
        },
        None => Facts::default(),
    };
    let report = fields.node("report").and_then(|n| n.text(problems));
    let mut inline = Report {
        schema_version: Report::SCHEMA_VERSION.to_owned(),
        ..Report::default()
    };
    if let Some(node) = fields.node("image") {
        image(node, &mut inline, problems);
    }
    if let Some(node) = fields.node("packages") {
        for item in node.items() {
            if let Some(package) = package(item, problems) {
                inline.inventory.packages.push(package);
            }
        }
    }
    if let Some(node) = fields.node("package_managers") {
        let paths = node.texts(problems).into_iter();
        let mut paths: Vec<String> = paths
            .map(|(_, path)| path.trim_start_matches('/').to_owned())
            .collect();
        paths.sort();
        inline.inventory.package_managers = Some(paths);
    }
    if let Some(node) = fields.node("findings") {
        for item in node.items() {
            finding(item, &mut inline, problems);
        }
    }
    let waivers = fields
        .node("waivers")
        .map(|n| own::list(n, problems))
        .unwrap_or_default();
    let expect = match fields.node("expect") {
        Some(node) => expect(node, problems),
        None => {
            problems.add(&node.place, "a case needs an `expect`");
            Expect::default()
        }
    };
    fields.finish(problems);
    Some(Case {
        name: name?,
        place: node.place.clone(),
        environment,
        now: now?,
        input: match report {
            Some(file) => Input::File(file),
            None => Input::Inline(Box::new(inline)),
        },
        facts,
        waivers,
        expect,
    })
}

fn expect(node: &Node, problems: &mut Problems) -> Expect {
    let mut expect = Expect::default();
    let Some(mut fields) = Fields::of(node, "`expect`", problems) else {
        return expect;
    };
    if let Some(node) = fields.node("status") {
        expect.status = node.choice(
            &[
                ("pass", Status::Pass),
                ("warn", Status::Warn),
                ("fail", Status::Fail),
            ],
            problems,
        );
    }
    let mut names = |key: &'static str, problems: &mut Problems| {
        fields.node(key).map(|n| {
            n.texts(problems)
                .into_iter()
                .map(|(_, t)| t)
                .collect::<Vec<_>>()
        })
    };
    expect.violations = names("violations", problems);
    expect.warnings = names("warnings", problems);
    expect.passed = names("passed", problems).unwrap_or_default();
    expect.waived = names("waived", problems);
    fields.finish(problems);
    expect
}

/// A value as JSON, for types that serde reads.
pub(crate) fn json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(n) => Json::from(*n),
        Value::Float(n) => Json::from(*n),
        Value::Text(text, _) => Json::String(text.clone()),
        Value::List(items) => Json::Array(items.iter().map(json).collect()),
        Value::Map(entries) => Json::Object(
            entries
                .iter()
                .map(|e| (e.key.clone(), json(&e.value)))
                .collect(),
        ),
    }
}

fn image(node: &Node, report: &mut Report, problems: &mut Problems) {
    let Some(mut fields) = Fields::of(node, "`image`", problems) else {
        return;
    };
    let mut facts = ImageFacts {
        platform: "linux/amd64".to_owned(),
        user: "1000".to_owned(),
        ..ImageFacts::default()
    };
    if let Some(node) = fields.node("name") {
        report.target.name = node.text(problems).unwrap_or_default();
    }
    if let Some(node) = fields.node("user") {
        facts.user = node.loose_text(problems).unwrap_or_default();
    }
    if let Some(node) = fields.node("user_id") {
        facts.user_id = node.count(problems).and_then(|id| u32::try_from(id).ok());
    }
    if let Some(node) = fields.node("labels") {
        for entry in node.entries() {
            if let Some(value) = entry.value.loose_text(problems) {
                facts.labels.insert(entry.key.clone(), value);
            }
        }
    }
    if let Some(node) = fields.node("distribution")
        && let Some(text) = node.text(problems)
    {
        let (id, version) = text.split_once(' ').unwrap_or((&text, ""));
        report.inventory.distribution = Some(Distribution {
            id: id.to_owned(),
            version: version.to_owned(),
            name: text.clone(),
        });
    }
    fields.finish(problems);
    report.inventory.image = Some(facts);
}

fn package_type(node: Option<&Node>, problems: &mut Problems) -> PackageType {
    let words: Vec<(&'static str, PackageType)> = PackageType::ALL.map(|t| (t.label(), t)).to_vec();
    node.and_then(|n| n.choice(&words, problems))
        .unwrap_or(PackageType::Npm)
}

fn package(node: &Node, problems: &mut Problems) -> Option<Package> {
    let mut fields = Fields::of(node, "a package", problems)?;
    let name = fields.node("name").and_then(|n| n.text(problems));
    let package = installed(&mut fields, name.clone().unwrap_or_default(), problems);
    fields.finish(problems);
    if name.is_none() {
        problems.add(&node.place, "a package needs a `name`");
    }
    name.map(|_| package)
}

/// A package by its name, with `version`, `type` and `path`.
fn installed(fields: &mut Fields<'_>, name: String, problems: &mut Problems) -> Package {
    let version = fields
        .node("version")
        .and_then(|n| n.loose_text(problems))
        .unwrap_or_else(|| "1.0.0".to_owned());
    let kind = package_type(fields.node("type"), problems);
    let path = fields
        .node("path")
        .and_then(|n| n.text(problems))
        .unwrap_or_default();
    Package::new(kind, name, version, path)
}

fn finding(node: &Node, report: &mut Report, problems: &mut Problems) {
    let Some(mut fields) = Fields::of(node, "a finding", problems) else {
        return;
    };
    let id = fields
        .node("id")
        .and_then(|n| n.text(problems))
        .unwrap_or_else(|| "CVE-0000-0001".to_owned());
    let name = fields
        .node("package")
        .and_then(|n| n.text(problems))
        .unwrap_or_else(|| "example".to_owned());
    let package = installed(&mut fields, name, problems);
    let mut finding = blank(&id);
    if let Some(node) = fields.node("aliases") {
        finding.aliases = node.texts(problems).into_iter().map(|(_, t)| t).collect();
    }
    finding.severity = word(&mut fields, "severity", problems).unwrap_or(Severity::High);
    finding.fixed_version = fields
        .node("fixed_version")
        .and_then(|n| n.loose_text(problems));
    finding.state = word(&mut fields, "state", problems).unwrap_or({
        if finding.fixed_version.is_some() {
            State::Fixed
        } else {
            State::Affected
        }
    });
    if let Some(node) = fields.node("origin") {
        let words = [
            ("base", Origin::Base),
            ("application", Origin::Application),
            ("unknown", Origin::Unknown),
        ];
        finding.origin = node.choice(&words, problems).unwrap_or_default();
    }
    if let Some(node) = fields.node("cvss") {
        finding.ratings = node
            .number(0.0, 10.0, problems)
            .map(|score| Rating {
                source: "case".to_owned(),
                severity: finding.severity,
                vector: None,
                score: Some(score),
            })
            .into_iter()
            .collect();
    }
    if let Some(node) = fields.node("epss") {
        finding.epss = node.number(0.0, 1.0, problems).map(|score| Epss {
            score,
            percentile: score,
        });
    }
    // Whether it is, or the day on which it was listed.
    let (exploited, listed) = match fields.node("exploited") {
        Some(node) if matches!(node.value, Value::Text(..)) => (true, node.date(problems)),
        Some(node) => (node.boolean(problems).unwrap_or(false), None),
        None => (false, None),
    };
    let ransomware = fields
        .node("ransomware")
        .and_then(|n| n.boolean(problems))
        .unwrap_or(false);
    finding.kev = (exploited || ransomware).then(|| KnownExploited {
        date_added: listed.map(|day| day.to_string()).unwrap_or_default(),
        due_date: String::new(),
        ransomware,
    });
    if let Some(node) = fields.node("published") {
        finding.published = node.date(problems);
    }
    fields.finish(problems);
    finding.package = place(&mut report.inventory, package);
    report.findings.push(finding);
}

fn word<T: FromStr<Err: ToString>>(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Problems,
) -> Option<T> {
    fields.node(key).and_then(|n| n.word(problems))
}

/// A finding of which nothing is known.
pub(crate) fn blank(id: &str) -> Finding {
    Finding {
        id: id.to_owned(),
        aliases: Vec::new(),
        package: 0,
        state: State::Affected,
        severity: Severity::Unknown,
        severity_source: String::new(),
        ratings: Vec::new(),
        epss: None,
        published: None,
        kev: None,
        fixed_version: None,
        fix_command: None,
        origin: Origin::Unknown,
        reason: MatchReason::default(),
    }
}

/// The index of a package, which is added when it is not there.
fn place(inventory: &mut Inventory, package: Package) -> usize {
    match inventory.packages.iter().position(|p| *p == package) {
        Some(at) => at,
        None => {
            inventory.packages.push(package);
            inventory.packages.len() - 1
        }
    }
}

/// Runs cases. `load` gives the policy for an environment; `read` a report beside the cases.
///
/// A policy that does not load, or a report that cannot be read, fails its case.
pub fn run_cases(
    cases: &[Case],
    load: &dyn Fn(Option<&str>) -> Result<Policy, Error>,
    read: &dyn Fn(&str) -> Result<Report, String>,
) -> Vec<CaseResult> {
    cases
        .iter()
        .map(|case| {
            let result = run(case, load, read);
            let (differences, verdict) = match result {
                Ok(verdict) => (differences(&case.expect, &verdict), Some(verdict)),
                Err(why) => (vec![why], None),
            };
            CaseResult {
                name: case.name.clone(),
                place: case.place.clone(),
                differences,
                verdict,
            }
        })
        .collect()
}

fn run(
    case: &Case,
    load: &dyn Fn(Option<&str>) -> Result<Policy, Error>,
    read: &dyn Fn(&str) -> Result<Report, String>,
) -> Result<Verdict, String> {
    let policy = load(case.environment.as_deref()).map_err(|e| e.to_string())?;
    let stored;
    let report = match &case.input {
        Input::Inline(report) => report,
        Input::File(file) => {
            stored = read(file)?;
            &stored
        }
    };
    let subject = Subject {
        report,
        facts: &case.facts,
        now: case.now,
    };
    let exceptions = Exceptions {
        waivers: &case.waivers,
        ..Exceptions::default()
    };
    Ok(evaluate(&policy, subject, &exceptions))
}

fn differences(expect: &Expect, verdict: &Verdict) -> Vec<String> {
    let mut differences = Vec::new();
    if let Some(status) = expect.status
        && status != verdict.status
    {
        differences.push(format!(
            "expected status {}, got {}",
            status.name(),
            verdict.status.name()
        ));
    }
    let rules = |list: &[crate::verdict::Violation]| {
        list.iter().map(|v| v.rule.clone()).collect::<Vec<_>>()
    };
    let waived: Vec<String> = verdict.waived.iter().map(|w| w.cause.id.clone()).collect();
    for (what, expected, found) in [
        ("violations", &expect.violations, rules(&verdict.violations)),
        ("warnings", &expect.warnings, rules(&verdict.warnings)),
        ("waived", &expect.waived, waived),
    ] {
        let Some(expected) = expected else { continue };
        let (mut a, mut b) = (expected.clone(), found);
        a.sort();
        a.dedup();
        b.sort();
        b.dedup();
        if a != b {
            differences.push(format!(
                "expected {what} [{}], got [{}]",
                a.join(", "),
                b.join(", ")
            ));
        }
    }
    for rule in &expect.passed {
        if !verdict.passed.contains(rule) {
            differences.push(format!("expected the rule {rule} to hold"));
        }
    }
    differences
}

#[cfg(test)]
mod tests;
