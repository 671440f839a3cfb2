//! Packages against advisories: what is wrong with an inventory, how bad it is, what fixes it, and
//! why something is or is not reported.
//!
//! OS packages are compared with the advisories of their own distribution only, language packages
//! with those of their ecosystem. What could not be compared becomes coverage and never counts as
//! clean.

mod coverage;
mod enrich;
mod explain;
mod fix;
mod fixed;
mod group;
mod judge;
mod keys;
mod life;
mod matcher;
mod module;
mod rating;
mod reach;
mod remedy;
mod scheme;
mod third_party;

use seaworthy_model::{CoverageEntry, Finding, Inventory, ShardInfo};
use seaworthy_vulndb::Database;

pub use explain::{Explanation, Outcome, PackageExplanation, RowExplanation, RowVerdict, explain};
pub use keys::shard_keys;
pub use life::DistributionLife;
pub use remedy::remediations;
pub use scheme::scheme_of;

use crate::matcher::Matcher;

/// How packages are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchOptions {
    /// Look up packages of the operating system.
    pub os: bool,
    /// Look up packages of languages.
    pub language: bool,
    /// Today, `YYYY-MM-DD`; without it neither the age of shards nor the end of life is judged.
    pub now_date: Option<String>,
    /// Shards whose newest source is older than this many days are named in the coverage.
    pub max_db_age_days: Option<u32>,
}

impl Default for MatchOptions {
    fn default() -> Self {
        Self {
            os: true,
            language: true,
            now_date: None,
            max_db_age_days: None,
        }
    }
}

/// What is wrong with an inventory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matched {
    /// One finding per vulnerability and package: worst severity first, then known exploited, then
    /// EPSS, then package name, id and place.
    pub findings: Vec<Finding>,
    /// What could not be assessed, sorted.
    pub coverage: Vec<CoverageEntry>,
    /// The shards that answered, sorted by key.
    pub shards: Vec<ShardInfo>,
    /// When the support of the distribution ends or ended, as far as the database tells.
    pub life: Option<DistributionLife>,
}

/// Looks every package of an inventory up.
#[must_use]
pub fn match_inventory(
    inventory: &Inventory,
    database: &Database,
    options: &MatchOptions,
) -> Matched {
    let matcher = Matcher::new(inventory, database, options);
    let (mut findings, coverage, shards) = matcher.run();
    sort(&mut findings, inventory);
    Matched {
        findings,
        coverage,
        shards,
        life: life::of(inventory, database, options.now_date.as_deref()),
    }
}

/// The order in which people should read findings; total, so that equal runs give equal bytes.
fn sort(findings: &mut [Finding], inventory: &Inventory) {
    let name = |finding: &Finding| {
        inventory
            .packages
            .get(finding.package)
            .map_or("", |package| package.name.as_str())
    };
    let epss = |finding: &Finding| finding.epss.map_or(0.0, |epss| epss.score);
    findings.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| b.kev.is_some().cmp(&a.kev.is_some()))
            .then_with(|| epss(b).total_cmp(&epss(a)))
            .then_with(|| name(a).cmp(name(b)))
            .then_with(|| a.id.cmp(&b.id))
            .then_with(|| a.package.cmp(&b.package))
    });
}

#[cfg(test)]
mod tests;
