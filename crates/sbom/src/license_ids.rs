//! SPDX licence expressions, as far as documents need to know whether a text is one (SPDX
//! specification 2.3, annex D).

/// Ids of the SPDX licence list that packages of distributions and language ecosystems declare.
/// A licence that is not here is written as a reference with its own words, which loses nothing.
const IDS: &[&str] = &[
    "0BSD",
    "AFL-2.1",
    "AFL-3.0",
    "AGPL-1.0-only",
    "AGPL-3.0",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-1.0",
    "Apache-1.1",
    "Apache-2.0",
    "APSL-2.0",
    "Artistic-1.0",
    "Artistic-1.0-Perl",
    "Artistic-2.0",
    "BlueOak-1.0.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-2-Clause-Patent",
    "BSD-2-Clause-Views",
    "BSD-3-Clause",
    "BSD-3-Clause-Attribution",
    "BSD-3-Clause-Clear",
    "BSD-3-Clause-LBNL",
    "BSD-4-Clause",
    "BSD-4-Clause-UC",
    "BSD-Source-Code",
    "BSL-1.0",
    "BUSL-1.1",
    "bzip2-1.0.6",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC-BY-NC-4.0",
    "CC-BY-NC-SA-4.0",
    "CC-BY-SA-3.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "CDDL-1.0",
    "CDDL-1.1",
    "CECILL-2.1",
    "CECILL-C",
    "CNRI-Python",
    "CPL-1.0",
    "curl",
    "ECL-2.0",
    "EFL-2.0",
    "Elastic-2.0",
    "EPL-1.0",
    "EPL-2.0",
    "EUPL-1.1",
    "EUPL-1.2",
    "FSFAP",
    "FSFUL",
    "FSFULLR",
    "FTL",
    "GFDL-1.1-or-later",
    "GFDL-1.2-only",
    "GFDL-1.2-or-later",
    "GFDL-1.3-only",
    "GFDL-1.3-or-later",
    "GPL-1.0-only",
    "GPL-1.0-or-later",
    "GPL-2.0",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "HPND",
    "ICU",
    "IJG",
    "ImageMagick",
    "Info-ZIP",
    "IPL-1.0",
    "ISC",
    "JSON",
    "LGPL-2.0-only",
    "LGPL-2.0-or-later",
    "LGPL-2.1",
    "LGPL-2.1-only",
    "LGPL-2.1-or-later",
    "LGPL-3.0",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
    "Libpng",
    "libpng-2.0",
    "libtiff",
    "LPPL-1.3c",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MIT-Modern-Variant",
    "MPL-1.0",
    "MPL-1.1",
    "MPL-2.0",
    "MPL-2.0-no-copyleft-exception",
    "MS-PL",
    "MS-RL",
    "MulanPSL-2.0",
    "NCSA",
    "NTP",
    "OFL-1.1",
    "OLDAP-2.8",
    "OpenSSL",
    "OSL-3.0",
    "PHP-3.0",
    "PHP-3.01",
    "PostgreSQL",
    "PSF-2.0",
    "Python-2.0",
    "Python-2.0.1",
    "QPL-1.0",
    "Ruby",
    "SGI-B-2.0",
    "Sleepycat",
    "SMLNJ",
    "SSPL-1.0",
    "Sendmail",
    "SISSL",
    "TCL",
    "TCP-wrappers",
    "Unicode-3.0",
    "Unicode-DFS-2015",
    "Unicode-DFS-2016",
    "Unlicense",
    "UPL-1.0",
    "Vim",
    "W3C",
    "WTFPL",
    "X11",
    "Xnet",
    "XFree86-1.1",
    "Zlib",
    "zlib-acknowledgement",
    "ZPL-2.1",
];

/// Exceptions that come after `WITH`.
const EXCEPTIONS: &[&str] = &[
    "Autoconf-exception-2.0",
    "Autoconf-exception-3.0",
    "Bison-exception-2.2",
    "Classpath-exception-2.0",
    "Font-exception-2.0",
    "GCC-exception-2.0",
    "GCC-exception-3.1",
    "GPL-CC-1.0",
    "Libtool-exception",
    "Linux-syscall-note",
    "LLVM-exception",
    "OCaml-LGPL-linking-exception",
    "openvpn-openssl-exception",
    "Swift-exception",
    "u-boot-exception-2.0",
    "Universal-FOSS-exception-1.0",
    "x11vnc-openssl-exception",
];

