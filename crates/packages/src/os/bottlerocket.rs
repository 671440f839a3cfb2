use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta};
use seaworthy_model::{Package, PackageType};
use serde::Deserialize;

/// Reads the list of packages that Bottlerocket keeps instead of rpm's database.
pub(crate) struct Bottlerocket;

const PATH: &str = "usr/share/bottlerocket/application-inventory.json";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Applications {
    content: Vec<Application>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Application {
    name: String,
    version: String,
    #[serde(default)]
    release: String,
    #[serde(default)]
    epoch: Option<String>,
    #[serde(default)]
    architecture: Option<String>,
}

impl Analyzer for Bottlerocket {
    fn name(&self) -> &'static str {
        "bottlerocket"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        file.path == PATH
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
        let list: Applications = serde_json::from_slice(content.bytes()?).map_err(|e| {
            AnalyzeError::Database(format!("Bottlerocket's list of packages is damaged: {e}"))
        })?;
        for item in list.content {
            let mut version = item.version;
            if !item.release.is_empty() {
                version = format!("{version}-{}", item.release);
            }
            let epoch = item.epoch.as_deref().unwrap_or_default();
            if !matches!(epoch, "" | "0" | "(none)") {
                version = format!("{epoch}:{version}");
            }
            let mut package = Package::new(PackageType::Rpm, item.name, version, file.path);
            package.arch = item.architecture;
            facts.packages.push(package);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{names, run};

    #[test]
    fn the_list_is_read() {
        let json = br#"{"Content":[{"Name":"kernel-5.15","Publisher":"Bottlerocket","Version":"5.15.148","Release":"1.1708.br1","Architecture":"x86_64"},{"Name":"glibc","Version":"2.38","Release":"1.br1","Epoch":"1"}]}"#;
        let facts = run(&Bottlerocket, PATH, json).expect("readable");
        assert_eq!(
            names(&facts),
            ["kernel-5.15 5.15.148-1.1708.br1", "glibc 1:2.38-1.br1"]
        );
        assert!(matches!(
            run(&Bottlerocket, PATH, b"{}"),
            Err(AnalyzeError::Database(_))
        ));
    }
}
