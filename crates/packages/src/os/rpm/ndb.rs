//! rpm's own kind of database, `Packages.db` ("ndb"), which SUSE's distributions use: a header, a
//! table of slots, and a blob for each slot in use, all in blocks of 16 bytes, all numbers least
//! significant byte first (rpm's `lib/backend/ndb/rpmpkg.c`).

use seaworthy_analysis::{AnalyzeError, Content};

use super::{MAX_BLOB, damaged};

/// `RpmP`, the mark of the file.
const MAGIC: &[u8; 4] = b"RpmP";
/// `Slot`, the mark of each slot.
const SLOT: &[u8; 4] = b"Slot";
/// `BlbS`, before a blob.
const HEAD: &[u8; 4] = b"BlbS";
/// `BlbE`, after it.
const TAIL: &[u8; 4] = b"BlbE";

/// The header takes the place of the first two slots.
const HEADER: usize = 32;
const SLOT_SIZE: usize = 16;
const BLOCK: u64 = 16;
const PAGE: usize = 4096;
/// Mark, package, generation, length.
const HEAD_SIZE: u64 = 16;
/// Checksum, length, mark.
const TAIL_SIZE: u64 = 12;

/// Hands each package's header to `each`.
pub(super) fn each_blob(
    content: &Content<'_>,
    each: &mut dyn FnMut(&[u8]) -> Result<(), AnalyzeError>,
) -> Result<(), AnalyzeError> {
    let mut header = [0; HEADER];
    if content.len() < HEADER as u64 {
        return Err(damaged("it is shorter than its header"));
    }
    content.read_exact_at(0, &mut header)?;
    if &header[..4] != MAGIC {
        return Err(damaged("it has not the mark of an ndb file"));
    }
    let version = number(&header, 4);
    if version != 0 {
        return Err(damaged(&format!(
            "it is of the format's version {version}, and only 0 is known"
        )));
    }
    let pages = u64::from(number(&header, 12));
    let slots_end = pages * PAGE as u64;
    if pages == 0 || slots_end > content.len() {
        return Err(damaged("it is cut off"));
    }
    // Blobs that are some lie side by side, so together they are no longer than the file.
    let mut budget = content.len();
    let (mut page, mut blob) = (vec![0; PAGE], Vec::new());
    for at in 0..pages {
        content.read_exact_at(at * PAGE as u64, &mut page)?;
        let first = if at == 0 { HEADER } else { 0 };
        for slot in page[first..].chunks_exact(SLOT_SIZE) {
            if &slot[..4] != SLOT {
                return Err(damaged("a slot has not its mark"));
            }
            let slot = Slot {
                package: number(slot, 4),
                start: u64::from(number(slot, 8)) * BLOCK,
                size: u64::from(number(slot, 12)) * BLOCK,
            };
            if slot.package == 0 || slot.start == 0 {
                continue;
            }
            budget = budget
                .checked_sub(slot.size)
                .filter(|_| slot.start >= slots_end)
                .ok_or_else(|| damaged("its packages overlap"))?;
            slot.read(content, &mut blob)?;
            each(&blob)?;
        }
    }
    Ok(())
}

/// Where a package lies, in bytes.
struct Slot {
    package: u32,
    start: u64,
    size: u64,
}

impl Slot {
    fn read(&self, content: &Content<'_>, blob: &mut Vec<u8>) -> Result<(), AnalyzeError> {
        if self.start + self.size > content.len() {
            return Err(damaged("it is cut off"));
        }
        if self.size < HEAD_SIZE + TAIL_SIZE {
            return Err(damaged("a package has no room"));
        }
        let mut head = [0; HEAD_SIZE as usize];
        content.read_exact_at(self.start, &mut head)?;
        let length = u64::from(number(&head, 12));
        let taken = (HEAD_SIZE + length + TAIL_SIZE).next_multiple_of(BLOCK);
        if &head[..4] != HEAD || number(&head, 4) != self.package || taken != self.size {
            return Err(damaged("a package does not begin as its slot says"));
        }
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= MAX_BLOB)
            .ok_or_else(|| damaged("a package is absurdly large"))?;
        let mut tail = [0; TAIL_SIZE as usize];
        content.read_exact_at(self.start + self.size - TAIL_SIZE, &mut tail)?;
        if &tail[8..] != TAIL || number(&tail, 4) as usize != length {
            return Err(damaged("a package does not end as its slot says"));
        }
        blob.resize(length, 0);
        content.read_exact_at(self.start + HEAD_SIZE, blob)?;
        Ok(())
    }
}

/// A number of four bytes, least significant first; the callers' buffers hold it.
fn number(bytes: &[u8], at: usize) -> u32 {
    match bytes.get(at..at + 4) {
        Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}
