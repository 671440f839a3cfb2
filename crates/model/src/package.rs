use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Distribution, Purl};

/// The kind of package database or language that a package comes from; decides its version scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageType {
    /// Alpine and its relatives.
    Apk,
    /// Debian and its relatives.
    Deb,
    /// Red Hat, SUSE, Amazon and their relatives.
    Rpm,
    /// Arch and its relatives.
    Alpm,
    /// Node.js.
    Npm,
    /// Python.
    #[serde(rename = "pypi")]
    PyPi,
    /// Go modules, the standard library as `stdlib`.
    Go,
    /// Rust crates.
    Cargo,
    /// Java; the name is `group:artifact`.
    Maven,
    /// Ruby.
    Gem,
    /// .NET.
    #[serde(rename = "nuget")]
    NuGet,
    /// PHP.
    Composer,
    /// Dart.
    Pub,
    /// Erlang and Elixir.
    Hex,
    /// Swift packages.
    Swift,
    /// A binary that no package manager installed.
    Generic,
}

impl PackageType {
    /// All types, in the order of their discriminants.
    pub const ALL: [Self; 16] = [
        Self::Apk,
        Self::Deb,
        Self::Rpm,
        Self::Alpm,
        Self::Npm,
        Self::PyPi,
        Self::Go,
        Self::Cargo,
        Self::Maven,
        Self::Gem,
        Self::NuGet,
        Self::Composer,
        Self::Pub,
        Self::Hex,
        Self::Swift,
        Self::Generic,
    ];

    /// The purl type of the [package URL specification](https://github.com/package-url/purl-spec).
    #[must_use]
    pub const fn purl_type(self) -> &'static str {
        match self {
            Self::Apk => "apk",
            Self::Deb => "deb",
            Self::Rpm => "rpm",
            Self::Alpm => "alpm",
            Self::Npm => "npm",
            Self::PyPi => "pypi",
            Self::Go => "golang",
            Self::Cargo => "cargo",
            Self::Maven => "maven",
            Self::Gem => "gem",
            Self::NuGet => "nuget",
            Self::Composer => "composer",
            Self::Pub => "pub",
            Self::Hex => "hex",
            Self::Swift => "swift",
            Self::Generic => "generic",
        }
    }

    /// The type with that purl type.
    #[must_use]
    pub fn from_purl_type(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.purl_type() == word)
    }

    /// Whether the operating system's package manager owns packages of this type.
    #[must_use]
    pub const fn is_os(self) -> bool {
        matches!(self, Self::Apk | Self::Deb | Self::Rpm | Self::Alpm)
    }

    /// The language ecosystem whose advisories apply; none for OS packages, whose distribution
    /// decides, and for generic binaries.
    #[must_use]
    pub const fn ecosystem(self) -> Option<Ecosystem> {
        Some(match self {
            Self::Npm => Ecosystem::Npm,
            Self::PyPi => Ecosystem::PyPi,
            Self::Go => Ecosystem::Go,
            Self::Cargo => Ecosystem::CratesIo,
            Self::Maven => Ecosystem::Maven,
            Self::Gem => Ecosystem::RubyGems,
            Self::NuGet => Ecosystem::NuGet,
            Self::Composer => Ecosystem::Packagist,
            Self::Pub => Ecosystem::Pub,
            Self::Hex => Ecosystem::Hex,
            Self::Swift => Ecosystem::SwiftUrl,
            Self::Apk | Self::Deb | Self::Rpm | Self::Alpm | Self::Generic => return None,
        })
    }

    /// The word that people use for it in tables: the purl type, but `go` for `golang`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Go => "go",
            other => other.purl_type(),
        }
    }
}

impl fmt::Display for PackageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

/// A language ecosystem with advisories of its own, named as in OSV, and the shard of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the ecosystems' own")]
pub enum Ecosystem {
    #[serde(rename = "npm")]
    Npm,
    PyPi,
    Go,
    CratesIo,
    Maven,
    RubyGems,
    NuGet,
    Packagist,
    Pub,
    Hex,
    SwiftUrl,
}

impl Ecosystem {
    /// Every ecosystem.
    pub const ALL: [Self; 11] = [
        Self::Npm,
        Self::PyPi,
        Self::Go,
        Self::CratesIo,
        Self::Maven,
        Self::RubyGems,
        Self::NuGet,
        Self::Packagist,
        Self::Pub,
        Self::Hex,
        Self::SwiftUrl,
    ];

    /// The name in OSV records (OSV schema, `affected[].package.ecosystem`).
    #[must_use]
    pub const fn osv_name(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::PyPi => "PyPI",
            Self::Go => "Go",
            Self::CratesIo => "crates.io",
            Self::Maven => "Maven",
            Self::RubyGems => "RubyGems",
            Self::NuGet => "NuGet",
            Self::Packagist => "Packagist",
            Self::Pub => "Pub",
            Self::Hex => "Hex",
            Self::SwiftUrl => "SwiftURL",
        }
    }

    /// The shard key: lower case, safe as a file name.
    #[must_use]
    pub const fn shard_key(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::PyPi => "pypi",
            Self::Go => "go",
            Self::CratesIo => "crates",
            Self::Maven => "maven",
            Self::RubyGems => "rubygems",
            Self::NuGet => "nuget",
            Self::Packagist => "packagist",
            Self::Pub => "pub",
            Self::Hex => "hex",
            Self::SwiftUrl => "swift",
        }
    }
}

