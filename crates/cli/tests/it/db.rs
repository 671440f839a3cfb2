use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::scan::{expect, run_in, text};

/// A web server for the files of a folder, with validators; it counts what it sends, heads too.
struct Server {
    address: String,
    sent: Arc<AtomicU64>,
    down: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn of(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            sent: Arc::default(),
            down: Arc::default(),
        };
        let (folder, sent) = (folder.to_owned(), Arc::clone(&server.sent));
        let down = Arc::clone(&server.down);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, sent, down) = (folder.clone(), Arc::clone(&sent), Arc::clone(&down));
                std::thread::spawn(move || serve(stream, &folder, &sent, &down));
            }
        });
        server
    }

    fn sent(&self) -> u64 {
        self.sent.swap(0, Ordering::Relaxed)
    }
}

fn serve(stream: TcpStream, folder: &Path, sent: &AtomicU64, down: &Mutex<Vec<String>>) {
    let mut out = stream.try_clone().unwrap();
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(request)) = lines.next() {
        let mut heads = BTreeMap::new();
        for line in lines.by_ref().map_while(Result::ok) {
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(": ") {
                heads.insert(name.to_ascii_lowercase(), value.to_owned());
            }
        }
        let path = request.split(' ').nth(1).unwrap_or("/").replace("%20", " ");
        let file = folder.join(path.trim_start_matches('/'));
        let broken = down
            .lock()
            .unwrap()
            .iter()
            .any(|part| path.contains(part.as_str()));
        let answer = match fs::read(&file) {
            _ if broken => b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".to_vec(),
            Ok(bytes) => {
                let tag = format!("\"{}\"", seaworthy_oci::Digest::of(&bytes).hex());
                if heads.get("if-none-match") == Some(&tag) {
                    format!("HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n\r\n").into_bytes()
                } else {
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nETag: {tag}\r\nContent-Length: {}\r\n\r\n",
                        bytes.len()
                    );
                    [head.into_bytes(), bytes].concat()
                }
            }
            Err(_) => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
        };
        sent.fetch_add(answer.len() as u64, Ordering::Relaxed);
        if out.write_all(&answer).is_err() {
            return;
        }
    }
}

const ALPINE: &str = "secdb.alpinelinux.org/v3.16";

fn put(folder: &Path, path: &str, bytes: impl AsRef<[u8]>) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn secdb(version: &str) -> String {
    format!(
        r#"{{"distroversion":"v3.16","packages":[{{"pkg":{{"name":"busybox","secfixes":{{"{version}":["CVE-2099-0001"]}}}}}},{{"pkg":{{"name":"zlib","secfixes":{{"1.2.12-r2":["CVE-2022-37434"]}}}}}}]}}"#
    )
}

/// A mirror of the few files that a scan of an Alpine image asks for.
fn mirror(folder: &Path) -> PathBuf {
    let mirror = folder.join("mirror");
    put(&mirror, &format!("{ALPINE}/main.json"), secdb("1.35.0-r99"));
    put(
        &mirror,
        "www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
        r#"{"dateReleased":"2026-11-20T00:00:00Z","vulnerabilities":[{"cveID":"CVE-2099-0001","dateAdded":"2026-11-20","dueDate":"","knownRansomwareCampaignUse":"Unknown"}]}"#,
    );
    put(
        &mirror,
        "epss.empiricalsecurity.com/epss_scores-current.csv.gz",
        GZIPPED_EPSS,
    );
    put(
        &mirror,
        "endoflife.date/api/v1/products/full",
        r#"{"result":[{"name":"alpine-linux","releases":[{"name":"3.16","eolFrom":"2024-05-23"}]}]}"#,
    );
    put(
        &mirror,
        "debian.pages.debian.net/distro-info-data/debian.csv",
        "version,codename,series,created,release,eol\n12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-06-10\n",
    );
    put(
        &mirror,
        "debian.pages.debian.net/distro-info-data/ubuntu.csv",
        "version,codename,series,created,release,eol\n22.04 LTS,Jammy Jellyfish,jammy,2021-10-14,2022-04-21,2027-06-01\n",
    );
    for release in [11, 12, 13] {
        let path = format!(
            "salsa.debian.org/debian/debian-security-support/-/raw/master/security-support-ended.deb{release}"
        );
        put(&mirror, &path, "# nothing\n");
    }
    mirror
}

/// `#model_version:v1,score_date:2026-11-20T00:00:00+0000`, the heads and one score, by gzip.
const GZIPPED_EPSS: &[u8] = include_bytes!("epss.csv.gz");

