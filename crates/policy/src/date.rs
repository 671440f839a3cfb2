use std::fmt;
use std::str::FromStr;

/// A day of the proleptic Gregorian calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

/// A text that is no date.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a date of the form YYYY-MM-DD")]
pub struct InvalidDate(pub String);

impl Date {
    /// The day that lies so many days after 1970-01-01.
    #[must_use]
    pub const fn from_days(days: i32) -> Self {
        Self(days)
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
    if !(rest.is_empty() || rest.starts_with(['T', 't', ' '])) {
        return None;
    }
    let mut parts = date.split('-');
    let mut number = |length: usize| -> Option<i32> {
        let part = parts.next()?;
        (part.len() == length && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse().ok())?
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i32::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // The year begins in March, so that the leap day is its last.
    let (year, month) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(Date(
        365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468,
    ))
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The inverse of `parse`: eras of 400 years, years that begin in March.
        let days = i64::from(self.0) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let (month, carry) = if month < 10 {
            (month + 3, 0)
        } else {
            (month - 9, 1)
        };
        write!(
            f,
            "{:04}-{month:02}-{day:02}",
            era * 400 + year_of_era + carry
        )
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
            proptest::prop_assert_eq!(date.to_string().parse::<Date>(), Ok(date));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,24}") {
            let _ = text.parse::<Date>();
        }
    }
}
