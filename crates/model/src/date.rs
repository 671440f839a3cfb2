use std::fmt;
use std::str::FromStr;

use jiff::{ToSpan, civil};
use serde::{Deserialize, Serialize};

/// 1970-01-01.
const EPOCH: civil::Date = civil::date(1970, 1, 1);

/// -9999-01-01 and 9999-12-31 in days since then.
const FIRST: i32 = -4_371_587;
const LAST: i32 = 2_932_896;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A day of the proleptic Gregorian calendar, in UTC; `YYYY-MM-DD` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date(i32);

/// A text that is no date.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a date of the form YYYY-MM-DD")]
pub struct InvalidDate(pub String);

impl Date {
    /// The day that lies so many days after 1970-01-01; the first or last day of the years -9999
    /// to 9999 for what lies beyond them.
    #[must_use]
    pub const fn from_days(days: i32) -> Self {
        Self(if days < FIRST {
            FIRST
        } else if days > LAST {
            LAST
        } else {
            days
        })
    }

    /// The day of a time, in seconds since 1970, within the same years.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        let days = seconds.div_euclid(DAY);
        Self(if days < FIRST as i64 {
            FIRST
        } else if days > LAST as i64 {
            LAST
        } else {
            days as i32
        })
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub const fn days(self) -> i32 {
        self.0
    }

    /// Whole days from another day to this one; negative when this one is earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i32 {
        self.0 - earlier.0
    }
}

impl FromStr for Date {
    type Err = InvalidDate;

    /// Reads `YYYY-MM-DD`, alone or as the beginning of an RFC 3339 time.
    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        parse(text.trim()).ok_or_else(|| InvalidDate(text.chars().take(40).collect()))
    }
}

fn parse(text: &str) -> Option<Date> {
    let (date, rest) = (text.get(..10)?, text.get(10..)?);
    // Four digits: the library takes signs and six too, which no feed writes.
    let plain = date.starts_with(|c: char| c.is_ascii_digit())
        && (rest.is_empty() || rest.starts_with(['T', 't', ' ']));
    let civil = plain.then(|| date.parse::<civil::Date>().ok())??;
    EPOCH.until(civil).ok().map(|span| Date(span.get_days()))
}

impl fmt::Display for Date {
    /// `YYYY-MM-DD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        EPOCH.saturating_add(self.0.days()).fmt(f)
    }
}

impl TryFrom<String> for Date {
    type Error = InvalidDate;

    fn try_from(text: String) -> Result<Self, InvalidDate> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        for (date, expected) in [
            ("1970-01-01", Some(0)),
            ("1970-03-01", Some(59)),
            ("2000-02-29", Some(11_016)),
            ("2026-11-24T12:00:00Z", Some(20_781)),
            ("2026-02-29", None),
            ("2026-13-01", None),
            ("2026-1-1", None),
            ("2026-11-24x", None),
            ("2026-11-é", None),
            ("-02026-1-1", None),
            ("9999-12-31", Some(2_932_896)),
            ("", None),
        ] {
            assert_eq!(
                date.parse::<Date>().ok().map(Date::days),
                expected,
                "{date}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn what_prints_parses_again(days in -719_000..2_000_000_i32) {
            let date = Date::from_days(days);
            proptest::prop_assert_eq!(Date::from_seconds(i64::from(days) * DAY + 86_399), date);
            proptest::prop_assert_eq!(date.to_string().parse::<Date>(), Ok(date));
        }

        #[test]
        fn no_number_panics(days: i32, seconds: i64) {
            let (date, other) = (Date::from_days(days), Date::from_seconds(seconds));
            proptest::prop_assert_eq!(date.since(other), -other.since(date));
            for date in [date, other] {
                proptest::prop_assert!(!date.to_string().is_empty());
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,24}") {
            let _ = text.parse::<Date>();
        }
    }
}
