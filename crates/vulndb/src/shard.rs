use std::path::Path;

use seaworthy_model::{Severity, State};

use crate::bytes::{Sections, number, text, unzigzag, varint};
use crate::{Advisory, End, Error};

/// Number of rows, then the offset of each package's block, by name.
pub(crate) const PACKAGES: usize = 1;
/// Packages with the columns of their rows.
pub(crate) const BLOCKS: usize = 2;
/// Ids, aliases and advisory of a vulnerability.
pub(crate) const IDENTITIES: usize = 3;
/// Intervals and versions.
pub(crate) const SPANS: usize = 4;
/// Source, state, severity, vector and module.
pub(crate) const SHAPES: usize = 5;

/// A feed that went into a shard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct SourceInfo {
    /// The feed: `debian-tracker`.
    pub name: String,
    /// When its newest record was made, `YYYY-MM-DD`; empty when the feed does not tell.
    pub date: String,
    /// How many records of it are in the shard: the rows that it gave.
    pub records: u64,
}

/// What a shard says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShardMeta {
    /// `debian:12`, `npm`.
    pub key: String,
    /// Version scheme, `deb`; empty for side tables.
    pub scheme: String,
    /// The feeds, sorted.
    pub sources: Vec<SourceInfo>,
    /// When it was last found to be what upstream says, `YYYY-MM-DD`; empty when nobody noted it.
    /// Stands beside the shard and not in it: a shard that has not changed stays as it is.
    pub checked: String,
}

impl ShardMeta {
    /// Until when it speaks, `YYYY-MM-DD`: the day on which it was last checked against upstream,
    /// else the newest date of its sources; empty when nothing tells one.
    #[must_use]
    pub fn date(&self) -> &str {
        if !self.checked.is_empty() {
            return &self.checked;
        }
        self.sources
            .iter()
            .filter_map(|s| s.date.get(..10))
            .max()
            .unwrap_or_default()
    }

    pub(crate) fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        let mut meta = Self {
            key: lines.next().unwrap_or_default().to_owned(),
            scheme: lines.next().unwrap_or_default().to_owned(),
            ..Self::default()
        };
        for line in lines {
            let mut fields = line.split('\t');
            let mut next = || fields.next().unwrap_or_default();
            meta.sources.push(SourceInfo {
                name: next().to_owned(),
                date: next().to_owned(),
                records: next().parse().unwrap_or(0),
            });
        }
        meta
    }

    pub(crate) fn text(&self) -> String {
        use std::fmt::Write as _;
        let clean = |t: &str| t.replace(['\n', '\t', '\r'], " ");
        let mut text = format!("{}\n{}\n", clean(&self.key), clean(&self.scheme));
        for source in &self.sources {
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "{}\t{}\t{}",
                clean(&source.name),
                clean(&source.date),
                source.records
            );
        }
        text
    }
}

/// An open shard.
pub struct Shard {
    meta: ShardMeta,
    sections: Sections,
}

impl std::fmt::Debug for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shard")
            .field("meta", &self.meta)
            .finish_non_exhaustive()
    }
}

