use std::collections::BTreeMap;

use seaworthy_model::{
    CoverageEntry, CoverageKind, DependencyScope, Distribution, Evidence, ImageFacts, Inventory,
    Layer, Package, PackageType, Relationship, Tool,
};
use serde::Deserialize;
use serde_json::Value;

use crate::bom::{Probe, ReadBom, ReadComponent, ReadMetadata};
use crate::{Error, about, distro, foreign, spdx};

/// Most bytes that a bill of materials may have.
pub const MAX_BYTES: usize = 256 << 20;

/// Most components that a bill of materials may have.
pub const MAX_COMPONENTS: usize = 1_000_000;

/// Which format a document was in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SbomFormat {
    /// CycloneDX JSON.
    CycloneDx,
    /// SPDX 2.x JSON.
    Spdx,
}

/// What a bill of materials says.
#[derive(Debug, Clone, PartialEq)]
pub struct SbomInventory {
    /// The inventory; coverage names what could not be used.
    pub inventory: Inventory,
    /// The name of what the document describes; empty when it does not tell.
    pub target_name: String,
    /// The program that wrote it.
    pub tool: Tool,
    /// The format.
    pub format: SbomFormat,
}

/// Reads a CycloneDX 1.x or SPDX 2.x JSON document.
///
/// Nested JSON is limited to 128 levels, size and component count by [`MAX_BYTES`] and
/// [`MAX_COMPONENTS`]. Components that cannot be assessed become coverage entries.
///
/// # Errors
/// When the bytes are too many, no JSON, or no document of a format and version that is read.
pub fn read(bytes: &[u8]) -> Result<SbomInventory, Error> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::TooLarge {
            size: bytes.len(),
            limit: MAX_BYTES,
        });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let probe: Probe = serde_json::from_slice(bytes).map_err(Error::Json)?;
    if probe.bom_format.as_deref() == Some("CycloneDX") {
        let version = probe.spec_version.unwrap_or_default();
        if !version.starts_with("1.") {
            return Err(Error::UnsupportedVersion(format!("CycloneDX {version}")));
        }
        let bom = serde_json::from_slice(bytes).map_err(Error::Json)?;
        return cyclonedx(bom);
    }
    match probe.spdx_version.as_deref() {
        Some(version) if version.starts_with("SPDX-2.") => {
            let document = serde_json::from_slice(bytes).map_err(Error::Json)?;
            spdx::read(document)
        }
        Some(version) => Err(Error::UnsupportedVersion(version.to_owned())),
        None => Err(Error::UnknownFormat),
    }
}

fn cyclonedx(bom: ReadBom) -> Result<SbomInventory, Error> {
    let metadata = bom.metadata.unwrap_or_default();
    let tool = tool(metadata.tools.as_ref());
    let target = metadata.component.as_ref();
    let target_name = target.and_then(|c| c.name.clone()).unwrap_or_default();
    let mut components = Vec::new();
    flatten(bom.components.unwrap_or_default(), &mut components)?;
    if let Some(root) = metadata.component.as_ref() {
        // Some tools hang everything below the root component.
        for nested in root.components.iter().flatten() {
            collect(nested, &mut components);
        }
    }
    let ours = is_ours(&metadata);
    let image = if ours {
        target.and_then(own_image)
    } else {
        target.and_then(foreign::image)
    };
    let distribution = components
        .iter()
        .find(|c| c.kind.as_deref() == Some("operating-system"))
        .and_then(system);
    let layers = image.as_ref().map_or_else(Vec::new, |i| i.layers.clone());
    let mut reader = Reader::new(distribution, layers);
    for component in &components {
        reader.component(component);
    }
    let mut inventory = reader.finish(!ours);
    inventory.image = image;
    for entry in metadata.properties.iter().flatten() {
        about::take(&mut inventory, &entry.name, &entry.value);
        if entry.name == "seaworthy:coverage"
            && let Ok(entry) = serde_json::from_str(&entry.value)
        {
            inventory.coverage.add(entry);
        }
    }
    inventory.coverage.normalise();
    Ok(SbomInventory {
        inventory,
        target_name,
        tool,
        format: SbomFormat::CycloneDx,
    })
}

fn is_ours(metadata: &ReadMetadata) -> bool {
    metadata
        .properties
        .iter()
        .flatten()
        .any(|p| p.name == "seaworthy:format")
}

/// Components may nest; the depth is bounded by the JSON parser.
fn flatten(components: Vec<ReadComponent>, out: &mut Vec<ReadComponent>) -> Result<(), Error> {
    for mut component in components {
        if out.len() >= MAX_COMPONENTS {
            return Err(Error::TooManyComponents(MAX_COMPONENTS));
        }
        let nested = component.components.take();
        out.push(component);
        if let Some(nested) = nested {
            flatten(nested, out)?;
        }
    }
    Ok(())
}

