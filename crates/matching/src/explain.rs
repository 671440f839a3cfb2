use std::collections::BTreeSet;
use std::fmt;

use seaworthy_model::{Finding, Inventory, Package, PackageType, State};
use seaworthy_vulndb::{Database, Row};

use crate::MatchOptions;
use crate::group::{Group, ids_of, is_cve};
use crate::judge::{Installed, Judgement, interval_text};
use crate::matcher::{Matcher, Standing, groups, rows};
use crate::scheme::{lookup_name, second_name};

/// Most packages without the vulnerability's package that are listed.
const MAX_ABSENT: usize = 1000;

/// Why one vulnerability is, or is not, reported for an inventory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Explanation {
    /// The id that was asked for.
    pub id: String,
    /// All ids under which the shards know it, sorted; empty when no shard does.
    pub ids: Vec<String>,
    /// The installed packages that some row is about, in the inventory's order.
    pub packages: Vec<PackageExplanation>,
    /// `shard package` of rows whose package is not installed, sorted.
    pub absent: Vec<String>,
    /// Keys of the shards that were searched, sorted.
    pub searched: Vec<String>,
    /// Keys of the shards that would be needed and are not there, sorted.
    pub missing: Vec<String>,
}

/// The answer for one installed package.
#[derive(Debug, Clone, PartialEq)]
pub struct PackageExplanation {
    /// Index into the inventory's packages.
    pub package: usize,
    /// `deb libssl3 3.0.11-1 (source openssl)`.
    pub title: String,
    /// The answer.
    pub outcome: Outcome,
    /// Every row that is about this vulnerability and package.
    pub rows: Vec<RowExplanation>,
}

/// Whether a vulnerability is reported for a package, and why.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is.
    Reported(Box<Finding>),
    /// Not: this source says that the package is not affected.
    NotAffected(String),
    /// Not: this source names a fixed version, and the installed one is not older.
    AlreadyFixed(String),
    /// Not: the installed version is in no affected range.
    OutsideRange,
    /// Not: the rows are about another modular stream.
    OtherModule,
    /// Not: the versions could not be compared, which the coverage says too.
    Uncomparable,
    /// Not: this third party built the package, and the distribution's advisories do not cover it.
    ThirdParty(String),
    /// Not: the package format is not the distribution's.
    ForeignFormat,
    /// Not: the options leave this kind of package out.
    LeftOut,
}

/// One row that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowExplanation {
    /// The shard: `debian:12`.
    pub shard: String,
    /// The feed: `debian-tracker`.
    pub source: String,
    /// The row's primary id.
    pub id: String,
    /// The record's own id, when it is another one.
    pub advisory: Option<String>,
    /// What the source says.
    pub state: State,
    /// The affected versions: `< 3.0.11-1`, `all versions`, joined with ` || `.
    pub range: String,
    /// What that means for the installed version.
    pub verdict: RowVerdict,
}

/// What one row means for the installed version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowVerdict {
    /// It is affected.
    Affected,
    /// The source says that it is not.
    NotAffected,
    /// It is outside the affected versions.
    OutsideRange,
    /// The row is about another modular stream.
    OtherModule,
    /// It could not be compared.
    Uncomparable,
    /// The row was not applied to this package at all.
    NotApplied,
}

/// Says for each package that a vulnerability concerns why it is reported, or why not.
///
/// `id` may be the primary id, an alias, or an advisory's id, which stands for all that the
/// advisory is about.
#[must_use]
pub fn explain(
    id: &str,
    inventory: &Inventory,
    database: &Database,
    options: &MatchOptions,
) -> Explanation {
    let matcher = Matcher::new(inventory, database, options);
    let id = canonical(id);
    let mut question = Question::default();
    let mut explanation = Explanation {
        id: id.clone(),
        ..Explanation::default()
    };
    let present: BTreeSet<PackageType> = inventory.packages.iter().map(|p| p.kind).collect();
    let mut names: BTreeSet<(&str, &str)> = BTreeSet::new();
    for target in present.iter().filter_map(|kind| matcher.target(*kind)) {
        let Some(shard) = target.shard else {
            explanation.missing.push(target.key.clone());
            continue;
        };
        explanation.searched.push(target.key.clone());
        for row in shard.find_id(&id) {
            question.learn(&id, row);
            names.insert((target.key.as_str(), row.package()));
        }
    }
    let mut installed: BTreeSet<(&str, String)> = BTreeSet::new();
    for (at, package) in inventory.packages.iter().enumerate() {
        let Some(target) = matcher.target(package.kind) else {
            continue;
        };
        let key = target.key.as_str();
        let looked_up: Vec<String> = names_of(package)
            .into_iter()
            .filter(|name| names.contains(&(key, name.as_str())))
            .collect();
        if looked_up.is_empty() {
            continue;
        }
        installed.extend(looked_up.into_iter().map(|name| (key, name)));
        if let Some(answer) = question.answer(&matcher, at, package) {
            explanation.packages.push(answer);
        }
    }
    explanation.absent = names
        .into_iter()
        .filter(|(key, name)| !installed.contains(&(*key, (*name).to_owned())))
        .take(MAX_ABSENT)
        .map(|(key, name)| format!("{key} {name}"))
        .collect();
    explanation.ids = question.ids.into_iter().map(str::to_owned).collect();
    for list in [&mut explanation.searched, &mut explanation.missing] {
        list.sort_unstable();
        list.dedup();
    }
    explanation
}

