//! An image's configuration inside a report of Trivy or Grype (OCI image specification, "Image
//! configuration").

use std::collections::BTreeMap;

use seaworthy_model::{ImageFacts, Layer};
use serde_json::Value;

use super::fields::{get, list, path, string, strings, text};

/// Most layers that are kept; images have at most 127.
const MAX_LAYERS: usize = 1024;

/// What a configuration says. `layers` are objects with `DiffID`, `Digest` and `Size` where the
/// report has them.
pub(super) fn facts(config: &Value, layers: &[Value]) -> Option<ImageFacts> {
    if !config.is_object() {
        return None;
    }
    let mut platform = format!("{}/{}", text(config, "os"), text(config, "architecture"));
    if !text(config, "variant").is_empty() {
        platform = format!("{platform}/{}", text(config, "variant"));
    }
    let inner = get(config, "config");
    let labels: BTreeMap<String, String> = (get(inner, "Labels").as_object().into_iter().flatten())
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    Some(ImageFacts {
        platform: platform.trim_matches('/').to_owned(),
        user: string(inner, "User"),
        created: Some(string(config, "created")).filter(|c| !c.is_empty()),
        layers: self::layers(config, layers),
        labels,
        ..ImageFacts::default()
    })
}

fn layers(config: &Value, told: &[Value]) -> Vec<Layer> {
    let diff_ids = strings(get(config, "rootfs"), "diff_ids");
    let told: BTreeMap<&str, &Value> = told.iter().map(|l| (text(l, "DiffID"), l)).collect();
    let mut instructions = list(config, "history")
        .iter()
        .filter(|h| get(h, "empty_layer").as_bool() != Some(true))
        .map(|h| text(h, "created_by"));
    (0..)
        .zip(diff_ids.into_iter().take(MAX_LAYERS))
        .map(|(index, diff_id)| {
            let told = told.get(diff_id.as_str()).copied().unwrap_or(&Value::Null);
            Layer {
                index,
                digest: Some(string(told, "Digest")).filter(|d| !d.is_empty()),
                size: get(told, "Size").as_u64().unwrap_or_default(),
                created_by: instructions
                    .next()
                    .filter(|i| !i.is_empty())
                    .map(str::to_owned),
                // Nothing in the report tells where the base image ends.
                base: false,
                diff_id,
            }
        })
        .collect()
}

/// The place of the layer that an entry names by its `DiffID` or digest.
pub(super) fn layer_of(image: Option<&ImageFacts>, entry: &Value) -> Option<u32> {
    let diff_id = text(path(entry, &["Layer"]), "DiffID");
    image?
        .layers
        .iter()
        .find(|layer| layer.diff_id == diff_id && !diff_id.is_empty())
        .map(|layer| layer.index)
}
