use seaworthy_model::{CoverageEntry, CoverageKind, Date, Inventory, Package, PackageType};
use seaworthy_vulndb::{Database, EolTable};

/// Until when the release of a distribution gets security fixes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistributionLife {
    /// The shard key: `debian:10`.
    pub key: String,
    /// The last day with security fixes, `YYYY-MM-DD`; empty when the table knows only whether it
    /// is over.
    pub end: String,
    /// Whether it is over; false when the day is not known or no "today" was given.
    pub ended: bool,
}

/// What the table of ends of life says about the inventory's distribution.
pub(crate) fn of(
    inventory: &Inventory,
    database: &Database,
    today: Option<&str>,
) -> Option<DistributionLife> {
    let key = inventory.distribution.as_ref()?.shard_key()?;
    let end = database.eol()?.get(&key)?.to_owned();
    let ended = today.is_some_and(|today| {
        day(&end)
            .zip(day(today))
            .is_some_and(|(end, today)| today > end)
    });
    Some(DistributionLife { key, end, ended })
}

/// Packages whose support ended before that of their release: Debian keeps a list of them.
pub(crate) struct PackageLives<'d> {
    table: Option<&'d EolTable>,
    /// The shard key of the release, where it is one with such a list.
    release: String,
    today: Option<Date>,
}

impl<'d> PackageLives<'d> {
    pub(crate) fn of(inventory: &Inventory, database: &'d Database, today: Option<&str>) -> Self {
        let release = inventory
            .distribution
            .as_ref()
            .and_then(|d| d.shard_key())
            .filter(|key| key.starts_with("debian:"));
        Self {
            table: database.eol().filter(|_| release.is_some()),
            release: release.unwrap_or_default(),
            today: today.and_then(day),
        }
    }

    /// The day on which the support of the package ended, when that is past. The list names
    /// source packages, some by their beginning (`php-horde.*`).
    pub(crate) fn ended(&self, package: &Package) -> Option<&'d str> {
        let (table, today) = (self.table?, self.today?);
        if package.kind != PackageType::Deb {
            return None;
        }
        let name = package.source_name();
        let exact = table.get(&format!("{}/{name}", self.release));
        let end = exact.or_else(|| {
            name.match_indices('-').find_map(|(at, _)| {
                let (head, rest) = (name.get(..at)?, name.get(at + 1..)?);
                let next = rest.split('-').next().unwrap_or(rest);
                [head.to_owned(), format!("{head}-{next}")]
                    .iter()
                    .find_map(|head| table.get(&format!("{}/{head}.*", self.release)))
            })
        })?;
        (today > day(end)?).then_some(end)
    }

    /// The gap that such a package leaves: advisories of later days do not name it.
    pub(crate) fn gap(&self, package: &Package, end: &str, distribution: &str) -> CoverageEntry {
        CoverageEntry::new(
            CoverageKind::SupportEnded,
            format!("{}/{}", self.release, package.source_name()),
            format!(
                "the security support of this package in {distribution} ended on {end}, so what was found since is in no advisory; replace it, or move to a release that supports it"
            ),
        )
    }
}

/// The day that a text begins with.
fn day(text: &str) -> Option<Date> {
    text.parse().ok()
}
