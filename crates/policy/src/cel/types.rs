//! The types that expressions see: the objects, their fields, and what each field is.

use std::fmt;

use seaworthy_model::{LicenseClass, PackageType, Severity, State};

use crate::policy::On;

/// A type of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    /// Known only when it runs.
    Dyn,
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Null,
    List(Box<Self>),
    Map(Box<Self>, Box<Self>),
    Object(Object),
}

impl Type {
    pub(crate) const fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double)
    }

    /// Whether values of both types can be the same.
    pub(crate) fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dyn, _) | (_, Self::Dyn) | (Self::Null, _) | (_, Self::Null) => true,
            (a, b) if a.is_number() && b.is_number() => true,
            (Self::List(a), Self::List(b)) => a.fits(b),
            (Self::Map(a, b), Self::Map(c, d)) => a.fits(c) && b.fits(d),
            (a, b) => a == b,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn => f.write_str("anything"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::Text => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Null => f.write_str("null"),
            Self::List(item) => write!(f, "list({item})"),
            Self::Map(key, value) => write!(f, "map({key}, {value})"),
            Self::Object(object) => f.write_str(object.name()),
        }
    }
}

/// An object with fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Object {
    Finding,
    Package,
    Secret,
    Misconfiguration,
    License,
    Image,
    Counts,
}

/// A field of a row, whatever object it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Id,
    Aliases,
    Severity,
    SeverityRank,
    State,
    Fixable,
    FixedVersion,
    Exploited,
    Ransomware,
    Epss,
    EpssPercentile,
    Cvss,
    Risk,
    Published,
    AgeDays,
    FirstSeenDays,
    Origin,
    Source,
    PackageName,
    PackageVersion,
    PackageType,
    PackagePath,
    PackageLayer,
    PackageSource,
    PackageLicenses,
    Rule,
    References,
    Kind,
    Title,
    Path,
    Line,
    Object,
    Message,
    DeletedLater,
    LicenseId,
    LicenseClass,
    Confidence,
    ImageName,
    ImageRegistry,
    ImageRepository,
    ImageTag,
    ImageDigest,
    ImageUser,
    ImagePlatform,
    ImageOs,
    ImageOsVersion,
    ImageSize,
    ImageAgeDays,
    ImageLayers,
    ImagePackages,
    ImageLabels,
    ImageEndOfLife,
    CountCritical,
    CountHigh,
    CountMedium,
    CountLow,
    CountNegligible,
    CountUnknown,
    CountTotal,
    CountFixable,
    CountExploited,
    CountSecrets,
    CountMisconfigurations,
    Environment,
    Today,
}

impl Field {
    /// The field as an expression names it: `finding.age_days`.
    pub(crate) fn path(self) -> String {
        Object::ALL
            .into_iter()
            .flat_map(|object| object.fields().iter().map(move |f| (object, f)))
            .find(|(_, (_, member))| member.field() == Some(self))
            .map(|(object, (name, _))| format!("{}.{name}", object.name()))
            .unwrap_or_default()
    }
}

/// What a field of an object is: a plain value or another object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Member {
    Text(Field),
    Bool(Field),
    Int(Field),
    Double(Field),
    Texts(Field),
    Labels(Field),
    Object(Object),
}

impl Member {
    /// The field; none of an object.
    pub(crate) const fn field(self) -> Option<Field> {
        match self {
            Self::Text(field)
            | Self::Bool(field)
            | Self::Int(field)
            | Self::Double(field)
            | Self::Texts(field)
            | Self::Labels(field) => Some(field),
            Self::Object(_) => None,
        }
    }

    pub(crate) fn type_of(self) -> Type {
        match self {
            Self::Text(_) => Type::Text,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Double(_) => Type::Double,
            Self::Texts(_) => Type::List(Box::new(Type::Text)),
            Self::Labels(_) => Type::Map(Box::new(Type::Text), Box::new(Type::Text)),
            Self::Object(object) => Type::Object(object),
        }
    }
}

