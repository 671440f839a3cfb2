//! The baseline level of the Pod Security Standards.

use crate::document::{Node, Value};
use crate::hints;
use crate::report::Report;
use crate::rule::rules;

use super::{Container, Pod};

rules! { Kubernetes:
HOST_PROCESS "SW-K8S-0001" Critical ["AVD-KSV-0103", "CIS-K8S-5.2.11", "PSS baseline: HostProcess"]
    title "Windows HostProcess container"
    why "A HostProcess container runs as a process of the Windows node itself, with access to all of it."
    fix "Remove `windowsOptions.hostProcess`."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      windowsOptions:\n        hostProcess: true\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      windowsOptions:\n        hostProcess: false\n";
HOST_NETWORK "SW-K8S-0002" High ["AVD-KSV-0009", "CIS-K8S-5.2.5", "CKV_K8S_19", "PSS baseline: Host Namespaces"]
    title "Pod in the network of its node"
    why "The pod sees the traffic of the node, reaches services that listen on its loopback address, and no NetworkPolicy applies to it."
    fix "Remove `hostNetwork: true`; publish the port through a Service."
    bad "kind: Pod\nspec:\n  hostNetwork: true\n"
    good "kind: Pod\nspec:\n  hostNetwork: false\n";
HOST_PID "SW-K8S-0003" High ["AVD-KSV-0010", "CIS-K8S-5.2.3", "CKV_K8S_17", "PSS baseline: Host Namespaces"]
    title "Pod sees the processes of its node"
    why "With the node's process namespace a container can read the environment of every process, signal it, and with ptrace take it over."
    fix "Remove `hostPID: true`."
    bad "kind: Pod\nspec:\n  hostPID: true\n"
    good "kind: Pod\nspec:\n  hostPID: false\n";
HOST_IPC "SW-K8S-0004" High ["AVD-KSV-0008", "CIS-K8S-5.2.4", "CKV_K8S_18", "PSS baseline: Host Namespaces"]
    title "Pod shares the memory segments of its node"
    why "With the node's IPC namespace a container can read and change shared memory of processes outside of it."
    fix "Remove `hostIPC: true`."
    bad "kind: Pod\nspec:\n  hostIPC: true\n"
    good "kind: Pod\nspec:\n  hostIPC: false\n";
PRIVILEGED "SW-K8S-0005" Critical ["AVD-KSV-0017", "CIS-K8S-5.2.2", "CKV_K8S_16", "PSS baseline: Privileged Containers"]
    title "Privileged container"
    why "A privileged container has every capability and every device of its node: whoever breaks into it owns the node."
    fix "Remove `privileged: true`, and add the one capability or device that is needed."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      privileged: true\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      privileged: false\n";
CAPABILITIES "SW-K8S-0006" High ["AVD-KSV-0005", "AVD-KSV-0022", "AVD-KSV-0120", "CIS-K8S-5.2.9", "CKV_K8S_25", "CKV_K8S_39", "PSS baseline: Capabilities"]
    title "Dangerous capability added"
    why "Capabilities beyond the default set, such as SYS_ADMIN, SYS_PTRACE or NET_ADMIN, are ways out of the container or into the traffic of others."
    fix "Remove the capability from `capabilities.add`."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      capabilities:\n        add: [SYS_ADMIN]\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      capabilities:\n        drop: [ALL]\n";
HOST_PATH "SW-K8S-0007" Medium ["AVD-KSV-0023", "CIS-K8S-5.2.12", "PSS baseline: HostPath Volumes"]
    title "Directory of the node mounted"
    why "A hostPath volume ties the pod to files of its node and lets it read or change what others rely on."
    fix "Use an emptyDir, a ConfigMap or a PersistentVolumeClaim."
    bad "kind: Pod\nspec:\n  volumes:\n  - name: data\n    hostPath: {path: /srv/data}\n"
    good "kind: Pod\nspec:\n  volumes:\n  - name: data\n    emptyDir: {}\n";
HOST_PORT "SW-K8S-0008" Medium ["AVD-KSV-0024", "CIS-K8S-5.2.13", "CKV_K8S_26", "PSS baseline: Host Ports"]
    title "Port of the node taken"
    why "A hostPort is reachable on the address of the node, past Services and most network policies, and no second pod fits on that node."
    fix "Remove `hostPort`; publish the port through a Service."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    ports:\n    - containerPort: 8080\n      hostPort: 8080\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    ports:\n    - containerPort: 8080\n";
PROBE_HOST "SW-K8S-0009" Medium ["PSS baseline: Host Probes / Lifecycle Hooks"]
    title "Probe or lifecycle hook that calls another host"
    why "The kubelet sends the request from the network of the node, so a `host` in a probe reaches what the pod itself may not."
    fix "Remove `host` from the probe or hook; it then calls the pod."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    livenessProbe:\n      httpGet: {port: 8080, host: 169.254.169.254}\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    livenessProbe:\n      httpGet: {port: 8080}\n";
APPARMOR "SW-K8S-0010" Medium ["AVD-KSV-0002", "PSS baseline: AppArmor"]
    title "AppArmor switched off"
    why "The runtime's AppArmor profile stops a container from mounting, from writing to /proc and /sys, and more."
    fix "Remove the setting, or use `RuntimeDefault` or a `Localhost` profile."
    bad "kind: Pod\nspec:\n  securityContext:\n    appArmorProfile: {type: Unconfined}\n"
    good "kind: Pod\nspec:\n  securityContext:\n    appArmorProfile: {type: RuntimeDefault}\n";
SELINUX "SW-K8S-0011" Medium ["AVD-KSV-0025", "PSS baseline: SELinux"]
    title "SELinux user, role or type of its own"
    why "A custom SELinux user or role, or a type other than those for containers, can take the container out of its confinement."
    fix "Remove `user` and `role`, and use a type such as `container_t`."
    bad "kind: Pod\nspec:\n  securityContext:\n    seLinuxOptions: {type: spc_t}\n"
    good "kind: Pod\nspec:\n  securityContext:\n    seLinuxOptions: {type: container_t}\n";
PROC_MOUNT "SW-K8S-0012" Medium ["AVD-KSV-0027", "PSS baseline: /proc Mount Type"]
    title "Unmasked /proc"
    why "The runtime hides parts of /proc that tell about or change the kernel; `Unmasked` shows them."
    fix "Remove `procMount`."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      procMount: Unmasked\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      procMount: Default\n";
SECCOMP_OFF "SW-K8S-0013" High ["AVD-KSV-0104", "CIS-K8S-5.7.2", "CKV_K8S_31", "PSS baseline: Seccomp"]
    title "Seccomp switched off"
    why "Without a seccomp profile a container may use every system call of the kernel, those with known holes included."
    fix "Use `seccompProfile: {type: RuntimeDefault}`."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      seccompProfile: {type: Unconfined}\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      seccompProfile: {type: RuntimeDefault}\n";
SYSCTLS "SW-K8S-0014" Medium ["AVD-KSV-0026", "PSS baseline: Sysctls"]
    title "Unsafe kernel parameter"
    why "Kernel parameters outside the safe set are not confined to the pod: they weaken or disturb the whole node."
    fix "Remove the parameter from `sysctls`."
    bad "kind: Pod\nspec:\n  securityContext:\n    sysctls:\n    - {name: kernel.msgmax, value: \"65536\"}\n"
    good "kind: Pod\nspec:\n  securityContext:\n    sysctls:\n    - {name: net.ipv4.tcp_syncookies, value: \"1\"}\n";
RUNTIME_SOCKET "SW-K8S-0015" Critical ["AVD-KSV-0006", "CIS-K8S-5.2.12", "CKV_K8S_27", "PSS baseline: HostPath Volumes"]
    title "Socket of the container runtime mounted"
    why "Whoever can talk to the container runtime can start a privileged container, and so owns the node."
    fix "Remove the mount; build images with a rootless builder, and ask the Kubernetes API instead of the runtime."
    bad "kind: Pod\nspec:\n  volumes:\n  - name: docker\n    hostPath: {path: /var/run/docker.sock}\n"
    good "kind: Pod\nspec:\n  volumes:\n  - name: cache\n    emptyDir: {}\n";
SENSITIVE_PATH "SW-K8S-0016" High ["AVD-KSV-0121", "CIS-K8S-5.2.12", "PSS baseline: HostPath Volumes"]
    title "Sensitive directory of the node mounted"
    why "The root, /etc, /proc, /var/lib/kubelet and their like hold the keys of the node and of the pods on it."
    fix "Remove the mount, or mount the one file that is needed, read-only."
    bad "kind: Pod\nspec:\n  volumes:\n  - name: host\n    hostPath: {path: /etc}\n"
    good "kind: Pod\nspec:\n  volumes:\n  - name: config\n    configMap: {name: app}\n";
NET_RAW "SW-K8S-0017" High ["AVD-KSV-0022", "AVD-KSV-0119", "CIS-K8S-5.2.8", "CIS-K8S-5.2.9", "CKV_K8S_25", "CKV_K8S_28", "PSS baseline: Capabilities"]
    title "NET_RAW added"
    why "With raw sockets a container forges packets: it answers for others on the same network, and reads what was meant for them."
    fix "Remove NET_RAW from `capabilities.add`; for ping set the kernel parameter `net.ipv4.ping_group_range`."
    bad "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      capabilities:\n        add: [NET_RAW]\n"
    good "kind: Pod\nspec:\n  containers:\n  - name: app\n    securityContext:\n      capabilities:\n        drop: [ALL]\n";
}

