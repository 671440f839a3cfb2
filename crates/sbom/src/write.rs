use std::collections::HashMap;
use std::io::Write;

use seaworthy_model::{
    DependencyScope, Distribution, Evidence, Finding, ImageFacts, Inventory, Layer, Package,
    PackageType, Relationship, Tool,
};
use serde::Serialize;
use uuid::Uuid;

use crate::bom::{
    Bom, Component, ComponentEvidence, Dependency, LicenseChoice, Metadata, Named, Occurrence,
    Property, Tools,
};
use crate::distro::{split_version, trivy_package_type};
use crate::vulnerability::vulnerabilities;
use crate::{Error, about, dependency};

/// Version of the `seaworthy:` properties; raised when their meaning changes.
pub(crate) const PROPERTIES_VERSION: &str = "1";

pub(crate) const TARGET_REFERENCE: &str = "seaworthy:target";
const SYSTEM_REFERENCE: &str = "seaworthy:operating-system";

/// Everything that goes into a bill of materials.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// What is in the target.
    pub inventory: &'a Inventory,
    /// The target's name, as the user gave it.
    pub target_name: &'a str,
    /// The program that writes it.
    pub tool: &'a Tool,
    /// Findings to add as `vulnerabilities`; empty for a plain bill of materials.
    pub findings: &'a [Finding],
    /// Whether licences are written (GitLab's `CS_INCLUDE_LICENSES`).
    pub licenses: bool,
}

/// Writes CycloneDX 1.6 JSON, pretty, with a final newline.
///
/// There is no timestamp, and the serial number is a UUID v5 of the content, so equal documents
/// are equal bytes.
///
/// # Errors
/// [`Error::Write`] when the sink refuses the bytes, [`Error::Json`] when a value cannot be
/// written as JSON.
pub fn write_cyclonedx(document: &Document<'_>, out: &mut dyn Write) -> Result<(), Error> {
    write_bom(document, None, out)
}

/// `input_file` makes it the document of one lockfile.
pub(crate) fn write_bom(
    document: &Document<'_>,
    input_file: Option<&str>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut bom = build(document, input_file);
    let unsigned = serde_json::to_vec(&bom).map_err(Error::Json)?;
    let serial = Uuid::new_v5(&Uuid::NAMESPACE_OID, &unsigned);
    bom.serial_number = Some(format!("urn:uuid:{serial}"));
    let text = serde_json::to_vec_pretty(&bom).map_err(Error::Json)?;
    out.write_all(&text)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// An image reference split into name and tag: the digest stands in for a missing tag, and
/// `latest` for both. A port is no tag.
#[must_use]
pub fn split_reference(reference: &str) -> (&str, &str) {
    let (name, digest) = match reference.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (reference, None),
    };
    let slash = name.rfind('/').map_or(0, |i| i + 1);
    match name.get(slash..).and_then(|last| last.split_once(':')) {
        Some((last, tag)) if !tag.is_empty() => {
            let end = slash + last.len();
            (name.get(..end).unwrap_or(name), tag)
        }
        _ => (name, digest.unwrap_or("latest")),
    }
}

fn build(document: &Document<'_>, input_file: Option<&str>) -> Bom {
    let inventory = document.inventory;
    let distribution = inventory.distribution.as_ref();
    let purls = purls(inventory);
    let groups = by_purl(&inventory.packages, &purls);
    let mut components: Vec<Component> = distribution.map(system).into_iter().collect();
    for (purl, members) in &groups {
        if let Some(mut component) = component(document, purl, members) {
            if input_file.is_some() {
                component.properties.extend(dependency::category(members));
            }
            components.push(component);
        }
    }
    Bom {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: None,
        version: 1,
        metadata: metadata(document, input_file),
        components,
        dependencies: match input_file {
            Some(_) => dependency::graph(&groups),
            None => dependencies(&groups, distribution.is_some()),
        },
        vulnerabilities: vulnerabilities(inventory, document.findings, &purls),
    }
}

/// The purl of each package.
pub(crate) fn purls(inventory: &Inventory) -> Vec<String> {
    inventory
        .packages
        .iter()
        .map(|package| package.purl(inventory.distribution.as_ref()).to_string())
        .collect()
}

/// The packages, those of one purl together, in the order of the inventory.
pub(crate) fn by_purl<'a>(
    packages: &'a [Package],
    purls: &'a [String],
) -> Vec<(&'a str, Vec<&'a Package>)> {
    let mut groups: Vec<(&str, Vec<&Package>)> = Vec::new();
    let mut index_of: HashMap<&str, usize> = HashMap::new();
    for (package, purl) in packages.iter().zip(purls) {
        let index = *index_of.entry(purl).or_insert_with(|| {
            groups.push((purl, Vec::new()));
            groups.len() - 1
        });
        if let Some((_, members)) = groups.get_mut(index) {
            members.push(package);
        }
    }
    groups
}

