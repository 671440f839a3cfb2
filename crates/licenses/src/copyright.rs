//! Debian's copyright files (Debian policy, section 12.5): in the machine-readable format (DEP-5),
//! or free text.

use std::collections::HashMap;

use crate::expression::Expression;
use crate::normalise;

/// One licence of a copyright file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// The short name: `GPL-2+`.
    pub(crate) name: &'a str,
    /// The text below it.
    pub(crate) text: &'a str,
    /// Line, from 1.
    pub(crate) line: u32,
}

/// The licences of a machine-readable file; none when it is free text.
pub(crate) fn entries(text: &str) -> Option<Vec<Entry<'_>>> {
    if !is_machine_readable(text) {
        return None;
    }
    let mut out: Vec<Entry<'_>> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut at = 0;
    let mut lines = text.split_inclusive('\n').zip(1_u32..).peekable();
    while let Some((line, number)) = lines.next() {
        at += line.len();
        let Some(name) = field(line, "license") else {
            continue;
        };
        let start = at;
        while let Some((next, _)) = lines.peek() {
            if !next.starts_with([' ', '\t']) {
                break;
            }
            at += next.len();
            lines.next();
        }
        let entry = Entry {
            name,
            text: &text[start..at],
            line: number,
        };
        // The same short name stands at many files, and once with its text.
        match known.get(name) {
            Some(at) if out[*at].text.trim().is_empty() => out[*at].text = entry.text,
            Some(_) => {}
            None => {
                if !name.is_empty() {
                    known.insert(name, out.len());
                }
                out.push(entry);
            }
        }
    }
    Some(out)
}

/// Whether the first field is the one that says so.
fn is_machine_readable(text: &str) -> bool {
    text.lines()
        .take(20)
        .find(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .is_some_and(|line| {
            let lower = line.to_ascii_lowercase();
            lower.starts_with("format:")
                || lower.starts_with("format-specification:")
                || lower.starts_with("files:")
                || lower.starts_with("upstream-name:")
        })
}

fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (key, value) = line.split_once(':')?;
    key.eq_ignore_ascii_case(name).then(|| value.trim())
}

/// The expression of a short name, in which `|` is `or` too.
pub(crate) fn expression(name: &str) -> Expression {
    let expression = Expression::parse(name);
    match &expression {
        // Names that packagers make up from known ones: `Expat-acme`, `BSD-3-clause-foo`.
        Expression::License(license) if !license.is_known() => {
            let mut head = name;
            while let Some((shorter, _)) = head.rsplit_once(['-', '~', '_']) {
                head = shorter;
                let known = normalise::id(head).filter(|_| head.contains('-') || head.len() > 3);
                if let Some(id) = known {
                    return Expression::parse(id);
                }
            }
            expression
        }
        _ => expression,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_readable_files_list_their_licences() {
        let text = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: x\n\nFiles: *\nCopyright: 2020 A\nLicense: GPL-2+ or Artistic\n\nFiles: a/*\nLicense: Expat\n\nFiles: b/*\nLicense: Expat\n Permission is hereby granted\n .\n and so on\n\nLicense: GPL-2+\n On Debian systems\n";
        let entries = entries(text).expect("machine-readable");
        let names: Vec<(&str, u32)> = entries.iter().map(|e| (e.name, e.line)).collect();
        assert_eq!(
            names,
            [("GPL-2+ or Artistic", 6), ("Expat", 9), ("GPL-2+", 17)]
        );
        assert!(entries[1].text.contains("hereby"));
        assert_eq!(
            super::entries("This package was debianized by A\nLicense: GPL\n"),
            None
        );
    }

    #[test]
    fn names_that_were_made_up_are_led_back() {
        for (name, expected) in [
            ("GPL-2+", "GPL-2.0-or-later"),
            ("BSD-3-clause-acme", "BSD-3-Clause"),
            ("Expat-acme", "MIT"),
            ("public-domain", "LicenseRef-public-domain"),
            (
                "GPL-2+ with OpenSSL exception",
                "GPL-2.0-or-later WITH OpenSSL exception",
            ),
            ("other", "other"),
        ] {
            assert_eq!(expression(name).to_string(), expected);
        }
    }
}
