//! Compose files (Compose Specification).

use crate::document::{Node, Switch, Value};
use crate::hints::{self, Pin};
use crate::report::Report;

mod limits;
mod rules;

pub(crate) use rules::RULES;
use rules::*;

/// Beyond what a container gets by default.
const DANGEROUS: [&str; 22] = [
    "ALL",
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "BPF",
    "CHECKPOINT_RESTORE",
    "DAC_READ_SEARCH",
    "IPC_LOCK",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "NET_ADMIN",
    "PERFMON",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "WAKE_ALARM",
];

const SENSITIVE_PATHS: [&str; 12] = [
    "/boot", "/dev", "/etc", "/home", "/lib", "/proc", "/root", "/run", "/sys", "/usr", "/var/lib",
    "/var/run",
];

/// Whether a document of another name is a Compose file.
pub(crate) fn is_compose(document: &Node) -> bool {
    document.get("services").is_some_and(|services| {
        services.is_map()
            && services
                .entries()
                .any(|(_, service)| service.has("image") || service.has("build"))
    })
}

/// Checks a Compose file.
pub(crate) fn check(document: &Node, report: &mut Report<'_>) {
    if let Some(version) = document.get("version")
        && document.get("services").is_some()
    {
        report.add(&OBSOLETE_VERSION, version, "", "`version` has no effect");
    }
    let services = document.get("services");
    for (name, service) in services.into_iter().flat_map(Node::entries) {
        let service = Service {
            node: service,
            label: format!("service {name}"),
        };
        service.namespaces(report);
        service.rights(report);
        service.image(report);
        service.volumes(report);
        service.ports(report);
        service.secrets(report);
        service.restarts(report);
        service.missing(report);
    }
}

struct Service<'n> {
    node: &'n Node,
    label: String,
}

