use super::*;
use crate::testing::{names, run, wants};

/// A program with these texts in it, each ended by a zero byte.
fn program(texts: &[&str]) -> Vec<u8> {
    let mut out = b"\x7fELF\x02\x01\x01\0".to_vec();
    out.resize(4096, 0);
    for text in texts {
        out.extend(text.as_bytes());
        out.push(0);
    }
    out.resize(out.len() + 300, 0);
    out
}

#[test]
fn programs_are_told_by_their_own_texts() {
    for (path, texts, expected) in [
        (
            "usr/local/bin/node",
            &["x node.js/v20.8.0 y"][..],
            "node 20.8.0",
        ),
        (
            "usr/local/bin/node",
            &["https://nodejs.org/download/release/v18.1.0/x"],
            "node 18.1.0",
        ),
        (
            "usr/local/lib/libpython3.11.so.1.0",
            &["3.11", "3.11.4"],
            "python 3.11.4",
        ),
        (
            "usr/local/bin/python3.12",
            &["3.12.0rc1"],
            "python 3.12.0rc1",
        ),
        (
            "opt/pypy/bin/libpypy3.10-c.so",
            &["[PyPy 7.3.12 with GCC"],
            "pypy 7.3.12",
        ),
        (
            "usr/local/lib/libruby.so.3.2",
            &["ruby 3.2.2 (2023-03-30 revision e51014f9c0)"],
            "ruby 3.2.2",
        ),
        (
            "usr/local/bin/ruby",
            &["ruby 2.7.8p225 (2023-03-30"],
            "ruby 2.7.8",
        ),
        (
            "usr/local/bin/perl",
            &["/usr/local/lib/perl5/5.36.0"],
            "perl 5.36.0",
        ),
        (
            "usr/local/bin/php",
            &["X-Powered-By: PHP/8.2.7"],
            "php 8.2.7",
        ),
        (
            "usr/local/sbin/php-fpm",
            &["X-Powered-By: PHP/8.3.0rc2"],
            "php 8.3.0rc2",
        ),
        ("usr/bin/lua5.4", &["Lua 5.4.6  Copyright (C)"], "lua 5.4.6"),
        (
            "usr/local/cargo/bin/rustc",
            &["rustc version 1.71.0 (8ede3aae2"],
            "rust 1.71.0",
        ),
        (
            "usr/sbin/nginx",
            &["nginx version: nginx/1.25.1"],
            "nginx 1.25.1",
        ),
        (
            "usr/local/apache2/bin/httpd",
            &["Apache/2.4.57 (Unix)"],
            "httpd 2.4.57",
        ),
        (
            "usr/local/sbin/haproxy",
            &["HA-Proxy version 2.2.1"],
            "haproxy 2.2.1",
        ),
        (
            "usr/local/sbin/haproxy",
            &["2.8.1-7043c20, released 2023/06/02"],
            "haproxy 2.8.1",
        ),
        (
            "usr/local/bin/envoy",
            &["0123abc/1.27.0/Clean/RELEASE/BoringSSL"],
            "envoy 1.27.0",
        ),
        (
            "usr/local/bin/redis-server",
            &["7.0.11buildkitsandbox-1689000000000000000"],
            "redis 7.0.11",
        ),
        (
            "usr/local/bin/redis-server",
            &["6.2.14abcdef01234-1689000000000000000"],
            "redis 6.2.1",
        ),
        (
            "usr/local/bin/redis-server",
            &["6.2.140123456789ab-1689000000000000000"],
            "redis 6.2.14",
        ),
        (
            "usr/local/bin/valkey-server",
            &["8.0.1localhost-1689000000000000000"],
            "valkey 8.0.1",
        ),
        (
            "usr/local/bin/memcached",
            &["memcached 1.6.21\n"],
            "memcached 1.6.21",
        ),
        (
            "usr/lib/postgresql/15/bin/postgres",
            &["postgres (PostgreSQL) 15.3 (Debian 15.3-1)"],
            "postgresql 15.3",
        ),
        (
            "usr/sbin/mysqld",
            &["11.0.2-MariaDB-1:11.0.2"],
            "mariadb 11.0.2",
        ),
        (
            "usr/sbin/mysqld",
            &["/builddir/mysql-8.0.33/sql/x.cc"],
            "mysql 8.0.33",
        ),
        (
            "bin/busybox",
            &["BusyBox v1.36.1 (2023-07-27)"],
            "busybox 1.36.1",
        ),
        (
            "usr/local/bin/bash",
            &["@(#)Bash version 5.2.15(1) release GNU"],
            "bash 5.2.15",
        ),
        (
            "usr/local/bin/openssl",
            &["OpenSSL 1.1.1k  FIPS 25 Mar 2021"],
            "openssl 1.1.1k",
        ),
        (
            "usr/local/lib/libcrypto.so.3",
            &["as of OpenSSL 1.0.2 it", "OpenSSL 3.0.9 30 May 2023"],
            "openssl 3.0.9",
        ),
        (
            "usr/local/bin/curl",
            &["curl 8.1.2 (x86_64-pc-linux-gnu) %s"],
            "curl 8.1.2",
        ),
        (
            "usr/local/lib/libcurl.so.4",
            &["libcurl/7.88.1"],
            "curl 7.88.1",
        ),
        ("usr/local/bin/git", &["git/2.40.1"], "git 2.40.1"),
        ("usr/local/bin/ffmpeg", &["%s version 6.0"], "ffmpeg 6.0"),
        (
            "usr/local/bin/magick",
            &["ImageMagick 7.1.1-15 Q16-HDRI"],
            "imagemagick 7.1.1-15",
        ),
    ] {
        let facts = run(&Product, path, &program(texts)).expect("readable");
        assert_eq!(names(&facts), [expected], "{path} {texts:?}");
        assert_eq!(facts.packages[0].kind, PackageType::Generic);
    }
}

