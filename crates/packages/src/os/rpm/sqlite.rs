use seaworthy_analysis::{AnalyzeError, Content};

use super::{MAX_BLOB, damaged};

/// Levels of a b-tree that SQLite could ever need, with room.
const MAX_DEPTH: usize = 20;

/// Reads tables of a SQLite file, page by page (SQLite, "Database File Format", 1.3, 1.6, 2.1).
pub(super) struct Sqlite<'c, 'a> {
    content: &'c Content<'a>,
    page_size: usize,
    /// Bytes of a page that hold content.
    usable: usize,
    pages: u64,
}

/// A cell of a table's leaf: its length, and where its bytes are.
struct Payload {
    length: usize,
    /// Offset in the page.
    start: usize,
}

impl<'c, 'a> Sqlite<'c, 'a> {
    pub(super) fn open(content: &'c Content<'a>) -> Result<Self, AnalyzeError> {
        let mut header = [0; 100];
        if content.len() < header.len() as u64 {
            return Err(damaged("it is shorter than its header"));
        }
        content.read_exact_at(0, &mut header)?;
        if &header[..16] != b"SQLite format 3\0" {
            return Err(damaged("it is no SQLite file"));
        }
        let page_size = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65_536,
            size => usize::from(size),
        };
        if !page_size.is_power_of_two() || page_size < 512 {
            return Err(damaged("its page size is wrong"));
        }
        let usable = page_size - usize::from(header[20]);
        if usable < 480 {
            return Err(damaged("its pages have no room"));
        }
        let pages = u64::from(be32(&header, 28)?);
        let there = content.len() / page_size as u64;
        // The count in the header is only valid when it belongs to the last change.
        let pages = if pages == 0 || header[24..28] != header[92..96] {
            there
        } else {
            pages
        };
        if pages > there {
            return Err(damaged("it is cut off"));
        }
        Ok(Self {
            content,
            page_size,
            usable,
            pages,
        })
    }

    /// Hands each value of the second column of a table, the blob of rpm's tables, to `each`.
    pub(super) fn each_blob(
        &self,
        table: &[u8],
        each: &mut dyn FnMut(&[u8]) -> Result<(), AnalyzeError>,
    ) -> Result<(), AnalyzeError> {
        let mut root = None;
        self.each_row(1, &mut |record| {
            if let [_, Some(name), _, Some(page), ..] = columns(record)?[..]
                && name == table
            {
                root = Some(page.iter().fold(0_u64, |n, b| n << 8 | u64::from(*b)));
            }
            Ok(())
        })?;
        let root = root.ok_or_else(|| damaged("it has no table of packages"))?;
        self.each_row(root, &mut |record| match columns(record)?[..] {
            [_, Some(blob), ..] => each(blob),
            _ => Err(damaged("a row of its table has no header")),
        })
    }

    fn each_row(
        &self,
        root: u64,
        each: &mut dyn FnMut(&[u8]) -> Result<(), AnalyzeError>,
    ) -> Result<(), AnalyzeError> {
        let mut budget = self.pages;
        let mut record = Vec::new();
        self.walk(root, MAX_DEPTH, &mut budget, &mut record, each)
    }

    fn walk(
        &self,
        number: u64,
        depth: usize,
        budget: &mut u64,
        record: &mut Vec<u8>,
        each: &mut dyn FnMut(&[u8]) -> Result<(), AnalyzeError>,
    ) -> Result<(), AnalyzeError> {
        // A tree that is one has each page once.
        if depth == 0 || *budget == 0 {
            return Err(damaged("its tables are circular"));
        }
        *budget -= 1;
        let mut page = vec![0; self.page_size];
        self.page(number, &mut page)?;
        let header = if number == 1 { 100 } else { 0 };
        let kind = page[header];
        let cells = usize::from(be16(&page, header + 3)?);
        let pointers = header + if kind == 5 { 12 } else { 8 };
        for cell in 0..cells {
            let at = usize::from(be16(&page, pointers + 2 * cell)?);
            match kind {
                5 => {
                    let child = u64::from(be32(&page, at)?);
                    self.walk(child, depth - 1, budget, record, each)?;
                }
                13 => {
                    let payload = payload(&page, at)?;
                    self.read(&page, &payload, budget, record)?;
                    each(record)?;
                }
                _ => break,
            }
        }
        match kind {
            5 => {
                let right = u64::from(be32(&page, header + 8)?);
                self.walk(right, depth - 1, budget, record, each)
            }
            13 => Ok(()),
            _ => Err(damaged("a page is of no table")),
        }
    }

    fn page(&self, number: u64, out: &mut [u8]) -> Result<(), AnalyzeError> {
        if number == 0 || number > self.pages {
            return Err(damaged("it points to a page that it does not have"));
        }
        self.content
            .read_exact_at((number - 1) * self.page_size as u64, out)?;
        Ok(())
    }

    /// Reads a cell's bytes, those on overflow pages included (section 1.6, "B-tree Cell Format",
    /// and 1.7, "Cell Payload Overflow Pages").
    fn read(
        &self,
        page: &[u8],
        payload: &Payload,
        budget: &mut u64,
        out: &mut Vec<u8>,
    ) -> Result<(), AnalyzeError> {
        out.clear();
        let length = payload.length;
        let most = self.usable - 35;
        let local = if length <= most {
            length
        } else {
            let least = (self.usable - 12) * 32 / 255 - 23;
            let rest = least + (length - least) % (self.usable - 4);
            if rest <= most { rest } else { least }
        };
        let end = payload.start + local;
        out.extend_from_slice(
            page.get(payload.start..end)
                .ok_or_else(|| damaged("a row runs over its page"))?,
        );
        if local == length {
            return Ok(());
        }
        let mut next = u64::from(be32(page, end)?);
        let mut overflow = vec![0; self.page_size];
        while out.len() < length {
            if *budget == 0 {
                return Err(damaged("a row's pages are circular"));
            }
            *budget -= 1;
            self.page(next, &mut overflow)?;
            let want = (length - out.len()).min(self.usable - 4);
            out.extend_from_slice(&overflow[4..4 + want]);
            next = u64::from(be32(&overflow, 0)?);
        }
        Ok(())
    }
}

