//! Requests, limits and probes.

use crate::document::Node;
use crate::report::Report;
use crate::rule::rules;

use super::{Container, ContainerKind, Pod};

rules! { Kubernetes:
CPU_REQUEST "SW-K8S-0050" Low ["AVD-KSV-0015", "CKV_K8S_10"]
    title "No CPU request"
    why "The scheduler counts a pod without a request as nothing, and puts it where there is no room."
    fix "Set `resources.requests.cpu`."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    resources:\n      requests: {cpu: null, memory: 64Mi}\n      limits: {cpu: null}\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    resources:\n      requests: {cpu: 100m, memory: 64Mi}\n";
MEMORY_LIMIT "SW-K8S-0051" Medium ["AVD-KSV-0016", "AVD-KSV-0018", "CKV_K8S_12", "CKV_K8S_13", "NSA: Resource policies"]
    title "No memory limit"
    why "A leak or an attack takes the memory of the node and with it the other pods."
    fix "Set `resources.limits.memory`."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    resources:\n      limits: {memory: null}\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    resources:\n      limits: {memory: 128Mi}\n";
CPU_LIMIT "SW-K8S-0052" Negligible ["AVD-KSV-0011", "CKV_K8S_11", "NSA: Resource policies"]
    title "No CPU limit"
    why "A busy container slows the others on its node down to their requests; some teams accept that and set requests only."
    fix "Set `resources.limits.cpu`, or accept the rule with an ignore."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    resources:\n      requests: {cpu: 100m}\n      limits: {cpu: null}\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    resources:\n      limits: {cpu: \"1\"}\n";
LIVENESS "SW-K8S-0053" Low ["CKV_K8S_8"]
    title "No liveness probe"
    why "A container that hangs is not restarted."
    fix "Add a `livenessProbe`."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    livenessProbe: null\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    livenessProbe:\n      httpGet: {path: /live, port: 8080}\n";
READINESS "SW-K8S-0054" Low ["CKV_K8S_9"]
    title "No readiness probe"
    why "Requests are sent to a container that cannot answer them yet, also during every roll-out."
    fix "Add a `readinessProbe`."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    readinessProbe: null\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    readinessProbe:\n      httpGet: {path: /ready, port: 8080}\n";
}

pub(super) fn check(pod: &Pod<'_, '_>, report: &mut Report<'_>) {
    for container in &pod.containers {
        // An ephemeral container can have neither (Pod v1 core, EphemeralContainer).
        if container.kind != ContainerKind::Ephemeral {
            check_resources(pod, container, report);
        }
        if container.kind == ContainerKind::Regular && !pod.is_job() {
            check_probes(pod, container, report);
        }
    }
}

fn check_resources(pod: &Pod<'_, '_>, container: &Container<'_>, report: &mut Report<'_>) {
    let label = pod.container_label(container);
    let node = container.node;
    let place = node.get("resources").unwrap_or(node);
    let is_set = |list: &str, what: &str| {
        // Since 1.34 a budget of the whole pod serves as well.
        [node, pod.spec].iter().any(|owner| {
            owner
                .at(&format!("resources.{list}.{what}"))
                .is_some_and(|n| !n.is_null())
        })
    };
    // A limit without a request is the request too (Resource Management for Pods and Containers).
    let (rule, what) = match (is_set("requests", "cpu"), is_set("limits", "cpu")) {
        (_, true) => (None, ""),
        (true, false) => (Some(&CPU_LIMIT), "has no CPU limit"),
        (false, false) => (Some(&CPU_REQUEST), "has neither a CPU request nor a limit"),
    };
    if let Some(rule) = rule {
        report.add(rule, place, &label, what);
    }
    if !is_set("limits", "memory") {
        let what = if is_set("requests", "memory") {
            "has no memory limit"
        } else {
            "has neither a memory request nor a limit"
        };
        report.add(&MEMORY_LIMIT, place, &label, what);
    }
}

fn check_probes(pod: &Pod<'_, '_>, container: &Container<'_>, report: &mut Report<'_>) {
    let label = pod.container_label(container);
    for (rule, field) in [(&LIVENESS, "livenessProbe"), (&READINESS, "readinessProbe")] {
        if container.node.get(field).is_none_or(Node::is_null) {
            report.add(rule, container.node, &label, format!("has no `{field}`"));
        }
    }
}
