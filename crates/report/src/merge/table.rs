//! A merge in a terminal: who looked and how that ended, what they agree on, where they do not.

use std::io::Write;

use seaworthy_model::Severity;

use super::{
    Cause, Disagreement, MatrixRow, Merged, MergedFinding, RunStatus, ScanKind, ScannerName, output,
};
use crate::frame::{Frame, Span, Style, cell};
use crate::{Error, WriteOptions, text, words};

/// Findings and explanations on the first screen.
const ROWS: usize = 12;

pub(super) fn write(
    merged: &Merged,
    options: &WriteOptions,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut frame = Frame::new(options);
    header(&mut frame, merged);
    matrix(&mut frame, merged);
    frame.gap();
    agreement(&mut frame, merged);
    findings(&mut frame, merged, options.all);
    others(&mut frame, merged, options.all);
    coverage(&mut frame, merged, options.all);
    out.write_all(frame.finish().as_bytes())?;
    Ok(())
}

/// What a scan's table does not say: who looked, and where they do not agree.
pub(super) fn write_differences(
    merged: &Merged,
    options: &WriteOptions,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut frame = Frame::new(options);
    frame.gap();
    matrix(&mut frame, merged);
    frame.gap();
    let vulnerabilities = Some(ScanKind::Vulnerability);
    if merged.scanners.iter().any(|r| r.kind == vulnerabilities) {
        agreement(&mut frame, merged);
    }
    let asked = asked(merged).len();
    let mut differing = merged.clone();
    differing
        .findings
        .retain(|f| f.found_by.len() < asked || !f.disagreements.is_empty());
    differing.secrets.retain(|s| !s.disagreements.is_empty());
    differing
        .misconfigurations
        .retain(|m| !m.disagreements.is_empty());
    differing.licenses.retain(|l| !l.disagreements.is_empty());
    findings_of(&mut frame, &differing, &self::asked(merged), options.all);
    others(&mut frame, &differing, options.all);
    out.write_all(frame.finish().as_bytes())?;
    Ok(())
}

/// The matrix alone.
pub(super) fn write_matrix(
    merged: &Merged,
    options: &WriteOptions,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut frame = Frame::new(options);
    matrix(&mut frame, merged);
    out.write_all(frame.finish().as_bytes())?;
    Ok(())
}

fn header(frame: &mut Frame, merged: &Merged) {
    let name = frame.safe(&merged.target.name);
    let mut spans = vec![(name, Style::Bold)];
    if let Some(distribution) = &merged.distribution {
        spans.push(cell(format!("   {}", frame.safe(&distribution.name))));
    }
    frame.push(&spans);
    let rule = frame.glyphs.rule.repeat(frame.room());
    frame.push(&[(rule, Style::Dim)]);
}

fn matrix(frame: &mut Frame, merged: &Merged) {
    let head = [
        "Scanner", "Kind", "Status", "Found", "Critical", "Alone", "Time",
    ];
    let mut rows: Vec<Vec<Span>> = vec![
        head.iter()
            .map(|h| ((*h).to_owned(), Style::Bold))
            .collect(),
    ];
    rows.extend(merged.scanners.iter().map(|row| matrix_row(frame, row)));
    let mut rows = frame.columns(rows, 0, &[(0, 12)]).into_iter();
    if let Some(head) = rows.next() {
        frame.push(&head);
    }
    for (at, (spans, row)) in rows.zip(&merged.scanners).enumerate() {
        frame.push(&spans);
        // What holds for several kinds is said once, after them.
        let again = merged
            .scanners
            .get(at + 1)
            .is_some_and(|next| next.scanner == row.scanner && next.reason == row.reason);
        if !row.reason.is_empty() && !again {
            explanation(frame, &row.reason);
        }
    }
}

fn matrix_row(frame: &Frame, row: &MatrixRow) -> Vec<Span> {
    // No answer has no numbers: a zero would read as clean.
    let number = |n: Option<usize>| cell(n.map_or_else(|| "-".to_owned(), |n| n.to_string()));
    let mut name = frame.safe(row.scanner.as_str());
    if !row.version.is_empty() {
        name = format!("{name} {}", frame.safe(&row.version));
    }
    let style = match row.status {
        RunStatus::Ok => Style::Plain,
        RunStatus::NotApplicable => Style::Dim,
        RunStatus::Failed | RunStatus::Missing | RunStatus::TimedOut => Style::Bad,
    };
    vec![
        cell(name),
        cell(row.kind.map_or("-", |k| k.name())),
        (row.status.name().to_owned(), style),
        number(row.total),
        number(row.critical),
        number(row.alone),
        cell(
            row.seconds
                .map_or_else(String::new, |s| format!("{s:.1} s")),
        ),
    ]
}

