use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta};
use seaworthy_model::{Package, PackageType};
use serde::Deserialize;

/// Reads what conda installed: a JSON file per package under `conda-meta`. There are no advisories
/// for conda's own packages; the Python distributions among them are also found as such.
pub(crate) struct Conda;

#[derive(Deserialize)]
struct Record {
    name: String,
    version: String,
    #[serde(default)]
    license: Option<String>,
    #[serde(default)]
    channel: Option<String>,
}

impl Analyzer for Conda {
    fn name(&self) -> &'static str {
        "conda"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        let Some((folder, name)) = file.path.rsplit_once('/') else {
            return false;
        };
        name.ends_with(".json") && (folder == "conda-meta" || folder.ends_with("/conda-meta"))
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
        let record: Record = serde_json::from_slice(content.bytes()?)
            .map_err(|e| AnalyzeError::File(format!("not readable as conda's record: {e}")))?;
        let mut package =
            Package::new(PackageType::Generic, record.name, record.version, file.path);
        package
            .licenses
            .extend(record.license.filter(|text| !text.is_empty()));
        package.supplier = record.channel.filter(|text| !text.is_empty());
        facts.packages.push(package);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{names, run, wants};

    #[test]
    fn records_are_read() {
        let path = "opt/conda/conda-meta/openssl-3.0.8-0.json";
        let json = br#"{"name":"openssl","version":"3.0.8","license":"Apache-2.0","channel":"conda-forge","files":[]}"#;
        let facts = run(&Conda, path, json).expect("readable");
        assert_eq!(names(&facts), ["openssl 3.0.8"]);
        assert_eq!(facts.packages[0].licenses, ["Apache-2.0"]);
        assert!(run(&Conda, path, b"{\"name\":1}").is_err());
        assert!(!wants(&Conda, "opt/conda/conda-meta/history"));
    }
}
