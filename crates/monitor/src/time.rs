//! Times as the artefacts of the field carry them.

use jiff::Timestamp;
use seaworthy_model::Date;

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// ISO 8601 in UTC to the second with a numeric offset, `2026-11-25T13:36:51+00:00`: the form of
/// `date -Iseconds`, which every reader of RFC 3339 and every Python's `fromisoformat` takes.
#[must_use]
pub fn iso(time: Timestamp) -> String {
    let text = to_second(time).to_string();
    match text.strip_suffix('Z') {
        Some(bare) => format!("{bare}+00:00"),
        None => text,
    }
}

/// The time without its fraction of a second.
pub(crate) fn to_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// `2026-11-25`.
pub(crate) fn date(time: Timestamp) -> String {
    iso(time).chars().take(10).collect()
}

/// Midnight UTC of a day `YYYY-MM-DD`, also where a time follows it; none for anything else.
pub(crate) fn midnight(day: &str) -> Option<Timestamp> {
    let day: Date = day.parse().ok()?;
    Timestamp::from_second(i64::from(day.days()) * DAY).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_an_offset_and_no_fraction() {
        let time: Timestamp = "2026-11-25T13:36:51.9Z".parse().unwrap();
        assert_eq!(iso(time), "2026-11-25T13:36:51+00:00");
        assert_eq!(date(time), "2026-11-25");
    }

    #[test]
    fn days_begin_at_midnight() {
        for (day, expected) in [
            ("2026-11-25", Some("2026-11-25T00:00:00+00:00")),
            ("2026-11-20T08:00:00Z", Some("2026-11-20T00:00:00+00:00")),
            ("2026-13-01", None),
            ("yesterday", None),
            ("", None),
            ("2026-11-é5", None),
        ] {
            assert_eq!(midnight(day).map(iso).as_deref(), expected, "{day}");
        }
    }
}
