//! What was there before: a gate that fails only on what is new.

use rustc_hash::{FxHashMap, FxHashSet};
use seaworthy_model::{Misconfiguration, Report, Secret};
use serde_json::Value as Json;

use crate::error::{Error, json, not_json};
use crate::row::FindingRow;

/// Largest report in bytes.
const MAX_BYTES: usize = 512 << 20;

/// The findings of an earlier report. A finding is known when it has the same vulnerability (by any
/// id), in the same package, at the same path; the package's version, and numbers in the path, may
/// have changed.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    /// Per upper-case id, packages with their paths; no path where the report tells none.
    findings: FxHashMap<String, FxHashSet<(String, Option<String>)>>,
    issues: Issues,
}

/// How often what is not a vulnerability was there: one more in the same file is new.
#[derive(Debug, Clone, Default)]
pub(crate) struct Issues(FxHashMap<[String; 3], usize>);

impl Issues {
    fn add(&mut self, key: [String; 3]) {
        *self.0.entry(key).or_default() += 1;
    }

    fn take(&mut self, key: &[String; 3]) -> bool {
        match self.0.get_mut(key) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    /// Whether a secret was there, and so often as it is asked for.
    pub(crate) fn take_secret(&mut self, secret: &Secret) -> bool {
        self.take(&secret_key(secret))
    }

    /// Whether a misconfiguration was there, and so often as it is asked for.
    pub(crate) fn take_misconfiguration(&mut self, m: &Misconfiguration) -> bool {
        self.take(&misconfiguration_key(m))
    }
}

impl Baseline {
    /// The baseline of a report of ours.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let mut baseline = Self::default();
        for finding in &report.findings {
            let Some(package) = report.inventory.packages.get(finding.package) else {
                continue;
            };
            for id in std::iter::once(&finding.id).chain(&finding.aliases) {
                baseline.add(id, &package.name, Some(&package.evidence.path));
            }
        }
        let issues = &mut baseline.issues;
        report
            .secrets
            .iter()
            .for_each(|s| issues.add(secret_key(s)));
        report
            .misconfigurations
            .iter()
            .for_each(|m| issues.add(misconfiguration_key(m)));
        baseline
    }

    /// Reads our JSON report or GitLab's container scanning report.
    ///
    /// # Errors
    /// When it is neither.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let root = json(name, bytes, MAX_BYTES)?;
        if root.get("schema_version").is_some() && root.get("inventory").is_some() {
            let report: Report = serde_json::from_value(root).map_err(|e| not_json(name, &e))?;
            return Ok(Self::of(&report));
        }
        match root.get("vulnerabilities").and_then(Json::as_array) {
            Some(list) if root.get("version").is_some() => Ok(Self::of_gitlab(list)),
            _ => Err(Error::Format {
                file: name.to_owned(),
                expected: "a report of Seaworthy or a GitLab container scanning report",
            }),
        }
    }

    fn of_gitlab(list: &[Json]) -> Self {
        let mut baseline = Self::default();
        for node in list {
            let Some(package) = node
                .pointer("/location/dependency/package/name")
                .and_then(Json::as_str)
            else {
                continue;
            };
            let identifiers = node.get("identifiers").and_then(Json::as_array);
            for id in identifiers.into_iter().flatten() {
                for key in ["value", "name"] {
                    if let Some(id) = id.get(key).and_then(Json::as_str) {
                        baseline.add(id, package, None);
                    }
                }
            }
        }
        baseline
    }

    fn add(&mut self, id: &str, package: &str, path: Option<&str>) {
        self.findings
            .entry(id.trim().to_ascii_uppercase())
            .or_default()
            .insert((package.to_owned(), path.map(without_numbers)));
    }

    pub(crate) fn has(&self, row: &FindingRow<'_>) -> bool {
        let Some(package) = row.package else {
            return false;
        };
        let path = without_numbers(&package.evidence.path);
        std::iter::once(&row.finding.id)
            .chain(&row.finding.aliases)
            .filter_map(|id| self.findings.get(&id.to_ascii_uppercase()))
            .any(|places| {
                // GitLab names the source package of some distributions.
                [package.name.as_str(), package.source_name()]
                    .into_iter()
                    .any(|name| {
                        places.contains(&(name.to_owned(), None))
                            || (name == package.name
                                && places.contains(&(name.to_owned(), Some(path.clone()))))
                    })
            })
    }

    /// What else was there, to be taken out one by one.
    pub(crate) fn issues(&self) -> Issues {
        self.issues.clone()
    }
}

/// The secret itself, wherever in the file it has moved; where a report has no fingerprint, what it
/// shows of the secret.
fn secret_key(secret: &Secret) -> [String; 3] {
    let what = if secret.fingerprint.is_empty() {
        format!("{} {}", secret.rule, secret.masked)
    } else {
        secret.fingerprint.clone()
    };
    ["secret".to_owned(), secret.location.path.clone(), what]
}

