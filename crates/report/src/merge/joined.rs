//! Our own scan and other scanners' answers as one report, in every format of a scan.

use std::collections::HashMap;
use std::io::Write;

use seaworthy_model::{CoverageEntry, CoverageKind, Date, PackageType, Report};
use serde::Serialize;

use super::{Merged, RunStatus, ScannerName, output, table};
use crate::{Error, Format, WriteOptions, html, words};

/// A report's JSON with the merge beside it.
#[derive(Serialize)]
struct Joined<'a> {
    #[serde(flatten)]
    report: &'a Report,
    merge: &'a Merged,
}

/// Writes the report that [`Merged::joined`] gives, with a final newline. The table goes on with
/// who looked and where they do not agree, the page has a section of it; the JSON has the whole
/// merge under `merge`. Times that
/// scanners took are in the table only, so that equal answers give equal JSON.
///
/// # Errors
/// As [`crate::write`].
pub fn write_joined(
    format: Format,
    report: &Report,
    merged: &Merged,
    options: &WriteOptions,
    out: &mut dyn Write,
) -> Result<(), Error> {
    match format {
        Format::Table => {
            crate::write(format, report, options, out)?;
            table::write_differences(merged, options, out)
        }
        Format::Json => {
            let mut merge = merged.clone();
            for row in &mut merge.scanners {
                row.seconds = None;
            }
            let merge = &merge;
            crate::json(&Joined { report, merge }, out)
        }
        Format::Html => html::write(report, Some(merged), options, out),
        _ => crate::write(format, report, options, out),
    }
}

impl Merged {
    /// Our report with what only others found added to it, and their gaps. What we found too stays
    /// as we say it, but for the day on which it was made public: that is the earliest that anybody
    /// knows.
    #[must_use]
    pub fn joined(&self, ours: Report) -> Report {
        let mut report = ours;
        self.take_earlier_days(&mut report);
        self.add_findings(&mut report);
        let only_others = |found_by: &[ScannerName]| !found_by.contains(&ScannerName::Seaworthy);
        for secret in self.secrets.iter().filter(|s| only_others(&s.found_by)) {
            report.secrets.push(output::secret(secret));
        }
        for issue in &self.misconfigurations {
            if only_others(&issue.found_by) {
                report
                    .misconfigurations
                    .push(output::misconfiguration(issue));
            }
        }
        let by_name = words::places_by_name(&report.inventory.packages);
        for license in self.licenses.iter().filter(|l| only_others(&l.found_by)) {
            report.licenses.push(output::license(license, &by_name));
        }
        report
            .findings
            .sort_by_key(|f| std::cmp::Reverse(f.severity));
        report
            .secrets
            .sort_by_key(|s| std::cmp::Reverse(s.severity));
        report
            .misconfigurations
            .sort_by_key(|m| std::cmp::Reverse(m.severity));
        report
            .licenses
            .sort_by_key(|l| std::cmp::Reverse(l.severity));
        let gaps = self.gaps_of_others();
        report.inventory.coverage.entries.extend(gaps);
        report.inventory.coverage.normalise();
        report.counts = Report::count(&report.findings);
        report
    }

    /// What others could not assess. A scanner that was asked for and gave no answer makes the
    /// answer incomplete: the scan must not end as clean, unless that was accepted.
    fn gaps_of_others(&self) -> Vec<CoverageEntry> {
        // Ours are there already, without a name in front.
        let ours = format!("{}: ", ScannerName::Seaworthy);
        let mut out: Vec<CoverageEntry> = self
            .coverage
            .iter()
            .filter(|entry| {
                !matches!(
                    entry.kind,
                    CoverageKind::ScannerMissing | CoverageKind::ScannerFailed
                )
            })
            .filter(|entry| !entry.subject.starts_with(&ours))
            .cloned()
            .collect();
        let idle = self.unanswered();
        for row in self.scanners.iter().filter(|r| idle.contains(&r.scanner)) {
            if row.status == RunStatus::Ok {
                continue;
            }
            let subject = match row.kind {
                Some(kind) => format!("{}: {kind}", row.scanner),
                None => row.scanner.to_string(),
            };
            let word = row.status.name().replace('-', " ");
            let detail = format!("{word}: {}; --allow-unknown accepts that", row.reason);
            let own_failure = row.status != RunStatus::NotApplicable;
            let answers = self
                .scanners
                .iter()
                .any(|r| r.scanner == row.scanner && r.status != RunStatus::NotApplicable);
            if own_failure || !answers {
                out.push(CoverageEntry::new(
                    CoverageKind::ScannerFailed,
                    subject,
                    detail,
                ));
            }
        }
        out
    }

