//! OCI image layouts (OCI image specification, image-layout.md): a directory, or the same files in
//! a tar.

mod store;

use std::io;
use std::path::Path;
use std::sync::Arc;

use seaworthy_oci::{
    Descriptor, Digest, DigestReader, Document, ImageConfig, ImageSource, Index, LayerData,
    MAX_CONFIG, MAX_MANIFEST, Platform, parse_document,
};

use crate::disk::{FileAt, Sequential};
use crate::image::{Image, layers_of};
use crate::{Error, SourceOptions};

pub use store::layout_store;

/// Indexes in indexes; one level is usual.
const MAX_DEPTH: u32 = 3;

/// Where a layout's files are.
pub(crate) trait Files: Send + Sync {
    /// Opens one, by its path in the layout.
    fn file(&self, path: &str) -> io::Result<FileAt>;
}

struct Directory(std::path::PathBuf);

impl Files for Directory {
    fn file(&self, path: &str) -> io::Result<FileAt> {
        FileAt::new(std::fs::File::open(self.0.join(path))?)
    }
}

/// Opens a layout in a directory.
pub(crate) fn open(
    path: &Path,
    tag: Option<&str>,
    options: &SourceOptions,
) -> Result<Box<dyn ImageSource>, Error> {
    let shown = crate::error::shown(path);
    if !path.is_dir() {
        return Err(if path.exists() {
            Error::target(shown, "is not a directory")
                .with_hint("oci-archive: reads a layout in a tar")
        } else {
            Error::target(shown, "no such directory")
        });
    }
    let name = match tag {
        Some(tag) => format!("{shown}:{tag}"),
        None => shown,
    };
    read(
        Arc::new(Directory(path.to_owned())),
        name,
        "oci-dir",
        tag,
        options,
    )
}

/// Reads manifest and configuration of a layout's image.
pub(crate) fn read(
    files: Arc<dyn Files>,
    name: String,
    kind: &'static str,
    tag: Option<&str>,
    options: &SourceOptions,
) -> Result<Box<dyn ImageSource>, Error> {
    let layout = Layout {
        files,
        name,
        options,
    };
    let descriptor = layout.choose(tag)?;
    let (manifest_digest, manifest) = layout.manifest(descriptor, 0)?;
    let config_raw = layout.blob(&manifest.config, "configuration", MAX_CONFIG)?;
    let config = ImageConfig::parse(&config_raw).map_err(|e| layout.damaged(e.to_string()))?;
    let mut layers = layers_of(&manifest, &config).map_err(|e| layout.damaged(e))?;
    for layer in &mut layers {
        let path = blob_path(layer.digest.as_deref().unwrap_or_default());
        if layer.unavailable.is_none() && layout.files.file(&path).is_err() {
            if !layer.media_type.contains("nondistributable")
                && !layer.media_type.contains("foreign")
            {
                return Err(layout.damaged(format!("{path} is missing")));
            }
            layer.unavailable =
                Some("the layer is not distributable and is not in the layout".to_owned());
        }
    }
    let opener = {
        let files = Arc::clone(&layout.files);
        let layers = layers.clone();
        let verify = options.verify;
        Box::new(move |index: usize| {
            let layer = &layers[index];
            let digest = layer.digest.as_deref().unwrap_or_default();
            let file = files.file(&blob_path(digest))?;
            stored_layer(file, digest, layer.size, verify)
        })
    };
    Ok(Box::new(Image {
        manifest_digest: Some(manifest_digest),
        config_digest: Some(manifest.config.digest),
        name: layout.name,
        kind,
        config,
        config_raw,
        layers,
        opener,
    }))
}

/// A layer that lies on a disk: read by seeking, or whole and checked. The length of a blob costs
/// nothing to check.
fn stored_layer(file: FileAt, digest: &str, size: u64, verify: bool) -> io::Result<LayerData> {
    use seaworthy_model::ReadAt as _;
    if file.len() != size {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{digest} has {} bytes instead of {size}", file.len()),
        ));
    }
    if verify {
        let digest: Digest = digest.parse().map_err(io::Error::other)?;
        return Ok(LayerData::Stream(Box::new(DigestReader::new(
            Sequential::new(file),
            digest,
            Some(size),
        ))));
    }
    Ok(LayerData::Random(Box::new(file)))
}

/// `blobs/sha256/…`
fn blob_path(digest: &str) -> String {
    format!("blobs/{}", digest.replacen(':', "/", 1))
}

