//! Vulnerabilities, one line each.

use seaworthy_model::{Finding, Package, State};

use super::{SCREEN, Table, WIDE};
use crate::frame::{Span, Style};
use crate::words;

impl Table<'_> {
    /// As many rows as the first screen has room for, above a tail of so many lines; but never
    /// fewer than two or three lines, since an answer without a finding to look at helps nobody.
    pub(super) fn rows(&mut self, tail: usize) {
        let findings: Vec<(&Finding, &Package)> = words::findings(self.report).collect();
        if findings.is_empty() {
            return;
        }
        let least = if self.has_sections() { 2 } else { 3 };
        let room = SCREEN
            .saturating_sub(self.frame.lines.len() + tail + 1)
            .max(least);
        let shown = if self.options.all || findings.len() <= room {
            findings.len()
        } else {
            room - 1
        };
        let rows: Vec<Vec<Span>> = findings
            .iter()
            .take(shown)
            .map(|(f, p)| self.row(f, p))
            .collect();
        let shrink = [(6, 0), (0, 20), (2, 20), (3, 8)];
        for spans in self.frame.columns(rows, 0, &shrink) {
            self.frame.push(&spans);
        }
        let more = findings.len() - shown;
        if more > 0 {
            let line = format!(
                "{} {more} more: --all, or -o html=report.html",
                self.frame.glyphs.ellipsis
            );
            self.frame.push(&[(line, Style::Dim)]);
        }
        self.frame.gap();
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
            self.frame.safe(&package.name),
            self.frame.safe(&package.version)
        );
        match &finding.fixed_version {
            Some(fixed) => {
                let fixed = self.frame.safe(fixed);
                let installed = self.frame.safe(&package.version);
                // A fix that only adds to the version is shown as what it adds.
                let added = fixed
                    .strip_prefix(&installed)
                    .filter(|s| s.starts_with(['+', '~', '-', '.']) && installed.len() > 5);
                what.push_str(&format!(
                    " {} {}",
                    self.frame.glyphs.arrow,
                    added.unwrap_or(&fixed)
                ));
            }
            None if self.frame.width < WIDE => what.push_str(&format!(" ({fix})")),
            None => {}
        }
        if self.frame.width < WIDE && approved && finding.fixed_version.is_some() {
            what.push_str(" (approved)");
        }
        let origin = words::origin_word(finding.origin);
        let mut cells = vec![
            (self.frame.safe(&finding.id), Style::Bold),
            (severity, Style::Of(finding.severity)),
            (what, Style::Plain),
        ];
        if self.frame.width < WIDE {
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
                self.frame.safe(&package.evidence.path)
            };
            cells.push((fix.to_owned(), fix_style));
            cells.push((origin.to_owned(), Style::Plain));
            cells.push((layer, Style::Plain));
            cells.push((path, Style::Dim));
        }
        cells
    }
}