impl Shard {
    /// Maps a file.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or has another format version.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self::of(Sections::open(path)?))
    }

    /// A shard in memory.
    ///
    /// # Errors
    /// When it is damaged or has another format version.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Error> {
        Ok(Self::of(Sections::from_bytes(bytes)?))
    }

    fn of(sections: Sections) -> Self {
        let meta = ShardMeta::parse(&String::from_utf8_lossy(sections.section(0)));
        Self { meta, sections }
    }

    /// What it says about itself.
    #[must_use]
    pub fn meta(&self) -> &ShardMeta {
        &self.meta
    }

    /// Notes until when it is known to be what upstream says.
    pub(crate) fn set_checked(&mut self, date: String) {
        self.meta.checked = date;
    }

    /// `sha256:…` of its body.
    #[must_use]
    pub fn digest(&self) -> &str {
        self.sections.digest()
    }

    /// Whether its body has that digest: reads the whole file.
    #[must_use]
    pub fn verify(&self) -> bool {
        self.sections.verify()
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        number(self.sections.section(PACKAGES), 0).unwrap_or(0) as usize
    }

    /// The rows of a package.
    pub fn lookup<'s>(&'s self, package: &str) -> impl Iterator<Item = Row<'s>> + use<'s> {
        self.find(package)
            .and_then(|at| self.block(at))
            .map_or_else(Rows::default, |block| Rows::of(&self.sections, &block))
    }

    /// The rows whose primary id, alias or advisory is `id`. Reads the whole shard: the question
    /// is a person's, and an index for it would make every shard half as large again.
    pub fn find_id<'s>(&'s self, id: &str) -> impl Iterator<Item = Row<'s>> + use<'s> {
        let named = self.identities_of(id);
        let blocks = if named.is_empty() {
            0
        } else {
            self.package_count()
        };
        (0..blocks)
            .filter_map(|at| self.block(at))
            .flat_map(|block| Rows::of(&self.sections, &block))
            .filter(move |row| named.binary_search(&row.identity_at).is_ok())
    }

    /// All package names, sorted.
    pub fn packages(&self) -> impl Iterator<Item = &str> {
        (0..self.package_count()).filter_map(|at| Some(self.block(at)?.name))
    }

    /// Offsets of the identities that hold an id, sorted.
    fn identities_of(&self, id: &str) -> Vec<u32> {
        let all = self.sections.section(IDENTITIES);
        let mut bytes = all;
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let at = u32::try_from(all.len() - bytes.len()).unwrap_or(u32::MAX);
            let Some(identity) = Identity::read(&mut bytes) else {
                break;
            };
            if identity.id == id || identity.advisory == id || identity.aliases().any(|a| a == id) {
                found.push(at);
            }
        }
        found
    }

    fn package_count(&self) -> usize {
        (self.sections.section(PACKAGES).len() / 4).saturating_sub(1)
    }

    /// Position of a package among all, by binary search.
    fn find(&self, package: &str) -> Option<usize> {
        let offsets = self.sections.section(PACKAGES);
        let blocks = self.sections.section(BLOCKS);
        let wanted = package.as_bytes();
        let (mut low, mut high) = (0, self.package_count());
        while low < high {
            let middle = low + (high - low) / 2;
            let offset = number(offsets, (middle + 1) * 4)?;
            match name_of(blocks.get(offset as usize..)?)?.cmp(wanted) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    fn block(&self, at: usize) -> Option<Block<'_>> {
        let offset = number(self.sections.section(PACKAGES), at.checked_add(1)? * 4)?;
        Block::read(self.sections.section(BLOCKS).get(offset as usize..)?)
    }
}

/// The name at the head of a block, unchecked.
fn name_of(mut bytes: &[u8]) -> Option<&[u8]> {
    // Nearly all names are shorter than 128 bytes.
    if let Some((&length @ 0..0x80, rest)) = bytes.split_first() {
        return rest.get(..usize::from(length));
    }
    let length = varint(&mut bytes)? as usize;
    bytes.get(..length)
}

/// A package and the columns of its rows.
struct Block<'a> {
    name: &'a str,
    rows: u32,
    identities: &'a [u8],
    shapes: &'a [u8],
    spans: &'a [u8],
}

impl<'a> Block<'a> {
    fn read(mut bytes: &'a [u8]) -> Option<Self> {
        let name = text(&mut bytes)?;
        let rows = varint(&mut bytes)?;
        let (identities, shapes) = (varint(&mut bytes)?, varint(&mut bytes)?);
        let mut column = |length: u32| {
            let (head, rest) = bytes.split_at_checked(length as usize)?;
            bytes = rest;
            Some(head)
        };
        Some(Self {
            name,
            rows,
            identities: column(identities)?,
            shapes: column(shapes)?,
            spans: bytes,
        })
    }
}