struct Layout<'o> {
    files: Arc<dyn Files>,
    name: String,
    options: &'o SourceOptions,
}

impl Layout<'_> {
    fn damaged(&self, message: impl Into<String>) -> Error {
        Error::target(&*self.name, message)
    }

    /// The image of `index.json` that the tag names, or the only one.
    fn choose(&self, tag: Option<&str>) -> Result<Descriptor, Error> {
        let bytes = self
            .files
            .file("index.json")
            .and_then(|file| file.all(MAX_MANIFEST))
            .map_err(|e| self.damaged(format!("no OCI layout: index.json: {e}")))?;
        let Document::Index(index) =
            parse_document(&bytes, Some("application/vnd.oci.image.index.v1+json"))
                .map_err(|e| self.damaged(e.to_string()))?
        else {
            return Err(self.damaged("index.json is not an index"));
        };
        if let Some(tag) = tag {
            return index
                .manifests
                .iter()
                .find(|d| {
                    tag_of(d).is_some_and(|name| name == tag || name.ends_with(&format!(":{tag}")))
                        || d.digest == tag
                })
                .cloned()
                .ok_or_else(|| {
                    self.damaged(format!("the layout has no image {tag}"))
                        .with_hint(names(&index))
                });
        }
        let mut found = images(&index);
        match (found.next(), found.next()) {
            (None, _) => Err(self.damaged("the layout has no image")),
            (Some(only), None) => Ok(only.clone()),
            // Several that differ in their platform are one image.
            (Some(_), Some(_)) => {
                let tags: std::collections::BTreeSet<_> = images(&index).map(tag_of).collect();
                let platforms = images(&index).all(|d| d.platform.is_some());
                if tags.len() == 1 && platforms {
                    self.of_platform(&index)
                } else {
                    Err(Error::usage(&*self.name, "the layout has several images")
                        .with_hint(names(&index)))
                }
            }
        }
    }

    fn of_platform(&self, index: &Index) -> Result<Descriptor, Error> {
        let wish = self.options.platform.clone().unwrap_or_else(Platform::host);
        index.choose(&wish).cloned().ok_or_else(|| {
            self.damaged(format!("no image for {wish}"))
                .with_hint(format!("--platform takes one of: {}", index.platforms()))
        })
    }

    fn manifest(
        &self,
        descriptor: Descriptor,
        depth: u32,
    ) -> Result<(String, seaworthy_oci::Manifest), Error> {
        let bytes = self.blob(&descriptor, "manifest", MAX_MANIFEST)?;
        match parse_document(&bytes, Some(&descriptor.media_type))
            .map_err(|e| self.damaged(e.to_string()))?
        {
            Document::Manifest(manifest) => Ok((descriptor.digest, manifest)),
            Document::Index(_) if depth == MAX_DEPTH => {
                Err(self.damaged("its indexes are nested too deeply"))
            }
            Document::Index(index) => self.manifest(self.of_platform(&index)?, depth + 1),
        }
    }

    /// A small blob, checked: that costs nothing.
    fn blob(&self, descriptor: &Descriptor, what: &str, limit: usize) -> Result<Vec<u8>, Error> {
        let digest = descriptor
            .digest()
            .map_err(|e| self.damaged(e.to_string()))?;
        let path = blob_path(digest.as_str());
        let bytes = self
            .files
            .file(&path)
            .and_then(|file| file.all(limit))
            .map_err(|e| self.damaged(format!("the {what} {path} cannot be read: {e}")))?;
        if !digest.matches(&bytes) {
            return Err(self.damaged(format!("the {what} does not have the digest {digest}")));
        }
        Ok(bytes)
    }
}

fn tag_of(descriptor: &Descriptor) -> Option<&str> {
    descriptor
        .annotations
        .get("org.opencontainers.image.ref.name")
        .map(String::as_str)
}

/// The images of a layout, without what is attached to them: artifacts, and what goes by a tag
/// that names a digest (`sha256-….sig`, the list of referrers).
fn images(index: &Index) -> impl Iterator<Item = &Descriptor> {
    let attached = |name: &str| {
        let hex = name.strip_prefix("sha256-").unwrap_or_default();
        hex.split('.')
            .next()
            .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    index
        .images()
        .filter(move |d| d.artifact_type.is_none() && !tag_of(d).is_some_and(attached))
}

fn names(index: &Index) -> String {
    let names: Vec<&str> = images(index)
        .map(|d| tag_of(d).unwrap_or(&d.digest))
        .collect();
    format!("the layout has: {}", names.join(", "))
}
