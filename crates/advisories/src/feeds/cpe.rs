//! CPE 2.3 names (NISTIR 7695), and the products that images carry as bare binaries.

/// What matters of a formatted string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cpe {
    part: char,
    vendor: String,
    pub(crate) product: String,
    /// `*` for any, `-` for none.
    pub(crate) version: String,
    update: String,
    /// What the product is a part of: `wordpress`, `node.js`.
    target: String,
}

impl Cpe {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("cpe:2.3:")?;
        let parts = split(rest);
        let part = |at: usize| parts.get(at).cloned().unwrap_or_else(|| "*".to_owned());
        (parts.len() >= 4).then(|| Self {
            part: part(0).chars().next().unwrap_or('*'),
            vendor: part(1),
            product: part(2),
            version: part(3),
            update: part(4),
            target: part(8),
        })
    }

    pub(crate) const fn is_operating_system(&self) -> bool {
        self.part == 'o'
    }

    /// The name of the binary, when the product is one.
    pub(crate) fn binary(&self) -> Option<&'static str> {
        if self.part != 'a' || !matches!(self.target.as_str(), "*" | "-" | "linux") {
            return None;
        }
        BINARIES
            .iter()
            .find(|(vendor, product, _)| *vendor == self.vendor && *product == self.product)
            .map(|(_, _, name)| *name)
    }

    /// The version with its update (`1.21.0-rc1`); none when the name has none.
    pub(crate) fn full_version(&self) -> Option<String> {
        if !self.version.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        Some(match self.update.as_str() {
            "*" | "-" => self.version.clone(),
            update => format!("{}-{update}", self.version),
        })
    }
}

/// The components, which colons separate that no backslash precedes, without backslashes.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            ':' => parts.push(String::new()),
            '\\' => {
                if let (Some(next), Some(last)) = (characters.next(), parts.last_mut()) {
                    last.push(next);
                }
            }
            _ => {
                if let Some(last) = parts.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    parts
}

