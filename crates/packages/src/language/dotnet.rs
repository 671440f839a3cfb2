use std::collections::HashSet;

use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta};
use seaworthy_model::{CoverageEntry, CoverageKind, Package, PackageType};
use serde_json::Value;

/// Reads `*.deps.json`, which .NET puts beside each application and shared framework (.NET,
/// "Runtime configuration files").
pub(crate) struct DotNet;

impl Analyzer for DotNet {
    fn name(&self) -> &'static str {
        "dotnet"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        file.file_name().ends_with(".deps.json")
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
        let bytes = content.bytes()?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let root: Value = serde_json::from_slice(bytes)
            .map_err(|e| AnalyzeError::File(format!("not readable as a .deps.json: {e}")))?;
        let Some(libraries) = root.get("libraries").and_then(Value::as_object) else {
            return Err(AnalyzeError::File(
                "not readable as a .deps.json: it has no `libraries`".to_owned(),
            ));
        };
        let mut seen = HashSet::new();
        for (key, library) in libraries {
            let kind = library
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or_default();
            // Projects and plain references to files are the application's own.
            if !matches!(
                kind.to_ascii_lowercase().as_str(),
                "package" | "runtimepack"
            ) {
                continue;
            }
            let Some((name, version)) = key.split_once('/').filter(|(_, v)| !v.is_empty()) else {
                facts.coverage.push(CoverageEntry::new(
                    CoverageKind::SkippedFile,
                    file.path,
                    format!("the library `{key}` is not name/version"),
                ));
                continue;
            };
            // The runtime of an application that brings its own.
            let name = name.strip_prefix("runtimepack.").unwrap_or(name);
            if seen.insert((name, version)) {
                facts
                    .packages
                    .push(Package::new(PackageType::NuGet, name, version, file.path));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{names, run};

    #[test]
    fn packages_and_the_runtime_are_read_and_projects_are_not() {
        let json = "\u{feff}{\"targets\":{},\"libraries\":{\"shop/1.0.0\":{\"type\":\"project\"},\"Newtonsoft.Json/12.0.1\":{\"type\":\"package\"},\"runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/6.0.1\":{\"type\":\"runtimepack\"},\"odd\":{\"type\":\"package\"}}}";
        let facts = run(&DotNet, "app/shop.deps.json", json.as_bytes()).expect("readable");
        assert_eq!(
            names(&facts),
            [
                "Newtonsoft.Json 12.0.1",
                "Microsoft.NETCore.App.Runtime.linux-x64 6.0.1"
            ]
        );
        assert_eq!(facts.coverage.len(), 1);
        for damaged in [&b"{"[..], b"{}"] {
            assert!(run(&DotNet, "app/shop.deps.json", damaged).is_err());
        }
    }
}
