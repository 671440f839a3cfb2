//! Programs that install packages, found by where they lie and what they are called: an image may
//! hold them without a package database that says so, and the other way round.
//!
//! A package manager is a program that brings software of others into the system that it runs on,
//! named by whoever runs it: what NIST SP 800-190 (4.1.3) and the CIS Docker Benchmark (4.3) want
//! out of an image, and what distroless images lack. Not counted are
//!
//! - compilers and build tools that also fetch (`cargo`, `go`, `mvn`, `gradle`, `dotnet`, `swift`,
//!   `mix`, `cabal`, `make`): who has one in an image has a build image, which is another rule;
//! - language runtimes that are also managers of packages (`bun`, `deno`): the program needs them;
//! - managers of tool chains (`rustup`, `nvm`, `pyenv`, `asdf`, `mise`): they install compilers;
//! - what only asks or helps (`apt-cache`, `apt-key`, `dpkg-query`, `rpmkeys`, `repoquery`);
//! - names of busybox: its `dpkg` and `rpm` unpack a file that is there already, as its `tar` does,
//!   know no repository, and cannot be deleted without all of busybox;
//! - the copy of pip inside of Python (`ensurepip`): nobody gets Python without.

use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta, FindProgram, Runs};

/// Finds the programs of package managers; reads no files.
pub(crate) struct Managers;

impl Analyzer for Managers {
    fn name(&self) -> &'static str {
        "package-managers"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, _: &FileMeta<'_>) -> bool {
        false
    }

    fn programs(&self) -> Option<FindProgram> {
        Some(find)
    }

    fn analyze(
        &self,
        _: &FileMeta<'_>,
        _: &mut Content<'_>,
        _: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        Ok(())
    }
}

fn find(folder: &str, name: &str) -> Option<Runs> {
    if is_one_file(name) || (is_for_programs(folder) && is_manager(without_version(name))) {
        return Some(Runs::Itself);
    }
    // What is left when only the short name in a folder of programs was deleted.
    let by_interpreter = match name {
        // `python -m pip`
        "__main__.py" => {
            folder.ends_with("site-packages/pip") || folder.ends_with("dist-packages/pip")
        }
        // `node …/npm-cli.js install`
        "npm-cli.js" => folder.ends_with("node_modules/npm/bin"),
        // `php composer.phar`
        "composer.phar" => true,
        _ => false,
    };
    by_interpreter.then_some(Runs::ByInterpreter)
}

/// Folders whose files are run by their names, wherever they are: `usr/bin`, `opt/venv/bin`,
/// `root/.local/bin`, `node_modules/.bin`; and the root, where images of one program have it.
fn is_for_programs(folder: &str) -> bool {
    if !folder.ends_with("bin") {
        return folder.is_empty();
    }
    let last = folder.rsplit('/').next().unwrap_or(folder);
    matches!(last, "bin" | "sbin" | ".bin")
}

/// Managers that are one file without libraries, made to be copied: they work in any folder.
fn is_one_file(name: &str) -> bool {
    matches!(
        name,
        "apk" | "apk.static" | "opkg" | "micromamba" | "pixi" | "uv" | "uvx"
    )
}

/// `pip` of `pip3.11`, `gem` of `gem3.1`, `dnf` of `dnf-3` and `dnf5`.
fn without_version(name: &str) -> &str {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if stem.len() == name.len() {
        return name;
    }
    stem.strip_suffix('-').unwrap_or(stem)
}

/// One line each: whose it is.
fn is_manager(name: &str) -> bool {
    matches!(
        name,
        // Operating systems.
        "apk" // Alpine, Wolfi
            | "apk.static" // the same in one file, made to be copied into other systems
            | "apt" | "apt-get" // Debian, Ubuntu
            | "aptitude" | "dselect" | "nala" // front ends of the same
            | "dpkg" // beneath them; installs a file
            | "rpm" // Red Hat, SUSE and their relatives; installs a file or from an address
            | "dnf" | "yum" // Fedora, Red Hat
            | "microdnf" // Red Hat's minimal images
            | "rpm-ostree" // Fedora CoreOS
            | "tdnf" // Photon, Azure Linux
            | "zypper" // SUSE
            | "urpmi" // Mageia
            | "pacman" // Arch
            | "yay" | "paru" | "pamac" // from Arch's user repository
            | "xbps-install" // Void
            | "emerge" // Gentoo
            | "eopkg" // Solus
            | "swupd" // Clear Linux
            | "slackpkg" // Slackware
            | "opkg" | "ipkg" // OpenWrt, Yocto
            | "tce-load" // Tiny Core
            // Any system.
            | "snap" // Ubuntu's bundles
            | "flatpak" // bundles of desktops
            | "brew" // Homebrew
            | "nix" | "nix-env" // Nix
            | "guix" // Guix
            | "conda" | "mamba" | "micromamba" | "pixi" // conda's channels
            // Languages.
            | "pip" | "easy_install" // Python
            | "pipx" | "uvx" // Python, run what they fetch
            | "pipenv" | "poetry" | "pdm" | "uv" | "rye" // Python projects; each adds packages too
            | "npm" | "yarn" | "yarnpkg" | "pnpm" // Node.js
            | "npx" | "pnpx" // Node.js, run what they fetch
            | "corepack" // Node.js, fetches yarn and pnpm
            | "gem" | "bundle" | "bundler" // Ruby
            | "composer" | "pear" | "pecl" // PHP
            | "cpan" | "cpanm" // Perl
            | "luarocks" // Lua
            | "opam" // OCaml
            | "conan" | "vcpkg" // C and C++
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_package_managers_are_told_by_place_and_name() {
        for path in [
            "sbin/apk",
            "usr/bin/apt-get",
            "usr/bin/dnf-3",
            "usr/bin/dnf5",
            "usr/bin/yum4",
            "usr/local/bin/pip3.11",
            "usr/bin/pip-3.11",
            "usr/bin/gem3.1",
            "usr/sbin/apk.static",
            "apk.static",
            "npm",
            "tools/apk",
            "opt/uv",
            "root/.local/bin/uv",
            "home/app/.local/bin/poetry",
            "app/venv/bin/pip",
            "opt/conda/condabin/../bin/conda",
            "app/node_modules/.bin/npx",
            "nix/store/0abc-nix-2.24.9/bin/nix-env",
        ] {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            assert_eq!(find(folder, name), Some(Runs::Itself), "{path}");
        }
        for path in [
            "usr/local/lib/python3.11/site-packages/pip/__main__.py",
            "usr/lib/python3/dist-packages/pip/__main__.py",
            "usr/local/lib/node_modules/npm/bin/npm-cli.js",
            "app/composer.phar",
        ] {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            assert_eq!(find(folder, name), Some(Runs::ByInterpreter), "{path}");
        }
    }

    #[test]
    fn what_only_shares_a_name_is_none() {
        for path in [
            "etc/cron.daily/dpkg",
            "usr/share/bash-completion/completions/apt-get",
            "usr/lib/cabin/apt",
            "app/npm",
            "usr/bin/apt-cache",
            "usr/bin/dpkg-query",
            "usr/bin/rpm2cpio",
            "usr/bin/rpmkeys",
            "usr/bin/python3.11",
            "usr/bin/cargo",
            "usr/local/go/bin/go",
            "usr/bin/3.11",
            "usr/bin/-3",
            "usr/lib/python3/dist-packages/pipx/__main__.py",
            "app/npm-cli.js",
        ] {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            assert_eq!(find(folder, name), None, "{path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_name_panics(folder in "\\PC{0,20}", name in "\\PC{0,20}") {
            let _ = find(&folder, &name);
        }
    }
}
