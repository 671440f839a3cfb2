//! One policy, one verdict: from files and reports to what may sail.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use seaworthy_model::Report;
use seaworthy_policy::{
    Explanation, INIT_CASES, INIT_POLICY, OpenVexOptions, Policy, ReportContext, Verdict, openvex,
    policy_report, read_cases, run_cases, security_summary, verdict_table,
};
use seaworthy_scan::PolicyIncludes;

use super::input::{Input, Reader};
use super::judge::{Judge, MAX, load, shown};
use super::read_bytes;
use crate::args::{CheckArgs, ExplainRuleArgs, Global, PolicyCommand, RuleArgs, VexArgs};
use crate::exit::{Failure, Outcome, Status};
use crate::output::{file_named, print, put, write_file};
use crate::terminal::one_line;

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

/// Runs a command on policies.
pub(crate) fn run(command: PolicyCommand, global: &Global) -> Outcome {
    match command {
        PolicyCommand::Init { out } => init(&out, global),
        PolicyCommand::Check(args) => check(args, global),
        PolicyCommand::Test { policy, cases } => test(&policy, cases),
        PolicyCommand::Explain(args) => explain(args, global),
    }
}

/// What is known of each vulnerability, for those who use the image.
pub(crate) fn vex(args: VexArgs, global: &Global) -> Outcome {
    let reader = Reader::new(&args.input, global)?;
    let judge = Judge::of_standing(&args.standing, reader.source())?;
    let Input { report, .. } = reader.report(&args.report)?;
    let verdict = judge.verdict(&report)?;
    let timestamp = format!("{}Z", crate::time::date_time(crate::time::now()));
    let options = OpenVexOptions {
        author: &args.author,
        timestamp: &timestamp,
        image: report.target.image(),
    };
    let text = openvex(&report, &verdict, &options)
        .map_err(|e| Failure::failed(format!("cannot write the document: {e}")))?;
    put(args.out.as_deref(), &text)?;
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

fn init(out: &Path, global: &Global) -> Outcome {
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
    if !global.quiet {
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
    }
    Ok(Status::Pass)
}

/// The policy that the options name, with what is around it.
fn judge(rules: &RuleArgs, reader: &Reader) -> Result<Judge, Failure> {
    // Without one, everything would be new today, and no deadline ever pass.
    if let Some(file) = rules.history.as_deref().filter(|file| !file.exists()) {
        return Err(
            Failure::usage(format!("there is no history at {}", file.display()))
                .hint("`seaworthy scan TARGET --history FILE` keeps one"),
        );
    }
    Judge::new(
        Some(&rules.policy),
        &rules.around,
        rules.history.as_deref(),
        reader.source(),
        &|text| Ok(reader.report(text)?.report),
    )
}

fn check(args: CheckArgs, global: &Global) -> Outcome {
    let outputs = &args.output.specs;
    crate::output::distinct_places(outputs.iter().map(|spec| &spec.file))?;
    let several = args.reports.len() > 1;
    for spec in outputs {
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
    let reader = Reader::new(&args.input, global)?;
    let judge = judge(&args.rules, &reader)?;
    let project = args.project.name();
    let mut written = BTreeSet::new();
    let mut worst = Status::Pass;
    for text in &args.reports {
        let Input { report, .. } = reader.report(text)?;
        let verdict = judge.verdict(&report)?;
        for spec in outputs {
            let file = spec.file.as_ref();
            let file = file.map(|file| file_named(file, &report.target.name));
            if let Some(file) = file
                .as_ref()
                .filter(|file| !written.insert((*file).clone()))
            {
                return Err(Failure::usage(format!(
                    "two reports are about {}, and both go to {}",
                    report.target.name,
                    file.display()
                ))
                .hint("check them one by one"));
            }
            write(spec.format, file.as_deref(), &report, &verdict, &project)?;
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
    format: PolicyFormat,
    file: Option<&Path>,
    report: &Report,
    verdict: &Verdict,
    project: &str,
) -> Result<(), Failure> {
    let scan_date = crate::time::date_time(crate::time::now());
    let context = ReportContext {
        project,
        image: report.target.image(),
        scan_date: &format!("{scan_date}Z"),
    };
    let failed = |e: serde_json::Error| Failure::failed(format!("cannot write the verdict: {e}"));
    let text = match format {
        PolicyFormat::Table => verdict_table(report, verdict),
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
    put(file, &text)
}

fn test(policy: &Path, cases: Option<PathBuf>) -> Outcome {
    // A policy that is wrong is the user's mistake, not a failed case.
    let source = super::environment();
    load(policy, None, &source)?;
    let file = cases.unwrap_or_else(|| cases_of(policy));
    let bytes = read_bytes(&file, MAX).map_err(|failure| {
        failure.hint("the cases stand beside the policy; --cases names others")
    })?;
    let cases = read_cases(&shown(&file), &bytes).map_err(Failure::usage)?;
    let includes = PolicyIncludes::new(source);
    let bytes = read_bytes(policy, MAX)?;
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    let results = run_cases(
        &cases,
        &|environment| Policy::load(&shown(policy), &bytes, environment, &includes),
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
    let reader = Reader::new(&args.input, global)?;
    let judge = judge(&args.rules, &reader)?;
    let Input { report, .. } = reader.report(&args.report)?;
    let answers = judge.explain(&report, &args.id)?;
    print(|out| tell(&args.id, &report, &answers, out))?;
    Ok(Status::Pass)
}

// The table of a verdict is made in `policy` (`verdict_table`), for it needs no more than a verdict
// and the model's report; `report` is on the same floor and must not know of verdicts. What is
// printed here is a command's alone.
fn tell(id: &str, report: &Report, answers: &[Explanation], out: &mut dyn Write) -> io::Result<()> {
    if answers.is_empty() {
        writeln!(
            out,
            "{} is not in the report; `seaworthy explain` tells why",
            one_line(id)
        )?;
    }
    for answer in answers {
        let finding = &report.findings[answer.finding];
        let package = report.inventory.packages.get(finding.package);
        let (name, version) = package.map_or(("", ""), |p| (p.name.as_str(), p.version.as_str()));
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
}
