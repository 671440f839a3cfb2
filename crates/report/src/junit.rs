//! JUnit XML: a suite per package type, a failed case per finding, and a suite for coverage.

use std::collections::BTreeMap;
use std::io::Write;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use seaworthy_model::{Finding, Package, PackageType, Report, Severity};

use crate::{Error, issues, text, words};

/// How many packages of a kind there are, and what was found in them.
type Suite<'a> = (usize, Vec<(&'a Finding, &'a Package)>);

/// Writes the document.
pub(crate) fn write(report: &Report, out: &mut dyn Write) -> Result<(), Error> {
    let mut suites: BTreeMap<PackageType, Suite<'_>> = BTreeMap::new();
    for package in &report.inventory.packages {
        suites.entry(package.kind).or_default().0 += 1;
    }
    for (finding, package) in words::findings(report) {
        suites
            .entry(package.kind)
            .or_default()
            .1
            .push((finding, package));
    }
    let gaps = &report.inventory.coverage.entries;
    let others = others(report);
    let tests: usize = suites.values().map(|(_, f)| f.len().max(1)).sum::<usize>()
        + others.iter().map(|(_, cases)| cases.len()).sum::<usize>()
        + gaps.len().max(1);
    let failures: usize = suites.values().map(|(_, f)| f.len()).sum::<usize>()
        + others.iter().map(|(_, cases)| cases.len()).sum::<usize>();
    let errors = gaps.iter().filter(|g| g.kind.is_fatal()).count();

    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let name = text::xml(&report.target.name);
    let mut root = start("testsuites", &[("name", &name)]);
    counts(&mut root, tests, failures, errors, gaps.len() - errors);
    xml.write_event(Event::Start(root))?;
    for (kind, (packages, findings)) in &suites {
        let mut suite = start("testsuite", &[("name", &format!("{name} ({kind})"))]);
        counts(&mut suite, findings.len().max(1), findings.len(), 0, 0);
        xml.write_event(Event::Start(suite))?;
        if findings.is_empty() {
            let what = words::counted(*packages, "package");
            let case = format!("no findings in {what}");
            xml.write_event(Event::Empty(start(
                "testcase",
                &[("classname", kind.label()), ("name", &case)],
            )))?;
        }
        for (finding, package) in findings {
            case(&mut xml, report, finding, package)?;
        }
        xml.write_event(Event::End(BytesEnd::new("testsuite")))?;
    }
    for (kind, cases) in &others {
        let mut suite = start("testsuite", &[("name", &format!("{name} ({kind})"))]);
        counts(&mut suite, cases.len(), cases.len(), 0, 0);
        xml.write_event(Event::Start(suite))?;
        for case in cases {
            case.write(&mut xml)?;
        }
        xml.write_event(Event::End(BytesEnd::new("testsuite")))?;
    }
    coverage(&mut xml, report, &name, errors)?;
    xml.write_event(Event::End(BytesEnd::new("testsuites")))?;
    out.write_all(&xml.into_inner())?;
    out.write_all(b"\n")?;
    Ok(())
}

