//! What people write for a licence, as the id of SPDX.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::spellings::{EXCEPTIONS, PAGES, SPELLINGS};

/// Longest name that is looked at, in bytes.
const MAX_NAME: usize = 200;

/// SPDX ids by their lower-case forms.
static IDS: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    spdx::identifiers::LICENSES
        .iter()
        .filter(|license| license.name != "NOASSERTION")
        .map(|license| (license.name.to_ascii_lowercase(), license.name))
        .collect()
});

/// Full names of SPDX by their squeezed forms.
static FULL_NAMES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut names = HashMap::new();
    for license in spdx::identifiers::LICENSES {
        let deprecated = spdx::license_id(license.name).is_none_or(spdx::LicenseId::is_deprecated);
        if !deprecated {
            names
                .entry(squeeze(license.full_name))
                .or_insert(license.name);
        }
    }
    for (spelling, id) in SPELLINGS {
        names.insert((*spelling).to_owned(), *id);
    }
    names
});

/// What is given to the public; SPDX has no id for that.
pub(crate) const PUBLIC_DOMAIN: &str = "LicenseRef-public-domain";

/// The id of a licence by its name, in any usual spelling; none where it is not known.
///
/// The licences of GNU get `-only` or `-or-later`: without a word about later versions, a name with
/// a version means that version, and one without a version means any.
pub(crate) fn id(name: &str) -> Option<&'static str> {
    let name = name.trim().trim_matches(['"', '\'', '.', ',', ';']).trim();
    if name.is_empty() || name.len() > MAX_NAME {
        return None;
    }
    if let Some(id) = gnu(name) {
        return Some(id);
    }
    let lower = name.to_ascii_lowercase();
    // Debian's `GFDL-NIV-1.3+`: without invariant sections.
    if lower.contains("gfdl") && lower.contains("niv") {
        let plain = gnu(&lower.replace("niv", ""))?;
        let (version, rest) = plain.strip_prefix("GFDL-")?.split_once('-')?;
        return IDS
            .get(&format!("gfdl-{version}-no-invariants-{rest}"))
            .copied();
    }
    if let Some(id) = IDS.get(&lower) {
        return Some(id);
    }
    // `or later` is said of a licence that has it in its own text, or changes nothing here.
    if let Some(id) = lower.strip_suffix('+').and_then(|base| IDS.get(base)) {
        return Some(id);
    }
    if lower.contains("://") || lower.starts_with("www.") {
        return of_url(&lower);
    }
    let squeezed = squeeze(name);
    if let Some(id) = FULL_NAMES.get(&squeezed) {
        return Some(id);
    }
    // `MIT License (MIT)`, `Apache License 2.0 (Apache-2.0)`: the name twice.
    if let Some((first, rest)) = name.split_once('(')
        && let Some((second, "")) = rest.split_once(')').map(|(a, b)| (a, b.trim()))
    {
        let ids = (id(first), id(second));
        return match ids {
            (_, Some(short)) if ids.0.is_none_or(|long| long == short) || short.len() > 3 => {
                Some(short)
            }
            (Some(long), _) => Some(long),
            _ => None,
        };
    }
    None
}

/// A name without case, punctuation, and words that carry no meaning.
fn squeeze(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let lower = name.to_ascii_lowercase();
    for word in lower.split(|c: char| !c.is_ascii_alphanumeric()) {
        // `v2`, `mplv2`: the letter says only that a version follows.
        let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = &word[letters.len()..];
        if let Some(head) = letters.strip_suffix('v').filter(|_| !number.is_empty()) {
            out.push_str(head);
            out.push_str(number);
            continue;
        }
        if !matches!(
            word,
            "the"
                | "license"
                | "licence"
                | "licenses"
                | "licensed"
                | "version"
                | "v"
                | "a"
                | "of"
                | "ver"
                | "only"
        ) {
            out.push_str(word);
        }
    }
    // `apachelicense2.0` and the like, written in one word.
    if out.contains("license") {
        out = out.replace("license", "");
    }
    out
}

