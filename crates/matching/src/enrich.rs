use seaworthy_model::{Date, Epss, KnownExploited};
use seaworthy_vulndb::Database;

use crate::group::is_cve;
use crate::rating::Ratings;

/// The tables beside the shards: what is known about a vulnerability wherever it is.
pub(crate) struct Tables<'d> {
    database: &'d Database,
}

impl<'d> Tables<'d> {
    pub(crate) fn of(database: &'d Database) -> Self {
        Self { database }
    }

    /// The highest score among the ids.
    pub(crate) fn epss(&self, ids: &[&str]) -> Option<Epss> {
        let table = self.database.epss()?;
        cves(ids)
            .filter_map(|id| table.get(id))
            .max_by(|a, b| a.score.total_cmp(&b.score))
    }

    pub(crate) fn kev(&self, ids: &[&str]) -> Option<KnownExploited> {
        let table = self.database.kev()?;
        cves(ids).find_map(|id| table.get(id))
    }

    /// The earliest day on which one of the ids was made public.
    pub(crate) fn published(&self, ids: &[&str]) -> Option<Date> {
        ids.iter()
            .filter_map(|id| self.database.published(id))
            .min()
    }

    /// Adds what the table of CVSS vectors says.
    pub(crate) fn rate(&self, ids: &[&str], ratings: &mut Ratings) {
        let Some(table) = self.database.cvss() else {
            return;
        };
        for id in cves(ids) {
            for (source, vector) in table.ratings(id) {
                ratings.add_vector(source, vector);
            }
        }
    }
}

fn cves<'i>(ids: &'i [&'i str]) -> impl Iterator<Item = &'i str> {
    ids.iter().copied().filter(|id| is_cve(id))
}
