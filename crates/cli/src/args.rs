//! What users may write on the command line.

mod db;
mod dockerfile;
mod gate;
mod generate;
mod gitlab;
mod monitor;
mod policy;
mod scanners;
mod source;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::output::OutputSpec;
use crate::terminal::ColorChoice;

pub(crate) use db::{
    DatabaseArgs, DbCommand, DirectoryArgs, PublishArgs, Shown, UpdateArgs, VerifyArgs,
};
pub(crate) use dockerfile::{DockerfileCommand, LintArgs};
pub(crate) use gate::{FailOnArgs, GateArgs, OutputArgs, ProjectArgs, RowsArgs};
pub(crate) use generate::{AlertsArgs, GenerateCommand, MergeArgs, MergeOutput};
pub(crate) use gitlab::{GitlabCommand, GitlabDependenciesArgs, GitlabScanArgs};
pub(crate) use monitor::{
    AssessArgs, ComplianceArgs, DiffArgs, MetricsArgs, StandingArgs, TrendArgs,
};
pub(crate) use policy::{
    AroundArgs, CheckArgs, ExcuseArgs, ExplainRuleArgs, PolicyCommand, RuleArgs, VexArgs,
};
pub(crate) use scanners::{RulesArgs, Scanner, ScannerArgs, WithArgs};
pub(crate) use source::{InputArgs, PackageKind, SourceArgs};

/// Decides whether a container image may sail: finds what is wrong with it, says how to fix it.
#[derive(Debug, Parser)]
#[command(
    name = "seaworthy",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done and the gate passes; 1 the gate failed; 2 wrong usage or configuration;\n3 the target could not be read or assessed; 4 an operation failed (network, disk)."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Configuration file [default: seaworthy.toml, where there is one]
    #[arg(long, global = true, value_name = "FILE", env = "SEAWORTHY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Nothing but results and errors
    #[arg(long, short, global = true, env = "SEAWORTHY_QUIET")]
    pub(crate) quiet: bool,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        env = "SEAWORTHY_COLOR"
    )]
    pub(crate) color: ColorChoice,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find what is wrong with images, file systems, sources and bills of materials
    Scan(ScanArgs),
    /// Write the bill of materials of a target
    Sbom(SbomArgs),
    /// Tell why a vulnerability is, or is not, reported for a target
    Explain(ExplainArgs),
    /// Merge the reports of several scanners, and say why they disagree
    Merge(MergeArgs),
    /// Check images against a policy
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Write what a report, waivers and VEX documents say as OpenVEX
    Vex(VexArgs),
    /// Lint Dockerfiles
    #[command(subcommand)]
    Dockerfile(DockerfileCommand),
    /// Compare two images, reports or bills of materials: new, fixed, remaining
    Diff(DiffArgs),
    /// Say whether a hardened image is better than what it replaces
    Assess(AssessArgs),
    /// Figures for dashboards and alerts
    Metrics(MetricsArgs),
    /// How an image did over time, from the history that `scan --history` keeps
    Trend(TrendArgs),
    /// Write files for other systems: alert rules, dashboards
    #[command(subcommand)]
    Generate(GenerateCommand),
    /// Say which controls of a framework the checks speak for and against
    Compliance(ComplianceArgs),
    /// Fetch, build, publish and look into the advisory database
    #[command(subcommand)]
    Db(DbCommand),
    /// Describe the rules of `scan --scanners config` and `dockerfile lint`
    Rules(RulesArgs),
    /// Compare versions as package managers do
    #[command(subcommand)]
    Versions(VersionsCommand),
    /// Stand in for GitLab's analysers
    #[command(subcommand)]
    Gitlab(GitlabCommand),
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  seaworthy completions bash > /etc/bash_completion.d/seaworthy"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a directory
    #[command(after_help = "Example:\n  seaworthy man /usr/local/share/man/man1")]
    Man {
        /// The directory
        directory: PathBuf,
    },
}

const TARGETS: &str = "Targets: registry:REF (a bare reference too), docker:REF, podman:REF, docker-archive:FILE,\noci-archive:FILE, oci-dir:DIR[:TAG], rootfs:DIR, dir:DIR, sbom:FILE; a bare path is recognised.";

