//! The history file.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use seaworthy_monitor::{FindingKey, Series, canonical, repository};
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection};

use crate::blocking::Blocking;
use crate::error::is_busy;
use crate::record::{POINT_COLUMNS, point, time};
use crate::schema::{MIGRATIONS, migrate};
use crate::{Error, FirstSeen, ScanRecord, StoredScan};

/// Which scans are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Those of an image: a reference with a tag or digest means exactly that one, one without
    /// means its repository. None means all.
    pub image: Option<String>,
    /// Those of this time and later.
    pub since: Option<Timestamp>,
    /// At most so many, the latest ones.
    pub limit: Option<u32>,
}

/// Which scans are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Scans of this time and later are kept.
    pub since: Timestamp,
    /// Of each repository the latest so many are kept, however old they are.
    pub keep_latest: u32,
}

/// What pruning removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Scans.
    pub scans: u64,
    /// Findings that no scan had for as long.
    pub findings: u64,
}

/// The history of scans in a SQLite file.
///
/// The calls block. They may be made from anywhere, also from a thread that drives asynchronous
/// work, which then waits. Dropping it is safe; [`History::close`] also tidies up the files that
/// SQLite keeps beside the database while it is in use.
pub struct History {
    path: PathBuf,
    // Before the runtime, so that it is dropped first.
    connection: SqliteConnection,
    runtime: Blocking,
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History").field("path", &self.path).finish()
    }
}

impl History {
    /// Opens a history, and begins it when the file is not there; directories on the way are made.
    ///
    /// # Errors
    /// When the file is damaged, of another program or of a newer version, or cannot be opened.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).map_err(|e| Error::Io {
                action: "make the directory of",
                path: path.to_owned(),
                detail: e.to_string(),
            })?;
        }
        Self::connect(path, true, PATIENCE)
    }

    /// Opens a history that is there.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not; and as [`History::open`].
    pub fn open_existing(path: &Path) -> Result<Self, Error> {
        if !path.exists() {
            return Err(Error::NotFound {
                path: path.to_owned(),
            });
        }
        Self::connect(path, false, PATIENCE)
    }

    pub(crate) fn connect(path: &Path, create: bool, patience: Duration) -> Result<Self, Error> {
        let runtime = Blocking::new().map_err(|e| Error::Io {
            action: "open",
            path: path.to_owned(),
            detail: e.to_string(),
        })?;
        let connection = runtime.run(connect(path, create, patience))?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            runtime,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Closes the file.
    ///
    /// # Errors
    /// When the disk refuses; what was appended is stored in any case.
    pub fn close(self) -> Result<(), Error> {
        let closing = self.connection.close();
        self.runtime
            .run(closing)
            .map_err(|e| Error::sql("close", &self.path, &e))
    }

    /// Stores a scan and returns its number. The same image, digest, environment and time once
    /// more replaces what was stored, so a step that is repeated does no harm.
    ///
    /// # Errors
    /// When another process writes for too long, or the file or the disk refuses; then nothing of
    /// the scan is stored.
    pub fn append(&mut self, record: &ScanRecord) -> Result<i64, Error> {
        let Self {
            path,
            connection,
            runtime,
        } = self;
        runtime
            .run(append(connection, record))
            .map_err(|e| Error::sql("write to", path, &e))
    }

    /// The scans that a filter lets through, the latest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(&mut self, filter: &ListFilter) -> Result<Vec<StoredScan>, Error> {
        let Self {
            path,
            connection,
            runtime,
        } = self;
        runtime
            .run(list(connection, filter))
            .map_err(|e| Error::sql("read", path, &e))
    }

    /// What became of an image since a time, as text or SVG through `seaworthy_monitor`. A
    /// reference with a tag or digest means exactly that one, one without means its repository.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn trend(&mut self, image: &str, since: Option<Timestamp>) -> Result<Series, Error> {
        let filter = ListFilter {
            image: Some(image.to_owned()),
            since,
            limit: None,
        };
        let scans = self.list(&filter)?;
        let points = scans.into_iter().rev().map(|scan| scan.point).collect();
        Ok(Series::new(image, points))
    }

    /// Since when an image has a finding, by any of the keys that it is recognised by. Tag and
    /// digest of the image do not matter: a new build does not set the clock back.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn first_seen(
        &mut self,
        keys: &[FindingKey],
        image: &str,
    ) -> Result<Option<Timestamp>, Error> {
        let Self {
            path,
            connection,
            runtime,
        } = self;
        runtime
            .run(first_seen(connection, keys, &repository(image)))
            .map_err(|e| Error::sql("read", path, &e))
    }

    /// Since when an image has each of its findings: one look into the file for all of a report.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn first_seen_all(&mut self, image: &str) -> Result<FirstSeen, Error> {
        let Self {
            path,
            connection,
            runtime,
        } = self;
        runtime
            .run(first_seen_all(connection, &repository(image)))
            .map_err(|e| Error::sql("read", path, &e))
    }

    /// Removes old scans. Since when a finding is known stays as long as the latest scan of its
    /// image has it.
    ///
    /// # Errors
    /// When another process writes for too long, or the file or the disk refuses; then everything
    /// is as before.
    pub fn prune(&mut self, retention: &Retention) -> Result<Pruned, Error> {
        let Self {
            path,
            connection,
            runtime,
        } = self;
        runtime
            .run(prune(connection, *retention))
            .map_err(|e| Error::sql("write to", path, &e))
    }

    /// Lets the file grow no more, as on a full disk.
    #[cfg(test)]
    pub(crate) fn limit_pages_for_test(&mut self) {
        let limit = sqlx::query("PRAGMA max_page_count = 1").execute(&mut self.connection);
        self.runtime.run(limit).expect("a limit");
    }

    /// Reads the whole file and says whether it is sound.
    ///
    /// # Errors
    /// [`Error::Corrupt`] with the first thing that is wrong.
    pub fn verify(&mut self) -> Result<(), Error> {
        let Self {
            path,
            connection,
            runtime,
        } = self;
        let check = sqlx::query_scalar::<_, String>("PRAGMA integrity_check(1)");
        let answer = runtime
            .run(check.fetch_one(connection))
            .map_err(|e| Error::sql("read", path, &e))?;
        if answer == "ok" {
            return Ok(());
        }
        Err(Error::Corrupt {
            path: path.clone(),
            detail: answer,
        })
    }
}

