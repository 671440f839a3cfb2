//! Times a policy of 200 rules over 10,000 findings: `cargo run --release -p seaworthy-policy
//! --example bench`.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use seaworthy_model::{
    Date, Epss, Finding, ImageFacts, KnownExploited, MatchReason, Origin, Package, PackageType,
    Rating, Report, Severity, State,
};
use seaworthy_policy::{Exceptions, Facts, NoIncludes, Policy, Subject, evaluate};

const FINDINGS: usize = 10_000;
const PACKAGES: usize = 2_500;
const RULES: usize = 200;
const ROUNDS: usize = 21;

fn report() -> Report {
    let types = [
        PackageType::Deb,
        PackageType::Npm,
        PackageType::PyPi,
        PackageType::Maven,
    ];
    let mut report = Report::default();
    report.target.name = "registry.example.com/shop/web:1.8".to_owned();
    report.inventory.image = Some(ImageFacts {
        user: "1000".to_owned(),
        platform: "linux/amd64".to_owned(),
        ..ImageFacts::default()
    });
    report.inventory.packages = (0..PACKAGES)
        .map(|i| {
            let version = format!("{}.{}.{}", i % 7, i % 31, i % 13);
            let path = format!("app/module{}/lib/package{i}", i % 50);
            Package::new(types[i % 4], format!("package{i}"), version, path)
        })
        .collect();
    report.findings = (0..FINDINGS).map(finding).collect();
    report
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn finding(i: usize) -> Finding {
    let severity = Severity::WORST_FIRST[i % 6];
    let fixed = i.is_multiple_of(3);
    Finding {
        id: format!("CVE-{}-{}", 2010 + i % 16, 1000 + i / 2),
        aliases: if i.is_multiple_of(4) {
            vec![format!("GHSA-{i:04x}-aaaa-bbbb")]
        } else {
            Vec::new()
        },
        package: i % PACKAGES,
        state: if fixed {
            State::Fixed
        } else {
            State::ALL[1 + i % 7]
        },
        severity,
        severity_source: "nvd".to_owned(),
        ratings: vec![Rating {
            source: "nvd".to_owned(),
            severity,
            vector: None,
            score: Some((i % 100) as f64 / 10.0),
        }],
        epss: Some(Epss {
            score: (i % 1000) as f64 / 1000.0,
            percentile: (i % 1000) as f64 / 1000.0,
        }),
        published: i
            .is_multiple_of(2)
            .then(|| Date::from_days(18_000 + (i % 2_000) as i32)),
        kev: i.is_multiple_of(500).then(|| KnownExploited {
            date_added: "2024-01-01".to_owned(),
            due_date: String::new(),
            ransomware: false,
        }),
        fixed_version: fixed.then(|| "9.9.9".to_owned()),
        fix_command: None,
        origin: if i.is_multiple_of(2) {
            Origin::Base
        } else {
            Origin::Application
        },
        reason: MatchReason::default(),
    }
}

/// 200 rules of eight kinds; a quarter of them are CEL expressions.
fn policy() -> String {
    let mut text = "version: \"1.0\"\nrules:\n".to_owned();
    for i in 0..RULES {
        let rule = match i % 8 {
            0 => format!("when: {{severity: critical, packages: ['package{i}*']}}"),
            1 => format!(
                "when: {{ids: ['CVE-2020-{}', 'CVE-2021-{}']}}",
                1000 + i,
                2000 + i
            ),
            2 => format!(
                "when: {{min_epss: 0.9, fixable: true, paths: ['app/module{}/**']}}",
                i % 50
            ),
            3 => format!(
                "when: {{min_cvss: 9, origin: application, types: [npm], versions: '< {}.0.0'}}",
                i % 7
            ),
            4 => "when: {exploited: true, older_than_days: 30}".to_owned(),
            5 => format!("when: {{min_severity: high, min_risk: {}}}", 50 + i % 50),
            6 => format!(
                "expression: finding.severity == \"high\" && finding.cvss >= 8.{} && finding.pkg.name.startsWith(\"package{}\")",
                i % 10,
                i % 9
            ),
            _ => format!(
                "expression: finding.epss > 0.{} && finding.fixable && (finding.origin == \"base\" || finding.pkg.type in [\"npm\", \"maven\"])",
                i % 9 + 1
            ),
        };
        let _ = writeln!(text, "  - {{id: r{i}, max: {}, {}}}", i % 3, quoted(&rule));
    }
    text
}

/// An expression in a flow mapping needs quotes.
fn quoted(rule: &str) -> String {
    match rule.strip_prefix("expression: ") {
        Some(expression) => format!("expression: '{expression}'"),
        None => rule.to_owned(),
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[expect(clippy::print_stdout, reason = "a measurement is printed")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (report, text) = (report(), policy());
    let facts = Facts::default();
    let now = "2026-11-25".parse()?;
    let mut load = Vec::new();
    let mut check = Vec::new();
    let mut broken = 0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let policy = Policy::load("bench.yaml", text.as_bytes(), None, &NoIncludes)?;
        load.push(start.elapsed());
        let subject = Subject {
            report: &report,
            facts: &facts,
            now,
        };
        let start = Instant::now();
        let verdict = evaluate(&policy, subject, &Exceptions::default());
        check.push(start.elapsed());
        broken = verdict.violations.len();
    }
    println!(
        "{RULES} rules over {FINDINGS} findings: load {:?}, check {:?} (medians of {ROUNDS}); {broken} rules broken",
        median(load),
        median(check)
    );
    Ok(())
}
