use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta};
use seaworthy_model::{Package, PackageType, normal_python_name};

/// Reads the metadata of installed Python distributions (PyPA, "Core metadata specifications";
/// `*.dist-info/METADATA`, `*.egg-info/PKG-INFO`, `*.egg-info`, `EGG-INFO/PKG-INFO`).
pub(crate) struct Python;

impl Analyzer for Python {
    fn name(&self) -> &'static str {
        "python"
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", file.path));
        match name {
            "METADATA" => folder.ends_with(".dist-info"),
            "PKG-INFO" => folder.ends_with(".egg-info") || folder.ends_with("/EGG-INFO"),
            _ => name.ends_with(".egg-info"),
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
        let mut name = String::new();
        let mut version = String::new();
        let mut licenses = Licenses::default();
        // The head ends at the first empty line; the long description follows.
        for line in content.bytes()?.split(|b| *b == b'\n') {
            let line = line.trim_ascii_end();
            if line.is_empty() {
                break;
            }
            let line = String::from_utf8_lossy(line);
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match key {
                "Name" if name.is_empty() => value.clone_into(&mut name),
                "Version" if version.is_empty() => value.clone_into(&mut version),
                "License-Expression" => value.clone_into(&mut licenses.expression),
                "License" => value.clone_into(&mut licenses.text),
                "Classifier" => {
                    if let Some(class) = value.strip_prefix("License :: ") {
                        let last = class.rsplit(" :: ").next().unwrap_or(class);
                        if last != "OSI Approved" {
                            licenses.classes.push(last.to_owned());
                        }
                    }
                }
                _ => {}
            }
        }
        if name.is_empty() || version.is_empty() {
            return Err(AnalyzeError::File(
                "the metadata of a Python package names no package and version".to_owned(),
            ));
        }
        let mut package = Package::new(
            PackageType::PyPi,
            normal_python_name(&name),
            version,
            file.path,
        );
        package.licenses = licenses.into_list();
        facts.packages.push(package);
        Ok(())
    }
}

/// Longest text of the field `License` that is a name, in bytes.
const SHORT: usize = 64;

/// Classifiers of families of licences.
fn is_vague(class: &str) -> bool {
    matches!(
        class,
        "Apache Software License"
            | "BSD License"
            | "GNU General Public License (GPL)"
            | "GNU Library or Lesser General Public License (LGPL)"
            | "Other/Proprietary License"
    )
}

#[derive(Default)]
struct Licenses {
    expression: String,
    text: String,
    classes: Vec<String>,
}

impl Licenses {
    /// The expression is the author's last word; classifiers are clearer than the free text, which
    /// may be a whole licence, except for those that leave the version open.
    fn into_list(self) -> Vec<String> {
        let told = !self.text.is_empty() && self.text != "UNKNOWN" && self.text.len() <= SHORT;
        if !self.expression.is_empty() {
            vec![self.expression]
        } else if told && self.classes.iter().all(|class| is_vague(class)) {
            vec![self.text]
        } else if !self.classes.is_empty() {
            self.classes
        } else if self.text.is_empty() || self.text == "UNKNOWN" {
            Vec::new()
        } else {
            vec![self.text]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{names, run, wants};

    #[test]
    fn metadata_is_found_in_all_its_places() {
        for (path, wanted) in [
            (
                "venv/lib/python3.11/site-packages/jinja2-3.1.2.dist-info/METADATA",
                true,
            ),
            ("usr/lib/python3/dist-packages/six.egg-info/PKG-INFO", true),
            ("usr/lib/python3/dist-packages/six-1.16.0.egg-info", true),
            ("opt/x.egg/EGG-INFO/PKG-INFO", true),
            ("src/METADATA", false),
            ("src/PKG-INFO", false),
        ] {
            assert_eq!(wants(&Python, path), wanted, "{path}");
        }
    }

    #[test]
    fn name_version_and_licence_come_from_the_head() {
        let facts = run(
            &Python,
            "a/Jinja2-3.1.2.dist-info/METADATA",
            b"Metadata-Version: 2.1\r\nName: Jinja2\r\nVersion: 3.1.2\r\nLicense: BSD-3-Clause\r\nClassifier: License :: OSI Approved :: BSD License\r\n\r\nName: other\r\nVersion: 9\r\n",
        )
        .expect("readable");
        assert_eq!(names(&facts), ["jinja2 3.1.2"]);
        assert_eq!(facts.packages[0].licenses, ["BSD-3-Clause"]);
    }

    #[test]
    fn the_licence_expression_wins() {
        let facts = run(
            &Python,
            "a/x.egg-info",
            b"Name: Flask_Login\nVersion: 1\nLicense: UNKNOWN\nLicense-Expression: MIT OR Apache-2.0\n",
        )
        .expect("readable");
        assert_eq!(names(&facts), ["flask-login 1"]);
        assert_eq!(facts.packages[0].licenses, ["MIT OR Apache-2.0"]);
    }

    #[test]
    fn metadata_without_a_version_is_a_gap() {
        for bytes in [&b"Name: x\n"[..], b"", b"\xff\xfe\n"] {
            assert!(matches!(
                run(&Python, "a/x.dist-info/METADATA", bytes),
                Err(AnalyzeError::File(_))
            ));
        }
    }
}
