//! Bills of materials, with the vulnerabilities that CycloneDX may carry.

use std::collections::BTreeMap;

use seaworthy_model::{Inventory, Package, Rating, State, TargetKind};
use serde_json::Value;

use super::fields::{self, get, list, string, text};
use super::packages::package;
use super::{
    Ignored, ReadError, ReportFormat, ScanKind, ScannerName, ScannerReport, Vulnerability,
};

pub(super) fn read(document: &Value, bytes: &[u8]) -> Result<ScannerReport, ReadError> {
    let sbom = seaworthy_sbom::read(bytes)?;
    let format = match sbom.format {
        seaworthy_sbom::SbomFormat::CycloneDx => ReportFormat::CycloneDx,
        seaworthy_sbom::SbomFormat::Spdx => ReportFormat::Spdx,
    };
    let name = match sbom.tool.name.as_str() {
        "" => "sbom",
        name => name,
    };
    let mut report = ScannerReport::new(ScannerName::from(name.to_owned()), format);
    report.tool = sbom.tool;
    report.target.name = sbom.target_name;
    report.target.source = "sbom".to_owned();
    report.target.kind = if sbom.inventory.image.is_some() {
        TargetKind::Image
    } else {
        TargetKind::Sbom
    };
    let Inventory {
        distribution,
        packages,
        image,
        coverage,
        ..
    } = sbom.inventory;
    report.distribution = distribution;
    report.packages = packages;
    report.lists_packages = true;
    report.coverage = coverage;
    if let Some(image) = &image {
        report.digests.extend(image.manifest_digest.clone());
        report.digests.extend(image.config_digest.clone());
    }
    report.image = image;
    // Trivy writes an empty list into every document, so an empty one says nothing about a scan.
    let entries = fields::answer(document, "vulnerabilities", format)?;
    if !entries.is_empty() {
        report.kinds.insert(ScanKind::Vulnerability);
        vulnerabilities(&mut report, document, entries);
    }
    Ok(report)
}

/// `bom-ref` of every component and what it is.
fn components<'a>(value: &'a Value, out: &mut BTreeMap<&'a str, &'a Value>) {
    for component in list(value, "components") {
        out.insert(text(component, "bom-ref"), component);
        components(component, out);
    }
}

fn vulnerabilities(report: &mut ScannerReport, document: &Value, entries: &[Value]) {
    let mut known = BTreeMap::new();
    let whole = get(get(document, "metadata"), "component");
    known.insert(text(whole, "bom-ref"), whole);
    components(document, &mut known);
    let mut skipped = 0;
    for entry in entries {
        let id = text(entry, "id");
        if id.is_empty() {
            skipped += 1;
            continue;
        }
        let base = vulnerability(entry, id);
        let mut affected: Vec<_> = (list(entry, "affects").iter())
            .map(|affects| component(affects, &known))
            .collect();
        if affected.is_empty() {
            // The list is optional (CycloneDX 1.6, `vulnerabilities[].affects`).
            affected.push(package("", None, "", "", ""));
        }
        let state = text(get(entry, "analysis"), "state");
        for package in affected {
            let vulnerability = Vulnerability {
                package,
                ..base.clone()
            };
            // What was examined and is no problem here, or none any more.
            if matches!(fields::state(state), State::NotAffected | State::Fixed) {
                report.ignored.push(Ignored {
                    vulnerability,
                    reason: format!("analysis state {state}"),
                    cleared: true,
                });
            } else {
                report.vulnerabilities.push(vulnerability);
            }
        }
    }
    report.note_skipped(skipped, "an id");
}

/// The package that an entry of `affects` refers to.
fn component(affects: &Value, known: &BTreeMap<&str, &Value>) -> Package {
    let reference = text(affects, "ref");
    let component = known.get(reference).copied().unwrap_or(&Value::Null);
    // Some tools refer to the purl itself.
    let purl = match text(component, "purl") {
        "" => reference,
        purl => purl,
    };
    let told = list(affects, "versions")
        .first()
        .map_or("", |v| text(v, "version"));
    let version = match told {
        "" => text(component, "version"),
        told => told,
    };
    package(purl, None, text(component, "name"), version, "")
}

fn vulnerability(entry: &Value, id: &str) -> Vulnerability {
    let mut found = Vulnerability::new(id, package("", None, "", "", ""));
    let others = list(entry, "references").iter().map(|r| string(r, "id"));
    (found.aliases, found.advisories) = fields::sort_ids(id, others);
    let property = |name: &str| {
        list(entry, "properties")
            .iter()
            .find(|p| text(p, "name") == name)
            .map_or("", |p| text(p, "value"))
    };
    let fixed = match property("seaworthy:fixed-version") {
        "" => recommended(text(entry, "recommendation")),
        fixed => Some(fixed.to_owned()),
    };
    found.state = match property("seaworthy:state") {
        "" if fixed.is_some() => State::Fixed,
        "" => State::Unknown,
        word => fields::state(word),
    };
    found.fixed_version = fixed;
    found.source = string(get(entry, "source"), "name");
    found.ratings = list(entry, "ratings")
        .iter()
        .filter_map(|r| {
            let word = text(r, "severity");
            fields::rating(
                text(get(r, "source"), "name"),
                (!word.is_empty()).then(|| fields::severity(word)),
                text(r, "vector"),
                fields::score(get(r, "score")),
            )
        })
        .collect::<Vec<Rating>>();
    if let Some(first) = found.ratings.first() {
        found.severity = first.severity;
        found.severity_source.clone_from(&first.source);
    }
    // `created` is when the document's author recorded it, which is not when it became public.
    found.published = fields::date(entry, "published");
    found.title = text(entry, "description").chars().take(200).collect();
    found
}

/// `upgrade zlib to 1.3`, `Upgrade zlib to version 1.3; …`.
fn recommended(text: &str) -> Option<String> {
    let (_, rest) = text.split_once(" to ")?;
    let rest = rest.trim_start_matches("version ");
    let version = rest.split([' ', ';', ',']).next()?;
    version
        .starts_with(|c: char| c.is_ascii_digit() || c == 'v')
        .then(|| version.to_owned())
}
