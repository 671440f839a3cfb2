//! Makes the index of phrases that licence texts are recognised by, out of the texts that the crate
//! `spdx` carries; so the program carries one megabyte instead of nine, and starts with no work.
//!
//! The index, all numbers little-endian: see `src/index.rs`, which reads it.

#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::PathBuf;

#[path = "src/words.rs"]
mod words;

/// Licences whose texts are recognised: those that are met, the near relatives that must not be
/// taken for them, and those whose terms make it matter.
const KNOWN: &[&str] = &[
    "0BSD",
    "AFL-2.1",
    "AFL-3.0",
    "AGPL-1.0",
    "AGPL-3.0",
    "APSL-2.0",
    "Apache-1.0",
    "Apache-1.1",
    "Apache-2.0",
    "Artistic-1.0",
    "Artistic-1.0-Perl",
    "Artistic-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-2-Clause-Patent",
    "BSD-2-Clause-Views",
    "BSD-3-Clause",
    "BSD-3-Clause-Attribution",
    "BSD-3-Clause-Clear",
    "BSD-3-Clause-LBNL",
    "BSD-3-Clause-No-Nuclear-License",
    "BSD-4-Clause",
    "BSD-4-Clause-UC",
    "BSD-Source-Code",
    "BSL-1.0",
    "BUSL-1.1",
    "Beerware",
    "BlueOak-1.0.0",
    "CAL-1.0",
    "CC-BY-2.0",
    "CC-BY-2.5",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC-BY-NC-3.0",
    "CC-BY-NC-4.0",
    "CC-BY-NC-ND-3.0",
    "CC-BY-NC-ND-4.0",
    "CC-BY-NC-SA-3.0",
    "CC-BY-NC-SA-4.0",
    "CC-BY-ND-3.0",
    "CC-BY-ND-4.0",
    "CC-BY-SA-2.0",
    "CC-BY-SA-2.5",
    "CC-BY-SA-3.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "CDDL-1.0",
    "CDDL-1.1",
    "CDLA-Permissive-2.0",
    "CECILL-2.0",
    "CECILL-2.1",
    "CECILL-B",
    "CECILL-C",
    "CPAL-1.0",
    "CPL-1.0",
    "CNRI-Python",
    "ClArtistic",
    "ECL-2.0",
    "EFL-2.0",
    "EPL-1.0",
    "EPL-2.0",
    "EUPL-1.1",
    "EUPL-1.2",
    "Elastic-2.0",
    "ErlPL-1.1",
    "FSFAP",
    "FSFUL",
    "FSFULLR",
    "FSL-1.1-ALv2",
    "FSL-1.1-MIT",
    "FTL",
    "GFDL-1.1",
    "GFDL-1.2",
    "GFDL-1.3",
    "GPL-1.0",
    "GPL-2.0",
    "GPL-3.0",
    "HPND",
    "HPND-sell-variant",
    "ICU",
    "IJG",
    "IPL-1.0",
    "ISC",
    "Imlib2",
    "Info-ZIP",
    "Intel",
    "JSON",
    "LGPL-2.0",
    "LGPL-2.1",
    "LGPL-3.0",
    "LPL-1.02",
    "LPPL-1.3c",
    "Libpng",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MIT-Modern-Variant",
    "MIT-advertising",
    "MIT-feh",
    "MPL-1.0",
    "MPL-1.1",
    "MPL-2.0",
    "MS-PL",
    "MS-RL",
    "MirOS",
    "MulanPSL-2.0",
    "NCSA",
    "NPL-1.1",
    "NTP",
    "Net-SNMP",
    "NetCDF",
    "OFL-1.0",
    "OFL-1.1",
    "OLDAP-2.8",
    "OSL-1.1",
    "OSL-2.0",
    "OSL-3.0",
    "ODbL-1.0",
    "OpenSSL",
    "OpenSSL-standalone",
    "PDDL-1.0",
    "PHP-3.0",
    "PHP-3.01",
    "PSF-2.0",
    "Parity-7.0.0",
    "PolyForm-Noncommercial-1.0.0",
    "PolyForm-Small-Business-1.0.0",
    "PostgreSQL",
    "Python-2.0",
    "QPL-1.0",
    "RPL-1.5",
    "RSA-MD",
    "Ruby",
    "SGI-B-2.0",
    "SISSL",
    "SMLNJ",
    "SPL-1.0",
    "SSH-OpenSSH",
    "SSLeay-standalone",
    "SSPL-1.0",
    "Sendmail",
    "Sleepycat",
    "Spencer-94",
    "SunPro",
    "TCL",
    "UPL-1.0",
    "Unicode-3.0",
    "Unicode-DFS-2015",
    "Unicode-DFS-2016",
    "Unlicense",
    "Vim",
    "W3C",
    "W3C-19980720",
    "W3C-20150513",
    "WTFPL",
    "X11",
    "X11-distribute-modifications-variant",
    "XFree86-1.1",
    "Zend-2.0",
    "ZPL-2.0",
    "ZPL-2.1",
    "Zlib",
    "blessing",
    "bzip2-1.0.6",
    "curl",
    "etalab-2.0",
    "libpng-2.0",
    "libtiff",
    "mpich2",
    "zlib-acknowledgement",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/words.rs");
    let mut by_phrase: BTreeMap<u32, BTreeSet<u16>> = BTreeMap::new();
    let mut names = Vec::new();
    let mut totals = Vec::new();
    for (name, text) in spdx::text::LICENSE_TEXTS {
        if !KNOWN.contains(name) {
            continue;
        }
        let text = without_template(name, text);
        let number = u16::try_from(names.len()).unwrap();
        let mut phrases = BTreeSet::new();
        words::phrases(text.as_bytes(), &mut |phrase, _| {
            phrases.insert(phrase);
        });
        assert!(!phrases.is_empty(), "{name} has no phrases");
        for phrase in &phrases {
            by_phrase.entry(*phrase).or_default().insert(number);
        }
        names.push(*name);
        totals.push(u32::try_from(phrases.len()).unwrap());
    }
    for known in KNOWN {
        assert!(names.contains(known), "{known} is not in the list of SPDX");
    }
    let index = index(&names, &totals, &by_phrase);
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    fs::write(out.join("phrases.bin"), index).unwrap();
    let list: String = names.iter().map(|name| format!("{name:?},\n")).collect();
    fs::write(out.join("names.rs"), format!("[{list}]")).unwrap();
}

