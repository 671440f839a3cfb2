//! Licences: read from what packages declare and from the texts that lie beside them, put into
//! classes, judged by a policy, and written down as a NOTICE file.
//!
//! [`LicenseFiles`] is the analyser that reads texts; [`licenses`] puts its findings together with
//! the packages of the inventory.

mod analyzer;
mod class;
mod copyright;
mod expression;
mod findings;
mod grants;
mod index;
mod normalise;
mod notice;
mod obligations;
mod policy;
mod spellings;
mod words;

pub use analyzer::LicenseFiles;
pub use class::class_of;
pub use expression::{Expression, License};
pub use findings::{gitlab_names, licenses};
pub use notice::notice;
pub use obligations::obligations;
pub use policy::{LicensePolicy, LicenseRule, UnknownRule};