fn payload(page: &[u8], at: usize) -> Result<Payload, AnalyzeError> {
    let (length, start) = varint(page, at)?;
    let (_, start) = varint(page, start)?;
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length <= MAX_BLOB)
        .ok_or_else(|| damaged("a row is absurdly large"))?;
    Ok(Payload { length, start })
}

/// The values of a record (section 2.1, "Record Format"); null is none. Enough for the five columns
/// of the schema table and the two of rpm's.
fn columns(record: &[u8]) -> Result<Vec<Option<&[u8]>>, AnalyzeError> {
    let (header, mut at) = varint(record, 0)?;
    let header = usize::try_from(header).unwrap_or(usize::MAX);
    let mut start = header;
    let mut values = Vec::with_capacity(5);
    while at < header && values.len() < 5 {
        let (kind, next) = varint(record, at)?;
        at = next;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            _ => kind.saturating_sub(12) / 2,
        };
        let end = usize::try_from(length)
            .ok()
            .and_then(|length| start.checked_add(length))
            .ok_or_else(|| damaged("a value is absurdly large"))?;
        let value = record
            .get(start..end)
            .ok_or_else(|| damaged("a value runs over its row"))?;
        values.push((kind != 0).then_some(value));
        start = end;
    }
    Ok(values)
}

/// A number of one to nine bytes, and where it ends.
fn varint(bytes: &[u8], at: usize) -> Result<(u64, usize), AnalyzeError> {
    let mut value = 0_u64;
    for step in 0..9 {
        let byte = *bytes
            .get(at + step)
            .ok_or_else(|| damaged("a number runs over its page"))?;
        if step == 8 {
            return Ok((value << 8 | u64::from(byte), at + 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Ok((value, at + step + 1));
        }
    }
    Ok((value, at + 9))
}

fn be16(bytes: &[u8], at: usize) -> Result<u16, AnalyzeError> {
    match bytes.get(at..at + 2) {
        Some(&[a, b]) => Ok(u16::from_be_bytes([a, b])),
        _ => Err(damaged("a number runs over its page")),
    }
}

fn be32(bytes: &[u8], at: usize) -> Result<u32, AnalyzeError> {
    match bytes.get(at..at.saturating_add(4)) {
        Some(&[a, b, c, d]) => Ok(u32::from_be_bytes([a, b, c, d])),
        _ => Err(damaged("a number runs over its page")),
    }
}
