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
    groups: usize,
    totals: Section,
    buckets: Section,
    starts: Section,
    owners: Section,
    lows: Section,
    members: Section,
}

impl Index {
    fn open() -> Self {
        let header = Section { start: 0 };
        let phrases = header.long(1) as usize;
        let groups = header.long(2) as usize;
        let totals = 12;
        let buckets = totals + header.long(0) as usize * 4;
        let starts = buckets + ((1 << 16) + 1) * 4;
        let owners = starts + (groups + 1) * 4;
        let lows = owners + phrases * 2;
        Self {
            phrases,
            groups,
            totals: Section { start: totals },
            buckets: Section { start: buckets },
            starts: Section { start: starts },
            owners: Section { start: owners },
            lows: Section { start: lows },
            members: Section {
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

    /// The licences of a group.
    fn members(&self, group: usize) -> impl Iterator<Item = usize> + '_ {
        let range = self.starts.long(group)..self.starts.long(group + 1);
        range.map(|at| usize::from(self.members.short(at as usize)))
    }
}

/// What of a group of licences is in a text.
#[derive(Clone, Copy, Default)]
struct Hits {
    count: u32,
    /// Where the first phrase ends.
    first: usize,
    taken: bool,
}

/// The licences whose texts are in a text, best first.
pub(crate) fn recognise(text: &[u8]) -> Vec<Match> {
    let index = Index::open();
    let mut seen = vec![0_u64; index.phrases.div_ceil(64)];
    let mut by_group = vec![Hits::default(); index.groups];
    phrases(text, &mut |phrase, end| {
        let Some(at) = index.find(phrase) else { return };
        let (word, bit) = (at / 64, 1 << (at % 64));
        if seen[word] & bit == 0 {
            seen[word] |= bit;
            let hits = &mut by_group[usize::from(index.owners.short(at))];
            if hits.count == 0 {
                hits.first = end;
            }
            hits.count += 1;
        }
    });
    let mut hit: Vec<(usize, Hits)> = by_group
        .into_iter()
        .enumerate()
        .filter(|(_, hits)| hits.count > 0)
        .collect();
    let mut counts = vec![0_u32; NAMES.len()];
    for (group, hits) in &hit {
        for licence in index.members(*group) {
            counts[licence] += hits.count;
        }
    }
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
    let mut found = Vec::new();
    for licence in candidates {
        let is_own = |(group, hits): &(usize, Hits)| {
            !hits.taken && index.members(*group).any(|member| member == licence)
        };
        let own: Vec<usize> = (0..hit.len()).filter(|at| is_own(&hit[*at])).collect();
        let phrases: u32 = own.iter().map(|at| hit[*at].1.count).sum();
        if phrases * 100 < counts[licence] * OWN {
            continue;
        }
        let Some(first) = own.iter().map(|at| hit[*at].1.first).min() else {
            continue;
        };
        found.push(Match {
            name: NAMES[licence],
            percent: (counts[licence] * 100 / total(licence)).min(100),
            at: first,
        });
        for at in own {
            hit[at].1.taken = true;
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
