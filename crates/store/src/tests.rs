use std::fs;
use std::path::Path;

use jiff::Timestamp;
use seaworthy_model::{
    Finding, MatchReason, Origin, Package, PackageType, Report, Severity, State,
};
use seaworthy_monitor::{Context, iso, measure};
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use super::*;
use crate::schema::{APPLICATION_ID, MIGRATIONS, migrate};

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + day * 86_400).unwrap()
}

fn finding(id: &str, package: usize) -> Finding {
    Finding {
        id: id.to_owned(),
        aliases: Vec::new(),
        package,
        state: State::Affected,
        severity: Severity::High,
        severity_source: String::new(),
        ratings: Vec::new(),
        epss: None,
        published: None,
        kev: None,
        fixed_version: None,
        fix_command: None,
        origin: Origin::Unknown,
        reason: MatchReason::default(),
    }
}

/// A report of an image with a package `curl` and those vulnerabilities in it.
fn report(image: &str, ids: &[&str]) -> Report {
    let mut report = Report::default();
    report.target.name = image.to_owned();
    report.gate.passed = true;
    report
        .inventory
        .packages
        .push(Package::new(PackageType::Deb, "curl", "8", "status"));
    report.findings = ids.iter().map(|id| finding(id, 0)).collect();
    report
}

fn record_of(report: &Report, day: i64) -> ScanRecord {
    let context = Context {
        project: "shop".to_owned(),
        scanned_at: Some(at(day)),
        ..Context::default()
    };
    ScanRecord::new(report, &measure(report, &context), at(day))
}

fn record(image: &str, day: i64, ids: &[&str]) -> ScanRecord {
    record_of(&report(image, ids), day)
}

fn fresh() -> (TempDir, History) {
    let directory = TempDir::new().unwrap();
    let history = History::open(&directory.path().join("deep/er/history.db")).unwrap();
    (directory, history)
}

fn keys(id: &str) -> Vec<seaworthy_monitor::FindingKey> {
    vec![seaworthy_monitor::FindingKey {
        kind: PackageType::Deb,
        package: "curl".to_owned(),
        id: id.to_owned(),
    }]
}

#[test]
fn what_is_appended_is_listed_as_it_was() {
    let (_directory, mut history) = fresh();
    let first = record("host:5000/shop/web:1", 1, &["CVE-1", "CVE-2"]);
    history.append(&first).unwrap();
    history
        .append(&record("host:5000/shop/web:2", 2, &["CVE-1"]))
        .unwrap();
    history.append(&record("shop/api:1", 3, &[])).unwrap();
    let images = |history: &mut History, filter: &ListFilter| -> Vec<String> {
        let scans = history.list(filter).unwrap();
        scans.into_iter().map(|scan| scan.point.image).collect()
    };
    let all = ListFilter::default();
    assert_eq!(
        images(&mut history, &all),
        ["shop/api:1", "host:5000/shop/web:2", "host:5000/shop/web:1"]
    );
    let of = |image: &str| ListFilter {
        image: Some(image.to_owned()),
        ..ListFilter::default()
    };
    for (image, count) in [
        ("host:5000/shop/web", 2),
        ("host:5000/shop/web:2", 1),
        ("host:5000/shop/web:3", 0),
        ("shop/web", 0),
    ] {
        assert_eq!(images(&mut history, &of(image)).len(), count, "{image}");
    }
    let since = ListFilter {
        since: Some(at(2)),
        limit: Some(1),
        ..ListFilter::default()
    };
    assert_eq!(images(&mut history, &since), ["shop/api:1"]);
    let mut asked = report("asked:1", &[]);
    asked.scanners = vec!["vuln".to_owned(), "secret".to_owned()];
    history.append(&record_of(&asked, 4)).unwrap();
    let stored = history.list(&of("asked:1")).unwrap().remove(0);
    let (secrets, others) = (stored.point.secrets, stored.point.misconfigurations);
    assert_eq!((secrets, others), (Some(0), None));
    let stored = history.list(&of("host:5000/shop/web:1")).unwrap().remove(0);
    assert_eq!(stored.point, first.point);
    assert_eq!(stored.project, "shop");
    assert_eq!(stored.repository, "host:5000/shop/web");
    assert_eq!(stored.findings, 2);
}