/// Capabilities that a container may add at the baseline level.
pub(super) const BASELINE_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

const SAFE_SYSCTLS: [&str; 10] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_syncookies",
];

const SELINUX_TYPES: [&str; 5] = [
    "",
    "container_t",
    "container_init_t",
    "container_kvm_t",
    "container_engine_t",
];

/// Directories whose content is the node.
const SENSITIVE_PATHS: [&str; 13] = [
    "/boot", "/dev", "/etc", "/home", "/lib", "/proc", "/root", "/run", "/sys", "/usr", "/var/lib",
    "/var/log", "/var/run",
];

pub(super) fn check(pod: &Pod<'_, '_>, report: &mut Report<'_>) {
    check_namespaces(pod, report);
    check_volumes(pod, report);
    check_sysctls(pod, report);
    check_annotations(pod, report);
    for (label, node) in pod.contexts() {
        check_context(&label, node, report);
    }
    for container in &pod.containers {
        check_container(pod, container, report);
    }
}

fn check_namespaces(pod: &Pod<'_, '_>, report: &mut Report<'_>) {
    let label = pod.object.label();
    for (rule, field) in [
        (&HOST_NETWORK, "hostNetwork"),
        (&HOST_PID, "hostPID"),
        (&HOST_IPC, "hostIPC"),
    ] {
        if let Some(node) = pod.spec.get(field).filter(|n| n.boolean() == Some(true)) {
            report.add(rule, node, &label, format!("`{field}` is true"));
        }
    }
}

