//! Why scanners do not say the same about a finding, as far as their reports tell.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use seaworthy_model::{CoverageKind, Package, PackageType, Severity, State};
use seaworthy_versions::compare;

use super::combine::{COMPARED, Seen, is_vulnerability_report};
use super::ids::Ids;
use super::names::{self, Names};
use super::{Cause, Disagreement, MergedFinding, ScannerName, Sighting, output};
use crate::read::{ScannerReport, scheme_of};

/// From so many findings on, what a scanner never reports tells something about its filters.
const ENOUGH: usize = 5;

/// What one scanner's reports together show.
#[derive(Debug, Default)]
struct View {
    /// By class: packages of findings that it left out, and why.
    ignored: HashMap<usize, Vec<(String, String)>>,
    /// By class: names of the packages that it reports.
    reported: HashMap<usize, Vec<(PackageType, String)>>,
    /// Advisories that it reports as such, by package.
    bundles: HashMap<(PackageType, String), BTreeSet<String>>,
    lists_packages: bool,
    installed: HashMap<(PackageType, String), BTreeSet<String>>,
    covers: BTreeSet<PackageType>,
    /// What it says of its own advisories, by shard.
    gaps: HashMap<String, String>,
    shard: Option<String>,
    sources: BTreeSet<String>,
    findings: usize,
    unfixed: usize,
    least: Option<Severity>,
}

pub(super) struct Explainer<'a> {
    names: &'a Names,
    views: BTreeMap<ScannerName, View>,
}

impl<'a> Explainer<'a> {
    pub(super) fn new(
        reports: &[&ScannerReport],
        seen: &[Seen],
        names: &'a Names,
        ids: &mut Ids,
    ) -> Self {
        let mut views: BTreeMap<ScannerName, View> = BTreeMap::new();
        for report in reports.iter().filter(|r| is_vulnerability_report(r)) {
            views
                .entry(report.scanner.clone())
                .or_default()
                .add(report, names, ids);
        }
        for one in seen {
            let Some(view) = reports
                .get(one.report)
                .and_then(|r| views.get_mut(&r.scanner))
            else {
                continue;
            };
            view.see(one, names);
        }
        Self { names, views }
    }

    pub(super) fn explain(&self, finding: &MergedFinding, class: usize) -> Vec<Disagreement> {
        let mut out = Vec::new();
        out.extend(severity(finding));
        out.extend(fix(finding));
        out.extend(state(finding));
        out.extend(notation(finding));
        // Several that lack it for the same reason are one sentence.
        let mut absences: Vec<(Absence, Vec<ScannerName>)> = Vec::new();
        for (scanner, view) in &self.views {
            if finding.found_by.contains(scanner) {
                continue;
            }
            let absence = view.absence(finding, class, self.names);
            match absences.iter_mut().find(|(known, _)| *known == absence) {
                Some((_, scanners)) => scanners.push(scanner.clone()),
                None => absences.push((absence, vec![scanner.clone()])),
            }
        }
        out.extend(
            absences
                .into_iter()
                .map(|(absence, scanners)| Disagreement {
                    cause: absence.cause,
                    text: format!(
                        "{}{}{}",
                        absence.before,
                        output::names(&scanners),
                        absence.after
                    ),
                    scanners,
                }),
        );
        out
    }
}

/// Why a scanner does not have a finding: a sentence around its name.
#[derive(Debug, PartialEq, Eq)]
struct Absence {
    cause: Cause,
    before: String,
    after: String,
}

impl Absence {
    fn new(cause: Cause, before: impl Into<String>, after: impl Into<String>) -> Self {
        Self {
            cause,
            before: before.into(),
            after: after.into(),
        }
    }
}

