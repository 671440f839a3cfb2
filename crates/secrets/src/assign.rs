//! Assignments in any notation: `NAME=value`, `"name": "value"`, `name => 'value'`,
//! `<name>value</name>`, `--name value`, `- name: NAME` with `value: …` beneath it.

use std::ops::Range;

/// Longest name and value that are looked at.
const MAX_NAME: usize = 80;
pub(crate) const MAX_VALUE: usize = 512;

/// A name and the value that it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) name: Range<usize>,
    pub(crate) value: Range<usize>,
    /// Whether the value stands in quotes.
    pub(crate) quoted: bool,
    /// Whether more words follow, as in prose.
    pub(crate) prose: bool,
}

/// How unquoted values end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    /// At white space and punctuation.
    Words,
    /// At the end of the line, as in a container's environment.
    Lines,
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The assignment to the name that holds the keyword at `keyword`; none when there is none.
pub(crate) fn parse(data: &[u8], keyword: Range<usize>, values: Values) -> Option<Assignment> {
    let low = keyword.start.saturating_sub(MAX_NAME);
    // `checksum/secret`, as Kubernetes' annotations are called.
    let start = data[low..keyword.start]
        .iter()
        .rposition(|b| !is_name(*b) && *b != b'/')
        .map_or(low, |at| low + at + 1);
    let mut at = keyword.end;
    while data.get(at).is_some_and(|b| is_name(*b)) {
        at += 1;
        if at - keyword.end > MAX_NAME {
            return None;
        }
    }
    let name = start..at;
    let (value, arrow) = operator(data, &name)?;
    find_value(data, name, value, arrow, values)
}

/// Skips the operator behind a name: where the value begins, and whether it is in XML.
fn operator(data: &[u8], name: &Range<usize>) -> Option<(usize, bool)> {
    let byte = |at: usize| data.get(at).copied().unwrap_or(b'\n');
    let mut at = name.end;
    let mut closed = false;
    for _ in 0..5 {
        match byte(at) {
            b'"' | b'\'' | b'`' | b'\\' => closed = true,
            b']' | b')' => {}
            _ => break,
        }
        at += 1;
    }
    let gap = at;
    at = skip_blanks(data, at, 40);
    if let Some(value) = named_value(data, gap) {
        return Some((value, false));
    }
    let next = match byte(at) {
        b'=' if byte(at + 1) == b'>' => at + 2,
        b'=' => {
            let mut end = at + 1;
            while byte(end) == b'=' && end < at + 3 {
                end += 1;
            }
            end
        }
        b':' | b'?' | b'|' | b'+' if byte(at + 1) == b'=' => at + 2,
        b'|' if data[at..].starts_with(b"||=") => at + 3,
        b':' if byte(at + 1) == b':' => return None,
        b':' => typed(data, at + 1).unwrap_or(at + 1),
        b'>' => return Some((at + 1, true)),
        // A call or a list: only with a literal behind it.
        b',' if closed => at + 1,
        b'(' if gap == at => {
            let value = skip_blanks(data, at + 1, 4);
            return matches!(byte(value), b'"' | b'\'').then_some((value, false));
        }
        // `--password value`, and Dockerfile's `ENV NAME value`.
        _ if at > name.end && !closed => {
            let option = data[name.clone()].starts_with(b"--");
            let docker = data[..name.start].ends_with(b"ENV ");
            return (option || docker).then_some((at, false));
        }
        _ => return None,
    };
    let value = skip_blanks(data, next, 40);
    if byte(at) == b',' && !matches!(byte(value), b'"' | b'\'') {
        return None;
    }
    Some((value, false))
}

fn skip_blanks(data: &[u8], at: usize, most: usize) -> usize {
    at + data
        .get(at..)
        .unwrap_or_default()
        .iter()
        .take(most)
        .take_while(|b| is_blank(**b))
        .count()
}

/// `name: str = "…"`: behind the type's equals sign.
fn typed(data: &[u8], at: usize) -> Option<usize> {
    let rest = data.get(at..(at + 40).min(data.len()))?;
    let equals = rest.iter().position(|b| {
        !(b.is_ascii_alphabetic() || matches!(b, b' ' | b'[' | b']' | b'&' | b'\'' | b'<' | b'>'))
    })?;
    let value = skip_blanks(data, at + equals + 1, 4);
    (rest[equals] == b'='
        && rest[..equals].iter().any(u8::is_ascii_alphabetic)
        && matches!(data.get(value), Some(b'"' | b'\'')))
    .then_some(at + equals + 1)
}

/// The value that stands apart: Kubernetes' `name:` and `value:`, XML's `key=` and `value=`.
fn named_value(data: &[u8], at: usize) -> Option<usize> {
    let window = data.get(at..(at + 80).min(data.len()))?;
    let skip = window
        .iter()
        .take_while(|b| b.is_ascii_whitespace() || **b == b',')
        .count();
    if skip == 0 {
        return None;
    }
    let rest = &window[skip..];
    let quote = usize::from(matches!(rest.first(), Some(b'"' | b'\'')));
    let word = rest.get(quote..)?;
    let tail = word
        .strip_prefix(b"value")
        .or_else(|| word.strip_prefix(b"Value"))?;
    let tail = tail.get(usize::from(matches!(tail.first(), Some(b'"' | b'\'')))..)?;
    let blanks = tail.iter().take_while(|b| is_blank(**b)).count();
    if !matches!(tail.get(blanks), Some(b':' | b'=')) {
        return None;
    }
    let used = window.len() - tail.len() + blanks + 1;
    Some(skip_blanks(data, at + used, 40))
}

