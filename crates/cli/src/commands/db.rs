//! `seaworthy db …`.

mod advisories;
mod build;
mod diff;
mod info;
mod lookup;
mod publish;
mod update;
mod verify;

use std::path::{Path, PathBuf};

use seaworthy_attest::PublicKey;
use seaworthy_delivery::{Directory, Error, ErrorKind, Internet};

use crate::args::{DatabaseArgs, DbCommand, DirectoryArgs, Global, SourceArgs};
use crate::exit::{Failure, Outcome, Status};

pub(crate) use advisories::Advisories;

pub(crate) fn run(command: DbCommand, global: &Global) -> Outcome {
    match command {
        DbCommand::Build {
            feeds,
            out,
            force,
            restricted,
        } => build::run(&feeds, &out, force, restricted, global),
        DbCommand::Update(args) => update::run(&args, global),
        DbCommand::Publish(args) => publish::run(&args, global),
        DbCommand::Verify(args) => verify::run(&args, global),
        DbCommand::Info {
            place,
            verify,
            shown,
        } => info::run(&place, verify, shown.as_what),
        DbCommand::Lookup {
            what,
            ecosystem,
            place,
        } => lookup::run(&what, ecosystem.as_deref(), &place),
        DbCommand::Diff {
            old,
            new,
            all,
            shown,
        } => diff::run(&old, &new, all, shown.as_what),
        DbCommand::Rollback { place } => update::roll_back(&place, global),
    }
}

/// Makes sure that the database is the one of the digest, when one is given.
fn pin(directory: Option<&Path>, args: &DatabaseArgs) -> Result<(), Failure> {
    let Some(digest) = &args.db_digest else {
        return Ok(());
    };
    let directory = directory.ok_or_else(|| {
        Failure::usage("--db-digest pins a database, and there is none")
            .hint("`seaworthy db update` fetches one, --db names its directory")
    })?;
    seaworthy_delivery::pin(&Directory::at(directory), digest).map_err(|error| usage(&error))
}

/// The directory of the options, else the user's; none when there is neither.
fn database_directory(args: &DirectoryArgs) -> Option<PathBuf> {
    args.db
        .clone()
        .or_else(|| default_directory().filter(|directory| directory.is_dir()))
}

/// Where the user's database lies, or will lie (XDG base directory specification).
fn default_directory() -> Option<PathBuf> {
    let data = std::env::var_os("XDG_DATA_HOME")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share")))?;
    Some(data.join("seaworthy/db"))
}

/// The network of this machine as the options say that it is reached.
fn network(args: &SourceArgs) -> Result<Internet, Failure> {
    Internet::new(&super::read_options(args)?.source).map_err(|e| failure(&e))
}

/// The directory to write: that of the options, else the user's, which is made.
fn directory_to_write(place: &DirectoryArgs) -> Result<Directory, Failure> {
    place
        .db
        .clone()
        .or_else(default_directory)
        .map(|path| Directory::at(&path))
        .ok_or_else(|| {
            Failure::usage("nothing says where the database lies").hint("name it with --db")
        })
}

/// The directory to read, which is there.
fn directory_to_read(place: &DirectoryArgs) -> Result<Directory, Failure> {
    let path = database_directory(place).ok_or_else(|| {
        Failure::usage("there is no database but the starter table in the program")
            .hint("`seaworthy db update` fetches one")
    })?;
    Ok(Directory::at(&path))
}

/// The keys of a file.
fn public_keys(file: Option<&PathBuf>) -> Result<Vec<PublicKey>, Failure> {
    let Some(path) = file else {
        return Ok(Vec::new());
    };
    let bytes = super::read_bytes(path, seaworthy_attest::MAX_PEM as u64)?;
    PublicKey::all_from_pem(&bytes).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))
}

fn failure(error: &Error) -> Failure {
    let status = match error.kind() {
        ErrorKind::Usage => Status::Usage,
        ErrorKind::Operation => Status::Failed,
    };
    Failure {
        status,
        message: error.to_string(),
        hint: error.hint(),
    }
}

/// What the user named is the trouble, whatever is wrong with it.
fn usage(error: &Error) -> Failure {
    Failure {
        status: Status::Usage,
        ..failure(error)
    }
}

/// Now, as the lists of shards have it.
fn now() -> String {
    format!("{}Z", crate::time::date_time(crate::time::now()))
}

/// Who writes, for others that wait.
fn who() -> String {
    format!("process {} since {}", std::process::id(), now())
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// The program whose builds are alike.
const PROGRAM: &str = concat!("seaworthy ", env!("CARGO_PKG_VERSION"));

/// `1.2 MB`.
fn size(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "for people")]
    let number = bytes as f64;
    if bytes < 1000 {
        format!("{bytes} B")
    } else if bytes < 1_000_000 {
        format!("{:.1} kB", number / 1e3)
    } else {
        format!("{:.1} MB", number / 1e6)
    }
}

/// Prints a value as JSON.
fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|e| Failure::failed(format!("cannot write JSON: {e}")))?;
    crate::output::print(|out| writeln!(out, "{text}"))
}
