//! Whether a package is what a package URL names.

use seaworthy_model::{Distribution, Package, PackageType, Purl, codename, normal_python_name};

/// Whether a package is what a purl names. What the purl leaves out is free: without a version it
/// means all versions, and only the qualifiers that it has must fit.
pub(crate) fn purl_is(purl: &Purl, package: &Package, distribution: Option<&Distribution>) -> bool {
    let own = package.purl(distribution);
    if purl.kind != own.kind {
        return false;
    }
    // Debian's, Ubuntu's and Red Hat's documents name source packages.
    let is_source = matches!(purl.qualifier("arch"), Some("source" | "src"));
    let name = if is_source {
        package.source_name()
    } else {
        own.name.as_str()
    };
    same_namespace(purl, &own, package, distribution)
        && same_name(&purl.kind, &purl.name, name)
        && same_version(purl, &own, package, is_source)
        && purl.qualifiers.iter().all(|(key, value)| {
            (is_source && key == "arch") || fits(key, value, &own, package, distribution)
        })
        && (purl.subpath.is_none() || purl.subpath == own.subpath)
}

/// Namespaces that documents use for a distribution besides its os-release id.
const NAMESPACES: [(&str, &[&str]); 12] = [
    ("rhel", &["redhat"]),
    ("centos", &["redhat"]),
    ("sles", &["suse"]),
    ("sled", &["suse"]),
    ("sle-micro", &["suse"]),
    ("sl-micro", &["suse"]),
    ("opensuse-leap", &["opensuse", "suse"]),
    ("opensuse-tumbleweed", &["opensuse", "suse"]),
    ("amzn", &["amazon", "amazonlinux"]),
    ("rocky", &["rocky-linux", "rockylinux"]),
    ("ol", &["oracle", "oraclelinux"]),
    ("almalinux", &["alma"]),
];

fn same_namespace(
    purl: &Purl,
    own: &Purl,
    package: &Package,
    distribution: Option<&Distribution>,
) -> bool {
    match (&purl.namespace, &own.namespace) {
        (Some(a), Some(b)) => {
            let id = distribution.map_or("", |d| d.id.as_str());
            let also = NAMESPACES.iter().find(|(known, _)| *known == id);
            a.eq_ignore_ascii_case(b)
                || (package.kind.is_os()
                    && also.is_some_and(|(_, names)| {
                        names.iter().any(|name| a.eq_ignore_ascii_case(name))
                    }))
        }
        (None, None) => true,
        // An OS package without a namespace is of whatever distribution is scanned.
        (None, Some(_)) => package.kind.is_os(),
        (Some(_), None) => false,
    }
}

/// The purl types whose names have no case, or are written in lower case, say so.
fn same_name(kind: &str, a: &str, b: &str) -> bool {
    match kind {
        "pypi" => normal_python_name(a) == normal_python_name(b),
        "nuget" | "composer" | "golang" => a.eq_ignore_ascii_case(b),
        _ => a == b,
    }
}

fn same_version(purl: &Purl, own: &Purl, package: &Package, is_source: bool) -> bool {
    let Some(wanted) = purl.version.as_deref() else {
        return true;
    };
    // A purl of an rpm has the epoch among its qualifiers.
    let source = package.source_version();
    let source = match source.split_once(':') {
        Some((_, rest)) if package.kind == PackageType::Rpm => rest,
        _ => source,
    };
    let installed = if is_source {
        source
    } else {
        own.version.as_deref().unwrap_or_default()
    };
    // Some write a Go version with its `v`, some without.
    let plain = |version: &str| match package.kind {
        PackageType::Go => version.trim_start_matches('v').to_owned(),
        _ => version.to_owned(),
    };
    plain(wanted) == plain(installed)
}

