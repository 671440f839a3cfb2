//! What a database says about a vulnerability, a package, or a version of a package.

use std::cmp::Ordering;

use seaworthy_model::{Ecosystem, State};
use seaworthy_versions::{Scheme, compare, is_valid};
use seaworthy_vulndb::{Advisory, Database, EndRef, Row};
use serde::Serialize;

use crate::catalogue::family;

/// A row that answers a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The key of its shard.
    pub key: String,
    /// What it says.
    pub row: Advisory,
    /// What that means for the version that was asked about; none when none was.
    pub verdict: Option<Verdict>,
}

/// What a row means for a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "verdict", content = "why", rename_all = "snake_case")]
pub enum Verdict {
    /// It is affected, because of this range.
    Affected(String),
    /// It is not affected, and why.
    NotAffected(String),
    /// It cannot be told, and why.
    Unknown(String),
}

/// Splits `PACKAGE@VERSION`, also of a package that begins with `@`; an id or a package alone has
/// no version.
#[must_use]
pub fn split_version(what: &str) -> (&str, Option<&str>) {
    match what.rsplit_once('@') {
        Some((package, version)) if !package.is_empty() && !version.is_empty() => {
            (package, Some(version))
        }
        _ => (what, None),
    }
}

/// Every row about an id or a package, by shard; of one family of shards, one shard or one
/// ecosystem when `within` names it (`debian`, `debian:12`, `PyPI`).
#[must_use]
pub fn lookup(
    database: &Database,
    what: &str,
    version: Option<&str>,
    within: Option<&str>,
) -> Vec<Found> {
    let mut found = Vec::new();
    for key in database.keys() {
        if !within.is_none_or(|name| is_within(key, name)) {
            continue;
        }
        let Some(shard) = database.shard(key) else {
            continue;
        };
        let scheme = shard.meta().scheme.parse::<Scheme>().ok();
        let folded = what.to_ascii_lowercase();
        let other = Some(folded.as_str()).filter(|folded| *folded != what);
        let by_name = shard
            .lookup(what)
            .chain(other.into_iter().flat_map(|name| shard.lookup(name)));
        let mut rows: Vec<Found> = if version.is_some() {
            by_name
                .map(|row| (row, version.map(|version| judge(row, scheme, version))))
                .map(|(row, verdict)| of(key, row, verdict))
                .collect()
        } else {
            shard
                .find_id(what)
                .chain(by_name)
                .map(|row| of(key, row, None))
                .collect()
        };
        rows.sort_by(|a, b| (&a.verdict, &a.row).cmp(&(&b.verdict, &b.row)));
        rows.dedup();
        found.extend(rows);
    }
    found
}

fn of(key: &str, row: Row<'_>, verdict: Option<Verdict>) -> Found {
    Found {
        key: key.to_owned(),
        row: row.to_advisory(),
        verdict,
    }
}

fn is_within(key: &str, name: &str) -> bool {
    let name = name.trim();
    key == name
        || family(key) == name
        || Ecosystem::ALL
            .into_iter()
            .any(|e| e.shard_key() == key && e.osv_name().eq_ignore_ascii_case(name))
        || key.eq_ignore_ascii_case(name)
}

/// What a row means for a version, by the order of its shard.
fn judge(row: Row<'_>, scheme: Option<Scheme>, version: &str) -> Verdict {
    let Some(scheme) = scheme else {
        return Verdict::Unknown("the shard names no order of versions".to_owned());
    };
    if row.state() == State::NotAffected && row.intervals().next().is_none() {
        return Verdict::NotAffected("its source says so of every version".to_owned());
    }
    if !is_valid(scheme, version) {
        return Verdict::Unknown(format!("`{version}` is not a {scheme} version"));
    }
    let (mut ranges, mut unknown) = (Vec::new(), false);
    for (introduced, end) in row.intervals() {
        let text = range(introduced, end);
        match holds(scheme, introduced, end, version) {
            Some(true) if row.state() == State::NotAffected => {
                return Verdict::NotAffected(format!("its source says so of {text}"));
            }
            Some(true) => return Verdict::Affected(text),
            Some(false) => ranges.push(text),
            None => unknown = true,
        }
    }
    let listed = row
        .versions()
        .any(|v| v == version || compare(scheme, v, version).is_ok_and(Ordering::is_eq));
    if listed {
        return Verdict::Affected(format!("= {version}"));
    }
    if unknown {
        return Verdict::Unknown("a bound of the row is no version".to_owned());
    }
    if ranges.is_empty() && row.versions().next().is_none() {
        return Verdict::Affected("all versions".to_owned());
    }
    if ranges.is_empty() {
        return Verdict::NotAffected("it is not among the versions that are listed".to_owned());
    }
    Verdict::NotAffected(format!("outside of {}", ranges.join("; ")))
}

