//! The advisories that a command goes by.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seaworthy_attest::PublicKey;
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

/// The database of the options, else the user's, else the starter table; the one of the digest
/// when one is given. It is opened once for all targets, and again only when its directory has
/// changed meanwhile.
pub(crate) struct Advisories {
    args: DatabaseArgs,
    /// Where the shards lie, or will lie.
    directory: Option<PathBuf>,
    /// Where missing ones come from, when the options say so.
    origin: Option<Origin>,
    keys: Vec<PublicKey>,
    opened: Mutex<Option<Opened>>,
}

struct Opened {
    /// Where its shards lie; none for the starter table alone.
    folder: Option<PathBuf>,
    database: Arc<Database>,
}

impl Advisories {
    /// Those that the options name. Nothing is opened before somebody asks.
    pub(crate) fn of(args: &DatabaseArgs) -> Result<Self, Failure> {
        let origin = args
            .db_source
            .as_deref()
            .map(Origin::parse)
            .transpose()
            .map_err(|e| failure(&e))?;
        // One that is pinned is not fetched.
        let fetched = origin.is_some() && args.db_digest.is_none();
        let directory = super::database_directory(&args.place)
            .or_else(|| super::default_directory().filter(|_| fetched));
        Ok(Self {
            args: args.clone(),
            directory,
            origin,
            keys: super::public_keys(args.db_key.as_ref())?,
            opened: Mutex::default(),
        })
    }

    /// Those that the options name, opened.
    pub(crate) fn open(args: &DatabaseArgs) -> Result<Self, Failure> {
        let advisories = Self::of(args)?;
        advisories.check()?;
        Ok(advisories)
    }

