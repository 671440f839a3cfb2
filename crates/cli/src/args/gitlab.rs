//! Options of what stands in for GitLab's analysers.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{DatabaseArgs, FailOnArgs};

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

/// What GitLab gets, and what fails its job.
#[derive(Debug, Args)]
pub(crate) struct GitlabReportArgs {
    #[command(flatten)]
    pub(crate) fail: FailOnArgs,
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
}

#[derive(Debug, Args)]
#[command(mut_arg("gitlab_scanner_id", |arg| arg.help(
    "Id of the scanner in the report; `gemnasium` keeps the findings of a former analyser"
)))]
pub(crate) struct GitlabDependenciesArgs {
    /// The project [default: CI_PROJECT_DIR, else the working directory]
    pub(crate) directory: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) report: GitlabReportArgs,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

#[derive(Debug, Args)]
pub(crate) struct GitlabScanArgs {
    /// The image, instead of CS_IMAGE; archive://FILE for a saved one
    pub(crate) image: Option<String>,
    #[command(flatten)]
    pub(crate) report: GitlabReportArgs,
    /// Accept an unknown distribution or an unreadable package database (else exit 3)
    #[arg(long, env = "SEAWORTHY_ALLOW_UNKNOWN")]
    pub(crate) allow_unknown: bool,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}