/// The families of GNU's licences.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Gpl,
    Lgpl,
    Agpl,
    Gfdl,
}

/// GNU's licences: `GPLv2+`, `GNU Lesser General Public License v3 or later (LGPLv3+)`, `GPL (>= 2)`.
fn gnu(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    if !["gpl", "general public", "gfdl", "free doc", "fdl"]
        .iter()
        .any(|w| lower.contains(w))
    {
        return None;
    }
    let mut family = None;
    let mut version: Option<&str> = None;
    let mut later = false;
    let mut only = false;
    let words =
        lower.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '>' | '=')));
    for word in words.filter(|word| !word.is_empty()) {
        let (word, plus) = match word.strip_suffix('+') {
            Some(word) => (word, true),
            None => (word, false),
        };
        later |= plus;
        // `gplv2.1`, `gpl2`: the version without a space.
        let letters = word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        let digits = word[letters.len()..].trim_matches('.');
        if !digits.is_empty() {
            match version {
                Some(known) if !known.starts_with(digits) && !digits.starts_with(known) => {
                    return None;
                }
                Some(known) if known.len() >= digits.len() => {}
                _ => version = Some(digits),
            }
        }
        match letters.trim_end_matches('.') {
            "gpl" | "gplv" => family = family.or(Some(Family::Gpl)),
            "lgpl" | "lgplv" | "lesser" | "library" => family = Some(Family::Lgpl),
            "agpl" | "agplv" | "affero" => family = Some(Family::Agpl),
            "gfdl" | "gfdlv" | "fdl" | "documentation" => family = Some(Family::Gfdl),
            "general" => family = family.or(Some(Family::Gpl)),
            ">" | ">=" | "later" | "newer" | "any" | "greater" | "higher" | "above" => later = true,
            "only" | "==" | "=" => only = true,
            "" | "v" | "the" | "gnu" | "public" | "license" | "licence" | "version" | "ver"
            | "or" | "at" | "your" | "option" | "and" | "fsf" | "free" | "software"
            | "foundation" | "of" | "a" => {}
            _ => return None,
        }
    }
    let family = family?;
    let version = version.map(|version| match version.split_once('.') {
        Some((major, minor)) => (major, minor.split('.').next().unwrap_or("0")),
        None => (version, "0"),
    });
    let later = later && !only;
    Some(match (family, version, later) {
        (Family::Gpl, None, _) => "GPL-1.0-or-later",
        (Family::Gpl, Some(("1", "0")), false) => "GPL-1.0-only",
        (Family::Gpl, Some(("1", "0")), true) => "GPL-1.0-or-later",
        (Family::Gpl, Some(("2", _)), false) => "GPL-2.0-only",
        (Family::Gpl, Some(("2", _)), true) => "GPL-2.0-or-later",
        (Family::Gpl, Some(("3", _)), false) => "GPL-3.0-only",
        (Family::Gpl, Some(("3", _)), true) => "GPL-3.0-or-later",
        (Family::Lgpl, None, _) => "LGPL-2.0-or-later",
        (Family::Lgpl, Some(("2", "0")), false) => "LGPL-2.0-only",
        (Family::Lgpl, Some(("2", "0")), true) => "LGPL-2.0-or-later",
        (Family::Lgpl, Some(("2", "1")), false) => "LGPL-2.1-only",
        (Family::Lgpl, Some(("2", "1")), true) => "LGPL-2.1-or-later",
        (Family::Lgpl, Some(("3", _)), false) => "LGPL-3.0-only",
        (Family::Lgpl, Some(("3", _)), true) => "LGPL-3.0-or-later",
        (Family::Agpl, Some(("1", _)), false) => "AGPL-1.0-only",
        (Family::Agpl, Some(("1", _)), true) => "AGPL-1.0-or-later",
        (Family::Agpl, Some(("3", _)), false) => "AGPL-3.0-only",
        (Family::Agpl, None, _) | (Family::Agpl, Some(("3", _)), true) => "AGPL-3.0-or-later",
        (Family::Gfdl, None, _) => "GFDL-1.1-or-later",
        (Family::Gfdl, Some(("1", "1")), false) => "GFDL-1.1-only",
        (Family::Gfdl, Some(("1", "1")), true) => "GFDL-1.1-or-later",
        (Family::Gfdl, Some(("1", "2")), false) => "GFDL-1.2-only",
        (Family::Gfdl, Some(("1", "2")), true) => "GFDL-1.2-or-later",
        (Family::Gfdl, Some(("1", "3")), false) => "GFDL-1.3-only",
        (Family::Gfdl, Some(("1", "3")), true) => "GFDL-1.3-or-later",
        _ => return None,
    })
}

