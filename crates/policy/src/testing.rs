//! Small reports for tests.

use seaworthy_model::{Finding, Package, Report, Severity};

use crate::row::World;
use crate::subject::{Facts, Subject};
use crate::verdict::Left;

pub(crate) fn finding(id: &str, package: usize, severity: Severity) -> Finding {
    Finding {
        package,
        severity,
        ..crate::cases::blank(id)
    }
}

pub(crate) fn report(packages: Vec<Package>, findings: Vec<Finding>) -> Report {
    let mut report = Report {
        schema_version: Report::SCHEMA_VERSION.to_owned(),
        findings,
        ..Report::default()
    };
    report.target.name = "registry.example.com/shop/web:1.8".to_owned();
    report.inventory.packages = packages;
    report
}

pub(crate) fn world<'a>(report: &'a Report, facts: &'a Facts) -> World<'a> {
    let subject = Subject {
        report,
        facts,
        now: "2026-11-25".parse().unwrap(),
    };
    World::new(subject, &Left::all(report), "production")
}
