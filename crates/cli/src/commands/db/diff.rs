use std::path::Path;

use seaworthy_delivery::{ShardDifference, compare, is_table};

use super::print_json;
use crate::args::Shown;
use crate::exit::{Outcome, Status};
use crate::output::print;
use crate::terminal::one_line;

/// Says how two databases differ.
pub(super) fn run(old: &Path, new: &Path, all: bool, output: Shown) -> Outcome {
    let difference = compare(old, new).map_err(|e| super::usage(&e))?;
    if output == Shown::Json {
        print_json(&difference)?;
        return Ok(Status::Pass);
    }
    print(|out| {
        for shard in &difference.shards {
            writeln!(out, "{}", one_line(&summary(shard)))?;
            if all {
                for (sign, rows) in [
                    ('+', &shard.added),
                    ('-', &shard.removed),
                    ('~', &shard.changed),
                ] {
                    for row in rows {
                        writeln!(out, "  {sign} {}", one_line(row))?;
                    }
                }
            }
        }
        writeln!(
            out,
            "{} shards differ, {} are the same",
            difference.shards.len(),
            difference.same.len()
        )
    })?;
    Ok(Status::Pass)
}

fn summary(shard: &ShardDifference) -> String {
    let what = match (shard.in_old, shard.in_new) {
        (false, _) => "new",
        (_, false) => "gone",
        _ => "changed",
    };
    if is_table(&shard.key) {
        return format!("{:<24} {what}", shard.key);
    }
    format!(
        "{:<24} {what:<8} {} added, {} removed, {} changed",
        shard.key,
        shard.added.len(),
        shard.removed.len(),
        shard.changed.len()
    )
}
