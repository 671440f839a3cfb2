//! The page's section about several scanners: who looked, how much they agree, what only one found.

use std::collections::{BTreeMap, HashMap, HashSet};

use minijinja::{Value, context};
use seaworthy_model::{Finding, Location, Package, Report, Severity};

use crate::html::{Tally, stacked};
use crate::merge::{
    Disagreement, MatrixRow, Merged, MergedFinding, RunStatus, ScanKind, ScannerName,
};
use crate::{issues, text, words};

/// Most findings of one scanner alone that are listed.
const ALONE: usize = 100;

/// Who found what on the page, by what its rows show.
pub(crate) struct Who<'a> {
    merged: &'a Merged,
    findings: HashMap<(&'a str, &'a str, &'a str), &'a MergedFinding>,
    issues: HashMap<(&'a Location, &'a str), Others<'a>>,
}

/// Who found something, and why others did not.
type Others<'a> = (&'a [ScannerName], &'a [Disagreement]);

impl<'a> Who<'a> {
    pub(crate) fn of(merged: &'a Merged) -> Self {
        let mut findings = HashMap::new();
        for finding in &merged.findings {
            let package = &finding.package;
            let key = (&*finding.id, &*package.name, &*package.version);
            findings.entry(key).or_insert(finding);
            // Our own rows keep the id and the names that we report.
            for sighting in &finding.sightings {
                if sighting.scanner == ScannerName::Seaworthy {
                    let key = (&*sighting.id, &*sighting.package, &*sighting.version);
                    findings.insert(key, finding);
                }
            }
        }
        let secrets = (merged.secrets.iter())
            .map(|s| ((&s.location, &*s.title), (&*s.found_by, &*s.disagreements)));
        let misconfigurations = (merged.misconfigurations.iter())
            .map(|m| ((&m.location, &*m.title), (&*m.found_by, &*m.disagreements)));
        Self {
            merged,
            findings,
            issues: secrets.chain(misconfigurations).collect(),
        }
    }

