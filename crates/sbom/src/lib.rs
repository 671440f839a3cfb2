//! Bills of materials: writes CycloneDX 1.6 and SPDX 2.3 JSON, and reads CycloneDX and SPDX 2.x JSON
//! back.
//!
//! What [`write_cyclonedx`] writes, [`read`] reads without loss, so a scan of our own document
//! gives the same findings as a scan of the image. Documents of other tools are read as far as
//! their package URLs and well-known properties allow; what cannot be used becomes coverage.

mod about;
mod bom;
mod dependency;
mod distro;
mod foreign;
mod license_ids;
mod lockfile;
mod read;
mod spdx;
mod spdx_write;
mod vulnerability;
mod write;

pub use dependency::{dependency_files, input_files, write_dependency_cyclonedx};
pub use distro::{distribution_named as distribution, trivy_family, trivy_package_type};
pub use foreign::package_of_purl;
pub use lockfile::{LockfileKind, lockfile_kind};
pub use read::{MAX_BYTES, MAX_COMPONENTS, SbomFormat, SbomInventory, read};
pub use spdx_write::write_spdx;
pub use write::{Document, split_reference, write_cyclonedx};

/// Why a document could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// More bytes than a bill of materials may have.
    #[error("the bill of materials has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// More components than a bill of materials may have.
    #[error("the bill of materials has more than {0} components")]
    TooManyComponents(usize),
    /// JSON that does not have the document's shape.
    #[error("the bill of materials is not valid JSON of its format: {0}")]
    Json(#[source] serde_json::Error),
    /// A document of another kind.
    #[error("not a bill of materials: neither `bomFormat` CycloneDX nor `spdxVersion` SPDX-2.x")]
    UnknownFormat,
    /// A version of a known format that this build does not read.
    #[error("{0} is not a supported version (CycloneDX 1.x, SPDX 2.x)")]
    UnsupportedVersion(String),
    /// The sink refused the bytes.
    #[error("cannot write the bill of materials: {0}")]
    Write(#[from] std::io::Error),
}