#[test]
fn an_update_fetches_what_changed_and_an_unchanged_one_next_to_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mirror = mirror(folder.path());
    let server = Server::of(&mirror);
    let update = [
        "db",
        "update",
        "--db",
        "db",
        "--only",
        "alpine:3.16",
        "--base-url",
        &server.address,
    ];
    let shown = text(&expect(folder.path(), &update, 0).stdout);
    assert!(
        shown.contains("alpine-secdb") && shown.contains("updated"),
        "{shown}"
    );
    assert!(shown.contains("generation 1, new"), "{shown}");
    assert!(server.sent() > 0);

    // Nothing changed, and nothing has to be said again.
    let shown = text(&expect(folder.path(), &["db", "update", "--db", "db"], 0).stdout);
    assert!(
        shown.contains("unchanged") && shown.contains("0 B received"),
        "{shown}"
    );
    let quiet = server.sent();
    assert!(quiet < 50_000, "{quiet} bytes for nothing");

    let lookup =
        |what: &str| text(&expect(folder.path(), &["db", "lookup", what, "--db", "db"], 0).stdout);
    assert!(lookup("busybox@1.35.0-r1").contains("=> affected: < 1.35.0-r99"));
    assert!(lookup("busybox@1.36.0-r0").contains("=> not affected: outside of < 1.35.0-r99"));
    assert!(lookup("CVE-2099-0001").contains("kev    known to be exploited, since 2026-11-20"));

    // One source fails, the other has changed.
    put(
        &mirror,
        &format!("{ALPINE}/main.json"),
        secdb("1.35.0-r100"),
    );
    server
        .down
        .lock()
        .unwrap()
        .push("known_exploited".to_owned());
    let output = expect(folder.path(), &["db", "update", "--db", "db"], 4);
    assert!(
        text(&output.stdout).contains("failed"),
        "{}",
        text(&output.stdout)
    );
    let errors = text(&output.stderr);
    assert!(
        errors.contains("kev: ") && errors.contains("stay as they were"),
        "{errors}"
    );
    assert!(lookup("busybox").contains("1.35.0-r100"));
    assert!(
        lookup("CVE-2099-0001").contains("known to be exploited"),
        "the old table stays"
    );

    // And back.
    expect(folder.path(), &["db", "rollback", "--db", "db"], 0);
    assert!(lookup("busybox").contains("1.35.0-r99"));
    let diff = text(
        &expect(
            folder.path(),
            &[
                "db",
                "diff",
                "--all",
                "db/generations/1",
                "db/generations/2",
            ],
            0,
        )
        .stdout,
    );
    assert!(
        diff.contains("alpine:3.16") && diff.contains("~ busybox CVE-2099-0001"),
        "{diff}"
    );
}

#[test]
fn what_is_wrong_is_said_before_anything_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (&["--only", "debain:12"][..], "`debain:12` is no shard"),
        (&["--only", "wolfi"], "--restricted"),
        (&["--from", "ftp://x/y"], "no place for a database"),
        (&["--mirror-of", "x=https://y"], "`x` is no source"),
        (
            &[
                "--from",
                "oci://x.example.com/y",
                "--base-url",
                "http://127.0.0.1:1",
            ],
            "mirrors of upstream",
        ),
        (
            &["--from", "oci://x.example.com/y", "--key", "none.pub"],
            "cannot read none.pub",
        ),
    ] {
        let arguments = [&["db", "update", "--db", "db"], arguments].concat();
        let output = expect(folder.path(), &arguments, 2);
        assert!(
            text(&output.stderr).contains(words),
            "{}",
            text(&output.stderr)
        );
    }
    let output = expect(folder.path(), &["db", "rollback", "--db", "empty"], 2);
    assert!(
        text(&output.stderr).contains("no earlier generation"),
        "{}",
        text(&output.stderr)
    );
    // Nobody answers: clear, and nothing is lost.
    let nobody = [
        "db",
        "update",
        "--db",
        "db",
        "--only",
        "kev",
        "--base-url",
        "file:///nowhere",
    ];
    let output = expect(folder.path(), &nobody, 4);
    assert!(
        text(&output.stderr).contains("no such file"),
        "{}",
        text(&output.stderr)
    );
}

