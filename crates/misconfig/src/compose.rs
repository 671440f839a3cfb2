//! Compose files (Compose Specification).

use crate::document::{Node, Switch, Value};
use crate::hints::{self, Pin};
use crate::report::Report;
use crate::rule::rules;

rules! { Compose:
PRIVILEGED "SW-CMP-0001" Critical ["CIS-DOCKER-5.5"]
    title "Privileged container"
    why "A privileged container has every capability and every device of its host: whoever breaks into it owns the host."
    fix "Remove `privileged: true`, and add the one capability or device that is needed."
    bad "services:\n  app:\n    privileged: true\n"
    good "services:\n  app:\n    privileged: false\n";
HOST_NETWORK "SW-CMP-0002" High ["CIS-DOCKER-5.10"]
    title "Container in the network of its host"
    why "The container sees the traffic of the host and reaches what listens on its loopback address."
    fix "Remove `network_mode: host`, and publish the ports that are needed."
    bad "services:\n  app:\n    network_mode: host\n"
    good "services:\n  app:\n    ports: [\"8080:8080\"]\n";
HOST_PID "SW-CMP-0003" High ["CIS-DOCKER-5.16"]
    title "Container sees the processes of its host"
    why "It can read the environment of every process, signal it, and with ptrace take it over."
    fix "Remove `pid: host`."
    bad "services:\n  app:\n    pid: host\n"
    good "services:\n  app:\n    init: true\n";
HOST_IPC "SW-CMP-0004" High ["CIS-DOCKER-5.17", "CIS-DOCKER-5.21"]
    title "Container shares a namespace of its host"
    why "With the host's IPC, UTS, user or cgroup namespace a container reads or changes what belongs to others."
    fix "Remove `ipc: host`, `uts: host`, `userns_mode: host` and `cgroup: host`."
    bad "services:\n  app:\n    ipc: host\n"
    good "services:\n  app:\n    ipc: private\n";
RUNTIME_SOCKET "SW-CMP-0005" Critical ["CIS-DOCKER-5.32"]
    title "Socket of the container runtime mounted"
    why "Whoever can talk to the container runtime can start a privileged container, and so owns the host; `:ro` does not change that."
    fix "Remove the mount, or put a proxy that allows single calls in between."
    bad "services:\n  app:\n    volumes:\n    - /var/run/docker.sock:/var/run/docker.sock:ro\n"
    good "services:\n  app:\n    volumes:\n    - data:/data\n";
SENSITIVE_PATH "SW-CMP-0006" High ["CIS-DOCKER-5.6"]
    title "Sensitive directory of the host mounted"
    why "The root, /etc, /proc and their like hold the keys of the host."
    fix "Remove the mount, or mount the one file that is needed, read-only."
    bad "services:\n  app:\n    volumes:\n    - /etc:/host/etc\n"
    good "services:\n  app:\n    volumes:\n    - ./config:/etc/app:ro\n";
CAPABILITIES "SW-CMP-0007" High ["CIS-DOCKER-5.4"]
    title "Dangerous capability added"
    why "Capabilities such as SYS_ADMIN, SYS_PTRACE or NET_ADMIN are ways out of the container or into the traffic of others."
    fix "Remove the capability from `cap_add`."
    bad "services:\n  app:\n    cap_add: [SYS_ADMIN]\n"
    good "services:\n  app:\n    cap_add: [NET_BIND_SERVICE]\n";
NEW_PRIVILEGES "SW-CMP-0008" Medium ["CIS-DOCKER-5.26"]
    title "Privilege escalation allowed"
    why "Without `no-new-privileges` a process gains rights through setuid programs and file capabilities."
    fix "Add `security_opt: [\"no-new-privileges:true\"]`."
    bad "services:\n  app:\n    security_opt: []\n"
    good "services:\n  app:\n    security_opt: [\"no-new-privileges:true\"]\n";
READ_ONLY "SW-CMP-0009" Low ["CIS-DOCKER-5.13"]
    title "Writable root file system"
    why "An intruder can bring tools and change the program; a read-only root takes that away."
    fix "Set `read_only: true`, and add a `tmpfs` or a volume where the program writes."
    bad "services:\n  app:\n    read_only: false\n"
    good "services:\n  app:\n    read_only: true\n    tmpfs: [/tmp]\n";
ROOT "SW-CMP-0010" Medium ["CIS-DOCKER-4.1"]
    title "Runs as root"
    why "Root in the container is root towards the kernel and the mounted files; every escape begins there."
    fix "Set `user` to a number other than 0."
    bad "services:\n  app:\n    user: root\n"
    good "services:\n  app:\n    user: \"65532:65532\"\n";
MOVING_TAG "SW-CMP-0011" Medium ["CIS-DOCKER-5.28"]
    title "Image without a version"
    why "`latest`, or no tag, is another image tomorrow: what was tested is not what runs."
    fix "Name a version, best with its digest."
    bad "services:\n  app:\n    image: nginx\n"
    good "services:\n  app:\n    image: nginx:1.27.3@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";
NO_DIGEST "SW-CMP-0012" Negligible []
    title "Image without a digest"
    why "A tag can be moved to another image; a digest cannot."
    fix "Append the digest: `image:tag@sha256:…`."
    bad "services:\n  app:\n    image: nginx:1.27.3\n"
    good "services:\n  app:\n    image: nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";
OPEN_DATABASE "SW-CMP-0013" High ["CIS-DOCKER-5.14"]
    title "Database published on every interface"
    why "Published ports pass the host's firewall: the database is open to whoever reaches the host."
    fix "Remove the port, since services of the same network reach it without, or publish it on 127.0.0.1."
    bad "services:\n  app:\n    ports: [\"5432:5432\"]\n"
    good "services:\n  app:\n    ports: [\"127.0.0.1:5432:5432\"]\n";
ENV_SECRET "SW-CMP-0014" High []
    title "Secret in an environment variable"
    why "The value stands in the file, in version control and in the output of `docker inspect`."
    fix "Use `secrets:`, and let the program read the file under /run/secrets."
    bad "services:\n  app:\n    environment:\n      POSTGRES_PASSWORD: example\n"
    good "services:\n  app:\n    environment:\n      POSTGRES_PASSWORD_FILE: /run/secrets/db\n";
MEMORY_LIMIT "SW-CMP-0015" Low ["CIS-DOCKER-5.11"]
    title "No memory limit"
    why "A leak or an attack takes the memory of the host and with it everything else."
    fix "Set `mem_limit` or `deploy.resources.limits.memory`."
    bad "services:\n  app:\n    mem_limit: null\n"
    good "services:\n  app:\n    mem_limit: null\n    deploy:\n      resources:\n        limits: {memory: 128M}\n";
HEALTHCHECK "SW-CMP-0016" Negligible ["CIS-DOCKER-5.27"]
    title "No health check"
    why "A container that hangs stays up, and services that depend on it start too early, unless the image brings a check."
    fix "Add a `healthcheck`."
    bad "services:\n  app:\n    healthcheck: {disable: true}\n"
    good "services:\n  app:\n    healthcheck: {test: [CMD, /app, health]}\n";
UNCONFINED "SW-CMP-0017" High ["CIS-DOCKER-5.1", "CIS-DOCKER-5.2", "CIS-DOCKER-5.22"]
    title "Seccomp, AppArmor or SELinux switched off"
    why "Without its profile a container may use every system call of the kernel, those with known holes included."
    fix "Remove the `unconfined` or `disable` option; the runtime's default profile applies then."
    bad "services:\n  app:\n    security_opt: [\"no-new-privileges:true\", \"seccomp:unconfined\"]\n"
    good "services:\n  app:\n    security_opt: [\"no-new-privileges:true\", \"seccomp:app.json\"]\n";
DROP_ALL "SW-CMP-0018" Low ["CIS-DOCKER-5.4"]
    title "Default capabilities kept"
    why "A container starts with some fourteen capabilities, CHOWN, SETUID and NET_RAW among them, that hardly any program needs."
    fix "Add `cap_drop: [ALL]`, and `cap_add` what is missed."
    bad "services:\n  app:\n    cap_drop: null\n"
    good "services:\n  app:\n    cap_drop: [ALL]\n";
PIDS_LIMIT "SW-CMP-0019" Negligible ["CIS-DOCKER-5.29"]
    title "No limit on processes"
    why "A fork bomb takes the process table of the host."
    fix "Set `pids_limit`."
    bad "services:\n  app:\n    pids_limit: -1\n"
    good "services:\n  app:\n    pids_limit: 100\n";
OBSOLETE_VERSION "SW-CMP-0020" Negligible []
    title "Obsolete `version`"
    why "Compose ignores the field and warns about it at every call."
    fix "Remove `version`."
    bad "version: \"3.8\"\nservices:\n  app: {}\n"
    good "services:\n  app: {}\n";
BUILD_SECRET "SW-CMP-0021" High []
    title "Secret in a build argument"
    why "Build arguments stay in the history of the image, for everybody who can pull it."
    fix "Use `build.secrets` and `RUN --mount=type=secret`."
    bad "services:\n  app:\n    build:\n      context: .\n      args: {NPM_TOKEN: example}\n"
    good "services:\n  app:\n    build:\n      context: .\n      secrets: [npm]\n";
SHARED_MOUNT "SW-CMP-0022" Medium ["CIS-DOCKER-5.20"]
    title "Mount that propagates to the host"
    why "With shared propagation what the container mounts appears on the host."
    fix "Use `rprivate`, the default."
    bad "services:\n  app:\n    volumes:\n    - {type: bind, source: ./data, target: /data, bind: {propagation: rshared}}\n"
    good "services:\n  app:\n    volumes:\n    - {type: bind, source: ./data, target: /data}\n";
}

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
        for (rule, field) in [
            (&HOST_NETWORK, "network_mode"),
            (&HOST_PID, "pid"),
            (&HOST_IPC, "ipc"),
            (&HOST_IPC, "uts"),
            (&HOST_IPC, "userns_mode"),
            (&HOST_IPC, "cgroup"),
        ] {
            if let Some(node) = self.node.get(field).filter(|n| n.text() == Some("host")) {
                self.add(rule, node, report, format!("`{field}` is `host`"));
            }
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
            let option = item.text().unwrap_or_default().replace('=', ":");
            if option.ends_with(":unconfined") || option == "label:disable" {
                self.add(
                    &UNCONFINED,
                    item,
                    report,
                    format!("`security_opt` has `{option}`"),
                );
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
    }

    fn missing_limits(&self, report: &mut Report<'_>) {
        let node = self.node;
        if !node.has("mem_limit") && !node.has("deploy.resources.limits.memory") {
            self.add(&MEMORY_LIMIT, node, report, "has no memory limit");
        }
        let pids = ["pids_limit", "deploy.resources.limits.pids"]
            .iter()
            .find_map(|path| node.at(path));
        if pids.is_none_or(|limit| limit.integer().is_some_and(|n| n <= 0)) {
            self.add(
                &PIDS_LIMIT,
                pids.unwrap_or(node),
                report,
                "has no limit on processes",
            );
        }
        let check = node.get("healthcheck");
        let is_off = check.is_none_or(|check| {
            check.is_true("disable")
                || check
                    .at("test")
                    .and_then(|test| test.one_or_many().first())
                    .and_then(Node::text)
                    == Some("NONE")
        });
        if is_off {
            self.add(
                &HEALTHCHECK,
                check.unwrap_or(node),
                report,
                "has no health check",
            );
        }
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
