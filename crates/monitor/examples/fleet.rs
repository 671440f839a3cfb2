//! How long it takes to read and measure many reports.
//!
//! `fleet write DIRECTORY [COUNT]` generates reports, each with 400 packages and 120 findings;
//! `fleet read DIRECTORY` reads and measures them, and says how long that took.
//! Build it with `--release`.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use seaworthy_model::{
    Date, Epss, Finding, ImageFacts, MatchReason, Origin, Package, PackageType, Rating, Report,
    Severity, State, Tool,
};
use seaworthy_monitor::{
    AssessOptions, Context, FinalStatus, Fleet, Measurement, Waivers, assess, measure, openmetrics,
};

const PACKAGES: usize = 400;
const FINDINGS: usize = 120;

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write", directory] => write(Path::new(directory), 1000),
        ["write", directory, count] => write(Path::new(directory), count.parse()?),
        ["read", directory] => read(Path::new(directory)),
        _ => Err("usage: fleet write DIRECTORY [COUNT] | fleet read DIRECTORY".into()),
    }
}

fn write(directory: &Path, count: usize) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    std::fs::create_dir_all(directory)?;
    for at in 0..count {
        let path = directory.join(format!("report-{at:05}.json"));
        std::fs::write(path, serde_json::to_vec_pretty(&report(at))?)?;
    }
    println!("{count} reports");
    Ok(())
}

fn read(directory: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let started = Instant::now();
    let mut paths: Vec<_> = std::fs::read_dir(directory)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    let now: Timestamp = "2026-11-25T12:00:00Z".parse()?;
    let first: Report =
        serde_json::from_slice(&std::fs::read(paths.first().ok_or("no reports")?)?)?;
    let threads = std::thread::available_parallelism()?.get();
    let parts: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = paths
            .chunks(paths.len().div_ceil(threads))
            .map(|part| scope.spawn(|| part_of(part, &first, now)))
            .collect();
        workers
            .into_iter()
            .map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|_| Err("a worker failed".into()))
            })
            .collect::<Result<_, _>>()
    })?;
    let (mut fleet, mut bytes, mut secure) = (Fleet::default(), 0, 0);
    for part in parts {
        fleet.extend(part.measurements);
        bytes += part.bytes;
        secure += part.secure;
    }
    let summary = fleet.summary(now);
    let text = openmetrics(&fleet, now);
    println!(
        "{} reports, {} MB, assessed and measured in {:.2} s; {secure} secure, {} images, {} bytes of OpenMetrics",
        paths.len(),
        bytes / 1_000_000,
        started.elapsed().as_secs_f64(),
        summary.images,
        text.len()
    );
    Ok(())
}

struct Part {
    measurements: Vec<Measurement>,
    bytes: usize,
    secure: usize,
}

/// Measures reports, and assesses each against the first one.
fn part_of(
    paths: &[PathBuf],
    first: &Report,
    now: Timestamp,
) -> Result<Part, Box<dyn std::error::Error + Send + Sync>> {
    let options = AssessOptions {
        project: "shop".to_owned(),
        now,
        waivers: Waivers::default(),
    };
    let mut part = Part {
        measurements: Vec::with_capacity(paths.len()),
        bytes: 0,
        secure: 0,
    };
    for path in paths {
        let text = std::fs::read(path)?;
        part.bytes += text.len();
        let report: Report = serde_json::from_slice(&text)?;
        part.measurements
            .push(measure(&report, &Context::default()));
        let assessment = assess(first, &report, &options);
        part.secure += usize::from(assessment.final_status == FinalStatus::Secure);
    }
    Ok(part)
}

/// A report that differs a little from its neighbours.
fn report(at: usize) -> Report {
    let mut report = Report {
        schema_version: Report::SCHEMA_VERSION.to_owned(),
        // By its name the program tells our reports from those of others.
        tool: Tool {
            name: "seaworthy".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        ..Report::default()
    };
    report.target.name = format!("registry.example.com/shop/service-{at}:1.8");
    report.gate.passed = true;
    report.scanners = vec!["vuln".to_owned()];
    report.inventory.image = Some(ImageFacts {
        manifest_digest: Some(format!("sha256:{at:064x}")),
        platform: "linux/amd64".to_owned(),
        ..ImageFacts::default()
    });
    report.inventory.packages = (0..PACKAGES)
        .map(|n| {
            let version = format!("1.{}.{}-1+deb12u1", n % 17, (n + at) % 5);
            Package::new(
                PackageType::Deb,
                format!("package-{n}"),
                version,
                "var/lib/dpkg/status",
            )
        })
        .collect();
    report.findings = (0..FINDINGS).map(|n| finding(n + at % 40, n * 3)).collect();
    report.counts = Report::count(&report.findings);
    report
}

fn finding(number: usize, package: usize) -> Finding {
    let severity = Severity::WORST_FIRST[number % 6];
    Finding {
        id: format!("CVE-2026-{:05}", 1000 + number),
        aliases: vec![format!("GHSA-0000-0000-{number:04}")],
        package,
        state: State::Fixed,
        severity,
        severity_source: "debian".to_owned(),
        ratings: vec![Rating {
            source: "nvd".to_owned(),
            severity,
            vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned()),
            score: Some(9.8),
        }],
        epss: Some(Epss {
            score: 0.01,
            percentile: 0.7,
        }),
        published: Some(Date::from_days(20_000 + (number % 700) as i32)),
        kev: None,
        fixed_version: Some("2.0".to_owned()),
        fix_command: Some("apt-get install --only-upgrade package".to_owned()),
        origin: Origin::Base,
        reason: MatchReason {
            source: "debian-tracker".to_owned(),
            shard: "debian:12".to_owned(),
            advisory: None,
            package: "package".to_owned(),
            version: "1.0".to_owned(),
            range: "< 2.0".to_owned(),
            scheme: "deb".to_owned(),
        },
    }
}
