use seaworthy_matching::{MatchOptions, explain};
use seaworthy_scan::read;
use seaworthy_source::TargetRef;

use crate::args::{ExplainArgs, Global};
use crate::exit::{Outcome, Status};
use crate::output::print;
use crate::progress::Bars;

/// Tells why something is, or is not, reported.
pub(crate) fn run(args: ExplainArgs, global: &Global) -> Outcome {
    let target = TargetRef::parse(&args.target)?;
    let options = super::read_options(&args.source)?;
    let database = super::database(&args.database)?;
    let bars = Bars::new(super::quiet(global));
    let scanned = read(&target, &options, &bars)?;
    let matching = MatchOptions {
        os: options.packages.os,
        language: options.packages.language,
        now_date: Some(crate::time::date(crate::time::now())),
        max_db_age_days: Some(args.database.max_db_age),
    };
    let explanation = explain(&args.id, &scanned.inventory, &database, &matching);
    print(|out| write!(out, "{explanation}"))?;
    Ok(Status::Pass)
}
