//! Short words that put software under a licence, where the licence's text is not there:
//! `SPDX-License-Identifier`, "licensed under the Apache License, Version 2.0", "either version 2 of
//! the License, or (at your option) any later version", Debian's pointers to common texts.

use crate::expression::{Expression, License};
use crate::normalise;

/// How much of a file is searched, in bytes.
const MAX_TEXT: usize = 64 << 10;
/// How far behind the name of a licence its version stands, in bytes.
const REACH: usize = 320;

/// A licence that is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) expression: Expression,
    /// How sure, 0 to 100.
    pub(crate) confidence: u8,
    /// Where, in bytes.
    pub(crate) at: usize,
}

/// Names that stand for themselves, in lower case and with single spaces.
const NAMES: &[(&str, &str)] = &[
    ("apache license, version 2.0", "Apache-2.0"),
    ("apache license version 2.0", "Apache-2.0"),
    ("apache license 2.0", "Apache-2.0"),
    ("mozilla public license, v. 2.0", "MPL-2.0"),
    ("mozilla public license version 2.0", "MPL-2.0"),
    ("mozilla public license, version 2.0", "MPL-2.0"),
    ("mozilla public license version 1.1", "MPL-1.1"),
    ("eclipse public license v1.0", "EPL-1.0"),
    ("eclipse public license v2.0", "EPL-2.0"),
    ("eclipse public license v. 2.0", "EPL-2.0"),
    ("eclipse public license - v 1.0", "EPL-1.0"),
    ("eclipse public license - v 2.0", "EPL-2.0"),
    ("boost software license, version 1.0", "BSL-1.0"),
    ("boost software license - version 1.0", "BSL-1.0"),
    ("sil open font license, version 1.1", "OFL-1.1"),
    ("under the mit license", "MIT"),
    ("the mit license (mit)", "MIT"),
    ("under the isc license", "ISC"),
    ("under the zlib license", "Zlib"),
    ("under the bsd license", "BSD-3-Clause"),
    ("under the same terms as perl itself", "PERL"),
    ("same terms as the perl", "PERL"),
    ("in the public domain", normalise::PUBLIC_DOMAIN),
    ("into the public domain", normalise::PUBLIC_DOMAIN),
    ("to the public domain", normalise::PUBLIC_DOMAIN),
];

/// Finds grants, each licence once, in the order of their places.
pub(crate) fn grants(bytes: &[u8]) -> Vec<Grant> {
    let bytes = &bytes[..bytes.len().min(MAX_TEXT)];
    let (text, places) = plain(bytes);
    let mut found: Vec<Grant> = Vec::new();
    tags(bytes, &mut found);
    for (name, id) in NAMES {
        if let Some(at) = memchr::memmem::find(text.as_bytes(), name.as_bytes()) {
            let expression = match *id {
                "PERL" => Expression::parse("perl_5"),
                id => Expression::License(License::known(id)),
            };
            push(&mut found, expression, 85, places[at]);
        }
    }
    gnu(&text, &places, &mut found);
    for at in memchr::memmem::find_iter(text.as_bytes(), b"/usr/share/common-licenses/") {
        let rest = &text[at + "/usr/share/common-licenses/".len()..];
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')))
            .unwrap_or(rest.len());
        let name = rest[..end].trim_end_matches('.');
        let Some(id) = normalise::id(name) else {
            continue;
        };
        // Without a version it points to the newest, and says nothing where a version was told.
        let versioned = name.contains(|c: char| c.is_ascii_digit());
        let parts = if versioned { 2 } else { 1 };
        let family = |id: &str| id.split('-').take(parts).collect::<Vec<_>>().join("-");
        let known = found.iter().any(|grant| {
            let licenses = grant.expression.licenses();
            licenses.iter().any(|l| family(l.name()) == family(id))
        });
        if !known {
            let confidence = if versioned { 80 } else { 70 };
            let license = Expression::License(License::known(id));
            push(&mut found, license, confidence, places[at]);
        }
    }
    found.sort_by_key(|grant| grant.at);
    found
}

fn push(found: &mut Vec<Grant>, expression: Expression, confidence: u8, at: usize) {
    if !found.iter().any(|grant| grant.expression == expression) {
        found.push(Grant {
            expression,
            confidence,
            at,
        });
    }
}

/// `SPDX-License-Identifier: …` (SPDX specification 2.3, annex E).
fn tags(bytes: &[u8], found: &mut Vec<Grant>) {
    const TAG: &[u8] = b"SPDX-License-Identifier:";
    for at in memchr::memmem::find_iter(bytes, TAG).take(1000) {
        let rest = &bytes[at + TAG.len()..];
        let end = rest
            .iter()
            .position(|b| matches!(b, b'\n' | b'\r'))
            .unwrap_or(rest.len());
        let Ok(text) = std::str::from_utf8(&rest[..end]) else {
            continue;
        };
        let text = text
            .trim()
            .trim_end_matches("*/")
            .trim_end_matches("-->")
            .trim();
        if !text.is_empty() {
            push(found, Expression::parse(text), 99, at);
        }
    }
}

/// GNU's licences with the version that the words around the name give.
fn gnu(text: &str, places: &[usize], found: &mut Vec<Grant>) {
    for name in ["general public license", "free documentation license"] {
        gnu_by_name(name, text, places, found);
    }
}