/// A text without what its users fill in.
fn without_template(name: &str, text: &str) -> String {
    let mut text = text.to_owned();
    // The list appends the GPL to it, which stands in a file of its own everywhere else.
    if name == "LGPL-3.0" {
        let end = text[200..].find("GNU GENERAL PUBLIC LICENSE").unwrap() + 200;
        text.truncate(end);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(open) = rest.find('<') {
        let close = rest[open..].find('>').map(|close| open + close);
        match close {
            Some(close) if close - open < 60 && !rest[open..close].contains("http") => {
                out.push_str(&rest[..open]);
                // What makes the line that of a holder stays.
                let begins = out.rsplit('\n').next().unwrap_or_default().trim();
                if begins.to_lowercase().starts_with("copyright") {
                    out.push('<');
                }
                rest = &rest[close + 1..];
            }
            _ => {
                out.push_str(&rest[..=open]);
                rest = &rest[open + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Header (counts of licences, phrases, groups), totals, buckets, starts of groups, group of each
/// phrase, low halves of the phrases, members of groups. A group is what owns the same phrases: one
/// licence or several.
fn index(names: &[&str], totals: &[u32], by_phrase: &BTreeMap<u32, BTreeSet<u16>>) -> Vec<u8> {
    let mut members: Vec<u16> = Vec::new();
    let mut starts: Vec<u32> = vec![0];
    let mut groups: BTreeMap<&BTreeSet<u16>, u16> = BTreeMap::new();
    let mut buckets = vec![0_u32; (1 << 16) + 1];
    let mut lows: Vec<u16> = Vec::new();
    let mut owners: Vec<u16> = Vec::new();
    for (phrase, licences) in by_phrase {
        buckets[(phrase >> 16) as usize + 1] += 1;
        lows.push((phrase & 0xffff) as u16);
        let next = u16::try_from(groups.len()).unwrap();
        let group = *groups.entry(licences).or_insert_with(|| {
            members.extend(licences);
            starts.push(u32::try_from(members.len()).unwrap());
            next
        });
        owners.push(group);
    }
    for at in 1..buckets.len() {
        buckets[at] += buckets[at - 1];
    }
    let mut out = Vec::new();
    for count in [names.len(), by_phrase.len(), groups.len()] {
        out.extend(u32::try_from(count).unwrap().to_le_bytes());
    }
    out.extend(totals.iter().flat_map(|n| n.to_le_bytes()));
    out.extend(buckets.iter().flat_map(|n| n.to_le_bytes()));
    out.extend(starts.iter().flat_map(|n| n.to_le_bytes()));
    out.extend(owners.iter().flat_map(|n| n.to_le_bytes()));
    out.extend(lows.iter().flat_map(|n| n.to_le_bytes()));
    out.extend(members.iter().flat_map(|n| n.to_le_bytes()));
    out
}