fn start<'a>(element: &'a str, attributes: &[(&'a str, &str)]) -> BytesStart<'a> {
    let mut start = BytesStart::new(element);
    for (key, value) in attributes {
        start.push_attribute((*key, text::xml(value).as_str()));
    }
    start
}

fn counts(
    start: &mut BytesStart<'_>,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
) {
    for (key, value) in [
        ("tests", tests),
        ("failures", failures),
        ("errors", errors),
        ("skipped", skipped),
    ] {
        start.push_attribute((key, value.to_string().as_str()));
    }
}

/// One failed test.
struct Case {
    class: String,
    name: String,
    file: String,
    line: u32,
    severity: Severity,
    message: String,
    body: String,
}

impl Case {
    fn write(&self, xml: &mut Writer<Vec<u8>>) -> Result<(), Error> {
        let file = text::plain(&self.file);
        let line = self.line.to_string();
        let mut attributes = vec![
            ("classname", self.class.as_str()),
            ("name", self.name.as_str()),
        ];
        if !file.is_empty() {
            attributes.push(("file", &file));
        }
        if self.line > 0 {
            attributes.push(("line", &line));
        }
        xml.write_event(Event::Start(start("testcase", &attributes)))?;
        xml.write_event(Event::Start(start(
            "failure",
            &[("message", &self.message), ("type", self.severity.name())],
        )))?;
        xml.write_event(Event::Text(BytesText::new(&text::xml(&self.body))))?;
        xml.write_event(Event::End(BytesEnd::new("failure")))?;
        xml.write_event(Event::End(BytesEnd::new("testcase")))?;
        Ok(())
    }
}

fn case(
    xml: &mut Writer<Vec<u8>>,
    report: &Report,
    finding: &Finding,
    package: &Package,
) -> Result<(), Error> {
    let mut body = words::description(report, finding, package);
    if let Some(day) = finding.published {
        body.push_str(&format!("\npublished {day}"));
    }
    for url in finding.urls() {
        body.push('\n');
        body.push_str(&url);
    }
    Case {
        class: format!("{} {}", package.name, package.version),
        name: format!("[{}] {}", finding.severity, finding.id),
        file: package.evidence.path.clone(),
        line: package.line.unwrap_or_default(),
        severity: finding.severity,
        message: words::solution(finding, package)
            .unwrap_or_else(|| words::fix_word(finding, package.kind).to_owned()),
        body,
    }
    .write(xml)
}

/// Suites of the other kinds, those that have something.
fn others(report: &Report) -> Vec<(&'static str, Vec<Case>)> {
    let secrets = report.secrets.iter().map(|secret| Case {
        class: issues::place(&secret.location),
        name: format!("[{}] {}", secret.severity, secret.title),
        file: secret.location.path.clone(),
        line: secret.location.start_line,
        severity: secret.severity,
        message: issues::SECRET_FIX.to_owned(),
        body: issues::secret(report, secret),
    });
    let misconfigurations = report.misconfigurations.iter().map(|issue| Case {
        class: issues::place(&issue.location),
        name: format!("[{}] {} {}", issue.severity, issue.rule, issue.title),
        file: issue.location.path.clone(),
        line: issue.location.start_line,
        severity: issue.severity,
        message: issue.fix.clone(),
        body: issues::misconfiguration(report, issue),
    });
    let licenses = issues::notable_licenses(report).map(|license| Case {
        class: issues::license_of(report, license),
        name: format!("[{}] {}", license.severity, license.license),
        file: license.location.path.clone(),
        line: 0,
        severity: license.severity,
        message: format!("the class {} is to be reviewed", license.class.name()),
        body: issues::license(report, license),
    });
    let mut suites = vec![
        ("secrets", secrets.collect::<Vec<_>>()),
        ("misconfigurations", misconfigurations.collect()),
        ("licences", licenses.collect()),
    ];
    suites.retain(|(_, cases)| !cases.is_empty());
    suites
}

/// What could not be assessed shows as skipped, or as an error when it makes the answer worthless.
fn coverage(
    xml: &mut Writer<Vec<u8>>,
    report: &Report,
    name: &str,
    errors: usize,
) -> Result<(), Error> {
    let gaps = &report.inventory.coverage.entries;
    let mut suite = start("testsuite", &[("name", &format!("{name} (coverage)"))]);
    counts(
        &mut suite,
        gaps.len().max(1),
        0,
        errors,
        gaps.len() - errors,
    );
    xml.write_event(Event::Start(suite))?;
    if gaps.is_empty() {
        let case = start(
            "testcase",
            &[("classname", "coverage"), ("name", "complete")],
        );
        xml.write_event(Event::Empty(case))?;
    }
    for gap in gaps {
        let subject = text::plain(&gap.subject);
        let case = start(
            "testcase",
            &[("classname", gap.kind.name()), ("name", &subject)],
        );
        xml.write_event(Event::Start(case))?;
        let element = if gap.kind.is_fatal() {
            "error"
        } else {
            "skipped"
        };
        xml.write_event(Event::Empty(start(element, &[("message", &gap.detail)])))?;
        xml.write_event(Event::End(BytesEnd::new("testcase")))?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuite")))?;
    Ok(())
}
