//! Services, ingresses and network policies.

use std::collections::BTreeSet;

use crate::document::Node;
use crate::report::Report;
use crate::rule::rules;

use super::Object;

rules! { Kubernetes:
EXTERNAL_IPS "SW-K8S-0080" High ["AVD-KSV-0108", "CVE-2020-8554"]
    title "Service with external addresses"
    why "A Service may claim any address and so receive the traffic of others (CVE-2020-8554, not fixed by design)."
    fix "Remove `externalIPs`; use a LoadBalancer or an Ingress."
    bad "apiVersion: v1\nkind: Service\nmetadata: {name: app}\nspec:\n  externalIPs: [203.0.113.7]\n  selector: {app: app}\n"
    good "apiVersion: v1\nkind: Service\nmetadata: {name: app}\nspec:\n  selector: {app: app}\n";
NODE_PORT "SW-K8S-0081" Low []
    title "Service on a port of every node"
    why "A NodePort is open on every address of every node, past the ingress and its TLS."
    fix "Use a ClusterIP Service behind an Ingress or a Gateway."
    bad "apiVersion: v1\nkind: Service\nmetadata: {name: app}\nspec:\n  type: NodePort\n  selector: {app: app}\n"
    good "apiVersion: v1\nkind: Service\nmetadata: {name: app}\nspec:\n  type: ClusterIP\n  selector: {app: app}\n";
OPEN_LOAD_BALANCER "SW-K8S-0082" Medium []
    title "Load balancer open to the world"
    why "Without `loadBalancerSourceRanges` the cloud lets everybody in."
    fix "Set `loadBalancerSourceRanges`, or ask for an internal load balancer by your cloud's annotation."
    bad "apiVersion: v1\nkind: Service\nmetadata: {name: app}\nspec:\n  type: LoadBalancer\n  selector: {app: app}\n"
    good "apiVersion: v1\nkind: Service\nmetadata: {name: app}\nspec:\n  type: LoadBalancer\n  loadBalancerSourceRanges: [192.0.2.0/24]\n  selector: {app: app}\n";
INGRESS_TLS "SW-K8S-0083" Medium []
    title "Ingress without TLS"
    why "Passwords and sessions travel in clear text between the client and the cluster."
    fix "Add `spec.tls` with the host and the secret of its certificate."
    bad "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: app}\nspec:\n  rules:\n  - host: app.example.com\n"
    good "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: app}\nspec:\n  tls:\n  - {hosts: [app.example.com], secretName: app-tls}\n  rules:\n  - host: app.example.com\n";
INGRESS_SNIPPET "SW-K8S-0084" High ["CKV_K8S_152", "CKV_K8S_153", "CKV_K8S_154", "CVE-2021-25742"]
    title "Ingress that brings nginx configuration along"
    why "A snippet annotation is read by the controller, which holds the secrets of every namespace (CVE-2021-25742)."
    fix "Remove the snippet; use the annotations made for the purpose."
    bad "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: app\n  annotations:\n    nginx.ingress.kubernetes.io/configuration-snippet: 'more_set_headers \"X-A: b\";'\nspec:\n  tls:\n  - {hosts: [app.example.com], secretName: app-tls}\n"
    good "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: app\n  annotations:\n    nginx.ingress.kubernetes.io/ssl-redirect: \"true\"\nspec:\n  tls:\n  - {hosts: [app.example.com], secretName: app-tls}\n";
OPEN_POLICY "SW-K8S-0085" Medium ["AVD-KSV-0038"]
    title "Network policy that lets everybody in"
    why "An empty rule, or 0.0.0.0/0, allows what having no policy would allow."
    fix "Name the pods and namespaces, or the address ranges, that may connect."
    bad "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: app}\nspec:\n  podSelector: {}\n  ingress:\n  - {}\n"
    good "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: app}\nspec:\n  podSelector: {}\n  ingress:\n  - from:\n    - podSelector: {matchLabels: {app: web}}\n";
NO_POLICY "SW-K8S-0086" Low ["CIS-K8S-5.3.2", "CKV2_K8S_6", "NSA: Network policies"]
    title "Workload without a network policy"
    why "Without a NetworkPolicy every pod of the cluster may connect to this one, and this one to everything."
    fix "Add a NetworkPolicy that selects the pods; start with one that denies all, and allow what is needed."
    bad "apiVersion: v1\nkind: Service\nmetadata: {name: app}\nspec:\n  selector: {app: app}\n---\nkind: Deployment\n"
    good "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: app, namespace: shop}\nspec:\n  podSelector: {}\n  policyTypes: [Ingress]\n---\nkind: Deployment\n";
}

