use std::collections::BTreeMap;
use std::fmt;

use seaworthy_model::{LicenseClass, Origin, PackageType, Severity, State};
use seaworthy_versions::VersionRange;

use crate::cel::Expression;
use crate::error::Place;
use crate::glob::{Globs, ImagePattern};
use crate::rego::Module;
use crate::waiver::Waiver;

/// What a broken rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Action {
    /// It is reported; the verdict is at worst a warning.
    Warn,
    /// The verdict fails.
    #[default]
    Deny,
}

impl Action {
    /// The lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What happens when a rule's facts are not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NotAssessed {
    /// As if the rule were broken.
    #[default]
    Deny,
    /// A warning.
    Warn,
    /// Only listed.
    Ignore,
}

/// A policy that was loaded for one environment.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The version that the file states: `1.0`.
    pub version: String,
    /// The policy's name, where it has one.
    pub name: Option<String>,
    /// The environment that was chosen.
    pub environment: Option<String>,
    /// All environments that the file has.
    pub environments: Vec<String>,
    /// The rules, in the order of the file.
    pub(crate) rules: Vec<Rule>,
    /// What waivers must have.
    pub(crate) waiver_rules: WaiverRules,
    /// Waivers that stand in the policy itself.
    pub(crate) waivers: Vec<Waiver>,
    /// Rego modules.
    pub(crate) rego: Vec<Module>,
    /// What a Rego module without facts means.
    pub(crate) not_assessed: NotAssessed,
    /// The texts of all files, for places inside expressions.
    pub(crate) files: Vec<String>,
}

impl Policy {
    /// The rules' ids, each with where it stands and what a breach does.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &Place, Action)> {
        self.rules
            .iter()
            .map(|r| (r.id.as_str(), &r.place, r.action))
    }

    /// The files that the policy was read from: itself and what it includes.
    #[must_use]
    pub fn files(&self) -> &[String] {
        &self.files
    }
}

/// What the policy demands of waivers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaiverRules {
    /// Each has an end.
    pub require_expires: bool,
    /// Each names who answers for it.
    pub require_owner: bool,
    /// Each says why.
    pub require_reason: bool,
    /// Each names a ticket.
    pub require_ticket: bool,
    /// Longest term in days, from `created`, or from today where it is not stated.
    pub max_days: Option<u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) place: Place,
    pub(crate) action: Action,
    pub(crate) not_assessed: NotAssessed,
    /// The policy's own words for a breach.
    pub(crate) message: Option<String>,
    /// The policy's own way out.
    pub(crate) fix: Option<String>,
    pub(crate) check: Check,
}

#[derive(Debug, Clone)]
pub(crate) enum Check {
    /// At most so many items that the selector matches.
    Select {
        select: Box<Selector>,
        max: u64,
    },
    BaseAllowed {
        patterns: Vec<ImagePattern>,
        all_stages: bool,
    },
    BaseProhibited(Vec<ImagePattern>),
    BasePinned,
    NonRoot,
    NoPackageManagers {
        except: Globs,
    },
    /// At most so many packages of the operating system.
    MinimalPackages(u64),
    /// No package of the operating system waits for a fix of at least that severity.
    SecurityUpdates(Severity),
    ReadOnlyFilesystem,
    NoPrivileged,
    NoPrivilegeEscalation,
    DropCapabilities(Vec<String>),
    /// No capability but these is added.
    AddCapabilities(Vec<String>),
    /// Keys, each with the values that it may have.
    Labels(BTreeMap<String, Option<Globs>>),
    /// Days.
    ImageAge(u64),
    /// Bytes.
    ImageSize(u64),
    /// Days before the end of support from which on it counts.
    EndOfLife(u64),
    /// Days.
    DatabaseAge(u64),
    /// Nothing but these kinds of gaps.
    Coverage {
        except: Globs,
    },
    Signed(SignatureRule),
    Attested(Vec<AttestationRule>),
    /// True when the image breaks the rule.
    Image(Box<Expression>),
}

/// Who must have signed; empty lists mean anybody that the user trusts.
#[derive(Debug, Clone, Default)]
pub(crate) struct SignatureRule {
    pub(crate) keys: Globs,
    pub(crate) identities: Globs,
    pub(crate) issuers: Globs,
    pub(crate) any_key: bool,
    pub(crate) any_identity: bool,
    pub(crate) any_issuer: bool,
    /// How many different signers.
    pub(crate) at_least: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct AttestationRule {
    pub(crate) text: String,
    pub(crate) types: Globs,
}

/// What a selector selects from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub(crate) enum On {
    #[default]
    Vulnerability,
    Secret,
    Misconfiguration,
    License,
    Package,
    Image,
}

impl On {
    pub(crate) const WORDS: [(&'static str, Self); 6] = [
        ("vulnerability", Self::Vulnerability),
        ("secret", Self::Secret),
        ("misconfiguration", Self::Misconfiguration),
        ("license", Self::License),
        ("package", Self::Package),
        ("image", Self::Image),
    ];

    /// The scanner without which it is not assessed.
    pub(crate) const fn scanner(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Misconfiguration => "config",
            Self::License => "license",
            Self::Vulnerability | Self::Package | Self::Image => "vuln",
        }
    }

