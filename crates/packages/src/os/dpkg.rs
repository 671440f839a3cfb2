use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta, owned_path_hash};
use seaworthy_model::PackageType;

use super::{given, package, text};

/// Reads dpkg's status file, and the pieces of one that distroless images keep in `status.d`
/// (deb822(5), dpkg-query(1) for the states).
pub(crate) struct Dpkg;

const STATUS_D: &str = "var/lib/dpkg/status.d/";
const INFO: &str = "var/lib/dpkg/info/";

impl Analyzer for Dpkg {
    fn name(&self) -> &'static str {
        "dpkg"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        file.path == "var/lib/dpkg/status"
            || file.path.strip_prefix(STATUS_D).is_some_and(|name| {
                !name.contains('/') && !name.ends_with(".md5sums") && !name.ends_with(".preinst")
            })
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
        // Descriptions of old packages may hold other encodings; names and versions may not.
        let bytes = content.bytes()?;
        let lossy;
        let text = match text(bytes, "the dpkg status file") {
            Ok(text) => text,
            Err(_) => {
                lossy = String::from_utf8_lossy(bytes);
                &lossy
            }
        };
        if bytes.contains(&0) {
            return Err(AnalyzeError::Database(
                "the dpkg status file is not text: it has zero bytes".to_owned(),
            ));
        }
        let mut record = Record::default();
        for line in text.lines() {
            if line.trim_ascii().is_empty() {
                std::mem::take(&mut record).finish(file.path, facts)?;
            } else if !line.starts_with([' ', '\t']) {
                let Some((key, value)) = line.split_once(':') else {
                    return Err(AnalyzeError::Database(format!(
                        "the dpkg status file has a line that is no field: {:?}",
                        line.chars().take(40).collect::<String>()
                    )));
                };
                record.field(key, value.trim());
            }
        }
        record.finish(file.path, facts)
    }
}

#[derive(Default)]
struct Record<'a> {
    name: &'a str,
    version: &'a str,
    arch: &'a str,
    status: &'a str,
    source: &'a str,
    maintainer: &'a str,
    any: bool,
}

impl<'a> Record<'a> {
    /// Field names are case-insensitive (deb822(5)).
    fn field(&mut self, key: &str, value: &'a str) {
        self.any = true;
        let slot = match key.len() {
            6 if key.eq_ignore_ascii_case("Status") => &mut self.status,
            6 if key.eq_ignore_ascii_case("Source") => &mut self.source,
            7 if key.eq_ignore_ascii_case("Package") => &mut self.name,
            7 if key.eq_ignore_ascii_case("Version") => &mut self.version,
            10 if key.eq_ignore_ascii_case("Maintainer") => &mut self.maintainer,
            12 if key.eq_ignore_ascii_case("Architecture") => &mut self.arch,
            _ => return,
        };
        *slot = value;
    }

    fn finish(self, path: &str, facts: &mut Facts) -> Result<(), AnalyzeError> {
        if !self.any {
            return Ok(());
        }
        // `want flag status`; packages in all other states have files on the disk.
        let state = self.status.split_whitespace().next_back();
        if matches!(state, Some("not-installed" | "config-files")) {
            return Ok(());
        }
        let identity = (self.name, self.version);
        let mut package = package(PackageType::Deb, identity, path, "the dpkg status file")?;
        package.arch = given(self.arch);
        package.supplier = given(self.maintainer);
        match self.source.split_once(" (") {
            Some((name, version)) => {
                package.source_name = given(name.trim());
                package.source_version = given(version.trim_end_matches(')').trim());
            }
            None => package.source_name = given(self.source),
        }
        facts.packages.push(package);
        Ok(())
    }
}

/// Reads which files dpkg's packages own: the `.list` of a normal installation, the `.md5sums` of
/// distroless images.
pub(crate) struct DpkgFiles;

