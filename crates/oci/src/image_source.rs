use std::io::{self, Read};

use seaworthy_model::ReadAt;

use crate::ImageConfig;

/// What is known of a layer before it is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LayerInfo {
    /// Digest as stored; none where the source does not tell (docker-archive).
    pub digest: Option<String>,
    /// Digest of the uncompressed tar.
    pub diff_id: String,
    /// Size in bytes as stored.
    pub size: u64,
    /// Media type, may be empty.
    pub media_type: String,
    /// Why it cannot be read, for example because it is not distributable.
    pub unavailable: Option<String>,
    /// The instruction that made it.
    pub created_by: Option<String>,
}

/// The stored bytes of a layer.
pub enum LayerData {
    /// They arrive in order, their digest checked on the way.
    Stream(Box<dyn Read + Send>),
    /// They lie on a disk.
    Random(Box<dyn ReadAt>),
}

/// An image, from wherever.
pub trait ImageSource: Send + Sync {
    /// What the user named, without credentials.
    fn name(&self) -> &str;

    /// `registry`, `docker-archive`, `oci-dir` …
    fn kind(&self) -> &'static str;

    /// Digest of the manifest, where there is one.
    fn manifest_digest(&self) -> Option<&str>;

    /// Digest of the configuration.
    fn config_digest(&self) -> Option<&str>;

    /// The configuration.
    fn config(&self) -> &ImageConfig;

    /// The configuration's bytes.
    fn config_raw(&self) -> &[u8];

    /// The layers, bottom first.
    fn layers(&self) -> &[LayerInfo];

    /// Opens a layer; called from several threads.
    ///
    /// # Errors
    /// What the medium or the network says.
    fn open_layer(&self, index: usize) -> io::Result<LayerData>;
}
