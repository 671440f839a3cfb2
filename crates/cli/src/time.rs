use std::time::{Duration, SystemTime, UNIX_EPOCH};

use seaworthy_model::Date;

/// Seconds since 1970: `SOURCE_DATE_EPOCH` where it is set (reproducible-builds.org), else the
/// clock.
pub(crate) fn now() -> u64 {
    std::env::var("SOURCE_DATE_EPOCH")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or_else(|| {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |d| d.as_secs())
        })
}

/// The day of a time in seconds since 1970.
pub(crate) fn day(seconds: u64) -> Date {
    Date::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// `YYYY-MM-DD` in UTC.
pub(crate) fn date(seconds: u64) -> String {
    day(seconds).to_string()
}

/// `YYYY-MM-DDTHH:MM:SS` in UTC, as GitLab's schema wants it.
pub(crate) fn date_time(seconds: u64) -> String {
    let rest = seconds % 86_400;
    format!(
        "{}T{:02}:{:02}:{:02}",
        date(seconds),
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// `5m0s`, `1h30m`, `300s` (Go, `time.ParseDuration`, whole units).
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let unit = after
            .find(|c: char| c.is_ascii_digit())
            .map_or(after, |end| &after[..end]);
        let seconds = match unit {
            "h" => 3600,
            "m" => 60,
            "s" => 1,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(seconds)?)?;
        rest = &after[unit.len()..];
    }
    (total > 0).then(|| Duration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_gregorian() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00"),
            (951_782_400, "2000-02-29T00:00:00"),
            (1_709_251_199, "2024-02-29T23:59:59"),
            (4_107_542_400, "2100-03-01T00:00:00"),
        ] {
            assert_eq!(date_time(seconds), text);
        }
    }
}