/// Where something was found: enough for a person to go and look.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// Index into [`crate::ImageFacts::layers`] of the layer that brought it; none outside images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<u32>,
    /// Path from the root of the image or directory, without a leading slash. Inside an archive,
    /// the entries follow after `!/`: `app/app.jar!/BOOT-INF/lib/x.jar`.
    pub path: String,
}

/// How the project of a lockfile came to a package.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Relationship {
    /// The project asks for it itself.
    Direct,
    /// Something that the project asks for needs it.
    Transitive,
    /// Nothing tells; what is installed in an image always.
    #[default]
    Unknown,
}

impl Relationship {
    /// The lower-case name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Transitive => "transitive",
            Self::Unknown => "unknown",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// What the project of a lockfile needs a package for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum DependencyScope {
    /// To run.
    Production,
    /// Only where the platform or the user wants it.
    Optional,
    /// Only to build and to test.
    Development,
    /// Nothing tells; what is installed in an image always.
    #[default]
    Unknown,
}

impl DependencyScope {
    /// The lower-case name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Optional => "optional",
            Self::Development => "development",
            Self::Unknown => "unknown",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// One installed package, or one that a lockfile names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Package {
    /// Kind of package.
    #[serde(rename = "type")]
    pub kind: PackageType,
    /// Name as its ecosystem writes it: `@scope/name`, `group:artifact`, `github.com/x/y`. Python
    /// names are normalised as PEP 503 says.
    pub name: String,
    /// Full version as its package manager compares it (`1:2.3-4` with epoch for deb and rpm).
    pub version: String,
    /// Architecture, when the package database names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// Source package, when it differs from the name or the database names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_name: Option<String>,
    /// Version of the source package, when it differs from the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_version: Option<String>,
    /// Modularity label of an rpm, `name:stream:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Who built or maintains it, as the database says; tells third-party repositories apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplier: Option<String>,
    /// Licences as declared, unparsed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<String>,
    /// Where it was found.
    pub evidence: Evidence,
    /// Line of the lockfile that names it, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// How the project came to it.
    #[serde(default, skip_serializing_if = "Relationship::is_unknown")]
    pub relationship: Relationship,
    /// What the project needs it for.
    #[serde(default, skip_serializing_if = "DependencyScope::is_unknown")]
    pub scope: DependencyScope,
    /// The shortest way from the project to a transitive package: what the project asks for, what
    /// that needs, and so on, the package itself left out; each `name@version`. Empty for direct
    /// packages and where nothing tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependency_path: Vec<String>,
}

impl Package {
    /// A package with only what every package has.
    #[must_use]
    pub fn new(
        kind: PackageType,
        name: impl Into<String>,
        version: impl Into<String>,
        path: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            name: name.into(),
            version: version.into(),
            arch: None,
            source_name: None,
            source_version: None,
            module: None,
            supplier: None,
            licenses: Vec::new(),
            evidence: Evidence {
                layer: None,
                path: path.into(),
            },
            line: None,
            relationship: Relationship::Unknown,
            scope: DependencyScope::Unknown,
            dependency_path: Vec::new(),
        }
    }

    /// The name that source-based advisories use.
    #[must_use]
    pub fn source_name(&self) -> &str {
        self.source_name.as_deref().unwrap_or(&self.name)
    }

    /// The version that source-based advisories use.
    #[must_use]
    pub fn source_version(&self) -> &str {
        self.source_version.as_deref().unwrap_or(&self.version)
    }

    /// The package URL; `distribution` gives namespace and `distro` qualifier of OS packages.
    #[must_use]
    pub fn purl(&self, distribution: Option<&Distribution>) -> Purl {
        Purl::of_package(self, distribution)
    }
}

/// A Python project's name as PEP 503 normalises it: lower case, runs of `-`, `_` and `.` are one
/// hyphen.
#[must_use]
pub fn normal_python_name(name: &str) -> Cow<'_, str> {
    let normal = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.contains("--");
    if normal {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '-' | '_' | '.') {
            if !out.ends_with('-') {
                out.push('-');
            }
        } else {
            out.extend(c.to_lowercase());
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lockfiles_tell_is_written_only_where_it_is_known() {
        let mut package = Package::new(PackageType::Npm, "a", "1", "package-lock.json");
        let bare = serde_json::to_value(&package).expect("JSON");
        assert_eq!(bare.as_object().map(serde_json::Map::len), Some(4));
        package.line = Some(7);
        package.relationship = Relationship::Transitive;
        package.scope = DependencyScope::Development;
        package.dependency_path = vec!["b@2".to_owned()];
        let full = serde_json::to_value(&package).expect("JSON");
        assert_eq!(full["relationship"], package.relationship.name());
        assert_eq!(full["scope"], package.scope.name());
        assert_eq!(full["dependency_path"][0], "b@2");
        assert_eq!(serde_json::from_value::<Package>(full).ok(), Some(package));
    }

    #[test]
    fn types_are_found_by_their_purl_type_and_number() {
        for (at, kind) in PackageType::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, at, "{kind}");
            assert_eq!(PackageType::from_purl_type(kind.purl_type()), Some(kind));
        }
        assert_eq!(PackageType::from_purl_type("go"), None);
    }

    #[test]
    fn python_names_are_normalised() {
        for (name, normal) in [
            ("Zope.Interface__x", "zope-interface-x"),
            ("Flask_SQL.Alchemy", "flask-sql-alchemy"),
            ("a--b", "a-b"),
            ("urllib3", "urllib3"),
        ] {
            assert_eq!(normal_python_name(name), normal);
        }
    }
}