fn check_volumes(pod: &Pod<'_, '_>, report: &mut Report<'_>) {
    let label = pod.object.label();
    for volume in pod.spec.items_at("volumes") {
        let Some(host_path) = volume.get("hostPath") else {
            continue;
        };
        let path = host_path.text_at("path").unwrap_or_default();
        let name = volume.text_at("name").unwrap_or_default();
        let rule = if hints::is_runtime_socket(path) {
            &RUNTIME_SOCKET
        } else if is_sensitive(path) {
            &SENSITIVE_PATH
        } else {
            &HOST_PATH
        };
        report.add(
            rule,
            host_path,
            &label,
            format!("volume `{name}` is `{path}` of the node"),
        );
    }
}

fn is_sensitive(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    path.is_empty()
        || SENSITIVE_PATHS.iter().any(|dir| {
            path == *dir
                || path
                    .strip_prefix(dir)
                    .is_some_and(|rest| rest.starts_with('/'))
        })
}

fn check_sysctls(pod: &Pod<'_, '_>, report: &mut Report<'_>) {
    for sysctl in pod.spec.items_at("securityContext.sysctls") {
        if let Some(name) = sysctl.text_at("name").filter(|n| !SAFE_SYSCTLS.contains(n)) {
            report.add(
                &SYSCTLS,
                sysctl,
                &pod.object.label(),
                format!("sets the kernel parameter `{name}`"),
            );
        }
    }
}