pub(super) fn check(object: &Object<'_>, report: &mut Report<'_>) {
    match (object.kind, object.group()) {
        ("Service", "") => check_service(object, report),
        ("Ingress", "networking.k8s.io" | "extensions") => check_ingress(object, report),
        ("NetworkPolicy", "networking.k8s.io" | "extensions") => check_policy(object, report),
        _ => {}
    }
}

fn check_service(object: &Object<'_>, report: &mut Report<'_>) {
    let label = object.label();
    let Some(spec) = object.node.get("spec") else {
        return;
    };
    if spec.has("externalIPs")
        && let Some(node) = spec.get("externalIPs")
    {
        report.add(&EXTERNAL_IPS, node, &label, "sets `externalIPs`");
    }
    let Some(kind) = spec.get("type") else {
        return;
    };
    if kind.text() == Some("NodePort") {
        report.add(&NODE_PORT, kind, &label, "is of type NodePort");
    }
    let is_internal = object.node.at("metadata.annotations").is_some_and(|all| {
        all.entries().any(|(key, value)| {
            let value = value.text().unwrap_or_default().to_ascii_lowercase();
            let key = key.to_ascii_lowercase();
            key.contains("load-balancer")
                && (key.contains("internal") || value.contains("internal"))
                && value != "false"
        })
    });
    if kind.text() == Some("LoadBalancer") && !spec.has("loadBalancerSourceRanges") && !is_internal
    {
        report.add(
            &OPEN_LOAD_BALANCER,
            kind,
            &label,
            "is a load balancer that lets every address in",
        );
    }
}

fn check_ingress(object: &Object<'_>, report: &mut Report<'_>) {
    let label = object.label();
    let Some(spec) = object.node.get("spec") else {
        return;
    };
    if !spec.has("tls") {
        report.add(&INGRESS_TLS, spec, &label, "has no `tls`");
    }
    let annotations = object.node.at("metadata.annotations");
    for (key, node) in annotations.into_iter().flat_map(Node::entries) {
        if key.starts_with("nginx.ingress.kubernetes.io/") && key.ends_with("-snippet") {
            report.add(
                &INGRESS_SNIPPET,
                node,
                &label,
                format!("has the annotation `{key}`"),
            );
        }
    }
}

fn check_policy(object: &Object<'_>, report: &mut Report<'_>) {
    for rule in object.node.items_at("spec.ingress") {
        let from = rule.get("from");
        let is_open = from.is_none_or(|from| {
            from.items().is_empty()
                || from.items().iter().any(|peer| {
                    let cidr = peer.text_at("ipBlock.cidr");
                    matches!(cidr, Some("0.0.0.0/0" | "::/0")) && !peer.has("ipBlock.except")
                })
        });
        // A rule that names ports is open on those only: a public service.
        if is_open && !rule.has("ports") {
            report.add(
                &OPEN_POLICY,
                from.unwrap_or(rule),
                &object.label(),
                "an ingress rule allows every source",
            );
        }
    }
}

/// Looks at the objects of a file together, as a rendered chart has them: when there are several and
/// no policy at all, the workloads stand open. A lone workload may have its policy in another file.
pub(super) fn check_isolation(objects: &[Object<'_>], report: &mut Report<'_>) {
    let namespaces: BTreeSet<&str> = objects
        .iter()
        .filter(|object| object.kind.ends_with("NetworkPolicy"))
        .map(|object| object.namespace.unwrap_or_default())
        .collect();
    // A cluster-wide policy of Cilium or Calico speaks for all.
    let is_cluster_wide = objects.iter().any(|object| {
        object.kind.ends_with("wideNetworkPolicy") || object.kind == "GlobalNetworkPolicy"
    });
    if objects.len() < 2 || is_cluster_wide {
        return;
    }
    for object in objects {
        let is_covered = namespaces.contains(object.namespace.unwrap_or_default());
        if object.pod().is_some_and(|pod| !pod.is_job()) && !is_covered {
            report.add(
                &NO_POLICY,
                object.anchor(),
                &object.label(),
                "no NetworkPolicy in this file is for its namespace",
            );
        }
    }
}
