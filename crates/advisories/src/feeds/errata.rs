//! An advisory of an rpm distribution: some packages in the versions that fix some CVEs. What
//! `updateinfo.xml` and the JSON of the distributions' own services come down to.

use seaworthy_model::Severity;
use seaworthy_vulndb::Advisory;

use crate::ids;
use crate::sink::{Sink, fixed_before};

/// A package of an erratum.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Fixed {
    pub(super) name: String,
    /// `EPOCH:VERSION-RELEASE`, without an epoch of 0.
    pub(super) version: String,
    /// The version from which the erratum counts; empty for the beginning.
    pub(super) since: String,
    /// `name:stream`.
    pub(super) module: Option<String>,
}

/// One erratum for one release.
#[derive(Debug, Default)]
pub(super) struct Erratum {
    pub(super) shard: String,
    pub(super) source: &'static str,
    pub(super) id: String,
    pub(super) severity: Option<Severity>,
    /// When it was issued, as its feed writes it; empty when it does not tell.
    pub(super) issued: String,
    pub(super) cves: Vec<String>,
    pub(super) packages: Vec<Fixed>,
}

/// Packages without code that runs.
pub(super) fn is_debug(name: &str, arch: &str) -> bool {
    matches!(arch, "src" | "nosrc")
        || name.ends_with("-debuginfo")
        || name.ends_with("-debugsource")
        || name.contains("-debuginfo-common")
}

/// `1:2-3` of its parts.
pub(super) fn evr(epoch: &str, version: &str, release: &str) -> Option<String> {
    if version.is_empty() || release.is_empty() {
        return None;
    }
    Some(match epoch {
        "" | "0" | "(none)" => format!("{version}-{release}"),
        epoch => format!("{epoch}:{version}-{release}"),
    })
}

/// The CVEs in a text, sorted, without repetition.
pub(super) fn cves_in(text: &str) -> Vec<String> {
    let mut found: Vec<String> = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter(|word| ids::is_cve(word))
        .map(str::to_owned)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

impl Erratum {
    /// Writes its rows.
    pub(super) fn emit(mut self, sink: &mut dyn Sink) -> Result<(), String> {
        if !ids::is_id(&self.id) {
            return Err(format!("`{}` is no id of an advisory", self.id));
        }
        self.cves.sort_unstable();
        self.cves.dedup();
        // An advisory without a CVE is a vulnerability of its own.
        if self.cves.is_empty() {
            self.cves.push(self.id.clone());
        }
        self.packages.sort();
        self.packages.dedup();
        if self.packages.is_empty() {
            sink.skipped();
        }
        for id in self.cves.iter().filter(|_| !self.packages.is_empty()) {
            sink.published(id, &self.issued);
        }
        for package in &self.packages {
            for cve in &self.cves {
                let mut row = Advisory {
                    id: cve.clone(),
                    advisory: (*cve != self.id).then(|| self.id.clone()),
                    source: self.source.to_owned(),
                    severity: self.severity,
                    module: package.module.clone(),
                    ..fixed_before(&package.name, &package.version)
                };
                for interval in &mut row.intervals {
                    interval.introduced.clone_from(&package.since);
                }
                sink.advisory(&self.shard, row);
            }
        }
        Ok(())
    }
}
