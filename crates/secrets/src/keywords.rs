//! Where keywords stand in a text, at several bytes per nanosecond.
//!
//! An automaton over some 300 keywords, with upper and lower case alike, follows one transition per
//! byte. This looks at every second position only: of each keyword, two neighbouring groups of three
//! letters are chosen, the rarest that it has, so that one of the two lies at a looked-at position
//! wherever the keyword stands. A table of 65,536 bits, which stays in the first-level cache, says
//! whether a group is one of those; most are not, and of the others a second table, with one letter
//! more, refuses most. Keywords of fewer than four bytes, which
//! only a user's own rules have, go through an Aho-Corasick automaton instead.

use aho_corasick::AhoCorasick;

/// Longest keyword; longer ones are refused where rules are read.
pub(crate) const MAX_KEYWORD: usize = 64;

const FOLD: u32 = 0x0020_2020;
const GROUP: u32 = 0x00ff_ffff;
/// Positions that are looked at with one branch.
const BLOCK: usize = 16;
const SLOTS: usize = 4096;

/// A keyword in lower case, of 1 to [`MAX_KEYWORD`] bytes.
pub(crate) enum Keyword {
    /// Found wherever it stands.
    Anywhere(Box<[u8]>),
    /// Found where a letter, a digit, `_` or `-` follows.
    Prefix(Box<[u8]>),
}

pub(crate) struct Keywords {
    bits: Box<[u64; 1024]>,
    /// The same for groups of four, asked where `bits` says yes.
    wide: Box<[u64; 2048]>,
    /// Heads of the lists in `entries`, plus one.
    slots: Box<[u16; SLOTS]>,
    entries: Vec<Entry>,
    words: Vec<Box<[u8]>>,
    short: Option<(AhoCorasick, Vec<u16>)>,
}

struct Entry {
    group: u32,
    word: u16,
    offset: u8,
    /// The next entry of the slot, plus one.
    next: u16,
}

impl Keywords {
    /// At most 30,000 keywords.
    pub(crate) fn new(keywords: Vec<Keyword>) -> Self {
        let mut this = Self {
            bits: Box::new([0; 1024]),
            wide: Box::new([0; 2048]),
            slots: Box::new([0; SLOTS]),
            entries: Vec::with_capacity(keywords.len() * 2),
            words: Vec::with_capacity(keywords.len()),
            short: None,
        };
        let mut short = Vec::new();
        for (id, keyword) in keywords.into_iter().enumerate() {
            let id = u16::try_from(id).unwrap_or(u16::MAX);
            let (word, prefix) = match keyword {
                Keyword::Anywhere(word) => (word, false),
                Keyword::Prefix(word) => (word, true),
            };
            match (&*word, prefix) {
                ([_, second, third], true) => {
                    this.add(&word, id, 0);
                    for next in (b'a'..=b'z').chain(b'0'..=b'9').chain(*b"_-") {
                        this.add(&[*second, *third, next], id, 1);
                    }
                }
                (word, _) if word.len() >= 4 => {
                    let at = rarest(word);
                    this.add(&word[at..], id, at);
                    this.add(&word[at + 1..], id, at + 1);
                }
                _ => short.push(id),
            }
            this.words.push(word);
        }
        if !short.is_empty() {
            let patterns = short.iter().map(|id| &this.words[usize::from(*id)]);
            // A handful of patterns of three bytes is never too large for an automaton.
            if let Ok(automaton) = AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build(patterns)
            {
                this.short = Some((automaton, short));
            }
        }
        this
    }

    /// `bytes` are the keyword's from `offset`; the fourth, if there is one, tells more.
    fn add(&mut self, bytes: &[u8], word: u16, offset: usize) {
        let group = group(bytes);
        let hash = hash(group);
        self.bits[hash >> 6 & 1023] |= 1 << (hash & 63);
        let fourths = match bytes.get(3) {
            Some(fourth) => *fourth..=*fourth,
            None => 0..=255,
        };
        for fourth in fourths {
            let hash = wide_hash(group | (u32::from(fourth) | 0x20) << 24);
            self.wide[hash >> 6 & 2047] |= 1 << (hash & 63);
        }
        let head = &mut self.slots[hash >> 4 & (SLOTS - 1)];
        self.entries.push(Entry {
            group,
            word,
            offset: u8::try_from(offset).unwrap_or(u8::MAX),
            next: *head,
        });
        *head = u16::try_from(self.entries.len()).unwrap_or(0);
    }

