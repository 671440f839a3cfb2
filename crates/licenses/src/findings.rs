use std::collections::{HashMap, HashSet};

use seaworthy_model::{Inventory, LicenseFinding, Location, Package, PackageType, Severity};

use crate::analyzer::same_family;
use crate::class::class_of;
use crate::expression::{Expression, License};
use crate::policy::LicensePolicy;

/// Licences that one package declares apart from each other; more are an attack.
const MAX_DECLARED: usize = 100;
/// What is reported for a package whose licence nothing tells.
pub(crate) const NONE: &str = "unknown";

/// The licences of all packages and of the texts that lie beside them, worst first.
///
/// `texts` is what [`crate::LicenseFiles`] found. A text belongs to the package that it lies with
/// (`usr/share/doc/bash/copyright`, `node_modules/a/LICENSE`), and is reported only where it says
/// something else than the package does. All of several licences are reported; where the user has
/// the choice, the one that the policy likes best.
#[must_use]
pub fn licenses(
    inventory: &Inventory,
    texts: Vec<LicenseFinding>,
    policy: &LicensePolicy,
) -> Vec<LicenseFinding> {
    let places = Places::of(&inventory.packages);
    let mut beside: HashMap<usize, Vec<LicenseFinding>> = HashMap::new();
    let mut out = Vec::new();
    for text in texts {
        match places.package_of(&text.location.path) {
            Some(package) => beside.entry(package).or_default().push(text),
            None => add(
                &Expression::parse(&text.license),
                None,
                text.location,
                text.confidence,
                policy,
                &mut out,
            ),
        }
    }
    for (at, package) in inventory.packages.iter().enumerate() {
        let declared: Vec<Expression> = package
            .licenses
            .iter()
            .filter(|text| !text.trim().is_empty())
            .take(MAX_DECLARED)
            .map(|text| Expression::parse(text))
            .collect();
        let declared = Expression::all(declared);
        let texts = beside.remove(&at).unwrap_or_default();
        let mut told = false;
        if let Some(expression) = &declared {
            add(
                expression,
                Some(at),
                place_of(package),
                100,
                policy,
                &mut out,
            );
            told = true;
        }
        for text in texts {
            let expression = Expression::parse(&text.license);
            let news = match &declared {
                None => text.license != NONE,
                Some(declared) => says_more(&expression, declared),
            };
            if news {
                add(
                    &expression,
                    Some(at),
                    text.location,
                    text.confidence,
                    policy,
                    &mut out,
                );
                told = true;
            }
        }
        if !told {
            let nothing = Expression::parse(NONE);
            add(&nothing, Some(at), place_of(package), 0, policy, &mut out);
        }
    }
    out.sort_by(|a, b| {
        (b.severity, a.class, &a.license, a.package, a)
            .cmp(&(a.severity, b.class, &b.license, b.package, b))
    });
    out.dedup();
    out
}

/// Whether a text names a licence that the package does not.
fn says_more(text: &Expression, declared: &Expression) -> bool {
    let known = declared.licenses();
    text.licenses()
        .iter()
        .any(|license| license.name() != NONE && !known.iter().any(|k| same_family(k, license)))
}

fn place_of(package: &Package) -> Location {
    Location {
        layer: package.evidence.layer,
        ..match package.line {
            Some(line) => Location::line(package.evidence.path.as_str(), line),
            None => Location {
                path: package.evidence.path.clone(),
                ..Location::default()
            },
        }
    }
}

/// Adds each licence that holds by an expression.
fn add(
    expression: &Expression,
    package: Option<usize>,
    location: Location,
    confidence: u8,
    policy: &LicensePolicy,
    out: &mut Vec<LicenseFinding>,
) {
    // The policy's word first, the class where it makes no difference. Nobody chooses what is not
    // known, unless a policy allows it.
    let cost = |license: &License| {
        let severity = policy.severity(license);
        let rank = match severity {
            Severity::Unknown => u32::MAX / 16 - 1,
            known => {
                Severity::WORST_FIRST.len() as u32
                    - Severity::WORST_FIRST
                        .iter()
                        .take_while(|s| **s != known)
                        .count() as u32
            }
        };
        // Classes are ordered from the worst.
        rank * 16 + (8 - class_of(license) as u32)
    };
    let whole = match expression {
        Expression::License(_) => String::new(),
        several => several.to_string(),
    };
    for license in expression.chosen(&cost) {
        out.push(LicenseFinding {
            license: license.to_string(),
            class: class_of(license),
            severity: policy.severity(license),
            package,
            expression: whole.clone(),
            location: location.clone(),
            confidence,
        });
    }
}

/// Which package a file lies with.
struct Places<'a> {
    /// Folders of packages.
    folders: HashMap<String, usize>,
    /// OS packages by their names.
    names: HashMap<(PackageType, &'a str), usize>,
}

