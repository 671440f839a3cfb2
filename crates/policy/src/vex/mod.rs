//! VEX: statements of suppliers and teams about whether a vulnerability matters in a product.

mod csaf;
mod cyclonedx;
pub(crate) mod matching;
mod openvex;
pub(crate) mod purl;
mod write;

use serde_json::Value as Json;

use seaworthy_model::Purl;

use crate::error::{Error, Place, json};
use crate::waiver::own::JUSTIFICATIONS;

pub use write::{OpenVexOptions, openvex};

/// Largest document in bytes.
const MAX_BYTES: usize = 64 << 20;

/// What a statement says (the four statuses that all VEX formats share).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VexStatus {
    /// The product is not affected.
    NotAffected,
    /// The product is affected.
    Affected,
    /// The product contains the fix.
    Fixed,
    /// Nobody knows yet.
    UnderInvestigation,
}

impl VexStatus {
    /// OpenVEX's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotAffected => "not_affected",
            Self::Affected => "affected",
            Self::Fixed => "fixed",
            Self::UnderInvestigation => "under_investigation",
        }
    }

    /// Whether a finding that it is about goes away.
    #[must_use]
    pub const fn clears(self) -> bool {
        matches!(self, Self::NotAffected | Self::Fixed)
    }
}

/// A document: its statements, whatever format it was in.
#[derive(Debug, Clone, PartialEq)]
pub struct VexDocument {
    /// The file as the user named it.
    pub file: String,
    /// The document's own id.
    pub id: String,
    /// Who says so.
    pub author: String,
    /// The statements.
    pub statements: Vec<VexStatement>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub struct VexStatement {
    /// Which document, and which statement of it by number.
    pub place: Place,
    /// Number of the statement in its document, from 1.
    pub number: usize,
    /// The vulnerability's ids, upper case.
    pub vulnerabilities: Vec<String>,
    /// What it says.
    pub status: VexStatus,
    /// Why not affected: a word of the format.
    pub justification: Option<String>,
    /// Why not affected, in words.
    pub impact: Option<String>,
    /// What to do when affected.
    pub action: Option<String>,
    /// When it was said (RFC 3339); of several statements about the same, the last holds.
    pub timestamp: String,
    pub(crate) products: Vec<Product>,
}

impl VexStatement {
    /// Why not affected, in one of OpenVEX's words, where the format's word means one of them
    /// (CycloneDX 1.6, "impact analysis justification").
    #[must_use]
    pub fn openvex_justification(&self) -> Option<&'static str> {
        let word = self.justification.as_deref()?;
        let word = match word {
            "code_not_present" => "vulnerable_code_not_present",
            "code_not_reachable" => "vulnerable_code_not_in_execute_path",
            "protected_by_mitigating_control"
            | "protected_by_compiler"
            | "protected_at_runtime"
            | "protected_at_perimeter" => "inline_mitigations_already_exist",
            other => other,
        };
        JUSTIFICATIONS
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(known, _)| *known)
    }

    /// The reason for people.
    #[must_use]
    pub fn reason(&self) -> String {
        let parts: Vec<&str> = [&self.justification, &self.impact, &self.action]
            .into_iter()
            .filter_map(|p| p.as_deref())
            .filter(|p| !p.is_empty())
            .collect();
        if parts.is_empty() {
            "no reason given".to_owned()
        } else {
            parts.join(": ")
        }
    }
}

/// A product of a statement, with the parts of it that the statement is about.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Product {
    /// The names of the product; any of them may match.
    pub(crate) names: Vec<Identifier>,
    /// The parts, each with its names; none means the whole.
    pub(crate) parts: Vec<Vec<Identifier>>,
}

/// A name of a product or a part of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Identifier {
    Purl(Purl),
    /// `sha256:…` of an image.
    Digest(String),
    /// `cpe:…`, of a distribution.
    Cpe(String),
    /// An image reference or another name.
    Name(String),
    /// What a program is called: an image's repository, or the last part of it.
    Program(String),
}

impl Identifier {
    fn of(text: &str) -> Self {
        let text = text.trim();
        if let Ok(purl) = text.parse() {
            Self::Purl(purl)
        } else if text.starts_with("sha256:") || text.starts_with("sha512:") {
            Self::Digest(text.to_ascii_lowercase())
        } else if text.starts_with("cpe:") {
            Self::Cpe(text.to_ascii_lowercase())
        } else {
            Self::Name(text.to_owned())
        }
    }
}

impl VexDocument {
    /// Reads OpenVEX, CSAF (profile VEX, also security advisories with product status) or a
    /// CycloneDX document with vulnerabilities; told apart by their content.
    ///
    /// # Errors
    /// When it is no JSON, or of no known format, or a statement lacks what it must have.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let root = json(name, bytes, MAX_BYTES)?;
        if root
            .get("@context")
            .and_then(Json::as_str)
            .is_some_and(|c| c.contains("openvex"))
        {
            openvex::read(name, &root)
        } else if root.pointer("/document/csaf_version").is_some() {
            Ok(csaf::read(name, &root))
        } else if root.get("bomFormat").and_then(Json::as_str) == Some("CycloneDX") {
            Ok(cyclonedx::read(name, &root))
        } else {
            Err(Error::Format {
                file: name.to_owned(),
                expected: "a VEX document (OpenVEX, CSAF or CycloneDX as JSON)",
            })
        }
    }
}

/// A text of an object.
fn text(node: &Json, key: &str) -> String {
    node.get(key)
        .and_then(Json::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn some_text(node: &Json, key: &str) -> Option<String> {
    Some(text(node, key)).filter(|t| !t.is_empty())
}

fn list<'j>(node: &'j Json, key: &str) -> &'j [Json] {
    node.get(key)
        .and_then(Json::as_array)
        .map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests;
