//! A difference or an assessment for people, in a terminal and in Markdown, and as JSON.

use std::io::Write;

use seaworthy_model::Severity;
use unicode_width::UnicodeWidthStr;

use crate::text::{counted, markdown, wrapped};
use crate::{
    Assessment, Change, Diff, Error, Issue, IssueKind, PackageChange, Subject, View, write_json,
    write_text,
};

/// Rows of a section unless all are asked for.
const ROWS: usize = 10;

type Sections<'a> = [(&'static str, &'a [Change]); 5];

fn sections(diff: &Diff) -> Sections<'_> {
    [
        ("New", &diff.introduced),
        ("Not assessed any more", &diff.not_assessed),
        ("Fixed", &diff.fixed),
        ("Remaining", &diff.remaining),
        ("Waived", &diff.waived),
    ]
}

fn summary(diff: &Diff, dot: &str) -> String {
    let mut parts = vec![
        format!("{} fixed", diff.fixed.len()),
        format!("{} new", diff.introduced.len()),
        format!("{} remaining", diff.remaining.len()),
    ];
    if !diff.waived.is_empty() {
        parts.push(format!("{} waived", diff.waived.len()));
    }
    if !diff.not_assessed.is_empty() {
        parts.push(format!("{} not assessed", diff.not_assessed.len()));
    }
    parts.join(dot)
}

fn severities(diff: &Diff, arrow: &str, dot: &str) -> String {
    Severity::WORST_FIRST
        .into_iter()
        .map(|s| {
            let (old, new) = (
                diff.old.vulnerabilities.get(s),
                diff.new.vulnerabilities.get(s),
            );
            (s, old, new)
        })
        .filter(|&(s, old, new)| s >= Severity::Low || old + new > 0)
        .map(|(s, old, new)| format!("{s} {old} {arrow} {new}"))
        .collect::<Vec<_>>()
        .join(dot)
}

fn versions(change: &PackageChange, arrow: &str) -> String {
    match (change.from.is_empty(), change.to.is_empty()) {
        (true, _) => change.to.join(", "),
        (_, true) => change.from.join(", "),
        _ => format!(
            "{} {arrow} {}",
            change.from.join(", "),
            change.to.join(", ")
        ),
    }
}

/// `1 package`, and what happened to packages, in a line.
fn package_summary(diff: &Diff, dot: &str) -> String {
    let packages = &diff.packages;
    [
        format!("{} added", packages.added.len()),
        format!("{} removed", packages.removed.len()),
        format!("{} changed", packages.changed.len()),
    ]
    .join(dot)
}

struct Table {
    view: View,
    lines: Vec<String>,
}

impl Table {
    fn push(&mut self, text: &str) {
        self.lines.push(self.view.line(text));
    }

    fn blank(&mut self) {
        self.lines.push(String::new());
    }

