//! What an image is made of: references, digests, manifests, indexes, configurations, and the
//! traits through which the rest of the house sees one. No input or output besides the writer of
//! [`layout`], which writes into what it is given.

pub mod artifact;
mod config;
mod digest;
mod image_source;
pub mod layout;
mod manifest;
mod media_type;
mod platform;
mod reference;

pub use artifact::{
    ArtifactManifest, ArtifactStore, MemoryStore, StoreError, StoreErrorKind, StoredManifest,
};
pub use config::{ConfigSettings, Healthcheck, HistoryEntry, ImageConfig, RootFs};
pub use digest::{Digest, DigestReader, InvalidDigest};
pub use image_source::{ImageSource, LayerData, LayerInfo};
pub use manifest::{Descriptor, Document, Index, Manifest, parse_document};
pub use media_type::{Compression, MediaType};
pub use platform::{InvalidPlatform, Platform};
pub use reference::{InvalidReference, Reference};

/// Why a document of an image could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// More bytes than such a document may have.
    #[error("the {what} has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Which document.
        what: &'static str,
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// JSON that does not have the document's shape.
    #[error("the {what} is not valid: {cause}")]
    Json {
        /// Which document.
        what: &'static str,
        /// What the parser says.
        cause: serde_json::Error,
    },
    /// A digest in it is none.
    #[error("the {what} holds {cause}")]
    Digest {
        /// Which document.
        what: &'static str,
        /// The digest.
        cause: InvalidDigest,
    },
    /// Docker's first manifest format, which names no configuration.
    #[error(
        "Docker image manifest version 1 is not supported; push the image again with a current client"
    )]
    SchemaOne,
    /// A manifest of something that is no image.
    #[error("{0} is not a container image")]
    NotAnImage(String),
    /// More layers than an image may have.
    #[error("the manifest lists {0} layers, more than the limit of {MAX_LAYERS}")]
    TooManyLayers(usize),
}

/// Most layers of one image; runtimes stop at 127 or 500.
pub const MAX_LAYERS: usize = 1000;
/// Largest manifest or index in bytes (distribution specification, "Pushing Manifests").
pub const MAX_MANIFEST: usize = 4 << 20;
/// Largest image configuration in bytes.
pub const MAX_CONFIG: usize = 8 << 20;
