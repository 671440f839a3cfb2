use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::bytes::{assemble, push_text, push_varint, text, varint, zigzag};
use crate::{Advisory, End, ShardMeta, SourceInfo};

/// Collects rows and writes them sorted, so that their order on the way in does not matter.
///
/// What rows have in common is kept once, so that a builder needs little more memory than the
/// shard that comes of it.
#[derive(Debug, Default)]
pub struct ShardBuilder {
    meta: ShardMeta,
    packages: Interned,
    identities: Interned,
    shapes: Interned,
    spans: Interned,
    rows: Vec<Parts>,
}

/// A row: numbers of what is interned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Parts {
    package: u32,
    identity: u32,
    span: u32,
    shape: u32,
}

/// Encoded parts of rows, each once, numbered as they came.
#[derive(Debug, Default)]
struct Interned {
    numbers: FxHashMap<Box<[u8]>, u32>,
}

impl Interned {
    fn number(&mut self, bytes: &[u8]) -> u32 {
        if let Some(number) = self.numbers.get(bytes) {
            return *number;
        }
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        self.numbers.insert(bytes.into(), next);
        next
    }

    /// Takes over another's; the answer turns its numbers into these.
    fn absorb(&mut self, other: Self) -> Vec<u32> {
        let mut translation = vec![0; other.numbers.len()];
        for (bytes, old) in other.numbers {
            let new = self.number(&bytes);
            if let Some(slot) = translation.get_mut(old as usize) {
                *slot = new;
            }
        }
        translation
    }

    /// All by their numbers.
    fn by_number(&self) -> Vec<&[u8]> {
        let mut all: Vec<&[u8]> = vec![&[]; self.numbers.len()];
        for (bytes, number) in &self.numbers {
            if let Some(slot) = all.get_mut(*number as usize) {
                *slot = bytes;
            }
        }
        all
    }

    /// The ranks of all in an order, and all in that order.
    fn ranked(
        &self,
        before: impl Fn(u32, &[u8], u32, &[u8]) -> std::cmp::Ordering,
    ) -> (Vec<u32>, Vec<&[u8]>) {
        let all = self.by_number();
        let mut order: Vec<(u32, &[u8])> = (0_u32..).zip(all).collect();
        order.sort_unstable_by(|a, b| before(a.0, a.1, b.0, b.1));
        let mut ranks = vec![0; order.len()];
        for (rank, (number, _)) in (0_u32..).zip(&order) {
            if let Some(slot) = ranks.get_mut(*number as usize) {
                *slot = rank;
            }
        }
        (ranks, order.into_iter().map(|(_, bytes)| bytes).collect())
    }
}

fn at(table: &[u32], index: u32) -> u32 {
    table.get(index as usize).copied().unwrap_or_default()
}

