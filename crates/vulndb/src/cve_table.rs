//! A column of values by CVE: one bit a number in blocks of 256, and what the set bits stand for in
//! their order; for texts as numbers into a list of them, their low and high bytes apart, which
//! compresses best.

use std::collections::BTreeMap;

use crate::bytes::{Sections, assemble, number, push_text, text};
use crate::{ShardMeta, SourceInfo};

/// The blocks that have a number, by year and high part.
const BLOCKS: usize = 1;
/// The values' low bytes, then their middle bytes, then their high bytes.
const VALUES: usize = 2;
/// Offsets of the texts (`u32`).
const OFFSETS: usize = 3;
const TEXTS: usize = 4;

/// What the meta data of such a table says in place of a version scheme.
pub(crate) const SCHEME: &str = "cve";

/// A block: year (`u16`), high part of the number (`u16`), values before it (`u32`), 32 bytes of
/// bits.
const BLOCK: usize = 40;

/// Year, number / 256, number % 256.
pub(crate) type Number = (u16, u16, u8);

/// The number of a CVE; none for other ids and for numbers above 16 million, which no CVE has.
pub(crate) fn cve(id: &str) -> Option<Number> {
    let (year, digits) = id.strip_prefix("CVE-")?.split_once('-')?;
    // `CVE-2020-00001` is no other spelling of `CVE-2020-0001`.
    let padded = digits.len() > 4 && digits.starts_with('0');
    if digits.len() < 4 || padded {
        return None;
    }
    of_digits(year, digits)
}

/// A year of four digits and a number.
pub(crate) fn of_digits(year: &str, digits: &str) -> Option<Number> {
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if year.len() != 4 || !plain(year) || !plain(digits) {
        return None;
    }
    let value: u32 = digits.parse().ok()?;
    Some((
        year.parse().ok()?,
        u16::try_from(value >> 8).ok()?,
        (value & 0xff) as u8,
    ))
}

/// Values in the order of their numbers, by block.
#[derive(Debug, Default)]
pub(crate) struct Blocks<V>(BTreeMap<(u16, u16), BTreeMap<u8, V>>);

impl<V> Blocks<V> {
    /// Sets the value of a number.
    pub(crate) fn insert(&mut self, (year, high, low): Number, value: V) {
        self.0.entry((year, high)).or_default().insert(low, value);
    }

    /// The blocks as [`find`] reads them.
    pub(crate) fn index(&self) -> Vec<u8> {
        let (mut index, mut before) = (Vec::new(), 0_u32);
        for ((year, high), numbers) in &self.0 {
            index.extend_from_slice(&year.to_le_bytes());
            index.extend_from_slice(&high.to_le_bytes());
            index.extend_from_slice(&before.to_le_bytes());
            let mut bits = [0_u8; 32];
            for low in numbers.keys() {
                if let Some(byte) = bits.get_mut(usize::from(low / 8)) {
                    *byte |= 1 << (low % 8);
                }
                before = before.saturating_add(1);
            }
            index.extend_from_slice(&bits);
        }
        index
    }

    /// The values, in order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.0.values().flat_map(BTreeMap::values)
    }
}

