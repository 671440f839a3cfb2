use super::Find::{After, Before, Between, BuildId, Dated, InPath, NamedSeries, Whole};
use super::Name::{Is, Path, Starts};
use super::{Find, Name, Rule, Tail};

const fn program(
    product: &'static str,
    names: &'static [Name],
    tail: Tail,
    finds: &'static [Find],
) -> Rule {
    Rule {
        product,
        names,
        program: true,
        tail,
        finds,
    }
}

const fn text(product: &'static str, names: &'static [Name], finds: &'static [Find]) -> Rule {
    Rule {
        product,
        names,
        program: false,
        tail: Tail::Letters,
        finds,
    }
}

/// Programs, by what their sources compile into them, and texts that products ship.
pub(super) const RULES: &[Rule] = &[
    program(
        "node",
        &[Is("node"), Is("nodejs")],
        Tail::None,
        &[After(b"node.js/v"), Between(b"/download/release/v", b"/")],
    ),
    program(
        "python",
        &[Starts("python"), Starts("libpython")],
        Tail::Letters,
        &[NamedSeries],
    ),
    program(
        "pypy",
        &[Starts("pypy"), Starts("libpypy")],
        Tail::None,
        &[After(b"[PyPy ")],
    ),
    program(
        "ruby",
        &[
            Is("ruby"),
            Starts("ruby"),
            Starts("libruby.so"),
            Is("libruby.so"),
        ],
        Tail::None,
        &[Between(b"ruby ", b" (2"), Between(b"ruby ", b"p")],
    ),
    program(
        "perl",
        &[
            Is("perl"),
            Starts("perl"),
            Is("libperl.so"),
            Starts("libperl.so"),
        ],
        Tail::None,
        &[Between(b"lib/perl5/", b"\0"), Between(b"lib/perl5/", b"/")],
    ),
    program(
        "php",
        &[
            Is("php"),
            Starts("php"),
            Is("php-fpm"),
            Starts("php-fpm"),
            Is("php-cgi"),
            Is("libphp.so"),
            Starts("libphp"),
        ],
        Tail::Letters,
        &[After(b"X-Powered-By: PHP/")],
    ),
    program(
        "lua",
        &[Is("lua"), Starts("lua")],
        Tail::None,
        &[Between(b"Lua ", b"  Copyright")],
    ),
    program(
        "rust",
        &[Is("rustc"), Starts("librustc_driver")],
        Tail::None,
        &[Between(b"rustc version ", b" (")],
    ),
    program(
        "nginx",
        &[Is("nginx"), Is("nginx-debug")],
        Tail::None,
        &[After(b"nginx version: nginx/")],
    ),
    program(
        "httpd",
        &[Is("httpd"), Is("apache2")],
        Tail::None,
        &[Between(b"Apache/", b" ("), Between(b"Apache/", b"\0")],
    ),
    program(
        "haproxy",
        &[Is("haproxy")],
        Tail::None,
        &[
            After(b"HAProxy version "),
            After(b"HA-Proxy version "),
            Before(b", released 20"),
        ],
    ),
    program(
        "envoy",
        &[Is("envoy")],
        Tail::None,
        &[Before(b"/Clean/RELEASE/")],
    ),
    program("squid", &[Is("squid")], Tail::None, &[After(b"squid/")]),
    program("redis", &[Is("redis-server")], Tail::None, &[BuildId]),
    program("valkey", &[Is("valkey-server")], Tail::None, &[BuildId]),
    program(
        "memcached",
        &[Is("memcached")],
        Tail::None,
        &[Between(b"memcached ", b"\0"), Between(b"memcached ", b"\n")],
    ),
    program(
        "postgresql",
        &[Is("postgres")],
        Tail::Letters,
        &[After(b"(PostgreSQL) ")],
    ),
    program(
        "mariadb",
        &[Is("mariadbd"), Is("mysqld")],
        Tail::None,
        &[Before(b"-MariaDB")],
    ),
    program(
        "mysql",
        &[Is("mysqld")],
        Tail::None,
        &[Between(b"/mysql-", b"/")],
    ),
    program(
        "busybox",
        &[Is("busybox")],
        Tail::None,
        &[Between(b"BusyBox v", b" (")],
    ),
    program(
        "bash",
        &[Is("bash")],
        Tail::None,
        &[After(b"@(#)Bash version ")],
    ),
    program(
        "openssl",
        &[Is("openssl"), Starts("libcrypto.so")],
        Tail::Letters,
        &[Dated(b"OpenSSL ")],
    ),
    program(
        "curl",
        &[Is("curl"), Is("libcurl.so"), Starts("libcurl.so")],
        Tail::None,
        &[Between(b"curl ", b" ("), After(b"libcurl/")],
    ),
    program("git", &[Is("git")], Tail::None, &[Between(b"git/", b"\0")]),
    program(
        "ffmpeg",
        &[Is("ffmpeg")],
        Tail::None,
        &[After(b"%s version ")],
    ),
    program(
        "imagemagick",
        &[Is("magick"), Starts("libMagickCore-")],
        Tail::Letters,
        &[Between(b"ImageMagick ", b" Q")],
    ),
    text(
        "openjdk",
        &[Is("release")],
        &[Between(b"JAVA_VERSION=\"", b"\"")],
    ),
    text("erlang", &[Is("OTP_VERSION")], &[Whole]),
    text("elixir", &[Path("/elixir/VERSION")], &[Whole]),
    text(
        "dotnet",
        &[Is("Microsoft.NETCore.App.deps.json")],
        &[InPath("/Microsoft.NETCore.App/", "/")],
    ),
    text(
        "rabbitmq",
        &[Path("/ebin/rabbit.app")],
        &[InPath("/rabbit-", "/ebin/")],
    ),
    text(
        "elasticsearch",
        &[Starts("elasticsearch-")],
        &[InPath("/elasticsearch/lib/elasticsearch-", ".jar")],
    ),
    text(
        "kafka",
        &[Starts("kafka_")],
        &[
            InPath("/libs/kafka_2.12-", ".jar"),
            InPath("/libs/kafka_2.13-", ".jar"),
        ],
    ),
    text(
        "cassandra",
        &[Starts("apache-cassandra-")],
        &[InPath("/lib/apache-cassandra-", ".jar")],
    ),
    text(
        "keycloak",
        &[Starts("org.keycloak.keycloak-services-")],
        &[InPath("/org.keycloak.keycloak-services-", ".jar")],
    ),
    text(
        "kibana",
        &[Path("/kibana/package.json")],
        &[Between(b"\"version\": \"", b"\"")],
    ),
    text(
        "logstash",
        &[Path("/logstash-core/versions-gem-copy.yml")],
        &[After(b"\nlogstash: ")],
    ),
    text(
        "tomcat",
        &[Is("RELEASE-NOTES")],
        &[After(b"Apache Tomcat Version ")],
    ),
    text(
        "wordpress",
        &[Path("/wp-includes/version.php")],
        &[Between(b"$wp_version = '", b"'")],
    ),
    text(
        "drupal",
        &[Path("/core/lib/Drupal.php")],
        &[Between(b"const VERSION = '", b"'")],
    ),
    text(
        "nextcloud",
        &[Path("/nextcloud/version.php"), Path("/html/version.php")],
        &[Between(b"$OC_VersionString = '", b"'")],
    ),
];

