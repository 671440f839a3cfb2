//! What lockfiles belong to, in the words of GitLab's property taxonomy for CycloneDX
//! (`gitlab:dependency_scanning:…`).

use seaworthy_model::PackageType;

/// What a lockfile belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockfileKind {
    /// `package_manager:name`: `npm`, `bundler` …; empty when it is not known.
    pub package_manager: &'static str,
    /// `language:name`: `JavaScript`, `Ruby` …; empty when it is not known.
    pub language: &'static str,
    /// Name of the file in the same folder that people edit and the lockfile is made from
    /// (`source_file:path`); empty where the file itself is that one.
    pub manifest: &'static str,
}

/// What a lockfile belongs to: by its file name, and by the type of its packages where the name
/// does not tell.
#[must_use]
pub fn lockfile_kind(path: &str, packages: Option<PackageType>) -> LockfileKind {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (package_manager, language, manifest) = by_name(name)
        .or_else(|| by_packages(packages?))
        .unwrap_or_default();
    LockfileKind {
        package_manager,
        language,
        manifest,
    }
}

type Row = (&'static str, &'static str, &'static str);

fn by_name(name: &str) -> Option<Row> {
    Some(match name {
        "package-lock.json" | "npm-shrinkwrap.json" => ("npm", "JavaScript", "package.json"),
        "yarn.lock" => ("yarn", "JavaScript", "package.json"),
        "pnpm-lock.yaml" => ("pnpm", "JavaScript", "package.json"),
        "bun.lock" => ("bun", "JavaScript", "package.json"),
        "Pipfile.lock" => ("pipenv", "Python", "Pipfile"),
        "poetry.lock" => ("poetry", "Python", "pyproject.toml"),
        "uv.lock" => ("uv", "Python", "pyproject.toml"),
        _ if name.starts_with("pylock.") => ("pip", "Python", "pyproject.toml"),
        "go.sum" => ("go", "Go", "go.mod"),
        "Cargo.lock" => ("cargo", "Rust", "Cargo.toml"),
        "gems.locked" => ("bundler", "Ruby", "gems.rb"),
        "Gemfile.lock" => ("bundler", "Ruby", "Gemfile"),
        "composer.lock" => ("composer", "PHP", "composer.json"),
        "gradle.lockfile" | "buildscript-gradle.lockfile" => ("gradle", "Java", "build.gradle"),
        _ if name.ends_with(".lockfile") => ("gradle", "Java", ""),
        "mix.lock" => ("mix", "Elixir", "mix.exs"),
        "pubspec.lock" => ("pub", "Dart", "pubspec.yaml"),
        "Package.resolved" => ("swift", "Swift", "Package.swift"),
        "conan.lock" => ("conan", "C/C++", "conanfile.txt"),
        "conanfile.txt" => ("conan", "C/C++", ""),
        _ => return None,
    })
}

fn by_packages(packages: PackageType) -> Option<Row> {
    let (package_manager, language) = match packages {
        PackageType::Npm => ("npm", "JavaScript"),
        PackageType::PyPi => ("pip", "Python"),
        PackageType::Go => ("go", "Go"),
        PackageType::Cargo => ("cargo", "Rust"),
        PackageType::Maven => ("maven", "Java"),
        PackageType::Gem => ("bundler", "Ruby"),
        PackageType::NuGet => ("nuget", "C#"),
        PackageType::Composer => ("composer", "PHP"),
        PackageType::Pub => ("pub", "Dart"),
        PackageType::Hex => ("mix", "Elixir"),
        PackageType::Swift => ("swift", "Swift"),
        PackageType::Apk
        | PackageType::Deb
        | PackageType::Rpm
        | PackageType::Alpm
        | PackageType::Generic => return None,
    };
    Some((package_manager, language, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_more_than_types() {
        for (path, packages, expected) in [
            (
                "a/yarn.lock",
                PackageType::Npm,
                ("yarn", "JavaScript", "package.json"),
            ),
            (
                "bun.lock",
                PackageType::Npm,
                ("bun", "JavaScript", "package.json"),
            ),
            (
                "pylock.dev.toml",
                PackageType::PyPi,
                ("pip", "Python", "pyproject.toml"),
            ),
            ("requirements.txt", PackageType::PyPi, ("pip", "Python", "")),
            ("pom.xml", PackageType::Maven, ("maven", "Java", "")),
            (
                "a/gradle.lockfile",
                PackageType::Maven,
                ("gradle", "Java", "build.gradle"),
            ),
            (
                "conan.lock",
                PackageType::Generic,
                ("conan", "C/C++", "conanfile.txt"),
            ),
            (
                "a/Gemfile.lock",
                PackageType::Gem,
                ("bundler", "Ruby", "Gemfile"),
            ),
            ("what.ever", PackageType::Generic, ("", "", "")),
        ] {
            let kind = lockfile_kind(path, Some(packages));
            let found = (kind.package_manager, kind.language, kind.manifest);
            assert_eq!(found, expected, "{path}");
        }
    }
}
