//! Which names and versions mean the same package.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};

use seaworthy_model::{Package, PackageType, normal_python_name};
use seaworthy_versions::compare;

use crate::read::{ScannerReport, scheme_of};

/// The name by which packages of a type are compared.
pub(super) fn key(kind: PackageType, name: &str) -> String {
    match kind {
        PackageType::PyPi => normal_python_name(name).into_owned(),
        PackageType::Maven => name.replace('/', ":").to_lowercase(),
        PackageType::Go => name.trim_end_matches("/v0").to_lowercase(),
        _ => name.to_lowercase(),
    }
}

/// The version by which packages are compared: without epoch (tools drop it), without `v`.
pub(super) fn version_key(kind: PackageType, version: &str) -> Cow<'_, str> {
    let version = version.trim();
    let bare = match kind {
        PackageType::Deb | PackageType::Rpm | PackageType::Alpm => match version.split_once(':') {
            Some((epoch, rest)) if epoch.bytes().all(|b| b.is_ascii_digit()) => rest,
            _ => version,
        },
        PackageType::Go => version
            .trim_start_matches("go")
            .trim_start_matches('v')
            .trim_end_matches("+incompatible"),
        PackageType::Apk => version,
        _ => version.trim_start_matches(['v', 'V', '=']),
    };
    if bare.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(bare.to_lowercase())
    } else {
        Cow::Borrowed(bare)
    }
}

/// Whether two versions of a package are one installation: equal as its package manager compares
/// them, or one is written without release or at all.
pub(super) fn same_version(kind: PackageType, a: &str, b: &str) -> bool {
    let (x, y) = (version_key(kind, a), version_key(kind, b));
    if x.is_empty() || y.is_empty() || x == y {
        return true;
    }
    let continues = |long: &str, short: &str| {
        long.strip_prefix(short)
            .is_some_and(|rest| rest.starts_with('-'))
    };
    if kind.is_os() && (continues(&x, &y) || continues(&y, &x)) {
        return true;
    }
    scheme_of(kind).is_some_and(|scheme| compare(scheme, &x, &y).is_ok_and(Ordering::is_eq))
}

/// What the reports together know about names of packages.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Source package of a binary one.
    source: HashMap<(PackageType, String), String>,
    binaries: HashSet<(PackageType, String)>,
    sources: HashSet<(PackageType, String)>,
}

impl Names {
    pub(super) fn of(reports: &[&ScannerReport]) -> Self {
        let mut names = Self::default();
        for report in reports {
            for package in &report.packages {
                names
                    .binaries
                    .insert((package.kind, key(package.kind, &package.name)));
                names.learn(package);
            }
            for found in &report.vulnerabilities {
                names.learn(&found.package);
            }
        }
        names
    }

    fn learn(&mut self, package: &Package) {
        let Some(source) = package.source_name.as_deref().filter(|s| !s.is_empty()) else {
            return;
        };
        let kind = package.kind;
        let name = key(kind, &package.name);
        let source = key(kind, source);
        if name != source {
            self.binaries.insert((kind, name.clone()));
        }
        self.sources.insert((kind, source.clone()));
        self.source.entry((kind, name)).or_insert(source);
    }

    /// The source package, by name; the name itself when none is known.
    pub(super) fn source_of(&self, kind: PackageType, name: &str) -> String {
        let name = key(kind, name);
        match self.source.get(&(kind, name.clone())) {
            Some(source) => source.clone(),
            None => name,
        }
    }

    /// Whether a package may be named by its source: that has binaries of other names, and the
    /// report does not say that it means the binary of the same name.
    pub(super) fn may_be_source(&self, package: &Package) -> bool {
        let at = (package.kind, key(package.kind, &package.name));
        package.kind.is_os()
            && self.sources.contains(&at)
            && (package.source_name.is_none() || !self.binaries.contains(&at))
    }
}

/// The names that may mean a package where no type is told: its own, its artifact, its source
/// package; and none at all.
pub(super) fn meanings(names: &Names, package: &Package) -> BTreeSet<String> {
    let full = key(package.kind, &package.name);
    let mut out = BTreeSet::from([String::new()]);
    if package.kind == PackageType::Maven
        && let Some((_, artifact)) = full.split_once(':')
    {
        out.insert(artifact.to_owned());
    }
    if package.kind.is_os() {
        out.insert(names.source_of(package.kind, &package.name));
    }
    out.insert(full);
    out
}

/// The spellings under which a name without a type is looked for.
pub(super) fn asked(name: &str) -> BTreeSet<String> {
    let lower = name.to_lowercase();
    BTreeSet::from([
        lower.replace('/', ":"),
        normal_python_name(name).into_owned(),
        lower,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_one_however_they_are_written() {
        for (kind, a, b, same) in [
            (PackageType::Deb, "1:1.2.13.dfsg-1", "1.2.13.dfsg-1", true),
            (PackageType::Rpm, "0:3.0.7-2.el9", "3.0.7-2.el9", true),
            (PackageType::Rpm, "3.0.7", "3.0.7-2.el9", true),
            (PackageType::Alpm, "1:3.4.0-1", "3.4.0-1", true),
            (PackageType::Alpm, "3.4.0-1", "3.4.0-2", false),
            (PackageType::Go, "v1.2.3", "1.2.3", true),
            (PackageType::Go, "go1.21.0", "1.21.0", true),
            (PackageType::PyPi, "1.0", "1.0.0", true),
            (PackageType::Npm, "1.0.0", "", true),
            (PackageType::Npm, "4.17.15", "4.17.20", false),
            (PackageType::Deb, "1.2.1", "1.2.13", false),
            (PackageType::Apk, "1.36.1-r2", "1.36.1-r7", false),
        ] {
            assert_eq!(same_version(kind, a, b), same, "{a} {b}");
        }
    }

    #[test]
    fn names_without_a_type_find_their_package() {
        let names = Names::default();
        let check = |name: &str, package: &Package, expected: bool| {
            let meanings = meanings(&names, package);
            let found = asked(name).iter().any(|n| meanings.contains(n));
            assert_eq!(found, expected, "{name}");
        };
        let maven = Package::new(PackageType::Maven, "org.x:log4j-core", "2", "");
        check("log4j-core", &maven, true);
        check("org.x/log4j-core", &maven, true);
        check("log4j", &maven, false);
        let python = Package::new(PackageType::PyPi, "zope-interface", "1", "");
        check("Zope.Interface", &python, true);
    }
}
