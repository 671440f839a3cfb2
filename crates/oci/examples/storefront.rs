//! Writes the example image of the repository:
//! `cargo run --example storefront -- examples/images/storefront`.
//!
//! Everything in it is made up here: an Alpine-like base with old packages, a Node application and
//! a Python environment with outdated libraries, a made-up token that leaked, and no user but root.

use std::fmt::Write as _;
use std::path::Path;

use seaworthy_oci::Compression;
use seaworthy_oci::layout::{ImageSpec, LayerEntry, LayerSpec, Step, build};

/// Name, version, origin, licence of what the base image has installed.
const APK: [(&str, &str, &str, &str); 16] = [
    (
        "alpine-baselayout",
        "3.2.0-r20",
        "alpine-baselayout",
        "GPL-2.0-only",
    ),
    ("apk-tools", "2.12.9-r3", "apk-tools", "GPL-2.0-only"),
    ("busybox", "1.35.0-r13", "busybox", "GPL-2.0-only"),
    (
        "ca-certificates-bundle",
        "20211220-r0",
        "ca-certificates",
        "MPL-2.0 AND MIT",
    ),
    ("curl", "7.83.1-r1", "curl", "curl"),
    ("libcrypto1.1", "1.1.1o-r0", "openssl", "Apache-2.0"),
    ("libcurl", "7.83.1-r1", "curl", "curl"),
    ("libexpat", "2.4.8-r0", "expat", "MIT"),
    ("libssl1.1", "1.1.1o-r0", "openssl", "Apache-2.0"),
    ("libxml2", "2.9.14-r0", "libxml2", "MIT"),
    ("musl", "1.2.3-r0", "musl", "MIT"),
    ("nghttp2-libs", "1.47.0-r0", "nghttp2", "MIT"),
    ("nodejs", "16.15.0-r1", "nodejs", "MIT"),
    ("python3", "3.10.4-r0", "python3", "PSF-2.0"),
    ("sqlite-libs", "3.38.5-r0", "sqlite", "blessing"),
    ("zlib", "1.2.12-r1", "zlib", "Zlib"),
];

const NPM: [(&str, &str, &str); 14] = [
    ("axios", "0.21.1", "MIT"),
    ("braces", "3.0.2", "MIT"),
    ("express", "4.17.1", "MIT"),
    ("follow-redirects", "1.14.0", "MIT"),
    ("json5", "2.2.0", "MIT"),
    ("jsonwebtoken", "8.5.1", "MIT"),
    ("lodash", "4.17.20", "MIT"),
    ("minimist", "1.2.5", "MIT"),
    ("node-fetch", "2.6.1", "MIT"),
    ("path-to-regexp", "0.1.7", "MIT"),
    ("qs", "6.7.0", "BSD-3-Clause"),
    ("semver", "7.3.5", "ISC"),
    ("tar", "6.1.0", "ISC"),
    ("ws", "7.4.5", "MIT"),
];

const PYPI: [(&str, &str, &str); 9] = [
    ("Flask", "1.1.2", "BSD-3-Clause"),
    ("Jinja2", "2.11.2", "BSD-3-Clause"),
    ("Pillow", "9.0.0", "HPND"),
    ("PyYAML", "5.3.1", "MIT"),
    ("Werkzeug", "1.0.1", "BSD-3-Clause"),
    ("certifi", "2020.12.5", "MPL-2.0"),
    ("requests", "2.25.0", "Apache 2.0"),
    ("setuptools", "57.4.0", "MIT"),
    ("urllib3", "1.26.4", "MIT"),
];

fn main() -> std::io::Result<()> {
    let Some(out) = std::env::args_os().nth(1) else {
        return Err(std::io::Error::other("usage: storefront DIRECTORY"));
    };
    let layer = |entries, created_by: &str| {
        Step::Layer(LayerSpec {
            entries,
            created_by: created_by.to_owned(),
            compression: Compression::Gzip,
        })
    };
    let spec = ImageSpec {
        name: "storefront:1.0".to_owned(),
        steps: vec![
            layer(base(), "ADD rootfs.tar.gz / # buildkit"),
            Step::Instruction("CMD [\"/bin/sh\"]".to_owned()),
            layer(node(), "COPY shop /app/shop # buildkit"),
            layer(
                python(),
                "RUN /bin/sh -c python3 -m venv /app/venv && /app/venv/bin/pip install -r requirements.txt # buildkit",
            ),
            layer(
                vec![LayerEntry::file("app/shop/.env", leaked())],
                "COPY .env /app/shop/.env # buildkit",
            ),
            Step::Instruction("CMD [\"node\" \"/app/shop/server.js\"]".to_owned()),
        ],
        ..ImageSpec::of_layers("storefront:1.0", Vec::new())
    };
    build(&spec)?.write_layout(Path::new(&out))
}

/// A token that opens nothing, put together here so that no scanner of this repository trips on it.
fn leaked() -> String {
    format!(
        "SHOP_NAME=storefront\nDEPLOY_TOKEN={}{}\n",
        ["gl", "pat-"].concat(),
        ["Zq7vR2mK", "x9LtW4nB", "c8Yd"].concat()
    )
}

fn base() -> Vec<LayerEntry> {
    let mut installed = String::new();
    for (name, version, origin, license) in APK {
        // Writing to a string does not fail.
        let _ = writeln!(
            installed,
            "P:{name}\nV:{version}\nA:x86_64\nT:{name}\nL:{license}\no:{origin}\nF:lib\nR:{name}.placeholder\n"
        );
    }
    vec![
        LayerEntry::file(
            "etc/os-release",
            "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.16.0\nPRETTY_NAME=\"Alpine Linux v3.16\"\n",
        ),
        LayerEntry::file("etc/alpine-release", "3.16.0\n"),
        LayerEntry::file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
        LayerEntry::file("lib/apk/db/installed", installed),
    ]
}

fn node() -> Vec<LayerEntry> {
    let mut entries = vec![
        LayerEntry::file(
            "app/shop/package.json",
            "{\"name\": \"storefront\", \"version\": \"1.0.0\", \"private\": true}\n",
        ),
        LayerEntry::file("app/shop/server.js", "require('express')().listen(8080)\n"),
    ];
    for (name, version, license) in NPM {
        entries.push(LayerEntry::file(
            &format!("app/shop/node_modules/{name}/package.json"),
            format!(
                "{{\"name\": \"{name}\", \"version\": \"{version}\", \"license\": \"{license}\"}}\n"
            ),
        ));
    }
    entries
}

fn python() -> Vec<LayerEntry> {
    PYPI.iter()
        .map(|(name, version, license)| {
            LayerEntry::file(
                &format!(
                    "app/venv/lib/python3.10/site-packages/{name}-{version}.dist-info/METADATA"
                ),
                format!(
                    "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: {license}\n"
                ),
            )
        })
        .collect()
}
