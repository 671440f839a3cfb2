//! The report for people in a terminal: verdict, least change, counts, rows, coverage, provenance.

use std::io::Write;

use seaworthy_model::{ExitClass, Finding, Package, Report, Severity, State};

use crate::{Error, WriteOptions, text, words};

/// Lines of the first screen.
const SCREEN: usize = 24;
/// From this width on, rows have columns of their own for fix and layer.
const WIDE: usize = 100;
const INDENT: usize = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Bold,
    Dim,
    Good,
    Bad,
    Of(Severity),
}

impl Style {
    /// Select Graphic Rendition parameters (ECMA-48); colour only repeats what the words say.
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Good => "1;32",
            Self::Bad | Self::Of(Severity::Critical) => "1;31",
            Self::Of(Severity::High) => "31",
            Self::Of(Severity::Medium) => "33",
            Self::Of(Severity::Low) => "36",
            Self::Of(Severity::Negligible | Severity::Unknown) => "2",
        }
    }
}

type Span = (String, Style);

struct Glyphs {
    rule: &'static str,
    dot: &'static str,
    arrow: &'static str,
    ellipsis: &'static str,
}

struct Table<'a> {
    report: &'a Report,
    options: &'a WriteOptions,
    glyphs: Glyphs,
    width: usize,
    lines: Vec<String>,
}

pub(crate) fn write(
    report: &Report,
    options: &WriteOptions,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let glyphs = if options.unicode {
        Glyphs {
            rule: "━",
            dot: " · ",
            arrow: "→",
            ellipsis: "…",
        }
    } else {
        Glyphs {
            rule: "=",
            dot: " - ",
            arrow: "->",
            ellipsis: "...",
        }
    };
    let mut table = Table {
        report,
        options,
        glyphs,
        width: options.width.clamp(60, 240),
        lines: Vec::new(),
    };
    table.header();
    table.verdict();
    table.least_to_change();
    table.counts();
    let tail = table.tail();
    table.rows(tail.len());
    table.lines.extend(tail);
    let mut page = table.lines.join("\n");
    page.push('\n');
    out.write_all(page.as_bytes())?;
    Ok(())
}