/// The rows of a package, read one after the other.
#[derive(Default)]
struct Rows<'a> {
    sections: Option<&'a Sections>,
    name: &'a str,
    left: u32,
    identities: &'a [u8],
    shapes: &'a [u8],
    spans: &'a [u8],
    identity: u32,
    span: u32,
}

impl<'a> Rows<'a> {
    fn of(sections: &'a Sections, block: &Block<'a>) -> Self {
        Self {
            sections: Some(sections),
            name: block.name,
            left: block.rows,
            identities: block.identities,
            shapes: block.shapes,
            spans: block.spans,
            identity: 0,
            span: 0,
        }
    }

    fn read(&mut self) -> Option<Row<'a>> {
        let sections = self.sections?;
        self.identity = self.identity.checked_add(varint(&mut self.identities)?)?;
        let step = unzigzag(varint(&mut self.spans)?);
        self.span = u32::try_from(i64::from(self.span) + step).ok()?;
        let shape = varint(&mut self.shapes)?;
        let part = |section: usize, at: u32| sections.section(section).get(at as usize..);
        Some(Row {
            package: self.name,
            identity_at: self.identity,
            identity: Identity::read(&mut part(IDENTITIES, self.identity)?)?,
            shape: Shape::read(part(SHAPES, shape)?)?,
            span: Span::read(part(SPANS, self.span)?)?,
        })
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        self.left = self.left.checked_sub(1)?;
        let row = self.read();
        if row.is_none() {
            self.left = 0;
        }
        row
    }
}

#[derive(Clone, Copy)]
struct Identity<'a> {
    advisory: &'a str,
    id: &'a str,
    alias_count: u32,
    aliases: &'a [u8],
}

impl<'a> Identity<'a> {
    fn read(bytes: &mut &'a [u8]) -> Option<Self> {
        let advisory = text(bytes)?;
        let id = text(bytes)?;
        let alias_count = varint(bytes)?;
        let aliases = *bytes;
        for _ in 0..alias_count {
            text(bytes)?;
        }
        Some(Self {
            advisory,
            id,
            alias_count,
            aliases,
        })
    }

    fn aliases(self) -> Texts<'a> {
        Texts {
            bytes: self.aliases,
            left: self.alias_count,
        }
    }
}

#[derive(Clone, Copy)]
struct Shape<'a> {
    state: State,
    severity: Option<Severity>,
    source: &'a str,
    vector: &'a str,
    module: &'a str,
}

impl<'a> Shape<'a> {
    fn read(mut bytes: &'a [u8]) -> Option<Self> {
        let (state, severity) = (varint(&mut bytes)?, varint(&mut bytes)?);
        Some(Self {
            state: State::from_code(u8::try_from(state).ok()?),
            severity: severity
                .checked_sub(1)
                .map(|code| Severity::from_code(u8::try_from(code).unwrap_or(0))),
            source: text(&mut bytes)?,
            vector: text(&mut bytes)?,
            module: text(&mut bytes)?,
        })
    }
}

#[derive(Clone, Copy)]
struct Span<'a> {
    intervals: u32,
    versions: u32,
    bytes: &'a [u8],
}

impl<'a> Span<'a> {
    fn read(mut bytes: &'a [u8]) -> Option<Self> {
        Some(Self {
            intervals: varint(&mut bytes)?,
            versions: varint(&mut bytes)?,
            bytes,
        })
    }

    fn intervals(self) -> Intervals<'a> {
        Intervals {
            bytes: self.bytes,
            left: self.intervals,
        }
    }

    fn versions(self) -> Texts<'a> {
        let mut intervals = self.intervals();
        intervals.by_ref().for_each(drop);
        Texts {
            bytes: intervals.bytes,
            left: self.versions,
        }
    }
}