/// CVE ids are written in capitals whatever people type.
fn canonical(id: &str) -> String {
    let id = id.trim();
    if id
        .get(..4)
        .is_some_and(|head| head.eq_ignore_ascii_case("cve-"))
    {
        id.to_ascii_uppercase()
    } else {
        id.to_owned()
    }
}

/// The names under which a package may be looked up.
fn names_of(package: &Package) -> Vec<String> {
    let second = second_name(package).map(str::to_owned);
    std::iter::once(lookup_name(package).into_owned())
        .chain(second)
        .collect()
}

/// What is asked for: an id and all that means the same.
#[derive(Default)]
struct Question<'d> {
    ids: BTreeSet<&'d str>,
}

impl<'d> Question<'d> {
    /// Learns the other ids of the vulnerability; the other CVEs of a record are other ones.
    fn learn(&mut self, asked: &str, row: Row<'d>) {
        let others = |id: &&str| !is_cve(asked) || !is_cve(id) || *id == asked;
        self.ids.extend(ids_of(row).filter(others));
    }

    fn concerns(&self, row: Row<'_>) -> bool {
        if is_cve(row.id()) {
            self.ids.contains(row.id())
        } else {
            ids_of(row).any(|id| self.ids.contains(id))
        }
    }

    fn answer(
        &self,
        matcher: &Matcher<'d>,
        at: usize,
        package: &Package,
    ) -> Option<PackageExplanation> {
        let target = matcher.target(package.kind)?;
        let shard = target.shard?;
        let name = lookup_name(package);
        let about = |outcome, verdict: &dyn Fn(Row<'d>) -> RowVerdict| PackageExplanation {
            package: at,
            title: title(package),
            outcome,
            rows: rows(shard, &name, package)
                .filter(|row| self.concerns(*row))
                .map(|row| row_explanation(&target.key, row, verdict(row)))
                .collect(),
        };
        let not_applied = |_: Row<'d>| RowVerdict::NotApplied;
        Some(match matcher.standing(package) {
            Standing::Looked { installed, .. } => {
                let verdict = |row: Row<'d>| verdict(installed.judge(row));
                let mut answer = about(Outcome::OutsideRange, &verdict);
                let mut gap = None;
                let found = groups(&installed, shard, &name, &mut gap);
                answer.outcome = self.outcome(matcher, at, &name, &installed, &found, &answer.rows);
                answer
            }
            Standing::ThirdParty(vendor) => {
                about(Outcome::ThirdParty(vendor.to_owned()), &not_applied)
            }
            Standing::ForeignFormat => about(Outcome::ForeignFormat, &not_applied),
            Standing::LeftOut => about(Outcome::LeftOut, &not_applied),
            Standing::NoShard | Standing::NoKey => return None,
        })
    }