#[test]
fn a_repeated_step_replaces_its_scan() {
    let (_directory, mut history) = fresh();
    let first = history
        .append(&record("web:1", 1, &["CVE-1", "CVE-2"]))
        .unwrap();
    let again = history.append(&record("web:1", 1, &["CVE-1"])).unwrap();
    assert_eq!(first, again);
    let scans = history.list(&ListFilter::default()).unwrap();
    assert_eq!(scans.len(), 1);
    assert_eq!(scans[0].findings, 1);
    assert_eq!(scans[0].point.vulnerabilities.high, 1);
}

#[test]
fn a_finding_is_as_old_as_its_repository_knows_it() {
    let (_directory, mut history) = fresh();
    for (image, day, ids) in [
        ("web:2", 5, &["CVE-1"][..]),
        ("web:1", 3, &["CVE-1", "CVE-2"]),
        ("api:1", 1, &["CVE-2"]),
    ] {
        history.append(&record(image, day, ids)).unwrap();
    }
    for (id, image, day) in [
        ("CVE-1", "web:9", Some(3)),
        ("CVE-2", "web@sha256:ab", Some(3)),
        ("CVE-2", "api", Some(1)),
        ("CVE-1", "api", None),
        ("CVE-9", "web", None),
    ] {
        let found = history.first_seen(&keys(id), image).unwrap();
        assert_eq!(found, day.map(at), "{id} {image}");
    }
    assert_eq!(history.first_seen(&[], "web").unwrap(), None);
}

#[test]
fn a_vulnerability_that_gets_another_name_keeps_its_age() {
    let (_directory, mut history) = fresh();
    history.append(&record("web:1", 1, &["GHSA-a"])).unwrap();
    let mut renamed = report("web:2", &["CVE-1"]);
    renamed.findings[0].aliases = vec!["GHSA-a".to_owned()];
    history.append(&record_of(&renamed, 2)).unwrap();
    // The alias is gone from the advisory, and the age is still known.
    history.append(&record("web:3", 3, &["CVE-1"])).unwrap();
    assert_eq!(
        history.first_seen(&keys("CVE-1"), "web").unwrap(),
        Some(at(1))
    );

    let all = history.first_seen_all("web:4").unwrap();
    let package = &renamed.inventory.packages[0];
    assert_eq!(all.of(&renamed.findings[0], package), Some(at(1)));
    assert_eq!(all.of(&finding("CVE-7", 0), package), None);
}

#[test]
fn a_trend_is_in_order_of_time() {
    let (_directory, mut history) = fresh();
    for (day, ids) in [(3, &["CVE-1"][..]), (1, &["CVE-1", "CVE-2"]), (2, &[])] {
        history.append(&record("web:1", day, ids)).unwrap();
    }
    let series = history.trend("web", None).unwrap();
    let times: Vec<_> = series.points.iter().map(|p| p.at).collect();
    assert_eq!(times, [at(1), at(2), at(3)]);
    assert_eq!(history.trend("web", Some(at(2))).unwrap().points.len(), 2);
    assert!(history.trend("other", None).unwrap().points.is_empty());
}