/// Everything in a row, and where each part begins.
fn concatenated(parts: &[&[u8]]) -> (Vec<u8>, Vec<u32>) {
    let (mut bytes, mut offsets) = (Vec::new(), Vec::with_capacity(parts.len()));
    for part in parts {
        offsets.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        bytes.extend_from_slice(part);
    }
    (bytes, offsets)
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
                checked: String::new(),
            },
            ..Self::default()
        }
    }

    /// Notes a feed.
    #[must_use]
    pub fn source(mut self, source: SourceInfo) -> Self {
        self.meta.sources.push(source);
        self
    }

    /// Notes a feed.
    pub fn add_source(&mut self, source: SourceInfo) {
        self.meta.sources.push(source);
    }

    /// Adds a row.
    pub fn push(&mut self, advisory: impl std::borrow::Borrow<Advisory>) {
        let advisory = advisory.borrow();
        let mut bytes = Vec::with_capacity(64);
        encode_identity(advisory, &mut bytes);
        let identity = self.identities.number(&bytes);
        bytes.clear();
        encode_span(advisory, &mut bytes);
        let span = self.spans.number(&bytes);
        bytes.clear();
        encode_shape(advisory, &mut bytes);
        self.rows.push(Parts {
            package: self.packages.number(advisory.package.as_bytes()),
            identity,
            span,
            shape: self.shapes.number(&bytes),
        });
    }

    /// Takes over the rows of another builder for the same key.
    pub fn absorb(&mut self, other: Self) {
        let packages = self.packages.absorb(other.packages);
        let identities = self.identities.absorb(other.identities);
        let spans = self.spans.absorb(other.spans);
        let shapes = self.shapes.absorb(other.shapes);
        self.rows.extend(other.rows.iter().map(|row| Parts {
            package: at(&packages, row.package),
            identity: at(&identities, row.identity),
            span: at(&spans, row.span),
            shape: at(&shapes, row.shape),
        }));
    }

    /// Leaves out the rows of a source about vulnerabilities that another one speaks about: a
    /// correction takes the place of what it corrects.
    pub fn supersede(&mut self, source: &str, by: &str) {
        let source_of = |mut bytes: &[u8]| {
            varint(&mut bytes)?;
            varint(&mut bytes)?;
            text(&mut bytes).map(str::to_owned)
        };
        let id_of = |mut bytes: &[u8]| {
            text(&mut bytes)?;
            text(&mut bytes).map(str::to_owned)
        };
        let shapes = self.shapes.by_number();
        let of = |name: &str| -> Vec<bool> {
            shapes
                .iter()
                .map(|bytes| source_of(bytes).as_deref() == Some(name))
                .collect()
        };
        let (old, new) = (of(source), of(by));
        let is =
            |table: &[bool], row: &Parts| table.get(row.shape as usize).copied().unwrap_or(false);
        if !self.rows.iter().any(|row| is(&new, row)) {
            return;
        }
        let identities = self.identities.by_number();
        let id = |row: &Parts| {
            identities
                .get(row.identity as usize)
                .and_then(|bytes| id_of(bytes))
        };
        let corrected: BTreeSet<String> = self
            .rows
            .iter()
            .filter(|row| is(&new, row))
            .filter_map(id)
            .collect();
        let keep: Vec<bool> = self
            .rows
            .iter()
            .map(|row| !is(&old, row) || id(row).is_none_or(|id| !corrected.contains(&id)))
            .collect();
        let mut keep = keep.into_iter();
        self.rows.retain(|_| keep.next().unwrap_or(true));
    }

    /// How many rows went in, equal ones included.
    #[must_use]
    pub fn pushed(&self) -> usize {
        self.rows.len()
    }

    /// The file's bytes.
    #[must_use]
    pub fn build(mut self) -> Vec<u8> {
        self.meta.sources.sort();
        let by_bytes = |_: u32, a: &[u8], _: u32, b: &[u8]| a.cmp(b);
        let (package_ranks, names) = self.packages.ranked(by_bytes);
        let (identity_ranks, identities) = self.identities.ranked(by_bytes);
        let mut uses = vec![0_u32; self.shapes.numbers.len()];
        for row in &self.rows {
            if let Some(count) = uses.get_mut(row.shape as usize) {
                *count += 1;
            }
        }
        // The commonest first: their offsets are the shortest numbers.
        let (shape_ranks, shapes) = self.shapes.ranked(|a, a_bytes, b, b_bytes| {
            at(&uses, b)
                .cmp(&at(&uses, a))
                .then_with(|| a_bytes.cmp(b_bytes))
        });
        let (span_ranks, spans) = self.spans.ranked(by_bytes);
        let mut rows: Vec<Parts> = self
            .rows
            .iter()
            .map(|row| Parts {
                package: at(&package_ranks, row.package),
                identity: at(&identity_ranks, row.identity),
                span: at(&span_ranks, row.span),
                shape: at(&shape_ranks, row.shape),
            })
            .collect();
        rows.sort_unstable();
        rows.dedup();
        let (spans, span_offsets) = in_order_of_use(&rows, &spans);
        let (identities, identity_offsets) = concatenated(&identities);
        let (shapes, shape_offsets) = concatenated(&shapes);
        let mut packages = u32::try_from(rows.len())
            .unwrap_or(u32::MAX)
            .to_le_bytes()
            .to_vec();
        let mut blocks = Vec::new();
        for of_package in rows.chunk_by(|a, b| a.package == b.package) {
            let offset = u32::try_from(blocks.len()).unwrap_or(u32::MAX);
            packages.extend_from_slice(&offset.to_le_bytes());
            let name = of_package
                .first()
                .and_then(|row| names.get(row.package as usize));
            let mut columns = [Vec::new(), Vec::new(), Vec::new()];
            let (mut identity, mut span) = (0, 0);
            for row in of_package {
                let next = at(&identity_offsets, row.identity);
                push_varint(&mut columns[0], next - identity);
                identity = next;
                push_varint(&mut columns[1], at(&shape_offsets, row.shape));
                let next = at(&span_offsets, row.span);
                push_varint(&mut columns[2], zigzag(i64::from(next) - i64::from(span)));
                span = next;
            }
            let name = name.copied().unwrap_or_default();
            push_varint(&mut blocks, u32::try_from(name.len()).unwrap_or(u32::MAX));
            blocks.extend_from_slice(name);
            for count in [of_package.len(), columns[0].len(), columns[1].len()] {
                push_varint(&mut blocks, u32::try_from(count).unwrap_or(u32::MAX));
            }
            columns
                .iter()
                .for_each(|column| blocks.extend_from_slice(column));
        }
        assemble(
            &self.meta.text(),
            [packages, blocks, identities, spans, shapes],
        )
    }
}

