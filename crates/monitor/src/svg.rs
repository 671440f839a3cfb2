//! A series as SVG, for the HTML report: one drawing, no script, no outside reference.

use std::fmt::Write as _;

use crate::text::xml;
use crate::time::date;
use crate::{Point, Series};

/// How an SVG chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SvgOptions {
    /// Width in pixels; clamped to 420 to 4000.
    pub width: u32,
    /// Height in pixels; clamped to 120 to 2000.
    pub height: u32,
}

impl Default for SvgOptions {
    fn default() -> Self {
        Self {
            width: 720,
            height: 240,
        }
    }
}

/// Most points that are drawn; a longer series is thinned to the worst of each stretch.
const POINTS: usize = 400;
/// Space for the numbers left and right, for the legend above and for the dates below.
const LEFT: f64 = 40.0;
const RIGHT: f64 = 40.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 24.0;

struct Curve {
    name: &'static str,
    /// Colours with a contrast of 4.5 or more on white; the dashes tell the curves apart without.
    color: &'static str,
    dash: &'static str,
    value: fn(&Point) -> f64,
    /// On the right-hand scale, 0 to 100.
    is_score: bool,
}

const CURVES: [Curve; 4] = [
    Curve {
        name: "critical",
        color: "#a4133c",
        dash: "",
        value: |p| p.vulnerabilities.critical as f64,
        is_score: false,
    },
    Curve {
        name: "high",
        color: "#b45309",
        dash: "6 3",
        value: |p| p.vulnerabilities.high as f64,
        is_score: false,
    },
    Curve {
        name: "score",
        color: "#1d4ed8",
        dash: "2 3",
        value: |p| f64::from(p.security_score),
        is_score: true,
    },
    Curve {
        name: "risk score",
        color: "#047857",
        dash: "9 3 2 3",
        value: |p| p.risk_score,
        is_score: true,
    },
];

struct Frame {
    width: f64,
    height: f64,
    first: i64,
    span: f64,
    /// The value at the top of the left-hand scale.
    top: f64,
}

impl Frame {
    fn x(&self, point: &Point) -> f64 {
        let share = if self.span > 0.0 {
            (point.at.as_second() - self.first) as f64 / self.span
        } else {
            0.5
        };
        LEFT + share * (self.width - LEFT - RIGHT)
    }

    fn y(&self, share: f64) -> f64 {
        self.height - BOTTOM - share.clamp(0.0, 1.0) * (self.height - TOP - BOTTOM)
    }

    fn y_of(&self, curve: &Curve, point: &Point) -> f64 {
        let top = if curve.is_score { 100.0 } else { self.top };
        self.y((curve.value)(point) / top)
    }
}

/// A drawing of a series: critical and high findings on the left-hand scale, the two scores on the
/// right-hand one. A scan that was not assessed interrupts the curves and is marked below.
#[must_use]
pub fn svg_chart(series: &Series, options: &SvgOptions) -> String {
    let points = series.thinned(POINTS);
    let (width, height) = (
        options.width.clamp(420, 4000),
        options.height.clamp(120, 2000),
    );
    let highest = points
        .iter()
        .filter(|p| p.assessed)
        .map(|p| p.vulnerabilities.critical.max(p.vulnerabilities.high))
        .max()
        .unwrap_or(0);
    let seconds = |p: Option<&&Point>| p.map_or(0, |p| p.at.as_second());
    let first = seconds(points.first());
    let frame = Frame {
        width: f64::from(width),
        height: f64::from(height),
        first,
        span: (seconds(points.last()) - first) as f64,
        top: round_up(highest),
    };
    let name = xml(&series.image);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" font-family=\"sans-serif\" font-size=\"11\">\n<title>Security of {name} over time</title>\n<desc>{}</desc>\n",
        xml(&description(series))
    );
    scales(&frame, &mut out);
    if points.iter().any(|p| p.assessed) {
        for curve in &CURVES {
            draw(curve, &points, &frame, &mut out);
        }
        gaps(&points, &frame, &mut out);
        legend(&frame, &mut out);
    } else {
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">no scan that was assessed</text>",
            number(frame.width / 2.0),
            number(frame.height / 2.0)
        );
    }
    dates(&points, &frame, &mut out);
    out.push_str("</svg>\n");
    out
}

/// The next number that divides well into four.
fn round_up(highest: u64) -> f64 {
    let mut top = 4_u64;
    while top < highest {
        top = top.saturating_mul(2);
    }
    top as f64
}

/// For those who do not see the drawing.
fn description(series: &Series) -> String {
    match series.ends() {
        None => "No scan was assessed.".to_owned(),
        Some((first, last)) => format!(
            "{} scans from {} to {}: critical {} to {}, high {} to {}, score {} to {}.",
            series.points.len(),
            date(first.at),
            date(last.at),
            first.vulnerabilities.critical,
            last.vulnerabilities.critical,
            first.vulnerabilities.high,
            last.vulnerabilities.high,
            first.security_score,
            last.security_score
        ),
    }
}

