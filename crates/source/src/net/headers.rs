//! Headers that lead on: where a page goes on, where an upload goes, how much of it is there.

use std::time::{Duration, SystemTime};

use url::Url;

/// What a `Content-Range` says (RFC 9110, 14.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContentRange {
    /// First and last byte; none in an answer that no range could be satisfied.
    pub(crate) bytes: Option<(u64, u64)>,
    /// Length of the whole, where it is known.
    pub(crate) total: Option<u64>,
}

/// Reads `bytes 0-9/100`, `bytes 0-9/*` and `bytes */100`.
pub(crate) fn content_range(value: &str) -> Option<ContentRange> {
    let (unit, rest) = value.trim().split_once(' ')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (range, total) = rest.trim().split_once('/')?;
    let total = match total {
        "*" => None,
        total => Some(number(total)?),
    };
    let bytes = match range {
        "*" => None,
        range => {
            let (first, last) = range.split_once('-')?;
            let (first, last) = (number(first)?, number(last)?);
            if first > last || total.is_some_and(|total| last >= total) {
                return None;
            }
            Some((first, last))
        }
    };
    Some(ContentRange { bytes, total })
}

/// How many bytes an upload has: `Range: 0-99` means 100 (distribution specification, "Pushing a
/// blob in chunks"); some registries write `bytes=0-99`.
pub(crate) fn uploaded(value: &str) -> Option<u64> {
    let value = value.trim();
    let value = value.strip_prefix("bytes=").unwrap_or(value);
    let (first, last) = value.split_once('-')?;
    if number(first)? != 0 {
        return None;
    }
    number(last)?.checked_add(1)
}

/// Digits only: `parse` would take a sign.
fn number(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

/// The target of `rel="next"` in a `Link` header (RFC 8288), which may hold several links.
pub(crate) fn next_link(value: &str) -> Option<&str> {
    let mut rest = value;
    while let Some(open) = rest.find('<') {
        let (target, after) = rest[open + 1..].split_once('>')?;
        let end = end_of_link(after);
        if is_next(&after[..end]) {
            return Some(target.trim());
        }
        rest = &after[end..];
    }
    None
}

/// Where the parameters of a link end: at a comma outside quotes.
fn end_of_link(text: &str) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

/// Whether a link without any `rel` counts: some registries send nothing but the next page.
fn is_next(parameters: &str) -> bool {
    let mut any = false;
    for parameter in parameters.split(';') {
        let Some((name, value)) = parameter.split_once('=') else {
            continue;
        };
        if name.trim().eq_ignore_ascii_case("rel") {
            any = true;
            let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
            if relations.any(|relation| relation.eq_ignore_ascii_case("next")) {
                return true;
            }
        }
    }
    !any
}

/// Where a `Location` or a link leads, seen from the address that was asked. Not out of TLS, not
/// to another protocol; credentials in it are dropped.
pub(crate) fn follow(asked: &Url, location: &str) -> Result<Url, &'static str> {
    let mut url = asked.join(location).map_err(|_| "that is no address")?;
    match (asked.scheme(), url.scheme()) {
        ("https", "http") => return Err("without TLS"),
        (_, "http" | "https") if url.has_host() => {}
        _ => return Err("that is no address"),
    }
    // Addresses with a host can be without credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    Ok(url)
}

/// A date (RFC 9110, 5.6.7); the two obsolete forms count as none.
pub(crate) fn date(value: &str) -> Option<SystemTime> {
    let zoned = jiff::fmt::rfc2822::parse(value.trim()).ok()?;
    let seconds = u64::try_from(zoned.timestamp().as_second()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// How long to wait: `Retry-After` in seconds, or as a date, seen from the server's own clock.
pub(crate) fn retry_after(value: &str, now: Option<SystemTime>) -> Option<Duration> {
    if let Some(seconds) = number(value.trim()) {
        return Some(Duration::from_secs(seconds));
    }
    let until = date(value)?;
    Some(until.duration_since(now?).unwrap_or_default())
}