    /// The rows that are shown, and how many are not.
    fn shown<'a, T>(&self, rows: &'a [T]) -> (&'a [T], usize) {
        let shown = if self.view.all {
            rows.len()
        } else {
            rows.len().min(ROWS)
        };
        (rows.get(..shown).unwrap_or(rows), rows.len() - shown)
    }

    fn more(&mut self, more: usize) {
        if more > 0 {
            let ellipsis = self.view.ellipsis();
            self.push(&format!("{ellipsis} {more} more"));
        }
    }

    fn heading(&mut self, subject: (&Subject, &Subject)) {
        let (old, new) = subject;
        let arrow = self.view.arrow();
        self.push(&format!("{} {arrow} {}", old.name, new.name));
        self.lines.push(format!("  {}", self.view.rule()));
    }

    fn changes(&mut self, title: &str, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        self.blank();
        self.push(title);
        let (rows, more) = self.shown(changes);
        let view = self.view;
        // Severity, id and package; the cause gets what is left, or lines of its own.
        let (severity, id, package) = (10, 18, view.columns() / 4);
        let indent = severity + 1;
        for change in rows {
            let word = match (change.severity, change.exploited) {
                (Severity::Critical, true) => "crit KEV".to_owned(),
                (severity, true) => format!("{severity} KEV"),
                (severity, false) => severity.to_string(),
            };
            let head = format!(
                "{} {} {}",
                view.cell(&word, severity),
                view.cell(&change.id, id),
                view.cell(&change.package, package),
            );
            let cause = view.safe(&change.cause.describe(view.arrow()));
            // The row has named the package already.
            let cause = cause.strip_prefix("package ").unwrap_or(&cause);
            if head.width() + 1 + cause.width() <= view.columns() - 2 {
                self.push(&format!("{head} {cause}"));
                continue;
            }
            self.push(&head);
            for line in wrapped(cause, view.columns() - 2 - indent) {
                self.push(&format!("{:indent$}{line}", ""));
            }
        }
        self.more(more);
    }

    fn packages(&mut self, diff: &Diff) {
        let packages = &diff.packages;
        let total = packages.added.len() + packages.removed.len() + packages.changed.len();
        if total == 0 {
            return;
        }
        self.blank();
        let dot = self.view.dot();
        self.push(&format!("Packages   {}", package_summary(diff, dot)));
        for (sign, list) in [
            ('~', &packages.changed),
            ('+', &packages.added),
            ('-', &packages.removed),
        ] {
            let (rows, more) = self.shown(list);
            let arrow = self.view.arrow();
            for change in rows {
                self.push(&format!(
                    "{sign} {} {} {}",
                    change.kind,
                    change.name,
                    versions(change, arrow)
                ));
            }
            self.more(more);
        }
    }

    fn issues(&mut self, diff: &Diff) {
        for (title, list) in [
            (
                "New secrets, misconfigurations and licences",
                &diff.issues.new,
            ),
            (
                "Fixed secrets, misconfigurations and licences",
                &diff.issues.fixed,
            ),
            (
                "Secrets, misconfigurations and licences not looked for any more",
                &diff.issues.not_assessed,
            ),
        ] {
            if list.is_empty() {
                continue;
            }
            self.blank();
            self.push(title);
            let groups = grouped(list);
            let (rows, more) = self.shown(&groups);
            for group in rows {
                let severity = self.view.cell(group.first.severity.name(), 10);
                let places = if self.view.all { usize::MAX } else { PLACES };
                let text = group.describe(self.view.unicode, places);
                self.sentence(&format!("{severity} "), &text);
            }
            self.more(more);
        }
    }

    fn caveats(&mut self, diff: &Diff) {
        if diff.caveats.is_empty() {
            return;
        }
        self.blank();
        for caveat in &diff.caveats {
            self.sentence("Caveat  ", caveat);
        }
    }

    /// A sentence on as many lines as it takes, behind a word that stands on the first.
    fn sentence(&mut self, lead: &str, text: &str) {
        let indent = lead.width();
        let text = self.view.safe(text);
        for (at, line) in wrapped(&text, self.view.columns() - 2 - indent)
            .iter()
            .enumerate()
        {
            let lead = if at == 0 { lead } else { "" };
            self.push(&format!("{lead:indent$}{line}"));
        }
    }

    fn body(&mut self, diff: &Diff) {
        let (arrow, dot) = (self.view.arrow(), self.view.dot());
        self.push(&summary(diff, dot));
        self.push(&severities(diff, arrow, dot));
        if let Some((from, to)) = &diff.base_image {
            self.push(&format!("base image  {from} {arrow} {to}"));
        }
        for (title, changes) in sections(diff) {
            self.changes(title, changes);
        }
        self.issues(diff);
        self.packages(diff);
        self.caveats(diff);
    }

    fn finish(self) -> String {
        let mut page = self.lines.join("\n");
        page.push('\n');
        page
    }
}

/// Issues of one rule, wherever they are.
struct IssueGroup<'a> {
    first: &'a Issue,
    places: Vec<&'a str>,
}

