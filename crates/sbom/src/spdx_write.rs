//! SPDX 2.3 JSON (SPDX specification 2.3, clauses 6, 7, 10 and 11).

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use seaworthy_model::Package;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::write::{by_purl, purls, split_reference};
use crate::{Document, Error};
use crate::{about, license_ids};

const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const TARGET: &str = "SPDXRef-Target";
const SYSTEM: &str = "SPDXRef-OperatingSystem";
const NOT_SAID: &str = "NOASSERTION";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spdx<'a> {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: &'a str,
    document_namespace: String,
    creation_info: Value,
    packages: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    has_extracted_licensing_infos: Vec<Value>,
    relationships: Vec<Value>,
}

/// Writes SPDX 2.3 JSON, pretty, with a final newline.
///
/// `created` is the time for the document's creation information, `YYYY-MM-DDTHH:MM:SS` in UTC; the
/// namespace is a UUID v5 of the content, so equal documents made at equal times are equal bytes.
/// Findings are not part of SPDX 2.3 and are left out.
///
/// # Errors
/// [`Error::Write`] when the sink refuses the bytes, [`Error::Json`] when a value cannot be
/// written as JSON.
pub fn write_spdx(
    document: &Document<'_>,
    created: &str,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut spdx = build(document, created);
    let unsigned = serde_json::to_vec(&spdx).map_err(Error::Json)?;
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, &unsigned);
    spdx.document_namespace = format!("urn:uuid:{id}");
    let text = serde_json::to_vec_pretty(&spdx).map_err(Error::Json)?;
    out.write_all(&text)?;
    out.write_all(b"\n")?;
    Ok(())
}

fn build<'a>(document: &Document<'a>, created: &str) -> Spdx<'a> {
    let name = if document.target_name.is_empty() {
        "unnamed"
    } else {
        document.target_name
    };
    let mut licenses = Licenses::default();
    let created = format!("{}Z", created.trim_end_matches('Z'));
    let tool = format!("Tool: {}-{}", document.tool.name, document.tool.version);
    let mut target = target(document, name);
    let annotations: Vec<Value> = about::told(document.inventory)
        .into_iter()
        .map(|(key, value)| {
            json!({
                "annotationDate": created,
                "annotationType": "OTHER",
                "annotator": tool,
                "comment": format!("{key}={value}"),
            })
        })
        .collect();
    if !annotations.is_empty() {
        target["annotations"] = Value::Array(annotations);
    }
    let mut packages = vec![target];
    let mut contained = Vec::new();
    if let Some(system) = system(document) {
        packages.push(system);
        contained.push(SYSTEM.to_owned());
    }
    let purls = purls(document.inventory);
    for (purl, members) in by_purl(&document.inventory.packages, &purls) {
        let id = package_id(purl, members.first().copied());
        if let Some(package) = package(document, &id, purl, &members, &mut licenses) {
            packages.push(package);
            contained.push(id);
        }
    }
    let mut relationships = vec![relationship(DOCUMENT, "DESCRIBES", TARGET)];
    relationships.extend(
        contained
            .iter()
            .map(|id| relationship(TARGET, "CONTAINS", id)),
    );
    Spdx {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name,
        document_namespace: String::new(),
        creation_info: json!({
            "created": created,
            "creators": [tool],
        }),
        packages,
        has_extracted_licensing_infos: licenses.extracted(),
        relationships,
    }
}

