//! Reads SPDX 2.2 and 2.3 JSON (SPDX specification 2.3, clause 7).

use seaworthy_model::{Evidence, Package, Tool};
use serde::Deserialize;

use crate::read::Reader;
use crate::{Error, MAX_COMPONENTS, SbomFormat, SbomInventory, about, distro};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SpdxDocument {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    creation_info: Option<CreationInfo>,
    #[serde(default)]
    packages: Option<Vec<SpdxPackage>>,
}

#[derive(Deserialize)]
struct CreationInfo {
    #[serde(default)]
    creators: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpdxPackage {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    version_info: Option<String>,
    #[serde(default)]
    supplier: Option<String>,
    #[serde(default)]
    source_info: Option<String>,
    #[serde(default)]
    license_declared: Option<String>,
    #[serde(default)]
    license_concluded: Option<String>,
    #[serde(default)]
    primary_package_purpose: Option<String>,
    #[serde(default)]
    external_refs: Option<Vec<ExternalRef>>,
    #[serde(default)]
    annotations: Option<Vec<Annotation>>,
}

#[derive(Deserialize)]
struct Annotation {
    #[serde(default)]
    comment: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    #[serde(default)]
    reference_type: String,
    #[serde(default)]
    reference_locator: String,
}

pub(crate) fn read(document: SpdxDocument) -> Result<SbomInventory, Error> {
    let packages = document.packages.unwrap_or_default();
    if packages.len() > MAX_COMPONENTS {
        return Err(Error::TooManyComponents(MAX_COMPONENTS));
    }
    let distribution = packages
        .iter()
        .find(|p| p.purpose() == "OPERATING-SYSTEM")
        .and_then(|p| {
            let name = p.name.as_deref().filter(|n| !n.is_empty())?;
            let version = p.version_info.as_deref().unwrap_or_default();
            Some(distro::distribution(name, version, None))
        });
    let mut reader = Reader::new(distribution, Vec::new());
    for entry in &packages {
        let purl = entry
            .external_refs
            .iter()
            .flatten()
            .find(|r| r.reference_type == "purl")
            .map(|r| r.reference_locator.as_str());
        match purl {
            Some(purl) if !matches!(entry.purpose(), "OPERATING-SYSTEM" | "CONTAINER") => {
                if let Some(mut package) = reader.purl(purl, entry.evidence()) {
                    entry.enrich(&mut package);
                    reader.packages.push(package);
                }
            }
            None if entry.purpose() == "LIBRARY" => {
                reader.missing_purl(entry.name.as_deref().unwrap_or_default());
            }
            _ => {}
        }
    }
    let mut inventory = reader.finish(true);
    // Ours are those of the target.
    for annotation in packages.iter().flat_map(|p| p.annotations.iter().flatten()) {
        if let Some((name, value)) = annotation.comment.split_once('=') {
            about::take(&mut inventory, name, value);
        }
    }
    Ok(SbomInventory {
        inventory,
        target_name: document.name.unwrap_or_default(),
        tool: tool(document.creation_info.as_ref()),
        format: SbomFormat::Spdx,
    })
}

/// `Tool: syft-1.18.1` among the creators.
fn tool(info: Option<&CreationInfo>) -> Tool {
    let text = info
        .iter()
        .flat_map(|i| &i.creators)
        .find_map(|c| c.strip_prefix("Tool: "))
        .unwrap_or_default();
    let (name, version) = text.rsplit_once('-').unwrap_or((text, ""));
    Tool {
        name: name.to_owned(),
        version: version.to_owned(),
    }
}

impl SpdxPackage {
    /// The tag-value form has hyphens where JSON has underscores; tools write either.
    fn purpose(&self) -> &str {
        match self.primary_package_purpose.as_deref().unwrap_or_default() {
            "OPERATING_SYSTEM" => "OPERATING-SYSTEM",
            other => other,
        }
    }

    /// Syft writes `acquired package info from …: /path, /path`.
    fn evidence(&self) -> Evidence {
        let path = self
            .source_info
            .as_deref()
            .filter(|s| s.starts_with("acquired package info"))
            .and_then(|s| s.split_once(": "))
            .and_then(|(_, paths)| paths.split(", ").next())
            .unwrap_or_default();
        Evidence {
            layer: None,
            path: path.trim_start_matches('/').to_owned(),
        }
    }

    fn enrich(&self, package: &mut Package) {
        let told = |text: &Option<String>| {
            text.clone()
                .filter(|t| !t.is_empty() && t != "NOASSERTION" && t != "NONE")
        };
        package.supplier = told(&self.supplier).map(|s| {
            s.strip_prefix("Organization: ")
                .or_else(|| s.strip_prefix("Person: "))
                .unwrap_or(&s)
                .to_owned()
        });
        package.licenses = told(&self.license_declared)
            .or_else(|| told(&self.license_concluded))
            .into_iter()
            .collect();
        // Trivy names the source package here: `built package from: zlib 1:1.2.13.dfsg-1`.
        if package.kind.is_os()
            && let Some(built) = self
                .source_info
                .as_deref()
                .and_then(|s| s.strip_prefix("built package from: "))
            && let Some((name, version)) = built.rsplit_once(' ')
        {
            package.source_name = Some(name.to_owned());
            package.source_version =
                Some(version.to_owned()).filter(|v| *v != package.version && !v.is_empty());
        }
    }
}