/// How many places of a rule are named unless all are asked for.
const PLACES: usize = 3;

/// The issues of each rule together, in the order of the list, which is sorted by rule.
fn grouped(issues: &[Issue]) -> Vec<IssueGroup<'_>> {
    let of_one_rule = |a: &Issue, b: &Issue| {
        (a.severity, a.kind, &a.rule, &a.title) == (b.severity, b.kind, &b.rule, &b.title)
    };
    issues
        .chunk_by(of_one_rule)
        .filter_map(|same| {
            Some(IssueGroup {
                first: same.first()?,
                places: same.iter().map(|issue| issue.place.as_str()).collect(),
            })
        })
        .collect()
}

impl IssueGroup<'_> {
    /// `SW-IMG-0032 Program with the rights of another ×11: usr/bin/su, usr/bin/mount, …`
    fn describe(&self, unicode: bool, most: usize) -> String {
        let Issue {
            kind, rule, title, ..
        } = self.first;
        let what = match kind {
            IssueKind::Misconfiguration => format!("{rule} {title}"),
            kind => format!("{} {rule} ({title})", kind.name()),
        };
        let (times, ellipsis) = if unicode { ("×", "…") } else { ("x", "...") };
        let count = match self.places.len() {
            1 => String::new(),
            n => format!(" {times}{n}"),
        };
        let mut places: Vec<&str> = self.places.iter().take(most).copied().collect();
        places.retain(|place| !place.is_empty());
        if self.places.len() > most {
            places.push(ellipsis);
        }
        if places.is_empty() {
            return format!("{what}{count}");
        }
        format!("{what}{count}: {}", places.join(", "))
    }
}

impl Diff {
    /// For people, in a terminal.
    #[must_use]
    pub fn table(&self, view: View) -> String {
        let mut table = Table {
            view,
            lines: Vec::new(),
        };
        table.heading((&self.old, &self.new));
        table.body(self);
        table.finish()
    }

    /// For a merge request or a wiki.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut page = format!(
            "# {} → {}\n\n",
            markdown(&self.old.name),
            markdown(&self.new.name)
        );
        self.markdown_body(&mut page);
        page
    }

    fn markdown_body(&self, page: &mut String) {
        page.push_str(&format!(
            "**{}**\n\n{}\n",
            summary(self, " · "),
            severities(self, "→", " · ")
        ));
        if let Some((from, to)) = &self.base_image {
            page.push_str(&format!(
                "\nBase image: {} → {}\n",
                markdown(from),
                markdown(to)
            ));
        }
        for (title, changes) in sections(self) {
            if changes.is_empty() {
                continue;
            }
            page.push_str(&format!(
                "\n## {title} ({})\n\n| severity | vulnerability | package | fix | why |\n|---|---|---|---|---|\n",
                changes.len()
            ));
            for change in changes {
                page.push_str(&markdown_row(change));
            }
        }
        self.markdown_rest(page);
    }

    fn markdown_rest(&self, page: &mut String) {
        for (title, list) in [
            ("New", &self.issues.new),
            ("Fixed", &self.issues.fixed),
            ("Not assessed any more:", &self.issues.not_assessed),
        ] {
            if list.is_empty() {
                continue;
            }
            page.push_str(&format!(
                "\n## {title} secrets, misconfigurations and licences ({})\n\n",
                list.len()
            ));
            for group in grouped(list) {
                page.push_str(&format!(
                    "- {}: {}\n",
                    group.first.severity,
                    markdown(&group.describe(true, usize::MAX))
                ));
            }
        }
        page.push_str(&format!(
            "\n## Packages\n\n{}\n",
            package_summary(self, " · ")
        ));
        let packages = &self.packages;
        if !(packages.added.is_empty()
            && packages.removed.is_empty()
            && packages.changed.is_empty())
        {
            page.push_str("\n| | type | package | version |\n|---|---|---|---|\n");
        }
        for (word, list) in [
            ("changed", &packages.changed),
            ("added", &packages.added),
            ("removed", &packages.removed),
        ] {
            for change in list {
                page.push_str(&format!(
                    "| {word} | {} | {} | {} |\n",
                    change.kind,
                    markdown(&change.name),
                    markdown(&versions(change, "→"))
                ));
            }
        }
        if !self.caveats.is_empty() {
            page.push_str("\n## Caveats\n\n");
            for caveat in &self.caveats {
                page.push_str(&format!("- {}\n", markdown(caveat)));
            }
        }
    }

    /// Writes the difference as JSON.
    ///
    /// # Errors
    /// When the sink refuses the bytes.
    pub fn write_json(&self, out: &mut dyn Write) -> Result<(), Error> {
        write_json("the difference", self, out)
    }

    /// Writes [`Diff::table`].
    ///
    /// # Errors
    /// When the sink refuses the bytes.
    pub fn write_table(&self, view: View, out: &mut dyn Write) -> Result<(), Error> {
        write_text("the difference", &self.table(view), out)
    }

    /// Writes [`Diff::markdown`].
    ///
    /// # Errors
    /// When the sink refuses the bytes.
    pub fn write_markdown(&self, out: &mut dyn Write) -> Result<(), Error> {
        write_text("the difference", &self.markdown(), out)
    }
}