fn relationship(from: &str, kind: &str, to: &str) -> Value {
    json!({"spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to})
}

/// `SPDXRef-Package-deb-zlib1g-0123456789abcdef`: letters, digits, `.` and `-` only (clause 7.2).
fn package_id(purl: &str, package: Option<&Package>) -> String {
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, purl.as_bytes());
    let hash = hash.simple().to_string();
    let (kind, name) = package.map_or(("", ""), |p| (p.kind.purl_type(), p.name.as_str()));
    let name: String = name
        .chars()
        .take(60)
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect();
    format!("SPDXRef-Package-{kind}-{name}-{}", &hash[..16])
}

fn target(document: &Document<'_>, name: &str) -> Value {
    let mut target = json!({
        "SPDXID": TARGET,
        "name": name,
        "downloadLocation": NOT_SAID,
        "filesAnalyzed": false,
        "licenseConcluded": NOT_SAID,
        "licenseDeclared": NOT_SAID,
        "copyrightText": NOT_SAID,
        "primaryPackagePurpose": "APPLICATION",
    });
    let Some(image) = &document.inventory.image else {
        return target;
    };
    target["primaryPackagePurpose"] = json!("CONTAINER");
    if let Some(digest) = &image.manifest_digest {
        target["versionInfo"] = json!(digest);
        if let Some(hex) = digest.strip_prefix("sha256:") {
            target["checksums"] = json!([{"algorithm": "SHA256", "checksumValue": hex}]);
        }
        let (repository, _) = split_reference(name);
        let short = repository.rsplit('/').next().unwrap_or_default();
        let oci = seaworthy_model::Purl {
            kind: "oci".to_owned(),
            namespace: None,
            name: short.to_lowercase(),
            version: Some(digest.clone()),
            qualifiers: vec![("repository_url".to_owned(), repository.to_owned())],
            subpath: None,
        };
        if !oci.name.is_empty() {
            target["externalRefs"] = json!([purl_reference(&oci.to_string())]);
        }
    }
    target
}

fn purl_reference(purl: &str) -> Value {
    json!({
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": purl,
    })
}

fn system(document: &Document<'_>) -> Option<Value> {
    let distribution = document.inventory.distribution.as_ref()?;
    let mut system = json!({
        "SPDXID": SYSTEM,
        "name": distribution.id,
        "summary": distribution.name,
        "downloadLocation": NOT_SAID,
        "filesAnalyzed": false,
        "licenseConcluded": NOT_SAID,
        "licenseDeclared": NOT_SAID,
        "copyrightText": NOT_SAID,
        "primaryPackagePurpose": "OPERATING_SYSTEM",
    });
    if !distribution.version.is_empty() {
        system["versionInfo"] = json!(distribution.version);
    }
    Some(system)
}

fn package(
    document: &Document<'_>,
    id: &str,
    purl: &str,
    members: &[&Package],
    licenses: &mut Licenses,
) -> Option<Value> {
    let first = *members.first()?;
    let declared = if document.licenses {
        licenses.expression(&first.licenses)
    } else {
        NOT_SAID.to_owned()
    };
    let mut paths: BTreeSet<&str> = BTreeSet::new();
    paths.extend(members.iter().map(|p| p.evidence.path.as_str()));
    paths.remove("");
    let paths: Vec<&str> = paths.into_iter().collect();
    let mut out = json!({
        "SPDXID": id,
        "name": first.name,
        "versionInfo": first.version,
        "downloadLocation": NOT_SAID,
        "filesAnalyzed": false,
        "licenseConcluded": NOT_SAID,
        "licenseDeclared": declared,
        "copyrightText": NOT_SAID,
        "primaryPackagePurpose": "LIBRARY",
        "externalRefs": [purl_reference(purl)],
    });
    if let Some(supplier) = &first.supplier {
        out["supplier"] = json!(format!("Organization: {supplier}"));
    }
    if !paths.is_empty() {
        out["sourceInfo"] = json!(format!(
            "acquired package info from the following paths: {}",
            paths.join(", ")
        ));
    }
    let layers = document.inventory.image.as_ref().map(|i| &i.layers);
    let layer = first
        .evidence
        .layer
        .and_then(|l| layers?.get(usize::try_from(l).ok()?));
    if let Some(layer) = layer {
        out["comment"] = json!(format!("layer {} ({})", layer.index, layer.diff_id));
    }
    Some(out)
}

/// Licences that are no SPDX ids, gathered as `LicenseRef-…` (clause 10).
#[derive(Default)]
struct Licenses {
    references: BTreeMap<String, String>,
}

impl Licenses {
    /// The declared licences as one expression; what is no SPDX expression becomes a reference.
    fn expression(&mut self, declared: &[String]) -> String {
        let mut parts: Vec<String> = Vec::new();
        for license in declared.iter().map(|l| l.trim()).filter(|l| !l.is_empty()) {
            let part = match license_ids::expression(license) {
                Some(expression) => expression,
                None => self.reference(license),
            };
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        match parts.as_slice() {
            [] => NOT_SAID.to_owned(),
            [only] => only.clone(),
            many => many
                .iter()
                .map(|p| {
                    if p.contains(' ') {
                        format!("({p})")
                    } else {
                        p.clone()
                    }
                })
                .collect::<Vec<_>>()
                .join(" AND "),
        }
    }

    fn reference(&mut self, text: &str) -> String {
        let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes());
        let hash = hash.simple().to_string();
        let words: String = text
            .chars()
            .take(40)
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let id = format!("LicenseRef-{}-{}", words.trim_matches('-'), &hash[..8]);
        self.references.insert(id.clone(), text.to_owned());
        id
    }

    fn extracted(self) -> Vec<Value> {
        self.references
            .into_iter()
            .map(|(id, text)| json!({"licenseId": id, "name": text, "extractedText": text}))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_expression_becomes_a_reference() {
        let mut licenses = Licenses::default();
        let list = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        for (declared, expected) in [
            (&[][..], "NOASSERTION"),
            (&["MIT"], "MIT"),
            (&["MIT", "MIT"], "MIT"),
            (
                &["Apache-2.0 OR MIT", "Zlib"],
                "(Apache-2.0 OR MIT) AND Zlib",
            ),
            (&["GPL-2+"], "GPL-2.0-or-later"),
        ] {
            assert_eq!(licenses.expression(&list(declared)), expected);
        }
        let text = licenses.expression(&list(&["BSD License (3 clauses)"]));
        assert!(
            text.starts_with("LicenseRef-BSD-License--3-clauses-"),
            "{text}"
        );
        assert!(
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        );
        assert_eq!(licenses.extracted().len(), 1);
    }
}
