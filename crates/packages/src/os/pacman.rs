//! The database of pacman (Arch Linux and its relatives): a folder per package with `desc` and
//! `files`, in sections of `%KEY%` and lines up to an empty one (alpm-db(7), alpm-db-desc(5),
//! alpm-db-files(5)).

use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta, owned_path_hash};
use seaworthy_model::{Package, PackageType};

use super::{given, package, text};

/// Where the folders of the packages lie, unless `pacman.conf` says otherwise.
const LOCAL: &str = "var/lib/pacman/local/";
/// The file that every such database has beside its folders.
const VERSION: &str = "ALPM_DB_VERSION";
/// The version of the database since pacman 4.2; older ones keep the same files otherwise.
const KNOWN_VERSION: u32 = 9;

/// The file's name, when it lies in the folder of a package.
fn in_package<'a>(file: &FileMeta<'a>) -> Option<&'a str> {
    let (package, name) = file.path.strip_prefix(LOCAL)?.split_once('/')?;
    (!package.is_empty() && !name.contains('/')).then_some(name)
}

/// The lines of all sections, each with the key of its section.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut key = "";
    text.lines().filter_map(move |line| {
        let line = line.trim_end();
        if line.is_empty() {
            key = "";
            return None;
        }
        let header = line.strip_prefix('%').and_then(|l| l.strip_suffix('%'));
        match header {
            // A value may look like a key; a key comes after an empty line.
            Some(next) if key.is_empty() => {
                key = next;
                None
            }
            _ => Some((key, line)),
        }
    })
}

/// Reads the packages.
pub(crate) struct Pacman;

impl Analyzer for Pacman {
    fn name(&self) -> &'static str {
        "pacman"
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        in_package(file) == Some("desc") || file.path.strip_prefix(LOCAL) == Some(VERSION)
    }

    fn max_size(&self) -> u64 {
        4 << 20
    }

    fn reads_databases(&self) -> bool {
        true
    }

    fn analyze(
        &self,
        file: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        let text = text(content.bytes()?, "the pacman database")?;
        if file.file_name() == VERSION {
            return check_version(text);
        }
        facts.packages.push(described(text, file.path)?);
        Ok(())
    }
}

fn check_version(text: &str) -> Result<(), AnalyzeError> {
    match text.trim().parse::<u32>() {
        Ok(version) if version <= KNOWN_VERSION => Ok(()),
        _ => Err(AnalyzeError::Database(format!(
            "the pacman database is of version {:?}, and versions up to {KNOWN_VERSION} are read",
            text.trim().chars().take(20).collect::<String>()
        ))),
    }
}

fn described(text: &str, path: &str) -> Result<Package, AnalyzeError> {
    let first = |wanted: &str| {
        lines(text)
            .find(|(key, _)| *key == wanted)
            .map_or("", |(_, line)| line)
    };
    let identity = (first("NAME"), first("VERSION"));
    let mut package = package(PackageType::Alpm, identity, path, "the pacman database")?;
    package.source_name = given(first("BASE"));
    package.arch = given(first("ARCH"));
    package.supplier = given(first("PACKAGER"));
    let licenses = lines(text).filter(|(key, _)| *key == "LICENSE");
    package
        .licenses
        .extend(licenses.map(|(_, line)| line.to_owned()));
    Ok(package)
}

/// Reads which files the packages own.
pub(crate) struct PacmanFiles;

