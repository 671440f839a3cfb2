mod db;
mod dockerfile;
mod generate;
mod monitor;
mod policy;
mod scanners;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use seaworthy_model::{Severity, State};

use crate::output::OutputSpec;
use crate::terminal::ColorChoice;

pub(crate) use db::{
    DatabaseArgs, DbCommand, DirectoryArgs, PublishArgs, Shown, UpdateArgs, VerifyArgs,
};
pub(crate) use dockerfile::{DockerfileCommand, LintArgs};
pub(crate) use generate::{GenerateCommand, MergeArgs, MergeOutput};
pub(crate) use monitor::{
    AssessArgs, ComplianceArgs, DiffArgs, MetricsArgs, StandingArgs, TrendArgs,
};
pub(crate) use policy::{
    AroundArgs, CheckArgs, ExcuseArgs, ExplainRuleArgs, PolicyCommand, VexArgs,
};
pub(crate) use scanners::{RulesArgs, Scanner, ScannerArgs, WithArgs};

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

/// How a target is reached and read.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    /// Platform to take from a multi-platform image [default: linux and this machine's architecture]
    #[arg(
        long,
        value_name = "OS/ARCH",
        env = "SEAWORTHY_PLATFORM",
        help_heading = "Source"
    )]
    pub(crate) platform: Option<String>,
    /// User at the registry
    #[arg(
        long,
        value_name = "USER",
        env = "SEAWORTHY_REGISTRY_USER",
        help_heading = "Source"
    )]
    pub(crate) username: Option<String>,
    /// Read the password from standard input (or set SEAWORTHY_REGISTRY_PASSWORD)
    #[arg(long, requires = "username", help_heading = "Source")]
    pub(crate) password_stdin: bool,
    /// Certificate authorities to trust besides the system's, PEM
    #[arg(
        long,
        value_name = "FILE",
        value_delimiter = ',',
        env = "SEAWORTHY_CA_CERT",
        help_heading = "Source"
    )]
    pub(crate) ca_cert: Vec<PathBuf>,
    /// Do not verify TLS certificates
    #[arg(long, env = "SEAWORTHY_INSECURE", help_heading = "Source")]
    pub(crate) insecure: bool,
    /// Speak HTTP without TLS
    #[arg(long, env = "SEAWORTHY_PLAIN_HTTP", help_heading = "Source")]
    pub(crate) plain_http: bool,
    /// Ask a mirror first, without the registry's credentials
    #[arg(
        long,
        value_name = "HOST=MIRROR",
        value_delimiter = ',',
        env = "SEAWORTHY_MIRROR",
        help_heading = "Source"
    )]
    pub(crate) mirror: Vec<String>,
    /// Read every byte of local archives too, and compare all digests
    #[arg(long, env = "SEAWORTHY_VERIFY", help_heading = "Source")]
    pub(crate) verify: bool,
    /// Most memory for file contents, over all layers together (a file that needs more is listed
    /// as skipped); the program itself takes about 30 MB more
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "256M",
        value_parser = parse_size,
        env = "SEAWORTHY_MAX_MEMORY",
        help_heading = "Source"
    )]
    pub(crate) max_memory: u64,
    /// Layers that are read at the same time [default: the number of processors]
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=64),
        env = "SEAWORTHY_THREADS",
        help_heading = "Source"
    )]
    pub(crate) threads: Option<u16>,
    /// Which packages to collect
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_values_t = [PackageKind::Os, PackageKind::Language],
        env = "SEAWORTHY_PACKAGES",
        help_heading = "Source"
    )]
    pub(crate) packages: Vec<PackageKind>,
    /// Report language packages even when a package of the operating system owns their files
    #[arg(long, env = "SEAWORTHY_KEEP_OS_OWNED", help_heading = "Source")]
    pub(crate) keep_os_owned: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PackageKind {
    /// Packages of the operating system
    Os,
    /// Packages of languages, and binaries that name theirs
    Language,
}

/// How commands on reports get one of a target: what is looked for, where, and by which advisories.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    #[command(flatten)]
    pub(crate) scanner: ScannerArgs,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