    fn finding(&self, finding: &Finding, package: &Package) -> Option<&'a MergedFinding> {
        let key = (&*finding.id, &*package.name, &*package.version);
        self.findings.get(&key).copied()
    }

    /// Who found a vulnerability, and where the others differ.
    pub(crate) fn about(&self, finding: &Finding, package: &Package) -> Option<Value> {
        let merged = self.finding(finding, package)?;
        Some(others((&merged.found_by, &merged.disagreements)))
    }

    /// Who found a secret or a misconfiguration, and where the others differ.
    pub(crate) fn about_issue(&self, location: &Location, title: &str) -> Option<Value> {
        self.issues.get(&(location, title)).copied().map(others)
    }

    /// The section. Each row of vulnerabilities comes with its anchor.
    pub(crate) fn section(&self, report: &Report, anchors: &[String]) -> Value {
        let asked = self.asked();
        context! {
            kinds => ScanKind::ALL.map(column),
            scanners => self.scanners(),
            agreement => self.agreement(asked.len()),
            pairs => self.pairs(&asked),
            alone => self.alone(report, anchors),
            causes => self.causes(),
        }
    }

    /// The matrix of scanners and kinds.
    fn scanners(&self) -> Vec<Value> {
        let mut by: BTreeMap<&ScannerName, Vec<&MatrixRow>> = BTreeMap::new();
        for row in &self.merged.scanners {
            by.entry(&row.scanner).or_default().push(row);
        }
        by.into_iter()
            .map(|(name, rows)| scanner(name, &rows))
            .collect()
    }

    /// The scanners that answered for vulnerabilities.
    fn asked(&self) -> Vec<&'a ScannerName> {
        let mut asked: Vec<&ScannerName> = (self.merged.scanners.iter())
            .filter(|r| r.status == RunStatus::Ok && r.kind == Some(ScanKind::Vulnerability))
            .map(|r| &r.scanner)
            .collect();
        asked.sort();
        asked.dedup();
        asked
    }

    /// By how many scanners the vulnerabilities were found.
    fn agreement(&self, asked: usize) -> Vec<Value> {
        if asked < 2 {
            return Vec::new();
        }
        let mut by: BTreeMap<usize, Tally> = BTreeMap::new();
        for finding in &self.merged.findings {
            let tally = by.entry(finding.found_by.len()).or_default();
            *tally.entry(finding.severity).or_default() += 1;
        }
        let rows = by.into_iter().rev().map(|(count, tally)| {
            let name = match count {
                _ if count == asked => format!("all {asked}"),
                1 => "one only".to_owned(),
                _ => format!("{count} of {asked}"),
            };
            (name, tally)
        });
        stacked(rows.collect())
    }

    /// How much of what a scanner found another one found too.
    fn pairs(&self, asked: &[&ScannerName]) -> Option<Value> {
        if asked.len() < 2 {
            return None;
        }
        let mut shared: BTreeMap<(&ScannerName, &ScannerName), usize> = BTreeMap::new();
        for finding in &self.merged.findings {
            for one in &finding.found_by {
                for other in &finding.found_by {
                    *shared.entry((one, other)).or_default() += 1;
                }
            }
        }
        let count = |one, other| shared.get(&(one, other)).copied().unwrap_or(0);
        let rows: Vec<Value> = (asked.iter())
            .map(|one| {
                let total = count(*one, *one);
                let cells: Vec<Value> = (asked.iter())
                    .map(|other| {
                        let both = count(*one, *other);
                        let share = (one != other && both > 0)
                            .then(|| (both * 100 + total / 2) / total.max(1));
                        context! { count => both, same => one == other, share }
                    })
                    .collect();
                context! { name => text::plain(one.as_str()), cells }
            })
            .collect();
        let names: Vec<String> = asked.iter().map(|n| text::plain(n.as_str())).collect();
        Some(context! { names, rows })
    }

    /// Per scanner, what nobody else found.
    fn alone(&self, report: &Report, anchors: &[String]) -> Vec<Value> {
        let answers = self.merged.scanners.iter().filter(|r| r.total.is_some());
        let mut scanners: Vec<&ScannerName> = answers.map(|r| &r.scanner).collect();
        scanners.sort();
        scanners.dedup();
        if scanners.len() < 2 {
            return Vec::new();
        }
        let mut alone = Alone::default();
        let mut seen: HashSet<*const MergedFinding> = HashSet::new();
        for ((finding, package), anchor) in words::findings(report).zip(anchors) {
            // A package that lies in two places has two rows of one finding.
            let merged = self.finding(finding, package);
            if let Some(merged) = merged.filter(|merged| seen.insert(&raw const **merged)) {
                let what = || format!("{} in {} {}", finding.id, package.name, package.version);
                alone.add(&merged.found_by, finding.severity, anchor.clone(), what);
            }
        }
        let secrets = (report.secrets.iter().zip(1_usize..))
            .map(|(s, n)| (&s.location, &s.title, s.severity, format!("secret-{n}")));
        let misconfigurations = (report.misconfigurations.iter().zip(1_usize..)).map(|(m, n)| {
            let anchor = format!("misconfiguration-{n}");
            (&m.location, &m.title, m.severity, anchor)
        });
        for (location, title, severity, anchor) in secrets.chain(misconfigurations) {
            if let Some((found_by, _)) = self.issues.get(&(location, title.as_str())) {
                let what = || format!("{title}: {}", issues::place(location));
                alone.add(found_by, severity, anchor, what);
            }
        }
        alone.values()
    }

    fn causes(&self) -> Vec<Value> {
        let mut causes: Vec<_> = self.merged.disagreements.iter().collect();
        causes.sort_by_key(|(cause, count)| (std::cmp::Reverse(**count), **cause));
        causes
            .into_iter()
            .map(|(cause, count)| context! { name => cause.name(), count })
            .collect()
    }
}

/// What one scanner found alone: how much, and the first of it.
#[derive(Default)]
struct Alone<'a>(BTreeMap<&'a ScannerName, (usize, Vec<Value>)>);