use Member::{Bool, Double, Int, Labels, Text, Texts};

const FINDING: &[(&str, Member)] = &[
    ("id", Text(Field::Id)),
    ("aliases", Texts(Field::Aliases)),
    ("severity", Text(Field::Severity)),
    ("severity_rank", Int(Field::SeverityRank)),
    ("state", Text(Field::State)),
    ("fixable", Bool(Field::Fixable)),
    ("fixed_version", Text(Field::FixedVersion)),
    ("exploited", Bool(Field::Exploited)),
    ("ransomware", Bool(Field::Ransomware)),
    ("epss", Double(Field::Epss)),
    ("epss_percentile", Double(Field::EpssPercentile)),
    ("cvss", Double(Field::Cvss)),
    ("risk", Double(Field::Risk)),
    ("published", Text(Field::Published)),
    ("age_days", Int(Field::AgeDays)),
    ("first_seen_days", Int(Field::FirstSeenDays)),
    ("origin", Text(Field::Origin)),
    ("source", Text(Field::Source)),
    ("pkg", Member::Object(Object::Package)),
];

const PACKAGE: &[(&str, Member)] = &[
    ("name", Text(Field::PackageName)),
    ("version", Text(Field::PackageVersion)),
    ("type", Text(Field::PackageType)),
    ("path", Text(Field::PackagePath)),
    ("layer", Int(Field::PackageLayer)),
    ("source", Text(Field::PackageSource)),
    ("licenses", Texts(Field::PackageLicenses)),
];

const SECRET: &[(&str, Member)] = &[
    ("rule", Text(Field::Rule)),
    ("title", Text(Field::Title)),
    ("severity", Text(Field::Severity)),
    ("severity_rank", Int(Field::SeverityRank)),
    ("path", Text(Field::Path)),
    ("line", Int(Field::Line)),
    ("deleted_later", Bool(Field::DeletedLater)),
];

const MISCONFIGURATION: &[(&str, Member)] = &[
    ("rule", Text(Field::Rule)),
    ("references", Texts(Field::References)),
    ("kind", Text(Field::Kind)),
    ("title", Text(Field::Title)),
    ("severity", Text(Field::Severity)),
    ("severity_rank", Int(Field::SeverityRank)),
    ("path", Text(Field::Path)),
    ("line", Int(Field::Line)),
    ("object", Text(Field::Object)),
    ("message", Text(Field::Message)),
];

const LICENSE: &[(&str, Member)] = &[
    ("id", Text(Field::LicenseId)),
    ("class", Text(Field::LicenseClass)),
    ("severity", Text(Field::Severity)),
    ("severity_rank", Int(Field::SeverityRank)),
    ("path", Text(Field::Path)),
    ("confidence", Int(Field::Confidence)),
    ("pkg", Member::Object(Object::Package)),
];

const IMAGE: &[(&str, Member)] = &[
    ("name", Text(Field::ImageName)),
    ("registry", Text(Field::ImageRegistry)),
    ("repository", Text(Field::ImageRepository)),
    ("tag", Text(Field::ImageTag)),
    ("digest", Text(Field::ImageDigest)),
    ("user", Text(Field::ImageUser)),
    ("platform", Text(Field::ImagePlatform)),
    ("os", Text(Field::ImageOs)),
    ("os_version", Text(Field::ImageOsVersion)),
    ("size", Int(Field::ImageSize)),
    ("age_days", Int(Field::ImageAgeDays)),
    ("layers", Int(Field::ImageLayers)),
    ("packages", Int(Field::ImagePackages)),
    ("labels", Labels(Field::ImageLabels)),
    ("end_of_life", Bool(Field::ImageEndOfLife)),
];