    /// Calls `hit` with the place and the number of each keyword that begins in `from..to`, nearly
    /// in the order of the places.
    pub(crate) fn find(
        &self,
        data: &[u8],
        from: usize,
        to: usize,
        mut hit: impl FnMut(usize, u16),
    ) {
        let to = to.min(data.len());
        if from >= to {
            return;
        }
        // A keyword that begins before `to` may have its group behind it.
        let end = (to + MAX_KEYWORD).min(data.len());
        let mut at = from;
        while let Some(block) = data
            .get(at..at + BLOCK + 4)
            .filter(|_| at + BLOCK <= end)
            .and_then(<[u8]>::first_chunk::<{ BLOCK + 4 }>)
        {
            let mut steps = self.steps(block);
            while steps != 0 {
                let step = steps.trailing_zeros() as usize;
                steps &= steps - 1;
                let four = u32::from_le_bytes([
                    block[step & (BLOCK - 1)],
                    block[(step & (BLOCK - 1)) + 1],
                    block[(step & (BLOCK - 1)) + 2],
                    block[(step & (BLOCK - 1)) + 3],
                ]);
                let hash = wide_hash(four | 0x2020_2020);
                if self.wide[hash >> 6 & 2047] >> (hash & 63) & 1 == 1 {
                    self.look(data, at + step, from, to, &mut hit);
                }
            }
            at += BLOCK;
        }
        while at + 3 <= end {
            self.look(data, at, from, to, &mut hit);
            at += 2;
        }
        if let Some((automaton, ids)) = &self.short {
            let end = (to + 3).min(data.len());
            for found in automaton.find_overlapping_iter(&data[from..end]) {
                if from + found.start() < to {
                    hit(from + found.start(), ids[found.pattern().as_usize()]);
                }
            }
        }
    }

    /// Which of the groups of a block, at its even positions, may be a keyword's.
    #[inline]
    fn steps(&self, block: &[u8; BLOCK + 4]) -> u32 {
        let mut seen = 0;
        let mut step = 0;
        while step < BLOCK {
            let four = [
                block[step],
                block[step + 1],
                block[step + 2],
                block[step + 3],
            ];
            let hash = hash((u32::from_le_bytes(four) | FOLD) & GROUP);
            let bit = self.bits[hash >> 6 & 1023] >> (hash & 63) & 1;
            seen |= (bit as u32) << step;
            step += 2;
        }
        seen
    }

    #[inline(never)]
    fn look(
        &self,
        data: &[u8],
        at: usize,
        from: usize,
        to: usize,
        hit: &mut impl FnMut(usize, u16),
    ) {
        let Some(three) = data.get(at..at + 3) else {
            return;
        };
        let group = group(three);
        let hash = hash(group);
        if self.bits[hash >> 6 & 1023] >> (hash & 63) & 1 == 0 {
            return;
        }
        let mut next = self.slots[hash >> 4 & (SLOTS - 1)];
        while let Some(entry) = next
            .checked_sub(1)
            .and_then(|n| self.entries.get(usize::from(n)))
        {
            next = entry.next;
            if entry.group != group {
                continue;
            }
            let word = &self.words[usize::from(entry.word)];
            if let Some(start) = at.checked_sub(usize::from(entry.offset))
                && (from..to).contains(&start)
                && data
                    .get(start..start + word.len())
                    .is_some_and(|there| there.eq_ignore_ascii_case(word))
            {
                hit(start, entry.word);
            }
        }
    }