#[test]
fn texts_and_paths_that_products_ship_are_read() {
    for (path, text, expected) in [
        (
            "opt/java/openjdk/release",
            "IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_VERSION=\"17.0.8\"\n",
            "openjdk 17.0.8",
        ),
        (
            "opt/java/openjdk/release",
            "JAVA_VERSION=\"1.8.0_352\"\n",
            "openjdk 8-update352",
        ),
        (
            "usr/local/lib/erlang/releases/25/OTP_VERSION",
            "25.3.2.6\n",
            "erlang 25.3.2.6",
        ),
        ("usr/local/src/elixir/VERSION", "1.15.4\n", "elixir 1.15.4"),
        (
            "usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/Microsoft.NETCore.App.deps.json",
            "{}",
            "dotnet 8.0.1",
        ),
        (
            "opt/rabbitmq/plugins/rabbit-3.12.2/ebin/rabbit.app",
            "x",
            "rabbitmq 3.12.2",
        ),
        (
            "usr/share/elasticsearch/lib/elasticsearch-8.9.0.jar",
            "PK",
            "elasticsearch 8.9.0",
        ),
        ("opt/kafka/libs/kafka_2.13-3.5.1.jar", "PK", "kafka 3.5.1"),
        (
            "opt/cassandra/lib/apache-cassandra-4.1.2.jar",
            "PK",
            "cassandra 4.1.2",
        ),
        (
            "opt/keycloak/lib/lib/main/org.keycloak.keycloak-services-22.0.1.jar",
            "PK",
            "keycloak 22.0.1",
        ),
        (
            "usr/share/kibana/package.json",
            "{\n  \"name\": \"kibana\",\n  \"version\": \"8.9.0\"\n}",
            "kibana 8.9.0",
        ),
        (
            "usr/share/logstash/logstash-core/versions-gem-copy.yml",
            "---\nlogstash: 8.9.0\n",
            "logstash 8.9.0",
        ),
        (
            "usr/local/tomcat/RELEASE-NOTES",
            "\n   Apache Tomcat Version 9.0.78\n",
            "tomcat 9.0.78",
        ),
        (
            "var/www/html/wp-includes/version.php",
            "<?php\n$wp_version = '6.2.2';\n",
            "wordpress 6.2.2",
        ),
        (
            "opt/drupal/web/core/lib/Drupal.php",
            "  const VERSION = '10.1.1';\n",
            "drupal 10.1.1",
        ),
        (
            "var/www/html/version.php",
            "$OC_VersionString = '27.0.1';\n",
            "nextcloud 27.0.1",
        ),
    ] {
        let facts = run(&Product, path, text.as_bytes()).expect("readable");
        assert_eq!(names(&facts), [expected], "{path}");
    }
}

