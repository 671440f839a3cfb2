//! What is looked for, and by which rules.

use std::path::PathBuf;

use clap::Args;

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
pub(crate) struct ScannerArgs {
    /// What to look for
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_values_t = [Scanner::Vuln, Scanner::Secret, Scanner::Config],
        env = "SEAWORTHY_SCANNERS",
        help_heading = "Scanners"
    )]
    pub(crate) scanners: Vec<Scanner>,
    /// Own rules for secrets, and what is allowed (YAML; docs/secrets.md)
    #[arg(
        long,
        value_name = "FILE",
        env = "SEAWORTHY_SECRET_RULES",
        help_heading = "Scanners"
    )]
    pub(crate) secret_rules: Option<PathBuf>,
    /// Own rules for configurations: CEL (YAML) or Rego; repeatable (docs/misconfiguration.md)
    #[arg(
        long,
        value_name = "FILE",
        value_delimiter = ',',
        env = "SEAWORTHY_CONFIG_RULES",
        help_heading = "Scanners"
    )]
    pub(crate) config_rules: Vec<PathBuf>,
    /// Switch off a rule for configurations by its id; repeatable
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        env = "SEAWORTHY_DISABLE_RULE",
        help_heading = "Scanners"
    )]
    pub(crate) disable_rule: Vec<String>,
    /// Which licences may be used: `allow`, `deny`, `severities` by class or id (YAML;
    /// docs/licenses.md)
    #[arg(
        long,
        value_name = "FILE",
        env = "SEAWORTHY_LICENSE_POLICY",
        help_heading = "Scanners"
    )]
    pub(crate) license_policy: Option<PathBuf>,
}
