//! The difference of two reports: what was fixed, what is new, what remains, and why.

mod causes;
mod findings;
#[cfg(test)]
mod gap_tests;
mod issues;
mod packages;
#[cfg(test)]
mod tests;

use seaworthy_model::{Origin, PackageType, Report, Severity, State};
use serde::Serialize;

use crate::standing::{lists_packages, looked_for, not_assessed};
use crate::{Tally, Waivers};

/// One of the two reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// What was scanned.
    pub name: String,
    /// Digest of the manifest, else of the configuration; empty outside images.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// Name of the distribution; empty without one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub distribution: String,
    /// Day of the newest advisories that answered; empty when not known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub database_date: String,
    /// Findings per severity, waived ones included.
    pub vulnerabilities: Tally,
    /// How many packages.
    pub packages: usize,
    /// Findings that the display filters removed.
    pub hidden: usize,
    /// Why the whole report is worthless; empty when it was assessed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_assessed: Vec<String>,
}

impl Subject {
    fn of(report: &Report) -> Self {
        Self {
            name: report.target.name.clone(),
            digest: digest(report),
            distribution: report
                .inventory
                .distribution
                .as_ref()
                .map_or_else(String::new, |d| d.name.clone()),
            database_date: report.database.date.clone(),
            vulnerabilities: Tally::of(active(report).map(|f| f.severity)),
            packages: report.inventory.packages.len(),
            hidden: report.hidden,
            not_assessed: not_assessed(report),
        }
    }

    /// Whether the report says anything at all about its target.
    #[must_use]
    pub fn is_assessed(&self) -> bool {
        self.not_assessed.is_empty()
    }
}

/// The digest that names the image.
pub(crate) fn digest(report: &Report) -> String {
    report
        .inventory
        .image
        .as_ref()
        .and_then(|image| {
            image
                .manifest_digest
                .as_ref()
                .or(image.config_digest.as_ref())
        })
        .cloned()
        .unwrap_or_default()
}

/// The findings that say that something is affected.
pub(crate) fn active(report: &Report) -> impl Iterator<Item = &seaworthy_model::Finding> {
    report
        .findings
        .iter()
        .filter(|finding| finding.state != State::NotAffected)
}

/// How one version follows another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To a higher version.
    Upgraded,
    /// To a lower version.
    Downgraded,
    /// The versions cannot be ordered, or there are several.
    Changed,
}

impl Direction {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upgraded => "upgraded",
            Self::Downgraded => "downgraded",
            Self::Changed => "changed",
        }
    }
}

/// Why a finding is where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause {
    /// The package has another version.
    PackageChanged {
        /// Which way.
        direction: Direction,
        /// Version in the old report; several are joined by commas.
        from: String,
        /// Version in the new report.
        to: String,
    },
    /// The package is gone.
    PackageRemoved {
        /// The version that it had.
        version: String,
    },
    /// The package was not there before.
    PackageAdded {
        /// The version that it has.
        version: String,
    },
    /// Not reported any more, by a report that lists only packages with findings: its package was
    /// mended or removed.
    NotListed {
        /// The version that it had.
        version: String,
    },
    /// Reported now; the old report lists only packages with findings.
    NotListedBefore {
        /// The version that it has.
        version: String,
    },
    /// The same source package under another name.
    PackageRenamed {
        /// Old name.
        from: String,
        /// New name.
        to: String,
    },
    /// The base image is another one, and the package belongs to it.
    BaseImageChanged {
        /// The old base.
        from: String,
        /// The new base.
        to: String,
        /// What that did to the package: `1.2 → 1.3`, `removed`, `added`.
        package: String,
    },
    /// The same version, but the advisory says something else now.
    AdvisoryChanged {
        /// What.
        what: String,
    },
    /// The same version, and the advisory is new.
    NewAdvisory {
        /// Day of the old database.
        from: String,
        /// Day of the new database.
        to: String,
    },
    /// The same version in the same database, and it is not reported any more.
    NoLongerReported {
        /// How many findings the filters of the new report hide.
        hidden: usize,
    },
    /// The same version in the same database, and only the new report shows it.
    NewlyReported {
        /// How many findings the filters of the old report hid.
        hidden: usize,
    },
    /// The old report could not see it.
    NewlyAssessed {
        /// The gap in its coverage.
        gap: String,
    },
    /// The new report cannot see whether it is still there.
    NotAssessed {
        /// The gap in its coverage.
        gap: String,
    },
    /// Somebody decided to live with it.
    Waived {
        /// Why.
        reason: String,
    },
    /// The other version is affected too.
    StillAffected {
        /// Old version.
        from: String,
        /// New version.
        to: String,
    },
    /// Nothing changed.
    Unchanged,
}

