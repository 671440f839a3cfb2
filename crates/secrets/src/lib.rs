//! Credentials in images: in the files of every layer, in the configuration and in the history.
//!
//! A file passes once. [`Keywords`](keywords) says where something might be, the rules of those
//! keywords look at the bytes around, and what they find is checked for what it is made of:
//! checksums, decodable headers, keys that are keys. What stands in a report is masked; the
//! secret itself leaves this crate only as the beginning of its SHA-256.

mod analyzer;
mod archive;
mod assign;
mod check;
mod error;
mod file;
mod glob;
mod image;
mod keywords;
mod kind;
mod mask;
mod place;
mod rule;
mod rules;
mod scan;
mod sink;
mod utf16;
mod words;

pub use analyzer::{SecretAnalyzer, scan_text};
pub use check::Check;
pub use error::Error;
pub use image::{CONFIGURATION, HISTORY, scan_environment, scan_history, scan_labels};
pub use rules::{RuleInfo, Rules, catalogue_markdown};

/// The built-in rules as the catalogue lists them: id, title, category, severity, keywords.
///
/// ```
/// let rules = seaworthy_secrets::Rules::builtin();
/// assert!(rules.catalogue().count() >= 150);
/// ```
#[must_use]
pub fn rules() -> Rules {
    Rules::builtin()
}