impl<'a> Places<'a> {
    fn of(packages: &'a [Package]) -> Self {
        let mut places = Self {
            folders: HashMap::new(),
            names: HashMap::new(),
        };
        for (at, package) in packages.iter().enumerate() {
            if package.kind.is_os() {
                places
                    .names
                    .entry((package.kind, package.name.as_str()))
                    .or_insert(at);
                continue;
            }
            for folder in folders_of(package) {
                places.folders.entry(folder).or_insert(at);
            }
            if package.kind == PackageType::Go {
                places
                    .names
                    .entry((package.kind, package.name.as_str()))
                    .or_insert(at);
            }
        }
        places
    }

    fn package_of(&self, path: &str) -> Option<usize> {
        if let Some(rest) = path.strip_prefix("usr/share/doc/") {
            let name = rest.split('/').next()?;
            return self.names.get(&(PackageType::Deb, name)).copied();
        }
        if let Some(rest) = path.strip_prefix("usr/share/licenses/") {
            let name = rest.split('/').next()?;
            let named = |name: &str| {
                [PackageType::Rpm, PackageType::Apk]
                    .iter()
                    .find_map(|kind| self.names.get(&(*kind, name)).copied())
            };
            // Some write the version behind the name.
            return named(name).or_else(|| named(name.rsplit_once('-')?.0));
        }
        // Beside the package's own file, or in a folder `licenses` there.
        let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for _ in 0..4 {
            if let Some(at) = self.folders.get(folder) {
                return Some(*at);
            }
            if let Some(at) = self.go_module(folder) {
                return Some(at);
            }
            let (above, last) = folder.rsplit_once('/')?;
            if !last.to_ascii_lowercase().contains("licen") {
                return None;
            }
            folder = above;
        }
        None
    }

    /// `vendor/github.com/a/b`, `pkg/mod/github.com/a/b@v1.0.0`.
    fn go_module(&self, folder: &str) -> Option<usize> {
        let module = ["vendor/", "pkg/mod/"].iter().find_map(|above| {
            let at = folder.rfind(above)?;
            Some(&folder[at + above.len()..])
        })?;
        let module = module.split('@').next().unwrap_or(module);
        self.names.get(&(PackageType::Go, module)).copied()
    }
}

/// The folders in which the files of a package lie.
fn folders_of(package: &Package) -> Vec<String> {
    let path = package.evidence.path.as_str();
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    match package.kind {
        PackageType::Npm if file == "package.json" => vec![folder.to_owned()],
        PackageType::PyPi if matches!(file, "METADATA" | "PKG-INFO") => vec![folder.to_owned()],
        PackageType::Gem => {
            let Some(stem) = file.strip_suffix(".gemspec") else {
                return Vec::new();
            };
            let root = folder
                .trim_end_matches("/default")
                .trim_end_matches("specifications");
            vec![format!("{root}gems/{stem}")]
        }
        PackageType::Composer => {
            // `vendor/composer/installed.json` lists what lies in `vendor`.
            let vendor = folder.strip_suffix("composer").unwrap_or("vendor/");
            vec![format!("{vendor}{}", package.name)]
        }
        PackageType::Cargo => vec![
            format!("vendor/{}", package.name),
            format!("vendor/{}-{}", package.name, package.version),
        ],
        _ => Vec::new(),
    }
}