const COUNTS: &[(&str, Member)] = &[
    ("critical", Int(Field::CountCritical)),
    ("high", Int(Field::CountHigh)),
    ("medium", Int(Field::CountMedium)),
    ("low", Int(Field::CountLow)),
    ("negligible", Int(Field::CountNegligible)),
    ("unknown", Int(Field::CountUnknown)),
    ("total", Int(Field::CountTotal)),
    ("fixable", Int(Field::CountFixable)),
    ("exploited", Int(Field::CountExploited)),
    ("secrets", Int(Field::CountSecrets)),
    ("misconfigurations", Int(Field::CountMisconfigurations)),
];

impl Object {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Finding => "finding",
            Self::Package => "pkg",
            Self::Secret => "secret",
            Self::Misconfiguration => "misconfiguration",
            Self::License => "license",
            Self::Image => "image",
            Self::Counts => "counts",
        }
    }

    pub(crate) const fn fields(self) -> &'static [(&'static str, Member)] {
        match self {
            Self::Finding => FINDING,
            Self::Package => PACKAGE,
            Self::Secret => SECRET,
            Self::Misconfiguration => MISCONFIGURATION,
            Self::License => LICENSE,
            Self::Image => IMAGE,
            Self::Counts => COUNTS,
        }
    }

    /// All values that a field may have, where they are few.
    pub(crate) fn words(self, field: &str) -> Option<Vec<&'static str>> {
        Some(match (self, field) {
            (_, "severity") => Severity::WORST_FIRST.map(Severity::name).to_vec(),
            (Self::Finding, "state") => State::ALL.map(State::name).to_vec(),
            (Self::Finding, "origin") => vec!["base", "application", "unknown"],
            (Self::Package, "type") => PackageType::ALL.map(PackageType::label).to_vec(),
            (Self::License, "class") => LicenseClass::ALL.map(LicenseClass::name).to_vec(),
            _ => return None,
        })
    }

    /// What rules call it; none for what is not selected from.
    pub(crate) const fn on(self) -> Option<On> {
        Some(match self {
            Self::Finding => On::Vulnerability,
            Self::Package => On::Package,
            Self::Secret => On::Secret,
            Self::Misconfiguration => On::Misconfiguration,
            Self::License => On::License,
            Self::Image | Self::Counts => return None,
        })
    }

    const ALL: [Self; 7] = [
        Self::Finding,
        Self::Package,
        Self::Secret,
        Self::Misconfiguration,
        Self::License,
        Self::Image,
        Self::Counts,
    ];

    pub(crate) fn member(self, name: &str) -> Option<Member> {
        self.fields()
            .iter()
            .find(|(field, _)| *field == name)
            .map(|(_, member)| *member)
    }
}

/// A variable that expressions of a kind of rule see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variable {
    One(Member),
    Many(Object),
}

impl Variable {
    pub(crate) fn type_of(self) -> Type {
        match self {
            Self::One(member) => member.type_of(),
            Self::Many(object) => Type::List(Box::new(Type::Object(object))),
        }
    }
}

/// The variables of rules on something.
pub(crate) fn variables(on: On) -> Vec<(&'static str, Variable)> {
    let mut all = vec![
        ("image", Variable::One(Member::Object(Object::Image))),
        ("counts", Variable::One(Member::Object(Object::Counts))),
        ("environment", Variable::One(Text(Field::Environment))),
        ("today", Variable::One(Text(Field::Today))),
    ];
    let item = match on {
        On::Vulnerability => Object::Finding,
        On::Secret => Object::Secret,
        On::Misconfiguration => Object::Misconfiguration,
        On::License => Object::License,
        On::Package => Object::Package,
        On::Image => {
            all.extend([
                ("findings", Variable::Many(Object::Finding)),
                ("packages", Variable::Many(Object::Package)),
                ("secrets", Variable::Many(Object::Secret)),
                (
                    "misconfigurations",
                    Variable::Many(Object::Misconfiguration),
                ),
                ("licenses", Variable::Many(Object::License)),
            ]);
            return all;
        }
    };
    all.push((item.name(), Variable::One(Member::Object(item))));
    all
}