impl Analyzer for DpkgFiles {
    fn name(&self) -> &'static str {
        "dpkg-files"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        let in_folder = |folder: &str, extension: &str| {
            file.path
                .strip_prefix(folder)
                .is_some_and(|name| name.ends_with(extension) && !name.contains('/'))
        };
        in_folder(INFO, ".list") || in_folder(STATUS_D, ".md5sums")
    }

    fn analyze(
        &self,
        file: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        let sums = file.path.ends_with(".md5sums");
        for line in content.bytes()?.split(|b| *b == b'\n') {
            let Ok(line) = std::str::from_utf8(line) else {
                continue;
            };
            let path = if sums {
                line.split_once("  ").map_or("", |(_, path)| path)
            } else {
                line
            };
            if path.len() > 1 {
                facts.owned.push(owned_path_hash(path));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{names, run, wants};

    const STATUS: &str = "Package: libssl3\nStatus: install ok installed\nPriority: optional\nMaintainer: Debian OpenSSL Team <x@alioth-lists.debian.net>\nArchitecture: amd64\nSource: openssl\nVersion: 3.0.11-1~deb12u2\nDescription: Secure Sockets Layer\n more: text\n .\n Version: 9\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1.0\n\nPackage: libgcc-s1\nStatus: install ok installed\nArchitecture: amd64\nSource: gcc-12 (12.2.0-14)\nVersion: 12.2.0-14+b1\n\npackage: half\nStatus: install ok unpacked\nVersion: 1:2-3\n";

    #[test]
    fn installed_packages_are_read_with_their_source() {
        let facts = run(&Dpkg, "var/lib/dpkg/status", STATUS.as_bytes()).expect("readable");
        assert_eq!(
            names(&facts),
            [
                "libssl3 3.0.11-1~deb12u2",
                "libgcc-s1 12.2.0-14+b1",
                "half 1:2-3"
            ]
        );
        assert_eq!(facts.packages[0].source_name(), "openssl");
        assert_eq!(facts.packages[0].source_version(), "3.0.11-1~deb12u2");
        assert_eq!(facts.packages[1].source_name(), "gcc-12");
        assert_eq!(facts.packages[1].source_version(), "12.2.0-14");
        assert_eq!(
            facts.packages[0].supplier.as_deref(),
            Some("Debian OpenSSL Team <x@alioth-lists.debian.net>")
        );
    }

    #[test]
    fn distroless_packages_have_no_status() {
        let facts = run(
            &Dpkg,
            "var/lib/dpkg/status.d/base",
            b"Package: base-files\nVersion: 12.4\nArchitecture: amd64\n",
        )
        .expect("readable");
        assert_eq!(names(&facts), ["base-files 12.4"]);
        assert!(!wants(&Dpkg, "var/lib/dpkg/status.d/base.md5sums"));
        assert!(!wants(&Dpkg, "var/lib/dpkg/status-old"));
        let files = run(
            &DpkgFiles,
            "var/lib/dpkg/status.d/base.md5sums",
            b"d41d8cd98f00b204e9800998ecf8427e  usr/lib/os-release\n",
        )
        .expect("readable");
        assert_eq!(files.owned, [owned_path_hash("usr/lib/os-release")]);
    }

    #[test]
    fn owned_files_are_listed() {
        let facts = run(
            &DpkgFiles,
            "var/lib/dpkg/info/python3.11.list",
            b"/.\n/usr/bin/python3.11\n",
        )
        .expect("readable");
        assert!(facts.owned.contains(&owned_path_hash("usr/bin/python3.11")));
        assert!(!wants(&DpkgFiles, "var/lib/dpkg/info/x/y.list"));
    }

    #[test]
    fn other_encodings_in_descriptions_do_no_harm() {
        let facts = run(
            &Dpkg,
            "var/lib/dpkg/status",
            b"Package: a\nVersion: 1\nDescription: caf\xe9\n",
        )
        .expect("readable");
        assert_eq!(names(&facts), ["a 1"]);
    }

    #[test]
    fn a_damaged_database_is_an_error_and_not_fewer_packages() {
        for bytes in [
            &b"Package: a\nStatus: install ok installed\n"[..],
            b"\0\0\0\0",
            b"Package: a\nVersion: 1\nnonsense\n",
            b"Version: 1\n",
        ] {
            let error = run(&Dpkg, "var/lib/dpkg/status", bytes).expect_err("damaged");
            assert!(matches!(error, AnalyzeError::Database(_)));
        }
    }
}
