//! What several kinds of files have in common: names of secrets, references to images, ports of
//! databases.

/// Whether a name says that its value is a secret: `DB_PASSWORD`, `apiKey`, `GITLAB_TOKEN`; not
/// `PASSWORD_FILE`, `TOKEN_TTL`, `PUBLIC_KEY`.
pub(crate) fn is_secret_name(name: &str) -> bool {
    if name.len() > 200 {
        return false;
    }
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    // What is about a secret, rather than the secret.
    let about = [
        "algorithm",
        "arn",
        "audience",
        "auth",
        "authentication",
        "backend",
        "cache",
        "class",
        "command",
        "count",
        "dir",
        "disabled",
        "driver",
        "duration",
        "enabled",
        "encryption",
        "endpoint",
        "engine",
        "expiration",
        "expires",
        "expiry",
        "field",
        "file",
        "files",
        "format",
        "grace",
        "hash",
        "header",
        "history",
        "host",
        "id",
        "interval",
        "issuer",
        "key",
        "kind",
        "len",
        "length",
        "limit",
        "manager",
        "max",
        "min",
        "mode",
        "name",
        "names",
        "namespace",
        "path",
        "pattern",
        "plugin",
        "policy",
        "port",
        "prefix",
        "provider",
        "ref",
        "regex",
        "required",
        "reset",
        "rotation",
        "server",
        "service",
        "source",
        "store",
        "strength",
        "timeout",
        "ttl",
        "type",
        "uri",
        "url",
        "user",
        "username",
        "validity",
        "version",
    ];
    let pair = |a: &str, b: &str| words.windows(2).any(|w| w[0] == a && w[1] == b);
    let key_pair = [
        ("api", "key"),
        ("access", "key"),
        ("private", "key"),
        ("secret", "key"),
        ("auth", "key"),
        ("encryption", "key"),
        ("signing", "key"),
        ("master", "key"),
        ("account", "key"),
        ("ssh", "key"),
        ("license", "key"),
        ("connection", "string"),
    ]
    .iter()
    .any(|(a, b)| pair(a, b) && (last == *b));
    if key_pair && !pair("access", "keyid") {
        return true;
    }
    if about.contains(&last) {
        return false;
    }
    words.iter().any(|word| {
        matches!(
            word.as_str(),
            "password"
                | "passwd"
                | "passwort"
                | "pwd"
                | "pass"
                | "passphrase"
                | "secret"
                | "secrets"
                | "token"
                | "apikey"
                | "credential"
                | "credentials"
                | "privatekey"
                | "accesskey"
                | "secretkey"
        ) || word.ends_with("password")
    })
}

/// The words of a name in lower case, split at punctuation and where lower case turns to upper.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars() {
        let boundary = !c.is_alphanumeric();
        if boundary || (c.is_uppercase() && lower_before) {
            words.push(String::new());
        }
        if !boundary && let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
        lower_before = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a value is written out: not empty, not a reference to something else, not a switch, not
/// a path.
pub(crate) fn is_literal_secret(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    let is_reference = value.contains("${")
        || value.starts_with('$')
        || value.contains("{{")
        || value.starts_with('<') && value.ends_with('>')
        || [
            "vault:",
            "arn:",
            "ref+",
            "op://",
            "ssm:",
            "env:",
            "file:",
            "projects/",
        ]
        .iter()
        .any(|scheme| lower.starts_with(scheme));
    let is_switch = [
        "true", "false", "yes", "no", "none", "null", "nil", "0", "1",
    ]
    .contains(&lower.as_str());
    let is_path = (value.starts_with('/') || value.starts_with("./")) && !value.contains(' ');
    let is_masked = !value.is_empty() && value.chars().all(|c| c == '*' || c == 'x' || c == 'X');
    !(value.is_empty() || is_reference || is_switch || is_path || is_masked)
}

/// Whether a value is a secret whatever its name: an address with a password in it, a key.
pub(crate) fn is_secret_value(value: &str) -> bool {
    if value.contains("PRIVATE KEY-----") {
        return true;
    }
    let Some((_, rest)) = value.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
    authority
        .rsplit_once('@')
        .and_then(|(user, _)| user.split_once(':'))
        .is_some_and(|(_, password)| is_literal_secret(password))
}

/// How well a reference says which image it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pin {
    /// A digest.
    Digest,
    /// A tag of a version.
    Tag,
    /// `latest`, or another tag that moves by its very name, or none.
    Moving,
    /// The tag is a variable.
    Unknown,
}

