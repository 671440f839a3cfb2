//! Syft's own JSON: packages only.

use seaworthy_model::TargetKind;
use serde_json::Value;

use super::fields::{first, get, list, string, text};
use super::packages::{self, package};
use super::{ReportFormat, ScannerName, ScannerReport};

pub(super) fn read(document: &Value) -> ScannerReport {
    let mut report = ScannerReport::new(ScannerName::Other("syft".to_owned()), ReportFormat::Syft);
    report.tool.version = string(get(document, "descriptor"), "version");
    report.target.source = "syft".to_owned();
    let source = get(document, "source");
    let metadata = get(source, "metadata");
    report.target.name = match first(metadata, &["userInput", "path"]) {
        "" => text(source, "name"),
        name => name,
    }
    .to_owned();
    report.target.kind = match text(source, "type") {
        "image" => TargetKind::Image,
        _ => TargetKind::Directory,
    };
    for key in ["imageID", "manifestDigest"] {
        let digest = string(metadata, key);
        report
            .digests
            .extend((!digest.is_empty()).then_some(digest));
    }
    let distro = get(document, "distro");
    report.distribution = packages::distribution(
        first(distro, &["id", "name"]),
        first(distro, &["versionID", "version"]),
    );
    report.lists_packages = true;
    for artifact in list(document, "artifacts") {
        let location = list(artifact, "locations").first();
        let path = location.map_or("", |l| text(l, "path"));
        let kind = packages::kind(text(artifact, "type"));
        let name = text(artifact, "name");
        let purl = text(artifact, "purl");
        report
            .packages
            .push(package(purl, kind, name, text(artifact, "version"), path));
    }
    report
}
