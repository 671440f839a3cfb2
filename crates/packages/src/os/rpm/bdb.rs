//! The hash file of Berkeley DB, `Packages`, which rpm used before SQLite (CentOS and RHEL up to 7
//! and 8, Amazon Linux 2, SLE up to 15): pages of entries, keys and values in turn, long values on
//! chains of overflow pages (Berkeley DB's `src/dbinc/db_page.h`). Which bucket a key belongs to
//! does not matter to a reader of everything, so the pages are read as they lie.

use seaworthy_analysis::{AnalyzeError, Content};

use super::{MAX_BLOB, damaged};

/// The mark of a hash file, at offset 12 of its first page.
const HASH_MAGIC: u32 = 0x0006_1561;
/// Marks of files that Berkeley DB also writes, and rpm does not use for packages.
const OTHER_MAGICS: [u32; 2] = [0x0005_3162, 0x0004_2253];

/// Page types (`P_HASH_UNSORTED`, `P_OVERFLOW`, `P_HASHMETA`, `P_HASH`).
const HASH_UNSORTED: u8 = 2;
const OVERFLOW: u8 = 7;
const HASH_META: u8 = 8;
const HASH: u8 = 13;

/// Entry types (`H_KEYDATA`, `H_OFFPAGE`).
const KEY_DATA: u8 = 1;
const OFF_PAGE: u8 = 3;

/// Bytes of a page's header.
const HEADER: usize = 26;
/// Bytes of the first page that are looked at.
const META: usize = 72;

/// A file whose first page was understood.
struct File<'c, 'a> {
    content: &'c Content<'a>,
    page_size: usize,
    /// How many pages it has, the first one included.
    pages: u32,
    /// Whether its numbers have their most significant byte first: written on such a machine.
    big_endian: bool,
}

/// A page and its header.
struct Page {
    bytes: Vec<u8>,
}

/// Hands each package's header to `each`.
pub(super) fn each_blob(
    content: &Content<'_>,
    each: &mut dyn FnMut(&[u8]) -> Result<(), AnalyzeError>,
) -> Result<(), AnalyzeError> {
    let file = File::open(content)?;
    // Each page belongs to one chain, so all chains together are no longer than the file.
    let mut budget = file.pages;
    let (mut page, mut blob) = (file.buffer(), Vec::new());
    let mut overflow = file.buffer();
    for number in 1..file.pages {
        file.read(number, &mut page)?;
        if !matches!(page.kind(), HASH | HASH_UNSORTED) {
            continue;
        }
        let entries = file.u16(&page.bytes, 20)?;
        if entries % 2 == 1 {
            return Err(damaged("a key has no value"));
        }
        for pair in 0..entries / 2 {
            let key = file.entry(&page, 2 * pair)?;
            // The package numbered 0 is the counter.
            let is_counter = match key {
                [KEY_DATA, key @ ..] => key.iter().all(|b| *b == 0),
                _ => return Err(damaged("a key is none")),
            };
            if is_counter {
                continue;
            }
            match file.entry(&page, 2 * pair + 1)? {
                [KEY_DATA, value @ ..] => each(value)?,
                [OFF_PAGE, rest @ ..] => {
                    let (first, length) = (file.u32(rest, 3)?, file.u32(rest, 7)?);
                    file.chain(first, length, &mut budget, &mut overflow, &mut blob)?;
                    each(&blob)?;
                }
                _ => return Err(damaged("a package is of no known kind of value")),
            }
        }
    }
    Ok(())
}

