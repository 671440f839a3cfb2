//! Comma-separated values and Markdown.

use std::io::Write;

use seaworthy_model::{Location, Report, Severity};

use crate::{Error, issues, text, words};

const COLUMNS: [&str; 23] = [
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
    "kind",
    "line",
    "title",
    "message",
    "published",
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
            "vulnerability".to_owned(),
            package.line.map_or_else(String::new, |l| l.to_string()),
            String::new(),
            String::new(),
            finding
                .published
                .map_or_else(String::new, |day| day.to_string()),
        ];
        push_row(&mut page, cells);
    }
    for secret in &report.secrets {
        let mut cells = location_cells(report, &secret.location, "secret");
        cells[0].clone_from(&secret.rule);
        cells[2] = secret.severity.to_string();
        cells[20].clone_from(&secret.title);
        cells[21] = issues::secret(report, secret);
        push_row(&mut page, cells);
    }
    for issue in &report.misconfigurations {
        let mut cells = location_cells(report, &issue.location, "misconfiguration");
        cells[0].clone_from(&issue.rule);
        cells[1] = issue.references.join(" ");
        cells[2] = issue.severity.to_string();
        cells[6].clone_from(&issue.kind);
        cells[20].clone_from(&issue.title);
        cells[21].clone_from(&issue.message);
        push_row(&mut page, cells);
    }
    for license in &report.licenses {
        let mut cells = location_cells(report, &license.location, "license");
        cells[0].clone_from(&license.license);
        cells[2] = license.severity.to_string();
        cells[4] = license.class.name().to_owned();
        if let Some(package) = license
            .package
            .and_then(|p| report.inventory.packages.get(p))
        {
            cells[5].clone_from(&package.name);
            cells[6] = package.kind.to_string();
            cells[7].clone_from(&package.version);
        }
        cells[21] = issues::license(report, license);
        push_row(&mut page, cells);
    }
    out.write_all(page.as_bytes())?;
    Ok(())
}

fn push_row(page: &mut String, cells: [String; COLUMNS.len()]) {
    page.push_str(&cells.map(|c| text::csv(&c)).join(","));
    page.push('\n');
}

/// A row with what every kind has that lies in a file.
fn location_cells(report: &Report, location: &Location, kind: &str) -> [String; COLUMNS.len()] {
    let mut cells: [String; COLUMNS.len()] = Default::default();
    issues::origin(report, location).clone_into(&mut cells[9]);
    cells[10] = location.layer.map_or_else(String::new, |l| l.to_string());
    cells[11].clone_from(&location.path);
    kind.clone_into(&mut cells[18]);
    if location.start_line > 0 {
        cells[19] = location.start_line.to_string();
    }
    cells
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
    let changes = words::changes(report);
    if !changes.is_empty() {
        page.push_str("## Least to change\n\n| change | clears | worst |\n|---|---|---|\n");
        for remediation in changes.iter().take(5) {
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
        page.push_str("## Findings\n\n| id | severity | package | installed | fixed | origin | published |\n|---|---|---|---|---|---|---|\n");
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
                "| {} | {}{exploited} | {} | {} | {} | {} | {} |\n",
                md(&finding.id),
                finding.severity,
                md(&package.name),
                md(&package.version),
                md(fixed),
                words::origin_word(finding.origin),
                finding
                    .published
                    .map_or_else(String::new, |day| day.to_string()),
            ));
        }
        page.push('\n');
    }
    markdown_issues(report, &mut page);
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

/// Tables of secrets, misconfigurations and licences, those that there are.
fn markdown_issues(report: &Report, page: &mut String) {
    let md = text::markdown;
    if !report.secrets.is_empty() {
        page.push_str("## Secrets\n\n| secret | severity | where | origin |\n|---|---|---|---|\n");
        for secret in &report.secrets {
            let later = if secret.deleted_later {
                " (deleted by a later layer)"
            } else {
                ""
            };
            page.push_str(&format!(
                "| {} | {} | {}{later} | {} |\n",
                md(&secret.title),
                secret.severity,
                md(&issues::place(&secret.location)),
                issues::origin(report, &secret.location),
            ));
        }
        page.push('\n');
    }
    if !report.misconfigurations.is_empty() {
        page.push_str(
            "## Misconfigurations\n\n| rule | severity | what | where | fix |\n|---|---|---|---|---|\n",
        );
        for issue in &report.misconfigurations {
            page.push_str(&format!(
                "| {} | {} | {} | {} | {} |\n",
                md(&issue.rule),
                issue.severity,
                md(&issue.message),
                md(&issues::place(&issue.location)),
                md(&issue.fix),
            ));
        }
        page.push('\n');
    }
    if !report.licenses.is_empty() {
        page.push_str("## Licences\n\n");
        let counts = issues::license_counts(report);
        let counts: Vec<String> = counts
            .iter()
            .map(|(class, count)| format!("{} {count}", class.name()))
            .collect();
        page.push_str(&format!("{}\n\n", counts.join(", ")));
        let notable: Vec<_> = issues::notable_licenses(report).collect();
        if !notable.is_empty() {
            page.push_str("| licence | class | of |\n|---|---|---|\n");
            for license in notable {
                page.push_str(&format!(
                    "| {} | {} | {} |\n",
                    md(&license.license),
                    license.class.name(),
                    md(&issues::license_of(report, license)),
                ));
            }
            page.push('\n');
        }
    }
}