/// The annotations that came before the fields of the security context.
fn check_annotations(pod: &Pod<'_, '_>, report: &mut Report<'_>) {
    let Some(annotations) = pod.metadata.and_then(|m| m.get("annotations")) else {
        return;
    };
    let label = pod.object.label();
    for (key, node) in annotations.entries() {
        let value = node.text().unwrap_or_default();
        let is_confined =
            matches!(value, "" | "runtime/default") || value.starts_with("localhost/");
        if key.starts_with("container.apparmor.security.beta.kubernetes.io/") && !is_confined {
            report.add(
                &APPARMOR,
                node,
                &label,
                format!("the AppArmor annotation says `{value}`"),
            );
        }
        let is_seccomp = key.starts_with("container.seccomp.security.alpha.kubernetes.io/")
            || key == "seccomp.security.alpha.kubernetes.io/pod";
        if is_seccomp && value == "unconfined" {
            report.add(
                &SECCOMP_OFF,
                node,
                &label,
                "the seccomp annotation says `unconfined`",
            );
        }
    }
}

/// Fields that stand in the context of the pod and of each container alike.
fn check_context(label: &str, owner: &Node, report: &mut Report<'_>) {
    let Some(context) = owner.get("securityContext") else {
        return;
    };
    if let Some(node) = context
        .at("windowsOptions.hostProcess")
        .filter(|n| n.boolean() == Some(true))
    {
        report.add(&HOST_PROCESS, node, label, "`hostProcess` is true");
    }
    if let Some(node) = context.at("appArmorProfile.type")
        && node.text() == Some("Unconfined")
    {
        report.add(
            &APPARMOR,
            node,
            label,
            "the AppArmor profile is `Unconfined`",
        );
    }
    if let Some(node) = context.at("seccompProfile.type")
        && node.text() == Some("Unconfined")
    {
        report.add(
            &SECCOMP_OFF,
            node,
            label,
            "the seccomp profile is `Unconfined`",
        );
    }
    for field in ["user", "role", "type"] {
        let Some(node) = context.at("seLinuxOptions").and_then(|o| o.get(field)) else {
            continue;
        };
        let Some(value) = node.text() else { continue };
        let is_fine = if field == "type" {
            SELINUX_TYPES.contains(&value)
        } else {
            value.is_empty()
        };
        if !is_fine {
            report.add(
                &SELINUX,
                node,
                label,
                format!("the SELinux {field} is `{value}`"),
            );
        }
    }
}

fn check_container(pod: &Pod<'_, '_>, container: &Container<'_>, report: &mut Report<'_>) {
    let label = pod.container_label(container);
    let node = container.node;
    if let Some(privileged) = node
        .at("securityContext.privileged")
        .filter(|n| n.boolean() == Some(true))
    {
        report.add(&PRIVILEGED, privileged, &label, "`privileged` is true");
    }
    for capability in node.items_at("securityContext.capabilities.add") {
        if let Some(name) = capability.text().map(capability_name)
            && !BASELINE_CAPABILITIES.contains(&name.as_str())
        {
            if matches!(name.as_str(), "NET_RAW" | "ALL") {
                report.add(&NET_RAW, capability, &label, "adds the capability NET_RAW");
            }
            if name != "NET_RAW" {
                let message = format!("adds the capability {name}");
                report.add(&CAPABILITIES, capability, &label, message);
            }
        }
    }
    if let Some(mount) = node.at("securityContext.procMount")
        && mount.text().is_some_and(|text| text != "Default")
    {
        report.add(&PROC_MOUNT, mount, &label, "`procMount` is not `Default`");
    }
    for port in node.items_at("ports") {
        if let Some(host) = port.get("hostPort")
            && host.integer().is_some_and(|n| n != 0)
        {
            let number = host.text().unwrap_or_default();
            report.add(
                &HOST_PORT,
                host,
                &label,
                format!("takes port {number} of the node"),
            );
        }
    }
    check_handlers(&label, node, report);
}

fn check_handlers(label: &str, container: &Node, report: &mut Report<'_>) {
    for handler in [
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
        "lifecycle.postStart",
        "lifecycle.preStop",
    ] {
        for action in ["httpGet", "tcpSocket"] {
            if let Some(host) = container.at(&format!("{handler}.{action}.host"))
                && matches!(&host.value, Value::Text(text) if !text.is_empty())
            {
                let address = host.text().unwrap_or_default();
                report.add(
                    &PROBE_HOST,
                    host,
                    label,
                    format!("`{handler}` calls `{address}`"),
                );
            }
        }
    }
}

/// The name without `CAP_`, in upper case.
pub(super) fn capability_name(text: &str) -> String {
    let name = text.to_ascii_uppercase();
    name.strip_prefix("CAP_").unwrap_or(&name).to_owned()
}
