use flate2::{Decompress, FlushDecompress, Status};
use seaworthy_model::ReadAt;

/// Entries of one archive that are looked at; the largest real ones have some 100,000.
const MAX_ENTRIES: u64 = 1_000_000;
/// Bytes of a central directory.
const MAX_DIRECTORY: u64 = 128 << 20;

/// A zip archive, read through its central directory (PKWARE APPNOTE.TXT 6.3, sections 4.3.7,
/// 4.3.12, 4.3.14 to 4.3.16), with nothing kept but what is asked for.
pub(super) struct Zip<'a> {
    source: &'a dyn ReadAt,
    directory: Vec<u8>,
    /// Bytes before the archive proper, as in a self-running one.
    shift: u64,
}

/// One file in the archive.
#[derive(Clone, Copy)]
pub(super) struct Entry<'d> {
    pub(super) name: &'d str,
    pub(super) size: u64,
    packed: u64,
    method: u16,
    encrypted: bool,
    header: u64,
}

/// Where an entry's content is.
pub(super) enum Data {
    /// As it is, at this offset of the archive.
    Stored(u64),
    /// Unpacked.
    Bytes(Vec<u8>),
}

impl<'a> Zip<'a> {
    /// Reads the central directory.
    pub(super) fn open(source: &'a dyn ReadAt) -> Result<Self, String> {
        let len = source.len();
        // The end record is last, but for a comment of up to 64 kB.
        let tail_len = len.min(22 + 0xffff);
        let mut tail = vec![0; usize::try_from(tail_len).map_err(|e| e.to_string())?];
        read(source, len - tail_len, &mut tail)?;
        let at = (0..tail.len().saturating_sub(21))
            .rev()
            .find(|at| {
                tail[*at..].starts_with(b"PK\x05\x06")
                    && *at + 22 + usize::from(u16_at(&tail, at + 20)) <= tail.len()
            })
            .ok_or("it has no end record")?;
        let end = len - tail_len + at as u64;
        let mut size = u64::from(u32_at(&tail, at + 12));
        let mut start = u64::from(u32_at(&tail, at + 16));
        let mut directory_end = end;
        if size == 0xffff_ffff || start == 0xffff_ffff || u16_at(&tail, at + 10) == 0xffff {
            // Zip64: a locator before the end record points to a larger one.
            let mut locator = [0; 20];
            if let Some(place) = end.checked_sub(20) {
                read(source, place, &mut locator)?;
            }
            if locator.starts_with(b"PK\x06\x07") {
                let place = u64_at(&locator, 8);
                let mut record = [0; 56];
                if place > len.saturating_sub(56) {
                    return Err("its zip64 record is beyond its end".to_owned());
                }
                read(source, place, &mut record)?;
                if !record.starts_with(b"PK\x06\x06") {
                    return Err("its zip64 record is damaged".to_owned());
                }
                size = u64_at(&record, 40);
                start = u64_at(&record, 48);
                directory_end = place;
            }
        }
        if size > MAX_DIRECTORY {
            return Err(format!(
                "its directory has {size} bytes, more than the limit"
            ));
        }
        // What stands before the archive moves all offsets; the directory ends at its end record.
        let shift = directory_end
            .checked_sub(size)
            .and_then(|place| place.checked_sub(start))
            .ok_or("its directory is beyond its end")?;
        let mut directory = vec![0; usize::try_from(size).map_err(|e| e.to_string())?];
        read(source, start + shift, &mut directory)?;
        Ok(Self {
            source,
            directory,
            shift,
        })
    }

    /// The bytes of the archive.
    pub(super) fn source(&self) -> &dyn ReadAt {
        self.source
    }

