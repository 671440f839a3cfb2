//! The restricted level of the Pod Security Standards, beyond baseline.

use crate::report::Report;
use crate::rule::rules;

use super::baseline::{BASELINE_CAPABILITIES, capability_name};
use super::{Container, Pod};

rules! { Kubernetes:
VOLUME_TYPE "SW-K8S-0020" Low ["AVD-KSV-0028", "PSS restricted: Volume Types"]
    title "Volume of a type that is not allowed"
    why "Volumes of network file systems and cloud disks belong behind a PersistentVolumeClaim, where the administrator decides which of them exist."
    fix "Use a configMap, csi, downwardAPI, emptyDir, ephemeral, persistentVolumeClaim, projected or secret volume."
    bad "kind: Pod\nspec:\n  volumes:\n  - name: data\n    nfs: {server: nfs.example.com, path: /}\n"
    good "kind: Pod\nspec:\n  volumes:\n  - name: data\n    persistentVolumeClaim: {claimName: data}\n";
PRIVILEGE_ESCALATION "SW-K8S-0021" Medium ["AVD-KSV-0001", "CIS-K8S-5.2.6", "CKV_K8S_20", "PSS restricted: Privilege Escalation"]
    title "Privilege escalation allowed"
    why "Without `allowPrivilegeEscalation: false` a process gains rights through setuid programs and file capabilities."
    fix "Set `securityContext.allowPrivilegeEscalation: false`."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      allowPrivilegeEscalation: true\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      allowPrivilegeEscalation: false\n";
RUN_AS_NON_ROOT "SW-K8S-0022" Medium ["AVD-KSV-0012", "CIS-K8S-5.2.7", "CKV_K8S_23", "PSS restricted: Running as Non-root"]
    title "May run as root"
    why "Root in the container is root towards the kernel and the mounted files; every escape begins there."
    fix "Set `runAsNonRoot: true` for the pod or for each container, and give the image a numeric USER."
    bad "kind: Pod\nspec:\n  securityContext:\n    runAsNonRoot: null\n"
    good "kind: Pod\nspec:\n  securityContext:\n    runAsNonRoot: true\n";
RUN_AS_ROOT "SW-K8S-0023" High ["AVD-KSV-0105", "PSS restricted: Running as Non-root user"]
    title "Runs as user 0"
    why "The manifest asks for root by number."
    fix "Set `runAsUser` to a number above 9999, or leave it to the image."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      runAsUser: 0\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      runAsUser: 65532\n";
SECCOMP_UNSET "SW-K8S-0024" Low ["AVD-KSV-0030", "CIS-K8S-5.7.2", "CKV_K8S_31", "PSS restricted: Seccomp"]
    title "No seccomp profile"
    why "Unless the kubelet sets a default, a container without a profile may use every system call."
    fix "Set `securityContext.seccompProfile: {type: RuntimeDefault}` for the pod."
    bad "kind: Pod\nspec:\n  securityContext:\n    seccompProfile: null\n"
    good "kind: Pod\nspec:\n  securityContext:\n    seccompProfile: {type: Localhost, localhostProfile: app.json}\n";
DROP_ALL "SW-K8S-0025" Medium ["AVD-KSV-0003", "AVD-KSV-0004", "AVD-KSV-0106", "CIS-K8S-5.2.10", "CKV_K8S_37", "PSS restricted: Capabilities"]
    title "Default capabilities kept"
    why "A container starts with some fourteen capabilities, CHOWN, SETUID and NET_RAW among them, that hardly any program needs."
    fix "Set `capabilities: {drop: [ALL]}`, and add NET_BIND_SERVICE if the program listens below port 1024."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      capabilities:\n        drop: [NET_RAW]\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      capabilities:\n        drop: [ALL]\n        add: [NET_BIND_SERVICE]\n";
CAPABILITY_ADDED "SW-K8S-0026" Low ["AVD-KSV-0022", "CIS-K8S-5.2.9", "CKV_K8S_25", "PSS restricted: Capabilities"]
    title "Capability added"
    why "The restricted level allows only NET_BIND_SERVICE to be added."
    fix "Remove the capability; give files the right owner when the image is built instead of at start."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      capabilities:\n        add: [CHOWN]\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      capabilities:\n        add: [NET_BIND_SERVICE]\n";
}

/// hostPath is reported by the baseline level.
const ALLOWED_VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "hostPath",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

