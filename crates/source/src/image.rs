use std::io;

use seaworthy_oci::{Digest, ImageConfig, ImageSource, LayerData, LayerInfo, Manifest, MediaType};

/// Opens the layer of a position.
pub(crate) type Opener = Box<dyn Fn(usize) -> io::Result<LayerData> + Send + Sync>;

/// An image whose manifest and configuration were read.
pub(crate) struct Image {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) manifest_digest: Option<String>,
    pub(crate) config_digest: Option<String>,
    pub(crate) config: ImageConfig,
    pub(crate) config_raw: Vec<u8>,
    pub(crate) layers: Vec<LayerInfo>,
    pub(crate) opener: Opener,
}

impl ImageSource for Image {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn manifest_digest(&self) -> Option<&str> {
        self.manifest_digest.as_deref()
    }

    fn config_digest(&self) -> Option<&str> {
        self.config_digest.as_deref()
    }

    fn config(&self) -> &ImageConfig {
        &self.config
    }

    fn config_raw(&self) -> &[u8] {
        &self.config_raw
    }

    fn layers(&self) -> &[LayerInfo] {
        &self.layers
    }

    fn open_layer(&self, index: usize) -> io::Result<LayerData> {
        if index >= self.layers.len() {
            return Err(io::Error::other(format!("the image has no layer {index}")));
        }
        (self.opener)(index)
    }
}

/// The layers of a manifest with what the configuration says about each, or why the two do not
/// belong together.
pub(crate) fn layers_of(
    manifest: &Manifest,
    config: &ImageConfig,
) -> Result<Vec<LayerInfo>, String> {
    let diff_ids = &config.rootfs.diff_ids;
    if diff_ids.len() != manifest.layers.len() {
        return Err(format!(
            "the manifest lists {} layers, the configuration {}",
            manifest.layers.len(),
            diff_ids.len()
        ));
    }
    let instructions = config.instructions(diff_ids.len());
    manifest
        .layers
        .iter()
        .zip(diff_ids)
        .zip(instructions)
        .map(|((layer, diff_id), created_by)| {
            for digest in [&layer.digest, diff_id] {
                digest
                    .parse::<Digest>()
                    .map_err(|e| format!("the image names {e}"))?;
            }
            Ok(LayerInfo {
                digest: Some(layer.digest.clone()),
                diff_id: diff_id.clone(),
                size: layer.size,
                media_type: layer.media_type.clone(),
                unavailable: unavailable(layer.media_type.as_str()),
                created_by,
            })
        })
        .collect()
}

/// Why a layer of this type cannot be read as a tar, before anything is fetched. A layer that is
/// not distributable may be there all the same, so the opener has the last word on those.
fn unavailable(media_type: &str) -> Option<String> {
    if media_type.contains("encrypted") {
        return Some(format!("the layer is encrypted ({media_type})"));
    }
    match MediaType::of(media_type) {
        MediaType::Layer | MediaType::NonDistributableLayer => None,
        _ if media_type.is_empty() => None,
        _ => Some(format!("a layer of type {media_type} is not a tar")),
    }
}
