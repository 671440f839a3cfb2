//! `no_package_managers`: by the programs that lie in the image; where nobody looked for programs, by
//! the names of its packages.

use seaworthy_model::{Package, PackageType};

use super::{Breach, Found, gaps};
use crate::glob::Globs;
use crate::policy::On;
use crate::row::World;
use crate::verdict::Cause;

use PackageType::{Alpm, Apk, Deb, Gem, Npm, PyPi, Rpm};

/// A package manager: its programs without version numbers (`pip` for `pip3.11`), and the packages
/// that bring them.
struct Manager {
    programs: &'static [&'static str],
    packages: &'static [(PackageType, &'static str)],
}

const fn manager(
    programs: &'static [&'static str],
    packages: &'static [(PackageType, &'static str)],
) -> Manager {
    Manager { programs, packages }
}

/// The first program gives a manager its name.
const MANAGERS: [Manager; 24] = [
    manager(&["apk"], &[(Apk, "apk-tools")]),
    manager(
        &[
            "apt",
            "apt-get",
            "apt-cache",
            "apt-cdrom",
            "apt-config",
            "apt-key",
            "apt-mark",
        ],
        &[(Deb, "apt")],
    ),
    manager(&["aptitude"], &[(Deb, "aptitude")]),
    manager(
        &["dpkg", "dpkg-deb", "dpkg-query", "dpkg-split"],
        &[(Deb, "dpkg")],
    ),
    manager(&["rpm"], &[(Rpm, "rpm"), (Deb, "rpm"), (Apk, "rpm")]),
    manager(
        &["dnf", "yum"],
        &[(Rpm, "dnf"), (Rpm, "dnf5"), (Rpm, "yum")],
    ),
    manager(&["microdnf"], &[(Rpm, "microdnf")]),
    manager(&["tdnf"], &[(Rpm, "tdnf")]),
    manager(&["zypper"], &[(Rpm, "zypper")]),
    manager(&["pacman"], &[(Alpm, "pacman")]),
    manager(
        &["npm", "npx"],
        &[
            (Npm, "npm"),
            (Apk, "npm"),
            (Deb, "npm"),
            (Rpm, "npm"),
            (Rpm, "nodejs-npm"),
        ],
    ),
    manager(
        &["yarn", "yarnpkg"],
        &[
            (Npm, "yarn"),
            (Apk, "yarn"),
            (Deb, "yarn"),
            (Deb, "yarnpkg"),
        ],
    ),
    manager(&["pnpm", "pnpx"], &[(Npm, "pnpm"), (Apk, "pnpm")]),
    manager(
        &["pip"],
        &[
            (PyPi, "pip"),
            (Apk, "py3-pip"),
            (Deb, "python3-pip"),
            (Rpm, "python3-pip"),
        ],
    ),
    manager(&["pipenv"], &[(PyPi, "pipenv")]),
    manager(&["poetry"], &[(PyPi, "poetry")]),
    manager(&["uv", "uvx"], &[(PyPi, "uv")]),
    manager(&["pipx"], &[(PyPi, "pipx"), (Deb, "pipx"), (Rpm, "pipx")]),
    manager(&["pdm"], &[(PyPi, "pdm")]),
    manager(&["composer"], &[(Apk, "composer"), (Deb, "composer")]),
    manager(&["gem"], &[(Deb, "ruby-rubygems"), (Rpm, "rubygems")]),
    manager(
        &["bundle", "bundler"],
        &[
            (Gem, "bundler"),
            (Apk, "ruby-bundler"),
            (Deb, "ruby-bundler"),
        ],
    ),
    manager(&["snap"], &[(Deb, "snapd"), (Rpm, "snapd")]),
    manager(
        &["flatpak"],
        &[(Apk, "flatpak"), (Deb, "flatpak"), (Rpm, "flatpak")],
    ),
];

impl Manager {
    fn name(&self) -> &'static str {
        self.programs.first().copied().unwrap_or_default()
    }

    fn brings(&self, package: &Package) -> bool {
        self.packages
            .iter()
            .any(|(kind, name)| *kind == package.kind && *name == package.name)
    }

    fn of_program(program: &str) -> Option<&'static Self> {
        MANAGERS.iter().find(|m| m.programs.contains(&program))
    }

    fn of_package(package: &Package) -> Option<&'static Self> {
        MANAGERS.iter().find(|m| m.brings(package))
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What a program is called without its version and what else its file is named by: `pip` for
/// `bin/pip3.11` and `site-packages/pip/__main__.py`, `npm` for `npm/bin/npm-cli.js`.
fn called(path: &str) -> &str {
    let file = match path.strip_suffix("/__main__.py") {
        Some(folder) => file_name(folder),
        None => file_name(path),
    };
    let file = [".static", ".phar", "-cli.js"]
        .iter()
        .find_map(|end| file.strip_suffix(end))
        .unwrap_or(file);
    let plain = file
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
        .trim_end_matches('-');
    if plain.is_empty() { file } else { plain }
}

/// How many leading bytes two paths share.
fn shared(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

/// A program of a package manager in the image.
struct Program<'w> {
    path: &'w str,
    manager: &'w str,
    known: Option<&'static Manager>,
    owner: Option<&'w Package>,
}

impl<'w> Program<'w> {
    fn of(path: &'w str, packages: &'w [Package]) -> Self {
        let name = called(path);
        let known = Manager::of_program(name);
        // Of several copies (two Pythons, each with its pip), the one that lies nearest.
        let owner = known.and_then(|manager| {
            packages
                .iter()
                .filter(|p| manager.brings(p))
                .max_by_key(|p| shared(&p.evidence.path, path))
        });
        Self {
            path,
            manager: known.map_or_else(|| name, |manager| manager.name()),
            known,
            owner,
        }
    }