/// How long a process waits for another one to finish writing.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long a process sleeps before it tries again what SQLite does not wait for itself.
const PAUSE: Duration = Duration::from_millis(20);

async fn connect(path: &Path, create: bool, patience: Duration) -> Result<SqliteConnection, Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(create)
        .busy_timeout(patience)
        .synchronous(SqliteSynchronous::Normal)
        .disable_statement_logging();
    let started = Instant::now();
    let waits = |e: &sqlx::Error| is_busy(e) && started.elapsed() < patience;
    let mut connection = loop {
        match options.connect().await {
            Err(e) if waits(&e) => tokio::time::sleep(PAUSE).await,
            result => break result.map_err(|e| Error::sql("open", path, &e))?,
        }
    };
    migrate(&mut connection, path, MIGRATIONS).await?;
    // With a write-ahead log readers do not wait for the writer. SQLite's own patience does not
    // extend to the switch, which others in the file may hinder for a moment.
    loop {
        match use_log(&mut connection).await {
            Err(e) if waits(&e) => tokio::time::sleep(PAUSE).await,
            result => {
                result.map_err(|e| Error::sql("open", path, &e))?;
                return Ok(connection);
            }
        }
    }
}

async fn use_log(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut *connection)
        .await?;
    if mode != "wal" {
        sqlx::query("PRAGMA journal_mode = WAL")
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// A JSON array, which SQLite reads as a table: one statement for any number of keys.
fn json<T: serde::Serialize>(value: &T) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|e| sqlx::Error::Encode(Box::new(e)))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// In place of the number of things that nobody looked for.
const NOT_LOOKED_FOR: i64 = -1;