fn number(value: f64) -> String {
    format!("{value:.1}")
}

fn scales(frame: &Frame, out: &mut String) {
    for step in 0..=4 {
        let share = f64::from(step) / 4.0;
        let y = frame.y(share);
        let right = frame.width - RIGHT;
        let _ = writeln!(
            out,
            "<path d=\"M{} {}H{}\" stroke=\"#d4d4d8\" stroke-width=\"1\"/>\n<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#52525b\">{}</text>\n<text x=\"{}\" y=\"{}\" fill=\"#52525b\">{}</text>",
            number(LEFT),
            number(y),
            number(right),
            number(LEFT - 6.0),
            number(y + 4.0),
            frame.top * share,
            number(right + 6.0),
            number(y + 4.0),
            100.0 * share
        );
    }
}

fn draw(curve: &Curve, points: &[&Point], frame: &Frame, out: &mut String) {
    let dash = if curve.dash.is_empty() {
        String::new()
    } else {
        format!(" stroke-dasharray=\"{}\"", curve.dash)
    };
    for stretch in points.split(|p| !p.assessed) {
        match stretch {
            [] => {}
            [single] => {
                let _ = writeln!(
                    out,
                    "<circle cx=\"{}\" cy=\"{}\" r=\"2.5\" fill=\"{}\"/>",
                    number(frame.x(single)),
                    number(frame.y_of(curve, single)),
                    curve.color
                );
            }
            several => {
                let path: Vec<String> = several
                    .iter()
                    .map(|p| format!("{} {}", number(frame.x(p)), number(frame.y_of(curve, p))))
                    .collect();
                let _ = writeln!(
                    out,
                    "<path d=\"M{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\"{dash}/>",
                    path.join("L"),
                    curve.color
                );
            }
        }
    }
}

fn gaps(points: &[&Point], frame: &Frame, out: &mut String) {
    for point in points.iter().filter(|p| !p.assessed) {
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"#52525b\">?<title>not assessed, {}</title></text>",
            number(frame.x(point)),
            number(frame.height - BOTTOM - 4.0),
            date(point.at)
        );
    }
}

fn legend(frame: &Frame, out: &mut String) {
    let mut x = LEFT;
    for curve in &CURVES {
        let scale = if curve.is_score { " (right)" } else { "" };
        let dash = if curve.dash.is_empty() {
            "none"
        } else {
            curve.dash
        };
        let _ = writeln!(
            out,
            "<path d=\"M{} 12h22\" stroke=\"{}\" stroke-width=\"1.8\" stroke-dasharray=\"{dash}\"/>\n<text x=\"{}\" y=\"16\" fill=\"#18181b\">{}{scale}</text>",
            number(x),
            curve.color,
            number(x + 27.0),
            curve.name
        );
        x += (frame.width - LEFT - RIGHT) / CURVES.len() as f64;
    }
}

fn dates(points: &[&Point], frame: &Frame, out: &mut String) {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return;
    };
    let y = number(frame.height - 7.0);
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{y}\" fill=\"#52525b\">{}</text>\n<text x=\"{}\" y=\"{y}\" text-anchor=\"end\" fill=\"#52525b\">{}</text>",
        number(LEFT),
        date(first.at),
        number(frame.width - RIGHT),
        date(last.at)
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chart, sample};

    #[test]
    fn a_chart_is_well_formed_and_says_what_it_shows() {
        let svg = svg_chart(&chart::tests::series(), &SvgOptions::default());
        insta::assert_snapshot!(svg);
        // The scan that was not assessed splits each curve in two.
        assert_eq!(
            svg.matches("fill=\"none\" stroke=").count(),
            2 * CURVES.len()
        );
        assert_eq!(svg.matches("not assessed").count(), 1);
    }

    #[test]
    fn hostile_names_stay_text() {
        let mut series = chart::tests::series();
        series.image = sample::EVIL.to_owned();
        let svg = svg_chart(&series, &SvgOptions::default());
        assert!(!svg.contains("<script"), "{svg}");
        assert!(!svg.contains('\u{1b}'));
    }

    #[test]
    fn degenerate_series_have_a_chart() {
        let all = chart::tests::series();
        for count in 0..2 {
            let few = Series::new("web", all.points.iter().take(count).cloned().collect());
            let svg = svg_chart(
                &few,
                &SvgOptions {
                    width: 0,
                    height: 0,
                },
            );
            assert!(svg.ends_with("</svg>\n"));
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
        assert!((round_up(0) - 4.0).abs() < f64::EPSILON);
        assert!((round_up(5) - 8.0).abs() < f64::EPSILON);
        assert!(round_up(u64::MAX).is_finite());
    }
}