impl View {
    fn add(&mut self, report: &ScannerReport, names: &Names, ids: &mut Ids) {
        for ignored in &report.ignored {
            let class = ids.class(&ignored.vulnerability.id);
            let package = &ignored.vulnerability.package;
            self.ignored.entry(class).or_default().push((
                names.source_of(package.kind, &package.name),
                ignored.reason.clone(),
            ));
        }
        for dismissed in &report.vulnerabilities {
            if dismissed.state == State::NotAffected {
                let package = &dismissed.package;
                self.ignored
                    .entry(ids.class(&dismissed.id))
                    .or_default()
                    .push((
                        names.source_of(package.kind, &package.name),
                        "not affected, says its source".to_owned(),
                    ));
            }
        }
        self.lists_packages |= report.lists_packages;
        for package in &report.packages {
            self.installed
                .entry((package.kind, names::key(package.kind, &package.name)))
                .or_default()
                .insert(package.version.clone());
        }
        self.covers.extend(&report.covers);
        for entry in &report.coverage.entries {
            if matches!(
                entry.kind,
                CoverageKind::NoShard | CoverageKind::StarterOnly | CoverageKind::StaleShard
            ) {
                self.gaps
                    .insert(entry.subject.clone(), entry.detail.clone());
            }
        }
        if self.shard.is_none() {
            self.shard = report.distribution.as_ref().and_then(|d| d.shard_key());
        }
    }

    fn see(&mut self, one: &Seen, names: &Names) {
        let found = &one.found;
        let kind = found.package.kind;
        let source = names.source_of(kind, &found.package.name);
        self.findings += 1;
        self.unfixed += usize::from(found.fixed_version.is_none());
        if found.severity != Severity::Unknown {
            let least = self.least.unwrap_or(found.severity);
            self.least = Some(least.min(found.severity));
        }
        if !found.source.is_empty() {
            self.sources.insert(found.source.clone());
        }
        if crate::read::is_bundle(&found.id) {
            self.bundles
                .entry((kind, source))
                .or_default()
                .insert(found.id.clone());
        }
        self.reported
            .entry(one.class)
            .or_default()
            .push((kind, found.package.name.clone()));
    }

    /// The first reason that explains why a scanner does not have a finding.
    fn absence(&self, finding: &MergedFinding, class: usize, names: &Names) -> Absence {
        let package = &finding.package;
        let source = names.source_of(package.kind, &package.name);
        if let Some(reason) = self.ignored(class, &source) {
            return Absence::new(
                Cause::Filtered,
                "found and left out by ",
                format!(": {reason}"),
            );
        }
        if let Some(other) = self.other_package(class, package, &source, names) {
            return Absence::new(
                Cause::PackageName,
                format!("reported for {other}, of the same source {source}, by "),
                "",
            );
        }
        if let Some(unseen) = self.unseen(package, names) {
            return unseen;
        }
        if let Some(ids) = self.bundles.get(&(package.kind, source)) {
            let ids: Vec<&str> = ids.iter().take(3).map(String::as_str).collect();
            return Absence::new(
                Cause::Alias,
                format!(
                    "{} for the same package may cover it, reported without a CVE by ",
                    ids.join(", ")
                ),
                "",
            );
        }
        if let Some(gap) = self.gap(package.kind) {
            return Absence::new(Cause::Coverage, "own coverage of ", format!(": {gap}"));
        }
        if let Some(text) = scheme_text(finding) {
            return Absence::new(
                Cause::VersionScheme,
                "not reported by ",
                format!(": {text}"),
            );
        }
        self.filters(finding)
            .or_else(|| self.other_source(finding))
            .unwrap_or_else(|| {
                Absence::new(
                    Cause::Unknown,
                    "the package is known to ",
                    ", and nothing tells why this is not reported",
                )
            })
    }

    fn ignored(&self, class: usize, source: &str) -> Option<&str> {
        let list = self.ignored.get(&class)?;
        list.iter()
            .take(COMPARED)
            .find(|(name, _)| name == source || name.is_empty())
            .map(|(_, reason)| reason.as_str())
    }

    fn other_package(
        &self,
        class: usize,
        package: &Package,
        source: &str,
        names: &Names,
    ) -> Option<&str> {
        self.reported
            .get(&class)?
            .iter()
            .take(COMPARED)
            .find(|(kind, name)| *kind == package.kind && names.source_of(*kind, name) == source)
            .map(|(_, name)| name.as_str())
    }

