use std::fs;

use super::*;
use crate::build::build;
use crate::testing::tar_of;

fn nothing(_: &str) {}

/// A folder of feeds with one of Alpine's, whose packages are numbered.
struct Feeds {
    feeds: tempfile::TempDir,
    out: tempfile::TempDir,
}

impl Feeds {
    fn new() -> Self {
        Self {
            feeds: tempfile::tempdir().unwrap(),
            out: tempfile::tempdir().unwrap(),
        }
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.feeds.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn build(&self, force: bool) -> Result<BuildSummary, Error> {
        let options = BuildOptions {
            force,
            ..BuildOptions::default()
        };
        build(self.feeds.path(), self.out.path(), &options, &nothing)
    }

    fn rows(&self, key: &str) -> Option<usize> {
        Some(
            Shard::open(&self.out.path().join(file_name(key)))
                .ok()?
                .rows(),
        )
    }
}

fn osv(n: usize, fixed: &str) -> String {
    format!(
        r#"{{"id":"GHSA-{n:04}-1","modified":"2024-01-01T00:00:00Z","affected":[{{"package":{{"ecosystem":"npm","name":"p{n}"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}]}}"#
    )
}

#[test]
fn a_broken_record_is_named_and_one_in_a_hundred_is_too_many() {
    let feeds = Feeds::new();
    for n in 0..200 {
        feeds.put(
            &format!("osv/npm/GHSA-{n:04}-1.json"),
            osv(n, "1.0.0").as_bytes(),
        );
    }
    feeds.put("osv/npm/bad1.json", b"{");
    feeds.put("alpine/v3.18/main.json", br#"{"distroversion":"v3.18","packages":[{"pkg":{"name":"a","secfixes":{"1-r0":["CVE-2023-5555"]}}}]}"#);
    let summary = feeds.build(false).unwrap();
    let source = summary.sources.iter().find(|s| s.name == "osv").unwrap();
    assert_eq!((source.records, source.broken), (201, 1));
    assert!(
        source.named[0].starts_with("osv/npm/bad1.json: "),
        "{:?}",
        source.named
    );
    assert_eq!(feeds.rows("npm"), Some(200));

    for n in 2..5 {
        feeds.put(&format!("osv/npm/bad{n}.json"), b"nonsense");
    }
    feeds.put("osv/npm/GHSA-0000-1.json", osv(900, "2.0.0").as_bytes());
    let error = feeds.build(false).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("osv: 4 of 204 records are broken"), "{text}");
    let Error::Refused { refusals, summary } = error else {
        panic!("{text}");
    };
    assert_eq!(refusals.len(), 1);
    assert!(
        summary
            .shards
            .iter()
            .any(|shard| shard.key == "alpine:3.18"),
        "the others are written"
    );
    let npm = Shard::open(&feeds.out.path().join("npm.swdb")).unwrap();
    assert_eq!(npm.lookup("p900").count(), 0, "the old shard stays");
    assert!(feeds.build(true).is_ok());
    let npm = Shard::open(&feeds.out.path().join("npm.swdb")).unwrap();
    assert_eq!(npm.lookup("p900").count(), 1, "forced");
}

#[test]
fn a_feed_that_shrank_by_more_than_half_is_refused_unless_forced() {
    let feeds = Feeds::new();
    for n in 0..10 {
        feeds.put(&format!("osv/npm/{n}.json"), osv(n, "1.0.0").as_bytes());
    }
    feeds.build(false).unwrap();
    for n in 0..6 {
        fs::remove_file(feeds.feeds.path().join(format!("osv/npm/{n}.json"))).unwrap();
    }
    let text = feeds.build(false).unwrap_err().to_string();
    assert!(
        text.contains("osv shrank from 10 to 4") && text.contains("--force"),
        "{text}"
    );
    assert_eq!(feeds.rows("npm"), Some(10));
    feeds.build(true).unwrap();
    assert_eq!(feeds.rows("npm"), Some(4));
}

#[test]
fn a_shard_that_lost_a_source_is_refused() {
    let feeds = Feeds::new();
    feeds.put("osv/npm/1.json", osv(1, "1.0.0").as_bytes());
    let retire = br#"{"a":{"npmname":"a","vulnerabilities":[{"below":"1.0.0","identifiers":{"CVE":["CVE-2020-0001","CVE-2020-0002","CVE-2020-0003"]}}]}}"#;
    feeds.put("npm/jsrepository.json", retire);
    feeds.build(false).unwrap();
    assert_eq!(feeds.rows("npm"), Some(4));
    fs::remove_file(feeds.feeds.path().join("npm/jsrepository.json")).unwrap();
    let text = feeds.build(false).unwrap_err().to_string();
    assert!(text.contains("npm shrank from 4 to 1"), "{text}");
    assert_eq!(feeds.rows("npm"), Some(4));
}

#[test]
fn an_archive_that_is_cut_off_leaves_its_old_shards_and_harms_no_other() {
    let feeds = Feeds::new();
    let records: Vec<u8> = (0..300)
        .flat_map(|n| osv(n, "1.0.0").into_bytes())
        .collect();
    let archive = tar_of(&[
        ("npm/a.json", osv(1, "1.0.0").as_bytes()),
        ("npm/b.json", osv(2, "1.0.0").as_bytes()),
        ("npm/c.txt", &records),
    ]);
    let whole = zstd::encode_all(&archive[..], 1).unwrap();
    feeds.put("osv/all.tar.zst", &whole);
    feeds.put("go/GO-2024-0001.json", br#"{"id":"GO-2024-0001","modified":"2024-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"Go","name":"x"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#);
    feeds.build(false).unwrap();
    assert_eq!((feeds.rows("npm"), feeds.rows("go")), (Some(2), Some(1)));
    // The first entries are whole, the end is missing.
    let cut = zstd::encode_all(&archive[..archive.len() - 3000], 1).unwrap();
    feeds.put("osv/all.tar.zst", &cut);
    fs::remove_file(feeds.out.path().join("go.swdb")).unwrap();
    let error = feeds.build(false).unwrap_err();
    assert!(error.to_string().contains("osv: cannot read"), "{error}");
    assert_eq!((feeds.rows("npm"), feeds.rows("go")), (Some(2), Some(1)));
    // Nothing of it can be read: what else lies in its folder is suspect, the rest is not.
    feeds.put("osv/all.tar.zst", &whole[..10]);
    feeds.put("osv/npm/3.json", osv(3, "1.0.0").as_bytes());
    fs::remove_file(feeds.out.path().join("go.swdb")).unwrap();
    let error = feeds.build(false).unwrap_err();
    assert!(
        error.to_string().contains("osv/all.tar.zst: cannot read"),
        "{error}"
    );
    assert_eq!((feeds.rows("npm"), feeds.rows("go")), (Some(2), Some(1)));
}

#[test]
fn restricted_feeds_are_read_only_when_asked_for() {
    let feeds = Feeds::new();
    feeds.put("wolfi/security.json", br#"{"reponame":"os","packages":[{"pkg":{"name":"a","secfixes":{"1-r0":["CVE-2023-5555"]}}}]}"#);
    feeds.put("osv/1.json", osv(1, "1.0.0").as_bytes());
    feeds.build(false).unwrap();
    assert_eq!(feeds.rows("wolfi"), None);
    let options = BuildOptions {
        restricted: true,
        ..BuildOptions::default()
    };
    build(feeds.feeds.path(), feeds.out.path(), &options, &nothing).unwrap();
    assert_eq!(feeds.rows("wolfi"), Some(1));
}

#[test]
fn a_correction_takes_the_place_of_what_it_corrects() {
    let feeds = Feeds::new();
    let configuration = |end: &str| {
        format!(
            r#"[{{"nodes":[{{"cpeMatch":[{{"vulnerable":true,"criteria":"cpe:2.3:a:redis:redis:*:*:*:*:*:*:*:*","versionEndExcluding":"{end}"}}]}}]}}]"#
        )
    };
    feeds.put(
        "nvd/nvdcve-2.0-2024.json",
        format!(
            r#"{{"format":"NVD_CVE","vulnerabilities":[{{"cve":{{"id":"CVE-2024-0001","configurations":{}}}}},{{"cve":{{"id":"CVE-2024-0002","configurations":{}}}}}]}}"#,
            configuration("9"),
            configuration("8")
        )
        .as_bytes(),
    );
    feeds.put(
        "nvd/CVE-2024-0001.json",
        format!(
            r#"{{"_annotation":{{"cve_id":"CVE-2024-0001"}},"cve":{{"configurations":{}}}}}"#,
            configuration("7.2.4")
        )
        .as_bytes(),
    );
    feeds.build(false).unwrap();
    let shard = Shard::open(&feeds.out.path().join("generic.swdb")).unwrap();
    let rows: Vec<String> = shard
        .lookup("redis")
        .map(|row| crate::testing::line(row.source(), &row.to_advisory()))
        .collect();
    assert_eq!(
        rows,
        [
            "nvd-overrides redis CVE-2024-0001 fixed [,7.2.4)",
            "nvd redis CVE-2024-0002 fixed [,8)",
        ]
    );
}

#[test]
fn ratings_of_others_stand_beside_nvds_unless_they_repeat_it() {
    let row = |id: &str, source: &str, vector: &str| CvssRow {
        id: id.to_owned(),
        source: source.to_owned(),
        vector: vector.to_owned(),
    };
    let rows = ratings(vec![
        row("CVE-2024-0001", "nvd", "A"),
        row("CVE-2024-0001", "cna", "B"),
        row("CVE-2024-0002", "cisa-adp", "A"),
        row("CVE-2024-0002", "nvd", "A"),
        row("CVE-2024-0003", "cna", "C"),
    ]);
    let texts: Vec<&str> = rows.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["cna B nvd A", "nvd A", "cna C"]);
}

#[test]
fn a_part_is_built_and_the_rest_stays() {
    let feeds = Feeds::new();
    for n in 0..10 {
        feeds.put(&format!("osv/npm/{n}.json"), osv(n, "1.0.0").as_bytes());
        let other = osv(n, "1.0.0").replace("npm", "PyPI");
        feeds.put(&format!("osv/PyPI/{n}.json"), other.as_bytes());
    }
    feeds.build(false).unwrap();
    assert_eq!(
        (feeds.rows("npm"), feeds.rows("pypi")),
        (Some(10), Some(10))
    );
    // Only npm's files are there to be read, half of them: no reason to refuse it, or to touch
    // what comes of the others.
    for n in 0..4 {
        fs::remove_file(feeds.feeds.path().join(format!("osv/npm/{n}.json"))).unwrap();
    }
    let selection = Selection {
        files: Some((0..10).map(|n| format!("osv/npm/{n}.json")).collect()),
        keys: Some(["npm".to_owned()].into()),
    };
    let part = |selection: &Selection| {
        let options = BuildOptions::default();
        crate::build_selected(
            feeds.feeds.path(),
            feeds.out.path(),
            &options,
            selection,
            &nothing,
        )
    };
    let summary = part(&selection).unwrap();
    assert_eq!(summary.shards.len(), 1);
    assert_eq!((feeds.rows("npm"), feeds.rows("pypi")), (Some(6), Some(10)));
    // Files that are read for one shard only give no other.
    let all_files = Selection {
        files: None,
        ..selection.clone()
    };
    assert_eq!(part(&all_files).unwrap().shards.len(), 1);
    for n in 4..8 {
        fs::remove_file(feeds.feeds.path().join(format!("osv/npm/{n}.json"))).unwrap();
    }
    let text = part(&selection).unwrap_err().to_string();
    assert!(text.contains("osv shrank from 6 to 2"), "{text}");
}

#[test]
fn plain_files_hide_the_entries_of_an_archive() {
    let feeds = Feeds::new();
    let archive = tar_of(&[
        ("2024/a.json", osv(1, "1.0.0").as_bytes()),
        ("2024/b.json", osv(2, "1.0.0").as_bytes()),
        ("2024/c.json", osv(3, "1.0.0").as_bytes()),
    ]);
    feeds.put(
        "osv/npm/all.tar.zst",
        &zstd::encode_all(&archive[..], 1).unwrap(),
    );
    feeds.put("osv/npm/2024/a.json", osv(1, "2.0.0").as_bytes());
    feeds.put("osv/npm/2024/b.json.gone", b"");
    let summary = feeds.build(false).unwrap();
    assert!(summary.unread.is_empty(), "{:?}", summary.unread);
    let npm = Shard::open(&feeds.out.path().join("npm.swdb")).unwrap();
    assert_eq!(npm.packages().collect::<Vec<_>>(), ["p1", "p3"]);
    let row = npm.lookup("p1").next().unwrap().to_advisory();
    assert_eq!(npm.lookup("p1").count(), 1);
    assert!(format!("{row:?}").contains("2.0.0"), "{row:?}");
}

/// A record about `x` of npm, whose day of publication is that.
fn published(id: &str, alias: &str, day: &str) -> String {
    format!(
        r#"{{"id":"{id}","aliases":["{alias}"],"published":"{day}T08:00:00Z","modified":"2024-04-01T00:00:00Z","affected":[{{"package":{{"ecosystem":"npm","name":"x"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}}]}}]}}]}}"#
    )
}

fn days(feeds: &Feeds) -> Vec<String> {
    let table = feeds.out.path().join(file_name(PUBLISHED));
    let table = seaworthy_vulndb::PublishedTable::open(&table).unwrap();
    let mut days: Vec<String> = table
        .iter()
        .map(|(id, day)| format!("{id} {day}"))
        .collect();
    days.sort();
    days
}

#[test]
fn the_earliest_day_that_can_be_is_kept_of_all_sources() {
    let feeds = Feeds::new();
    let record =
        |n: u32, day: &str| published(&format!("GHSA-{n}"), &format!("CVE-2024-000{n}"), day);
    let cve = |n: u32, day: &str| {
        format!(
            r#"{{"cveMetadata":{{"cveId":"CVE-2024-000{n}","state":"PUBLISHED","datePublished":"{day}T00:00:00Z"}},"containers":{{}}}}"#
        )
    };
    feeds.put("osv/npm/1.json", record(1, "2024-03-02").as_bytes());
    feeds.put("cve/CVE-2024-0001.json", cve(1, "2024-03-01").as_bytes());
    feeds.put("osv/npm/2.json", record(2, "2024-03-02").as_bytes());
    feeds.put("cve/CVE-2024-0002.json", cve(2, "2024-03-03").as_bytes());
    // Two years before its number was given.
    feeds.put("cve/CVE-2024-0003.json", cve(3, "2021-12-31").as_bytes());
    feeds.put(
        "osv/npm/4.json",
        published("GHSA-4", "X-1", "2024-03-04").as_bytes(),
    );
    // After the archive was made, and after today.
    let archive = tar_of(&[("npm/5.json", record(5, "2024-03-06").as_bytes())]);
    let archive = zstd::encode_all(&archive[..], 1).unwrap();
    feeds.put("osv/all-2024-03-05.tar.zst", &archive);
    feeds.put("cve/CVE-2024-0006.json", cve(6, "2024-04-02").as_bytes());
    let options = BuildOptions {
        today: "2024-04-01".parse().ok(),
        ..BuildOptions::default()
    };
    let summary = build(feeds.feeds.path(), feeds.out.path(), &options, &nothing).unwrap();
    let expected = [
        "CVE-2024-0001 2024-03-01",
        "CVE-2024-0002 2024-03-02",
        "GHSA-4 2024-03-04",
    ];
    assert_eq!(days(&feeds), expected);
    let table = summary.shards.iter().find(|s| s.key == PUBLISHED).unwrap();
    assert_eq!(table.rows, 3);
    let osv = summary.sources.iter().find(|s| s.name == "osv").unwrap();
    assert_eq!(osv.rows, 4, "a day is no row");

    // Equal feeds give equal bytes, whoever reads first.
    let path = feeds.out.path().join(file_name(PUBLISHED));
    let before = fs::read(&path).unwrap();
    for threads in [1, 3] {
        let options = BuildOptions { threads, ..options };
        build(feeds.feeds.path(), feeds.out.path(), &options, &nothing).unwrap();
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    // A source that is refused would be missing in the table: it stays as it was.
    feeds.put("cve/CVE-2024-0007.json", b"{");
    feeds.put("osv/npm/8.json", record(8, "2024-03-08").as_bytes());
    assert!(feeds.build(false).is_err());
    assert_eq!(fs::read(&path).unwrap(), before);
    feeds.build(true).unwrap();
    assert!(days(&feeds).contains(&"CVE-2024-0008 2024-03-08".to_owned()));
}