#[test]
fn pruning_keeps_the_latest_and_what_is_still_open() {
    let (directory, mut history) = fresh();
    let path = directory.path().join("deep/er/history.db");
    for (image, day, ids) in [
        ("web:1", 1, &["CVE-1", "CVE-2"][..]),
        ("web:2", 2, &["CVE-1"]),
        ("api:1", 3, &["CVE-3"]),
        ("api:2", 20, &[]),
    ] {
        history.append(&record(image, day, ids)).unwrap();
    }
    let pruned = history
        .prune(&Retention {
            since: at(10),
            keep_latest: 1,
        })
        .unwrap();
    assert_eq!(
        pruned,
        Pruned {
            scans: 2,
            findings: 2
        }
    );
    let left: Vec<String> = history
        .list(&ListFilter::default())
        .unwrap()
        .into_iter()
        .map(|scan| scan.point.image)
        .collect();
    assert_eq!(left, ["api:2", "web:2"]);
    // Still in the latest scan, so its age counts from its first one.
    let first = history.first_seen(&keys("CVE-1"), "web").unwrap();
    assert_eq!(first, Some(at(1)));
    assert_eq!(history.first_seen(&keys("CVE-2"), "web").unwrap(), None);
    history.verify().unwrap();
    let ids: Vec<String> = (0..500).map(|n| format!("CVE-2026-{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    for day in 30..50 {
        history.append(&record("big:1", day, &ids)).unwrap();
    }
    history.close().unwrap();
    let mut history = History::open_existing(&path).unwrap();
    let size = || fs::metadata(&path).unwrap().len();
    let before = size();
    let nothing = history
        .prune(&Retention {
            since: at(100),
            keep_latest: 0,
        })
        .unwrap();
    assert_eq!(nothing.scans, 2 + 20);
    history.close().unwrap();
    assert!(size() < before, "space is given back");
    let mut history = History::open_existing(&path).unwrap();
    assert!(history.list(&ListFilter::default()).unwrap().is_empty());
}

#[test]
fn many_write_and_read_at_once() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("history.db");
    let (writers, scans) = (8, 12);
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let path = &path;
            scope.spawn(move || {
                // Each begins the file, if it is the first one.
                let mut history = History::open(path).unwrap();
                for scan in 0..scans {
                    let image = format!("web-{writer}:1");
                    let id = history
                        .append(&record(&image, scan, &["CVE-1", "CVE-2"]))
                        .unwrap();
                    assert!(id > 0);
                    assert!(!history.list(&ListFilter::default()).unwrap().is_empty());
                }
                history.close().unwrap();
            });
        }
    });
    let mut history = History::open_existing(&path).unwrap();
    let all = history.list(&ListFilter::default()).unwrap();
    assert_eq!(all.len(), usize::try_from(writers * scans).unwrap());
    history.verify().unwrap();
}

#[test]
fn a_file_that_another_process_holds_is_named() {
    let (directory, mut holder) = fresh();
    holder.append(&record("web:1", 1, &[])).unwrap();
    let path = directory.path().join("deep/er/history.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let url = format!("sqlite://{}", path.display());
    let mut other = runtime.block_on(SqliteConnection::connect(&url)).unwrap();
    let lock = sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other);
    runtime.block_on(lock).unwrap();

    let patience = std::time::Duration::from_millis(100);
    let mut history = History::connect(&path, false, patience).unwrap();
    assert_eq!(
        history.trend("web", None).unwrap().points.len(),
        1,
        "reads do not wait"
    );
    let error = history.append(&record("web:2", 2, &[])).unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    assert!(error.to_string().contains("history.db"), "{error}");

    let unlock = sqlx::raw_sql("ROLLBACK").execute(&mut other);
    runtime.block_on(unlock).unwrap();
    history.append(&record("web:2", 2, &[])).unwrap();
    assert_eq!(history.trend("web", None).unwrap().points.len(), 2);
}

#[test]
fn it_may_be_used_where_asynchronous_work_is_driven() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("history.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut history = History::open(&path).unwrap();
        history.append(&record("web:1", 1, &["CVE-1"])).unwrap();
        assert_eq!(history.trend("web", None).unwrap().points.len(), 1);
        history.close().unwrap();
    });
}

