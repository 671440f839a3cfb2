//! What the hardening guides ask of pods beyond the Pod Security Standards: NSA and CISA's
//! Kubernetes Hardening Guide, the CIS benchmark.

use crate::document::{Node, Switch};
use crate::hints::{self, Pin};
use crate::report::Report;
use crate::rule::rules;

use super::{Container, ContainerKind, Pod};

rules! { Kubernetes:
READ_ONLY_ROOT "SW-K8S-0030" Low ["AVD-KSV-0014", "CKV_K8S_22", "NSA: Immutable container file systems"]
    title "Writable root file system"
    why "An intruder can bring tools and change the program; a read-only root takes that away."
    fix "Set `readOnlyRootFilesystem: true`, and mount an emptyDir where the program writes."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      readOnlyRootFilesystem: false\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      readOnlyRootFilesystem: true\n";
MOVING_TAG "SW-K8S-0031" Medium ["AVD-KSV-0013", "CKV_K8S_14"]
    title "Image without a version"
    why "`latest`, or no tag, is another image tomorrow: what was tested is not what runs, and a rollback rolls nothing back."
    fix "Name a version, best with its digest."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    image: registry.example.com/app:latest\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    image: registry.example.com/app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";
NO_DIGEST "SW-K8S-0032" Negligible ["CKV_K8S_43"]
    title "Image without a digest"
    why "A tag can be moved to another image; a digest cannot."
    fix "Append the digest: `image:tag@sha256:…`."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    image: registry.example.com/app:1.2.3\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    image: registry.example.com/app:1.2.3@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";
TOKEN "SW-K8S-0033" Low ["AVD-KSV-0036", "CIS-K8S-5.1.5", "CIS-K8S-5.1.6", "CKV_K8S_38", "NSA: Protecting Pod service account tokens"]
    title "Token of the default service account mounted"
    why "Each container gets a credential for the Kubernetes API that a pod without a service account of its own does not use, but an intruder does."
    fix "Set `automountServiceAccountToken: false`, or give the pod a service account of its own."
    bad "kind: Pod\nspec:\n  automountServiceAccountToken: null\n"
    good "kind: Pod\nspec:\n  automountServiceAccountToken: false\n";
ENV_SECRET "SW-K8S-0034" High ["CIS-K8S-5.4.1"]
    title "Secret in an environment variable"
    why "The value stands in the manifest, in version control, in the API and in the output of `kubectl describe`."
    fix "Put the value into a Secret, and mount it as a file or refer to it with `secretKeyRef`."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    env:\n    - name: DB_PASSWORD\n      value: example\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    env:\n    - name: DB_PASSWORD_FILE\n      value: /run/secrets/db-password\n";
ENV_FROM_SECRET "SW-K8S-0035" Negligible ["CIS-K8S-5.4.1", "CKV_K8S_35"]
    title "Secret handed over in the environment"
    why "Environment variables end up in crash reports, logs and child processes; a mounted file does not, and it follows a rotation."
    fix "Mount the Secret as a volume."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    env:\n    - name: DB_PASSWORD\n      valueFrom: {secretKeyRef: {name: db, key: password}}\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    volumeMounts:\n    - {name: db, mountPath: /run/secrets/db, readOnly: true}\n  volumes:\n  - name: db\n    secret: {secretName: db}\n";
DEFAULT_NAMESPACE "SW-K8S-0036" Low ["AVD-KSV-0110", "CIS-K8S-5.7.4", "CKV_K8S_21"]
    title "Workload in the default namespace"
    why "Policies, quotas and roles are given by namespace; in `default` everything shares them."
    fix "Give the application a namespace of its own."
    bad "kind: Pod\nmetadata:\n  namespace: default\n"
    good "kind: Pod\nmetadata:\n  namespace: shop\n";
SYSTEM_NAMESPACE "SW-K8S-0037" Medium ["AVD-KSV-0037"]
    title "Workload in kube-system"
    why "kube-system is exempt from most policies, and its secrets and service accounts rule the cluster."
    fix "Give the application a namespace of its own."
    bad "kind: Pod\nmetadata:\n  namespace: kube-system\n"
    good "kind: Pod\nmetadata:\n  namespace: monitoring\n";
LOW_USER "SW-K8S-0038" Negligible ["AVD-KSV-0020", "CKV_K8S_40"]
    title "User number that the node may know"
    why "A user number below 10000 is likely to be somebody on the node, whose files it may then touch."
    fix "Use a user number of 10000 or more."
    bad "kind: Pod\nspec:\n  securityContext:\n    runAsUser: 1000\n"
    good "kind: Pod\nspec:\n  securityContext:\n    runAsUser: 10001\n";
ROOT_GROUP "SW-K8S-0039" Low ["AVD-KSV-0116"]
    title "Runs in the root group"
    why "Files that only root's group may read or write are open to the container."
    fix "Set `runAsGroup`, `fsGroup` and `supplementalGroups` to numbers other than 0."
    bad "kind: Pod\nspec:\n  securityContext:\n    runAsGroup: 0\n"
    good "kind: Pod\nspec:\n  securityContext:\n    runAsGroup: 65532\n";
SHARED_PROCESSES "SW-K8S-0040" Low []
    title "Containers of the pod see each other's processes"
    why "With a shared process namespace each container reads the environment and, through /proc, the files of the others."
    fix "Remove `shareProcessNamespace: true`."
    bad "kind: Pod\nspec:\n  shareProcessNamespace: true\n"
    good "kind: Pod\nspec:\n  shareProcessNamespace: false\n";
HOST_ALIASES "SW-K8S-0041" Negligible ["AVD-KSV-0007"]
    title "Host names of its own"
    why "hostAliases change what a name means for this pod only, past DNS and whoever watches it."
    fix "Put the name into DNS."
    bad "kind: Pod\nspec:\n  hostAliases:\n  - {ip: 10.0.0.1, hostnames: [db]}\n"
    good "kind: Pod\nspec:\n  dnsPolicy: ClusterFirst\n";
COMMAND_DOWNLOAD "SW-K8S-0042" High []
    title "Runs what it downloads"
    why "The container runs whatever the server sends at that moment; no scan and no signature covers it."
    fix "Put the program into the image."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    command: [sh, -c, \"curl -s https://example.com/install.sh | sh\"]\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    command: [/usr/bin/app]\n";
}

pub(super) fn check(pod: &Pod<'_, '_>, report: &mut Report<'_>) {
    check_pod(pod, report);
    check_namespace(pod, report);
    for (label, node) in pod.contexts() {
        check_ids(&label, node, report);
    }
    for container in &pod.containers {
        check_container(pod, container, report);
    }
}

fn check_pod(pod: &Pod<'_, '_>, report: &mut Report<'_>) {
    let label = pod.object.label();
    let account = ["serviceAccountName", "serviceAccount"]
        .iter()
        .find_map(|field| pod.spec.text_at(field))
        .unwrap_or("default");
    let is_mounted = match pod.spec.switch("automountServiceAccountToken") {
        Switch::On => true,
        // An account of its own is there to be used.
        Switch::Absent => account == "default",
        Switch::Off | Switch::Unknown => false,
    };
    if is_mounted {
        let node = pod
            .spec
            .get("automountServiceAccountToken")
            .unwrap_or(pod.spec);
        report.add(
            &TOKEN,
            node,
            &label,
            format!("the token of the service account `{account}` is mounted"),
        );
    }
    if let Some(node) = pod.spec.get("shareProcessNamespace")
        && node.boolean() == Some(true)
    {
        report.add(
            &SHARED_PROCESSES,
            node,
            &label,
            "`shareProcessNamespace` is true",
        );
    }
    if pod.spec.has("hostAliases")
        && let Some(node) = pod.spec.get("hostAliases")
    {
        report.add(&HOST_ALIASES, node, &label, "sets `hostAliases`");
    }
}

fn check_namespace(pod: &Pod<'_, '_>, report: &mut Report<'_>) {
    let rule = match pod.object.namespace {
        Some("default") => &DEFAULT_NAMESPACE,
        Some("kube-system" | "kube-public" | "kube-node-lease") => &SYSTEM_NAMESPACE,
        _ => return,
    };
    let namespace = pod.object.namespace.unwrap_or_default();
    report.add(
        rule,
        pod.object.anchor(),
        &pod.object.label(),
        format!("is in the namespace `{namespace}`"),
    );
}

fn check_ids(label: &str, owner: &Node, report: &mut Report<'_>) {
    let Some(context) = owner.get("securityContext") else {
        return;
    };
    if let Some(user) = context.get("runAsUser")
        && let Some(number) = user.integer().filter(|n| (1..10_000).contains(n))
    {
        report.add(&LOW_USER, user, label, format!("`runAsUser` is {number}"));
    }
    for field in ["runAsGroup", "fsGroup"] {
        if let Some(node) = context.get(field).filter(|n| n.integer() == Some(0)) {
            report.add(&ROOT_GROUP, node, label, format!("`{field}` is 0"));
        }
    }
    for node in context.items_at("supplementalGroups") {
        if node.integer() == Some(0) {
            report.add(&ROOT_GROUP, node, label, "`supplementalGroups` has 0");
        }
    }
}

fn check_container(pod: &Pod<'_, '_>, container: &Container<'_>, report: &mut Report<'_>) {
    let label = pod.container_label(container);
    let node = container.node;
    let read_only = node.switch("securityContext.readOnlyRootFilesystem");
    if matches!(read_only, Switch::Absent | Switch::Off)
        && container.kind != ContainerKind::Ephemeral
        && !pod.is_windows()
    {
        let place = node
            .at("securityContext.readOnlyRootFilesystem")
            .or_else(|| node.get("securityContext"))
            .unwrap_or(node);
        report.add(
            &READ_ONLY_ROOT,
            place,
            &label,
            "`readOnlyRootFilesystem` is not true",
        );
    }
    if let Some(image) = node.get("image")
        && let Some(reference) = image.text()
    {
        let rule = match hints::pin(reference) {
            Pin::Moving => Some((&MOVING_TAG, "has no fixed version")),
            Pin::Tag => Some((&NO_DIGEST, "has no digest")),
            Pin::Digest | Pin::Unknown => None,
        };
        if let Some((rule, what)) = rule {
            report.add(
                rule,
                image,
                &label,
                format!("the image `{reference}` {what}"),
            );
        }
    }
    check_environment(&label, node, report);
    for list in ["command", "args"] {
        for word in node.items_at(list) {
            if word.text().is_some_and(crate::shell::runs_a_download) {
                report.add(
                    &COMMAND_DOWNLOAD,
                    word,
                    &label,
                    format!("`{list}` feeds a download to an interpreter"),
                );
            }
        }
    }
}

fn check_environment(label: &str, container: &Node, report: &mut Report<'_>) {
    for variable in container.items_at("env") {
        let name = variable.text_at("name").unwrap_or_default();
        if let Some(value) = variable.get("value")
            && let Some(text) = value.text()
            && ((hints::is_secret_name(name) && hints::is_literal_secret(text))
                || hints::is_secret_value(text))
        {
            report.add(
                &ENV_SECRET,
                variable,
                label,
                format!("the variable `{name}` holds its secret in plain text"),
            );
        }
        if let Some(reference) = variable.at("valueFrom.secretKeyRef") {
            report.add(
                &ENV_FROM_SECRET,
                reference,
                label,
                format!("the variable `{name}` comes from a Secret"),
            );
        }
    }
    for source in container.items_at("envFrom") {
        if let Some(reference) = source.get("secretRef") {
            report.add(
                &ENV_FROM_SECRET,
                reference,
                label,
                "all variables of a Secret are put into the environment",
            );
        }
    }
}