    /// Whether the policy lets it be: by its name, its manager's, its package's, or its path.
    fn is_excepted(&self, except: &Globs) -> bool {
        let packages = self.known.map_or(&[][..], |manager| manager.packages);
        except.matches(file_name(self.path))
            || except.matches(self.manager)
            || except.matches(self.path)
            || packages.iter().any(|(_, name)| except.matches(name))
    }

    fn cause(&self) -> Cause {
        Cause {
            kind: "file",
            id: called(self.path).to_owned(),
            package: self.owner.map(|p| p.name.clone()).unwrap_or_default(),
            version: self.owner.map(|p| p.version.clone()).unwrap_or_default(),
            location: self.path.to_owned(),
            ..Cause::default()
        }
    }
}

/// The verdict on the rule, and what is worth telling beside it.
pub(super) fn check(world: &World<'_>, except: &Globs) -> (Found, Vec<String>) {
    match &world.subject.report.inventory.package_managers {
        Some(paths) => by_programs(world, paths, except),
        None => (by_packages(world, except), Vec::new()),
    }
}

fn by_programs(world: &World<'_>, paths: &[String], except: &Globs) -> (Found, Vec<String>) {
    let report = world.subject.report;
    let all: Vec<Program<'_>> = paths
        .iter()
        .map(|path| Program::of(path, world.packages()))
        .collect();
    let notes = world
        .packages()
        .iter()
        .filter(|package| {
            Manager::of_package(package)
                .is_some_and(|manager| !all.iter().any(|program| program.manager == manager.name()))
        })
        .map(|package| {
            format!(
                "the package {} {} is installed, its programs are not in the image",
                package.name, package.version
            )
        })
        .collect();
    let left: Vec<&Program<'_>> = all.iter().filter(|p| !p.is_excepted(except)).collect();
    let found = if left.is_empty() {
        gaps(report, On::Package).map_or(Found::Holds, Found::unknown)
    } else {
        broken(
            &summary(&left),
            left.iter().map(|program| program.cause()).collect(),
        )
    };
    (found, notes)
}

/// Paths of one manager that the message names.
const NAMED: usize = 2;

/// `apk (sbin/apk), apt (usr/bin/apt, usr/bin/apt-get and 3 more)`
fn summary(programs: &[&Program<'_>]) -> String {
    let mut managers: Vec<(&str, Vec<&str>)> = Vec::new();
    for program in programs {
        match managers
            .iter_mut()
            .find(|(name, _)| *name == program.manager)
        {
            Some((_, paths)) => paths.push(program.path),
            None => managers.push((program.manager, vec![program.path])),
        }
    }
    managers.sort();
    let one = |(name, paths): &(&str, Vec<&str>)| {
        let more = match paths.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let first: Vec<&str> = paths.iter().copied().take(NAMED).collect();
        format!("{name} ({}{more})", first.join(", "))
    };
    managers.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn broken(which: &str, causes: Vec<Cause>) -> Found {
    Found::Broken(
        Breach::one(
            format!("Package managers in the image: {which}"),
            "build in one stage and copy the result into an image without them (distroless, scratch), or delete them in the last instruction",
        )
        .because(causes),
    )
}

/// What the names of the packages tell: libraries of package managers do not count.
fn by_packages(world: &World<'_>, except: &Globs) -> Found {
    let causes: Vec<Cause> = world
        .packages()
        .iter()
        .filter(|package| {
            Manager::of_package(package).is_some_and(|manager| {
                !except.matches(&package.name) && !except.matches(manager.name())
            })
        })
        .map(|p| Cause {
            kind: "package",
            id: p.name.clone(),
            package: p.name.clone(),
            version: p.version.clone(),
            location: p.evidence.path.clone(),
            ..Cause::default()
        })
        .collect();
    if !causes.is_empty() {
        let mut names: Vec<&str> = causes.iter().map(|c| c.id.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        return broken(&names.join(", "), causes);
    }
    if !world.lists_all {
        return Found::unknown(
            "nobody looked for programs of package managers, and the report does not list all packages; scan the image itself",
        );
    }
    gaps(world.subject.report, On::Package).map_or(Found::Holds, Found::unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_have_a_manager() {
        for (path, name, manager) in [
            ("sbin/apk", "apk", Some("apk")),
            ("apk.static", "apk", Some("apk")),
            ("usr/bin/apt-get", "apt-get", Some("apt")),
            ("usr/bin/pip3.11", "pip", Some("pip")),
            ("usr/bin/pip-3.9", "pip", Some("pip")),
            (
                "usr/lib/python3/site-packages/pip/__main__.py",
                "pip",
                Some("pip"),
            ),
            (
                "usr/lib/node_modules/npm/bin/npm-cli.js",
                "npm",
                Some("npm"),
            ),
            ("app/composer.phar", "composer", Some("composer")),
            ("usr/bin/dnf-3", "dnf", Some("dnf")),
            ("usr/bin/yum4", "yum", Some("dnf")),
            ("usr/bin/npx", "npx", Some("npm")),
            ("usr/bin/gem3.1", "gem", Some("gem")),
            ("opt/conda/bin/mamba", "mamba", None),
            ("usr/bin/3.11", "3.11", None),
            ("", "", None),
        ] {
            let found = called(path);
            assert_eq!(found, name, "{path}");
            assert_eq!(
                Manager::of_program(found).map(Manager::name),
                manager,
                "{path}"
            );
        }
    }
}
