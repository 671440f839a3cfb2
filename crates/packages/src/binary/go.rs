use seaworthy_analysis::Facts;
use seaworthy_model::{Package, PackageType};

use super::elf::Elf;
use super::product;

/// How build information begins (Go, `debug/buildinfo`).
pub(super) const MAGIC: &[u8; 14] = b"\xff Go buildinf:";
/// Build information lies at a multiple of this.
const ALIGN: usize = 16;
/// How far into the data segment Go looks when there is no section table.
const SEARCH: u64 = 1 << 20;
/// Longest module list in bytes.
pub(super) const MAX_LIST: u64 = 8 << 20;

/// What Go's linker writes about a build.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct BuildInfo {
    /// `go1.21.5`.
    version: String,
    /// Lines of `path`, `mod`, `dep`, `=>`, `build`.
    modules: String,
}

/// The build information of a binary.
pub(super) fn find(elf: &Elf<'_, '_>) -> Result<Option<BuildInfo>, String> {
    let (offset, size) = match elf.section(".go.buildinfo") {
        Some(section) => (section.offset, section.size.min(MAX_LIST)),
        None => match elf.segments().iter().find(|segment| segment.writable) {
            Some(segment) => (segment.offset, segment.size.min(SEARCH)),
            None => return Ok(None),
        },
    };
    let data = elf.bytes(offset, size)?;
    let mut at = 0;
    while let Some(found) = memchr::memmem::find(&data[at..], MAGIC) {
        let start = at + found;
        if start % ALIGN == 0
            && let Some(info) = read(elf, offset + start as u64, &data[start..])
        {
            return Ok(Some(info));
        }
        at = start + MAGIC.len();
    }
    Ok(None)
}

fn read(elf: &Elf<'_, '_>, offset: u64, data: &[u8]) -> Option<BuildInfo> {
    let flags = *data.get(15)?;
    if flags & 2 != 0 {
        // Since Go 1.18 the texts follow the header. The list may go on after the section's piece.
        return inline(data).or_else(|| inline(&elf.bytes(offset, MAX_LIST).ok()?));
    }
    // Before, two pointers to string headers: an address and a length each.
    let size = u64::from(*data.get(14)?);
    if !matches!(size, 4 | 8) || (size == 8) != elf.wide {
        return None;
    }
    let number = |bytes: &[u8], at: usize| -> u64 {
        if size == 4 {
            u64::from(elf.word(bytes, at))
        } else {
            elf.long(bytes, at)
        }
    };
    let text = |at: usize| -> Option<String> {
        let header = elf.at_address(number(data, at), 2 * size)?;
        let len = number(&header, usize::try_from(size).ok()?);
        if len > MAX_LIST {
            return None;
        }
        let bytes = elf.at_address(number(&header, 0), len)?;
        String::from_utf8(bytes).ok()
    };
    let version = text(16)?;
    let modules = text(16 + usize::try_from(size).ok()?).unwrap_or_default();
    BuildInfo::new(&version, &modules)
}

/// The texts after the header, each with its length before it.
pub(super) fn inline(data: &[u8]) -> Option<BuildInfo> {
    let mut rest = data.get(32..)?;
    let mut text = || -> Option<String> {
        let mut len = 0_u64;
        let mut shift = 0;
        loop {
            let (byte, after) = rest.split_first()?;
            rest = after;
            len |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if *byte < 0x80 {
                break;
            }
            shift += 7;
            if shift > 28 {
                return None;
            }
        }
        let len = usize::try_from(len).ok()?;
        let (text, after) = rest.split_at_checked(len)?;
        rest = after;
        // The list is framed by marks that are no text.
        Some(String::from_utf8_lossy(text).into_owned())
    };
    let version = text()?;
    let modules = text()?;
    BuildInfo::new(&version, &modules)
}

impl BuildInfo {
    fn new(version: &str, modules: &str) -> Option<Self> {
        let known = version.starts_with("go1") || version.starts_with("devel ");
        known.then(|| Self {
            version: version.to_owned(),
            modules: modules.to_owned(),
        })
    }

    /// Adds the standard library, the main module and its dependencies.
    pub(super) fn add(&self, path: &str, facts: &mut Facts) {
        let mut add = |name: &str, version: &str| {
            facts
                .packages
                .push(Package::new(PackageType::Go, name, version, path));
        };
        // `go1.21.5 X:boringcrypto`, `devel go1.22-abc`, `go1.20.4-custom`.
        let version = self
            .version
            .split_whitespace()
            .find_map(|word| word.strip_prefix("go"))
            .unwrap_or_default();
        if !version.is_empty() {
            add("stdlib", version);
        }
        let mut pending: Option<(&str, &str)> = None;
        let mut main = None;
        for line in self.modules.lines() {
            let mut fields = line.split('\t');
            // The first line carries the opening mark.
            let key = fields.next().unwrap_or_default();
            let (name, version) = (
                fields.next().unwrap_or_default(),
                fields.next().unwrap_or_default(),
            );
            match key {
                "mod" => main = Some((name, version)),
                "dep" => {
                    if let Some((name, version)) = pending.replace((name, version)) {
                        add(name, version);
                    }
                }
                // What is built in instead of the line before.
                "=>" => pending = (!version.is_empty()).then_some((name, version)),
                _ => {}
            }
        }
        if let Some((name, version)) = pending {
            add(name, version);
        }
        if let Some((name, version)) = main {
            let version = if version.is_empty() || version == "(devel)" {
                self.linked_version().unwrap_or("(devel)")
            } else {
                version
            };
            add(name, version);
            if let Some((product, version)) = product::of_module(name, version) {
                facts
                    .packages
                    .push(Package::new(PackageType::Generic, product, version, path));
            }
        }
    }

    /// The version that a project gave its own binary: `-ldflags "-X main.version=v1.2.3"`.
    fn linked_version(&self) -> Option<&str> {
        let flags = self
            .modules
            .lines()
            .find_map(|line| line.strip_prefix("build\t-ldflags="))?;
        flags
            .split(['"', '\'', ' '])
            .filter_map(|word| word.split_once('='))
            .filter(|(key, _)| {
                let last = key.rsplit('.').next().unwrap_or(key);
                last.to_ascii_lowercase().ends_with("version")
            })
            .map(|(_, value)| value)
            .find(|value| {
                let number = value.strip_prefix('v').unwrap_or(value);
                number.starts_with(|c: char| c.is_ascii_digit()) && number.contains('.')
            })
    }
}
