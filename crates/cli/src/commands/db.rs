use std::path::Path;

use seaworthy_vulndb::{Database, EndRef, Row};

use crate::args::{DatabaseArgs, Global};
use crate::exit::{Failure, Outcome, Status};
use crate::output::print;

/// Reads upstream feeds and writes shards.
pub(crate) fn build(_feeds: &Path, _out: &Path, _force: bool, _global: &Global) -> Outcome {
    Err(Failure::failed("not built yet"))
}

/// Says which shards there are.
pub(crate) fn info(args: &DatabaseArgs, verify: bool) -> Outcome {
    let database = super::database(args)?;
    let mut status = Status::Pass;
    let mut lines = vec![format!("{}", database.location())];
    for shard in database.keys().filter_map(|key| database.shard(key)) {
        let meta = shard.meta();
        let sources: Vec<String> = meta
            .sources
            .iter()
            .map(|s| format!("{} ({} records)", s.name, s.records))
            .collect();
        let damaged = verify && !shard.verify();
        if damaged {
            status = Status::NotAssessed;
        }
        lines.push(format!(
            "  {:<24} {:>8} rows  {:<10}  {}  {}{}",
            meta.key,
            shard.rows(),
            meta.date(),
            shard.digest(),
            sources.join(", "),
            if damaged { "  DAMAGED" } else { "" }
        ));
    }
    for (name, there) in [
        ("epss", database.epss().is_some()),
        ("kev", database.kev().is_some()),
        ("cvss", database.cvss().is_some()),
        ("eol", database.eol().is_some()),
    ] {
        lines.push(format!(
            "  {name:<24} {}",
            if there { "table" } else { "missing" }
        ));
    }
    print(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))?;
    Ok(status)
}

/// Shows the rows about an id or a package.
pub(crate) fn lookup(what: &str, args: &DatabaseArgs) -> Outcome {
    let database = super::database(args)?;
    let mut lines = Vec::new();
    for key in all_keys(&database) {
        let Some(shard) = database.shard(&key) else {
            continue;
        };
        let mut rows: Vec<String> = shard
            .find_id(what)
            .chain(shard.lookup(what))
            .map(|row| line(&key, row))
            .collect();
        rows.sort();
        rows.dedup();
        lines.extend(rows);
    }
    if let Some(vector) = database.cvss().and_then(|table| table.get(what)) {
        lines.push(format!("cvss   {vector}"));
    }
    if let Some(epss) = database.epss().and_then(|table| table.get(what)) {
        lines.push(format!("epss   {epss:?}"));
    }
    if database.kev().and_then(|table| table.get(what)).is_some() {
        lines.push("kev    known to be exploited".to_owned());
    }
    if lines.is_empty() {
        return Err(Failure::new(
            Status::NotAssessed,
            format!("{} says nothing about {what}", database.location()),
        ));
    }
    print(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))?;
    Ok(Status::Pass)
}

fn all_keys(database: &Database) -> Vec<String> {
    database.keys().map(str::to_owned).collect()
}

fn line(key: &str, row: Row<'_>) -> String {
    let ranges: Vec<String> = row
        .intervals()
        .map(|(start, end)| {
            let from = if start.is_empty() {
                "all".to_owned()
            } else {
                format!(">= {start}")
            };
            match end {
                EndRef::Fixed(version) => format!("{from}, fixed in {version}"),
                EndRef::LastAffected(version) => format!("{from}, last affected {version}"),
                EndRef::Open => format!("{from}, no fix"),
            }
        })
        .collect();
    format!(
        "{key:<16} {:<20} {:<28} {:<10} {:<12} {}",
        row.id(),
        row.package(),
        row.severity().map_or("unrated", |s| s.name()),
        row.state().name(),
        ranges.join("; ")
    )
}
