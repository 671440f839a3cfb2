use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta};
use serde::Deserialize;

/// Reads the manifests that Red Hat's builds leave in their images: from which content sets
/// (repositories) a layer's packages came. Those tell whether fixes of extended support are within
/// reach.
pub(crate) struct ContentSets;

/// Where older builds keep one manifest a layer, and where newer ones keep theirs.
const FOLDERS: [&str; 2] = [
    "root/buildinfo/content_manifests/",
    "usr/share/buildinfo/content_manifests/",
];
const FILES: [&str; 2] = [
    "usr/share/buildinfo/content-sets.json",
    "root/buildinfo/content-sets.json",
];

/// Names longer than this are none.
const MAX_NAME: usize = 200;
/// More than any image has.
const MAX_NAMES: usize = 1000;

/// An image content manifest, as far as it matters.
#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    content_sets: Option<Vec<String>>,
}

impl Analyzer for ContentSets {
    fn name(&self) -> &'static str {
        "redhat-content-sets"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        FILES.contains(&file.path)
            || FOLDERS.iter().any(|folder| {
                file.path
                    .strip_prefix(folder)
                    .is_some_and(|name| name.ends_with(".json") && !name.contains('/'))
            })
    }

    fn max_size(&self) -> u64 {
        // The manifests list the sources of a layer too.
        16 << 20
    }

    fn analyze(
        &self,
        _: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        let manifest: Manifest = serde_json::from_slice(content.bytes()?)
            .map_err(|e| AnalyzeError::File(format!("no manifest of content sets: {e}")))?;
        let names = manifest.content_sets.into_iter().flatten();
        facts
            .content_sets
            .extend(names.filter(|name| is_name(name)).take(MAX_NAMES));
        Ok(())
    }
}

/// `rhel-8-for-x86_64-baseos-eus-rpms__8_DOT_6`.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{run, wants};

    #[test]
    fn content_sets_of_a_layer_are_read() {
        for path in [
            "root/buildinfo/content_manifests/ubi8-container-8.6-1.json",
            "usr/share/buildinfo/content-sets.json",
        ] {
            let json = br#"{"metadata":{"icm_version":1,"image_layer_index":1},"content_sets":["rhel-8-for-x86_64-baseos-eus-rpms__8_DOT_6","not a name","ubi-8-appstream-rpms"],"image_contents":[]}"#;
            let facts = run(&ContentSets, path, json).expect("readable");
            assert_eq!(
                facts.content_sets,
                [
                    "rhel-8-for-x86_64-baseos-eus-rpms__8_DOT_6",
                    "ubi-8-appstream-rpms"
                ]
            );
        }
        let path = FILES[0];
        for none in [&b"{}"[..], br#"{"content_sets":null}"#] {
            assert!(run(&ContentSets, path, none).expect("readable").is_empty());
        }
        for bad in [&b""[..], b"[1]", br#"{"content_sets":[1]}"#] {
            assert!(matches!(
                run(&ContentSets, path, bad),
                Err(AnalyzeError::File(_))
            ));
        }
        assert!(!wants(
            &ContentSets,
            "root/buildinfo/content_manifests/a/b.json"
        ));
    }
}