/// Debian's registry, where it is installed.
struct Registry {
    process: Child,
    host: String,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn registry(folder: &Path) -> Option<Registry> {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let settings = folder.join("registry.yml");
    fs::write(&settings, format!("version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{port}\n", folder.join("registry").display())).unwrap();
    let process = Command::new("docker-registry")
        .arg("serve")
        .arg(&settings)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let host = format!("127.0.0.1:{port}");
    let registry = Registry { process, host };
    let began = Instant::now();
    while TcpStream::connect(&registry.host).is_err() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "the registry does not start"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    Some(registry)
}

/// A signed database goes through a registry; the numbers are those of docs/database.md.
#[test]
fn a_database_goes_through_debians_registry() {
    let folder = tempfile::tempdir().unwrap();
    let Some(registry) = registry(folder.path()) else {
        println!("docker-registry is not installed: the round trip was not made");
        return;
    };
    put(folder.path(), "feeds/alpine/main.json", secdb("1.35.0-r99"));
    put(
        folder.path(),
        "feeds/kev/kev.json",
        r#"{"vulnerabilities":[{"cveID":"CVE-2099-0001","dateAdded":"2026-11-20"}]}"#,
    );
    expect(
        folder.path(),
        &["db", "build", "--feeds", "feeds", "--out", "built"],
        0,
    );
    let key = seaworthy_attest::PrivateKey::generate(seaworthy_attest::KeyKind::EcdsaP256).unwrap();
    fs::write(
        folder.path().join("db.key"),
        key.to_plain_pem().unwrap().as_bytes(),
    )
    .unwrap();
    fs::write(folder.path().join("db.pub"), key.public_key().to_pem()).unwrap();
    let target = format!("oci://{}/security/advisories:latest", registry.host);
    let publish = [
        "db",
        "publish",
        &target,
        "--db",
        "built",
        "--key",
        "db.key",
        "--plain-http",
    ];
    let shown = text(&expect(folder.path(), &publish, 0).stdout);
    assert!(
        shown.contains("2 shards sent") && shown.contains("signed"),
        "{shown}"
    );
    let shown = text(&expect(folder.path(), &publish, 0).stdout);
    assert!(shown.contains("0 shards sent, 2 were there"), "{shown}");

    let update = [
        "db",
        "update",
        "--from",
        &target,
        "--key",
        "db.pub",
        "--db",
        "here",
        "--plain-http",
    ];
    expect(folder.path(), &update, 0);
    let again: Value = serde_json::from_slice(
        &expect(folder.path(), &[&update[..], &["-o", "json"]].concat(), 0).stdout,
    )
    .unwrap();
    assert_eq!(again["changed"], false);
    assert!(again["received"].as_u64().unwrap() < 50_000, "{again}");
    let digest = again["digest"].as_str().unwrap().to_owned();
    let verify = [
        "db",
        "verify",
        "--from",
        &target,
        "--key",
        "db.pub",
        "--db",
        "here",
        "--plain-http",
    ];
    let shown = text(&expect(folder.path(), &verify, 0).stdout);
    assert!(
        shown.contains("signed by") && shown.contains("2 shards are whole"),
        "{shown}"
    );
    let info: Value = serde_json::from_slice(
        &expect(
            folder.path(),
            &["db", "info", "--db", "here", "-o", "json"],
            0,
        )
        .stdout,
    )
    .unwrap();
    assert_eq!(info["digest"].as_str(), Some(digest.as_str()));
    assert_eq!(info["origin"].as_str(), Some(target.as_str()));

    // A digest pins what a scan uses.
    let scan = |digest: &str, code| {
        expect(
            folder.path(),
            &[
                "scan",
                &crate::scan::storefront(),
                "--db",
                "here",
                "--db-digest",
                digest,
                "-o",
                "json=r.json",
            ],
            code,
        )
    };
    scan(&digest, 0);
    let other = format!("sha256:{}", "0".repeat(64));
    assert!(text(&scan(&other, 2).stderr).contains(&digest));

    // Whoever has another key, or none that signed, is refused.
    let stranger =
        seaworthy_attest::PrivateKey::generate(seaworthy_attest::KeyKind::EcdsaP256).unwrap();
    fs::write(
        folder.path().join("other.pub"),
        stranger.public_key().to_pem(),
    )
    .unwrap();
    let wrong = [
        "db",
        "update",
        "--from",
        &target,
        "--key",
        "other.pub",
        "--db",
        "here",
        "--plain-http",
    ];
    let output = expect(folder.path(), &wrong, 4);
    assert!(
        text(&output.stderr).contains("no signature of"),
        "{}",
        text(&output.stderr)
    );

    // Through a layout on a disk, and through plain files.
    expect(
        folder.path(),
        &["db", "publish", "./layout", "--db", "built"],
        0,
    );
    expect(
        folder.path(),
        &["db", "update", "--from", "./layout", "--db", "from-layout"],
        0,
    );
    expect(
        folder.path(),
        &[
            "db", "publish", "./www", "--files", "--db", "built", "--key", "db.key",
        ],
        0,
    );
    let server = Server::of(&folder.path().join("www"));
    expect(
        folder.path(),
        &[
            "db",
            "update",
            "--from",
            &server.address,
            "--key",
            "db.pub",
            "--db",
            "from-web",
        ],
        0,
    );
    for place in ["from-layout", "from-web"] {
        let shown = text(
            &expect(
                folder.path(),
                &["db", "lookup", "busybox", "--db", place],
                0,
            )
            .stdout,
        );
        assert!(shown.contains("1.35.0-r99"), "{shown}");
    }
}

#[test]
fn a_full_disk_and_a_read_only_place_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let mirror = mirror(folder.path());
    fs::write(folder.path().join("file"), "no directory").unwrap();
    let base = format!("file://{}", mirror.display());
    let output = run_in(
        folder.path(),
        &[],
        &[
            "db",
            "update",
            "--db",
            "file/db",
            "--only",
            "kev",
            "--base-url",
            &base,
        ],
    );
    assert_eq!(output.status.code(), Some(4));
    assert!(
        text(&output.stderr).contains("file/db"),
        "{}",
        text(&output.stderr)
    );
}