impl Service<'_> {
    fn add(
        &self,
        rule: &crate::Rule,
        node: &Node,
        report: &mut Report<'_>,
        message: impl Into<String>,
    ) {
        report.add(rule, node, &self.label, message);
    }

    fn namespaces(&self, report: &mut Report<'_>) {
        for (rule, field, value) in [
            (&HOST_NETWORK, "network_mode", "host"),
            (&DEFAULT_BRIDGE, "network_mode", "bridge"),
            (&HOST_PID, "pid", "host"),
            (&HOST_IPC, "ipc", "host"),
            (&HOST_UTS, "uts", "host"),
            (&HOST_USERS, "userns_mode", "host"),
            (&HOST_CGROUP, "cgroup", "host"),
        ] {
            if let Some(node) = self.node.get(field).filter(|n| n.text() == Some(value)) {
                self.add(rule, node, report, format!("`{field}` is `{value}`"));
            }
        }
        if let Some(parent) = self.node.get("cgroup_parent")
            && let Some(name) = parent.text().filter(|name| !name.is_empty())
        {
            let message = format!("the parent of its cgroup is `{name}`");
            self.add(&CGROUP_PARENT, parent, report, message);
        }
    }

    fn rights(&self, report: &mut Report<'_>) {
        if let Some(node) = self
            .node
            .get("privileged")
            .filter(|n| n.boolean() == Some(true))
        {
            self.add(&PRIVILEGED, node, report, "`privileged` is true");
        }
        for item in self.node.items_at("cap_add") {
            let name = item.text().unwrap_or_default().to_ascii_uppercase();
            let name = name.strip_prefix("CAP_").unwrap_or(&name);
            if DANGEROUS.contains(&name) {
                self.add(
                    &CAPABILITIES,
                    item,
                    report,
                    format!("adds the capability {name}"),
                );
            }
        }
        for item in self.node.items_at("security_opt") {
            let option = item.text().unwrap_or_default().replacen('=', ":", 1);
            let rule = match option.as_str() {
                "seccomp:unconfined" => &SECCOMP_OFF,
                "apparmor:unconfined" => &APPARMOR_OFF,
                "label:disable" => &SELINUX_OFF,
                "systempaths:unconfined" => &UNMASKED,
                _ => continue,
            };
            let text = item.text().unwrap_or_default();
            let message = format!("`security_opt` has `{text}`");
            self.add(rule, item, report, message);
        }
        for device in self.node.items_at("devices") {
            let text = device.text().or_else(|| device.text_at("source"));
            let path = text.unwrap_or_default().split(':').next().unwrap_or("");
            // A name of the Container Device Interface is a device that the administrator offers.
            if path.starts_with("/dev") {
                let message = format!("hands over `{path}` of the host");
                self.add(&DEVICE, device, report, message);
            }
        }
        if let Some(user) = self.node.get("user") {
            let name = user.text().unwrap_or_default();
            if matches!(name.split(':').next(), Some("root" | "0")) {
                self.add(&ROOT, user, report, format!("`user` is `{name}`"));
            }
        }
    }

    fn image(&self, report: &mut Report<'_>) {
        // With `build`, the name is that of the result.
        let Some(image) = self.node.get("image").filter(|_| !self.node.has("build")) else {
            return;
        };
        let Some(reference) = image.text() else {
            return;
        };
        match hints::pin(reference) {
            Pin::Moving => self.add(
                &MOVING_TAG,
                image,
                report,
                format!("the image `{reference}` has no fixed version"),
            ),
            Pin::Tag => self.add(
                &NO_DIGEST,
                image,
                report,
                format!("the image `{reference}` has no digest"),
            ),
            Pin::Digest | Pin::Unknown => {}
        }
    }

    fn volumes(&self, report: &mut Report<'_>) {
        for volume in self.node.items_at("volumes") {
            let source = match &volume.value {
                Value::Text(text) => text.split(':').next(),
                Value::Map(_) if volume.text_at("type") == Some("volume") => None,
                _ => volume.text_at("source"),
            };
            let source = source.unwrap_or_default();
            if hints::is_runtime_socket(source) {
                self.add(
                    &RUNTIME_SOCKET,
                    volume,
                    report,
                    format!("mounts `{source}`"),
                );
            } else if source.starts_with('/') && is_sensitive(source) {
                self.add(
                    &SENSITIVE_PATH,
                    volume,
                    report,
                    format!("mounts `{source}` of the host"),
                );
            }
            let is_shared = |text: &str| matches!(text, "shared" | "rshared");
            let propagates = match volume.text() {
                Some(text) => text.split([':', ',']).skip(2).any(is_shared),
                None => volume.text_at("bind.propagation").is_some_and(is_shared),
            };
            if propagates {
                self.add(
                    &SHARED_MOUNT,
                    volume,
                    report,
                    "the mount propagates to the host",
                );
            }
        }
    }

    fn ports(&self, report: &mut Report<'_>) {
        for port in self.node.items_at("ports") {
            let published = Published::of(port);
            self.port_of_the_host(&published, port, report);
            let service = published
                .target
                .or(published.host_port)
                .and_then(hints::sensitive_service);
            if let Some(service) = service.filter(|_| published.is_open) {
                self.add(
                    &OPEN_DATABASE,
                    port,
                    report,
                    format!("publishes {service} on every interface"),
                );
            }
        }
    }

    fn port_of_the_host(&self, published: &Published, port: &Node, report: &mut Report<'_>) {
        if published.target == Some(22) {
            self.add(&SSH, port, report, "publishes port 22, that of SSH");
        }
        // Every web server has those two.
        if let Some(number) = published.host_port
            && (1..1024).contains(&number)
            && !matches!(number, 80 | 443)
        {
            let message = format!("publishes port {number} of the host");
            self.add(&PRIVILEGED_PORT, port, report, message);
        }
    }

    fn secrets(&self, report: &mut Report<'_>) {
        for (rule, path, what) in [
            (&ENV_SECRET, "environment", "variable"),
            (&BUILD_SECRET, "build.args", "build argument"),
        ] {
            for (name, value, node) in self.node.at(path).into_iter().flat_map(assignments) {
                if (hints::is_secret_name(name) && hints::is_literal_secret(value))
                    || hints::is_secret_value(value)
                {
                    let message = format!("the {what} `{name}` holds its secret in plain text");
                    self.add(rule, node, report, message);
                }
            }
        }
    }

    /// What should be there and is not. A service without an image is a part that another file
    /// completes, and one that extends another has the rest elsewhere.
    fn missing(&self, report: &mut Report<'_>) {
        let node = self.node;
        if node.has("extends") || !(node.has("image") || node.has("build")) {
            return;
        }
        let options = node.items_at("security_opt");
        let no_new_privileges = options.iter().any(|option| {
            let text = option.text().unwrap_or_default();
            text.starts_with("no-new-privileges") && !text.ends_with("false")
        });
        if !no_new_privileges {
            let place = node.get("security_opt").unwrap_or(node);
            self.add(
                &NEW_PRIVILEGES,
                place,
                report,
                "`no-new-privileges` is not set",
            );
        }
        if matches!(node.switch("read_only"), Switch::Absent | Switch::Off) {
            let place = node.get("read_only").unwrap_or(node);
            self.add(&READ_ONLY, place, report, "`read_only` is not true");
        }
        let drops_all = node.items_at("cap_drop").iter().any(|item| {
            item.text()
                .is_some_and(|text| text.eq_ignore_ascii_case("all"))
        });
        if !drops_all {
            let place = node.get("cap_drop").unwrap_or(node);
            self.add(&DROP_ALL, place, report, "does not drop ALL capabilities");
        }
        self.missing_limits(report);
        self.missing_health_check(report);
    }
}

