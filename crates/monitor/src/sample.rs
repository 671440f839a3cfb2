//! Small reports for the tests.

use jiff::Timestamp;
use seaworthy_model::{
    CoverageEntry, CoverageKind, DatabaseInfo, Distribution, Finding, GateResult, ImageFacts,
    Inventory, KnownExploited, Layer, MatchReason, Origin, Package, PackageType, Report, Severity,
    ShardInfo, State, Target, TargetKind, Tool,
};

/// A fixed now.
pub(crate) fn now() -> Timestamp {
    "2026-11-25T13:36:51Z".parse().unwrap()
}

/// A Debian image without packages and findings, scanned with a complete database.
pub(crate) fn report(name: &str) -> Report {
    let layer = |index: u32, base| Layer {
        index,
        digest: None,
        diff_id: format!("sha256:{index:064x}"),
        size: 10,
        created_by: None,
        base,
    };
    Report {
        schema_version: Report::SCHEMA_VERSION.to_owned(),
        tool: Tool {
            name: "seaworthy".to_owned(),
            version: "0.1.0".to_owned(),
        },
        target: Target {
            name: name.to_owned(),
            kind: TargetKind::Image,
            source: "registry".to_owned(),
        },
        inventory: Inventory {
            distribution: Some(Distribution {
                id: "debian".to_owned(),
                version: "12.5".to_owned(),
                name: "Debian 12.5".to_owned(),
            }),
            image: Some(ImageFacts {
                manifest_digest: Some(format!("sha256:{:064x}", 7)),
                platform: "linux/amd64".to_owned(),
                user: "1000:1000".to_owned(),
                layers: vec![layer(0, true), layer(1, false)],
                ..ImageFacts::default()
            }),
            ..Inventory::default()
        },
        scanners: ["vuln", "secret", "config", "license"]
            .map(str::to_owned)
            .to_vec(),
        gate: GateResult {
            passed: true,
            ..GateResult::default()
        },
        database: DatabaseInfo {
            location: "/var/lib/seaworthy/db".to_owned(),
            date: "2026-11-23".to_owned(),
            shards: vec![ShardInfo {
                key: "debian:12".to_owned(),
                date: "2026-11-23".to_owned(),
                digest: String::new(),
            }],
            tables: ["epss", "kev", "published"].map(str::to_owned).to_vec(),
        },
        ..Report::default()
    }
}

/// Adds a deb package, or gives the index of the one that is there.
pub(crate) fn package(report: &mut Report, name: &str, version: &str) -> usize {
    package_of(report, PackageType::Deb, name, version)
}

/// The same for any kind.
pub(crate) fn package_of(
    report: &mut Report,
    kind: PackageType,
    name: &str,
    version: &str,
) -> usize {
    let packages = &mut report.inventory.packages;
    let found = packages
        .iter()
        .position(|p| p.kind == kind && p.name == name && p.version == version);
    found.unwrap_or_else(|| {
        packages.push(Package::new(kind, name, version, "var/lib/dpkg/status"));
        packages.len() - 1
    })
}

/// Adds a finding without a fix in a deb package.
pub(crate) fn vulnerable(
    report: &mut Report,
    id: &str,
    name: &str,
    version: &str,
    severity: Severity,
) {
    let package = package(report, name, version);
    report.findings.push(finding(id, package, severity));
}

/// A finding without a fix.
pub(crate) fn finding(id: &str, package: usize, severity: Severity) -> Finding {
    Finding {
        id: id.to_owned(),
        aliases: Vec::new(),
        package,
        state: State::Affected,
        severity,
        severity_source: "debian".to_owned(),
        ratings: Vec::new(),
        epss: None,
        published: None,
        kev: None,
        fixed_version: None,
        fix_command: None,
        origin: Origin::Unknown,
        reason: MatchReason::default(),
    }
}

/// Marks the last finding as known exploited.
pub(crate) fn exploited(report: &mut Report) {
    if let Some(finding) = report.findings.last_mut() {
        finding.kev = Some(KnownExploited {
            date_added: "2026-01-01".to_owned(),
            due_date: String::new(),
            ransomware: false,
        });
    }
}

/// Adds a gap.
pub(crate) fn gap(report: &mut Report, kind: CoverageKind, subject: &str) {
    report
        .inventory
        .coverage
        .add(CoverageEntry::new(kind, subject, "not read"));
}

/// A string that attacks every medium.
pub(crate) const EVIL: &str = "\u{1b}[2J<script>alert(1)</script>\"'&|`\\*\u{202e}\u{0}\r\n=cmd{}";
