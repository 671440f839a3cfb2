/// The media types of images (OCI image specification, media-types.md; Docker image manifest
/// version 2, schema 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    /// One platform's image.
    Manifest,
    /// Several platforms' images.
    Index,
    /// Docker's first manifest format.
    SchemaOne,
    /// A layer, in whatever compression.
    Layer,
    /// A layer that a registry need not hold (Windows base layers).
    NonDistributableLayer,
    /// An image configuration.
    Config,
    /// Anything else.
    Other,
}

impl MediaType {
    /// All types that a client names in `Accept` when it asks for a manifest.
    pub const ACCEPT: &'static str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

    /// The type behind a name; parameters after `;` do not matter.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name.split(';').next().unwrap_or_default().trim() {
            "application/vnd.oci.image.manifest.v1+json"
            | "application/vnd.docker.distribution.manifest.v2+json" => Self::Manifest,
            "application/vnd.oci.image.index.v1+json"
            | "application/vnd.docker.distribution.manifest.list.v2+json" => Self::Index,
            "application/vnd.docker.distribution.manifest.v1+json"
            | "application/vnd.docker.distribution.manifest.v1+prettyjws" => Self::SchemaOne,
            "application/vnd.oci.image.config.v1+json"
            | "application/vnd.docker.container.image.v1+json" => Self::Config,
            name if name.contains("nondistributable") || name.contains("rootfs.foreign") => {
                Self::NonDistributableLayer
            }
            name if name.starts_with("application/vnd.oci.image.layer.v1.tar")
                || name.starts_with("application/vnd.docker.image.rootfs.diff.tar") =>
            {
                Self::Layer
            }
            _ => Self::Other,
        }
    }
}

/// How a layer is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// A plain tar.
    #[default]
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Compression {
    /// The layer media type of the OCI image specification.
    #[must_use]
    pub const fn layer_media_type(self) -> &'static str {
        match self {
            Self::None => "application/vnd.oci.image.layer.v1.tar",
            Self::Gzip => "application/vnd.oci.image.layer.v1.tar+gzip",
            Self::Zstd => "application/vnd.oci.image.layer.v1.tar+zstd",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known() {
        for (name, expected) in [
            (
                "application/vnd.oci.image.index.v1+json; charset=utf-8",
                MediaType::Index,
            ),
            (
                "application/vnd.docker.distribution.manifest.v2+json",
                MediaType::Manifest,
            ),
            (
                "application/vnd.docker.image.rootfs.diff.tar.gzip",
                MediaType::Layer,
            ),
            (
                "application/vnd.oci.image.layer.v1.tar+zstd",
                MediaType::Layer,
            ),
            (
                "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                MediaType::NonDistributableLayer,
            ),
            (
                "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
                MediaType::NonDistributableLayer,
            ),
            (
                "application/vnd.docker.distribution.manifest.v1+prettyjws",
                MediaType::SchemaOne,
            ),
            ("application/spdx+json", MediaType::Other),
        ] {
            assert_eq!(MediaType::of(name), expected, "{name}");
        }
        assert_eq!(
            MediaType::of(Compression::Zstd.layer_media_type()),
            MediaType::Layer
        );
    }
}
