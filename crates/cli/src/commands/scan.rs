use std::time::Instant;

use seaworthy_model::{Date, LicenseFinding, Report};
use seaworthy_policy::verdict_table;
use seaworthy_report::merge::{Merged, ScannerRun, merge};
use seaworthy_report::{Commit, Format, GitLabOptions, WriteOptions};
use seaworthy_scan::{
    Canceller, ExternalOptions, ExternalRun, Filter, Running, ScanOptions, assess_all, read,
};
use seaworthy_source::{SourceOptions, TargetRef};
use seaworthy_store::History;

use super::Advisories;
use super::input::{named_target, stored};
use super::judge::Judge;
use super::trend::Kept;
use crate::args::{Global, ScanArgs, Scanner};
use crate::exit::{Failure, Outcome, Status};
use crate::output::{OutputFormat, OutputSpec, RawReport, Written, write_all};
use crate::progress::Bars;

/// Largest report of another scanner, in bytes.
const MAX_REPORT: usize = seaworthy_report::read::MAX_BYTES;

/// Scans every target, writes every report, and ends with the worst exit status of all.
pub(crate) fn run(args: ScanArgs, global: &Global) -> Outcome {
    check_outputs(&args)?;
    let targets = args
        .targets
        .iter()
        .map(|text| named_target(text))
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(file) = args.history.as_deref().filter(|file| file.exists()) {
        History::open_existing(file).map_err(Failure::usage)?;
    }
    let options = options(&args)?;
    let advisories = Advisories::open(&args.database)?;
    let job = Job {
        judge: Judge::of_scan(
            args.policy.as_deref(),
            &args.around,
            args.history.as_deref(),
            &options.read.source,
            &|text| whole(text, &options, &advisories, global),
        )?,
        others: others(&args, &options.read.source),
        canceller: Canceller::default(),
        bars: Bars::new(super::quiet(global)),
        options,
        advisories,
        args: &args,
        global,
    };
    if job.others.is_some() {
        crate::interrupt::end_with(&job.canceller)?;
    }
    let mut worst = Status::Pass;
    for (number, target) in targets.iter().enumerate() {
        if number > 0 && args.output.specs.iter().any(is_shown_table) {
            crate::output::print(|out| writeln!(out))?;
        }
        worst = worst.max(job.scan(target)?);
    }
    Ok(worst)
}

/// A baseline: a stored report, or another image as this scan would see it, without display
/// filters.
fn whole(
    text: &str,
    options: &ScanOptions,
    advisories: &Advisories,
    global: &Global,
) -> Result<Report, Failure> {
    if let Some(input) = stored(text)? {
        return Ok(input.report);
    }
    let options = ScanOptions {
        filter: Filter::default(),
        ..options.clone()
    };
    let bars = Bars::new(super::quiet(global));
    super::scanned(&named_target(text)?, &options, advisories, &bars)
}

fn is_shown_table(spec: &OutputSpec) -> bool {
    spec.file.is_none() && spec.format == OutputFormat::Report(Format::Table)
}