/// Main modules of Go programs, and their product; without the `/v2` of later major versions.
pub(in crate::binary) const MODULES: [(&str, &str); 32] = [
    ("code.gitea.io/gitea", "gitea"),
    ("github.com/argoproj/argo-cd", "argocd"),
    ("github.com/caddyserver/caddy", "caddy"),
    ("github.com/containerd/containerd", "containerd"),
    ("github.com/containous/traefik", "traefik"),
    ("github.com/coredns/coredns", "coredns"),
    ("github.com/docker/cli", "docker"),
    ("github.com/docker/docker", "docker"),
    ("github.com/goharbor/harbor/src", "harbor"),
    ("github.com/grafana/grafana", "grafana"),
    ("github.com/hashicorp/consul", "consul"),
    ("github.com/hashicorp/nomad", "nomad"),
    ("github.com/hashicorp/packer", "packer"),
    ("github.com/hashicorp/terraform", "terraform"),
    ("github.com/hashicorp/vault", "vault"),
    ("github.com/influxdata/influxdb", "influxdb"),
    ("github.com/mattermost/mattermost-server", "mattermost"),
    ("github.com/mattermost/mattermost/server", "mattermost"),
    ("github.com/minio/minio", "minio"),
    ("github.com/moby/moby", "docker"),
    ("github.com/opencontainers/runc", "runc"),
    ("github.com/prometheus/prometheus", "prometheus"),
    ("github.com/traefik/traefik", "traefik"),
    ("go.etcd.io/etcd", "etcd"),
    ("go.etcd.io/etcd/etcdctl", "etcd"),
    ("go.etcd.io/etcd/etcdutl", "etcd"),
    ("go.etcd.io/etcd/server", "etcd"),
    ("helm.sh/helm", "helm"),
    ("istio.io/istio", "istio"),
    ("k8s.io/helm", "helm"),
    ("k8s.io/kubernetes", "kubernetes"),
    ("k8s.io/kubectl", "kubernetes"),
];