/// How much they agree, and why not.
fn agreement(frame: &mut Frame, merged: &Merged) {
    let total = merged.findings.len();
    let asked = asked(merged).len();
    if total == 0 {
        let text = if asked == 0 {
            "no scanner answered for vulnerabilities"
        } else {
            "no vulnerabilities"
        };
        frame.push(&[(text.to_owned(), Style::Bold)]);
        frame.gap();
        return;
    }
    let by = |n: usize| {
        merged
            .findings
            .iter()
            .filter(|f| f.found_by.len() == n)
            .count()
    };
    let mut spans = vec![(
        words::counted_as(total, "vulnerability", "vulnerabilities"),
        Style::Bold,
    )];
    if asked > 1 {
        spans.push(cell(format!(
            "   {} by all {asked} scanners{}{} by one only",
            by(asked),
            frame.glyphs.dot,
            by(1)
        )));
    }
    frame.push(&spans);
    let counts: Vec<String> = Severity::WORST_FIRST
        .into_iter()
        .map(|s| {
            (
                s,
                merged.findings.iter().filter(|f| f.severity == s).count(),
            )
        })
        .filter(|(s, n)| *n > 0 || *s >= Severity::Low)
        .map(|(s, n)| format!("{s} {n}"))
        .collect();
    let line = counts.join(frame.glyphs.dot);
    frame.push(&[cell(line)]);
    if !merged.disagreements.is_empty() {
        let mut causes: Vec<(&Cause, &usize)> = merged.disagreements.iter().collect();
        causes.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        let list: Vec<String> = causes.iter().map(|(c, n)| format!("{c} {n}")).collect();
        let whole = list.join(", ");
        let room = frame.room() - "Disagree   ".len();
        for (number, line) in text::wrap(&whole, room).into_iter().enumerate() {
            let label = if number == 0 {
                "Disagree   "
            } else {
                "           "
            };
            frame.push(&[(label.to_owned(), Style::Bold), cell(line)]);
        }
    }
    frame.gap();
}

fn findings(frame: &mut Frame, merged: &Merged, all: bool) {
    findings_of(frame, merged, &asked(merged), all);
}

fn findings_of(frame: &mut Frame, merged: &Merged, asked: &[ScannerName], all: bool) {
    let shown = if all || merged.findings.len() <= ROWS {
        merged.findings.len()
    } else {
        ROWS
    };
    let rows: Vec<Vec<Span>> = merged
        .findings
        .iter()
        .take(shown)
        .map(|f| row(frame, f, asked))
        .collect();
    let shrink = [(3, 16), (2, 24), (3, 8), (0, 16)];
    let rows = frame.columns(rows, 0, &shrink);
    for (spans, finding) in rows.into_iter().zip(&merged.findings) {
        frame.push(&spans);
        if all {
            for disagreement in &finding.disagreements {
                explanation(frame, &disagreement.text);
            }
        }
    }
    if merged.findings.len() > shown {
        let line = format!(
            "{} {} more: --all shows them, with the reason of every disagreement",
            frame.glyphs.ellipsis,
            merged.findings.len() - shown
        );
        frame.push(&[(line, Style::Dim)]);
    }
    if shown > 0 {
        frame.gap();
    }
}

fn explanation(frame: &mut Frame, sentence: &str) {
    let sentence = frame.safe(&text::limit(sentence, 1000));
    let room = frame.room().saturating_sub(4);
    for (number, line) in text::wrap(&sentence, room).into_iter().enumerate() {
        let margin = if number == 0 { "  - " } else { "    " };
        frame.push(&[(format!("{margin}{line}"), Style::Dim)]);
    }
}

fn row(frame: &Frame, finding: &MergedFinding, asked: &[ScannerName]) -> Vec<Span> {
    let mut severity = finding.severity.name().to_owned();
    if finding.kev.is_some() {
        severity.push_str(" KEV");
    }
    let mut what = format!("{} {}", finding.package.name, finding.package.version);
    if let Some(fixed) = &finding.fixed_version {
        what.push_str(&format!(" → {fixed}"));
    }
    vec![
        (frame.safe(&finding.id), Style::Bold),
        (severity, Style::Of(finding.severity)),
        cell(frame.safe(&what)),
        cell(frame.safe(&who(&finding.found_by, asked))),
    ]
}