/// Most words that are read as an expression; longer texts are no expressions but texts.
const WORDS: usize = 64;

/// The text as a valid SPDX expression in the list's own spelling; none when it is none.
pub(crate) fn expression(text: &str) -> Option<String> {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().take(WORDS + 1).collect();
    if words.is_empty() || words.len() > WORDS {
        return None;
    }
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut wants_id = true;
    let mut after_with = false;
    for word in words {
        let upper = word.to_ascii_uppercase();
        match upper.as_str() {
            "(" if wants_id && !after_with => {
                depth += 1;
                push(&mut out, "(");
                continue;
            }
            ")" if !wants_id && depth > 0 => {
                depth -= 1;
                out.push(')');
                continue;
            }
            "AND" | "OR" | "WITH" if !wants_id => {
                push(&mut out, &upper);
                after_with = upper == "WITH";
                wants_id = true;
                continue;
            }
            _ if !wants_id => return None,
            _ => {}
        }
        let list = if after_with { EXCEPTIONS } else { IDS };
        let id = find(list, word).or_else(|| debian(word).filter(|_| !after_with))?;
        push(&mut out, id);
        wants_id = false;
        after_with = false;
    }
    (!wants_id && depth == 0).then_some(out)
}

fn push(out: &mut String, word: &str) {
    if !out.is_empty() && !out.ends_with('(') {
        out.push(' ');
    }
    out.push_str(word);
}

/// Ids are compared without case (annex D.2).
fn find(list: &[&'static str], word: &str) -> Option<&'static str> {
    list.iter()
        .find(|id| id.eq_ignore_ascii_case(word))
        .copied()
}

/// Debian's and older short names (machine-readable debian/copyright, section 7.1).
fn debian(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "gpl-1" => "GPL-1.0-only",
        "gpl-1+" => "GPL-1.0-or-later",
        "gpl-2" => "GPL-2.0-only",
        "gpl-2+" | "gpl-2.0+" => "GPL-2.0-or-later",
        "gpl-3" => "GPL-3.0-only",
        "gpl-3+" | "gpl-3.0+" => "GPL-3.0-or-later",
        "lgpl-2" => "LGPL-2.0-only",
        "lgpl-2+" => "LGPL-2.0-or-later",
        "lgpl-2.1+" => "LGPL-2.1-or-later",
        "lgpl-3" => "LGPL-3.0-only",
        "lgpl-3+" | "lgpl-3.0+" => "LGPL-3.0-or-later",
        "expat" => "MIT",
        "apache-2" => "Apache-2.0",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_told_from_words() {
        for (text, expected) in [
            ("mit", Some("MIT")),
            ("(MIT OR apache-2.0)", Some("(MIT OR Apache-2.0)")),
            (
                "MIT and (GPL-2.0-only with classpath-exception-2.0)",
                Some("MIT AND (GPL-2.0-only WITH Classpath-exception-2.0)"),
            ),
            ("GPL-2+ OR Expat", Some("GPL-2.0-or-later OR MIT")),
            ("MIT OR", None),
            ("OR MIT", None),
            ("MIT Apache-2.0", None),
            ("(MIT", None),
            ("MIT)", None),
            ("BSD License", None),
            ("MIT WITH MIT", None),
            ("", None),
        ] {
            assert_eq!(expression(text).as_deref(), expected, "{text}");
        }
        assert_eq!(expression(&"MIT AND ".repeat(10_000)), None);
    }

    #[test]
    fn lists_have_no_double() {
        for list in [IDS, EXCEPTIONS] {
            let mut lower: Vec<String> = list.iter().map(|i| i.to_lowercase()).collect();
            lower.sort();
            lower.dedup();
            assert_eq!(lower.len(), list.len());
        }
    }
}
