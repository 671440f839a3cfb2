//! Packages and images as the documents of other tools describe them.

use seaworthy_model::{
    Evidence, ImageFacts, Layer, Package, PackageType, Purl, normal_python_name,
};

use crate::bom::ReadComponent;
use crate::read;

/// The package that a purl names, without what only properties tell.
pub(crate) fn package(purl: &Purl, kind: PackageType, evidence: Evidence) -> Package {
    let joined = |separator: &str| match &purl.namespace {
        Some(namespace) => format!("{namespace}{separator}{}", purl.name),
        None => purl.name.clone(),
    };
    let name = match kind {
        PackageType::Npm | PackageType::Composer | PackageType::Go | PackageType::Swift => {
            joined("/")
        }
        PackageType::Maven => joined(":"),
        PackageType::PyPi => normal_python_name(&purl.name).into_owned(),
        _ => purl.name.clone(),
    };
    let version = full_version(purl, kind);
    let mut package = Package::new(kind, name, version, "");
    package.evidence = evidence;
    if kind.is_os() {
        package.arch = purl.qualifier("arch").map(str::to_owned);
        package.module = purl
            .qualifier("rpmmod")
            .or_else(|| purl.qualifier("modularitylabel"))
            .map(str::to_owned);
        if let Some(upstream) = purl.qualifier("upstream") {
            set_upstream(&mut package, upstream);
        }
    }
    package
}

/// The package that a purl names, as Seaworthy writes names and versions; none for a type that it
/// does not know. Where it lies is not in a purl.
#[must_use]
pub fn package_of_purl(purl: &Purl) -> Option<Package> {
    let kind = PackageType::from_purl_type(&purl.kind)?;
    Some(package(purl, kind, Evidence::default()))
}

/// The version with the epoch that deb and rpm purls keep in a qualifier, and some tools those of
/// alpm too.
fn full_version(purl: &Purl, kind: PackageType) -> String {
    let version = purl.version.clone().unwrap_or_default();
    match purl.qualifier("epoch") {
        Some(epoch)
            if matches!(
                kind,
                PackageType::Deb | PackageType::Rpm | PackageType::Alpm
            ) && epoch != "0"
                && !version.contains(':') =>
        {
            format!("{epoch}:{version}")
        }
        _ if kind == PackageType::Go && purl.name == "stdlib" => {
            version.trim_start_matches("go").to_owned()
        }
        _ => version,
    }
}

/// The `upstream` qualifier: `zlib`, `zlib@1.2.13`, or a source rpm's file name.
fn set_upstream(package: &mut Package, upstream: &str) {
    if let Some(stem) = upstream.strip_suffix(".src.rpm") {
        let mut parts = stem.rsplitn(3, '-');
        let release = parts.next();
        let version = parts.next();
        if let (Some(release), Some(version), Some(name)) = (release, version, parts.next()) {
            package.source_name = Some(name.to_owned());
            let source_version = format!("{version}-{release}");
            let same = package.version.rsplit(':').next() == Some(source_version.as_str());
            package.source_version = (!same).then_some(source_version);
        }
        return;
    }
    match upstream.split_once('@') {
        Some((name, version)) => {
            package.source_name = Some(name.to_owned());
            package.source_version = Some(version.to_owned()).filter(|v| *v != package.version);
        }
        None => package.source_name = Some(upstream.to_owned()),
    }
}

/// Adds what properties and other fields tell.
pub(crate) fn enrich(package: &mut Package, component: &ReadComponent) {
    package.supplier = component
        .supplier
        .as_ref()
        .and_then(|s| s.get("name"))
        .and_then(serde_json::Value::as_str)
        .map(str::to_owned)
        .or_else(|| component.publisher.clone());
    package.licenses = read::licenses(component.licenses.as_ref());
    let trivy = |name: &str| component.property(&format!("aquasecurity:trivy:{name}"));
    if let Some(label) = trivy("Modularitylabel") {
        package.module = Some(label.to_owned());
    }
    if !package.kind.is_os() {
        return;
    }
    if let Some(name) = trivy("SrcName") {
        package.source_name = Some(name.to_owned());
    }
    if let Some(version) = trivy("SrcVersion") {
        let mut full = String::new();
        if let Some(epoch) = trivy("SrcEpoch").filter(|e| *e != "0") {
            full.push_str(epoch);
            full.push(':');
        }
        full.push_str(version);
        if let Some(release) = trivy("SrcRelease") {
            full.push('-');
            full.push_str(release);
        }
        package.source_version = Some(full).filter(|v| *v != package.version);
    }
}

/// Where the component was found, as Trivy's and Syft's properties say.
pub(crate) fn evidence(component: &ReadComponent, layers: &[Layer]) -> Evidence {
    let path = component
        .property("aquasecurity:trivy:FilePath")
        .or_else(|| component.property("syft:location:0:path"))
        .unwrap_or_default();
    let diff_id = component
        .property("aquasecurity:trivy:LayerDiffID")
        .or_else(|| component.property("syft:location:0:layerID"));
    let layer = diff_id
        .and_then(|id| layers.iter().find(|l| l.diff_id == id))
        .map(|l| l.index);
    Evidence {
        layer,
        path: path.trim_start_matches('/').to_owned(),
    }
}

/// The image that Trivy's or Syft's root component describes.
pub(crate) fn image(component: &ReadComponent) -> Option<ImageFacts> {
    if component.kind.as_deref() != Some("container") {
        return None;
    }
    let layers = component
        .all("aquasecurity:trivy:DiffID")
        .zip(0_u32..)
        .map(|(diff_id, index)| Layer {
            index,
            diff_id: diff_id.to_owned(),
            ..Layer::default()
        })
        .collect();
    Some(ImageFacts {
        config_digest: component
            .property("aquasecurity:trivy:ImageID")
            .map(str::to_owned),
        manifest_digest: component
            .version
            .clone()
            .filter(|v| v.starts_with("sha256:")),
        layers,
        ..ImageFacts::default()
    })
}