/// The ids that GitLab takes for a package: it knows no expressions, so each stands alone, and an
/// exception is left out.
#[must_use]
pub fn gitlab_names(package: &Package) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for text in &package.licenses {
        for license in Expression::parse(text).licenses() {
            if seen.insert(license.name().to_owned()) {
                out.push(license.name().to_owned());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use seaworthy_model::LicenseClass;

    use super::*;

    fn package(kind: PackageType, name: &str, path: &str, licenses: &[&str]) -> Package {
        let mut package = Package::new(kind, name, "1.0", path);
        package.licenses = licenses.iter().map(|l| (*l).to_owned()).collect();
        package
    }

    fn text(path: &str, license: &str) -> LicenseFinding {
        LicenseFinding {
            license: license.to_owned(),
            location: Location::line(path, 1),
            confidence: 97,
            ..LicenseFinding::default()
        }
    }

    fn check(packages: Vec<Package>, texts: Vec<LicenseFinding>, policy: &str, expected: &[&str]) {
        let inventory = Inventory {
            packages,
            ..Inventory::default()
        };
        let policy = serde_json::from_str(policy).expect("a policy");
        let found: Vec<String> = licenses(&inventory, texts, &policy)
            .iter()
            .map(|l| {
                let package = l.package.map_or("-", |at| &inventory.packages[at].name);
                format!(
                    "{package} {} {} {} {}",
                    l.license,
                    l.class.name(),
                    l.severity,
                    l.confidence
                )
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_kindest_choice_is_taken_and_all_of_a_conjunction() {
        check(
            vec![
                package(
                    PackageType::Npm,
                    "a",
                    "p/package.json",
                    &["(MIT OR GPL-2.0-only)"],
                ),
                package(
                    PackageType::Npm,
                    "b",
                    "q/package.json",
                    &["MIT AND (GPL-3.0-only OR MPL-2.0)"],
                ),
                package(PackageType::Gem, "c", "x", &["Ruby", "BSD-2-Clause"]),
                package(PackageType::Npm, "d", "y", &["Custom OR GPL-2.0-only"]),
            ],
            Vec::new(),
            "{}",
            &[
                "d GPL-2.0-only restricted high 100",
                "b MPL-2.0 reciprocal medium 100",
                "c Ruby reciprocal medium 100",
                "c BSD-2-Clause notice low 100",
                "a MIT notice low 100",
                "b MIT notice low 100",
            ],
        );
    }

    #[test]
    fn a_policy_decides_the_choice() {
        check(
            vec![package(
                PackageType::Npm,
                "a",
                "p/package.json",
                &["MIT OR Apache-2.0"],
            )],
            Vec::new(),
            r#"{"deny":["MIT"]}"#,
            &["a Apache-2.0 notice low 100"],
        );
    }

    #[test]
    fn texts_belong_to_the_package_that_they_lie_with() {
        check(
            vec![
                package(PackageType::Deb, "bash", "var/lib/dpkg/status", &[]),
                package(
                    PackageType::Rpm,
                    "zlib",
                    "var/lib/rpm/rpmdb.sqlite",
                    &["zlib and Boost"],
                ),
                package(
                    PackageType::Npm,
                    "m",
                    "app/node_modules/m/package.json",
                    &["MIT"],
                ),
                package(PackageType::PyPi, "py", "l/py-1.0.dist-info/METADATA", &[]),
                package(PackageType::Gem, "g", "b/specifications/g-1.0.gemspec", &[]),
                package(PackageType::Go, "github.com/a/b", "bin/x", &[]),
                package(
                    PackageType::Composer,
                    "v/w",
                    "app/vendor/composer/installed.json",
                    &["GPL-2.0-or-later"],
                ),
                package(PackageType::Npm, "none", "n/package.json", &[]),
            ],
            vec![
                text("usr/share/doc/bash/copyright", "GPL-3.0-or-later"),
                text("usr/share/licenses/zlib-1.2/LICENSE", "Zlib"),
                text("app/node_modules/m/LICENSE", "MIT"),
                text("app/node_modules/m/licenses/dep", "ISC"),
                text("app/node_modules/m/dist/LICENSE", "BSD-3-Clause"),
                text("l/py-1.0.dist-info/licenses/LICENSE", "BSD-3-Clause"),
                text("b/gems/g-1.0/LICENSE", "MIT"),
                text("src/vendor/github.com/a/b/LICENSE", "Apache-2.0"),
                text("app/vendor/v/w/COPYING", "GPL-2.0-only"),
                text("opt/LICENSE", "unknown"),
            ],
            "{}",
            &[
                "v/w GPL-2.0-or-later restricted high 100",
                "bash GPL-3.0-or-later restricted high 97",
                "github.com/a/b Apache-2.0 notice low 97",
                "- BSD-3-Clause notice low 97",
                "py BSD-3-Clause notice low 97",
                "m ISC notice low 97",
                "m MIT notice low 100",
                "g MIT notice low 97",
                "zlib Zlib notice low 100",
                "zlib BSL-1.0 permissive low 100",
                "- unknown unknown unknown 97",
                "none unknown unknown unknown 0",
            ],
        );
    }

    #[test]
    fn gitlab_gets_single_ids() {
        let one = package(
            PackageType::Npm,
            "a",
            "x",
            &[
                "MIT OR (GPL-2.0-only WITH Classpath-exception-2.0 AND ISC)",
                "mit",
            ],
        );
        assert_eq!(gitlab_names(&one), ["MIT", "GPL-2.0-only", "ISC"]);
    }

    #[test]
    fn expressions_are_kept_beside_their_parts() {
        let inventory = Inventory {
            packages: vec![package(PackageType::Npm, "a", "x", &["MIT OR ISC"])],
            ..Inventory::default()
        };
        let found = licenses(&inventory, Vec::new(), &LicensePolicy::default());
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].license.as_str(), found[0].expression.as_str()),
            ("MIT", "MIT OR ISC")
        );
        assert_eq!(found[0].class, LicenseClass::Notice);
        assert_eq!(found[0].severity, Severity::Low);
    }
}
