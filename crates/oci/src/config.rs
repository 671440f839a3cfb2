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
    /// Ports that the program listens on: `8080/tcp`.
    #[serde(rename = "ExposedPorts", deserialize_with = "keys")]
    pub exposed_ports: Vec<String>,
    /// Directories that become volumes.
    #[serde(rename = "Volumes", deserialize_with = "keys")]
    pub volumes: Vec<String>,
    /// What a container runs, before [`ConfigSettings::cmd`].
    #[serde(rename = "Entrypoint", deserialize_with = "words")]
    pub entrypoint: Vec<String>,
    /// Arguments, or the program when there is no entry point.
    #[serde(rename = "Cmd", deserialize_with = "words")]
    pub cmd: Vec<String>,
    /// The shell of the shell form (Docker only).
    #[serde(rename = "Shell", deserialize_with = "words")]
    pub shell: Vec<String>,
    /// Where the program starts.
    #[serde(rename = "WorkingDir", deserialize_with = "or_default")]
    pub working_dir: String,
    /// The signal that ends it: `SIGTERM`.
    #[serde(rename = "StopSignal", deserialize_with = "or_default")]
    pub stop_signal: String,
    /// How a container is checked (Docker only; the OCI format drops it).
    #[serde(rename = "Healthcheck", deserialize_with = "or_default")]
    pub healthcheck: Option<Healthcheck>,
}

/// `Healthcheck` of Docker's image configuration; times are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Healthcheck {
    /// `["NONE"]`, or `CMD` or `CMD-SHELL` and the command; empty inherits.
    #[serde(rename = "Test", deserialize_with = "words")]
    pub test: Vec<String>,
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

/// The keys of a map, whose values say nothing; a list of the keys will do.
fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Object(map) => map.into_iter().map(|(key, _)| key).collect(),
        serde_json::Value::Array(items) => texts(items),
        _ => Vec::new(),
    })
}

/// A list of strings, or one string.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(word) => vec![word],
        serde_json::Value::Array(items) => texts(items),
        _ => Vec::new(),
    })
}

fn texts(items: Vec<serde_json::Value>) -> Vec<String> {
    items
        .into_iter()
        .filter_map(|item| match item {
            serde_json::Value::String(text) => Some(text),
            _ => None,
        })
        .collect()
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
    fn settings_are_read_in_every_notation() {
        let config = ImageConfig::parse(
            br#"{"config":{"ExposedPorts":{"22/tcp":{},"80/tcp":null},"Volumes":["/data"],"Entrypoint":"/app",
                 "Cmd":["-v",7],"Shell":null,"WorkingDir":"/w","StopSignal":null,"Healthcheck":{"Test":["CMD","x"],"Interval":1}}}"#,
        )
        .unwrap()
        .config;
        assert_eq!(config.exposed_ports, ["22/tcp", "80/tcp"]);
        assert_eq!(config.volumes, ["/data"]);
        assert_eq!(
            (config.entrypoint, config.cmd),
            (vec!["/app".to_owned()], vec!["-v".to_owned()])
        );
        assert_eq!(
            (config.working_dir.as_str(), config.stop_signal.as_str()),
            ("/w", "")
        );
        assert_eq!(config.healthcheck.unwrap().test, ["CMD", "x"]);
    }

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