    /// The entries, in the order of the directory; damage ends them with an error.
    pub(super) fn entries(&self) -> impl Iterator<Item = Result<Entry<'_>, String>> {
        let mut at = 0;
        let mut count = 0;
        std::iter::from_fn(move || {
            if at >= self.directory.len() {
                return None;
            }
            count += 1;
            if count > MAX_ENTRIES {
                at = self.directory.len();
                return Some(Err("it has too many entries".to_owned()));
            }
            match entry(&self.directory, at) {
                Ok((entry, next)) => {
                    at = next;
                    Some(Ok(entry))
                }
                Err(error) => {
                    at = self.directory.len();
                    Some(Err(error))
                }
            }
        })
    }

    /// Reads an entry of up to `limit` bytes.
    pub(super) fn data(&self, entry: &Entry<'_>, limit: u64) -> Result<Data, String> {
        if entry.encrypted {
            return Err("it is encrypted".to_owned());
        }
        if entry.size > limit {
            return Err(format!(
                "it has {} bytes, more than the limit of {limit}",
                entry.size
            ));
        }
        let mut local = [0; 30];
        let header = entry
            .header
            .checked_add(self.shift)
            .ok_or("its place is beyond the end")?;
        read(self.source, header, &mut local)?;
        if !local.starts_with(b"PK\x03\x04") {
            return Err("its local header is damaged".to_owned());
        }
        let start = header + 30 + u64::from(u16_at(&local, 26)) + u64::from(u16_at(&local, 28));
        if start
            .checked_add(entry.packed)
            .is_none_or(|end| end > self.source.len())
        {
            return Err("it runs over the end of the archive".to_owned());
        }
        match entry.method {
            0 if entry.packed == entry.size => Ok(Data::Stored(start)),
            8 => self.inflate(entry, start).map(Data::Bytes),
            0 => Err("its two sizes differ".to_owned()),
            method => Err(format!("it is packed with method {method}")),
        }
    }

    fn inflate(&self, entry: &Entry<'_>, start: u64) -> Result<Vec<u8>, String> {
        let size = usize::try_from(entry.size).map_err(|e| e.to_string())?;
        // The size is what somebody wrote: grow with what really comes.
        let mut out = Vec::with_capacity(size.min(1 << 20));
        let mut inflater = Decompress::new(false);
        let mut piece = vec![0; 64 << 10];
        let mut left = entry.packed;
        let mut at = start;
        while left > 0 {
            let want = usize::try_from(left).map_or(piece.len(), |left| left.min(piece.len()));
            read(self.source, at, &mut piece[..want])?;
            at += want as u64;
            left -= want as u64;
            let mut input = &piece[..want];
            loop {
                if out.len() == out.capacity() {
                    if out.len() >= size {
                        // Room for one more byte shows whether there is one.
                        out.reserve_exact(1);
                    } else {
                        out.reserve(size.min(out.len() * 2 + 4096) - out.len());
                    }
                }
                let before = inflater.total_in();
                let status = inflater
                    .decompress_vec(input, &mut out, FlushDecompress::None)
                    .map_err(|e| format!("it is damaged: {e}"))?;
                let used = usize::try_from(inflater.total_in() - before).unwrap_or(0);
                input = &input[used..];
                if out.len() > size {
                    return Err("it is larger than it says".to_owned());
                }
                if status == Status::StreamEnd {
                    return complete(out, size);
                }
                if input.is_empty() && out.len() < out.capacity() {
                    break;
                }
                if used == 0 && out.len() < out.capacity() {
                    return Err("it is damaged".to_owned());
                }
            }
        }
        complete(out, size)
    }
}

fn complete(out: Vec<u8>, size: usize) -> Result<Vec<u8>, String> {
    if out.len() == size {
        Ok(out)
    } else {
        Err("it is smaller than it says".to_owned())
    }
}

/// The entry at a place of the directory, and where the next one is.
fn entry(directory: &[u8], at: usize) -> Result<(Entry<'_>, usize), String> {
    let fixed = directory
        .get(at..at + 46)
        .filter(|fixed| fixed.starts_with(b"PK\x01\x02"))
        .ok_or("its directory is damaged")?;
    let name_len = usize::from(u16_at(fixed, 28));
    let extra_len = usize::from(u16_at(fixed, 30));
    let comment_len = usize::from(u16_at(fixed, 32));
    let rest = directory
        .get(at + 46..at + 46 + name_len + extra_len + comment_len)
        .ok_or("its directory is cut off")?;
    let (name, rest) = rest.split_at(name_len);
    let mut entry = Entry {
        // Names in other encodings are none that anybody looks for.
        name: std::str::from_utf8(name).unwrap_or_default(),
        size: u64::from(u32_at(fixed, 24)),
        packed: u64::from(u32_at(fixed, 20)),
        method: u16_at(fixed, 10),
        encrypted: u16_at(fixed, 8) & 1 == 1,
        header: u64::from(u32_at(fixed, 42)),
    };
    zip64(&mut entry, &rest[..extra_len]);
    Ok((entry, at + 46 + name_len + extra_len + comment_len))
}

/// Sizes that did not fit into four bytes stand in an extra field (section 4.5.3).
fn zip64(entry: &mut Entry<'_>, mut extra: &[u8]) {
    while extra.len() >= 4 {
        let len = usize::from(u16_at(extra, 2));
        let Some(mut field) = extra.get(4..4 + len) else {
            return;
        };
        if u16_at(extra, 0) == 1 {
            for value in [&mut entry.size, &mut entry.packed, &mut entry.header] {
                if *value == 0xffff_ffff && field.len() >= 8 {
                    *value = u64_at(field, 0);
                    field = &field[8..];
                }
            }
            return;
        }
        extra = &extra[4 + len..];
    }
}

fn read(source: &dyn ReadAt, at: u64, out: &mut [u8]) -> Result<(), String> {
    source.read_exact_at(at, out).map_err(|e| {
        if e.kind() == std::io::ErrorKind::UnexpectedEof {
            "it is cut off".to_owned()
        } else {
            e.to_string()
        }
    })
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    match bytes.get(at..at + 2) {
        Some(&[a, b]) => u16::from_le_bytes([a, b]),
        _ => 0,
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