#[test]
fn many_findings_are_stored_at_once() {
    let (_directory, mut history) = fresh();
    let ids: Vec<String> = (0..10_000).map(|n| format!("CVE-2026-{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    history.append(&record("web:1", 1, &ids)).unwrap();
    assert_eq!(
        history.list(&ListFilter::default()).unwrap()[0].findings,
        10_000
    );
    let all = history.first_seen_all("web").unwrap();
    let package = Package::new(PackageType::Deb, "curl", "8", "status");
    assert_eq!(all.of(&finding("CVE-2026-9999", 0), &package), Some(at(1)));
}

/// Does something to a connection of its own.
fn tamper(path: &Path, sql: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let url = format!("sqlite://{}?mode=rwc", path.display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

fn check_error(path: &Path, expected: &str) {
    let error = match History::open(path) {
        Err(error) => error,
        Ok(mut history) => match history.list(&ListFilter::default()) {
            Err(error) => error,
            Ok(_) => history.verify().expect_err(expected),
        },
    };
    let text = error.to_string();
    assert!(text.contains(expected), "{text}");
    assert!(text.contains(&path.display().to_string()), "{text}");
}

#[test]
fn damaged_and_foreign_files_are_named() {
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name);

    let garbage = path("garbage.db");
    fs::write(
        &garbage,
        "this is no database, and long enough to look".repeat(100),
    )
    .unwrap();
    check_error(&garbage, "is damaged or no history");

    let cut = path("cut.db");
    let mut history = History::open(&cut).unwrap();
    let ids: Vec<String> = (0..2000).map(|n| format!("CVE-2026-{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    history.append(&record("web:1", 1, &ids)).unwrap();
    history.close().unwrap();
    let whole = fs::read(&cut).unwrap();
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    check_error(&cut, "is damaged or no history");

    let overwritten = path("overwritten.db");
    let mut bytes = whole;
    bytes[4096..].fill(0x5a);
    fs::write(&overwritten, &bytes).unwrap();
    check_error(&overwritten, "is damaged or no history");

    let foreign = path("foreign.db");
    tamper(&foreign, "CREATE TABLE music (title TEXT)");
    check_error(&foreign, "of another program");

    let newer = path("newer.db");
    History::open(&newer).unwrap().close().unwrap();
    tamper(&newer, "PRAGMA user_version = 99");
    check_error(&newer, "has schema version 99, this build knows up to");

    let odd = path("odd.db");
    let mut history = History::open(&odd).unwrap();
    history.append(&record("web:1", 1, &[])).unwrap();
    history.close().unwrap();
    tamper(&odd, "UPDATE scan SET compliance = 'splendid'");
    check_error(&odd, "is damaged or no history");

    check_error(directory.path(), "cannot open");
    assert!(matches!(
        History::open_existing(&path("absent.db")),
        Err(Error::NotFound { .. })
    ));
}

#[test]
fn an_older_file_gets_the_steps_that_it_lacks() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("history.db");
    History::open(&path).unwrap().close().unwrap();
    let known = MIGRATIONS.len();
    let steps = [MIGRATIONS, &["ALTER TABLE scan ADD COLUMN note TEXT"]].concat();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let url = format!("sqlite://{}", path.display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        for _ in 0..2 {
            migrate(&mut connection, &path, &steps).await.unwrap();
            let (version, application): (i64, i64) = sqlx::query_as(
                "SELECT user_version, application_id FROM pragma_user_version, pragma_application_id",
            )
            .fetch_one(&mut connection)
            .await
            .unwrap();
            assert_eq!((version, application), (known as i64 + 1, APPLICATION_ID));
        }
        sqlx::query("SELECT note FROM scan")
            .execute(&mut connection)
            .await
            .unwrap();
        // A step that fails leaves the file as it was.
        let half = "CREATE TABLE half (x); SELECT nonsense FROM nowhere";
        let broken = [&steps[..], &[half]].concat();
        assert!(migrate(&mut connection, &path, &broken).await.is_err());
        let half: i64 =
            sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = 'half'")
                .fetch_one(&mut connection)
                .await
                .unwrap();
        assert_eq!(half, 0);
    });
}

/// A file as the first version wrote it, with a scan, goes on to be used.
#[test]
fn scans_that_were_stored_before_ages_were_known_are_read() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("history.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let url = format!("sqlite://{}?mode=rwc", path.display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        migrate(&mut connection, &path, &MIGRATIONS[..1])
            .await
            .unwrap();
        let scan = "INSERT INTO scan VALUES (1, 'web', 'web:1', '', '', 'shop', 1700000000, 1,
                1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 80, 90.5, 'non-compliant')";
        sqlx::raw_sql(scan).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
    let mut history = History::open_existing(&path).unwrap();
    let mut dated = report("web:2", &["CVE-1", "CVE-2"]);
    dated.findings[0].published = "2023-10-25".parse().ok();
    history.append(&record_of(&dated, 1)).unwrap();
    let points = history.trend("web", None).unwrap().points;
    let ages: Vec<_> = points.iter().map(|p| p.age_days).collect();
    // 1,700,000,000 is 14 November 2023; the second scan is a day later.
    assert_eq!((ages[0].oldest_high, ages[0].unknown), (None, 3));
    assert_eq!((ages[1].oldest_high, ages[1].unknown), (Some(21), 1));
    assert_eq!(ages[1].mean, Some(21.9));
    assert_eq!(points[0].vulnerabilities.high, 2);
    history.verify().unwrap();
}

/// The clock of a machine may be set back: nothing comes from the future, nothing is lost.
#[test]
fn a_clock_that_goes_backwards_does_no_harm() {
    let (_directory, mut history) = fresh();
    history.append(&record("web:1", 9, &["CVE-1"])).unwrap();
    history
        .append(&record("web:1", 2, &["CVE-1", "CVE-2"]))
        .unwrap();
    let series = history.trend("web", None).unwrap();
    let times: Vec<_> = series.points.iter().map(|p| p.at).collect();
    assert_eq!(times, [at(2), at(9)]);
    assert_eq!(
        history.first_seen(&keys("CVE-1"), "web").unwrap(),
        Some(at(2))
    );
    // What the scan of the later time does not have is not forgotten with the earlier one.
    let retention = Retention {
        since: at(0),
        keep_latest: 1,
    };
    assert_eq!(history.prune(&retention).unwrap(), Pruned::default());
    assert_eq!(
        history.first_seen(&keys("CVE-2"), "web").unwrap(),
        Some(at(2))
    );
}

/// A disk without room refuses, says so, and leaves what was stored.
#[test]
fn a_full_disk_is_named_and_nothing_half_is_stored() {
    let (directory, mut history) = fresh();
    history.append(&record("web:1", 1, &["CVE-1"])).unwrap();
    let path = directory.path().join("deep/er/history.db");
    history.limit_pages_for_test();
    let ids: Vec<String> = (0..20_000).map(|n| format!("CVE-2026-{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let error = history.append(&record("web:2", 2, &ids)).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("cannot write to") && text.contains("full"),
        "{text}"
    );
    assert!(text.contains(&path.display().to_string()), "{text}");
    assert_eq!(history.list(&ListFilter::default()).unwrap().len(), 1);
    history.verify().unwrap();
}

#[test]
fn deadlines_count_from_the_first_scan_of_a_repository_by_any_of_its_names() {
    let (_directory, mut history) = fresh();
    history
        .append(&record("docker.io/library/web:1", 1, &["CVE-1"]))
        .unwrap();
    history
        .append(&record("web:2", 4, &["CVE-1", "CVE-2"]))
        .unwrap();
    let today: seaworthy_model::Date = iso(at(9))[..10].parse().unwrap();
    let day = |number| {
        iso(at(number))[..10]
            .parse::<seaworthy_model::Date>()
            .unwrap()
    };
    let now = report(
        "index.docker.io/library/web:3",
        &["CVE-1", "CVE-2", "CVE-3"],
    );
    let seen = history.first_seen_all(now.target.image()).unwrap();
    let dates = seen.dates(&now, today);
    let key = |id| seaworthy_policy::finding_key(id, "deb", "curl");
    for (id, expected) in [("CVE-1", day(1)), ("CVE-2", day(4)), ("CVE-3", today)] {
        assert_eq!(dates.get(&key(id)), Some(&expected), "{id}");
    }
    // A clock that went backwards makes nothing come from the future.
    let early = seen.dates(&now, day(2));
    assert_eq!(early.get(&key("CVE-2")), Some(&day(2)));
    let none = crate::FirstSeen::default().dates(&now, today);
    assert!(none.values().all(|date| *date == today) && none.len() == 3);
    assert_eq!(
        history
            .trend("docker.io/library/web", None)
            .unwrap()
            .points
            .len(),
        2
    );
    assert_eq!(
        history.trend("library/web:1", None).unwrap().points.len(),
        1
    );
}