#[test]
fn what_only_looks_like_one_is_none() {
    for (path, bytes) in [
        // A script of that name, and a program that says nothing.
        (
            "usr/local/bin/node",
            b"#!/bin/sh\necho node.js/v20.8.0\n".to_vec(),
        ),
        (
            "usr/local/bin/node",
            program(&["node.js/vX", "node.js/v20"]),
        ),
        (
            "usr/local/bin/redis-server",
            program(&["7.0.11", "7.0.11x-12000000000"]),
        ),
        (
            "usr/local/bin/openssl",
            program(&["needs OpenSSL 3.0.9 or later"]),
        ),
        (
            "usr/local/bin/mysqld",
            program(&["-MariaDB", "/mysql-cluster/"]),
        ),
        (
            "usr/local/bin/python3.11",
            program(&["x3.11.4", "3.11.4 x", "3.11"]),
        ),
        ("usr/local/bin/python3.11", program(&["3.10.4"])),
        ("usr/local/bin/curl", program(&["curl 999999999999.1 ("])),
        ("etc/release", b"NAME=x\n".to_vec()),
        (
            "usr/local/lib/erlang/releases/25/OTP_VERSION",
            b"25\n".to_vec(),
        ),
        (
            "usr/local/lib/erlang/releases/25/OTP_VERSION",
            b"25.3 and more text than any version has, by far and wide, really\n".to_vec(),
        ),
        ("opt/app/lib/elasticsearch-8.9.0.jar", b"PK".to_vec()),
        ("x/Microsoft.NETCore.App.deps.json", b"{}".to_vec()),
    ] {
        let facts = run(&Product, path, &bytes).expect("readable");
        assert!(facts.is_empty(), "{path}: {:?}", names(&facts));
    }
    for path in [
        "usr/bin/nodes",
        "usr/bin/libpythonic.so",
        "home/x/releases",
        "bin/bash.bak",
    ] {
        assert!(!wants(&Product, path), "{path}");
    }
}

#[test]
fn pieces_of_any_size_tell_the_same() {
    let mut bytes = program(&["filler"]);
    bytes.resize(10_000, b'x');
    bytes.extend(b"nginx version: nginx/1.25.1\0");
    bytes.resize(20_000, b'y');
    let file = FileMeta {
        path: "usr/sbin/nginx",
        size: bytes.len() as u64,
        mode: 0o755,
    };
    for piece in [1, 3, 64, 255, 256, 257, 10_010, 20_000] {
        let mut scans = Product.stream(&file).expect("streams");
        for chunk in bytes.chunks(piece) {
            scans.push(chunk);
        }
        let mut facts = Facts::default();
        scans.finish(&mut facts).expect("readable");
        assert_eq!(names(&facts), ["nginx 1.25.1"], "in pieces of {piece}");
    }
}

#[test]
fn go_programs_are_told_by_their_main_module() {
    for (module, version, expected) in [
        (
            "github.com/hashicorp/vault",
            "v1.15.0",
            Some(("vault", "1.15.0")),
        ),
        (
            "github.com/traefik/traefik/v2",
            "v2.10.4",
            Some(("traefik", "2.10.4")),
        ),
        (
            "k8s.io/kubernetes",
            "v1.28.2",
            Some(("kubernetes", "1.28.2")),
        ),
        (
            "go.etcd.io/etcd/server/v3",
            "v3.5.9",
            Some(("etcd", "3.5.9")),
        ),
        ("helm.sh/helm/v3", "v3.12.3", Some(("helm", "3.12.3"))),
        ("github.com/hashicorp/consul", "(devel)", None),
        (
            "github.com/hashicorp/consul",
            "v0.0.0-20230101000000-abcdefabcdef",
            None,
        ),
        ("github.com/hashicorp/consul/api", "v1.25.1", None),
        ("example.com/vault", "v1.0.0", None),
    ] {
        assert_eq!(of_module(module, version), expected, "{module} {version}");
    }
}

/// Advisories of bare binaries are found by these names only.
#[test]
fn every_product_has_a_name_that_advisories_use() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../advisories/src/feeds/cpe.rs"
    );
    let source = std::fs::read_to_string(path).expect("the list of products");
    let known: Vec<&str> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("(\"")?.strip_suffix("\"),"))
        .filter_map(|line| line.rsplit_once(", \""))
        .map(|(_, name)| name)
        .collect();
    assert!(known.len() > 100, "the list is no longer where it was");
    for product in RULES
        .iter()
        .map(|rule| rule.product)
        .chain(MODULES.iter().map(|(_, product)| *product))
    {
        assert!(known.contains(&product), "{product}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        at in 0..RULES.len(),
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600),
        mark in proptest::num::usize::ANY,
    ) {
        let rule = &RULES[at];
        let file = FileMeta { path: "opt/x/python3.11", size: 1, mode: 0o755 };
        let mut scan = Scan::new(rule, &file);
        let mut data = b"\x7fELF".to_vec();
        data.extend(&bytes);
        // A mark in the middle, so that what follows it is parsed.
        if let Some(Find::After(text) | Find::Between(text, _) | Find::Before(text) | Find::Dated(text)) =
            rule.finds.get(mark % rule.finds.len())
        {
            data.extend_from_slice(text);
            data.extend(&bytes);
        }
        for chunk in data.chunks(mark % 97 + 1) {
            scan.push(chunk);
        }
        let _ = scan.finish();
    }
}
