use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta};
use seaworthy_model::{CoverageEntry, CoverageKind, DependencyScope, Package, PackageType};
use serde_json::Value;

use crate::lock::composer::{license, plain_version};

/// Reads what Composer installed: `vendor/composer/installed.json`, an object since Composer 2 and
/// a list before.
pub(crate) struct Composer;

impl Analyzer for Composer {
    fn name(&self) -> &'static str {
        "composer"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        file.path == "composer/installed.json" || file.path.ends_with("/composer/installed.json")
    }

    fn max_size(&self) -> u64 {
        32 << 20
    }

    fn analyze(
        &self,
        file: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        let root: Value = serde_json::from_slice(content.bytes()?)
            .map_err(|e| AnalyzeError::File(format!("not readable as Composer's list: {e}")))?;
        let packages = root.get("packages").unwrap_or(&root).as_array();
        let packages = packages.ok_or_else(|| {
            AnalyzeError::File("not readable as Composer's list: it has no packages".to_owned())
        })?;
        let development: Vec<&str> = root
            .get("dev-package-names")
            .and_then(Value::as_array)
            .map_or_else(Vec::new, |names| {
                names.iter().filter_map(Value::as_str).collect()
            });
        for one in packages {
            let text = |key| one.get(key).and_then(Value::as_str);
            let (Some(name), Some(version)) = (text("name"), text("version")) else {
                facts.coverage.push(CoverageEntry::new(
                    CoverageKind::SkippedFile,
                    file.path,
                    "a package of Composer's list has no name or version",
                ));
                continue;
            };
            let mut package = Package::new(
                PackageType::Composer,
                name,
                plain_version(version),
                file.path,
            );
            let license = license(one.get("license"));
            package
                .licenses
                .extend((!license.is_empty()).then_some(license));
            if development.contains(&name) {
                package.scope = DependencyScope::Development;
            }
            facts.packages.push(package);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{names, run};

    const PATH: &str = "var/www/vendor/composer/installed.json";

    #[test]
    fn both_versions_of_the_list_are_read() {
        let second = br#"{"packages":[{"name":"monolog/monolog","version":"2.1.0","license":["MIT"]},{"name":"x/y","version":"v1.0","license":["MIT","GPL-2.0-only"]},{"name":1}],"dev":true,"dev-package-names":["x/y"]}"#;
        let facts = run(&Composer, PATH, second).expect("readable");
        assert_eq!(names(&facts), ["monolog/monolog 2.1.0", "x/y 1.0"]);
        assert_eq!(facts.packages[1].licenses, ["MIT OR GPL-2.0-only"]);
        assert_eq!(facts.packages[1].scope, DependencyScope::Development);
        assert_eq!(facts.coverage.len(), 1);
        let first = br#"[{"name":"a/b","version":"1.0.0"}]"#;
        assert_eq!(
            names(&run(&Composer, PATH, first).expect("readable")),
            ["a/b 1.0.0"]
        );
        for damaged in [&b"{"[..], b"{}", b"7"] {
            assert!(run(&Composer, PATH, damaged).is_err());
        }
    }
}
