//! Namespaces, ConfigMaps, Secrets, and versions of APIs that are gone.

use crate::document::Node;
use crate::hints;
use crate::report::Report;
use crate::rule::rules;

use super::Object;

rules! { Kubernetes:
CONFIG_SECRET "SW-K8S-0090" High ["AVD-KSV-0109", "AVD-KSV-01010"]
    title "Secret in a ConfigMap"
    why "ConfigMaps are readable by far more people and programs than Secrets, and are not encrypted at rest."
    fix "Move the value into a Secret."
    bad "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\ndata:\n  DB_PASSWORD: example\n"
    good "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\ndata:\n  DB_HOST: db\n";
SECRET_VALUES "SW-K8S-0091" Medium []
    title "Secret with its values in the manifest"
    why "The data of a Secret is only encoded: whoever reads the file or its history has the values."
    fix "Keep the values out of the file: External Secrets, Sealed Secrets, SOPS, or `kubectl create secret` in the pipeline."
    bad "apiVersion: v1\nkind: Secret\nmetadata: {name: app}\nstringData:\n  password: example\n"
    good "apiVersion: v1\nkind: Secret\nmetadata: {name: app}\ntype: kubernetes.io/service-account-token\n";
NO_ENFORCEMENT "SW-K8S-0092" Low ["CIS-K8S-5.2.1", "NSA: Pod security enforcement"]
    title "Namespace without Pod Security admission"
    why "Without the label, the namespace accepts privileged pods."
    fix "Add the label `pod-security.kubernetes.io/enforce: restricted`, or `baseline`."
    bad "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
    good "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n    pod-security.kubernetes.io/enforce: restricted\n";
PRIVILEGED_NAMESPACE "SW-K8S-0093" Medium ["CIS-K8S-5.2.1"]
    title "Namespace that accepts privileged pods"
    why "The level `privileged` enforces nothing."
    fix "Enforce `restricted` or `baseline`, and exempt the one pod that needs more by moving it elsewhere."
    bad "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n    pod-security.kubernetes.io/enforce: privileged\n"
    good "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n    pod-security.kubernetes.io/enforce: baseline\n";
REMOVED_API "SW-K8S-0094" Medium ["AVD-KSV-0107"]
    title "API version that is gone or going"
    why "The API server refuses the object after the upgrade that removes the version."
    fix "Change `apiVersion`, and the fields that the new version renamed."
    bad "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: app}\nspec: {schedule: \"@daily\"}\n"
    good "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: app}\nspec: {schedule: \"@daily\"}\n";
}