impl Table<'_> {
    fn safe(&self, text: &str) -> String {
        if self.options.unicode {
            text::plain(text)
        } else {
            text::ascii(text)
        }
    }

    fn cut(&self, text: &str, columns: usize) -> String {
        text::cut(text, columns, self.glyphs.ellipsis)
    }

    /// One line, never longer than the terminal is wide.
    fn line(&self, spans: &[Span]) -> String {
        let mut left = self.width.saturating_sub(INDENT);
        let mut out = " ".repeat(INDENT);
        for (text, style) in spans {
            let fitted = self.cut(text, left);
            left = left.saturating_sub(text::width(&fitted));
            let code = style.code();
            if self.options.color && !code.is_empty() && !fitted.trim().is_empty() {
                out.push_str(&format!("\u{1b}[{code}m{fitted}\u{1b}[0m"));
            } else {
                out.push_str(&fitted);
            }
        }
        out.truncate(out.trim_end().len());
        out
    }

    fn push(&mut self, spans: &[Span]) {
        let line = self.line(spans);
        self.lines.push(line);
    }

    /// Left text and right text on one line, the left one cut when they do not fit.
    fn sides(&self, left: &str, style: Style, right: &str) -> Vec<Span> {
        let room = self.width.saturating_sub(INDENT + text::width(right) + 2);
        let left = self.cut(left, room);
        let gap = room.saturating_sub(text::width(&left)) + 2;
        vec![
            (left, style),
            (" ".repeat(gap), Style::Plain),
            (right.to_owned(), Style::Plain),
        ]
    }

    fn header(&mut self) {
        let report = self.report;
        let name = self.safe(&report.target.name);
        let mut place = String::new();
        if let Some(image) = &report.inventory.image {
            place.push_str(&self.safe(&image.platform));
            if let Some(digest) = image
                .manifest_digest
                .as_ref()
                .or(image.config_digest.as_ref())
            {
                place.push_str("  ");
                place.push_str(&short_digest(&self.safe(digest), self.glyphs.ellipsis));
            }
        }
        let mut facts: Vec<String> = Vec::new();
        if let Some(d) = &report.inventory.distribution {
            facts.push(self.safe(&d.name));
        }
        facts.push(words::counted(report.inventory.packages.len(), "package"));
        if let Some(image) = &report.inventory.image {
            facts.push(words::counted(image.layers.len(), "layer"));
        }
        let facts = facts.join(self.glyphs.dot);
        let room = self.width - INDENT;
        let taken = text::width(&place) + text::width(&facts) + 5;
        if text::width(&name) + taken <= room {
            self.push(&[
                (name, Style::Bold),
                (format!("  {place}   "), Style::Plain),
                (facts, Style::Plain),
            ]);
        } else {
            let columns = room.saturating_sub(text::width(&place) + 2);
            let name = text::cut_middle(&name, columns, self.glyphs.ellipsis);
            self.push(&[(name, Style::Bold), (format!("  {place}"), Style::Plain)]);
            self.push(&[(facts, Style::Plain)]);
        }
        let rule = self.glyphs.rule.repeat(room);
        self.push(&[(rule, Style::Dim)]);
    }

    fn verdict(&mut self) {
        let (word, why) = words::verdict(self.report);
        let style = match self.report.exit_class() {
            ExitClass::Pass if self.report.gate.rule.is_empty() => Style::Bold,
            ExitClass::Pass => Style::Good,
            ExitClass::GateFailed | ExitClass::NotAssessed => Style::Bad,
        };
        let why = self.safe(&why);
        self.push(&[
            (word.to_owned(), style),
            (format!("   {why}"), Style::Plain),
        ]);
        if let Some(text) = words::end_of_support(self.report) {
            let text = self.safe(&text);
            self.push(&[
                ("END OF LIFE".to_owned(), Style::Bad),
                (format!("   {text}"), Style::Plain),
            ]);
        }
        self.lines.push(String::new());
    }

    fn least_to_change(&mut self) {
        let remediations = &self.report.remediations;
        if remediations.is_empty() {
            return;
        }
        let shown = if self.options.all { 5 } else { 3 };
        let total = self.report.findings.len();
        let rights: Vec<String> = remediations
            .iter()
            .take(shown)
            .map(|r| format!("{} of {total}  {:<10}", r.clears, r.worst.name()))
            .collect();
        let column = rights.iter().map(|r| text::width(r)).max().unwrap_or(0);
        let head = self.sides(
            "Least to change",
            Style::Bold,
            &format!("{:<column$}", "clears"),
        );
        self.push(&head);
        for (number, (remediation, right)) in (1..).zip(remediations.iter().zip(&rights)) {
            let left = format!("{number}  {}", self.safe(&remediation.summary));
            let spans = self.sides(&left, Style::Plain, &format!("{right:<column$}"));
            self.push(&spans);
        }
        self.lines.push(String::new());
    }

    fn counts(&mut self) {
        let counts = &self.report.counts;
        if self.report.findings.is_empty() && self.report.hidden == 0 {
            return;
        }
        let mut left: Vec<Span> = Vec::new();
        for severity in Severity::WORST_FIRST {
            let count = counts.by_severity.get(&severity).copied().unwrap_or(0);
            let always = severity >= Severity::Low;
            if count > 0 || always {
                if !left.is_empty() {
                    left.push((self.glyphs.dot.to_owned(), Style::Plain));
                }
                let style = if count > 0 {
                    Style::Of(severity)
                } else {
                    Style::Dim
                };
                left.push((format!("{severity} {count}"), style));
            }
        }
        let right = format!(
            "fixable {}{}exploited (KEV) {}",
            counts.fixable, self.glyphs.dot, counts.exploited
        );
        let used: usize = left.iter().map(|(t, _)| text::width(t)).sum();
        let room = self.width - INDENT;
        let mut origin = format!(
            "from the base image {}{}from your layers {}",
            counts.base, self.glyphs.dot, counts.application
        );
        if counts.base + counts.application == 0 {
            origin.clear();
        }
        let mut second = vec![origin];
        if used + 3 + text::width(&right) <= room {
            left.push((" ".repeat(room - used - text::width(&right)), Style::Plain));
            left.push((right, Style::Plain));
        } else {
            second.insert(0, right);
        }
        if self.report.hidden > 0 {
            second.push(format!("{} hidden by filters", self.report.hidden));
        }
        self.push(&left);
        second.retain(|s| !s.is_empty());
        if !second.is_empty() {
            self.push(&[(second.join(self.glyphs.dot), Style::Plain)]);
        }
        self.lines.push(String::new());
    }

    fn rows(&mut self, tail: usize) {
        let findings: Vec<(&Finding, &Package)> = words::findings(self.report).collect();
        if findings.is_empty() {
            return;
        }
        let room = SCREEN.saturating_sub(self.lines.len() + tail + 1).max(1);
        let shown = if self.options.all || findings.len() <= room {
            findings.len()
        } else {
            room.saturating_sub(1).max(1)
        };
        let rows: Vec<Vec<Span>> = findings
            .iter()
            .take(shown)
            .map(|(f, p)| self.row(f, p))
            .collect();
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut widths: Vec<usize> = (0..columns)
            .map(|i| {
                rows.iter()
                    .filter_map(|r| r.get(i))
                    .map(|(t, _)| text::width(t))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        self.shrink(&mut widths);
        for row in rows {
            let mut spans: Vec<Span> = Vec::new();
            for ((cell, style), width) in row.into_iter().zip(&widths) {
                if *width == 0 {
                    continue;
                }
                let cell = text::cut_middle(&cell, *width, self.glyphs.ellipsis);
                let gap = width.saturating_sub(text::width(&cell)) + 2;
                spans.push((cell, style));
                spans.push((" ".repeat(gap), Style::Plain));
            }
            self.push(&spans);
        }
        let more = findings.len() - shown;
        if more > 0 {
            let line = format!(
                "{} {more} more: --all, or -o html=report.html",
                self.glyphs.ellipsis
            );
            self.push(&[(line, Style::Dim)]);
        }
        self.lines.push(String::new());
    }

    /// Takes columns away from the path, then from the package, until a row fits.
    fn shrink(&self, widths: &mut [usize]) {
        let total = |w: &[usize]| -> usize {
            w.iter().filter(|w| **w > 0).map(|w| w + 2).sum::<usize>() + INDENT
        };
        let limit = self.width + 2;
        for (column, least) in [(6, 0), (0, 20), (2, 20), (3, 8)] {
            let over = total(widths).saturating_sub(limit);
            if over == 0 {
                return;
            }
            if let Some(width) = widths.get_mut(column) {
                *width = width.saturating_sub(over).max(least.min(*width));
                // A path of a few characters says nothing.
                if column == 6 && *width < 12 {
                    *width = 0;
                }
            }
        }
    }

    /// Cells: id, severity, package, fix, origin, layer, path; the narrow table has the first
    /// three and one that joins origin and layer.
    fn row(&self, finding: &Finding, package: &Package) -> Vec<Span> {
        let approved = words::is_approved(finding, &self.options.gitlab.approved);
        let mut severity = finding.severity.name().to_owned();
        if finding.kev.is_some() {
            severity.push_str(" KEV");
        }
        let fix = if approved {
            "approved"
        } else {
            words::fix_word(finding, package.kind)
        };
        let mut what = format!(
            "{} {}",
            self.safe(&package.name),
            self.safe(&package.version)
        );
        match &finding.fixed_version {
            Some(fixed) => {
                let fixed = self.safe(fixed);
                let installed = self.safe(&package.version);
                // A fix that only adds to the version is shown as what it adds.
                let added = fixed
                    .strip_prefix(&installed)
                    .filter(|s| s.starts_with(['+', '~', '-', '.']) && installed.len() > 5);
                what.push_str(&format!(
                    " {} {}",
                    self.glyphs.arrow,
                    added.unwrap_or(&fixed)
                ));
            }
            None if self.width < WIDE => what.push_str(&format!(" ({fix})")),
            None => {}
        }
        if self.width < WIDE && approved && finding.fixed_version.is_some() {
            what.push_str(" (approved)");
        }
        let origin = words::origin_word(finding.origin);
        let mut cells = vec![
            (self.safe(&finding.id), Style::Bold),
            (severity, Style::Of(finding.severity)),
            (what, Style::Plain),
        ];
        if self.width < WIDE {
            let place = match package.evidence.layer {
                Some(layer) => format!("{origin:<5} L{layer}"),
                None => origin.to_owned(),
            };
            cells.push((place, Style::Plain));
        } else {
            let fix_style = if finding.state == State::Fixed {
                Style::Plain
            } else {
                Style::Dim
            };
            let layer = package
                .evidence
                .layer
                .map_or_else(String::new, |l| format!("layer {l}"));
            let path = if package.kind.is_os() {
                String::new()
            } else {
                self.safe(&package.evidence.path)
            };
            cells.push((fix.to_owned(), fix_style));
            cells.push((origin.to_owned(), Style::Plain));
            cells.push((layer, Style::Plain));
            cells.push((path, Style::Dim));
        }
        cells
    }

    /// Coverage and database: what the answer rests on.
    fn tail(&self) -> Vec<String> {
        let entries = &self.report.inventory.coverage.entries;
        let mut lines = Vec::new();
        let label = |first: bool| (if first { "Coverage   " } else { "           " }).to_owned();
        if entries.is_empty() {
            lines.push(self.line(&[
                (label(true), Style::Bold),
                ("complete".to_owned(), Style::Plain),
            ]));
        }
        // The gaps that matter most come first.
        let mut sorted: Vec<_> = entries.iter().collect();
        sorted.sort_by_key(|e| !e.kind.is_fatal());
        let shown = if self.options.all || entries.len() <= 3 {
            entries.len()
        } else {
            2
        };
        for (number, entry) in sorted.iter().take(shown).enumerate() {
            let intro = match (number, entry.kind.is_fatal()) {
                (0, false) => "complete, except: ",
                _ => "",
            };
            let subject = text::cut_middle(&self.safe(&entry.subject), 40, self.glyphs.ellipsis);
            let what = format!("{intro}{subject}: {}", self.safe(&entry.detail));
            lines.push(self.line(&[(label(number == 0), Style::Bold), (what, Style::Plain)]));
        }
        if entries.len() > shown {
            let more = format!(
                "{} {} more gaps: --all",
                self.glyphs.ellipsis,
                entries.len() - shown
            );
            lines.push(self.line(&[(label(false), Style::Bold), (more, Style::Dim)]));
        }
        lines.push(self.database());
        lines
    }

    fn database(&self) -> String {
        let database = &self.report.database;
        let keys: Vec<String> = database.shards.iter().map(|s| self.safe(&s.key)).collect();
        let mut parts = Vec::new();
        match (keys.is_empty(), database.location.is_empty()) {
            (false, _) => parts.push(keys.join(", ")),
            (true, true) => parts.push("none".to_owned()),
            (true, false) => {}
        }
        if database.location == "starter table" || keys.is_empty() && !database.location.is_empty()
        {
            parts.push(self.safe(&database.location));
        }
        if !database.date.is_empty() {
            parts.push(self.safe(&database.date));
        }
        match self.options.db_age_days {
            Some(0) => parts.push("today's".to_owned()),
            Some(days) => parts.push(format!("{} old", words::counted(days as usize, "day"))),
            None => {}
        }
        if let [only] = database.shards.as_slice()
            && !only.digest.is_empty()
        {
            parts.push(short_digest(&self.safe(&only.digest), self.glyphs.ellipsis));
        }
        let left = format!("Database   {}", parts.join(self.glyphs.dot));
        let right = self
            .options
            .elapsed
            .map_or_else(String::new, |e| format!("{:.2} s", e.as_secs_f64()));
        let mut spans = self.sides(&left, Style::Plain, &right);
        if right.is_empty() {
            spans.truncate(1);
        }
        self.line(&spans)
    }
}

/// `sha256:5f1c…e09a`
fn short_digest(digest: &str, ellipsis: &str) -> String {
    match digest.split_once(':') {
        Some((algorithm, hex)) if hex.len() > 12 && hex.is_ascii() => {
            let (head, tail) = (hex.get(..4), hex.get(hex.len() - 4..));
            format!(
                "{algorithm}:{}{ellipsis}{}",
                head.unwrap_or_default(),
                tail.unwrap_or_default()
            )
        }
        _ => text::cut(digest, 24, ellipsis),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sample;

    fn written(report: &Report, options: &WriteOptions) -> String {
        let mut out = Vec::new();
        write(report, options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn options(width: usize) -> WriteOptions {
        WriteOptions {
            width,
            elapsed: Some(Duration::from_millis(214)),
            db_age_days: Some(1),
            ..WriteOptions::default()
        }
    }

    #[test]
    fn at_80_columns() {
        insta::assert_snapshot!(written(&sample::report(), &options(80)));
    }

    #[test]
    fn at_120_columns() {
        insta::assert_snapshot!(written(&sample::report(), &options(120)));
    }

    #[test]
    fn all_rows_in_ascii() {
        let options = WriteOptions {
            all: true,
            unicode: false,
            ..options(80)
        };
        let page = written(&sample::report(), &options);
        assert!(page.is_ascii());
        insta::assert_snapshot!(page);
    }

    #[test]
    fn verdicts() {
        let mut pages = String::new();
        for report in [
            sample::clean(),
            sample::not_assessed(),
            sample::without_gate(),
        ] {
            pages.push_str(&written(&report, &options(80)));
            pages.push('\n');
        }
        insta::assert_snapshot!(pages);
    }

    #[test]
    fn every_line_fits_and_the_first_screen_is_24_lines() {
        for report in [
            sample::report(),
            sample::hostile(),
            sample::many(500),
            sample::clean(),
        ] {
            for width in [60, 72, 80, 99, 100, 120, 200] {
                for unicode in [true, false] {
                    let page = written(
                        &report,
                        &WriteOptions {
                            unicode,
                            ..options(width)
                        },
                    );
                    assert!(page.lines().count() <= SCREEN, "{page}");
                    for line in page.lines() {
                        assert!(text::width(line) <= width, "{width}: {line}");
                    }
                }
            }
        }
        let all = written(
            &sample::many(500),
            &WriteOptions {
                all: true,
                ..options(80)
            },
        );
        assert!(all.lines().count() > 500);
    }

    #[test]
    fn colour_only_when_asked_and_never_from_the_image() {
        let hostile = sample::hostile();
        assert!(!written(&hostile, &options(80)).contains('\u{1b}'));
        let page = written(
            &hostile,
            &WriteOptions {
                color: true,
                all: true,
                ..options(200)
            },
        );
        for escape in page.split('\u{1b}').skip(1) {
            let code = escape.split('m').next().unwrap();
            assert!(
                code.starts_with('[') && code[1..].chars().all(|c| c.is_ascii_digit() || c == ';'),
                "{escape}"
            );
        }
        assert!(!page.contains(['\u{202e}', '\u{200b}', '\u{7}', '\u{9b}']));
    }

    #[test]
    fn a_release_without_support_is_named() {
        let mut report = sample::report();
        assert!(!written(&report, &options(100)).contains("END OF LIFE"));
        report.support = Some(seaworthy_model::Support {
            end: "2024-05-23".to_owned(),
            ended: true,
        });
        assert!(
            written(&report, &options(100))
                .contains("gets no more security fixes since 2024-05-23")
        );
    }

    #[test]
    fn approved_findings_stay_and_say_so() {
        let mut options = options(80);
        options.gitlab.approved.insert("CVE-2019-10744".to_owned());
        assert!(written(&sample::report(), &options).contains("approved"));
    }
}