impl<'c, 'a> File<'c, 'a> {
    fn open(content: &'c Content<'a>) -> Result<Self, AnalyzeError> {
        let mut meta = [0; META];
        if content.len() < META as u64 {
            return Err(damaged("it is shorter than its header"));
        }
        content.read_exact_at(0, &mut meta)?;
        let magic = [meta[12], meta[13], meta[14], meta[15]];
        let (little, big) = (u32::from_le_bytes(magic), u32::from_be_bytes(magic));
        if OTHER_MAGICS.iter().any(|m| *m == little || *m == big) {
            return Err(damaged("it is a file of Berkeley DB, but no hash file"));
        }
        if little != HASH_MAGIC && big != HASH_MAGIC {
            return Err(damaged("it is no file of Berkeley DB"));
        }
        let mut file = Self {
            content,
            page_size: 0,
            pages: 0,
            big_endian: big == HASH_MAGIC,
        };
        let [cipher, kind, flags] = [meta[24], meta[25], meta[26]];
        if cipher != 0 || flags & 1 != 0 {
            return Err(damaged(
                "it is encrypted or has checksums, which rpm never asks for",
            ));
        }
        if kind != HASH_META {
            return Err(damaged("its first page does not describe a hash file"));
        }
        file.page_size = usize::try_from(file.u32(&meta, 20)?).unwrap_or_default();
        if !file.page_size.is_power_of_two() || !(512..=65_536).contains(&file.page_size) {
            return Err(damaged("its page size is wrong"));
        }
        file.pages = file
            .u32(&meta, 32)?
            .checked_add(1)
            .filter(|pages| u64::from(*pages) * file.page_size as u64 <= content.len())
            .ok_or_else(|| damaged("it is cut off"))?;
        Ok(file)
    }

    fn buffer(&self) -> Page {
        Page {
            bytes: vec![0; self.page_size],
        }
    }

    fn read(&self, number: u32, page: &mut Page) -> Result<(), AnalyzeError> {
        if number == 0 || number >= self.pages {
            return Err(damaged("it points to a page that it does not have"));
        }
        let at = u64::from(number) * self.page_size as u64;
        self.content.read_exact_at(at, &mut page.bytes)?;
        Ok(())
    }

    /// An entry of a page with its type in front. Entries lie back to back from the end of the
    /// page on, so one ends where the one before it begins.
    fn entry<'p>(&self, page: &'p Page, index: u16) -> Result<&'p [u8], AnalyzeError> {
        let offset = |index: u16| self.u16(&page.bytes, HEADER + 2 * usize::from(index));
        let start = usize::from(offset(index)?);
        let end = match index.checked_sub(1) {
            Some(before) => usize::from(offset(before)?),
            None => self.page_size,
        };
        page.bytes
            .get(start..end)
            .filter(|entry| start >= HEADER && !entry.is_empty())
            .ok_or_else(|| damaged("an entry runs over its page"))
    }

    /// The value of `length` bytes on the pages from `first` on.
    fn chain(
        &self,
        first: u32,
        length: u32,
        budget: &mut u32,
        page: &mut Page,
        blob: &mut Vec<u8>,
    ) -> Result<(), AnalyzeError> {
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= MAX_BLOB)
            .ok_or_else(|| damaged("a package is absurdly large"))?;
        blob.clear();
        let mut next = first;
        while blob.len() < length {
            *budget = budget
                .checked_sub(1)
                .ok_or_else(|| damaged("a package's pages are circular"))?;
            self.read(next, page)?;
            if page.kind() != OVERFLOW {
                return Err(damaged("a package goes on on a page of another kind"));
            }
            // For such a page the field tells how many bytes are on it.
            let here = usize::from(self.u16(&page.bytes, 22)?);
            let data = page
                .bytes
                .get(HEADER..HEADER + here)
                .filter(|data| !data.is_empty() && blob.len() + data.len() <= length)
                .ok_or_else(|| damaged("a package does not fill its pages as it says"))?;
            blob.extend_from_slice(data);
            next = self.u32(&page.bytes, 16)?;
        }
        Ok(())
    }

    fn u16(&self, bytes: &[u8], at: usize) -> Result<u16, AnalyzeError> {
        match bytes.get(at..at + 2) {
            Some(&[a, b]) if self.big_endian => Ok(u16::from_be_bytes([a, b])),
            Some(&[a, b]) => Ok(u16::from_le_bytes([a, b])),
            _ => Err(damaged("a number runs over its page")),
        }
    }

    fn u32(&self, bytes: &[u8], at: usize) -> Result<u32, AnalyzeError> {
        match bytes.get(at..at + 4) {
            Some(&[a, b, c, d]) if self.big_endian => Ok(u32::from_be_bytes([a, b, c, d])),
            Some(&[a, b, c, d]) => Ok(u32::from_le_bytes([a, b, c, d])),
            _ => Err(damaged("a number runs over its page")),
        }
    }
}

impl Page {
    fn kind(&self) -> u8 {
        self.bytes.get(25).copied().unwrap_or_default()
    }
}