fn metadata(document: &Document<'_>, input_file: Option<&str>) -> Metadata {
    let inventory = document.inventory;
    let mut properties = vec![Property::new("seaworthy:format", PROPERTIES_VERSION)];
    if let Some(input_file) = input_file {
        properties.extend(dependency::properties(input_file, &inventory.packages));
    }
    if inventory.image.is_some() {
        let (name, tag) = split_reference(document.target_name);
        properties.push(Property::new("gitlab:meta:schema_version", "1"));
        properties.push(Property::new("gitlab:container_scanning:image:name", name));
        properties.push(Property::new("gitlab:container_scanning:image:tag", tag));
    }
    if inventory.image.is_some()
        && let Some(d) = inventory.distribution.as_ref()
        && !d.version.is_empty()
    {
        let prefix = "gitlab:container_scanning:operating_system";
        properties.push(Property::new(format!("{prefix}:name"), d.id.clone()));
        properties.push(Property::new(
            format!("{prefix}:version"),
            d.version.clone(),
        ));
    }
    for (name, value) in about::told(inventory) {
        properties.push(Property::new(name, value));
    }
    for entry in &inventory.coverage.entries {
        properties.push(json_property("seaworthy:coverage", entry));
    }
    Metadata {
        tools: Tools {
            components: vec![Component {
                kind: "application",
                name: document.tool.name.clone(),
                version: Some(document.tool.version.clone()),
                ..Component::default()
            }],
        },
        component: target(document),
        properties,
    }
}

fn target(document: &Document<'_>) -> Component {
    let mut component = Component {
        bom_ref: Some(TARGET_REFERENCE.to_owned()),
        kind: "application",
        name: document.target_name.to_owned(),
        ..Component::default()
    };
    if let Some(image) = &document.inventory.image {
        component.kind = "container";
        component.version = image.manifest_digest.clone();
        component.properties = image_properties(image);
    }
    component
}

fn image_properties(image: &ImageFacts) -> Vec<Property> {
    let facts = ImageFacts {
        layers: Vec::new(),
        ..image.clone()
    };
    let mut properties = vec![json_property("seaworthy:image", &facts)];
    properties.extend(
        image
            .layers
            .iter()
            .map(|l| json_property("seaworthy:layer", l)),
    );
    if let Some(id) = &image.config_digest {
        properties.push(Property::new("aquasecurity:trivy:ImageID", id.clone()));
    }
    for layer in &image.layers {
        properties.push(Property::new(
            "aquasecurity:trivy:DiffID",
            layer.diff_id.clone(),
        ));
    }
    properties
}

fn system(distribution: &Distribution) -> Component {
    Component {
        bom_ref: Some(SYSTEM_REFERENCE.to_owned()),
        kind: "operating-system",
        name: distribution.id.clone(),
        version: (!distribution.version.is_empty()).then(|| distribution.version.clone()),
        description: Some(distribution.name.clone()),
        properties: vec![Property::new(
            "seaworthy:distribution:name",
            distribution.name.clone(),
        )],
        ..Component::default()
    }
}

/// How one installation of a component's package is written; `package` only when it differs from
/// the component's first one in more than its place.
#[derive(Serialize)]
struct OccurrenceValue<'a> {
    #[serde(flatten)]
    evidence: &'a Evidence,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<&'a Package>,
}

fn component(document: &Document<'_>, purl: &str, members: &[&Package]) -> Option<Component> {
    let first = *members.first()?;
    let layers = document
        .inventory
        .image
        .as_ref()
        .map_or(&[][..], |i| &i.layers);
    let (group, name) = match (first.kind, first.name.split_once(':')) {
        (PackageType::Maven, Some((group, artifact))) => {
            (Some(group.to_owned()), artifact.to_owned())
        }
        _ => (None, first.name.clone()),
    };
    let licenses = if document.licenses {
        license_names(&first.licenses)
    } else {
        Vec::new()
    };
    Some(Component {
        bom_ref: Some(purl.to_owned()),
        kind: "library",
        supplier: first.supplier.clone().map(|name| Named { name }),
        group,
        name,
        version: Some(first.version.chars().take(1024).collect()),
        licenses: licenses
            .into_iter()
            .map(|name| LicenseChoice {
                license: Named { name },
            })
            .collect(),
        purl: Some(purl.to_owned()),
        properties: package_properties(document, first, members, layers),
        evidence: Some(ComponentEvidence {
            occurrences: occurrences(members),
        }),
        description: None,
    })
}

fn occurrences(members: &[&Package]) -> Vec<Occurrence> {
    members
        .iter()
        .map(|package| Occurrence {
            location: package.evidence.path.clone(),
            additional_context: package.evidence.layer.map(|l| format!("layer {l}")),
        })
        .collect()
}

