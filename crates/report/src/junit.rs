//! JUnit XML: a suite per package type, a failed case per finding, and a suite for coverage.

use std::collections::BTreeMap;
use std::io::Write;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use seaworthy_model::{Finding, Package, PackageType, Report};

use crate::{Error, text, words};

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
    let tests: usize =
        suites.values().map(|(_, f)| f.len().max(1)).sum::<usize>() + gaps.len().max(1);
    let failures: usize = suites.values().map(|(_, f)| f.len()).sum();
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

fn case(
    xml: &mut Writer<Vec<u8>>,
    report: &Report,
    finding: &Finding,
    package: &Package,
) -> Result<(), Error> {
    let class = format!("{} {}", package.name, package.version);
    let name = format!("[{}] {}", finding.severity, finding.id);
    let file = text::plain(&package.evidence.path);
    let mut attributes = vec![("classname", class.as_str()), ("name", name.as_str())];
    if !file.is_empty() {
        attributes.push(("file", &file));
    }
    xml.write_event(Event::Start(start("testcase", &attributes)))?;
    let message = words::solution(finding, package)
        .unwrap_or_else(|| words::fix_word(finding, package.kind).to_owned());
    xml.write_event(Event::Start(start(
        "failure",
        &[("message", &message), ("type", finding.severity.name())],
    )))?;
    let mut body = words::description(report, finding, package);
    for url in finding.urls() {
        body.push('\n');
        body.push_str(&url);
    }
    xml.write_event(Event::Text(BytesText::new(&text::xml(&body))))?;
    xml.write_event(Event::End(BytesEnd::new("failure")))?;
    xml.write_event(Event::End(BytesEnd::new("testcase")))?;
    Ok(())
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