    /// Whether it saw the package at all.
    fn unseen(&self, package: &Package, names: &Names) -> Option<Absence> {
        let kind = package.kind;
        if kind == PackageType::Generic {
            return None;
        }
        if !self.covers.is_empty() && !self.covers.contains(&kind) {
            return Some(Absence::new(
                Cause::Ecosystem,
                format!("not a single {kind} package in the report of "),
                ", so that type is not covered there",
            ));
        }
        if !self.lists_packages {
            return None;
        }
        let source = names.source_of(kind, &package.name);
        let versions = self
            .installed
            .get(&(kind, names::key(kind, &package.name)))
            .or_else(|| self.installed.get(&(kind, source)));
        let Some(versions) = versions else {
            return Some(Absence::new(
                Cause::PackageNotSeen,
                format!("{} is not in the list of packages of ", package.name),
                "",
            ));
        };
        let same = versions
            .iter()
            .any(|v| names::same_version(kind, v, &package.version));
        if same {
            return None;
        }
        let versions: Vec<&str> = versions.iter().take(3).map(String::as_str).collect();
        Some(Absence::new(
            Cause::OtherVersion,
            format!(
                "version {} of {}, not {}, is seen by ",
                versions.join(", "),
                package.name,
                package.version
            ),
            "",
        ))
    }

    /// What the scanner itself says about advisories of this type.
    fn gap(&self, kind: PackageType) -> Option<String> {
        let shard = match kind.ecosystem() {
            Some(ecosystem) => ecosystem.shard_key().to_owned(),
            None => self.shard.clone()?,
        };
        let detail = self.gaps.get(&shard)?;
        Some(format!("{shard}: {detail}"))
    }

    fn filters(&self, finding: &MergedFinding) -> Option<Absence> {
        if self.findings < ENOUGH {
            return None;
        }
        let unfixed = finding.sightings.iter().all(|s| s.fixed_version.is_none());
        if unfixed && self.unfixed == 0 {
            return Some(Absence::new(
                Cause::StateFilter,
                "nobody knows a fix, and every finding of ",
                format!(
                    " ({}) has one: what has none seems to be left out",
                    self.findings
                ),
            ));
        }
        let worst = finding.sightings.iter().map(|s| s.severity).max()?;
        match self.least {
            Some(least) if worst < least && worst != Severity::Unknown => Some(Absence::new(
                Cause::SeverityFilter,
                format!("it is {worst}, and every finding of "),
                format!(
                    " ({}) is {least} or worse: the rest seems to be left out",
                    self.findings
                ),
            )),
            _ => None,
        }
    }

    fn other_source(&self, finding: &MergedFinding) -> Option<Absence> {
        let sources: BTreeSet<&str> = finding
            .sightings
            .iter()
            .map(|s| canonical_source(&s.source))
            .filter(|s| !s.is_empty())
            .collect();
        let own: HashSet<&str> = self.sources.iter().map(|s| canonical_source(s)).collect();
        if sources.is_empty() || own.is_empty() || sources.iter().any(|s| own.contains(s)) {
            return None;
        }
        let sources: Vec<&str> = sources.into_iter().collect();
        let own: Vec<&str> = self.sources.iter().take(4).map(String::as_str).collect();
        Some(Absence::new(
            Cause::AdvisorySource,
            format!("found through {}, no source of ", sources.join(", ")),
            format!(" here, whose findings come from {}", own.join(", ")),
        ))
    }
}

/// The publisher behind a source's name: `debian-tracker` and `debian` are the same.
fn canonical_source(source: &str) -> &str {
    match source {
        "github" | "GitHub" => "ghsa",
        "pypa" => "osv",
        _ => match source.split_once('-') {
            Some((head @ ("debian" | "alpine" | "ubuntu" | "redhat" | "wolfi"), _)) => head,
            _ => source,
        },
    }
}

/// Whether the package manager's own order says that the installed version has the fix.
fn scheme_text(finding: &MergedFinding) -> Option<String> {
    let scheme = scheme_of(finding.package.kind)?;
    let installed = &finding.package.version;
    let doubtful = finding.sightings.iter().find(|s| {
        s.fixed_version.as_deref().is_some_and(|fixed| {
            compare(scheme, installed, fixed).is_ok_and(|order| order != Ordering::Less)
        })
    })?;
    Some(format!(
        "as {scheme} orders versions, {installed} is not below the fix {} that {} names",
        doubtful.fixed_version.as_deref().unwrap_or_default(),
        doubtful.scanner
    ))
}

