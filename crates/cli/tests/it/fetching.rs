//! Scans that fetch the shards they lack.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::place::{expect, findings, json as read_json, text};

fn put(folder: &Path, path: &str, content: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A root file system of Alpine, a database that knows of its packages, published as files with a
/// signature, and the key.
fn published(folder: &Path) {
    put(
        folder,
        "root/etc/os-release",
        "ID=alpine\nVERSION_ID=3.16.0\n",
    );
    put(
        folder,
        "root/lib/apk/db/installed",
        "P:busybox\nV:1.35.0-r13\nA:x86_64\n\n",
    );
    put(
        folder,
        "feeds/alpine/main.json",
        r#"{"distroversion":"v3.16","packages":[{"pkg":{"name":"busybox","secfixes":{"1.35.0-r99":["CVE-2099-0001"]}}}]}"#,
    );
    put(
        folder,
        "feeds/kev/kev.json",
        r#"{"vulnerabilities":[{"cveID":"CVE-2099-0001","dateAdded":"2026-11-20"}]}"#,
    );
    let build = ["db", "build", "--feeds", "feeds", "--out", "built"];
    expect(folder, &build, 0);
    for name in ["db", "other"] {
        let key =
            seaworthy_attest::PrivateKey::generate(seaworthy_attest::KeyKind::EcdsaP256).unwrap();
        put(folder, &format!("{name}.key"), &key.to_plain_pem().unwrap());
        put(folder, &format!("{name}.pub"), &key.public_key().to_pem());
    }
    let publish = [
        "db", "publish", "layout", "--db", "built", "--key", "db.key",
    ];
    expect(folder, &publish, 0);
}

fn scan(folder: &Path, options: &[&str], code: i32) -> Value {
    let arguments = [
        &[
            "scan",
            "rootfs:root",
            "--scanners",
            "vuln",
            "-o",
            "json=r.json",
        ],
        options,
    ]
    .concat();
    expect(folder, &arguments, code);
    read_json(&folder.join("r.json"))
}

fn gaps(report: &Value) -> Vec<String> {
    report["inventory"]["coverage"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| {
            let part = |name: &str| gap[name].as_str().unwrap_or_default().to_owned();
            format!("{} {}: {}", part("kind"), part("subject"), part("detail"))
        })
        .collect()
}

#[test]
fn missing_shards_come_from_where_the_options_say_and_stay() {
    let folder = tempfile::tempdir().unwrap();
    published(folder.path());
    let from = ["--db", "db", "--db-source", "layout", "--db-key", "db.pub"];
    let report = scan(folder.path(), &from, 0);
    let found = findings(&report);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("CVE-2099-0001"), "{found:?}");
    assert!(
        report["findings"][0]["kev"].is_object(),
        "the table came too"
    );
    let all = gaps(&report);
    assert!(
        !all.iter().any(|gap| gap.starts_with("starter-only")),
        "{all:?}"
    );

    // What is here needs no network, and where it came from is remembered.
    fs::rename(folder.path().join("layout"), folder.path().join("gone")).unwrap();
    let again = scan(folder.path(), &["--db", "db", "--offline"], 0);
    assert_eq!(findings(&again), found);
    let again = scan(folder.path(), &["--db", "db"], 0);
    assert_eq!(findings(&again), found);
}

#[test]
fn what_cannot_be_fetched_is_a_gap_and_what_must_not_be_used_an_error() {
    let folder = tempfile::tempdir().unwrap();
    published(folder.path());
    // Nobody said where from: nothing is asked, and the starter table answers and says so.
    let report = scan(
        folder.path(),
        &["--offline", "--db-source", "layout", "--db", "new"],
        0,
    );
    let all = gaps(&report);
    assert!(
        all.iter()
            .any(|gap| gap.starts_with("starter-only alpine:3.16")),
        "{all:?}"
    );

    let lost = ["--db", "new", "--db-source", "http://127.0.0.1:1/db"];
    let report = scan(folder.path(), &lost, 0);
    let all = gaps(&report);
    assert!(
        all.iter()
            .any(|gap| gap.starts_with("no-shard alpine:3.16: it could not be fetched")),
        "{all:?}"
    );

    let forged = [
        "--db",
        "new",
        "--db-source",
        "layout",
        "--db-key",
        "other.pub",
    ];
    let arguments = [&["scan", "rootfs:root", "--scanners", "vuln"][..], &forged].concat();
    let output = expect(folder.path(), &arguments, 4);
    let errors = text(&output.stderr);
    assert!(errors.contains("signature"), "{errors}");
}

/// The OSV API for one package.
struct Service {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Service {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let service = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            asked: Arc::default(),
        };
        let asked = Arc::clone(&service.asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &asked);
            }
        });
        service
    }
}

fn answer(stream: TcpStream, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut request = String::new();
    let mut length = 0;
    reader.read_line(&mut request).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    asked
        .lock()
        .unwrap()
        .push(format!("{} {}", request.trim(), text(&body)));
    let said = if request.starts_with("POST /v1/querybatch ") {
        json!({"results": [{"vulns": [{"id": "GHSA-xxxx-yyyy-zzzz", "modified": "2026-11-01T00:00:00Z"}]}]})
    } else {
        json!({
            "id": "GHSA-xxxx-yyyy-zzzz",
            "modified": "2026-11-01T00:00:00Z",
            "aliases": ["CVE-2099-0002"],
            "affected": [{
                "package": {"ecosystem": "npm", "name": "left-pad"},
                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.3.1"}]}],
            }],
        })
    }
    .to_string();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{said}",
        said.len()
    )
    .unwrap();
}

#[test]
fn language_packages_are_asked_about_online() {
    let folder = tempfile::tempdir().unwrap();
    put(
        folder.path(),
        "shop/package-lock.json",
        r#"{"name":"shop","lockfileVersion":3,"packages":{"":{"dependencies":{"left-pad":"1.3.0"}},"node_modules/left-pad":{"version":"1.3.0"}}}"#,
    );
    let service = Service::start();
    let scan = |address: &str| {
        let arguments = [
            "scan",
            "dir:shop",
            "--scanners",
            "vuln",
            "--online",
            "--osv-url",
            address,
            "-o",
            "json=r.json",
        ];
        expect(folder.path(), &arguments, 0);
        read_json(&folder.path().join("r.json"))
    };
    let report = scan(&service.address);
    let found = findings(&report);
    assert!(
        found.len() == 1 && found[0].contains("CVE-2099-0002") && found[0].contains("left-pad"),
        "{found:?}"
    );
    let asked = service.asked.lock().unwrap().clone();
    assert!(
        asked[0].contains("left-pad") && asked[0].contains("1.3.0") && asked.len() == 2,
        "{asked:?}"
    );

    let report = scan("http://127.0.0.1:1");
    let all = gaps(&report);
    assert!(
        all.iter().any(|gap| gap.starts_with("no-shard npm")),
        "{all:?}"
    );
}