    /// The keyword with that number, in lower case.
    pub(crate) fn word(&self, id: u16) -> &[u8] {
        &self.words[usize::from(id)]
    }
}

const fn group(bytes: &[u8]) -> u32 {
    (bytes[0] as u32 | (bytes[1] as u32) << 8 | (bytes[2] as u32) << 16) | FOLD
}

const fn hash(group: u32) -> usize {
    (group.wrapping_mul(0x9e37_79b1) >> 16) as usize
}

const fn wide_hash(group: u32) -> usize {
    (group.wrapping_mul(0x85eb_ca6b) >> 15) as usize
}

/// Where in `word` the four bytes begin that texts hold least often.
fn rarest(word: &[u8]) -> usize {
    let cost = |at: &usize| {
        word[*at..*at + 4]
            .iter()
            .map(|b| u32::from(weight(*b)))
            .product::<u32>()
    };
    (0..=word.len() - 4).min_by_key(cost).unwrap_or(0)
}

/// How often a byte stands in program texts and prose, roughly per 500.
const fn weight(byte: u8) -> u8 {
    match byte.to_ascii_lowercase() {
        b' ' => 90,
        b'e' => 60,
        b't' => 45,
        b'a' | b'i' | b'n' | b'o' | b'r' | b's' => 36,
        b'l' => 22,
        b'c' | b'd' | b'u' | b'p' | b'm' => 18,
        b'h' | b'f' | b'g' => 12,
        b'b' | b'y' | b'_' => 9,
        b'v' | b'w' | b'k' | b'-' | b'=' | b':' | b'.' => 6,
        b'0'..=b'9' => 5,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keywords(words: &[&str]) -> Keywords {
        Keywords::new(
            words
                .iter()
                .map(|w| Keyword::Anywhere(w.as_bytes().into()))
                .collect(),
        )
    }

    fn places(words: &[&str], data: &[u8], from: usize, to: usize) -> Vec<(usize, u16)> {
        let mut found = Vec::new();
        keywords(words).find(data, from, to, |at, id| found.push((at, id)));
        found.sort_unstable();
        found
    }

    fn naive(words: &[&str], data: &[u8], from: usize, to: usize) -> Vec<(usize, u16)> {
        let mut found = Vec::new();
        for at in from..to.min(data.len()) {
            for (id, word) in words.iter().enumerate() {
                if data
                    .get(at..at + word.len())
                    .is_some_and(|there| there.eq_ignore_ascii_case(word.as_bytes()))
                {
                    found.push((at, id as u16));
                }
            }
        }
        found
    }

    #[test]
    fn every_place_is_found_once_wherever_it_lies() {
        let words = ["ghp_", "password", "akia", "token", "secret_key", "ab"];
        for shift in 0..40 {
            let mut data = vec![b'.'; shift];
            data.extend_from_slice(b"GHP_ PassWord akia token abSECRET_KEYpasswordpassword");
            assert_eq!(
                places(&words, &data, 0, data.len()),
                naive(&words, &data, 0, data.len()),
                "{shift}"
            );
        }
    }

    #[test]
    fn the_beginning_of_a_token_is_found_before_more_of_it() {
        let words = Keywords::new(vec![Keyword::Prefix(b"hf_"[..].into())]);
        for shift in 0..4 {
            let data = [&b"...."[..shift], b"hf_a HF_Z hf_. hf_"].concat();
            let mut found = Vec::new();
            words.find(&data, 0, data.len(), |at, _| found.push(at - shift));
            found.retain(|at| *at < 10);
            assert_eq!(found, [0, 5]);
        }
    }

    proptest! {
        #[test]
        fn it_finds_what_a_plain_search_finds(
            data in "[aAbBkK_-]{0,120}",
            from in 0..60_usize,
            len in 0..80_usize,
        ) {
            let words = ["abka", "kab_", "-ab-k", "aabb", "bka", "_k"];
            let data = data.as_bytes();
            prop_assert_eq!(
                places(&words, data, from, from + len),
                naive(&words, data, from, from + len)
            );
        }
    }
}
