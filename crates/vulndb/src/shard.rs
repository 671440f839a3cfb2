use std::path::Path;

use seaworthy_model::{Severity, State};

use crate::bytes::{Sections, Strings, assemble, number, push_varint, varint};
use crate::{Advisory, End, Error};

const PACKAGES: usize = 3;
const OFFSETS: usize = 4;
const ROWS: usize = 5;
const IDS: usize = 6;

/// A feed that went into a shard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct SourceInfo {
    /// The feed: `debian-tracker`.
    pub name: String,
    /// When its newest record was made, `YYYY-MM-DD`; empty when the feed does not tell.
    pub date: String,
    /// How many records of it are in the shard.
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
}

impl ShardMeta {
    /// The newest date of its sources, `YYYY-MM-DD`; empty when none tells one.
    #[must_use]
    pub fn date(&self) -> &str {
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
            sources: Vec::new(),
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
        self.sections.section(OFFSETS).len() / 4
    }

    /// The rows of a package.
    pub fn lookup<'s>(&'s self, package: &str) -> impl Iterator<Item = Row<'s>> + use<'s> {
        let rows = self.rows_of(package).unwrap_or(0..0);
        rows.filter_map(|row| self.row(row))
    }

    fn rows_of(&self, package: &str) -> Option<std::ops::Range<u32>> {
        let key = self.sections.find_string(package)?;
        let at = self.sections.find_pair(PACKAGES, key)? as usize;
        let packages = self.sections.section(PACKAGES);
        let start = number(packages, at * 8 + 4)?;
        let end = number(packages, at * 8 + 12)
            .unwrap_or_else(|| u32::try_from(self.rows()).unwrap_or(u32::MAX));
        Some(start..end)
    }

    /// The rows whose primary id, alias or advisory is `id`.
    pub fn find_id<'s>(&'s self, id: &str) -> impl Iterator<Item = Row<'s>> + use<'s> {
        let ids = self.sections.section(IDS);
        let key = self.sections.find_string(id);
        let first = key.and_then(|key| self.sections.find_pair(IDS, key));
        (first.unwrap_or(u32::MAX)..u32::MAX)
            .map_while(move |at| {
                let at = at as usize * 8;
                (number(ids, at)? == key?).then(|| number(ids, at + 4))?
            })
            .filter_map(|row| self.row(row))
    }

    /// All package names, sorted.
    pub fn packages(&self) -> impl Iterator<Item = &str> {
        self.sections
            .section(PACKAGES)
            .chunks_exact(8)
            .map(|pair| self.sections.string(number(pair, 0).unwrap_or(0)))
    }

    fn row(&self, index: u32) -> Option<Row<'_>> {
        let offset = number(self.sections.section(OFFSETS), index as usize * 4)?;
        let mut bytes = self.sections.section(ROWS).get(offset as usize..)?;
        let sections = &self.sections;
        let mut next = || varint(&mut bytes);
        let optional = |n: u32| n.checked_sub(1);
        let (package, id, source) = (next()?, next()?, next()?);
        let state = State::from_code(u8::try_from(next()?).ok()?);
        let severity = optional(next()?).map(|c| Severity::from_code(u8::try_from(c).unwrap_or(0)));
        let (advisory, vector, module) = (optional(next()?), optional(next()?), optional(next()?));
        let (aliases, intervals, versions) = (next()?, next()?, next()?);
        Some(Row {
            sections,
            package,
            id,
            source,
            state,
            severity,
            advisory,
            vector,
            module,
            aliases,
            intervals,
            versions,
            rest: bytes,
        })
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
    sections: &'a Sections,
    package: u32,
    id: u32,
    source: u32,
    state: State,
    severity: Option<Severity>,
    advisory: Option<u32>,
    vector: Option<u32>,
    module: Option<u32>,
    aliases: u32,
    intervals: u32,
    versions: u32,
    rest: &'a [u8],
}

impl std::fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_advisory().fmt(f)
    }
}

/// Numbers of a row that are still to be read.
#[derive(Clone)]
struct Numbers<'a> {
    bytes: &'a [u8],
    left: u32,
}

impl Iterator for Numbers<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.left = self.left.checked_sub(1)?;
        varint(&mut self.bytes)
    }
}