fn of_url(url: &str) -> Option<&'static str> {
    if let Some((_, id)) = PAGES.iter().find(|(part, _)| url.contains(part)) {
        return Some(id);
    }
    let path = url.split_once("://").map_or(url, |(_, path)| path);
    let path = path
        .split(['?', '#'])
        .next()
        .unwrap_or(path)
        .trim_end_matches('/');
    if let Some(rest) = path
        .split_once("creativecommons.org/licenses/")
        .map(|(_, rest)| rest)
    {
        let mut parts = rest.split('/');
        let spelled = format!("cc-{}-{}", parts.next()?, parts.next()?);
        return IDS.get(&spelled).copied();
    }
    let hosts = [
        "opensource.org/",
        "spdx.org/",
        "choosealicense.com/",
        "gnu.org/",
        "oss.oracle.com/",
    ];
    if !hosts.iter().any(|host| path.contains(host)) {
        return None;
    }
    let last = path.rsplit('/').next()?;
    let mut last = last;
    for ending in [
        ".php",
        ".html",
        ".txt",
        ".json",
        ".en",
        "-standalone",
        "-license",
    ] {
        last = last.strip_suffix(ending).unwrap_or(last);
    }
    id(last)
}

/// The id of an exception by its name; none where it is not known.
pub(crate) fn exception(name: &str) -> Option<&'static str> {
    let name = name.trim();
    if name.len() > MAX_NAME {
        return None;
    }
    let known = spdx::identifiers::EXCEPTIONS
        .iter()
        .find(|exception| exception.name.eq_ignore_ascii_case(name));
    if let Some(known) = known {
        return Some(known.name);
    }
    let squeezed = squeeze(name)
        .replace("exceptions", "")
        .replace("exception", "");
    let squeezed = squeezed.trim_end_matches(|c: char| c.is_ascii_digit());
    EXCEPTIONS
        .iter()
        .find(|(spelling, _)| *spelling == squeezed)
        .map(|(_, id)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_spellings_are_known() {
        for (name, expected) in [
            ("mit", "MIT"),
            ("The MIT License (MIT)", "MIT"),
            ("MIT License", "MIT"),
            ("Expat", "MIT"),
            ("Apache License, Version 2.0", "Apache-2.0"),
            ("The Apache Software License, Version 2.0", "Apache-2.0"),
            ("Apache 2", "Apache-2.0"),
            ("ASL 2.0", "Apache-2.0"),
            ("Apache License 2.0", "Apache-2.0"),
            ("apache-2.0", "Apache-2.0"),
            (
                "https://www.apache.org/licenses/LICENSE-2.0.txt",
                "Apache-2.0",
            ),
            ("BSD", "BSD-3-Clause"),
            ("BSD License", "BSD-3-Clause"),
            ("BSD 3-Clause", "BSD-3-Clause"),
            ("3-Clause BSD License", "BSD-3-Clause"),
            ("BSD-3-clause", "BSD-3-Clause"),
            ("New BSD License", "BSD-3-Clause"),
            ("BSD (3-clause)", "BSD-3-Clause"),
            ("BSD 2-Clause \"Simplified\" License", "BSD-2-Clause"),
            ("GPL", "GPL-1.0-or-later"),
            ("GPL+", "GPL-1.0-or-later"),
            ("GPLv2", "GPL-2.0-only"),
            ("GPLv2+", "GPL-2.0-or-later"),
            ("GPL-2", "GPL-2.0-only"),
            ("GPL-2+", "GPL-2.0-or-later"),
            ("GPL-2.0", "GPL-2.0-only"),
            ("GPL-2.0+", "GPL-2.0-or-later"),
            ("gpl-2.0-or-later", "GPL-2.0-or-later"),
            ("GPL (>= 2)", "GPL-2.0-or-later"),
            ("GNU GPL v3", "GPL-3.0-only"),
            (
                "GNU General Public License v3 or later (GPLv3+)",
                "GPL-3.0-or-later",
            ),
            ("GNU General Public License, version 2", "GPL-2.0-only"),
            ("LGPLv2.1+", "LGPL-2.1-or-later"),
            ("LGPL-2.1", "LGPL-2.1-only"),
            ("LGPL", "LGPL-2.0-or-later"),
            (
                "GNU Lesser General Public License v2.1 only",
                "LGPL-2.1-only",
            ),
            (
                "GNU Lesser General Public License v3 (LGPLv3)",
                "LGPL-3.0-only",
            ),
            (
                "GNU Library or Lesser General Public License (LGPL)",
                "LGPL-2.0-or-later",
            ),
            ("AGPL-3.0", "AGPL-3.0-only"),
            ("GNU Affero General Public License v3", "AGPL-3.0-only"),
            ("GFDL-1.3", "GFDL-1.3-only"),
            ("GFDL-NIV-1.3+", "GFDL-1.3-no-invariants-or-later"),
            ("http://www.gnu.org/licenses/gpl-3.0.html", "GPL-3.0-only"),
            ("https://opensource.org/licenses/MIT", "MIT"),
            ("http://www.opensource.org/licenses/mit-license.php", "MIT"),
            (
                "https://creativecommons.org/licenses/by-sa/4.0/",
                "CC-BY-SA-4.0",
            ),
            ("MPLv2.0", "MPL-2.0"),
            ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
            ("ISC License (ISCL)", "ISC"),
            ("Python Software Foundation License", "PSF-2.0"),
            ("Eclipse Public License - v 1.0", "EPL-1.0"),
            ("EPL 2.0", "EPL-2.0"),
            ("CDDL 1.1", "CDDL-1.1"),
            ("zlib/libpng", "Zlib"),
            ("Public Domain", PUBLIC_DOMAIN),
            ("The Unlicense (Unlicense)", "Unlicense"),
            ("CC0 1.0 Universal", "CC0-1.0"),
        ] {
            assert_eq!(id(name), Some(expected), "{name}");
        }
        for name in [
            "",
            "Proprietary",
            "GPL-compatible",
            "not GPL",
            "see LICENSE",
            "GPL 2 3",
            "https://example.org/MIT",
        ] {
            assert_eq!(id(name), None, "{name}");
        }
    }

    #[test]
    fn every_id_that_is_not_deprecated_stays_itself() {
        for license in spdx::identifiers::LICENSES {
            let current = spdx::license_id(license.name).is_some_and(|id| !id.is_deprecated());
            if current && license.name != "NOASSERTION" && !license.name.contains("invariants") {
                assert_eq!(id(license.name), Some(license.name));
            }
        }
    }

    #[test]
    fn exceptions_are_known() {
        for (name, expected) in [
            ("classpath-exception-2.0", Some("Classpath-exception-2.0")),
            ("Classpath exception", Some("Classpath-exception-2.0")),
            ("GCC Runtime Library exception", Some("GCC-exception-3.1")),
            ("OpenSSL exception", None),
        ] {
            assert_eq!(exception(name), expected, "{name}");
        }
    }
}
