//! What could not be assessed, folded so that it can be read: gaps of one kind are one line.

use seaworthy_model::{CoverageEntry, CoverageKind};

use super::Table;
use crate::frame::{Style, cell};
use crate::{text, words};

/// What to do about advisories that are not there or old.
const UPDATE: &str = " (seaworthy db update)";

/// Gaps in one line, and whether it says all of them.
struct Folded {
    text: String,
    whole: bool,
}

impl Table<'_> {
    /// The lines about coverage, at most so many.
    pub(super) fn coverage(&self, limit: usize) -> Vec<String> {
        let entries = &self.report.inventory.coverage.entries;
        if entries.is_empty() {
            return vec![
                self.frame
                    .line(&[self.label("Coverage", true), cell("complete")]),
            ];
        }
        let groups = groups(entries);
        let shown = if self.options.all || groups.len() <= limit {
            groups.len()
        } else {
            limit - 1
        };
        let mut lines = Vec::new();
        for (number, group) in groups.iter().take(shown).enumerate() {
            let label = self.label("Coverage", number == 0);
            let room = self.frame.room().saturating_sub(text::width(&label.0));
            let fatal = group.first().is_some_and(|e| e.kind.is_fatal());
            // What is concerned and what to do about it matter more than the sentence.
            let intros: &[&str] = if number == 0 && !fatal {
                &["complete, except: ", "except: ", ""]
            } else {
                &[""]
            };
            let (intro, what) = intros
                .iter()
                .map(|intro| (*intro, self.folded(group, room - text::width(intro))))
                .find(|(_, folded)| folded.whole)
                .unwrap_or_else(|| ("", self.folded(group, room)));
            let what = what.text;
            let style = if fatal { Style::Bad } else { Style::Plain };
            lines.push(self.frame.line(&[label, cell(intro), (what, style)]));
            if self.options.all {
                lines.extend(self.each(group));
            }
        }
        if groups.len() > shown {
            let hidden: usize = groups.iter().skip(shown).map(Vec::len).sum();
            let more = format!(
                "{} {}: --all",
                self.frame.glyphs.ellipsis,
                words::counted(hidden, "more gap")
            );
            lines.push(
                self.frame
                    .line(&[self.label("", false), (more, Style::Dim)]),
            );
        }
        lines
    }

    /// Every gap of a group in full, wrapped, for who asked for all.
    fn each(&self, group: &[&CoverageEntry]) -> Vec<String> {
        let label = self.label("", false);
        let room = self.frame.room().saturating_sub(text::width(&label.0) + 2);
        let mut lines = Vec::new();
        for entry in group {
            let whole = self
                .frame
                .safe(&format!("{}: {}", entry.subject, entry.detail));
            let whole = text::limit(&whole, 2000);
            for (number, part) in text::wrap(&whole, room).into_iter().enumerate() {
                let margin = if number == 0 { "" } else { "  " };
                lines.push(
                    self.frame
                        .line(&[label.clone(), (format!("{margin}{part}"), Style::Dim)]),
                );
            }
        }
        lines
    }

    /// A group in one line: in full when it fits, else what matters.
    fn folded(&self, group: &[&CoverageEntry], room: usize) -> Folded {
        let Some(first) = group.first() else {
            return Folded {
                text: String::new(),
                whole: true,
            };
        };
        let text = self
            .frame
            .safe(&format!("{}: {}", first.subject, first.detail));
        let whole = text::width(&text) <= room;
        if group.len() == 1 && (first.kind.is_fatal() || whole) {
            return Folded { text, whole };
        }
        let of = |noun: &str| words::counted(group.len(), noun);
        let (head, remedy) = match first.kind {
            CoverageKind::NoShard => ("no advisories for".to_owned(), UPDATE),
            CoverageKind::StarterOnly => ("starter table only:".to_owned(), UPDATE),
            CoverageKind::StaleShard => ("old advisories for".to_owned(), UPDATE),
            CoverageKind::SkippedFile => (format!("{} skipped:", of("file")), ""),
            CoverageKind::SkippedLayer => (format!("{} skipped:", of("layer")), ""),
            CoverageKind::UncomparableVersion => (format!("{} not comparable:", of("version")), ""),
            CoverageKind::ThirdPartyPackage => (format!("{} of third parties:", of("package")), ""),
            CoverageKind::ScannerMissing => ("not scanned for".to_owned(), ""),
            CoverageKind::ScannerFailed => ("no answer of".to_owned(), ""),
            CoverageKind::SupportEnded => ("no more security support:".to_owned(), ""),
            other => (format!("{}:", other.name().replace('-', " ")), ""),
        };
        let room = room.saturating_sub(text::width(&head) + 1);
        let (names, missing) = self.names(group, room.saturating_sub(text::width(remedy)));
        if missing == 0 {
            return Folded {
                whole: text::width(&names) + text::width(remedy) <= room,
                text: format!("{head} {names}{remedy}"),
            };
        }
        Folded {
            text: format!("{head} {}", self.names(group, room).0),
            whole: false,
        }
    }

    fn subject(&self, entry: &CoverageEntry) -> String {
        self.frame.cut_middle(&self.frame.safe(&entry.subject), 40)
    }

    /// As many subjects as fit, how many are missing is said; and that number.
    fn names(&self, group: &[&CoverageEntry], room: usize) -> (String, usize) {
        let all: Vec<String> = group.iter().take(40).map(|e| self.subject(e)).collect();
        let all = all.join(", ");
        if group.len() <= 40 && text::width(&all) <= room {
            return (all, 0);
        }
        let mut out = String::new();
        for (at, entry) in group.iter().enumerate() {
            let left = group.len() - at - 1;
            let reserve = if left > 0 {
                ", and 99999 more".len()
            } else {
                0
            };
            let subject = self.subject(entry);
            let separator = if at == 0 { "" } else { ", " };
            let next = text::width(&out) + separator.len() + text::width(&subject);
            if at > 0 && next + reserve > room {
                out.push_str(&format!(", and {} more", left + 1));
                return (out, left + 1);
            }
            out.push_str(separator);
            out.push_str(&subject);
        }
        (out, 0)
    }
}

/// Gaps by kind, those that matter most first; kinds stay in the order in which they come.
fn groups(entries: &[CoverageEntry]) -> Vec<Vec<&CoverageEntry>> {
    let mut groups: Vec<Vec<&CoverageEntry>> = Vec::new();
    for entry in entries {
        match groups
            .iter_mut()
            .find(|g| g.first().is_some_and(|first| first.kind == entry.kind))
        {
            Some(group) => group.push(entry),
            None => groups.push(vec![entry]),
        }
    }
    groups.sort_by_key(|g| !g.first().is_some_and(|e| e.kind.is_fatal()));
    groups
}
