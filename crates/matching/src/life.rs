use seaworthy_model::Inventory;
use seaworthy_vulndb::Database;

use crate::date::days;

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
        days(&end)
            .zip(days(today))
            .is_some_and(|(end, today)| today > end)
    });
    Some(DistributionLife { key, end, ended })
}
