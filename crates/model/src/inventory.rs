use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Coverage, Package};

/// The fields of `os-release` that matter (freedesktop os-release specification).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct OsRelease {
    /// `ID`, lower case.
    pub id: String,
    /// `VERSION_ID`, may be empty (Debian sid, Arch).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version_id: String,
    /// `ID_LIKE`, split.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub id_like: Vec<String>,
    /// `PRETTY_NAME`, else `NAME`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pretty_name: String,
    /// `VERSION_CODENAME`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub codename: String,
    /// A more exact version from another file (`etc/alpine-release`, `etc/debian_version`).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub full_version: String,
    /// `NAME`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// `UBUNTU_CODENAME`, else `DEBIAN_CODENAME`: the release that a derivative is built on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub base_codename: String,
    /// `RHEL_VERSION`: the release of Red Hat Enterprise Linux inside another product (CoreOS).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rhel_version: String,
}

/// A distribution that was recognised, and its release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Distribution {
    /// os-release `ID`: `alpine`, `debian`, `ubuntu`, `rhel`, `almalinux`, `amzn`, `opensuse-leap` …
    pub id: String,
    /// os-release `VERSION_ID`, or the more exact version that the image gives: `3.18.4`, `12.5`,
    /// `22.04`, `9.3`; empty for rolling distributions.
    pub version: String,
    /// Name for people: `Debian 12.5`, `Alpine 3.18.4`.
    pub name: String,
}

impl Distribution {
    /// The shard that holds this release's advisories: `alpine:3.18`, `alpine:edge`, `debian:12`,
    /// `ubuntu:22.04`, `rhel:9`, `almalinux:9`, `rocky:9`, `amazon:2023`, `suse:15.5`, `wolfi`.
    /// None for a distribution that Seaworthy does not know.
    #[must_use]
    pub fn shard_key(&self) -> Option<String> {
        let version = self.version.as_str();
        let major = version.split('.').next().unwrap_or_default();
        let two = || {
            let mut parts = version.splitn(3, '.');
            match (parts.next(), parts.next()) {
                (Some(a), Some(b)) => format!("{a}.{b}"),
                _ => version.to_owned(),
            }
        };
        let release = |family: &str, release: &str| {
            (!release.is_empty()).then(|| format!("{family}:{release}"))
        };
        match self.id.as_str() {
            // Edge calls itself a version before the next release.
            "alpine"
                if ["_alpha", "_git", "edge"]
                    .iter()
                    .any(|mark| version.contains(mark)) =>
            {
                Some("alpine:edge".to_owned())
            }
            "alpine" => release("alpine", &two()),
            "wolfi" => Some("wolfi".to_owned()),
            "chainguard" => Some("chainguard".to_owned()),
            "debian" if version.is_empty() || version == "sid" => Some("debian:sid".to_owned()),
            "debian" => release("debian", major),
            "ubuntu" => release("ubuntu", &two()),
            "rhel" | "centos" => release("rhel", major),
            "almalinux" => release("almalinux", major),
            "rocky" => release("rocky", major),
            "ol" => release("oracle", major),
            // Releases of the first Amazon Linux are named after their months.
            "amzn" if major.starts_with("201") => Some("amazon:1".to_owned()),
            "amzn" => release("amazon", major),
            "fedora" => release("fedora", major),
            "sles" | "sled" | "suse" | "sles_sap" | "sle_hpc" => release("sles", version),
            "sle-micro" | "sl-micro" | "sle-micro-rancher" | "suse-microos" => {
                release("sle-micro", version)
            }
            "opensuse-leap" => release("opensuse-leap", version),
            // The others are made of Tumbleweed's packages.
            "opensuse-tumbleweed"
            | "opensuse-tumbleweed-kubic"
            | "opensuse-microos"
            | "opensuse-aeon"
            | "opensuse-kalpa" => Some("opensuse-tumbleweed".to_owned()),
            "photon" => release("photon", &two()),
            "azurelinux" | "mariner" => release(&self.id, &two()),
            "arch" | "bottlerocket" | "cleanstart" | "minimos" => Some(self.id.clone()),
            _ => None,
        }
    }

    /// The `distro` qualifier of a purl: `debian-12.5`.
    #[must_use]
    pub fn distro_qualifier(&self) -> String {
        if self.version.is_empty() {
            self.id.clone()
        } else {
            format!("{}-{}", self.id, self.version)
        }
    }
}

/// One layer of an image, bottom first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Layer {
    /// Position, 0 is the lowest.
    pub index: u32,
    /// Digest of the layer as stored (compressed), when the source tells one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Digest of the uncompressed tar (OCI image configuration, `rootfs.diff_ids`).
    pub diff_id: String,
    /// Size in bytes as stored.
    pub size: u64,
    /// The instruction that made it (OCI image configuration, `history[].created_by`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Whether the layer belongs to the base image, as far as the history tells.
    pub base: bool,
}

/// What the image configuration says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ImageFacts {
    /// Digest of the manifest, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest_digest: Option<String>,
    /// Digest of the configuration: the image id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_digest: Option<String>,
    /// `linux/amd64`, `linux/arm/v7`.
    pub platform: String,
    /// `config.User`, empty for root.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// The number that the image's own `etc/passwd` gives to a `user` that is a name; none for
    /// numbers, and where nobody could tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<u32>,
    /// When it was built, RFC 3339, as the builder says; some builders write 1970 for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Layers, bottom first.
    pub layers: Vec<Layer>,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// What is in the target, before anything is said about what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Inventory {
    /// The distribution, when one was recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<Distribution>,
    /// The packages, sorted by type, name, version and evidence.
    pub packages: Vec<Package>,
    /// The image's own facts; none for directories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageFacts>,
    /// Red Hat's content sets (repositories) that the image was built from, as its own manifests
    /// say, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content_sets: Vec<String>,
    /// Paths of the programs of package managers in the target, without leading slash, sorted; none
    /// when nobody looked, as in a report of another scanner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_managers: Option<Vec<String>>,
    /// What could not be read.
    pub coverage: Coverage,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shard_keys_name_the_release() {
        for (id, version, key) in [
            ("alpine", "3.18.4", Some("alpine:3.18")),
            ("alpine", "3.21_alpha20240807", Some("alpine:edge")),
            ("debian", "12.5", Some("debian:12")),
            ("debian", "", Some("debian:sid")),
            ("ubuntu", "22.04", Some("ubuntu:22.04")),
            ("rhel", "9.3", Some("rhel:9")),
            ("amzn", "2023", Some("amazon:2023")),
            ("amzn", "2", Some("amazon:2")),
            ("amzn", "2018.03", Some("amazon:1")),
            ("sles", "15.5", Some("sles:15.5")),
            ("sles_sap", "15.4", Some("sles:15.4")),
            ("sl-micro", "6.0", Some("sle-micro:6.0")),
            ("opensuse-microos", "20240101", Some("opensuse-tumbleweed")),
            ("alpine", "3.13_git20210101", Some("alpine:edge")),
            ("photon", "5.0", Some("photon:5.0")),
            ("azurelinux", "3.0.20240727", Some("azurelinux:3.0")),
            ("mariner", "2.0", Some("mariner:2.0")),
            ("arch", "", Some("arch")),
            ("bottlerocket", "1.20.0", Some("bottlerocket")),
            ("wolfi", "20230201", Some("wolfi")),
            ("rhel", "", None),
            ("plan9", "4", None),
        ] {
            let distribution = Distribution {
                id: id.to_owned(),
                version: version.to_owned(),
                name: String::new(),
            };
            assert_eq!(distribution.shard_key().as_deref(), key, "{id} {version}");
        }
    }
}
