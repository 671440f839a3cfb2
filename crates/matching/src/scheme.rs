use std::borrow::Cow;

use seaworthy_model::{Package, PackageType, normal_python_name};
use seaworthy_versions::Scheme;

/// The order in which versions of a kind of package are compared. Binaries that no package manager
/// installed have versions of all sorts; Maven's order knows letters, release candidates and any
/// number of parts, and refuses nothing.
#[must_use]
pub fn scheme_of(kind: PackageType) -> Option<Scheme> {
    match kind {
        PackageType::Generic => Some(Scheme::Maven),
        kind => Scheme::of_purl_type(kind.purl_type()),
    }
}

/// The name under which a shard keeps the rows that concern a package: the source package for deb
/// and apk, the binary for rpm, the registry's normal form for languages.
pub(crate) fn lookup_name(package: &Package) -> Cow<'_, str> {
    match package.kind {
        PackageType::Deb | PackageType::Apk => Cow::Borrowed(package.source_name()),
        PackageType::PyPi => normal_python_name(&package.name),
        PackageType::Generic => product_of(&package.name),
        PackageType::NuGet | PackageType::Composer => {
            if package.name.bytes().any(|b| b.is_ascii_uppercase()) {
                Cow::Owned(package.name.to_ascii_lowercase())
            } else {
                Cow::Borrowed(&package.name)
            }
        }
        _ => Cow::Borrowed(&package.name),
    }
}

/// Names of binaries, and the product under which their advisories are kept.
const PRODUCTS: [(&str, &str); 17] = [
    ("apache", "httpd"),
    ("apache2", "httpd"),
    ("erlang-otp", "erlang"),
    ("fluentbit", "fluent-bit"),
    ("java", "openjdk"),
    ("jdk", "openjdk"),
    ("jre", "openjdk"),
    ("kubectl", "kubernetes"),
    ("kubelet", "kubernetes"),
    ("mariadbd", "mariadb"),
    ("mysqld", "mysql"),
    ("node.js", "node"),
    ("nodejs", "node"),
    ("postgres", "postgresql"),
    ("python3", "python"),
    ("redis-server", "redis"),
    ("valkey-server", "valkey"),
];

/// The product of a binary that no package manager installed.
fn product_of(name: &str) -> Cow<'_, str> {
    let lower = if name.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    };
    match PRODUCTS.iter().find(|(known, _)| *known == lower) {
        Some((_, product)) => Cow::Borrowed(*product),
        None => lower,
    }
}

/// The other name under which a package may be looked up: Red Hat's own data names source packages,
/// those of its rebuilds binary ones.
pub(crate) fn second_name(package: &Package) -> Option<&str> {
    package
        .source_name
        .as_deref()
        .filter(|source| package.kind == PackageType::Rpm && *source != package.name)
}

/// The version that is compared with the rows of [`lookup_name`].
pub(crate) fn lookup_version(package: &Package) -> &str {
    match package.kind {
        PackageType::Deb => match &package.source_version {
            Some(version) => version,
            None => without_binary_rebuild(&package.version),
        },
        PackageType::Apk => package.source_version(),
        _ => &package.version,
    }
}

/// A binary-only rebuild (`1.2-3+b1`) has the source version without its suffix (Debian
/// Developer's Reference, section 5.10.2.1).
fn without_binary_rebuild(version: &str) -> &str {
    match version.rsplit_once("+b") {
        Some((source, number))
            if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) =>
        {
            source
        }
        _ => version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_shards_use() {
        for (kind, name, expected) in [
            (PackageType::PyPi, "Flask_SQL.Alchemy", "flask-sql-alchemy"),
            (PackageType::PyPi, "a--b", "a-b"),
            (PackageType::PyPi, "urllib3", "urllib3"),
            (PackageType::NuGet, "Newtonsoft.Json", "newtonsoft.json"),
            (PackageType::Composer, "Vendor/Name", "vendor/name"),
            (PackageType::Npm, "JSONStream", "JSONStream"),
            (PackageType::Maven, "org.a:B", "org.a:B"),
            (PackageType::Generic, "Node.js", "node"),
            (PackageType::Generic, "redis", "redis"),
        ] {
            let package = Package::new(kind, name, "1", "x");
            assert_eq!(lookup_name(&package), expected);
        }
    }

    #[test]
    fn source_names_and_versions_are_looked_up() {
        let mut package = Package::new(PackageType::Deb, "libssl3", "3.0.11-1~deb12u2+b1", "x");
        assert_eq!(lookup_version(&package), "3.0.11-1~deb12u2");
        package.source_name = Some("openssl".to_owned());
        package.source_version = Some("3.0.11-1~deb12u2".to_owned());
        assert_eq!(lookup_name(&package), "openssl");
        assert_eq!(lookup_version(&package), "3.0.11-1~deb12u2");
        for (version, expected) in [("1+beta", "1+beta"), ("1+b", "1+b"), ("1-2+b12", "1-2")] {
            let package = Package::new(PackageType::Deb, "x", version, "x");
            assert_eq!(lookup_version(&package), expected);
        }
        let mut rpm = Package::new(PackageType::Rpm, "openssl-libs", "1:3.0.7-2.el9", "x");
        rpm.source_name = Some("openssl".to_owned());
        assert_eq!(lookup_name(&rpm), "openssl-libs");
    }
}
