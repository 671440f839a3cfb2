use seaworthy_analysis::owned_path_hash;

pub(super) const NAME: u32 = 1000;
pub(super) const VERSION: u32 = 1001;
pub(super) const RELEASE: u32 = 1002;
pub(super) const EPOCH: u32 = 1003;
pub(super) const VENDOR: u32 = 1011;
pub(super) const LICENSE: u32 = 1014;
pub(super) const ARCH: u32 = 1022;
pub(super) const SOURCE_RPM: u32 = 1044;
const DIR_INDEXES: u32 = 1116;
const BASE_NAMES: u32 = 1117;
const DIR_NAMES: u32 = 1118;
pub(super) const MODULARITY_LABEL: u32 = 5096;

const INT32: u32 = 4;
const STRING: u32 = 6;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

/// Bytes of an index entry: tag, type, offset, count.
const ENTRY: usize = 16;

/// An rpm header as the database keeps it: two counts, the index, the data (rpm's "Package
/// format: header structure"; the magic of package files is not stored).
pub(super) struct Header<'a> {
    index: &'a [u8],
    data: &'a [u8],
}

impl<'a> Header<'a> {
    pub(super) fn parse(blob: &'a [u8]) -> Result<Self, String> {
        let count = number(blob, 0).ok_or("no header")? as usize;
        let length = number(blob, 4).ok_or("no header")? as usize;
        let index = count
            .checked_mul(ENTRY)
            .and_then(|len| blob.get(8..8_usize.checked_add(len)?))
            .ok_or_else(|| format!("the header says {count} fields and is too short for them"))?;
        let start = 8 + index.len();
        let data = start
            .checked_add(length)
            .and_then(|end| blob.get(start..end))
            .ok_or_else(|| format!("the header says {length} bytes of data and is shorter"))?;
        Ok(Self { index, data })
    }

    /// Type, count and data of a tag.
    fn tag(&self, tag: u32) -> Option<(u32, usize, &'a [u8])> {
        self.index.chunks_exact(ENTRY).find_map(|entry| {
            if number(entry, 0)? != tag {
                return None;
            }
            let offset = number(entry, 8)? as usize;
            Some((
                number(entry, 4)?,
                number(entry, 12)? as usize,
                self.data.get(offset..)?,
            ))
        })
    }

    /// The text of a tag, the first of several translations; none when it is not UTF-8.
    pub(super) fn string(&self, tag: u32) -> Option<&'a str> {
        match self.tag(tag)? {
            (STRING | I18N_STRING | STRING_ARRAY, 1.., data) => strings(data).next()?,
            _ => None,
        }
    }

    /// The first number of a tag.
    pub(super) fn number(&self, tag: u32) -> Option<u32> {
        match self.tag(tag)? {
            (INT32, 1.., data) => number(data, 0),
            _ => None,
        }
    }

    /// Adds hashes of the files that the package owns: base names, each with the index of its
    /// folder.
    pub(super) fn files(&self, owned: &mut Vec<u64>) {
        let (
            Some((STRING_ARRAY, count, names)),
            Some((STRING_ARRAY, folder_count, folders)),
            Some((INT32, index_count, indexes)),
        ) = (
            self.tag(BASE_NAMES),
            self.tag(DIR_NAMES),
            self.tag(DIR_INDEXES),
        )
        else {
            return;
        };
        let folders: Vec<Option<&str>> = strings(folders).take(folder_count).collect();
        let mut path = String::new();
        for (at, name) in strings(names).take(count.min(index_count)).enumerate() {
            let folder = number(indexes, at * 4).and_then(|i| *folders.get(i as usize)?);
            let (Some(folder), Some(name)) = (folder, name) else {
                continue;
            };
            path.clear();
            path.push_str(folder);
            path.push_str(name);
            owned.push(owned_path_hash(&path));
        }
    }
}

/// Zero-terminated strings; one that is not UTF-8 is none. What has no end is not a string.
fn strings(data: &[u8]) -> impl Iterator<Item = Option<&str>> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let end = memchr::memchr(0, rest)?;
        let (text, after) = rest.split_at(end);
        rest = &after[1..];
        Some(std::str::from_utf8(text).ok())
    })
}

/// A number of four bytes, most significant first.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}