impl Analyzer for PacmanFiles {
    fn name(&self) -> &'static str {
        "pacman-files"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        in_package(file) == Some("files")
    }

    fn analyze(
        &self,
        _: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        let text = String::from_utf8_lossy(content.bytes()?);
        let files = lines(&text).filter(|(key, path)| *key == "FILES" && !path.ends_with('/'));
        facts
            .owned
            .extend(files.map(|(_, path)| owned_path_hash(path)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{names, run, wants};

    const DESC: &str = "%NAME%\nlibelf\n\n%VERSION%\n0.191-1\n\n%BASE%\nelfutils\n\n%DESC%\nHandle ELF\n%NAME%\n\n%URL%\nhttps://sourceware.org/elfutils/\n\n%ARCH%\nx86_64\n\n%PACKAGER%\nA Person <a@archlinux.org>\n\n%LICENSE%\nGPL-2.0-or-later\nLGPL-3.0-or-later\n\n%VALIDATION%\npgp\n\n%DEPENDS%\nglibc\nzstd\n\n%XDATA%\npkgtype=split\n\n";
    const PATH: &str = "var/lib/pacman/local/libelf-0.191-1/desc";

    #[test]
    fn packages_of_pacman_are_read() {
        let facts = run(&Pacman, PATH, DESC.as_bytes()).expect("readable");
        assert_eq!(names(&facts), ["libelf 0.191-1"]);
        let package = &facts.packages[0];
        assert_eq!(package.kind, PackageType::Alpm);
        assert_eq!(package.source_name(), "elfutils");
        assert_eq!(package.arch.as_deref(), Some("x86_64"));
        assert_eq!(package.licenses, ["GPL-2.0-or-later", "LGPL-3.0-or-later"]);
        assert_eq!(package.evidence.path, PATH);
        assert_eq!(
            package.supplier.as_deref(),
            Some("A Person <a@archlinux.org>")
        );
        let epoch = "%NAME%\r\nvim\r\n\r\n%VERSION%\r\n1:9.1.0-1\r\n";
        let facts = run(&Pacman, PATH, epoch.as_bytes()).expect("readable");
        assert_eq!(names(&facts), ["vim 1:9.1.0-1"]);
        let arch = seaworthy_model::Distribution {
            id: "arch".to_owned(),
            version: String::new(),
            name: "Arch Linux".to_owned(),
        };
        assert_eq!(
            facts.packages[0].purl(Some(&arch)).to_string(),
            "pkg:alpm/arch/vim@1:9.1.0-1?distro=arch"
        );
    }

    #[test]
    fn files_of_a_package_of_pacman_are_owned() {
        let path = "var/lib/pacman/local/pip-1-1/files";
        let list = b"%FILES%\nusr/\nusr/bin/\nusr/bin/pip\n\n%BACKUP%\netc/pip.conf\t0\n";
        let facts = run(&PacmanFiles, path, list).expect("readable");
        assert_eq!(facts.owned, [owned_path_hash("usr/bin/pip")]);
        for other in [
            "var/lib/pacman/sync/core/files",
            "var/lib/pacman/local/files",
            "var/lib/pacman/local/a/b/files",
        ] {
            assert!(!wants(&PacmanFiles, other), "{other}");
        }
        assert!(!wants(&Pacman, "var/lib/pacman/local/desc"));
    }

    #[test]
    fn a_damaged_database_is_an_error_and_not_fewer_packages() {
        let version = "var/lib/pacman/local/ALPM_DB_VERSION";
        for (path, bytes, word) in [
            (PATH, &b""[..], "no name"),
            (PATH, b"%NAME%\na\n", "no version: a"),
            (PATH, b"%VERSION%\n1\n", "no name"),
            (PATH, b"%NAME%\na\n\n%VERSION%\n\xff\n", "not UTF-8"),
            (version, b"10\n", "version \"10\""),
            (version, b"", "version \"\""),
        ] {
            let error = run(&Pacman, path, bytes).expect_err("damaged");
            assert!(matches!(error, AnalyzeError::Database(_)));
            assert!(error.to_string().contains(word), "{error}");
        }
        assert!(run(&Pacman, version, b"9\n").expect("known").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[%A-Z\n a]{0,60}") {
            let _ = run(&Pacman, PATH, text.as_bytes());
            let _ = run(&PacmanFiles, "var/lib/pacman/local/a/files", text.as_bytes());
        }
    }
}
