//! One policy, one verdict: from files and reports to what may sail.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use seaworthy_model::Report;
use seaworthy_policy::{
    Baseline, Date, Exceptions, Facts, INIT_CASES, INIT_POLICY, IncludeSource, Includes,
    OpenVexOptions, Outcome as RuleOutcome, Policy, ReportContext, Status as PolicyStatus, Subject,
    Verdict, VexDocument, Violation, Waiver, check_waivers, evaluate, openvex, policy_report,
    read_cases, run_cases, security_summary,
};
use seaworthy_scan::{container_facts, dockerfile_facts};

use super::input::{Input, Reader};
use super::read_bytes;
use crate::args::{AroundArgs, CheckArgs, ExplainRuleArgs, Global, PolicyCommand, VexArgs};
use crate::exit::{Failure, Outcome, Status};
use crate::output::{file_named, print, write_file};
use crate::terminal::one_line;

/// Largest file of a policy's that is read, in bytes.
const MAX: u64 = 64 << 20;

/// What a check can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PolicyFormat {
    Table,
    Json,
    PolicyReport,
    SecuritySummary,
}

/// `FORMAT` or `FORMAT=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PolicySpec {
    pub(crate) format: PolicyFormat,
    pub(crate) file: Option<PathBuf>,
}

impl FromStr for PolicySpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, file) = crate::output::format_and_file(text)?;
        let format = match word {
            "table" => PolicyFormat::Table,
            "json" => PolicyFormat::Json,
            "policy-report" => PolicyFormat::PolicyReport,
            "security-summary" => PolicyFormat::SecuritySummary,
            _ => {
                return Err(format!(
                    "`{word}` is not a format (table, json, policy-report, security-summary)"
                ));
            }
        };
        Ok(Self { format, file })
    }
}

/// Included files, from disks only: what comes over a network is not fetched by this build.
struct Disk;

impl Includes for Disk {
    fn fetch(
        &self,
        from: &str,
        source: &IncludeSource,
        _digest: Option<&seaworthy_oci::Digest>,
    ) -> Result<Vec<u8>, String> {
        match source {
            IncludeSource::File(path) => {
                let folder = Path::new(from).parent().unwrap_or(Path::new(""));
                read_bytes(&folder.join(path), MAX).map_err(|failure| failure.message)
            }
            IncludeSource::Url(text) | IncludeSource::Oci(text) => Err(format!(
                "{text} is on a network, and this build includes files only; fetch it first"
            )),
        }
    }
}

/// A policy and all that is told to it beside the report.
pub(crate) struct Judge {
    policy: Policy,
    name: String,
    facts: Facts,
    waivers: Vec<Waiver>,
    vex: Vec<VexDocument>,
    baseline: Option<Baseline>,
    now: Date,
}

impl Judge {
    pub(crate) fn load(path: &Path, around: &AroundArgs) -> Result<Self, Failure> {
        Self::with(
            load(path, around.environment.as_deref())?,
            shown(path),
            around,
        )
    }

    fn with(policy: Policy, name: String, around: &AroundArgs) -> Result<Self, Failure> {
        let now: Date = crate::time::date(crate::time::now())
            .parse()
            .map_err(Failure::failed)?;
        let mut waivers = Vec::new();
        for file in &around.waivers {
            waivers.extend(
                Waiver::read(&shown(file), &read_bytes(file, MAX)?).map_err(Failure::usage)?,
            );
        }
        check_waivers(&waivers, &policy, now).map_err(Failure::usage)?;
        let mut vex = Vec::new();
        for file in &around.vex {
            vex.push(
                VexDocument::read(&shown(file), &read_bytes(file, MAX)?).map_err(Failure::usage)?,
            );
        }
        let baseline = match &around.baseline {
            Some(file) => Some(
                Baseline::read(&shown(file), &read_bytes(file, u64::MAX)?)
                    .map_err(Failure::usage)?,
            ),
            None => None,
        };
        Ok(Self {
            policy,
            name,
            facts: facts(around)?,
            waivers,
            vex,
            baseline,
            now,
        })
    }