/// `trivy, grype say high (nvd); seaworthy says medium (debian)`, by what they say.
fn said<'a>(
    sightings: &'a [Sighting],
    what: impl Fn(&'a Sighting) -> Option<String>,
) -> Option<(Vec<ScannerName>, String)> {
    let mut groups: Vec<(String, Vec<&ScannerName>)> = Vec::new();
    for sighting in sightings {
        let Some(word) = what(sighting) else {
            continue;
        };
        match groups.iter_mut().find(|(w, _)| *w == word) {
            Some((_, scanners)) if scanners.contains(&&sighting.scanner) => {}
            Some((_, scanners)) => scanners.push(&sighting.scanner),
            None => groups.push((word, vec![&sighting.scanner])),
        }
    }
    if groups.len() < 2 {
        return None;
    }
    let text: Vec<String> = groups
        .iter()
        .map(|(word, scanners)| {
            let names: Vec<&str> = scanners.iter().map(|s| s.as_str()).collect();
            let verb = if names.len() == 1 { "says" } else { "say" };
            format!("{} {verb} {word}", names.join(", "))
        })
        .collect();
    let mut scanners: Vec<ScannerName> = groups
        .into_iter()
        .flat_map(|(_, s)| s.into_iter().cloned())
        .collect();
    scanners.sort();
    scanners.dedup();
    Some((scanners, text.join("; ")))
}

/// Why values differ, by where they come from.
fn because(sightings: &[Sighting], source: impl Fn(&Sighting) -> &str) -> &'static str {
    let sources: BTreeSet<&str> = sightings
        .iter()
        .map(|s| canonical_source(source(s)))
        .collect();
    if sources.contains("") {
        "not every report names its source"
    } else if sources.len() > 1 {
        "they follow different sources"
    } else {
        "they follow the same source, so one of them is older or reads it differently"
    }
}

fn severity(finding: &MergedFinding) -> Option<Disagreement> {
    let known: BTreeSet<Severity> = finding
        .sightings
        .iter()
        .map(|s| s.severity)
        .filter(|s| *s != Severity::Unknown)
        .collect();
    if known.len() < 2 {
        return None;
    }
    let (scanners, text) = said(&finding.sightings, |s| {
        let word = s.severity.to_string();
        Some(match s.severity_source.as_str() {
            "" => word,
            source => format!("{word} ({source})"),
        })
    })?;
    let why = because(&finding.sightings, |s| s.severity_source.as_str());
    Some(Disagreement {
        cause: Cause::Severity,
        scanners,
        text: format!("{text}: {why}"),
    })
}

fn fix(finding: &MergedFinding) -> Option<Disagreement> {
    let kind = finding.package.kind;
    let mut fixes: Vec<&str> = Vec::new();
    let mut without = false;
    for sighting in &finding.sightings {
        match sighting.fixed_version.as_deref() {
            Some(fixed) if fixes.iter().any(|f| names::same_version(kind, f, fixed)) => {}
            Some(fixed) => fixes.push(fixed),
            None => without = true,
        }
    }
    if fixes.len() + usize::from(without) < 2 {
        return None;
    }
    let (scanners, text) = said(&finding.sightings, |s| {
        Some(match &s.fixed_version {
            Some(fixed) => format!("fixed in {fixed}"),
            None => format!("no fix ({})", s.state.name().replace('_', " ")),
        })
    })?;
    let why = if without && fixes.len() == 1 {
        "one of them does not know the fix, or it is not for this release"
    } else if kind.is_os() {
        because(&finding.sightings, |s| s.source.as_str())
    } else {
        "several release lines have a fix; the nearest one is not the same to all"
    };
    Some(Disagreement {
        cause: Cause::Fix,
        scanners,
        text: format!("{text}: {why}"),
    })
}

/// States of those without a fix; with a fix and without is said already.
fn state(finding: &MergedFinding) -> Option<Disagreement> {
    let (scanners, text) = said(&finding.sightings, |s| {
        let told = s.fixed_version.is_none() && !matches!(s.state, State::Unknown | State::Fixed);
        told.then(|| s.state.name().replace('_', " "))
    })?;
    let why = because(&finding.sightings, |s| s.source.as_str());
    Some(Disagreement {
        cause: Cause::State,
        scanners,
        text: format!("{text}: {why}"),
    })
}

/// The same version in two spellings.
fn notation(finding: &MergedFinding) -> Option<Disagreement> {
    let (scanners, text) = said(&finding.sightings, |s| {
        (!s.version.is_empty()).then(|| format!("version {}", s.version))
    })?;
    Some(Disagreement {
        cause: Cause::VersionNotation,
        scanners,
        text: format!(
            "{text}: the same installation, written with or without epoch, release or `v`"
        ),
    })
}
