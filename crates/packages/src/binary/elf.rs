use seaworthy_analysis::Content;

/// Sections of one file; linkers write some thousands at the very most.
const MAX_SECTIONS: usize = 65_536;

/// The parts of an ELF file that matter (System V ABI, chapters 4 and 5).
pub(super) struct Elf<'c, 'a> {
    content: &'c Content<'a>,
    pub(super) wide: bool,
    little: bool,
    sections: Vec<Section>,
    names: Vec<u8>,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Section {
    name: u32,
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// A part of the file that is loaded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub(super) writable: bool,
    pub(super) offset: u64,
    address: u64,
    pub(super) size: u64,
}

impl<'c, 'a> Elf<'c, 'a> {
    pub(super) fn open(content: &'c Content<'a>) -> Result<Self, String> {
        let mut header = [0; 64];
        let len = usize::try_from(content.len()).map_or(64, |len| len.min(64));
        content
            .read_exact_at(0, &mut header[..len])
            .map_err(|e| e.to_string())?;
        let wide = match header[4] {
            1 => false,
            2 => true,
            class => return Err(format!("its class is {class}")),
        };
        let little = match header[5] {
            1 => true,
            2 => false,
            order => return Err(format!("its byte order is {order}")),
        };
        let mut elf = Self {
            content,
            wide,
            little,
            sections: Vec::new(),
            names: Vec::new(),
            segments: Vec::new(),
        };
        let (programs, sections, counts) = if wide {
            (elf.long(&header, 32), elf.long(&header, 40), 54)
        } else {
            (
                elf.word(&header, 28).into(),
                elf.word(&header, 32).into(),
                42,
            )
        };
        let half = |at: usize| usize::from(elf.half(&header, at));
        let (program_size, program_count) = (half(counts), half(counts + 2));
        let (section_size, section_count, names) =
            (half(counts + 4), half(counts + 6), half(counts + 8));
        elf.read_segments(programs, program_size, program_count)?;
        // Files without a section table run all the same.
        if sections != 0 && section_count != 0 {
            elf.read_sections(sections, section_size, section_count, names)?;
        }
        Ok(elf)
    }

    fn read_segments(&mut self, at: u64, size: usize, count: usize) -> Result<(), String> {
        let need = if self.wide { 56 } else { 32 };
        if count == 0 {
            return Ok(());
        }
        if size < need {
            return Err("its program headers are too small".to_owned());
        }
        let table = self.bytes(at, (size * count) as u64)?;
        for entry in table.chunks_exact(size) {
            // PT_LOAD
            if self.word(entry, 0) != 1 {
                continue;
            }
            let segment = if self.wide {
                Segment {
                    writable: self.word(entry, 4) & 2 != 0,
                    offset: self.long(entry, 8),
                    address: self.long(entry, 16),
                    size: self.long(entry, 32),
                }
            } else {
                Segment {
                    writable: self.word(entry, 24) & 2 != 0,
                    offset: self.word(entry, 4).into(),
                    address: self.word(entry, 8).into(),
                    size: self.word(entry, 16).into(),
                }
            };
            self.segments.push(segment);
        }
        Ok(())
    }

    fn read_sections(
        &mut self,
        at: u64,
        size: usize,
        count: usize,
        names: usize,
    ) -> Result<(), String> {
        let need = if self.wide { 64 } else { 40 };
        if size < need || count > MAX_SECTIONS {
            return Err("its section headers are too small or too many".to_owned());
        }
        let table = self.bytes(at, (size * count) as u64)?;
        for entry in table.chunks_exact(size) {
            // SHT_NOBITS has no bytes in the file.
            let empty = self.word(entry, 4) == 8;
            let mut section = if self.wide {
                Section {
                    name: self.word(entry, 0),
                    offset: self.long(entry, 24),
                    size: self.long(entry, 32),
                }
            } else {
                Section {
                    name: self.word(entry, 0),
                    offset: self.word(entry, 16).into(),
                    size: self.word(entry, 20).into(),
                }
            };
            if empty {
                section.size = 0;
            }
            self.sections.push(section);
        }
        if let Some(section) = self.sections.get(names).copied() {
            self.names = self.read(section, 1 << 20)?;
        }
        Ok(())
    }

    pub(super) fn section(&self, name: &str) -> Option<Section> {
        self.sections.iter().copied().find(|section| {
            usize::try_from(section.name)
                .ok()
                .and_then(|at| self.names.get(at..))
                .and_then(|rest| rest.strip_prefix(name.as_bytes()))
                .is_some_and(|rest| rest.first() == Some(&0))
        })
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// A section's bytes.
    pub(super) fn read(&self, section: Section, limit: u64) -> Result<Vec<u8>, String> {
        if section.size > limit {
            return Err(format!(
                "a section has {} bytes, more than the limit",
                section.size
            ));
        }
        self.bytes(section.offset, section.size)
    }

    /// Bytes of the file.
    pub(super) fn bytes(&self, at: u64, len: u64) -> Result<Vec<u8>, String> {
        if at
            .checked_add(len)
            .is_none_or(|end| end > self.content.len())
        {
            return Err("it is cut off".to_owned());
        }
        let mut out = vec![0; usize::try_from(len).map_err(|e| e.to_string())?];
        self.content
            .read_exact_at(at, &mut out)
            .map_err(|e| e.to_string())?;
        Ok(out)
    }

    /// Bytes at an address of the running program.
    pub(super) fn at_address(&self, address: u64, len: u64) -> Option<Vec<u8>> {
        let segment = self.segments.iter().find(|segment| {
            address
                .checked_sub(segment.address)
                .and_then(|at| at.checked_add(len))
                .is_some_and(|end| end <= segment.size)
        })?;
        let at = segment.offset.checked_add(address - segment.address)?;
        self.bytes(at, len).ok()
    }

    pub(super) fn half(&self, bytes: &[u8], at: usize) -> u16 {
        match bytes.get(at..at + 2) {
            Some(&[a, b]) if self.little => u16::from_le_bytes([a, b]),
            Some(&[a, b]) => u16::from_be_bytes([a, b]),
            _ => 0,
        }
    }

    pub(super) fn word(&self, bytes: &[u8], at: usize) -> u32 {
        match bytes.get(at..at + 4) {
            Some(&[a, b, c, d]) if self.little => u32::from_le_bytes([a, b, c, d]),
            Some(&[a, b, c, d]) => u32::from_be_bytes([a, b, c, d]),
            _ => 0,
        }
    }

    pub(super) fn long(&self, bytes: &[u8], at: usize) -> u64 {
        let (first, second) = (self.word(bytes, at), self.word(bytes, at + 4));
        if self.little {
            u64::from(second) << 32 | u64::from(first)
        } else {
            u64::from(first) << 32 | u64::from(second)
        }
    }
}