    /// One of them and several, for people.
    pub(crate) const fn nouns(self) -> (&'static str, &'static str) {
        match self {
            Self::Vulnerability => ("vulnerability", "vulnerabilities"),
            Self::Secret => ("secret", "secrets"),
            Self::Misconfiguration => ("misconfiguration", "misconfigurations"),
            Self::License => ("licence", "licences"),
            Self::Package => ("package", "packages"),
            Self::Image => ("image", "images"),
        }
    }
}

/// A set of small enums as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bits(pub(crate) u32);

impl Bits {
    pub(crate) const ALL: Self = Self(u32::MAX);

    pub(crate) fn severities(list: impl IntoIterator<Item = Severity>) -> Self {
        Self(list.into_iter().fold(0, |bits, s| bits | 1 << s.code()))
    }

    pub(crate) fn states(list: impl IntoIterator<Item = State>) -> Self {
        Self(list.into_iter().fold(0, |bits, s| bits | 1 << s.code()))
    }

    pub(crate) fn origins(list: impl IntoIterator<Item = Origin>) -> Self {
        Self(list.into_iter().fold(0, |bits, o| bits | 1 << o as u8))
    }

    pub(crate) fn types(list: impl IntoIterator<Item = PackageType>) -> Self {
        Self(list.into_iter().fold(0, |bits, t| bits | 1 << t as u8))
    }

    pub(crate) fn classes(list: impl IntoIterator<Item = LicenseClass>) -> Self {
        Self(list.into_iter().fold(0, |bits, c| bits | 1 << c as u8))
    }

    pub(crate) const fn has(self, code: u8) -> bool {
        self.0 & (1 << code) != 0
    }
}

/// From when the age of a finding is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Since {
    /// The day the vulnerability was published.
    #[default]
    Published,
    /// The day the finding was first reported.
    FirstSeen,
    /// The day it was listed as exploited.
    Exploited,
}

impl Since {
    /// Why an age is not known.
    pub(crate) const fn missing(self) -> &'static str {
        match self {
            Self::Published => {
                "the day of publication is not known (no source tells; count `since: first_seen`, with --history)"
            }
            Self::FirstSeen => {
                "since when it is there is not known: no history was given (--history)"
            }
            Self::Exploited => "the day on which it was listed as exploited is not known",
        }
    }

    pub(crate) const WORDS: [(&'static str, Self); 3] = [
        ("published", Self::Published),
        ("first_seen", Self::FirstSeen),
        ("exploited", Self::Exploited),
    ];
}

/// What items a rule is about: all conditions that are set must hold.
#[derive(Debug, Clone)]
pub(crate) struct Selector {
    pub(crate) on: On,
    pub(crate) severities: Bits,
    pub(crate) states: Bits,
    pub(crate) origins: Bits,
    pub(crate) types: Bits,
    pub(crate) classes: Bits,
    pub(crate) fixable: Option<bool>,
    pub(crate) exploited: Option<bool>,
    pub(crate) ransomware: Option<bool>,
    pub(crate) deleted_later: Option<bool>,
    pub(crate) epss: Option<f64>,
    pub(crate) epss_percentile: Option<f64>,
    pub(crate) cvss: Option<f64>,
    pub(crate) risk: Option<f64>,
    /// Days, exclusive.
    pub(crate) older_than: Option<(u64, Since)>,
    pub(crate) ids: Option<Globs>,
    pub(crate) packages: Option<Globs>,
    pub(crate) except_packages: Option<Globs>,
    pub(crate) versions: Option<Box<Versions>>,
    pub(crate) paths: Option<Globs>,
    pub(crate) except_paths: Option<Globs>,
    pub(crate) kinds: Option<Globs>,
    pub(crate) licenses: Option<Globs>,
    /// Licences that are fine: the selector matches all others.
    pub(crate) except_licenses: Option<Globs>,
    pub(crate) expression: Option<Box<Expression>>,
}

impl Selector {
    pub(crate) const fn new(on: On) -> Self {
        Self {
            on,
            severities: Bits::ALL,
            states: Bits::ALL,
            origins: Bits::ALL,
            types: Bits::ALL,
            classes: Bits::ALL,
            fixable: None,
            exploited: None,
            ransomware: None,
            deleted_later: None,
            epss: None,
            epss_percentile: None,
            cvss: None,
            risk: None,
            older_than: None,
            ids: None,
            packages: None,
            except_packages: None,
            versions: None,
            paths: None,
            except_paths: None,
            kinds: None,
            licenses: None,
            except_licenses: None,
            expression: None,
        }
    }
}

/// A range as each scheme reads it; none where it is no range of that scheme.
#[derive(Debug, Clone)]
pub(crate) struct Versions {
    pub(crate) by_scheme: Vec<Option<Vec<VersionRange>>>,
}