impl<'a> Row<'a> {
    fn numbers(&self, skip: u32, count: u32) -> Numbers<'a> {
        let mut numbers = Numbers {
            bytes: self.rest,
            left: skip,
        };
        numbers.by_ref().for_each(drop);
        numbers.left = count;
        numbers
    }

    fn optional(&self, index: Option<u32>) -> Option<&'a str> {
        index.map(|index| self.sections.string(index))
    }

    /// See [`Advisory::package`].
    #[must_use]
    pub fn package(&self) -> &'a str {
        self.sections.string(self.package)
    }

    /// See [`Advisory::id`].
    #[must_use]
    pub fn id(&self) -> &'a str {
        self.sections.string(self.id)
    }

    /// See [`Advisory::source`].
    #[must_use]
    pub fn source(&self) -> &'a str {
        self.sections.string(self.source)
    }

    /// See [`Advisory::state`].
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// See [`Advisory::severity`].
    #[must_use]
    pub const fn severity(&self) -> Option<Severity> {
        self.severity
    }

    /// See [`Advisory::advisory`].
    #[must_use]
    pub fn advisory(&self) -> Option<&'a str> {
        self.optional(self.advisory)
    }

    /// See [`Advisory::vector`].
    #[must_use]
    pub fn vector(&self) -> Option<&'a str> {
        self.optional(self.vector)
    }

    /// See [`Advisory::module`].
    #[must_use]
    pub fn module(&self) -> Option<&'a str> {
        self.optional(self.module)
    }

    /// See [`Advisory::aliases`].
    pub fn aliases(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        let sections = self.sections;
        self.numbers(0, self.aliases).map(|n| sections.string(n))
    }

    /// See [`Advisory::versions`].
    pub fn versions(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        let sections = self.sections;
        self.numbers(self.aliases, self.versions)
            .map(|n| sections.string(n))
    }

    /// See [`Advisory::intervals`]: first affected version, end.
    pub fn intervals(&self) -> impl Iterator<Item = (&'a str, EndRef<'a>)> + Clone + use<'a> {
        let sections = self.sections;
        let skip = self.aliases.saturating_add(self.versions);
        let mut numbers = self.numbers(skip, self.intervals.saturating_mul(3));
        std::iter::from_fn(move || {
            let introduced = sections.string(numbers.next()?);
            let tag = numbers.next()?;
            let version = sections.string(numbers.next()?);
            Some((
                introduced,
                match tag {
                    1 => EndRef::Fixed(version),
                    2 => EndRef::LastAffected(version),
                    _ => EndRef::Open,
                },
            ))
        })
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
            state: self.state,
            severity: self.severity,
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

/// Collects rows and writes them sorted, so that their order on the way in does not matter.
#[derive(Debug, Default)]
pub struct ShardBuilder {
    meta: ShardMeta,
    rows: Vec<Advisory>,
}

impl ShardBuilder {
    /// A shard for a key, its versions ordered by a scheme.
    #[must_use]
    pub fn new(key: &str, scheme: &str) -> Self {
        Self {
            meta: ShardMeta {
                key: key.to_owned(),
                scheme: scheme.to_owned(),
                sources: Vec::new(),
            },
            rows: Vec::new(),
        }
    }

    /// Notes a feed.
    #[must_use]
    pub fn source(mut self, source: SourceInfo) -> Self {
        self.meta.sources.push(source);
        self
    }

    /// Adds a row.
    pub fn push(&mut self, advisory: Advisory) {
        self.rows.push(advisory);
    }

    /// The file's bytes.
    #[must_use]
    pub fn build(mut self) -> Vec<u8> {
        self.meta.sources.sort();
        self.rows.sort_unstable();
        self.rows.dedup();
        let mut all = vec![String::new()];
        for row in &self.rows {
            all.extend(strings_of(row).map(str::to_owned));
        }
        let strings = Strings::new(all);
        let (mut packages, mut offsets, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        let mut ids: Vec<(u32, u32)> = Vec::new();
        let mut last: Option<&str> = None;
        for (index, row) in self.rows.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            if last != Some(row.package.as_str()) {
                packages.extend_from_slice(&strings.number(&row.package).to_le_bytes());
                packages.extend_from_slice(&index.to_le_bytes());
                last = Some(&row.package);
            }
            let offset = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            offsets.extend_from_slice(&offset.to_le_bytes());
            encode(row, &strings, &mut rows);
            ids.extend(
                std::iter::once(row.id.as_str())
                    .chain(row.aliases.iter().map(String::as_str))
                    .chain(row.advisory.as_deref())
                    .map(|id| (strings.number(id), index)),
            );
        }
        ids.sort_unstable();
        ids.dedup();
        let ids = ids
            .iter()
            .flat_map(|(id, row)| [id.to_le_bytes(), row.to_le_bytes()])
            .flatten()
            .collect();
        assemble(&self.meta.text(), &strings, [packages, offsets, rows, ids])
    }
}

fn strings_of(row: &Advisory) -> impl Iterator<Item = &str> {
    [row.package.as_str(), &row.id, &row.source]
        .into_iter()
        .chain(row.aliases.iter().map(String::as_str))
        .chain(row.versions.iter().map(String::as_str))
        .chain(
            [&row.advisory, &row.vector, &row.module]
                .into_iter()
                .filter_map(|o| o.as_deref()),
        )
        .chain(
            row.intervals
                .iter()
                .flat_map(|i| [i.introduced.as_str(), end_of(&i.end).1]),
        )
}

fn end_of(end: &End) -> (u32, &str) {
    match end {
        End::Open => (0, ""),
        End::Fixed(version) => (1, version),
        End::LastAffected(version) => (2, version),
    }
}

fn encode(row: &Advisory, strings: &Strings, out: &mut Vec<u8>) {
    let optional = |text: &Option<String>| text.as_deref().map_or(0, |t| strings.number(t) + 1);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    for value in [
        strings.number(&row.package),
        strings.number(&row.id),
        strings.number(&row.source),
        u32::from(row.state.code()),
        row.severity.map_or(0, |s| u32::from(s.code()) + 1),
        optional(&row.advisory),
        optional(&row.vector),
        optional(&row.module),
        count(row.aliases.len()),
        count(row.intervals.len()),
        count(row.versions.len()),
    ] {
        push_varint(out, value);
    }
    for text in row.aliases.iter().chain(&row.versions) {
        push_varint(out, strings.number(text));
    }
    for interval in &row.intervals {
        let (tag, version) = end_of(&interval.end);
        push_varint(out, strings.number(&interval.introduced));
        push_varint(out, tag);
        push_varint(out, strings.number(version));
    }
}

#[cfg(test)]
#[path = "shard_tests.rs"]
mod tests;