fn package_properties(
    document: &Document<'_>,
    first: &Package,
    members: &[&Package],
    layers: &[Layer],
) -> Vec<Property> {
    let mut out = Vec::new();
    let distribution = document.inventory.distribution.as_ref();
    let mut trivy = |name: &str, value: &str| {
        if !value.is_empty() {
            out.push(Property::new(format!("aquasecurity:trivy:{name}"), value));
        }
    };
    trivy("FilePath", &first.evidence.path);
    if let Some(layer) = layer_of(layers, first) {
        trivy("LayerDiffID", &layer.diff_id);
        trivy("LayerDigest", layer.digest.as_deref().unwrap_or_default());
    }
    trivy("PkgType", &trivy_package_type(first.kind, distribution));
    if first.kind.is_os() {
        let (epoch, version, release) = split_version(first.kind, first.source_version());
        trivy("SrcEpoch", epoch.unwrap_or_default());
        trivy("SrcName", first.source_name());
        trivy("SrcRelease", release.unwrap_or_default());
        trivy("SrcVersion", version);
    }
    let mut own = |name: &str, value: &str| {
        out.push(Property::new(format!("seaworthy:{name}"), value));
    };
    own("type", first.kind.purl_type());
    own("name", &first.name);
    own("version", &first.version);
    for (name, value) in [
        ("arch", &first.arch),
        ("source-name", &first.source_name),
        ("source-version", &first.source_version),
        ("module", &first.module),
        ("supplier", &first.supplier),
    ] {
        if let Some(value) = value {
            own(name, value);
        }
    }
    if document.licenses {
        for license in &first.licenses {
            own("license", license);
        }
    }
    if let Some(line) = first.line {
        own("line", &line.to_string());
    }
    if first.relationship != Relationship::Unknown {
        own("relationship", first.relationship.name());
    }
    if first.scope != DependencyScope::Unknown {
        own("scope", first.scope.name());
    }
    for step in &first.dependency_path {
        own("dependency-path", step);
    }
    for package in members {
        let same = Package {
            evidence: first.evidence.clone(),
            ..(*package).clone()
        } == *first;
        out.push(json_property(
            "seaworthy:occurrence",
            &OccurrenceValue {
                evidence: &package.evidence,
                package: (!same).then_some(*package),
            },
        ));
    }
    out
}

fn layer_of<'a>(layers: &'a [Layer], package: &Package) -> Option<&'a Layer> {
    layers.get(usize::try_from(package.evidence.layer?).ok()?)
}

/// GitLab reads `license.name` as one SPDX id and knows no expressions, so they are split.
fn license_names(licenses: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for license in licenses {
        let spaced = license.replace(['(', ')'], " ");
        let is_expression = spaced.split_whitespace().any(|w| matches!(w, "AND" | "OR"));
        let parts: Vec<String> = if is_expression {
            spaced
                .split_whitespace()
                .map(|w| if matches!(w, "AND" | "OR") { "\n" } else { w })
                .collect::<Vec<_>>()
                .join(" ")
                .split('\n')
                .map(|p| p.trim().to_owned())
                .collect()
        } else {
            vec![license.trim().to_owned()]
        };
        for part in parts {
            if !part.is_empty() && !names.contains(&part) {
                names.push(part);
            }
        }
    }
    names
}

fn dependencies(groups: &[(&str, Vec<&Package>)], has_system: bool) -> Vec<Dependency> {
    let mut system = Vec::new();
    let mut target = Vec::new();
    for (purl, members) in groups {
        let is_os = members.first().is_some_and(|p| p.kind.is_os());
        if is_os && has_system {
            system.push((*purl).to_owned());
        } else {
            target.push((*purl).to_owned());
        }
    }
    let mut out = Vec::new();
    if has_system {
        target.insert(0, SYSTEM_REFERENCE.to_owned());
        out.push(Dependency {
            reference: SYSTEM_REFERENCE.to_owned(),
            depends_on: system,
        });
    }
    out.insert(
        0,
        Dependency {
            reference: TARGET_REFERENCE.to_owned(),
            depends_on: target,
        },
    );
    out
}

fn json_property<T: Serialize>(name: &str, value: &T) -> Property {
    // Only maps with keys that are no strings fail here, and the model has none.
    Property::new(name, serde_json::to_string(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_split_into_name_and_tag() {
        for (reference, expected) in [
            (
                "registry.example.com:5000/shop/web:1.8",
                ("registry.example.com:5000/shop/web", "1.8"),
            ),
            (
                "registry.example.com:5000/shop/web",
                ("registry.example.com:5000/shop/web", "latest"),
            ),
            ("web:1@sha256:aa", ("web", "1")),
            ("web@sha256:aa", ("web", "sha256:aa")),
            ("", ("", "latest")),
            ("a/é:", ("a/é:", "latest")),
        ] {
            assert_eq!(split_reference(reference), expected, "{reference}");
        }
    }

    #[test]
    fn license_expressions_are_split() {
        let input = [
            "(MIT OR Apache-2.0 WITH LLVM-exception) AND Zlib",
            "MIT",
            "BSD License",
        ];
        assert_eq!(
            license_names(&input.map(str::to_owned)),
            [
                "MIT",
                "Apache-2.0 WITH LLVM-exception",
                "Zlib",
                "BSD License"
            ]
        );
    }
}