#[derive(Debug, Args)]
#[command(
    after_help = TARGETS,
    before_help = "Examples:\n  seaworthy scan registry.example.com/shop/web:1.8\n  seaworthy scan docker-archive:web.tar --fail-on high -o table -o gitlab=gl-container-scanning-report.json\n  seaworthy scan rootfs:/ --severity high\n  seaworthy scan registry.example.com/shop/web:1.8 --with trivy,grype -o table -o scanner-summaries=.",
    mut_arg("output", |arg| arg.env("SEAWORTHY_OUTPUT").help(
        "Write a format to standard output or a file; repeatable. With several targets, {target} in the file name stands for the target. Formats: table, json, gitlab, gitlab-secrets, gitlab-sast, gitlab-dependencies, cyclonedx, spdx, sarif, junit, codequality, html, trivy, csv, markdown, matrix, scanner-summary, notice (a file each), template=TEMPLATE[=FILE], and directories of files: gitlab-sboms=DIR, scanner-summaries=DIR, scanner-reports=DIR"
    )),
    mut_arg("project", |arg| arg.help("Name of the project, in the history [default: CI_PROJECT_PATH]"))
)]
pub(crate) struct ScanArgs {
    /// What to scan
    #[arg(required = true, value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs<OutputSpec>,
    #[command(flatten)]
    pub(crate) rows: RowsArgs,
    /// Keep the figures of the scan in this file, for `trend` (SQLite)
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_HISTORY")]
    pub(crate) history: Option<PathBuf>,
    /// With --history: forget scans that are older, but keep the latest ten of each repository
    /// [default: keep all]
    #[arg(
        long,
        value_name = "DAYS",
        value_parser = clap::value_parser!(u32).range(1..=36_500),
        env = "SEAWORTHY_HISTORY_DAYS"
    )]
    pub(crate) history_days: Option<u32>,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// Check a policy instead of a severity: exit 1 when one of its rules is broken
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "fail_on",
        env = "SEAWORTHY_POLICY",
        help_heading = "Policy"
    )]
    pub(crate) policy: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) around: AroundArgs,
    #[command(flatten)]
    pub(crate) scanner: ScannerArgs,
    #[command(flatten)]
    pub(crate) others: WithArgs,
    #[command(flatten)]
    pub(crate) gate: GateArgs,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

#[derive(Debug, Args)]
#[command(
    after_help = TARGETS,
    before_help = "Examples:\n  seaworthy sbom registry.example.com/shop/web:1.8\n  seaworthy sbom oci-dir:image -o cyclonedx=web.cdx.json\n  seaworthy sbom rootfs:/ --packages os\n  seaworthy sbom dir:. -o gitlab-sboms=.",
    mut_arg("output", |arg| arg.env("SEAWORTHY_OUTPUT").default_value("cyclonedx").help(
        "Format, with a file or for standard output: cyclonedx, spdx, json, csv; or gitlab-sboms=DIR, a document per lockfile as GitLab's dependency scanning has them"
    ))
)]
pub(crate) struct SbomArgs {
    /// What to list
    #[arg(value_name = "TARGET")]
    pub(crate) target: String,
    #[command(flatten)]
    pub(crate) output: OutputArgs<OutputSpec>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

#[derive(Debug, Args)]
#[command(
    after_help = TARGETS,
    before_help = "Examples:\n  seaworthy explain CVE-2022-37434 registry.example.com/shop/web:1.8\n  seaworthy explain GHSA-p6mc-m468-83gw docker-archive:web.tar\n  seaworthy explain CVE-2024-3094 rootfs:/"
)]
pub(crate) struct ExplainArgs {
    /// The vulnerability: CVE, GHSA, DSA or any other id
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Where
    #[arg(value_name = "TARGET")]
    pub(crate) target: String,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VersionsCommand {
    /// Print <, = or > for two versions, or check a list of such lines
    #[command(
        after_help = "Schemes: deb apk rpm alpm semver pep440 maven gem go nuget composer\n\nExamples:\n  seaworthy versions compare deb 1.0~rc1 1.0\n  seaworthy versions compare rpm 1:1.0-1 2.0-1\n  echo '1.0a1 < 1.0' | seaworthy versions compare pep440 -"
    )]
    Compare {
        /// Version scheme
        scheme: String,
        /// First version, or - to read lines `A OP B` and print those that disagree (exit 1)
        #[arg(allow_hyphen_values = true)]
        a: String,
        /// Second version
        #[arg(allow_hyphen_values = true)]
        b: Option<String>,
    },
}

