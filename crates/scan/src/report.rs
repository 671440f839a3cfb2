use seaworthy_matching::{MatchOptions, match_inventory, remediations};
use seaworthy_model::{
    CoverageEntry, CoverageKind, DatabaseInfo, Inventory, Report, Support, Tool,
};
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
    /// Scanners that were asked for and that this build does not have.
    pub missing_scanners: Vec<String>,
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

/// Says what is wrong with what was read.
#[must_use]
pub fn assess(scanned: Scanned, database: &Database, options: &ScanOptions) -> Report {
    let Scanned {
        target,
        mut inventory,
    } = scanned;
    let matched = match_inventory(&inventory, database, &options.matching);
    inventory.coverage.entries.extend(matched.coverage);
    note_missing_scanners(&mut inventory, options);
    inventory.coverage.normalise();
    let filtered = options.filter.apply(matched.findings);
    let counts = Report::count(&filtered.shown);
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
        remediations: remediations(&inventory, &filtered.shown),
        counts,
        inventory,
        hidden: filtered.hidden,
        findings: filtered.shown,
        secrets: Vec::new(),
        misconfigurations: Vec::new(),
        licenses: Vec::new(),
        gate: filtered.gate,
        database: DatabaseInfo {
            location: database.location().to_owned(),
            date,
            shards: matched.shards,
        },
        support: matched.life.map(|life| Support {
            end: life.end,
            ended: life.ended,
        }),
        unknown_allowed: options.allow_unknown,
    }
}

fn note_missing_scanners(inventory: &mut Inventory, options: &ScanOptions) {
    for name in &options.missing_scanners {
        inventory.coverage.add(CoverageEntry::new(
            CoverageKind::ScannerMissing,
            name.as_str(),
            "this scanner is not part of this build; only vuln is",
        ));
    }
}
