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
        let end = until(after, b',');
        if is_next(&after[..end]) {
            return Some(target.trim());
        }
        rest = &after[end..];
    }
    None
}

/// Where a part of a header ends: before a byte outside quotes.
fn until(text: &str, stop: u8) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            byte if byte == stop && !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

/// Whether a link without any `rel` counts: some registries send nothing but the next page.
fn is_next(parameters: &str) -> bool {
    let mut any = false;
    let mut rest = parameters;
    while !rest.is_empty() {
        let (parameter, after) = rest.split_at(until(rest, b';'));
        rest = after.strip_prefix(';').unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_read() {
        for (value, expected) in [
            ("bytes 0-9/100", Some((Some((0, 9)), Some(100)))),
            ("bytes 90-99/100", Some((Some((90, 99)), Some(100)))),
            ("Bytes 5-9/*", Some((Some((5, 9)), None))),
            ("bytes */100", Some((None, Some(100)))),
            ("bytes */*", Some((None, None))),
            ("bytes 90-100/100", None),
            ("bytes 9-5/100", None),
            ("bytes 0-9", None),
            ("bytes 0-/100", None),
            ("bytes +0-9/100", None),
            ("bytes=0-9/100", None),
            ("items 0-9/100", None),
            ("bytes 0-9/99999999999999999999", None),
            ("", None),
        ] {
            let read = content_range(value).map(|range| (range.bytes, range.total));
            assert_eq!(read, expected, "{value}");
        }
    }

    #[test]
    fn the_state_of_an_upload_is_read() {
        for (value, expected) in [
            ("0-0", Some(1)),
            ("0-99", Some(100)),
            (" bytes=0-99 ", Some(100)),
            ("1-99", None),
            ("0", None),
            ("-", None),
            ("0-18446744073709551615", None),
            ("", None),
        ] {
            assert_eq!(uploaded(value), expected, "{value}");
        }
    }

    #[test]
    fn the_next_page_is_found() {
        for (value, expected) in [
            ("</v2/a?n=1>; rel=\"next\"", Some("/v2/a?n=1")),
            ("</a>; rel=next", Some("/a")),
            ("</a>; REL=\"last Next\"", Some("/a")),
            ("</a>; rel=\"last\", </b>; rel=\"next\"", Some("/b")),
            (
                "</a>; title=\"x, <y>; rel=next\"; rel=last, </b>;rel=next",
                Some("/b"),
            ),
            ("</a>; title=\"\\\"\"; rel=last, </b>; rel=next", Some("/b")),
            ("< /a >", Some("/a")),
            ("</a>; rel=\"last\"", None),
            ("</a", None),
            ("/a; rel=next", None),
            ("", None),
        ] {
            assert_eq!(next_link(value), expected, "{value}");
        }
    }

    #[test]
    fn locations_are_followed_within_limits() {
        let follow = |from: &str, to: &str| {
            let from = Url::parse(from).expect("an address");
            follow(&from, to).map(String::from)
        };
        let base = "https://example.com/v2/a/blobs/uploads/";
        for (to, expected) in [
            (
                "/v2/x?_state=a%2Fb",
                Ok("https://example.com/v2/x?_state=a%2Fb"),
            ),
            ("1?s#f", Ok("https://example.com/v2/a/blobs/uploads/1?s")),
            (
                "https://u:p@other.example.com/x",
                Ok("https://other.example.com/x"),
            ),
            ("//other.example.com/x", Ok("https://other.example.com/x")),
            ("http://example.com/x", Err("without TLS")),
            ("file:///etc/passwd", Err("that is no address")),
            ("https://", Err("that is no address")),
        ] {
            assert_eq!(follow(base, to), expected.map(str::to_owned), "{to}");
        }
        assert!(follow("http://example.com/", "https://example.com/").is_ok());
    }

    #[test]
    fn waits_are_read_by_the_servers_clock() {
        let now = date("Wed, 21 Oct 2015 07:28:00 GMT");
        assert!(now.is_some());
        for (value, expected) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Wed, 21 Oct 2015 07:29:00 GMT", Some(60)),
            ("Wed, 21 Oct 2015 07:27:00 GMT", Some(0)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            let wait = retry_after(value, now).map(|wait| wait.as_secs());
            assert_eq!(wait, expected, "{value}");
        }
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:29:00 GMT", None), None);
        assert_eq!(date("Wed, 21 Oct 1915 07:29:00 GMT"), None);
    }

    proptest! {
        #[test]
        fn no_header_panics(value in "\\PC{0,60}", near in "[<>;,=\"\\\\ a-z0-9/*-]{0,60}") {
            for value in [&value, &near] {
                let _ = (content_range(value), uploaded(value), next_link(value));
                let _ = (date(value), retry_after(value, Some(SystemTime::UNIX_EPOCH)));
                if let Ok(base) = Url::parse("https://example.com/v2/")
                    && let Ok(url) = follow(&base, value)
                {
                    prop_assert_eq!(url.scheme(), "https");
                    prop_assert!(url.username().is_empty() && url.password().is_none());
                }
            }
        }

        #[test]
        fn ranges_that_are_written_are_read(first in 0..1_u64 << 60, more in 0..1_u64 << 60, after in 1..1_u64 << 60) {
            let (last, total) = (first + more, first + more + after);
            let range = ContentRange { bytes: Some((first, last)), total: Some(total) };
            prop_assert_eq!(content_range(&format!("bytes {first}-{last}/{total}")), Some(range));
            prop_assert_eq!(uploaded(&format!("0-{last}")), Some(last + 1));
        }

        #[test]
        fn links_are_found_among_others(path in "/[a-z0-9/?&=%]{0,20}", others in 0..5_usize) {
            let mut value = "<https://example.com/a>; rel=\"last\", ".repeat(others);
            value.push_str(&format!("<{path}>; rel=\"next\""));
            prop_assert_eq!(next_link(&value), Some(path.as_str()));
        }
    }
}