impl<'a> Alone<'a> {
    fn add(
        &mut self,
        found_by: &'a [ScannerName],
        severity: Severity,
        anchor: String,
        what: impl Fn() -> String,
    ) {
        let [scanner] = found_by else {
            return;
        };
        let (count, list) = self.0.entry(scanner).or_default();
        *count += 1;
        if list.len() < ALONE {
            let what = text::plain(&what());
            list.push(context! { severity => severity.name(), what, anchor });
        }
    }

    fn values(self) -> Vec<Value> {
        self.0
            .into_iter()
            .map(|(scanner, (count, list))| {
                context! {
                    scanner => text::plain(scanner.as_str()),
                    more => count - list.len(),
                    count, list,
                }
            })
            .collect()
    }
}

/// The head of a kind's column.
const fn column(kind: ScanKind) -> &'static str {
    match kind {
        ScanKind::Vulnerability => "Vulnerabilities",
        ScanKind::Secret => "Secrets",
        ScanKind::Config => "Configuration",
        ScanKind::License => "Licences",
    }
}

fn others((found_by, disagreements): Others<'_>) -> Value {
    let names: Vec<&str> = found_by.iter().map(ScannerName::as_str).collect();
    let why: Vec<String> = (disagreements.iter())
        .map(|d| text::plain(&text::limit(&d.text, 1000)))
        .collect();
    context! { names => text::plain(&names.join(", ")), why }
}

/// One scanner of the matrix, with a cell per kind. How long it took is left out, so that equal
/// answers give equal pages.
fn scanner(name: &ScannerName, rows: &[&MatrixRow]) -> Value {
    let cells: Vec<Vec<Value>> = ScanKind::ALL
        .into_iter()
        .map(|kind| {
            let of = rows.iter().filter(|row| row.kind == Some(kind));
            of.map(|row| cell(row)).collect()
        })
        .collect();
    let mut versions: Vec<String> = rows.iter().map(|r| text::plain(&r.version)).collect();
    let mut notes: Vec<String> = (rows.iter())
        .map(|row| match (row.kind, row.status) {
            // It stands in no cell.
            (None, RunStatus::Failed | RunStatus::Missing | RunStatus::TimedOut) => {
                format!("{}: {}", row.status.name(), row.reason)
            }
            _ => row.reason.clone(),
        })
        .map(|note| text::plain(&text::limit(&note, 1000)))
        .collect();
    for list in [&mut versions, &mut notes] {
        list.retain(|text| !text.is_empty());
        list.sort();
        list.dedup();
    }
    context! {
        name => text::plain(name.as_str()),
        version => versions.join(", "),
        cells, notes,
    }
}

fn cell(row: &MatrixRow) -> Value {
    context! {
        status => (row.status != RunStatus::Ok).then_some(row.status.name()),
        tone => if row.status == RunStatus::NotApplicable { "soft" } else { "bad" },
        // No answer has no numbers: a zero would read as clean.
        total => row.total,
        critical => row.critical,
        alone => row.alone,
    }
}

#[cfg(test)]
mod tests {
    use seaworthy_model::Report;

    use crate::merge::{MergeFormat, Merged, RunOutcome, ScanKind, ScannerName, ScannerRun};
    use crate::merge::{merge, write_joined, write_merged};
    use crate::read::{ScannerReport, read};
    use crate::{Format, WriteOptions, html, sample};

    fn trivy() -> ScannerReport {
        read(include_bytes!("read/fixtures/trivy.json"), None).unwrap()
    }

