//! The payload of cosign 1 and 2: "simple signing" of containers/image, with cosign's own type.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, check_size};

/// Media type of the payload.
pub const SIMPLE_SIGNING_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// `critical.type` of cosign's payloads.
const CRITICAL_TYPE: &str = "cosign container image signature";
const WHAT: &str = "signature payload";
/// Largest payload in bytes.
const MAX_PAYLOAD: usize = 1 << 20;

/// What a signature of the old format is made over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimpleSigning {
    /// The name under which the signer knew the image (`critical.identity.docker-reference`).
    pub identity: String,
    /// The digest of the manifest or index that is signed.
    pub digest: String,
    /// Annotations of the signer; values that are no texts are kept as JSON.
    pub annotations: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct File {
    critical: Critical,
    #[serde(default)]
    optional: Option<BTreeMap<String, Value>>,
}

#[derive(Serialize, Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Serialize, Deserialize)]
struct Identity {
    #[serde(rename = "docker-reference")]
    docker_reference: String,
}

#[derive(Serialize, Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    docker_manifest_digest: String,
}

impl SimpleSigning {
    /// Reads a payload, whose signature has to be verified over the same bytes.
    ///
    /// # Errors
    /// When it is too large, has another shape, or is not of cosign's type.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        check_size(WHAT, bytes.len(), MAX_PAYLOAD)?;
        let file: File = serde_json::from_slice(bytes).map_err(|e| Error::invalid(WHAT, e))?;
        if file.critical.kind != CRITICAL_TYPE {
            return Err(Error::invalid(
                WHAT,
                format!("`critical.type` is not `{CRITICAL_TYPE}`"),
            ));
        }
        let annotations = file.optional.unwrap_or_default().into_iter();
        Ok(Self {
            identity: file.critical.identity.docker_reference,
            digest: file.critical.image.docker_manifest_digest,
            annotations: annotations
                .map(|(name, value)| (name, plain(value)))
                .collect(),
        })
    }

    /// Its bytes, equal for equal content.
    ///
    /// # Errors
    /// [`Error::Invalid`]; cannot happen for values of this type.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let annotations = self.annotations.iter();
        let file = File {
            critical: Critical {
                identity: Identity {
                    docker_reference: self.identity.clone(),
                },
                image: Image {
                    docker_manifest_digest: self.digest.clone(),
                },
                kind: CRITICAL_TYPE.to_owned(),
            },
            optional: (!self.annotations.is_empty()).then(|| {
                annotations
                    .map(|(name, value)| (name.clone(), Value::String(value.clone())))
                    .collect()
            }),
        };
        serde_json::to_vec(&file).map_err(|e| Error::invalid(WHAT, e))
    }
}

pub(crate) fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_written_as_cosign_writes_it() {
        let mut payload = SimpleSigning {
            identity: "registry.example/app".to_owned(),
            digest: "sha256:ab".to_owned(),
            annotations: BTreeMap::new(),
        };
        let bytes = payload.to_bytes().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            concat!(
                r#"{"critical":{"identity":{"docker-reference":"registry.example/app"},"#,
                r#""image":{"docker-manifest-digest":"sha256:ab"},"#,
                r#""type":"cosign container image signature"},"optional":null}"#
            )
        );
        assert_eq!(SimpleSigning::parse(&bytes).unwrap(), payload);
        payload.annotations = [("stage".to_owned(), "prod".to_owned())].into();
        let bytes = payload.to_bytes().unwrap();
        assert_eq!(SimpleSigning::parse(&bytes).unwrap(), payload);
    }

    #[test]
    fn other_payloads_are_refused() {
        let good = r#"{"critical":{"identity":{"docker-reference":"a"},"image":{"docker-manifest-digest":"b"},"type":"cosign container image signature"},"optional":{"n":7}}"#;
        let read = SimpleSigning::parse(good.as_bytes()).unwrap();
        assert_eq!(read.annotations["n"], "7");
        for (from, to) in [
            ("cosign container", "atomic container"),
            ("docker-manifest-digest", "digest"),
            (
                r#""image""#,
                r#""image":{"docker-manifest-digest":"c"},"image""#,
            ),
            ("7}}", "7}"),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good);
            assert!(SimpleSigning::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