/// Name and value of each variable, written as a map or as a list of `NAME=VALUE`.
fn assignments(node: &Node) -> Vec<(&str, &str, &Node)> {
    if let Value::Map(entries) = &node.value {
        return entries
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.text()?, value)))
            .collect();
    }
    node.items()
        .iter()
        .filter_map(|item| {
            let (name, value) = item.text()?.split_once('=')?;
            Some((name, value, item))
        })
        .collect()
}

fn is_sensitive(path: &str) -> bool {
    // Clocks and time zones are mounted everywhere and tell nothing.
    if matches!(
        path,
        "/etc/localtime" | "/etc/timezone" | "/dev/null" | "/dev/shm"
    ) {
        return false;
    }
    let path = path.trim_end_matches('/');
    path.is_empty()
        || SENSITIVE_PATHS.iter().any(|dir| {
            path.strip_prefix(dir)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
}

/// One entry of `ports`.
struct Published {
    /// Whether every interface of the host has it.
    is_open: bool,
    host_port: Option<i64>,
    target: Option<i64>,
}

impl Published {
    fn of(port: &Node) -> Self {
        let first = |text: &str| -> Option<i64> {
            let text = text.split('/').next()?;
            text.split('-').next()?.parse().ok()
        };
        let is_open = |host: &str| matches!(host, "" | "0.0.0.0" | "::" | "[::]" | "*");
        let Some(text) = port.text() else {
            return Self {
                is_open: is_open(port.text_at("host_ip").unwrap_or_default()),
                host_port: port.text_at("published").and_then(first),
                target: port.text_at("target").and_then(first),
            };
        };
        // From the right, since an IPv6 address has colons of its own.
        let mut parts = text.rsplitn(3, ':');
        let target = parts.next().and_then(first);
        let host_port = parts.next().and_then(first);
        Self {
            is_open: is_open(parts.next().unwrap_or_default()),
            host_port,
            target,
        }
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use crate::document::yaml;
    use crate::kubernetes::testing::overlay;

    /// The Compose file of an example, with all else in order.
    pub(crate) fn completed(example: &str) -> String {
        let mut file = serde_json::json!({"services": {"app": {
            "image": format!("nginx@sha256:{}", "0".repeat(64)),
            "read_only": true,
            "security_opt": ["no-new-privileges:true"],
            "cap_drop": ["ALL"],
            "user": "65532",
            "mem_limit": "128m",
            "cpus": "0.5",
            "pids_limit": 100,
            "healthcheck": {"test": ["CMD", "/app", "health"]},
        }}});
        overlay(&mut file, &yaml::read(example).remove(0).unwrap().to_json());
        file.to_string()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Options, lint_file};

    fn found(service: &str) -> Vec<String> {
        let text = format!("services:\n  app:\n{service}");
        lint_file("compose.yaml", text.as_bytes(), &Options::default())
            .0
            .into_iter()
            .map(|f| format!("{} {}", f.rule, f.location.start_line))
            .collect()
    }

    #[test]
    fn ports_are_read_in_every_notation() {
        for (ports, expected) in [
            ("5432", true),
            ("'5432/tcp'", true),
            ("'0.0.0.0:6379:6379'", true),
            ("'[::1]:5432:5432'", false),
            ("'127.0.0.1:5432:5432'", false),
            ("'15432:5432'", true),
            ("'3306-3307:3306-3307'", true),
            ("'8080:80'", false),
            ("{target: 27017, published: '27017'}", true),
            ("{target: 27017, host_ip: 127.0.0.1}", false),
        ] {
            let found = found(&format!("    ports: [{ports}]\n"));
            assert_eq!(
                found,
                if expected {
                    vec!["SW-CMP-0013 3"]
                } else {
                    vec![]
                },
                "{ports}"
            );
        }
    }

    #[test]
    fn devices_of_the_host_are_told_from_those_that_are_offered() {
        for (devices, expected) in [
            ("'/dev/sda:/dev/xvda:rwm'", true),
            ("/dev/kvm", true),
            ("{source: /dev/mem, target: /dev/mem}", true),
            ("nvidia.com/gpu=all", false),
            ("$DEVICE", false),
        ] {
            let found = found(&format!("    devices: [{devices}]\n"));
            let wanted = if expected {
                vec!["SW-CMP-0032 3"]
            } else {
                vec![]
            };
            assert_eq!(found, wanted, "{devices}");
        }
    }

    #[test]
    fn each_namespace_and_profile_is_a_finding_of_its_own() {
        for (service, rule) in [
            ("network_mode: host", "SW-CMP-0002"),
            ("network_mode: bridge", "SW-CMP-0035"),
            ("ipc: host", "SW-CMP-0004"),
            ("uts: host", "SW-CMP-0023"),
            ("userns_mode: host", "SW-CMP-0024"),
            ("cgroup: host", "SW-CMP-0025"),
            ("security_opt: [seccomp=unconfined]", "SW-CMP-0017"),
            ("security_opt: ['apparmor:unconfined']", "SW-CMP-0027"),
            ("security_opt: [label=disable]", "SW-CMP-0028"),
            ("security_opt: [systempaths=unconfined]", "SW-CMP-0029"),
        ] {
            assert_eq!(found(&format!("    {service}\n")), [format!("{rule} 3")]);
        }
        assert_eq!(found("    ipc: shareable\n"), Vec::<String>::new());
    }

    #[test]
    fn environment_lists_are_read() {
        assert_eq!(
            found("    environment:\n    - A=1\n    - DB_PASSWORD=example\n    - DB_TOKEN\n"),
            ["SW-CMP-0014 5"]
        );
    }

    #[test]
    fn parts_that_another_file_completes_miss_nothing() {
        assert_eq!(found("    ports: ['8080:80']\n"), Vec::<String>::new());
        assert_eq!(
            found("    extends: {service: base}\n    build: .\n"),
            Vec::<String>::new()
        );
        assert!(found("    build: .\n").len() > 3);
    }
}