    fn exceptions(&self) -> Exceptions<'_> {
        Exceptions {
            waivers: &self.waivers,
            vex: &self.vex,
            baseline: self.baseline.as_ref(),
        }
    }

    /// What the policy says about a report.
    pub(crate) fn verdict(&self, report: &Report) -> Verdict {
        let facts = Facts {
            scanners: Some(report.scanners.clone()).filter(|ran| !ran.is_empty()),
            ..self.facts.clone()
        };
        let subject = Subject {
            report,
            facts: &facts,
            now: self.now,
        };
        evaluate(&self.policy, subject, &self.exceptions())
    }

    /// The policy's file, for people.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn load(path: &Path, environment: Option<&str>) -> Result<Policy, Failure> {
    let bytes = read_bytes(path, MAX)
        .map_err(|failure| failure.hint("`seaworthy policy init` writes one to begin with"))?;
    Policy::load(&shown(path), &bytes, environment, &Disk).map_err(Failure::usage)
}

fn facts(around: &AroundArgs) -> Result<Facts, Failure> {
    let mut facts = Facts::default();
    if !around.dockerfile.is_empty() {
        let mut all = Vec::new();
        for file in &around.dockerfile {
            all.push(dockerfile_facts(&shown(file), &read_bytes(file, MAX)?));
        }
        facts.dockerfiles = Some(all);
    }
    if !around.manifest.is_empty() {
        let mut all = Vec::new();
        for file in &around.manifest {
            all.extend(
                container_facts(&shown(file), &read_bytes(file, MAX)?).map_err(Failure::usage)?,
            );
        }
        facts.containers = Some(all);
    }
    Ok(facts)
}

/// Runs a command on policies.
pub(crate) fn run(command: PolicyCommand, global: &Global) -> Outcome {
    match command {
        PolicyCommand::Init { out } => init(&out),
        PolicyCommand::Check(args) => check(args, global),
        PolicyCommand::Test { policy, cases } => test(&policy, cases),
        PolicyCommand::Explain(args) => explain(args, global),
    }
}

/// What is known of each vulnerability, for those who use the image.
pub(crate) fn vex(args: VexArgs, global: &Global) -> Outcome {
    let judge = match &args.policy {
        Some(path) => Judge::load(path, &args.around)?,
        None => {
            let rules = Policy::load("no policy", b"version: \"1.0\"\n", None, &Disk)
                .map_err(Failure::failed)?;
            Judge::with(rules, "no policy".to_owned(), &args.around)?
        }
    };
    let reader = Reader::new(&args.source, &args.database, global)?;
    let Input { report, .. } = reader.report(&args.report)?;
    let verdict = judge.verdict(&report);
    let timestamp = format!("{}Z", crate::time::date_time(crate::time::now()));
    let options = OpenVexOptions {
        author: &args.author,
        timestamp: &timestamp,
        image: &report.target.name,
    };
    let text = openvex(&report, &verdict, &options)
        .map_err(|e| Failure::failed(format!("cannot write the document: {e}")))?;
    match &args.out {
        Some(file) => write_file(file, |out| out.write_all(text.as_bytes()))?,
        None => print(|out| out.write_all(text.as_bytes()))?,
    }
    Ok(
        if report.inventory.coverage.has_fatal() && !report.unknown_allowed {
            Status::NotAssessed
        } else {
            Status::Pass
        },
    )
}

/// The file of cases beside a policy.
fn cases_of(policy: &Path) -> PathBuf {
    policy.with_extension("test.yaml")
}

fn init(out: &Path) -> Outcome {
    let cases = cases_of(out);
    for path in [out, &cases] {
        if path.exists() {
            return Err(
                Failure::usage(format!("{} is there already", path.display()))
                    .hint("--out names another file"),
            );
        }
    }
    write_file(out, |file| file.write_all(INIT_POLICY.as_bytes()))?;
    write_file(&cases, |file| file.write_all(INIT_CASES.as_bytes()))?;
    print(|text| {
        writeln!(
            text,
            "{}\n{}\nnext: seaworthy policy test {}, seaworthy policy check --policy {} TARGET",
            out.display(),
            cases.display(),
            out.display(),
            out.display()
        )
    })?;
    Ok(Status::Pass)
}

