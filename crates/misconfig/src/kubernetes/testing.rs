//! Completes the examples of rules to whole manifests, in which all else is in order.

use serde_json::{Value, json};

use crate::document::yaml;

fn pod_spec() -> Value {
    json!({
        "automountServiceAccountToken": false,
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{
            "name": "app",
            "image": format!("registry.example.com/app@sha256:{}", "0".repeat(64)),
            "securityContext": {
                "allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true,
                "capabilities": {"drop": ["ALL"]},
            },
            "resources": {
                "requests": {"cpu": "100m", "memory": "64Mi"},
                "limits": {"cpu": "1", "memory": "64Mi"},
            },
            "livenessProbe": {"httpGet": {"port": 8080}},
            "readinessProbe": {"httpGet": {"port": 8080}},
        }],
    })
}

fn base(kind: &str) -> Value {
    let metadata = json!({"name": "app", "namespace": "shop"});
    match kind {
        "Pod" => json!({"apiVersion": "v1", "metadata": metadata, "spec": pod_spec()}),
        "Deployment" => json!({
            "apiVersion": "apps/v1",
            "metadata": metadata,
            "spec": {"template": {"metadata": {"labels": {"app": "app"}}, "spec": pod_spec()}},
        }),
        _ => json!({}),
    }
}

/// Lays a fragment over a value: maps are merged, lists of named things by name, null removes.
pub(crate) fn overlay(value: &mut Value, fragment: &Value) {
    match (value, fragment) {
        (Value::Object(target), Value::Object(fields)) => {
            for (key, field) in fields {
                if field.is_null() {
                    target.remove(key);
                } else {
                    overlay(target.entry(key.clone()).or_insert(Value::Null), field);
                }
            }
        }
        (Value::Array(target), Value::Array(items))
            if !items.is_empty() && items.iter().all(|item| item.get("name").is_some()) =>
        {
            for item in items {
                match target
                    .iter_mut()
                    .find(|t| t.get("name") == item.get("name"))
                {
                    Some(same) => overlay(same, item),
                    None => target.push(item.clone()),
                }
            }
        }
        (target, other) => *target = other.clone(),
    }
}

/// The manifests of an example, as one JSON document.
pub(crate) fn completed(example: &str) -> String {
    let items: Vec<Value> = yaml::read(example)
        .into_iter()
        .map(|document| {
            let fragment = document.unwrap().to_json();
            let mut object = base(fragment["kind"].as_str().unwrap_or_default());
            overlay(&mut object, &fragment);
            object
        })
        .collect();
    match items.as_slice() {
        [one] => one.to_string(),
        many => json!({"apiVersion": "v1", "kind": "List", "items": many}).to_string(),
    }
}
