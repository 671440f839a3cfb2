//! One self-contained page: readable without scripts, nothing loaded from anywhere.

use std::collections::BTreeMap;
use std::io::Write;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Value, context};
use seaworthy_model::{ExitClass, Finding, Layer, Package, Report, Severity};

use crate::html_merge::Who;
use crate::merge::Merged;
use crate::{Error, WriteOptions, html_issues, issues, text, words};

/// The page, its section about several scanners, and what both draw with.
const TEMPLATES: [(&str, &str); 3] = [
    ("report.html", include_str!("report.html")),
    ("report_scanners.html", include_str!("report_scanners.html")),
    ("report_parts.html", include_str!("report_parts.html")),
];

/// Width of the widest bar of a chart, in its own units.
const BAR: usize = 220;
/// Width of the widest stacked bar.
const STACK: usize = 200;
/// Most changes that are listed.
const CHANGES: usize = 50;

/// Writes the page; of a merge, with what each scanner says.
pub(crate) fn write(
    report: &Report,
    merged: Option<&Merged>,
    options: &WriteOptions,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    for (name, template) in TEMPLATES {
        environment.add_template(name, template)?;
    }
    let page = environment
        .get_template("report.html")?
        .render(values(report, merged, options))?;
    out.write_all(page.as_bytes())?;
    if !page.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn values(report: &Report, merged: Option<&Merged>, options: &WriteOptions) -> Value {
    let who = merged.map(Who::of);
    let anchors = anchors(report);
    let (verdict, why) = words::verdict(report);
    let tone = match report.exit_class() {
        ExitClass::Pass if report.gate.rule.is_empty() => "neutral",
        ExitClass::Pass => "good",
        ExitClass::GateFailed | ExitClass::NotAssessed => "bad",
    };
    let image = report.inventory.image.as_ref();
    let digest = image.and_then(|i| i.manifest_digest.as_ref().or(i.config_digest.as_ref()));
    let changes: Vec<Value> = words::changes(report)
        .iter()
        .take(CHANGES)
        .map(|r| {
            context! {
                summary => text::plain(&r.summary),
                command => r.command.map(text::plain),
                clears => r.clears,
                total => report.findings.len(),
                worst => r.worst.name(),
            }
        })
        .collect();
    let coverage: Vec<Value> = report
        .inventory
        .coverage
        .entries
        .iter()
        .map(|e| {
            context! {
                kind => e.kind.name(),
                fatal => e.kind.is_fatal(),
                subject => text::plain(&e.subject),
                detail => text::plain(&e.detail),
            }
        })
        .collect();
    let shards: Vec<Value> = report
        .database
        .shards
        .iter()
        .map(|s| {
            context! {
                key => text::plain(&s.key), date => text::plain(&s.date), digest => text::plain(&s.digest),
            }
        })
        .collect();
    context! {
        name => text::plain(&report.target.name),
        tool => text::plain(&format!("{} {}", report.tool.name, report.tool.version)),
        platform => image.map(|i| text::plain(&i.platform)),
        digest => digest.map(|d| text::plain(d)),
        distribution => report.inventory.distribution.as_ref().map(|d| text::plain(&d.name)),
        end_of_life => words::end_of_support(report).map(|t| text::plain(&t)),
        packages => words::counted(report.inventory.packages.len(), "package"),
        layer_count => image.map(|i| words::counted(i.layers.len(), "layer")),
        verdict, why => text::plain(&why), tone, changes, coverage, shards,
        total => report.findings.len(),
        hidden => report.hidden,
        fixable => report.counts.fixable,
        exploited => report.counts.exploited,
        bars => bars(report),
        origins => origins(report),
        kinds => kinds(report),
        merge => who.as_ref().map(|who| who.section(report, &anchors)),
        findings => findings(report, options, who.as_ref(), &anchors),
        secrets => html_issues::secrets(report, who.as_ref()),
        misconfigurations => html_issues::misconfigurations(report, who.as_ref()),
        licenses => html_issues::licenses(report),
        layers => image.map(|i| i.layers.iter().map(layer).collect::<Vec<_>>()),
        database => text::plain(&report.database.location),
        database_date => text::plain(&report.database.date),
        database_age => options.db_age_days,
        severities => Severity::WORST_FIRST.map(Severity::name),
        trend => options.trend_svg.as_ref().map(|svg| Value::from_safe_string(svg.clone())),
    }
}

fn bars(report: &Report) -> Vec<Value> {
    let count = |s: Severity| report.counts.by_severity.get(&s).copied().unwrap_or(0);
    let most = Severity::WORST_FIRST
        .into_iter()
        .map(count)
        .max()
        .unwrap_or(0)
        .max(1);
    Severity::WORST_FIRST
        .into_iter()
        .enumerate()
        .map(|(row, severity)| {
            let n = count(severity);
            // The smallest count still shows.
            let width = if n == 0 { 0 } else { (n * BAR / most).max(3) };
            context! { name => severity.name(), count => n, width, y => row * 24, label_x => 92 + width + 8 }
        })
        .collect()
}

/// How many of each severity.
pub(crate) type Tally = BTreeMap<Severity, usize>;

/// Per origin, a stacked bar of severities.
fn origins(report: &Report) -> Vec<Value> {
    let mut groups: BTreeMap<usize, (&str, Tally)> = BTreeMap::new();
    for finding in &report.findings {
        let (order, name) = match words::origin_word(finding.origin) {
            "base" => (0, "base image"),
            "yours" => (1, "your layers"),
            _ => (2, "not known"),
        };
        let group = groups.entry(order).or_insert_with(|| (name, Tally::new()));
        *group.1.entry(finding.severity).or_default() += 1;
    }
    stacked(groups.into_values().collect())
}

/// Per kind, a stacked bar of severities; those of licences that somebody has to look at.
fn kinds(report: &Report) -> Vec<Value> {
    let tally = |severities: &mut dyn Iterator<Item = Severity>| {
        let mut tally = Tally::new();
        for severity in severities {
            *tally.entry(severity).or_default() += 1;
        }
        tally
    };
    let mut rows = vec![
        (
            "vulnerabilities",
            tally(&mut report.findings.iter().map(|f| f.severity)),
        ),
        (
            "secrets",
            tally(&mut report.secrets.iter().map(|s| s.severity)),
        ),
        (
            "configuration",
            tally(&mut report.misconfigurations.iter().map(|m| m.severity)),
        ),
        (
            "licences",
            tally(&mut issues::notable_licenses(report).map(|l| l.severity)),
        ),
    ];
    rows.retain(|(_, tally)| !tally.is_empty());
    stacked(rows)
}

/// Bars that tell severities by a letter and in words, not by colour alone.
pub(crate) fn stacked<N: AsRef<str>>(rows: Vec<(N, Tally)>) -> Vec<Value> {
    let total = |tally: &Tally| tally.values().sum::<usize>();
    let most = rows.iter().map(|(_, t)| total(t)).max().unwrap_or(1).max(1);
    rows.iter()
        .enumerate()
        .map(|(row, (name, tally))| {
            let mut x = 112;
            let mut parts = Vec::new();
            for (severity, n) in tally.iter().rev() {
                let width = (n * STACK / most).max(3);
                let letter = (width >= 18).then(|| severity.name()[..1].to_uppercase());
                parts.push(context! { name => severity.name(), count => n, x, width, letter });
                x += width + 1;
            }
            let words: Vec<String> = tally
                .iter()
                .rev()
                .map(|(severity, n)| format!("{n} {severity}"))
                .collect();
            context! {
                name => name.as_ref(), parts, total => total(tally), y => row * 30, label_x => x + 8,
                words => words.join(", "),
            }
        })
        .collect()
}

fn layer(layer: &Layer) -> Value {
    context! {
        index => layer.index,
        base => layer.base,
        digest => text::plain(layer.digest.as_deref().unwrap_or(&layer.diff_id)),
        created_by => layer.created_by.as_deref().map(text::plain),
    }
}

/// The fragment of each row of vulnerabilities, each once.
fn anchors(report: &Report) -> Vec<String> {
    let mut anchors: BTreeMap<String, usize> = BTreeMap::new();
    words::findings(report)
        .map(|(finding, _)| {
            let id = slug(&text::plain(&finding.id));
            let times = anchors.entry(id.clone()).or_default();
            *times += 1;
            if *times == 1 {
                id
            } else {
                format!("{id}-{times}")
            }
        })
        .collect()
}

fn findings(
    report: &Report,
    options: &WriteOptions,
    who: Option<&Who<'_>>,
    anchors: &[String],
) -> Vec<Value> {
    words::findings(report)
        .zip(anchors)
        .map(|((finding, package), anchor)| {
            let by = who.and_then(|who| who.about(finding, package));
            context! { by, ..row(report, options, finding, package, anchor) }
        })
        .collect()
}

/// Only characters that are safe in a fragment.
fn slug(id: &str) -> String {
    id.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
                c
            } else {
                '_'
            }
        })
        .collect()
}

