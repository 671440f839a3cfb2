use std::fs;
use std::sync::atomic::Ordering;

use seaworthy_source::NoProgress;
use seaworthy_vulndb::Database;

use super::*;
use crate::testing::{FakeNetwork, NOW, PATIENCE};

const ALPINE: &str = "https://secdb.alpinelinux.org/";
const OSV: &str = "https://osv-vulnerabilities.storage.googleapis.com/";
const KEV: &str =
    "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json";
const EPSS: &str = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz";
const EOL: &str = "https://endoflife.date/api/v1/products/full";

struct Fixture {
    network: FakeNetwork,
    folder: tempfile::TempDir,
    now: &'static str,
    force: bool,
    addresses: Option<Addresses>,
}

impl Fixture {
    /// The small tables, two releases of Alpine, and npm.
    fn new() -> Self {
        let network = FakeNetwork::default();
        network.put(KEV, r#"{"dateReleased":"2026-11-20T00:00:00Z","vulnerabilities":[{"cveID":"CVE-2021-44228","dateAdded":"2021-12-10","dueDate":"2021-12-24","knownRansomwareCampaignUse":"Known"}]}"#);
        network.put(EPSS, gzip(b"#model_version:v2025.03.14,score_date:2026-11-20T00:00:00+0000\ncve,epss,percentile\nCVE-2021-44228,0.97,0.99\n"));
        network.put(EOL, r#"{"result":[{"name":"alpine-linux","releases":[{"name":"3.18","eolFrom":"2025-05-09"}]}]}"#);
        for release in ["3.18", "3.19"] {
            network.put(
                &format!("{ALPINE}v{release}/main.json"),
                secdb(release, "main", 30, "1"),
            );
            network.put(
                &format!("{ALPINE}v{release}/community.json"),
                secdb(release, "community", 10, "1"),
            );
        }
        network.put(ALPINE, "<a href=\"v3.18/\">v3.18/</a> <a href=\"v3.19/\">v3.19/</a> <a href=\"license.txt\">x</a>");
        network.put(&format!("{OSV}npm/all.zip"), npm(20, "1.0.0"));
        Self {
            network,
            folder: tempfile::tempdir().unwrap(),
            now: NOW,
            force: false,
            addresses: None,
        }
    }

    fn directory(&self) -> Directory {
        Directory::at(&self.folder.path().join("db"))
    }

    fn update(&self, only: &[&str]) -> Result<UpdateReport, Error> {
        let options = UpstreamOptions {
            network: &self.network,
            feeds: self.folder.path().join("feeds"),
            addresses: self.addresses.clone(),
            only: (!only.is_empty()).then(|| only.iter().map(|key| (*key).to_owned()).collect()),
            restricted: false,
            force: self.force,
            now: self.now,
            threads: 2,
            patience: PATIENCE,
            who: "test",
            program: "seaworthy test",
        };
        update_from_upstream(&self.directory(), &options, &NoProgress, &|_| {})
    }

    fn keys(&self) -> Vec<String> {
        let database = Database::open_dir(self.directory().path()).unwrap();
        database.keys().map(str::to_owned).collect()
    }

    fn row(&self, key: &str, package: &str) -> String {
        let database = Database::open_dir(self.directory().path()).unwrap();
        let row = database.shard(key).unwrap().lookup(package).next();
        format!("{:?}", row.map(|row| row.to_advisory()))
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn secdb(release: &str, repository: &str, packages: usize, version: &str) -> String {
    let packages: Vec<String> = (0..packages)
        .map(|n| {
            format!(
                r#"{{"pkg":{{"name":"{repository}{n}","secfixes":{{"{version}.0-r0":["CVE-2026-{n:04}"]}}}}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"distroversion":"v{release}","reponame":"{repository}","packages":[{}]}}"#,
        packages.join(",")
    )
}

fn record(n: usize, fixed: &str) -> String {
    format!(
        r#"{{"id":"GHSA-{n:04}-aaaa-bbbb","modified":"2026-11-01T00:00:00Z","affected":[{{"package":{{"ecosystem":"npm","name":"p{n}"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}]}}"#
    )
}

fn zip(files: &[(String, String)]) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        writer
            .start_file(name.as_str(), zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn npm(records: usize, fixed: &str) -> Vec<u8> {
    let files: Vec<(String, String)> = (0..records)
        .map(|n| (format!("GHSA-{n}.json"), record(n, fixed)))
        .collect();
    zip(&files)
}

fn status<'r>(report: &'r UpdateReport, source: &str) -> &'r SourceStatus {
    let found = report.sources.iter().find(|s| s.name == source);
    &found
        .unwrap_or_else(|| panic!("no {source} in {report:?}"))
        .status
}

#[test]
fn what_is_asked_for_is_fetched_and_an_unchanged_update_rewrites_nothing() {
    let fixture = Fixture::new();
    // RetireJS and the Node.js group are not there: npm is built without them.
    let report = fixture.update(&["alpine:3.18", "npm"]).unwrap();
    assert_eq!(fixture.keys(), ["alpine:3.18", "npm"]);
    assert!(report.changed);
    assert_eq!(report.generation, 1);
    assert_eq!(*status(&report, "alpine-secdb"), SourceStatus::Updated);
    let alpine = report
        .sources
        .iter()
        .find(|s| s.name == "alpine-secdb")
        .unwrap();
    assert_eq!(alpine.records, 2);
    assert!(matches!(
        status(&report, "retirejs"),
        SourceStatus::Failed(_)
    ));
    assert!(!report.is_complete());
    let asked = fixture.network.take_asked();
    assert!(
        asked.contains(&format!("{ALPINE}v3.18/main.json")),
        "{asked:?}"
    );
    assert!(
        !asked
            .iter()
            .any(|url| url.contains("3.19") || url.contains("security-tracker"))
    );
    let database = Database::open_dir(fixture.directory().path()).unwrap();
    assert_eq!(database.shard("npm").unwrap().meta().date(), "2026-11-25");
    assert!(database.kev().is_some() && database.epss().is_some() && database.eol().is_some());

    let folder = fixture.directory().folder().unwrap();
    let manifest = fs::read(folder.join("database.json")).unwrap();
    let before = fixture.network.sent.load(Ordering::Relaxed);
    let report = fixture.update(&[]).unwrap();
    assert!(!report.changed && report.shards.is_empty(), "{report:?}");
    assert_eq!(report.received, 0);
    assert_eq!(fixture.network.sent.load(Ordering::Relaxed), before);
    assert_eq!(*status(&report, "alpine-secdb"), SourceStatus::Unchanged);
    assert_eq!(fixture.directory().folder().unwrap(), folder);
    assert_eq!(fs::read(folder.join("database.json")).unwrap(), manifest);
}

#[test]
fn only_what_changed_is_built_and_what_was_asked_for_is_remembered() {
    let mut fixture = Fixture::new();
    fixture.update(&["alpine:3.18"]).unwrap();
    fixture.update(&["npm"]).unwrap();
    let state = State::read(fixture.directory().path()).unwrap();
    assert!(
        state
            .only
            .as_ref()
            .is_some_and(|only| only.contains("alpine:3.18") && only.contains("npm"))
    );
    let npm_before = fs::metadata(fixture.directory().folder().unwrap().join("npm.swdb")).unwrap();
    fixture.network.put(
        &format!("{ALPINE}v3.18/main.json"),
        secdb("3.18", "main", 30, "2"),
    );
    fixture.now = "2026-11-26T16:00:00Z";
    let report = fixture.update(&[]).unwrap();
    let changed: Vec<&str> = report.shards.iter().map(|s| s.key.as_str()).collect();
    assert_eq!(changed, ["alpine:3.18"]);
    assert!(fixture.row("alpine:3.18", "main0").contains("2.0-r0"));
    use std::os::unix::fs::MetadataExt as _;
    let npm_after = fs::metadata(fixture.directory().folder().unwrap().join("npm.swdb")).unwrap();
    assert_eq!(npm_before.ino(), npm_after.ino(), "the same file");
    // All releases, found by the listing.
    let report = fixture.update(&["alpine"]).unwrap();
    assert!(report.empty.is_empty());
    assert_eq!(fixture.keys(), ["alpine:3.18", "alpine:3.19", "npm"]);
}

#[test]
fn a_source_that_fails_leaves_its_old_shard_and_says_so() {
    let fixture = Fixture::new();
    fixture.update(&["alpine:3.18", "npm"]).unwrap();
    fixture.network.put(
        &format!("{ALPINE}v3.18/main.json"),
        secdb("3.18", "main", 30, "2"),
    );
    fixture
        .network
        .put(&format!("{OSV}npm/all.zip"), npm(20, "2.0.0"));
    fixture
        .network
        .fail(&format!("{ALPINE}v3.18/community.json"));
    let report = fixture.update(&[]).unwrap();
    let SourceStatus::Failed(why) = status(&report, "alpine-secdb") else {
        panic!("{report:?}");
    };
    assert!(
        why.contains("community.json") && why.contains("connection refused"),
        "{why}"
    );
    assert!(
        fixture.row("alpine:3.18", "main0").contains("1.0-r0"),
        "the old one stays"
    );
    assert!(
        fixture.row("npm", "p0").contains("2.0.0"),
        "the rest is done"
    );
    fixture.network.heal();
    let report = fixture.update(&[]).unwrap();
    assert!(
        fixture.row("alpine:3.18", "main0").contains("2.0-r0"),
        "{report:?}"
    );
}

#[test]
fn without_a_network_nothing_is_lost_and_not_everybody_is_asked() {
    let fixture = Fixture::new();
    fixture.update(&["alpine:3.18", "npm"]).unwrap();
    let before = fixture.directory().manifest().unwrap();
    fixture.network.fail("https://");
    fixture.network.take_asked();
    let report = fixture.update(&["all"]).unwrap();
    assert!(
        report
            .sources
            .iter()
            .all(|s| matches!(s.status, SourceStatus::Failed(_)))
    );
    assert!(!report.changed);
    assert_eq!(fixture.directory().manifest().unwrap(), before);
    let asked = fixture.network.take_asked().len();
    assert!(asked < 20, "{asked} requests to nobody");
    // And with an empty directory there is nothing, not even an empty database.
    let empty = Fixture::new();
    empty.network.fail("https://");
    assert!(empty.update(&["npm"]).unwrap().digest.is_none());
    assert!(empty.directory().manifest().unwrap().is_none());
}

#[test]
fn feeds_that_shrank_or_are_broken_are_refused_unless_forced() {
    let mut fixture = Fixture::new();
    fixture.update(&["npm"]).unwrap();
    fixture
        .network
        .put(&format!("{OSV}npm/all.zip"), npm(8, "2.0.0"));
    let report = fixture.update(&[]).unwrap();
    let SourceStatus::Refused(why) = status(&report, "osv-npm") else {
        panic!("{report:?}");
    };
    assert!(why.contains("shrank from 20 to 8"), "{why}");
    assert!(fixture.row("npm", "p0").contains("1.0.0"));
    // It is said again until it is mended, though the feed has not changed since.
    assert!(matches!(
        status(&fixture.update(&[]).unwrap(), "osv-npm"),
        SourceStatus::Refused(_)
    ));
    fixture.force = true;
    fixture.update(&[]).unwrap();
    assert!(fixture.row("npm", "p0").contains("2.0.0"), "forced");
    fixture.force = false;
    let mut files: Vec<(String, String)> = (0..20)
        .map(|n| (format!("{n}.json"), record(n, "3.0.0")))
        .collect();
    files.push(("bad.json".to_owned(), "{".to_owned()));
    fixture
        .network
        .put(&format!("{OSV}npm/all.zip"), zip(&files));
    let report = fixture.update(&[]).unwrap();
    let SourceStatus::Refused(why) = status(&report, "osv-npm") else {
        panic!("{report:?}");
    };
    assert!(why.contains("1 of 21 records are broken"), "{why}");
    fixture
        .network
        .put(&format!("{OSV}npm/all.zip"), b"PK\x03\x04 cut off");
    let report = fixture.update(&[]).unwrap();
    assert!(
        matches!(status(&report, "osv-npm"), SourceStatus::Refused(_)),
        "{report:?}"
    );
    assert!(fixture.row("npm", "p0").contains("2.0.0"));
}

#[test]
fn mirrors_are_asked_instead_and_remembered() {
    let mut fixture = Fixture::new();
    let files = std::mem::take(&mut *fixture.network.files.lock().unwrap());
    for (url, bytes) in files {
        let mirrored = url.replace("https://", "http://mirror.example.com/feeds/");
        fixture.network.put(&mirrored, bytes);
    }
    fixture.addresses = Some(Addresses {
        base: Some("http://mirror.example.com/feeds".to_owned()),
        ..Addresses::default()
    });
    fixture.update(&["alpine:3.18"]).unwrap();
    fixture.addresses = None;
    fixture.network.take_asked();
    let report = fixture.update(&[]).unwrap();
    assert_eq!(*status(&report, "alpine-secdb"), SourceStatus::Unchanged);
    let asked = fixture.network.take_asked();
    assert!(
        asked
            .iter()
            .all(|url| url.starts_with("http://mirror.example.com/")),
        "{asked:?}"
    );
}

#[test]
fn what_cannot_be_asked_for_is_said_before_anything_is_fetched() {
    let fixture = Fixture::new();
    for (only, words) in [
        (&["debain:12"][..], "`debain:12`"),
        (&["wolfi"], "--restricted"),
    ] {
        let error = fixture.update(only).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Usage);
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(fixture.network.take_asked().is_empty());
    let report = fixture.update(&["alpine:9.99"]);
    assert!(matches!(
        status(&report.unwrap(), "alpine-secdb"),
        SourceStatus::Failed(_)
    ));
}

#[test]
fn amazons_mirror_lists_and_indexes_are_followed() {
    let fixture = Fixture::new();
    let cdn = "https://cdn.amazonlinux.com/2";
    let index = |name: &str| {
        format!(
            "<repomd><data type=\"updateinfo\"><location href=\"repodata/{name}-updateinfo.xml.gz\"/></data></repomd>"
        )
    };
    let updates = |short: &str, id: &str, package: &str| {
        gzip(format!(
        "<updates><update type=\"security\"><id>{id}</id><title>x</title><issued date=\"2026-11-01\"/><severity>medium</severity><references><reference type=\"cve\" id=\"CVE-2026-0001\" href=\"x\"/></references><pkglist><collection short=\"{short}\"><name>Amazon Linux 2</name><package name=\"{package}\" epoch=\"0\" version=\"1.0\" release=\"1.amzn2\" arch=\"x86_64\"/></collection></pkglist></update></updates>").as_bytes())
    };
    fixture.network.put(
        &format!("{cdn}/core/latest/x86_64/mirror.list"),
        "https://cdn.amazonlinux.com/2/core/2.0/$basearch/abc\n",
    );
    fixture.network.put(
        &format!("{cdn}/core/2.0/x86_64/abc/repodata/repomd.xml"),
        index("1"),
    );
    fixture.network.put(
        &format!("{cdn}/core/2.0/x86_64/abc/repodata/1-updateinfo.xml.gz"),
        updates("amazon-linux-2", "ALAS2-2026-1", "curl"),
    );
    fixture.network.put(
        &format!("{cdn}/extras-catalog.json"),
        r#"{"topics":[{"n":"docker"},{"n":"gone"},{"n":"../evil"}]}"#,
    );
    fixture.network.put(
        &format!("{cdn}/extras/docker/latest/x86_64/mirror.list"),
        format!("{cdn}/extras/docker/x/\n"),
    );
    fixture.network.put(
        &format!("{cdn}/extras/docker/x/repodata/repomd.xml"),
        index("2"),
    );
    fixture.network.put(
        &format!("{cdn}/extras/docker/x/repodata/2-updateinfo.xml.gz"),
        updates("amazon-linux-2---docker", "ALAS2DOCKER-2026-1", "docker"),
    );
    let report = fixture.update(&["amazon:2"]).unwrap();
    assert_eq!(
        *status(&report, "amazon-updateinfo"),
        SourceStatus::Updated,
        "{report:?}"
    );
    for package in ["curl", "docker"] {
        assert!(
            fixture.row("amazon:2", package).contains("CVE-2026-0001"),
            "{package}"
        );
    }
    assert!(
        !fixture
            .network
            .take_asked()
            .iter()
            .any(|url| url.contains("evil"))
    );
    let report = fixture.update(&[]).unwrap();
    assert_eq!(report.received, 0);
}

#[test]
fn red_hats_documents_since_the_archive_take_the_place_of_those_in_it() {
    let fixture = Fixture::new();
    let base = "https://security.access.redhat.com/data/csaf/v2/vex/";
    let vex = |cve: &str, fixed: &str| {
        format!(
            r#"{{"document":{{"category":"csaf_vex","csaf_version":"2.0","tracking":{{"id":"{cve}","status":"final","current_release_date":"2026-11-20T00:00:00Z"}}}},
        "product_tree":{{"branches":[{{"category":"vendor","name":"Red Hat","branches":[
          {{"category":"product_name","name":"Red Hat Enterprise Linux 9","product":{{"name":"Red Hat Enterprise Linux 9","product_id":"AppStream-9","product_identification_helper":{{"cpe":"cpe:/a:redhat:enterprise_linux:9::appstream"}}}}}},
          {{"category":"product_version","name":"x-{fixed}.x86_64","product":{{"name":"x-{fixed}.x86_64","product_id":"x-0:{fixed}.x86_64","product_identification_helper":{{"purl":"pkg:rpm/redhat/x@{fixed}?arch=x86_64"}}}}}}]}}],
          "relationships":[{{"category":"default_component_of","full_product_name":{{"name":"x","product_id":"AppStream-9:x-0:{fixed}.x86_64"}},"product_reference":"x-0:{fixed}.x86_64","relates_to_product_reference":"AppStream-9"}}]}},
        "vulnerabilities":[{{"cve":"{cve}","product_status":{{"fixed":["AppStream-9:x-0:{fixed}.x86_64"]}},"remediations":[{{"category":"vendor_fix","details":"x","product_ids":["AppStream-9:x-0:{fixed}.x86_64"],"url":"https://access.redhat.com/errata/RHSA-2026:1"}}]}}]}}"#
        )
    };
    let archive = |files: &[(&str, String)]| {
        let mut tar = Vec::new();
        for (name, content) in files {
            let mut header = [0_u8; 512];
            header[..name.len()].copy_from_slice(name.as_bytes());
            let size = format!("{:011o}\0", content.len());
            header[124..136].copy_from_slice(size.as_bytes());
            header[156] = b'0';
            header[257..263].copy_from_slice(b"ustar\0");
            header[148..156].copy_from_slice(b"        ");
            let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            tar.extend_from_slice(&header);
            tar.extend_from_slice(content.as_bytes());
            tar.resize(tar.len().div_ceil(512) * 512, 0);
        }
        tar.resize(tar.len() + 1024, 0);
        zstd::encode_all(&tar[..], 1).unwrap()
    };
    fixture.network.put(
        &format!("{base}archive_latest.txt"),
        "csaf_vex_2026-11-20.tar.zst\n",
    );
    fixture.network.put(
        &format!("{base}csaf_vex_2026-11-20.tar.zst"),
        archive(&[
            ("2026/cve-2026-1.json", vex("CVE-2026-0001", "1.0-1.el9")),
            ("2026/cve-2026-2.json", vex("CVE-2026-0002", "1.0-1.el9")),
            ("2026/cve-2026-3.json", vex("CVE-2026-0003", "1.0-1.el9")),
        ]),
    );
    fixture.network.put(
        &format!("{base}changes.csv"),
        "\"2026/cve-2026-1.json\",\"2026-11-19T00:00:00+00:00\"\n",
    );
    fixture.network.put(
        "https://security.access.redhat.com/data/meta/v1/repository-to-cpe.json",
        r#"{"data":{"rhel-9":{"cpes":["cpe:/a"]}}}"#,
    );
    let report = fixture.update(&["rhel:9"]).unwrap();
    assert_eq!(
        *status(&report, "redhat-csaf"),
        SourceStatus::Updated,
        "{report:?}"
    );
    let rows = |fixture: &Fixture| {
        let database = Database::open_dir(fixture.directory().path()).unwrap();
        let mut rows: Vec<String> = database
            .shard("rhel:9")
            .unwrap()
            .lookup("x")
            .map(|row| {
                let end = row.intervals().next().map(|(_, end)| format!("{end:?}"));
                format!("{} {}", row.id(), end.unwrap_or_default())
            })
            .collect();
        rows.sort();
        rows
    };
    assert_eq!(rows(&fixture).len(), 3, "{:?}", rows(&fixture));
    fixture.network.put(
        &format!("{base}changes.csv"),
        "\"2026/cve-2026-1.json\",\"2026-11-24T00:00:00+00:00\"\n",
    );
    fixture.network.put(
        &format!("{base}deletions.csv"),
        "\"2026/cve-2026-3.json\",\"2026-11-23T00:00:00+00:00\"\n",
    );
    fixture.network.put(
        &format!("{base}2026/cve-2026-1.json"),
        vex("CVE-2026-0001", "2.0-1.el9"),
    );
    fixture.network.take_asked();
    fixture.update(&[]).unwrap();
    assert!(
        !fixture
            .network
            .take_asked()
            .iter()
            .any(|url| url.ends_with(".tar.zst")),
        "the archive is not asked for again"
    );
    let now = rows(&fixture);
    assert_eq!(now.len(), 2, "{now:?}");
    assert!(
        now[0].contains("2.0-1.el9") && now[1].contains("1.0-1.el9"),
        "{now:?}"
    );
    fixture.network.take_asked();
    fixture.update(&[]).unwrap();
    assert!(
        !fixture
            .network
            .take_asked()
            .iter()
            .any(|url| url.ends_with("cve-2026-1.json")),
        "not asked for while its time is the same"
    );
}

/// An archive of one record about `x`.
fn dated(ecosystem: &str, day: &str) -> Vec<u8> {
    let record = format!(
        r#"{{"id":"GHSA-{ecosystem}-1","aliases":["CVE-2026-0001"],"published":"{day}","modified":"2026-11-01T00:00:00Z","affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"x"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}},{{"fixed":"1.0.0"}}]}}]}}]}}"#
    );
    zip(&[("1.json".to_owned(), record)])
}

fn days(fixture: &Fixture) -> Vec<String> {
    let database = Database::open_dir(fixture.directory().path()).unwrap();
    let table = database.published_table();
    let days = table.into_iter().flat_map(|table| table.iter());
    days.map(|(id, day)| format!("{id} {day}")).collect()
}

#[test]
fn days_of_publication_come_of_all_groups_and_go_with_what_said_them() {
    let fixture = Fixture::new();
    let put = |ecosystem: &str, day: &str| {
        let url = format!("{OSV}{ecosystem}/all.zip");
        fixture.network.put(&url, dated(ecosystem, day));
    };
    put("npm", "2026-03-02T00:00:00Z");
    put("PyPI", "2026-03-01T00:00:00Z");
    fixture.update(&["npm", "pypi"]).unwrap();
    assert_eq!(days(&fixture), ["CVE-2026-0001 2026-03-01"]);
    let manifest = fixture.directory().manifest().unwrap().unwrap();
    let entry = manifest.entry(crate::PUBLISHED).unwrap();
    assert_eq!((entry.rows, entry.sources.len()), (0, 1));
    // One of them takes its word back; the other is not built again.
    put("PyPI", "");
    let report = fixture.update(&[]).unwrap();
    assert_eq!(days(&fixture), ["CVE-2026-0001 2026-03-02"]);
    let changed: Vec<&str> = report.shards.iter().map(|s| s.key.as_str()).collect();
    assert_eq!(changed, [crate::PUBLISHED], "its rows are the same");
    // Nobody publishes tomorrow.
    put("npm", "2027-01-01T00:00:00Z");
    fixture.update(&[]).unwrap();
    assert!(days(&fixture).is_empty());
    let verified = crate::verify(&fixture.directory()).unwrap();
    assert!(verified.damaged.is_empty(), "{verified:?}");
}

#[test]
fn days_of_shards_that_came_from_elsewhere_stay() {
    let fixture = Fixture::new();
    let root = fixture.directory().path().to_owned();
    fs::create_dir_all(&root).unwrap();
    let shard = seaworthy_vulndb::ShardBuilder::new("debian:12", "deb").build();
    fs::write(root.join("debian-12.swdb"), shard).unwrap();
    let day = [("CVE-2020-0001", "2020-02-03".parse().unwrap())];
    let table = seaworthy_vulndb::build_published(Vec::new(), day);
    fs::write(root.join("published.swdb"), table).unwrap();
    let url = format!("{OSV}npm/all.zip");
    fixture
        .network
        .put(&url, dated("npm", "2026-03-02T00:00:00Z"));
    fixture.update(&["npm"]).unwrap();
    let both = ["CVE-2020-0001 2020-02-03", "CVE-2026-0001 2026-03-02"];
    assert_eq!(days(&fixture), both);
}