/// Which of the values is that of a number, by the blocks of an index.
pub(crate) fn find(blocks: &[u8], (year, high, low): Number) -> Option<usize> {
    let wanted = u32::from(year) << 16 | u32::from(high);
    let key = |at: usize| {
        let both = number(blocks, at * BLOCK)?;
        Some(both.rotate_right(16))
    };
    let (mut from, mut to) = (0, blocks.len() / BLOCK);
    while from < to {
        let middle = from + (to - from) / 2;
        if key(middle)? < wanted {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    if key(from)? != wanted {
        return None;
    }
    let block = blocks.get(from * BLOCK..(from + 1) * BLOCK)?;
    let bits = block.get(8..)?;
    let (byte, bit) = (usize::from(low / 8), low % 8);
    let own = *bits.get(byte)?;
    if own & 1 << bit == 0 {
        return None;
    }
    let before: u32 = bits.iter().take(byte).map(|b| b.count_ones()).sum();
    let below = (own & ((1 << bit) - 1)).count_ones();
    (number(block, 4)? as usize).checked_add((before + below) as usize)
}

/// Every number of an index, in the order of the values.
pub(crate) fn numbers(blocks: &[u8]) -> impl Iterator<Item = Number> {
    blocks.chunks_exact(BLOCK).flat_map(|block| {
        let both = number(block, 0).unwrap_or_default();
        let bits = block.get(8..).unwrap_or_default();
        (0..=255_u8)
            .filter(|low| {
                bits.get(usize::from(low / 8))
                    .is_some_and(|byte| byte & 1 << (low % 8) != 0)
            })
            .map(move |low| ((both & 0xffff) as u16, (both >> 16) as u16, low))
    })
}

pub(crate) fn build(key: &str, source: SourceInfo, entries: &[(String, String)]) -> Vec<u8> {
    let mut distinct: Vec<&str> = entries.iter().map(|(_, value)| value.as_str()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let mut blocks = Blocks::default();
    for (id, value) in entries {
        if let Some(number) = cve(id)
            && let Ok(at) = distinct.binary_search(&value.as_str())
        {
            blocks.insert(number, at);
        }
    }
    let values: Vec<usize> = blocks.values().copied().collect();
    let planes = (0..3)
        .flat_map(|plane| values.iter().map(move |value| (value >> (8 * plane)) as u8))
        .collect();
    let (mut offsets, mut texts) = (Vec::new(), Vec::new());
    for value in distinct {
        let offset = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        offsets.extend_from_slice(&offset.to_le_bytes());
        push_text(&mut texts, value);
    }
    let meta = ShardMeta {
        key: key.to_owned(),
        scheme: SCHEME.to_owned(),
        sources: vec![source],
        checked: String::new(),
    };
    assemble(
        &meta.text(),
        [blocks.index(), planes, offsets, texts, Vec::new()],
    )
}

/// The text of a CVE.
pub(crate) fn get<'s>(sections: &'s Sections, id: &str) -> Option<&'s str> {
    let at = find(sections.section(BLOCKS), cve(id)?)?;
    let values = sections.section(VALUES);
    let count = values.len() / 3;
    let value = (0..3).try_fold(0_usize, |value, plane| {
        let byte = values.get(plane * count..)?.get(..count)?.get(at)?;
        Some(value | usize::from(*byte) << (8 * plane))
    })?;
    let offset = number(sections.section(OFFSETS), value * 4)?;
    text(&mut sections.section(TEXTS).get(offset as usize..)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back_and_no_other() {
        let ids: Vec<String> = (0..2000)
            .map(|n| format!("CVE-{}-{:04}", 1999 + n % 5, n * n % 70_000))
            .collect();
        let entries: Vec<(String, String)> = ids
            .iter()
            .map(|id| (id.clone(), format!("v{}", id.len())))
            .collect();
        let table = Sections::from_bytes(build("epss", SourceInfo::default(), &entries));
        let table = table.unwrap();
        for id in &ids {
            assert_eq!(
                get(&table, id),
                Some(format!("v{}", id.len()).as_str()),
                "{id}"
            );
        }
        for id in [
            "CVE-1999-70000",
            "CVE-2020-0001",
            "CVE-1999-00000",
            "GHSA-1",
            "",
            "CVE-x-1",
        ] {
            assert_eq!(get(&table, id), None, "{id}");
        }
    }

    #[test]
    fn ids_beyond_the_numbers_are_left_out() {
        for id in [
            "CVE-2020-99999999",
            "CVE-2020-1",
            "CVE-20201-0001",
            "CVE-2020-+123",
        ] {
            assert_eq!(cve(id), None, "{id}");
        }
        assert_eq!(cve("CVE-2017-1000001"), Some((2017, 3906, 65)));
    }
}