/// Who found it, in the fewest words: all, all but a few, or their names.
fn who(found_by: &[ScannerName], asked: &[ScannerName]) -> String {
    let others: Vec<ScannerName> = asked
        .iter()
        .filter(|s| !found_by.contains(s))
        .cloned()
        .collect();
    if others.is_empty() && asked.len() > 1 {
        format!("all {}", asked.len())
    } else if others.len() < found_by.len() && others.len() <= 2 && asked.len() > 3 {
        format!("all but {}", output::names(&others))
    } else {
        output::names(found_by)
    }
}

/// The scanners that answered for vulnerabilities.
fn asked(merged: &Merged) -> Vec<ScannerName> {
    let mut asked: Vec<ScannerName> = merged
        .scanners
        .iter()
        .filter(|r| r.status == RunStatus::Ok && r.kind == Some(ScanKind::Vulnerability))
        .map(|r| r.scanner.clone())
        .collect();
    asked.dedup();
    asked
}

/// Secrets and misconfigurations, with who found them.
fn others(frame: &mut Frame, merged: &Merged, all: bool) {
    let line = |frame: &Frame,
                word: &str,
                severity: Severity,
                title: &str,
                place: String,
                by: &[ScannerName]| {
        vec![
            (word.to_owned(), Style::Bold),
            (severity.name().to_owned(), Style::Of(severity)),
            cell(frame.safe(&format!("{title} {place}"))),
            cell(frame.safe(&output::names(by))),
        ]
    };
    let mut rows: Vec<Vec<Span>> = Vec::new();
    let mut reasons: Vec<&[Disagreement]> = Vec::new();
    for s in &merged.secrets {
        let place = crate::issues::place(&s.location);
        rows.push(line(
            frame,
            "secret",
            s.severity,
            &s.title,
            place,
            &s.found_by,
        ));
        reasons.push(&s.disagreements);
    }
    for m in &merged.misconfigurations {
        let place = crate::issues::place(&m.location);
        rows.push(line(
            frame,
            "config",
            m.severity,
            &m.title,
            place,
            &m.found_by,
        ));
        reasons.push(&m.disagreements);
    }
    if all {
        for l in &merged.licenses {
            let of = if l.package.is_empty() {
                &l.location.path
            } else {
                &l.package
            };
            rows.push(line(
                frame,
                "license",
                l.severity,
                &l.license,
                of.clone(),
                &l.found_by,
            ));
            reasons.push(&l.disagreements);
        }
    }
    let total = rows.len();
    if total == 0 {
        return;
    }
    let shown = if all || total <= ROWS { total } else { ROWS };
    rows.truncate(shown);
    let rows = frame.columns(rows, 0, &[(2, 20), (3, 10)]);
    for (spans, reasons) in rows.into_iter().zip(reasons) {
        frame.push(&spans);
        for reason in reasons.iter().filter(|_| all) {
            explanation(frame, &reason.text);
        }
    }
    if total > shown {
        let line = format!("{} {} more: --all", frame.glyphs.ellipsis, total - shown);
        frame.push(&[(line, Style::Dim)]);
    }
    frame.gap();
}

fn coverage(frame: &mut Frame, merged: &Merged, all: bool) {
    let shown = if all { merged.coverage.len() } else { 4 };
    if merged.coverage.is_empty() {
        frame.push(&[
            ("Coverage   ".to_owned(), Style::Bold),
            cell("complete, as far as the reports tell"),
        ]);
    }
    for (number, entry) in merged.coverage.iter().take(shown).enumerate() {
        let label = if number == 0 {
            "Coverage   "
        } else {
            "           "
        };
        let what = frame.safe(&format!("{}: {}", entry.subject, entry.detail));
        frame.push(&[(label.to_owned(), Style::Bold), cell(what)]);
    }
    let hidden = merged.coverage.len().saturating_sub(shown);
    if hidden > 0 {
        let line = format!(
            "           {} {}: --all",
            frame.glyphs.ellipsis,
            words::counted(hidden, "more gap")
        );
        frame.push(&[(line, Style::Dim)]);
    }
}
