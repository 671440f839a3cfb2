//! rpm's database: SQLite holding one header per package. The older kinds (Berkeley DB, ndb) are
//! recognised and named as not readable.

mod header;
mod sqlite;

use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta};
use seaworthy_model::{Package, PackageType};

use header::Header;
use sqlite::Sqlite;

/// Where the rpm database lies: the old place, the new one, and the one of image-based systems.
const FOLDERS: [&str; 3] = ["var/lib/rpm/", "usr/lib/sysimage/rpm/", "usr/share/rpm/"];

/// Reads rpm's database.
pub(crate) struct Rpm;

impl Analyzer for Rpm {
    fn name(&self) -> &'static str {
        "rpm"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        file.size > 0
            && FOLDERS.iter().any(|folder| {
                matches!(
                    file.path.strip_prefix(folder),
                    Some("rpmdb.sqlite" | "rpmdb.sqlite-wal" | "Packages" | "Packages.db")
                )
            })
    }

    fn max_size(&self) -> u64 {
        256 << 20
    }

    fn reads_windows(&self) -> bool {
        true
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
        let other = |kind: &str| {
            Err(AnalyzeError::Database(format!(
                "this rpm database is of the kind {kind}, which is not readable yet; `rpmdb --rebuilddb` in a newer image, or a bill of materials made by the distribution's own tools, helps"
            )))
        };
        match file.file_name() {
            "Packages" => return other("Berkeley DB"),
            "Packages.db" => return other("ndb"),
            "rpmdb.sqlite-wal" => {
                return Err(AnalyzeError::Database(
                    "the rpm database was not closed: changes wait in its write-ahead log, so packages may be missing; run any rpm command in the image before it is saved".to_owned(),
                ));
            }
            _ => {}
        }
        let mut packages = 0_usize;
        Sqlite::open(content)?.each_blob(b"Packages", &mut |blob| {
            packages += 1;
            Header::parse(blob)
                .and_then(|header| add(&header, file.path, facts))
                .map_err(|detail| {
                    AnalyzeError::Database(format!(
                        "package {packages} of the rpm database: {detail}"
                    ))
                })
        })
    }
}