/// How an image reference is pinned.
pub(crate) fn pin(reference: &str) -> Pin {
    let reference = reference.trim();
    if reference.contains("@sha256:") || reference.contains("@sha512:") {
        return Pin::Digest;
    }
    let last = reference.rsplit('/').next().unwrap_or(reference);
    let is_variable = |text: &str| text.contains('$') || text.contains("{{");
    match last.split_once(':') {
        // A variable with a default, `${IMAGE:-nginx}`, is a variable.
        _ if is_variable(last) && !last.contains("}:") => Pin::Unknown,
        Some((_, tag)) if is_variable(tag) => Pin::Unknown,
        Some((_, tag)) if is_moving(tag.rsplit(':').next().unwrap_or(tag)) => Pin::Moving,
        Some(_) => Pin::Tag,
        None if is_variable(reference) => Pin::Unknown,
        None => Pin::Moving,
    }
}

/// Tags that say by their name that they move: channels and flavours without a version.
fn is_moving(tag: &str) -> bool {
    const MOVING: [&str; 28] = [
        "alpine",
        "beta",
        "canary",
        "current",
        "dev",
        "develop",
        "dind",
        "edge",
        "head",
        "latest",
        "lts",
        "main",
        "mainline",
        "master",
        "next",
        "nightly",
        "prod",
        "production",
        "rc",
        "release",
        "rolling",
        "slim",
        "snapshot",
        "stable",
        "staging",
        "test",
        "testing",
        "unstable",
    ];
    let tag = tag.to_ascii_lowercase();
    tag.is_empty()
        || MOVING.contains(&tag.as_str())
        || tag.starts_with("latest-")
        || tag.starts_with("stable-")
        || tag.starts_with("lts-")
}

/// What serves on that port, when it is a database or an interface that nobody outside should
/// reach.
pub(crate) const fn sensitive_service(port: i64) -> Option<&'static str> {
    Some(match port {
        1433 => "SQL Server",
        1521 => "Oracle",
        2181 => "ZooKeeper",
        2375 | 2376 => "the Docker daemon",
        2379 | 2380 => "etcd",
        3306 => "MySQL",
        5432 => "PostgreSQL",
        5672 | 15672 => "RabbitMQ",
        5984 => "CouchDB",
        6379 => "Redis",
        7000 | 9042 => "Cassandra",
        8086 => "InfluxDB",
        8529 => "ArangoDB",
        9092 => "Kafka",
        9200 | 9300 => "Elasticsearch",
        11211 => "memcached",
        27017..=27019 => "MongoDB",
        _ => return None,
    })
}

/// Where a container runtime listens.
pub(crate) fn is_runtime_socket(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    [
        "docker.sock",
        "containerd.sock",
        "crio.sock",
        "podman.sock",
        "cri-dockerd.sock",
    ]
    .iter()
    .any(|socket| path.ends_with(socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for name in [
            "DB_PASSWORD",
            "password",
            "apiKey",
            "API_KEY",
            "GITLAB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "client-secret",
            "dbPassword",
            "MYSQL_ROOT_PASSWORD",
            "PGPASSWORD",
            "private.key",
            "SECRET_KEY",
            "REDIS_PASS",
            "credentials",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "DB_PASSWORD_FILE",
            "TOKEN_TTL",
            "PUBLIC_KEY",
            "MAX_TOKENS",
            "SECRET_NAME",
            "PATH",
            "AWS_ACCESS_KEY_ID",
            "KEY",
            "COMPASS",
            "BYPASS_CACHE",
            "",
            "TOKEN_URL",
            "MONKEY",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn values_of_secrets() {
        for value in ["hunter2", "changeme", "a b"] {
            assert!(is_literal_secret(value), "{value}");
        }
        for value in [
            "",
            "$X",
            "${DB}",
            "{{ .Values.x }}",
            "/run/secrets/x",
            "true",
            "****",
            "<token>",
            "vault:secret/x",
        ] {
            assert!(!is_literal_secret(value), "{value}");
        }
        assert!(is_secret_value("postgres://app:hunter2@db/x"));
        assert!(!is_secret_value("postgres://app:$PW@db/x"));
        assert!(!is_secret_value("https://example.com/a:b@c"));
    }

    #[test]
    fn pins_of_images() {
        let digest = format!("a/b@sha256:{}", "0".repeat(64));
        for (reference, expected) in [
            ("nginx", Pin::Moving),
            ("nginx:latest", Pin::Moving),
            ("localhost:5000/nginx", Pin::Moving),
            ("localhost:5000/nginx:1.2", Pin::Tag),
            ("nginx:1.25", Pin::Tag),
            ("node:lts-alpine", Pin::Moving),
            ("debian:bookworm-slim", Pin::Tag),
            ("$CI_REGISTRY_IMAGE:$CI_COMMIT_SHA", Pin::Unknown),
            ("$CI_REGISTRY_IMAGE/app:1.2", Pin::Tag),
            ("$IMAGE", Pin::Unknown),
            ("${IMAGE:-nginx}", Pin::Unknown),
            ("${IMAGE}:latest", Pin::Moving),
            ("nginx:${TAG:-latest}", Pin::Unknown),
            (digest.as_str(), Pin::Digest),
        ] {
            assert_eq!(pin(reference), expected, "{reference}");
        }
    }
}