/// What is shown and what fails.
#[derive(Debug, Args)]
pub(crate) struct GateArgs {
    /// Exit 1 when a finding has this severity or worse
    #[arg(
        long,
        value_name = "LEVEL",
        env = "SEAWORTHY_FAIL_ON",
        help_heading = "Gate"
    )]
    pub(crate) fail_on: Option<Severity>,
    /// Show this severity and worse only; the gate still sees all
    #[arg(
        long,
        value_name = "LEVEL",
        env = "SEAWORTHY_SEVERITY",
        help_heading = "Gate"
    )]
    pub(crate) severity: Option<Severity>,
    /// Leave out what has no fix yet, for display and gate
    #[arg(long, env = "SEAWORTHY_IGNORE_UNFIXED", help_heading = "Gate")]
    pub(crate) ignore_unfixed: bool,
    /// Leave out these states, for display and gate: will_not_fix, end_of_life …
    #[arg(
        long,
        value_name = "STATUS",
        value_delimiter = ',',
        env = "SEAWORTHY_IGNORE_STATUS",
        help_heading = "Gate"
    )]
    pub(crate) ignore_status: Vec<State>,
    /// Accept an unknown distribution or an unreadable package database (else exit 3)
    #[arg(long, env = "SEAWORTHY_ALLOW_UNKNOWN", help_heading = "Gate")]
    pub(crate) allow_unknown: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = TARGETS,
    before_help = "Examples:\n  seaworthy scan registry.example.com/shop/web:1.8\n  seaworthy scan docker-archive:web.tar --fail-on high -o table -o gitlab=gl-container-scanning-report.json\n  seaworthy scan rootfs:/ --severity high\n  seaworthy scan registry.example.com/shop/web:1.8 --with trivy,grype -o table -o scanner-summaries=."
)]
pub(crate) struct ScanArgs {
    /// What to scan
    #[arg(required = true, value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    /// Write a format to standard output or a file; repeatable. With several targets, {target} in
    /// the file name stands for the target. Formats: table, json, gitlab, gitlab-secrets,
    /// gitlab-sast, gitlab-dependencies, cyclonedx, spdx, sarif, junit, codequality, html, trivy,
    /// csv, markdown, matrix, scanner-summary, notice (a file each), template=TEMPLATE[=FILE], and
    /// directories of files: gitlab-sboms=DIR, scanner-summaries=DIR, scanner-reports=DIR
    #[arg(
        long,
        short,
        value_name = "FORMAT[=FILE]",
        value_delimiter = ',',
        default_value = "table",
        env = "SEAWORTHY_OUTPUT"
    )]
    pub(crate) output: Vec<OutputSpec>,
    /// Every row in the table, however long
    #[arg(long, env = "SEAWORTHY_ALL")]
    pub(crate) all: bool,
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
    /// Keep the figures of the scan in this file, for `trend` (SQLite)
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_HISTORY")]
    pub(crate) history: Option<PathBuf>,
    /// Name of the project, in the history
    #[arg(long, value_name = "NAME", env = "CI_PROJECT_PATH", default_value = "")]
    pub(crate) project: String,
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
    before_help = "Examples:\n  seaworthy sbom registry.example.com/shop/web:1.8\n  seaworthy sbom oci-dir:image -o cyclonedx=web.cdx.json\n  seaworthy sbom rootfs:/ --packages os\n  seaworthy sbom dir:. -o gitlab-sboms=."
)]
pub(crate) struct SbomArgs {
    /// What to list
    #[arg(value_name = "TARGET")]
    pub(crate) target: String,
    /// Format, with a file or for standard output: cyclonedx, spdx, json, csv; or gitlab-sboms=DIR,
    /// a document per lockfile as GitLab's dependency scanning has them
    #[arg(
        long,
        short,
        value_name = "FORMAT[=FILE]",
        value_delimiter = ',',
        default_value = "cyclonedx",
        env = "SEAWORTHY_OUTPUT"
    )]
    pub(crate) output: Vec<OutputSpec>,
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
        after_help = "Schemes: deb apk rpm semver pep440 maven gem go nuget composer\n\nExamples:\n  seaworthy versions compare deb 1.0~rc1 1.0\n  seaworthy versions compare rpm 1:1.0-1 2.0-1\n  echo '1.0a1 < 1.0' | seaworthy versions compare pep440 -"
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