    fn page(merged: &Merged) -> String {
        let mut out = Vec::new();
        let format = MergeFormat::Report(Format::Html);
        write_merged(format, merged, &WriteOptions::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn joined(merged: &Merged, report: Report) -> String {
        let mut out = Vec::new();
        let report = merged.joined(report);
        let options = WriteOptions::default();
        write_joined(Format::Html, &report, merged, &options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// The section, as plain text with one blank between words.
    fn section(page: &str) -> String {
        let (_, rest) = page.split_once("<section id=\"scanners\">").unwrap();
        let (section, _) = rest.split_once("</section>").unwrap();
        let mut text = String::new();
        let mut inside = true;
        for c in section.chars() {
            match c {
                '<' => inside = false,
                '>' => {
                    inside = true;
                    text.push(' ');
                }
                c if inside => text.push(c),
                _ => {}
            }
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_page_of_a_merge_says_who_looked_and_how_much_they_agree() {
        let ours = ScannerRun::own(&sample::report()).unwrap();
        let snyk = ScannerRun::failed(
            ScannerName::Snyk,
            Some(ScanKind::Vulnerability),
            "exit status 2: no token",
        );
        let merged = merge(&[ours, ScannerRun::answered(trivy()), snyk], "1.0.0");
        for page in [page(&merged), joined(&merged, sample::report())] {
            let text = section(&page);
            for expected in [
                "seaworthy 0.1.0 7 · 2 critical · 5 alone 2 · 1 critical · 1 alone 2 · 2 alone",
                // No answer is no zero, and what was not asked for is neither.
                "snyk failed - - - exit status 2: no token",
                "all 2",
                "one only",
                // Zlib is the one that both found.
                "Of seaworthy trivy seaworthy 6 1 (17 %) trivy 1 (33 %) 3",
                "seaworthy: 8",
                "CVE-2021-44228 in org.apache.logging.log4j:log4j-core 2.14.1",
                "Private key: etc&#x2f;ssl&#x2f;private&#x2f;host.pem:1",
                "advisory-source",
            ] {
                assert!(text.contains(expected), "{expected}: {text}");
            }
            assert!(page.contains("<dt>Found by</dt><dd>seaworthy, trivy"));
            assert!(page.contains("<dt>Found by</dt><dd>trivy<br>"));
            html::tests::check_anchors(&page);
        }
        // A page of one scanner has no such section.
        let mut out = Vec::new();
        let options = WriteOptions::default();
        crate::write(Format::Html, &sample::report(), &options, &mut out).unwrap();
        let page = String::from_utf8(out).unwrap();
        assert!(!page.contains("id=\"scanners\"") && !page.contains("Found by"));
    }

    #[test]
    fn every_link_of_the_section_leads_to_a_row() {
        let ours = ScannerRun::own(&sample::report()).unwrap();
        let merged = merge(&[ours, ScannerRun::answered(trivy())], "1.0.0");
        let page = page(&merged);
        let links: Vec<&str> = page
            .split("href=\"#")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(links.len() > 10);
        for link in links {
            assert!(page.contains(&format!(" id=\"{link}\"")), "{link}");
        }
    }

    /// Other scanners' reports are from outside: names, reasons and findings of theirs too.
    #[test]
    fn nothing_that_a_scanner_says_becomes_markup() {
        let evil = "\u{1b}[2J<script>alert(1)</script>\"'&\u{202e}\u{200b}\u{0}";
        let mut theirs = trivy();
        theirs.scanner = ScannerName::Other(evil.to_owned());
        theirs.tool.version = evil.to_owned();
        for found in &mut theirs.vulnerabilities {
            found.id = format!("CVE-{evil}");
            found.package.name = evil.to_owned();
            found.package.version = evil.to_owned();
            found.title = evil.to_owned();
        }
        theirs.secrets[0].title = evil.to_owned();
        theirs.secrets[0].location.path = evil.to_owned();
        theirs.misconfigurations[0].title = evil.to_owned();
        let failed = ScannerRun {
            outcome: RunOutcome::Failed(evil.to_owned()),
            ..ScannerRun::failed(ScannerName::Other(format!("b{evil}")), None, "")
        };
        let ours = ScannerRun::own(&sample::hostile()).unwrap();
        let merged = merge(&[ours, ScannerRun::answered(theirs), failed], "1.0.0");
        for page in [page(&merged), joined(&merged, sample::hostile())] {
            assert!(!page.contains("<script>alert"));
            assert_eq!(page.matches("<script").count(), 1);
            assert!(!page.contains(['\u{202e}', '\u{200b}', '\u{1b}', '\u{0}']));
            assert!(section(&page).contains("&lt;script&gt;alert(1)"));
        }
    }
}
