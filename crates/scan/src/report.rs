use seaworthy_matching::{MatchOptions, Matched, match_inventory};
use seaworthy_model::{DatabaseInfo, GateResult, Report, Support, Tool};
use seaworthy_source::TargetRef;

use crate::{Database, Error, Filter, ReadOptions, Scanned, Watcher, read};

/// Everything that decides about a report besides target and database.
#[derive(Debug, Clone, Default)]
pub struct ScanOptions {
    /// How the target is read.
    pub read: ReadOptions,
    /// How packages are looked up.
    pub matching: MatchOptions,
    /// Which findings are shown, and which break the gate.
    pub filter: Filter,
    /// Accept an answer that is worthless in part.
    pub allow_unknown: bool,
    /// The program's version, for the report.
    pub version: String,
}

/// Scans one target.
///
/// # Errors
/// When the target cannot be read at all.
pub fn scan(
    target: &TargetRef,
    database: &Database,
    options: &ScanOptions,
    watcher: &dyn Watcher,
) -> Result<Report, Error> {
    let scanned = read(target, &options.read, watcher)?;
    Ok(assess(scanned, database, options))
}

/// Says what is wrong with what was read, after the filter of the options.
#[must_use]
pub fn assess(scanned: Scanned, database: &Database, options: &ScanOptions) -> Report {
    options
        .filter
        .filtered(assess_all(scanned, database, options))
}

/// Says all that is wrong with what was read: what a policy or a merge sees. [`Filter::filtered`]
/// makes of it what is shown.
#[must_use]
pub fn assess_all(scanned: Scanned, database: &Database, options: &ScanOptions) -> Report {
    let Scanned {
        target,
        mut inventory,
        secrets,
        misconfigurations,
        licenses,
    } = scanned;
    let matched = if options.read.scanners.vulnerabilities {
        match_inventory(&inventory, database, &options.matching)
    } else {
        Matched::default()
    };
    inventory.coverage.entries.extend(matched.coverage);
    inventory.coverage.normalise();
    let counts = Report::count(&matched.findings);
    let date = matched
        .shards
        .iter()
        .map(|shard| shard.date.as_str())
        .max()
        .unwrap_or_default()
        .to_owned();
    Report {
        schema_version: Report::SCHEMA_VERSION.to_owned(),
        tool: Tool {
            name: "seaworthy".to_owned(),
            version: options.version.clone(),
        },
        target,
        scanners: options
            .read
            .scanners
            .names()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        // They depend on what is shown.
        remediations: Vec::new(),
        counts,
        inventory,
        hidden: 0,
        findings: matched.findings,
        secrets,
        misconfigurations,
        licenses,
        gate: GateResult {
            passed: true,
            ..GateResult::default()
        },
        database: DatabaseInfo {
            location: database.location().to_owned(),
            date,
            shards: matched.shards,
            tables: (database.tables().into_iter()).map(str::to_owned).collect(),
        },
        support: matched.life.map(|life| Support {
            end: life.end,
            ended: life.ended,
        }),
        unknown_allowed: options.allow_unknown,
    }
}
