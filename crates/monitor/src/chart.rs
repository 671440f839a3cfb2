//! A series as text: small curves, and a table of the latest scans.

use crate::time::date;
use crate::{Point, Series, View};

/// How a text chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChartOptions {
    /// Terminal.
    pub view: View,
    /// How many of the latest scans the table lists.
    pub rows: usize,
}

impl Default for ChartOptions {
    fn default() -> Self {
        Self {
            view: View::default(),
            rows: 10,
        }
    }
}

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const LEVELS: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];

/// One glyph per value, scaled from 0 to `top`; a gap is a space in ASCII and `·` else.
fn sparkline(values: &[Option<f64>], top: f64, unicode: bool) -> String {
    let glyphs = if unicode { &BLOCKS } else { &LEVELS };
    values
        .iter()
        .map(|value| match value {
            None if unicode => '·',
            None => ' ',
            Some(value) => {
                let share = if top > 0.0 {
                    (value / top).clamp(0.0, 1.0)
                } else {
                    0.0
                };
                let step = (share * (glyphs.len() - 1) as f64).round() as usize;
                glyphs.get(step).copied().unwrap_or(' ')
            }
        })
        .collect()
}

type Reading = (&'static str, fn(&Point) -> Option<f64>, Option<f64>);

/// Name, value and fixed top of each curve; without a top, the highest value is it.
const CURVES: [Reading; 7] = [
    ("score", |p| Some(f64::from(p.security_score)), Some(100.0)),
    ("risk score", |p| Some(p.risk_score), Some(100.0)),
    (
        "critical",
        |p| Some(p.vulnerabilities.critical as f64),
        None,
    ),
    ("high", |p| Some(p.vulnerabilities.high as f64), None),
    ("fixable", |p| Some(p.fixable as f64), None),
    (
        "crit. days",
        |p| p.age_days.oldest_critical.map(f64::from),
        None,
    ),
    ("high days", |p| p.age_days.oldest_high.map(f64::from), None),
];

/// A chart of a series for a terminal: a curve each for scores, counts and the days for which the
/// oldest finding is public, with first and last value, and a table of the latest scans. Scans that
/// were not assessed are gaps.
#[must_use]
pub fn text_chart(series: &Series, options: &ChartOptions) -> String {
    let view = options.view;
    let mut lines = vec![view.line(&series.image)];
    lines.push(format!("  {}", view.rule()));
    let Some((first, last)) = series.ends() else {
        let why = if series.points.is_empty() {
            "no scans in the history"
        } else {
            "no scan in the history was assessed"
        };
        lines.push(view.line(why));
        lines.push(String::new());
        return lines.join("\n");
    };
    let room = view.columns() - 40;
    let points = series.thinned(room);
    for (name, value, top) in CURVES {
        let values: Vec<Option<f64>> = points
            .iter()
            .map(|p| p.assessed.then(|| value(p))?)
            .collect();
        // No day of publication is known, or there is nothing that could have one.
        if values.iter().all(Option::is_none) {
            continue;
        }
        let top = top.unwrap_or_else(|| values.iter().flatten().copied().fold(0.0, f64::max));
        let curve = sparkline(&values, top, view.unicode);
        let arrow = view.arrow();
        lines.push(view.line(&format!(
            "{name:<12}{curve}  {} {arrow} {}",
            known(value(first)),
            known(value(last))
        )));
    }
    lines.push(view.line(&format!(
        "{:<12}{} {} {}  ({})",
        "from",
        date(first.at),
        view.arrow(),
        date(last.at),
        crate::text::counted(series.points.len(), "scan")
    )));
    lines.push(String::new());
    lines.extend(table(series, options));
    lines.push(String::new());
    lines.join("\n")
}

fn known(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), number)
}

