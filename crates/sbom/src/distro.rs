//! Names of distributions as other tools write them.

use seaworthy_model::{Distribution, Package, PackageType};

/// os-release `ID` and the family name that Trivy uses for it, where they differ.
const TRIVY_FAMILIES: [(&str, &str); 6] = [
    ("rhel", "redhat"),
    ("almalinux", "alma"),
    ("ol", "oracle"),
    ("amzn", "amazon"),
    ("mariner", "cbl-mariner"),
    ("sled", "sles"),
];

/// The family name that Trivy gives a distribution: `redhat` for `rhel`, `amazon` for `amzn`.
#[must_use]
pub fn trivy_family(id: &str) -> &str {
    TRIVY_FAMILIES
        .iter()
        .find(|(ours, _)| *ours == id)
        .map_or(id, |(_, theirs)| theirs)
}

/// The package type that Trivy gives a package: the family for OS packages, `node-pkg`,
/// `python-pkg`, `jar` … for languages.
#[must_use]
pub fn trivy_package_type(kind: PackageType, distribution: Option<&Distribution>) -> String {
    match kind {
        PackageType::Apk | PackageType::Deb | PackageType::Rpm | PackageType::Alpm => distribution
            .map_or(kind.purl_type(), |d| trivy_family(&d.id))
            .to_owned(),
        PackageType::Npm => "node-pkg".to_owned(),
        PackageType::PyPi => "python-pkg".to_owned(),
        PackageType::Go => "gobinary".to_owned(),
        PackageType::Cargo => "rustbinary".to_owned(),
        PackageType::Maven => "jar".to_owned(),
        PackageType::Gem => "gemspec".to_owned(),
        PackageType::NuGet => "dotnet-core".to_owned(),
        PackageType::Composer => "composer-vendor".to_owned(),
        PackageType::Pub | PackageType::Hex | PackageType::Swift | PackageType::Generic => {
            kind.purl_type().to_owned()
        }
    }
}

/// os-release `ID` for a name that a tool wrote, in any of the usual spellings.
pub(crate) fn canonical_id(name: &str) -> String {
    let lower = name.trim().to_lowercase();
    match lower.as_str() {
        "redhat" | "red hat" | "red hat enterprise linux" => "rhel".to_owned(),
        "alma" => "almalinux".to_owned(),
        "arch linux" | "archlinux" => "arch".to_owned(),
        "oracle" | "oraclelinux" | "oracle linux server" => "ol".to_owned(),
        "amazon" | "amazonlinux" | "amazon linux" => "amzn".to_owned(),
        "cbl-mariner" => "mariner".to_owned(),
        "rockylinux" | "rocky linux" => "rocky".to_owned(),
        "opensuse.leap" | "opensuse leap" => "opensuse-leap".to_owned(),
        "opensuse.tumbleweed" | "opensuse tumbleweed" => "opensuse-tumbleweed".to_owned(),
        "suse linux enterprise server" | "sle" => "sles".to_owned(),
        _ => lower.replace(' ', "-"),
    }
}

/// A distribution from a name and a version as tools write them (`2 (Karoo)` is version `2`).
pub(crate) fn distribution(name: &str, version: &str, pretty: Option<&str>) -> Distribution {
    let id = canonical_id(name);
    let version = version
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned();
    let name = pretty.filter(|p| !p.is_empty()).map_or_else(
        || format!("{} {version}", capitalised(&id)).trim().to_owned(),
        str::to_owned,
    );
    Distribution { id, version, name }
}

/// A distribution from a name and a version in any tool's spelling: `redhat`, `9.3` is Red Hat's
/// `rhel` 9.3.
#[must_use]
pub fn distribution_named(name: &str, version: &str) -> Distribution {
    distribution(name, version, None)
}

/// A distribution from a purl's `distro` qualifier: `debian-12.5`, `opensuse-leap-15.5`.
pub(crate) fn from_qualifier(qualifier: &str) -> Option<Distribution> {
    match qualifier.rsplit_once('-') {
        Some((id, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => {
            Some(distribution(id, version, None))
        }
        _ if qualifier.is_empty() => None,
        _ => Some(distribution(qualifier, "", None)),
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// `[epoch:]version[-release]` taken apart, as the properties of Trivy hold it. apk keeps its
/// `-rN` inside the version.
pub(crate) fn split_version(
    kind: PackageType,
    version: &str,
) -> (Option<&str>, &str, Option<&str>) {
    if !matches!(
        kind,
        PackageType::Deb | PackageType::Rpm | PackageType::Alpm
    ) {
        return (None, version, None);
    }
    let (epoch, rest) = match version.split_once(':') {
        Some((epoch, rest)) => (Some(epoch).filter(|e| *e != "0"), rest),
        None => (None, version),
    };
    match rest.rsplit_once('-') {
        Some((upstream, release)) => (epoch, upstream, Some(release)),
        None => (epoch, rest, None),
    }
}

/// The order of an inventory's packages.
pub(crate) fn sort_packages(packages: &mut [Package]) {
    packages.sort_by(|a, b| {
        (a.kind, &a.name, &a.version, &a.evidence)
            .cmp(&(b.kind, &b.name, &b.version, &b.evidence))
            .then_with(|| a.cmp(b))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distro_qualifiers_name_the_release() {
        for (qualifier, id, version) in [
            ("debian-12", "debian", "12"),
            ("redhat-9.3", "rhel", "9.3"),
            ("opensuse-leap-15.5", "opensuse-leap", "15.5"),
            ("amazon-2", "amzn", "2"),
            ("arch", "arch", ""),
            ("arch-20240101.0.1", "arch", "20240101.0.1"),
            ("opensuse-tumbleweed", "opensuse-tumbleweed", ""),
        ] {
            let found = from_qualifier(qualifier).expect("a distribution");
            assert_eq!((found.id.as_str(), found.version.as_str()), (id, version));
        }
        assert_eq!(from_qualifier(""), None);
    }

    #[test]
    fn versions_split_as_the_package_manager_reads_them() {
        for (kind, version, expected) in [
            (
                PackageType::Deb,
                "1:1.2.13.dfsg-1",
                (Some("1"), "1.2.13.dfsg", Some("1")),
            ),
            (
                PackageType::Rpm,
                "0:3.0-2.el9",
                (None, "3.0", Some("2.el9")),
            ),
            (PackageType::Deb, "3.134", (None, "3.134", None)),
            (PackageType::Apk, "1.36.1-r2", (None, "1.36.1-r2", None)),
            (
                PackageType::Alpm,
                "1:9.1.0-1",
                (Some("1"), "9.1.0", Some("1")),
            ),
        ] {
            assert_eq!(split_version(kind, version), expected, "{version}");
        }
    }
}
