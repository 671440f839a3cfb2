//! Configurations that are unsafe or against the rules: Dockerfiles, Kubernetes manifests, Compose
//! files, GitLab CI files, Terraform, CloudFormation, and the configuration of images.
//!
//! Every rule stands in one [catalogue](catalogue) with its reason, its remedy and two examples,
//! from which the pages under `docs/rules/` are written and which the tests run.

mod ignore;
mod rule;

pub mod dockerfile;

pub use ignore::Ignores;
pub use rule::{Kind, Rule, catalogue, catalogue_markdown, find};

/// The rules of each kind; a new kind of file adds its table here.
fn rule_tables() -> [&'static [&'static Rule]; 1] {
    [dockerfile::RULES]
}