/// API version, kind (empty for all), release that removed it, what to use (Kubernetes' Deprecated
/// API Migration Guide).
const REMOVED: &[(&str, &str, &str, &str)] = &[
    (
        "admissionregistration.k8s.io/v1beta1",
        "MutatingWebhookConfiguration",
        "1.22",
        "admissionregistration.k8s.io/v1",
    ),
    (
        "admissionregistration.k8s.io/v1beta1",
        "ValidatingWebhookConfiguration",
        "1.22",
        "admissionregistration.k8s.io/v1",
    ),
    (
        "apiextensions.k8s.io/v1beta1",
        "",
        "1.22",
        "apiextensions.k8s.io/v1",
    ),
    (
        "apiregistration.k8s.io/v1beta1",
        "",
        "1.22",
        "apiregistration.k8s.io/v1",
    ),
    ("apps/v1beta1", "", "1.16", "apps/v1"),
    ("apps/v1beta2", "", "1.16", "apps/v1"),
    (
        "authentication.k8s.io/v1beta1",
        "TokenReview",
        "1.22",
        "authentication.k8s.io/v1",
    ),
    (
        "authorization.k8s.io/v1beta1",
        "",
        "1.22",
        "authorization.k8s.io/v1",
    ),
    ("autoscaling/v2beta1", "", "1.25", "autoscaling/v2"),
    ("autoscaling/v2beta2", "", "1.26", "autoscaling/v2"),
    ("batch/v1beta1", "CronJob", "1.25", "batch/v1"),
    ("batch/v2alpha1", "CronJob", "1.21", "batch/v1"),
    (
        "certificates.k8s.io/v1beta1",
        "CertificateSigningRequest",
        "1.22",
        "certificates.k8s.io/v1",
    ),
    (
        "coordination.k8s.io/v1beta1",
        "Lease",
        "1.22",
        "coordination.k8s.io/v1",
    ),
    (
        "discovery.k8s.io/v1beta1",
        "",
        "1.25",
        "discovery.k8s.io/v1",
    ),
    ("events.k8s.io/v1beta1", "", "1.25", "events.k8s.io/v1"),
    (
        "extensions/v1beta1",
        "Ingress",
        "1.22",
        "networking.k8s.io/v1",
    ),
    (
        "extensions/v1beta1",
        "NetworkPolicy",
        "1.16",
        "networking.k8s.io/v1",
    ),
    (
        "extensions/v1beta1",
        "PodSecurityPolicy",
        "1.16",
        "Pod Security admission",
    ),
    ("extensions/v1beta1", "", "1.16", "apps/v1"),
    (
        "flowcontrol.apiserver.k8s.io/v1beta1",
        "",
        "1.26",
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    (
        "flowcontrol.apiserver.k8s.io/v1beta2",
        "",
        "1.29",
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    (
        "flowcontrol.apiserver.k8s.io/v1beta3",
        "",
        "1.32",
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    (
        "networking.k8s.io/v1beta1",
        "Ingress",
        "1.22",
        "networking.k8s.io/v1",
    ),
    (
        "networking.k8s.io/v1beta1",
        "IngressClass",
        "1.22",
        "networking.k8s.io/v1",
    ),
    ("node.k8s.io/v1beta1", "", "1.25", "node.k8s.io/v1"),
    ("policy/v1beta1", "PodDisruptionBudget", "1.25", "policy/v1"),
    (
        "policy/v1beta1",
        "PodSecurityPolicy",
        "1.25",
        "Pod Security admission",
    ),
    (
        "rbac.authorization.k8s.io/v1alpha1",
        "",
        "1.22",
        "rbac.authorization.k8s.io/v1",
    ),
    (
        "rbac.authorization.k8s.io/v1beta1",
        "",
        "1.22",
        "rbac.authorization.k8s.io/v1",
    ),
    (
        "scheduling.k8s.io/v1beta1",
        "",
        "1.22",
        "scheduling.k8s.io/v1",
    ),
    (
        "storage.k8s.io/v1beta1",
        "CSIStorageCapacity",
        "1.27",
        "storage.k8s.io/v1",
    ),
    (
        "storage.k8s.io/v1beta1",
        "CSIDriver",
        "1.22",
        "storage.k8s.io/v1",
    ),
    (
        "storage.k8s.io/v1beta1",
        "CSINode",
        "1.22",
        "storage.k8s.io/v1",
    ),
    (
        "storage.k8s.io/v1beta1",
        "StorageClass",
        "1.22",
        "storage.k8s.io/v1",
    ),
    (
        "storage.k8s.io/v1beta1",
        "VolumeAttachment",
        "1.22",
        "storage.k8s.io/v1",
    ),
];

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

pub(super) fn check(object: &Object<'_>, report: &mut Report<'_>) {
    check_api(object, report);
    match (object.kind, object.api) {
        ("ConfigMap", "v1") => check_config_map(object, report),
        ("Secret", "v1") => check_secret(object, report),
        ("Namespace", "v1") => check_namespace(object, report),
        _ => {}
    }
}

fn check_api(object: &Object<'_>, report: &mut Report<'_>) {
    let removed = REMOVED
        .iter()
        .find(|(api, kind, _, _)| *api == object.api && (kind.is_empty() || *kind == object.kind));
    if let Some((api, _, release, instead)) = removed {
        let node = object.node.get("apiVersion").unwrap_or(object.node);
        report.add(
            &REMOVED_API,
            node,
            &object.label(),
            format!("`{api}` was removed in Kubernetes {release}; use {instead}"),
        );
    }
}

fn check_config_map(object: &Object<'_>, report: &mut Report<'_>) {
    let data = object.node.get("data");
    for (key, value) in data.into_iter().flat_map(Node::entries) {
        let Some(text) = value.text() else { continue };
        let is_one_line = !text.trim_end().contains('\n');
        if (is_one_line && hints::is_secret_name(key) && hints::is_literal_secret(text))
            || hints::is_secret_value(text)
        {
            report.add(
                &CONFIG_SECRET,
                value,
                &object.label(),
                format!("the key `{key}` holds a secret in plain text"),
            );
        }
    }
}

fn check_secret(object: &Object<'_>, report: &mut Report<'_>) {
    for list in ["data", "stringData"] {
        let Some(node) = object.node.get(list) else {
            continue;
        };
        let filled = node
            .entries()
            .any(|(_, value)| value.text().is_some_and(hints::is_literal_secret));
        // SOPS encrypts the values in place.
        if filled && object.node.get("sops").is_none() {
            report.add(
                &SECRET_VALUES,
                node,
                &object.label(),
                format!("`{list}` holds the values"),
            );
            return;
        }
    }
}

fn check_namespace(object: &Object<'_>, report: &mut Report<'_>) {
    let label = object.label();
    let level = object
        .node
        .at("metadata.labels")
        .and_then(|labels| labels.get(ENFORCE));
    match level {
        None => report.add(
            &NO_ENFORCEMENT,
            object.anchor(),
            &label,
            format!("has no label `{ENFORCE}`"),
        ),
        Some(node) if node.text() == Some("privileged") => report.add(
            &PRIVILEGED_NAMESPACE,
            node,
            &label,
            "enforces the level `privileged`",
        ),
        Some(_) => {}
    }
}
