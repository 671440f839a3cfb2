use std::path::Path;

pub use seaworthy_vulndb::Database;

use crate::Error;

/// Opens the advisory database in a directory, with `fallback` behind it for what it lacks;
/// without a directory, the fallback alone.
///
/// # Errors
/// When the directory or one of its shards cannot be read.
pub fn open_database(directory: Option<&Path>, fallback: Database) -> Result<Database, Error> {
    let Some(path) = directory else {
        return Ok(fallback);
    };
    let database = Database::open_dir(path).map_err(|cause| Error::Database {
        path: path.to_owned(),
        cause,
    })?;
    Ok(database.with_fallback(fallback))
}
