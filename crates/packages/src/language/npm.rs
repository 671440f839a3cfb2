use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta};
use seaworthy_model::{Package, PackageType};
use serde::Deserialize;

/// Reads `package.json` of installed packages: directly under a `node_modules` folder, or outside
/// of any (npm, "package.json").
pub(crate) struct Npm;

impl Analyzer for Npm {
    fn name(&self) -> &'static str {
        "npm"
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        let Some(folder) = file.path.strip_suffix("/package.json") else {
            return false;
        };
        match folder.rfind("node_modules/") {
            // Deeper ones are parts, tests and samples of the package above them.
            Some(at) if at == 0 || folder.as_bytes()[at - 1] == b'/' => {
                let package = &folder[at + "node_modules/".len()..];
                match package.split_once('/') {
                    None => !package.starts_with('@'),
                    Some((scope, name)) => scope.starts_with('@') && !name.contains('/'),
                }
            }
            _ => true,
        }
    }

    fn max_size(&self) -> u64 {
        8 << 20
    }

    fn analyze(
        &self,
        file: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        let bytes = content.bytes()?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let installed = file.path.contains("node_modules/");
        let manifest: Manifest<'_> = match serde_json::from_slice(bytes) {
            Ok(manifest) => manifest,
            // Templates of generators look like this; nothing can be installed from them.
            Err(_) if !installed => return Ok(()),
            Err(e) => {
                return Err(AnalyzeError::File(format!(
                    "not readable as package.json: {e}"
                )));
            }
        };
        // The project's own file may be private; what was installed is there all the same.
        if manifest.private.is_true() && !installed {
            return Ok(());
        }
        let (Some(name), Some(version)) = (manifest.name.text(), manifest.version.text()) else {
            return Ok(());
        };
        if name.is_empty() || version.is_empty() {
            return Ok(());
        }
        let mut package = Package::new(
            PackageType::Npm,
            name,
            version.trim_start_matches(['v', '=']),
            file.path,
        );
        manifest.license.collect(&mut package.licenses);
        // The list of old packages leaves the choice.
        let mut choice = Vec::new();
        manifest.licenses.collect(&mut choice);
        if !choice.is_empty() {
            package.licenses.push(choice.join(" OR "));
        }
        facts.packages.push(package);
        Ok(())
    }
}

/// The fields that matter; each may be of any kind in what people publish.
#[derive(Deserialize)]
struct Manifest<'a> {
    #[serde(borrow, default)]
    name: Loose<'a>,
    #[serde(borrow, default)]
    version: Loose<'a>,
    #[serde(borrow, default)]
    private: Loose<'a>,
    #[serde(borrow, default)]
    license: Loose<'a>,
    #[serde(borrow, default)]
    licenses: Loose<'a>,
}

#[derive(Deserialize, Default)]
#[serde(untagged)]
enum Loose<'a> {
    Flag(bool),
    Text(#[serde(borrow)] std::borrow::Cow<'a, str>),
    /// `{"type": "MIT", "url": …}` of old packages.
    Typed {
        #[serde(rename = "type")]
        kind: String,
    },
    Many(Vec<Loose<'a>>),
    Other(serde::de::IgnoredAny),
    #[default]
    Nothing,
}

impl Loose<'_> {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()),
            _ => None,
        }
    }

    const fn is_true(&self) -> bool {
        matches!(self, Self::Flag(true))
    }

    fn collect(&self, out: &mut Vec<String>) {
        match self {
            Self::Text(text) if !text.is_empty() => out.push(text.to_string()),
            Self::Typed { kind } => out.push(kind.clone()),
            Self::Many(many) => many.iter().for_each(|one| one.collect(out)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{names, run, wants};

    #[test]
    fn installed_packages_are_wanted_and_their_parts_are_not() {
        for (path, wanted) in [
            ("app/node_modules/lodash/package.json", true),
            ("node_modules/lodash/package.json", true),
            ("app/node_modules/@babel/core/package.json", true),
            ("app/node_modules/a/node_modules/b/package.json", true),
            ("usr/local/lib/node_modules/npm/package.json", true),
            ("opt/yarn-v1.22.22/package.json", true),
            ("app/node_modules/lodash/fp/package.json", false),
            ("app/node_modules/@babel/core/lib/package.json", false),
            ("app/node_modules/@babel/package.json", false),
            ("app/package.json.bak", false),
        ] {
            assert_eq!(wants(&Npm, path), wanted, "{path}");
        }
    }

    #[test]
    fn name_version_and_licences_are_read() {
        for (json, found, licenses) in [
            (
                r#"{"name":"lodash","version":"4.17.20","license":"MIT"}"#,
                &["lodash 4.17.20"][..],
                &["MIT"][..],
            ),
            (
                "\u{feff}{\"name\":\"@a/b\",\"version\":\"v1.0.0\",\"licenses\":[{\"type\":\"MIT\",\"url\":\"x\"},\"ISC\"]}",
                &["@a/b 1.0.0"],
                &["MIT OR ISC"],
            ),
            (r#"{"type":"module"}"#, &[], &[]),
            (r#"{"name":"x","version":1}"#, &[], &[]),
            (r#"{"name":["x"],"version":"1.0.0"}"#, &[], &[]),
        ] {
            let facts =
                run(&Npm, "app/node_modules/x/package.json", json.as_bytes()).expect("readable");
            assert_eq!(names(&facts), found, "{json}");
            assert_eq!(
                facts.packages.first().map_or(&[][..], |p| &p.licenses),
                licenses
            );
        }
    }

    #[test]
    fn the_private_project_itself_is_no_package() {
        let json = br#"{"name":"shop","version":"1.0.0","private":true}"#;
        assert!(
            run(&Npm, "app/package.json", json)
                .expect("readable")
                .is_empty()
        );
        let facts = run(&Npm, "app/node_modules/shop/package.json", json).expect("readable");
        assert_eq!(names(&facts), ["shop 1.0.0"]);
    }

    #[test]
    fn a_damaged_file_of_an_installed_package_is_a_gap() {
        assert!(matches!(
            run(&Npm, "app/node_modules/x/package.json", b"{\"name\":"),
            Err(AnalyzeError::File(_))
        ));
        assert!(
            run(&Npm, "tpl/package.json", b"{{name}}")
                .expect("no package")
                .is_empty()
        );
    }
}
