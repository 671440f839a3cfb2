//! Days on which vulnerabilities were made public.
//!
//! Of all days that the sources give, the earliest counts: a vulnerability is public from the day
//! on which anybody made it so, and an advisory that fixes it later does not change that. What can be
//! no such day is left out: a day that is a placeholder (the years 1 and 1970), that lies more than
//! two years before the year of the CVE's number, or after the feed itself was made.

use rustc_hash::FxHashMap;
use seaworthy_model::Date;

use crate::ids;

/// Nobody published vulnerabilities before.
const FIRST_YEAR: u16 = 1985;

/// The earliest day of each id.
#[derive(Debug, Default)]
pub(crate) struct Days(FxHashMap<Box<str>, Date>);

impl Days {
    pub(crate) fn add(&mut self, id: &str, day: Date) {
        match self.0.get_mut(id) {
            Some(own) => *own = day.min(*own),
            None => {
                self.0.insert(id.into(), day);
            }
        }
    }

    pub(crate) fn join(&mut self, other: Self) {
        if self.0.is_empty() {
            *self = other;
            return;
        }
        for (id, day) in other.0 {
            self.add(&id, day);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Date)> {
        self.0.iter().map(|(id, day)| (&**id, *day))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The day of publication that a feed's text names: `YYYY-MM-DD…`, or `YYYYMMDD…` as in OVAL; none
/// when it names none, or one on which this vulnerability cannot have been made public. `latest` is
/// the day on which the feed was made.
pub(crate) fn day_of(id: &str, text: &str, latest: Option<Date>) -> Option<Date> {
    let text = text.trim();
    let (day, year) = match compact(text) {
        Some(day) => (day.parse::<Date>(), day.get(..4)?.parse::<u16>().ok()?),
        None => (text.parse(), text.get(..4)?.parse::<u16>().ok()?),
    };
    let day = day.ok()?;
    let first = match ids::is_cve(id).then(|| id.get(4..8)?.parse::<u16>().ok()) {
        Some(of_number) => of_number?.saturating_sub(2).max(FIRST_YEAR),
        None => FIRST_YEAR,
    };
    let plausible = year >= first && latest.is_none_or(|latest| day <= latest);
    plausible.then_some(day)
}

/// `2023-10-13` of `20231013` and `20231013:1204`.
fn compact(text: &str) -> Option<String> {
    let digits = text
        .get(..8)
        .filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
    let more = text.as_bytes().get(8).is_some_and(u8::is_ascii_digit);
    (!more).then(|| format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]))
}

/// The ids of a record that its day belongs to: its CVEs, or its own id when it names none.
pub(crate) fn subjects<'i>(
    own: &'i str,
    others: impl IntoIterator<Item = &'i str>,
) -> Vec<&'i str> {
    let mut cves: Vec<&str> = std::iter::once(own)
        .chain(others)
        .map(str::trim)
        .filter(|id| ids::is_cve(id))
        .collect();
    if cves.is_empty() {
        cves.push(own);
    }
    cves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_those_that_cannot_be_are_not() {
        for (id, text, expected) in [
            (
                "CVE-2021-44228",
                "2021-12-10T10:15:09.143Z",
                Some("2021-12-10"),
            ),
            (
                "CVE-2021-44228",
                " 2021-12-10 00:00:00 UTC",
                Some("2021-12-10"),
            ),
            ("CVE-2021-44228", "20211210", Some("2021-12-10")),
            ("CVE-2021-44228", "20211210:0942", Some("2021-12-10")),
            ("CVE-2021-44228", "2019-01-01", Some("2019-01-01")),
            ("CVE-2021-44228", "2018-12-31", None),
            ("CVE-2021-44228", "2026-08-21", Some("2026-08-21")),
            ("CVE-2021-44228", "2026-08-22", None),
            ("CVE-2021-44228", "0001-01-01T00:00:00Z", None),
            ("CVE-2021-44228", "1970-01-01", None),
            ("CVE-2021-44228", "unknown", None),
            ("CVE-2021-44228", "2021-13-10", None),
            ("CVE-2021-44228", "1639130400000", None),
            ("CVE-2021-44228", "", None),
            ("CVE-1999-0001", "1985-01-01", None),
            ("GHSA-jfh8-c2jp-5v3q", "2012-01-01", Some("2012-01-01")),
            ("GHSA-jfh8-c2jp-5v3q", "1984-12-31", None),
            ("CVE-2021-é", "2021é", None),
        ] {
            let latest = "2026-08-21".parse().ok();
            let day = day_of(id, text, latest).map(|day| day.to_string());
            assert_eq!(day.as_deref(), expected, "{id} {text}");
        }
        assert!(day_of("CVE-2021-44228", "2199-01-01", None).is_some());
    }

    #[test]
    fn a_records_day_belongs_to_its_cves() {
        for (own, others, expected) in [
            (
                "GHSA-1",
                &["CVE-2020-0001", "PYSEC-1"][..],
                &["CVE-2020-0001"][..],
            ),
            ("GHSA-1", &["PYSEC-1"], &["GHSA-1"]),
            (
                "CVE-2020-0001",
                &[" CVE-2020-0002 "],
                &["CVE-2020-0001", "CVE-2020-0002"],
            ),
        ] {
            assert_eq!(subjects(own, others.iter().copied()), expected, "{own}");
        }
    }

    #[test]
    fn the_earliest_day_counts() {
        let mut days = Days::default();
        for text in ["2021-12-12", "2021-12-10", "2021-12-11"] {
            let mut more = Days::default();
            more.add("CVE-2021-44228", text.parse().unwrap());
            days.join(more);
        }
        let days: Vec<String> = days.iter().map(|(id, day)| format!("{id} {day}")).collect();
        assert_eq!(days, ["CVE-2021-44228 2021-12-10"]);
    }
}
