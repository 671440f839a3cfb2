//! Packages in the words of many scanners.

use std::cmp::Ordering;

use seaworthy_model::{Distribution, Package, PackageType, Purl, normal_python_name};
use seaworthy_versions::{Scheme, compare};

/// The package type that a scanner's word for a type, manager, language or ecosystem means.
pub(super) fn kind(word: &str) -> Option<PackageType> {
    let lower = word.trim().to_ascii_lowercase();
    // `Debian:12`, `debian:12`, `Alpine:v3.18` and the like name a release too.
    let head = lower.split(':').next().unwrap_or_default();
    Some(match head {
        "apk" | "alpine" | "wolfi" | "chainguard" | "minimos" => PackageType::Apk,
        "deb" | "dpkg" | "debian" | "ubuntu" => PackageType::Deb,
        "rpm"
        | "redhat"
        | "red hat"
        | "rhel"
        | "centos"
        | "rocky"
        | "rocky linux"
        | "alma"
        | "almalinux"
        | "oracle"
        | "amazon"
        | "amzn"
        | "fedora"
        | "suse"
        | "sles"
        | "opensuse"
        | "opensuse-leap"
        | "opensuse-tumbleweed"
        | "suse linux enterprise server"
        | "photon"
        | "photon os"
        | "cbl-mariner"
        | "mariner"
        | "azurelinux"
        | "azure linux"
        | "openeuler" => PackageType::Rpm,
        "alpm" | "arch" | "archlinux" | "arch linux" | "archarm" | "pacman" | "manjaro" => {
            PackageType::Alpm
        }
        "npm" | "node-pkg" | "nodejs" | "yarn" | "pnpm" | "bun" | "javascript" | "js" | "node" => {
            PackageType::Npm
        }
        "pypi" | "python" | "python-pkg" | "pip" | "pipenv" | "poetry" | "uv" | "conda-pkg" => {
            PackageType::PyPi
        }
        "go" | "golang" | "gobinary" | "gomod" | "go-module" | "gomodules" => PackageType::Go,
        "cargo" | "crates.io" | "rust" | "rustbinary" | "rust-crate" | "rust-binary" => {
            PackageType::Cargo
        }
        "maven" | "java" | "jar" | "pom" | "gradle" | "gradle-lockfile" | "java-archive"
        | "sbt" | "jenkins-plugin" => PackageType::Maven,
        "gem" | "rubygems" | "ruby" | "bundler" | "gemspec" => PackageType::Gem,
        "nuget" | "dotnet" | "dotnet-core" | ".net" | "packages-props" | "c#" | "csharp" => {
            PackageType::NuGet
        }
        "composer" | "packagist" | "php" | "php-composer" | "composer-vendor" => {
            PackageType::Composer
        }
        "pub" | "dart" | "dart-pub" => PackageType::Pub,
        "hex" | "mix" | "elixir" | "erlang" => PackageType::Hex,
        "swift" | "swifturl" | "cocoapods" => PackageType::Swift,
        _ => return None,
    })
}

/// How versions of a type are ordered.
pub(crate) fn scheme_of(kind: PackageType) -> Option<Scheme> {
    Scheme::of_purl_type(kind.purl_type())
}

/// A package from what a report tells: the purl knows type and name best, the version is the
/// scanner's own.
pub(super) fn package(
    purl: &str,
    told: Option<PackageType>,
    name: &str,
    version: &str,
    path: &str,
) -> Package {
    let path = path.trim_start_matches('/');
    let parsed = purl
        .parse::<Purl>()
        .ok()
        .and_then(|p| seaworthy_sbom::package_of_purl(&p));
    if let Some(mut package) = parsed {
        if !version.is_empty() {
            version.clone_into(&mut package.version);
        }
        path.clone_into(&mut package.evidence.path);
        return package;
    }
    let kind = told.unwrap_or(PackageType::Generic);
    let name = match kind {
        PackageType::PyPi => normal_python_name(name).into_owned(),
        PackageType::Maven if !name.contains(':') => name.replacen('/', ":", 1),
        _ => name.to_owned(),
    };
    Package::new(kind, name, version, path)
}

/// The lowest version that is above the installed one; where versions cannot be compared, the first
/// one.
pub(super) fn lowest_fix(
    kind: PackageType,
    installed: &str,
    candidates: impl IntoIterator<Item = String>,
) -> Option<String> {
    let candidates: Vec<String> = candidates
        .into_iter()
        .map(|c| c.trim().to_owned())
        .filter(|c| !c.is_empty() && c != "0")
        .collect();
    let best = scheme_of(kind).and_then(|scheme| {
        candidates
            .iter()
            .filter(|c| compare(scheme, installed, c).is_ok_and(Ordering::is_lt))
            .min_by(|a, b| compare(scheme, a, b).unwrap_or(Ordering::Equal))
            .cloned()
    });
    best.or_else(|| candidates.into_iter().next())
}

/// A distribution in a scanner's words.
pub(super) fn distribution(name: &str, version: &str) -> Option<Distribution> {
    (!name.is_empty()).then(|| seaworthy_sbom::distribution(name, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_field_mean_types() {
        for (word, expected) in [
            ("debian:12", Some(PackageType::Deb)),
            ("Alpine:v3.18", Some(PackageType::Apk)),
            ("arch", Some(PackageType::Alpm)),
            ("gobinary", Some(PackageType::Go)),
            ("java-archive", Some(PackageType::Maven)),
            ("crates.io", Some(PackageType::Cargo)),
            ("binary", None),
        ] {
            assert_eq!(kind(word), expected, "{word}");
        }
    }

    #[test]
    fn the_lowest_fix_above_the_installed_version_is_taken() {
        let fix = |kind, installed: &str, list: &[&str]| {
            lowest_fix(kind, installed, list.iter().map(|s| (*s).to_owned()))
        };
        assert_eq!(
            fix(PackageType::Npm, "4.1.0", &["3.2.0", "5.0.1", "4.1.3"]).as_deref(),
            Some("4.1.3")
        );
        assert_eq!(
            fix(PackageType::Generic, "a", &["b", "c"]).as_deref(),
            Some("b")
        );
        assert_eq!(fix(PackageType::Npm, "1.0.0", &["", "0"]), None);
    }

    #[test]
    fn names_are_as_we_write_them() {
        for (kind, name, expected) in [
            (PackageType::Maven, "org.x/y", "org.x:y"),
            (PackageType::PyPi, "Jinja2", "jinja2"),
            (PackageType::Go, "github.com/x/y", "github.com/x/y"),
        ] {
            assert_eq!(package("", Some(kind), name, "1", "/p").name, expected);
        }
        let package = package("pkg:npm/%40a/b@1.0.0", None, "b", "", "/x");
        assert_eq!(
            (package.name.as_str(), package.version.as_str()),
            ("@a/b", "1.0.0")
        );
    }
}