    fn outcome(
        &self,
        matcher: &Matcher<'d>,
        at: usize,
        name: &str,
        installed: &Installed<'_>,
        found: &[Group<'d>],
        rows: &[RowExplanation],
    ) -> Outcome {
        let mine = |group: &&Group<'_>| group.ids.iter().any(|id| self.ids.contains(id));
        let mut taken_back = None;
        for group in found.iter().filter(mine) {
            if let Some(row) = group.not_affected {
                taken_back = Some(Outcome::NotAffected(row.source().to_owned()));
            } else if let Some(row) = group.fixed_by {
                taken_back = Some(Outcome::AlreadyFixed(row.source().to_owned()));
            } else {
                return Outcome::Reported(Box::new(matcher.finding(at, name, installed, group)));
            }
        }
        if let Some(outcome) = taken_back {
            return outcome;
        }
        let said = |verdict| rows.iter().find(|row| row.verdict == verdict);
        if let Some(row) = said(RowVerdict::NotAffected) {
            return Outcome::NotAffected(row.source.clone());
        }
        if said(RowVerdict::Uncomparable).is_some() {
            return Outcome::Uncomparable;
        }
        if !rows.is_empty()
            && rows
                .iter()
                .all(|row| row.verdict == RowVerdict::OtherModule)
        {
            return Outcome::OtherModule;
        }
        Outcome::OutsideRange
    }
}

fn verdict(judgement: Judgement<'_>) -> RowVerdict {
    match judgement {
        Judgement::Affected(_) => RowVerdict::Affected,
        Judgement::NotAffected => RowVerdict::NotAffected,
        Judgement::OutsideRange => RowVerdict::OutsideRange,
        Judgement::OtherModule => RowVerdict::OtherModule,
        Judgement::Uncomparable => RowVerdict::Uncomparable,
    }
}

fn title(package: &Package) -> String {
    let mut text = format!("{} {} {}", package.kind, package.name, package.version);
    if package.kind.is_os() && package.source_name() != package.name {
        text.push_str(&format!(" (source {})", package.source_name()));
    }
    text
}

fn row_explanation(shard: &str, row: Row<'_>, verdict: RowVerdict) -> RowExplanation {
    let mut ranges: Vec<String> = row
        .intervals()
        .map(|(introduced, end)| interval_text(introduced, end))
        .collect();
    let listed = row.versions().count();
    if listed > 0 {
        ranges.push(format!("{listed} listed versions"));
    }
    if ranges.is_empty() {
        ranges.push("all versions".to_owned());
    }
    RowExplanation {
        shard: shard.to_owned(),
        source: row.source().to_owned(),
        id: row.id().to_owned(),
        advisory: row.advisory().map(str::to_owned),
        state: row.state(),
        range: ranges.join(" || "),
        verdict,
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reported(finding) => {
                write!(f, "reported: {}, {}", finding.severity, finding.state)?;
                if !finding.reason.range.is_empty() {
                    let reason = &finding.reason;
                    write!(
                        f,
                        "; {} is {} ({})",
                        reason.version, reason.range, reason.source
                    )?;
                }
                if let Some(version) = &finding.fixed_version {
                    write!(f, "; fixed in {version}")?;
                }
                Ok(())
            }
            Self::NotAffected(source) => write!(f, "not reported: {source} says not affected"),
            Self::AlreadyFixed(source) => {
                write!(f, "not reported: already fixed, says {source}")
            }
            Self::OutsideRange => f.write_str("not reported: the version is not affected"),
            Self::OtherModule => f.write_str("not reported: the rows are about another module"),
            Self::Uncomparable => f.write_str("not assessed: the versions cannot be compared"),
            Self::ThirdParty(vendor) => write!(
                f,
                "not assessed: built by {vendor}, not by the distribution"
            ),
            Self::ForeignFormat => {
                f.write_str("not assessed: not the distribution's package format")
            }
            Self::LeftOut => f.write_str("not assessed: packages of this kind were left out"),
        }
    }
}

impl fmt::Display for RowVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Affected => "affected",
            Self::NotAffected => "not affected",
            Self::OutsideRange => "outside the range",
            Self::OtherModule => "another module",
            Self::Uncomparable => "cannot be compared",
            Self::NotApplied => "not applied",
        })
    }
}

/// Lines for people.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        let others: Vec<&str> = self
            .ids
            .iter()
            .map(String::as_str)
            .filter(|id| *id != self.id)
            .collect();
        if !others.is_empty() {
            write!(f, " (also {})", others.join(", "))?;
        }
        writeln!(f)?;
        for package in &self.packages {
            writeln!(f, "  {}", package.title)?;
            writeln!(f, "    {}", package.outcome)?;
            for row in &package.rows {
                write!(f, "    - {} {}", row.shard, row.source)?;
                if let Some(advisory) = &row.advisory {
                    write!(f, " {advisory}")?;
                }
                writeln!(f, ": {}, {}: {}", row.state, row.range, row.verdict)?;
            }
        }
        for absent in &self.absent {
            writeln!(f, "  not installed: {absent}")?;
        }
        if self.packages.is_empty() && self.absent.is_empty() {
            writeln!(
                f,
                "  no advisory in {}",
                match self.searched.as_slice() {
                    [] => "any shard, for none was searched".to_owned(),
                    keys => keys.join(", "),
                }
            )?;
        }
        for key in &self.missing {
            writeln!(
                f,
                "  not searched: there is no shard {key}; `seaworthy db update --only {key}` fetches it"
            )?;
        }
        Ok(())
    }
}
