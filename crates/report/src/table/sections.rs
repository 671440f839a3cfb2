//! Secrets, misconfigurations and licences, below the vulnerabilities.

use super::{Table, WIDE};
use crate::frame::{Span, Style, cell};
use crate::{issues, text};

/// Columns of the words in front of a section.
const LABEL: usize = 11;
/// Lines of a section on the first screen below vulnerabilities.
const LINES: usize = 2;
/// Lines of a section where there are none.
const LINES_ALONE: usize = 6;

impl Table<'_> {
    /// The lines of all sections.
    pub(super) fn sections(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let secrets = self.report.secrets.iter().map(|secret| {
            let mut what = self.frame.safe(&secret.title);
            let wide = self.frame.width >= WIDE;
            let mut origin = issues::origin_and_layer(self.report, &secret.location);
            if secret.deleted_later && wide {
                what.push_str(" (deleted by a later layer, still in the image)");
            } else if secret.deleted_later {
                let layer = secret.location.layer;
                origin = layer.map_or_else(|| "deleted".to_owned(), |l| format!("deleted L{l}"));
            }
            vec![
                (
                    secret.severity.name().to_owned(),
                    Style::Of(secret.severity),
                ),
                cell(what),
                cell(self.frame.safe(&issues::place(&secret.location))),
                cell(origin),
            ]
        });
        self.section(
            &mut lines,
            "Secrets",
            secrets.collect(),
            &[(2, 24), (1, 16), (2, 12)],
        );
        let issues = self.report.misconfigurations.iter().map(|issue| {
            let mut place = self.frame.safe(&issues::place(&issue.location));
            if !issue.object.is_empty() && self.frame.width >= WIDE {
                place = format!("{place} {}", self.frame.safe(&issue.object));
            }
            vec![
                (issue.severity.name().to_owned(), Style::Of(issue.severity)),
                cell(self.frame.safe(&issue.title)),
                cell(place),
                (self.frame.safe(&issue.rule), Style::Dim),
            ]
        });
        self.section(
            &mut lines,
            "Config",
            issues.collect(),
            &[(2, 16), (1, 20), (3, 8)],
        );
        self.licenses(&mut lines);
        lines
    }

    fn section(
        &self,
        lines: &mut Vec<String>,
        label: &str,
        rows: Vec<Vec<Span>>,
        shrink: &[(usize, usize)],
    ) {
        let total = rows.len();
        let room = if self.report.findings.is_empty() {
            LINES_ALONE
        } else {
            LINES
        };
        let shown = if self.options.all || total <= room {
            total
        } else {
            room - 1
        };
        let rows: Vec<_> = rows.into_iter().take(shown).collect();
        let counted = format!("{label} {total}");
        let label = if counted.len() < LABEL {
            &counted
        } else {
            label
        };
        for (number, mut row) in (0..).zip(self.frame.columns(rows, LABEL, shrink)) {
            row.insert(0, self.label(label, number == 0));
            lines.push(self.frame.line(&row));
        }
        if total > shown {
            let more = format!(
                "{} {} more: --all, or -o html=report.html",
                self.frame.glyphs.ellipsis,
                total - shown
            );
            lines.push(
                self.frame
                    .line(&[self.label("", false), (more, Style::Dim)]),
            );
        }
    }

    /// The word in front of the first line of a section; as many blanks in front of the others.
    pub(super) fn label(&self, word: &str, first: bool) -> Span {
        let word = if first { word } else { "" };
        (format!("{word:<LABEL$}"), Style::Bold)
    }

    /// How many of each class, and by name those that somebody has to look at.
    fn licenses(&self, lines: &mut Vec<String>) {
        if self.report.licenses.is_empty() {
            return;
        }
        let counts: Vec<String> = issues::license_counts(self.report)
            .into_iter()
            .map(|(class, count)| format!("{} {count}", class.name()))
            .collect();
        let mut spans = vec![
            self.label("Licences", true),
            cell(counts.join(self.frame.glyphs.dot)),
        ];
        let mut notable: Vec<&str> = issues::notable_licenses(self.report)
            .map(|l| l.license.as_str())
            .collect();
        notable.sort_unstable();
        notable.dedup();
        let names = self.frame.safe(&notable.join(", "));
        let used = LABEL + text::width(&spans[1].0);
        if !self.options.all && !names.is_empty() && used + 20 < self.frame.room() {
            spans.push((format!("  ({names}"), Style::Dim));
            let room = self.frame.room() - used - 4;
            let fitted = self.frame.cut(&names, room);
            spans.pop();
            spans.push((format!("  ({fitted})"), Style::Dim));
        }
        lines.push(self.frame.line(&spans));
        if self.options.all {
            let rows = issues::notable_licenses(self.report).map(|license| {
                vec![
                    (license.class.name().to_owned(), Style::Of(license.severity)),
                    cell(self.frame.safe(&license.license)),
                    cell(self.frame.safe(&issues::license_of(self.report, license))),
                    (self.frame.safe(&license.location.path), Style::Dim),
                ]
            });
            let shrink = [(3, 0), (2, 16), (1, 12)];
            for mut row in self.frame.columns(rows.collect(), LABEL, &shrink) {
                row.insert(0, self.label("", false));
                lines.push(self.frame.line(&row));
            }
        }
    }
}