    /// Gives our findings the day of publication that others know, where that is earlier.
    fn take_earlier_days(&self, report: &mut Report) {
        let mut days: HashMap<(&str, &str, &str), Date> = HashMap::new();
        for merged in &self.findings {
            let Some(day) = merged.published else {
                continue;
            };
            let ours = (merged.sightings.iter()).filter(|s| s.scanner == ScannerName::Seaworthy);
            for sighting in ours {
                let key = (
                    sighting.id.as_str(),
                    sighting.package.as_str(),
                    sighting.version.as_str(),
                );
                let known = days.entry(key).or_insert(day);
                *known = day.min(*known);
            }
        }
        for finding in &mut report.findings {
            let Some(package) = report.inventory.packages.get(finding.package) else {
                continue;
            };
            let key = (
                finding.id.as_str(),
                package.name.as_str(),
                package.version.as_str(),
            );
            let told = days.get(&key).copied();
            finding.published = finding.published.into_iter().chain(told).min();
        }
    }

    /// Vulnerabilities that only others found, each with its package: ours where we have it.
    fn add_findings(&self, report: &mut Report) {
        let key = |kind: PackageType, name: &str, version: &str| {
            (kind, name.to_lowercase(), version.to_owned())
        };
        let mut places: HashMap<(PackageType, String, String), usize> = HashMap::new();
        for (at, package) in report.inventory.packages.iter().enumerate() {
            let key = key(package.kind, &package.name, &package.version);
            places.entry(key).or_insert(at);
        }
        for merged in &self.findings {
            if merged.found_by.contains(&ScannerName::Seaworthy) {
                continue;
            }
            let package = &merged.package;
            let key = key(package.kind, &package.name, &package.version);
            let packages = &mut report.inventory.packages;
            let at = *places.entry(key).or_insert_with(|| {
                packages.push(package.clone());
                packages.len() - 1
            });
            report.findings.push(output::finding(merged, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use seaworthy_model::ExitClass;
    use serde_json::Value;

    use super::*;
    use crate::merge::{ScanKind, ScannerRun, merge};
    use crate::read::read;
    use crate::sample;

    fn trivy() -> ScannerRun {
        let text = include_str!("../read/fixtures/trivy.json");
        let mut run = ScannerRun::answered(read(text.as_bytes(), None).unwrap());
        run.elapsed = Some(Duration::from_millis(1234));
        run
    }

    fn merged(others: Vec<ScannerRun>) -> Merged {
        let own = ScannerRun::own(&sample::report()).unwrap();
        let runs: Vec<ScannerRun> = std::iter::once(own).chain(others).collect();
        merge(&runs, "1.0.0")
    }

    fn written(format: Format, report: &Report, merged: &Merged) -> String {
        let mut out = Vec::new();
        let options = WriteOptions {
            width: 100,
            all: true,
            ..WriteOptions::default()
        };
        write_joined(format, report, merged, &options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ours_stays_as_it_is_and_the_rest_is_added() {
        let ours = sample::report();
        let merged = merged(vec![trivy()]);
        let joined = merged.joined(ours.clone());
        for finding in &ours.findings {
            assert!(joined.findings.contains(finding), "{}", finding.id);
        }
        assert!(joined.findings.len() > ours.findings.len());
        let theirs = joined
            .findings
            .iter()
            .filter(|f| !ours.findings.contains(f));
        for finding in theirs {
            assert_eq!(finding.reason.source, "trivy", "{}", finding.id);
            assert!(joined.inventory.packages.get(finding.package).is_some());
        }
        assert_eq!(joined.exit_class(), ours.exit_class());
        assert_eq!(joined.counts, Report::count(&joined.findings));
    }

    /// For what we found too, Trivy knows a day that we do not, an earlier one, and a later one.
    #[test]
    fn the_earliest_day_of_publication_is_taken() {
        for (ours, expected) in [
            (None, "2023-10-14"),
            (Some("2024-01-01"), "2023-10-14"),
            (Some("2023-01-01"), "2023-01-01"),
        ] {
            let mut report = sample::report();
            report.findings[1].published = ours.and_then(|day| day.parse().ok());
            let merged = merge(&[ScannerRun::own(&report).unwrap(), trivy()], "1.0.0");
            let joined = merged.joined(report);
            let zlib = joined.findings.iter().find(|f| f.id == "CVE-2023-45853");
            let day = zlib.unwrap().published.map(|day| day.to_string());
            assert_eq!(day.as_deref(), Some(expected), "{ours:?}");
        }
    }

    #[test]
    fn a_scanner_without_an_answer_is_never_clean() {
        let clean = sample::clean();
        let own = || ScannerRun::own(&clean).unwrap();
        let vulnerability = Some(ScanKind::Vulnerability);
        let no_use = |kind| ScannerRun {
            scanner: ScannerName::Grype,
            kind: Some(kind),
            outcome: crate::merge::RunOutcome::NotApplicable("it does not".to_owned()),
            elapsed: None,
        };
        for (run, expected) in [
            (
                ScannerRun::failed(ScannerName::Snyk, vulnerability, "exit status 2"),
                Some("snyk: vulnerability: failed: exit status 2; --allow-unknown accepts that"),
            ),
            (
                ScannerRun::missing(ScannerName::Snyk, vulnerability, "`snyk` is not in PATH"),
                Some(
                    "snyk: vulnerability: missing: `snyk` is not in PATH; --allow-unknown accepts that",
                ),
            ),
            (
                no_use(ScanKind::Secret),
                Some("grype: secret: not applicable: it does not; --allow-unknown accepts that"),
            ),
            (trivy(), None),
        ] {
            let merged = merge(&[own(), run], "1.0.0");
            let joined = merged.joined(clean.clone());
            let gap = joined
                .inventory
                .coverage
                .entries
                .iter()
                .find(|e| e.kind.is_fatal());
            let text = gap.map(|e| format!("{}: {}", e.subject, e.detail));
            assert_eq!(text.as_deref(), expected);
            let assessed = joined.exit_class() != ExitClass::NotAssessed;
            assert_eq!(assessed, expected.is_none());
            let accepted = Report {
                unknown_allowed: true,
                ..joined
            };
            assert_ne!(accepted.exit_class(), ExitClass::NotAssessed);
        }
        // One that answers for a kind may leave out the others.
        let grype = include_str!("../read/fixtures/grype.json");
        let answered = ScannerRun::answered(read(grype.as_bytes(), None).unwrap());
        let merged = merge(&[own(), answered, no_use(ScanKind::License)], "1.0.0");
        assert!(merged.unanswered().is_empty());
        assert!(!merged.joined(clean).inventory.coverage.has_fatal());
        let summaries = merged.summaries();
        let license = summaries
            .iter()
            .find(|s| s.scan_type == "license" && s.scanner == "grype");
        assert_eq!(license.unwrap().scan_status, "NOT_APPLICABLE");
        assert_eq!(license.unwrap().total_vulnerabilities, None);
    }

    #[test]
    fn the_json_is_a_report_with_a_merge_and_reads_back_as_ours_alone() {
        // What others failed at is no failure of ours.
        let snyk = ScannerRun::missing(
            ScannerName::Snyk,
            Some(ScanKind::Vulnerability),
            "`snyk` is not in PATH",
        );
        let merged = merged(vec![trivy(), snyk]);
        let joined = merged.joined(sample::report());
        let text = written(Format::Json, &joined, &merged);
        let value: Value = serde_json::from_str(&text).unwrap();
        for (name, part) in [
            ("seaworthy-report-1.0", &value),
            ("seaworthy-merge-1.0", &value["merge"]),
        ] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../../schemas")
                .join(format!("{name}.schema.json"));
            let schema = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            let validator = jsonschema::validator_for(&schema).unwrap();
            let errors: Vec<String> = validator.iter_errors(part).map(|e| e.to_string()).collect();
            assert!(errors.is_empty(), "{name}: {errors:#?}");
        }
        assert!(!text.contains("\"seconds\""));
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), joined);
        let again = read(text.as_bytes(), None).unwrap();
        let alone = crate::read::own(&sample::report()).unwrap();
        assert_eq!(again.vulnerabilities, alone.vulnerabilities);
        assert_eq!(again.secrets, alone.secrets);
        assert_eq!(again.misconfigurations, alone.misconfigurations);
        assert_eq!(again.coverage, alone.coverage);
    }

    #[test]
    fn the_table_goes_on_with_who_looked_and_who_differs() {
        let snyk = ScannerRun::failed(
            ScannerName::Snyk,
            Some(ScanKind::Vulnerability),
            "exit status 2: no token",
        );
        let merged = merged(vec![trivy(), snyk]);
        let joined = merged.joined(sample::report());
        let table = written(Format::Table, &joined, &merged);
        for expected in [
            "NOT ASSESSED",
            "Scanner",
            "trivy",
            "1.2 s",
            "failed",
            "no token",
        ] {
            assert!(table.contains(expected), "{expected}: {table}");
        }
        assert!(
            table.lines().all(|line| line.chars().count() <= 100),
            "{table}"
        );
    }
}