fn check(args: CheckArgs, global: &Global) -> Outcome {
    crate::output::one_to_stdout(args.output.iter().map(|spec| &spec.file))?;
    let several = args.reports.len() > 1;
    for spec in &args.output {
        let distinct = spec
            .file
            .as_ref()
            .map_or(spec.format == PolicyFormat::Table, |file| {
                file.to_string_lossy().contains("{target}")
            });
        if several && !distinct {
            return Err(
                Failure::usage("several reports and one place for their results")
                    .hint("put {target} into the file's name"),
            );
        }
    }
    let judge = Judge::load(&args.rules.policy, &args.rules.around)?;
    let mut reader = Reader::new(&args.source, &args.database, global)?;
    reader.scanners(super::scanners(&args.scanner)?);
    let mut worst = Status::Pass;
    for text in &args.reports {
        let Input { report, .. } = reader.report(text)?;
        let verdict = judge.verdict(&report);
        for spec in &args.output {
            write(spec, &report, &verdict, &args.project)?;
        }
        worst = worst.max(status_of(&verdict, &report));
    }
    Ok(worst)
}

fn status_of(verdict: &Verdict, report: &Report) -> Status {
    if report.inventory.coverage.has_fatal() && !report.unknown_allowed {
        Status::NotAssessed
    } else if verdict.passes() {
        Status::Pass
    } else {
        Status::GateFailed
    }
}

fn write(
    spec: &PolicySpec,
    report: &Report,
    verdict: &Verdict,
    project: &str,
) -> Result<(), Failure> {
    let scan_date = crate::time::date_time(crate::time::now());
    let context = ReportContext {
        project,
        image: &report.target.name,
        scan_date: &format!("{scan_date}Z"),
    };
    let failed = |e: serde_json::Error| Failure::failed(format!("cannot write the verdict: {e}"));
    let text = match spec.format {
        PolicyFormat::Table => table(report, verdict),
        PolicyFormat::Json => {
            format!(
                "{}\n",
                serde_json::to_string_pretty(verdict).map_err(failed)?
            )
        }
        PolicyFormat::PolicyReport => policy_report(verdict, &context).map_err(failed)?,
        PolicyFormat::SecuritySummary => {
            security_summary(report, verdict, &context).map_err(failed)?
        }
    };
    match &spec.file {
        Some(file) => write_file(&file_named(file, &report.target.name), |out| {
            out.write_all(text.as_bytes())
        }),
        None => print(|out| out.write_all(text.as_bytes())),
    }
}

/// The verdict for people: the answer, then each broken rule with its place and the way out.
fn table(report: &Report, verdict: &Verdict) -> String {
    let mut lines = vec![one_line(&report.target.name)];
    let broken = verdict.violations.len();
    lines.push(match verdict.status {
        PolicyStatus::Pass => format!("SEAWORTHY: {} rules hold", verdict.passed.len()),
        PolicyStatus::Warn => format!(
            "SEAWORTHY with {} warnings: {} rules hold",
            verdict.warnings.len(),
            verdict.passed.len()
        ),
        PolicyStatus::Fail => format!(
            "NOT SEAWORTHY: {broken} {} broken, {} hold",
            if broken == 1 { "rule is" } else { "rules are" },
            verdict.passed.len()
        ),
    });
    for (title, list) in [
        ("", &verdict.violations),
        ("Warnings", &verdict.warnings),
        ("Not assessed, and let pass", &verdict.not_assessed),
    ] {
        if list.is_empty() {
            continue;
        }
        lines.push(String::new());
        if !title.is_empty() {
            lines.push(title.to_owned());
        }
        for violation in list {
            lines.extend(rule_lines(violation));
        }
    }
    if !verdict.waived.is_empty() || !verdict.vex.is_empty() || !verdict.known.is_empty() {
        lines.push(String::new());
        lines.push(format!(
            "excused: {} by waivers, {} by VEX, {} known before",
            verdict.waived.len(),
            verdict.vex.iter().filter(|note| note.cleared).count(),
            verdict.known.len()
        ));
    }
    for note in &verdict.waiver_notes {
        lines.push(format!("{}: {}", note.waiver.short(), note.message));
    }
    lines
        .iter()
        .map(|line| format!("{}\n", one_line(line).trim_end()))
        .collect()
}

