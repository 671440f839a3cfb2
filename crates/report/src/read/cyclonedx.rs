//! Bills of materials, with the vulnerabilities that CycloneDX may carry.

use std::collections::BTreeMap;

use seaworthy_model::{Inventory, Rating, State, TargetKind};
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
    if let Some(image) = image {
        report.digests.extend(image.manifest_digest);
        report.digests.extend(image.config_digest);
    }
    // Trivy writes an empty list into every document, so an empty one says nothing about a scan.
    if !list(document, "vulnerabilities").is_empty() {
        report.kinds.insert(ScanKind::Vulnerability);
        vulnerabilities(&mut report, document);
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

fn vulnerabilities(report: &mut ScannerReport, document: &Value) {
    let mut known = BTreeMap::new();
    components(document, &mut known);
    let mut skipped = 0;
    for entry in list(document, "vulnerabilities") {
        let id = text(entry, "id");
        if id.is_empty() {
            skipped += 1;
            continue;
        }
        let base = vulnerability(entry, id);
        for affects in list(entry, "affects") {
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
            let name = text(component, "name");
            let version = match told {
                "" => text(component, "version"),
                told => told,
            };
            let found = Vulnerability {
                package: package(purl, None, name, version, ""),
                ..base.clone()
            };
            let analysis = get(entry, "analysis");
            match text(analysis, "state") {
                "" => report.vulnerabilities.push(found),
                word if fields::state(word) == State::NotAffected => {
                    report.ignored.push(Ignored {
                        vulnerability: found,
                        reason: format!("analysis state {word}"),
                    });
                }
                _ => report.vulnerabilities.push(found),
            }
        }
    }
    report.note_skipped(skipped, "an id");
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
