//! What is wrong besides vulnerabilities: secrets, misconfigurations, licences.

use serde::{Deserialize, Serialize};

use crate::Severity;

/// A place in a file, lines and columns counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Location {
    /// Path from the root of the target, no leading slash; for what is not a file, what it is:
    /// `image configuration`, `history`.
    pub path: String,
    /// First line; 0 when the file has no lines (binaries, the image configuration).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub start_line: u32,
    /// First column in characters; 0 when not known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub start_column: u32,
    /// Last line; never below `start_line`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub end_line: u32,
    /// The column behind the last character; 0 when not known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub end_column: u32,
    /// Index of the image layer that brought the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Location {
    /// One line of a file.
    #[must_use]
    pub fn line(path: impl Into<String>, line: u32) -> Self {
        Self {
            path: path.into(),
            start_line: line,
            end_line: line,
            ..Self::default()
        }
    }
}

/// A credential where none should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Secret {
    /// Id of the rule: `aws-access-key-id`.
    pub rule: String,
    /// What it is, for people: `AWS access key id`.
    pub title: String,
    /// How bad a leak of this kind is.
    pub severity: Severity,
    /// Where.
    pub location: Location,
    /// The line or value with the secret masked (`AKIA****************`), at most 200 characters;
    /// never the secret itself.
    pub masked: String,
    /// SHA-256 of the secret, the first 16 hex digits: equal secrets are recognised without being
    /// known.
    pub fingerprint: String,
    /// A later layer deletes or replaces the file, yet whoever has the image still has the secret.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted_later: bool,
}

/// A configuration that is unsafe or against the rules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Misconfiguration {
    /// Id of the rule: `SW-DF-0007`.
    pub rule: String,
    /// The same rule elsewhere: `DL3007`, `AVD-DS-0001`, `CIS-DI-0001`; sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// What kind of file: `dockerfile`, `kubernetes`, `compose`, `gitlab-ci`, `terraform`,
    /// `cloudformation`, `image`.
    pub kind: String,
    /// Short name of the rule, for people.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// Where.
    pub location: Location,
    /// The object in the file, where it has a name: `Deployment/web, container app`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub object: String,
    /// What is wrong here, in one sentence.
    pub message: String,
    /// How to fix it, in one sentence.
    pub fix: String,
    /// A page about the rule.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
}

/// What a licence asks of those who pass the software on; worst first, as
/// [Google's classification](https://opensource.google/documentation/reference/thirdparty/licenses).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum LicenseClass {
    /// Must not be used: network copyleft, non-commercial.
    Forbidden,
    /// The whole work must come with its source: GPL, LGPL.
    Restricted,
    /// The changed files must come with their source: MPL, EPL.
    Reciprocal,
    /// The notice must be kept: Apache, MIT, BSD.
    Notice,
    /// Nearly nothing is asked.
    Permissive,
    /// Nothing is asked: public domain.
    Unencumbered,
    /// Not a licence that is known.
    #[default]
    Unknown,
}

impl LicenseClass {
    /// All classes, worst first.
    pub const ALL: [Self; 7] = [
        Self::Forbidden,
        Self::Restricted,
        Self::Reciprocal,
        Self::Notice,
        Self::Permissive,
        Self::Unencumbered,
        Self::Unknown,
    ];

    /// The lower-case name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Restricted => "restricted",
            Self::Reciprocal => "reciprocal",
            Self::Notice => "notice",
            Self::Permissive => "permissive",
            Self::Unencumbered => "unencumbered",
            Self::Unknown => "unknown",
        }
    }

    /// The severity that the class is reported with.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Forbidden => Severity::Critical,
            Self::Restricted => Severity::High,
            Self::Reciprocal => Severity::Medium,
            Self::Notice | Self::Permissive | Self::Unencumbered => Severity::Low,
            Self::Unknown => Severity::Unknown,
        }
    }
}

/// A licence of a package, or of a text that lies in the target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct LicenseFinding {
    /// SPDX id where it is known (`GPL-2.0-only`), else the words of the package; one licence, no
    /// expression.
    pub license: String,
    /// Its class.
    pub class: LicenseClass,
    /// Severity of the class, or what a policy makes of it.
    pub severity: Severity,
    /// Index into the inventory's packages; none for a text that belongs to no package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<usize>,
    /// The whole expression that it is part of, when there is more to it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub expression: String,
    /// Where it was found.
    pub location: Location,
    /// How sure a text was recognised, 0 to 100; 100 for what a package declares.
    pub confidence: u8,
}
