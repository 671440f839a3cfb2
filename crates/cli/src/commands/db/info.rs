//! `seaworthy db info`.

use seaworthy_delivery::{Directory, Manifest, Origin, ShardEntry, State};
use seaworthy_vulndb::Database;
use serde::Serialize;

use super::{failure, print_json, size};
use crate::args::{DirectoryArgs, Shown};
use crate::exit::{Failure, Outcome, Status};
use crate::output::print;
use crate::terminal::one_line;

/// What is known of a database.
#[derive(Serialize)]
struct Info<'a> {
    directory: String,
    digest: Option<String>,
    generation: u64,
    created: &'a str,
    origin: Option<String>,
    checked: &'a str,
    only: Option<&'a std::collections::BTreeSet<String>>,
    size: u64,
    /// Keys of the list whose shards were not fetched.
    absent: Vec<&'a str>,
    damaged: Option<&'a std::collections::BTreeMap<String, String>>,
    shards: Vec<&'a ShardEntry>,
}

/// Says which shards there are, and whether they are whole; nothing behind them is looked at.
pub(super) fn run(place: &DirectoryArgs, verify: bool, output: Shown) -> Outcome {
    let Some(path) = super::database_directory(place) else {
        return starter(output);
    };
    let directory = Directory::at(&path);
    let folder = directory.folder().map_err(|e| Failure::usage(&e))?;
    if !folder.is_dir() {
        return Err(Failure::usage(format!(
            "cannot read {}: there is no such directory",
            path.display()
        ))
        .hint("`seaworthy db update` makes one"));
    }
    let verified = verify
        .then(|| seaworthy_delivery::verify(&directory))
        .transpose()
        .map_err(|e| failure(&e))?;
    let status = match &verified {
        Some(verified) if !verified.damaged.is_empty() => Status::GateFailed,
        _ => Status::Pass,
    };
    let manifest = match directory.manifest() {
        Ok(manifest) => manifest.unwrap_or_default(),
        // What is damaged is told shard by shard.
        Err(_) if verify => Manifest::default(),
        Err(error) => return Err(super::usage(&error)),
    };
    let state = State::read(&path).map_err(|e| failure(&e))?;
    let (here, absent): (Vec<&ShardEntry>, Vec<&ShardEntry>) = manifest
        .shards
        .iter()
        .partition(|entry| folder.join(entry.file()).exists());
    let info = Info {
        directory: path.display().to_string(),
        digest: (!manifest.created.is_empty()).then(|| manifest.digest().to_string()),
        generation: manifest.generation,
        created: &manifest.created,
        origin: state.origin.as_ref().map(Origin::name),
        checked: &state.checked,
        only: state.only.as_ref(),
        size: here.iter().map(|entry| entry.size).sum(),
        absent: absent.iter().map(|entry| entry.key.as_str()).collect(),
        damaged: verified.as_ref().map(|verified| &verified.damaged),
        shards: here,
    };
    match output {
        Shown::Json => print_json(&info)?,
        Shown::Table => show(&info)?,
    }
    Ok(status)
}

fn show(info: &Info<'_>) -> Result<(), Failure> {
    let none = std::collections::BTreeMap::new();
    let damaged = info.damaged.unwrap_or(&none);
    print(|out| {
        if info.shards.is_empty() && damaged.is_empty() {
            return writeln!(out, "no shards in {}", info.directory);
        }
        for entry in &info.shards {
            let sources: Vec<&str> = entry.sources.iter().map(|s| s.name.as_str()).collect();
            let date = if entry.checked.is_empty() {
                &entry.date
            } else {
                &entry.checked
            };
            writeln!(
                out,
                "{:<24} {:>8} rows  {:<10}  {:>9}  {}  {}{}",
                one_line(&entry.key),
                entry.rows,
                one_line(date),
                size(entry.size),
                one_line(&sources.join(", ")),
                entry.digest,
                if damaged.contains_key(&entry.key) {
                    "  DAMAGED"
                } else {
                    ""
                }
            )?;
        }
        for (key, why) in damaged {
            writeln!(out, "DAMAGED {}: {}", one_line(key), one_line(why))?;
        }
        if !info.absent.is_empty() {
            writeln!(out, "not fetched: {}", one_line(&info.absent.join(", ")))?;
        }
        write!(
            out,
            "{}: {} shards, {}",
            info.directory,
            info.shards.len(),
            size(info.size)
        )?;
        if let Some(digest) = &info.digest {
            write!(
                out,
                ", generation {} of {}\ndigest {digest}",
                info.generation, info.created
            )?;
        }
        if let Some(origin) = &info.origin {
            write!(
                out,
                "\norigin {}, checked {}",
                one_line(origin),
                info.checked
            )?;
        }
        writeln!(out)
    })
}

/// The table in the program.
fn starter(output: Shown) -> Outcome {
    let database = seaworthy_advisories::starter_database();
    if output == Shown::Json {
        print_json(&serde_json::json!({
            "directory": null,
            "shards": shards_of(&database),
        }))?;
        return Ok(Status::Pass);
    }
    print(|out| {
        for (key, rows, date) in shards_of(&database) {
            writeln!(out, "{key:<24} {rows:>8} rows  {date:<10}  starter")?;
        }
        writeln!(
            out,
            "the starter table in the program; `seaworthy db update` fetches a database"
        )
    })?;
    Ok(Status::Pass)
}

fn shards_of(database: &Database) -> Vec<(String, usize, String)> {
    database
        .keys()
        .filter_map(|key| Some((key, database.shard(key)?)))
        .map(|(key, shard)| (key.to_owned(), shard.rows(), shard.meta().date().to_owned()))
        .collect()
}