/// Causes that are shown of each rule.
const SHOWN: usize = 3;

fn rule_lines(violation: &Violation) -> Vec<String> {
    let mark = match violation.outcome {
        RuleOutcome::Broken => "x",
        RuleOutcome::NotAssessed => "?",
    };
    let mut lines = vec![
        format!("{mark} {}: {}", violation.rule, violation.message),
        format!("    rule    {}", violation.policy.short()),
    ];
    for cause in violation.causes.iter().take(SHOWN) {
        let words = [
            &cause.id,
            &cause.package,
            &cause.version,
            &cause.severity,
            &cause.location,
        ];
        let words: Vec<&str> = words
            .into_iter()
            .map(String::as_str)
            .filter(|word| !word.is_empty())
            .collect();
        lines.push(format!("    because {}", words.join(" ")));
    }
    let more = violation.causes.len().saturating_sub(SHOWN);
    if more > 0 {
        lines.push(format!("            and {more} more"));
    }
    if !violation.remedy.is_empty() {
        lines.push(format!("    do      {}", violation.remedy));
    }
    lines
}

fn test(policy: &Path, cases: Option<PathBuf>) -> Outcome {
    let file = cases.unwrap_or_else(|| cases_of(policy));
    let cases = read_cases(&shown(&file), &read_bytes(&file, MAX)?).map_err(Failure::usage)?;
    // A policy that is wrong is the user's mistake, not a failed case.
    load(policy, None)?;
    let bytes = read_bytes(policy, MAX)?;
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    let results = run_cases(
        &cases,
        &|environment| Policy::load(&shown(policy), &bytes, environment, &Disk),
        &|name| {
            let text = super::read_text(&folder.join(name)).map_err(|failure| failure.message)?;
            serde_json::from_str(&text).map_err(|e| format!("{name}: {e}"))
        },
    );
    let failed = results.iter().filter(|result| !result.passed()).count();
    print(|out| {
        for result in &results {
            let word = if result.passed() { "ok" } else { "FAILED" };
            writeln!(out, "{word}  {}", one_line(&result.name))?;
            for difference in &result.differences {
                writeln!(
                    out,
                    "    {}: {}",
                    result.place.short(),
                    one_line(difference)
                )?;
            }
        }
        writeln!(out, "{} passed, {failed} failed", results.len() - failed)
    })?;
    Ok(if failed == 0 {
        Status::Pass
    } else {
        Status::GateFailed
    })
}

fn explain(args: ExplainRuleArgs, global: &Global) -> Outcome {
    let judge = Judge::load(&args.rules.policy, &args.rules.around)?;
    let mut reader = Reader::new(&args.source, &args.database, global)?;
    reader.scanners(super::scanners(&args.scanner)?);
    let Input { report, .. } = reader.report(&args.report)?;
    let subject = Subject {
        report: &report,
        facts: &judge.facts,
        now: judge.now,
    };
    let answers = seaworthy_policy::explain(&judge.policy, subject, &judge.exceptions(), &args.id);
    print(|out| {
        if answers.is_empty() {
            writeln!(
                out,
                "{} is not in the report; `seaworthy explain` tells why",
                one_line(&args.id)
            )?;
        }
        for answer in &answers {
            let finding = &report.findings[answer.finding];
            let package = report.inventory.packages.get(finding.package);
            let (name, version) =
                package.map_or(("", ""), |p| (p.name.as_str(), p.version.as_str()));
            writeln!(
                out,
                "{} {} in {} {}",
                one_line(&finding.id),
                finding.severity,
                one_line(name),
                one_line(version)
            )?;
            if let Some(why) = &answer.excused {
                writeln!(out, "  excused: {}", one_line(why))?;
            }
            for rule in &answer.rules {
                writeln!(
                    out,
                    "  {} {} ({}, allows {}, {})",
                    rule.place.short(),
                    rule.rule,
                    rule.action.name(),
                    rule.max,
                    if rule.broken { "broken" } else { "holds" }
                )?;
            }
            writeln!(out, "  to waive it:")?;
            for line in answer.waiver.lines() {
                writeln!(out, "    {}", one_line(line))?;
            }
        }
        Ok(())
    })?;
    Ok(Status::Pass)
}