fn gnu_by_name(name: &str, text: &str, places: &[usize], found: &mut Vec<Grant>) {
    for at in memchr::memmem::find_iter(text.as_bytes(), name.as_bytes()).take(200) {
        let before = &text[floor(text, at.saturating_sub(24))..at];
        let family = if name.starts_with("free") {
            "gfdl"
        } else if before.ends_with("lesser ") || before.ends_with("library ") {
            "lgpl"
        } else if before.ends_with("affero ") {
            "agpl"
        } else {
            "gpl"
        };
        let end = floor(text, (at + REACH).min(text.len()));
        let behind = &text[at + name.len()..end];
        // The next name of a licence has a version of its own.
        let next = ["general public license", "documentation license"]
            .iter()
            .filter_map(|name| behind.find(name))
            .min();
        let behind = &behind[..next.unwrap_or(behind.len())];
        let version = ["version ", " v", "v. "].iter().find_map(|word| {
            behind.match_indices(word).find_map(|(at, _)| {
                let number = &behind[at + word.len()..];
                let end = number
                    .find(|c: char| !(c.is_ascii_digit() || c == '.'))
                    .unwrap_or(number.len());
                let number = number[..end].trim_end_matches('.');
                number
                    .starts_with(|c: char| c.is_ascii_digit())
                    .then_some(number)
            })
        });
        let Some(version) = version else { continue };
        let later = [
            "any later version",
            "or later",
            "or newer",
            "or (at your option)",
        ]
        .iter()
        .any(|words| behind.contains(words));
        let spelled = format!("{family}-{version}{}", if later { "+" } else { "" });
        if let Some(id) = normalise::id(&spelled) {
            push(
                found,
                Expression::License(License::known(id)),
                90,
                places[at],
            );
        }
    }
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A text in lower case with single spaces and without the marks of comments, and where each byte
/// of it stood.
fn plain(bytes: &[u8]) -> (String, Vec<usize>) {
    let mut out = String::with_capacity(bytes.len());
    let mut places = Vec::with_capacity(bytes.len());
    let mut line_start = true;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' | b'\r' => {
                line_start = true;
                space(&mut out, &mut places, at);
            }
            b' ' | b'\t' => space(&mut out, &mut places, at),
            b'*' | b'#' | b'/' | b';' | b'-' | b'.' if line_start => {
                // A path may begin a line.
                if *byte == b'/' && bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic) {
                    line_start = false;
                    out.push('/');
                    places.push(at);
                }
            }
            b'"' | b'\'' | b'`' => {}
            byte if byte.is_ascii() => {
                line_start = false;
                let c = char::from(byte.to_ascii_lowercase());
                // The two spellings of one word.
                if c == 'e' && out.ends_with("licenc") {
                    out.truncate(out.len() - 1);
                    out.push('s');
                }
                out.push(c);
                places.push(at);
            }
            _ => space(&mut out, &mut places, at),
        }
    }
    (out, places)
}

fn space(out: &mut String, places: &mut Vec<usize>, at: usize) {
    if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
        places.push(at);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = grants(text.as_bytes())
            .iter()
            .map(|g| g.expression.to_string())
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn grants_are_found() {
        check(
            "// SPDX-License-Identifier: MIT OR Apache-2.0\n",
            &["MIT OR Apache-2.0"],
        );
        check(
            " * This program is free software; you can redistribute it and/or modify\n * it under the terms of the GNU General Public License as published by\n * the Free Software Foundation; either version 2 of the License, or\n * (at your option) any later version.\n",
            &["GPL-2.0-or-later"],
        );
        check(
            "the terms of the GNU Lesser General Public Licence version 2.1 as published by\nthe FSF. On Debian systems see /usr/share/common-licenses/LGPL-2.1.\n",
            &["LGPL-2.1-only"],
        );
        check(
            "see `/usr/share/common-licenses/GPL-3'.\n",
            &["GPL-3.0-only"],
        );
        check(
            "see /usr/share/common-licenses/GPL\n",
            &["GPL-1.0-or-later"],
        );
        check(
            "GNU Free Documentation License, Version 1.3 or any later version; see /usr/share/common-licenses/GFDL\n",
            &["GFDL-1.3-or-later"],
        );
        check(
            "Licensed under the Apache License, Version 2.0 (the \"License\")",
            &["Apache-2.0"],
        );
        check(
            "Licensed under the Apache\n# License, Version 2.0",
            &["Apache-2.0"],
        );
        check(
            "You may use it under the same terms as Perl itself.",
            &["Artistic-1.0-Perl OR GPL-1.0-or-later"],
        );
        check(
            "This is in the public domain.",
            &["LicenseRef-public-domain"],
        );
        check("All rights reserved.", &[]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_searched(words in proptest::collection::vec(
            prop_oneof![Just("general public license".to_owned()), Just("version 2".to_owned()),
                Just("/usr/share/common-licenses/".to_owned()), Just("SPDX-License-Identifier:".to_owned()),
                "(?s).{0,6}"], 0..20)) {
            let _ = grants(words.join(" ").as_bytes());
        }
    }
}