impl Cause {
    /// In words; `arrow` stands between an old and a new value.
    #[must_use]
    pub fn describe(&self, arrow: &str) -> String {
        match self {
            Self::PackageChanged {
                direction,
                from,
                to,
            } => format!("package {} {from} {arrow} {to}", direction.name()),
            Self::PackageRemoved { version } => format!("package removed (was {version})"),
            Self::PackageAdded { version } => format!("package added ({version})"),
            Self::NotListed { version } => {
                format!("no longer reported (was {version}), package changed or removed")
            }
            Self::NotListedBefore { version } => {
                format!("newly reported ({version}), package not listed before")
            }
            Self::PackageRenamed { from, to } => format!("package renamed {from} {arrow} {to}"),
            Self::BaseImageChanged { from, to, package } => {
                format!("base image changed {from} {arrow} {to}, package {package}")
            }
            Self::AdvisoryChanged { what } => format!("advisory changed: {what}"),
            Self::NewAdvisory { from, to } => match (from.as_str(), to.as_str()) {
                ("", _) | (_, "") => "new advisory".to_owned(),
                (from, to) => format!("new advisory, database {from} {arrow} {to}"),
            },
            Self::NoLongerReported { hidden: 0 } => {
                "no longer reported for the same version".to_owned()
            }
            Self::NoLongerReported { hidden } => {
                format!("no longer shown for the same version; the filters hide {hidden}")
            }
            Self::NewlyReported { hidden: 0 } => "newly reported for the same version".to_owned(),
            Self::NewlyReported { hidden } => {
                format!("newly shown for the same version; the old filters hid {hidden}")
            }
            Self::NewlyAssessed { gap } => format!("not assessed before ({gap})"),
            Self::NotAssessed { gap } => format!("cannot be told ({gap})"),
            Self::Waived { reason } if reason.is_empty() => "waived".to_owned(),
            Self::Waived { reason } => format!("waived: {reason}"),
            Self::StillAffected { from, to } => {
                format!("still affected after {from} {arrow} {to}")
            }
            Self::Unchanged => "unchanged".to_owned(),
        }
    }
}

/// One vulnerability in one package, in one of the reports or both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Primary id, the new report's where both have it.
    pub id: String,
    /// Other ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Kind of the package.
    #[serde(rename = "type")]
    pub kind: PackageType,
    /// Name of the package.
    pub package: String,
    /// Severity, the new report's where both have it.
    pub severity: Severity,
    /// Severity in the old report, when it was another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_severity: Option<Severity>,
    /// Base image or application.
    pub origin: Origin,
    /// Known exploited.
    pub exploited: bool,
    /// The version that fixes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_version: Option<String>,
    /// What to type to get the fix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix_command: Option<String>,
    /// Why.
    pub cause: Cause,
}

/// A package that has other versions than before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PackageChange {
    /// Kind.
    #[serde(rename = "type")]
    pub kind: PackageType,
    /// Name.
    pub name: String,
    /// Versions before, sorted; empty for a package that was added.
    pub from: Vec<String>,
    /// Versions now, sorted; empty for a package that was removed.
    pub to: Vec<String>,
}

/// What happened to the packages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct PackageChanges {
    /// Only in the new report.
    pub added: Vec<PackageChange>,
    /// Only in the old report.
    pub removed: Vec<PackageChange>,
    /// In both, with other versions.
    pub changed: Vec<PackageChange>,
}

/// The kind of thing that is wrong besides vulnerabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueKind {
    /// A secret.
    Secret,
    /// A misconfiguration.
    Misconfiguration,
    /// A licence.
    License,
}

impl IssueKind {
    /// The scanner that finds it, a word of [`Report::scanners`].
    pub(crate) const fn scanner(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Misconfiguration => "config",
            Self::License => "license",
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Misconfiguration => "misconfiguration",
            Self::License => "licence",
        }
    }
}

