use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::{Error, MAX_CONFIG, MAX_LAYERS, Platform};

/// An image configuration (OCI image specification, config.md), read tolerantly: Docker, buildah,
/// ko and jib each leave something out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct ImageConfig {
    /// Architecture, Go's name.
    #[serde(deserialize_with = "or_default")]
    pub architecture: String,
    /// Variant of the architecture.
    pub variant: Option<String>,
    /// Operating system.
    #[serde(deserialize_with = "or_default")]
    pub os: String,
    /// When it was made (RFC 3339), as the builder says.
    pub created: Option<String>,
    /// How a container starts.
    #[serde(deserialize_with = "or_default")]
    pub config: ConfigSettings,
    /// The layers' digests.
    #[serde(deserialize_with = "or_default")]
    pub rootfs: RootFs,
    /// What made them.
    #[serde(deserialize_with = "or_default")]
    pub history: Vec<HistoryEntry>,
}

/// `config` of an image configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct ConfigSettings {
    /// User, empty for root.
    #[serde(rename = "User", deserialize_with = "or_default")]
    pub user: String,
    /// Environment, `NAME=VALUE`.
    #[serde(rename = "Env", deserialize_with = "or_default")]
    pub env: Vec<String>,
    /// Labels.
    #[serde(rename = "Labels", deserialize_with = "or_default")]
    pub labels: BTreeMap<String, String>,
}

/// `rootfs` of an image configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct RootFs {
    /// Digests of the uncompressed layers, bottom first.
    #[serde(deserialize_with = "or_default")]
    pub diff_ids: Vec<String>,
}

/// One step of the build.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct HistoryEntry {
    /// The instruction.
    pub created_by: Option<String>,
    /// A step that changed no file.
    #[serde(deserialize_with = "or_default")]
    pub empty_layer: bool,
}

/// `null` is the same as nothing.
fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

impl ImageConfig {
    /// Reads the JSON.
    ///
    /// # Errors
    /// When it is too large, damaged, or lists too many layers.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_CONFIG {
            return Err(Error::TooLarge {
                what: "image configuration",
                size: bytes.len(),
                limit: MAX_CONFIG,
            });
        }
        let json = |cause| Error::Json {
            what: "image configuration",
            cause,
        };
        // A derived struct would read a list as its fields in order.
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(bytes).map_err(json)?;
        let config: Self =
            serde_json::from_value(serde_json::Value::Object(object)).map_err(json)?;
        if config.rootfs.diff_ids.len() > MAX_LAYERS {
            return Err(Error::TooManyLayers(config.rootfs.diff_ids.len()));
        }
        Ok(config)
    }

    /// The platform that it was built for.
    #[must_use]
    pub fn platform(&self) -> Platform {
        Platform {
            os: if self.os.is_empty() {
                "linux".to_owned()
            } else {
                self.os.clone()
            },
            architecture: self.architecture.clone(),
            variant: self.variant.clone().filter(|v| !v.is_empty()),
        }
    }

    /// The instruction that made each of `layers` layers; none where the history does not tell.
    #[must_use]
    pub fn instructions(&self, layers: usize) -> Vec<Option<String>> {
        let made: Vec<_> = self.history.iter().filter(|h| !h.empty_layer).collect();
        // A history of another length (squashed, or cut by a tool) would name wrong instructions.
        if made.len() != layers {
            return vec![None; layers];
        }
        made.into_iter()
            .map(|h| h.created_by.clone().filter(|text| !text.is_empty()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_and_gaps_are_tolerated() {
        let config = ImageConfig::parse(
            br#"{"architecture":"arm64","os":"linux","variant":"v8","config":{"User":null,"Labels":null,"Env":["A=1"]},
                 "rootfs":{"type":"layers","diff_ids":["sha256:a","sha256:b"]},
                 "history":[{"created_by":"ADD x /"},{"created_by":"ENV A=1","empty_layer":true},{"created_by":"RUN y"}]}"#,
        )
        .unwrap();
        assert_eq!(config.platform().to_string(), "linux/arm64/v8");
        assert_eq!(
            config.instructions(2),
            [Some("ADD x /".to_owned()), Some("RUN y".to_owned())]
        );
        assert_eq!(config.instructions(3), [None, None, None]);
        assert_eq!(
            ImageConfig::parse(br#"{"config":null,"history":null}"#).unwrap(),
            ImageConfig::default()
        );
        for bad in [&b"[]"[..], b"{", b"", br#"{"rootfs":{"diff_ids":7}}"#] {
            assert!(ImageConfig::parse(bad).is_err());
        }
    }
}