fn options(args: &ScanArgs) -> Result<ScanOptions, Failure> {
    let mut reading = super::read_options(&args.source)?;
    reading.scanners = super::scanners(&args.scanner)?;
    Ok(ScanOptions {
        matching: super::matching(reading.packages, &args.database),
        read: reading,
        filter: Filter {
            severity: args.gate.severity,
            ignore_unfixed: args.gate.ignore_unfixed,
            ignore_status: args.gate.ignore_status.clone(),
            fail_on: args.gate.fail.on,
        },
        allow_unknown: args.gate.allow_unknown,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// What all targets share.
struct Job<'a> {
    args: &'a ScanArgs,
    global: &'a Global,
    options: ScanOptions,
    advisories: Advisories,
    judge: Option<Judge>,
    others: Option<ExternalOptions>,
    canceller: Canceller,
    bars: Bars,
}

impl Job<'_> {
    fn scan(&self, target: &TargetRef) -> Outcome {
        let began = Instant::now();
        let start_time = crate::time::date_time(crate::time::now());
        let mut joined = self.found(target)?;
        // A policy sees what the display filters hide.
        let (gate, verdict) = match &self.judge {
            Some(judge) => {
                let (gate, verdict) = judge.gate(&joined.report, &self.options.filter)?;
                (Some(gate), verdict)
            }
            None => (None, None),
        };
        if let Some(gate) = &gate {
            joined.report.gate.clone_from(gate);
        }
        let mut trend_svg = None;
        if let Some(file) = &self.args.history {
            let environment = self.args.around.environment.as_deref().unwrap_or_default();
            let kept = Kept {
                file,
                days: self.args.history_days,
                project: &self.args.project.name(),
                environment,
            };
            trend_svg = super::trend::remember(&kept, &joined.report, self.judge.as_ref())?;
        }
        let mut report = self.options.filter.filtered(joined.report);
        if let Some(merged) = &mut joined.merged {
            self.options.filter.narrow(merged);
        }
        if let Some(gate) = gate {
            report.gate = gate;
        }
        let mut write = write_options(self.args, self.global, &report);
        write.trend_svg = trend_svg;
        write.start_time = start_time;
        write.elapsed = Some(began.elapsed());
        let written = Written {
            report: &report,
            merged: joined.merged.as_ref(),
            raw: &joined.raw,
            licenses: &joined.licenses,
        };
        for spec in &self.args.output.specs {
            write_all(spec, &written, &write)?;
        }
        // Which rules, where, and the way out: the table tells that the policy is broken only.
        if let Some(verdict) = verdict.filter(|verdict| !verdict.passes())
            && self.args.output.specs.iter().any(is_shown_table)
        {
            let text = verdict_table(&report, &verdict);
            crate::output::print(|out| write!(out, "\n{text}"))?;
        }
        Ok(report.exit_class().into())
    }

    /// All that is wrong with a target, by us and by others.
    fn found(&self, target: &TargetRef) -> Result<Joined, Failure> {
        // They work while we do; an error of ours stops them.
        let running = self
            .others
            .as_ref()
            .map(|others| Running::start(target, others, &self.canceller));
        let mut scanned = read(target, &self.options.read, &self.bars)?;
        let (read, advisories) = (&self.options.read, &self.advisories);
        let database = super::database_for(&mut scanned, target, read, advisories, &self.bars)?;
        let mut all = assess_all(scanned, &database, &self.options);
        super::rules::link(&mut all, self.args.scanner.rules_url.as_deref());
        let mut joined = match running {
            Some(running) => Joined::of(all, running.finish())?,
            None => Joined::alone(all),
        };
        let noticed = |spec: &OutputSpec| spec.format == OutputFormat::Notice;
        if self.args.output.specs.iter().any(noticed) {
            joined.licenses.clone_from(&joined.report.licenses);
        }
        Ok(joined)
    }
}

fn write_options(args: &ScanArgs, global: &Global, report: &Report) -> WriteOptions {
    WriteOptions {
        all: args.rows.all,
        db_age_days: age(report),
        gitlab: GitLabOptions {
            commit: commit(),
            ..GitLabOptions::default()
        },
        ..crate::output::write_options(global)
    }
}

/// The commit that the pipeline of GitLab works on.
pub(crate) fn commit() -> Option<Commit> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let sha = variable("CI_COMMIT_SHA");
    (!sha.is_empty()).then(|| Commit {
        sha,
        author: variable("CI_COMMIT_AUTHOR"),
        date: variable("CI_COMMIT_TIMESTAMP"),
        message: variable("CI_COMMIT_MESSAGE"),
    })
}

/// Our report with what others found, and what they said.
struct Joined {
    report: Report,
    merged: Option<Merged>,
    raw: Vec<RawReport>,
    licenses: Vec<LicenseFinding>,
}

impl Joined {
    const fn alone(report: Report) -> Self {
        Self {
            report,
            merged: None,
            raw: Vec::new(),
            licenses: Vec::new(),
        }
    }