fn find_value(
    data: &[u8],
    name: Range<usize>,
    mut at: usize,
    xml: bool,
    values: Values,
) -> Option<Assignment> {
    // Python's and C#'s letters before a quote.
    if let [b'b' | b'r' | b'u' | b'f' | b'@', b'"' | b'\'', ..] = data.get(at..)? {
        at += 1;
    }
    let escaped = data.get(at) == Some(&b'\\');
    let quote_at = at + usize::from(escaped);
    let quote = data.get(quote_at).copied()?;
    if matches!(quote, b'"' | b'\'' | b'`') && !xml {
        return quoted(data, name, quote_at, escaped);
    }
    let window = &data[at..(at + MAX_VALUE).min(data.len())];
    let stops = |b: &u8| match values {
        Values::Lines => matches!(b, b'\n' | b'\r' | 0),
        Values::Words => {
            *b <= b' '
                || matches!(
                    b,
                    b'"' | b'\''
                        | b'`'
                        | b'<'
                        | b'>'
                        | b','
                        | b';'
                        | b')'
                        | b']'
                        | b'}'
                        | b'&'
                        | b'|'
                        | b'\\'
                        | 0x7f
                )
        }
    };
    let len = window.iter().position(stops).unwrap_or(window.len());
    if len == 0 || (xml && window.get(len) != Some(&b'<')) {
        return None;
    }
    let rest = &window[len..];
    let blanks = rest.iter().take_while(|b| is_blank(**b)).count();
    let follows = rest.get(blanks).copied().unwrap_or(b'\n');
    Some(Assignment {
        name,
        value: at..at + len,
        quoted: false,
        prose: blanks > 0 && follows.is_ascii_alphanumeric(),
    })
}

fn quoted(data: &[u8], name: Range<usize>, mut at: usize, escaped: bool) -> Option<Assignment> {
    let quote = data[at];
    at += 1;
    // Three quotes open a long string; two are an empty one.
    if data.get(at) == Some(&quote) {
        if data.get(at + 1) != Some(&quote) {
            return None;
        }
        at += 2;
    }
    let window = &data[at..(at + MAX_VALUE).min(data.len())];
    let mut len = 0;
    while let Some(byte) = window.get(len) {
        match byte {
            b'\n' | b'\r' | 0 => return None,
            b'\\' if escaped && window.get(len + 1) == Some(&quote) => break,
            b'\\' => len += 2,
            b if *b == quote => break,
            _ => len += 1,
        }
    }
    (len > 0 && len < window.len()).then(|| Assignment {
        name,
        value: at..at + len,
        quoted: true,
        prose: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The name and the value around the first `token`, any case.
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let at = text.to_ascii_lowercase().find("token").unwrap();
        let found = parse(text.as_bytes(), at..at + 5, Values::Words);
        let found = found.map(|a| (&text[a.name], &text[a.value]));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn every_notation_is_read() {
        check("API_TOKEN=abc", Some(("API_TOKEN", "abc")));
        check("api.token = abc # why", Some(("api.token", "abc")));
        check("\"apiToken\": \"a b\",", Some(("apiToken", "a b")));
        check("token: abc\n", Some(("token", "abc")));
        check(":token => 'abc'", Some(("token", "abc")));
        check("token := \"abc\"", Some(("token", "abc")));
        check("token: str = \"abc\"", Some(("token", "abc")));
        check(
            "const token: &'static str = \"abc\"",
            Some(("token", "abc")),
        );
        check("<token>abc</token>", Some(("token", "abc")));
        check("<p name=\"token\">abc</p>", Some(("token", "abc")));
        check("<add key=\"token\" value=\"abc\"/>", Some(("token", "abc")));
        check("cfg[\"token\"] = \"abc\"", Some(("token", "abc")));
        check("setToken(\"abc\")", Some(("setToken", "abc")));
        check("put(\"token\", \"abc\")", Some(("token", "abc")));
        check("run --token abc", Some(("--token", "abc")));
        check("run --token=abc x", Some(("--token", "abc")));
        check("ENV TOKEN abc", Some(("TOKEN", "abc")));
        check("{\\\"token\\\":\\\"abc\\\"}", Some(("token", "abc")));
        check(
            "- name: MY_TOKEN\n  value: abc\n",
            Some(("MY_TOKEN", "abc")),
        );
        check(
            "{\"name\":\"MY_TOKEN\",\"value\":\"abc\"}",
            Some(("MY_TOKEN", "abc")),
        );
        check("?token=abc&x=1", Some(("token", "abc")));
        check("token ||= 'abc'", Some(("token", "abc")));
        check("token = b\"abc\"", Some(("token", "abc")));
        check("token = \"\"\"abc\"\"\"", Some(("token", "abc")));
    }

    #[test]
    fn what_assigns_nothing_is_none() {
        check("the token expires", None);
        check("token", None);
        check("token = \"\"", None);
        check("Token::new()", None);
        check("f(token, 1)", None);
        check("token = \"no end\n", None);
        check("token(x)", None);
    }

    #[test]
    fn the_environment_has_whole_lines() {
        let text = b"DB_TOKEN=a b;c&d";
        let found = parse(text, 3..8, Values::Lines).unwrap();
        assert_eq!(&text[found.value], b"a b;c&d");
    }

    proptest! {
        #[test]
        fn nothing_panics(before in any::<Vec<u8>>(), after in "[\\PC\n\"'\\\\=:>,]{0,60}") {
            let mut data = before.clone();
            data.extend_from_slice(b"token");
            let end = data.len();
            data.extend_from_slice(after.as_bytes());
            for values in [Values::Words, Values::Lines] {
                if let Some(found) = parse(&data, before.len()..end, values) {
                    prop_assert!(found.value.end <= data.len() && found.value.start >= end);
                }
            }
        }
    }
}
