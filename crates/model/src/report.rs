use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Finding, Inventory, LicenseFinding, Misconfiguration, Origin, Secret, Severity};

/// The program that made a report.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tool {
    /// `seaworthy`.
    pub name: String,
    /// Version.
    pub version: String,
}

/// What kind of thing was scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// A container image, from wherever.
    #[default]
    Image,
    /// An unpacked root file system.
    RootFs,
    /// A directory of sources.
    Directory,
    /// A bill of materials.
    Sbom,
}

/// What was scanned.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Target {
    /// What the user named, without credentials: `registry.example.com/shop/web:1.8`,
    /// `examples/images/storefront`.
    pub name: String,
    /// Kind.
    pub kind: TargetKind,
    /// Where it was read from: `registry`, `docker-archive`, `oci-dir` …
    pub source: String,
}

impl Target {
    /// What the image is called: the reference that an archive carries, else the archive's own name;
    /// for everything else the target's name. Where it lies on a disk says nothing about an image,
    /// so a new place makes no other image of it.
    #[must_use]
    pub fn image(&self) -> &str {
        if !self.source.ends_with("-archive") {
            return &self.name;
        }
        let tag = (self.name.strip_suffix(')')).and_then(|name| name.rsplit_once(" ("));
        match tag {
            Some((_, tag)) if !tag.is_empty() => tag,
            _ => self.name.rsplit('/').next().unwrap_or(&self.name),
        }
    }
}

/// One shard that answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ShardInfo {
    /// Key: `debian:12`.
    pub key: String,
    /// When the newest of its sources was made, `YYYY-MM-DD`, as far as the feed tells.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub date: String,
    /// `sha256:…` of the shard file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
}

/// Which database answered, and how old it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DatabaseInfo {
    /// Where it is: a directory, or `starter table`.
    pub location: String,
    /// Newest date among the shards that answered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub date: String,
    /// Shards that answered, sorted by key.
    pub shards: Vec<ShardInfo>,
    /// The tables beside the shards that it has, sorted: `cvss`, `eol`, `epss`, `kev`,
    /// `published`. What a finding lacks says nothing where the table is not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
}

impl DatabaseInfo {
    /// Whether it has the table of that name.
    #[must_use]
    pub fn has_table(&self, name: &str) -> bool {
        self.tables.iter().any(|table| table == name)
    }
}

/// Findings per severity and more; what people read first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Per severity, all severities present.
    pub by_severity: BTreeMap<Severity, usize>,
    /// With a fixed version.
    pub fixable: usize,
    /// Known exploited.
    pub exploited: usize,
    /// From the base image.
    pub base: usize,
    /// From the team's own layers.
    pub application: usize,
}

/// One change that clears findings: the "least to change" list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remediation {
    /// What to do, for people: `apk: busybox 1.36.1-r2 → 1.36.1-r7`.
    pub summary: String,
    /// What to type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// How many findings it clears.
    pub clears: usize,
    /// The worst severity among them.
    pub worst: Severity,
}

/// Until when a release of a distribution gets security fixes for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Support {
    /// The last day, `YYYY-MM-DD`.
    pub end: String,
    /// Whether it is over: what is found from now on will not be fixed there.
    pub ended: bool,
}

/// What the gate said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GateResult {
    /// The rule, for people: `fail on high and above`; empty without a gate.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// Whether it passes; true without a gate.
    pub passed: bool,
    /// How many findings break it.
    pub breaking: usize,
    /// Where it is a policy, how many of its rules are not kept, those that could not be checked
    /// among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<usize>,
}

/// How the process should end, from the report alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitClass {
    /// Exit 0.
    Pass,
    /// Exit 1.
    GateFailed,
    /// Exit 3.
    NotAssessed,
}

/// Everything that a scan found: the one value that all output formats are written from.
///
/// It carries no wall-clock time, so equal inputs give equal bytes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Report {
    /// Version of this shape, `major.minor`; see `schemas/`.
    pub schema_version: String,
    /// The program.
    pub tool: Tool,
    /// What was scanned.
    pub target: Target,
    /// What was looked for: `vuln`, `secret`, `config`, `license`. An empty list of findings says
    /// nothing where its scanner did not run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scanners: Vec<String>,
    /// What is in it.
    pub inventory: Inventory,
    /// What is wrong with it, worst first; after the display filters.
    pub findings: Vec<Finding>,
    /// Credentials that were found, worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Secret>,
    /// Unsafe configuration, worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub misconfigurations: Vec<Misconfiguration>,
    /// Licences, worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<LicenseFinding>,
    /// How many findings the display filters removed.
    pub hidden: usize,
    /// Counts over `findings`.
    pub counts: Counts,
    /// The least change that helps most, best first.
    pub remediations: Vec<Remediation>,
    /// The gate.
    pub gate: GateResult,
    /// Which advisories answered.
    pub database: DatabaseInfo,
    /// Until when the distribution gets security fixes, where the database tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support: Option<Support>,
    /// Whether gaps that make the answer worthless were accepted (`--allow-unknown`).
    pub unknown_allowed: bool,
}

impl Report {
    /// The version of the JSON shape that this build writes.
    pub const SCHEMA_VERSION: &'static str = "1.0";

    /// Counts over findings.
    #[must_use]
    pub fn count(findings: &[Finding]) -> Counts {
        let mut counts = Counts {
            by_severity: Severity::WORST_FIRST.into_iter().map(|s| (s, 0)).collect(),
            ..Counts::default()
        };
        for finding in findings {
            *counts.by_severity.entry(finding.severity).or_default() += 1;
            counts.fixable += usize::from(finding.is_fixable());
            counts.exploited += usize::from(finding.kev.is_some());
            counts.base += usize::from(finding.origin == Origin::Base);
            counts.application += usize::from(finding.origin == Origin::Application);
        }
        counts
    }

    /// Whether this program made it, and not another scanner, which tells less.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        matches!(self.tool.name.as_str(), "" | "seaworthy")
    }

    /// How the process should end.
    #[must_use]
    pub fn exit_class(&self) -> ExitClass {
        if self.inventory.coverage.has_fatal() && !self.unknown_allowed {
            ExitClass::NotAssessed
        } else if self.gate.passed {
            ExitClass::Pass
        } else {
            ExitClass::GateFailed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_called_what_they_hold() {
        for (source, name, image) in [
            (
                "docker-archive",
                "/builds/shop/web.tar (reg.example.com/shop/web:1.8)",
                "reg.example.com/shop/web:1.8",
            ),
            ("docker-archive", "/builds/shop/web.tar", "web.tar"),
            ("oci-archive", "web.tar", "web.tar"),
            ("docker-archive", "a ()", "a ()"),
            (
                "registry",
                "reg.example.com/shop/web:1",
                "reg.example.com/shop/web:1",
            ),
            ("oci-dir", "images/storefront", "images/storefront"),
        ] {
            let target = Target {
                name: name.to_owned(),
                source: source.to_owned(),
                ..Target::default()
            };
            assert_eq!(target.image(), image, "{name}");
        }
    }
}
