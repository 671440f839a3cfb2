//! Since when findings are known, for the deadlines of a policy.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use seaworthy_model::Date;
use seaworthy_model::{Finding, Package, Report};
use seaworthy_monitor::{finding_keys, iso};
use seaworthy_policy::finding_key;

/// Since when an image has its findings. The empty one is that of an image that was never seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstSeen {
    by_key: HashMap<String, Timestamp>,
}

impl FirstSeen {
    pub(crate) const fn new(by_key: HashMap<String, Timestamp>) -> Self {
        Self { by_key }
    }

    /// Since when it has one of them; none for one that is new.
    #[must_use]
    pub fn of(&self, finding: &Finding, package: &Package) -> Option<Timestamp> {
        finding_keys(finding, package)
            .iter()
            .filter_map(|key| self.by_key.get(&key.to_string()))
            .min()
            .copied()
    }

    /// The days as a policy asks for them ([`seaworthy_policy::Facts::first_seen`]). What the history
    /// does not have is seen today for the first time.
    #[must_use]
    pub fn dates(&self, report: &Report, today: Date) -> BTreeMap<String, Date> {
        let mut dates: BTreeMap<String, Date> = BTreeMap::new();
        for finding in &report.findings {
            let Some(package) = report.inventory.packages.get(finding.package) else {
                continue;
            };
            let first = self.of(finding, package).and_then(day);
            let key = finding_key(&finding.id, package.kind.purl_type(), &package.name);
            let date = first.map_or(today, |first| first.min(today));
            dates
                .entry(key)
                .and_modify(|known| *known = date.min(*known))
                .or_insert(date);
        }
        dates
    }
}

/// The day in UTC.
fn day(time: Timestamp) -> Option<Date> {
    iso(time).get(..10)?.parse().ok()
}
