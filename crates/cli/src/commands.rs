use std::cmp::Ordering;
use std::io::{self, BufRead, Write};
use std::path::Path;

use clap::CommandFactory as _;
use seaworthy_versions::{Scheme, compare};
use seaworthy_vulndb::Database;

use crate::args::{Cli, Command, DbCommand, VersionsCommand};
use crate::exit::{Failure, Outcome, Status};

pub(crate) fn run(command: Command) -> Outcome {
    match command {
        Command::Versions(VersionsCommand::Compare { scheme, a, b }) => versions(&scheme, &a, b),
        Command::Db(DbCommand::Info { db, verify }) => info(&db, verify),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "seaworthy", &mut script);
            print(&String::from_utf8_lossy(&script))?;
            Ok(Status::Pass)
        }
        Command::Man { directory } => {
            clap_mangen::generate_to(Cli::command(), &directory).map_err(|e| {
                Failure::failed(format!("cannot write into {}: {e}", directory.display()))
            })?;
            Ok(Status::Pass)
        }
    }
}

/// Prints; a reader that has seen enough (`| head`) is no failure.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(format!(
            "cannot write to standard output: {e}"
        ))),
        _ => Ok(()),
    }
}

const fn sign(order: Ordering) -> &'static str {
    match order {
        Ordering::Less => "<",
        Ordering::Equal => "=",
        Ordering::Greater => ">",
    }
}

fn versions(scheme: &str, a: &str, b: Option<String>) -> Outcome {
    let scheme: Scheme = scheme.parse().map_err(Failure::usage)?;
    match b {
        Some(b) => {
            let order = compare(scheme, a, &b).map_err(Failure::usage)?;
            print(&format!("{}\n", sign(order)))?;
            Ok(Status::Pass)
        }
        None if a == "-" => check_lines(scheme, io::stdin().lock()),
        None => Err(Failure::usage(
            "a second version is missing; or write - for lines `A OP B` on standard input",
        )),
    }
}

/// Prints each line `A OP B` that disagrees, with the sign that holds.
fn check_lines(scheme: Scheme, lines: impl BufRead) -> Outcome {
    let mut status = Status::Pass;
    for (number, line) in lines.lines().enumerate() {
        let line = line.map_err(|e| Failure::failed(format!("cannot read standard input: {e}")))?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let (a, sign_said, b) = match words[..] {
            [] => continue,
            [a, said @ ("<" | "=" | ">"), b] => (a, said, b),
            _ => {
                return Err(Failure::usage(format!(
                    "line {}: `{line}` is not of the form A OP B, with <, = or > as OP",
                    number + 1
                )));
            }
        };
        let order = compare(scheme, a, b)
            .map_err(|e| Failure::usage(format!("line {}: {e}", number + 1)))?;
        if sign(order) != sign_said {
            status = Status::CheckFailed;
            print(&format!(
                "{a} {sign_said} {b}    but it is {}\n",
                sign(order)
            ))?;
        }
    }
    Ok(status)
}

fn info(path: &Path, verify: bool) -> Outcome {
    let database = Database::open_dir(path).map_err(Failure::usage)?;
    let mut status = Status::Pass;
    let mut count = 0;
    for shard in database.keys().filter_map(|key| database.shard(key)) {
        count += 1;
        let sources: Vec<&str> = shard
            .meta()
            .sources
            .iter()
            .map(|s| s.name.as_str())
            .collect();
        let damaged = verify && !shard.verify();
        if damaged {
            status = Status::CheckFailed;
        }
        print(&format!(
            "{:<24} {:>8} rows  {:<10}  {}  {}{}\n",
            shard.meta().key,
            shard.rows(),
            shard.meta().date(),
            sources.join(", "),
            shard.digest(),
            if damaged { "  DAMAGED" } else { "" }
        ))?;
    }
    if count == 0 {
        print(&format!("no shards in {}\n", path.display()))?;
    }
    Ok(status)
}
