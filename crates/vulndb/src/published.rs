//! Days of publication by id, from 1970 to 2149: for CVEs and malicious packages (`MAL-…`), whose
//! ids are a year and a number, in a bit map as the tables of texts have it; for all other ids with
//! sorted texts.

use std::collections::BTreeMap;

use seaworthy_model::Date;

use crate::bytes::{assemble, find_text, number, push_text, text};
use crate::cve_table::{Blocks, Number, cve, find, numbers, of_digits};
use crate::table::table;
use crate::{ShardMeta, SourceInfo};

const BLOCKS: usize = 1;
/// The low bytes of the days, then their high bytes.
const DAYS: usize = 2;
/// Offsets of the other ids (`u32`).
const OFFSETS: usize = 3;
/// The other ids, each with its day (`u16`).
const OTHERS: usize = 4;

/// What the meta data says in place of a version scheme.
const SCHEME: &str = "day";

/// Marks a year of malicious packages; no year of a CVE has that bit.
const MALICIOUS: u16 = 1 << 15;

table! {
    /// Days of publication by id.
    PublishedTable
}

/// Writes the table of days of publication; of an id that comes twice, the earlier day counts. Days
/// before 1970 and after 2149 are left out.
#[must_use]
pub fn build_published<'i>(
    sources: Vec<SourceInfo>,
    entries: impl IntoIterator<Item = (&'i str, Date)>,
) -> Vec<u8> {
    let mut days: BTreeMap<&str, u16> = BTreeMap::new();
    for (id, date) in entries {
        if let Ok(day) = u16::try_from(date.days()) {
            let own = days.entry(id).or_insert(day);
            *own = day.min(*own);
        }
    }
    let mut blocks = Blocks::default();
    let (mut offsets, mut others) = (Vec::new(), Vec::new());
    for (id, day) in days {
        if let Some(number) = number_of(id) {
            blocks.insert(number, day);
        } else {
            let offset = u32::try_from(others.len()).unwrap_or(u32::MAX);
            offsets.extend_from_slice(&offset.to_le_bytes());
            push_text(&mut others, id);
            others.extend_from_slice(&day.to_le_bytes());
        }
    }
    let days: Vec<u16> = blocks.values().copied().collect();
    let low = days.iter().map(|day| (day & 0xff) as u8);
    let high = days.iter().map(|day| (day >> 8) as u8);
    let planes = low.chain(high).collect();
    let meta = ShardMeta {
        key: "published".to_owned(),
        scheme: SCHEME.to_owned(),
        sources,
        checked: String::new(),
    };
    assemble(
        &meta.text(),
        [blocks.index(), planes, offsets, others, Vec::new()],
    )
}

fn number_of(id: &str) -> Option<Number> {
    cve(id).or_else(|| {
        let (year, digits) = id.strip_prefix("MAL-")?.split_once('-')?;
        if digits.starts_with('0') {
            return None;
        }
        let (year, high, low) = of_digits(year, digits)?;
        Some((year | MALICIOUS, high, low))
    })
}

fn id_of((year, high, low): Number) -> String {
    let value = u32::from(high) << 8 | u32::from(low);
    if year & MALICIOUS == 0 {
        format!("CVE-{year:04}-{value:04}")
    } else {
        format!("MAL-{:04}-{value}", year & !MALICIOUS)
    }
}

impl PublishedTable {
    /// The day on which a vulnerability was made public.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Date> {
        let day = match number_of(id) {
            Some(number) => self.of_number(number)?,
            None => self.of_other(id)?,
        };
        Some(Date::from_days(day.into()))
    }

    /// Every id with its day: those of numbers, then the others, each in their order.
    pub fn iter(&self) -> impl Iterator<Item = (String, Date)> {
        let numbers = numbers(self.0.sections.section(BLOCKS))
            .enumerate()
            .filter_map(|(at, number)| {
                Some((id_of(number), Date::from_days(self.day(at)?.into())))
            });
        let offsets = self.0.sections.section(OFFSETS).chunks_exact(4);
        let others = offsets.filter_map(|offset| {
            let at = number(offset, 0)? as usize;
            let mut bytes = self.0.sections.section(OTHERS).get(at..)?;
            let id = text(&mut bytes)?.to_owned();
            Some((id, Date::from_days(day_in(bytes)?.into())))
        });
        numbers.chain(others)
    }

    fn of_number(&self, number: Number) -> Option<u16> {
        self.day(find(self.0.sections.section(BLOCKS), number)?)
    }

    fn day(&self, at: usize) -> Option<u16> {
        let planes = self.0.sections.section(DAYS);
        let (low, high) = planes.split_at_checked(planes.len() / 2)?;
        Some(u16::from(*low.get(at)?) | u16::from(*high.get(at)?) << 8)
    }

    fn of_other(&self, id: &str) -> Option<u16> {
        let (offsets, others) = (
            self.0.sections.section(OFFSETS),
            self.0.sections.section(OTHERS),
        );
        day_in(find_text(offsets, others, id)?)
    }
}

