//! Comma-separated values and Markdown.

use std::io::Write;

use seaworthy_model::{Report, Severity};

use crate::{Error, text, words};

const COLUMNS: [&str; 18] = [
    "id",
    "aliases",
    "severity",
    "severity_source",
    "state",
    "package",
    "type",
    "installed",
    "fixed",
    "origin",
    "layer",
    "path",
    "known_exploited",
    "epss",
    "score",
    "source",
    "advisory",
    "fix_command",
];

/// One line per finding (RFC 4180, with LF).
pub(crate) fn csv(report: &Report, out: &mut dyn Write) -> Result<(), Error> {
    let mut page = format!("{}\n", COLUMNS.join(","));
    for (finding, package) in words::findings(report) {
        let score = finding
            .ratings
            .iter()
            .filter_map(|r| r.score)
            .fold(None, |best: Option<f64>, s| {
                Some(best.map_or(s, |b| b.max(s)))
            });
        let number = |n: Option<f64>| n.map_or_else(String::new, |n| n.to_string());
        let cells = [
            finding.id.clone(),
            finding.aliases.join(" "),
            finding.severity.to_string(),
            finding.severity_source.clone(),
            finding.state.to_string(),
            package.name.clone(),
            package.kind.to_string(),
            package.version.clone(),
            finding.fixed_version.clone().unwrap_or_default(),
            words::origin_word(finding.origin).to_owned(),
            package
                .evidence
                .layer
                .map_or_else(String::new, |l| l.to_string()),
            package.evidence.path.clone(),
            finding.kev.is_some().to_string(),
            number(finding.epss.map(|e| e.score)),
            number(score),
            finding.reason.source.clone(),
            finding.reason.advisory.clone().unwrap_or_default(),
            finding.fix_command.clone().unwrap_or_default(),
        ];
        page.push_str(&cells.map(|c| text::csv(&c)).join(","));
        page.push('\n');
    }
    out.write_all(page.as_bytes())?;
    Ok(())
}

/// A page that merge requests and job summaries can show.
pub(crate) fn markdown(report: &Report, out: &mut dyn Write) -> Result<(), Error> {
    let md = text::markdown;
    let (word, why) = words::verdict(report);
    let mut page = format!("# {}\n\n**{word}**", md(&report.target.name));
    if !why.is_empty() {
        page.push_str(&format!(" {}", md(&why)));
    }
    page.push_str("\n\n");
    let facts: Vec<String> = report
        .inventory
        .distribution
        .iter()
        .map(|d| d.name.clone())
        .chain([words::counted(report.inventory.packages.len(), "package")])
        .collect();
    page.push_str(&format!("{}\n\n", md(&facts.join(", "))));
    if !report.remediations.is_empty() {
        page.push_str("## Least to change\n\n| change | clears | worst |\n|---|---|---|\n");
        for remediation in report.remediations.iter().take(5) {
            page.push_str(&format!(
                "| {} | {} of {} | {} |\n",
                md(&remediation.summary),
                remediation.clears,
                report.findings.len(),
                remediation.worst
            ));
        }
        page.push('\n');
    }
    page.push_str("## Counts\n\n| severity | findings |\n|---|---|\n");
    for severity in Severity::WORST_FIRST {
        let count = report
            .counts
            .by_severity
            .get(&severity)
            .copied()
            .unwrap_or(0);
        page.push_str(&format!("| {severity} | {count} |\n"));
    }
    page.push_str(&format!(
        "\n{} with a fix, {} known to be exploited, {} from the base image, {} from your layers, {} hidden by filters\n\n",
        report.counts.fixable,
        report.counts.exploited,
        report.counts.base,
        report.counts.application,
        report.hidden
    ));
    if !report.findings.is_empty() {
        page.push_str("## Findings\n\n| id | severity | package | installed | fixed | origin |\n|---|---|---|---|---|---|\n");
        for (finding, package) in words::findings(report) {
            let exploited = if finding.kev.is_some() {
                " **KEV**"
            } else {
                ""
            };
            let fixed = finding
                .fixed_version
                .as_deref()
                .unwrap_or(words::fix_word(finding, package.kind));
            page.push_str(&format!(
                "| {} | {}{exploited} | {} | {} | {} | {} |\n",
                md(&finding.id),
                finding.severity,
                md(&package.name),
                md(&package.version),
                md(fixed),
                words::origin_word(finding.origin),
            ));
        }
        page.push('\n');
    }
    page.push_str("## Coverage\n\n");
    if report.inventory.coverage.is_complete() {
        page.push_str("complete\n");
    }
    for entry in &report.inventory.coverage.entries {
        page.push_str(&format!(
            "- {}: {}: {}\n",
            entry.kind.name(),
            md(&entry.subject),
            md(&entry.detail)
        ));
    }
    out.write_all(page.as_bytes())?;
    Ok(())
}