/// The whole command, before the configuration file changes its defaults.
pub(crate) fn command() -> clap::Command {
    as_pipelines_set_it(Cli::command())
}

/// Variables as pipelines set them: an empty one says nothing, and switches take `1` and `yes` too.
fn as_pipelines_set_it(command: clap::Command) -> clap::Command {
    let is_empty = |name: &std::ffi::OsStr| std::env::var_os(name).is_some_and(|v| v.is_empty());
    command
        .mut_args(|argument| {
            let argument = if matches!(argument.get_action(), ArgAction::SetTrue) {
                argument.value_parser(BoolishValueParser::new())
            } else {
                argument
            };
            if argument.get_env().is_some_and(is_empty) {
                argument.env(None)
            } else {
                argument
            }
        })
        .mut_subcommands(as_pipelines_set_it)
}

pub(crate) fn parse(command: clap::Command, arguments: Vec<OsString>) -> Result<Cli, clap::Error> {
    let mut command = command;
    let matches = command.try_get_matches_from_mut(arguments)?;
    Cli::from_arg_matches(&matches).map_err(|e| e.format(&mut command))
}

/// `gtcs …`, the name of GitLab's analyser, is `seaworthy gitlab …`.
pub(crate) fn as_invoked(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let is_gtcs = arguments
        .first()
        .map(Path::new)
        .and_then(Path::file_stem)
        .is_some_and(|name| name == "gtcs");
    if is_gtcs {
        arguments.splice(..1, [OsString::from("seaworthy"), OsString::from("gitlab")]);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_consistent() {
        command().debug_assert();
    }

    /// Every command with the words that lead to it.
    fn commands(command: &clap::Command, words: &str, all: &mut Vec<(String, clap::Command)>) {
        let words = format!("{words} {}", command.get_name());
        all.push((words.trim().to_owned(), command.clone()));
        for sub in command.get_subcommands() {
            commands(sub, &words, all);
        }
    }

    fn every_command() -> Vec<(String, clap::Command)> {
        let mut all = Vec::new();
        commands(&command(), "", &mut all);
        all
    }

    #[test]
    fn the_examples_of_every_help_are_commands() {
        let mut seen = 0;
        for (words, command) in every_command() {
            let texts = [command.get_before_help(), command.get_after_help()];
            let lines = texts.into_iter().flatten().map(ToString::to_string);
            let examples: Vec<String> = lines
                .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
                .filter(|line| line.starts_with("  seaworthy "))
                .collect();
            assert!(
                command.has_subcommands() || !examples.is_empty(),
                "{words} has no example"
            );
            for example in examples {
                seen += 1;
                let typed = example.split(" > ").next().unwrap();
                let arguments = typed.split_whitespace().map(OsString::from).collect();
                let parsed = parse(super::command(), arguments);
                assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
            }
        }
        assert!(seen > 60, "{seen}");
    }

    /// Options that say where one run writes or reads something beside what it is about, and such
    /// as nobody sets for all runs.
    const OF_ONE_RUN: [&str; 4] = ["out", "tests", "cases", "password-stdin"];

    #[test]
    fn options_have_a_variable() {
        let wanted = [
            "scan",
            "policy",
            "vex",
            "diff",
            "assess",
            "metrics",
            "trend",
            "generate",
            "compliance",
        ];
        let mut lacking = Vec::new();
        for (words, command) in every_command() {
            if !words
                .split(' ')
                .nth(1)
                .is_some_and(|word| wanted.contains(&word))
            {
                continue;
            }
            for option in command.get_arguments() {
                let Some(name) = option.get_long() else {
                    continue;
                };
                let named = option
                    .get_env()
                    .is_some_and(|name| name.to_string_lossy().starts_with("SEAWORTHY_"));
                if !named && !OF_ONE_RUN.contains(&name) {
                    lacking.push(format!("{words} --{name}"));
                }
            }
        }
        assert!(lacking.is_empty(), "{lacking:#?}");
    }

    #[test]
    fn the_analysers_name_is_the_gitlab_command() {
        let arguments = ["/usr/local/bin/gtcs", "scan", "x"].map(OsString::from);
        assert_eq!(
            as_invoked(arguments.to_vec()),
            ["seaworthy", "gitlab", "scan", "x"].map(OsString::from)
        );
    }
}