    /// Tells a database that cannot be used before a long read.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        // One that is going to be fetched need not be there.
        if self.origin.is_none() || self.directory.as_deref().is_none_or(Path::exists) {
            self.current()?;
        }
        Ok(())
    }

    /// The database as it is now, for one who looks for no vulnerabilities.
    pub(crate) fn current(&self) -> Result<Arc<Database>, Failure> {
        let directory = self.to_open();
        let folder = directory.map(folder_of);
        let mut opened = self.opened();
        if let Some(known) = &*opened
            && known.folder == folder
        {
            return Ok(Arc::clone(&known.database));
        }
        let database = Arc::new(self.opened_now(directory)?);
        *opened = Some(Opened {
            folder,
            database: Arc::clone(&database),
        });
        Ok(database)
    }

    /// The database for what was read of a target: with the shards that are missing fetched from
    /// where the directory's came from, or from `--db-source`, and with what the OSV API says of
    /// its language packages when that was asked for. What could not be had is added to the
    /// coverage.
    pub(crate) fn for_target(
        &self,
        inventory: &mut Inventory,
        packages: PackageTypes,
        network: &Internet,
        bars: &Bars,
    ) -> Result<Arc<Database>, Failure> {
        let online = self.args.online && packages.language;
        let mut gaps = self.fetch(inventory, packages, network, bars)?;
        let mut database = self.current()?;
        if online {
            let today = crate::time::date(crate::time::now());
            let answer = ask_osv(inventory, network, &self.args.osv_url, &today, 8, bars);
            gaps.extend(answer.gaps);
            let location = format!("{} and {}", self.args.osv_url, database.location());
            let mut online = Database::from_shards(answer.shards).named(&location);
            if let Some(days) = answer.published {
                online = online.with_published(days);
            }
            database = Arc::new(online.with_fallback(self.own(database)?));
        }
        let gaps = gaps
            .into_iter()
            .map(|(key, why)| CoverageEntry::new(CoverageKind::NoShard, key, why));
        inventory.coverage.entries.extend(gaps);
        Ok(database)
    }

    /// Fetches the shards that an inventory asks for, and gives those that could not be had.
    fn fetch(
        &self,
        inventory: &Inventory,
        packages: PackageTypes,
        network: &Internet,
        bars: &Bars,
    ) -> Result<Vec<(String, String)>, Failure> {
        let Some(path) = self
            .directory
            .as_deref()
            .filter(|_| self.args.db_digest.is_none())
        else {
            return Ok(Vec::new());
        };
        let online = self.args.online && packages.language;
        let mut keys =
            seaworthy_matching::shard_keys(inventory, packages.os, packages.language && !online);
        keys.retain(|key| !online || !is_language(key));
        let (now, who) = (super::now(), super::who());
        let options = EnsureOptions {
            network,
            origin: self.origin.clone(),
            keys: &self.keys,
            feeds: None,
            offline: self.args.offline,
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
        if ensured.origin.is_none() {
            return Ok(Vec::new());
        }
        // Dates change without a new generation, too.
        *self.opened() = None;
        let gaps = ensured.gaps.into_iter();
        Ok(gaps.filter(|(key, _)| !is_table(key)).collect())
    }

    /// A database for one target alone: the one that was opened, when nobody else has it.
    fn own(&self, database: Arc<Database>) -> Result<Database, Failure> {
        *self.opened() = None;
        match Arc::into_inner(database) {
            Some(database) => Ok(database),
            None => self.opened_now(self.to_open()),
        }
    }

    /// The directory to open: without what could not be fetched, the starter table answers.
    fn to_open(&self) -> Option<&Path> {
        self.directory
            .as_deref()
            .filter(|directory| self.origin.is_none() || directory.is_dir())
    }

    fn opened_now(&self, directory: Option<&Path>) -> Result<Database, Failure> {
        super::pin(self.directory.as_deref(), &self.args)?;
        Ok(seaworthy_scan::open_database(
            directory,
            seaworthy_advisories::starter_database(),
        )?)
    }

    fn opened(&self) -> MutexGuard<'_, Option<Opened>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the shards of a directory lie now: it is another folder after each update.
fn folder_of(directory: &Path) -> PathBuf {
    Directory::at(directory)
        .folder()
        .unwrap_or_else(|_| directory.to_owned())
}

fn is_language(key: &str) -> bool {
    seaworthy_model::Ecosystem::ALL
        .into_iter()
        .any(|ecosystem| ecosystem.shard_key() == key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{self, Command};

    fn options(directory: &Path, more: &[&str]) -> DatabaseArgs {
        let place = directory.display().to_string();
        let words = [&["seaworthy", "scan", "x", "--db", &place], more].concat();
        let words = words.iter().map(std::ffi::OsString::from).collect();
        match args::parse(args::command(), words).unwrap().command {
            Command::Scan(scan) => scan.database,
            _ => panic!("it is a scan"),
        }
    }

    #[test]
    fn a_database_is_opened_once_and_again_when_it_was_updated() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        for generation in ["1", "2"] {
            std::fs::create_dir_all(path.join("generations").join(generation)).unwrap();
        }
        std::fs::write(path.join("current"), "1\n").unwrap();
        let advisories = Advisories::open(&options(path, &[])).unwrap();
        let first = advisories.current().unwrap();
        assert!(Arc::ptr_eq(&first, &advisories.current().unwrap()));
        std::fs::write(path.join("current"), "2\n").unwrap();
        let second = advisories.current().unwrap();
        assert!(!Arc::ptr_eq(&first, &second));
        assert!(Arc::ptr_eq(&second, &advisories.current().unwrap()));
    }

    #[test]
    fn one_that_is_going_to_be_fetched_need_not_be_there() {
        let directory = tempfile::tempdir().unwrap();
        let gone = directory.path().join("gone");
        let error = Advisories::open(&options(&gone, &[])).err().unwrap();
        assert!(error.message.contains("gone"), "{error:?}");
        let fetched = options(&gone, &["--db-source", "https://example.com/db"]);
        assert!(Advisories::open(&fetched).is_ok());
        // A stored report needs none.
        assert!(Advisories::of(&options(&gone, &[])).is_ok());
    }
}
