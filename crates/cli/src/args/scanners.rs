//! What is looked for, and by which rules.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use seaworthy_scan::ExternalScanner;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scanner {
    /// Packages with known vulnerabilities
    Vuln,
    /// Credentials in files, image configuration and history
    Secret,
    /// Unsafe configuration: the image's own, Dockerfiles, manifests, pipelines
    Config,
    /// Licences of packages and texts
    License,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Scanners")]
pub(crate) struct ScannerArgs {
    /// What to look for
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_values_t = [Scanner::Vuln, Scanner::Secret, Scanner::Config],
        env = "SEAWORTHY_SCANNERS",
    )]
    pub(crate) scanners: Vec<Scanner>,
    /// Own rules for secrets, and what is allowed (YAML; docs/secrets.md)
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_SECRET_RULES")]
    pub(crate) secret_rules: Option<PathBuf>,
    /// Own rules for configurations: CEL (YAML) or Rego; repeatable (docs/misconfiguration.md)
    #[arg(
        long,
        value_name = "FILE",
        value_delimiter = ',',
        env = "SEAWORTHY_CONFIG_RULES"
    )]
    pub(crate) config_rules: Vec<PathBuf>,
    /// Switch off a rule for configurations by its id; repeatable
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        env = "SEAWORTHY_DISABLE_RULE"
    )]
    pub(crate) disable_rule: Vec<String>,
    /// Which licences may be used: `allow`, `deny`, `severities` by class or id (YAML;
    /// docs/licenses.md)
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_LICENSE_POLICY")]
    pub(crate) license_policy: Option<PathBuf>,
    /// Where the pages of docs/rules lie on the web, for links in reports; without it there are none
    #[arg(long, value_name = "URL", env = "SEAWORTHY_RULES_URL")]
    pub(crate) rules_url: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    before_help = "Examples:\n  seaworthy rules\n  seaworthy rules SW-K8S-0005\n  seaworthy rules AVD-KSV-0017 DL3007"
)]
pub(crate) struct RulesArgs {
    /// Ids, our own or the same rule's elsewhere [default: a line for each rule]
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which other scanners are run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Scanners")]
pub(crate) struct WithArgs {
    /// Run these scanners beside our own, as far as they are installed, and merge what they find:
    /// trivy, grype, clairctl, snyk (docs/merge.md)
    #[arg(
        long,
        value_name = "SCANNER",
        value_delimiter = ',',
        env = "SEAWORTHY_WITH"
    )]
    pub(crate) with: Vec<ExternalScanner>,
    /// How long each of them may take: 90s, 5m, 1h
    #[arg(
        long,
        value_name = "TIME",
        default_value = "5m",
        value_parser = time_limit,
        env = "SEAWORTHY_WITH_TIMEOUT",
    )]
    pub(crate) with_timeout: Duration,
}

/// `90s`, `5m`, `1h30m`.
fn time_limit(text: &str) -> Result<Duration, String> {
    crate::time::duration(text)
        .filter(|limit| *limit <= Duration::from_secs(24 * 3600))
        .ok_or_else(|| format!("`{text}` is not a time such as 90s, 5m or 1h, at most 24h"))
}