fn collect(component: &ReadComponent, out: &mut Vec<ReadComponent>) {
    if out.len() >= MAX_COMPONENTS {
        return;
    }
    out.push(ReadComponent {
        kind: component.kind.clone(),
        name: component.name.clone(),
        version: component.version.clone(),
        description: component.description.clone(),
        publisher: component.publisher.clone(),
        supplier: component.supplier.clone(),
        licenses: component.licenses.clone(),
        purl: component.purl.clone(),
        properties: component.properties.clone(),
        components: None,
    });
    for nested in component.components.iter().flatten() {
        collect(nested, out);
    }
}

/// CycloneDX has two shapes of `metadata.tools`: a list, and since 1.5 an object of components.
fn tool(tools: Option<&Value>) -> Tool {
    let first = tools.and_then(|t| {
        t.get("components")
            .and_then(|c| c.get(0))
            .or_else(|| t.get(0))
    });
    let text = |key| {
        first
            .and_then(|t| t.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Tool {
        name: text("name"),
        version: text("version"),
    }
}

fn system(component: &ReadComponent) -> Option<Distribution> {
    let name = component.name.as_deref().filter(|n| !n.is_empty())?;
    let version = component.version.as_deref().unwrap_or_default();
    if let Some(pretty) = component.property("seaworthy:distribution:name") {
        return Some(Distribution {
            id: name.to_owned(),
            version: version.to_owned(),
            name: pretty.to_owned(),
        });
    }
    Some(distro::distribution(
        name,
        version,
        component
            .property("syft:distro:prettyName")
            .or(component.description.as_deref()),
    ))
}

fn own_image(component: &ReadComponent) -> Option<ImageFacts> {
    let mut image: ImageFacts =
        serde_json::from_str(component.property("seaworthy:image")?).ok()?;
    image.layers = component
        .all("seaworthy:layer")
        .filter_map(|text| serde_json::from_str(text).ok())
        .collect();
    Some(image)
}

#[derive(Deserialize)]
struct OccurrenceValue {
    #[serde(flatten)]
    evidence: Evidence,
    #[serde(default)]
    package: Option<Package>,
}

/// Gathers packages, and counts what cannot be assessed.
#[derive(Default)]
pub(crate) struct Reader {
    layers: Vec<Layer>,
    distribution: Option<Distribution>,
    pub(crate) packages: Vec<Package>,
    unsupported: BTreeMap<String, usize>,
    without_purl: Vec<String>,
    bad_purl: Vec<String>,
    without_version: Vec<String>,
}

impl Reader {
    pub(crate) fn new(distribution: Option<Distribution>, layers: Vec<Layer>) -> Self {
        Self {
            layers,
            distribution,
            ..Self::default()
        }
    }

    fn component(&mut self, component: &ReadComponent) {
        if component.property("seaworthy:type").is_some() {
            self.own(component);
            return;
        }
        let kind = component.kind.as_deref().unwrap_or_default();
        let Some(purl) = component.purl.as_deref().filter(|p| !p.is_empty()) else {
            if matches!(kind, "library" | "framework") {
                self.missing_purl(component.name.as_deref().unwrap_or_default());
            }
            return;
        };
        if matches!(kind, "operating-system" | "container") {
            return;
        }
        let evidence = foreign::evidence(component, &self.layers);
        if let Some(mut package) = self.purl(purl, evidence) {
            foreign::enrich(&mut package, component);
            self.packages.push(package);
        }
    }

    pub(crate) fn missing_purl(&mut self, name: &str) {
        self.without_purl.push(name.to_owned());
    }

    /// The package that a purl names; none, and noted, when it cannot be assessed.
    pub(crate) fn purl(&mut self, text: &str, evidence: Evidence) -> Option<Package> {
        let Ok(purl) = text.parse::<seaworthy_model::Purl>() else {
            self.bad_purl.push(text.to_owned());
            return None;
        };
        let Some(kind) = PackageType::from_purl_type(&purl.kind) else {
            *self.unsupported.entry(purl.kind).or_default() += 1;
            return None;
        };
        if self.distribution.is_none()
            && kind.is_os()
            && let Some(found) = purl.qualifier("distro").and_then(distro::from_qualifier)
        {
            self.distribution = Some(found);
        }
        if purl.version.is_none() {
            self.without_version.push(text.to_owned());
            return None;
        }
        Some(foreign::package(&purl, kind, evidence))
    }

    fn own(&mut self, component: &ReadComponent) {
        let text = |name| component.property(name).map(str::to_owned);
        let kind = component
            .property("seaworthy:type")
            .and_then(PackageType::from_purl_type);
        let (Some(kind), Some(name)) = (kind, text("seaworthy:name")) else {
            self.missing_purl(component.name.as_deref().unwrap_or_default());
            return;
        };
        let mut first = Package::new(
            kind,
            name,
            text("seaworthy:version").unwrap_or_default(),
            "",
        );
        // An empty value is a value here: `property` drops it, so the list is asked.
        let exact = |name: &str| component.all(name).next().map(str::to_owned);
        first.arch = exact("seaworthy:arch");
        first.source_name = exact("seaworthy:source-name");
        first.source_version = exact("seaworthy:source-version");
        first.module = exact("seaworthy:module");
        first.supplier = exact("seaworthy:supplier");
        first.licenses = component
            .all("seaworthy:license")
            .map(str::to_owned)
            .collect();
        first.line = text("seaworthy:line").and_then(|l| l.parse().ok());
        first.relationship = [Relationship::Direct, Relationship::Transitive]
            .into_iter()
            .find(|r| component.property("seaworthy:relationship") == Some(r.name()))
            .unwrap_or_default();
        first.scope = [
            DependencyScope::Production,
            DependencyScope::Optional,
            DependencyScope::Development,
        ]
        .into_iter()
        .find(|s| component.property("seaworthy:scope") == Some(s.name()))
        .unwrap_or_default();
        first.dependency_path = component
            .all("seaworthy:dependency-path")
            .map(str::to_owned)
            .collect();
        let mut found = false;
        for text in component.all("seaworthy:occurrence") {
            let Ok(value) = serde_json::from_str::<OccurrenceValue>(text) else {
                continue;
            };
            found = true;
            let mut package = value.package.unwrap_or_else(|| first.clone());
            package.evidence = value.evidence;
            self.packages.push(package);
        }
        if !found {
            self.packages.push(first);
        }
    }

    /// The inventory without image; `foreign` adds what is known to be missing.
    pub(crate) fn finish(mut self, foreign: bool) -> Inventory {
        let layers = self.layers.len();
        for package in &mut self.packages {
            let known = package
                .evidence
                .layer
                .is_some_and(|l| usize::try_from(l).is_ok_and(|l| l < layers));
            if !known {
                package.evidence.layer = None;
            }
        }
        distro::sort_packages(&mut self.packages);
        if foreign {
            self.packages.dedup();
        }
        let mut inventory = Inventory {
            distribution: self.distribution.take(),
            packages: std::mem::take(&mut self.packages),
            ..Inventory::default()
        };
        self.gaps(&mut inventory);
        if foreign
            && inventory.distribution.is_none()
            && inventory.packages.iter().any(|p| p.kind.is_os())
        {
            inventory.coverage.add(CoverageEntry::new(
                CoverageKind::UnknownDistribution,
                "bill of materials",
                "it has operating system packages and does not name the distribution",
            ));
        }
        inventory.coverage.normalise();
        inventory
    }

    fn gaps(&self, inventory: &mut Inventory) {
        for (kind, count) in &self.unsupported {
            inventory.coverage.add(CoverageEntry::new(
                CoverageKind::NoShard,
                format!("pkg:{kind}"),
                format!("{} of this type cannot be assessed", components(*count)),
            ));
        }
        let lists = [
            (
                &self.without_purl,
                CoverageKind::SkippedFile,
                "without a package url",
            ),
            (
                &self.bad_purl,
                CoverageKind::SkippedFile,
                "with a damaged package url",
            ),
            (
                &self.without_version,
                CoverageKind::UncomparableVersion,
                "without a version",
            ),
        ];
        for (list, kind, what) in lists {
            if let Some(first) = list.first() {
                let first: String = first.chars().take(200).collect();
                inventory.coverage.add(CoverageEntry::new(
                    kind,
                    "bill of materials",
                    format!("{} {what}, the first is `{first}`", components(list.len())),
                ));
            }
        }
    }
}

fn components(count: usize) -> String {
    match count {
        1 => "1 component".to_owned(),
        n => format!("{n} components"),
    }
}

/// Licence texts of CycloneDX's `licenses`: ids, names, expressions.
pub(crate) fn licenses(value: Option<&Value>) -> Vec<String> {
    let Some(list) = value.and_then(Value::as_array) else {
        return Vec::new();
    };
    list.iter()
        .filter_map(|entry| {
            let license = entry.get("license");
            license
                .and_then(|l| l.get("id").or_else(|| l.get("name")))
                .or_else(|| entry.get("expression"))
                .and_then(Value::as_str)
                .map(str::to_owned)
        })
        .collect()
}