async fn append(
    connection: &mut SqliteConnection,
    record: &ScanRecord,
) -> Result<i64, sqlx::Error> {
    let groups: Vec<Vec<String>> = record
        .findings
        .iter()
        .map(|keys| keys.iter().map(ToString::to_string).collect())
        .collect();
    let primary = json(&groups.iter().filter_map(|g| g.first()).collect::<Vec<_>>())?;
    let groups = json(&groups)?;
    let image = repository(&record.point.image);
    let at = record.point.at.as_second();
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let scan = insert_scan(&mut transaction, record).await?;
    sqlx::query("DELETE FROM scan_finding WHERE scan = ?1")
        .bind(scan)
        .execute(&mut *transaction)
        .await?;
    sqlx::query(
        "INSERT INTO finding_key (text)
         SELECT DISTINCT key.value FROM json_each(?1) AS finding, json_each(finding.value) AS key
         WHERE true ON CONFLICT DO NOTHING",
    )
    .bind(&groups)
    .execute(&mut *transaction)
    .await?;
    sqlx::query(
        "INSERT INTO scan_finding (scan, key)
         SELECT DISTINCT ?1, finding_key.id FROM json_each(?2) AS finding
         JOIN finding_key ON finding_key.text = finding.value",
    )
    .bind(scan)
    .bind(&primary)
    .execute(&mut *transaction)
    .await?;
    // Each key of a finding inherits the earliest time that any of them was seen: ids change, and
    // the one that linked the old with the new may be gone tomorrow.
    sqlx::query(
        "WITH named AS MATERIALIZED (
             SELECT finding.key AS number, finding_key.id AS id
             FROM json_each(?1) AS finding, json_each(finding.value) AS key
             JOIN finding_key ON finding_key.text = key.value
         ),
         known AS MATERIALIZED (
             SELECT named.number AS number, min(first_seen.first) AS first
             FROM named JOIN first_seen ON first_seen.repository = ?2 AND first_seen.key = named.id
             GROUP BY named.number
         )
         INSERT INTO first_seen (repository, key, first, last)
         SELECT ?2, named.id, min(?3, coalesce(min(known.first), ?3)), ?3
         FROM named LEFT JOIN known USING (number)
         GROUP BY named.id
         ON CONFLICT (repository, key) DO UPDATE
         SET first = min(first, excluded.first), last = max(last, excluded.last)",
    )
    .bind(&groups)
    .bind(&image)
    .bind(at)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(scan)
}

async fn insert_scan(
    connection: &mut SqliteConnection,
    record: &ScanRecord,
) -> Result<i64, sqlx::Error> {
    let point = &record.point;
    let counts = &point.vulnerabilities;
    sqlx::query_scalar(
        "INSERT INTO scan (repository, image, digest, environment, project, at, assessed,
             critical, high, medium, low, negligible, unknown, fixable, exploited, secrets,
             misconfigurations, security_score, risk_score, compliance, oldest_critical,
             oldest_high, mean_age, undated)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
             ?19, ?20, ?21, ?22, ?23, ?24)
         ON CONFLICT (image, digest, environment, at) DO UPDATE SET
             project = excluded.project, assessed = excluded.assessed,
             critical = excluded.critical, high = excluded.high, medium = excluded.medium,
             low = excluded.low, negligible = excluded.negligible, unknown = excluded.unknown,
             fixable = excluded.fixable, exploited = excluded.exploited,
             secrets = excluded.secrets, misconfigurations = excluded.misconfigurations,
             security_score = excluded.security_score, risk_score = excluded.risk_score,
             compliance = excluded.compliance, oldest_critical = excluded.oldest_critical,
             oldest_high = excluded.oldest_high, mean_age = excluded.mean_age,
             undated = excluded.undated
         RETURNING id",
    )
    .bind(repository(&point.image))
    .bind(canonical(&point.image))
    .bind(&point.digest)
    .bind(&point.environment)
    .bind(&record.project)
    .bind(point.at.as_second())
    .bind(point.assessed)
    .bind(signed(counts.critical))
    .bind(signed(counts.high))
    .bind(signed(counts.medium))
    .bind(signed(counts.low))
    .bind(signed(counts.negligible))
    .bind(signed(counts.unknown))
    .bind(signed(point.fixable))
    .bind(point.exploited.map_or(NOT_LOOKED_FOR, signed))
    .bind(point.secrets.map_or(NOT_LOOKED_FOR, signed))
    .bind(point.misconfigurations.map_or(NOT_LOOKED_FOR, signed))
    .bind(i64::from(point.security_score))
    .bind(point.risk_score)
    .bind(point.compliance.name())
    .bind(point.age_days.oldest_critical.map(i64::from))
    .bind(point.age_days.oldest_high.map(i64::from))
    .bind(point.age_days.mean)
    .bind(signed(point.age_days.unknown))
    .fetch_one(connection)
    .await
}

