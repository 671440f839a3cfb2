//! Databases that are fetched, looked into, and taken back.

use crate::place::Place;
use crate::server::Server;

const ALPINE: &str = "secdb.alpinelinux.org/v3.16";

pub(crate) fn secdb(version: &str) -> String {
    format!(
        r#"{{"distroversion":"v3.16","packages":[{{"pkg":{{"name":"busybox","secfixes":{{"{version}":["CVE-2099-0001"]}}}}}},{{"pkg":{{"name":"zlib","secfixes":{{"1.2.12-r2":["CVE-2022-37434"]}}}}}}]}}"#
    )
}

/// A mirror of the few files that a scan of an Alpine image asks for.
fn mirror() -> Place {
    let mirror = Place::new();
    mirror.put(&format!("{ALPINE}/main.json"), secdb("1.35.0-r99"));
    mirror.put(
        "www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
        r#"{"dateReleased":"2026-11-20T00:00:00Z","vulnerabilities":[{"cveID":"CVE-2099-0001","dateAdded":"2026-11-20","dueDate":"","knownRansomwareCampaignUse":"Unknown"}]}"#,
    );
    mirror.put(
        "epss.empiricalsecurity.com/epss_scores-current.csv.gz",
        GZIPPED_EPSS,
    );
    mirror.put(
        "endoflife.date/api/v1/products/full",
        r#"{"result":[{"name":"alpine-linux","releases":[{"name":"3.16","eolFrom":"2024-05-23"}]}]}"#,
    );
    mirror.put(
        "debian.pages.debian.net/distro-info-data/debian.csv",
        "version,codename,series,created,release,eol\n12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-06-10\n",
    );
    mirror.put(
        "debian.pages.debian.net/distro-info-data/ubuntu.csv",
        "version,codename,series,created,release,eol\n22.04 LTS,Jammy Jellyfish,jammy,2021-10-14,2022-04-21,2027-06-01\n",
    );
    for release in [11, 12, 13] {
        let path = format!(
            "salsa.debian.org/debian/debian-security-support/-/raw/master/security-support-ended.deb{release}"
        );
        mirror.put(&path, "# nothing\n");
    }
    mirror
}

/// `#model_version:v1,score_date:2026-11-20T00:00:00+0000`, the heads and one score, by gzip.
const GZIPPED_EPSS: &[u8] = include_bytes!("epss.csv.gz");

#[test]
fn an_update_fetches_what_changed_and_an_unchanged_one_next_to_nothing() {
    let (place, mirror) = (Place::new(), mirror());
    let server = Server::of(mirror.path());
    let update = format!(
        "db update --db db --only alpine:3.16 --base-url {}",
        server.address
    );
    let said = place.run(&update, 0);
    said.shows(&["alpine-secdb", "updated", "generation 1, new"]);
    assert!(server.sent() > 0);

    // Nothing changed, and nothing has to be said again.
    let said = place.run("db update --db db", 0);
    said.shows(&["unchanged", "0 B received"]);
    let quiet = server.sent();
    assert!(quiet < 50_000, "{quiet} bytes for nothing");

    let lookup = |what: &str, words: &str| {
        place
            .run(&format!("db lookup {what} --db db"), 0)
            .shows(&[words]);
    };
    lookup("busybox@1.35.0-r1", "=> affected: < 1.35.0-r99");
    lookup(
        "busybox@1.36.0-r0",
        "=> not affected: outside of < 1.35.0-r99",
    );
    lookup(
        "CVE-2099-0001",
        "kev    known to be exploited, since 2026-11-20",
    );

    // One source fails, the other has changed.
    mirror.put(&format!("{ALPINE}/main.json"), secdb("1.35.0-r100"));
    server
        .down
        .lock()
        .unwrap()
        .push("known_exploited".to_owned());
    let said = place.run("db update --db db", 4);
    said.shows(&["failed"]);
    said.warns(&["kev: ", "stay as they were"]);
    lookup("busybox", "1.35.0-r100");
    // The old table stays.
    lookup("CVE-2099-0001", "known to be exploited");

    // And back.
    place.run("db rollback --db db", 0);
    lookup("busybox", "1.35.0-r99");
    place
        .run("db diff --all db/generations/1 db/generations/2", 0)
        .shows(&["alpine:3.16", "~ busybox CVE-2099-0001"]);
}

#[test]
fn what_is_wrong_is_said_before_anything_is_asked() {
    let place = Place::new();
    for (options, words) in [
        ("--only debain:12", "`debain:12` is no shard"),
        ("--only wolfi", "--restricted"),
        ("--from ftp://x/y", "no place for a database"),
        ("--mirror-of x=https://y", "`x` is no source"),
        (
            "--from oci://x.example.com/y --base-url http://127.0.0.1:1",
            "mirrors of upstream",
        ),
        (
            "--from oci://x.example.com/y --key none.pub",
            "cannot read none.pub",
        ),
    ] {
        place
            .run(&format!("db update --db db {options}"), 2)
            .warns(&[words]);
    }
    place
        .run("db rollback --db empty", 2)
        .warns(&["no earlier generation"]);
    // Nobody answers: clear, and nothing is lost.
    place
        .run("db update --db db --only kev --base-url file:///nowhere", 4)
        .warns(&["no such file"]);
}

#[test]
fn a_full_disk_and_a_read_only_place_are_said() {
    let (place, mirror) = (Place::new(), mirror());
    place.put("file", "no directory");
    let base = mirror.path().display();
    place
        .run(
            &format!("db update --db file/db --only kev --base-url file://{base}"),
            4,
        )
        .warns(&["file/db"]);
}

#[test]
fn thirty_updates_and_scans_do_not_disturb_each_other() {
    let (place, mirror) = (Place::new(), mirror());
    let update = format!(
        "db update -q --db db --only alpine:3.16 --base-url file://{}",
        mirror.path().display()
    );
    place.run(&update, 0);
    std::thread::scope(|scope| {
        let scans: Vec<_> = (0..20)
            .map(|n| {
                let place = &place;
                scope.spawn(move || {
                    let scan =
                        format!("scan {{storefront}} --db db --scanners vuln -o json=r{n}.json");
                    place.run(&scan, 0);
                })
            })
            .collect();
        for n in 0..6 {
            let version = format!("1.35.0-r{}", 200 + n);
            mirror.put(&format!("{ALPINE}/main.json"), secdb(&version));
            place.run(&update, 0);
        }
        for scan in scans {
            scan.join().unwrap();
        }
    });
    for n in 0..20 {
        let report = place.text(&format!("r{n}.json"));
        assert!(report.contains("CVE-2099-0001"), "r{n}.json");
    }
    assert_eq!(place.text("db/current").trim(), "7");
}
