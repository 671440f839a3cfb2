//! Recognises the full texts of licences by the phrases that they are made of.
//!
//! Each phrase of four words is looked up in an index of all known licences; a licence is there when
//! most of its phrases are. The work grows with the length of the text and no faster: a phrase
//! counts once, so a text can count no more than the index holds.

use crate::words::phrases;

/// The licences of the index.
const NAMES: &[&str] = &include!(concat!(env!("OUT_DIR"), "/names.rs"));
static DATA: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/phrases.bin"));

/// How much of a licence must be there, in percent.
pub(crate) const ENOUGH: u32 = 80;
/// How much of what is there must not belong to a better match, in percent: the texts of related
/// licences lie in each other.
const OWN: u32 = 40;

/// A licence whose text is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Match {
    /// Its name in the index, without `-only`.
    pub(crate) name: &'static str,
    /// How much of it is there, in percent.
    pub(crate) percent: u32,
    /// Where its first phrase ends, in bytes.
    pub(crate) at: usize,
}

/// A section of the index.
#[derive(Clone, Copy)]
struct Section {
    start: usize,
}

impl Section {
    fn long(self, at: usize) -> u32 {
        let start = self.start + at * 4;
        DATA.get(start..start + 4)
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u32::from_le_bytes)
    }

    fn short(self, at: usize) -> u16 {
        let start = self.start + at * 2;
        DATA.get(start..start + 2)
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u16::from_le_bytes)
    }
}

struct Index {
    phrases: usize,
    totals: Section,
    buckets: Section,
    owners: Section,
    lows: Section,
    shared: Section,
}

impl Index {
    fn open() -> Self {
        let header = Section { start: 0 };
        let phrases = header.long(1) as usize;
        let totals = 12;
        let buckets = totals + header.long(0) as usize * 4;
        let owners = buckets + ((1 << 16) + 1) * 4;
        let lows = owners + phrases * 4;
        Self {
            phrases,
            totals: Section { start: totals },
            buckets: Section { start: buckets },
            owners: Section { start: owners },
            lows: Section { start: lows },
            shared: Section {
                start: lows + phrases * 2,
            },
        }
    }

    /// The number of a phrase in the index.
    fn find(&self, phrase: u32) -> Option<usize> {
        let bucket = (phrase >> 16) as usize;
        let low = (phrase & 0xffff) as u16;
        let from = self.buckets.long(bucket) as usize;
        let to = self.buckets.long(bucket + 1) as usize;
        (from..to).find(|at| self.lows.short(*at) == low)
    }

    /// Calls `each` with the licences that have a phrase.
    fn owners(&self, phrase: usize, mut each: impl FnMut(usize)) {
        let owner = self.owners.long(phrase);
        if owner >> 31 == 0 {
            each(owner as usize);
            return;
        }
        let place = (owner & !(1 << 31)) as usize;
        for at in 0..usize::from(self.shared.short(place)) {
            each(usize::from(self.shared.short(place + 1 + at)));
        }
    }
}

/// The licences whose texts are in a text, best first.
pub(crate) fn recognise(text: &[u8]) -> Vec<Match> {
    let index = Index::open();
    let mut seen = vec![0_u64; index.phrases.div_ceil(64)];
    let mut hits: Vec<(u32, u32)> = Vec::new();
    let mut counts = vec![0_u32; NAMES.len()];
    phrases(text, &mut |phrase, end| {
        let Some(at) = index.find(phrase) else { return };
        let (word, bit) = (at / 64, 1 << (at % 64));
        if seen[word] & bit == 0 {
            seen[word] |= bit;
            let narrow = |n| u32::try_from(n).unwrap_or(u32::MAX);
            hits.push((narrow(at), narrow(end)));
            index.owners(at, |licence| counts[licence] += 1);
        }
    });
    let total = |licence: usize| index.totals.long(licence).max(1);
    let mut candidates: Vec<usize> = (0..NAMES.len())
        .filter(|licence| counts[*licence] * 100 >= total(*licence) * ENOUGH)
        .collect();
    // Much of a long licence says more than all of a short one that lies in it.
    candidates.sort_by_key(|licence| {
        let count = u64::from(counts[*licence]);
        let rank = count * count * 1000 / u64::from(total(*licence));
        (std::cmp::Reverse(rank), NAMES[*licence].len(), *licence)
    });
    let mut taken = vec![false; hits.len()];
    let mut found = Vec::new();
    for licence in candidates {
        let mut own = Vec::new();
        for (number, (phrase, _)) in hits.iter().enumerate() {
            if !taken[number] {
                let mut has = false;
                index.owners(*phrase as usize, |owner| has |= owner == licence);
                if has {
                    own.push(number);
                }
            }
        }
        let enough = own.len() * 100 >= counts[licence] as usize * OWN as usize;
        let Some(first) = own.first().filter(|_| enough) else {
            continue;
        };
        found.push(Match {
            name: NAMES[licence],
            percent: (counts[licence] * 100 / total(licence)).min(100),
            at: hits[*first].1 as usize,
        });
        for number in own {
            taken[number] = true;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        recognise(text.as_bytes()).iter().map(|m| m.name).collect()
    }

    fn text_of(name: &str) -> &'static str {
        let texts = spdx::text::LICENSE_TEXTS;
        texts.iter().find(|(n, _)| *n == name).expect("is there").1
    }

    #[test]
    fn each_licence_is_recognised_as_itself() {
        let mut wrong = Vec::new();
        for name in NAMES {
            let found = names(text_of(name));
            // The list appends the GPL to the text of the LGPL.
            let expected = if *name == "LGPL-3.0" { "GPL-3.0" } else { name };
            if found.first() != Some(&expected) || !found.contains(name) {
                wrong.push((name, found));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn a_copy_with_another_holder_in_comments_is_recognised() {
        let mit = text_of("MIT")
            .replace("<year> <copyright holders>", "2020-2024 A Person & others")
            .lines()
            .map(|line| format!(" * {line}\n"))
            .collect::<String>();
        let found = recognise(mit.as_bytes());
        assert_eq!((found[0].name, found[0].percent), ("MIT", 100));
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn several_texts_in_one_file_are_all_found() {
        let both = format!("{}\n\n----\n\n{}", text_of("MIT"), text_of("BSD-3-Clause"));
        let mut found = names(&both);
        found.sort_unstable();
        assert_eq!(found, ["BSD-3-Clause", "MIT"]);
        let both = format!("{}\n{}", text_of("Apache-2.0"), text_of("Zlib"));
        assert_eq!(names(&both), ["Apache-2.0", "Zlib"]);
    }

    #[test]
    fn relatives_are_told_apart() {
        for name in [
            "BSD-2-Clause",
            "BSD-3-Clause",
            "BSD-4-Clause",
            "ISC",
            "0BSD",
            "MIT-0",
            "X11",
        ] {
            assert_eq!(names(text_of(name)), [name]);
        }
        let renamed = text_of("BSD-3-Clause").replace("the copyright holder nor", "ACME Inc. nor");
        assert_eq!(names(&renamed), ["BSD-3-Clause"]);
        assert_eq!(
            names("All rights reserved. You may not use this file."),
            Vec::<&str>::new()
        );
        assert!(names("").is_empty());
    }
}
