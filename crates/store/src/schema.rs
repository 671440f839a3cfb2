//! The tables, and how an older file gets to the newest version.

use std::path::Path;

use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::Error;

/// `SWHY` in the header of the file, which tells it from the files of other programs.
pub(crate) const APPLICATION_ID: i64 = 0x5357_4859;

/// What brings a file from version `n` to `n + 1`; a step is never changed once it was released.
pub(crate) const MIGRATIONS: &[&str] = &[HISTORY, AGES];

/// A scan and its figures; the keys of its findings, each text once; and since when a repository
/// has each of them. `first_seen` outlives the scans that are pruned.
const HISTORY: &str = "
CREATE TABLE scan (
    id INTEGER PRIMARY KEY,
    repository TEXT NOT NULL,
    image TEXT NOT NULL,
    digest TEXT NOT NULL,
    environment TEXT NOT NULL,
    project TEXT NOT NULL,
    at INTEGER NOT NULL,
    assessed INTEGER NOT NULL,
    critical INTEGER NOT NULL,
    high INTEGER NOT NULL,
    medium INTEGER NOT NULL,
    low INTEGER NOT NULL,
    negligible INTEGER NOT NULL,
    unknown INTEGER NOT NULL,
    fixable INTEGER NOT NULL,
    exploited INTEGER NOT NULL,
    secrets INTEGER NOT NULL,
    misconfigurations INTEGER NOT NULL,
    security_score INTEGER NOT NULL,
    risk_score REAL NOT NULL,
    compliance TEXT NOT NULL,
    UNIQUE (image, digest, environment, at)
) STRICT;
CREATE INDEX scan_by_repository ON scan (repository, at);
CREATE TABLE finding_key (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE scan_finding (
    scan INTEGER NOT NULL REFERENCES scan (id) ON DELETE CASCADE,
    key INTEGER NOT NULL REFERENCES finding_key (id),
    PRIMARY KEY (scan, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX scan_finding_by_key ON scan_finding (key);
CREATE TABLE first_seen (
    repository TEXT NOT NULL,
    key INTEGER NOT NULL REFERENCES finding_key (id),
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (repository, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX first_seen_by_key ON first_seen (key);
";

/// For how many days the oldest critical and high findings were public, the mean of all, and how
/// many are without a day; scans that were stored before have none of them.
const AGES: &str = "
ALTER TABLE scan ADD COLUMN oldest_critical INTEGER;
ALTER TABLE scan ADD COLUMN oldest_high INTEGER;
ALTER TABLE scan ADD COLUMN mean_age REAL;
ALTER TABLE scan ADD COLUMN undated INTEGER;
";

/// Brings a file to the newest version, one process at a time.
pub(crate) async fn migrate(
    connection: &mut SqliteConnection,
    path: &Path,
    steps: &[&'static str],
) -> Result<(), Error> {
    let sql = |e: sqlx::Error| Error::sql("open", path, &e);
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    // Most of the time there is nothing to do, and no reason to lock others out.
    let version = check(connection, path, known).await?;
    if version == known {
        return Ok(());
    }
    if version == 0 {
        // Only an empty file can be told to give space back; asking an old one takes a lock.
        sqlx::query("PRAGMA auto_vacuum = INCREMENTAL")
            .execute(&mut *connection)
            .await
            .map_err(sql)?;
    }
    let mut transaction = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(sql)?;
    // Somebody else may have done it while this process waited.
    let version = check(&mut transaction, path, known).await?;
    let done = usize::try_from(version).unwrap_or(0);
    for step in steps.iter().skip(done) {
        transaction
            .execute(sqlx::raw_sql(*step))
            .await
            .map_err(sql)?;
    }
    if version < known {
        let marks =
            format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {known};");
        transaction
            .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(marks)))
            .await
            .map_err(sql)?;
    }
    transaction.commit().await.map_err(sql)
}

/// The version of a file that is ours or empty.
async fn check(connection: &mut SqliteConnection, path: &Path, known: i64) -> Result<i64, Error> {
    let sql = |e: sqlx::Error| Error::sql("open", path, &e);
    let (application, version, tables): (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT application_id FROM pragma_application_id),
                (SELECT user_version FROM pragma_user_version),
                (SELECT count(*) FROM sqlite_schema)",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(sql)?;
    let path = path.to_owned();
    if application != APPLICATION_ID && (application != 0 || version != 0 || tables != 0) {
        return Err(Error::Foreign { path });
    }
    if version > known {
        return Err(Error::NewerSchema {
            path,
            found: version,
            known,
        });
    }
    if version < 0 {
        return Err(Error::Corrupt {
            path,
            detail: format!("schema version {version}"),
        });
    }
    Ok(version)
}
