//! The parts of CycloneDX 1.6 JSON that Seaworthy writes, and tolerant ones for what it reads.

use serde::{Deserialize, Serialize};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bom {
    #[serde(rename = "$schema")]
    pub(crate) schema: &'static str,
    pub(crate) bom_format: &'static str,
    pub(crate) spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) serial_number: Option<String>,
    pub(crate) version: u32,
    pub(crate) metadata: Metadata,
    pub(crate) components: Vec<Component>,
    pub(crate) dependencies: Vec<Dependency>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) vulnerabilities: Vec<Vulnerability>,
}

#[derive(Serialize)]
pub(crate) struct Metadata {
    pub(crate) tools: Tools,
    pub(crate) component: Component,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) properties: Vec<Property>,
}

#[derive(Serialize)]
pub(crate) struct Tools {
    pub(crate) components: Vec<Component>,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Component {
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    pub(crate) bom_ref: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) supplier: Option<Named>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) licenses: Vec<LicenseChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) properties: Vec<Property>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) evidence: Option<ComponentEvidence>,
}

#[derive(Serialize)]
pub(crate) struct Named {
    pub(crate) name: String,
}

#[derive(Serialize)]
pub(crate) struct LicenseChoice {
    pub(crate) license: Named,
}

#[derive(Serialize, Deserialize, Clone, Debug, Default)]
pub(crate) struct Property {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) value: String,
}

impl Property {
    pub(crate) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct ComponentEvidence {
    pub(crate) occurrences: Vec<Occurrence>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Occurrence {
    pub(crate) location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) additional_context: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dependency {
    #[serde(rename = "ref")]
    pub(crate) reference: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) depends_on: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct Vulnerability {
    #[serde(rename = "bom-ref")]
    pub(crate) bom_ref: String,
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<Source>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) references: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ratings: Vec<Rating>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recommendation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) published: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) advisories: Vec<Advisory>,
    pub(crate) affects: Vec<Affects>,
    pub(crate) properties: Vec<Property>,
}

#[derive(Serialize)]
pub(crate) struct Source {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Reference {
    pub(crate) id: String,
    pub(crate) source: Source,
}

#[derive(Serialize)]
pub(crate) struct Rating {
    pub(crate) source: Source,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) score: Option<f64>,
    pub(crate) severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vector: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Advisory {
    pub(crate) url: String,
}

#[derive(Serialize)]
pub(crate) struct Affects {
    #[serde(rename = "ref")]
    pub(crate) reference: String,
    pub(crate) versions: Vec<AffectedVersion>,
}

#[derive(Serialize)]
pub(crate) struct AffectedVersion {
    pub(crate) version: String,
    pub(crate) status: &'static str,
}

/// What is looked at first to tell the formats apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Probe {
    pub(crate) bom_format: Option<String>,
    pub(crate) spec_version: Option<String>,
    pub(crate) spdx_version: Option<String>,
}

#[derive(Deserialize, Default)]
pub(crate) struct ReadBom {
    #[serde(default)]
    pub(crate) metadata: Option<ReadMetadata>,
    #[serde(default)]
    pub(crate) components: Option<Vec<ReadComponent>>,
}

#[derive(Deserialize, Default)]
pub(crate) struct ReadMetadata {
    #[serde(default)]
    pub(crate) tools: Option<serde_json::Value>,
    #[serde(default)]
    pub(crate) component: Option<ReadComponent>,
    #[serde(default)]
    pub(crate) properties: Option<Vec<Property>>,
}

#[derive(Deserialize, Default)]
pub(crate) struct ReadComponent {
    #[serde(rename = "type", default)]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) version: Option<String>,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) publisher: Option<String>,
    #[serde(default)]
    pub(crate) supplier: Option<serde_json::Value>,
    #[serde(default)]
    pub(crate) licenses: Option<serde_json::Value>,
    #[serde(default)]
    pub(crate) purl: Option<String>,
    #[serde(default)]
    pub(crate) properties: Option<Vec<Property>>,
    #[serde(default)]
    pub(crate) components: Option<Vec<ReadComponent>>,
}

impl ReadComponent {
    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        property(self.properties.as_deref(), name)
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.properties
            .iter()
            .flatten()
            .filter(move |p| p.name == name)
            .map(|p| p.value.as_str())
    }
}

pub(crate) fn property<'a>(properties: Option<&'a [Property]>, name: &str) -> Option<&'a str> {
    properties?
        .iter()
        .find(|p| p.name == name)
        .map(|p| p.value.as_str())
        .filter(|v| !v.is_empty())
}