pub(super) fn check(pod: &Pod<'_, '_>, report: &mut Report<'_>) {
    check_volumes(pod, report);
    check_pod_user(pod, report);
    for container in &pod.containers {
        check_user(pod, container, report);
        if !pod.is_windows() {
            check_linux(pod, container, report);
        }
    }
}

fn check_volumes(pod: &Pod<'_, '_>, report: &mut Report<'_>) {
    for volume in pod.spec.items_at("volumes") {
        let name = volume.text_at("name").unwrap_or_default();
        for (kind, node) in volume.entries() {
            if kind != "name" && !node.is_null() && !ALLOWED_VOLUMES.contains(&kind) {
                report.add(
                    &VOLUME_TYPE,
                    node,
                    &pod.object.label(),
                    format!("volume `{name}` is of type {kind}"),
                );
            }
        }
    }
}

fn check_pod_user(pod: &Pod<'_, '_>, report: &mut Report<'_>) {
    if let Some(user) = pod.spec.at("securityContext.runAsUser")
        && user.integer() == Some(0)
    {
        report.add(
            &RUN_AS_ROOT,
            user,
            &pod.object.label(),
            "`runAsUser` of the pod is 0",
        );
    }
}

fn check_user(pod: &Pod<'_, '_>, container: &Container<'_>, report: &mut Report<'_>) {
    let label = pod.container_label(container);
    if let Some(user) = container.node.at("securityContext.runAsUser")
        && user.integer() == Some(0)
    {
        report.add(&RUN_AS_ROOT, user, &label, "`runAsUser` is 0");
        return;
    }
    // The standard asks for the field even where the number says it all.
    let number = pod
        .effective(container, "runAsUser")
        .and_then(|user| user.integer())
        .filter(|user| *user != 0);
    match pod.effective(container, "runAsNonRoot") {
        Some(node) if node.boolean() == Some(false) => {
            report.add(&RUN_AS_NON_ROOT, node, &label, "`runAsNonRoot` is false");
        }
        None => {
            let message = match number {
                Some(number) => format!("`runAsNonRoot` is not set, though the user is {number}"),
                None => {
                    "`runAsNonRoot` is set neither for the pod nor for the container".to_owned()
                }
            };
            report.add(&RUN_AS_NON_ROOT, container.node, &label, message);
        }
        Some(_) => {}
    }
}

fn check_linux(pod: &Pod<'_, '_>, container: &Container<'_>, report: &mut Report<'_>) {
    let label = pod.container_label(container);
    let node = container.node;
    let context = node.get("securityContext");
    match context.and_then(|c| c.get("allowPrivilegeEscalation")) {
        Some(escalation) if escalation.boolean() == Some(true) => report.add(
            &PRIVILEGE_ESCALATION,
            escalation,
            &label,
            "`allowPrivilegeEscalation` is true",
        ),
        None => report.add(
            &PRIVILEGE_ESCALATION,
            context.unwrap_or(node),
            &label,
            "`allowPrivilegeEscalation` is not set",
        ),
        _ => {}
    }
    if pod.effective(container, "seccompProfile").is_none() && !has_seccomp_annotation(pod) {
        report.add(
            &SECCOMP_UNSET,
            context.unwrap_or(node),
            &label,
            "a seccomp profile is set neither for the pod nor for the container",
        );
    }
    let drops_all = node
        .items_at("securityContext.capabilities.drop")
        .iter()
        .any(|item| {
            item.text()
                .is_some_and(|text| capability_name(text) == "ALL")
        });
    if !drops_all {
        report.add(
            &DROP_ALL,
            node.at("securityContext.capabilities")
                .or(context)
                .unwrap_or(node),
            &label,
            "does not drop ALL capabilities",
        );
    }
    for item in node.items_at("securityContext.capabilities.add") {
        if let Some(name) = item.text().map(capability_name)
            && name != "NET_BIND_SERVICE"
            && BASELINE_CAPABILITIES.contains(&name.as_str())
        {
            report.add(
                &CAPABILITY_ADDED,
                item,
                &label,
                format!("adds the capability {name}"),
            );
        }
    }
}

fn has_seccomp_annotation(pod: &Pod<'_, '_>) -> bool {
    pod.metadata
        .and_then(|metadata| metadata.get("annotations"))
        .is_some_and(|annotations| {
            annotations
                .entries()
                .any(|(key, _)| key.contains("seccomp.security.alpha.kubernetes.io/"))
        })
}