/// Texts that are still to be read.
#[derive(Clone)]
struct Texts<'a> {
    bytes: &'a [u8],
    left: u32,
}

impl<'a> Iterator for Texts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.left = self.left.checked_sub(1)?;
        text(&mut self.bytes)
    }
}

/// Intervals that are still to be read.
#[derive(Clone)]
struct Intervals<'a> {
    bytes: &'a [u8],
    left: u32,
}

impl<'a> Iterator for Intervals<'a> {
    type Item = (&'a str, EndRef<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let kind = varint(&mut self.bytes)?;
        let introduced = text(&mut self.bytes)?;
        Some((
            introduced,
            match kind {
                1 => EndRef::Fixed(text(&mut self.bytes)?),
                2 => EndRef::LastAffected(text(&mut self.bytes)?),
                _ => EndRef::Open,
            },
        ))
    }
}

/// Where an affected interval ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndRef<'a> {
    /// Nowhere.
    Open,
    /// Before this version.
    Fixed(&'a str),
    /// With this version.
    LastAffected(&'a str),
}

/// One row, read in place; the meaning of its parts is that of [`Advisory`]'s.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    package: &'a str,
    identity_at: u32,
    identity: Identity<'a>,
    shape: Shape<'a>,
    span: Span<'a>,
}

impl std::fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_advisory().fmt(f)
    }
}

/// Nothing for the empty text.
fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

impl<'a> Row<'a> {
    /// See [`Advisory::package`].
    #[must_use]
    pub const fn package(&self) -> &'a str {
        self.package
    }

    /// See [`Advisory::id`].
    #[must_use]
    pub const fn id(&self) -> &'a str {
        self.identity.id
    }

    /// See [`Advisory::source`].
    #[must_use]
    pub const fn source(&self) -> &'a str {
        self.shape.source
    }

    /// See [`Advisory::state`].
    #[must_use]
    pub const fn state(&self) -> State {
        self.shape.state
    }

    /// See [`Advisory::severity`].
    #[must_use]
    pub const fn severity(&self) -> Option<Severity> {
        self.shape.severity
    }

    /// See [`Advisory::advisory`].
    #[must_use]
    pub fn advisory(&self) -> Option<&'a str> {
        given(self.identity.advisory)
    }

    /// See [`Advisory::vector`].
    #[must_use]
    pub fn vector(&self) -> Option<&'a str> {
        given(self.shape.vector)
    }

    /// See [`Advisory::module`].
    #[must_use]
    pub fn module(&self) -> Option<&'a str> {
        given(self.shape.module)
    }

    /// See [`Advisory::aliases`].
    pub fn aliases(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.identity.aliases()
    }

    /// See [`Advisory::versions`].
    pub fn versions(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.span.versions()
    }

    /// See [`Advisory::intervals`]: first affected version, end.
    pub fn intervals(&self) -> impl Iterator<Item = (&'a str, EndRef<'a>)> + Clone + use<'a> {
        self.span.intervals()
    }

    /// The row with everything owned.
    #[must_use]
    pub fn to_advisory(&self) -> Advisory {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Advisory {
            package: self.package().to_owned(),
            id: self.id().to_owned(),
            aliases: self.aliases().map(str::to_owned).collect(),
            advisory: owned(self.advisory()),
            source: self.source().to_owned(),
            state: self.state(),
            severity: self.severity(),
            vector: owned(self.vector()),
            intervals: self
                .intervals()
                .map(|(introduced, end)| crate::Interval {
                    introduced: introduced.to_owned(),
                    end: match end {
                        EndRef::Open => End::Open,
                        EndRef::Fixed(v) => End::Fixed(v.to_owned()),
                        EndRef::LastAffected(v) => End::LastAffected(v.to_owned()),
                    },
                })
                .collect(),
            versions: self.versions().map(str::to_owned).collect(),
            module: owned(self.module()),
        }
    }
}

#[cfg(test)]
#[path = "shard_tests.rs"]
mod tests;