fn row(
    report: &Report,
    options: &WriteOptions,
    finding: &Finding,
    package: &Package,
    anchor: &str,
) -> Value {
    let ratings: Vec<Value> = finding
        .ratings
        .iter()
        .map(|r| {
            context! {
                source => text::plain(&r.source), severity => r.severity.name(),
                score => r.score.map(|s| format!("{s:.1}")),
                vector => r.vector.as_deref().map(text::plain),
            }
        })
        .collect();
    let instruction = words::layer(report, package).and_then(|l| l.created_by.as_deref());
    context! {
        anchor,
        id => text::plain(&finding.id),
        aliases => text::plain(&finding.aliases.join(", ")),
        severity => finding.severity.name(),
        severity_source => text::plain(&finding.severity_source),
        kev => finding.kev.is_some(),
        kev_date => finding.kev.as_ref().map(|k| text::plain(&k.date_added)),
        ransomware => finding.kev.as_ref().is_some_and(|k| k.ransomware),
        published => finding.published.map(|day| day.to_string()),
        epss => finding.epss.map(|e| format!("{:.1} %", e.score * 100.0)),
        approved => words::is_approved(finding, &options.gitlab.approved),
        name => text::plain(&package.name),
        kind => package.kind.label(),
        installed => text::plain(&package.version),
        fixed => finding.fixed_version.as_deref().map(text::plain),
        state => words::fix_word(finding, package.kind),
        command => finding.fix_command.as_deref().map(text::plain),
        origin => words::origin_word(finding.origin),
        layer => package.evidence.layer,
        path => text::plain(&package.evidence.path),
        line => package.line,
        way => text::plain(&package.dependency_path.join(" → ")),
        instruction => instruction.map(text::plain),
        description => text::plain(&words::description(report, finding, package)),
        ratings,
        urls => finding.urls(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::sample;

    fn page(report: &Report) -> String {
        let mut out = Vec::new();
        write(report, None, &WriteOptions::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn earlier_scans_are_drawn_when_there_are_some() {
        let report = sample::report();
        assert!(!page(&report).contains("Over time"));
        let options = WriteOptions {
            trend_svg: Some("<svg id=\"trend\"></svg>".to_owned()),
            ..WriteOptions::default()
        };
        let mut out = Vec::new();
        write(&report, None, &options, &mut out).unwrap();
        let page = String::from_utf8(out).unwrap();
        assert!(page.contains("Over time") && page.contains("<svg id=\"trend\"></svg>"));
    }

    #[test]
    fn the_page_is_one_file_and_says_everything() {
        let page = page(&sample::report());
        for needle in [
            "NOT SEAWORTHY",
            "id=\"CVE-2021-44228\"",
            "href=\"#CVE-2021-44228\"",
            "id=\"CVE-2019-10744-2\"",
            "Least to change",
            // The template escapes slashes too.
            "big.bin",
            "debian:12",
            "prefers-color-scheme",
            "@media print",
            "<svg",
            "Content-Security-Policy",
            "KEV",
            "your layers",
            "AWS access key id",
            "deleted later",
            "SW-IM-0001",
            "GPL-3.0-only",
            "<dt>Published</dt><dd>2021-12-10</dd>",
        ] {
            assert!(page.contains(needle), "{needle}");
        }
        for needle in [
            "src=\"http",
            "<link",
            "@import",
            "url(http",
            "fetch(",
            "XMLHttpRequest",
        ] {
            assert!(!page.contains(needle), "{needle}");
        }
    }

    #[test]
    fn nothing_from_outside_becomes_markup() {
        let page = page(&sample::hostile());
        assert!(!page.contains("<script>alert"));
        assert_eq!(page.matches("<script").count(), 1);
        assert!(!page.contains("href=\"javascript"));
        assert!(!page.contains(['\u{202e}', '\u{200b}', '\u{1b}', '\u{7}', '\u{0}']));
    }

    #[test]
    fn anchors_are_unique() {
        check_anchors(&page(&sample::report()));
    }

    pub(crate) fn check_anchors(page: &str) {
        let mut ids: Vec<&str> = page
            .split(" id=\"")
            .skip(1)
            .filter_map(|r| r.split('"').next())
            .collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn clean_and_unassessed_pages_render() {
        assert!(page(&sample::clean()).contains("SEAWORTHY"));
        assert!(page(&sample::not_assessed()).contains("NOT ASSESSED"));
    }
}