/// Vendor and product in NVD, and the name under which the binary is found in images.
pub(crate) const BINARIES: [(&str, &str, &str); 108] = [
    ("apache", "activemq", "activemq"),
    ("apache", "cassandra", "cassandra"),
    ("apache", "couchdb", "couchdb"),
    ("apache", "flink", "flink"),
    ("apache", "http_server", "httpd"),
    ("apache", "kafka", "kafka"),
    ("apache", "solr", "solr"),
    ("apache", "spark", "spark"),
    ("apache", "tomcat", "tomcat"),
    ("apache", "zookeeper", "zookeeper"),
    ("argoproj", "argo_cd", "argocd"),
    ("argoproj", "argo-cd", "argocd"),
    ("artifex", "ghostscript", "ghostscript"),
    ("busybox", "busybox", "busybox"),
    ("caddyserver", "caddy", "caddy"),
    ("clickhouse", "clickhouse", "clickhouse"),
    ("containous", "traefik", "traefik"),
    ("coredns.io", "coredns", "coredns"),
    ("dart", "dart_software_development_kit", "dart"),
    ("deno", "deno", "deno"),
    ("docker", "docker", "docker"),
    ("docker", "engine", "docker"),
    ("drupal", "drupal", "drupal"),
    ("elastic", "elasticsearch", "elasticsearch"),
    ("elastic", "kibana", "kibana"),
    ("elastic", "logstash", "logstash"),
    ("elixir-lang", "elixir", "elixir"),
    ("envoyproxy", "envoy", "envoy"),
    ("erlang", "erlang/otp", "erlang"),
    ("erlang", "otp", "erlang"),
    ("etcd", "etcd", "etcd"),
    ("redhat", "etcd", "etcd"),
    ("exim", "exim", "exim"),
    ("f5", "nginx", "nginx"),
    ("f5", "nginx_open_source", "nginx"),
    ("igor_sysoev", "nginx", "nginx"),
    ("nginx", "nginx", "nginx"),
    ("ffmpeg", "ffmpeg", "ffmpeg"),
    ("ghost", "ghost", "ghost"),
    ("git", "git", "git"),
    ("git-scm", "git", "git"),
    ("gitea", "gitea", "gitea"),
    ("gitlab", "gitlab", "gitlab"),
    ("gnu", "bash", "bash"),
    ("gnu", "gcc", "gcc"),
    ("gnu", "wget", "wget"),
    ("grafana", "grafana", "grafana"),
    ("haproxy", "haproxy", "haproxy"),
    ("hashicorp", "consul", "consul"),
    ("hashicorp", "nomad", "nomad"),
    ("hashicorp", "packer", "packer"),
    ("hashicorp", "terraform", "terraform"),
    ("hashicorp", "vault", "vault"),
    ("haxx", "curl", "curl"),
    ("haxx", "libcurl", "curl"),
    ("helm", "helm", "helm"),
    ("imagemagick", "imagemagick", "imagemagick"),
    ("influxdata", "influxdb", "influxdb"),
    ("istio", "istio", "istio"),
    ("jenkins", "jenkins", "jenkins"),
    ("jqlang", "jq", "jq"),
    ("jq_project", "jq", "jq"),
    ("jruby", "jruby", "jruby"),
    ("julialang", "julia", "julia"),
    ("redhat", "keycloak", "keycloak"),
    ("kubernetes", "kubernetes", "kubernetes"),
    ("linuxfoundation", "argo-cd", "argocd"),
    ("linuxfoundation", "containerd", "containerd"),
    ("linuxfoundation", "harbor", "harbor"),
    ("linuxfoundation", "runc", "runc"),
    ("lua", "lua", "lua"),
    ("mariadb", "mariadb", "mariadb"),
    ("mattermost", "mattermost_server", "mattermost"),
    ("memcached", "memcached", "memcached"),
    ("microsoft", ".net", "dotnet"),
    ("microsoft", ".net_core", "dotnet"),
    ("microsoft", "powershell", "powershell"),
    ("minio", "minio", "minio"),
    ("mobyproject", "moby", "docker"),
    ("mongodb", "mongodb", "mongodb"),
    ("mysql", "mysql", "mysql"),
    ("neo4j", "neo4j", "neo4j"),
    ("nextcloud", "nextcloud_server", "nextcloud"),
    ("nodejs", "node.js", "node"),
    ("nodejs", "nodejs", "node"),
    ("openssl", "openssl", "openssl"),
    ("oracle", "mysql", "mysql"),
    ("oracle", "mysql_server", "mysql"),
    ("oracle", "openjdk", "openjdk"),
    ("perl", "perl", "perl"),
    ("php", "php", "php"),
    ("pivotal_software", "rabbitmq", "rabbitmq"),
    ("vmware", "rabbitmq", "rabbitmq"),
    ("postgresql", "postgresql", "postgresql"),
    ("prometheus", "prometheus", "prometheus"),
    ("python", "python", "python"),
    ("pypy", "pypy", "pypy"),
    ("redis", "redis", "redis"),
    ("redislabs", "redis", "redis"),
    ("ruby-lang", "ruby", "ruby"),
    ("rust-lang", "rust", "rust"),
    ("sqlite", "sqlite", "sqlite"),
    ("squid-cache", "squid", "squid"),
    ("traefik", "traefik", "traefik"),
    ("treasuredata", "fluent_bit", "fluent-bit"),
    ("valkey-io", "valkey", "valkey"),
    ("varnish_cache_project", "varnish_cache", "varnish"),
    ("wordpress", "wordpress", "wordpress"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        for (text, name, version) in [
            (
                "cpe:2.3:a:f5:nginx:1.21.0:rc1:*:*:*:*:*:*",
                Some("nginx"),
                Some("1.21.0-rc1"),
            ),
            (
                "cpe:2.3:a:erlang:erlang\\/otp:25.1:*:*:*:*:*:*:*",
                Some("erlang"),
                Some("25.1"),
            ),
            ("cpe:2.3:a:redis:redis:*:*:*:*:*:node.js:*:*", None, None),
            ("cpe:2.3:o:redis:redis:-:*:*:*:*:*:*:*", None, None),
            ("cpe:2.3:a:who:what:1\\:2:*", None, Some("1:2")),
        ] {
            let cpe = Cpe::parse(text).expect(text);
            assert_eq!(cpe.binary(), name, "{text}");
            assert_eq!(cpe.full_version().as_deref(), version, "{text}");
        }
        for bad in ["", "cpe:/a:b:c", "cpe:2.3:a:b"] {
            assert_eq!(Cpe::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn products_are_there_once() {
        let mut all: Vec<_> = BINARIES
            .iter()
            .map(|(vendor, product, _)| (vendor, product))
            .collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), BINARIES.len());
    }
}