/// The facts of one header; keys are kept in the database as packages and are none.
fn add(header: &Header<'_>, path: &str, facts: &mut Facts) -> Result<(), String> {
    let name = header.string(header::NAME).ok_or("no name")?;
    if name == "gpg-pubkey" {
        return Ok(());
    }
    let version = header.string(header::VERSION).ok_or("no version")?;
    let release = header.string(header::RELEASE).ok_or("no release")?;
    let full = match header.number(header::EPOCH) {
        Some(epoch) if epoch > 0 => format!("{epoch}:{version}-{release}"),
        _ => format!("{version}-{release}"),
    };
    let mut package = Package::new(PackageType::Rpm, name, full, path);
    let given = |tag| {
        header
            .string(tag)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    package.arch = given(header::ARCH);
    package.supplier = given(header::VENDOR);
    package.module = given(header::MODULARITY_LABEL);
    package.licenses.extend(given(header::LICENSE));
    if let Some((name, version)) = header.string(header::SOURCE_RPM).and_then(source) {
        package.source_name = Some(name.to_owned());
        package.source_version = Some(version.to_owned());
    }
    facts.packages.push(package);
    header.files(&mut facts.owned);
    Ok(())
}

/// Name and version of `openssl-3.0.7-24.el9.src.rpm`.
fn source(file: &str) -> Option<(&str, &str)> {
    let stem = file
        .strip_suffix(".src.rpm")
        .or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let release = stem.rfind('-')?;
    let version = stem[..release].rfind('-')?;
    Some((&stem[..version], &stem[version + 1..]))
}

/// Reads the list that distroless images of Azure Linux keep instead of a database: the fields of
/// `rpm -qa` separated by tabs.
pub(crate) struct RpmManifest;

impl Analyzer for RpmManifest {
    fn name(&self) -> &'static str {
        "rpm-manifest"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        file.path == "var/lib/rpmmanifest/container-manifest-2"
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
        let text = super::text(content.bytes()?, "the rpm manifest")?;
        for (number, line) in text.lines().enumerate() {
            if line.is_empty() {
                continue;
            }
            let fields: Vec<&str> = line.split('\t').collect();
            let [
                name,
                version,
                _,
                _,
                vendor,
                epoch,
                _,
                arch,
                _,
                source_rpm,
                ..,
            ] = fields[..]
            else {
                return Err(AnalyzeError::Database(format!(
                    "line {} of the rpm manifest has {} fields instead of 10",
                    number + 1,
                    fields.len()
                )));
            };
            let full = match epoch.parse::<u32>() {
                Ok(epoch) if epoch > 0 => format!("{epoch}:{version}"),
                _ => version.to_owned(),
            };
            let mut package = Package::new(PackageType::Rpm, name, full, file.path);
            package.arch = Some(arch.to_owned());
            package.supplier = Some(vendor.to_owned());
            if let Some((name, version)) = source(source_rpm) {
                package.source_name = Some(name.to_owned());
                package.source_version = Some(version.to_owned());
            }
            facts.packages.push(package);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use seaworthy_analysis::owned_path_hash;

    use super::*;
    use crate::testing::{names, run, wants};

    /// A database of three packages (one of them a key) that SQLite itself wrote, with a header
    /// that spans overflow pages; see `testdata/README.md`.
    const DATABASE: &[u8] = include_bytes!("../../../testdata/rpmdb.sqlite");

    #[test]
    fn packages_of_a_real_sqlite_file_are_read() {
        let facts = run(&Rpm, "var/lib/rpm/rpmdb.sqlite", DATABASE).expect("readable");
        assert_eq!(
            names(&facts),
            ["bash 5.1.8-6.el9_1", "perl-libs 4:5.32.1-480.el9"]
        );
        let bash = &facts.packages[0];
        assert_eq!(bash.arch.as_deref(), Some("x86_64"));
        assert_eq!(bash.supplier.as_deref(), Some("Red Hat, Inc."));
        assert_eq!(bash.licenses, ["GPLv3+"]);
        assert_eq!(bash.source_name(), "bash");
        assert!(facts.owned.contains(&owned_path_hash("usr/bin/bash")));
        let perl = &facts.packages[1];
        assert_eq!(perl.source_name(), "perl");
        assert_eq!(perl.source_version(), "5.32.1-480.el9");
        assert_eq!(perl.module.as_deref(), Some("perl:5.32:8040:abc"));
        assert!(
            facts
                .owned
                .contains(&owned_path_hash("usr/share/perl5/module1999.pm"))
        );
    }

    #[test]
    fn every_truncation_is_an_error_and_never_a_panic() {
        for len in (0..DATABASE.len()).step_by(97) {
            let result = run_bytes(&DATABASE[..len]);
            assert!(result.is_err(), "cut at {len}");
        }
    }

    #[test]
    fn flipped_bytes_never_panic() {
        let mut copy = DATABASE.to_vec();
        for at in (0..copy.len()).step_by(13) {
            copy[at] ^= 0xff;
            let _ = run_bytes(&copy);
            copy[at] ^= 0xff;
        }
    }

    fn run_bytes(bytes: &[u8]) -> Result<Facts, AnalyzeError> {
        let file = FileMeta {
            path: "var/lib/rpm/rpmdb.sqlite",
            size: bytes.len() as u64,
            mode: 0o644,
        };
        let mut facts = Facts::default();
        Rpm.analyze(&file, &mut Content::from_bytes(bytes), &mut facts)?;
        Ok(facts)
    }

    #[test]
    fn kinds_that_cannot_be_read_are_named() {
        for (path, word) in [
            ("var/lib/rpm/Packages", "Berkeley DB"),
            ("usr/lib/sysimage/rpm/Packages.db", "ndb"),
            ("usr/share/rpm/rpmdb.sqlite-wal", "write-ahead log"),
        ] {
            let error = run(&Rpm, path, b"x").expect_err("not readable");
            assert!(matches!(error, AnalyzeError::Database(_)));
            assert!(error.to_string().contains(word), "{error}");
        }
        assert!(!wants(&Rpm, "opt/var/lib/rpm/Packages"));
    }

    #[test]
    fn a_manifest_of_a_distroless_image_is_read() {
        let facts = run(
            &RpmManifest,
            "var/lib/rpmmanifest/container-manifest-2",
            b"openssl-libs\t1.1.1k-28.cm2\t1\t2\tMicrosoft Corporation\t(none)\t9\tx86_64\t0\topenssl-1.1.1k-28.cm2.src.rpm\n",
        )
        .expect("readable");
        assert_eq!(names(&facts), ["openssl-libs 1.1.1k-28.cm2"]);
        assert_eq!(facts.packages[0].source_name(), "openssl");
        assert!(
            run(
                &RpmManifest,
                "var/lib/rpmmanifest/container-manifest-2",
                b"a b\n"
            )
            .is_err()
        );
    }
}
