//! The report for people in a terminal: verdict, least change, counts, rows, coverage, provenance.

mod coverage;
mod rows;
mod sections;
#[cfg(test)]
mod tests;

use std::io::Write;

use seaworthy_model::{ExitClass, Report, Severity, TargetKind};

use crate::frame::{Frame, Span, Style, short_digest};
use crate::{Error, WriteOptions, text, words};

/// Lines of the first screen.
const SCREEN: usize = 24;
/// From this width on, rows have columns of their own for fix, layer and object.
const WIDE: usize = 100;

struct Table<'a> {
    report: &'a Report,
    options: &'a WriteOptions,
    frame: Frame,
}

pub(crate) fn write(
    report: &Report,
    options: &WriteOptions,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut table = Table {
        report,
        options,
        frame: Frame::new(options),
    };
    table.header();
    table.verdict();
    table.least_to_change();
    table.counts();
    let mut tail = table.sections();
    tail.extend(table.coverage(if table.has_sections() { 2 } else { 3 }));
    // Where no vulnerabilities were looked for, no database was asked.
    if report.scanners.is_empty() || report.scanners.iter().any(|ran| ran == "vuln") {
        tail.push(table.database());
    }
    table.rows(tail.len());
    table.frame.lines.extend(tail);
    out.write_all(table.frame.finish().as_bytes())?;
    Ok(())
}

impl Table<'_> {
    /// Whether there is more than vulnerabilities, so that each part gets fewer lines.
    fn has_sections(&self) -> bool {
        !(self.report.secrets.is_empty()
            && self.report.misconfigurations.is_empty()
            && self.report.licenses.is_empty())
    }

    fn header(&mut self) {
        let report = self.report;
        let name = self.frame.safe(&report.target.name);
        let mut place = String::new();
        if let Some(image) = &report.inventory.image {
            place.push_str(&self.frame.safe(&image.platform));
            if let Some(digest) = image
                .manifest_digest
                .as_ref()
                .or(image.config_digest.as_ref())
            {
                place.push_str("  ");
                place.push_str(&short_digest(
                    &self.frame.safe(digest),
                    self.frame.glyphs.ellipsis,
                ));
            }
        }
        let mut facts: Vec<String> = Vec::new();
        if let Some(d) = &report.inventory.distribution {
            facts.push(self.frame.safe(&d.name));
        }
        let packages = report.inventory.packages.len();
        if packages > 0 || report.target.kind != TargetKind::Directory {
            facts.push(words::counted(packages, "package"));
        }
        if let Some(image) = &report.inventory.image {
            facts.push(words::counted(image.layers.len(), "layer"));
        }
        let facts = facts.join(self.frame.glyphs.dot);
        let room = self.frame.room();
        let taken = text::width(&place) + text::width(&facts) + 5;
        if text::width(&name) + taken <= room {
            self.frame.push(&[
                (name, Style::Bold),
                (format!("  {place}   "), Style::Plain),
                (facts, Style::Plain),
            ]);
        } else {
            let columns = room.saturating_sub(text::width(&place) + 2);
            let name = self.frame.cut_middle(&name, columns);
            self.frame
                .push(&[(name, Style::Bold), (format!("  {place}"), Style::Plain)]);
            self.frame.push(&[(facts, Style::Plain)]);
        }
        let rule = self.frame.glyphs.rule.repeat(room);
        self.frame.push(&[(rule, Style::Dim)]);
    }

    fn verdict(&mut self) {
        let (word, why) = words::verdict(self.report);
        let style = match self.report.exit_class() {
            ExitClass::Pass if self.report.gate.rule.is_empty() => Style::Bold,
            ExitClass::Pass => Style::Good,
            ExitClass::GateFailed | ExitClass::NotAssessed => Style::Bad,
        };
        let why = self.frame.safe(&why);
        self.frame.push(&[
            (word.to_owned(), style),
            (format!("   {why}"), Style::Plain),
        ]);
        if let Some(text) = words::end_of_support(self.report) {
            let text = self.frame.safe(&text);
            self.frame.push(&[
                ("END OF LIFE".to_owned(), Style::Bad),
                (format!("   {text}"), Style::Plain),
            ]);
        }
        self.frame.gap();
    }

    fn least_to_change(&mut self) {
        let remediations = words::changes(self.report);
        if remediations.is_empty() {
            return;
        }
        let shown = match (self.options.all, self.has_sections()) {
            (true, _) => 5,
            (false, true) => 2,
            (false, false) => 3,
        };
        let total = self.report.findings.len();
        let rights: Vec<String> = remediations
            .iter()
            .take(shown)
            .map(|r| format!("{} of {total}  {:<10}", r.clears, r.worst.name()))
            .collect();
        let column = rights.iter().map(|r| text::width(r)).max().unwrap_or(0);
        let head = self.frame.sides(
            "Least to change",
            Style::Bold,
            &format!("{:<column$}", "clears"),
        );
        self.frame.push(&head);
        for (number, (remediation, right)) in (1..).zip(remediations.iter().zip(&rights)) {
            let left = format!("{number}  {}", self.frame.safe(&remediation.summary));
            let spans = self
                .frame
                .sides(&left, Style::Plain, &format!("{right:<column$}"));
            self.frame.push(&spans);
        }
        self.frame.gap();
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
                    left.push((self.frame.glyphs.dot.to_owned(), Style::Plain));
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
            counts.fixable, self.frame.glyphs.dot, counts.exploited
        );
        let used: usize = left.iter().map(|(t, _)| text::width(t)).sum();
        let room = self.frame.room();
        let mut origin = format!(
            "from the base image {}{}from your layers {}",
            counts.base, self.frame.glyphs.dot, counts.application
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
        self.frame.push(&left);
        second.retain(|s| !s.is_empty());
        if !second.is_empty() {
            self.frame
                .push(&[(second.join(self.frame.glyphs.dot), Style::Plain)]);
        }
        self.frame.gap();
    }

    fn database(&self) -> String {
        let database = &self.report.database;
        let keys: Vec<String> = database
            .shards
            .iter()
            .map(|s| self.frame.safe(&s.key))
            .collect();
        let mut parts = Vec::new();
        match (keys.is_empty(), database.location.is_empty()) {
            (false, _) => parts.push(keys.join(", ")),
            (true, true) => parts.push("none".to_owned()),
            (true, false) => {}
        }
        if database.location == "starter table" || keys.is_empty() && !database.location.is_empty()
        {
            parts.push(self.frame.safe(&database.location));
        }
        if !database.date.is_empty() {
            parts.push(self.frame.safe(&database.date));
        }
        match self.options.db_age_days {
            Some(0) => parts.push("today's".to_owned()),
            Some(days) => parts.push(format!("{} old", words::counted(days as usize, "day"))),
            None => {}
        }
        if let [only] = database.shards.as_slice()
            && !only.digest.is_empty()
        {
            parts.push(short_digest(
                &self.frame.safe(&only.digest),
                self.frame.glyphs.ellipsis,
            ));
        }
        let left = format!("Database   {}", parts.join(self.frame.glyphs.dot));
        let right = self
            .options
            .elapsed
            .map_or_else(String::new, |e| format!("{:.2} s", e.as_secs_f64()));
        let mut spans = self.frame.sides(&left, Style::Plain, &right);
        if right.is_empty() {
            spans.truncate(1);
        }
        self.frame.line(&spans)
    }
}