fn markdown_row(change: &Change) -> String {
    let severity = match change.old_severity {
        Some(old) => format!("{} (was {old})", change.severity),
        None => change.severity.to_string(),
    };
    let exploited = if change.exploited { ", KEV" } else { "" };
    let fix = change
        .fix_command
        .as_ref()
        .or(change.fixed_version.as_ref())
        .map_or_else(|| "none".to_owned(), |fix| markdown(fix));
    format!(
        "| {severity}{exploited} | {} | {} | {fix} | {} |\n",
        markdown(&change.id),
        markdown(&change.package),
        markdown(&change.cause.describe("→"))
    )
}

impl Assessment {
    /// For people, in a terminal: verdict, why, what to do, and the difference.
    #[must_use]
    pub fn table(&self, view: View) -> String {
        let mut table = Table {
            view,
            lines: Vec::new(),
        };
        table.heading((&self.difference.old, &self.difference.new));
        let word = if self.assessed {
            self.final_status.name().replace('_', " ")
        } else {
            "NOT ASSESSED".to_owned()
        };
        table.sentence(&format!("{word}   "), &self.status_reasons.join("; "));
        table.body(&self.difference);
        if !self.recommendations.is_empty() {
            table.blank();
            table.push("What to do");
            for (at, sentence) in self.recommendations.iter().enumerate() {
                table.sentence(&format!("{}  ", at + 1), sentence);
            }
        }
        table.finish()
    }

    /// For a merge request or a wiki.
    #[must_use]
    pub fn markdown(&self) -> String {
        let word = if self.assessed {
            self.final_status.name()
        } else {
            "NOT ASSESSED"
        };
        let mut page = format!(
            "# {}\n\n{} → {}\n\n",
            markdown(word),
            markdown(&self.original_image),
            markdown(&self.secure_image)
        );
        for (title, list) in [
            ("", &self.status_reasons),
            ("## What to do\n\n", &self.recommendations),
        ] {
            if list.is_empty() {
                continue;
            }
            page.push_str(title);
            for sentence in list {
                page.push_str(&format!("- {}\n", markdown(sentence)));
            }
            page.push('\n');
        }
        page.push_str("## Difference\n\n");
        self.difference.markdown_body(&mut page);
        page
    }

    /// One line for a log: `SECURE: 3 fixed, 0 new, 2 remaining`.
    #[must_use]
    pub fn headline(&self) -> String {
        format!(
            "{}: {} ({})",
            self.final_status.name(),
            summary(&self.difference, ", "),
            counted(self.difference.new.packages, "package")
        )
    }
}