fn holds(scheme: Scheme, introduced: &str, end: EndRef<'_>, version: &str) -> Option<bool> {
    if !introduced.is_empty()
        && introduced != "0"
        && compare(scheme, version, introduced).ok()? == Ordering::Less
    {
        return Some(false);
    }
    Some(match end {
        EndRef::Open => true,
        EndRef::Fixed(fixed) => compare(scheme, version, fixed).ok()? == Ordering::Less,
        EndRef::LastAffected(last) => compare(scheme, version, last).ok()? != Ordering::Greater,
    })
}

/// `>= 1.0, < 2.0`.
fn range(introduced: &str, end: EndRef<'_>) -> String {
    let from = (!introduced.is_empty() && introduced != "0").then(|| format!(">= {introduced}"));
    let to = match end {
        EndRef::Open => None,
        EndRef::Fixed(version) => Some(format!("< {version}")),
        EndRef::LastAffected(version) => Some(format!("<= {version}")),
    };
    let parts: Vec<String> = from.into_iter().chain(to).collect();
    if parts.is_empty() {
        "all versions".to_owned()
    } else {
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seaworthy_vulndb::{End, Interval, Shard, ShardBuilder};

    fn database() -> Database {
        let mut builder = ShardBuilder::new("npm", "semver");
        let row = |id: &str, state, intervals: &[(&str, End)], versions: &[&str]| Advisory {
            package: "lodash".to_owned(),
            id: id.to_owned(),
            state,
            intervals: intervals
                .iter()
                .map(|(introduced, end)| Interval {
                    introduced: (*introduced).to_owned(),
                    end: end.clone(),
                })
                .collect(),
            versions: versions.iter().map(|v| (*v).to_owned()).collect(),
            ..Advisory::default()
        };
        let fixed = |v: &str| End::Fixed(v.to_owned());
        builder.push(row(
            "CVE-1",
            State::Fixed,
            &[("1.0.0", fixed("2.0.0"))],
            &[],
        ));
        builder.push(row(
            "CVE-2",
            State::Affected,
            &[("0", End::LastAffected("1.5.0".to_owned()))],
            &[],
        ));
        builder.push(row("CVE-3", State::NotAffected, &[], &[]));
        builder.push(row("CVE-4", State::Affected, &[], &["1.4"]));
        builder.push(row(
            "CVE-5",
            State::Affected,
            &[("0", fixed("what is this"))],
            &[],
        ));
        Database::from_shards(vec![Shard::from_bytes(builder.build()).unwrap()])
    }

    #[test]
    fn versions_are_judged_and_the_reason_is_told() {
        let database = database();
        let verdicts = |version: &str| -> Vec<String> {
            lookup(&database, "lodash", Some(version), Some("npm"))
                .iter()
                .map(|found| format!("{} {:?}", found.row.id, found.verdict.as_ref().unwrap()))
                .collect()
        };
        assert_eq!(
            verdicts("1.4.0"),
            [
                "CVE-2 Affected(\"<= 1.5.0\")",
                "CVE-4 Affected(\"= 1.4.0\")",
                "CVE-1 Affected(\">= 1.0.0, < 2.0.0\")",
                "CVE-3 NotAffected(\"its source says so of every version\")",
                "CVE-5 Unknown(\"a bound of the row is no version\")",
            ]
        );
        assert!(
            verdicts("2.0.0")
                .contains(&"CVE-1 NotAffected(\"outside of >= 1.0.0, < 2.0.0\")".to_owned())
        );
        assert!(
            verdicts("not a version")
                .iter()
                .any(|v| v.contains("not a semver version"))
        );
    }

    #[test]
    fn questions_are_taken_apart() {
        for (what, package, version) in [
            ("lodash@4.17.20", "lodash", Some("4.17.20")),
            ("@angular/core@1.0", "@angular/core", Some("1.0")),
            ("@angular/core", "@angular/core", None),
            ("CVE-2021-44228", "CVE-2021-44228", None),
            ("x@", "x@", None),
        ] {
            assert_eq!(split_version(what), (package, version));
        }
        let database = database();
        assert_eq!(lookup(&database, "CVE-1", None, None).len(), 1);
        assert_eq!(lookup(&database, "LODASH", None, None).len(), 5);
        assert!(lookup(&database, "lodash", None, Some("debian")).is_empty());
        assert!(is_within("debian:12", "debian") && is_within("pypi", "PyPI"));
    }
}
