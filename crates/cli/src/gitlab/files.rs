//! The files that GitLab's analyser reads from a project.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

/// `vulnerability-allowlist.yml`: findings that are approved, for all images or for those whose
/// name holds a text. The values are comments.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Allowlist {
    #[serde(default)]
    generalallowlist: Option<BTreeMap<String, Comment>>,
    #[serde(default)]
    images: Option<BTreeMap<String, Option<BTreeMap<String, Comment>>>>,
}

type Comment = serde::de::IgnoredAny;

const ALLOWLIST: &str = "vulnerability-allowlist.yml";
const IMAGES: &str = ".gitlab-multi-image.yml";
/// Largest of these files in bytes.
const MAX_FILE: u64 = 4 << 20;

/// A file of the project; none when it is not there.
fn read(project: &Path, name: &str) -> Result<Option<String>, String> {
    let path = project.join(name);
    match std::fs::metadata(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Ok(meta) if meta.len() > MAX_FILE => return Err(format!("{name} is too large")),
        _ => {}
    }
    std::fs::read_to_string(&path)
        .map(Some)
        .map_err(|e| format!("cannot read {name}: {e}"))
}

impl Allowlist {
    /// The project's list; an empty one when there is none.
    pub(super) fn of(project: &Path) -> Result<Self, String> {
        match read(project, ALLOWLIST)? {
            None => Ok(Self::default()),
            Some(text) => Self::parse(&text),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        serde_saphyr::from_str(text).map_err(|e| format!("{ALLOWLIST} is not valid: {e}"))
    }

    /// The ids that are approved for an image.
    pub(super) fn approved(&self, image: &str) -> BTreeSet<String> {
        let of_images = self
            .images
            .iter()
            .flatten()
            .filter(|(name, _)| image.contains(name.as_str()))
            .filter_map(|(_, ids)| ids.as_ref())
            .flat_map(BTreeMap::keys);
        self.generalallowlist
            .iter()
            .flat_map(BTreeMap::keys)
            .chain(of_images)
            .cloned()
            .collect()
    }
}

/// `.gitlab-multi-image.yml`: several images to scan in one job.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MultiImage {
    scan_targets: Vec<ScanTarget>,
    #[serde(default)]
    pub(super) include_licenses: bool,
    #[serde(default)]
    pub(super) allow_insecure: bool,
    #[serde(default)]
    pub(super) additional_ca_certificate_bundle: Option<String>,
    #[serde(default)]
    pub(super) auths: BTreeMap<String, Auth>,
}

#[derive(Debug, Deserialize)]
struct ScanTarget {
    name: String,
    #[serde(default)]
    tag: Option<Text>,
    #[serde(default)]
    registry: Option<String>,
}

/// A tag may look like a number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Text {
    Word(String),
    Whole(u64),
    Number(f64),
}

/// Credentials for a registry; `$NAME` stands for a variable of the job.
#[derive(Deserialize)]
pub(super) struct Auth {
    pub(super) username: String,
    pub(super) password: String,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}

impl MultiImage {
    /// The project's file; none when there is none.
    pub(super) fn of(project: &Path) -> Result<Option<Self>, String> {
        read(project, IMAGES)?
            .map(|text| Self::parse(&text))
            .transpose()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let file: Self =
            serde_saphyr::from_str(text).map_err(|e| format!("{IMAGES} is not valid: {e}"))?;
        if file.scan_targets.is_empty() {
            return Err(format!("{IMAGES} lists no scanTargets"));
        }
        Ok(file)
    }

    /// The images, as references.
    pub(super) fn images(&self) -> Vec<String> {
        self.scan_targets
            .iter()
            .map(|target| {
                let mut image = match &target.registry {
                    Some(registry) if !registry.is_empty() => {
                        format!("{}/{}", registry.trim_end_matches('/'), target.name)
                    }
                    _ => target.name.clone(),
                };
                match &target.tag {
                    Some(Text::Word(tag)) => image.push_str(&format!(":{tag}")),
                    Some(Text::Whole(tag)) => image.push_str(&format!(":{tag}")),
                    Some(Text::Number(tag)) => image.push_str(&format!(":{tag}")),
                    None => {}
                }
                image
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allowlist_approves_for_all_and_for_some_images() {
        let list = Allowlist::parse(
            "generalallowlist:\n  CVE-2014-8166: cups\n  CVE-2015-1418:\nimages:\n  host:5000/centos:\n    CVE-2015-1419: libxml2\n  empty:\n",
        )
        .unwrap();
        let approved = |image: &str| list.approved(image).into_iter().collect::<Vec<_>>();
        assert_eq!(
            approved("host:5000/centos:8"),
            ["CVE-2014-8166", "CVE-2015-1418", "CVE-2015-1419"]
        );
        assert_eq!(approved("alpine"), ["CVE-2014-8166", "CVE-2015-1418"]);
        assert!(Allowlist::parse("").unwrap().approved("x").is_empty());
        assert!(Allowlist::parse("generalallowlist: [").is_err());
        assert!(Allowlist::parse("generalallowlist: 7").is_err());
    }

    #[test]
    fn several_images_are_listed() {
        let file = MultiImage::parse(
            "scanTargets:\n  - name: alpine\n    tag: '3.18'\n  - name: a/b\n    tag: 7\n    registry: registry.example.com\n  - name: c\nincludeLicenses: true\nauths:\n  registry.example.com:\n    username: u\n    password: secret\n",
        )
        .unwrap();
        assert_eq!(
            file.images(),
            ["alpine:3.18", "registry.example.com/a/b:7", "c"]
        );
        assert!(file.include_licenses && !file.allow_insecure);
        assert!(!format!("{file:?}").contains("secret"));
        assert!(MultiImage::parse("scanTargets: []").is_err());
        assert!(MultiImage::parse("x: 1").is_err());
    }
}
