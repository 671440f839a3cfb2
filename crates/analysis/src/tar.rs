//! Tar headers: POSIX.1-2001 pax and ustar, GNU long names and base-256 numbers.

use std::io;

use crate::cursor::Cursor;

/// Largest pax record block or GNU long name that is read.
const MAX_EXTENSION: u64 = 1 << 20;

/// What an entry is, as far as an image layer needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    /// A file stored with holes left out: the stored bytes are not the content.
    Sparse,
    HardLink,
    Symlink,
    Directory,
    Other,
}

/// One entry; its content of `size` bytes follows at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// As stored, not yet cleaned.
    pub(crate) path: String,
    pub(crate) link: String,
    pub(crate) kind: EntryKind,
    pub(crate) size: u64,
    pub(crate) mode: u32,
}

impl Entry {
    /// Bytes after the content up to the next header.
    pub(crate) const fn padding(&self) -> u64 {
        (512 - self.size % 512) % 512
    }
}

#[derive(Default)]
struct Extension {
    path: Option<String>,
    link: Option<String>,
    size: Option<u64>,
    sparse: bool,
}

fn corrupt(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// The next entry; none at the end of the archive.
pub(crate) fn next_entry(cursor: &mut impl Cursor) -> io::Result<Option<Entry>> {
    let mut extension = Extension::default();
    let mut block = [0_u8; 512];
    // A chain of extension headers is short; more is an attack.
    for _ in 0..16 {
        if !cursor.block(&mut block)? {
            return Ok(None);
        }
        if block.iter().all(|&b| b == 0) {
            return Ok(None);
        }
        if !checksum_fits(&block) {
            return Err(corrupt(
                "not a tar header where one should be (checksum differs)",
            ));
        }
        let size = number(&block[124..136]).ok_or_else(|| corrupt("tar header without a size"))?;
        match block[156] {
            b'x' => pax(&read_extension(cursor, size)?, &mut extension),
            b'g' => {
                // Global records (git archive writes a comment) say nothing about a path.
                read_extension(cursor, size)?;
            }
            b'L' => extension.path = Some(text(&read_extension(cursor, size)?)),
            b'K' => extension.link = Some(text(&read_extension(cursor, size)?)),
            kind => return entry(cursor, &block, kind, size, extension).map(Some),
        }
    }
    Err(corrupt("tar entry with too many extension headers"))
}

fn entry(
    cursor: &mut impl Cursor,
    block: &[u8; 512],
    type_flag: u8,
    size: u64,
    extension: Extension,
) -> io::Result<Entry> {
    let path = extension.path.unwrap_or_else(|| ustar_path(block));
    let kind = match type_flag {
        b'1' => EntryKind::HardLink,
        b'2' => EntryKind::Symlink,
        b'5' => EntryKind::Directory,
        b'3' | b'4' | b'6' => EntryKind::Other,
        b'S' => EntryKind::Sparse,
        b'0' | b'7' if extension.sparse => EntryKind::Sparse,
        // Before POSIX, a directory was a file whose name ends in a slash.
        b'0' | 0 if path.ends_with('/') => EntryKind::Directory,
        b'0' | b'7' | 0 => EntryKind::File,
        _ => EntryKind::Other,
    };
    if type_flag == b'S' {
        skip_sparse_map(cursor, block[482] != 0)?;
    }
    // Only these carry content whatever the size field says (as in Go's archive/tar).
    let has_content = !matches!(type_flag, b'1'..=b'6');
    Ok(Entry {
        link: extension.link.unwrap_or_else(|| text(&block[157..257])),
        kind,
        size: if has_content {
            extension.size.unwrap_or(size)
        } else {
            0
        },
        mode: u32::try_from(number(&block[100..108]).unwrap_or(0) & 0o7777).unwrap_or(0),
        path,
    })
}

/// GNU's old sparse format continues its map in blocks after the header.
fn skip_sparse_map(cursor: &mut impl Cursor, mut more: bool) -> io::Result<()> {
    let mut block = [0_u8; 512];
    let mut blocks = 0;
    while more {
        blocks += 1;
        if blocks > 100_000 || !cursor.block(&mut block)? {
            return Err(corrupt("sparse file map without an end"));
        }
        more = block[504] != 0;
    }
    Ok(())
}

fn read_extension(cursor: &mut impl Cursor, size: u64) -> io::Result<Vec<u8>> {
    if size > MAX_EXTENSION {
        return Err(corrupt("tar extension header over 1 MiB"));
    }
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
    cursor.read_exact(&mut bytes)?;
    cursor.skip((512 - size % 512) % 512)?;
    Ok(bytes)
}

/// Pax records: `LENGTH KEY=VALUE\n`, where the length counts itself (POSIX.1-2001, pax).
fn pax(mut bytes: &[u8], extension: &mut Extension) {
    while let Some(space) = bytes.iter().take(20).position(|&b| b == b' ') {
        let Some(len) = std::str::from_utf8(&bytes[..space])
            .ok()
            .and_then(|n| n.parse::<usize>().ok())
            .filter(|&n| n > space && n <= bytes.len())
        else {
            return;
        };
        let record = &bytes[space + 1..len];
        bytes = &bytes[len..];
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        let Some(equals) = record.iter().position(|&b| b == b'=') else {
            continue;
        };
        let value = &record[equals + 1..];
        match &record[..equals] {
            b"path" => extension.path = Some(text(value)),
            b"linkpath" => extension.link = Some(text(value)),
            b"size" => extension.size = text(value).parse().ok(),
            b"GNU.sparse.name" => {
                extension.path = Some(text(value));
                extension.sparse = true;
            }
            key if key.starts_with(b"GNU.sparse.") => extension.sparse = true,
            _ => {}
        }
    }
}

fn ustar_path(block: &[u8; 512]) -> String {
    let name = text(&block[..100]);
    // The prefix field exists in POSIX ustar only; GNU keeps times there.
    if &block[257..263] == b"ustar\0" && block[345] != 0 {
        let prefix = text(&block[345..500]);
        return format!("{prefix}/{name}");
    }
    name
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// An octal number, or a base-256 one when the first bit is set (GNU tar).
fn number(field: &[u8]) -> Option<u64> {
    let (&first, rest) = field.split_first()?;
    if first == 0xff {
        return None;
    }
    if first & 0x80 != 0 {
        return rest.iter().try_fold(u64::from(first & 0x7f), |n, &b| {
            n.checked_mul(256)?.checked_add(u64::from(b))
        });
    }
    field
        .iter()
        .copied()
        .skip_while(|&b| b == b' ' || b == 0)
        .take_while(|&b| b != b' ' && b != 0)
        .try_fold(0_u64, |n, b| match b {
            b'0'..=b'7' => n.checked_mul(8)?.checked_add(u64::from(b - b'0')),
            _ => None,
        })
}

/// The checksum over the header with its own field as spaces; some old writers summed signed bytes.
fn checksum_fits(block: &[u8; 512]) -> bool {
    let Some(stored) = number(&block[148..156]) else {
        return false;
    };
    let mut unsigned = 0_u64;
    let mut signed = 0_i64;
    for (at, &byte) in block.iter().enumerate() {
        let byte = if (148..156).contains(&at) { b' ' } else { byte };
        unsigned += u64::from(byte);
        signed += i64::from(byte.cast_signed());
    }
    stored == unsigned || i64::try_from(stored) == Ok(signed)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cursor::{RandomCursor, StreamCursor};

    /// A header block; the tests of the whole crate build their archives from these.
    pub(crate) fn header(path: &str, kind: u8, size: u64, mode: u32, link: &str) -> [u8; 512] {
        let mut block = [0_u8; 512];
        block[..path.len()].copy_from_slice(path.as_bytes());
        block[100..107].copy_from_slice(format!("{mode:07o}").as_bytes());
        block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
        block[156] = kind;
        block[157..157 + link.len()].copy_from_slice(link.as_bytes());
        block[257..265].copy_from_slice(b"ustar\x0000");
        seal(&mut block);
        block
    }

    pub(crate) fn seal(block: &mut [u8; 512]) {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }

    /// A whole tar of files.
    pub(crate) fn tar(files: &[(&str, u8, &[u8], &str)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (path, kind, content, link) in files {
            if path.len() > 99 {
                out.extend(header("././@LongLink", b'L', path.len() as u64 + 1, 0, ""));
                out.extend(path.as_bytes());
                out.resize(out.len() + 512 - path.len() % 512, 0);
            }
            let short: String = path.chars().take(99).collect();
            out.extend(header(&short, *kind, content.len() as u64, 0o755, link));
            out.extend(*content);
            out.resize(out.len().next_multiple_of(512), 0);
        }
        out.resize(out.len() + 1024, 0);
        out
    }

    fn all(bytes: &[u8]) -> (io::Result<Vec<Entry>>, io::Result<Vec<Entry>>) {
        fn run(cursor: &mut impl Cursor) -> io::Result<Vec<Entry>> {
            let mut entries = Vec::new();
            while let Some(entry) = next_entry(cursor)? {
                cursor.skip(entry.size)?;
                cursor.skip(entry.padding())?;
                entries.push(entry);
            }
            Ok(entries)
        }
        let bytes = bytes.to_vec();
        (
            run(&mut RandomCursor::new(&bytes)),
            run(&mut StreamCursor::new(bytes.as_slice(), u64::MAX)),
        )
    }

    #[test]
    fn entries_are_read_the_same_by_seeking_and_by_streaming() {
        let long = "d/".repeat(80) + "file";
        let bytes = tar(&[
            ("etc/", b'5', b"", ""),
            ("etc/a", b'0', b"hello", ""),
            ("etc/b", b'2', b"", "a"),
            ("etc/c", b'1', b"", "etc/a"),
            (&long, b'0', &[7; 1000], ""),
        ]);
        let (random, stream) = all(&bytes);
        let random = random.unwrap();
        assert_eq!(random, stream.unwrap());
        let seen: Vec<_> = random
            .iter()
            .map(|e| (e.path.as_str(), e.kind, e.size, e.link.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                ("etc/", EntryKind::Directory, 0, ""),
                ("etc/a", EntryKind::File, 5, ""),
                ("etc/b", EntryKind::Symlink, 0, "a"),
                ("etc/c", EntryKind::HardLink, 0, "etc/a"),
                (&long, EntryKind::File, 1000, ""),
            ]
        );
    }

    #[test]
    fn pax_records_override_the_header() {
        let records = b"18 path=long/name\n16 size=3000000\n99 broken";
        let mut bytes = header("PaxHeader", b'x', records.len() as u64, 0, "").to_vec();
        bytes.extend(records);
        bytes.resize(1024, 0);
        bytes.extend(header("short", b'0', 5, 0o644, ""));
        let entry = next_entry(&mut RandomCursor::new(&bytes)).unwrap().unwrap();
        assert_eq!((entry.path.as_str(), entry.size), ("long/name", 3_000_000));
        assert_eq!(entry.mode, 0o644);
    }

    #[test]
    fn numbers_are_octal_or_base_256() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b"   17 \0\0"), Some(0o17));
        assert_eq!(number(b"\0\0\0\0"), Some(0));
        assert_eq!(number(b"0000689\0"), None);
        assert_eq!(number(&[0x80, 0, 0, 1, 0]), Some(256));
        assert_eq!(number(&[0xff; 12]), None, "a negative size");
        let mut huge = [0x80_u8; 12];
        huge[1] = 0x7f;
        assert_eq!(number(&huge), None, "over 64 bits");
    }

    #[test]
    fn damage_is_an_error_and_a_missing_end_is_not() {
        let good = tar(&[("a", b'0', b"hello", "")]);
        assert_eq!(all(&good[..1024]).1.unwrap().len(), 1, "no end blocks");
        assert!(all(&good[..700]).1.is_err(), "cut in the content");
        assert!(all(&good[..300]).0.is_err(), "cut in the header");
        let mut bad = good;
        bad[3] ^= 1;
        assert!(all(&bad).0.is_err(), "checksum");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..3000)) {
            let _ = all(&bytes);
        }

        #[test]
        fn no_mutation_panics(at in 0_usize..1536, value in proptest::num::u8::ANY) {
            let mut bytes = tar(&[("etc/a", b'x', b"11 path=b\n", ""), ("etc/a", b'0', b"hello", "")]);
            bytes[at] = value;
            let mut block: [u8; 512] = bytes[..512].try_into().unwrap();
            seal(&mut block);
            bytes[..512].copy_from_slice(&block);
            let _ = all(&bytes);
        }
    }
}