fn number(value: f64) -> String {
    if value.fract().abs() < f64::EPSILON {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

fn table(series: &Series, options: &ChartOptions) -> Vec<String> {
    let view = options.view;
    let mut lines = vec![view.line(&format!(
        "{:<17}{:>5}{:>6}{:>6}{:>6}{:>6}{:>6}  {:<14}{}",
        "scan", "crit", "high", "med", "low", "fix", "score", "status", "digest"
    ))];
    let skipped = series.points.len().saturating_sub(options.rows);
    for point in series.points.iter().skip(skipped).rev() {
        let time = crate::iso(point.at)
            .chars()
            .take(16)
            .collect::<String>()
            .replace('T', " ");
        let counts = &point.vulnerabilities;
        let cell = |value: u64| {
            if point.assessed {
                value.to_string()
            } else {
                "-".to_owned()
            }
        };
        let digest: String = point
            .digest
            .trim_start_matches("sha256:")
            .chars()
            .take(10)
            .collect();
        lines.push(view.line(&format!(
            "{time:<17}{:>5}{:>6}{:>6}{:>6}{:>6}{:>6}  {:<14}{digest}",
            cell(counts.critical),
            cell(counts.high),
            cell(counts.medium),
            cell(counts.low),
            cell(point.fixable),
            cell(u64::from(point.security_score)),
            point.compliance.name(),
        )));
    }
    if skipped > 0 {
        lines.push(view.line(&format!("{} {skipped} earlier", view.ellipsis())));
    }
    lines
}

#[cfg(test)]
pub(crate) mod tests {
    use seaworthy_model::{CoverageKind, Severity};

    use super::*;
    use crate::{Context, measure, sample};

    /// Ten daily scans; ever fewer findings, the sixth not assessed.
    pub(crate) fn series() -> Series {
        let points = (0..10)
            .map(|day: usize| {
                let mut report = sample::report("shop/web:1");
                for at in 0..(9 - day) {
                    let severity = if at % 2 == 0 {
                        Severity::Critical
                    } else {
                        Severity::High
                    };
                    sample::vulnerable(&mut report, &format!("CVE-{at}"), "curl", "8", severity);
                    report.findings[at].published = format!("2026-11-{:02}", at + 1).parse().ok();
                }
                if day == 5 {
                    sample::gap(&mut report, CoverageKind::UnreadableDatabase, "dpkg");
                }
                let at = sample::now().as_second() + day as i64 * crate::time::DAY;
                let context = Context {
                    scanned_at: jiff::Timestamp::from_second(at).ok(),
                    ..Context::default()
                };
                Point::of(&measure(&report, &context), sample::now())
            })
            .collect();
        Series::new("shop/web", points)
    }

    #[test]
    fn a_chart_fits_the_terminal() {
        insta::assert_snapshot!(text_chart(&series(), &ChartOptions::default()));
        let mut ascii = ChartOptions {
            rows: 3,
            ..ChartOptions::default()
        };
        ascii.view.unicode = false;
        let chart = text_chart(&series(), &ascii);
        assert!(chart.is_ascii());
        assert!(chart.lines().all(|line| line.len() <= 80), "{chart}");
        assert!(chart.contains("7 earlier"));
    }

    #[test]
    fn nothing_assessed_is_no_curve() {
        let empty = Series::new("web", Vec::new());
        assert!(text_chart(&empty, &ChartOptions::default()).contains("no scans"));
        let mut blind = series();
        for point in &mut blind.points {
            point.assessed = false;
        }
        let chart = text_chart(&blind, &ChartOptions::default());
        assert!(chart.contains("no scan in the history was assessed"));
    }

    #[test]
    fn long_series_are_thinned_to_their_worst() {
        let mut long = series();
        let template = long.points[9].clone();
        for at in 0..990 {
            let mut point = template.clone();
            point.at = jiff::Timestamp::from_second(at).unwrap();
            point.vulnerabilities.critical = u64::from(at == 500);
            long.points.push(point);
        }
        let long = Series::new("web", long.points);
        let thin = long.thinned(40);
        assert!(thin.len() <= 40);
        assert!(thin.iter().any(|p| p.vulnerabilities.critical == 1));
        assert_eq!(sparkline(&[Some(0.0), None, Some(9.0)], 0.0, true), "▁·▁");
    }
}