fn misconfiguration_key(m: &Misconfiguration) -> [String; 3] {
    [m.rule.clone(), m.location.path.clone(), m.object.clone()]
}

/// The path with each number, with dots or without, as one `#`: `lib/x-2.14.1.jar` and
/// `python3.11/` stay the same when a version moves.
fn without_numbers(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut chars = path.chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_ascii_digit() {
            out.push(c);
            continue;
        }
        out.push('#');
        while let Some(next) = chars.peek().copied() {
            if next.is_ascii_digit() {
                chars.next();
            } else if next == '.' {
                let mut ahead = chars.clone();
                ahead.next();
                if !ahead.peek().is_some_and(char::is_ascii_digit) {
                    break;
                }
                chars.next();
            } else {
                break;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{finding, report, world};
    use seaworthy_model::{Location, Package, PackageType, Severity};

    #[test]
    fn numbers_in_paths_do_not_count() {
        for (a, b, same) in [
            ("app/log4j-core-2.14.1.jar", "app/log4j-core-2.17.jar", true),
            ("usr/lib/python3.11/x", "usr/lib/python3.12/x", true),
            ("app/a.jar", "app/b.jar", false),
            ("a1.jar", "a.jar", false),
        ] {
            assert_eq!(without_numbers(a) == without_numbers(b), same, "{a} {b}");
        }
    }

    #[test]
    fn one_more_of_the_same_is_new() {
        let facts = crate::subject::Facts {
            scanners: Some(vec!["secret".to_owned(), "config".to_owned()]),
            ..crate::subject::Facts::default()
        };
        let issue = |line: u32| Misconfiguration {
            rule: "SW-DF-0008".to_owned(),
            location: Location::line("Dockerfile", line),
            ..Misconfiguration::default()
        };
        let secret = |masked: &str| Secret {
            rule: "generic".to_owned(),
            masked: masked.to_owned(),
            location: Location::line("app/.env", 1),
            ..Secret::default()
        };
        let mut old = report(Vec::new(), Vec::new());
        old.misconfigurations = vec![issue(3)];
        old.secrets = vec![secret("a***")];
        let mut new = old.clone();
        new.misconfigurations = vec![issue(4), issue(9)];
        new.secrets.push(secret("b***"));
        let policy = crate::tests::load("version: '1.0'\n");
        let baseline = Baseline::of(&old);
        let subject = crate::Subject {
            report: &new,
            facts: &facts,
            now: "2026-11-25".parse().unwrap(),
        };
        let exceptions = crate::Exceptions {
            baseline: Some(&baseline),
            ..crate::Exceptions::default()
        };
        let left = crate::evaluate(&policy, subject, &exceptions).left;
        assert_eq!((left.misconfigurations, left.secrets), (vec![1], vec![1]));
    }

    #[test]
    fn known_findings_survive_a_version_bump_and_another_id() {
        let jar = |name: &str, version: &str, path: &str| {
            Package::new(PackageType::Maven, name, version, path)
        };
        let old = report(
            vec![jar("org.a:b", "1.0.0", "app/b-1.0.0.jar")],
            vec![{
                let mut f = finding("CVE-2024-1", 0, Severity::High);
                f.aliases = vec!["GHSA-aaaa-bbbb-cccc".to_owned()];
                f
            }],
        );
        let new = report(
            vec![
                jar("org.a:b", "1.0.1", "app/b-1.0.1.jar"),
                jar("org.a:b", "1.0.1", "other/b-1.0.1.jar"),
                jar("org.c:d", "1.0.1", "app/b-1.0.1.jar"),
            ],
            vec![
                finding("GHSA-aaaa-bbbb-cccc", 0, Severity::High),
                finding("CVE-2024-1", 1, Severity::High),
                finding("CVE-2024-1", 2, Severity::High),
                finding("CVE-2024-2", 0, Severity::High),
            ],
        );
        let own = Baseline::of(&old);
        let stored = serde_json::to_vec(&old).unwrap();
        let read = Baseline::read("old.json", &stored).unwrap();
        let gitlab = Baseline::read(
            "gl.json",
            br#"{"version":"15.0.7","vulnerabilities":[{"identifiers":[{"type":"cve","name":"CVE-2024-1","value":"CVE-2024-1"},
                {"type":"ghsa","name":"GHSA","value":"GHSA-aaaa-bbbb-cccc"}],"location":{"dependency":{"package":{"name":"org.a:b"},"version":"1.0.0"}}}]}"#,
        )
        .unwrap();
        let facts = crate::subject::Facts::default();
        let world = world(&new, &facts);
        let known = |b: &Baseline| world.findings.iter().map(|r| b.has(r)).collect::<Vec<_>>();
        assert_eq!(known(&own), [true, false, false, false]);
        assert_eq!(known(&read), [true, false, false, false]);
        // GitLab's report knows no paths.
        assert_eq!(known(&gitlab), [true, true, false, false]);
        assert!(Baseline::read("x.json", b"{}").is_err());
        assert!(Baseline::read("x.json", b"[").is_err());
    }
}