/// The spans in the order in which rows first use them, so that the numbers in the rows stay
/// small, and the offset of each by its old rank.
fn in_order_of_use(rows: &[Parts], spans: &[&[u8]]) -> (Vec<u8>, Vec<u32>) {
    let (mut bytes, mut offsets) = (Vec::new(), vec![u32::MAX; spans.len()]);
    for row in rows {
        if let (Some(slot), Some(span)) = (
            offsets.get_mut(row.span as usize),
            spans.get(row.span as usize),
        ) && *slot == u32::MAX
        {
            *slot = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(span);
        }
    }
    (bytes, offsets)
}

fn count(list: usize) -> u32 {
    u32::try_from(list).unwrap_or(u32::MAX)
}

/// The advisory stands first: what one advisory fixes at once then stands together.
fn encode_identity(row: &Advisory, out: &mut Vec<u8>) {
    push_text(out, row.advisory.as_deref().unwrap_or_default());
    push_text(out, &row.id);
    push_varint(out, count(row.aliases.len()));
    row.aliases.iter().for_each(|alias| push_text(out, alias));
}

fn encode_span(row: &Advisory, out: &mut Vec<u8>) {
    push_varint(out, count(row.intervals.len()));
    push_varint(out, count(row.versions.len()));
    for interval in &row.intervals {
        let (kind, version) = match &interval.end {
            End::Open => (0, None),
            End::Fixed(version) => (1, Some(version)),
            End::LastAffected(version) => (2, Some(version)),
        };
        push_varint(out, kind);
        push_text(out, &interval.introduced);
        version
            .into_iter()
            .for_each(|version| push_text(out, version));
    }
    row.versions
        .iter()
        .for_each(|version| push_text(out, version));
}

fn encode_shape(row: &Advisory, out: &mut Vec<u8>) {
    push_varint(out, u32::from(row.state.code()));
    push_varint(
        out,
        row.severity
            .map_or(0, |severity| u32::from(severity.code()) + 1),
    );
    for text in [
        Some(row.source.as_str()),
        row.vector.as_deref(),
        row.module.as_deref(),
    ] {
        push_text(out, text.unwrap_or_default());
    }
}