/// A secret, misconfiguration or licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// What kind.
    pub kind: IssueKind,
    /// Id of the rule, or the licence.
    pub rule: String,
    /// What it is, for people.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// Where: a path with its line, and the object there.
    pub place: String,
}

/// What happened to secrets, misconfigurations and licences.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct IssueChanges {
    /// Only in the old report.
    pub fixed: Vec<Issue>,
    /// Only in the new report.
    pub new: Vec<Issue>,
    /// In both.
    pub remaining: Vec<Issue>,
    /// Only in the old report, because the new scan did not look for them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_assessed: Vec<Issue>,
}

/// The difference of two reports; every list is sorted worst first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// The old report.
    pub old: Subject,
    /// The new report.
    pub new: Subject,
    /// Old and new base, when the base image is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_image: Option<(String, String)>,
    /// Vulnerabilities that are gone.
    pub fixed: Vec<Change>,
    /// Vulnerabilities that came.
    #[serde(rename = "new_vulnerabilities")]
    pub introduced: Vec<Change>,
    /// Vulnerabilities that stay.
    pub remaining: Vec<Change>,
    /// Vulnerabilities that somebody decided to live with.
    pub waived: Vec<Change>,
    /// Vulnerabilities of the old report that the new one cannot see: not fixed, not known.
    pub not_assessed: Vec<Change>,
    /// Packages.
    pub packages: PackageChanges,
    /// The rest.
    pub issues: IssueChanges,
    /// What makes the comparison less than exact, one sentence each.
    pub caveats: Vec<String>,
}

/// Compares two reports: of images, directories or bills of materials.
///
/// A vulnerability is the same in both when the package has the same kind and name, whatever its
/// version, and the ids or aliases meet; one that vanished while the new report could not look at
/// its package is not counted as fixed.
#[must_use]
pub fn diff(old: &Report, new: &Report, waivers: &Waivers) -> Diff {
    let base_image = packages::base_change(old, new);
    let (before, after) = (packages::versions(old), packages::versions(new));
    let mut diff = Diff {
        old: Subject::of(old),
        new: Subject::of(new),
        fixed: Vec::new(),
        introduced: Vec::new(),
        remaining: Vec::new(),
        waived: Vec::new(),
        not_assessed: Vec::new(),
        packages: packages::changes((old, &before), (new, &after)),
        issues: issues::changes(old, new),
        caveats: caveats(old, new),
        base_image,
    };
    findings::compare((old, &before), (new, &after), waivers, &mut diff);
    diff
}

fn caveats(old: &Report, new: &Report) -> Vec<String> {
    let mut caveats = Vec::new();
    for (word, report) in [("old", old), ("new", new)] {
        for gap in not_assessed(report) {
            caveats.push(format!("the {word} report was not assessed: {gap}"));
        }
        if !lists_packages(report) {
            caveats.push(format!(
                "the {word} report lists only packages with findings: which packages came or went is not known"
            ));
        }
        if report.hidden > 0 {
            caveats.push(format!(
                "the display filters of the {word} report hide {}; compare reports written without filters",
                crate::text::counted(report.hidden, "finding")
            ));
        }
    }
    for (word, kind, before, after) in [
        (
            "secrets",
            IssueKind::Secret,
            old.secrets.len(),
            new.secrets.len(),
        ),
        (
            "misconfigurations",
            IssueKind::Misconfiguration,
            old.misconfigurations.len(),
            new.misconfigurations.len(),
        ),
        (
            "licences",
            IssueKind::License,
            old.licenses.len(),
            new.licenses.len(),
        ),
    ] {
        let looked = |report| looked_for(report, kind.scanner());
        match (looked(old), looked(new)) {
            (Some(false), Some(false)) | (Some(true), Some(true)) => {}
            (_, Some(false)) if before > 0 => caveats.push(format!(
                "the new scan did not look for {word}: those of the old report are not known to be gone"
            )),
            (Some(false), _) if after > 0 => caveats.push(format!(
                "the old scan did not look for {word}: those of the new report may have been there before"
            )),
            (_, None) if before > 0 && after == 0 => caveats.push(format!(
                "only the old report has {word}; they are fixed only if the new scan looked for them too"
            )),
            _ => {}
        }
    }
    caveats
}