#[derive(Debug, Subcommand)]
pub(crate) enum GitlabCommand {
    /// Scan the image that the CS_* variables name and write GitLab's reports
    #[command(
        after_help = "Reads CS_IMAGE, CS_REGISTRY_USER, CS_REGISTRY_PASSWORD, CS_SEVERITY_THRESHOLD, CS_IGNORE_UNFIXED and the\nother variables of GitLab's analyser, vulnerability-allowlist.yml and .gitlab-multi-image.yml.\nExits 0 however many findings there are, unless SEAWORTHY_FAIL_ON or --fail-on says otherwise.\n\nExamples:\n  CS_IMAGE=registry.example.com/shop/web:1.8 seaworthy gitlab scan\n  gtcs scan archive://web.tar\n  seaworthy gitlab scan --fail-on critical"
    )]
    Scan(GitlabScanArgs),
    /// Read a project's lockfiles and write what GitLab's dependency scanning writes
    #[command(
        after_help = "Writes gl-sbom-TYPE-MANAGER.cdx.json beside each lockfile of $CI_PROJECT_DIR, and\ngl-dependency-scanning-report.json. Exits 0 however many findings there are, unless SEAWORTHY_FAIL_ON\nor --fail-on says otherwise.\n\nExamples:\n  seaworthy gitlab dependencies\n  seaworthy gitlab dependencies services/api --fail-on critical"
    )]
    Dependencies(GitlabDependenciesArgs),
}

#[derive(Debug, Args)]
pub(crate) struct GitlabDependenciesArgs {
    /// The project [default: CI_PROJECT_DIR, else the working directory]
    pub(crate) directory: Option<PathBuf>,
    /// Exit 1 when a finding has this severity or worse
    #[arg(long, value_name = "LEVEL", env = "SEAWORTHY_FAIL_ON")]
    pub(crate) fail_on: Option<Severity>,
    /// Id of the scanner in the report; `gemnasium` keeps the findings of a former analyser
    #[arg(
        long,
        value_name = "ID",
        default_value = "seaworthy",
        env = "SEAWORTHY_GITLAB_SCANNER_ID"
    )]
    pub(crate) gitlab_scanner_id: String,
    /// Version of the report schema, 15.x.y
    #[arg(
        long,
        value_name = "VERSION",
        default_value = "15.0.7",
        env = "SEAWORTHY_GITLAB_SCHEMA_VERSION"
    )]
    pub(crate) gitlab_schema_version: String,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

#[derive(Debug, Args)]
pub(crate) struct GitlabScanArgs {
    /// The image, instead of CS_IMAGE; archive://FILE for a saved one
    pub(crate) image: Option<String>,
    /// Exit 1 when a finding has this severity or worse
    #[arg(long, value_name = "LEVEL", env = "SEAWORTHY_FAIL_ON")]
    pub(crate) fail_on: Option<Severity>,
    /// Id of the scanner in the report; `trivy` keeps the findings of a former analyser
    #[arg(
        long,
        value_name = "ID",
        default_value = "seaworthy",
        env = "SEAWORTHY_GITLAB_SCANNER_ID"
    )]
    pub(crate) gitlab_scanner_id: String,
    /// Version of the report schema, 15.x.y
    #[arg(
        long,
        value_name = "VERSION",
        default_value = "15.0.7",
        env = "SEAWORTHY_GITLAB_SCHEMA_VERSION"
    )]
    pub(crate) gitlab_schema_version: String,
    /// Accept an unknown distribution or an unreadable package database (else exit 3)
    #[arg(long, env = "SEAWORTHY_ALLOW_UNKNOWN")]
    pub(crate) allow_unknown: bool,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// `64M`, `2G`, `500K`, or bytes.
fn parse_size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let (digits, unit) = text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err(format!("`{text}` is not a size such as 64M or 2G")),
    };
    digits
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(factor))
        .filter(|&n| n > 0)
        .ok_or_else(|| format!("`{text}` is not a size such as 64M or 2G"))
}

/// The whole command, before the configuration file changes its defaults.
pub(crate) fn command() -> clap::Command {
    Cli::command()
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

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [("1", 1), ("64M", 64 << 20), ("2 GiB", 2 << 30)] {
            assert_eq!(parse_size(text), Ok(bytes));
        }
        for text in ["", "M", "0", "1X", "99999999999G"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
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
