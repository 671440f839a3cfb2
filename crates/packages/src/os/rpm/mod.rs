//! rpm's database, which holds one header per package, in each of the three kinds that rpm writes:
//! SQLite, Berkeley DB and ndb.

mod bdb;
mod header;
mod ndb;
mod sqlite;

use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta};
use seaworthy_model::{Package, PackageType};

use header::Header;
use sqlite::Sqlite;

/// Where the rpm database lies: the old place, the new one, and the one of image-based systems.
const FOLDERS: [&str; 3] = ["var/lib/rpm/", "usr/lib/sysimage/rpm/", "usr/share/rpm/"];

/// Largest header of a package; the kernel's are below 4 MB.
const MAX_BLOB: usize = 64 << 20;

/// Reads rpm's database.
pub(crate) struct Rpm;

fn damaged(what: &str) -> AnalyzeError {
    AnalyzeError::Database(format!("the rpm database is damaged: {what}"))
}

impl Analyzer for Rpm {
    fn name(&self) -> &'static str {
        "rpm"
    }

    fn version(&self) -> u32 {
        2
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
        let mut packages = 0_usize;
        let mut each = |blob: &[u8]| {
            packages += 1;
            Header::parse(blob)
                .and_then(|header| add(&header, file.path, facts))
                .map_err(|detail| {
                    AnalyzeError::Database(format!(
                        "package {packages} of the rpm database: {detail}"
                    ))
                })
        };
        match file.file_name() {
            "Packages" => bdb::each_blob(content, &mut each),
            "Packages.db" => ndb::each_blob(content, &mut each),
            "rpmdb.sqlite-wal" => Err(AnalyzeError::Database(
                "the rpm database was not closed: changes wait in its write-ahead log, so packages may be missing; run any rpm command in the image before it is saved".to_owned(),
            )),
            _ => Sqlite::open(content)?.each_blob(b"Packages", &mut each),
        }
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
mod tests;