/// The commands of the pipeline file are commands of this program.
#[test]
fn the_pipeline_that_publishes_is_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = fs::read_to_string(root.join("templates/Advisory-Database.gitlab-ci.yml")).unwrap();
    let pipeline: Value = serde_saphyr::from_str(&file).unwrap();
    let job = &pipeline["advisories"];
    let script: Vec<&str> = job["script"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.as_str().unwrap())
        .collect();
    assert!(script.len() >= 3);
    assert_eq!(job["rules"][0]["if"], "$CI_PIPELINE_SOURCE == \"schedule\"");
    let folder = tempfile::tempdir().unwrap();
    for line in script {
        let command = line.split("||").next().unwrap().trim();
        let mut words: Vec<String> = command
            .split_whitespace()
            .map(|word| {
                word.trim_matches('"')
                    .replace("$ADVISORIES", "127.0.0.1:1/advisories:latest")
            })
            .collect();
        assert_eq!(words.remove(0), "seaworthy", "{line}");
        // What clap does not know ends with 2 and its words; whatever else happens, it was known.
        let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        let only = pipeline["variables"]["SEAWORTHY_DB_ONLY"].as_str().unwrap();
        let variables = [
            ("SEAWORTHY_DB", "db"),
            ("SEAWORTHY_DB_ONLY", only),
            ("SEAWORTHY_DB_BASE_URL", "file:///nowhere"),
        ];
        let variables = if command.contains("--from") {
            &variables[..2]
        } else {
            &variables[..]
        };
        let errors = text(&run_in(folder.path(), variables, &arguments).stderr);
        for words in [
            "unexpected argument",
            "unrecognized subcommand",
            "invalid value",
            "required arguments",
            "is no shard",
        ] {
            assert!(!errors.contains(words), "{line}: {errors}");
        }
    }
}

#[test]
fn thirty_updates_and_scans_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let mirror = mirror(folder.path());
    let base = format!("file://{}", mirror.display());
    let update = || {
        run_in(
            folder.path(),
            &[],
            &[
                "db",
                "update",
                "-q",
                "--db",
                "db",
                "--only",
                "alpine:3.16",
                "--base-url",
                &base,
            ],
        )
    };
    assert_eq!(
        update().status.code(),
        Some(0),
        "{}",
        text(&update().stderr)
    );
    std::thread::scope(|scope| {
        let scans: Vec<_> = (0..20)
            .map(|n| {
                let folder = folder.path();
                scope.spawn(move || {
                    let report = format!("json=r{n}.json");
                    run_in(
                        folder,
                        &[],
                        &[
                            "scan",
                            &crate::scan::storefront(),
                            "--db",
                            "db",
                            "--scanners",
                            "vuln",
                            "-o",
                            &report,
                        ],
                    )
                })
            })
            .collect();
        for n in 0..6 {
            put(
                &mirror,
                &format!("{ALPINE}/main.json"),
                secdb(&format!("1.35.0-r{}", 200 + n)),
            );
            let output = update();
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        }
        for scan in scans {
            let output = scan.join().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        }
    });
    for n in 0..20 {
        let report = fs::read_to_string(folder.path().join(format!("r{n}.json"))).unwrap();
        assert!(report.contains("CVE-2099-0001"), "r{n}.json");
    }
    let mut shown = String::new();
    fs::File::open(folder.path().join("db/current"))
        .unwrap()
        .read_to_string(&mut shown)
        .unwrap();
    assert_eq!(shown.trim(), "7");
}