/// Whether a qualifier fits.
fn fits(
    key: &str,
    value: &str,
    own: &Purl,
    package: &Package,
    distribution: Option<&Distribution>,
) -> bool {
    let own_value = own.qualifier(key);
    if own_value == Some(value) {
        return true;
    }
    let extends = |own: &str, mark: char| {
        own.strip_prefix(value)
            .is_some_and(|rest| rest.starts_with(mark))
    };
    match key {
        "distro" => {
            // `debian-12` is any of its releases; Ubuntu and Debian write the code name.
            own_value.is_some_and(|own| extends(own, '.'))
                || distribution.is_some_and(|d| {
                    let value = value.strip_prefix(&format!("{}-", d.id)).unwrap_or(value);
                    codename::of_version(&d.id, &d.version).is_some_and(|(_, name)| name == value)
                })
        }
        // `openssl`, or `openssl@3.0.7`.
        "upstream" => match value.split_once('@') {
            None => package.source_name() == value,
            Some((name, version)) => {
                package.source_name() == name && package.source_version() == version
            }
        },
        // `nodejs:18` without the build.
        "rpmmod" => own_value.is_some_and(|own| extends(own, ':')),
        "epoch" => own_value.unwrap_or("0") == value,
        // The default of the purl specification; syft's own mark.
        "type" => value == "jar" && package.kind == PackageType::Maven,
        "package-id" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(id: &str, version: &str) -> Distribution {
        Distribution {
            id: id.to_owned(),
            version: version.to_owned(),
            name: String::new(),
        }
    }

    #[test]
    fn purls_of_other_tools_name_our_packages() {
        let mut openssl = Package::new(PackageType::Rpm, "openssl-libs", "1:3.0.7-2.el9", "x");
        openssl.source_name = Some("openssl".to_owned());
        openssl.module = Some("nodejs:18:8090020240301:a75119d5".to_owned());
        openssl.arch = Some("x86_64".to_owned());
        let rhel = distribution("rhel", "9.3");
        let mut zlib = Package::new(PackageType::Deb, "zlib1g", "1:1.2.11", "x");
        zlib.source_name = Some("zlib".to_owned());
        let jammy = distribution("ubuntu", "22.04");
        let go = Package::new(
            PackageType::Go,
            "github.com/Masterminds/semver",
            "3.2.0",
            "x",
        );
        let jar = Package::new(PackageType::Maven, "org.a:b", "1.0", "x");
        for (purl, package, distribution, expected) in [
            ("pkg:rpm/redhat/openssl-libs", &openssl, &rhel, true),
            (
                "pkg:rpm/redhat/openssl-libs@3.0.7-2.el9?arch=x86_64&epoch=1",
                &openssl,
                &rhel,
                true,
            ),
            (
                "pkg:rpm/redhat/openssl-libs@3.0.7-2.el9?epoch=0",
                &openssl,
                &rhel,
                false,
            ),
            (
                "pkg:rpm/redhat/openssl@3.0.7-2.el9?arch=src",
                &openssl,
                &rhel,
                true,
            ),
            ("pkg:rpm/redhat/openssl?arch=src", &openssl, &rhel, true),
            ("pkg:rpm/redhat/openssl", &openssl, &rhel, false),
            ("pkg:rpm/suse/openssl-libs", &openssl, &rhel, false),
            (
                "pkg:rpm/redhat/openssl-libs?rpmmod=nodejs:18",
                &openssl,
                &rhel,
                true,
            ),
            (
                "pkg:rpm/redhat/openssl-libs?rpmmod=nodejs:1",
                &openssl,
                &rhel,
                false,
            ),
            (
                "pkg:rpm/redhat/openssl-libs?distro=rhel-9",
                &openssl,
                &rhel,
                true,
            ),
            (
                "pkg:rpm/redhat/openssl-libs?distro=rhel-8",
                &openssl,
                &rhel,
                false,
            ),
            (
                "pkg:deb/ubuntu/zlib@1:1.2.11?arch=source&distro=jammy",
                &zlib,
                &jammy,
                true,
            ),
            (
                "pkg:deb/ubuntu/zlib@1:1.2.11?arch=source&distro=focal",
                &zlib,
                &jammy,
                false,
            ),
            (
                "pkg:deb/ubuntu/zlib1g?upstream=zlib&package-id=1a2b",
                &zlib,
                &jammy,
                true,
            ),
            ("pkg:deb/ubuntu/zlib1g?upstream=other", &zlib, &jammy, false),
            (
                "pkg:golang/github.com/masterminds/semver@v3.2.0",
                &go,
                &jammy,
                true,
            ),
            (
                "pkg:golang/github.com/masterminds/semver@v3.2.1",
                &go,
                &jammy,
                false,
            ),
            ("pkg:maven/org.a/b@1.0?type=jar", &jar, &jammy, true),
            ("pkg:maven/org.a/b@1.0?type=war", &jar, &jammy, false),
            (
                "pkg:maven/org.a/b@1.0?classifier=sources",
                &jar,
                &jammy,
                false,
            ),
        ] {
            let parsed: Purl = purl.parse().unwrap();
            assert_eq!(
                purl_is(&parsed, package, Some(distribution)),
                expected,
                "{purl}"
            );
        }
    }
}
