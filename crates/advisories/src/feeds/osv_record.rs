//! A record of OSV (schema 1.7), as far as it matters.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// Text that borrows from the record where it can.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Text, or whatever else a database puts in a free-form field.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Loose<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Other(IgnoredAny),
}

impl Loose<'_> {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other(_) => None,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) modified: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) published: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) withdrawn: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) aliases: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    pub(super) upstream: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    pub(super) related: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    pub(super) severity: Option<Vec<Score<'a>>>,
    #[serde(borrow)]
    pub(super) affected: Option<Vec<Affected<'a>>>,
    #[serde(borrow)]
    pub(super) database_specific: Option<Specific<'a>>,
    #[serde(borrow)]
    pub(super) summary: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Score<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) score: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Affected<'a> {
    #[serde(borrow)]
    pub(super) package: Option<PackageName<'a>>,
    #[serde(borrow)]
    pub(super) ranges: Option<Vec<Range<'a>>>,
    #[serde(borrow)]
    pub(super) versions: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    pub(super) severity: Option<Vec<Score<'a>>>,
    #[serde(borrow)]
    pub(super) database_specific: Option<Specific<'a>>,
    #[serde(borrow)]
    pub(super) ecosystem_specific: Option<Specific<'a>>,
}

#[derive(Deserialize)]
pub(super) struct PackageName<'a> {
    #[serde(borrow)]
    pub(super) ecosystem: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Range<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) events: Vec<Event<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    pub(super) introduced: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) fixed: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) last_affected: Option<Text<'a>>,
}

/// The free-form objects `database_specific` and `ecosystem_specific`, as far as they matter.
#[derive(Deserialize)]
pub(super) struct Specific<'a> {
    #[serde(borrow)]
    pub(super) severity: Option<Loose<'a>>,
    /// Debian.
    #[serde(borrow)]
    pub(super) urgency: Option<Loose<'a>>,
    /// RustSec: `unmaintained`, `notice`, `unsound`.
    #[serde(borrow)]
    pub(super) informational: Option<Loose<'a>>,
}