    fn of(report: Report, others: Vec<ExternalRun>) -> Result<Self, Failure> {
        let mut runs = vec![ScannerRun::own(&report).map_err(Failure::failed)?];
        let mut raw = Vec::new();
        for ExternalRun {
            run,
            kinds,
            raw: bytes,
        } in others
        {
            if !bytes.is_empty() {
                raw.push(RawReport {
                    scanner: run.scanner.clone(),
                    kinds,
                    bytes,
                });
            }
            runs.push(run);
        }
        let merged = merge(&runs, env!("CARGO_PKG_VERSION"));
        Ok(Self {
            report: merged.joined(report),
            merged: Some(merged),
            raw,
            licenses: Vec::new(),
        })
    }
}

/// How other scanners are run; none when nobody asks for them.
fn others(args: &ScanArgs, source: &SourceOptions) -> Option<ExternalOptions> {
    use seaworthy_report::merge::ScanKind;

    if args.others.with.is_empty() {
        return None;
    }
    let kinds = [
        (Scanner::Vuln, ScanKind::Vulnerability),
        (Scanner::Secret, ScanKind::Secret),
        (Scanner::Config, ScanKind::Config),
        (Scanner::License, ScanKind::License),
    ]
    .into_iter()
    .filter(|(scanner, _)| args.scanner.scanners.contains(scanner))
    .map(|(_, kind)| kind)
    .collect();
    let platform = source
        .platform
        .clone()
        .unwrap_or_else(seaworthy_oci::Platform::host);
    let ca_file = match source.ca_files.as_slice() {
        [only] => Some(only.clone().into_os_string()),
        _ => None,
    };
    Some(ExternalOptions {
        scanners: args.others.with.clone(),
        kinds,
        time_limit: args.others.with_timeout,
        max_output: MAX_REPORT,
        search_path: std::env::var_os("PATH").unwrap_or_default(),
        platform: platform.to_string(),
        credentials: source.credentials.clone(),
        ca_file,
        insecure: source.insecure,
        plain_http: source.plain_http,
        // Each scanner gets it under its own name, when the target is in a registry.
        withheld: vec!["SEAWORTHY_REGISTRY_PASSWORD"],
    })
}

/// Two reports in one place would overwrite each other, or be no JSON any more.
fn check_outputs(args: &ScanArgs) -> Result<(), Failure> {
    let outputs = &args.output.specs;
    crate::output::one_to_stdout(outputs.iter().map(|spec| &spec.file))?;
    check_formats(args)?;
    for (at, spec) in outputs.iter().enumerate() {
        if let Some(file) = &spec.file
            && outputs[..at].iter().any(|other| {
                other.file.as_ref() == Some(file)
                    && !(spec.format.is_directory() && other.format.is_directory())
            })
        {
            return Err(Failure::usage(format!(
                "two formats go to {}",
                file.display()
            )));
        }
    }
    if args.targets.len() < 2 {
        return Ok(());
    }
    for spec in outputs {
        let distinct = spec.file.as_ref().map_or(
            matches!(
                spec.format,
                OutputFormat::Report(Format::Table) | OutputFormat::Matrix
            ),
            |file| file.to_string_lossy().contains("{target}"),
        );
        if !distinct {
            let name = spec.format.name();
            return Err(
                Failure::usage(format!("several targets and one place for {name}"))
                    .hint(format!("write -o {name}=report-{{target}}")),
            );
        }
    }
    Ok(())
}

/// Formats that need more than was asked for would say nothing.
fn check_formats(args: &ScanArgs) -> Result<(), Failure> {
    let asks = |format: &OutputFormat| args.output.specs.iter().any(|spec| spec.format == *format);
    if asks(&OutputFormat::Notice) && !args.scanner.scanners.contains(&Scanner::License) {
        return Err(
            Failure::usage("a notice is made of licences, and none are looked for")
                .hint("add --scanners license"),
        );
    }
    if asks(&OutputFormat::ScannerReports) && args.others.with.is_empty() {
        return Err(
            Failure::usage("scanner-reports are those of other scanners, and none is run")
                .hint("name some with --with trivy,grype"),
        );
    }
    Ok(())
}

/// Age of the newest advisory in days.
pub(crate) fn age(report: &Report) -> Option<u32> {
    let newest: Date = report.database.date.parse().ok()?;
    let days = crate::time::day(crate::time::now()).since(newest);
    u32::try_from(days.max(0)).ok()
}
