use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta, owned_path_hash};
use seaworthy_model::PackageType;

use super::{given, package, text};

/// Reads apk's database of installed packages: records of `KEY:value` lines, separated by an empty
/// line (apk-tools, "Apk spec: installed database").
pub(crate) struct Apk;

impl Analyzer for Apk {
    fn name(&self) -> &'static str {
        "apk"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        matches!(
            file.path,
            "lib/apk/db/installed" | "usr/lib/apk/db/installed"
        )
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
        let text = text(content.bytes()?, "the apk database")?;
        let mut record = Record::default();
        for (number, line) in text.lines().enumerate() {
            if line.is_empty() {
                std::mem::take(&mut record).finish(file.path, facts)?;
                continue;
            }
            let Some((key, value)) = line.split_once(':') else {
                return Err(AnalyzeError::Database(format!(
                    "line {} of the apk database is not KEY:value",
                    number + 1
                )));
            };
            record.field(key, value, facts);
        }
        record.finish(file.path, facts)
    }
}

#[derive(Default)]
struct Record<'a> {
    name: &'a str,
    version: &'a str,
    arch: &'a str,
    origin: &'a str,
    maintainer: &'a str,
    license: &'a str,
    directory: &'a str,
    any: bool,
}

impl<'a> Record<'a> {
    fn field(&mut self, key: &str, value: &'a str, facts: &mut Facts) {
        self.any = true;
        match key {
            "P" => self.name = value,
            "V" => self.version = value,
            "A" => self.arch = value,
            "o" => self.origin = value,
            "m" => self.maintainer = value,
            "L" => self.license = value,
            "F" => self.directory = value,
            "R" if self.directory.is_empty() => facts.owned.push(owned_path_hash(value)),
            "R" => facts
                .owned
                .push(owned_path_hash(&format!("{}/{value}", self.directory))),
            _ => {}
        }
    }

    fn finish(self, path: &str, facts: &mut Facts) -> Result<(), AnalyzeError> {
        if !self.any {
            return Ok(());
        }
        let identity = (self.name, self.version);
        let mut package = package(PackageType::Apk, identity, path, "the apk database")?;
        package.arch = given(self.arch);
        package.source_name = given(self.origin);
        package.supplier = given(self.maintainer);
        package.licenses.extend(given(self.license));
        facts.packages.push(package);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{names, run};

    const INSTALLED: &str = "C:Q1abc=\nP:libssl3\nV:3.1.4-r5\nA:x86_64\nS:2\nI:3\nT:SSL\nU:https://openssl.org/\nL:Apache-2.0\no:openssl\nm:A Person <a@alpinelinux.org>\nF:usr\nF:usr/lib\nR:libssl.so.3\na:0:0:755\nZ:Q1x=\n\nP:busybox\nV:1.36.1-r5\nA:x86_64\nL:GPL-2.0-only\no:busybox\nF:bin\nR:busybox\n";

    #[test]
    fn packages_have_origin_and_files() {
        let facts = run(&Apk, "lib/apk/db/installed", INSTALLED.as_bytes()).expect("readable");
        assert_eq!(names(&facts), ["libssl3 3.1.4-r5", "busybox 1.36.1-r5"]);
        let ssl = &facts.packages[0];
        assert_eq!(ssl.source_name(), "openssl");
        assert_eq!(ssl.arch.as_deref(), Some("x86_64"));
        assert_eq!(ssl.licenses, ["Apache-2.0"]);
        assert_eq!(ssl.evidence.path, "lib/apk/db/installed");
        assert_eq!(
            facts.owned,
            [
                owned_path_hash("usr/lib/libssl.so.3"),
                owned_path_hash("usr/bin/busybox")
            ]
        );
    }

    #[test]
    fn a_damaged_database_is_an_error_and_not_fewer_packages() {
        for (bytes, word) in [
            (&b"P:a\nV:1\n\nV:2\n"[..], "no name"),
            (b"P:a\nnonsense\n", "line 2"),
            (b"P:a\nV:\xff\n", "not UTF-8"),
            (b"P:a\n", "no version: a"),
        ] {
            let error = run(&Apk, "lib/apk/db/installed", bytes).expect_err("damaged");
            assert!(matches!(error, AnalyzeError::Database(_)));
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    #[test]
    fn an_empty_database_has_no_packages() {
        let facts = run(&Apk, "usr/lib/apk/db/installed", b"\n\n").expect("readable");
        assert!(facts.is_empty());
    }
}
