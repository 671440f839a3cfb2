//! Options of the commands on policies.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{InputArgs, OutputArgs, ProjectArgs, StandingArgs};
use crate::commands::policy::PolicySpec;

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Write a commented policy and its tests to begin with
    #[command(after_help = "Example:\n  seaworthy policy init")]
    Init {
        /// Where the policy goes; its tests go beside it
        #[arg(
            long,
            value_name = "FILE",
            default_value = "container-security-policy.yaml"
        )]
        out: PathBuf,
    },
    /// Check images or the reports of earlier scans; exit 1 when a rule is broken
    Check(CheckArgs),
    /// Run the cases beside a policy; exit 1 when one does not say what it should
    #[command(
        after_help = "Examples:\n  seaworthy policy test\n  seaworthy policy test policies/web.yaml --cases policies/web.test.yaml"
    )]
    Test {
        /// The policy
        #[arg(default_value = "container-security-policy.yaml")]
        policy: PathBuf,
        /// The cases [default: the policy's name with `.test.yaml`]
        #[arg(long, value_name = "FILE")]
        cases: Option<PathBuf>,
    },
    /// Tell which rules a finding breaks, and how to waive it
    Explain(ExplainRuleArgs),
}

/// The policy and what excuses findings.
#[derive(Debug, Args)]
pub(crate) struct RuleArgs {
    /// The policy
    #[arg(
        long,
        value_name = "FILE",
        default_value = "container-security-policy.yaml",
        env = "SEAWORTHY_POLICY"
    )]
    pub(crate) policy: PathBuf,
    /// The file that `scan --history` keeps: since when findings are known
    #[arg(
        long,
        value_name = "FILE",
        env = "SEAWORTHY_HISTORY",
        help_heading = "Policy"
    )]
    pub(crate) history: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) around: AroundArgs,
}

/// What excuses findings.
#[derive(Debug, Args)]
#[command(next_help_heading = "Policy")]
pub(crate) struct ExcuseArgs {
    /// Waivers: ours, .trivyignore, .grype.yaml, .snyk, vulnerability-allowlist.yml; repeatable
    #[arg(
        long,
        value_name = "FILE",
        value_delimiter = ',',
        env = "SEAWORTHY_WAIVERS"
    )]
    pub(crate) waivers: Vec<PathBuf>,
    /// VEX documents: OpenVEX, CSAF, CycloneDX; a file, or oci://REF for those attached to an image;
    /// repeatable
    #[arg(
        long,
        value_name = "FILE",
        value_delimiter = ',',
        env = "SEAWORTHY_VEX"
    )]
    pub(crate) vex: Vec<String>,
    /// VEX documents that are attached to the image in its registry
    #[arg(long, env = "SEAWORTHY_VEX_FROM_REGISTRY")]
    pub(crate) vex_from_registry: bool,
    /// Public keys that are trusted: signatures and attestations are checked, and of VEX documents
    /// in registries only signed ones count; repeatable
    #[arg(
        long,
        value_name = "FILE",
        value_delimiter = ',',
        env = "SEAWORTHY_TRUSTED_KEYS"
    )]
    pub(crate) trusted_key: Vec<PathBuf>,
}

/// What a policy is told beside the report.
#[derive(Debug, Args)]
#[command(next_help_heading = "Policy")]
pub(crate) struct AroundArgs {
    /// Environment of the policy, such as production
    #[arg(long, value_name = "NAME", env = "SEAWORTHY_ENVIRONMENT")]
    pub(crate) environment: Option<String>,
    #[command(flatten)]
    pub(crate) excuses: ExcuseArgs,
    /// A report (JSON), or an image such as the base branch's: what it has already
    /// breaks nothing
    #[arg(long, value_name = "REPORT", env = "SEAWORTHY_BASELINE")]
    pub(crate) baseline: Option<String>,
    /// Dockerfiles that the image is built from; repeatable
    #[arg(
        long,
        value_name = "FILE",
        value_delimiter = ',',
        env = "SEAWORTHY_DOCKERFILES"
    )]
    pub(crate) dockerfile: Vec<PathBuf>,
    /// Kubernetes and Compose files that run the image; repeatable
    #[arg(
        long,
        value_name = "FILE",
        value_delimiter = ',',
        env = "SEAWORTHY_MANIFESTS"
    )]
    pub(crate) manifest: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    before_help = "Examples:\n  seaworthy policy check registry.example.com/shop/web:1.8\n  seaworthy policy check web.json --policy policies/web.yaml --environment production\n  seaworthy policy check web.json --dockerfile Dockerfile --manifest k8s.yaml -o policy-report=container-policy-report.json",
    after_help = "Each argument is a report, or a target to scan. Reports are those of an earlier scan (-o json=FILE) and the\nJSON of Trivy, Grype, GitLab, Clair, Snyk, osv-scanner and others; - is one on standard input.",
    mut_arg("output", |arg| arg.env("SEAWORTHY_POLICY_OUTPUT").help(
        "Format: table, json, policy-report, security-summary; with a file or for standard output; repeatable. With several reports, {target} in the file name stands for the target"
    ))
)]
pub(crate) struct CheckArgs {
    /// Reports or targets
    #[arg(required = true, value_name = "REPORT")]
    pub(crate) reports: Vec<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs<PolicySpec>,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

#[derive(Debug, Args)]
#[command(
    before_help = "Examples:\n  seaworthy vex web.json --waivers .trivyignore --author team-shop > web.openvex.json\n  seaworthy vex registry.example.com/shop/web:1.8 --policy container-security-policy.yaml",
    after_help = "The argument is a report, or a target to scan. Reports are those of an earlier scan (-o json=FILE) and the\nJSON of Trivy, Grype, GitLab, Clair, Snyk, osv-scanner and others; - is one on standard input."
)]
pub(crate) struct VexArgs {
    /// Report or target
    pub(crate) report: String,
    /// Who says so: a name or an address
    #[arg(
        long,
        value_name = "NAME",
        env = "SEAWORTHY_VEX_AUTHOR",
        default_value = "unknown"
    )]
    pub(crate) author: String,
    /// File [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) standing: StandingArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

#[derive(Debug, Args)]
#[command(before_help = "Example:\n  seaworthy policy explain CVE-2023-4863 web.json")]
pub(crate) struct ExplainRuleArgs {
    /// The vulnerability
    pub(crate) id: String,
    /// Report or target
    pub(crate) report: String,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}