/// The day with which bytes begin.
fn day_in(bytes: &[u8]) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(..2)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn table(entries: &[(&str, &str)]) -> PublishedTable {
        let entries = entries.iter().map(|(id, day)| (*id, date(day)));
        PublishedTable::from_bytes(build_published(Vec::new(), entries)).unwrap()
    }

    #[test]
    fn every_id_has_its_own_day() {
        let entries = [
            ("CVE-1999-0001", "1999-12-30"),
            ("CVE-2021-44228", "2021-12-10"),
            ("CVE-2021-44229", "2021-12-09"),
            ("CVE-2021-44230", "2149-06-06"),
            ("CVE-2021-44231", "1970-01-01"),
            ("CVE-2021-45046", "2021-12-14"),
            ("MAL-2021-7", "2021-03-01"),
            ("MAL-2024-44228", "2024-03-01"),
            ("GHSA-jfh8-c2jp-5v3q", "2021-12-10"),
            ("RUSTSEC-2021-0001", "2021-01-01"),
        ];
        let table = table(&entries);
        for (id, day) in entries {
            assert_eq!(table.get(id), Some(date(day)), "{id}");
        }
        for id in [
            "CVE-2021-44227",
            "CVE-1999-00001",
            "MAL-2021-07",
            "MAL-2021-44228",
            "GHSA-jfh8-c2jp-5v3r",
            "",
        ] {
            assert_eq!(table.get(id), None, "{id}");
        }
        let all: Vec<String> = table
            .iter()
            .map(|(id, day)| format!("{id} {day}"))
            .collect();
        let expected: Vec<String> = entries
            .iter()
            .map(|(id, day)| format!("{id} {day}"))
            .collect();
        let sorted = |mut list: Vec<String>| {
            list.sort();
            list
        };
        assert_eq!(sorted(all), sorted(expected));
        assert_eq!(table.meta().key, "published");
    }

    #[test]
    fn the_earlier_day_counts_and_days_beyond_the_table_are_left_out() {
        let table = table(&[
            ("CVE-2020-0001", "2020-02-02"),
            ("CVE-2020-0001", "2020-01-02"),
            ("CVE-2020-0001", "2020-03-02"),
            ("CVE-2020-0002", "1969-12-31"),
            ("CVE-2020-0003", "2149-06-07"),
        ]);
        assert_eq!(table.get("CVE-2020-0001"), Some(date("2020-01-02")));
        assert_eq!(table.iter().count(), 1);
    }

    proptest::proptest! {
        #[test]
        fn days_come_back(days: Vec<u16>) {
            let ids: Vec<String> = (0..days.len()).map(|n| format!("CVE-2020-{:04}", n * 3)).collect();
            let entries = ids.iter().zip(&days).map(|(id, day)| (id.as_str(), Date::from_days((*day).into())));
            let table = PublishedTable::from_bytes(build_published(Vec::new(), entries)).unwrap();
            for (id, day) in ids.iter().zip(&days) {
                proptest::prop_assert_eq!(table.get(id), Some(Date::from_days((*day).into())));
            }
            proptest::prop_assert!(table.iter().map(|(id, _)| id).eq(ids));
        }

        #[test]
        fn no_bytes_panic(mut bytes: Vec<u8>, at: proptest::sample::Index, byte: u8) {
            let entries = [("CVE-2020-0001", date("2020-01-02")), ("CVE-2020-0300", date("2020-01-03")), ("GHSA-1", date("2020-01-04"))];
            let mut whole = build_published(Vec::new(), entries);
            let at = at.index(whole.len());
            whole[at] = byte;
            for bytes in [std::mem::take(&mut bytes), whole] {
                if let Ok(table) = PublishedTable::from_bytes(bytes) {
                    let _ = (table.get("CVE-2020-0001"), table.get("GHSA-1"), table.iter().count());
                }
            }
        }
    }
}
