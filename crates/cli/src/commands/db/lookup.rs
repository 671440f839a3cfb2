use seaworthy_delivery::{Found, Verdict, lookup, split_version};
use seaworthy_vulndb::{Advisory, Database, End};

use crate::args::DirectoryArgs;
use crate::exit::{Failure, Outcome, Status};
use crate::output::print;
use crate::terminal::one_line;

/// Shows the rows about an id, a package or a version.
pub(super) fn run(what: &str, ecosystem: Option<&str>, place: &DirectoryArgs) -> Outcome {
    let database = match super::database_directory(place) {
        Some(path) => Database::open_dir(&path).map_err(Failure::usage)?,
        None => seaworthy_advisories::starter_database(),
    };
    let (name, version) = split_version(what);
    let found = lookup(&database, name, version, ecosystem);
    let mut lines: Vec<String> = found.iter().map(line).collect();
    if ecosystem.is_none() && version.is_none() {
        lines.extend(tables(&database, what));
    }
    if lines.is_empty() {
        return Err(Failure::new(
            Status::NotAssessed,
            format!("{} says nothing about {what}", database.location()),
        )
        .hint("`seaworthy db info` lists the shards; `seaworthy db update --only KEY` fetches another"));
    }
    print(|out| {
        lines
            .iter()
            .try_for_each(|line| writeln!(out, "{}", one_line(line)))
    })?;
    Ok(Status::Pass)
}

fn tables(database: &Database, id: &str) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(table) = database.cvss() {
        lines.extend(
            table
                .ratings(id)
                .map(|(source, vector)| format!("cvss   {vector} ({source})")),
        );
    }
    if let Some(day) = database.published(id) {
        lines.push(format!("published {day}"));
    }
    if let Some(epss) = database.epss().and_then(|table| table.get(id)) {
        lines.push(format!(
            "epss   {} (percentile {})",
            epss.score, epss.percentile
        ));
    }
    if let Some(kev) = database.kev().and_then(|table| table.get(id)) {
        let mut text = "kev    known to be exploited".to_owned();
        if !kev.date_added.is_empty() {
            text.push_str(&format!(", since {}", kev.date_added));
        }
        if kev.ransomware {
            text.push_str(", by ransomware");
        }
        lines.push(text);
    }
    lines
}

fn line(found: &Found) -> String {
    let Found { key, row, verdict } = found;
    let advisory = row.advisory.as_deref().unwrap_or_default();
    let said = format!(
        "{key:<16} {:<20} {:<28} {:<10} {:<12} {}",
        row.id,
        row.package,
        row.severity.map_or("unrated", |s| s.name()),
        row.state.name(),
        ranges(row)
    );
    let verdict = match verdict {
        None => String::new(),
        Some(Verdict::Affected(why)) => format!("  => affected: {why}"),
        Some(Verdict::NotAffected(why)) => format!("  => not affected: {why}"),
        Some(Verdict::Unknown(why)) => format!("  => cannot be told: {why}"),
    };
    let origin = match advisory {
        "" => row.source.clone(),
        advisory => format!("{}, {advisory}", row.source),
    };
    format!("{said}  ({origin}){verdict}")
}

fn ranges(row: &Advisory) -> String {
    let ranges: Vec<String> = row
        .intervals
        .iter()
        .map(|interval| {
            let from = if interval.introduced.is_empty() {
                "all".to_owned()
            } else {
                format!(">= {}", interval.introduced)
            };
            match &interval.end {
                End::Fixed(version) => format!("{from}, fixed in {version}"),
                End::LastAffected(version) => format!("{from}, last affected {version}"),
                End::Open => format!("{from}, no fix"),
            }
        })
        .collect();
    ranges.join("; ")
}