async fn list(
    connection: &mut SqliteConnection,
    filter: &ListFilter,
) -> Result<Vec<StoredScan>, sqlx::Error> {
    // Without a tag or digest, an image means its repository.
    let image = filter.image.as_deref().map(canonical);
    let (whole, exact): (Option<String>, Option<String>) = match image {
        Some(image) if repository(&image) == image => (Some(image), None),
        image => (None, image),
    };
    let query = format!(
        "SELECT scan.id, scan.project, scan.repository, {POINT_COLUMNS},
             (SELECT count(*) FROM scan_finding WHERE scan_finding.scan = scan.id) AS findings
         FROM scan
         WHERE (?1 IS NULL OR image = ?1) AND (?2 IS NULL OR repository = ?2)
             AND (?3 IS NULL OR at >= ?3)
         ORDER BY at DESC, id DESC LIMIT ?4"
    );
    let rows = sqlx::query(AssertSqlSafe(query))
        .bind(exact)
        .bind(whole)
        .bind(filter.since.map(Timestamp::as_second))
        .bind(filter.limit.map_or(-1, i64::from))
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            let findings: i64 = row.try_get("findings")?;
            Ok(StoredScan {
                id: row.try_get("id")?,
                project: row.try_get("project")?,
                repository: row.try_get("repository")?,
                findings: findings.unsigned_abs(),
                point: point(row)?,
            })
        })
        .collect()
}

async fn first_seen(
    connection: &mut SqliteConnection,
    keys: &[FindingKey],
    repository: &str,
) -> Result<Option<Timestamp>, sqlx::Error> {
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    let first: Option<i64> = sqlx::query_scalar(
        "SELECT min(first_seen.first)
         FROM json_each(?1) AS wanted
         JOIN finding_key ON finding_key.text = wanted.value
         JOIN first_seen ON first_seen.repository = ?2 AND first_seen.key = finding_key.id",
    )
    .bind(json(&keys)?)
    .bind(repository)
    .fetch_one(connection)
    .await?;
    first.map(time).transpose()
}

async fn first_seen_all(
    connection: &mut SqliteConnection,
    repository: &str,
) -> Result<FirstSeen, sqlx::Error> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT finding_key.text, first_seen.first
         FROM first_seen JOIN finding_key ON finding_key.id = first_seen.key
         WHERE first_seen.repository = ?1",
    )
    .bind(repository)
    .fetch_all(connection)
    .await?;
    let by_key = rows
        .into_iter()
        .map(|(key, first)| Ok((key, time(first)?)))
        .collect::<Result<_, sqlx::Error>>()?;
    Ok(FirstSeen::new(by_key))
}

async fn prune(
    connection: &mut SqliteConnection,
    retention: Retention,
) -> Result<Pruned, sqlx::Error> {
    let since = retention.since.as_second();
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let scans = sqlx::query(
        "DELETE FROM scan WHERE at < ?1 AND id NOT IN (
             SELECT id FROM (
                 SELECT id, row_number() OVER (
                     PARTITION BY repository ORDER BY at DESC, id DESC
                 ) AS place FROM scan
             ) WHERE place <= ?2
         )",
    )
    .bind(since)
    .bind(i64::from(retention.keep_latest))
    .execute(&mut *transaction)
    .await?
    .rows_affected();
    let findings = sqlx::query(
        "DELETE FROM first_seen WHERE last < ?1 AND last < coalesce(
             (SELECT max(at) FROM scan
              WHERE scan.repository = first_seen.repository AND scan.assessed),
             ?1
         )",
    )
    .bind(since)
    .execute(&mut *transaction)
    .await?
    .rows_affected();
    sqlx::query(
        "DELETE FROM finding_key WHERE
             NOT EXISTS (SELECT 1 FROM scan_finding WHERE scan_finding.key = finding_key.id)
             AND NOT EXISTS (SELECT 1 FROM first_seen WHERE first_seen.key = finding_key.id)",
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    sqlx::query("PRAGMA incremental_vacuum")
        .execute(connection)
        .await?;
    Ok(Pruned { scans, findings })
}
