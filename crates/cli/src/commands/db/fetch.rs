use std::path::PathBuf;
use std::time::Duration;

use seaworthy_delivery::{Directory, EnsureOptions, Internet, Origin, ask_osv, ensure, is_table};
use seaworthy_model::{CoverageEntry, CoverageKind, Inventory};
use seaworthy_scan::{Database, PackageTypes};

use super::{PROGRAM, failure};
use crate::args::DatabaseArgs;
use crate::exit::Failure;
use crate::progress::Bars;

/// Hours after which shards that a scan uses are asked for again.
const REFRESH_HOURS: u32 = 24;
/// How long a scan waits for an update of the same directory.
const PATIENCE: Duration = Duration::from_secs(120);

/// The database for what was read of a target: with the shards that are missing fetched from where
/// the directory's came from, or from `--db-source`, and with what the OSV API says of its language
/// packages when that was asked for. What could not be had is added to the coverage.
pub(crate) fn database_for(
    inventory: &mut Inventory,
    packages: PackageTypes,
    args: &DatabaseArgs,
    network: &Internet,
    bars: &Bars,
) -> Result<Database, Failure> {
    let online = args.online && packages.language;
    let (directory, origin) = place(args)?;
    let mut gaps = Vec::new();
    if let Some(path) = &directory
        && args.db_digest.is_none()
    {
        let mut keys =
            seaworthy_matching::shard_keys(inventory, packages.os, packages.language && !online);
        keys.retain(|key| !online || !is_language(key));
        let public = super::public_keys(args.db_key.as_ref())?;
        let (now, who) = (super::now(), super::who());
        let options = EnsureOptions {
            network,
            origin,
            keys: &public,
            feeds: None,
            offline: args.offline,
            refresh_hours: REFRESH_HOURS,
            now: &now,
            threads: 4,
            patience: PATIENCE,
            who: &who,
            program: PROGRAM,
        };
        let ensured =
            ensure(&keys, &Directory::at(path), &options, bars).map_err(|e| failure(&e))?;
        // Only when somebody was asked: otherwise the matching says what is missing.
        if ensured.origin.is_some() {
            gaps.extend(ensured.gaps.into_iter().filter(|(key, _)| !is_table(key)));
        }
    }
    super::pin(directory.as_deref(), args)?;
    let directory = directory.filter(|directory| directory.is_dir());
    let mut database = seaworthy_scan::open_database(
        directory.as_deref(),
        seaworthy_advisories::starter_database(),
    )?;
    if online {
        let today = crate::time::date(crate::time::now());
        let answer = ask_osv(inventory, network, &args.osv_url, &today, 8, bars);
        gaps.extend(answer.gaps);
        let location = format!("{} and {}", args.osv_url, database.location());
        database = Database::from_shards(answer.shards)
            .named(&location)
            .with_fallback(database);
    }
    let gaps = gaps
        .into_iter()
        .map(|(key, why)| CoverageEntry::new(CoverageKind::NoShard, key, why));
    inventory.coverage.entries.extend(gaps);
    Ok(database)
}

/// The directory of the database, and where its shards are fetched from when the options say so.
fn place(args: &DatabaseArgs) -> Result<(Option<PathBuf>, Option<Origin>), Failure> {
    let origin = args
        .db_source
        .as_deref()
        .map(Origin::parse)
        .transpose()
        .map_err(|e| failure(&e))?;
    let directory = match super::super::database_directory(&args.place) {
        None if origin.is_some() => super::super::default_directory(),
        directory => directory,
    };
    Ok((directory, origin))
}

fn is_language(key: &str) -> bool {
    seaworthy_model::Ecosystem::ALL
        .into_iter()
        .any(|ecosystem| ecosystem.shard_key() == key)
}
